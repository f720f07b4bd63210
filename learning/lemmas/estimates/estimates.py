"""Gaussian quantities estimated with an interval, where no enclosure of them is to be had. Never a proof."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from learning.lemmas.rational_subspaces import Rows, orthogonal_basis
from learning.sampling import own_stream
from learning.subspace import orthonormal_frame
from tropical import AffineForm, Estimate, LatticePolynomial, ReLUNetwork, TropicalPolynomial, TropicalRationalMap

__all__ = [
    "EstimatedFilter",
    "Function",
    "estimated_filter",
    "estimated_mean",
    "estimated_mean_square",
    "radial_cut",
    "unit_rows",
]

Array = NDArray[np.float64]
Function = ReLUNetwork | LatticePolynomial | TropicalPolynomial | TropicalRationalMap

_BLOCK = 8192  # draws evaluated at once
_SPURIOUS = 1e-14  # singular values of unit rows below which a direction is a rounding error; one too many does no harm


@dataclass(frozen=True)
class EstimatedFilter:
    """p = Pr[E] and Tr M over a subspace, M = E[1_E (xxᵀ - I)]: two intervals that hold jointly.

    Each has half of the level: with probability 1 - level both cover.
    """

    probability: Estimate
    trace: Estimate


def estimated_mean(values: ArrayLike, lower: float, upper: float, level: float) -> Estimate:
    r"""E Z from n independent draws of Z ∈ [a, b]: mean ± (√(2 v L/n) + 7(b - a)L/(3(n - 1))), L = ln(3/δ).

    v is the sample variance. The interval is cut to [a, b] and covers E Z with probability at least 1 - δ: Bennett's
    inequality for either side and the bound for the standard deviation take a third of δ each.

    Parameters
    ----------
    values : (n,) draws, n ≥ 1. lower, upper : a ≤ b, which every possible value respects. level : δ.

    Raises
    ------
    ValueError : no values, a level outside (0, 1), or values outside [a, b] by more than rounding.

    Examples
    --------
    >>> import numpy as np
    >>> half = estimated_mean(np.arange(1000) % 2, 0.0, 1.0, 0.01)
    >>> half.value, round(half.lower, 2), round(half.upper, 2), half.confidence
    (0.5, 0.43, 0.57, 0.99)

    Source: Maurer and Pontil (2009), theorems 4 and 10.
    """
    draws = np.asarray(values, dtype=np.float64)
    width = upper - lower
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie strictly between 0 and 1, got {level}")
    if draws.ndim != 1 or not len(draws):
        raise ValueError(f"values must be one or more draws in one array, got shape {draws.shape}")
    if not (width >= 0.0 and draws.min() >= lower - 1e-9 * width and draws.max() <= upper + 1e-9 * width):
        raise ValueError(f"values must lie in [{lower}, {upper}], got {draws.min()} to {draws.max()}")
    count, mean = len(draws), min(max(float(draws.mean()), lower), upper)
    radius = width
    if count > 1:
        logarithm = math.log(3.0 / level)
        radius = math.sqrt(2.0 * float(draws.var(ddof=1)) * logarithm / count)
        radius += 7.0 * width * logarithm / (3.0 * (count - 1))
    return Estimate(mean, max(mean - radius, lower), min(mean + radius, upper), 1.0 - level, count)


def estimated_filter(
    f: Function,
    threshold: Fraction | float,
    rows: Rows,
    *,
    samples: int,
    seed: int,
    level: float,
    lipschitz_squared: Fraction | float | None = None,
) -> EstimatedFilter:
    r"""p = Pr[|f| > τ] and Tr M over span(rows), M = E[1_{|f| > τ}(xxᵀ - I)], x ~ N(0, I_n), jointly at the level.

    Draws lie in the space of dimension k that f sees; f is evaluated in float64. Where f is positively homogeneous,
    s = τ²/f(u)² and u is uniform on the sphere, p = E Q_k(s) and M = E[k Q_{k+2}(s) uuᵀ - Q_k(s) I] with bounded
    integrands (L8). Otherwise 1_E is bounded, and the trace is cut at a radius R of that space: what lies beyond is
    between -T Q_k(R²) and T Q_{k+2}(R²), T = tr(Π Π') for the two spaces, and is added to the interval.

    Parameters
    ----------
    f : one output. threshold : τ > 0. rows : rational rows that span the subspace. samples, seed, level : of the draws.
    lipschitz_squared : Λ², which makes the intervals of rare events of a homogeneous f much shorter.

    Raises
    ------
    ValueError : several outputs, τ ≤ 0, rows of another length, or |f| above Λ on the sphere.

    Examples
    --------
    >>> from learning.instances import parity
    >>> found = estimated_filter(parity(2, 2, seed=None), 1, [(1, 0), (0, 1)], samples=10_000, seed=0, level=0.01)
    >>> bool(found.probability.lower < 0.1007 < found.probability.upper)  # (2Φ(-1))²
    True
    >>> bool(found.trace.lower < 0.3072 < found.trace.upper)  # 8 Φ(-1) ϕ(1)
    True

    Source: THEORY L8; Maurer and Pontil (2009).
    """
    tau, seen = float(threshold), _Seen.of(f)
    if not tau > 0.0:
        raise ValueError(f"the threshold must be positive, got {threshold}")
    block = unit_rows(rows, f.input_dim) @ seen.frame.T
    draws = seen.draws(samples, own_stream(seed, "filter"))
    if seen.k == 0:
        certain = float(abs(seen.values(np.zeros((1, 0)))[0]) > tau)
        return EstimatedFilter(*(Estimate(v, v, v, 1.0 - level / 2.0, samples) for v in (certain, 0.0)))
    if seen.homogeneous:
        bound = math.inf if lipschitz_squared is None else float(lipschitz_squared) * (1.0 + 1e-12)
        return _radial_filter(seen, tau, block, draws, level, bound)
    return _plain_filter(seen, tau, block, draws, samples, level)


def estimated_mean_square(
    f: Function, lipschitz_squared: Fraction | float, *, samples: int, seed: int, level: float
) -> Estimate:
    r"""E f(x)², x ~ N(0, I_n), for a function with Lipschitz constant Λ.

    Positively homogeneous f: k E f(u)² on the sphere of the space that f sees, bounded by kΛ². Otherwise the radius is
    cut at R, and 0 ≤ E 1[|x| > R] f² ≤ 2 f(0)² Q_k(R²) + 2 Λ² k Q_{k+2}(R²) is added to the interval.

    Raises ``ValueError`` for several outputs, or values beyond what Λ allows.

    >>> from learning.instances import parity
    >>> found = estimated_mean_square(parity(2, 2, seed=None), 1, samples=10_000, seed=0, level=0.01)
    >>> bool(found.lower < 0.36338 < found.upper)  # 1 - 2/π
    True
    """
    seen, squared = _Seen.of(f), float(lipschitz_squared) * (1.0 + 1e-12)
    draws = seen.draws(samples, own_stream(seed, "mean square"))
    if seen.k == 0 or not squared:
        value = float(seen.values(np.zeros((1, seen.k)))[0]) ** 2
        return Estimate(value, value, value, 1.0 - level, samples)
    if seen.homogeneous:
        values = np.concatenate([seen.k * seen.values(u) ** 2 for u in map(_directions, draws)])
        return estimated_mean(values, 0.0, seen.k * squared, level)
    cut, (inner, outer) = radial_cut(seen.k, samples)
    centre = abs(float(seen.values(np.zeros((1, seen.k)))[0]))
    values = np.concatenate([np.where((z**2).sum(axis=1) <= cut, seen.values(z) ** 2, 0.0) for z in draws])
    found = estimated_mean(values, 0.0, (centre + math.sqrt(squared * cut)) ** 2, level)
    tail = 2.0 * centre**2 * inner + 2.0 * squared * seen.k * outer
    return Estimate(found.value, found.lower, found.upper + tail, found.confidence, samples)


def unit_rows(rows: Rows, dimension: int) -> Array:
    """Orthonormal basis of the span of rational rows in float64: made orthogonal exactly, then rounded.

    Raises ``ValueError`` for rows of another length than ``dimension``.

    >>> unit_rows([(Fraction(3), Fraction(4)), (Fraction(6), Fraction(8))], 2)
    array([[0.6, 0.8]])
    """
    if any(len(row) != dimension for row in rows):
        raise ValueError(f"rows must have {dimension} entries, got {[len(row) for row in rows]}")
    return _normalised(orthogonal_basis(rows), dimension)


def _normalised(rows: Sequence[Sequence[Fraction]], dimension: int) -> Array:
    """The rows other than 0 at length 1; scaled exactly before they are rounded, so that nothing overflows."""
    scales = [max(map(abs, row), default=Fraction(0)) for row in rows]
    floats = [[float(q / scale) for q in row] for row, scale in zip(rows, scales, strict=True) if scale]
    matrix = np.array(floats, dtype=np.float64).reshape(len(floats), dimension)
    return np.asarray(matrix / np.linalg.norm(matrix, axis=1)[:, None])


@dataclass(frozen=True)
class _Seen:
    """A function in coordinates of a frame (k, n) of a space outside of which nothing changes it."""

    function: Function
    frame: Array
    homogeneous: bool

    @classmethod
    def of(cls, f: Function) -> _Seen:
        if isinstance(f, ReLUNetwork | TropicalRationalMap) and f.output_dim != 1:
            raise ValueError(f"an estimate needs one output, got {f.output_dim}")
        if isinstance(f, ReLUNetwork):
            rows, homogeneous = list(f.layers[0].weight), f.is_bias_free
        else:
            forms = f.pieces if isinstance(f, LatticePolynomial) else _terms(f)
            rows, homogeneous = [form.gradient for form in forms], not any(form.constant for form in forms)
        frame = orthonormal_frame(_normalised(rows, f.input_dim), tolerance=_SPURIOUS)
        return cls(f, frame, homogeneous)

    @property
    def k(self) -> int:
        return len(self.frame)

    def values(self, points: Array) -> Array:
        """f at points (m, k) given in the frame."""
        return self.function.evaluate(points @ self.frame).reshape(len(points))

    def draws(self, samples: int, rng: np.random.Generator) -> Iterator[Array]:
        """Standard normal points of the space, in blocks."""
        if samples < 1:
            raise ValueError(f"an estimate needs at least one sample, got {samples}")
        return (rng.standard_normal((min(_BLOCK, samples - i), self.k)) for i in range(0, samples, _BLOCK))


def _terms(f: TropicalPolynomial | TropicalRationalMap) -> tuple[AffineForm, ...]:
    polynomials = (f,) if isinstance(f, TropicalPolynomial) else (*f.numerators, *f.denominators)
    return tuple(term for p in polynomials for term in p.terms)


def _directions(points: Array) -> Array:
    return np.asarray(points / np.linalg.norm(points, axis=1)[:, None])


def _radial_filter(
    seen: _Seen, tau: float, block: Array, draws: Iterator[Array], level: float, bound: float
) -> EstimatedFilter:
    """L8 over the sphere: k Q_{k+2}(s)|Bu|² - Q_k(s)|B|² = Q_k(s)(k|Bu|² - |B|²) + 2s f_k(s)|Bu|², B = ``block``."""
    from scipy.special import gammaincc

    k, tails, traces = seen.k, list[Array](), list[Array]()
    total, (least, most) = float((block**2).sum()), _square_range(block)
    for u in map(_directions, draws):
        with np.errstate(divide="ignore", over="ignore"):
            s = np.square(tau / np.abs(seen.values(u)))
        inside = np.square(u @ block.T).sum(axis=1)
        tails.append(gammaincc(0.5 * k, 0.5 * s))
        traces.append(tails[-1] * (k * inside - total) + _twice_density(k, s) * inside)
    start = tau**2 / bound if bound else math.inf
    tail, density = float(gammaincc(0.5 * k, 0.5 * start)), float(_twice_density(k, np.array(max(start, k))))
    lower, upper = min(k * least - total, 0.0) * tail, max(k * most - total, 0.0) * tail + density * most
    probability = estimated_mean(np.concatenate(tails), 0.0, tail, level / 2.0)
    return EstimatedFilter(probability, estimated_mean(np.concatenate(traces), lower, upper, level / 2.0))


def _square_range(block: Array) -> tuple[float, float]:
    """Least and largest |Bu|² over unit vectors u."""
    squares = np.linalg.eigvalsh(block.T @ block)
    return max(float(squares[0]), 0.0), max(float(squares[-1]), 0.0)


def _twice_density(k: int, s: Array) -> Array:
    """2s f(s) with the density f of χ²_k, largest at s = k; 0 at infinity."""
    half = 0.5 * np.clip(s, 1e-300, 1e300)
    return np.asarray(2.0 * np.exp(0.5 * k * np.log(half) - half - math.lgamma(0.5 * k)))


def _plain_filter(
    seen: _Seen, tau: float, block: Array, draws: Iterator[Array], samples: int, level: float
) -> EstimatedFilter:
    """1_E and 1_E(|Bz|² - |B|²) at normal points z, the latter where |z|² ≤ R² only."""
    inside, traces = list[Array](), list[Array]()
    cut, (inner, outer) = radial_cut(seen.k, samples)
    total, most = float((block**2).sum()), _square_range(block)[1]
    for z in draws:
        chosen = np.abs(seen.values(z)) > tau
        kept = chosen & ((z**2).sum(axis=1) <= cut)
        inside.append(chosen.astype(np.float64))
        traces.append(np.where(kept, np.square(z @ block.T).sum(axis=1) - total, 0.0))
    probability = estimated_mean(np.concatenate(inside), 0.0, 1.0, level / 2.0)
    found = estimated_mean(np.concatenate(traces), -total, max(most * cut - total, 0.0), level / 2.0)
    ends = found.lower - total * inner, found.upper + total * outer
    return EstimatedFilter(probability, Estimate(found.value, *ends, found.confidence, samples))


def radial_cut(k: int, samples: int) -> tuple[float, tuple[float, float]]:
    """R² beyond which about one draw is expected at most, and Q_k(R²), Q_{k+2}(R²)."""
    from scipy.stats import chi2

    cut = float(chi2.isf(1.0 / (samples + 1.0), k + 2))
    return cut, (float(chi2.sf(cut, k)), float(chi2.sf(cut, k + 2)))
