"""Charts: coordinates of the domain of functions: of its affine hull, or modulo what none of the functions sees."""

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
from tropical.polyhedra.hull import Hull
from tropical.polyhedra.polyhedron import Polyhedron, cone_within, require_domain
from tropical.values import Value

F = TypeVar("F", bound=Function)


@dataclass(frozen=True, repr=False)
class Chart(Value):
    """Coordinates y = Ax on Q^n modulo the kernel K of A, or, on a ``domain``, coordinates y = Ax of its affine hull.

    ``matrix`` is A, of shape (r, n), with an inclusion y -> p + Sy, A S = I. Without a domain p is 0, and functions
    that are constant along K are functions of y. On a domain A chooses the ``free`` coordinates of its hull, all of
    them if it has interior, and the inclusion maps onto the hull. Cones over polyhedra live in the homogeneous
    coordinates (y_0, y): vertices have y_0 > 0, rays y_0 = 0.
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
        """The chart y = x of the space, or that of the affine hull of a domain."""
        free = range(input_dim) if domain is None else domain.hull.free
        zero, one = Fraction(0), Fraction(1)
        return cls(tuple(tuple(one if i == j else zero for j in range(input_dim)) for i in free), input_dim, domain)

    @property
    def dim(self) -> int:
        """Number r of coordinates."""
        return len(self.matrix)

    @property
    def hull(self) -> Hull:
        """The affine hull of the domain, or the whole space."""
        return Hull(self.input_dim) if self.domain is None else self.domain.hull

    @property
    def region(self) -> Polyhedron | None:
        """The domain in the coordinates y, where it has interior; None for all of them."""
        return None if self.domain is None else self.domain.core

    @cached_property
    def cone(self) -> Cone:
        """The cone over {1} x domain, in the coordinates y."""
        return half_space(self.dim) if self.region is None else self.region.cone

    def cone_within(self, meter: Meter) -> Cone:
        """:attr:`cone`, or :class:`BudgetExhausted`."""
        return self.cone if self.region is None else cone_within(self.region, meter)

    @cached_property
    def kernel(self) -> Matrix:
        """Integer basis of the directions along which the functions are constant: K, or none on a domain."""
        return nullspace(self.matrix, self.input_dim) if self.domain is None else ()

    @cached_property
    def section(self) -> fmpq_mat:
        """S of shape (n, r); on all of R^n supported on the pivot coordinates of A."""
        if self.domain is not None:
            slopes = [row[1:] for row in self.hull.matrix.tolist()[1:]]
            return fmpq_mat(self.input_dim, self.dim, [q for row in slopes for q in row])
        pivots = pivot_columns(self.matrix)
        square = to_flint([[row[j] for j in pivots] for row in self.matrix], self.dim)
        inverse = square.inv() if self.dim else square
        section = fmpq_mat(self.input_dim, self.dim)
        for i, pivot in enumerate(pivots):
            for j in range(self.dim):
                section[pivot, j] = inverse[i, j]
        return section

    @cached_property
    def projection(self) -> fmpq_mat:
        """The orthogonal projection of Q^n to the directions Sy."""
        across = self.section.transpose()
        return self.section * (across * self.section).solve(across) if self.dim else fmpq_mat(*[self.input_dim] * 2)

    @cached_property
    def inclusion(self) -> AffineMap:
        """The map y -> p + Sy."""
        if self.domain is not None:
            return self.hull.inclusion
        return AffineMap(tuple(map(AffineForm, from_flint(self.section))))

    @cached_property
    def _is_whole(self) -> bool:
        if self.domain is not None:
            return not self.hull.equations
        return self.dim == self.input_dim and self.matrix == Chart.whole(self.input_dim).matrix

    def project(self, x: Iterable[Any]) -> Vector:
        """y = Ax."""
        point = as_vector(x, "x")
        return tuple(sum((a * b for a, b in zip(row, point, strict=True)), Fraction(0)) for row in self.matrix)

    def lift(self, y: Sequence[int | Fraction]) -> Vector:
        """The direction Sy."""
        if not self.dim:
            return (Fraction(0),) * self.input_dim
        column = to_flint([(Fraction(q),) for q in y])
        return tuple(row[0] for row in from_flint(self.section * column))

    def point(self, vector: Sequence[int]) -> Vector:
        """The point of Q^n that a homogeneous vector with positive first entry stands for."""
        (_, *x), scale = self.vector(vector), vector[0]
        return tuple(q / scale for q in x)

    def vector(self, vector: Sequence[int]) -> Vector:
        """The homogeneous vector (y_0, y_0 p + Sy) for (y_0, y)."""
        if self.domain is None:
            return (Fraction(vector[0]), *self.lift(vector[1:]))
        if not self.hull.equations:
            return tuple(map(Fraction, vector))
        column = self.hull.matrix * to_flint([(Fraction(a),) for a in vector])
        return tuple(row[0] for row in from_flint(column))

    def step(self, coordinate: int) -> Vector:
        """The direction in the coordinates y in which that coordinate of x grows by 1 and no other one; 0 if none does.

        On all of R^n it is one modulo K.
        """
        if any(row[coordinate + 1] for row in self.hull.equations):
            return (Fraction(0),) * self.dim
        return tuple(row[coordinate] for row in self.matrix)

    def lineality(self, vectors: Sequence[Integers]) -> Matrix:
        """Integer basis of the lineality space whose part within the chart has this basis of homogeneous vectors."""
        lifted = (primitive(self.lift(vector[1:])) for vector in vectors)
        return self.kernel + tuple(tuple(map(Fraction, vector)) for vector in lifted)

    def restrict(self, f: F) -> F:
        """The function y -> f(p + Sy), which is f in these coordinates if it is constant along K."""
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
        hull = map(form_of_row, self.hull.both_signs)
        return Polyhedron([*self.pull_back_all([form_of_row(row) for row in finite]), *hull])

    def then(self, inner: "Chart") -> "Chart":
        """The chart x -> BAx for a chart y -> By of these coordinates."""
        rows = to_flint(inner.matrix, self.dim) * to_flint(self.matrix, self.input_dim)
        return Chart(from_flint(rows), self.input_dim)
