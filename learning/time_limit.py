"""Interruption by the clock."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["OutOfTime", "time_limit"]

_LONGEST_TIMER = 1e8  # seconds, three years: what every system's timer can hold


class OutOfTime(BaseException):
    """The time is over. Like Ctrl-C no exception of a computation, so that no computation takes it for one."""


@contextmanager
def time_limit(seconds: float | None, error: Callable[[], BaseException] = OutOfTime) -> Iterator[Callable[[], None]]:
    """Raise ``error`` in the body once the time is over, wherever a timer signal can; give a check for elsewhere.

    By a timer signal, since numerical libraries take no budget. Where there is no timer (Windows, threads other than
    the main one) only calls of the check raise it.
    """
    deadline = None if seconds is None else time.monotonic() + seconds

    def check() -> None:
        """Raise if the time is over."""
        if deadline is not None and time.monotonic() > deadline:
            raise error()

    def over(number: int, frame: FrameType | None) -> None:
        """Turn the alarm into the exception."""
        raise error()

    usable = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if seconds is None or not usable:
        yield check
        return
    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, min(seconds, _LONGEST_TIMER))
    try:
        yield check
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
