"""What a check may be told: choices that a lemma leaves free, and how much work may go into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from learning.arguments import as_count, listed, require, require_real, shown
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
        require(self.threshold, (Fraction, type(None)), "threshold")
        if self.threshold is not None and self.threshold <= 0:
            raise ValueError(f"threshold must be positive, got {shown(self.threshold)}")
        require(self.other, (ReLUNetwork, type(None)), "other")
        require(self.budget, (Budget, type(None)), "budget")
        for name in ("subspace", "pieces"):
            if getattr(self, name) is not None:
                for place, row in enumerate(listed(getattr(self, name), tuple, name)):
                    listed(row, Fraction, f"{name}[{place}]")
        require_real(self.level, "level", 0, 1)
        as_count(self.samples, "samples")
        as_count(self.seed, "seed", 0, None)
        as_count(self.bits, "bits", 32, 1 << 20)

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
    lists = [listed(row, object, f"{name}[{i}]") for i, row in enumerate(listed(rows, object, name))]
    return tuple(tuple(as_fraction(q, f"{name}[{i}][{j}]") for j, q in enumerate(row)) for i, row in enumerate(lists))
