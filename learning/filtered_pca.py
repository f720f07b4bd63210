"""Filtered PCA: the relevant subspace from Gaussian samples. THEORY section 2, L7-L15."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, check_X_y, validate_data

from learning.candidates import fit_candidates
from learning.moments import FilteredMoment, filtered_second_moments
from learning.subspace import complement_frame, extend_frame

__all__ = ["BATCH", "FilteredPCA", "PassRecord", "filtered_pass", "residual_bands", "stopping_thresholds"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
BATCH = tuple[Array, Array]


@dataclass(frozen=True)
class PassRecord:
    r"""One pass of filtered PCA, described by its most telling filter.

    Attributes
    ----------
    index : number of the pass, from 0. dimension : dim W before the pass. n_samples, n_selected : N and n.
    candidate, band : the regression F̃ and the residual band that were chosen.
    probability : p̂. eigenvalue : the extreme eigenvalue λ̂ of M̂ on W⊥. threshold : what L12 asked it to pass.
    rejected : whether V ⊆ W was rejected. appended : number of eigenvectors appended.
    leakage : L13's bound for ‖Π_{(V+W)⊥} v̂‖ with m = ``appended``; ``inf`` where nothing was appended.

    Source: Chen, Klivans and Meka (2021); THEORY L12, L13.
    """

    index: int
    dimension: int
    n_samples: int
    n_selected: int
    candidate: str
    band: str
    probability: float
    eigenvalue: float
    threshold: float
    rejected: bool
    appended: int
    leakage: float


@dataclass(frozen=True)
class _Finding:
    """The spectrum of one filter on W⊥ against L12's thresholds."""

    candidate: str
    band: str
    moment: FilteredMoment
    values: Array
    vectors: Array
    lower: float
    upper: float
    deviation: float

    @property
    def significant(self) -> Mask:
        """Which eigenvalues L12 rejects."""
        slack = 1e-9 * self.moment.probability  # -p̂ is attained wherever n < d - l, up to rounding
        return (self.values > self.upper) | (self.values < self.lower - slack)

    @property
    def excess(self) -> float:
        """Largest eigenvalue relative to its threshold; above 1 exactly if L12 rejects (signs of thresholds differ)."""
        if not len(self.values) or not self.moment.n_selected:
            return 0.0
        return float(max(self.values[-1] / self.upper, self.values[0] / self.lower if self.lower else 0.0))

    @property
    def strength(self) -> float:
        """λ̂² / p̂, inverse to the sample size that L14 asks for."""
        kept = self.values[self.significant]
        return float((kept**2).max(initial=0.0) / max(self.moment.probability, 1e-300))


def stopping_thresholds(n_selected: int, probability: float, codimension: int, level: float) -> tuple[float, float]:
    r"""L12's thresholds: p̂[((1 - s)₊)² - 1] and p̂[(1 + s)² - 1], where s = √((d-l)/n) + √(2 ln(2/δ)/n).

    Under V ⊆ W, and W independent of the batch, all eigenvalues of M̂ on W⊥ lie between them with probability ≥ 1 - δ.

    Parameters
    ----------
    n_selected : n ≥ 1. probability : p̂. codimension : d - l ≥ 1. level : δ in (0, 1).

    Examples
    --------
    >>> lower, upper = stopping_thresholds(100, 0.5, 4, 0.05)
    >>> round(lower, 3), round(upper, 3)
    (-0.36, 0.583)

    Source: Davidson and Szarek (2001); THEORY L12.
    """
    spread = math.sqrt(codimension / n_selected) + math.sqrt(2.0 * math.log(2.0 / level) / n_selected)
    return probability * (max(1.0 - spread, 0.0) ** 2 - 1.0), probability * ((1.0 + spread) ** 2 - 1.0)


