"""ONNX models: exported and residual ones, and one clear error for the rest."""

from fractions import Fraction

import numpy as np
import pytest

import tropical as tp
from oracles import certified
from oracles.float_errors import assert_runtime_agrees
from oracles.onnx_models import agree, model, node, outputs_at
from tropical.formats import FormatError, load_network, save_network
from tropical.formats.onnx import reading, writing
from tropical.functions.network import ReLUNetwork

try:
    import onnx
    import onnxruntime
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


def classifier(*last, outputs=("y",)):
    """A hidden layer, scores h, and what stands behind them."""
    constants = {"w": f32(2, 3), "v": f32(3, 3), "l": i64(4, 7, 9)}
    nodes = [node("MatMul", "x,w", "g"), node("Relu", "g", "r"), node("MatMul", "r,v", "h"), *last]
    return model(nodes, ["N", 2], constants, outputs=outputs)


def heads():
    if onnx is None:
        return {}
    labels = [
        node("Softmax", "h", "p"),
        node("ArgMax", "p", "a", axis=1),
        node("ArrayFeatureExtractor", "l,a", "b", domain="ai.onnx.ml"),
        node("Cast", "b", "y", to=7),
    ]
    return {
        "Softmax": classifier(node("Softmax", "h")),
        "LogSoftmax": classifier(node("LogSoftmax", "h")),
        "Sigmoid": classifier(node("Sigmoid", "h", "s"), node("Identity", "s")),
        "ArgMax": classifier(node("ArgMax", "h", "a"), node("Squeeze", "a")),
        "labels and probabilities": classifier(*labels, outputs=("y", "p")),
        "no head": classifier(node("Identity", "h")),
    }


@needs_onnx
@pytest.mark.parametrize("name", heads())
def test_a_head_is_cut_off_where_it_is_asked_for(name, tmp_path):
    file, data = tmp_path / "net.onnx", heads()[name]
    file.write_bytes(data)
    net = load_network(file, cut_head=True)
    assert load_network(file, outputs="h") == net
    proto = onnx.load_model_from_string(data)
    del proto.graph.output[:], proto.graph.node[3:]
    proto.graph.output.append(helper.make_tensor_value_info("h", 1, None))
    X = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    assert_runtime_agrees(net, X.astype(float), outputs_at(proto.SerializeToString(), X))
    if name != "no head":
        with pytest.raises(FormatError, match=r"cut_head=True leaves it out|choose with outputs="):
            load_network(file)


@needs_onnx
def test_outputs_are_chosen_by_name(tmp_path):
    file = tmp_path / "net.onnx"
    data = classifier(node("Neg", "h"), node("Abs", "h", "z"), outputs=("y", "z"))
    file.write_bytes(data)
    X = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    for names in ["z", ["y"], ["z", "y"], ["y", "y"]]:
        net = load_network(file, outputs=names)
        listed = [names] if isinstance(names, str) else names
        assert net.output_dim == 3 * len(listed)
        assert_runtime_agrees(net, X.astype(float), np.hstack([outputs_at(data, X, [name]) for name in listed]))
    assert load_network(file, outputs=["r", "x"])([1, 2])[3:] == (1, 2)
    for wrong, problem in [
        (None, r"must have one output, got \['y', 'z'\]: choose with outputs="),
        ("q", r"no tensor is named 'q'; the outputs are \['y', 'z'\]"),
        ([], "outputs must be one or more names"),
        ([7], "outputs must be one or more names"),
    ]:
        with pytest.raises(FormatError, match=problem):
            load_network(file, outputs=wrong)
    save_network(SAVED["relu"], tmp_path / "net.json")
    for choice in ({"outputs": "y"}, {"cut_head": True}):
        with pytest.raises(FormatError, match=r"chosen for \.onnx files only"):
            load_network(tmp_path / "net.json", **choice)


@needs_onnx
def test_of_several_inputs_one_may_be_enough(tmp_path):
    file = tmp_path / "net.onnx"
    info = [helper.make_tensor_value_info(name, 1, ["N", 2]) for name in "xzyu"]
    graph = helper.make_graph([node("Relu"), node("Add", "y,z", "u")], "test", info[:2], info[2:])
    file.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString())
    assert load_network(file, outputs="y")([-1, 2]) == (0, 2)
    with pytest.raises(FormatError, match=r"must have one input, got \['x', 'z'\]: choose outputs="):
        load_network(file, outputs="u")


def functional(calls, bodies):
    """A model that calls functions of its own; bodies: name -> (inputs, outputs, nodes, attributes)."""
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
    made = [helper.make_function("mine", name, *body[:3], opsets, body[3]) for name, body in bodies.items()]
    return model(calls, ["N", 3], functions=made, ir_version=10)


