"""New edges: one between the two new vertices of each 2-face that a unit cuts.

No vertex has the value 0, so the unit cuts exactly two edges of a polygon that it cuts. From one of the new vertices a
walk follows the polygon below the unit: at a vertex with constraints T_F + c + c', reached along c', the other edge of
the polygon F releases c, towards the side on which F lies.
"""

import numpy as np

from tropical.activation.compiled.kernels.compilation import compiled
from tropical.activation.compiled.kernels.lists import enlist, push
from tropical.activation.compiled.kernels.machine import leading_zeros, prefetch, trailing_zeros
from tropical.activation.compiled.kernels.skeleton import (
    BOUND,
    U0,
    U1,
    U4,
    U6,
    U8,
    constraint,
    flag_of,
    place_of,
    vanishes,
)
from tropical.activation.compiled.kernels.splitting import FAR, NEAR

OTHER, FORCED = 2, 3  # entries of ``state``: a vertex not to be compared in height, and what is then known of it


@compiled
def is_apart(sk, p, q, difference):
    """Whether it is sure which of two vertices is higher."""
    return abs(difference) > np.float64(sk.bounds[q, BOUND]) + np.float64(sk.bounds[p, BOUND])


@compiled
def join_vertices(
    sk, n, s, facets, bit, last_word, begin, it0, count, items, todo, highs, head, fill, chunks, state
):  # fmt: skip
    """Join the new vertices of a unit, from ``it0`` on.

    Returns ``count``, or the place of a new vertex of which it is not sure whether state[OTHER] is higher. When the
    work is taken up again, state[FORCED] says so: 1 or 0.
    """
    low = (U1 << s) - U1
    h0 = begin << s
    wi = bit >> U6
    single = wi == last_word
    two = (n > U4) & (n <= U8)
    behind = flag_of(bit) - U1
    most = 0.0
    for it in range(count):
        most = max(most, np.float64(sk.bounds[begin + it, BOUND]))
    most *= 2.0
    forced = state[FORCED]
    state[FORCED] = -1
    for it in range(it0, count):
        left = np.uint64(todo[it])
        p = begin + it
        hp = p << s
        ha = np.uint64(items[it])
        a0 = ha & ~low
        sa = ha & low
        ci, ti = constraint(sk.lanes, (a0 >> U1) + n, sa >> U1), sa & U1
        high = highs[it]
        if it + FAR < count:
            prefetch(sk.half, np.uint64(items[it + FAR]) & ~low)
            if s > U4:
                prefetch(sk.half, np.uint64(items[it + FAR]) | low)
        if it + NEAR < count:
            ahead = np.uint64(items[it + NEAR]) & ~low
            more = np.uint64(todo[it + NEAR])
            while more:
                r = trailing_zeros(more)
                more &= more - U1
                prefetch(sk.half, np.uint64(sk.half[ahead + r]) >> U1)
                if s > U4:
                    prefetch(sk.half, ((np.uint64(sk.half[ahead + r]) >> U1) & ~low) + n + n)
        while left:
            r = trailing_zeros(left)
            left &= left - U1
            t = np.uint64(sk.half[a0 + r]) >> U1
            c, side = ci, ti
            while True:
                v0 = t & ~low
                base = (v0 >> U1) + n
                slot = v0 + (place_of(sk.lanes, base, c, two) << U1) + side
                if v0 >= h0:
                    break
                sv = t & low
                t = np.uint64(sk.half[slot]) >> U1
                c = constraint(sk.lanes, base, sv >> U1)
                side = sv & U1
            q = v0 >> s
            at = q - begin
            d = highs[at] - high
            up = U1 if d > 0.0 else U0
            if forced >= 0:
                up = np.uint64(forced)
                forced = -1
            elif not abs(d) > most and not is_apart(sk, p, q, d) and not vanishes(sk, p, c, facets):
                todo[it] = np.uint32(left | (U1 << r))
                state[OTHER] = np.int64(q)
                return it
            todo[at] &= ~(np.uint32(1) << np.uint32(slot & low))
            sk.half[hp + r] = (slot << U1) | up
            sk.half[slot] = ((hp + r) << U1) | (U1 - up)
            if single:
                m = (sk.signs[p, wi] ^ sk.signs[q, wi]) & behind
                if m:
                    push((wi << U6) + leading_zeros(m), hp + r, head, fill, chunks, state)
            else:
                enlist(p, q, hp + r, bit, last_word, sk.signs, head, fill, chunks, state)
    return count
