"""The face lattice of one polyhedral cone, and the volume of a polytope from it."""

import math
from collections.abc import Sequence
from fractions import Fraction

from tropical.arithmetic.rationals import Vector, to_flint
from tropical.budget import Meter

Face = tuple[int, ...]


def face_lattice(count: int, facets: Sequence[int], dim: int, meter: Meter | None = None) -> list[list[int]]:
    """Faces of dimension 0, ..., dim of a polyhedron, as bit masks over the ``count`` generators of its cone.

    ``facets`` are the masks of the cone's facets. The lattice is graded, so the facets of a face are its
    inclusion-maximal intersections with facets of the cone. Faces at infinity are included.

    >>> [len(level) for level in face_lattice(4, [0b0011, 0b0110, 0b1100, 0b1001], 2)]  # a square
    [4, 4, 1]
    """
    levels: list[list[int]] = [[] for _ in range(dim + 1)]
    levels[dim] = [(1 << count) - 1]
    for k in range(dim, 0, -1):
        below: dict[int, None] = {}
        for face in levels[k]:
            if meter is not None:
                meter.check_time()
            below.update(dict.fromkeys(_maximal({face & facet for facet in facets} - {face, 0})))
        levels[k - 1] = list(below)
    return levels


def _maximal(sets: set[int]) -> list[int]:
    return [s for s in sorted(sets) if not any(s != t and s & t == s for t in sets)]


def polytope_volume(vertices: Sequence[Vector], levels: Sequence[Sequence[int]]) -> Fraction:
    """Exact volume of a full-dimensional polytope in Q^n from its vertices and its face lattice.

    The polytope is the union of the pyramids from one vertex over the facets that avoid it, recursively.

    >>> square = [tuple(map(Fraction, point)) for point in ((0, 0), (2, 0), (2, 2), (0, 2))]
    >>> polytope_volume(square, face_lattice(4, [0b0011, 0b0110, 0b1100, 0b1001], 2))
    Fraction(4, 1)
    """
    dim = len(levels) - 1

    def simplices(face: int, k: int) -> list[tuple[int, ...]]:
        """Vertex sets of simplices that triangulate a face of dimension k."""
        apex = (face & -face).bit_length() - 1
        if k == 0:
            return [(apex,)]
        avoiding = [f for f in levels[k - 1] if f & face == f and not f >> apex & 1]
        return [(apex, *simplex) for f in avoiding for simplex in simplices(f, k - 1)]

    total = Fraction(0)
    for first, *others in simplices(levels[dim][0], dim):
        edges = [[b - a for a, b in zip(vertices[first], vertices[i], strict=True)] for i in others]
        determinant = to_flint(edges).det()
        total += abs(Fraction(int(determinant.p), int(determinant.q)))
    return total / math.factorial(dim)
