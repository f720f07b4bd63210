"""Loading the compiled code, which is announced where it takes long: once on a machine it has to be compiled."""

import functools
import threading

from tropical.activation.compiled.kernels.cache_folder import say

_SILENT_SECONDS = 1.5  # loading cached code takes less, compiling more


@functools.cache
def load() -> None:
    """Load the compiled code, or compile it on its first use on this machine and say so on standard error."""
    notice = threading.Timer(_SILENT_SECONDS, say, ["compiling, about a minute, once on this machine ..."])
    notice.daemon = True
    notice.start()
    try:
        _compile()
    finally:
        notice.cancel()


def is_loaded() -> bool:
    """Whether this process has loaded the compiled code, so that using it costs nothing more."""
    return load.cache_info().currsize > 0


def _compile() -> None:
    from tropical.activation.compiled.kernels.signatures import compile_all

    compile_all()
