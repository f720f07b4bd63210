"""Baselines: they find what they can find, miss what their theory says they miss, and disclose their budget."""

import importlib.util

import numpy as np
import pytest

from learning import baselines, instances
from learning.sampling import GaussianOracle
from oracles.subspace_distance import largest_sine

TORCH = importlib.util.find_spec("torch") is not None


def test_least_squares_sees_a_relu_and_not_an_even_function():
    X = np.random.default_rng(0).standard_normal((20_000, 6))
    direction = np.eye(6)[2:3]
    assert largest_sine(baselines.least_squares(X, np.maximum(X[:, 2], 0)), direction) < 0.05
    assert largest_sine(baselines.least_squares(X, np.abs(X[:, 2])), direction) > 0.3


@pytest.mark.parametrize("name", ["save", "phd"])
def test_second_moments_see_an_even_function(name):
    X = np.random.default_rng(1).standard_normal((20_000, 6))
    assert largest_sine(baselines.reduced_subspace(name, X, np.abs(X[:, 2]), 1), np.eye(6)[2:3]) < 0.1


def test_inverse_regression_sees_a_relu():
    X = np.random.default_rng(2).standard_normal((20_000, 6))
    assert largest_sine(baselines.reduced_subspace("sir", X, np.maximum(X[:, 2], 0), 1), np.eye(6)[2:3]) < 0.1


def test_methods_of_low_moments_are_blind_to_parity():
    """All moments of degree below 3 vanish on parity k = 3: pHd and OLS see noise (THEORY section 5)."""
    net = instances.parity(3, 12, seed=0)
    X, y = GaussianOracle(net, seed=0).sample(20_000)
    truth = np.linalg.qr(np.array(net.layers[0].weight, dtype=float).T)[0][:, :3].T
    assert largest_sine(baselines.reduced_subspace("phd", X, y, 3), truth) > 0.5


def test_bad_input():
    X = np.zeros((20, 3))
    with pytest.raises(ValueError, match="one of sir, save, phd"):
        baselines.reduced_subspace("pca", X, X[:, 0], 1)
    with pytest.raises(ValueError, match="k must lie"):
        baselines.reduced_subspace("sir", X, X[:, 0], 4)
    with pytest.raises(ValueError, match="finite"):
        baselines.least_squares(X + np.nan, X[:, 0])
    with pytest.raises(ValueError, match="labels vary"):
        baselines.adam(X, X[:, 0])
    with pytest.raises(ValueError, match="grid"):
        baselines.adam(X, np.arange(20.0), widths=())


@pytest.mark.skipif(TORCH, reason="torch is installed")
def test_a_missing_extra_is_named():
    with pytest.raises(ImportError, match=r"tropical-relu\[torch\]"):
        baselines.adam(np.zeros((20, 3)), np.arange(20.0))


@pytest.mark.skipif(not TORCH, reason="needs the extra torch")
def test_adam_learns_an_absolute_value_within_its_budget():
    X = np.random.default_rng(3).standard_normal((4000, 3))
    seen = []
    sweep = baselines.adam(
        X, np.abs(X[:, 0]), learning_rates=(1e-2,), widths=(32,), depths=(1, 2), seconds=4, progress=seen.append
    )
    assert list(sweep.trials) == seen
    assert sweep.best.loss < 0.05
    assert not sweep.at_chance
    assert sweep.n_samples == 4000
