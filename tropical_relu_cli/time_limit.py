"""Interruption by the clock."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_AGAIN_SECONDS = 10.0
_LONGEST_TIMER = 1e8  # seconds, three years: what every system's timer can hold


class OutOfTime(BaseException):
    """The time is over. Like Ctrl-C no exception of a computation, so that no computation takes it for one."""


class Clock:
    """The seconds that the user granted one command, from its start on; ``over`` is raised once they are gone."""

    def __init__(self, seconds: float | None, over: Callable[[str], Exception]) -> None:
        self.seconds, self._over = seconds, over
        self._start = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start

    def left(self) -> float | None:
        """The seconds that are left, None where there is no limit."""
        if self.seconds is None:
            return None
        left = self.seconds - self.elapsed
        if left <= 0:
            raise self._over(self._text)
        return left

    @contextmanager
    def limit(self, least: float | None = None, grace: float = 0.0) -> Iterator[None]:
        """End the block when the time is over: for what takes no budget, such as reading and writing files.

        ``least``: seconds that it has in any case; ``grace``: seconds more, for what should end by itself.
        """
        left = self.left() if least is None or self.seconds is None else max(self.seconds - self.elapsed, least)
        try:
            with time_limit(None if left is None else left + grace):
                yield
        except OutOfTime:
            raise self._over(self._text) from None

    @property
    def _text(self) -> str:
        return f"budget of {self.seconds:g} seconds exhausted"


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
        """Turn the alarm into the exception; once more later on, should a destructor swallow it."""
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
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
