"""Candidate functions F̃ on a subspace W: regressions of y on Π_W x. THEORY section 2, L9 (c)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Candidate", "fit_candidate", "fit_candidates"]

Array = NDArray[np.float64]

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
    function: Callable[[Array], Array]

    def __call__(self, Z: Array) -> Array:
        return self.function(Z)


def _zero(Z: Array, y: Array) -> Callable[[Array], Array]:
    return lambda points: np.zeros(len(points))


def _mean(Z: Array, y: Array) -> Callable[[Array], Array]:
    mean = float(y.mean())
    return lambda points: np.full(len(points), mean)


def _linear(Z: Array, y: Array) -> Callable[[Array], Array]:
    design = np.column_stack([Z, np.ones(len(Z))])
    coefficients = np.linalg.lstsq(design, y, rcond=None)[0]
    return lambda points: points @ coefficients[:-1] + coefficients[-1]


def _neighbours(Z: Array, y: Array) -> Callable[[Array], Array]:
    from scipy.spatial import cKDTree

    used = slice(None, None, -(-len(Z) // _TREE[Z.shape[1] > 4]))
    centres, labels = Z[used], y[used]
    tree = cKDTree(centres)
    count = int(min(len(centres), min(20, max(5, round(len(centres) ** 0.4)))))

    def mean_of_neighbours(points: Array) -> Array:
        nearest = tree.query(points, k=count)[1].reshape(len(points), count)
        return labels[nearest].mean(axis=1)

    return mean_of_neighbours


_FITS: dict[str, Callable[[Array, Array], Callable[[Array], Array]]] = {
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
