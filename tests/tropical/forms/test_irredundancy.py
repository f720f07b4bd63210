"""Irredundant forms: every point of the proof checked with Fractions alone, equality by exact comparison."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tropical as tp
from learning import instances
from oracles import certified
from oracles.random_cases import random_case
from tropical.activation.cutting import activation_parts, split
from tropical.arithmetic.rationals import primitive
from tropical.budget import Meter
from tropical.forms.irredundancy import irredundant
from tropical.functions.affine import form_of_row
from tropical.polyhedra.chart import Chart


def assert_proved(result, function, domain=None):
    """The same function; each clause alone somewhere; each index needed somewhere; all points in the domain."""
    form = result.polynomial
    assert certified.equivalent(function, form, domain).status == "proved"
    assert len(result.clause_points) == len(form.clauses)
    assert set(result.index_points) == {(j, i) for j, clause in enumerate(form.clauses) for i in clause}
    for j, point in enumerate(result.clause_points):
        values = [piece(point) for piece in form.pieces]
        minima = [min(values[i] for i in clause) for clause in form.clauses]
        assert all(minima[j] > value for k, value in enumerate(minima) if k != j)
    for (j, i), point in result.index_points.items():
        rest = [form.pieces[m](point) for m in form.clauses[j] if m != i]
        assert not rest or min(rest) > form(point)
    if domain is not None:
        points = [*result.clause_points, *result.index_points.values()]
        assert all(half_space(point) >= 0 for half_space in domain.halfspaces for point in points)


small = st.integers(-6, 6).map(lambda n: Fraction(n, 2))


@st.composite
def polynomials(draw, dim):
    form = st.builds(tp.AffineForm, st.tuples(*[small] * dim), small)
    pieces = draw(st.lists(form, min_size=1, max_size=6))
    clause = st.sets(st.integers(0, len(pieces) - 1), min_size=1)
    return tp.LatticePolynomial(pieces, draw(st.lists(clause, min_size=1, max_size=6)))


@settings(max_examples=60)
@given(st.integers(0, 3).flatmap(polynomials))
def test_any_lattice_polynomial(f):
    assert_proved(irredundant(f), f)


@settings(max_examples=40)
@given(polynomials(2), st.tuples(small, small), st.integers(1, 8))
def test_on_a_box(f, corner, size):
    box = tp.Box(corner, [q + Fraction(size, 4) for q in corner])
    assert_proved(irredundant(f, box), f, box)


@pytest.mark.parametrize("seed", range(200, 240, 3))
def test_forms_of_networks(seed):
    case = random_case(seed)
    net = tp.ReLUNetwork.from_arrays(case.weights, case.biases, case.slopes).output(0)
    box = None if case.box is None else tp.Box(*case.box)
    assert_proved(irredundant(tp.to_lattice_polynomial(net, box), box), net, box)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "shape", [(1, 5, 4, 1), (2, 5, 3, 1), (2, 4, 4, 1), (2, 3, 3, 3, 1), (3, 4, 3, 1), (4, 4, 2, 1)]
)
def test_many_small_networks(shape):
    for seed in range(300):
        rng = np.random.default_rng(seed)
        size = (4, 1, 2)[seed % 3]
        pairs = list(itertools.pairwise(shape))
        weights = [rng.integers(-size, size + 1, size=(rows, columns)) for columns, rows in pairs]
        net = tp.ReLUNetwork.from_arrays(weights, [rng.integers(-size, size + 1, size=rows) for _, rows in pairs])
        domain = None if seed % 2 else tp.Box([-1] * shape[0], [Fraction(3, 2)] * shape[0])
        assert_proved(irredundant(tp.to_lattice_polynomial(net, domain), domain), net, domain)


@pytest.mark.parametrize("k", [2, 3, 4, 5])
def test_parity_needs_every_clause(k):
    net = instances.parity(k, k + 1, seed=3)
    form = tp.to_lattice_polynomial(net)
    result = irredundant(form)
    assert result.polynomial == form
    assert len(form.clauses) == 2 ** (k - 1)
    assert_proved(result, net)


def sets_above_f(net):
    """S_x of THEORY L1 for a point x inside each cell of the arrangements {l_i = F} on the regions; the pieces."""
    chart = Chart.of(net.gradients(), net.input_dim, None)
    cells = activation_parts(chart.restrict(net), chart.cone, Meter())
    parts = [(cell.cone, cell.rows[0]) for cell in cells]
    rows = list(dict.fromkeys(row for _, row in parts))
    found = set()
    for cone, own in parts:
        differences = [primitive([a - b for a, b in zip(row, own, strict=True)]) for row in rows]
        found |= {frozenset(i for i, sign in enumerate(signs) if sign >= 0) for signs, _ in split(cone, differences)}
    return found, [chart.pull_back(form_of_row(row)) for row in rows]


@pytest.mark.exhaustive
def test_h4_from_its_seventy_two_minimal_sets():
    net = instances.h4(6, seed=2)
    sets, pieces = sets_above_f(net)
    literal = tp.LatticePolynomial(pieces, sets)
    assert (len(sets), len(literal.pieces), len(literal.clauses)) == (792, 25, 72)
    result = irredundant(literal)
    assert len(result.polynomial.clauses) <= 28
    assert_proved(result, net)
    fewest = irredundant(tp.to_lattice_polynomial(net))
    assert len(fewest.polynomial.clauses) == 16
    assert_proved(fewest, net)


def test_redundant_on_a_domain_or_by_a_union():
    """|x| <= 1 on the box [-1, 1], so min(|x|, 1) loses the 1; on the line it does not."""
    x, one = tp.LatticePolynomial.from_form(tp.AffineForm([1])), tp.AffineForm([0], 1)
    tent = (x | -x) & one
    assert len(irredundant(tent).polynomial.pieces) == 3
    box = tp.Box([-1], [1])
    assert set(irredundant(tent, box).polynomial.pieces) == {tp.AffineForm([1]), tp.AffineForm([-1])}
    plane = [tp.AffineForm([a, b]) for a, b in ((1, 0), (-1, 0), (0, 1), (0, -1), (0, 0))]
    cover = tp.LatticePolynomial(plane, [[0], [1], [2], [3], [4]])
    assert len(irredundant(cover).polynomial.clauses) == 4  # max(x, -x, y, -y) >= 0 needs all four others


def test_one_clause_and_one_index():
    alone = irredundant(tp.LatticePolynomial.from_form(tp.AffineForm([3, 1], 2)))
    assert (len(alone.clause_points), set(alone.index_points)) == (1, {(0, 0)})
    dim_zero = irredundant(tp.LatticePolynomial([tp.AffineForm([], 1), tp.AffineForm([], 2)], [[0], [1]]))
    assert str(dim_zero.polynomial) == "2"
    assert dim_zero.clause_points == ((),)


def test_almost_equal_forms_are_told_apart():
    """x >= x - 2^-200 everywhere; the float screening cannot see it."""
    x, lower = tp.AffineForm([1]), tp.AffineForm([1], -Fraction(1, 2**200))
    assert irredundant(tp.LatticePolynomial([x, lower], [[0], [1]])).polynomial.pieces == (x,)
    tilted = tp.AffineForm([1 + Fraction(1, 2**200)])
    both = tp.LatticePolynomial([x, tilted], [[0], [1]])
    result = irredundant(both)
    assert result.polynomial == both
    assert_proved(result, both)


def test_refusals():
    f = tp.to_lattice_polynomial(instances.h4(4))
    with pytest.raises(ValueError, match="R\\^2"):
        irredundant(f, tp.Box([0, 0], [1, 1]))
    with pytest.raises(tp.BudgetExhausted):
        irredundant(f, budget=tp.Budget(cells=3))
    seen = []
    irredundant(f, progress=seen.append)
    assert seen == list(range(1, 33))
