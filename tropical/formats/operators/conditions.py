"""Comparisons, and the choices between two values that are continuous."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from flint import fmpq

from tropical.formats.lowering import Graph, Positive, Tensor, is_constant, mapped, tensor
from tropical.formats.operators.call import Call
from tropical.formats.operators.entry import Function, Operator, as_tensor
from tropical.formats.tensors import broadcast, elementwise
from tropical.functions.circuit import Affine


def _sign(strict: bool) -> Callable[[Any, Any], Any]:
    """Whether p > q, or p >= q."""

    def compare(p: Any, q: Any) -> Any:
        difference = p - q
        if isinstance(difference, Affine):
            return Positive(difference)
        return fmpq(int(difference > 0 if strict else difference >= 0))

    return compare


def _compare(strict: bool, swapped: bool) -> Function:
    def apply(graph: Graph, input: Any, other: Any) -> Any:
        if isinstance(input, int) and isinstance(other, int):
            p, q = (other, input) if swapped else (input, other)
            return p > q if strict else p >= q
        a, b = as_tensor(input), as_tensor(other)
        shape = broadcast(a.shape, b.shape)
        pairs = zip(np.broadcast_to(a, shape).flat, np.broadcast_to(b, shape).flat, strict=True)
        compare = _sign(strict)
        return tensor([compare(q, p) if swapped else compare(p, q) for p, q in pairs], shape)

    return apply


def _truth(function: Function) -> Callable[[Call], Tensor]:
    def apply(call: Call) -> Tensor:
        call.kind = "BOOL"
        return function(call.graph, *call.all())  # type: ignore[no-any-return]

    return apply


def _not(graph: Graph, input: Tensor) -> Tensor:
    return mapped(lambda v: Positive(v.form.scaled(fmpq(-1))) if isinstance(v, Positive) else fmpq(int(not v)), input)


def _of_constants(function: Callable[[fmpq, fmpq], bool]) -> Function:
    def apply(graph: Graph, input: Any, other: Any) -> Tensor:
        a, b = as_tensor(input), as_tensor(other)
        if not is_constant(a) or not is_constant(b):
            raise ValueError("depends on the input of the network: only >, >=, <, <= and their negations may select")
        return elementwise(graph, lambda p, q: fmpq(int(function(p, q))), a, b)

    return apply


def _where(graph: Graph, condition: Tensor, input: Any, other: Any) -> Tensor:
    first, second = as_tensor(input), as_tensor(other)
    shape = broadcast(condition.shape, first.shape, second.shape)
    triples = zip(*(np.broadcast_to(t, shape).flat for t in (condition, first, second)), strict=True)
    return tensor([graph.select(c, p, q) for c, p, q in triples], shape)


def _onnx_where(call: Call) -> Tensor:
    call.kind = call.kind_of(1)
    return _where(call.graph, call.x(), call.x(1), call.x(2))


_GREATER, _GREATER_EQUAL = _compare(True, False), _compare(False, False)
_LESS, _LESS_EQUAL = _compare(True, True), _compare(False, True)
_EQUAL = _of_constants(lambda p, q: p == q)

CONDITIONS: Sequence[Operator] = (
    Operator("comparison", "x > y, x ≥ y, x < y or x ≤ y, to select with.",
             {"Greater": _truth(_GREATER), "GreaterOrEqual": _truth(_GREATER_EQUAL),
              "Less": _truth(_LESS), "LessOrEqual": _truth(_LESS_EQUAL)},
             {"operator.gt torch.gt .gt": _GREATER, "operator.ge torch.ge .ge": _GREATER_EQUAL,
              "operator.lt torch.lt .lt": _LESS, "operator.le torch.le .le": _LESS_EQUAL}),
    Operator("not", "The opposite of a comparison.", {"Not": _truth(_not)},
             {"torch.logical_not operator.invert": _not}),
    Operator("logic of constants", "Equality, and, or, exclusive or, of constants.",
             {"Equal": _truth(_EQUAL), "And": _truth(_of_constants(lambda p, q: bool(p and q))),
              "Or": _truth(_of_constants(lambda p, q: bool(p or q))),
              "Xor": _truth(_of_constants(lambda p, q: bool(p) != bool(q)))}),
    Operator("where", "x where a comparison holds, else y, if x and y are seen to agree where it changes.",
             {"Where": _onnx_where}, {"torch.where": _where, ".where": lambda g, input, condition, other:
              _where(g, condition, input, other)}),
)  # fmt: skip
