"""The learner: from samples (x, F(x)) to F as a lattice polynomial over Q. THEORY section 3."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from learning.candidates import Candidate, fit_candidate
from learning.exact_pieces import PieceSearch, find_pieces, rough_subspace, span_of_gradients
from learning.filtered_pca import FilteredPCA
from learning.rational_pieces import complete_pieces, rational_pieces, refit_pieces
from learning.sample_clauses import extend_along_rays, lattice_bounds, sample_clauses
from tropical import AffineForm, LatticePolynomial

__all__ = ["LatticePolynomialRegressor"]

Array = NDArray[np.float64]
Table = NDArray[np.bool_]


class LatticePolynomialRegressor(RegressorMixin, BaseEstimator):
    r"""Learn y = max_j min_{i ∈ I_j} ℓ_i(x) exactly from noise-free labels at x ~ N(0, I_d).

    Filtered PCA gives a rough relevant subspace, certified local least squares give the affine pieces, lattice
    reduction makes them rational, and the order of the pieces at the samples gives the clauses. Nothing is proved here:
    "explained" means that every sample is reproduced, and a piece on a cone without samples can still be missing.

    Parameters
    ----------
    rounding : largest relative residual of a sample that a piece explains. Labels are float64 values of sums of some
        hundred terms; a wrong piece agrees so closely with probability 1e-11 a sample.
    level : level δ of the tests of filtered PCA, see `FilteredPCA`.
    max_passes : most passes of filtered PCA before the search for pieces.
    max_rounds : rounds of local solves in a row that may find nothing before the search ends.
    random_state : seed.

    Attributes
    ----------
    relevant_subspace_ : (k, d) orthonormal rows. pieces_ : (p, d+1) gradients and constants in float64.
    status_ : "explained" (every sample has a piece and the lattice form reproduces it), "partial" (some have) or
        "approximate" (no piece was found; predictions come from a regression on W or on R^d).
    rational_ : whether every piece was reconstructed over Q and every sample explained.
    lattice_polynomial_ : the function over Q, or None unless ``rational_``.
    n_unexplained_ : samples without a piece. n_contradicted_ : samples, of up to 20 000 looked at, whose label the
        bounds of L1 over the others exclude: then a piece is missing, though every sample may have one.
    passes_ : records of the passes of filtered PCA.
    bounds_agree_ : share of fresh points of V (up to 64 times as far out where pieces have constants) at which the
        max-min and the min-max form of L1 over the samples agree; below 1.0 clauses are unproven, and 1.0 is evidence,
        not proof, that none is missing. Where they differ far from all samples, the piece on a ray is continued.

    Examples
    --------
    >>> X = np.random.default_rng(0).standard_normal((400, 3))
    >>> learner = LatticePolynomialRegressor(random_state=0).fit(X, np.maximum(X[:, 0], 0.5 * X[:, 1]))
    >>> learner.status_, str(learner.lattice_polynomial_)
    ('explained', 'max(min(x0), min(1/2*x1))')

    Source: Chen, Klivans and Meka (2021); Ovchinnikov (2002); THEORY sections 2, 3 and L1.
    """

    def __init__(
        self,
        *,
        rounding: float = 1e-11,
        level: float = 0.01,
        max_passes: int = 4,
        max_rounds: int = 12,
        random_state: int | None = 0,
    ) -> None:
        self.rounding = rounding
        self.level = level
        self.max_passes = max_passes
        self.max_rounds = max_rounds
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit on samples X (N, d) and labels y (N,).

        Raises
        ------
        ValueError : X or y of the wrong shape, not finite or without samples, or parameters out of range.
        """
        self._check_parameters()
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        y = y.astype(np.float64)
        self._exponent = _exponent(y)
        kept = _distinct_rows(X)
        search = self._search(X[kept], np.ldexp(y[kept], -self._exponent))
        self._reconstruct(search)
        self._finish(search)
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Values of the learned function, (n, d) -> (n,)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        if self._clauses is None:
            return np.ldexp(self._fallback(X), self._exponent)
        values = X @ self.pieces_[:, :-1].T + self.pieces_[:, -1]
        return lattice_bounds(values, self._clauses, self._clauses[:0])[0]

    def _check_parameters(self) -> None:
        if not 0.0 < self.rounding < 1e-6:
            raise ValueError(f"rounding must lie strictly between 0 and 1e-6; got {self.rounding!r}")
        if not isinstance(self.max_rounds, int | np.integer) or self.max_rounds < 1:
            raise ValueError(f"max_rounds must be a positive integer; got {self.max_rounds!r}")

    def _search(self, X: Array, y: Array) -> PieceSearch:
        """Find pieces: homogeneous ones first, then with constants, first briefly, then patiently."""
        pca = FilteredPCA(max_passes=self.max_passes, level=self.level, random_state=self.random_state).fit(X, y)
        self.passes_, self._rough = pca.passes_, pca.components_
        scale = float(np.sqrt(np.mean(y**2))) or 1.0
        search = PieceSearch(X, y, scale, np.random.default_rng(self.random_state), self.rounding)
        guess = rough_subspace(search, passes=self.max_passes)
        brief = min(3, self.max_rounds)
        for affine, rounds in ((False, brief), (True, brief), (False, self.max_rounds), (True, self.max_rounds)):
            if len(search.unexplained):
                search.affine = affine
                find_pieces(search, guess, rounds=rounds)
        return search

    def _reconstruct(self, search: PieceSearch) -> None:
        """Refit, reconstruct over Q, add pieces that the lattice of these and a few samples determine."""
        affine = bool((np.abs(search.pieces[:, -1]) > 1e-9 * search.scale).any())
        if not affine:
            search.pieces[:, -1] = 0.0
        search.pieces = refit_pieces(search.X, search.y, search.pieces, search.owner, search.span, affine=affine)
        forms = rational_pieces(search.X, search.y, search.pieces, search.owner, affine=affine, rounding=self.rounding)
        known = [form for form in forms if form is not None]
        if known and len(known) == len(forms):
            new: list[AffineForm] = known
            while new and len(search.unexplained):
                new = complete_pieces(search.X, search.y, known, search.unexplained)
                known = known + new
                search.pieces = _float_pieces(known)
                for i in range(len(known) - len(new), len(known)):
                    rows = search.unexplained
                    search.owner[search.explained_by(search.pieces[i], rows, self.rounding)] = i
            distinct = list(dict.fromkeys(known))
            position = np.array([distinct.index(form) for form in known] + [-1])
            search.owner = position[search.owner]
            search.pieces = _float_pieces(distinct)
            forms = list(distinct)
        self.rational_ = bool(forms) and all(form is not None for form in forms) and not len(search.unexplained)
        self._forms = forms

    def _finish(self, search: PieceSearch) -> None:
        """Clauses, status and the attributes that `fit` promises."""
        self.pieces_ = np.ldexp(search.pieces, self._exponent)
        self.n_unexplained_ = len(search.unexplained)
        self.n_contradicted_ = 0
        self.bounds_agree_ = 0.0
        self.lattice_polynomial_: LatticePolynomial | None = None
        self._clauses: Table | None = None
        self.status_ = "approximate"
        self.relevant_subspace_ = self._rough
        if len(search.pieces):
            self.relevant_subspace_ = span_of_gradients(search.pieces, search.scale)
            pairs = zip(search.pieces, self._forms, strict=True)
            forms = [_exact(row) if form is None else form for row, form in pairs]
            table = sample_clauses(search.X, forms, search.owner)
            dual = sample_clauses(search.X, forms, search.owner, above=False)
            self._judge(search, table, dual)
            if self.status_ == "explained" and search.pieces[:, -1].any():
                table = self._extended(search, table, dual)
            self._clauses = table
            if self.rational_:
                clauses = [np.flatnonzero(row).tolist() for row in table]
                unit = Fraction(2) ** self._exponent
                self.lattice_polynomial_ = LatticePolynomial([unit * form for form in forms], clauses)
        self._fallback = _best_regression(search.X, search.y, self.relevant_subspace_)
        if self._clauses is not None and self.status_ == "partial" and self._falls_short(search, self._clauses):
            self._clauses = None

    def _extended(self, search: PieceSearch, table: Table, dual: Table, *, rays: int = 1000) -> Table:
        """The clauses, with those of the cells that the outermost samples point to."""
        places = search.X @ self.relevant_subspace_.T
        outer = np.argsort(-np.linalg.norm(places, axis=1), kind="stable")[:rays]
        points = places[outer] @ self.relevant_subspace_
        return extend_along_rays(points, search.owner[outer], search.pieces, table, dual, slack=1e-9 * search.scale)

    def _judge(self, search: PieceSearch, table: Table, dual: Table, *, probes: int = 20_000) -> None:
        """Status, and how far the two bounds of L1 agree with the labels and with each other."""
        probes = min(probes, 1000 + 20_000_000 // (len(table) + len(dual) + 1))
        some = np.linspace(0, len(search.X) - 1, min(probes, len(search.X))).astype(int)
        some = some[search.owner[some] >= 0]
        values = search.X[some] @ search.pieces[:, :-1].T + search.pieces[:, -1]
        own = values[np.arange(len(some)), search.owner[some]]
        below, over = lattice_bounds(values, table, dual)
        slack = 1e-9 * search.scale
        self.n_contradicted_ = int(((below > own + slack) | (over < own - slack)).sum())
        rng = np.random.default_rng(self.random_state)
        draws = rng.standard_normal((probes // 10, len(self.relevant_subspace_)))
        if search.pieces[:, -1].any():
            draws *= 2.0 ** rng.integers(0, 7, size=(len(draws), 1))
        values = draws @ self.relevant_subspace_ @ search.pieces[:, :-1].T + search.pieces[:, -1]
        below, over = lattice_bounds(values, table, dual)
        self.bounds_agree_ = float(np.mean(np.abs(over - below) <= slack))
        complete = not self.n_unexplained_ and not self.n_contradicted_
        self.status_ = "explained" if complete else "partial"
        self.rational_ = self.rational_ and complete

    def _falls_short(self, search: PieceSearch, table: Table, *, probes: int = 5000) -> bool:
        """Whether the plain regression predicts the samples better than an incomplete lattice form."""
        some = np.linspace(0, len(search.X) - 1, min(probes, len(search.X))).astype(int)
        X, y = search.X[some], search.y[some]
        below, _ = lattice_bounds(X @ search.pieces[:, :-1].T + search.pieces[:, -1], table, table[:0])
        return bool(np.mean((below - y) ** 2) > np.mean((self._fallback(X) - y) ** 2))


def _float_pieces(forms: list[AffineForm]) -> Array:
    return np.array([[*form.gradient, form.constant] for form in forms], dtype=np.float64)


def _exponent(y: Array) -> int:
    """e with y/2^e of moderate size; 0 for labels that are so already, for a power of two enters the denominators."""
    exponent = int(np.frexp(np.abs(y).max())[1])
    return exponent if not -8 <= exponent <= 32 else 0


def _exact(row: Array) -> AffineForm:
    """The affine form whose coefficients are these floats."""
    return AffineForm(tuple(map(Fraction, row[:-1].tolist())), Fraction(float(row[-1])))


def _distinct_rows(X: Array) -> NDArray[np.intp]:
    """Indices of the samples, repetitions left out: a repeated sample would confirm itself."""
    order = np.argsort(X[:, 0], kind="stable")
    ties = X[order[1:], 0] == X[order[:-1], 0]
    suspicious = np.unique(np.concatenate([order[1:][ties], order[:-1][ties]]))
    if not len(suspicious):
        return np.arange(len(X))
    repeated = np.ones(len(suspicious), dtype=bool)
    repeated[np.unique(X[suspicious], axis=0, return_index=True)[1]] = False
    return np.setdiff1d(np.arange(len(X)), suspicious[repeated])


def _best_regression(X: Array, y: Array, frame: Array) -> Candidate:
    """Least squares on R^d or a regression on W, whichever predicts a held-out fifth better; a function of x."""
    held = np.arange(len(X)) % 5 == 4
    train = ~held
    choices = [("linear", np.eye(X.shape[1]))] + ([("neighbours", frame)] if len(frame) else [])
    if not held.any():
        return _on_subspace("mean", X, y, frame)
    losses = [
        float(np.mean((_on_subspace(name, X[train], y[train], basis)(X[held]) - y[held]) ** 2))
        for name, basis in choices
    ]
    name, basis = choices[int(np.argmin(losses))]
    return _on_subspace(name, X, y, basis)


def _on_subspace(name: str, X: Array, y: Array, frame: Array) -> Candidate:
    return Candidate(name, partial(_at_coordinates, fit_candidate(name, X @ frame.T, y), frame))


def _at_coordinates(fitted: Candidate, frame: Array, X: Array) -> Array:
    return fitted(X @ frame.T)
