"""Tropical rational maps: semifield arithmetic, and maps of networks equal to them at points and on every cell."""

import importlib
import json
import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from case_counts import all_but
from hypothesis import given, settings
from hypothesis import strategies as st

import tropical as tp
from learning import instances
from oracles.built import network
from oracles.random_cases import random_case
from tropical.arithmetic.rationals import primitive
from tropical.forms.pruning import prune
from tropical.forms.rational_form import term_growth, to_tropical_rational_map
from tropical.functions.polynomial import TropicalPolynomial
from tropical.functions.rational_map import TropicalRationalMap
from tropical.polyhedra.cones import half_space, intersect

small = st.integers(-6, 6).map(lambda n: Fraction(n, 2))  # dyadic: float evaluation is exact


def vectors(dim):
    return st.tuples(*[small] * dim)


def polynomials(dim):
    pairs = st.lists(st.tuples(vectors(dim), small), min_size=1, max_size=3)
    return pairs.map(TropicalPolynomial.from_terms)


def maps(dim, outputs):
    sides = st.lists(polynomials(dim), min_size=outputs, max_size=outputs)
    return st.builds(TropicalRationalMap, sides, sides)


def several(count):
    shapes = st.tuples(st.integers(1, 3), st.integers(1, 2))
    return shapes.flatmap(lambda shape: st.tuples(vectors(shape[0]), *[maps(*shape)] * count))


def random_points(rng, dim, count):
    return [[Fraction(rng.randint(-40, 40), rng.randint(1, 8)) for _ in range(dim)] for _ in range(count)]


def assert_equal_on_every_cell(net, found):
    """Both are compared at interior points and vertices of all cells, and beside these along rays and lineality."""
    for cell in tp.polyhedral_complex(net).cells:
        corner = cell.vertices[0]
        points = [cell.interior_point, *cell.vertices]
        points += [[a + 3 * b for a, b in zip(corner, ray, strict=True)] for ray in (*cell.rays, *cell.lineality)]
        for x in points:
            assert found(x) == net(x) == cell.affine_map(x)


def term_parts(p, cone):
    """Each term of p, with the part of the cone where it is largest, if full-dimensional."""
    for i, term in enumerate(p.terms):
        differences = [term - other for j, other in enumerate(p.terms) if j != i]
        part = intersect(cone, [primitive((d.constant, *d.gradient)) for d in differences])
        if part is not None:
            yield term, part


def assert_same_pieces_on_every_cell(net, found):
    """On each part of a cell where one numerator and one denominator term are largest, their difference is the piece.

    That proves equality: the parts cover the cell.
    """
    for cell in tp.polyhedral_complex(net).cells:
        rows = [primitive((h.constant, *h.gradient)) for h in cell.halfspaces]
        cone = intersect(half_space(net.input_dim), rows)
        for piece, (f, g) in zip(cell.affine_map.forms, found.pairs, strict=True):
            for above, part in term_parts(f, cone):
                assert {above - below for below, _ in term_parts(g, part)} == {piece}


@settings(max_examples=40)
@given(several(3), small, st.fractions(-3, 3, max_denominator=4))
def test_arithmetic_is_that_of_functions(drawn, c, r):
    x, f, g, h = drawn
    assert (f + g)(x) == tuple(map(max, f(x), g(x)))
    assert (f * g)(x) == tuple(a + b for a, b in zip(f(x), g(x), strict=True))
    assert (f / g)(x) == tuple(a - b for a, b in zip(f(x), g(x), strict=True))
    assert (f**r)(x) == tuple(r * a for a in f(x))
    assert (f * c)(x) == (c * f)(x) == tuple(a + c for a in f(x))
    assert (f + c)(x) == (c + f)(x) == tuple(max(a, c) for a in f(x))
    assert (f / c)(x) == tuple(a - c for a in f(x))
    assert (c / f)(x) == tuple(c - a for a in f(x))
    assert ((f + g) * h)(x) == (f * h + g * h)(x)
    assert f.output(f.output_dim - 1)(x) == f(x)[-1:]
    assert f.evaluate([[float(a) for a in x]]).tolist() == [[float(a) for a in f(x)]]


@given(several(1), small)
def test_polynomials_are_maps_with_one_output(drawn, c):
    x, f = drawn
    f, p = f.output(0), f.denominators[0]
    assert (f * p)(x) == (p * f)(x) == (f(x)[0] + p(x),)
    assert (f + p)(x) == (p + f)(x) == (max(f(x)[0], p(x)),)
    assert (f / p)(x) == (f(x)[0] - p(x),)
    assert (p / f)(x) == (p(x) - f(x)[0],)


