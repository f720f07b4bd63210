"""Maxima on the sphere against closed forms, dense grids of angles, and projections found by enumeration."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

import tropical as tp
from learning import instances
from tropical.arithmetic.rationals import rank, solve

ABSOLUTE = tp.ReLUNetwork.from_arrays([[[1], [-1]], [[1, 1]]])
CIRCLE = np.linspace(0, 2 * np.pi, 20_001)


def squared_norm(x):
    return sum((q * q for q in x), Fraction(0))


def check_attained(found, f, g=None):
    rest = 0 if g is None else g(found.direction)[0]
    assert (f(found.direction)[0] - rest) ** 2 == found.squared * squared_norm(found.direction)
    assert any(found.direction)


def by_enumeration(net):
    """The largest projection of a piece to the span of independent generators of a cell, of those with weights >= 0."""
    best = Fraction(0)
    for cell in tp.polyhedral_complex(net).cells:
        lines = [vector for line in cell.lineality for vector in (line, tuple(-q for q in line))]
        generators = [tuple(map(Fraction, vector)) for vector in (*cell.rays, *lines)]
        gradient = cell.affine_map.forms[0].gradient
        for size in range(1, net.input_dim + 1):
            for subset in itertools.combinations(generators, size):
                if rank(subset) == size:
                    best = max(best, *(projected(subset, sign, gradient) for sign in (1, -1)))
    return best


def projected(subset, sign, gradient):
    rises = [sign * sum(a * b for a, b in zip(g, gradient, strict=True)) for g in subset]
    weights = solve([[sum(a * b for a, b in zip(g, h, strict=True)) for h in subset] for g in subset], rises)
    return sum(w * q for w, q in zip(weights, rises, strict=True)) if min(weights) >= 0 else Fraction(0)


@pytest.mark.parametrize(
    ("net", "squared"),
    [
        (ABSOLUTE, 1),
        (tp.ReLUNetwork.from_arrays([[[3, 4]]]), 25),
        (tp.ReLUNetwork.from_arrays([[[3, 4]], [[-2]]]), 100),
        (tp.ReLUNetwork.from_arrays([[[0, 0]], [[1]]]), 0),
        (tp.ReLUNetwork.from_arrays([[[1, 2, 3], [1, 2, 3]], [[1, -1]]]), 0),
        (tp.ReLUNetwork.from_arrays([[[1, 0], [0, 1]], [[1, 1]]]), 2),
        (tp.ReLUNetwork.from_arrays([[[1, 0], [0, 1]], [[1, -1]]]), 1),
        (instances.parity(2, 2, seed=None), Fraction(1, 2)),
        (instances.parity(3, 3, seed=None), Fraction(1, 3)),
        (instances.parity(4, 6, seed=0), Fraction(1, 4)),
        (instances.h6(2, seed=None), Fraction(676, 25)),
        (instances.h4(4, seed=None), 1),
        (instances.h4(30, seed=1), 1),
        (instances.sequential(5, seed=None), 37),
    ],
)
def test_closed_forms(net, squared):
    """A minimum of k sizes is largest on the diagonal; |H4| at a unit vector, 1; a sum of two sees both maxima."""
    found = tp.sphere_maximum(net)
    assert found.squared == squared
    check_attained(found, net)
    assert found.squared <= tp.lipschitz_constant(net).squared


@pytest.mark.parametrize("seed", range(20))
def test_planar_fans_against_a_grid_of_angles(seed):
    rng = np.random.default_rng(seed)
    hidden = [(1,), (5,), (4, 3), (12,)][seed % 4]
    sizes = [2, *hidden, 1]
    net = tp.ReLUNetwork.from_arrays([rng.integers(-8, 9, (m, n)) for n, m in itertools.pairwise(sizes)])
    values = np.abs(net.evaluate(np.column_stack([np.cos(CIRCLE), np.sin(CIRCLE)])))
    found = tp.sphere_maximum(net)
    check_attained(found, net)
    assert values.max() <= float(found) * (1 + 1e-9) + 1e-9
    assert values.max() >= float(found) * (1 - 1e-3)


@pytest.mark.parametrize("seed", range(12))
def test_equals_enumeration_of_projections(seed):
    rng = np.random.default_rng(seed)
    sizes = [[1, 3, 1], [2, 4, 2, 1], [3, 4, 1], [3, 3, 2, 1], [3, 2, 1], [4, 3, 1]][seed % 6]
    net = tp.ReLUNetwork.from_arrays([rng.integers(-3, 4, (m, n)) for n, m in itertools.pairwise(sizes)])
    found = tp.sphere_maximum(net)
    check_attained(found, net)
    assert found.squared == by_enumeration(net)


@pytest.mark.parametrize("seed", range(6))
def test_differences(seed):
    """max |f - g| of two functions equals max |h| of the network h = f - g; f against itself gives 0."""
    rng = np.random.default_rng(seed)
    first, second = ([rng.integers(-4, 5, (3, 2)), rng.integers(-4, 5, (1, 3))] for _ in range(2))
    f, g = tp.ReLUNetwork.from_arrays(first), tp.ReLUNetwork.from_arrays(second)
    both = tp.ReLUNetwork.from_arrays([np.vstack([first[0], second[0]]), np.hstack([first[1], -second[1]])])
    found = tp.sphere_maximum(f, g)
    assert found.squared == tp.sphere_maximum(both).squared == tp.sphere_maximum(g, f).squared
    check_attained(found, f, g)
    again = tp.sphere_maximum(f, tp.to_lattice_polynomial(f))
    assert again.squared == 0
    assert squared_norm(again.direction) == 1


@pytest.mark.parametrize("seed", [0, 3])
def test_every_kind_of_function(seed):
    net = instances.random_network(2, (4,), dim=3, seed=seed)
    expected = tp.sphere_maximum(net)
    lattice = tp.to_lattice_polynomial(net)
    for other in (lattice, tp.to_tropical_rational_map(net)):
        assert tp.sphere_maximum(other).squared == expected.squared
    polynomial = tp.TropicalPolynomial(lattice.pieces)
    assert tp.sphere_maximum(polynomial).squared == tp.sphere_maximum(tp.to_network(polynomial)).squared


def test_biases_that_cancel_leave_a_positively_homogeneous_function():
    """2 relu(x) + relu(y + 1) - relu(y + 1): cells that are not cones."""
    net = tp.ReLUNetwork.from_arrays([[[1, 0], [0, 1], [0, 1]], [[2, 1, -1]]], [[0, 1, 1], [0]])
    found = tp.sphere_maximum(net)
    assert found.squared == 4
    check_attained(found, net)


def test_an_irrational_maximum_is_enclosed():
    value = tp.sphere_maximum(tp.ReLUNetwork.from_arrays([[[1, 1]]])).value
    assert isinstance(value, tp.Enclosure)
    assert value.lower**2 < 2 < value.upper**2
    assert tp.sphere_maximum(ABSOLUTE).value == 1


def test_scaled_weights_scale_the_maximum():
    for scale in (Fraction(1, 10**40), 10**40):
        net = tp.ReLUNetwork.from_arrays([[[scale, 0], [0, scale]], [[1, -1]]])
        assert tp.sphere_maximum(net).squared == Fraction(scale) ** 2


def test_refuses():
    with pytest.raises(ValueError, match="one output"):
        tp.sphere_maximum(tp.ReLUNetwork.from_arrays([[[1], [2]]]))
    constant = tp.ReLUNetwork.from_arrays([[[1]]], [[3]])
    for pair in ([constant], [ABSOLUTE, constant], [constant, constant]):
        with pytest.raises(ValueError, match="constant 3"):
            tp.sphere_maximum(*pair)
    with pytest.raises(ValueError, match="constant -1"):
        tp.sphere_maximum(tp.ReLUNetwork.from_arrays([[[1]], [[1]]], [[-1], [0]]))
    with pytest.raises(ValueError, match="input"):
        tp.sphere_maximum(ABSOLUTE, tp.ReLUNetwork.from_arrays([[[1, 1]]]))
    with pytest.raises(tp.BudgetExhausted):
        tp.sphere_maximum(ABSOLUTE, budget=tp.Budget(cells=1))


def test_no_point_of_a_grid_in_three_dimensions_exceeds_it():
    net = instances.random_network(3, (6, 6), dim=3, seed=1)
    points = np.random.default_rng(0).standard_normal((20_000, 3))
    values = np.abs(net.evaluate(points)[:, 0]) / np.linalg.norm(points, axis=1)
    bound = float(tp.sphere_maximum(net))
    assert 0.95 * bound < values.max() <= bound * (1 + 1e-12)
    assert math.isclose(bound, float(tp.sphere_maximum(instances.random_network(3, (6, 6), dim=12, seed=1))))
