"""Both sides of the radial identity from samples, each with an interval: for dimensions where nothing is enclosed."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from learning.lemmas.estimates.estimates import estimated_mean, radial_cut, unit_rows
from learning.lemmas.framework.subject import Subject
from learning.sampling import own_stream
from tropical import Estimate

__all__ = ["RadialDraws"]

Array = NDArray[np.float64]

_BLOCKS = 32


@dataclass(frozen=True)
class RadialDraws:
    """Draws z ~ N(0, I_k) in a frame of V, and F there, for intervals of one level each. Never a proof.

    ``points``: (n, k). ``values``: (n,). ``entry`` and ``trace`` estimate M from its definition; ``identity`` and
    ``density`` the other side, at the directions u = z/|z| only. Two sides to be compared take draws of their own.
    """

    points: Array
    values: Array
    tau: float
    level: float

    @classmethod
    def of(cls, subject: Subject, tau: Fraction, samples: int, level: float, seed: int, purpose: str) -> RadialDraws:
        """The draws of a purpose, evaluated in float64."""
        frame = unit_rows(subject.relevant, subject.dimension)
        points = own_stream(seed, purpose).standard_normal((samples, subject.k))
        values = np.concatenate([subject.network.evaluate(z @ frame).ravel() for z in np.array_split(points, _BLOCKS)])
        return cls(points, values, float(tau), level)

    @property
    def k(self) -> int:
        """dim V."""
        return self.points.shape[1]

    @cached_property
    def _squares(self) -> Array:
        return np.asarray((self.points**2).sum(axis=1))

    @cached_property
    def _cut(self) -> tuple[float, float, float]:
        """R² beyond which about one draw falls, and what lies beyond: Q_k(R²), Q_{k+2}(R²) = E[z_i² 1_{|z| > R}]."""
        cut, (inner, outer) = radial_cut(self.k, len(self.points))
        return cut, inner, outer

    @cached_property
    def _s(self) -> Array:
        """τ²/F(u)², at most 10^300."""
        with np.errstate(divide="ignore", over="ignore"):
            return np.minimum(self.tau**2 * self._squares / self.values**2, 1e300)

    def _kept(self, terms: Array, lower: float, upper: float, below: float, above: float) -> Estimate:
        """E[1_{|F| > τ} terms]: from the draws with |z| <= R, between the bounds, and what lies beyond in [-b, a]."""
        chosen = (np.abs(self.values) > self.tau) & (self._squares <= self._cut[0])
        found = estimated_mean(np.where(chosen, terms, 0.0), lower, upper, self.level)
        return Estimate(found.value, found.lower - below, found.upper + above, found.confidence, found.samples)

    def entry(self, i: int, j: int) -> Estimate:
        """M_ij = E[1_{|F| > τ}(z_i z_j - δ_ij)]."""
        cut, tail, square = self._cut
        product = self.points[:, i] * self.points[:, j]
        if i == j:
            return self._kept(product - 1.0, -1.0, cut - 1.0, tail, square)
        return self._kept(product, -cut / 2, cut / 2, square, square)

    def trace(self) -> Estimate:
        """Tr M = E[1_{|F| > τ}(|z|² - k)]."""
        cut, tail, square = self._cut
        return self._kept(self._squares - self.k, -float(self.k), max(cut - self.k, 0.0), 0.0, self.k * (square - tail))

    def identity(self, i: int, j: int, raised: int = 2) -> Estimate:
        """E_u[k Q_{k + raised}(s) u_i u_j - Q_k(s) δ_ij]."""
        from scipy.special import gammaincc

        u = self.points[:, [i, j]].prod(axis=1) / self._squares
        terms = self.k * gammaincc((self.k + raised) / 2, self._s / 2) * u
        if i != j:
            return estimated_mean(terms, -self.k / 2, self.k / 2, self.level)
        return estimated_mean(terms - gammaincc(self.k / 2, self._s / 2), -1.0, float(self.k), self.level)

    def density(self) -> Estimate:
        """E_u[2s f(s)] for the density f of χ²_k; 2s f(s) is largest at s = k."""
        from scipy.stats import chi2

        most = 2 * self.k * float(chi2.pdf(self.k, self.k)) * (1 + 1e-9)
        return estimated_mean(2 * self._s * chi2.pdf(self._s, self.k), 0.0, most, self.level)
