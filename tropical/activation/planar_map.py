"""The cells of a planar complex as polygons, rounded, with the edges between them: read off the sweep once more."""

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tropical.activation.compiled.engine import sweep_domain
from tropical.activation.complexes import PolyhedralComplex
from tropical.activation.geometry import places_of
from tropical.budget import Meter
from tropical.functions.layer import IDENTITY, Layer
from tropical.functions.network import ReLUNetwork

if TYPE_CHECKING:
    from tropical.activation.compiled.sweep import Sweep

Floats = NDArray[np.float64]

_PRECISION = 1e-5  # of the size of a part of the map, to which its vertices are known: a hundredth of a pixel


@dataclass(frozen=True)
class PlanarMap:
    """``outlines[i]``: the vertices of cell i in cyclic order, shape (k, 2).

    An edge e has the ends ``lines[e]``, shape (2, 2), and beside it the cells ``cells[e]``; there is no second one, but
    -1, where it lies on the boundary of the domain.
    """

    outlines: list[Floats]
    lines: Floats
    cells: NDArray[np.int64]


def planar_map(cx: PolyhedralComplex, meter: Meter) -> PlanarMap | None:
    """The map of a complex on a bounded domain in the plane.

    None where the sweep does not tell, as for :func:`facet_pairs`, or a coordinate is beyond float64.
    """
    domain = cx.domain
    if cx._known_f_vector is None or domain is None or not cx.network.input_dim == domain.dimension == 2:
        return None
    if not domain.is_bounded:
        return None

    def found(sweep: "Sweep") -> PlanarMap | None:
        points, ends, cells = [], [], []
        count = 0
        for part in sweep.finished(sweep.begin()):
            if sweep.tally.marked:
                return None
            where = sweep.coordinates(part, _PRECISION)
            own, below, above, inner = sweep.edges(part)
            layout = sweep.stages.found_layout
            beside = np.full((len(own), 2), -1)
            beside[:, 0] = places_of(cx._table, below, layout)
            beside[inner, 1] = places_of(cx._table, above[inner], layout)
            points.append(where)
            ends.append(own + count)
            cells.append(beside)
            count += len(where)
        where = np.concatenate(points)
        if not np.isfinite(where).all():
            return None
        return _map_of(where, np.concatenate(ends), np.concatenate(cells), cx.num_cells)

    return sweep_domain(_with_inputs(cx.network), cx.chart.cone, meter, found)


def _map_of(points: Floats, ends: NDArray[np.int64], cells: NDArray[np.int64], count: int) -> PlanarMap:
    """A convex polygon has its vertices in the order of their angles around their centre."""
    points, same = np.unique(points, axis=0, return_inverse=True)  # parts of the domain have some in common
    ends = same.reshape(-1)[ends]
    owned = np.concatenate([cells[:, [side, side]].reshape(-1) for side in range(2)])
    corners = np.concatenate([ends.reshape(-1)] * 2)
    owner, corner = np.divmod(np.unique(owned[owned >= 0] * len(points) + corners[owned >= 0]), len(points))
    number = np.bincount(owner, minlength=count)
    centre = np.stack([np.bincount(owner, x, minlength=count) for x in points[corner].T], axis=1) / number[:, None]
    away = points[corner] - centre[owner]
    order = np.lexsort((np.arctan2(away[:, 1], away[:, 0]), owner))
    corners, stops = points[corner[order]], np.cumsum(number).tolist()
    outlines = [corners[begin:end] for begin, end in pairwise([0, *stops])]
    return PlanarMap(outlines, points[ends], cells)


def _with_inputs(net: ReLUNetwork) -> ReLUNetwork:
    """A network of several hidden layers in which linear units carry the inputs to the last of these."""
    if len(net.layers) < 3:
        return net
    n, zero, one = net.input_dim, Fraction(0), Fraction(1)
    nothing = (zero,) * n
    unit = [tuple(one if i == j else zero for j in range(n)) for i in range(n)]
    *hidden, last = net.layers
    found = []
    for index, layer in enumerate(hidden):
        before, after = ((zero,) * layer.input_dim, nothing) if index else ((), ())
        weight = (*((*row, *after) for row in layer.weight), *((*before, *row) for row in unit))
        found.append(Layer(weight, (*layer.bias, *nothing), (*layer.slopes, *(IDENTITY,) * n)))
    return ReLUNetwork((*found, replace(last, weight=tuple((*row, *nothing) for row in last.weight))))
