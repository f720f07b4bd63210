import math
from fractions import Fraction
from functools import partial
from itertools import chain, combinations

import numpy as np
import pytest
from case_counts import exhaustive

import tropical as tp
from learning.filtering.moments import filtered_second_moments
from learning.filtering.pca import stopping_thresholds
from learning.literal import (
    LatticeGrid,
    NetworkGrid,
    clause_structures,
    literal_filtered_pca,
    literal_threshold,
    worst_case,
)
from learning.literal.bounds import log_chi_squared_tail
from learning.literal.loop import scan, select
from learning.sampling import GaussianOracle
from learning.subspace import complement_frame, principal_sines

U = ["2/3", "2/3", "1/3", 0, 0, 0]
V = ["1/3", "-2/3", "2/3", 0, 0, 0]
FRAME = np.array([[2, 2, 1, 0, 0, 0], [1, -2, 2, 0, 0, 0]]) / 3.0
ONE_UNIT = tp.ReLUNetwork.from_arrays([[U], [[1]]])
TWO_UNITS = tp.ReLUNetwork.from_arrays([[U, V], [["3/5", "-4/5"]]])  # Lipschitz constant 1, spectral norms 1
KINK = tp.ReLUNetwork.from_arrays([[U, [f"-{a}" if a else 0 for a in U]], [["1", "1/2"]]])  # two units, rank 1


def _points(count: int, dimension: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, dimension))


GRIDS = [
    *(NetworkGrid(0), NetworkGrid(1), NetworkGrid(2), NetworkGrid(1, widths=(2,)), NetworkGrid(0, widths=(3,))),
    *(NetworkGrid(1, 2, 1, (1, 1)), NetworkGrid(2, 1, 1, (2,)), NetworkGrid(1, 1, 1, (3,))),
    *(LatticeGrid(0), LatticeGrid(1), LatticeGrid(1, 1, 1, 3), LatticeGrid(2, 1, 1, 2), LatticeGrid(2, 1, 1, 3)),
]


@pytest.mark.parametrize("grid", GRIDS, ids=repr)
def test_size_is_the_number_of_distinct_functions_enumerated(grid) -> None:
    functions = list(grid)
    assert grid.size == len(grid) == len(functions) == len(set(functions))
    assert [grid[index] for index in range(0, grid.size, 7)] == functions[::7]
    with pytest.raises(IndexError, match=f"{grid.size} functions"):
        grid[grid.size]


@pytest.mark.parametrize("grid", GRIDS, ids=repr)
def test_blocks_hold_the_values_of_the_functions_in_their_order(grid) -> None:
    points = np.random.default_rng(1).integers(-8, 9, size=(3, grid.dimension)) / 4
    values = np.vstack(list(grid.blocks(points)))
    assert values.shape == (grid.size, 3)
    for function, row in zip(grid, values, strict=True):
        np.testing.assert_allclose(row, np.ravel(function.evaluate(points)), atol=1e-12)


def test_counting_formulas() -> None:
    assert NetworkGrid(2, "3/2", "1/4", (3,)).size == 13**9
    assert NetworkGrid(2, 1, "1/2", (2, 3)).size == 5 ** (4 + 6 + 3)
    assert [len(clause_structures(q)) for q in range(1, 5)] == [1, 2, 9, 114]
    assert LatticeGrid(2, pieces=4).size == 25 + 300 * 2 + 2300 * 9 + 12650 * 114


@pytest.mark.exhaustive
def test_clause_structures_in_five_pieces() -> None:
    assert len(clause_structures(5)) == len(set(clause_structures(5))) == 6894


def test_every_lattice_polynomial_in_the_gradients_is_listed_once() -> None:
    """Against all 2^7 - 1 families of clauses over three gradients, made canonical by another module."""
    pieces = [tp.AffineForm([g]) for g in (-1, 0, 1)]
    subsets = [set(c) for q in (1, 2, 3) for c in combinations(range(3), q)]
    families = chain.from_iterable(combinations(subsets, q) for q in range(1, 8))
    every = {tp.LatticePolynomial(pieces, family) for family in families}
    assert len(every) == 18
    assert set(LatticeGrid(1, 1, 1, 3)) == every
    assert set(LatticeGrid(1, 1, 1, 2)) == {f for f in every if len(f.pieces) <= 2}


