"""Surfaces and solids
===================

The graph of H6, all of whose Hermite coefficients of degree below 6 vanish, as exact polygons; and the cells of the
parity of three variables in space, moved apart. Pale faces are where a cell continues beyond the view.
"""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

import learning as ln
import tropical as tp


def run() -> Figure:
    """The two pictures."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(12.0, 5.4), layout="constrained", subplot_kw={"projection": "3d"}
    )
    h6 = tp.ReLUNetwork.from_arrays(
        [
            [[1, 0], [-1, 0], [0, 1], [0, -1], [4, 3], [-4, -3], [3, 4], [-3, -4], [-3, 4], [3, -4], [-4, 3], [4, -3]],
            [[-14, -14, 14, 14, 5, 5, -5, -5, -5, -5, 5, 5]],
        ]
    )
    tp.plot_surface(h6, ax=left)
    left.set_title("the graph of H6")
    tp.plot_solids(ln.instances.parity(3, 3, seed=0), ax=right, explode=0.5)
    right.set_title("cells of the parity of three variables")
    return figure


if __name__ == "__main__":
    run()
    plt.show()
