"""Reading and writing whole files: one kind of error, a limit on size, nothing half-written."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

MAX_BYTES = 1 << 26
"""Largest file that is read: 64 MiB, about a million rational parameters."""


class FormatError(ValueError):
    """A file that does not hold what it should; the message names the file and what is wrong in it."""


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn a ``ValueError`` raised inside into a :class:`FormatError` that names the file."""
    try:
        yield
    except ValueError as error:
        raise FormatError(f"{path}: {error}") from error


def read_bytes(path: Path) -> bytes:
    """Return the content of a file; :class:`FormatError` if it cannot be read or exceeds ``MAX_BYTES``."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(data) > MAX_BYTES:
        raise FormatError(f"{path}: the file is larger than {MAX_BYTES} bytes")
    return data


def write_atomically(path: Path, data: bytes) -> None:
    """Write next to the file and rename, so that no reader sees a part and a failure leaves nothing behind."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
