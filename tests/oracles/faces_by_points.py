"""Vertices and edges of activation complexes in dimension at most 2, in Fractions, from the patterns of their cells."""

from collections.abc import Iterable
from fractions import Fraction

from oracles.activation_z3 import Case, Form, Pattern, Vector, forms_of, value_at
from oracles.claims_by_points import canonical


def face_counts(case: Case, patterns: Iterable[Pattern]) -> tuple[int, ...]:
    """(vertices, cells) on a line, (vertices, edges, cells) in the plane."""
    patterns = list(patterns)
    edges: set[tuple[Vector, tuple[Vector | None, ...]]] = set()
    for pattern in patterns:
        walls = walls_of(case, pattern)
        for line in {canonical((b, *row)) for row, b in walls}:
            edges |= {(line, ends) for ends in edge(line, walls)}
    vertices = {end for _, ends in edges for end in ends if end is not None}
    return (len(vertices), *([len(edges)] if case.input_dim == 2 else []), len(patterns))


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
