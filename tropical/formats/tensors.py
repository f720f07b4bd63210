"""Operations on tensors of a :class:`~tropical.formats.lowering.Graph`: those that networks are made of, exactly."""

import math
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from tropical.files import check_count
from tropical.formats.lowering import MAX_ELEMENTS, Graph, Tensor, is_constant, mapped, tensor
from tropical.functions.circuit import Affine, combination


def exact(array: NDArray[Any], where: str) -> Tensor:
    """Integers, floats and truth values of an array as numbers, exactly; ``ValueError`` for anything else and NaN."""
    check_count(array.size)
    if array.dtype.kind in "biu":
        return tensor([fmpq(int(value)) for value in array.ravel().tolist()], array.shape)
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        raise ValueError(f"{where} must hold integers or floats of at most 64 bits, got {array.dtype}")
    if not np.isfinite(array).all():
        raise ValueError(f"{where} must be finite, got NaN or infinity")
    ratios = (value.as_integer_ratio() for value in array.ravel().tolist())
    return tensor([fmpq(p, q) for p, q in ratios], array.shape)


def integers(values: Tensor, where: str) -> list[int]:
    """The elements of a constant tensor of integers."""
    if not is_constant(values) or any(value.q != 1 for value in values.flat):
        raise ValueError(f"{where} must be constant integers")
    return [int(value.p) for value in values.flat]


