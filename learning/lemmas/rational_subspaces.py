"""Linear subspaces of Q^d given by rows, and orthogonal projections onto them, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from flint import fmpq, fmpq_mat

__all__ = ["complement", "inner", "orthogonal_basis", "overlap", "project", "projection", "remainder", "sum_of"]

Vector = tuple[Fraction, ...]
Rows = Sequence[Sequence[Fraction]]


def inner(u: Sequence[Fraction], v: Sequence[Fraction]) -> Fraction:
    """Inner product of two vectors.

    >>> inner((Fraction(1), Fraction(2)), (Fraction(3), Fraction(-1)))
    Fraction(1, 1)
    """
    return sum((a * b for a, b in zip(u, v, strict=True) if a and b), Fraction(0))


def orthogonal_basis(rows: Rows) -> tuple[Vector, ...]:
    """Orthogonal basis of span(rows), by Gram and Schmidt without normalising; an orthonormal one need not be rational.

    >>> one, zero = Fraction(1), Fraction(0)
    >>> [tuple(map(str, row)) for row in orthogonal_basis([(one, one), (one, zero), (one, one)])]
    [('1', '1'), ('1/2', '-1/2')]
    """
    basis: list[Vector] = []
    for row in rows:
        rest = remainder(basis, row)
        if any(rest):
            basis.append(rest)
    return tuple(basis)


def project(basis: Rows, vector: Sequence[Fraction]) -> Vector:
    """Orthogonal projection of a vector onto the span of orthogonal rows.

    >>> project([(Fraction(1), Fraction(1))], (Fraction(1), Fraction(0)))
    (Fraction(1, 2), Fraction(1, 2))
    """
    total = [Fraction(0)] * len(vector)
    for row in basis:
        factor = inner(row, vector) / inner(row, row)
        if factor:
            total = [a + factor * b for a, b in zip(total, row, strict=True)]
    return tuple(total)


def remainder(basis: Rows, vector: Sequence[Fraction]) -> Vector:
    """The part of a vector orthogonal to the span of orthogonal rows.

    >>> remainder([(Fraction(1), Fraction(1))], (Fraction(1), Fraction(0)))
    (Fraction(1, 2), Fraction(-1, 2))
    """
    return tuple(a - b for a, b in zip(vector, project(basis, vector), strict=True))


def projection(rows: Rows, dimension: int) -> tuple[Vector, ...]:
    """The matrix of the orthogonal projection onto span(rows) in Q^d, d = ``dimension``.

    >>> projection([(Fraction(3), Fraction(4))], 2)[0]
    (Fraction(9, 25), Fraction(12, 25))
    """
    matrix = fmpq_mat(dimension, dimension)
    for row in orthogonal_basis(rows):
        column = fmpq_mat(dimension, 1, [fmpq(q.numerator, q.denominator) for q in row])
        square = inner(row, row)
        matrix += column * column.transpose() * fmpq(square.denominator, square.numerator)
    return tuple(tuple(Fraction(int(q.p), int(q.q)) for q in row) for row in matrix.tolist())


def overlap(first: Rows, second: Rows) -> Fraction:
    """tr(Π Π') for the orthogonal projections Π, Π' onto the spans of two sets of orthogonal rows.

    >>> overlap([(Fraction(1), Fraction(1))], [(Fraction(1), Fraction(0))])
    Fraction(1, 2)
    """
    return sum((inner(u, v) ** 2 / (inner(u, u) * inner(v, v)) for u in first for v in second), Fraction(0))


def complement(rows: Rows, inside: Rows) -> tuple[Vector, ...]:
    """Orthogonal basis of span(inside) ⊖ span(rows): the part of the second span orthogonal to the first.

    >>> one, zero = Fraction(1), Fraction(0)
    >>> complement([(one, zero)], [(one, one)])
    ((Fraction(0, 1), Fraction(1, 1)),)
    """
    basis = orthogonal_basis(rows)
    return orthogonal_basis([remainder(basis, v) for v in inside])


def sum_of(first: Rows, second: Rows) -> tuple[Vector, ...]:
    """Orthogonal basis of the sum of two spans, beginning with that of the first.

    >>> len(sum_of([(Fraction(1), Fraction(0))], [(Fraction(2), Fraction(0))]))
    1
    """
    return orthogonal_basis([*first, *second])
