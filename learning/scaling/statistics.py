"""Slopes with intervals: power laws on logarithmic axes, and where a falling curve crosses a level."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["PowerLaw", "crossing", "power_law"]


@dataclass(frozen=True)
class PowerLaw:
    r"""y ≈ constant · x^exponent, with an interval [lower, upper] for the exponent; None where no residual is left."""

    exponent: float
    lower: float | None
    upper: float | None
    constant: float

    def __call__(self, x: float) -> float:
        return self.constant * x**self.exponent

    def __str__(self) -> str:
        if self.lower is None or self.upper is None:
            return f"{self.exponent:.2f} (no interval)"
        return f"{self.exponent:.2f} [{self.lower:.2f}, {self.upper:.2f}]"

    def as_dict(self) -> dict[str, float | None]:
        """For JSON."""
        return {"exponent": self.exponent, "lower": self.lower, "upper": self.upper, "constant": self.constant}


def power_law(x: Sequence[float], y: Sequence[float], *, confidence: float = 0.95) -> PowerLaw | None:
    r"""Least squares of log y on log x, with Student's interval for the slope; None below two distinct x.

    The interval supposes independent normal errors of log y with one variance, and that a power law holds at all.

    Parameters
    ----------
    x, y : positive numbers, as many of one as of the other. confidence : of the interval, in (0, 1).

    Examples
    --------
    >>> print(power_law([1, 2, 4, 8], [3.0, 12.0, 48.0, 192.0]))
    2.00 [2.00, 2.00]
    """
    from scipy.stats import linregress, t

    if len(set(x)) < 2:
        return None
    fit = linregress(np.log(x), np.log(y))
    exponent, constant, freedom = float(fit.slope), math.exp(fit.intercept), len(x) - 2
    if not freedom:
        return PowerLaw(exponent, None, None, constant)
    error = 0.0 if math.isnan(fit.stderr) else float(fit.stderr)  # of constant y linregress makes 0/0
    half = float(t.ppf(0.5 + confidence / 2.0, freedom)) * error
    return PowerLaw(exponent, exponent - half, exponent + half, constant)


def crossing(x: Sequence[float], y: Sequence[float], level: float) -> float | None:
    r"""Where y first comes down to the level, linear in log x and log y between grid points; None if it never does.

    If it begins there, the first x: an upper bound.

    Parameters
    ----------
    x : increasing positive numbers. y : positive numbers. level : positive.

    Examples
    --------
    >>> round(crossing([100, 200, 400], [0.8, 0.4, 0.05], 0.2), 1)
    252.0
    """
    below = [i for i, value in enumerate(y) if value <= level]
    if not below:
        return None
    i = below[0]
    if i == 0:
        return float(x[0])
    share = math.log(y[i - 1] / level) / math.log(y[i - 1] / y[i])
    return float(x[i - 1] * (x[i] / x[i - 1]) ** share)
