"""What the repository promises about itself: its commands, its versions, and imports that stay light."""

import re
import subprocess
import sys
import tomllib
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
