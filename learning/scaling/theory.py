"""What theory predicts for one filter |F| > τ on W = {0}: p and λ by L8, the curve and the sample size of L14."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.filtering.stopping import squared_sine
from tropical import ReLUNetwork

__all__ = ["FilterStrength", "filter_strength"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FilterStrength:
    r"""The filter |F| > τ on W = {0}: p = Pr[|F| > τ] and λ, where M = λI on V.

    Source: THEORY L8, L14.
    """

    threshold: float
    probability: float
    eigenvalue: float

    @property
    def ratio(self) -> float:
        """ρ = λ/p."""
        return self.eigenvalue / self.probability

    @property
    def edge(self) -> float:
        """N/d at the noise edge of L14: p/λ²."""
        return self.probability / self.eigenvalue**2

    def squared_sine(self, samples_per_dimension: float) -> float:
        """L14's sin² at N/d."""
        return squared_sine(self.ratio, 1.0 / (samples_per_dimension * self.probability))

    def samples_per_dimension(self, target: float) -> float:
        r"""N/d at which L14's sin² equals ``target``: γ = s/(1/ρ² + (1 - s)/ρ).

        >>> strength = FilterStrength(1.0, 0.1, 0.1)
        >>> round(strength.squared_sine(strength.samples_per_dimension(0.1)), 12)
        0.1
        """
        gamma = target / (1.0 / self.ratio**2 + (1.0 - target) / self.ratio)
        return 1.0 / (gamma * self.probability)


def filter_strength(core: ReLUNetwork, probability: float, *, points: int = 2**14) -> FilterStrength:
    r"""τ with Pr[|F| > τ] = p, and λ = Tr M/k, by p = E_u Q_k(s) and Tr M = E_u[2s f_{χ²_k}(s)], s = τ²/F(u)².

    The mean over the sphere is a sum over equispaced angles for k = 2, over a Sobol sequence else: to about 1e-3.

    Parameters
    ----------
    core : a bias-free network on R^k, k ≥ 2, for which M is a multiple of the identity (else λ is the mean eigenvalue).
    probability : p, below Pr[F ≠ 0]. points : on the sphere, a power of two.

    Examples
    --------
    >>> from learning.instances import h6
    >>> round(filter_strength(h6(2, seed=None), 0.1).eigenvalue, 3)
    0.144

    Source: THEORY L8.
    """
    from scipy.optimize import brentq
    from scipy.special import gammaincc, gammainccinv

    k = core.input_dim
    squares = np.maximum(core.evaluate(_sphere(k, points))[:, 0] ** 2, 1e-280)

    def excess(log_threshold: float) -> float:
        """Pr[|F| > τ] - p."""
        return float(gammaincc(k / 2, math.exp(2.0 * log_threshold) / (2.0 * squares)).mean()) - probability

    largest = 0.5 * math.log(2.0 * float(squares.max()) * gammainccinv(k / 2, probability / 2.0))
    threshold = math.exp(brentq(excess, largest - 30.0, largest))
    s = threshold**2 / squares
    trace = np.exp(0.5 * k * np.log(s / 2.0) - s / 2.0).mean() * 2.0 / math.gamma(k / 2)
    return FilterStrength(threshold, probability, float(trace) / k)


def _sphere(k: int, points: int) -> Array:
    """Evenly spread unit vectors of R^k."""
    if k == 2:
        angles = (np.arange(points) + 0.5) * (2.0 * np.pi / points)
        return np.column_stack([np.cos(angles), np.sin(angles)])
    from scipy.special import ndtri
    from scipy.stats.qmc import Sobol

    cube = Sobol(k, scramble=False).random_base2(points.bit_length() - 1)
    normal = ndtri(cube + 0.5 / points)
    return np.asarray(normal / np.linalg.norm(normal, axis=1)[:, None], dtype=np.float64)
