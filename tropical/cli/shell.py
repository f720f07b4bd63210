"""What the commands have in common: the user's time, progress on stderr, options."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import click

from tropical.budget import Budget, BudgetExhausted, Meter, Progress
from tropical.files import write_atomically
from tropical_relu_cli import shell, time_limit

_GRACE = 0.5  # seconds, in which a computation that heeds its budget gives what it has


class Commands(shell.Commands):
    """The group of the command ``tropical``."""

    stops = BudgetExhausted


class Clock(time_limit.Clock):
    """What is left of the seconds that the user granted, across the steps of one command."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__(seconds, BudgetExhausted)
        self._meter = Meter(Budget(seconds=seconds))

    def budget(self) -> Budget:
        """The budget for the next step; :class:`BudgetExhausted` if nothing is left."""
        self.left()
        return self._meter.rest()

    def enforced(self) -> AbstractContextManager[None]:
        """End the block with :class:`BudgetExhausted` a little after the time is over, whatever it does about it."""
        return self.limit(grace=_GRACE)


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