@pytest.mark.parametrize("widths", [(1,), (2,), (3,), (1, 2), (2, 1)])
@pytest.mark.parametrize("dimension", [1, 2])
@pytest.mark.parametrize("step", [Fraction(1), Fraction(1, 2), Fraction(1, 5)])
def test_every_network_in_the_ball_is_within_the_error_of_the_grid(widths, dimension, step) -> None:
    grid = NetworkGrid(dimension, 1, step, widths)
    rng = np.random.default_rng(len(widths) + dimension)
    directions = np.array([[1.0], [-1.0]]) if dimension == 1 else _points(300, dimension)
    for _ in range(10):
        weights = [rng.standard_normal(shape) for shape in grid.shapes]
        weights = [w / np.linalg.norm(w, 2) * rng.choice([1.0, rng.uniform()]) for w in weights]
        digits = np.concatenate([np.rint(w / float(step)).astype(int).ravel() for w in weights])
        index = 0
        for digit in digits.tolist():
            index = index * (2 * grid.reach + 1) + digit + grid.reach
        rounded = grid[index]
        entries = chain.from_iterable(layer.weight for layer in rounded.layers)
        assert list(chain.from_iterable(entries)) == [step * digit for digit in digits.tolist()]
        exact = tp.ReLUNetwork.from_arrays(weights)
        gap = np.abs(exact.evaluate(directions) - rounded.evaluate(directions))[:, 0]
        assert (gap <= grid.error * np.linalg.norm(directions, axis=1) * (1 + 1e-12)).all()


@pytest.mark.parametrize("dimension", [1, 2])
def test_every_lattice_polynomial_is_within_the_error_of_the_grid(dimension) -> None:
    grid = LatticeGrid(dimension, 1, "1/4", 3)
    functions, points = set(), _points(300, dimension)
    if dimension == 1:
        functions = set(grid)
    rng = np.random.default_rng(dimension)
    for _ in range(20):
        gradients = rng.standard_normal((3, dimension))
        gradients /= np.maximum(np.linalg.norm(gradients, axis=1, keepdims=True), 1.0)
        gradients = gradients[np.lexsort(gradients.T[::-1])]  # the order in which the grid lists its pieces
        structure = clause_structures(3)[rng.integers(9)]
        rounded = [[Fraction(int(g), 4) for g in row] for row in np.rint(gradients * 4)]
        near = tp.LatticePolynomial([tp.AffineForm(row) for row in rounded], structure)
        assert not functions or near in functions
        exact = tp.LatticePolynomial([tp.AffineForm(row) for row in gradients.tolist()], structure)
        gap = np.abs(exact.evaluate(points) - near.evaluate(points))
        assert (gap <= grid.error * np.linalg.norm(points, axis=1) * (1 + 1e-12)).all()


@pytest.mark.parametrize("family", [partial(NetworkGrid, widths=(2,)), NetworkGrid, partial(LatticeGrid, pieces=3)])
def test_refined_grids_reach_the_error(family) -> None:
    for dimension in (1, 2, 3):
        for error in (5.0, 0.3, 1e-4):
            finer = family(dimension).refined(error)
            assert 0.0 < finer.error <= error
            assert type(finer.size) is int


def test_log_tails_match_scipy_where_it_does_not_underflow() -> None:
    from scipy.stats import chi2

    for degrees in range(1, 8):
        for s in (0.01, 1.0, 7.0, 90.0, 1000.0):
            assert log_chi_squared_tail(degrees, s) == pytest.approx(chi2.logsf(s, degrees), rel=1e-9, abs=1e-12)
    assert math.isfinite(log_chi_squared_tail(3, 1e6))


def test_worst_case_eigenvalue_stays_below_the_exact_one_and_the_samples_clear_l12() -> None:
    """One unit: λ = τφ(τ) in closed form; E F² = 1/2."""
    dim, level, passes = 6, 0.05, 2
    bound = worst_case(dim, NetworkGrid(0), rank=1, lipschitz=1, accuracy=0.7, level=level, passes=passes)
    tau = literal_threshold(1, 1.0, 0)
    eigenvalue, samples = 10**bound.log10_eigenvalue, 10**bound.log10_samples
    assert bound.threshold == tau == math.sqrt(2)
    assert eigenvalue <= tau * math.exp(-(tau**2) / 2) / math.sqrt(2 * math.pi)
    for probability in (1.0, 0.3, 1e-3, 1e-6):
        upper = stopping_thresholds(round(samples * probability), probability, dim, level / passes)[1]
        assert upper <= eigenvalue / 2
    assert stopping_thresholds(round(samples / 30), 1.0, dim, level / passes)[1] > eigenvalue / 2


