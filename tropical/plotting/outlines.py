"""Outlines of the parts of a picture, exactly: polygons in order, boundaries between parts, connected regions."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tropical.arithmetic.rationals import Vector
from tropical.polyhedra.cones import Cone, Integers, edges, facets, point_of
from tropical.polyhedra.part import Part

Point = tuple[Fraction, ...]
Outline = list[tuple[float, ...]]

_Ends = tuple[Integers, Integers]
_Owned = tuple[Integers, Integers, int, int]


@dataclass(frozen=True)
class Segment:
    """A maximal piece of an edge with one part on either side (``left``, ``right``: indices), None where there is none.

    ``line`` is the row (c, a, b) of the supporting line c + ax + by = 0, primitive, its sign normalised.
    """

    line: Integers
    ends: tuple[Vector, Vector]
    left: int | None
    right: int | None


def polygon(cone: Cone) -> list[Vector]:
    """Vertices of a bounded polygon in cyclic order, read off from which vertices share an edge.

    >>> from tropical.polyhedra.polyhedron import Box
    >>> [tuple(map(str, point)) for point in polygon(Box([0, 0], [1, 1]).cone)]
    [('0', '0'), ('0', '1'), ('1', '1'), ('1', '0')]
    """
    return [point_of(cone.generators[i]) for i in cycle(map(_two_members, facets(cone).values()))]


def float_polygon(cone: Cone) -> Outline:
    """The same, every coordinate rounded to the nearest float64."""
    return [float_point(cone.generators[i]) for i in cycle(map(_two_members, facets(cone).values()))]


def faces_of_solid(cone: Cone) -> list[tuple[int, list[int]]]:
    """The facets of a bounded polyhedron in space: the index of the constraint, and the vertices in cyclic order.

    >>> from tropical.polyhedra.polyhedron import Box
    >>> len(faces_of_solid(Box([0, 0, 0], [1, 1, 1]).cone))
    6
    """
    pairs = edges(cone)
    found = []
    for constraint, members in facets(cone).items():
        found.append((constraint, cycle((i, j) for i, j in pairs if members >> i & 1 and members >> j & 1)))
    return found


def cycle(pairs: Iterable[tuple[int, int]]) -> list[int]:
    """The members of a closed path of edges, in order."""
    neighbours: dict[int, list[int]] = {}
    for i, j in pairs:
        neighbours.setdefault(i, []).append(j)
        neighbours.setdefault(j, []).append(i)
    start = min(neighbours)
    order, previous, current = [start], start, neighbours[start][0]
    while current != start:
        order.append(current)
        first, second = neighbours[current]
        previous, current = current, second if first == previous else first
    return order


def segments(parts: Sequence[Part]) -> list[Segment]:
    """The edges of all parts, cut at every vertex on their line, so that parts need not meet face to face."""
    pairs: dict[_Ends, list[tuple[int, Integers]]] = {}
    for index, part in enumerate(parts):
        for constraint, members in facets(part.cone).items():
            i, j = _two_members(members)
            a, b = part.cone.generators[i], part.cone.generators[j]
            pairs.setdefault((a, b) if a < b else (b, a), []).append((index, part.cone.constraints[constraint]))
    points = _Points()
    found: list[Segment] = []
    by_line: dict[Integers, list[_Owned]] = {}
    for (a, b), owners in pairs.items():
        sided = [(index, *_normalised(row)) for index, row in owners]
        line = sided[0][1]
        if len(sided) == 2:
            sides = {side: index for index, _, side in sided}
            found.append(Segment(line, points.ordered(a, b), sides[1], sides[-1]))
        else:
            by_line.setdefault(line, []).append((a, b, sided[0][2], sided[0][0]))
    return found + [segment for line, own in by_line.items() for segment in _along(line, own, points)]


class _Points(dict[Integers, Vector]):
    """Vertices by their homogeneous vectors, each divided out once."""

    def __missing__(self, generator: Integers) -> Vector:
        point = self[generator] = point_of(generator)
        return point

    def ordered(self, a: Integers, b: Integers) -> tuple[Vector, Vector]:
        first, second = self[a], self[b]
        return (first, second) if first < second else (second, first)


def _normalised(row: Integers) -> tuple[Integers, int]:
    """The row with a positive last non-zero entry, and the sign that it had."""
    side = 1 if next(a for a in row[:0:-1] if a) > 0 else -1
    return (row if side > 0 else tuple(-a for a in row)), side


def _along(line: Integers, owned: Sequence[_Owned], points: _Points) -> list[Segment]:
    """Overlay the edges on one line; points on a line are in lexicographic order along it."""
    edges_ = [(*points.ordered(a, b), side, index) for a, b, side, index in owned]
    stops = sorted({end for edge in edges_ for end in edge[:2]})
    position = {stop: i for i, stop in enumerate(stops)}
    owners: dict[int, list[int | None]] = {1: [None] * len(stops), -1: [None] * len(stops)}
    for start, stop, side, index in edges_:
        for i in range(position[start], position[stop]):
            owners[side][i] = index
    intervals = zip(stops, stops[1:], owners[1], owners[-1], strict=False)
    return [Segment(line, (a, b), left, right) for a, b, left, right in intervals if (left, right) != (None, None)]


def components(count: int, pairs: Iterable[tuple[int, int]], pieces: Sequence[int]) -> list[list[int]]:
    """Connected regions: parts with one piece (by index), of which the given pairs are neighbours."""
    parent = list(range(count))
    for left, right in pairs:
        if pieces[left] == pieces[right]:
            parent[_root(parent, left)] = _root(parent, right)
    members: dict[int, list[int]] = {}
    for index in range(count):
        members.setdefault(_root(parent, index), []).append(index)
    return list(members.values())


def adjacent(edges: Iterable[Segment]) -> list[tuple[int, int]]:
    """The pairs of parts on the two sides of a segment."""
    return [(edge.left, edge.right) for edge in edges if edge.left is not None and edge.right is not None]


def colouring(count: int, pairs: Iterable[tuple[int, int]], colours: int) -> list[int]:
    """Give each of ``count`` pieces a number such that neighbours, the given pairs, differ.

    All numbers differ if ``count`` <= ``colours``. Otherwise pieces take, most neighbours first, the least used number
    below ``colours`` that no neighbour has, and a number from ``colours`` on only if there is none.

    >>> colouring(3, [(0, 1), (1, 2)], 2)
    [1, 0, 1]
    """
    if count <= colours:
        return list(range(count))
    neighbours: list[set[int]] = [set() for _ in range(count)]
    for i, j in pairs:
        neighbours[i].add(j)
        neighbours[j].add(i)
    chosen = [-1] * count
    used = [0] * (count + colours)
    degrees = [-len(others) for others in neighbours]
    for piece in sorted(range(count), key=degrees.__getitem__):
        taken = {chosen[other] for other in neighbours[piece]}
        best = -1
        for c in range(colours):
            if c not in taken and (best < 0 or used[c] < used[best]):
                best = c
        if best < 0:
            best = next(c for c in range(colours, len(used)) if c not in taken)
        chosen[piece] = best
        used[best] += 1
    return chosen


def float_point(generator: Integers) -> tuple[float, ...]:
    """The same, correctly rounded."""
    return tuple(a / generator[0] for a in generator[1:])


def measures(outline: Outline) -> tuple[float, float, tuple[float, float]]:
    """Area, perimeter and centroid of a convex polygon."""
    area = perimeter = moment_x = moment_y = 0.0
    bx, by = outline[0]
    for (px, py), (qx, qy) in zip(outline, [*outline[1:], outline[0]], strict=True):
        perimeter += math.hypot(qx - px, qy - py)
        twice = (px - bx) * (qy - by) - (qx - bx) * (py - by)
        area += twice / 2
        moment_x += twice * (px + qx + bx) / 6
        moment_y += twice * (py + qy + by) / 6
    if not area:  # a polygon thinner than float64 can tell
        return 0.0, perimeter, (bx, by)
    return abs(area), perimeter, (moment_x / area, moment_y / area)


def _root(parent: list[int], index: int) -> int:
    while parent[index] != index:
        parent[index] = parent[parent[index]]
        index = parent[index]
    return index


def _two_members(mask: int) -> tuple[int, int]:
    low = (mask & -mask).bit_length() - 1
    return low, (mask & ~(1 << low)).bit_length() - 1
