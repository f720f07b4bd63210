r"""Positive semidefinite forms over Q: definiteness, minima on fibres, and the steepest vector of a cone.

The largest <a, x> / sqrt(x^T Q x) on a cone C is the norm of the projection of a to C, in the norm of Q: if x minimises
x^T Q x - 2 <a, x> on C, then <a, x> = x^T Q x and <a, c> <= x^T Q c <= sqrt(x^T Q x) sqrt(c^T Q c) for every c in C.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from flint import fmpq, fmpq_mat, fmpz, fmpz_mat

from tropical.arithmetic.rationals import Matrix, Vector, as_fraction, from_flint, primitive, to_flint
from tropical.verdict import Enclosure

Integers = tuple[int, ...]
_Weights = dict[int, fmpq]
_BITS = 64


def square_root(square: Fraction) -> Fraction | Enclosure:
    """The root of a number >= 0: a Fraction if it is rational, else enclosed to a relative width of about 2^-64.

    >>> square_root(Fraction(9, 4)), float(square_root(Fraction(2)))
    (Fraction(3, 2), 1.4142135623730951)
    """
    product, bottom = square.numerator * square.denominator, square.denominator  # sqrt(p/q) = sqrt(pq)/q
    root = math.isqrt(product)
    if root * root == product:
        return Fraction(root, bottom)
    shift = max(_BITS - root.bit_length(), 0)
    scaled = math.isqrt(product << 2 * shift)
    return Enclosure(Fraction(scaled, bottom << shift), Fraction(scaled + 1, bottom << shift))


def pivots_or_negative(form: Matrix) -> tuple[tuple[int, ...], Vector | None]:
    """Indices E with Q_EE positive definite of the rank of Q, and None; or, if Q is not semidefinite, a v: v^T Q v < 0.

    Symmetric elimination of positive diagonal entries: what is left is 0, or negative at one or two units.

    >>> one, two = Fraction(1), Fraction(2)
    >>> pivots_or_negative(((one, one), (one, one)))
    ((0,), None)
    >>> pivots_or_negative(((one, two), (two, one)))
    ((0,), (Fraction(-2, 1), Fraction(1, 1)))
    """
    table, left, pivots = [list(row) for row in form], list(range(len(form))), []
    while (pivot := next((i for i in left if table[i][i] > 0), None)) is not None:
        left.remove(pivot)
        pivots.append(pivot)
        for i in left:
            factor = table[i][pivot] / table[pivot][pivot]
            if factor:
                for j in left:
                    table[i][j] -= factor * table[pivot][j]
    vector = _negative_remainder(table, left)
    if vector is not None and pivots:
        inner = to_flint([[form[i][j] for j in pivots] for i in pivots])
        right = [(-sum((form[i][j] * vector[j] for j in left), Fraction(0)),) for i in pivots]
        for i, (entry,) in zip(pivots, from_flint(inner.solve(to_flint(right))), strict=True):
            vector[i] = entry
    return tuple(pivots), None if vector is None else tuple(vector)


def _negative_remainder(table: Sequence[Sequence[Fraction]], left: Sequence[int]) -> list[Fraction] | None:
    """A vector on which a form with no positive diagonal entry is negative, unless the form is 0."""
    for i in left:
        other = next((j for j in left if table[i][j]), None)
        if other is not None:  # perhaps i itself: no diagonal entry is positive
            vector = [Fraction(0)] * len(table)
            vector[other] = Fraction(-1 if table[i][other] > 0 else 1)
            vector[i] = Fraction(1)
            return vector
    return None


@dataclass(frozen=True)
class FibreForm:
    """The form q(y) = min {x^T Q x : Ax = y} on Q^r, and the matrix P, (n, r), whose Py attains it; Q semidefinite."""

    matrix: fmpq_mat
    minimisers: fmpq_mat

    @classmethod
    def of(cls, form: Matrix, rows: Matrix) -> "FibreForm":
        """That of the matrix Q and of A, whose rows must be linearly independent.

        Adding |Ax|^2 changes nothing on a fibre, and squares of the coordinates that Q + A^T A leaves free single out
        one minimiser; then Q is definite, and P = Q^-1 A^T (A Q^-1 A^T)^-1.

        >>> zero, one = Fraction(0), Fraction(1)
        >>> from_flint(FibreForm.of(((one, zero), (zero, one)), ((one, one),)).matrix)
        ((Fraction(1, 2),),)
        """
        if not rows:
            return cls(fmpq_mat(0, 0), fmpq_mat(len(form), 0))
        across, square = to_flint(rows), to_flint(form)
        definite, pivots = square, pivots_or_negative(form)[0]
        if len(pivots) < len(form):
            definite = square + across.transpose() * across
            pivots = pivots_or_negative(from_flint(definite))[0]
            for i in set(range(len(form))) - set(pivots):
                definite[i, i] += 1
        solved = definite.solve(across.transpose())
        minimisers = solved * (across * solved).inv()
        return cls(minimisers.transpose() * square * minimisers, minimisers)

    @property
    def dim(self) -> int:
        """r."""
        return int(self.matrix.nrows())

    def __call__(self, y: Sequence[int | Fraction]) -> Fraction:
        column = to_flint([(Fraction(q),) for q in y], 1)
        return as_fraction((column.transpose() * self.matrix * column)[0, 0]) if self.dim else Fraction(0)

    def lift(self, y: Sequence[int | Fraction]) -> Vector:
        """The point x = Py with Ax = y and the least x^T Q x."""
        if not self.dim:
            return (Fraction(0),) * int(self.minimisers.nrows())
        return tuple(row[0] for row in from_flint(self.minimisers * to_flint([(Fraction(q),) for q in y])))

    def ratio(self, row: Vector, vector: Integers) -> Fraction | float:
        """<row, v>^2 / q(y) for v = (v_0, y); 0/0 counts as 0."""
        rise, size = sum((a * b for a, b in zip(row, vector, strict=True)), Fraction(0)), self(vector[1:])
        return rise**2 / size if size else math.inf if rise else Fraction(0)

    @cached_property
    def integers(self) -> fmpz_mat:
        """A positive multiple of the form (y_0, y) -> q(y) as an integer matrix."""
        scaled, _ = self.matrix.numer_denom()
        whole = fmpz_mat(self.dim + 1, self.dim + 1)
        for i in range(self.dim):
            for j in range(self.dim):
                whole[i + 1, j + 1] = scaled[i, j]
        return whole

    @cached_property
    def _inverse(self) -> fmpq_mat | None:
        return self.matrix.inv() if self.dim and self.matrix.det() else None

    def bound(self, row: Vector) -> Fraction | float:
        """An upper bound of <row, (y_0, y)>^2 / q(y); infinite if the row has a constant or q is not definite."""
        if row[0] or self._inverse is None:
            return math.inf if any(row) else Fraction(0)
        column = to_flint([(q,) for q in row[1:]])
        return as_fraction((column.transpose() * self._inverse * column)[0, 0])


@dataclass(frozen=True)
class Steepest:
    """The largest <row, v>^2 / q(v) found on cones, the vector v, its row and the generators of its cone."""

    ratio: Fraction | float = Fraction(0)
    vector: Integers | None = None
    row: Vector = ()
    generators: tuple[Integers, ...] = ()


def steepest_part(
    parts: Iterable[tuple[Sequence[Integers], Vector]], form: FibreForm, enough: Fraction | float = math.inf
) -> Steepest:
    """The maximum of <row, v>^2 / q(y), v = (v_0, y), over cones given by generators, each with a row of its own.

    It may be infinite; the search ends at the first ratio that exceeds ``enough``.
    """
    best = Steepest()
    for generators, row in parts:
        if form.bound(row) <= best.ratio:
            continue
        integers = primitive(row)
        for signed in (integers, tuple(-a for a in integers)):
            vector = steepest_vector(form.integers, signed, generators)
            if vector is None:
                continue
            ratio = form.ratio(row, vector)
            if ratio > best.ratio:
                best = Steepest(ratio, vector, row, tuple(generators))
                if ratio > enough:
                    return best
    return best


def steepest_vector(form: fmpz_mat, row: Integers, generators: Sequence[Integers]) -> Integers | None:
    """A vector of the cone of ``generators`` with the largest <row, v>^2 / v^T Q v among those with <row, v> > 0.

    None if there is none; v^T Q v = 0 means that the ratio is unbounded. ``form``, Q, must be semidefinite.
    The minimum of v^T Q v - 2 <row, v> is found by active sets, in exact arithmetic, so that it descends strictly and
    ends (Lawson and Hanson, Solving Least Squares Problems, 1974, chapter 23): generators enter while they improve,
    and leave at weight 0.

    >>> steepest_vector(fmpz_mat([[1, 0], [0, 1]]), (1, 2), [(1, 0), (1, 1)])
    (1, 1)
    """
    table = fmpz_mat([list(vector) for vector in generators])
    products = (table * form * table.transpose()).tolist()
    rises = [int(q) for (q,) in (table * fmpz_mat([[a] for a in row])).tolist()]
    weights: _Weights = {}
    unbounded = False
    while not unbounded and (entering := _entering(products, rises, weights)) is not None:
        weights, unbounded = _entered(products, rises, weights, entering)
    if not weights:
        return None
    total = [fmpq(0)] * len(row)
    for i, weight in weights.items():
        total = [q + weight * a for q, a in zip(total, generators[i], strict=True)]
    return primitive([Fraction(int(q.p), int(q.q)) for q in total])


def _entering(products: list[list[fmpz]], rises: Sequence[int], weights: _Weights) -> int | None:
    """The generator along which the function falls fastest from the current combination, if it falls along any."""
    best: tuple[fmpq, int] | None = None
    for i, line in enumerate(products):
        slope = rises[i] - sum((line[j] * weight for j, weight in weights.items()), fmpq(0))
        if slope > 0 and (best is None or slope > best[0]):
            best = slope, i
    return None if best is None else best[1]


def _entered(products: list[list[fmpz]], rises: Sequence[int], weights: _Weights, new: int) -> tuple[_Weights, bool]:
    """Weights of the minimum on a face after ``new`` entered; or of a direction without end, and True.

    The form is definite on the span of the generators in use. If ``new`` makes it degenerate, the function falls
    linearly along the null direction, until another generator leaves.
    """
    null = {i: -q for i, q in _solved(products, list(weights), [products[i][new] for i in weights]).items()}
    null[new] = fmpq(1)
    weights = {**weights, new: fmpq(0)}
    if sum((products[new][i] * q for i, q in null.items()), fmpq(0)) == 0:
        if min(null.values()) >= 0:
            return null, True
        weights = _moved(weights, null)
    while True:
        target = _solved(products, list(weights), [rises[i] for i in weights])
        if all(q > 0 for q in target.values()):
            return target, False
        weights = _moved(weights, {i: target[i] - q for i, q in weights.items()})


def _solved(products: list[list[fmpz]], used: list[int], right: Sequence[int | fmpz]) -> _Weights:
    if not used:
        return {}
    matrix = fmpz_mat([[products[i][j] for j in used] for i in used])
    solution = matrix.solve(fmpz_mat([[q] for q in right])).tolist()
    return {i: q for i, (q,) in zip(used, solution, strict=True)}


def _moved(weights: _Weights, direction: _Weights) -> _Weights:
    """The last nonnegative weights along the direction, without those that are 0."""
    step = min(weights[i] / -slope for i, slope in direction.items() if slope < 0)
    moved = {i: q + step * direction[i] for i, q in weights.items()}
    return {i: q for i, q in moved.items() if q}
