"""Compiled cutting: split each parent cell by the hyperplanes of a layer's units, depth first.

A cell has generators (see ``points``), the edges between them, and for each generator a bit mask of the constraints
that vanish there. Bits are local to a cell: one that no generator uses is free for the next cut. A part with an
ambiguous sign is suspended and left to rational arithmetic.
"""

import numpy as np

from tropical.activation.compiled.kernels.bits import lowest_bit, unit_flag
from tropical.activation.compiled.kernels.children import build_child, filter_child, find_signs
from tropical.activation.compiled.kernels.compilation import compiled, inlined
from tropical.activation.compiled.kernels.crossings import new_generators
from tropical.activation.compiled.kernels.facets import facet_edges
from tropical.activation.compiled.kernels.opening import mark_still, open_parent
from tropical.activation.compiled.kernels.points import AMBIGUOUS
from tropical.activation.compiled.kernels.workspace import (
    CAND0,
    CANDS,
    CELLS,
    CONSTRAINTS,
    COUNT,
    DEPTH,
    EDGE0,
    EDGE_COUNT,
    EDGES,
    GENERATORS,
    NEXT,
    SIGN0,
    START,
    SUSPENDED,
)

DONE, OUTPUT_FULL, ARENA_FULL, MASK_FULL, SUSPENDED_FULL = range(5)


@compiled
def free_bit(masks, start, count):
    """Lowest bit that none of the generators uses, or -1."""
    for w in range(masks.shape[1]):
        used = np.uint64(0)
        for i in range(count):
            used |= masks[start + i, w]
        if used != np.uint64(0xFFFFFFFFFFFFFFFF):
            return 64 * w + lowest_bit(~used)
    return -1


@inlined
def write_geometry(
    start, count, edge0, edge_count, depth, points, masks, edges, bit_rows, table, known_units, pointer, out_points,
    out_masks, edge_pointer, out_edges, row_pointer, out_bits, out_rows, out_units, state,
):  # fmt: skip
    """Append the generators, edges and constraints of a finished cell; False if the output is full."""
    point, edge, row, cell = state[GENERATORS], state[EDGES], state[CONSTRAINTS], state[CELLS]
    words = masks.shape[1]
    if (
        point + count > out_points.shape[0]
        or edge + edge_count > out_edges.shape[0]
        or row + 64 * words > out_rows.shape[0]
    ):
        return False
    for j in range(count):
        for i in range(points.shape[1]):
            out_points[point + j, i] = points[start + j, i]
        for w in range(words):
            out_masks[point + j, w] = masks[start + j, w]
    for e in range(edge_count):
        out_edges[edge + e, 0] = edges[edge0 + e, 0]
        out_edges[edge + e, 1] = edges[edge0 + e, 1]
    for w in range(words):
        bits = np.uint64(0)
        for j in range(count):
            bits |= masks[start + j, w]
        while bits:
            b = 64 * w + lowest_bit(bits)
            bits &= bits - np.uint64(1)
            source = bit_rows[depth, b]
            out_bits[row] = b
            out_units[row] = source - 64 * words if source >= 64 * words else known_units[source]
            for i in range(table.shape[1]):
                out_rows[row, i] = table[source, i]
            row += 1
    state[GENERATORS] = point + count
    state[EDGES] = edge + edge_count
    state[CONSTRAINTS] = row
    pointer[cell + 1] = point + count
    edge_pointer[cell + 1] = edge + edge_count
    row_pointer[cell + 1] = row
    return True


@inlined
def suspend(parent, q, depth, cand0, candidates, zeros, cands, patterns, suspended_parent, suspended_signs, state):
    """Leave a part to rational arithmetic: its signs so far, AMBIGUOUS for the candidates."""
    at = state[SUSPENDED]
    for k in range(suspended_signs.shape[1]):
        if zeros[q, k >> 6] & unit_flag(k):
            suspended_signs[at, k] = 0
        else:
            suspended_signs[at, k] = 1 if patterns[depth, k >> 6] & unit_flag(k) else -1
    for c in range(candidates):
        suspended_signs[at, cands[cand0 + c]] = AMBIGUOUS
    suspended_parent[at] = parent
    state[SUSPENDED] = at + 1


