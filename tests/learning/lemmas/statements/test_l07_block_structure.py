"""L7 on networks: directions orthogonal to V + W, and one in V."""

from fractions import Fraction

import numpy as np
import pytest
from case_counts import all_but

from learning.instances import alternating, cancelling, h4, h6, parity, random_network
from learning.lemmas import Setting, Subject
from learning.lemmas.choices.typical_subspaces import orthogonal_vector, typical_subspaces
from learning.lemmas.rational_subspaces import inner
from learning.lemmas.registry import check, check_neighbour
from learning.lemmas.statements.l07_block_structure import LEMMA
from tropical import ReLUNetwork

PROVED = {
    "h6": h6(6, seed=1),
    "parity": parity(2, 4),
    "parity in the plane": parity(2, 2, seed=None),
    "alternating": alternating(2, 3),
    "cancelling": cancelling(5),
    "one input": ReLUNetwork.from_arrays([[[2], [-1]], [[1, 1]]]),
    "a line": random_network(1, (3, 3), 4, 0),
    "constant": ReLUNetwork.from_arrays([[[0, 0], [0, 0]], [[1, 1]]], [[1, 1], [3]]),
    "with biases": ReLUNetwork.from_arrays([[[1, 2, 0], [2, 1, 1]], [[1, 1]]], [[1, 2], [3]]),
    "duplicated and dead units": ReLUNetwork.from_arrays([[[1, 2], [1, 2], [0, 0]], [[1, 1, 3]]]),
    "parity of three": parity(3, 5),
    "h4": h4(10),
    "random": random_network(2, (3, 3), 10, 0),
}


@pytest.mark.parametrize("name", all_but(PROVED, ["h6", "cancelling"]))
def test_proved(name: str) -> None:
    verdict = check(LEMMA, PROVED[name])
    assert verdict.status == "proved", verdict


@pytest.mark.parametrize("rows", [[], [[1, 2, 0, 0]], [[1, 0, 0, 0], [0, 1, 0, 0]], [[0, 0, 1, 1]], [[0, 0, 0, 0]]])
def test_proved_for_every_kind_of_subspace(rows: list[list[int]]) -> None:
    assert check(LEMMA, parity(2, 4, seed=None), subspace=rows).status == "proved"


def test_a_direction_of_v_is_refuted_by_a_point_and_by_the_matrix() -> None:
    verdict = check_neighbour(LEMMA)
    assert verdict.status == "refuted"
    net, choices = LEMMA.neighbours[0].instance()
    failed = [claim for claim in verdict.detail["claims"] if claim.outcome == "fails"]
    assert any("vᵀMv" in claim.text for claim in failed)
    shifted = next(claim for claim in failed if claim.text.startswith("F(x + v)"))
    x, v = shifted.witness, shifted.detail["v"]
    assert x is not None
    assert net(x) != net([a + b for a, b in zip(x, v, strict=True)])
    assert check(LEMMA, net, **choices).status == "proved"


def test_the_false_neighbour_needs_a_direction() -> None:
    verdict = check_neighbour(LEMMA, PROVED["constant"])
    assert verdict.status == "unknown"
    assert "V is not {0}" in verdict.detail["reason"]


def test_the_matrix_vanishes_in_samples() -> None:
    net = h6(4, seed=0)
    v = orthogonal_vector(Subject(net).relevant, 4, 0)
    assert v is not None
    x = np.random.default_rng(3).standard_normal((200_000, 4))
    inside = np.abs(net.evaluate(x).ravel()) > 6
    direction = np.array([float(q) for q in v])
    products = inside[:, None] * (x * (x @ direction)[:, None] - direction)
    deviations = products.mean(axis=0) / (products.std(axis=0) / np.sqrt(len(x)))
    assert np.abs(deviations).max() < 5


def test_subspaces_of_every_kind() -> None:
    subject = Subject(h6(5, seed=2))
    found = typical_subspaces(subject, Setting(seed=4))
    assert found == typical_subspaces(subject, Setting(seed=4))
    assert list(found) == ["{0}", "inside V", "partly outside V"]
    beyond = orthogonal_vector(subject.relevant, 5, 4)
    assert beyond is not None
    assert [inner(row, beyond) for row in subject.relevant] == [0, 0]
    assert [inner(found[name][0], beyond) == 0 for name in ("inside V", "partly outside V")] == [True, False]
    assert orthogonal_vector([(Fraction(1),)], 1, 0) is None
    assert list(typical_subspaces(Subject(PROVED["constant"]), Setting())) == ["{0}", "partly outside V"]
