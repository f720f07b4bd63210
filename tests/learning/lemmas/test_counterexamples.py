"""Hypothesis looks for a network on which a true lemma is refuted, and shrinks it; there must be none."""

import itertools
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tropical as tp
from learning.lemmas import LEMMAS, Subject, check

EXACT = [label for label, lemma in LEMMAS.items() if lemma.kind != "sampling"]
WEIGHTS = st.sampled_from([Fraction(q, 2) for q in range(-4, 5)])


@st.composite
def networks(draw, with_biases=False):
    """Few small weights, so that units are often dead, equal, opposite or cancelling; up to two hidden layers."""
    sizes = [draw(st.integers(1, 2)), *draw(st.lists(st.integers(1, 3), min_size=1, max_size=2)), 1]
    rows = [
        draw(st.lists(st.lists(WEIGHTS, min_size=n, max_size=n), min_size=m, max_size=m))
        for n, m in itertools.pairwise(sizes)
    ]
    biases = None
    if with_biases:
        biases = [draw(st.lists(WEIGHTS, min_size=m, max_size=m)) for m in sizes[1:]]
    return tp.ReLUNetwork.from_arrays(rows, biases)


def refuted(net, seed):
    subject = Subject(net)
    verdicts = {label: check(label, subject, seed=seed, samples=2000) for label in EXACT}
    return {label: verdict.detail["failed"] for label, verdict in verdicts.items() if verdict.status == "refuted"}


@given(networks(), st.integers(0, 100))
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_no_network_without_biases_refutes_a_lemma(net, seed):
    assert not refuted(net, seed)


@given(networks(with_biases=True), st.integers(0, 100))
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_no_network_with_biases_refutes_a_lemma(net, seed):
    assert not refuted(net, seed)


@pytest.mark.exhaustive
@given(networks(), st.integers(0, 10**6))
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_longer_search(net, seed):
    assert not refuted(net, seed)
