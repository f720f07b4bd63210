"""All lemmas side by side: proved where the theory is exact, statistical where it is not, false neighbours refuted."""

from pathlib import Path

import pytest
from case_counts import exhaustive

from learning import instances
from learning.lemmas import LEMMAS, Subject, check, check_neighbour
from tropical import ReLUNetwork

PLANE = ("L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "L9", "L10", "L11", "L13", "L15", "L16", "L17", "L18")
ALGEBRAIC = ("L1", "L2", "L3", "L4", "L6", "L7", "L11", "L15", "L16", "L17")
EXACT = [label for label, lemma in LEMMAS.items() if lemma.kind != "sampling"]
NEIGHBOURS = [(label, index) for label in EXACT for index in range(len(LEMMAS[label].neighbours))]
WIDTHS = ((4,), (6,), (4, 4), (3, 3, 3), (8, 4))

H6, PARITY = Subject(instances.h6(4, 1)), Subject(instances.parity(2, 4, 1))
RELU = ReLUNetwork.from_arrays([[[1]], [[1]]])


def planar(seed):
    return instances.random_network(2, WIDTHS[seed % len(WIDTHS)], 3 + seed, seed)


def proved(subject, labels, **choices):
    verdicts = {label: check(label, subject, **choices) for label in labels}
    return [label for label, verdict in verdicts.items() if verdict.status == "proved"]


def test_the_labels():
    assert list(LEMMAS) == [f"L{i}" for i in range(1, 19)]
    assert all(lemma.label == label and lemma.source and lemma.neighbours for label, lemma in LEMMAS.items())


def test_the_page_of_lemmas_says_what_the_code_says():
    page = (Path(__file__).resolve().parents[3] / "docs" / "lemmas.md").read_text(encoding="utf-8")
    for lemma in LEMMAS.values():
        assert f"### {lemma.label} {lemma.title}\n\n{lemma.statement}\n" in page
        assert all(neighbour.statement in page for neighbour in lemma.neighbours)


@pytest.mark.parametrize("subject", [pytest.param(PARITY, id="parity k=2"), exhaustive(H6, "h6")])
@pytest.mark.parametrize("label", PLANE)
def test_proved_in_the_plane(label, subject):
    assert proved(subject, [label]) == [label]


@pytest.mark.parametrize("label", ALGEBRAIC)
def test_algebraic_ones_in_three_dimensions(label):
    assert proved(instances.parity(3, 4, 1), [label]) == [label]


@pytest.mark.parametrize(("label", "index"), NEIGHBOURS)
def test_every_false_neighbour_fails(label, index):
    """Those of L12 and L14, which speak of samples, are rejected in the files of these two."""
    assert check_neighbour(label, index=index).status == "refuted"


@pytest.mark.parametrize("label", EXACT)
def test_every_lemma_stands_where_its_false_neighbours_fall(label):
    for network, choices in instances_of_neighbours(label):
        stands(label, network, choices)


@pytest.mark.exhaustive
@pytest.mark.parametrize("label", ["L12", "L14"])
def test_what_speaks_of_samples_stands_on_as_many_as_its_false_neighbours_fall_on(label):
    for network, choices in instances_of_neighbours(label):
        stands(label, network, choices)


def instances_of_neighbours(label):
    """Each once, though neighbours may share them."""
    distinct = []
    for neighbour in LEMMAS[label].neighbours:
        if neighbour.instance() not in distinct:
            distinct.append(neighbour.instance())
    return distinct


def stands(label, network, choices):
    verdict = check(label, network, **choices)
    assert verdict.status != "refuted"
    assert verdict.detail.get("because") != "rejected"


@pytest.mark.parametrize("label", ["L12", "L14"])
def test_what_speaks_of_samples_is_never_proved(label):
    verdict = check(label, PARITY, samples=40_000)
    assert (verdict.status, verdict.detail["because"]) == ("unknown", "statistical")
    assert all(claim.outcome == "consistent" for claim in verdict.detail["claims"])


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(20))
def test_proved_on_random_planar_networks(seed):
    subject = Subject(planar(seed))
    assert proved(subject, PLANE, seed=seed) == list(PLANE)


@pytest.mark.exhaustive
@pytest.mark.parametrize("network", [instances.h4(4, None), instances.h4(7, 1), instances.h4(10, 2)])
def test_algebraic_ones_on_h4(network):
    assert proved(network, ALGEBRAIC) == list(ALGEBRAIC)


@pytest.mark.exhaustive
@pytest.mark.parametrize("network", [instances.h4(5, 1), instances.parity(4, 5, 1), instances.sequential(6, 1)])
def test_more_dimensions_are_statistical_and_refute_nothing(network):
    subject = Subject(network)
    for label in LEMMAS:
        verdict = check(label, subject, samples=20_000)
        assert verdict.status in ("proved", "unknown")
        assert verdict.detail.get("because") != "rejected"


@pytest.mark.parametrize("threshold", [28, 300, 10**100])
@pytest.mark.parametrize("label", list(LEMMAS))
def test_rare_filters_are_answered_at_once(label, threshold):
    """Their probability, about exp(-threshold^2/2), is 0 in float64, and has too many digits to be written down."""
    verdict = check(label, RELU, threshold=threshold, samples=4000)
    assert verdict.status in ("proved", "unknown")
    assert verdict.detail.get("because") != "rejected"
