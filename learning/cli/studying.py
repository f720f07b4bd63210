"""``relu-learn scaling``: the study of samples, time and errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from learning.cli.shell import as_json_option, say
from tropical_relu_cli import DONE, INTERRUPTED, UNKNOWN, shell

if TYPE_CHECKING:
    from learning.scaling import Event


@click.command()
@click.option(
    "-o", "--out", "--output", type=shell.FilePath(), required=True, metavar="DIR", help="Where runs and report go."
)
@click.option("--part", "parts", type=click.Choice(list("abcdef")), multiple=True, help="Only this part; repeatable.")
@click.option("--size", type=click.Choice(["tiny", "small", "full"]), default="small", show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the study.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes; timings use one.")
@click.option("--timeout", type=shell.Seconds(), metavar="S", help="Stop measuring after S seconds.")
@as_json_option
def scaling(
    out: Path, parts: tuple[str, ...], size: str, seed: int, jobs: int, timeout: float | None, as_json: bool
) -> None:
    """Measure how samples, time and errors of the learner scale: the study behind the claims.

    Parts: (a) sin² of one pass against N/d, (b) samples and (c) time against d, (d) samples against vanishing degree,
    beside Adam, (e) exactly recovered fraction, (f) errors of the stopping test. DIR gets runs.jsonl, scaling.md,
    scaling.json and a picture for each part. Every finished run is kept: the same command goes on where an earlier one
    ended. Size tiny takes seconds, small minutes, full about half an hour with two jobs.

    Exit code 0: done. 3: stopped by --timeout. 130: by Ctrl-C. The report says what is missing.
    """
    from learning.reports.publishing import writable
    from learning.scaling import PARTS, run_study

    writable(out)
    try:
        with _progress() as progress:
            report = run_study(
                out, parts=parts or tuple(PARTS), size=size, seed=seed, jobs=jobs, timeout=timeout, progress=progress
            )
    except OSError as error:
        raise ValueError(f"--out: {out} cannot be written: {error}") from error
    lines = [f"({part.part.letter}) {part.part.name}: {part.state}" for part in report.parts]
    lines += [f"stopped: {report.stopped}"] if report.stopped else []
    click.echo(json.dumps(report.as_dict()) if as_json else "\n".join([*lines, f"Report: {out / 'scaling.md'}"]))
    raise click.exceptions.Exit(DONE if report.complete else INTERRUPTED if report.interrupted else UNKNOWN)


@contextmanager
def _progress() -> Iterator[Callable[[Event], None]]:
    """Show events of a study on stderr: a bar on a terminal, lines elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda event: say(f"[{event.done}/{event.total}] {event.text}")
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("")
        yield lambda event: bar.update(task, completed=event.done, total=event.total, description=event.text)
