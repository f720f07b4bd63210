"""New vertices: one on every edge that a unit cuts."""

import numpy as np

from tropical.activation.compiled.kernels.compilation import compiled, inlined
from tropical.activation.compiled.kernels.lists import enlist, push
from tropical.activation.compiled.kernels.machine import leading_zeros, prefetch, trailing_zeros
from tropical.activation.compiled.kernels.refining import MOST_ERROR, refine
from tropical.activation.compiled.kernels.skeleton import (
    BOUND,
    EXACT,
    LANE,
    MARKED,
    SIDES,
    U0,
    U1,
    U2,
    U3,
    U4,
    U6,
    U8,
    U63,
    constraint,
    flag_of,
    lanes_of,
    mark,
)
from tropical.activation.compiled.kernels.values import INTEGERS, LEAST, NOTHING, UNIT, WIDER, row_value

U16 = np.uint64(16)
EXACT_FLOATS = np.int64(1 << 53)
SMALL = np.int64(1 << 16)  # integers below it are left as they are
FAR, NEAR = np.uint64(14), np.uint64(6)  # how many new vertices ahead memory is asked for


@compiled
def gcd(a, b):
    """The greatest common divisor of a positive integer and one that is not negative."""
    b %= a
    if b == 0:
        return a
    shift = np.int64(trailing_zeros(np.uint64(a | b)))
    a >>= np.int64(trailing_zeros(np.uint64(a)))
    while b:
        b >>= np.int64(trailing_zeros(np.uint64(b)))
        a, b = min(a, b), abs(a - b)
    return a << shift


