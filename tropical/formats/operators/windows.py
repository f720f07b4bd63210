"""Sliding windows as ONNX and torch describe them."""

from collections.abc import Sequence
from typing import Any

from tropical.formats.operators.call import Call
from tropical.formats.operators.entry import each
from tropical.formats.tensors import Window


def onnx_window(call: Call, kernel: Sequence[int], spatial: Sequence[int]) -> Window:
    """The window of a convolution or pooling, its padding given or computed."""
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


def torch_window(rank: int, kernel: Any, stride: Any, padding: Any, dilation: Any = 1) -> Window:
    """The window of a pooling, whose stride is its kernel where none is given."""
    sizes = each(kernel, rank)
    pads = tuple((p, p) for p in each(padding, rank))
    return Window(sizes, sizes if stride in (None, (), []) else each(stride, rank), pads, each(dilation, rank))
