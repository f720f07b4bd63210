"""Compiled enumeration against rational cutting: generic, degenerate, nearly degenerate and badly scaled networks."""

import os
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from fractions import Fraction
from itertools import pairwise
from multiprocessing import get_context

import numpy as np
import pytest
from case_counts import exhaustive, few

import tropical as tp
from oracles.activation_z3 import Case, Pattern, activation_regions
from oracles.built import complex_of, domain, network
from oracles.random_cases import PERIOD, random_case
from tropical.activation.compiled import cells, engine, sweep
from tropical.activation.compiled.engine import can_enumerate, enumerate_patterns
from tropical.activation.compiled.tally import Tally
from tropical.budget import Meter
from tropical.polyhedra.chart import Chart

EXACT_COUNTS = {"W1": 308, "W2": 2529, "W4": 2661}
SIZES = {"W1": (2, 16, 16, 1), "W2": (2, 32, 32, 32, 1), "W4": (3, 16, 16, 1)}


def cases_of(block: int) -> list[Case]:
    return [random_case(seed) for seed in range(PERIOD * block, PERIOD * (block + 1))]


def assert_compiled_route_gives(patterns: tuple[Pattern, ...], case: Case) -> bool:
    """Whether the compiled route applies; it must refuse otherwise."""
    net = network(case)
    chart = Chart.of(net.gradients(), net.input_dim, domain(case))
    if not can_enumerate(chart.restrict(net), chart.cone):
        with pytest.raises(ValueError, match="compiled route"):
            complex_of(case, "compiled")
        return False
    assert complex_of(case, "compiled").patterns == patterns, case
    return True


def random_network(sizes: tuple[int, ...]) -> tp.ReLUNetwork:
    rng = np.random.default_rng(1)
    weights = [rng.standard_normal((b, a)) for a, b in pairwise(sizes)]
    return tp.ReLUNetwork.from_arrays(weights, [rng.normal(0, 0.5, b) for b in sizes[1:]])


def yardstick(name: str) -> tp.ReLUNetwork:
    rng = np.random.default_rng(int(name[1:]))
    weights, biases = [], []
    for n_in, n_out in pairwise(SIZES[name]):
        weights.append(rng.standard_normal((n_out, n_in)) * np.sqrt(2 / n_in))
        biases.append(rng.normal(0, 0.5, n_out))
    return tp.ReLUNetwork.from_arrays(weights, biases)


@pytest.mark.parametrize("block", few(range(4), 2))
def test_compiled_and_rational_routes_agree(block):
    applied = [assert_compiled_route_gives(complex_of(case, "rational").patterns, case) for case in cases_of(block)]
    assert sum(applied) > 0.85 * PERIOD


@pytest.mark.exhaustive
@pytest.mark.parametrize("block", range(100, 130))
def test_compiled_and_rational_routes_equal_brute_force_on_four_thousand_networks(block):
    applied = []
    for case in cases_of(block):
        patterns = complex_of(case, "rational").patterns
        assert sorted(patterns) == sorted(activation_regions(case)), case
        applied.append(assert_compiled_route_gives(patterns, case))
    assert sum(applied) > 0.85 * PERIOD


@pytest.mark.parametrize("name", sorted(EXACT_COUNTS))
def test_yardsticks_have_their_exact_counts_by_float_bounds_alone(name):
    net = yardstick(name)
    dim, tally = net.input_dim, Tally()
    chart = Chart.of(net.gradients(), dim, tp.Box([-1] * dim, [1] * dim))
    found = enumerate_patterns(chart.restrict(net), chart.cone, Meter(), tally)
    patterns = found.patterns
    assert (len(patterns), found.incomplete_because) == (EXACT_COUNTS[name], None)
    assert len(np.unique(patterns.signs(), axis=0)) == len(patterns)
    assert tally.rational == 0
    assert len(patterns) < tally.vertices < 1.3 * len(patterns)


def test_integer_networks_are_decided_on_integers():
    rng = np.random.default_rng(5)
    sizes = (3, 10, 10, 1)
    weights = [rng.integers(-1, 2, (b, a)) for a, b in pairwise(sizes)]
    net = tp.ReLUNetwork.from_arrays(weights)
    chart = Chart.of(net.gradients(), 3, None)
    tally = Tally()
    patterns = enumerate_patterns(chart.restrict(net), chart.cone, Meter(), tally).patterns
    rational = tp.polyhedral_complex(net, route="rational")
    assert {tuple(row) for row in patterns.signs().tolist()} == set(rational.patterns)
    assert tally.rational == 0


def test_concurrent_float_hyperplanes_are_left_to_rational_arithmetic():
    angles = np.random.default_rng(0).uniform(0, np.pi, 7)
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    point = np.array([0.1, 0.3])
    net = tp.ReLUNetwork.from_arrays([rows, [[1] * 7]], [-(rows @ point), [0]])
    box = tp.Box([-1, -1], [1, 1])
    compiled = tp.polyhedral_complex(net, box, route="compiled")
    assert np.array_equal(compiled.pattern_array, tp.polyhedral_complex(net, box, route="rational").pattern_array)


