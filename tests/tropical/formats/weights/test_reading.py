"""Weights as people save them: against torch at random points, or the formula of whoever saved them, in floats."""

import warnings
from itertools import pairwise

import numpy as np
import pytest

import tropical as tp
from oracles.float_errors import assert_runtime_agrees
from tropical.formats import AssumedReLUWarning, FormatError, load_network, save_network

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")
from torch import nn  # noqa: E402


class Named(nn.Module):
    """Layers under names, activations in ``forward``; ``modules`` are given from the input to the output."""

    def __init__(self, activation=torch.relu, **modules):
        super().__init__()
        self.activation, self.order = activation, list(modules)
        for name, module in modules.items():
            setattr(self, name, module)

    def forward(self, x):
        for name in self.order:
            module = getattr(self, name)
            for part in module if isinstance(module, nn.ModuleList) else [module]:
                x = part(x)
                x = x if name == self.order[-1] else self.activation(x)
        return x


def chain(*widths):
    return [nn.Linear(a, b) for a, b in pairwise(widths)]


def built(name):
    torch.manual_seed(0)
    first, second, last = chain(2, 5, 4, 1)
    return {
        "fc1, fc2, out": lambda: Named(fc1=first, fc2=second, out=last),
        "input_layer, hidden, output_layer": lambda: Named(input_layer=first, hidden=second, output_layer=last),
        "a list and a head": lambda: Named(layers=nn.ModuleList([first, second]), head=last),
        "a list of blocks": lambda: Named(
            blocks=nn.ModuleList([nn.Sequential(first), nn.Sequential(second)]), out=last
        ),
        "a sequential module": lambda: Named(net=nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), last)),
        "one layer beside nothing": lambda: Named(linear=chain(3, 2)[0]),
    }[name]()


NAMES = [
    "fc1, fc2, out",
    "input_layer, hidden, output_layer",
    "a list and a head",
    "a list of blocks",
    "a sequential module",
]


def agrees(net, module, inputs=2):
    X = torch.randn(200, inputs)
    with torch.no_grad():
        assert_runtime_agrees(net, X.double().numpy(), module.eval()(X).numpy())


def loaded(path, *arguments):
    """The network, once a single warning about it has been seen."""
    with pytest.warns(AssumedReLUWarning) as caught:
        net = load_network(path, *arguments)
    (warning,) = caught
    assert str(path) in str(warning.message)
    assert warning.filename == __file__
    return net


CONTAINERS = {
    "state dict": lambda state, module: state,
    "state_dict": lambda state, module: {"epoch": 3, "state_dict": state, "loss": torch.tensor(0.1)},
    "model_state_dict": lambda state, module: {
        "model_state_dict": state,
        "optimizer_state_dict": stepped(module).state_dict(),
        "args": {"lr": 0.1, "layers": [2, 5]},
    },
    "lightning": lambda state, module: {
        "epoch": 1, "pytorch-lightning_version": "2.4.0", "state_dict": state, "loops": {"a": {"b": {}}},
        "optimizer_states": [stepped(module).state_dict()], "lr_schedulers": [], "hyper_parameters": {"width": 5},
    },
    "parameters": lambda state, module: dict(module.named_parameters()),
    "a checkpoint in a checkpoint": lambda state, module: {"best": {"model": state, "step": 3}, "last": None},
    "the same twice": lambda state, module: {"model": state, "state_dict": state},
}  # fmt: skip


def stepped(module):
    """An optimiser with tensors of its own."""
    optimizer = torch.optim.Adam(module.parameters())
    module(torch.ones(3, 2)).sum().backward()
    optimizer.step()
    return optimizer


@pytest.mark.parametrize("prefix", ["", "module.", "model.net.", "_orig_mod.module."])
@pytest.mark.parametrize("name", NAMES)
def test_names_of_layers(name, prefix, tmp_path):
    module = built(name)
    state = {prefix + key: value for key, value in module.state_dict().items()}
    torch.save(state, tmp_path / "net.pth")
    safetensors.save_file(state, tmp_path / "net.safetensors")
    np.savez(tmp_path / "net.npz", **{key: value.numpy() for key, value in state.items()})
    net = loaded(tmp_path / "net.pth")
    agrees(net, module)
    assert loaded(tmp_path / "net.safetensors") == loaded(tmp_path / "net.npz") == net


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("suffix", [".pt", ".pth", ".ckpt"])
@pytest.mark.parametrize("name", CONTAINERS)
def test_containers(name, suffix, old, tmp_path):
    module = built("fc1, fc2, out")
    content = CONTAINERS[name](module.state_dict(), module)
    torch.save(content, tmp_path / f"net{suffix}", _use_new_zipfile_serialization=not old)
    agrees(loaded(tmp_path / f"net{suffix}"), module)


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".ckpt", ".npz", ".safetensors"])
def test_what_we_write_states_its_activations(suffix, tmp_path):
    net = tp.ReLUNetwork.from_arrays([[[1, -0.1], [0.5, 2]], [[1, 1]]], [[0, 0.3], [2]])
    save_network(net, tmp_path / f"net{suffix}")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_network(tmp_path / f"net{suffix}") == net


