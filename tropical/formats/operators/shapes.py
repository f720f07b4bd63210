"""The same values in other shapes and orders, joined and repeated."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tropical.formats.lowering import Graph, Tensor
from tropical.formats.operators.call import Call
from tropical.formats.operators.entry import Operator, axis_of, listed
from tropical.formats.tensors import broadcast, check_size, integers


def reshaped(x: Tensor, shape: Sequence[int]) -> Tensor:
    """The values in C order, one size being -1."""
    if any(not isinstance(size, int) for size in shape):
        raise ValueError(f"a shape must hold integers, got {list(shape)[:8]}")
    rest = -math.prod(shape) if -1 in shape else math.prod(shape)
    fits = x.size == rest if -1 not in shape else rest > 0 and x.size % rest == 0
    if min(shape, default=1) < -1 or list(shape).count(-1) > 1 or not fits or len(shape) > 32:
        raise ValueError(f"a tensor of shape {x.shape} cannot take the shape {list(shape)[:8]}")
    return x.reshape(tuple(shape))


def _torch_reshape(graph: Graph, input: Tensor, *shape: Any) -> Tensor:
    return reshaped(input, listed(shape))


def _reshape(call: Call) -> Tensor:
    x, shape = call.x(), integers(call.x(1), "shape")
    if call.take("allowzero", 0) and 0 in shape:
        raise ValueError("an empty tensor is not supported")
    if any(size == 0 and i >= x.ndim for i, size in enumerate(shape)):
        raise ValueError(f"shape {shape} copies a size that the shape {x.shape} does not have")
    return reshaped(x, [x.shape[i] if size == 0 else size for i, size in enumerate(shape)])


def flatten(graph: Graph, input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The axes from start to end as one."""
    start, end = axis_of(start_dim, max(input.ndim, 1)), axis_of(end_dim, max(input.ndim, 1))
    if start > end:
        raise ValueError(f"axes {start_dim} to {end_dim} of a tensor of shape {input.shape} are in the wrong order")
    return input.reshape(*input.shape[:start], math.prod(input.shape[start : end + 1]), *input.shape[end + 1 :])


def _onnx_flatten(call: Call) -> Tensor:
    x, axis = call.x(), call.take("axis", 1)
    axis = axis if axis == x.ndim else axis_of(axis, x.ndim)
    return x.reshape(math.prod(x.shape[:axis]), -1) if x.size else x


