r"""L15: orthonormal w_1, …, w_l with ‖Π_{V⊥} w_i‖ <= ν are few: l (1 - ν²) <= k."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

from learning.lemmas.choices.typical_subspaces import orthogonal_vector
from learning.lemmas.framework.claim import Claim, compare
from learning.lemmas.framework.lemma import Evidence, FalseNeighbour, Hypothesis, Lemma
from learning.lemmas.framework.setting import Setting
from learning.lemmas.framework.subject import Subject
from learning.lemmas.rational_subspaces import Rows, Vector, inner, orthogonal_basis, remainder
from tropical import ReLUNetwork

__all__ = ["LEMMA"]

_NEAR = Fraction(1, 32)  # size of the perturbations of V, as a share of its basis vectors


def _check(subject: Subject, setting: Setting, *, share: Fraction = Fraction(1)) -> Evidence:
    """``share`` is the constant c of l (1 - c ν²) <= k: 1 in the lemma."""
    frames = _frames(subject, setting)
    orthogonal = all(_orthogonal(rows) for rows in frames.values())
    hypotheses = (Hypothesis("the w_i are orthogonal and none is 0", orthogonal),)
    choices = {"W": frames}
    if not orthogonal:
        return Evidence(hypotheses, choices=choices)
    claims: list[Claim] = []
    for name, rows in frames.items():
        count, tilt, k = Fraction(len(rows)), _tilt(rows, subject), Fraction(subject.k)
        factor = "" if share == 1 else f"{share} "
        claims.append(compare(f"l (1 - {factor}ν²) <= k, W {name}", count * (1 - share * tilt), "<=", k, tilt=tilt))
        if share == 1 and tilt * (k + 1) < 1:
            claims.append(compare(f"l <= k since ν² < 1/(k+1), W {name}", count, "<=", k, tilt=tilt))
    return Evidence(hypotheses, tuple(claims), choices)


def _check_weak_tilt(subject: Subject, setting: Setting) -> Evidence:
    """l <= k already for ν² < 1/k."""
    frames = {name: rows for name, rows in _frames(subject, setting).items() if _orthogonal(rows)}
    k = Fraction(subject.k)
    low = {name: rows for name, rows in frames.items() if _tilt(rows, subject) * k < 1}
    claims = tuple(
        compare(f"l <= k since ν² < 1/k, W {name}", Fraction(len(rows)), "<=", k, tilt=_tilt(rows, subject))
        for name, rows in low.items()
    )
    hypothesis = Hypothesis("the w_i are orthogonal, none is 0, and ν² < 1/k", bool(low))
    return Evidence((hypothesis,), claims, {"W": frames})


def _orthogonal(rows: Rows) -> bool:
    return all(any(row) for row in rows) and not any(inner(u, v) for i, u in enumerate(rows) for v in rows[:i])


def _tilt(rows: Rows, subject: Subject) -> Fraction:
    """ν², the largest ‖Π_{V⊥} w‖² / ‖w‖²; 0 without rows."""
    outside = []
    for row in rows:
        rest = remainder(subject.relevant, row)
        outside.append(inner(rest, rest) / inner(row, row))
    return max(outside, default=Fraction(0))


def _frames(subject: Subject, setting: Setting) -> dict[str, Rows]:
    """The orthogonal w_i: those given, or near V, k + 1 that share its tilt, and others at random."""
    if setting.subspace is not None:
        return {"as given": setting.subspace}
    rng = random.Random(setting.seed)
    dim, basis = subject.dimension, subject.relevant
    sizes = [_NEAR * max(map(abs, row)) for row in basis]
    moved = [tuple(a + size * rng.randint(-1, 1) for a in row) for row, size in zip(basis, sizes, strict=True)]
    count = min(dim, subject.k + 1)
    scattered = [tuple(Fraction(rng.randint(-3, 3)) for _ in range(dim)) for _ in range(count)]
    frames: dict[str, Rows] = {"near V": orthogonal_basis(moved), "at random": orthogonal_basis(scattered)}
    beyond = orthogonal_vector(basis, dim, setting.seed)
    if beyond is not None:
        frames["of k + 1 vectors, about equally tilted"] = _equally_tilted(basis, beyond)
    return frames


def _equally_tilted(basis: Rows, beyond: Vector) -> Rows:
    """The basis of V and u ⊥ V, in a reflection that gives each a component of about ‖w‖/√(k+1) along u.

    In an orthonormal basis with u first, the reflection along (√(k+1) + 1, 1, …, 1) does; roots are rounded, which
    leaves a reflection.
    """
    frame = [beyond, *basis]
    shares = [_root(Fraction(len(basis) + 1)) + 1, *[Fraction(1)] * len(basis)]
    scaled = [_of_length(row, share) for row, share in zip(frame, shares, strict=True)]
    normal = tuple(sum(column, Fraction(0)) for column in zip(*scaled, strict=True))
    factors = [2 * inner(normal, row) / inner(normal, normal) for row in frame]
    return tuple(
        tuple(a - factor * b for a, b in zip(row, normal, strict=True))
        for row, factor in zip(frame, factors, strict=True)
    )


def _of_length(row: Sequence[Fraction], length: Fraction) -> Vector:
    """The multiple of a row that has about that length."""
    size = max(map(abs, row))
    unit = tuple(a / size for a in row)
    factor = length / _root(inner(unit, unit))
    return tuple(factor * a for a in unit)


def _root(square: Fraction) -> Fraction:
    """A rational number near the square root of one of moderate size."""
    return Fraction(float(square) ** 0.5).limit_denominator(64)


def _one_line() -> tuple[ReLUNetwork, Mapping[str, Any]]:
    """|x_0| in the plane, and w = e_0 ± e_1: k = 1, ν² = 1/2."""
    return ReLUNetwork.from_arrays([[[1, 0], [-1, 0]], [[1, 1]]]), {"subspace": [[1, 1], [1, -1]]}


LEMMA = Lemma(
    label="L15",
    title="Iteration bound",
    statement=(
        r"Orthonormal $w_1, \ldots, w_\ell$ with $\Vert\Pi_{V^\perp} w_i\Vert \leq \nu$ satisfy "
        r"$\ell\,(1 - \nu^2) \leq k$; hence $\ell \leq k$ if $\nu < 1/\sqrt{k+1}$."
    ),
    hypotheses=("the w_i are orthogonal and none is 0: both sides ask for directions only",),
    kind="algebraic",
    source="THEORY L15: the sum of the squares of the Π_V w_i is at most tr Π_V = k",
    check=_check,
    neighbours=(
        FalseNeighbour(r"$\ell\,(1 - \nu^2/2) \leq k$", partial(_check, share=Fraction(1, 2)), _one_line),
        FalseNeighbour(r"$\ell \leq k$ already if $\nu < 1/\sqrt{k}$", _check_weak_tilt, _one_line),
    ),
)
