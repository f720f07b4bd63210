"""ONNX operators as operations on tensors of a graph, by their definitions in opsets 7 and later."""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
from flint import fmpq

from tropical.formats import tensors
from tropical.formats.lowering import Graph, Tensor, is_constant, tensor
from tropical.formats.onnx.call import Call
from tropical.formats.tensors import Window, check_size, elementwise, integers

_ZERO, _ONE = fmpq(0), fmpq(1)


Operator = Callable[[Call], Any]


def _axis(value: int, rank: int) -> int:
    if not -rank <= value < rank:
        raise ValueError(f"axis {value} is out of range for a tensor of rank {rank}")
    return value % rank


def _binary(operation: Callable[[Any, Any], Any]) -> Operator:
    return lambda call: elementwise(call.graph, operation, call.x(0), call.x(1))


def _variadic(operation: Callable[[Graph, Tensor, Tensor], Tensor]) -> Operator:
    return lambda call: reduce(lambda a, b: operation(call.graph, a, b), call.all())


def _add(graph: Graph, a: Tensor, b: Tensor) -> Tensor:
    return elementwise(graph, operator.add, a, b)


def _gemm(call: Call) -> Tensor:
    a, b, c = call.x(0), call.x(1), call.optional(2)
    alpha, beta = call.number("alpha", 1.0), call.number("beta", 1.0)
    if a.ndim != 2 or b.ndim != 2:
        raise ValueError(f"needs matrices, got shapes {a.shape} and {b.shape}")
    a, b = (a.T if call.take("transA", 0) else a), (b.T if call.take("transB", 0) else b)
    product = tensors.matmul(call.graph, a, b)
    product = product if alpha == 1 else _scaled(call.graph, product, alpha)
    if c is None:
        return product
    return _add(call.graph, product, c if beta == 1 else _scaled(call.graph, c, beta))


def _scaled(graph: Graph, x: Tensor, factor: fmpq) -> Tensor:
    return elementwise(graph, operator.mul, x, tensor([factor], ()))


def _prelu(call: Call) -> Tensor:
    slopes = call.x(1)
    if not is_constant(slopes) or tensors.broadcast(call.x().shape, slopes.shape) != call.x().shape:
        raise ValueError(f"slopes of shape {slopes.shape} must be constant and fit the shape {call.x().shape}")
    return call.graph.unit(call.x(), slopes)


def _clip(call: Call) -> Tensor:
    low, high = call.scalar("min", 1, 11), call.scalar("max", 2, 11)
    return tensors.clip(call.graph, call.x(), low, high)


