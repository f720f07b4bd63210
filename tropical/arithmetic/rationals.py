"""The rational numbers: conversion, exact linear algebra and lossless text.

Numbers enter as ``int``, ``float`` (a dyadic rational, taken exactly), ``Fraction``, any other ``numbers.Rational``
(NumPy integers, SymPy rationals), ``Decimal``, a rational of FLINT, or text: ``"p"``, ``"p/q"``, ``"0.1"``, ``"1e-3"``,
where decimals are the fractions that they show. They leave as :class:`fractions.Fraction`.
Linear algebra is done by FLINT.
"""

import math
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Rational, Real
from typing import Any

from flint import fmpq, fmpq_mat, fmpz, fmpz_mat, nmod_mat

from tropical.arguments import abbreviated, as_sequence, is_sequence

Vector = tuple[Fraction, ...]
Matrix = tuple[Vector, ...]

_TEXT = re.compile(r"\s*([+-]?[0-9]+)(?:/([0-9]+))?\s*")
_DECIMAL = re.compile(r"\s*([+-]?)(?=\.?[0-9])([0-9]*)\.?([0-9]*)(?:[eE]([+-]?[0-9]{1,5}))?\s*")
_HEX = re.compile(r"-?[0-9a-f]+")
_PRIME = 2**61 - 1
MAX_DIGITS = 4000
"""Longest decimal numeral accepted in text; longer numbers travel as hexadecimal (:func:`to_hex`)."""


def as_fraction(value: Any, where: str = "value") -> Fraction:
    """Return the rational number that ``value`` denotes, without rounding.

    Raises ``ValueError`` naming ``where`` for NaN, infinities and anything that is not a rational number.

    >>> as_fraction(0.1)
    Fraction(3602879701896397, 36028797018963968)
    >>> as_fraction("-3/6"), as_fraction("0.1")
    (Fraction(-1, 2), Fraction(1, 10))
    """
    if isinstance(value, Fraction):
        return value
    if isinstance(value, (bool, Integral)):
        return Fraction(int(value))
    if isinstance(value, Rational):
        return Fraction(int(value.numerator), int(value.denominator))
    if isinstance(value, Real):
        number = float(value)
        if not math.isfinite(number):
            raise ValueError(f"{where} must be finite, got {number}")
        if number != value:
            raise ValueError(f"{where} exceeds the precision of float64, give a fraction: {abbreviated(value)}")
        return Fraction(number)
    if isinstance(value, fmpq):
        return Fraction(int(value.p), int(value.q))
    if isinstance(value, fmpz):
        return Fraction(int(value))
    if isinstance(value, Decimal):
        value = str(value)
    if isinstance(value, str):
        return _from_text(value, where)
    raise ValueError(f"{where} must be a rational number, got {abbreviated(value)} of type {type(value).__name__}")


def _from_text(text: str, where: str) -> Fraction:
    short = text if len(text) <= MAX_DIGITS else ""
    if match := _TEXT.fullmatch(short):
        numerator, denominator = int(match[1]), int(match[2] or 1)
        if denominator == 0:
            raise ValueError(f"{where} has denominator 0: {abbreviated(text)}")
        return Fraction(numerator, denominator)
    if match := _DECIMAL.fullmatch(short):
        sign, whole, part, exponent = match.groups()
        power = int(exponent or 0) - len(part)
        if abs(power) <= MAX_DIGITS:
            return Fraction(int(sign + whole + part)) * Fraction(10) ** power
    raise ValueError(f"{where} must be a rational number such as '3', '-3/4' or '0.1', got {abbreviated(text)}")


def as_vector(values: Iterable[Any], where: str = "vector") -> Vector:
    """Return ``values`` as a tuple of Fractions; ``ValueError`` if it is not a flat sequence of rationals."""
    if not is_sequence(values):
        raise ValueError(f"{where} must be a sequence of rational numbers, got {abbreviated(values)}")
    entries = list(values)
    if all(type(value) is float for value in entries) and all(map(math.isfinite, entries)):
        return tuple(map(Fraction, entries))  # as below, in a third of the time
    return tuple(as_fraction(value, f"{where}[{i}]") for i, value in enumerate(entries))


def saturated(q: Fraction) -> float:
    """The nearest float64, infinite beyond its range."""
    try:
        return q.numerator / q.denominator  # rounds correctly, as float(q) does by a detour
    except OverflowError:
        return math.inf if q > 0 else -math.inf


def as_rows(rows: Iterable[Iterable[Any]], where: str) -> Matrix:
    """Return ``rows`` as a tuple of vectors; ``ValueError`` if it is not a sequence of them."""
    return tuple(as_vector(row, f"{where}[{i}]") for i, row in enumerate(as_sequence(rows, where, "rows")))


def as_flint(q: Fraction) -> fmpq:
    """The number as FLINT has it; :func:`as_fraction` leads back."""
    return fmpq(q.numerator, q.denominator)


def to_flint(rows: Sequence[Sequence[Fraction]], columns: int | None = None) -> fmpq_mat:
    """Return the FLINT matrix with the given rows (``columns`` is needed when there are none)."""
    width = len(rows[0]) if rows else columns or 0
    return fmpq_mat(len(rows), width, [fmpq(q.numerator, q.denominator) for row in rows for q in row])


def from_flint(matrix: fmpq_mat) -> Matrix:
    """Return the rows of a FLINT matrix as tuples of Fractions."""
    return tuple(tuple(Fraction(int(q.p), int(q.q)) for q in row) for row in matrix.tolist())


