"""The learner: from samples (x, F(x)) to F as a lattice polynomial over Q. THEORY section 3."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from learning.arguments import as_count, as_random, checked_data, require_choice, require_real
from learning.filtering.pca import FilteredPCA
from learning.recovery.fallback import best_regression
from learning.recovery.inputs import Inputs
from learning.recovery.label_resolution import COARSEST, rounding_of_labels
from learning.recovery.lattice_fit import fit_lattice
from learning.recovery.open_mass import MissingMass, missing_mass
from learning.recovery.queries.labels import Oracle, answers, as_labels
from learning.recovery.queries.refinement import Refinement, refine_by_queries
from learning.recovery.rationals import complete_pieces, rational_pieces, refit_pieces
from learning.recovery.search import PieceSearch, find_pieces, rough_subspace
from learning.sampling import own_stream
from tropical import AffineForm, LatticePolynomial, ReLUNetwork, to_network

__all__ = ["CoarseLabelsWarning", "LatticePolynomialRegressor"]

Array = NDArray[np.float64]

_COARSE = (
    "the labels are rounded to {:.1g} of their size: exact pieces cannot be told from others, a regression is fitted."
    " Give labels with more digits, or the rounding if they have them"
)


class CoarseLabelsWarning(UserWarning):
    """Labels have too few digits for exact pieces."""


class LatticePolynomialRegressor(RegressorMixin, BaseEstimator):
    r"""Learn y = max_j min_{i ∈ I_j} ℓ_i(x) exactly from noise-free labels at x ~ N(0, I_d).

    Filtered PCA gives a rough relevant subspace, certified local least squares give the affine pieces, lattice
    reduction makes them rational, and the order of the pieces at the samples gives the clauses. Nothing is proved here:
    "explained" means that every sample is reproduced, and a piece on a cone without samples can still be missing.
    Repeats of a row and its label count once. A row that comes with several labels is a sample with each of them, of
    which a function reproduces one: the status is then "partial" at most.

    Parameters
    ----------
    rounding : largest residual of a sample that a piece explains, relative to ‖∇ℓ‖‖x‖ + |ℓ(0)| and the root mean square
        of y; by default what the labels can carry (`rounding_of_labels`). That is 1e-11 for float64 values of sums of
        some hundred terms: a wrong piece agrees so closely with probability 1e-11 a sample. Labels of equal rows are
        equal if they differ by less.
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
    inputs_used_ : columns of X used: constant ones, and those that are affine functions of earlier ones, are left out.
        Nothing is known off the plane on which such samples lie.
    relevant_subspace_ : (k, d) orthonormal rows. pieces_ : (p, d+1) gradients and constants in float64.
    status_ : "explained" (the lattice form, whose values `predict` returns, reproduces the label of every sample and of
        every queried point up to ``rounding``, of the largest piece),
        "partial" (some have) or "approximate" (no piece was found: noise, or too few samples; predictions then come
        from a regression on W or on R^d, the better one on held-out samples).
    rounding_ : the ``rounding`` used; above 1e-6, of labels with few digits, no piece can be told from others, and none
        was sought: a `CoarseLabelsWarning` says so.
    rational_ : whether it is "explained" with every piece reconstructed over Q.
    lattice_polynomial_ : the function over Q, or None unless ``rational_``.
    n_unexplained_ : samples without a piece. n_contradicted_ : samples and queried points with a piece, whose label the
        bounds of L1 over the others exclude: a piece is missing or a label is wrong.
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
    ('explained', 'max(x0, 1/2*x1)')

    Inputs that are clearly not N(0, I_d) give one `NonGaussianWarning`: what is found stays true of the samples, but
    filtered PCA, masses and levels rest on Gaussian inputs.

    An estimator equals only itself.

    Source: Chen, Klivans and Meka (2021); Ovchinnikov (2002); THEORY sections 2, 3 and L1.
    """

    _values: Callable[[Array], Array]
    pieces_: Array
    relevant_subspace_: Array
    missing_: list[MissingMass]
    lattice_polynomial_: LatticePolynomial | None

    def __init__(
        self,
        *,
        rounding: float | None = None,
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
        fitted = copy(self)
        X, y = checked_data(fitted, X, y)
        fitted.rounding_ = rounding_of_labels(X, y) if self.rounding is None else self.rounding
        fitted._learn(X, y.astype(np.float64), oracle)
        self.__dict__ = fitted.__dict__  # at once: whatever stops a fit leaves the estimator as it was
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Values of the learned function, (n, d) -> (n,)."""
        check_is_fitted(self)
        X = checked_data(self, X)
        return np.ldexp(self._values(X), self._exponent)

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
        if self.rounding is not None:
            require_real(self.rounding, "rounding", 0, COARSEST)
        require_real(self.level, "level", 0, 1)
        as_random(self.random_state, "random_state")
        as_count(self.max_passes, "max_passes")
        as_count(self.max_rounds, "max_rounds")
        require_choice(self.queries, ("forbidden", "allowed"), "queries")
        if self.queries == "allowed":
            answers(oracle)
        as_count(self.max_queries, "max_queries", 0)

    def _learn(self, X: Array, y: Array, oracle: Oracle | None) -> None:
        self._exponent = _exponent(y)
        y = np.ldexp(y, -self._exponent)
        kept = _distinct_samples(X, y, self.rounding_)
        inputs = Inputs.of(X[kept])
        search = self._search(X[np.ix_(kept, inputs.used)], y[kept])
        forms = self._reconstruct(search)
        refined = self._refine(search, forms, oracle, inputs)
        self._finish(search, forms if refined is None else refined.forms, refined)
        self.inputs_used_ = inputs.used
        if not inputs.all_used:
            self._widen(inputs)

    def _widen(self, inputs: Inputs) -> None:
        """What was found on the columns used, as functions and vectors of all of them."""
        self._values = partial(_at_columns, self._values, inputs.used)
        self.pieces_, self.relevant_subspace_ = inputs.rows(self.pieces_), inputs.rows(self.relevant_subspace_)
        self.missing_ = [inputs.mass(missing) for missing in self.missing_]
        if self.lattice_polynomial_ is not None:
            self.lattice_polynomial_ = inputs.function(self.lattice_polynomial_)

    def _search(self, X: Array, y: Array) -> PieceSearch:
        """Find pieces: homogeneous ones first, then with constants, first briefly, then patiently."""
        pca = FilteredPCA(max_passes=self.max_passes, level=self.level, random_state=self.random_state).fit(X, y)
        self.passes_, self._tested = pca.passes_, pca.components_
        scale = float(np.sqrt(np.mean(y**2))) or 1.0
        search = PieceSearch(X, y, scale, own_stream(self.random_state, "pieces"), self.rounding_)
        self._guess = rough_subspace(search, passes=self.max_passes)
        if self.rounding_ > COARSEST:
            warnings.warn(_COARSE.format(self.rounding_), CoarseLabelsWarning, stacklevel=5)
            return search
        brief = min(3, self.max_rounds)
        for affine, rounds in ((False, brief), (True, brief), (False, self.max_rounds), (True, self.max_rounds)):
            if len(search.unexplained):
                search.affine = affine
                find_pieces(search, self._guess, rounds=rounds)
        return search

    def _reconstruct(self, search: PieceSearch) -> list[AffineForm | None]:
        """Pieces over Q, with those that their lattice and a few samples determine; a refit if one stays in float."""
        affine = bool(search.pieces[:, -1].any())
        if affine:
            homogeneous = refit_pieces(search.X, search.y, search.pieces, search.owner, search.span, affine=False)
            homogeneous[:, -1] = 0.0
            affine = not search.kept(homogeneous).all()
            search.pieces = search.pieces if affine else homogeneous
        forms: list[AffineForm | None] = rational_pieces(
            search.X, search.y, search.pieces, search.owner, affine=affine, rounding=self.rounding_
        )
        known = [form for form in forms if form is not None]
        if len(known) < len(forms):
            refitted = refit_pieces(search.X, search.y, search.pieces, search.owner, search.span, affine=affine)
            search.pieces = np.where(search.kept(refitted)[:, None], refitted, search.pieces)
        elif known:
            left = len(search.X) + 1
            while 0 < len(search.unexplained) < left:
                left = len(search.unexplained)
                for form in complete_pieces(search.X, search.y, known, search.unexplained):
                    rows = search.explained_by(_float_pieces([form])[0], search.unexplained, self.rounding_)
                    search.owner[rows] = len(known)
                    known += [form] if len(rows) else []
            distinct = list(dict.fromkeys(known))
            position = np.array([distinct.index(form) for form in known] + [-1])
            search.owner = position[search.owner]
            search.pieces = _float_pieces(distinct)
            forms = list(distinct)
        return forms

    def _refine(
        self, search: PieceSearch, forms: list[AffineForm | None], oracle: Oracle | None, inputs: Inputs
    ) -> Refinement | None:
        """Ask for labels where the samples leave pieces or their order open, if that is allowed."""
        self.n_queries_, self.settled_ = 0, False
        if self.queries == "forbidden":
            return None
        ask, exponent = answers(oracle), -self._exponent

        def scaled(points: Array) -> Array:
            return np.asarray(np.ldexp(as_labels(ask(inputs.points(points)), len(points)), exponent))

        refined = refine_by_queries(search, forms, scaled, limit=self.max_queries)
        self.n_queries_, self.settled_ = refined.ask.count, bool(refined.settled)
        return refined

    def _finish(self, search: PieceSearch, forms: list[AffineForm | None], refined: Refinement | None) -> None:
        """Clauses, status and the attributes that `fit` promises."""
        with np.errstate(over="ignore"):
            self.pieces_ = np.ldexp(search.pieces, self._exponent)
        self.n_unexplained_, self.n_contradicted_, self.bounds_agree_ = len(search.unexplained), 0, 0.0
        self.status_, self.rational_ = "approximate", False
        self.lattice_polynomial_ = None
        self.relevant_subspace_ = self._tested
        unexplained = missing_mass("unexplained", search.X, search.owner < 0)
        unanswered = search.X[:0] if refined is None else refined.points[refined.owner == -1]
        missing = [replace(unexplained, points=np.vstack([unexplained.points, unanswered[:10]]))]
        frames = [self._guess[:length] for length in range(len(self._guess), 0, -1)]
        if len(search.pieces):
            self.relevant_subspace_ = search.span_of_pieces()
            frames.insert(0, self.relevant_subspace_)
            missing += self._assemble(search, forms, refined)
        self.missing_ = [mass for mass in missing if mass.share > 0.0 or len(mass.points)]
        if self.status_ != "explained":
            self._fall_back(search, frames)

    def _assemble(
        self, search: PieceSearch, forms: list[AffineForm | None], refined: Refinement | None
    ) -> tuple[MissingMass, ...]:
        """The lattice form over samples and queried points, and the status that it deserves; what it leaves open."""
        points, labels, complete = search.X[:0], search.y[:0], not self.n_unexplained_
        if refined is not None:
            answered = refined.owner != -1
            points, labels, complete = refined.points[answered], refined.labels[answered], complete and answered.all()
        fit = fit_lattice(search, points, labels, seed=self.random_state, far=complete and not self.settled_)
        self._values = partial(fit.values, search.pieces)
        self.n_contradicted_, self.bounds_agree_ = fit.contradicted, fit.agreement
        self.status_ = "explained" if complete and not fit.contradicted else "partial"
        known = [form for form in forms if form is not None]
        self.rational_ = self.status_ == "explained" and len(known) == len(forms)
        if self.rational_:
            unit = Fraction(2) ** self._exponent
            clauses = [np.flatnonzero(row).tolist() for row in fit.clauses]
            self.lattice_polynomial_ = LatticePolynomial([unit * form for form in known], clauses)
        return fit.missing

    def _fall_back(self, search: PieceSearch, frames: list[Array], *, probes: int = 5000) -> None:
        """The best regression on held-out samples, for predictions unless an incomplete form is better."""
        plain, frame = best_regression(search.X, search.y, frames, polish=True)
        if len(search.pieces):
            some = np.linspace(0, len(search.X) - 1, min(probes, len(search.X))).astype(int)
            ours, theirs = (np.mean((values(search.X[some]) - search.y[some]) ** 2) for values in (self._values, plain))
            if ours <= theirs:
                return
        self._values = plain
        self.relevant_subspace_ = self.relevant_subspace_ if frame is None else frame


