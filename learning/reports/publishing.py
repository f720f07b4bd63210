"""Files written into a folder together: all of them or none."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path


def writable(out: Path) -> None:
    """Raise ``ValueError`` if ``out`` is no folder that can be made and written to; changes nothing."""
    existing = next(place for place in (out, *out.absolute().parents) if place.exists())
    if not existing.is_dir():
        raise ValueError(f"--out: {existing} is not a folder")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise ValueError(f"--out: {existing} cannot be written to")


def publish(out: Path, files: dict[str, bytes], *, superseded: Iterable[str] = ()) -> None:
    """Write all files into the folder or none: each is written aside first, then all are renamed.

    Of the names ``superseded``, those that are not written now are removed. ``OSError`` if writing fails; then nothing
    is left, not even the folder if it was made for this.
    """
    made = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    aside = {name: out / f".{name}.{secrets.token_hex(4)}.tmp" for name in files}
    try:
        for name, content in files.items():
            aside[name].write_bytes(content)
        for name in files:
            aside[name].replace(out / name)
    finally:
        for path in aside.values():
            path.unlink(missing_ok=True)
        if made and not any(out.iterdir()):
            out.rmdir()
    for name in superseded:
        if name not in files:
            (out / name).unlink(missing_ok=True)
