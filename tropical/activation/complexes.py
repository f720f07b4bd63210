"""Polyhedral complexes of activation regions: cells, faces, incidences."""

import math
from collections.abc import Iterable
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tropical.activation.cutting import activation_parts, pattern_cone
from tropical.activation.patterns import PatternTable
from tropical.arguments import as_index, require
from tropical.arithmetic.rationals import Matrix, Vector, as_vector, primitive, saturated
from tropical.budget import Meter
from tropical.functions.affine import AffineMap, form_of_row
from tropical.functions.network import Pattern, ReLUNetwork
from tropical.notation import cut, html_complex, svg_cells
from tropical.polyhedra.chart import Chart
from tropical.polyhedra.cones import Cone, Integers, facets
from tropical.polyhedra.face_complex import FaceComplex
from tropical.polyhedra.faces import Face, face_lattice
from tropical.polyhedra.hull import Hull
from tropical.polyhedra.polyhedron import Polyhedron
from tropical.values import Value, short

if TYPE_CHECKING:
    import networkx

_DRAWN_CELLS = 256
_DRAWN_SIGNS = 4096


class PolyhedralComplex(Value):
    """The activation regions of a network on a domain, with their faces; made by ``polyhedral_complex``.

    Holds one activation pattern per cell. Geometry is exact and derived when first asked for; no answer, nor its order,
    depends on what was asked before. In coordinates y = Ax of ``chart``, modulo the kernel of the first layer (all
    of R^n), or of the affine hull of the domain, generators are primitive integer vectors (y_0, y), vertices where
    y_0 > 0 and rays where y_0 = 0.
    ``complete`` is False if a budget stopped the enumeration, and ``incomplete_because`` then says why. ``==`` goes by
    the network, the domain, the cells found and that reason, whatever was asked and by whichever route.
    """

    def __init__(
        self,
        network: ReLUNetwork,
        chart: Chart,
        in_chart: ReLUNetwork,
        patterns: PatternTable,
        incomplete_because: str | None = None,
        known_f_vector: tuple[int, ...] | None = None,
        known_cones: dict[Pattern, Cone] | None = None,
    ) -> None:
        self.network = network
        self.chart = chart
        self.incomplete_because = incomplete_because
        self._in_chart = in_chart
        self._table = patterns
        self._known_f_vector = known_f_vector
        self._known_cones = known_cones

    @classmethod
    def _kept(cls) -> tuple[str, ...]:
        return "network", "chart", "incomplete_because", "_in_chart", "_table", "_known_f_vector"

    def __repr__(self) -> str:
        state = "" if self.incomplete_because is None else f", incomplete: {cut(self.incomplete_because, 100)}"
        return f"<PolyhedralComplex of {self.num_cells} cells in R^{self.network.input_dim}{state}>"

    def _repr_html_(self) -> str:
        known = self.f_vector if "f_vector" in vars(self) else None  # never computed for the sake of being shown
        summary = html_complex(self.network.input_dim, self.num_cells, self.incomplete_because, known)
        return summary + (_thumbnail(self) if self._is_small else "")

    @property
    def domain(self) -> Polyhedron | None:
        """The domain, or None for all of R^n."""
        return self.chart.domain

    @property
    def _is_small(self) -> bool:
        """Whether the cells can be drawn in the plane in a fraction of a second."""
        planar = self.network.input_dim == self.chart.hull.dim == 2 and 0 < self.num_cells <= _DRAWN_CELLS
        return planar and self.num_cells * (self.network.num_kinked + 1) <= _DRAWN_SIGNS

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, PolyhedralComplex):
            return NotImplemented
        same = self.num_cells == other.num_cells and self.incomplete_because == other.incomplete_because
        same = same and self.domain == other.domain and self.network == other.network
        return same and self._table == other._table

    def __hash__(self) -> int:
        return hash((self.network, self.domain, self.num_cells))

    @property
    def complete(self) -> bool:
        """Whether every cell is present."""
        return self.incomplete_because is None

    @property
    def num_cells(self) -> int:
        """Number of activation regions found."""
        return len(self._table)

    @cached_property
    def pattern_array(self) -> NDArray[np.int8]:
        """The activation pattern of each cell as an array (cells, units); held packed until it is asked for."""
        return self._table.signs()

    @cached_property
    def patterns(self) -> tuple[Pattern, ...]:
        """The activation pattern of each cell."""
        return tuple(map(tuple, self.pattern_array.tolist()))

    @cached_property
    def lineality(self) -> Matrix:
        """Integer basis of the directions along which the complex is invariant (shared by all its faces)."""
        remaining = self.cone(0).lineality if self.num_cells else self.chart.cone.lineality
        return self.chart.lineality(remaining)

    @cached_property
    def cells(self) -> tuple["Cell", ...]:
        """The cells, in decreasing lexicographic order of their patterns."""
        return tuple(Cell(self, i) for i in range(self.num_cells))

    def _cell(self, index: int) -> "Cell":
        """One of the cells, without the others."""
        return self.cells[index] if "cells" in self.__dict__ else Cell(self, index)

    def cone(self, index: int) -> Cone:
        """The cone over {1} x cell, in the coordinates of the complex."""
        index = as_index(index, self.num_cells, "index")
        if "_cones" in self.__dict__ or self.__dict__.get("_known_cones") is not None:
            return self._cones[index]
        if index not in self._single_cones:
            self._single_cones[index] = pattern_cone(self._in_chart, self.chart.cone, self._table[index]).in_order()
        return self._single_cones[index]

    @cached_property
    def _single_cones(self) -> dict[int, Cone]:
        return {}

    @cached_property
    def generators(self) -> tuple[Integers, ...]:
        """All vertices and rays, as primitive integer vectors (y_0, y)."""
        return tuple(dict.fromkeys(g for cone in self._cones for g in cone.generators))

    @cached_property
    def _cones(self) -> tuple[Cone, ...]:
        return self._make_cones(Meter())

    def _find_facets(self, meter: Meter) -> None:
        """Cones and facets, before they are asked for: where time is limited."""
        if "_cones" not in self.__dict__:
            self.__dict__["_cones"] = self._make_cones(meter)
        if "_walls" not in self.__dict__:
            self.__dict__["_walls"] = self._make_walls(meter)

    def _make_cones(self, meter: Meter) -> tuple[Cone, ...]:
        by_pattern = vars(self).pop("_known_cones", None)
        if by_pattern is None and not self.complete:
            return tuple(self.cone(index) for index in range(self.num_cells))
        if by_pattern is None:
            cells = activation_parts(self._in_chart, self.chart.cone_within(meter), meter)
            by_pattern = {cell.pattern: cell.cone for cell in cells}
        return tuple(by_pattern[pattern].in_order() for pattern in self.patterns)

    @cached_property
    def _cell_generators(self) -> tuple[tuple[int, ...], ...]:
        place = {generator: i for i, generator in enumerate(self.generators)}
        return tuple(tuple(place[g] for g in cone.generators) for cone in self._cones)

    @cached_property
    def faces(self) -> tuple[tuple[Face, ...], ...]:
        """``faces[k]``: the faces of dimension k modulo lineality, each as the sorted indices of its generators."""
        levels: list[dict[Face, None]] = [{} for _ in range(self._dim + 1)]
        for index in range(self.num_cells):
            for k, faces in enumerate(self._cell_faces(index)):
                levels[k].update(dict.fromkeys(faces))
        return tuple(tuple(level) for level in levels)

    @cached_property
    def f_vector(self) -> tuple[int, ...]:
        """Number of faces of each dimension 0, 1, ..., r modulo lineality.

        Euler's relation: its alternating sum is (-1)^r on R^r and 1 on a box.
        """
        return self.face_complex.f_vector if self._known_f_vector is None else self._known_f_vector

    @cached_property
    def face_complex(self) -> FaceComplex:
        """The :attr:`faces` with their incidences."""
        return FaceComplex(self.faces)

    @cached_property
    def facet_cells(self) -> dict[Face, tuple[int, ...]]:
        """The one or two cells on each facet (face of codimension 1)."""
        return {face: cells for face, (_, cells) in self._walls.items()}

    @property
    def _facet_rows(self) -> dict[Face, Integers]:
        """For each facet a row on (y_0, y) that vanishes on it and is >= 0 on the first of its cells."""
        return {face: row for face, (row, _) in self._walls.items()}

    @cached_property
    def _walls(self) -> dict[Face, tuple[Integers, tuple[int, ...]]]:
        """For each facet its row and its cells."""
        return self._make_walls(Meter())

    def _make_walls(self, meter: Meter) -> dict[Face, tuple[Integers, tuple[int, ...]]]:
        found: dict[Face, tuple[Integers, list[int]]] = {}
        for index in range(self.num_cells):
            meter.check_time()
            for face, row in self._cell_facets(index).items():
                found.setdefault(face, (row, []))[1].append(index)
        return {face: (row, tuple(cells)) for face, (row, cells) in found.items()}

    def _affine_map(self, pattern: Pattern) -> AffineMap:
        """The affine map that the network follows on the cell of a pattern, the same for equal functions there."""
        if not self.chart.hull.equations:
            return self.network.affine_map(pattern)
        return AffineMap(tuple(self.chart.pull_back_all(self._in_chart.affine_map(pattern).forms)))

    def dual_graph(self) -> "networkx.Graph[int]":
        """Graph on the cell indices; cells that share a facet are joined.

        A node has the ``pattern`` of its cell and the affine map ``form`` that the network follows there. An edge has
        the ``facet``; the ``hyperplane`` through it, an affine form with coprime integer coefficients, positive inside
        the first of the two cells; and a ``unit`` (layer, index) whose preactivation on both cells is a positive
        multiple of that form: the first one whose sign differs.

        >>> from tropical import polyhedral_complex
        >>> relu = ReLUNetwork.from_arrays([[[1]], [[1]]], [[-2], None])
        >>> graph = polyhedral_complex(relu).dual_graph()
        >>> graph.nodes[0]["pattern"], str(graph.nodes[0]["form"]), graph.edges[0, 1]["unit"]
        ((1,), '(x0 - 2)', (0, 0))
        >>> print(graph.edges[0, 1]["hyperplane"])
        x0 - 2
        """
        import networkx

        graph: networkx.Graph[int] = networkx.Graph()
        graph.add_nodes_from((cell.index, {"pattern": cell.pattern, "form": cell.affine_map}) for cell in self.cells)
        units = [(layer, unit) for layer, own in enumerate(self.network.layers) for unit in own.kinked]
        shared = [(face, row, cells) for face, (row, cells) in self._walls.items() if len(cells) == 2]
        forms = map(form_of_row, self.chart.pull_back_rows([row for _, row, _ in shared]))
        for (face, _, cells), form in zip(shared, forms, strict=True):
            # In the first layer in which the patterns differ both cells see the same affine preactivations: a unit with
            # two signs there has opposite ones, vanishes on the facet, and is positive on the first cell, as patterns
            # decrease.
            unit = units[int((self.pattern_array[cells[0]] != self.pattern_array[cells[1]]).argmax())]
            graph.add_edge(*cells, facet=face, unit=unit, hyperplane=form)
        return graph

    def _cell_facets(self, index: int) -> dict[Face, Integers]:
        """The facets of one cell, each with a row on (y_0, y) that vanishes on it and is >= 0 on the cell."""
        own = self._cell_generators[index]
        return {_face(own, members): row for row, members in self._proper_facets(index)}

    def locate(self, x: Iterable[Any]) -> "Cell":
        """The cell that contains the rational point x; on a common face, the first of its cells.

        Raises ``ValueError`` if x is outside the domain (or in a part that a budget left out).
        """
        point = as_vector(x, "x")
        if self.domain is None or self.domain.contains(point):
            containing = self._table.compatible(self.network.activation_pattern(point))
            if len(containing):
                return self.cells[int(containing[0])]
        raise ValueError(f"no cell of this complex contains the point {tuple(map(str, point))}")

    @property
    def _dim(self) -> int:
        return self.chart.hull.dim - len(self.lineality)

    def _proper_facets(self, index: int) -> list[tuple[Integers, int]]:
        """Pairs (constraint, generator mask) of the facets that are not at infinity."""
        cone = self.cone(index)
        finite = sum(1 << i for i, g in enumerate(cone.generators) if g[0])
        return [(cone.constraints[c], members) for c, members in facets(cone).items() if members & finite]

    def _cell_faces(self, index: int) -> list[list[Face]]:
        cone, own = self._cones[index], self._cell_generators[index]
        finite = sum(1 << i for i, g in enumerate(cone.generators) if g[0])
        levels = face_lattice(len(own), list(facets(cone).values()), self._dim)
        return [[_face(own, members) for members in level if members & finite] for level in levels]


