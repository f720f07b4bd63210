"""What "explained" promises: every sample reproduced, whatever was planted; and a fit that stops leaves no trace."""

import contextlib
import itertools
from collections.abc import Callable
from copy import copy
from fractions import Fraction

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone

import learning.filtering.pca
import learning.recovery.regressor
from learning.filtering.pca import FilteredPCA
from learning.recovery.regressor import LatticePolynomialRegressor
from tropical import AffineForm

pytestmark = pytest.mark.filterwarnings("ignore::learning.filtering.gaussianity.NonGaussianWarning")

PLANTS = (
    "nothing",
    "wrong label",
    "repeat",
    "near repeat",
    "other piece",
    "swapped labels",
    "many repeats",
    "on a kink",
)
NEVER_EXPLAINED = ("wrong label", "repeat", "near repeat", "many repeats")


def _lattice(rng: np.random.Generator, dimension: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Pieces (p, d+1) with small dyadic entries or thirds, and clauses."""
    count = int(rng.integers(2, 6))
    pieces = rng.integers(-8, 9, size=(count, dimension + 1)) / rng.choice([3.0, 8.0])
    if rng.random() < 0.4:
        pieces[:, -1] = 0.0
    sizes = rng.integers(1, min(count, 3) + 1, size=rng.integers(1, 4))
    return pieces, [rng.choice(count, size=size, replace=False) for size in sizes]


def _labels(X: np.ndarray, pieces: np.ndarray, clauses: list[np.ndarray]) -> np.ndarray:
    values = X @ pieces[:, :-1].T + pieces[:, -1]
    return np.max([values[:, clause].min(axis=1) for clause in clauses], axis=0)


def _plant(
    rng: np.random.Generator, kind: str, X: np.ndarray, y: np.ndarray, pieces: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Samples with something planted among them; a label is changed by a thousandth of the largest at the least."""
    X, y, i, j = X.copy(), y.copy(), *rng.choice(len(X), size=2, replace=False)
    other = X[i] @ pieces[:, :-1].T + pieces[:, -1]
    other = other[np.abs(other - y[i]).argsort()]
    step = (1e-3 + rng.random()) * (np.abs(y).max() + 1.0)
    if kind == "wrong label":
        y[i] += step
    elif kind == "repeat":
        X, y = np.vstack([X, X[i]]), np.append(y, y[i] + step)
    elif kind == "near repeat":
        X, y = np.vstack([X, np.nextafter(X[i], np.inf)]), np.append(y, y[i] - step)
    elif kind == "other piece":
        y[i] = rng.choice(other[1:])
    elif kind == "swapped labels":
        y[[i, j]] = y[[j, i]]
    elif kind == "many repeats":
        X, y = np.vstack([X] * 3), np.concatenate([y, y + step * rng.standard_normal(len(y)), y])
    elif kind == "on a kink":  # rounding alone tells which piece a sample belongs to
        grid = rng.integers(-30, 31, size=X.shape) / 10
        X, y = np.vstack([X, grid]), np.concatenate([y, np.zeros(len(grid))])
    order = rng.permutation(len(X))
    return X[order], y[order]


def _largest_miss(learner: LatticePolynomialRegressor, X: np.ndarray, y: np.ndarray) -> float:
    """Largest error at a sample, of `predict` and of the polynomial over Q, relative to the terms of its pieces."""
    sizes = np.linalg.norm(X, axis=1) * np.linalg.norm(learner.pieces_[:, :-1], axis=1).max()
    sizes += np.abs(learner.pieces_[:, -1]).max() + (np.sqrt(np.mean(y**2)) or 1.0)
    misses = np.abs(learner.predict(X) - y) / sizes
    if learner.rational_:
        forms, clauses = learner.lattice_polynomial_.pieces, learner.lattice_polynomial_.clauses
        some = np.union1d(misses.argsort()[-5:], np.arange(0, len(X), len(X) // 10 + 1))
        for i in some:
            point = [Fraction(x) for x in X[i].tolist()]
            values = [sum(map(Fraction.__mul__, form.gradient, point)) + form.constant for form in forms]
            exact = max(min(values[k] for k in clause) for clause in clauses)
            misses[i] = max(misses[i], float(abs(exact - Fraction(float(y[i])))) / sizes[i])
    return float(misses.max())


def _trial(seed: int, kind: str, most: int = 400) -> str:
    """Fit samples of a random lattice polynomial with something planted; the status, after checking what it says."""
    rng = np.random.default_rng([seed, *kind.encode()])
    dimension = int(rng.integers(1, 4))
    pieces, clauses = _lattice(rng, dimension)
    X = rng.standard_normal((int(rng.integers(50, most)), dimension))
    X, y = _plant(rng, kind, X, _labels(X, pieces, clauses), pieces)
    if kind == "on a kink":
        y = _labels(X, pieces, clauses)
    learner = LatticePolynomialRegressor(max_rounds=2).fit(X, y)
    kinds = {mass.kind for mass in learner.missing_} - {"unproven"}
    if learner.status_ == "explained":
        assert kind not in NEVER_EXPLAINED
        assert _largest_miss(learner, X, y) < 2e-11
        assert (learner.n_unexplained_, learner.n_contradicted_, kinds) == (0, 0, set())
    else:
        assert learner.n_unexplained_ + learner.n_contradicted_ > 0
        assert kinds
    return learner.status_


@pytest.mark.parametrize("kind", PLANTS)
def test_explained_samples_are_reproduced_whatever_was_planted(kind: str) -> None:
    statuses = [_trial(seed, kind) for seed in range(2 if kind == "many repeats" else 5)]
    assert kind not in ("nothing", "on a kink") or statuses.count("explained") > 3


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", PLANTS)
def test_explained_samples_are_reproduced_whatever_was_planted_at_length(kind: str) -> None:
    for seed in range(1000, 1060 if kind == "many repeats" else 1300):
        _trial(seed, kind, most=3000 if seed % 10 == 0 else 400)


def _samples(count: int = 600, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(seed).standard_normal((count, 3))
    return X, np.maximum(np.minimum(X[:, 0] - 0.25, X[:, 1]), X[:, 2] / 2)


def _function(learner: LatticePolynomialRegressor) -> tuple[str, bool, set[AffineForm]]:
    return learner.status_, learner.rational_, set(learner.lattice_polynomial_.pieces)


def _fit(X: np.ndarray, y: np.ndarray) -> LatticePolynomialRegressor:
    return LatticePolynomialRegressor(max_rounds=3).fit(X, y)


def test_the_order_of_rows_and_columns_and_repeated_samples_change_nothing() -> None:
    X, y = _samples()
    plain = _fit(X, y)
    assert plain.rational_
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(X))
        assert _function(_fit(X[order], y[order])) == _function(plain)
    columns = [2, 0, 1]
    moved = {
        AffineForm([form.gradient[j] for j in columns], form.constant) for form in plain.lattice_polynomial_.pieces
    }
    assert _function(_fit(X[:, columns], y)) == ("explained", True, moved)
    twice = _fit(np.vstack([X, X[::2]]), np.concatenate([y, np.nextafter(y[::2], np.inf)]))
    assert twice.lattice_polynomial_ == plain.lattice_polynomial_
    np.testing.assert_array_equal(twice.pieces_, plain.pieces_)


@pytest.mark.parametrize("power", [-1000, -9, -1, 33, 1000])
def test_labels_scaled_by_powers_of_two_scale_the_function(power: int) -> None:
    X, y = _samples()
    status, rational, pieces = _function(_fit(X, y))
    unit = Fraction(2) ** power
    assert _function(_fit(X, np.ldexp(y, power))) == (status, rational, {unit * form for form in pieces})


@pytest.mark.filterwarnings("ignore::learning.CoarseLabelsWarning")  # below 1e-308 labels have few digits
@pytest.mark.parametrize("power", [-320, -300, -100, 5, 307])
def test_labels_scaled_by_powers_of_ten_are_reproduced_or_not_explained(power: int) -> None:
    X, y = _samples()
    y = y * 10.0**power
    learner = _fit(X, y)
    assert learner.status_ == ("explained" if power > -308 else "approximate")
    if power > -308:
        np.testing.assert_allclose(learner.predict(X) / y.max(), y / y.max(), atol=1e-13)


def test_samples_at_the_origin_and_on_kinks_do_not_spoil_the_order_of_the_pieces() -> None:
    """There rounding alone tells which piece a sample belongs to, and any of them may have been found first."""
    X = np.random.default_rng(0).standard_normal((200, 3))
    X = np.vstack([X, 1e-14 * X[:20]])[::-1]
    assert _fit(X, np.maximum(np.minimum(X[:, 0], X[:, 1]), X[:, 2])).rational_
    grid = np.random.default_rng(0).integers(-5, 6, (2000, 2)) / 10
    assert _fit(grid, np.minimum(grid[:, 0] - 0.3, 0.0)).rational_


@pytest.mark.filterwarnings("ignore::learning.CoarseLabelsWarning")
@pytest.mark.parametrize("power", [-1074, -1050])
def test_labels_that_are_rounded_off_end_and_are_explained_to_what_is_left(power: int) -> None:
    X, y = _samples()
    learner = _fit(X, np.ldexp(y, power))
    assert learner.rounding_ > 1e-8
    assert learner.status_ == ("explained" if power == -1050 else "approximate")


class _Stop(BaseException):
    """Raised in the midst of a fit, as Ctrl-C raises KeyboardInterrupt."""


def _stopping(function: Callable, calls: list[int]) -> Callable:
    """The function, until the last of some calls: counts down and then stops the fit."""

    def counted(*args: object, **keywords: object) -> object:
        calls[0] -= 1
        if calls[0] < 0:
            raise _Stop
        return function(*args, **keywords)

    return counted


def test_a_far_wrong_sample_does_not_keep_the_search_going(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lattice has an integer point for its label, but the piece does not give the label up to rounding."""
    X = np.random.default_rng(0).standard_normal((600, 3))
    y = np.maximum(X[:, 0], 0.5 * X[:, 1]) - 0.25
    X[5] *= 1e15
    stopping = _stopping(learning.recovery.regressor.complete_pieces, [20])
    monkeypatch.setattr(learning.recovery.regressor, "complete_pieces", stopping)
    learner = _fit(X, y)
    assert (learner.status_, learner.n_unexplained_, len(learner.pieces_)) == ("partial", 1, 2)


def test_one_wrong_label_among_many_is_seen() -> None:
    pieces = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [3, 3, -9.0]])
    X = np.random.default_rng(6).standard_normal((40_000, 2))
    high = X @ pieces[3, :2] > 9.0
    X[::2] *= np.where(high[::2], -1.0, 1.0)[:, None]  # every other sample does not see the piece
    values = X @ pieces[:, :2].T + pieces[:, 2]
    y = values.max(axis=1)
    i = values.argmax(axis=1).argmax()
    assert _fit(X, y).status_ == "explained"
    y[i] = np.sort(values[i])[-2]
    learner = _fit(X, y)
    assert (learner.status_, learner.n_unexplained_) == ("partial", 0)
    assert "contradicted" in {mass.kind for mass in learner.missing_}


def test_repeats_with_other_labels_leave_the_rest_explained_in_any_order() -> None:
    X, y = _samples()
    repeated, labels = np.vstack([X, X[:5]]), np.concatenate([y, y[:5] + 1.0])
    for rows in (np.arange(605), np.arange(605)[::-1]):
        learner = _fit(repeated[rows], labels[rows])
        assert (learner.status_, learner.rational_, learner.n_unexplained_) == ("partial", False, 5)
        np.testing.assert_allclose(learner.predict(X), y, atol=1e-12)


def _batches(X: np.ndarray, y: np.ndarray) -> Callable:
    return lambda: iter([(X[:100], y[:100]), (X[100:], y[100:])])


REFITS = {
    "regressor": (
        LatticePolynomialRegressor(max_rounds=1),
        lambda model, X, y: model.fit(X, y),
        learning.recovery.regressor,
        ("checked_data", "rough_subspace", "find_pieces", "rational_pieces", "fit_lattice", "best_regression"),
    ),
    "queries": (
        LatticePolynomialRegressor(max_rounds=1, queries="allowed", max_queries=300),
        lambda model, X, y: model.fit(X, y, oracle=lambda Z: np.abs(Z[:, 0])),
        learning.recovery.regressor,
        ("refine_by_queries", "fit_lattice"),
    ),
    "filtered PCA": (
        FilteredPCA(),
        lambda model, X, y: model.fit(X, y),
        learning.filtering.pca,
        ("checked_data", "warn_unless_gaussian", "filtered_pass"),
    ),
    "filtered PCA, block": (
        FilteredPCA(method="block", block_size=2),
        lambda model, X, y: model.fit(X, y),
        learning.filtering.pca,
        ("block_pass",),
    ),
    "filtered PCA, batches": (
        FilteredPCA(),
        lambda model, X, y: model.fit_batches(_batches(X, y)),
        learning.filtering.pca,
        ("check_X_y", "warn_unless_gaussian", "streamed_pass"),
    ),
}


def _output(model: BaseEstimator, X: np.ndarray) -> np.ndarray:
    return model.predict(X) if hasattr(model, "predict") else model.transform(X)


@pytest.mark.parametrize("name", REFITS)
def test_a_fit_that_stops_leaves_the_estimator_as_it_was(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, fit, module, functions = REFITS[name]
    X, y = _samples(200)
    noisy = y + 0.1 * np.random.default_rng(1).standard_normal(len(y))
    stopped = 0
    for first, second in ((y, 1e-6 * noisy), (noisy, 1e-6 * y)):
        model = clone(model)
        fit(model, X, first)
        attributes, before = dict(vars(model)), _output(model, X)
        for function, call in itertools.product(functions, range(2)):
            refitted = copy(model)
            with monkeypatch.context() as patch, contextlib.suppress(_Stop):
                patch.setattr(module, function, _stopping(getattr(module, function), [call]))
                fit(refitted, X[:, :2], second)
                continue
            stopped += 1
            assert vars(refitted).keys() == attributes.keys()
            assert all(vars(refitted)[key] is value for key, value in attributes.items())
            np.testing.assert_array_equal(_output(refitted, X), before)
        np.testing.assert_array_equal(_output(model, X), before)
    assert stopped >= 2 * len(functions) - 1  # an exact first fit needs no regression


def test_a_failed_or_finished_refit_leaves_nothing_of_other_inputs() -> None:
    pandas = pytest.importorskip("pandas")
    X, y = _samples()
    named = FilteredPCA().fit(pandas.DataFrame(X, columns=list("abc")), y)
    with pytest.raises(ValueError, match="NaN"):
        named.fit(X, np.where(y > 0, y, np.nan))
    assert named.feature_names_in_.tolist() == list("abc")
    named.fit_batches(_batches(X[:, :2], y))
    assert not hasattr(named, "feature_names_in_")
    assert named.transform(X[:, :2]).shape == (600, named.n_components_)
