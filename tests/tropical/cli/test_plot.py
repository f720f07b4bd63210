"""`tropical plot`: every kind draws, every format is whole, nothing is left behind by what fails."""

import sys
import time

import matplotlib.pyplot  # noqa: F401 - here, for an import that a timer interrupts leaves modules half made
import numpy as np
import pytest
from click.testing import CliRunner

import tropical as tp
from tropical import plotting
from tropical.cli import main, pictures

MAXIMUM = tp.ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
SPACE = tp.ReLUNetwork.from_arrays(
    [[[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]], [[1, 1, 1, 1]]], [[0, 0, 0, -1], None]
)
PAIR = tp.ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1], [1, 0, 0]]])
CONSTANT = tp.ReLUNetwork.from_arrays([[[0, 0]], [[1]]], [[1], [2]])
MAGIC = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF", ".html": b"<!DOCTYPE html>"}


def run(*arguments):
    return CliRunner().invoke(main, ["plot", *map(str, arguments)])


@pytest.fixture
def files(tmp_path):
    for name, net in {"max": MAXIMUM, "space": SPACE, "pair": PAIR, "constant": CONSTANT}.items():
        tp.save_network(net, tmp_path / f"{name}.json")
    tp.save_lattice_polynomial(tp.to_lattice_polynomial(MAXIMUM), tmp_path / "lattice.json")
    return tmp_path


