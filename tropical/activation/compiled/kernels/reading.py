"""Cells, each read off its lowest vertex, compiled."""

import numpy as np

from tropical.activation.compiled.kernels.compilation import compiled, inlined
from tropical.activation.compiled.kernels.machine import trailing_zeros
from tropical.activation.compiled.kernels.skeleton import (
    MARKED,
    SIDES,
    U0,
    U1,
    U2,
    U3,
    U4,
    U6,
    U8,
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
    for v in range(count):
        marked = sk.sides[v, SIDES] & MARKED != 0
        for w in range(words):
            vanishing[v, w] = sk.zeros[v, w] if marked else U0
        found = sk.flat[v] if marked else np.uint32(0)
        base, first = lanes_of(v, n, s), v << s >> U1
        up = U0
        for j in range(n):
            c = constraint(sk.lanes, base, j)
            if c < facets:
                found |= np.uint32(1) << np.uint32(c)
            else:
                vanishing[v, (c - facets) >> U6] |= flag_of(c - facets)
            pair = sk.lanes[first + j]
            up |= ((pair & U1) | (pair >> U32 & U1) << U1) << (j + j)
        around[v, LEVEL], around[v, FACETS] = np.uint32(0), found
        around[v, UP] = np.uint32(up) & sk.sides[v, SIDES]
    low = (U1 << s) - U1
    for v in range(count):
        if not sk.sides[v, SIDES] & MARKED:
            continue
        rest = np.uint64(around[v, UP])
        while rest:
            slot = trailing_zeros(rest)
            rest &= rest - U1
            back = np.uint64(sk.half[(v << s) + slot]) >> U1
            w, twin = back >> s, back & low
            if sk.sides[w, SIDES] & MARKED and vanishes_also(
                sk, v, constraint(sk.lanes, lanes_of(w, n, s), twin >> U1), facets
            ):
                around[v, UP] ^= np.uint32(U1 << slot)
                around[v, LEVEL] |= np.uint32(U1 << slot)
                around[w, LEVEL] |= np.uint32(U1 << twin)


@inlined
def first_sides(sk, n, s, v, around, opts):
    """As :func:`upward`, and edges of length 0 to vertices behind v: cells beside those to others were met there."""
    total = 1
    level, up = np.uint64(around[v, LEVEL]), np.uint64(around[v, UP])
    for j in range(n):
        opts[j] = np.int64(up >> (j + j) & U3)
        for slot in range(j + j, j + j + U2):
            if level >> slot & U1 and np.uint64(sk.half[(v << s) + slot]) >> (s + U1) > v:
                opts[j] |= np.int64(U1 << (slot & U1))
        total *= (opts[j] & 1) + (opts[j] >> 1)
    return total


@inlined
def chosen_slots(choice, n, opts):
    """The slots of one of the cells, as bits."""
    slots = U0
    x = choice
    for j in range(n):
        side = opts[j] >> 1
        if opts[j] == 3:
            side = x & 1
            x >>= 1
        slots |= (U1 << np.uint64(side)) << (j + j)
    return np.uint32(slots)


@inlined
def cluster_of(cell, v, slots, n, s, sk, around, met, seen, chosen):
    """Write the lowest vertices of a cell, v first, and its slots there; their number, or -1 if there is no room.

    It is 0 if the cell has a lower vertex, or one of these before v. ``met`` of each of them becomes ``cell``.
    """
    met[v], seen[0], chosen[0] = cell, v, slots
    low, two = (U1 << s) - U1, (n > U4) & (n <= U8)
    number = 1
    i = 0
    while i < number:
        y, own = np.uint64(seen[i]), chosen[i]
        rest = np.uint64(own & around[y, LEVEL])
        by = lanes_of(y, n, s)
        while rest:
            slot = trailing_zeros(rest)
            rest &= rest - U1
            back = np.uint64(sk.half[(y << s) + slot]) >> U1
            z, twin = back >> s, back & low
            if z < v:
                return 0
            if met[z] == cell:
                continue
            if number == len(seen):
                return -1
            bz = lanes_of(z, n, s)
            found = np.uint32(U1 << twin)
            for j in range(n):
                if j != twin >> U1:
                    place = place_of(sk.lanes, by, constraint(sk.lanes, bz, j), two)
                    side = own >> np.uint32(place + place + U1) & np.uint32(1)
                    found |= np.uint32(1) << (np.uint32(j + j) + side)
            if found & ~(around[z, LEVEL] | around[z, UP]):
                return 0
            met[z], seen[number], chosen[number] = cell, z, found
            number += 1
        i += 1
    return number


@inlined
def is_full(n, s, words, rigid, sk, around, vanishing, number, seen, chosen, both):
    """Whether a cell with such a cluster may have full dimension; ``both``: the units that vanish on it.

    It has not if one of the first ``rigid`` bits, whose rows are not 0, or a facet vanishes everywhere, or there is no
    next vertex.
    """
    v = np.uint64(seen[0])
    facets = around[v, FACETS]
    for w in range(words):
        both[w] = vanishing[v, w]
    further = False
    for i in range(number):
        y = np.uint64(seen[i])
        rest = np.uint64(chosen[i] & around[y, UP])
        while rest:
            z = np.uint64(sk.half[(y << s) + trailing_zeros(rest)]) >> (s + U1)
            rest &= rest - U1
            further = True
            facets &= around[z, FACETS]
            some = facets != 0
            for w in range(words):
                both[w] &= vanishing[z, w]
                some = some or both[w] != U0
            if not some:
                return True
    for place in range(rigid):
        if both[place >> U6] & flag_of(place):
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
            return at, np.int64(v)
        base = lanes_of(v, n, s)
        written = at
        for choice in range(total):
            slots = chosen_slots(choice, n, opts)
            if not plain:
                cell += 1
                number = cluster_of(cell, v, slots, n, s, sk, around, met, seen, chosen)
                if number < 0:
                    return written, -1 - np.int64(v)
                if not number:
                    continue
                if not is_full(n, s, words, rigid, sk, around, vanishing, number, seen, chosen, both):
                    continue
            for w in range(words):
                out[at, w] = sk.signs[v, w]
                zeros[at, w] = U0 if plain else both[w]
            for j in range(n):
                c = constraint(sk.lanes, base, j)
                if c >= facets and slots >> np.uint32(j + j + U1) & np.uint32(1):
                    place = c - facets
                    out[at, place >> U6] |= flag_of(place)
            at += 1
    return at, np.int64(count)
