"""THEORY L3: thresholds of F are disjunctions of conjunctions of thresholds of its pieces, and those of -F the dual."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from operator import ge, gt, lt
from typing import Any

from learning.lemmas.framework.claim import Claim, compare, decided, undecided
from learning.lemmas.framework.lemma import Evidence, FalseNeighbour, Lemma
from learning.lemmas.framework.setting import Setting
from learning.lemmas.framework.subject import Subject
from learning.lemmas.rational_subspaces import Vector
from tropical import (
    AffineMap,
    Budget,
    PolyhedralComplex,
    ReLUNetwork,
    equivalent,
    parallel,
    polyhedral_complex,
    to_network,
)

__all__ = ["LEMMA"]

_MOST_CELLS = {1: 3000, 2: 3000}  # of a refinement whose faces are all visited, by dim V
_MOST_CELLS_IN_SPACE = 600  # and for larger V
_VERTEX_LEVELS = 2  # values of F at vertices taken as thresholds
_SHORT = 8  # most denominator of a threshold chosen at random

Clauses = Sequence[frozenset[int]]


@dataclass(frozen=True)
class _Formula:
    """A statement about truth values at one point: of a comparison of F with τ, and of a formula of literals.

    ``function`` compares a value of F with τ, ``literal`` a value of a piece, ``formula`` combines the literals.
    """

    text: str
    function: Callable[[Fraction, Fraction], bool]
    literal: Callable[[Fraction, Fraction], bool]
    formula: Callable[[Sequence[bool], Clauses], bool]


def _disjunction(literals: Sequence[bool], clauses: Clauses) -> bool:
    return any(all(literals[i] for i in clause) for clause in clauses)


def _conjunction(literals: Sequence[bool], clauses: Clauses) -> bool:
    return all(any(literals[i] for i in clause) for clause in clauses)


_DNF = _Formula("1[F > τ] = ∨_j ∧_i 1[l_i > τ]", gt, gt, _disjunction)
_CNF = _Formula("1[-F > -τ] = ∧_j ∨_i 1[-l_i > -τ]", lt, lt, _conjunction)
_DNF_OF_NEGATION = _Formula("1[-F > -τ] = ∨_j ∧_i 1[-l_i > -τ]", lt, lt, _disjunction)
_STRICT_LITERALS = _Formula("1[F >= τ] = ∨_j ∧_i 1[l_i > τ]", ge, gt, _disjunction)


def _check(subject: Subject, setting: Setting) -> Evidence:
    same = equivalent(subject.lattice, subject.network, budget=subject.budget)
    evidence = _evaluated((_DNF, _CNF), subject, setting, implied=True)
    return replace(evidence, claims=(decided("F = max_j min_i l_i over Q", same), *evidence.claims))


def _check_same_form(subject: Subject, setting: Setting) -> Evidence:
    return _evaluated((_DNF_OF_NEGATION,), subject, setting)


def _check_weak_inequality(subject: Subject, setting: Setting) -> Evidence:
    return _evaluated((_STRICT_LITERALS,), subject, setting)


def _evaluated(formulas: Sequence[_Formula], subject: Subject, setting: Setting, *, implied: bool = False) -> Evidence:
    """The formulas at a point of every face on which all of their literals are constant, where these can be listed.

    Elsewhere at some points, which only refute; unless the formulas are ``implied`` by a claim made beside them.
    """
    levels = _levels(subject, setting)
    claims: list[Claim] = []
    for tau in levels:
        refinement = _refinement(subject, tau)
        if refinement is not None:
            where = f"faces of the refinement by l_i = {tau}"
            claims += _compared(formulas, subject, tau, list(_points_of_faces(refinement)), where)
            continue
        found = _compared(formulas, subject, tau, _rays_through_cells(subject, tau), "points, as there are many faces")
        reason = "the refinement has too many faces, and only points were tried"
        claims += [claim if implied or claim.outcome == "fails" else undecided(claim.text, reason) for claim in found]
    return Evidence(claims=tuple(claims), choices={"thresholds": ", ".join(map(str, levels))})


def _compared(
    formulas: Sequence[_Formula], subject: Subject, tau: Fraction, points: Sequence[Vector], where: str
) -> Iterator[Claim]:
    """One claim for each formula: at no point do its two sides have different truth values."""
    clauses = subject.lattice.clauses
    table = to_network(AffineMap(subject.lattice.pieces)).evaluate_exact(points)
    own = subject.network.evaluate_exact(points)
    for formula in formulas:
        truth = [formula.function(value, tau) for (value,) in own]
        literals = ([formula.literal(value, tau) for value in values] for values in table)
        rows = zip(points, literals, truth, strict=True)
        wrong = [point for point, row, left in rows if formula.formula(row, clauses) != left]
        text = f"exceptions to {formula.text} for τ = {tau} on {len(points)} {where}"
        detail = {"points": len(points), "true": sum(truth)}
        count = Fraction(len(wrong))
        yield compare(text, count, "=", Fraction(0), witness=wrong[0] if wrong else None, **detail)


def _levels(subject: Subject, setting: Setting) -> tuple[Fraction, ...]:
    """The threshold given; or values of F at vertices, a value of F in the interior of some cell, and minus that."""
    if setting.threshold is not None:
        return (setting.threshold,)
    cells, network = subject.complex.cells, subject.network
    vertices = sorted({network(vertex)[0] for cell in cells for vertex in cell.vertices})
    rng = random.Random(setting.seed)
    inside = network(rng.choice(cells).interior_point)[0].limit_denominator(_SHORT) or Fraction(1)
    return tuple(dict.fromkeys([*vertices[:1], *vertices[-1:], inside, -inside]))


def _refinement(subject: Subject, tau: Fraction) -> PolyhedralComplex | None:
    """The cells cut along the hyperplanes l_i = τ; None if there are too many.

    The signs of F - τ and of all l_i - τ are constant on each of its relatively open faces, which cover the space.
    """
    pieces = subject.lattice.pieces
    planes = ReLUNetwork.from_arrays(
        [[piece.gradient for piece in pieces], [[0] * len(pieces)]], [[piece.constant - tau for piece in pieces], [0]]
    )
    budget = Budget.of(subject.budget)
    most = _MOST_CELLS.get(subject.k, _MOST_CELLS_IN_SPACE)
    cells = min(most, budget.cells or most)
    found = polyhedral_complex(parallel(subject.network, planes), budget=replace(budget, cells=cells))
    return found if found.complete else None


def _points_of_faces(cells: PolyhedralComplex) -> Iterator[Vector]:
    """A point of the relative interior of each face."""
    for level in cells.faces:
        for face in level:
            total = [sum(column) for column in zip(*(cells.generators[i] for i in face), strict=True)]
            yield cells.chart.point(total)


def _rays_through_cells(subject: Subject, tau: Fraction) -> list[Vector]:
    """A point x of each cell, the multiple of x at which its piece has the value τ, and one to either side of it."""
    found: list[Vector] = []
    for cell in subject.complex.cells:
        point, form = cell.interior_point, cell.affine_map.forms[0]
        rate = form(point) - form.constant
        middle = (tau - form.constant) / rate if rate else Fraction(1)
        factors = (Fraction(1), middle, middle * Fraction(7, 8), middle * Fraction(9, 8))
        found += [tuple(factor * a for a in point) for factor in factors]
    return list(dict.fromkeys(found))


def _absolute_value() -> tuple[ReLUNetwork, Mapping[str, Any]]:
    return ReLUNetwork.from_arrays([[[1], [-1]], [[1, 1]]]), {"threshold": 1}


_SAME_FORM_FOR_NEGATION = FalseNeighbour(
    statement=(
        r"The same for $-F$ in disjunctive form: "
        r"$1[-F > -\tau] = \bigvee_j \bigwedge_{i \in I_j} 1[-\ell_i > -\tau]$."
    ),
    check=_check_same_form,
    instance=_absolute_value,
)

_WEAK_INEQUALITY = FalseNeighbour(
    statement=r"$1[F \geq \tau] = \bigvee_j \bigwedge_{i \in I_j} 1[\ell_i > \tau]$.",
    check=_check_weak_inequality,
    instance=_absolute_value,
)

LEMMA = Lemma(
    label="L3",
    title="Thresholds are formulas",
    statement=(
        r"If $F = \max_j \min_{i \in I_j} \ell_i$ then for every $\tau$, "
        r"$1[F > \tau] = \bigvee_j \bigwedge_{i \in I_j} 1[\ell_i > \tau]$ and "
        r"$1[-F > -\tau] = \bigwedge_j \bigvee_{i \in I_j} 1[-\ell_i > -\tau]$."
    ),
    check=_check,
    source="THEORY L3",
    neighbours=(_SAME_FORM_FOR_NEGATION, _WEAK_INEQUALITY),
)
