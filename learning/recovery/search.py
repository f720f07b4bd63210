"""From an approximate subspace to exact affine pieces. THEORY section 3."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from learning.filtering.pca import filtered_pass
from learning.recovery.local_fits import LocalFit, batched_fits, certified_fit, robust_fit, solve_least_squares
from learning.recovery.polish import polished_frame
from learning.subspace import orthonormal_frame

__all__ = ["PieceSearch", "find_pieces", "rough_subspace", "span_of_gradients"]

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

_SPAN = 1e-8  # singular values of gradients, relative to F, up to which they are errors of accepted local fits
_GUESS_FLOOR = 0.15  # least weight of a guessed direction in the neighbour metric: its gradients may not be met yet
_FEW = 5  # dimensions in which neighbours are sought everywhere, with no guess
_PLANAR = 300  # largest d for solves with 4 d samples: their cost grows as the cube
_ENOUGH = 16  # local solves in R^d after which, if two found a piece, the far cheaper ones in the span go on
_BATCH = 1024  # seeds of one stacked solve in the span


def span_of_gradients(pieces: Array, scale: float, *, tolerance: float = _SPAN) -> Array:
    r"""Frame of the span of the gradients of pieces (p, d+1).

    ``tolerance`` is relative to the scale of F, not of the pieces: the gradients of zero pieces are rounding errors and
    must span nothing, and accepted local fits are wrong by up to 1e-10.

    Examples
    --------
    >>> span_of_gradients(np.array([[0.0, 2.0, 1.0], [0.0, 0.0, 0.0]]), 1.0)
    array([[0., 1.]])

    Source: THEORY section 3.2.
    """
    return orthonormal_frame(pieces[:, :-1], tolerance=tolerance, scale=scale)


@dataclass
class PieceSearch:
    r"""State of the search: samples, the pieces found, and which piece explains which sample.

    Attributes
    ----------
    X, y : samples (N, d), (N,). scale : root mean square of y, the size of F. rng : generator that picks seeds.
    rounding : largest relative residual of an explained sample.
    pieces : (p, d+1) gradients with constants. owner : (N,) index of the piece that explains a sample, -1 for none.
    span : frame of the gradients found. metric : (r, d) guessed directions, scaled by their weight as neighbours.
    affine : whether pieces carry a constant. guesses : rough and polished subspace, and the number of pieces then.
    """

    X: Array
    y: Array
    scale: float
    rng: np.random.Generator
    rounding: float = 1e-11
    affine: bool = False
    pieces: Array = field(init=False)
    owner: Indices = field(init=False)
    span: Array = field(init=False)
    metric: Array = field(init=False)
    norms: Array = field(init=False)
    guesses: tuple[int, Array, Array] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        dimension = self.X.shape[1]
        self.pieces = np.zeros((0, dimension + 1))
        self.owner = np.full(len(self.X), -1)
        self.span = np.zeros((0, dimension))
        self.metric = np.zeros((0, dimension))
        self.norms = np.linalg.norm(self.X, axis=1)

    @property
    def unexplained(self) -> Indices:
        """Indices of the samples that no piece explains."""
        return np.flatnonzero(self.owner < 0)

    def span_of_pieces(self) -> Array:
        """Frame of the span of the gradients found, as far as labels so rounded tell."""
        return span_of_gradients(self.pieces, self.scale, tolerance=max(_SPAN, 10.0 * self.rounding))

    def design(self, coordinates: Array) -> Array:
        """The columns of a fit: coordinates, and a constant one if pieces are affine."""
        return np.column_stack([coordinates, np.ones(len(coordinates))]) if self.affine else coordinates

    def piece(self, coefficients: Array, frame: Array | None) -> Array:
        """Coefficients of a fit in a frame (None: all of R^d) as a row (gradient, constant)."""
        constant = float(coefficients[-1]) if self.affine else 0.0
        gradient = coefficients[:-1] if self.affine else coefficients
        return np.append(gradient if frame is None else gradient @ frame, constant)

    def allowance(self, rows: Indices, piece: Array) -> Array:
        """Size of the terms of ℓ(x) beside which rounding is judged."""
        return self.norms[rows] * float(np.linalg.norm(piece[:-1])) + abs(float(piece[-1])) + self.scale

    def explained_by(self, piece: Array, rows: Indices, tolerance: float) -> Indices:
        """Those of the samples on which the piece agrees with the label."""
        residual = np.abs(self.X[rows] @ piece[:-1] + piece[-1] - self.y[rows])
        return rows[residual <= tolerance * self.allowance(rows, piece)]

    def kept(self, pieces: Array) -> NDArray[np.bool_]:
        """Which of other pieces (p, d+1) explain all the samples of the piece in their place."""
        groups = [np.flatnonzero(self.owner == i) for i in range(len(pieces))]
        explained = (self.explained_by(piece, rows, self.rounding) for piece, rows in zip(pieces, groups, strict=True))
        return np.array([len(some) == len(rows) for some, rows in zip(explained, groups, strict=True)], dtype=bool)

    def accept(self, fit: LocalFit, frame: Array | None) -> bool:
        """Refit an accepted local solve on the unexplained samples it explains, and add it as a piece."""
        piece, rows = self.piece(fit.coefficients, frame), self.unexplained
        needed = len(fit.coefficients) + 2
        tolerance = max(self.rounding, 10.0 * fit.error / self.scale)
        for level in (tolerance, max(self.rounding, 1e-3 * tolerance), self.rounding):
            chosen = self.explained_by(piece, rows, level)
            if len(chosen) < needed:
                return False
            sample = chosen[: 4 * self.X.shape[1] + 100]
            coordinates = self.X[sample] if frame is None else self.X[sample] @ frame.T
            solution, factor = solve_least_squares(self.design(coordinates), self.y[sample])
            if np.abs(np.diag(factor)).min() > 0.0:
                piece = self.piece(solution, frame)
        chosen = self.explained_by(piece, rows, self.rounding)
        if len(chosen) < needed:
            return False
        self.owner[chosen] = len(self.pieces)
        self.pieces = np.vstack([self.pieces, piece])
        return True


def _positions(search: PieceSearch, rows: Indices, metric: Array) -> Array:
    """Where neighbours are sought: Π_W x in the weighted metric, or its direction for homogeneous pieces."""
    places = search.X[rows] @ metric.T
    if search.affine:
        return places
    return places / np.maximum(np.linalg.norm(places, axis=1), 1e-300)[:, None]


def _solve_ambient(search: PieceSearch, seeds: int, *, polished: bool) -> tuple[int, Array]:
    """Local solves in R^d around unexplained samples; returns the number of pieces found and all gradients."""
    from scipy.spatial import cKDTree

    rows = search.unexplained
    dimension = search.X.shape[1]
    smallest = dimension + int(search.affine) + 5
    if len(rows) < smallest:
        return 0, np.zeros((0, dimension))
    places = _positions(search, rows, search.metric)
    tree = cKDTree(places) if places.shape[1] else None
    found, gradients = 0, []
    for i, seed in enumerate(search.rng.choice(len(rows), size=min(seeds, len(rows)), replace=False)):
        if search.owner[rows[seed]] >= 0:
            continue
        planar = polished and i % 2 == 1 and dimension <= _PLANAR  # takes the samples of one plane among more
        count = min((4 if planar else 2) * dimension + 10, len(rows))
        wide = min(2 * count, len(rows)) if planar else count
        near = np.arange(wide) if tree is None else np.atleast_1d(tree.query(places[seed], k=wide)[1])
        near = rows[near]
        near = near[search.owner[near] < 0]
        if len(near) < smallest:
            continue
        near = _of_one_plane(search, near, count)
        design = search.design(search.X[near])
        fit = certified_fit(design[:smallest], search.y[near[:smallest]], scale=search.scale, rounding=search.rounding)
        if not fit.accepted and len(near) > smallest:
            fit = robust_fit(design, search.y[near], scale=search.scale, rounding=search.rounding)
        gradients.append(fit.coefficients[:dimension] / max(fit.residual, 0.03 * search.scale))
        if fit.accepted and search.accept(fit, None):
            found += 1
        if found >= 2 and len(gradients) >= _ENOUGH:
            break
    return found, np.array(gradients).reshape(-1, dimension)


def _of_one_plane(search: PieceSearch, near: Indices, count: int) -> Indices:
    """Of samples ordered by distance, the ``count`` that follow the plane over the guessed subspace at the first best.

    A plane has few unknowns, hence small neighbourhoods; on a wider one it tells the samples of its piece from others,
    far better than distance does, as soon as the guess is good to a few hundredths.
    """
    if len(near) <= count:
        return near
    coordinates = search.design(search.X[near] @ search.metric.T)
    values, chosen = search.y[near], np.arange(3 * coordinates.shape[1])
    for _ in range(3):
        plane = np.linalg.lstsq(coordinates[chosen], values[chosen], rcond=None)[0]
        chosen = np.argsort(np.abs(coordinates @ plane - values), kind="stable")[:count]
    return near[chosen]


def _solve_in_span(search: PieceSearch) -> int:
    """Stacked local solves in the span of the gradients found, around all unexplained samples, until none is new."""
    from scipy.spatial import cKDTree

    total, frame = 0, search.span
    unknowns = len(frame) + int(search.affine)
    if not len(frame):
        return 0
    points = unknowns + 4
    failed, tree = 0, None
    while failed < 4:
        if tree is None:
            rows = search.unexplained
            if len(rows) < points:
                break
            places = _positions(search, rows, frame)
            tree = cKDTree(places)
        seeds = search.rng.choice(len(rows), size=min(_BATCH, len(rows)), replace=False)
        near = rows[tree.query(places[seeds], k=points)[1]]
        designs = search.X[near] @ frame.T
        if search.affine:
            designs = np.concatenate([designs, np.ones((*near.shape, 1))], axis=2)
        coefficients, error, accepted = batched_fits(
            designs, search.y[near], scale=search.scale, rounding=search.rounding
        )
        found = 0
        for i in np.flatnonzero(accepted):
            if (search.owner[near[i]] < 0).all():
                found += search.accept(LocalFit(coefficients[i], 0.0, float(error[i]), True), frame)
        total += found
        tree = None if found else tree
        failed = 0 if found else failed + 1 + 4 * (len(seeds) == len(rows))
    return total


def _updated_metric(search: PieceSearch, guess: Array, gradients: Array) -> Array:
    """Span found exactly, then the guess: turned towards the local gradients and weighted by them, if there are any."""
    rough = guess
    if gradients.any():
        _, weights, directions = np.linalg.svd(gradients / np.abs(gradients).max(), full_matrices=False)
        rank = min(len(guess), len(weights))
        weights = np.maximum(weights[:rank] / weights[0], _GUESS_FLOOR)
        rough = directions[:rank] * weights[:, None]
    outside = rough - (rough @ search.span.T) @ search.span
    return np.vstack([search.span, outside[np.linalg.norm(outside, axis=1) > 0.02]])


def rough_subspace(search: PieceSearch, *, passes: int = 4) -> Array:
    r"""Filtered PCA for a guess: the unexplained samples, all of them in every pass, deflated by the exact span.

    Being unexplained is a function of Π_V x, hence a filter. Passes that reuse their samples have no level; as a guess
    for neighbourhoods the result needs none.

    Returns
    -------
    (l, d) frame that begins with the exact span.

    Source: THEORY sections 2 and 3.
    """
    frame, rows = search.span, search.unexplained
    whole = len(rows) == len(search.X)
    X, y = (search.X, search.y) if whole else (search.X[rows], search.y[rows])
    for index in range(passes):
        wider, record = filtered_pass(X, y, frame, index=index, filtered=not whole)
        if record is None or not record.rejected:
            break
        frame = wider
    return frame


def find_pieces(search: PieceSearch, guess: Array, *, rounds: int = 12, seeds: int = 60) -> PieceSearch:
    r"""Explain samples by exact affine pieces until all are explained or ``rounds`` in a row find nothing.

    Alternates certified local solves in R^d, around unexplained samples whose neighbours are taken in the guessed
    subspace, with cheap ones in the span of the gradients found so far. Only exactly found directions deflate; guessed
    ones, turned towards the local gradients after every round, serve to find neighbours. A round that found nothing is
    followed by one with a polished guess, from filtered PCA on the unexplained samples.

    Parameters
    ----------
    search : the state; changed in place and returned. guess : (l, d) frame of a rough subspace.
    rounds : fruitless rounds in a row after which the search ends. seeds : local solves of one round.

    Source: THEORY section 3.
    """
    dimension = search.X.shape[1]
    if dimension <= _FEW or not len(guess):
        guess = np.eye(dimension)
    search.metric = guess
    fruitless, polished = 0, False
    while fruitless < rounds and len(search.unexplained):
        found, gradients = _solve_ambient(search, seeds, polished=polished)
        if found:
            search.span = search.span_of_pieces()
        found += _solve_in_span(search)
        search.span = search.span_of_pieces()
        fruitless = 0 if found else fruitless + 1
        if fruitless and len(search.unexplained) <= dimension + 6:
            break
        search.metric = _updated_metric(search, guess, gradients)
        polished = False
        if dimension > _FEW and len(search.unexplained) >= 10 * dimension:
            if fruitless % 4 == 1:
                search.metric, polished = _updated_metric(search, _guesses(search)[1], gradients[:0]), True
            elif fruitless and fruitless % 4 == 0:
                search.metric = guess = _guesses(search)[0]
    return search


def _guesses(search: PieceSearch) -> tuple[Array, Array]:
    """The rough subspace of the unexplained samples, and the same polished: the same until another piece is found."""
    if search.guesses is None or search.guesses[0] != len(search.pieces):
        rows, rough = search.unexplained, rough_subspace(search)
        search.guesses = len(search.pieces), rough, polished_frame(search.X[rows], search.y[rows], rough)
    return search.guesses[1:]
