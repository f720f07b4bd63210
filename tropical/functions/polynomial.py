"""Tropical polynomials in the max convention: finite maxima of affine forms, with ⊕ = max and ⊙ = +."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import ArrayLike, NDArray

from tropical.arguments import abbreviated, as_all, as_count, as_samples
from tropical.arithmetic.rationals import Matrix, Vector, as_fraction, as_vector
from tropical.functions.affine import AffineForm, AffineMap, as_forms, compose_all
from tropical.functions.function import Algebra, V
from tropical.notation import latex_max
from tropical.values import Value, summary

Integers = tuple[int, ...]

_BLOCK = 1 << 22  # entries of the (samples, terms) table held at once by float evaluation: 32 MiB
_SHOWN = 12  # terms written out by str


@dataclass(frozen=True, init=False, repr=False)
class TropicalPolynomial(Value):
    """p(x) = max_i <a_i, x> + c_i on Q^n with rational exponents a_i and coefficients c_i (Maclagan, Sturmfels 2015).

    ``+`` is ⊕ = max, ``*`` is ⊙ = the sum of functions, ``p ** r`` is the function r p for rational r >= 0. Numbers
    count as constants: ``p * 3`` is p plus 3, ``p + 3`` is max(p, 3). There is at least one term: -infinity, the zero
    of ⊕, is not among the values.

    Canonical on construction: one term for each exponent, the largest, sorted by exponent. ``==`` and ``hash`` go by
    these expressions; ``tropical.prune`` makes equal functions equal. As expressions, ⊕ and ⊙ are associative and
    commutative, ⊕ is idempotent, ⊙ distributes over ⊕, 0 is the unit of ⊙, and (p ⊕ q)^r = p^r ⊕ q^r,
    (p ⊙ q)^r = p^r ⊙ q^r, (p^r)^s = p^(rs). Only as functions p^r ⊙ p^s = p^(r+s).
    Raises ``ValueError`` for no terms or terms on different spaces.

    >>> x, y = TropicalPolynomial([AffineForm([1, 0])]), TropicalPolynomial([AffineForm([0, 1])])
    >>> p, q = x + y * 2, x * y + 0
    >>> print(p, "|", p * q)
    max(x1 + 2, x0) | max(x1 + 2, x0, x0 + 2*x1 + 2, 2*x0 + x1)
    >>> p + q == q + p and (p + q) + x == p + (q + x) and p + p == p
    True
    >>> p * q == q * p and (p * q) * x == p * (q * x) and p * 0 == p
    True
    >>> p * (q + x) == p * q + p * x and (p + q) ** "1/2" == p ** "1/2" + q ** "1/2"
    True
    >>> p([3, 5]), (p * q)([3, 5]) == p([3, 5]) + q([3, 5]), p * p == p**2
    (Fraction(7, 1), True, False)
    """

    terms: tuple[AffineForm, ...]

    def __init__(self, terms: Iterable[AffineForm]) -> None:
        largest: dict[Vector, AffineForm] = {}
        for term in as_forms(terms, "terms"):
            known = largest.get(term.gradient)
            if known is None or term.constant > known.constant:
                largest[term.gradient] = term
        if not largest:
            raise ValueError("a tropical polynomial needs at least one term, got none")
        dims = sorted({len(exponent) for exponent in largest})
        if len(dims) > 1:
            raise ValueError(f"terms must be affine forms on one space, got dimensions {dims}")
        object.__setattr__(self, "terms", tuple(largest[exponent] for exponent in sorted(largest)))

    @classmethod
    def from_terms(cls, terms: Mapping[Any, Any] | Iterable[tuple[Any, Any]]) -> "TropicalPolynomial":
        """Build max_i <a_i, x> + c_i from a mapping {a_i: c_i} or from pairs (a_i, c_i).

        >>> print(TropicalPolynomial.from_terms({(1, 0): 3, (0, "1/2"): 0}))
        max(1/2*x1, x0 + 3)
        """
        given = tuple(terms.items()) if isinstance(terms, Mapping) else terms
        pairs = as_all(given, (tuple, list), "terms", "pairs (exponent, coefficient)")
        if any(len(pair) != 2 for pair in pairs):
            raise ValueError(f"terms must be pairs (exponent, coefficient), got {abbreviated(pairs)}")
        return cls(AffineForm(exponent, coefficient) for exponent, coefficient in pairs)

    @classmethod
    def from_integers(cls, scale: int, rows: Iterable[Integers]) -> "TropicalPolynomial":
        """Build it from integer rows (constant, gradient) over the common denominator ``scale`` > 0.

        >>> print(TropicalPolynomial.from_integers(2, [(1, 2), (3, 2), (0, -1)]))
        max(-1/2*x0, x0 + 3/2)
        """
        listed = as_all(rows, (tuple, list), "rows", "tuples of integers")
        if not all(row and all(isinstance(a, int) for a in row) for row in listed):
            raise ValueError(f"rows must be tuples of integers (constant, gradient), got {abbreviated(listed)}")
        return cls._from_integers(as_count(scale, "scale"), listed)

    @classmethod
    def _from_integers(cls, scale: int, rows: Iterable[Integers]) -> "TropicalPolynomial":
        largest: dict[Integers, int] = {}
        for constant, *gradient in rows:
            exponent = tuple(gradient)
            if constant > largest.get(exponent, constant - 1):
                largest[exponent] = constant
        numbers = {a: Fraction(a, scale) for exponent, c in largest.items() for a in (*exponent, c)}
        return cls(AffineForm(tuple(numbers[a] for a in exponent), numbers[c]) for exponent, c in largest.items())

    @property
    def input_dim(self) -> int:
        """Number n of variables."""
        return self.terms[0].input_dim

    @property
    def support(self) -> tuple[Vector, ...]:
        """The exponents a_i, in lexicographic order."""
        return tuple(term.gradient for term in self.terms)

    @property
    def coefficients(self) -> Vector:
        """The coefficients c_i, in the order of ``support``."""
        return tuple(term.constant for term in self.terms)

    @property
    def degree(self) -> Fraction:
        """The largest sum of the entries of an exponent.

        It is attained at a vertex of the Newton polytope, whose term no other terms replace: equal functions have
        equal degrees.

        >>> TropicalPolynomial.from_terms({(1, 1): 0, (-3, 4): 2}).degree
        Fraction(2, 1)
        """
        return max(sum(exponent, Fraction(0)) for exponent in self.support)

    @cached_property
    def integer_rows(self) -> tuple[int, tuple[Integers, ...]]:
        """The least common denominator, and the rows (constant, gradient) of the terms times it.

        >>> TropicalPolynomial.from_terms({(1, 0): 3, (0, "1/2"): "1/3"}).integer_rows
        (6, ((2, 0, 3), (18, 6, 0)))
        """
        scale = math.lcm(*(q.denominator for term in self.terms for q in (term.constant, *term.gradient)))
        return scale, self._rows_over(scale)

    def rows_over(self, scale: int) -> tuple[Integers, ...]:
        """The rows (constant, gradient) times ``scale``; ``ValueError`` if that is no common denominator."""
        least = self.integer_rows[0]
        if as_count(scale, "scale") % least:
            raise ValueError(f"scale must be a multiple of the common denominator {least}, got {abbreviated(scale)}")
        return self._rows_over(scale)

    def _rows_over(self, scale: int) -> tuple[Integers, ...]:
        return tuple(
            tuple(q.numerator * (scale // q.denominator) for q in (term.constant, *term.gradient))
            for term in self.terms
        )

    @property
    def output_dim(self) -> int:
        """Number of outputs, 1."""
        return 1

    def gradients(self) -> Matrix:
        """The exponents, which span what the function sees of x."""
        return self.support

    def values(self, x: Iterable[Any]) -> Vector:
        """The exact value at one point, as a tuple of one."""
        return (self(x),)

    def build(self, algebra: Algebra[V]) -> list[V]:
        """The maximum of the terms, in the algebra's values."""
        return [algebra.maximum([algebra.affine(term) for term in self.terms])]

    def __call__(self, x: Iterable[Any]) -> Fraction:
        """The exact value at one point."""
        point = as_vector(x, "x")
        if len(point) != self.input_dim:
            raise ValueError(f"x must have {self.input_dim} coordinates, got {len(point)}")
        scale, rows = self.integer_rows
        common = math.lcm(*(q.denominator for q in point))
        homogeneous = [common, *(q.numerator * (common // q.denominator) for q in point)]
        values = (sum(a * b for a, b in zip(row, homogeneous, strict=True)) for row in rows)
        return Fraction(max(values), scale * common)

    def evaluate(self, X: ArrayLike) -> NDArray[np.float64]:
        """Float64 values, (n_samples, n) -> (n_samples,), with parameters rounded to float64."""
        samples = as_samples(X, self.input_dim)
        gradients = np.array(self.support, dtype=np.float64).reshape(len(self.terms), self.input_dim)
        constants = np.array(self.coefficients, dtype=np.float64)
        result = np.empty(len(samples))
        step = max(1, _BLOCK // len(self.terms))
        for start in range(0, len(samples), step):
            values = samples[start : start + step] @ gradients.T + constants
            result[start : start + step] = values.max(axis=1)
        return result

    def __add__(self, other: Any) -> "TropicalPolynomial":
        right = self._operand(other)
        return NotImplemented if right is None else TropicalPolynomial((*self.terms, *right.terms))

    __radd__ = __add__

    def __mul__(self, other: Any) -> "TropicalPolynomial":
        right = self._operand(other)
        if right is None:
            return NotImplemented
        scale = math.lcm(self.integer_rows[0], right.integer_rows[0])
        shifts = right.rows_over(scale)
        sums = (_sum(row, shift) for row in self.rows_over(scale) for shift in shifts)
        return TropicalPolynomial._from_integers(scale, sums)

    __rmul__ = __mul__

    def __pow__(self, exponent: Any) -> "TropicalPolynomial":
        factor = as_fraction(exponent, "power")
        if factor < 0:
            raise ValueError(f"the power of a tropical polynomial must be at least 0, got {factor}")
        return TropicalPolynomial(term * factor for term in self.terms)

    def compose(self, inner: AffineMap) -> "TropicalPolynomial":
        """The polynomial x -> self(inner(x)); ``ValueError`` unless ``inner`` has ``input_dim`` forms.

        >>> p = TropicalPolynomial.from_terms({(1, 0): 3, (0, 1): 0})
        >>> print(p.compose(AffineMap((AffineForm([1], -3), AffineForm([-1])))))
        max(-x0, x0)
        """
        return TropicalPolynomial(compose_all(self.terms, inner))

    def __str__(self) -> str:
        if len(self.terms) == 1:
            return str(self.terms[0])
        hidden = len(self.terms) - _SHOWN
        shown = [str(term) for term in self.terms[:_SHOWN]]
        return f"max({', '.join(shown)}{f', ... {hidden} more terms' if hidden > 0 else ''})"

    def _repr_latex_(self) -> str:
        return f"${latex_max([(term.gradient, term.constant) for term in self.terms])}$"

    def __repr__(self) -> str:
        return summary(f"TropicalPolynomial on Q^{self.input_dim}, {len(self.terms)} terms", str(self))

    def _operand(self, other: Any) -> "TropicalPolynomial | None":
        """The other operand as a polynomial on the same space; None for what is no number and no polynomial."""
        if isinstance(other, (Real, fmpq, str)):
            constant = as_fraction(other, "scalar")
            return TropicalPolynomial([AffineForm((Fraction(0),) * self.input_dim, constant)])
        if not isinstance(other, TropicalPolynomial):
            return None
        if other.input_dim != self.input_dim:
            raise ValueError(f"polynomials on Q^{self.input_dim} and Q^{other.input_dim} cannot be combined")
        return other


def _sum(row: Sequence[int], shift: Sequence[int]) -> Integers:
    return tuple(a + b for a, b in zip(row, shift, strict=True))
