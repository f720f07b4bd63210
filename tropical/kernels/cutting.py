"""Compiled cutting: split each parent cell by the hyperplanes of a layer's units, depth first.

A cell has generators (see ``points``), the edges between them, and for each generator a bit mask of the constraints
that vanish there. Bits are local to a cell: one that no generator uses is free for the next cut. A part with an
ambiguous sign is suspended and left to rational arithmetic.
"""

import numpy as np
from numba import njit

from tropical.kernels.points import (
    AMBIGUOUS,
    COARSE,
    EXACT,
    UNIT,
    evaluate,
    exact_point,
    gcd,
    lowest_bit,
    popcount,
    rounded_point,
    sign_of,
    solved_point,
)

DONE, OUTPUT_FULL, ARENA_FULL, MASK_FULL, SUSPENDED_FULL = 0, 1, 2, 3, 4
CELLS, GENERATORS, EDGES, CONSTRAINTS, SUSPENDED = 0, 1, 2, 3, 4  # entries of ``written``
START, COUNT, SIGN0, CAND0, CANDS, EDGE0, EDGE_COUNT = 0, 1, 2, 3, 4, 5, 6  # entries of a frame


@njit(cache=True)
def free_bit(masks, start, count):
    """Lowest bit that none of the generators uses, or -1."""
    for w in range(masks.shape[1]):
        used = np.uint64(0)
        for i in range(count):
            used |= masks[start + i, w]
        if used != np.uint64(0xFFFFFFFFFFFFFFFF):
            return 64 * w + lowest_bit(~used)
    return -1


@njit(cache=True, inline="always")
def root_signs(rows, p, e0, e1, points, errors, lo, count, signs, ups, downs, dots, sizes, norms):
    """Signs of every unit at every generator of parent p, generator-major in ``signs``; False if one is ambiguous."""
    dim, units = rows.shape[1], rows.shape[2]
    gamma = (dim + 4) * UNIT
    for k in range(units):
        ups[k] = 0
        downs[k] = 0
        norms[k] = 0.0
    for i in range(dim):
        for k in range(units):
            norms[k] += abs(rows[p, i, k])
    clear = True
    for j in range(count):
        norm = 0.0
        for i in range(1, dim):
            norm += abs(points[lo + j, i])
        error = errors[lo + j]
        lead = points[lo + j, 0] + error
        norm += (dim - 1) * error
        for k in range(units):
            dots[k] = 0.0
            sizes[k] = 0.0
        for i in range(dim):
            x = points[lo + j, i]
            for k in range(units):
                product = rows[p, i, k] * x
                dots[k] += product
                sizes[k] += abs(product)
        for k in range(units):
            bound = 1.0001 * (gamma * sizes[k] + e0[p, k] * lead + e1[p, k] * norm + error * norms[k])
            if error == 0.0 and e0[p, k] == 0.0 and e1[p, k] == 0.0 and sizes[k] < EXACT:
                bound = 0.0
            up = np.int8(dots[k] > bound)
            down = np.int8(dots[k] < -bound)
            ups[k] |= up
            downs[k] |= down
            signs[j * units + k] = up - down
            if up == down and not (bound == 0.0 and dots[k] == 0.0):
                clear = False
        if not clear:
            return False
    return True


