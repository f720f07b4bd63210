"""Compiled composition of layers: the rows of a layer's preactivations on each cell of the layer before it."""

import numpy as np

from tropical.activation.compiled.kernels.bits import lowest_bit, popcount
from tropical.activation.compiled.kernels.compilation import allocating, compiled
from tropical.activation.compiled.kernels.values import INTEGERS, UNIT

LEAST_SIZE = 2.0**-700  # of slope times entry, if that is not 0, however small: errors relative to it cannot underflow


@compiled
def outside_range(error):
    """Whether an error that is not 0 is NaN, or of a row so large or small that products could over- or underflow."""
    return (error != 0.0) & ~((error > 2.0**-400) & (error < 2.0**270))


@compiled
def guarded(size, total):
    """The size of entries of which ``total`` is the sum of absolute values and errors: 0 only if they are."""
    if not total < np.inf:
        return np.inf
    return max(size, LEAST_SIZE) if total > 0.0 else 0.0


@allocating
def units_by_bit(column, bits):
    """The units whose slope a bit of the pattern decides: those of bit b are ``units[start[b]:start[b + 1]]``."""
    start = np.zeros(bits + 1, np.int64)
    for j in range(len(column)):
        if column[j] >= 0:
            start[column[j] + 1] += 1
    for b in range(bits):
        start[b + 1] += start[b]
    at = start.copy()
    units = np.empty(start[bits], np.int64)
    for j in range(len(column)):
        if column[j] >= 0:
            units[at[column[j]]] = j
            at[column[j]] += 1
    return start, units


@compiled
def sum_rows(words, column, before, weight, bias, clear, put, gated, active, out):
    """Fill one cell's rows ``out``, shape (n + 1, units), from those of the layer before; ``words`` is its pattern."""
    dim, units = out.shape
    count = 0
    for j in range(weight.shape[0]):
        s = clear[j]
        if column[j] >= 0 and words[column[j] >> 6] >> np.uint64(63 - (column[j] & 63)) & np.uint64(1):
            s = put[j]
        if s != 0.0:
            active[count] = j
            for i in range(dim):
                gated[i, count] = s * before[i, j]
            count += 1
    for i in range(dim):
        row = out[i]
        for k in range(units):
            row[k] = bias[k] if i == 0 else 0.0
        a = 0
        while a + 4 <= count:
            w0, w1 = weight[active[a]], weight[active[a + 1]]
            w2, w3 = weight[active[a + 2]], weight[active[a + 3]]
            g0, g1, g2, g3 = gated[i, a], gated[i, a + 1], gated[i, a + 2], gated[i, a + 3]
            for k in range(units):
                row[k] += (w0[k] * g0 + w1[k] * g1) + (w2[k] * g2 + w3[k] * g3)
            a += 4
        while a < count:
            w0, g0 = weight[active[a]], gated[i, a]
            for k in range(units):
                row[k] += w0[k] * g0
            a += 1


@allocating
def compose_rows(
    first, parent, signs, column, before, before_errors, weight, bias, clear, put, total, constants, steep,
    integral, out, errors,
):  # fmt: skip
    """Fill rows, shape (cells, n + 1, units), for the cells first, first + 1, ... with bounds on their errors.

    On cell p the layer before has preactivation rows ``before[parent[p]]``; its unit j passes the slope put[j] where
    bit column[j] of ``signs[p]`` is set, else clear[j]. ``weight`` has shape (inputs, units), ``bias`` (units,).
    ``total``, ``constants`` and ``steep`` bound weights, biases and slopes as the ``Sizes`` of a layer do. ``errors``,
    shape (cells, 2, units), bound the error of each constant and of each gradient entry. With ``integral`` all numbers
    are integers and a row whose sums stay below 2^53 is exact (errors 0).

    A cell whose pattern differs little from that of the cell before it, with the same parent, is reached from there by
    one rank-one update for each unit that changed. With s the largest slope times entry, a sum is off by at most
    (inputs + 4) UNIT (s sum |weight| + |bias|), and by at most 10 UNIT as much for each update since. The sizes from
    which s and the sums are made are 0 only where all numbers are, and else so large that their errors also exceed what
    may have been lost by underflow, of the parameters as well. An error outside the range becomes infinite.
    """
    cells, dim, units = out.shape
    inputs = weight.shape[0]
    words = signs.shape[1]
    start, of_bit = units_by_bit(column, 64 * words)
    gated, active = np.empty((dim, inputs)), np.empty(inputs, np.int64)
    size0 = size1 = error0 = error1 = 0.0
    known = True
    updates = 0
    for p in range(cells):
        q = parent[first + p]
        same = p > 0 and q == parent[first + p - 1]
        if not same:
            size0 = size1 = error0 = error1 = sum0 = sum1 = slopes = 0.0
            for j in range(inputs):
                s = steep[j]
                if s == 0.0:
                    continue
                slopes += s
                error0, error1 = max(error0, s * before_errors[q, 0, j]), max(error1, s * before_errors[q, 1, j])
                entry = abs(before[q, 0, j])
                size0 = max(size0, s * entry)
                sum0 += entry + before_errors[q, 0, j]
                sum1 += before_errors[q, 1, j]
                for i in range(1, dim):
                    entry = abs(before[q, i, j])
                    size1 = max(size1, s * entry)
                    sum1 += entry
            known = error0 == 0.0 and error1 == 0.0
            size0, size1 = guarded(size0, sum0), guarded(size1, sum1)
            if not slopes < np.inf:
                size0 = size1 = np.inf
        changes = 0
        if same:
            for w in range(words):
                changes += popcount(signs[first + p, w] ^ signs[first + p - 1, w])
        if same and 4 * changes <= inputs and updates + changes <= inputs:
            for i in range(dim):
                for k in range(units):
                    out[p, i, k] = out[p - 1, i, k]
            for w in range(words):
                now = signs[first + p, w]
                changed = now ^ signs[first + p - 1, w]
                while changed:
                    low = lowest_bit(changed)
                    changed &= changed - np.uint64(1)
                    bit = 64 * w + 63 - low
                    for u in range(start[bit], start[bit + 1]):
                        j = of_bit[u]
                        step = put[j] - clear[j]
                        if not (now >> np.uint64(low)) & np.uint64(1):
                            step = -step
                        column_weight = weight[j]
                        updates += 1
                        for i in range(dim):
                            g = step * before[q, i, j]
                            row = out[p, i]
                            for k in range(units):
                                row[k] += column_weight[k] * g
        else:
            sum_rows(signs[first + p], column, before[q], weight, bias, clear, put, gated, active, out[p])
            updates = 0
        gamma = (inputs + 8 + 10 * updates) * UNIT
        constant, gradient = 1.001 * (error0 + gamma * size0), 1.001 * (error1 + gamma * size1)
        strange = 0
        for k in range(units):
            errors[p, 0, k] = total[k] * constant + 1.001 * gamma * constants[k]
            errors[p, 1, k] = total[k] * gradient
            strange += outside_range(errors[p, 0, k]) | outside_range(errors[p, 1, k])
        if strange or (integral and known):
            for k in range(units):
                if integral and known and total[k] * max(size0, size1) + constants[k] < INTEGERS:
                    errors[p, 0, k] = 0.0
                    errors[p, 1, k] = 0.0
                elif outside_range(errors[p, 0, k]) or outside_range(errors[p, 1, k]):
                    errors[p, 0, k] = np.inf  # undecided, hence left to rational arithmetic
                    errors[p, 1, k] = np.inf
