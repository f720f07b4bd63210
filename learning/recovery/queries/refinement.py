"""Refinement by label queries: the pieces that samples miss, asked for where the form is unproven. THEORY 3.4."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from learning.recovery.clauses import covering_rows, lattice_bounds, minimal_rows, sample_clauses
from learning.recovery.local_fits import solve_least_squares
from learning.recovery.queries.labels import LabelQueries
from learning.recovery.queries.probes import Arrangement, places_of, rays_of, unit_rays
from learning.recovery.rationals import PieceLattice, piece_lattice, reconstruct_piece
from learning.recovery.search import PieceSearch, span_of_gradients
from tropical import AffineForm

__all__ = ["Refinement", "exact_forms", "refine_by_queries"]

Array = NDArray[np.float64]
Indices = NDArray[np.intp]
Table = NDArray[np.bool_]

_SURPLUS = 5  # equations of a local solve beyond its unknowns
_OUTSIDE = 3  # further equations off the span, which tell a span that is too small
_STRIKES = 3  # radii at which F may be affine along the span and not off it before the span counts as too small
_SHRINK = 0.25  # factor from one radius to the next
_SMALLEST = 2.0**-34  # least radius relative to the point: below, rounding of labels hides a kink
_ERROR = 1e-9  # largest relative error of a piece that stays in float64: others must still be told from it
_KNOWN_SAMPLES = 5000  # samples that enter the clauses of a round; all of them enter the final ones
_OPEN = 500  # order-cells asked at once: the clause of one settles many others
_FAILURES = 20  # local solves of one batch that may fail before the batch is given up


@dataclass
class Refinement:
    r"""Pieces refined by queries.

    Attributes
    ----------
    search : samples, pieces and owners. forms : the pieces over Q, None where one was not reconstructed.
    ask : the oracle. points, owner : queried points (m, d) that one piece alone explains, and that piece.
    settled : whether the last round asked at every face that it knew and found nothing new.
    """

    search: PieceSearch
    forms: list[AffineForm | None]
    ask: LabelQueries
    points: Array = field(init=False)
    labels: Array = field(init=False)
    owner: Indices = field(init=False)
    settled: bool = False
    _lattice: PieceLattice | None = None

    def __post_init__(self) -> None:
        self.points = np.zeros((0, self.search.X.shape[1]))
        self.labels = np.zeros(0)
        self.owner = np.zeros(0, dtype=np.intp)
        self._vertices = (np.zeros((0, 0)), np.zeros(0, dtype=np.intp))
        self._asked: set[bytes] = set()
        empty = np.zeros((0, 0), dtype=bool)
        self._clauses: tuple[Table, Table] = (empty, empty)
        self._read = 0
        known = [form for form in self.forms if form is not None]
        self._lattice = piece_lattice(known) if known else None

    @property
    def affine(self) -> bool:
        """Whether some piece has a constant."""
        return bool(self.search.pieces[:, -1].any())

    def explore(self, points: Array, labels: Array | None = None) -> int:
        """Ask at the points (m, d) and solve around those that no piece explains; the number of new pieces."""
        points = points[: max(self.ask.left, 0)] if labels is None else points
        labels = self.ask(points) if labels is None else labels
        owner = self._match(points, labels)
        found = failed = 0
        for i in range(len(points)):
            if owner[i] != -1:
                continue
            piece = self._solve_around(points[i], float(labels[i]))
            if piece is None:
                failed += 1
                if failed > _FAILURES or self.ask.left <= 0:
                    break
                continue
            found += 1
            self._add(*piece)
            rest = np.flatnonzero(owner == -1)
            owner[rest] = self._match(points[rest], labels[rest])
        self.points = np.vstack([self.points, points])
        self.labels = np.concatenate([self.labels, labels])
        self.owner = np.concatenate([self.owner, owner])
        if found:
            self.owner = self._match(self.points, self.labels)
        return found

    def _match(self, points: Array, labels: Array) -> Indices:
        """The piece that alone explains each point; -1 where none does, -2 where several do."""
        pieces, search = self.search.pieces, self.search
        if not len(pieces):
            return np.full(len(points), -1)
        residual = np.abs(points @ pieces[:, :-1].T + pieces[:, -1] - labels[:, None])
        sizes = np.linalg.norm(pieces[:, :-1], axis=1) * np.linalg.norm(points, axis=1)[:, None]
        residual /= sizes + np.abs(pieces[:, -1]) + search.scale * self._reach(points)[:, None]
        owner = residual.argmin(axis=1)
        several = (residual <= 4.0 * search.rounding).sum(axis=1) > 1
        return np.where(residual.min(axis=1) > search.rounding, -1, np.where(several, -2, owner))

    def _reach(self, points: Array) -> Array:
        """Size of a point that rounding refers to: at most one, less for a bias-free F on small points."""
        return np.minimum(np.linalg.norm(points, axis=1), 1.0) if not self.affine else np.ones(len(points))

    def _solve_around(self, centre: Array, label: float) -> tuple[Array, AffineForm | None] | None:
        """The affine piece at a point: least squares in shrinking balls, in the span first, then in R^d."""
        span = self.search.span
        for frame in [span, None] if len(span) else [None]:
            found = self._ball(centre, label, frame)
            piece = None if found is None else self._exact_piece(*found, frame)
            if piece is not None:
                return piece
        return None

    def _ball(self, centre: Array, label: float, frame: Array | None) -> tuple[Array, Array, Array] | None:
        """(X, y, gradient) in the largest ball tried on which F is affine; a gradient in the span must fit outside it.

        Without that check a span that is too small would make pieces of the slices of F along it.
        """
        search = self.search
        unknowns = len(centre) if frame is None else len(frame)
        inside = 2 * unknowns + _SURPLUS
        directions = search.rng.standard_normal((inside + (_OUTSIDE if frame is not None else 0), len(centre)))
        if frame is not None:
            directions[:inside] = directions[:inside] @ frame.T @ frame
        size = float(np.linalg.norm(centre if frame is None else frame @ centre)) or 1.0
        radius, strikes = 0.25 * size / np.sqrt(unknowns), 0
        while radius > _SMALLEST * size and strikes < _STRIKES and self.ask.left >= len(directions):
            X = centre + radius * directions
            y = self.ask(X)
            steps = (X - centre) / radius
            slopes = (y - label) / radius
            design = steps[:inside] if frame is None else steps[:inside] @ frame.T
            gradient = solve_least_squares(design, slopes[:inside])[0]
            gradient = gradient if frame is None else gradient @ frame
            residual = np.abs(steps @ gradient - slopes)
            level = 2.0**-44 * (float(np.linalg.norm(gradient)) * size + abs(label)) / radius
            level = max(level, search.rounding * search.scale)
            if residual.max() <= level:
                return np.vstack([centre, X]), np.append(label, y), gradient
            strikes += int(residual[:inside].max() <= level)
            radius *= _SHRINK
        return None

    def _exact_piece(
        self, X: Array, y: Array, gradient: Array, frame: Array | None
    ) -> tuple[Array, AffineForm | None] | None:
        """The piece over Q if the lattice of the known ones tells it, else in float64 if its error is small."""
        search = self.search
        constant = float(y[0] - X[0] @ gradient)
        size = float(np.linalg.norm(X[0]) * np.linalg.norm(gradient)) + abs(float(y[0]))
        radius = float(np.linalg.norm(X[1:] - X[0], axis=1).mean())
        error = 2.0**-48 * size * float(np.linalg.norm(X[0])) / radius
        flat = abs(constant) <= max(error, 1e-9 * search.scale)
        homogeneous = np.column_stack([X, np.ones(len(X))])
        width = X.shape[1] + (not flat)
        form = None
        if self._lattice is not None:
            form = reconstruct_piece(homogeneous, y, width, self._lattice, search.rounding)
        if form is None and frame is None:
            form = reconstruct_piece(homogeneous, y, width, None, search.rounding)
        if form is not None:
            return np.array([*form.gradient, form.constant], dtype=np.float64), form
        if 2.0**-48 * size / radius > _ERROR * search.scale:
            return None
        return np.append(gradient, 0.0 if flat else constant), None

    def _add(self, piece: Array, form: AffineForm | None) -> None:
        """Append a piece and give it the samples that it explains."""
        search = self.search
        search.pieces = np.vstack([search.pieces, piece])
        self.forms.append(form)
        rows = search.unexplained
        search.owner[search.explained_by(piece, rows, search.rounding)] = len(search.pieces) - 1
        if form is not None:
            outside = piece[:-1] - piece[:-1] @ search.span.T @ search.span
            wider = np.linalg.norm(outside) > 1e-9 * search.scale
            if self._lattice is None or wider or (form.constant and not self.affine_lattice):
                self._lattice = piece_lattice([f for f in self.forms if f is not None])
        search.span = span_of_gradients(search.pieces, search.scale)

    @property
    def affine_lattice(self) -> bool:
        """Whether the lattice of the pieces knows constants."""
        return self._lattice is not None and bool(self._lattice.rows[:, -1].any())

    def exact_forms(self) -> list[AffineForm]:
        """The pieces over Q: reconstructed, or the floats that they are."""
        return exact_forms(self.search.pieces, self.forms)

    def tables(self) -> tuple[Table, Table]:
        """Minimal clauses and dual clauses over the queried points and some of the samples."""
        search, forms = self.search, self.exact_forms()
        if self._clauses[0].shape[1] != len(forms):
            rows = self._some_samples()
            empty = np.zeros((0, len(forms)), dtype=bool)
            self._clauses, self._read = (empty, empty), 0
            self._include(search.X[rows], search.owner[rows], forms)
        self._include(self.points[self._read :], self.owner[self._read :], forms)
        self._read = len(self.points)
        return self._clauses

    def _include(self, points: Array, owner: Indices, forms: list[AffineForm]) -> None:
        if (owner >= 0).any():
            new = [sample_clauses(points, forms, owner, above=above) for above in (True, False)]
            one, two = (minimal_rows(np.vstack(both)) for both in zip(self._clauses, new, strict=True))
            self._clauses = (one, two)

    def _some_samples(self) -> Indices:
        """Indices of explained samples spread over the data, few enough to work with in every round."""
        rows = np.linspace(0, len(self.search.X) - 1, min(_KNOWN_SAMPLES, len(self.search.X))).astype(int)
        return np.asarray(rows[self.search.owner[rows] >= 0])

    def known(self) -> tuple[Array, Indices]:
        """The rays and pieces of all points that one piece alone explains, and of some samples."""
        rows, clear = self._some_samples(), self.owner >= 0
        places = np.vstack([self.search.X[rows], self.points[clear]]) @ self.search.span.T
        return rays_of(places, self.affine), np.concatenate([self.search.owner[rows], self.owner[clear]])

    def arrangement(self) -> Arrangement:
        """The pieces in coordinates of V, and few clauses and dual clauses that give F at the known points."""
        search = self.search
        rows = search.pieces[:, :-1] @ search.span.T
        rows = np.column_stack([rows, search.pieces[:, -1]]) if self.affine else rows
        rays, owner = self.known()
        values, slack = rays @ rows.T, 1e-10 * search.scale
        labels = values[np.arange(len(rays)), owner]
        lower, upper = self.tables()
        lower = covering_rows(values, labels, lower, slack=slack)
        upper = covering_rows(-values, -labels, upper, slack=slack)
        return Arrangement(rows, lower, upper, self.affine, slack)

    def ask_at_faces(self) -> int:
        """Ask at the faces of the regions as far as they are known; the number of new pieces."""
        here = self.arrangement()
        between, pairs = here.crossings(*self.known())
        self._vertices = here.vertices(pairs)
        wanted = self._unasked(np.vstack([between, here.probes(*self._vertices, self.search.rng)]))
        return self.explore(places_of(wanted, self.affine) @ self.search.span)

    def ask_between_contradictions(self, *, most: int = 20, steps: int = 64) -> int:
        r"""Ask on segments between points that contradict each other; the number of new pieces.

        If min over S_x exceeds F at y, then a piece is missing, and it is F somewhere on the segment from x to y: that
        is how L1 is proved.
        """
        rays, owner = self.known()
        here = self.arrangement()
        values = rays @ here.rows.T
        labels = values[np.arange(len(rays)), owner]
        ends = []
        for table, sign in ((here.lower, 1.0), (here.upper, -1.0)):
            signed, target = np.ascontiguousarray(sign * values.T), sign * labels
            for clause in table:
                excess = signed[clause].min(axis=0) - target
                if excess.max() > 10.0 * here.slack:
                    ends.append((rays[np.abs(excess).argmin()], rays[excess.argmax()]))
        found = 0
        for one, two in ends[:most]:
            for height in (np.linspace(0.0, 1.0, steps + 1)[1:-1], self.search.rng.uniform(size=4 * steps)):
                points = unit_rays((1.0 - height)[:, None] * one + height[:, None] * two)
                new = self.explore(places_of(points, self.affine) @ self.search.span)
                found += new
                if new:
                    break
        return found

    def ask_at_random(self, count: int) -> int:
        """Ask at x ~ N(0, I_d), and farther out where pieces have constants; the number of new pieces.

        Not on the span alone: directions that are missing from it show nowhere else.
        """
        points = self.search.rng.standard_normal((count, self.search.X.shape[1]))
        if self.affine:
            points *= 2.0 ** self.search.rng.integers(0, 7, size=(count, 1))
        return self.explore(points)

    def ask_in_order_cells(self) -> tuple[int, int]:
        """Ask where the two bounds of L1 differ; the numbers of new pieces and of order-cells that stay open.

        With no new piece the bounds only move towards each other: cells that were closed stay closed.
        """
        here = self.arrangement()
        seen = [np.concatenate(both) for both in zip(self.known(), self._vertices, strict=True)]
        wanted = here.order_cells(*seen)
        if wanted is None:
            wanted = unit_rays(self.search.rng.standard_normal((20_000, here.rows.shape[1])))
            wanted[:, -1] = np.abs(wanted[:, -1]) if self.affine else wanted[:, -1]
        wanted = wanted[self.search.rng.permutation(len(wanted))]
        below, over = lattice_bounds(wanted @ here.rows.T, here.lower, here.upper)
        open_ = over - below > here.slack
        while open_.any() and self.ask.left > 0:
            rows = np.flatnonzero(open_)[:_OPEN]
            start = len(self.points)
            if found := self.explore(places_of(wanted[rows], self.affine) @ self.search.span):
                return found, int(open_.sum())
            forms, points, owner = self.exact_forms(), self.points[start:], self.owner[start:]
            new = [sample_clauses(points, forms, owner, above=above) for above in (True, False)]
            under, above = lattice_bounds(wanted @ here.rows.T, *new)
            below, over = np.maximum(below, under), np.minimum(over, above)
            stuck = rows[(over - below)[rows] > here.slack]
            open_ = over - below > here.slack
            open_[stuck] = False
        return 0, int(open_.sum())

    def _unasked(self, rays: Array) -> Array:
        keys = np.round(rays, 9) + 0.0
        fresh = []
        for i, key in enumerate(keys):
            name = key.tobytes()
            if name not in self._asked:
                self._asked.add(name)
                fresh.append(i)
        return rays[fresh]


def exact_forms(pieces: Array, forms: Sequence[AffineForm | None]) -> list[AffineForm]:
    """The forms, and for None the one whose coefficients are the floats of that row of pieces (p, d+1)."""
    return [
        AffineForm(tuple(map(Fraction, row[:-1].tolist())), Fraction(float(row[-1]))) if form is None else form
        for row, form in zip(pieces, forms, strict=True)
    ]


def refine_by_queries(
    search: PieceSearch,
    forms: list[AffineForm | None],
    query: Callable[[Array], ArrayLike],
    *,
    limit: int,
    check: int = 20_000,
    rounds: int = 60,
) -> Refinement:
    r"""Find the pieces that samples miss, and points that fix the order of all of them, by asking for labels.

    First around every unexplained sample: F is affine on a small enough ball, and rank + 5 labels in it certify a
    piece. Then, round by round, at the faces of the regions that the known points imply (crossings between neighbours,
    vertices, points beside and between them): a label that no piece explains is the seed of a new piece. When none
    turns up, on segments between points that contradict each other, in every order-cell where the two bounds of L1
    differ, until they agree, and last at ``check`` random points.

    Parameters
    ----------
    search : samples and pieces; changed in place. forms : the pieces over Q, None where one was not reconstructed:
        these are dropped and sought anew if others were. query : (m, d) -> (m,) labels. limit : most labels asked for.
    check : random points at the end; a piece of Gaussian mass 3/check is then met with probability 0.95. rounds : most
        rounds; each one finds pieces or settles order-cells.

    Returns
    -------
    Refinement, ``settled`` if the last round found nothing. That is evidence, not proof: a bump inside one region, on
    which all that is known agrees, shows at no face.

    Examples
    --------
    >>> X = np.random.default_rng(0).standard_normal((60, 2))
    >>> search = PieceSearch(X, np.maximum(X[:, 0], 0.0), 1.0, np.random.default_rng(0))
    >>> found = refine_by_queries(search, [], lambda Z: np.maximum(Z[:, 0], 0.0), limit=40_000)
    >>> sorted(map(str, found.forms)), found.settled
    (['0', 'x0'], True)

    Source: THEORY section 3.4 and L1; membership queries are outside the model of Chen, Klivans and Meka (2021).
    """
    if any(form is not None for form in forms):
        forms = _without_unknown(search, forms)
    refinement = Refinement(search, list(forms), LabelQueries(query, limit))
    rows = search.unexplained
    while len(rows) and refinement.explore(search.X[rows], search.y[rows]):
        rows = search.unexplained
    for _ in range(rounds):
        if refinement.ask.left <= 0:
            break
        if not len(search.span):
            if refinement.ask_at_random(check):
                continue
            refinement.settled = refinement.ask.left > 0
            break
        if refinement.ask_at_faces() or refinement.ask_between_contradictions():
            continue
        found, open_ = refinement.ask_in_order_cells()
        if not found and not refinement.ask_at_random(check):
            refinement.settled = not open_ and refinement.ask.left > 0
            break
    refinement.settled &= not (refinement.owner == -1).any() and not len(search.unexplained)
    return refinement


def _without_unknown(search: PieceSearch, forms: list[AffineForm | None]) -> list[AffineForm | None]:
    """Drop the pieces that are not rational; their samples count as unexplained again."""
    kept = [i for i, form in enumerate(forms) if form is not None]
    position = np.full(len(forms) + 1, -1)
    position[kept] = np.arange(len(kept))
    search.owner, search.pieces = position[search.owner], search.pieces[kept]
    search.span = span_of_gradients(search.pieces, search.scale)
    return [forms[i] for i in kept]
