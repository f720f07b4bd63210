"""The skeleton of a simple complex: vertices, each on exactly n constraints, and the edges between them.

Every unit u has an infinitesimal bias e_u > 0, each much larger than all before it: where u vanishes it counts as
positive. In the complex so perturbed each vertex lies on n constraints (facets of the domain, or units) and each edge
on n - 1 of them; it is described by signs of standard parts alone.

A vertex v has S = 2^s slots of 32 bits in ``half``. Slot 2 i + side is the half-edge at v that releases its i-th
constraint towards a side (0: below, 1: above), as (twin << 1) | whether the other end is higher; a twin is the place of
the half-edge at the other end. Behind these 2 n slots stand the numbers of the n constraints, 16 bits each: facets
first, then bits of the signs.
"""

import math
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tropical.activation.compiled.kernels.compilation import compiled, inlined
from tropical.activation.compiled.kernels.machine import trailing_zeros

EXACT = np.uint32(1 << 31)  # mark of a vertex whose values are exact
MARKED = np.uint32(1 << 30)  # mark of one on which constraints vanish without being tight
NUMBER = 12  # bytes of a value with its error
BOUND, SIDES = 2, 3  # where the error of a height, and sides and marks, stand in ``bounds`` and ``sides``
NO_CONSTRAINT = 0x7FFF
MOST_DIMENSIONS = 15
U0, U1, U2, U3, U4, U6, U8, U32, U63 = (np.uint64(x) for x in (0, 1, 2, 3, 4, 6, 8, 32, 63))
LANE = np.uint64(0xFFFF)
ONES = np.uint64(0x0001000100010001)
HIGHEST = np.uint64(0x8000800080008000)


class Skeleton(NamedTuple):
    """Vertices of a simple complex; see the module.

    ``half`` and ``lanes`` are the slots, as 32 and as 64 bits. A record of 16 bytes is seen by three arrays:
    ``height[v, 0]`` of a generic linear functional, ``bounds[v, BOUND]`` on its error, and ``sides[v, SIDES]``, a bit
    for each half-edge that exists and two marks. ``signs``: a bit for each unit, 0 where the vertex is tight. ``zeros``
    and ``flat``: units and facets that vanish without being tight; to be read only if the vertex is MARKED.

    A row of ``values`` holds numbers, and behind them, as seen by ``errors`` from a column ``shift`` on, a bound on the
    error of each, 0 only for exact numbers. The numbers are the values of the units of the layer at work (of the
    first layer: coordinates instead), the homogenising coordinate x_0, and the normaliser N, one column if they are the
    same. EXACT vertices have integers, all times one positive number; all others have N = 1.
    """

    half: NDArray[np.uint32]
    lanes: NDArray[np.uint64]
    height: NDArray[np.float64]
    bounds: NDArray[np.float32]
    sides: NDArray[np.uint32]
    signs: NDArray[np.uint64]
    zeros: NDArray[np.uint64]
    flat: NDArray[np.uint32]
    values: NDArray[np.float64]
    errors: NDArray[np.float32]

    def __reduce__(self) -> tuple[Any, ...]:
        """By the arrays that own memory, each once."""
        lanes = self.lanes.reshape(len(self.sides), -1)
        return _skeleton, (lanes, self.height, self.signs, self.zeros, self.flat, self.values)


@inlined
def lanes_of(v, n, s):
    """Where the constraints of vertex v begin."""
    return ((v << s) >> U1) + n


@inlined
def constraint(lanes, base, i):
    """The i-th constraint of the vertex whose lanes begin at ``base``."""
    return (lanes[base + (i >> U2)] >> ((i & U3) << U4)) & LANE


@inlined
def zeros_in(x):
    """The highest bit of each 16-bit lane that is 0, exact for the lowest of them, if no lane has its highest bit."""
    return (x - ONES) & ~x & HIGHEST


