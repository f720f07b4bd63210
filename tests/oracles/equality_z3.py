"""Equality of two networks by z3 (QF_LRA): shares nothing with `tropical` but the numbers."""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

import z3

from oracles.activation_z3 import Case, Vector


def differing_point(f: Case, g: Case) -> Vector | None:
    """A rational point of f's box (or of R^n) at which some output differs, or None if there is none."""
    return _point_where(f, lambda x: (a != b for a, b in zip(_outputs(f, x), _outputs(g, x), strict=True)))


def point_exceeding(f: Case, g: Case) -> Vector | None:
    """A rational point of f's box (or of R^n) at which some output of f is greater than g's, or None."""
    return _point_where(f, lambda x: (a > b for a, b in zip(_outputs(f, x), _outputs(g, x), strict=True)))


def point_above(f: Case, bound: Fraction) -> Vector | None:
    """A rational point of f's box (or of R^n) at which some output is greater than ``bound``, or None."""
    return _point_where(f, lambda x: (a > _value(bound) for a in _outputs(f, x)))


def _point_where(f: Case, conditions: Callable[[list[z3.ArithRef]], Iterable[z3.BoolRef]]) -> Vector | None:
    """A point of f's domain that satisfies one of the conditions, or None if there is none."""
    x = [z3.Real(f"x{i}") for i in range(f.input_dim)]
    solver = z3.SolverFor("QF_LRA")
    if f.box is not None:
        solver.add(
            *(z3.And(_value(low) <= v, v <= _value(high)) for low, v, high in zip(f.box[0], x, f.box[1], strict=True))
        )
    solver.add(z3.Or(*conditions(x)))
    if solver.check() == z3.unsat:
        return None
    model = solver.model()
    return tuple(model.eval(v, model_completion=True).as_fraction() for v in x)


def exact_outputs(case: Case, point: Vector) -> Vector:
    """The network's outputs at a rational point, by schoolbook Fractions."""
    values = list(point)
    for layer, (rows, offsets) in enumerate(zip(case.weights, case.biases, strict=True)):
        values = [
            sum(w * v for w, v in zip(row, values, strict=True)) + b for row, b in zip(rows, offsets, strict=True)
        ]
        if layer < len(case.slopes):
            values = [
                v * (right if v >= 0 else left) for v, (left, right) in zip(values, case.slopes[layer], strict=True)
            ]
    return tuple(values)


def _outputs(case: Case, x: Sequence[z3.ArithRef]) -> list[z3.ArithRef]:
    values = list(x)
    for layer, (rows, offsets) in enumerate(zip(case.weights, case.biases, strict=True)):
        values = [
            z3.Sum([_value(w) * v for w, v in zip(row, values, strict=True)]) + _value(b)
            for row, b in zip(rows, offsets, strict=True)
        ]
        if layer < len(case.slopes):
            pairs = zip(values, case.slopes[layer], strict=True)
            values = [z3.If(v >= 0, _value(right) * v, _value(left) * v) for v, (left, right) in pairs]
    return values


def _value(number) -> z3.RatNumRef:
    return z3.Q(number.numerator, number.denominator)
