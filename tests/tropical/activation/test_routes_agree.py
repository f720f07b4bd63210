"""The routes to a complex agree where numbers are extreme and first layers wide; there compiled code is at its limits.

With ``NUMBA_BOUNDSCHECK=1`` every access of the compiled code to an array is checked as well, with
``NUMBA_DISABLE_JIT=1`` the kernels run as Python, and coverage sees them.
"""

from fractions import Fraction

import numpy as np
import pytest
from case_counts import few

import tropical as tp
from oracles.activation_z3 import Case, activation_regions, relu_case
from oracles.built import assert_routes_agree, complex_of
from oracles.extreme_cases import KINDS, extreme_case, wide_case
from oracles.random_cases import PERIOD, random_case
from tropical.activation import subdivision


@pytest.mark.interpreted
@pytest.mark.parametrize("block", few(range(6), 2))
def test_extreme_magnitudes(block):
    seeds = range(4 * len(KINDS) * block, 4 * len(KINDS) * (block + 1))
    applied = [assert_routes_agree(extreme_case(seed), search=seed % 4 == 0) for seed in seeds]
    assert sum(applied) > 0.85 * len(seeds)


@pytest.mark.parametrize("block", range(4))
def test_wide_first_layers(block):
    seeds = range(6 * block, 6 * (block + 1))
    assert sum(assert_routes_agree(wide_case(seed, most=200)) for seed in seeds) >= 5


@pytest.mark.parametrize("block", few(range(4), 2))
def test_extreme_magnitudes_equal_brute_force(block):
    for seed in range(30 * block, 30 * block + 30):
        assert_equals_brute_force(extreme_case(seed))


def assert_equals_brute_force(case: Case) -> None:
    """In one or two dimensions: beyond, z3 takes long with such numbers."""
    if case.input_dim < 3:
        assert sorted(complex_of(case).patterns) == sorted(activation_regions(case)), case.name


@pytest.mark.parametrize(
    ("along", "across"), [(63, 1), (64, 1), (65, 1), (64, 2), (128, 1), (60, 10), (130, 3), (255, 2), (500, 1)]
)
def test_a_basis_may_be_completed_by_any_unit(along, across):
    """A grid on R^2: the units along the first axis come first, in one or more words of 64."""
    rows = [[1, 0]] * along + [[0, 1]] * across
    case = relu_case([rows], [[*range(along), *range(across)], [0]])
    patterns = complex_of(case, "compiled").patterns
    assert len(patterns) == (along + 1) * (across + 1)
    assert len(set(patterns)) == len(patterns)


TINY = Fraction(1, 10**400)
FAR = 10**295
LINE = ([-1], [1])
SINGLE = {
    "sums that overflow": (relu_case([[[0.6, -0.4]]], [[0.9], [0]], ([-2 * FAR] * 2, [-FAR] * 2)), 2),
    "products that underflow": (relu_case([[[1e-200]], [[1e-200]], [[1e200]], [[1]]], None, LINE, slope=("1/2", 1)), 2),
    "a row of tiny rationals": (
        relu_case([[[(10**20 + 1) * TINY], [10**20 * TINY]], [[1, -1]], [[1]]], None, LINE, slope=("1/2", 1)),
        2,
    ),
    "a subnormal bias": (relu_case([[[1.0]]], [[1e-310], [0]], LINE), 2),
    "a subnormal bias behind others": (relu_case([[[1], [2]], [[1, -1]], [[1]]], [[0, 0], [1e-310], [0]], LINE), 3),
    "a first weight beyond float64": (relu_case([[[10**400], [2]], [[1, -1]], [[1]]], [[1, 0], [0], [0]], LINE), 3),
    "a constant below float64": (relu_case([[[1]], [[0]], [[1]]], [[0], [TINY], [0]], LINE), 2),
    "a slope below float64": (relu_case([[[1]], [[1]]], None, LINE, slope=(TINY, 1)), 2),
}


@pytest.mark.interpreted
@pytest.mark.parametrize("name", SINGLE)
def test_single_networks(name):
    case, cells = SINGLE[name]
    for route in ("rational", "compiled", "auto", "search"):
        assert complex_of(case, route).num_cells == cells, route
    assert sorted(complex_of(case, "compiled").patterns) == sorted(complex_of(case, "rational").patterns)


