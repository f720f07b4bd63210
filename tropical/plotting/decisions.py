"""Where a decision changes: the level set of one output, or the boundary between the largest of several."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

from tropical.activation.complexes import PolyhedralComplex
from tropical.arguments import as_index, is_real, require_flag
from tropical.arithmetic.rationals import as_fraction, primitive
from tropical.functions.affine import AffineForm, rows_of
from tropical.functions.function import Function
from tropical.notation import latex_rational
from tropical.plotting.canvas import (
    Edges,
    draw_arrows,
    draw_border,
    draw_lines,
    fill,
    make_axes,
    name_axes,
    set_limits,
    sorted_edges,
    thinning,
)
from tropical.plotting.outlines import Segment, float_polygon, segments
from tropical.plotting.palette import BREAK, COLOURS, CUT, HATCHES
from tropical.plotting.shading import Shades, outside_legend
from tropical.plotting.slices import Slice, make_picture, make_slice
from tropical.polyhedra.cones import intersect, point_of
from tropical.polyhedra.part import Part
from tropical.polyhedra.polyhedron import Polyhedron

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TIE = HATCHES.index("xx")
_MOST_CLASSES = len(COLOURS) * _TIE


def plot_decision_boundary(
    obj: Function | PolyhedralComplex,
    domain: Polyhedron | None = None,
    ax: "Axes | None" = None,
    *,
    level: Any = 0,
    output: int | None = None,
    directions: Iterable[Iterable[Any]] | None = None,
    cells: bool = False,
) -> "Axes":
    r"""Draw {F_output = level}, or where the largest of several outputs changes, exactly; return the Axes.

    With one output, or a chosen one, the two sides F > level and F < level have one colour each; without ``output``, of
    several outputs each class {F_i >= F_j for all j} has one, and there is no level. Parts of full dimension where
    the decision is tied are hatched; the boundary includes lines along which it is tied and does not change. ``cells``
    adds the boundaries of the parts on which F is affine. Other parameters, view and errors as in `plot_regions`; the
    picture is planar, and holds the vertices of the boundary too. Raises ``ValueError`` for a level with several
    outputs, and for more than 27 of them, ``TypeError`` for a number in the place of the domain.

    >>> import matplotlib; matplotlib.use("Agg")
    >>> from tropical import ReLUNetwork
    >>> net = ReLUNetwork.from_arrays([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 1, 1, 1]]])  # |x| + |y|
    >>> axes = plot_decision_boundary(net, level=1)
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['$F > 1$', '$F < 1$', '$F = 1$']
    >>> import matplotlib.pyplot; matplotlib.pyplot.close(axes.figure)
    """
    if is_real(domain) or isinstance(domain, str):
        raise TypeError(f"the second argument is the domain, write level={domain} for the level")
    picture = make_picture(obj, domain, directions, (2,))
    f, bound = picture.function, as_fraction(level, "level")
    count = f.output_dim
    require_flag(cells, "cells")
    if output is not None:
        output = as_index(output, count, "output")
    if output is None and count == 1:
        output = 0
    if output is None and bound:
        raise ValueError(f"a level needs one output, got {count}: choose output=")
    if output is None and count > _MOST_CLASSES:
        raise ValueError(f"at most {_MOST_CLASSES} outputs can be told apart by colour, got {count}")
    forms = partial(_compared, output=output, level=bound)
    cut = make_slice(f, picture.domain, divide=partial(_divided, forms))
    axes: Axes = make_axes(ax)
    set_limits(axes, cut.view)
    name_axes(axes, picture.names)
    _draw(axes, cut, forms, _names(count, output, bound), cells)
    return axes


def _compared(part: Part, output: int | None, level: Fraction) -> tuple[AffineForm, ...]:
    """The forms of which the largest one decides: the outputs, or F_output - level and 0."""
    forms = (part.piece,) if isinstance(part.piece, AffineForm) else part.piece.forms
    if output is None:
        return forms
    zero = AffineForm((Fraction(0),) * forms[output].input_dim)
    return forms[output] - AffineForm(zero.gradient, level), zero


def _divided(forms: Any, part: Part) -> Iterable[Part]:
    """The subsets where form i is largest, with all the forms that are equal to it there."""
    rows = rows_of(forms(part))
    for i, row in enumerate(rows):
        if row in rows[:i]:
            continue
        others = [primitive([a - b for a, b in zip(row, other, strict=True)]) for other in rows if other != row]
        cone = intersect(part.cone, others)
        if cone is not None:
            yield replace(part, cone=cone)


def _winners(forms: Any, part: Part) -> tuple[int, ...]:
    """The forms that are largest on a part divided by them, which they are at a point inside."""
    values = [form(point_of(part.cone.interior_vector())) for form in forms(part)]
    return tuple(i for i, value in enumerate(values) if value == max(values))


def _names(count: int, output: int | None, level: Fraction) -> tuple[list[str], str, str]:
    """What the legend calls the sides, the parts that are tied, and the boundary."""
    if output is None:
        return [f"class {i}" for i in range(count)], "tie", "boundary"
    name, bound = ("F" if count == 1 else f"F_{{{output}}}"), latex_rational(level)
    return [f"${name} > {bound}$", f"${name} < {bound}$"], f"${name} = {bound}$ inside", f"${name} = {bound}$"


def _draw(ax: "Axes", cut: Slice, forms: Any, names: tuple[list[str], str, str], cells: bool) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    winners = [_winners(forms, part) for part in cut.parts]
    kinds = list(dict.fromkeys(winners))
    looks = {kind: _look(kind) for kind in kinds}
    own = [looks[kind] for kind in winners]
    outlines = [float_polygon(part.cone) for part in cut.parts]
    fill(ax, outlines, Shades([colour for colour, _ in own], [hatch for _, hatch in own]))
    edges = sorted_edges(cut, segments(cut.parts), [kinds.index(kind) for kind in winners])
    touching = [edge for edge in edges.merged if _is_tied(edge, winners, forms(cut.parts[edge.left or 0]))]
    _draw_boundary(ax, cut, edges, [*edges.breaks, *touching], cells)
    sides, tie, boundary = names
    keys: list[Any] = []
    for kind in sorted(kinds, key=lambda kind: (len(kind) > 1, kind)):
        colour, hatch = looks[kind]
        label = sides[kind[0]] if len(kind) == 1 else tie if len(kind) == len(sides) else f"{tie} of {kind}"
        keys.append(Patch(facecolor=colour, hatch=HATCHES[hatch], edgecolor=CUT, linewidth=0.5, label=label))
    if edges.breaks or touching:
        keys.append(Line2D([], [], color=BREAK, linewidth=1.8, label=boundary))
    outside_legend(ax, keys)


def _look(winners: Sequence[int]) -> tuple[str, int]:
    """Colour and hatch of a side, or of a tie."""
    first = winners[0]
    return (COLOURS[first % len(COLOURS)], first // len(COLOURS)) if len(winners) == 1 else ("#FFFFFF", _TIE)


def _is_tied(edge: Segment, winners: Sequence[tuple[int, ...]], compared: Sequence[AffineForm]) -> bool:
    """Whether the decision is tied along an edge between parts on which it is the same."""
    assert edge.left is not None
    found = []
    for end in edge.ends:
        values = [form(end) for form in compared]
        found.append({i for i, value in enumerate(values) if value == max(values)})
    return len(found[0] & found[1]) > len(winners[edge.left])


def _draw_boundary(ax: "Axes", cut: Slice, edges: Edges, boundary: Sequence[Segment], cells: bool) -> None:
    if cells:
        draw_lines(ax, edges.merged, CUT, 0.5 * thinning(len(edges.merged)))
    draw_border(ax, edges)
    drawn = draw_lines(ax, boundary, BREAK, 1.8 * thinning(len(boundary)))
    drawn.set_label("boundary")
    if cut.clipped:
        draw_arrows(ax, cut.view, boundary, BREAK)
