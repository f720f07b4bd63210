"""Compiled halves of a cell: the units that still cut them, their generators and edges."""

import numpy as np

from tropical.activation.compiled.kernels.bits import unit_flag
from tropical.activation.compiled.kernels.compilation import inlined
from tropical.activation.compiled.kernels.workspace import RENAMED


@inlined
def find_signs(count, sign0, candidates, new, signs, fresh_signs, seen):
    """For every candidate the signs that occur: bits 1, 2 of ``seen`` for + and - on the high side, 4, 8 on the low."""
    for c in range(1, candidates):
        flags = 0
        for j in range(new):
            s = fresh_signs[j, c]
            flags |= 5 * (s > 0) | 10 * (s < 0)
            if flags == 15:
                break
        j = 0
        while j < count and flags != 15:
            at = sign0 + j * candidates
            side, s = signs[at], signs[at + c]
            both = 1 * (s > 0) | 2 * (s < 0)
            flags |= both * (side >= 0) | 4 * both * (side <= 0)
            j += 1
        seen[c] = flags


@inlined
def filter_child(side, cand0, candidates, cands, target, seen, patterns, depth, kept):
    """List from ``target`` on the candidates with both signs on a side (0: high, 1: low), and count them.

    The others leave the list, and their one sign enters the pattern.
    """
    remaining = 0
    for c in range(1, candidates):
        k = cands[cand0 + c]
        flags = seen[c] >> 2 * side & 3
        if flags == 3:
            kept[side, remaining] = c
            cands[target + remaining] = k
            remaining += 1
        elif flags == 1:
            patterns[depth, k >> 6] |= unit_flag(k)
    return remaining


@inlined
def build_child(
    side, start, count, sign0, candidates, edge0, edge_count, new, bit, flat_count, to_point, to_sign, to_edge,
    remaining, points, masks, signs, edges, fresh, fresh_masks, fresh_signs, fresh_edge, flat, kept, lists,
):  # fmt: skip
    """Write the generators and edges on one side (0: high, 1: low) of the first candidate's hyperplane.

    Returns how many there are of each.
    """
    width, words = points.shape[1], masks.shape[1]
    word, flag = bit >> 6, np.uint64(1) << np.uint64(bit & 63)
    total = 0
    for j in range(count):
        s = signs[sign0 + j * candidates]
        if s * (1 - 2 * side) >= 0:
            lists[RENAMED, j] = total
            for i in range(width):
                points[to_point + total, i] = points[start + j, i]
            for w in range(words):
                masks[to_point + total, w] = masks[start + j, w]
            if s == 0:
                masks[to_point + total, word] |= flag
            for c in range(remaining):
                signs[to_sign + total * remaining + c] = signs[sign0 + j * candidates + kept[side, c]]
            total += 1
    for j in range(new):
        lists[RENAMED, count + j] = total
        for i in range(width):
            points[to_point + total, i] = fresh[j, i]
        for w in range(words):
            masks[to_point + total, w] = fresh_masks[j, w]
        masks[to_point + total, word] |= flag
        for c in range(remaining):
            signs[to_sign + total * remaining + c] = fresh_signs[j, kept[side, c]]
        total += 1
    made = to_edge
    for e in range(edge_count):
        i, j = np.int64(edges[edge0 + e, 0]), np.int64(edges[edge0 + e, 1])
        beyond_i = signs[sign0 + i * candidates] * (1 - 2 * side) < 0
        beyond_j = signs[sign0 + j * candidates] * (1 - 2 * side) < 0
        if beyond_i or beyond_j:
            if fresh_edge[e] < 0:
                continue
            if beyond_i:
                i = count + fresh_edge[e]
            else:
                j = count + fresh_edge[e]
        edges[made, 0] = lists[RENAMED, i]
        edges[made, 1] = lists[RENAMED, j]
        made += 1
    for e in range(flat_count):
        edges[made, 0] = lists[RENAMED, flat[e, 0]]
        edges[made, 1] = lists[RENAMED, flat[e, 1]]
        made += 1
    return total, made - to_edge
