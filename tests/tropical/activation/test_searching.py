"""The search over facets finds the cells that cutting finds, on degenerate networks too, and in high rank."""

import random
from fractions import Fraction
from itertools import pairwise

import pytest
from case_counts import exhaustive, few

import tropical as tp
from oracles.activation_z3 import activation_regions
from oracles.built import domain, network
from oracles.random_cases import random_case
from tropical.activation.cutting import activation_parts
from tropical.activation.searching import search_cells
from tropical.arithmetic.rationals import primitive
from tropical.budget import Budget, BudgetExhausted, Meter
from tropical.polyhedra.chart import Chart


def rows_of(region):
    return [] if region is None else [primitive((h.constant, *h.gradient)) for h in region.halfspaces]


def patterns_by_search(net, region=None):
    """The patterns in the order found, each checked at its interior point and to be the only one of its kind."""
    chart = Chart.of(net.gradients(), net.input_dim, region)
    found = list(search_cells(chart.restrict(net), rows_of(region), Meter()))
    for cell in found:
        x = chart.lift(cell.interior_point)
        assert net.activation_pattern(x) == cell.pattern
        assert all(h(x) > 0 for h in (region.halfspaces if region else ()))
    patterns = [cell.pattern for cell in found]
    assert len(set(patterns)) == len(patterns)
    return patterns


def patterns_by_cutting(net, region=None):
    chart = Chart.of(net.gradients(), net.input_dim, region)
    return {cell.pattern for cell in activation_parts(chart.restrict(net), chart.cone, Meter())}


def assert_same_cells(net, region=None):
    assert set(patterns_by_search(net, region)) == patterns_by_cutting(net, region)


@pytest.mark.parametrize("seed", few(range(80), 50))
def test_finds_the_cells_of_the_subdivision(seed):
    case = random_case(seed)
    assert_same_cells(network(case), domain(case))


@pytest.mark.exhaustive
@pytest.mark.parametrize("block", range(10))
def test_finds_the_cells_of_five_hundred_networks(block):
    for seed in range(2000 + 50 * block, 2050 + 50 * block):
        case = random_case(seed)
        assert set(patterns_by_search(network(case), domain(case))) == set(activation_regions(case)), case


def drawn_network(widths, kind, seed):
    rng = random.Random(f"{widths} {kind} {seed}")
    draw = {
        "integer": lambda: rng.randint(-9, 9),
        "float": lambda: rng.gauss(0, 1),
        "ternary": lambda: rng.randint(-1, 1),
    }
    weights = [[[draw[kind]() for _ in range(n)] for _ in range(m)] for n, m in pairwise(widths)]
    biases = [[0 if kind == "ternary" else draw[kind]() for _ in range(m)] for m in widths[1:]]
    return tp.ReLUNetwork.from_arrays(weights, biases)


@pytest.mark.parametrize(
    ("widths", "kind"),
    [
        exhaustive(((8, 10, 1), "integer")),
        ((7, 9, 1), "float"),
        exhaustive(((8, 10, 1), "float")),
        ((8, 9, 1), "ternary"),
        ((7, 8, 2, 1), "integer"),
        exhaustive(((7, 8, 2, 1), "float")),
        ((7, 7, 3, 1), "ternary"),
    ],
)
def test_high_rank(widths, kind):
    assert_same_cells(drawn_network(widths, kind, 0))


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", ["integer", "float", "ternary"])
def test_high_rank_and_two_full_layers(kind):
    assert_same_cells(drawn_network((7, 8, 4, 1), kind, 0))
    assert_same_cells(drawn_network((8, 8, 3, 1), kind, 1), tp.Box([-1] * 8, [1] * 8))


def test_a_box_in_high_dimension():
    assert_same_cells(drawn_network((6, 4, 3, 1), "integer", 0), tp.Box([-1] * 6, [1] * 6))


@pytest.mark.parametrize("gap", ["1e-9", "1e-14", "1e-40"])
def test_near_duplicate_units_leave_slivers(gap):
    thin = Fraction(gap)
    rows = [[1, 2, -1], [1, 2, -1], [1 + thin, 2, -1], [3, -1, 1], [3, -1, 1 - thin]]
    biases = [[0, thin, 0, -1, -1 + thin], [thin, 0, 0], [0]]
    net = tp.ReLUNetwork.from_arrays(
        [rows, [[1, -1, 1, 0, 2], [1, -1, 1, 1, -1], [0, 0, 0, 1, -1]], [[1, 1, 1]]], biases
    )
    assert_same_cells(net)
    assert_same_cells(net, tp.Box([-1] * 3, [1] * 3))


def test_weights_rescaled_by_large_powers_of_two():
    rng = random.Random(5)
    sizes = [2**40, 1, Fraction(1, 2**40), 2**1100, Fraction(1, 2**1100)]
    rows = [[rng.randint(-5, 5) * size for _ in range(3)] for size in sizes]
    second = [[rng.randint(-5, 5) / size for size in sizes] for _ in range(3)]
    net = tp.ReLUNetwork.from_arrays([rows, second, [[1, 1, 1]]], [[size * 3 for size in sizes], [1, 2, -1], [0]])
    assert_same_cells(net)


def test_a_domain_far_away_and_tiny():
    net = tp.ReLUNetwork.from_arrays([[[1, 0], [1, 1], [1, -1]], [[1, 1, 1]]], [[-(10**9), -2 * 10**9, 0], [0]])
    corner, width = 10**9, Fraction(1, 10**12)
    box = tp.Box([corner - width] * 2, [corner + width] * 2)
    assert len(patterns_by_search(net, box)) == 6
    assert_same_cells(net, box)


def test_directions_that_no_unit_cuts():
    net = tp.ReLUNetwork.from_arrays([[[1, 0], [0, 1]], [[1, 1]]], slopes=[[(0, 1), (1, 1)]])
    assert sorted(patterns_by_search(net)) == [(-1,), (1,)]


def test_no_kinks_and_no_inputs():
    assert patterns_by_search(tp.ReLUNetwork.from_arrays([[[1, 2]]])) == [()]
    constant = tp.ReLUNetwork.from_arrays([[[0, 0], [0, 0], [0, 0]], [[1, 1, 1]]], [[1, -1, 0], [0]])
    assert patterns_by_search(constant) == [(1, -1, 0)]


def test_crossing_one_facet_flips_duplicates_and_deeper_zeros_together():
    net = tp.ReLUNetwork.from_arrays([[[1], [2], [-1]], [[1, 0, 0], [0, 1, -1]], [[1, 1]]])
    assert set(patterns_by_search(net)) == {(1, 1, -1, 1, 1), (-1, -1, 1, 0, -1)}


def test_the_order_is_the_same_every_time():
    net = drawn_network((4, 5, 3, 1), "float", 3)
    assert patterns_by_search(net) == patterns_by_search(net)


def test_budgets_stop_the_search():
    net = drawn_network((4, 6, 4, 1), "float", 3)
    seen, meter = [], Meter(Budget(cells=5))
    with pytest.raises(BudgetExhausted, match="5 cells"):
        seen.extend(search_cells(net, [], meter))
    assert meter.cells == 5
    with pytest.raises(BudgetExhausted, match="seconds"):
        list(search_cells(net, [], Meter(Budget(seconds=1e-9))))


def test_a_domain_without_interior_is_refused():
    with pytest.raises(ValueError, match="no interior"):
        list(search_cells(drawn_network((2, 3, 1), "integer", 0), [(0, 1, 0), (0, -1, 0)], Meter()))
