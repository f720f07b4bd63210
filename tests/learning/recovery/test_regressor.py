import pickle
from fractions import Fraction

import numpy as np
import pytest
from case_counts import exhaustive, few
from sklearn.utils.estimator_checks import check_estimator

from learning import instances
from learning.recovery.clauses import lattice_bounds, minimal_rows, sample_clauses
from learning.recovery.rationals import complete_pieces, piece_lattice
from learning.recovery.regressor import LatticePolynomialRegressor
from learning.sampling import GaussianOracle
from learning.subspace import orthonormal_frame
from oracles.certified import equivalent
from oracles.subspace_distance import largest_sine
from tropical import AffineForm, ReLUNetwork, affine_pieces, polyhedral_complex, relevant_subspace


def _gaussian(count: int, dimension: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, dimension))


def _fit(net: ReLUNetwork, count: int, seed: int = 1) -> LatticePolynomialRegressor:
    return LatticePolynomialRegressor(random_state=0).fit(*GaussianOracle(net, seed=seed).sample(count))


def _is_piecewise_right(net: ReLUNetwork, learner: LatticePolynomialRegressor) -> bool:
    truth = {(tuple(piece.gradient), piece.constant) for piece in affine_pieces(polyhedral_complex(net))}
    learned = {(tuple(piece.gradient), piece.constant) for piece in learner.lattice_polynomial_.pieces}
    return learned <= truth


@pytest.mark.parametrize(
    ("net", "count", "pieces"),
    [
        (instances.h6(20, seed=0), 8_000, 12),
        (instances.parity(3, 20, seed=0), 10_000, 6),
        (instances.h4(12, seed=0), 20_000, 25),
        exhaustive((instances.sequential(10, seed=0), 40_000, 50)),
    ],
    ids=["h6", "parity 3", "h4", "sequential"],
)
def test_instances_are_recovered_exactly(net: ReLUNetwork, count: int, pieces: int) -> None:
    learner = _fit(net, count)
    assert learner.status_ == "explained"
    assert learner.rational_
    assert learner.pieces_.shape == (pieces, net.input_dim + 1)
    assert learner.bounds_agree_ == 1.0
    assert learner.n_contradicted_ == learner.n_unexplained_ == 0
    assert equivalent(net, learner.lattice_polynomial_).status == "proved"


@pytest.mark.parametrize(
    ("relevant_dim", "widths"), few([(2, (4,)), (2, (6, 6)), (2, (5, 5, 5)), (3, (4,)), (3, (5, 5, 5)), (3, (6, 6))], 4)
)
def test_random_networks_give_the_relevant_subspace_and_no_wrong_piece(relevant_dim: int, widths: tuple) -> None:
    net = instances.random_network(relevant_dim, widths, 20, seed=0)
    learner = _fit(net, 20_000)
    truth = orthonormal_frame([list(map(float, row)) for row in relevant_subspace(polyhedral_complex(net))])
    assert largest_sine(learner.relevant_subspace_, truth) < 1e-9
    if learner.rational_:
        assert _is_piecewise_right(net, learner)
    if relevant_dim == 2 or widths == (4,):
        assert equivalent(net, learner.lattice_polynomial_).status == "proved"


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("name", "arguments", "count"),
    [("h6", (50,), 20_000), ("parity", (3, 100), 40_000), ("h4", (30,), 60_000), ("sequential", (30,), 120_000)],
)
def test_instances_of_full_size(name: str, arguments: tuple, count: int, seed: int) -> None:
    net = getattr(instances, name)(*arguments, seed=seed)
    learner = _fit(net, count)
    assert (learner.status_, learner.rational_) == ("explained", True)
    assert equivalent(net, learner.lattice_polynomial_).status == "proved"


def test_networks_with_biases_are_recovered() -> None:
    rng = np.random.default_rng(5)
    shapes = ((5, 2), (1, 5))
    weights = [rng.integers(-8, 9, size=shape) / 8 for shape in shapes]
    weights[0] = np.hstack([weights[0], np.zeros((5, 8))])
    net = ReLUNetwork.from_arrays(weights, [rng.integers(-8, 9, size=rows) / 8 for rows, _ in shapes])
    learner = _fit(net, 30_000)
    assert learner.rational_
    assert np.abs(learner.pieces_[:, -1]).max() > 0.0
    assert _is_piecewise_right(net, learner)


