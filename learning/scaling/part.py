"""What a part of the study is: a question, runs that are pure functions with a seed, a table, a picture."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SIZES", "Parameters", "Part", "Row", "Run", "Table"]

Parameters = Mapping[str, Any]
Row = dict[str, Any]

SIZES = ("tiny", "small", "full")
"""Sizes of a study: seconds, for tests; some minutes on one core; what the documentation shows."""


@dataclass(frozen=True)
class Table:
    """What the runs of a part say together.

    Attributes
    ----------
    columns, rows : headings and cells; a cell is text, a number, an interval [lower, upper] or None for "nothing".
    findings : named figures for machines, slopes for instance. notes : sentences for readers.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    findings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """One question of the study.

    Attributes
    ----------
    letter, name, question : "a" to "f", a file name without suffix, what is asked.
    plan : size -> parameters of all runs. run : (parameters, seed) -> row that JSON can hold; apart from times it
        depends on these two alone. A row with the entry "not_run" says why nothing was measured, and is not kept.
    summarise : rows -> table, and draw : (rows, axes) -> None, for whatever rows there are, at least one. Such a row is
        parameters and result together, and "seconds", the wall time of the run.
    alone : whether runs must have no other run beside them, because their time is the result.
    """

    letter: str
    name: str
    question: str
    plan: Callable[[str], list[Row]]
    run: Callable[[Parameters, int], Row]
    summarise: Callable[[list[Row]], Table]
    draw: Callable[[list[Row], Axes], None]
    alone: bool = False


@dataclass(frozen=True)
class Run:
    """One run: a part and its parameters.

    >>> Run("a", {"d": 10, "instance": "h6"}).key
    'a {"d": 10, "instance": "h6"}'
    """

    letter: str
    parameters: Parameters

    @property
    def key(self) -> str:
        """Name of the run: all its parameters, so that a run with others is another run."""
        return f"{self.letter} {json.dumps(self.parameters, sort_keys=True)}"

    @property
    def text(self) -> str:
        """The run in a few words, for progress."""
        shown = [str(value) for value in self.parameters.values() if isinstance(value, int | str)]
        return f"({self.letter}) {', '.join(shown)}"

    def seed(self, study_seed: int) -> int:
        """Seed of the run, in [0, 2⁶³): a hash of the study's seed and the key."""
        digest = hashlib.sha256(f"{study_seed} {self.key}".encode()).digest()
        return int.from_bytes(digest[:8]) >> 1
