"""ONNX models: exported and residual ones, and one clear error for the rest."""

from fractions import Fraction

import numpy as np
import pytest

import tropical as tp
from oracles import certified
from oracles.float_errors import assert_runtime_agrees
from oracles.onnx_models import agree, model, node
from tropical.formats import FormatError, load_network, save_network
from tropical.formats.onnx import reading, writing
from tropical.functions.network import ReLUNetwork

try:
    import onnx
    import onnxruntime  # noqa: F401
    from onnx import TensorProto, helper, numpy_helper
except ImportError:
    onnx = None
needs_onnx = pytest.mark.skipif(onnx is None, reason="needs onnx and onnxruntime")

rng = np.random.default_rng(7)


def f32(*shape):
    return rng.normal(size=shape).astype(np.float32)


def i64(*values):
    return np.array(values, dtype=np.int64)


def residual():
    constants = {"w": f32(4, 2), "b": f32(4), "v": f32(4, 4), "c": f32(4), "u": f32(1, 4)}
    nodes = [
        node("Gemm", "x,w,b", "h", transB=1),
        node("Relu", "h", "r"),
        node("Gemm", "r,v,c", "g", transB=1),
        node("Relu", "g", "s"),
        node("Add", "r,s", "t"),
        node("Gemm", "t,u", "y", transB=1),
    ]
    return model(nodes, ["N", 2], constants), constants


@needs_onnx
def test_a_residual_model_is_loaded_and_inspected(tmp_path):
    data, arrays = residual()
    net = agree(data)
    (tmp_path / "net.onnx").write_bytes(data)
    assert load_network(tmp_path / "net.onnx") == net
    assert net.num_kinked == 8
    carry = np.eye(4)
    w, b, v, c, u = (arrays[key].astype(float) for key in "wbvcu")
    by_hand = ReLUNetwork.from_arrays(
        [w, np.vstack([v, carry]), np.hstack([u, u])],
        [b, [*c, 0, 0, 0, 0], None],
        [None, [(0, 1)] * 4 + [(1, 1)] * 4],
    )  # fmt: skip
    ours, theirs = tp.polyhedral_complex(net), tp.polyhedral_complex(by_hand)
    assert ours.f_vector == theirs.f_vector
    assert len(tp.affine_pieces(ours)) == len(tp.affine_pieces(theirs)) > 4
    assert certified.equivalent(net, by_hand, tp.Box([-1, -1], [1, 1])).status == "proved"


@needs_onnx
@pytest.mark.parametrize("dynamo", [False, pytest.param(True, marks=pytest.mark.exhaustive)])
def test_models_exported_from_torch(dynamo):
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnxscript")
    import io
    import warnings

    class Residual(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.same = torch.nn.Conv2d(1, 2, 3), torch.nn.Conv2d(2, 2, 3, padding=1)
            self.norm, self.head = torch.nn.BatchNorm2d(2), torch.nn.Linear(8, 3)

        def forward(self, x):
            y = torch.relu(self.norm(self.conv(x)))
            y = torch.nn.functional.max_pool2d(y + self.same(y), 2)
            return self.head(torch.flatten(y, 1))

    torch.manual_seed(0)
    module = Residual().eval()
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (torch.randn(1, 1, 6, 6),), buffer, dynamo=dynamo, external_data=False)
    net = agree(buffer.getvalue(), points=100)
    X = torch.randn(100, 1, 6, 6)
    with torch.no_grad():
        assert_runtime_agrees(net, X.double().numpy().reshape(100, -1), module(X).numpy())


SAVED = {
    "relu": ReLUNetwork.from_arrays([[[1, -0.1], [0.5, 2], [0, 0]], [[1, 1, -1]]], [[0, 0.3, 1], [2]]),
    "no hidden layer": ReLUNetwork.from_arrays([[[0.1, -3]]], [[1e-300]]),
    "two outputs": ReLUNetwork.from_arrays([[[1]], [[2], [-1]], [[1, 1], [0, 1]]]),
}
SLOPES = {
    "leaky and absolute": ReLUNetwork.from_arrays(
        [[[1, 1], [1, -1]], [[1, -1], [0, 1]], [[1, 1]]], [[1, 0], [0, -1], [0]], [[(0.1, 1), (-1, 1)], (0.5, 1)]
    ),
    "identity beside": ReLUNetwork.from_arrays([[[1], [2]], [[1, 1]]], [[0, -1], [0]], [[(1, 1), (0, 1)]]),
    "any": ReLUNetwork.from_arrays(
        [[[1], [1], [1], [1]], [[1, 1, 1, 1]]],
        [[0, 1, 2, 3], [0]],
        [[(3, -2), (0.25, 0), (0.1, 3), (0, 0)]],
    ),
}


