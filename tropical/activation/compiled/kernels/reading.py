"""Cells, each read off its lowest vertex, compiled."""

import numpy as np

from tropical.activation.compiled.kernels.compilation import compiled, inlined
from tropical.activation.compiled.kernels.machine import trailing_zeros
from tropical.activation.compiled.kernels.skeleton import (
    MARKED,
    SIDES,
    U0,
    U1,
    U6,
    U32,
    constraint,
    flag_of,
    lanes_of,
    place_of,
    upward,
    vanishes_also,
)

LEVEL, UP, FACETS = 0, 1, 2


@compiled
def look_around(count, n, s, facets, words, sk, around, vanishing):
    """Of each vertex the units that vanish there, as ``vanishing``, and three words ``around`` it, of bits.

    FACETS: the facets that vanish there. LEVEL: the slots of edges of length 0. UP: those of others that go up.
    """
    nn, ss, ff = np.uint64(n), np.uint64(s), np.uint64(facets)
    for v in range(count):
        marked = sk.sides[v, SIDES] & MARKED != 0
        for w in range(words):
            vanishing[v, w] = sk.zeros[v, w] if marked else U0
        found = sk.flat[v] if marked else np.uint32(0)
        base = lanes_of(np.uint64(v), nn, ss)
        for j in range(n):
            c = constraint(sk.lanes, base, np.uint64(j))
            if c < ff:
                found |= np.uint32(1) << np.uint32(c)
            else:
                vanishing[v, (c - ff) >> U6] |= flag_of(c - ff)
        up = np.uint32(0)
        for j in range(n):
            pair = sk.lanes[(v << s >> 1) + j]
            up |= np.uint32((pair & U1) | (pair >> U32 & U1) << U1) << np.uint32(2 * j)
        around[v, LEVEL], around[v, UP], around[v, FACETS] = np.uint32(0), up & sk.sides[v, SIDES], found
    for v in range(count):
        if not sk.sides[v, SIDES] & MARKED:
            continue
        rest = np.uint64(around[v, UP])
        while rest:
            slot = np.int64(trailing_zeros(rest))
            rest &= rest - U1
            back = np.int64(sk.half[(v << s) + slot] >> np.uint32(1))
            w, twin = back >> s, back & ((1 << s) - 1)
            if sk.sides[w, SIDES] & MARKED:
                c = constraint(sk.lanes, lanes_of(np.uint64(w), nn, ss), np.uint64(twin >> 1))
                if vanishes_also(sk, v, c, ff):
                    around[v, UP] ^= np.uint32(1) << np.uint32(slot)
                    around[v, LEVEL] |= np.uint32(1) << np.uint32(slot)
                    around[w, LEVEL] |= np.uint32(1) << np.uint32(twin)


@compiled
def first_sides(sk, n, s, v, around, opts):
    """As :func:`upward`, and edges of length 0 to vertices behind v: cells beside those to others were met there."""
    total = 1
    for j in range(n):
        opts[j] = 0
        for side in range(2):
            slot = 2 * j + side
            flag = np.uint32(1) << np.uint32(slot)
            behind = around[v, LEVEL] & flag and np.int64(sk.half[(v << s) + slot] >> np.uint32(1)) >> s > v
            if around[v, UP] & flag or behind:
                opts[j] |= 1 << side
        total *= (opts[j] & 1) + (opts[j] >> 1)
    return total


@inlined
def chosen_slots(choice, n, opts):
    """The slots of one of the cells, as bits."""
    slots = 0
    x = choice
    for j in range(n):
        side = opts[j] >> 1
        if opts[j] == 3:
            side = x & 1
            x >>= 1
        slots |= 1 << (2 * j + side)
    return np.uint32(slots)


