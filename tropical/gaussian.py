"""Standard Gaussian measure of polyhedral regions: rigorous where a closed form exists, estimated elsewhere."""

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tropical.comparison import Disagreement
from tropical.complexes import Cell
from tropical.cones import Cone, Integers, facets
from tropical.quotient import Quotient
from tropical.rationals import Vector
from tropical.verdict import Enclosure, Estimate

if TYPE_CHECKING:
    from flint import arb

_PRECISION = 128  # bits of the ball arithmetic
_CONFIDENCE = 0.99
_BLOCK = 4096  # samples tested against every polyhedron at once


def gaussian_measure(
    region: Cell | Disagreement, samples: int = 100_000, seed: int | np.random.Generator = 0
) -> Enclosure | Estimate:
    """Return Pr[x in region] for x ~ N(0, I_n).

    Modulo the directions along which it is invariant, a polyhedron of dimension at most 1, and a wedge with apex 0 of
    dimension 2, have closed forms: the answer is then an :class:`Enclosure` by ball arithmetic. Otherwise it is an
    :class:`Estimate` from ``samples`` draws with its 99 % Clopper-Pearson interval.

    >>> from tropical import ReLUNetwork, polyhedral_complex
    >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    >>> sorted(round(float(gaussian_measure(cell)), 6) for cell in polyhedral_complex(maximum).cells)
    [0.125, 0.125, 0.375, 0.375]
    """
    if isinstance(region, Cell):
        quotient, cones = region.quotient, (region.cone,)
    else:
        quotient, cones = region.quotient, region.cones
    return _closed_form(quotient, cones) or _estimate(quotient, cones, samples, np.random.default_rng(seed))


def _closed_form(quotient: Quotient, cones: Sequence[Cone]) -> Enclosure | None:
    from flint import arb, ctx

    with ctx.workprec(_PRECISION):
        total = arb(0)
        for cone in cones:
            measure = _ball(_facet_forms(quotient, cone))
            if measure is None:
                return None
            total += measure
        return _enclosure(total)


def _facet_forms(quotient: Quotient, cone: Cone) -> list[tuple[int, Vector]]:
    """Facets as pairs (constant, gradient on Q^n), without the one at infinity."""
    rows: list[Integers] = [cone.constraints[i] for i in facets(cone)]
    return [(row[0], quotient.pull_back_gradient(row[1:])) for row in rows if any(row[1:])]


def _ball(forms: list[tuple[int, Vector]]) -> "arb | None":
    """The measure of {all forms >= 0} as a ball, if it has a closed form."""
    from flint import arb, fmpq

    if not forms:
        return arb(1)
    products = [[sum((a * b for a, b in zip(g, h, strict=True)), Fraction(0)) for _, g in forms] for _, h in forms]
    norms = [arb(fmpq(row[i].numerator, row[i].denominator)).sqrt() for i, row in enumerate(products)]
    if len(forms) == 1 or (len(forms) == 2 and products[0][1] ** 2 == products[0][0] * products[1][1]):
        shortfall = [
            (-(constant / norm) / arb(2).sqrt()).erf() for (constant, _), norm in zip(forms, norms, strict=True)
        ]
        return sum(((1 - erf) / 2 for erf in shortfall), arb(0)) - (len(forms) - 1)
    if len(forms) == 2 and not any(constant for constant, _ in forms):
        inner = arb(fmpq(products[0][1].numerator, products[0][1].denominator))
        return (arb.pi() - (inner / (norms[0] * norms[1])).acos()) / (2 * arb.pi())
    return None


def _enclosure(ball: "arb") -> Enclosure:
    middle, radius = _dyadic(ball.mid()), _dyadic(ball.rad())
    return Enclosure(max(middle - radius, Fraction(0)), min(middle + radius, Fraction(1)))


def _dyadic(number: "arb") -> Fraction:
    mantissa, exponent = number.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def _estimate(quotient: Quotient, cones: Sequence[Cone], samples: int, rng: np.random.Generator) -> Estimate:
    from scipy.stats import beta

    tables = [_float_rows(quotient, cone) for cone in cones]
    basis, factor = _orthonormal_coordinates(quotient)
    hits = 0
    for start in range(0, samples, _BLOCK):
        points = rng.standard_normal((min(_BLOCK, samples - start), basis)) @ factor
        inside = np.zeros(len(points), dtype=bool)
        for constants, gradients in tables:
            inside |= (points @ gradients.T + constants >= 0).all(axis=1)
        hits += int(inside.sum())
    tail = (1 - _CONFIDENCE) / 2
    lower = float(beta.ppf(tail, hits, samples - hits + 1)) if hits else 0.0
    upper = float(beta.ppf(1 - tail, hits + 1, samples - hits)) if hits < samples else 1.0
    return Estimate(hits / samples, lower, upper, _CONFIDENCE, samples)


def _float_rows(quotient: Quotient, cone: Cone) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Facets in the coordinates y, each row scaled to unit size before rounding."""
    rows = [cone.constraints[i] for i in facets(cone)]
    scaled = [[float(Fraction(a, max(map(abs, row)))) for a in row] for row in rows if any(row[1:])]
    table: NDArray[Any] = np.array(scaled, dtype=np.float64).reshape(len(scaled), quotient.dim + 1)
    return table[:, 0], table[:, 1:]


def _orthonormal_coordinates(quotient: Quotient) -> tuple[int, NDArray[np.float64]]:
    """A factor T with y = z T distributed as Ax when z is standard Gaussian on R^r."""
    matrix: NDArray[np.float64] = np.array(quotient.matrix, dtype=np.float64).reshape(quotient.dim, quotient.input_dim)
    _, triangular = np.linalg.qr(matrix.T)
    return quotient.dim, triangular
