import numpy as np
import pytest

from learning.moments import filtered_second_moments


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
