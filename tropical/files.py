"""Reading and writing whole files: one kind of error, limits before anything is allocated, nothing half-written.

And packages that only some uses need: imported then, and named with their extra if missing.
"""

import contextlib
import errno
import importlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tropical.arguments import require

MAX_BYTES = 1 << 26
"""Largest file that is read, and most that an archive may unpack to: 64 MiB."""
MAX_NUMBERS = 1 << 22
"""Most numbers read from one file, about four million: as exact rationals they take some hundred bytes each."""


class FormatError(ValueError):
    """A file that does not hold what it should; the message names the file and what is wrong in it."""


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn a ``ValueError`` raised inside into a :class:`FormatError` that names the file."""
    try:
        yield
    except ValueError as error:
        raise FormatError(f"{path}: {error}") from error


def as_path(path: str | os.PathLike[str]) -> Path:
    """The path of a file; ``ValueError`` for anything but text and path objects, the number of an open file too."""
    require(path, (str, os.PathLike), "path", "a path")
    return Path(path)


def check_count(numbers: int) -> None:
    """``ValueError`` if a file announces more than ``MAX_NUMBERS`` numbers; to be called before they are read."""
    if numbers > MAX_NUMBERS:
        raise ValueError(f"the file announces {shown(numbers)} numbers, at most {MAX_NUMBERS} are read")


def shown(count: int) -> str:
    """A count that a file claims, as text: in full below 10^18.

    >>> shown(12), shown(10**40)
    ('12', 'about 2^133')
    """
    return str(count) if abs(count) < 10**18 else f"about 2^{count.bit_length()}"


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """Return the content of a regular file of at most ``limit`` bytes; :class:`FormatError` for anything else."""
    try:
        data = b""
        size = _checked(path.stat()).st_size
        if size <= limit:
            with open(path, "rb", opener=_without_waiting) as file:
                _checked(os.fstat(file.fileno()))  # it may have been replaced by now
                data = file.read(limit + 1)
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:  # a path that no system accepts, such as one with a null character
        raise FormatError(f"{str(path)!r}: cannot be read: {error}") from error
    if max(size, len(data)) > limit:
        raise FormatError(f"{path}: the file is larger than {limit} bytes")
    return data


def read_sibling(path: Path, name: str) -> bytes:
    """Return the content of the regular file of a plain name in the folder of ``path``; ``ValueError`` otherwise.

    A name that leads elsewhere is not followed: none with a folder in it, and no link.
    """
    sibling = path.with_name(name) if name and not set(name) & set("/\\:\0") and name not in (".", "..") else None
    if sibling is None:
        raise ValueError("it is not the plain name of a file beside this one")
    if sibling.is_symlink():
        raise ValueError("it is a link")
    return read_bytes(sibling)


def write_atomically(path: Path, data: bytes) -> None:
    """Write next to the file and rename: no reader sees a part, a failure or Ctrl-C leaves nothing behind.

    ``OSError`` naming the path. What is there and no regular file, such as a device, is refused: the renaming would
    replace it. So is the file that standard output goes to: what is printed would be lost. A link stays, and what it
    leads to is replaced.
    """
    place = Path(os.path.realpath(path))
    temporary = place.with_name(f".{place.name}.{secrets.token_hex(8)}.tmp")
    try:
        with contextlib.suppress(FileNotFoundError):
            if _is_output(_checked(place.stat())):
                raise OSError(errno.EINVAL, "standard output goes there")
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(place)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error  # which names the file that was asked for
    finally:
        with contextlib.suppress(OSError):  # where nothing was written there is nothing to remove
            temporary.unlink()


def _checked(status: os.stat_result) -> os.stat_result:
    """Of a regular file; ``OSError`` for anything else, which reading might wait for and writing would replace."""
    if not stat.S_ISREG(status.st_mode):
        kind = "a directory" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise OSError(errno.EINVAL, f"it is {kind}")
    return status


def _is_output(status: os.stat_result) -> bool:
    """Whether standard output goes to this file."""
    try:
        return os.path.samestat(status, os.fstat(1))
    except OSError:  # it is closed
        return False


def _without_waiting(path: str, flags: int) -> int:
    """Open a file for reading; a named pipe that has taken its place would wait for a writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def load_extra(module: str, extra: str, purpose: str) -> Any:
    """The module, of a package that only some uses need; ``ValueError`` saying what to install if it is not there.

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