@pytest.mark.parametrize(
    ("function", "rank", "text"),
    [
        (lambda x: 0.0 * x[:, 0], 0, "0"),
        (lambda x: 0.0 * x[:, 0] - 0.75, 0, "-3/4"),
        (lambda x: x[:, 1] / 3, 1, "1/3*x1"),
        (lambda x: x[:, 1] / 3 + 0.2, 1, "1/3*x1 + 1/5"),
        (lambda x: np.minimum(x[:, 0], 0.0), 1, "min(0, x0)"),
        (lambda x: np.minimum(x[:, 0] - 0.5, 0.0), 1, "min(0, x0 - 1/2)"),
    ],
    ids=["zero", "constant", "linear", "affine", "relu", "shifted relu"],
)
@pytest.mark.parametrize("dimension", [2, 7])
def test_functions_of_rank_zero_and_one(function, rank: int, text: str, dimension: int) -> None:
    X = _gaussian(1500, dimension)
    learner = LatticePolynomialRegressor().fit(X, function(X))
    assert learner.relevant_subspace_.shape == (rank, dimension)
    assert sorted(str(learner.lattice_polynomial_)) == sorted(text)
    np.testing.assert_allclose(learner.predict(X), function(X), atol=1e-12)


def test_one_input_suffices() -> None:
    X = _gaussian(300, 1)
    learner = LatticePolynomialRegressor().fit(X, np.abs(X[:, 0] - 0.25))
    assert learner.rational_
    assert learner.relevant_subspace_.tolist() == [[1.0]]


def test_repeated_samples_do_not_confirm_themselves() -> None:
    few = _gaussian(8, 6)
    X, y = np.vstack([few] * 40), np.tile(np.abs(few[:, 0]) + np.maximum(few[:, 1], 0.0), 40)
    learner = LatticePolynomialRegressor().fit(X, y)
    assert (learner.status_, learner.rational_, len(learner.pieces_)) == ("approximate", False, 0)
    many = _gaussian(1500, 4)
    twice = LatticePolynomialRegressor().fit(np.vstack([many] * 2), np.tile(np.abs(many[:, 0]), 2))
    assert twice.rational_


@pytest.mark.parametrize("noise", [0.1, 1e-7])
def test_noise_is_reported_and_predictions_still_follow_the_function(noise: float) -> None:
    X = _gaussian(3000, 5)
    learner = LatticePolynomialRegressor().fit(X, np.abs(X[:, 0]) + noise * _gaussian(3000, 1, seed=1)[:, 0])
    assert learner.status_ == "approximate"
    assert not learner.rational_
    assert learner.lattice_polynomial_ is None
    fresh = _gaussian(500, 5, seed=2)
    assert learner.score(fresh, np.abs(fresh[:, 0])) > 0.8


@pytest.mark.parametrize("noise", few([1e-14, 1e-11, 1e-9, 1.0, 1e-12, 1e-10, 1e-6, 1e-3], 4))
@pytest.mark.parametrize(("seed", "count"), few([(0, 1000), (0, 4000), (1, 4000)], 1))
def test_noise_of_any_size_never_gives_a_wrong_exact_claim(noise: float, seed: int, count: int) -> None:
    net = instances.random_network(2, (4, 4), 10, seed)
    X, y = GaussianOracle(net, seed=1).sample(count)
    learner = LatticePolynomialRegressor().fit(X, y + noise * y.std() * _gaussian(count, 1, seed=2)[:, 0])
    if learner.rational_:
        assert noise <= 1e-11
        assert _is_piecewise_right(net, learner)
    if noise > 1e-8:
        assert (learner.status_, learner.lattice_polynomial_) == ("approximate", None)


@pytest.mark.parametrize("count", few([4000, 8000], 1))
def test_fallback_drops_directions_that_predict_nothing(count: int) -> None:
    """With strong noise the guess overshoots; the subspace kept is the one that predicts held-out samples best."""
    X = _gaussian(count, 8)
    learner = LatticePolynomialRegressor().fit(X, np.abs(X[:, 0]) + 0.2 * _gaussian(count, 1, seed=1)[:, 0])
    assert learner.status_ == "approximate"
    assert learner.relevant_subspace_.shape == (1, 8)
    assert abs(learner.relevant_subspace_[0, 0]) > 0.99


