"""Linear regions of a function of two variables as a coloured map, of one variable as a graph."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tropical.affine import AffineForm
from tropical.complexes import PolyhedralComplex
from tropical.lattice_polynomial import LatticePolynomial
from tropical.linear_parts import Function
from tropical.network import ReLUNetwork
from tropical.plotting.outlines import Segment, colouring, components, polygon, segments
from tropical.plotting.slices import Slice, make_slice, relevant_directions, restrict
from tropical.polyhedron import Polyhedron
from tropical.rationals import Vector

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    Points = list[tuple[float, float]]

COLOURS = ("#77AADD", "#EE8866", "#EEDD88", "#FFAABB", "#99DDFF", "#44BB99", "#BBCC33", "#AAAA00", "#DDDDDD")
"""Paul Tol's "light" qualitative scheme (2021): nine fills that stay apart in every kind of colour blindness."""

_HATCHES = ("", "//", "..", "xx", "++", "oo")
_BREAK, _CUT, _FRAME = "#222222", "#666666", "#999999"


def plot_regions(
    obj: Function | PolyhedralComplex,
    domain: Polyhedron | None = None,
    ax: "Axes | None" = None,
    *,
    directions: Iterable[Iterable[Any]] | None = None,
    labels: bool = True,
) -> "Axes":
    r"""Draw the linear regions of F in the plane, or the graph of F on the line, and return the Axes.

    Regions with one affine piece have one colour, neighbours never share one; beyond nine pieces colours repeat, and
    beyond what nine colours can do hatches are added. Thick lines separate pieces, thin ones are boundaries of
    activation regions that F does not notice. The label $\ell_i$ names piece i: of a lattice polynomial the i-th of its
    ``pieces``, else the i-th to appear, as in ``affine_pieces``; labels that do not fit are left out. The view contains
    all vertices; where F continues beyond it, the frame is dashed and breaks end in arrows. On the line, dots are
    breakpoints and ticks on the graph are the other vertices.

    Parameters: ``obj`` is a network, a lattice polynomial or a complex (drawn on its own domain); ``domain`` a Box or
    Polyhedron in the coordinates of the picture, None for all of it; ``ax`` the Axes to draw on, None for a new figure.
    ``directions``: one or two rows B of shape (k, n); drawn is z -> F(B^T z), composed exactly. By default inputs are
    drawn as they are for n <= 2; for larger n the rows are an orthonormal basis of the relevant subspace.
    Raises ``ValueError`` if the relevant subspace has no dimension 1 or 2, for directions of another shape, for a
    domain on another space, for an incomplete complex, and for the graph of several outputs.

    >>> import matplotlib; matplotlib.use("Agg")
    >>> from tropical import ReLUNetwork
    >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    >>> axes = plot_regions(maximum)
    >>> sorted(text.get_text() for text in axes.texts)
    ['$\\ell_{0}$', '$\\ell_{1}$']
    >>> import matplotlib.pyplot; matplotlib.pyplot.close(axes.figure)
    """
    f, domain = _function(obj, domain)
    native = directions is None and f.input_dim <= 2
    plane = f if native else restrict(f, relevant_directions(f) if directions is None else directions)
    if plane.input_dim == 1 and isinstance(plane, ReLUNetwork) and plane.output_dim > 1:
        raise ValueError(f"the graph of a function on the line needs one output, got {plane.output_dim}: use output(i)")
    cut = make_slice(plane, domain)
    ax = _axes(ax)
    if plane.input_dim == 1:
        _draw_graph(ax, cut)
    else:
        _draw_map(ax, cut, labels, cells=not isinstance(plane, LatticePolynomial))
    name = "x" if native else "z"
    ax.set_xlabel(f"${name}_0$")
    ax.set_ylabel(f"${name}_1$" if plane.input_dim == 2 else f"$F({name}_0)$")
    return ax


