"""Files written into a folder together: all of them or none."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path


def writable(out: Path) -> None:
    """Raise ``ValueError`` if ``out`` is no folder that can be made and written to; changes nothing."""
    existing = next(place for place in (out, *out.absolute().parents) if place.exists())
    if not existing.is_dir():
        raise ValueError(f"--out: {existing} is not a folder")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise ValueError(f"--out: {existing} cannot be written to")


def publish(out: Path, files: dict[str, bytes], *, superseded: Iterable[str] = ()) -> None:
    """Write all files into the folder or none: new ones are written aside, the old moved aside, the new moved in.

    Of the names ``superseded``, those that are not written now are removed. If writing fails or Ctrl-C ends it, the
    folder is as before, and gone if it was made for this. A killed process may leave files out, and hidden ones behind
    that end in .tmp, but nobody ever sees files of two calls beside each other.
    ``OSError`` names what failed; it is raised as well where a name is taken by something that is no regular file.
    """
    mark = secrets.token_hex(8)
    names = list(dict.fromkeys((*files, *superseded)))
    new, old = ({name: out / f".{name}.{mark}.{age}.tmp" for name in names} for age in ("new", "old"))
    placed = []
    with ExitStack() as leftovers:
        if not out.exists():
            leftovers.callback(_remove_if_empty, out)
        out.mkdir(parents=True, exist_ok=True)
        try:
            present = [name for name in names if _is_there(out / name)]
            for name, content in files.items():
                leftovers.callback(new[name].unlink, missing_ok=True)
                _write(new[name], content, out / name)
            for name in present:
                (out / name).replace(old[name])
            for name in files:
                placed.append(name)
                new[name].replace(out / name)
        except BaseException:
            for name in placed:
                (out / name).unlink(missing_ok=True)
            for name in names:
                if old[name].exists():
                    old[name].replace(out / name)
            raise
        for name in present:
            leftovers.callback(old[name].unlink, missing_ok=True)


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _is_there(path: Path) -> bool:
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    return path.exists()


def _write(temporary: Path, content: bytes, path: Path) -> None:
    try:
        temporary.write_bytes(content)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
