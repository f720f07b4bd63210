"""Candidate functions F̃ on a subspace W: regressions of y on Π_W x. THEORY section 2, L9 (c)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Candidate", "best_regression", "fit_candidate", "fit_candidates"]

Array = NDArray[np.float64]
Function = Callable[[Array], Array]

_TREE = (20_000, 4_000)  # most samples kept as neighbours, up to four dimensions and beyond: search trees degrade


@dataclass(frozen=True)
class Candidate:
    r"""A function F̃ on W ≅ R^l, given in the coordinates z of a frame of W.

    Attributes
    ----------
    name : "zero", "mean", "linear" or "neighbours".
    function : (n, l) -> (n,).

    Source: Chen, Klivans and Meka (2021); THEORY section 2, L9 (c).
    """

    name: str
    function: Function

    def __call__(self, Z: Array) -> Array:
        return self.function(Z)


def _constant_values(value: float, points: Array) -> Array:
    return np.full(len(points), value)


def _linear_values(coefficients: Array, points: Array) -> Array:
    return np.asarray(points @ coefficients[:-1] + coefficients[-1])


def _neighbour_values(tree: Any, labels: Array, count: int, points: Array) -> Array:
    nearest = tree.query(points, k=count)[1].reshape(len(points), count)
    return np.asarray(labels[nearest].mean(axis=1))


def _zero(Z: Array, y: Array) -> Function:
    return partial(_constant_values, 0.0)


def _mean(Z: Array, y: Array) -> Function:
    return partial(_constant_values, float(y.mean()))


def _linear(Z: Array, y: Array) -> Function:
    design = np.column_stack([Z, np.ones(len(Z))])
    return partial(_linear_values, np.asarray(np.linalg.lstsq(design, y, rcond=None)[0], dtype=np.float64))


def _neighbours(Z: Array, y: Array) -> Function:
    from scipy.spatial import cKDTree

    used = slice(None, None, -(-len(Z) // _TREE[Z.shape[1] > 4]))
    centres, labels = Z[used], y[used]
    count = int(min(len(centres), min(20, max(5, round(len(centres) ** 0.4)))))
    return partial(_neighbour_values, cKDTree(centres), labels, count)


_FITS: dict[str, Callable[[Array, Array], Function]] = {
    "zero": _zero,
    "mean": _mean,
    "linear": _linear,
    "neighbours": _neighbours,
}


def fit_candidate(name: str, Z: Array, y: Array) -> Candidate:
    r"""Fit one regression of y on z = Π_W x.

    ``zero`` is F̃ = 0, ``mean`` the constant ȳ, ``linear`` least squares with intercept and ``neighbours`` the mean of y
    over the nearest n^0.4 (5 to 20) of some thousand samples, an estimate of E[y | Π_W x].

    Parameters
    ----------
    name : one of the four names. Z : (n, l) coordinates, n ≥ 1 (l ≥ 1 for "neighbours"). y : (n,) labels.

    Raises
    ------
    ValueError : an unknown name, or no samples.

    Examples
    --------
    >>> import numpy as np
    >>> fit_candidate("linear", np.array([[0.0], [1.0]]), np.array([1.0, 3.0]))(np.array([[2.0]])).round(12)
    array([5.])
    """
    if name not in _FITS:
        raise ValueError(f"candidate must be one of {', '.join(_FITS)}; got {name!r}")
    if len(Z) == 0:
        raise ValueError("a regression needs at least one sample; got 0")
    return Candidate(name, _FITS[name](Z, y))


def fit_candidates(Z: Array, y: Array) -> list[Candidate]:
    r"""The candidates tried in one pass: zero and the mean on W = {0}, else linear and neighbours.

    Examples
    --------
    >>> import numpy as np
    >>> [c.name for c in fit_candidates(np.zeros((3, 0)), np.arange(3.0))]
    ['zero', 'mean']

    Source: THEORY section 2, practical candidates.
    """
    names = ("linear", "neighbours") if Z.shape[1] else ("zero", "mean")
    return [fit_candidate(name, Z, y) for name in names]


def best_regression(X: Array, y: Array, frames: Sequence[Array]) -> tuple[Candidate, int]:
    r"""The regression that predicts a held-out fifth of the samples best, refitted on all: a function of x ∈ R^d.

    Tried are least squares on R^d and, on the subspace of every frame, the nearest neighbours.

    Parameters
    ----------
    X : (n, d), n ≥ 1. y : (n,). frames : (l, d) frames, l ≥ 0.

    Returns
    -------
    (candidate, index of its frame, -1 for least squares on R^d). Fewer than five samples give their mean.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).standard_normal((500, 3))
    >>> best_regression(X, np.abs(X[:, 0]), [np.eye(3)[:1], np.eye(3)[:2]])[1]
    0
    """
    held = np.arange(len(X)) % 5 == 4
    if not held.any():
        return _on_subspace("mean", X, y, np.zeros((0, X.shape[1]))), -1
    choices = [("linear", np.eye(X.shape[1]), -1)]
    choices += [("neighbours", frame, i) for i, frame in enumerate(frames) if len(frame)]
    losses = [
        float(np.mean((_on_subspace(name, X[~held], y[~held], frame)(X[held]) - y[held]) ** 2))
        for name, frame, _ in choices
    ]
    name, frame, index = choices[int(np.argmin(losses))]
    return _on_subspace(name, X, y, frame), index


def _on_subspace(name: str, X: Array, y: Array, frame: Array) -> Candidate:
    return Candidate(name, partial(_at_coordinates, fit_candidate(name, X @ frame.T, y), frame))


def _at_coordinates(fitted: Candidate, frame: Array, X: Array) -> Array:
    return fitted(X @ frame.T)
