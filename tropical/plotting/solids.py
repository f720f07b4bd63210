"""The cells of a function of three variables, as solids moved apart or translucent."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from tropical.activation.complexes import PolyhedralComplex
from tropical.arguments import as_real
from tropical.functions.function import Function
from tropical.plotting.canvas import make_axes, thinning
from tropical.plotting.outlines import Outline, faces_of_solid, float_point
from tropical.plotting.shading import Shade, check_shade, shades
from tropical.plotting.slices import make_picture, make_slice
from tropical.plotting.surfaces import draw_faces, set_box
from tropical.polyhedra.polyhedron import Polyhedron

if TYPE_CHECKING:
    from mpl_toolkits.mplot3d import Axes3D  # type: ignore[import-untyped]

    from tropical.polyhedra.cones import Integers


def plot_solids(
    obj: Function | PolyhedralComplex,
    domain: Polyhedron | None = None,
    ax: "Axes3D | None" = None,
    *,
    color: Shade = "piece",
    directions: Iterable[Iterable[Any]] | None = None,
    explode: float = 0.3,
    alpha: float = 1.0,
) -> "Axes3D":
    """Draw the parts of space on which F is affine, as solids; return the Axes.

    Each solid is moved away from the centre of the view by ``explode`` times its distance from there (0: in place), and
    drawn with opacity ``alpha``; there is a scale on the axes only if nothing was moved. Where a solid continues beyond
    the view, the face that cuts it off is pale. ``ax`` must have projection "3d". Parameters, view, colours (all but
    "value") and errors as in `plot_regions`, with three inputs or relevant directions, or three ``directions``.

    >>> import matplotlib; matplotlib.use("Agg")
    >>> from tropical import Box, ReLUNetwork
    >>> net = ReLUNetwork.from_arrays([[[1, 0, 0], [0, 1, 0], [0, 0, 1]], [[1, 1, 1]]])
    >>> axes = plot_solids(net, Box([-1, -1, -1], [1, 1, 1]))
    >>> axes.get_zlabel()
    '$x_2$'
    >>> import matplotlib.pyplot; matplotlib.pyplot.close(axes.figure)
    """
    explode = as_real(explode, "explode", lambda number: number >= 0, "a finite number >= 0")
    alpha = as_real(alpha, "alpha", lambda number: 0 < number <= 1, "in (0, 1]")
    picture = make_picture(obj, domain, directions, (3,))
    check_shade(color, picture.function)
    cut = make_slice(picture.function, picture.domain)
    axes = make_axes(ax, space=True)
    sides = [faces_of_solid(part.cone) for part in cut.parts]
    solids = [
        [[part.cone.generators[i] for i in face] for _, face in own] for part, own in zip(cut.parts, sides, strict=True)
    ]
    chosen = shades(cut, picture.function, color, _touching(solids))
    frame = set(cut.view.cone.constraints) if cut.clipped else set()
    centre = [float(a + b) / 2 for a, b in zip(cut.view.lower, cut.view.upper, strict=True)]
    faces: list[Outline] = []
    colours: list[Any] = []
    for part, own, solid, colour in zip(cut.parts, sides, solids, chosen.colours, strict=True):
        faces += _moved(solid, centre, explode)
        colours += [_pale(colour) if part.cone.constraints[row] in frame else colour for row, _ in own]
    draw_faces(axes, faces, colours, 0.8 * thinning(len(faces)), alpha)
    set_box(axes, [corner for face in faces for corner in face], equal=True)
    x, y, z = picture.names
    axes.set(xlabel=f"${x}$", ylabel=f"${y}$", zlabel=f"${z}$")
    if explode:
        axes.set(xticks=[], yticks=[], zticks=[])
    chosen.explain(axes)
    return axes


def _pale(colour: Any) -> tuple[float, ...]:
    from matplotlib.colors import to_rgb

    return tuple(0.35 * a + 0.65 for a in to_rgb(colour))


def _touching(solids: "Sequence[Sequence[Sequence[Integers]]]") -> list[tuple[int, int]]:
    """The pairs of solids with a common facet, for parts that meet face to face."""
    owners: dict[frozenset[Integers], list[int]] = {}
    for index, solid in enumerate(solids):
        for face in solid:
            owners.setdefault(frozenset(face), []).append(index)
    return [(own[0], own[1]) for own in owners.values() if len(own) == 2]


def _moved(solid: "Sequence[Sequence[Integers]]", centre: Sequence[float], explode: float) -> list[Outline]:
    """The faces of a solid, moved along the way from the centre to the mean of its vertices."""
    corners = [float_point(g) for g in dict.fromkeys(g for face in solid for g in face)]
    mean = [sum(column) / len(corners) for column in zip(*corners, strict=True)]
    shift = [explode * (a - b) for a, b in zip(mean, centre, strict=True)]
    return [[tuple(a + s for a, s in zip(float_point(g), shift, strict=True)) for g in face] for face in solid]
