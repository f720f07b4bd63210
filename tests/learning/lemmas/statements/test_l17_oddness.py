"""L17: with one hidden layer F(x) - F(-x) is linear; the converse and the variant with biases refuted."""

import random
from fractions import Fraction

import pytest

import tropical as tp
from learning import instances
from learning.lemmas import check, check_neighbour
from learning.lemmas.statements.l17_oddness import LEMMA
from learning.structure.units import HiddenLayerReport

arrays = tp.ReLUNetwork.from_arrays

ONE_LAYER = {
    "h6": instances.h6(10, seed=1),
    "h4": instances.h4(5, seed=0),
    "alternating": instances.alternating(4, 3, seed=0),
    "random": instances.random_network(2, (6,), 5, 1),
    "negative outputs": instances.negative_outputs(4, 0),
    "k = 1": instances.random_network(1, (4,), 3, 0),
    "one input": arrays([[[1], [-1], [0]], [[1, 1, 5]]]),
    "duplicates": arrays([[[1, 2], [1, 2], [2, 4]], [[1, 1, -1]]]),
    "zero": arrays([[[0, 0]], [[3]]]),
    "no hidden layer": arrays([[[1, 2]]]),
    "biases that cancel": arrays([[[1], [0]], [[1, 1]]], [[0, 1], [-1]]),
}


def decisions(verdict):
    return tuple(verdict.detail["choices"].values())


@pytest.mark.parametrize("net", ONE_LAYER.values(), ids=ONE_LAYER)
def test_one_hidden_layer_has_a_linear_odd_part(net):
    verdict = check(LEMMA, net)
    assert verdict.status == "proved", verdict.detail
    assert decisions(verdict) == ("proved", "proved")
    slopes = verdict.detail["claims"][-1]
    assert "units found" in slopes.text
    assert tp.check_certificate(slopes.detail["certificate"])


@pytest.mark.parametrize(
    "net",
    [
        instances.random_network(2, (4, 4), 10, 1),
        instances.random_network(3, (4, 4), 5, 0),
        instances.parity(3, 5, seed=0),
    ],
)
def test_depth_that_shows(net):
    verdict = check(LEMMA, net)
    assert verdict.status == "proved"
    assert decisions(verdict) == ("refuted", "refuted")


def test_two_layers_that_one_can_replace():
    for net in (instances.parity(2, 4, seed=0), instances.cancelling(4, 0)):
        assert decisions(check(LEMMA, net)) == ("proved", "proved")


def test_odd_part_by_values():
    """F(x) - F(-x) at x + y against the sum of its values at x and y."""
    rng = random.Random(3)
    for net, linear in ((ONE_LAYER["random"], True), (instances.random_network(2, (4, 4), 5, 1), False)):
        additive = True
        for _ in range(40):
            x, y = ([Fraction(rng.randint(-9, 9)) for _ in range(5)] for _ in range(2))
            both = [a + b for a, b in zip(x, y, strict=True)]
            additive &= _odd(net, both) == _odd(net, x) + _odd(net, y)
        assert additive == linear == (check(LEMMA, net).detail["choices"]["F(x) - F(-x) is linear"] == "proved")


def _odd(net, x):
    return net(x)[0] - net([-a for a in x])[0]


def test_the_converse_is_refuted_on_the_largest_coordinate():
    verdict = check_neighbour(LEMMA)
    assert verdict.status == "refuted"
    net, _ = LEMMA.neighbours[0].instance()
    jumps = next(claim for claim in verdict.detail["claims"] if claim.relation == "!=")
    assert verdict.witness == jumps.detail["points"][0]
    _by_second_differences(net, jumps)
    found = check(LEMMA, net)
    assert found.status == "proved"
    assert decisions(found) == ("refuted", "proved")


def _by_second_differences(net, jumps):
    """In a small ball around each point F(x + v) - 2 F(x) + F(x - v) = |<n, v>| times the jump there."""
    assert jumps.left != jumps.right
    axes = {"x0": 0, "x1": 1, "x2": 2}
    left, sign, right = jumps.detail["hyperplane"].split()
    normal = [Fraction(0)] * 3
    normal[axes[left]], normal[axes[right]] = Fraction(1), Fraction(1 if sign == "+" else -1)
    rng = random.Random(1)
    for point, jump in zip(jumps.detail["points"], (jumps.left, jumps.right), strict=True):
        assert sum(a * b for a, b in zip(normal, point, strict=True)) == 0
        for _ in range(5):
            step = [Fraction(rng.randint(-9, 9), 10**40) for _ in range(3)]
            after, before = ([a + s * b for a, b in zip(point, step, strict=True)] for s in (1, -1))
            second = net(after)[0] - 2 * net(point)[0] + net(before)[0]
            assert second == abs(sum(a * b for a, b in zip(normal, step, strict=True))) * jump


def test_the_converse_holds_in_the_plane_for_that_function():
    """max(|x|, |y|) = (|x + y| + |x - y|)/2."""
    x, y = tp.AffineForm([1, 0]), tp.AffineForm([0, 1])
    net = tp.to_network(tp.LatticePolynomial([x, y, -x, -y], [[i] for i in range(4)]))
    assert check_neighbour(LEMMA, net).status == "proved"
    assert decisions(check(LEMMA, net)) == ("proved", "proved")


def test_biases():
    net, _ = LEMMA.neighbours[1].instance()
    verdict = check_neighbour(LEMMA, index=1)
    (t,) = verdict.witness
    assert verdict.status == "refuted"
    assert _odd(net, [t]) != t * _odd(net, [Fraction(1)])
    true = check(LEMMA, net)
    assert true.status == "unknown"
    assert "bias-free" in true.detail["reason"]
    converse = check_neighbour(LEMMA, net)
    assert converse.status == "unknown"
    assert converse.detail["because"] == "hypothesis"


def test_an_undecided_layer_leaves_open_only_what_depends_on_it(monkeypatch):
    stopped = HiddenLayerReport("unknown", detail={"reason": "no more lines"})
    monkeypatch.setattr("learning.lemmas.statements.l17_oddness.one_hidden_layer", lambda *_: stopped)
    assert check(LEMMA, ONE_LAYER["h6"]).status == "proved"
    deep = check(LEMMA, instances.parity(3, 3, seed=None))
    assert deep.status == "unknown"
    assert deep.detail["because"] == "open"
    assert "no more lines" in deep.detail["reason"]


def test_budget():
    verdict = check(LEMMA, instances.h6(4, seed=0), budget=tp.Budget(cells=3))
    assert verdict.status == "unknown"
    assert verdict.detail["because"] == "budget"


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(40))
def test_random_networks(seed):
    net = instances.random_network(2 + seed % 2, ((5,), (3, 3), (4, 2))[seed % 3], 4, seed)
    assert check(LEMMA, net, seed=seed).status == "proved"