def test_worst_case_grows_with_dimension_of_w_and_accuracy() -> None:
    def samples(dimension: int, accuracy: float) -> float:
        net = NetworkGrid(dimension, widths=(2,))
        return worst_case(
            6, net, rank=2, lipschitz=1, accuracy=accuracy, level=0.05, passes=3
        ).log10_samples  # fmt: skip

    assert samples(0, 0.5) < samples(1, 0.5) < samples(2, 0.5) < samples(2, 0.25)


@pytest.mark.parametrize("grid", [NetworkGrid(1, widths=(1,)), LatticeGrid(1), LatticeGrid(2, 1, 1, 2)], ids=repr)
def test_scan_agrees_with_one_candidate_at_a_time(grid) -> None:
    X, y = GaussianOracle(TWO_UNITS, seed=3).sample(3000)
    frame = FRAME[: grid.dimension] @ np.linalg.qr(_points(6, 6))[0]
    finding = scan(X, y, frame, grid, threshold=0.4, level=0.05)
    outside, best = complement_frame(frame), (False, -math.inf, 0)
    for index, function in enumerate(grid):
        mask = np.abs(y - np.ravel(function.evaluate(X @ frame.T))) > 0.4
        (moment,) = filtered_second_moments(X, [mask])
        values = np.linalg.eigvalsh(moment.compressed(outside))
        lower, upper = stopping_thresholds(moment.n_selected, moment.probability, len(outside), 0.05 / grid.size)
        value, excess = max(
            ((values[0], values[0] / lower), (values[-1], values[-1] / upper)), key=lambda pair: pair[1]
        )
        rejected = bool(excess > 1.0 + 1e-9)
        best = max(best, (rejected, value**2 / moment.probability if rejected else excess, -index))
    assert finding.key[0]
    assert finding.key == pytest.approx(best[:2])
    assert finding.mask.sum() > 0


def test_selection_takes_the_least_loss() -> None:
    X, y = GaussianOracle(TWO_UNITS, seed=0).sample(400)
    grid = NetworkGrid(2, 1, 1, (2,))
    losses = [np.mean((y - f.evaluate(X @ FRAME.T)[:, 0]) ** 2) for f in grid]
    assert select(X, y, FRAME, grid) == (int(np.argmin(losses)), pytest.approx(min(losses)))


@pytest.mark.parametrize("grid", [partial(NetworkGrid, widths=(1,)), LatticeGrid], ids=["networks", "lattice"])
@pytest.mark.parametrize("seed", range(5))
def test_one_unit_at_the_thresholds_of_l9(grid, seed) -> None:
    result = literal_filtered_pca(GaussianOracle(ONE_UNIT, seed).sample, 6, grid, rank=1, lipschitz=1)
    assert result.converged
    assert [record.appended for record in result.passes] == [1, 0]
    assert [record.net_size for record in result.passes] == [1, 25]
    assert [record.threshold for record in result.passes] == [math.sqrt(2), 2 * math.sqrt(2)]
    assert principal_sines(result.frame, FRAME[:1])[0] < 0.12
    assert result.held_out_loss < 0.01
    assert result.n_samples == 44_000
    assert all(record.worst_case.log10_samples > 12 for record in result.passes)
    sign = 1 if (result.frame @ FRAME[0])[0] > 0 else -1
    truth = tp.LatticePolynomial([tp.AffineForm([sign]), tp.AffineForm([0])], [[0], [1]])
    assert tp.equivalent(result.hypothesis, truth).status == "proved"


