"""PyTorch modules and state dicts: against the runtime at a thousand points, and one clear error for the rest."""

import contextlib
import io
import pickle
import zipfile

import numpy as np
import pytest

import tropical as tp
from oracles.float_errors import assert_runtime_agrees
from tropical.files import MAX_BYTES
from tropical.formats import AssumedReLUWarning, FormatError, load_network, save_network
from tropical.functions.network import ReLUNetwork

try:
    import torch
    from torch import nn
except ImportError:
    torch = None
needs_torch = pytest.mark.skipif(torch is None, reason="needs torch")

MLP = ReLUNetwork.from_arrays([[[1, -0.1], [0.5, 2], [0, 0]], [[1, 1, -1]]], [[0, 0.3, 1], [2]])


def agree(module, shape, points=1000, seed=0):
    """The imported network, once its exact values have been compared with the module's float32 ones."""
    torch.manual_seed(seed)
    net = tp.from_torch(module.eval(), shape)
    X = torch.randn(points, *(shape or (net.input_dim,)))
    with torch.no_grad():
        assert_runtime_agrees(net, X.double().numpy().reshape(points, -1), module(X).numpy())
    return net


def statistics(module):
    """Running statistics, scales and slopes away from their defaults."""
    torch.manual_seed(1)
    for part in module.modules():
        if isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d)):
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
            if part.affine:
                nn.init.normal_(part.weight)
                nn.init.normal_(part.bias)
        if isinstance(part, nn.PReLU):
            nn.init.normal_(part.weight)
    return module


@needs_torch
def test_an_mlp_is_itself_and_is_inspected():
    torch.manual_seed(3)
    module = nn.Sequential(nn.Linear(2, 6), nn.ReLU(), nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 1))
    net = agree(module, None)
    linear = [module[i] for i in (0, 2, 4)]
    weights, biases = ([getattr(m, key).detach().double().numpy() for m in linear] for key in ("weight", "bias"))
    assert net == ReLUNetwork.from_arrays(weights, biases)
    cx = tp.polyhedral_complex(net)
    assert cx.f_vector == tp.polyhedral_complex(ReLUNetwork.from_arrays(weights, biases)).f_vector
    assert len(tp.affine_pieces(cx)) >= 3


@needs_torch
def test_a_convolutional_network_with_max_pooling():
    torch.manual_seed(4)
    module = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 3)
    )
    net = agree(module, (1, 6, 6))
    assert net.input_dim == 36
    assert net.num_kinked == 2 * 16 + 2 * 4 * 3 + 4
    rng = np.random.default_rng(0)
    plane = tp.AffineMap(tuple(tp.AffineForm(row.tolist()) for row in rng.integers(-3, 4, (36, 2))))
    section = tp.polyhedral_complex(net.output(0).compose(plane), tp.Box([-1, -1], [1, 1]))
    assert 1 < len(tp.affine_pieces(section)) <= section.num_cells


