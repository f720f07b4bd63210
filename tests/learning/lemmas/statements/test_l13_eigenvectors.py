"""L13 given M: both sides against floating point; its false neighbour; networks with nothing to see."""

import math
from fractions import Fraction

import numpy as np
import pytest

from learning.instances import cancelling, h4, h6, parity, random_network
from learning.lemmas import Claim, check, check_neighbour
from learning.lemmas.statements.l13_eigenvectors import LEMMA
from tropical import Enclosure, ReLUNetwork, Verdict

HALF_LINE = ReLUNetwork.from_arrays([[[1]], [[1]]])
BIASED = ReLUNetwork.from_arrays([[[1, 0], [1, 2], [1, 2], [0, 0]], [[1, -1, 2, 1]]], [[1, 0, 0, -1], [1]])
CONSTANT = ReLUNetwork.from_arrays([[[0, 0]], [[1]]], [[1], [2]])


def claims_about(verdict: Verdict, words: str) -> list[Claim]:
    return [claim for claim in verdict.detail["claims"] if words in claim.text]


def upper(side: object) -> float:
    assert isinstance(side, Enclosure)
    return float(side.upper)


@pytest.mark.parametrize(
    "net",
    [
        h6(6, 1),
        parity(2, 2, 0),
        cancelling(8, 1),
        random_network(2, (4, 4), 10, 0),
        random_network(2, (4, 4), 10, 1),
        HALF_LINE,
        BIASED,
        CONSTANT,
    ],
    ids=["h6", "parity", "cancelling", "random 0", "random 1", "half line", "biased", "constant"],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_proved(net: ReLUNetwork, seed: int) -> None:
    verdict = check(LEMMA, net, seed=seed, samples=2000)
    assert verdict.status == "proved", verdict.detail["reason"]
    assert len(claims_about(verdict, "entries of M̂ - M")) == 3 * len(verdict.detail["choices"]["frame"])
    assert all(claim.right.lower >= claim.left.upper for claim in verdict.detail["claims"])


@pytest.mark.parametrize("subspace", [[[1, 2, 0, 0, 0]], [[1, 0, 1, 0, 0]]], ids=["inside V", "askew to V"])
def test_proved_with_a_subspace(subspace: list[list[int]]) -> None:
    """What lies in W counts as seen: the frame of V + W is that of W, then U, and M vanishes on W."""
    verdict = check(LEMMA, parity(2, 5, seed=None), subspace=subspace, threshold="1/2", samples=5000)
    assert verdict.status == "proved"
    assert claims_about(verdict, "samples")


def test_proved_in_three_dimensions() -> None:
    assert check(LEMMA, parity(3, 5, 0), samples=2000).status == "proved"


def test_more_samples_give_a_sharper_certificate_and_a_better_vector() -> None:
    few, many = (check(LEMMA, parity(2, 4, seed=1), samples=n, threshold=1) for n in (300, 20_000))
    best = [min(upper(claim.right) for claim in claims_about(verdict, "samples")) for verdict in (few, many)]
    left = [min(upper(claim.left) for claim in claims_about(verdict, "samples")) for verdict in (few, many)]
    assert best[1] < best[0] / 3
    assert left[1] < best[1] < 0.3


def test_noise_alone_attains_the_bound() -> None:
    verdict = check(LEMMA, random_network(2, (4,), 6, 0), samples=100)
    tight = max(claims_about(verdict, "rank 1"), key=lambda claim: claim.left.lower)
    assert tight.left == Enclosure(Fraction(1), Fraction(1))
    assert 1 < tight.right.lower < 1 + Fraction(1, 10**15)


def test_sides_of_a_coupling_are_those_of_two_by_two_matrices() -> None:
    """Parity: M = λI on V; a coupling c of one direction with one outside gives [[λ, c], [c, 0]] there."""
    verdict = check(LEMMA, parity(2, 4, seed=3), threshold=1, samples=100)
    claims = claims_about(verdict, "couples")
    coupling = float(claims[0].detail["gamma"]) / 2 ** (1 / 2**11)  # ‖A^n‖_F^(1/n) for n = 2^10 and eigenvalues ±c
    scale = 2.0 * math.erfc(math.sqrt(0.5)) * math.exp(-0.5) / math.sqrt(2 * math.pi)
    values, vectors = np.linalg.eigh([[scale, coupling], [coupling, 0.0]])
    expected = sorted((abs(vectors[1, i]), coupling / abs(values[i])) for i in range(2))
    found = sorted((upper(claim.left), upper(claim.right)) for claim in claims if upper(claim.left) > 0.01)
    assert np.allclose(found, expected, rtol=0.001)
    assert all(abs(f[0] - e[0]) < 1e-9 for f, e in zip(found, expected, strict=True))


def test_the_false_neighbour_is_refuted_where_the_lemma_holds() -> None:
    verdict = check_neighbour(LEMMA)
    assert verdict.status == "refuted"
    wrong = [claim for claim in claims_about(verdict, "rank 1") if claim.outcome == "fails"]
    assert [float(claim.left) for claim in wrong] == [1.0]
    assert float(wrong[0].right) == pytest.approx(0.5, rel=1e-9)
    net, choices = LEMMA.neighbours[0].instance()
    assert check(LEMMA, net, **choices).status == "proved"


def test_beyond_three_dimensions_nothing_is_claimed() -> None:
    verdict = check(LEMMA, h4(5, 0))
    assert verdict.status == "unknown"
    assert "up to dim(V + W) = 3" in verdict.detail["reason"]
    assert check(LEMMA, parity(2, 4, seed=None), subspace=[[0, 0, 1, 0], [0, 0, 0, 1]]).status == "unknown"
