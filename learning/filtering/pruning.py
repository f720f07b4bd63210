"""Which directions of an overshooting W the function uses: gradients against placebos. THEORY section 2."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from learning.filtering.candidates import local_planes
from learning.subspace import extend_frame

__all__ = ["pruned_frame"]

Array = NDArray[np.float64]

SAMPLES = 20_000
"""Samples that are used at most: neighbours of a search tree."""
_CENTRES, _PLACEBOS, _ROUNDS = 1_000, 2, 3
_FACTOR = 1.5  # over the placebos: eigenvalues of what is equal spread by about as much
_FLOOR = 2e-4  # of the whole energy: what kinks lend to a direction without derivative, where no placebo shows it
_UNEXPLAINED = 0.1  # of the whole energy: placebos with more say that W lacks much of V, and nothing is compared
_NARROWEST = 1e-2  # relative weight of a direction among neighbours, at least


def pruned_frame(X: Array, y: Array, frame: Array, rng: np.random.Generator, *, least: int = 0) -> Array:
    r"""The directions of W whose mean squared derivative stands out from that of directions outside W.

    G = E[g gᵀ], g the gradients of planes through neighbours, in the coordinates of W and of two placebos: random
    directions of W⊥. The eigenvectors of G on W re-estimate all directions together; round by round neighbours are
    chosen closer along those that matter. E[y | Π_W x] depends on Π_W V only, so that a direction which W owes to its
    own error has no derivative but what kinks and V's part outside W lend to placebos as well. This compares; it is no
    test with a level.

    Parameters
    ----------
    X, y : (n, d) and (n,), independent of W. frame : (l, d) frame of W. rng : generator of the placebos.
    least : directions that are kept in any case.

    Returns
    -------
    (k, d) frame within W, strongest first, signs fixed, least ≤ k ≤ l; the given one if k = l or if nothing can be
    compared: fewer than 10 neighbourhoods, or placebos with more than a tenth of the whole, since W lacks much of V.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((4000, 4))
    >>> pruned_frame(X, abs(X[:, 0]), np.eye(4)[:2], rng).round(4) + 0.0
    array([[1., 0., 0., 0.]])

    Source: Härdle and Stoker (1989); Xia, Tong, Li and Zhu (2002).
    """
    rank, dimension = frame.shape
    count = min(_PLACEBOS, dimension - rank)
    size = 4 * (rank + count + 1)
    if rank <= least or len(X) < 10 * size:
        return frame
    wide = extend_frame(frame, rng.standard_normal((count, dimension)))
    Z = X[:SAMPLES] @ wide.T
    labels = y[:SAMPLES]
    energy = np.eye(rank + count)
    for _ in range(_ROUNDS):
        energy = _energy(Z, labels, energy, size)
    values, vectors = np.linalg.eigh(energy[:rank, :rank])
    placebo, whole = float(np.linalg.eigvalsh(energy[rank:, rank:]).max(initial=0.0)), float(np.trace(energy))
    kept = max(least, int((values > max(_FACTOR * placebo, _FLOOR * whole)).sum()))
    if kept == rank or placebo > _UNEXPLAINED * whole:
        return frame
    rows = vectors[:, ::-1][:, :kept].T @ frame
    leading = rows[np.arange(kept), np.abs(rows).argmax(axis=1)]
    return np.asarray(np.where(leading < 0.0, -1.0, 1.0)[:, None] * rows)


def _energy(Z: Array, y: Array, metric: Array, size: int) -> Array:
    """E[g gᵀ] over some samples, their neighbours chosen by the distance that an earlier such matrix gives."""
    from scipy.spatial import cKDTree

    values, vectors = np.linalg.eigh(metric)
    points = Z @ (vectors * np.sqrt(np.maximum(values / max(values[-1], 1e-300), _NARROWEST**2)))
    nearest = cKDTree(points).query(points[:_CENTRES], k=size)[1]
    gradients = local_planes(Z[nearest] - Z[: len(nearest), None], y[nearest])[1]
    return np.asarray(gradients.T @ gradients / len(gradients))
