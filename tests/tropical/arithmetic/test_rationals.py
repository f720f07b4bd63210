"""Conversion and exact linear algebra over Q, against SymPy and round trips."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy
from flint import fmpq, fmpz
from hypothesis import given
from hypothesis import strategies as st

from tropical.arithmetic import rationals

small = st.fractions(min_value=-9, max_value=9, max_denominator=6)
matrices = st.integers(1, 4).flatmap(lambda n: st.lists(st.tuples(*[small] * n), min_size=1, max_size=5))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_are_taken_exactly(value):
    assert float(rationals.as_fraction(value)) == value
    assert rationals.as_fraction(value) == Fraction(Decimal(value))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.1), Fraction(float(np.float32(0.1)))),
        (np.int8(-3), Fraction(-3)),
        (True, Fraction(1)),
        (sympy.Rational(3, 7), Fraction(3, 7)),
        (sympy.Integer(5), Fraction(5)),
        (" -6/4 ", Fraction(-3, 2)),
        (2**200, Fraction(2**200)),
        (fmpz(-7), Fraction(-7)),
        (fmpq(2, 6), Fraction(1, 3)),
        ("0.1", Fraction(1, 10)),
        ("-1e-3", Fraction(-1, 1000)),
        (" +.5E+2 ", Fraction(50)),
        ("3.", Fraction(3)),
        (Decimal("0.30"), Fraction(3, 10)),
        (Decimal("-1E+6"), Fraction(-(10**6))),
    ],
)
def test_every_documented_kind_of_number(value, expected):
    assert rationals.as_fraction(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        "1/0",
        ".",
        "1e",
        "1.5/2",
        "0x1",
        "1_0",
        "1e99999",
        "٣",
        "__import__('os')",
        "",
        None,
        1j,
        "9" * 5000,
        sympy.Symbol("x"),
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("1e-99999"),
    ],
)
def test_anything_else_is_one_value_error_naming_the_place(value):
    with pytest.raises(ValueError, match="weight"):
        rationals.as_fraction(value, "weight")


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_decimals_are_taken_exactly(value):
    assert rationals.as_fraction(value) == rationals.as_fraction(str(value)) == Fraction(value)
    assert rationals.as_fraction(f"{value:f}") == Fraction(value)


@given(st.fractions())
def test_hexadecimal_round_trip(value):
    assert rationals.from_hex(rationals.to_hex(value)) == value


@pytest.mark.parametrize("text", ["", "1/", "1/-2", "0x1", "1/0", "g", "1/2/3", None])
def test_malformed_hexadecimal_is_refused(text):
    with pytest.raises(ValueError, match="bias"):
        rationals.from_hex(text, "bias")


@given(matrices)
def test_rank_row_space_and_nullspace_agree_with_sympy(rows):
    matrix = sympy.Matrix([[sympy.Rational(q.numerator, q.denominator) for q in row] for row in rows])
    assert rationals.rank(rows) == matrix.rank()
    echelon = rationals.row_space(rows)
    assert [list(map(sympy.Rational, row)) for row in echelon] == matrix.rref()[0][: matrix.rank(), :].tolist()
    kernel = rationals.nullspace(rows, len(rows[0]))
    assert len(kernel) == len(rows[0]) - matrix.rank()
    assert all(sum(a * b for a, b in zip(row, v, strict=True)) == 0 for row in rows for v in kernel)
    assert rationals.rank(kernel) == len(kernel)


@given(matrices)
def test_independent_rows_span_the_row_space(rows):
    chosen = [rows[i] for i in rationals.independent_rows(rows)]
    assert rationals.rank(chosen) == len(chosen)
    assert rationals.row_space(chosen) == rationals.row_space(rows)


@given(matrices, st.data())
def test_solve_finds_a_solution_exactly_when_there_is_one(rows, data):
    x = data.draw(st.tuples(*[small] * len(rows[0])))
    right = [sum(a * b for a, b in zip(row, x, strict=True)) for row in rows]
    solution = rationals.solve(rows, right)
    assert [sum(a * b for a, b in zip(row, solution, strict=True)) for row in rows] == right
    assert rationals.solve([*rows, rows[0]], [*right, right[0] + 1]) is None


@given(st.lists(small, min_size=1, max_size=5))
def test_primitive_is_a_positive_multiple(vector):
    integers = rationals.primitive(vector)
    ratios = {Fraction(n) / q for n, q in zip(integers, vector, strict=True) if q}
    assert len(ratios) <= 1
    assert all(ratio > 0 for ratio in ratios)
    assert [n == 0 for n in integers] == [q == 0 for q in vector]


@pytest.mark.parametrize("value", [sympy.Float("0.1", 40), np.longdouble(1) / 3, sympy.sqrt(2)])
def test_reals_that_float64_does_not_hold_are_refused(value):
    with pytest.raises(ValueError, match="entry"):
        rationals.as_fraction(value, "entry")
    assert rationals.as_fraction(sympy.Float(0.1)) == Fraction(0.1)
    assert rationals.as_fraction(np.longdouble(0.25)) == Fraction(1, 4)
