"""The entry points of ``tropical`` and ``relu-learn``: nothing that goes wrong, from the first import on, ends in 1."""

import sys

from tropical_relu_cli import DEFECT, INTERRUPTED


def tropical() -> int:
    """Run the command ``tropical``; return its exit code."""
    return _run("tropical.cli")


def relu_learn() -> int:
    """Run the command ``relu-learn``; return its exit code."""
    return _run("learning.cli")


def _run(module: str) -> int:
    code = DEFECT
    try:
        _exit_in_c(DEFECT)
        from importlib import import_module

        from tropical_relu_cli.streams import code_if_written

        code = code_if_written(lambda: import_module(module).main.run())
        _exit_in_c(code)
    except KeyboardInterrupt:
        code = INTERRUPTED
        _exit_in_c(code)
    # Whatever else comes here, even SystemExit of a package that is imported, is not a verdict and must not look like
    # one: Python would end in 1.
    except BaseException:
        code = DEFECT
        _report()
    return code


def _exit_in_c(code: int) -> None:
    """Let this be the exit code if a library calls C's ``exit``, as OpenBLAS does with 1 where memory is short.

    Of several calls the last holds: ``exit`` runs what was registered last first, and ``_exit`` runs nothing more.
    """
    try:
        import ctypes

        libc = ctypes.CDLL(None)
        libc.__cxa_atexit(libc._exit, ctypes.c_void_p(code), None)
    except (ImportError, AttributeError, TypeError, OSError):
        return  # a system without it, such as Windows


def _report() -> None:
    """The traceback on standard error, as far as there is memory for it."""
    try:
        import traceback

        traceback.print_exc()
        sys.stderr.write("This is a defect of the program or of its installation, not a verdict.\n")
    except BaseException:  # the exit code matters more
        return
