"""Label queries: pieces and orders that samples miss are found, the budget is kept, nothing wrong is claimed."""

from itertools import pairwise

import numpy as np
import pytest
from case_counts import few
from sklearn.base import clone

from learning import instances
from learning.recovery.clauses import sample_clauses
from learning.recovery.queries.labels import LabelQueries
from learning.recovery.queries.probes import Arrangement
from learning.recovery.queries.refinement import refine_by_queries
from learning.recovery.regressor import LatticePolynomialRegressor
from learning.recovery.search import PieceSearch
from learning.recovery.verification import verify_recovery
from learning.sampling import GaussianOracle
from tropical import AffineForm, ReLUNetwork, affine_pieces, polyhedral_complex

LARGE = pytest.param(3, (6, 6), marks=pytest.mark.exhaustive)


def _asked(net: ReLUNetwork, count: int, **options: object) -> tuple[LatticePolynomialRegressor, GaussianOracle]:
    oracle = GaussianOracle(net, seed=1)
    X, y = oracle.sample(count)
    return LatticePolynomialRegressor(queries="allowed", **options).fit(X, y, oracle=oracle), oracle


def _biased(inputs: int, hidden: tuple[int, ...], seed: int, dimension: int) -> ReLUNetwork:
    rng = np.random.default_rng(seed)
    sizes = (inputs, *hidden, 1)
    weights = [rng.integers(-4, 5, size=(b, a)) / 4 for a, b in pairwise(sizes)]
    weights[0] = np.hstack([weights[0], np.zeros((hidden[0], dimension - inputs))])
    return ReLUNetwork.from_arrays(weights, [rng.integers(-4, 5, size=b) / 4 for b in sizes[1:]])


def test_a_cone_without_samples_is_found() -> None:
    net = instances.thin_cone(10, 0)
    X, y = GaussianOracle(net, seed=1).sample(3000)
    assert verify_recovery(net, LatticePolynomialRegressor().fit(X, y)).status != "proved"
    learner, oracle = _asked(net, 3000)
    assert verify_recovery(net, learner).status == "proved"
    assert learner.settled_
    assert learner.n_queries_ == oracle.n_queries > 0


@pytest.mark.parametrize(("relevant_dim", "widths"), [(2, (6, 6)), (3, (4,)), (3, (4, 4, 4, 4)), LARGE])
def test_random_networks_are_proved(relevant_dim: int, widths: tuple[int, ...]) -> None:
    net = instances.random_network(relevant_dim, widths, 20, seed=1)
    learner, _ = _asked(net, 10_000)
    assert (learner.status_, learner.rational_, learner.settled_, learner.missing_) == ("explained", True, True, [])
    assert verify_recovery(net, learner).status == "proved"


@pytest.mark.parametrize("seed", few([0, 2], 1))
def test_networks_with_biases_are_proved_far_out_too(seed: int) -> None:
    net = _biased(2, (5, 4), seed, 6)
    learner, _ = _asked(net, 10_000)
    assert verify_recovery(net, learner).status == "proved"


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("inputs", "hidden"), [(2, (5, 4)), (3, (5,)), (1, (6, 3))])
def test_many_networks_with_biases(inputs: int, hidden: tuple[int, ...], seed: int) -> None:
    net = _biased(inputs, hidden, seed, 6)
    learner, _ = _asked(net, 20_000)
    report = verify_recovery(net, learner)
    truth = set(affine_pieces(polyhedral_complex(net)))
    if report.status == "proved":
        assert set(learner.lattice_polynomial_.pieces) == truth
    else:
        assert learner.lattice_polynomial_ is None or set(learner.lattice_polynomial_.pieces) <= truth


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda X: 0.0 * X[:, 0], "0"),
        (lambda X: X[:, 0] - 0.5, "x0 - 1/2"),
        (lambda X: np.maximum(X[:, 0], 0.0), "max(0, x0)"),
        (lambda X: np.minimum(X[:, 0] - 0.5, 0.0), "min(0, x0 - 1/2)"),
    ],
    ids=["zero", "affine", "relu", "shifted"],
)
@pytest.mark.parametrize("dimension", [1, 4])
def test_functions_of_rank_zero_and_one(function: object, text: str, dimension: int) -> None:
    X = np.random.default_rng(0).standard_normal((500, dimension))
    learner = LatticePolynomialRegressor(queries="allowed").fit(X, function(X), oracle=function)
    assert sorted(str(learner.lattice_polynomial_)) == sorted(text)


def test_the_limit_is_kept_and_said() -> None:
    net = instances.random_network(2, (6, 6), 20, seed=1)
    for limit in (0, 7, 1000):
        learner, oracle = _asked(net, 10_000, max_queries=limit)
        assert learner.n_queries_ == oracle.n_queries <= limit
        assert not learner.settled_


