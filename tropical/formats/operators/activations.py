"""Functions of one number with one kink or two."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from flint import fmpq

from tropical.formats import tensors
from tropical.formats.lowering import Graph, Tensor, is_constant, mapped
from tropical.formats.operators.call import Call
from tropical.formats.operators.entry import Operator, number

_ZERO, _ONE = fmpq(0), fmpq(1)


def single(value: float) -> float:
    """A default of ONNX, where attributes are float32."""
    return float(np.float32(value))


def relu(graph: Graph, input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0)."""
    return graph.unit(input, _ZERO)


def _leaky_relu(graph: Graph, input: Tensor, negative_slope: Any = 0.01, inplace: bool = False) -> Tensor:
    return graph.unit(input, number(negative_slope))


def _sloped(graph: Graph, x: Tensor, slopes: Tensor) -> Tensor:
    if not is_constant(slopes) or tensors.broadcast(x.shape, slopes.shape) != x.shape:
        raise ValueError(f"slopes of shape {slopes.shape} must be constant and fit the shape {x.shape}")
    return graph.unit(x, slopes)


def _prelu(graph: Graph, input: Tensor, weight: Tensor) -> Tensor:
    if weight.size != 1 and (input.ndim < 2 or input.shape[1] != weight.size):
        raise ValueError(f"has {weight.size} slopes for a tensor of shape {input.shape}")
    return _sloped(graph, input, weight.reshape(-1, *(1,) * max(input.ndim - 2, 0)))


def _clamp(graph: Graph, input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    if isinstance(min, np.ndarray) or isinstance(max, np.ndarray):
        above = input if min is None else tensors.maximum(graph, input, _tensor_bound(min))
        return above if max is None else tensors.minimum(graph, above, _tensor_bound(max))
    low, high = (None if bound is None else number(bound) for bound in (min, max))
    return tensors.clip(graph, input, low, high)


def _tensor_bound(value: Any) -> Tensor:
    return value if isinstance(value, np.ndarray) else tensors.exact(np.array(value), "a bound")


def _clamp_min(graph: Graph, input: Tensor, min: Any) -> Tensor:
    return _clamp(graph, input, min)


def _clamp_max(graph: Graph, input: Tensor, max: Any) -> Tensor:
    return _clamp(graph, input, None, max)


def _hardtanh(
    graph: Graph, input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    return _clamp(graph, input, min_val, max_val)


def _relu6(graph: Graph, input: Tensor, inplace: bool = False) -> Tensor:
    return _clamp(graph, input, 0, 6)


def _clip(call: Call) -> Tensor:
    return _clamp(call.graph, call.x(), call.scalar("min", 1, 11), call.scalar("max", 2, 11))


def _hard_sigmoid(graph: Graph, x: Tensor, slope: fmpq, offset: fmpq) -> Tensor:
    return tensors.clip(graph, mapped(lambda v: graph.count_one(v * slope + offset), x), _ZERO, _ONE)


def _torch_hard_sigmoid(graph: Graph, input: Tensor, inplace: bool = False) -> Tensor:
    return _hard_sigmoid(graph, input, fmpq(1, 6), fmpq(1, 2))


def _onnx_hard_sigmoid(call: Call) -> Tensor:
    slope, offset = call.number("alpha", single(0.2)), call.number("beta", 0.5)
    return _hard_sigmoid(call.graph, call.x(), slope, offset)


def _thresholded_relu(call: Call) -> Tensor:
    alpha = call.number("alpha", 1.0)
    if alpha:
        raise ValueError(f"x where x > {alpha}, else 0, jumps at {alpha}: it is piecewise linear with alpha = 0 alone")
    return relu(call.graph, call.x())


def _threshold(graph: Graph, input: Tensor, threshold: Any, value: Any, inplace: bool = False) -> Tensor:
    if number(threshold) != number(value):
        raise ValueError(
            f"x where x > {threshold}, else {value}, jumps: it is piecewise linear with equal numbers alone"
        )
    return _clamp(graph, input, threshold)


def _shrunk(graph: Graph, x: Tensor, lambd: fmpq, bias: fmpq) -> Tensor:
    if lambd < 0 or lambd != bias:
        raise ValueError(
            f"shrinking with lambd {lambd} and bias {bias} jumps: it is piecewise linear with equal ones alone"
        )
    return mapped(lambda v: graph.count_one(graph.kink(v - lambd) - graph.kink(-v - lambd)), x)


def _softshrink(graph: Graph, input: Tensor, lambd: Any = 0.5) -> Tensor:
    return _shrunk(graph, input, number(lambd), number(lambd))


def _shrink(call: Call) -> Tensor:
    return _shrunk(call.graph, call.x(), call.number("lambd", 0.5), call.number("bias", 0.0))


ACTIVATIONS: Sequence[Operator] = (
    Operator("ReLU", "max(x, 0).", {"Relu": lambda c: relu(c.graph, c.x())},
             {"torch.relu torch.relu_ F.relu F.relu_ .relu .relu_ nn.ReLU": relu}),
    Operator("leaky ReLU", "x where x ≥ 0, else a multiple of x.",
             {"LeakyRelu": lambda c: _leaky_relu(c.graph, c.x(), c.number("alpha", single(0.01)))},
             {"F.leaky_relu F.leaky_relu_ nn.LeakyReLU": _leaky_relu}),
    Operator("PReLU", "x where x ≥ 0, else a multiple of x, one factor a channel.",
             {"PRelu": lambda c: _sloped(c.graph, c.x(), c.x(1))}, {"torch.prelu F.prelu nn.PReLU": _prelu}),
    Operator("clip", "min(max(x, a), b) for constants a ≤ b, either of which may be left out.", {"Clip": _clip},
             {"torch.clamp torch.clamp_ torch.clip .clamp .clamp_ .clip": _clamp,
              "torch.clamp_min .clamp_min .clamp_min_": _clamp_min,
              "torch.clamp_max .clamp_max .clamp_max_": _clamp_max,
              "F.hardtanh F.hardtanh_ nn.Hardtanh nn.ReLU6": _hardtanh, "F.relu6": _relu6}),
    Operator("hard sigmoid", "min(max(a x + b, 0), 1); in torch a = 1/6 and b = 1/2.",
             {"HardSigmoid": _onnx_hard_sigmoid}, {"F.hardsigmoid nn.Hardsigmoid": _torch_hard_sigmoid}),
    Operator("threshold", "x where x > c, else c. Other values below the threshold jump and are refused.",
             {"ThresholdedRelu": _thresholded_relu},
             {"torch.threshold F.threshold F.threshold_ nn.Threshold": _threshold}),
    Operator("soft shrinkage", "x moved by c towards 0, and 0 between -c and c. Hard shrinkage jumps and is refused.",
             {"Shrink": _shrink}, {"F.softshrink nn.Softshrink": _softshrink}),
)  # fmt: skip
