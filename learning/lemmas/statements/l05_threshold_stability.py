r"""L5: moving the pieces of F changes 1[F > τ] no more often than the single pieces change theirs, added up."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import partial, reduce
from operator import or_
from typing import Any

import numpy as np
from flint import arb, ctx

from learning.instances import h6
from learning.lemmas.choices.typical_thresholds import typical_thresholds
from learning.lemmas.enclosures.planar_arcs import owen_t
from learning.lemmas.enclosures.special import MOST_ENCLOSED, normal_distribution, rational_ball
from learning.lemmas.estimates.estimates import estimated_mean, unit_rows
from learning.lemmas.framework.claim import Claim, Side, compare, decided
from learning.lemmas.framework.lemma import Evidence, FalseNeighbour, Hypothesis, Lemma
from learning.lemmas.framework.setting import Setting
from learning.lemmas.framework.subject import Subject
from learning.lemmas.rational_subspaces import Rows, Vector, inner, orthogonal_basis
from learning.sampling import own_stream
from tropical import (
    AffineForm,
    Enclosure,
    LatticePolynomial,
    ReLUNetwork,
    filtered_moments,
    implies_leq,
    to_lattice_polynomial,
)

__all__ = ["LEMMA"]

_SHARE = Fraction(1, 16)  # of the pieces, by which they are moved


def _check(subject: Subject, setting: Setting, *, largest: bool = False) -> Evidence:
    """``largest``: the largest term in place of the sum, which is false."""
    lattice = subject.lattice
    moved = _moved(subject, setting)
    fits = len(moved) == len(lattice.pieces)
    hypotheses = (Hypothesis("F' has one gradient for each piece of F", fits),)
    if not fits:
        return Evidence(hypotheses)
    pairs = [(piece, AffineForm(tuple(row), piece.constant)) for row, piece in zip(moved, lattice.pieces, strict=True)]
    other = LatticePolynomial([second for _, second in pairs], lattice.clauses)
    taus, claims = typical_thresholds(subject.network, setting), []
    with ctx.workprec(setting.bits):
        for tau in taus:
            terms = [half_spaces_differ(p, q, tau) for p, q in pairs]
            left = _changed(lattice, other, tau, setting)
            if largest:
                claims.append(_claim("the largest term", left, _maximum(terms), tau))
                continue
            found = _claim("Σ_i of the terms", left, Enclosure.from_ball(sum(terms, arb(0))), tau)
            equal = found.outcome == "open"
            claims += _equality_claims(found, (lattice, other), pairs, tau, setting) if equal else [found]
    return Evidence(hypotheses, tuple(claims), {"τ": taus, "pieces": moved})


def _claim(name: str, left: Side, right: Enclosure, tau: Fraction) -> Claim:
    return compare(f"Pr[1[F > τ] ≠ 1[F' > τ]] <= {name}, τ = {tau}", left, "<=", right)


def _equality_claims(
    found: Claim,
    functions: tuple[LatticePolynomial, LatticePolynomial],
    pairs: Sequence[tuple[AffineForm, AffineForm]],
    tau: Fraction,
    setting: Setting,
) -> list[Claim]:
    """Where both sides are equal, as for one piece, enclosures never decide; the inclusion of the events does.

    F > τ > F' needs an i with l_i - τ >= F - τ and τ - l'_i >= τ - F': so min(F - τ, τ - F') and its mirror image are
    at most the largest of the same for the pairs l_i and l'_i, which is decided over Q.
    """
    level = LatticePolynomial.from_form(AffineForm((Fraction(0),) * functions[0].input_dim, -tau))
    events = [_crossing(level + p, level + q) for p, q in pairs]
    verdict = implies_leq(_crossing(*(f + level for f in functions)), reduce(or_, events), budget=setting.budget)
    text = f"{{1[F > τ] ≠ 1[F' > τ]}} lies in the union of the events of the pieces, τ = {tau}"
    assert found.left is not None
    assert found.right is not None
    return [decided(text, verdict), compare(f"{found.text}: equality", found.left, "agrees with", found.right)]


def _crossing(f: LatticePolynomial, g: LatticePolynomial) -> LatticePolynomial:
    """A function positive where f and g have opposite signs: max(min(f, -g), min(-f, g))."""
    return (f & -g) | (-f & g)


def _moved(subject: Subject, setting: Setting) -> Rows:
    """The gradients w'_i: those given, or the w_i moved within V by about a sixteenth of a basis vector of V."""
    if setting.pieces is not None:
        return setting.pieces
    rng = random.Random(setting.seed)
    size = _SHARE * _root_of(subject.lipschitz_squared)
    moved: list[Vector] = []
    for piece in subject.lattice.pieces:
        row = piece.gradient
        for b in subject.relevant:
            step = size * rng.randint(-2, 2) / _root_of(inner(b, b))
            row = tuple(p + step * q for p, q in zip(row, b, strict=True))
        moved.append(row)
    return tuple(moved)


def _root_of(square: Fraction) -> Fraction:
    """A rational number near the square root."""
    if square > 1 << 1000:  # near the end of float64
        return Fraction(math.isqrt(int(square)))
    return Fraction(f"{float(square) ** 0.5:.3g}")


