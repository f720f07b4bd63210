r"""L8: the filtered matrix M of a bias-free F is an integral over the sphere; its trace is positive at every τ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import partial
from typing import Any

from flint import arb, ctx

from learning.instances import h6
from learning.lemmas.choices.typical_thresholds import typical_thresholds
from learning.lemmas.enclosures.planar_arcs import PlanarArcs, circle_mean, circle_moment, filtered_by_arcs, planar_arcs
from learning.lemmas.enclosures.special import MOST_ENCLOSED, chi_square_density, chi_square_tail, rational_ball
from learning.lemmas.estimates.radial_draws import RadialDraws
from learning.lemmas.framework.claim import Claim, Side, compare
from learning.lemmas.framework.lemma import Evidence, FalseNeighbour, Hypothesis, Lemma
from learning.lemmas.framework.setting import Setting
from learning.lemmas.framework.subject import Subject
from learning.lemmas.rational_subspaces import Vector, inner
from tropical import Enclosure, FilteredMoments, ReLUNetwork, filtered_moments

__all__ = ["LEMMA"]


def _check(subject: Subject, setting: Setting, *, raised: int = 2) -> Evidence:
    """``raised``: M = E_u[k Q_{k + raised}(s) uuᵀ - Q_k(s) I], 2 in the lemma."""
    hypotheses = (
        Hypothesis("F is homogeneous", subject.homogeneous),
        Hypothesis("k >= 1, so that F is not 0", subject.k >= 1),
        Hypothesis("W = {0}", not any(any(row) for row in setting.subspace or ())),
    )
    if not all(hypothesis.holds for hypothesis in hypotheses):
        return Evidence(hypotheses)
    taus = typical_thresholds(subject.network, setting)
    with ctx.workprec(setting.bits):
        if subject.k == 1:
            claims = [claim for tau in taus for claim in _line_claims(subject, setting, tau, raised)]
        elif subject.k == 2:
            plane = planar_arcs(subject.network, subject.relevant)
            claims = [claim for tau in taus for claim in _plane_claims(subject, setting, plane, tau, raised)]
        else:
            claims = list(_sampled_claims(subject, setting, taus[0], raised))
            taus = taus[:1]
    return Evidence(hypotheses, tuple(claims), {"τ": taus})


def _line_claims(subject: Subject, setting: Setting, tau: Fraction, raised: int) -> Iterator[Claim]:
    """k = 1: the sphere of V is two points, at which F = ±F(±b)/|b|."""
    (b,) = subject.relevant
    square = inner(b, b)
    values = [subject.network(row)[0] for row in (b, tuple(-q for q in b))]
    points = [rational_ball(tau**2 * square / value**2) for value in values if value]
    moments = _moments(subject, setting, tau)
    mean = sum((chi_square_tail(1 + raised, s) - chi_square_tail(1, s) for s in points), arb(0)) / 2
    probability = sum((chi_square_tail(1, s) for s in points), arb(0)) / 2
    density = sum((2 * s * chi_square_density(1, s) for s in points), arb(0)) / 2
    yield _agree(f"Pr[|F| > τ] = E_u Q_1(s), τ = {tau}", moments.probability, probability)
    yield _agree(f"M = {_integrand(1, raised)}, τ = {tau}", moments.trace, mean)
    yield from _trace_claims(moments, density, tau)


def _plane_claims(subject: Subject, setting: Setting, plane: PlanarArcs, tau: Fraction, raised: int) -> Iterator[Claim]:
    """M from its definition, by the closed form on arcs and by quadrature over the circle."""
    moments = _moments(subject, setting, tau)
    a, b = plane.basis
    defined = [_entry(moments, u, v) for u, v in ((a, a), (a, b), (b, b))]
    probability, closed = filtered_by_arcs(plane, tau)
    radial = circle_moment(plane, tau, lambda s: 2 * chi_square_tail(2 + raised, s))
    tail = circle_mean(plane, tau, lambda s: chi_square_tail(2, s))
    yield _agree(f"Pr[|F| > τ] = Σ [T(h, tan θ)] over arcs, τ = {tau}", moments.probability, probability)
    yield _agree(f"Pr[|F| > τ] = E_u Q_2(s), τ = {tau}", moments.probability, tail)
    for (i, j), entry, by_arcs, moment in zip(((1, 1), (1, 2), (2, 2)), defined, closed, radial, strict=True):
        yield _agree(f"M_{i}{j} = Σ of M_arc, τ = {tau}", entry, by_arcs)
        value = moment - tail if i == j else moment
        yield _agree(f"M_{i}{j} = {_integrand(2, raised)}_{i}{j}, τ = {tau}", entry, value)
    yield from _trace_claims(moments, circle_mean(plane, tau, lambda s: 2 * s * chi_square_density(2, s)), tau)


def _trace_claims(moments: FilteredMoments, density: arb, tau: Fraction) -> Iterator[Claim]:
    yield _agree(f"Tr M = E_u[2s f(s)], τ = {tau}", moments.trace, density)
    yield compare(f"Tr M > 0, τ = {tau}", moments.trace, ">", Fraction(0))


def _agree(text: str, left: Side, right: arb) -> Claim:
    return compare(text, left, "agrees with", Enclosure.from_ball(right))


def _integrand(k: int, raised: int) -> str:
    return f"E_u[{k}Q_{k + raised}(s)uuᵀ - Q_{k}(s)I]"


def _sampled_claims(subject: Subject, setting: Setting, tau: Fraction, raised: int) -> Iterator[Claim]:
    """k >= 3: over the sphere by sampling; M itself is enclosed for k = 3. The level is shared by all intervals."""
    k = subject.k
    pairs = [(i, j) for i in range(k) for j in range(i, k)]
    share = setting.level / (2 * len(pairs) + 2)
    sphere = RadialDraws.of(subject, tau, setting.samples, share, setting.seed, "sphere")
    entries, trace = _defined(subject, setting, tau, pairs, share)
    for (i, j), entry in zip(pairs, entries, strict=True):
        text = f"M_{i + 1}{j + 1} = {_integrand(k, raised)}_{i + 1}{j + 1}, τ = {tau}"
        yield compare(text, entry, "agrees with", sphere.identity(i, j, raised))
    yield compare(f"Tr M = E_u[2s f(s)], τ = {tau}", trace, "agrees with", sphere.density())
    yield compare(f"Tr M > 0, τ = {tau}", trace, ">", Fraction(0))


def _defined(
    subject: Subject, setting: Setting, tau: Fraction, pairs: list[tuple[int, int]], share: float
) -> tuple[list[Side], Side]:
    """Entries and trace of M from its definition, enclosed for k = 3 and estimated beyond."""
    if subject.k > MOST_ENCLOSED:
        space = RadialDraws.of(subject, tau, setting.samples, share, setting.seed, "space")
        return [space.entry(i, j) for i, j in pairs], space.trace()
    moments, basis = _moments(subject, setting, tau), subject.relevant
    return [_entry(moments, basis[i], basis[j]) for i, j in pairs], moments.trace


def _moments(subject: Subject, setting: Setting, tau: Fraction) -> FilteredMoments:
    return filtered_moments(subject.network, tau, bits=setting.bits, budget=setting.budget)


def _entry(moments: FilteredMoments, u: Vector, v: Vector) -> Enclosure:
    """The entry of M in the directions of two vectors."""
    return Enclosure.from_ball(moments.quadratic(u, v).to_ball() / rational_ball(inner(u, u) * inner(v, v)).sqrt())


def _planar() -> tuple[ReLUNetwork, Mapping[str, Any]]:
    """H6, where M is a multiple of the identity and the false matrix vanishes."""
    return h6(2, seed=None), {"threshold": 8}


LEMMA = Lemma(
    label="L8",
    title="Radial identity",
    statement=(
        r"$F$ bias-free, $W = \{0\}$, $k \geq 1$, $u$ uniform on the sphere of $V$, $s = \tau^2/F(u)^2$: on $V$, "
        r"$M = \mathbb{E}_u[k\,Q_{k+2}(s)\,uu^\top - Q_k(s)\,I]$ and "
        r"$\operatorname{Tr} M = \mathbb{E}_u[2s\,f_{\chi^2_k}(s)] > 0$ for every $\tau > 0$; in the plane "
        r"$M$ is a sum over arcs in closed form."
    ),
    hypotheses=("F is homogeneous", "k >= 1, so that F is not 0", "W = {0}"),
    kind="gaussian",
    source="THEORY L8: polar coordinates; E[1_{|x|² > s} |x|²] = k Q_{k+2}(s)",
    check=_check,
    neighbours=(
        FalseNeighbour(r"$M = \mathbb{E}_u[k\,Q_k(s)\,uu^\top - Q_k(s)\,I]$", partial(_check, raised=0), _planar),
    ),
)
