"""From a network to a tropical rational map, layer by layer (Zhang, Naitzat and Lim 2018), pruned as it grows."""

import functools
import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tropical.arguments import require_flag
from tropical.arithmetic.rationals import Vector
from tropical.budget import Budget, BudgetExhausted, Meter, Progress
from tropical.forms.pruning import prune_within
from tropical.functions.affine import AffineForm
from tropical.functions.layer import Slopes
from tropical.functions.network import ReLUNetwork
from tropical.functions.polynomial import TropicalPolynomial
from tropical.functions.rational_map import Pair, TropicalRationalMap, constant, of_pairs
from tropical.functions.requirements import require_network


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
    (max(x1, x0) - 0)
    >>> print(to_tropical_rational_map(maximum, prune=False))
    (max(0, x1, x0 - x1, x0) - max(-x1, 0))
    """
    require_network(net)
    require_flag(prune, "prune")
    *_, pairs = _preactivations(net, prune, Meter(budget, progress))
    return of_pairs(pairs)


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
    base = TropicalPolynomial.from_integers(1, [tuple(a // size for a in row) for row in shifted])
    return _Product(first, ((base, Fraction(size, scale)),))


def _count(terms: int, meter: Meter) -> None:
    """Record terms about to be formed, or raise :class:`BudgetExhausted`."""
    meter.check_time()
    if meter.count_cells(terms) < terms:
        raise BudgetExhausted(f"budget of {meter.budget.cells} terms exhausted")
