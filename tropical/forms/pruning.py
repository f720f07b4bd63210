"""Which terms of a tropical polynomial are essential, with rational evidence for each term."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import fmpz_mat

from tropical.arguments import require
from tropical.arithmetic.linear_program import LinearProgram
from tropical.arithmetic.rationals import Vector
from tropical.budget import Budget, Meter
from tropical.functions.polynomial import Integers, TropicalPolynomial
from tropical.polyhedra.cones import half_space, intersect
from tropical.polyhedra.facet_search import LocalView, find_facets
from tropical.values import Value

_BLOCK = 256  # terms compared at once, of many in many variables
_SCREENED_DIM = 3  # variables up to which the vertices of an epigraph are few
_SAMPLES = (128, 128, 256, 256)  # terms of samples, the vertices of whose epigraphs rule out most of the others
_ROWS = 1000  # terms looked at together there


@dataclass(frozen=True, slots=True, repr=False)
class EssentialTerm(Value):
    """At the rational ``point`` the term ``index`` is strictly larger than all others.

    ``==`` and ``hash`` go by both.
    """

    index: int
    point: Vector


@dataclass(frozen=True, slots=True, repr=False)
class InessentialTerm(Value):
    """Term ``index`` is nowhere above a convex combination of the others, hence nowhere above their maximum.

    ``multipliers`` w has one entry for each term, w_index = 0, w >= 0, sum_j w_j = 1, sum_j w_j a_j = a_index and
    sum_j w_j c_j >= c_index. ``==`` and ``hash`` go by both fields.
    """

    index: int
    multipliers: Vector


def essential_terms(p: TropicalPolynomial, budget: Budget | None = None) -> tuple[int, ...]:
    """Indices of the terms of p that strictly exceed all others at some point, and so on an open set.

    Their number is the number of linear regions of p; the others can be left out, one by one or all together
    (a term is essential iff (a_i, c_i) is a vertex of the upper hull of them all; Maclagan and Sturmfels 2015, 3.1).
    Raises :class:`BudgetExhausted` if the time of ``budget`` runs out; so do the functions below.

    >>> p = TropicalPolynomial.from_terms({(0,): 0, (1,): 0, (2,): 0, (3,): -3})
    >>> essential_terms(p)  # x lies under the mean of 0 and 2x, and touches it at 0
    (0, 2, 3)
    """
    require(p, TropicalPolynomial, "p", "a TropicalPolynomial")
    return tuple(sorted(essential_points(p, Meter(budget))))


def prune(p: TropicalPolynomial, budget: Budget | None = None) -> TropicalPolynomial:
    """The same function with essential terms only; equal functions give equal results.

    >>> print(prune(TropicalPolynomial.from_terms({(0,): 0, (1,): 0, (2,): 0})))
    max(0, 2*x0)
    """
    require(p, TropicalPolynomial, "p", "a TropicalPolynomial")
    return prune_within(p, Meter(budget))


def prune_within(p: TropicalPolynomial, meter: Meter) -> TropicalPolynomial:
    """As :func:`prune`, on a meter that is already running."""
    kept = essential_points(p, meter)
    return p if len(kept) == len(p.terms) else TropicalPolynomial(p.terms[i] for i in kept)


def term_evidence(p: TropicalPolynomial, budget: Budget | None = None) -> tuple[EssentialTerm | InessentialTerm, ...]:
    """For each term of p why it is essential or not; the multipliers of the inessential ones name essential terms only.

    >>> p = TropicalPolynomial.from_terms({(0,): 0, (1,): 0, (2,): 0})
    >>> essential, inessential, _ = term_evidence(p)
    >>> p.terms[0](essential.point) > p.terms[2](essential.point)
    True
    >>> inessential.multipliers
    (Fraction(1, 2), Fraction(0, 1), Fraction(1, 2))
    """
    require(p, TropicalPolynomial, "p", "a TropicalPolynomial")
    meter = Meter(budget)
    points = essential_points(p, meter)
    kept = sorted(points)
    rows = _epigraph(p)
    program = LinearProgram([rows[i] for i in kept], p.input_dim + 1, meter)
    evidence: list[EssentialTerm | InessentialTerm] = []
    for index, row in enumerate(rows):
        if index in points:
            evidence.append(EssentialTerm(index, points[index]))
            continue
        meter.check_time()
        found = program.maximise([-a for a in row]).multipliers  # of how far the term rises above the essential ones
        assert found is not None
        multipliers = [Fraction(0)] * len(rows)
        for i, weight in zip(kept, found, strict=True):
            multipliers[i] = weight
        evidence.append(InessentialTerm(index, tuple(multipliers)))
    return tuple(evidence)


def essential_points(p: TropicalPolynomial, meter: Meter) -> dict[int, Vector]:
    """The essential terms, each with a point where it is strictly largest: the facets of the epigraph."""
    rows = _epigraph(p)
    left: Sequence[int] = range(len(rows))
    if p.input_dim <= _SCREENED_DIM:
        for size in _SAMPLES:
            if len(left) > 2 * size:
                sample = _facet_points(rows, left[:: -(-len(left) // size)], meter)
                left = _reaching_below(rows, left, sample, meter)
    else:
        while len(left) > _BLOCK:  # what is inessential among a part of the terms goes first
            parts, before = -(-len(left) // _BLOCK), len(left)
            left = sorted(i for k in range(parts) for i in _facet_points(rows, left[k::parts], meter))
            if 4 * len(left) > 3 * before:
                break
    return _facet_points(rows, left, meter)


def _epigraph(p: TropicalPolynomial) -> list[Integers]:
    """The epigraph {(x, t) : t >= p(x)} by integer rows (constant, x, t), one for each term and all alike in t."""
    scale, rows = p.integer_rows
    return [(*(-a for a in row), scale) for row in rows]


def _reaching_below(rows: Sequence[Integers], left: Sequence[int], sample: Collection[int], meter: Meter) -> list[int]:
    """The sample, and what else is left and not >= 0 on all of its epigraph: negative at an end of that."""
    cone = intersect(half_space(len(rows[0]) - 1), [rows[i] for i in sample], meter)
    assert cone is not None
    opposite = [tuple(-a for a in direction) for direction in cone.lineality]
    ends = fmpz_mat([*cone.generators, *cone.lineality, *opposite]).transpose()
    kept = set(sample)
    for start in range(0, len(left), _ROWS):
        chosen = left[start : start + _ROWS]
        values = (fmpz_mat([rows[i] for i in chosen]) * ends).tolist()
        kept.update(i for i, own in zip(chosen, values, strict=True) if min(own) < 0)
    return sorted(kept)


def _facet_points(rows: Sequence[Integers], chosen: Sequence[int], meter: Meter) -> dict[int, Vector]:
    """The facets of the epigraph of the chosen terms alone, each with the x of a point that lies on no other."""
    meter.check_time()
    dim = len(rows[0]) - 2
    if len(chosen) == 1:
        return {chosen[0]: (Fraction(0),) * dim}
    own = [rows[i] for i in chosen]
    above = max(-row[0] for row in own) // own[0][-1] + 1
    crossings = find_facets(LocalView(own, (1, *[0] * dim, above)), meter=meter)
    points = {chosen[k]: crossing.point for k, crossing in crossings.items()}
    return {i: tuple(Fraction(a, first) for a in rest[:-1]) for i, (first, *rest) in points.items()}
