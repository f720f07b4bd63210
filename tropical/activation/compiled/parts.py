"""Parts of a skeleton on either side of a processed unit: the unit of bounded memory and of parallel work."""

import numpy as np
from numpy.typing import NDArray

from tropical.activation.compiled.kernels.dividing import choose_side, copy_side, count_sides
from tropical.activation.compiled.kernels.skeleton import Room, Skeleton, columns_of, slots_for

_LARGEST = 0.8  # share of the vertices that the larger part may keep
_SAMPLE = 1 << 14  # vertices that are asked where to divide


def keep_side(sk: Skeleton, count: int, dim: int, facets: int, places: NDArray[np.int64]) -> int:
    """Leave only the part, so many vertices, on which the units of all ``places`` (of bits) are positive or tight.

    They bound it as facets do.
    """
    shape, where = _shape(dim, facets), np.empty(count, np.int64)
    kept = int(choose_side(count, *shape, sk, places, True, where))
    copy_side(count, *shape, sk, places, True, where, sk)
    return kept


def separate_side(sk: Skeleton, count: int, dim: int, facets: int, places: NDArray[np.int64]) -> tuple[Skeleton, int]:
    """The part on which they are negative or tight, with memory of its own."""
    shape, where = _shape(dim, facets), np.empty(count, np.int64)
    kept = int(choose_side(count, *shape, sk, places, False, where))
    new = Room().skeleton(kept, dim, sk.signs.shape[1], columns_of(sk))
    copy_side(count, *shape, sk, places, False, where, new)
    return new, kept


def _shape(dim: int, facets: int) -> tuple[np.uint64, np.uint64, np.uint64]:
    return np.uint64(dim), np.uint64(slots_for(dim)), np.uint64(facets)


def vertices_of(sk: Skeleton, dim: int, chosen: NDArray[np.int64]) -> Skeleton:
    """Some vertices of a skeleton, without the edges between them and without values."""
    new = Room().skeleton(len(chosen), dim, sk.signs.shape[1], 1)
    slots = (1 << slots_for(dim)) // 2
    for name in ("height", "signs", "zeros", "flat"):
        getattr(new, name)[:] = getattr(sk, name)[chosen]
    new.lanes.reshape(-1, slots)[:] = sk.lanes.reshape(-1, slots)[chosen]
    return new


def best_division(sk: Skeleton, count: int, dim: int, facets: int, places: NDArray[np.int64]) -> int | None:
    """The place of the bit, among the given ones, that divides the vertices best, if well enough; from a sample."""
    if not len(places):
        return None
    above, tight = np.zeros((2, 64 * sk.signs.shape[1]), np.int64)
    step = max(count // _SAMPLE, 1)
    count_sides(count, step, *_shape(dim, facets), sk, above, tight)
    above, tight, sample = above[places], tight[places], -(-count // step)
    largest = np.maximum(above, sample - above - tight) + tight
    best = int(largest.argmin())
    return int(places[best]) if largest[best] < _LARGEST * sample else None
