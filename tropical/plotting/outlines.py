"""Outlines of a planar slice, exactly: polygons in order, boundaries between pieces, connected regions."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from tropical.cones import Cone, Integers, facets
from tropical.plotting.slices import Part
from tropical.rationals import Vector

Point = tuple[Fraction, ...]


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

    >>> from tropical.polyhedron import Box
    >>> [tuple(map(str, point)) for point in polygon(Box([0, 0], [1, 1]).cone)]
    [('0', '0'), ('0', '1'), ('1', '1'), ('1', '0')]
    """
    neighbours: dict[int, list[int]] = {}
    for members in facets(cone).values():
        i, j = _two_members(members)
        neighbours.setdefault(i, []).append(j)
        neighbours.setdefault(j, []).append(i)
    order, previous, current = [0], 0, neighbours[0][0]
    while current != 0:
        order.append(current)
        first, second = neighbours[current]
        previous, current = current, second if first == previous else first
    return [_point(cone.generators[i]) for i in order]


def segments(parts: Sequence[Part]) -> list[Segment]:
    """The edges of all parts, cut at every vertex on their line, so that parts need not meet face to face."""
    by_line: dict[Integers, list[tuple[Point, Point, int, int]]] = {}
    for index, part in enumerate(parts):
        for constraint, members in facets(part.cone).items():
            row = part.cone.constraints[constraint]
            side = 1 if next(a for a in row[:0:-1] if a) > 0 else -1
            line = tuple(side * a for a in row)
            i, j = _two_members(members)
            ends = sorted(_point(part.cone.generators[k]) for k in (i, j))
            by_line.setdefault(line, []).append((ends[0], ends[1], side, index))
    return [segment for line, edges in by_line.items() for segment in _along(line, edges)]


def _along(line: Integers, edges: Sequence[tuple[Point, Point, int, int]]) -> list[Segment]:
    """Overlay the edges on one line; points on a line are in lexicographic order along it."""
    stops = sorted({end for edge in edges for end in edge[:2]})
    position = {stop: i for i, stop in enumerate(stops)}
    owners: dict[int, list[int | None]] = {1: [None] * len(stops), -1: [None] * len(stops)}
    for start, stop, side, index in edges:
        for i in range(position[start], position[stop]):
            owners[side][i] = index
    intervals = zip(stops, stops[1:], owners[1], owners[-1], strict=False)
    return [Segment(line, (a, b), left, right) for a, b, left, right in intervals if (left, right) != (None, None)]


def components(count: int, edges: Sequence[Segment], pieces: Sequence[int]) -> list[list[int]]:
    """Connected regions: parts with one piece (by index) joined across segments."""
    parent = list(range(count))
    for edge in edges:
        if edge.left is not None and edge.right is not None and pieces[edge.left] == pieces[edge.right]:
            parent[_root(parent, edge.left)] = _root(parent, edge.right)
    members: dict[int, list[int]] = {}
    for index in range(count):
        members.setdefault(_root(parent, index), []).append(index)
    return list(members.values())


def colouring(count: int, edges: Sequence[Segment], pieces: Sequence[int], colours: int) -> list[int]:
    """Give each of ``count`` pieces a number such that pieces with a common boundary differ.

    All numbers differ if ``count`` <= ``colours``. Otherwise pieces take, most neighbours first, the least used number
    below ``colours`` that no neighbour has, and a number from ``colours`` on only if there is none.
    """
    if count <= colours:
        return list(range(count))
    neighbours: list[set[int]] = [set() for _ in range(count)]
    for edge in edges:
        if edge.left is not None and edge.right is not None and pieces[edge.left] != pieces[edge.right]:
            neighbours[pieces[edge.left]].add(pieces[edge.right])
            neighbours[pieces[edge.right]].add(pieces[edge.left])
    chosen: dict[int, int] = {}
    used = [0] * (count + colours)
    for piece in sorted(range(count), key=lambda i: (-len(neighbours[i]), i)):
        taken = {chosen[other] for other in neighbours[piece] if other in chosen}
        free = [c for c in range(colours) if c not in taken] or [c for c in range(colours, len(used)) if c not in taken]
        chosen[piece] = min(free, key=lambda c: (c >= colours, used[c], c))
        used[chosen[piece]] += 1
    return [chosen[i] for i in range(count)]


def _root(parent: list[int], index: int) -> int:
    while parent[index] != index:
        parent[index] = parent[parent[index]]
        index = parent[index]
    return index


def _two_members(mask: int) -> tuple[int, int]:
    low = (mask & -mask).bit_length() - 1
    return low, (mask & ~(1 << low)).bit_length() - 1


def _point(generator: Integers) -> Vector:
    return tuple(Fraction(a, generator[0]) for a in generator[1:])
