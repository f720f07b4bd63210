"""Tropical rational maps: componentwise differences of tropical polynomials."""

import functools
import heapq
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Real
from typing import Any, cast

import numpy as np
from flint import fmpq
from numpy.typing import ArrayLike, NDArray

from tropical.affine import AffineForm, AffineMap
from tropical.budget import Budget, BudgetExhausted, Meter, Progress
from tropical.layer import Slopes
from tropical.network import ReLUNetwork
from tropical.notation import latex_rational_map
from tropical.polynomial import TropicalPolynomial
from tropical.pruning import prune_within
from tropical.rationals import Vector, as_fraction

Pair = tuple[TropicalPolynomial, TropicalPolynomial]


@dataclass(frozen=True, repr=False)
class TropicalRationalMap:
    """The map x -> (f_i(x) - g_i(x))_i with tropical polynomials f_i and g_i on Q^n (Zhang, Naitzat, Lim 2018).

    Arithmetic is that of the semifield, componentwise: ``+`` is ⊕ = max, ``*`` is ⊙ = the sum of functions, ``/`` is
    ⊘ = their difference, ``f ** r`` is the function r f for any rational r. Numbers count as constants, a tropical
    polynomial as a map with one output. Nothing is cancelled: ``==`` is equality of expressions.
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
        above, below = tuple(numerators), tuple(denominators)
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
        if not 0 <= index < self.output_dim:
            raise ValueError(f"output must be between 0 and {self.output_dim - 1}, got {index}")
        return TropicalRationalMap([self.numerators[index]], [self.denominators[index]])

    def __call__(self, x: Iterable[Any]) -> Vector:
        """The exact values at one point."""
        point = tuple(x)
        return tuple(f(point) - g(point) for f, g in self.pairs)

    def evaluate(self, X: ArrayLike) -> NDArray[np.float64]:
        """Float64 values, (n_samples, n) -> (n_samples, n_out), with parameters rounded to float64."""
        return np.stack([f.evaluate(X) - g.evaluate(X) for f, g in self.pairs], axis=1)

    def compose(self, inner: AffineMap) -> "TropicalRationalMap":
        """The map x -> self(inner(x)); ``ValueError`` unless ``inner`` has ``input_dim`` forms."""
        return _of_pairs((f.compose(inner), g.compose(inner)) for f, g in self.pairs)

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
        return _of_pairs((f**size, g**size) if factor >= 0 else (g**size, f**size) for f, g in self.pairs)

    def __str__(self) -> str:
        return "(" + ", ".join(f"{f} - {g}" for f, g in self.pairs) + ")"

    def _repr_latex_(self) -> str:
        sides = [[[(term.gradient, term.constant) for term in p.terms] for p in pair] for pair in self.pairs]
        return f"${latex_rational_map([(above, below) for above, below in sides])}$"

    def __repr__(self) -> str:
        return f"<TropicalRationalMap {self}>"

    def _combined(self, other: Any, combine: Callable[[Pair, Pair], Pair]) -> "TropicalRationalMap":
        right = self._operand(other)
        if right is None:
            return cast("TropicalRationalMap", NotImplemented)
        return _of_pairs(combine(a, b) for a, b in zip(self.pairs, right.pairs, strict=True))

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


def constant(value: Any, dim: int) -> TropicalPolynomial:
    """The constant polynomial on Q^dim; 0 is the unit of ⊙."""
    return TropicalPolynomial([AffineForm((Fraction(0),) * dim, as_fraction(value, "scalar"))])


def _of_pairs(pairs: Iterable[Pair]) -> TropicalRationalMap:
    found = list(pairs)
    return TropicalRationalMap([f for f, _ in found], [g for _, g in found])


def to_tropical_rational_map(
    net: ReLUNetwork, prune: bool = True, budget: Budget | None = None, progress: Progress | None = None
) -> TropicalRationalMap:
    """Return f ⊘ g with f_i - g_i = output i of the network, layer by layer (Zhang, Naitzat, Lim 2018, section 5).

    A preactivation t = sum_j w_j (f_j - g_j) + b is F - G with F = b ⊙ ⨀_{w_j > 0} f_j^{w_j} ⊙ ⨀_{w_j < 0} g_j^{-w_j},
    G likewise; relu(t) = max(F, G) - G. The number of terms grows with every product. ``prune`` leaves inessential
    terms out after every step and keeps units as products of powers, so that common factors cancel; without it the
    terms are those of the formulas (:func:`term_growth` counts both).
    The cells of ``budget`` are the terms formed. Raises :class:`BudgetExhausted` if it runs out.

    >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    >>> print(to_tropical_rational_map(maximum))
    (max(x1, x0) - max(0))
    >>> print(to_tropical_rational_map(maximum, prune=False))
    (max(0, x1, x0 - x1, x0) - max(-x1, 0))
    """
    *_, pairs = _preactivations(net, prune, Meter(budget, progress))
    return _of_pairs(pairs)


@dataclass(frozen=True, slots=True)
class TermGrowth:
    """Numbers of terms per layer, over the numerators and denominators of its preactivations: the most, and the sum.

    ``incomplete_because`` says why later layers are missing, or is None.
    """

    largest: tuple[int, ...]
    total: tuple[int, ...]
    incomplete_because: str | None = None


def term_growth(
    net: ReLUNetwork, prune: bool = True, budget: Budget | None = None, progress: Progress | None = None
) -> TermGrowth:
    """How many terms :func:`to_tropical_rational_map` holds at each layer; stopped by ``budget`` it tells so far.

    >>> fold = ReLUNetwork.from_arrays([[[1], [2]], [[1, -1], [-1, 1]], [[1, 1]]], [[0, -1], [0, 0], [0]])
    >>> term_growth(fold)
    TermGrowth(largest=(1, 2, 3), total=(4, 8, 6), incomplete_because=None)
    >>> term_growth(fold, prune=False, budget=Budget(cells=60)).largest
    (1, 2, 5)
    """
    counts: list[list[int]] = []
    reason = None
    try:
        for pairs in _preactivations(net, prune, Meter(budget, progress)):
            counts.append([len(p.terms) for pair in pairs for p in pair])
    except BudgetExhausted as stop:
        reason = str(stop)
    return TermGrowth(tuple(map(max, counts)), tuple(map(sum, counts)), reason)


@dataclass(frozen=True, slots=True)
class _Product:
    """The function monomial + sum of exponent * polynomial over the factors, the exponents of either sign."""

    monomial: AffineForm
    factors: tuple[tuple[TropicalPolynomial, Fraction], ...] = ()

    def power(self, exponent: Fraction) -> "_Product":
        if not exponent:
            return _Product(self.monomial * 0)
        return _Product(self.monomial * exponent, tuple((p, exponent * e) for p, e in self.factors))

    def times(self, other: "_Product") -> "_Product":
        return _Product(self.monomial + other.monomial, self.factors + other.factors)

    def collected(self) -> "_Product":
        """Equal factors taken together, and left out where their exponents cancel."""
        exponents: dict[TropicalPolynomial, Fraction] = {}
        for p, exponent in self.factors:
            exponents[p] = exponents.get(p, Fraction(0)) + exponent
        return _Product(self.monomial, tuple((p, e) for p, e in exponents.items() if e))


def _preactivations(net: ReLUNetwork, prune: bool, meter: Meter) -> Iterator[list[Pair]]:
    """Layer by layer, the pair (F, G) of each preactivation F - G."""
    dim = net.input_dim
    units = [_Product(AffineForm(tuple(Fraction(i == j) for j in range(dim)))) for i in range(dim)]
    for layer in net.layers:
        sums = [_weighted_sum(units, row, bias) for row, bias in zip(layer.weight, layer.bias, strict=True)]
        if prune:
            sums = [total.collected() for total in sums]
        pairs = [_multiplied_out(total, prune, meter) for total in sums]
        yield pairs
        if prune:
            units = [_activated(*unit, meter) for unit in zip(sums, pairs, layer.slopes, strict=True)]
        else:
            units = [_activated_pair(*unit, meter) for unit in zip(pairs, layer.slopes, strict=True)]


def _weighted_sum(units: Sequence[_Product], weights: Vector, bias: Fraction) -> _Product:
    start = _Product(AffineForm((Fraction(0),) * units[0].monomial.input_dim, bias))
    scaled = (unit.power(weight) for unit, weight in zip(units, weights, strict=True) if weight)
    return functools.reduce(_Product.times, scaled, start)


def _multiplied_out(total: _Product, prune: bool, meter: Meter) -> Pair:
    """The product as F - G: positive exponents in F, negative ones in G."""
    above = [p**e for p, e in total.factors if e > 0]
    below = [p**-e for p, e in total.factors if e < 0]
    monomial = TropicalPolynomial([total.monomial])
    unit = constant(0, total.monomial.input_dim)
    return _product([monomial, *above], prune, meter), _product([unit, *below], prune, meter)


def _product(polynomials: Sequence[TropicalPolynomial], prune: bool, meter: Meter) -> TropicalPolynomial:
    """⨀ of the polynomials, always of the two with the fewest terms first."""
    heap = [(len(p.terms), index, p) for index, p in enumerate(polynomials)]
    heapq.heapify(heap)
    fresh = len(heap)
    while len(heap) > 1:
        (_, _, p), (_, _, q) = heapq.heappop(heap), heapq.heappop(heap)
        _count(len(p.terms) * len(q.terms), meter)
        product = p * q
        if prune and min(len(p.terms), len(q.terms)) > 1:
            product = prune_within(product, meter)
        heapq.heappush(heap, (len(product.terms), fresh, product))
        fresh += 1
    return heap[0][2]


def _activated(total: _Product, pair: Pair, slopes: Slopes, meter: Meter) -> _Product:
    """left * t + (right - left) * relu(t) for t = F - G; relu(t) is t or 0 where the sign of t never changes."""
    left, right = slopes
    if left == right:
        return total.power(left)
    above, below = pair
    _count(len(above.terms) + len(below.terms), meter)
    larger = prune_within(above + below, meter)
    if larger in pair:
        return total.power(right if larger == above else left)
    denominator = tuple((p, e) for p, e in total.factors if e < 0)
    relu = _factor(larger).times(_Product(total.monomial * 0, denominator))
    return total.power(left).times(relu.power(right - left)).collected()


def _activated_pair(pair: Pair, slopes: Slopes, meter: Meter) -> _Product:
    """The same as (right - left) * max(F, G) + left * F - right * G, multiplied out without pruning."""
    (above, below), (left, right) = pair, slopes
    _count(len(above.terms) + len(below.terms), meter)
    powers = ((above + below, right - left), (above, left), (below, -right))
    zero = AffineForm((Fraction(0),) * above.input_dim)
    f, g = _multiplied_out(_Product(zero, tuple((p, e) for p, e in powers if e)), False, meter)
    return _Product(zero, ((f, Fraction(1)), (g, Fraction(-1))))


def _factor(p: TropicalPolynomial) -> _Product:
    """p as monomial ⊙ power of a polynomial with primitive integer terms, the first of them 0.

    Polynomials that are powers of each other up to a monomial, as relu(t) and relu(-2t) give, get one common factor.
    """
    scale, rows = p.integer_rows
    first = p.terms[0]
    if len(rows) == 1:
        return _Product(first)
    shifted = [tuple(a - b for a, b in zip(row, rows[0], strict=True)) for row in rows]
    size = math.gcd(*(a for row in shifted for a in row))
    base = TropicalPolynomial.from_integers(1, (tuple(a // size for a in row) for row in shifted))
    return _Product(first, ((base, Fraction(size, scale)),))


def _count(terms: int, meter: Meter) -> None:
    """Record terms about to be formed, or raise :class:`BudgetExhausted`."""
    meter.check_time()
    if meter.count_cells(terms) < terms:
        raise BudgetExhausted(f"budget of {meter.budget.cells} terms exhausted")
