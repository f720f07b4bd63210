"""Exact material of a picture: a function restricted to a line or plane, its parts, a view that shows them all."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from tropical.activation.complexes import PolyhedralComplex, require_complete
from tropical.activation.regions import relevant_subspace
from tropical.activation.subdivision import polyhedral_complex
from tropical.arguments import require
from tropical.arithmetic.rationals import Matrix, Vector, as_rows, rank, row_space
from tropical.budget import Meter
from tropical.forms.parts import parts_of
from tropical.functions.affine import AffineForm, AffineMap
from tropical.functions.function import Function
from tropical.functions.lattice_polynomial import LatticePolynomial
from tropical.functions.network import ReLUNetwork
from tropical.functions.requirements import require_function
from tropical.polyhedra.chart import Chart
from tropical.polyhedra.cones import intersect
from tropical.polyhedra.part import Part
from tropical.polyhedra.polyhedron import Box, Polyhedron, require_domain

_GRID = 64
"""A view is rounded outwards to multiples of about 1/64 of its size, which keeps its numbers short."""

_APART = Fraction(1, 2**40)
"""Of the size of the coordinates: what float64 can tell apart, and still draw something between."""

_COUNTS = {(1, 2): "one or two rows", (2,): "two rows", (3,): "three rows"}


@dataclass(frozen=True)
class Slice:
    """A function on R^k, k <= 3, cut into parts inside ``view``; ``clipped`` if it is defined beyond the view.

    ``pieces`` are distinct: those of a lattice polynomial as it lists them, else in order of first appearance.
    """

    view: Box
    parts: tuple[Part, ...]
    pieces: tuple[AffineForm | AffineMap, ...]
    clipped: bool

    @property
    def owners(self) -> list[int]:
        """The index of the piece of each part."""
        index = {piece: i for i, piece in enumerate(self.pieces)}
        return [index[part.piece] for part in self.parts]


@dataclass(frozen=True)
class Picture:
    """A function in the coordinates of a picture, where it is drawn, and what they are called in TeX, such as "x_0"."""

    function: Function
    domain: Polyhedron | None
    names: tuple[str, ...]


def make_picture(
    obj: Function | PolyhedralComplex,
    domain: Polyhedron | None,
    directions: Iterable[Iterable[Any]] | None,
    sizes: tuple[int, ...] = (1, 2),
) -> Picture:
    """The function of the object restricted to the given directions; by default to its inputs if they are so few.

    Else to the relevant directions. Inputs that equations of the domain determine are none. Raises ``ValueError`` as
    `restrict` and `relevant_directions` do.
    """
    f, domain = function_of(obj, domain)
    own = free_inputs(f, domain)
    if directions is None and own.function.input_dim in sizes:
        return own
    if directions is None and own.function.input_dim < min(sizes):
        raise ValueError(f"this picture needs {min(sizes)} or more varying inputs, got {own.function.input_dim}")
    f, domain = (own.function, own.domain) if directions is None else (f, domain)
    restricted = restrict(f, relevant_directions(f, sizes) if directions is None else directions, sizes)
    return Picture(restricted, domain, tuple(f"z_{i}" for i in range(restricted.input_dim)))


def free_inputs(f: Function, domain: Polyhedron | None) -> Picture:
    """The function in its own inputs, or, on a domain with equations, in those that these leave free."""
    require(domain, (Polyhedron, type(None)), "domain", "a Box(lower, upper), a Polyhedron or None")
    if domain is None or domain.input_dim != f.input_dim or not domain.equations:
        return Picture(f, domain, tuple(map(_input_name, range(f.input_dim))))
    return Picture(f.compose(domain.hull.inclusion), domain.core, tuple(map(_input_name, domain.hull.free)))


def _input_name(index: int) -> str:
    return f"x_{index}" if index < 10 else f"x_{{{index}}}"


def function_of(obj: Function | PolyhedralComplex, domain: Polyhedron | None) -> tuple[Function, Polyhedron | None]:
    """The function of a complete complex, on the complex's own domain by default; other functions as they are."""
    require_function(obj, "obj", others=(PolyhedralComplex,), what="or a PolyhedralComplex")
    if not isinstance(obj, PolyhedralComplex):
        return obj, domain
    require_complete(obj, "obj")
    return obj.network, obj.domain if domain is None else domain