def residual_bands(residual: Array, *, negligible: float = 1e-12) -> list[tuple[str, Mask]]:
    r"""Filters {τ₁ < |r| ≤ τ₂} and tails {r > τ}, {r < τ} by quantiles of the residual r.

    The top 10 % of |r| is near the optimum of L14 on homogeneous instances; the slices serve functions with biases,
    whose bumps never exceed a large τ; the one-sided tails serve functions that are odd.

    Parameters
    ----------
    residual : (N,) array. negligible : |r| up to this fraction of its maximum counts as the atom at zero that exactly
        known pieces leave; quantiles are taken beside it.

    Returns
    -------
    list of (name, mask); empty if the residual vanishes.

    Examples
    --------
    >>> import numpy as np
    >>> bands = dict(residual_bands(np.arange(-10.0, 11.0)))
    >>> int(bands["top 10% of |r|"].sum())
    2

    Source: THEORY section 2 (practical τ) and section 6.
    """
    size = np.abs(residual)
    live = size > negligible * float(size.max(initial=0.0))
    if not live.any():
        return []
    cuts = np.quantile(size[live], (0.3, 0.6, 0.9))
    low, high = np.quantile(residual[live], (0.1, 0.9))
    bands = [
        ("top 10% of |r|", live & (size > cuts[2])),
        ("top 40% of |r|", live & (size > cuts[1])),
        ("30-60% of |r|", live & (size > cuts[0]) & (size <= cuts[1])),
        ("least 30% of |r|", live & (size <= cuts[0])),
        ("top 10% of r", live & (residual > high)),
        ("least 10% of r", live & (residual < low)),
    ]
    if not live.all():
        bands.append(("r != 0", live))
    return bands


def _spectra(X: Array, filters: list[tuple[str, str, Mask]], frame: Array, level: float) -> Iterator[_Finding]:
    """Eigenvalues on W⊥ of every filter, with thresholds at the split level."""
    outside = complement_frame(frame)
    moments = filtered_second_moments(X, [mask for _, _, mask in filters])
    for (candidate, band, _), moment in zip(filters, moments, strict=True):
        if moment.n_selected == 0 or len(outside) == 0:
            continue
        values, vectors = np.linalg.eigh(moment.compressed(outside))
        share = level / len(filters)
        lower, upper = stopping_thresholds(moment.n_selected, moment.probability, len(outside), share)
        deviation = math.sqrt(2.0 * math.log(2.0 / share))
        yield _Finding(candidate, band, moment, values, vectors.T @ outside, lower, upper, deviation)


def _leakage(finding: _Finding, appended: int) -> float:
    """L13: √(p̂+λ̂)(√(d-l)+√m+t) / (√N (|μ̂| - thr)) for the strongest eigenvalue."""
    moment, top = finding.moment, float(finding.values[-1])
    margin = top - finding.upper
    if appended == 0 or margin <= 0.0:
        return math.inf
    spread = math.sqrt(len(finding.values)) + math.sqrt(appended) + finding.deviation
    return math.sqrt(moment.probability + top) * spread / (math.sqrt(moment.n_samples) * margin)


def filtered_pass(
    X: Array, y: Array, frame: Array, *, index: int = 0, level: float = 0.01, filtered: bool = False
) -> tuple[Array, PassRecord | None]:
    r"""One pass: test V ⊆ W on a batch and append the significant eigenvectors of the strongest filter.

    The false-positive rate is at most ``level`` if W is independent of the batch (L12): the level is split evenly over
    candidates and bands, both tails of the spectrum are tested.

    Parameters
    ----------
    X, y : batch of shapes (N, d) and (N,). frame : (l, d) frame of W. index : number of the pass, for the record.
    level : δ of this pass. filtered : whether the samples have been filtered already, by a function of Π_V x, and
        are a filter of their own.

    Returns
    -------
    (frame, record) : the extended frame, and the record of the pass; None if no filter could be tested (l = d, no
        samples, or a residual that vanishes).

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).standard_normal((4000, 3))
    >>> frame, record = filtered_pass(X, abs(X[:, 0]), np.zeros((0, 3)))
    >>> bool(abs(frame[0, 0]) > 0.99), record.appended, record.rejected
    (True, 1, True)

    Source: Chen, Klivans and Meka (2021); THEORY L12-L14.
    """
    if len(X) == 0 or len(frame) == X.shape[1]:
        return frame, None
    coordinates = X @ frame.T
    filters = [
        (candidate.name, band, mask)
        for candidate in fit_candidates(coordinates, y)
        for band, mask in residual_bands(y - candidate(coordinates))
    ]
    if filtered:
        filters.append(("none", "all", np.ones(len(X), dtype=bool)))
    findings = list(_spectra(X, filters, frame, level))
    if not findings:
        return frame, None
    best = max(findings, key=lambda finding: (finding.strength, finding.excess))
    significant = best.significant
    order = np.argsort(-np.abs(best.values))
    chosen = [i for i in order if significant[i]]
    upper_tail = not chosen or best.values[chosen[0]] > 0.0
    record = PassRecord(
        index=index,
        dimension=len(frame),
        n_samples=len(X),
        n_selected=best.moment.n_selected,
        candidate=best.candidate,
        band=best.band,
        probability=best.moment.probability,
        eigenvalue=float(best.values[chosen[0]] if chosen else best.values[-1]),
        threshold=best.upper if upper_tail else best.lower,
        rejected=bool(chosen),
        appended=len(chosen),
        leakage=_leakage(best, len(chosen)) if upper_tail else math.inf,
    )
    return extend_frame(frame, best.vectors[chosen]), record