@njit(cache=True, inline="always")
def new_generators(
    frame,
    candidates,
    cands,
    points,
    errors,
    masks,
    signs,
    edges,
    cut_rows,
    e0,
    e1,
    p,
    bit_row,
    table,
    table0,
    table1,
    values,
    bounds,
    fresh,
    fresh_errors,
    fresh_masks,
    fresh_signs,
    fresh_edge,
    work,
    tally,
):
    """Generators where the first candidate's hyperplane crosses an edge: their number, -1 if ambiguous, -2 if full."""
    start, sign0, cand0 = frame[START], frame[SIGN0], frame[CAND0]
    unit = cands[cand0]
    words = masks.shape[1]
    dim = points.shape[1]
    new = 0
    for e in range(frame[EDGE_COUNT]):
        fresh_edge[e] = -1
        i, j = edges[frame[EDGE0] + e, 0], edges[frame[EDGE0] + e, 1]
        si, sj = signs[sign0 + i * candidates], signs[sign0 + j * candidates]
        if si * sj >= 0:
            continue
        if si < 0:
            i, j = j, i
        if new >= fresh.shape[0]:
            return -2
        fresh_edge[e] = new
        exact = (
            errors[start + i] == 0.0
            and errors[start + j] == 0.0
            and bounds[i] == 0.0
            and bounds[j] == 0.0
            and exact_point(points, start + i, start + j, values[i], values[j], fresh, new)
        )
        for w in range(words):
            fresh_masks[new, w] = masks[start + i, w] & masks[start + j, w]
        if exact:
            fresh_errors[new] = 0.0
        else:
            error = rounded_point(
                points,
                start + i,
                errors[start + i],
                start + j,
                errors[start + j],
                values[i],
                bounds[i],
                values[j],
                bounds[j],
                fresh,
                new,
            )
            size = 1.0
            for c in range(1, dim):
                size = max(size, abs(fresh[new, c]))
            if not error < COARSE * size and (points[start + i, 0] > 0.0 or points[start + j, 0] > 0.0):
                better = resolve(
                    fresh_masks[new], bit_row, table, table0, table1, cut_rows, unit, e0[p, unit], e1[p, unit], work
                )
                if better < error:
                    error = better
                    for c in range(dim):
                        fresh[new, c] = work[3, 0, c]
                tally[3] += 1
            fresh_errors[new] = error
        for c in range(1, candidates):
            si = signs[sign0 + i * candidates + c]
            sj = signs[sign0 + j * candidates + c]
            if si * sj >= 0:
                fresh_signs[new, c] = si if si != 0 else sj
                tally[0] += 1
            else:
                k = cands[cand0 + c]
                value, bound = evaluate(cut_rows, k, e0[p, k], e1[p, k], fresh, new, fresh_errors[new])
                s = sign_of(value, bound)
                tally[1 if bound == 0.0 else 2] += 1
                if s == AMBIGUOUS:
                    return -1
                fresh_signs[new, c] = s
        new += 1
    return new


@njit(cache=True)
def resolve(mask, bit_row, table, table0, table1, cut_rows, unit, c0, c1, work):
    """Solve for the point where the constraints of ``mask`` and the unit's row vanish; it is left in work[3, 0]."""
    dim = table.shape[1]
    n = dim - 1
    system, errors = work[0, :n, :dim], work[4]
    found = 0
    for w in range(mask.shape[0]):
        bits = mask[w]
        while bits and found < n - 1:
            row = bit_row[64 * w + lowest_bit(bits)]
            bits &= bits - np.uint64(1)
            for c in range(dim):
                system[found, c] = table[row, c]
            errors[0, found] = table0[row]
            errors[1, found] = table1[row]
            found += 1
    if found < n - 1:
        return np.inf
    for c in range(dim):
        system[found, c] = cut_rows[unit, c]
    errors[0, found] = c0
    errors[1, found] = c1
    return solved_point(system, errors[0], errors[1], work[3], 0, work[1], work[2])


@njit(cache=True, inline="always")
def facet_edges(
    frame, candidates, masks, signs, edges, new, fresh_masks, word, flag, members, member_masks, sizes, found
):
    """Edges inside the hyperplane that the cell does not have; members >= count are fresh. Their number, or -1 if full.

    At a generator on exactly n constraints any n - 1 of them meet in an edge; elsewhere the combinatorial test decides.
    """
    start, count, sign0 = frame[START], frame[COUNT], frame[SIGN0]
    words = masks.shape[1]
    n = found.shape[1] - 2  # the row length of ``found`` carries the dimension
    total = 0
    for j in range(count):
        if signs[sign0 + j * candidates] == 0:
            members[total] = j
            for w in range(words):
                member_masks[total, w] = masks[start + j, w]
            member_masks[total, word] |= flag
            total += 1
    zeros = total
    for j in range(new):
        members[total] = count + j
        for w in range(words):
            member_masks[total, w] = fresh_masks[j, w]
        member_masks[total, word] |= flag
        total += 1
    for a in range(total):
        size = 0
        for w in range(words):
            size += popcount(member_masks[a, w])
        sizes[a] = size
    made = 0
    for a in range(total):
        first = member_masks[a, 0]
        for b in range(a + 1, total):
            shared = popcount(first & member_masks[b, 0])
            for w in range(1, words):
                shared += popcount(member_masks[a, w] & member_masks[b, w])
            if shared < n - 1:
                continue
            if sizes[a] != n and sizes[b] != n and not facet_adjacent(member_masks, total, a, b):
                continue
            if b < zeros and known_edge(edges, frame[EDGE0], frame[EDGE_COUNT], members[a], members[b]):
                continue
            if made >= found.shape[0]:
                return -1
            found[made, 0] = members[a]
            found[made, 1] = members[b]
            made += 1
    return made