def modules():
    if torch is None:
        return {}
    return {
        "nested, leaky, dropout": (
            lambda: nn.Sequential(nn.Sequential(nn.Linear(3, 4), nn.LeakyReLU(0.2)), nn.Dropout(), nn.Linear(4, 2)),
            None,
        ),
        "one layer": (lambda: nn.Linear(3, 2, bias=False), None),
        "no layer": (lambda: nn.Sequential(nn.ReLU()), (3,)),
        "clips": (lambda: nn.Sequential(nn.Linear(2, 3), nn.ReLU6(), nn.Linear(3, 3), nn.Hardtanh(-0.5, 1.5)), None),
        "strides, dilation, groups, padding": (
            lambda: nn.Sequential(nn.Conv2d(2, 4, (3, 2), (2, 1), (1, 0), (1, 2), groups=2), nn.PReLU(4)),
            (2, 5, 4),
        ),
        "padding of equal size": (lambda: nn.Conv2d(1, 2, (2, 3), padding="same", bias=False), (1, 3, 4)),
        "batch normalisation": (
            lambda: nn.Sequential(
                nn.Conv2d(1, 2, 2), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.BatchNorm1d(12, affine=False)
            ),
            (1, 3, 4),
        ),
        "average pooling": (
            lambda: nn.Sequential(
                nn.AvgPool2d(2, padding=1, count_include_pad=False), nn.PReLU(), nn.AvgPool2d(3, 1, 1)
            ),
            (2, 4, 4),
        ),
        "divisor": (lambda: nn.AvgPool2d(2, divisor_override=3), (1, 4, 4)),
        "pooling to one": (
            lambda: nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 2)),
            (2, 3, 3),
        ),
        "one spatial axis": (
            lambda: nn.Sequential(
                nn.Conv1d(2, 3, 3, padding=1), nn.MaxPool1d(3, 2, 1), nn.BatchNorm1d(3), nn.AvgPool1d(2), nn.Flatten()
            ),
            (2, 7),
        ),
        "max pooling with padding and dilation": (lambda: nn.MaxPool2d(2, 1, 1, 2), (1, 4, 4)),
        "ceil mode without a partial window": (lambda: nn.MaxPool2d(2, ceil_mode=True), (1, 4, 4)),
        "unflatten": (lambda: nn.Sequential(nn.Linear(4, 4), nn.Unflatten(1, (1, 2, 2)), nn.Conv2d(1, 1, 2)), None),
        "zero weights": (lambda: zeroed(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))), None),
    }


def zeroed(module):
    for value in module.parameters():
        nn.init.zeros_(value)
    return module


@needs_torch
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")
@pytest.mark.parametrize("points", [50, pytest.param(1000, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("name", modules())
def test_modules_agree_with_their_runtime(name, points):
    build, shape = modules()[name]
    torch.manual_seed(5)
    agree(statistics(build()), shape, points)


@needs_torch
def test_forward_is_followed_through_residual_sums():
    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.scale = nn.Linear(3, 3), nn.Parameter(torch.tensor([0.5, -1.0, 2.0]))
            self.block = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 3))

        def forward(self, x):
            y = torch.relu(self.first(x))
            y = nn.functional.leaky_relu(y + self.block(y) * self.scale, 0.25)
            y = torch.cat([y, 0.5 * x - 1, torch.maximum(x, -y)], 1)
            return y.view(y.size(0), -1).abs()[:, 1:]

    assert agree(Residual(), None).output_dim == 8


@needs_torch
def test_forward_may_call_functions_on_images():
    class Images(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 2)

        def forward(self, x):
            x = nn.functional.max_pool2d(nn.functional.relu(self.conv(x)), 2, stride=1)
            return torch.flatten(nn.functional.dropout(x, training=self.training), 1) / 3

    assert agree(Images(), (1, 4, 4), points=100).output_dim == 8
    with pytest.raises(ValueError, match="'dropout' in forward: is in training mode"):
        tp.from_torch(Images(), (1, 4, 4))


@needs_torch
@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16"])
def test_parameters_of_every_width_are_exact(dtype):
    module = nn.Linear(2, 1).to(getattr(torch, dtype))
    (row,) = tp.from_torch(module).layers[0].weight
    assert [float(q) for q in row] == module.weight.detach().double().numpy()[0].tolist()


def refused():
    if torch is None:
        return {}

    class Square(nn.Module):
        def forward(self, x):
            return x * x

    class Branch(nn.Module):
        def forward(self, x):
            return x if x.sum() > 0 else -x

    class Sine(nn.Module):
        def forward(self, x):
            return torch.sin(x)

    class Loop(nn.Module):
        def forward(self, x):
            return sum(x[i] for i in range(len(x)))

    class Two(nn.Module):
        def forward(self, x, y):
            return x + y

    hooked = nn.Sequential(nn.Linear(2, 1))
    hooked[0].register_forward_hook(lambda module, args, output: output**2)
    nan = nn.Linear(1, 1)
    nn.init.constant_(nan.weight, float("nan"))
    return {
        "path": (nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.Tanh())), None, r"module '0\.1' \(Tanh\) is not supp"),
        "product": (Square(), (2,), "'mul' in forward: the product of two values"),
        "control flow": (Branch(), (2,), "Branch.forward cannot be followed|'sum' in forward is not supported"),
        "loop": (Loop(), (2,), "Loop.forward cannot be followed"),
        "two inputs": (Two(), (2,), "forward takes a second input 'y'"),
        "hook": (hooked, None, r"module '0' \(Linear\) has hooks"),
        "function": (Sine(), (2,), "function 'sin' in forward is not supported"),
        "training": (nn.BatchNorm1d(2).train(), (2,), "BatchNorm1d: is in training mode"),
        "dropout in training": (nn.Sequential(nn.Dropout().train()), (2,), "module '0' .* training mode"),
        "no shape": (nn.Sequential(nn.Conv2d(1, 1, 1)), None, "input_shape is needed: the module begins with Conv2d"),
        "no parameters": (nn.ReLU(), None, "input_shape is needed"),
        "wrong shape": (nn.Linear(3, 1), (2,), r"shapes \(1, 2\) and \(3, 1\) cannot be multiplied"),
        "empty shape": (nn.ReLU(), (), "input_shape must hold positive integers"),
        "images": (nn.Conv2d(1, 1, 1), (3,), r"Conv2d: needs a tensor of 4 axes"),
        "indices": (nn.MaxPool2d(2, return_indices=True), (1, 4, 4), "return_indices"),
        "NaN": (nan, None, "Linear: weight must be finite"),
        "not a module": (nn.functional.relu, (2,), "must be a torch.nn.Module, got function"),
    }


