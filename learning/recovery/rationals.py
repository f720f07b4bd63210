"""From float pieces to rational ones: refitting, reconstruction, and the lattice that the pieces span. THEORY 3.3."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import fmpq, fmpq_mat, fmpz_mat
from numpy.typing import NDArray

from learning.recovery.local_fits import solve_least_squares
from tropical import AffineForm, reconstruct_rationals

__all__ = ["PieceLattice", "complete_pieces", "piece_lattice", "rational_pieces", "reconstruct_piece", "refit_pieces"]

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

_MARGINS = (1.0, 16.0, 256.0)  # error bounds tried in turn: labels of ill-conditioned networks are worse than estimated
_CHANCE = 1e-9  # accidental pieces tolerated when a few samples and the lattice determine one
_FEW = 300  # samples looked at together; where more are left, whole pieces are missing that local solves can find
_ROWS = 12  # samples of one refit per unknown; the others are held out and must agree


def _standard_errors(design: Array, values: Array, solution: Array, factor: Array) -> Array:
    """Six standard errors of each coefficient, no less than the rounding of parameters and labels to float64."""
    residual = values - design @ solution
    spread = max(float(np.sqrt(np.mean(residual**2))), 2.0**-54 * float(np.abs(values).max()))
    inverse = np.linalg.solve(factor, np.eye(len(factor)))
    floor = 2.0**-51 * max(float(np.abs(solution).max(initial=0.0)), 1e-3)
    return np.asarray(6.0 * spread * np.sqrt((inverse**2).sum(axis=1)) + floor)


def refit_pieces(X: Array, y: Array, pieces: Array, owner: Indices, frame: Array, *, affine: bool) -> Array:
    r"""Least squares for each piece on all the samples it explains, in R^d where they suffice, else in a frame of V.

    Errors fall from the 1e-11 of a local solve to the level of float64 rounding.

    Parameters
    ----------
    X, y : samples (N, d), (N,). pieces : (p, d+1). owner : (N,) index of the piece that explains a sample, or -1.
    frame : (k, d) frame of the span of the gradients. affine : whether pieces carry a constant.

    Returns
    -------
    (p, d+1) refitted pieces.

    Source: THEORY section 3.
    """
    refitted = pieces.copy()
    dimension = X.shape[1]
    for i in range(len(pieces)):
        rows = np.flatnonzero(owner == i)
        ambient = len(rows) >= 2 * (dimension + 1)
        if len(rows) < len(frame) + int(affine) + 1:
            continue
        coordinates = X[rows] if ambient else X[rows] @ frame.T
        design = np.column_stack([coordinates, np.ones(len(rows))]) if affine else coordinates
        solution, factor = solve_least_squares(design, y[rows])
        if np.abs(np.diag(factor)).min(initial=np.inf) <= 1e-10 * np.abs(np.diag(factor)).max(initial=0.0):
            continue
        gradient = solution[:-1] if affine else solution
        refitted[i, :-1] = gradient if ambient else gradient @ frame
        refitted[i, -1] = solution[-1] if affine else 0.0
    return refitted


@dataclass(frozen=True)
class PieceLattice:
    r"""The lattice Z g_1 + ... + Z g_p of rational pieces g_i ∈ Q^{d+1} (gradient and constant).

    Networks whose weights share a denominator have their pieces in one such lattice; a piece on a small cone, too few
    samples for R^d, is an integer combination of the basis, and few samples tell which.

    Attributes
    ----------
    basis : (r, d+1) rational matrix, LLL-reduced. rows : the same in float64. sizes : (r,) root mean square of the
        coordinates of the generating pieces.
    """

    basis: fmpq_mat
    rows: Array
    sizes: Array

    def combine(self, coefficients: Sequence[Fraction]) -> AffineForm:
        """The affine form with the given coordinates in the basis."""
        vector = fmpq_mat(1, len(coefficients), [_to_fmpq(q) for q in coefficients]) * self.basis
        entries = [Fraction(int(q.p), int(q.q)) for q in vector.tolist()[0]]
        return AffineForm(tuple(entries[:-1]), entries[-1])


def _to_fmpq(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)


def _matrix(forms: Sequence[AffineForm]) -> fmpq_mat:
    entries = [_to_fmpq(q) for form in forms for q in (*form.gradient, form.constant)]
    return fmpq_mat(len(forms), len(forms[0].gradient) + 1, entries)


def piece_lattice(forms: Sequence[AffineForm]) -> PieceLattice | None:
    r"""`PieceLattice` of affine forms on Q^d; None if all of them are zero.

    Examples
    --------
    >>> from fractions import Fraction
    >>> forms = [AffineForm((Fraction(n, 2), Fraction(n)), Fraction(0)) for n in (4, 6)]
    >>> piece_lattice(forms).basis
    [1, 2, 0]
    """
    generators = _matrix(forms)
    echelon, rank = generators.rref()
    if rank == 0:
        return None
    table = echelon.tolist()
    pivots = [next(j for j, q in enumerate(row) if q != 0) for row in table[:rank]]
    span = fmpq_mat(rank, generators.ncols(), [q for row in table[:rank] for q in row])
    coordinates = [[row[j] for j in pivots] for row in generators.tolist()]
    common = math.lcm(*(int(q.q) for row in coordinates for q in row))
    hermite = fmpz_mat([[int(q.p) * (common // int(q.q)) for q in row] for row in coordinates]).hnf().tolist()
    reduced = fmpz_mat([row for row in hermite if any(row)]).lll()
    change = fmpq_mat(rank, rank, [fmpq(int(q), common) for row in reduced.tolist() for q in row])
    basis = change * span
    inside = fmpq_mat(len(coordinates), rank, [q for row in coordinates for q in row]) * change.inv()
    sizes = np.sqrt((_floats(inside) ** 2).mean(axis=0))
    return PieceLattice(basis, _floats(basis), np.maximum(sizes, 1.0))


def _floats(matrix: fmpq_mat) -> Array:
    return np.array([[int(q.p) / int(q.q) for q in row] for row in matrix.tolist()], dtype=np.float64)


def rational_pieces(
    X: Array, y: Array, pieces: Array, owner: Indices, *, affine: bool, rounding: float = 1e-11
) -> list[AffineForm | None]:
    r"""Reconstruct every piece over Q: first those with enough samples for R^d, then the rest in their lattice.

    Every answer must reproduce all labels of its samples, most of which the fit has not seen, to ``rounding``.

    Parameters
    ----------
    X, y, pieces, owner, affine : as in `refit_pieces`. rounding : relative residual that float64 labels may leave.

    Returns
    -------
    list of p affine forms, None where no rational piece could be told from chance.

    Source: THEORY section 3.3.
    """
    homogeneous = np.column_stack([X, np.ones(len(X))])
    width = X.shape[1] + int(affine)
    groups = [np.flatnonzero(owner == i) for i in range(len(pieces))]
    forms: list[AffineForm | None] = [None] * len(pieces)
    scale = float(np.sqrt(np.mean(y**2)))
    for i, rows in enumerate(groups):
        if len(rows) >= width + 10:
            forms[i] = reconstruct_piece(homogeneous[rows], y[rows], width, None, rounding, scale=scale)
    known = [form for form in forms if form is not None]
    lattice = piece_lattice(known) if known else None
    for i, rows in enumerate(groups):
        if forms[i] is None and lattice is not None and len(rows) > len(lattice.rows):
            forms[i] = reconstruct_piece(homogeneous[rows], y[rows], width, lattice, rounding, scale=scale)
    return forms


def reconstruct_piece(
    homogeneous: Array,
    y: Array,
    width: int,
    lattice: PieceLattice | None,
    rounding: float,
    *,
    scale: float | None = None,
) -> AffineForm | None:
    """One piece from samples that it explains, in the coordinates of R^d or of a lattice; None if chance could do it.

    ``homogeneous`` holds the samples (n, d + 1) with a last coordinate 1; without a lattice the first ``width``
    coordinates count. ``scale`` is the size of the labels that rounding refers to, by default their own.
    """
    unknowns = width if lattice is None else len(lattice.rows)
    used = slice(_ROWS * unknowns)
    design = homogeneous[used][:, :width] if lattice is None else homogeneous[used] @ lattice.rows.T
    solution, factor = solve_least_squares(design, y[used])
    pivots = np.abs(np.diag(factor))
    if pivots.min() <= 1e-12 * pivots.max():
        return None
    errors = _standard_errors(design, y[used], solution, factor)
    for margin in _MARGINS:
        answer = reconstruct_rationals(solution, margin * errors)
        if answer is None:
            continue
        if lattice is not None:
            form = lattice.combine(answer)
        else:
            padded = (*answer, Fraction(0))[: homogeneous.shape[1]]
            form = AffineForm(padded[:-1], padded[-1])
        if _agrees(form, homogeneous, y, float(np.sqrt(np.mean(y**2))) if scale is None else scale, rounding):
            return form
    return None


def _agrees(form: AffineForm, homogeneous: Array, y: Array, scale: float, rounding: float) -> bool:
    """Whether the form reproduces the labels; ``scale`` is the size of F, for the zero piece has none of its own."""
    row = np.array([*form.gradient, form.constant], dtype=np.float64)
    sizes = np.linalg.norm(homogeneous[:, :-1], axis=1) * np.linalg.norm(row[:-1]) + abs(row[-1])
    allowed = rounding * (sizes + scale)
    return bool((np.abs(homogeneous @ row - y) <= allowed).all())


def complete_pieces(
    X: Array, y: Array, forms: Sequence[AffineForm], unexplained: Indices, *, precision: float = 2e-14
) -> list[AffineForm]:
    r"""Pieces on cones with hardly a sample: integer points c of the lattice with ⟨c, z_i⟩ = y_i, found by LLL.

    Two or three labels of 50 bits determine r integers of ten bits. An answer is accepted only if the expected number
    of accidental ones, (integer points of that size) · Π (precision / spread of the labels), is below 1e-9.

    Parameters
    ----------
    X, y : samples. forms : rational pieces known. unexplained : indices of the samples that none of them explains.
    precision : error of the labels, relative to ‖gradient‖‖x‖.

    Returns
    -------
    list of new pieces, each explaining at least one of the samples.

    Source: THEORY section 3.3 (chance excluded by counting).
    """
    lattice = piece_lattice(forms)
    if lattice is None:
        return []
    found: list[AffineForm] = []
    unexplained = unexplained[:_FEW]
    homogeneous = np.column_stack([X[unexplained], np.ones(len(unexplained))])
    places, labels = homogeneous @ lattice.rows.T, y[unexplained]
    directions = homogeneous @ np.linalg.qr(lattice.rows.T)[0]
    directions /= np.maximum(np.linalg.norm(directions, axis=1), 1e-300)[:, None]
    alive = np.ones(len(unexplained), dtype=bool)
    for count in range(len(lattice.rows), 0, -1):
        for seed in range(len(unexplained)):
            if not alive[seed] or alive.sum() < count:
                continue
            order = np.argsort(-(directions @ directions[seed]) - 10.0 * alive + 0.0, kind="stable")
            near = np.concatenate([[seed], order[order != seed]])[:count]
            coefficients = _integer_point(places[near], labels[near], lattice.sizes, precision)
            if coefficients is None:
                continue
            form = lattice.combine([Fraction(c) for c in coefficients])
            floats = np.array(coefficients, dtype=np.float64)
            allowed = precision * np.maximum(np.abs(places) @ np.abs(floats), 1e-300)
            alive &= np.abs(places @ floats - labels) > 4.0 * allowed
            found.append(form)
    return found


def _integer_point(places: Array, labels: Array, sizes: Array, precision: float) -> list[int] | None:
    """The integer vector c with places·c = labels, if it is unique beyond chance."""
    rank = places.shape[1]
    tolerance = precision * np.maximum(np.abs(places) @ sizes, np.abs(labels))
    if not (tolerance > 0.0).all():
        return None
    weights = [Fraction(1) / Fraction(float(t)) for t in tolerance]
    guard = 64
    scale = [max(1, round(guard * float(sizes.max()) / float(s))) for s in sizes]
    last = max(1, round(guard * float(sizes.max())))
    rows = []
    for j in range(rank):
        unit = [0] * (rank + 1)
        unit[j] = scale[j]
        rows.append(unit + [round(Fraction(float(p)) * w * last) for p, w in zip(places[:, j], weights, strict=True)])
    rows.append(
        [0] * rank + [last] + [round(Fraction(float(v)) * w * last) for v, w in zip(labels, weights, strict=True)]
    )
    for row in fmpz_mat(rows).lll().tolist():
        if abs(int(row[rank])) != last:
            continue
        sign = -1 if int(row[rank]) > 0 else 1
        answer = [sign * int(row[j]) // scale[j] for j in range(rank)]
        floats = np.array(answer, dtype=np.float64)
        if (np.abs(places @ floats - labels) <= 4.0 * tolerance).all():
            box = np.maximum(np.abs(floats), sizes)
            spread = np.abs(places) @ box
            expected = math.prod(float(4.0 * b + 1.0) for b in box) * math.prod(map(float, 8.0 * tolerance / spread))
            return answer if expected < _CHANCE else None
    return None
