"""The best function on W where no exact one is found: a polished subspace and a regression, chosen on held-out samples.

Source of the polish: the local-linear estimate of gradients with outer least squares over directions, as in Xia, Tong,
Li and Zhu (2002), written as a Gauss-Newton step. THEORY section 2 ("polish before trusting the dimension").
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from learning.candidates import Candidate, fit_candidate, local_planes
from learning.subspace import orthonormal_frame

__all__ = ["best_regression", "polished_frame"]

Array = NDArray[np.float64]

_MOST = 20_000  # samples that a polish uses at the most
_CENTRES = 5000  # planes of one step of a polish; more where the unknowns ask for it
_STEPS = 8  # steps of a polish
_FEWEST = 12  # neighbours per unknown of a plane in the last step
_NEIGHBOURS = 400  # most neighbours of a plane
_UNKNOWNS = 2000  # largest l · d for which the least squares over directions are solved


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


def polished_frame(X: Array, y: Array, frame: Array) -> Array:
    r"""The frame of W turned so that functions on it explain y better; its dimension stays.

    At every sample a plane through its neighbours in Π_W x gives a gradient g_i and a prediction with weights w_ij that
    reproduce Π_W x_i. What is left, y_i - Σ_j w_ij y_j ≈ ⟨g_i, Δ u_i⟩ with u_i = x_i - Σ_j w_ij x_j, is a linear
    equation for the turn Δ (l, d). Samples of large residual, at kinks, count less.

    Parameters
    ----------
    X : (n, d). y : (n,). frame : (l, d).

    Returns
    -------
    (l, d) frame; unchanged if there are too few samples for the l · d unknowns.

    Examples
    --------
    >>> X = np.random.default_rng(0).standard_normal((4000, 5))
    >>> rough = np.array([[0.9, 0.3, 0.3, 0.1, 0.0]])
    >>> bool(polished_frame(X, np.abs(X[:, 0]), rough / np.linalg.norm(rough))[0, 0] ** 2 > 0.999)
    True
    """
    used = slice(None, None, -(-len(X) // _MOST))
    X, y = X[used], y[used]
    if not 0 < 2 * frame.size < len(X) or frame.size > _UNKNOWNS:
        return frame
    size = len(frame)
    last = _FEWEST * (size + 1)
    first = max(last, min(_NEIGHBOURS, round(len(X) ** (4 / (size + 4)))))  # wide while W is rough: gradients are noisy
    for neighbours in np.geomspace(first, last, _STEPS).astype(int):
        turned = orthonormal_frame(frame + _turn(X, y, frame, int(neighbours)), scale=1.0)
        if len(turned) != len(frame):
            break
        frame = turned
    return frame


def _turn(X: Array, y: Array, frame: Array, neighbours: int) -> Array:
    """The Gauss-Newton step Δ (l, d)."""
    from scipy.sparse import csr_array
    from scipy.spatial import cKDTree

    centres = slice(None, None, max(1, len(X) // max(_CENTRES, 20 * frame.size)))
    places = X @ frame.T
    count = min(len(X) - 1, neighbours)
    near = cKDTree(places).query(places[centres], k=count + 1)[1][:, 1:]
    _, gradients, weights = local_planes(places[near] - places[centres, None, :], y[near])
    start = np.arange(0, near.size + 1, count)
    average = csr_array((weights.ravel(), near.ravel(), start), shape=(len(near), len(X)))
    left, steps = y[centres] - average @ y, X[centres] - average @ X
    scale = float(np.median(np.abs(left))) or 1.0
    root = 1.0 / np.sqrt(1.0 + (left / (3.0 * scale)) ** 2)
    design = (gradients[:, :, None] * steps[:, None, :]).reshape(len(near), -1) * root[:, None]
    gram = design.T @ design
    gram[np.diag_indices(len(gram))] += 1e-6 * np.trace(gram) / len(gram) + 1e-300
    return np.asarray(np.linalg.solve(gram, design.T @ (root * left)).reshape(frame.shape))


def _on_subspace(name: str, X: Array, y: Array, frame: Array) -> Candidate:
    return Candidate(name, partial(_at_coordinates, fit_candidate(name, X @ frame.T, y), frame))


def _at_coordinates(fitted: Candidate, frame: Array, X: Array) -> Array:
    return fitted(X @ frame.T)
