"""Where a lattice polynomial lies above, on or below an affine form: exact, by cutting only where it matters.

Signs of many forms at many vectors come from one floating-point product with an error bound; the entries that the
bound leaves open, ties above all, are decided in integers. The bound covers roundoff and gradual underflow, of the
numbers themselves too; what overflows has an infinite one or is NaN, and comparisons with either decide nothing.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tropical.arithmetic.rationals import Matrix, Vector, primitive_integers
from tropical.budget import Meter
from tropical.functions.lattice_polynomial import LatticePolynomial, bits_of
from tropical.polyhedra.cones import Cone, Integers, cut, dot, signs_on

Floats = NDArray[np.float64]

_EXACT = 1 << 53  # integers below this are float64 numbers
_UNIT = 2.0**-53
_UNDERFLOW = 2.0**-1070  # more than is lost where a number or a product underflows, 2^-1075 at a time


class FormTable:
    """Affine forms by their rows (constant, gradient), ready for the signs of their differences at many vectors.

    >>> table = FormTable([(Fraction(0), Fraction(1)), (Fraction(1), Fraction(0)), (Fraction(1), Fraction(1, 3))])
    >>> table.signs([(1, 1), (2, -3)], [0, 1]).tolist()  # at 1 of l_i - l_0, at -3/2 of l_i - l_1
    [[0, 0, 1], [-1, 0, -1]]
    """

    def __init__(self, rows: Sequence[Vector], scale: Fraction | None = None) -> None:
        self.rows: Matrix = tuple(rows)
        ratios = [[q.as_integer_ratio() for q in row] for row in self.rows]
        self.scale = _float_scale([pair for row in ratios for pair in row]) if scale is None else scale
        up, down = self.scale.as_integer_ratio()
        scaled = [[_divided(p * up, q * down) for p, q in row] for row in ratios]
        self.exact = all(type(entry) is int for row in scaled for entry in row)
        self._floats: Floats = np.array(scaled, dtype=np.float64)
        self._lost: Floats = _UNDERFLOW * (np.abs(self._floats).sum(axis=1) + _EXACT * self._floats.shape[1])

    @cached_property
    def _integers(self) -> list[tuple[Integers, int]]:
        """Every row as integers over one positive denominator."""
        table = []
        for row in self.rows:
            scale = math.lcm(*(q.denominator for q in row))
            table.append((tuple(q.numerator * (scale // q.denominator) for q in row), scale))
        return table

    def __len__(self) -> int:
        return len(self.rows)

    def difference(self, index: int, base: int, bases: "FormTable | None" = None) -> Integers:
        """The primitive positive multiple of the row of l_index - b, b the form ``base`` of ``bases`` or of this table.

        >>> FormTable([(Fraction(1), Fraction(1, 2)), (Fraction(0), Fraction(1, 3))]).difference(0, 1)
        (6, 1)
        """
        return primitive_integers(self.multiple(index, base, bases))

    def multiple(self, index: int, base: int, bases: "FormTable | None" = None) -> list[int]:
        """Some positive multiple of that row, not the primitive one."""
        row, scale = self._integers[index]
        other, factor = (bases or self)._integers[base]
        return [factor * a - scale * b for a, b in zip(row, other, strict=True)]

    def values(self, vectors: Sequence[Integers]) -> Floats:
        """Rounded values at homogeneous vectors, (vectors, forms), up to one positive factor for each vector."""
        return _as_floats(vectors)[0] @ self._floats.T

    def signs(
        self, vectors: Sequence[Integers], which: Sequence[int], bases: "FormTable | None" = None
    ) -> NDArray[np.int8]:
        """Signs of l_i - b at homogeneous vectors, (vectors, forms), b = form ``which[v]`` of ``bases`` at vector v.

        ``bases`` is this table by default; another one must have been made with the scale of this one.
        """
        bases = bases or self
        floats, whole = _as_floats(vectors)
        places = np.asarray(which, dtype=np.intp)
        chosen = bases._floats[places]
        with np.errstate(invalid="ignore", over="ignore"):  # what is out of range fails the test below
            ours, sizes = floats @ self._floats.T, np.abs(floats) @ np.abs(self._floats.T)
            difference = ours - np.einsum("vk,vk->v", floats, chosen)[:, None]
            sizes += np.einsum("vk,vk->v", np.abs(floats), np.abs(chosen))[:, None]
            error = 4 * (floats.shape[1] + 4) * _UNIT * sizes + (self._lost + bases._lost[places][:, None])
            if self.exact and bases.exact:
                error[whole[:, None] & (sizes < _EXACT / 2)] = 0  # sums of integers without rounding
            certain = (np.abs(difference) > error) | (error == 0)
        result = np.sign(np.where(certain, difference, 0)).astype(np.int8)
        for v, i in np.argwhere(~certain).tolist():
            result[v, i] = self._exact_sign(i, bases._integers[which[v]], vectors[v])
        return result

    def _exact_sign(self, index: int, base: tuple[Integers, int], vector: Integers) -> int:
        row, scale = self._integers[index]
        if row == base[0] and scale == base[1]:
            return 0
        value = dot(row, vector) * base[1] - dot(base[0], vector) * scale
        return (value > 0) - (value < 0)


def _float_scale(ratios: Sequence[tuple[int, int]]) -> Fraction:
    """A positive factor that makes all fractions integers below 2^53 if there is one, else of size at most 2."""
    common = 1
    for _, q in ratios:
        if common % q and common < _EXACT:
            common = math.lcm(common, q)
    if common < _EXACT and max(abs(p) * common // q for p, q in ratios) < _EXACT:
        return Fraction(common)
    return Fraction(2) ** -max(p.bit_length() - q.bit_length() for p, q in ratios if p)


def _divided(numerator: int, denominator: int) -> float:
    """The quotient: an ``int`` if it is an integer below 2^53, else the nearest float or infinity."""
    if numerator % denominator == 0 and abs(numerator) < denominator * _EXACT:
        return numerator // denominator
    if numerator.bit_length() - denominator.bit_length() > 1000:
        return math.inf
    return numerator / denominator


def _as_floats(vectors: Sequence[Integers]) -> tuple[Floats, NDArray[np.bool_]]:
    """Positive multiples of the vectors in float64, and which of them are the vectors themselves, unrounded."""
    sizes = [max(map(abs, vector)) for vector in vectors]
    whole = np.array([size < _EXACT for size in sizes])
    pairs = zip(vectors, sizes, strict=True)
    return np.array([v if size < _EXACT else [a / size for a in v] for v, size in pairs], dtype=np.float64), whole


def spanning_vectors(cone: Cone) -> list[Integers]:
    """Vectors whose nonnegative combinations are the cone: its generators and both directions of its lineality."""
    return [*cone.generators, *cone.lineality, *(tuple(-a for a in v) for v in cone.lineality)]


def bit_mask(flags: NDArray[np.bool_]) -> int:
    """The integer whose bit i is flag i.

    >>> bit_mask(np.array([True, False, True]))
    5
    """
    return int.from_bytes(np.packbits(flags, bitorder="little").tobytes(), "little")


@dataclass(frozen=True, slots=True)
class Signs:
    """Known signs of the differences l_i - l on a cone, as bit masks over i; the rest take both signs there."""

    positive: int = 0
    zero: int = 0
    negative: int = 0

    @property
    def known(self) -> int:
        """Indices whose difference has one sign."""
        return self.positive | self.zero | self.negative

    @classmethod
    def on(cls, cone: Cone, differences: "Differences") -> "Signs":
        """The signs on ``cone``."""
        signs = differences.signs(spanning_vectors(cone))
        least, greatest = signs.min(axis=0), signs.max(axis=0)
        return cls(
            bit_mask((least >= 0) & (greatest > 0)),
            bit_mask((least == 0) & (greatest == 0)),
            bit_mask((least < 0) & (greatest <= 0)),
        )


@dataclass(frozen=True)
class Differences:
    """The differences l_i - l of the forms of a table from the form l with row ``base``."""

    table: FormTable
    base: Vector

    def row(self, index: int) -> Integers:
        """The one of form ``index``."""
        return self.table.difference(index, 0, self._base)

    def integer_signs(self, cone: Cone, indices: Sequence[int]) -> list[int | None]:
        """The signs of some differences inside ``cone``, None for both, without floats."""
        return signs_on(cone, [self.table.multiple(i, 0, self._base) for i in indices])

    @cached_property
    def _base(self) -> FormTable:
        return FormTable((self.base,), self.table.scale)

    def signs(self, vectors: Sequence[Integers]) -> NDArray[np.int8]:
        """Signs at homogeneous vectors, (vectors, forms)."""
        return self.table.signs(vectors, [0] * len(vectors), self._base)


def clause_masks(polynomial: LatticePolynomial) -> list[int]:
    """The clauses as bit masks over the pieces."""
    return [sum(1 << i for i in clause) for clause in polynomial.clauses]


def sign_parts(
    cone: Cone, clauses: Sequence[int], differences: Differences, meter: Meter
) -> Iterator[tuple[Cone, int]]:
    """Split ``cone`` into parts, each with the sign of F - l in its interior, F = max over clauses of min of l_i.

    ``differences`` are the rows of l_i - l. A part is cut along {l_i = l} only while the known signs leave the sign of
    F - l open: F > l where some clause is positive, F < l where every clause meets a negative, F = l where neither
    and all relevant signs are known. Floats only choose where to cut: the signs on which an outcome rests are found
    once more in integers, so that no proof rests on the error bounds above.
    """
    pending = [cone]
    while pending:
        part = pending.pop()
        meter.check_time()
        signs = Signs.on(part, differences)
        outcome = _outcome(clauses, signs)
        if outcome is None:
            above, below = cut(part, differences.row(_next_index(clauses, signs)), meter)
            pending += [below, above]
            continue
        deciding = _deciding(clauses, signs, outcome)
        for i, sign in zip(deciding, differences.integer_signs(part, deciding), strict=True):
            if sign is None or sign != (signs.positive >> i & 1) - (signs.negative >> i & 1):
                raise AssertionError(f"the sign of form {i} from floats is not the one in integers, {sign}")
        yield part, outcome


def _deciding(clauses: Sequence[int], signs: Signs, outcome: int) -> list[int]:
    """Indices whose signs show the outcome: all of one clause for >= l, one of each clause for <= l."""
    found = 0
    if outcome >= 0:
        enough = signs.positive if outcome else signs.positive | signs.zero
        found |= min((clause for clause in clauses if not clause & ~enough), key=int.bit_count)
    if outcome <= 0:
        enough = signs.negative if outcome else signs.negative | signs.zero
        for clause in clauses:
            if not clause & found & enough:
                found |= clause & enough & -(clause & enough)
    return bits_of(found)


def _outcome(clauses: Sequence[int], signs: Signs) -> int | None:
    if any(clause & ~signs.positive == 0 for clause in clauses):
        return 1
    if all(clause & signs.negative for clause in clauses):
        return -1
    at_least = any(clause & ~(signs.positive | signs.zero) == 0 for clause in clauses)
    at_most = all(clause & (signs.negative | signs.zero) for clause in clauses)
    return 0 if at_least and at_most else None


def _next_index(clauses: Sequence[int], signs: Signs) -> int:
    """An undecided index of the shortest open clause that could still show F >= l, else of one that could exceed l."""
    at_least = any(clause & ~(signs.positive | signs.zero) == 0 for clause in clauses)
    decided = signs.negative | signs.zero if at_least else signs.negative
    open_parts = [clause & ~signs.known for clause in clauses if not clause & decided]
    shortest = min((mask for mask in open_parts if mask), key=int.bit_count)
    return (shortest & -shortest).bit_length() - 1
