"""Convex polyhedra over Q: half-spaces that are held, and everything else when it is asked for."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Any

from tropical.arguments import require
from tropical.arithmetic.linear_program import maximise
from tropical.arithmetic.rationals import Matrix, Vector, as_rows, as_vector, nullspace, primitive
from tropical.budget import Meter
from tropical.functions.affine import AffineForm, as_forms, form_of_row
from tropical.notation import text_form, text_rational
from tropical.polyhedra.cones import Cone, Integers, dot, facets, half_space, intersect, point_of
from tropical.polyhedra.faces import face_lattice, polytope_volume
from tropical.polyhedra.facet_search import LocalView, find_facets
from tropical.polyhedra.hull import Hull, affine_hull
from tropical.values import Value, short, summary

_SHOWN = 6  # half-spaces, and terms of each, in short
_ZERO = Fraction(0)


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Polyhedron(Value):
    """The closed set {x in Q^n : h(x) >= 0 for every half-space h}, of any dimension, but not empty.

    Canonical on construction: ``rows`` are coprime integers (constant, gradient), in decreasing order of the gradients;
    of parallel ones only the tightest is there, and none is constant. None at all: the whole space. Where half-spaces
    imply ``equations``, such as h and -h, each equation is there with both signs, and the other rows are rid of the
    coordinates that the equations determine. ``==`` and ``hash`` are those of the set of points: rows that others imply
    together are found, by linear programs, when it is asked for.
    Vertices are enumerated only for ``cone``, ``vertices``, ``rays`` and ``volume``.
    Raises ``ValueError`` for half-spaces that are not AffineForms, if there are none, they live on
    different spaces, or the set is empty.

    >>> triangle = Polyhedron([AffineForm([1, 0]), AffineForm([0, "1/2"]), AffineForm([-1, -1], 1)])
    >>> [str(h) for h in triangle.halfspaces], triangle.volume
    (['x0', 'x1', '-x0 - x1 + 1'], Fraction(1, 2))
    >>> triangle.vertices
    ((Fraction(0, 1), Fraction(0, 1)), (Fraction(0, 1), Fraction(1, 1)), (Fraction(1, 1), Fraction(0, 1)))
    >>> triangle.contains([0, "1/2"]), triangle.contains([1, 1])
    (True, False)
    >>> triangle & Box([0, 0], [2, 2]) == triangle
    True
    >>> edge = triangle & Polyhedron([AffineForm([1, 1], -1)])
    >>> edge.dimension, list(map(str, edge.equations)), edge.vertices == triangle.vertices[1:]
    (1, ['x0 + x1 - 1'], True)
    >>> edge
    <Polyhedron in Q^2: x0 + x1 - 1 = 0, x1 >= 0, -x1 + 1 >= 0>
    """

    input_dim: int
    _rows: tuple[Integers, ...]
    _hull: Hull
    _inside: Integers

    def __init__(self, halfspaces: Iterable[AffineForm]) -> None:
        forms = as_forms(halfspaces, "halfspaces")
        dims = sorted({form.input_dim for form in forms})
        if len(dims) != 1 or dims == [0]:
            raise ValueError(f"a polyhedron needs half-spaces, all on one space of dimension >= 1, got those on {dims}")
        rows = [primitive((form.constant, *form.gradient)) for form in forms]
        self._hold(dims[0], rows, f"the polyhedron of {len(forms)} half-spaces")

    def _hold(self, dim: int, rows: list[Integers], what: str) -> None:
        """Canonical rows, the affine hull, and a point strictly inside, in its coordinates."""
        found = affine_hull(rows, dim)
        if found is None:
            raise ValueError(f"{what} is empty")
        hull, kept, inside = found
        self._set(input_dim=dim, _rows=_in_order([*hull.extended(kept), *hull.both_signs]), _hull=hull, _inside=inside)

    def _set(self, **fields: Any) -> None:
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    @classmethod
    def _with_interior(cls, dim: int, rows: tuple[Integers, ...], inside: Integers) -> "Polyhedron":
        """The polyhedron of canonical rows in Q^dim, dim >= 0, and a point strictly inside."""
        made = object.__new__(Polyhedron)
        made._set(input_dim=dim, _rows=rows, _hull=Hull(dim), _inside=inside)
        return made

    @staticmethod
    def from_inequalities(A: Iterable[Iterable[Any]], b: Iterable[Any]) -> "Polyhedron":
        """The polyhedron {x : A x <= b}, for A of shape (m, n) and b of length m.

        >>> Polyhedron.from_inequalities([[1, 1], [-1, 0], [0, -1]], [1, 0, 0]).volume
        Fraction(1, 2)
        """
        left, right = as_rows(A, "A"), as_vector(b, "b")
        if len(left) != len(right):
            raise ValueError(f"A x <= b needs as many rows of A as entries of b, got {len(left)} and {len(right)}")
        return Polyhedron([-AffineForm(row, -bound) for row, bound in zip(left, right, strict=True)])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Polyhedron):
            return NotImplemented
        if self.input_dim != other.input_dim or not self.contains(other.interior_point):
            return False
        return self.rows == other.rows or self._facet_rows == other._facet_rows

    def __hash__(self) -> int:
        return hash(self._facet_rows)

    def __and__(self, other: "Polyhedron") -> "Polyhedron":
        if not isinstance(other, Polyhedron):
            return NotImplemented
        if self.input_dim != other.input_dim:
            raise ValueError(f"polyhedra in R^{self.input_dim} and R^{other.input_dim} cannot be intersected")
        common = object.__new__(Polyhedron)
        common._hold(self.input_dim, [*self.rows, *other.rows], f"the intersection of {self!r} and {other!r}")
        return common

    def __repr__(self) -> str:
        both = set(self.hull.both_signs)
        said = [*((row, "=") for row in self.hull.equations), *((row, ">=") for row in self.rows if row not in both)]
        forms = [(form_of_row(row), relation) for row, relation in said[:_SHOWN]]
        shown = [f"{text_form(h.gradient, h.constant, _SHOWN)} {relation} 0" for h, relation in forms]
        more = [f"... ({len(said) - _SHOWN} more)"] if len(said) > _SHOWN else []
        return summary(f"Polyhedron in Q^{self.input_dim}", ", ".join([*shown, *more]))

    @property
    def hull(self) -> Hull:
        """The smallest affine space that holds the polyhedron."""
        return self._hull

    @property
    def dimension(self) -> int:
        """That of the affine hull: n, less the number of ``equations``."""
        return self.hull.dim

    @property
    def equations(self) -> tuple[AffineForm, ...]:
        """Affine forms, their gradients in reduced echelon form, whose common zeros are the affine hull."""
        return tuple(map(form_of_row, self.hull.equations))

    @cached_property
    def core(self) -> "Polyhedron":
        """The set in the coordinates of its affine hull, where it has interior; itself, if it has interior in Q^n."""
        if not self.hull.equations:
            return self
        rows = tuple(row for row in self.hull.restricted(self.rows) if any(row))
        return Polyhedron._with_interior(self.dimension, rows, self._inside)

    @property
    def rows(self) -> tuple[Integers, ...]:
        """Rows (constant, gradient), each coprime integers: non-negative at (1, x) for x in the polyhedron."""
        return self._rows

    @cached_property
    def halfspaces(self) -> tuple[AffineForm, ...]:
        """The ``rows`` as affine forms h: the polyhedron is {x : h(x) >= 0 for all of them}."""
        return tuple(map(form_of_row, self.rows))

    @property
    def A(self) -> Matrix:
        """The matrix A, of shape (m, n), of the inequalities A x <= b."""
        return tuple(tuple(Fraction(-a) if a else _ZERO for a in row[1:]) for row in self.rows)

    @property
    def b(self) -> Vector:
        """The right side b, of length m, of the inequalities A x <= b."""
        return tuple(Fraction(row[0]) for row in self.rows)

    @cached_property
    def _facet_rows(self) -> tuple[Integers, ...]:
        """The rows without those that the others imply: the same for equal sets."""
        if self.hull.equations:
            return _in_order([*self.hull.extended(self.core._facet_rows), *self.hull.both_signs])
        if not self.rows:
            return ()
        view = LocalView(self.rows, self._inside)
        view.move_to_centre()
        return tuple(self.rows[i] for i in sorted(find_facets(view)))

    @cached_property
    def cone(self) -> Cone:
        """The cone over {1} x polyhedron, of its dimension and one more."""
        return self._make_cone()

    def _make_cone(self, meter: Meter | None = None) -> Cone:
        if self.hull.equations:
            return self.hull.lifted_cone(cone_within(self.core, meter))
        found = intersect(half_space(self.input_dim), self._facet_rows, meter)
        assert found is not None
        return found

    @cached_property
    def interior_point(self) -> Vector:
        """A rational point of the relative interior."""
        return point_of(self.hull.lifted([self._inside])[0])

    @cached_property
    def lineality(self) -> Matrix:
        """Integer basis of the largest linear subspace along which the polyhedron is invariant."""
        return nullspace([h.gradient for h in self.halfspaces], self.input_dim)

    @cached_property
    def is_bounded(self) -> bool:
        """Whether the polyhedron is a polytope."""
        if len(self.rows) <= self.input_dim or self.lineality:
            return False
        gradients = [row[1:] for row in self.rows]
        total = tuple(map(sum, zip(*gradients, strict=True)))
        # directions of recession d are those with <g, d> >= 0 for all gradients g; without lineality some <g, d> is > 0
        return maximise((0, *total), [(0, *g) for g in gradients]).status == "optimal"

    @cached_property
    def vertices(self) -> tuple[Vector, ...]:
        """Vertices, sorted (representatives modulo the lineality space)."""
        return tuple(sorted(point_of(g) for g in self.cone.generators if g[0]))

    @cached_property
    def rays(self) -> tuple[Vector, ...]:
        """Extreme rays of the recession cone as primitive integer vectors, sorted (modulo the lineality space)."""
        return tuple(sorted(tuple(map(Fraction, g[1:])) for g in self.cone.generators if not g[0]))

    @cached_property
    def volume(self) -> Fraction | float:
        """Exact n-dimensional volume: 0 where there is an equation, else ``math.inf`` for an unbounded polyhedron."""
        if self.hull.equations:
            return Fraction(0)
        if not self.is_bounded:
            return math.inf
        corners = [point_of(g) for g in self.cone.generators]
        levels = face_lattice(len(corners), list(facets(self.cone).values()), self.input_dim)
        return polytope_volume(corners, levels)

    def contains(self, x: Iterable[Any]) -> bool:
        """Whether x lies in the closed polyhedron."""
        vector = primitive((Fraction(1), *self._point_of(x)))
        return all(dot(row, vector) >= 0 for row in self.rows)

    def _point_of(self, x: Iterable[Any]) -> Vector:
        point = as_vector(x, "x")
        if len(point) != self.input_dim:
            raise ValueError(f"x must have {self.input_dim} coordinates, got {len(point)}")
        return point


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Box(Polyhedron):
    """The box {x : lower_i <= x_i <= upper_i}; ``ValueError`` unless lower_i <= upper_i for every i.

    Where both are equal the coordinate is fixed: an input of which the value is known. The box holds two vectors; the
    2n half-spaces and the 2^n vertices are made when they are asked for.

    >>> Box([-1, -1], [1, "3/2"]).upper
    (Fraction(1, 1), Fraction(3, 2))
    >>> Box([0] * 784, [2] * 784).volume == 2**784
    True
    >>> Box([0, 0], [2, 2]) & Box([1, -1], [3, 1])
    Box(['1', '0'], ['2', '1'])
    >>> Box([0, 1, 0], [1, 1, 2]).dimension
    2
    """

    lower: Vector
    upper: Vector

    def __init__(self, lower: Iterable[Any], upper: Iterable[Any]) -> None:
        low, high = as_vector(lower, "lower"), as_vector(upper, "upper")
        if len(low) != len(high) or not low:
            raise ValueError(f"lower and upper must have the same positive length, got {len(low)} and {len(high)}")
        for i, (a, b) in enumerate(zip(low, high, strict=True)):
            if a > b:
                ends = f"lower[{i}] = {text_rational(a)} and upper[{i}] = {text_rational(b)}"
                raise ValueError(f"a box needs lower <= upper, got {ends}")
        self._set(lower=low, upper=high, input_dim=len(low))

    def __and__(self, other: Polyhedron) -> Polyhedron:
        if not isinstance(other, Box) or self.input_dim != other.input_dim:
            return super().__and__(other)
        lower = tuple(map(max, self.lower, other.lower))
        upper = tuple(map(min, self.upper, other.upper))
        if any(a > b for a, b in zip(lower, upper, strict=True)):
            raise ValueError(f"the intersection of {self!r} and {other!r} is empty")
        return Box(lower, upper)

    def __repr__(self) -> str:
        lower, upper = ([text_rational(q) for q in ends] for ends in (self.lower, self.upper))
        return f"Box({short(lower)}, {short(upper)})"

    @classmethod
    def _kept(cls) -> tuple[str, ...]:
        return "input_dim", "lower", "upper"

    @cached_property
    def hull(self) -> Hull:
        """The space in which the coordinates with lower_i = upper_i are fixed."""
        fixed = []
        for i, (a, b) in enumerate(zip(self.lower, self.upper, strict=True)):
            if a == b:
                row = [0] * (self.input_dim + 1)
                row[0], row[i + 1] = -a.numerator, a.denominator
                fixed.append(tuple(row))
        return Hull(self.input_dim, tuple(fixed))

    @cached_property
    def core(self) -> Polyhedron:
        """The box of the coordinates that are not fixed."""
        free = self.hull.free
        if len(free) == self.input_dim:
            return self
        if not free:
            return Polyhedron._with_interior(0, (), (1,))
        return Box([self.lower[j] for j in free], [self.upper[j] for j in free])

    @cached_property
    def rows(self) -> tuple[Integers, ...]:
        """Rows (constant, gradient), two for each coordinate, as of every polyhedron."""
        rows = []
        for sign, ends in ((-1, self.lower), (1, self.upper)):
            for i, end in enumerate(ends):
                row = [0] * (self.input_dim + 1)
                row[0], row[i + 1] = sign * end.numerator, -sign * end.denominator
                rows.append(tuple(row))
        return (*rows[: self.input_dim], *reversed(rows[self.input_dim :]))

    @property
    def _facet_rows(self) -> tuple[Integers, ...]:
        return self.rows

    def _make_cone(self, meter: Meter | None = None) -> Cone:
        if self.hull.equations:
            return super()._make_cone(meter)
        dim = self.input_dim
        ends = list(zip(self.lower, self.upper, strict=True))
        on = [(1 << 1 + i, 1 << 2 * dim - i) for i in range(dim)]  # where the ends stand in the constraints
        generators = []
        for corner in product(*ends):
            if meter is not None:
                meter.check_time()
            common = math.lcm(*(q.denominator for q in corner))
            generators.append((common, *(q.numerator * (common // q.denominator) for q in corner)))
        incidence = tuple(map(sum, product(*on)))
        return Cone(tuple(generators), incidence, (half_space(dim).constraints[0], *self.rows))

    @property
    def interior_point(self) -> Vector:
        """The centre."""
        return tuple((a + b) / 2 for a, b in zip(self.lower, self.upper, strict=True))

    @property
    def lineality(self) -> Matrix:
        """None."""
        return ()

    @property
    def is_bounded(self) -> bool:
        """It is."""
        return True

    @property
    def vertices(self) -> tuple[Vector, ...]:
        """The corners, 2^k for k coordinates that are not fixed, sorted."""
        ends = zip(self.lower, self.upper, strict=True)
        return tuple(product(*((a,) if a == b else (a, b) for a, b in ends)))

    @property
    def volume(self) -> Fraction:
        """The product of the sides."""
        return math.prod((b - a for a, b in zip(self.lower, self.upper, strict=True)), start=Fraction(1))

    def contains(self, x: Iterable[Any]) -> bool:
        """Whether x lies in the closed box."""
        return all(a <= q <= b for a, q, b in zip(self.lower, self._point_of(x), self.upper, strict=True))


def _in_order(rows: Iterable[Integers]) -> tuple[Integers, ...]:
    """In decreasing order of the gradients."""
    return tuple(sorted(rows, key=lambda row: row[1:], reverse=True))


def cone_within(domain: Polyhedron, meter: Meter | None) -> Cone:
    """``domain.cone``, or :class:`BudgetExhausted`."""
    if "cone" not in vars(domain):
        vars(domain)["cone"] = domain._make_cone(meter)
    return domain.cone


def require_domain(domain: Any, input_dim: int, what: str = "the function") -> None:
    """``ValueError`` unless ``domain`` is None or a polyhedron on the same space.

    >>> require_domain(Box([0], [1]), 2)
    Traceback (most recent call last):
    ValueError: the domain lives on R^1, the function on R^2
    """
    if domain is None:
        return
    require(domain, Polyhedron, "domain", "a Box(lower, upper), a Polyhedron or None")
    if domain.input_dim != input_dim:
        raise ValueError(f"the domain lives on R^{domain.input_dim}, {what} on R^{input_dim}")