def make_slice(
    f: Function,
    domain: Polyhedron | None,
    view: Box | None = None,
    divide: Callable[[Part], Iterable[Part]] | None = None,
) -> Slice:
    """Cut a function on R^k, k <= 3, on the domain, into parts inside a view that holds every vertex with a margin.

    A ``view`` that is given is cut out of R^k, the domain being None, and need not hold every vertex. ``divide`` cuts
    every part further.
    """
    require_domain(domain, f.input_dim, "the picture")
    if domain is not None and domain.equations:
        raise ValueError(f"the domain must have interior in R^{f.input_dim}, its dimension is {domain.dimension}")
    found = _parts(f, domain if view is None else view)
    if divide is not None:
        found = [smaller for part in found for smaller in divide(part)]
    clipped = domain is None or not domain.is_bounded
    if view is None:
        view = view_around(_vertices(found), margin=clipped)
        found = [_inside(part, view) for part in found]
    pieces = f.pieces if isinstance(f, LatticePolynomial) else tuple(dict.fromkeys(part.piece for part in found))
    return Slice(view, tuple(found), pieces, clipped)


def restrict(
    f: Function,
    directions: Iterable[Iterable[Any]],
    sizes: tuple[int, ...] = (1, 2),
    origin: Sequence[Fraction] | None = None,
) -> Function:
    """The function z -> f(origin + B^T z) on R^k for the rows B (k, n) of ``directions``, exactly (floats are dyadic).

    Raises ``ValueError`` unless B has as many rows as ``sizes`` allows, of length n, linearly independent.

    >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    >>> restrict(maximum, [[1, 1]])([3])
    (Fraction(3, 1),)
    """
    rows = as_rows(directions, "directions")
    if len(rows) not in sizes or any(len(row) != f.input_dim for row in rows):
        shape = f"{len(rows)} rows of lengths {[len(row) for row in rows]}"
        raise ValueError(f"directions must be {_COUNTS[sizes]} of length {f.input_dim}, got {shape}")
    if rank(rows) < len(rows):
        raise ValueError("directions must be linearly independent")
    constants = (Fraction(0),) * f.input_dim if origin is None else origin
    columns = zip(zip(*rows, strict=True), constants, strict=True)
    return f.compose(AffineMap(tuple(AffineForm(column, constant) for column, constant in columns)))


def relevant_directions(f: Function, sizes: tuple[int, ...] = (1, 2)) -> list[list[float]]:
    """Orthonormal rows, rounded to float64, of the relevant subspace V of f, whose dimension must be among ``sizes``.

    The rounding moves the coordinates of the picture by about 1e-16 and nothing else: f restricted to any plane that
    projects onto V is f on V in other linear coordinates.
    """
    import numpy as np

    basis = _relevant_basis(f)
    if len(basis) not in sizes:
        what = "is constant" if not basis else f"varies along {len(basis)} dimensions"
        raise ValueError(f"the function {what}: give directions=, {_COUNTS[sizes]} of length {f.input_dim}")
    frame = np.linalg.qr(np.array(basis, dtype=np.float64).T)[0].T
    signs = np.sign(frame[np.arange(len(frame)), np.abs(frame).argmax(axis=1)])
    rows: list[list[float]] = (signs[:, None] * frame).tolist()
    return rows


def _relevant_basis(f: Function) -> Matrix:
    if isinstance(f, ReLUNetwork):
        return relevant_subspace(polyhedral_complex(f))
    return row_space(f.gradients())


