"""The best function on W where no exact one is found: a regression on a subspace, chosen on held-out samples."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from learning.filtering.candidates import Candidate, fit_candidate
from learning.recovery.polish import polished_frame

__all__ = ["best_regression"]

Array = NDArray[np.float64]


def best_regression(X: Array, y: Array, frames: Sequence[Array], *, polish: bool) -> tuple[Candidate, Array | None]:
    r"""The regression that predicts a held-out fifth of the samples best, refitted on all, and its frame.

    Tried are least squares on R^d and, on the subspace of every frame, nearest neighbours and local planes.

    Parameters
    ----------
    X : (n, d), n ≥ 1. y : (n,). frames : (l, d) frames. polish : whether the frames, polished on the other samples, are
        tried too.

    Returns
    -------
    (function of x ∈ R^d, its frame or None for least squares on R^d). Fewer than five samples give their mean.

    Examples
    --------
    >>> X = np.random.default_rng(0).standard_normal((500, 3))
    >>> best_regression(X, np.abs(X[:, 0]), [np.eye(3)[:1], np.eye(3)[:2]], polish=False)[1]
    array([[1., 0., 0.]])
    """
    held = np.arange(len(X)) % 5 == 4
    if not held.any():
        return _on_subspace("mean", X, y, np.zeros((0, X.shape[1]))), None
    train, y_train = X[~held], y[~held]
    frames = [frame for frame in frames if len(frame)]
    if polish:
        frames += [polished_frame(train, y_train, frame) for frame in frames]
    choices = [("linear", np.eye(X.shape[1]))]
    choices += [(name, frame) for frame in frames for name in ("neighbours", "planes")]
    losses = [
        float(np.mean((_on_subspace(name, train, y_train, frame)(X[held]) - y[held]) ** 2)) for name, frame in choices
    ]
    best = int(np.argmin(losses))
    name, frame = choices[best]
    return _on_subspace(name, X, y, frame), frame if best else None


def _on_subspace(name: str, X: Array, y: Array, frame: Array) -> Candidate:
    return Candidate(name, partial(_at_coordinates, fit_candidate(name, X @ frame.T, y), frame))


def _at_coordinates(fitted: Candidate, frame: Array, X: Array) -> Array:
    return fitted(X @ frame.T)