@njit(cache=True)
def facet_adjacent(masks, total, a, b):
    """Combinatorial edge test (Fukuda and Prodon 1996): no third generator lies on all common constraints."""
    words = masks.shape[1]
    for k in range(total):
        if k != a and k != b:
            inside = True
            for w in range(words):
                common = masks[a, w] & masks[b, w]
                if masks[k, w] & common != common:
                    inside = False
                    break
            if inside:
                return False
    return True


@njit(cache=True)
def known_edge(edges, start, count, a, b):
    """Whether {a, b} is among the edges of the cell."""
    for e in range(start, start + count):
        if (edges[e, 0] == a and edges[e, 1] == b) or (edges[e, 0] == b and edges[e, 1] == a):
            return True
    return False


@njit(cache=True, inline="always")
def filter_child(side, frame, candidates, new, fresh_signs, signs, cands, target, pattern, kept):
    """Find the candidates that stay mixed on one side of the first one's hyperplane, and list them for ``target``.

    The others leave the list, and their one sign enters ``pattern``; ``kept`` are the places of those that stay.
    """
    count, sign0, cand0 = frame[COUNT], frame[SIGN0], frame[CAND0]
    remaining = 0
    for c in range(1, candidates):
        positive = negative = False
        for j in range(count):
            if signs[sign0 + j * candidates] * side >= 0:
                s = signs[sign0 + j * candidates + c]
                positive = positive or s > 0
                negative = negative or s < 0
        for j in range(new):
            s = fresh_signs[j, c]
            positive = positive or s > 0
            negative = negative or s < 0
        if positive and negative:
            kept[remaining] = c
            cands[target[CAND0] + remaining] = cands[cand0 + c]
            remaining += 1
        else:
            pattern[cands[cand0 + c]] = 1 if positive else (-1 if negative else 0)
    target[CANDS] = remaining
    target[COUNT] = 0
    target[EDGE_COUNT] = 0


@njit(cache=True, inline="always")
def build_child(
    side, frame, candidates, new, word, flag, fresh, fresh_errors, fresh_masks, fresh_signs, fresh_edge,
    flat, flat_count,
    points, errors, masks, signs, edges, target, kept, renamed,
):  # fmt: skip
    """Write the generators and edges on one side of the first candidate's hyperplane to ``target``."""
    start, count, sign0 = frame[START], frame[COUNT], frame[SIGN0]
    dim, words = points.shape[1], masks.shape[1]
    remaining = target[CANDS]
    to_point, to_sign = target[START], target[SIGN0]
    total = 0
    for j in range(count):
        s = signs[sign0 + j * candidates]
        if s * side >= 0:
            renamed[j] = total
            for i in range(dim):
                points[to_point + total, i] = points[start + j, i]
            errors[to_point + total] = errors[start + j]
            for w in range(words):
                masks[to_point + total, w] = masks[start + j, w]
            if s == 0:
                masks[to_point + total, word] |= flag
            for c in range(remaining):
                signs[to_sign + total * remaining + c] = signs[sign0 + j * candidates + kept[c]]
            total += 1
    for j in range(new):
        renamed[count + j] = total
        for i in range(dim):
            points[to_point + total, i] = fresh[j, i]
        errors[to_point + total] = fresh_errors[j]
        for w in range(words):
            masks[to_point + total, w] = fresh_masks[j, w]
        masks[to_point + total, word] |= flag
        for c in range(remaining):
            signs[to_sign + total * remaining + c] = fresh_signs[j, kept[c]]
        total += 1
    made = 0
    for e in range(frame[EDGE_COUNT]):
        i, j = edges[frame[EDGE0] + e, 0], edges[frame[EDGE0] + e, 1]
        si, sj = signs[sign0 + i * candidates] * side, signs[sign0 + j * candidates] * side
        if si >= 0 and sj >= 0:
            pass
        elif fresh_edge[e] >= 0:
            if si < 0:
                i = count + fresh_edge[e]
            else:
                j = count + fresh_edge[e]
        else:
            continue
        edges[target[EDGE0] + made, 0] = renamed[i]
        edges[target[EDGE0] + made, 1] = renamed[j]
        made += 1
    for e in range(flat_count):
        edges[target[EDGE0] + made, 0] = renamed[flat[e, 0]]
        edges[target[EDGE0] + made, 1] = renamed[flat[e, 1]]
        made += 1
    target[COUNT] = total
    target[EDGE_COUNT] = made


