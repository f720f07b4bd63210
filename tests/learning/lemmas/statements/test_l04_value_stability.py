"""L4: moved pieces with the same clauses; k in place of r and mixed clauses refuted."""

from fractions import Fraction

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr

import tropical as tp
from learning import instances
from learning.lemmas import Subject, check, check_neighbour
from learning.lemmas.statements.l04_value_stability import LEMMA
from oracles.degenerate_networks import HOMOGENEOUS

arrays = tp.ReLUNetwork.from_arrays
ABSOLUTE = arrays([[[1], [-1]], [[1, 1]]])


def squares(verdict):
    return [claim for claim in verdict.detail["claims"] if claim.text.startswith("E(")]


def moved_values(net, rows, points):
    """F' and max_i |<w'_i - w_i, x>| in float64."""
    lattice = Subject(net).lattice
    gradients = np.array([piece.gradient for piece in lattice.pieces], dtype=float)
    moves = np.array(rows, dtype=float)
    values = points @ (gradients + moves).T
    moved = np.max([values[:, sorted(clause)].min(axis=1) for clause in lattice.clauses], axis=0)
    return moved, np.abs(points @ moves.T).max(axis=1)


@pytest.mark.parametrize(
    "net",
    [
        instances.h6(2, None),
        instances.h6(10, 1),
        instances.parity(2, 5, 0),
        instances.parity(3, 6, 0),
        instances.h4(4, None),
        instances.random_network(2, (4, 4), 10, 0),
        instances.random_network(2, (6,), 3, 1),
        *HOMOGENEOUS.values(),
    ],
)
def test_proved(net):
    verdict = check(LEMMA, net)
    assert verdict.status == "proved", verdict.detail
    certified = [claim.detail["certificate"] for claim in verdict.detail["claims"] if "certificate" in claim.detail]
    assert len(certified) == 2 * len(verdict.detail["choices"]["w' - w"])


def test_sides_against_monte_carlo():
    net, points = instances.random_network(2, (4, 4), 5, 2), np.random.default_rng(0).standard_normal((200_000, 5))
    verdict = check(LEMMA, net, seed=5)
    moves = verdict.detail["choices"]["w' - w"]
    assert [len(Subject(net).lattice.pieces)] * 2 == [len(rows) for rows in moves.values()]
    for rows, claim in zip(moves.values(), squares(verdict), strict=True):
        moved, largest = moved_values(net, rows, points)
        differences = net.evaluate(points)[:, 0] - moved
        assert (np.abs(differences) <= largest + 1e-12).all()
        found = differences**2
        assert abs(float(claim.left) - found.mean()) < 6 * found.std() / len(found) ** 0.5
        floats = np.array(rows, dtype=float)
        assert float(claim.right) == pytest.approx(np.linalg.matrix_rank(floats) * (floats**2).sum(axis=1).max())


def test_where_moves_lie():
    net = instances.random_network(2, (4, 4), 5, 2)
    basis = np.array(Subject(net).relevant, dtype=float)
    ranks = [
        np.linalg.matrix_rank(np.vstack([basis, np.array(rows, dtype=float)]), tol=1e-9)
        for rows in check(LEMMA, net).detail["choices"]["w' - w"].values()
    ]
    assert ranks == [2, 3]
    assert list(check(LEMMA, instances.h6(2, None)).detail["choices"]["w' - w"]) == ["moved inside V"]


def test_one_variable_in_closed_form():
    """E(|x| - max(-ax, bx))² = ((a - 1)² + (b - 1)²)/2."""
    order = [piece.gradient[0] for piece in Subject(ABSOLUTE).lattice.pieces]
    given = {-1: Fraction(-9, 8), 1: Fraction(3, 4)}
    (claim,) = squares(check(LEMMA, ABSOLUTE, pieces=[[given[w]] for w in order]))
    assert claim.left.lower <= Fraction(5, 128) <= claim.left.upper
    assert claim.right == Fraction(1, 16)


