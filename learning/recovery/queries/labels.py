"""Label queries: labels at points of the learner's choice, checked and counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from learning.arguments import shown

__all__ = ["LabelOracle", "LabelQueries", "Oracle", "answers", "as_labels"]

Array = NDArray[np.float64]


class LabelOracle(Protocol):
    """Whoever answers label queries, as `GaussianOracle` does."""

    def query(self, X: Array) -> ArrayLike:
        """Labels (m,) of points (m, d)."""


Oracle = LabelOracle | Callable[[Array], ArrayLike]


def answers(oracle: Oracle | None) -> Callable[[Array], ArrayLike]:
    """The function from points (m, d) to labels (m,) that an oracle is or has; ``ValueError`` for anything else.

    >>> answers(len) is len
    True
    """
    query = getattr(oracle, "query", oracle)
    if not callable(query):
        raise ValueError(f"queries need an oracle with a method `query`, or a function; got {shown(oracle)}")
    return query  # type: ignore[no-any-return]


def as_labels(answer: ArrayLike, count: int) -> Array:
    """What an oracle answers, as float64; ``ValueError`` for anything but numbers."""
    try:
        return np.asarray(answer).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"query must return {count} finite labels; got {shown(answer)}") from error


class LabelQueries:
    """The oracle's answers, checked and counted: (m, d) -> (m,), at most ``limit`` labels in all.

    >>> ask = LabelQueries(lambda X: X[:, 0], limit=3)
    >>> ask(np.eye(2)), ask.count, ask.left
    (array([1., 0.]), 2, 1)
    """

    def __init__(self, query: Callable[[Array], ArrayLike], limit: int) -> None:
        self._query = query
        self._limit = limit
        self.count = 0

    @property
    def left(self) -> int:
        """Labels that may still be asked for."""
        return self._limit - self.count

    def __call__(self, X: Array) -> Array:
        """The labels. ``ValueError`` if they have another shape or are not finite."""
        if not len(X):
            return np.zeros(0)
        y = as_labels(self._query(X), len(X))
        if y.shape != (len(X),) or not np.isfinite(y).all():
            raise ValueError(f"query must return {len(X)} finite labels, one a row; got an array of shape {y.shape}")
        self.count += len(X)
        return y
