"""Where the units of a network break, layer by layer."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tropical.activation.complexes import PolyhedralComplex
from tropical.functions.network import ReLUNetwork
from tropical.plotting.canvas import (
    draw_arrows,
    draw_border,
    draw_lines,
    make_axes,
    name_axes,
    set_limits,
    sorted_edges,
    thinning,
)
from tropical.plotting.outlines import Segment, segments
from tropical.plotting.palette import line_colours
from tropical.plotting.shading import breaking_layer, outside_legend
from tropical.plotting.slices import Slice, make_picture, make_slice
from tropical.polyhedra.polyhedron import Polyhedron

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_bent_hyperplanes(
    obj: ReLUNetwork | PolyhedralComplex,
    domain: Polyhedron | None = None,
    ax: "Axes | None" = None,
    *,
    directions: Iterable[Iterable[Any]] | None = None,
) -> "Axes":
    """Draw where hidden units break, one colour for each layer with a legend, and return the Axes.

    The break of a unit is the set of points near which its preactivation takes different signs: a line for a unit of
    layer 0, a line bent at the breaks of earlier layers for later ones (Hanin and Rolnick 2019). A segment on which
    units of several layers break has the colour of the first of these. Parameters, view and errors as in
    `plot_regions`; the picture is planar.

    >>> import matplotlib; matplotlib.use("Agg")
    >>> net = ReLUNetwork.from_arrays([[[1, 0], [0, 1]], [[1, 1]], [[1]]], [None, [-1], None])
    >>> axes = plot_bent_hyperplanes(net)
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['layer 0', 'layer 1']
    >>> import matplotlib.pyplot; matplotlib.pyplot.close(axes.figure)
    """
    picture = make_picture(obj, domain, directions, (2,))
    net = picture.function
    if not isinstance(net, ReLUNetwork):
        raise ValueError(f"only networks have units that break, got a {type(net).__name__}")
    cut = make_slice(net, picture.domain)
    by_layer: dict[int, list[Segment]] = {layer: [] for layer in range(len(net.widths))}
    edges = sorted_edges(cut, segments(cut.parts), range(len(cut.parts)))
    for edge in edges.breaks:
        assert edge.left is not None
        assert edge.right is not None
        layer = breaking_layer(cut.parts[edge.left], cut.parts[edge.right], net)
        assert layer is not None
        by_layer[layer].append(edge)
    axes: Axes = make_axes(ax)
    set_limits(axes, cut.view)
    name_axes(axes, picture.names)
    draw_border(axes, edges)
    _draw_layers(axes, cut, by_layer)
    return axes


def _draw_layers(ax: "Axes", cut: Slice, by_layer: dict[int, list[Segment]]) -> None:
    """Later layers are drawn first, so that the unbent lines of the first one stay whole."""
    from matplotlib.lines import Line2D

    thin = thinning(sum(map(len, by_layer.values())))
    keys = []
    for (layer, edges), colour in zip(by_layer.items(), line_colours(len(by_layer)), strict=True):
        drawn = draw_lines(ax, edges, colour, 2.0 * thin)
        drawn.set_zorder(2.5 - 0.1 * layer)
        drawn.set_label(f"layer {layer}")
        if cut.clipped:
            draw_arrows(ax, cut.view, edges, colour)
        if edges:
            keys.append(Line2D([], [], color=colour, linewidth=2.0, label=f"layer {layer}"))
    if keys:
        outside_legend(ax, keys, "units of")
