"""Write the small models of tests/reference/models: by both exporters of torch, and by hand in other tools' layouts.

Beside each NAME.onnx stands NAME.json: points and the outputs there, as the program that made the model computes them.
See README.md for the versions. Run from the project's root: python tests/reference/write_models.py
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import nn

HERE = Path(__file__).resolve().parent / "models"


class Residual(nn.Module):
    """Convolutions with a skip connection, batch normalisation, pooling."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, 3, padding=1)
        self.norm, self.head = nn.BatchNorm2d(2), nn.Linear(8, 3)
        self.norm.running_var.fill_(1.25)
        self.norm.running_mean.fill_(0.5)

    def forward(self, x):
        y = torch.relu(self.norm(self.first(x)))
        y = nn.functional.max_pool2d(y + self.second(y), 2, ceil_mode=True)
        return self.head(torch.flatten(y, 1))


class Mixed(nn.Module):
    """What people write in a forward: slices, reductions, where, clamp, a transposed convolution, upsampling."""

    def __init__(self):
        super().__init__()
        self.up, self.pad = nn.ConvTranspose2d(2, 2, 2, stride=2), nn.ReflectionPad2d(1)

    def forward(self, x):
        y = self.up(self.pad(x))
        y = torch.where(y > 0, y, 0.25 * y).clamp(-1.0, 2.0)
        y = nn.functional.interpolate(y, scale_factor=2.0, mode="nearest")
        a, b = y.chunk(2, dim=1)
        return torch.stack([a.mean((1, 2, 3)), b.amax((1, 2, 3)), (a - b).abs().sum((1, 2, 3))], 1)


class Classifier(nn.Module):
    """A softmax last; weights large enough for the newer exporter to write them beside the model."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(8, 40), nn.Hardtanh(), nn.Dropout(), nn.Linear(40, 3), nn.Softmax(1))

    def forward(self, x):
        return self.layers(x)


def exported(name, module, shape, **options):
    """A model that torch writes, with torch's own outputs."""
    module.eval()
    file = HERE / f"{name}.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module, (torch.zeros(1, *shape),), str(file), input_names=["x"], output_names=["y"], **options
        )
    anonymous(file)
    X = points(int(np.prod(shape)))
    with torch.no_grad():
        answers(name, X, module(torch.from_numpy(X).reshape(-1, *shape)).numpy())


def anonymous(file):
    """Remove where on the machine each node comes from, which is all that is changed, and an empty file of weights."""
    model = onnx.load_model(str(file), load_external_data=False)
    for node in model.graph.node:
        del node.metadata_props[:]
        node.ClearField("doc_string")
    file.write_bytes(model.SerializeToString(deterministic=True))
    beside = file.with_suffix(".onnx.data")
    if beside.exists() and not beside.stat().st_size:
        beside.unlink()


def points(size):
    """Ten points in eighths."""
    return (np.random.default_rng(3).integers(-16, 17, (10, size)) / 8).astype(np.float32)


def answers(name, X, Y):
    """The outputs at points, beside the model."""
    document = {"points": X.astype(float).tolist(), "outputs": Y.reshape(len(X), -1).astype(float).tolist()}
    (HERE / f"{name}.json").write_text(json.dumps(document) + "\n", encoding="utf-8")


def by_hand(name, nodes, shape, constants, outputs=("y",), kinds=None, opset=17):
    """A model in the layout of another tool, with onnxruntime's outputs."""
    import onnxruntime

    initializers = [numpy_helper.from_array(array, key) for key, array in constants.items()]
    inputs = [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)]
    results = [helper.make_tensor_value_info(o, (kinds or {}).get(o, onnx.TensorProto.FLOAT), None) for o in outputs]
    graph = helper.make_graph(nodes, name, inputs, results, initializers)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    onnx.save_model(model, str(HERE / f"{name}.onnx"))
    session = onnxruntime.InferenceSession(str(HERE / f"{name}.onnx"), providers=["CPUExecutionProvider"])
    X = points(int(np.prod(shape[1:])))
    Y = [session.run([outputs[-1]], {"x": x.reshape(1, *shape[1:])})[0] for x in X]
    answers(name, X, np.stack(Y))


def layouts():
    """What skl2onnx and tf2onnx write, made here with onnx.helper since these tools were not at hand."""
    rng, make = np.random.default_rng(5), helper.make_node

    def weight(*shape):
        return (rng.integers(-8, 9, shape) / 8).astype(np.float32)

    by_hand(
        "sklearn_layout",
        [
            make("Scaler", ["x"], ["scaled"], domain="ai.onnx.ml", offset=[0.5, -1.0, 0.0], scale=[2.0, 0.5, 1.0]),
            make("Cast", ["scaled"], ["cast"], to=1),
            make("MatMul", ["cast", "coefficient"], ["mul"]),
            make("Add", ["mul", "intercepts"], ["add"]),
            make("Relu", ["add"], ["activation"]),
            make("MatMul", ["activation", "coefficient1"], ["mul1"]),
            make("Add", ["mul1", "intercepts1"], ["scores"]),
            make("Identity", ["scores"], ["out"]),
            make("Softmax", ["out"], ["probabilities"], axis=1),
            make("ArgMax", ["probabilities"], ["index"], axis=1),
            make("ArrayFeatureExtractor", ["classes", "index"], ["picked"], domain="ai.onnx.ml"),
            make("Cast", ["picked"], ["whole"], to=7),
            make("Reshape", ["whole", "shape"], ["label"]),
        ],
        ["N", 3],
        {
            "coefficient": weight(3, 5), "intercepts": weight(1, 5), "coefficient1": weight(5, 3),
            "intercepts1": weight(1, 3), "classes": np.array([0, 1, 2]), "shape": np.array([-1]),
        },
        ("label", "probabilities", "out"),
        {"label": onnx.TensorProto.INT64},
    )  # fmt: skip
    by_hand(
        "keras_layout",
        [
            make("Transpose", ["x"], ["nchw"], perm=[0, 3, 1, 2]),
            make("Conv", ["nchw", "kernel", "bias"], ["conv"], auto_pad="SAME_UPPER", strides=[2, 2]),
            make("Relu", ["conv"], ["relu"]),
            make("Transpose", ["relu"], ["nhwc"], perm=[0, 2, 3, 1]),
            make("Shape", ["nhwc"], ["sizes"]),
            make("Slice", ["sizes", "zero", "one"], ["batch"]),
            make("Concat", ["batch", "rest"], ["flat"], axis=0),
            make("Reshape", ["nhwc", "flat"], ["row"]),
            make("MatMul", ["row", "dense"], ["product"]),
            make("Add", ["product", "shift"], ["y"]),
        ],
        ["N", 5, 4, 2],
        {
            "kernel": weight(3, 2, 3, 3), "bias": weight(3), "dense": weight(18, 2), "shift": weight(2),
            "zero": np.array([0]), "one": np.array([1]), "rest": np.array([-1]),
        },
    )  # fmt: skip


def main():
    """All files anew."""
    HERE.mkdir(exist_ok=True)
    for module, shape in ((Residual, (1, 6, 6)), (Mixed, (2, 3, 3)), (Classifier, (8,))):
        for dynamo in (False, True):
            torch.manual_seed(0)
            name = f"torch_{module.__name__.lower()}_{'dynamo' if dynamo else 'script'}"
            exported(name, module(), shape, dynamo=dynamo, **({"external_data": True} if dynamo else {}))
    layouts()


if __name__ == "__main__":
    sys.exit(main())
