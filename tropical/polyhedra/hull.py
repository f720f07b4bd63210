"""Affine hulls of polyhedra: the equations that hold on one, and coordinates in which it has interior."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from flint import fmpq, fmpq_mat, fmpz_mat

from tropical.arithmetic.linear_program import maximise
from tropical.arithmetic.rationals import from_flint, primitive, primitive_integers, row_space, to_flint
from tropical.functions.affine import AffineMap, form_of_row
from tropical.polyhedra.cones import Cone, Integers
from tropical.polyhedra.facet_search import interior_point, tightest
from tropical.values import Value


@dataclass(frozen=True, repr=False)
class Hull(Value):
    """The affine space {x in Q^n : e(x) = 0 for every equation e}, with some of the coordinates of x as its own.

    ``equations`` are coprime integer rows (constant, gradient) whose gradients are in reduced echelon form: each one
    gives the coordinate of its first entry, its pivot, in terms of the ``free`` ones, which are y. Equal spaces have
    equal equations; none at all is the whole space.
    """

    input_dim: int
    equations: tuple[Integers, ...] = ()

    @classmethod
    def of(cls, rows: Sequence[Integers], input_dim: int) -> "Hull | None":
        """The points where all rows vanish; None if there are none.

        >>> hull = Hull.of([(-1, 2, 1, 0), (0, 0, 0, 1), (-1, 2, 1, 1)], 3)
        >>> hull.equations, hull.free, str(hull.inclusion)
        (((-1, 2, 1, 0), (0, 0, 0, 1)), (1,), '(-1/2*x0 + 1/2, x0, 0)')
        >>> Hull.of([(1, 0, 0)], 2) is None
        True
        """
        echelon = row_space([tuple(map(Fraction, (*row[1:], row[0]))) for row in rows])
        if any(not any(row[:-1]) for row in echelon):
            return None
        return cls(input_dim, tuple(primitive((row[-1], *row[:-1])) for row in echelon))

    @property
    def dim(self) -> int:
        """Its dimension, the number of free coordinates."""
        return self.input_dim - len(self.equations)

    @cached_property
    def free(self) -> tuple[int, ...]:
        """The coordinates of x that are those of the space, in their order."""
        pivots = {next(j for j, a in enumerate(row[1:]) if a) for row in self.equations}
        return tuple(j for j in range(self.input_dim) if j not in pivots)

    @cached_property
    def matrix(self) -> fmpq_mat:
        """The matrix, of shape (n + 1, dim + 1), of (1, y) -> (1, x)."""
        found = fmpq_mat(self.input_dim + 1, self.dim + 1)
        found[0, 0] = 1
        for i, j in enumerate(self.free, 1):
            found[j + 1, i] = 1
        for row in self.equations:
            pivot = next(j for j, a in enumerate(row) if j and a)
            for i, j in enumerate((0, *(j + 1 for j in self.free))):
                found[pivot, i] = fmpq(-row[j], row[pivot])
        return found

    @cached_property
    def inclusion(self) -> AffineMap:
        """The map y -> x."""
        return AffineMap(tuple(map(form_of_row, from_flint(self.matrix)[1:])))

    @cached_property
    def both_signs(self) -> tuple[Integers, ...]:
        """Every equation, and its negative: as half-spaces they cut the space out."""
        return tuple(tuple(sign * a for a in row) for row in self.equations for sign in (1, -1))

    def restricted(self, rows: Sequence[Integers]) -> list[Integers]:
        """The rows as functions of (1, y), up to positive factors."""
        if not rows or not self.equations:
            return list(rows)
        numerators = (fmpq_mat(fmpz_mat([list(row) for row in rows])) * self.matrix).numer_denom()[0].tolist()
        return [primitive_integers([int(a) for a in row]) for row in numerators]

    def extended(self, rows: Sequence[Integers]) -> list[Integers]:
        """Rows on (1, x) that do not see the pivots and are the given ones on (1, y)."""
        found = []
        for row in rows:
            wide = [row[0]] + [0] * self.input_dim
            for a, j in zip(row[1:], self.free, strict=True):
                wide[j + 1] = a
            found.append(tuple(wide))
        return found

    def lifted(self, vectors: Sequence[Integers]) -> list[Integers]:
        """The vectors (x_0, x), coprime integers, for homogeneous vectors (y_0, y)."""
        if not vectors or not self.equations:
            return list(vectors)
        columns = self.matrix * to_flint([tuple(map(Fraction, vector)) for vector in vectors]).transpose()
        return list(map(primitive, from_flint(columns.transpose())))

    def lifted_cone(self, cone: Cone) -> Cone:
        """The cone over {1} x P in (x_0, x), of the same dimension, for one over P in (y_0, y)."""
        if not self.equations:
            return cone
        constraints = (*self.extended(cone.constraints), *self.both_signs)
        everywhere = (1 << len(constraints)) - (1 << len(cone.constraints))
        incidence = tuple(mask | everywhere for mask in cone.incidence)
        return Cone(tuple(self.lifted(cone.generators)), incidence, constraints, tuple(self.lifted(cone.lineality)))


def affine_hull(rows: Sequence[Integers], dim: int) -> tuple[Hull, list[Integers], Integers] | None:
    """The affine hull of {x in Q^dim : row >= 0 for every row}, the set in its coordinates, and a point inside there.

    The set is given by rows of which none is constant and none follows from one other alone. None if it is empty.

    >>> hull, rows, inside = affine_hull([(0, 1, -1), (0, -1, 2), (0, -1, 0)], 2)  # y <= x <= 2y and x <= 0
    >>> hull.equations, rows, inside
    (((0, 1, 0), (0, 0, 1)), [], (1,))
    """
    present = set(rows)
    vanishing = [row for row in rows if tuple(-a for a in row) in present]
    while True:
        hull = Hull.of(vanishing, dim)
        if hull is None:
            return None
        own = hull.restricted(rows)
        if any(row[0] < 0 and not any(row[1:]) for row in own):
            return None
        kept = [own[i] for i in tightest(own)]
        inside = interior_point(kept, hull.dim)
        if inside is not None:
            return hull, kept, inside
        further = _vanishing(kept, hull.dim)
        if not further:
            return None
        vanishing += hull.extended(further)


def _vanishing(rows: Sequence[Integers], dim: int) -> list[Integers]:
    """Some of the rows that vanish on all of {row >= 0}, which has no interior; none if it is empty.

    The largest t with h_i >= t and t <= 1 is then <= 0. If it is 0, its multipliers are y, v >= 0 with sum_i y_i =
    1 - v and sum_i y_i h_i = -v identically: on the set v is 0, and so is h_i wherever y_i > 0.
    """
    program = [(*row, -1) for row in rows] + [(1, *[0] * dim, -1)]
    outcome = maximise((0, *[0] * dim, 1), program)
    assert outcome.value is not None
    assert outcome.multipliers is not None
    if outcome.value < 0:
        return []
    return [row for row, y in zip(rows, outcome.multipliers, strict=False) if y]
