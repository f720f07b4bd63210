"""Lists of the edges still to be cut: each edge waits in that of the first bit in which the signs of its ends differ.

A list is a chain of chunks of half-edges; ``head`` and ``fill`` are the last chunk of each bit, and its length. Chunks
come from a pool and go back to it, so no unit ever looks at an edge that it does not cut.
"""

import numpy as np

from tropical.activation.compiled.kernels.compilation import compiled, inlined
from tropical.activation.compiled.kernels.machine import leading_zeros, trailing_zeros
from tropical.activation.compiled.kernels.skeleton import SIDES, U1, U6, flag_of

CHUNK = 31  # half-edges in a chunk; its last entry is the chunk before it
FREE, USED = range(2)  # entries of ``state``: the first chunk that came back, and how many were ever taken
NOWHERE = np.uint64(1 << 32)
PRESENT = np.uint64((1 << 30) - 1)


@inlined
def push(bit, handle, head, fill, chunks, state):
    """Put a half-edge on the list of a bit."""
    f = fill[bit]
    c = head[bit]
    if f == CHUNK:
        g = state[FREE]
        if g >= 0:
            state[FREE] = chunks[g, CHUNK]
        else:
            g = state[USED]
            state[USED] = g + 1
        chunks[g, CHUNK] = c
        head[bit] = g
        c = g
        f = 0
    chunks[c, f] = np.int64(handle)
    fill[bit] = f + 1


@inlined
def first_difference(signs, a, b, after, last_word):
    """The first bit behind ``after``, up to ``last_word``, in which two vertices differ, or NOWHERE."""
    w = after >> U6
    m = (signs[a, w] ^ signs[b, w]) & (flag_of(after) - U1)
    while not m and w < last_word:
        w += U1
        m = signs[a, w] ^ signs[b, w]
    return (w << U6) + leading_zeros(m) if m else NOWHERE


@inlined
def enlist(p, q, handle, after, last_word, signs, head, fill, chunks, state):
    """Put the edge (p, q), with half-edge ``handle`` at p, on the list of the first bit behind ``after`` that cuts."""
    bit = first_difference(signs, p, q, after, last_word)
    if bit < NOWHERE:
        push(bit, handle, head, fill, chunks, state)


@compiled
def collect(count, s, begin, last_word, sk, head, fill, chunks, state):
    """List every edge under the first bit from ``begin`` on that cuts it; False if there is no room."""
    w0 = begin >> U6
    flag = flag_of(begin)
    mask = (flag - U1) | flag
    for v in range(np.uint64(count)):
        left = np.uint64(sk.sides[v, SIDES]) & PRESENT
        h = v << s
        while left:
            slot = trailing_zeros(left)
            left &= left - U1
            b = np.uint64(sk.half[h + slot]) >> (s + U1)
            if b <= v:
                continue
            w = w0
            m = (sk.signs[v, w] ^ sk.signs[b, w]) & mask
            while not m and w < last_word:
                w += U1
                m = sk.signs[v, w] ^ sk.signs[b, w]
            if m:
                if state[FREE] < 0 and state[USED] >= len(chunks):
                    return False
                push((w << U6) + leading_zeros(m), h + slot, head, fill, chunks, state)
    return True


@compiled
def length_of_list(bit, head, fill, chunks):
    """The number of edges on a list."""
    count = 0
    c = head[bit]
    if c >= 0:
        count = fill[bit]
        c = chunks[c, CHUNK]
        while c >= 0:
            count += CHUNK
            c = chunks[c, CHUNK]
    return count


@compiled
def take_list(bit, head, fill, chunks, items, state):
    """Move a list to ``items``: its length."""
    count = 0
    c = head[bit]
    m = fill[bit]
    while c >= 0:
        for i in range(m):
            items[count] = chunks[c, i]
            count += 1
        m = CHUNK
        following = chunks[c, CHUNK]
        chunks[c, CHUNK] = state[FREE]
        state[FREE] = c
        c = following
    head[bit] = -1
    fill[bit] = CHUNK
    return count
