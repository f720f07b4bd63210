import math
import multiprocessing
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.utils.estimator_checks import check_estimator

from learning import instances
from learning.filtering.moments import filtered_second_moments
from learning.filtering.pca import FilteredPCA, PassRecord, filtered_pass, residual_bands, stopping_thresholds
from learning.sampling import GaussianOracle
from learning.subspace import orthonormal_frame, principal_sines
from tropical import ReLUNetwork


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
    assert len(first.leakage) == len(first.squared_sines) == len(first.eigenvalues) == first.appended
    assert first.eigenvalue == first.eigenvalues[0]
    assert 0.0 < first.squared_sines[0] < 1.0
    assert not last.rejected
    assert last.appended == 0
    assert last.dimension == sum(record.appended for record in pca.passes_)
    assert pca.n_components_ == 2
    assert {record.n_samples for record in pca.passes_} == {4000}


@pytest.mark.parametrize("method", ["full", "block"])
@pytest.mark.parametrize(
    ("net", "count"), [(instances.h6(8, seed=0), 60_000), (instances.parity(3, 10, seed=1), 200_000)], ids=["h6", "par"]
)
def test_leakage_bounds_the_part_of_every_direction_outside_v(net: ReLUNetwork, count: int, method: str) -> None:
    """L13 on instances where V is known, W = {0}: the bound holds for every appended direction and says something."""
    relevant = orthonormal_frame([list(map(float, row)) for row in net.layers[0].weight])
    pca = FilteredPCA(max_passes=1, method=method, block_size=6).fit(*GaussianOracle(net, seed=2).sample(count))
    record = pca.passes_[0]
    outside = np.linalg.norm(pca.components_ - (pca.components_ @ relevant.T) @ relevant, axis=1)
    assert record.appended == len(relevant)
    vectors = record.appended * max(outside) ** 2  # the frame is re-orthonormalised: compare all directions at once
    assert np.sum(outside**2) <= vectors <= record.appended * max(record.leakage) ** 2
    assert max(record.leakage) < 0.75


def _false_positives(runs: int, level: float) -> int:
    """Fits of pure noise, and passes with W = V, that find a direction."""
    found = 0
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((400, 6))
        if seed % 3:
            pca = FilteredPCA(random_state=seed, level=level, method=("full", "block")[seed % 3 - 1], block_size=3)
            found += pca.fit(X, rng.standard_normal(400)).n_components_ > 0
        else:
            found += len(filtered_pass(X, np.abs(X[:, 0]), np.eye(6)[:1], level=level)[0]) > 1
    return found


def test_false_positives_of_the_whole_fit_are_consistent_with_the_level() -> None:
    """L12, family-wise over passes, candidates and bands. The exact interval must not lie above the level."""
    interval = binomtest(_false_positives(200, 0.05), 200).proportion_ci(0.99, method="exact")
    assert interval.low <= 0.05


@pytest.mark.exhaustive
def test_false_positive_rate_lies_below_the_level() -> None:
    interval = binomtest(_false_positives(3000, 0.01), 3000).proportion_ci(0.99, method="exact")
    assert interval.high < 0.01


def test_a_test_without_the_deviation_term_would_not_hold_its_level() -> None:
    """L12's false neighbour: with t = 0 pure noise is rejected far more often than one time in a hundred."""
    rejected = 0
    for seed in range(400):
        X = _gaussian(500, 20, seed)
        top = float(np.linalg.eigvalsh(X.T @ X / 500 - np.eye(20))[-1])
        rejected += top > (1 + math.sqrt(20 / 500)) ** 2 - 1
    assert binomtest(rejected, 400).proportion_ci(0.99, method="exact").low > 0.01


def test_negative_eigenvalues_count_as_well() -> None:
    """Samples filtered to |x1| < 1, labels that say nothing more: only a lowered variance is left."""
    X = _gaussian(40_000, 5)
    X = X[np.abs(X[:, 0]) < 1.0]
    frame, record = filtered_pass(X, np.zeros(len(X)), np.zeros((0, 5)), filtered=True)
    assert record is not None
    assert record.rejected
    assert record.eigenvalue < record.threshold < 0.0
    assert (record.candidate, record.band, record.n_filters) == ("none", "all", 1)
    assert abs(frame[0, 0]) > 0.99
    assert np.linalg.norm(frame[0, 1:]) <= record.leakage[0] < 1.0


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_bounded_bump_is_found_by_bands_and_both_signs(sign: float) -> None:
    """THEORY section 6: a bump never exceeds a large threshold; here it also hides behind a larger term."""
    X = _gaussian(60_000, 8)
    t = X[:, 0]
    bump = np.maximum(t + 1, 0) - 2 * np.maximum(t, 0) + np.maximum(t - 1, 0)
    alone = FilteredPCA(max_passes=2).fit(X, sign * bump)
    assert abs(alone.components_[0, 0]) > 0.999
    assert not (np.abs(bump) > 1.0).any()
    hidden = FilteredPCA(max_passes=4).fit(X, 20.0 * X[:, 1] + sign * bump)
    assert principal_sines(np.eye(8)[:1], hidden.components_)[0] < 0.2


