"""The learner: from samples (x, F(x)) to F as a lattice polynomial over Q. THEORY section 3."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from learning.exact_pieces import PieceSearch, find_pieces, rough_subspace, span_of_gradients
from learning.fallback import best_regression
from learning.filtered_pca import FilteredPCA
from learning.label_queries import Oracle, answers
from learning.lattice_fit import LatticeFit, fit_lattice
from learning.missing_mass import MissingMass, missing_mass
from learning.rational_pieces import complete_pieces, rational_pieces, refit_pieces
from learning.refinement import Refinement, exact_forms, refine_by_queries
from learning.sampling import own_stream
from tropical import AffineForm, LatticePolynomial, ReLUNetwork, to_network

__all__ = ["LatticePolynomialRegressor"]

Array = NDArray[np.float64]


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
    queries : "forbidden", or "allowed": then the oracle given to ``fit`` is asked for labels at points of the learner's
        choice, where samples miss pieces or their order (see `refine_by_queries`). Queries are outside the model of
        learning from samples.
    max_queries : most labels asked for.
    random_state : seed.

    Attributes
    ----------
    relevant_subspace_ : (k, d) orthonormal rows. pieces_ : (p, d+1) gradients and constants in float64.
    status_ : "explained" (every sample and every queried point has a piece, and the lattice form reproduces it),
        "partial" (some have) or "approximate" (no piece was found: noise, or too few samples; predictions then come
        from a regression on W or on R^d, the better one on held-out samples).
    rational_ : whether it is "explained" with every piece reconstructed over Q.
    lattice_polynomial_ : the function over Q, or None unless ``rational_``.
    n_unexplained_ : samples without a piece. n_contradicted_ : samples, of up to 20 000 looked at, whose label the
        bounds of L1 over the others exclude: then a piece is missing, though every sample may have one.
    missing_ : list of `MissingMass`: where the function is not settled, with Gaussian mass; empty where nothing shows.
    n_queries_ : labels asked for. settled_ : whether queries at every face and in every order-cell that the pieces
        imply found nothing new; False without queries.
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

    Inputs that are clearly not N(0, I_d) give one `NonGaussianWarning`: what is found stays true of the samples, but
    filtered PCA, masses and levels rest on Gaussian inputs.

    Source: Chen, Klivans and Meka (2021); Ovchinnikov (2002); THEORY sections 2, 3 and L1.
    """

    def __init__(
        self,
        *,
        rounding: float = 1e-11,
        level: float = 0.01,
        max_passes: int = 4,
        max_rounds: int = 12,
        queries: str = "forbidden",
        max_queries: int = 500_000,
        random_state: int | None = 0,
    ) -> None:
        self.rounding = rounding
        self.level = level
        self.max_passes = max_passes
        self.max_rounds = max_rounds
        self.queries = queries
        self.max_queries = max_queries
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike, oracle: Oracle | None = None) -> Self:
        """Fit on samples X (N, d) and labels y (N,).

        Parameters
        ----------
        oracle : needed if ``queries="allowed"``, else left alone: an object with a method ``query``, as
            `GaussianOracle`, or a function, from points (m, d) to labels (m,).

        Raises
        ------
        ValueError : X or y of the wrong shape, not finite or without samples, parameters out of range, queries without
            an oracle.
        """
        self._check_parameters(oracle)
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        y = y.astype(np.float64)
        self._exponent = _exponent(y)
        kept = _distinct_rows(X)
        search = self._search(X[kept], np.ldexp(y[kept], -self._exponent))
        forms = self._reconstruct(search)
        refined = self._refine(search, forms, oracle)
        self._finish(search, forms if refined is None else refined.forms, refined)
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Values of the learned function, (n, d) -> (n,)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        if self._lattice is None:
            return np.ldexp(self._fallback(X), self._exponent)
        return self._lattice.values(self.pieces_, X)

    def to_network(self) -> ReLUNetwork:
        """The learned function as a ReLU network over Q, see `tropical.to_network`.

        Raises
        ------
        ValueError : there is no exact function, ``rational_`` is False.
        """
        check_is_fitted(self)
        if self.lattice_polynomial_ is None:
            raise ValueError("no exact function was learned (rational_ is False), hence no exact network")
        return to_network(self.lattice_polynomial_)

    def _check_parameters(self, oracle: Oracle | None) -> None:
        if not 0.0 < self.rounding < 1e-6:
            raise ValueError(f"rounding must lie strictly between 0 and 1e-6; got {self.rounding!r}")
        if not isinstance(self.max_rounds, int | np.integer) or self.max_rounds < 1:
            raise ValueError(f"max_rounds must be a positive integer; got {self.max_rounds!r}")
        if self.queries not in ("forbidden", "allowed"):
            raise ValueError(f"queries must be 'forbidden' or 'allowed'; got {self.queries!r}")
        if self.queries == "allowed":
            answers(oracle)
        if not isinstance(self.max_queries, int | np.integer) or self.max_queries < 0:
            raise ValueError(f"max_queries must be an integer, at least 0; got {self.max_queries!r}")

    def _search(self, X: Array, y: Array) -> PieceSearch:
        """Find pieces: homogeneous ones first, then with constants, first briefly, then patiently."""
        pca = FilteredPCA(max_passes=self.max_passes, level=self.level, random_state=self.random_state).fit(X, y)
        self.passes_, self._tested = pca.passes_, pca.components_
        scale = float(np.sqrt(np.mean(y**2))) or 1.0
        search = PieceSearch(X, y, scale, own_stream(self.random_state, "pieces"), self.rounding)
        self._guess = rough_subspace(search, passes=self.max_passes)
        brief = min(3, self.max_rounds)
        for affine, rounds in ((False, brief), (True, brief), (False, self.max_rounds), (True, self.max_rounds)):
            if len(search.unexplained):
                search.affine = affine
                find_pieces(search, self._guess, rounds=rounds)
        return search

    def _reconstruct(self, search: PieceSearch) -> list[AffineForm | None]:
        """Pieces over Q, with those that their lattice and a few samples determine; a refit if one stays in float."""
        affine = bool((np.abs(search.pieces[:, -1]) > 1e-9 * search.scale).any())
        if not affine:
            search.pieces[:, -1] = 0.0
        forms: list[AffineForm | None] = rational_pieces(
            search.X, search.y, search.pieces, search.owner, affine=affine, rounding=self.rounding
        )
        known = [form for form in forms if form is not None]
        if len(known) < len(forms):
            search.pieces = refit_pieces(search.X, search.y, search.pieces, search.owner, search.span, affine=affine)
        elif known:
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
        return forms

    def _refine(self, search: PieceSearch, forms: list[AffineForm | None], oracle: Oracle | None) -> Refinement | None:
        """Ask for labels where the samples leave pieces or their order open, if that is allowed."""
        self.n_queries_, self.settled_ = 0, False
        if self.queries == "forbidden":
            return None
        ask, exponent = answers(oracle), -self._exponent
        refined = refine_by_queries(
            search, forms, lambda points: np.ldexp(ask(points), exponent), limit=self.max_queries
        )
        self.n_queries_, self.settled_ = refined.ask.count, bool(refined.settled)
        return refined

    def _finish(self, search: PieceSearch, forms: list[AffineForm | None], refined: Refinement | None) -> None:
        """Clauses, status and the attributes that `fit` promises."""
        self.pieces_ = np.ldexp(search.pieces, self._exponent)
        self.n_unexplained_ = len(search.unexplained)
        self.n_contradicted_, self.bounds_agree_ = 0, 0.0
        unexplained = missing_mass("unexplained", search.X, search.owner < 0)
        unanswered = search.X[:0] if refined is None else refined.points[refined.owner == -1]
        missing = [replace(unexplained, points=np.vstack([unexplained.points, unanswered[:10]]))]
        self.status_, self.rational_ = "approximate", False
        self.lattice_polynomial_: LatticePolynomial | None = None
        self._lattice: LatticeFit | None = None
        frames = [self._guess[:length] for length in range(len(self._guess), 0, -1)]
        if len(search.pieces):
            frames = [span_of_gradients(search.pieces, search.scale)]
            missing += self._assemble(search, forms, refined)
        self.missing_ = [mass for mass in missing if mass.share > 0.0 or len(mass.points)]
        self.relevant_subspace_ = frames[0] if len(search.pieces) else self._tested
        if self.status_ != "explained":
            self._fall_back(search, frames)

    def _fall_back(self, search: PieceSearch, frames: list[Array]) -> None:
        """The best regression on held-out samples, for predictions where it is better than an incomplete form."""
        self._fallback, frame = best_regression(search.X, search.y, frames, polish=not len(search.pieces))
        if frame is not None and not len(search.pieces):
            self.relevant_subspace_ = frame
        if self._lattice is not None and self._falls_short(search):
            self._lattice = None

    def _assemble(
        self, search: PieceSearch, pieces: list[AffineForm | None], refined: Refinement | None
    ) -> tuple[MissingMass, ...]:
        """The lattice form over samples and queried points, and the status that it deserves; what it leaves open."""
        forms = exact_forms(search.pieces, pieces)
        points, owner = (search.X[:0], search.owner[:0]) if refined is None else (refined.points, refined.owner)
        complete = not self.n_unexplained_ and not (owner == -1).any()
        far = complete and not self.settled_
        fit = fit_lattice(search, forms, points[owner >= 0], owner[owner >= 0], seed=self.random_state, far=far)
        self._lattice, self.n_contradicted_, self.bounds_agree_ = fit, fit.contradicted, fit.agreement
        complete = complete and not fit.contradicted
        self.status_ = "explained" if complete else "partial"
        self.rational_ = complete and None not in pieces
        if self.rational_:
            unit = Fraction(2) ** self._exponent
            clauses = [np.flatnonzero(row).tolist() for row in fit.clauses]
            self.lattice_polynomial_ = LatticePolynomial([unit * form for form in forms], clauses)
        return fit.missing

    def _falls_short(self, search: PieceSearch, *, probes: int = 5000) -> bool:
        """Whether the plain regression predicts the samples better than an incomplete lattice form."""
        assert self._lattice is not None
        some = np.linspace(0, len(search.X) - 1, min(probes, len(search.X))).astype(int)
        X, y = search.X[some], search.y[some]
        ours, plain = self._lattice.values(search.pieces, X), self._fallback(X)
        return bool(np.mean((ours - y) ** 2) > np.mean((plain - y) ** 2))


def _float_pieces(forms: list[AffineForm]) -> Array:
    return np.array([[*form.gradient, form.constant] for form in forms], dtype=np.float64)


def _exponent(y: Array) -> int:
    """e with y/2^e of moderate size; 0 for labels that are so already, for a power of two enters the denominators."""
    exponent = int(np.frexp(np.abs(y).max())[1])
    return exponent if not -8 <= exponent <= 32 else 0


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