class Cell(Polyhedron):
    """One activation region of a complex: a closed polyhedron, of the domain's dimension, where the network is affine.

    As a polyhedron it may be a domain; ``halfspaces`` are irredundant, one for each facet.
    """

    def __init__(self, owner: PolyhedralComplex, index: int) -> None:
        self._complex = owner
        self.index = index
        object.__setattr__(self, "input_dim", owner.network.input_dim)

    @classmethod
    def _kept(cls) -> tuple[str, ...]:
        return "_complex", "index", "input_dim"

    def __repr__(self) -> str:
        return f"<Cell {self.index} with pattern {short(self.pattern)}>"

    @property
    def pattern(self) -> Pattern:
        """Signs of the preactivations in the interior; 0 where one vanishes identically; none for linear units."""
        return self._complex._table[self.index]

    @cached_property
    def affine_map(self) -> AffineMap:
        """The affine map that the network follows on this cell.

        Where the domain has equations it does not see the coordinates that these determine.
        """
        return self._complex._affine_map(self.pattern)

    @property
    def chart(self) -> Chart:
        """The coordinates y = Ax of the complex, in which :attr:`cone_in_chart` lives."""
        return self._complex.chart

    @property
    def hull(self) -> Hull:
        """That of the domain: one for all cells."""
        return self.chart.hull

    @property
    def _inside(self) -> Integers:
        return self.cone_in_chart.interior_vector()

    @property
    def cone_in_chart(self) -> Cone:
        """The cone over {1} x cell in the coordinates of the complex."""
        return self._complex.cone(self.index)

    def _make_cone(self, meter: Meter | None = None) -> Cone:
        """The cone over {1} x cell in x, its generators in the order of those of :attr:`cone_in_chart`."""
        cone = self.cone_in_chart
        if self._complex.domain is not None:
            return self.hull.lifted_cone(cone)
        constraints = tuple(self.chart.pull_back_rows(cone.constraints))
        if self.index:
            return Cone(self._generators, cone.incidence, constraints, self._complex.cells[0].cone.lineality)
        lines = tuple((0, *(q.numerator for q in vector)) for vector in self.lineality)
        return Cone(self._generators, cone.incidence, constraints, lines)

    @cached_property
    def _generators(self) -> tuple[Integers, ...]:
        """Those of :attr:`cone`."""
        return tuple(primitive(self.chart.vector(g)) for g in self.cone_in_chart.generators)

    @cached_property
    def rows(self) -> tuple[Integers, ...]:
        """Rows (constant, gradient), one for each facet, as of every polyhedron."""
        found = self.chart.pull_back_rows([row for row, _ in self._complex._proper_facets(self.index)])
        return tuple(sorted([*found, *self.hull.both_signs], key=lambda row: row[1:], reverse=True))

    @property
    def _facet_rows(self) -> tuple[Integers, ...]:
        return self.rows

    @cached_property
    def vertices(self) -> tuple[Vector, ...]:
        """Vertices, as representatives modulo the lineality space."""
        return tuple(tuple(Fraction(a, g[0]) for a in g[1:]) for g in self._generators if g[0])

    @cached_property
    def rays(self) -> tuple[Vector, ...]:
        """Extreme directions of recession as primitive integer vectors, modulo the lineality space."""
        return tuple(tuple(map(Fraction, g[1:])) for g in self._generators if not g[0])

    @cached_property
    def lineality(self) -> Matrix:
        """Integer basis of the largest linear subspace along which the cell is invariant: one for all cells."""
        return super().lineality if self.index == 0 else self._complex.cells[0].lineality

    @cached_property
    def interior_point(self) -> Vector:
        """A rational point of the interior, relative to the affine hull of the domain."""
        return self.chart.point(self._inside)

    @property
    def is_bounded(self) -> bool:
        """Whether the cell is a polytope."""
        cone = self.cone_in_chart
        return not self.chart.kernel and not cone.lineality and all(g[0] for g in cone.generators)