def _changed(f: LatticePolynomial, g: LatticePolynomial, tau: Fraction, setting: Setting) -> Side:
    """Pr[1[F > τ] ≠ 1[F' > τ]] = Pr[F > τ] + Pr[F' > τ] - 2 Pr[min(F, F') > τ]; a share of draws beyond dimension 3."""
    basis = orthogonal_basis([piece.gradient for piece in (*f.pieces, *g.pieces)])
    if len(basis) <= MOST_ENCLOSED:
        first, second, both = (
            filtered_moments(form, above=tau, bits=setting.bits, budget=setting.budget).probability.to_ball()
            for form in (f, g, f & g)
        )
        return Enclosure.from_ball(first + second - 2 * both)
    frame = unit_rows(basis, f.input_dim)
    points = own_stream(setting.seed, "filter").standard_normal((setting.samples, len(basis)))
    changed = [
        (f.evaluate(z @ frame) > float(tau)) != (g.evaluate(z @ frame) > float(tau)) for z in np.array_split(points, 32)
    ]
    return estimated_mean(np.concatenate(changed).astype(np.float64), 0.0, 1.0, setting.level)


def half_spaces_differ(p: AffineForm, q: AffineForm, tau: Fraction) -> arb:
    """Pr[1[p(x) > τ] ≠ 1[q(x) > τ]] for affine forms and x ~ N(0, I): 2[T(h, a) + T(k, b) + β] with Owen's T.

    h, k are the distances of the boundaries from 0, β is 1/2 if they lie on different sides of it, else 0.
    Owen (1956), *Ann. Math. Stat.* 27; THEORY L5.

    >>> x, y = AffineForm([1, 0]), AffineForm([0, 1])
    >>> round(float(half_spaces_differ(x, y, Fraction(0))), 12), half_spaces_differ(x, x, Fraction(1)) == 0
    (0.5, True)
    """
    u, v, s, t = p.gradient, q.gradient, tau - p.constant, tau - q.constant
    uu, vv, uv = inner(u, u), inner(v, v), inner(u, v)
    determinant = uu * vv - uv * uv
    if not determinant:
        return _on_a_line(uu, vv, uv, s, t)
    if not s and not t:
        return arb.atan2(rational_ball(determinant).sqrt(), rational_ball(uv)) / arb.pi()
    root = rational_ball(determinant).sqrt()
    total = _owen(s, uu, t * uu - uv * s, root) + _owen(t, vv, s * vv - uv * t, root)
    apart = s * t < 0 or (s * t == 0 and s + t < 0)
    return 2 * total + (1 if apart else 0)


def _owen(level: Fraction, square: Fraction, numerator: Fraction, root: arb) -> arb:
    """T(h, a) with h = level/√square, a = numerator/(level·root); at level 0 the limit, for h to 0 from above."""
    if not level:
        return arb(1 if numerator > 0 else -1) / 4
    return owen_t(rational_ball(abs(level)) / rational_ball(square).sqrt(), rational_ball(numerator / level) / root)


def _on_a_line(uu: Fraction, vv: Fraction, uv: Fraction, s: Fraction, t: Fraction) -> arb:
    """The same for gradients u, v of one direction or none: {z > h} and {±z > k} on a line."""
    if not uu and not vv:
        return arb(int((s < 0) != (t < 0)))
    if not uu or not vv:
        certain, level, square = (s < 0, t, vv) if vv else (t < 0, s, uu)
        above = normal_distribution(-rational_ball(level) / rational_ball(square).sqrt())
        return 1 - above if certain else above
    if uv > 0 and s * t >= 0 and s * s * vv == t * t * uu:
        return arb(0)
    h, k = rational_ball(s) / rational_ball(uu).sqrt(), rational_ball(t) / rational_ball(vv).sqrt()
    if uv > 0:
        return abs(normal_distribution(h) - normal_distribution(k))
    both = (normal_distribution(-k) - normal_distribution(h)).max(arb(0))
    return normal_distribution(-h) + normal_distribution(-k) - 2 * both


def _maximum(terms: Sequence[arb]) -> Enclosure:
    largest = arb(0)
    for term in terms:
        largest = largest.max(term)
    return Enclosure.from_ball(largest)


def _stretched() -> tuple[ReLUNetwork, Mapping[str, Any]]:
    """H6 and F' = 9F/8: near its 12 zeros F crosses a small τ on one piece after the other."""
    net = h6(2, seed=None)
    pieces = [[Fraction(9, 8) * q for q in piece.gradient] for piece in to_lattice_polynomial(net).pieces]
    return net, {"pieces": pieces, "threshold": "1/4"}


LEMMA = Lemma(
    label="L5",
    title="Threshold stability",
    statement=(
        r"For $F$ and $F'$ with the same clauses and pieces $w_i$ and $w'_i$: "
        r"$\Pr[1[F > \tau] \neq 1[F' > \tau]] \leq "
        r"\sum_i \Pr[1[\langle w_i,x\rangle > \tau] \neq 1[\langle w'_i,x\rangle > \tau]]$."
    ),
    hypotheses=("F' has one gradient for each piece of F",),
    kind="gaussian",
    source="THEORY L5: 1[F > τ] is one Boolean formula in the 1[l_i > τ] (L3)",
    check=_check,
    neighbours=(
        FalseNeighbour(
            r"$\Pr[1[F > \tau] \neq 1[F' > \tau]] \leq "
            r"\max_i \Pr[1[\langle w_i,x\rangle > \tau] \neq 1[\langle w'_i,x\rangle > \tau]]$",
            partial(_check, largest=True),
            _stretched,
        ),
    ),
)
