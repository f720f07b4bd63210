import numpy as np
import pytest

from learning import instances
from learning.recovery.local_fits import batched_fits, certified_fit, robust_fit, solve_least_squares
from learning.recovery.search import PieceSearch, find_pieces, rough_subspace, span_of_gradients
from learning.sampling import GaussianOracle
from learning.subspace import orthonormal_frame
from oracles.subspace_distance import largest_sine
from tropical import ReLUNetwork


def _gaussian(count: int, dimension: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, dimension))


def _search(net: ReLUNetwork, count: int, affine: bool = False) -> PieceSearch:
    X, y = GaussianOracle(net, seed=1).sample(count)
    return PieceSearch(X, y, float(np.sqrt(np.mean(y**2))), np.random.default_rng(0), affine=affine)


def _first_layer(net: ReLUNetwork) -> np.ndarray:
    return orthonormal_frame([list(map(float, row)) for row in net.layers[0].weight])


def test_least_squares_agrees_with_a_direct_solution() -> None:
    design = _gaussian(40, 6)
    truth = np.arange(6.0)
    solution, factor = solve_least_squares(design, design @ truth)
    np.testing.assert_allclose(solution, truth, atol=1e-13)
    np.testing.assert_allclose(factor.T @ factor, design.T @ design, atol=1e-11)
    assert not solve_least_squares(np.ones((4, 2)), np.ones(4))[0].any()


def test_acceptance_needs_full_rank_and_every_equation() -> None:
    design = _gaussian(15, 10)
    values = design @ np.ones(10)
    assert certified_fit(design, values, scale=1.0).accepted
    deficient = np.column_stack([design[:, :9], design[:, 0]])
    assert not certified_fit(deficient, deficient @ np.ones(10), scale=1.0).accepted
    values[3] += 1e-6
    assert not certified_fit(design, values, scale=1.0).accepted


def test_error_bound_of_a_fit_covers_its_error_on_a_narrow_cone() -> None:
    design = _gaussian(15, 10)
    design[:, 9] = 1.0 + 1e-5 * design[:, 9]
    design[:, 8] = 1.0
    fit = certified_fit(design, design @ np.full(10, 1 / 3), scale=1.0)
    assert fit.accepted
    assert np.abs(fit.coefficients - 1 / 3).max() <= fit.error < 1e-6


def test_robust_fit_finds_the_majority_and_a_mixture_is_not_accepted() -> None:
    design = _gaussian(40, 10)
    one, two = np.ones(10), np.arange(10.0)
    mostly_one = np.where(np.arange(40) % 5 == 0, design @ two, design @ one)
    fit = robust_fit(design, mostly_one, scale=1.0)
    assert fit.accepted
    np.testing.assert_allclose(fit.coefficients, one, atol=1e-11)
    assert not robust_fit(design, _gaussian(40, 1)[:, 0], scale=1.0).accepted


def test_batched_fits_are_the_single_ones() -> None:
    designs = _gaussian(5 * 9, 4).reshape(5, 9, 4)
    values = np.einsum("bnq,q->bn", designs, np.arange(4.0))
    values[2, 0] += 1.0
    coefficients, error, accepted = batched_fits(designs, values, scale=1.0)
    assert accepted.tolist() == [True, True, False, True, True]
    assert error.max() < 1e-10
    np.testing.assert_allclose(
        coefficients[0], certified_fit(designs[0], values[0], scale=1.0).coefficients, atol=1e-12
    )


def test_zero_pieces_span_nothing_and_are_kept() -> None:
    """H4 vanishes on a third of the space, and its zero piece is found first."""
    search = _search(instances.h4(8, seed=0), 12_000)
    find_pieces(search, rough_subspace(search))
    assert len(search.pieces) == 25
    sizes = np.linalg.norm(search.pieces[:, :-1], axis=1)
    zero = int(sizes.argmin())
    assert sizes[zero] < 1e-12 < 0.1 < np.sort(sizes)[1]
    assert np.mean(search.owner == zero) > 0.25
    assert len(search.span) == 4
    assert span_of_gradients(search.pieces[[zero]], search.scale).shape == (0, 8)


def test_every_sample_of_h6_gets_the_piece_that_it_lies_on() -> None:
    net = instances.h6(30, seed=2)
    search = _search(net, 10_000)
    find_pieces(search, rough_subspace(search))
    assert len(search.unexplained) == 0
    assert len(search.pieces) == 12
    own = search.pieces[search.owner]
    residual = np.einsum("nd,nd->n", search.X, own[:, :-1]) + own[:, -1] - search.y
    assert np.abs(residual).max() < 1e-10
    assert largest_sine(search.span, _first_layer(net)) < 1e-9


def test_pieces_with_constants_are_found_in_affine_mode() -> None:
    rng = np.random.default_rng(3)
    weights = [rng.integers(-8, 9, size=shape) / 8 for shape in ((4, 2), (1, 4))]
    inner = np.vstack([np.eye(2), np.zeros((6, 2))])
    net = ReLUNetwork.from_arrays([weights[0] @ inner.T, weights[1]], [rng.integers(-8, 9, size=n) / 8 for n in (4, 1)])
    search = _search(net, 8000, affine=True)
    find_pieces(search, rough_subspace(search))
    assert len(search.unexplained) < 6  # a cell with fewer samples than a fit needs; the lattice of pieces settles it
    assert np.abs(search.pieces[:, -1]).max() > 0.1
    assert largest_sine(search.span, np.eye(8)[:2]) < 1e-9


def test_noisy_labels_are_explained_by_no_piece() -> None:
    X = _gaussian(3000, 6)
    noise = 1e-6 * _gaussian(3000, 1, seed=1)[:, 0]
    search = PieceSearch(X, np.abs(X[:, 0]) + noise, 1.0, np.random.default_rng(0))
    find_pieces(search, np.eye(6)[:1], rounds=2)
    assert len(search.pieces) == 0
    assert len(search.unexplained) == 3000


def test_exact_directions_deflate_the_guess() -> None:
    search = _search(instances.sequential(10, seed=0), 20_000)
    search.span = np.eye(10)[:1]
    guess = rough_subspace(search)
    np.testing.assert_array_equal(guess[0], np.eye(10)[0])
    assert np.abs(guess @ guess.T - np.eye(len(guess))).max() < 1e-12


@pytest.mark.parametrize("count", [1, 5, 12])
def test_too_few_samples_give_no_piece(count: int) -> None:
    search = _search(instances.h6(20, seed=0), count)
    find_pieces(search, np.zeros((0, 20)))
    assert len(search.pieces) == 0
