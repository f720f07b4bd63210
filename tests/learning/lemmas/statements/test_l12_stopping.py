"""L12: rates of false rejection, its two false neighbours, hypotheses."""

import math
from fractions import Fraction

import numpy as np
import pytest
from case_counts import all_but

import tropical as tp
from learning import instances
from learning.filtering.stopping import stopping_thresholds
from learning.lemmas import check, check_neighbour
from learning.lemmas.statements.l12_stopping import LEMMA

QUICK = {"samples": 20_000}  # 50 null draws
NETWORKS = {
    "h6": instances.h6(10, 1),
    "parity": instances.parity(2, 10, 1),
    "random": instances.random_network(2, (4, 4), 10, 0),
    "cancelling": instances.cancelling(5, 2),
    "one input": tp.ReLUNetwork.from_arrays([[[1], [-1]], [[1, 2]]]),
    "odd, with biases": tp.ReLUNetwork.from_arrays([[[1, 0], [1, 0]], [[1, -1]]], [[1, -1], [-1]]),
    "constant": tp.ReLUNetwork.from_arrays([[[0, 0]], [[1]]], [[0], [3]]),
    "zero": tp.ReLUNetwork.from_arrays([[[1, 2], [1, 2]], [[1, -1]]]),
    "linear": tp.ReLUNetwork.from_arrays([[[1, 2]]]),
}


@pytest.mark.parametrize("name", all_but(NETWORKS, ["parity", "cancelling", "linear"]))
def test_rejections_are_as_rare_as_promised(name):
    verdict = check(LEMMA, NETWORKS[name], **QUICK)
    assert verdict.status == "unknown"  # of samples nothing is proved
    claims = verdict.detail["claims"]
    assert len(claims) == 6
    for claim in claims:
        assert (claim.outcome, claim.right) == ("consistent", Fraction(1, 20))
        assert claim.left.samples == 50
        assert claim.left.confidence == pytest.approx(1 - 0.01 / 6)
    assert "estimated from samples" in verdict.detail["reason"]


def test_same_seed_same_answer_and_other_seeds_other_samples():
    def shares(seed):
        verdict = check_neighbour(LEMMA, NETWORKS["h6"], index=0, seed=seed, samples=80_000)
        return [claim.left.value for claim in verdict.detail["claims"]]

    found = [shares(seed) for seed in (1, 1, 2, 3)]
    assert found[0] == found[1]
    assert len(set(map(tuple, found))) > 1


@pytest.mark.parametrize("index", [0, 1])
def test_false_neighbours_are_rejected_at_one_in_a_million(index):
    verdict = check_neighbour(LEMMA, index=index)
    assert verdict.status == "unknown"
    assert verdict.detail["because"] == "rejected"
    for claim in verdict.detail["claims"]:
        assert claim.outcome == "rejected"
        assert claim.left.confidence >= 1 - 1e-6
        assert claim.left.lower > 1 / 20
    assert "rejected" in verdict.detail["reason"]


def test_the_lemma_stands_where_its_neighbours_fall():
    net, choices = LEMMA.neighbours[0].instance()
    assert LEMMA.neighbours[1].instance() == (net, choices)
    verdict = check(LEMMA, net, **{**choices, "samples": 80_000, "level": 0.05})
    assert {claim.outcome for claim in verdict.detail["claims"]} == {"consistent"}
    assert all(claim.detail["interval_below"] for claim in verdict.detail["claims"])


def test_neighbours_differ_from_the_lemma_by_their_edges_alone():
    """Without t the share of rejections is that of the noise itself, found here by plain numpy."""
    rng = np.random.default_rng(0)
    outside = []
    for _ in range(1000):
        values = np.linalg.eigvalsh(np.cov(rng.standard_normal((40, 16)), rowvar=False, bias=True))
        lower, upper = stopping_thresholds(40, 1.0, 16, 2 * math.exp(-1e-12))  # t = √(2e-12)
        outside.append(values[-1] - 1 > upper or values[0] - 1 < lower)
    claim = check_neighbour(LEMMA, index=0).detail["claims"][0]
    assert claim.left.value == pytest.approx(np.mean(outside), abs=0.1)


def test_a_subspace_without_all_of_v_fails_the_hypothesis():
    net = instances.h6(3, None)
    verdict = check(LEMMA, net, subspace=[[1, 0, 0]], **QUICK)
    assert (verdict.status, verdict.detail["reason"]) == ("unknown", "hypothesis fails: V ⊆ W")
    assert verdict.detail["claims"] == ()
    given = check(LEMMA, net, subspace=[[1, 1, 0], [1, -1, 0]], **QUICK)
    assert [claim.outcome for claim in given.detail["claims"]] == ["consistent"] * 3
    assert all("W given" in claim.text for claim in given.detail["claims"])


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["h6", "random", "h4"])
def test_two_thousand_null_draws_leave_the_interval_below_the_level(name):
    net = instances.h4(10, 1) if name == "h4" else NETWORKS[name]
    verdict = check(LEMMA, net, samples=800_000)
    assert verdict.detail["choices"]["null_draws"] == 2000
    for claim in verdict.detail["claims"]:
        assert claim.left.upper < claim.right
        assert claim.detail["interval_below"]