def test_queries_are_off_by_default_and_the_oracle_is_no_parameter() -> None:
    net = instances.h6(6)
    oracle = GaussianOracle(net)
    X, y = oracle.sample(3000)
    learner = LatticePolynomialRegressor().fit(X, y, oracle=oracle)
    assert (learner.n_queries_, oracle.n_queries) == (0, 0)
    assert clone(LatticePolynomialRegressor(queries="allowed")).get_params()["queries"] == "allowed"
    with pytest.raises(ValueError, match="got None"):
        LatticePolynomialRegressor(queries="allowed").fit(X, y)
    with pytest.raises(ValueError, match="got 'yes'"):
        LatticePolynomialRegressor(queries="yes").fit(X, y)
    with pytest.raises(ValueError, match="max_queries must be an integer of at least 0; got -1"):
        LatticePolynomialRegressor(max_queries=-1).fit(X, y)


def test_an_oracle_that_answers_nonsense_is_refused() -> None:
    X = np.random.default_rng(0).standard_normal((500, 3))
    y = np.abs(X[:, 0])
    for answer in (lambda Z: np.zeros(1), lambda Z: np.full(len(Z), np.nan)):
        with pytest.raises(ValueError, match="finite labels"):
            LatticePolynomialRegressor(queries="allowed").fit(X, y, oracle=answer)


def test_an_oracle_of_another_function_is_not_explained_away() -> None:
    X = np.random.default_rng(0).standard_normal((2000, 3))
    learner = LatticePolynomialRegressor(queries="allowed", max_queries=3000)
    learner.fit(X, np.abs(X[:, 0]), oracle=lambda Z: np.sin(Z[:, 0]))
    assert learner.status_ != "explained"
    assert learner.lattice_polynomial_ is None
    assert learner.missing_


def test_noisy_answers_never_give_an_exact_claim() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((3000, 4))
    learner = LatticePolynomialRegressor(queries="allowed").fit(
        X, np.abs(X[:, 0]), oracle=lambda Z: np.abs(Z[:, 0]) + 0.01 * rng.standard_normal(len(Z))
    )
    assert (learner.status_, learner.rational_) == ("partial", False)


def test_irrational_pieces_are_explored_in_float() -> None:
    learner, _ = _asked(instances.alternating(4, 10), 10_000)
    assert (learner.status_, learner.rational_, len(learner.pieces_), learner.settled_) == ("explained", False, 8, True)


@pytest.mark.parametrize(("inputs", "hidden", "affine"), [(2, (6, 6), False), (3, (5,), False), (2, (5, 4), True)])
def test_where_all_is_settled_both_bounds_agree_everywhere(inputs: int, hidden: tuple, affine: bool) -> None:
    net = _biased(inputs, hidden, 5, 4) if affine else instances.random_network(inputs, hidden, 4, 5)
    oracle = GaussianOracle(net, seed=0)
    X, y = oracle.sample(200)
    search = PieceSearch(X, y, 1.0, np.random.default_rng(0))
    refined = refine_by_queries(search, [], oracle.query, limit=300_000)
    here = refined.arrangement()
    rays = np.random.default_rng(1).standard_normal((20_000, here.rows.shape[1]))
    rays[:, -1] = np.abs(rays[:, -1]) if affine else rays[:, -1]
    assert (refined.settled, here.affine) == (True, affine)
    assert here.gap(rays / np.linalg.norm(rays, axis=1)[:, None]).max() < 1e-9
    assert set(refined.forms) - {None} <= set(affine_pieces(polyhedral_complex(net)))


def test_order_cells_are_where_the_bounds_differ() -> None:
    """Three lines in the plane and one known point: the two bounds differ on rays that are found, and only on them."""
    rows = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])
    forms = [AffineForm([*map(int, row)]) for row in rows]
    point = np.array([[3.0, 1.0]])
    tables = [sample_clauses(point, forms, np.array([0]), above=above) for above in (True, False)]
    here = Arrangement(rows, *tables, affine=False, slack=1e-10)
    found = here.order_cells(np.zeros((0, 2)), np.zeros(0, dtype=int))
    assert len(found)
    assert (here.gap(found) > here.slack).all()
    assert here.gap(point / np.sqrt(10.0)) == 0.0
    assert here.order_cells(point, np.array([0]), most=0) is None


def test_label_queries_count_and_check() -> None:
    ask = LabelQueries(lambda X: X[:, 0], limit=5)
    assert ask(np.zeros((0, 2))).shape == (0,)
    assert ask(np.ones((5, 2))).tolist() == [1.0] * 5
    assert (ask.count, ask.left) == (5, 0)
    with pytest.raises(ValueError, match="2 finite labels"):
        LabelQueries(lambda X: X, limit=5)(np.ones((2, 2)))


def test_refinement_starts_from_nothing() -> None:
    X = np.random.default_rng(0).standard_normal((40, 3))
    net = instances.random_network(2, (3,), 3, seed=5)
    oracle = GaussianOracle(net)
    search = PieceSearch(X, oracle.query(X), 1.0, np.random.default_rng(0))
    refined = refine_by_queries(search, [], oracle.query, limit=100_000)
    assert refined.settled
    assert set(refined.forms) == set(affine_pieces(polyhedral_complex(net)))
