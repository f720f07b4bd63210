"""Maxima and means over windows."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from tropical.formats import tensors
from tropical.formats.lowering import Graph, Tensor, tensor
from tropical.formats.operators.call import Call
from tropical.formats.operators.entry import Function, Operator, by_rank, each, images
from tropical.formats.operators.windows import onnx_window, torch_window


def _onnx_max(call: Call) -> Tensor:
    call.only_first("indices of maxima")
    call.skip("storage_order")
    x = images(call.x())
    window = onnx_window(call, call.sizes("kernel_shape"), x.shape[2:])
    return tensors.max_pool(call.graph, x, window, bool(call.take("ceil_mode", 0)))


def _onnx_average(call: Call) -> Tensor:
    x = images(call.x())
    window = onnx_window(call, call.sizes("kernel_shape"), x.shape[2:])
    count, ceil_mode = bool(call.take("count_include_pad", 0)), bool(call.take("ceil_mode", 0))
    return tensors.average_pool(call.graph, x, window, count, ceil_mode)


def _global_average(call: Call) -> Tensor:
    x = images(call.x())
    return tensors.average_pool(call.graph, x, tensors.one_window(x.shape[2:]), count_padding=True)


def _global_max(call: Call) -> Tensor:
    x = images(call.x())
    return tensors.max_pool(call.graph, x, tensors.one_window(x.shape[2:]))


def _torch_max(rank: int) -> Function:
    def apply(
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
        window = torch_window(rank, kernel_size, stride, padding, dilation)
        return tensors.max_pool(graph, images(input, rank), window, ceil_mode)

    return apply


def _torch_average(rank: int) -> Function:
    def apply(
        graph: Graph,
        input: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Tensor:
        window = torch_window(rank, kernel_size, stride, padding)
        return tensors.average_pool(graph, images(input, rank), window, count_include_pad, ceil_mode, divisor_override)

    return apply


def _adaptive(rank: int, fold: Callable[[Graph, list[Any]], Any]) -> Function:
    def apply(graph: Graph, input: Tensor, output_size: Any, return_indices: bool = False) -> Tensor:
        if return_indices:
            raise ValueError("return_indices is not supported")
        spatial = images(input, rank).shape[2:]
        sizes = [n if size is None else size for size, n in zip(each(output_size, rank), spatial, strict=True)]
        if min(sizes) < 1:
            raise ValueError(f"output_size must be positive, got {output_size}")
        tensors.check_size((*input.shape[:2], *sizes))
        axes = [
            [slice(i * n // m, -(-(i + 1) * n // m)) for i in range(m)] for n, m in zip(spatial, sizes, strict=True)
        ]
        made = [
            graph.count_one(fold(graph, list(image[place].flat)))
            for image in input.reshape(-1, *spatial)
            for place in product(*axes)
        ]
        return tensor(made, (*input.shape[:2], *sizes))

    return apply


def _mean(graph: Graph, values: list[Any]) -> Any:
    return tensors.mean(values, len(values))


POOLING: Sequence[Operator] = (
    Operator("max pooling", "The largest element under each window, without its index.",
             {"MaxPool": _onnx_max, "GlobalMaxPool": _global_max},
             {f"torch.max_pool{rank}d F.max_pool{rank}d nn.MaxPool{rank}d": _torch_max(rank) for rank in (1, 2, 3)}),
    Operator("average pooling", "The mean under each window, padding counted or not.",
             {"AveragePool": _onnx_average, "GlobalAveragePool": _global_average},
             by_rank("avg_pool AvgPool", _torch_average)),
    Operator("adaptive pooling", "Means or maxima over a given number of windows.",
             torch=by_rank("adaptive_avg_pool AdaptiveAvgPool", lambda rank: _adaptive(rank, _mean))
             | by_rank("adaptive_max_pool AdaptiveMaxPool", lambda rank: _adaptive(rank, tensors.largest))),
)  # fmt: skip