@needs_onnx
def test_functions_of_the_model_are_read():
    alpha = helper.make_node("LeakyRelu", ["a"], ["l"])
    alpha.attribute.append(onnx.AttributeProto(name="alpha", type=1, ref_attr_name="slope"))
    leaky = (["a"], ["l", "n"], [alpha, helper.make_node("Sin", ["a"], ["n"])], ["slope"])
    calls = [node("Leaky", "a", "b,o", domain="mine", slope=0.5), node("Leaky", "b", "c,p", domain="mine", slope=2.0)]
    twice = (["a"], ["y"], [*calls, node("Add", "b,c")], [])
    agree(functional([node("Twice", domain="mine")], {"Leaky": leaky, "Twice": twice}), 50)
    itself = (["a"], ["y"], [node("Loop", "a", domain="mine")], [])
    with pytest.raises(ValueError, match="call each other 16 deep, or themselves"):
        reading.decode(functional([node("Loop", domain="mine")], {"Loop": itself}))
    bodies = {
        f"F{i}": (["a"], [f"a{40}"], [node(f"F{i + 1}" if i < 8 else "Relu", f"a{k}" if k else "a", f"a{k + 1}",
                  domain="mine" if i < 8 else "") for k in range(40)], [])
        for i in range(9)
    }  # fmt: skip
    with pytest.raises(ValueError, match="at most 20000 are read"):
        reading.decode(functional([node("F0", domain="mine")], bodies))


@needs_onnx
def test_the_same_opset_twice_and_a_constant_that_is_false():
    constants = {"r": np.float32(0.5), "t": np.array(False)}
    data = onnx.load_model_from_string(model([node("Dropout", "x,r,t", "y,m")], ["N", 2], constants))
    data.opset_import.append(helper.make_opsetid("ai.onnx", 17))
    data.opset_import.append(helper.make_opsetid("", 17))
    assert reading.decode(data.SerializeToString())([3, -1]) == (3, -1)
    data.opset_import.append(helper.make_opsetid("", 16))
    with pytest.raises(ValueError, match=r"must import one ONNX opset .* got \[16, 17\]"):
        reading.decode(data.SerializeToString())


def with_sibling(folder, **fields):
    """A model whose weight, two numbers, stands in a file beside it; its path."""
    weight = TensorProto(name="w", data_type=1, dims=[2], data_location=TensorProto.EXTERNAL)
    for key, value in ({"location": "net.onnx.data", "offset": "4", "length": "8"} | fields).items():
        if value is not None:
            weight.external_data.add(key=key, value=value)
    (folder / "net.onnx").write_bytes(model([node("Mul", "x,w")], ["N", 2], {"w": weight}))
    (folder / "net.onnx.data").write_bytes(np.float32([7, 2, -3]).tobytes())
    return folder / "net.onnx"


@needs_onnx
def test_weights_in_a_file_beside_the_model(tmp_path):
    for fields in ({}, {"length": None}, {"checksum": "unread"}):
        file = with_sibling(tmp_path, **fields)
        assert load_network(file)([1, 1]) == (2, -3)
        assert onnxruntime.InferenceSession(file).run(None, {"x": np.float32([[1, 1]])})[0].tolist() == [[2, -3]]
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "w").write_bytes(bytes(12))
    (tmp_path / "link").symlink_to(tmp_path / "net.onnx.data")
    for fields, problem in [
        ({"location": "below/w"}, "not the plain name of a file beside"),
        ({"location": "..\\w"}, "not the plain name"),
        ({"location": ""}, "not the plain name"),
        ({"location": ".."}, "not the plain name"),
        ({"location": "C:w"}, "not the plain name"),
        ({"location": "below"}, "cannot be read: it is a directory"),
        ({"location": "missing"}, "cannot be read: No such file"),
        ({"location": "link"}, "it is a link"),
        ({"length": "12"}, "12 bytes from 4 on of 12 are named for 8"),
        ({"offset": "8"}, "8 bytes from 8 on of 12 are named for 8"),
        ({"offset": "-4"}, "must be numbers, got '-4'"),
        ({"length": "9" * 5000}, "must be numbers, got '9999"),
    ]:
        file = with_sibling(tmp_path, **fields)
        with pytest.raises(FormatError, match=problem) as caught:
            load_network(file)
        assert "another file" in str(caught.value)
        assert "external_data=False" in str(caught.value)
        assert "onnx.save_model" in str(caught.value)
        assert len(str(caught.value)) < 500
    with pytest.raises(ValueError, match="only load_network"):
        reading.decode(with_sibling(tmp_path).read_bytes())
