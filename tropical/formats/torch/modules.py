"""PyTorch modules as operations on tensors of a graph."""

import inspect
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from tropical.files import check_count
from tropical.formats import tensors
from tropical.formats.lowering import Graph, Tensor, tensor
from tropical.formats.tensors import Window
from tropical.formats.torch.functions import each, flatten, functions, images, number, pool_window


def parameter(torch: Any, value: Any, where: str) -> Tensor:
    """A parameter or buffer as numbers, exactly."""
    return tensors.exact(floats(torch, value, where), where)


def floats(torch: Any, value: Any, where: str) -> NDArray[Any]:
    """A parameter or buffer as an array; ``ValueError`` for types that an array cannot hold exactly."""
    if not isinstance(value, torch.Tensor):
        raise ValueError(f"{where} must be a tensor, got {type(value).__name__}")
    check_count(value.numel())
    if value.is_quantized or value.layout is not torch.strided or value.is_complex() or value.is_meta:
        raise ValueError(f"{where} must be a dense real tensor, got {value.dtype} in layout {value.layout}")
    plain = value.detach().cpu()
    array: NDArray[Any] = (plain.double() if plain.is_floating_point() else plain).numpy()
    return array


class Calls:
    """What a module or function does to tensors; ``ValueError`` naming what is not known."""

    def __init__(self, torch: Any, graph: Graph) -> None:
        self._torch, self._graph = torch, graph
        self._functions = functions(torch)

    def knows(self, module: Any) -> bool:
        """Whether the module is supported by itself, so that it need not be followed."""
        name = type(module).__name__
        return name in _MODULES and type(module) is getattr(self._torch.nn, name)

    def module(self, module: Any, path: str, *args: Any, **kwargs: Any) -> Any:
        """The output of a module of torch.nn."""
        name = type(module).__name__
        where = f"module {path!r} ({name})" if path else name
        if not self.knows(module):
            raise ValueError(f"{where} is not supported: known are {', '.join(_MODULES)}")
        if len(args) != 1 or kwargs or not isinstance(args[0], np.ndarray):
            raise ValueError(f"{where} must be called on one tensor")
        try:
            return _MODULES[name](self._graph, module, args[0], lambda key: self._parameter(module, key))
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from error

    def _parameter(self, module: Any, key: str) -> Tensor | None:
        value = getattr(module, key)
        return None if value is None else parameter(self._torch, value, key)

    def function(self, target: Any, *args: Any, **kwargs: Any) -> Any:
        """The result of a function, or of the method of that name."""
        name = target if isinstance(target, str) else getattr(target, "__name__", str(target))
        function = self._functions.get(target)
        if function is None:
            raise ValueError(f"function {name!r} in forward is not supported")
        try:
            inspect.signature(function).bind(self._graph, *args, **kwargs)
        except TypeError as error:
            raise ValueError(f"function {name!r} in forward with arguments that are not supported: {error}") from None
        try:
            return function(self._graph, *args, **kwargs)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise ValueError(f"function {name!r} in forward: {error}") from error


_Parameters = Callable[[str], Any]


def _linear(graph: Graph, m: Any, x: Tensor, of: _Parameters) -> Tensor:
    weight, bias = of("weight"), of("bias")
    product = tensors.matmul(graph, x, weight.T)
    if bias is None:
        return product
    if bias.shape != weight.shape[:1]:
        raise ValueError(f"bias has shape {bias.shape} but the weight has shape {weight.shape}")
    return tensors.elementwise(graph, operator.add, product, bias)


