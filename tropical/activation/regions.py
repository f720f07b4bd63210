"""Linear regions and affine pieces of a network, from the cells of its complex."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tropical.activation.affine_groups import affine_groups
from tropical.activation.complexes import PolyhedralComplex, require_complete
from tropical.activation.geometry import facet_pairs
from tropical.arithmetic.rationals import Matrix, row_space
from tropical.budget import Budget, BudgetExhausted, Meter, Progress
from tropical.functions.affine import AffineForm, AffineMap, form_of_row
from tropical.polyhedra.cones import dot
from tropical.polyhedra.faces import Face
from tropical.values import LazySequence, Value, summary

if TYPE_CHECKING:
    import networkx

Piece = AffineForm | AffineMap


@dataclass(frozen=True, repr=False)
class LinearRegion(Value):
    """The closure of a connected component of the interior of {F = piece}: the union of ``cells`` of the ``complex``.

    ``cells`` are their indices. ``==`` goes by cells and complex, ``hash`` by the cells.

    >>> from tropical import ReLUNetwork, polyhedral_complex
    >>> clipped = ReLUNetwork.from_arrays([[[1, 0], [0, 1]], [[1, 1]], [[1]]], [None, [-1], None])  # relu(x+ + y+ - 1)
    >>> regions = linear_regions(polyhedral_complex(clipped))
    >>> [(str(region.form), len(region.cells), region.is_convex) for region in regions]
    [('x0 + x1 - 1', 1, True), ('0', 4, True), ('x0 - 1', 1, True), ('x1 - 1', 1, True)]
    """

    cells: tuple[int, ...]
    complex: PolyhedralComplex = field(hash=False)

    def __repr__(self) -> str:
        return summary(f"LinearRegion of {len(self.cells)} cells", repr(self.piece))

    @cached_property
    def piece(self) -> Piece:
        """The affine function on the region."""
        return _piece(self.complex, self.cells[0])

    @property
    def form(self) -> Piece:
        """The same as ``piece``."""
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
) -> Sequence[LinearRegion]:
    """Return the linear regions: cells with one affine map, merged across common facets.

    Components of the interior are exactly the components across facets, since faces of codimension >= 2 do not
    disconnect. The piece is an AffineForm for scalar networks, else an AffineMap, made when it is looked at. The order
    of regions is that of their first cells.
    Raises ``ValueError`` if ``cx`` is incomplete, and :class:`BudgetExhausted` if ``budget`` runs out: regions of which
    cells are missing would not be regions.

    >>> from tropical import ReLUNetwork, polyhedral_complex
    >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    >>> [str(region.piece) for region in linear_regions(polyhedral_complex(maximum))]
    ['x0', 'x1']
    """
    order, begins = cells_by_region(cx, Meter(budget, progress))
    ends = np.append(begins[1:], len(order))
    return LazySequence(len(begins), lambda i: LinearRegion(tuple(order[begins[i] : ends[i]].tolist()), cx))


def cells_by_region(cx: PolyhedralComplex, meter: Meter) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All cells, region after region, and where each region begins: with its first cell."""
    require_complete(cx)
    group = _groups(cx, meter)
    pairs = _neighbours(cx, meter)
    root = np.arange(cx.num_cells)
    parent: dict[int, int] = {}
    for one, other in pairs[group[pairs[:, 0]] == group[pairs[:, 1]]].tolist():
        first, second = sorted(_root(parent, index) for index in (one, other))
        if first != second:
            parent[second] = first
    for index in parent:
        root[index] = _root(parent, index)
    order = np.argsort(root, kind="stable")
    return order, np.flatnonzero(np.diff(root[order], prepend=-1))


def _neighbours(cx: PolyhedralComplex, meter: Meter) -> NDArray[np.int64]:
    """The pairs of cells that share a facet."""
    pairs = facet_pairs(cx, meter)
    if pairs is not None:
        return pairs
    cx._find_facets(meter)
    return np.array([cells for cells in cx.facet_cells.values() if len(cells) == 2], np.int64).reshape(-1, 2)


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


def affine_pieces(
    cx: PolyhedralComplex, budget: Budget | None = None, progress: Progress | None = None
) -> Sequence[Piece]:
    """Return the distinct affine functions that the network attains on open sets, in order of first appearance.

    AffineForms for scalar networks, else AffineMaps, made when they are looked at.
    Raises ``ValueError`` if ``cx`` is incomplete, and :class:`BudgetExhausted` if ``budget`` runs out.

    >>> from tropical import ReLUNetwork, polyhedral_complex
    >>> identity = ReLUNetwork.from_arrays([[[1], [-1]], [[1, -1]]])  # relu(x) - relu(-x)
    >>> affine_pieces(polyhedral_complex(identity))
    [<AffineForm on Q^1: x0>]
    """
    require_complete(cx)
    first = np.unique(_groups(cx, Meter(budget, progress))).tolist()
    return LazySequence(len(first), lambda i: _piece(cx, first[i]))


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
    meter = Meter(budget, progress)
    first = np.unique(_groups(cx, meter)).tolist()
    most = len(row_space(cx._in_chart.layers[0].weight))
    basis: Matrix = ()
    begin = 0
    while begin < len(first) and len(basis) < most:
        forms = [
            form for index in meter.timed(first[begin : 2 * begin + 1]) for form in cx._cell(index).affine_map.forms
        ]
        basis = row_space([*basis, *dict.fromkeys(form.gradient for form in forms)])
        begin = 2 * begin + 1
    return basis


def piece_numbers(cx: PolyhedralComplex, meter: Meter) -> NDArray[np.int64]:
    """For each cell the number of its affine map, in the order in which they appear."""
    numbers: NDArray[np.int64] = np.unique(_groups(cx, meter), return_inverse=True)[1].reshape(-1)
    return numbers


def _groups(cx: PolyhedralComplex, meter: Meter) -> NDArray[np.int64]:
    """For each cell the first one with the same affine map."""
    if meter.count_cells(cx.num_cells) < cx.num_cells:
        raise BudgetExhausted(meter.exhausted)
    return affine_groups(cx._in_chart, cx._table, meter)


def _piece(cx: PolyhedralComplex, index: int) -> Piece:
    """The affine function on a cell."""
    found = cx._cell(index).affine_map
    return found.forms[0] if len(found.forms) == 1 else found


def _root(parent: dict[int, int], index: int) -> int:
    while index in parent:
        above = parent[index]
        if above in parent:
            parent[index] = parent[above]
        index = above
    return index