@needs_torch
@pytest.mark.parametrize("name", refused())
def test_what_is_not_supported_is_named(name):
    module, shape, problem = refused()[name]
    with pytest.raises(ValueError, match=problem):
        tp.from_torch(module, shape)


def wrapped():
    """Of a module: what runs it as it is, and what no longer holds it."""
    if torch is None:
        return {}
    again = ": pass the module that it was made from, or write that with torch.onnx.export"
    one = torch.zeros(1, 2)
    return {
        "DataParallel": (nn.DataParallel, None),
        "compile": (torch.compile, None),
        "compile in place": (lambda m: m.compile() or m, None),
        "both": (lambda m: nn.DataParallel(torch.compile(m)), None),
        "symbolic trace": (torch.fx.symbolic_trace, None),
        "script": (torch.jit.script, f"RecursiveScriptModule cannot be followed{again}"),
        "trace": (lambda m: torch.jit.trace(m, one), f"TopLevelTracedModule cannot be followed{again}"),
        "traced function": (lambda m: torch.jit.trace(m.forward, one), f"got ScriptFunction{again}|cannot be followed"),
        "script inside": (
            lambda m: nn.Sequential(torch.jit.script(m)),
            rf"module '0' \(Rec.*\) cannot be followed{again}",
        ),
        "export": (lambda m: torch.export.export(m, (one,)), f"got ExportedProgram{again}"),
        "export, a module": (
            lambda m: torch.export.export(m, (one,)).module(),
            f"GraphModule cannot be followed{again}",
        ),
        "compile inside": (lambda m: nn.Sequential(torch.compile(m)), r"module '0' \(OptimizedModule\) wraps another"),
        "DataParallel inside": (
            lambda m: nn.Sequential(nn.DataParallel(m)),
            r"module '0' \(DataParallel\) wraps another",
        ),
        "state dict": (lambda m: m.state_dict(), "got OrderedDict; load_network reads files"),
        "path": (lambda m: "net.pt", "got str; load_network reads files"),
    }


