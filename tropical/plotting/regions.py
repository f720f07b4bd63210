"""Linear regions of a function of two variables as a coloured map, of one variable as a graph."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tropical.activation.complexes import PolyhedralComplex
from tropical.activation.planar_map import PlanarMap, planar_map
from tropical.activation.regions import piece_numbers
from tropical.arguments import require_flag
from tropical.arithmetic.rationals import Vector
from tropical.budget import Meter
from tropical.functions.affine import AffineForm, AffineMap
from tropical.functions.function import Function
from tropical.functions.lattice_polynomial import LatticePolynomial
from tropical.functions.requirements import require_scalar
from tropical.plotting.bands import fill_bands
from tropical.plotting.canvas import (
    draw_batch,
    draw_edges,
    fill,
    floats,
    label_region,
    make_axes,
    name_axes,
    set_limits,
    sorted_edges,
    thinning,
)
from tropical.plotting.outlines import Outline, adjacent, components, float_polygon, polygon, segments
from tropical.plotting.palette import BREAK, CUT
from tropical.plotting.shading import Shade, check_shade, colour_bar, distinct, shades
from tropical.plotting.slices import Slice, make_picture, make_slice, view_around
from tropical.polyhedra.cones import point_of
from tropical.polyhedra.polyhedron import Polyhedron

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_LABELS = 250


def plot_regions(
    obj: Function | PolyhedralComplex,
    domain: Polyhedron | None = None,
    ax: "Axes | None" = None,
    *,
    color: Shade = "piece",
    directions: Iterable[Iterable[Any]] | None = None,
    labels: bool = True,
) -> "Axes":
    r"""Draw the linear regions of F in the plane, or the graph of F on the line, and return the Axes.

    Thick lines separate affine pieces, thin ones are boundaries of activation regions that F does not notice. The view
    contains all vertices; where F continues beyond it, the frame is dashed and breaks end in arrows. On the line, dots
    are breakpoints and ticks on the graph are the other vertices.

    ``color`` says what colours show:
    "piece": regions with one affine piece have one colour, neighbours never share one; beyond nine pieces colours
    repeat, and beyond what nine colours can do hatches are added. The label $\ell_i$ names piece i: of a lattice
    polynomial the i-th of its ``pieces``, else the i-th to appear, as in ``affine_pieces``; labels that do not fit are
    left out, and so are all with ``labels=False``. "pattern": the same for activation regions, without labels.
    "gradient": the norm of the gradient (of several outputs the Frobenius norm of the derivative), with a colour bar.
    "value": bands of F; their boundaries are level sets. "layer": the last layer with a unit that breaks on the
    boundary of the activation region: what cut it last.

    Parameters: ``obj`` is a network, a lattice polynomial or a complex (drawn on its own domain); ``domain`` a Box or
    Polyhedron in the coordinates of the picture, None for all of it, or one of the inputs with equations, such as a Box
    that fixes some of them: the other inputs are then the coordinates; ``ax`` the Axes to draw on, None for a new
    figure. ``directions``: one or two rows B of shape (k, n); drawn is z -> F(B^T z), composed exactly. By default
    inputs are drawn as they are for n <= 2; for larger n the rows are an orthonormal basis of the relevant subspace.
    Raises ``ValueError`` if the relevant subspace has no dimension 1 or 2, for directions of another shape, for a
    domain on another space, for an incomplete complex, for a colouring that the function does not have, and for the
    graph (or "value") of several outputs.

    >>> import matplotlib; matplotlib.use("Agg")
    >>> from tropical import ReLUNetwork
    >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    >>> axes = plot_regions(maximum)
    >>> sorted(text.get_text() for text in axes.texts)
    ['$\\ell_{0}$', '$\\ell_{1}$']
    >>> import matplotlib.pyplot; matplotlib.pyplot.close(axes.figure)
    """
    picture = make_picture(obj, domain, directions)
    f = picture.function
    check_shade(color, f)
    require_flag(labels, "labels")
    if isinstance(obj, PolyhedralComplex) and domain is None and directions is None and color in ("piece", "pattern"):
        plane = planar_map(obj, Meter())
        if plane is not None:
            return _draw_plane(make_axes(ax), obj, plane, color, labels)
    if f.input_dim == 1 or color == "value":
        require_scalar(f, "the graph of a function on the line" if f.input_dim == 1 else "color='value'")
    cut = make_slice(f, picture.domain)
    if f.input_dim == 1:
        return draw_graph(make_axes(ax), cut, f, color, picture.names)
    return draw_map(make_axes(ax), cut, f, color, picture.names, labels)


def draw_map(ax: "Axes", cut: Slice, f: Function, color: str, names: tuple[str, ...], labels: bool) -> "Axes":
    """The parts of the plane in colours, with edges, labels and a key."""
    owner, edges = cut.owners, segments(cut.parts)
    pairs = adjacent(edges)
    outlines = [float_polygon(part.cone) for part in cut.parts]
    set_limits(ax, cut.view)
    name_axes(ax, names)
    if color == "value":
        corners = [floats((*x, _value(part.piece, x)) for x in polygon(part.cone)) for part in cut.parts]
        colour_bar(ax, fill_bands(ax, corners), "$F$")
    else:
        chosen = shades(cut, f, color, pairs)
        fill(ax, outlines, chosen)
        chosen.explain(ax)
    draw_edges(ax, cut, sorted_edges(cut, edges, owner), cells=not isinstance(f, LatticePolynomial))
    if labels and color == "piece":
        _label(ax, owner, pairs, outlines)
    return ax


def _draw_plane(ax: "Axes", cx: PolyhedralComplex, plane: PlanarMap, color: str, labels: bool) -> "Axes":
    """The same for a complex whose cells are polygons already."""
    numbers = piece_numbers(cx, Meter())
    owner = numbers.tolist()
    inner = plane.cells[:, 1] >= 0
    pairs = [(i, j) for i, j in plane.cells[inner].tolist()]
    set_limits(ax, view_around([point_of(g) for g in cx.chart.cone.generators], margin=False))
    name_axes(ax, ("x_0", "x_1"))
    shown = owner if color == "piece" else list(range(cx.num_cells))
    fill(ax, plane.outlines, distinct(shown, max(shown) + 1, pairs))
    broken = inner & (numbers[plane.cells[:, 0]] != numbers[plane.cells[:, 1]])
    thin = thinning(len(pairs))
    draw_batch(ax, plane.lines[inner & ~broken], CUT, 0.5 * thin)
    draw_batch(ax, plane.lines[~inner], BREAK, 1.0)
    draw_batch(ax, plane.lines[broken], BREAK, 1.8 * thin)
    if labels and color == "piece":
        _label(ax, owner, pairs, plane.outlines)
    return ax


def _label(ax: "Axes", owner: Sequence[int], pairs: Iterable[tuple[int, int]], outlines: Sequence[Any]) -> None:
    """The numbers of the pieces, unless there are too many."""
    if max(owner) < _MOST_LABELS:
        for members in components(len(owner), pairs, owner):
            label_region(ax, f"$\\ell_{{{owner[members[0]]}}}$", [outlines[i] for i in members])


def draw_graph(ax: "Axes", cut: Slice, f: Function, color: str, names: tuple[str, ...]) -> "Axes":
    """Value over the line, coloured segments, breakpoints as dots."""
    from matplotlib.collections import LineCollection

    ends = [sorted(point_of(g) for g in part.cone.generators) for part in cut.parts]
    order = sorted(range(len(ends)), key=lambda i: ends[i])
    chosen = shades(cut, f, color, list(pairwise(order)))
    lines = [floats([(t, _value(part.piece, (t,))) for (t,) in own]) for own, part in zip(ends, cut.parts, strict=True)]
    thin = thinning(len(lines))
    wide = LineCollection(lines, colors=chosen.colours, linewidths=1.0 + 2.5 * thin, capstyle="round")
    ax.add_collection(wide)
    ax.add_collection(LineCollection(lines, colors=BREAK, linewidths=thin))
    joints = [(ends[i][1], cut.parts[i].piece, cut.parts[j].piece) for i, j in pairwise(order)]
    for style, broken in (("o", True), ("|", False)):
        points = [(*t, _value(piece, t)) for t, piece, following in joints if (piece != following) == broken]
        if points:
            size = (5 if broken else 8) * thin
            ax.plot(*zip(*floats(points), strict=True), style, color=BREAK, markersize=size)
    if cut.clipped:
        _continue_graph(ax, [lines[i] for i in order])
    chosen.explain(ax)
    ax.autoscale_view()
    ax.grid(alpha=0.3)
    ax.set_xlabel(f"${names[0]}$")
    ax.set_ylabel(f"$F({names[0]})$")
    return ax


def _value(piece: AffineForm | AffineMap, point: Vector) -> Fraction:
    assert isinstance(piece, AffineForm)
    return piece(point)


def _continue_graph(ax: "Axes", lines: Sequence[Outline]) -> None:
    for tail, tip in ((lines[0][1], lines[0][0]), (lines[-1][0], lines[-1][1])):
        style = {"arrowstyle": "-|>", "color": BREAK, "lw": 1.0, "shrinkA": 0}
        ax.annotate("", xy=(tip[0], tip[1]), xytext=(tail[0], tail[1]), arrowprops=style)
