"""Every example runs: examples/*.py expose run()."""

import runpy
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).resolve().parent.parent / "examples").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert runpy.run_path(str(path))["run"]() is not None
    assert list(tmp_path.iterdir()) == []


def test_the_picture_of_the_readme_ends_proved():
    (path,) = [path for path in EXAMPLES if path.stem == "readme_picture"]
    figure = runpy.run_path(str(path))["run"](samples=4000)
    assert "proved" in figure.axes[1].get_title()
