"""Affine maps whose parameters come as statistics."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from flint import fmpq

from tropical.formats import tensors
from tropical.formats.lowering import Graph, Tensor, tensor
from tropical.formats.operators.activations import single
from tropical.formats.operators.call import Call
from tropical.formats.operators.elementwise import add, multiply
from tropical.formats.operators.entry import Operator, number


def _onnx_batch_norm(call: Call) -> Tensor:
    call.only_first("running statistics")
    call.skip("momentum")
    if call.opset < 14 and len(call.outputs) > 1:
        raise ValueError("lists running statistics, which means training before opset 14: export in evaluation mode")
    if call.take("training_mode", 0) or not call.take("spatial", 1):
        raise ValueError("only inference, one statistic per channel, is supported: export in evaluation mode")
    scale, shift, mean, variance = (call.x(index) for index in range(1, 5))
    epsilon = call.number("epsilon", single(1e-5))
    return tensors.batch_normalisation(call.graph, call.x(), scale, shift, mean, variance, epsilon)


def _batch_norm(
    graph: Graph,
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: Any = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    if training:
        raise ValueError("is in training mode: call eval() on the module first")
    if running_mean is None or running_var is None:
        raise ValueError("needs running statistics")
    scale = tensor([fmpq(1)] * running_mean.size, running_mean.shape) if weight is None else weight
    shift = tensor([fmpq(0)] * running_mean.size, running_mean.shape) if bias is None else bias
    return tensors.batch_normalisation(graph, input, scale, shift, running_mean, running_var, number(eps))


def _scaler(call: Call) -> Tensor:
    call.kind = "FLOAT"
    offset, scale = (np.array(call.numbers(name), dtype=object) for name in ("offset", "scale"))
    if {offset.size, scale.size} - {1, call.x().shape[-1]}:
        raise ValueError(f"{offset.size} offsets and {scale.size} scales do not fit the shape {call.x().shape}")
    return multiply(call.graph, add(call.graph, call.x(), -offset), scale)


def _linear_regressor(call: Call) -> Tensor:
    x, targets = call.x(), call.take("targets", 1)
    call.kind = "FLOAT"
    weight, bias = (np.array(call.numbers(name), dtype=object) for name in ("coefficients", "intercepts"))
    if call.text("post_transform", "NONE") != "NONE":
        raise ValueError("post_transform is not supported")
    if x.ndim != 2 or targets < 1 or weight.size != targets * x.shape[1] or bias.size not in (0, targets):
        raise ValueError(f"{weight.size} coefficients for {targets} targets do not fit the shape {x.shape}")
    product = tensors.matmul(call.graph, x, weight.reshape(targets, -1).T)
    return add(call.graph, product, bias) if bias.size else product


NORMALISATION: Sequence[Operator] = (
    Operator("batch normalisation", "With known statistics. Its factor is rounded to float64 where its root is "
             "irrational.", {"BatchNormalization": _onnx_batch_norm},
             {"F.batch_norm nn.BatchNorm1d nn.BatchNorm2d nn.BatchNorm3d": _batch_norm}),
    Operator("scaler", "(x - offset) times the scale.", {"ai.onnx.ml.Scaler": _scaler}),
    Operator("linear regressor", "A x + b.", {"ai.onnx.ml.LinearRegressor": _linear_regressor}),
)  # fmt: skip