@pytest.mark.parametrize("grid", [partial(NetworkGrid, widths=(2,)), LatticeGrid], ids=["networks", "lattice"])
@pytest.mark.parametrize("seed", range(3))
def test_two_units_on_a_line(grid, seed) -> None:
    result = literal_filtered_pca(GaussianOracle(KINK, seed).sample, 6, grid, rank=1, lipschitz=1)
    assert result.converged
    assert principal_sines(result.frame, FRAME[:1])[0] < 0.12
    assert result.held_out_loss < 0.01
    sign = 1 if (result.frame @ FRAME[0])[0] > 0 else -1
    truth = tp.LatticePolynomial([tp.AffineForm([sign]), tp.AffineForm([Fraction(-sign, 2)])], [[0], [1]])
    assert tp.equivalent(result.hypothesis, truth).status == "proved"


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(22))
def test_two_units_in_a_plane_by_networks(seed) -> None:
    coarse = partial(NetworkGrid, widths=(2,))
    result = literal_filtered_pca(
        GaussianOracle(TWO_UNITS, seed).sample, 6, coarse, finer=partial(coarse, step="1/3"),
        rank=2, lipschitz=1, threshold=0.7,
    )  # fmt: skip
    assert result.converged
    assert result.passes[-1].net_size == 5**6
    assert result.selection_size == 7**6
    _check_two_units(result)


@pytest.mark.exhaustive
def test_two_units_in_a_plane_by_lattice_polynomials() -> None:
    fine = partial(LatticeGrid, pieces=4)
    result = literal_filtered_pca(
        GaussianOracle(TWO_UNITS, 0).sample, 6, partial(fine, step=1), finer=fine,
        rank=2, lipschitz=1, threshold=0.7, n_held_out=400,
    )  # fmt: skip
    assert result.converged
    assert result.passes[-1].net_size == 9 + 36 * 2 + 84 * 9 + 126 * 114
    assert result.selection_size == 25 + 300 * 2 + 2300 * 9 + 12650 * 114
    assert isinstance(result.hypothesis, tp.LatticePolynomial)
    _check_two_units(result)


def _check_two_units(result) -> None:
    """Small angle, loss within the error of the grid, and a bound that holds on other samples."""
    sines = principal_sines(result.frame, FRAME)
    assert len(sines) == 2
    assert sines[0] < 0.2
    restriction = float(np.sum(sines**2))  # L11 with Λ = 1
    assert result.held_out_loss <= 1.3 * (math.sqrt(2) * result.grid_error + math.sqrt(restriction)) ** 2
    assert result.held_out_loss < 0.2 * 0.347  # E F² = (1 - 0.96/π)/2
    X, y = GaussianOracle(TWO_UNITS, seed=99).sample(50_000)
    assert np.mean((result.predict(X) - y) ** 2) <= result.loss_bound


@pytest.mark.parametrize(
    ("inner", "outer", "widths", "size"),
    [
        exhaustive(([U, V, ["-2/3", 0, "-2/3", 0, 0, 0]], [[["1/2", "1/2", "1/2"]]], (3,), 5**9), "one layer"),
        pytest.param([U, V], [[[1, -1]], [[1]]], (2, 1), 5**7, id="two layers"),
    ],
)
def test_three_units_in_a_plane(inner, outer, widths, size) -> None:
    """F = (φ(u) + φ(v) + φ(-2(u + v)/3))/2, the last direction in the plane, and φ(φ(u) - φ(v))."""
    net = tp.ReLUNetwork.from_arrays([inner, *outer])
    fine = partial(NetworkGrid, widths=widths)
    result = literal_filtered_pca(
        GaussianOracle(net, 0).sample, 6, partial(fine, step=1), finer=fine,
        rank=2, lipschitz=1.5, threshold=0.5, n_held_out=500,
    )  # fmt: skip
    assert result.converged
    assert result.selection_size == size
    assert result.hypothesis.widths == widths
    assert principal_sines(result.frame, FRAME)[0] < 0.15
    _, y = GaussianOracle(net, seed=9).sample(20_000)
    assert result.held_out_loss < 0.15 * np.var(y)


@pytest.mark.parametrize("grid", [partial(NetworkGrid, widths=(2,)), LatticeGrid], ids=["networks", "lattice"])
@pytest.mark.parametrize("label", [0.0, 1.0, -3.0])
def test_constant_labels_append_nothing(grid, label) -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        result = literal_filtered_pca(
            lambda n, rng=rng: (rng.standard_normal((n, 5)), np.full(n, label)), 5, grid,
            rank=2, lipschitz=1, n_samples=2000, threshold=0.5,
        )  # fmt: skip
        assert result.converged
        assert result.frame.shape == (0, 5)
        assert result.held_out_loss == label**2
        assert result.hypothesis([]) == 0
        np.testing.assert_array_equal(result.predict(np.ones((3, 5))), np.zeros(3))


