"""Rigorous integrals are right, or end with what stopped them: nothing is lost inside the binding."""

import gc
import signal
import threading
import time

import pytest
from flint import acb, arb

import tropical as tp


class Stop(BaseException):
    """What a timer raises."""


def test_values():
    assert tp.enclosed_integral(lambda z, _: z.exp(), 0, 1).real.overlaps(arb(1).exp() - 1)
    loose = tp.enclosed_integral(lambda z, _: 1 / (1 + z * z), 0, 1, arb(2) ** -20).real
    assert loose.contains(arb.pi() / 4)
    assert loose.rad() < arb(2) ** -15


@pytest.mark.parametrize("error", [Stop, KeyboardInterrupt, ValueError])
@pytest.mark.parametrize("call", [1, 3, 7])
def test_an_exception_of_the_integrand_comes_out_as_itself(error, call):
    calls = []

    def integrand(z, _):
        calls.append(z)
        if len(calls) == call:
            raise error
        return (1 + 100 * z * z).sqrt()

    with pytest.raises(error):
        tp.enclosed_integral(integrand, -1, 1)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")
def test_a_signal_waits_for_the_end_and_is_not_lost():
    """However the timer falls, the handler's exception arrives, and no integral before it is wrong."""

    def over(number, frame):
        raise Stop

    before = signal.signal(signal.SIGALRM, over)
    gc.disable()  # a callback of the collector, such as that of hypothesis, would swallow what the handler raises
    try:
        for microseconds in range(50, 4050, 100):
            with pytest.raises(Stop):
                integrate_until(microseconds * 1e-6, seconds=5)
            assert signal.getsignal(signal.SIGALRM) is over
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        gc.enable()


def integrate_until(alarm, seconds):
    signal.setitimer(signal.ITIMER_REAL, alarm)  # which may ring at once
    truth, deadline = arb(1).exp() - 1, time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert tp.enclosed_integral(lambda z, _: z.exp(), 0, 1).real.overlaps(truth)


def test_other_threads_integrate_too():
    found = []
    thread = threading.Thread(target=lambda: found.append(tp.enclosed_integral(lambda z, _: z, 0, acb(2))))
    thread.start()
    thread.join()
    assert found[0].real.contains(2)
