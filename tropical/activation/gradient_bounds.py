"""Gradients on cells in float64, with bounds on their errors: what they leave open is decided over Q."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tropical.activation.patterns import PatternTable
from tropical.arithmetic.rationals import saturated
from tropical.budget import Meter
from tropical.functions.float_evaluation import flat_product, rounded_arrays
from tropical.functions.layer import Slopes
from tropical.functions.network import ReLUNetwork

Floats = NDArray[np.float64]

_UNIT = 2.0**-53
_CELLS = 1 << 10  # cells that are followed at once
_MODERATE = 2.0**60  # with larger or smaller numbers products of layers might overflow or underflow
_MOST_LAYERS = 8


def gradient_bounds(
    net: ReLUNetwork, patterns: PatternTable, cells: NDArray[np.int64], meter: Meter
) -> tuple[Floats, Floats]:
    """Jacobians on cells, shape (cells, outputs, inputs), and bounds on the errors of their entries.

    A product of matrices is off by at most (k + number of layers) u, relative to that of their absolute values, where k
    is the sum of the inner dimensions, in whatever order the terms are summed (Higham 2002, section 3.5).
    """
    weights = [rounded_arrays(layer)[0] for layer in net.layers]
    slopes = [_rounded_slopes(layer.slopes) for layer in net.layers[:-1]]
    shape = len(cells), net.output_dim, net.input_dim
    if not all(map(_is_moderate, (*weights, *slopes))) or len(weights) > _MOST_LAYERS:
        return np.zeros(shape), np.full(shape, np.inf)
    size = sum(weight.shape[1] + 6 for weight in weights) * _UNIT
    found, errors = [np.zeros((0, *shape[1:]))], [np.zeros((0, *shape[1:]))]
    for begin in range(0, len(cells), _CELLS):
        meter.check_time()
        signs = patterns.signs_of(cells[begin : begin + _CELLS])
        product = np.repeat(weights[-1][None], len(signs), axis=0)
        absolute = np.abs(product)
        last = signs.shape[1]
        for layer, weight, slope in zip(net.layers[-2::-1], weights[-2::-1], slopes[::-1], strict=True):
            kinked = list(layer.kinked)
            factors = np.repeat(slope[None, :, 1], len(signs), axis=0)
            own = signs[:, last - len(kinked) : last]
            factors[:, kinked] = np.where(own < 0, slope[kinked, 0], slope[kinked, 1])
            product = flat_product(product * factors[:, None, :], weight)
            absolute = flat_product(absolute * np.abs(factors)[:, None, :], np.abs(weight))
            last -= len(kinked)
        found.append(product)
        errors.append(1.01 * size * absolute)
    return np.concatenate(found), np.concatenate(errors)


def _rounded_slopes(slopes: Sequence[Slopes]) -> Floats:
    return np.array([[saturated(q) for q in pair] for pair in slopes])


def _is_moderate(numbers: Floats) -> bool:
    sizes = np.abs(numbers[numbers != 0])
    return bool((sizes < _MODERATE).all() and (sizes > 1 / _MODERATE).all())