def _unflatten(graph: Graph, input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    if isinstance(dim, str) or any(not isinstance(size, int) for size in sizes):
        raise ValueError("named axes are not supported")
    axis = axis_of(dim, input.ndim)
    return reshaped(input, [*input.shape[:axis], *reshaped_axis(input.shape[axis], sizes), *input.shape[axis + 1 :]])


def reshaped_axis(size: int, sizes: Sequence[int]) -> tuple[int, ...]:
    """The sizes into which an axis is divided, one of them being -1."""
    return reshaped(np.empty(size, dtype=object), list(sizes)).shape


def _unflatten_module(graph: Graph, input: Tensor, dim: int, unflattened_size: Sequence[int]) -> Tensor:
    return _unflatten(graph, input, dim, unflattened_size)


def _squeezed(x: Tensor, axes: Sequence[int]) -> Tensor:
    return x.reshape([n for i, n in enumerate(x.shape) if i not in axes])


def _squeeze(call: Call) -> Tensor:
    x, axes = call.x(), call.indices("axes", 1, 13)
    chosen = [i for i, n in enumerate(x.shape) if n == 1] if axes is None else [axis_of(a, x.ndim) for a in axes]
    if any(x.shape[a] != 1 for a in chosen):
        raise ValueError(f"axes {axes} of a tensor of shape {x.shape} are not all of size 1")
    return _squeezed(x, chosen)


def _torch_squeeze(graph: Graph, input: Tensor, dim: Any = None) -> Tensor:
    axes = range(input.ndim) if dim is None else [axis_of(a, input.ndim) for a in listed([dim])]
    return _squeezed(input, [a for a in axes if input.shape[a] == 1])


def _unsqueezed(x: Tensor, axes: Sequence[int]) -> Tensor:
    if x.ndim + len(axes) > 32:
        raise ValueError("a tensor may have 32 axes at most")
    places = {axis_of(a, x.ndim + len(axes)) for a in axes}
    if len(places) != len(axes):
        raise ValueError(f"axes {axes} are not distinct")
    return np.expand_dims(x, tuple(places))


def _torch_unsqueeze(graph: Graph, input: Tensor, dim: int) -> Tensor:
    return _unsqueezed(input, [dim])


def permuted(x: Tensor, order: Sequence[int]) -> Tensor:
    """The axes in another order."""
    order = [axis_of(a, x.ndim) for a in order]
    if sorted(order) != list(range(x.ndim)):
        raise ValueError(f"perm {order[:8]} does not permute the axes of a tensor of shape {x.shape}")
    return x.transpose(order)


def _torch_permute(graph: Graph, input: Tensor, *dims: Any) -> Tensor:
    return permuted(input, listed(dims))


def swapped(graph: Graph, input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two axes exchanged."""
    return input.swapaxes(axis_of(dim0, input.ndim), axis_of(dim1, input.ndim))


def _t(graph: Graph, input: Tensor) -> Tensor:
    return input.T


def joined(parts: Sequence[Tensor], axis: int) -> Tensor:
    """The tensors one after another along an axis."""
    if not parts:
        raise ValueError("no tensors to join")
    axis = axis_of(axis, parts[0].ndim)
    if len({(t.ndim, t.shape[:axis], t.shape[axis + 1 :]) for t in parts}) > 1:
        raise ValueError(f"shapes {[t.shape for t in parts[:8]]} differ beside axis {axis}")
    check_size((sum(t.size for t in parts),))
    return np.concatenate(parts, axis=axis)


def _cat(graph: Graph, tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    return joined(list(tensors), dim)


def _stack(graph: Graph, tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    return joined([_unsqueezed(t, [dim]) for t in tensors], axis_of(dim, tensors[0].ndim + 1) if tensors else 0)


def parts_of(x: Tensor, sizes: Sequence[int], axis: int) -> list[Tensor]:
    """The tensor cut into parts of the given sizes."""
    axis = axis_of(axis, x.ndim)
    if sum(sizes) != x.shape[axis] or min(sizes, default=0) < 0:
        raise ValueError(f"axis {axis} of shape {x.shape} cannot be split into {list(sizes)[:8]}")
    return list(np.split(x, np.cumsum(sizes)[:-1].tolist(), axis=axis))


def _even_sizes(size: int, step: int) -> list[int]:
    if step < 1:
        raise ValueError(f"parts must have a positive size, got {step}")
    return [min(step, size - start) for start in range(0, size, step)]


def _onnx_split(call: Call) -> list[Tensor]:
    x, axis, sizes = call.x(), call.take("axis", 0), call.indices("split", 1, 13)
    listed_outputs = len(call.outputs)
    count, size = call.take("num_outputs", listed_outputs), x.shape[axis_of(axis, x.ndim)]
    if sizes is None:
        step = -(-size // listed_outputs)
        sizes = [step] * (listed_outputs - 1) + [size - step * (listed_outputs - 1)]
    if len(sizes) != listed_outputs or count != listed_outputs:
        raise ValueError(f"axis {axis} of shape {x.shape} cannot be split into {sizes[:8]}")
    return parts_of(x, sizes, axis)


def _split(graph: Graph, input: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    sizes = split_size_or_sections
    if isinstance(sizes, int):
        sizes = _even_sizes(input.shape[axis_of(dim, input.ndim)], sizes)
    return tuple(parts_of(input, sizes, dim))


def _split_method(graph: Graph, input: Tensor, split_size: Any, dim: int = 0) -> tuple[Tensor, ...]:
    return _split(graph, input, split_size, dim)


def _chunk(graph: Graph, input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    if not isinstance(chunks, int) or chunks < 1:
        raise ValueError(f"chunks must be a positive integer, got {chunks}")
    return _split(graph, input, -(-input.shape[axis_of(dim, input.ndim)] // chunks), dim)


def _unbind(graph: Graph, input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    return tuple(np.asarray(part, dtype=object) for part in np.moveaxis(input, axis_of(dim, input.ndim), 0))


def _expand(graph: Graph, input: Tensor, *sizes: Any) -> Tensor:
    wanted = listed(sizes)
    ahead = len(wanted) - input.ndim
    if ahead < 0:
        raise ValueError(f"a tensor of shape {input.shape} cannot be expanded to {wanted[:8]}")
    shape = tuple(input.shape[i - ahead] if n == -1 and i >= ahead else n for i, n in enumerate(wanted))
    if broadcast(input.shape, shape) != shape:
        raise ValueError(f"a tensor of shape {input.shape} cannot be expanded to {wanted[:8]}")
    return np.broadcast_to(input, shape)


def _onnx_expand(call: Call) -> Tensor:
    shape = tuple(integers(call.x(1), "shape"))
    return np.broadcast_to(call.x(), broadcast(call.x().shape, shape))


def tiled(x: Tensor, counts: Sequence[int]) -> Tensor:
    """The tensor repeated along each axis; missing axes come first."""
    if any(not isinstance(count, int) or count < 0 for count in counts):
        raise ValueError(f"repetitions must be integers that are not negative, got {list(counts)[:8]}")
    check_size((x.size, *counts))
    return np.tile(x, counts)


def _repeat(graph: Graph, input: Tensor, *repeats: Any) -> Tensor:
    if len(listed(repeats)) < input.ndim:
        raise ValueError(f"needs a number of repetitions for each axis of shape {input.shape}")
    return tiled(input, listed(repeats))


def _tile(graph: Graph, input: Tensor, *dims: Any) -> Tensor:
    return tiled(input, listed(dims))


def _onnx_tile(call: Call) -> Tensor:
    counts = integers(call.x(1), "repeats")
    if len(counts) != call.x().ndim:
        raise ValueError(f"needs a number of repetitions for each axis of shape {call.x().shape}")
    return tiled(call.x(), counts)


def _size(graph: Graph, input: Tensor, dim: int | None = None) -> Any:
    return input.shape if dim is None else input.shape[axis_of(dim, input.ndim)]


def _rank(graph: Graph, input: Tensor) -> int:
    return input.ndim


def _count(graph: Graph, input: Tensor) -> int:
    return input.size


SHAPES: Sequence[Operator] = (
    Operator("reshape", "The same values in C order in another shape.", {"Reshape": _reshape},
             {"torch.reshape .reshape .view": _torch_reshape}),
    Operator("flatten", "Axes joined to one.", {"Flatten": _onnx_flatten},
             {"torch.flatten .flatten nn.Flatten": flatten}),
    Operator("unflatten", "One axis divided into several.",
             torch={"torch.unflatten .unflatten": _unflatten, "nn.Unflatten": _unflatten_module}),
    Operator("squeeze", "Axes of size 1 left out.", {"Squeeze": _squeeze}, {"torch.squeeze .squeeze": _torch_squeeze}),
    Operator("unsqueeze", "Axes of size 1 put in.",
             {"Unsqueeze": lambda c: _unsqueezed(c.x(), c.indices("axes", 1, 13) or [])},
             {"torch.unsqueeze .unsqueeze": _torch_unsqueeze}),
    Operator("transpose", "Axes in another order.",
             {"Transpose": lambda c: permuted(c.x(), c.sizes("perm", range(c.x().ndim)[::-1]))},
             {"torch.permute .permute": _torch_permute, "torch.transpose .transpose torch.swapaxes .swapaxes": swapped,
              "torch.t .t": _t}),
    Operator("concatenation", "Tensors one after another along an axis.",
             {"Concat": lambda c: joined(c.all(), c.take("axis", 0))}, {"torch.cat torch.concat": _cat}),
    Operator("stack", "Tensors one after another along a new axis.", torch={"torch.stack": _stack}),
    Operator("split", "Parts along an axis.", {"Split": _onnx_split},
             {"torch.split": _split, ".split": _split_method, "torch.chunk .chunk": _chunk,
              "torch.unbind .unbind": _unbind}),
    Operator("expand", "Axes of size 1 repeated by broadcasting.", {"Expand": _onnx_expand}, {".expand": _expand}),
    Operator("tile", "The whole tensor repeated along its axes.", {"Tile": _onnx_tile},
             {"torch.tile .tile": _tile, ".repeat": _repeat}),
    Operator("sizes", "Sizes and number of the axes, as integers.",
             torch={".size": _size, ".dim": _rank, ".numel": _count}),
)  # fmt: skip
