"""The sweep, compiled: the units of a layer, one after the other, each splitting the edges and 2-faces that it cuts."""

import numpy as np

from tropical.activation.compiled.kernels.compilation import compiled
from tropical.activation.compiled.kernels.joining import join_vertices
from tropical.activation.compiled.kernels.lists import CHUNK, USED, length_of_list, take_list
from tropical.activation.compiled.kernels.skeleton import U1
from tropical.activation.compiled.kernels.splitting import split_edges

DONE, VERTICES_FULL, POOL_FULL, DOUBTS, HEIGHTS = range(5)
COUNT, AT_WORK, PLACE, DOUBTFUL, CUT = range(4, 9)  # further entries of ``state``
STATE = 9


@compiled
def cut_layer(
    first, last, rows, row_errors, solver, sk, n, s, facets, bits, first_bit, columns, shift, head, fill, chunks, items,
    todo, highs, doubts, state,
):  # fmt: skip
    """Process the units of a layer from bit state[AT_WORK] on; DONE, or why the work has to be left.

    DOUBTS: state[DOUBTFUL] new vertices, in ``doubts``, need signs; HEIGHTS: new vertex state[PLACE] and vertex
    state[OTHER] have to be compared. The work is taken up by calling it again.
    """
    last_word = (first_bit + bits - U1) >> np.uint64(6)
    while state[AT_WORK] < bits:
        k = np.uint64(state[AT_WORK])
        bit = first_bit + k
        begin = np.uint64(state[COUNT])
        if state[PLACE] < 0:
            length = length_of_list(bit, head, fill, chunks)
            if state[COUNT] + length > len(sk.sides):
                return VERTICES_FULL
            if len(chunks) - state[USED] < length * (np.int64(n) + 1) // CHUNK + np.int64(bits) + 2:
                return POOL_FULL
            state[CUT] = take_list(bit, head, fill, chunks, items, state)
            lead = (k + U1) if last and not first else np.uint64(0)
            doubtful = split_edges(
                first, rows, row_errors, solver, sk, n, s, facets, bit, first_bit, last_word, lead, columns, shift,
                begin, items, np.uint64(state[CUT]), todo, highs, head, fill, chunks, state, doubts,
            )  # fmt: skip
            state[PLACE] = 0
            if doubtful:
                state[DOUBTFUL] = np.int64(doubtful)
                return DOUBTS
        count = np.uint64(state[CUT])
        place = join_vertices(
            sk, n, s, facets, bit, last_word, begin, np.uint64(state[PLACE]), count, items, todo, highs, head, fill,
            chunks, state,
        )  # fmt: skip
        if place < count:
            state[PLACE] = np.int64(place)
            return HEIGHTS
        state[PLACE] = -1
        state[COUNT] += state[CUT]
        state[AT_WORK] += 1
    return DONE
