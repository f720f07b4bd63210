"""THEORY L1: by its values at points, the affine pieces of F become its max-min and its min-max form."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from learning.lemmas.framework.claim import Claim, decided, undecided
from learning.lemmas.framework.lemma import Evidence, FalseNeighbour, Hypothesis, Lemma
from learning.lemmas.framework.setting import Setting
from learning.lemmas.framework.subject import Subject
from learning.lemmas.functions import combination
from learning.lemmas.rational_subspaces import Vector
from tropical import (
    AffineForm,
    AffineMap,
    Budget,
    LatticePolynomial,
    Polyhedron,
    ReLUNetwork,
    disagreement,
    equivalent,
    implies_leq,
    linear_regions,
    to_network,
)

__all__ = ["LEMMA"]

_CHAMBERS = 2  # points whose chamber of the arrangement {l_i = l_j} is looked at by itself
_EXTRA = 2  # affine functions added to a complete list
_DRAWS = 100  # random points tried for ones where no two pieces have the same value

Clause = frozenset[int]


@dataclass(frozen=True)
class _Side:
    """One of the two statements, as one about lower bounds: the dual one speaks of -F and of the -l_i."""

    function: ReLUNetwork
    pieces: tuple[AffineForm, ...]
    bound: str
    equality: str


def _sides(subject: Subject, pieces: Sequence[AffineForm]) -> tuple[_Side, _Side]:
    negated = combination([subject.network], [-1])
    lower = _Side(subject.network, tuple(pieces), "max-min over {} points <= F everywhere", "max-min")
    upper = _Side(negated, tuple(-piece for piece in pieces), "F <= min-max over {} points everywhere", "min-max")
    return lower, upper


def _check(subject: Subject, setting: Setting) -> Evidence:
    rng = random.Random(setting.seed)
    extra = [AffineForm(_integers(rng, subject.dimension, 5), Fraction(rng.randint(-5, 5))) for _ in range(_EXTRA)]
    interior, chambers = _interior_points(subject), _generic_points(subject, rng)
    points = list(dict.fromkeys([*interior, *_face_points(subject), *chambers]))
    claims: list[Claim] = []
    for side in _sides(subject, subject.pieces):
        claims.append(_bound(side, points, subject.budget))
        claims.append(_equality(side, points, subject.budget))
        claims += [_on_chamber(side, point, i, subject.budget) for i, point in enumerate(chambers)]
    claims += [
        _bound(side, points, subject.budget, f"; {_EXTRA} affine functions more on the list")
        for side in _sides(subject, [*subject.pieces, *extra])
    ]
    shown = {"points": len(points), "extra functions": ", ".join(map(str, extra)), "seed": setting.seed}
    return Evidence(claims=tuple(claims), choices=shown)


def _bound(side: _Side, points: Sequence[Vector], budget: Budget | None, more: str = "") -> Claim:
    polynomial = LatticePolynomial(side.pieces, _clauses(side, points))
    verdict = implies_leq(polynomial, side.function, budget=budget)
    return decided(side.bound.format(len(points)) + more, verdict, clauses=len(polynomial.clauses))


def _equality(side: _Side, points: Sequence[Vector], budget: Budget | None) -> Claim:
    """F itself once there are points enough: as long as the forms differ, points where they do are added."""
    clauses, added = set(_clauses(side, points)), 0
    while True:
        polynomial = LatticePolynomial(side.pieces, clauses)
        found = disagreement(polynomial, side.function, budget=budget)
        vectors = [cone.interior_vector() for cone in found.cones]
        new = [found.chart.point(v) for v in vectors]
        added += len(new)
        before = len(clauses)
        clauses.update(_clauses(side, new))
        if len(clauses) == before:
            break
    verdict = equivalent(polynomial, side.function, budget=budget)
    total = len(points) + added
    text = f"F = {side.equality} over {total} points everywhere"
    return decided(text, verdict, added=added, clauses=len(polynomial.clauses))


def _on_chamber(side: _Side, point: Vector, number: int, budget: Budget | None) -> Claim:
    """m_x = F on the closure of the face of x, for x where no two pieces have the same value."""
    order = sorted(side.pieces, key=lambda piece: piece(point))
    walls = [above - below for below, above in pairwise(order)]
    walls = [wall for wall in walls if any(wall.gradient)]
    polynomial = LatticePolynomial(side.pieces, _clauses(side, [point]))
    verdict = equivalent(polynomial, side.function, Polyhedron(walls) if walls else None, budget)
    text = f"F = m_x on the chamber of point {number}, {side.equality}"
    return decided(text, verdict, point=point, walls=len(walls))


def _clauses(side: _Side, points: Sequence[Vector]) -> list[Clause]:
    """S_x = {i : l_i(x) >= F(x)} at each point."""
    if not points:
        return []
    values = to_network(AffineMap(side.pieces)).evaluate_exact(points)
    own = side.function.evaluate_exact(points)
    return [frozenset(i for i, v in enumerate(row) if v >= f) for row, (f,) in zip(values, own, strict=True)]


def _interior_points(subject: Subject) -> list[Vector]:
    return [cell.interior_point for cell in subject.complex.cells]


def _face_points(subject: Subject) -> Iterable[Vector]:
    """Vertices of the cells, and points on their unbounded edges: points where pieces tie with F."""
    for cell in subject.complex.cells:
        yield from cell.vertices
        yield from (tuple(a + b for a, b in zip(v, ray, strict=True)) for v in cell.vertices for ray in cell.rays)


def _generic_points(subject: Subject, rng: random.Random) -> list[Vector]:
    """A few points of small integers at which no two pieces have the same value."""
    found: list[Vector] = []
    for attempt in range(_DRAWS):
        point = _integers(rng, subject.dimension, 9 << min(attempt, 20))
        if len({piece(point) for piece in subject.pieces}) == len(subject.pieces):
            found.append(point)
        if len(found) == _CHAMBERS:
            break
    return found


def _integers(rng: random.Random, dimension: int, bound: int) -> Vector:
    return tuple(Fraction(rng.randint(-bound, bound)) for _ in range(dimension))


def _check_without_a_piece(subject: Subject, setting: Setting) -> Evidence:
    """The bounds from all pieces but one, at points where F follows one of the others."""
    several = Hypothesis("F has at least two pieces", len(subject.pieces) > 1)
    if not several.holds:
        return Evidence((several,))
    dropped = setting.seed % len(subject.pieces)
    rest = [piece for i, piece in enumerate(subject.pieces) if i != dropped]
    cells = subject.complex.cells
    points = [cell.interior_point for cell in cells if cell.affine_map.forms[0] != subject.pieces[dropped]]
    claims = [_bound(side, points, subject.budget) for side in _sides(subject, rest)]
    return Evidence((several,), tuple(claims), {"piece left out": str(subject.pieces[dropped])})


def _check_whole_regions(subject: Subject, setting: Setting) -> Evidence:
    """The max-min over linear regions R with the clauses {i : l_i >= F on R}."""
    cells, clauses = subject.complex.cells, []
    for region in linear_regions(subject.complex):
        members = range(len(subject.pieces))
        for cell in (cells[index] for index in region.cells):
            form = cell.affine_map.forms[0]
            above = [piece - form for piece in subject.pieces]
            members = [i for i in members if _nonnegative(above[i], cell.vertices, cell.rays)]
        clauses.append(frozenset(members))
    text = f"max-min over {len(clauses)} linear regions <= F everywhere"
    if not all(clauses):
        return Evidence(claims=(undecided(text, "no piece lies above F on some region"),))
    polynomial = LatticePolynomial(subject.pieces, clauses)
    return Evidence(claims=(decided(text, implies_leq(polynomial, subject.network, budget=subject.budget)),))


def _nonnegative(form: AffineForm, vertices: Sequence[Vector], rays: Sequence[Vector]) -> bool:
    """Whether a form that is constant along the lineality space is >= 0 on conv(vertices) + cone(rays)."""
    return all(form(v) >= 0 for v in vertices) and all(form(ray) >= form.constant for ray in rays)


def _smaller_of_t_and_zero() -> tuple[ReLUNetwork, Mapping[str, Any]]:
    return ReLUNetwork.from_arrays([[[-1]], [[-1]]]), {"seed": 1}


def _notched() -> tuple[ReLUNetwork, Mapping[str, Any]]:
    """min(0, max(x, y)): the region of the piece 0 is three quarters of the plane, and x, y are not above 0 on it."""
    first = [[-1, 1], [1, 0], [-1, 0]]
    return ReLUNetwork.from_arrays([first, [[-1, -1, 1]], [[-1]]]), {}


_INCOMPLETE = FalseNeighbour(
    statement=(
        r"The same for a list that holds all pieces but one, and points $x$ at which $F$ follows a piece on the list."
    ),
    check=_check_without_a_piece,
    instance=_smaller_of_t_and_zero,
)

_WHOLE_REGIONS = FalseNeighbour(
    statement=(
        r"The same with the index sets $S_R = \{i : \ell_i \geq F$ on $R\}$ of the linear regions $R$ "
        r"in place of the $S_x$: $\max_R \min_{i \in S_R} \ell_i \leq F$."
    ),
    check=_check_whole_regions,
    instance=_notched,
)

LEMMA = Lemma(
    label="L1",
    title="Lattice form from pieces and points",
    statement=(
        r"Let $\ell_1, \ldots, \ell_p$ contain every affine piece of $F$, let $S_x = \{i : \ell_i(x) \geq F(x)\}$ and "
        r"$m_x = \min_{i \in S_x} \ell_i$. For every point $x$, $m_x \leq F$ everywhere, and $m_x = F$ on the closure "
        r"of the face of the arrangement $\{\ell_i = \ell_j\}$ that contains $x$; so $F = \max_x m_x$ over enough "
        r"points. Dually $F \leq \max \{\ell_i : \ell_i(x) \leq F(x)\}$, and $F$ is the minimum of these."
    ),
    check=_check,
    source="Ovchinnikov (2002), Max-min representation of piecewise linear functions; THEORY L1",
    neighbours=(_INCOMPLETE, _WHOLE_REGIONS),
)