def _convolution(graph: Graph, m: Any, x: Tensor, of: _Parameters) -> Tensor:
    rank = len(m.kernel_size)
    if m.padding_mode != "zeros":
        raise ValueError(f"padding_mode {m.padding_mode!r} is not supported")
    if m.padding == "same":
        total = [d * (k - 1) for d, k in zip(m.dilation, m.kernel_size, strict=True)]
        pads = tuple((t // 2, t - t // 2) for t in total)
    else:
        pads = tuple((p, p) for p in each(0 if m.padding == "valid" else m.padding, rank))
    window = Window(tuple(m.kernel_size), tuple(m.stride), pads, tuple(m.dilation))
    return tensors.convolution(graph, images(x, rank), of("weight"), of("bias"), window, m.groups)


def _max_pool(rank: int) -> Callable[..., Tensor]:
    def apply(graph: Graph, m: Any, x: Tensor, of: _Parameters) -> Tensor:
        if m.return_indices:
            raise ValueError("return_indices is not supported")
        window = pool_window(rank, m.kernel_size, m.stride, m.padding, m.dilation)
        return tensors.max_pool(graph, images(x, rank), window, m.ceil_mode)

    return apply


def _average_pool(rank: int) -> Callable[..., Tensor]:
    def apply(graph: Graph, m: Any, x: Tensor, of: _Parameters) -> Tensor:
        window = pool_window(rank, m.kernel_size, m.stride, m.padding)
        divisor = getattr(m, "divisor_override", None)
        return tensors.average_pool(graph, images(x, rank), window, m.count_include_pad, m.ceil_mode, divisor)

    return apply


def _adaptive(rank: int) -> Callable[..., Tensor]:
    def apply(graph: Graph, m: Any, x: Tensor, of: _Parameters) -> Tensor:
        if any(size != 1 for size in each(m.output_size, rank)):
            raise ValueError(f"output_size must be 1, got {m.output_size}")
        return tensors.average_pool(graph, images(x, rank), tensors.one_window(x.shape[2:]), count_padding=True)

    return apply


def _batch_norm(rank: Sequence[int]) -> Callable[..., Tensor]:
    def apply(graph: Graph, m: Any, x: Tensor, of: _Parameters) -> Tensor:
        _check_evaluating(m)
        if m.running_mean is None or m.running_var is None:
            raise ValueError("needs running statistics")
        if x.ndim not in rank:
            raise ValueError(f"got a tensor of shape {x.shape}")
        mean, variance = of("running_mean"), of("running_var")
        scale = of("weight") if m.affine else tensor([fmpq(1)] * mean.size, mean.shape)
        shift = of("bias") if m.affine else tensor([fmpq(0)] * mean.size, mean.shape)
        epsilon = fmpq(*float(m.eps).as_integer_ratio())
        return tensors.batch_normalisation(graph, x, scale, shift, mean, variance, epsilon)

    return apply


def _check_evaluating(m: Any) -> None:
    if m.training:
        raise ValueError("is in training mode: call eval() on the module first")


def _dropout(graph: Graph, m: Any, x: Tensor, of: _Parameters) -> Tensor:
    _check_evaluating(m)
    return x


def _prelu(graph: Graph, m: Any, x: Tensor, of: _Parameters) -> Tensor:
    slopes = of("weight")
    if slopes.size != 1 and (x.ndim < 2 or x.shape[1] != slopes.size):
        raise ValueError(f"has {slopes.size} slopes for a tensor of shape {x.shape}")
    return graph.unit(x, slopes.reshape(-1, *(1,) * max(x.ndim - 2, 0)))


def _unflatten(graph: Graph, m: Any, x: Tensor, of: _Parameters) -> Tensor:
    axis, sizes = m.dim, m.unflattened_size
    if isinstance(axis, str) or any(not isinstance(size, int) for size in sizes):
        raise ValueError("named axes are not supported")
    return x.reshape(*x.shape[: axis % x.ndim], *sizes, *x.shape[axis % x.ndim + 1 :])


def _hardtanh(graph: Graph, m: Any, x: Tensor, of: _Parameters) -> Tensor:
    return tensors.clip(graph, x, number(m.min_val), number(m.max_val))


_MODULES: Mapping[str, Callable[..., Tensor]] = {
    "Linear": _linear,
    "ReLU": lambda graph, m, x, of: graph.unit(x, fmpq(0)),
    "LeakyReLU": lambda graph, m, x, of: graph.unit(x, number(m.negative_slope)),
    "PReLU": _prelu,
    "ReLU6": _hardtanh,
    "Hardtanh": _hardtanh,
    "Identity": lambda graph, m, x, of: x,
    "Dropout": _dropout,
    "Flatten": lambda graph, m, x, of: flatten(graph, x, m.start_dim, m.end_dim),
    "Unflatten": _unflatten,
    "Conv1d": _convolution,
    "Conv2d": _convolution,
    "MaxPool1d": _max_pool(1),
    "MaxPool2d": _max_pool(2),
    "AvgPool1d": _average_pool(1),
    "AvgPool2d": _average_pool(2),
    "AdaptiveAvgPool1d": _adaptive(1),
    "AdaptiveAvgPool2d": _adaptive(2),
    "BatchNorm1d": _batch_norm((2, 3)),
    "BatchNorm2d": _batch_norm((4,)),
}
