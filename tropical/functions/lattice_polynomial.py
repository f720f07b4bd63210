"""Lattice polynomials: maxima of minima of affine forms, and their arithmetic."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tropical.arguments import as_integer, as_samples, as_sequence, require
from tropical.arithmetic.rationals import (
    Matrix,
    Vector,
    as_fraction,
    as_rows,
    as_vector,
    from_flint,
    row_space,
    to_flint,
)
from tropical.budget import Budget, Meter, Progress
from tropical.functions.affine import AffineForm, AffineMap, as_forms, compose_all
from tropical.functions.function import Algebra, V
from tropical.notation import cut, latex_max_min, text_form
from tropical.values import Value, summary

Clause = frozenset[int]

_BLOCK = 1 << 22  # entries of the (samples, pieces) table held at once by float evaluation: 32 MiB
_SHOWN = 8  # clauses, and pieces of each, in text
_WIDTH = 80  # characters of a piece in text


@dataclass(frozen=True, repr=False)
class LatticePolynomial(Value):
    """F(x) = max_j min_{i in I_j} l_i(x) with affine pieces l_i on Q^n and clauses I_j (Ovchinnikov 2002).

    Canonical on construction: equal pieces are merged, clauses that contain another one are absorbed
    (min over more forms is smaller), pieces in no clause are dropped, clauses are sorted. ``==`` and ``hash``
    go by the expression; ``equivalent`` decides whether two expressions are the same function.
    Raises ``ValueError`` for no clause, an empty clause, an index out of range or pieces on different spaces.

    >>> x, y = AffineForm([1, 0]), AffineForm([0, 1])
    >>> largest = LatticePolynomial([x, y, x], [[0], [1], [0, 1], [2]])
    >>> largest.clauses, largest([3, "7/2"])
    ((frozenset({0}), frozenset({1})), Fraction(7, 2))

    The functions form a lattice with ``|`` = max and ``&`` = min, and a vector space over Q with ``+``, ``-`` and
    rational scale; an affine form may stand for the polynomial of one piece. Addition distributes over both:

    >>> f, g = LatticePolynomial.from_form(x), LatticePolynomial.from_form(y)
    >>> f | g == largest, f | (f & g) == f, f & (f | g) == f, f & (g | 0 * f) == (f & g) | (f & 0 * f)
    (True, True, True, True)
    >>> -(f | g) == -f & -g, -(f & g) == -f | -g, (f | g) + x == (f + x) | (g + x), (f & g) + x == (f + x) & (g + x)
    (True, True, True, True)
    >>> str((f | g) - (f & g))
    'max(0, x0 - x1, -x0 + x1)'
    """

    pieces: tuple[AffineForm, ...]
    clauses: tuple[Clause, ...]

    def __init__(self, pieces: Sequence[AffineForm], clauses: Iterable[Iterable[int]]) -> None:
        given = as_forms(pieces, "pieces")
        if len({piece.input_dim for piece in given}) != 1:
            raise ValueError(f"pieces must be affine forms on one space, got dimensions {[p.input_dim for p in given]}")
        merged = list(dict.fromkeys(given))
        position = {piece: i for i, piece in enumerate(merged)}
        target = [position[piece] for piece in given]
        listed = as_sequence(clauses, "clauses", "clauses", sets=True)
        sets = minimal_sets(frozenset(target[i] for i in _checked(clause, len(given))) for clause in listed)
        if not sets:
            raise ValueError("a lattice polynomial needs at least one clause, got none")
        used = sorted(frozenset().union(*sets))
        rename = {old: new for new, old in enumerate(used)}
        renamed = sorted((frozenset(rename[i] for i in clause) for clause in sets), key=sorted)
        object.__setattr__(self, "pieces", tuple(merged[i] for i in used))
        object.__setattr__(self, "clauses", tuple(renamed))

    @classmethod
    def from_form(cls, form: AffineForm) -> "LatticePolynomial":
        """The polynomial of one piece.

        >>> print(LatticePolynomial.from_form(AffineForm([2], 1)))
        2*x0 + 1
        """
        require(form, AffineForm, "form", "an AffineForm")
        return cls([form], [[0]])

    @property
    def input_dim(self) -> int:
        """Number n of inputs."""
        return self.pieces[0].input_dim

    @property
    def output_dim(self) -> int:
        """Number of outputs, 1."""
        return 1

    def gradients(self) -> Matrix:
        """The gradients of the pieces, which span what the function sees of x."""
        return tuple(piece.gradient for piece in self.pieces)

    def values(self, x: Iterable[Any]) -> Vector:
        """The exact value at one point, as a tuple of one."""
        return (self(x),)

    def build(self, algebra: Algebra[V]) -> list[V]:
        """The maximum of minima, in the algebra's values."""
        return [algebra.lattice([algebra.affine(piece) for piece in self.pieces], self.clauses)]

    @cached_property
    def dual_clauses(self) -> tuple[Clause, ...]:
        """The J_j of the min-max form F = min_j max_{i in J_j} l_i: :func:`dual_form` without a budget.

        >>> x, y, z = AffineForm([1, 0]), AffineForm([0, 1]), AffineForm([0, 0])
        >>> [sorted(clause) for clause in LatticePolynomial([x, y, z], [[0, 1], [2]]).dual_clauses]
        [[0, 2], [1, 2]]
        """
        return dual_form(self)

    def __call__(self, x: Iterable[Any]) -> Fraction:
        point = as_vector(x, "x")
        values = [piece(point) for piece in self.pieces]
        return max(min(values[i] for i in clause) for clause in self.clauses)

    def evaluate(self, X: ArrayLike) -> NDArray[np.float64]:
        """Float64 values, (n_samples, n) -> (n_samples,), with parameters rounded to float64."""
        samples = as_samples(X, self.input_dim)
        gradients = np.array([piece.gradient for piece in self.pieces], dtype=np.float64)
        constants = np.array([piece.constant for piece in self.pieces], dtype=np.float64)
        members = [np.fromiter(sorted(clause), dtype=np.intp) for clause in self.clauses]
        result = np.empty(len(samples))
        step = max(1, _BLOCK // len(self.pieces))
        for start in range(0, len(samples), step):
            values = samples[start : start + step] @ gradients.T + constants
            best = np.full(len(values), -np.inf)
            for indices in members:
                np.maximum(best, values[:, indices].min(axis=1), out=best)
            result[start : start + step] = best
        return result

    def __or__(self, other: Any) -> "LatticePolynomial":
        """The maximum: the union of the clauses."""
        g = self._operand(other)
        if g is None:
            return NotImplemented
        shift = len(self.pieces)
        return LatticePolynomial(
            (*self.pieces, *g.pieces), [*self.clauses, *([shift + i for i in clause] for clause in g.clauses)]
        )

    def __and__(self, other: Any) -> "LatticePolynomial":
        """The minimum: the union of each clause of one with each of the other."""
        g = self._operand(other)
        if g is None:
            return NotImplemented
        shift = len(self.pieces)
        return LatticePolynomial(
            (*self.pieces, *g.pieces),
            [[*ours, *(shift + i for i in theirs)] for ours in self.clauses for theirs in g.clauses],
        )

    def __add__(self, other: Any) -> "LatticePolynomial":
        """The sum: for each pair of clauses, the sums of a piece of one and a piece of the other."""
        g = self._operand(other)
        if g is None:
            return NotImplemented
        width = len(g.pieces)
        pairs = [[i * width + k for i in ours for k in theirs] for ours in self.clauses for theirs in g.clauses]
        return LatticePolynomial([p + q for p in self.pieces for q in g.pieces], pairs)

    __ror__, __rand__, __radd__ = __or__, __and__, __add__

    def __neg__(self) -> "LatticePolynomial":
        """-F = max_j min_{i in J_j} -l_i, by the dual clauses J_j: many more of them if there are many clauses."""
        return LatticePolynomial([-piece for piece in self.pieces], self.dual_clauses)

    def __sub__(self, other: Any) -> "LatticePolynomial":
        g = self._operand(other)
        return NotImplemented if g is None else self + (-g)

    def __rsub__(self, other: Any) -> "LatticePolynomial":
        g = self._operand(other)
        return NotImplemented if g is None else g + (-self)

    def __mul__(self, scalar: Any) -> "LatticePolynomial":
        if isinstance(scalar, (AffineForm, LatticePolynomial)):
            return NotImplemented
        factor = as_fraction(scalar, "scalar")
        clauses = self.clauses if factor >= 0 else self.dual_clauses
        return LatticePolynomial([piece * factor for piece in self.pieces], clauses)

    __rmul__ = __mul__

    def compose(self, inner: AffineMap) -> "LatticePolynomial":
        """The polynomial x -> F(inner(x)); ``ValueError`` unless ``inner`` has ``input_dim`` forms.

        >>> f = LatticePolynomial([AffineForm([1, 0]), AffineForm([0, 1])], [[0], [1]])
        >>> print(f.compose(AffineMap((AffineForm([1], 1), AffineForm([-1])))))
        max(x0 + 1, -x0)
        """
        return LatticePolynomial(compose_all(self.pieces, inner), self.clauses)

    def restrict(self, basis: Iterable[Iterable[Any]]) -> "LatticePolynomial":
        """F o P for the orthogonal projection P onto the span W of the rows of ``basis``: same clauses (THEORY L6).

        P = B (B^T B)^-1 B^T, B with independent columns that span W; rows may be dependent, none means W = {0}.
        Raises ``ValueError`` for rows of another length than ``input_dim``.

        >>> f = LatticePolynomial([AffineForm([1, 0], 3), AffineForm([0, 1])], [[0], [1]])
        >>> print(f.restrict([[1, 1], [2, 2]]))
        max(1/2*x0 + 1/2*x1 + 3, 1/2*x0 + 1/2*x1)
        """
        rows = as_rows(basis, "basis")
        for i, row in enumerate(rows):
            if len(row) != self.input_dim:
                raise ValueError(f"basis[{i}] must have {self.input_dim} coordinates, got {len(row)}")
        gradients = to_flint([piece.gradient for piece in self.pieces], self.input_dim)
        independent = row_space(rows)
        if independent:
            span = to_flint(independent)
            gradients = gradients * span.transpose() * (span * span.transpose()).inv() * span
        else:
            gradients = gradients * 0
        projected = zip(from_flint(gradients), self.pieces, strict=True)
        return LatticePolynomial([AffineForm(row, piece.constant) for row, piece in projected], self.clauses)

    def _operand(self, other: Any) -> "LatticePolynomial | None":
        """``other`` as a lattice polynomial on the same space, or None if it is neither that nor an affine form."""
        if isinstance(other, AffineForm):
            other = LatticePolynomial.from_form(other)
        if not isinstance(other, LatticePolynomial):
            return None
        if other.input_dim != self.input_dim:
            raise ValueError(f"functions on Q^{self.input_dim} and Q^{other.input_dim} cannot be combined")
        return other

    def _repr_latex_(self) -> str:
        forms = [(piece.gradient, piece.constant) for piece in self.pieces]
        return f"${latex_max_min(forms, [sorted(clause) for clause in self.clauses])}$"

    def __str__(self) -> str:
        shown = [[_short(self.pieces[i]) for i in sorted(clause)[:_SHOWN]] for clause in self.clauses[:_SHOWN]]
        texts = [_extremum("min", few, len(clause)) for few, clause in zip(shown, self.clauses, strict=False)]
        return _extremum("max", texts, len(self.clauses))

    def __repr__(self) -> str:
        return summary(f"LatticePolynomial on Q^{self.input_dim}, {len(self.pieces)} pieces", str(self))


def dual_form(
    polynomial: LatticePolynomial, budget: Budget | None = None, progress: Progress | None = None
) -> tuple[Clause, ...]:
    """Return the clauses J_j of the min-max form F = min_j max_{i in J_j} l_i: the minimal hitting sets of the I_j.

    A hitting set (transversal) meets every clause. By distributivity F is the minimum over all choices of one piece
    from each clause of the maximum of the chosen ones. The number of minimal hitting sets can be exponential in the
    number of clauses (H4: 16 clauses, 1560 dual ones), where the lattice form of the negated network is short;
    ``budget`` counts the ones made on the way as cells.
    Raises :class:`BudgetExhausted` if ``budget`` runs out. Berge's multiplication (Berge 1989, *Hypergraphs*, ch. 2).

    >>> x, y, z = AffineForm([1, 0]), AffineForm([0, 1]), AffineForm([0, 0])
    >>> [sorted(clause) for clause in dual_form(LatticePolynomial([x, y, z], [[0, 1], [2]]))]
    [[0, 2], [1, 2]]
    """
    meter = Meter(budget, progress)
    transversals = [0]
    for clause in sorted(polynomial.clauses, key=len):
        transversals = _multiplied(transversals, clause, meter)
    return tuple(sorted((frozenset(bits_of(mask)) for mask in transversals), key=sorted))


def _multiplied(transversals: list[int], clause: Clause, meter: Meter) -> list[int]:
    """The minimal hitting sets of one more clause.

    Those that meet it stay. The others are extended by each of its members i, unless a set that stays and contains i
    is a subset of the result; two extensions never contain each other.
    """
    members = mask_of(clause)
    staying = [mask for mask in transversals if mask & members]
    by_member = {i: [mask for mask in staying if mask >> i & 1] for i in clause}
    result = list(staying)
    for mask in transversals:
        if mask & members:
            continue
        for i in sorted(clause):
            larger = mask | 1 << i
            if all(small & ~larger for small in by_member[i]):
                meter.count_cell()
                result.append(larger)
    return result


def minimal_sets(sets: Iterable[Clause]) -> list[Clause]:
    """Return the distinct sets that contain no other one of the family.

    >>> sorted(map(sorted, minimal_sets([frozenset({1, 2}), frozenset({2}), frozenset({0, 1})])))
    [[0, 1], [2]]
    """
    return [frozenset(bits_of(mask)) for mask in minimal_masks(map(mask_of, sets))]


def minimal_masks(masks: Iterable[int]) -> list[int]:
    """The same for sets given as bit masks, smaller ones first."""
    kept: list[int] = []
    for mask in sorted(set(masks), key=int.bit_count):
        if all(small & mask != small for small in kept):
            kept.append(mask)
    return kept


def mask_of(members: Iterable[int]) -> int:
    """The integer whose bits are the members.

    >>> mask_of({0, 2}), bits_of(5)
    (5, [0, 2])
    """
    return sum(1 << i for i in members)


def bits_of(mask: int) -> list[int]:
    """The positions of the bits that are set, in increasing order."""
    found = []
    while mask:
        lowest = mask & -mask
        found.append(lowest.bit_length() - 1)
        mask ^= lowest
    return found


def _checked(clause: Iterable[int], count: int) -> list[int]:
    indices = as_sequence(clause, "a clause", "indices of pieces", sets=True)
    if not indices:
        raise ValueError("a clause of a lattice polynomial must name at least one piece, got an empty one")
    for i in indices:
        if not 0 <= as_integer(i, "a piece of a clause") < count:
            raise ValueError(f"a clause names piece {i}, but there are {count} pieces")
    return list(indices)


def _short(piece: AffineForm) -> str:
    return cut(text_form(piece.gradient, piece.constant, _WIDTH), _WIDTH)


def _extremum(kind: str, texts: list[str], count: int) -> str:
    """The first texts of that many in a maximum or minimum, and how many more there are; a single one by itself."""
    if count == 1:
        return texts[0]
    return f"{kind}({', '.join(texts if len(texts) == count else [*texts, f'... {count - len(texts)} more'])})"
