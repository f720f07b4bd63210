"""Skeletons to begin with: a simple polyhedron, a simplex around any other one, all of R^n, a sphere around a fan."""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from tropical.arithmetic.rationals import Vector, from_flint, independent_rows, primitive, to_flint
from tropical.functions.layer import Layer
from tropical.polyhedra.cones import Cone, Integers, dot, facets

_MOST_FACETS = 31
Slot = tuple[int, int] | None


@dataclass(frozen=True)
class Start:
    """A simple complex: vertices as integer vectors (y_0, y) in the hyperplanes ``within``, constraints, and edges.

    ``facets`` and ``cuts`` are rows (constant, gradient); by the cuts a larger domain is cut down to the one asked for.
    A constraint is the number of a facet, or len(facets) + i for the i-th of the ``axes``: units of the first layer
    whose signs, at each vertex ``axis_signs``, are known already; ``axis_rows`` are their rows. ``neighbours[v]`` has
    (w, slot at w) in the place 2 i + side, for the edge that leaves the i-th constraint of v towards that side.
    The normaliser is ``normal`` plus the absolute values of ``axis_rows``; it is positive on all vertices.
    Coordinates are those of the domain asked for times ``factors``.
    """

    vertices: tuple[Integers, ...]
    tight: tuple[tuple[int, ...], ...]
    neighbours: tuple[tuple[Slot, ...], ...]
    facets: tuple[Integers, ...]
    normal: Integers
    cuts: tuple[Integers, ...] = ()
    within: tuple[Integers, ...] = ()
    axes: tuple[int, ...] = ()
    axis_rows: tuple[Vector, ...] = ()
    axis_signs: tuple[tuple[int, ...], ...] = ()
    factors: tuple[Fraction, ...] = ()

    @property
    def is_fan(self) -> bool:
        """Whether it is the sphere of a fan."""
        return bool(self.within)

    @property
    def has_infinity(self) -> bool:
        """Whether it is all of R^n, whose facet 0 lies at infinity."""
        return bool(self.axes) and not self.within

    def f_vector(self, faces: Sequence[int]) -> tuple[int, ...] | None:
        """That of the complex on the domain, from the faces of the simple complex; None if some lie at infinity."""
        if self.is_fan:
            return 1, *faces
        return tuple(faces) if self.bounded or self.has_infinity else None

    @property
    def euler_characteristic(self) -> int:
        """The alternating sum of the faces, without those in the facet at infinity: of a sphere, R^n, or a polytope."""
        dim = self.dim - len(self.within)
        return 1 + (-1) ** dim if self.is_fan else (-1) ** dim if self.has_infinity else 1

    @property
    def dim(self) -> int:
        """Length of y."""
        return len(self.normal) - 1

    @property
    def bounded(self) -> bool:
        """Whether the normaliser is y_0."""
        return not self.axes and self.normal == _unit(self.dim)

    def normaliser(self, y: Integers) -> int | Fraction:
        """A positive number by which vertices are divided."""
        total = dot(self.normal, y)
        if not self.axes:
            return total
        common, rows = self._integer_axes
        return Fraction(common * total + sum(abs(dot(row, y)) for row in rows), common)

    @functools.cached_property
    def _integer_axes(self) -> tuple[int, tuple[Integers, ...]]:
        """A positive integer, and ``axis_rows`` times it."""
        common = math.lcm(*(q.denominator for row in self.axis_rows for q in row))
        return common, tuple(tuple(int(q * common) for q in row) for row in self.axis_rows)


