"""All activation patterns of a network, by the sweep; what float64 cannot certify is decided over Q."""

import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from tropical.activation.compiled import loading
from tropical.activation.compiled.float_layers import CuttingUnits
from tropical.activation.compiled.scaling import domain_factors, rescaled_cone, rescaled_network, weight_factors
from tropical.activation.compiled.start import Start, start_of_cone, start_of_space
from tropical.activation.compiled.tally import Tally
from tropical.activation.enumeration import Enumeration
from tropical.activation.patterns import PackedSigns, PatternCollector
from tropical.arithmetic.rationals import independent_rows
from tropical.budget import Budget, BudgetExhausted, Meter
from tropical.functions.float_evaluation import once_per_object
from tropical.functions.network import ReLUNetwork
from tropical.polyhedra.cones import Cone

if TYPE_CHECKING:
    from tropical.activation.compiled.sweep import Part, Sweep

T = TypeVar("T")

MOST_DIMENSIONS = 15  # half-edges of a vertex and two marks fit 32 bits
_MOST_CONSTRAINTS = 0x7FFF
_PART_BYTES = 1 << 29  # memory of a part; a few others wait, of about half that
_PROMPT = 1 << 14  # vertices of a part where a budget may end the work
_SHARED = 1 << 12  # vertices at which a part is divided for an executor
_LATE_SECONDS = 1.0  # beyond the budget, for what a worker has until then


def can_enumerate(net: ReLUNetwork, domain: Cone) -> bool:
    """Whether the sweep applies.

    It needs a hidden layer, 1 to 15 dimensions, and a pointed domain, or all of R^n and a first layer whose kinked
    units see every direction.
    """
    dim = len(domain.generators[0]) - 1
    if len(net.layers) < 2 or not 1 <= dim <= MOST_DIMENSIONS:
        return False
    if net.num_kinked + len(domain.constraints) >= _MOST_CONSTRAINTS:
        return False
    if not domain.lineality:
        return True
    first = net.layers[0]
    rank = len(independent_rows([first.weight[i] for i in first.kinked]))
    return len(domain.generators) == 1 and rank == len(domain.lineality) == net.input_dim


def enumerate_patterns(
    net: ReLUNetwork, domain: Cone, meter: Meter, tally: Tally | None = None, executor: Executor | None = None
) -> Enumeration:
    """The patterns of the activation regions of ``net`` inside ``domain``, in order; :func:`can_enumerate` must hold.

    ``executor`` shares out parts of the domain; the result does not depend on its workers.
    """
    loading.load()
    from tropical.activation.compiled.sweep import decreasing

    def found(sweep: "Sweep") -> Enumeration:
        collector = PatternCollector(sweep.stages.found_layout)
        blocks = map(sweep.read, sweep.finished(sweep.begin())) if executor is None else _shared(sweep, executor)
        reason = _collect(blocks, meter, collector)
        if tally is not None:
            tally.add(sweep.tally)
        f_vector = None
        if reason is None:
            start, faces = sweep.start, sweep.tally.faces
            euler = sum((-1) ** k * count for k, count in enumerate(faces))
            assert euler == start.euler_characteristic, f"the faces {faces} are not those of a complex"
            whole = bool(domain.lineality) or not start.axes
            f_vector = start.f_vector(faces) if whole and not sweep.tally.marked else None
        return Enumeration(decreasing(collector.table()), reason, f_vector)

    return _swept(*_start(net, domain), meter, found)


def sweep_domain(net: ReLUNetwork, domain: Cone, meter: Meter, work: "Callable[[Sweep], T]") -> T:
    """What ``work`` makes of a sweep that has not begun; it is called again where its direction was not generic.

    :func:`can_enumerate` must hold.
    """
    loading.load()
    return _swept(*_start(net, domain, vertices=True), meter, work)


def _swept(net: ReLUNetwork, start: Start, meter: Meter, work: "Callable[[Sweep], T]") -> T:
    from tropical.activation.compiled.exact_vertices import NotGeneric
    from tropical.activation.compiled.kernels.skeleton import borrowed_room
    from tropical.activation.compiled.sweep import Sweep

    for seed in itertools.count(1):
        with borrowed_room() as room:
            sweep = Sweep(net, start, meter, room, seed)
            sweep.limit = _limit(sweep, meter)
            try:
                return work(sweep)
            except NotGeneric:
                meter.restart()
    raise AssertionError


