"""Compiled composition of layers: the rows of a layer's preactivations on each cell of the layer before it."""

import numpy as np
from numba import njit

from tropical.kernels.points import EXACT, UNIT


@njit(cache=True)
def outside_range(error):
    """Whether an error that is not 0 belongs to a row so large or so small that products could over- or underflow."""
    return error != 0.0 and not 2.0**-400 < error < 2.0**270


@njit(cache=True)
def compose_rows(
    first, parent, signs, column, before, before_e0, before_e1, weight, bias, left, right, integral, out, e0, e1
):
    """Fill rows, shape (cells, n + 1, units), for the cells first, first + 1, ... with bounds on their errors.

    On cell p the layer before has preactivation rows ``before[parent[p]]``; its unit j has the sign
    ``signs[p, column[j]]`` (none if column[j] < 0) and passes slope left[j] or right[j]. ``weight`` has shape
    (inputs, units), ``bias`` (units,). e0 bounds the error of each constant, e1 that of each gradient entry. With
    ``integral`` all numbers are integers and a row whose sums stay below 2^53 is exact (e0 = e1 = 0).
    A sum over the inputs j of |weight| times an error is bounded by the largest error times the sum of |weight|.
    """
    cells, dim, units = out.shape
    inputs = weight.shape[0]
    gamma = (inputs + 4) * UNIT
    total = np.zeros(units)
    for j in range(inputs):
        for k in range(units):
            total[k] += abs(weight[j, k])
    for p in range(cells):
        q = parent[first + p]
        known = True
        for i in range(dim):
            for k in range(units):
                out[p, i, k] = 0.0
        for k in range(units):
            out[p, 0, k] = bias[k]
        size0 = size1 = error0 = error1 = 0.0
        for j in range(inputs):
            s = right[j]
            if column[j] >= 0 and signs[first + p, column[j]] < 0:
                s = left[j]
            if s == 0.0:
                continue
            known = known and before_e0[q, j] == 0.0 and before_e1[q, j] == 0.0
            a = abs(s)
            slope_error = 0.0 if integral or a == 1.0 else 2 * UNIT
            for i in range(dim):
                g = s * before[q, i, j]
                if i == 0:
                    size0 = max(size0, abs(g))
                    error0 = max(error0, a * before_e0[q, j] + (slope_error + gamma) * abs(g))
                else:
                    size1 = max(size1, abs(g))
                    error1 = max(error1, a * before_e1[q, j] + (slope_error + gamma) * abs(g))
                for k in range(units):
                    out[p, i, k] += weight[j, k] * g
        for k in range(units):
            if integral and known and total[k] * max(size0, size1) + abs(bias[k]) < EXACT:
                e0[p, k] = 0.0
                e1[p, k] = 0.0
                continue
            e0[p, k] = 1.001 * (total[k] * error0 + gamma * abs(bias[k]))
            e1[p, k] = 1.001 * total[k] * error1
            if outside_range(e0[p, k]) or outside_range(e1[p, k]):
                e1[p, k] = np.inf  # undecided, hence left to rational arithmetic
