"""Cells counted in closed form, up to a million of them; volumes that add up; Euler's relation."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from case_counts import all_but

import tropical as tp
from oracles.built import complex_of
from oracles.extreme_cases import KINDS, extreme_case
from oracles.random_cases import random_case

ROUTES = ("rational", "compiled")


def grid(counts: tuple[int, ...], scale: Fraction) -> tp.ReLUNetwork:
    """Hyperplanes x_i = 1/(c+1), ..., c/(c+1) times the scale, c = counts[i], along every axis."""
    rows, biases = [], []
    for axis, count in enumerate(counts):
        for k in range(1, count + 1):
            rows.append([int(axis == i) for i in range(len(counts))])
            biases.append(-scale * Fraction(k, count + 1))
    return tp.ReLUNetwork.from_arrays([rows, [[1] * len(rows)]], [biases, [0]])


def generic(units: int, dim: int, central: bool) -> tp.ReLUNetwork:
    """Hyperplanes with random normals, through 0 or not: in general position with probability 1."""
    rng = np.random.default_rng(units)
    rows, biases = rng.standard_normal((units, dim)), rng.standard_normal(units)
    return tp.ReLUNetwork.from_arrays([rows, [[1] * units]], [0 * biases if central else biases, [0]])


def generic_count(units: int, dim: int, central: bool) -> int:
    """Buck (1943), Schlaefli (1901)."""
    if central:
        return 2 * sum(math.comb(units - 1, k) for k in range(dim))
    return sum(math.comb(units, k) for k in range(dim + 1))


def tents(depth: int) -> tp.ReLUNetwork:
    """t -> 2 relu(t) - 4 relu(t - 1/2), depth times: 2^depth linear pieces on [0, 1] (Telgarsky 2015)."""
    weights, biases = [[[1], [1]]], [[0, Fraction(-1, 2)]]
    for _ in range(depth - 1):
        weights.append([[2, -4], [2, -4]])
        biases.append([0, Fraction(-1, 2)])
    return tp.ReLUNetwork.from_arrays([*weights, [[2, -4]]], [*biases, [0]])


def assert_euler(cx: tp.PolyhedralComplex) -> None:
    rank = cx.network.input_dim - len(cx.lineality)
    expected = (-1) ** rank if cx.domain is None else 1
    assert sum((-1) ** k * count for k, count in enumerate(cx.f_vector)) == expected


@pytest.mark.interpreted
@pytest.mark.parametrize(("counts", "route"), list(product([(40,), (9, 7), (3, 2, 4), (2, 1, 1, 2)], ROUTES)))
def test_grids(counts, route):
    for scale in (Fraction(1), Fraction(10) ** 300, Fraction(1, 10**200)):
        box = tp.Box([0] * len(counts), [scale] * len(counts))
        cx = tp.polyhedral_complex(grid(counts, scale), box, route=route)
        assert cx.num_cells == math.prod(c + 1 for c in counts)
        assert cx.f_vector[0] == math.prod(c + 2 for c in counts)
        assert {cell.volume for cell in cx.cells} == {scale ** len(counts) / math.prod(c + 1 for c in counts)}
        assert_euler(cx)
    assert tp.polyhedral_complex(grid(counts, Fraction(1)), route=route).num_cells == cx.num_cells


@pytest.mark.interpreted
def test_cells_with_many_vertices():
    """Of six dimensions: the facet in which a cell is cut has 32 of them."""
    cx = tp.polyhedral_complex(grid((1,) * 6, Fraction(1)), tp.Box([0] * 6, [1] * 6), route="compiled")
    assert sorted(cx.patterns) == sorted(product((-1, 1), repeat=6))


@pytest.mark.interpreted
@pytest.mark.parametrize(
    ("units", "dim", "route"), [(30, 1, "compiled"), (14, 2, "rational"), (9, 3, "compiled"), (70, 1, "compiled")]
)
def test_generic_arrangements(units, dim, route):
    for central in (False, True):
        cx = tp.polyhedral_complex(generic(units, dim, central), route=route)
        assert cx.num_cells == generic_count(units, dim, central)
        assert_euler(cx)


@pytest.mark.parametrize("route", ROUTES)
def test_tents(route):
    cx = tp.polyhedral_complex(tents(6), tp.Box([0], [1]), route=route)
    assert (cx.num_cells, len(tp.linear_regions(cx))) == (64, 64)
    assert {cell.volume for cell in cx.cells} == {Fraction(1, 64)}


@pytest.mark.parametrize(
    ("net", "cells"),
    [
        (grid((120, 90), Fraction(1)), 121 * 91),
        (generic(100, 2, False), generic_count(100, 2, False)),
        (generic(40, 3, True), generic_count(40, 3, True)),
    ],
    ids=["grid", "generic", "central"],
)
def test_ten_thousand_cells(net, cells):
    assert tp.polyhedral_complex(net, route="compiled").num_cells == cells


def assert_volumes_and_euler(case, route: str) -> bool:
    """Whether the domain is a box, which the volumes of the cells then fill."""
    cx = complex_of(case, route)
    assert_euler(cx)
    if cx.domain is None:
        return False
    whole = math.prod(high - low for low, high in zip(cx.domain.lower, cx.domain.upper, strict=True))
    assert sum(cell.volume for cell in cx.cells) == whole, case.name
    return True


@pytest.mark.parametrize("seed", all_but(range(0, 48, 2), [40]))
def test_volumes_add_up(seed):
    assert_volumes_and_euler(random_case(seed), "rational")
    assert_volumes_and_euler(extreme_case(seed), "auto")


@pytest.mark.exhaustive
@pytest.mark.parametrize("block", range(10))
def test_volumes_add_up_on_three_thousand_networks(block):
    seeds = range(100_000 + 150 * block, 100_150 + 150 * block)
    boxes = [assert_volumes_and_euler(random_case(seed), "auto") for seed in seeds]
    boxes += [assert_volumes_and_euler(extreme_case(seed - seed % len(KINDS) + 4), "auto") for seed in seeds]
    assert sum(boxes) > 150


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("net", "cells"),
    [
        (lambda: grid((999, 999), Fraction(1)), 10**6),
        (lambda: grid((99, 99, 99), Fraction(1)), 10**6),
        (lambda: generic(1413, 2, False), generic_count(1413, 2, False)),
        (lambda: generic(180, 3, False), generic_count(180, 3, False)),
        (lambda: generic(70, 4, False), generic_count(70, 4, False)),
        (lambda: generic(700, 3, True), generic_count(700, 3, True)),
        (lambda: generic(40, 5, False), generic_count(40, 5, False)),
        (lambda: tents(17), 2**17),
    ],
    ids=["grid 2", "grid 3", "generic 2", "generic 3", "generic 4", "central 3", "generic 5", "tents"],
)
def test_a_million_cells(net, cells):
    domain = tp.Box([0], [1]) if cells == 2**17 else None
    assert tp.polyhedral_complex(net(), domain, route="compiled").num_cells == cells
