"""Lattice polynomials as values: canonical form, evaluation by two routes, refusals."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tropical as tp

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
