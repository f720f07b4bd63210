"""Budgets: how much work a computation may do before it stops and says so."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from tropical.arguments import as_count, described, is_real, require, require_callable
from tropical.values import Value

T = TypeVar("T")

Progress = Callable[[int], None]


class BudgetExhausted(Exception):  # noqa: N818 - an event of control flow, not an error
    """Raised inside a computation when its budget is used up; public functions turn it into a flagged result."""


@dataclass(frozen=True, repr=False)
class Budget(Value):
    """Limits on one computation: wall-clock ``seconds``, number of ``cells`` visited and ``bytes`` held for them.

    None means no limit. The bytes are those of the patterns found; what a computation works on besides does not grow
    with the number of cells, except for the search route, which keeps every pattern in several places. ``==`` and
    ``hash`` go by the limits.

    Raises ``ValueError`` unless the limits are positive, ``cells`` and ``bytes`` integers.

    >>> Budget(cells=1000)
    Budget(seconds=None, cells=1000, bytes=None)
    """

    seconds: float | None = None
    cells: int | None = None
    bytes: int | None = None
    _given: float | None = field(default=None, repr=False, compare=False)  # the seconds of which these are left

    def __post_init__(self) -> None:
        for name in ("cells", "bytes"):
            limit = getattr(self, name)
            if limit is not None:
                object.__setattr__(self, name, as_count(limit, f"budget: {name}"))
        if self.seconds is None:
            return
        if not is_real(self.seconds):
            raise ValueError(f"budget: seconds must be a number or None, got {described(self.seconds)}")
        if not self.seconds > 0:
            raise ValueError(f"budget: seconds must be positive or None, got {self.seconds}")

    @classmethod
    def of(cls, budget: Any, default: "Budget | None" = None) -> "Budget":
        """The budget given to a function: None means the default, of no limit; ``ValueError`` for anything else.

        >>> Budget.of(None), Budget.of(None, Budget(cells=3)).cells
        (Budget(seconds=None, cells=None, bytes=None), 3)
        """
        if budget is None:
            budget = cls() if default is None else default
        require(budget, cls, "budget", "a Budget such as Budget(seconds=60), or None")
        return budget


class Meter:
    """Counts cells against a budget and reports progress; made afresh for each computation."""

    def __init__(self, budget: Budget | None = None, progress: Progress | None = None) -> None:
        require_callable(progress, "progress")
        self.budget = Budget.of(budget)
        self.progress = progress
        self.cells = self.bytes = 0
        self._start = time.monotonic()

    def check_time(self) -> None:
        """Raise :class:`BudgetExhausted` if the time is over."""
        if self.seconds_left < 0:
            given = self.budget._given or self.budget.seconds
            after = f" after {self.cells} cells" if self.cells else ""
            raise BudgetExhausted(f"budget of {given:g} seconds exhausted{after}")

    @property
    def seconds_left(self) -> float:
        """The seconds that are left; negative once the time is over."""
        limit = self.budget.seconds
        return math.inf if limit is None else limit - self.seconds_spent

    @property
    def seconds_spent(self) -> float:
        """The seconds since it was made."""
        return time.monotonic() - self._start

    def timed(self, items: Iterable[T]) -> Iterator[T]:
        """The items, one by one while there is time."""
        for item in items:
            self.check_time()
            yield item

    def rest(self) -> Budget:
        """The budget with the seconds that are left of it: for a part that has a meter of its own.

        If these run out, the message names the seconds that were given.
        """
        budget = self.budget
        if budget.seconds is None:
            return budget
        return replace(budget, seconds=max(self.seconds_left, 1e-9), _given=budget._given or budget.seconds)

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
