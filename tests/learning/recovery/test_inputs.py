"""Columns that say nothing new: the function is found on the others, and given as a function of all."""

import numpy as np
import pytest

import learning as ln
import tropical as tp
from learning.recovery.inputs import Inputs

NET = tp.ReLUNetwork.from_arrays([[[0, 1, 2, 0], [1, 0, 0, 0]], [[1, -1]]], [[0, -1], [0]])


def gaussian(count=3000, dimension=4, seed=0):
    return np.random.default_rng(seed).standard_normal((count, dimension))


def with_columns(X, kind):
    """X, and columns that are affine functions of its own."""
    return {
        "zero first": np.column_stack([np.zeros(len(X)), X])[:, [1, 2, 3, 4, 0]],
        "constant": np.column_stack([X, np.full(len(X), -3.5)]),
        "repeated": np.column_stack([X, X[:, :2]]),
        "scaled and shifted": np.column_stack([X, 1e9 * X[:, 1] - 1e10, 1e-6 * X[:, 3]]),
        "a sum": np.column_stack([X, X.sum(axis=1) + 1]),
        "all of these": np.column_stack([X, np.zeros(len(X)), X[:, 0], X @ [1, -1, 2, 0], np.ones(len(X))]),
    }[kind]


KINDS = ["zero first", "constant", "repeated", "scaled and shifted", "a sum", "all of these"]


@pytest.mark.filterwarnings("ignore::learning.NonGaussianWarning")
@pytest.mark.parametrize("queries", ["forbidden", "allowed"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_function_is_proved_on_the_others(kind, queries):
    X = with_columns(gaussian(), kind)
    wide = tp.ReLUNetwork.from_arrays(
        [[[*row, *[0] * (X.shape[1] - 4)] for row in NET.layers[0].weight], NET.layers[1].weight],
        [layer.bias for layer in NET.layers],
    )
    asked = []

    def oracle(points):
        asked.append(points)
        return wide.evaluate(points)[:, 0]

    learner = ln.LatticePolynomialRegressor(queries=queries).fit(X, wide.evaluate(X)[:, 0], oracle=oracle)
    assert learner.inputs_used_.tolist() == [0, 1, 2, 3]
    assert (learner.pieces_.shape[1], learner.relevant_subspace_.shape) == (X.shape[1] + 1, (2, X.shape[1]))
    assert ln.verify_recovery(wide, learner).status == "proved"
    np.testing.assert_allclose(learner.predict(X), wide.evaluate(X)[:, 0], atol=1e-12)
    plane = Inputs.of(X)
    for points in asked:  # in the plane of the samples
        np.testing.assert_allclose(plane.points(points[:, plane.used]), points, atol=1e-9, rtol=1e-9)


def test_samples_in_a_plane():
    X, turned = gaussian(), np.random.default_rng(1).standard_normal((4, 9))
    learner = ln.LatticePolynomialRegressor().fit(X @ turned, NET.evaluate(X)[:, 0])
    assert (learner.status_, len(learner.inputs_used_)) == ("explained", 4)
    fresh = gaussian(seed=2)
    np.testing.assert_allclose(learner.predict(fresh @ turned), NET.evaluate(fresh)[:, 0], atol=1e-8)


def test_what_varies_a_little_is_used():
    X = gaussian()
    years = 2020 + 1e-3 * X[:, 0]
    nearly = np.column_stack([X[:, 1], X[:, 1] + 1e-3 * X[:, 2]])
    assert Inputs.of(np.column_stack([years, nearly])).used.tolist() == [0, 1, 2]
    assert Inputs.of(X[:4]).used.tolist() == [0, 1, 2, 3]
    assert Inputs.of(np.ones((9, 2))).used.tolist() == [0]


def test_only_constant_inputs():
    learner = ln.LatticePolynomialRegressor().fit(np.ones((30, 2)), np.full(30, 7.0))
    np.testing.assert_allclose(learner.predict(np.ones((3, 2))), 7.0)
