"""The sweep as a whole: stage by stage over one skeleton, which is divided where it grows too large."""

import functools
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tropical.activation.compiled.cells import CellReader
from tropical.activation.compiled.exact_vertices import ExactVertices, table_values
from tropical.activation.compiled.float_layers import Floats, cutting_rows
from tropical.activation.compiled.kernels import lists, sweeping
from tropical.activation.compiled.kernels.faces import count_faces
from tropical.activation.compiled.kernels.joining import FORCED, OTHER, is_apart
from tropical.activation.compiled.kernels.ordering import sort_ties
from tropical.activation.compiled.kernels.refining import NO_SOLVER, Solver
from tropical.activation.compiled.kernels.skeleton import NUMBER, Room, Skeleton, copied, shift_of, slots_for
from tropical.activation.compiled.kernels.splitting import finish_vertex
from tropical.activation.compiled.kernels.values import (
    LEAST,
    UNIT,
    clear_tight,
    first_signs,
    layer_signs,
)
from tropical.activation.compiled.parts import best_division, keep_side, separate_side, vertices_of
from tropical.activation.compiled.refined_vertices import RefinedVertices
from tropical.activation.compiled.stages import Stages, evaluate, evaluate_composed, homogeneous
from tropical.activation.compiled.start import Start
from tropical.activation.compiled.tally import Tally
from tropical.activation.patterns import PackedSigns, PatternTable, Words, order_keys
from tropical.arithmetic.rationals import Vector, saturated
from tropical.budget import Meter
from tropical.functions.network import ReLUNetwork
from tropical.polyhedra.cones import Integers

_ROOM = 1 << 15  # vertices for which room is made at first
_CHUNKS = 256  # chunks of lists for which room is made at first
_MANY_UNITS = 24  # of the first layer, from which on errors may add up
_LONG = 4  # times the numbers of the first layer's rows are many for those of the next
_GROWTH = 6  # times the vertices of the first layer may be there after the next
_SPREAD = 1 << 20  # size of the coefficients of the generic direction


class Part(NamedTuple):
    """A skeleton that the stages before ``stage`` have cut, and this one by its bits before ``since``.

    It is finished if there is no such stage.
    """

    stage: int
    since: int
    skeleton: Skeleton
    size: int

    def separate(self) -> "Part":
        """The same with memory of its own."""
        return self._replace(skeleton=copied(self.skeleton, self.size))


class Vertices(NamedTuple):
    """Vertices of a finished skeleton, without its edges."""

    exact: ExactVertices
    skeleton: Skeleton

    def position(self, v: int) -> Integers:
        """A vertex as a primitive vector (y_0, y), in the coordinates of the domain asked for."""
        return self.exact.original_position(self.skeleton, v)


class Values(NamedTuple):
    """Bounds on a value at each vertex, or on its growth where a vertex lies at infinity."""

    lower: Floats
    upper: Floats
    infinite: NDArray[np.bool_]


