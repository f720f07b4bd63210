"""Packages that only some formats need: imported when such a format is used, and named with their extra if missing."""

import importlib
from typing import Any


def load_extra(module: str, extra: str, purpose: str) -> Any:
    """The module; ``ValueError`` saying what to install if it is not there.

    >>> load_extra("no_such_package", "torch", "reading .pt files")
    Traceback (most recent call last):
    ...
    ValueError: reading .pt files needs no_such_package: pip install 'tropical-relu[torch]'
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        raise ValueError(f"{purpose} needs {package}: pip install 'tropical-relu[{extra}]'") from None