@compiled
def cut_parents(
    first,
    rows,
    errors,
    parents,
    steep_put,
    steep_clear,
    biases,
    keep,
    zeros,
    out,
    suspended_parent,
    suspended_signs,
    space,
):
    """Go on splitting the parents first, first + 1, ..., one for each entry of ``rows``; say why it stopped.

    ``parents`` holds the parents' cells as ``out`` receives the new ones (geometry iff ``keep``); rows, shape
    (cells, n + 1, units), and their errors belong to the parents; for ``steep_put``, ``steep_clear`` and ``biases`` see
    ``mark_still``. ``zeros`` receives the units that vanish identically on each parent. Parts with an ambiguous sign
    are suspended: their undecided units have sign AMBIGUOUS. What is not done is left in ``space`` to go on with, once
    the output is taken or the room enlarged.
    """
    in_pointer, in_points, in_masks = parents.pointer, parents.points, parents.masks
    in_edge_pointer, in_edges = parents.edge_pointer, parents.edges
    in_row_pointer, in_bits, in_rows = parents.row_pointer, parents.row_bits, parents.rows
    in_units, in_signs = parents.row_units, parents.signs
    out_parent, out_signs, out_pointer, out_points = out.parent, out.signs, out.pointer, out.points
    out_masks, out_edge_pointer, out_edges = out.masks, out.edge_pointer, out.edges
    out_row_pointer, out_bits, out_rows, out_units = out.row_pointer, out.row_bits, out.rows, out.row_units
    state, tally, frames, patterns, bit_rows = space.state, space.tally, space.frames, space.patterns, space.bit_rows
    table, points, masks, signs, cands = space.table, space.points, space.masks, space.signs, space.cands
    edges, unit_rows, largest, sums, undecided = space.edges, space.rows, space.largest, space.sums, space.undecided
    still, known_units, kept = space.still, space.known_units, space.kept
    seen, values, solver = space.seen, space.values, space.solver
    fresh, fresh_masks, fresh_signs, fresh_edge = space.fresh, space.fresh_masks, space.fresh_signs, space.fresh_edge
    lists, member_masks, slots, flat = space.lists, space.member_masks, space.slots, space.flat
    units, width = rows.shape[2], points.shape[1]
    n, words, pattern_words = rows.shape[1] - 1, masks.shape[1], patterns.shape[1]
    bits = 64 * words
    zero_bias = False
    for k in range(units):
        zero_bias = zero_bias or biases[k] == 0
    while True:
        q = state[NEXT]
        parent = first + q
        if state[DEPTH] == 0:
            if q == rows.shape[0]:
                return DONE
            lo, edge_lo = in_pointer[parent], in_edge_pointer[parent]
            count, edge_count = in_pointer[parent + 1] - lo, in_edge_pointer[parent + 1] - edge_lo
            if count * units > signs.shape[0] or count > points.shape[0] or edge_count > edges.shape[0]:
                return ARENA_FULL
            if state[SUSPENDED] >= suspended_parent.shape[0]:
                return SUSPENDED_FULL
            mark_still(
                parent, in_points, lo, count, in_masks, in_row_pointer[parent], in_row_pointer[parent + 1], in_bits,
                in_units, in_signs, steep_put, steep_clear, zero_bias, still,
            )  # fmt: skip
            candidates = open_parent(
                rows, errors, q, in_points, lo, count, still, biases, zeros, patterns, unit_rows, signs, cands,
                largest, sums, undecided, kept, tally,
            )  # fmt: skip
            if candidates < 0:
                for k in range(units):
                    suspended_signs[state[SUSPENDED], k] = AMBIGUOUS
                suspended_parent[state[SUSPENDED]] = parent
                state[SUSPENDED] += 1
                state[NEXT] += 1
                continue
            if keep or candidates > 1:
                for j in range(count):
                    for i in range(width):
                        points[j, i] = in_points[lo + j, i]
                    if still[j] and points[j, 0] == 0.0:
                        points[j, 0] = -0.0
                    for w in range(words):
                        masks[j, w] = in_masks[lo + j, w]
                for e in range(edge_count):
                    edges[e, 0] = in_edges[edge_lo + e, 0]
                    edges[e, 1] = in_edges[edge_lo + e, 1]
                for r in range(in_row_pointer[parent], in_row_pointer[parent + 1]):
                    b = in_bits[r]
                    bit_rows[0, b] = b
                    known_units[b] = in_units[r] if in_signs.shape[1] == 0 else -1  # else those of the layer before
                    for i in range(width + 1):
                        table[b, i] = in_rows[r, i]
                for c in range(candidates):
                    for i in range(width + 1):
                        table[bits + cands[c], i] = unit_rows[cands[c], i]
            frames[0, START], frames[0, COUNT], frames[0, SIGN0], frames[0, CAND0] = 0, count, 0, 0
            frames[0, CANDS], frames[0, EDGE0], frames[0, EDGE_COUNT] = candidates, 0, edge_count
            state[DEPTH] = 1
        while state[DEPTH] > 0:
            depth = state[DEPTH] - 1
            candidates, cand0 = frames[depth, CANDS], frames[depth, CAND0]
            start, count = frames[depth, START], frames[depth, COUNT]
            edge0, edge_count, sign0 = frames[depth, EDGE0], frames[depth, EDGE_COUNT], frames[depth, SIGN0]
            cell = state[CELLS]
            if candidates == 0 or (candidates == 1 and not keep):
                if cell + candidates >= out_parent.shape[0]:
                    return OUTPUT_FULL
                if keep and not write_geometry(
                    start, count, edge0, edge_count, depth, points, masks, edges, bit_rows, table, known_units,
                    out_pointer, out_points, out_masks, out_edge_pointer, out_edges, out_row_pointer, out_bits,
                    out_rows, out_units, state,
                ):  # fmt: skip
                    return OUTPUT_FULL
                for both in range(candidates + 1):
                    for w in range(pattern_words):
                        out_signs[cell + both, w] = patterns[depth, w]
                    out_parent[cell + both] = parent
                if candidates == 1:
                    out_signs[cell, cands[cand0] >> 6] |= unit_flag(cands[cand0])
                state[CELLS] = cell + candidates + 1
                state[DEPTH] = depth
                continue
            unit = cands[cand0]
            bit = free_bit(masks, start, count)
            if bit < 0:
                return MASK_FULL
            if state[SUSPENDED] >= suspended_parent.shape[0]:
                return SUSPENDED_FULL
            low_cand0 = cand0 + candidates
            if low_cand0 + 2 * candidates > cands.shape[0]:
                return ARENA_FULL
            new = new_generators(
                start, count, sign0, cand0, candidates, edge0, edge_count, depth, points, masks, signs, cands, edges,
                unit_rows, values, fresh, fresh_masks, fresh_signs, fresh_edge, bit_rows, table, solver, tally,
            )  # fmt: skip
            if new == -2:
                return ARENA_FULL
            if new == -1:
                suspend(
                    parent, q, depth, cand0, candidates, zeros, cands, patterns, suspended_parent, suspended_signs,
                    state,
                )  # fmt: skip
                state[DEPTH] = depth
                continue
            find_signs(count, sign0, candidates, new, signs, fresh_signs, seen)
            bit_rows[depth, bit] = bits + unit
            for b in range(bits):
                bit_rows[depth + 1, b] = bit_rows[depth, b]
            for w in range(pattern_words):
                patterns[depth + 1, w] = patterns[depth, w]
                patterns[depth + 2, w] = patterns[depth, w]  # the low side's, until all is done
            low_cands = filter_child(1, cand0, candidates, cands, low_cand0, seen, patterns, depth + 2, kept)
            high_cand0 = low_cand0 + low_cands
            high_cands = filter_child(0, cand0, candidates, cands, high_cand0, seen, patterns, depth + 1, kept)
            patterns[depth + 1, unit >> 6] |= unit_flag(unit)
            low_start, low_sign0, low_edge0 = start + count, sign0 + count * candidates, edge0 + edge_count
            low_count = low_edges = high_count = high_edges = 0
            # Without geometry to keep, a part with at most one candidate left is settled by its signs.
            if keep or low_cands > 1 or high_cands > 1:
                flat_count = facet_edges(
                    start, count, sign0, candidates, edge0, edge_count, new, n, bit, signs, masks, fresh_masks, edges,
                    lists, member_masks, slots, flat,
                )  # fmt: skip
                need, need_edges = 2 * (count + new), 2 * (edge_count + max(flat_count, 0))
                if (
                    flat_count < 0
                    or low_start + need > points.shape[0]
                    or low_sign0 + need * candidates > signs.shape[0]
                    or low_edge0 + need_edges > edges.shape[0]
                ):
                    return ARENA_FULL
                if keep or low_cands > 1:
                    low_count, low_edges = build_child(
                        1, start, count, sign0, candidates, edge0, edge_count, new, bit, flat_count, low_start,
                        low_sign0, low_edge0, low_cands, points, masks, signs, edges, fresh, fresh_masks, fresh_signs,
                        fresh_edge, flat, kept, lists,
                    )  # fmt: skip
                if keep or high_cands > 1:
                    high_count, high_edges = build_child(
                        0, start, count, sign0, candidates, edge0, edge_count, new, bit, flat_count,
                        low_start + low_count, low_sign0 + low_count * low_cands, low_edge0 + low_edges, high_cands,
                        points, masks, signs, edges, fresh, fresh_masks, fresh_signs, fresh_edge, flat, kept, lists,
                    )  # fmt: skip
            for w in range(pattern_words):
                patterns[depth, w] = patterns[depth + 2, w]
            frames[depth, START], frames[depth, COUNT], frames[depth, SIGN0] = low_start, low_count, low_sign0
            frames[depth, CAND0], frames[depth, CANDS] = low_cand0, low_cands
            frames[depth, EDGE0], frames[depth, EDGE_COUNT] = low_edge0, low_edges
            high = depth + 1
            frames[high, START], frames[high, COUNT] = low_start + low_count, high_count
            frames[high, SIGN0], frames[high, EDGE0] = low_sign0 + low_count * low_cands, low_edge0 + low_edges
            frames[high, CAND0], frames[high, CANDS], frames[high, EDGE_COUNT] = high_cand0, high_cands, high_edges
            state[DEPTH] = depth + 2
        state[NEXT] += 1
