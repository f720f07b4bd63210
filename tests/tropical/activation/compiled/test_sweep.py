"""The sweep: parts, directions that are not generic, threads, sorted rows, and one compiled form of every kernel."""

import functools
import math
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from itertools import pairwise

import numba
import numpy as np
import pytest
from case_counts import few

import tropical as tp
from oracles.built import compiled_applies, complex_of, domain, network
from oracles.extreme_cases import extreme_case
from oracles.random_cases import random_case
from tropical.activation.compiled import engine, stages, sweep
from tropical.activation.compiled.engine import can_enumerate, enumerate_patterns
from tropical.activation.compiled.kernels import skeleton, splitting
from tropical.activation.compiled.kernels.ordering import sort_ties
from tropical.activation.compiled.kernels.signatures import entries
from tropical.activation.compiled.kernels.skeleton import Room, borrowed_room
from tropical.activation.compiled.sweep import Sweep
from tropical.activation.compiled.tally import Tally
from tropical.budget import Meter
from tropical.polyhedra.chart import Chart

SHAPES = ((2, 8, 8, 1), (3, 7, 6, 1), (2, 6, 6, 6, 1), (4, 6, 5, 1))
KINDS = ("ternary", "eighths", "without biases", "floats")


def made(shape: tuple[int, ...], kind: str) -> tp.ReLUNetwork:
    rng = np.random.default_rng(len(shape) * 100 + shape[0])
    draw = {
        "ternary": lambda *size: rng.integers(-1, 2, size),
        "eighths": lambda *size: rng.integers(-8, 9, size) / 8,
        "without biases": lambda *size: rng.integers(-8, 9, size) / 8,
        "floats": lambda *size: rng.standard_normal(size),
    }[kind]
    weights = [draw(b, a) for a, b in pairwise(shape)]
    biases = [np.zeros(b) if kind == "without biases" else draw(b) / 2 for b in shape[1:]]
    return tp.ReLUNetwork.from_arrays(weights, biases)


def found(net: tp.ReLUNetwork, where: tp.Polyhedron | None, tally: Tally | None = None) -> np.ndarray:
    chart = Chart.of(net.gradients(), net.input_dim, where)
    enumeration = enumerate_patterns(chart.restrict(net), chart.cone, Meter(), tally)
    assert enumeration.incomplete_because is None
    return enumeration.patterns.signs()