@needs_onnx
@pytest.mark.parametrize("name", SAVED)
def test_relu_networks_come_back_equal(name, tmp_path):
    file = tmp_path / "net.onnx"
    save_network(SAVED[name], file)
    assert load_network(file) == SAVED[name]
    onnx.checker.check_model(onnx.load(file), full_check=True)
    agree(file.read_bytes(), 100, 2.0**-53, np.float64)


@needs_onnx
@pytest.mark.parametrize("name", SLOPES)
def test_other_slopes_come_back_as_the_same_function_on_the_same_cells(name, tmp_path):
    file, net = tmp_path / "net.onnx", SLOPES[name]
    save_network(net, file)
    loaded = agree(file.read_bytes(), 100, 2.0**-53, np.float64)
    assert certified.equivalent(loaded, net).status == "proved"
    assert loaded.num_kinked == net.num_kinked + (name == "any")  # 0.1 / 3 is no float64
    assert tp.polyhedral_complex(loaded).f_vector == tp.polyhedral_complex(net).f_vector


@needs_onnx
def test_saving_never_rounds_and_is_deterministic(tmp_path):
    with pytest.raises(FormatError, match="no float64 equals"):
        save_network(ReLUNetwork.from_arrays([[["1/3"]]]), tmp_path / "net.onnx")
    assert list(tmp_path.iterdir()) == []
    assert writing.encode(SAVED["relu"]) == writing.encode(SAVED["relu"])


@needs_onnx
@pytest.mark.parametrize("kind", ["FLOAT16", "BFLOAT16", "FLOAT", "DOUBLE", "INT8", "UINT64"])
def test_initializers_of_every_width_are_exact(kind):
    integer = "INT" in kind
    values = [3.0, 100.0] if integer else [0.5, -1.40625]
    entry = helper.make_tensor("w", getattr(TensorProto, kind), [2], [int(v) for v in values] if integer else values)
    data = model([node("Cast", "w", "d", to=11), node("Mul", "x,d")], ["N", 2], {"w": entry}, kind=11)
    net = reading.decode(data)
    assert net([1, 1]) == tuple(map(Fraction, values))


