"""Web pages: what is in them, where plotly is present; the error where it is not."""

import sys

import pytest

import tropical as tp
from tropical.plotting import pages
from tropical.plotting.outlines import adjacent, segments
from tropical.plotting.slices import make_slice

MAXIMUM = tp.ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
CONSTANT = tp.ReLUNetwork.from_arrays([[[0, 0]], [[0]]])
BOX = tp.Box([-1, -1], [1, 1])


def test_descriptions_name_pattern_form_and_neighbours():
    cut = make_slice(MAXIMUM, BOX)
    texts = pages.descriptions(cut, adjacent(segments(cut.parts)))
    assert len(texts) == len(cut.parts) == 4
    graph = tp.polyhedral_complex(MAXIMUM, BOX).dual_graph()
    for index, text in enumerate(texts):
        lines = text.split("<br>")
        assert lines[0] == f"<b>part {index}</b>"
        assert lines[1] == "pattern " + "".join("−0+"[sign + 1] for sign in cut.parts[index].pattern)
        assert lines[2] == f"F = {cut.parts[index].piece}"
        assert lines[3] == "norm of the derivative 1"
        assert lines[4] == f"neighbours {', '.join(map(str, sorted(graph[index])))}"


def test_long_forms_are_cut_and_single_parts_have_no_neighbour():
    huge = tp.ReLUNetwork.from_arrays([[[f"{10**400 + 1}/{10**400}", 0]]])
    cut = make_slice(tp.to_lattice_polynomial(huge), BOX)
    text = pages.descriptions(cut, [])[0]
    assert "…" in text
    assert text.endswith("neighbours none")


def test_without_plotly_the_error_names_the_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    for draw in (tp.regions_html, tp.surface_html):
        with pytest.raises(ValueError, match=r"tropical-relu\[plotly\]"):
            draw(MAXIMUM, tmp_path / "page.html")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("net", [MAXIMUM, CONSTANT, tp.to_lattice_polynomial(MAXIMUM)])
def test_pages_hold_everything(net, tmp_path):
    pytest.importorskip("plotly")
    for draw in (tp.regions_html, tp.surface_html):
        text = draw(net, tmp_path / "page.html", color="gradient")
        assert (tmp_path / "page.html").read_text(encoding="utf-8") == text
        assert text.count("part 0") >= 1
        assert 'src="http' not in text
        assert len(text) > 1_000_000
        assert draw(net, color="gradient") == text


def test_many_parts_share_traces(monkeypatch):
    go = pytest.importorskip("plotly.graph_objects")
    figures = []
    monkeypatch.setattr(pages, "_page", lambda figure, path: figures.append(figure) or "")
    tp.regions_html(MAXIMUM, domain=BOX)
    monkeypatch.setattr(pages, "_OWN_TRACES", 1)
    tp.regions_html(MAXIMUM, domain=BOX)
    tp.surface_html(MAXIMUM, domain=BOX)
    own, common, surface = (figure.data for figure in figures)
    assert sum(trace.hoveron == "fills" for trace in own) == 4
    marks = next(trace for trace in common if trace.mode == "markers")
    assert len(marks.text) == len(marks.x) == 4
    assert sum(trace.fill == "toself" for trace in common) == 2
    mesh = next(trace for trace in surface if isinstance(trace, go.Mesh3d))
    assert len(mesh.facecolor) == len(mesh.i)
    assert all(z == max(x, y) for x, y, z in zip(mesh.x, mesh.y, mesh.z, strict=True))


def test_bad_requests():
    pytest.importorskip("plotly")
    two = tp.ReLUNetwork.from_arrays([[[1, 0], [0, 1]]])
    cases = [
        (tp.regions_html, two, {"color": "value"}, "height shows"),
        (tp.regions_html, MAXIMUM, {"domain": tp.Box([0], [1])}, "R\\^1"),
        (tp.surface_html, two, {}, "one output"),
    ]
    for draw, net, options, message in cases:
        with pytest.raises(ValueError, match=message):
            draw(net, **options)
