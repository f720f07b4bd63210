"""PyTorch functions and methods as operations on tensors of a graph, under torch's names for their arguments."""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from flint import fmpq

from tropical.formats import tensors
from tropical.formats.lowering import Graph, Tensor
from tropical.formats.tensors import Window

Function = Callable[..., Any]


def number(value: Any) -> fmpq:
    """A finite Python number, exactly."""
    if not math.isfinite(float(value)):
        raise ValueError(f"a number must be finite, got {value}")
    return fmpq(*float(value).as_integer_ratio())


def each(value: Any, rank: int) -> tuple[int, ...]:
    """One integer for each of the spatial axes."""
    return tuple(value) if isinstance(value, Sequence) else (value,) * rank


def images(x: Tensor, rank: int) -> Tensor:
    """The tensor, if it has a batch axis, channels and ``rank`` spatial axes."""
    if x.ndim != rank + 2:
        raise ValueError(f"needs a tensor of {rank + 2} axes (batch, channels, ...), got shape {x.shape}")
    return x


def pool_window(rank: int, kernel: Any, stride: Any, padding: Any, dilation: Any = 1) -> Window:
    """The window of a pooling, whose stride is its kernel where none is given."""
    sizes = each(kernel, rank)
    pads = tuple((p, p) for p in each(padding, rank))
    return Window(sizes, sizes if stride in (None, (), []) else each(stride, rank), pads, each(dilation, rank))


def flatten(graph: Graph, input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The axes from start to end as one."""
    start, end = start_dim % input.ndim, end_dim % input.ndim
    if start > end:
        raise ValueError(f"axes {start_dim} to {end_dim} of a tensor of shape {input.shape} are in the wrong order")
    return input.reshape(*input.shape[:start], -1, *input.shape[end + 1 :])


def _binary(operation: Callable[[Any, Any], Any]) -> Function:
    def apply(graph: Graph, input: Any, other: Any) -> Any:
        if isinstance(input, int) and isinstance(other, int):
            return operation(input, other)
        return tensors.elementwise(graph, operation, _as_tensor(input), _as_tensor(other))

    return apply


def _as_tensor(value: Any) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return tensors.exact(np.array(value), "a number in forward")
    return value


def _relu(graph: Graph, input: Tensor, inplace: bool = False) -> Tensor:
    return graph.unit(input, fmpq(0))


def _leaky_relu(graph: Graph, input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    return graph.unit(input, number(negative_slope))


def _dropout(graph: Graph, input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    if training:
        raise ValueError("is in training mode")
    return input


def _abs(graph: Graph, input: Tensor) -> Tensor:
    return graph.unit(input, fmpq(-1))


def _neg(graph: Graph, input: Any) -> Any:
    return -input


def _cat(graph: Graph, tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    return np.concatenate(list(tensors), axis=dim)


def _reshape(graph: Graph, input: Tensor, *shape: Any) -> Tensor:
    return input.reshape(*shape)


def _size(graph: Graph, input: Tensor, dim: int | None = None) -> Any:
    return input.shape if dim is None else input.shape[dim]


def _maximum(graph: Graph, input: Tensor, other: Tensor) -> Tensor:
    return tensors.maximum(graph, input, other)


def _minimum(graph: Graph, input: Tensor, other: Tensor) -> Tensor:
    return tensors.minimum(graph, input, other)


def _max_pool2d(
    graph: Graph,
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor:
    if return_indices:
        raise ValueError("return_indices is not supported")
    window = pool_window(2, kernel_size, stride, padding, dilation)
    return tensors.max_pool(graph, images(input, 2), window, ceil_mode)


def _attribute(graph: Graph, input: Any, name: str) -> Any:
    if not isinstance(input, np.ndarray) or name not in ("shape", "ndim"):
        raise ValueError(f"attribute {name!r} is not supported")
    return getattr(input, name)


def _item(graph: Graph, input: Any, key: Any) -> Any:
    keys = key if isinstance(key, tuple) else (key,)
    if any(not isinstance(k, (int, slice, type(None), type(...))) for k in keys):
        raise ValueError(f"index {key!r} is not supported: integers and slices are")
    return input[key]


def functions(torch: Any) -> Mapping[Any, Function]:
    """By function, or by name of a method, what a forward may call; the graph is the first argument."""
    F = torch.nn.functional
    return {
        **dict.fromkeys((operator.add, operator.iadd, torch.add, "add"), _binary(operator.add)),
        **dict.fromkeys((operator.sub, torch.sub, "sub"), _binary(operator.sub)),
        **dict.fromkeys((operator.mul, torch.mul, "mul"), _binary(operator.mul)),
        **dict.fromkeys((operator.truediv, torch.div, "div"), _binary(operator.truediv)),
        **dict.fromkeys((operator.neg, torch.neg, "neg"), _neg),
        **dict.fromkeys((torch.relu, F.relu, "relu"), _relu),
        **dict.fromkeys((torch.abs, abs, "abs"), _abs),
        **dict.fromkeys((torch.cat, torch.concat), _cat),
        **dict.fromkeys((torch.flatten, "flatten"), flatten),
        **dict.fromkeys((torch.reshape, "reshape", "view"), _reshape),
        **dict.fromkeys((torch.maximum, "maximum"), _maximum),
        **dict.fromkeys((torch.minimum, "minimum"), _minimum),
        **dict.fromkeys((torch.max_pool2d, F.max_pool2d), _max_pool2d),
        F.leaky_relu: _leaky_relu,
        F.dropout: _dropout,
        "size": _size,
        getattr: _attribute,
        operator.getitem: _item,
    }
