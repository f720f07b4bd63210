"""Lattice polynomials: maxima of minima of affine forms."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tropical.affine import AffineForm
from tropical.rationals import as_vector

Clause = frozenset[int]

_BLOCK = 1 << 22  # entries of the (samples, pieces) table held at once by float evaluation: 32 MiB


@dataclass(frozen=True)
class LatticePolynomial:
    """F(x) = max_j min_{i in I_j} l_i(x) with affine pieces l_i on Q^n and clauses I_j (Ovchinnikov 2002).

    Canonical on construction: equal pieces are merged, clauses that contain another one are absorbed
    (min over more forms is smaller), pieces in no clause are dropped, clauses are sorted. ``==`` means the same
    expression; ``equivalent`` decides whether two expressions are the same function.
    Raises ``ValueError`` for no clause, an empty clause, an index out of range or pieces on different spaces.

    >>> x, y = AffineForm([1, 0]), AffineForm([0, 1])
    >>> largest = LatticePolynomial([x, y, x], [[0], [1], [0, 1], [2]])
    >>> largest.clauses, largest([3, "7/2"])
    ((frozenset({0}), frozenset({1})), Fraction(7, 2))
    """

    pieces: tuple[AffineForm, ...]
    clauses: tuple[Clause, ...]

    def __init__(self, pieces: Sequence[AffineForm], clauses: Iterable[Iterable[int]]) -> None:
        given = tuple(pieces)
        if len({piece.input_dim for piece in given}) != 1:
            raise ValueError(f"pieces must be affine forms on one space, got dimensions {[p.input_dim for p in given]}")
        merged = list(dict.fromkeys(given))
        position = {piece: i for i, piece in enumerate(merged)}
        target = [position[piece] for piece in given]
        sets = minimal_sets(frozenset(target[i] for i in _checked(clause, len(given))) for clause in clauses)
        if not sets:
            raise ValueError("a lattice polynomial needs at least one clause, got none")
        used = sorted(frozenset().union(*sets))
        rename = {old: new for new, old in enumerate(used)}
        renamed = sorted((frozenset(rename[i] for i in clause) for clause in sets), key=sorted)
        object.__setattr__(self, "pieces", tuple(merged[i] for i in used))
        object.__setattr__(self, "clauses", tuple(renamed))

    @property
    def input_dim(self) -> int:
        """Number n of inputs."""
        return self.pieces[0].input_dim

    def __call__(self, x: Iterable[Any]) -> Fraction:
        point = as_vector(x, "x")
        values = [piece(point) for piece in self.pieces]
        return max(min(values[i] for i in clause) for clause in self.clauses)

    def evaluate(self, X: ArrayLike) -> NDArray[np.float64]:
        """Float64 values, (n_samples, n) -> (n_samples,), with parameters rounded to float64."""
        samples = np.asarray(X, dtype=np.float64)
        if samples.ndim != 2 or samples.shape[1] != self.input_dim:
            raise ValueError(f"X must have shape (n_samples, {self.input_dim}), got {samples.shape}")
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

    def __str__(self) -> str:
        clauses = [", ".join(str(self.pieces[i]) for i in sorted(clause)) for clause in self.clauses]
        return "max(" + ", ".join(f"min({text})" for text in clauses) + ")"


def minimal_sets(sets: Iterable[Clause]) -> list[Clause]:
    """Return the distinct sets that contain no other one of the family.

    >>> sorted(map(sorted, minimal_sets([frozenset({1, 2}), frozenset({2}), frozenset({0, 1})])))
    [[0, 1], [2]]
    """
    kept: list[int] = []
    for mask in sorted({sum(1 << i for i in members) for members in sets}, key=int.bit_count):
        if all(small & mask != small for small in kept):
            kept.append(mask)
    return [frozenset(_members(mask)) for mask in kept]


def _members(mask: int) -> list[int]:
    return [i for i in range(mask.bit_length()) if mask >> i & 1]


def _checked(clause: Iterable[int], count: int) -> list[int]:
    indices = [int(i) for i in clause]
    if not indices:
        raise ValueError("a clause of a lattice polynomial must name at least one piece, got an empty one")
    for i in indices:
        if not 0 <= i < count:
            raise ValueError(f"a clause names piece {i}, but there are {count} pieces")
    return indices
