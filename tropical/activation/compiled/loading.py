"""Loading the compiled code, which is announced where it takes long: once on a machine it has to be compiled."""

import contextlib
import functools
import threading

from tropical.activation.compiled.kernels.cache_folder import cache_folder, say

LOADING_SECONDS = 0.7
"""What loading takes about where the code is kept on the disk."""
COMPILING_SECONDS = 30.0
"""What compiling takes about; more on a busy machine."""
_SILENT_SECONDS = 10.0  # loading takes less even on a busy machine; what is kept may be damaged or of another processor
_NOTICE = "compiling, about a minute, once on this machine ..."
_MARK = "complete"  # a file beside the code, written once all of it is there
_ONE_AT_A_TIME = threading.Lock()


def load() -> None:
    """Load the compiled code, or compile it on its first use on this machine and say so on standard error."""
    with _ONE_AT_A_TIME:  # of several threads the first does it, and says so once
        _load()


@functools.cache
def _load() -> None:
    if not is_kept():
        say(_NOTICE)
        _compile()
        _mark()
        return
    notice = threading.Timer(_SILENT_SECONDS, say, [_NOTICE])
    notice.daemon = True
    notice.start()
    try:
        _compile()
    finally:
        notice.cancel()


def is_loaded() -> bool:
    """Whether this process has loaded the compiled code, so that using it costs nothing more."""
    return _load.cache_info().currsize > 0


def is_kept() -> bool:
    """Whether nothing has to be compiled. To tell takes as long as to import numba."""
    import numba

    folder = cache_folder()
    return bool(getattr(numba.config, "DISABLE_JIT", False)) or (folder is not None and (folder / _MARK).exists())


def _mark() -> None:
    folder = cache_folder()
    if folder is not None:
        with contextlib.suppress(OSError):
            (folder / _MARK).touch()


def _compile() -> None:
    from tropical.activation.compiled.kernels.signatures import compile_all

    compile_all()