def _window(call: Call, kernel: Sequence[int], spatial: Sequence[int]) -> Window:
    rank = len(kernel)
    strides = tuple(call.sizes("strides", [1] * rank))
    dilations = tuple(call.sizes("dilations", [1] * rank))
    pads, mode = call.sizes("pads", [0] * 2 * rank), call.text("auto_pad", "NOTSET")
    if {len(strides), len(dilations), len(pads) // 2, len(spatial)} != {rank} or len(pads) % 2:
        raise ValueError(f"kernel, strides, dilations and pads must fit the {len(spatial)} spatial axes")
    if mode in ("SAME_UPPER", "SAME_LOWER"):
        return Window(tuple(kernel), strides, _same(kernel, strides, dilations, spatial, mode), dilations)
    if mode not in ("NOTSET", "VALID"):
        raise ValueError(f"auto_pad {mode!r} is not supported")
    pairs = tuple(zip(pads[:rank], pads[rank:], strict=True)) if mode == "NOTSET" else ((0, 0),) * rank
    return Window(tuple(kernel), strides, pairs, dilations)


def _same(
    kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int], spatial: Sequence[int], mode: str
) -> tuple[tuple[int, int], ...]:
    pairs = []
    for k, s, d, size in zip(kernel, strides, dilations, spatial, strict=True):
        if s < 1:
            raise ValueError(f"strides must be positive, got {s}")
        total = max((-(-size // s) - 1) * s + d * (k - 1) + 1 - size, 0)
        pairs.append((total // 2, total - total // 2) if mode == "SAME_UPPER" else (total - total // 2, total // 2))
    return tuple(pairs)


def _images(x: Tensor) -> Tensor:
    if x.ndim < 3:
        raise ValueError(f"needs axes (batch, channels, ...), got shape {x.shape}")
    return x


def _conv(call: Call) -> Tensor:
    x, weight = _images(call.x(0)), call.x(1)
    kernel = tuple(call.sizes("kernel_shape", weight.shape[2:]))
    if kernel != weight.shape[2:]:
        raise ValueError(f"kernel_shape is {kernel} but the weight has shape {weight.shape}")
    window = _window(call, kernel, x.shape[2:])
    return tensors.convolution(call.graph, x, weight, call.optional(2), window, call.take("group", 1))


def _max_pool(call: Call) -> Tensor:
    if call.outputs > 1 or call.take("storage_order", 0):
        raise ValueError("indices of maxima are not supported")
    x = _images(call.x())
    window = _window(call, call.sizes("kernel_shape"), x.shape[2:])
    return tensors.max_pool(call.graph, x, window, bool(call.take("ceil_mode", 0)))


def _average_pool(call: Call) -> Tensor:
    x = _images(call.x())
    window = _window(call, call.sizes("kernel_shape"), x.shape[2:])
    count, ceil_mode = bool(call.take("count_include_pad", 0)), bool(call.take("ceil_mode", 0))
    return tensors.average_pool(call.graph, x, window, count, ceil_mode)


def _global_average_pool(call: Call) -> Tensor:
    x = _images(call.x())
    return tensors.average_pool(call.graph, x, tensors.one_window(x.shape[2:]), count_padding=True)


def _global_max_pool(call: Call) -> Tensor:
    x = _images(call.x())
    return tensors.max_pool(call.graph, x, tensors.one_window(x.shape[2:]))


def _batch_normalisation(call: Call) -> Tensor:
    if call.outputs > 1 or call.take("training_mode", 0) or not call.take("spatial", 1):
        raise ValueError("only inference, one statistic per channel, is supported")
    call.number("momentum", 0.9)
    scale, shift, mean, variance = (call.x(index) for index in range(1, 5))
    epsilon = call.number("epsilon", float(np.float32(1e-5)))
    return tensors.batch_normalisation(call.graph, call.x(), scale, shift, mean, variance, epsilon)


def _flatten(call: Call) -> Tensor:
    x, axis = call.x(), call.take("axis", 1)
    axis = axis if axis == x.ndim else _axis(axis, x.ndim)
    return x.reshape(math.prod(x.shape[:axis]), -1) if x.size else x


def _reshape(call: Call) -> Tensor:
    x, shape = call.x(), integers(call.x(1), "shape")
    if call.take("allowzero", 0) and 0 in shape:
        raise ValueError("an empty tensor is not supported")
    if any(size == 0 and i >= x.ndim for i, size in enumerate(shape)):
        raise ValueError(f"shape {shape} copies a size that the shape {x.shape} does not have")
    wanted = [x.shape[i] if size == 0 else size for i, size in enumerate(shape)]
    return _reshaped(x, wanted)


def _reshaped(x: Tensor, shape: Sequence[int]) -> Tensor:
    rest = -math.prod(shape) if -1 in shape else math.prod(shape)
    fits = x.size == rest if -1 not in shape else rest > 0 and x.size % rest == 0
    if min(shape, default=1) < -1 or list(shape).count(-1) > 1 or not fits or len(shape) > 32:
        raise ValueError(f"a tensor of shape {x.shape} cannot take the shape {list(shape)[:8]}")
    return x.reshape(tuple(shape))


def _squeeze(call: Call) -> Tensor:
    x, axes = call.x(), call.indices("axes", 1, 13)
    chosen = [i for i, n in enumerate(x.shape) if n == 1] if axes is None else [_axis(a, x.ndim) for a in axes]
    if any(x.shape[a] != 1 for a in chosen):
        raise ValueError(f"axes {axes} of a tensor of shape {x.shape} are not all of size 1")
    return x.reshape([n for i, n in enumerate(x.shape) if i not in chosen])


def _unsqueeze(call: Call) -> Tensor:
    x, axes = call.x(), call.indices("axes", 1, 13) or []
    if x.ndim + len(axes) > 32:
        raise ValueError("a tensor may have 32 axes at most")
    places = {_axis(a, x.ndim + len(axes)) for a in axes}
    if len(places) != len(axes):
        raise ValueError(f"axes {axes} are not distinct")
    return np.expand_dims(x, tuple(places))


def _transpose(call: Call) -> Tensor:
    x = call.x()
    order = call.sizes("perm", range(x.ndim)[::-1])
    if sorted(order) != list(range(x.ndim)):
        raise ValueError(f"perm {order[:8]} does not permute the axes of a tensor of shape {x.shape}")
    return x.transpose(order)


def _concat(call: Call) -> Tensor:
    parts = call.all()
    axis = _axis(call.take("axis", 0), parts[0].ndim)
    others = {(t.ndim, t.shape[:axis], t.shape[axis + 1 :]) for t in parts}
    if len(others) > 1:
        raise ValueError(f"shapes {[t.shape for t in parts[:8]]} differ beside axis {axis}")
    check_size((sum(t.size for t in parts),))
    return np.concatenate(parts, axis=axis)


def _slice(call: Call) -> Tensor:
    x = call.x()
    starts, ends = call.indices("starts", 1, 10), call.indices("ends", 2, 10)
    axes, steps = call.indices("axes", 3, 10), None if call.opset < 10 else call.indices("steps", 4, 10)
    if starts is None or ends is None:
        raise ValueError("starts and ends are missing")
    axes, steps = list(range(len(starts))) if axes is None else axes, steps or [1] * len(starts)
    if len({len(starts), len(ends), len(axes), len(steps)}) > 1 or 0 in steps:
        raise ValueError(f"starts {starts[:8]}, ends {ends[:8]}, axes {axes[:8]} and steps {steps[:8]} do not fit")
    index = [slice(None)] * x.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        size = x.shape[_axis(axis, x.ndim)]
        index[axis] = slice(start, None if step < 0 and end < -size else end, step)
    return x[tuple(index)]


def _split(call: Call) -> list[Tensor]:
    x, axis, sizes = call.x(), call.take("axis", 0), call.indices("split", 1, 13)
    count = call.take("num_outputs", call.outputs)
    axis = _axis(axis, x.ndim)
    if sizes is None:
        step = -(-x.shape[axis] // call.outputs)
        sizes = [step] * (call.outputs - 1) + [x.shape[axis] - step * (call.outputs - 1)]
    if len(sizes) != call.outputs or count != call.outputs or sum(sizes) != x.shape[axis] or min(sizes) < 0:
        raise ValueError(f"axis {axis} of shape {x.shape} cannot be split into {sizes[:8]}")
    return list(np.split(x, np.cumsum(sizes)[:-1].tolist(), axis=axis))


def _pad(call: Call) -> Tensor:
    x, mode = call.x(), call.text("mode", "constant")
    pads, value = call.indices("pads", 1, 11), call.scalar("value", 2, 11) or _ZERO
    axes = call.indices("axes", 3, 18) if call.opset >= 18 else None
    axes = list(range(x.ndim)) if axes is None else [_axis(a, x.ndim) for a in axes]
    if mode != "constant" or pads is None or len(pads) != 2 * len(axes) or min(pads, default=0) < 0:
        raise ValueError(f"mode {mode!r} with pads {pads and pads[:8]} is not supported")
    widths = [(0, 0)] * x.ndim
    for place, axis in enumerate(axes):
        widths[axis] = pads[place], pads[place + len(axes)]
    shape = check_size([n + sum(pair) for n, pair in zip(x.shape, widths, strict=True)])
    padded = tensor([value] * math.prod(shape), shape)
    padded[tuple(slice(before, before + n) for n, (before, _) in zip(x.shape, widths, strict=True))] = x
    return padded


def _gather(call: Call) -> Tensor:
    x, places = call.x(), call.x(1)
    axis = _axis(call.take("axis", 0), x.ndim)
    chosen = [_axis(i, x.shape[axis]) for i in integers(places, "indices")]
    shape = check_size((*x.shape[:axis], *places.shape, *x.shape[axis + 1 :]))
    return np.take(x, chosen, axis=axis).reshape(shape)


def _shape(call: Call) -> Tensor:
    sizes = call.x().shape[call.take("start", 0) : call.take("end", len(call.x().shape))]
    return tensor([fmpq(size) for size in sizes], (len(sizes),))


def _reduction(fold: Callable[[Graph, list[Any]], Any], since: int) -> Operator:
    def apply(call: Call) -> Tensor:
        x, axes = call.x(), call.indices("axes", 1, since)
        keep, idle = call.take("keepdims", 1), call.take("noop_with_empty_axes", 0)
        if not axes and idle:
            return x
        chosen = sorted({_axis(a, x.ndim) for a in axes}) if axes else list(range(x.ndim))
        rest = [i for i in range(x.ndim) if i not in chosen]
        rows = x.transpose([*rest, *chosen]).reshape(math.prod(x.shape[i] for i in rest), -1)
        folded = tensor([call.graph.count_one(fold(call.graph, list(row))) for row in rows], (len(rows),))
        return folded.reshape([1 if i in chosen else n for i, n in enumerate(x.shape) if keep or i not in chosen])

    return apply


def _sum_of(graph: Graph, values: list[Any]) -> Any:
    return tensors.mean(values, 1)


def _mean_of(graph: Graph, values: list[Any]) -> Any:
    return tensors.mean(values, len(values))


def _min_of(graph: Graph, values: list[Any]) -> Any:
    return -tensors.largest(graph, [-value for value in values])


def _dropout(call: Call) -> Tensor:
    call.number("ratio", 0.5)
    call.take("seed", 0)
    training = call.optional(2)
    if call.outputs > 1 or (training is not None and any(training.flat)):
        raise ValueError("only inference is supported")
    return call.x()


OPERATORS: Mapping[str, Operator] = {
    "Gemm": _gemm,
    "MatMul": lambda call: tensors.matmul(call.graph, call.x(0), call.x(1)),
    "Add": _binary(operator.add),
    "Sub": _binary(operator.sub),
    "Mul": _binary(operator.mul),
    "Div": _binary(operator.truediv),
    "Sum": _variadic(_add),
    "Neg": lambda call: call.graph.count(-call.x()),
    "Relu": lambda call: call.graph.unit(call.x(), _ZERO),
    "LeakyRelu": lambda call: call.graph.unit(call.x(), call.number("alpha", float(np.float32(0.01)))),
    "PRelu": _prelu,
    "Abs": lambda call: call.graph.unit(call.x(), -_ONE),
    "Clip": _clip,
    "Max": _variadic(tensors.maximum),
    "Min": _variadic(tensors.minimum),
    "Conv": _conv,
    "MaxPool": _max_pool,
    "AveragePool": _average_pool,
    "GlobalAveragePool": _global_average_pool,
    "GlobalMaxPool": _global_max_pool,
    "BatchNormalization": _batch_normalisation,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Transpose": _transpose,
    "Concat": _concat,
    "Slice": _slice,
    "Split": _split,
    "Pad": _pad,
    "Gather": _gather,
    "Shape": _shape,
    "ReduceSum": _reduction(_sum_of, 13),
    "ReduceMean": _reduction(_mean_of, 18),
    "ReduceMax": _reduction(tensors.largest, 18),
    "ReduceMin": _reduction(_min_of, 18),
    "Identity": lambda call: call.x(),
    "Dropout": _dropout,
}
