"""What a check may be told: choices that a lemma leaves free, and how much work may go into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from learning.lemmas.rational_subspaces import Rows
from tropical import Budget, ReLUNetwork, Value, as_fraction

__all__ = ["Setting"]


@dataclass(frozen=True, repr=False)
class Setting(Value):
    """Choices for one check; None leaves the choice to the lemma, which makes it from ``seed``.

    ``threshold``: τ > 0. ``subspace``: rational rows that span W. ``other``: a second network F'. ``pieces``: gradients
    w'_i of a second function with the clauses of the first, in the order of its lattice polynomial. ``level``: error
    probability of a statistical statement. ``samples``: draws for it. ``bits``: of the ball arithmetic. ``budget``: of
    one geometric computation. Raises ``ValueError`` for what cannot be meant.

    >>> Setting(threshold=Fraction(1, 2)).threshold
    Fraction(1, 2)
    """

    threshold: Fraction | None = None
    subspace: Rows | None = None
    other: ReLUNetwork | None = None
    pieces: Rows | None = None
    level: float = 0.01
    samples: int = 100_000
    seed: int = 0
    bits: int = 128
    budget: Budget | None = None

    def __post_init__(self) -> None:
        if self.threshold is not None and self.threshold <= 0:
            raise ValueError(f"threshold must be positive, got {self.threshold}")
        if not 0.0 < self.level < 1.0:
            raise ValueError(f"level must lie strictly between 0 and 1, got {self.level}")
        if self.samples < 1 or self.bits < 32:
            raise ValueError(f"samples must be at least 1 and bits at least 32, got {self.samples} and {self.bits}")

    @classmethod
    def of(
        cls,
        *,
        threshold: Any = None,
        subspace: Sequence[Sequence[Any]] | None = None,
        pieces: Sequence[Sequence[Any]] | None = None,
        **choices: Any,
    ) -> Setting:
        """The setting with numbers in any exact form: int, float taken exactly, Fraction or "p/q".

        >>> Setting.of(threshold="1/2", subspace=[[1, 0]]).subspace
        ((Fraction(1, 1), Fraction(0, 1)),)
        """
        tau = None if threshold is None else as_fraction(threshold, "threshold")
        return cls(threshold=tau, subspace=_rows(subspace, "subspace"), pieces=_rows(pieces, "pieces"), **choices)


def _rows(rows: Sequence[Sequence[Any]] | None, name: str) -> Rows | None:
    if rows is None:
        return None
    return tuple(tuple(as_fraction(q, f"{name}[{i}][{j}]") for j, q in enumerate(row)) for i, row in enumerate(rows))