@needs_torch
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", wrapped())
def test_wrapped_and_compiled_modules(name):
    wrap, problem = wrapped()[name]
    torch.manual_seed(6)
    module = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)).eval()
    expected = agree(module, None, points=50)
    if problem is None:
        assert tp.from_torch(wrap(module)) == expected
        return
    made = wrap(module)
    for shape in (None, (2,)):
        with pytest.raises(ValueError, match=problem):
            tp.from_torch(made, shape)


def saved(content):
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


@needs_torch
def test_state_dicts_round_trip(tmp_path):
    save_network(MLP, tmp_path / "net.pt")
    assert load_network(tmp_path / "net.pt") == MLP
    module = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    (tmp_path / "module.pt").write_bytes(saved(module.state_dict()))
    with pytest.warns(AssumedReLUWarning, match=r"module.pt: ReLU is assumed between the layers \(0, 2\)"):
        assert load_network(tmp_path / "module.pt") == tp.from_torch(module)


@needs_torch
def test_named_layers_say_what_a_state_dict_does_not(tmp_path):
    module = nn.Sequential(nn.Linear(2, 3), nn.LeakyReLU(0.25), nn.Dropout(), nn.Linear(3, 2, bias=False), nn.PReLU())
    module = nn.Sequential(module, nn.Linear(2, 1), nn.ReLU6()).eval()
    file = tmp_path / "net.pt"
    file.write_bytes(saved(module.state_dict()))
    layers = ["Linear", "LeakyReLU(0.25)", "Dropout", "Linear", "PReLU", "Linear", "ReLU6"]
    assert load_network(file, layers=layers) == tp.from_torch(module)
    for wrong, problem in [
        (layers[:-2], "layers names 2 Linear, the file has 3: '0.0', '0.3', '1'"),
        ([*layers, "Linear"], "layers names 4 Linear, the file has 3"),
        (["PReLU", *layers], "layers names 2 PReLU, the file has 1: '0.4'"),
        (["Tanh"], r"layers\[0\] must be one of Linear, ReLU"),
        (["ReLU(3)"], r"layers\[0\] must be one of"),
        ([7], r"layers\[0\] must be one of"),
    ]:
        with pytest.raises(FormatError, match=problem):
            load_network(file, layers=wrong)
    with pytest.raises(FormatError, match="layers are named for files of weights only"):
        load_network(tmp_path / "net.json", layers=layers)


class Harmful:
    def __reduce__(self):
        return eval, ("open('harm', 'w')",)


def malformed():
    if torch is None:
        return {}
    one, state = torch.ones(1), {"0.weight": torch.ones(1, 2)}
    huge = torch.as_strided(one, (10**5, 10**5), (0, 0))
    return {
        "empty": (b"", "not an archive"),
        "truncated": (saved(state)[:-60], "not an archive"),
        "pickle": (pickle.dumps(Harmful()), "not an archive"),
        "pickle in an archive": (saved(Harmful()), "code is not run"),
        "whole module": (saved(nn.Linear(1, 1)), r"code is not run.*state_dict.*: Unsupported global: .*Linear"),
        "list": (saved([one]), "must hold a state dict .* got list"),
        "nothing": (saved({}), "state dict with at least one tensor"),
        "stray entry": (saved({**state, "epoch": 3}), "entry 'epoch' of the state dict is no tensor but int"),
        "two state dicts": (
            saved({"state_dict": state, "ema": {"0.weight": torch.zeros(1, 2)}}),
            "holds several state dicts, 'state_dict', 'ema'",
        ),
        "adjacent": (saved({**state, "1.weight": one[None]}), "whether a ReLU stands between"),
        "far apart": (saved({**state, "3.weight": one[None]}), "modules 0 and 3 .* layers="),
        "convolution": (saved({"0.weight": torch.ones(1, 1, 2, 2)}), "must have 2 dimensions.* layers="),
        "other names": (saved({"fc1.matrix": one[None]}), "unknown array 'fc1.matrix'.* from_torch"),
        "shapes": (saved({**state, "2.weight": torch.ones(1, 2)}), r"no chain: 0 \(1, 2\), 2 \(1, 2\)"),
        "NaN": (saved({"0.weight": one[None] * float("nan")}), r"layer 0: weight\[0\]\[0\] must be finite"),
        "complex": (saved({"0.weight": torch.ones(1, 1, dtype=torch.complex64)}), "must be a dense real tensor"),
        "sparse": (saved({"0.weight": torch.ones(1, 1).to_sparse()}), "dense real tensor"),
        "expanded": (saved({"0.weight": huge}), "10000000000 numbers"),
        "lying storage": (lying_storage(state), "code is not run|not an archive|announces"),
        "bomb": (bomb(), "unpack to"),
        "random archive": (archive(b"\x80\x02}q\x00K\x07K"), "code is not run"),
    }


