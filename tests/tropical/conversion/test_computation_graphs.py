"""Computation graphs: topologically sorted, and evaluating them node by node gives the exact values."""

import random
from fractions import Fraction

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tropical as tp
from oracles.random_cases import random_case
from tropical.conversion import computation_graph
from tropical.functions.polynomial import TropicalPolynomial

NUMBERS = st.fractions(min_value=-2, max_value=2, max_denominator=3)


def evaluated(graph, point):
    """The values of the nodes without successors, computed in the order of the nodes."""
    values = {}
    for node, data in graph.nodes.items():
        before = [(values[source], edge.get("weight")) for source, _, edge in graph.in_edges(node, data=True)]
        if data["kind"] == "input":
            values[node] = Fraction(point[node[1]])
        elif data["kind"] in ("max", "min"):
            values[node] = (max if data["kind"] == "max" else min)(value for value, _ in before)
        else:
            total = sum((weight * value for value, weight in before), data["bias"])
            left, right = data.get("slopes", (1, 1))
            values[node] = total * (right if total >= 0 else left)
    return tuple(values[node] for node in graph.graph["outputs"])


def assert_sorted(graph):
    order = {node: i for i, node in enumerate(graph)}
    assert networkx.is_directed_acyclic_graph(graph)
    for source, target in graph.edges:
        assert order[source] < order[target]
        assert graph.nodes[source]["layer"] < graph.nodes[target]["layer"]


@pytest.mark.parametrize("seed", range(600, 620))
def test_networks(seed):
    case = random_case(seed)
    net, rng = tp.ReLUNetwork.from_arrays(case.weights, case.biases, case.slopes), random.Random(seed)
    graph = computation_graph(net)
    assert_sorted(graph)
    assert graph.number_of_nodes() == net.input_dim + sum(net.widths) + net.output_dim
    assert graph.number_of_edges() == sum(bool(q) for layer in net.layers for row in layer.weight for q in row)
    for _ in range(3):
        point = [Fraction(rng.randint(-9, 9), 4) for _ in range(net.input_dim)]
        assert evaluated(graph, point) == net(point)


@given(st.data())
@settings(max_examples=40)
def test_lattice_and_tropical_polynomials(data):
    dim = data.draw(st.integers(1, 3))
    vector = st.tuples(*[NUMBERS] * dim)
    pieces = [tp.AffineForm(a, c) for a, c in data.draw(st.lists(st.tuples(vector, NUMBERS), min_size=1, max_size=4))]
    clause = st.sets(st.integers(0, len(pieces) - 1), min_size=1)
    point = data.draw(vector)
    lattice = tp.LatticePolynomial(pieces, data.draw(st.lists(clause, min_size=1, max_size=4)))
    for polynomial in (lattice, TropicalPolynomial(pieces)):
        graph = computation_graph(polynomial)
        assert_sorted(graph)
        assert evaluated(graph, point) == (polynomial(point),)


def test_attributes():
    net = tp.ReLUNetwork.from_arrays([[[1, 0], [2, -1]], [[1, 1]]], [[3, 0], ["1/2"]], [[(0, 1), ("1/10", 1)]])
    graph = computation_graph(net)
    unit = {"kind": "unit", "layer": 1, "bias": Fraction(0), "slopes": (Fraction(1, 10), Fraction(1))}
    assert graph.nodes["unit", 1, 1] == unit
    assert graph.nodes["output", 0] == {"kind": "output", "layer": 2, "bias": Fraction(1, 2)}
    assert not graph.has_edge(("input", 1), ("unit", 1, 0))
    assert graph.edges[("input", 1), ("unit", 1, 1)]["weight"] == -1


def test_differences_and_affine_maps():
    x = TropicalPolynomial.from_terms({(1,): 0})
    tent = tp.TropicalRationalMap([x + 0, x], [x * x + 0, x])
    graph = computation_graph(tent)
    assert_sorted(graph)
    assert graph.graph["outputs"] == [("output", 0), ("output", 1)]
    assert all(evaluated(graph, [t]) == tent([t]) for t in (-2, 0, 3))
    pair = tp.AffineMap((tp.AffineForm([1, 0], 2), tp.AffineForm([0, -3])))
    graph = computation_graph(pair)
    assert [graph.nodes[node]["bias"] for node in graph.graph["outputs"]] == [2, 0]
    assert graph.edges[("input", 1), ("piece", 1)]["weight"] == -3


def test_other_objects_are_refused():
    with pytest.raises(ValueError, match="type Box"):
        computation_graph(tp.Box([0], [1]))
