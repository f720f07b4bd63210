"""Labels with fewer digits than float64: recognised, used, and said where they are too few."""

import warnings

import numpy as np
import pytest

import learning as ln
import tropical as tp
from learning.recovery.label_resolution import COARSEST, FINEST, rounding_of_labels

FUNCTIONS = {
    "one unit": [[[1, 2, 0, 0, 0, 0]], [[1]]],
    "two units": [[[1, -1, 0, 0, 0, 0], [0, 1, 1, 0, 0, 0]], [[1, 2]]],
    "two layers": [[[1, 1, 0, 0, 0, 0], [0, 2, -1, 0, 0, 0], [1, 0, 0, 0, 0, 0]], [[1, -1, 1], [0, 2, 1]], [[1, -1]]],
}
FINE = {
    "float32": lambda y: y.astype(np.float32),
    "float32, held as float64": lambda y: y.astype(np.float32).astype(np.float64),
    "seven digits": lambda y: y.round(7),
    "steps of 2^-24": lambda y: np.ldexp(np.rint(np.ldexp(y, 24)), -24),
}
COARSE = {
    "float16": lambda y: y.astype(np.float16),
    "three digits": lambda y: y.round(3),
    "integers": np.round,
    "steps of 1/20": lambda y: np.round(20 * y) / 20,
}


def samples(weights, seed=0, count=6000):
    """A network, inputs, and its labels in float64."""
    net = tp.ReLUNetwork.from_arrays(weights)
    X = np.random.default_rng(seed).standard_normal((count, net.input_dim))
    return net, X, net.evaluate(X)[:, 0]


@pytest.mark.parametrize("kind", FINE)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_labels_of_seven_digits_are_enough_to_prove_the_function(function, kind):
    net, X, y = samples(FUNCTIONS[function])
    learner = ln.LatticePolynomialRegressor().fit(X, FINE[kind](y))
    assert FINEST < learner.rounding_ <= COARSEST
    assert (learner.status_, learner.rational_) == ("explained", True)
    assert ln.verify_recovery(net, learner).status == "proved"


def test_labels_that_float32_arithmetic_computed():
    """Here by torch, where it is installed: products and sums are rounded to 24 bits each."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    weights = [rng.integers(-2, 3, size=shape) for shape in ((4, 2), (3, 4), (1, 3))]
    weights[0] = weights[0] @ rng.integers(-2, 3, size=(2, 8))
    layers = [torch.nn.Linear(w.shape[1], w.shape[0], bias=False) for w in weights]
    for layer, weight in zip(layers, weights, strict=True):
        layer.weight.data = torch.tensor(weight, dtype=torch.float32)
    model = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])
    X = torch.randn(20_000, 8, generator=torch.Generator().manual_seed(0))
    learner = ln.LatticePolynomialRegressor().fit(X.numpy(), model(X).detach().numpy()[:, 0])
    assert ln.verify_recovery(tp.ReLUNetwork.from_arrays([w.tolist() for w in weights]), learner).status == "proved"


@pytest.mark.parametrize("kind", COARSE)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_coarse_labels_give_a_regression_and_say_so(function, kind):
    """Flat pieces, which integer labels are full of, must not stand in its way."""
    _, X, y = samples(FUNCTIONS[function], count=1500)
    _, Z, truth = samples(FUNCTIONS[function], seed=1)
    with pytest.warns(ln.CoarseLabelsWarning, match="the labels are rounded to"):
        learner = ln.LatticePolynomialRegressor().fit(X, COARSE[kind](y))
    assert learner.rounding_ > COARSEST
    assert learner.status_ == "approximate"
    assert len(learner.relevant_subspace_) >= 1
    assert learner.score(Z, truth) > 0.9


@pytest.mark.parametrize("scale", [2.0**-900, 2.0**-20, 3.0, 2.0**1000])
def test_the_size_of_labels_does_not_matter(scale):
    _, X, y = samples(FUNCTIONS["two units"], count=500)
    assert rounding_of_labels(X, scale * y) == FINEST
    assert rounding_of_labels(X, scale * np.ldexp(np.rint(np.ldexp(y, 10)), -10)) > COARSEST
    if 1e-30 < scale < 1e30:
        assert rounding_of_labels(X, (scale * y).astype(np.float32)) == 2.0**-20


def test_labels_that_may_be_exact_are_taken_for_it():
    X = np.random.default_rng(0).standard_normal((400, 3))
    assert rounding_of_labels(X, np.zeros(400)) == FINEST
    assert rounding_of_labels(X, np.full(400, 5.0)) == FINEST
    grid = np.random.default_rng(0).integers(-5, 6, size=(400, 3)).astype(np.float64)
    assert rounding_of_labels(grid, np.maximum(grid[:, 0], grid[:, 1])) == 2.0**-20  # float32 holds them: no harm
    assert rounding_of_labels(np.column_stack([X, grid]), grid[:, 0]) <= COARSEST
    with warnings.catch_warnings():
        warnings.simplefilter("error", ln.CoarseLabelsWarning)
        learner = ln.LatticePolynomialRegressor().fit(np.column_stack([grid[:, :1], grid[:, 1:]]), np.abs(grid[:, 0]))
    assert learner.status_ == "explained"


def test_a_rounding_that_is_given_is_used():
    _, X, y = samples(FUNCTIONS["one unit"], count=1000)
    learner = ln.LatticePolynomialRegressor(rounding=1e-12).fit(X, y.round(4))
    assert learner.rounding_ == 1e-12
    assert learner.status_ != "explained"
