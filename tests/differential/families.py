"""A family: seeded cases, each of which is checked against another program and says what came out of it."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from oracles.checker_mutants import Endless, limited

SECONDS = 60.0  # of processor time for one case; nearly all take a fraction of a second


@dataclass(frozen=True)
class Family:
    """``check(seed)`` raises where something is wrong, with the case in the message, and returns what it found, such
    as "proved". ``full`` cases are the whole count, from the seed ``first`` on, ``few`` of them a sample; each of the
    ``outcomes`` must be had at least once in the whole count. ``needs`` are modules that may be missing.
    """

    check: Callable[[int], str]
    first: int
    full: int
    few: int
    outcomes: tuple[str, ...]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """How often each outcome was had, the processor time in seconds, and the seed that took longest."""

    outcomes: Counter[str]
    seconds: float
    slowest: int

    def __str__(self) -> str:
        outcomes = "; ".join(f"{outcome}: {count}" for outcome, count in sorted(self.outcomes.items()))
        return f"{self.outcomes.total()} cases, {self.seconds:.0f} s (longest: seed {self.slowest}): {outcomes}"


def run(name: str, family: Family, count: int) -> Run:
    """The first cases of a family; all were right, and none was endless."""
    outcomes: Counter[str] = Counter()
    spent = {}
    for seed in range(family.first, family.first + count):
        start = time.process_time()
        try:
            with limited(SECONDS):
                outcomes[family.check(seed)] += 1
        except Endless:
            raise AssertionError(f"{name}, seed {seed}: no end within {SECONDS} s") from None
        except Exception as error:
            error.add_note(f"{name}, seed {seed}; again: FAMILIES[{name!r}].check({seed})")
            raise
        spent[seed] = time.process_time() - start
    return Run(outcomes, sum(spent.values()), max(spent, key=spent.__getitem__))
