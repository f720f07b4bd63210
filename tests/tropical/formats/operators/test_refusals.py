"""What jumps, is not piecewise linear or depends on rounding is refused by the table, each with its reason."""

import numpy as np
import pytest

import tropical as tp
from oracles.onnx_models import model, node
from tropical.formats.onnx import reading

VECTOR, IMAGE = ["N", 2], ["N", 1, 4, 4]


def f32(*values):
    return np.array(values, dtype=np.float32)


def chosen(first, second, constants, kind="Greater"):
    return model([node(kind, "x,t", "c"), node("Where", f"c,{first},{second}")], VECTOR, constants)


def refused():
    """name: (model, message)."""
    pytest.importorskip("onnx")
    statistics = {key: f32(1, 1) for key in "sbmv"}
    return {
        "thresholded": (model([node("ThresholdedRelu", alpha=1.0)], VECTOR), "jumps at 1"),
        "hard shrinkage": (model([node("Shrink", lambd=0.5)], VECTOR), "lambd 1/2 and bias 0 jumps"),
        "other bias": (model([node("Shrink", lambd=0.5, bias=0.25)], VECTOR), "bias 1/4 jumps"),
        "step": (chosen("a", "b", {"t": f32(0), "a": f32(1), "b": f32(0)}), r"\(Where\): .* the value may jump there"),
        "moved leak": (chosen("x", "z", {"t": f32(1), "z": f32(0)}), "the value may jump there"),
        "equality": (chosen("x", "z", {"t": f32(1), "z": f32(0)}, "Equal"), r"\(Equal\): depends on the input"),
        "a comparison as output": (model([node("Greater", "x,t")], VECTOR, {"t": f32(1)}), "an output is a comparison"),
        "a comparison as number": (
            model([node("Greater", "x,t", "c"), node("Cast", "c", "d", to=1), node("Add", "x,d")], VECTOR,
                  {"t": f32(1)}),
            "a comparison that depends on the input jumps"),
        "sign": (model([node("Sign")], VECTOR), "of which it is no piecewise-linear function, must be constant"),
        "root": (model([node("Sqrt")], VECTOR), "no piecewise-linear function"),
        "norm": (model([node("ReduceL2")], VECTOR), "no piecewise-linear function"),
        "square": (model([node("Pow", "x,e")], VECTOR, {"e": f32(2)}), "a power of a value that depends"),
        "root of a negative number": (
            model([node("Sqrt", "e", "r"), node("Add", "x,r")], VECTOR, {"e": f32(-2)}), "a negative number -2"),
        "overflow": (
            model([node("Exp", "e", "r"), node("Add", "x,r")], VECTOR, {"e": f32(89)}), "exceeds the range of FLOAT"),
        "huge power": (
            model([node("Pow", "e,e", "r"), node("Add", "x,r")], VECTOR, {"e": f32(1e9)}), "more than 65536 bits"),
        "indices": (
            model([node("TopK", "x,k", "v,i"), node("Cast", "i", "j", to=1), node("Add", "v,j")], VECTOR,
                  {"k": np.array([1])}), "indices of the largest are not supported, and output 1 is read"),
        "open order": (model([node("TopK", "x,k", "y,i", sorted=0)], VECTOR, {"k": np.array([2])}), "order open"),
        "maxima's indices": (
            model([node("MaxPool", "x", "v,i", kernel_shape=[2, 2]), node("Cast", "i", "y", to=1)], IMAGE),
            "indices of maxima are not supported"),
        "training": (
            model([node("BatchNormalization", "x,s,b,m,v", "y,a,c,d,e")], VECTOR, statistics, 9),
            "means training before opset 14: export in evaluation mode"),
        "dropout": (
            model([node("Dropout", "x,r,t")], VECTOR, {"r": np.float32(0.5), "t": np.array(True)}), "training mode"),
        "rounded neighbour": (
            model([node("Resize", "x,,s", mode="nearest", coordinate_transformation_mode="asymmetric",
                        nearest_mode="floor")], ["N", 1, 12, 2], {"s": f32(1, 1, 1 / 3, 1)}), "depends on rounding"),
        "linear": (model([node("Resize", "x,,s", mode="linear")], IMAGE, {"s": f32(1, 1, 2, 2)}), "only plain"),
        "reflection": (
            model([node("Pad", "x,p", mode="reflect")], VECTOR, {"p": np.array([0, 2, 0, 0])}), "too large"),
        "wrapped and cut": (
            model([node("Pad", "x,p", mode="wrap")], VECTOR, {"p": np.array([0, 1, 0, -1])}, 19), "programs differ"),
        "two products": (model([node("Einsum", "x,x", equation="bi,bi->b")], VECTOR), "product of two values"),
        "function": (model([node("HardSwish")], VECTOR), r"node 'the_HardSwish_y' \(HardSwish\): .* outputs='x' takes"),
        "normalisation": (model([node("LayerNormalization", "x,s")], VECTOR, {"s": f32(1, 1)}), "not supported"),
        "head": (model([node("Softmax")], VECTOR), r"\(Softmax\): .* cut_head=True leaves it out"),
    }  # fmt: skip


