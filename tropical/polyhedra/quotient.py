"""Coordinates on Q^n / K for the subspace K along which nothing of interest changes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from flint import fmpq_mat

from tropical.arithmetic.rationals import (
    Matrix,
    Vector,
    as_vector,
    from_flint,
    independent_rows,
    nullspace,
    primitive,
    row_space,
    to_flint,
)
from tropical.functions.affine import AffineForm
from tropical.functions.network import ReLUNetwork
from tropical.values import Value


@dataclass(frozen=True, repr=False)
class Quotient(Value):
    """The linear map x -> y = Ax from Q^n onto Q^r with kernel K, and a section S with A S = I.

    ``matrix`` is A, of shape (r, n). Functions that are constant along K are functions of y.
    """

    matrix: Matrix
    input_dim: int

    @classmethod
    def by_common_kernel(cls, rows: Sequence[Vector], input_dim: int) -> "Quotient":
        """The quotient by {x : <row, x> = 0 for every row}; its coordinates are the first independent rows.

        >>> one, zero = Fraction(1), Fraction(0)
        >>> Quotient.by_common_kernel([(one, one, zero), (one, one, zero)], 3).matrix
        ((Fraction(1, 1), Fraction(1, 1), Fraction(0, 1)),)
        """
        chosen = [primitive(rows[i]) for i in independent_rows(rows)]
        return cls(tuple(tuple(map(Fraction, row)) for row in chosen), input_dim)

    @classmethod
    def trivial(cls, input_dim: int) -> "Quotient":
        """The quotient by {0}: y = x."""
        return cls(tuple(tuple(Fraction(int(i == j)) for j in range(input_dim)) for i in range(input_dim)), input_dim)

    @property
    def dim(self) -> int:
        """Dimension r of the quotient."""
        return len(self.matrix)

    @cached_property
    def kernel(self) -> Matrix:
        """Integer basis of K."""
        return nullspace(self.matrix, self.input_dim)

    @cached_property
    def section(self) -> fmpq_mat:
        """S of shape (n, r), supported on the pivot coordinates of A."""
        pivots = [next(j for j, q in enumerate(row) if q) for row in row_space(self.matrix)]
        square = to_flint([[row[j] for j in pivots] for row in self.matrix], self.dim)
        inverse = square.inv() if self.dim else square
        section = fmpq_mat(self.input_dim, self.dim)
        for i, pivot in enumerate(pivots):
            for j in range(self.dim):
                section[pivot, j] = inverse[i, j]
        return section

    def project(self, x: Iterable[Any]) -> Vector:
        """y = Ax."""
        point = as_vector(x, "x")
        return tuple(sum((a * b for a, b in zip(row, point, strict=True)), Fraction(0)) for row in self.matrix)

    def lift(self, y: Sequence[Fraction]) -> Vector:
        """The representative x = Sy."""
        if not self.dim:
            return (Fraction(0),) * self.input_dim
        return tuple(row[0] for row in from_flint(self.section * to_flint([(Fraction(q),) for q in y])))

    def descend(self, form: AffineForm) -> AffineForm:
        """The form on the quotient that ``form``, constant along K, induces."""
        if not self.dim:
            return AffineForm((), form.constant)
        return AffineForm(from_flint(to_flint([form.gradient]) * self.section)[0], form.constant)

    def pull_back(self, form: AffineForm) -> AffineForm:
        """The form x -> form(Ax)."""
        if not self.dim:
            return AffineForm((Fraction(0),) * self.input_dim, form.constant)
        return AffineForm(from_flint(to_flint([form.gradient]) * to_flint(self.matrix))[0], form.constant)

    def pull_back_gradient(self, gradient: Sequence[int | Fraction]) -> Vector:
        """The gradient gA on Q^n of the form y -> <g, y>."""
        return self.pull_back(AffineForm(tuple(map(Fraction, gradient)))).gradient

    def descend_network(self, net: ReLUNetwork) -> ReLUNetwork:
        """The network on the quotient that ``net``, whose first layer vanishes on K, induces."""
        if self == Quotient.trivial(self.input_dim):
            return net
        first = net.layers[0]
        weight = from_flint(first.exact_weight * self.section) if self.dim else ((),) * first.output_dim
        return ReLUNetwork((replace(first, weight=weight), *net.layers[1:]))