@njit(cache=True)
def place_after(low, high):
    """Let frame ``high`` begin where frame ``low`` ends."""
    high[START] = low[START] + low[COUNT]
    high[SIGN0] = low[SIGN0] + low[COUNT] * low[CANDS]
    high[EDGE0] = low[EDGE0] + low[EDGE_COUNT]


@njit(cache=True, inline="always")
def write_cell(
    parent, pattern, frame, points, errors, masks, edges, bit_row, table, table0, table1, keep, out, written
):
    """Append one finished cell; False if the output is full."""
    (
        out_parent,
        out_signs,
        out_pointer,
        out_points,
        out_errors,
        out_masks,
        out_edge_pointer,
        out_edges,
        out_row_pointer,
        out_row_bits,
        out_rows,
        out_row_errors,
    ) = out
    cell, used = written[CELLS], written[GENERATORS]
    if cell >= out_signs.shape[0]:
        return False
    if keep:
        start, count = frame[START], frame[COUNT]
        edge, row = written[EDGES], written[CONSTRAINTS]
        capacity = 64 * masks.shape[1]
        if (
            used + count > out_points.shape[0]
            or edge + frame[EDGE_COUNT] > out_edges.shape[0]
            or row + capacity > out_rows.shape[0]
        ):
            return False
        for j in range(count):
            for i in range(points.shape[1]):
                out_points[used + j, i] = points[start + j, i]
            out_errors[used + j] = errors[start + j]
            for w in range(masks.shape[1]):
                out_masks[used + j, w] = masks[start + j, w]
        for e in range(frame[EDGE_COUNT]):
            out_edges[edge + e, 0] = edges[frame[EDGE0] + e, 0]
            out_edges[edge + e, 1] = edges[frame[EDGE0] + e, 1]
        for w in range(masks.shape[1]):
            bits = np.uint64(0)
            for j in range(count):
                bits |= masks[start + j, w]
            while bits:
                b = lowest_bit(bits)
                bits &= bits - np.uint64(1)
                source = bit_row[64 * w + b]
                out_row_bits[row] = 64 * w + b
                for i in range(points.shape[1]):
                    out_rows[row, i] = table[source, i]
                out_row_errors[row, 0] = table0[source]
                out_row_errors[row, 1] = table1[source]
                row += 1
        written[GENERATORS] = used + count
        written[EDGES] = edge + frame[EDGE_COUNT]
        written[CONSTRAINTS] = row
        out_pointer[cell + 1] = written[GENERATORS]
        out_edge_pointer[cell + 1] = written[EDGES]
        out_row_pointer[cell + 1] = row
    for k in range(pattern.shape[0]):
        out_signs[cell, k] = pattern[k]
    out_parent[cell] = parent
    written[CELLS] = cell + 1
    return True


