"""Tropical hypersurfaces as polyhedral complexes, dual to the regular subdivision of the Newton polytope."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

from tropical.arguments import require
from tropical.arithmetic.rationals import Matrix, Vector, as_vector, primitive, primitive_integers
from tropical.budget import Budget, Meter, Progress
from tropical.duality.regular_subdivisions import EnvelopeFace, UpperEnvelope, upper_envelope
from tropical.functions.polynomial import TropicalPolynomial
from tropical.polyhedra.face_complex import FaceComplex
from tropical.polyhedra.faces import Face
from tropical.values import Value


@dataclass(frozen=True, repr=False)
class DualCell(Value):
    """The polyhedron {x : every term of ``terms`` attains p(x)} = conv(vertices) + cone(rays) + lineality space.

    ``terms`` is the cell of the dual subdivision that it belongs to. ``vertices`` and the primitive integer ``rays``
    are representatives modulo the lineality space of the complex, sorted; ``dimension`` counts that space.
    ``==`` and ``hash`` go by all fields.
    """

    dimension: int
    terms: Face
    vertices: tuple[Vector, ...]
    rays: tuple[Vector, ...]


@dataclass(frozen=True, repr=False)
class TropicalHypersurface(Value):
    """{x in Q^n : p(x) is attained by at least two terms}, where p is not differentiable; and the regions it bounds.

    ``cells[k]`` has the cells of dimension k = 0, ..., n - 1, ``regions`` those of dimension n: the regions of
    linearity of p, one for each term that is somewhere larger than all others. All of them, sorted by terms, form a
    polyhedral complex on Q^n, dual to the regular subdivision of the Newton polytope: the cell of dimension k and the
    cell of dimension n - k with the same terms correspond to each other, and incidences are reversed. ``lineality`` is
    an integer basis of the directions along which the hypersurface is invariant; ``face_complex`` has the cells and
    the regions by their vertices and rays. ``==`` and ``hash`` go by all fields.
    """

    polynomial: TropicalPolynomial
    cells: tuple[tuple[DualCell, ...], ...]
    regions: tuple[DualCell, ...]
    lineality: Matrix
    face_complex: FaceComplex = field(repr=False, compare=False)

    @property
    def f_vector(self) -> tuple[int, ...]:
        """Number of cells of each dimension 0, ..., n - 1."""
        return tuple(map(len, self.cells))

    @property
    def facets(self) -> tuple[DualCell, ...]:
        """The cells of dimension n - 1: their union is the hypersurface."""
        return self.cells[-1]

    @property
    def incidences(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """``incidences[k]``: the pairs (i, j) such that cell i of dimension k is a facet of cell j of dimension k + 1.

        For k = n - 1, j counts the regions.
        """
        return self.face_complex.incidences

    @cached_property
    def vertices(self) -> tuple[Vector, ...]:
        """The vertices, sorted: representatives of the smallest cells modulo lineality."""
        return tuple(sorted({vertex for level in self.cells for cell in level for vertex in cell.vertices}))

    @cached_property
    def rays(self) -> tuple[Vector, ...]:
        """The directions of the unbounded edges (cells of one dimension more than the lineality space), sorted."""
        return tuple(sorted({ray for level in self.cells for cell in level for ray in cell.rays}))

    def multiplicity(self, facet: DualCell) -> Fraction:
        """Lattice length of the dual edge: the m > 0 such that its ends differ by m times a primitive integer vector.

        An integer if the exponents are. With these weights the hypersurface is balanced (Maclagan and Sturmfels 2015,
        proposition 3.3.2). Raises ``ValueError`` for a cell of another dimension than n - 1.
        """
        require(facet, DualCell, "facet", "a DualCell")
        if facet.dimension != self.polynomial.input_dim - 1:
            raise ValueError(
                f"only cells of dimension {self.polynomial.input_dim - 1} have a multiplicity, "
                f"got one of dimension {facet.dimension}"
            )
        first, last = (self.polynomial.support[facet.terms[i]] for i in (0, -1))  # sorted along the edge
        edge = [b - a for a, b in zip(first, last, strict=True)]
        return next(Fraction(a) / b for a, b in zip(edge, primitive(edge), strict=True) if b)

    def attaining_terms(self, x: Iterable[Any]) -> Face:
        """The terms that attain p(x): the dual cell of the smallest cell (or region) that contains x."""
        point = as_vector(x, "x")
        value = self.polynomial(point)
        return tuple(i for i, term in enumerate(self.polynomial.terms) if term(point) == value)

    def contains(self, x: Iterable[Any]) -> bool:
        """Whether x lies on the hypersurface."""
        return len(self.attaining_terms(x)) > 1

    def __repr__(self) -> str:
        return f"<TropicalHypersurface in Q^{self.polynomial.input_dim}, f-vector {self.f_vector}>"


def tropical_hypersurface(
    p: TropicalPolynomial, budget: Budget | None = None, progress: Progress | None = None
) -> TropicalHypersurface:
    """The tropical hypersurface of p with its cells, and the regions of linearity (Maclagan, Sturmfels 2015, ch. 3.1).

    The cells are the projections of the proper faces of {(x, t) : t >= p(x)} that are not at infinity. Exact.
    Raises :class:`BudgetExhausted` if ``budget`` runs out; its cells are the faces.

    >>> line = tropical_hypersurface(TropicalPolynomial.from_terms({(1, 0): 0, (0, 1): 0, (0, 0): 1}))
    >>> line.f_vector, len(line.regions), line.vertices
    ((1, 3), 3, ((Fraction(1, 1), Fraction(1, 1)),))
    >>> [tuple(map(int, ray)) for ray in line.rays], line.contains([1, -7])
    ([(-1, 0), (0, -1), (1, 1)], True)
    """
    envelope = upper_envelope(p, Meter(budget, progress))
    shift = len(envelope.lineality)
    levels: list[tuple[DualCell, ...]] = [()] * shift
    for k, faces in enumerate(envelope.faces):
        levels.append(tuple(_cell(face, shift + k, envelope, p.input_dim) for face in faces))
    found = FaceComplex(((),) * shift + tuple(tuple(face.generators for face in faces) for faces in envelope.faces))
    return TropicalHypersurface(p, tuple(levels[:-1]), levels[-1], envelope.lineality, found)


def _cell(face: EnvelopeFace, dimension: int, envelope: UpperEnvelope, input_dim: int) -> DualCell:
    vertices: list[Vector] = []
    rays: list[Vector] = []
    for first, _, *coordinates in (envelope.generators[i] for i in face.generators):
        whole = dict(zip(envelope.columns, coordinates if first else primitive_integers(coordinates), strict=True))
        vector = tuple(Fraction(whole.get(j, 0), first or 1) for j in range(input_dim))
        (vertices if first else rays).append(vector)
    return DualCell(dimension, face.terms, tuple(sorted(vertices)), tuple(sorted(rays)))
