"""From a ReLU network to the complex of its activation regions: which route to take, and the result."""

from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Literal, get_args, overload

from tropical.activation.compiled.engine import can_enumerate, enumerate_patterns
from tropical.activation.compiled.loading import COMPILING_SECONDS, LOADING_SECONDS, is_kept, is_loaded
from tropical.activation.complexes import PolyhedralComplex
from tropical.activation.cutting import activation_parts
from tropical.activation.enumeration import Enumeration
from tropical.activation.patterns import PatternTable
from tropical.activation.searching import search_cells
from tropical.arguments import require, require_choice
from tropical.budget import Budget, BudgetExhausted, Meter, Progress
from tropical.functions.network import Pattern, ReLUNetwork
from tropical.functions.requirements import require_network
from tropical.polyhedra.chart import Chart
from tropical.polyhedra.cones import Cone
from tropical.polyhedra.polyhedron import Polyhedron

Route = Literal["auto", "rational", "compiled", "search"]

_CELL = 3e-4  # seconds that rational cutting takes about for each cell, and
_PRODUCT = 3e-8  # so many more for each product of a weight with a coefficient of an affine form
_CUT_VERTICES = 2048  # vertices of a domain, and
_CUT_DIM = 14  # dimension, up to which compiled cutting was measured to be faster than searching
_CUT_DIM_RATIONAL = 7  # the same for rational cutting
_KEPT_GENERATORS = 1 << 18  # of the cones that the rational route cut and keeps
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
    A Box or Polyhedron restricts to it; where it has equations, as a Box with fixed inputs, the network is restricted
    to its affine hull, dimensions are counted in there, and units that vanish on all of it have the sign 0.
    If ``budget`` runs out, the complex holds the cells found so far and its ``complete`` is False. ``progress`` is
    called with the number of cells.

    ``route``: "rational" cuts integer cones; "compiled" sweeps over vertices in float64 with certified signs and
    decides over Q what they leave open; "search" crosses facets found by exact linear programs and needs no vertices.
    "auto" takes one of the first two while cells have few vertices (at most 14 dimensions and a domain of at most 2048
    vertices, or R^n and at most 4 units more than dimensions; 7 dimensions where compiled code does not apply): the
    compiled code once the process has loaded it, and before that rational arithmetic for as long as loading it takes,
    or compiling it where that was never done. Else it searches. All routes give the same complex, its cells in
    decreasing lexicographic order of their patterns. ``executor``, any ``concurrent.futures.Executor``, shares the
    compiled route out by parts of the domain; the result does not depend on the number of workers.
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
    chart = Chart.of(net.gradients(), net.input_dim, domain)
    own = chart.restrict(net)
    found = _enumerated(own, chart, meter, route, executor)
    return PolyhedralComplex(net, chart, own, found.patterns, found.incomplete_because, found.f_vector, found.cones)


def _enumerated(net: ReLUNetwork, chart: Chart, meter: Meter, route: Route, executor: Executor | None) -> Enumeration:
    """The patterns by one route; a search needs no vertices of the domain."""
    if route == "search" or (route == "auto" and _many_dimensions(net, chart.region)):
        return _collected(net, _searched(net, chart.region, meter), limit=None)
    try:
        chart.cone_within(meter)
    except BudgetExhausted as stop:
        return Enumeration(PatternTable.of([], net.num_kinked), str(stop))
    compilable = route in ("auto", "compiled") and can_enumerate(net, chart.cone)
    if route == "compiled" and not compilable:
        raise ValueError("the compiled route needs a pointed domain, or kinked first-layer units that see every input")
    if route == "auto" and _many_vertices(net, chart, compilable):
        return _collected(net, _searched(net, chart.region, meter), limit=None)
    if not compilable or route == "rational":
        return _collected(net, _cut(net, chart.cone, meter), limit=None)
    if route == "auto" and not _compiled_at_once(net, meter.budget):
        found = _cut_first(net, chart.cone, meter)
        if found is not None:
            return found
        meter.restart()
    return enumerate_patterns(net, chart.cone, meter, executor=executor)


