"""Newton polytopes: against SageMath, the homomorphism into polytopes, and the zonotopes of one hidden layer."""

import functools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import tropical_geometry_cases

import tropical as tp
from tropical.duality.newton import newton_polytope, zonotope_of
from tropical.functions.affine import AffineForm
from tropical.functions.polynomial import TropicalPolynomial
from tropical.polyhedra.polytopes import Polytope, zonotope_generators

CASES = [pytest.param(p, case, id=case["name"]) for p, case in tropical_geometry_cases()]
small = st.sampled_from(list(map(Fraction, (0, 1, -1, 2, -2, "1/2", "-1/3", "3/2"))))


def polynomials(dim):
    terms = st.tuples(st.tuples(*[small] * dim), small)
    return st.lists(terms, min_size=1, max_size=6).map(TropicalPolynomial.from_terms)


def matrices(rows, columns):
    return st.lists(st.lists(small, min_size=columns, max_size=columns), min_size=rows, max_size=rows)


def one_hidden_layer(shape):
    inputs, units = shape
    slopes = st.sampled_from([(0, 1), (0, 1), (1, 1), (-1, 1), ("1/10", 1), (1, 0), (0, 0)])
    return st.tuples(
        matrices(units, inputs),
        st.lists(small, min_size=units, max_size=units),
        st.lists(small, min_size=units, max_size=units),
        st.lists(slopes, min_size=units, max_size=units),
        small,
    )


parameters = st.tuples(st.integers(1, 3), st.integers(1, 5)).flatmap(one_hidden_layer)


def network(weights, biases, last, slopes, constant):
    return tp.ReLUNetwork.from_arrays([weights, [last]], [biases, [constant]], [slopes])


@pytest.mark.parametrize(("p", "case"), CASES)
def test_newton_polytope_of_the_reference(p, case):
    polytope, expected = newton_polytope(p), case["newton"]
    assert polytope.vertices == tuple(p.support[i] for i in expected["vertices"])
    assert list(polytope.f_vector) == expected["f_vector"]
    assert len(polytope.facets) == expected["facets"]


def test_the_reference_is_large_and_degenerate_enough():
    polynomials = [p for p, _ in tropical_geometry_cases()]
    assert sum(p.input_dim in (2, 3) for p in polynomials) >= 100
    assert {newton_polytope(p).dimension - p.input_dim for p in polynomials} == {0, -1, -2, -3}


@given(st.integers(1, 3).flatmap(lambda n: st.tuples(polynomials(n), polynomials(n))))
def test_products_become_sums_and_maxima_become_hulls(pair):
    p, q = pair
    first, second = newton_polytope(p), newton_polytope(q)
    assert newton_polytope(p * q) == first + second
    assert newton_polytope(p + q) == Polytope([*first.vertices, *second.vertices])


def parts(net):
    """f and g of F = f - g as explicit products of binomials, unit by unit."""
    hidden, last = net.layers
    forms = [AffineForm(w, b) for w, b in zip(hidden.weight, hidden.bias, strict=True)]
    zero = AffineForm((0,) * net.input_dim)
    linear = zero + AffineForm(zero.gradient, last.bias[0])
    factors = {True: [], False: []}
    for form, (left, right), v in zip(forms, hidden.slopes, last.weight[0], strict=True):
        linear += form * (v * left)
        kink = v * (right - left)
        factors[kink > 0].append(TropicalPolynomial([zero, form * abs(kink)]))
    product = functools.partial(functools.reduce, lambda p, q: p * q)
    return product(factors[True], TropicalPolynomial([linear])), product(factors[False], TropicalPolynomial([zero]))


@given(parameters, st.lists(small, min_size=3, max_size=3))
def test_zonotopes_of_a_network_are_the_newton_polytopes_of_its_two_parts(given_parameters, point):
    net = network(*given_parameters)
    f, g = parts(net)
    x = point[: net.input_dim]
    assert f(x) - g(x) == net(x)[0]
    assert zonotope_of(net) == (newton_polytope(f), newton_polytope(g))
    assert all(zonotope_generators(polytope) is not None for polytope in zonotope_of(net))


def test_parallel_and_dead_units_share_a_generator():
    net = tp.ReLUNetwork.from_arrays([[[1, 2], [2, 4], [-1, -2], [0, 0], [0, 1]], [[1, 1, 3, 5, -2]]])
    positive, negative = zonotope_of(net)
    assert zonotope_generators(positive) == ((6, 12),)
    assert positive.vertices == ((-3, -6), (3, 6))
    assert negative.vertices == ((0, 0), (0, 2))


def test_only_one_hidden_layer_and_one_output():
    deep = tp.ReLUNetwork.from_arrays([[[1]], [[1]], [[1]]])
    wide = tp.ReLUNetwork.from_arrays([[[1]], [[1], [2]]])
    with pytest.raises(ValueError, match="got 2 hidden layers and 1 outputs"):
        zonotope_of(deep)
    with pytest.raises(ValueError, match="got 1 hidden layers and 2 outputs"):
        zonotope_of(wide)
    assert len(zonotope_of(wide.output(1))[0].vertices) == 2
