"""The folder that holds the compiled code of this user, and whether it can be trusted.

Compiled code is reused for the same sources only. The folder's name is a hash of the sources of all kernels, of the
versions of everything that compiles them and of numba's settings, so that whatever changes the code changes the folder,
and nothing has to be compared. Loading compiled code runs it: the folder and the one above it belong to the user, and
nobody else may write to them.
"""

import contextlib
import functools
import hashlib
import os
import shutil
import stat
import sys
import time
from pathlib import Path

_PREFIX = "kernels-"
_UNUSED_SECONDS = 90 * 24 * 3600
_SETTINGS = (
    *("BOUNDSCHECK", "CPU_FEATURES", "CPU_NAME", "DEBUG", "DEBUGINFO_DEFAULT", "DEBUG_NRT", "DISABLE_INTEL_SVML"),
    *("ENABLE_AVX", "ENABLE_PROFILING", "EXTEND_VARIABLE_LIFETIMES", "LLVM_REFPRUNE_FLAGS", "LLVM_REFPRUNE_PASS"),
    *("LOOP_VECTORIZE", "NRT_STATS", "OPT", "SLP_VECTORIZE"),
)


def say(text: str) -> None:
    """One line on standard error, if there is one."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        sys.stderr.write(f"tropical: {text}\n")


@functools.cache
def say_once(text: str) -> None:
    """One line on standard error, however often it comes up in this process."""
    say(text)


@functools.cache
def cache_folder() -> Path | None:
    """The folder, made if need be; None, and the reason on standard error, if there is none to be trusted."""
    place = Path()
    try:
        place = _base() / "tropical-relu"
        _make_private(place)
        place /= _PREFIX + fingerprint()
        if _make_private(place):
            _remove_unused(place)
        with contextlib.suppress(OSError):
            os.utime(place)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        say_once(f"compiled code is not kept in {place}, every process compiles it: {reason}")
        return None
    return place


def fingerprint() -> str:
    """A hash of all that decides what the kernels compile to."""
    import llvmlite
    import numba
    import numpy as np

    sources = sorted(Path(__file__).parent.glob("*.py"))
    if not sources:
        raise ValueError("the sources of the kernels are not there")
    settings = [(name, str(getattr(numba.config, name, None))) for name in _SETTINGS]
    versions = sys.version, sys.implementation.cache_tag, numba.__version__, llvmlite.__version__, np.__version__
    found = hashlib.sha256(repr((versions, settings)).encode())
    for source in sources:
        found.update(repr((source.name, source.read_bytes())).encode())
    return found.hexdigest()[:32]


def _base() -> Path:
    """Where this user's caches go: numba's folder if one is set, else the system's convention."""
    from numba import config

    if config.CACHE_DIR:
        return Path(config.CACHE_DIR).absolute()
    if sys.platform == "win32":
        named, usual = os.environ.get("LOCALAPPDATA"), "~/AppData/Local"
    elif sys.platform == "darwin":
        named, usual = None, "~/Library/Caches"
    else:
        named, usual = os.environ.get("XDG_CACHE_HOME"), "~/.cache"
    base = Path(named) if named and os.path.isabs(named) else Path(os.path.expanduser(usual))
    if not base.is_absolute():
        raise ValueError("there is no home folder")
    return base


def _make_private(folder: Path) -> bool:
    """Make the folder for this user alone; whether it is new. ``ValueError`` if others have a hand in it.

    Or in its name: in a folder that everybody may write to, and which lets them rename what is not theirs, or as a link
    of another user.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = not folder.is_dir()
    folder.mkdir(mode=0o700, exist_ok=True)
    status, above = folder.stat(), folder.parent.stat()
    if hasattr(os, "getuid") and {status.st_uid, folder.lstat().st_uid} != {os.getuid()}:
        raise ValueError(f"{folder} belongs to another user")
    if os.name == "posix" and status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ValueError(f"other users may write to {folder}")
    if os.name == "posix" and above.st_mode & stat.S_IWOTH and not above.st_mode & stat.S_ISVTX:
        raise ValueError(f"other users may write to {folder.parent}")
    return new


def _remove_unused(folder: Path) -> None:
    """Remove what other versions left beside a new folder, if no process has used it for three months."""
    for other in folder.parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if other != folder and time.time() - other.lstat().st_mtime > _UNUSED_SECONDS:
                shutil.rmtree(other)