@pytest.mark.parametrize("suffix", MAGIC)
def test_every_format_is_written_whole_and_twice_the_same(files, suffix, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly", None)
    out = files / f"picture{suffix}"
    result = run(files / "max.json", "--out", out, "--dpi", 40)
    assert (result.exit_code, result.stdout) == (0, f"{out}: regions of max.json\n")
    content = out.read_bytes()
    assert content.startswith(MAGIC[suffix])
    assert run(files / "max.json", "--out", out, "--dpi", 40).exit_code == 0
    assert out.read_bytes() == content
    assert not [path for path in files.iterdir() if path.suffix == ".tmp"]


@pytest.mark.parametrize("kind", [name for name, row in pictures.KINDS.items() if row.page])
def test_a_page_to_point_at_where_plotly_is_installed(files, kind):
    pytest.importorskip("plotly")
    assert run(files / "max.json", "--out", files / "page.html", "--kind", kind).exit_code == 0
    assert "Plotly.newPlot" in (files / "page.html").read_text()
    tp.save_network(tp.ReLUNetwork.from_arrays([[[1], [2]], [[1, 1]]]), files / "line.json")
    assert run(files / "line.json", "--out", files / "line.html").exit_code == 0
    assert "Plotly" not in (files / "line.html").read_text()


def test_a_page_stands_alone_and_its_title_is_escaped(files, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly", None)
    (files / "a<b.json").write_bytes((files / "max.json").read_bytes())
    assert run(files / "a<b.json", "--out", files / "page.html").exit_code == 0
    page = (files / "page.html").read_text()
    assert "<title>a&lt;b.json</title>" in page
    assert page.count("<svg") == 1
    assert "<script" not in page


ARGUMENTS = {"slice": ("--points", "0,0,0;1,0,0;0,1,1/2"), "solids": ("--box", -1, 1)}


@pytest.mark.parametrize("kind", pictures.KINDS)
def test_every_kind_of_picture_is_drawn(files, kind):
    assert callable(getattr(plotting, pictures.KINDS[kind].function))
    source = files / ("space.json" if kind in ARGUMENTS else "max.json")
    result = run(source, "--out", files / "x.png", "--kind", kind, "--dpi", 20, *ARGUMENTS.get(kind, ()))
    assert result.exit_code == 0, result.output
    assert (files / "x.png").stat().st_size > 500


def test_networks_and_lattice_polynomials_are_converted_where_a_kind_needs_it(files):
    assert run(files / "lattice.json", "--out", files / "x.svg", "--kind", "bends").exit_code == 0
    assert run(files / "max.json", "--out", files / "y.svg", "--kind", "clauses").exit_code == 0
    assert run(files / "lattice.json", "--out", files / "z.svg").exit_code == 0


def test_options_reach_the_picture(files, monkeypatch):
    seen = {}

    def drawing(f, **arguments):
        seen.update(arguments, f=f)
        return plotting.plot_regions(MAXIMUM)

    monkeypatch.setattr(plotting, "plot_decision_boundary", drawing)
    out = ("--out", files / "x.png", "--dpi", 20, "--kind", "boundary")
    options = ("--level", "1/2", "--output", 1, "--directions", "1,0; 0,1/2", "--box", -1, "3/2")
    assert run(files / "pair.json", *out, *options).exit_code == 0
    assert seen["f"] == PAIR.output(1)
    assert seen["level"] == "1/2"
    assert seen["directions"] == [(1, 0), (0, tp.as_fraction("1/2"))]
    assert seen["domain"] == tp.Box([-1, -1], ["3/2", "3/2"])


def test_a_constant_has_one_region(files):
    assert run(files / "constant.json", "--out", files / "x.svg", "--directions", "1,0;0,1").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("max.json",), "--out"),
        (("max.json", "--out", "x.gif"), "pictures are written as .png, .svg, .pdf, .html, got '.gif'"),
        (("missing.json", "--out", "x.png"), "No such file"),
        (("max.json", "--out", "nowhere/x.png"), "nowhere/x.png: No such file"),
        (("max.json", "--out", "x.png", "--kind", "pie"), "pie"),
        (("max.json", "--out", "x.png", "--level", "1"), "--level does not apply to --kind regions"),
        (("max.json", "--out", "x.png", "--directions", "1,zero"), "--directions must be a rational number"),
        (("max.json", "--out", "x.png", "--directions", "1"), "length"),
        (("space.json", "--out", "x.png", "--box", "-1", "1"), "--box needs --directions"),
        (("pair.json", "--out", "x.png", "--output", "2"), "output"),
        (("lattice.json", "--out", "x.png", "--output", "1"), "one output"),
    ],
)
def test_bad_input_is_one_line_and_a_hint_and_leaves_nothing(files, monkeypatch, arguments, message):
    monkeypatch.chdir(files)
    before = sorted(path.name for path in files.iterdir())
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("Error:")]
    assert message in line
    assert "Traceback" not in result.stderr
    assert "tropical plot --help" in result.stderr or "--help" in result.stderr
    assert sorted(path.name for path in files.iterdir()) == before


@pytest.mark.parametrize(("event", "code"), [("timeout", 3), ("ctrl-c", 130)])
def test_a_stopped_drawing_leaves_nothing(files, monkeypatch, event, code):
    def endless(f, **arguments):
        if event == "ctrl-c":
            raise KeyboardInterrupt
        while True:
            time.sleep(0.01)

    monkeypatch.setattr(plotting, "plot_regions", endless)
    result = run(files / "max.json", "--out", files / "x.png", "--timeout", "0.1")
    assert (result.exit_code, result.stdout) == (code, "")
    assert not (files / "x.png").exists()


def test_no_enumeration_takes_the_timeout_for_its_own_budget(files, monkeypatch):
    """It would end with the cells found so far, and the picture with an error: this needs a complete complex."""
    rng = np.random.default_rng(0)
    net = tp.ReLUNetwork.from_arrays([rng.standard_normal((14, 4)), rng.standard_normal((1, 14))])

    def endless(f, **arguments):
        while tp.polyhedral_complex(net).complete:
            pass
        raise ValueError("this needs a complete complex")

    monkeypatch.setattr(plotting, "plot_regions", endless)
    result = run(files / "max.json", "--out", files / "x.png", "--timeout", "0.5")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "Stopped: budget of 0.5 seconds exhausted" in result.stderr
    assert not (files / "x.png").exists()
