"""Where a lattice polynomial lies above, on or below an affine form: exact, by cutting only where it matters."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tropical.budget import Meter
from tropical.cones import Cone, Integers, cut, sign_on
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

    def refine(self, cone: Cone, differences: Sequence[Integers]) -> "Signs":
        """The signs on a part ``cone`` of the cone that these are known for."""
        masks = {1: self.positive, 0: self.zero, -1: self.negative}
        for index, row in enumerate(differences):
            if not self.known >> index & 1:
                sign = sign_on(cone, row)
                if sign is not None:
                    masks[sign] |= 1 << index
        return Signs(masks[1], masks[0], masks[-1])


def differences_from(rows: Sequence[Vector], base: Vector) -> list[Integers]:
    """Primitive integer multiples (by positive factors) of the rows l_i - l."""
    return [primitive([a - b for a, b in zip(row, base, strict=True)]) for row in rows]


def clause_masks(polynomial: LatticePolynomial) -> list[int]:
    """The clauses as bit masks over the pieces."""
    return [sum(1 << i for i in clause) for clause in polynomial.clauses]


def sign_parts(
    cone: Cone, clauses: Sequence[int], differences: Sequence[Integers], meter: Meter
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
            above, below = cut(part, differences[_next_index(clauses, signs)])
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