def _at_columns(values: Callable[[Array], Array], columns: NDArray[np.intp], X: Array) -> Array:
    return values(X[:, columns])


def _float_pieces(forms: list[AffineForm]) -> Array:
    return np.array([[*form.gradient, form.constant] for form in forms], dtype=np.float64)


def _exponent(y: Array) -> int:
    """e with y/2^e of moderate size; 0 for labels that are so already, for a power of two enters the denominators."""
    exponent = int(np.frexp(np.abs(y).max())[1])
    return exponent if not -8 <= exponent <= 32 else 0


def _distinct_samples(X: Array, y: Array, rounding: float) -> NDArray[np.intp]:
    """Indices of the samples without those that repeat a row and, up to rounding, its label: they confirm nothing."""
    order = np.argsort(X[:, 0], kind="stable")
    ties = X[order[1:], 0] == X[order[:-1], 0]
    suspicious = np.unique(np.concatenate([order[1:][ties], order[:-1][ties]]))
    if not len(suspicious):
        return np.arange(len(X))
    rows = np.ascontiguousarray(X[suspicious] + 0.0)  # no -0.0: equal rows have equal bytes
    row = np.unique(rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).ravel(), return_inverse=True)[1]
    repeated, last, least = [], -1, -np.inf
    same = rounding * float(np.sqrt(np.mean(y**2)))
    for i in np.lexsort((y[suspicious], row)):
        if row[i] == last and y[suspicious[i]] - least <= same:
            repeated.append(suspicious[i])
        else:
            last, least = row[i], y[suspicious[i]]
    return np.setdiff1d(np.arange(len(X)), repeated)
