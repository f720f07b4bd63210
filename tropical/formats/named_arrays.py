"""Networks as named arrays: weight_0, bias_0, slopes_0, weight_1, ...; shapes are checked before numbers are read.

``weight_l`` has shape (n_out, n_in); ``bias_l`` (n_out,) may be left out where it is 0, ``slopes_l`` (n_out, 2) where
the layer is ReLU; the last layer has no slopes.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tropical.arithmetic.rationals import saturated
from tropical.files import check_count, shown
from tropical.functions.layer import RELU
from tropical.functions.network import ReLUNetwork

Shape = tuple[int, ...]
Arrays = dict[str, NDArray[Any]]

_NAME = re.compile(r"(weight|bias|slopes)_(0|[1-9][0-9]{0,5})")


@dataclass(frozen=True)
class NamedArrays:
    """The arrays of a file: the shape of each, in the order of the file, and the function that reads one by its name.

    ``in_order`` says that the order is that in which they were saved, ``relu_stated`` that the file itself says that
    ReLU stands between its layers.
    """

    shapes: Mapping[str, Shape]
    read: Callable[[str], NDArray[Any]]
    in_order: bool = True
    relu_stated: bool = False


def check_shapes(shapes: Mapping[str, Shape]) -> None:
    """``ValueError`` unless arrays of these names and shapes make up a network of bearable size.

    >>> check_shapes({"weight_0": (3, 2), "weight_1": (1, 4)})
    Traceback (most recent call last):
    ...
    ValueError: layer 1: weight has shape (1, 4), but layer 0 has shape (3, 2)
    """
    for name in shapes:
        if not _NAME.fullmatch(name):
            raise ValueError(f"unknown array {short_name(name)}: expected weight_0, bias_0, slopes_0, weight_1, ...")
    for name, shape in shapes.items():
        expected = 1 if name.startswith("bias") else 2
        if len(shape) != expected:
            raise ValueError(f"array {name!r} must have {expected} dimensions, got shape {shape_text(shape)}")
        if min(shape) < 0:
            raise ValueError(f"array {name!r} has a negative dimension: {shape_text(shape)}")
    check_count(sum(map(prod, shapes.values())))
    depth = _depth(shapes)
    weights = [shapes[f"weight_{index}"] for index in range(depth)]
    for index, weight in enumerate(weights):
        if 0 in weight:
            raise ValueError(f"layer {index}: weight is empty, shape {weight}")
        bias, slopes = shapes.get(f"bias_{index}"), shapes.get(f"slopes_{index}")
        if bias is not None and bias != weight[:1]:
            raise ValueError(f"layer {index}: bias has length {bias[0]} but the weight has shape {weight}")
        if slopes is not None and slopes != (weight[0], 2):
            raise ValueError(f"slopes_{index} must have shape ({weight[0]}, 2), got {slopes}")
    for index, (first, second) in enumerate(pairwise(weights)):
        if second[1] != first[0]:
            raise ValueError(f"layer {index + 1}: weight has shape {second}, but layer {index} has shape {first}")


def _depth(names: Iterable[str]) -> int:
    names = list(names)
    depth = sum(name.startswith("weight_") for name in names)
    if not depth:
        raise ValueError("array weight_0 is missing: a network needs at least one weight matrix")
    for index in range(depth):
        if f"weight_{index}" not in names:
            raise ValueError(f"array weight_{index} is missing")
    stray = [name for name in names if int(name.split("_")[1]) >= depth or name == f"slopes_{depth - 1}"]
    if stray:
        raise ValueError(f"array {stray[0]} belongs to no hidden layer: there are {depth} weights")
    return depth


def network_of(arrays: Arrays) -> ReLUNetwork:
    """The network of arrays of checked shapes, each float taken exactly; ``ValueError`` for NaN and infinity."""
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            place = np.argwhere(~np.isfinite(array))[0].tolist()
            kind, layer = name.split("_")
            where = f"layer {layer}: {kind}" + "".join(f"[{i}]" for i in place)
            raise ValueError(f"{where} must be finite, got {array[tuple(place)]}")
    depth = _depth(arrays)
    slopes = [arrays.get(f"slopes_{index}") for index in range(depth - 1)]
    return ReLUNetwork.from_arrays(
        [arrays[f"weight_{index}"] for index in range(depth)],
        [arrays.get(f"bias_{index}") for index in range(depth)],
        [None if pairs is None else [list(pair) for pair in pairs.tolist()] for pairs in slopes],
    )


def exact_arrays(net: ReLUNetwork) -> dict[str, NDArray[np.float64]]:
    """The arrays of a network in float64; ``ValueError`` if a parameter is no float64, which only JSON can hold."""
    arrays = {}
    for index, layer in enumerate(net.layers):
        arrays[f"weight_{index}"] = _exact_floats(layer.weight, f"layer {index}: weight")
        arrays[f"bias_{index}"] = _exact_floats([layer.bias], f"layer {index}: bias")[0]
        if index < len(net.layers) - 1 and any(pair != RELU for pair in layer.slopes):
            arrays[f"slopes_{index}"] = _exact_floats(layer.slopes, f"layer {index}: slopes")
    return arrays


def _exact_floats(rows: Iterable[Iterable[Fraction]], where: str) -> NDArray[np.float64]:
    return np.array([[_exact_float(q, where) for q in row] for row in rows], dtype=np.float64)


def _exact_float(q: Fraction, where: str) -> float:
    value = saturated(q)
    if value - value != 0 or value.as_integer_ratio() != (q.numerator, q.denominator):
        raise ValueError(f"{where} holds a number that no float64 equals (about {_rough(q)}): save it as .json")
    return value


def _rough(q: Fraction) -> str:
    return str(q) if max(abs(q.numerator), q.denominator).bit_length() <= 64 else "a long rational"


def shape_text(shape: Shape) -> str:
    """A shape as Python writes it, its first dimensions if there are many."""
    return f"({', '.join(map(shown, shape[:8]))}{', ...' if len(shape) > 8 else ',' * (len(shape) == 1)})"


def short_name(name: str) -> str:
    """The name of an array in quotes, its beginning if it is long."""
    return repr(name[:60])
