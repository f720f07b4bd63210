"""Cells, each read off its lowest vertex, compiled."""

import numpy as np

from tropical.activation.compiled.kernels.compilation import compiled, inlined
from tropical.activation.compiled.kernels.skeleton import (
    MARKED,
    SIDES,
    U0,
    U1,
    U2,
    U6,
    U32,
    constraint,
    flag_of,
    lanes_of,
    vanishes_also,
)

MOST_IN_CLUSTER = 1 << 16


@inlined
def upward_sides(sk, n, base, v, opts):
    """For each constraint of v the sides, as bits 1 and 2, to which an edge leaves it and goes up; cells, at most."""
    total = 1
    exist = np.uint64(sk.sides[v, SIDES])
    for j in range(n):
        pair = sk.lanes[base + j]
        below, above = pair & exist & U1, pair >> U32 & exist >> U1 & U1
        exist >>= U2
        opts[j] = np.int64(below | above << U1)
        total *= np.int64(below + above)
    return total


@compiled
def options_of(sk, n, s, facets, v, opts):
    """The same, and edges of length 0 to vertices behind v: cells beside those to others were met there."""
    h = v << s
    total = 1
    for j in range(n):
        o = 0
        for side in range(2):
            if not sk.sides[v, SIDES] >> np.uint32(2 * j + side) & np.uint32(1):
                continue
            t = np.int64(sk.half[h + 2 * j + side])
            back = t >> 1
            w = back >> s
            slot = back & ((1 << s) - 1)
            c = constraint(sk.lanes, lanes_of(np.uint64(w), np.uint64(n), np.uint64(s)), np.uint64(slot >> 1))
            if w > v if vanishes_also(sk, v, c, np.uint64(facets)) else t & 1 != 0:
                o |= 1 << side
        opts[j] = o
        total *= (o & 1) + (o >> 1)
    return total


@inlined
def chosen_sides(choice, n, opts, sides):
    """The sides of one of the cells, of the first vertex of its cluster."""
    x = choice
    for j in range(n):
        if opts[j] == 3:
            sides[0, j] = x & 1
            x >>= 1
        else:
            sides[0, j] = opts[j] >> 1


@compiled
def read_cells(begin, count, n, s, facets, words, sk, out, zeros, at, seen, met, sides, opts, both, common):
    """Write the cells of which vertices begin, begin + 1, ... are the lowest; return (cells written, next vertex).

    Where edges have length 0 a cell has a cluster of lowest vertices, and is counted at the first of them. ``zeros``
    then marks the units that vanish at all vertices of the cluster and next to it: those whose rows are 0 on the cell,
    or some others if the cell is flat. Cells within a facet are left out. Next vertex -1 - v: v has a cluster that is
    larger than ``seen``. ``met`` has room for a number for each vertex.
    """
    nn, ss, ff = np.uint64(n), np.uint64(s), np.uint64(facets)
    mask = (1 << s) - 1
    cell = 0
    met[:] = 0
    for v in range(begin, count):
        plain = sk.sides[v, SIDES] & MARKED == 0
        total = upward_sides(sk, n, v << s >> 1, v, opts) if plain else options_of(sk, n, s, facets, v, opts)
        if not total:
            continue
        if at + total > len(out):
            return at, v
        base = lanes_of(np.uint64(v), nn, ss)
        written = at
        for choice in range(total):
            chosen_sides(choice, n, opts, sides)
            for w in range(words):
                both[w] = 0
            if not plain:
                cell += 1
                met[v] = cell
                seen[0] = v
                number = 1
                i = 0
                fine = True
                known = nothing = False
                faces = np.uint32(0)
                while i < number and fine:
                    y = seen[i]
                    by = lanes_of(np.uint64(y), nn, ss)
                    for j in range(n):
                        slot = 2 * j + np.int64(sides[i, j])
                        if not sk.sides[y, SIDES] >> np.uint32(slot) & np.uint32(1):
                            fine = False
                            break
                        t = np.int64(sk.half[(y << s) + slot])
                        back = t >> 1
                        z = back >> s
                        bz = lanes_of(np.uint64(z), nn, ss)
                        c = constraint(sk.lanes, bz, np.uint64((back & mask) >> 1))
                        if vanishes_also(sk, y, c, ff):
                            if z < v:
                                fine = False
                                break
                            if met[z] == cell:
                                continue
                            if number >= len(seen):
                                return written, -1 - v
                            met[z] = cell
                            seen[number] = z
                            for jz in range(n):
                                cz = constraint(sk.lanes, bz, np.uint64(jz))
                                if cz == c:
                                    sides[number, jz] = back & 1
                                    continue
                                for jy in range(n):
                                    if constraint(sk.lanes, by, np.uint64(jy)) == cz:
                                        sides[number, jz] = sides[i, jy]
                            number += 1
                            continue
                        if t & 1 == 0:
                            fine = False
                            break
                        if nothing:
                            continue
                        also = sk.sides[z, SIDES] & MARKED != 0
                        f = sk.flat[y] & sk.flat[z] if also else np.uint32(0)
                        for w in range(words):
                            common[w] = sk.zeros[y, w] & sk.zeros[z, w] if also else U0
                        for jy in range(n):
                            cy = constraint(sk.lanes, by, np.uint64(jy))
                            if jy == j and not (also and vanishes_also(sk, z, cy, ff)):
                                continue
                            if cy < ff:
                                f |= np.uint32(1) << np.uint32(cy)
                            else:
                                place = cy - ff
                                common[place >> U6] |= flag_of(place)
                        if known:
                            for w in range(words):
                                both[w] &= common[w]
                            faces &= f
                        else:
                            for w in range(words):
                                both[w] = common[w]
                            faces = f
                            known = True
                        nothing = not faces
                        for w in range(words):
                            nothing = nothing and not both[w]
                    i += 1
                if not fine or not known or faces:
                    continue
            for w in range(words):
                out[at, w] = sk.signs[v, w]
                zeros[at, w] = both[w]
            for j in range(n):
                c = constraint(sk.lanes, base, np.uint64(j))
                if c >= ff and sides[0, j]:
                    place = c - ff
                    out[at, place >> U6] |= flag_of(place)
            at += 1
    return at, count
