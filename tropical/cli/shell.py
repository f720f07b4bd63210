"""What the commands have in common: the user's time, progress on stderr, options."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from tropical.budget import Budget, BudgetExhausted, Progress
from tropical.files import write_atomically
from tropical_relu_cli import shell
from tropical_relu_cli.time_limit import OutOfTime, time_limit


class Commands(shell.Commands):
    """The group of the command ``tropical``."""

    stops = BudgetExhausted


class Clock:
    """What is left of the seconds that the user granted, across the steps of one command."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self.start = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.start

    def budget(self) -> Budget:
        """The budget for the next step; :class:`BudgetExhausted` if nothing is left."""
        if self.seconds is None:
            return Budget()
        if self.elapsed >= self.seconds:
            raise BudgetExhausted(f"budget of {self.seconds:g} seconds exhausted")
        return Budget(seconds=self.seconds - self.elapsed)


@contextmanager
def within(seconds: float | None) -> Iterator[None]:
    """End the block with :class:`BudgetExhausted` after so many seconds; for steps that take no budget."""
    try:
        with time_limit(seconds):
            yield
    except OutOfTime:
        raise BudgetExhausted(f"budget of {seconds:g} seconds exhausted") from None


as_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
timeout_option = click.option("--timeout", type=shell.Seconds(), help="Stop after this many seconds.")
report_option = click.option(
    "-o", "--out", "--output", type=shell.FilePath(), metavar="FILE", help="Write the JSON object to FILE as well."
)


def publish(summary: Mapping[str, Any], out: Path | None, as_json: bool, show: Callable[[], None]) -> None:
    """Print a result, as one JSON object or as ``show`` does, and then give the object to the file, if there is one."""
    text = json.dumps(summary)
    if as_json:
        click.echo(text)
    else:
        show()
    if out is not None:
        write_atomically(out, f"{text}\n".encode())


@contextmanager
def progress(text: str) -> Iterator[Progress]:
    """Say on stderr what is going on: a live count on a terminal, else one line."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        click.echo(f"{text} ...", err=True)
        yield lambda cells: None
        return
    with console.status(text) as status:
        yield lambda cells: status.update(f"{text}: {cells} cells") if cells % 64 == 0 else None
