"""Every ONNX operator of the table against onnxruntime, at small integers where float arithmetic is exact."""

import itertools

import numpy as np
import pytest

from oracles.float_errors import assert_runtime_agrees
from oracles.onnx_models import agree, model, node, outputs_at
from tropical.formats.onnx import reading
from tropical.formats.operators.table import ONNX

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

rng = np.random.default_rng(7)
IMAGE, VECTOR, MATRIX = ["N", 2, 5, 4], ["N", 6], [1, 3, 4]


def small(*shape):
    """Eighths between -2 and 2, the same at every call."""
    size = int(np.prod(shape))
    return (((np.arange(size) * 7 + 3) % 33 - 16) / 8).reshape(shape).astype(np.float32)


def normal(*shape):
    return rng.normal(size=shape).astype(np.float32)


def i64(*values):
    return np.array(values, dtype=np.int64)


def f32(*values):
    return np.array(values, dtype=np.float32)


def scalar(value, dtype=np.float32):
    return np.array(value, dtype=dtype)


def used(kind, inputs, constants, opset=17, shape=VECTOR, **attributes):
    """The operator on constants, its results added to x."""
    return [node(kind, inputs, "k", **attributes), node("Add", "x,k")], shape, constants, opset


def selected(kind, negate=False):
    chosen = [node("Not", "c", "d")] if negate else []
    return [node(kind, "x,t", "c"), *chosen, node("Where", "d,x,t" if negate else "c,x,t")], VECTOR, {"t": f32(1)}, 17


def logic(kind):
    constants = {"a": np.array([True, False, True]), "b": np.array([True, True, False])}
    nodes = [node(kind, "a,b", "c"), node("Where", "c,u,v", "w"), node("Mul", "x,w")]
    return nodes, ["N", 3], constants | {"u": f32(1, 2, 3), "v": f32(4, 5, 6)}, 17


def resized(mode, rounding, factors=(2, 3), opset=17, **attributes):
    attributes |= {"coordinate_transformation_mode": mode, "nearest_mode": rounding}
    return [node("Resize", "x,,s", mode="nearest", **attributes)], IMAGE, {"s": f32(1, 1, *factors)}, opset


