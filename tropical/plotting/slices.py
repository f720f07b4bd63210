"""Exact material of a picture: a function restricted to a line or plane, its pieces, a view that shows them all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tropical.affine import AffineForm, AffineMap, form_of_row
from tropical.budget import Meter
from tropical.cones import Cone, half_space
from tropical.lattice_polynomial import LatticePolynomial
from tropical.linear_parts import Function, gradients, linear_parts
from tropical.network import ReLUNetwork
from tropical.polyhedron import Box, Polyhedron
from tropical.rationals import Matrix, Vector, as_vector, rank, row_space
from tropical.regions import relevant_subspace
from tropical.subdivision import polyhedral_complex

_GRID = 64
"""A view is rounded outwards to multiples of about 1/64 of its size, which keeps its numbers short."""


@dataclass(frozen=True)
class Part:
    """A polygon (or interval) as the cone over {1} x polygon, and the affine piece that the function follows on it."""

    cone: Cone
    piece: AffineForm | AffineMap


@dataclass(frozen=True)
class Slice:
    """A function on R^1 or R^2 cut into parts inside ``view``; ``clipped`` if it is defined beyond the view.

    ``pieces`` are distinct: those of a lattice polynomial as it lists them, else in order of first appearance.
    """

    view: Box
    parts: tuple[Part, ...]
    pieces: tuple[AffineForm | AffineMap, ...]
    clipped: bool


def make_slice(f: Function, domain: Polyhedron | None) -> Slice:
    """Cut a function on R^1 or R^2, on the domain, into parts inside a view that holds every vertex with a margin."""
    if domain is not None and domain.input_dim != f.input_dim:
        raise ValueError(f"the domain lives on R^{domain.input_dim}, the picture on R^{f.input_dim}")
    clipped = domain is None or any(not g[0] for g in domain.cone.generators) or bool(domain.cone.lineality)
    view = view_around(_vertices(f, domain), margin=clipped)
    inside = view if domain is None else Polyhedron([*domain.halfspaces, *view.halfspaces])
    parts = tuple(_parts(f, inside))
    pieces = f.pieces if isinstance(f, LatticePolynomial) else tuple(dict.fromkeys(part.piece for part in parts))
    return Slice(view, parts, pieces, clipped)


def restrict(f: Function, directions: Iterable[Iterable[Any]]) -> Function:
    """The function z -> f(B^T z) on R^k for the rows B (k, n) of ``directions``, exactly (floats are dyadic rationals).

    Raises ``ValueError`` unless B has one or two rows of length n, linearly independent.

    >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    >>> restrict(maximum, [[1, 1]])([3])
    (Fraction(3, 1),)
    """
    rows = tuple(as_vector(row, f"directions[{i}]") for i, row in enumerate(directions))
    if len(rows) not in (1, 2) or any(len(row) != f.input_dim for row in rows):
        shape = f"{len(rows)} rows of lengths {[len(row) for row in rows]}"
        raise ValueError(f"directions must be one or two rows of length {f.input_dim}, got {shape}")
    if rank(rows) < len(rows):
        raise ValueError("directions must be linearly independent")
    inner = AffineMap(tuple(AffineForm(column) for column in zip(*rows, strict=True)))
    return f.compose(inner)


def relevant_directions(f: Function) -> list[list[float]]:
    """Orthonormal rows, rounded to float64, of the relevant subspace V of f, which must have dimension 1 or 2.

    The rounding moves the coordinates of the picture by about 1e-16 and nothing else: f restricted to any plane that
    projects onto V is f on V in other linear coordinates.
    """
    import numpy as np

    basis = _relevant_basis(f)
    if len(basis) not in (1, 2):
        what = "is constant" if not basis else f"varies along {len(basis)} dimensions"
        raise ValueError(f"the function {what}: give directions=, one or two rows of length {f.input_dim}")
    frame = np.linalg.qr(np.array(basis, dtype=np.float64).T)[0].T
    signs = np.sign(frame[np.arange(len(frame)), np.abs(frame).argmax(axis=1)])
    rows: list[list[float]] = (signs[:, None] * frame).tolist()
    return rows


def _relevant_basis(f: Function) -> Matrix:
    if isinstance(f, ReLUNetwork):
        return relevant_subspace(polyhedral_complex(f))
    return row_space(gradients(f))


def view_around(points: Sequence[Vector], margin: bool) -> Box:
    """A box around the points, in the plane a square unless it is to fit tightly (``margin=False``).

    >>> view_around([(Fraction(0), Fraction(0))], margin=True)
    Box(['-1', '-1'], ['1', '1'])
    """
    lower, upper = ([pick(column) for column in zip(*points, strict=True)] for pick in (min, max))
    if not margin:
        return Box(lower, upper)
    size = max(b - a for a, b in zip(lower, upper, strict=True))
    half = size * Fraction(7, 10) if size else Fraction(1)
    step = _power_of_two_below(half / _GRID)
    centres = [(a + b) / 2 for a, b in zip(lower, upper, strict=True)]
    corner = [((centre - half) // step) * step for centre in centres]
    width = -((-2 * half) // step) * step
    return Box(corner, [a + width for a in corner])


def _power_of_two_below(q: Fraction) -> Fraction:
    exponent = q.numerator.bit_length() - q.denominator.bit_length() - 1
    return Fraction(2) ** exponent


def _vertices(f: Function, domain: Polyhedron | None) -> list[Vector]:
    """Vertices of all parts, as representatives modulo lineality; never empty."""
    if isinstance(f, ReLUNetwork):
        return [vertex for cell in polyhedral_complex(f, domain).cells for vertex in cell.vertices]
    vertices = [g for part in _parts(f, domain) for g in part.cone.generators if g[0]]
    return [tuple(Fraction(a, g[0]) for a in g[1:]) for g in vertices]


def _parts(f: Function, domain: Polyhedron | None) -> list[Part]:
    """The domain cut into polyhedra on each of which f is one affine piece."""
    if isinstance(f, ReLUNetwork):
        return [Part(cell.cone, _piece(cell.affine_map.forms)) for cell in polyhedral_complex(f, domain).cells]
    start = half_space(f.input_dim) if domain is None else domain.cone
    parts = linear_parts(f)(start, Meter())
    return [Part(part.cone, _piece([form_of_row(row) for row in part.rows])) for part in parts]


def _piece(forms: Sequence[AffineForm]) -> AffineForm | AffineMap:
    return forms[0] if len(forms) == 1 else AffineMap(tuple(forms))
