"""Orthogonal rational frames, and symmetric matrices on the spaces they span."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any, Self

from flint import arb, ctx, fmpq

from tropical.arithmetic.rationals import Matrix, Vector, as_vector, primitive, primitive_integers
from tropical.gaussian.eigenvalues import symmetric_eigenvalues
from tropical.gaussian.precision import combination
from tropical.polyhedra.cones import dot
from tropical.values import Value
from tropical.verdict import Enclosure

Table = tuple[tuple[Enclosure, ...], ...]


def orthogonal_rows(rows: Iterable[Sequence[Fraction]]) -> Matrix:
    """Orthogonal primitive integer vectors that span the same space, by Gram-Schmidt without normalisation.

    >>> orthogonal_rows([(Fraction(1), Fraction(1)), (Fraction(2), Fraction(2)), (Fraction(1), Fraction(0))])
    ((Fraction(1, 1), Fraction(1, 1)), (Fraction(1, 1), Fraction(-1, 1)))
    """
    basis: list[tuple[int, ...]] = []
    for row in rows:
        rest = primitive(row)
        for b in basis:
            inner, square = dot(rest, b), dot(b, b)
            if inner:
                rest = primitive_integers([square * p - inner * q for p, q in zip(rest, b, strict=True)])
        if any(rest):
            basis.append(rest)
    return tuple(tuple(map(Fraction, b)) for b in basis)


@dataclass(frozen=True, repr=False)
class Frame(Value):
    """Orthogonal rational vectors b_a, the rows of ``basis``, in Q^n, n = ``input_dim``; b_a/|b_a| are orthonormal."""

    input_dim: int
    basis: Matrix

    @cached_property
    def squares(self) -> Vector:
        """|b_a|^2."""
        return tuple(sum((q * q for q in b), Fraction(0)) for b in self.basis)

    def coordinates(self, u: Iterable[Any], name: str) -> list[Fraction]:
        """The t_a of the projection sum_a t_a b_a of a rational vector; ``ValueError`` for a wrong length."""
        vector = as_vector(u, name)
        if len(vector) != self.input_dim:
            raise ValueError(f"{name} must have {self.input_dim} entries, got {len(vector)}")
        products = (sum((p * q for p, q in zip(vector, b, strict=True)), Fraction(0)) for b in self.basis)
        return [product / square for product, square in zip(products, self.squares, strict=True)]

    def bilinear(self, table: Table, left: Sequence[Fraction], right: Sequence[Fraction]) -> Enclosure:
        """sum_ab s_a t_b b_a^T M b_b, without further rounding."""
        rows = zip(left, table, strict=True)
        return combination((p * q, value) for p, row in rows for q, value in zip(right, row, strict=True))

    def normalised(self, table: Table, bits: int) -> Table:
        """The entries b_a^T M b_b divided by |b_a| |b_b|."""
        return tuple(
            tuple(over_root(value, p * q, bits) for value, q in zip(row, self.squares, strict=True))
            for row, p in zip(table, self.squares, strict=True)
        )


@dataclass(frozen=True, repr=False)
class FramedMatrix(Value):
    """A symmetric matrix M on Q^n, M v = 0 for v orthogonal to the ``frame``, known by ``table``: b_a^T M b_b."""

    frame: Frame = field(repr=False)
    table: Table = field(repr=False)
    bits: int = field(repr=False)

    @property
    def basis(self) -> Matrix:
        """The orthogonal rational vectors b_a of the frame, as rows."""
        return self.frame.basis

    @cached_property
    def second(self) -> Table:
        """M in the orthonormal frame b_a/|b_a|."""
        return self.frame.normalised(self.table, self.bits)

    def quadratic(self, u: Iterable[Any], v: Iterable[Any] | None = None) -> Enclosure:
        """u^T M v for rational vectors of Q^n, v = u by default."""
        left = self.frame.coordinates(u, "u")
        return self.frame.bilinear(self.table, left, left if v is None else self.frame.coordinates(v, "v"))

    @property
    def trace(self) -> Enclosure:
        """Tr M."""
        return combination((1 / square, self.table[a][a]) for a, square in enumerate(self.frame.squares))

    @cached_property
    def eigenvalues(self) -> tuple[Enclosure, ...]:
        """The eigenvalues on the span of the basis, in ascending order, with multiplicities."""
        with ctx.workprec(2 * self.bits):
            return symmetric_eigenvalues([[value.to_ball() for value in row] for row in self.second])

    def compressed(self, rows: Iterable[Iterable[Any]]) -> Self:
        """Pi M Pi for the orthogonal projection Pi onto the span of rational rows, in the frame of their Gram-Schmidt.

        Dependent rows count once. All else stays as it is.
        """
        vectors = [as_vector(row, f"rows[{i}]") for i, row in enumerate(rows)]
        for i, vector in enumerate(vectors):
            if len(vector) != self.frame.input_dim:
                raise ValueError(f"rows[{i}] must have {self.frame.input_dim} entries, got {len(vector)}")
        frame = Frame(self.frame.input_dim, orthogonal_rows(vectors))
        coordinates = [self.frame.coordinates(e, "rows") for e in frame.basis]
        table = tuple(tuple(self.frame.bilinear(self.table, s, t) for t in coordinates) for s in coordinates)
        return replace(self, frame=frame, table=table)


def over_root(value: Enclosure, square: Fraction, bits: int) -> Enclosure:
    """value/sqrt(square)."""
    with ctx.workprec(2 * bits):
        return Enclosure.from_ball(value.to_ball() / arb(fmpq(square.numerator, square.denominator)).sqrt())
