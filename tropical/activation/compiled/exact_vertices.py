"""What floats leave open at a vertex, decided over Q: its position, the signs and values of its layer's units."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq_mat

from tropical.activation.compiled.kernels.skeleton import (
    BOUND,
    EXACT,
    NO_CONSTRAINT,
    SIDES,
    Skeleton,
    set_sign,
    shift_of,
    slots_for,
)
from tropical.activation.compiled.kernels.values import LEAST, UNIT
from tropical.activation.compiled.scaling import rescaled_vector
from tropical.activation.compiled.stages import Stages
from tropical.activation.compiled.start import Start
from tropical.activation.compiled.tally import Tally
from tropical.activation.patterns import PackedSigns, Words
from tropical.arithmetic.rationals import Vector, from_flint, nullspace, primitive, saturated
from tropical.functions.layer import rows_along
from tropical.polyhedra.cones import Integers, dot

_EXACT = 1 << 53
_HUGE = 1e300
_MOST_ERROR = 3e38  # of single precision


class NotGeneric(Exception):  # noqa: N818 - an event of control flow
    """The direction does not tell two vertices apart."""


class ExactVertices:
    """Decides over Q at the vertices of a skeleton. ``direction`` is the generic functional."""

    def __init__(self, stages: Stages, start: Start, direction: Integers) -> None:
        self.stages, self.start, self.net, self.direction = stages, start, stages.net, direction
        self.dim = self.net.input_dim
        self.complex_dim = self.dim - len(self.start.within)
        self.extra = 1 if self.start.bounded else 2  # columns of x_0 and N
        valued = stages.orders if len(stages.orders) > 1 else []
        self.columns = self.extra + max(self.dim, *map(len, valued), 0)
        self.tally = Tally()

    def rows(self, signs: Words, layer: int) -> list[fmpq_mat]:
        """The rows of all layers up to ``layer`` in a cell around the vertex with these signs."""
        layout, first = self.stages.layouts[layer], self.stages.cut_words
        before = layout.signs(PackedSigns(signs[None, first : first + layout.words]))[0]
        walk = rows_along(self.net.layers[: layer + 1], self.dim, before.tolist())
        return [fmpq_mat(rows) for rows in walk]

    def tight(self, sk: Skeleton, v: int) -> list[int]:
        """The constraints on which a vertex lies."""
        lanes = sk.lanes.reshape(len(sk.sides), -1)[v, self.complex_dim :].tolist()
        return [lanes[i >> 2] >> 16 * (i & 3) & 0xFFFF for i in range(self.complex_dim)]

    def position(self, sk: Skeleton, v: int, stage: int) -> tuple[Integers, list[fmpq_mat]]:
        """The vertex as a primitive integer vector (y_0, y), and the rows around it."""
        table = self.rows(sk.signs[v], stage - 1) if stage else []
        rows = [self._row(c, table) for c in self.tight(sk, v)]
        (y,) = nullspace([*rows, *(tuple(map(Fraction, row)) for row in self.start.within)], self.dim + 1)
        found = primitive(y)
        return (tuple(-a for a in found) if self._is_opposite(found, sk.signs[v]) else found), table

    def original_position(self, sk: Skeleton, v: int) -> Integers:
        """A vertex of a finished skeleton as a primitive vector (y_0, y), in coordinates of the domain asked for."""
        y, _ = self.position(sk, v, len(self.stages.bits) - 1)
        return rescaled_vector(y, tuple(1 / factor for factor in self.start.factors))

    def _row(self, c: int, table: list[fmpq_mat]) -> Vector:
        place = c - len(self.start.facets)
        if place < 0:
            return tuple(map(Fraction, self.start.facets[c]))
        stage, bit = self.stages.stage_of(place)
        if not stage:
            return tuple(map(Fraction, self.start.cuts[bit]))
        return _row_of(table[stage - 1], int(self.stages.cuttings[stage - 1].units[bit]))

    def _is_opposite(self, y: Integers, signs: Words) -> bool:
        """Whether -y, not y, is meant: by y_0, or for points at infinity by an axis that does not vanish there."""
        if not self.start.axes:
            return self.start.normaliser(y) < 0
        if y[0]:
            return y[0] < 0
        for bit, row in enumerate(self.start.axis_rows):
            side, place = sum(a * b for a, b in zip(row, y, strict=True)), self.stages.first_bit[1] + bit
            if side:
                return (side > 0) != bool(signs[place >> 6] >> np.uint64(63 - (place & 63)) & np.uint64(1))
        raise AssertionError

    def settle(self, sk: Skeleton, v: int, stage: int, since: int) -> None:
        """Write values, height, and the signs of the stage's bits from ``since`` on."""
        self.tally.rational += 1
        y, table = self.position(sk, v, stage)
        values: Sequence[int | Fraction] = table_values(table, y) if stage else [dot(row, y) for row in self.start.cuts]
        cutting = self.stages.cuttings[stage - 1].units.tolist() if stage else range(len(values))
        for bit in range(since, len(cutting)):
            value, place = values[cutting[bit]], self.stages.first_bit[stage] + bit
            set_sign(sk, np.uint64(v), np.uint64(place), value >= 0, value == 0)
        self.write(sk, v, stage, y, values)

    def write(
        self, sk: Skeleton, v: int, stage: int, y: Integers, own: Sequence[Any] = (), height: Fraction | None = None
    ) -> None:
        """Values and height at a vertex of known position, where from stage 2 on the layer has its ``own`` values."""
        N = self.start.normaliser(y)
        shift = shift_of(sk)
        sk.height[v, 0], sk.bounds[v, BOUND] = _rounded(self.height(y) if height is None else height)
        if stage <= 1 and isinstance(N, int) and max(map(abs, y)) < _EXACT and N < _EXACT:
            numbers = (*y[1:], y[0], N)[: self.dim + self.extra]
            columns = len(numbers)
            sk.values[v, :columns] = numbers
            sk.errors[v, shift : shift + columns] = 0
            sk.sides[v, SIDES] |= EXACT
            return
        integral = True
        values: list[Any] = list(y[1:])
        if stage > 1:
            scale, integral = self.stages.scale(stage)
            values = [scale * own[unit] for unit in self.stages.orders[stage - 1].tolist()]
        values += [y[0], N][: self.extra]
        columns = len(values)
        common = math.lcm(*(q.denominator for q in values)) if integral else 0
        if integral and max(abs(q) * common for q in values) < _EXACT:
            sk.values[v, :columns] = [float(q * common) for q in values]
            sk.errors[v, shift : shift + columns] = 0
            sk.sides[v, SIDES] |= EXACT
        else:
            floats = [saturated(Fraction(q) / N) for q in values]
            errors = [2 * UNIT * abs(x) + LEAST if q else 0.0 for x, q in zip(floats, values, strict=True)]
            fine = [abs(x) < _HUGE and e < _MOST_ERROR for x, e in zip(floats, errors, strict=True)]
            sk.values[v, :columns] = [x if good else 0.0 for x, good in zip(floats, fine, strict=True)]
            widened = [e * 1.000001 if good else np.inf for e, good in zip(errors, fine, strict=True)]
            sk.errors[v, shift : shift + columns] = widened
            sk.values[v, columns - 1], sk.errors[v, shift + columns - 1] = 1.0, 0
            sk.sides[v, SIDES] &= ~EXACT

    def height(self, y: Integers) -> Fraction:
        """The generic functional at a point."""
        return Fraction(dot(self.direction, y), self.start.normaliser(y))

    def is_higher(self, sk: Skeleton, v: int, w: int, stage: int) -> bool:
        """Whether w is higher than v; :class:`NotGeneric` if neither is."""
        first, second = (self._refined_height(sk, x, stage) for x in (v, w))
        if first == second:
            raise NotGeneric
        return second > first

    def _refined_height(self, sk: Skeleton, v: int, stage: int) -> Fraction:
        """The height of a vertex, which is written with its values: they may be far less certain than they could be."""
        y, table = self.position(sk, v, stage)
        height = self.height(y)
        self.write(sk, v, stage, y, table_values(table, y) if stage > 1 else (), height)
        return height

    def row_vanishes(self, signs: Words, place: int) -> bool:
        """Whether the row of a bit is 0 on the cell with these signs."""
        stage, bit = self.stages.stage_of(place)
        if not stage:
            return False
        return not any(_row_of(self.rows(signs, stage - 1)[-1], int(self.stages.cuttings[stage - 1].units[bit])))

    def begin(self, sk: Skeleton) -> int:
        """Write the vertices of the start; their number."""
        start, dim, s = self.start, self.complex_dim, slots_for(self.complex_dim)
        first, facets, count = self.stages.first_bit[1], len(start.facets), len(start.vertices)
        heights = [self.height(y) for y in start.vertices]
        sk.signs[:count] = 0
        for v, signs in enumerate(start.axis_signs):
            for bit, sign in enumerate(signs):
                if sign > 0:
                    sk.signs[v, (first + bit) >> 6] |= np.uint64(1 << 63 - (first + bit & 63))
        tight = np.full((count, dim + -dim % 4), NO_CONSTRAINT, np.uint16)
        tight[:, :dim] = [[c if c < facets else c + first for c in own] for own in start.tight]
        lanes = sk.lanes.reshape(len(sk.sides), -1)
        lanes[:count, dim : dim + tight.shape[1] // 4] = tight.view(np.uint64)
        common = math.lcm(*(height.denominator for height in heights))
        scaled = [height.numerator * (common // height.denominator) for height in heights]
        rank = {height: place for place, height in enumerate(sorted(scaled))}
        ranks = np.array([rank[height] for height in scaled])
        ends, backs = np.array([[end or (-1, 0) for end in own] for own in start.neighbours]).transpose(2, 0, 1)
        exists, steps = ends >= 0, ranks[ends] - ranks[:, None]
        if (exists & (steps == 0)).any():
            raise NotGeneric
        halves = sk.half.reshape(len(sk.sides), -1)
        halves[:count, : 2 * dim] = ((ends << s) + backs) << 1 | (steps > 0)
        sk.sides[:count, SIDES] = (exists << np.arange(2 * dim)).sum(axis=1)
        for v, y in enumerate(start.vertices):
            self.write(sk, v, 0, y, height=heights[v])
        return count


def table_values(table: list[fmpq_mat], y: Integers) -> Vector:
    """The values of the last layer's units at a point, times a positive number."""
    return tuple(q for (q,) in from_flint(table[-1] * fmpq_mat(len(y), 1, list(y))))


def _row_of(matrix: fmpq_mat, unit: int) -> Vector:
    entries = (matrix[unit, column] for column in range(matrix.ncols()))
    return tuple(Fraction(int(q.p), int(q.q)) for q in entries)


def _rounded(height: Fraction) -> tuple[float, float]:
    """In float64, with its error."""
    rounded = saturated(height)
    error = 2 * UNIT * abs(rounded) + LEAST
    return (rounded, error) if error < _MOST_ERROR else (0.0, math.inf)
