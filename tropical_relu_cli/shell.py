"""Groups of commands that end cleanly: one line for bad input, an exit code for each way to end."""

import math
import sys
import traceback
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

from tropical_relu_cli import BAD_INPUT, DEFECT, DONE, INTERRUPTED, REFUTED, UNKNOWN
from tropical_relu_cli.streams import Unwritten, code_if_written

EXIT_CODE: Mapping[str, int] = MappingProxyType({"proved": DONE, "refuted": REFUTED, "unknown": UNKNOWN})
"""Of the status of a verdict."""


class FilePath(click.Path):
    """The path of a file or folder; the empty text, such as a shell variable without a value, names none."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path."""
        if value == "":
            self.fail("the empty text names no file.", param, ctx)
        return super().convert(value, param, ctx)


class Seconds(click.FloatRange):
    """A number of seconds, positive and finite."""

    def __init__(self) -> None:
        super().__init__(min=0, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number."""
        seconds = super().convert(value, param, ctx)
        if not math.isfinite(seconds):
            self.fail(f"{seconds} is not a finite number.", param, ctx)
        return seconds


class InputError(click.ClickException):
    """Bad input: one line with what was wrong, one with a hint, exit code 2."""

    exit_code = BAD_INPUT

    def __init__(self, message: str, command: str) -> None:
        super().__init__(message)
        self.command = command

    def show(self, file: Any = None) -> None:
        """Write both lines to stderr."""
        click.echo("Error: " + " ".join(self.message.split()), err=True)
        click.echo(f"Hint: `{self.command} --help` says what it accepts.", err=True)


class Commands(click.Group):
    """A group whose commands say how they end: whatever goes wrong has an exit code of its own, and 1 is none of these.

    ``stops``: the exception that says that a budget is exhausted.
    """

    stops: type[Exception]

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run the command that the arguments name, and exit."""
        if standalone_mode:
            sys.exit(code_if_written(lambda: self.run(*args, **extra)))
        main: Any = super().main
        return main(*args, standalone_mode=False, **extra)

    def run(self, *args: Any, **extra: Any) -> int:
        """Run the command that the arguments name; return its exit code, where click itself would end in 1."""
        try:
            code: int | None = self.main(*args, standalone_mode=False, **extra)
        except click.ClickException as error:
            error.show()
            return BAD_INPUT
        except click.Abort:  # Ctrl-C outside of any command
            return INTERRUPTED
        except SystemExit as end:  # completion in the shell
            return BAD_INPUT if end.code else DONE
        return code or DONE

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; errors and warnings become one line on stderr."""
        try:
            with warnings.catch_warnings():
                warnings.showwarning = _show  # without a line of the program's code
                return super().invoke(ctx)
        except (click.exceptions.Exit, click.Abort, click.ClickException, Unwritten):
            raise
        except self.stops as stop:
            click.echo(f"Stopped: {stop}", err=True)
            raise click.exceptions.Exit(UNKNOWN) from None
        except KeyboardInterrupt:
            click.echo("Interrupted: nothing was decided and nothing written.", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None
        # Any other exception, and SystemExit of a library, is a defect, which must not look like a verdict.
        except (Exception, SystemExit) as error:
            named = isinstance(error, OSError) and error.filename is not None
            if named or isinstance(error, ValueError):
                raise InputError(_text(error), f"{ctx.command_path} {ctx.invoked_subcommand}") from error
            traceback.print_exc()
            click.echo("This is a defect of the program, not a verdict: please report it.", err=True)
            raise click.exceptions.Exit(DEFECT) from None


def _show(message: Warning | str, *where: Any, **more: Any) -> None:
    click.echo("Warning: " + " ".join(str(message).split()), err=True)


def _text(error: BaseException) -> str:
    return f"{error.filename}: {error.strerror or error}" if isinstance(error, OSError) else str(error)
