"""Charts: coordinates of the domain of functions, modulo the directions along which none of them changes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeVar

from flint import fmpq_mat, fmpz_mat

from tropical.arithmetic.rationals import (
    Matrix,
    Vector,
    as_vector,
    from_flint,
    independent_rows,
    nullspace,
    pivot_columns,
    primitive,
    primitive_integers,
    to_flint,
)
from tropical.budget import Meter
from tropical.functions.affine import AffineForm, AffineMap, form_of_row
from tropical.functions.function import Function
from tropical.polyhedra.cones import Cone, Integers, facets, half_space
from tropical.polyhedra.polyhedron import Polyhedron, cone_within, require_domain
from tropical.values import Value

F = TypeVar("F", bound=Function)


@dataclass(frozen=True, repr=False)
class Chart(Value):
    """Coordinates y = Ax on Q^n modulo the kernel K of A, or, on a ``domain``, the coordinates y = x.

    ``matrix`` is A, of shape (r, n), with a section S, A S = I. Functions that are constant along K are functions of
    y. Cones over polyhedra live in the homogeneous coordinates (y_0, y): vertices have y_0 > 0, rays y_0 = 0.
    """

    matrix: Matrix
    input_dim: int
    domain: Polyhedron | None = None

    @classmethod
    def of(cls, rows: Sequence[Vector], input_dim: int, domain: Polyhedron | None = None) -> "Chart":
        """The chart for functions that see x only through ``rows``, on the domain (all of R^n by default).

        On R^n its coordinates are the first independent rows. ``ValueError`` if the domain lives on another space.

        >>> one, zero = Fraction(1), Fraction(0)
        >>> Chart.of([(one, one, zero), (one, one, zero)], 3).matrix
        ((Fraction(1, 1), Fraction(1, 1), Fraction(0, 1)),)
        """
        if domain is None:
            chosen = [primitive(rows[i]) for i in independent_rows(rows)]
            return cls(tuple(tuple(map(Fraction, row)) for row in chosen), input_dim)
        require_domain(domain, input_dim)
        return cls.whole(input_dim, domain)

    @classmethod
    def whole(cls, input_dim: int, domain: Polyhedron | None = None) -> "Chart":
        """The chart y = x of the space, or of a domain."""
        zero, one = Fraction(0), Fraction(1)
        identity = tuple(tuple(one if i == j else zero for j in range(input_dim)) for i in range(input_dim))
        return cls(identity, input_dim, domain)

    @property
    def dim(self) -> int:
        """Number r of coordinates."""
        return len(self.matrix)

    @cached_property
    def cone(self) -> Cone:
        """The cone over {1} x domain."""
        return half_space(self.dim) if self.domain is None else self.domain.cone

    def cone_within(self, meter: Meter) -> Cone:
        """:attr:`cone`, or :class:`BudgetExhausted`."""
        return self.cone if self.domain is None else cone_within(self.domain, meter)

    @cached_property
    def kernel(self) -> Matrix:
        """Integer basis of K."""
        return nullspace(self.matrix, self.input_dim)

    @cached_property
    def section(self) -> fmpq_mat:
        """S of shape (n, r), supported on the pivot coordinates of A."""
        pivots = pivot_columns(self.matrix)
        square = to_flint([[row[j] for j in pivots] for row in self.matrix], self.dim)
        inverse = square.inv() if self.dim else square
        section = fmpq_mat(self.input_dim, self.dim)
        for i, pivot in enumerate(pivots):
            for j in range(self.dim):
                section[pivot, j] = inverse[i, j]
        return section

    @cached_property
    def inclusion(self) -> AffineMap:
        """The map y -> Sy."""
        return AffineMap(tuple(map(AffineForm, from_flint(self.section))))

    @cached_property
    def _is_whole(self) -> bool:
        square = self.dim == self.input_dim
        return self.domain is not None or (square and self.matrix == Chart.whole(self.input_dim).matrix)

    def project(self, x: Iterable[Any]) -> Vector:
        """y = Ax."""
        point = as_vector(x, "x")
        return tuple(sum((a * b for a, b in zip(row, point, strict=True)), Fraction(0)) for row in self.matrix)

    def lift(self, y: Sequence[int | Fraction]) -> Vector:
        """The representative x = Sy."""
        if not self.dim:
            return (Fraction(0),) * self.input_dim
        column = to_flint([(Fraction(q),) for q in y])
        return tuple(row[0] for row in from_flint(self.section * column))

    def point(self, vector: Sequence[int]) -> Vector:
        """The point of Q^n that a homogeneous vector with positive first entry stands for."""
        return self.lift([Fraction(a, vector[0]) for a in vector[1:]])

    def lineality(self, vectors: Sequence[Integers]) -> Matrix:
        """Integer basis of the lineality space whose part within the chart has this basis of homogeneous vectors."""
        lifted = (primitive(self.lift(vector[1:])) for vector in vectors)
        return self.kernel + tuple(tuple(map(Fraction, vector)) for vector in lifted)

    def restrict(self, f: F) -> F:
        """The function y -> f(Sy), which is f in these coordinates if it is constant along K."""
        return f if self._is_whole else f.compose(self.inclusion)

    def pull_back(self, form: AffineForm) -> AffineForm:
        """The form x -> form(Ax)."""
        return self.pull_back_all([form])[0]

    def pull_back_all(self, forms: Sequence[AffineForm]) -> list[AffineForm]:
        """The forms x -> form(Ax)."""
        table = to_flint([form.gradient for form in forms], self.dim) * to_flint(self.matrix, self.input_dim)
        return [AffineForm(row, form.constant) for row, form in zip(from_flint(table), forms, strict=True)]

    def pull_back_rows(self, rows: Sequence[Integers]) -> list[Integers]:
        """For each row (constant, gradient) in y the coprime integers that are a positive multiple of it in x."""
        if not rows:
            return []
        gradients = fmpq_mat(fmpz_mat([list(row[1:]) for row in rows])) * to_flint(self.matrix, self.input_dim)
        numerators, scale = gradients.numer_denom()
        pairs = zip(rows, numerators.tolist(), strict=True)
        return [primitive_integers([int(scale) * row[0], *map(int, q)]) for row, q in pairs]

    def pull_back_gradient(self, gradient: Sequence[int | Fraction]) -> Vector:
        """The gradient gA on Q^n of the form y -> <g, y>."""
        return self.pull_back(AffineForm(tuple(map(Fraction, gradient)))).gradient

    def polyhedron(self, cone: Cone) -> Polyhedron:
        """The polyhedron of Q^n under a cone."""
        rows = [cone.constraints[index] for index in facets(cone)]
        finite = [row for row in rows if any(row[1:])] or rows
        return Polyhedron(self.pull_back_all([form_of_row(row) for row in finite]))

    def then(self, inner: "Chart") -> "Chart":
        """The chart x -> BAx for a chart y -> By of these coordinates."""
        rows = to_flint(inner.matrix, self.dim) * to_flint(self.matrix, self.input_dim)
        return Chart(from_flint(rows), self.input_dim)
