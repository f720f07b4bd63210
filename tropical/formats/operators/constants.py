"""Constants: given in the graph, made of shapes, and functions of them that no network could compute of its input."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from flint import arb, ctx, fmpq

from tropical.formats import tensors
from tropical.formats.lowering import Graph, Tensor, is_constant, mapped, tensor
from tropical.formats.operators.call import Call, Typed
from tropical.formats.operators.elementwise import add, multiply, negative
from tropical.formats.operators.entry import Operator, axis_of, number
from tropical.formats.operators.kinds import FLOATS, rounded, truncated
from tropical.formats.tensors import check_size, integers

_PRECISION = 400
_LARGEST = 10_000
_LARGEST_POWER = 1 << 16


def _constant(call: Call) -> Tensor:
    """The only attribute of a Constant."""
    if call.has("value"):
        value, call.kind = call.typed("value")
        return value
    for name, kind in (("value_float", "FLOAT"), ("value_floats", "FLOAT"), ("value_int", "INT64"),
                       ("value_ints", "INT64")):  # fmt: skip
        if call.has(name):
            call.kind, many = kind, name.endswith("s")
            numbers: Any = ((call.numbers(name) if many else [call.number(name, 0.0)]) if kind == "FLOAT"
                            else [fmpq(q) for q in (call.sizes(name) if many else [call.take(name, 0)])])  # fmt: skip
            return tensor(numbers, (len(numbers),) if many else ())
    raise ValueError("only numbers are read, from value, value_float(s) and value_int(s)")


def _filled(call: Call) -> Tensor:
    value: Typed = call.typed("value") if call.has("value") else (tensor([fmpq(0)], (1,)), "FLOAT")
    shape = check_size(_sizes(call.x(0)))
    call.kind = value[1]
    return tensor([value[0].item()] * math.prod(shape), shape)


def _full_like(graph: Graph, input: Tensor, fill_value: Any) -> Tensor:
    return tensor([number(fill_value)] * input.size, input.shape)


def _zeros_like(graph: Graph, input: Tensor) -> Tensor:
    return _full_like(graph, input, 0)


def _ones_like(graph: Graph, input: Tensor) -> Tensor:
    return _full_like(graph, input, 1)


def _sizes(x: Tensor) -> list[int]:
    sizes = integers(x, "a shape")
    if min(sizes, default=0) < 0:
        raise ValueError(f"a shape must not be negative, got {sizes[:8]}")
    return sizes


def _range(call: Call) -> Tensor:
    start, limit, step = (call.constant(i, "a bound of a range").item() for i in range(3))
    if not step:
        raise ValueError("the step of a range is 0")
    (count,) = check_size((max(int(((limit - start) / step).ceil()), 0),))
    return tensor([start + i * step for i in range(count)], (count,))


def _shape(call: Call) -> Tensor:
    call.kind = "INT64"
    sizes = call.x().shape[call.take("start", 0) : call.take("end", call.x().ndim)]
    return tensor([fmpq(size) for size in sizes], (len(sizes),))


def _size(call: Call) -> Tensor:
    call.kind = "INT64"
    return tensor([fmpq(call.x().size)], ())


def _folded(function: Callable[[fmpq, str], fmpq]) -> Callable[[Call], Tensor]:
    def apply(call: Call) -> Tensor:
        x = call.constant(0, "its input, of which it is no piecewise-linear function,")
        if call.kind not in FLOATS:
            raise ValueError(f"needs a float type, got {call.kind}")
        return mapped(lambda q: function(q, call.kind), x)

    return apply


def _nearest(function: Callable[[], arb], kind: str) -> fmpq:
    """A number that is irrational, as the element type rounds it."""
    before = ctx.prec
    ctx.prec = _PRECISION
    try:
        value = function()
        if not value.is_finite():
            raise ValueError("has no finite value here")
        mantissa, exponent = value.mid().man_exp()
    finally:
        ctx.prec = before
    return rounded(fmpq(mantissa) * fmpq(2) ** int(exponent), kind)


def square_root(q: fmpq, kind: str) -> fmpq:
    """The root, exactly where it is rational."""
    if q < 0:
        raise ValueError(f"the root of a negative number {q}")
    top, bottom = math.isqrt(int(q.p)), math.isqrt(int(q.q))
    if top * top == q.p and bottom * bottom == q.q:
        return fmpq(top, bottom)
    return _nearest(lambda: arb(q).sqrt(), kind)


def _exponential(q: fmpq, kind: str) -> fmpq:
    if abs(q) > _LARGEST:
        raise ValueError("a result exceeds the range of the type")
    return fmpq(1) if not q else _nearest(lambda: arb(q).exp(), kind)


def _logarithm(q: fmpq, kind: str) -> fmpq:
    if q <= 0:
        raise ValueError(f"the logarithm of {q}")
    return fmpq(0) if q == 1 else _nearest(lambda: arb(q).log(), kind)


def _reciprocal(q: fmpq, kind: str) -> fmpq:
    if not q:
        raise ValueError("division by zero")
    return 1 / q


def _power(call: Call) -> Tensor:
    x, exponents = call.x(), call.constant(1, "an exponent")
    if not is_constant(x):
        if all(q == 1 for q in exponents.flat):
            return add(call.graph, x, mapped(lambda q: q - 1, exponents))
        raise ValueError("a power of a value that depends on the input is not piecewise linear")
    return tensors.elementwise(call.graph, lambda q, e: _raised(q, e, call.kind), x, exponents)


def _raised(q: fmpq, exponent: fmpq, kind: str) -> fmpq:
    if abs(exponent) * max(q.height_bits(), exponent.height_bits()) > _LARGEST_POWER:
        raise ValueError(f"a power has more than {_LARGEST_POWER} bits")
    if exponent.q == 1:
        if not q and exponent < 0:
            raise ValueError("division by zero")
        return q ** int(exponent)
    if exponent == fmpq(1, 2):
        return square_root(q, kind)
    if q <= 0:
        raise ValueError(f"the power {exponent} of {q} is no real number")
    return _nearest(lambda: arb(q) ** arb(exponent), kind)


def _dequantised(call: Call) -> Tensor:
    call.skip("block_size")
    x, scale, zero = call.x(), call.constant(1, "the scale"), call.optional(2)
    if x.ndim and scale.ndim == 1 and scale.size > 1:
        shape = [1] * x.ndim
        shape[axis_of(call.take("axis", 1), x.ndim)] = scale.size
        scale, zero = scale.reshape(shape), None if zero is None else zero.reshape(shape)
    elif scale.size != 1:
        raise ValueError(f"a scale of shape {scale.shape} is not supported")
    call.skip("axis", "output_dtype")
    call.kind = call.kind_of(1)
    return multiply(call.graph, x if zero is None else add(call.graph, x, negative(call.graph, zero)), scale)


def _rounded_to(function: Callable[[fmpq], int]) -> Callable[[Call], Tensor]:
    return _folded(lambda q, kind: fmpq(function(q)))


def _even(q: fmpq) -> int:
    low = int(q.floor())
    rest = q - low
    return low + int(rest > fmpq(1, 2) or (rest == fmpq(1, 2) and low % 2 == 1))


def _modulo(call: Call) -> Tensor:
    x, y = call.constant(0, "a remainder's terms"), call.constant(1, "a remainder's terms")
    if any(not q for q in y.flat):
        raise ValueError("division by zero")
    division = truncated if call.take("fmod", 0) else lambda q: int(q.floor())
    return tensors.elementwise(call.graph, lambda p, q: p - q * division(p / q), x, y)


CONSTANTS: Sequence[Operator] = (
    Operator("constant", "A constant of the graph, or one of a given shape.",
             {"Constant": _constant, "ConstantOfShape": _filled},
             {"torch.zeros_like": _zeros_like, "torch.ones_like": _ones_like, "torch.full_like": _full_like}),
    Operator("range", "Numbers from a to b in steps of c.", {"Range": _range}),
    Operator("shape", "The sizes of the axes, and their product.", {"Shape": _shape, "Size": _size}),
    Operator("functions of constants", "Square root, exponential, logarithm, reciprocal, power: of constants alone, "
             "exact where they are rational, else rounded to the element type.",
             {"Sqrt": _folded(square_root), "Exp": _folded(_exponential), "Log": _folded(_logarithm),
              "Reciprocal": _folded(_reciprocal), "Pow": _power}),
    Operator("rounding of constants", "Floor, ceiling, nearest integer, sign and remainder, of constants alone.",
             {"Floor": _rounded_to(lambda q: int(q.floor())), "Ceil": _rounded_to(lambda q: int(q.ceil())),
              "Round": _rounded_to(_even), "Sign": _rounded_to(lambda q: (q > 0) - (q < 0)), "Mod": _modulo}),
    Operator("dequantisation", "(x - zero point) times the scale.", {"DequantizeLinear": _dequantised}),
)  # fmt: skip
