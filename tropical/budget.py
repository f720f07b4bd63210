"""Budgets: how much work a computation may do before it stops and says so."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tropical.values import Value

Progress = Callable[[int], None]


class BudgetExhausted(Exception):  # noqa: N818 - an event of control flow, not an error
    """Raised inside a computation when its budget is used up; public functions turn it into a flagged result."""


@dataclass(frozen=True, repr=False)
class Budget(Value):
    """Limits on one computation: wall-clock ``seconds``, number of ``cells`` visited and ``bytes`` held for them.

    None means no limit. The bytes are those of the patterns found; what a computation works on besides does not grow
    with the number of cells, except for the search route, which keeps every pattern in several places. ``==`` and
    ``hash`` go by the limits.

    >>> Budget(cells=1000)
    Budget(seconds=None, cells=1000, bytes=None)
    """

    seconds: float | None = None
    cells: int | None = None
    bytes: int | None = None

    def __post_init__(self) -> None:
        for name, limit in vars(self).items():
            if limit is not None and not limit > 0:
                raise ValueError(f"budget: {name} must be positive or None, got {limit}")


class Meter:
    """Counts cells against a budget and reports progress; made afresh for each computation."""

    def __init__(self, budget: Budget | None = None, progress: Progress | None = None) -> None:
        self.budget = budget or Budget()
        self.progress = progress
        self.cells = self.bytes = 0
        self._start = time.monotonic()

    def check_time(self) -> None:
        """Raise :class:`BudgetExhausted` if the time is over."""
        limit = self.budget.seconds
        if limit is not None and time.monotonic() - self._start > limit:
            raise BudgetExhausted(f"budget of {limit:g} seconds exhausted after {self.cells} cells")

    def count_cell(self, cell_bytes: int = 0) -> None:
        """Record one more cell, or raise :class:`BudgetExhausted`."""
        self.check_time()
        if not self.count_cells(1, cell_bytes):
            raise BudgetExhausted(self.exhausted)

    def count_cells(self, number: int, cell_bytes: int = 0) -> int:
        """Record up to ``number`` more cells of that many bytes each; return how many the budget still allowed."""
        allowed = number
        if self.budget.cells is not None:
            allowed = min(allowed, self.budget.cells - self.cells)
        if self.budget.bytes is not None and cell_bytes:
            allowed = min(allowed, (self.budget.bytes - self.bytes) // cell_bytes)
        self.cells += allowed
        self.bytes += allowed * cell_bytes
        if allowed and self.progress is not None:
            self.progress(self.cells)
        return allowed

    def restart(self) -> None:
        """Forget what was counted, but not the time."""
        self.cells = self.bytes = 0

    @property
    def exhausted(self) -> str:
        """The reason to give when the cells or bytes run out."""
        if self.cells == self.budget.cells:
            return f"budget of {self.budget.cells} cells exhausted"
        return f"budget of {self.budget.bytes} bytes exhausted after {self.cells} cells"
