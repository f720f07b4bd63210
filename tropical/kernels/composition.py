"""Compiled composition of layers: the rows of a layer's preactivations on each cell of the layer before it."""

import numpy as np
from numba import njit

from tropical.kernels.points import EXACT, UNIT


@njit(cache=True)
def compose_rows(
    first, parent, signs, column, before, before_e0, before_e1, weight, bias, left, right, integral, out, e0, e1
):
    """Fill rows, shape (cells, n + 1, units), for the cells first, first + 1, ... with bounds on their errors.

    On cell p the layer before has preactivation rows ``before[parent[p]]``; its unit j has the sign
    ``signs[p, column[j]]`` (none if column[j] < 0) and passes slope left[j] or right[j]. ``weight`` has shape
    (inputs, units), ``bias`` (units,). e0 bounds the error of each constant, e1 that of each gradient entry. With
    ``integral`` all numbers are integers and a row whose sums stay below 2^53 is exact (e0 = e1 = 0).
    """
    cells, dim, units = out.shape
    inputs = weight.shape[0]
    gamma = (inputs + 4) * UNIT
    sum0 = np.empty(units)
    sum1 = np.empty(units)
    for p in range(cells):
        q = parent[first + p]
        for i in range(dim):
            for k in range(units):
                out[p, i, k] = 0.0
        for k in range(units):
            out[p, 0, k] = bias[k]
            e0[p, k] = 0.0
            e1[p, k] = 0.0
            sum0[k] = abs(bias[k])
            sum1[k] = 0.0
        for j in range(inputs):
            s = right[j]
            if column[j] >= 0 and signs[first + p, column[j]] < 0:
                s = left[j]
            if s == 0.0:
                continue
            a = abs(s)
            plain = 0.0 if integral or a == 1.0 else 2 * UNIT
            h = s * before[q, 0, j]
            top = 0.0
            for k in range(units):
                out[p, 0, k] += weight[j, k] * h
            for i in range(1, dim):
                g = s * before[q, i, j]
                top = max(top, abs(g))
                for k in range(units):
                    out[p, i, k] += weight[j, k] * g
            h = abs(h)
            h_error = a * before_e0[q, j] + plain * h
            g_error = a * before_e1[q, j] + plain * top
            for k in range(units):
                sum0[k] += abs(weight[j, k]) * h
                sum1[k] += abs(weight[j, k]) * top
                e0[p, k] += abs(weight[j, k]) * h_error
                e1[p, k] += abs(weight[j, k]) * g_error
        for k in range(units):
            if integral and e0[p, k] == 0.0 and e1[p, k] == 0.0 and max(sum0[k], sum1[k]) < EXACT:
                continue
            e0[p, k] = 1.001 * (e0[p, k] + gamma * sum0[k])
            e1[p, k] = 1.001 * (e1[p, k] + gamma * sum1[k])
            if sum1[k] > 1e100 or sum0[k] > 1e100 or (0.0 < sum1[k] < 1e-100) or (0.0 < sum0[k] < 1e-100):
                e1[p, k] = np.inf
