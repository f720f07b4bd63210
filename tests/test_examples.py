"""Every example runs: examples/*.py expose run()."""

import runpy
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).resolve().parent.parent / "examples").glob("*.py"))


SMALLER = {"plot_learning_gallery": {"networks": 1}, "literal_filtered_pca": {"step": "1/2"}}


def runs(path, folder, monkeypatch, **arguments):
    monkeypatch.chdir(folder)
    assert runpy.run_path(str(path))["run"](**arguments) is not None
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_runs(path, tmp_path, monkeypatch):
    runs(path, tmp_path, monkeypatch, **SMALLER.get(path.stem, {}))


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", SMALLER)
def test_runs_in_full(name, tmp_path, monkeypatch):
    (path,) = [path for path in EXAMPLES if path.stem == name]
    runs(path, tmp_path, monkeypatch)


def test_the_picture_of_the_readme_ends_proved():
    (path,) = [path for path in EXAMPLES if path.stem == "readme_picture"]
    figure = runpy.run_path(str(path))["run"](samples=4000)
    assert "proved" in figure.axes[1].get_title()
