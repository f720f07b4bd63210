r"""L18: E[φ(⟨u,x⟩)φ(⟨v,x⟩)] in closed form, so that E F² is exact for one hidden layer and for the plane."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import partial
from typing import Any

from flint import arb, ctx

from learning.instances import parity
from learning.lemmas.enclosures.planar_arcs import mean_square, planar_arcs
from learning.lemmas.enclosures.special import MOST_ENCLOSED, rational_ball
from learning.lemmas.framework.claim import Claim, compare
from learning.lemmas.framework.lemma import Evidence, FalseNeighbour, Lemma
from learning.lemmas.framework.setting import Setting
from learning.lemmas.framework.subject import Subject
from learning.lemmas.rational_subspaces import Vector, inner
from tropical import Enclosure, ReLUNetwork, gaussian_inner_product

__all__ = ["LEMMA"]

_MOST_PAIRS = 40


def _check(subject: Subject, setting: Setting, *, share: int = 1) -> Evidence:
    """``share``: the factor π - share·θ of cos θ, 1 in the lemma."""
    pairs = list(_pairs(subject, setting))
    claims: list[Claim] = []
    with ctx.workprec(setting.bits):
        for name, u, v in pairs:
            measured = gaussian_inner_product(_unit(u), _unit(v), bits=setting.bits, budget=setting.budget)
            text = f"E φ(⟨u,x⟩)φ(⟨v,x⟩), u and v {name}"
            closed = Enclosure.from_ball(_product_moment(u, v, share))
            claims.append(compare(text, measured, "agrees with", closed, u=u, v=v))
        claims += _mean_square_claims(subject, setting, share)
    return Evidence((), tuple(claims), {"pairs": f"{len(pairs)} of rows of W_0 and multiples of one"})


def _pairs(subject: Subject, setting: Setting) -> Iterator[tuple[str, Vector, Vector]]:
    """Pairs of rows of W_0, all or some at random, and a row with 0, twice itself and its opposite."""
    rows = subject.network.layers[0].weight
    indices = list(itertools.combinations_with_replacement(range(len(rows)), 2))
    if len(indices) > _MOST_PAIRS:
        indices = sorted(random.Random(setting.seed).sample(indices, _MOST_PAIRS))
    for i, j in indices:
        yield f"rows {i} and {j} of W_0", rows[i], rows[j]
    u = next((row for row in rows if any(row)), rows[0])
    for name, factor in (("0", 0), ("twice itself", 2), ("its opposite", -1)):
        yield f"a row of W_0 and {name}", u, tuple(factor * q for q in u)


def _unit(row: Vector) -> ReLUNetwork:
    """φ(⟨row, x⟩)."""
    return ReLUNetwork.from_arrays([[row], [[1]]])


def _product_moment(u: Vector, v: Vector, share: int) -> arb:
    """(√(|u|²|v|² - ⟨u,v⟩²) + (π - θ)⟨u,v⟩)/2π, which is 0 if u or v is."""
    product = inner(u, v)
    area = rational_ball(inner(u, u) * inner(v, v) - product**2).sqrt()
    if not any(u) or not any(v):
        return arb(0)
    theta = arb.atan2(area, rational_ball(product))
    return (area + (arb.pi() - share * theta) * rational_ball(product)) / (2 * arb.pi())


def _mean_square_claims(subject: Subject, setting: Setting, share: int) -> Iterator[Claim]:
    """E F² of the whole network, where one hidden layer or the plane give it in closed form."""
    layered, planar = _is_plain_layer(subject.network), subject.k == 2 and subject.homogeneous
    if subject.k > MOST_ENCLOSED or not (layered or planar):
        return
    net = subject.network
    measured = gaussian_inner_product(net, net, bits=setting.bits, budget=setting.budget)
    if layered:
        rows, weights = net.layers[0].weight, net.layers[1].weight[0]
        units = [(a, row) for a, row in zip(weights, rows, strict=True) if a]
        total = sum(
            (rational_ball(a * b) * _product_moment(u, v, share) for (a, u), (b, v) in itertools.product(units, units)),
            arb(0),
        )
        closed = Enclosure.from_ball(total)
        yield compare("E F² = Σ a_i a_j E φ(⟨u_i,x⟩)φ(⟨u_j,x⟩)", measured, "agrees with", closed)
    if planar:
        by_arcs = Enclosure.from_ball(mean_square(planar_arcs(net, subject.relevant)))
        yield compare("E F² = Σ ρ²[θ + sin θ cos θ]/2π over arcs", measured, "agrees with", by_arcs)


def _is_plain_layer(net: ReLUNetwork) -> bool:
    """Whether F = Σ a_i φ(⟨u_i, x⟩)."""
    ordinary = (Fraction(0), Fraction(1))
    return len(net.widths) == 1 and net.is_bias_free and all(pair == ordinary for pair in net.layers[0].slopes)


def _opposite_rows() -> tuple[ReLUNetwork, Mapping[str, Any]]:
    """Parity of two variables: its rows come in opposite pairs, for which E φφ = 0."""
    return parity(2, 2, seed=None), {}


LEMMA = Lemma(
    label="L18",
    title="Exact mean squares",
    statement=(
        r"$\mathbb{E}[\varphi(\langle u,x\rangle)\varphi(\langle v,x\rangle)] = "
        r"\Vert u\Vert\Vert v\Vert(\sin\theta + (\pi - \theta)\cos\theta)/2\pi$, $\theta$ the angle between $u$ and "
        r"$v$; for bias-free $F$ in the plane, $\mathbb{E}F^2$ is a sum over arcs of elementary integrals."
    ),
    kind="gaussian",
    source="THEORY L18: the arc-cosine kernel; Cho and Saul (2009)",
    check=_check,
    neighbours=(
        FalseNeighbour(
            r"$\mathbb{E}[\varphi(\langle u,x\rangle)\varphi(\langle v,x\rangle)] = "
            r"\Vert u\Vert\Vert v\Vert(\sin\theta + \pi\cos\theta)/2\pi$",
            partial(_check, share=0),
            _opposite_rows,
        ),
    ),
)
