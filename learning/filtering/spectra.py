"""Spectra of filtered moments on W⊥ against the thresholds of L12: whole, or on a random block. THEORY L12-L14."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.filtering.moments import BinnedMoments, BinnedProducts
from learning.filtering.stopping import (
    leakage_after_step,
    leakage_bound,
    noise_edges,
    population_ratio,
    samples_to_show,
    squared_sine,
    stopping_thresholds,
)
from learning.sampling import own_stream

__all__ = ["Complement", "Directions", "Finding", "block_directions", "block_findings", "first_block"]
__all__ += ["moment_directions", "moment_findings", "next_block"]

Array = NDArray[np.float64]
Filter = tuple[int, str, str, tuple[int, ...]]

_SMALL = 400  # dimension up to which all eigenvalues of every filter are computed


@dataclass(frozen=True)
class Finding:
    r"""Extreme eigenvalues of one filter's M̂ on W⊥ (or on a block of it), and what L12 allows them to be.

    Attributes
    ----------
    filter : (labelling, candidate, band, bins). n_selected, n_samples : n and N. values : eigenvalues, increasing; the
        extreme ones at least. lower, upper : thresholds of L12. looked_at : dimension of the space that was searched.
    codimension : d - l. n_filters, pass_level : filters tested together and their common level; ``level`` is the share.

    Source: THEORY L12.
    """

    filter: Filter
    n_selected: int
    n_samples: int
    values: Array
    lower: float
    upper: float
    looked_at: int
    codimension: int
    n_filters: int
    pass_level: float

    @property
    def level(self) -> float:
        """δ of this filter alone."""
        return self.pass_level / self.n_filters

    @property
    def probability(self) -> float:
        """p̂ = n / N."""
        return self.n_selected / self.n_samples

    @property
    def significant(self) -> NDArray[np.bool_]:
        """Which eigenvalues L12 rejects."""
        return self._outside(self.lower, self.upper)

    def _outside(self, lower: float, upper: float) -> NDArray[np.bool_]:
        slack = 1e-9 * self.probability  # -p̂ is attained wherever n < d - l, up to rounding
        return (self.values > upper) | (self.values < lower - slack)

    @property
    def excess(self) -> float:
        """Largest eigenvalue relative to its threshold; above 1 exactly if L12 rejects (signs of thresholds differ)."""
        return float(max(self.values[-1] / self.upper, self.values[0] / self.lower if self.lower else 0.0))

    @property
    def strength(self) -> float:
        """Σ λ²/p over the significant directions, noise taken off by L14: inverse to the samples they need."""
        kept = self.values[self.significant]
        ratios = [population_ratio(float(value), self.n_selected, self.probability, self.looked_at) for value in kept]
        return self.probability * sum(ratio**2 for ratio in ratios)

    @property
    def forecast(self) -> float:
        """Samples that would show the direction at the noise edge, by L14; ``inf`` if none stands there."""
        p, n = self.probability, self.n_selected
        at_edge = self.values[self._outside(*noise_edges(n, p, self.looked_at))]
        ratios = [population_ratio(float(value), n, p, self.looked_at) for value in at_edge]
        return min((samples_to_show(ratio, p, self.codimension, self.level) for ratio in ratios), default=math.inf)


@dataclass(frozen=True)
class Directions:
    r"""The significant directions of one filter, strongest first.

    Attributes
    ----------
    vectors : (m, d) unit rows in W⊥. values : (m,) eigenvalues. leakage : (m,) bounds of L13.
    squared_sines : (m,) estimates of L14 for sin² between the direction and V + W.

    Source: THEORY L13, L14.
    """

    vectors: Array
    values: Array
    leakage: tuple[float, ...]
    squared_sines: tuple[float, ...]


class Complement:
    r"""Coordinates on W⊥ by the block reflector H = I - Y(½YᵀY)⁻¹Yᵀ, HBᵀ = -EU: its last d - l rows span W⊥.

    B is the (l, d) frame of W, E the first l unit vectors, U the polar factor of B's first l columns, Y = Bᵀ + EU.
    A (d, d) matrix is compressed in O(d² l) operations rather than by two products of full matrices.

    Parameters
    ----------
    frame : (l, d) frame of W, l < d.

    Examples
    --------
    >>> import numpy as np
    >>> Complement(np.array([[0.6, 0.8]])).compress(np.diag([1.0, 2.0])).round(12)
    array([[1.36]])

    Source: Schreiber and Parlett (1988).
    """

    def __init__(self, frame: Array) -> None:
        self.rank, self.dimension = frame.shape
        left, _, right = np.linalg.svd(frame[:, : self.rank].T)
        self._y = frame.T.copy()
        self._y[: self.rank] += left @ right
        self._yk = self._y @ np.linalg.inv(0.5 * self._y.T @ self._y)

    def compress(self, matrix: Array) -> Array:
        """The symmetric matrix seen on W⊥, (d - l, d - l)."""
        if self.rank == 0:
            return matrix
        image = matrix @ self._yk
        image -= 0.5 * self._y @ (self._yk.T @ image)
        outer = self._y[self.rank :] @ image[self.rank :].T
        return np.asarray(matrix[self.rank :, self.rank :] - outer - outer.T)

    def embed(self, rows: Array) -> Array:
        """Rows (m, d - l) of coordinates on W⊥ as rows (m, d) of R^d."""
        padded = np.zeros((len(rows), self.dimension))
        padded[:, self.rank :] = rows
        return np.asarray(padded - (padded @ self._y) @ self._yk.T)


def _is_quiet(matrix: Array, lower: float, upper: float) -> bool:
    """Whether all eigenvalues lie between two numbers, by two Cholesky factorisations."""
    from scipy.linalg.lapack import dpotrf

    identity = np.eye(len(matrix))
    return all(dpotrf(definite, lower=1)[1] == 0 for definite in (upper * identity - matrix, matrix - lower * identity))


def _extremes(matrix: Array) -> Array:
    """The eigenvalues, or of a large matrix the least and the largest, to 1e-4: enough for choosing a filter."""
    from scipy.sparse.linalg import eigsh

    if len(matrix) <= _SMALL:
        return np.asarray(np.linalg.eigvalsh(matrix))
    start = own_stream(0, "power iteration").standard_normal(len(matrix))
    return np.sort(eigsh(matrix, k=2, which="BE", v0=start, tol=1e-4, ncv=24, return_eigenvectors=False))


def moment_findings(totals: BinnedMoments, filters: Sequence[Filter], frame: Array, level: float) -> list[Finding]:
    r"""Every filter's spectrum on W⊥ against L12 at the share ``level`` / (number of filters).

    In more than 400 dimensions a filter whose eigenvalues all lie inside the noise (two Cholesky factorisations tell)
    is passed over; where all do, the last one stands for them.

    Parameters
    ----------
    totals : sums over the samples. filters : from `FilterPlan.filters`, none empty. frame : (l, d) frame of W, l < d.
    level : δ of the pass, for all filters together.

    Source: Davidson and Szarek (2001); THEORY L12.
    """
    complement, findings = Complement(frame), list[Finding]()
    dimension, count = complement.dimension - complement.rank, len(filters)
    for position, used in enumerate(filters):
        moment = totals.moment(used[0], used[3])
        n, p = moment.n_selected, moment.probability
        matrix = complement.compress(moment.matrix)
        passed_over = dimension > _SMALL and _is_quiet(matrix, *noise_edges(n, p, dimension))
        if passed_over and (findings or position < count - 1):
            continue
        lower, upper = stopping_thresholds(n, p, dimension, level / count)
        values = _extremes(matrix)
        sizes = (dimension, dimension, count, level)
        findings.append(Finding(used, n, moment.n_samples, values, lower, upper, *sizes))
    return findings


def moment_directions(totals: BinnedMoments, finding: Finding, frame: Array) -> Directions:
    r"""Eigenvectors that L12 rejects for one filter, each with its certificate.

    Source: THEORY L13, L14.
    """
    complement = Complement(frame)
    matrix = complement.compress(totals.moment(finding.filter[0], finding.filter[3]).matrix)
    values, vectors = np.linalg.eigh(matrix)
    spectrum = Finding(**{**vars(finding), "values": values})
    chosen = np.flatnonzero(spectrum.significant)
    chosen = chosen[np.argsort(-np.abs(values[chosen]), kind="stable")]
    sizes = (float(values[-1]), finding.n_samples, finding.probability, finding.codimension, finding.level)
    leakage = tuple(leakage_bound(float(value), *sizes) for value in values[chosen])
    return Directions(complement.embed(vectors.T[chosen]), values[chosen], leakage, _sines(finding, values[chosen]))


def _sines(finding: Finding, values: Array) -> tuple[float, ...]:
    """L14's estimates. Ritz values are too small by about cos², and a sum of two independent estimates is s/(2 - s)."""
    n, p = finding.n_selected, finding.probability
    gamma, sines = finding.codimension / n, []
    for value in values:
        ratio = population_ratio(float(value), n, p, finding.looked_at)
        sine = squared_sine(ratio, gamma)
        if finding.looked_at < finding.codimension and sine < 1.0:
            sine = squared_sine(max(ratio / (1.0 - sine), -1.0), gamma)
            sine /= 2.0 - sine
        sines.append(sine)
    return tuple(sines)