@given(several(1), st.tuples(vectors(2), st.lists(vectors(3), min_size=3, max_size=3)))
def test_composition(drawn, other):
    (_, f), (y, rows) = drawn, other
    inner = tp.AffineMap(tuple(tp.AffineForm(row[1:], row[0]) for row in rows[: f.input_dim]))
    assert f.compose(inner)(y) == f(inner(y))


def test_values():
    p, q = TropicalPolynomial.from_terms({(1,): 0, (0,): 0}), TropicalPolynomial.from_terms({(2,): 0})
    f = TropicalRationalMap([p, q], [q, p])
    assert (f.input_dim, f.output_dim, f.num_terms) == (1, 2, 6)
    assert f.pairs == ((p, q), (q, p))
    assert str(f) == "(max(0, x0) - 2*x0, 2*x0 - max(0, x0))"
    assert repr(f) == f"<TropicalRationalMap Q^1 -> Q^2: {f}>"
    assert f == TropicalRationalMap((p, q), (q, p))
    assert f.evaluate(np.empty((0, 1))).shape == (0, 2)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda f, p: TropicalRationalMap([], []), "one space"),
        (lambda f, p: TropicalRationalMap([p], []), "got 1 and 0"),
        (lambda f, p: TropicalRationalMap([p], [TropicalPolynomial.from_terms({(1, 2): 0})]), r"\[1, 2\]"),
        (lambda f, p: f.output(2), "between 0 and 1, got 2"),
        (lambda f, p: f * p, r"\(1, 2\) and \(1, 1\)"),
        (lambda f, p: f([1, 2]), "1 coordinates, got 2"),
        (lambda f, p: f * float("nan"), "finite"),
    ],
)
def test_refusals(attempt, message):
    p = TropicalPolynomial.from_terms({(1,): 0})
    with pytest.raises(ValueError, match=message):
        attempt(TropicalRationalMap([p, p], [p, p]), p)


def test_what_is_neither_number_nor_function_is_no_operand():
    f = TropicalRationalMap([TropicalPolynomial.from_terms({(1,): 0})], [TropicalPolynomial.from_terms({(1,): 0})])
    for attempt in (lambda: f + None, lambda: f / [1], lambda: object() / f):
        with pytest.raises(TypeError):
            attempt()


SMALL_CASES = [seed for seed in range(400, 446) if sum(network(random_case(seed)).widths) <= 6]


@pytest.mark.parametrize("seed", all_but(SMALL_CASES, [436, 438]))
def test_equals_the_network_on_every_cell(seed):
    net = network(random_case(seed))
    found = to_tropical_rational_map(net)
    assert_equal_on_every_cell(net, found)
    assert_same_pieces_on_every_cell(net, found)
    for p in (*found.numerators, *found.denominators):
        assert prune(p) == p


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(408))
def test_equals_larger_networks_on_every_cell(seed):
    net = network(random_case(seed))
    assert_equal_on_every_cell(net, to_tropical_rational_map(net, budget=tp.Budget(seconds=120)))


@pytest.mark.parametrize("seed", [seed for seed in SMALL_CASES if sum(network(random_case(seed)).widths) <= 4])
def test_without_pruning_the_function_is_the_same(seed):
    net = network(random_case(seed))
    plain, pruned = to_tropical_rational_map(net, prune=False), to_tropical_rational_map(net)
    for x in random_points(random.Random(seed), net.input_dim, 60):
        assert plain(x) == net(x) == pruned(x)
    assert pruned.num_terms <= plain.num_terms


@pytest.mark.parametrize("pair", [(0, 1), (1, 0), (-1, 1), (1, -1), ("1/3", 2), (-2, -3), (2, 2), (0, 0), (-1, "-1/2")])
@pytest.mark.parametrize("prune", [True, False])
def test_activations_of_all_signs(pair, prune):
    weights = [[[1, 1], [2, -1], [-1, 0]], [[1, "-1/2", 3], ["2/3", 1, -1]], [[1, -2]]]
    net = tp.ReLUNetwork.from_arrays(weights, [[0, 1, "-1/2"], [1, 0], [3]], [pair, pair])
    found = to_tropical_rational_map(net, prune)
    for x in random_points(random.Random(1), 2, 100):
        assert found(x) == net(x)


def growth_and_map(weights, biases=None, slopes=None):
    net = tp.ReLUNetwork.from_arrays(weights, biases, slopes)
    return net, to_tropical_rational_map(net)


