"""What the commands have in common: the user's time, progress on stderr, options."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from tropical.arithmetic.rationals import as_fraction
from tropical.budget import Budget, BudgetExhausted, Meter, Progress
from tropical.polyhedra.polyhedron import Box
from tropical_relu_cli import shell, time_limit


class Commands(shell.Commands):
    """The group of the command ``tropical``."""

    stops = BudgetExhausted


class Clock(time_limit.Clock):
    """What is left of the seconds that the user granted, across the steps of one command."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__(seconds, BudgetExhausted)
        self._meter = Meter(None if seconds is None else Budget(seconds=seconds))

    def budget(self) -> Budget:
        """The budget for the next step; :class:`BudgetExhausted` if nothing is left."""
        self.left()
        return self._meter.rest()


as_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
timeout_option = click.option("--timeout", type=shell.Seconds(), help="Stop after this many seconds.")
box_option = click.option(
    "--box",
    type=(str, str),
    metavar="LOWER UPPER",
    help='Restrict every input to [LOWER, UPPER], decimals or "p/q"; default: all of R^n.',
)


def cube(box: tuple[str, str] | None, dim: int) -> Box | None:
    """The domain that ``--box`` names."""
    if box is None:
        return None
    low, high = (as_fraction(text, "--box") for text in box)
    return Box([low] * dim, [high] * dim)


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
