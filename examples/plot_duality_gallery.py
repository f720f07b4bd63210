"""Tropical curves, Newton polytopes, zonotopes and graphs
=======================================================

A tropical cubic with its dual subdivision beside it: regions correspond to points, edges to orthogonal edges. Below,
the two zonotopes of a network with one hidden layer, the dual graph of the activation regions of another network, and
the clauses of its lattice form.
"""

import random

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

import tropical as tp

CUBIC = {(0, 0): 0, (1, 0): 2, (0, 1): 2, (2, 0): 3, (1, 1): 4, (0, 2): 3, (3, 0): "1/2", (0, 3): 1, (2, 1): 4}


def run() -> Figure:
    """The five pictures."""
    figure, axes = plt.subplots(2, 3, figsize=(15.0, 9.4), layout="constrained")
    cubic = tp.TropicalPolynomial.from_terms({**CUBIC, (1, 2): "7/2"})
    tp.plot_newton_polytope(cubic, axes[0, 0])
    tp.plot_tropical_curve(cubic, axes[0, 1])
    conic = tp.TropicalPolynomial.from_terms({(2, 0): 0, (0, 2): 0, (0, 0): 1, (1, 1): -1})
    tp.plot_tropical_curve(conic, axes[0, 2])
    shallow = [[1, 0], [0, 1], [1, 1], [1, -1], [2, 1], [1, 3]]
    tp.plot_zonotope(tp.ReLUNetwork.from_arrays([shallow, [[1, 2, 1, -1, -1, -1]]]), axes[1, 0])
    rng = random.Random(5)
    rows = [[rng.randint(-6, 6) for _ in range(2)] for _ in range(6)]
    bias = [rng.randint(-6, 6) for _ in range(6)]
    net = tp.ReLUNetwork.from_arrays([rows, [[3, -2, 1, -3, 2, 1]]], [bias, None])
    tp.plot_dual_graph(net, tp.Box([-3, -3], [3, 3]), axes[1, 1])
    tp.plot_lattice_clauses(tp.to_lattice_polynomial(net), axes[1, 2])
    titles = ("Newton polytope, subdivided", "tropical cubic", "conic with edges of multiplicity 2")
    titles += ("zonotopes of one hidden layer", "dual graph", "clauses")
    for ax, title in zip(axes.flat, titles, strict=True):
        ax.set_title(title, pad=30 if title.startswith("zonotopes") else 6)
    return figure


if __name__ == "__main__":
    run()
    plt.show()
