import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.filtering.stopping import (
    leakage_bound,
    noise_edges,
    population_ratio,
    samples_to_show,
    squared_sine,
    stopping_thresholds,
)


def test_thresholds_follow_l12_and_the_lower_one_is_clipped() -> None:
    lower, upper = stopping_thresholds(400, 0.1, 9, 0.01)
    spread = 3 / 20 + math.sqrt(2 * math.log(200)) / 20
    assert upper == pytest.approx(0.1 * ((1 + spread) ** 2 - 1))
    assert lower == pytest.approx(0.1 * ((1 - spread) ** 2 - 1))
    assert stopping_thresholds(2, 0.1, 9, 0.01)[0] == -0.1


@given(n=st.integers(1, 10**6), p=st.floats(1e-3, 1.0), codimension=st.integers(1, 1000), level=st.floats(1e-6, 0.5))
def test_a_smaller_level_asks_for_more(n: int, p: float, codimension: int, level: float) -> None:
    lower, upper = stopping_thresholds(n, p, codimension, level)
    stricter = stopping_thresholds(n, p, codimension, level / 30)
    assert -p <= stricter[0] <= lower <= 0.0 < upper < stricter[1]


@given(ratio=st.floats(-0.99, 20.0), gamma=st.floats(1e-4, 10.0))
def test_the_ratio_behind_an_eigenvalue_is_recovered(ratio: float, gamma: float) -> None:
    """1 + λ̂/p = (1 + ρ)(1 + γ/ρ) and back, for every ratio beyond the edge |ρ| = √γ."""
    n = 10**6
    codimension = max(round(gamma * n), 1)
    gamma = codimension / n
    if abs(ratio) < 1.01 * math.sqrt(gamma):
        return
    value = 0.1 * ((1 + ratio) * (1 + gamma / ratio) - 1)
    assert population_ratio(value, n, 0.1, codimension) == pytest.approx(ratio, rel=1e-6)


def test_nothing_stands_behind_an_eigenvalue_inside_the_noise() -> None:
    for value in (-0.05, 0.0, 0.1, 0.12):
        assert population_ratio(value, 400, 0.1, 100) == 0.0
    assert population_ratio(0.1, 0, 0.0, 100) == 0.0


def test_the_estimated_sine_follows_l14() -> None:
    p, excess, ratio = 0.1, 0.144, 1.44
    gamma = 1 / (400 * p)
    assert squared_sine(ratio, gamma) == pytest.approx((1 / 400) * (p + excess) / excess**2, rel=0.02)
    assert squared_sine(ratio, 0.0) == 0.0
    assert squared_sine(0.1, 0.011) == 1.0
    values = [squared_sine(-0.5, gamma) for gamma in (0.2, 0.1, 0.01)]
    assert 1.0 > values[0] > values[1] > values[2] > 0.0


def test_noise_ends_at_its_edges() -> None:
    """Extreme eigenvalues of pure noise exceed the edges at 95 % of the Tracy-Widom law about one time in twenty."""
    outside = 0
    for seed in range(200):
        X = np.random.default_rng(seed).standard_normal((900, 30))
        values = np.linalg.eigvalsh(X.T @ X / 900 - np.eye(30))
        lower, upper = noise_edges(900, 1.0, 30, quantile=0.98)
        outside += (values[0] < lower) + (values[-1] > upper)
    assert 2 <= outside <= 40
    assert noise_edges(20, 0.1, 30)[0] == -0.1


def test_edges_lie_inside_the_thresholds() -> None:
    for n, codimension in ((100, 5), (1000, 50), (10_000, 3000)):
        edge, threshold = noise_edges(n, 0.1, codimension), stopping_thresholds(n, 0.1, codimension, 0.0001)
        assert threshold[0] <= edge[0] < 0.0 < edge[1] < threshold[1]


@pytest.mark.parametrize("ratio", [1.44, 0.3, -0.3, -0.9])
def test_the_forecast_is_where_the_expected_eigenvalue_meets_the_threshold(ratio: float) -> None:
    p, codimension, level = 0.1, 100, 1e-4
    count = samples_to_show(ratio, p, codimension, level, margin=0.0)
    assert count > codimension * p / (p * ratio) ** 2  # L14 is necessary
    for factor, shows in ((1.05, True), (0.95, False)):
        n = factor * count * p
        value = p * ((1 + ratio) * (1 + codimension / (n * ratio)) - 1)
        lower, upper = stopping_thresholds(round(n), p, codimension, level)
        assert (value > upper or value < lower) == shows
    assert samples_to_show(ratio, p, codimension, level) > count
    assert samples_to_show(ratio, p, codimension, level / 100) > count


def test_no_direction_needs_infinitely_many_samples() -> None:
    assert samples_to_show(0.0, 0.1, 100, 0.01) == math.inf


def test_leakage_shrinks_with_samples_and_says_nothing_without_a_margin() -> None:
    bounds = [leakage_bound(0.15, 0.15, n, 0.1, 100, 0.01) for n in (10**4, 10**5, 10**6)]
    assert 1.0 == bounds[0] > bounds[1] > bounds[2] > 0.0
    assert leakage_bound(0.01, 0.01, 10**4, 0.1, 100, 0.01) == 1.0
    assert leakage_bound(0.0, 0.0, 0, 0.0, 100, 0.01) == 1.0
    below = [leakage_bound(-0.09, 0.01, n, 0.1, 100, 0.01) for n in (10**5, 10**6)]
    assert 1.0 > below[0] > below[1] > 0.0


def test_an_approximate_eigenvector_leaks_its_residual_on_top() -> None:
    exact = leakage_bound(0.15, 0.15, 10**6, 0.1, 100, 0.01)
    none = leakage_bound(0.15, 0.15, 10**6, 0.1, 100, 0.01, residual=0.0)
    some = leakage_bound(0.15, 0.15, 10**6, 0.1, 100, 0.01, residual=0.01)
    assert exact <= none < some < 0.3