class FilteredPCA(TransformerMixin, BaseEstimator):
    r"""Relevant subspace V of y = F(x), x ~ N(0, I_d): eigenvectors of E[1_E Π_{W⊥}(xxᵀ - I)Π_{W⊥}], pass by pass.

    Parameters
    ----------
    max_passes : most passes, the terminal one included; by L15 k + 1 suffice. ``fit`` splits its sample into as many
        parts, so that W is independent of the batch that tests it.
    level : δ, bound for the probability that a direction outside V is ever appended to a W ⊇ V. Split evenly over
        passes, candidates and bands (L12).
    random_state : seed of the shuffle that splits the sample.

    Attributes
    ----------
    components_ : (k, d) array with orthonormal rows. n_components_ : k. passes_ : list of `PassRecord`.
    converged_ : whether the last pass found nothing more, rather than the passes running out.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).standard_normal((8000, 4))
    >>> pca = FilteredPCA(random_state=0).fit(X, abs(X[:, 0]))
    >>> bool(abs(pca.components_[0, 0]) > 0.99), [record.band for record in pca.passes_][0]
    (True, 'top 10% of |r|')

    Source: Chen, Klivans and Meka (2021); THEORY section 2, L12.
    """

    components_: Array
    n_components_: int
    passes_: list[PassRecord]
    converged_: bool

    def __init__(self, *, max_passes: int = 4, level: float = 0.01, random_state: int | None = 0) -> None:
        self.max_passes = max_passes
        self.level = level
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit on one sample, split at random into ``max_passes`` parts, one a pass.

        Raises
        ------
        ValueError : X or y of the wrong shape, not finite or without samples, or parameters out of range.
        """
        self._check_parameters()
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        order = np.random.default_rng(self.random_state).permutation(len(X))
        return self._run((X[part], y[part]) for part in np.array_split(order, self.max_passes))

    def fit_batches(self, make_batches: Callable[[], Iterable[BATCH]]) -> Self:
        r"""Fit on batches: every pass calls ``make_batches()`` and uses all it yields, drawn afresh by the caller.

        Parameters
        ----------
        make_batches : restartable factory of iterables of (X, y) pairs; each call must draw new samples, else L12's
            level does not hold. A pass holds its samples in memory.

        Raises
        ------
        ValueError : batches of the wrong shape, not finite or empty, or parameters out of range.
        """
        self._check_parameters()
        return self._run(self._gather(make_batches()) for _ in range(self.max_passes))

    def transform(self, X: ArrayLike) -> Array:
        """Coordinates Π_W x in the frame: (n, d) -> (n, k)."""
        check_is_fitted(self)
        return np.asarray(validate_data(self, X, dtype=np.float64, reset=False) @ self.components_.T)

    def _check_parameters(self) -> None:
        if not isinstance(self.max_passes, int | np.integer) or self.max_passes < 1:
            raise ValueError(f"max_passes must be a positive integer; got {self.max_passes!r}")
        if not 0.0 < self.level < 1.0:
            raise ValueError(f"level must lie strictly between 0 and 1; got {self.level!r}")

    def _gather(self, batches: Iterable[BATCH]) -> BATCH:
        parts = [check_X_y(X, y, dtype=np.float64, y_numeric=True) for X, y in batches]
        if not parts:
            raise ValueError("make_batches() yielded no batch")
        if len({X.shape[1] for X, _ in parts}) > 1:
            raise ValueError(f"batches differ in dimension: {sorted({X.shape[1] for X, _ in parts})}")
        self.n_features_in_ = parts[0][0].shape[1]
        return np.vstack([X for X, _ in parts]), np.concatenate([y for _, y in parts])

    def _run(self, batches: Iterable[BATCH]) -> Self:
        frame: Array | None = None
        self.passes_, self.converged_ = [], False
        for index, (X, y) in enumerate(batches):
            frame = np.zeros((0, X.shape[1])) if frame is None else frame
            frame, record = filtered_pass(X, y, frame, index=index, level=self.level / self.max_passes)
            if record is not None:
                self.passes_.append(record)
            if record is None or not record.rejected:
                self.converged_ = True
                break
        self.components_ = np.zeros((0, self.n_features_in_)) if frame is None else frame
        self.n_components_ = len(self.components_)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
