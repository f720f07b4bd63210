"""Regular subdivisions of point configurations with heights, through the upper envelope of the dual affine forms."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from flint import fmpz_mat

from tropical.arguments import as_index, as_sequence, require
from tropical.arithmetic.rationals import Matrix, nullspace, primitive, row_space
from tropical.budget import Budget, Meter, Progress
from tropical.functions.polynomial import TropicalPolynomial
from tropical.polyhedra.cones import Cone, Integers, facets, half_space, intersect
from tropical.polyhedra.face_complex import FaceComplex
from tropical.polyhedra.faces import Face, face_lattice
from tropical.polyhedra.polytopes import Polytope, members
from tropical.values import Value


@dataclass(frozen=True)
class EnvelopeFace:
    """A face of the graph of p, as the sorted indices of its generators and of the terms that attain p on all of it."""

    generators: Face
    terms: Face


@dataclass(frozen=True)
class UpperEnvelope:
    """The polyhedron {(x, t) : t >= p(x)} modulo its lineality space, and the faces of its lower boundary.

    The coordinates of x outside ``columns`` are fixed at 0: a complement of the lineality space, spanned by
    ``lineality``. ``generators`` are primitive integer vectors (x_0, t, x) with x_0 > 0 for vertices and x_0 = 0 for
    rays; ``faces[k]`` has the faces of dimension k = 0, ..., r (modulo lineality), sorted by terms.
    """

    columns: tuple[int, ...]
    lineality: Matrix
    generators: tuple[Integers, ...]
    faces: tuple[tuple[EnvelopeFace, ...], ...]


def upper_envelope(p: TropicalPolynomial, meter: Meter | None = None) -> UpperEnvelope:
    """The graph of p with its faces: the maximal sets of points at which the same terms attain p, closed.

    >>> absolute_value = TropicalPolynomial.from_terms({(-1,): 0, (0,): 0, (1,): 0})
    >>> upper_envelope(absolute_value).faces[0]
    (EnvelopeFace(generators=(0,), terms=(0, 1, 2)),)
    """
    require(p, TropicalPolynomial, "p", "a TropicalPolynomial such as a side of to_tropical_rational_map(net)")
    if not p.input_dim:
        raise ValueError("a polynomial in at least one variable is needed, got one in none")
    meter = meter or Meter()
    base = p.support[0]
    differences = [tuple(a - b for a, b in zip(exponent, base, strict=True)) for exponent in p.support]
    columns = tuple(next(j for j, q in enumerate(row) if q) for row in row_space(differences))
    rows = [primitive((-term.constant, Fraction(1), *(-term.gradient[j] for j in columns))) for term in p.terms]
    cone = intersect(half_space(len(columns) + 1), rows, meter)
    assert cone is not None  # an epigraph has interior points
    lineality = nullspace(differences, p.input_dim)
    return UpperEnvelope(columns, lineality, cone.generators, _lower_faces(cone, _tight_terms(cone, rows), meter))


def _tight_terms(cone: Cone, rows: Sequence[Integers]) -> list[int]:
    """For each generator the bit mask of the rows that vanish on it, redundant rows included."""
    values = fmpz_mat([list(g) for g in cone.generators]) * fmpz_mat([list(row) for row in rows]).transpose()
    return [sum(1 << i for i, value in enumerate(line) if value == 0) for line in values.tolist()]


def _lower_faces(cone: Cone, tight: Sequence[int], meter: Meter) -> tuple[tuple[EnvelopeFace, ...], ...]:
    """The faces with a vertex on which some row vanishes: neither at infinity nor the whole polyhedron."""
    top = len(cone.generators[0]) - 1
    finite = sum(1 << i for i, generator in enumerate(cone.generators) if generator[0])
    levels = []
    for level in face_lattice(len(cone.generators), list(facets(cone).values()), top, meter)[:top]:
        found = []
        for mask in level:
            meter.count_cell()
            generators = members(mask)
            terms = _intersection(tight[i] for i in generators)
            if mask & finite and terms:
                found.append(EnvelopeFace(generators, members(terms)))
        levels.append(tuple(sorted(found, key=lambda face: face.terms)))
    return tuple(levels)


def _intersection(masks: Iterable[int]) -> int:
    result = -1
    for mask in masks:
        result &= mask
    return result


@dataclass(frozen=True, repr=False)
class RegularSubdivision(Value):
    """The subdivision of conv{a_i} by the upper faces of conv{(a_i, c_i)}, for the terms <a_i, x> + c_i of p.

    ``cells[k]`` has the cells of dimension k = 0, ..., r, each as the sorted indices of *all* terms on its face of the
    lifted polytope, so that non-vertices of the cell may be among them; terms below all faces are in no cell.
    ``==`` and ``hash`` go by the polynomial and the cells.
    """

    polynomial: TropicalPolynomial
    cells: tuple[tuple[Face, ...], ...]

    @property
    def dimension(self) -> int:
        """Dimension r of the Newton polytope."""
        return len(self.cells) - 1

    @property
    def f_vector(self) -> tuple[int, ...]:
        """Number of cells of each dimension 0, ..., r; the alternating sum is 1."""
        return tuple(map(len, self.cells))

    @property
    def maximal_cells(self) -> tuple[Face, ...]:
        """The cells of dimension r."""
        return self.cells[-1]

    @property
    def vertices(self) -> Face:
        """The terms that are cells of dimension 0: those that alone attain p on an open set."""
        return tuple(index for (index,) in self.cells[0])

    @cached_property
    def face_complex(self) -> FaceComplex:
        """The cells as faces of one complex."""
        return FaceComplex(self.cells)

    @property
    def incidences(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """``incidences[k]``: the pairs (i, j) such that ``cells[k][i]`` is a facet of ``cells[k + 1][j]``."""
        return self.face_complex.incidences

    def polytope(self, cell: Iterable[int]) -> Polytope:
        """The convex hull of the exponents of a cell."""
        members = as_sequence(cell, "cell", "indices of terms")
        count = len(self.polynomial.terms)
        return Polytope(self.polynomial.support[as_index(i, count, "a term of the cell")] for i in members)

    def __repr__(self) -> str:
        return f"<RegularSubdivision of {len(self.polynomial.terms)} points, f-vector {self.f_vector}>"


def dual_subdivision(
    p: TropicalPolynomial, budget: Budget | None = None, progress: Progress | None = None
) -> RegularSubdivision:
    """The regular subdivision of the Newton polytope induced by the coefficients of p.

    A set of terms is a cell iff it is {i : <a_i, x> + c_i = p(x)} for some x (Maclagan and Sturmfels 2015,
    definition 2.3.8 and proposition 3.1.6, there with min). Exact; the Newton polytope may have any dimension.
    Raises :class:`BudgetExhausted` if ``budget`` runs out; its cells are the faces.

    >>> conic = {(0, 0): 0, (1, 0): 1, (0, 1): 1, (2, 0): 0, (1, 1): 1, (0, 2): 0}
    >>> subdivision = dual_subdivision(TropicalPolynomial.from_terms(conic))
    >>> subdivision.f_vector, subdivision.maximal_cells
    ((6, 9, 4), ((0, 1, 3), (1, 2, 4), (1, 3, 4), (3, 4, 5)))
    """
    faces = upper_envelope(p, Meter(budget, progress)).faces
    return RegularSubdivision(p, tuple(tuple(face.terms for face in level) for level in reversed(faces)))
