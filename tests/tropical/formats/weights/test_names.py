"""Arrays under the names that people give them, against the formula of whoever saved them, in floats."""

import numpy as np
import pytest

from tropical.formats import AssumedReLUWarning, FormatError, load_network


def loaded(path):
    with pytest.warns(AssumedReLUWarning, match="ReLU is assumed between the layers"):
        return load_network(path)


def formula(weights, biases, X):
    for index, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        X = (X if not index else np.maximum(X, 0)) @ weight + (0 if bias is None else bias)
    return X


RNG = np.random.default_rng(3)
W1, W2, W3 = RNG.normal(size=(2, 5)), RNG.normal(size=(5, 4)), RNG.normal(size=(4, 1))
B1, B2, B3 = RNG.normal(size=5), RNG.normal(size=4), RNG.normal(size=1)
ARRAYS = {
    "W1, b1": {"W1": W1, "b1": B1, "W2": W2, "b2": B2, "W3": W3, "b3": B3},
    "transposed": {"W1": W1.T, "b1": B1, "W2": W2.T, "b2": B2, "W3": W3.T, "b3": B3},
    "a number as a bias": {"W1": W1, "b1": B1, "W2": W2, "b2": B2, "W3": W3, "b3": B3[0]},
    "rows as biases": {"w_0": W1, "b_0": B1[None], "w_1": W2, "b_1": B2[None], "w_2": W3, "b_2": B3[None]},
    "columns as biases": {"W1": W1.T, "b1": B1[:, None], "W2": W2.T, "b2": B2[:, None], "W3": W3.T, "b3": B3[:, None]},
    "weights first": {"weights_1": W1.T, "weights_2": W2.T, "weights_3": W3.T,
                      "biases_1": B1, "biases_2": B2, "biases_3": B3},
    "numbers from one": {"weight_1": W1.T, "bias_1": B1, "weight_2": W2.T, "bias_2": B2,
                         "weight_3": W3.T, "bias_3": B3},
    "scikit-learn": {"coefs_0": W1, "coefs_1": W2, "coefs_2": W3,
                     "intercepts_0": B1, "intercepts_1": B2, "intercepts_2": B3},
    "positions": dict(zip([f"arr_{i}" for i in range(6)], [W1, B1, W2, B2, W3, B3], strict=True)),
    "flax": {f"params/Dense_{i}/{kind}": a for i, pair in enumerate([(B1, W1), (B2, W2), (B3, W3)])
             for kind, a in zip(("bias", "kernel"), pair, strict=True)},
    "keras": {f"{name}/{name}/{kind}:0": a
              for name, pair in (("dense", (W1, B1)), ("dense_1", (W2, B2)), ("dense_2", (W3, B3)))
              for kind, a in zip(("kernel", "bias"), pair, strict=True)},
    "haiku": {f"mlp/~/linear_{i}/{kind}": a for i, pair in enumerate([(B1, W1), (B2, W2), (B3, W3)])
              for kind, a in zip(("b", "w"), pair, strict=True)},
    "underscores": {"fc1_weight": W1.T, "fc1_bias": B1, "fc2_weight": W2.T, "fc2_bias": B2,
                    "out_weight": W3.T, "out_bias": B3},
    "another order": {"out.kernel": W3, "out.bias": B3, "in.kernel": W1, "in.bias": B1,
                      "mid.kernel": W2, "mid.bias": B2},
}  # fmt: skip


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_of_other_programs(name, tmp_path):
    np.savez(tmp_path / "net.npz", **ARRAYS[name])
    X = RNG.normal(size=(50, 2))
    net = loaded(tmp_path / "net.npz")
    np.testing.assert_allclose(net.evaluate(X), formula([W1, W2, W3], [B1, B2, B3], X), rtol=1e-12, atol=1e-12)
    layers = ["Linear", "LeakyReLU(0)", "Linear", "ReLU", "Linear"]
    assert load_network(tmp_path / "net.npz", layers) == net


def test_ten_layers_of_flax_are_in_the_order_of_their_numbers(tmp_path):
    weights = [RNG.normal(size=(3, 3)) for _ in range(12)]
    arrays = {f"Dense_{i}/kernel": weight for i, weight in enumerate(weights)}
    np.savez(tmp_path / "net.npz", **{name: arrays[name] for name in sorted(arrays)})  # as jax sorts them
    X = RNG.normal(size=(50, 3))
    expected = formula(weights, [None] * 12, X)
    np.testing.assert_allclose(loaded(tmp_path / "net.npz").evaluate(X), expected, rtol=1e-9, atol=1e-9)


