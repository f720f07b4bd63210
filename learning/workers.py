"""Calls handed to an executor: what goes wrong with it, not in the call, is one error that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import Any, TypeVar

__all__ = ["result_of", "submitted"]

Result = TypeVar("Result")


def submitted(executor: Executor, function: Callable[..., Result], *arguments: Any) -> Future[Result]:
    """The call, handed out; ValueError if the executor takes none: it was shut down, or lost a worker earlier."""
    try:
        return executor.submit(function, *arguments)
    except RuntimeError as error:
        raise ValueError(f"executor takes no work, make a new one: {error}") from error


def result_of(future: Future[Result]) -> Result:
    """What the call returned; the same kind of BrokenExecutor, saying what to do, if its worker was killed."""
    try:
        return future.result()
    except BrokenExecutor as error:
        raise type(error)(
            "a worker of the executor ended abruptly (killed, or out of memory): make a new one, with fewer workers if"
            " memory is short, or leave executor out"
        ) from error
