"""The oracle: fresh, reproducible, correctly labelled."""

from fractions import Fraction

import numpy as np
import pytest

from learning.instances import h4, h6, parity
from learning.sampling import GaussianOracle
from tropical import ReLUNetwork


def test_shapes_and_types():
    X, y = GaussianOracle(h6(9), seed=1).sample(7)
    assert X.shape == (7, 9)
    assert y.shape == (7,)
    assert X.dtype == y.dtype == np.float64


def test_same_seed_same_samples_and_successive_calls_are_fresh():
    first, second = GaussianOracle(h6(9), seed=1), GaussianOracle(h6(9), seed=1)
    (X, y), (Z, _) = first.sample(50), first.sample(50)
    again, labels = second.sample(50)
    assert np.array_equal(X, again)
    assert np.array_equal(y, labels)
    assert not np.isin(Z, X).any()
    assert not np.array_equal(X, GaussianOracle(h6(9), seed=2).sample(50)[0])


def test_splitting_a_draw_does_not_change_the_points():
    whole, parts = GaussianOracle(h6(5)), GaussianOracle(h6(5))
    assert np.array_equal(whole.sample(30)[0], np.vstack([parts.sample(10)[0] for _ in range(3)]))


def test_points_are_standard_normal():
    X, _ = GaussianOracle(h6(5), seed=3).sample(100_000)
    assert np.abs(X.mean(axis=0)).max() < 0.02
    assert np.abs(np.cov(X.T) - np.eye(5)).max() < 0.03


@pytest.mark.parametrize("net", [h4(12), h6(12), parity(5, 12)], ids=["h4", "h6", "parity"])
def test_exact_labels_are_the_true_value_rounded_once(net):
    X, y = GaussianOracle(net, seed=4, exact=True).sample(40)
    assert [float(net([Fraction(q) for q in x])[0]) for x in X] == y.tolist()


def test_exact_labels_differ_from_float_labels_by_rounding_only():
    oracle = GaussianOracle(h4(20), seed=5)
    X, y = oracle.sample(300, exact=True)
    rounded = oracle.query(X)
    assert np.array_equal(oracle.query(X, exact=True), y)
    assert np.abs(rounded - y).max() < 1e-13
    assert (rounded != y).any()


def test_exact_labels_see_what_floats_cancel():
    net = ReLUNetwork.from_arrays([[[2**60, 1], [2**60, 0]], [[1, -1]]])
    oracle = GaussianOracle(net)
    assert oracle.query([[1, 1]]).tolist() == [0.0]
    assert oracle.query([[1, 1]], exact=True).tolist() == [1.0]


def test_query_draws_nothing():
    oracle, other = GaussianOracle(h6(4)), GaussianOracle(h6(4))
    oracle.query(np.ones((3, 4)))
    assert np.array_equal(oracle.sample(3)[0], other.sample(3)[0])


def test_every_call_of_the_factory_draws_afresh():
    make = GaussianOracle(h6(4), seed=6).batch_factory(25, 10)
    first, second = list(make()), list(make())
    assert [len(y) for _, y in first] == [10, 10, 5]
    assert not np.isin(np.vstack([X for X, _ in second]), np.vstack([X for X, _ in first])).any()


def test_no_samples():
    oracle = GaussianOracle(h6(4))
    X, y = oracle.sample(0)
    assert (X.shape, y.shape) == ((0, 4), (0,))
    assert oracle.query(np.empty((0, 4)), exact=True).shape == (0,)
    assert list(oracle.batches(0, 5)) == []


def test_bad_input_is_named():
    oracle = GaussianOracle(h6(4))
    with pytest.raises(ValueError, match="one output"):
        GaussianOracle(ReLUNetwork.from_arrays([[[1], [2]]]))
    with pytest.raises(ValueError, match="n must be an integer of at least 0; got -1"):
        oracle.sample(-1)
    with pytest.raises(ValueError, match=r"shape \(n, 4\), got \(3,\)"):
        oracle.query([1, 2, 3])
    with pytest.raises(ValueError, match="must be finite"):
        oracle.query([[1, 2, 3, np.nan]])
    with pytest.raises(ValueError, match=r"size must be .* got 0"):
        oracle.batch_factory(5, 0)


@pytest.mark.parametrize("exact", [False, True])
def test_labels_beyond_float64_are_refused(exact):
    net = ReLUNetwork.from_arrays([[[2**1000]], [[2**1000]]])
    with pytest.raises(ValueError, match="range of float64"):
        GaussianOracle(net).query([[1.0]], exact=exact)