def test_the_learned_function_as_a_network() -> None:
    net = instances.parity(3, 8, seed=1)
    learned = _fit(net, 8000).to_network()
    assert isinstance(learned, ReLUNetwork)
    assert equivalent(net, learned).status == "proved"
    noisy = LatticePolynomialRegressor().fit(_gaussian(200, 2), _gaussian(200, 1, seed=1)[:, 0])
    with pytest.raises(ValueError, match="no exact function"):
        noisy.to_network()


def test_what_is_missing_is_listed_with_its_mass() -> None:
    net = instances.random_network(3, (6, 6), 20, seed=1)
    learner = _fit(net, 3000)
    assert learner.status_ == "partial"
    kinds = {mass.kind: mass for mass in learner.missing_}
    assert kinds["unexplained"].share == learner.n_unexplained_ / 3000
    for mass in learner.missing_:
        assert mass.interval[0] <= mass.share <= mass.interval[1]
        assert len(mass.points)
    X, y = GaussianOracle(net, seed=5).sample(3000)
    values = X @ learner.pieces_[:, :-1].T + learner.pieces_[:, -1]
    fresh = float(np.mean(np.abs(values - y[:, None]).min(axis=1) > 1e-9))
    assert kinds["unexplained"].interval[0] <= fresh
    assert _fit(instances.h6(8), 8000).missing_ == []


def test_irrational_slopes_are_explained_but_not_claimed_rational() -> None:
    X = _gaussian(3000, 6)
    y = np.sqrt(2.0) * np.abs(X[:, 0]) + np.pi * np.maximum(X[:, 1], 0.0)
    learner = LatticePolynomialRegressor().fit(X, y)
    assert (learner.status_, learner.rational_, learner.lattice_polynomial_) == ("explained", False, None)
    np.testing.assert_allclose(learner.predict(X), y, atol=1e-12)


def test_a_jump_is_contradicted_by_its_own_samples() -> None:
    X = _gaussian(2000, 3)
    learner = LatticePolynomialRegressor(rounding=1e-11).fit(X, np.where(X[:, 0] > 0.0, 1.0, -1.0))
    assert learner.status_ == "partial"
    assert not learner.rational_
    assert learner.n_contradicted_ > 0


@pytest.mark.parametrize("size", [1e-9, 1e9])
def test_labels_of_any_size(size: float) -> None:
    X = _gaussian(1500, 5)
    learner = LatticePolynomialRegressor().fit(X, size * np.abs(X[:, 1]))
    assert learner.rational_
    assert learner.lattice_polynomial_([0, 1, 0, 0, 0]) == (Fraction(1, 10**9) if size < 1.0 else 10**9)
    np.testing.assert_allclose(learner.predict(X), size * np.abs(X[:, 1]), rtol=1e-12)


@pytest.mark.parametrize("size", [1e-150, 1e150])
def test_labels_near_the_ends_of_the_float_range_are_still_predicted(size: float) -> None:
    X = _gaussian(1500, 5)
    learner = LatticePolynomialRegressor().fit(X, size * np.abs(X[:, 1]))
    assert learner.status_ == "explained"
    np.testing.assert_allclose(learner.predict(X), size * np.abs(X[:, 1]), rtol=1e-10)


@pytest.mark.parametrize("count", [1, 2, 5, 20])
def test_too_few_samples_give_an_approximation(count: int) -> None:
    X = _gaussian(count, 8)
    learner = LatticePolynomialRegressor().fit(X, np.abs(X[:, 0]))
    assert learner.status_ == "approximate"
    assert np.isfinite(learner.predict(X)).all()


def test_same_seed_gives_the_same_function() -> None:
    net = instances.random_network(2, (5, 5), 12, seed=4)
    one, two = (_fit(net, 12_000) for _ in range(2))
    assert one.lattice_polynomial_ == two.lattice_polynomial_
    np.testing.assert_array_equal(one.pieces_, two.pieces_)