def test_proportional_float_units_cut_once_and_are_not_ambiguous():
    rng = np.random.default_rng(3)
    first, second = rng.standard_normal((6, 2)), rng.standard_normal((6, 6))
    offsets = rng.standard_normal(6)
    doubled = np.concatenate([first, -first, 2 * first])
    weights = [doubled, np.concatenate([np.tile(second, 3), -np.tile(second, 3)]), np.ones((1, 12))]
    net = tp.ReLUNetwork.from_arrays(weights, [np.concatenate([offsets, -offsets, 2 * offsets]), np.zeros(12), [0]])
    chart = Chart.of(net.gradients(), 2, tp.Box([-1, -1], [1, 1]))
    tally = Tally()
    patterns = enumerate_patterns(chart.restrict(net), chart.cone, Meter(), tally).patterns
    rational = tp.polyhedral_complex(net, tp.Box([-1, -1], [1, 1]), route="rational")
    assert {tuple(row) for row in patterns.signs().tolist()} == set(rational.patterns)
    assert tally.rational == 0


def test_weights_beyond_the_range_of_floats_are_left_to_rational_arithmetic():
    huge = Fraction(2) ** 1100
    net = tp.ReLUNetwork.from_arrays([[[huge, 1], [1, -huge]], [[1 / huge, huge], [huge, -huge]], [[1, 1]]])
    box = tp.Box([-1, -1], [1, 1])
    compiled = tp.polyhedral_complex(net, box, route="compiled")
    assert compiled.patterns == tp.polyhedral_complex(net, box, route="rational").patterns


def test_a_polygon_with_more_sides_than_a_machine_word_has_bits():
    sides = 150
    angles = 2 * np.pi * np.arange(sides) / sides
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    net = tp.ReLUNetwork.from_arrays([rows, [[1] * sides]], [-np.ones(sides) / 2, [0]])
    compiled = tp.polyhedral_complex(net, tp.Box([-1, -1], [1, 1]), route="compiled")
    inner = compiled.locate([0, 0])
    assert len(inner.halfspaces) == sides
    assert compiled.num_cells > 150 * 50


def test_large_networks_go_over_to_compiled_code_by_themselves():
    cx = tp.polyhedral_complex(yardstick("W4"), tp.Box([-1] * 3, [1] * 3))
    assert cx.num_cells == EXACT_COUNTS["W4"]
    cell = cx.locate(["1/3", "1/5", "-1/7"])
    assert cell.contains(cell.interior_point)
    assert cx.network.activation_pattern(cell.interior_point) == cell.pattern


@pytest.mark.parametrize("sizes", [(3, 4, 4, 1), (4, 5, 6, 1), (4, 5, 4, 4, 1), (5, 6, 4, 1)])
def test_rays_on_which_a_narrow_layer_is_constant_need_no_rational_arithmetic(sizes):
    """With few active units a layer is constant along many rays: its forms vanish there, which floats cannot show."""
    net = random_network(sizes)
    chart = Chart.of(net.gradients(), sizes[0], None)
    tally = Tally()
    patterns = enumerate_patterns(chart.restrict(net), chart.cone, Meter(), tally).patterns
    assert patterns.in_order().signs().tolist() == tp.polyhedral_complex(net, route="rational").pattern_array.tolist()
    if len(sizes) == 4:
        assert tally.rational == 0


@pytest.mark.parametrize("sizes", [(2, 8, 6, 1), (3, 6, 5, 1), (4, 6, 3, 1), (2, 5, 5, 5, 1)])
def test_bias_free_float_networks_in_a_box_need_hardly_any_rational_arithmetic(sizes):
    """Hyperplanes that meet at the origin do so exactly, whatever their float coefficients."""
    rng = np.random.default_rng(7)
    net = tp.ReLUNetwork.from_arrays([rng.standard_normal((b, a)) for a, b in pairwise(sizes)])
    box = tp.Box([-1] * sizes[0], [1] * sizes[0])
    tally = Tally()
    chart = Chart.of(net.gradients(), sizes[0], box)
    patterns = enumerate_patterns(net, chart.cone, Meter(), tally).patterns
    rational = tp.polyhedral_complex(net, box, route="rational").pattern_array
    assert patterns.in_order().signs().tolist() == rational.tolist()
    if len(sizes) == 4:
        assert tally.rational == 0


def test_full_arrays_are_emptied_or_enlarged_and_the_work_resumed(monkeypatch):
    """Every array starts too small, so that each way of leaving compiled code is taken again and again."""
    for module, name, value in (
        (sweep, "_ROOM", 1),
        (sweep, "_CHUNKS", 1),
        (cells, "_ROWS", 1),
        (cells, "_CLUSTER", 1),
    ):
        monkeypatch.setattr(module, name, value)
    for case in cases_of(0):
        assert_compiled_route_gives(complex_of(case, "rational").patterns, case)
    net, box = yardstick("W2"), tp.Box([-1, -1], [1, 1])
    resumed = tp.polyhedral_complex(net, box, route="compiled").pattern_array
    monkeypatch.undo()
    assert np.array_equal(resumed, tp.polyhedral_complex(net, box, route="compiled").pattern_array)


