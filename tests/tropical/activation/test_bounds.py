"""Bounds on the number of activation regions: never below the truth, tight where they should be, as published."""

from itertools import pairwise, product
from math import comb, prod

import pytest

import tropical as tp
from oracles.random_cases import random_case
from tropical.activation.bounds import RegionBounds, arrangement_regions, region_bounds


def moment_network(dim, units, slope=(0, 1)):
    """One layer whose hyperplanes are in general position: normals on the moment curve, offsets one power further."""
    rows = [[t**j for j in range(dim)] for t in range(1, units + 1)]
    biases = [[t ** (dim + 1) for t in range(1, units + 1)], [0]]
    return tp.ReLUNetwork.from_arrays([rows, [[1] * units]], biases, [slope])


def full_rank_network(widths, slope=(0, 1)):
    """Square minors of these Vandermonde-like weights are not 0, so every rank is the smaller width."""
    shapes = pairwise(widths)
    weights = [[[(i + 2) ** j for j in range(n)] for i in range(m)] for n, m in shapes]
    biases = [[(-1) ** i * (i + 1) for i in range(m)] for m in widths[1:]]
    return tp.ReLUNetwork.from_arrays(weights, biases, [slope] * (len(widths) - 2))


@pytest.mark.parametrize("seed", range(60))
def test_bounds_hold_and_are_ordered(seed):
    case = random_case(seed)
    net = tp.ReLUNetwork.from_arrays(case.weights, case.biases, case.slopes)
    domain = None if case.box is None else tp.Box(*case.box)
    cells = tp.polyhedral_complex(net, domain).num_cells
    bounds = region_bounds(net)
    assert cells <= bounds.serra <= bounds.montufar <= bounds.patterns
    assert bounds.zaslavsky in (None, bounds.montufar)


@pytest.mark.parametrize(("dim", "units"), [(1, 5), (2, 6), (3, 3), (3, 6), (4, 6)])
@pytest.mark.parametrize("slope", [(0, 1), (-1, 1), (1, 0)])
def test_tight_for_one_layer_in_general_position(dim, units, slope):
    net = moment_network(dim, units, slope)
    cells = tp.polyhedral_complex(net).num_cells
    assert region_bounds(net) == RegionBounds(2**units, cells, cells, cells)
    assert cells == sum(comb(units, j) for j in range(dim + 1))


def published(widths):
    """Serra et al., Theorem 1: sum over J of prod C(n_l, j_l), j_l <= min(n_0, n_1 - j_1, ..., n_l)."""
    dim, *hidden = widths[:-1]
    total = 0
    for chosen in product(*(range(n + 1) for n in hidden)):
        room = [
            min([dim, *(n - j for n, j in zip(hidden[:i], chosen, strict=False)), hidden[i]])
            for i in range(len(hidden))
        ]
        if all(j <= r for j, r in zip(chosen, room, strict=True)):
            total += prod(comb(n, j) for n, j in zip(hidden, chosen, strict=True))
    return total


@pytest.mark.parametrize("widths", [(2, 4, 4, 1), (3, 5, 3, 1), (3, 2, 5, 4, 1), (4, 3, 1, 6, 2), (1, 6, 6, 6, 1)])
def test_as_published_for_relu_layers_of_full_rank(widths):
    bounds = region_bounds(full_rank_network(widths))
    assert bounds.serra == published(widths)
    narrowest = [min(widths[: i + 1]) for i in range(1, len(widths) - 1)]
    pairs = zip(widths[1:-1], narrowest, strict=True)
    assert bounds.montufar == prod(sum(comb(n, j) for j in range(d + 1)) for n, d in pairs)


def test_units_without_a_flat_side_pass_every_dimension_on():
    widths = (2, 3, 3, 1)
    relu, absolute = region_bounds(full_rank_network(widths)), region_bounds(full_rank_network(widths, (-1, 1)))
    assert relu.serra < absolute.serra == absolute.montufar == relu.montufar == 7 * 7


def test_the_absolute_value_folds_attain_the_bound():
    """s -> |s| - 2^-l folds [-1, 1] onto itself: 2^L regions from L units."""
    depth = 5
    biases = [[f"-1/{2**layer}" if layer else 0] for layer in range(depth)]
    net = tp.ReLUNetwork.from_arrays([[[1]]] * (depth + 1), [*biases, [0]], [(-1, 1)] * depth)
    assert tp.polyhedral_complex(net).num_cells == region_bounds(net).serra == 2**depth


def test_ranks_duplicates_and_dead_units_lower_the_bounds():
    rows = [[1, 2, 3], [2, 4, 6], [-1, -2, -3], [0, 0, 0], [1, 2, 3]]
    net = tp.ReLUNetwork.from_arrays([rows, [[1] * 5]], [[1, 2, -1, 5, 0], [0]])
    assert region_bounds(net) == RegionBounds(32, 3, 3, 3)
    assert tp.polyhedral_complex(net).num_cells == 3


def test_a_width_one_layer_lets_one_dimension_through():
    net = full_rank_network((3, 4, 1, 4, 1))
    assert region_bounds(net).montufar == arrangement_regions(4, 3) * 2 * 5


def test_no_hidden_layer():
    assert region_bounds(tp.ReLUNetwork.from_arrays([[[1, 2]]])) == RegionBounds(1, None, 1, 1)
