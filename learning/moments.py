"""Filtered second moments of Gaussian samples. THEORY section 2: Chen, Klivans and Meka (2021)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FilteredMoment", "filtered_second_moments"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FilteredMoment:
    r"""M̂ = (1/N) Σ_{i ∈ E} (x_i x_iᵀ - I) with its sample sizes.

    Attributes
    ----------
    matrix : (d, d) array, symmetric.
    n_selected, n_samples : n = |E| and N; p̂ = n / N is ``probability``.

    Source: Chen, Klivans and Meka (2021); THEORY section 2.
    """

    matrix: Array
    n_selected: int
    n_samples: int

    @property
    def probability(self) -> float:
        """p̂ = n / N, the empirical probability of the filter."""
        return self.n_selected / self.n_samples if self.n_samples else 0.0

    def compressed(self, frame: Array) -> Array:
        """Q M̂ Qᵀ for a frame Q of a subspace: the moment seen on that subspace, (q, q) for a (q, d) frame."""
        return frame @ self.matrix @ frame.T


def filtered_second_moments(X: Array, masks: Sequence[NDArray[np.bool_]], *, block: int = 8192) -> list[FilteredMoment]:
    r"""For every filter E: M̂ = (1/N) Σ_{i ∈ E} (x_i x_iᵀ - I).

    One sweep over the samples in blocks of fixed size and order: memory O(block · d) beside the input, and the same
    floating-point sum on every run.

    Parameters
    ----------
    X : (N, d) samples. masks : one (N,) boolean array per filter. block : samples per block, positive.

    Raises
    ------
    ValueError : a mask whose shape is not (N,), or a block size below one.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[2.0, 0.0], [0.0, 1.0]])
    >>> filtered_second_moments(X, [np.array([True, False])])[0].matrix
    array([[ 1.5,  0. ],
           [ 0. , -0.5]])

    Source: Chen, Klivans and Meka (2021); THEORY section 2.
    """
    n_samples, dimension = X.shape
    if block < 1:
        raise ValueError(f"block must be at least 1; got {block}")
    for mask in masks:
        if mask.shape != (n_samples,):
            raise ValueError(f"a filter must have shape ({n_samples},); got {mask.shape}")
    sums = [np.zeros((dimension, dimension)) for _ in masks]
    for start in range(0, n_samples, block):
        rows = X[start : start + block]
        for total, mask in zip(sums, masks, strict=True):
            chosen = rows[mask[start : start + block]]
            total += chosen.T @ chosen
    moments = []
    for total, mask in zip(sums, masks, strict=True):
        count = int(mask.sum())
        total[np.diag_indices(dimension)] -= count
        moments.append(FilteredMoment(total / max(n_samples, 1), count, n_samples))
    return moments