@inlined
def place_of(lanes, base, c, two):
    """The place of constraint c, which is there, among those that begin at ``base``; ``two`` if these are 5 to 8.

    Which of two lanes has it nobody can predict: this is done without a branch.
    """
    pattern = c * ONES
    x = zeros_in(lanes[base] ^ pattern)
    if two:
        y = zeros_in(lanes[base + U1] ^ pattern)
        return (U0 if x else U4) + (trailing_zeros(x if x else y) >> U4)
    w = U0
    while not x:
        w += U1
        x = zeros_in(lanes[base + w] ^ pattern)
    return (w << U2) + (trailing_zeros(x) >> U4)


@inlined
def flag_of(bit):
    """The mask of a bit in its word: highest first, so that words compare like patterns."""
    return U1 << (U63 - (bit & U63))


@inlined
def vanishes_also(sk, v, c, facets):
    """Whether constraint c, on which the marked vertex v is not tight, vanishes there."""
    if c < facets:
        found = (sk.flat[v] >> np.uint32(c)) & np.uint32(1) != 0
    else:
        found = sk.zeros[v, (c - facets) >> U6] & flag_of(c - facets) != 0
    return found


@inlined
def vanishes(sk, v, c, facets):
    """The same at any vertex."""
    return sk.sides[v, SIDES] & MARKED != 0 and vanishes_also(sk, v, c, facets)


@inlined
def upward(sk, n, s, v, found):
    """For each constraint of v the sides, as bits 1 and 2, to which an edge leaves it and goes up; cells, at most."""
    total = 1
    base, exist = v << s >> 1, np.uint64(sk.sides[v, SIDES])
    for j in range(n):
        pair = sk.lanes[base + j]
        below, above = pair & exist & U1, pair >> U32 & exist >> U1 & U1
        exist >>= U2
        found[j] = np.int64(below | above << U1)
        total *= np.int64(below + above)
    return total


@inlined
def mark(sk, v):
    """Make room for constraints that vanish at v."""
    if not sk.sides[v, SIDES] & MARKED:
        sk.sides[v, SIDES] |= MARKED
        sk.flat[v] = np.uint32(0)
        for w in range(sk.zeros.shape[1]):
            sk.zeros[v, w] = U0


@compiled
def set_sign(sk, v, bit, positive, zero):
    """Write the sign of a bit at v, which had none or another one."""
    w, flag = bit >> U6, flag_of(bit)
    sk.signs[v, w] = (sk.signs[v, w] & ~flag) | (flag if positive else U0)
    if zero:
        mark(sk, v)
        sk.zeros[v, w] |= flag
    elif sk.sides[v, SIDES] & MARKED:
        sk.zeros[v, w] &= ~flag


