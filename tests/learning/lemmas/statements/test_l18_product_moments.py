"""L18 on networks, and mean squares by closed forms and samples."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from learning.instances import alternating, cancelling, h4, h6, parity, random_network
from learning.lemmas.registry import check, check_neighbour
from learning.lemmas.statements.l18_product_moments import LEMMA
from tropical import ReLUNetwork

PROVED = {
    "h6": h6(10, seed=1),
    "parity": parity(2, 5),
    "alternating": alternating(4, 3),
    "cancelling": cancelling(5),
    "one input": ReLUNetwork.from_arrays([[[2], [-1]], [[1, 1]]]),
    "dead": ReLUNetwork.from_arrays([[[0, 0], [0, 0]], [[1, 1]]]),
    "duplicated": ReLUNetwork.from_arrays([[[1, 2], [1, 2], [0, 0], [-2, -4]], [[1, 1, 3, -1]]]),
    "with biases": ReLUNetwork.from_arrays([[[1, 2], [2, 1]], [[1, 1]]], [[1, 2], [3]]),
    "leaky": ReLUNetwork.from_arrays([[[1, 2], [2, 1]], [[1, 1]]], slopes=[["1/2", 1]]),
    "parity of three": parity(3, 4),
    "h4": h4(5),
    "three dimensions, one layer": random_network(3, (5,), 5, 0),
    **{f"random {seed}": random_network(2, (4, 4), 10, seed) for seed in range(3)},
}


@pytest.mark.parametrize("net", PROVED.values(), ids=PROVED.keys())
def test_proved(net: ReLUNetwork) -> None:
    verdict = check(LEMMA, net)
    assert verdict.status == "proved", verdict


@pytest.mark.parametrize(
    ("net", "texts"),
    [(h6(3), 2), (parity(3, 3), 0), (random_network(3, (5,), 5, 0), 1), (PROVED["leaky"], 1), (PROVED["dead"], 1)],
)
def test_the_mean_square_where_it_has_a_closed_form(net: ReLUNetwork, texts: int) -> None:
    claims = check(LEMMA, net).detail["claims"]
    assert sum(claim.text.startswith("E F²") for claim in claims) == texts


def test_pi_in_place_of_pi_minus_theta_is_refuted() -> None:
    assert check_neighbour(LEMMA).status == "refuted"
    net, choices = LEMMA.neighbours[0].instance()
    assert check(LEMMA, net, **choices).status == "proved"


def test_the_mean_square_of_parity() -> None:
    claims = check(LEMMA, parity(2, 3)).detail["claims"]
    squares = [float(claim.left) for claim in claims if claim.text.startswith("E F²")]
    assert squares == [pytest.approx(1 - 2 / math.pi, abs=1e-14)] * 2


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-4, 4), min_size=4, max_size=4))
def test_the_closed_form_by_quadrature(entries: list[int]) -> None:
    u, v = np.array(entries[:2], float), np.array(entries[2:], float)
    net = ReLUNetwork.from_arrays([[entries[:2], entries[2:]], [[1, 1]]])
    claim = next(c for c in check(LEMMA, net).detail["claims"] if c.text.endswith("rows 0 and 1 of W_0"))

    def integrand(angle: float) -> float:
        direction = np.array([math.cos(angle), math.sin(angle)])
        return max(float(u @ direction), 0.0) * max(float(v @ direction), 0.0) / math.pi

    turns = (math.pi / 2, -math.pi / 2)
    kinks = {(math.atan2(w[1], w[0]) + turn) % (2 * math.pi) for w in (u, v) for turn in turns}
    ends = [0.0, *sorted(kinks), 2 * math.pi]
    found = sum(quad(integrand, a, b)[0] for a, b in itertools.pairwise(ends))
    assert float(claim.right) == pytest.approx(found, abs=1e-8)
    assert claim.outcome == "holds"