def _function(obj: Function | PolyhedralComplex, domain: Polyhedron | None) -> tuple[Function, Polyhedron | None]:
    if not isinstance(obj, PolyhedralComplex):
        return obj, domain
    if not obj.complete:
        raise ValueError(f"this needs a complete complex; the given one is not: {obj.incomplete_because}")
    return obj.network, obj.domain if domain is None else domain


def _axes(ax: "Axes | None") -> "Axes":
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1]


def _draw_map(ax: "Axes", cut: Slice, labels: bool, cells: bool) -> None:
    pieces = {piece: i for i, piece in enumerate(cut.pieces)}
    owner = [pieces[part.piece] for part in cut.parts]
    edges = segments(cut.parts)
    outlines = [_floats(polygon(part.cone)) for part in cut.parts]
    numbers = colouring(len(pieces), edges, owner, len(COLOURS))
    _fill(ax, outlines, [numbers[i] for i in owner])
    _draw_edges(ax, cut, edges, owner, cells)
    _set_limits(ax, cut)
    if labels:
        for members in components(len(owner), edges, owner):
            _label(ax, f"$\\ell_{{{owner[members[0]]}}}$", [outlines[i] for i in members])


def _fill(ax: "Axes", outlines: Sequence["Points"], numbers: Sequence[int]) -> None:
    """One batch of polygons for each hatch; edges in the colour of the face close the seams between neighbours."""
    from matplotlib.collections import PolyCollection

    for level in range(max(numbers) // len(COLOURS) + 1):
        chosen = [i for i, number in enumerate(numbers) if number // len(COLOURS) == level]
        colours = [COLOURS[numbers[i] % len(COLOURS)] for i in chosen]
        hatch = _HATCHES[level % len(_HATCHES)]
        edge = _FRAME if hatch else colours
        batch = PolyCollection([outlines[i] for i in chosen], facecolors=colours, edgecolors=edge, linewidths=0.4)
        batch.set_antialiased(bool(hatch))
        batch.set_hatch(hatch)
        ax.add_collection(batch, autolim=False)


def _draw_edges(ax: "Axes", cut: Slice, edges: Sequence[Segment], owner: Sequence[int], cells: bool) -> None:
    from matplotlib.collections import LineCollection

    breaks: list[Segment] = []
    merged: list[Segment] = []
    border: list[Segment] = []
    for edge in edges:
        if edge.left is None or edge.right is None:
            border.append(edge)
        else:
            (merged if owner[edge.left] == owner[edge.right] else breaks).append(edge)
    rows = (
        {tuple(sign * a for a in row) for row in cut.view.cone.constraints for sign in (1, -1)}
        if cut.clipped
        else set()
    )
    clip = [edge for edge in border if edge.line in rows]
    solid = [edge for edge in border if edge.line not in rows]
    styles = [(merged if cells else [], _CUT, 0.5, "solid"), (clip, _FRAME, 0.9, (0, (4, 3)))]
    for group, colour, width, style in [*styles, (solid, _BREAK, 1.0, "solid"), (breaks, _BREAK, 1.8, "solid")]:
        lines = LineCollection([_floats(e.ends) for e in group], colors=colour, linewidths=width, linestyles=style)
        if style == "solid":
            lines.set_capstyle("round")
        ax.add_collection(lines, autolim=False)
    if cut.clipped:
        _draw_arrows(ax, cut, breaks)


def _draw_arrows(ax: "Axes", cut: Slice, breaks: Sequence[Segment]) -> None:
    """An arrowhead outside the frame wherever a break leaves the view."""
    from matplotlib.collections import PolyCollection

    size = 0.022 * float(cut.view.upper[0] - cut.view.lower[0])
    heads = []
    for edge in breaks:
        for tail, tip in (edge.ends, edge.ends[::-1]):
            if any(q in bounds for q, *bounds in zip(tip, cut.view.lower, cut.view.upper, strict=True)):
                (ax_, ay_), (bx, by) = _floats([tail, tip])
                length = ((bx - ax_) ** 2 + (by - ay_) ** 2) ** 0.5
                u, v = (bx - ax_) / length * size, (by - ay_) / length * size
                heads.append([(bx - v / 2, by + u / 2), (bx + v / 2, by - u / 2), (bx + 1.3 * u, by + 1.3 * v)])
    ax.add_collection(PolyCollection(heads, facecolors=_BREAK, edgecolors="none"), autolim=False)


def _set_limits(ax: "Axes", cut: Slice) -> None:
    lower, upper = _floats([cut.view.lower, cut.view.upper])
    pad = 0.05 * max(b - a for a, b in zip(lower, upper, strict=True))
    ax.set_xlim(lower[0] - pad, upper[0] + pad)
    ax.set_ylim(lower[1] - pad, upper[1] + pad)
    ax.set_aspect("equal", adjustable="box")
    for spine in ax.spines.values():
        spine.set_visible(False)


def _label(ax: "Axes", text: str, outlines: Sequence["Points"]) -> None:
    """Write at the centroid of the largest polygon of a region, unless it is too thin to hold the text."""
    area, perimeter, centre = max(map(_measures, outlines))
    width = abs(ax.get_xlim()[1] - ax.get_xlim()[0])
    thickness = 2 * area / perimeter  # the inradius of a polygon lies between half of this and this
    if thickness > 0.03 * width:
        ax.text(*centre, text, ha="center", va="center", fontsize=9, color="black")


def _measures(outline: "Points") -> tuple[float, float, tuple[float, float]]:
    """Area, perimeter and centroid of a convex polygon."""
    area = perimeter = moment_x = moment_y = 0.0
    base = outline[0]
    for (ax_, ay_), (bx, by) in zip(outline, [*outline[1:], base], strict=True):
        perimeter += ((bx - ax_) ** 2 + (by - ay_) ** 2) ** 0.5
        twice = (ax_ - base[0]) * (by - base[1]) - (bx - base[0]) * (ay_ - base[1])
        area += twice / 2
        moment_x += twice * (ax_ + bx + base[0]) / 6
        moment_y += twice * (ay_ + by + base[1]) / 6
    return abs(area), perimeter, (moment_x / area, moment_y / area)


def _draw_graph(ax: "Axes", cut: Slice) -> None:
    """Value over the line, one colour for each piece, breakpoints as dots."""
    from matplotlib.collections import LineCollection

    pieces = {piece: i for i, piece in enumerate(cut.pieces)}
    spans = []
    for part in cut.parts:
        assert isinstance(part.piece, AffineForm)
        ends = sorted(Fraction(g[1], g[0]) for g in part.cone.generators)
        spans.append((ends, part.piece))
    spans.sort(key=lambda span: span[0])
    colours = [COLOURS[pieces[piece] % len(COLOURS)] for _, piece in spans]
    lines = [_floats([(t, piece((t,))) for t in ends]) for ends, piece in spans]
    ax.add_collection(LineCollection(lines, colors=colours, linewidths=3.5, capstyle="round"))
    ax.add_collection(LineCollection(lines, colors=_BREAK, linewidths=1.0))
    joints = list(pairwise(spans))
    for style, broken in (("o", True), ("|", False)):
        points = [(a[0][1], a[1]((a[0][1],))) for a, b in joints if (a[1] != b[1]) == broken]
        if points:
            ax.plot(*zip(*_floats(points), strict=True), style, color=_BREAK, markersize=5 if broken else 8)
    if cut.clipped:
        _continue_graph(ax, lines)
    ax.autoscale_view()
    ax.grid(alpha=0.3)


def _continue_graph(ax: "Axes", lines: Sequence["Points"]) -> None:
    for tail, tip in ((lines[0][1], lines[0][0]), (lines[-1][0], lines[-1][1])):
        ax.annotate("", xy=tip, xytext=tail, arrowprops={"arrowstyle": "-|>", "color": _BREAK, "lw": 1.0, "shrinkA": 0})


def _floats(points: Iterable[Vector]) -> "Points":
    return [(float(x), float(y)) for x, y in points]
