r"""L10: a homogeneous G with a mean square exceeds τ often enough; with L9, stopping implies a small error."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property, partial
from math import isqrt
from typing import Any

import numpy as np
from flint import arb, ctx

from learning.lemmas.choices.typical_subspaces import typical_subspaces
from learning.lemmas.choices.typical_thresholds import typical_thresholds
from learning.lemmas.enclosures.planar_arcs import circle_mean, planar_arcs
from learning.lemmas.enclosures.special import MOST_ENCLOSED, chi_square_tail, rational_ball
from learning.lemmas.estimates.estimates import estimated_mean, estimated_mean_square, unit_rows
from learning.lemmas.framework.claim import Claim, Side, compare, sharpened, undecided
from learning.lemmas.framework.lemma import Evidence, FalseNeighbour, Hypothesis, Lemma
from learning.lemmas.framework.setting import Setting
from learning.lemmas.framework.subject import Subject
from learning.lemmas.functions import residual
from learning.lemmas.rational_subspaces import Rows, Vector, complement, inner, orthogonal_basis, sum_of
from learning.sampling import own_stream
from tropical import (
    Enclosure,
    Estimate,
    FilteredMoments,
    ReLUNetwork,
    filtered_moments,
    gaussian_inner_product,
    sphere_maximum,
)

__all__ = ["LEMMA"]

_MOST_EXPONENT = 20_000  # s up to which Q_k(s), about exp(-s/2), is handled as a rational number


@dataclass(frozen=True)
class _Case:
    """G = F - F∘Π_W, F itself for W = {0}, on V + W, of which ``rows`` is an orthogonal basis."""

    name: str
    function: ReLUNetwork
    subspace: Rows
    rows: tuple[Vector, ...]
    setting: Setting

    @cached_property
    def largest_squared(self) -> Fraction:
        """Λ², Λ = max |G| on the sphere."""
        return sphere_maximum(self.function, budget=self.setting.budget).squared

    @cached_property
    def mean_square(self) -> Callable[[int], Enclosure]:
        """σ² = E G² at so many bits, each found once."""
        g, budget = self.function, self.setting.budget
        return cache(lambda bits: gaussian_inner_product(g, g, bits=bits, budget=budget))

    @cached_property
    def moments(self) -> Callable[[Fraction, int], FilteredMoments]:
        """Pr[|G| > τ] and E[1_{|G| > τ}(xxᵀ - I)] for τ at so many bits, each found once."""
        return cache(lambda tau, bits: filtered_moments(self.function, tau, bits=bits, budget=self.setting.budget))

    def bound(self, k: int, largest_squared: Fraction, tau: Fraction, bits: int, prefactor: bool = True) -> Enclosure:
        """(σ²/2kΛ²) Q_k(2kτ²/σ²), or the false Q_k(kτ²/σ²)."""
        with ctx.workprec(bits):
            square = self.mean_square(bits).to_ball()
            return Enclosure.from_ball(_bound(k, square, largest_squared, tau, prefactor))


def _check(subject: Subject, setting: Setting, *, prefactor: bool = True) -> Evidence:
    """Without the ``prefactor`` the claim is Pr[|G| > τ] >= Q_k(kτ²/σ²), which is false."""
    cases = _cases(subject, setting)
    hypotheses = (
        Hypothesis("F is homogeneous", subject.homogeneous),
        Hypothesis("F is not a function on W, so that G is not 0", bool(cases)),
    )
    if not all(hypothesis.holds for hypothesis in hypotheses):
        return Evidence(hypotheses)
    claims: list[Claim] = []
    chosen: dict[str, tuple[Fraction, ...]] = {}
    with ctx.workprec(setting.bits):
        for case in cases:
            chosen[f"τ, W {case.name}"] = taus = typical_thresholds(case.function, setting)
            if len(case.rows) > MOST_ENCLOSED:
                claims += _estimated_claims(case, taus[0], prefactor)
                continue
            for tau in taus:
                claims += _enclosed_claims(case, tau, prefactor)
            if prefactor:
                claims.append(_stopping_claim(case, subject.lipschitz_squared))
    return Evidence(hypotheses, tuple(claims), {"W": {case.name: case.subspace for case in cases}, **chosen})


def _cases(subject: Subject, setting: Setting) -> list[_Case]:
    """The subspaces that do not contain V, those left to the lemma with dim(V + W) <= 3 if dim V is."""
    found = []
    for name, rows in typical_subspaces(subject, setting).items():
        together = sum_of(subject.relevant, rows)
        chosen_here = setting.subspace is None and subject.k <= MOST_ENCLOSED < len(together)
        if len(together) > len(orthogonal_basis(rows)) and not chosen_here:
            function = residual(subject.network, rows) if rows else subject.network
            found.append(_Case(name, function, rows, together, setting))
    return found


def _enclosed_claims(case: _Case, tau: Fraction, prefactor: bool) -> Iterator[Claim]:
    """The bound on the k dimensions that G sees, and Pr = E_u Q_k(τ²/G(u)²) for k <= 2."""
    moments = case.moments(tau, case.setting.bits)
    basis, where = moments.basis, f"W {case.name}, τ = {tau}"
    k = len(basis)

    def sides(bits: int) -> tuple[Side, Side]:
        bound = case.bound(k, case.largest_squared, tau, bits, prefactor)
        return case.moments(tau, bits).probability, bound

    yield sharpened(f"Pr[|G| > τ] >= {_formula(prefactor)}, k = {k}, {where}", sides, ">=", case.setting.bits)
    if k <= 2 and prefactor:
        if k == 2:
            mean = circle_mean(planar_arcs(case.function, basis), tau, lambda s: chi_square_tail(2, s))
        else:
            mean = _two_point_mean(case.function, basis[0], tau)
        text = f"Pr[|G| > τ] = E_u Q_{k}(τ²/G(u)²), {where}"
        yield compare(text, moments.probability, "agrees with", Enclosure.from_ball(mean))


def _two_point_mean(function: ReLUNetwork, b: Vector, tau: Fraction) -> arb:
    """E_u Q_1(τ²/G(u)²) over u = ±b/|b|."""
    values = [function(row)[0] for row in (b, tuple(-q for q in b))]
    tails = [chi_square_tail(1, rational_ball(tau**2 * inner(b, b) / value**2)) for value in values if value]
    return sum(tails, arb(0)) / 2


def _bound(k: int, square: arb, largest_squared: Fraction, tau: Fraction, prefactor: bool = True) -> arb:
    """(σ²/2kΛ²) Q_k(2kτ²/σ²), or the false Q_k(kτ²/σ²)."""
    ratio = rational_ball(tau**2) / square
    if not prefactor:
        return chi_square_tail(k, k * ratio)
    return square / (2 * k * rational_ball(largest_squared)) * chi_square_tail(k, 2 * k * ratio)


def _formula(prefactor: bool) -> str:
    return "(σ²/2kΛ²)·Q_k(2kτ²/σ²)" if prefactor else "Q_k(kτ²/σ²)"


def _stopping_claim(case: _Case, lipschitz_squared: Fraction) -> Claim:
    """λ_max >= (σ²/2κΛ²) Q_κ(2κτ²/σ²) for M on U = (V + W) ⊖ W, κ = dim(V + W), Λ the Lipschitz constant of F.

    τ is Λ√(2m) if that is rational, m = dim U, when 2κτ²/σ² = 4κmΛ²/σ²; otherwise a rational number above it by less
    than 2^-64: L9 (a) gives λ_max >= Pr[|G| > τ] at every τ >= Λ√(2m), and |G| <= Λ on the sphere.
    """
    rest = complement(case.subspace, case.rows)
    tau = root_from_above(2 * len(rest) * lipschitz_squared)
    text = f"λ_max >= (σ²/2κΛ²)·Q_κ(2κτ²/σ²), κ = {len(case.rows)}, W {case.name}, τ = {float(tau):.6g} >= Λ√(2m)"
    if 2 * len(case.rows) * tau**2 > _MOST_EXPONENT * case.mean_square(case.setting.bits).lower:
        return undecided(text, "the probability of the filter is too small to be written down")

    def sides(bits: int) -> tuple[Side, Side]:
        largest = case.moments(tau, bits).compressed(rest).eigenvalues[-1]
        return largest, case.bound(len(case.rows), lipschitz_squared, tau, bits)

    return sharpened(text, sides, ">=", case.setting.bits, threshold=tau)


def root_from_above(square: Fraction) -> Fraction:
    """The square root if it is rational, else a rational number above it by less than 2^-64.

    >>> root_from_above(Fraction(9, 4)), root_from_above(Fraction(2)) ** 2 > 2
    (Fraction(3, 2), True)
    """
    product = square.numerator * square.denominator
    root = isqrt(product)
    if root * root == product:
        return Fraction(root, square.denominator)
    return Fraction(isqrt(product << 128) + 1, square.denominator << 64)


def _estimated_claims(case: _Case, tau: Fraction, prefactor: bool) -> Iterator[Claim]:
    """In more than 3 dimensions: a share of draws, and the bound, which increases with σ², at an interval for σ²."""
    setting, k = case.setting, len(case.rows)
    points = own_stream(setting.seed, "filter").standard_normal((setting.samples, k))
    frame = unit_rows(case.rows, case.function.input_dim)
    sizes = [np.abs(case.function.evaluate(z @ frame)).ravel() for z in np.array_split(points, 32)]
    exceeds = (np.concatenate(sizes) > float(tau)).astype(np.float64)
    square = estimated_mean_square(
        case.function, case.largest_squared, samples=setting.samples, seed=setting.seed, level=setting.level / 2
    )
    low, middle, high = (
        float(_bound(k, arb(value), case.largest_squared, tau, prefactor)) if value > 0 else 0.0
        for value in (square.lower, square.value, square.upper)
    )
    right: Side = Estimate(middle, low, high, square.confidence, square.samples)
    left = estimated_mean(exceeds, 0.0, 1.0, setting.level / 2)
    yield compare(f"Pr[|G| > τ] >= {_formula(prefactor)}, k = {k}, W {case.name}, τ = {tau}", left, ">=", right)
    if prefactor:
        text = f"λ_max >= (σ²/2κΛ²)·Q_κ(4κmΛ²/σ²), κ = {k}, W {case.name}"
        yield undecided(text, f"eigenvalues are enclosed in up to {MOST_ENCLOSED} dimensions")


def _half_line() -> tuple[ReLUNetwork, Mapping[str, Any]]:
    """φ(x_0): it is 0 half of the time, while Q_1(τ²/σ²) tends to 1 with τ to 0."""
    return ReLUNetwork.from_arrays([[[1, 0]], [[1]]]), {"threshold": "1/10", "subspace": []}


LEMMA = Lemma(
    label="L10",
    title="Anti-concentration",
    statement=(
        r"$G$ 1-homogeneous on $\mathbb{R}^k$, $|G| \leq \Lambda$ on the sphere, $\mathbb{E}G^2 = \sigma^2 > 0$: "
        r"$\Pr[|G| > \tau] \geq (\sigma^2/2k\Lambda^2)\,Q_k(2k\tau^2/\sigma^2)$, and exactly "
        r"$\Pr = \mathbb{E}_u Q_k(\tau^2/G(u)^2)$ (checked for $k \leq 2$). With L9, for $G = F - F\circ\Pi_W$, "
        r"$\kappa = \dim(V+W)$ and $\tau = \Lambda\sqrt{2m}$: "
        r"$\lambda_{\max} \geq (\sigma^2/2\kappa\Lambda^2)\,Q_\kappa(4\kappa m\Lambda^2/\sigma^2)$."
    ),
    hypotheses=("F is homogeneous", "F is not a function on W, so that G is not 0"),
    kind="gaussian",
    source="THEORY L10: Paley and Zygmund for G² on the sphere",
    check=_check,
    neighbours=(
        FalseNeighbour(r"$\Pr[|G| > \tau] \geq Q_k(k\tau^2/\sigma^2)$", partial(_check, prefactor=False), _half_line),
    ),
)
