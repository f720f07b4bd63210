"""Exact networks: evaluation by two routes, patterns, gradients, and one clear error for bad input."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tropical as tp
from oracles.activation_z3 import pattern_at
from oracles.built import network
from oracles.equality_z3 import exact_outputs
from oracles.random_cases import random_case

small = st.fractions(min_value=-4, max_value=4, max_denominator=8)


@given(st.integers(0, 400), st.data())
def test_exact_and_float_evaluation_and_patterns_agree_with_schoolbook_arithmetic(seed, data):
    case = random_case(seed)
    net = network(case)
    x = data.draw(st.tuples(*[small] * case.input_dim))
    values = net(x)
    assert values == exact_outputs(case, x)
    assert net.activation_pattern(x) == pattern_at(case, x)
    floats = net.evaluate([[float(q) for q in x]])[0]
    assert floats == pytest.approx([float(v) for v in values], rel=1e-9, abs=1e-9)
    for i in range(net.output_dim):
        assert net.output(i)(x) == (values[i],)


@given(st.integers(0, 400), st.data())
def test_the_gradient_is_the_difference_quotient(seed, data):
    net = network(random_case(seed)).output(0)
    x = data.draw(st.tuples(*[small] * net.input_dim))
    if 0 in net.activation_pattern(x):
        x = tuple(q + Fraction(1 + i, 10**9 + 7) for i, q in enumerate(x))
    gradient = net.gradient(x)
    step = Fraction(1, 10**30)
    for i, slope in enumerate(gradient):
        moved = tuple(q + step * (i == j) for j, q in enumerate(x))
        assert (net(moved)[0] - net(x)[0]) / step == slope
    assert net.affine_map(net.activation_pattern(x))(x) == net(x)


@given(st.integers(0, 100), st.integers(0, 100), st.data())
def test_parallel_networks_of_different_depth(first, second, data):
    f, g = network(random_case(first)), network(random_case(second))
    if f.input_dim != g.input_dim:
        with pytest.raises(ValueError, match="same inputs"):
            tp.parallel(f, g)
        return
    x = data.draw(st.tuples(*[small] * f.input_dim))
    assert tp.parallel(f, g)(x) == f(x) + g(x)


def test_slopes_are_one_mechanism():
    kinds = {"relu": (0, 1), "identity": (1, 1), "absolute": (-1, 1), "leaky": ("1/10", 1)}
    net = tp.ReLUNetwork.from_arrays([[[1]] * 4, np.eye(4).tolist()], slopes=[list(kinds.values())])
    assert net([-2]) == (0, -2, 2, Fraction(-1, 5))
    assert net([3]) == (3, 3, 3, 3)
    assert net.activation_pattern([-2]) == (-1, -1, -1)
    one_pair = tp.ReLUNetwork.from_arrays([[[1]] * 2, [[1, 1]]], slopes=[(-1, 1)])
    assert one_pair([-2]) == (4,)


def test_equality_is_of_parameters():
    net = tp.ReLUNetwork.from_arrays([[[1, 1, 0], [2, 2, 0]], [[1, -1]]])
    assert net == tp.ReLUNetwork.from_arrays([np.array([[1, 1, 0], [2, 2, 0]]), [["1", "-1"]]])
    assert net != tp.ReLUNetwork.from_arrays([[[1, 1, 0], [2, 2, 0]], [[1, 1]]])


@pytest.mark.parametrize(
    ("weights", "biases", "slopes", "message"),
    [
        ([], None, None, "at least one weight"),
        ([[[1, 2], [3]]], None, None, "layer 0: weight is ragged"),
        ([[[1, 2]], [[1, 2]]], None, None, r"layer 1: weight has shape \(1, 2\), but layer 0 has shape \(1, 2\)"),
        ([[[1]], []], None, None, "layer 1: weight is empty"),
        ([[[]]], None, None, "layer 0: weight is empty"),
        ([[[1, float("nan")]]], None, None, r"layer 0: weight\[0\]\[1\] must be finite, got nan"),
        ([[[1]], [[float("inf")]]], None, None, r"layer 1: weight\[0\]\[0\] must be finite, got inf"),
        ([[1, 2]], None, None, "layer 0: weight must be a matrix"),
        ([[[1]]], [[1, 2]], None, r"layer 0: bias has length 2 but the weight has shape \(1, 1\)"),
        ([[[1]]], [[1], [2]], None, "biases must have one entry"),
        ([[[1]], [[1]]], [[float("nan")], None], None, "layer 0: bias"),
        ([[[1]], [[1]]], None, [[(0, 1), (0, 1)]], "layer 0: slopes"),
        ([[[1]], [[1]]], None, [[(0, 1, 2)]], "layer 0: a unit's slopes"),
        ([[["x"]]], None, None, r"layer 0: weight\[0\]\[0\] must be a rational"),
        (["ab"], None, None, "layer 0: weight must be a matrix"),
    ],
)
def test_bad_parameters_give_one_error_that_names_the_layer(weights, biases, slopes, message):
    with pytest.raises(ValueError, match=message):
        tp.ReLUNetwork.from_arrays(weights, biases, slopes)


def test_a_break_has_no_gradient_but_a_dead_unit_has():
    net = tp.ReLUNetwork.from_arrays([[[1, 0], [0, 1]], [[1, 0], [0, 0]], [[1, 1]]])
    with pytest.raises(ValueError, match="unit 0 of layer 0 changes sign"):
        net.gradient([0, 1])
    assert net.activation_pattern([1, 1]) == (1, 1, 1, 0)
    assert net.gradient([1, 1]) == (1, 0)


def test_patterns_may_be_arrays_of_numpy():
    net = tp.ReLUNetwork.from_arrays([[[1], [-1], [2]], [[1, 1, -1]]], None, [[("-1/3", 1), (0, 1), (2, 2)]])
    cx = tp.polyhedral_complex(net)
    assert [net.affine_map(signs) for signs in cx.pattern_array] == [cell.affine_map for cell in cx.cells]


def test_bad_points_are_refused():
    net = tp.ReLUNetwork.from_arrays([[[1, 2]], [[1]]])
    with pytest.raises(ValueError, match="2 coordinates"):
        net([1])
    with pytest.raises(ValueError, match=r"\(n_samples, 2\)"):
        net.evaluate(np.zeros(2))
    with pytest.raises(ValueError, match="finite"):
        net([1, float("nan")])
    with pytest.raises(ValueError, match="one output"):
        tp.ReLUNetwork.from_arrays([[[1], [2]]]).gradient([1])
    with pytest.raises(ValueError, match="between 0 and 0"):
        net.output(1)
    with pytest.raises(ValueError, match="1 entries"):
        net.affine_map((1, 1))
