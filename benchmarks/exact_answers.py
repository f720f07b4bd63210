"""What answers about a network must be: from the exact cone and the rational form of every cell, and nothing else.

For networks with one output, in a box in two or three dimensions; used by answers.py.
"""

from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

import tropical as tp
from tropical.activation.cutting import activation_parts
from tropical.budget import Meter
from tropical.functions.affine import form_of_row
from tropical.polyhedra.cones import Cone, Integers, edges, facets, point_of

Face = frozenset[Integers]


class ExactAnswers:
    """The cells in the order of their patterns: cones, and rows (constant, gradient) of the function on them."""

    def __init__(self, net: tp.ReLUNetwork, domain: tp.Polyhedron) -> None:
        parts = sorted(activation_parts(net, domain.cone, Meter()), key=lambda part: part.pattern or (), reverse=True)
        self.patterns = np.array([part.pattern for part in parts], np.int8)
        self.cones: list[Cone] = [part.cone for part in parts]
        self.rows = [part.rows[0] for part in parts]

    def check(self, cx: tp.PolyhedralComplex, question: str, found: Any) -> None:
        """Assert that an answer on a complex is right; pictures are compared by a test instead."""
        assert np.array_equal(cx.pattern_array, self.patterns)
        if question == "affine_pieces":
            assert found == [form_of_row(row) for row in dict.fromkeys(self.rows)]
        elif question == "linear_regions":
            assert [region.cells for region in found] == self.regions
            some = found[:: len(found) // 1000 + 1]
            assert all(region.piece == form_of_row(self.rows[region.cells[0]]) for region in some)
        elif question in ("maximum", "minimum"):
            values = (value / cone.generators[i][0] for cone, row in self.cells() for i, value in on(cone, row))
            assert found.value == (max if question == "maximum" else min)(values)
        elif question == "lipschitz":
            squares = [sum(q * q for q in row[1:]) for row in self.rows]
            largest = max(squares)
            assert found.squared == largest
            assert found.region.cells == next(cells for cells in self.regions if squares[cells[0]] == largest)
        elif question == "f_vector":
            vertices = {g for cone in self.cones for g in cone.generators}
            lines = {frozenset((c.generators[i], c.generators[j])) for c in self.cones for i, j in edges(c)}
            faces = (vertices, lines, self.facet_cells)[: cx.network.input_dim]
            assert found == tuple(map(len, (*faces, self.cones)))
        elif question == "decision_boundary":
            assert [(piece.cells, tuple(sorted(piece.vertices))) for piece in found] == list(self.boundary())

    def cells(self) -> Iterator[tuple[Cone, tuple[Fraction, ...]]]:
        """Cones and rows."""
        return zip(self.cones, self.rows, strict=True)

    @cached_property
    def facet_cells(self) -> dict[Face, list[int]]:
        """The cells beside each facet, by its vertices."""
        found: dict[Face, list[int]] = {}
        for index, cone in enumerate(self.cones):
            for mask in facets(cone).values():
                face = frozenset(g for i, g in enumerate(cone.generators) if mask >> i & 1)
                found.setdefault(face, []).append(index)
        return found

    @cached_property
    def regions(self) -> list[tuple[int, ...]]:
        """Cells that are connected through facets and have one row, in the order of the first of them."""
        root = list(range(len(self.cones)))

        def top(cell: int) -> int:
            while root[cell] != cell:
                root[cell] = cell = root[root[cell]]
            return cell

        for beside in self.facet_cells.values():
            if len(beside) == 2 and self.rows[beside[0]] == self.rows[beside[1]]:
                one, two = sorted(map(top, beside))
                root[two] = one
        found: dict[int, list[int]] = {}
        for cell in range(len(root)):
            found.setdefault(top(cell), []).append(cell)
        return [tuple(cells) for cells in found.values()]

    def boundary(self) -> Iterator[tuple[tuple[int, ...], tuple[tuple[Fraction, ...], ...]]]:
        """Each cell in which the function changes its sign, and the points of its edges where it vanishes."""
        for index, (cone, row) in enumerate(self.cells()):
            values = [value for _, value in on(cone, row)]
            assert all(values), "the function vanishes at a vertex"
            if min(values) < 0 < max(values):
                pairs = [(i, j) for i, j in edges(cone) if values[i] * values[j] < 0]
                yield (index,), tuple(sorted(between(cone, values, i, j) for i, j in pairs))


def on(cone: Cone, row: tuple[Fraction, ...]) -> Iterator[tuple[int, Fraction]]:
    """The function at each vertex, times its first coordinate."""
    return ((i, sum((a * b for a, b in zip(row, g, strict=True)), Fraction(0))) for i, g in enumerate(cone.generators))


def between(cone: Cone, values: list[Fraction], i: int, j: int) -> tuple[Fraction, ...]:
    """The point between two vertices at which the function vanishes."""
    first, second = (point_of(cone.generators[k]) for k in (i, j))
    a, b = (values[k] / cone.generators[k][0] for k in (i, j))
    return tuple((b * x - a * y) / (b - a) for x, y in zip(first, second, strict=True))
