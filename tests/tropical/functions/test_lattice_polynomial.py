"""Lattice polynomials: canonical form, evaluation by two routes, arithmetic against the functions, laws, refusals."""

import itertools
import operator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tropical as tp
from oracles import certified
from tropical.functions.lattice_polynomial import dual_form

small = st.integers(-16, 16).map(lambda n: Fraction(n, 4))  # dyadic: float evaluation is exact
forms = st.builds(tp.AffineForm, st.tuples(small, small), small)


@st.composite
def polynomials(draw):
    pieces = draw(st.lists(forms, min_size=1, max_size=5))
    clause = st.sets(st.integers(0, len(pieces) - 1), min_size=1)
    return pieces, draw(st.lists(clause, min_size=1, max_size=5))


@given(polynomials(), st.tuples(small, small))
def test_canonical_form_keeps_the_function(data, x):
    pieces, clauses = data
    form = tp.LatticePolynomial(pieces, clauses)
    assert form(x) == max(min(pieces[i](x) for i in clause) for clause in clauses)
    assert float(form.evaluate([[float(q) for q in x]])[0]) == float(form(x))
    assert len(set(form.pieces)) == len(form.pieces)
    assert frozenset().union(*form.clauses) == set(range(len(form.pieces)))
    assert not any(a < b for a in form.clauses for b in form.clauses)
    assert tp.LatticePolynomial(form.pieces, form.clauses) == form


def test_large_batches_are_evaluated_blockwise_and_alike():
    form = tp.LatticePolynomial([tp.AffineForm([1, 2]), tp.AffineForm([-1, 0], 1)], [[0], [1]])
    X = np.random.default_rng(0).standard_normal((50_000, 2))
    assert np.array_equal(form.evaluate(X), np.maximum(X @ [1.0, 2.0], 1 - X[:, 0]))


@pytest.mark.parametrize(
    ("pieces", "clauses", "message"),
    [
        ([], [[0]], "pieces"),
        ([tp.AffineForm([1]), tp.AffineForm([1, 2])], [[0]], "one space"),
        ([tp.AffineForm([1])], [], "at least one clause"),
        ([tp.AffineForm([1])], [[]], "empty"),
        ([tp.AffineForm([1])], [[1]], "names piece 1"),
    ],
)
def test_malformed_polynomials_are_refused(pieces, clauses, message):
    with pytest.raises(ValueError, match=message):
        tp.LatticePolynomial(pieces, clauses)


def test_affine_forms_are_a_vector_space():
    f, g = tp.AffineForm([1, "1/2"], 3), tp.AffineForm([0, 1], -1)
    assert (2 * f - g)([4, 2]) == 2 * f([4, 2]) - g([4, 2])
    assert f - f == tp.AffineForm([0, 0])
    assert str(tp.AffineForm([0, 0])) == "0"
    assert str(tp.AffineForm([-1, Fraction(2, 3)], -1)) == "-x0 + 2/3*x1 - 1"
    with pytest.raises(ValueError, match="cannot be added"):
        f + tp.AffineForm([1])
    with pytest.raises(ValueError, match="2 coordinates"):
        f([1])


@st.composite
def functions(draw, dim=2, most=3):
    form = st.builds(tp.AffineForm, st.tuples(*[small] * dim), small)
    pieces = draw(st.lists(form, min_size=1, max_size=most))
    clause = st.sets(st.integers(0, len(pieces) - 1), min_size=1)
    return tp.LatticePolynomial(pieces, draw(st.lists(clause, min_size=1, max_size=3)))


points = st.tuples(small, small)


@given(functions(), functions(), small, forms, points)
def test_operators_are_those_of_the_functions(f, g, scale, form, x):
    assert (f | g)(x) == max(f(x), g(x))
    assert (f & g)(x) == min(f(x), g(x))
    assert (-f)(x) == -f(x)
    assert (f + g)(x) == f(x) + g(x)
    assert (f - g)(x) == f(x) - g(x)
    assert (scale * f)(x) == (f * scale)(x) == scale * f(x)
    assert (f + form)(x) == (form + f)(x) == f(x) + form(x)
    assert (f - form)(x) == -(form - f)(x) == f(x) - form(x)
    assert (f | form)(x) == (form | f)(x) == max(f(x), form(x))
    assert (f & form)(x) == (form & f)(x) == min(f(x), form(x))
    assert f(x) == min(max(f.pieces[i](x) for i in clause) for clause in f.dual_clauses)


def laws(f, g, h):
    """Pairs of expressions of one function: lattice axioms, De Morgan, and sums with them."""
    for join, meet in ((operator.or_, operator.and_), (operator.and_, operator.or_)):
        yield join(f, g), join(g, f)
        yield join(join(f, g), h), join(f, join(g, h))
        yield join(f, f), f
        yield join(f, meet(f, g)), f
        yield join(f, meet(g, h)), meet(join(f, g), join(f, h))
        yield -join(f, g), meet(-f, -g)
        yield join(f, g) + h, join(f + h, g + h)
        yield 2 * join(f, g), join(2 * f, 2 * g)
        yield -2 * join(f, g), meet(-2 * f, -2 * g)
    yield f + g, g + f
    yield f - f, 0 * f
    yield f + g - g, f
    yield (f | g) + (f & g), f + g


