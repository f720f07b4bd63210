"""The activation complex against brute force by z3, Euler's relation, closed counts and degenerate networks."""

import math
from fractions import Fraction
from itertools import pairwise

import pytest
from case_counts import few

import tropical as tp
from oracles.activation_z3 import Case, activation_regions
from oracles.built import domain, network
from oracles.random_cases import random_case

MAXIMUM = tp.ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])


def assert_is_the_complex_of(case: Case) -> None:
    net = network(case)
    cx = tp.polyhedral_complex(net, domain(case))
    brute_force = activation_regions(case)
    assert len(set(cx.patterns)) == cx.num_cells
    assert set(cx.patterns) == set(brute_force), case
    assert_euler(cx)
    for cell in cx.cells:
        x = cell.interior_point
        assert net.activation_pattern(x) == cell.pattern
        assert cell.affine_map(x) == net(x)
        assert cell.contains(x)
        assert cx.locate(x) is cell
        assert all(net(vertex) == cell.affine_map(vertex) for vertex in cell.vertices)
    for pattern, x in brute_force.items():
        assert cx.locate(x).pattern == pattern


def assert_euler(cx: tp.PolyhedralComplex) -> None:
    f = cx.f_vector
    rank = cx.network.input_dim - len(cx.lineality)
    assert len(f) == rank + 1
    assert sum((-1) ** k * count for k, count in enumerate(f)) == ((-1) ** rank if cx.domain is None else 1)
    assert f[-1] == cx.num_cells


@pytest.mark.parametrize("seed", few(range(60), 40))
def test_equals_brute_force_over_all_patterns(seed):
    assert_is_the_complex_of(random_case(seed))


@pytest.mark.exhaustive
@pytest.mark.parametrize("block", range(10))
def test_equals_brute_force_on_five_hundred_networks(block):
    for seed in range(1000 + 50 * block, 1050 + 50 * block):
        assert_is_the_complex_of(random_case(seed))


@pytest.mark.parametrize(
    ("weight", "bias", "cells"),
    [
        ([[1, -1], [0, 1], [0, -1]], [0, 0, 0], 4),
        ([[1, 0], [1, 0], [0, 1]], ["1/2", "1/2", 0], 4),
        ([[1, 0], [0, 1], [1, 1]], [0, 0, 0], 6),
        ([[1, 0], [0, 1], [1, 1], [1, -1]], ["-1/4", "-1/8", "-3/8", "-1/8"], 8),
        ([[0, 0], [0, 0]], [1, -1], 1),
        ([[1, 1], [2, 2], [-1, -1], [1, 1]], [0, 0, 0, 1], 3),
    ],
)
def test_degenerate_arrangements(weight, bias, cells):
    net = tp.ReLUNetwork.from_arrays([weight, [[1] * len(weight)]], [bias, [0]])
    assert tp.polyhedral_complex(net).num_cells == cells
    box = tp.polyhedral_complex(net, tp.Box([-2, -2], [2, 2]))
    assert box.num_cells == cells
    assert sum(cell.volume for cell in box.cells) == 16


def test_maximum_of_two_numbers():
    cx = tp.polyhedral_complex(MAXIMUM)
    assert cx.num_cells == 4
    assert len(tp.linear_regions(cx)) == 2
    assert {str(piece) for piece in tp.affine_pieces(cx)} == {"x0", "x1"}


def test_cells_tile_the_box_and_meet_in_faces():
    case = random_case(3)
    net = network(case)
    box = tp.Box([Fraction(-1)] * case.input_dim, [1] * case.input_dim)
    cx = tp.polyhedral_complex(net, box)
    assert sum(cell.volume for cell in cx.cells) == 2**case.input_dim
    graph = cx.dual_graph()
    assert all(cx.facet_cells[data["facet"]] for _, _, data in graph.edges(data=True))
    assert all(len(cells) in (1, 2) for cells in cx.facet_cells.values())


def test_dual_graph_of_a_one_dimensional_complex_is_a_path():
    net = tp.ReLUNetwork.from_arrays([[[1], [1], [1]], [[1, -2, 1]]], [[0, -1, -2], [0]])
    cx = tp.polyhedral_complex(net)
    assert cx.f_vector == (3, 4)
    assert sorted(degree for _, degree in cx.dual_graph().degree) == [1, 1, 2, 2]
    assert sorted(math.isinf(cell.volume) for cell in cx.cells) == [False, False, True, True]
    assert sorted(vertex for cell in cx.cells for vertex in cell.vertices) == [(0,), (0,), (1,), (1,), (2,), (2,)]


def test_five_hundred_inputs_of_rank_three_cost_as_much_as_three():
    first = [[(i + 1) * (j % 5) - (i * j) % 7 for j in range(500)] for i in range(3)]
    rows = [*first, [a + b for a, b in pairwise([0, *first[0][1:], 1])]]
    rows[3] = [a - b for a, b in zip(first[1], first[2], strict=True)]
    net = tp.ReLUNetwork.from_arrays([rows, [[1, 1, -1, 2]]])
    cx = tp.polyhedral_complex(net)
    assert len(cx.lineality) == 500 - len(cx.f_vector) + 1
    assert_euler(cx)
    for cell in cx.cells:
        assert net.activation_pattern(cell.interior_point) == cell.pattern
        shifted = tuple(a + b for a, b in zip(cell.interior_point, cx.lineality[0], strict=True))
        assert cell.contains(shifted)


def test_uncut_directions_of_identity_units_stay_in_the_lineality_space():
    net = tp.ReLUNetwork.from_arrays([[[1, 0], [0, 1]], [[1, 1]]], slopes=[[(0, 1), (1, 1)]])
    cx = tp.polyhedral_complex(net)
    assert (cx.num_cells, cx.f_vector, cx.lineality) == (2, (1, 2), ((0, 1),))
    assert cx.patterns == ((1,), (-1,))


def test_a_polyhedron_as_domain():
    triangle = tp.Polyhedron([tp.AffineForm([1, 0]), tp.AffineForm([0, 1]), tp.AffineForm([-1, -1], 1)])
    cx = tp.polyhedral_complex(MAXIMUM, triangle)
    assert cx.f_vector == (4, 5, 2)
    assert [cell.volume for cell in cx.cells] == [Fraction(1, 4), Fraction(1, 4)]
    with pytest.raises(ValueError, match="no cell"):
        cx.locate([1, 1])


def test_a_budget_gives_a_flagged_partial_complex():
    net = tp.ReLUNetwork.from_arrays([[[1, 2], [3, -1], [1, 1], [2, -5]], [[1, 1, 1, 1]]], [[1, 2, 3, 4], [0]])
    seen = []
    cx = tp.polyhedral_complex(net, budget=tp.Budget(cells=3), progress=seen.append)
    assert not cx.complete
    assert cx.num_cells == 3
    assert seen == [1, 2, 3]
    assert "3 cells" in cx.incomplete_because
    with pytest.raises(ValueError, match="complete"):
        tp.linear_regions(cx)


def test_wrong_domains_are_refused():
    with pytest.raises(ValueError, match="R\\^3"):
        tp.polyhedral_complex(MAXIMUM, tp.Box([0] * 3, [1] * 3))
    with pytest.raises(ValueError, match="lower <= upper"):
        tp.Box([0, 1], [1, 0])
    with pytest.raises(ValueError, match="is empty"):
        tp.Polyhedron([tp.AffineForm([1, 0], -1), tp.AffineForm([-1, 0])])
