"""Dual graphs of cells and of linear regions, their attributes, and the regions as sets: volume and convexity."""

import itertools
import math
import random

import pytest

import tropical as tp
from oracles.built import complex_of
from oracles.random_cases import random_case

SEEDS = range(0, 96, 3)


def middle(cx, face):
    """A point of the relative interior of a face."""
    generators = [cx.generators[i] for i in face]
    total = [sum(column) for column in zip(*generators, strict=True)]
    return cx.chart.point(total)


@pytest.mark.parametrize("seed", SEEDS)
def test_attributes_of_cells_and_facets(seed):
    cx = complex_of(random_case(seed))
    net, graph = cx.network, cx.dual_graph()
    for index, data in graph.nodes.items():
        assert data == {"pattern": cx.patterns[index], "form": net.affine_map(cx.patterns[index])}
    for (first, second), data in graph.edges.items():
        cells = sorted((first, second))
        point, form = middle(cx, data["facet"]), data["hyperplane"]
        layer, unit = data["unit"]
        assert form(point) == 0 == net.preactivations(point)[layer][unit]
        assert math.gcd(*(q.numerator for q in (form.constant, *form.gradient))) == 1
        assert all(q.denominator == 1 for q in (form.constant, *form.gradient))
        for sign, cell in zip((1, -1), (cx.cells[i] for i in cells), strict=True):
            assert sign * form(cell.interior_point) > 0
            assert sign * net.preactivations(cell.interior_point)[layer][unit] > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_graph_of_regions_is_the_quotient_of_the_graph_of_cells(seed):
    cx = complex_of(random_case(seed))
    regions, graph = tp.linear_regions(cx), tp.region_graph(cx)
    assert [graph.nodes[i]["region"] for i in graph] == regions
    number = {cell: i for i, region in enumerate(regions) for cell in region.cells}
    joined = [(number[i], number[j], data) for i, j, data in cx.dual_graph().edges(data=True)]
    assert {frozenset(pair[:2]) for pair in joined if pair[0] != pair[1]} == {frozenset(pair) for pair in graph.edges}
    for i, j, data in joined:
        if i != j:
            own = graph.edges[i, j]
            assert data["facet"] in own["facets"]
            assert data["hyperplane"] in (own["hyperplane"], -own["hyperplane"])
            assert all(own["hyperplane"](middle(cx, face)) == 0 for face in own["facets"])
    assert sum(len(graph.edges[pair]["facets"]) for pair in graph.edges) == sum(i != j for i, j, _ in joined)


def planar(seed):
    rng = random.Random(seed)
    widths = rng.choice([(3,), (5,), (2, 2), (3, 3), (2, 2, 2)])
    sizes = [2, *widths, 1]
    weights = [[[rng.randint(-2, 2) for _ in range(a)] for _ in range(b)] for a, b in itertools.pairwise(sizes)]
    biases = [[rng.randint(-1, 1) for _ in range(b)] for b in sizes[1:]]
    return tp.polyhedral_complex(tp.ReLUNetwork.from_arrays(weights, biases), tp.Box([-2, -2], [2, 2]))


def test_convexity_and_volume_against_hulls_in_the_plane():
    seen = set()
    for seed in range(60):
        for region in tp.linear_regions(planar(seed)):
            hull = tp.Polytope(v for i in region.cells for v in region.complex.cells[i].vertices)
            assert region.is_convex == (hull.volume == region.volume)
            seen.add((region.is_convex, len(region.cells) > 1))
    assert seen == {(True, False), (True, True), (False, True)}


@pytest.mark.parametrize("seed", SEEDS)
def test_midpoints_leave_a_region_only_if_it_is_not_convex(seed):
    cx = complex_of(random_case(seed))
    for region in tp.linear_regions(cx):
        cells = [cx.cells[i] for i in region.cells]
        ends = [v for cell in cells for v in (cell.interior_point, *cell.vertices)][:12]
        for a, b in itertools.combinations(ends, 2):
            midpoint = tuple((p + q) / 2 for p, q in zip(a, b, strict=True))
            assert not region.is_convex or any(cell.contains(midpoint) for cell in cells)


def test_regions_without_bounds():
    outside = tp.ReLUNetwork.from_arrays([[[1, 0], [0, 1]], [[-1, -1]], [[1]]], [None, [1], None])
    flat = max(tp.linear_regions(tp.polyhedral_complex(outside)), key=lambda region: len(region.cells))
    assert (flat.volume, flat.is_convex) == (math.inf, False)
    line = tp.ReLUNetwork.from_arrays([[[1, 1]], [[1]]])  # invariant along (1, -1)
    assert [region.is_convex for region in tp.linear_regions(tp.polyhedral_complex(line))] == [True, True]
    constant = tp.polyhedral_complex(tp.ReLUNetwork.from_arrays([[[0, 0]]]))
    assert tp.region_graph(constant).size() == constant.dual_graph().size() == 0
    with pytest.raises(ValueError, match="complete"):
        tp.region_graph(tp.polyhedral_complex(outside, budget=tp.Budget(cells=1)))
