"""The faces of a polyhedral complex and how they lie in each other."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from tropical.polyhedra.faces import Face
from tropical.values import Value

if TYPE_CHECKING:
    import networkx


@dataclass(frozen=True, repr=False)
class FaceComplex(Value):
    """A polyhedral complex by its faces: ``faces[k]`` has those of dimension k = 0, ..., r, each as sorted indices.

    The indices are those of its points: vertices and rays, or the points of a configuration that lie on the face. Of
    two faces one lies in the other iff its indices do. Dimensions are modulo the lineality space, unless the lowest
    levels are empty. ``==`` and ``hash`` go by the faces and their order.

    >>> square = FaceComplex((((0,), (1,), (2,), (3,)), ((0, 1), (1, 2), (2, 3), (0, 3)), ((0, 1, 2, 3),)))
    >>> square.f_vector, square.euler_characteristic, square.incidences[1]
    ((4, 4, 1), 1, ((0, 0), (1, 0), (2, 0), (3, 0)))
    """

    faces: tuple[tuple[Face, ...], ...]

    @property
    def f_vector(self) -> tuple[int, ...]:
        """Number of faces of each dimension 0, ..., r."""
        return tuple(map(len, self.faces))

    @property
    def euler_characteristic(self) -> int:
        """The alternating sum of the f-vector."""
        return sum((-1) ** k * count for k, count in enumerate(self.f_vector))

    @cached_property
    def incidences(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """``incidences[k]``: the pairs (i, j) such that ``faces[k][i]`` is a facet of ``faces[k + 1][j]``, by i."""
        return tuple(tuple(sorted(_pairs(below, above))) for below, above in pairwise(self.faces))

    def dual_graph(self) -> "networkx.Graph[int]":
        """Graph on the indices of the maximal faces; those with a common facet are joined, with its index ``facet``."""
        import networkx

        graph: networkx.Graph[int] = networkx.Graph()
        graph.add_nodes_from(range(len(self.faces[-1])))
        owner: dict[int, int] = {}
        for facet, face in self.incidences[-1] if len(self.faces) > 1 else ():
            first = owner.setdefault(facet, face)
            if first != face:
                graph.add_edge(first, face, facet=facet)
        return graph


def _pairs(below: tuple[Face, ...], above: tuple[Face, ...]) -> Iterator[tuple[int, int]]:
    """The pairs of a lower and an upper face that contains it, found through their points."""
    through: dict[int, list[int]] = {}
    for i, small in enumerate(below):
        for point in small:
            through.setdefault(point, []).append(i)
    for j, large in enumerate(above):
        shared = Counter(i for point in large for i in through.get(point, ()))
        yield from ((i, j) for i, count in shared.items() if count == len(below[i]))
