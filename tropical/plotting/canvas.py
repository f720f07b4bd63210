"""Drawing parts of the plane on Axes: fills, edges, the frame of the view, arrows where breaks leave it, labels."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tropical.arguments import require
from tropical.arithmetic.rationals import Vector
from tropical.plotting.outlines import Outline, Segment, measures
from tropical.plotting.palette import BREAK, CUT, FRAME, HATCHES
from tropical.plotting.shading import Shades
from tropical.plotting.slices import Slice, rounded
from tropical.polyhedra.polyhedron import Box

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FEW = 300  # segments that are drawn at full width
_DASHES: Any = (0, (4, 3))
_STRIP = 50  # times as long as wide: at equal scales nothing of it could be seen


@dataclass(frozen=True)
class Edges:
    """The segments of a picture by what they are.

    Breaks between different owners, merged ones between parts of one owner, the frame of the view where the function
    continues beyond it, and the border of the domain.
    """

    breaks: list[Segment]
    merged: list[Segment]
    frame: list[Segment]
    border: list[Segment]


def sorted_edges(cut: Slice, edges: Iterable[Segment], owner: Sequence[int]) -> Edges:
    """Sort segments by what lies on their two sides."""
    rows = (
        {tuple(sign * a for a in row) for row in cut.view.cone.constraints for sign in (1, -1)} if cut.clipped else ()
    )
    found = Edges([], [], [], [])
    for edge in edges:
        if edge.left is None or edge.right is None:
            (found.frame if edge.line in rows else found.border).append(edge)
        else:
            (found.merged if owner[edge.left] == owner[edge.right] else found.breaks).append(edge)
    return found


def make_axes(ax: "Axes | None", space: bool = False) -> Any:
    """The Axes given, or those of a new figure, in space for three-dimensional pictures.

    Raises ``ValueError`` for Axes of the other kind.
    """
    if ax is None:
        import matplotlib.pyplot as plt

        return plt.subplots(layout="constrained", subplot_kw={"projection": "3d"} if space else {})[1]
    from matplotlib.axes import Axes

    require(ax, Axes, "ax", "matplotlib Axes or None")
    if (ax.name == "3d") != space:
        raise ValueError(f"this picture needs {'' if space else 'no '}Axes of projection '3d', got {ax.name!r}")
    return ax


def fill(ax: "Axes", outlines: Sequence[Any], shades: Shades) -> None:
    """One batch of polygons for each hatch; edges in the colour of the face close the seams between neighbours."""
    from matplotlib.collections import PolyCollection

    for level in range(max(shades.hatches) + 1):
        chosen = [i for i, number in enumerate(shades.hatches) if number == level]
        colours = [shades.colours[i] for i in chosen]
        hatch = HATCHES[level % len(HATCHES)]
        edge = FRAME if hatch else colours
        batch = PolyCollection([outlines[i] for i in chosen], facecolors=colours, edgecolors=edge, linewidths=0.4)
        batch.set_antialiased(bool(hatch))
        batch.set_hatch(hatch)
        ax.add_collection(batch, autolim=False)


def draw_edges(ax: "Axes", cut: Slice, edges: Edges, cells: bool = True) -> None:
    """Breaks thick, edges between parts of one owner thin (if ``cells``), the frame dashed, the border solid."""
    thin = thinning(len(edges.breaks) + len(edges.merged))
    if cells:
        draw_lines(ax, edges.merged, CUT, 0.5 * thin)
    draw_border(ax, edges)
    draw_lines(ax, edges.breaks, BREAK, 1.8 * thin)
    if cut.clipped:
        draw_arrows(ax, cut.view, edges.breaks, BREAK)


def draw_border(ax: "Axes", edges: Edges) -> None:
    """The frame of the view dashed, the border of the domain solid."""
    draw_lines(ax, edges.frame, FRAME, 0.9, _DASHES)
    draw_lines(ax, edges.border, BREAK, 1.0)


def draw_lines(ax: "Axes", edges: Sequence[Segment], colour: str, width: float, style: Any = "solid") -> Any:
    """One batch of segments."""
    return draw_batch(ax, [floats(e.ends) for e in edges], colour, width, style)


def draw_batch(ax: "Axes", ends: Any, colour: str, width: float, style: Any = "solid") -> Any:
    """The same, by their ends."""
    from matplotlib.collections import LineCollection

    lines = LineCollection(ends, colors=colour, linewidths=width, linestyles=style)
    if style == "solid":
        lines.set_capstyle("round")
    return ax.add_collection(lines, autolim=False)


def thinning(count: int) -> float:
    """By what factor lines are thinner where there are many of them."""
    return float(max(0.05, min(1.0, (_FEW / max(count, 1)) ** 0.5)))


def draw_arrows(ax: "Axes", view: Box, breaks: Sequence[Segment], colour: str) -> None:
    """An arrowhead outside the frame wherever a break leaves the view; none if there is no room for so many."""
    from matplotlib.collections import PolyCollection

    size = 0.022 * float(view.upper[0] - view.lower[0])
    heads = []
    for edge in breaks:
        for tail, tip in (edge.ends, edge.ends[::-1]):
            if any(q in bounds for q, *bounds in zip(tip, view.lower, view.upper, strict=True)):
                (px, py), (qx, qy) = floats([tail, tip])
                length = math.hypot(qx - px, qy - py)
                if length:
                    u, v = (qx - px) / length * size, (qy - py) / length * size
                    heads.append([(qx - v / 2, qy + u / 2), (qx + v / 2, qy - u / 2), (qx + 1.3 * u, qy + 1.3 * v)])
    if len(heads) <= _FEW // 2:
        ax.add_collection(PolyCollection(heads, facecolors=colour, edgecolors="none"), autolim=False)


def set_limits(ax: "Axes", view: Box) -> None:
    """Limits a little wider than the view, no spines: the frame is drawn instead. Equal scales unless it is a strip."""
    lower, upper = floats([view.lower, view.upper])
    sides = [b - a for a, b in zip(lower, upper, strict=True)]
    equal = max(sides) < _STRIP * min(sides)
    pads = [0.05 * (max(sides) if equal else side) for side in sides]
    ax.set_xlim(lower[0] - pads[0], upper[0] + pads[0])
    ax.set_ylim(lower[1] - pads[1], upper[1] + pads[1])
    if equal:
        ax.set_aspect("equal", adjustable="box")
    ax.locator_params(nbins=7)
    for spine in ax.spines.values():
        spine.set_visible(False)


def name_axes(ax: "Axes", names: tuple[str, ...]) -> None:
    """The names of the two coordinates."""
    ax.set_xlabel(f"${names[0]}$")
    ax.set_ylabel(f"${names[1]}$")


def label_region(ax: "Axes", text: str, outlines: Sequence[Outline]) -> None:
    """Write at the centroid of the largest polygon of a region, unless it is too thin to hold the text."""
    area, perimeter, centre = max(map(measures, outlines))
    width = abs(ax.get_xlim()[1] - ax.get_xlim()[0])
    thickness = 2 * area / perimeter if perimeter else 0.0  # the inradius lies between half of this and this
    if thickness > 0.03 * width:
        ax.text(*centre, text, ha="center", va="center", fontsize=9, color="black")


def floats(points: Iterable[Vector]) -> Outline:
    """Coordinates rounded to float64: the only place where a picture of exact parts loses exactness."""
    return [tuple(map(rounded, point)) for point in points]
