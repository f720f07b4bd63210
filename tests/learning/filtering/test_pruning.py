"""Directions that W owes to its own error are dropped; those of the function stay."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from learning.filtering.pca import FilteredPCA
from learning.filtering.pruning import pruned_frame
from learning.subspace import principal_sines


def _relu(values: np.ndarray) -> np.ndarray:
    return np.maximum(values, 0.0)


E3 = np.eye(3)
# rows that span V, known from the formula, and the function of the first three inputs
FUNCTIONS: dict[str, tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]] = {
    "linear": (E3[:1], lambda X: X[:, 0]),
    "relu": (E3[:1], lambda X: _relu(X[:, 0])),
    "absolute value": (E3[:1], lambda X: np.abs(X[:, 0])),
    "flat piece": (
        np.array([[1, -1, 0], [0, 1, 1]]) / np.sqrt(2),
        lambda X: _relu(X[:, 0] - X[:, 1]) + 2 * _relu(X[:, 1] + X[:, 2]),
    ),
    "maximum": (E3[:2], lambda X: np.maximum(X[:, 0], X[:, 1])),
    "linear and relu": (E3[:2], lambda X: X[:, 0] + _relu(X[:, 1])),
    "three relus": (E3, lambda X: _relu(X[:, :3]).sum(axis=1)),
    "difference": (E3[:2], lambda X: np.abs(X[:, 0]) - np.abs(X[:, 1])),
    "sum of sizes": (E3[:2], lambda X: np.abs(X[:, 0]) + np.abs(X[:, 1])),
    "linear sum": (np.array([[1, 2, -1]]) / np.sqrt(6), lambda X: X[:, 0] + 2 * X[:, 1] - X[:, 2]),
}


def _fit(name: str, count: int, dimension: int, seed: int) -> FilteredPCA:
    X = np.random.default_rng(seed).standard_normal((count, dimension))
    return FilteredPCA(random_state=seed).fit(X, FUNCTIONS[name][1](X))


@pytest.mark.parametrize("name", ["linear", "relu", "absolute value", "flat piece", "maximum", "three relus"])
def test_the_number_of_directions_is_right(name: str) -> None:
    pca = _fit(name, 20_000, 10, seed=7)
    rows = np.hstack([FUNCTIONS[name][0], np.zeros((len(FUNCTIONS[name][0]), 7))])
    assert pca.n_components_ == len(rows)
    assert sum(record.appended for record in pca.passes_) >= pca.n_components_
    assert principal_sines(np.linalg.qr(rows.T)[0].T, pca.components_)[0] < 0.2
    np.testing.assert_allclose(pca.components_ @ pca.components_.T, np.eye(len(rows)), atol=1e-12)


@pytest.mark.exhaustive
@pytest.mark.parametrize("dimension", [4, 10, 50])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_function_gets_too_many_directions(name: str, dimension: int) -> None:
    for ratio in (50, 500, 2000, 10_000):
        for seed in range(3):
            count = min(ratio * dimension, 100_000)
            assert _fit(name, count, dimension, seed).n_components_ <= len(FUNCTIONS[name][0]), (ratio, seed)


def test_batches_are_pruned_on_a_draw_of_their_own() -> None:
    draws = []

    def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        draws.append(len(draws))
        X = np.random.default_rng(len(draws)).standard_normal((5000, 6))
        yield X, X[:, 0]

    pca = FilteredPCA(max_passes=3).fit_batches(batches)
    assert pca.n_components_ == 1
    assert len(draws) == len(pca.passes_) + 1


def test_nothing_to_compare_with_leaves_the_frame() -> None:
    X = np.random.default_rng(0).standard_normal((500, 3))
    rng = np.random.default_rng(1)
    few = np.eye(3)[:2]
    assert pruned_frame(X[:20], X[:20, 0], few, rng) is few
    assert len(pruned_frame(X, np.zeros(500), few, rng, least=1)) == 1


def test_what_w_lacks_leaves_the_frame() -> None:
    X = np.random.default_rng(0).standard_normal((20_000, 6))
    frame = np.eye(6)[[0, 5]]  # the function sees four other inputs more than these
    assert pruned_frame(X, np.abs(X[:, :5]).sum(axis=1), frame, np.random.default_rng(1)) is frame


@pytest.mark.parametrize("name", ["linear", "flat piece", "maximum", "three relus"])
def test_the_whole_space_is_pruned_without_placebos(name: str) -> None:
    rows, function = FUNCTIONS[name]
    X = np.random.default_rng(3).standard_normal((20_000, 3))
    kept = pruned_frame(X, function(X), np.eye(3), np.random.default_rng(1))
    assert len(kept) == len(rows)
    assert principal_sines(np.linalg.qr(rows.T)[0].T, kept)[0] < 0.05
