"""Faces and linear regions of complexes in dimension at most 2, in Fractions, from the patterns of their cells."""

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction

import networkx

from oracles.activation_z3 import Case, Form, Pattern, Vector, forms_of, value_at
from oracles.claims_by_points import canonical

Facet = tuple[Vector, tuple[Vector | None, ...]]


def face_counts(case: Case, patterns: Iterable[Pattern]) -> tuple[int, ...]:
    """(vertices, cells) on a line, (vertices, edges, cells) in the plane."""
    patterns = list(patterns)
    facets = {facet for pattern in patterns for facet in facets_of(case, pattern)}
    vertices = {end for _, ends in facets for end in ends if end is not None}
    return (len(vertices), *([len(facets)] if case.input_dim == 2 else []), len(patterns))


def region_count(case: Case, patterns: Iterable[Pattern]) -> int:
    """The number of linear regions: cells of one affine map, together where they share a facet."""
    graph, sides = networkx.Graph(), defaultdict(list)
    for pattern in patterns:
        graph.add_node(pattern)
        for facet in facets_of(case, pattern):
            sides[facet, forms_of(case, pattern)[1]].append(pattern)
    graph.add_edges_from(cells for cells in sides.values() if len(cells) == 2)
    return int(networkx.number_connected_components(graph))


def facets_of(case: Case, pattern: Pattern) -> set[Facet]:
    """The facets of a closed cell, each by its line, canonical, and its ends."""
    walls = walls_of(case, pattern)
    lines = {canonical((b, *row)) for row, b in walls}
    return {(line, ends) for line in lines for ends in edge(line, walls)}


def walls_of(case: Case, pattern: Pattern) -> list[Form]:
    """Forms that are >= 0 on the closed cell and nowhere else, without constant ones."""
    bent, _ = forms_of(case, pattern)
    signed = [(tuple(s * q for q in row), s * b) for s, (row, b) in zip(pattern, bent, strict=True)]
    return [(row, b) for row, b in (*signed, *case.constraints) if any(row)]


def edge(line: Vector, walls: list[Form]) -> Iterable[tuple[Vector | None, ...]]:
    """The ends of the cell's edge on {line = 0}, None where it is unbounded; in one dimension the point itself."""
    constant, *normal = line
    if len(normal) == 1:
        point = (-constant / normal[0],)
        return [(point,)] if all(value_at(wall, point) >= 0 for wall in walls) else []
    a, b = normal
    square = a * a + b * b
    base, way = (-constant * a / square, -constant * b / square), (-b, a)
    low: Fraction | None = None
    high: Fraction | None = None
    for row, c in walls:
        here, speed = value_at((row, c), base), value_at((row, Fraction(0)), way)
        if speed == 0 and here < 0:
            return []
        if speed > 0:
            low = -here / speed if low is None else max(low, -here / speed)
        if speed < 0:
            high = -here / speed if high is None else min(high, -here / speed)
    if low is not None and high is not None and low >= high:
        return []
    return [tuple(None if t is None else (base[0] + t * way[0], base[1] + t * way[1]) for t in (low, high))]
