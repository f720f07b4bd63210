"""A rough subspace turned towards the relevant one by least squares over directions. THEORY section 2.

Local-linear estimates of gradients with outer least squares over directions, as in Xia, Tong, Li and Zhu (2002),
written as Gauss-Newton steps.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from learning.filtering.candidates import local_planes
from learning.subspace import orthonormal_frame

__all__ = ["polished_frame"]

Array = NDArray[np.float64]

_MOST = 20_000  # samples that a polish uses at the most
_CENTRES = 5000  # planes of one step of a polish; more where the unknowns ask for it
_STEPS = 8  # steps of a polish
_FEWEST = 12  # neighbours per unknown of a plane in the last step
_NEIGHBOURS = 400  # most neighbours of a plane
_UNKNOWNS = 2000  # largest l · d for which the least squares over directions are solved


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
