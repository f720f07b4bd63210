"""L8 on networks, and the identity recomputed by other routes."""

import math
from fractions import Fraction

import numpy as np
import pytest
from case_counts import all_but
from scipy.integrate import quad
from scipy.special import gammaincc

from learning.instances import alternating, cancelling, h4, h6, parity, random_network, thin_cone
from learning.lemmas import Subject
from learning.lemmas.estimates.radial_draws import RadialDraws
from learning.lemmas.registry import check, check_neighbour
from learning.lemmas.statements.l08_radial_identity import LEMMA
from tropical import Enclosure, ReLUNetwork, filtered_moments

PROVED = {
    "h6": h6(10, seed=1),
    "parity": parity(2, 5),
    "parity in the plane": parity(2, 2, seed=None),
    "alternating": alternating(4, 3),
    "cancelling": cancelling(5),
    "thin cone": thin_cone(2, seed=None),
    "one input": ReLUNetwork.from_arrays([[[2], [-1]], [[1, 1]]]),
    "half of a line": ReLUNetwork.from_arrays([[[3, 4]], [[-2]]]),
    "linear": ReLUNetwork.from_arrays([[[2, 1], [-2, -1]], [[1, -1]]]),
    "a line, deep": random_network(1, (3, 3), 4, 0),
    "duplicated and dead units": ReLUNetwork.from_arrays([[[1, 2], [1, 2], [0, 0], [2, -1]], [[1, 1, 3, -1]]]),
    **{f"random {seed}": random_network(2, (4, 4), 10, seed) for seed in range(2)},
}


@pytest.mark.parametrize("name", all_but(PROVED, ["h6", "alternating"]))
def test_proved(name: str) -> None:
    verdict = check(LEMMA, PROVED[name])
    assert verdict.status == "proved", verdict


def test_enclosures_of_fifty_pieces_are_narrower_than_a_trillionth() -> None:
    subject = Subject(random_network(2, (32,), 10, 1))
    assert len(subject.pieces) == 50
    verdict = check(LEMMA, subject)
    assert verdict.status == "proved"
    sides = [side for claim in verdict.detail["claims"] for side in (claim.left, claim.right)]
    assert all(side.width <= Fraction(1, 10**12) for side in sides if isinstance(side, Enclosure))


@pytest.mark.parametrize(("net", "claims"), [(parity(3, 4), 8), (h4(5), 12)], ids=["parity 3", "h4"])
def test_from_three_dimensions_on_it_is_consistent_and_never_proved(net: ReLUNetwork, claims: int) -> None:
    verdict = check(LEMMA, net, samples=20_000)
    assert verdict.status == "unknown"
    assert len(verdict.detail["claims"]) == claims
    assert {claim.outcome for claim in verdict.detail["claims"]} <= {"consistent", "holds"}


def test_the_false_neighbour_is_refuted_where_the_lemma_is_proved() -> None:
    verdict = check_neighbour(LEMMA)
    assert verdict.status == "refuted"
    net, choices = LEMMA.neighbours[0].instance()
    assert check(LEMMA, net, **choices).status == "proved"


def test_the_false_neighbour_is_rejected_from_samples() -> None:
    verdict = check_neighbour(LEMMA, parity(3, 3, seed=None), level=1e-6)
    assert verdict.status == "unknown"
    assert "rejected" in {claim.outcome for claim in verdict.detail["claims"]}


@pytest.mark.parametrize(
    ("net", "choices", "hypothesis"),
    [
        (ReLUNetwork.from_arrays([[[1]], [[1]]], [[1], [0]]), {}, "F is homogeneous"),
        (ReLUNetwork.from_arrays([[[0, 0]], [[1]]]), {}, "k >= 1"),
        (h6(2, seed=None), {"subspace": [[1, 0]]}, "W = {0}"),
    ],
)
def test_a_failed_hypothesis_is_named(net: ReLUNetwork, choices: dict[str, object], hypothesis: str) -> None:
    verdict = check(LEMMA, net, **choices)
    assert verdict.status == "unknown"
    assert hypothesis in verdict.detail["reason"]


def test_the_sphere_side_by_scipy() -> None:
    net, tau = parity(2, 2, seed=None), 1.0

    def entry(theta: float) -> float:
        value = float(net.evaluate(np.array([[math.cos(theta), math.sin(theta)]]))[0, 0])
        s = tau**2 / value**2 if value else math.inf
        return float(2 * gammaincc(2, s / 2) * math.cos(theta) ** 2 - gammaincc(1, s / 2)) / (2 * math.pi)

    found, _ = quad(entry, 0, 2 * math.pi, points=[i * math.pi / 4 for i in range(1, 8)], limit=200)
    moments = filtered_moments(net, Fraction(1))
    assert float(moments.quadratic([1, 0])) == pytest.approx(found, abs=1e-8)


def test_both_sides_from_samples_cover_the_enclosures() -> None:
    subject, tau = Subject(parity(3, 3, seed=None)), Fraction(3, 4)
    draws = RadialDraws.of(subject, tau, 50_000, 1e-4, 0, "both")
    moments = filtered_moments(subject.network, tau)
    basis = subject.relevant
    norms = [math.sqrt(sum(q * q for q in b)) for b in basis]
    for i in range(3):
        for j in range(i, 3):
            exact = float(moments.quadratic(basis[i], basis[j])) / (norms[i] * norms[j])
            for estimate in (draws.entry(i, j), draws.identity(i, j)):
                assert estimate.lower <= exact <= estimate.upper
    for estimate in (draws.trace(), draws.density()):
        assert estimate.lower <= float(moments.trace) <= estimate.upper
