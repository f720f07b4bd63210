"""Gaussian means and inner products of piecewise-linear functions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flint import arb, fmpq, fmpq_mat

from tropical.arithmetic.rationals import Vector, to_flint
from tropical.budget import Budget, Meter, Progress
from tropical.functions.function import Function
from tropical.gaussian.flux import measure
from tropical.gaussian.integrals import Integrals
from tropical.gaussian.moments import first_moment, second_moment
from tropical.gaussian.precision import narrow_enclosures
from tropical.gaussian.refinement import Refinement, common_refinement
from tropical.gaussian.solids import Facets, Solid
from tropical.verdict import Enclosure


def gaussian_mean(
    f: Function, *, bits: int = 128, budget: Budget | None = None, progress: Progress | None = None
) -> Enclosure:
    """Return E f(x) for x ~ N(0, I_n), of a scalar function whose gradients span at most 3 dimensions.

    On each part P of f, affine there, E[(c + <g, x>) 1_P] = c Pr[P] + <g, E[x 1_P]>. ``bits`` is the working precision,
    doubled (three times at most) while the width exceeds 2^(-2 bits/3) times max(1, |E f|).
    Raises ``ValueError`` for several outputs or beyond dimension 3, :class:`BudgetExhausted` if ``budget`` runs out.

    >>> from tropical import ReLUNetwork
    >>> mean = gaussian_mean(ReLUNetwork.from_arrays([[[3, 4]], [[1]]]))  # relu(3 x0 + 4 x1): 5/sqrt(2 pi)
    >>> round(float(mean), 12), float(mean.width) < 1e-30
    (1.994711402007, True)
    """
    meter = Meter(budget, progress)
    return _total(common_refinement([f], meter), _Part.mean, bits, meter)


def gaussian_inner_product(
    f: Function, g: Function, *, bits: int = 128, budget: Budget | None = None, progress: Progress | None = None
) -> Enclosure:
    """Return E f(x) g(x) for x ~ N(0, I_n), of scalar functions whose gradients together span at most 3 dimensions.

    Summed over the common refinement of their linear parts, from Pr[P], E[x 1_P] and E[x x^T 1_P]; E f^2 is the inner
    product of f with itself. For relu(<u, x>) relu(<v, x>) it is |u||v|(sin t + (pi - t) cos t)/2pi, t the angle
    between u and v (THEORY L18). Parameters and errors as in :func:`gaussian_mean`.

    >>> from tropical import ReLUNetwork
    >>> absolute = ReLUNetwork.from_arrays([[[1, 0], [-1, 0]], [[1, 1]]])
    >>> relu = ReLUNetwork.from_arrays([[[0, 1]], [[1]]])
    >>> round(float(gaussian_inner_product(absolute, relu)), 12)  # sqrt(2/pi)/sqrt(2 pi)
    0.318309886184
    """
    functions = [f] if isinstance(f, type(g)) and f == g else [f, g]
    meter = Meter(budget, progress)
    return _total(common_refinement(functions, meter), _Part.inner_product, bits, meter)


@dataclass(frozen=True)
class _Part:
    """A polyhedron, and affine functions on it: their rows, and <gradient, g_i> for the gradients g_i of its facets."""

    solid: Solid
    metric: fmpq_mat
    rows: tuple[fmpq_mat, ...]
    constants: tuple[fmpq, ...]
    slopes: tuple[tuple[fmpq, ...], ...]

    def mean(self, integrals: Integrals) -> arb:
        """E[f 1_P] for the first function f."""
        total = _weighted(self.slopes[0], first_moment(self.solid, integrals))
        if self.constants[0] != 0:
            total += arb(self.constants[0]) * measure(self.solid, integrals)
        return total

    def inner_product(self, integrals: Integrals) -> arb:
        """E[f g 1_P] for the first function f and the last one g."""
        c, d = self.constants[0], self.constants[-1]
        p, q = self.slopes[0], self.slopes[-1]
        total = arb(0)
        level = c * d + (self.rows[0] * self.metric * self.rows[-1].transpose())[0, 0]
        if level != 0:
            total += arb(level) * measure(self.solid, integrals)
        if c != 0 or d != 0:
            both = [c * b + d * a for a, b in zip(p, q, strict=True)]
            total += _weighted(both, first_moment(self.solid, integrals))
        if any(p) and any(q):
            second = second_moment(self.solid, integrals).tolist()
            total += _weighted(p, [_weighted(q, row) for row in second])
        return total


def _total(refinement: Refinement, functional: Callable[[_Part, Integrals], arb], bits: int, meter: Meter) -> Enclosure:
    parts = [_part(Facets.of(cone), refinement.metric, rows) for cone, rows in meter.timed(refinement.parts)]

    def evaluate() -> list[arb]:
        integrals = Integrals(meter)
        return [sum((functional(part, integrals) for part in meter.timed(parts)), arb(0))]

    return narrow_enclosures(evaluate, bits)[0]


def _part(facets: Facets, metric: fmpq_mat, rows: Sequence[Vector]) -> _Part:
    size = metric.nrows()
    gradients = tuple(to_flint([row[1:]], size) for row in rows)
    products = [facets.gradients * metric * gradient.transpose() for gradient in gradients]
    slopes = tuple(tuple(product[i, 0] for i in range(product.nrows())) for product in products)
    constants = tuple(fmpq(row[0].numerator, row[0].denominator) for row in rows)
    return _Part(facets.solid_with(metric), metric, gradients, constants, slopes)


def _weighted(weights: Sequence[fmpq], values: Sequence[arb]) -> arb:
    return sum((arb(w) * value for w, value in zip(weights, values, strict=True) if w != 0), arb(0))
