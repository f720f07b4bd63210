"""Units merged: copies of networks of any size are proved equal at once, near misses are refuted, order is seen."""

import itertools
import random
from fractions import Fraction

import numpy as np
import pytest

import tropical as tp
from oracles import certified
from oracles.activation_z3 import Case, fractions
from oracles.built import network
from oracles.equality_z3 import exact_outputs
from oracles.random_cases import random_case
from oracles.rewritten_cases import padded, permuted, rescaled, split
from tropical.proofs.merged_units import MergedPair

BY_UNITS = {"method": "units", "rest": None}


def normal(*sizes: int, seed: int = 0) -> Case:
    """Weights, biases from N(0, 1), taken exactly."""
    rng = np.random.default_rng(seed)
    weights = [rng.standard_normal((m, n)).tolist() for n, m in itertools.pairwise(sizes)]
    biases = [rng.standard_normal(m).tolist() for m in sizes[1:]]
    slopes = tuple(((Fraction(0), Fraction(1)),) * m for m in sizes[1:-1])
    return Case(tuple(map(fractions, weights)), fractions(biases), slopes, None, str(sizes))


SIZES = [(8, 16, 1), (3, 32, 32, 1), (4, 16, 16, 1), (5, *[50] * 6, 5), (64, 32, 16, 10), (1, 4, 1, 3), (12, 5, 2)]


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_a_network_equals_itself_and_its_copies_at_any_size(sizes):
    case = normal(*sizes)
    copy = permuted(rescaled(case, random.Random(1)), random.Random(2))
    for other in (case, copy):
        verdict = certified.equivalent(network(case), network(other))
        assert verdict.status == "proved"
        assert verdict.certificate["proof"] == BY_UNITS


@pytest.mark.parametrize("way", [permuted, rescaled, padded, split])
def test_every_way_of_rewriting_is_seen(way):
    for seed in range(40):
        case = random_case(seed)
        other = way(case, random.Random(seed))
        assert MergedPair(network(case), network(other)).shows_equality
        assert certified.equivalent(network(other), network(case)).certificate["proof"] == BY_UNITS


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_a_change_in_the_last_bits_is_refuted(sizes):
    case = normal(*sizes)
    weights = [list(map(list, layer)) for layer in case.weights]
    weights[0][0][0] += Fraction(1, 2**60)
    changed = tp.ReLUNetwork.from_arrays(weights, case.biases)
    verdict = certified.equivalent(network(case), changed)
    assert verdict.status == "refuted"
    assert network(case)(verdict.witness) == exact_outputs(case, verdict.witness) != changed(verdict.witness)


def units(*rows: tuple[int, ...], out: tuple[int, ...], slopes: tuple[tuple[int, int], ...] | None = None):
    """The sum of units of rows (bias, weights...) on the line or the plane."""
    pairs = None if slopes is None else [list(slopes)]
    return tp.ReLUNetwork.from_arrays([[row[1:] for row in rows], [out]], [[row[0] for row in rows], [0]], pairs)


EQUAL = {
    "relu(x) - relu(-x) = x": (units((0, 1), (0, -1), out=(1, -1)), tp.ReLUNetwork.from_arrays([[[1]]])),
    "|x| = 2 relu(x) - x": (
        units((0, 1), out=(1,), slopes=((-1, 1),)),
        units((0, 1), (0, 1), out=(2, -1), slopes=((0, 1), (1, 1))),
    ),
    "relu(x) by a leaky unit of -2x": (
        units((0, 1), out=(1,)),
        units((0, -2), (0, 1), out=(1, 4), slopes=((Fraction(1, 2), 2), (1, 1))) * Fraction(1, 3),
    ),
    "units that cancel": (units((1, 1, 2), (1, 1, 2), (0, 3, 1), out=(1, -1, 1)), units((0, 6, 2), out=(1,)) * "1/2"),
    "a unit of value 3": (
        tp.ReLUNetwork.from_arrays([[[0], [1]], [[2, 1]]], [[3, 0], [-6]]),
        units((0, 1), out=(1,)),
    ),
    "relu(relu(x) + 1) = relu(x) + 1": (
        tp.ReLUNetwork.from_arrays([[[1]], [[1]], [[1]]], [[0], [1], [0]]),
        tp.ReLUNetwork.from_arrays([[[1]], [[1]]], [[0], [1]]),
    ),
    "relu(-relu(x) - 1) = 0": (
        tp.ReLUNetwork.from_arrays([[[1]], [[-1]], [[5]]], [[0], [-1], [0]]),
        tp.ReLUNetwork.from_arrays([[[0]]]),
    ),
}


