"""L10 on networks: both bounds, the exact identity, and the bound without its prefactor refuted."""

from fractions import Fraction

import numpy as np
import pytest
from case_counts import all_but

from learning.instances import alternating, cancelling, h4, h6, parity, random_network, thin_cone
from learning.lemmas.registry import check, check_neighbour
from learning.lemmas.statements.l10_anti_concentration import LEMMA, root_from_above
from tropical import ReLUNetwork

PROVED = {
    "h6": h6(10, seed=1),
    "parity": parity(2, 5),
    "alternating": alternating(2, 3),
    "cancelling": cancelling(5),
    "one input": ReLUNetwork.from_arrays([[[2], [-1]], [[1, 1]]]),
    "linear": ReLUNetwork.from_arrays([[[2, 1], [-2, -1]], [[1, -1]]]),
    "a line": random_network(1, (3, 3), 4, 0),
    "duplicated and dead units": ReLUNetwork.from_arrays([[[1, 2], [1, 2], [0, 0], [2, -1]], [[1, 1, 3, -1]]]),
    "parity of three": parity(3, 3, seed=None),
    **{f"random {seed}": random_network(2, (4, 4), 10, seed) for seed in range(1)},
}


@pytest.mark.parametrize("name", all_but(PROVED, ["h6", "parity", "cancelling", "random 0"]))
def test_proved(name: str) -> None:
    verdict = check(LEMMA, PROVED[name])
    assert verdict.status == "proved", verdict
    assert 0 < verdict.detail["tightness"] < 1


def test_four_dimensions_are_statistical() -> None:
    verdict = check(LEMMA, h4(4, seed=None), samples=20_000)
    assert verdict.status == "unknown"
    assert {claim.outcome for claim in verdict.detail["claims"]} == {"consistent", "open"}


def test_the_bound_without_prefactor_is_refuted_where_the_lemma_is_proved() -> None:
    verdict = check_neighbour(LEMMA)
    assert verdict.status == "refuted"
    net, choices = LEMMA.neighbours[0].instance()
    assert check(LEMMA, net, **choices).status == "proved"


@pytest.mark.parametrize(
    ("net", "choices", "hypothesis"),
    [
        (ReLUNetwork.from_arrays([[[1]], [[1]]], [[1], [0]]), {}, "F is homogeneous"),
        (ReLUNetwork.from_arrays([[[0, 0]], [[1]]]), {}, "G is not 0"),
        (parity(2, 2, seed=None), {"subspace": [[1, 0], [1, 1]]}, "G is not 0"),
    ],
)
def test_a_failed_hypothesis_is_named(net: ReLUNetwork, choices: dict[str, object], hypothesis: str) -> None:
    verdict = check(LEMMA, net, **choices)
    assert verdict.status == "unknown"
    assert hypothesis in verdict.detail["reason"]


@pytest.mark.parametrize("rows", [[[1, 0, 0]], [[1, 1, 0]], [[0, 0, 1]], [[1, 0, 2]], [[0, 0, 0]]])
def test_proved_for_every_kind_of_subspace(rows: list[list[int]]) -> None:
    assert check(LEMMA, parity(2, 3, seed=None), subspace=rows).status == "proved"


def test_a_threshold_that_is_rational_is_taken_exactly() -> None:
    verdict = check(LEMMA, parity(2, 2, seed=None), subspace=[])  # Λ = 1, m = 2
    stopping = verdict.detail["claims"][-1]
    assert stopping.detail["threshold"] == 2
    assert stopping.outcome == "holds"


def test_a_probability_too_small_to_be_written_down_stays_open() -> None:
    verdict = check(LEMMA, thin_cone(2, seed=None), subspace=[])  # Λ is near 1000 and σ near 1
    assert verdict.status == "unknown"
    assert "too small" in verdict.detail["reason"]


def test_the_probability_in_samples() -> None:
    net = random_network(2, (4, 4), 3, 1)
    claim = check(LEMMA, net, subspace=[], threshold="1/2").detail["claims"][0]
    x = np.random.default_rng(2).standard_normal((200_000, 3))
    share = float(np.mean(np.abs(net.evaluate(x)) > 0.5))
    assert abs(share - float(claim.left)) < 5 * np.sqrt(share * (1 - share) / len(x))


@pytest.mark.parametrize("square", ["0", "4/9", "2", f"1/{10**30}", f"{10**30 + 1}/7"])
def test_roots_from_above(square: str) -> None:
    root, exact = root_from_above(Fraction(square)), Fraction(square)
    assert root**2 >= exact
    assert max(root - Fraction(1, 2**64), Fraction(0)) ** 2 <= exact
