"""The study: plan the runs, carry out those that are missing, keep each, then tables and pictures of what there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from learning.reports.publishing import publish
from learning.scaling import (
    recovered_fraction,
    samples_by_degree,
    samples_by_dimension,
    sine_curve,
    stopping_errors,
    time_by_dimension,
)
from learning.scaling.documents import documents
from learning.scaling.execution import finished_runs
from learning.scaling.ledger import Ledger
from learning.scaling.part import SIZES, Row, Run
from learning.scaling.report import BY_CTRL_C, PartReport, StudyReport
from tropical_relu_cli.time_limit import OutOfTime, time_limit

__all__ = ["PARTS", "Event", "run_study"]

PARTS = MappingProxyType(
    {
        module.PART.letter: module.PART
        for module in (
            sine_curve,
            samples_by_dimension,
            time_by_dimension,
            samples_by_degree,
            recovered_fraction,
            stopping_errors,
        )
    }
)
"""The parts of the study by their letters, "a" to "f"."""


@dataclass(frozen=True)
class Event:
    """Progress: runs that are done, of how many; what happened, in words. The first event of a study has no run."""

    done: int
    total: int
    text: str


def _quiet(event: Event) -> None:
    """Progress that nobody watches."""


def run_study(
    out: Path,
    *,
    parts: Sequence[str] = tuple(PARTS),
    size: str = "small",
    seed: int = 0,
    jobs: int = 1,
    timeout: float | None = None,
    progress: Callable[[Event], None] = _quiet,
) -> StudyReport:
    r"""Measure, keep every finished run in ``out``/runs.jsonl, then write scaling.md, scaling.json and the pictures.

    Runs that the file has already are not done again. Ctrl-C and the timeout end the measuring, not the writing: then
    the report is marked incomplete and says why. Parts that were not asked for are reported from the file as well.

    Parameters
    ----------
    out : folder, made if need be. parts : letters of `PARTS`. size : one of `SIZES`. seed : of everything that is
        random. jobs : processes; timings are taken with one. timeout : seconds for measuring. progress : called with
        every `Event`.

    Raises
    ------
    ValueError : unknown parts or size, jobs below one, a negative seed, or a folder that has runs of another study.
    OSError : ``out`` cannot be written to.

    Source: THEORY sections 2 and 5, L8, L12, L14.
    """
    unknown = [letter for letter in parts if letter not in PARTS]
    if unknown or not parts:
        raise ValueError(f"parts must be among {', '.join(PARTS)}; got {', '.join(map(repr, unknown)) or 'none'}")
    if size not in SIZES:
        raise ValueError(f"size must be one of {', '.join(SIZES)}; got {size!r}")
    if jobs < 1 or seed < 0 or (timeout is not None and not timeout > 0.0):
        raise ValueError(f"jobs and timeout must be positive, seed not negative; got {jobs}, {timeout}, {seed}")
    planned = {part.letter: [Run(part.letter, p) for p in part.plan(size)] for part in PARTS.values()}
    study = {"study": "relu-learn scaling", "format": 1, "seed": seed, "size": size}
    ledger = Ledger.open(out / "runs.jsonl", study)
    _require_alike(ledger, [run for runs in planned.values() for run in runs])
    out.mkdir(parents=True, exist_ok=True)
    asked = [run for letter in PARTS if letter in parts for run in planned[letter]]
    rows, stopped = _measure(ledger, asked, jobs, timeout, progress)
    reports = [
        PartReport(part, [rows.get(run.key) for run in planned[part.letter]], part.letter in parts)
        for part in PARTS.values()
    ]
    report = StudyReport(seed, size, tuple(each for each in reports if each.asked or each.rows), stopped)
    publish(out, documents(report))
    return report


def _require_alike(ledger: Ledger, runs: Sequence[Run]) -> None:
    """``ValueError`` if two kept runs with parameters of the same names have results of different names."""
    names = dict[tuple[str, frozenset[str]], frozenset[str]]()
    for run in runs:
        if run.key in ledger.rows:
            found = frozenset(ledger.rows[run.key])
            first = names.setdefault((run.letter, frozenset(run.parameters)), found)
            if found != first:
                odd = ", ".join(sorted(found ^ first))
                raise ValueError(
                    f"{ledger.path}: of the run {run.key} and one like it only one has {odd}: remove a line"
                )


def _measure(
    ledger: Ledger, asked: Sequence[Run], jobs: int, timeout: float | None, progress: Callable[[Event], None]
) -> tuple[dict[str, Row], str | None]:
    """Rows by key, of this call and of the file, and why the measuring stopped, if it did."""
    missing = [run for run in asked if run.key not in ledger.rows]
    functions = {letter: part.run for letter, part in PARTS.items()}
    alone = {letter for letter, part in PARTS.items() if part.alone}
    done, not_run = len(asked) - len(missing), dict[str, Row]()
    stopped = None
    try:
        if ledger.note:
            progress(Event(done, len(asked), ledger.note))
        progress(Event(done, len(asked), f"{done} of {len(asked)} runs are there already"))
        ending = finished_runs(missing, functions, seed=ledger.study["seed"], jobs=jobs, alone=alone)
        with time_limit(timeout) as check, closing(ending) as ended:
            for run, row, seconds in ended:
                if "not_run" in row:
                    not_run[run.key] = {**run.parameters, **row, "seconds": 0.0}
                else:
                    ledger.append(run, row, seconds)
                done += 1
                progress(Event(done, len(asked), f"{run.text}: {seconds:.2f} s"))
                check()
    except KeyboardInterrupt:
        stopped = BY_CTRL_C
    except OutOfTime:
        stopped = f"the time of {timeout:g} seconds is over"
    except BrokenProcessPool:
        stopped = "a process ended abruptly (memory exhausted, perhaps)"
    return {**ledger.rows, **not_run}, stopped
