"""L14: the heuristic rate against measured angles, its false neighbour, hypotheses."""

import numpy as np
import pytest
from scipy import stats

import tropical as tp
from learning import instances
from learning.filtering.moments import filtered_second_moments
from learning.lemmas import check, check_neighbour
from learning.lemmas.statements.l14_rate import LEMMA
from learning.sampling import GaussianOracle
from learning.subspace import principal_sines

QUICK = {"samples": 25_000}  # 100 batches
NETWORKS = {
    "h6": instances.h6(10, 1),
    "parity": instances.parity(2, 10, 1),
    "alternating": instances.alternating(4, 2, None),
    "one input": tp.ReLUNetwork.from_arrays([[[1], [-1]], [[1, 2]]]),
    "one direction, duplicated and dead units": tp.ReLUNetwork.from_arrays([[[1, 2], [1, 2], [0, 0]], [[1, 1, 5]]]),
    "bump, λ < 0": tp.ReLUNetwork.from_arrays([[[1, 0], [1, 0], [1, 0]], [[1, -2, 1]]], [[1, 0, -1], [0]]),
    "linear": tp.ReLUNetwork.from_arrays([[[1, 2]]]),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_heuristic_is_consistent_with_measured_angles(name):
    verdict = check(LEMMA, NETWORKS[name], **QUICK)
    assert verdict.status == "unknown"
    assert [claim.outcome for claim in verdict.detail["claims"]] == ["consistent"] * 3
    below, near, far = [claim.detail["measured"].value for claim in verdict.detail["claims"]]
    assert below > 0.7 > near > far
    assert (verdict.detail["choices"]["eigenvalue"].upper < 0) == ("λ < 0" in name)


def test_prediction_has_the_closed_form_of_parity():
    verdict = check(LEMMA, NETWORKS["parity"], threshold=1, samples=2500)
    q = 2 * stats.norm.sf(1)
    p, lam = q**2, q * 2 * stats.norm.pdf(1)
    for claim, multiple in zip(verdict.detail["claims"][1:], (3, 6), strict=True):
        n_samples = claim.detail["n_samples"]
        assert n_samples == pytest.approx(multiple * 60 * p / lam**2, abs=1)
        leakage = 60 / (n_samples * lam)
        predicted = leakage * (1 + p / lam) / (1 + leakage)
        assert claim.detail["predicted"] == pytest.approx((predicted, predicted), abs=1e-12)
        ends = claim.detail["measured"].lower, claim.detail["measured"].upper
        assert claim.left.upper == pytest.approx(max(abs(end / predicted - 1) for end in ends))
    assert verdict.detail["claims"][0].detail["predicted"] == (1.0, 1.0)


def test_measured_angles_are_those_of_a_hidden_network_in_sixty_dimensions():
    verdict = check(LEMMA, NETWORKS["h6"], **QUICK)
    claim, tau = verdict.detail["claims"][1], float(verdict.detail["choices"]["threshold"])
    net = instances.h6(60, 7)
    truth = np.linalg.qr(np.array(net.layers[0].weight, dtype=np.float64)[[0, 2]].T)[0].T
    oracle, sines = GaussianOracle(net, seed=3), []
    for _ in range(60):
        X, y = oracle.sample(claim.detail["n_samples"])
        vectors = np.linalg.eigh(filtered_second_moments(X, [np.abs(y) > tau])[0].matrix)[1]
        sines.append((principal_sines(vectors[:, -2:].T, truth) ** 2).mean())
    spread = np.std(sines) / np.sqrt(60)
    assert np.mean(sines) == pytest.approx(claim.detail["measured"].value, abs=6 * spread)


def test_half_the_rate_is_rejected_at_one_in_a_million():
    verdict = check_neighbour(LEMMA)
    assert verdict.status == "unknown"
    assert verdict.detail["because"] == "rejected"
    for claim in verdict.detail["claims"]:
        assert claim.outcome == "rejected"
        assert claim.left.confidence >= 1 - 1e-6
        assert claim.left.lower > 1 / 4
    net, _ = LEMMA.neighbours[0].instance()
    assert {claim.outcome for claim in check(LEMMA, net, **QUICK).detail["claims"]} == {"consistent"}


def test_four_dimensions_are_estimated():
    verdict = check(LEMMA, instances.parity(4, 6, 1), samples=10_000)
    choices = verdict.detail["choices"]
    assert "not contradicted" in verdict.detail["hypotheses"][1].text
    q = 2 * stats.norm.sf(float(choices["threshold"]))
    eigenvalue = q**3 * 2 * float(choices["threshold"]) * stats.norm.pdf(float(choices["threshold"]))
    assert choices["probability"].lower < q**4 < choices["probability"].upper
    assert choices["eigenvalue"].lower < eigenvalue < choices["eigenvalue"].upper
    assert [claim.outcome for claim in verdict.detail["claims"]] == ["consistent"] * 3
    least, most = verdict.detail["claims"][1].detail["predicted"]
    assert least < most


@pytest.mark.parametrize(
    ("net", "reason"),
    [
        (instances.random_network(2, (4, 4), 10, 0), "M = λI"),
        (instances.cancelling(5, 1), "M = λI"),
        (instances.sequential(6, 1), "M = λI"),
        (tp.ReLUNetwork.from_arrays([[[0, 0]], [[1]]], [[0], [3]]), "V ≠ {0}"),
        (tp.ReLUNetwork.from_arrays([[[1, 2], [1, 2]], [[1, -1]]]), "V ≠ {0}"),
    ],
)
def test_failed_hypotheses_are_named(net, reason):
    verdict = check(LEMMA, net, samples=40_000)
    assert verdict.status == "unknown"
    assert "hypothesis fails" in verdict.detail["reason"]
    assert reason in verdict.detail["reason"]
    assert verdict.detail["claims"] == ()


def test_an_empty_filter_and_one_that_takes_too_many_samples():
    bump = NETWORKS["bump, λ < 0"]
    assert "p > 0 and λ ≠ 0" in check(LEMMA, bump, threshold=2, **QUICK).detail["reason"]
    rare = check(LEMMA, NETWORKS["h6"], threshold=20, samples=1000)
    assert {claim.outcome for claim in rare.detail["claims"]} == {"open"}
    assert "one batch would take" in rare.detail["reason"]


@pytest.mark.exhaustive
@pytest.mark.parametrize("net", [instances.h6(10, 1), instances.parity(3, 10, 1), instances.h4(10, 1)])
def test_intervals_within_the_tolerance(net):
    verdict = check(LEMMA, net, samples=400_000)
    for claim in verdict.detail["claims"]:
        assert claim.left.upper <= claim.right
        assert claim.detail["interval_within"]
