"""Linear regions: what colours can say
====================================

One network of two hidden layers on the square [-2, 2]^2: its affine pieces, activation patterns, the layer that cut
each region last, the norm of the gradient, its values in bands, and where its units break, layer by layer. All polygons
are exact over Q and rounded only where a coordinate is drawn.
"""

import random
from itertools import pairwise

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

import tropical as tp


def network(widths: tuple[int, ...] = (2, 6, 6, 1), seed: int = 28) -> tp.ReLUNetwork:
    """Small random integer weights and biases."""
    rng = random.Random(seed)
    weights = [[[rng.randint(-8, 8) for _ in range(n)] for _ in range(m)] for n, m in pairwise(widths)]
    return tp.ReLUNetwork.from_arrays(weights, [[rng.randint(-8, 8) for _ in range(m)] for m in widths[1:]])


def run() -> Figure:
    """The six pictures."""
    net, box = network(), tp.Box([-2, -2], [2, 2])
    figure, axes = plt.subplots(2, 3, figsize=(15.0, 8.6), layout="constrained")
    for ax, color in zip(axes.flat, ("piece", "pattern", "layer", "gradient", "value"), strict=False):
        tp.plot_regions(net, box, ax, color=color)
        ax.set_title(f'color="{color}"')
    tp.plot_bent_hyperplanes(net, box, axes[1, 2])
    axes[1, 2].set_title("breaks of the units")
    return figure


if __name__ == "__main__":
    run()
    plt.show()
