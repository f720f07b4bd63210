"""Equality of two networks by z3 (QF_LRA): shares nothing with `tropical` but the numbers."""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

import z3

from oracles.activation_z3 import Case, Vector, long_numerals


def differing_point(f: Case, g: Case) -> Vector | None:
    """A rational point of f's domain at which some output differs, or None if there is none."""
    return _point_where(f, lambda x: (a != b for a, b in zip(_outputs(f, x), _outputs(g, x), strict=True)))


def point_exceeding(f: Case, g: Case) -> Vector | None:
    """A rational point of f's domain at which some output of f is greater than g's, or None."""
    return _point_where(f, lambda x: (a > b for a, b in zip(_outputs(f, x), _outputs(g, x), strict=True)))


def point_apart(f: Case, g: Case, bound: Fraction) -> Vector | None:
    """A rational point of f's domain at which some output differs from g's by more than ``bound``, or None."""

    def conditions(x: list[z3.ArithRef]) -> Iterable[z3.BoolRef]:
        for a, b in zip(_outputs(f, x), _outputs(g, x), strict=True):
            yield from (a - b > _value(bound), b - a > _value(bound))

    return _point_where(f, conditions)


def point_above(f: Case, bound: Fraction) -> Vector | None:
    """A rational point of f's domain at which some output is greater than ``bound``, or None."""
    return _point_where(f, lambda x: (a > _value(bound) for a in _outputs(f, x)))


@long_numerals()
def _point_where(f: Case, conditions: Callable[[list[z3.ArithRef]], Iterable[z3.BoolRef]]) -> Vector | None:
    """A point of f's domain that satisfies one of the conditions, or None if there is none."""
    x = [z3.Real(f"x{i}") for i in range(f.input_dim)]
    solver = z3.SolverFor("QF_LRA")
    solver.add(*(_affine(gradient, constant, x) >= 0 for gradient, constant in f.constraints))
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
        values = [_affine(row, b, values) for row, b in zip(rows, offsets, strict=True)]
        if layer < len(case.slopes):
            pairs = zip(values, case.slopes[layer], strict=True)
            values = [z3.If(v >= 0, _value(right) * v, _value(left) * v) for v, (left, right) in pairs]
    return values


def _affine(gradient: Vector, constant: Fraction, x: Sequence[z3.ArithRef]) -> z3.ArithRef:
    return z3.Sum([_value(w) * v for w, v in zip(gradient, x, strict=True)]) + _value(constant)


def _value(number) -> z3.RatNumRef:
    return z3.Q(number.numerator, number.denominator)
