"""Settings of the whole run: pictures without a display, one core for each worker, reproducible and untimed properties.

Of the workers of a run on a fresh machine one compiles the kernels; the others wait for it and load them from the disk.
"""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # two workers with two threads each wait for one another
settings.register_profile("reproducible", deadline=None, derandomize=True, max_examples=40)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("reproducible")


def pytest_configure(config: pytest.Config) -> None:
    if sys.platform != "win32" and hasattr(config, "workerinput"):
        from tropical.activation.compiled import loading

        loading._compile = _one_at_a_time(loading._compile)


def _one_at_a_time(function):
    """The function, which processes that share this file call one after another."""
    import fcntl

    def locked(*arguments):
        with Path(__file__).open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            return function(*arguments)

    return locked