def test_memory_budgets_stop_the_compiled_route_with_a_flag():
    net, box = yardstick("W2"), tp.Box([-1, -1], [1, 1])
    cx = tp.polyhedral_complex(net, box, budget=tp.Budget(bytes=2400), route="compiled")
    assert (cx.num_cells, cx.complete) == (150, False)  # two words a pattern
    assert "2400 bytes" in cx.incomplete_because
    slow = tp.polyhedral_complex(net, box, budget=tp.Budget(bytes=10_000), route="rational")
    assert 0 < slow.num_cells < 20
    assert not slow.complete


def test_budgets_stop_the_compiled_route_with_a_flag():
    net, box = yardstick("W2"), tp.Box([-1, -1], [1, 1])
    cx = tp.polyhedral_complex(net, box, budget=tp.Budget(cells=700), route="compiled")
    assert (cx.num_cells, cx.complete) == (700, False)
    assert "700 cells" in cx.incomplete_because
    assert all(cell.contains(cell.interior_point) for cell in cx.cells[:5])


@pytest.mark.parametrize("sizes", [(8, 9, 1), (8, 8, 2, 1), exhaustive(((9, 11, 1),))])
def test_beyond_seven_dimensions_cutting_and_searching_agree(sizes):
    net = random_network(sizes)
    cut = tp.polyhedral_complex(net, route="compiled")
    found = tp.polyhedral_complex(net, route="search")
    assert np.array_equal(cut.pattern_array, found.pattern_array)


@pytest.mark.parametrize("seed", range(30))
def test_the_search_route_gives_the_same_complex(seed):
    case = random_case(seed)
    cx = complex_of(case, "search")
    assert cx.patterns == complex_of(case, "rational").patterns
    assert cx.f_vector[-1] == cx.num_cells


def test_any_number_of_workers_gives_the_same_complex():
    net, box = yardstick("W2"), tp.Box([-1, -1], [1, 1])
    alone = tp.polyhedral_complex(net, box, route="compiled")
    for workers in (1, 2):
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as executor:
            shared = tp.polyhedral_complex(net, box, route="compiled", executor=executor)
        assert np.array_equal(shared.pattern_array, alone.pattern_array)
    with ThreadPoolExecutor(3) as executor:
        shared = tp.polyhedral_complex(net, box, route="compiled", executor=executor)
    assert np.array_equal(shared.pattern_array, alone.pattern_array)


class Dying(ProcessPoolExecutor):
    """Its workers are gone before they have done anything, as after kill -9."""

    def submit(self, function, /, *arguments, **options):
        return super().submit(os._exit, 9)


class Busy(Executor):
    """Never gets round to what it is given."""

    def submit(self, function, /, *arguments, **options):
        return Future()


def test_a_worker_that_dies_is_one_error_that_says_what_to_do():
    with (
        Dying(1, mp_context=get_context("spawn")) as executor,
        pytest.raises(BrokenExecutor, match=r"ended abruptly .* fewer workers if memory is short, or leave executor"),
    ):
        tp.polyhedral_complex(yardstick("W1"), route="compiled", executor=executor)


def test_an_executor_that_takes_no_work_is_bad_input():
    (executor := ThreadPoolExecutor(1)).shutdown()
    with pytest.raises(ValueError, match="executor takes no work, make a new one: cannot schedule"):
        tp.polyhedral_complex(yardstick("W1"), route="compiled", executor=executor)


@pytest.mark.parametrize("budget", [tp.Budget(cells=70), tp.Budget(bytes=1000)])
def test_budgets_end_the_work_of_workers(budget):
    net = yardstick("W2")
    alone = tp.polyhedral_complex(net, route="compiled", budget=budget)
    with ThreadPoolExecutor(2) as executor:
        shared = tp.polyhedral_complex(net, route="compiled", budget=budget, executor=executor)
    assert not shared.complete
    assert (shared.num_cells, shared.incomplete_because) == (alone.num_cells, alone.incomplete_because)


def test_work_that_waits_for_a_worker_ends_with_the_budget(monkeypatch):
    monkeypatch.setattr(engine, "_LATE_SECONDS", 0.0)
    cx = tp.polyhedral_complex(yardstick("W1"), route="compiled", executor=Busy(), budget=tp.Budget(seconds=0.5))
    assert (cx.complete, cx.num_cells) == (False, 0)
    assert "budget of 0.5 seconds exhausted" in cx.incomplete_because


def test_unknown_routes_are_refused():
    with pytest.raises(ValueError, match="route must be"):
        tp.polyhedral_complex(yardstick("W1"), route="fast")
