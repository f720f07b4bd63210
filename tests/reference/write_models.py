"""Write the small models of tests/reference/models: by both exporters of torch, by skl2onnx, and by hand.

Beside each NAME.onnx stands NAME.json: points and the outputs there, as the program that made the model computes them;
for those made by hand, as onnxruntime does. See README.md for the versions. Run from the project's root:
PYTHONPATH=tests python tests/reference/write_models.py
"""

import importlib.util
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


def of_sklearn():
    """A regressor and a classifier behind a scaler, as skl2onnx writes them, with scikit-learn's outputs."""
    from skl2onnx import to_onnx
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng, options = np.random.default_rng(5), {"hidden_layer_sizes": (5, 4), "max_iter": 40, "random_state": 0}
    X = rng.standard_normal((200, 3)).astype(np.float32) * np.float32([2, 0.5, 1])
    kinds = {
        "regressor": (MLPRegressor(**options), np.abs(X[:, :2]).sum(axis=1), "predict"),
        "classifier": (MLPClassifier(**options), (X[:, 0] > X[:, 1]) + 2 * (X[:, 2] > 1.0), "predict_proba"),
        "two_classes": (MLPClassifier(**options), X[:, 0] > X[:, 1], "predict_proba"),
    }
    for name, (model, y, method) in kinds.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # so few iterations do not converge
            fitted = make_pipeline(StandardScaler(), model).fit(X, y.astype(y.dtype if y.dtype.kind == "f" else int))
        made = to_onnx(fitted, X[:1], target_opset=17)
        (HERE / f"sklearn_{name}.onnx").write_bytes(made.SerializeToString(deterministic=True))
        answers(f"sklearn_{name}", points(3), np.asarray(getattr(fitted, method)(points(3))))


def operators():
    """For each operator of the table its first case in the tests, with onnxruntime's outputs."""
    from oracles.onnx_models import model, outputs_at
    from tropical.formats.onnx import reading
    from tropical.formats.operators.table import ONNX

    place = HERE.parents[1] / "tropical" / "formats" / "operators" / "test_onnx_table.py"
    spec = importlib.util.spec_from_file_location("test_onnx_table", place)
    table = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(table)
    cases = {**table.CASES, **table.operators()}
    chosen = {}
    for operator in sorted(ONNX):
        kind = operator.rpartition(".")[2]
        first = next(name for name, case in cases.items() if any(node.op_type == kind for node in case[0]))
        chosen.setdefault(first, []).append(kind)
    (HERE / "operators").mkdir(exist_ok=True)
    for name, kinds in chosen.items():
        nodes, shape, constants, opset = cases[name]
        data, file = model(nodes, shape, constants, opset), f"operators/{'_'.join(kinds)}"
        if name == "Cast up":
            data = table.to_double(data)
        (HERE / f"{file}.onnx").write_bytes(data)
        X = np.random.default_rng(2).integers(-3, 4, (5, reading.decode(data).input_dim)).astype(np.float32)
        answers(file, X, outputs_at(data, X, ["y"]))


def layouts():
    """What tf2onnx writes, made here with onnx.helper since that tool was not at hand."""
    rng, make = np.random.default_rng(5), helper.make_node

    def weight(*shape):
        return (rng.integers(-8, 9, shape) / 8).astype(np.float32)

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
    of_sklearn()
    layouts()
    operators()


if __name__ == "__main__":
    sys.exit(main())
