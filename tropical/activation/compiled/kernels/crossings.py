"""Compiled vertices and rays where a hyperplane crosses the edges of a cell, and the signs of further units there."""

import numpy as np

from tropical.activation.compiled.kernels.bits import lowest_bit
from tropical.activation.compiled.kernels.compilation import compiled, inlined
from tropical.activation.compiled.kernels.points import (
    AMBIGUOUS,
    COARSE,
    SOLUTION,
    SYSTEM,
    evaluate,
    exact_point,
    rounded_point,
    sign_of,
    solved_point,
)
from tropical.activation.compiled.kernels.workspace import BOUNDED, INFERRED, INTEGER


@inlined
def new_generators(
    start, count, sign0, cand0, candidates, edge0, edge_count, depth, points, masks, signs, cands, edges, rows, values,
    fresh, fresh_masks, fresh_signs, fresh_edge, bit_rows, table, solver, tally,
):  # fmt: skip
    """Generators where the first candidate's hyperplane crosses an edge: their number, -1 if ambiguous, -2 if full."""
    words, dim = masks.shape[1], points.shape[1] - 1
    unit = cands[cand0]
    for j in range(count):
        if signs[sign0 + j * candidates] != 0:
            values[j, 0], values[j, 1] = evaluate(rows, unit, points, start + j)
    new = 0
    for e in range(edge_count):
        fresh_edge[e] = -1
        i, j = edges[edge0 + e, 0], edges[edge0 + e, 1]
        si, sj = signs[sign0 + i * candidates], signs[sign0 + j * candidates]
        if si * sj >= 0:
            continue
        if si < 0:
            i, j = j, i
        if new >= fresh.shape[0]:
            return -2
        fresh_edge[e] = new
        for w in range(words):
            fresh_masks[new, w] = masks[start + i, w] & masks[start + j, w]
        rough = finite = False
        exact = (
            points[start + i, dim] == 0.0
            and points[start + j, dim] == 0.0
            and values[i, 1] == 0.0
            and values[j, 1] == 0.0
            and exact_point(points, start + i, start + j, values[i, 0], values[j, 0], fresh, new)
        )
        if not exact:
            error = rounded_point(
                points, start + i, start + j, values[i, 0], values[i, 1], values[j, 0], values[j, 1], fresh, new
            )
            fresh[new, dim] = error
            size = 0.0
            for c in range(dim):
                size = max(size, abs(fresh[new, c]))
            rough = True
            finite = points[start + i, 0] > 0.0 or points[start + j, 0] > 0.0
            central = finite and meet_at_origin(fresh_masks, new, bit_rows, depth, table, rows, unit)
            if central or not error < COARSE * size:
                solve_again(fresh, new, finite, fresh_masks, bit_rows, depth, table, rows, unit, solver)
                rough = False
        for c in range(1, candidates):
            si = signs[sign0 + i * candidates + c]
            sj = signs[sign0 + j * candidates + c]
            if si * sj >= 0:
                fresh_signs[new, c] = si if si != 0 else sj
                tally[INFERRED] += 1
            else:
                value, bound = evaluate(rows, cands[cand0 + c], fresh, new)
                s = sign_of(value, bound)
                if s == AMBIGUOUS and rough:
                    solve_again(fresh, new, finite, fresh_masks, bit_rows, depth, table, rows, unit, solver)
                    rough = False
                    value, bound = evaluate(rows, cands[cand0 + c], fresh, new)
                    s = sign_of(value, bound)
                tally[INTEGER if bound == 0.0 else BOUNDED] += 1
                if s == AMBIGUOUS:
                    return -1
                fresh_signs[new, c] = s
        new += 1
    return new


@compiled
def meet_at_origin(masks, at, bit_rows, depth, table, rows, unit):
    """Whether the unit's hyperplane and all constraints of mask ``at`` contain the origin, exactly."""
    dim = table.shape[1] - 2
    central = rows[unit, 0] == 0.0 and rows[unit, dim] == 0.0
    for w in range(masks.shape[1]):
        bits = masks[at, w]
        while bits and central:
            place = bit_rows[depth, 64 * w + lowest_bit(bits)]
            bits &= bits - np.uint64(1)
            central = table[place, 0] == 0.0 and table[place, dim] == 0.0
    return central


@compiled
def solve_again(points, at, finite, masks, bit_rows, depth, table, rows, unit, solver):
    """Solve for point ``at`` from the constraints of its mask and the unit's row, if that is more accurate.

    For a ray, of which r is an approximation, the gradients are to vanish and <r / |r|, x> = 1. Hyperplanes that meet
    in one point and contain the origin meet there, exactly.
    """
    dim = points.shape[1] - 1
    n = dim - 1
    wanted = n if finite else n - 1
    found = 0
    for c in range(dim + 2):
        solver[SYSTEM, found, c] = rows[unit, c]
    found += 1
    for w in range(masks.shape[1]):
        bits = masks[at, w]
        while bits and found < wanted:
            place = bit_rows[depth, 64 * w + lowest_bit(bits)]
            bits &= bits - np.uint64(1)
            steep = False
            for c in range(dim + 2):
                solver[SYSTEM, found, c] = table[place, c]
                steep = steep or (0 < c < dim and table[place, c] != 0.0)
            found += steep  # x_0 >= 0 has no gradient
    if found < wanted:
        return
    length = 1.0
    if not finite:
        square = 0.0
        for c in range(1, dim):
            square += points[at, c] * points[at, c]
        length = np.sqrt(square)
        if length == 0.0:
            return
        for i in range(found):
            solver[SYSTEM, i, 0] = 0.0
            solver[SYSTEM, i, dim] = 0.0
        for c in range(1, dim):
            solver[SYSTEM, found, c] = points[at, c] / length
        solver[SYSTEM, found, 0] = -1.0
        solver[SYSTEM, found, dim] = 0.0
        solver[SYSTEM, found, dim + 1] = 0.0
    central = finite
    for i in range(n):
        central = central and solver[SYSTEM, i, 0] == 0.0 and solver[SYSTEM, i, dim] == 0.0
    error = solved_point(n, solver)
    if central and error < np.inf:
        points[at, 0] = 1.0
        for c in range(1, dim + 1):
            points[at, c] = 0.0
    elif error < np.inf and not points[at, dim] / length <= error:
        points[at, 0] = 1.0 if finite else 0.0
        for c in range(1, dim):
            points[at, c] = solver[SOLUTION, 0, c]
        points[at, dim] = error
