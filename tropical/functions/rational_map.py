"""Tropical rational maps: componentwise differences of tropical polynomials."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from numbers import Real
from typing import Any, cast

import numpy as np
from flint import fmpq
from numpy.typing import ArrayLike, NDArray

from tropical.arguments import as_all, as_index
from tropical.arithmetic.rationals import Matrix, Vector, as_fraction, as_vector
from tropical.functions.affine import AffineForm, AffineMap
from tropical.functions.function import Algebra, V
from tropical.functions.polynomial import TropicalPolynomial
from tropical.notation import latex_rational_map
from tropical.values import Value, summary

Pair = tuple[TropicalPolynomial, TropicalPolynomial]

_SHOWN = 8  # outputs in short


@dataclass(frozen=True, repr=False)
class TropicalRationalMap(Value):
    """The map x -> (f_i(x) - g_i(x))_i with tropical polynomials f_i and g_i on Q^n (Zhang, Naitzat, Lim 2018).

    Arithmetic is that of the semifield, componentwise: ``+`` is ⊕ = max, ``*`` is ⊙ = the sum of functions, ``/`` is
    ⊘ = their difference, ``f ** r`` is the function r f for any rational r. Numbers count as constants, a tropical
    polynomial as a map with one output. Nothing is cancelled: ``==`` and ``hash`` go by the expressions.
    Raises ``ValueError`` for no outputs, unequally many numerators and denominators, or different spaces.

    >>> x = TropicalPolynomial.from_terms({(1,): 0})
    >>> tent = TropicalRationalMap([x + 0], [x * x + 0]) * 1  # relu(x) - relu(2x) + 1
    >>> print(tent)
    (max(1, x0 + 1) - max(0, 2*x0))
    >>> tent([3]), (tent + 0)([3]), (tent / x)([3]), (tent ** -2)([3])
    ((Fraction(-2, 1),), (Fraction(0, 1),), (Fraction(-5, 1),), (Fraction(4, 1),))
    """

    numerators: tuple[TropicalPolynomial, ...]
    denominators: tuple[TropicalPolynomial, ...]

    def __init__(self, numerators: Iterable[TropicalPolynomial], denominators: Iterable[TropicalPolynomial]) -> None:
        above = as_all(numerators, TropicalPolynomial, "numerators", "tropical polynomials")
        below = as_all(denominators, TropicalPolynomial, "denominators", "tropical polynomials")
        if len(above) != len(below):
            raise ValueError(f"each numerator needs a denominator, got {len(above)} and {len(below)}")
        dims = sorted({p.input_dim for p in (*above, *below)})
        if len(dims) != 1:
            raise ValueError(f"a tropical rational map needs polynomials on one space, got dimensions {dims}")
        object.__setattr__(self, "numerators", above)
        object.__setattr__(self, "denominators", below)

    @property
    def input_dim(self) -> int:
        """Number n of variables."""
        return self.numerators[0].input_dim

    @property
    def output_dim(self) -> int:
        """Number of outputs."""
        return len(self.numerators)

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The pair (f_i, g_i) of each output."""
        return tuple(zip(self.numerators, self.denominators, strict=True))

    @property
    def num_terms(self) -> int:
        """Number of terms of all numerators and denominators together."""
        return sum(len(p.terms) for p in (*self.numerators, *self.denominators))

    def output(self, index: int) -> "TropicalRationalMap":
        """The map x -> f_index(x) - g_index(x) with one output."""
        index = as_index(index, self.output_dim, "output")
        return TropicalRationalMap([self.numerators[index]], [self.denominators[index]])

    def __call__(self, x: Iterable[Any]) -> Vector:
        """The exact values at one point."""
        point = as_vector(x, "x")
        return tuple(f(point) - g(point) for f, g in self.pairs)

    values = __call__

    def gradients(self) -> Matrix:
        """The exponents of all terms, which span what the map sees of x."""
        return tuple(a for p in (*self.numerators, *self.denominators) for a in p.support)

    def build(self, algebra: Algebra[V]) -> list[V]:
        """The differences of maxima, in the algebra's values."""
        return [algebra.difference(f.build(algebra)[0], g.build(algebra)[0]) for f, g in self.pairs]

    def evaluate(self, X: ArrayLike) -> NDArray[np.float64]:
        """Float64 values, (n_samples, n) -> (n_samples, n_out), with parameters rounded to float64."""
        return np.stack([f.evaluate(X) - g.evaluate(X) for f, g in self.pairs], axis=1)

    def compose(self, inner: AffineMap) -> "TropicalRationalMap":
        """The map x -> self(inner(x)); ``ValueError`` unless ``inner`` has ``input_dim`` forms."""
        return of_pairs((f.compose(inner), g.compose(inner)) for f, g in self.pairs)

    def __add__(self, other: Any) -> "TropicalRationalMap":
        return self._combined(other, lambda a, b: (a[0] * b[1] + b[0] * a[1], a[1] * b[1]))

    __radd__ = __add__

    def __mul__(self, other: Any) -> "TropicalRationalMap":
        return self._combined(other, lambda a, b: (a[0] * b[0], a[1] * b[1]))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> "TropicalRationalMap":
        return self._combined(other, lambda a, b: (a[0] * b[1], a[1] * b[0]))

    def __rtruediv__(self, other: Any) -> "TropicalRationalMap":
        return self._combined(other, lambda a, b: (b[0] * a[1], b[1] * a[0]))

    def __pow__(self, exponent: Any) -> "TropicalRationalMap":
        factor = as_fraction(exponent, "power")
        size = abs(factor)
        return of_pairs((f**size, g**size) if factor >= 0 else (g**size, f**size) for f, g in self.pairs)

    def __str__(self) -> str:
        return "(" + ", ".join(f"{f} - {_in_brackets(g)}" for f, g in self.pairs) + ")"

    def _repr_latex_(self) -> str:
        sides = [[[(term.gradient, term.constant) for term in p.terms] for p in pair] for pair in self.pairs]
        return f"${latex_rational_map([(above, below) for above, below in sides])}$"

    def __repr__(self) -> str:
        few = f"({', '.join(f'{f} - {_in_brackets(g)}' for f, g in self.pairs[:_SHOWN])}"
        end = ")" if self.output_dim <= _SHOWN else f", ... ({self.output_dim - _SHOWN} more)"
        return summary(f"TropicalRationalMap Q^{self.input_dim} -> Q^{self.output_dim}", few + end)

    def _combined(self, other: Any, combine: Callable[[Pair, Pair], Pair]) -> "TropicalRationalMap":
        right = self._operand(other)
        if right is None:
            return cast("TropicalRationalMap", NotImplemented)
        return of_pairs(combine(a, b) for a, b in zip(self.pairs, right.pairs, strict=True))

    def _operand(self, other: Any) -> "TropicalRationalMap | None":
        """The other operand as a map between the same spaces; None for what is neither number nor function."""
        one = constant(0, self.input_dim)
        if isinstance(other, (Real, fmpq, str)):
            size = self.output_dim
            return TropicalRationalMap([constant(other, self.input_dim)] * size, [one] * size)
        if isinstance(other, TropicalPolynomial):
            other = TropicalRationalMap([other], [constant(0, other.input_dim)])
        if not isinstance(other, TropicalRationalMap):
            return None
        shapes = [(f.input_dim, f.output_dim) for f in (self, other)]
        if shapes[0] != shapes[1]:
            raise ValueError(f"maps with (inputs, outputs) {shapes[0]} and {shapes[1]} cannot be combined")
        return other


def _in_brackets(p: TropicalPolynomial) -> str:
    """The polynomial as what is to be subtracted: a single term with a sign of its own needs parentheses."""
    text = str(p)
    return f"({text})" if len(p.terms) == 1 and (text.startswith("-") or " " in text) else text


def constant(value: Any, dim: int) -> TropicalPolynomial:
    """The constant polynomial on Q^dim; 0 is the unit of ⊙."""
    return TropicalPolynomial([AffineForm((Fraction(0),) * dim, as_fraction(value, "scalar"))])


def of_pairs(pairs: Iterable[Pair]) -> TropicalRationalMap:
    found = list(pairs)
    return TropicalRationalMap([f for f, _ in found], [g for _, g in found])
