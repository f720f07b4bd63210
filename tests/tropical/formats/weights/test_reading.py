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
    "an optimiser by names": lambda state, module: {
        "model": state, "optim": {"state": {"fc1.weight": {"exp_avg": torch.ones(5, 2)}}},
    },
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


def test_many_layers_of_one_size_without_numbers_end_soon(tmp_path):
    names = [chr(97 + i) * 3 for i in range(26)]
    safetensors.save_file({f"{name}.weight": torch.eye(2) for name in names}, tmp_path / "net.safetensors")
    with pytest.raises(FormatError, match="the order of the layers is not in the file"):
        load_network(tmp_path / "net.safetensors")
    state = {f"{name}.weight": torch.ones(i % 5 + 1, (3 * i) % 4 + 1) for i, name in enumerate(names)}
    safetensors.save_file(state, tmp_path / "net.safetensors")
    with pytest.raises(FormatError, match=r"no chain|the order of the layers is not"):
        load_network(tmp_path / "net.safetensors")
