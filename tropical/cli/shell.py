"""What the commands have in common: the user's time, progress on stderr, options."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from tropical.arithmetic.rationals import as_fraction
from tropical.budget import Budget, BudgetExhausted, Meter, Progress
from tropical.polyhedra.polyhedron import Box
from tropical_relu_cli import shell
from tropical_relu_cli.time_limit import OutOfTime, time_limit

_GRACE = 0.5  # seconds, in which a computation that heeds its budget gives what it has


class Commands(shell.Commands):
    """The group of the command ``tropical``."""

    stops = BudgetExhausted


class Clock:
    """What is left of the seconds that the user granted, across the steps of one command."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self.meter = Meter(Budget(seconds=seconds))

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self.meter.seconds_spent

    def budget(self) -> Budget:
        """The budget for the next step; :class:`BudgetExhausted` if nothing is left."""
        self.meter.check_time()
        return self.meter.rest()

    @contextmanager
    def enforced(self) -> Iterator[None]:
        """End the block with :class:`BudgetExhausted` a little after the time is over, whatever it does about it."""
        self.meter.check_time()
        left = self.meter.seconds_left
        try:
            with time_limit(None if self.seconds is None else left + _GRACE):
                yield
        except OutOfTime:
            self.meter.check_time()
            raise


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
