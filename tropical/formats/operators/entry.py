"""What the table of operators is made of, and the forms in which torch gives numbers and sizes."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from flint import fmpq

from tropical.formats import tensors
from tropical.formats.lowering import Tensor
from tropical.formats.operators.call import Call

Function = Callable[..., Any]
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Operator:
    """One operation: what it computes, and under which names and with which arguments ONNX and torch call it.

    ``onnx`` has a function of a :class:`Call` for each operator type. ``torch`` has functions of the graph and torch's
    arguments, under torch's names for them, each for several names in one text: "torch.relu F.relu .relu nn.ReLU".
    There F is torch.nn.functional and a dot begins a method; a module is called like the function, its attributes being
    the arguments of the same names.
    """

    name: str
    meaning: str
    onnx: Mapping[str, Callable[[Call], Any]] = field(default_factory=lambda: _NOTHING)
    torch: Mapping[str, Function] = field(default_factory=lambda: _NOTHING)


def axis_of(value: int, rank: int) -> int:
    """An axis that may be counted from the end, counted from the start."""
    if not isinstance(value, int) or not -rank <= value < rank:
        raise ValueError(f"axis {value} is out of range for a tensor of rank {rank}")
    return value % rank


def axes_of(values: Any, rank: int) -> list[int]:
    """Distinct axes, all where none are given: None or an empty sequence."""
    chosen = [values] if isinstance(values, int) else list(values or range(rank))
    return sorted({axis_of(value, rank) for value in chosen})


def number(value: Any) -> fmpq:
    """A finite number, exactly."""
    if isinstance(value, fmpq):
        return value
    if not math.isfinite(float(value)):
        raise ValueError(f"a number must be finite, got {value}")
    return fmpq(*float(value).as_integer_ratio())


def as_tensor(value: Any) -> Tensor:
    """A tensor, or a Python number as one."""
    if isinstance(value, np.ndarray):
        return value
    if not isinstance(value, (int, float)):
        raise ValueError(f"a tensor or a number is needed, got {type(value).__name__}")
    return tensors.exact(np.array(value), "a number in forward")


def each(value: Any, rank: int) -> tuple[int, ...]:
    """One integer for each of the spatial axes."""
    return tuple(value) if isinstance(value, Sequence) else (value,) * rank


def listed(values: Sequence[Any]) -> list[Any]:
    """Arguments given one by one or as one sequence."""
    return list(values[0]) if len(values) == 1 and isinstance(values[0], Sequence) else list(values)


def images(x: Tensor, rank: int | None = None) -> Tensor:
    """The tensor, if it has a batch axis, channels and ``rank`` (at least one) spatial axes."""
    if rank is not None and x.ndim != rank + 2:
        raise ValueError(f"needs a tensor of {rank + 2} axes (batch, channels, ...), got shape {x.shape}")
    if x.ndim < 3:
        raise ValueError(f"needs axes (batch, channels, ...), got shape {x.shape}")
    return x


def by_rank(names: str, make: Callable[[int], Function]) -> dict[str, Function]:
    """The functions for one, two and three spatial axes: "conv Conv" stands for F.conv1d, nn.Conv1d, F.conv2d, ..."""
    function, module = names.split()
    return {f"F.{function}{rank}d nn.{module}{rank}d": make(rank) for rank in (1, 2, 3)}
