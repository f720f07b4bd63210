"""Along axes: sums, means, extrema, running sums, the largest few."""

import math
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from flint import fmpq

from tropical.formats import tensors
from tropical.formats.lowering import Graph, Tensor, tensor
from tropical.formats.operators.call import Call
from tropical.formats.operators.constants import square_root
from tropical.formats.operators.elementwise import add, magnitude
from tropical.formats.operators.entry import Function, Operator, axes_of, axis_of

_MOST_FACTORS = 1000
_Fold = Callable[[Graph, list[Any]], Any]


def reduced(graph: Graph, x: Tensor, fold: _Fold, axes: Any, keep: bool) -> Tensor:
    """One value for all elements along the axes; all axes where none are given."""
    chosen = axes_of(axes, x.ndim)
    rest = [i for i in range(x.ndim) if i not in chosen]
    rows = x.transpose([*rest, *chosen]).reshape(math.prod(x.shape[i] for i in rest), -1)
    folded = tensor([graph.count_one(fold(graph, list(row))) for row in rows], (len(rows),))
    return folded.reshape([1 if i in chosen else n for i, n in enumerate(x.shape) if keep or i not in chosen])


def _onnx(fold: _Fold, since: int, first: Callable[[Call], Tensor] = Call.x) -> Callable[[Call], Tensor]:
    def apply(call: Call) -> Tensor:
        x, axes = first(call), call.indices("axes", 1, since)
        keep, idle = call.take("keepdims", 1), call.take("noop_with_empty_axes", 0)
        return x if not axes and idle else reduced(call.graph, x, fold, axes, bool(keep))

    return apply


