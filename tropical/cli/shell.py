"""What the commands have in common: exit codes, one line for each error, the user's time, progress on stderr."""

import signal
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

import click

from tropical.budget import Budget, BudgetExhausted, Progress
from tropical.polyhedron import Box
from tropical.rationals import as_fraction

DONE, REFUTED, BAD_INPUT, UNKNOWN, DEFECT, INTERRUPTED = 0, 1, 2, 3, 70, 130
EXIT_CODE: Mapping[str, int] = {"proved": DONE, "refuted": REFUTED, "unknown": UNKNOWN}
_DEFECTS = (ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError)


class InputError(click.ClickException):
    """Bad input: one line with what was wrong, one with a hint, exit code 2."""

    exit_code = BAD_INPUT

    def __init__(self, message: str, command: str | None) -> None:
        super().__init__(message)
        self.command = command or "COMMAND"

    def show(self, file: Any = None) -> None:
        """Write both lines to stderr."""
        click.echo("Error: " + " ".join(self.message.split()), err=True)
        click.echo(f"Hint: `tropical {self.command} --help` says what it accepts, with examples.", err=True)


class Commands(click.Group):
    """A group whose commands end cleanly: bad input, an exhausted budget and Ctrl-C each have their exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; errors become one line on stderr."""
        try:
            return super().invoke(ctx)
        except ValueError as error:
            raise InputError(str(error), ctx.invoked_subcommand) from error
        except BrokenPipeError:
            raise
        except OSError as error:
            raise InputError(f"{error.filename}: {error.strerror}", ctx.invoked_subcommand) from error
        except BudgetExhausted as stop:
            click.echo(f"Stopped: {stop}", err=True)
            raise click.exceptions.Exit(UNKNOWN) from None
        except KeyboardInterrupt:
            click.echo("Interrupted: nothing was decided and nothing written.", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None
        except click.exceptions.Exit:
            raise
        except _DEFECTS:
            traceback.print_exc()
            click.echo("This is a defect of the program, not a verdict: please report it.", err=True)
            raise click.exceptions.Exit(DEFECT) from None


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
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raise :class:`BudgetExhausted` inside the block after so many seconds; for steps that take no budget.

    Where the system has no interval timer (Windows) the block runs to its end.
    """
    if seconds is None or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise BudgetExhausted(f"budget of {seconds:g} seconds exhausted")

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


as_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
timeout_option = click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), help="Stop after this many seconds."
)
box_option = click.option(
    "--box",
    type=(str, str),
    metavar="LOWER UPPER",
    help='Restrict every input to [LOWER, UPPER], integers or "p/q"; default: all of R^n.',
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