def refused():
    """name: (bytes, message)."""
    if onnx is None:
        return {}
    v, relu = ["N", 2], [node("Relu")]
    external = helper.make_tensor("w", 1, [2], [1.0, 2.0])
    external.ClearField("float_data")
    external.data_location = TensorProto.EXTERNAL
    external.external_data.add(key="location", value="../../../etc/passwd")
    short = numpy_helper.from_array(f32(4), "w")
    short.dims[0] = 5
    huge = numpy_helper.from_array(f32(1), "w")
    huge.dims[:] = [10**6, 10**6]
    negative = numpy_helper.from_array(f32(1), "w")
    negative.dims[0] = -1
    multiply = [node("Mul", "x,w")]
    return {
        "empty": (b"", "must import one ONNX opset"),
        "text": (b"hello, this is no model", "not an ONNX model|opset"),
        "truncated": (residual()[0][:-7], "not an ONNX model"),
        "operator": (model([node("Sin")], v), r"node 'the_Sin_y' \(Sin\): the operator is not supported"),
        "domain": (model([helper.make_node("Relu", ["x"], ["y"], domain="com.microsoft")], v), r"node 'y' \(Relu\)"),
        "control flow": (model([node("If")], v), r"\(If\): the operator is not supported"),
        "attribute": (model([node("Relu", speed=3)], v), r"\(Relu\): attribute 'speed' is not supported"),
        "product": (model([node("Mul", "x,x")], v), r"\(Mul\): the product of two values"),
        "division by zero": (model([node("Div", "x,w")], v, {"w": np.float32([0, 1])}), "division by zero"),
        "old opset": (model(relu, v, opset=6), "opset from 7 to"),
        "two inputs": (model([node("Add", "x,z")], v, {}).replace(b"\x12\x01z", b"\x12\x01q"), "no earlier node"),
        "no such input": (model([node("Add", "x,z")], v), r"\(Add\): input 'z' is computed by no earlier node"),
        "no output": (model([node("Relu", outputs="z")], v), "output 'y' is computed by no node"),
        "two outputs": (model(relu, v, outputs=("y", "z")), "must have one output, got"),
        "symbolic size": (model(relu, ["N", "M"]), r"all else fixed, got \['N', 'M'\]"),
        "no shape": (model(relu, []), "fixed batch size, all else fixed, got"),
        "integer input": (model(relu, v, kind=7), "must be of float type, got INT64"),
        "huge input": (model(relu, ["N", 10**9]), "between 1 and"),
        "external data": (
            model(multiply, v, {"w": external}), "another file, .* the plain name .* external_data=False"),
        "external constant": (
            model([helper.make_node("Constant", [], ["w"], value=external), *multiply], v), "not the plain name"),
        "short data": (model(multiply, v, {"w": short}), "initializer 'w' is malformed"),
        "huge initializer": (model(multiply, v, {"w": huge}), "1000000000000 numbers"),
        "negative size": (model(multiply, v, {"w": negative}), "negative dimension"),
        "text initializer": (
            model(multiply, v, {"w": helper.make_tensor("w", TensorProto.STRING, [1], [b"a"])}), "got STRING"),
        "NaN": (model(multiply, v, {"w": np.float32([1, np.nan])}), "initializer 'w' must be finite"),
        "infinite attribute": (model([node("LeakyRelu", alpha=float("inf"))], v), "'alpha' must be a finite number"),
        "rounding": (model([node("Cast", to=10)], v), "from FLOAT to FLOAT16 rounds"),
        "truncation": (model([node("Cast", to=7)], v), "from FLOAT to INT64 is not supported"),
        "rounded constant": (
            model([node("Cast", "w", "c", to=1), node("Mul", "x,c")], v, {"w": i64(2**24 + 1)}), "FLOAT rounds"),
        "broadcast bomb": (
            model([node("Expand", "x,s")], v, {"s": i64(10**6, 1, 2)}), "has more than"),
        "big broadcast": (
            model([node("Mul", "x,w")], ["N", 2000], {"w": f32(2000, 1)}), "has more than 1048576 elements"),
        "padding bomb": (model([node("Pad", "x,p")], v, {"p": i64(0, 0, 0, 10**12)}), "has more than"),
        "reshape": (model([node("Reshape", "x,s")], v, {"s": i64(3)}), "cannot take the shape"),
        "kernel": (model([node("MaxPool", kernel_shape=[2])], ["N", 1, 3, 3]), "must fit the 2 spatial axes"),
        "concat": (model([node("Concat", "x,w", axis=1)], v, {"w": f32(2, 1)}), "differ beside axis 1"),
        "axis": (model([node("Flatten", axis=5)], v), "axis 5 is out of range"),
        "training": (
            model([node("BatchNormalization", "x,w,w,w,w", training_mode=1)], v, {"w": np.ones(2, np.float32)}),
            "only inference"),
        "empty output": (
            model([node("Slice", "x,s,s,a")], v, {"s": i64(0), "a": i64(1)}), "'y' is an empty tensor"),
        "future opset": (model(relu, v, opset=10**6), "opset from 7 to .* got .1000000."),
        "type of an attribute": (model([node("Flatten", axis=1.5)], v), "'axis' must be an integer, got float"),
        "attribute of another type": (model([node("Transpose", perm="x")], v), "'perm' must be integers, got bytes"),
        "computed twice": (model(relu * 2, v), "'y' is computed twice"),
        "overflow": (
            model([node("Add", "w,w", "d"), node("Mul", "x,d")], v, {"w": np.int8([100])}), "the range of INT8"),
        "huge stride": (
            model([node("MaxPool", kernel_shape=[1], strides=[2**62])], ["N", 1, 3]), "more than 1048576 elements"),
        "many large tensors": (
            model([node("Pad", "x,p", "t0"), *(node("Transpose", f"t{i}", f"t{i + 1}") for i in range(20)),
                   node("Relu", "t20")], v, {"p": i64(0, 0, 0, 10**6)}), "graph have more than"),
    }  # fmt: skip


@needs_onnx
@pytest.mark.parametrize("name", refused())
def test_what_is_not_supported_is_named(name, tmp_path):
    content, problem = refused()[name]
    file = tmp_path / "net.onnx"
    file.write_bytes(content)
    with pytest.raises(FormatError, match=problem) as caught:
        load_network(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert len(str(caught.value)) < 500


@pytest.mark.skipif(onnx is not None, reason="onnx is there")
def test_without_onnx_the_extra_is_named(tmp_path):
    with pytest.raises(FormatError, match=r"needs onnx: pip install 'tropical-relu\[onnx\]'"):
        save_network(SAVED["relu"], tmp_path / "net.onnx")
