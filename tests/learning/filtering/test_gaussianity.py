"""Inputs that are not standard Gaussian are named; Gaussian ones pass."""

import numpy as np
import pytest

from learning.filtering.gaussianity import NonGaussianWarning, gaussian_misfit
from learning.filtering.pca import FilteredPCA
from learning.recovery.regressor import LatticePolynomialRegressor

RNG = np.random.default_rng(0)
N, D = 4000, 6


@pytest.mark.parametrize(
    ("X", "text"),
    [
        (RNG.standard_normal((N, D)) + 0.2 * (np.arange(D) == 2), "mean x_2 = 0.19"),
        (RNG.standard_normal((N, D)) * (1.0 + 0.3 * (np.arange(D) == 4)), "mean x_4² = 1.6"),
        (RNG.uniform(-(3**0.5), 3**0.5, (N, D)), "mean |x_j| = 0.86"),
        (RNG.laplace(0.0, 0.5**0.5, (N, D)), "mean |x_j| = 0.7"),
        (RNG.standard_normal((N, D)) * RNG.choice([0.2, 1.4], size=(N, 1)), "mean |"),
        (RNG.choice([-1.0, 1.0], size=(N, D)), "mean |x_j| = 1,"),
        (1.1 * RNG.standard_normal((N, D)), "mean ‖x‖² = 7.3"),
        (RNG.standard_normal((N, 1)) * np.ones(D), "⟨u, x⟩"),
    ],
    ids=["shifted", "scaled", "uniform", "Laplace", "mixture", "signs", "variance 1.21", "rank one"],
)
def test_other_distributions_are_named(X: np.ndarray, text: str) -> None:
    assert text in gaussian_misfit(X)


@pytest.mark.parametrize(("count", "dimension"), [(100, 1), (100, 40), (3000, 3), (9000, 25)])
def test_gaussian_inputs_pass(count: int, dimension: int) -> None:
    rng = np.random.default_rng(count)
    assert not any(gaussian_misfit(rng.standard_normal((count, dimension))) for _ in range(60))


def test_false_alarms_are_as_rare_as_the_level_says() -> None:
    alarms = sum(
        gaussian_misfit(np.random.default_rng(i).standard_normal((400, 3)), level=0.05) is not None for i in range(1000)
    )
    assert alarms <= 80


@pytest.mark.parametrize(("count", "dimension"), [(200, 1000), (300, 16), (5000, 20)])
def test_data_of_any_seed_pass(count: int, dimension: int) -> None:
    """The directions of the test must not be drawn from the stream that drew the data."""
    for seed in range(4):
        assert gaussian_misfit(np.random.default_rng(seed).standard_normal((count, dimension))) is None


def test_few_samples_are_not_judged() -> None:
    assert gaussian_misfit(np.ones((99, 2))) is None


def test_every_estimator_warns_once() -> None:
    X = RNG.uniform(-2.0, 2.0, (600, 3))
    y = np.abs(X[:, 0])
    for fit in (
        lambda: FilteredPCA().fit(X, y),
        lambda: FilteredPCA().fit_batches(lambda: [(X, y)]),
        lambda: LatticePolynomialRegressor().fit(X, y),
    ):
        with pytest.warns(NonGaussianWarning, match="do not look like N") as caught:
            fit()
        assert len(caught) == 1


def test_what_is_found_on_other_inputs_is_still_true_of_the_samples() -> None:
    X = RNG.uniform(-2.0, 2.0, (3000, 4))
    with pytest.warns(NonGaussianWarning):
        learner = LatticePolynomialRegressor().fit(X, np.abs(X[:, 1]))
    assert learner.lattice_polynomial_([5, -3, 0, 0]) == 3
