"""Choosing elements: slices, indices, padding, nearest neighbours."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from tropical.formats.lowering import Graph, Tensor, tensor
from tropical.formats.operators.call import Call
from tropical.formats.operators.entry import Function, Operator, axis_of, number
from tropical.formats.tensors import check_size, integers

_ZERO = fmpq(0)
_MODES = {"constant": "constant", "reflect": "reflect", "edge": "edge", "replicate": "edge", "wrap": "wrap",
          "circular": "wrap"}  # fmt: skip


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
        size = x.shape[axis_of(axis, x.ndim)]
        index[axis] = slice(start, None if step < 0 and end < -size else end, step)
    return x[tuple(index)]


def _item(graph: Graph, input: Any, key: Any) -> Any:
    keys = key if isinstance(key, tuple) else (key,)
    if any(not isinstance(k, (int, slice, type(None), type(...))) for k in keys):
        raise ValueError(f"index {key!r} is not supported: integers and slices are")
    found = input[key]
    return np.asarray(found, dtype=object) if isinstance(input, np.ndarray) else found


def _narrow(graph: Graph, input: Tensor, dim: int, start: int, length: int) -> Tensor:
    axis = axis_of(dim, input.ndim)
    if not 0 <= start <= start + length <= input.shape[axis]:
        raise ValueError(f"elements {start} to {start + length} of axis {dim} of a tensor of shape {input.shape}")
    return input[(slice(None),) * axis + (slice(start, start + length),)]


def _places(indices: Tensor, size: int) -> NDArray[np.int64]:
    """Indices, counted from the end where negative, as an array of their shape."""
    return np.array([axis_of(i, size) for i in integers(indices, "indices")], dtype=np.int64).reshape(indices.shape)


def _gather(call: Call) -> Tensor:
    x, places = call.x(), call.x(1)
    axis = axis_of(call.take("axis", 0), x.ndim)
    check_size((*x.shape[:axis], *places.shape, *x.shape[axis + 1 :]))
    return np.asarray(np.take(x, _places(places, x.shape[axis]), axis=axis), dtype=object)


def _index_select(graph: Graph, input: Tensor, dim: int, index: Tensor) -> Tensor:
    axis = axis_of(dim, input.ndim)
    check_size((*input.shape[:axis], *index.shape, *input.shape[axis + 1 :]))
    return np.take(input, _places(index, input.shape[axis]), axis=axis)


def _gather_elements(graph: Graph, input: Tensor, dim: int, index: Tensor) -> Tensor:
    axis = axis_of(dim, input.ndim)
    if index.ndim != input.ndim or any(index.shape[i] > n for i, n in enumerate(input.shape) if i != axis):
        raise ValueError(f"indices of shape {index.shape} do not fit a tensor of shape {input.shape}")
    part = input[tuple(slice(None) if i == axis else slice(n) for i, n in enumerate(index.shape))]
    return np.take_along_axis(part, _places(index, input.shape[axis]), axis=axis)


def _gather_nd(call: Call) -> Tensor:
    x, indices, batch = call.x(), call.x(1), call.take("batch_dims", 0)
    depth = indices.shape[-1] if indices.ndim else 0
    if not indices.ndim or not 0 <= batch < min(indices.ndim, x.ndim) or not 1 <= depth <= x.ndim - batch:
        raise ValueError(f"indices of shape {indices.shape} do not fit a tensor of shape {x.shape}")
    if x.shape[:batch] != indices.shape[:batch]:
        raise ValueError(f"the first {batch} sizes of {x.shape} and {indices.shape} differ")
    outer, kept = indices.shape[:-1], x.shape[batch + depth :]
    check_size((*outer, *kept))
    made = np.empty((*outer, *kept), dtype=object)
    for place in np.ndindex(*outer):
        chosen = [axis_of(i, n) for i, n in zip(integers(indices[place], "indices"), x.shape[batch:], strict=False)]
        made[place] = x[(*place[:batch], *chosen)]
    return made


def padded(x: Tensor, pads: Sequence[tuple[int, int]], mode: str = "constant", value: Any = _ZERO) -> Tensor:
    """Each axis with elements before and after it; negative numbers take elements away.

    ``constant`` adds a value, ``edge`` the last element, ``reflect`` mirrors without the last, ``wrap`` begins again.
    """
    if mode not in _MODES:
        raise ValueError(f"mode {mode!r} is not supported: {', '.join(_MODES)} are")
    grown = [(max(before, 0), max(after, 0)) for before, after in pads]
    check_size([n + sum(pair) for n, pair in zip(x.shape, grown, strict=True)])
    for n, (before, after), pair in zip(x.shape, pads, grown, strict=True):
        if n + before + after < 1 or min(before, after) < -n:
            raise ValueError(f"padding {list(pads)} leaves nothing of a tensor of shape {x.shape}")
        if _MODES[mode] in ("reflect", "wrap") and min(before, after) < 0 < max(pair):
            raise ValueError(f"{mode} padding {before, after} at both ends: programs differ in what they cut first")
        if max(pair) > {"reflect": n - 1, "wrap": n}.get(_MODES[mode], max(pair)):
            raise ValueError(f"{mode} padding {pair} is too large for an axis of size {n}")
    cut = tuple(slice(max(-b, 0), n - max(-a, 0)) for n, (b, a) in zip(x.shape, pads, strict=True))
    if mode != "constant":
        return np.pad(x, grown, mode=_MODES[mode])[tuple(_shifted(c, g) for c, g in zip(cut, grown, strict=True))]  # type: ignore[call-overload,no-any-return]
    inner = x[cut]
    shape = [n + sum(pair) for n, pair in zip(inner.shape, grown, strict=True)]
    made = tensor([value] * math.prod(shape), shape)
    made[tuple(slice(before, before + n) for n, (before, _) in zip(inner.shape, grown, strict=True))] = inner
    return made


def _shifted(cut: slice, pads: tuple[int, int]) -> slice:
    return slice(cut.start, cut.stop + sum(pads))


def _onnx_pad(call: Call) -> Tensor:
    x, mode = call.x(), call.text("mode", "constant")
    pads, value = call.indices("pads", 1, 11), call.scalar("value", 2, 11) or fmpq(0)
    axes = call.indices("axes", 3, 18) if call.opset >= 18 else None
    axes = list(range(x.ndim)) if axes is None else [axis_of(a, x.ndim) for a in axes]
    if pads is None or len(pads) != 2 * len(axes):
        raise ValueError(f"pads {pads and pads[:8]} do not fit the axes {axes}")
    widths = [(0, 0)] * x.ndim
    for place, axis in enumerate(axes):
        widths[axis] = pads[place], pads[place + len(axes)]
    return padded(x, widths, mode, value)


def torch_pad(graph: Graph, input: Tensor, pad: Any, mode: str = "constant", value: Any = None) -> Tensor:
    """torch's order of the numbers: pairs for the last axis, the last but one, ..."""
    if len(pad) % 2 or len(pad) > 2 * input.ndim or any(not isinstance(n, int) for n in pad):
        raise ValueError(f"pad {pad} must be pairs of integers for the last axes of a tensor of shape {input.shape}")
    pairs = [tuple(pad[i : i + 2]) for i in range(0, len(pad), 2)][::-1]
    widths = [(0, 0)] * (input.ndim - len(pairs)) + pairs
    return padded(input, widths, mode, fmpq(0) if value is None else number(value))


