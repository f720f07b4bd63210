"""How functions of this package are compiled: cached on disk, division by zero as in NumPy, no exceptions.

``compiled`` functions count no references to their arrays, which would cost a tenth of the time of cutting: they
allocate nothing and return no arrays. Their caller keeps the arrays alive. ``allocating`` functions may do both.
"""

from collections.abc import Callable
from typing import Any

from numba import njit

from tropical.activation.compiled.kernels.cache_folder import cache_folder

try:
    from tropical.activation.compiled.kernels.code_cache import CodeCache
except ImportError:  # a numba with other insides: compile without a cache
    CodeCache = None


def compiled(function: Callable[..., Any]) -> Any:
    """Compile without counting references."""
    return _cached(njit(error_model="numpy", _nrt=False)(function))


def inlined(function: Callable[..., Any]) -> Any:
    """Compile into each caller, without counting references."""
    return _cached(njit(error_model="numpy", _nrt=False, inline="always")(function))


def allocating(function: Callable[..., Any]) -> Any:
    """Compile a function that may allocate."""
    return _cached(njit(error_model="numpy")(function))


def _cached(dispatcher: Any) -> Any:
    """What numba made of a function, with our cache; where compiling is switched off that is the function itself."""
    if CodeCache is not None and hasattr(dispatcher, "_cache"):
        folder = cache_folder()
        if folder is not None:
            dispatcher._cache = CodeCache(dispatcher.py_func, folder)
    return dispatcher
