"""What the repository promises about itself: its commands, its versions, and imports that stay light."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize("name", ["main", "test"])
def test_readme_commands_are_one_line_each_and_make_their_own_environment(name):
    found = re.findall(rf"^<!-- command: {name} -->\n```sh\n(.*?)\n```$", README, re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    assert "\n" not in found[0]
    assert re.match(r"python3(\.11)? -m venv (\S+) && \2/bin/pip install ", found[0])


def test_one_version_everywhere():
    version = PROJECT["version"]
    assert metadata.version("tropical-relu") == version
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## {version} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_both_packages_are_typed():
    assert all((ROOT / package / "py.typed").exists() for package in ("tropical", "learning"))


def test_an_editable_installation_is_not_hidden_by_what_an_earlier_one_left(tmp_path):
    """Files that pip does not know, such as caches, keep the folder of a package that it removes.

    Where `pip install -e` puts a finder behind Python's own, that folder comes first, as a package without content.
    """
    pytest.importorskip("setuptools", "77")
    source, site = tmp_path / "source", tmp_path / "site"
    for package in ("tropical", "learning", "tropical_relu_cli"):
        (source / package).mkdir(parents=True)
        (source / package / "__init__.py").touch()
        (site / package / "__pycache__").mkdir(parents=True)
        (site / package / "__pycache__" / "left.cpython-311.opt-2.pyc").touch()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = f"from setuptools.build_meta import build_editable; print(build_editable({str(site)!r}))"
    built = subprocess.run([sys.executable, "-c", build], cwd=source, capture_output=True, text=True, check=True)
    with zipfile.ZipFile(site / built.stdout.split()[-1]) as wheel:
        wheel.extractall(site)
    code = f"import site; site.addsitedir({str(site)!r}); import tropical; print(tropical.__file__)"
    command = [sys.executable, "-I", "-S", "-c", code]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert Path(found.strip()) == source / "tropical" / "__init__.py"


@pytest.mark.parametrize(
    ("package", "heavy"),
    [
        ("tropical", {"matplotlib", "sympy", "scipy", "networkx", "numba", "highspy", "sklearn"}),
        ("learning", {"matplotlib", "sympy", "networkx", "numba", "highspy", "torch"}),
    ],
)
def test_importing_does_not_load_what_is_not_needed_yet(package, heavy):
    code = f"import sys, {package}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert package in loaded.split()
    assert not heavy & set(loaded.split())
