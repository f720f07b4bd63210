"""The dual graph of a complex: a node for each cell, an edge for each common facet."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tropical.activation.complexes import PolyhedralComplex
from tropical.activation.regions import affine_pieces
from tropical.activation.subdivision import polyhedral_complex
from tropical.functions.network import ReLUNetwork
from tropical.plotting.canvas import (
    draw_border,
    draw_lines,
    floats,
    make_axes,
    name_axes,
    set_limits,
    sorted_edges,
    thinning,
)
from tropical.plotting.outlines import Segment, float_polygon, measures, segments
from tropical.plotting.palette import BREAK, COLOURS, FRAME
from tropical.plotting.shading import shades
from tropical.plotting.slices import Slice, free_inputs, function_of, make_slice
from tropical.polyhedra.polyhedron import Polyhedron

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_dual_graph(
    obj: ReLUNetwork | PolyhedralComplex, domain: Polyhedron | None = None, ax: "Axes | None" = None
) -> "Axes":
    """Draw the graph of the activation regions, joined where they share a facet; return the Axes.

    In the plane a node is the centroid of its cell (in the view, where the cell is unbounded) and an edge goes through
    the middle of the common facet, so that edges never cross; the cells are behind them. In other dimensions, where
    coordinates mean nothing, the layout is by springs (Fruchterman and Reingold 1991), with a fixed seed. Colours are
    those of the affine pieces, as in `plot_regions`. Raises ``ValueError`` for an incomplete complex.

    >>> import matplotlib; matplotlib.use("Agg")
    >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    >>> axes = plot_dual_graph(maximum)
    >>> len(axes.collections[-1].get_offsets())  # cells
    4
    >>> import matplotlib.pyplot; matplotlib.pyplot.close(axes.figure)
    """
    net, domain = function_of(obj, domain)
    if not isinstance(net, ReLUNetwork):
        raise ValueError(f"only networks have activation regions, got a {type(net).__name__}")
    own = free_inputs(net, domain)
    if own.function.input_dim == 2:
        assert isinstance(own.function, ReLUNetwork)
        return _draw_plane(make_axes(ax), make_slice(own.function, own.domain), own.function, own.names)
    complex_ = obj if isinstance(obj, PolyhedralComplex) and obj.domain is domain else polyhedral_complex(net, domain)
    return _draw_springs(make_axes(ax), complex_)


def _draw_plane(ax: "Axes", cut: Slice, net: ReLUNetwork, names: tuple[str, ...]) -> "Axes":
    edges = sorted_edges(cut, segments(cut.parts), range(len(cut.parts)))
    pairs = [(edge.left, edge.right) for edge in edges.breaks if edge.left is not None and edge.right is not None]
    centres = [measures(float_polygon(part.cone))[2] for part in cut.parts]
    thin = thinning(len(pairs))
    draw_lines(ax, edges.breaks, FRAME, 0.8 * thin)
    draw_border(ax, edges)
    paths = [[centres[i], _middle(edge), centres[j]] for (i, j), edge in zip(pairs, edges.breaks, strict=True)]
    _draw_graph(ax, paths, centres, shades(cut, net, "piece", pairs).colours)
    set_limits(ax, cut.view)
    name_axes(ax, names)
    return ax


def _middle(edge: Segment) -> tuple[float, float]:
    (px, py), (qx, qy) = floats(edge.ends)
    return (px + qx) / 2, (py + qy) / 2


def _draw_springs(ax: "Axes", complex_: PolyhedralComplex) -> "Axes":
    import networkx

    graph = complex_.dual_graph()
    places = networkx.spring_layout(graph, seed=0, iterations=200 if len(graph) < 500 else 50)
    centres = [(float(places[i][0]), float(places[i][1])) for i in range(len(graph))]
    pieces = {piece: i for i, piece in enumerate(affine_pieces(complex_))}
    maps = [cell.affine_map for cell in complex_.cells]
    owner = [pieces[m.forms[0] if len(m.forms) == 1 else m] for m in maps]
    _draw_graph(ax, [[centres[i], centres[j]] for i, j in graph.edges], centres, [COLOURS[i % 9] for i in owner])
    ax.autoscale_view()
    ax.margins(0.05)
    ax.set_axis_off()
    ax.set_title(f"{len(graph)} cells, {graph.number_of_edges()} common facets", fontsize=10)
    return ax


def _draw_graph(ax: "Axes", paths: Sequence[Any], centres: Sequence[Any], colours: Sequence[Any]) -> None:
    from matplotlib.collections import LineCollection

    thin = thinning(len(paths))
    ax.add_collection(LineCollection(paths, colors=BREAK, linewidths=1.2 * thin))
    xs, ys = zip(*centres, strict=True)
    ax.scatter(xs, ys, s=60 * thin**2, c=colours, edgecolors=BREAK, linewidths=0.9 * thin, zorder=3)
