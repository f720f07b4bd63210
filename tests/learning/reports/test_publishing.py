"""Files that belong together: all of one run, whatever ends the writing."""

import os
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from learning.reports import publishing
from learning.reports.publishing import publish


def test_a_failing_disk_leaves_nothing_half_written(tmp_path, monkeypatch):
    files = {"report.json": b"{}", "report.md": b"#"}
    written = []
    write = type(tmp_path).write_bytes

    def failing(path, content):
        if len(written) == 1:
            raise OSError("disk full")
        written.append(path)
        return write(path, content)

    monkeypatch.setattr(type(tmp_path), "write_bytes", failing)
    with pytest.raises(OSError, match="disk full"):
        publish(tmp_path / "out", files)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "report.md").touch()
    with pytest.raises(OSError, match="disk full"):
        publish(tmp_path / "kept", files)
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["report.md"]


@pytest.mark.parametrize(
    ("names", "after"),
    [(names, after) for names in ((), ("report.json", "report.md", "old.png")) for after in range(len(names) + 4)],
)
def test_an_interruption_leaves_all_files_as_they_were_or_all_as_they_are_to_be(tmp_path, monkeypatch, names, after):
    out = tmp_path / "out"
    before = dict.fromkeys(names, b"proved")
    publish(out, before)
    steps = count()

    def interrupted(function):
        def step(*arguments, **options):
            if next(steps) == after:
                raise KeyboardInterrupt
            return function(*arguments, **options)

        return step

    after_that = dict.fromkeys(("report.json", "report.md"), b"refuted")
    for name in ("replace", "unlink"):
        monkeypatch.setattr(type(tmp_path), name, interrupted(getattr(type(tmp_path), name)))
    with pytest.raises(KeyboardInterrupt):
        publish(out, after_that, superseded=("old.png",))
    moved = after >= len(names) + 2  # then what is left to do is to remove hidden files
    found = {path.name: path.read_bytes() for path in out.glob("[!.]*" if moved else "*")}
    assert found == (after_that if moved else before)


PUBLISH = """import os, sys
from pathlib import Path
from publishing import publish
steps, out = int(sys.argv[1]), Path(sys.argv[2])
real = Path.replace
def replace(self, target):
    global steps
    steps -= 1
    if steps < 0:
        os.kill(os.getpid(), 9)
    return real(self, target)
Path.replace = replace
publish(out, dict.fromkeys(("report.json", "report.md"), b"refuted"))
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
@pytest.mark.parametrize("steps", range(5))
def test_a_killed_process_leaves_no_files_of_two_runs(tmp_path, steps):
    publish(tmp_path, dict.fromkeys(("report.json", "report.md"), b"proved"))
    folder = Path(publishing.__file__).parent
    ended = subprocess.run([sys.executable, "-c", PUBLISH, str(steps), tmp_path], cwd=folder, check=False)
    assert ended.returncode == (-9 if steps < 4 else 0)
    visible = {path.read_bytes() for path in tmp_path.glob("[!.]*")}
    assert visible <= {b"proved"} or visible <= {b"refuted"}
    publish(tmp_path, dict.fromkeys(("report.json", "report.md"), b"again"))
    assert [path.read_bytes() for path in tmp_path.glob("[!.]*")] == [b"again"] * 2


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to(os.devnull), lambda path: path.mkdir()])
def test_reports_replace_nothing_but_files(tmp_path, make):
    make(tmp_path / "report.md")
    with pytest.raises(OSError, match="not a regular file"):
        publish(tmp_path, {"report.json": b"{}", "report.md": b"#"})
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]