@njit(cache=True)
def cut_parents(first, parents, rows, e0, e1, keep, written, out, suspended_parent, suspended_signs, arena, tally):
    """Split parents first, first + 1, ... by their rows; return (status, first parent not finished).

    ``parents`` holds the parents' cells as ``out`` receives the new ones (geometry iff ``keep``); rows, shape
    (cells, n + 1, units), are those of parents first, first + 1, .... Parts with an ambiguous sign are suspended: their
    undecided units have sign AMBIGUOUS. ``written`` counts what is complete. ``tally`` counts predicates: inferred from
    the ends of an edge, exact on integers, within error bounds; and vertices solved for anew.
    """
    (
        _,
        _,
        pointer,
        in_points,
        in_errors,
        in_masks,
        edge_pointer,
        in_edges,
        row_pointer,
        row_bits,
        in_rows,
        in_row_errors,
    ) = parents
    points, errors, masks, signs, cands, edges = arena
    total, dim, units = rows.shape
    n = dim - 1
    words = masks.shape[1]
    bits = 64 * words
    frames = np.empty((units + 3, 7), np.int64)
    low, high = np.empty(7, np.int64), np.empty(7, np.int64)
    patterns = np.empty((units + 3, units), np.int8)
    bit_rows = np.empty((units + 3, bits), np.int32)
    table = np.zeros((bits + units, dim))
    table0, table1 = np.zeros(bits + units), np.zeros(bits + units)
    ups, downs = np.empty(units, np.int8), np.empty(units, np.int8)
    dots, sizes, norms = np.empty(units), np.empty(units), np.empty(units)
    cut_rows = np.empty((units, dim))
    kept_low, kept_high = np.empty(units, np.int64), np.empty(units, np.int64)
    work = np.zeros((5, max(n, 2), dim))
    room = points.shape[0]  # of everything counted in generators: enlarging the arena enlarges it all
    values, bounds = np.empty(room), np.empty(room)
    fresh, fresh_errors = np.empty((room, dim)), np.empty(room)
    fresh_masks, fresh_signs = np.empty((room, words), np.uint64), np.empty((room, units), np.int8)
    fresh_edge = np.empty(edges.shape[0], np.int64)
    members, member_sizes = np.empty(2 * room, np.int64), np.empty(2 * room, np.int64)
    member_masks = np.empty((2 * room, words), np.uint64)
    flat = np.empty((edges.shape[0], n + 2), np.int32)
    renamed = np.empty(2 * room, np.int64)
    done = np.empty(5, np.int64)
    for q in range(total):
        parent = first + q
        for i in range(5):
            done[i] = written[i]
        lo, count = pointer[parent], pointer[parent + 1] - pointer[parent]
        edge_lo, edge_count = edge_pointer[parent], edge_pointer[parent + 1] - edge_pointer[parent]
        if (
            count > points.shape[0]
            or count * units > signs.shape[0]
            or units > cands.shape[0]
            or edge_count > edges.shape[0]
        ):
            return ARENA_FULL, parent
        if not root_signs(rows, q, e0, e1, in_points, in_errors, lo, count, signs, ups, downs, dots, sizes, norms):
            if written[SUSPENDED] >= suspended_parent.shape[0]:
                return SUSPENDED_FULL, parent
            suspended_signs[written[SUSPENDED], :] = AMBIGUOUS
            suspended_parent[written[SUSPENDED]] = parent
            written[SUSPENDED] += 1
            continue
        tally[2] += count * units
        candidates = 0
        for k in range(units):
            if ups[k] and downs[k]:
                cands[candidates] = k
                patterns[0, k] = 0
                divisor = 1.0
                if e0[q, k] == 0.0 and e1[q, k] == 0.0:
                    common = np.int64(0)
                    for i in range(dim):
                        if abs(rows[q, i, k]) >= EXACT:
                            common = np.int64(1)
                            break
                        common = gcd(np.int64(abs(rows[q, i, k])), common)
                    divisor = float(common)
                for i in range(dim):
                    cut_rows[k, i] = rows[q, i, k] / divisor
                    table[bits + k, i] = cut_rows[k, i]
                table0[bits + k] = e0[q, k]
                table1[bits + k] = e1[q, k]
                candidates += 1
            else:
                patterns[0, k] = ups[k] - downs[k]
        if candidates <= 1 and not keep:
            if written[CELLS] + 2 > out[1].shape[0]:
                return OUTPUT_FULL, parent
            for child in range(candidates + 1):
                if candidates:
                    patterns[0, cands[0]] = 1 - 2 * child
                for k in range(units):
                    out[1][written[CELLS], k] = patterns[0, k]
                out[0][written[CELLS]] = parent
                written[CELLS] += 1
            continue
        if candidates > 0 or keep:
            for j in range(count):
                for c in range(candidates):
                    signs[j * candidates + c] = signs[j * units + cands[c]]
                for i in range(dim):
                    points[j, i] = in_points[lo + j, i]
                errors[j] = in_errors[lo + j]
                for w in range(words):
                    masks[j, w] = in_masks[lo + j, w]
            for e in range(edge_count):
                edges[e, 0] = in_edges[edge_lo + e, 0]
                edges[e, 1] = in_edges[edge_lo + e, 1]
            for r in range(row_pointer[parent], row_pointer[parent + 1]):
                b = row_bits[r]
                bit_rows[0, b] = b
                for i in range(dim):
                    table[b, i] = in_rows[r, i]
                table0[b] = in_row_errors[r, 0]
                table1[b] = in_row_errors[r, 1]
        frames[0, START], frames[0, COUNT], frames[0, SIGN0], frames[0, CAND0] = 0, count, 0, 0
        frames[0, CANDS], frames[0, EDGE0], frames[0, EDGE_COUNT] = candidates, 0, edge_count
        depth = 1
        status = DONE
        while depth > 0:
            depth -= 1
            frame = frames[depth]
            candidates = frame[CANDS]
            if candidates == 0:
                if not write_cell(
                    parent,
                    patterns[depth],
                    frame,
                    points,
                    errors,
                    masks,
                    edges,
                    bit_rows[depth],
                    table,
                    table0,
                    table1,
                    keep,
                    out,
                    written,
                ):
                    status = OUTPUT_FULL
                    break
                continue
            unit = cands[frame[CAND0]]
            if candidates == 1 and not keep:
                fits = True
                for side in (1, -1):
                    patterns[depth, unit] = side
                    fits = fits and write_cell(
                        parent,
                        patterns[depth],
                        frame,
                        points,
                        errors,
                        masks,
                        edges,
                        bit_rows[depth],
                        table,
                        table0,
                        table1,
                        False,
                        out,
                        written,
                    )
                if not fits:
                    status = OUTPUT_FULL
                    break
                continue
            start, count = frame[START], frame[COUNT]
            bit = free_bit(masks, start, count)
            if bit < 0:
                status = MASK_FULL
                break
            word, flag = bit // 64, np.uint64(1) << np.uint64(bit % 64)
            for j in range(count):
                if signs[frame[SIGN0] + j * candidates] != 0:
                    values[j], bounds[j] = evaluate(
                        cut_rows, unit, e0[q, unit], e1[q, unit], points, start + j, errors[start + j]
                    )
            new = new_generators(
                frame,
                candidates,
                cands,
                points,
                errors,
                masks,
                signs,
                edges,
                cut_rows,
                e0,
                e1,
                q,
                bit_rows[depth],
                table,
                table0,
                table1,
                values,
                bounds,
                fresh,
                fresh_errors,
                fresh_masks,
                fresh_signs,
                fresh_edge,
                work,
                tally,
            )
            if new == -2:
                status = ARENA_FULL
                break
            if new == -1:
                if written[SUSPENDED] >= suspended_parent.shape[0]:
                    status = SUSPENDED_FULL
                    break
                for k in range(units):
                    suspended_signs[written[SUSPENDED], k] = patterns[depth, k]
                for c in range(candidates):
                    suspended_signs[written[SUSPENDED], cands[frame[CAND0] + c]] = AMBIGUOUS
                suspended_parent[written[SUSPENDED]] = parent
                written[SUSPENDED] += 1
                continue
            low[START], low[SIGN0] = start + count, frame[SIGN0] + count * candidates
            low[CAND0], low[EDGE0] = frame[CAND0] + candidates, frame[EDGE0] + frame[EDGE_COUNT]
            if low[CAND0] + 2 * candidates > cands.shape[0]:
                status = ARENA_FULL
                break
            bit_rows[depth, bit] = bits + unit
            for b in range(bits):
                bit_rows[depth + 1, b] = bit_rows[depth, b]
            for k in range(units):
                patterns[depth + 1, k] = patterns[depth, k]
            filter_child(-1, frame, candidates, new, fresh_signs, signs, cands, low, patterns[depth], kept_low)
            high[CAND0] = low[CAND0] + low[CANDS]
            filter_child(1, frame, candidates, new, fresh_signs, signs, cands, high, patterns[depth + 1], kept_high)
            # Without geometry to keep, a part with at most one candidate left is settled by its signs.
            need_low, need_high = keep or low[CANDS] > 1, keep or high[CANDS] > 1
            if need_low or need_high:
                flat_count = facet_edges(
                    frame, candidates, masks, signs, edges, new, fresh_masks, word, flag, members, member_masks,
                    member_sizes, flat,
                )  # fmt: skip
                need, need_edges = 2 * (count + new), 2 * (frame[EDGE_COUNT] + max(flat_count, 0))
                if (
                    flat_count < 0
                    or low[START] + need > points.shape[0]
                    or low[SIGN0] + need * candidates > signs.shape[0]
                    or low[EDGE0] + need_edges > edges.shape[0]
                ):
                    status = ARENA_FULL
                    break
                if need_low:
                    build_child(
                        -1, frame, candidates, new, word, flag, fresh, fresh_errors, fresh_masks, fresh_signs,
                        fresh_edge, flat, flat_count, points, errors, masks, signs, edges, low, kept_low, renamed,
                    )  # fmt: skip
                place_after(low, high)
                if need_high:
                    build_child(
                        1, frame, candidates, new, word, flag, fresh, fresh_errors, fresh_masks, fresh_signs,
                        fresh_edge, flat, flat_count, points, errors, masks, signs, edges, high, kept_high, renamed,
                    )  # fmt: skip
            else:
                place_after(low, high)
            patterns[depth, unit] = -1
            patterns[depth + 1, unit] = 1
            for i in range(7):
                frames[depth, i] = low[i]
                frames[depth + 1, i] = high[i]
            depth += 2
        if status != DONE:
            written[:] = done
            return status, parent
    return DONE, first + total
