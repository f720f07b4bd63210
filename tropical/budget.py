"""Budgets: how much work a computation may do before it stops and says so."""

import time
from collections.abc import Callable
from dataclasses import dataclass

Progress = Callable[[int], None]


class BudgetExhausted(Exception):  # noqa: N818 - an event of control flow, not an error
    """Raised inside a computation when its budget is used up; public functions turn it into a flagged result."""


@dataclass(frozen=True)
class Budget:
    """Limits on one computation: wall-clock ``seconds`` and number of ``cells`` visited; None means no limit.

    >>> Budget(cells=1000)
    Budget(seconds=None, cells=1000)
    """

    seconds: float | None = None
    cells: int | None = None

    def __post_init__(self) -> None:
        for name, limit in (("seconds", self.seconds), ("cells", self.cells)):
            if limit is not None and not limit > 0:
                raise ValueError(f"budget: {name} must be positive or None, got {limit}")


class Meter:
    """Counts cells against a budget and reports progress; made afresh for each computation."""

    def __init__(self, budget: Budget | None = None, progress: Progress | None = None) -> None:
        self.budget = budget or Budget()
        self.progress = progress
        self.cells = 0
        self._start = time.monotonic()

    def check_time(self) -> None:
        """Raise :class:`BudgetExhausted` if the time is over."""
        limit = self.budget.seconds
        if limit is not None and time.monotonic() - self._start > limit:
            raise BudgetExhausted(f"budget of {limit:g} seconds exhausted after {self.cells} cells")

    def count_cell(self) -> None:
        """Record one more cell, or raise :class:`BudgetExhausted`."""
        self.check_time()
        if not self.count_cells(1):
            raise BudgetExhausted(self.cells_exhausted)

    def count_cells(self, number: int) -> int:
        """Record up to ``number`` more cells; return how many the budget still allowed."""
        limit = self.budget.cells
        allowed = number if limit is None else min(number, limit - self.cells)
        self.cells += allowed
        if allowed and self.progress is not None:
            self.progress(self.cells)
        return allowed

    @property
    def cells_exhausted(self) -> str:
        """The reason to give when the cells run out."""
        return f"budget of {self.budget.cells} cells exhausted"
