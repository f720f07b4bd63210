"""L11: F against F∘Π_W; half the constant, projections swapped and the factor k - tr left out refuted."""

import math
from fractions import Fraction

import numpy as np
import pytest

import tropical as tp
from learning import instances
from learning.lemmas import Subject, check, check_neighbour
from learning.lemmas.statements.l11_restriction_error import LEMMA
from oracles.degenerate_networks import BIASED, HOMOGENEOUS

arrays = tp.ReLUNetwork.from_arrays

DEGENERATE = {**HOMOGENEOUS, **BIASED}


def projector(rows, dim):
    basis = np.array(rows, dtype=float).reshape(-1, dim)
    return np.linalg.pinv(basis) @ basis


@pytest.mark.parametrize(
    "net",
    [
        instances.h6(2, None),
        instances.h6(10, 1),
        instances.parity(2, 5, 0),
        instances.parity(3, 6, 0),
        instances.h4(4, None),
        instances.random_network(2, (4, 4), 10, 0),
        *DEGENERATE.values(),
    ],
)
def test_proved(net):
    verdict = check(LEMMA, net)
    assert verdict.status == "proved", verdict.detail
    assert all(claim.left is not None for claim in verdict.detail["claims"])


@pytest.mark.parametrize("rows", [[[1, 2, 3, 4]], [[2, 0, 1, 0], [4, 0, 2, 0]], []])
def test_sides_in_float64(rows):
    """Mean squares by Monte Carlo and traces, and no ratio of the sides of the pointwise claim above the largest."""
    net = instances.random_network(2, (4, 4), 4, 1)
    subject = Subject(net)
    pointwise, mean_square = check(LEMMA, net, subspace=rows).detail["claims"]
    relevant, chosen = projector(subject.relevant, 4), projector(rows, 4)
    points = np.random.default_rng(0).standard_normal((200_000, 4))
    squares = (net.evaluate(points) - net.evaluate(points @ chosen))[:, 0] ** 2
    bound = float(subject.lipschitz_squared)
    ratios = squares / (bound * ((points @ (np.eye(4) - chosen) @ relevant) ** 2).sum(axis=1))
    assert float(pointwise.left) * 0.9 < ratios.max() < float(pointwise.left) + 1e-9
    assert abs(float(mean_square.left) - squares.mean()) < 6 * squares.std() / len(squares) ** 0.5
    assert float(mean_square.right) == pytest.approx(bound * (2 - np.trace(relevant @ chosen)))


def test_closed_forms():
    """For W = {0} the left side is E F²: 1 - 2/π for parity, 2 + 4/π for |x_0| + |x_1|."""
    _, mean_square = check(LEMMA, instances.parity(2, 3, 0), subspace=[]).detail["claims"]
    assert abs(mean_square.left.lower - Fraction(1 - 2 / math.pi)) < Fraction(1, 10**14)
    assert mean_square.right == 2
    diamond = LEMMA.neighbours[0].instance()[0]
    pointwise, mean_square = check(LEMMA, diamond, subspace=[]).detail["claims"]
    assert pointwise.left == 1
    assert float(mean_square.left) == pytest.approx(2 + 4 / math.pi, abs=1e-14)
    assert mean_square.right == 4


@pytest.mark.parametrize("net", [LEMMA.neighbours[1].instance()[0], arrays([[[3, 1], [-3, -1]], [[1, 1]]])])
def test_attained(net):
    """F = |<a, x>| and W ⟂ V: equality in both claims, which enclosures of the integral need not decide."""
    a, b = net.layers[0].weight[0]
    verdict = check(LEMMA, net, subspace=[[-b, a]])
    pointwise, mean_square = verdict.detail["claims"]
    assert verdict.status == "proved"
    assert (pointwise.left, mean_square.right) == (1, a**2 + b**2)
    assert float(mean_square.left) == a**2 + b**2


def test_nothing_lost_on_the_relevant_subspace():
    net = instances.h6(4, 1)
    verdict = check(LEMMA, net, subspace=[*Subject(net).relevant, (1, 0, 0, 0)])
    assert verdict.status == "proved"
    assert [float(claim.left) for claim in verdict.detail["claims"]] == [0, 0]


def test_more_than_three_dimensions_bound_the_mean_square_by_the_pointwise_claim():
    """E F² = 8/3 + (48 - 32√3)/π of H4 is at most 4 = Λ² k/4, since F² <= Λ² ‖x‖²/4."""
    pointwise, mean_square = check(LEMMA, instances.h4(4, None), subspace=[]).detail["claims"]
    assert (pointwise.left, mean_square.left, mean_square.right) == (Fraction(1, 4), 4, 16)
    assert 8 / 3 + (48 - 32 * 3**0.5) / math.pi < mean_square.left


def test_more_than_three_dimensions_by_monte_carlo():
    net, rows = instances.random_network(2, (4, 4), 4, 1), [[1, 1, 0, 0], [1, 2, 1, 0]]
    points = np.random.default_rng(0).standard_normal((100_000, 4))
    squares = (net.evaluate(points) - net.evaluate(points @ projector(rows, 4)))[:, 0] ** 2
    pointwise, mean_square = check(LEMMA, net, subspace=rows).detail["claims"]
    assert squares.mean() < float(mean_square.left) <= float(mean_square.right)
    assert float(mean_square.left / mean_square.right) == pytest.approx(float(pointwise.left))


def test_budget_leaves_claims_open():
    verdict = check(LEMMA, Subject(instances.h4(4, None)), budget=tp.Budget(cells=3))
    assert (verdict.status, verdict.witness) == ("unknown", None)


def test_half_the_constant_refuted():
    verdict = check_neighbour(LEMMA, index=0)
    assert verdict.status == "refuted"
    assert sum(map(abs, verdict.witness)) ** 2 > Fraction(1, 4) * 2 * sum(q * q for q in verdict.witness)
    assert check_neighbour(LEMMA, instances.h6(5, 1), index=0).status == "refuted"


def test_swapped_projections_refuted():
    verdict = check_neighbour(LEMMA, index=1)
    x, y = verdict.witness
    assert verdict.status == "refuted"
    assert (abs(x) - abs(x + y) / 2) ** 2 > x**2 / 2  # Π_{W⊥} (x, 0) = (x, -x)/2
    net, own = LEMMA.neighbours[1].instance()
    assert check(LEMMA, net, **own).status == "proved"
    inside = Subject(instances.h6(5, 1))
    assert check_neighbour(LEMMA, inside, index=1, subspace=inside.relevant[:1]).status == "proved"  # they commute


def test_mean_square_without_the_factor_refuted():
    verdict = check_neighbour(LEMMA, index=2)
    assert verdict.status == "refuted"
    assert verdict.detail["failed"].startswith("E(")
    assert check_neighbour(LEMMA, arrays([[[1], [-1]], [[1, 1]]]), index=2).status == "proved"
