"""Gaussian measure of polyhedra by sampling, where no closed form exists."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tropical.budget import Meter
from tropical.polyhedra.chart import Chart
from tropical.polyhedra.cones import Cone, facets
from tropical.verdict import Estimate

_CONFIDENCE = 0.99
_BLOCK = 4096  # samples tested against every polyhedron at once


def estimated_measure(
    chart: Chart, cones: Sequence[Cone], samples: int, rng: np.random.Generator, meter: Meter
) -> Estimate:
    """Pr[x in the union of the polyhedra] from ``samples`` draws, with its 99 % Clopper-Pearson interval."""
    from scipy.stats import beta

    tables = [_float_rows(chart, cone) for cone in meter.timed(cones)]
    basis, factor = _orthonormal_coordinates(chart)
    hits = 0
    for start in meter.timed(range(0, samples, _BLOCK)):
        points = rng.standard_normal((min(_BLOCK, samples - start), basis)) @ factor
        inside = np.zeros(len(points), dtype=bool)
        for constants, gradients in tables:
            inside |= (points @ gradients.T + constants >= 0).all(axis=1)
        hits += int(inside.sum())
    tail = (1 - _CONFIDENCE) / 2
    lower = float(beta.ppf(tail, hits, samples - hits + 1)) if hits else 0.0
    upper = float(beta.ppf(1 - tail, hits + 1, samples - hits)) if hits < samples else 1.0
    return Estimate(hits / samples, lower, upper, _CONFIDENCE, samples)


def _float_rows(chart: Chart, cone: Cone) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Facets in the coordinates y, each row scaled to unit size before rounding."""
    rows = [cone.constraints[i] for i in facets(cone)]
    scaled = [[float(Fraction(a, max(map(abs, row)))) for a in row] for row in rows if any(row[1:])]
    table: NDArray[Any] = np.array(scaled, dtype=np.float64).reshape(len(scaled), chart.dim + 1)
    return table[:, 0], table[:, 1:]


def _orthonormal_coordinates(chart: Chart) -> tuple[int, NDArray[np.float64]]:
    """A factor T with y = z T distributed as Ax when z is standard Gaussian on R^r."""
    matrix: NDArray[np.float64] = np.array(chart.matrix, dtype=np.float64).reshape(chart.dim, chart.input_dim)
    _, triangular = np.linalg.qr(matrix.T)
    return chart.dim, triangular
