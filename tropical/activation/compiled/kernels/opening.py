"""Compiled first look at a cell: which units keep one sign on it, and which ones cut it."""

import numpy as np

from tropical.activation.compiled.kernels.bits import popcount, unit_flag
from tropical.activation.compiled.kernels.compilation import compiled, inlined
from tropical.activation.compiled.kernels.points import AMBIGUOUS, EXACT, HUGE, UNIT, evaluate, gcd, sign_of
from tropical.activation.compiled.kernels.workspace import AT_ONCE, BOUNDED, LEAST, MOST, VALUE


@inlined
def mark_still(
    parent, points, begin, count, masks, row_begin, row_end, row_bits, row_units, signs, steep_put, steep_clear,
    vertices, still,
):  # fmt: skip
    """Find the generators of a cell at which the preactivations of the next layer are its biases (on rays: 0).

    They are where every unit of the layer that made the cell vanishes or passes slope 0. Which ones pass another slope,
    ``steep_put`` says where the bit of the pattern is set, ``steep_clear`` where it is not. Without ``vertices`` only
    rays are looked at: if no bias is 0, floats decide at vertices.
    """
    rays = False
    for j in range(count):
        still[j] = False
        rays = rays or points[begin + j, 0] == 0.0
    if not rays and not vertices:
        return
    words = signs.shape[1]
    active = 0 if words else 1  # nothing is known before the first layer, whatever unit a row belongs to
    for w in range(words):
        active += popcount((signs[parent, w] & steep_put[w]) | (~signs[parent, w] & steep_clear[w]))
    for r in range(row_begin, row_end if words else row_begin):
        unit = row_units[r]
        if unit >= 0:
            side = steep_put if signs[parent, unit >> 6] & unit_flag(unit) else steep_clear
            active -= 1 if side[unit >> 6] & unit_flag(unit) else 0
    for j in range(count):
        v0 = points[begin + j, 0]
        marked = v0 == 0.0 and np.copysign(1.0, v0) < 0.0
        if not marked and active == 0 and (vertices or v0 == 0.0):
            marked = True
            for r in range(row_begin, row_end):
                unit, b = row_units[r], row_bits[r]
                if unit >= 0 and not masks[begin + j, b >> 6] >> np.uint64(b & 63) & np.uint64(1):
                    side = steep_put if signs[parent, unit >> 6] & unit_flag(unit) else steep_clear
                    if side[unit >> 6] & unit_flag(unit):
                        marked = False
                        break
        still[j] = marked


@inlined
def settle(rows, errors, q, points, begin, count, still, biases, zeros, largest, sums, patterns, undecided):
    """Set the bits of the units that are positive, or 0, on a whole cell; list those without one certain sign.

    Returns the number of the latter. A unit's values at all generators are compared with one bound on the error of
    any of them, from the ``largest`` absolute values of the coordinates. The comparisons that find the extreme values
    pass over NaN; a bound below HUGE excludes it.
    """
    dim, units = rows.shape[1], rows.shape[2]
    for i in range(dim + 1):
        largest[i] = 0.0
        for j in range(begin, begin + count):
            largest[i] = max(largest[i], abs(points[j, i]))
    for k in range(units):
        sums[LEAST, k] = np.inf
        sums[MOST, k] = -np.inf
    for j in range(begin, begin + count):
        if still[j - begin]:
            continue
        v0, v1 = points[j, 0], points[j, 1]
        if dim == 3:
            v2 = points[j, 2]
            for k in range(units):
                value = rows[q, 0, k] * v0 + rows[q, 1, k] * v1 + rows[q, 2, k] * v2
                sums[LEAST, k] = value if value < sums[LEAST, k] else sums[LEAST, k]
                sums[MOST, k] = value if value > sums[MOST, k] else sums[MOST, k]
            continue
        for k in range(units):
            sums[VALUE, k] = rows[q, 0, k] * v0 + rows[q, 1, k] * v1
        for i in range(2, dim):
            v = points[j, i]
            for k in range(units):
                sums[VALUE, k] += rows[q, i, k] * v
        for k in range(units):
            value = sums[VALUE, k]
            sums[LEAST, k] = value if value < sums[LEAST, k] else sums[LEAST, k]
            sums[MOST, k] = value if value > sums[MOST, k] else sums[MOST, k]
    error, norm = largest[dim], (dim - 1) * largest[dim]
    for i in range(1, dim):
        norm += largest[i]
    for k in range(units):
        sums[VALUE, k] = errors[q, 0, k] * (largest[0] + error) + errors[q, 1, k] * norm
    for i in range(dim):
        factor = (dim + 4) * UNIT * largest[i] + error
        for k in range(units):
            sums[VALUE, k] += factor * abs(rows[q, i, k])
    any_still = anchored = False
    for j in range(count):
        any_still = any_still or still[j]
        anchored = anchored or (still[j] and points[begin + j, 0] > 0.0)
    if any_still:
        for k in range(units):
            if anchored and biases[k] != 0:  # that sign occurs, too
                sums[LEAST, k] = sums[LEAST, k] if biases[k] > 0 else -np.inf
                sums[MOST, k] = sums[MOST, k] if biases[k] < 0 else np.inf
            elif sums[LEAST, k] > sums[MOST, k]:  # no generator was evaluated
                sums[LEAST, k] = -np.inf
                sums[MOST, k] = np.inf
    left = 0
    for k in range(units):
        bound, least, most = 1.0001 * sums[VALUE, k], sums[LEAST, k], sums[MOST, k]
        if error == 0.0 and bound < dim and errors[q, 0, k] == 0.0 and errors[q, 1, k] == 0.0:
            bound = 0.0  # integers, as the sum of all |products| is at most bound / (dim + 4) / UNIT < EXACT
        if not bound < HUGE:
            undecided[left] = k
            left += 1
        elif least > bound or (bound == 0.0 and least == 0.0 and most > 0.0):
            patterns[0, k >> 6] |= unit_flag(k)
        elif bound == 0.0 and least == 0.0 and most == 0.0:
            zeros[q, k >> 6] |= unit_flag(k)
        elif not (most < -bound or (bound == 0.0 and most == 0.0)):
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


@inlined
def open_parent(
    rows, errors, q, points, begin, count, still, biases, zeros, patterns, out_rows, signs, cands, largest, sums,
    undecided, kept, tally,
):  # fmt: skip
    """Find the units that cut a cell (generators begin, ...) and their signs at its generators; -1 if one is ambiguous.

    The result is their number. The other signs enter ``patterns[0]``, units that vanish identically ``zeros[q]``.
    """
    units = rows.shape[2]
    for w in range(patterns.shape[1]):
        patterns[0, w] = 0
        zeros[q, w] = 0
    left = settle(rows, errors, q, points, begin, count, still, biases, zeros, largest, sums, patterns, undecided)
    tally[AT_ONCE] += units - left
    tally[BOUNDED] += left * count
    for c in range(left):
        copy_row(rows, errors, q, undecided[c], out_rows)
    for j in range(count):
        for c in range(left):
            s = np.int64(biases[undecided[c]]) if points[begin + j, 0] > 0.0 else 0
            if not still[j]:
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
