r"""L9: where filtering finds nothing, the error is small: Tr_U M >= (τ²/Λ² - m) p and two variants for other F̃."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property, partial
from typing import Any

from flint import arb, ctx

from learning.lemmas.enclosures.conditional_mean import MeanFilter, PlaneAlong, filter_about_mean
from learning.lemmas.enclosures.special import MOST_ENCLOSED, chi_square_tail, rational_ball
from learning.lemmas.estimates.estimates import estimated_filter
from learning.lemmas.framework.claim import Claim, Side, compare, sharpened, undecided
from learning.lemmas.framework.lemma import Evidence, FalseNeighbour, Hypothesis, Lemma
from learning.lemmas.framework.setting import Setting
from learning.lemmas.framework.subject import Subject
from learning.lemmas.functions import combination, residual, restricted
from learning.lemmas.rational_subspaces import Rows, Vector, complement, inner, orthogonal_basis, project
from tropical import Enclosure, Estimate, FilteredMoments, ReLUNetwork, filtered_moments

__all__ = ["LEMMA"]

_COARSEST = 40
"""Bits to which the integrals of (c) on a line are enclosed first."""

"""How often precision is doubled while a claim is open: p may be 1e-100 at these τ."""

_NO_MEAN = "E[y | Π_W x] is enclosed for W = {0} and for lines W in a plane V, dim V <= 3"


@dataclass(frozen=True)
class _Case:
    """The subject with one W: ``rows``, an orthogonal basis of it."""

    subject: Subject
    setting: Setting
    name: str
    rows: tuple[Vector, ...]
    optional: bool = False
    """Whether W was added to what (a) and (b) speak of; (c) may leave it out."""

    @cached_property
    def gap(self) -> tuple[Vector, ...]:
        """Orthogonal basis of U = (V + W) ⊖ W."""
        return complement(self.rows, self.subject.relevant)

    @property
    def m(self) -> int:
        return len(self.gap)

    @property
    def enclosed(self) -> bool:
        return self.m + len(self.rows) <= MOST_ENCLOSED

    @property
    def planar(self) -> bool:
        """Whether moments are cheap."""
        return self.m + len(self.rows) <= 2

    @property
    def square(self) -> Fraction:
        """Λ²."""
        return self.subject.lipschitz_squared

    def thresholds(self, *multiples: Fraction | int) -> tuple[Fraction, ...]:
        """The τ that was given, or a rational number just above Λ √c for each of the multiples c."""
        given = self.setting.threshold
        return tuple(_root_above(self.square * c) for c in multiples) if given is None else (given,)


def _check(subject: Subject, setting: Setting) -> Evidence:
    cases = _cases(subject, setting)
    hypotheses = _hypotheses(subject, cases)
    choices = {"W": {case.name: case.rows for case in cases}}
    if not all(hypothesis.holds for hypothesis in hypotheses):
        return Evidence(hypotheses, choices=choices)
    parts: tuple[Callable[[_Case], Iterator[Claim]], ...] = (_restriction, _perturbation, _conditional_mean)
    return Evidence(hypotheses, tuple(claim for case in cases for part in parts for claim in part(case)), choices)


def _hypotheses(subject: Subject, cases: list[_Case]) -> tuple[Hypothesis, ...]:
    return (
        Hypothesis("F is not constant (Λ > 0)", subject.lipschitz_squared > 0),
        Hypothesis("V is not inside W (m >= 1)", all(case.m for case in cases)),
    )


def _cases(subject: Subject, setting: Setting) -> list[_Case]:
    """The W that was given, or {0}, a line in V and a line askew to V, as far as these leave m >= 1."""
    make = partial(_Case, subject, setting)
    if setting.subspace is not None:
        return [make("as given", orthogonal_basis(setting.subspace))]
    rng = random.Random(setting.seed)
    cases = [make("{0}", ())]
    basis = subject.relevant
    if subject.k >= 2:
        cases.append(make("a line in V", (_flat_line(subject, rng),), subject.k == MOST_ENCLOSED))
    if 1 <= subject.k < min(subject.dimension, MOST_ENCLOSED):
        units = [tuple(Fraction(int(i == j)) for j in range(subject.dimension)) for i in range(subject.k + 1)]
        beyond, within = complement(basis, units)[0], basis[rng.randrange(subject.k)]
        share = Fraction(math.sqrt(inner(within, within) / inner(beyond, beyond))).limit_denominator(8) or Fraction(1)
        cases.append(make("a line askew to V", (_combined([1, share * rng.choice([-1, 1])], [within, beyond]),), True))
    return cases


def _flat_line(subject: Subject, rng: random.Random) -> Vector:
    """A random w in V, most of its component along the steepest gradient taken out: F varies off W."""
    steepest = max((piece.gradient for piece in subject.pieces), key=lambda g: inner(g, g))
    drawn = _combined([rng.choice([-3, -2, -1, 1, 2, 3]) for _ in subject.relevant], subject.relevant)
    along = project([steepest], drawn)
    return _combined([1, -Fraction(7, 8)], [drawn, along])


def _combined(factors: list[Any], rows: Rows) -> Vector:
    return tuple(
        sum((c * q for c, q in zip(factors, column, strict=True)), Fraction(0)) for column in zip(*rows, strict=True)
    )


def _restriction(case: _Case, *, factor: int = 1) -> Iterator[Claim]:
    """(a) F̃ = F∘Π_W; ``factor`` is the constant before τ²/Λ², 1 in the lemma."""
    function, between = residual(case.subject.network, case.rows), [Fraction(25, 16) * case.m] if case.planar else []
    for tau in case.thresholds(Fraction(1, 4), *between, 2 * case.m):
        yield from _restriction_at(case, function, tau, factor)


def _restriction_at(case: _Case, function: ReLUNetwork, tau: Fraction, factor: int) -> Iterator[Claim]:
    constant, setting = factor * tau**2 / case.square - case.m, case.setting
    text = f"(a) Tr_U M >= ({'' if factor == 1 else factor}τ²/Λ² - m) p, W {case.name}, τ = {tau}"
    if not case.enclosed:
        found = estimated_filter(
            function,
            tau,
            case.gap,
            samples=setting.samples,
            seed=setting.seed,
            level=setting.level,
            lipschitz_squared=4 * case.square,
        )
        yield compare(text, found.trace, ">=", _scaled(found.probability, constant))
        return

    @cache
    def moments(bits: int) -> FilteredMoments:
        return filtered_moments(function, tau, bits=bits)

    def traces(bits: int) -> tuple[Side, Side]:
        return _trace(moments(bits), case.gap), _scaled(moments(bits).probability, constant)

    def largest(bits: int) -> tuple[Side, Side]:
        return moments(bits).compressed(case.gap).eigenvalues[-1], moments(bits).probability

    yield sharpened(text, traces, ">=", setting.bits)
    if factor == 1 and constant >= case.m:
        yield sharpened(f"(a) λ_max on U >= p, W {case.name}, τ = {tau}", largest, ">=", setting.bits)


def _trace(moments: FilteredMoments, basis: Rows) -> Enclosure:
    """Tr_U M for the span U of orthogonal rows."""
    return moments.compressed(basis).trace


def _perturbation(case: _Case) -> Iterator[Claim]:
    """(b) F̃ = F∘Π_W + g, g(0) = 0 with Lipschitz constant η and g = g∘Π_W, so |g(x)| <= η ‖Π_W x‖."""
    if not case.rows:
        return  # g = 0: this is weaker than (a)
    if not case.enclosed:
        yield undecided(f"(b) W {case.name}", f"moments are enclosed up to dim(V + W) = {MOST_ENCLOSED}")
        return
    terms = _terms(case.rows[0], _root_above(case.square / 16))
    taus = case.thresholds(4 * case.m, 6 * case.m)
    for kind, g in terms.items() if case.planar else [("bounded", terms["bounded"])]:
        for tau in taus if case.planar else taus[-1:]:
            if tau**2 < 4 * case.square * case.m:
                yield undecided(f"(b) W {case.name}, τ = {tau}", "τ² < 4Λ²m is out of its range")
            else:
                yield _perturbation_at(case, kind, g, tau)


def _perturbation_at(case: _Case, kind: str, g: ReLUNetwork, tau: Fraction) -> Claim:
    net, size, m = case.subject.network, len(case.rows), case.m
    eta = Subject(g).lipschitz_squared
    function = combination([net, restricted(net, case.rows), g], [1, -1, -1])

    def sides(bits: int) -> tuple[Side, Side]:
        moments = filtered_moments(function, tau, bits=bits)
        with ctx.workprec(2 * bits):
            p, q = moments.probability.to_ball(), chi_square_tail(size, rational_ball(tau**2 / (4 * eta)))
            bound = rational_ball(tau**2 / (4 * case.square) - m) * (p - q) - m * q
            return _trace(moments, case.gap), Enclosure.from_ball(bound)

    text = f"(b) Tr_U M >= (τ²/4Λ² - m)(p - q) - m q, W {case.name}, g {kind}, τ = {tau}"
    return sharpened(text, sides, ">=", case.setting.bits, eta_squared=eta)


def _terms(w: Vector, size: Fraction) -> dict[str, ReLUNetwork]:
    """Functions g of ⟨w, x⟩ with g(0) = 0 and a Lipschitz constant of about ``size``."""
    scale = 1 / _root_above(inner(w, w))
    row, back = [scale * q for q in w], [-scale * q for q in w]
    return {
        "homogeneous": ReLUNetwork.from_arrays([[row, back], [[size, size / 2]]]),
        "bounded": ReLUNetwork.from_arrays([[row, row], [[size, -size]]], [[0, -1], [0]]),
    }


def _conditional_mean(case: _Case) -> Iterator[Claim]:
    """(c) F̃ = E[y | Π_W x]."""
    filtered: Callable[..., MeanFilter]
    if not case.rows and case.enclosed:
        filtered, bits = partial(filter_about_mean, case.subject.network, case.gap), case.setting.bits
    elif len(case.rows) == case.m == 1 and case.subject.k == 2:
        plane = PlaneAlong(case.subject.network, case.rows[0], case.gap[0], case.subject.budget)
        filtered, bits = plane.filtered, _COARSEST
    else:
        if not case.optional:
            yield undecided(f"(c) W {case.name}", _NO_MEAN)
        return
    cheap = case.planar and not case.rows
    multiples = (Fraction(4), Fraction(25, 4)) if cheap else (Fraction(17, 4),)
    for tau in case.thresholds(*(c * case.m for c in multiples)):
        if tau**2 < 4 * case.square * case.m:
            yield undecided(f"(c) W {case.name}, τ = {tau}", "τ < 2Λ√m is out of its range")
        else:
            yield _about_mean(case, tau, partial(filtered, tau), bits)


def _about_mean(case: _Case, tau: Fraction, filtered: Callable[..., MeanFilter], first_bits: int) -> Claim:
    """Tr_U M >= ((τ/Λ - √m)² - m) p."""

    def sides(bits: int) -> tuple[Side, Side]:
        moments = filtered(bits=bits)
        with ctx.workprec(2 * bits + 32):
            excess = rational_ball(tau) / rational_ball(case.square).sqrt() - arb(case.m).sqrt()
            factor = excess * excess - case.m
            return moments.trace, Enclosure.from_ball(factor * moments.probability.to_ball())

    return sharpened(f"(c) Tr_U M >= ((τ/Λ - √m)² - m) p, W {case.name}, τ = {tau}", sides, ">=", first_bits)


def _root_above(square: Fraction) -> Fraction:
    """A rational number with few digits, at least the square root and above it by 1/64 of it at most."""
    power = Fraction(1)
    while power * power * square < 64**2:
        power *= 2
    while power * power * square > 4 * 64**2:
        power /= 2
    scaled = power * power * square
    root = math.isqrt(math.ceil(scaled))
    return Fraction(root if root * root >= scaled else root + 1) / power


def _scaled(side: Enclosure | Estimate, factor: Fraction) -> Side:
    if isinstance(side, Enclosure):
        return Enclosure(*sorted((factor * side.lower, factor * side.upper)))
    value, lower, upper = (float(factor) * end for end in (side.value, side.lower, side.upper))
    return Estimate(value, min(lower, upper), max(lower, upper), side.confidence, side.samples)


def _check_any_threshold(subject: Subject, setting: Setting) -> Evidence:
    """(c) with W = {0} for every τ > 0."""
    case = _Case(subject, setting, "{0}", ())
    hypotheses = (*_hypotheses(subject, [case]), Hypothesis("dim V <= 3", subject.k <= MOST_ENCLOSED))
    if not all(hypothesis.holds for hypothesis in hypotheses):
        return Evidence(hypotheses)
    taus = case.thresholds(Fraction(1, 4))
    claims = [
        _about_mean(case, tau, partial(filter_about_mean, subject.network, case.gap, tau), setting.bits) for tau in taus
    ]
    return Evidence(hypotheses, tuple(claims), {"W": {case.name: ()}})


def _check_twice(subject: Subject, setting: Setting) -> Evidence:
    """(a) with 2τ²/Λ² in place of τ²/Λ²."""
    cases = _cases(subject, setting)
    hypotheses = _hypotheses(subject, cases)
    if not all(hypothesis.holds for hypothesis in hypotheses):
        return Evidence(hypotheses)
    claims = tuple(claim for case in cases for claim in _restriction(case, factor=2))
    return Evidence(hypotheses, claims, {"W": {case.name: case.rows for case in cases}})


def _bump() -> tuple[ReLUNetwork, Mapping[str, Any]]:
    """max(0, 1 - |x|) and τ = 1/2: F exceeds its mean .37 by τ only where |x| < .13, so that Tr M is almost -p."""
    return ReLUNetwork.from_arrays([[[1], [1], [1]], [[1, -2, 1]]], [[1, 0, -1], [0]]), {"threshold": Fraction(1, 2)}


def _half_line() -> tuple[ReLUNetwork, Mapping[str, Any]]:
    """max(x, 0) and τ = 2: Tr M = 2ϕ(2) = 4.75 p."""
    return ReLUNetwork.from_arrays([[[1]], [[1]]]), {"threshold": Fraction(2)}


LEMMA = Lemma(
    label="L9",
    title="Completeness",
    statement=(
        r"$F$ is $\Lambda$-Lipschitz, $U = (V+W) \ominus W$, $m = \dim U$, $E = \{|F - \tilde F| > \tau\}$, "
        r"$p = \Pr[E]$. (a) $\tilde F = F \circ \Pi_W$: $\operatorname{Tr}_U M \geq (\tau^2/\Lambda^2 - m)\,p$; hence "
        r"$\lambda_{\max} \geq p$ for $\tau \geq \Lambda\sqrt{2m}$. "
        r"(b) $|\tilde F - F \circ \Pi_W| \leq \eta\,\Vert\Pi_W x\Vert$, $\tau^2 \geq 4\Lambda^2 m$: "
        r"$\operatorname{Tr}_U M \geq (\tau^2/4\Lambda^2 - m)(p - q) - m q$ with $q = Q_\ell(\tau^2/4\eta^2)$. "
        r"(c) $\tilde F = \mathrm{E}[y \mid \Pi_W x]$, $\tau \geq 2\Lambda\sqrt{m}$: "
        r"$\operatorname{Tr}_U M \geq ((\tau/\Lambda - \sqrt{m})^2 - m)\,p$."
    ),
    hypotheses=(
        "F is not constant (Λ is computed, not assumed)",
        "V is not inside W (m >= 1)",
        "τ lies in the range of each part",
    ),
    kind="gaussian",
    source="THEORY L9: on E, ‖Π_U x‖ is at least τ/Λ, τ/2Λ or τ/Λ - √m; Chen, Klivans and Meka (2021)",
    check=_check,
    neighbours=(
        FalseNeighbour(
            r"(c) with $W = \{0\}$ for every $\tau > 0$: "
            r"$\operatorname{Tr} M \geq ((\tau/\Lambda - \sqrt{m})^2 - m)\,p$",
            _check_any_threshold,
            _bump,
        ),
        FalseNeighbour(
            r"(a) with twice the constant: $\operatorname{Tr}_U M \geq (2\tau^2/\Lambda^2 - m)\,p$",
            _check_twice,
            _half_line,
        ),
    ),
)
