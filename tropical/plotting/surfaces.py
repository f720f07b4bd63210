"""The graph of a function of two variables in space, one flat polygon for each part."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from tropical.activation.complexes import PolyhedralComplex
from tropical.functions.affine import AffineForm
from tropical.functions.function import Function
from tropical.functions.requirements import require_scalar
from tropical.plotting.canvas import Edges, floats, make_axes, sorted_edges, thinning
from tropical.plotting.outlines import Outline, Point, adjacent, polygon, segments
from tropical.plotting.palette import BREAK, FRAME
from tropical.plotting.shading import Shade, check_shade, shades
from tropical.plotting.slices import make_picture, make_slice, rounded
from tropical.polyhedra.part import Part
from tropical.polyhedra.polyhedron import Polyhedron

if TYPE_CHECKING:
    from mpl_toolkits.mplot3d import Axes3D  # type: ignore[import-untyped]

_THINNEST = 0.02  # share of the longest side: of a box that is thinner nothing could be seen


def plot_surface(
    obj: Function | PolyhedralComplex,
    domain: Polyhedron | None = None,
    ax: "Axes3D | None" = None,
    *,
    color: Shade = "piece",
    directions: Iterable[Iterable[Any]] | None = None,
) -> "Axes3D":
    """Draw the graph {(x, F(x))} of a function of two variables as exact flat polygons; return the Axes.

    One polygon for each part of the plane on which F is affine, lifted over Q. On the floor are the boundaries between
    affine pieces and the frame of the view, dashed where the graph continues beyond it.
    ``ax`` must have projection "3d". Parameters, view, colours (all but "value", which is the height) and errors as in
    `plot_regions`; one output.

    >>> import matplotlib; matplotlib.use("Agg")
    >>> from tropical import ReLUNetwork
    >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    >>> axes = plot_surface(maximum)
    >>> axes.get_zlabel()
    '$F$'
    >>> import matplotlib.pyplot; matplotlib.pyplot.close(axes.figure)
    """
    picture = make_picture(obj, domain, directions, (2,))
    f = picture.function
    check_shade(color, f)
    require_scalar(f, "a surface")
    cut = make_slice(f, picture.domain)
    axes = make_axes(ax, space=True)
    edges = segments(cut.parts)
    faces = [[lifted(part, point) for point in polygon(part.cone)] for part in cut.parts]
    chosen = shades(cut, f, color, adjacent(edges))
    draw_faces(axes, faces, chosen.colours, 0.9 * thinning(len(edges)))
    set_box(axes, [corner for face in faces for corner in face])
    _draw_floor(axes, sorted_edges(cut, edges, cut.owners))
    x, y = picture.names
    axes.set(xlabel=f"${x}$", ylabel=f"${y}$", zlabel="$F$")
    chosen.explain(axes)
    return axes


def draw_faces(ax: "Axes3D", faces: Sequence[Outline], colours: Sequence[Any], width: float, alpha: float = 1.0) -> Any:
    """One batch of polygons in space, their edges drawn with them so that they are hidden with them."""
    from matplotlib.colors import to_rgba
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection  # type: ignore[import-untyped]

    longest = max(map(len, faces), default=0)
    faces = [[*face, *[face[-1]] * (longest - len(face))] for face in faces]  # matplotlib pads with what memory holds
    filled = [to_rgba(colour, alpha) for colour in colours]
    batch = Poly3DCollection(faces, facecolors=filled, edgecolors=to_rgba(BREAK, 0.9), linewidths=width)
    batch.set_zorder(1)
    return ax.add_collection3d(batch, autolim=False)


def set_box(ax: "Axes3D", corners: Sequence[tuple[float, ...]], equal: bool = False) -> None:
    """Limits that hold the corners, and panes that stay behind them; ``equal``: one scale on all axes."""
    from matplotlib.ticker import MaxNLocator

    ranges = [(min(column), max(column)) for column in zip(*corners, strict=True)]
    ranges = [(low, high) if low < high else (low - 0.5, high + 0.5) for low, high in ranges]
    sides = [high - low for low, high in ranges]
    for setter, (low, high) in zip((ax.set_xlim, ax.set_ylim, ax.set_zlim), ranges, strict=True):
        setter(low, high)
    longest = max(sides if equal else sides[:2])
    shares = [max(side / longest, _THINNEST) for side in sides]
    if not equal:
        shares[2] = 0.7
    ax.set_box_aspect(shares, zoom=0.9)
    ax.computed_zorder = False
    for axis, share in zip((ax.xaxis, ax.yaxis, ax.zaxis), shares, strict=True):
        axis.set_pane_color((1.0, 1.0, 1.0, 0.0))
        axis.set_tick_params(labelsize=8)
        axis.set_major_locator(MaxNLocator(max(2, min(5, round(4 * share)))))


def lifted(part: Part, point: Point) -> tuple[float, ...]:
    """The point of the graph over a point of the plane, rounded."""
    assert isinstance(part.piece, AffineForm)
    return (*map(rounded, point), rounded(part.piece(point)))


def _draw_floor(ax: "Axes3D", edges: Edges) -> None:
    """The linear regions and the frame of the view below the surface."""
    from mpl_toolkits.mplot3d.art3d import Line3DCollection

    floor = ax.get_zlim()[0]
    styles: list[Any] = [(edges.breaks, BREAK, 0.8 * thinning(len(edges.breaks)), "solid")]
    styles += [(edges.frame, FRAME, 0.9, (0, (4, 3))), (edges.border, BREAK, 0.9, "solid")]
    for group, colour, width, style in styles:
        lines = [[(*end, floor) for end in floats(edge.ends)] for edge in group]
        batch = Line3DCollection(lines, colors=colour, linewidths=width, linestyles=style)
        batch.set_zorder(0)
        ax.add_collection3d(batch, autolim=False)
