"""Second moments of the Gaussian filtered by the value of a piecewise-linear function."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tropical.arithmetic.rationals import as_fraction, primitive, to_flint
from tropical.budget import Budget, Meter, Progress
from tropical.functions.function import Function
from tropical.gaussian.assembly import Placed, moments_in_frame
from tropical.gaussian.frames import Frame, FramedMatrix, orthogonal_rows
from tropical.gaussian.refinement import Refinement, common_refinement
from tropical.gaussian.solids import Facets
from tropical.polyhedra.cones import Cone, intersect
from tropical.verdict import Enclosure


@dataclass(frozen=True, repr=False)
class FilteredMoments(FramedMatrix):
    """p = Pr[E] and the symmetric matrix M = E[1_E (x x^T - I)] of a filter E.

    E sees x only on the span of ``basis``, orthogonal rational vectors b_a of Q^n, and M v = 0 for every v orthogonal
    to them (THEORY L7). ``second`` is M in the orthonormal frame b_a/|b_a|. ``==`` and ``hash`` go by the enclosures
    and the frame they are in.
    """

    probability: Enclosure


def filtered_moments(
    f: Function,
    threshold: Any = None,
    *,
    above: Any = None,
    below: Any = None,
    bits: int = 128,
    budget: Budget | None = None,
    progress: Progress | None = None,
) -> FilteredMoments:
    """Return p = Pr[E] and M = E[1_E (x x^T - I)], x ~ N(0, I_n), for a filter E given by values of f.

    E = {|f| > threshold}, or E = {f > above or f < below} with rational levels, either of which may be None. ``basis``
    spans V, the span of the gradients of f, of dimension at most 3. ``bits`` is the working precision, doubled (three
    times at most) while a width exceeds 2^(-2 bits/3) relatively; for planar functions widths are below 1e-25.
    Every linear part of f is cut at the levels exactly, and p and M are sums over the polyhedra that are left, by the
    divergence theorem (THEORY §2, L8). Raises ``ValueError`` for several outputs, beyond dimension 3, or for levels
    that make no sense, and :class:`BudgetExhausted` if ``budget`` runs out.

    >>> from tropical import ReLUNetwork
    >>> absolute = ReLUNetwork.from_arrays([[[3, 4], [-3, -4]], [[1, 1]]])  # |3 x0 + 4 x1|
    >>> moments = filtered_moments(absolute, threshold=5)  # |t| > 1 for t ~ N(0, 1): E[t^2 - 1] = 2 phi(1)
    >>> round(float(moments.probability), 12), round(float(moments.trace), 12), moments.basis
    (0.317310507863, 0.483941449038, ((Fraction(3, 1), Fraction(4, 1)),))
    >>> moments.quadratic([4, -3])
    Enclosure(lower=0, upper=0)
    """
    levels = _levels(threshold, above, below)
    meter = Meter(budget, progress)
    refinement = common_refinement([f], meter)
    frame = Frame(f.input_dim, orthogonal_rows(refinement.chart.matrix))
    onto_frame = to_flint(refinement.chart.matrix, f.input_dim) * to_flint(frame.basis, f.input_dim).transpose()
    pieces = []
    for cone in meter.timed(_filtered_cones(refinement, levels)):
        facets = Facets.of(cone)
        pieces.append(Placed(facets.solid_with(refinement.metric), facets.gradients * onto_frame))
    found = moments_in_frame(pieces, frame, bits, meter, with_mean=False)
    return FilteredMoments(frame, found.second, bits, found.probability)


def _levels(threshold: Any, above: Any, below: Any) -> list[tuple[int, Fraction]]:
    """Pairs (sign, level): the filter is the union of the sets {sign (f - level) > 0}, which are disjoint."""
    if threshold is not None:
        if above is not None or below is not None:
            raise ValueError("give a threshold for |f|, or levels above and below for f, not both")
        level = as_fraction(threshold, "threshold")
        if level < 0:
            raise ValueError(f"threshold must be at least 0, got {level}")
        return [(1, level), (-1, -level)]
    given = [(1, above, "above"), (-1, below, "below")]
    levels = [(sign, as_fraction(level, name)) for sign, level, name in given if level is not None]
    if not levels:
        raise ValueError("filtered_moments needs a threshold, or a level above or below")
    if len(levels) == 2 and levels[0][1] < levels[1][1]:
        raise ValueError(f"above must be at least below, got above = {levels[0][1]} and below = {levels[1][1]}")
    return levels


def _filtered_cones(refinement: Refinement, levels: list[tuple[int, Fraction]]) -> Iterator[Cone]:
    for cone, ((constant, *gradient),) in refinement.parts:
        for sign, level in levels:
            row = primitive([sign * (constant - level), *(sign * q for q in gradient)])
            if any(row):  # a part on which f equals the level is not in the filter
                part = intersect(cone, [row])
                if part is not None:
                    yield part
