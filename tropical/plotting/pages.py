"""Web pages of regions and surfaces to turn, zoom and point at, by plotly."""

from collections.abc import Iterable, Sequence
from html import escape
from os import PathLike
from typing import Any

from tropical.activation.complexes import PolyhedralComplex
from tropical.files import as_path, load_extra, write_atomically
from tropical.functions.function import Function
from tropical.functions.requirements import require_scalar
from tropical.plotting.canvas import Edges, floats, sorted_edges, thinning
from tropical.plotting.outlines import Outline, adjacent, float_polygon, measures, polygon, segments
from tropical.plotting.palette import BREAK, CUT, FRAME
from tropical.plotting.shading import Shade, Shades, check_shade, gradient_norm, shades
from tropical.plotting.slices import Slice, make_picture, make_slice
from tropical.plotting.surfaces import lifted
from tropical.polyhedra.polyhedron import Polyhedron

_OWN_TRACES = 1500  # parts that are traces of their own, with the text all over them; beyond, at their centroids
_WIDTH = 300  # characters of a form or pattern
_SHOWN = 24  # neighbours


def regions_html(
    obj: Function | PolyhedralComplex,
    path: str | PathLike[str] | None = None,
    domain: Polyhedron | None = None,
    *,
    color: Shade = "piece",
    directions: Iterable[Iterable[Any]] | None = None,
) -> str:
    """Return a web page with the linear regions in the plane, and write it to ``path`` if that is given.

    Pointing at a part on which F is affine shows its number, activation pattern, affine form (exact, cut where it is
    longer than 300 characters), the norm of its derivative (rounded) and the numbers of its neighbours; of more than
    1500 parts, pointing at the nearest centroid. The page holds all it needs, plotly's script (about 5 MB) included.
    Parameters, view, colours (all but "value") and errors as in `plot_regions`; the picture is planar. Raises
    ``ValueError`` where plotly is missing.
    """
    go = load_extra("plotly.graph_objects", "plotly", "a web page")
    cut, f, names = _material(obj, domain, directions, color)
    edges = segments(cut.parts)
    pairs = adjacent(edges)
    outlines = [float_polygon(part.cone) for part in cut.parts]
    chosen, texts = shades(cut, f, color, pairs), descriptions(cut, pairs)
    traces = (_own_fills if len(outlines) <= _OWN_TRACES else _common_fills)(go, outlines, chosen, texts)
    figure = go.Figure([*traces, *_lines(go, sorted_edges(cut, edges, cut.owners))])
    figure.update_layout(showlegend=False, plot_bgcolor="white", hovermode="closest", hoverdistance=-1)
    x, y = (f"{name[0]}<sub>{name[2:].strip('{}')}</sub>" for name in names)
    figure.update_xaxes(title_text=x, zeroline=False)
    figure.update_yaxes(title_text=y, zeroline=False, scaleanchor="x", scaleratio=1)
    return _page(figure, path)


def surface_html(
    obj: Function | PolyhedralComplex,
    path: str | PathLike[str] | None = None,
    domain: Polyhedron | None = None,
    *,
    color: Shade = "piece",
    directions: Iterable[Iterable[Any]] | None = None,
) -> str:
    """Return a web page with the graph of F over the plane in space, to turn, as `regions_html` does for regions.

    Parameters, view, colours and errors as in `plot_surface`, hover as in `regions_html`.
    """
    go = load_extra("plotly.graph_objects", "plotly", "a web page")
    cut, f, names = _material(obj, domain, directions, color)
    require_scalar(f, "a surface")
    pairs = adjacent(segments(cut.parts))
    faces = [[lifted(part, point) for point in polygon(part.cone)] for part in cut.parts]
    colours, texts = _hex(shades(cut, f, color, pairs).colours), descriptions(cut, pairs)
    corners = [corner for face in faces for corner in face]
    triangles: list[tuple[int, int, int]] = []
    paint: list[str] = []
    start = 0
    for face, colour in zip(faces, colours, strict=True):
        triangles += [(start, start + i, start + i + 1) for i in range(1, len(face) - 1)]
        paint += [colour] * (len(face) - 2)
        start += len(face)
    (x, y, z), (i, j, k) = zip(*corners, strict=True), zip(*triangles, strict=True)
    text = [text for face, text in zip(faces, texts, strict=True) for _ in face]
    flat = {"ambient": 1.0, "diffuse": 0.0, "specular": 0.0}  # colours as they are
    options = {"facecolor": paint, "text": text, "hoverinfo": "text", "flatshading": True, "lighting": flat}
    xs, ys, zs = _joined([[*face, face[0]] for face in faces])
    border = go.Scatter3d(x=xs, y=ys, z=zs, mode="lines", line={"color": BREAK, "width": 2}, hoverinfo="skip")
    figure = go.Figure([go.Mesh3d(x=x, y=y, z=z, i=i, j=j, k=k, **options), border])
    titles: dict[str, Any] = {
        "xaxis_title": names[0][0] + names[0][2:].strip("{}"),
        "yaxis_title": names[1][0] + names[1][2:].strip("{}"),
        "zaxis_title": "F",
        "aspectmode": "cube",
    }
    figure.update_layout(scene=titles, showlegend=False)
    return _page(figure, path)


