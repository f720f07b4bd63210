"""Polygons and edges from the sweep against those of exact cones, and the pictures that are drawn from either."""

from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
from case_counts import few

import tropical as tp
from oracles.built import complex_of
from oracles.extreme_cases import extreme_case
from oracles.random_cases import random_case
from tropical.activation.compiled import engine
from tropical.activation.planar_map import planar_map
from tropical.budget import Meter
from tropical.plotting.outlines import float_polygon

SHAPES = ((2, 7, 1), (2, 6, 5, 1), (2, 4, 4, 3, 2))
DOMAINS = (
    tp.Box([-1, -1], [1, 1]),
    tp.Box(["-1/3", 5], [40, "16/3"]),
    tp.Polyhedron.from_inequalities([[-1, 0], [0, -1], [1, 3], [1, -1], [-1, -2]], [2, 1, 4, 3, 5]),
)


def network(seed: int) -> tp.ReLUNetwork:
    rng = np.random.default_rng(seed)
    shape = SHAPES[seed % len(SHAPES)]
    weights = [rng.standard_normal((b, a)) for a, b in pairwise(shape)]
    return tp.ReLUNetwork.from_arrays(weights, [rng.standard_normal(b) for b in shape[1:]])


def assert_same(cx: tp.PolyhedralComplex, cut: tp.PolyhedralComplex) -> None:
    found = planar_map(cx, Meter())
    assert found is not None
    for i, outline in enumerate(found.outlines):
        expected = np.array(float_polygon(cut.cone(i)))
        gaps = np.abs(outline[:, None] - expected[None]).max(axis=2)
        assert outline.shape == expected.shape
        places = gaps.argmin(axis=0)
        assert gaps.min(axis=0).max() < 1e-9
        steps = (np.roll(places, -1) - places) % len(places)
        assert len({*places.tolist()}) == len(places)
        assert len({*steps.tolist()} - {1, len(places) - 1}) == 0
    pairs = {tuple(sorted(pair)) for pair in found.cells.tolist() if pair[1] >= 0}
    assert pairs == {tuple(sorted(pair)) for pair in cut.facet_cells.values() if len(pair) == 2}
    assert len(found.lines) == cut.f_vector[1]
    ends = np.sort(found.lines.reshape(len(found.lines), -1).round(4), axis=1)
    assert len(np.unique(np.concatenate([ends, found.cells], axis=1), axis=0)) == len(ends)


@pytest.mark.interpreted
@pytest.mark.parametrize("where", DOMAINS, ids=["cube", "box", "polygon"])
@pytest.mark.parametrize("seed", range(6))
def test_generic_networks(seed, where):
    net = network(seed)
    assert_same(*(tp.polyhedral_complex(net, where, route=route) for route in ("compiled", "rational")))


@pytest.mark.parametrize("seed", range(6))
def test_in_parts(seed, monkeypatch):
    net = network(seed)
    cx, cut = (tp.polyhedral_complex(net, DOMAINS[0], route=route) for route in ("compiled", "rational"))
    monkeypatch.setattr(engine, "_limit", lambda *_: 12)
    assert_same(cx, cut)


@pytest.mark.parametrize("kind", [random_case, extreme_case], ids=["random", "extreme"])
@pytest.mark.parametrize("block", few(range(10), 2))
def test_others_are_told_or_left_to_exact_cones(block, kind):
    told = 0
    for seed in range(60 * block, 60 * (block + 1)):
        case = kind(seed)
        if case.input_dim == 2 and case.box is not None:
            cx = complex_of(case, "auto")
            found = planar_map(cx, Meter())
            if found is not None and float(np.ptp(found.lines)) > 1e-3:
                told += 1
                assert len(found.outlines) == cx.num_cells
                assert len(found.lines) == cx.f_vector[1]
    assert planar_map(tp.polyhedral_complex(network(0), route="compiled"), Meter()) is None


@pytest.mark.parametrize("color", ["piece", "pattern"])
@pytest.mark.parametrize("seed", range(6))
def test_both_routes_draw_one_picture(seed, color):
    net = network(seed)
    drawn = []
    for route in ("compiled", "rational"):
        cx = tp.polyhedral_complex(net, DOMAINS[0], route=route)
        assert (planar_map(cx, Meter()) is None) == (route == "rational")
        axes = tp.plot_regions(cx, color=color)
        cells, *lines = axes.collections
        centres = np.array([path.vertices[:-1].mean(axis=0) for path in cells.get_paths()])
        drawn_lines = [batch for batch in lines if batch.get_paths()]
        amounts = [(len(b.get_paths()), *b.get_colors()[0], *b.get_linewidths()) for b in drawn_lines]
        texts = sorted((text.get_text(), *np.round(text.get_position(), 6)) for text in axes.texts)
        drawn.append((centres, cells.get_facecolors(), axes.get_xlim(), axes.get_ylim(), texts, amounts))
        mpl.pyplot.close(axes.figure)
    for one, other in zip(*drawn, strict=True):
        if isinstance(one, np.ndarray):
            assert np.allclose(one, other, atol=1e-7)
        else:
            assert one == other