def cases():
    """name: (nodes, input shape, constants, opset); beside those of operators()."""
    statistics = {"s": small(2), "b": small(2), "m": small(2), "v": f32(3, 15)}
    hidden = [node("Relu", "x", "r")]
    bool_false = {"t": np.array(False)}
    found = {
        "HardSigmoid": ([node("HardSigmoid", alpha=0.25, beta=0.5)], VECTOR, {}, 17),
        "HardSigmoid, falling": ([node("HardSigmoid", alpha=-0.5, beta=0.25)], VECTOR, {}, 17),
        "HardSigmoid, default": ([node("HardSigmoid")], VECTOR, {}, 17),
        "ThresholdedRelu": ([node("ThresholdedRelu", alpha=0.0)], VECTOR, {}, 17),
        "Shrink": ([node("Shrink", lambd=1.5, bias=1.5)], VECTOR, {}, 17),
        "Shrink by nothing": ([node("Shrink", lambd=0.0, bias=0.0)], VECTOR, {}, 17),
        "Greater": selected("Greater"), "GreaterOrEqual": selected("GreaterOrEqual"), "Less": selected("Less"),
        "LessOrEqual": selected("LessOrEqual"), "Not": selected("Less", negate=True),
        "Where, leaky": (
            [node("Greater", "x,z", "c"), node("Mul", "x,a", "l"), node("Where", "c,x,l")], VECTOR,
            {"z": f32(0), "a": f32(0.25)}, 17),
        "Where, hardtanh": (
            [node("Greater", "x,o", "c"), node("Less", "x,m", "d"), node("Where", "d,m,x", "i"),
             node("Where", "c,o,i")], VECTOR, {"o": f32(1), "m": f32(-1)}, 17),
        "Where, three pieces": (
            [node("Greater", "x,o", "c"), node("Less", "x,z", "d"), node("Neg", "x", "n"), node("Where", "d,n,x", "i"),
             node("Mul", "x,t", "b"), node("Sub", "b,o", "e"), node("Where", "c,e,i")], VECTOR,
            {"o": f32(1), "z": f32(0), "t": f32(2)}, 17),
        "Mul by a comparison": (
            [node("Greater", "x,z", "c"), node("Cast", "c", "f", to=1), node("Mul", "x,f")], VECTOR, {"z": f32(0)}, 17),
        "And": logic("And"), "Or": logic("Or"), "Xor": logic("Xor"),
        "Equal": (
            [node("Equal", "a,b", "e"), node("Where", "e,a,x")], ["N", 3], {"a": f32(1, 2, 3), "b": f32(1, 0, 3)}, 17),
        "Mean": ([*hidden, node("Mean", "x,r,c,r")], VECTOR, {"c": small(6)}, 17),
        "CastLike": ([node("CastLike", "c,x", "d"), node("Add", "x,d")], VECTOR, {"c": i64(7)}, 17),
        "Cast of truth": ([node("Cast", "c", "d", to=1), node("Add", "x,d")], ["N", 2],
                          {"c": np.array([True, False])}, 17),
        "Cast to truth": ([node("Cast", "c", "d", to=9), node("Where", "d,x,c")], ["N", 2], {"c": f32(0.5, 0)}, 17),
        "Cast without fraction": ([node("Cast", "c", "i", to=7), node("Cast", "i", "d", to=1), node("Add", "x,d")],
                                  ["N", 3], {"c": f32(2.75, -2.75, 3)}, 17),
        "Div of integers": ([node("Div", "a,b", "i"), node("Cast", "i", "d", to=1), node("Add", "x,d")], ["N", 3],
                            {"a": i64(7, -7, 6), "b": i64(2, 2, -3)}, 17),
        "Mod": ([node("Mod", "a,b", "i"), node("Cast", "i", "d", to=1), node("Add", "x,d")], ["N", 3],
                {"a": i64(7, -7, 6), "b": i64(2, 2, -4)}, 17),
        "Mod, fmod": used("Mod", "a,b", {"a": f32(7, -7), "b": f32(3, 4)}, shape=["N", 2], fmod=1),
        "Dropout, not training": ([node("Dropout", "x,r,t")], VECTOR, {"r": scalar(0.5), **bool_false}, 17),
        "Dropout, mask unread": ([node("Dropout", "x,r,t", "y,mask")], VECTOR, {"r": scalar(0.5), **bool_false}, 17),
        "MaxPool, indices unread": ([node("MaxPool", "x", "y,i", kernel_shape=[2, 2])], IMAGE, {}, 17),
        "BatchNormalization, exact": (
            [node("BatchNormalization", "x,s,b,m,v", "y", epsilon=1.0)], IMAGE, statistics, 8),
        "ConvTranspose": ([node("ConvTranspose", "x,w,b", strides=[2, 1], pads=[1, 0, 0, 2], dilations=[1, 2],
                                output_padding=[1, 0])], ["N", 2, 3, 4], {"w": small(2, 3, 2, 3), "b": small(3)}, 17),
        "ConvTranspose in groups": (
            [node("ConvTranspose", "x,w", group=2, strides=[3])], ["N", 4, 3], {"w": small(4, 2, 2)}, 11),
        "ConvTranspose to a shape": (
            [node("ConvTranspose", "x,w", output_shape=[6, 7], strides=[2, 2])], ["N", 1, 3, 3],
            {"w": small(1, 1, 3, 3)}, 17),
        "ConvTranspose, SAME_UPPER": (
            [node("ConvTranspose", "x,w", auto_pad="SAME_UPPER", strides=[2, 2])], ["N", 1, 3, 3],
            {"w": small(1, 1, 3, 3)}, 17),
        "ConvTranspose, SAME_LOWER": (
            [node("ConvTranspose", "x,w", auto_pad="SAME_LOWER", strides=[2, 2])], ["N", 1, 3, 3],
            {"w": small(1, 1, 3, 3)}, 17),
        "MaxPool, ceil_mode": ([node("MaxPool", kernel_shape=[2, 3], strides=[2, 2], ceil_mode=1)], IMAGE, {}, 17),
        "MaxPool, ceil_mode, padding": (
            [node("MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], ceil_mode=1)], IMAGE, {}, 17),
        "AveragePool, ceil_mode": (
            [node("AveragePool", kernel_shape=[2, 2], strides=[2, 3], ceil_mode=1)], IMAGE, {}, 19),
        "AveragePool, ceil_mode, padding counted": (
            [node("AveragePool", kernel_shape=[2, 2], strides=[2, 3], pads=[1, 1, 1, 1], ceil_mode=1,
                  count_include_pad=1)], IMAGE, {}, 19),
        "ReduceL1": ([node("ReduceL1", axes=[1])], VECTOR, {}, 17),
        "ReduceL1 of everything": ([node("ReduceL1", "x,a", keepdims=0)], MATRIX, {"a": i64(1, 2)}, 18),
        "ReduceL2": used("ReduceL2", "c,a", {"c": f32(3, 4), "a": i64(0)}, opset=18),
        "ReduceL2, irrational": used("ReduceL2", "c", {"c": f32(3, 5)}, axes=[0]),
        "ReduceSumSquare": used("ReduceSumSquare", "c", {"c": f32(3, 5)}),
        "ReduceProd": used("ReduceProd", "c", {"c": f32(3, 5)}),
        "CumSum": ([node("CumSum", "x,a")], MATRIX, {"a": i64(1)}, 17),
        "CumSum, exclusive, reverse": (
            [node("CumSum", "x,a", exclusive=1, reverse=1)], MATRIX, {"a": scalar(-1, int)}, 17),
        "TopK": ([node("TopK", "x,k", "y,i", axis=1)], VECTOR, {"k": i64(4)}, 17),
        "TopK, smallest": ([node("TopK", "x,k", "y,i", axis=1, largest=0)], MATRIX, {"k": i64(2)}, 17),
        "Expand": ([node("Expand", "x,s")], ["N", 3, 1], {"s": i64(2, 1, 4)}, 17),
        "Tile": ([node("Tile", "x,s")], MATRIX, {"s": i64(1, 2, 3)}, 17),
        "GatherElements": (
            [node("GatherElements", "x,i", axis=1)], MATRIX, {"i": i64(2, 0, 1, -1).reshape(1, 1, 4)}, 17),
        "GatherND": ([node("GatherND", "x,i")], MATRIX, {"i": i64([0, 2, 1], [0, 0, -1])}, 17),
        "GatherND, slices": ([node("GatherND", "x,i")], MATRIX, {"i": i64([[0, 2]], [[0, 1]])}, 17),
        "GatherND, batch": (
            [node("GatherND", "x,i", batch_dims=1)], MATRIX, {"i": i64([[2], [0]]).reshape(1, 2, 1)}, 17),
        "Gather, one": ([node("Gather", "x,i", axis=1)], VECTOR, {"i": scalar(2, np.int64)}, 17),
        "Pad, reflect": ([node("Pad", "x,p", mode="reflect")], IMAGE, {"p": i64(0, 0, 2, 1, 0, 0, 0, 3)}, 17),
        "Pad, edge": ([node("Pad", "x,p", mode="edge")], IMAGE, {"p": i64(0, 0, 2, 1, 0, 0, 0, 3)}, 17),
        "Pad, wrap": ([node("Pad", "x,p", mode="wrap")], IMAGE, {"p": i64(0, 0, 2, 1, 0, 0, 0, 3)}, 19),
        "Pad, negative": ([node("Pad", "x,p,v")], IMAGE, {"p": i64(0, 0, -1, 2, 0, 0, 1, -1), "v": scalar(0.5)}, 17),
        "Pad, negative edge": ([node("Pad", "x,p", mode="edge")], IMAGE, {"p": i64(0, 0, -1, 2, 0, 0, 1, -1)}, 17),
        "DepthToSpace": ([node("DepthToSpace", blocksize=2)], ["N", 8, 2, 3], {}, 17),
        "DepthToSpace, CRD": ([node("DepthToSpace", blocksize=2, mode="CRD")], ["N", 8, 2, 3], {}, 17),
        "SpaceToDepth": ([node("SpaceToDepth", blocksize=2)], ["N", 2, 4, 6], {}, 17),
        "Einsum": ([node("Einsum", "x,w", equation="bij,jk->bik")], MATRIX, {"w": small(4, 2)}, 17),
        "Einsum, constant first": ([node("Einsum", "w,x", equation="kji,bji->kb")], MATRIX, {"w": small(2, 3, 4)}, 17),
        "Einsum, batches": ([node("Einsum", "x,w", equation="bij,bjk->ikb")], MATRIX, {"w": small(1, 4, 2)}, 17),
        "Einsum, implicit": ([node("Einsum", "x,w", equation="bij,jk")], MATRIX, {"w": small(4, 2)}, 17),
        "Einsum, one": ([node("Einsum", "x", equation="bij->jb")], MATRIX, {}, 17),
        "Einsum, diagonal": ([node("Einsum", "x", equation="bii->bi")], [1, 3, 3], {}, 17),
        "Upsample": ([node("Upsample", "x,s", mode="nearest")], IMAGE, {"s": f32(1, 1, 2, 3)}, 9),
        "Upsample, opset 7": ([node("Upsample", scales=[1.0, 1.0, 2.0, 1.0])], IMAGE, {}, 7),
        "Resize, opset 10": ([node("Resize", "x,s")], IMAGE, {"s": f32(1, 1, 2, 0.5)}, 10),
        "Resize to sizes": ([node("Resize", "x,,,s", coordinate_transformation_mode="asymmetric")], IMAGE,
                            {"s": i64(1, 2, 10, 2)}, 17),
        "Resize, empty roi": (
            [node("Resize", "x,r,s")], IMAGE, {"r": np.zeros(0, np.float32), "s": f32(1, 1, 2, 2)}, 13),
        "Resize, axes": ([node("Resize", "x,,s", axes=[3])], IMAGE, {"s": f32(2)}, 18),
        "ai.onnx.ml.Scaler": (
            [node("Scaler", domain="ai.onnx.ml", offset=[1.0, 2.0, 3.0], scale=[0.5, 2.0, -1.0])], ["N", 3], {}, 17),
        "ai.onnx.ml.Scaler, one": ([node("Scaler", domain="ai.onnx.ml", offset=[1.0], scale=[0.5])], ["N", 3], {}, 17),
        "ai.onnx.ml.LinearRegressor": (
            [node("LinearRegressor", domain="ai.onnx.ml", coefficients=[0.5, 2.0, -1.0, 1.0, 0.0, 3.0],
                  intercepts=[1.0, -2.0], targets=2)], ["N", 3], {}, 17),
        "Sqrt": used("Sqrt", "c", {"c": f32(6.25)}), "Sqrt, irrational": used("Sqrt", "c", {"c": f32(2)}),
        "Exp": used("Exp", "c", {"c": f32(1)}), "Log": used("Log", "c", {"c": f32(3)}),
        "Reciprocal": used("Reciprocal", "c", {"c": f32(8)}), "Pow": used("Pow", "c,e", {"c": f32(3), "e": f32(4)}),
        "Pow, root": used("Pow", "c,e", {"c": f32(2), "e": f32(-0.5)}),
        "Pow, one": ([node("Pow", "x,e")], VECTOR, {"e": f32(1)}, 17),
        "Pow, cube root": used("Pow", "c,e", {"c": f32(2), "e": f32(0.75)}),
        "Floor": used("Floor", "c", {"c": f32(-2.5)}), "Ceil": used("Ceil", "c", {"c": f32(-2.5)}),
        "Round": used("Round", "c", {"c": f32(-2.5, 3.5, 0.25, 0.75, 1.5, -0.5)}),
        "Sign": used("Sign", "c", {"c": f32(-2, 0, 3, 1, 1, 1)}),
        "ConstantOfShape": used("ConstantOfShape", "s", {"s": i64(6)},
                                value=onnx.helper.make_tensor("v", 1, [1], [2.5])),
        "ConstantOfShape, zero": used("ConstantOfShape", "s", {"s": i64(1, 6)}),
        "Range": used("Range", "a,b,c", {"a": scalar(0.5), "b": scalar(3.4), "c": scalar(0.5)}),
        "Size": ([node("Size", "x", "n"), node("Cast", "n", "m", to=1), node("Mul", "x,m")], MATRIX, {}, 17),
        "DequantizeLinear": used("DequantizeLinear", "q,s,z", {"q": np.int8([1, -2, 3, 4, 5, -128]),
                                 "s": scalar(0.25), "z": scalar(3, np.int8)}),
        "DequantizeLinear, axis": (
            [node("DequantizeLinear", "q,s", "w", axis=0), node("Mul", "x,w")], [1, 2, 3],
            {"q": np.int8([[1, -2, 3], [4, 5, -128]]), "s": f32(0.25, 2)}, 17),
        "Constant, one number": ([node("Constant", "", "c", value_float=2.5), node("Mul", "x,c")], VECTOR, {}, 17),
        "Constant, integers": ([node("Constant", "", "c", value_ints=[2, -1]), node("Reshape", "x,c")], VECTOR, {}, 17),
        "a column": ([node("MatMul", "w,x")], [3, 1], {"w": small(2, 3)}, 17),
        "a fixed batch": ([node("MatMul", "x,w"), ], [4, 2], {"w": small(2, 3)}, 17),
    }  # fmt: skip
    modes = itertools.product(
        ("half_pixel", "pytorch_half_pixel", "asymmetric"), ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
    )
    for mode, rounding in modes:
        found[f"Resize, {mode}, {rounding}"] = resized(mode, rounding)
    found["Resize, align_corners"] = resized("align_corners", "floor", (2.2, 1.75))
    return found


def operators():
    """name: (nodes, input shape, constants, opset), to be compared at points that are not small integers."""
    image, vector = ["N", 2, 5, 4], ["N", 6]
    statistics = {"s": normal(2), "b": normal(2), "m": normal(2), "v": np.abs(normal(2)) + 0.5}
    return {
        "Gemm": (
            [node("Gemm", "x,w,c", alpha=0.5, beta=2.0, transB=1)], vector, {"w": normal(3, 6), "c": normal(3)}, 17),
        "Gemm, no bias, opset 13": ([node("Gemm", "x,w")], vector, {"w": normal(6, 3)}, 13),
        "Gemm, constant left": ([node("Gemm", "w,x", transB=1)], [1, 6], {"w": normal(2, 6)}, 17),
        "MatMul": ([node("MatMul", "x,w")], ["N", 3, 2], {"w": normal(2, 4)}, 17),
        "MatMul, constant left": ([node("MatMul", "w,x")], [1, 3, 2], {"w": normal(4, 3)}, 17),
        "MatMul, batches": ([node("MatMul", "x,w")], [1, 3, 2], {"w": normal(3, 2, 2)}, 17),
        "MatMul, vector": ([node("MatMul", "x,w")], [3], {"w": normal(3, 2)}, 17),
        "Add": ([node("Add", "x,c")], image, {"c": normal(2, 1, 1)}, 17),
        "Sub, constant left": ([node("Sub", "c,x")], vector, {"c": normal(1)}, 17),
        "Mul": ([node("Mul", "x,c")], image, {"c": normal(4)}, 7),
        "Div": ([node("Div", "x,c")], vector, {"c": np.float32([3, -7, 0.1, 2, 5, 1])}, 17),
        "Sum and Neg": ([node("Neg", "x", "n"), node("Sum", "x,n,c,n")], vector, {"c": normal(6)}, 17),
        "Relu": ([node("Relu")], vector, {}, 17),
        "LeakyRelu": ([node("LeakyRelu", alpha=0.3)], vector, {}, 17),
        "LeakyRelu, default": ([node("LeakyRelu")], vector, {}, 17),
        "PRelu": ([node("PRelu", "x,s")], image, {"s": normal(2, 1, 1)}, 17),
        "Abs": ([node("Abs")], vector, {}, 17),
        "Clip": ([node("Clip", "x,a,b")], vector, {"a": np.float32(-0.5), "b": np.float32(0.25)}, 17),
        "Clip from below": ([node("Clip", "x,a")], vector, {"a": np.float32(0.5)}, 13),
        "Clip from above": ([node("Clip", "x,,b")], vector, {"b": np.float32(0.5)}, 13),
        "Clip, opset 7": ([node("Clip", min=-0.5, max=0.25)], vector, {}, 7),
        "Max of three": ([node("Neg", "x", "n"), node("Max", "x,n,c")], vector, {"c": normal(1, 1)}, 17),
        "Min": ([node("Min", "x,c")], vector, {"c": normal(6)}, 17),
        "Conv": (
            [node("Conv", "x,w,b", pads=[1, 0, 0, 2], strides=[2, 1], dilations=[1, 2])],
            image,
            {"w": normal(3, 2, 2, 2), "b": normal(3)},
            17,
        ),
        "Conv in groups": ([node("Conv", "x,w", group=2, kernel_shape=[3, 3])], image, {"w": normal(4, 1, 3, 3)}, 11),
        "Conv, SAME_UPPER": (
            [node("Conv", "x,w", auto_pad="SAME_UPPER", strides=[2, 2])], image, {"w": normal(1, 2, 2, 3)}, 17),
        "Conv, SAME_LOWER": ([node("Conv", "x,w", auto_pad="SAME_LOWER")], image, {"w": normal(1, 2, 2, 2)}, 17),
        "Conv, one axis, VALID": ([node("Conv", "x,w", auto_pad="VALID")], ["N", 1, 5], {"w": normal(2, 1, 2)}, 17),
        "MaxPool": ([node("MaxPool", kernel_shape=[2, 2], strides=[2, 1], pads=[1, 0, 0, 1])], image, {}, 17),
        "MaxPool, dilations": ([node("MaxPool", kernel_shape=[2, 2], dilations=[3, 1])], image, {}, 17),
        "AveragePool": ([node("AveragePool", kernel_shape=[3, 2], pads=[1, 1, 1, 0])], image, {}, 17),
        "AveragePool, padding counted": (
            [node("AveragePool", kernel_shape=[3, 2], pads=[1, 1, 1, 0], count_include_pad=1)], image, {}, 17),
        "GlobalAveragePool": ([node("GlobalAveragePool")], image, {}, 17),
        "GlobalMaxPool": ([node("GlobalMaxPool")], ["N", 2, 2, 2], {}, 17),
        "BatchNormalization": ([node("BatchNormalization", "x,s,b,m,v", epsilon=0.01)], image, statistics, 17),
        "Flatten": ([node("Flatten")], image, {}, 17),
        "Flatten at the end": ([node("Flatten", axis=-1)], image, {}, 13),
        "Reshape": ([node("Reshape", "x,s"), ], image, {"s": i64(0, -1, 4)}, 17),
        "Squeeze and Unsqueeze": (
            [node("Unsqueeze", "x,a", "u"), node("Squeeze", "u,c")], vector, {"a": i64(1, -1), "c": i64(1)}, 17),
        "Squeeze and Unsqueeze, opset 11": (
            [node("Unsqueeze", axes=[0, 3], outputs="u"), node("Squeeze", "u", axes=[0])], vector, {}, 11),
        "Transpose": ([node("Transpose", perm=[0, 3, 1, 2])], image, {}, 17),
        "Transpose, default": ([node("Transpose")], ["N", 3], {}, 17),
        "Concat": ([node("Relu", "x", "r"), node("Concat", "x,r,c", axis=-1)], vector, {"c": normal(1, 2)}, 17),
        "Slice": ([node("Slice", "x,s,e,a,t")], image,
                  {"s": i64(-1, 1), "e": i64(-9, 9), "a": i64(2, -1), "t": i64(-2, 2)}, 17),
        "Slice, opset 9": ([node("Slice", starts=[1], ends=[4], axes=[1])], vector, {}, 9),
        "Split": ([node("Split", "x,s", "a,b", axis=1), node("Concat", "b,a", axis=1)], vector, {"s": i64(2, 4)}, 17),
        "Split evenly": ([node("Split", "x", "a,b", axis=1), node("Sub", "b,a")], vector, {}, 13),
        "Split, num_outputs": (
            [node("Split", "x", "a,b", axis=1, num_outputs=2), node("Sub", "b,a")], vector, {}, 18),
        "Pad": ([node("Pad", "x,p,v")], ["N", 3], {"p": i64(0, 1, 0, 2), "v": np.float32(-0.5)}, 17),
        "Pad, opset 7": ([node("Pad", pads=[0, 1, 0, 2], value=2.0)], ["N", 3], {}, 7),
        "Pad, axes": ([node("Pad", "x,p,,a")], ["N", 3], {"p": i64(1, 0), "a": i64(-1)}, 18),
        "Gather": ([node("Gather", "x,i", axis=1)], vector, {"i": i64(3, 0, -1)}, 17),
        "Shape": ([node("Shape", "x", "s", end=2), node("Concat", "s,m", "t", axis=0), node("Reshape", "x,t")],
                  image, {"m": i64(-1)}, 17),
        "ReduceMean": ([node("ReduceMean", axes=[2, 3])], image, {}, 17),
        "ReduceMean, axes dropped": ([node("ReduceMean", "x,a", keepdims=0)], image, {"a": i64(-1)}, 18),
        "ReduceSum": ([node("ReduceSum", "x,a", keepdims=0)], image, {"a": i64(1, 2)}, 17),
        "ReduceSum of everything": ([node("ReduceSum", keepdims=1)], ["N", 3], {}, 17),
        "ReduceMax": ([node("ReduceMax", axes=[1], keepdims=0)], vector, {}, 17),
        "ReduceMin": ([node("ReduceMin", axes=[-1])], vector, {}, 17),
        "Identity and Dropout": ([node("Identity", "x", "i"), node("Dropout", "i")], vector, {}, 17),
        "Constant": ([node("Constant", "", "c", value_floats=[1.5, 2.5]), node("Mul", "x,c")], ["N", 2], {}, 17),
        "Cast up": ([node("Cast", to=11, outputs="d"), node("Relu", "d")], vector, {}, 17),
        "Cast of a constant": ([node("Cast", "c", "d", to=1), node("Add", "x,d")], vector, {"c": i64(7)}, 17),
        "constant folding": ([node("Neg", "c", "n"), node("Relu", "n", "r"), node("Add", "x,r")], vector,
                             {"c": normal(6)}, 17),
        "zero weights": ([node("Gemm", "x,w", "h"), node("Relu", "h")], vector,
                         {"w": np.zeros((6, 2), np.float32)}, 17),
        "unread nodes": ([node("Sin", "x", "z"), node("Relu")], vector, {}, 17),
    }  # fmt: skip


def to_double(data):
    """The model with outputs of type double."""
    proto = onnx.load_model_from_string(data)
    proto.graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.DOUBLE
    return proto.SerializeToString()


CASES = cases()
ROUNDED = ("HardSigmoid, default", "Mean", "AveragePool", "ReduceL2, irrational", "Exp", "Log",
           "Sqrt, irrational", "Pow, root", "Pow, cube root")  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_operators_agree_with_onnxruntime(name):
    nodes, shape, constants, opset = CASES[name]
    data = model(nodes, shape, constants, opset)
    net = reading.decode(data)
    X = np.random.default_rng(2).integers(-3, 4, (10, net.input_dim)).astype(np.float32)
    Y = outputs_at(data, X, ["y"])
    if name.startswith(ROUNDED):
        assert_runtime_agrees(net, X.astype(float), Y)
    else:
        assert [[float(q) for q in row] for row in net.evaluate_exact(X.tolist())] == Y.tolist()


@pytest.mark.parametrize("points", [50, pytest.param(1000, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("name", operators())
def test_operators_agree_with_onnxruntime_within_rounding(name, points):
    nodes, shape, constants, opset = operators()[name]
    data = model(nodes, shape, constants, opset)
    agree(to_double(data) if name == "Cast up" else data, points)


def test_every_operator_of_the_table_has_a_case():
    nodes = [entry for case in (*CASES.values(), *operators().values()) for entry in case[0]]
    assert {f"{entry.domain}.{entry.op_type}".lstrip(".") for entry in nodes} >= set(ONNX)