def _outside(columns: Array, frame: Array) -> Array:
    """The columns less their parts in W, projected twice for accuracy."""
    columns = columns - frame.T @ (frame @ columns)
    return np.asarray(columns - frame.T @ (frame @ columns))


def first_block(frame: Array, size: int, rng: np.random.Generator) -> Array:
    r"""Orthonormal columns, uniformly random in W⊥: (d, min(size, d - l)).

    Source: Halko, Martinsson and Tropp (2011), section 4.
    """
    rank, dimension = frame.shape
    draws = rng.standard_normal((dimension, min(size, dimension - rank)))
    return np.asarray(np.linalg.qr(_outside(draws, frame))[0])


def next_block(products: BinnedProducts, filters: Sequence[Filter], frame: Array) -> Array:
    r"""Leading left singular vectors of all M̂_f Q / √p̂_f side by side: one step of subspace iteration for all filters.

    Division by √p̂_f makes the noise of all filters equal; a direction counts by λ/√p, the ratio of L14.

    Returns
    -------
    (d, q) orthonormal columns in W⊥, as many as Q has.

    Source: Halko, Martinsson and Tropp (2011), section 4; THEORY L14.
    """
    size = products.block.shape[1]
    images = []
    for labelling, _, _, bins in filters:
        image, count = products.product(labelling, bins)
        images.append(image / math.sqrt(count / products.n_samples))
    beside = _outside(np.hstack(images), frame)
    _, coefficients = np.linalg.eigh(beside.T @ beside)
    return np.asarray(np.linalg.qr(_outside(beside @ coefficients[:, ::-1][:, :size], frame))[0])


