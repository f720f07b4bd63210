"""Standard streams for a command whose exit code is a verdict."""

import io
import os
import sys
from collections.abc import Callable
from typing import TextIO

from tropical_relu_cli import UNWRITTEN


class Unwritten(Exception):  # noqa: N818 - what happened to the result, not to the program
    """Standard output could not be written; no ``OSError``, for which click and rich end the process with code 1."""


class _Results(io.FileIO):
    """A file whose first failing write raises :class:`Unwritten`; what follows it is dropped."""

    lost = False

    def write(self, data: bytes) -> int:  # type: ignore[override]
        try:
            written = len(data) if self.lost else super().write(data)
            if written is None:
                raise OSError(None, "it takes nothing at the moment")
        except OSError as error:
            self.lost = True
            raise Unwritten(error.strerror) from error
        return written


class _Progress(io.FileIO):
    """A file that drops what cannot be written."""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        try:
            return super().write(data) or len(data)
        except OSError:
            return len(data)


def code_if_written(run: Callable[[], int]) -> int:
    """The exit code that ``run`` returns if all that it printed was written, else another one."""
    try:
        if sys.stdout is sys.__stdout__:
            _prepare()
        code = run()
        sys.stdout.flush()
    except Unwritten as error:
        sys.stderr.write(f"Error: the result could not be written to standard output: {error}\n")
        return UNWRITTEN
    return code


def _prepare() -> None:
    """Let standard output raise :class:`Unwritten`, standard error nothing, and both print every character."""
    closed = sys.stdout is None
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the free number, so that no file that is opened later gets it
    if os.name == "posix":  # a console of Windows is no file
        sys.stderr = _text(_Progress(2, "w", closefd=False), sys.stderr)
        sys.stdout = _text(_Results(1, "w", closefd=False), sys.stdout)
    if closed:
        raise Unwritten("it is closed")


def _text(file: io.FileIO, like: TextIO | None) -> io.TextIOWrapper:
    encoding = "utf-8" if like is None else like.encoding
    return io.TextIOWrapper(io.BufferedWriter(file), encoding, "backslashreplace", line_buffering=True)