def primitive(vector: Sequence[Fraction]) -> tuple[int, ...]:
    """Return the positive multiple of ``vector`` that is a primitive integer vector (0 stays 0).

    >>> primitive((Fraction(1, 2), Fraction(-3, 4)))
    (2, -3)
    """
    scale = math.lcm(*(q.denominator for q in vector))
    return primitive_integers([q.numerator * (scale // q.denominator) for q in vector])


def primitive_integers(vector: Sequence[int]) -> tuple[int, ...]:
    """Divide an integer vector by the greatest common divisor of its entries."""
    divisor = math.gcd(*vector)
    return tuple(vector) if divisor <= 1 else tuple(entry // divisor for entry in vector)


def rank(rows: Sequence[Sequence[Fraction]]) -> int:
    """Return the rank over Q of a matrix given by its rows."""
    if not rows:
        return 0
    matrix = to_flint(rows)
    tall = matrix if matrix.nrows() >= matrix.ncols() else matrix.transpose()  # elimination is far faster on tall ones
    return int(tall.rank())


def row_space(rows: Sequence[Sequence[Fraction]]) -> Matrix:
    """Return the basis of the row space in reduced row echelon form: equal spaces give equal bases.

    >>> row_space([(Fraction(2), Fraction(4)), (Fraction(1), Fraction(2))])
    ((Fraction(1, 1), Fraction(2, 1)),)
    """
    if not rows:
        return ()
    reduced, found = to_flint(rows).rref()
    return from_flint(reduced)[:found]


def nullspace(rows: Sequence[Sequence[Fraction]], columns: int) -> Matrix:
    """Return a basis of {x in Q^columns : Mx = 0}: one primitive integer vector for each free column.

    >>> nullspace([(Fraction(1), Fraction(2))], 2)
    ((Fraction(2, 1), Fraction(-1, 1)),)
    """
    echelon = row_space(rows)
    pivots = [next(j for j, q in enumerate(row) if q) for row in echelon]
    basis = []
    for free in sorted(set(range(columns)) - set(pivots)):
        vector = [Fraction(0)] * columns
        vector[free] = Fraction(-1)
        for pivot, row in zip(pivots, echelon, strict=True):
            vector[pivot] = row[free]
        basis.append(tuple(Fraction(entry) for entry in primitive(vector)))
    return tuple(basis)


def independent_rows(rows: Sequence[Sequence[Fraction]]) -> tuple[int, ...]:
    """Return the lexicographically first maximal set of linearly independent rows, as indices.

    >>> independent_rows([(Fraction(0),), (Fraction(2),), (Fraction(1),)])
    (1,)
    """
    if not rows:
        return ()
    integers = [primitive(row) for row in rows]
    columns = fmpz_mat([list(column) for column in zip(*integers, strict=True)])
    echelon, _, found = columns.rref()
    table = echelon.tolist()
    return tuple(next(j for j, q in enumerate(table[i]) if q != 0) for i in range(found))


def pivot_columns(rows: Sequence[Sequence[Fraction]]) -> list[int]:
    """Return as many linearly independent columns as the rows have rank: the first ones modulo a large prime.

    >>> pivot_columns([(Fraction(0), Fraction(1, 2)), (Fraction(0), Fraction(1))])
    [1]
    """
    if not rows:
        return []
    reduced, found = nmod_mat(fmpz_mat([list(primitive(row)) for row in rows]), _PRIME).rref()
    if found == rank(rows):  # elimination modulo a prime takes a hundredth of the time
        table = reduced.tolist()
        return [next(j for j, q in enumerate(table[i]) if int(q)) for i in range(found)]
    return [next(j for j, q in enumerate(row) if q) for row in row_space(rows)]


def solve(rows: Sequence[Sequence[Fraction]], right: Sequence[Fraction]) -> Vector | None:
    """Return one solution x of Mx = right (free unknowns 0), or None if there is none.

    >>> solve([(Fraction(1), Fraction(1))], [Fraction(3)])
    (Fraction(3, 1), Fraction(0, 1))
    """
    columns = len(rows[0])
    augmented = row_space([(*row, q) for row, q in zip(rows, right, strict=True)])
    solution = [Fraction(0)] * columns
    for row in augmented:
        pivot = next(j for j, q in enumerate(row) if q)
        if pivot == columns:
            return None
        solution[pivot] = row[columns]
    return tuple(solution)


def to_hex(value: Fraction) -> str:
    """Return ``"p"`` or ``"p/q"`` in hexadecimal: lossless, linear time, and without Python's decimal digit limit.

    >>> to_hex(Fraction(-31, 16))
    '-1f/10'
    """
    text = f"{value.numerator:x}"
    return text if value.denominator == 1 else f"{text}/{value.denominator:x}"


def from_hex(text: str, where: str = "value") -> Fraction:
    """Inverse of :func:`to_hex`; ``ValueError`` for anything else.

    >>> from_hex("-1f/10")
    Fraction(-31, 16)
    """
    numerator, slash, denominator = text.partition("/") if isinstance(text, str) else ("", "", "")
    if not _HEX.fullmatch(numerator) or (slash and not _HEX.fullmatch(denominator)):
        raise ValueError(f"{where} must be a hexadecimal rational such as '-1f/10', got {abbreviated(text)}")
    bottom = int(denominator, 16) if slash else 1
    if bottom <= 0:
        raise ValueError(f"{where} must have a positive denominator, got {abbreviated(text)}")
    return Fraction(int(numerator, 16), bottom)