def block_findings(products: BinnedProducts, filters: Sequence[Filter], frame: Array, level: float) -> list[Finding]:
    r"""Every filter's Ritz values on span(Q) against L12 there, at the share ``level`` / (number of filters).

    Q has to be independent of the samples in ``products``; then H0: V ⊆ W makes QᵀM̂Q a filtered moment in q
    dimensions, and L12 holds with q in place of d - l. Rejecting is as valid as for the whole spectrum; not rejecting
    says nothing about directions outside span(Q).

    Source: Davidson and Szarek (2001); THEORY L12.
    """
    sizes = (products.block.shape[1], frame.shape[1] - len(frame), len(filters), level)
    findings = []
    for used in filters:
        image, count = products.product(used[0], used[3])
        values = np.asarray(np.linalg.eigvalsh(products.block.T @ image), dtype=np.float64)
        lower, upper = stopping_thresholds(count, count / products.n_samples, sizes[0], level / len(filters))
        findings.append(Finding(used, count, products.n_samples, values, lower, upper, *sizes))
    return findings


def block_directions(products: BinnedProducts, finding: Finding, frame: Array) -> Directions:
    r"""v + v' for every Ritz vector v that L12 rejects, v' = ±M̂v/‖M̂v‖: the block and the last sweep in equal parts.

    Their noises are nearly independent, hence sin² of the sum is about half that of one of them.

    Source: THEORY L13, L14.
    """
    product, _ = products.product(finding.filter[0], finding.filter[3])
    values, vectors = np.linalg.eigh(products.block.T @ product)
    chosen = np.flatnonzero(finding.significant)
    chosen = chosen[np.argsort(-np.abs(values[chosen]), kind="stable")]
    values, ritz = values[chosen], (products.block @ vectors[:, chosen]).T
    images = _outside(product @ vectors[:, chosen], frame).T
    norms = np.linalg.norm(images, axis=1)
    rows = ritz + np.sign(values)[:, None] * images / norms[:, None]
    sizes = (finding.n_samples, finding.probability, finding.codimension, finding.level)
    misses = np.linalg.norm(images - values[:, None] * ritz, axis=1)
    leakage = []
    for value, norm, miss in zip(values.tolist(), norms.tolist(), misses.tolist(), strict=True):
        bound = leakage_bound(value, value, *sizes, residual=miss)
        leakage.append(leakage_after_step(bound, value, norm, *sizes))
    return Directions(rows / np.linalg.norm(rows, axis=1)[:, None], values, tuple(leakage), _sines(finding, values))
