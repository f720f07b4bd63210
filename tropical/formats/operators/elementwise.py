"""Sums, products and their like, element by element."""

import operator
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from flint import fmpq

from tropical.formats.lowering import Graph, Positive, Tensor, mapped, tensor
from tropical.formats.operators.call import Call
from tropical.formats.operators.entry import Function, Operator, as_tensor
from tropical.formats.operators.kinds import INTEGERS, cast, truncated
from tropical.formats.tensors import elementwise, integers, maximum, minimum

_Binary = Callable[[Graph, Tensor, Tensor], Tensor]


def add(graph: Graph, a: Tensor, b: Tensor) -> Tensor:
    """a + b with broadcasting."""
    return elementwise(graph, operator.add, a, b)


def multiply(graph: Graph, a: Tensor, b: Tensor) -> Tensor:
    """a b with broadcasting: one factor a number, or a comparison, which keeps the other where it holds."""
    if not any(isinstance(value, Positive) for value in (*a.flat, *b.flat)):
        return elementwise(graph, operator.mul, a, b)

    def product(p: Any, q: Any) -> Any:
        p, q = (p, q) if isinstance(p, Positive) else (q, p)
        return graph.select(p, q, fmpq(0)) if isinstance(p, Positive) else p * q

    return elementwise(graph, product, a, b)


def scaled(graph: Graph, x: Tensor, factor: fmpq) -> Tensor:
    """The tensor times a number."""
    return x if factor == 1 else elementwise(graph, operator.mul, x, tensor([factor], ()))


def _onnx(operation: _Binary) -> Callable[[Call], Tensor]:
    return lambda call: reduce(lambda a, b: operation(call.graph, a, b), call.all())


def _torch(python: Callable[[Any, Any], Any], operation: _Binary) -> Function:
    def apply(graph: Graph, input: Any, other: Any, *, alpha: Any = 1) -> Any:
        if isinstance(input, int) and isinstance(other, int):
            return python(input, other)
        other = as_tensor(other)
        return operation(
            graph, as_tensor(input), other if alpha == 1 else scaled(graph, other, as_tensor(alpha).item())
        )

    return apply


def _subtract(graph: Graph, a: Tensor, b: Tensor) -> Tensor:
    return elementwise(graph, operator.sub, a, b)


def _divide(graph: Graph, a: Tensor, b: Tensor) -> Tensor:
    return elementwise(graph, operator.truediv, a, b)


def _floor_divide(graph: Graph, a: Tensor, b: Tensor) -> Tensor:
    raise ValueError("the floor of a quotient is not piecewise linear")


def _quotient(call: Call) -> Tensor:
    if call.kind not in INTEGERS:
        return _divide(call.graph, call.x(0), call.x(1))
    for index in (0, 1):
        integers(call.x(index), "the terms of an integer division")
    return elementwise(call.graph, lambda p, q: fmpq(truncated(p / _nonzero(q))), call.x(0), call.x(1))


def _nonzero(value: fmpq) -> fmpq:
    if not value:
        raise ValueError("division by zero")
    return value


def _mean(call: Call) -> Tensor:
    terms = call.all()
    return scaled(call.graph, reduce(lambda a, b: add(call.graph, a, b), terms), fmpq(1, len(terms)))


def negative(graph: Graph, input: Any) -> Any:
    """-x."""
    return -input if isinstance(input, int) else mapped(lambda v: graph.count_one(-v), input)


def magnitude(graph: Graph, input: Tensor) -> Tensor:
    """|x|, one unit of slopes (-1, 1) each."""
    return graph.unit(input, fmpq(-1))


def _same(graph: Graph, input: Tensor) -> Tensor:
    return input


def _copy(graph: Graph, input: Tensor) -> Tensor:
    return input.copy()


def _dropout(graph: Graph, input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    if training:
        raise ValueError("is in training mode: call eval() first")
    return input


def _functional_dropout(
    graph: Graph, input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Any:
    return _dropout(graph, input, p, training)


def _onnx_dropout(call: Call) -> Tensor:
    call.skip("ratio", "seed")
    call.only_first("masks of a dropout")
    training = call.optional(2)
    return _dropout(call.graph, call.x(), training=training is not None and any(training.flat))


def _cast(call: Call) -> Tensor:
    call.skip("saturate", "round_mode")
    source, call.kind = call.kind, call.element_type("to")
    return cast(call.x(), source, call.kind)


def _cast_like(call: Call) -> Tensor:
    call.skip("saturate", "round_mode")
    source, call.kind = call.kind, call.kind_of(1)
    return cast(call.x(), source, call.kind)


ELEMENTWISE: Sequence[Operator] = (
    Operator("sum", "x + y.", {"Add": _onnx(add), "Sum": _onnx(add)},
             {"operator.add operator.iadd torch.add .add .add_": _torch(operator.add, add)}),
    Operator("difference", "x - y.", {"Sub": _onnx(_subtract)},
             {"operator.sub operator.isub torch.sub .sub .sub_": _torch(operator.sub, _subtract)}),
    Operator("product", "x y, where one of them is constant, or a comparison and the product continuous.",
             {"Mul": _onnx(multiply)},
             {"operator.mul operator.imul torch.mul .mul .mul_": _torch(operator.mul, multiply)}),
    Operator("quotient", "x / c for a constant c; integers lose their fraction.", {"Div": _quotient},
             {"operator.truediv torch.div .div .div_": _torch(operator.truediv, _divide),
              "operator.floordiv": _torch(operator.floordiv, _floor_divide)}),
    Operator("mean of several", "The sum of any number of tensors, divided by it.", {"Mean": _mean}),
    Operator("maximum", "max(x, y, ...).", {"Max": _onnx(maximum)}, {"torch.maximum .maximum": maximum}),
    Operator("minimum", "min(x, y, ...).", {"Min": _onnx(minimum)}, {"torch.minimum .minimum": minimum}),
    Operator("negative", "-x.", {"Neg": lambda c: negative(c.graph, c.x())}, {"operator.neg torch.neg .neg": negative}),
    Operator("absolute value", "|x|.", {"Abs": lambda c: magnitude(c.graph, c.x())},
             {"builtins.abs operator.abs torch.abs .abs": magnitude}),
    Operator("identity", "x.", {"Identity": lambda c: c.x()},
             {"nn.Identity .contiguous .detach torch.detach": _same, ".clone torch.clone": _copy}),
    Operator("dropout", "x, in evaluation mode alone.", {"Dropout": _onnx_dropout},
             {"F.dropout F.dropout1d F.dropout2d F.dropout3d F.alpha_dropout": _functional_dropout,
              "nn.Dropout nn.Dropout1d nn.Dropout2d nn.Dropout3d nn.AlphaDropout": _dropout}),
    Operator("cast", "x in an element type that holds it exactly; constants become integers without their fraction.",
             {"Cast": _cast, "CastLike": _cast_like}),
)  # fmt: skip
