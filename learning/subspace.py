"""Subspaces of R^d as frames: matrices whose rows are orthonormal. THEORY section 1 (the subspaces V and W)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["complement_frame", "extend_frame", "orthonormal_frame", "principal_sines", "projector"]

Array = NDArray[np.float64]


def _as_rows(rows: ArrayLike, name: str) -> Array:
    matrix = np.asarray(rows, dtype=np.float64)
    if matrix.ndim != 2:
        raise ValueError(f"{name} must be a matrix whose rows span the subspace; got an array of shape {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise ValueError(f"{name} must be finite; got {matrix[~np.isfinite(matrix)][0]}")
    return matrix


def orthonormal_frame(rows: ArrayLike, *, tolerance: float = 1e-9, scale: float | None = None) -> Array:
    r"""Frame of span(rows): an orthonormal basis, ordered by singular value, signs fixed.

    Parameters
    ----------
    rows : (m, d) array; m = 0 is allowed.
    tolerance : singular values up to ``tolerance * scale`` count as zero. Rows from least squares on noise-free
        labels are wrong by about 1e-12, directions that matter are of the order of the scale: 1e-9 lies between.
    scale : what a large singular value is; by default the largest one. Pass the scale of the *function* when the rows
        may all be rounding errors of zero.

    Returns
    -------
    (r, d) array with orthonormal rows, r the numerical rank. The entry of largest modulus of each row is positive.

    Raises
    ------
    ValueError : rows that are no matrix or not finite.

    Examples
    --------
    >>> orthonormal_frame([[3.0, 0.0], [-6.0, 0.0]])
    array([[1., 0.]])
    """
    matrix = _as_rows(rows, "rows")
    if matrix.size == 0:
        return np.zeros((0, matrix.shape[1]))
    _, singular, right = np.linalg.svd(matrix, full_matrices=False)
    reference = float(singular[0]) if scale is None else scale
    frame = right[(singular > tolerance * reference) & (singular > 0.0)]
    leading = frame[np.arange(len(frame)), np.abs(frame).argmax(axis=1)]
    return np.where(leading < 0.0, -1.0, 1.0)[:, None] * frame + 0.0


def extend_frame(frame: ArrayLike, rows: ArrayLike, *, tolerance: float = 1e-9) -> Array:
    r"""Frame of span(frame) + span(rows) whose first rows are the given frame.

    Parameters
    ----------
    frame : (k, d) array with orthonormal rows.
    rows : (m, d) array.
    tolerance : a row is new if it leaves the frame by more than this fraction of the largest row.

    Returns
    -------
    (k + r, d) array with orthonormal rows.

    Examples
    --------
    >>> extend_frame([[1.0, 0.0]], [[1.0, 1.0], [2.0, 0.0]])
    array([[1., 0.],
           [0., 1.]])
    """
    base, extra = _as_rows(frame, "frame"), _as_rows(rows, "rows")
    if base.shape[1] != extra.shape[1]:
        raise ValueError(f"frame and rows live in R^{base.shape[1]} and R^{extra.shape[1]}")
    scale = float(np.linalg.norm(extra, axis=1).max(initial=0.0))
    outside = extra - (extra @ base.T) @ base
    outside -= (outside @ base.T) @ base
    return np.vstack([base, orthonormal_frame(outside, tolerance=tolerance, scale=scale)])


def complement_frame(frame: ArrayLike) -> Array:
    r"""Frame of the orthogonal complement of span(frame): (d - k, d) orthonormal rows for a (k, d) frame.

    Examples
    --------
    >>> complement_frame([[1.0, 0.0]])
    array([[0., 1.]])
    """
    base = _as_rows(frame, "frame")
    rank, dimension = base.shape
    if rank == 0:
        return np.eye(dimension)
    rest = np.linalg.qr(base.T, mode="complete")[0].T[rank:]
    leading = rest[np.arange(len(rest)), np.abs(rest).argmax(axis=1)]
    return np.where(leading < 0.0, -1.0, 1.0)[:, None] * rest + 0.0


def projector(frame: ArrayLike) -> Array:
    r"""Matrix of the orthogonal projection on span(frame): Π = BᵀB, shape (d, d), for a (k, d) frame B.

    Examples
    --------
    >>> projector([[0.6, 0.8]])
    array([[0.36, 0.48],
           [0.48, 0.64]])
    """
    base = _as_rows(frame, "frame")
    return base.T @ base


def principal_sines(first: ArrayLike, second: ArrayLike) -> Array:
    r"""Sines of the principal angles of two frames, largest first: the singular values of (I - Π_second) firstᵀ.

    Computed from the sines themselves, not from the cosines, hence accurate down to rounding level. For frames of equal
    rank the function is symmetric; otherwise it measures how far ``first`` leaves ``second``.

    Parameters
    ----------
    first, second : (k, d) and (l, d) arrays with orthonormal rows.

    Returns
    -------
    (k,) array with values in [0, 1].

    Examples
    --------
    >>> principal_sines([[1.0, 0.0]], [[0.6, 0.8]])
    array([0.8])
    """
    one, two = _as_rows(first, "first"), _as_rows(second, "second")
    if one.shape[1] != two.shape[1]:
        raise ValueError(f"the frames live in R^{one.shape[1]} and R^{two.shape[1]}")
    if len(one) == 0:
        return np.zeros(0)
    sines = np.zeros(len(one))
    values = np.linalg.svd(one - (one @ two.T) @ two, compute_uv=False)
    sines[: len(values)] = np.minimum(values, 1.0)
    return sines