class Sweep:
    """Enumerates the cells of a network on the domain of a start, by parts of about ``limit`` vertices."""

    def __init__(self, net: ReLUNetwork, start: Start, meter: Meter, room: Room, seed: int) -> None:
        self.meter, self.room, self.seed = meter, room, seed
        self.limit = 1 << 18
        self.start = start
        self.stages = Stages.of(net, len(start.cuts), start.axes)
        self.exact = ExactVertices(self.stages, start, _direction(seed, net.input_dim + 1))
        self.reader = CellReader(self.stages, self.exact, meter)
        self.dim, self.facets = self.exact.complex_dim, len(start.facets)
        self.shape = tuple(np.uint64(x) for x in (self.dim, slots_for(self.dim), self.facets))
        self.state = np.zeros(sweeping.STATE, np.int64)

    @property
    def tally(self) -> Tally:
        """What was done so far."""
        return self.exact.tally

    @property
    def vertex_bytes(self) -> int:
        """Memory for a vertex while it is worked on."""
        return (4 << slots_for(self.dim)) + 16 * self.stages.words + NUMBER * self.exact.columns + 64

    def finished(self, part: Part) -> Iterator[Part]:
        """The part, cut by all units, or smaller ones into which it was divided; each is valid until the next."""
        parts = [part]
        while parts:
            part = parts.pop()
            if part.stage == len(self.stages.bits):
                self._count(part)
                yield part
            else:
                parts += self.advance(part)

    def read(self, part: Part) -> PackedSigns:
        """The patterns of a finished part, in no particular order."""
        return self.reader.read(part.skeleton, part.size)

    def facet_cells(self, part: Part) -> tuple[Words, Words]:
        """The patterns of the cells below and above each facet on a unit of a finished part without marked vertices."""
        return self.reader.facet_cells(part.skeleton, part.size)

    def incidences(self, part: Part) -> tuple[Words, "Vertices", NDArray[np.int64]]:
        """The patterns beside facets on the last unit, cleared there, each with a vertex; no vertex may be marked."""
        words, vertices = self.reader.incidences(part.skeleton, part.size, self.stages.first_bit[-1] - 1)
        chosen, number = np.unique(vertices, return_inverse=True)
        return words, Vertices(self.exact, vertices_of(part.skeleton, self.dim, chosen)), number

    def edges(self, part: Part) -> tuple[NDArray[np.int64], Words, Words, NDArray[np.bool_]]:
        """The edges of a finished planar part without marked vertices, as :meth:`CellReader.edges` gives them."""
        return self.reader.edges(part.skeleton, part.size)

    def coordinates(self, part: Part, precision: float) -> Floats:
        """Those of the vertices of a finished part of a bounded domain, to this precision, relative to their spread.

        Where there are several hidden layers, the last units of the last one have to be linear, and carry the inputs.
        """
        dim, last = self.stages.net.input_dim, len(self.stages.bits) - 1
        sk, n = part.skeleton, part.size
        if last == 1:
            columns, units, scales = np.arange(dim), dim, [1 / factor for factor in self.start.factors]
        else:
            order = self.stages.orders[-1]
            columns, units = np.argsort(order)[-dim:], len(order)
            scales = [1 / self.stages.scale(last)[0]] * dim
        with np.errstate(all="ignore"):
            factors = np.array([saturated(q) for q in scales]) / sk.values[:n, units, None]
            points, errors = sk.values[:n, columns] * factors, sk.errors[:n, shift_of(sk) + columns] * factors
            fine = np.isfinite(points) & (errors <= precision * np.ptp(points, axis=0).max())
        for v in np.flatnonzero(~fine.all(axis=1)).tolist():
            self.meter.check_time()
            y = self.position(part, v)
            points[v] = [saturated(Fraction(a, y[0])) for a in y[1:]]
        return points

    def values(self, part: Part, sign: int) -> "Values":
        """Bounds on ``sign`` times the first unit of the last layer at the vertices of a finished part.

        All are times one positive number, and where a vertex lies at infinity another one.
        """
        sk, n = part.skeleton, part.size
        units = len(self.stages.orders[-1])
        z, e = sign * sk.values[:n, 0], sk.errors[:n, shift_of(sk)].astype(np.float64)
        x, ex = sk.values[:n, units], sk.errors[:n, shift_of(sk) + units].astype(np.float64)
        infinite = (x == 0) & (ex == 0)
        with np.errstate(all="ignore"):
            scale = np.where(infinite, 1.0, x)
            value = z / scale
            error = 1.0001 * (e + np.abs(value) * ex) / (scale - ex) + 8 * UNIT * np.abs(value) + LEAST * (e > 0)
            lower, upper = value - error, value + error
            lower, upper = lower - 2 * UNIT * np.abs(lower), upper + 2 * UNIT * np.abs(upper)
            fine = np.isfinite(lower) & np.isfinite(upper) & (scale > ex)
        return Values(np.where(fine, lower, -np.inf), np.where(fine, upper, np.inf), infinite)

    def position(self, part: Part, v: int) -> Integers:
        """A vertex of a finished part as a primitive vector (y_0, y), in the coordinates of the domain asked for."""
        return self.exact.original_position(part.skeleton, v)

    def value(self, part: Part, v: int) -> Fraction:
        """The first unit of the last layer at a vertex of a finished part, times a positive number."""
        y, table = self.exact.position(part.skeleton, v, len(self.stages.bits) - 1)
        return table_values(table, y)[0]

    def begin(self) -> Part:
        """The domain, not cut by any unit yet."""
        start = self.start
        room = max(min(_ROOM, self.limit), 4 * len(start.vertices))
        sk = self.room.skeleton(room, self.dim, self.stages.words, self.exact.dim + self.exact.extra)
        count = self.exact.begin(sk)
        if start.cuts:
            self._signs_at_coordinates(sk, count, 0, 0)
            _, _, sk, count = self._cut(Part(0, 0, sk, count), divided=False)
            count = keep_side(sk, count, self.dim, self.facets, np.arange(len(start.cuts)))
        known = len(start.axes)
        self._signs_at_coordinates(sk, count, 1, known)
        return Part(1, known, sk, count)

    def advance(self, part: Part) -> list[Part]:
        """The part, cut by all units, or two parts of it if it grows beyond the limit.

        The last of them is valid until another part is advanced.
        """
        while part.stage < len(self.stages.bits):
            part = self._cut(part)
            if part.since < self.stages.bits[part.stage]:
                return self.halves(part)
            stage = part.stage + 1
            sk = part.skeleton
            if stage < len(self.stages.bits):
                sk = self._onward(stage, sk, part.size)
            part = Part(stage, 0, sk, part.size)
        return [part]

    def _count(self, part: Part) -> None:
        """Count vertices and faces of a finished part."""
        totals = np.zeros(self.dim + 1, np.int64)
        kinds = np.empty((self.dim + 1, self.dim + 1), np.int64)
        scratch = kinds, np.empty(self.dim, np.int64), np.empty(self.dim + 2, np.int64)
        shape = self.dim, slots_for(self.dim), self.facets, self.start.has_infinity
        marked = int(count_faces(part.size, *shape, part.skeleton, totals, *scratch))
        self.tally.add(Tally(part.size, marked, 0, totals.tolist()))

    def halves(self, part: Part) -> list[Part]:
        """Both sides of a processed unit, the one that divides the part best; the second takes the part's place."""
        stage, since, sk, count = part
        place = self._division(part)
        assert place is not None
        below = separate_side(sk, count, self.dim, self.facets, np.array([place]))
        above = keep_side(sk, count, self.dim, self.facets, np.array([place]))
        return [Part(stage, since, *below), Part(stage, since, sk, above)]

    def _division(self, part: Part) -> int | None:
        first = self.stages.first_bit
        places = np.arange(first[1], first[part.stage] + part.since)
        return best_division(part.skeleton, part.size, self.dim, self.facets, places)

    def _signs_at_coordinates(self, sk: Skeleton, count: int, stage: int, since: int) -> None:
        """Signs of the units of the stage 0 or 1."""
        first_bit, shift = np.uint64(self.stages.first_bit[stage]), np.uint64(shift_of(sk))
        rows = self._rows(stage)
        v = 0
        while v < count:
            v = int(first_signs(np.uint64(v), np.uint64(count), np.uint64(since), *rows, sk, first_bit, shift))
            if v < count:
                self.exact.settle(sk, v, stage, since)
                v += 1

    def _cut(self, part: Part, divided: bool = True) -> Part:
        """Cut by the bits of a stage: the part, its ``since`` smaller than their number if it should be divided."""
        stage, since, sk, count = part
        bits, first_bit = self.stages.bits[stage], self.stages.first_bit[stage]
        if since >= bits:
            return part
        _, s, _ = self.shape
        state = self.state
        last_word = np.uint64((first_bit + bits - 1) >> 6)
        rows = self._rows(stage)
        state[:] = 0
        state[sweeping.AT_WORK], state[sweeping.COUNT] = since, count
        state[sweeping.PLACE] = state[FORCED] = -1
        chunks = self._chunks(max(_CHUNKS, count * self.dim // 64) + bits)
        head, fill = np.empty(64 * self.stages.words, np.int64), np.empty(64 * self.stages.words, np.int64)
        while True:
            head[:], fill[:] = -1, lists.CHUNK
            state[lists.FREE], state[lists.USED] = -1, 0
            if lists.collect(count, s, np.uint64(first_bit + since), last_word, sk, head, fill, chunks, state):
                break
            chunks = self._chunks(2 * len(chunks))
        units = self.stages.net.input_dim if stage < 2 else len(self.stages.orders[stage - 1])
        columns, shift = np.uint64(units + self.exact.extra), np.uint64(shift_of(sk))
        items, todo, highs, doubts = self._lists(len(sk.sides))
        while True:
            status = sweeping.cut_layer(
                stage < 2, stage + 1 == len(self.stages.bits), *rows, self._solver, sk, *self.shape, np.uint64(bits),
                np.uint64(first_bit), columns, shift, head, fill, chunks, items, todo, highs, doubts, state,
            )  # fmt: skip
            bit, begin = int(state[sweeping.AT_WORK]), int(state[sweeping.COUNT])
            if status == sweeping.DONE:
                self.room.note(begin, self.exact.columns, self.vertex_bytes - NUMBER * self.exact.columns)
                return Part(stage, bits, sk, begin)
            self.meter.check_time()
            if status == sweeping.VERTICES_FULL:
                needed = begin + int(lists.length_of_list(first_bit + bit, head, fill, chunks))
                if divided and needed > self._limit_of(stage):
                    found = Part(stage, bit, sk, begin)
                    if self._division(found) is not None:
                        return found
                sk = self._with_room(sk, begin, needed, self._limit_of(stage))
                items, todo, highs, doubts = self._lists(len(sk.sides))
            elif status == sweeping.POOL_FULL:
                more = 2 * len(chunks) + len(sk.sides) * self.dim // lists.CHUNK
                chunks = self._chunks(more, chunks)
            elif status == sweeping.DOUBTS:
                for place in doubts[: int(state[sweeping.DOUBTFUL])].tolist():
                    self._settle(sk, begin + place, stage, bit + 1)
                    finish_vertex(
                        sk, s, np.uint64(first_bit + bit), last_word, np.uint64(begin), np.uint64(place), items, highs,
                        head, fill, chunks, state,
                    )  # fmt: skip
            else:
                v, w = begin + int(state[sweeping.PLACE]), int(state[OTHER])
                left = int(todo[state[sweeping.PLACE]])
                slot = (left & -left).bit_length() - 1
                state[FORCED] = self._is_higher(sk, v, w, slot, stage)
                highs[v - begin], highs[w - begin] = sk.height[[v, w], 0]

    def _limit_of(self, stage: int) -> int:
        """Vertices of a part at a stage: it is better divided before its rows of values are long."""
        long = self.exact.columns > _LONG * (self.exact.dim + self.exact.extra)
        return self.limit // _GROWTH if stage == 1 and long else self.limit

    def _with_room(self, sk: Skeleton, count: int, needed: int, limit: int) -> Skeleton:
        """The first vertices, with room for as many as a part may have: memory that is not used costs nothing."""
        if needed <= limit:
            try:
                return self.room.resized(sk, count, limit)
            except MemoryError:  # a limit on addresses: parts are small from now on
                self.limit = needed
        return self.room.resized(sk, count, 2 * needed)

    def _widened(self, sk: Skeleton, count: int) -> Skeleton:
        """The first vertices, with room for the values of all units of a layer, and for as many more as there was."""
        try:
            return self.room.widened(sk, count, self.exact.columns)
        except MemoryError:
            self.limit = count
            return self.room.widened(self.room.resized(sk, count, count), count, self.exact.columns)

    def _rows(self, stage: int) -> tuple[Floats, Floats]:
        return self.stages.rows if stage else _rows_of(self.start.cuts, len(self.exact.direction))

    def _settle(self, sk: Skeleton, v: int, stage: int, since: int) -> None:
        """Write the signs of the stage's bits from ``since`` on, and values and height."""
        if stage < 2 or not self._refined.settle(sk, v, stage, since):
            self.exact.settle(sk, v, stage, since)

    def _is_higher(self, sk: Skeleton, v: int, w: int, slot: int, stage: int) -> bool:
        """Whether w is higher than v, from which the edge to it leaves at a slot."""
        if stage > 1:
            for x in (v, w):
                self._refined.refine(sk, x, stage)
            difference = float(sk.height[w, 0]) - float(sk.height[v, 0])
            if is_apart(sk, v, w, difference):
                return difference > 0
            slope = self._refined.slope(sk, v, slot, stage)
            if slope is not None:
                return slope > 0
        return self.exact.is_higher(sk, v, w, stage)

    @functools.cached_property
    def _refined(self) -> RefinedVertices:
        return RefinedVertices(self.stages, self.exact, self._every_row)

    @functools.cached_property
    def _solver(self) -> Solver:
        """For positions in the first layer; nothing where it has too few units for errors to add up."""
        return self._every_row if self.stages.bits[1] >= _MANY_UNITS else NO_SOLVER

    @functools.cached_property
    def _every_row(self) -> Solver:
        """The rows of facets, cuts and the first layer."""
        start, direction = self.start, self.exact.direction
        length = len(direction)
        empty = 64 * self.stages.cut_words - len(start.cuts)
        parts = [_rows_of(start.facets, length), self._rows(0), (np.zeros((empty, length)), np.zeros((empty, 2)))]
        rows, errors = map(np.concatenate, zip(*parts, self._rows(1), strict=True))
        forms: list[Vector | Integers] = [start.normal, *start.axis_rows, direction]
        normal, *axes, toward = np.array([[saturated(Fraction(a)) for a in (*row[1:], row[0])] for row in forms])
        work = np.empty((length, length)), np.empty((length, 2 * length)), np.empty((4, length))
        return Solver(rows, errors, normal, np.array(axes).reshape(-1, length), toward, *work)

    def _chunks(self, number: int, old: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """Room for chunks of lists, those of ``old`` among them."""
        kept = None if old is None else old.copy()
        found: NDArray[np.int64] = self.room.array("chunks", (number, lists.CHUNK + 1), np.int64)
        if kept is not None:
            found[: len(kept)] = kept
        return found

    def _lists(self, room: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32], Floats, NDArray[np.int64]]:
        """What is known of the new vertices of a unit."""
        return (
            self.room.array("items", (room,), np.uint32),
            self.room.array("todo", (room,), np.uint32),
            self.room.array("highs", (room,), np.float64),
            self.room.array("doubts", (room,), np.int64),
        )

    def _onward(self, stage: int, sk: Skeleton, count: int) -> Skeleton:
        """The skeleton with values of the layer of a stage from 2 on, and the signs of its units."""
        bits, first_bit = np.uint64(self.stages.bits[stage]), np.uint64(self.stages.first_bit[stage])
        arrays = self.stages.arrays[stage - 2]
        composed = stage == 2 and arrays is not None and self.stages.composes
        if stage == 2:
            sk = self._widened(sk, count)
        if composed:
            evaluate_composed(self.stages, sk, count, self.exact.extra)
        elif stage == 2:
            evaluate(self.stages.first_arrays, sk, count, self.exact.extra)
            own = (np.uint64(x) for x in (self.stages.first_bit[1], self.stages.bits[1]))
            clear_tight(count, *self.shape, *own, sk, np.uint64(shift_of(sk)))
        if arrays is None:
            for v in range(count):
                self.meter.check_time()
                self.exact.settle(sk, v, stage, 0)
            return sk
        if not composed:
            evaluate(arrays, sk, count, self.exact.extra)
        v = 0
        while v < count:
            v = int(layer_signs(np.uint64(v), np.uint64(count), bits, sk, first_bit, np.uint64(shift_of(sk))))
            if v < count:
                self._settle(sk, v, stage, 0)
                v += 1
        return sk


def _rows_of(rows: Sequence[Integers], length: int) -> tuple[Floats, Floats]:
    return homogeneous(*cutting_rows(rows, length))


@functools.cache
def _direction(seed: int, length: int) -> Integers:
    """The coefficients of a generic functional."""
    return tuple(np.random.default_rng(seed).integers(-_SPREAD, _SPREAD, length).tolist())


def decreasing(table: PatternTable) -> PatternTable:
    """The patterns in decreasing lexicographic order."""
    packed = table.packed
    if packed.zero is not None and table.layout.words == 1:
        with_zeros = packed.zero[:, 0] != 0
        if not with_zeros.all():
            return PatternTable(table.layout, _merged(table, with_zeros))
    keys = order_keys(packed)
    if not keys.shape[1]:
        return table
    if keys is packed.positive and keys.shape[1] == 1:
        return PatternTable(table.layout, PackedSigns(np.sort(keys, axis=0)[::-1]))
    order = np.argsort(keys[:, 0])[::-1].copy()
    sort_ties(keys, order)
    return PatternTable(table.layout, packed.rows(order))


def _merged(table: PatternTable, with_zeros: NDArray[np.bool_]) -> PackedSigns:
    """Patterns of one word in decreasing order, from those without zeros, and the others.

    A pattern with zeros is just below all patterns without zeros that begin as it does up to its first zero, and are
    positive there.
    """
    plain = np.sort(table.packed.positive[~with_zeros, 0])
    others = decreasing(PatternTable(table.layout, table.packed.rows(np.flatnonzero(with_zeros)))).packed
    assert others.zero is not None
    positive, zero = others.positive[:, 0], others.zero[:, 0]
    behind = zero.copy()
    for shift in (1, 2, 4, 8, 16, 32):
        behind |= behind >> np.uint64(shift)
    least = positive & ~behind | behind ^ (behind >> np.uint64(1))
    places = len(plain) - np.searchsorted(plain, least) + np.arange(len(zero))
    found = np.zeros((2, len(plain) + len(zero)), np.uint64)
    found[:, places] = positive, zero
    rest = np.ones(found.shape[1], np.bool_)
    rest[places] = False
    found[0, rest] = plain[::-1]
    return PackedSigns(found[0, :, None], found[1, :, None])
