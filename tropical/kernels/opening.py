"""Compiled first look at a cell: which units keep one sign on it, and which ones cut it."""

import numpy as np

from tropical.kernels.bits import unit_flag
from tropical.kernels.compilation import compiled
from tropical.kernels.points import AMBIGUOUS, EXACT, UNIT, evaluate, gcd, sign_of
from tropical.kernels.workspace import BOUNDED, ENCLOSED


@compiled
def enclose(points, begin, count, box):
    """Centre and half widths of a box around a cell's vertices, in box[0] and box[1]; False if it is unbounded.

    Also False for a generator that is neither an exact integer vector nor scaled to v_0 = 1.
    """
    dim = points.shape[1] - 1
    for i in range(1, dim):
        box[0, i] = np.inf
        box[1, i] = -np.inf
    for j in range(begin, begin + count):
        lead, error = points[j, 0], points[j, dim]
        if lead <= 0.0 or (error != 0.0 and lead != 1.0):
            return False
        for i in range(1, dim):
            x = points[j, i] / lead
            spread = error + 2 * UNIT * abs(x)
            box[0, i] = min(box[0, i], x - spread)
            box[1, i] = max(box[1, i], x + spread)
    for i in range(1, dim):
        low, high = box[0, i], box[1, i]
        box[0, i] = 0.5 * (low + high)
        box[1, i] = 0.5 * (high - low) + 4 * UNIT * (abs(low) + abs(high))
    return True


@compiled
def settle(rows, errors, q, box, sums, patterns, undecided):
    """Set the bits of the units that are positive on the whole box; list those without one sign, and count them."""
    dim, units = rows.shape[1], rows.shape[2]
    gamma = (2 * dim + 4) * UNIT
    norm = 0.0
    for k in range(units):
        sums[0, k] = rows[q, 0, k]
        sums[1, k] = abs(rows[q, 0, k])
        sums[2, k] = 0.0
    for i in range(1, dim):
        x, r = box[0, i], box[1, i]
        norm += abs(x) + r
        for k in range(units):
            product = rows[q, i, k] * x
            sums[0, k] += product
            sums[1, k] += abs(product)
            sums[2, k] += abs(rows[q, i, k]) * r
    left = 0
    for k in range(units):
        error = gamma * (sums[1, k] + sums[2, k]) + errors[q, 0, k] + errors[q, 1, k] * norm
        bound = 1.0001 * error + sums[2, k]
        if sums[0, k] > bound:
            patterns[0, k >> 6] |= unit_flag(k)
        elif not sums[0, k] < -bound:
            undecided[left] = k
            left += 1
    return left


@compiled
def copy_row(rows, errors, q, k, out):
    """Parent q's row of unit k into ``out[k]``, an exact one without its common divisor, and its errors."""
    dim = rows.shape[1]
    divisor = 1.0
    if errors[q, 0, k] == 0.0 and errors[q, 1, k] == 0.0:
        common = np.int64(0)
        for i in range(dim):
            if abs(rows[q, i, k]) >= EXACT:
                common = np.int64(1)
                break
            common = gcd(np.int64(abs(rows[q, i, k])), common)
        divisor = max(float(common), 1.0)
    for i in range(dim):
        out[k, i] = rows[q, i, k] / divisor
    out[k, dim] = errors[q, 0, k]
    out[k, dim + 1] = errors[q, 1, k]


@compiled
def open_parent(
    rows, errors, q, points, begin, count, zeros, patterns, out_rows, signs, cands, box, sums, undecided, kept, tally
):
    """Find the units that cut a cell (generators begin, ...) and their signs at its generators; -1 if one is ambiguous.

    The result is their number. The other signs enter ``patterns[0]``, units that vanish identically ``zeros[q]``.
    """
    units = rows.shape[2]
    for w in range(patterns.shape[1]):
        patterns[0, w] = 0
        zeros[q, w] = 0
    left = units
    if enclose(points, begin, count, box):
        left = settle(rows, errors, q, box, sums, patterns, undecided)
    else:
        for k in range(units):
            undecided[k] = k
    tally[ENCLOSED] += units - left
    tally[BOUNDED] += left * count
    for c in range(left):
        copy_row(rows, errors, q, undecided[c], out_rows)
    for j in range(count):
        for c in range(left):
            value, bound = evaluate(out_rows, undecided[c], points, begin + j)
            s = sign_of(value, bound)
            if s == AMBIGUOUS:
                return -1
            signs[j * left + c] = s
    candidates = 0
    for c in range(left):
        k = undecided[c]
        positive = negative = False
        for j in range(count):
            positive = positive or signs[j * left + c] > 0
            negative = negative or signs[j * left + c] < 0
        if positive and negative:
            cands[candidates] = k
            kept[0, candidates] = c
            candidates += 1
        elif positive:
            patterns[0, k >> 6] |= unit_flag(k)
        elif not negative:
            zeros[q, k >> 6] |= unit_flag(k)
    if candidates < left:
        for j in range(count):
            for c in range(candidates):
                signs[j * candidates + c] = signs[j * left + kept[0, c]]
    return candidates
