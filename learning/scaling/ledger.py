"""What has been measured, one line of JSON a run: written at once, read back by the next call."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from learning.scaling.part import Row, Run

__all__ = ["Ledger"]


_TYPES = {"key": str, "parameters": dict, "row": dict, "seconds": float}


@dataclass
class Ledger:
    r"""The finished runs of one study, kept in a file whose first line, a JSON object, says of which.

    Attributes
    ----------
    path : the file; it need not exist before the first `append`. study : what the first line holds: the name of the
        study under "study", "format", and what else distinguishes it from others of this name.
    rows : key -> parameters and result together with "seconds". note : what was wrong with the last line, if anything.
    """

    path: Path
    study: Row
    rows: dict[str, Row] = field(default_factory=dict)
    note: str | None = None

    @classmethod
    def open(cls, path: Path, study: Row) -> Self:
        """Read the file if there is one; cut off a last line that an interrupted call left damaged.

        Raises
        ------
        ValueError : a file of another study, of another kind, or damaged elsewhere than in its last line.
        """
        ledger = cls(path, study)
        if not path.exists():
            return ledger
        if not path.is_file():
            raise ValueError(f"{path} is not a regular file")
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ValueError(f"{path} cannot be read: {error.strerror}") from error
        kept = ledger._read(content)
        if kept < len(content):
            os.truncate(path, kept)
            ledger.note = f"the last line of {path} was damaged; its run is done again"
        return ledger

    def append(self, run: Run, row: Row, seconds: float) -> None:
        """Keep a finished run: one line, on the disk before this returns. ``OSError`` names the file, unchanged."""
        line = {"key": run.key, "parameters": dict(run.parameters), "row": row, "seconds": round(float(seconds), 4)}
        text = json.dumps(line, allow_nan=False)
        if not self.path.exists() or not self.path.stat().st_size:
            text = json.dumps(self.study) + "\n" + text
        try:
            _append(self.path, (text + "\n").encode())
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.path)) from error
        self._add(json.loads(json.dumps(line)))

    def _add(self, line: Row) -> None:
        self.rows[line["key"]] = {**line["parameters"], **line["row"], "seconds": line["seconds"]}

    def _read(self, content: bytes) -> int:
        """Take in all lines; return the length of the part of the content that is undamaged."""
        *lines, rest = content.split(b"\n")
        if not lines:
            if not json.dumps(self.study).encode().startswith(rest[:20]):
                raise ValueError(f"{self.path} is not a record of {self.study['study']}")
            return 0
        self._check_header(_parsed(lines[0]))
        kept = len(lines[0]) + 1
        for number, line in enumerate(lines[1:], start=2):
            found = _parsed(line)
            if found is None or {name: type(entry) for name, entry in found.items()} != _TYPES:
                if number < len(lines) or rest:
                    raise ValueError(f"{self.path}: line {number} is damaged; remove the line or the file")
                return kept
            self._add(found)
            kept += len(line) + 1
        return kept

    def _check_header(self, header: Row | None) -> None:
        if header is None or any(header.get(name) != self.study[name] for name in ("study", "format")):
            raise ValueError(f"{self.path} is not a record of {self.study['study']}")
        if header != self.study:
            found, asked = (
                " and ".join(f"{name} {given.get(name)}" for name in self.study if name not in ("study", "format"))
                for given in (header, self.study)
            )
            raise ValueError(f"{self.path} holds runs of {found}; asked were {asked}: choose another file")


def _append(path: Path, data: bytes) -> None:
    """Add all of the data to the file or nothing: a disk that is nearly full takes a part."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        before = os.fstat(descriptor).st_size
        try:
            while data:
                data = data[os.write(descriptor, data) :]
            os.fsync(descriptor)
        except BaseException:
            os.ftruncate(descriptor, before)
            raise
    finally:
        os.close(descriptor)


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
