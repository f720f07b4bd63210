"""Newton polytopes with their dual subdivisions, tropical curves, and the zonotopes of one hidden layer."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tropical.arguments import require
from tropical.duality.hypersurface import tropical_hypersurface
from tropical.duality.newton import zonotope_of
from tropical.duality.regular_subdivisions import RegularSubdivision, dual_subdivision
from tropical.functions.network import ReLUNetwork
from tropical.functions.polynomial import TropicalPolynomial
from tropical.functions.requirements import require_network
from tropical.notation import latex_rational
from tropical.plotting.canvas import (
    Edges,
    draw_edges,
    fill,
    floats,
    label_region,
    make_axes,
    name_axes,
    set_limits,
    sorted_edges,
)
from tropical.plotting.outlines import Outline, colouring, cycle, float_polygon, segments
from tropical.plotting.palette import BREAK, COLOURS, FRAME, LINES
from tropical.plotting.shading import Shades, by_number
from tropical.plotting.slices import make_slice
from tropical.plotting.surfaces import draw_faces, set_box
from tropical.polyhedra.polytopes import Polytope, zonotope_generators

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_LABELS = 40
_MOST_ARROWS = 12
_LEAST_PAD = 2.0**-40  # of the size of the coordinates: what float64 and matplotlib can tell apart


def plot_newton_polytope(p: TropicalPolynomial, ax: "Axes | None" = None) -> "Axes":
    r"""Draw the Newton polytope of p and its dual subdivision, for one or two variables; return the Axes.

    Dots are the exponents a_i of the terms that alone attain p somewhere, in the colours of their regions in
    `plot_tropical_curve` and with their numbers i in ``p.terms``; rings are all other exponents. In one variable the
    points (a_i, c_i) are drawn, the upper side of their hull, and below it the subdivision. Raises ``ValueError`` for
    more variables.

    >>> import matplotlib; matplotlib.use("Agg")
    >>> p = TropicalPolynomial.from_terms({(0, 0): 0, (1, 0): 1, (0, 1): 1, (2, 0): 0, (1, 1): 1, (0, 2): 0})
    >>> axes = plot_newton_polytope(p)
    >>> sum(text.get_text().startswith("$a_") for text in axes.texts)
    6
    >>> import matplotlib.pyplot; matplotlib.pyplot.close(axes.figure)
    """
    require(p, TropicalPolynomial, "p", "a TropicalPolynomial such as a side of to_tropical_rational_map(net)")
    from matplotlib.ticker import MaxNLocator

    if p.input_dim > 2:
        raise ValueError(f"one or two variables can be drawn, got {p.input_dim}")
    subdivision = dual_subdivision(p)
    axes: Axes = make_axes(ax)
    line = p.input_dim == 1
    points = floats((a[0], c if line else a[1]) for a, c in zip(p.support, p.coefficients, strict=True))
    if line:
        _draw_lifted(axes, subdivision, points)
    else:
        _draw_cells(axes, subdivision)
    _draw_exponents(axes, subdivision, points)
    axes.set_xlabel("exponent $a$" if line else "exponent of $x_0$")
    axes.set_ylabel("coefficient $c$" if line else "exponent of $x_1$")
    _roomy(axes, points, equal=not line)
    for axis, column in zip((axes.xaxis, axes.yaxis), zip(*p.support, strict=True), strict=False):
        axis.set_major_locator(MaxNLocator(integer=all(q.denominator == 1 for q in column)))
    return axes


def plot_tropical_curve(p: TropicalPolynomial, ax: "Axes | None" = None) -> "Axes":
    r"""Draw the tropical curve of p in two variables and the regions that it bounds; return the Axes.

    Regions have the colours and numbers of their exponents in `plot_newton_polytope`: each edge of the curve is
    orthogonal to the edge of the subdivision between the same two numbers, and carries its lattice length where that
    is not 1. Dashed is the frame of the view, beyond which the curve continues. ``ValueError`` unless there are two
    variables.

    >>> import matplotlib; matplotlib.use("Agg")
    >>> axes = plot_tropical_curve(TropicalPolynomial.from_terms({(2, 0): 0, (0, 2): 0, (0, 0): 1}))
    >>> [text.get_text() for text in axes.texts if not text.get_text().startswith("$")]
    ['2', '2', '2']
    >>> import matplotlib.pyplot; matplotlib.pyplot.close(axes.figure)
    """
    require(p, TropicalPolynomial, "p", "a TropicalPolynomial such as a side of to_tropical_rational_map(net)")
    if p.input_dim != 2:
        raise ValueError(f"a curve needs two variables, got {p.input_dim}")
    cut = make_slice(p, None)
    number = {term: i for i, term in enumerate(p.terms)}
    owner = [number[part.piece] for part in cut.parts if part.piece in number]
    chosen = term_shades(dual_subdivision(p))
    edges = sorted_edges(cut, segments(cut.parts), owner)
    outlines = [float_polygon(part.cone) for part in cut.parts]
    axes: Axes = make_axes(ax)
    set_limits(axes, cut.view)
    name_axes(axes, ("x_0", "x_1"))
    fill(axes, outlines, Shades([chosen.colours[i] for i in owner], [chosen.hatches[i] for i in owner]))
    draw_edges(axes, cut, edges)
    if len(owner) <= _MOST_LABELS:
        for i, outline in zip(owner, outlines, strict=True):
            label_region(axes, f"$a_{{{i}}}$", [outline])
        _label_multiplicities(axes, p, edges, owner)
    return axes


def plot_zonotope(net: ReLUNetwork, ax: "Axes | None" = None) -> "Axes":
    """Draw the two zonotopes of a network with one hidden layer and two or three inputs; return the Axes.

    F = f - g with f and g tropical polynomials: their Newton polytopes are the zonotopes of `zonotope_of`. Arrows from
    the first vertex are the generators, parallel ones added, if there are at most 12. In space ``ax`` must have
    projection "3d". Raises ``ValueError`` for other inputs and as `zonotope_of`.

    >>> import matplotlib; matplotlib.use("Agg")
    >>> net = ReLUNetwork.from_arrays([[[1, 0], [0, 1], [1, 1], [1, -1]], [[1, 2, 1, -1]]])
    >>> axes = plot_zonotope(net)
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['Newt$(f)$: 6 vertices', 'Newt$(g)$: 2 vertices']
    >>> import matplotlib.pyplot; matplotlib.pyplot.close(axes.figure)
    """
    require_network(net)
    from matplotlib.patches import Patch

    if net.input_dim not in (2, 3):
        raise ValueError(f"two or three inputs can be drawn, got {net.input_dim}")
    polytopes = zonotope_of(net)
    axes: Axes = make_axes(ax, space=net.input_dim == 3)
    keys = []
    for name, polytope, colour in zip("fg", polytopes, LINES, strict=False):
        (_draw_solid if net.input_dim == 3 else _draw_polygon)(axes, polytope, colour)
        keys.append(Patch(facecolor=colour, alpha=0.4, label=f"Newt$({name})$: {len(polytope.vertices)} vertices"))
    corners = floats(vertex for polytope in polytopes for vertex in polytope.vertices)
    axes.set(**{f"{axis}label": f"exponent of $x_{i}$" for i, axis in enumerate("xyz"[: net.input_dim])})
    if net.input_dim == 3:
        set_box(axes, corners, equal=True)
    else:
        _roomy(axes, corners, equal=True)
    axes.legend(handles=keys, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return axes


def term_shades(subdivision: RegularSubdivision) -> Shades:
    """A colour for each term, different for terms whose regions share an edge; the others stay white."""
    vertices = subdivision.vertices
    place = {term: i for i, term in enumerate(vertices)}
    edges = subdivision.cells[1] if subdivision.dimension else ()
    ends = [[place[term] for term in edge if term in place] for edge in edges]
    chosen = by_number(colouring(len(vertices), [(i, j) for i, j in ends], len(COLOURS)))
    count = len(subdivision.polynomial.terms)
    colours = [chosen.colours[place[i]] if i in place else "white" for i in range(count)]
    return Shades(colours, [chosen.hatches[place[i]] if i in place else 0 for i in range(count)])


def outline(polytope: Polytope) -> Outline:
    """The vertices of a polytope of dimension at most 2 in cyclic order, rounded."""
    corners = floats(polytope.vertices)
    return [corners[i] for i in cycle((i, j) for i, j in polytope.faces[1])] if polytope.dimension == 2 else corners


def _draw_cells(ax: "Axes", subdivision: RegularSubdivision) -> None:
    from matplotlib.collections import LineCollection, PolyCollection

    if subdivision.dimension == 2:
        polygons = [outline(subdivision.polytope(cell)) for cell in subdivision.maximal_cells]
        ax.add_collection(PolyCollection(polygons, facecolors="#F4F4F4", edgecolors="none"), autolim=False)
    if subdivision.dimension:
        lines = [outline(subdivision.polytope(cell)) for cell in subdivision.cells[1]]
        ax.add_collection(LineCollection(lines, colors=BREAK, linewidths=1.2), autolim=False)


def _draw_lifted(ax: "Axes", subdivision: RegularSubdivision, points: Sequence[tuple[float, ...]]) -> None:
    """The upper hull of the points (a, c), dropped on a line below all of them."""
    hull = [points[i] for i in subdivision.vertices]
    bottom = min(c for _, c in points) - 0.15 * ((max(c for _, c in points) - min(c for _, c in points)) or 1.0)
    ax.plot(*zip(*hull, strict=True), color=BREAK, linewidth=1.2, zorder=1)
    ax.plot([a for a, _ in hull], [bottom] * len(hull), color=BREAK, linewidth=1.2, marker="|", markersize=9)
    for a, c in hull:
        ax.plot([a, a], [bottom, c], color=FRAME, linewidth=0.8, linestyle=(0, (2, 2)), zorder=0)


def _draw_exponents(ax: "Axes", subdivision: RegularSubdivision, points: Sequence[tuple[float, ...]]) -> None:
    colours, vertices = term_shades(subdivision).colours, subdivision.vertices
    others = [i for i in range(len(points)) if i not in set(vertices)]
    for chosen, size in ((others, 14), (vertices, 55)):
        if chosen:
            xs, ys = zip(*(points[i] for i in chosen), strict=True)
            ax.scatter(xs, ys, size, [colours[i] for i in chosen], edgecolors=BREAK, linewidths=0.9, zorder=3)
    if len(vertices) <= _MOST_LABELS:
        for i in vertices:
            place = (points[i][0], points[i][1])
            ax.annotate(f"$a_{{{i}}}$", place, (6, 5), textcoords="offset points", fontsize=9, zorder=4)


def _label_multiplicities(ax: "Axes", p: TropicalPolynomial, edges: Edges, owner: Sequence[int]) -> None:
    curve = tropical_hypersurface(p)
    weights = {facet.terms: curve.multiplicity(facet) for facet in curve.facets}
    for edge in edges.breaks:
        assert edge.left is not None
        assert edge.right is not None
        sides = {owner[edge.left], owner[edge.right]}
        weight = next(weight for terms, weight in weights.items() if sides <= set(terms))
        if weight != 1:
            (px, py), (qx, qy) = floats(edge.ends)
            box = {"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": "none"}
            middle = ((px + qx) / 2, (py + qy) / 2)
            text = str(weight) if weight < 10**6 and weight.denominator < 10**3 else f"${latex_rational(weight)}$"
            ax.text(*middle, text, fontsize=8, ha="center", va="center", bbox=box, zorder=4)


def _draw_polygon(ax: "Axes", polytope: Polytope, colour: str) -> None:
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgba

    border = outline(polytope)
    ax.add_collection(PolyCollection([border], facecolors=to_rgba(colour, 0.3), edgecolors=colour), autolim=False)
    xs, ys = zip(*border, strict=True)
    ax.plot(xs, ys, "o", color=colour, markersize=4)
    generators = zonotope_generators(polytope) or ()
    if len(generators) <= _MOST_ARROWS:
        x, y = map(float, polytope.vertices[0])
        for u, v in floats(generators):
            style = {"arrowstyle": "-|>", "color": colour, "lw": 1.0, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", (x + u, y + v), (x, y), arrowprops=style)


def _draw_solid(ax: Any, polytope: Polytope, colour: str) -> None:
    corners = floats(polytope.vertices)
    if polytope.dimension < 2:
        ax.plot(*zip(*corners, strict=True), color=colour, marker="o", markersize=4)
        return
    ends = [set(edge) for edge in polytope.faces[1]]
    faces = []
    for face in polytope.faces[2]:
        order = cycle((i, j) for i, j in map(sorted, ends) if i in face and j in face)
        faces.append([corners[i] for i in order])
    draw_faces(ax, faces, [colour] * len(faces), 0.8, 0.35)


def _roomy(ax: "Axes", points: Sequence[tuple[float, ...]], equal: bool) -> None:
    """Limits with a margin for labels, also around a single point."""
    spans = [(min(column), max(column)) for column in zip(*points, strict=True)]
    longest = max(high - low for low, high in spans) or 1.0
    pads = [0.14 * (longest if equal else (high - low) or 1.0) for low, high in spans]
    pads = [max(pad, _LEAST_PAD * max(map(abs, span))) for pad, span in zip(pads, spans, strict=True)]
    (left, right), (bottom, top) = [(low - pad, high + pad) for (low, high), pad in zip(spans, pads, strict=True)]
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)
    if equal:
        ax.set_aspect("equal", adjustable="box")
    ax.grid(alpha=0.3)
    ax.set_axisbelow(True)
