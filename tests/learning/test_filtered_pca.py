import math

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

from learning import instances
from learning.filtered_pca import FilteredPCA, filtered_pass, residual_bands, stopping_thresholds
from learning.sampling import GaussianOracle
from learning.subspace import orthonormal_frame, principal_sines


def _gaussian(count: int, dimension: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, dimension))


def test_single_pass_misses_the_sequential_subspace_and_the_loop_does_not() -> None:
    """6 relu(z1) + H4(z2..z5): only filtering the residual on W = {z1} shows z2..z5."""
    net = instances.sequential(10, seed=0)
    X, y = GaussianOracle(net, seed=1).sample(60_000)
    relevant = orthonormal_frame([list(map(float, row)) for row in net.layers[0].weight])
    assert len(relevant) == 5
    alone = FilteredPCA(max_passes=1).fit(X, y)
    loop = FilteredPCA(max_passes=4).fit(X, y)
    assert alone.n_components_ == 1
    assert principal_sines(relevant, alone.components_)[0] > 0.99
    assert principal_sines(relevant, loop.components_)[0] < 0.3
    assert [record.appended for record in loop.passes_][:2] == [1, 4]


def test_passes_are_recorded_and_end_with_a_test_that_does_not_reject() -> None:
    X, y = GaussianOracle(instances.h6(12, seed=0), seed=1).sample(20_000)
    pca = FilteredPCA(max_passes=5).fit(X, y)
    assert pca.n_components_ >= 2
    assert pca.converged_
    first, last = pca.passes_[0], pca.passes_[-1]
    assert first.rejected
    assert first.eigenvalue > first.threshold
    assert first.dimension == 0
    assert 0.0 < first.leakage < math.inf
    assert not last.rejected
    assert last.appended == 0
    assert last.dimension == pca.n_components_
    assert {record.n_samples for record in pca.passes_} == {4000}


def test_leakage_bounds_the_part_of_the_eigenvector_outside_v() -> None:
    """L13 on an instance where V is known."""
    X = _gaussian(50_000, 8)
    frame, record = filtered_pass(X, np.abs(X[:, 0]), np.zeros((0, 8)))
    assert record is not None
    assert record.appended == 1
    assert np.linalg.norm(frame[0, 1:]) <= record.leakage < 1.0


@pytest.mark.parametrize("seed", range(40))
def test_labels_independent_of_the_inputs_are_not_taken_for_structure(seed: int) -> None:
    """L12: under V ⊆ W a false positive has probability at most 1 % here, in practice far less."""
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((600, 12)), rng.standard_normal(600)
    assert FilteredPCA(random_state=seed).fit(X, y).n_components_ == 0


def test_negative_eigenvalues_count_as_well() -> None:
    """y = -|x1| exceeds its mean where |x1| is small: a one-sided filter lowers the variance of x1."""
    X = _gaussian(40_000, 5)
    bump = np.maximum(X[:, 0] + 1, 0) - 2 * np.maximum(X[:, 0], 0) + np.maximum(X[:, 0] - 1, 0)
    frame, record = filtered_pass(X, bump, np.zeros((0, 5)))
    assert record is not None
    assert record.rejected
    assert record.eigenvalue < 0.0
    assert abs(frame[0, 0]) > 0.99


def test_thresholds_follow_l12_and_the_lower_one_is_clipped() -> None:
    lower, upper = stopping_thresholds(400, 0.1, 9, 0.01)
    spread = 3 / 20 + math.sqrt(2 * math.log(200)) / 20
    assert upper == pytest.approx(0.1 * ((1 + spread) ** 2 - 1))
    assert lower == pytest.approx(0.1 * ((1 - spread) ** 2 - 1))
    assert stopping_thresholds(2, 0.1, 9, 0.01)[0] == -0.1


def test_bands_leave_out_the_atom_at_zero() -> None:
    residual = np.concatenate([np.zeros(900), np.linspace(1.0, 2.0, 100)])
    bands = dict(residual_bands(residual))
    assert bands["top 10% of |r|"].sum() == 10
    assert bands["r != 0"].sum() == 100
    assert not bands["least 30% of |r|"][:900].any()
    assert residual_bands(np.zeros(5)) == []


def test_batches_are_drawn_afresh_by_every_pass() -> None:
    calls = []

    def make_batches():
        calls.append(len(calls))
        for part in range(3):
            X = _gaussian(4000, 5, seed=10 * len(calls) + part)
            yield X, np.abs(X[:, 0])

    pca = FilteredPCA().fit_batches(make_batches)
    assert abs(pca.components_[0, 0]) > 0.99
    assert len(calls) >= len(pca.passes_) >= 2
    assert pca.passes_[0].n_samples == 12_000


def test_the_whole_space_and_constant_labels_need_no_test() -> None:
    X = _gaussian(100, 2)
    assert filtered_pass(X, X[:, 0], np.eye(2))[1] is None
    constant = FilteredPCA().fit(X, np.zeros(100))
    assert constant.n_components_ == 0
    assert constant.components_.shape == (0, 2)
    assert constant.converged_


def test_very_few_samples_show_nothing() -> None:
    for count in (1, 2, 5, 9):
        X = _gaussian(count, 6)
        assert FilteredPCA().fit(X, X[:, 0]).n_components_ == 0


def test_same_seed_gives_the_same_floats() -> None:
    X = _gaussian(5000, 4)
    one, two = (FilteredPCA(random_state=3).fit(X, np.abs(X[:, 1])).components_ for _ in range(2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"max_passes": 0}, "got 0"), ({"max_passes": 1.5}, "got 1.5"), ({"level": 1.0}, "got 1.0")],
)
def test_parameters_out_of_range_are_named(parameters: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FilteredPCA(**parameters).fit(_gaussian(10, 2), np.zeros(10))


def test_bad_batches_are_refused() -> None:
    with pytest.raises(ValueError, match="no batch"):
        FilteredPCA().fit_batches(list)
    with pytest.raises(ValueError, match=r"\[2, 3\]"):
        FilteredPCA().fit_batches(lambda: [(_gaussian(5, d), np.zeros(5)) for d in (2, 3)])
    with pytest.raises(ValueError, match="NaN"):
        FilteredPCA().fit(np.full((3, 2), np.nan), np.zeros(3))


def test_scikit_learn_contract() -> None:
    results = check_estimator(FilteredPCA(), on_fail="raise", on_skip=None)
    not_passed = {result["check_name"] for result in results if result["status"] != "passed"}
    assert not_passed <= {"check_array_api_input"}
    assert len(results) > 40
