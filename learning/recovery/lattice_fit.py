"""The lattice form that labelled points imply, and how well they support it. THEORY L1, section 3.4."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.recovery.clauses import (
    disjoint_rows,
    extend_along_rays,
    label_clauses,
    label_tables,
    lattice_bounds,
    minimal_rows,
)
from learning.recovery.open_mass import MissingMass, missing_mass
from learning.recovery.search import PieceSearch, span_of_gradients
from learning.sampling import own_stream

__all__ = ["LatticeFit", "fit_lattice"]

Array = NDArray[np.float64]
Table = NDArray[np.bool_]

_PROBES = 2000  # fresh points at which the two bounds of L1 are compared
_SLACK = 1e-9  # difference of values, relative to the size of F, that rounding of pieces and sums explains
_FAR = 7  # with constants, fresh points are up to 2^6 times as far out as samples: clauses may first differ there


@dataclass(frozen=True)
class LatticeFit:
    r"""Clauses of a lattice form in given pieces, with the evidence for and against it.

    Attributes
    ----------
    clauses, dual : (c, p) boolean tables, F = max of min over ``clauses`` = min of max over ``dual`` at all points.
    contradicted : explained samples and further points whose label the bounds of L1 exclude; if none, the form gives
        all their labels up to rounding.
    agreement : share of fresh points of V at which both bounds agree.
    missing : `MissingMass` of the contradicted samples, and of the fresh points at which the bounds differ.
    """

    clauses: Table
    dual: Table
    contradicted: int
    agreement: float
    missing: tuple[MissingMass, ...]

    def values(self, pieces: Array, X: Array) -> Array:
        """Values at X (n, d) of the form with float pieces (p, d+1)."""
        return lattice_bounds(_at(pieces, X), self.clauses, self.clauses[:0])[0]


def fit_lattice(search: PieceSearch, points: Array, labels: Array, *, seed: int | None, far: bool) -> LatticeFit:
    r"""The lattice form over the explained samples of a search and further points (m, d) with their labels (m,).

    Parameters
    ----------
    search : samples, pieces, owners. points, labels : further points that a piece explains. seed : of the fresh points.
        far : whether pieces with constants are continued along the rays of the outermost samples: no break is assumed
        where nothing was seen.

    Source: THEORY L1.
    """
    known = search.owner >= 0
    X, y = (search.X, search.y) if known.all() else (search.X[known], search.y[known])
    if len(points):
        X, y = np.vstack([X, points]), np.concatenate([y, labels])
    clauses, dual = label_clauses(X, y, search.pieces, scale=search.scale, rounding=search.rounding)
    contradicted = _contradicted(search, X, y, clauses, dual)
    probes = min(_PROBES, 100 + 2_000_000 // (len(clauses) + len(dual) + 1))
    agreement, unproven = _disputed(search, clauses, dual, probes, own_stream(seed, "fresh points"))
    if far and not contradicted.any() and search.pieces[:, -1].any():
        clauses = _continued(search, clauses, dual)
    missing = (missing_mass("contradicted", X, contradicted), unproven)
    return LatticeFit(clauses, dual, int(contradicted.sum()), agreement, missing)


def _at(pieces: Array, X: Array) -> Array:
    return np.asarray(X @ pieces[:, :-1].T + pieces[:, -1])


def _contradicted(
    search: PieceSearch, X: Array, y: Array, clauses: Table, dual: Table, *, block: int = 4096
) -> NDArray[np.bool_]:
    """Which samples have a label that a clause exceeds or a dual clause stays below, by more than rounding."""
    contradicted = np.zeros(len(X), dtype=bool)
    high, low = clauses[disjoint_rows(clauses, dual)], dual[disjoint_rows(dual, clauses)]
    for start in range(0, len(X) if len(high) else 0, block):
        some = slice(start, start + block)
        above, below = label_tables(X[some], y[some], search.pieces, scale=search.scale, rounding=search.rounding)
        contradicted[some] = disjoint_rows(below, high) | disjoint_rows(above, low)
    return contradicted


def _disputed(
    search: PieceSearch, clauses: Table, dual: Table, count: int, rng: np.random.Generator
) -> tuple[float, MissingMass]:
    """Share of fresh points, also far out where pieces have constants, at which the bounds agree; mass of the rest."""
    frame = span_of_gradients(search.pieces, search.scale)
    places = rng.standard_normal((count, len(frame))) @ frame

    def differ(X: Array) -> NDArray[np.bool_]:
        below, over = lattice_bounds(_at(search.pieces, X), clauses, dual)
        return np.asarray(np.abs(over - below) > _slack(search))

    near = differ(places)
    all_of_them = near
    if search.pieces[:, -1].any():
        all_of_them = differ(places * 2.0 ** rng.integers(0, _FAR, size=(count, 1)))
    return float(np.mean(~all_of_them)), missing_mass("unproven", places, near)


def _continued(search: PieceSearch, clauses: Table, dual: Table, *, rays: int = 1000) -> Table:
    """The clauses, with those of the cells that the outermost samples point to."""
    frame = span_of_gradients(search.pieces, search.scale)
    places = search.X @ frame.T
    outer = np.argsort(-np.linalg.norm(places, axis=1), kind="stable")[:rays]
    points = places[outer] @ frame
    slack = _slack(search)
    longer = extend_along_rays(points, search.owner[outer], search.pieces, clauses, dual, slack=slack)
    return minimal_rows(np.vstack([clauses, longer[~disjoint_rows(longer, dual)]]))


def _slack(search: PieceSearch) -> float:
    return max(_SLACK, search.rounding) * search.scale