@compiled
def cluster_of(cell, v, slots, n, s, sk, around, met, seen, chosen):
    """Write the lowest vertices of a cell, v first, and its slots there; their number, or -1 if there is no room.

    It is 0 if the cell has a lower vertex, or one of these before v. ``met`` of each of them becomes ``cell``.
    """
    nn, ss = np.uint64(n), np.uint64(s)
    met[v], seen[0], chosen[0] = cell, v, slots
    number = 1
    i = 0
    while i < number:
        y, own = seen[i], chosen[i]
        rest = np.uint64(own & around[y, LEVEL])
        by = lanes_of(np.uint64(y), nn, ss)
        while rest:
            slot = np.int64(trailing_zeros(rest))
            rest &= rest - U1
            back = np.int64(sk.half[(y << s) + slot] >> np.uint32(1))
            z, twin = back >> s, back & ((1 << s) - 1)
            if z < v:
                return 0
            if met[z] == cell:
                continue
            if number == len(seen):
                return -1
            bz = lanes_of(np.uint64(z), nn, ss)
            found = np.uint32(1) << np.uint32(twin)
            for j in range(n):
                if j != twin >> 1:
                    place = place_of(sk.lanes, by, constraint(sk.lanes, bz, np.uint64(j)), 4 < n <= 8)
                    side = own >> np.uint32(2 * place + U1) & np.uint32(1)
                    found |= np.uint32(1) << (np.uint32(2 * j) + side)
            if found & ~(around[z, LEVEL] | around[z, UP]):
                return 0
            met[z], seen[number], chosen[number] = cell, z, found
            number += 1
        i += 1
    return number


@compiled
def is_full(n, s, words, rigid, sk, around, vanishing, number, seen, chosen, both):
    """Whether a cell with such a cluster may have full dimension; ``both``: the units that vanish on it.

    It has not if one of the first ``rigid`` bits, whose rows are not 0, or a facet vanishes everywhere, or there is no
    next vertex.
    """
    v = seen[0]
    facets = around[v, FACETS]
    for w in range(words):
        both[w] = vanishing[v, w]
    further = False
    for i in range(number):
        y = seen[i]
        rest = np.uint64(chosen[i] & around[y, UP])
        while rest:
            slot = np.int64(trailing_zeros(rest))
            rest &= rest - U1
            z = np.int64(sk.half[(y << s) + slot] >> np.uint32(1)) >> s
            further = True
            facets &= around[z, FACETS]
            some = facets != 0
            for w in range(words):
                both[w] &= vanishing[z, w]
                some = some or both[w] != U0
            if not some:
                return True
    for place in range(rigid):
        if both[place >> 6] & flag_of(np.uint64(place)):
            return False
    return further and not facets


@compiled
def read_cells(
    begin, count, n, s, facets, words, rigid, sk, around, vanishing, out, zeros, at, seen, chosen, met, opts, both
):
    """Write the cells of which vertices begin, begin + 1, ... are the lowest; return (cells written, next vertex).

    Where edges have length 0 a cell has a cluster of lowest vertices, and is counted at the first of them. ``zeros``
    then marks the units that vanish at all vertices of the cluster and next to it: those whose rows are 0 on the cell,
    or some others if the cell is flat. Cells within a facet are left out, and those on one of the first ``rigid`` bits,
    whose rows are not 0. Next vertex -1 - v: v has a cluster that is larger than ``seen``. ``met`` has room for a
    number for each vertex.
    """
    cell = 0
    met[:] = 0
    for v in range(begin, count):
        plain = sk.sides[v, SIDES] & MARKED == 0
        total = upward(sk, n, s, v, opts) if plain else first_sides(sk, n, s, v, around, opts)
        if not total:
            continue
        if at + total > len(out):
            return at, v
        base = lanes_of(np.uint64(v), np.uint64(n), np.uint64(s))
        written = at
        for choice in range(total):
            slots = chosen_slots(choice, n, opts)
            if not plain:
                cell += 1
                number = cluster_of(cell, v, slots, n, s, sk, around, met, seen, chosen)
                if number < 0:
                    return written, -1 - v
                if not number:
                    continue
                if not is_full(n, s, words, rigid, sk, around, vanishing, number, seen, chosen, both):
                    continue
            for w in range(words):
                out[at, w] = sk.signs[v, w]
                zeros[at, w] = U0 if plain else both[w]
            for j in range(n):
                c = constraint(sk.lanes, base, np.uint64(j))
                if c >= np.uint64(facets) and slots >> np.uint32(2 * j + 1) & np.uint32(1):
                    place = c - np.uint64(facets)
                    out[at, place >> U6] |= flag_of(place)
            at += 1
    return at, count
