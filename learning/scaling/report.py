"""The study as far as it has come, and its tables."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from typing import Any

from learning.scaling.part import Part, Row, Table

__all__ = ["BY_CTRL_C", "PartReport", "StudyReport"]

BY_CTRL_C = "interrupted"
"""Why the measuring stopped, if Ctrl-C ended it."""
_VERSIONS = ("tropical-relu", "numpy", "scipy", "scikit-learn", "torch")


@dataclass(frozen=True)
class PartReport:
    """One part: results in the order of the plan, None where a run is missing; whether the part was asked for."""

    part: Part
    results: Sequence[Row | None]
    asked: bool

    @cached_property
    def rows(self) -> list[Row]:
        """The rows that are there, in the order of the plan."""
        return [row for row in self.results if row is not None]

    @property
    def complete(self) -> bool:
        """Whether every run of the plan has ended."""
        return len(self.rows) == len(self.results)

    @cached_property
    def table(self) -> Table | None:
        """The table of the rows that are there; None without any."""
        return self.part.summarise(self.rows) if self.rows else None

    @property
    def state(self) -> str:
        """How much of the part is there, in words."""
        return f"{len(self.rows)} of {len(self.results)} runs" + ("" if self.complete else ": INCOMPLETE")

    @property
    def seconds(self) -> float:
        """Time of the runs that are there, added up."""
        return round(sum(row["seconds"] for row in self.rows), 2)

    def as_dict(self) -> dict[str, Any]:
        """The part as it stands in ``scaling.json``."""
        found: dict[str, Any] = {"name": self.part.name, "question": self.part.question, "complete": self.complete}
        found.update(runs=len(self.rows), planned=len(self.results), run_seconds=self.seconds)
        if self.table is not None:
            table = {"columns": list(self.table.columns), "rows": [list(row) for row in self.table.rows]}
            found.update(table=table, findings=dict(self.table.findings), notes=list(self.table.notes))
        return found


@dataclass(frozen=True)
class StudyReport:
    """All parts that were asked for or have runs; ``stopped`` says why the measuring ended early, if it did."""

    seed: int
    size: str
    parts: tuple[PartReport, ...]
    stopped: str | None

    @property
    def complete(self) -> bool:
        """Whether every run that was asked for has ended."""
        return all(part.complete for part in self.parts if part.asked)

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the measuring."""
        return self.stopped == BY_CTRL_C

    @property
    def command(self) -> str:
        """What regenerates the study, but for the folder."""
        return f"relu-learn scaling --out DIR --size {self.size} --seed {self.seed}"

    def as_dict(self) -> dict[str, Any]:
        """The content of ``scaling.json``."""
        return {
            "study": "relu-learn scaling",
            "command": self.command,
            "seed": self.seed,
            "size": self.size,
            "complete": self.complete,
            "stopped": self.stopped,
            "parts": {part.part.letter: part.as_dict() for part in self.parts},
            "machine": machine(),
        }


def machine() -> dict[str, Any]:
    """What the report was written on."""
    found: dict[str, Any] = {"system": platform.system(), "machine": platform.machine(), "cores": os.cpu_count()}
    found.update(python=platform.python_version(), blas_threads_per_run=1)
    return {**found, "versions": {name: _version(name) for name in _VERSIONS}}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
