"""Tropical polynomials as values: the semiring, canonical terms, evaluation by several routes, refusals."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tropical as tp
from tropical.functions.polynomial import TropicalPolynomial

small = st.integers(-6, 6).map(lambda n: Fraction(n, 2))  # dyadic: float evaluation is exact; exponents often coincide
powers = st.fractions(0, 4, max_denominator=4)


def vectors(dim):
    return st.tuples(*[small] * dim)


def polynomials(dim, most=5):
    pairs = st.lists(st.tuples(vectors(dim), small), min_size=1, max_size=most)
    return pairs.map(TropicalPolynomial.from_terms)


def several(count):
    return st.integers(1, 3).flatmap(lambda dim: st.tuples(vectors(dim), *[polynomials(dim)] * count))


def values_by_definition(p, x):
    return max(sum((a * b for a, b in zip(t.gradient, x, strict=True)), t.constant) for t in p.terms)


@given(several(3))
def test_semiring_axioms_hold_as_expressions(drawn):
    _, p, q, r = drawn
    assert p + q == q + p
    assert (p + q) + r == p + (q + r)
    assert p + p == p
    assert p * q == q * p
    assert (p * q) * r == p * (q * r)
    assert p * (q + r) == p * q + p * r
    assert (q + r) * p == q * p + r * p
    assert p * 0 == p == 0 * p
    assert hash(p + q) == hash(q + p)


@given(several(2), powers, powers)
def test_powers(drawn, r, s):
    x, p, q = drawn
    assert (p + q) ** r == p**r + q**r
    assert (p * q) ** r == p**r * q**r
    assert (p**r) ** s == p ** (r * s)
    assert (p ** (r + s))(x) == (p**r * p**s)(x)
    assert (p**r)(x) == r * p(x)
    assert p**1 == p
    assert p**0 == TropicalPolynomial([tp.AffineForm([0] * p.input_dim)])


@given(several(2), small)
def test_operations_are_those_of_functions(drawn, c):
    x, p, q = drawn
    assert p(x) == values_by_definition(p, x)
    assert (p + q)(x) == max(p(x), q(x))
    assert (p * q)(x) == p(x) + q(x)
    assert (p * c)(x) == (c * p)(x) == p(x) + c
    assert (p + c)(x) == (c + p)(x) == max(p(x), c)
    assert float((p * q).evaluate([[float(a) for a in x]])[0]) == float((p * q)(x))


@given(several(1), st.integers(1, 3).flatmap(lambda n: st.tuples(vectors(n), st.lists(vectors(n + 1), min_size=3))))
def test_composition(drawn, other):
    (_, p), (y, rows) = drawn, other
    inner = tp.AffineMap(tuple(tp.AffineForm(row[1:], row[0]) for row in rows[: p.input_dim]))
    assert p.compose(inner)(y) == p(inner(y))
    assert p.compose(inner).input_dim == len(y)


@given(st.lists(st.tuples(vectors(2), small), min_size=1, max_size=8), st.randoms())
def test_canonical_form_keeps_the_function_and_forgets_the_order(pairs, rng):
    p = TropicalPolynomial.from_terms(pairs)
    assert len(set(p.support)) == len(p.terms) == len(p.coefficients)
    assert list(p.support) == sorted(p.support)
    for exponent, coefficient in zip(p.support, p.coefficients, strict=True):
        assert coefficient == max(c for a, c in pairs if a == exponent)
    rng.shuffle(pairs)
    assert TropicalPolynomial.from_terms(pairs) == p
    assert TropicalPolynomial(p.terms) == p
    scale, rows = p.integer_rows
    assert TropicalPolynomial.from_integers(scale, rows) == p
    assert TropicalPolynomial.from_integers(3 * scale, p.rows_over(3 * scale)) == p


@given(several(2))
def test_degree_is_a_homomorphism(drawn):
    _, p, q = drawn
    assert p.degree == max(sum(a) for a in p.support)
    assert (p + q).degree == max(p.degree, q.degree)
    assert (p * q).degree == p.degree + q.degree


def test_large_batches_are_evaluated_blockwise_and_alike():
    p = TropicalPolynomial.from_terms({(k, -k): -k * k for k in range(-40, 41)})
    X = np.random.default_rng(0).standard_normal((60_000, 2))
    expected = np.max([k * (X[:, 0] - X[:, 1]) - k * k for k in range(-40, 41)], axis=0)
    assert np.allclose(p.evaluate(X), expected, rtol=1e-13, atol=1e-13)
    assert p.evaluate(np.empty((0, 2))).shape == (0,)


def test_no_variables_leave_one_constant():
    p = TropicalPolynomial.from_terms([((), 1), ((), "5/2")])
    assert p([]) == Fraction(5, 2)
    assert str(p * 1) == "7/2"
    assert p.degree == 0


def test_text_is_short():
    assert str(TropicalPolynomial.from_terms({(1, 0): 1, (0, 2): 0})) == "max(2*x1, x0 + 1)"
    many = TropicalPolynomial.from_terms({(k,): 0 for k in range(30)})
    assert str(many).endswith("11*x0, ... 18 more terms)")
    assert repr(many).startswith(f"<TropicalPolynomial on Q^1, {len(many.terms)} terms: max(")
    assert len(repr(many)) <= 200
    assert "more" not in str(TropicalPolynomial.from_terms({(k,): 0 for k in range(12)}))


def test_numbers_of_other_libraries_are_scalars():
    import sympy

    p = TropicalPolynomial.from_terms({(1,): 0})
    for half in ("1/2", 0.5, np.float64(0.5), Fraction(1, 2), sympy.Rational(1, 2)):
        assert p * half == TropicalPolynomial.from_terms({(1,): 0.5})
        assert p**half == TropicalPolynomial.from_terms({(0.5,): 0})


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda p: TropicalPolynomial([]), "at least one term"),
        (lambda p: TropicalPolynomial([tp.AffineForm([1]), tp.AffineForm([1, 2])]), r"dimensions \[1, 2\]"),
        (lambda p: p**-1, "at least 0, got -1"),
        (lambda p: p ** float("nan"), "power must be finite"),
        (lambda p: p + float("inf"), "scalar must be finite"),
        (lambda p: p + TropicalPolynomial([tp.AffineForm([1])]), r"Q\^2 and Q\^1"),
        (lambda p: p([1]), "2 coordinates, got 1"),
        (lambda p: p.evaluate([1.0, 2.0]), r"shape \(n_samples, 2\)"),
        (
            lambda p: p.compose(tp.AffineMap((tp.AffineForm([1]),))),
            "inner must have 2 outputs, the inputs",
        ),
    ],
)
def test_refusals(attempt, message):
    with pytest.raises(ValueError, match=message):
        attempt(TropicalPolynomial.from_terms({(1, 0): 0}))


@pytest.mark.parametrize("other", [None, [1], object()])
def test_what_is_no_number_and_no_polynomial_is_no_operand(other):
    p = TropicalPolynomial.from_terms({(1, 0): 0})
    with pytest.raises(TypeError):
        p + other
    with pytest.raises(TypeError):
        p * other