@pytest.mark.parametrize(
    ("X", "y", "parameters", "message"),
    [
        ([[0.0, np.nan]], [1.0], {}, "NaN"),
        ([[0.0], [1.0]], [1.0, np.inf], {}, "infinity"),
        ([0.0, 1.0], [1.0, 2.0], {}, "2D array"),
        ([[0.0], [1.0]], [1.0], {}, r"\[2, 1\]"),
        ([[0.0], [1.0]], [1.0, 2.0], {"rounding": 0.1}, "got 0.1"),
        ([[0.0], [1.0]], [1.0, 2.0], {"max_rounds": 0}, "got 0"),
    ],
)
def test_bad_input_is_named(X: object, y: object, parameters: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LatticePolynomialRegressor(**parameters).fit(X, y)


@pytest.mark.filterwarnings("ignore::learning.CoarseLabelsWarning")
def test_scikit_learn_contract_and_pickling() -> None:
    results = check_estimator(LatticePolynomialRegressor(max_rounds=1), on_fail="raise", on_skip=None)
    not_passed = {result["check_name"] for result in results if result["status"] != "passed"}
    assert not_passed <= {"check_array_api_input"}
    X = _gaussian(500, 2)
    learner = LatticePolynomialRegressor().fit(X, np.abs(X[:, 0]))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(learner)).predict(X), learner.predict(X))


def test_clauses_bound_the_function_from_both_sides() -> None:
    forms = [
        AffineForm((Fraction(1), Fraction(0))),
        AffineForm((Fraction(0), Fraction(1))),
        AffineForm((Fraction(0), Fraction(0))),
    ]
    X = _gaussian(400, 2)
    values = np.column_stack([X, np.zeros(400)])
    y = np.median(values, axis=1)
    owner = np.abs(values - y[:, None]).argmin(axis=1)
    lower, upper = sample_clauses(X, forms, owner), sample_clauses(X, forms, owner, above=False)
    assert lower.sum(axis=1).tolist() == upper.sum(axis=1).tolist() == [2, 2, 2]
    for bound in lattice_bounds(values, lower, upper):
        np.testing.assert_array_equal(bound, y)


def test_pieces_that_cross_beyond_all_samples_are_continued_along_rays() -> None:
    """Both bounds of L1 hold for the samples; where they differ, far out, no break is assumed."""
    net = ReLUNetwork.from_arrays([[[1], [1], [-1]], [["3/4", "1/4", "-7/8"]]], [[-1, "-3/2", 0], [0]])
    learner = _fit(net, 3000)
    assert learner.status_ == "explained"
    assert learner.bounds_agree_ < 1.0
    assert equivalent(net, learner.lattice_polynomial_).status == "proved"


def test_ties_are_decided_exactly() -> None:
    """x0/3 + x1/3 and (x0 + x1)/3 differ in float64, and are equal."""
    third = Fraction(1, 3)
    forms = [AffineForm((third, third)), AffineForm((third, third + Fraction(1, 10**17)))]
    X = np.array([[1.0, 1.0], [1.0, -1.0]])
    table = sample_clauses(X, forms, np.array([0, 0]))
    assert table.tolist() == [[True, False]]
    assert sample_clauses(X[:1], forms, np.array([0])).tolist() == [[True, True]]


def test_minimal_rows_agree_with_the_definition() -> None:
    table = np.random.default_rng(0).random((200, 9)) < 0.5
    sets = {frozenset(np.flatnonzero(row)) for row in table}
    expected = {one for one in sets if not any(other < one for other in sets)}
    assert {frozenset(np.flatnonzero(row)) for row in minimal_rows(table)} == expected


def test_a_piece_with_two_samples_is_found_in_the_lattice_of_the_others() -> None:
    rng = np.random.default_rng(0)
    integers = rng.integers(-40, 41, size=(6, 3))
    frame = rng.integers(-9, 10, size=(3, 10))
    rows = integers @ frame
    forms = [AffineForm(tuple(Fraction(int(n), 56) for n in row)) for row in rows]
    X = _gaussian(2, 10, seed=1)
    y = X @ (rows[5] / 56)
    lattice = piece_lattice(forms[:5])
    assert lattice.rows.shape == (3, 11)
    assert complete_pieces(X, y, forms[:5], np.arange(2)) == [forms[5]]
    assert complete_pieces(X, y + 1e-6, forms[:5], np.arange(2)) == []