@inlined
def exact_between(sk, a, b, za, zb, p, lead, columns, shift):
    """Values at p, where a form with integer values za < 0 < zb vanishes between exact vertices; False on overflow."""
    for c in range(lead, columns):
        if zb * abs(sk.values[a, c]) - za * abs(sk.values[b, c]) >= 4.0e18:
            return False
    ia, ib = np.int64(zb), np.int64(-za)
    largest = np.int64(0)
    for c in range(lead, columns):
        largest = max(largest, abs(ia * np.int64(sk.values[a, c]) + ib * np.int64(sk.values[b, c])))
    divisor = np.int64(1)
    if largest >= SMALL:
        divisor = largest
        for c in range(lead, columns):
            divisor = gcd(divisor, abs(ia * np.int64(sk.values[a, c]) + ib * np.int64(sk.values[b, c])))
            if divisor == 1:
                break
        if float(largest // divisor) >= INTEGERS:
            return False
    for c in range(lead, columns):
        x = ia * np.int64(sk.values[a, c]) + ib * np.int64(sk.values[b, c])
        sk.values[p, c] = float(x) / float(divisor) if largest < EXACT_FLOATS else float(x // divisor)
        sk.errors[p, shift + c] = NOTHING
    return True


@inlined
def copied_between(sk, b, p, columns, shift):
    """Values and height at p, which lies at b."""
    for c in range(columns):
        sk.values[p, c] = sk.values[b, c]
    for c in range(shift, shift + columns):
        sk.errors[p, c] = sk.errors[b, c]
    sk.height[p, 0], sk.bounds[p, BOUND] = sk.height[b, 0], sk.bounds[b, BOUND]
    sk.sides[p, SIDES] |= sk.sides[b, SIDES] & EXACT


@inlined
def place_between(sk, a, b, za, ea, zb, eb, p, lead, columns, shift):
    """Values and height at the new vertex p of the edge (a, b), on which a form is negative at a, positive at b."""
    marks = sk.sides[a, SIDES] | sk.sides[b, SIDES]
    fa = fb = 1.0
    if marks & EXACT:
        fa /= sk.values[a, columns - U1]
        fb /= sk.values[b, columns - U1]
    ya, yb, da, db = za * fa, zb * fb, ea * fa, eb * fb
    gap = (yb - ya) - (da + db) - 8 * UNIT * (abs(ya) + abs(yb))
    t = 0.5
    q = np.inf
    if gap > 0.0 and ya < 0.0 and yb > 0.0:
        t = ya / (ya - yb)
        q = ((1.0 - t) * da + t * db) / gap + 16 * UNIT
    low, high = sk.height[a, 0], sk.height[b, 0]
    d = high - low
    sk.height[p, 0] = low + t * d
    error = (1.0 - t) * np.float64(sk.bounds[a, BOUND]) + t * np.float64(sk.bounds[b, BOUND]) + abs(d) * q
    error = (error + 8 * UNIT * (abs(low) + abs(high))) * WIDER + LEAST
    sk.bounds[p, BOUND] = np.float32(error if error < np.inf else np.inf)  # never NaN: the largest one counts
    exact = sk.sides[a, SIDES] & sk.sides[b, SIDES] & EXACT != 0 and ea == 0.0 and eb == 0.0
    if exact and exact_between(sk, a, b, za, zb, p, lead, columns, shift):
        sk.sides[p, SIDES] |= EXACT
        return
    fa32, fb32 = np.float32((1.0 - t) * fa * WIDER), np.float32(t * fb * WIDER)
    q32, least = np.float32(q * WIDER), np.float32(LEAST)
    small = np.float32(8.001 * UNIT)
    wider = np.float32(1.00001)
    for c in range(lead, columns):
        xa, xb = sk.values[a, c] * fa, sk.values[b, c] * fb
        ca, cb = sk.errors[a, shift + c], sk.errors[b, shift + c]
        x = xb - xa
        sk.values[p, c] = xa + t * x
        size = np.float32(abs(xa) + abs(xb))
        error32 = (fa32 * ca + fb32 * cb + np.float32(abs(x)) * q32 + small * size) * wider + least
        nothing = (xa == 0.0) & (xb == 0.0) & (ca == NOTHING) & (cb == NOTHING)
        sk.errors[p, shift + c] = NOTHING if nothing else error32
    sk.values[p, columns - U1], sk.errors[p, shift + columns - U1] = 1.0, NOTHING


@inlined
def open_signs(first, rows, row_errors, sk, p, x, y, bit, first_bit, last_word, shift):
    """Signs at p, of the unit of ``bit``, on the edge (x, y), below it at x: inherited, or by values. False: unsure."""
    w = bit >> U6
    for i in range(w):
        sk.signs[p, i] = sk.signs[x, i] | sk.signs[y, i]
    flag = flag_of(bit)
    behind = flag - U1
    ahead = ~(behind | flag)
    sure = True
    while w <= last_word:
        a, b = sk.signs[x, w], sk.signs[y, w]
        word = ((a | b) & ahead) | (a & b & behind)
        diff = (a ^ b) & behind
        while diff:
            k = leading_zeros(diff)
            flag = U1 << (U63 - k)
            diff ^= flag
            u = (w << U6) + k - first_bit
            if first:
                z, e = row_value(rows, row_errors, sk, p, u, shift)
            else:
                z, e = sk.values[p, u], np.float64(sk.errors[p, shift + u])
            if z > e:
                word |= flag
            elif not z < -e:
                if z == 0.0 and e == 0.0:
                    word |= flag
                    mark(sk, p)
                    sk.zeros[p, w] |= flag
                else:
                    sure = False
        sk.signs[p, w] = word
        w += U1
        behind, ahead = ~U0, U0
    return sure


@inlined
def common_zeros(sk, p, x, y):
    """Mark what vanishes at p, inside the edge (x, y), because it vanishes at both ends; p has no mark yet."""
    found = sk.flat[x] & sk.flat[y] != 0
    for w in range(sk.zeros.shape[1]):
        found = found or sk.zeros[x, w] & sk.zeros[y, w] != 0
    if found:
        mark(sk, p)
        sk.flat[p] = sk.flat[x] & sk.flat[y]
        for w in range(sk.zeros.shape[1]):
            sk.zeros[p, w] = sk.zeros[x, w] & sk.zeros[y, w]


@inlined
def signs_at_end(sk, p, a, b, released, bit, last_word, facets):
    """Signs at p, of the unit of ``bit``, which vanishes at the upper end b of the edge (a, b): p lies there.

    There vanish the same constraints as at b, but for that unit, and the one that b releases along the edge.
    """
    w = bit >> U6
    flag = flag_of(bit)
    behind = flag - U1
    for i in range(w):
        sk.signs[p, i] = sk.signs[a, i] | sk.signs[b, i]
    sk.signs[p, w] = ((sk.signs[a, w] | sk.signs[b, w]) & ~(behind | flag)) | (sk.signs[b, w] & behind)
    for i in range(w + U1, last_word + U1):
        sk.signs[p, i] = sk.signs[b, i]
    mark(sk, p)
    for i in range(np.uint64(sk.zeros.shape[1])):
        sk.zeros[p, i] = sk.zeros[b, i]
    sk.zeros[p, w] &= ~flag
    sk.flat[p] = sk.flat[b]
    if released < facets:
        sk.flat[p] |= np.uint32(1) << np.uint32(released)
    else:
        sk.zeros[p, (released - facets) >> U6] |= flag_of(released - facets)


@compiled
def split_edges(
    first, rows, row_errors, solver, sk, n, s, facets, bit, first_bit, last_word, lead, columns, shift, begin, items,
    count, todo, highs, head, fill, chunks, state, doubts,
):  # fmt: skip
    """Put a new vertex on every edge of items[:count], which then hold the half-edges of their lower ends.

    Returns the number of new vertices with ambiguous signs, listed in ``doubts``; the halves of their edges are not
    listed yet. ``todo``: the half-edges of new vertices that are to be joined; ``highs``: their heights.
    """
    low = (U1 << s) - U1
    doubtful = U0
    u = bit - first_bit
    flag = flag_of(bit)
    wi = bit >> U6
    words, width = np.uint64(sk.signs.shape[1]), np.uint64(sk.values.shape[1])
    single = wi == last_word
    behind = flag - U1
    for it in range(count):
        if it + FAR < count:
            prefetch(sk.half, np.uint64(items[it + FAR]))
        if it + NEAR < count:
            h = np.uint64(items[it + NEAR])
            hb = np.uint64(sk.half[h]) >> U1
            prefetch(sk.half, hb)
            for v in (h >> s, hb >> s):
                prefetch(sk.height, v << U1)
                prefetch(sk.signs, v * words)
                for c in range(lead, columns, U8):
                    prefetch(sk.values, v * width + c)
                for c in range(shift + lead, shift + columns, U16):
                    prefetch(sk.errors, U2 * v * width + c)
        ha = np.uint64(items[it])
        ta = np.uint64(sk.half[ha])
        hb = ta >> U1
        tb = np.uint64(sk.half[hb])
        if sk.signs[ha >> s, wi] & flag:
            ha, hb = hb, ha
            ta, tb = tb, ta
        a, b = ha >> s, hb >> s
        p = begin + it
        i = (ha & low) >> U1
        hp = p << s
        to, of = lanes_of(p, n, s), lanes_of(a, n, s)
        for j in range((n + U3) >> U2):
            sk.lanes[to + j] = sk.lanes[of + j]
        at = to + (i >> U2)
        place = (i & U3) << U4
        sk.lanes[at] = (sk.lanes[at] & ~(LANE << place)) | ((facets + bit) << place)
        pair = np.uint32(3) << np.uint32(i << U1)
        marks = sk.sides[a, SIDES] & sk.sides[b, SIDES]
        exists = (sk.sides[a, SIDES] & ~(EXACT | MARKED)) | pair
        sk.sides[p, SIDES] = exists
        todo[it] = exists & ~pair
        qa = hp + (i << U1)
        qb = qa + U1
        sk.half[ha] = (qa << U1) | (ta & U1)
        sk.half[qa] = (ha << U1) | (tb & U1)
        sk.half[hb] = (qb << U1) | (tb & U1)
        sk.half[qb] = (hb << U1) | (ta & U1)
        items[it] = ha
        for w in range(last_word + U1, words):
            sk.signs[p, w] = U0
        if sk.sides[b, SIDES] & MARKED and sk.zeros[b, wi] & flag:
            copied_between(sk, b, p, columns, shift)
            highs[it] = sk.height[p, 0]
            released = constraint(sk.lanes, lanes_of(b, n, s), (hb & low) >> U1)
            signs_at_end(sk, p, a, b, released, bit, last_word, facets)
            enlist(p, a, qa, bit, last_word, sk.signs, head, fill, chunks, state)
            continue
        if marks & MARKED:
            common_zeros(sk, p, a, b)
        if first:
            za, ea = row_value(rows, row_errors, sk, a, u, shift)
            zb, eb = row_value(rows, row_errors, sk, b, u, shift)
        else:
            za, ea = sk.values[a, u], np.float64(sk.errors[a, shift + u])
            zb, eb = sk.values[b, u], np.float64(sk.errors[b, shift + u])
        place_between(sk, a, b, za, ea, zb, eb, p, lead, columns, shift)
        if first and not sk.bounds[p, BOUND] < MOST_ERROR and len(solver.direction):
            refine(sk, p, n, s, facets, solver, columns, shift)
        highs[it] = sk.height[p, 0]
        if not first:
            sk.values[p, u], sk.errors[p, shift + u] = 0.0, NOTHING
        if not open_signs(first, rows, row_errors, sk, p, a, b, bit, first_bit, last_word, shift):
            doubts[doubtful] = it
            doubtful += U1
        elif single:
            word = sk.signs[p, wi]
            m = (sk.signs[a, wi] ^ word) & behind
            if m:
                push((wi << U6) + leading_zeros(m), qa, head, fill, chunks, state)
            m = (sk.signs[b, wi] ^ word) & behind
            if m:
                push((wi << U6) + leading_zeros(m), qb, head, fill, chunks, state)
        else:
            enlist(p, a, qa, bit, last_word, sk.signs, head, fill, chunks, state)
            enlist(p, b, qb, bit, last_word, sk.signs, head, fill, chunks, state)
    return doubtful


@compiled
def finish_vertex(sk, s, bit, last_word, begin, it, items, highs, head, fill, chunks, state):
    """List the halves of the edge on which new vertex ``it`` lies, once its signs are known."""
    low = (U1 << s) - U1
    p = begin + it
    ha = np.uint64(items[it])
    qa = (p << s) + ((ha & low) & ~U1)
    qb = qa + U1
    highs[it] = sk.height[p, 0]
    enlist(p, ha >> s, qa, bit, last_word, sk.signs, head, fill, chunks, state)
    enlist(p, (np.uint64(sk.half[qb]) >> U1) >> s, qb, bit, last_word, sk.signs, head, fill, chunks, state)