def view_around(points: Sequence[Vector], margin: bool) -> Box:
    """A box around the points, a cube unless it is to fit tightly (``margin=False``).

    Points that float64 takes for one have as much room around them as one has. ``ValueError`` if it takes the ends of a
    box that fits tightly for one.

    >>> view_around([(Fraction(0), Fraction(0))], margin=True)
    Box(['-1', '-1'], ['1', '1'])
    """
    lower, upper = ([pick(column) for column in zip(*points, strict=True)] for pick in (min, max))
    view = _roomy(lower, upper) if margin else Box(lower, upper)
    for low, high in zip(view.lower, view.upper, strict=True):
        if not rounded(high) - rounded(low) > _APART * max(abs(low), abs(high)):
            text = "float64 cannot tell the ends of the view apart, nothing can be drawn"
            raise ValueError(f"{text}: {rounded(low)} and {rounded(high)}")
    return view


def _roomy(lower: Sequence[Fraction], upper: Sequence[Fraction]) -> Box:
    size, distance = max(b - a for a, b in zip(lower, upper, strict=True)), max(map(abs, (*lower, *upper)))
    half = size * Fraction(7, 10) if size > _APART * distance else max(Fraction(1), distance / 1024)
    step = _power_of_two_below(half / _GRID)
    centres = [(a + b) / 2 for a, b in zip(lower, upper, strict=True)]
    corner = [((centre - half) // step) * step for centre in centres]
    width = -((-2 * half) // step) * step
    return Box(corner, [a + width for a in corner])


def _power_of_two_below(q: Fraction) -> Fraction:
    exponent = q.numerator.bit_length() - q.denominator.bit_length() - 1
    return Fraction(2) ** exponent


def _inside(part: Part, view: Box) -> Part:
    """The part of a polyhedron in a view that holds all its vertices, and so has a neighbourhood of one of them."""
    cone = part.cone
    if not cone.lineality and all(g[0] for g in cone.generators):
        return part
    cut = intersect(cone, view.rows)
    assert cut is not None
    return replace(part, cone=cut)


def _vertices(parts: Sequence[Part]) -> list[Vector]:
    """Vertices of all parts; modulo lineality those next to the origin. Never empty."""
    found: dict[Vector, None] = {}
    for part in parts:
        points = [tuple(Fraction(a, g[0]) for a in g[1:]) for g in part.cone.generators if g[0]]
        if part.cone.lineality:
            lineality = [tuple(map(Fraction, row[1:])) for row in part.cone.lineality]
            points = [orthogonal_part(point, lineality) for point in points]
        found.update(dict.fromkeys(points))
    return list(found)


def orthogonal_part(vector: Vector, rows: Sequence[Vector]) -> Vector:
    """What remains of a vector after projecting along the span of independent rows, by Gram and Schmidt over Q.

    >>> orthogonal_part((Fraction(1), Fraction(0)), [(Fraction(1), Fraction(1))])
    (Fraction(1, 2), Fraction(-1, 2))
    """
    frame: list[Vector] = []
    for row in (*rows, vector):
        for other in frame:
            factor = inner(row, other) / inner(other, other)
            row = tuple(a - factor * b for a, b in zip(row, other, strict=True))
        frame.append(row)
    return frame[-1]


def rounded(q: Fraction) -> float:
    """The nearest float64; ``ValueError`` if that is infinite.

    >>> rounded(Fraction(1, 3))
    0.3333333333333333
    """
    try:
        return float(q)
    except OverflowError:
        raise ValueError("a picture needs numbers below 1.8e308, got a larger one") from None


def inner(first: Vector, second: Vector) -> Fraction:
    """The inner product."""
    return sum((a * b for a, b in zip(first, second, strict=True)), Fraction(0))


def _parts(f: Function, domain: Polyhedron | None) -> list[Part]:
    """The domain cut into polyhedra on each of which f is one affine piece; cells in the order of a complex."""
    parts = list(parts_of(f)(Chart.whole(f.input_dim, domain).cone, Meter()))
    return sorted(parts, key=lambda part: part.pattern or (), reverse=True)
