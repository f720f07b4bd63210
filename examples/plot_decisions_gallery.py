"""Decisions and slices
====================

Left: where one output is positive, exactly, with the regions on which it is affine. Middle: three classes, each where
its output is the largest. Right: a network of 20 inputs on the plane through three rational points, cut over Q: no
grid, no sampling.
"""

import random
from itertools import pairwise

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

import tropical as tp


def network(widths: tuple[int, ...], seed: int) -> tp.ReLUNetwork:
    """Small random integer weights and biases."""
    rng = random.Random(seed)
    weights = [[[rng.randint(-5, 5) for _ in range(n)] for _ in range(m)] for n, m in pairwise(widths)]
    return tp.ReLUNetwork.from_arrays(weights, [[rng.randint(-9, 9) for _ in range(m)] for m in widths[1:]])


def run() -> Figure:
    """The three pictures."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(16.0, 4.8), layout="constrained")
    box = tp.Box([-3, -3], [3, 3])
    tp.plot_decision_boundary(network((2, 8, 5, 1), 8), domain=box, ax=left, cells=True)
    left.set_title("one output")
    tp.plot_decision_boundary(network((2, 8, 6, 3), 8), domain=box, ax=middle)
    middle.set_title("three outputs")
    rng = random.Random(0)
    points = [[rng.randint(-3, 3) for _ in range(20)] for _ in range(3)]
    tp.plot_slice(network((20, 10, 6, 1), 1), points, ax=right)
    right.set_title("a plane in $R^{20}$")
    return figure


if __name__ == "__main__":
    run()
    plt.show()