def descriptions(cut: Slice, pairs: Iterable[tuple[int, int]]) -> list[str]:
    """What pointing at each part shows: number, pattern, form and neighbours, as HTML."""
    neighbours: list[set[int]] = [set() for _ in cut.parts]
    for i, j in pairs:
        neighbours[i].add(j)
        neighbours[j].add(i)
    return [_described(cut, index, sorted(own)) for index, own in enumerate(neighbours)]


def _described(cut: Slice, index: int, neighbours: Sequence[int]) -> str:
    part = cut.parts[index]
    lines = [f"<b>part {index}</b>"]
    if part.pattern is not None:
        lines.append("pattern " + _shortened("".join("−0+"[sign + 1] for sign in part.pattern)))
    lines.append("F = " + _shortened(str(part.piece)))
    lines.append(f"norm of the derivative {gradient_norm(part):.4g}")
    more = f", … ({len(neighbours) - _SHOWN} more)" if len(neighbours) > _SHOWN else ""
    lines.append(f"neighbours {', '.join(map(str, neighbours[:_SHOWN])) or 'none'}{more}")
    return "<br>".join(lines)


def _shortened(text: str) -> str:
    return escape(text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…")


def _material(
    obj: Function | PolyhedralComplex, domain: Polyhedron | None, directions: Any, color: str
) -> tuple[Slice, Function, tuple[str, ...]]:
    picture = make_picture(obj, domain, directions, (2,))
    check_shade(color, picture.function)
    return make_slice(picture.function, picture.domain), picture.function, picture.names


def _own_fills(go: Any, outlines: Sequence[Outline], chosen: Shades, texts: Sequence[str]) -> list[Any]:
    """A trace for each part, whose text shows wherever one points at it."""
    traces = []
    for outline, colour, text in zip(outlines, _hex(chosen.colours), texts, strict=True):
        x, y = zip(*outline, outline[0], strict=True)
        look = {"fill": "toself", "fillcolor": colour, "line": {"color": colour, "width": 0.5}, "mode": "lines"}
        traces.append(go.Scatter(x=x, y=y, text=text, hoverinfo="text", hoveron="fills", **look))
    return traces


def _common_fills(go: Any, outlines: Sequence[Outline], chosen: Shades, texts: Sequence[str]) -> list[Any]:
    """A trace for each colour, and one of invisible marks with the texts."""
    by_colour: dict[str, list[Outline]] = {}
    for outline, colour in zip(outlines, _hex(chosen.colours), strict=True):
        by_colour.setdefault(colour, []).append([*outline, outline[0]])
    traces = []
    for colour, own in by_colour.items():
        x, y = _joined(own)
        look = {"fill": "toself", "fillcolor": colour, "line": {"color": colour, "width": 0.5}, "mode": "lines"}
        traces.append(go.Scatter(x=x, y=y, hoverinfo="skip", **look))
    x, y = zip(*(measures(outline)[2] for outline in outlines), strict=True)
    hover = {"text": texts, "hoverinfo": "text", "mode": "markers", "marker": {"size": 6, "opacity": 0}}
    return [*traces, go.Scatter(x=x, y=y, **hover)]


def _lines(go: Any, edges: Edges) -> list[Any]:
    thin = thinning(len(edges.breaks) + len(edges.merged))
    styles = [(edges.merged, CUT, 0.8 * thin, "solid"), (edges.frame, FRAME, 1.2, "dash")]
    styles += [(edges.border, BREAK, 1.2, "solid"), (edges.breaks, BREAK, 2.0 * thin, "solid")]
    traces = []
    for group, colour, width, dash in styles:
        if group:
            x, y = _joined([floats(edge.ends) for edge in group])
            line = {"color": colour, "width": width, "dash": dash}
            traces.append(go.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip"))
    return traces


def _joined(paths: Iterable[Sequence[tuple[float, ...]]]) -> list[list[float | None]]:
    """The coordinates of all paths, with gaps between them."""
    columns: list[list[float | None]] = []
    for path in paths:
        columns = columns or [[] for _ in path[0]]
        for column, entries in zip(columns, zip(*path, strict=True), strict=True):
            column += [*entries, None]
    return columns


def _hex(colours: Iterable[Any]) -> list[str]:
    from matplotlib.colors import to_hex

    return list(map(to_hex, colours))


def _page(figure: Any, path: str | PathLike[str] | None) -> str:
    text: str = figure.to_html(include_plotlyjs=True, full_html=True, div_id="picture")
    if path is not None:
        write_atomically(as_path(path), text.encode())
    return text