def test_a_direction_at_the_noise_edge_is_forecast() -> None:
    """L14: at a quarter of the forecast nothing shows, at the forecast most batches show it."""
    net = instances.h6(30, seed=0)

    def passes(count: int, seeds: range) -> list[PassRecord]:
        batches = [GaussianOracle(net, seed=seed).sample(count) for seed in seeds]
        return [filtered_pass(X, y, np.zeros((0, 30)), level=0.0025)[1] for X, y in batches]

    early = passes(1200, range(10))
    forecasts = [record.forecast for record in early if record.forecast is not None]
    assert not any(record.rejected for record in early)
    assert len(forecasts) >= 5
    count = round(float(np.median(forecasts)))
    assert 1200 < count < 6000
    assert sum(record.rejected for record in passes(count, range(100, 110))) >= 7
    assert sum(record.rejected for record in passes(count // 4, range(100, 110))) == 0
    text = str(next(record for record in early if record.forecast is not None))
    assert "direction at the noise edge: N ≈ " in text
    assert text.count("would show it") == 1


def test_records_read_as_sentences() -> None:
    X = _gaussian(20_000, 3)
    found = FilteredPCA(max_passes=2).fit(X, np.abs(X[:, 0])).passes_[0]
    silent = FilteredPCA(max_passes=1).fit(X, _gaussian(20_000, 1, seed=5)[:, 0]).passes_[0]
    assert str(found).startswith("pass 0, dim W = 0, N = 10000: 1 direction appended, eigenvalue ")
    assert "part outside V + W by at most 0." in str(found)
    assert f"nothing rejected by {silent.n_filters} filters at level 0.01 [" in str(silent)
    blind = FilteredPCA(max_passes=1, method="block").fit(X, _gaussian(20_000, 1, seed=5)[:, 0]).passes_[0]
    assert blind.exhaustive  # three directions are all there are
    few = FilteredPCA(max_passes=1, method="block", block_size=2).fit(X, _gaussian(20_000, 1, seed=5)[:, 0]).passes_[0]
    assert "not certified: a random block of directions was searched" in str(few)


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
    assert not any(name.endswith("r > 0") for name in bands)  # r >= 0: they repeat the two-sided ones
    assert not any(name.endswith("r < 0") for name in bands)
    assert residual_bands(np.zeros(5)) == []


def test_bands_of_both_signs_are_disjoint_and_together_two_sided() -> None:
    residual = np.random.default_rng(0).standard_normal(1000)
    bands = dict(residual_bands(residual))
    for name in ("top 10% of |r|", "top 40% of |r|", "30-60% of |r|", "least 30% of |r|"):
        above, below = bands[f"{name}, r > 0"], bands[f"{name}, r < 0"]
        assert (residual[above] > 0).all()
        assert not (above & below).any()
        np.testing.assert_array_equal(above | below, bands[name])
    assert "r != 0" not in bands
    assert bands["top 5% of |r|"].sum() == 50


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


class _Factory:
    """Batches of fresh samples of one network, the same for every factory with the same seed; counts its calls."""

    def __init__(self, net: ReLUNetwork, count: int, size: int, seed: int = 3) -> None:
        self.make, self.calls = GaussianOracle(net, seed=seed).batch_factory(count, size), 0

    def __call__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        self.calls += 1
        return self.make()


@pytest.mark.parametrize("method", ["full", "block"])
def test_sums_do_not_depend_on_the_executor(method: str) -> None:
    """Bit for bit: no executor, one and two threads, two processes."""
    net = instances.h6(10, seed=0)
    spawn = multiprocessing.get_context("spawn")
    pools = [nullcontext(), ThreadPoolExecutor(1), ThreadPoolExecutor(2), ProcessPoolExecutor(2, mp_context=spawn)]
    fits = []
    for context in pools[: 4 if method == "full" else 3]:
        with context as executor:
            pca = FilteredPCA(max_passes=2, method=method, sweeps=2, block_size=5)
            fits.append(pca.fit_batches(_Factory(net, 20_000, 10_000), executor, in_flight=2))
    assert fits[0].passes_[0].appended >= 2
    for other in fits[1:]:
        np.testing.assert_array_equal(fits[0].components_, other.components_)
        assert fits[0].passes_ == other.passes_


def test_streamed_and_gathered_batches_differ_by_their_quantiles_only() -> None:
    net = instances.h6(20, seed=0)
    streamed = FilteredPCA(max_passes=1).fit_batches(_Factory(net, 60_000, 7_000))
    X, y = GaussianOracle(net, seed=3).sample(60_000)
    whole = filtered_pass(X, y, np.zeros((0, 20)))
    assert streamed.passes_[0].n_samples == 60_000
    assert principal_sines(whole[0], streamed.components_)[0] < 0.05


def test_batches_are_not_gathered() -> None:
    """The data take 96 MB; what is held at once stays below a third of that."""
    factory = _Factory(instances.h6(40, seed=0), 300_000, 5_000)
    tracemalloc.start()
    try:
        FilteredPCA(max_passes=1).fit_batches(factory)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 32e6
    assert factory.calls == 1


def test_block_method_finds_the_subspace_and_rejects_no_noise() -> None:
    net = instances.parity(3, 100, seed=0)
    relevant = orthonormal_frame([list(map(float, row)) for row in net.layers[0].weight])
    pca = FilteredPCA(method="block", max_passes=1).fit_batches(_Factory(net, 30_000, 10_000))
    assert pca.n_components_ == 3
    assert np.mean(principal_sines(relevant, pca.components_) ** 2) < 0.25
    assert not pca.passes_[0].exhaustive
    for seed in range(30):
        X = _gaussian(600, 12, seed)
        noise = np.random.default_rng(1000 + seed).standard_normal(600)
        assert FilteredPCA(method="block", block_size=4, random_state=seed).fit(X, noise).n_components_ == 0


def test_parity_meets_the_sanity_figure() -> None:
    """THEORY section 5: parity k = 3, d = 100, N/d = 100: sin² about .19. The mean over the principal angles is."""
    net = instances.parity(3, 100, seed=0)
    assert np.mean([_squared_sines(net, 10_000, seed) for seed in range(3)]) == pytest.approx(0.19, abs=0.03)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("ratio", "figure"), [(100, 0.44), (200, 0.24), (400, 0.13), (1000, 0.05)])
def test_h4_meets_the_sanity_figures(ratio: int, figure: float) -> None:
    """THEORY section 5, d = 200. The figures are means over the four principal angles; the largest is a third above."""
    net = instances.h4(200, seed=0)
    sines = np.array([_squared_sines(net, 200 * ratio, seed) for seed in range(4)])
    assert sines.mean() == pytest.approx(figure, abs=0.03)
    assert figure < sines.max(axis=1).mean() < 1.5 * figure


def _squared_sines(net: ReLUNetwork, count: int, seed: int) -> np.ndarray:
    """sin² of the principal angles between V and the leading eigenvectors of the moment of the top 10 % of |y|."""
    relevant = orthonormal_frame([list(map(float, row)) for row in net.layers[0].weight])
    X, y = GaussianOracle(net, seed=seed).sample(count)
    moment = filtered_second_moments(X, [np.abs(y) > np.quantile(np.abs(y), 0.9)])[0]
    vectors = np.linalg.eigh(moment.matrix)[1].T[-len(relevant) :]
    return principal_sines(relevant, vectors) ** 2


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
    [
        ({"max_passes": 0}, "got 0"),
        ({"max_passes": 1.5}, "got 1.5"),
        ({"level": 1.0}, "got 1.0"),
        ({"method": "lanczos"}, "'full' or 'block'; got 'lanczos'"),
        ({"sweeps": 1}, "sweeps must be an integer of at least 2; got 1"),
        ({"block_size": 0}, "got 0"),
    ],
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
    with pytest.raises(ValueError, match="in_flight must be an integer of at least 1; got 0"):
        FilteredPCA().fit_batches(lambda: [(_gaussian(5, 2), np.zeros(5))], in_flight=0)


@pytest.mark.parametrize("method", ["full", "block"])
def test_scikit_learn_contract(method: str) -> None:
    results = check_estimator(FilteredPCA(method=method), on_fail="raise", on_skip=None)
    not_passed = {result["check_name"] for result in results if result["status"] != "passed"}
    assert not_passed <= {"check_array_api_input"}
    assert len(results) > 40
