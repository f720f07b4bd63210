"""Inspect a network: counts, extremes, convexity
=================================================

Everything that ``tropical inspect`` prints and more, on a small network of two hidden layers, exact over Q.
"""

import random
from itertools import pairwise

import tropical as tp


def network(widths: tuple[int, ...] = (2, 6, 6, 1), seed: int = 3) -> tp.ReLUNetwork:
    """Random integer weights and biases."""
    rng = random.Random(seed)
    weights = [[[rng.randint(-8, 8) for _ in range(n)] for _ in range(m)] for n, m in pairwise(widths)]
    return tp.ReLUNetwork.from_arrays(weights, [[rng.randint(-8, 8) for _ in range(m)] for m in widths[1:]])


def run() -> dict[str, object]:
    """What there is to know about it on the square [-2, 2]^2."""
    net, box = network(), tp.Box([-2, -2], [2, 2])
    cx = tp.polyhedral_complex(net, box)
    top = tp.maximum(net, box)
    return {
        "activation regions": cx.num_cells,
        "linear regions": len(tp.linear_regions(cx)),
        "affine pieces": len(tp.affine_pieces(cx)),
        "vertices, edges, cells": cx.f_vector,
        "their areas add up": sum(cell.volume for cell in cx.cells) == 16,
        "largest value": f"{top.value} at ({', '.join(map(str, top.point))})",
        "certified": tp.check_certificate(top.certificate, net),
        "square of the Lipschitz constant": tp.lipschitz_constant(net, domain=box).squared,
        "convex": tp.is_convex(net, box).status,
    }


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name}: {value}")
