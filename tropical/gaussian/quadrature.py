"""Rigorous integrals whose integrand is Python code: nothing that interrupts it can be lost or spoil the result."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flint import acb, arb

from tropical.arguments import described, require

_RAISING = ("SIGINT", "SIGALRM", "SIGTERM")  # signals whose handlers may raise in the middle of an integrand


def enclosed_integral(integrand: Callable[[acb, bool], acb], start: Any, end: Any, tolerance: arb | None = None) -> acb:
    """The integral of an analytic function along the segment from start to end, as a complex ball (python-flint).

    The integrand gets a ball and whether it has to be analytic there, as for ``acb.integral``; without ``tolerance``
    the result is as narrow as the working precision allows. An exception in a callback of the binding can get lost and
    leave a wrong ball: here one of the integrand comes out as itself, and handlers of signals (Ctrl-C, timers) wait
    until the integral is done.

    >>> enclosed_integral(lambda z, _: 3 * z * z, 0, 1).real.contains(1)
    True
    """
    if not callable(integrand):
        raise ValueError(f"integrand must be a function, got {described(integrand)}")
    if tolerance is not None:
        require(tolerance, arb, "tolerance", "a ball of python-flint or None")
    start, end = _ball(start, "start"), _ball(end, "end")
    raised: list[BaseException] = []

    def guarded(z: acb, analytic: bool) -> acb:
        if not raised:
            try:
                return integrand(z, analytic)
            except BaseException as error:
                raised.append(error)
        return acb(0)  # of which the binding makes an integral at once: the quickest way out

    limits: dict[str, Any] = {} if tolerance is None else {"rel_tol": tolerance, "abs_tol": tolerance}
    with _signals_wait():
        found = acb.integral(guarded, start, end, **limits)
    if raised:
        raise raised[0]
    return found


def _ball(end: Any, where: str) -> acb:
    try:
        ball = acb("nan" if end is None else end)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where} must be a number or a ball of python-flint, got {described(end)}") from error
    if not ball.is_finite():
        raise ValueError(f"{where} must be finite, got {end}")
    return ball


@contextmanager
def _signals_wait() -> Iterator[None]:
    """Let Python's handlers of signals run after the body only; they run in the main thread and nowhere else."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in _RAISING if hasattr(signal, name)]
    handlers = {number: signal.getsignal(number) for number in numbers}
    waiting: list[int] = []
    taken = [number for number, handler in handlers.items() if callable(handler)]
    try:
        for number in taken:
            signal.signal(number, lambda number, frame: waiting.append(number))
        yield
    finally:
        for number in taken:
            signal.signal(number, handlers[number])
        for number in dict.fromkeys(waiting):
            signal.raise_signal(number)
