"""Computation graphs: what depends on what, as networkx DAGs with exact attributes."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tropical.functions.affine import AffineForm
from tropical.functions.lattice_polynomial import LatticePolynomial
from tropical.functions.network import ReLUNetwork
from tropical.functions.polynomial import TropicalPolynomial

if TYPE_CHECKING:
    import networkx

Node = tuple[str | int, ...]


def computation_graph(obj: ReLUNetwork | LatticePolynomial | TropicalPolynomial) -> "networkx.DiGraph[Node]":
    """Return the computation of ``obj`` as a directed acyclic graph, its nodes in topological order.

    Every node has ``kind`` and ``layer``; edges from linear kinds have ``weight`` (a Fraction), zero weights are
    omitted. Of a network: nodes ("input", i), ("unit", l, i) with ``bias`` and ``slopes`` for unit i of hidden layer
    l = 1, 2, ..., ("output", i) with ``bias``. A unit is s(bias + sum of weight * predecessor). Of a lattice or
    tropical polynomial: ("input", i), ("piece", i) with ``bias``, ("min", j) for clause j (lattice only), and
    ("max", 0), the output; "min" and "max" take the extremum of their predecessors.
    Raises ``ValueError`` for other objects.

    >>> graph = computation_graph(ReLUNetwork.from_arrays([[[1, 0], [1, -1]], [[2, 1]]]))
    >>> list(graph)
    [('input', 0), ('input', 1), ('unit', 1, 0), ('unit', 1, 1), ('output', 0)]
    >>> graph.number_of_edges(), graph.edges[("unit", 1, 0), ("output", 0)]["weight"]
    (5, Fraction(2, 1))
    """
    if isinstance(obj, ReLUNetwork):
        return _of_network(obj)
    if isinstance(obj, LatticePolynomial):
        return _of_extrema(obj.pieces, [sorted(clause) for clause in obj.clauses])
    if isinstance(obj, TropicalPolynomial):
        return _of_extrema(obj.terms, None)
    raise ValueError(f"there is no computation graph of an object of type {type(obj).__name__}")


def _of_network(net: ReLUNetwork) -> "networkx.DiGraph[Node]":
    graph, previous = _with_inputs(net.input_dim)
    for index, layer in enumerate(net.layers, start=1):
        last = index == len(net.layers)
        nodes: list[Node] = [("output", i) if last else ("unit", index, i) for i in range(layer.output_dim)]
        for node, row, bias, slopes in zip(nodes, layer.weight, layer.bias, layer.slopes, strict=True):
            attributes = {} if last else {"slopes": slopes}
            graph.add_node(node, kind=node[0], layer=index, bias=bias, **attributes)
            _join(graph, previous, row, node)
        previous = nodes
    return graph


def _of_extrema(pieces: Sequence[AffineForm], clauses: Sequence[Sequence[int]] | None) -> "networkx.DiGraph[Node]":
    """The graph of the maximum of the pieces, or of the minima over the clauses."""
    graph, inputs = _with_inputs(pieces[0].input_dim)
    for i, piece in enumerate(pieces):
        graph.add_node(("piece", i), kind="piece", layer=1, bias=piece.constant)
        _join(graph, inputs, piece.gradient, ("piece", i))
    if clauses is None:
        graph.add_node(("max", 0), kind="max", layer=2)
        graph.add_edges_from((("piece", i), ("max", 0)) for i in range(len(pieces)))
        return graph
    for j, clause in enumerate(clauses):
        graph.add_node(("min", j), kind="min", layer=2)
        graph.add_edges_from((("piece", i), ("min", j)) for i in clause)
    graph.add_node(("max", 0), kind="max", layer=3)
    graph.add_edges_from((("min", j), ("max", 0)) for j in range(len(clauses)))
    return graph


def _with_inputs(dim: int) -> "tuple[networkx.DiGraph[Node], list[Node]]":
    import networkx

    graph: networkx.DiGraph[Node] = networkx.DiGraph()
    inputs: list[Node] = [("input", i) for i in range(dim)]
    graph.add_nodes_from(inputs, kind="input", layer=0)
    return graph, inputs


def _join(graph: Any, sources: Iterable[Node], weights: Iterable[Fraction], target: Node) -> None:
    for source, weight in zip(sources, weights, strict=True):
        if weight:
            graph.add_edge(source, target, weight=weight)
