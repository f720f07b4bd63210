"""Files written into a folder together: all of them or none."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
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

    Of the names ``superseded``, those that are not written now are removed. If writing fails or Ctrl-C ends it, the
    folder is as before, and gone if it was made for this; only a killed process can leave some files new, some old.
    ``OSError`` names what failed; it is raised as well where a name is taken by something that is no regular file.
    """
    made = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    mark = secrets.token_hex(8)
    names = list(dict.fromkeys((*files, *superseded)))
    new, old = ({name: out / f".{name}.{mark}.{age}.tmp" for name in names} for age in ("new", "old"))
    changed = []
    try:
        for name in names:
            _keep(out / name, old[name])
            if name in files:
                new[name].write_bytes(files[name])
        for name in names:
            changed.append(name)
            if name in files:
                new[name].replace(out / name)
            else:
                (out / name).unlink(missing_ok=True)
    except BaseException:
        for name in changed:
            if old[name].exists():
                old[name].replace(out / name)
            else:
                (out / name).unlink(missing_ok=True)
        raise
    finally:
        for path in (*new.values(), *old.values()):
            path.unlink(missing_ok=True)
        if made and not any(out.iterdir()):
            out.rmdir()


def _keep(path: Path, copy: Path) -> None:
    if path.exists():
        if not path.is_file():
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        shutil.copy2(path, copy)
