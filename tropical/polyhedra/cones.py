"""Polyhedral cones over Z in double description, and cutting them by a hyperplane.

A polyhedron {x} is handled as the cone over {1} x {x}: generators with first coordinate > 0 are vertices, those with 0
are directions of recession. Everything is Python integers, so every sign is exact.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import mul

from flint import fmpz_mat

from tropical.arithmetic.rationals import primitive_integers
from tropical.budget import Meter
from tropical.values import Value

Integers = tuple[int, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Cone(Value):
    """The cone {sum_i t_i g_i + l : t_i >= 0, l in the lineality space} = {v : <h, v> >= 0 for every constraint h}.

    ``generators`` are primitive integer vectors, the extreme rays modulo ``lineality``. ``incidence[i]`` is a bit mask
    over ``constraints``: the ones that vanish on generator i. ``constraints`` may contain redundant ones.
    """

    generators: tuple[Integers, ...]
    incidence: tuple[int, ...]
    constraints: tuple[Integers, ...]
    lineality: tuple[Integers, ...] = ()

    @property
    def pointed_dim(self) -> int:
        """Dimension of the cone modulo its lineality space, the cone being full-dimensional."""
        return len(self.generators[0]) - len(self.lineality)

    def in_order(self) -> "Cone":
        """The same cone, its generators sorted: in the order of no computation.

        >>> Cone(((1, 0), (0, 1)), (0b01, 0b10), ((0, 1), (1, 0))).in_order()
        Cone(generators=((0, 1), (1, 0)), incidence=(2, 1), constraints=((0, 1), (1, 0)), lineality=())
        """
        pairs = sorted(zip(self.generators, self.incidence, strict=True))
        return Cone(tuple(g for g, _ in pairs), tuple(m for _, m in pairs), self.constraints, self.lineality)

    def interior_vector(self) -> Integers:
        """Sum of the generators: a vector of the relative interior."""
        return primitive_integers([sum(column) for column in zip(*self.generators, strict=True)])


def half_space(dim: int) -> Cone:
    """The cone {(x_0, x) : x_0 >= 0} over Q^dim: one vertex, the origin, and all directions as lineality.

    >>> half_space(1)
    Cone(generators=((1, 0),), incidence=(0,), constraints=((1, 0),), lineality=((0, 1),))
    """
    origin, *directions = (tuple(int(i == j) for j in range(dim + 1)) for i in range(dim + 1))
    return Cone((origin,), (0,), (origin,), tuple(directions))


def point_of(vector: Integers) -> tuple[Fraction, ...]:
    """The point x of a homogeneous vector (x_0, x_0 x) with x_0 > 0.

    >>> point_of((2, 1, 4))
    (Fraction(1, 2), Fraction(2, 1))
    """
    return tuple(Fraction(a, vector[0]) for a in vector[1:])


def dot(row: Sequence[int], vector: Sequence[int]) -> int:
    """Inner product of two integer vectors."""
    return sum(map(mul, row, vector))


def sign_on(cone: Cone, row: Sequence[int]) -> int | None:
    """Sign of the form ``row`` in the interior of ``cone``: 1, -1, 0 (identically), or None if it takes both."""
    if any(dot(row, direction) for direction in cone.lineality):
        return None
    positive = negative = False
    for generator in cone.generators:
        value = dot(row, generator)
        positive, negative = positive or value > 0, negative or value < 0
        if positive and negative:
            return None
    return positive - negative


def signs_on(cone: Cone, rows: Sequence[Sequence[int]]) -> list[int | None]:
    """:func:`sign_on` for each of the rows.

    >>> signs_on(half_space(1), [(0, 1), (2, 0), (0, 0)])
    [None, 1, 0]
    """
    if not rows:
        return []
    columns = fmpz_mat(list(map(list, rows))).transpose()
    values = (fmpz_mat(list(map(list, cone.generators))) * columns).tolist()
    found: list[int | None] = []
    for column in zip(*values, strict=True):
        low, high = min(column), max(column)
        found.append(None if low < 0 < high else (high > 0) - (low < 0))
    if cone.lineality:
        along = (fmpz_mat(list(map(list, cone.lineality))) * columns).tolist()
        found = [None if any(lines) else sign for lines, sign in zip(zip(*along, strict=True), found, strict=True)]
    return found


def vector_below(cone: Cone, row: Integers) -> Integers | None:
    """A vector of the interior of ``cone`` on which ``row`` is negative, if there is one.

    >>> vector_below(half_space(1), (3, 2))
    (1, -2)
    """
    both_ways = (tuple(s * a for a in direction) for direction in cone.lineality for s in (1, -1))
    step = next((v for v in (*cone.generators, *both_ways) if dot(row, v) < 0), None)
    if step is None:
        return None
    inside = cone.interior_vector()
    times = max(dot(row, inside), 0) // -dot(row, step) + 1
    return tuple(a + times * b for a, b in zip(inside, step, strict=True))


def cut(cone: Cone, row: Integers, meter: Meter | None = None) -> tuple[Cone, Cone]:
    """Split ``cone`` into its parts with ``row`` >= 0 and ``row`` <= 0; ``row`` must take both signs on it.

    A ``meter`` is asked for the time: with many generators one cut can take minutes.

    >>> right, left = cut(half_space(1), (-1, 1))  # the line, cut at 1
    >>> right.generators, left.generators
    (((1, 1), (0, 1)), ((1, 1), (0, -1)))
    """
    for index, direction in enumerate(cone.lineality):
        value = dot(row, direction)
        if value:
            return _cut_lineality(cone, row, index, value)
    return _cut_pointed(cone, row, meter)


def intersect(cone: Cone, rows: Iterable[Integers], meter: Meter | None = None) -> Cone | None:
    """The part of ``cone`` where every row is >= 0, or None if it is not full-dimensional."""
    for row in rows:
        sign = sign_on(cone, row)
        if sign is None:
            cone = cut(cone, row, meter)[0]
        elif sign < 0 or (sign == 0 and any(row)):
            return None
    return cone


def facets(cone: Cone) -> dict[int, int]:
    """Map each irredundant constraint (by index) to the bit mask of the generators on that facet.

    A facet is an inclusion-maximal proper set of generators that some constraint makes vanish.
    """
    everything = (1 << len(cone.generators)) - 1
    by_set: dict[int, int] = {}
    for index in range(len(cone.constraints)):
        members = sum(1 << i for i, mask in enumerate(cone.incidence) if mask >> index & 1)
        if members != everything:
            by_set.setdefault(members, index)
    maximal = [s for s in by_set if not any(s != t and s & t == s for t in by_set)]
    return {by_set[s]: s for s in maximal}


def edges(cone: Cone) -> list[tuple[int, int]]:
    """The pairs of generators that span a two-dimensional face.

    >>> edges(Cone(((1, 0), (0, 1)), (0b01, 0b10), ((0, 1), (1, 0))))
    [(0, 1)]
    """
    count = len(cone.generators)
    return [(i, j) for i in range(count) for j in range(i + 1, count) if _common_edge(cone, i, j) is not None]


def _cut_lineality(cone: Cone, row: Integers, index: int, value: int) -> tuple[Cone, Cone]:
    """Use up one direction of lineality: the other generators move along it into the hyperplane."""
    direction = cone.lineality[index]
    if value < 0:
        direction, value = tuple(-a for a in direction), -value
    others = cone.lineality[:index] + cone.lineality[index + 1 :]
    lineality = tuple(_into_hyperplane(vector, row, direction, value) for vector in others)
    moved = tuple(_into_hyperplane(vector, row, direction, value) for vector in cone.generators)
    new = len(cone.constraints)
    incidence = (*(mask | 1 << new for mask in cone.incidence), (1 << new) - 1)
    opposite, negated = tuple(-a for a in direction), tuple(-a for a in row)
    return (
        Cone((*moved, direction), incidence, (*cone.constraints, row), lineality),
        Cone((*moved, opposite), incidence, (*cone.constraints, negated), lineality),
    )


def _into_hyperplane(vector: Integers, row: Integers, direction: Integers, value: int) -> Integers:
    offset = dot(row, vector)
    return primitive_integers([value * a - offset * b for a, b in zip(vector, direction, strict=True)])


def _cut_pointed(cone: Cone, row: Integers, meter: Meter | None) -> tuple[Cone, Cone]:
    values = [dot(row, generator) for generator in cone.generators]
    bit = 1 << len(cone.constraints)
    fresh = _edge_points(cone, values, bit, meter)
    parts = []
    for side, constraint in ((1, row), (-1, tuple(-a for a in row))):
        kept = [i for i, value in enumerate(values) if side * value >= 0]
        generators = [cone.generators[i] for i in kept] + [vector for vector, _ in fresh]
        masks = [cone.incidence[i] | (0 if values[i] else bit) for i in kept] + [mask for _, mask in fresh]
        parts.append(Cone(tuple(generators), tuple(masks), (*cone.constraints, constraint), cone.lineality))
    return parts[0], parts[1]


def _edge_points(cone: Cone, values: list[int], bit: int, meter: Meter | None) -> list[tuple[Integers, int]]:
    """The points where the hyperplane meets the edges of the cone, each with its incidence mask."""
    plus = [i for i, value in enumerate(values) if value > 0]
    minus = [i for i, value in enumerate(values) if value < 0]
    points = []
    for i in plus:
        if meter is not None:
            meter.check_time()
        for j in minus:
            common = _common_edge(cone, i, j)
            if common is not None:
                pair = zip(cone.generators[i], cone.generators[j], strict=True)
                vector = primitive_integers([values[i] * b - values[j] * a for a, b in pair])
                points.append((vector, common | bit))
    return points


def _common_edge(cone: Cone, i: int, j: int) -> int | None:
    """The common constraints of two generators if they span an edge, else None.

    They do iff no third one lies on all of these (Fukuda and Prodon 1996).
    """
    common = cone.incidence[i] & cone.incidence[j]
    simple = cone.pointed_dim - 1
    if common.bit_count() < simple - 1:
        return None
    if cone.incidence[i].bit_count() == simple or cone.incidence[j].bit_count() == simple:
        return common  # at a simple generator any dim - 2 of its constraints meet in an edge
    third = any(mask & common == common for k, mask in enumerate(cone.incidence) if k not in (i, j))
    return None if third else common
