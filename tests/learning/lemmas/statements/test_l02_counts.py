"""L2: pieces against 2^S; more pieces than units and more clauses than pieces, each refuting a false neighbour."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

import tropical as tp
from learning import instances
from learning.lemmas import Subject, check, check_neighbour
from learning.lemmas.statements.l02_counts import LEMMA

arrays = tp.ReLUNetwork.from_arrays


def counted(verdict):
    (claim,) = verdict.detail["claims"]
    return claim.left, claim.right


@pytest.mark.parametrize(
    ("net", "pieces", "units", "regions"),
    [
        (instances.h6(10, seed=1), 12, 12, 12),
        (instances.alternating(4, 3, seed=0), 8, 8, 8),
        (instances.parity(2, 5, seed=0), 4, 4, 4),
        (instances.parity(3, 4, seed=0), 6, 10, 12),
        (instances.h4(6, seed=0), 25, 16, 104),
        (instances.cancelling(4, 0), 4, 11, 4),
        (arrays([[[0, 0]], [[3]]], [[1], [2]]), 1, 1, 1),
        (arrays([[[1, 2]]]), 1, 0, 1),
        (arrays([[[1], [1]], [[1, 1]]]), 2, 2, 2),
    ],
)
def test_counts_in_closed_form(net, pieces, units, regions):
    verdict = check(LEMMA, net)
    assert verdict.status == "proved"
    assert counted(verdict) == (pieces, 2**units)
    assert verdict.detail["choices"]["linear regions"] == regions


@pytest.mark.parametrize(("seed", "pieces"), [(2, 13), (3, 11)])
def test_pieces_by_gradients_at_random_points(seed, pieces):
    """These two have no thin cones: 2000 random points meet every piece."""
    net = instances.random_network(2, (4, 4), 3, seed)
    points = np.random.default_rng(seed).integers(-(10**6), 10**6, size=(2000, 3)).tolist()
    seen = {net.gradient(p) for p in points if all(all(row) for row in net.preactivations(p))}
    verdict = check(LEMMA, net)
    assert verdict.status == "proved"
    assert len(seen) == counted(verdict)[0] == pieces


def test_the_bound_is_attained():
    """relu of each coordinate, with weights that tell all the patterns apart."""
    net = arrays([[[1, 0, 0], [0, 1, 0], [0, 0, 1]], [[1, 1, 1]]])
    verdict = check(LEMMA, net)
    assert verdict.status == "proved"
    assert counted(verdict) == (8, 8)
    assert verdict.detail["tightness"] == 1.0


def test_more_pieces_than_units_on_h4():
    verdict = check_neighbour(LEMMA)
    assert verdict.status == "refuted"
    assert counted(verdict) == (25, 16)
    net, _ = LEMMA.neighbours[0].instance()
    points = verdict.detail["claims"][0].detail["points"]
    assert len({net.gradient(point) for point in points}) == 25
    assert check(LEMMA, net).status == "proved"


def test_more_clauses_than_pieces_on_parity_of_five():
    verdict = check_neighbour(LEMMA, index=1)
    assert verdict.status == "refuted"
    least, pieces = counted(verdict)
    assert (least.lower, least.upper, pieces) == (16, 16, 10)
    net, _ = LEMMA.neighbours[1].instance()
    _no_clause_serves_two(net, verdict.detail["claims"][0].detail["points"])
    assert check(LEMMA, net).status == "proved"


def _no_clause_serves_two(net, points):
    """By hand: z of positive parity needs the clause of its signs, and no clause may be part of two of these."""
    signs = {tuple(1 if z > 0 else -1 for z in point) for point in points}
    assert len(signs) == len(points) == 16
    assert all(np.prod(pattern) == 1 for pattern in signs)
    for p, q in combinations(signs, 2):
        common = [i for i in range(5) if p[i] == q[i]]
        flipped = next(i for i in range(5) if i not in common)
        z = [Fraction(-p[i] if i == flipped else p[i]) for i in range(5)]
        assert all(p[i] * z[i] > net(z)[0] for i in common)  # the minimum over the common signs exceeds F at z


def test_few_clauses_are_proved_where_the_form_has_few():
    verdict = check_neighbour(LEMMA, instances.parity(3, 3, seed=None), index=1)
    least, pieces = counted(verdict)
    assert verdict.status == "proved"
    assert (least.lower, least.upper, pieces) == (4, 4, 6)


def test_the_lower_bound_on_clauses_never_exceeds_a_form_that_exists():
    for seed in range(6):
        subject = Subject(instances.random_network(2, (4, 4), 3, seed))
        least, _ = counted(check_neighbour(LEMMA, subject, index=1))
        assert 1 <= least.lower <= len(tp.irredundant(subject.lattice).polynomial.clauses) <= least.upper
