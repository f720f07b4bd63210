"""Answers that read the sweep, or bounds in float64, against the same from exact cones."""

import copy
import pickle
from itertools import pairwise

import numpy as np
import pytest
from case_counts import few

import tropical as tp
from oracles.built import complex_of, domain, network
from oracles.extreme_cases import extreme_case
from oracles.random_cases import random_case
from tropical.activation import complexes
from tropical.activation.compiled import loading
from tropical.activation.geometry import facet_pairs
from tropical.activation.gradient_bounds import gradient_bounds
from tropical.arithmetic.rationals import saturated
from tropical.budget import Meter
from tropical.decisions import extrema, lipschitz
from tropical.values import LazySequence

SHAPES = ((2, 5, 1), (2, 4, 4, 1), (3, 5, 1), (3, 4, 3, 1), (1, 4, 3, 1), (4, 5, 1), (2, 3, 3, 3, 2))


def generic(seed: int) -> tuple[tp.ReLUNetwork, tp.Polyhedron | None]:
    rng = np.random.default_rng(seed)
    shape = SHAPES[seed % len(SHAPES)]
    weights = [rng.standard_normal((b, a)) for a, b in pairwise(shape)]
    biases = [rng.standard_normal(b) for b in shape[1:]]
    net = tp.ReLUNetwork.from_arrays(weights, biases)
    return net, (None, tp.Box([-1] * shape[0], [1] * shape[0]))[seed % 2]


@pytest.mark.interpreted
@pytest.mark.parametrize("seed", few(range(56), 14))
def test_facets_regions_and_pieces_of_generic_networks(seed):
    net, where = generic(seed)
    swept, cut = (tp.polyhedral_complex(net, where, route=route) for route in ("compiled", "rational"))
    assert facet_pairs(cut, Meter()) is None
    pairs = facet_pairs(swept, Meter())
    if pairs is not None:
        assert swept.f_vector == cut.f_vector
        expected = sorted(cells for cells in cut.facet_cells.values() if len(cells) == 2)
        assert sorted(map(tuple, pairs.tolist())) == expected
    one, other = tp.linear_regions(swept), tp.linear_regions(cut)
    assert [region.cells for region in one] == [region.cells for region in other]
    assert [region.piece for region in one] == [region.piece for region in other]
    assert tp.affine_pieces(swept) == tp.affine_pieces(cut)
    assert tp.relevant_subspace(swept) == tp.relevant_subspace(cut)


def test_most_generic_networks_are_told_by_the_sweep():
    found = [facet_pairs(tp.polyhedral_complex(*generic(seed), route="compiled"), Meter()) for seed in range(28)]
    assert sum(pairs is not None for pairs in found) > 20


@pytest.mark.parametrize("ask", [tp.maximum, tp.minimum])
@pytest.mark.parametrize("kind", [random_case, extreme_case], ids=["random", "extreme"])
@pytest.mark.parametrize("block", few(range(16), 2))
def test_extrema_do_not_depend_on_the_route(block, kind, ask, monkeypatch):
    loading.load()
    swept = []
    sweep = extrema.highest_vertices
    monkeypatch.setattr(extrema, "highest_vertices", lambda *args: swept.append(sweep(*args)) or swept[-1])
    for seed in range(10 * block, 10 * block + 10):
        f, where = network(kind(seed)).output(0), domain(kind(seed))
        found = ask(f, where)
        with monkeypatch.context() as patch:
            patch.setattr(extrema, "is_loaded", lambda: False)
            assert found == ask(f, where), seed
        if found.ray is None:
            assert f(found.point)[0] == found.value
    assert any(swept)


@pytest.mark.parametrize("norm", [1, 2, "inf"])
@pytest.mark.parametrize("kind", [random_case, extreme_case], ids=["random", "extreme"])
@pytest.mark.parametrize("block", few(range(10), 1))
def test_what_floats_leave_out_has_no_larger_derivative(block, kind, norm, monkeypatch):
    left_out = 0
    possible = lipschitz._possible
    for seed in range(12 * block, 12 * block + 12):
        cx = complex_of(kind(seed), "rational")
        found = tp.lipschitz_constant(cx, norm)
        left_out += cx.num_cells - len(possible(cx, np.arange(cx.num_cells), 1, Meter()))
        with monkeypatch.context() as patch:
            patch.setattr(lipschitz, "_possible", lambda cx, cells, *_: list(range(len(cells))))
            assert found == tp.lipschitz_constant(cx, norm), seed
    assert left_out > 0 or kind is extreme_case  # numbers of extreme size have no bounds in float64


