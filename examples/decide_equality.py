"""Decide whether two networks are equal
=======================================

A rewritten network is proved to be the same function, and a change of 2^-40 in one weight is refuted. Certificates are
checked by a program that knows nothing of how they were found.
"""

from fractions import Fraction

import tropical as tp


def rewritten() -> tuple[tp.ReLUNetwork, tp.ReLUNetwork]:
    """Units permuted and rescaled, one split in two, a pair that cancels added."""
    f = tp.ReLUNetwork.from_arrays([[[1, 2], [3, -1], [-2, 1]], [[1, -1, 2]]], [[1, 0, -1], [0]])
    first = [[6, -2], ["1/3", "2/3"], [-2, 1], [-2, 1], [5, 7], [5, 7]]
    g = tp.ReLUNetwork.from_arrays([first, [["-1/2", 3, 1, 1, 4, -4]]], [[0, "1/3", -1, -1, 2, 2], [0]])
    return f, g


def perturbed(net: tp.ReLUNetwork) -> tp.ReLUNetwork:
    """The very first weight changed by 2^-40."""
    weights = [[list(row) for row in layer.weight] for layer in net.layers]
    weights[0][0][0] += Fraction(1, 2**40)
    return tp.ReLUNetwork.from_arrays(weights, [layer.bias for layer in net.layers])


def run() -> dict[str, str]:
    """Verdicts, and whether their certificates hold."""
    f, g = rewritten()
    questions = {
        "f = g": (f, g),
        "f = g with a weight changed": (f, perturbed(g)),
        "f = its max-min form": (f, tp.to_lattice_polynomial(f)),
    }
    found = {}
    for name, (left, right) in questions.items():
        verdict = tp.equivalent(left, right)
        valid = tp.check_certificate(verdict.certificate, left, right)
        found[name] = f"{verdict.status}, certificate {'holds' if valid else 'FAILS'}"
    distance = tp.sup_distance(f, perturbed(g), tp.Box([-1, -1], [1, 1])).value
    return found | {"largest difference on the unit square": f"{distance} = {float(distance):.3g}"}


if __name__ == "__main__":
    for name, answer in run().items():
        print(f"{name}: {answer}")