def test_what_cancels_is_cancelled():
    twice = growth_and_map([[[1, 2], [1, 2]], [[1, -1]]], [[1, 1], [3]])[1]
    assert str(twice) == "(3 - 0)"
    opposite = growth_and_map([[[1, 2], [-2, -4]], [[2, -1]]], [[1, -2], [3]])[1]
    assert str(opposite) == "(2*x0 + 4*x1 + 5 - 0)"
    absolute = growth_and_map([[[3], [-3]], [[1, 1]]])[1]
    assert absolute.num_terms == 3
    always_active = growth_and_map([[[1], [-1]], [[1, 1]], [[1]]], [[0, 0], [1], [0]])[1]  # |x| + 1 > 0
    assert str(always_active) == str(growth_and_map([[[1], [-1]], [[1, 1]]], [[0, 0], [1]])[1])
    dead = growth_and_map([[[1], [-1]], [[-1, -1]], [[1]]], [[0, 0], [-1], [0]])[1]
    assert str(dead) == "(0 - 0)"


def test_networks_without_hidden_layers_and_constant_ones():
    affine = growth_and_map([[[1, -2], [0, "1/2"]]], [[3, 0]])[1]
    assert str(affine) == "(x0 - 2*x1 + 3 - 0, 1/2*x1 - 0)"
    net, constant = growth_and_map([[[0, 0]], [[3]]], [[2], [1]])
    assert constant([5, 6]) == net([5, 6]) == (7,)
    assert constant.num_terms == 2


@pytest.mark.parametrize("k", [2, 3, 4])
def test_parity(k):
    net = instances.parity(k, k, seed=None)
    found = to_tropical_rational_map(net)
    for x in random_points(random.Random(k), k, 100):
        assert found(x) == net(x)


def test_degenerate_instances():
    """Duplicated, dead and cancelling units leave nothing behind."""
    net = instances.cancelling(3, seed=None)
    found = to_tropical_rational_map(net)
    assert_equal_on_every_cell(net, found)
    assert_same_pieces_on_every_cell(net, found)
    assert found.num_terms == 4  # |z1| - 2 relu(z1 + z2)


def test_hidden_instances_in_more_dimensions():
    net = instances.h4(6, seed=3)
    found = to_tropical_rational_map(net)
    rng = random.Random(0)
    assert all(found(x) == net(x) for x in random_points(rng, 6, 20))
    X = np.random.default_rng(0).standard_normal((50, 6))
    assert np.allclose(found.evaluate(X), net.evaluate(X), atol=1e-9)


def test_one_hidden_layer_gives_zonotopes():
    """max of sums of subsets: in the plane m generic segments have a Minkowski sum with 2m vertices, all essential."""
    directions = [[1, 0], [2, 1], [1, 1], [1, 3], [-1, 2]]
    net, found = growth_and_map([directions, [[1] * 5]])
    assert [len(found.numerators[0].terms), len(found.denominators[0].terms)] == [10, 1]
    assert term_growth(net).largest == (1, 10)
    assert term_growth(net, prune=False).largest[-1] > 10


def test_growth_with_and_without_pruning():
    net = network(random_case(8))
    pruned, plain = term_growth(net), term_growth(net, prune=False, budget=tp.Budget(cells=100_000))
    assert len(pruned.largest) == len(net.layers)
    assert pruned.incomplete_because is None
    assert all(a <= b for a, b in zip(pruned.total, plain.total, strict=False))
    found = to_tropical_rational_map(net)
    assert pruned.total[-1] == found.num_terms
    assert pruned.largest[-1] == max(len(p.terms) for p in (*found.numerators, *found.denominators))


def test_budgets_stop_the_growth_and_say_so():
    net = tp.ReLUNetwork.from_arrays([[[1, 2], [2, -1], [1, 1], [1, -3]], [[1, -1, 2, 3]] * 3, [[1, 1, -1]]])
    counts = []
    stopped = term_growth(net, prune=False, budget=tp.Budget(cells=40), progress=counts.append)
    assert stopped.largest[0] == 1
    assert len(stopped.largest) < 3
    assert stopped.incomplete_because == "budget of 40 terms exhausted"
    assert counts == sorted(counts)
    assert counts[-1] <= 40
    with pytest.raises(tp.BudgetExhausted, match="40 terms"):
        to_tropical_rational_map(net, prune=False, budget=tp.Budget(cells=40))
    with pytest.raises(tp.BudgetExhausted, match="seconds"):
        to_tropical_rational_map(net, budget=tp.Budget(seconds=1e-9))


def test_benchmark_prints_the_growth(monkeypatch, capsys, tmp_path):
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[3] / "benchmarks"))
    file = tmp_path / "figures.json"
    importlib.import_module("rational_maps").main(
        ["--networks", "2-4-1", "parity 3", "2-4-4-4-1", "--cap", "5000", "--json", str(file)]
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| network ")
    assert "| 1 → 6 → 215 " in lines[3]
    assert "→ –" in lines[4]
    generic, parity, stopped = json.loads(file.read_text())["rows"]
    assert (generic["stopped"], parity["with"]) == (None, [1, 2, 4])
    assert stopped["stopped"] == "budget of 5000 terms exhausted"