def _start(net: ReLUNetwork, domain: Cone, vertices: bool = False) -> tuple[ReLUNetwork, Start]:
    """Where to begin, and the network in coordinates of moderate size.

    A positively homogeneous network has all its cells in every neighbourhood of 0; where not only these are asked for
    but also their ``vertices``, the domain itself is taken.
    """
    around = _is_homogeneous(net) and not vertices and all(row[0] > 0 for row in domain.constraints if any(row[1:]))
    if domain.lineality or around:
        factors = weight_factors(net)
        scaled = rescaled_network(net, factors)
        start = _start_of_space(scaled)
        if start is not None:
            return scaled, replace(start, factors=factors)
    factors = domain_factors(domain)
    return rescaled_network(net, factors), replace(start_of_cone(rescaled_cone(domain, factors)), factors=factors)


def _is_homogeneous(net: ReLUNetwork) -> bool:
    """Whether no hidden unit has a bias."""
    return not any(any(layer.bias) for layer in net.layers[:-1])


@once_per_object
def _start_of_space(net: ReLUNetwork) -> Start | None:
    """All of R^n, or the sphere of a fan, if the first layer sees every direction."""
    first = net.layers[0]
    return start_of_space(first, CuttingUnits.of(first).units.tolist(), _is_homogeneous(net))


def _collect(blocks: Iterable[PackedSigns], meter: Meter, collector: PatternCollector) -> str | None:
    """Gather the patterns; why this ended too early, if it did."""
    try:
        for block in blocks:
            allowed = meter.count_cells(len(block.positive), 8 * collector.layout.words)
            collector.add(block.rows(slice(allowed)))
            if allowed < len(block.positive):
                return meter.exhausted
    except BudgetExhausted as stop:
        return str(stop)
    return None


def _limit(sweep: "Sweep", meter: Meter) -> int:
    """Vertices of a part: by their memory, and fewer where a budget may end the work."""
    limit = _PART_BYTES // sweep.vertex_bytes
    budget = meter.budget
    if budget.seconds is not None:
        limit = min(limit, _PROMPT)
    for cells in (budget.cells, budget.bytes and budget.bytes // (8 * sweep.stages.words)):
        if cells is not None:
            limit = min(limit, max(4 * cells, 1 << 10))
    return limit


def _shared(sweep: "Sweep", executor: Executor) -> Iterator[PackedSigns]:
    """The patterns, computed by the executor in parts, as many as it has workers."""
    workers = getattr(executor, "_max_workers", None) or os.cpu_count() or 1
    limit, sweep.limit = sweep.limit, min(_SHARED, sweep.limit)
    parts, number = [sweep.begin()], 1
    while len(parts) < workers and number:
        parts.sort(key=lambda part: part.size)
        found = sweep.advance(parts.pop())
        number = len(found) - 1
        parts += [part.separate() for part in found]
    meter = sweep.meter
    task = sweep.stages.net, sweep.start, sweep.seed, limit, meter.rest()
    pending = list[Future[tuple[PackedSigns, Tally, bool]]]()
    try:
        for part in parts:
            pending.append(_submitted(executor, *task, part))
        for future in pending:
            signs, tally, complete = _awaited(future, meter)
            sweep.tally.add(tally)
            yield signs
            if not complete:
                meter.check_time()
                raise BudgetExhausted(meter.exhausted)
    finally:
        for future in pending:
            future.cancel()


def _submitted(executor: Executor, *task: Any) -> "Future[tuple[PackedSigns, Tally, bool]]":
    try:
        return executor.submit(_sweep_part, *task)
    except RuntimeError as error:  # it was shut down, or lost a worker earlier
        raise ValueError(f"executor takes no work, make a new one: {error}") from error


def _awaited(future: "Future[T]", meter: Meter) -> T:
    """The result; the worker itself stops when the time is over, but it may have begun late, or other work instead."""
    seconds = meter.rest().seconds
    try:
        return future.result(None if seconds is None else seconds + _LATE_SECONDS)
    except TimeoutError:
        meter.check_time()
        raise
    except BrokenExecutor as error:
        raise type(error)(
            "a worker of the executor ended abruptly (killed, or out of memory): make a new one, with fewer workers if"
            " memory is short, or leave executor out"
        ) from error


def _sweep_part(
    net: ReLUNetwork, start: Start, seed: int, limit: int, budget: Budget, part: "Part"
) -> tuple[PackedSigns, Tally, bool]:
    """One worker's part: its patterns, what was done for them, and whether these are all."""
    meter = Meter(budget)
    loading.load()
    from tropical.activation.compiled.kernels.skeleton import borrowed_room
    from tropical.activation.compiled.sweep import Sweep

    with borrowed_room() as room:
        sweep = Sweep(net, start, meter, room, seed)
        sweep.limit = limit
        collector = PatternCollector(sweep.stages.found_layout)
        reason = _collect(map(sweep.read, sweep.finished(part)), meter, collector)
        return collector.table().packed, sweep.tally, reason is None