@pytest.mark.parametrize("name", refused())
def test_onnx(name):
    data, problem = refused()[name]
    with pytest.raises(ValueError, match=problem) as caught:
        reading.decode(data)
    assert len(str(caught.value)) < 500


def test_torch():
    torch = pytest.importorskip("torch")
    nn = torch.nn

    class Calling(nn.Module):
        def __init__(self, function):
            super().__init__()
            self.function = function

        def forward(self, x):
            return self.function(x)

    for module, problem in [
        (nn.Threshold(1, 0), "Threshold: x where x > 1, else 0, jumps"),
        (nn.Hardshrink(), "hardshrink.* is not supported"),
        (nn.GroupNorm(1, 2), "group_norm.* is not supported"),
        (nn.Hardswish(), "hardswish.* is not supported: 'What loads'"),
        (nn.Upsample(scale_factor=2, mode="linear"), "mode 'linear' is not supported"),
        (nn.Flatten(5), "axis 5 is out of range"),
        (Calling(lambda x: torch.where(x > 0, 1.0, 0.0)), "'where' in forward: .* may jump"),
        (Calling(lambda x: x * (x > 1)), "'mul' in forward: .* may jump"),
        (Calling(lambda x: (x > 1).sum(1)), "'sum' in forward: a comparison"),
        (Calling(lambda x: x.max(1).indices), "attribute 'indices' is not supported"),
        (Calling(lambda x: x > 2), "an output is a comparison"),
        (Calling(lambda x: torch.relu(x > 2)), "'relu' in forward: a comparison that depends on the input jumps"),
        (Calling(lambda x: x // 2), "'floordiv' in forward: the floor of a quotient"),
        (Calling(lambda x: x.view(3, -1)), r"'view' in forward: .* cannot take the shape \[3, -1\]"),
        (Calling(lambda x: torch.nn.functional.pad(x, (1,))), "must be pairs of integers"),
        (Calling(lambda x: torch.sum(x, 1, dtype=torch.float64)), "arguments that are not supported"),
    ]:
        with pytest.raises(ValueError, match=problem):
            tp.from_torch(module.eval(), (2,))


def test_products_with_a_comparison_and_weight_norm_load():
    torch = pytest.importorskip("torch")
    linear = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(3, 2))
    weight = tp.from_torch(linear, (3,)).layers[0].weight
    assert [[float(q) for q in row] for row in weight] == linear.weight.tolist()

    class Gate(torch.nn.Module):
        def forward(self, x):
            return x * (x > 0) - x * (x < 0)

    assert tp.from_torch(Gate(), (2,))([-3, 2]) == (3, 2)