def test_same_pieces():
    net = instances.h6(2, None)
    (claim,) = squares(check(LEMMA, net, pieces=[piece.gradient for piece in Subject(net).lattice.pieces]))
    assert (claim.outcome, claim.left, claim.right) == ("holds", 0, 0)


def test_attained_by_a_linear_function():
    """F' - F = <δ, x>: both sides are ‖δ‖², where enclosures of the integral decide nothing."""
    verdict = check(LEMMA, arrays([[[1, 2]]]), pieces=[["7/6", 2]])
    assert verdict.status == "proved"
    assert squares(verdict)[0].left == squares(verdict)[0].right == Fraction(1, 36)


def test_large_moves_in_four_dimensions_stay_open():
    """r = 4 leaves nothing that encloses the mean square; the pointwise claims hold all the same."""
    net = instances.parity(4, 4, None)
    pieces = [piece.gradient for piece in Subject(net).lattice.pieces]
    moved = [[q + Fraction(int(i % 4 == j), 8) for j, q in enumerate(row)] for i, row in enumerate(pieces)]
    verdict = check(LEMMA, net, pieces=moved)
    assert [claim.outcome for claim in verdict.detail["claims"]] == ["holds", "holds", "open"]
    assert verdict.status == "unknown"
    assert "more than 3 dimensions" in verdict.detail["reason"]


def test_failed_hypotheses_are_named():
    shifted = check(LEMMA, arrays([[[1], [-1]], [[1, 1]]], [[1, 0], [0]]))
    assert (shifted.status, shifted.detail["reason"]) == ("unknown", "hypothesis fails: F is homogeneous")
    too_few = check(LEMMA, ABSOLUTE, pieces=[[1]])
    assert (too_few.status, too_few.detail["reason"]) == (
        "unknown",
        "hypothesis fails: F' has one gradient for each piece of F",
    )


def test_budget_leaves_claims_open():
    verdict = check(LEMMA, Subject(instances.h6(2, None)), budget=tp.Budget(cells=3))
    assert verdict.status == "unknown"


def test_k_in_place_of_r_refuted():
    verdict = check_neighbour(LEMMA, index=0)
    assert verdict.status == "refuted"
    (claim,) = squares(verdict)
    limit = (
        3 - quad(lambda t: 2 * t * (3 * (2 * ndtr(-t)) ** 2 - (2 * ndtr(-t)) ** 3), 0, 40)[0]
    )  # E max_i x_i², i <= 3
    assert claim.left.lower > claim.right == 2
    assert float(claim.left) == pytest.approx(limit, abs=0.02)
    net, own = LEMMA.neighbours[0].instance()
    assert check(LEMMA, net, **own).status == "proved"
    assert squares(check(LEMMA, net, **own))[0].right == 3


def test_k_in_place_of_r_is_not_refuted_where_it_holds():
    assert check_neighbour(LEMMA, instances.h6(2, None), index=0).status == "proved"


@pytest.mark.parametrize("net", [None, instances.h6(5, 1), instances.parity(2, 3, 0), ABSOLUTE])
def test_mixed_clauses_refuted(net):
    verdict = check_neighbour(LEMMA, net, index=1)
    assert verdict.status == "refuted"
    net = LEMMA.neighbours[1].instance()[0] if net is None else net
    rows = next(
        rows for name, rows in verdict.detail["choices"]["w' - w"].items() if verdict.detail["failed"].endswith(name)
    )
    lattice = Subject(net).lattice
    values = [
        piece(verdict.witness) + sum(d * x for d, x in zip(row, verdict.witness, strict=True))
        for piece, row in zip(lattice.pieces, rows, strict=True)
    ]
    mixed = min(max(values[i] for i in clause) for clause in lattice.clauses)
    largest = max(abs(sum(d * x for d, x in zip(row, verdict.witness, strict=True))) for row in rows)
    assert abs(net(verdict.witness)[0] - mixed) > largest


def test_mixed_clauses_make_no_difference_to_a_linear_function():
    assert check_neighbour(LEMMA, arrays([[[1, 2]]]), index=1).status == "proved"
