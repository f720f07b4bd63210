"""L16: two networks with nearly the same weights; the factor L + 2 and a power of B left out refuted."""

from fractions import Fraction

import numpy as np
import pytest

import tropical as tp
from learning import instances
from learning.lemmas import check, check_neighbour
from learning.lemmas.statements.l16_net_error import LEMMA
from oracles.degenerate_networks import HOMOGENEOUS

arrays = tp.ReLUNetwork.from_arrays
ABSOLUTE = arrays([[[1], [-1]], [[1, 1]]])

DEGENERATE = {
    **HOMOGENEOUS,
    "all weights 0": arrays([[[0, 0]], [[0]]]),
    "leaky units": arrays([[[1, 1], [-1, 2]], [[1, 1]]], slopes=[[("1/10", 1), ("1/10", 1)]]),
}


def perturbed(net, seed, scale=16):
    rng = np.random.default_rng(seed)
    weights = [
        [[q + Fraction(int(rng.integers(-3, 4)), scale) for q in row] for row in layer.weight] for layer in net.layers
    ]
    return arrays(weights)


@pytest.mark.parametrize(
    "net",
    [
        instances.h6(2, None),
        instances.h6(50, 1),
        instances.parity(2, 5, 0),
        instances.parity(3, 6, 0),
        instances.h4(4, None),
        instances.random_network(2, (4, 4), 10, 0),
        *DEGENERATE.values(),
    ],
)
def test_proved(net):
    verdict = check(LEMMA, net, seed=2)
    assert verdict.status == "proved", verdict.detail


@pytest.mark.parametrize("seed", range(4))
def test_sides_in_float64(seed):
    """The left side by directions all around, the right one by singular values."""
    net = instances.random_network(2, (4, 3), 2, seed)
    other = perturbed(net, seed)
    (claim,) = check(LEMMA, net, other=other).detail["claims"]
    angles = np.linspace(0, 2 * np.pi, 20_001)
    points = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    squares = (net.evaluate(points) - other.evaluate(points))[:, 0] ** 2
    assert squares.max() <= float(claim.left) * (1 + 1e-12)
    assert squares.max() == pytest.approx(float(claim.left), rel=1e-3)  # the maximum may be at a kink, half a step away
    pairs = [[np.array(layer.weight, dtype=float) for layer in one.layers] for one in (net, other)]
    norm = max(np.linalg.norm(weight, 2) for weights in pairs for weight in weights)
    change = max(np.linalg.norm(a - b, 2) for a, b in zip(*pairs, strict=True))
    assert float(claim.right) == pytest.approx((3 * change * norm**2) ** 2)


def test_bounds_of_norms_are_upper_bounds_over_q():
    """‖[[1, 1], [0, 1]]‖² = (3 + √5)/2 is irrational: B² is above it, so that B² (3 - B²) < 1."""
    net = arrays([[[1, 1], [0, 1]], [[1, 1]]])
    squared = check(LEMMA, net, other=net).detail["choices"]["B squared"]
    assert squared * (3 - squared) < 1
    assert squared - Fraction(2618033988749895, 10**15) < Fraction(1, 10**15)


def test_the_same_network():
    (claim,) = check(LEMMA, instances.h6(2, None), other=instances.h6(2, None)).detail["claims"]
    assert (claim.left, claim.right, claim.outcome) == (0, 0, "holds")


def test_large_matrices_get_another_bound():
    rng = np.random.default_rng(0)
    first = [[int(i == j) for j in range(2)] for i in range(30)]
    second = [[int(q) for q in row] for row in rng.integers(-1, 2, size=(30, 30))]
    verdict = check(LEMMA, arrays([first, second, [[1] * 30]]))
    assert verdict.status == "proved"
    assert verdict.detail["choices"]["B squared"] > np.linalg.norm(np.array(second, dtype=float), 2) ** 2


@pytest.mark.parametrize(
    ("net", "other", "reason"),
    [
        (arrays([[[1], [-1]], [[1, 1]]], [[1, 0], [0]]), None, "neither network has a bias"),
        (ABSOLUTE, arrays([[[1], [-1]], [[1, 1]]], [[0, 0], [1]]), "neither network has a bias"),
        (ABSOLUTE, arrays([[[1]], [[1]]]), "both have the same layers: inputs, outputs, slopes"),
        (ABSOLUTE, arrays([[[1]]]), "both have the same layers: inputs, outputs, slopes"),
        (arrays([[[1]], [[1]]], slopes=[[(0, 2)]]), None, "no unit has a slope beyond ±1, as ReLUs"),
    ],
)
def test_failed_hypotheses_are_named(net, other, reason):
    verdict = check(LEMMA, net, other=other)
    assert (verdict.status, verdict.detail["reason"]) == ("unknown", f"hypothesis fails: {reason}")


def test_budget_leaves_the_claim_open():
    verdict = check(LEMMA, instances.h6(2, None), budget=tp.Budget(cells=3))
    assert verdict.status == "unknown"


@pytest.mark.parametrize("index", [0, 1])
def test_false_neighbours_refuted(index):
    verdict = check_neighbour(LEMMA, index=index)
    assert (verdict.status, verdict.witness) == ("refuted", (1,))
    (claim,) = verdict.detail["claims"]
    assert claim.left == (Fraction(5, 2) ** 4 - 2**4) ** 2
    assert claim.right == [Fraction(1, 2) * Fraction(5, 2) ** 3, 4 * Fraction(1, 2) * Fraction(5, 2) ** 2][index] ** 2
    net, own = LEMMA.neighbours[index].instance()
    assert check(LEMMA, net, **own).status == "proved"


def test_false_neighbours_are_not_refuted_where_they_hold():
    assert check_neighbour(LEMMA, ABSOLUTE, index=0).status == "proved"