def test_the_order_of_the_file_comes_before_any_other(tmp_path):
    arrays = {"down_w": RNG.normal(size=(2, 3)), "up_w": RNG.normal(size=(3, 2)), "up_b": np.ones(2)}
    np.savez(tmp_path / "net.npz", **arrays)
    X = RNG.normal(size=(9, 2))
    expected = formula([arrays["down_w"], arrays["up_w"]], [None, np.ones(2)], X)
    np.testing.assert_allclose(loaded(tmp_path / "net.npz").evaluate(X), expected, atol=1e-12)


EYE, ONE = np.eye(2), np.ones(2)
LEFT_OPEN = {
    "both layouts": ({"W1": EYE, "b1": ONE, "W2": EYE}, r"weights are \(n_out, n_in\) or \(n_in, n_out\) is not"),
    "both without biases": ({"W1": np.ones((3, 2)), "W2": np.ones((2, 3))}, r"\(n_out, n_in\) or \(n_in, n_out\)"),
    "batch normalisation": (
        {"0.weight": EYE, "1.weight": ONE, "1.bias": ONE, "1.running_mean": ONE, "1.running_var": ONE, "3.weight": EYE},
        r"module '1' looks like a BatchNorm1d: .*layers=\[",
    ),
    "slopes": ({"0.weight": EYE, "1.weight": ONE, "2.weight": EYE}, "module '1' looks like a PReLU"),
    "layer normalisation": ({"fc.weight": EYE, "ln.weight": ONE, "ln.bias": ONE}, "module 'ln': .*LayerNorm"),
    "a convolution": ({"conv.weight": np.ones((1, 1, 3, 3))}, "module 'conv': weight must have 2 dim.*from_torch"),
    "a recurrent layer": ({"rnn.weight_ih_l0": EYE}, "unknown array 'rnn.weight_ih_l0'"),
    "a weight in two parts": ({"fc.weight_g": ONE, "fc.weight_v": EYE}, "unknown array 'fc.weight_g'"),
    "two branches": ({f"{a}.{b}.weight": EYE for a in ("actor", "critic") for b in "io"}, "modules inside of modules"),
    "residual blocks": ({f"blocks.{i}.fc{k}.weight": EYE for i in (0, 1) for k in (1, 2)}, "modules inside of mod"),
    "sequential and more": ({"net.0.weight": EYE, "net.2.weight": EYE, "out.weight": EYE}, "what stands between them"),
    "dropout between": ({"0.weight": EYE, "3.weight": EYE}, "modules 0 and 3 with arrays are 3 apart"),
    "two layers without activation": ({"net.0.weight": EYE, "net.1.weight": EYE}, "whether a ReLU stands between"),
    "no chain": ({"a.weight": np.ones((3, 2)), "b.weight": np.ones((4, 5))}, r"no chain: a \(3, 2\), b \(4, 5\)"),
    "a bias of another length": ({"a.weight": np.ones((3, 2)), "a.bias": ONE}, "no chain"),
    "a bias alone": ({"a.weight": EYE, "b.bias": ONE}, "'b.bias' belongs to no weight"),
    "two weights": ({"a.weight": EYE, "a.kernel": EYE}, "are both the weight of one module"),
    "vectors first": ({"arr_0": ONE, "arr_1": EYE}, "'arr_0' is a vector that follows no matrix"),
    "a matrix as a bias": ({"W1": EYE, "b1": EYE}, "bias must be a vector"),
    "a row": ({"W1": EYE, "b1": ONE, "W2": ONE, "b2": np.array(0.5)}, "a row is to be saved as a matrix"),
    "empty": ({"a.weight": np.ones((0, 2))}, "weight is empty"),
    "text": ({"a.weight": np.array([["1"]])}, "integers or floats"),
    "NaN": ({"a.weight": EYE * np.nan}, "must be finite"),
}  # fmt: skip


@pytest.mark.parametrize("name", LEFT_OPEN)
def test_what_a_file_leaves_open_is_named(name, tmp_path):
    arrays, problem = LEFT_OPEN[name]
    np.savez(tmp_path / "net.npz", **arrays)
    with pytest.raises(FormatError, match=problem):
        load_network(tmp_path / "net.npz")
