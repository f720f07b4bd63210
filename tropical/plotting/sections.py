"""Exact planar sections of a function of any number of inputs, through three points or along given directions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import TYPE_CHECKING, Any

from tropical.activation.complexes import PolyhedralComplex
from tropical.arguments import require_flag
from tropical.arithmetic.rationals import Matrix, Vector, as_rows, as_vector
from tropical.functions.function import Function
from tropical.plotting.canvas import make_axes
from tropical.plotting.palette import BREAK
from tropical.plotting.regions import draw_map
from tropical.plotting.shading import Shade, check_shade
from tropical.plotting.slices import (
    function_of,
    inner,
    make_slice,
    orthogonal_part,
    relevant_directions,
    restrict,
    view_around,
)
from tropical.polyhedra.polyhedron import Polyhedron

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BITS = 24


@dataclass(frozen=True)
class Plane:
    """The map z -> origin + z_0 u + z_1 v for the two rows u, v of ``directions``, orthogonal over Q if made here."""

    origin: Vector
    directions: Matrix

    def coordinates(self, point: Vector) -> Vector:
        """The z of a point of the plane, the rows being orthogonal."""
        moved = tuple(a - b for a, b in zip(point, self.origin, strict=True))
        return tuple(inner(moved, row) / inner(row, row) for row in self.directions)


def plane_through(points: Sequence[Vector]) -> Plane:
    """The plane through three points: orthogonal directions over Q, their lengths 1 up to 2^-23, u along p_1 - p_0.

    Distances in the picture are those in R^n up to that. Raises ``ValueError`` for points on one line.

    >>> plane = plane_through([as_vector(p, "p") for p in ([0, 0, 1], [2, 0, 1], [1, 3, 1])])
    >>> [tuple(map(str, row)) for row in plane.directions]
    [('1', '0', '0'), ('0', '1', '0')]
    """
    origin, *others = points
    moved = [tuple(a - b for a, b in zip(point, origin, strict=True)) for point in others]
    rows = (moved[0], orthogonal_part(moved[1], moved[:1]) if any(moved[0]) else moved[0])
    if not any(rows[0]) or not any(rows[1]):
        raise ValueError(f"three points on one line span no plane: {[tuple(map(str, point)) for point in points]}")
    return Plane(origin, tuple(tuple(a * _inverse_length(row) for a in row) for row in rows))


def plot_slice(
    obj: Function | PolyhedralComplex,
    points: Iterable[Iterable[Any]] | None = None,
    domain: Polyhedron | None = None,
    ax: "Axes | None" = None,
    *,
    directions: Iterable[Iterable[Any]] | None = None,
    origin: Iterable[Any] | None = None,
    color: Shade = "piece",
    labels: bool = True,
) -> "Axes":
    r"""Draw F on the plane through three points p_0, p_1, p_2 of Q^n, or on origin + span(directions), exactly.

    F is composed with the map of the plane into R^n over Q and cut there: no grid, no sampling. With three points the
    coordinates are orthonormal up to 2^-23, p_0 is the origin, the first axis points to p_1; the points are marked, and
    the view is a square around them, which need not hold every vertex. Along ``directions``, two rows of length n, by
    default the relevant ones, z stands for origin + z_0 u + z_1 v and the view holds every vertex. ``domain`` replaces
    the view, in the coordinates z. ``color`` and ``labels`` as in `plot_regions`. Returns the Axes.
    Raises ``ValueError`` unless there are three points, not on one line, of length n; for points and directions both;
    and as `plot_regions`.

    >>> import matplotlib; matplotlib.use("Agg")
    >>> from tropical import ReLUNetwork
    >>> net = ReLUNetwork.from_arrays([[[1, 0, 1], [0, 1, 0], [0, 0, 1]], [[1, -1, 1]]])
    >>> axes = plot_slice(net, [[1, 1, 1], [-1, 0, 0], [0, 0, -1]])
    >>> [text.get_text() for text in axes.texts if "p" in text.get_text()]
    ['$p_0$', '$p_1$', '$p_2$']
    >>> import matplotlib.pyplot; matplotlib.pyplot.close(axes.figure)
    """
    f, _ = function_of(obj, None)
    check_shade(color, f)
    require_flag(labels, "labels")
    if points is not None and (directions is not None or origin is not None):
        raise ValueError("give either three points, or directions and an origin")
    given = [] if points is None else _three_points(points, f.input_dim)
    plane = plane_through(given) if given else _plane_along(f, directions, origin)
    restricted = restrict(f, plane.directions, (2,), plane.origin)
    marks = [plane.coordinates(point) for point in given]
    cut = make_slice(restricted, domain, view_around(marks, margin=True) if marks and domain is None else None)
    ax = draw_map(make_axes(ax), cut, restricted, color, ("z_0", "z_1"), labels)
    if marks:
        ax.set_xlabel("$z_0$, from $p_0$ towards $p_1$")
    _mark(ax, marks)
    return ax


def _three_points(points: Iterable[Iterable[Any]], dim: int) -> list[Vector]:
    given = list(as_rows(points, "points"))
    if len(given) != 3 or any(len(point) != dim for point in given):
        raise ValueError(f"three points of length {dim} are needed, got lengths {[len(point) for point in given]}")
    return given


def _plane_along(f: Function, directions: Iterable[Iterable[Any]] | None, origin: Iterable[Any] | None) -> Plane:
    chosen = relevant_directions(f, (2,)) if directions is None else directions
    rows = as_rows(chosen, "directions")
    start = (Fraction(0),) * f.input_dim if origin is None else as_vector(origin, "origin")
    if len(start) != f.input_dim:
        raise ValueError(f"origin must have {f.input_dim} coordinates, got {len(start)}")
    return Plane(start, rows)


def _inverse_length(row: Vector) -> Fraction:
    """1 / |row| if that is rational, else a dyadic number of about 24 bits next to it."""
    square = inner(row, row)
    root = Fraction(isqrt(square.numerator), isqrt(square.denominator))
    if root * root == square:
        return 1 / root
    shift = _BITS + (square.numerator.bit_length() - square.denominator.bit_length()) // 2
    power = Fraction(2) ** shift
    return isqrt(int(power * power / square)) / power


def _mark(ax: "Axes", marks: Sequence[Vector]) -> None:
    if not marks:
        return
    xs, ys = zip(*((float(x), float(y)) for x, y in marks), strict=True)
    ax.plot(xs, ys, "o", color="white", markeredgecolor=BREAK, markersize=6, zorder=4)
    for i, place in enumerate(zip(xs, ys, strict=True)):
        box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
        ax.annotate(f"$p_{i}$", place, (6, 6), textcoords="offset points", fontsize=10, bbox=box, zorder=5)
