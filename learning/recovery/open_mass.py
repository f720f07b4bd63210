"""What a learned function leaves open, as sets of inputs with their Gaussian mass."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tropical import Value

__all__ = ["MissingMass", "missing_mass"]

Array = NDArray[np.float64]

_SHOWN = 10  # points kept of every set


@dataclass(frozen=True, repr=False)
class MissingMass(Value):
    r"""A set of inputs on which the learned function is not settled, with its estimated Gaussian mass.

    Attributes
    ----------
    kind : "unexplained" (no piece gives the label), "contradicted" (the bounds of L1 exclude the label: a piece or
        clause is wrong there) or "unproven" (the bounds of L1 differ: the order of the pieces has not been seen).
    share : fraction of the points looked at that lie in the set. interval : its Clopper-Pearson interval of confidence
        0.95; for the first two kinds samples that helped to find pieces are among the points, hence slightly low.
    points : (m, d), up to ten of the points.

    ``==`` goes by all four, ``hash`` by the first three.
    """

    kind: str
    share: float
    interval: tuple[float, float]
    points: Array = field(hash=False)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MissingMass):
            return NotImplemented
        mine, theirs = ((m.kind, m.share, m.interval) for m in (self, other))
        return mine == theirs and np.array_equal(self.points, other.points)


def missing_mass(kind: str, X: Array, inside: NDArray[np.bool_], *, confidence: float = 0.95) -> MissingMass:
    """`MissingMass` of the set that holds the marked ones of the points X (n, d).

    >>> missing_mass("unproven", np.zeros((4, 1)), np.array([True, False, False, False])).share
    0.25
    """
    from scipy.stats import binomtest

    count, total = int(inside.sum()), len(inside)
    if not total:
        return MissingMass(kind, 0.0, (0.0, 1.0), X[inside])
    interval = binomtest(count, total).proportion_ci(confidence, "exact")
    return MissingMass(kind, count / total, tuple(interval), X[inside][:_SHOWN])
