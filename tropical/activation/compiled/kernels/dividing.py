"""The vertices on one side of processed units, compiled: the units bound that part as facets do."""

import numpy as np

from tropical.activation.compiled.kernels.compilation import compiled, inlined
from tropical.activation.compiled.kernels.machine import leading_zeros, trailing_zeros
from tropical.activation.compiled.kernels.skeleton import (
    MARKED,
    SIDES,
    U0,
    U1,
    U6,
    U63,
    constraint,
    flag_of,
    lanes_of,
)

RECORD = 4  # numbers of 32 bits in which a vertex has its height, the bound of its error, sides and marks
LEFT_OUT = np.int64(-1)


@inlined
def lies_on(sk, base, n, c):
    """Whether constraint c is among those that begin at ``base``."""
    found = False
    for i in range(n):
        found = found or constraint(sk.lanes, base, i) == c
    return found


@compiled
def choose_side(count, n, s, facets, sk, places, positive, where):
    """Number the vertices on which the bits of ``places`` have one sign, or are tight; LEFT_OUT for the others."""
    kept = 0
    for v in range(np.uint64(count)):
        inside = True
        for place in places:
            bit = np.uint64(place)
            above = sk.signs[v, bit >> U6] & flag_of(bit) != 0
            if above != positive:
                inside = inside and positive and lies_on(sk, lanes_of(v, n, s), n, facets + bit)
        where[v] = kept if inside else LEFT_OUT
        kept += 1 if inside else 0
    return kept


@compiled
def copy_side(count, n, s, facets, sk, places, positive, where, new):
    """Copy the vertices that have a number, with the edges between them."""
    low = (U1 << s) - U1
    other = U0 if positive else U1
    for v in range(np.uint64(count)):
        if where[v] < 0:
            continue
        p = np.uint64(where[v])
        for i in range(RECORD):
            new.sides[p, i] = sk.sides[v, i]
        for w in range(np.uint64(sk.signs.shape[1])):
            new.signs[p, w] = sk.signs[v, w]
        if sk.sides[v, SIDES] & MARKED:
            new.flat[p] = sk.flat[v]
            for w in range(np.uint64(sk.zeros.shape[1])):
                new.zeros[p, w] = sk.zeros[v, w]
        for c in range(np.uint64(sk.values.shape[1])):
            new.values[p, c] = sk.values[v, c]
        from_, to = lanes_of(v, n, s), lanes_of(p, n, s)
        for i in range((n + U1 + U1 + U1) >> (U1 + U1)):
            new.lanes[to + i] = sk.lanes[from_ + i]
        for i in range(n):
            for place in places:
                if constraint(sk.lanes, from_, i) == facets + np.uint64(place):
                    new.sides[p, SIDES] &= ~(np.uint32(1) << np.uint32(i + i + other))
        left = np.uint64(new.sides[p, SIDES]) & ((U1 << (n + n)) - U1)
        while left:
            slot = trailing_zeros(left)
            left &= left - U1
            half = np.uint64(sk.half[(v << s) + slot])
            end = np.uint64(where[half >> (s + U1)])
            new.half[(p << s) + slot] = (end << (s + U1)) | (half & (low + low + U1))


@compiled
def count_sides(count, step, n, s, facets, sk, above, tight):
    """Of every ``step``-th vertex, for each bit, how many lie above it and how many on it."""
    for v in range(U0, np.uint64(count), np.uint64(step)):
        for w in range(np.uint64(sk.signs.shape[1])):
            word = sk.signs[v, w]
            while word:
                k = leading_zeros(word)
                word ^= U1 << (U63 - k)
                above[(w << U6) + k] += 1
        for i in range(n):
            c = constraint(sk.lanes, lanes_of(v, n, s), i)
            if c >= facets:
                tight[c - facets] += 1
