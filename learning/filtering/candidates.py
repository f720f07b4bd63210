"""Candidate functions F̃ on a subspace W: regressions of y on Π_W x. THEORY section 2, L9 (c)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Candidate", "fit_candidate", "fit_candidates", "local_planes"]

Array = NDArray[np.float64]
Function = Callable[[Array], Array]

_TREE = (20_000, 4_000)  # most samples kept as neighbours, up to four dimensions and beyond: search trees degrade


@dataclass(frozen=True)
class Candidate:
    r"""A function F̃ on W ≅ R^l, given in the coordinates z of a frame of W.

    Attributes
    ----------
    name : "zero", "mean", "linear", "neighbours" or "planes".
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


def _plane_values(tree: Any, labels: Array, count: int, points: Array) -> Array:
    nearest = tree.query(points, k=count)[1].reshape(len(points), count)
    steps = np.asarray(tree.data)[nearest] - points[:, None, :]
    return local_planes(steps, labels[nearest])[0]


def local_planes(steps: Array, labels: Array, *, ridge: float = 1e-6) -> tuple[Array, Array, Array]:
    r"""Least-squares planes through neighbours: value at the centre, gradient, and the weights that give the value.

    Parameters
    ----------
    steps : (n, m, l) neighbours z_j - z. labels : (n, m). ridge : relative to the neighbours' spread, for neighbours
        that leave a plane open.

    Returns
    -------
    (values (n,), gradients (n, l), weights (n, m)): value = Σ_j w_j y_j with Σ w_j = 1 and Σ w_j (z_j - z) = 0.

    Examples
    --------
    >>> import numpy as np
    >>> local_planes(np.array([[[-1.0], [1.0], [2.0]]]), np.array([[0.0, 2.0, 3.0]]))[0].round(4)
    array([1.])
    """
    design = np.concatenate([np.ones((*steps.shape[:2], 1)), steps], axis=2)
    gram = design.transpose(0, 2, 1) @ design
    size = steps.shape[2] + 1
    spread = np.trace(gram[:, 1:, 1:], axis1=1, axis2=2) / max(size - 1, 1)
    gram[:, np.arange(1, size), np.arange(1, size)] += (ridge * spread + 1e-300)[:, None]
    functionals = np.linalg.solve(gram, design.transpose(0, 2, 1))
    solution = np.einsum("nlm,nm->nl", functionals, labels)
    return solution[:, 0], solution[:, 1:], functionals[:, 0]


def _zero(Z: Array, y: Array) -> Function:
    return partial(_constant_values, 0.0)


def _mean(Z: Array, y: Array) -> Function:
    return partial(_constant_values, float(y.mean()))


def _linear(Z: Array, y: Array) -> Function:
    design = np.column_stack([Z, np.ones(len(Z))])
    return partial(_linear_values, np.asarray(np.linalg.lstsq(design, y, rcond=None)[0], dtype=np.float64))


def _tree(Z: Array, y: Array) -> tuple[Any, Array]:
    from scipy.spatial import cKDTree

    used = slice(None, None, -(-len(Z) // _TREE[Z.shape[1] > 4]))
    return cKDTree(Z[used]), y[used]


def _neighbours(Z: Array, y: Array) -> Function:
    tree, labels = _tree(Z, y)
    count = int(min(len(labels), min(20, max(5, round(len(labels) ** 0.4)))))
    return partial(_neighbour_values, tree, labels, count)


def _planes(Z: Array, y: Array) -> Function:
    tree, labels = _tree(Z, y)
    return partial(_plane_values, tree, labels, int(min(len(labels), 4 * (Z.shape[1] + 1))))


_FITS: dict[str, Callable[[Array, Array], Function]] = {
    "zero": _zero,
    "mean": _mean,
    "linear": _linear,
    "neighbours": _neighbours,
    "planes": _planes,
}


def fit_candidate(name: str, Z: Array, y: Array) -> Candidate:
    r"""Fit one regression of y on z = Π_W x.

    ``zero`` is F̃ = 0, ``mean`` the constant ȳ, ``linear`` least squares with intercept, ``neighbours`` the mean of y
    over the nearest n^0.4 (5 to 20) of some thousand samples, an estimate of E[y | Π_W x], and ``planes`` the local
    linear fit to the nearest 4 (l + 1).

    Parameters
    ----------
    name : one of the five names. Z : (n, l) coordinates, n ≥ 1 (l ≥ 1 for the last two). y : (n,) labels.

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