@pytest.mark.parametrize("bounded", [True, False], ids=["box", "space"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", few(range(4), 2))
def test_any_division_into_parts_gives_the_same_cells(number, kind, bounded, monkeypatch):
    shape = SHAPES[number]
    net = made(shape, kind)
    where = tp.Box([-1] * shape[0], [1] * shape[0]) if bounded else None
    expected = tp.polyhedral_complex(net, where, route="rational").pattern_array
    vertices = []
    for limit in (1 << 20, 150, 30):
        tally = Tally()
        monkeypatch.setattr(engine, "_limit", lambda *_, limit=limit: limit)
        monkeypatch.setattr(sweep, "_ROOM", 16)
        assert np.array_equal(found(net, where, tally), expected), limit
        vertices.append(tally.vertices)
    if shape[0] < 4 and vertices[0] > 30:  # in four dimensions no unit divides so few vertices well
        assert vertices[0] < vertices[2]  # those on the units that divide count twice


@pytest.mark.interpreted
def test_divided_parts_as_plain_python(monkeypatch):
    monkeypatch.setattr(engine, "_limit", lambda *_: 20)
    monkeypatch.setattr(sweep, "_ROOM", 16)
    net, where = made((2, 5, 4, 1), "eighths"), tp.Box([-1, -1], [1, 1])
    assert np.array_equal(found(net, where), tp.polyhedral_complex(net, where, route="rational").pattern_array)


def test_directions_that_are_not_generic_are_replaced(monkeypatch):
    """With coefficients from -4 to 3 vertices are often of one height: another seed is tried, nothing is lost."""
    coarse = functools.cache(lambda seed, n: tuple(np.random.default_rng(seed).integers(-4, 4, n).tolist()))
    monkeypatch.setattr(sweep, "_direction", coarse)
    seeds = []
    begin = sweep.Sweep.begin
    monkeypatch.setattr(sweep.Sweep, "begin", lambda self: (seeds.append(self.seed), begin(self))[1])
    for seed in range(40):
        case = random_case(seed)
        net, where = network(case), domain(case)
        chart = Chart.of(net.gradients(), net.input_dim, where)
        if net.input_dim < 3 and can_enumerate(chart.restrict(net), chart.cone):
            assert np.array_equal(found(net, where), complex_of(case, "rational").pattern_array)
    assert max(seeds) > 1


def test_threads_do_not_share_their_memory():
    nets = [made(shape, kind) for shape in SHAPES[:2] for kind in KINDS]
    alone = [found(net, None) for net in nets]
    with ThreadPoolExecutor(4) as executor:
        together = list(executor.map(lambda net: found(net, None), nets * 4))
    for k, patterns in enumerate(together):
        assert np.array_equal(patterns, alone[k % len(nets)])


@pytest.mark.interpreted
@pytest.mark.parametrize(("rows", "words", "values"), [(0, 2, 3), (1, 3, 2), (300, 2, 2), (300, 3, 5), (500, 1, 1000)])
def test_ties_are_sorted(rows, words, values):
    table = np.random.default_rng(rows).integers(0, values, (rows, words)).astype(np.uint64)
    order = np.argsort(table[:, 0])[::-1].copy()
    sort_ties(table, order)
    assert sorted(order.tolist()) == list(range(rows))
    assert table[order].tolist() == sorted(table.tolist(), reverse=True)


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
def test_every_kernel_is_compiled_for_the_arguments_that_it_gets():
    """Else the first call with other types would compile in the middle of the work."""
    for shape, kind in zip(SHAPES * 2, KINDS * 2, strict=True):
        for where in (None, tp.Box([-1] * shape[0], [1] * shape[0])):
            found(made(shape, kind), where)
    for seed in range(60):
        case = random_case(seed)
        chart = Chart.of(network(case).gradients(), network(case).input_dim, domain(case))
        if can_enumerate(chart.restrict(network(case)), chart.cone):
            found(network(case), domain(case))
    forms = {function.__name__: len(function.signatures) for function, _ in entries()}
    assert set(forms.values()) <= {1, 2}, forms
    outside = {function.__name__ for function, arguments in entries() if len(function.signatures) > 1}
    also = {"is_apart", "length_of_list", "normalise", "set_sign", "solve", "write_height"}  # which other kernels call
    assert outside <= also


@pytest.mark.parametrize("seed", range(60))
def test_faces_counted_at_their_lowest_vertices(seed, monkeypatch):
    """Where no vertex lies on more hyperplanes than dimensions, for a box, R^n, a fan, a polyhedron, and in parts."""
    rng = np.random.default_rng(seed)
    shape = ((2, 5, 1), (2, 4, 4, 1), (3, 5, 1), (3, 4, 3, 1), (1, 4, 3, 1), (4, 5, 1))[seed % 6]
    weights = [rng.standard_normal((b, a)) for a, b in pairwise(shape)]
    biases = [rng.standard_normal(b) * (seed % 4 > 0) for b in shape[1:]]
    net, dim = tp.ReLUNetwork.from_arrays(weights, biases), shape[0]
    orthant = tp.Polyhedron([tp.AffineForm(row, 1) for row in np.eye(dim, dtype=int).tolist()])
    where = (None, tp.Box([-1] * dim, [1] * dim), None, orthant, tp.Box([1] * dim, [2] * dim))[seed % 5]
    if seed % 3 == 0:
        monkeypatch.setattr(engine, "_limit", lambda *_: 20)
        monkeypatch.setattr(sweep, "_ROOM", 16)
    chart = Chart.of(net.gradients(), dim, where)
    tally = Tally()
    found = enumerate_patterns(chart.restrict(net), chart.cone, Meter(), tally)
    expected = tp.polyhedral_complex(net, where, route="rational").f_vector
    if where is orthant:
        assert found.f_vector is None
    elif found.f_vector is None:
        assert tally.marked or seed % 4 == 0
    else:
        assert found.f_vector == expected


@pytest.mark.interpreted
@pytest.mark.parametrize("dim", [1, 2, 3])
def test_positions_are_solved_for_anew(dim, monkeypatch):
    """Every new vertex of the first layer, where the kernels run as Python; where compiled only what needs it."""
    monkeypatch.setattr(sweep, "_MANY_UNITS", 1)
    monkeypatch.setattr(splitting, "MOST_ERROR", 0.0)
    for kind in KINDS:
        net = made((dim, 7 - dim, 3, 1), kind)
        for where in (None, tp.Box([-1] * dim, [Fraction(1, 3)] * dim)):
            if where is None and not can_enumerate(net, Chart.of(net.gradients(), dim, None).cone):
                continue
            assert np.array_equal(found(net, where), tp.polyhedral_complex(net, where, route="rational").pattern_array)


@pytest.mark.interpreted
@pytest.mark.parametrize("block", few(range(8), 2))
def test_extreme_positions_are_solved_for_anew(block, monkeypatch):
    monkeypatch.setattr(sweep, "_MANY_UNITS", 1)
    monkeypatch.setattr(splitting, "MOST_ERROR", 0.0)
    for seed in range(100 + 10 * block, 110 + 10 * block):
        case = extreme_case(seed)
        if compiled_applies(case):
            assert complex_of(case, "compiled").patterns == complex_of(case, "rational").patterns, case.name


@pytest.mark.interpreted
@pytest.mark.parametrize("block", few(range(30), 1))
def test_values_by_rows_of_cells_give_the_same_cells(block, monkeypatch):
    """What is done in wide layers, in all."""
    monkeypatch.setattr(stages, "_MANY", 0)
    monkeypatch.setattr(stages, "_BLOCK", 7)
    for case in (kind(30 * block + k) for kind in (random_case, extreme_case) for k in range(30)):
        if compiled_applies(case):
            assert complex_of(case, "compiled").patterns == complex_of(case, "rational").patterns, case.name


@pytest.mark.parametrize("shape", [(2, 100, 9, 1), (3, 20, 4, 1)])
def test_parts_are_divided_before_their_rows_are_long(shape, monkeypatch):
    monkeypatch.setattr(sweep, "_LONG", 1)
    monkeypatch.setattr(sweep, "_ROOM", 16)
    net, where = made(shape, "floats"), tp.Box([-1] * shape[0], [1] * shape[0])
    expected = found(net, where)
    counts = []
    ours = Sweep._onward

    def counted(self, stage, sk, count):
        counts.append(count)
        return ours(self, stage, sk, count)

    monkeypatch.setattr(Sweep, "_onward", counted)
    monkeypatch.setattr(engine, "_limit", lambda *_: 600)
    assert np.array_equal(found(net, where), expected)
    assert len(counts) > 1
    assert max(counts) <= 600 // sweep._GROWTH


def test_errors_do_not_add_up_in_wide_first_layers():
    """Each cut of an edge may treble the bound on an error; 6265 vertices of this network were decided over Q once."""
    rng = np.random.default_rng(50)
    net = tp.ReLUNetwork.from_arrays([rng.standard_normal((50, 4)), np.ones((1, 50))], [rng.standard_normal(50), [0]])
    tally = Tally()
    found = enumerate_patterns(net, Chart.of(net.gradients(), 4, None).cone, Meter(), tally)
    assert len(found.patterns) == sum(math.comb(50, k) for k in range(5))
    assert tally.rational < 10


def test_a_height_whose_error_overflows_is_not_sure():
    case = extreme_case(23032)
    assert complex_of(case, "compiled").patterns == complex_of(case, "rational").patterns


def test_parts_are_small_where_memory_is_refused(monkeypatch):
    refused = []

    def resized(self, sk, count, room):
        if room > 300:
            refused.append(room)
            raise MemoryError
        return plainly(self, sk, count, room)

    def widened(self, sk, count, columns):
        if len(sk.sides) > count:
            refused.append(len(sk.sides))
            raise MemoryError
        return widely(self, sk, count, columns)

    plainly, widely = Room.resized, Room.widened
    monkeypatch.setattr(sweep, "_ROOM", 16)
    monkeypatch.setattr(Room, "resized", resized)
    monkeypatch.setattr(Room, "widened", widened)
    net, where = made((2, 12, 10, 1), "floats"), tp.Box([-1, -1], [1, 1])
    assert np.array_equal(found(net, where), tp.polyhedral_complex(net, where, route="rational").pattern_array)
    assert len(refused) > 1


def test_a_room_is_kept_until_it_is_too_large(monkeypatch):
    monkeypatch.setattr(skeleton, "_KEPT", 1000)
    monkeypatch.setattr(skeleton, "_SPARE", deque(maxlen=1))
    rooms, held = [], []
    for columns, vertices in ((2, 10), (3, 10), (2, 10), (4, 5), (5, 10), (2, 200), (3, 1)):
        with borrowed_room() as room:
            room.skeleton(vertices, 1, 1, columns)
            room.note(vertices, columns, 10)
            rooms.append(room)
        held.append(sorted(int(name.split()[1]) for name in room._buffers if name.startswith("values")))
    # 12 bytes a number: the rows of three numbers were not used for the longest time
    assert held == [[2], [2, 3], [2, 3], [2, 3, 4], [4, 5], [], [3]]
    assert [room is rooms[0] for room in rooms] == [True] * 6 + [False]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_kept_with_a_network_does_not_depend_on_what_was_asked_before(kind):
    """Coordinates are scaled by the domain or, on R^n, by the weights, and the network in them is kept."""
    shape = (3, 6, 5, 1)
    net = made(shape, kind)
    domains = [None, *(tp.Box([-r] * 3, [r] * 3) for r in (1, Fraction(3, 1000), 10**9)), tp.Box([1] * 3, [2] * 3)]
    expected = [found(made(shape, kind), where) for where in domains]
    for turn in (domains, domains[::-1], domains[1:] + domains[:1]):
        for where in turn:
            assert np.array_equal(found(net, where), expected[domains.index(where)])
