"""L15: orthogonal vectors near V are at most k; half of ν² and ν² < 1/k refuted."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tropical as tp
from learning import instances
from learning.lemmas import Subject, check, check_neighbour
from learning.lemmas.statements.l15_iterations import LEMMA
from oracles.degenerate_networks import BIASED, HOMOGENEOUS

arrays = tp.ReLUNetwork.from_arrays
LINE = arrays([[[1, 0], [-1, 0]], [[1, 1]]])

DEGENERATE = {
    **HOMOGENEOUS,
    **BIASED,
    "weights of 200 digits": arrays([[[10**200, 0, 1], [10**200, 1, 0]], [[1, 1]]]),
}


@pytest.mark.parametrize(
    "net",
    [
        instances.h6(2, None),
        instances.h6(50, 1),
        instances.parity(2, 5, 0),
        instances.parity(3, 6, 0),
        instances.h4(10, 1),
        instances.random_network(2, (4, 4), 10, 0),
        *DEGENERATE.values(),
    ],
)
def test_proved(net):
    verdict = check(LEMMA, net, seed=3)
    assert verdict.status == "proved", verdict.detail


def test_sides_by_singular_values():
    net = instances.random_network(2, (4, 4), 6, 0)
    subject = Subject(net)
    basis = np.linalg.qr(np.array(subject.relevant, dtype=float).T)[0]
    verdict = check(LEMMA, subject)
    claims = {claim.text: claim for claim in verdict.detail["claims"]}
    for name, rows in verdict.detail["choices"]["W"].items():
        frame = np.array(rows, dtype=float)
        frame /= np.linalg.norm(frame, axis=1)[:, None]
        assert np.allclose(frame @ frame.T, np.eye(len(frame)), atol=1e-12)
        tilt = 1 - ((frame @ basis) ** 2).sum(axis=1).min()
        claim = claims[f"l (1 - ν²) <= k, W {name}"]
        assert float(claim.left) == pytest.approx(len(frame) * (1 - tilt), abs=1e-9)
        assert (f"l <= k since ν² < 1/(k+1), W {name}" in claims) == (tilt < 1 / 3)
    assert float(claims["l (1 - ν²) <= k, W of k + 1 vectors, about equally tilted"].left) > 1.98
    assert "l <= k since ν² < 1/(k+1), W near V" in claims


@given(st.integers(0, 10**6), st.integers(1, 4))
def test_random_frames(seed, count):
    """Any orthogonal rows, from the rotations of a quaternion."""
    rng = np.random.default_rng(seed)
    a, b, c, d = (int(q) for q in rng.integers(-9, 10, size=4))
    rows = [[a, b, c, d], [-b, a, -d, c], [-c, d, a, -b], [-d, -c, b, a]][:count]
    verdict = check(LEMMA, Subject(instances.cancelling(4, 1)), subspace=rows)
    assert verdict.status == ("proved" if a or b or c or d else "unknown")


def test_no_vectors():
    (first, second) = check(LEMMA, LINE, subspace=[]).detail["claims"]
    assert (first.left, second.left) == (0, 0)


def test_attained_by_a_basis_of_the_relevant_subspace():
    net = instances.h6(5, 1)
    verdict = check(LEMMA, net, subspace=Subject(net).relevant)
    assert [(claim.left, claim.right) for claim in verdict.detail["claims"]] == [(2, 2), (2, 2)]


@pytest.mark.parametrize("rows", [[[1, 0], [1, 1]], [[1, 0], [0, 0]]])
def test_failed_hypothesis_is_named(rows):
    verdict = check(LEMMA, LINE, subspace=rows)
    assert verdict.status == "unknown"
    assert verdict.detail["reason"] == "hypothesis fails: the w_i are orthogonal and none is 0"


def test_half_of_the_tilt_refuted():
    verdict = check_neighbour(LEMMA, index=0)
    (claim,) = verdict.detail["claims"]
    assert verdict.status == "refuted"
    assert (claim.left, claim.right) == (Fraction(3, 2), 1)
    net, own = LEMMA.neighbours[0].instance()
    assert check(LEMMA, net, **own).status == "proved"


@pytest.mark.parametrize("net", [None, instances.h6(5, 1), instances.parity(3, 5, 0)])
def test_tilt_below_one_over_k_refuted(net):
    verdict = check_neighbour(LEMMA, net, index=1)
    assert verdict.status == "refuted"
    wrong = next(claim for claim in verdict.detail["claims"] if claim.outcome == "fails")
    assert wrong.left == wrong.right + 1
    assert 1 / (wrong.right + 1) - Fraction(1, 100) < wrong.detail["tilt"] < 1 / wrong.right


def test_tilt_of_one_is_not_refuted():
    far = check_neighbour(LEMMA, LINE, index=1, subspace=[[0, 1]])
    assert (far.status, far.detail["because"]) == ("unknown", "hypothesis")