@pytest.mark.parametrize("name", EQUAL)
def test_identities(name):
    f, g = EQUAL[name]
    assert certified.equivalent(f, g).certificate["proof"] == BY_UNITS
    for point in itertools.product((-3, -1, 0, 1, 2), repeat=f.input_dim):
        assert f(point) == g(point)
    assert certified.equivalent(f, g + tp.ReLUNetwork.from_arrays([[[0] * f.input_dim]], [["1/7"]])).status == "refuted"


def test_order_is_seen_where_only_nonnegative_terms_are_left():
    f = units((1, 2, -1), (0, 1, 1), out=(1, -3))
    for g in (f + units((5, 0, 1), out=(2,)), f + units((5, 0, 1), out=(2,), slopes=((-1, 0),)), f):
        assert certified.implies_leq(f, g).certificate["proof"] == BY_UNITS
    below = f - units((5, 0, 1), out=(2,))
    assert certified.implies_leq(f, below).status == "refuted"
    assert certified.implies_leq(f, f + units((5, 0, 1), out=(1,), slopes=((Fraction(1, 2), 1),))).status == "refuted"


def hidden_zero(inputs: int) -> tp.ReLUNetwork:
    """relu(relu(s + 1) - relu(s)) - relu(s + 1) + relu(s) = 0 for the sum s of the inputs: merging does not see it."""
    ones = [1] * inputs
    return tp.ReLUNetwork.from_arrays([[ones, ones], [[1, -1], [1, 0], [0, 1]], [[1, -1, 1]]], [[1, 0], [0] * 3, [0]])


@pytest.mark.parametrize(("inputs", "boxed"), [(1, False), (2, True), (20, False), (20, True)])
def test_what_is_left_is_compared_alone(inputs, boxed):
    net = network(normal(inputs, 24, 8, 1))
    domain = tp.Box([-1] * inputs, [1] * inputs) if boxed else None
    verdict = certified.equivalent(net, net + hidden_zero(inputs), domain)
    assert verdict.status == "proved"
    rest = verdict.certificate["proof"]["rest"]
    assert rest["method"] == ("tree" if inputs == 20 and boxed else "replay")
    larger = net + hidden_zero(inputs) * 3 + Fraction(1, 10**9)
    verdict = certified.implies_leq(net, larger, domain)
    assert verdict.status == "proved"
    assert verdict.certificate["proof"]["method"] == "units"
    assert certified.equivalent(net, larger, domain).status == "refuted"


def test_one_hidden_layer_of_many_inputs_is_decided_by_its_units():
    case = normal(40, 30, 1)
    thin = tp.ReLUNetwork.from_arrays(  # relu(s + 1) - 2 relu(s) + relu(s - 1), 0 but for -1 < s < 1, far away
        [[[1] * 40] * 3, [[1, -2, 1]]], [[-(10**6) + 1, -(10**6), -(10**6) - 1], [0]]
    )
    verdict = certified.equivalent(network(case), network(case) + thin)
    assert verdict.status == "refuted"
    assert abs(sum(verdict.witness) - 10**6) < 1


def test_the_same_form_is_equal_to_itself_without_cutting():
    rows = [tp.AffineForm([random.Random(i).randint(-9, 9) for _ in range(5)], i) for i in range(60)]
    form = tp.LatticePolynomial(rows, [[i, (i * 7 + 3) % 60] for i in range(60)])
    for f in (form, tp.TropicalPolynomial(rows)):
        assert certified.equivalent(f, f).certificate["proof"] == BY_UNITS
        assert certified.implies_leq(f, f).certificate["proof"] == BY_UNITS
