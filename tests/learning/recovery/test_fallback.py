"""The best function on W when no exact one is found: the polish turns W towards V, held-out samples choose."""

import numpy as np
import pytest
from case_counts import few

from learning import instances
from learning.filtering.candidates import fit_candidate, local_planes
from learning.recovery.fallback import best_regression
from learning.recovery.polish import polished_frame
from learning.recovery.regressor import LatticePolynomialRegressor
from learning.sampling import GaussianOracle
from learning.subspace import orthonormal_frame
from oracles.subspace_distance import largest_sine
from tropical import polyhedral_complex, relevant_subspace


def _true_subspace(net: object) -> np.ndarray:
    return orthonormal_frame([list(map(float, row)) for row in relevant_subspace(polyhedral_complex(net))])


def test_local_planes_are_least_squares() -> None:
    rng = np.random.default_rng(0)
    steps, labels = rng.standard_normal((4, 9, 2)), rng.standard_normal((4, 9))
    values, gradients, weights = local_planes(steps, labels, ridge=0.0)
    for i in range(4):
        design = np.column_stack([np.ones(9), steps[i]])
        expected = np.linalg.lstsq(design, labels[i], rcond=None)[0]
        np.testing.assert_allclose([values[i], *gradients[i]], expected, atol=1e-12)
        np.testing.assert_allclose(weights[i] @ design, [1.0, 0.0, 0.0], atol=1e-12)
        assert abs(weights[i] @ labels[i] - values[i]) < 1e-12


def test_planes_follow_an_affine_function_exactly_and_survive_repeated_points() -> None:
    Z = np.random.default_rng(0).standard_normal((300, 3))
    planes = fit_candidate("planes", Z, Z @ [1.0, -2.0, 0.5] + 3.0)
    np.testing.assert_allclose(planes(Z[:50] + 0.01), (Z[:50] + 0.01) @ [1.0, -2.0, 0.5] + 3.0, atol=1e-4)
    assert np.isfinite(fit_candidate("planes", np.ones((20, 2)), np.arange(20.0))(np.ones((3, 2)))).all()


@pytest.mark.parametrize("noise", few([0.1, 0.0], 1))
@pytest.mark.parametrize(
    ("net", "count"),
    few([(instances.h6(30, 0), 5_000), (instances.parity(3, 30, 0), 10_000), (instances.h4(30, 0), 15_000)], 2),
    ids=["h6", "parity 3", "h4"],
)
def test_polish_turns_a_rough_subspace_into_the_relevant_one(net: object, count: int, noise: float) -> None:
    X, y = GaussianOracle(net, seed=1).sample(count)
    y = y + noise * y.std() * np.random.default_rng(2).standard_normal(count)
    truth = _true_subspace(net)
    turned = truth + 0.06 * np.random.default_rng(3).standard_normal(truth.shape)
    rough = orthonormal_frame(turned, scale=1.0)
    before, after = largest_sine(rough, truth), largest_sine(polished_frame(X, y, rough), truth)
    assert before > 0.2
    assert after < 0.2 * before


def test_polish_keeps_what_it_cannot_improve() -> None:
    X = np.random.default_rng(0).standard_normal((30, 20))
    frame = np.eye(20)[:2]
    np.testing.assert_array_equal(polished_frame(X, X[:, 0], frame), frame)
    np.testing.assert_array_equal(polished_frame(X, X[:, 0], frame[:0]), frame[:0])
    constant = polished_frame(np.random.default_rng(0).standard_normal((500, 4)), np.zeros(500), np.eye(4)[:2])
    np.testing.assert_allclose(constant, np.eye(4)[:2], atol=1e-9)


def test_held_out_samples_choose() -> None:
    X = np.random.default_rng(0).standard_normal((3000, 6))
    frames = [np.eye(6)[[3]], np.eye(6)[[0]], np.eye(6)[[0, 5]]]
    chosen, frame = best_regression(X, np.abs(X[:, 0]), frames, polish=False)
    assert (chosen.name, frame.tolist()) == ("planes", np.eye(6)[[0]].tolist())
    assert best_regression(X, X @ np.arange(6.0), frames, polish=True)[1] is None
    mean, none = best_regression(X[:3], np.array([1.0, 2.0, 6.0]), frames, polish=True)
    assert (mean(X[:2]).tolist(), none) == ([3.0, 3.0], None)


@pytest.mark.exhaustive
def test_noisy_labels_are_predicted_nearly_as_well_as_they_can_be() -> None:
    net = instances.h6(20, 0)
    X, y = GaussianOracle(net, seed=1).sample(12_000)
    noise = 0.1 * y.std() * np.random.default_rng(2).standard_normal(len(y))
    learner = LatticePolynomialRegressor().fit(X, y + noise)
    assert (learner.status_, learner.rational_, learner.lattice_polynomial_) == ("approximate", False, None)
    assert largest_sine(learner.relevant_subspace_, _true_subspace(net)) < 0.02
    assert learner.score(*GaussianOracle(net, seed=3).sample(2000)) > 0.95
