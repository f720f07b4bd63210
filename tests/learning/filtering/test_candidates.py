import numpy as np
import pytest

from learning.filtering.candidates import fit_candidate, fit_candidates


def test_linear_candidate_recovers_an_affine_function() -> None:
    Z = np.random.default_rng(0).standard_normal((50, 2))
    candidate = fit_candidate("linear", Z, Z @ [2.0, -1.0] + 0.5)
    np.testing.assert_allclose(candidate(np.array([[1.0, 1.0], [0.0, 0.0]])), [1.5, 0.5], atol=1e-12)


def test_neighbours_approach_a_function_that_no_line_fits() -> None:
    Z = np.random.default_rng(0).standard_normal((20_000, 1))
    near, far = (fit_candidate(name, Z, np.abs(Z[:, 0])) for name in ("neighbours", "linear"))
    points = np.linspace(-1.5, 1.5, 7)[:, None]
    assert np.abs(near(points) - np.abs(points[:, 0])).max() < 0.02
    assert np.abs(far(points) - np.abs(points[:, 0])).max() > 0.5


def test_neighbours_are_estimated_in_many_dimensions_too() -> None:
    Z = np.random.default_rng(0).standard_normal((9000, 6))
    candidate = fit_candidate("neighbours", Z, Z[:, 0])
    assert np.corrcoef(candidate(Z[:500]), Z[:500, 0])[0, 1] > 0.7


def test_candidates_on_the_zero_subspace_are_constants() -> None:
    y = np.array([1.0, 2.0, 6.0])
    zero, mean = fit_candidates(np.zeros((3, 0)), y)
    np.testing.assert_array_equal(zero(np.zeros((2, 0))), [0.0, 0.0])
    np.testing.assert_array_equal(mean(np.zeros((2, 0))), [3.0, 3.0])


def test_unknown_names_and_empty_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="'spline'"):
        fit_candidate("spline", np.zeros((2, 1)), np.zeros(2))
    with pytest.raises(ValueError, match="got 0"):
        fit_candidate("mean", np.zeros((0, 1)), np.zeros(0))
