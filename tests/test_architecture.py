"""What the import contracts cannot say: `learning` uses `tropical` only through its public names."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tropical

ROOT = Path(__file__).resolve().parent.parent
LEARNING = sorted((ROOT / "learning").rglob("*.py"))


def uses_of_tropical(source: str) -> tuple[set[str], set[str]]:
    """Names taken from the package `tropical`, and submodules of it that are imported, in Python source."""
    tree = ast.parse(source)
    names: set[str] = set()
    submodules: set[str] = set()
    aliases: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == "tropical":
                    aliases.add(alias.asname or alias.name)
                elif alias.name.startswith("tropical."):
                    submodules.add(alias.name)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            if node.module == "tropical":
                names.update(alias.name for alias in node.names)
            elif node.module.startswith("tropical."):
                submodules.add(node.module)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            names.add(node.attr)
    return names, submodules


@pytest.mark.parametrize("path", LEARNING, ids=lambda path: str(path.relative_to(ROOT)))
def test_learning_uses_public_names_only(path):
    names, submodules = uses_of_tropical(path.read_text(encoding="utf-8"))
    assert not submodules
    assert names <= set(tropical.__all__)


def test_the_check_sees_every_way_of_importing():
    source = "import tropical as tp, tropical.forms\nfrom tropical.duality import newton\nfrom tropical import Box\n"
    expected = {"Box", "secret"}, {"tropical.forms", "tropical.duality"}
    assert uses_of_tropical(source + "tp.secret(1)\n") == expected


def test_public_names_exist():
    assert all(hasattr(tropical, name) for name in tropical.__all__)


def test_names_are_loaded_from_where_type_checkers_look_for_them():
    tree = ast.parse(Path(tropical.__file__).read_text(encoding="utf-8"))
    checked = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.startswith("tropical.")
        for alias in node.names
    }
    assert checked == tropical._HOME_OF
    assert sorted(checked) == tropical.__all__


def test_importing_tropical_loads_nothing_of_it():
    code = "import sys, tropical; print(*(name for name in sys.modules if name.startswith(('tropical.', 'numpy'))))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True).stdout == "\n"


def test_every_file_that_the_pages_name_exists():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    paths = {
        path
        for page in pages
        for path in re.findall(r"`((?:tropical|learning|tests|benchmarks)/[\w/.]*)`", page.read_text(encoding="utf-8"))
    }
    assert len(paths) > 20
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []
