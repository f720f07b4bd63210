"""From a ReLU network to the complex of its activation regions: which route to take, and the result."""

from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Literal, get_args, overload

from tropical.activation.compiled.engine import can_enumerate, enumerate_patterns
from tropical.activation.compiled.loading import is_loaded
from tropical.activation.complexes import PolyhedralComplex
from tropical.activation.cutting import activation_cones, coordinates
from tropical.activation.patterns import PatternTable
from tropical.activation.searching import search_cells
from tropical.arguments import require, require_choice
from tropical.budget import Budget, BudgetExhausted, Meter, Progress
from tropical.functions.network import Pattern, ReLUNetwork
from tropical.functions.requirements import require_network
from tropical.polyhedra.cones import Cone
from tropical.polyhedra.polyhedron import Polyhedron

Route = Literal["auto", "rational", "compiled", "search"]

_SMALL = 2000  # cells up to which rational arithmetic is done before compiled code has been loaded
_CUT_VERTICES = 2048  # vertices of a domain, and
_CUT_DIM = 14  # dimension, up to which compiled cutting was measured to be faster than searching
_CUT_DIM_RATIONAL = 7  # the same for rational cutting
_FEW_UNITS = 4  # so many units more than dimensions still give cells with few vertices


def polyhedral_complex(
    net: ReLUNetwork,
    domain: Polyhedron | None = None,
    budget: Budget | None = None,
    progress: Progress | None = None,
    route: Route = "auto",
    executor: Executor | None = None,
) -> PolyhedralComplex:
    """Return the polyhedral complex of all activation regions of ``net``, exactly.

    A cell is the closure of a full-dimensional set of inputs with one activation pattern (THEORY §1).
    ``domain=None`` means all of R^n: coordinates are then taken modulo ker W_0, along which nothing changes.
    A Box or Polyhedron restricts to it. If ``budget`` runs out, the complex holds the cells found so far and its
    ``complete`` is False. ``progress`` is called with the number of cells.

    ``route``: "rational" cuts integer cones; "compiled" cuts in float64 with certified signs and decides over Q what
    they leave open; "search" crosses facets found by exact linear programs and needs no vertices. "auto" cuts while
    cells have few vertices (at most 14 dimensions and a domain of at most 2048 vertices, or R^n and at most 4 units
    more than dimensions; 7 dimensions where compiled code does not apply), with the compiled code once the process
    has loaded it and rationally up to a few thousand cells before that, and searches otherwise. All routes give the
    same complex, its cells in decreasing lexicographic order of their patterns. ``executor``, any
    ``concurrent.futures.Executor``, shares the compiled route out by cells of the first layer; the result does not
    depend on the number of workers.
    Raises ``ValueError`` if the domain lives on another space, or for an unknown or impossible route.

    >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    >>> complex_ = polyhedral_complex(maximum)
    >>> complex_.num_cells, complex_.f_vector
    (4, (1, 4, 4))
    """
    require_network(net)
    if executor is not None:
        require(executor, Executor, "executor", "an Executor of concurrent.futures or None")
    require_choice(route, get_args(Route), "route")
    meter = Meter(budget, progress)
    quotient, start = coordinates(net.layers[0].weight, net.input_dim, domain)
    reduced = quotient.descend_network(net)
    patterns, reason = _patterns(reduced, start, meter, route, executor)
    return PolyhedralComplex(net, quotient, domain, reduced, start, patterns.in_order(), incomplete_because=reason)


def _patterns(
    net: ReLUNetwork, start: Cone, meter: Meter, route: Route, executor: Executor | None
) -> tuple[PatternTable, str | None]:
    """The patterns by one route, and the reason if a budget ended it."""
    compilable = route in ("auto", "compiled") and can_enumerate(net, start)
    if route == "compiled" and not compilable:
        raise ValueError("the compiled route needs a pointed domain, or kinked first-layer units that see every input")
    if route == "search" or (route == "auto" and _many_vertices(net, start, compilable)):
        return _collected(net, _searched(net, start, meter), limit=None)
    if not compilable or (route == "auto" and not _compiled_at_once(net, meter.budget)):
        found = _collected(net, _cut(net, start, meter), limit=_SMALL if compilable else None)
        if found is not None:
            return found
        meter.restart()
    return enumerate_patterns(net, start, meter, executor=executor)


def _compiled_at_once(net: ReLUNetwork, budget: Budget) -> bool:
    """Whether to begin with compiled code; where a budget may cut the result short, not on whether it is loaded."""
    if net.input_dim > _CUT_DIM_RATIONAL:
        return True
    if budget.cells is not None or budget.bytes is not None:
        return budget.cells is None or budget.cells > _SMALL
    return is_loaded()


def _many_vertices(net: ReLUNetwork, start: Cone, compilable: bool) -> bool:
    if start.lineality and net.num_kinked <= net.input_dim + _FEW_UNITS:
        return False
    highest = _CUT_DIM if compilable else _CUT_DIM_RATIONAL
    return net.input_dim > highest or len(start.generators) > _CUT_VERTICES


def _pattern_bytes(net: ReLUNetwork) -> int:
    """Memory of a pattern as a tuple."""
    return 56 + 8 * net.num_kinked


def _cut(net: ReLUNetwork, start: Cone, meter: Meter) -> Iterator[Pattern]:
    for cell in activation_cones(net, start, meter):
        meter.count_cell(_pattern_bytes(net))
        yield cell.pattern


def _searched(net: ReLUNetwork, start: Cone, meter: Meter) -> Iterator[Pattern]:
    domain_rows = [row for row in start.constraints if any(row[1:])]
    for cell in search_cells(net, domain_rows, meter):
        yield cell.pattern


@overload
def _collected(net: ReLUNetwork, cells: Iterator[Pattern], limit: None) -> tuple[PatternTable, str | None]: ...


@overload
def _collected(
    net: ReLUNetwork, cells: Iterator[Pattern], limit: int | None
) -> tuple[PatternTable, str | None] | None: ...


def _collected(net: ReLUNetwork, cells: Iterator[Pattern], limit: int | None) -> tuple[PatternTable, str | None] | None:
    """The patterns as an array, with the reason if a budget ended them; None once there are more than ``limit``."""
    found: list[Pattern] = []
    reason = None
    try:
        for pattern in cells:
            if limit is not None and len(found) == limit:
                return None
            found.append(pattern)
    except BudgetExhausted as stop:
        reason = str(stop)
    return PatternTable.of(found, net.num_kinked), reason
