"""Sums, multiples, pairs and compositions of networks are those of the functions, exactly."""

import operator
import random
from fractions import Fraction

import numpy as np
import pytest

import tropical as tp
from oracles.built import network
from oracles.degenerate_networks import BIASED, HOMOGENEOUS
from oracles.random_cases import random_case

NETWORKS = [network(random_case(seed)) for seed in range(48)] + list(BIASED.values()) + list(HOMOGENEOUS.values())
OF_A_KIND = [(f, g) for f in NETWORKS for g in NETWORKS if (f.input_dim, f.output_dim) == (g.input_dim, g.output_dim)]


def points(dim, seed, count=4):
    rng = random.Random(seed)
    return [[Fraction(rng.randint(-60, 60), rng.randint(1, 12)) for _ in range(dim)] for _ in range(count)]


@pytest.mark.parametrize("number", range(0, len(OF_A_KIND), 13))
def test_values_of_sums_and_pairs(number):
    f, g = OF_A_KIND[number]
    total, difference, pair = f + g, f - g, f | g
    for x in points(f.input_dim, number):
        assert total(x) == tuple(a + b for a, b in zip(f(x), g(x), strict=True))
        assert difference(x) == tuple(a - b for a, b in zip(f(x), g(x), strict=True))
        assert pair(x) == f(x) + g(x)


@pytest.mark.parametrize("number", range(len(NETWORKS)))
def test_values_with_numbers(number):
    f = NETWORKS[number]
    scaled = {"2/3": Fraction(2, 3), 0: 0, -3: -3, 0.5: Fraction(1, 2), np.float64(2): 2, np.int64(-1): -1}
    for x in points(f.input_dim, number, count=2):
        for given, q in scaled.items():
            assert (given * f)(x) == (f * given)(x) == tuple(q * a for a in f(x))
            assert (given + f)(x) == (f + given)(x) == tuple(q + a for a in f(x))
            assert (given - f)(x) == tuple(q - a for a in f(x))
            assert (f - given)(x) == tuple(a - q for a in f(x))
        assert (-f)(x) == tuple(-a for a in f(x))
    assert (-f).widths == f.widths


@pytest.mark.parametrize("number", range(len(NETWORKS)))
def test_values_of_compositions(number):
    f, rng = NETWORKS[number], random.Random(number)
    inner = rng.choice([g for g in NETWORKS if g.input_dim == 2 and g.output_dim == 1])
    while inner.output_dim < f.input_dim:
        inner = inner | rng.choice([g for g in NETWORKS if g.input_dim == 2 and g.output_dim == 1])
    composed = f.compose(inner)
    assert len(composed.layers) == len(f.layers) + len(inner.layers) - 1
    assert all(composed(x) == f(inner(x)) for x in points(2, number))


def test_sums_are_the_same_functions_as_their_rewritings():
    f, g = (BIASED["with biases"], HOMOGENEOUS["duplicates"])
    assert tp.equivalent(f + g, g + f).status == "proved"
    assert tp.equivalent(f + f, 2 * f).status == "proved"
    assert tp.equivalent(f - f, 0 * g).status == "proved"
    assert sum([f, g]).widths == (f + g).widths


def test_other_shapes_and_operands():
    f, wide, two = HOMOGENEOUS["duplicates"], HOMOGENEOUS["k = 1"], HOMOGENEOUS["duplicates"] | BIASED["affine"]
    for combine in (operator.add, operator.sub):
        with pytest.raises(ValueError, match=r"\(2, 1\) and \(5, 1\) cannot be added"):
            combine(f, wide)
        with pytest.raises(ValueError, match=r"\(2, 1\) and \(2, 2\) cannot be added"):
            combine(f, two)
    with pytest.raises(ValueError, match="2 and 5"):
        f | wide
    for combine in (operator.add, operator.sub, operator.or_, operator.mul):
        for foreign in (None, [1], object()):
            with pytest.raises(TypeError):
                combine(f, foreign)
            with pytest.raises(TypeError):
                combine(foreign, f)
    with pytest.raises(TypeError):
        f * f
    with pytest.raises(TypeError):
        f | 1
    with pytest.raises(TypeError):
        np.ones(2) + f
    with pytest.raises(ValueError, match="finite"):
        f + float("nan")
    with pytest.raises(ValueError, match="inner must have 2 outputs, the inputs of a network, got 1"):
        f.compose(f)
    with pytest.raises(ValueError, match="got 1 of type int"):
        f.compose(1)
