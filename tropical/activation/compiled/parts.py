"""Parts of a skeleton on either side of a processed unit: the unit of bounded memory and of parallel work."""

import numpy as np
from numpy.typing import NDArray

from tropical.activation.compiled.kernels.skeleton import NO_CONSTRAINT, SIDES, Room, Skeleton, slots_for

_LARGEST = 0.8  # share of the vertices that the larger part may keep


def constraints_of(sk: Skeleton, count: int, dim: int) -> NDArray[np.int64]:
    """The constraints of the first vertices, shape (count, dim)."""
    lanes = sk.lanes.reshape(len(sk.sides), -1)[:count, dim:]
    numbers = [lanes[:, i >> 2] >> np.uint64(16 * (i & 3)) & np.uint64(0xFFFF) for i in range(dim)]
    return np.stack(numbers, axis=1).astype(np.int64)


def part_of(
    sk: Skeleton, count: int, dim: int, facets: int, places: NDArray[np.int64], positive: bool
) -> tuple[Skeleton, int]:
    """The part on which the units of all ``places`` (of bits) have one sign; they bound it as facets do."""
    s = slots_for(dim)
    numbers = constraints_of(sk, count, dim) - facets
    flags = np.uint64(1) << (63 - (places & 63)).astype(np.uint64)
    inside = ((sk.signs[:count, places >> 6] & flags) != 0) == positive
    column = np.full(max(int(numbers.max(initial=0)), int(places.max())) + 2, -1)
    column[places] = np.arange(len(places))
    tight = np.where((numbers >= 0) & (numbers != NO_CONSTRAINT - facets), column[np.maximum(numbers, 0)], -1)
    for i in range(dim):
        rows = np.flatnonzero(tight[:, i] >= 0)
        inside[rows, tight[rows, i]] = True
    kept = np.flatnonzero(inside.all(axis=1))
    place = np.full(count, -1)
    place[kept] = np.arange(len(kept))
    new = Room().skeleton(len(kept), dim, sk.signs.shape[1], sk.values.shape[1] * 2 // 3)
    for name in ("height", "signs", "zeros", "flat", "values"):
        getattr(new, name)[:] = getattr(sk, name)[kept]
    halves, lanes = (array.reshape(len(sk.sides), -1) for array in (sk.half, sk.lanes))
    new_halves, new_lanes = (array.reshape(len(new.sides), -1) for array in (new.half, new.lanes))
    new_lanes[:] = lanes[kept]
    for i in range(dim):
        new.sides[tight[kept, i] >= 0, SIDES] &= ~np.uint32(1 << 2 * i + (not positive))
        for slot in (2 * i, 2 * i + 1):
            there = np.flatnonzero(new.sides[:, SIDES] >> np.uint32(slot) & np.uint32(1))
            old_half = halves[kept[there], slot].astype(np.int64)
            new_halves[there, slot] = place[old_half >> (s + 1)] << (s + 1) | old_half & ((2 << s) - 1)
    return new, len(kept)


def vertices_of(sk: Skeleton, dim: int, chosen: NDArray[np.int64]) -> Skeleton:
    """Some vertices of a skeleton, without the edges between them and without values."""
    new = Room().skeleton(len(chosen), dim, sk.signs.shape[1], 1)
    slots = (1 << slots_for(dim)) // 2
    for name in ("height", "signs", "zeros", "flat"):
        getattr(new, name)[:] = getattr(sk, name)[chosen]
    new.lanes.reshape(-1, slots)[:] = sk.lanes.reshape(-1, slots)[chosen]
    return new


def best_division(sk: Skeleton, count: int, dim: int, facets: int, places: NDArray[np.int64]) -> int | None:
    """The place of the bit, among the given ones, that divides the vertices best, if well enough."""
    if not len(places):
        return None
    numbers = constraints_of(sk, count, dim) - facets
    own = numbers[numbers >= 0]
    tight = np.bincount(own, minlength=int(places.max()) + 1)[places]
    flags = np.uint64(1) << (63 - (places & 63)).astype(np.uint64)
    marked = (sk.signs[:count, p >> 6] & flag for p, flag in zip(places.tolist(), flags, strict=True))
    above = np.array([np.count_nonzero(words) for words in marked])
    largest = np.maximum(above, count - above - tight) + tight
    best = int(largest.argmin())
    return int(places[best]) if largest[best] < _LARGEST * count else None