def slots_for(dim: int) -> int:
    """The s of 2^s slots."""
    return (2 * dim + 2 * -(-dim // 4) - 1).bit_length()


def columns_of(sk: Skeleton) -> int:
    """How many numbers a row of values has."""
    return sk.values.shape[1] * 2 // 3


def shift_of(sk: Skeleton) -> int:
    """Where in a row of errors that of the first number stands."""
    return 2 * columns_of(sk)


def copied(sk: Skeleton, count: int) -> Skeleton:
    """The first vertices, with memory of their own."""
    lanes = sk.lanes.reshape(len(sk.sides), -1)
    return _skeleton(*(array[:count].copy() for array in (lanes, sk.height, sk.signs, sk.zeros, sk.flat, sk.values)))


class Room:
    """Memory for the skeletons of one sweep, one at a time, and for the next sweep's.

    Fresh pages cost more than what is done with them; those that nobody wrote to cost nothing.
    """

    def __init__(self) -> None:
        self._buffers: dict[str, NDArray[np.uint8]] = {}
        self._used: dict[str, int] = {}  # those used last at the end

    @property
    def used(self) -> int:
        """Bytes that were written to, at most."""
        return sum(self._used.values())

    def note(self, vertices: int, columns: int, others: int) -> None:
        """Rows of values, of so many numbers, and so many other bytes were written to at so many vertices."""
        for name, size in ((_values_name(columns), NUMBER * columns), ("others", others)):
            self._used[name] = max(self._used.pop(name, 0), size * vertices)

    def fits(self, most: int) -> bool:
        """Whether so many bytes are enough, once rows of values that were not used for long have been let go of."""
        for name in list(self._used):
            if self.used > most and name != "others":
                del self._used[name], self._buffers[name]
        return self.used <= most

    def skeleton(self, room: int, dim: int, words: int, columns: int) -> Skeleton:
        """Room for vertices, its content arbitrary."""
        slots = (1 << slots_for(dim)) // 2
        lanes = self.array("lanes", (room, slots), np.uint64)
        record = self.array("record", (room, 2), np.float64)
        return _skeleton(
            lanes,
            record,
            self.array("signs", (room, words), np.uint64),
            self.array("zeros", (room, words), np.uint64),
            self.array("flat", (room,), np.uint32),
            self._values(room, columns),
        )

    def widened(self, sk: Skeleton, count: int, columns: int) -> Skeleton:
        """The first vertices, with room for more numbers in their rows of values."""
        new, old = self._values(len(sk.sides), columns), columns_of(sk)
        if columns == old:
            return sk
        new[:count, :old] = sk.values[:count, :old]
        new.view(np.float32)[:count, 2 * columns : 2 * columns + old] = sk.errors[:count, 2 * old : 3 * old]
        return _skeleton(sk.lanes.reshape(len(new), -1), sk.height, sk.signs, sk.zeros, sk.flat, new)

    def resized(self, sk: Skeleton, count: int, room: int) -> Skeleton:
        """The first vertices, with room for more."""
        lanes = sk.lanes.reshape(len(sk.sides), -1)
        names = ("lanes", "record", "signs", "zeros", "flat", _values_name(columns_of(sk)))
        arrays = (lanes, sk.height, sk.signs, sk.zeros, sk.flat, sk.values)
        bigger = []
        for name, old in zip(names, arrays, strict=True):
            new = self.array(name, (room, *old.shape[1:]), old.dtype)
            if new.ctypes.data != old.ctypes.data:
                new[:count] = old[:count]
            bigger.append(new)
        return _skeleton(*bigger)

    def _values(self, room: int, columns: int) -> NDArray[np.float64]:
        found: NDArray[np.float64] = self.array(_values_name(columns), (room, columns + (columns + 1) // 2), np.float64)
        return found

    def array(self, name: str, shape: tuple[int, ...], kind: Any) -> NDArray[Any]:
        """An array of that name; of the one before it keeps nothing but, perhaps, its place."""
        size = math.prod(shape) * np.dtype(kind).itemsize
        buffer = self._buffers.get(name)
        if buffer is None or len(buffer) < size:
            bigger = np.empty(size + 64, np.uint8)
            self._buffers[name] = buffer = bigger[-bigger.ctypes.data % 64 :]
        return buffer[:size].view(kind).reshape(shape)


def _values_name(columns: int) -> str:
    return f"values {columns}"


_SPARE: deque[Room] = deque(maxlen=1)
_KEPT = 1 << 29  # bytes of a room that is kept: those of a part


@contextmanager
def borrowed_room() -> Iterator[Room]:
    """A room for one sweep: a spare one if there is any, since several threads may sweep."""
    try:
        room = _SPARE.pop()
    except IndexError:
        room = Room()
    try:
        yield room
    finally:
        if room.fits(_KEPT):
            _SPARE.append(room)


def _skeleton(
    lanes: NDArray[np.uint64],
    record: NDArray[np.float64],
    signs: NDArray[np.uint64],
    zeros: NDArray[np.uint64],
    flat: NDArray[np.uint32],
    values: NDArray[np.float64],
) -> Skeleton:
    flattened = lanes.reshape(-1)
    half, bounds, sides = flattened.view(np.uint32), record.view(np.float32), record.view(np.uint32)
    errors = values.view(np.float32)
    return Skeleton(half, flattened, record, bounds, sides, signs, zeros, flat, values, errors)