@pytest.mark.interpreted
def test_a_domain_beyond_float64():
    net = tp.ReLUNetwork.from_arrays([[[1.0], [1.0]], [[1.0, 1.0]]], [[0, -1], [0]])
    box = tp.Box([-(10**309)], [10**309])
    counts = {
        route: tp.polyhedral_complex(net, box, route=route).num_cells for route in ("rational", "compiled", "auto")
    }
    assert set(counts.values()) == {3}
    assert tp.lipschitz_constant(net, domain=box).value == 2


@pytest.mark.exhaustive
@pytest.mark.parametrize("block", range(100, 130))
def test_six_thousand_networks_of_extreme_magnitudes(block):
    seeds = range(200 * block, 200 * (block + 1))
    applied = [assert_routes_agree(extreme_case(seed), search=seed % 8 == 0) for seed in seeds]
    assert sum(applied) > 0.85 * len(seeds)


@pytest.mark.exhaustive
@pytest.mark.parametrize("block", range(10, 35))
def test_two_and_a_half_thousand_wide_networks(block):
    seeds = range(100 * block, 100 * (block + 1))
    assert sum(assert_routes_agree(wide_case(seed)) for seed in seeds) >= 85


@pytest.mark.exhaustive
@pytest.mark.parametrize("block", range(200, 230))
def test_eight_thousand_ordinary_networks(block):
    seeds = range(2 * PERIOD * block, 2 * PERIOD * (block + 1))
    applied = [assert_routes_agree(random_case(seed)) for seed in seeds]
    assert sum(applied) > 0.85 * len(seeds)


@pytest.mark.exhaustive
@pytest.mark.parametrize("block", range(5))
def test_five_hundred_extreme_networks_equal_brute_force(block):
    for seed in range(50_000 + 200 * block, 50_200 + 200 * block):
        assert_equals_brute_force(extreme_case(seed))


def test_the_generators_reach_what_they_are_for():
    values = [q for seed in range(70) for rows in extreme_case(seed).weights for row in rows for q in row if q]
    sizes = np.array([q.numerator.bit_length() - q.denominator.bit_length() for q in values])
    assert (sizes < -1074).any()
    assert (sizes > 1024).any()
    assert any(len(str(q.denominator)) > 400 for q in values)
    widths = [len(wide_case(seed).weights[0]) for seed in range(60)]
    assert min(widths) >= 64
    assert max(widths) > 500


WIDE = tp.ReLUNetwork.from_arrays(
    [[[(5 * i + 3 * j) % 11 - 5 for j in range(n)] for i in range(m)] for n, m in ((2, 6), (6, 5), (5, 1))],
    [[1, -2, 3, -1, 2, 0], [1, 0, -1, 2, -2], [0]],
)


@pytest.mark.parametrize(
    ("patience", "kept", "seconds", "compiles"),
    [
        (60, True, None, False),  # cutting ends before the code is worth loading
        (1e-9, True, None, True),
        (1e-9, True, 50, True),
        (1e-9, False, 5, False),  # no time to compile
        (1e-9, False, None, False),  # cutting ends before the code would be compiled
    ],
)
def test_the_route_goes_by_the_time_that_it_takes(patience, kept, seconds, compiles, monkeypatch):
    called = []

    def compiled(*arguments, **options):
        called.append(arguments)
        return enumerate_patterns(*arguments, **options)

    enumerate_patterns = subdivision.enumerate_patterns
    monkeypatch.setattr(subdivision, "enumerate_patterns", compiled)
    monkeypatch.setattr(subdivision, "is_loaded", lambda: False)
    monkeypatch.setattr(subdivision, "is_kept", lambda: kept)
    monkeypatch.setattr(subdivision, "LOADING_SECONDS", patience)
    found = tp.polyhedral_complex(WIDE, budget=tp.Budget(seconds=seconds))
    assert bool(called) == compiles
    assert found == tp.polyhedral_complex(WIDE, route="rational")


def test_which_cells_a_count_leaves_does_not_depend_on_the_time(monkeypatch):
    found = []
    for loaded in (True, False):
        monkeypatch.setattr(subdivision, "is_loaded", lambda loaded=loaded: loaded)
        found.append(tp.polyhedral_complex(WIDE, budget=tp.Budget(cells=5)))
    assert found[0] == found[1]
