"""The yardstick networks W1 to W9, how many activation regions they have in [-1, 1]^n, and their degenerate siblings.

A yardstick network has He-normal weights and biases 0.5 N(0, 1), drawn from the generator whose seed is its number.
A sibling has the same shape and a coarser number system, so that hyperplanes coincide, meet in common points or vanish.
Two families of networks in the plane with known numbers of regions serve to see how time grows: lines and folds.
"""

import itertools

import numpy as np

Floats = np.ndarray
Parameters = tuple[list[Floats], list[Floats]]  # weights (n_out, n_in) and biases (n_out,) of every affine layer

ARCHITECTURES = {
    "W1": (2, 16, 16, 1),
    "W2": (2, 32, 32, 32, 1),
    "W3": (2, 64, 64, 64, 1),
    "W4": (3, 16, 16, 1),
    "W5": (4, 16, 16, 1),
    "W6": (6, 12, 12, 1),
    "W7": (2, 256, 1),
    "W8": (3, 32, 32, 1),
    "W9": (5, 16, 16, 16, 1),
}
CELLS = {
    "W1": 308,
    "W2": 2529,
    "W3": 7746,
    "W4": 2661,
    "W5": 8285,
    "W6": 67719,
    "W7": 19660,
    "W8": 12982,
    "W9": 146694,
}
WITH_SIBLINGS = ("W2", "W4", "W5", "W8")
WEIGHTS = ("ternary", "eighths")
BIASES = ("zero", "half-integer")


def network(name: str) -> Parameters:
    """Weights and biases of a yardstick network."""
    rng = np.random.default_rng(int(name[1:]))
    weights, biases = [], []
    for n_in, n_out in itertools.pairwise(ARCHITECTURES[name]):
        weights.append(rng.standard_normal((n_out, n_in)) * np.sqrt(2 / n_in))
        biases.append(rng.normal(0, 0.5, n_out))
    return weights, biases


def sibling(name: str, weight_kind: str, bias_kind: str) -> Parameters:
    """The network ``name`` with weights rounded to {-1, 0, 1}, to eighths or not, and biases zero or rounded to halves.

    A ternary weight is the He-normal weight in units of its standard deviation, rounded and clipped.
    """
    weights, biases = network(name)
    if weight_kind == "ternary":
        weights = [np.clip(np.rint(weight / np.sqrt(2 / weight.shape[1])), -1, 1) for weight in weights]
    elif weight_kind == "eighths":
        weights = [np.rint(8 * weight) / 8 for weight in weights]
    elif weight_kind != "generic":
        raise ValueError(f"weights must be generic or one of {WEIGHTS}, got {weight_kind!r}")
    if bias_kind not in BIASES:
        raise ValueError(f"biases must be one of {BIASES}, got {bias_kind!r}")
    halves = 0.0 if bias_kind == "zero" else 1.0
    return [weight + 0.0 for weight in weights], [halves * np.rint(2 * bias) / 2 + 0.0 for bias in biases]


def lines(number: int) -> tuple[Parameters, int]:
    """A network 2-number-1 of random lines, and its number of regions in [-1, 1]^2.

    Lines in general position cut an open convex set into 1 + (lines that meet it) + (crossings inside it) regions.
    Raises ``ValueError`` if a crossing, or a line and a corner, are too close to the boundary to be counted in float64.
    """
    rng = np.random.default_rng(number)
    weight, bias = rng.standard_normal((number, 2)), rng.normal(0, 0.5, number)
    room = np.abs(weight).sum(axis=1) - np.abs(bias)  # positive where the line meets the open square
    inside, margin = 0, np.abs(room).min()
    for i in range(number - 1):
        (a, b), rest = weight[i], weight[i + 1 :]
        determinant = a * rest[:, 1] - b * rest[:, 0]
        x = (b * bias[i + 1 :] - rest[:, 1] * bias[i]) / determinant
        y = (rest[:, 0] * bias[i] - a * bias[i + 1 :]) / determinant
        largest = np.maximum(np.abs(x), np.abs(y))
        inside += int((largest < 1).sum())
        margin = min(margin, np.abs(largest - 1).min())
    if margin < 1e-10:
        raise ValueError(f"{number} lines: a crossing lies within {margin:.1e} of the boundary")
    parameters = [weight, rng.standard_normal((1, number))], [bias, np.zeros(1)]
    return parameters, 1 + int((room > 0).sum()) + inside


def folds(depth: int) -> tuple[Parameters, int]:
    """A network 2-4-...-4-1 that folds the square ``depth`` times, and its number 4^depth of regions in [-1, 1]^2.

    Every layer applies to both coordinates a continuous map of [-1, 1] onto itself with one kink at c, different for
    every layer and coordinate: t -> 2(t + 1)/(c + 1) - 1 up to c and 2(1 - t)/(1 - c) - 1 from there. Each layer thus
    cuts every region of the layers before it into four. It is written with relu(t - c) and relu(t + 2) = t + 2.
    """
    kinks = np.random.default_rng(depth).uniform(-0.25, 0.25, (depth, 2))
    weights, biases = [], []
    read, shift = np.eye(2), np.zeros(2)  # the coordinates as an affine map of the previous layer
    for kink in kinks:
        weights.append(np.vstack([read, read]))
        biases.append(np.concatenate([shift + 2, shift - kink]))
        rise = 2 / (1 + kink)
        read = np.hstack([np.diag(rise), np.diag(-rise - 2 / (1 - kink))])
        shift = -rise - 1
    weights.append(read.sum(axis=0, keepdims=True))
    biases.append(shift.sum(keepdims=True))
    return (weights, biases), 4**depth
