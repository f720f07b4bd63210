"""The lattice form of F over its samples: clauses, absorption, and the two bounds of L1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tropical import AffineForm

__all__ = [
    "covering_rows",
    "disjoint_rows",
    "extend_along_rays",
    "label_clauses",
    "label_tables",
    "lattice_bounds",
    "minimal_rows",
    "sample_clauses",
]

Array = NDArray[np.float64]
Table = NDArray[np.bool_]
Indices = NDArray[np.intp]

_CACHED = 2048  # points whose values stay in the processor's cache while all clauses are gone through


def minimal_rows(table: Table) -> Table:
    r"""Distinct rows of a boolean table that contain no other row, rows read as sets; smallest sets first.

    Examples
    --------
    >>> minimal_rows(np.array([[1, 1, 0], [0, 1, 0], [1, 0, 1]], dtype=bool)).astype(int)
    array([[0, 1, 0],
           [1, 0, 1]])
    """
    rows = np.unique(table, axis=0) if len(table) < 2 else _distinct(table)
    rows = rows[np.argsort(rows.sum(axis=1), kind="stable")]
    words = _words(rows)
    kept = []
    remaining = np.arange(len(rows))
    while len(remaining):
        first = remaining[0]
        kept.append(first)
        contains = ((words[remaining] & words[first]) == words[first]).all(axis=1)
        remaining = remaining[~contains]
    return rows[kept]


def _words(table: Table) -> NDArray[np.uint64]:
    packed = np.packbits(table, axis=1)
    padded = np.zeros((len(table), -(-max(packed.shape[1], 1) // 8) * 8), dtype=np.uint8)
    padded[:, : packed.shape[1]] = packed
    return padded.view(np.uint64)


def _distinct(table: Table) -> Table:
    words = np.ascontiguousarray(_words(table))
    keys = words.view(np.dtype((np.void, words.dtype.itemsize * words.shape[1]))).ravel()
    return table[np.sort(np.unique(keys, return_index=True)[1])]


def sample_clauses(
    X: Array,
    forms: Sequence[AffineForm],
    owner: Indices,
    *,
    above: bool = True,
    ambiguous: float = 1e-12,
    block: int = 4096,
) -> Table:
    r"""Minimal sets S_x = {i : ℓ_i(x) ≥ F(x)} over the explained samples (``above=False``: {i : ℓ_i(x) ≤ F(x)}).

    F(x) is the value of the piece that explains x, ties are included, and signs that float64 cannot decide are decided
    exactly. F ≥ max of min over these sets (≤ min of max), with equality at all samples, if the list is complete.

    Parameters
    ----------
    X : (N, d) samples. forms : pieces. owner : (N,) index of the piece of a sample; -1 leaves the sample out.
    ambiguous : differences up to this fraction of the terms are recomputed over Q; float64 errs by d · 1e-16.
    block : samples handled at once.

    Returns
    -------
    (c, p) boolean array, a clause a row.

    Source: Ovchinnikov (2002); THEORY L1.
    """
    matrix = np.array([[*form.gradient, form.constant] for form in forms], dtype=np.float64)
    sizes = np.abs(matrix).sum(axis=1)
    tables = []
    rows = np.flatnonzero(owner >= 0)
    for start in range(0, len(rows), block):
        chosen = rows[start : start + block]
        values = X[chosen] @ matrix[:, :-1].T + matrix[:, -1]
        difference = values - values[np.arange(len(chosen)), owner[chosen]][:, None]
        if not above:
            difference = -difference
        reach = np.maximum(np.abs(X[chosen]).max(axis=1), 1.0)[:, None] * (sizes + sizes[owner[chosen]][:, None])
        table = difference >= 0.0
        for s, i in np.argwhere(np.abs(difference) <= ambiguous * reach):
            own = int(owner[chosen[s]])
            exact = forms[i](X[chosen[s]].tolist()) - forms[own](X[chosen[s]].tolist()) if i != own else 0
            table[s, i] = exact >= 0 if above else exact <= 0
        tables.append(_distinct(table) if len(table) > 1 else table)
    return minimal_rows(np.vstack(tables)) if tables else np.zeros((0, len(forms)), dtype=bool)


def label_tables(X: Array, y: Array, pieces: Array, *, scale: float, rounding: float) -> tuple[Table, Table]:
    r"""{i : ℓ_i(x) ≥ y} and {i : ℓ_i(x) ≤ y} for labels y, up to rounding: both hold every piece that gives the label.

    Parameters
    ----------
    X, y : samples (n, d), (n,). pieces : (p, d+1). scale : size of F. rounding : largest difference that counts as
        none, relative to ‖∇ℓ_i‖‖x‖ + |ℓ_i(0)| + scale.

    Returns
    -------
    two (n, p) boolean tables.

    Examples
    --------
    >>> pieces = np.array([[1.0, 0.0], [0.0, 2.0], [0.0, 3.0]])
    >>> above, below = label_tables(np.array([[2.0]]), np.array([2.0]), pieces, scale=1.0, rounding=1e-11)
    >>> above.tolist(), below.tolist()
    ([[True, True, True]], [[True, True, False]])
    """
    sizes = np.linalg.norm(X, axis=1)[:, None] * np.linalg.norm(pieces[:, :-1], axis=1) + np.abs(pieces[:, -1])
    allowed = rounding * (sizes + scale)
    excess = X @ pieces[:, :-1].T + (pieces[:, -1] - y[:, None])
    return excess >= -allowed, excess <= allowed


def label_clauses(
    X: Array, y: Array, pieces: Array, *, scale: float, rounding: float, block: int = 4096
) -> tuple[Table, Table]:
    r"""Minimal rows of the two `label_tables` over all samples: the clauses and the dual clauses that labels imply.

    If no clause is disjoint from a dual clause (`disjoint_rows`), both lattice forms give every label up to rounding:
    each clause holds a piece that is at most the label, and the clause of the sample none that is below it.

    Source: THEORY L1.
    """
    empty = np.zeros((0, len(pieces)), dtype=bool)
    clauses, dual = [empty], [empty]
    for start in range(0, len(X), block):
        some = slice(start, start + block)
        above, below = label_tables(X[some], y[some], pieces, scale=scale, rounding=rounding)
        clauses.append(_distinct(above))
        dual.append(_distinct(below))
    return minimal_rows(np.vstack(clauses)), minimal_rows(np.vstack(dual))


def disjoint_rows(table: Table, other: Table, *, entries: int = 2**22) -> NDArray[np.bool_]:
    r"""Which rows of a boolean table (n, p), read as sets, are disjoint from some row of another (m, p).

    >>> disjoint_rows(np.array([[True, False], [True, True]]), np.array([[False, True]])).tolist()
    [True, False]
    """
    columns, block = other.T.astype(np.float32), max(1, entries // (len(other) + 1))
    found = np.zeros(len(table), dtype=bool)
    for start in range(0, len(table), block):
        common = table[start : start + block].astype(np.float32) @ columns
        found[start : start + block] = (common == 0.0).any(axis=1)
    return found


def covering_rows(values: Array, labels: Array, table: Table, *, slack: float) -> Table:
    r"""Some clauses of a table that already give max of min = F at the given points, chosen greedily.

    Parameters
    ----------
    values : (n, p) values of the pieces. labels : (n,) values F. table : (c, p) clauses. slack : rounding of values.

    Examples
    --------
    >>> table = np.array([[True, False], [False, True], [True, True]])
    >>> covering_rows(np.array([[1.0, 0.0]]), np.array([1.0]), table, slack=0.0)
    array([[ True, False]])

    Source: THEORY L2 (clauses far outnumber those that are needed).
    """
    columns = np.ascontiguousarray(values.T)
    attained = np.zeros((len(table), len(values)), dtype=bool)
    for row, clause in zip(attained, table, strict=True):
        row[:] = columns[clause].min(axis=0, initial=np.inf) >= labels - slack
    kept = []
    while attained.size:
        counts = attained.sum(axis=1)
        best = int(counts.argmax())
        if not counts[best]:
            break
        kept.append(best)
        attained = attained[:, ~attained[best]]
    return table[np.sort(np.array(kept, dtype=np.intp))]


def lattice_bounds(values: Array, lower: Table, upper: Table) -> tuple[Array, Array]:
    r"""max over clauses of min, and min over dual clauses of max, of piece values (n, p): L1's bounds, (n,) each.

    Examples
    --------
    >>> both = np.array([[True, True]])
    >>> lattice_bounds(np.array([[1.0, 2.0]]), both, both)
    (array([1.]), array([2.]))

    Source: THEORY L1.
    """
    bounds = np.full(len(values), -np.inf), np.full(len(values), np.inf)
    for start in range(0, len(values), _CACHED):
        columns = np.ascontiguousarray(values[start : start + _CACHED].T)
        below, over = (bound[start : start + _CACHED] for bound in bounds)
        for clause in lower:
            np.maximum(below, columns[clause].min(axis=0, initial=np.inf), out=below)
        for clause in upper:
            np.minimum(over, columns[clause].max(axis=0, initial=-np.inf), out=over)
    return bounds


def extend_along_rays(
    points: Array, owner: Indices, pieces: Array, lower: Table, upper: Table, *, slack: float, doublings: int = 10
) -> Table:
    r"""Clauses for cells far from all samples: F keeps its piece on the ray through a sample where L1 leaves a choice.

    Pieces with constants can cross where a Gaussian never comes, and there max-min and min-max over the samples differ.
    Doubling the points step by step, {i : ℓ_i ≥ v} with the value v of the present piece becomes a clause wherever v
    lies strictly between the bounds; v ≤ min-max is exactly the condition that no sample is contradicted.

    Parameters
    ----------
    points : (n, d) start of the rays, samples or projections of them on V. owner : (n,) their pieces.
    pieces : (p, d+1). lower, upper : clauses and dual clauses of the samples. slack : rounding of piece values.
    doublings : how often the points are doubled.

    Returns
    -------
    (c, p) boolean array: ``lower`` with the new clauses, minimal.

    Source: THEORY L1; the choice itself is a conjecture (no break without a sample that shows it).
    """
    owner, lower, upper = owner.copy(), lower.copy(), upper.copy()
    for step in range(1, doublings + 1):
        values = 2.0**step * (points @ pieces[:, :-1].T) + pieces[:, -1]
        allowed = 2.0**step * slack
        below, over = lattice_bounds(values, lower, upper)
        for i in range(len(points)):
            value = values[i, owner[i]]
            if over[i] - below[i] <= allowed or not below[i] - allowed <= value <= over[i] + allowed:
                continue
            clause, dual = values[i] >= value - 1e-6 * allowed, values[i] <= value + 1e-6 * allowed
            lower, upper = np.vstack([lower, clause]), np.vstack([upper, dual])
            np.maximum(below, values[:, clause].min(axis=1), out=below)
            np.minimum(over, values[:, dual].max(axis=1), out=over)
        owner = np.abs(values - below[:, None]).argmin(axis=1)
    return minimal_rows(lower)