def test_what_we_write_is_a_state_dict_of_torch_that_forgets_it(tmp_path):
    net = tp.ReLUNetwork.from_arrays([[[1, -0.1], [0.5, 2]], [[1, 1]]], [[0, 0.3], [2]])
    save_network(net, tmp_path / "net.pt")
    module = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1)).double()
    module.load_state_dict(torch.load(tmp_path / "net.pt"))
    torch.save(module.state_dict(), tmp_path / "tanh.pt")
    assert loaded(tmp_path / "tanh.pt") == net


def test_one_layer_leaves_nothing_to_assume(tmp_path):
    module = nn.Linear(2, 3)
    torch.save(module.state_dict(), tmp_path / "net.pt")
    agrees(load_network(tmp_path / "net.pt"), module)


def test_the_order_of_safetensors_is_that_of_numbers_and_shapes(tmp_path):
    module = Named(fc0=nn.Linear(3, 3), **{f"fc{i}": nn.Linear(3, 3) for i in range(1, 12)}, answer=nn.Linear(3, 1))
    safetensors.save_file(module.state_dict(), tmp_path / "net.safetensors")
    agrees(loaded(tmp_path / "net.safetensors"), module, 3)


def test_an_order_that_is_not_in_the_file_is_asked_for(tmp_path):
    module = Named(first=nn.Linear(2, 3), right=nn.Linear(3, 3), left=nn.Linear(3, 3), last=nn.Linear(3, 1))
    file = tmp_path / "net.safetensors"
    safetensors.save_file(module.state_dict(), file)
    with pytest.raises(FormatError, match=r"order of the layers is not in the file: 'left' fits .*Linear\(name\)"):
        load_network(file)
    with pytest.raises(FormatError, match="order of the layers is not in the file"):
        load_network(file, ["Linear", "ReLU", "Linear", "ReLU", "Linear", "ReLU", "Linear"])
    layers = ["Linear(first)", "ReLU", "Linear(right)", "ReLU", "Linear(left)", "ReLU", "Linear(last)"]
    agrees(load_network(file, layers), module)
    for wrong, problem in [
        ([*layers[:-1], "Linear(middle)"], "must name each module of the file"),
        (["Linear(first)"] * 4, "must name each module of the file"),
        (layers[::-1], "the layers form no chain"),
    ]:
        with pytest.raises(FormatError, match=problem):
            load_network(file, wrong)


def stacks():
    torch.manual_seed(1)
    modules = {
        "batch normalisation": nn.Sequential(
            nn.Linear(2, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 3), nn.BatchNorm1d(3, affine=False), nn.ReLU6()
        ),
        "leaky": nn.Sequential(nn.Linear(2, 3), nn.LeakyReLU(), nn.Dropout(), nn.Linear(3, 2), nn.LeakyReLU(0.2)),
        "slopes": nn.Sequential(nn.Linear(2, 3), nn.PReLU(3), nn.Linear(3, 2, bias=False), nn.PReLU(), nn.Hardtanh()),
        "no activation": nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2)),
        "another epsilon": nn.Sequential(nn.BatchNorm1d(2, eps=0.25), nn.Flatten(), nn.Linear(2, 2), nn.Identity()),
    }
    for module in modules.values():
        for part in module:
            if isinstance(part, nn.BatchNorm1d):
                part.running_mean.normal_()
                part.running_var.uniform_(0.5, 2)
            if isinstance(part, nn.PReLU):
                nn.init.normal_(part.weight)
    return modules


ARGUMENTS = {
    "LeakyReLU(0.2)": lambda m: getattr(m, "negative_slope", 0) == 0.2,
    "BatchNorm1d(0.25)": lambda m: getattr(m, "eps", 0) == 0.25,
}


