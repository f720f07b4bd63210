"""Compiled edges of the facet in which a hyperplane cuts a cell."""

import numpy as np

from tropical.activation.compiled.kernels.bits import lowest_bit, popcount
from tropical.activation.compiled.kernels.compilation import compiled, inlined
from tropical.activation.compiled.kernels.workspace import MEMBERS, SIZES

FEW = 24  # generators up to which all pairs are tried


@compiled
def common_constraints(masks, a, b):
    """Number of constraints on which generators a and b both lie."""
    shared = popcount(masks[a, 0] & masks[b, 0])
    for w in range(1, masks.shape[1]):
        shared += popcount(masks[a, w] & masks[b, w])
    return shared


@compiled
def alone_on_common(masks, total, a, b):
    """Combinatorial edge test (Fukuda and Prodon 1996): no third generator lies on all their common constraints."""
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


@compiled
def known_edge(edges, start, count, a, b):
    """Whether {a, b} is among the edges of the cell."""
    for e in range(start, start + count):
        if (edges[e, 0] == a and edges[e, 1] == b) or (edges[e, 0] == b and edges[e, 1] == a):
            return True
    return False


@compiled
def same_without(masks, a, i, b, j):
    """Whether the masks of a without bit i and of b without bit j are equal."""
    for w in range(masks.shape[1]):
        first, second = masks[a, w], masks[b, w]
        if i >> 6 == w:
            first &= ~(np.uint64(1) << np.uint64(i & 63))
        if j >> 6 == w:
            second &= ~(np.uint64(1) << np.uint64(j & 63))
        if first != second:
            return False
    return True


@compiled
def simple_pairs(masks, lists, total, n, bit, table, found):
    """Write the edges between members on exactly n constraints: pairs with the same mask but for one bit each.

    ``bit`` is the cutting hyperplane's, on which all members lie; ``table`` is for hashing. Returns their number, or
    -1 if an array is too short.
    """
    words = masks.shape[1]
    bits = 64 * words
    slots = 64
    while slots < 2 * total * n:
        slots *= 2
    if slots > table.shape[0]:
        return -1
    for slot in range(slots):
        table[slot] = 0
    made = 0
    for a in range(total):
        if lists[SIZES, a] != n:
            continue
        for w in range(words):
            rest = masks[a, w]
            while rest:
                low = lowest_bit(rest)
                rest &= rest - np.uint64(1)
                i = 64 * w + low
                if i == bit:
                    continue
                key = np.uint64(0)
                for v in range(words):
                    part = masks[a, v]
                    if v == w:
                        part &= ~(np.uint64(1) << np.uint64(low))
                    key = (key ^ part) * np.uint64(0x9E3779B97F4A7C15)
                    key ^= key >> np.uint64(29)
                slot = np.int64(key & np.uint64(slots - 1))
                while table[slot] != 0:
                    entry = table[slot] - 1
                    b = entry // bits
                    if same_without(masks, a, i, b, entry % bits):
                        break
                    slot = (slot + 1) & (slots - 1)
                if table[slot] == 0:
                    table[slot] = a * bits + i + 1
                else:
                    if made >= found.shape[0]:
                        return -1
                    found[made, 0] = (table[slot] - 1) // bits
                    found[made, 1] = a
                    made += 1
    return made


@inlined
def facet_edges(
    start, count, sign0, candidates, edge0, edge_count, new, n, bit, signs, masks, fresh_masks, edges, lists,
    member_masks, table, found,
):  # fmt: skip
    """List in ``found`` the edges inside the hyperplane that the cell does not have; their number, or -1 if full.

    Members are the cell's generators on the hyperplane and, numbered from its count on, the fresh ones. At a generator
    on exactly n constraints any n - 1 of them meet in an edge; elsewhere the combinatorial test decides.
    """
    words = masks.shape[1]
    word, flag = bit >> 6, np.uint64(1) << np.uint64(bit & 63)
    zeros = 0
    for j in range(count):
        if signs[sign0 + j * candidates] == 0:
            lists[MEMBERS, zeros] = j
            zeros += 1
    total = zeros + new
    for j in range(new):
        lists[MEMBERS, zeros + j] = count + j
    if n == 2:  # a line meets the boundary of a polygon in two points
        found[0, 0] = lists[MEMBERS, 0]
        found[0, 1] = lists[MEMBERS, 1]
        return 1
    for a in range(total):
        for w in range(words):
            member_masks[a, w] = masks[start + lists[MEMBERS, a], w] if a < zeros else fresh_masks[a - zeros, w]
        member_masks[a, word] |= flag
        lists[SIZES, a] = common_constraints(member_masks, a, a)
    made = 0
    many = total > FEW
    if many:
        made = simple_pairs(member_masks, lists, total, n, bit, table, found)
        if made < 0:
            return -1
    for a in range(total):
        simple = lists[SIZES, a] == n
        if many and simple:
            continue
        for b in range(total):
            other_simple = lists[SIZES, b] == n
            if b <= a and not (many and other_simple):
                continue
            if common_constraints(member_masks, a, b) < n - 1:
                continue
            if not simple and not other_simple and not alone_on_common(member_masks, total, a, b):
                continue
            if made >= found.shape[0]:
                return -1
            found[made, 0] = a
            found[made, 1] = b
            made += 1
    kept = 0
    for e in range(made):
        a, b = found[e, 0], found[e, 1]
        i, j = lists[MEMBERS, a], lists[MEMBERS, b]
        if a < zeros and b < zeros and known_edge(edges, edge0, edge_count, i, j):
            continue
        found[kept, 0] = i
        found[kept, 1] = j
        kept += 1
    return kept