@pytest.mark.parametrize("norm", [1, 2, "inf"])
def test_a_function_of_no_variables_is_constant(norm):
    point = tp.ReLUNetwork.from_arrays([[[1, 2], [0, 1]], [[1, -1]]]).compose(
        tp.AffineMap((tp.AffineForm((), 1), tp.AffineForm((), 2)))
    )
    assert tp.lipschitz_constant(point, norm).value == 0
    cx = tp.polyhedral_complex(point)
    assert (len(tp.linear_regions(cx)), tp.relevant_subspace(cx), tp.maximum(point).value) == (1, (), 3)


@pytest.mark.parametrize("seed", range(12))
def test_jacobians_lie_within_their_bounds(seed):
    kind = random_case if seed % 2 else extreme_case
    cx = complex_of(kind(seed), "rational")
    entries, errors = gradient_bounds(cx.network, cx._table, np.arange(cx.num_cells), Meter())
    for cell, found, error in zip(cx.cells, entries, errors, strict=True):
        exact = np.array([[saturated(q) for q in form.gradient] for form in cell.affine_map.forms])
        assert (np.abs(exact - found) <= error * (1 + 1e-12)).all()


@pytest.mark.interpreted
@pytest.mark.parametrize("level", [0, "1/2"])
@pytest.mark.parametrize("seed", few(range(56), 14))
def test_boundaries_do_not_depend_on_the_route(seed, level):
    net, where = generic(seed)
    swept, cut = (tp.polyhedral_complex(net, where, route=route) for route in ("compiled", "rational"))
    assert tp.decision_boundary(swept, level=level) == tp.decision_boundary(cut, level=level)


def test_boundaries_are_made_when_looked_at():
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal((b, a)) for a, b in ((2, 30), (30, 30), (30, 1))]
    net = tp.ReLUNetwork.from_arrays(weights, [rng.standard_normal(b) for b in (30, 30, 1)])
    cx = tp.polyhedral_complex(net, tp.Box([-1, -1], [1, 1]), route="compiled")
    boundary = tp.decision_boundary(cx)
    assert len(boundary) > 20
    assert not boundary._made
    for piece in boundary[::7]:
        assert all(net(vertex) == (0,) for vertex in piece.vertices)
        assert all(cx.cells[piece.cells[0]].contains(vertex) for vertex in piece.vertices)
    assert len(boundary._made) == len(boundary[::7])


def test_lazy_sequences_are_sequences():
    made = []
    squares = LazySequence(5, lambda i: made.append(i) or i * i)
    assert (len(squares), squares[-1], squares[1:3], made) == (5, 16, [1, 4], [4, 1, 2])
    assert squares == [0, 1, 4, 9, 16] == list(squares)
    assert squares == (0, 1, 4, 9, 16)
    assert squares != [0, 1, 4, 9]
    assert squares != "01234"
    assert made == [4, 1, 2, 0, 3]
    assert pickle.loads(pickle.dumps(squares)) == copy.deepcopy(squares) == squares
    with pytest.raises(IndexError):
        squares[5]


@pytest.mark.parametrize("seed", range(4))
def test_the_rational_route_keeps_its_cones(seed, monkeypatch):
    net = network(random_case(seed))
    cx, fresh = (tp.polyhedral_complex(net, route="rational") for _ in range(2))
    without = pickle.loads(pickle.dumps(fresh))
    expected = [without.cone(i).generators for i in range(without.num_cells)]
    monkeypatch.setattr(complexes, "activation_parts", None)
    assert [cx.cone(i).generators for i in range(cx.num_cells)] == expected
    assert fresh.generators == cx.generators
