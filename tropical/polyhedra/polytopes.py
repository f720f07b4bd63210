"""Convex polytopes over Q from finitely many points: vertices, facets, faces, volume, sums, zonotopes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

from tropical.arithmetic.rationals import Vector, as_rows, as_vector, nullspace, primitive, row_space
from tropical.budget import Meter
from tropical.functions.affine import AffineForm, form_of_row
from tropical.polyhedra.cones import Cone, Integers, cut, facets, intersect, sign_on
from tropical.polyhedra.face_complex import FaceComplex
from tropical.polyhedra.faces import Face, face_lattice, polytope_volume
from tropical.values import Value


@dataclass(frozen=True, repr=False)
class Facet(Value):
    """The face {form = 0} of a polytope on which ``form`` >= 0, with the indices of its vertices.

    The coefficients of ``form`` are coprime integers. ``==`` and ``hash`` go by both fields.
    """

    form: AffineForm
    vertices: Face


@dataclass(frozen=True, init=False, repr=False)
class Polytope(Value):
    """conv{p_1, ..., p_N} in Q^n for given points, N >= 1, of any dimension 0 <= r <= n.

    Canonical on construction: ``vertices`` sorted, without repetition; ``==`` and ``hash`` go by the set. ``equations``
    are affine forms that vanish on the affine hull, ``facets`` the irredundant inequalities within it: the extreme rays
    of the cone dual to the one over {1} x P (Ziegler 1995, lectures 1 and 2), as forms in the first r
    coordinates that are affinely independent on P. Raises ``ValueError`` for no points, n = 0 or points of different
    spaces.

    >>> triangle = Polytope([(0, 0), (2, 0), (1, 0), (0, 2), ("1/2", "1/2")])
    >>> print(*triangle.vertices)
    (Fraction(0, 1), Fraction(0, 1)) (Fraction(0, 1), Fraction(2, 1)) (Fraction(2, 1), Fraction(0, 1))
    >>> [(str(facet.form), facet.vertices) for facet in triangle.facets]
    [('x0', (0, 1)), ('x1', (0, 2)), ('-x0 - x1 + 2', (1, 2))]
    >>> triangle.f_vector, triangle.volume
    ((3, 3, 1), Fraction(2, 1))
    """

    vertices: tuple[Vector, ...]
    facets: tuple[Facet, ...] = field(compare=False)
    equations: tuple[AffineForm, ...] = field(compare=False)

    def __init__(self, points: Iterable[Iterable[Any]]) -> None:
        self._span(points, None)

    def _span(self, points: Iterable[Iterable[Any]], meter: Meter | None) -> None:
        given = sorted(set(as_rows(points, "points")))
        dims = sorted({len(point) for point in given})
        if len(dims) != 1 or dims == [0]:
            raise ValueError(f"a polytope needs points, all of one space Q^n with n >= 1, got dimensions {dims}")
        rows = [(Fraction(1), *point) for point in given]
        pivots = [next(j for j, q in enumerate(row) if q) for row in row_space(rows)]
        by_row = {primitive([row[j] for j in pivots]): point for row, point in zip(rows, given, strict=True)}
        vertices, facets = _hull(by_row, pivots, dims[0], meter)
        object.__setattr__(self, "vertices", vertices)
        object.__setattr__(self, "facets", facets)
        object.__setattr__(self, "equations", tuple(form_of_row(row) for row in nullspace(rows, dims[0] + 1)))

    @property
    def ambient_dim(self) -> int:
        """Dimension n of the space around it."""
        return len(self.vertices[0])

    @property
    def dimension(self) -> int:
        """Dimension r of the affine hull: 0 for a point."""
        return self.ambient_dim - len(self.equations)

    @cached_property
    def face_complex(self) -> FaceComplex:
        """The :attr:`faces` with their incidences."""
        return FaceComplex(self.faces)

    @cached_property
    def faces(self) -> tuple[tuple[Face, ...], ...]:
        """``faces[k]``: the faces of dimension k = 0, ..., r, each as the sorted indices of its vertices."""
        masks = [sum(1 << i for i in facet.vertices) for facet in self.facets]
        levels = face_lattice(len(self.vertices), masks, self.dimension)
        return tuple(tuple(sorted(map(members, level))) for level in levels)

    @property
    def f_vector(self) -> tuple[int, ...]:
        """Number of faces of each dimension 0, ..., r, the polytope itself included: the alternating sum is 1."""
        return self.face_complex.f_vector

    @property
    def volume(self) -> Fraction:
        """The exact n-dimensional volume; 0 for a polytope of lower dimension."""
        if self.equations:
            return Fraction(0)
        return polytope_volume(self.vertices, [[sum(1 << i for i in face) for face in level] for level in self.faces])

    def contains(self, x: Iterable[Any]) -> bool:
        """Whether x lies in the polytope."""
        point = as_vector(x, "x")
        return not any(form(point) for form in self.equations) and all(facet.form(point) >= 0 for facet in self.facets)

    def __add__(self, other: "Polytope") -> "Polytope":
        return minkowski_sum(self, other) if isinstance(other, Polytope) else NotImplemented

    def __repr__(self) -> str:
        return f"<Polytope of dimension {self.dimension} in Q^{self.ambient_dim}, {len(self.vertices)} vertices>"


def convex_hull(points: Iterable[Iterable[Any]], meter: Meter) -> Polytope:
    """``Polytope(points)``, or :class:`BudgetExhausted`."""

    def counted() -> Iterator[Iterable[Any]]:
        for point in points:
            meter.count_cell()
            yield point

    found = object.__new__(Polytope)
    found._span(counted(), meter)
    return found


def _hull(
    points: dict[Integers, Vector], pivots: Sequence[int], dim: int, meter: Meter | None
) -> tuple[tuple[Vector, ...], tuple[Facet, ...]]:
    """Vertices and facets of conv(points), the keys being the points over {1} x their affine coordinates."""
    dual = intersect(_whole_space(len(pivots)), points, meter)
    assert dual is not None  # the form 1, positive on all points, lies in its interior
    incident = {points[dual.constraints[index]]: mask for index, mask in facets(dual).items()}
    vertices = tuple(sorted(incident))
    found = []
    for j, normal in enumerate(dual.generators):
        row = [0] * (dim + 1)
        for pivot, entry in zip(pivots, normal, strict=True):
            row[pivot] = entry
        found.append(Facet(form_of_row(row), tuple(i for i, v in enumerate(vertices) if incident[v] >> j & 1)))
    proper = [facet for facet in found if facet.vertices]
    return vertices, tuple(sorted(proper, key=lambda facet: facet.vertices))


def _whole_space(dim: int) -> Cone:
    return Cone((), (), (), tuple(tuple(int(i == j) for j in range(dim)) for i in range(dim)))


def members(mask: int) -> Face:
    """The indices of the bits of ``mask``, in order.

    >>> members(0b1011)
    (0, 1, 3)
    """
    return tuple(i for i in range(mask.bit_length()) if mask >> i & 1)


def minkowski_sum(first: Polytope, second: Polytope) -> Polytope:
    """{a + b : a in first, b in second}; ``first + second`` for short.

    >>> square = minkowski_sum(Polytope([(0, 0), (1, 0)]), Polytope([(0, 0), (0, 1)]))
    >>> square == Polytope([(0, 0), (0, 1), (1, 0), (1, 1)])
    True
    """
    if first.ambient_dim != second.ambient_dim:
        raise ValueError(f"polytopes in Q^{first.ambient_dim} and Q^{second.ambient_dim} cannot be added")
    return Polytope(_plus(a, b) for a in first.vertices for b in second.vertices)


def zonotope(generators: Iterable[Iterable[Any]], offset: Iterable[Any], meter: Meter | None = None) -> Polytope:
    """offset + sum_i [0, g_i], a sum of segments, for generators g_i in Q^n.

    Its vertices are the points offset + sum {g_i : <g_i, x> > 0}, one for each cell of the central arrangement of the
    hyperplanes {<g_i, x> = 0} (Ziegler 1995, section 7.3).

    >>> hexagon = zonotope([(1, 0), (0, 1), (1, 1)], (0, 0))
    >>> hexagon.f_vector, hexagon.volume
    ((6, 6, 1), Fraction(3, 1))
    """
    start = as_vector(offset, "offset")
    given = [as_vector(generator, "generator") for generator in generators]
    for generator in given:
        if len(generator) != len(start):
            raise ValueError(f"generators must have {len(start)} coordinates like the offset, got {len(generator)}")
    meter = meter or Meter()
    parts = [(_whole_space(len(start)), start)]
    for generator in filter(any, given):
        parts = [piece for cone, point in parts for piece in _divided(cone, point, generator, meter)]
    return convex_hull((point for _, point in parts), meter)


def _divided(cone: Cone, point: Vector, generator: Vector, meter: Meter) -> list[tuple[Cone, Vector]]:
    row = primitive(generator)
    meter.check_time()
    sign = sign_on(cone, row)
    if sign is None:
        above, below = cut(cone, row, meter)
        return [(above, _plus(point, generator)), (below, point)]
    return [(cone, _plus(point, generator) if sign > 0 else point)]


def _plus(first: Vector, second: Vector) -> Vector:
    return tuple(a + b for a, b in zip(first, second, strict=True))


def zonotope_generators(polytope: Polytope) -> tuple[Vector, ...] | None:
    """The generators g_i, pairwise not parallel and lexicographically positive, if the polytope is a zonotope.

    The polytope is then v + sum_i [0, g_i] with v its first vertex; otherwise None. A polytope is a zonotope iff all
    its two-dimensional faces are centrally symmetric (Bolker 1969); the generators are then its edges up to
    translation.

    >>> zonotope_generators(Polytope([(0, 0), (2, 0), (3, 1), (1, 1)]))
    ((Fraction(1, 1), Fraction(1, 1)), (Fraction(2, 1), Fraction(0, 1)))
    >>> zonotope_generators(Polytope([(0, 0), (1, 0), (0, 1)])) is None
    True
    """
    if polytope.dimension == 0:
        return ()
    vertices = polytope.vertices
    if polytope.dimension > 1 and not all(
        _centrally_symmetric([vertices[i] for i in face]) for face in polytope.faces[2]
    ):
        return None
    differences = (_minus(vertices[j], vertices[i]) for i, j in polytope.faces[1])
    return tuple(sorted(set(differences)))


def _centrally_symmetric(points: Sequence[Vector]) -> bool:
    doubled_centre = tuple(2 * sum(column) / len(points) for column in zip(*points, strict=True))
    return {_minus(doubled_centre, point) for point in points} == set(points)


def _minus(first: Vector, second: Vector) -> Vector:
    return tuple(a - b for a, b in zip(first, second, strict=True))
