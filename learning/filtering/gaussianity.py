"""Do inputs look like N(0, I_d)? Filtered PCA, its levels and all Gaussian masses rest on it. THEORY section 6."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from learning.sampling import own_stream

__all__ = ["NonGaussianWarning", "gaussian_misfit", "warn_unless_gaussian"]

Array = NDArray[np.float64]

_ABSOLUTE = float(np.sqrt(2.0 / np.pi))  # E|t| for t ~ N(0, 1)
_STATISTICS: tuple[tuple[str, Callable[[Array], Array], float, float], ...] = (
    ("{}", np.positive, 0.0, 1.0),
    ("{}²", np.square, 1.0, 2.0),
    ("|{}|", np.abs, _ABSOLUTE, 1.0 - 2.0 / np.pi),
)  # text, function of t ~ N(0, 1), its mean and its variance
_LEAST = 100  # fewer samples than this are not judged
_BLOCK = 8192  # samples summed at once: bounds memory


class NonGaussianWarning(UserWarning):
    """The inputs are clearly not N(0, I_d)."""


def gaussian_misfit(X: Array, *, level: float = 1e-6, directions: int = 16) -> str | None:
    r"""What speaks against x ~ N(0, I_d), in words; None if nothing does at about that level.

    Tested are the means of t, t² - 1 and |t| - √(2/π) for every coordinate t = x_j and some random directions
    t = ⟨u, x⟩, the third also over all coordinates at once, and that of ‖x‖² - d; under N(0, I_d) the summands have
    variance 1, 2, 1 - 2/π and 2d, and means of many are nearly normal. The level is divided by the number of tests.
    Shifts, scales, uniform and Laplace inputs of variance 1, and scale mixtures are seen; correlations of few pairs of
    coordinates are not. Fewer than 100 samples are not judged.

    Parameters
    ----------
    X : (N, d). level : probability of a false alarm. directions : random directions tested besides the coordinates.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> gaussian_misfit(rng.standard_normal((1000, 3)))
    >>> gaussian_misfit(rng.uniform(-(3**0.5), 3**0.5, (2000, 3)))
    'mean |x_j| = 0.871, expected 0.798'
    """
    from scipy.stats import norm

    count, dimension = X.shape
    if count < _LEAST:
        return None
    frame = own_stream(0, "directions").standard_normal((directions, dimension))
    frame /= np.linalg.norm(frame, axis=1)[:, None]
    means = _means(X, frame)
    critical = float(norm.isf(level / (2 * (means.size + 2)))) * (1.0 + 5.0 / np.sqrt(count))
    score, text = max(*_global_scores(means[:, :dimension], count), *_directional_scores(means, dimension, count))
    return text if score > critical else None


def _means(X: Array, frame: Array) -> Array:
    """Means of the three statistics (rows) over the samples, for all coordinates and for the rows of a frame."""
    totals = np.zeros((len(_STATISTICS), X.shape[1] + len(frame)))
    for start in range(0, len(X), _BLOCK):
        block = X[start : start + _BLOCK]
        values = np.hstack([block, block @ frame.T])
        for total, (_, statistic, _, _) in zip(totals, _STATISTICS, strict=True):
            total += statistic(values).sum(axis=0)
    return totals / len(X)


def _global_scores(means: Array, count: int) -> list[tuple[float, str]]:
    """Standard scores of ‖x‖² - d, and of |x_j| over all coordinates."""
    dimension = means.shape[1]
    length, absolute = float(means[1].sum()), float(means[2].mean())
    deviations = np.sqrt(2.0 * dimension / count), np.sqrt((1.0 - 2.0 / np.pi) / (count * dimension))
    return [
        (float(abs(length - dimension) / deviations[0]), f"mean ‖x‖² = {length:.3g}, expected {dimension}"),
        (float(abs(absolute - _ABSOLUTE) / deviations[1]), f"mean |x_j| = {absolute:.3g}, expected {_ABSOLUTE:.3g}"),
    ]


def _directional_scores(means: Array, dimension: int, count: int) -> list[tuple[float, str]]:
    """The worst standard score of each statistic over all directions."""
    worst = []
    for row, (text, _, expected, variance) in zip(means, _STATISTICS, strict=True):
        scores = np.abs(row - expected) / np.sqrt(variance / count)
        j = int(scores.argmax())
        name = f"x_{j}" if j < dimension else "⟨u, x⟩"
        worst.append((float(scores[j]), f"mean {text.format(name)} = {row[j]:.3g}, expected {expected:.3g}"))
    return worst


def warn_unless_gaussian(X: Array) -> None:
    """One `NonGaussianWarning` that says what is wrong, if the inputs X (N, d) are clearly not N(0, I_d).

    >>> warn_unless_gaussian(np.random.default_rng(0).standard_normal((1000, 3)))
    """
    misfit = gaussian_misfit(X)
    if misfit is not None:
        text = f"the inputs do not look like N(0, I): {misfit}; levels and masses assume that they are"
        warnings.warn(text, NonGaussianWarning, stacklevel=3)