@pytest.mark.parametrize("seed", range(10))
def test_no_candidate_rejects_the_true_subspace(seed) -> None:
    """L12 at level 0.2 over 625 candidates, W exact: in practice far below its level."""
    X, y = GaussianOracle(ONE_UNIT, seed).sample(3000)
    finding = scan(X, y, FRAME[:1], NetworkGrid(1, widths=(2,)), threshold=0.3, level=0.2)
    assert not finding.key[0]


def test_too_small_a_rank_ends_unconverged() -> None:
    result = literal_filtered_pca(
        GaussianOracle(TWO_UNITS, 0).sample, 6, LatticeGrid, rank=1, lipschitz=1, threshold=0.5
    )  # fmt: skip
    assert not result.converged
    assert [(record.rejected, record.appended) for record in result.passes] == [(True, 1), (True, 0)]


def test_the_whole_space_needs_no_terminal_pass() -> None:
    net = tp.ReLUNetwork.from_arrays([[[1]], [[1]]])
    result = literal_filtered_pca(GaussianOracle(net).sample, 1, NetworkGrid, rank=1, lipschitz=1)
    assert result.converged
    assert len(result.passes) == 1
    assert result.held_out_loss == 0.0


def test_repetitions_draw_afresh_and_keep_the_best() -> None:
    drawn = []
    oracle = GaussianOracle(ONE_UNIT, seed=2)

    def draw(n):
        drawn.append(n)
        return oracle.sample(n)

    single, several = (
        literal_filtered_pca(draw, 6, NetworkGrid, rank=1, lipschitz=1, n_samples=3000, repetitions=r, level=0.25)
        for r in (1, 4)
    )  # fmt: skip
    assert single.n_samples + several.n_samples == sum(drawn)
    assert drawn.count(3000) == 10
    assert several.failure == 0.25**4
    assert single.failure == 0.25


def test_same_seed_same_floats_and_the_summary_shows_both_sample_sizes() -> None:
    one, two = (
        literal_filtered_pca(GaussianOracle(ONE_UNIT, 1).sample, 6, LatticeGrid, rank=1, lipschitz=1) for _ in range(2)
    )
    np.testing.assert_array_equal(one.frame, two.frame)
    assert one.summary() == two.summary()
    assert "25 candidates" in one.summary()
    assert "20000 samples: 1 appended | worst case" in one.summary()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NetworkGrid(-1), "got -1"),
        (lambda: NetworkGrid(1, 1, "2/3"), "step 2/3"),
        (lambda: NetworkGrid(1, 1, 0), "step 0"),
        (lambda: NetworkGrid(1, widths=()), r"got \(\)"),
        (lambda: NetworkGrid(1, widths=(2, 0)), r"widths\[1\] must be .* got 0"),
        (lambda: LatticeGrid(1, pieces=6), "got 6"),
        (lambda: LatticeGrid(1, pieces=0), "got 0"),
    ],
)
def test_grids_out_of_range_are_named(make, message) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rank": 0}, "rank must be an integer of at least 1; got 0"),
        ({"rank": 7}, "got 7"),
        ({"lipschitz": 0}, "got 0"),
        ({"accuracy": math.nan}, "nan"),
        ({"level": 1.0}, "got 1.0"),
        ({"threshold": -1.0}, "got -1.0"),
        ({"repetitions": 0}, "repetitions"),
        ({"n_held_out": 0}, "n_held_out"),
    ],
)
def test_parameters_out_of_range_are_named(arguments, message) -> None:
    draw = GaussianOracle(ONE_UNIT).sample
    with pytest.raises(ValueError, match=message):
        literal_filtered_pca(draw, 6, NetworkGrid, **{"rank": 1, "lipschitz": 1, **arguments})


def test_samples_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(20000, 5\); got \(20000, 6\)"):
        literal_filtered_pca(GaussianOracle(ONE_UNIT).sample, 5, NetworkGrid, rank=1, lipschitz=1)
    with pytest.raises(ValueError, match="NaN"):
        literal_filtered_pca(lambda n: (np.full((n, 2), np.nan), np.ones(n)), 2, NetworkGrid, rank=1, lipschitz=1)
