"""Gaussian measure and moments of cells, polyhedra and sets of disagreement."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, fmpq_mat

from tropical.activation.complexes import Cell
from tropical.arguments import as_count, as_seed, require
from tropical.arithmetic.rationals import Matrix, as_vector, from_flint, to_flint
from tropical.budget import Budget, Meter, Progress
from tropical.decisions.comparison import Disagreement
from tropical.gaussian.assembly import Placed, moments_in_frame
from tropical.gaussian.flux import measure
from tropical.gaussian.frames import Frame, FramedMatrix, Table, orthogonal_rows, over_root
from tropical.gaussian.integrals import Integrals
from tropical.gaussian.precision import as_bits, combination, narrow_enclosures, within_unit_interval
from tropical.gaussian.sampling import estimated_measure
from tropical.gaussian.solids import MOST_DIMENSIONS, Facets, Solid
from tropical.polyhedra.chart import Chart
from tropical.polyhedra.cones import Cone
from tropical.polyhedra.polyhedron import Polyhedron
from tropical.values import Value
from tropical.verdict import Enclosure, Estimate

Region = Polyhedron | Disagreement


def gaussian_measure(
    region: Region,
    samples: int = 100_000,
    seed: int | np.random.Generator = 0,
    *,
    bits: int = 128,
    budget: Budget | None = None,
    progress: Progress | None = None,
) -> Enclosure | Estimate:
    """Return Pr[x in region] for x ~ N(0, I_n).

    For polyhedra of dimension at most 3, modulo the directions along which they are invariant, the answer is an
    :class:`Enclosure` by ball arithmetic: with Owen's T function in the plane, by quadrature along edges in space.
    ``bits`` is the working precision, doubled (three times at most) while the width exceeds 2^(-2 bits/3). For a region
    within a hyperplane it is 0.
    Otherwise it is an :class:`Estimate` from ``samples`` draws with its 99 % Clopper-Pearson interval.
    Raises :class:`BudgetExhausted` if ``budget`` runs out; its cells are the polyhedra of the region.

    >>> from tropical import Box, ReLUNetwork, polyhedral_complex
    >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    >>> sorted(round(float(gaussian_measure(cell)), 6) for cell in polyhedral_complex(maximum).cells)
    [0.125, 0.125, 0.375, 0.375]
    >>> square = gaussian_measure(Box([-1, -1], [1, 1]))
    >>> round(float(square), 12), float(square.width) < 1e-30
    (0.466064942674, True)
    """
    seed, samples, bits = as_seed(seed), as_count(samples, "samples"), as_bits(bits)
    meter = Meter(budget, progress)
    chart, cones = _cones_of(region, meter)
    if chart.hull.equations:
        return Enclosure(Fraction(0), Fraction(0))
    if any(cone.pointed_dim - 1 > MOST_DIMENSIONS for cone in cones):
        return estimated_measure(chart, cones, samples, np.random.default_rng(seed), meter)
    solids = [_solid(chart, cone)[0] for cone in meter.timed(cones)]

    def evaluate() -> list[arb]:
        integrals = Integrals(meter)
        return [sum((measure(solid, integrals) for solid in meter.timed(solids)), arb(0))]

    return within_unit_interval(narrow_enclosures(evaluate, bits)[0])


@dataclass(frozen=True, repr=False)
class GaussianMoments(Value):
    """Pr[x in P], E[x 1_P] and E[x x^T 1_P] for x ~ N(0, I_n) and a region P.

    ``basis`` holds, as rows, orthogonal rational vectors b_a of Q^n that span the gradients of the facets of P.
    ``mean`` and ``second`` are in the orthonormal frame b_a/|b_a|; orthogonally to it, the mean is 0 and the second
    moment Pr[P] times the identity. ``==`` and ``hash`` go by the enclosures and the frame they are in.
    """

    probability: Enclosure
    mean: tuple[Enclosure, ...]
    second: Table
    _mean_products: tuple[Enclosure, ...] = field(repr=False)
    _excess: FramedMatrix = field(repr=False)

    @property
    def basis(self) -> Matrix:
        """The orthogonal rational vectors b_a, as rows."""
        return self._excess.basis

    def mean_along(self, u: Iterable[Any]) -> Enclosure:
        """E[<u, x> 1_P] for a rational vector u of Q^n."""
        coordinates = self._excess.frame.coordinates(u, "u")
        return combination(zip(coordinates, self._mean_products, strict=True))

    def quadratic(self, u: Iterable[Any], v: Iterable[Any] | None = None) -> Enclosure:
        """E[<u, x> <v, x> 1_P] for rational vectors of Q^n, v = u by default."""
        left = as_vector(u, "u")
        right = left if v is None else as_vector(v, "v")
        excess = self._excess.quadratic(left, right)
        inner = sum((p * q for p, q in zip(left, right, strict=True)), Fraction(0))
        return combination([(Fraction(1), excess), (inner, self.probability)])


def gaussian_moments(
    region: Region, *, bits: int = 128, budget: Budget | None = None, progress: Progress | None = None
) -> GaussianMoments:
    """Return Pr[P], E[x 1_P] and E[x x^T 1_P] for x ~ N(0, I_n) and a region P, as enclosures.

    By the divergence theorem they come from the measures of the facets of P and of their facets, each within its own
    plane. ``bits`` as in :func:`gaussian_measure`. Raises ``ValueError`` if a polyhedron of the region has more than 3
    dimensions modulo the directions along which it is invariant, and :class:`BudgetExhausted` if ``budget`` runs out.

    >>> from tropical import AffineForm
    >>> half_plane = gaussian_moments(Polyhedron([AffineForm([3, 4])]))
    >>> float(half_plane.probability), round(float(half_plane.mean[0]), 12), float(half_plane.second[0][0])
    (0.5, 0.398942280401, 0.5)
    >>> float(half_plane.mean_along([4, -3])), float(half_plane.quadratic([1, 0], [1, 0]))
    (0.0, 0.5)
    """
    meter = Meter(budget, progress)
    chart, cones = _cones_of(region, meter)
    if chart.hull.equations:
        raise ValueError(f"a region within a hyperplane has no moments, got one of dimension {chart.dim}")
    pairs = [_solid(chart, cone) for cone in meter.timed(cones)]
    input_dim = chart.input_dim
    frame = Frame(input_dim, orthogonal_rows(row for _, rows in pairs for row in from_flint(rows)))
    basis = to_flint(frame.basis, input_dim).transpose()
    pieces = [Placed(solid, rows * basis) for solid, rows in pairs]
    found = moments_in_frame(pieces, frame, bits, meter, with_mean=True)
    excess = FramedMatrix(frame, found.second, bits)
    mean = tuple(over_root(value, square, bits) for value, square in zip(found.mean, frame.squares, strict=True))
    second = tuple(
        tuple(combination([(Fraction(1), e), (Fraction(int(a == b)), found.probability)]) for b, e in enumerate(row))
        for a, row in enumerate(excess.second)
    )
    return GaussianMoments(found.probability, mean, second, found.mean, excess)


def _cones_of(region: Region, meter: Meter) -> tuple[Chart, tuple[Cone, ...]]:
    """The polyhedra of a region, each counted as a cell, and their coordinates."""
    require(region, (Disagreement, Polyhedron), "region", "a Cell, a Disagreement or a Polyhedron")
    for _ in range(region.num_cells if isinstance(region, Disagreement) else 1):
        meter.count_cell()
    if isinstance(region, Cell):
        return region.chart, (region.cone_in_chart,)
    if isinstance(region, Polyhedron):
        chart = Chart.whole(region.input_dim, region)
        return chart, (chart.cone_within(meter),)
    return region.chart, region.cones


def _solid(chart: Chart, cone: Cone) -> tuple[Solid, fmpq_mat]:
    """A polyhedron, and the gradients of its facets on Q^n."""
    facets = Facets.of(cone)
    gradients = fmpq_mat(facets.gradients) * to_flint(chart.matrix, chart.input_dim)
    return facets.solid(gradients * gradients.transpose()), gradients
