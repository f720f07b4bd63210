r"""L7: the filter sees x through V + W only, hence M v = 0 for every v ⟂ V + W."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import partial
from typing import Any

from flint import arb, ctx

from learning.instances import h6
from learning.lemmas.choices.typical_subspaces import orthogonal_vector, typical_subspaces
from learning.lemmas.choices.typical_thresholds import typical_thresholds
from learning.lemmas.enclosures.special import MOST_ENCLOSED, rational_ball
from learning.lemmas.framework.claim import Claim, compare, decided
from learning.lemmas.framework.lemma import Evidence, FalseNeighbour, Hypothesis, Lemma
from learning.lemmas.framework.setting import Setting
from learning.lemmas.framework.subject import Subject
from learning.lemmas.functions import residual
from learning.lemmas.rational_subspaces import Rows, Vector, inner, orthogonal_basis, project, sum_of
from tropical import AffineForm, AffineMap, Enclosure, ReLUNetwork, equivalent, filtered_moments

__all__ = ["LEMMA"]

_MOST_PIECES = 20  # whose halves are integrated over as well; their number is what it costs


def _check(subject: Subject, setting: Setting, *, inside: bool = False) -> Evidence:
    """``inside``: v is taken in V, not orthogonal to V + W, which is false."""
    hypotheses = (Hypothesis("V is not {0}", subject.k >= 1),) if inside else ()
    if not all(hypothesis.holds for hypothesis in hypotheses):
        return Evidence(hypotheses)
    subspaces = typical_subspaces(subject, setting)
    claims: list[Claim] = []
    for name, rows in subspaces.items():
        seen = sum_of(subject.relevant, rows)
        outside = sum(project(seen, piece.gradient) != piece.gradient for piece in subject.pieces)
        claims.append(compare(f"gradients of F outside of V + W, W {name}", Fraction(outside), "=", Fraction(0)))
        v = subject.relevant[0] if inside else orthogonal_vector(seen, subject.dimension, setting.seed)
        if v is None:
            text = f"dim(V + W) = d, so that v = 0, W {name}"
            claims.append(compare(text, Fraction(len(seen)), "=", Fraction(subject.dimension)))
            continue
        claims += _invariance_claims(subject, setting, rows, v, name)
        if len(seen) <= MOST_ENCLOSED:
            claims += _matrix_claims(subject, setting, rows, seen, v, name)
        if not inside and not rows and subject.k < MOST_ENCLOSED and len(subject.pieces) <= _MOST_PIECES:
            claims += _halved_claims(subject, setting, v)
    return Evidence(hypotheses, tuple(claims), {"W": subspaces})


def _invariance_claims(subject: Subject, setting: Setting, rows: Rows, v: Vector, name: str) -> Iterator[Claim]:
    """Neither y = F(x) nor Π_W x changes along v, so that <v, x> is independent of the filter."""
    shift = AffineMap(tuple(AffineForm(row, q) for row, q in zip(_identity(subject.dimension), v, strict=True)))
    moved = equivalent(subject.network, subject.network.compose(shift), budget=setting.budget)
    yield decided(f"F(x + v) = F(x), W {name}", moved, v=v)
    part = project(orthogonal_basis(rows), v)
    yield compare(f"|Π_W v|² = 0, W {name}", inner(part, part), "=", Fraction(0), v=v)


def _matrix_claims(subject: Subject, setting: Setting, rows: Rows, seen: Rows, v: Vector, name: str) -> Iterator[Claim]:
    """M v = 0 for the filter |F - F∘Π_W| > τ: its products with v and with V + W."""
    filtered = residual(subject.network, rows)
    tau = typical_thresholds(filtered, setting)[0]
    moments = filtered_moments(filtered, tau, bits=setting.bits, budget=setting.budget)
    for text, u in [("vᵀMv", v), *((f"u_{i + 1}ᵀMv", u) for i, u in enumerate(seen))]:
        yield compare(f"{text} = 0, W {name}, τ = {tau}", moments.quadratic(u, v), "=", Fraction(0), u=u, v=v)


def _halved_claims(subject: Subject, setting: Setting, v: Vector) -> Iterator[Claim]:
    """The same with nothing left out beforehand: over the halves <v, x> > 0 and <v, x> < 0 of {F > τ} and {-F > τ}.

    {F > τ, ±<v, x> > 0} = {min(F, τ ± <v, x>) > τ}, a filter in dimension k + 1, which has a kink across v.
    """
    tau = typical_thresholds(subject.network, setting)[0]
    unit = tuple(q / inner(v, v) for q in v)
    halves = [
        filtered_moments(form & AffineForm(direction, tau), above=tau, bits=setting.bits, budget=setting.budget)
        for form in (subject.lattice, -subject.lattice)
        for direction in (unit, tuple(-q for q in unit))
    ]
    with ctx.workprec(setting.bits):
        for text, u in [("vᵀMv", v), *((f"u_{i + 1}ᵀMv", u) for i, u in enumerate(subject.relevant))]:
            scale = rational_ball(inner(u, u) * inner(v, v)).sqrt()
            total = sum((half.quadratic(u, v).to_ball() for half in halves), arb(0)) / scale
            text = f"{text} = 0 over halves on both sides of v, τ = {tau}"
            yield compare(text, Enclosure.from_ball(total), "agrees with", Fraction(0), u=u, v=v)


def _identity(dimension: int) -> list[Vector]:
    return [tuple(Fraction(int(i == j)) for j in range(dimension)) for i in range(dimension)]


def _with_a_direction_of_v() -> tuple[ReLUNetwork, Mapping[str, Any]]:
    """H6, where M is a positive multiple of the identity on V."""
    return h6(4, seed=0), {"threshold": 6, "subspace": []}


LEMMA = Lemma(
    label="L7",
    title="Block structure",
    statement=(
        r"The filter depends on $(y, \Pi_W x)$ only, so that $M v = 0$ for every $v \perp V + W$, where "
        r"$M = \mathbb{E}[1_E\,\Pi_{W^\perp}(xx^\top - I)\Pi_{W^\perp}]$."
    ),
    kind="algebraic",
    source="THEORY L7: <v, x> is independent of (y, Π_W x), of mean 0 and variance |v|²",
    check=_check,
    neighbours=(FalseNeighbour(r"$M v = 0$ for $v \in V$", partial(_check, inside=True), _with_a_direction_of_v),),
)