def broadcast(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The common shape that NumPy's rules give; ``ValueError`` if there is none or it is too large."""
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(f"shapes {', '.join(map(str, shapes))} do not broadcast") from None
    return check_size(shape)


def check_size(shape: Sequence[int]) -> tuple[int, ...]:
    """The shape, if a tensor may have it."""
    if len(shape) > 32:
        raise ValueError(f"a tensor may have 32 axes at most, got {len(shape)}")
    if math.prod(shape) > MAX_ELEMENTS:
        raise ValueError(f"a tensor of shape {tuple(shape)} has more than {MAX_ELEMENTS} elements")
    return tuple(shape)


def elementwise(graph: Graph, operation: Callable[[Any, Any], Any], a: Tensor, b: Tensor) -> Tensor:
    """Sum, difference, product or quotient with broadcasting; of a product or quotient one factor must be constant."""
    shape = broadcast(a.shape, b.shape)
    if operation is operator.truediv and any(not isinstance(q, Affine) and not q for q in b.flat):
        raise ValueError("division by zero")
    pairs = zip(np.broadcast_to(a, shape).flat, np.broadcast_to(b, shape).flat, strict=True)
    return tensor([graph.count_one(operation(p, q)) for p, q in pairs], shape)


def matmul(graph: Graph, a: Tensor, b: Tensor) -> Tensor:
    """The matrix product with NumPy's rules for vectors and batches; one of the two must be constant."""
    if not a.ndim or not b.ndim or a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        raise ValueError(f"matrices of shapes {a.shape} and {b.shape} cannot be multiplied")
    constant_right = is_constant(b)
    if not constant_right and not is_constant(a):
        raise ValueError("the product of two values that depend on the input is not piecewise linear")
    left, right = (a if a.ndim > 1 else a[None, :]), (b if b.ndim > 1 else b[:, None])
    batch = broadcast(left.shape[:-2], right.shape[:-2])
    shape = check_size((*batch, left.shape[-2], right.shape[-1]))
    left, right = np.broadcast_to(left, (*batch, *left.shape[-2:])), np.broadcast_to(right, (*batch, *right.shape[-2:]))
    made = []
    for index in np.ndindex(batch):
        columns = [list(column) for column in right[index].T]
        for row in map(list, left[index]):
            for column in columns:
                pair = (row, column) if constant_right else (column, row)
                made.append(graph.count_one(combination(*pair)))
    result = tensor(made, shape)
    result = result if a.ndim > 1 else result[..., 0, :]
    return result if b.ndim > 1 else result[..., 0]


def maximum(graph: Graph, input: Tensor, other: Tensor) -> Tensor:
    """max(a, b) = b + relu(a - b), elementwise, with broadcasting."""
    shape = broadcast(input.shape, other.shape)
    pairs = zip(np.broadcast_to(input, shape).flat, np.broadcast_to(other, shape).flat, strict=True)
    return graph.count(tensor([_larger(graph, p, q) for p, q in pairs], shape))


def _larger(graph: Graph, a: Any, b: Any) -> Any:
    return b + graph.kink(a - b)


def minimum(graph: Graph, input: Tensor, other: Tensor) -> Tensor:
    """min(a, b) = -max(-a, -b)."""
    return mapped(operator.neg, maximum(graph, mapped(operator.neg, input), mapped(operator.neg, other)))


def largest(graph: Graph, values: Sequence[Any]) -> Any:
    """The maximum of one or more values, by a tournament."""
    round_ = list(values)
    if not round_:
        raise ValueError("the maximum of no number is asked for")
    while len(round_) > 1:
        winners = [graph.count_one(_larger(graph, a, b)) for a, b in zip(round_[::2], round_[1::2], strict=False)]
        round_ = winners + round_[len(round_) - len(round_) % 2 :]
    return round_[0]


def clip(graph: Graph, x: Tensor, low: fmpq | None, high: fmpq | None) -> Tensor:
    """min(max(x, low), high): one kink for each bound, both in one layer; None is no bound."""
    if low is not None and high is not None and low > high:
        raise ValueError(f"the lower bound {low} of a clip exceeds the upper bound {high}")
    below = x if low is None else tensor([low + graph.kink(v - low) for v in x.flat], x.shape)
    above = None if high is None else tensor([graph.kink(v - high) for v in x.flat], x.shape)
    return graph.count(below if above is None else below - above)


@dataclass(frozen=True)
class Window:
    """A sliding window over spatial axes: one number for each axis, two (before, after) for the padding."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]
    dilations: tuple[int, ...]

    def places(self, spatial: Sequence[int], ceil_mode: bool = False) -> tuple[tuple[int, ...], NDArray[np.int64]]:
        """Shape of the output, and for each of its elements the flat indices under the window.

        -1 stands for the padding. In ``ceil_mode`` a last window that begins within the input may reach further: -2.
        """
        axes = zip(self.kernel, self.strides, self.pads, self.dilations, spatial, strict=True)
        shape, index = [], np.zeros((1, 1), dtype=np.int64)
        for kernel, stride, (before, after), dilation, size in axes:
            if min(kernel, stride, dilation) < 1 or min(before, after) < 0:
                raise ValueError(f"{self} must have positive kernel, strides, dilations and padding of at least 0")
            check_size((max(kernel, stride, dilation, before, after),))
            room = size + before + after - dilation * (kernel - 1) - 1
            if room < 0:
                raise ValueError(f"the window {self} is larger than its input of spatial shape {tuple(spatial)}")
            count = (-(-room // stride) if ceil_mode else room // stride) + 1
            count -= ceil_mode and (count - 1) * stride >= size + before
            check_size((len(index), count, index.shape[1], kernel))
            at = np.arange(count)[:, None] * stride + np.arange(kernel)[None, :] * dilation - before
            at = np.where((at >= 0) & (at < size), at, np.where(at < size + after, -1, -2))
            outer, inner = index[:, None, :, None], at[None, :, None, :]
            joined = np.where(np.minimum(outer, inner) < 0, np.minimum(outer, inner), outer * size + inner)
            index = joined.reshape(len(index) * count, -1)
            shape.append(count)
        return tuple(shape), index


def convolution(
    graph: Graph, x: Tensor, weight: Tensor, bias: Tensor | None, window: Window, groups: int = 1
) -> Tensor:
    """Cross-correlation of (1, channels, *spatial) with (out, channels / groups, *kernel)."""
    batch, channels = x.shape[:2]
    out = weight.shape[0]
    if groups < 1 or out % groups or channels != weight.shape[1] * groups or weight.ndim != x.ndim:
        raise ValueError(f"a weight of shape {weight.shape} in {groups} groups does not fit the shape {x.shape}")
    if not is_constant(weight) or (bias is not None and (not is_constant(bias) or bias.shape != (out,))):
        raise ValueError("weight and bias of a convolution must be constant, the bias one number per channel")
    shape, places = window.places(x.shape[2:])
    check_size((batch, out, *shape))
    made = []
    for image in x.reshape(batch, channels, -1):
        for o in range(out):
            first = o // (out // groups) * weight.shape[1]
            kernel = weight[o].reshape(weight.shape[1], -1)
            for place in places:
                taps = np.flatnonzero(place >= 0)
                values = image[first : first + weight.shape[1]][:, place[taps]].ravel()
                start = fmpq(0) if bias is None else bias[o]
                made.append(graph.count_one(combination(values, kernel[:, taps].ravel(), start)))
    return tensor(made, (batch, out, *shape))


def max_pool(graph: Graph, x: Tensor, window: Window, ceil_mode: bool = False) -> Tensor:
    """Maximum over each window of (1, channels, *spatial), padding left out."""
    shape, places = window.places(x.shape[2:], ceil_mode)
    if (places < 0).all(axis=1).any():
        raise ValueError(f"a window of {window} lies wholly in the padding, where the maximum is that of no number")
    made = [largest(graph, values) for values, _ in _windows(x, places)]
    return tensor(made, (*x.shape[:2], *shape))


def average_pool(
    graph: Graph, x: Tensor, window: Window, count_padding: bool, ceil_mode: bool = False, divisor: int | None = None
) -> Tensor:
    """Average over each window of (1, channels, *spatial), zeros in the padding counted or not.

    What a partial window has beyond the padding is never counted.
    """
    shape, places = window.places(x.shape[2:], ceil_mode)
    made = []
    for values, taps in _windows(x, places):
        count = divisor or (taps if count_padding else len(values))
        if not count:
            raise ValueError(f"a window of {window} lies wholly in the padding")
        made.append(graph.count_one(mean(values, count)))
    return tensor(made, (*x.shape[:2], *shape))


def mean(values: Sequence[Any], count: int) -> Any:
    """Sum of values divided by ``count``."""
    if not count:
        raise ValueError("the mean of no number is asked for")
    return combination(values, [fmpq(1, count)] * len(values))


def _windows(x: Tensor, places: NDArray[np.int64]) -> Iterator[tuple[list[Any], int]]:
    for image in x.reshape(x.shape[0] * x.shape[1], -1):
        for place in places:
            yield list(image[place[place >= 0]]), int((place >= -1).sum())


def batch_normalisation(
    graph: Graph, x: Tensor, scale: Tensor, shift: Tensor, mean_: Tensor, variance: Tensor, epsilon: fmpq
) -> Tensor:
    """(x - mean) * scale / sqrt(variance + epsilon) + shift for each channel, axis 1, with known statistics.

    The factor scale / sqrt(variance + epsilon) is exact where the root is rational, else the float64 nearest to it:
    the only number in a loaded network that is rounded.
    """
    parameters = (scale, shift, mean_, variance)
    if x.ndim < 2 or any(p.shape != (x.shape[1],) or not is_constant(p) for p in parameters):
        raise ValueError(f"batch normalisation of shape {x.shape} needs one constant per channel in each parameter")
    factors = [_over_root(a, v + epsilon) for a, v in zip(scale, variance, strict=True)]
    shifts = [b - m * f for b, m, f in zip(shift, mean_, factors, strict=True)]
    channel = (len(factors),) + (1,) * (x.ndim - 2)
    return graph.count(x * tensor(factors, channel) + tensor(shifts, channel))


def _over_root(value: fmpq, square: fmpq) -> fmpq:
    """value / sqrt(square), exactly or rounded to float64."""
    if square <= 0:
        raise ValueError(f"variance + epsilon must be positive, got {square}")
    product = int(square.p) * int(square.q)  # sqrt(p/q) = sqrt(pq)/q
    root = math.isqrt(product)
    if root * root == product:
        return value * fmpq(int(square.q), root)
    near = value * fmpq(int(square.q) << 200, math.isqrt(product << 400))
    rounded = int(near.p) / int(near.q)
    return fmpq(*rounded.as_integer_ratio())


def one_window(spatial: Sequence[int]) -> Window:
    """The window that covers everything: global pooling."""
    rank = len(spatial)
    return Window(tuple(spatial), (1,) * rank, ((0, 0),) * rank, (1,) * rank)