@given(functions(), functions(), functions(), points)
def test_laws_at_points(f, g, h, x):
    assert all(left(x) == right(x) for left, right in laws(f, g, h))


@settings(max_examples=8)
@given(*[functions(dim=1, most=2)] * 3)
def test_laws_are_proved(f, g, h):
    for left, right in laws(f, g, h):
        assert certified.equivalent(left, right).status == "proved"


def canonical(f):
    """The expression without the numbering of its pieces."""
    return {frozenset(f.pieces[i] for i in clause) for clause in f.clauses}


@given(functions(most=5))
def test_minimal_hitting_sets(f):
    members = range(len(f.pieces))
    subsets = [frozenset(s) for k in members for s in itertools.combinations(members, k + 1)]
    hitting = [s for s in subsets if all(s & clause for clause in f.clauses)]
    assert set(f.dual_clauses) == {s for s in hitting if not any(t < s for t in hitting)}
    assert len(f.dual_clauses) == len(set(f.dual_clauses))
    minus = -f
    assert canonical(-minus) == canonical(f)  # the hitting sets of the hitting sets (Edmonds and Fulkerson 1970)


def test_the_dual_form_can_be_exponential_and_stops_at_its_budget():
    pieces = [tp.AffineForm([1 if k == i else 0 for k in range(20)]) for i in range(20)]
    pairs = tp.LatticePolynomial(pieces, [[2 * i, 2 * i + 1] for i in range(10)])
    assert len(pairs.dual_clauses) == 2**10
    with pytest.raises(tp.BudgetExhausted):
        dual_form(pairs, tp.Budget(cells=100))


@given(functions(), st.lists(st.tuples(small), min_size=2, max_size=2), points, small)
def test_composition_with_affine_maps(f, gradients, constants, t):
    inner = tp.AffineMap(tuple(tp.AffineForm(a, c) for a, c in zip(gradients, constants, strict=True)))
    assert f.compose(inner)([t]) == f(inner([t]))


def projection(basis, x):
    """Of x onto the span of the basis, by Gram and Schmidt without roots."""
    orthogonal = []
    for row in basis:
        rest = [a - b for a, b in zip(row, projected(orthogonal, row), strict=True)]
        orthogonal += [rest] if any(rest) else []
    return projected(orthogonal, x)


def projected(orthogonal, x):
    total = [Fraction(0)] * len(x)
    for row in orthogonal:
        factor = sum(a * b for a, b in zip(row, x, strict=True)) / sum(a * a for a in row)
        total = [a + factor * b for a, b in zip(total, row, strict=True)]
    return total


spatial = st.tuples(small, small, small)


@given(functions(dim=3), st.lists(spatial, max_size=4), spatial)
def test_restriction_is_the_function_after_the_projection(f, basis, x):
    restricted = f.restrict(basis)
    assert restricted(x) == f(projection(basis, x))
    assert restricted.restrict([*basis, *basis]) == restricted
    assert f.restrict([[1, 0, 0], [1, 1, 0], [1, 1, 1]]) == f
    assert f.restrict([]) == f.restrict([[0, 0, 0]])


def test_degenerate_arithmetic():
    constant = tp.LatticePolynomial.from_form(tp.AffineForm([], 2))  # no inputs at all
    assert (constant | -constant)([]) == 2
    assert str(3 * constant - constant) == "4"
    line = tp.LatticePolynomial.from_form(tp.AffineForm([1]))
    assert line | line == line & line == line
    assert (line | -line).restrict([]) == 0 * line
    tied = tp.LatticePolynomial([tp.AffineForm([1]), tp.AffineForm([2]), tp.AffineForm([3])], [[0, 1], [1, 2], [0, 2]])
    assert tied.dual_clauses == tied.clauses  # the median is its own dual


def test_text_is_truncated():
    pieces = [tp.AffineForm([i, Fraction(1, 3)], i) for i in range(30)]
    wide = tp.LatticePolynomial(pieces, [range(30)])
    assert str(wide).startswith("min(1/3*x1, x0 + 1/3*x1 + 1, ")
    assert str(wide).endswith(", ... 22 more)")
    high = tp.LatticePolynomial(pieces, [[i] for i in range(30)])
    assert str(high).endswith(", 7*x0 + 1/3*x1 + 7, ... 22 more)")
    assert repr(high).startswith("<LatticePolynomial on Q^2, 30 pieces: max(1/3*x1, ")
    long = tp.LatticePolynomial.from_form(tp.AffineForm([Fraction(10**50, 7)] * 10))
    assert len(repr(long)) < 200


def test_operands_are_checked():
    f, g = tp.LatticePolynomial.from_form(tp.AffineForm([1])), tp.LatticePolynomial.from_form(tp.AffineForm([1, 2]))
    for combine in (operator.or_, operator.and_, operator.add, operator.sub):
        with pytest.raises(ValueError, match="cannot be combined"):
            combine(f, g)
        with pytest.raises(TypeError):
            combine(f, "x")
        with pytest.raises(TypeError):
            combine("x", f)
    with pytest.raises(TypeError):
        f * f
    with pytest.raises(ValueError, match="scalar"):
        f * float("nan")
    with pytest.raises(ValueError, match="inner must have 1 outputs"):
        f.compose(tp.AffineMap((tp.AffineForm([1]), tp.AffineForm([2]))))
    with pytest.raises(ValueError, match="1 coordinates"):
        f.restrict([[1, 2]])