def _torch(fold: _Fold) -> Function:
    def apply(graph: Graph, input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
        return reduced(graph, input, fold, dim, keepdim)

    return apply


def total(graph: Graph, values: list[Any]) -> Any:
    """The sum."""
    return tensors.mean(values, 1)


def _mean(graph: Graph, values: list[Any]) -> Any:
    return tensors.mean(values, len(values))


def _smallest(graph: Graph, values: list[Any]) -> Any:
    return -tensors.largest(graph, [-value for value in values])


class _Extremes(NamedTuple):
    values: Tensor
    indices: None = None  # which no network computes


def _torch_extreme(fold: _Fold, pairwise: Callable[[Graph, Tensor, Tensor], Tensor]) -> Function:
    def apply(graph: Graph, input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
        if isinstance(dim, np.ndarray):
            return pairwise(graph, input, dim)
        values = reduced(graph, input, fold, dim, keepdim)
        return values if dim is None else _Extremes(values)

    return apply


def _magnitudes(call: Call) -> Tensor:
    return magnitude(call.graph, call.x())


def _norm(call: Call) -> Tensor:
    x = call.constant(0, "its input, of which it is no piecewise-linear function,")
    squares = _onnx(total, 18, lambda call: np.asarray(x * x, dtype=object))(call)
    return tensor([square_root(q, call.kind) for q in squares.flat], squares.shape)


def _square_sum(call: Call) -> Tensor:
    x = call.constant(0, "its input, of which it is no piecewise-linear function,")
    return _onnx(total, 18, lambda call: np.asarray(x * x, dtype=object))(call)


def _product(call: Call) -> Tensor:
    if call.constant(0, "its input, of which it is no piecewise-linear function,").size > _MOST_FACTORS:
        raise ValueError(f"has more than {_MOST_FACTORS} factors")
    return _onnx(lambda graph, values: math.prod(values, start=fmpq(1)), 18)(call)


def _running_sum(graph: Graph, x: Tensor, axis: int) -> Tensor:
    parts = list(np.moveaxis(x, axis_of(axis, x.ndim), 0)[:, None])
    sums = accumulate(parts, lambda a, b: add(graph, a, b))  # which counts terms as it goes
    return np.moveaxis(np.concatenate(list(sums)), 0, axis)


def _cumsum(graph: Graph, input: Tensor, dim: int) -> Tensor:
    return _running_sum(graph, input, dim)


def _onnx_cumsum(call: Call) -> Tensor:
    x = call.x()
    axis = axis_of(call.integer("axis", 1), x.ndim)
    x = np.flip(x, axis) if (back := call.take("reverse", 0)) else x
    made = _running_sum(call.graph, x, axis)
    made = call.graph.count(made - x) if call.take("exclusive", 0) else made
    return np.flip(made, axis) if back else made


def _largest_few(graph: Graph, values: Sequence[Any], count: int) -> list[Any]:
    """The ``count`` largest values, the largest first: each value is sorted into those before it."""
    best: list[Any] = []
    for value in values:
        for place, other in enumerate(best):
            excess = graph.kink(value - other)
            best[place], value = graph.count_one(other + excess), graph.count_one(value - excess)
        if len(best) < count:
            best.append(value)
    return best


def _chosen(graph: Graph, x: Tensor, count: int, axis: int, largest: bool) -> Tensor:
    axis = axis_of(axis, x.ndim)
    if not 1 <= count <= x.shape[axis]:
        raise ValueError(f"{count} of the {x.shape[axis]} elements of axis {axis}")
    rows = np.moveaxis(x if largest else -x, axis, -1)
    made = [v for row in rows.reshape(-1, x.shape[axis]) for v in _largest_few(graph, list(row), count)]
    result = np.moveaxis(tensor(made, (*rows.shape[:-1], count)), -1, axis)
    return result if largest else -result


def _onnx_top_k(call: Call) -> Tensor:
    call.only_first("indices of the largest")
    count = call.take("k", 0) if call.opset < 10 else call.integer("k", 1)
    if not call.take("sorted", 1) and count > 1:
        raise ValueError("sorted = 0 leaves the order open")
    return _chosen(call.graph, call.x(), count, call.take("axis", -1), bool(call.take("largest", 1)))


def _top_k(graph: Graph, input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    return _Extremes(_chosen(graph, input, k, dim, largest))


def _sort(graph: Graph, input: Tensor, dim: int = -1, descending: bool = False) -> Any:
    return _Extremes(_chosen(graph, input, input.shape[axis_of(dim, input.ndim)], dim, descending))


def _attribute(graph: Graph, input: Any, name: str) -> Any:
    if isinstance(input, _Extremes) and name == "values":
        return input.values
    if not isinstance(input, np.ndarray) or name not in ("shape", "ndim", "T", "mT"):
        raise ValueError(f"attribute {name!r} is not supported")
    return input.swapaxes(-1, -2) if name == "mT" and input.ndim > 1 else getattr(input, name)


REDUCTIONS: Sequence[Operator] = (
    Operator("sum along axes", "The sum of the elements along axes.", {"ReduceSum": _onnx(total, 13)},
             {"torch.sum .sum": _torch(total)}),
    Operator("mean along axes", "The mean of the elements along axes.", {"ReduceMean": _onnx(_mean, 18)},
             {"torch.mean .mean": _torch(_mean)}),
    Operator("maximum along axes", "The largest element along axes; torch's indices are not to be read.",
             {"ReduceMax": _onnx(tensors.largest, 18)},
             {"torch.amax .amax": _torch(tensors.largest),
              "torch.max .max": _torch_extreme(tensors.largest, tensors.maximum)}),
    Operator("minimum along axes", "The smallest element along axes; torch's indices are not to be read.",
             {"ReduceMin": _onnx(_smallest, 18)},
             {"torch.amin .amin": _torch(_smallest), "torch.min .min": _torch_extreme(_smallest, tensors.minimum)}),
    Operator("sum of absolute values", "The sum of |x| along axes.", {"ReduceL1": _onnx(total, 18, _magnitudes)}),
    Operator("norms of constants", "Euclidean norm, sum of squares and product along axes, of constants alone.",
             {"ReduceL2": _norm, "ReduceSumSquare": _square_sum, "ReduceProd": _product}),
    Operator("running sum", "The sum of all elements up to each.", {"CumSum": _onnx_cumsum},
             {"torch.cumsum .cumsum": _cumsum}),
    Operator("largest few", "The k largest or smallest elements in order, without their indices.",
             {"TopK": _onnx_top_k}, {"torch.topk .topk": _top_k, "torch.sort .sort": _sort}),
    Operator("attributes", "The shape, the rank and the transpose of a tensor; the values of extrema.",
             torch={"builtins.getattr": _attribute}),
)  # fmt: skip
