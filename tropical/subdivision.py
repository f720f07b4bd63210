"""From a ReLU network to the complex of its activation regions: which route to take, and the result."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tropical.activation_cones import activation_cones, coordinates
from tropical.budget import Budget, BudgetExhausted, Meter, Progress
from tropical.complexes import PolyhedralComplex
from tropical.cones import Cone
from tropical.enumeration import can_enumerate, enumerate_patterns
from tropical.network import Pattern, ReLUNetwork
from tropical.polyhedron import Polyhedron

Route = Literal["auto", "rational", "compiled"]

_SMALL = 2000  # cells up to which rational arithmetic is done before compiled code has been loaded


def polyhedral_complex(
    net: ReLUNetwork,
    domain: Polyhedron | None = None,
    budget: Budget | None = None,
    progress: Progress | None = None,
    route: Route = "auto",
) -> PolyhedralComplex:
    """Return the polyhedral complex of all activation regions of ``net``, exactly.

    A cell is the closure of a full-dimensional set of inputs with one activation pattern (THEORY §1).
    ``domain=None`` means all of R^n: coordinates are then taken modulo ker W_0, along which nothing changes.
    A Box or Polyhedron restricts to it. If ``budget`` runs out, the complex holds the cells found so far and its
    ``complete`` is False. ``progress`` is called with the number of cells.

    ``route``: "rational" cuts integer cones; "compiled" cuts in float64 with certified signs and decides over Q what
    they leave open; "auto" begins rationally and goes over to compiled code beyond a few thousand cells. All routes
    give the same complex, its cells in decreasing lexicographic order of their patterns.
    Raises ``ValueError`` if the domain lives on another space, or for an unknown or impossible route.

    >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    >>> complex_ = polyhedral_complex(maximum)
    >>> complex_.num_cells, complex_.f_vector
    (4, (1, 4, 4))
    """
    if route not in ("auto", "rational", "compiled"):
        raise ValueError(f"route must be 'auto', 'rational' or 'compiled', got {route!r}")
    quotient, start = coordinates(net.layers[0].weight, net.input_dim, domain)
    reduced = quotient.descend_network(net)
    compiled = route != "rational" and can_enumerate(reduced, start)
    if route == "compiled" and not compiled:
        raise ValueError("the compiled route needs a pointed domain, or kinked first-layer units that see every input")
    patterns, reason = None, None
    if route != "compiled":
        patterns, reason = _rational_patterns(reduced, start, Meter(budget, progress), _SMALL if compiled else None)
    if patterns is None:
        patterns, reason = enumerate_patterns(reduced, start, Meter(budget, progress))
    return PolyhedralComplex(net, quotient, domain, reduced, start, _sorted(patterns), incomplete_because=reason)


def _rational_patterns(
    net: ReLUNetwork, start: Cone, meter: Meter, limit: int | None
) -> tuple[NDArray[np.int8] | None, str | None]:
    """Patterns by exact cones, with the reason if a budget ended them; None once there are more than ``limit``."""
    found: list[Pattern] = []
    reason = None
    try:
        for cell in activation_cones(net, start, meter):
            if limit is not None and len(found) == limit:
                return None, None
            meter.count_cell()
            found.append(cell.pattern)
    except BudgetExhausted as stop:
        reason = str(stop)
    units = sum(len(layer.kinked) for layer in net.layers[:-1])
    return np.array(found, np.int8).reshape(len(found), units), reason


def _sorted(patterns: NDArray[np.int8]) -> NDArray[np.int8]:
    """Rows in decreasing lexicographic order."""
    keys = np.ascontiguousarray(1 - patterns).view(np.uint8)
    if not keys.size:
        return patterns
    flat = keys.view(f"S{keys.shape[1]}").ravel()
    if (flat[:-1] <= flat[1:]).all():
        return patterns
    return patterns[np.argsort(flat, kind="stable")]
