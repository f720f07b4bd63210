"""How finely labels are given: what a residual can mean, and whether it can mean anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["COARSEST", "FINEST", "rounding_of_labels"]

Array = NDArray[np.float64]

FINEST, COARSEST = 1e-11, 1e-6  # relative residuals: of float64 labels, and up to which pieces can be told from others
_SINGLE, _HALF = 2.0**-20, 2.0**-7  # of labels that were computed in float32 and float16, sums of a dozen terms
_FEW = 8  # labels other than the most frequent one: fewer show nothing


def rounding_of_labels(X: Array, y: NDArray[np.floating]) -> float:
    r"""The largest residual that rounding of the labels y (N,) explains, relative to the root mean square of y.

    ``FINEST`` for labels as float64 arithmetic leaves them. Labels of no more bits than float32 or float16 have, and
    multiples of a step such as 1e-6, were rounded to that. Where this leaves few digits and a column of X (N, d) has as
    few, labels may be exact, and are taken for it.

    Examples
    --------
    >>> X = np.random.default_rng(0).standard_normal((1000, 2))
    >>> [float(f"{rounding_of_labels(X, y):.1e}") for y in (X[:, 0], X[:, 0].astype(np.float32), X[:, 0].round(8))]
    [1e-11, 9.5e-07, 4.9e-09]
    """
    labels = y.astype(np.float64)
    values, counts = np.unique(labels, return_counts=True)
    if len(labels) - counts.max() < _FEW:
        return FINEST
    exponent = int(np.frexp(np.abs(labels).max())[1])
    scale = float(np.sqrt(np.mean(np.ldexp(labels, -exponent) ** 2)))
    found = FINEST
    if _has_bits(labels, 24):
        found = _SINGLE
        half = _has_bits(labels, 11)
        if half and (y.dtype == np.float16 or not _has_column(X, lambda column: _has_bits(column, 11))):
            found = _HALF
    step = max(_steps(values))
    level = float(np.ldexp(step, -exponent)) / (2.0 * scale)
    if level <= COARSEST or not _has_column(X, lambda column: _are_multiples(column, step)):
        found = max(found, level)
    return found


def _has_column(X: Array, fulfils: Callable[[Array], bool]) -> bool:
    """Whether a column that is not constant fulfils a condition."""
    return any(np.ptp(column) > 0.0 and fulfils(column) for column in X.T)


def _lowest_bits(values: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Of the values other than 0 how many bits they need, and the exponent of the last one."""
    mantissas, exponents = np.frexp(values[values != 0.0])
    whole = np.ldexp(mantissas, 53).astype(np.int64)
    zeros = np.frexp((whole & -whole).astype(np.float64))[1].astype(np.intp) - 1
    return 53 - zeros, exponents - 53 + zeros


def _has_bits(values: Array, bits: int) -> bool:
    return bool((_lowest_bits(values)[0] <= bits).all())


def _steps(values: Array) -> Iterator[float]:
    """Powers of two and of ten of which all these values, not all 0, are multiples."""
    yield float(np.ldexp(1.0, int(_lowest_bits(values)[1].min())))
    yield from (step for step in (10.0**-k for k in range(13)) if _are_multiples(values, step))


def _are_multiples(values: Array, step: float) -> bool:
    """Whether the values are multiples of a step, as float64 holds them; False where it would hold anything as one."""
    with np.errstate(over="ignore"):
        ratios = values / step
    allowed = 2.0**-51 * np.abs(ratios)
    return bool(allowed.max(initial=0.0) < 0.02) and bool((np.abs(ratios - np.rint(ratios)) <= allowed).all())
