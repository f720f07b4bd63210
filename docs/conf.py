"""How the documentation is built: ``sphinx-build -W --keep-going -b html docs build/docs``."""

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import learning
import tropical

ROOT = Path(__file__).resolve().parent.parent
os.environ.pop("MPLBACKEND", None)  # notebooks choose theirs, which shows figures
os.environ.setdefault("OMP_NUM_THREADS", "1")

project = "tropical-relu"
author = "The tropical-relu authors"
copyright = author
release = version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "myst_nb",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = [
    "conftest.py",
    "write_what_loads.py",
    "gallery/*.ipynb",
    "gallery/*.py",
    "gallery/*.md5",
    "sg_execution_times.rst",
    "gallery/sg_execution_times.rst",
]
nitpicky = True
nitpick_ignore_regex = [  # types of other libraries, and a few of our own that nobody needs to name
    (
        r"py:.*",
        r"(numpy|fractions|collections|concurrent|os|sympy|networkx|sklearn|flint|matplotlib|plotly|pandas)\..*",
    ),
    (
        r"py:.*",
        r"(ArrayLike|NDArray|Axes|Figure|arb|Node|T|Axes3D|float64|Fraction|Callable|Iterable|Iterator|Mapping|Sequence|.*\[.*)",
    ),
    (
        r"py:.*",
        r"tropical\.(polyhedra\.cones\.Cone|polyhedra\.chart\.Chart|polyhedra\.hull\.Hull|activation\.patterns\.PatternTable|gaussian\.frames\.\w+)",
    ),
    (r"py:.*", r"tropical\.functions\.function\.V"),
    (r"py:func", r"(dual_form|term_growth)"),
    (r"py:.*", r"learning\.(literal\.grids\.Net|recovery\.verification\.Recovered)"),
]
default_role = "autolink"
suppress_warnings = ["config.cache"]

html_theme = "furo"
html_title = f"tropical-relu {release}"
html_copy_source = False

myst_enable_extensions = ["amsmath", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_merge_streams = True

autosummary_generate = True
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/(?!literal_)\w+\.py$",
    "ignore_pattern": r"(__init__|make_networks|readme_picture)\.py$",
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 1e9,
    "abort_on_example_error": False,
    "only_warn_on_example_error": False,
    "log_level": {"backreference_missing": "debug"},
}

_PUBLIC = {name: f"tropical.{name}" for name in tropical.__all__}
_PUBLIC |= {name: f"learning.{name}" for name in learning.__all__}
_PUBLIC |= {name: f"learning.lemmas.{name}" for name in learning.lemmas.__all__}
_PUBLIC |= {name: f"learning.literal.{name}" for name in learning.literal.__all__}


def readable(app: Any, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Turn a docstring, plain text with code and doctests, into reStructuredText."""
    text, in_doctest, in_block, in_list = lines.copy(), False, False, False
    lines.clear()
    for number, line in enumerate(text):
        following = text[number + 1] if number + 1 < len(text) else ""
        in_doctest = line.lstrip().startswith(">>>") or (in_doctest and bool(line.strip()))
        in_block = (in_block and (not line.strip() or line.startswith(" "))) or text[number - 1 : number] == ["::"]
        if in_doctest or in_block:
            lines.append(line)
        elif re.fullmatch("-{3,}", line):
            in_list = lines[-1] in ("Parameters", "Attributes", "Raises", "Returns")
            lines[-1:] = [f".. rubric:: {lines[-1]}", ""]
        elif in_list and line and not re.fullmatch("-{3,}", following):
            lines.append(entry(line))
        else:
            in_list = in_list and not line
            lines.append(escaped(line))
        in_block = in_block or line.endswith("::")


def entry(line: str) -> str:
    """One line of a list of parameters: ``name : text. other : text``, or the continuation of such a line."""
    names = r"(\w+(?:, \w+)*) : "
    marked = re.sub(rf"(?<=[.] ){names}", lambda found: f"\0{found[1]}\0: ", line.strip())
    marked = escaped(re.sub(rf"^{names}", lambda found: f"\0{found[1]}\0: ", marked))
    marked = re.sub("\0(.*?)\0", r"**\1**", marked)
    return f"  {marked}" if line.startswith(" ") else f"- {marked}"


def escaped(line: str) -> str:
    """One line of prose; what stands in backticks stays, and ``THEORY`` leads to the page on its labels."""
    parts = re.split(r"(:\w+:`[^`]*`|``[^`]*``|`[^`]*`|(?<!\w)\*\w[^*]*\w\*(?!\w))", line)
    for i in range(0, len(parts), 2):
        text = re.sub(r"([*|\\])", r"\\\1", parts[i])
        text = re.sub(r"(?<=\w)_(?!\w)", r"\\_", text)
        if i and re.match(r"\w", text):  # a mark ends only before a space or punctuation
            text = f"\\ {text}"
        parts[i] = re.sub(r"\bTHEORY\b", ":doc:`THEORY </concepts/index>`", text)
    return "".join(parts)


def short_signature(app: Any, what: str, name: str, obj: object, options: object, given: str, returned: str) -> Any:
    """Write ArrayLike and NDArray where numpy spells them out."""
    from numpy.typing import ArrayLike
    from sphinx.util.typing import stringify_annotation

    long = stringify_annotation(ArrayLike, "smart")

    def shortened(text: str | None) -> str | None:
        text = text and text.replace(long, "ArrayLike")
        text = text and re.sub(r"~?numpy\.ndarray\[.*?, ~?numpy\.dtype\[~?numpy\.(\w+)\]\]", r"NDArray[\1]", text)
        return text and re.sub(r"~(?:fractions|typing|collections\.abc)\.(\w+)", r"\1", text)

    return shortened(given), shortened(returned)


def public_name(app: Any, env: Any, node: Any, contnode: Any) -> Any:
    """Resolve a class by its bare or inner name to where it is documented."""
    if node.get("refdomain") != "py":
        return None
    parts = node["reftarget"].split(".")
    known = [i for i, part in enumerate(parts) if part in _PUBLIC]
    target = ".".join([_PUBLIC[parts[known[0]]], *parts[known[0] + 1 :]]) if known else node["reftarget"]
    if target == node["reftarget"]:
        return None
    return env.get_domain("py").resolve_xref(env, node["refdoc"], app.builder, "obj", target, node, contnode)


def complete(app: Any, env: Any) -> None:
    """Every public name has its entry in the reference."""
    from sphinx.util import logging

    documented = {name for name, *_ in env.get_domain("py").get_objects()}
    for name in sorted(set(_PUBLIC.values()) - documented):
        logging.getLogger(__name__).warning("%s is public and missing in docs/api", name)


def setup(app: Any) -> None:
    """Connect the above."""
    app.connect("autodoc-process-docstring", readable)
    app.connect("autodoc-process-signature", short_signature)
    app.connect("missing-reference", public_name)
    app.connect("env-check-consistency", complete)
