"""What the commands have in common: exit codes, one line for each error, the user's time, progress on stderr."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

import tropical as tp

DONE, REFUTED, BAD_INPUT, UNKNOWN, DEFECT, INTERRUPTED = 0, 1, 2, 3, 70, 130
EXIT_CODE: Mapping[str, int] = {"proved": DONE, "refuted": REFUTED, "unknown": UNKNOWN}
_DEFECTS = (ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError)


class InputError(click.ClickException):
    """Bad input: one line with what was wrong, one with a hint, exit code 2."""

    exit_code = BAD_INPUT

    def show(self, file: Any = None) -> None:
        """Write both lines to stderr."""
        click.echo("Error: " + " ".join(self.message.split()), err=True)
        click.echo("Hint: `relu-learn COMMAND --help` says what each command accepts.", err=True)


class Commands(click.Group):
    """A group whose commands end cleanly: bad input and Ctrl-C each have their exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; errors become one line on stderr."""
        try:
            return super().invoke(ctx)
        except ValueError as error:
            raise InputError(str(error)) from error
        except KeyboardInterrupt:
            click.echo("Interrupted: nothing was decided and nothing written.", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None
        except click.exceptions.Exit:
            raise
        except _DEFECTS:
            traceback.print_exc()
            click.echo("This is a defect of the program, not a verdict: please report it.", err=True)
            raise click.exceptions.Exit(DEFECT) from None


as_json_option = click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")


def scalar_network(path: Path, purpose: str) -> tp.ReLUNetwork:
    """The network of a file; ``ValueError`` unless it has one output."""
    net = tp.load_network(path)
    if net.output_dim != 1:
        raise ValueError(f"{path}: {purpose} needs a network with one output, this one has {net.output_dim}")
    return net


def say(text: str) -> None:
    """One line of progress."""
    click.echo(text, err=True)
