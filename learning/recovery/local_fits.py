"""Certified least squares on few samples: an affine function, or the proof that none fits. THEORY section 3.1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LocalFit", "batched_fits", "certified_fit", "robust_fit", "solve_least_squares"]

Array = NDArray[np.float64]

_RANK = 1e-9  # smallest pivot of a design that counts as full column rank; float64 leaves 1e-16, samples in a cone 1e-6
_SHARE = 1e-3  # of the rounding allowed, that labels are wrong by: 1e-14 where they are float64
_SURPLUS = 5  # equations beyond the unknowns that a fit must satisfy to be believed: chance is then excluded


@dataclass(frozen=True)
class LocalFit:
    r"""Least squares A c ≈ b on a neighbourhood.

    Attributes
    ----------
    coefficients : (q,) solution. residual : max |A c - b| over all equations. error : bound for the error of c that
        rounding allows, the residual level times the inverse of the smallest pivot of A. accepted : full column rank,
        and the residual at rounding level.

    Source: THEORY section 3.1.
    """

    coefficients: Array
    residual: float
    error: float
    accepted: bool


def solve_least_squares(design: Array, values: Array) -> tuple[Array, Array]:
    r"""argmin_c ‖A c - b‖ by QR with one step of corrected semi-normal refinement.

    Parameters
    ----------
    design : (n, q) with n ≥ q. values : (n,).

    Returns
    -------
    (c, R) : the solution and the (q, q) triangular factor. A numerically singular R gives c = 0; the caller
        tests its diagonal.

    Examples
    --------
    >>> solve_least_squares(np.eye(2), np.array([1.0, 2.0]))[0]
    array([1., 2.])
    """
    count = design.shape[1]
    triangle = np.asarray(np.linalg.qr(np.column_stack([design, values]), mode="r"))
    factor = triangle[:count, :count]
    if _smallest_pivot(factor) <= 1e-14:
        return np.zeros(count), factor
    solution = np.linalg.solve(factor, triangle[:count, count])
    correction = design.T @ (values - design @ solution)
    refined = solution + np.linalg.solve(factor, np.linalg.solve(factor.T, correction))
    return np.asarray(refined, dtype=np.float64), factor


def _smallest_pivot(factor: Array) -> float:
    diagonal = np.abs(np.diag(factor))
    largest = float(diagonal.max(initial=0.0))
    return float(diagonal.min()) / largest if largest > 0.0 else 0.0


def certified_fit(design: Array, values: Array, *, scale: float, rounding: float = 1e-11) -> LocalFit:
    r"""Fit A c = b and accept iff A has full column rank and every residual is at rounding level.

    In exact arithmetic q + 1 generic equations from different pieces are compatible with probability 0: acceptance
    certifies a piece at those samples (not on their hull).

    Parameters
    ----------
    design : (n, q), n > q. values : (n,). scale : size of the labels that rounding refers to.
    rounding : residual, relative to ``scale``, that float64 evaluation of the labels and the solve may leave. Labels
        are sums of some hundred products, wrong by 1e-14; a wrong fit misses by about the width of the neighbourhood.

    Examples
    --------
    >>> A = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> certified_fit(A, np.array([1.0, 2.0, 3.0]), scale=1.0).accepted
    True
    >>> certified_fit(A, np.array([1.0, 2.0, 4.0]), scale=1.0).accepted
    False

    Source: THEORY section 3.1.
    """
    coefficients, factor = solve_least_squares(design, values)
    residual = float(np.abs(design @ coefficients - values).max())
    pivots = np.abs(np.diag(factor))
    full = _smallest_pivot(factor) > _RANK
    error = _SHARE * rounding * scale * len(pivots) / float(pivots.min()) if full else np.inf
    return LocalFit(coefficients, residual, float(error), bool(full and residual <= rounding * scale))


def robust_fit(
    design: Array, values: Array, *, scale: float, rounding: float = 1e-11, iterations: int = 12
) -> LocalFit:
    r"""Fit A c = b for the majority of the equations: reweighted least squares towards min ‖A c - b‖₁, then certify.

    A neighbourhood that reaches over a kink has a majority from one piece; the l¹ fit passes through the majority
    exactly. The q + 5 equations of least residual are then solved and certified like any others.

    Parameters
    ----------
    design : (n, q) with n > q + 5. values : (n,). scale, rounding : as in `certified_fit`.
    iterations : reweightings; a dozen suffices where the majority is clear, and more rarely help elsewhere.

    Examples
    --------
    >>> t = np.arange(12.0)
    >>> values = np.where(np.abs(t - 5.5) > 1.0, 2.0 * t, 0.0)
    >>> robust_fit(np.column_stack([t, np.ones(12)]), values, scale=1.0).coefficients.round(9) + 0.0
    array([2., 0.])

    Source: THEORY section 3.1.
    """
    count = design.shape[1]
    kept = min(len(values), count + _SURPLUS)
    floor, tiny = 1e-9 * scale, 1e-14 * float((design**2).sum(axis=0).max(initial=0.0))
    weights, residual = np.ones(len(values)), np.abs(values)
    for _ in range(iterations):
        weighted = design * weights[:, None]
        gram = weighted.T @ design
        gram[np.diag_indices(count)] += tiny * float(weights.max())
        try:
            solution = np.linalg.solve(gram, weighted.T @ values)
        except np.linalg.LinAlgError:
            break
        residual = np.abs(design @ solution - values)
        smoothing = max(0.5 * float(np.partition(residual, count - 1)[count - 1]), floor)
        weights = 1.0 / np.maximum(residual, smoothing)
    best = np.argsort(residual, kind="stable")[:kept]
    return certified_fit(design[best], values[best], scale=scale, rounding=rounding)


def batched_fits(designs: Array, values: Array, *, scale: float, rounding: float = 1e-11) -> tuple[Array, Array, Array]:
    r"""`certified_fit` for a stack of systems of one shape.

    Parameters
    ----------
    designs : (b, n, q) with n > q. values : (b, n). scale, rounding : as in `certified_fit`.

    Returns
    -------
    (coefficients, error, accepted) of shapes (b, q), (b,), (b,).

    Examples
    --------
    >>> batched_fits(np.ones((1, 3, 1)), np.full((1, 3), 2.0), scale=1.0)[0]
    array([[2.]])

    Source: THEORY section 3.1.
    """
    q_factor, r_factor = np.linalg.qr(designs)
    pivots = np.abs(np.diagonal(r_factor, axis1=1, axis2=2))
    smallest, largest = pivots.min(axis=1), pivots.max(axis=1)
    full = smallest > _RANK * largest
    safe = np.where(full[:, None, None], r_factor, np.eye(designs.shape[2]))
    targets = np.einsum("bnq,bn->bq", q_factor, values)
    coefficients = np.linalg.solve(safe, targets[:, :, None])[:, :, 0]
    residual = np.abs(np.einsum("bnq,bq->bn", designs, coefficients) - values).max(axis=1)
    error = np.where(full, _SHARE * rounding * scale * designs.shape[2] / np.maximum(smallest, 1e-300), np.inf)
    return coefficients, error, full & (residual <= rounding * scale)
