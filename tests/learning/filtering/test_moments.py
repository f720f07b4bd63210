from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from operator import iadd

import numpy as np
import pytest

from learning.filtering.moments import (
    _array_api_moments,
    binned_products,
    binned_second_moments,
    filtered_second_moments,
    in_order,
)


def _sample(count: int = 1000, dimension: int = 4) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((count, dimension))


def test_moment_is_the_sum_over_the_filter_divided_by_all_samples() -> None:
    X = _sample()
    masks = [X[:, 0] > 1.0, np.abs(X[:, 1]) < 0.3]
    for mask, moment in zip(masks, filtered_second_moments(X, masks, block=77), strict=True):
        direct = sum(np.outer(x, x) - np.eye(4) for x in X[mask]) / len(X)
        np.testing.assert_allclose(moment.matrix, direct, atol=1e-12)
        assert (moment.n_selected, moment.n_samples) == (mask.sum(), 1000)
        assert moment.probability == mask.mean()


def test_repetition_gives_the_same_floats_and_block_size_only_rounds() -> None:
    X = _sample()
    mask = X[:, 2] > 0.0
    first, second = (filtered_second_moments(X, [mask])[0].matrix for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(first, filtered_second_moments(X, [mask], block=3)[0].matrix, atol=1e-13)


def test_an_empty_filter_has_moment_zero() -> None:
    moment = filtered_second_moments(_sample(), [np.zeros(1000, dtype=bool)])[0]
    assert moment.probability == 0.0
    assert not moment.matrix.any()
    empty = filtered_second_moments(np.zeros((0, 2)), [np.zeros(0, dtype=bool)])[0]
    assert empty.probability == 0.0


def test_half_line_filter_meets_its_closed_form() -> None:
    """E[1(x_1 > t)(x_1² - 1)] = t ϕ(t), and the other entries vanish (L7)."""
    X = np.random.default_rng(1).standard_normal((200_000, 3))
    moment = filtered_second_moments(X, [X[:, 0] > 1.0])[0]
    expected = np.diag([np.exp(-0.5) / np.sqrt(2.0 * np.pi), 0.0, 0.0])
    np.testing.assert_allclose(moment.matrix, expected, atol=6e-3)
    np.testing.assert_allclose(moment.compressed(np.eye(3)[:1]), moment.matrix[:1, :1])


def test_masks_of_another_length_and_empty_blocks_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(1000,\); got \(3,\)"):
        filtered_second_moments(_sample(), [np.ones(3, dtype=bool)])
    with pytest.raises(ValueError, match="got 0"):
        filtered_second_moments(_sample(), [], block=0)


def _bins(count: int = 1000) -> np.ndarray:
    """Two labellings by five bins; the second leaves some samples out."""
    rng = np.random.default_rng(1)
    return np.array([rng.integers(0, 5, count), rng.integers(-1, 5, count)]).astype(np.int8)


def test_unions_of_bins_have_the_moments_of_their_masks() -> None:
    X, labels = _sample(), _bins()
    totals = binned_second_moments(X, labels, 5, block=64)
    for i, bins in ((0, (1,)), (0, (0, 3)), (1, (0, 1, 2, 3, 4)), (1, (4, 2))):
        mask = np.isin(labels[i], bins)
        moment, expected = totals.moment(i, bins), filtered_second_moments(X, [mask])[0]
        np.testing.assert_allclose(moment.matrix, expected.matrix, atol=1e-13)
        np.testing.assert_array_equal(moment.matrix, moment.matrix.T)
        assert (moment.n_selected, moment.n_samples) == (mask.sum(), 1000)


def test_products_are_the_moment_times_the_block() -> None:
    X, labels = _sample(), _bins()
    Q = np.random.default_rng(2).standard_normal((4, 3))
    products = binned_products(X, labels, 5, Q, block=64)
    moments = binned_second_moments(X, labels, 5)
    for i, bins in ((0, (2,)), (1, (0, 4))):
        moment, (product, count) = moments.moment(i, bins), products.product(i, bins)
        np.testing.assert_allclose(product, moment.matrix @ Q, atol=1e-12)
        assert count == moment.n_selected


def test_sums_over_parts_add_up() -> None:
    X, labels = _sample(), _bins()
    Q = np.eye(4)[:, :2]
    parts = [(X[a:b], labels[:, a:b]) for a, b in ((0, 300), (300, 301), (301, 1000))]
    for sums in (binned_second_moments, lambda x, y, bins: binned_products(x, y, bins, Q)):
        total, whole = reduce(iadd, [sums(x, y, 5) for x, y in parts]), sums(X, labels, 5)
        np.testing.assert_allclose(total.sums, whole.sums, atol=1e-10)
        np.testing.assert_array_equal(total.counts, whole.counts)
        assert total.n_samples == 1000


def test_results_come_in_the_order_of_the_items_and_few_are_held() -> None:
    started = []

    def items():
        for i in range(20):
            started.append(i)
            yield i

    with ThreadPoolExecutor(3) as pool:
        results = in_order(lambda i: i * i, items(), pool, in_flight=4)
        assert next(results) == 0
        assert len(started) == 4
        assert list(results) == [i * i for i in range(1, 20)]


def test_a_failing_item_raises_and_cancels_the_rest() -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(ZeroDivisionError):
        list(in_order(lambda i: 1 // i, [2, 1, 0, 1], pool))


def test_array_api_moments_agree_with_the_blas_route() -> None:
    X = _sample()
    masks = [X[:, 0] > 1.0, np.zeros(1000, dtype=bool)]
    pytest.importorskip("array_api_compat")
    for ours, theirs in zip(filtered_second_moments(X, masks), _array_api_moments(X, masks, 77), strict=True):
        np.testing.assert_allclose(ours.matrix, theirs.matrix, atol=1e-13)
        assert (ours.n_selected, ours.n_samples) == (theirs.n_selected, theirs.n_samples)


@pytest.mark.parametrize("library", ["array_api_strict", "torch"])
def test_arrays_of_other_libraries_give_moments_of_their_kind(library: str) -> None:
    xp = pytest.importorskip(library)
    X = _sample()
    mask = X[:, 0] > 1.0
    theirs = filtered_second_moments(xp.asarray(X), [xp.asarray(mask)])[0]
    assert type(theirs.matrix) is type(xp.asarray(X))
    np.testing.assert_allclose(np.asarray(theirs.matrix), filtered_second_moments(X, [mask])[0].matrix, atol=1e-13)
    assert theirs.n_selected == mask.sum()
    with pytest.raises(ValueError, match=r"got \(3,\)"):
        filtered_second_moments(xp.asarray(X), [xp.asarray(mask[:3])])