def start_of_cone(cone: Cone) -> Start:
    """A pointed polyhedron: itself if it is simple with few facets, else a simplex around it."""
    dim = len(cone.generators[0]) - 1
    sides = facets(cone)
    rows = tuple(cone.constraints[index] for index in sides)
    members = list(sides.values())
    tight = tuple(tuple(f for f, mask in enumerate(members) if mask >> v & 1) for v in range(len(cone.generators)))
    if any(len(own) != dim for own in tight) or len(rows) > _MOST_FACETS:
        return _simplex(rows, dim)
    slots: list[list[Slot]] = [[None] * (2 * dim) for _ in tight]
    ends: dict[tuple[int, ...], tuple[int, int]] = {}
    for v, own in enumerate(tight):
        for i in range(dim):
            other = ends.setdefault(own[:i] + own[i + 1 :], (v, i))
            if other != (v, i):
                w, j = other
                slots[v][2 * i + 1], slots[w][2 * j + 1] = (w, 2 * j + 1), (v, 2 * i + 1)
    bounded = all(g[0] for g in cone.generators)
    normal = _unit(dim) if bounded else _sum(rows)
    return Start(tuple(cone.generators), tight, tuple(map(tuple, slots)), rows, normal)


def _simplex(rows: Sequence[Integers], dim: int) -> Start:
    """The cone of dim + 1 independent facets, to be cut by the others."""
    chosen = independent_rows([tuple(map(Fraction, row)) for row in rows])
    own = tuple(rows[i] for i in chosen)
    inverse = from_flint(to_flint([tuple(map(Fraction, row)) for row in own], dim + 1).inv())
    vertices = tuple(primitive(column) for column in zip(*inverse, strict=True))
    tight = tuple(tuple(f for f in range(dim + 1) if f != v) for v in range(dim + 1))
    slots = tuple(
        tuple((f, 2 * tight[f].index(v) + 1) if side else None for f in own_tight for side in (0, 1))
        for v, own_tight in enumerate(tight)
    )
    others = tuple(row for i, row in enumerate(rows) if i not in set(chosen))
    return Start(vertices, tight, slots, own, _sum(own), cuts=others)


def start_of_space(first: Layer, candidates: Sequence[int], fan: bool) -> Start | None:
    """All of R^n if candidates, units of the first layer, are independent; of a fan its sphere, if n is not 1."""
    dim = first.input_dim
    chosen = tuple(candidates[i] for i in independent_rows([first.weight[i] for i in candidates]))
    if len(chosen) < dim:
        return None
    rows = tuple((first.bias[i], *first.weight[i]) for i in chosen)
    inverse = from_flint(to_flint([row[1:] for row in rows], dim).inv())
    directions = [primitive((Fraction(0), *(line[i] for line in inverse))) for i in range(dim)]
    ends = [(i, side) for i, side in product(range(dim), (0, 1))]
    vertices = [tuple((2 * side - 1) * a for a in directions[i]) for i, side in ends]
    signs = [tuple((2 * side - 1) * int(i == j) for j in range(dim)) for i, side in ends]
    infinity = _unit(dim)
    if fan and dim > 1:
        tight = [tuple(j for j in range(dim) if j != i) for i, _ in ends]
        slots = [
            tuple((2 * j + t, 2 * tight[2 * j].index(i) + side) for j in tight[2 * i] for t in (0, 1))
            for i, side in ends
        ]
        nothing = tuple(0 for _ in infinity)
        return Start(
            tuple(vertices), tuple(tight), tuple(slots), (), nothing, (), (infinity,), chosen, rows, tuple(signs)
        )
    shift = [-sum((q * row[0] for q, row in zip(line, rows, strict=True)), Fraction(0)) for line in inverse]
    around: list[list[Slot]] = [
        [(2 * j + t, 2 * i + side) if j != i else ((2 * dim, 2 * i + side) if t else None)
         for j in range(dim) for t in (0, 1)]
        for i, side in ends
    ]  # fmt: skip
    tight = [tuple(0 if j == i else 1 + j for j in range(dim)) for i, _ in ends]
    vertices.append(primitive((Fraction(1), *shift)))
    tight.append(tuple(1 + j for j in range(dim)))
    around.append([(2 * i + side, 2 * i + 1) for i, side in ends])
    signs.append((0,) * dim)
    slots = tuple(map(tuple, around))
    axes = chosen, rows, tuple(signs)
    return Start(tuple(vertices), tuple(tight), slots, (infinity,), infinity, (), (), *axes)


def _unit(dim: int) -> Integers:
    return (1, *(0 for _ in range(dim)))


def _sum(rows: Sequence[Integers]) -> Integers:
    return tuple(map(sum, zip(*rows, strict=True)))
