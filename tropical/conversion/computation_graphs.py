"""Computation graphs: what depends on what, as networkx DAGs with exact attributes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tropical.functions.affine import AffineForm
from tropical.functions.function import Function
from tropical.functions.lattice_polynomial import Clause
from tropical.functions.layer import Layer

if TYPE_CHECKING:
    import networkx

Node = tuple[str | int, ...]


def computation_graph(obj: Function) -> "networkx.DiGraph[Node]":
    """Return the computation of ``obj`` as a directed acyclic graph, its nodes in topological order.

    Every node has ``kind`` and ``layer``; edges from linear kinds have ``weight`` (a Fraction), zero weights are
    omitted. Of a network: nodes ("input", i), ("unit", l, i) with ``bias`` and ``slopes`` for unit i of hidden layer
    l = 1, 2, ..., ("output", i) with ``bias``. A unit is s(bias + sum of weight * predecessor). Of other functions:
    ("input", i), ("piece", i) with ``bias``, ("min", j) for clause j of a lattice polynomial, ("max", k), and
    ("output", i) for the differences of a rational map; "min" and "max" take the extremum of their predecessors.
    ``graph.graph["outputs"]`` lists the nodes of the outputs. Raises ``ValueError`` for what is no function.

    >>> from tropical import ReLUNetwork
    >>> graph = computation_graph(ReLUNetwork.from_arrays([[[1, 0], [1, -1]], [[2, 1]]]))
    >>> list(graph)
    [('input', 0), ('input', 1), ('unit', 1, 0), ('unit', 1, 1), ('output', 0)]
    >>> graph.number_of_edges(), graph.edges[("unit", 1, 0), ("output", 0)]["weight"]
    (5, Fraction(2, 1))
    """
    if not isinstance(obj, Function):
        raise ValueError(f"there is no computation graph of an object of type {type(obj).__name__}")
    algebra = _Graph(obj.input_dim)
    algebra.graph.graph["outputs"] = obj.build(algebra)
    return algebra.graph


class _Graph:
    """The algebra of nodes."""

    def __init__(self, dim: int) -> None:
        import networkx

        self.graph: networkx.DiGraph[Node] = networkx.DiGraph()
        self.inputs: list[Node] = [("input", i) for i in range(dim)]
        self.graph.add_nodes_from(self.inputs, kind="input", layer=0)
        self.count: Counter[str] = Counter()

    def affine(self, form: AffineForm) -> Node:
        """A piece."""
        node = self._fresh("piece", layer=1, bias=form.constant)
        self._join(self.inputs, form.gradient, node)
        return node

    def maximum(self, values: Sequence[Node]) -> Node:
        """A node "max" after the values."""
        return self._after("max", values)

    def lattice(self, pieces: Sequence[Node], clauses: Sequence[Clause]) -> Node:
        """A node "max" after one "min" for each clause."""
        return self._after("max", [self._after("min", [pieces[i] for i in sorted(clause)]) for clause in clauses])

    def difference(self, value: Node, other: Node) -> Node:
        """An output with weights 1 and -1."""
        node = self._fresh("output", layer=self._above([value, other]), bias=Fraction(0))
        self._join([value, other], [Fraction(1), Fraction(-1)], node)
        return node

    def layers(self, layers: Sequence[Layer]) -> list[Node]:
        """The units, layer after layer, and the outputs."""
        previous = self.inputs
        for index, layer in enumerate(layers, start=1):
            last = index == len(layers)
            nodes: list[Node] = [("output", i) if last else ("unit", index, i) for i in range(layer.output_dim)]
            for node, row, bias, slopes in zip(nodes, layer.weight, layer.bias, layer.slopes, strict=True):
                attributes = {} if last else {"slopes": slopes}
                self.graph.add_node(node, kind=node[0], layer=index, bias=bias, **attributes)
                self._join(previous, row, node)
            previous = nodes
        return previous

    def _after(self, kind: str, values: Sequence[Node]) -> Node:
        node = self._fresh(kind, layer=self._above(values))
        self.graph.add_edges_from((value, node) for value in values)
        return node

    def _above(self, values: Sequence[Node]) -> int:
        below: list[int] = [self.graph.nodes[value]["layer"] for value in values]
        return 1 + max(below)

    def _fresh(self, kind: str, **attributes: Any) -> Node:
        node: Node = (kind, self.count[kind])
        self.count[kind] += 1
        self.graph.add_node(node, kind=kind, **attributes)
        return node

    def _join(self, sources: Iterable[Node], weights: Iterable[Fraction], target: Node) -> None:
        for source, weight in zip(sources, weights, strict=True):
            if weight:
                self.graph.add_edge(source, target, weight=weight)