def require_complete(cx: Any, where: str = "cx") -> None:
    """``ValueError`` unless ``cx`` is a complex and complete."""
    require(cx, PolyhedralComplex, where, "a PolyhedralComplex such as polyhedral_complex(net)")
    if not cx.complete:
        raise ValueError(f"this needs a complete complex; the given one is not: {cx.incomplete_because}")


def _thumbnail(cx: PolyhedralComplex) -> str:
    """A small picture of a planar complex around its vertices, coloured by affine piece; far away replaces infinity."""
    corners = [[_float_point(v) for v in cell.vertices] for cell in cx.cells]
    xs, ys = ({point[i] for points in corners for point in points} for i in (0, 1))
    width = max(max(xs) - min(xs), max(ys) - min(ys)) * 1.4 or 2.0
    if not math.isfinite(8 * width):
        return ""
    centre = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2
    number: dict[AffineMap, int] = {}
    polygons = []
    for cell, points in zip(cx.cells, corners, strict=True):
        rays = [_far(ray, 4 * width) for ray in cell.rays]
        between = [(rays[0][0] + rays[1][0], rays[0][1] + rays[1][1])] if len(rays) == 2 else []
        shifts = [(0.0, 0.0), *rays, *(_far((Fraction(x), Fraction(y)), 4 * width) for x, y in between)]
        for line in cell.lineality:
            x, y = _far(line, 4 * width)
            shifts = [(a + s * x, b + s * y) for a, b in shifts for s in (1, -1)]
        outline = [(x + a, y + b) for x, y in points for a, b in shifts]
        polygons.append((outline, number.setdefault(cell.affine_map, len(number))))
    return svg_cells(polygons, (centre[0] - width / 2, centre[1] - width / 2), width)


def _float_point(point: Vector) -> tuple[float, float]:
    return saturated(point[0]), saturated(point[1])


def _far(direction: Vector, distance: float) -> tuple[float, float]:
    """The vector of this length in the direction."""
    largest = max(map(abs, direction))
    x, y = (float(q / largest) for q in direction)
    scale = distance / math.hypot(x, y)
    return x * scale, y * scale


def _face(own: tuple[int, ...], members: int) -> Face:
    return tuple(sorted(own[i] for i in range(len(own)) if members >> i & 1))
