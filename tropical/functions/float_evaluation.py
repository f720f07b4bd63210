"""Layers in float64: their parameters, each rounded once, kept beside the exact ones but no part of their value."""

import functools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from tropical.arithmetic.rationals import saturated
from tropical.functions.layer import Layer

Floats = NDArray[np.float64]
S = TypeVar("S")
T = TypeVar("T")


def once_per_object(compute: Callable[[S], T]) -> Callable[[S], T]:
    """The same function of a layer or a network, computed once for each and kept with it as a cached property is."""

    @functools.wraps(compute)
    def kept(owner: S) -> T:
        name = _name(compute)
        if name not in owner.__dict__:
            owner.__dict__[name] = compute(owner)
        found: T = owner.__dict__[name]
        return found

    return kept


def _name(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__qualname__}"


@once_per_object
def rounded_arrays(layer: Layer) -> tuple[Floats, Floats]:
    """Weight (n_out, n_in) and bias (n_out,) rounded to float64, infinite where they exceed its range."""
    return _saturated_rows(layer.weight), _saturated_rows([layer.bias])[0]


@once_per_object
def holds_floats(layer: Layer) -> bool:
    """Whether every weight and bias is a float64 number, so that they equal their :func:`rounded_arrays`."""
    weight, bias = (array.tolist() for array in rounded_arrays(layer))
    pairs = ((f, q) for floats, row in zip([*weight, bias], [*layer.weight, layer.bias], strict=True)
             for f, q in zip(floats, row, strict=True))  # fmt: skip
    return all(math.isfinite(f) and f.as_integer_ratio() == q.as_integer_ratio() for f, q in pairs)


@once_per_object
def float_arrays(layer: Layer) -> tuple[Floats, Floats, Floats]:
    """Weight (n_out, n_in), bias (n_out,) and slopes (n_out, 2), each rounded once to float64.

    Raises ``ValueError`` if one is beyond the range of float64.
    """
    arrays = (*rounded_arrays(layer), _saturated_rows(layer.slopes))
    if not all(np.isfinite(array).all() for array in arrays):
        raise ValueError("a parameter exceeds the range of float64; evaluate exactly by calling the network")
    return arrays


def keep_floats(layer: Layer, weight: Any, bias: Any) -> None:
    """Spare a layer made of these arrays their rounding, where they are float64 already."""
    if not isinstance(weight, np.ndarray) or weight.dtype != np.float64:
        return
    values = [0.0] * len(weight) if bias is None else bias.tolist() if hasattr(bias, "tolist") else bias
    exact = isinstance(values, list) and all(type(value) is float for value in values)
    floats = np.array(values) if exact else _saturated_rows([layer.bias])[0]
    layer.__dict__[_name(rounded_arrays)] = np.array(weight), floats  # not a view, and not of a subclass
    if exact:
        layer.__dict__[_name(holds_floats)] = True


def _saturated_rows(rows: Sequence[Sequence[Fraction]]) -> Floats:
    return np.array([[saturated(q) for q in row] for row in rows], dtype=np.float64)


def flat_product(stack: Floats, matrix: Floats) -> Floats:
    """stack @ matrix, for any stack of matrices, as one product: NumPy takes many times as long with one of each."""
    rows = stack.reshape(math.prod(stack.shape[:-1]), stack.shape[-1])
    found: Floats = (rows @ matrix).reshape(*stack.shape[:-1], matrix.shape[1])
    return found