@pytest.mark.parametrize("suffix", [".pt", ".npz", ".safetensors"])
@pytest.mark.parametrize("name", stacks())
def test_named_layers(name, suffix, tmp_path):
    module, file = stacks()[name].eval(), tmp_path / f"net{suffix}"
    layers = [next((k for k, is_it in ARGUMENTS.items() if is_it(m)), type(m).__name__) for m in module]
    state = module.state_dict()
    if suffix == ".pt":
        torch.save({"state_dict": state}, file)
    elif suffix == ".npz":
        np.savez(file, **{key: value.numpy() for key, value in state.items()})
    else:
        safetensors.save_file(state, file)
    net = load_network(file, layers)
    agrees(net, module)
    assert net == tp.from_torch(module, (2,))


def test_layers_that_do_not_fit_are_shown(tmp_path):
    module = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(4, affine=False))
    torch.save(module.state_dict(), tmp_path / "net.pt")
    with pytest.raises(FormatError, match=r"the layers form no chain: 0 \(3, 2\), 1 \(4,\)"):
        load_network(tmp_path / "net.pt", ["Linear", "BatchNorm1d"])
    arrays = {"dense/kernel": np.ones((2, 3)), "norm/running_mean": np.ones(3), "norm/running_var": np.full(3, 4.0)}
    np.savez(tmp_path / "net.npz", **arrays)
    net = load_network(tmp_path / "net.npz", ["Linear", "BatchNorm1d(0)"])
    assert net([2, 1]) == (1, 1, 1)  # (2 + 1 - 1) / sqrt(4)


def test_the_order_of_the_file_comes_before_any_other(tmp_path):
    arrays = {"down_w": RNG.normal(size=(2, 3)), "up_w": RNG.normal(size=(3, 2)), "up_b": np.ones(2)}
    np.savez(tmp_path / "net.npz", **arrays)
    X = RNG.normal(size=(9, 2))
    expected = formula([arrays["down_w"], arrays["up_w"]], [None, np.ones(2)], X)
    np.testing.assert_allclose(loaded(tmp_path / "net.npz").evaluate(X), expected, atol=1e-12)


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


def test_numbers_against_the_order_of_the_file(tmp_path):
    """Decoders count down: where both orders fit nothing is guessed, where shapes decide they do."""
    file = tmp_path / "net.pt"
    same = Named(up3=nn.Linear(2, 2), up2=nn.Linear(2, 2), up1=nn.Linear(2, 2))
    torch.save(same.state_dict(), file)
    with pytest.raises(FormatError, match=r"the order of the layers is not in the file: 'up3' fits"):
        load_network(file)
    agrees(load_network(file, ["Linear(up3)", "ReLU", "Linear(up2)", "ReLU", "Linear(up1)"]), same)
    growing = Named(up3=nn.Linear(2, 3), up2=nn.Linear(3, 4), up1=nn.Linear(4, 5))
    torch.save(growing.state_dict(), file)
    agrees(loaded(file), growing)


@pytest.mark.parametrize("seed", range(40))
def test_torch_modules_of_any_names_and_widths_are_read_in_their_order_or_refused(seed, tmp_path):
    rng = np.random.default_rng(seed)
    widths = rng.integers(1, 4, size=rng.integers(2, 7))
    names = rng.permutation(["fc1", "fc2", "fc10", "a", "b", "out", "head2"])
    module = Named(**dict(zip(names, chain(2, *map(int, widths)), strict=False)))
    torch.save(module.state_dict(), tmp_path / "net.pt")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AssumedReLUWarning)
        try:
            net = load_network(tmp_path / "net.pt")
        except FormatError as error:
            assert "order of the layers" in str(error)  # noqa: PT017
            return
    assert net == tp.from_torch(module)


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


def test_many_layers_of_one_size_without_numbers_end_soon(tmp_path):
    names = [chr(97 + i) * 3 for i in range(26)]
    safetensors.save_file({f"{name}.weight": torch.eye(2) for name in names}, tmp_path / "net.safetensors")
    with pytest.raises(FormatError, match="the order of the layers is not in the file"):
        load_network(tmp_path / "net.safetensors")
    state = {f"{name}.weight": torch.ones(i % 5 + 1, (3 * i) % 4 + 1) for i, name in enumerate(names)}
    safetensors.save_file(state, tmp_path / "net.safetensors")
    with pytest.raises(FormatError, match=r"no chain|the order of the layers is not"):
        load_network(tmp_path / "net.safetensors")
