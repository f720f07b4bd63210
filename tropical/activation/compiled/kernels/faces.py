"""Faces of a finished skeleton, each read off its lowest vertex: how many there are, and the cells beside facets."""

import numpy as np

from tropical.activation.compiled.kernels.compilation import compiled, inlined
from tropical.activation.compiled.kernels.skeleton import (
    MARKED,
    SIDES,
    U1,
    U2,
    U6,
    U32,
    constraint,
    flag_of,
    lanes_of,
    upward,
)


@inlined
def is_left_out(sk, n, s, facets, infinity, v, i):
    """Whether faces on the i-th constraint of v are left out: they lie at infinity, or belong to another part."""
    c = constraint(sk.lanes, lanes_of(np.uint64(v), np.uint64(n), np.uint64(s)), np.uint64(i))
    if c < np.uint64(facets):
        return infinity and c == np.uint64(0)
    return not sk.sides[v, SIDES] >> np.uint32(2 * i + 1) & np.uint32(1)


@inlined
def multiply(found, i, u, keep):
    """Multiply a polynomial of degree i by keep + u x."""
    found[i + 1] = 0
    for k in range(i + 1, 0, -1):
        found[k] = keep * found[k] + u * found[k - 1]
    found[0] *= keep


@compiled
def count_faces(count, n, s, facets, infinity, sk, totals, kinds, ups, found):
    """Add the numbers of faces of each dimension; the number of marked vertices.

    A face has one lowest vertex, where it leaves some of the constraints along edges that go up. Hence those at a
    vertex are counted by elementary symmetric polynomials in the numbers of such edges. With ``infinity`` facet 0 is
    left out, and so is, in the part below it, a unit that divides two parts. Where nothing is left out vertices are
    counted by ``kinds``: how many of these numbers are 1, and how many are 2.
    """
    marked = 0
    every = np.uint32((1 << 2 * n) - 1)
    upper = every // np.uint32(3) * np.uint32(2)
    kinds[:] = 0
    for v in range(count):
        sides = sk.sides[v, SIDES]
        marked += 1 if sides & MARKED else 0
        if sides & every == every or (not infinity and sides & upper == upper):
            ones = twos = 0
            base, exist = v << s >> 1, np.uint64(sides)
            for i in range(n):
                pair = sk.lanes[base + i]
                u = np.int64((pair & exist & U1) + (pair >> U32 & exist >> U1 & U1))
                exist >>= U2
                ones += u & 1
                twos += u >> 1
            kinds[ones, twos] += 1
            continue
        upward(sk, n, s, v, ups)
        found[0] = 1
        for i in range(n):
            u = (ups[i] & 1) + (ups[i] >> 1)
            multiply(found, i, u, 0 if is_left_out(sk, n, s, facets, infinity, v, i) else 1)
        for k in range(n + 1):
            totals[k] += found[k]
    for ones in range(n + 1):
        for twos in range(n + 1 - ones):
            if kinds[ones, twos]:
                found[0] = 1
                for i in range(n):
                    multiply(found, i, 1 if i < ones else 2 if i < ones + twos else 0, 1)
                for k in range(n + 1):
                    totals[k] += kinds[ones, twos] * found[k]
    return marked


@compiled
def read_facets(begin, count, n, s, facets, words, sk, out, bits, at, ups):
    """Write for each facet on a unit the signs of the cell below it, and the unit's bit; (facets written, next vertex).

    No vertex may be marked.
    """
    for v in range(begin, count):
        upward(sk, n, s, v, ups)
        base = lanes_of(np.uint64(v), np.uint64(n), np.uint64(s))
        if at + (n << (n - 1)) > len(bits):
            return at, v
        for i in range(n):
            c = constraint(sk.lanes, base, np.uint64(i))
            if c < np.uint64(facets) or is_left_out(sk, n, s, facets, False, v, i):
                continue
            total = 1
            for j in range(n):
                if j != i:
                    total *= (ups[j] & 1) + (ups[j] >> 1)
            for choice in range(total):
                bits[at] = np.int64(c) - facets
                for w in range(words):
                    out[at, w] = sk.signs[v, w]
                x = choice
                for j in range(n):
                    if j == i:
                        continue
                    above = ups[j] >> 1
                    if ups[j] == 3:
                        above = x & 1
                        x >>= 1
                    cj = constraint(sk.lanes, base, np.uint64(j))
                    if above and cj >= np.uint64(facets):
                        place = cj - np.uint64(facets)
                        out[at, place >> U6] |= flag_of(place)
                at += 1
    return at, count


@compiled
def read_incidences(begin, count, n, s, facets, bit, words, sk, out, vertices, at):
    """Write for each vertex on a unit, and each facet on it there, the signs of the cells beside it, that bit cleared.

    Returns (incidences written, next vertex). No vertex may be marked.
    """
    for v in range(begin, count):
        base = lanes_of(np.uint64(v), np.uint64(n), np.uint64(s))
        tight = False
        total = 1
        for j in range(n):
            c = constraint(sk.lanes, base, np.uint64(j))
            if c == np.uint64(facets + bit):
                tight = True
            elif sk.sides[v, SIDES] >> np.uint32(2 * j) & np.uint32(3) == np.uint32(3):
                total *= 2
        if not tight:
            continue
        if at + total > len(vertices):
            return at, v
        for choice in range(total):
            vertices[at] = v
            for w in range(words):
                out[at, w] = sk.signs[v, w]
            x = choice
            for j in range(n):
                c = constraint(sk.lanes, base, np.uint64(j))
                sides = sk.sides[v, SIDES] >> np.uint32(2 * j) & np.uint32(3)
                if c < np.uint64(facets) or c == np.uint64(facets + bit):
                    continue
                above = sides >> np.uint32(1)
                if sides == np.uint32(3):
                    above = np.uint32(x & 1)
                    x >>= 1
                if above:
                    place = c - np.uint64(facets)
                    out[at, place >> U6] |= flag_of(place)
            at += 1
    return at, count
