"""Linear regions and affine pieces of a network, from the cells of its complex."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from tropical.activation.complexes import PolyhedralComplex, require_complete
from tropical.arithmetic.rationals import Matrix, row_space
from tropical.budget import Budget, Meter, Progress
from tropical.functions.affine import AffineForm, AffineMap, form_of_row
from tropical.polyhedra.cones import dot
from tropical.polyhedra.faces import Face
from tropical.values import Value, summary

if TYPE_CHECKING:
    import networkx

Piece = AffineForm | AffineMap


@dataclass(frozen=True, repr=False)
class LinearRegion(Value):
    """The closure of a connected component of the interior of {F = piece}: the union of ``cells`` of the ``complex``.

    ``cells`` are their indices. ``==`` goes by all fields, ``hash`` by all but the complex.

    >>> from tropical import ReLUNetwork, polyhedral_complex
    >>> clipped = ReLUNetwork.from_arrays([[[1, 0], [0, 1]], [[1, 1]], [[1]]], [None, [-1], None])  # relu(x+ + y+ - 1)
    >>> regions = linear_regions(polyhedral_complex(clipped))
    >>> [(str(region.form), len(region.cells), region.is_convex) for region in regions]
    [('x0 + x1 - 1', 1, True), ('0', 4, True), ('x0 - 1', 1, True), ('x1 - 1', 1, True)]
    """

    piece: Piece
    cells: tuple[int, ...]
    complex: PolyhedralComplex = field(hash=False)

    def __repr__(self) -> str:
        return summary(f"LinearRegion of {len(self.cells)} cells", repr(self.piece))

    @property
    def form(self) -> Piece:
        """The affine function on the region: its ``piece``."""
        return self.piece

    @property
    def volume(self) -> Fraction | float:
        """Exact n-dimensional volume, or ``math.inf`` for an unbounded region."""
        return sum((self.complex.cells[index].volume for index in self.cells), Fraction(0))

    @cached_property
    def is_convex(self) -> bool:
        """Whether the region is convex, exactly: whether it lies on the inner side of each facet that bounds it."""
        # Let U be the region and D the domain. If U lies there, let P be the polyhedron that these facets and D cut
        # out, so that U is within P, and x a point of int P. Take y in the interior of a cell of U such that the
        # segment from y to x meets no face of codimension 2. It stays in int D and could leave U only through the
        # relative interior of such a facet, on {h = 0} say. As h > 0 at y, h < 0 beyond; but h > 0 at x. So x is in U,
        # hence P, the closure of int P, is within U, and U = P is convex.
        # Conversely, let U be convex and h < 0 at a point u of U, for such a facet of a cell C. A point z of its
        # relative interior is interior to conv(C, u), hence to U; but the cell beyond the facet at z is not in U.
        inside, cx = set(self.cells), self.complex
        generators = {generator for index in self.cells for generator in cx.cone(index).generators}
        walls = {
            row
            for index in self.cells
            for face, row in cx._cell_facets(index).items()
            if not inside.issuperset(cx.facet_cells[face])
        }
        return all(dot(row, generator) >= 0 for row in walls for generator in generators)


def linear_regions(
    cx: PolyhedralComplex, budget: Budget | None = None, progress: Progress | None = None
) -> list[LinearRegion]:
    """Return the linear regions: cells with one affine map, merged across common facets.

    Components of the interior are exactly the components across facets, since faces of codimension >= 2 do not
    disconnect. The piece is an AffineForm for scalar networks, else an AffineMap.
    Raises ``ValueError`` if ``cx`` is incomplete, and :class:`BudgetExhausted` if ``budget`` runs out: regions of which
    cells are missing would not be regions.

    >>> from tropical import ReLUNetwork, polyhedral_complex
    >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    >>> [str(region.piece) for region in linear_regions(polyhedral_complex(maximum))]
    ['x0', 'x1']
    """
    require_complete(cx)
    meter = Meter(budget, progress)
    pieces = list(_pieces(cx, meter))
    cx._find_facets(meter)
    parent = list(range(cx.num_cells))
    for cells in cx.facet_cells.values():
        if len(cells) == 2 and pieces[cells[0]] == pieces[cells[1]]:
            first, second = sorted(_root(parent, index) for index in cells)
            parent[second] = first
    members: dict[int, list[int]] = {}
    for index in range(cx.num_cells):
        members.setdefault(_root(parent, index), []).append(index)
    return [LinearRegion(pieces[root], tuple(cells), cx) for root, cells in members.items()]


def region_graph(
    cx: PolyhedralComplex, budget: Budget | None = None, progress: Progress | None = None
) -> "networkx.Graph[int]":
    """Return the dual graph of the linear regions: nodes are their numbers in ``linear_regions``.

    A node has its ``region``; regions that share a facet, a face of dimension n - 1, are joined. An edge has the
    ``facets`` of cells that they share, and the one ``hyperplane`` on which all of these lie since both affine maps
    agree there: a form with coprime integer coefficients, the first one of its gradient positive.
    Raises ``ValueError`` if ``cx`` is incomplete, and :class:`BudgetExhausted` if ``budget`` runs out.

    >>> from tropical import ReLUNetwork, polyhedral_complex
    >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    >>> graph = region_graph(polyhedral_complex(maximum))
    >>> graph.nodes[0]["region"].form == AffineForm([1, 0]), [str(edge[2]) for edge in graph.edges.data("hyperplane")]
    (True, ['x0 - x1'])
    """
    import networkx

    graph: networkx.Graph[int] = networkx.Graph()
    regions = linear_regions(cx, budget, progress)
    graph.add_nodes_from((number, {"region": region}) for number, region in enumerate(regions))
    number_of = {index: number for number, region in enumerate(regions) for index in region.cells}
    shared: dict[tuple[int, ...], list[Face]] = {}
    for face, cells in cx.facet_cells.items():
        pair = tuple(sorted({number_of[index] for index in cells}))
        if len(pair) == 2:
            shared.setdefault(pair, []).append(face)
    rows = cx._facet_rows
    forms = map(form_of_row, cx.chart.pull_back_rows([rows[faces[0]] for faces in shared.values()]))
    for (pair, faces), form in zip(shared.items(), forms, strict=True):
        lead = next(q for q in form.gradient if q)
        graph.add_edge(*pair, facets=tuple(faces), hyperplane=form if lead > 0 else -form)
    return graph


def affine_pieces(cx: PolyhedralComplex, budget: Budget | None = None, progress: Progress | None = None) -> list[Piece]:
    """Return the distinct affine functions that the network attains on open sets, in order of first appearance.

    AffineForms for scalar networks, else AffineMaps.
    Raises ``ValueError`` if ``cx`` is incomplete, and :class:`BudgetExhausted` if ``budget`` runs out.

    >>> from tropical import ReLUNetwork, polyhedral_complex
    >>> identity = ReLUNetwork.from_arrays([[[1], [-1]], [[1, -1]]])  # relu(x) - relu(-x)
    >>> affine_pieces(polyhedral_complex(identity))
    [<AffineForm on Q^1: x0>]
    """
    require_complete(cx)
    return list(dict.fromkeys(_pieces(cx, Meter(budget, progress))))


def relevant_subspace(cx: PolyhedralComplex, budget: Budget | None = None, progress: Progress | None = None) -> Matrix:
    """Return the basis, in reduced row echelon form, of V = span of the gradients of F's pieces (THEORY §1).

    V lies in the row space of W_0 and may be smaller when units cancel.
    Raises ``ValueError`` if ``cx`` is incomplete, and :class:`BudgetExhausted` if ``budget`` runs out.

    >>> from tropical import ReLUNetwork, polyhedral_complex
    >>> cancelling = ReLUNetwork.from_arrays([[[1, 0], [0, 1], [0, 1]], [[1, 1, -1]]])
    >>> relevant_subspace(polyhedral_complex(cancelling))
    ((Fraction(1, 1), Fraction(0, 1)),)
    """
    require_complete(cx)
    pieces = _pieces(cx, Meter(budget, progress))
    forms = (form for piece in pieces for form in (piece.forms if isinstance(piece, AffineMap) else (piece,)))
    return row_space(list(dict.fromkeys(form.gradient for form in forms)))


def _pieces(cx: PolyhedralComplex, meter: Meter) -> Iterator[Piece]:
    """The affine function on each cell."""
    for cell in cx.cells:
        meter.count_cell()
        yield cell.affine_map.forms[0] if len(cell.affine_map.forms) == 1 else cell.affine_map


def _root(parent: list[int], index: int) -> int:
    while parent[index] != index:
        parent[index] = parent[parent[index]]
        index = parent[index]
    return index
