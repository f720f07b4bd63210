"""L1: both bounds, equality after refinement, chambers; an incomplete list and whole regions refuted."""

from fractions import Fraction

import numpy as np
import pytest

import tropical as tp
from learning import instances
from learning.lemmas import check, check_neighbour
from learning.lemmas.statements.l01_lattice_form import LEMMA

arrays = tp.ReLUNetwork.from_arrays

DEGENERATE = {
    "constant": arrays([[[0, 0]], [[3]]], [[1], [2]]),
    "zero": arrays([[[0]], [[0]]]),
    "no hidden layer": arrays([[[1, 2]]]),
    "one input": arrays([[[1], [-1]], [[1, 1]]]),
    "duplicates": arrays([[[1, 2], [1, 2], [2, 4]], [[1, 1, -1]]]),
    "bump with biases": arrays([[[1], [1], [1]], [[1, -2, 1]]], [[1, 0, -1], [0]]),
    "parallel pieces": arrays([[[1, 1], [1, 1]], [[1, -1]]], [[1, -1], [5]]),
    "cancelling": instances.cancelling(4, 1),
    "k = 1": instances.random_network(1, (4, 4), 3, 0),
}


def claim(verdict, beginning):
    return next(c for c in verdict.detail["claims"] if c.text.startswith(beginning))


@pytest.mark.parametrize(
    "net",
    [
        instances.h6(10, seed=1),
        instances.parity(2, 5, seed=0),
        instances.random_network(2, (4, 4), 10, 3),
        *DEGENERATE.values(),
    ],
)
def test_proved(net):
    verdict = check(LEMMA, net)
    assert verdict.status == "proved", verdict.detail
    for one in verdict.detail["claims"]:
        if one.text.startswith("F = max-min"):
            assert tp.check_certificate(one.detail["certificate"])


@pytest.mark.parametrize(
    ("net", "clauses"),
    [
        (instances.parity(2, 2, seed=None), 2),
        (instances.parity(3, 4, seed=2), 4),
        (instances.parity(4, 4, seed=None), 8),
        (instances.h4(4, seed=None), 72),
    ],
)
def test_number_of_minimal_clauses(net, clauses):
    """The closed forms of THEORY L2 and section 5: 2^(k-1) clauses of parity, 72 inclusion-minimal S_x of H4."""
    verdict = check(LEMMA, net)
    assert verdict.status == "proved"
    assert claim(verdict, "F = max-min").detail["clauses"] == clauses


def test_the_seed_draws_other_points_and_functions():
    net = instances.random_network(2, (4, 4), 4, 5)
    first, second = (check(LEMMA, net, seed=seed) for seed in (0, 7))
    assert first.status == second.status == "proved"
    assert first.detail["choices"] != second.detail["choices"]
    assert check(LEMMA, net, seed=7).detail["choices"] == second.detail["choices"]


def test_bounds_by_hand_at_random_points():
    """The lemma by floats: m_x <= F at 2000 points for 20 points x, and equality at x."""
    net = instances.random_network(2, (6, 6), 4, 2)
    pieces = tp.affine_pieces(tp.polyhedral_complex(net))
    gradients = np.array([[float(q) for q in piece.gradient] for piece in pieces])
    X = np.random.default_rng(0).standard_normal((2000, 4))
    table, values = X @ gradients.T, net.evaluate(X)[:, 0]
    for i in range(20):
        above = table[i] >= values[i] - 1e-12
        below = table[i] <= values[i] + 1e-12
        assert (table[:, above].min(axis=1) <= values + 1e-9).all()
        assert (table[:, below].max(axis=1) >= values - 1e-9).all()
        assert table[i, above].min() == pytest.approx(values[i])
    assert check(LEMMA, net).status == "proved"


def test_a_list_without_a_piece_is_refuted_on_the_smaller_of_t_and_zero():
    verdict = check_neighbour(LEMMA)
    assert verdict.status == "refuted"
    (t,) = verdict.witness
    assert t > 0
    assert verdict.detail["choices"]["piece left out"] == "0"
    net, _ = LEMMA.neighbours[0].instance()
    assert net([t])[0] == 0
    assert check(LEMMA, net).status == "proved"


def test_clauses_of_whole_regions_are_refuted_on_a_notch():
    verdict = check_neighbour(LEMMA, index=1)
    assert verdict.status == "refuted"
    net, _ = LEMMA.neighbours[1].instance()
    x, y = verdict.witness
    assert net([x, y])[0] == min(Fraction(0), max(x, y)) < 0  # while the clause of the region {F = 0} is {0}
    assert check(LEMMA, net).status == "proved"


def test_whole_regions_do_no_harm_where_every_piece_has_one_convex_region():
    assert check_neighbour(LEMMA, instances.negative_outputs(3, seed=None), index=1).status == "proved"


def test_a_single_piece_cannot_be_left_out():
    verdict = check_neighbour(LEMMA, DEGENERATE["no hidden layer"])
    assert verdict.status == "unknown"
    assert verdict.detail["because"] == "hypothesis"


def test_budget():
    verdict = check(LEMMA, instances.h6(4, seed=0), budget=tp.Budget(cells=3))
    assert verdict.status == "unknown"
    assert verdict.detail["because"] == "budget"


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(30))
def test_random_networks(seed):
    net = instances.random_network(2 + seed % 2, ((4, 4), (6,), (3, 3, 3))[seed % 3], 4 + seed % 3, seed)
    assert check(LEMMA, net, seed=seed).status == "proved"
