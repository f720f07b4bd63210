"""Estimates with intervals: closed forms, coverage, degenerate functions."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import tropical as tp
from learning import instances
from learning.lemmas.estimates.estimates import estimated_filter, estimated_mean, estimated_mean_square, unit_rows
from learning.lemmas.framework.subject import Subject
from learning.lemmas.rational_subspaces import orthogonal_basis
from learning.scaling.theory import filter_strength

SHIFTED = tp.ReLUNetwork.from_arrays([[[1, 0]], [[1]]], [[-1], [0]])  # relu(x_0 - 1)
H4_MEAN_SQUARE = 8 / 3 + (48 - 32 * math.sqrt(3)) / math.pi


def contains(estimate, value):
    return estimate.lower <= value <= estimate.upper


def axes(*chosen, dim):
    return [tuple(Fraction(int(i == j)) for j in range(dim)) for i in chosen]


def parity_moments(k, tau):
    """p and λ of the filter |F| > τ (THEORY section 5)."""
    q = 2 * stats.norm.sf(tau)
    return q**k, q ** (k - 1) * 2 * tau * stats.norm.pdf(tau)


# The interval of a mean


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=20), st.floats(0.001, 0.5))
def test_interval_is_the_formula_of_maurer_and_pontil(values, level):
    found = estimated_mean(values, -1.0, 1.0, level)
    n, logarithm = len(values), math.log(3 / level)
    variance = sum((a - b) ** 2 for a in values for b in values) / (2 * n * (n - 1))
    radius = math.sqrt(2 * variance * logarithm / n) + 7 * 2 * logarithm / (3 * (n - 1))
    mean = math.fsum(values) / n
    assert found.lower == pytest.approx(max(mean - radius, -1), abs=1e-9)
    assert found.upper == pytest.approx(min(mean + radius, 1), abs=1e-9)
    assert (found.confidence, found.samples) == (1 - level, n)


def test_intervals_of_rare_and_of_skewed_draws_cover():
    rng = np.random.default_rng(0)
    for probability in (0.001, 0.05, 0.5):
        draws = rng.random((2000, 300)) < probability
        missed = sum(not contains(estimated_mean(row, 0.0, 1.0, 0.1), probability) for row in draws)
        assert missed <= 0.1 * 2000


def test_one_draw_says_nothing_and_no_width_says_all():
    assert estimated_mean([0.25], 0.0, 1.0, 0.1).lower == 0.0
    assert estimated_mean([0.25], 0.0, 1.0, 0.1).upper == 1.0
    assert estimated_mean([2.0], 2.0, 2.0, 0.1).upper == 2.0


@pytest.mark.parametrize("values", [[], [2.0], [-0.1], [math.nan], [[0.5]]])
def test_what_is_no_sample_of_the_range_is_refused(values):
    with pytest.raises(ValueError, match="values must"):
        estimated_mean(values, 0, 1, 0.1)


@pytest.mark.parametrize(("lower", "upper", "level"), [(0, 1, 0.0), (0, 1, 1.0), (1, 0, 0.1)])
def test_what_is_no_range_or_no_level_is_refused(lower, upper, level):
    with pytest.raises(ValueError, match="must lie"):
        estimated_mean([0.5], lower, upper, level)


# Filters


@pytest.mark.parametrize(("k", "dim", "seed"), [(2, 2, None), (3, 12, 1), (4, 50, 2)])
def test_filters_of_parity_have_their_closed_form(k, dim, seed):
    net = instances.parity(k, dim, seed)
    basis = Subject(net).relevant
    found = estimated_filter(net, Fraction(1, 2), basis, samples=20_000, seed=0, level=0.001)
    probability, eigenvalue = parity_moments(k, 0.5)
    assert contains(found.probability, probability)
    assert contains(found.trace, k * eigenvalue)
    assert found.trace.upper - found.trace.lower < 0.4 * k * eigenvalue
    alone = estimated_filter(net, Fraction(1, 2), basis[:1], samples=20_000, seed=1, level=0.001)
    assert contains(alone.trace, eigenvalue)


def test_half_a_direction_has_half_the_trace_and_one_outside_none():
    net = instances.parity(2, 3, None)
    probability, eigenvalue = parity_moments(2, 1.0)
    options = {"samples": 20_000, "seed": 0, "level": 0.001}
    slanted = estimated_filter(net, 1, [(1, 0, 1)], **options)
    assert contains(slanted.trace, eigenvalue / 2)
    outside = estimated_filter(net, 1, axes(2, dim=3), **options)
    assert outside.trace.lower == pytest.approx(0, abs=1e-12) == outside.trace.upper
    assert estimated_filter(net, 1, [], **options).trace.upper == 0.0
    everything = estimated_filter(net, 1, [*axes(0, 1, 2, dim=3), (1, 1, 1)], **options)
    assert contains(everything.trace, 2 * eigenvalue)
    assert contains(everything.probability, probability)


def test_h4_agrees_with_a_quasi_random_sum():
    strength = filter_strength(instances.h4(4, None), 0.1)
    net = instances.h4(20, 3)
    found = estimated_filter(net, strength.threshold, Subject(net).relevant, samples=50_000, seed=0, level=0.001)
    assert contains(found.probability, 0.1)
    assert contains(found.trace, 4 * strength.eigenvalue)


def test_the_lipschitz_constant_makes_rare_events_visible():
    net, tau = instances.parity(4, 4, None), 3
    probability, eigenvalue = parity_moments(4, tau)
    options = {"samples": 50_000, "seed": 0, "level": 0.001}
    known = estimated_filter(net, tau, axes(0, 1, 2, 3, dim=4), lipschitz_squared=1, **options)
    blind = estimated_filter(net, tau, axes(0, 1, 2, 3, dim=4), **options)
    for estimate in (known, blind):
        assert contains(estimate.probability, probability)
        assert contains(estimate.trace, 4 * eigenvalue)
    assert known.probability.upper < 0.1 * blind.probability.upper
    with pytest.raises(ValueError, match="must lie in"):
        estimated_filter(net, tau, [], lipschitz_squared=Fraction(1, 100), **options)


def test_filters_of_functions_with_biases():
    options = {"samples": 50_000, "seed": 0, "level": 0.001}
    found = estimated_filter(SHIFTED, Fraction(1, 2), axes(0, 1, dim=2), **options)
    assert contains(found.probability, stats.norm.sf(1.5))
    assert contains(found.trace, 1.5 * stats.norm.pdf(1.5))
    assert found.trace.upper - found.trace.lower < 0.06
    lattice = estimated_filter(tp.to_lattice_polynomial(SHIFTED), Fraction(1, 2), axes(0, dim=2), **options)
    rational = estimated_filter(tp.to_tropical_rational_map(SHIFTED), Fraction(1, 2), axes(0, dim=2), **options)
    assert contains(lattice.trace, 1.5 * stats.norm.pdf(1.5))
    assert contains(rational.trace, 1.5 * stats.norm.pdf(1.5))


def test_the_part_beyond_the_cut_is_added():
    found = estimated_filter(SHIFTED, 4, axes(0, dim=2), samples=10, seed=0, level=0.5)
    assert contains(found.trace, 5 * stats.norm.pdf(5))
    assert found.trace.upper > 0.1  # ten draws that all missed E bound what they could have missed


def test_both_intervals_hold_at_once():
    net, level = instances.parity(2, 2, None), 0.2
    probability, eigenvalue = parity_moments(2, 0.7)
    missed = 0
    for seed in range(200):
        found = estimated_filter(net, 0.7, axes(0, 1, dim=2), samples=200, seed=seed, level=level)
        missed += not (contains(found.probability, probability) and contains(found.trace, 2 * eigenvalue))
        assert found.probability.confidence == found.trace.confidence == 1 - level / 2
    assert missed <= level * 200


# Mean squares


def test_mean_squares_have_their_closed_forms():
    options = {"samples": 50_000, "seed": 0, "level": 0.001}
    assert contains(estimated_mean_square(instances.h4(30, 1), 4, **options), H4_MEAN_SQUARE)
    assert contains(estimated_mean_square(instances.h6(5, 1), 40_000, **options), h6_mean_square())
    bumped = estimated_mean_square(SHIFTED, 1, **options)
    assert contains(bumped, 2 * stats.norm.sf(1) - stats.norm.pdf(1))
    assert bumped.upper - bumped.lower < 0.1
    with pytest.raises(ValueError, match="must lie in"):
        estimated_mean_square(instances.h4(4, None), Fraction(1, 10), **options)


def h6_mean_square():
    """By equispaced angles."""
    angles = (np.arange(2**14) + 0.5) * (2 * np.pi / 2**14)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    return 2 * float((instances.h6(2, None).evaluate(circle) ** 2).mean())


# Degenerate functions


def constant(value, dim=2):
    return tp.ReLUNetwork.from_arrays([[[0] * dim], [[1]]], [[0], [value]])


@pytest.mark.parametrize(("value", "probability"), [(0, 0.0), (1, 0.0), (-3, 1.0)])
def test_constant_functions_are_known_without_chance(value, probability):
    found = estimated_filter(constant(value), 2, axes(0, 1, dim=2), samples=10, seed=0, level=0.01)
    assert found.probability.lower == found.probability.upper == probability
    assert found.trace.lower == found.trace.upper == 0.0
    square = estimated_mean_square(constant(value), 0, samples=10, seed=0, level=0.01)
    assert square.lower == square.upper == value**2


def test_units_that_cancel_leave_a_function_that_is_zero():
    net = tp.ReLUNetwork.from_arrays([[[1, 2], [1, 2]], [[1, -1]]])
    for bound in (None, 0):
        found = estimated_filter(net, 1, [(1, 2)], samples=50, seed=0, level=0.01, lipschitz_squared=bound)
        assert found.probability.value == found.trace.value == 0.0
    assert estimated_mean_square(net, 0, samples=10, seed=0, level=0.01).upper == 0.0


def test_duplicated_and_cancelling_units_change_nothing():
    net = instances.cancelling(6, 3)  # |z1| - 2 relu(z1 + z2)
    plain = tp.ReLUNetwork.from_arrays([[[1, 0], [-1, 0], [1, 1]], [[1, 1, -2]]])
    options = {"samples": 50_000, "seed": 0, "level": 0.001}
    one = estimated_filter(net, 1, Subject(net).relevant, **options)
    two = estimated_filter(plain, 1, axes(0, 1, dim=2), **options)
    assert one.probability.lower < two.probability.upper
    assert two.probability.lower < one.probability.upper
    assert one.trace.lower < two.trace.upper
    assert two.trace.lower < one.trace.upper


def test_one_input():
    net = tp.ReLUNetwork.from_arrays([[[1], [-1]], [[1, 1]]])  # |x|
    found = estimated_filter(net, 1, [(1,)], samples=5000, seed=0, level=0.01, lipschitz_squared=1)
    assert found.probability.value == pytest.approx(2 * stats.norm.sf(1), abs=1e-12)
    assert found.trace.value == pytest.approx(2 * stats.norm.pdf(1), abs=1e-12)


def test_weights_of_any_size_and_bad_arguments():
    huge = Fraction(10) ** 400
    rows = unit_rows([(huge, 0), (huge, huge)], 2)
    assert np.abs(rows @ rows.T - np.eye(2)).max() < 1e-15
    assert unit_rows(orthogonal_basis([(Fraction(0),)]), 1).shape == (0, 1)
    net, options = instances.h6(2, None), {"samples": 10, "seed": 0, "level": 0.1}
    with pytest.raises(ValueError, match="2 entries"):
        estimated_filter(net, 1, [(1, 0, 0)], **options)
    with pytest.raises(ValueError, match="threshold must be positive"):
        estimated_filter(net, 0, [], **options)
    with pytest.raises(ValueError, match="at least one sample"):
        estimated_filter(net, 1, [], samples=0, seed=0, level=0.1)
    with pytest.raises(ValueError, match="one output"):
        estimated_mean_square(tp.ReLUNetwork.from_arrays([[[1], [2]]]), 1, **options)
