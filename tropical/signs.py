"""Where a lattice polynomial lies above, on or below an affine form: exact, by cutting only where it matters."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from flint import fmpz_mat

from tropical.budget import Meter
from tropical.cones import Cone, Integers, cut
from tropical.lattice_polynomial import LatticePolynomial
from tropical.rationals import Vector, primitive


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

    def refine(self, cone: Cone, differences: "Differences") -> "Signs":
        """The signs on a part ``cone`` of the cone that these are known for."""
        positive, zero, negative, known = self.positive, self.zero, self.negative, self.known
        values = differences.on(cone.generators).tolist()
        mixed = differences.on(cone.lineality).tolist() if cone.lineality else []
        for index in range(len(differences.rows)):
            if known >> index & 1 or any(row[index] != 0 for row in mixed):
                continue
            above = any(row[index] > 0 for row in values)
            below = any(row[index] < 0 for row in values)
            if not above:
                negative, zero = (negative | 1 << index, zero) if below else (negative, zero | 1 << index)
            elif not below:
                positive |= 1 << index
        return Signs(positive, zero, negative)


@dataclass(frozen=True)
class Differences:
    """Primitive integer multiples, by positive factors, of the rows of l_i - l."""

    rows: tuple[Integers, ...]

    @classmethod
    def between(cls, rows: Sequence[Vector], base: Vector) -> "Differences":
        """Those of the forms with the given rows (constant, gradient) from the form with row ``base``."""
        return cls(tuple(primitive([a - b for a, b in zip(row, base, strict=True)]) for row in rows))

    @cached_property
    def _columns(self) -> fmpz_mat:
        return fmpz_mat([list(row) for row in self.rows]).transpose()

    def on(self, vectors: Sequence[Integers]) -> fmpz_mat:
        """The values of every row on every vector, as a matrix (vectors, rows)."""
        return fmpz_mat([list(vector) for vector in vectors]) * self._columns


def clause_masks(polynomial: LatticePolynomial) -> list[int]:
    """The clauses as bit masks over the pieces."""
    return [sum(1 << i for i in clause) for clause in polynomial.clauses]


def sign_parts(
    cone: Cone, clauses: Sequence[int], differences: Differences, meter: Meter
) -> Iterator[tuple[Cone, int]]:
    """Split ``cone`` into parts, each with the sign of F - l in its interior, F = max over clauses of min of l_i.

    ``differences`` are the rows of l_i - l. A part is cut along {l_i = l} only while the known signs leave the sign of
    F - l open: F > l where some clause is positive, F < l where every clause meets a negative, F = l where neither
    and all relevant signs are known.
    """
    pending = [(cone, Signs())]
    while pending:
        part, coarse = pending.pop()
        meter.check_time()
        signs = coarse.refine(part, differences)
        outcome = _outcome(clauses, signs)
        if outcome is None:
            above, below = cut(part, differences.rows[_next_index(clauses, signs)])
            pending += [(below, signs), (above, signs)]
        else:
            yield part, outcome


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