def archive(pickled):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("archive/data.pkl", pickled)
        file.writestr("archive/version", "3\n")
    return buffer.getvalue()


def lying_storage(state):
    """A storage of 2 numbers that claims 10^9, and a tensor on all of them."""
    buffer, source = io.BytesIO(), zipfile.ZipFile(io.BytesIO(saved(state)))
    with zipfile.ZipFile(buffer, "w") as file:
        for member in source.infolist():
            content = source.read(member)
            if member.filename.endswith("data.pkl"):
                assert content.count(b"cpuq") == 1
                before, after = content.split(b"cpuq")
                place = after.index(b"K\x02")
                after = after[:place] + b"J\x00\xca\x9a\x3b" + after[place + 2 :]
                after = after.replace(b"K\x01K\x02\x86", b"K\x01J\x00\xca\x9a\x3b\x86", 1)
                content = before + b"cpuq" + after
            file.writestr(member.filename, content)
    return buffer.getvalue()


def bomb():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data/0", bytes(MAX_BYTES + 1))
    return buffer.getvalue()


@needs_torch
@pytest.mark.parametrize("name", malformed())
def test_malformed_files_give_one_error_and_run_nothing(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content, problem = malformed()[name]
    file = tmp_path / "net.pt"
    file.write_bytes(content)
    with pytest.raises(FormatError, match=problem) as caught:
        load_network(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == [file]


@needs_torch
@pytest.mark.filterwarnings("ignore::tropical.AssumedReLUWarning")
@pytest.mark.parametrize("count", [200, pytest.param(20_000, marks=pytest.mark.exhaustive)])
def test_damaged_files_of_before_torch_1_6_are_read_or_refused(count, tmp_path):
    """Bytes changed, left out and put in: never another exception than ours, and nothing else in the folder."""
    buffer, rng = io.BytesIO(), np.random.default_rng(0)
    state = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)).state_dict()
    torch.save(state, buffer, _use_new_zipfile_serialization=False)
    file = tmp_path / "net.pt"
    for _ in range(count):
        data = bytearray(buffer.getvalue())
        for place in rng.integers(15, len(data) - 8, size=rng.integers(1, 4)):
            data[place : place + rng.integers(0, 3)] = rng.bytes(rng.integers(0, 3))
        file.write_bytes(data)
        with contextlib.suppress(FormatError):
            load_network(file)
    assert list(tmp_path.iterdir()) == [file]


@needs_torch
def test_only_relu_is_written(tmp_path):
    with pytest.raises(FormatError, match="slopes_0 are not those of ReLU"):
        save_network(ReLUNetwork.from_arrays([[[1]], [[1]]], slopes=[(-1, 1)]), tmp_path / "net.pt")
    with pytest.raises(FormatError, match="no float64 equals"):
        save_network(ReLUNetwork.from_arrays([[["1/3"]]]), tmp_path / "net.pt")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(torch is not None, reason="torch is there")
def test_without_torch_the_extra_is_named(tmp_path):
    with pytest.raises(FormatError, match=r"needs torch: pip install 'tropical-relu\[torch\]'"):
        save_network(MLP, tmp_path / "net.pt")
    with pytest.raises(ValueError, match=r"from_torch needs torch: pip install 'tropical-relu\[torch\]'"):
        tp.from_torch(None)
