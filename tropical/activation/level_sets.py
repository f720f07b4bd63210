"""Level sets of an output on the cells of a complex: decision boundaries."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tropical.activation.complexes import PolyhedralComplex, require_complete
from tropical.activation.geometry import level_vertices
from tropical.arguments import as_index
from tropical.arithmetic.rationals import Vector, as_fraction, primitive
from tropical.budget import Budget, BudgetExhausted, Meter, Progress
from tropical.polyhedra.cones import Cone, Integers, cut, dot, facets, sign_on
from tropical.values import LazySequence, Value


@dataclass(frozen=True, repr=False)
class BoundaryPiece(Value):
    """A polyhedron on which F_output = level: conv(``vertices``) + cone(``rays``) + span(``lineality``).

    ``cells`` are the indices of the cells that contain it: one if it passes through the interior of a cell, one or two
    if it is a facet. ``is_full`` if it is a whole cell, on which F is constant. ``==`` and ``hash`` go by all fields.
    """

    vertices: tuple[Vector, ...]
    rays: tuple[Vector, ...]
    lineality: tuple[Vector, ...]
    cells: tuple[int, ...]
    is_full: bool


def decision_boundary(
    cx: PolyhedralComplex,
    output: int = 0,
    level: Any = 0,
    budget: Budget | None = None,
    progress: Progress | None = None,
) -> Sequence[BoundaryPiece]:
    """Return {x : F_output(x) = level} as polyhedra, one for each cell that it cuts, in their order.

    They have one dimension less than the domain. Vertices and rays of a piece are found when it is looked at.
    A facet on which F equals the level is one piece of both its cells; a cell on which F does is a piece of its own
    dimension, and its facets are not listed again. Faces of lower dimension that F only touches are left out: they do
    not separate. Raises ``ValueError`` if ``cx`` is incomplete or ``output`` is out of range, and
    :class:`BudgetExhausted` if ``budget`` runs out.

    >>> from tropical import Box, ReLUNetwork, polyhedral_complex
    >>> net = ReLUNetwork.from_arrays([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 1, 1, 1]]])  # |x| + |y|
    >>> pieces = decision_boundary(polyhedral_complex(net), level=1)
    >>> len(pieces), sorted(tuple(map(int, v)) for v in {v for piece in pieces for v in piece.vertices})
    (4, [(-1, 0), (0, -1), (0, 1), (1, 0)])
    """
    require_complete(cx)
    output = as_index(output, cx.network.output_dim, "output")
    bound = as_fraction(level, "level")
    meter = Meter(budget, progress)
    swept = level_vertices(cx, output, bound, meter)
    if swept is not None:
        if meter.count_cells(cx.num_cells) < cx.num_cells:
            raise BudgetExhausted(meter.exhausted)
        return LazySequence(len(swept), lambda i: _swept_piece(cx, *swept[i]))
    owners: dict[_Zeros, list[int]] = {}
    constant: set[_Zeros] = set()
    for cell in cx.cells:
        meter.count_cell()
        form = cx.chart.restrict(cell.affine_map.forms[output])
        row = primitive((form.constant - bound, *form.gradient))
        for zeros in _zero_faces(cell.cone_in_chart, row):
            owners.setdefault(zeros, []).append(cell.index)
        if not any(row):
            constant.add(zeros)
    return [
        _piece(cx, zeros, cells, zeros in constant)
        for zeros, cells in owners.items()
        if not any(zeros.generators < whole.generators for whole in constant)
    ]


@dataclass(frozen=True)
class _Zeros:
    """The part of a cone where a form vanishes."""

    generators: frozenset[Integers]
    lineality: tuple[Integers, ...]


def _zero_faces(cone: Cone, row: Integers) -> Iterator[_Zeros]:
    """Where the form vanishes, if that has the dimension of a facet or more."""
    sign = sign_on(cone, row)
    if sign == 0:
        yield _Zeros(frozenset(cone.generators), cone.lineality)
    elif sign is None:
        side = cut(cone, row)[0]
        yield _Zeros(frozenset(g for g in side.generators if not dot(row, g)), side.lineality)
    else:
        zeros = sum(1 << i for i, g in enumerate(cone.generators) if not dot(row, g))
        at_infinity = all(not g[0] for i, g in enumerate(cone.generators) if zeros >> i & 1)
        if zeros in facets(cone).values() and not at_infinity:
            yield _Zeros(frozenset(g for i, g in enumerate(cone.generators) if zeros >> i & 1), cone.lineality)


def _swept_piece(cx: PolyhedralComplex, cell: int, generators: Callable[[], list[Integers]]) -> BoundaryPiece:
    return _piece(cx, _Zeros(frozenset(generators()), ()), [cell], is_full=False)


def _piece(cx: PolyhedralComplex, zeros: _Zeros, cells: list[int], is_full: bool) -> BoundaryPiece:
    ordered = sorted(zeros.generators)
    vertices = tuple(cx.chart.point(g) for g in ordered if g[0])
    rays = tuple(cx.chart.lift(g[1:]) for g in ordered if not g[0])
    return BoundaryPiece(vertices, rays, cx.chart.lineality(zeros.lineality), tuple(cells), is_full)
