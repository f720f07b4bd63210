"""Bands of the residual y - F̃(Π_W x): the filters of one pass. THEORY sections 2 and 6."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.filtering.candidates import Candidate, fit_candidates

__all__ = ["ALL", "BINS", "FilterPlan", "ResidualBins", "plan_filters", "residual_bands"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Labels = NDArray[np.int8]

_CUTS = (0.3, 0.6, 0.8, 0.9, 0.95)
_SIZES = len(_CUTS) + 1
_ATOM = 2 * _SIZES
BINS = _ATOM + 1
"""Bins of a residual r: |r| between its quantiles at 30, 60, 80, 90 and 95 %, for either sign, and the atom at 0."""
ALL = ("all", tuple(range(BINS)))
"""The filter that takes every sample, for samples that have been filtered before."""

_POSITIVE, _NEGATIVE = range(_SIZES), range(_SIZES, _ATOM)
_TWO_SIDED = (
    ("top 10% of |r|", (4, 5)),
    ("top 5% of |r|", (5,)),
    ("top 20% of |r|", (3, 4, 5)),
    ("top 40% of |r|", (2, 3, 4, 5)),
    ("30-60% of |r|", (1,)),
    ("least 30% of |r|", (0,)),
)
_ONE_SIDED = ("top 10% of |r|", "top 40% of |r|", "30-60% of |r|", "least 30% of |r|")


def _unions() -> Iterator[tuple[str, tuple[int, ...]]]:
    """Every band as a union of bins."""
    for name, sizes in _TWO_SIDED:
        yield name, (*(_POSITIVE[i] for i in sizes), *(_NEGATIVE[i] for i in sizes))
    for name, sizes in _TWO_SIDED:
        if name in _ONE_SIDED:
            yield f"{name}, r > 0", tuple(_POSITIVE[i] for i in sizes)
            yield f"{name}, r < 0", tuple(_NEGATIVE[i] for i in sizes)
    yield "r != 0", (*_POSITIVE, *_NEGATIVE)


_BANDS = tuple(_unions())


@dataclass(frozen=True)
class ResidualBins:
    r"""Partition of the values of a residual r by sign and by the quantiles of |r|, with an atom at 0.

    Attributes
    ----------
    atom : |r| up to which r counts as 0. cuts : increasing quantiles of |r| beside the atom.

    Source: THEORY section 2 (practical τ).
    """

    atom: float
    cuts: tuple[float, ...]

    @classmethod
    def of(cls, residual: Array, *, negligible: float = 1e-12) -> ResidualBins:
        """Bins by the quantiles of a sample of residuals; see `residual_bands` for ``negligible``."""
        size = np.abs(residual)
        atom = negligible * float(size.max(initial=0.0))
        live = size[size > atom]
        cuts = np.quantile(live, _CUTS) if len(live) else np.zeros(len(_CUTS))
        return cls(atom, tuple(map(float, cuts)))

    def labels(self, residual: Array) -> Labels:
        """The bin of every residual, as (N,) integers below `BINS`."""
        size = np.abs(residual)
        bins = np.searchsorted(self.cuts, size, side="left") + _SIZES * (residual < 0.0)
        return np.where(size > self.atom, bins, _ATOM).astype(np.int8)


def distinct_bands(counts: NDArray[np.int64]) -> list[tuple[str, tuple[int, ...]]]:
    """The bands that are neither empty nor equal to an earlier one nor, for r != 0, everything, by counts per bin."""
    bands, seen = [], set()
    for name, union in _BANDS:
        bins = tuple(i for i in union if counts[i])
        if bins and bins not in seen and (name != "r != 0" or counts[_ATOM]):
            seen.add(bins)
            bands.append((name, bins))
    return bands


def residual_bands(residual: Array, *, negligible: float = 1e-12) -> list[tuple[str, Mask]]:
    r"""Filters {τ₁ < |r| ≤ τ₂} by quantiles of the size of the residual r, for both signs together and each alone.

    The top 10 % of |r| is near the optimum of L14 on homogeneous instances; the slices serve functions with biases,
    whose bumps never exceed a large τ; the one-sided bands serve functions that are odd.

    Parameters
    ----------
    residual : (N,) array. negligible : |r| up to this fraction of its maximum counts as the atom at zero that exactly
        known pieces leave; quantiles are taken beside it.

    Returns
    -------
    list of (name, mask); empty if the residual vanishes. Equal masks appear once.

    Examples
    --------
    >>> import numpy as np
    >>> bands = dict(residual_bands(np.arange(-10.0, 11.0)))
    >>> int(bands["top 10% of |r|"].sum()), int(bands["top 10% of |r|, r < 0"].sum())
    (2, 1)

    Source: THEORY section 2 (practical τ) and section 6.
    """
    labels = ResidualBins.of(residual, negligible=negligible).labels(residual)
    counts = np.bincount(labels, minlength=BINS)
    return [(name, np.isin(labels, bins)) for name, bins in distinct_bands(counts)]


@dataclass(frozen=True)
class FilterPlan:
    r"""What one pass filters by: candidates F̃ on W, and for each the bins of its residual. A function of (y, Π_W x).

    Attributes
    ----------
    frame : (l, d) frame of W. candidates, bins : of equal length. filtered : whether the samples were filtered before
        and are a filter of their own.

    Source: THEORY section 2.
    """

    frame: Array
    candidates: tuple[Candidate, ...]
    bins: tuple[ResidualBins, ...]
    filtered: bool = False

    def labels(self, X: Array, y: Array) -> Labels:
        """Bins of the samples for every candidate, (c, N); -1 where no filter of that candidate has the sample."""
        coordinates = X @ self.frame.T
        return self.labels_of([y - candidate(coordinates) for candidate in self.candidates])

    def labels_of(self, residuals: Sequence[Array]) -> Labels:
        """`labels`, given the residual of every candidate."""
        table = np.array([bins.labels(residual) for bins, residual in zip(self.bins, residuals, strict=True)])
        unused = table == _ATOM
        if self.filtered:
            unused[0] = False
        table[unused] = -1
        return table

    def filters(self, counts: NDArray[np.int64], n_samples: int) -> list[tuple[int, str, str, tuple[int, ...]]]:
        """The filters to test, given the (c, BINS) counts: (index of the candidate, its name, band, bins)."""
        counts = counts.copy()
        counts[:, _ATOM] = n_samples - counts[:, :_ATOM].sum(axis=1)
        found = [
            (i, candidate.name, band, bins)
            for i, candidate in enumerate(self.candidates)
            for band, bins in distinct_bands(counts[i])
        ]
        if self.filtered:
            found.append((0, "none", ALL[0], ALL[1]))
        return found


def plan_filters(X: Array, y: Array, frame: Array, *, filtered: bool = False) -> tuple[FilterPlan, Labels]:
    r"""Fit the candidates on W and the quantiles of their residuals to a sample; also return its labels.

    The plan depends on (y, Π_W x) only, which L12 allows even where the sample is tested by it afterwards.

    Parameters
    ----------
    X, y : (N, d) and (N,), N ≥ 1. frame : (l, d) frame of W. filtered : see `FilterPlan`.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.arange(10.0)[:, None]
    >>> plan, labels = plan_filters(X, X[:, 0], np.zeros((0, 1)))
    >>> [candidate.name for candidate in plan.candidates], labels.shape
    (['zero', 'mean'], (2, 10))

    Source: THEORY section 2, L12.
    """
    coordinates = X @ frame.T
    candidates = tuple(fit_candidates(coordinates, y))
    residuals = [y - candidate(coordinates) for candidate in candidates]
    plan = FilterPlan(frame, candidates, tuple(map(ResidualBins.of, residuals)), filtered)
    return plan, plan.labels_of(residuals)
