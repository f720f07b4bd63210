"""Interruption by the clock."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_LONGEST_TIMER = 1e8  # seconds, three years: what every system's timer can hold


class OutOfTime(BaseException):
    """The time is over. Like Ctrl-C no exception of a computation, so that no computation takes it for one."""


@contextmanager
def time_limit(seconds: float | None) -> Iterator[Callable[[], None]]:
    """Raise :class:`OutOfTime` in the body once the time is over, wherever a timer signal can.

    By a timer signal, since numerical libraries take no budget. Where there is no timer (Windows, threads other than
    the main one) only calls of the check that it gives raise it.
    """
    deadline = None if seconds is None else time.monotonic() + seconds

    def check() -> None:
        """Raise if the time is over."""
        if deadline is not None and time.monotonic() > deadline:
            raise OutOfTime

    def over(number: int, frame: FrameType | None) -> None:
        """Turn the alarm into the exception."""
        raise OutOfTime

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
