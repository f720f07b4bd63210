"""L5 on networks; single half-spaces against bivariate normal probabilities; the largest term refuted."""

from fractions import Fraction

import numpy as np
import pytest
from case_counts import all_but
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from learning.instances import (
    alternating,
    cancelling,
    h4,
    h6,
    ill_conditioned,
    negative_outputs,
    parity,
    random_network,
)
from learning.lemmas import Setting, Subject
from learning.lemmas.choices.typical_thresholds import typical_thresholds
from learning.lemmas.registry import check, check_neighbour
from learning.lemmas.statements.l05_threshold_stability import LEMMA, half_spaces_differ
from tropical import AffineForm, LatticePolynomial, ReLUNetwork, to_lattice_polynomial

PROVED = {
    "h6": h6(10, seed=1),
    "parity": parity(2, 5),
    "alternating": alternating(4, 3),
    "cancelling": cancelling(5),
    "two pieces that never overlap": ReLUNetwork.from_arrays([[[2], [-1]], [[1, 1]]]),
    "linear": ReLUNetwork.from_arrays([[[2, 1], [-2, -1]], [[1, -1]]]),
    "ill-conditioned": ill_conditioned(2, seed=None),
    "constant": ReLUNetwork.from_arrays([[[0, 0], [0, 0]], [[1, 1]]], [[1, 1], [3]]),
    "with biases": ReLUNetwork.from_arrays([[[1, 2], [2, 1]], [[1, 1]]], [[1, -2], [-1]]),
    "never above": negative_outputs(3, seed=None),
    "a line": random_network(1, (3, 3), 4, 0),
    "parity of three": parity(3, 3, seed=None),
    **{f"random {seed}": random_network(2, (4, 4), 10, seed) for seed in range(3)},
}


@pytest.mark.parametrize("name", all_but(PROVED, ["parity of three"]))
def test_proved(name: str) -> None:
    verdict = check(LEMMA, PROVED[name])
    assert verdict.status == "proved", verdict


def test_four_dimensions_are_statistical() -> None:
    verdict = check(LEMMA, h4(4, seed=None), samples=20_000)
    assert verdict.status == "unknown"
    assert {claim.outcome for claim in verdict.detail["claims"]} == {"consistent"}


def test_the_largest_term_is_refuted_where_the_sum_is_proved() -> None:
    verdict = check_neighbour(LEMMA)
    assert verdict.status == "refuted"
    net, choices = LEMMA.neighbours[0].instance()
    assert check(LEMMA, net, **choices).status == "proved"


def test_too_few_pieces_fail_a_hypothesis() -> None:
    verdict = check(LEMMA, parity(2, 2, seed=None), pieces=[[1, 0]])
    assert verdict.status == "unknown"
    assert "one gradient for each piece" in verdict.detail["reason"]


def test_the_left_side_in_samples() -> None:
    net = parity(2, 2, seed=None)
    f = to_lattice_polynomial(net)
    pieces = [tuple(q + Fraction(i % 3 - 1, 8) for q in piece.gradient) for i, piece in enumerate(f.pieces)]
    verdict = check(LEMMA, net, pieces=pieces, threshold="1/2")
    assert verdict.status == "proved"
    g = LatticePolynomial([AffineForm(row) for row in pieces], f.clauses)
    x = np.random.default_rng(5).standard_normal((400_000, 2))
    changed = (f.evaluate(x) > 0.5) != (g.evaluate(x) > 0.5)
    error = np.sqrt(changed.mean() * (1 - changed.mean()) / len(x))
    assert abs(changed.mean() - float(verdict.detail["claims"][0].left)) < 5 * error


small = st.integers(-3, 3).map(Fraction)


@settings(max_examples=150, deadline=None)
@given(st.tuples(small, small), st.tuples(small, small), small, small, small)
def test_half_spaces_against_scipy(
    u: tuple[Fraction, Fraction], v: tuple[Fraction, Fraction], c: Fraction, e: Fraction, tau: Fraction
) -> None:
    p, q = AffineForm(u, c), AffineForm(v, e)
    found = float(half_spaces_differ(p, q, tau))
    assert found == pytest.approx(by_scipy(p, q, tau), abs=2e-7)
    assert found == pytest.approx(float(half_spaces_differ(q, p, tau)), abs=1e-15)


def by_scipy(p: AffineForm, q: AffineForm, tau: Fraction) -> float:
    """Pr[p <= τ] + Pr[q <= τ] - 2 Pr[p <= τ, q <= τ], forms without gradient apart."""
    rows = np.array([p.gradient, q.gradient], dtype=float)
    levels = np.array([tau - p.constant, tau - q.constant], dtype=float)
    lengths = np.linalg.norm(rows, axis=1)
    single = [norm.cdf(h / size) if size else float(h >= 0) for h, size in zip(levels, lengths, strict=True)]
    if not all(lengths):
        both = single[0] * single[1]
    else:
        units = rows / lengths[:, None]
        covariance = units @ units.T
        both = multivariate_normal(np.zeros(2), covariance, allow_singular=True).cdf(levels / lengths)
    return float(single[0] + single[1] - 2 * both)


def test_thresholds_are_near_their_quantiles() -> None:
    net = parity(2, 3)
    tau, lower = typical_thresholds(net, Setting(seed=1))
    assert tau > lower > 0
    sizes = np.abs(net.evaluate(np.random.default_rng(0).standard_normal((100_000, 3))))
    assert np.mean(sizes > float(tau)) == pytest.approx(0.1, abs=0.02)
    assert np.mean(sizes > float(lower)) == pytest.approx(0.3, abs=0.03)
    assert typical_thresholds(net, Setting(threshold=Fraction(2))) == (2,)
    assert typical_thresholds(Subject(PROVED["never above"]).network, Setting())[0] > 0
    assert typical_thresholds(ReLUNetwork.from_arrays([[[0]], [[1]]]), Setting()) == (1,)
