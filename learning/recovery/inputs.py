"""Inputs that say nothing new: constant ones, and affine functions of others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from learning.recovery.open_mass import MissingMass
from tropical import AffineForm, LatticePolynomial

__all__ = ["Inputs"]

Array = NDArray[np.float64]

_DISTANCE = 1e-10  # of a unit column to the span of others, up to which it lies there, but for rounding
_ROWS = 2  # times the number of columns, so many rows are looked at first


@dataclass(frozen=True)
class Inputs:
    """The columns of samples that are used: on the plane on which these lie, others are affine functions of them.

    ``used``: their numbers, of ``dimension`` columns. ``others``: (1 + used, left out), the constants and coefficients
    of the columns left out.
    """

    dimension: int
    used: NDArray[np.intp]
    others: Array

    @classmethod
    def of(cls, X: Array) -> Inputs:
        """Those of X (N, d): all of them where there are few samples.

        >>> X = np.random.default_rng(0).standard_normal((50, 3))
        >>> Inputs.of(np.column_stack([X[:, 0], np.full(50, 2.0), X[:, 1], X[:, 0] - X[:, 1]])).used
        array([0, 2])
        """
        count, dimension = X.shape
        used = np.arange(dimension)
        if count > dimension + 1 and len(_independent(X[: _ROWS * dimension + 100])) < dimension:
            used = _independent(X)
        if not len(used):
            used = np.arange(1)
        left_out = np.setdiff1d(np.arange(dimension), used)
        if not len(left_out):
            return cls(dimension, used, np.zeros((1 + dimension, 0)))
        design = np.column_stack([np.ones(count), X[:, used]])
        others = np.linalg.lstsq(design, X[:, left_out], rcond=None)[0]
        return cls(dimension, used, np.asarray(others, dtype=np.float64))

    @property
    def all_used(self) -> bool:
        """Whether no column is left out."""
        return len(self.used) == self.dimension

    def points(self, used: Array) -> Array:
        """Points (m, d) of the plane, from the columns used."""
        found = np.empty((len(used), self.dimension))
        found[:, self.used] = used
        found[:, np.setdiff1d(np.arange(self.dimension), self.used)] = self.others[0] + used @ self.others[1:]
        return found

    def rows(self, used: Array) -> Array:
        """Vectors (m, d), 0 in the columns left out; a last entry beyond those used, a constant, stays the last."""
        found = np.zeros((len(used), self.dimension + used.shape[1] - len(self.used)))
        found[:, self.used] = used[:, : len(self.used)]
        found[:, self.dimension :] = used[:, len(self.used) :]
        return found

    def function(self, f: LatticePolynomial) -> LatticePolynomial:
        """The same function of all columns."""
        return LatticePolynomial([self._form(piece) for piece in f.pieces], f.clauses)

    def mass(self, missing: MissingMass) -> MissingMass:
        """The same set, its points in all columns."""
        return replace(missing, points=self.points(missing.points))

    def _form(self, form: AffineForm) -> AffineForm:
        gradient = [Fraction(0)] * self.dimension
        for column, slope in zip(self.used.tolist(), form.gradient, strict=True):
            gradient[column] = slope
        return AffineForm(tuple(gradient), form.constant)


def _unit_columns(X: Array) -> Array:
    """The columns of (1, X) as unit vectors, rows scaled to length 1 before: a far sample counts like others."""
    table = np.column_stack([np.ones(len(X)), X])
    table /= np.linalg.norm(table, axis=1)[:, None]
    sizes = np.linalg.norm(table, axis=0)
    return np.asarray(table / np.where(sizes > 0.0, sizes, 1.0))


def _independent(X: Array) -> NDArray[np.intp]:
    """Columns, each not an affine function of those before it."""
    triangle: Array = np.asarray(np.linalg.qr(_unit_columns(X), mode="r"))  # its columns have the same inner products
    if np.abs(np.diag(triangle)).min() > _DISTANCE:
        return np.arange(X.shape[1])
    kept: list[int] = []
    basis = np.zeros((0, len(triangle)))
    for column, rest in enumerate(triangle.T):
        for _ in range(2):
            rest = rest - (basis @ rest) @ basis
        distance = float(np.linalg.norm(rest))
        if distance > _DISTANCE:
            kept.append(column - 1)
            basis = np.vstack([basis, rest / distance])
    return np.array(kept[1:], dtype=np.intp)