def _padding_module(mode: str) -> Function:
    def apply(graph: Graph, input: Tensor, padding: Any, value: Any = None) -> Tensor:
        return torch_pad(graph, input, padding, mode, value)

    return apply


def _depth_to_space(x: Tensor, block: int, channels_first: bool) -> Tensor:
    if x.ndim != 4 or block < 1 or x.shape[1] % (block * block):
        raise ValueError(f"a tensor of shape {x.shape} has no blocks of {block} x {block} in its channels")
    n, c, h, w = x.shape
    inner = c // block**2
    split = x.reshape((n, inner, block, block, h, w) if channels_first else (n, block, block, inner, h, w))
    order = (0, 1, 4, 2, 5, 3) if channels_first else (0, 3, 4, 1, 5, 2)
    return split.transpose(order).reshape(n, inner, h * block, w * block)


def _space_to_depth(x: Tensor, block: int, channels_first: bool) -> Tensor:
    if x.ndim != 4 or block < 1 or x.shape[2] % block or x.shape[3] % block:
        raise ValueError(f"a tensor of shape {x.shape} has no blocks of {block} x {block}")
    n, c, h, w = x.shape
    split = x.reshape(n, c, h // block, block, w // block, block)
    order = (0, 1, 3, 5, 2, 4) if channels_first else (0, 3, 5, 1, 2, 4)
    return split.transpose(order).reshape(n, c * block**2, h // block, w // block)


def _onnx_depth_to_space(call: Call) -> Tensor:
    mode = call.text("mode", "DCR")
    if mode not in ("DCR", "CRD"):
        raise ValueError(f"mode {mode!r} is not supported")
    return _depth_to_space(call.x(), call.take("blocksize", 0), mode == "CRD")


def _pixel_shuffle(graph: Graph, input: Tensor, upscale_factor: int) -> Tensor:
    return _depth_to_space(input, upscale_factor, True)


def _pixel_unshuffle(graph: Graph, input: Tensor, downscale_factor: int) -> Tensor:
    return _space_to_depth(input, downscale_factor, True)


def _flip(graph: Graph, input: Tensor, *dims: Any) -> Tensor:
    axes = dims[0] if len(dims) == 1 and isinstance(dims[0], Sequence) else dims
    return np.flip(input, tuple(axis_of(a, input.ndim) for a in axes))


INDEXING: Sequence[Operator] = (
    Operator("slice", "Elements from a to b in steps of c; in torch integers, slices, None and ...", {"Slice": _slice},
             {"operator.getitem": _item, "torch.narrow .narrow": _narrow, "torch.flip .flip": _flip}),
    Operator("gather", "Elements at constant indices: whole slices, single ones, or at tuples of indices.",
             {"Gather": _gather, "GatherND": _gather_nd,
              "GatherElements": lambda c: _gather_elements(c.graph, c.x(), c.take("axis", 0), c.x(1))},
             {"torch.index_select .index_select": _index_select, "torch.gather .gather": _gather_elements}),
    Operator("pad", "Elements put before and after: a constant, the edge, the reflection, or from the other end; "
             "negative numbers take away.", {"Pad": _onnx_pad},
             {"F.pad": torch_pad,
              "nn.ZeroPad1d nn.ZeroPad2d nn.ZeroPad3d nn.ConstantPad1d nn.ConstantPad2d nn.ConstantPad3d":
              _padding_module("constant"),
              "nn.ReflectionPad1d nn.ReflectionPad2d nn.ReflectionPad3d": _padding_module("reflect"),
              "nn.ReplicationPad1d nn.ReplicationPad2d nn.ReplicationPad3d": _padding_module("replicate"),
              "nn.CircularPad1d nn.CircularPad2d nn.CircularPad3d": _padding_module("circular")}),
    Operator("depth to space", "Blocks of channels as squares of pixels, and back.",
             {"DepthToSpace": _onnx_depth_to_space,
              "SpaceToDepth": lambda c: _space_to_depth(c.x(), c.take("blocksize", 0), False)},
             {"torch.pixel_shuffle F.pixel_shuffle nn.PixelShuffle": _pixel_shuffle,
              "torch.pixel_unshuffle F.pixel_unshuffle nn.PixelUnshuffle": _pixel_unshuffle}),
)  # fmt: skip
