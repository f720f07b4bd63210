"""Filtering by the distance from a conditional mean E[y | Π_W x], which is not piecewise linear: dim W <= 1. THEORY L9.

In the plane V, with W = span(w) and u orthogonal to w, coordinates a, b with Π_V x = a w + b u make s = |w| a and
t = |u| b independent standard normal variables. For each a the function b -> F(a w + b u) is piecewise linear with
breaks linear in a, so F̃(a) = E_t F, and p and Tr M given a, are closed forms in Φ and ϕ; what remains is one integral.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TypeVar

from flint import acb, arb, ctx

from learning.lemmas.enclosures.special import rational_ball
from learning.lemmas.framework.subject import Subject
from learning.lemmas.rational_subspaces import inner
from tropical import (
    AffineForm,
    AffineMap,
    Budget,
    Enclosure,
    FilteredMoments,
    ReLUNetwork,
    enclosed_integral,
    filtered_moments,
    gaussian_mean,
)

__all__ = ["MeanFilter", "PlaneAlong", "filter_about_mean"]

Row = tuple[Fraction, ...]
Ball = TypeVar("Ball", arb, acb)
Crossing = tuple[int, int, int]
"""(piece, level, step): on the piece, F - F̃ passes level * τ at some t, where the filter begins (1) or ends (-1)."""

_MOST_BOXES = 20_000
"""Boxes of one integral; what is undecided after that many is bounded trivially."""


@dataclass(frozen=True)
class MeanFilter:
    """p = Pr[E] and Tr_U M for the filter E = {|F - F̃| > τ}."""

    probability: Enclosure
    trace: Enclosure


def filter_about_mean(net: ReLUNetwork, basis: tuple[Row, ...], threshold: Fraction, *, bits: int = 128) -> MeanFilter:
    """p and Tr_U M for W = {0}, F̃ = c = E F and U = V with the orthogonal ``basis``, dim V <= 3.

    The levels c ± τ are irrational. E lies between the filters of rational levels on either side of them, and both
    p and E[1_E |Π_U x|²] = Tr_U M + m p grow with E.

    >>> absolute = ReLUNetwork.from_arrays([[[1], [-1]], [[1, 1]]])
    >>> found = filter_about_mean(absolute, ((Fraction(1),),), Fraction(1, 2))
    >>> round(float(found.probability), 6), round(float(found.trace), 6)  # |x| > 1.298 or |x| < .298
    (0.428536, 0.218694)
    """
    mean = gaussian_mean(net, bits=bits)
    inside = filtered_moments(net, above=mean.upper + threshold, below=mean.lower - threshold, bits=bits)
    outside = filtered_moments(net, above=mean.lower + threshold, below=mean.upper - threshold, bits=bits)
    with ctx.workprec(2 * bits):
        squares = [_square_within(moments, basis) for moments in (inside, outside)]
        p = Enclosure(inside.probability.lower, outside.probability.upper)
        square = Enclosure(squares[0].lower, squares[1].upper)
        return MeanFilter(p, Enclosure.from_ball(square.to_ball() - len(basis) * p.to_ball()))


def _square_within(moments: FilteredMoments, basis: tuple[Row, ...]) -> Enclosure:
    """E[1_E |Π_U x|²] for the span U of orthogonal rows."""
    trace = moments.compressed(basis).trace.to_ball()
    return Enclosure.from_ball(trace + len(basis) * moments.probability.to_ball())


@dataclass(frozen=True)
class Slab:
    """{lower < a < upper}, where the pieces of F (forms in a and b) follow one another in one order as b grows."""

    lower: Fraction | None
    upper: Fraction | None
    pieces: tuple[AffineForm, ...]

    @cached_property
    def breaks(self) -> list[tuple[Fraction, Fraction]]:
        """b = slope * a + constant where one piece goes over into the next."""
        lines = []
        for left, right in itertools.pairwise(self.pieces):
            form = left - right
            lines.append((-form.gradient[0] / form.gradient[1], -form.constant / form.gradient[1]))
        return lines

    @cached_property
    def values(self) -> list[tuple[Fraction, Fraction]]:
        """F = slope * a + constant on each break."""
        return [
            (f.gradient[0] + f.gradient[1] * slope, f.constant + f.gradient[1] * constant)
            for f, (slope, constant) in zip(self.pieces, self.breaks, strict=False)
        ]

    def varies_at_most(self, size: Fraction) -> bool:
        """Whether b -> F(a w + b u) stays within an interval of this length, for every a of the slab."""
        if self.pieces[0].gradient[1] or self.pieces[-1].gradient[1]:
            return False
        for (slope, constant), (other, rest) in itertools.permutations(self.values, 2):
            rise, start = slope - other, constant - rest
            end = self.upper if rise > 0 else self.lower
            if (end is None and rise) or rise * (end or Fraction(0)) + start > size:
                return False
        return True


class PlaneAlong:
    """F on a plane V, filtered by its distance from F̃ = E[F(x) | ⟨w, x⟩], for rational orthogonal w, u that span V.

    Biases are allowed. Raises ``tropical.BudgetExhausted`` if the complex of F on V exceeds the ``budget``.

    >>> from learning.instances import parity
    >>> plane = PlaneAlong(parity(2, 2, seed=None), (Fraction(1), Fraction(1)), (Fraction(1), Fraction(-1)))
    >>> round(float(plane.mean(Fraction(0))), 12)  # (|z1 + z2| - |z1 - z2|)/2 on z1 = -z2: -E|t|/√2 = -1/√π
    -0.564189583548
    """

    def __init__(self, net: ReLUNetwork, w: Row, u: Row, budget: Budget | None = None) -> None:
        if inner(w, u) != 0 or not any(w) or not any(u):
            raise ValueError("w and u must be orthogonal and not zero")
        forms = (AffineForm((p, q), Fraction(0)) for p, q in zip(w, u, strict=True))
        self.function = net.compose(AffineMap(tuple(forms)))
        self.squares = inner(w, w), inner(u, u)
        self._budget = budget

    @cached_property
    def slabs(self) -> tuple[Slab, ...]:
        """The slabs from left to right; neighbours differ in the order of their pieces."""
        cells = Subject(self.function, self._budget).complex.cells
        parts = [(cell.affine_map.forms[0], cell.halfspaces) for cell in cells]
        cuts = {vertex[0] for cell in cells for vertex in cell.vertices}
        cuts |= {-h.constant / h.gradient[0] for _, facets in parts for h in facets if not h.gradient[1]}
        ends: list[Fraction | None] = [None, *sorted(cuts), None]
        found: list[Slab] = []
        for lower, upper in itertools.pairwise(ends):
            order = _order(parts, _between(lower, upper))
            if found and found[-1].pieces == order:
                found[-1] = Slab(found[-1].lower, upper, order)
            else:
                found.append(Slab(lower, upper, order))
        return tuple(found)

    def mean(self, a: Fraction, *, bits: int = 128) -> Enclosure:
        """F̃ at ⟨w, x⟩ = a |w|²."""
        holding = next(slab for slab in self.slabs if slab.upper is None or a <= slab.upper)
        with ctx.workprec(bits):
            return Enclosure.from_ball(_Closed(holding, self.squares, Fraction(1)).mean(rational_ball(a)))

    def filtered(self, threshold: Fraction, *, bits: int = 40) -> MeanFilter:
        """p and Tr_U M, U = span(u), of E = {|F - F̃| > threshold}, to about 2^-bits.

        Bisection over a until it is certain which breaks of F lie in E; on a run of boxes with one pattern the
        integrand is analytic and `acb.integral` encloses it. Boxes still undecided at width 2^-bits, and
        |s| > S with Pr[|s| > S] < 2^-bits, enter with 0 <= p <= 1 and |E_t[1_E (t² - 1)]| <= 2ϕ(1) given a. Both are
        exactly 0 where F(a w + b u) never varies by more than τ with b.
        """
        if all(slab.varies_at_most(threshold) for slab in self.slabs):
            nothing = Enclosure(Fraction(0), Fraction(0))
            return MeanFilter(nothing, nothing)
        with ctx.workprec(bits + 48):
            norm = rational_ball(self.squares[0]).sqrt()
            reach = Fraction(int((2 * bits) ** 0.5) + 1) * _root_bound(self.squares[0])
            total, lost = acb(0), (norm * rational_ball(reach) / arb(2).sqrt()).erfc()
            left = _MOST_BOXES
            for slab in self.slabs:
                lower = -reach if slab.lower is None else max(slab.lower, -reach)
                upper = reach if slab.upper is None else min(slab.upper, reach)
                if lower >= upper:
                    continue
                closed = _Closed(slab, self.squares, threshold)
                runs = _runs(closed, lower, upper, Fraction(1, 2**bits), left)
                left = max(0, left - runs.boxes)
                lost += norm * rational_ball(runs.undecided) * closed.root
                for start, end, crossings in runs.decided:
                    total += closed.integral(start, end, crossings, bits)
            return _with_loss(total, lost)


def _with_loss(total: acb, lost: arb) -> MeanFilter:
    """The two integrals where a set of measure ``lost`` has been left out."""
    most = Enclosure.from_ball(lost).upper
    p = Enclosure.from_ball(total.real)
    spread = rational_ball(most) * 2 * (-arb(1) / 2).exp() / (2 * arb.pi()).sqrt()
    trace = Enclosure.from_ball(total.imag + spread.union(-spread))
    return MeanFilter(Enclosure(max(p.lower, Fraction(0)), p.upper + most), trace)


def _root_bound(square: Fraction) -> Fraction:
    """A power of 2, r, with 1 <= r √square <= 2."""
    power = Fraction(1)
    while power * power * square < 1:
        power *= 2
    while power * power * square > 4:
        power /= 2
    return power


def _between(lower: Fraction | None, upper: Fraction | None) -> Fraction:
    if lower is None:
        return Fraction(0) if upper is None else upper - 1
    return lower + 1 if upper is None else (lower + upper) / 2


def _order(cells: list[tuple[AffineForm, tuple[AffineForm, ...]]], a: Fraction) -> tuple[AffineForm, ...]:
    """The distinct pieces along the line through a, which meets no vertex and lies in no facet, as b grows."""
    spans: list[tuple[bool, Fraction, AffineForm]] = []
    for form, facets in cells:
        lowest, highest, met = None, None, True
        for h in facets:
            slope, rest = h.gradient[1], h.gradient[0] * a + h.constant
            if not slope:
                met = met and rest > 0
            elif slope > 0:
                lowest = -rest / slope if lowest is None else max(lowest, -rest / slope)
            else:
                highest = -rest / slope if highest is None else min(highest, -rest / slope)
        if met and (lowest is None or highest is None or lowest < highest):
            spans.append((lowest is not None, lowest or Fraction(0), form))
    ordered = [form for _, _, form in sorted(spans, key=lambda span: span[:2])]
    return tuple(form for form, _ in itertools.groupby(ordered))


@dataclass(frozen=True)
class _Runs:
    """Intervals of a with one pattern of crossings, the total width of what is undecided, and the boxes looked at."""

    decided: tuple[tuple[Fraction, Fraction, tuple[Crossing, ...]], ...]
    undecided: Fraction
    boxes: int


def _runs(closed: _Closed, lower: Fraction, upper: Fraction, finest: Fraction, most: int) -> _Runs:
    decided: list[tuple[Fraction, Fraction, tuple[Crossing, ...]]] = []
    undecided, boxes, waiting = Fraction(0), 0, [(lower, upper)]
    while waiting:
        start, end = waiting.pop()
        boxes += 1
        states = closed.states(start, end) if boxes <= most else None
        if states is not None:
            crossings = closed.crossings(states)
            if decided and decided[-1][1] == start and decided[-1][2] == crossings:
                start = decided.pop()[0]
            decided.append((start, end, crossings))
        elif end - start <= finest or boxes > most:
            undecided += end - start
        else:
            middle = (start + end) / 2
            waiting += [(middle, end), (start, middle)]
    return _Runs(tuple(decided), undecided, boxes)


class _Closed:
    """Closed forms on one slab at the precision of flint's context: F̃ and, given a, the moments of the filter.

    With breaks t_j, slopes B_j in t and g(t) = tΦ(t) + ϕ(t) = E max(t - Z, 0):
    F = last piece + Σ_j (B_j - B_{j-1}) max(t_j - t, 0), so F̃ = last piece at t = 0 + Σ_j (B_j - B_{j-1}) g(t_j).
    """

    def __init__(self, slab: Slab, squares: tuple[Fraction, Fraction], threshold: Fraction) -> None:
        self.norm, height = (rational_ball(square).sqrt() for square in squares)
        self.root = 1 / (2 * arb.pi()).sqrt()
        self._half = 1 / arb(2).sqrt()
        self._tau = rational_ball(threshold)
        self._pieces = [(rational_ball(f.gradient[0]), rational_ball(f.constant)) for f in slab.pieces]
        self._signs = [(f.gradient[1] > 0) - (f.gradient[1] < 0) for f in slab.pieces]
        self._slopes = [rational_ball(f.gradient[1]) / height for f in slab.pieces]
        self._breaks = [(rational_ball(m) * height, rational_ball(c) * height) for m, c in slab.breaks]
        self._jumps = [
            rational_ball(right.gradient[1] - left.gradient[1]) / height
            for left, right in itertools.pairwise(slab.pieces)
        ]
        self._values = [(rational_ball(slope), rational_ball(constant)) for slope, constant in slab.values]

    def _distribution(self, t: Ball) -> Ball:
        return (-t * self._half).erfc() / 2

    def _density(self, t: Ball) -> Ball:
        return (-t * t / 2).exp() * self.root

    def mean(self, a: Ball) -> Ball:
        """F̃(a)."""
        total = self._pieces[-1][0] * a + self._pieces[-1][1]
        for (m, c), jump in zip(self._breaks, self._jumps, strict=True):
            t = m * a + c
            total += jump * (t * self._distribution(t) + self._density(t))
        return total

    def _mean_slope(self, a: arb) -> arb:
        total = self._pieces[-1][0]
        for (m, c), jump in zip(self._breaks, self._jumps, strict=True):
            total += jump * m * self._distribution(m * a + c)
        return total

    def states(self, start: Fraction, end: Fraction) -> tuple[int, ...] | None:
        """For each break, whether F - F̃ is above τ (1), below -τ (-1) or between (0) on all of [start, end]."""
        middle, box = rational_ball((start + end) / 2), rational_ball(start).union(rational_ball(end))
        mean, slope, offset = self.mean(middle), self._mean_slope(box), box - middle
        states = []
        for m, c in self._values:
            excess = m * middle + c - mean + (m - slope) * offset
            if excess > self._tau:
                states.append(1)
            elif excess < -self._tau:
                states.append(-1)
            elif abs(excess) < self._tau:
                states.append(0)
            else:
                return None
        return tuple(states)

    def crossings(self, states: tuple[int, ...]) -> tuple[Crossing, ...]:
        """Where the filter begins and ends as t grows; a last entry (-1, 0, 1) says that it holds near infinity."""
        first = -self._signs[0] or (states[0] if states else 0)
        last = self._signs[-1] or (states[-1] if states else 0)
        found = [
            crossing
            for piece, (left, right) in enumerate(itertools.pairwise((first, *states, last)))
            for crossing in _passed(piece, left, right)
        ]
        return tuple(found + [(-1, 0, 1)] * (last != 0))

    def integral(self, start: Fraction, end: Fraction, crossings: tuple[Crossing, ...], bits: int) -> acb:
        """∫ (p + i T)(a) ϕ(|w| a) |w| da, p = Σ ±Φ(t*) and T = Σ ±t*ϕ(t*) over the crossings: an entire integrand."""
        constant = sum(step for piece, _, step in crossings if piece < 0)
        inner_crossings = [crossing for crossing in crossings if crossing[0] >= 0]
        if not crossings:
            return acb(0)

        def integrand(a: acb, _: bool) -> acb:
            mean, p, trace = self.mean(a) if inner_crossings else acb(0), acb(constant), acb(0)
            for piece, level, step in inner_crossings:
                slope, offset = self._pieces[piece]
                t = (mean + level * self._tau - slope * a - offset) / self._slopes[piece]
                p -= step * self._distribution(t)
                trace += step * t * self._density(t)
            return (p + trace * acb(0, 1)) * self._density(self.norm * a) * self.norm

        ends = acb(rational_ball(start)), acb(rational_ball(end))
        tolerance = arb(2) ** (-bits - 8)
        return enclosed_integral(integrand, *ends, tolerance)


def _passed(piece: int, left: int, right: int) -> Iterator[Crossing]:
    """Crossings on a piece along which the state goes from ``left`` to ``right``: begins outside of [-τ, τ]."""
    low, high = min(left, right), max(left, right)
    step = 1 if right > left else -1
    if low < 1 <= high:
        yield piece, 1, step
    if low <= -1 < high:
        yield piece, -1, -step
