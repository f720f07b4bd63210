"""Nearest neighbours on another grid; runtimes find them in float32, and where that could matter it is refused."""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from tropical.arithmetic.rationals import as_fraction
from tropical.formats.lowering import Graph, Tensor, is_constant
from tropical.formats.operators.call import Call
from tropical.formats.operators.entry import Operator, axis_of, images
from tropical.formats.tensors import check_size, integers

_MOST = 4096
_Number = Any  # a Fraction or a float32, computed with alike
_Rule = Callable[[_Number], int]
_Coordinate = Callable[[int, Callable[[float], _Number], int, int], _Number]

_ROUND: dict[str, _Rule] = {
    "floor": math.floor,
    "ceil": math.ceil,
    "round_prefer_floor": lambda c: math.ceil(c - type(c)(0.5)),
    "round_prefer_ceil": lambda c: math.floor(c + type(c)(0.5)),
}


def _half_pixel(i: int, over: Callable[[float], _Number], size: int, new: int) -> _Number:
    centre = over(i + 0.5)
    return centre - type(centre)(0.5)


def _align_corners(i: int, over: Callable[[float], _Number], size: int, new: int) -> _Number:
    kind = type(over(0))
    return kind(i * (size - 1)) / kind(max(new - 1, 1))


_COORDINATES: dict[str, _Coordinate] = {  # over(v) is v divided by the scale
    "half_pixel": _half_pixel,
    "pytorch_half_pixel": lambda i, over, size, new: _half_pixel(i, over, size, new) if new > 1 else over(0),
    "asymmetric": lambda i, over, size, new: over(i),
    "align_corners": _align_corners,
    "tf_half_pixel_for_nn": lambda i, over, size, new: over(i + 0.5),
}


def _sources(size: int, new: int, scale: Fraction, coordinate: _Coordinate, rule: _Rule) -> list[int]:
    """Where each of the new elements of an axis comes from."""
    divisions: tuple[Callable[[float], _Number], ...] = (
        lambda v: Fraction(v) / scale,
        lambda v: np.float32(v) / np.float32(scale),
        lambda v: np.float32(v) * np.float32(1 / scale),
    )
    found = []
    if new > _MOST:
        raise ValueError(f"an axis of {new} elements, at most {_MOST} are resized")
    for i in range(new):
        exact, *single = (min(max(rule(coordinate(i, over, size, new)), 0), size - 1) for over in divisions)
        if single != [exact, exact]:
            raise ValueError(f"which element is nearest to place {i} of {new} depends on rounding: scale {scale}")
        found.append(exact)
    return found


def _resized(x: Tensor, axes: Sequence[tuple[int, int, Fraction]], coordinate: _Coordinate, rule: _Rule) -> Tensor:
    """Each of the axes (axis, new size, scale) with the nearest elements."""
    sizes = {axis: new for axis, new, _ in axes}
    check_size([sizes.get(i, n) for i, n in enumerate(x.shape)])
    for axis, new, scale in axes:
        if new < 1 or scale <= 0:
            raise ValueError(f"axis {axis} of shape {x.shape} cannot have the size {new}")
        x = np.take(x, _sources(x.shape[axis], new, scale, coordinate, rule), axis=axis)
    return x


def _interpolate(
    graph: Graph,
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: Any = None,
    recompute_scale_factor: Any = None,
    antialias: bool = False,
) -> Tensor:
    if mode not in ("nearest", "nearest-exact"):
        raise ValueError(f"mode {mode!r} is not supported: 'nearest' and 'nearest-exact' are")
    given, axes = (scale_factor if size is None else size), []
    values = list(given) if isinstance(given, Sequence) else [given] * (images(input).ndim - 2)
    for axis, (value, old) in enumerate(zip(values, input.shape[2:], strict=True), 2):
        new = int(value) if size is not None else math.floor(old * float(value))
        kept = size is None and not recompute_scale_factor
        axes.append((axis, new, Fraction(float(value)) if kept else Fraction(new, old)))
    name = "asymmetric" if mode == "nearest" else "tf_half_pixel_for_nn"
    return _resized(input, axes, _COORDINATES[name], math.floor)


def _resize(call: Call) -> Tensor:
    x = call.x()
    mode, rounding = call.text("mode", "nearest"), call.text("nearest_mode", "round_prefer_floor")
    transformation = call.text("coordinate_transformation_mode", "half_pixel")
    call.skip("cubic_coeff_a", "exclude_outside", "extrapolation_value")
    policy, antialias = call.text("keep_aspect_ratio_policy", "stretch"), call.take("antialias", 0)
    axes = [axis_of(a, x.ndim) for a in call.sizes("axes", range(x.ndim))]
    if mode != "nearest" or policy != "stretch" or antialias:
        raise ValueError(f"mode {mode!r}, policy {policy!r}, antialias {antialias}: only plain 'nearest' is supported")
    if transformation not in _COORDINATES or rounding not in _ROUND:
        raise ValueError(f"coordinates {transformation!r} with {rounding!r} are not supported")
    if call.opset < 11:
        transformation, rounding = "asymmetric", "floor"
    return _resized(x, _new_sizes(call, x, axes), _COORDINATES[transformation], _ROUND[rounding])


def _new_sizes(call: Call, x: Tensor, axes: Sequence[int]) -> list[tuple[int, int, Fraction]]:
    scales, sizes = call.optional(1 if call.opset < 11 else 2), call.optional(3)
    by_sizes = sizes is not None and sizes.size
    given = sizes if by_sizes else scales
    if given is None or not is_constant(given) or given.size != len(axes):
        raise ValueError(f"scales or sizes must be one constant for each of the axes {list(axes)}")
    if by_sizes:
        new = integers(given, "sizes")
        factors = [Fraction(n, x.shape[a]) for n, a in zip(new, axes, strict=True)]
    else:
        factors = list(map(as_fraction, given.flat))
        new = [math.floor(x.shape[a] * f) for a, f in zip(axes, factors, strict=True)]
    return [(a, n, f) for a, n, f in zip(axes, new, factors, strict=True) if f != 1]


def _upsample(call: Call) -> Tensor:
    x, mode = call.x(), call.text("mode", "nearest")
    scales = call.numbers("scales") if call.opset < 9 else list(call.constant(1, "scales").flat)
    if mode != "nearest" or len(scales) != x.ndim:
        raise ValueError(f"mode {mode!r} with {len(scales)} scales is not supported: 'nearest' with one an axis is")
    factors = list(map(as_fraction, scales))
    axes = [(i, math.floor(n * f), f) for i, (n, f) in enumerate(zip(x.shape, factors, strict=True)) if f != 1]
    return _resized(x, axes, _COORDINATES["asymmetric"], math.floor)


RESIZING: Sequence[Operator] = (
    Operator("resize", "Nearest neighbours on a finer or coarser grid, where the choice does not depend on rounding.",
             {"Resize": _resize, "Upsample": _upsample},
             {"F.interpolate F.upsample nn.Upsample nn.UpsamplingNearest2d": _interpolate}),
)  # fmt: skip