def _cut_first(net: ReLUNetwork, start: Cone, meter: Meter) -> Enumeration | None:
    """What cutting over Q finds by the time in which the compiled code could be loaded; None if that is not enough.

    Where the code has to be compiled that is longer, and where a budget leaves no time for it, all there is.
    """
    if _counts(meter.budget):
        return _collected(net, _cut(net, start, meter), limit=_small(net))
    for patience, is_there in ((LOADING_SECONDS, is_kept), (COMPILING_SECONDS, lambda: True)):
        if meter.seconds_left <= patience:
            return _collected(net, _cut(net, start, meter), limit=None)
        attempt = Meter(Budget(seconds=patience), meter.progress)
        found = _collected(net, _cut(net, start, attempt), limit=None)
        if found.incomplete_because is None:
            return found
        if is_there():
            break
    return None


def _counts(budget: Budget) -> bool:
    """Whether a budget may cut the result short after some cells: which ones may not depend on the time."""
    return budget.cells is not None or budget.bytes is not None


def _compiled_at_once(net: ReLUNetwork, budget: Budget) -> bool:
    """Whether to begin with compiled code."""
    if net.input_dim > _CUT_DIM_RATIONAL:
        return True
    if _counts(budget):
        return budget.cells is None or budget.cells > _small(net)
    return is_loaded()


def _small(net: ReLUNetwork) -> int:
    """Cells that are cut over Q about in the time that loading compiled code takes."""
    products = (net.input_dim + 1) * sum(layer.input_dim * layer.output_dim for layer in net.layers[:-1])
    return int(LOADING_SECONDS / (_CELL + _PRODUCT * products))


def _few_units(net: ReLUNetwork, domain: Polyhedron | None) -> bool:
    return (domain is None or bool(domain.lineality)) and net.num_kinked <= net.input_dim + _FEW_UNITS


def _many_dimensions(net: ReLUNetwork, domain: Polyhedron | None) -> bool:
    return net.input_dim > _CUT_DIM and not _few_units(net, domain)


def _many_vertices(net: ReLUNetwork, chart: Chart, compilable: bool) -> bool:
    highest = _CUT_DIM if compilable else _CUT_DIM_RATIONAL
    return not _few_units(net, chart.region) and (net.input_dim > highest or len(chart.cone.generators) > _CUT_VERTICES)


def _pattern_bytes(net: ReLUNetwork) -> int:
    """Memory of a pattern as a tuple."""
    return 56 + 8 * net.num_kinked


_Found = Iterator[tuple[Pattern, Cone | None]]


def _cut(net: ReLUNetwork, start: Cone, meter: Meter) -> _Found:
    for cell in activation_parts(net, start, meter):
        assert cell.pattern is not None
        meter.count_cell(_pattern_bytes(net))
        yield cell.pattern, cell.cone if meter.budget.bytes is None else None


def _searched(net: ReLUNetwork, domain: Polyhedron | None, meter: Meter) -> _Found:
    rows, inside = ((), None) if domain is None else (domain.rows, domain.interior_point)
    for cell in search_cells(net, rows, meter, inside):
        yield cell.pattern, None


@overload
def _collected(net: ReLUNetwork, cells: _Found, limit: None) -> Enumeration: ...


@overload
def _collected(net: ReLUNetwork, cells: _Found, limit: int | None) -> Enumeration | None: ...


def _collected(net: ReLUNetwork, cells: _Found, limit: int | None) -> Enumeration | None:
    """The cells, with the reason if a budget ended them; None once there are more than ``limit``."""
    found: list[Pattern] = []
    cones: dict[Pattern, Cone] = {}
    reason, generators = None, 0
    try:
        for pattern, cone in cells:
            if limit is not None and len(found) == limit:
                return None
            found.append(pattern)
            if cone is not None and generators < _KEPT_GENERATORS:
                cones[pattern] = cone
                generators += len(cone.generators)
    except BudgetExhausted as stop:
        reason = str(stop)
    kept = cones if len(cones) == len(found) else None
    return Enumeration(PatternTable.of(found, net.num_kinked).in_order(), reason, cones=kept)
