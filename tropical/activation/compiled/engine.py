"""All activation patterns of a network, by compiled cutting; what float64 cannot certify is decided over Q."""

import functools
import itertools
import pickle
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from tropical.activation.compiled import loading
from tropical.activation.compiled.batches import (
    Batch,
    Floats,
    batch_of,
    copied,
    empty_batch,
    enlarged,
    joined,
    part_of,
    trimmed,
)
from tropical.activation.compiled.float_layers import FirstLayer, FloatLayer, float_layers
from tropical.activation.compiled.kernels.workspace import (
    AT_ONCE,
    BOUNDED,
    CELLS,
    INFERRED,
    INTEGER,
    SUSPENDED,
    Workspace,
    enlarged_workspace,
    make_workspace,
)
from tropical.activation.cutting import pattern_cone, split
from tropical.activation.patterns import PackedSigns, PatternCollector, PatternTable, SignArray, SignLayout
from tropical.arithmetic.rationals import from_flint, independent_rows, primitive, to_flint
from tropical.budget import BudgetExhausted, Meter
from tropical.functions.layer import rows_along
from tropical.functions.network import ReLUNetwork
from tropical.polyhedra.cones import Cone, half_space

_ROW_ENTRIES = 1 << 15  # entries of the rows of the cells that are cut in one call of compiled code
_BLOCK = 1 << 11  # new cells for which room is made, halved for each dimension unless only signs are kept
_ROOM = 64  # generators for which room is made at first, doubled for each dimension
_TASK = 64  # cells of the first layer in the first tasks given to an executor
_AHEAD = 256  # tasks that may wait for a worker
_SUSPENDED = 512


class _MoreBits(Exception):  # noqa: N818 - an event of control flow
    """Some cell has more facets than the masks have bits."""


@dataclass
class Tally:
    """How predicates were decided.

    For a whole cell at once, from the ends of an edge, exactly on integers, by float bounds, or over Q.
    """

    at_once: int = 0
    inferred: int = 0
    integer: int = 0
    bounded: int = 0
    rational_parts: int = 0

    def count(self, decided: NDArray[np.int64]) -> None:
        """Take over, and set to 0, what compiled code has counted."""
        for name, index in (("inferred", INFERRED), ("integer", INTEGER), ("bounded", BOUNDED), ("at_once", AT_ONCE)):
            setattr(self, name, getattr(self, name) + int(decided[index]))
        decided[:] = 0

    def add(self, other: "Tally") -> None:
        """Count what ``other`` has counted as well."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def enumerate_patterns(
    net: ReLUNetwork, start: Cone, meter: Meter, tally: Tally | None = None, executor: Executor | None = None
) -> tuple[PatternTable, str | None]:
    """Return the patterns of the activation regions of ``net`` inside ``start``; :func:`can_enumerate` must hold.

    The second value is None, or says which budget stopped the enumeration. ``executor`` shares out the cells of the
    first layer in parts that do not depend on its workers, nor does the result.
    """
    reduced, cones, whole, axis_units = _start(net, start)
    words = 1
    while True:
        engine = _Engine(reduced, cones, whole, axis_units, words, meter, executor)
        collector = PatternCollector(engine.layouts[-1])
        reason = None
        try:
            for block in engine.cells():
                allowed = meter.count_cells(len(block.positive), 8 * collector.layout.words)
                collector.add(block.rows(slice(allowed)))
                if allowed < len(block.positive):
                    reason = meter.exhausted
                    break
        except BudgetExhausted as stop:
            reason = str(stop)
        except _MoreBits:
            words *= 2
            meter.restart()
            continue
        if tally is not None:
            tally.add(engine.tally)
        return collector.table(), reason


def can_enumerate(net: ReLUNetwork, start: Cone) -> bool:
    """Whether compiled cutting applies: hidden kinked units, dimension >= 1, no lineality past the first layer."""
    if len(net.layers) < 2 or len(start.generators[0]) < 2:
        return False
    first = net.layers[0]
    if not start.lineality:
        return True
    rank = len(independent_rows([first.weight[i] for i in first.kinked]))
    return len(start.generators) == 1 and rank == len(start.lineality) == net.input_dim


def _start(net: ReLUNetwork, start: Cone) -> tuple[ReLUNetwork, list[Cone], Cone, list[int]]:
    """The network in coordinates in which ``start`` is simple, its first cones, their union, the coordinates' units."""
    if not start.lineality:
        return net, [start], start, []
    first = net.layers[0]
    chosen = [first.kinked[i] for i in independent_rows([first.weight[i] for i in first.kinked])]
    inverse = to_flint([first.weight[i] for i in chosen]).inv()
    moved = from_flint(first.exact_weight * inverse)
    shift = [first.bias[i] for i in chosen]
    bias = tuple(
        b - sum((w * c for w, c in zip(row, shift, strict=True)), Fraction(0))
        for b, row in zip(first.bias, moved, strict=True)
    )
    reduced = ReLUNetwork((replace(first, weight=moved, bias=bias), *net.layers[1:]))
    dim = net.input_dim
    axes = [tuple(int(i == j) for j in range(dim + 1)) for i in range(dim + 1)]
    cones = []
    for signs in itertools.product((1, -1), repeat=dim):
        rows = [tuple(s * a for a in axis) for s, axis in zip(signs, axes[1:], strict=True)]
        everything = (1 << dim + 1) - 1
        incidence = tuple(everything & ~(1 << i) for i in range(dim + 1))
        cones.append(Cone((axes[0], *rows), incidence, (axes[0], *rows)))
    return reduced, cones, half_space(dim), chosen


def _descend_part(
    pickled_engine: bytes, batch: Batch, before: tuple[Floats, Floats], prefix: PackedSigns
) -> tuple[PackedSigns, Tally]:
    """One worker's part of the first layer's cells: their patterns, and how they were decided."""
    engine = _engine_of_thread(pickled_engine, threading.get_ident())
    engine.tally = Tally()
    collector = PatternCollector(engine.layouts[-1])
    for block in engine.descend(1, batch, before, prefix):
        collector.add(block)
    return collector.table().packed, engine.tally


@functools.lru_cache(maxsize=16)
def _engine_of_thread(engine: bytes, thread: int) -> "_Engine":
    """A worker's engine, which serves for many parts of one enumeration: it is slow to unpickle and has work space."""
    found: _Engine = pickle.loads(engine)
    return found


@dataclass
class _Engine:
    net: ReLUNetwork
    cones: list[Cone]
    whole: Cone
    axis_units: list[int]  # of the first layer, whose preactivations are the coordinates, if any
    words: int
    meter: Meter
    executor: Executor | None = None
    first: FirstLayer = field(init=False)
    layers: list[FloatLayer] = field(init=False)
    layouts: list[SignLayout] = field(init=False)  # of the signs of the first 0, 1, 2, ... layers
    tally: Tally = field(init=False, default_factory=Tally)
    spaces: dict[int, Workspace] = field(init=False, default_factory=dict)
    outputs: dict[int, Batch] = field(init=False, default_factory=dict)
    suspended: dict[int, tuple[NDArray[np.int64], SignArray]] = field(init=False, default_factory=dict)
    composed: dict[int, tuple[Floats, Floats]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.first, self.layers = float_layers(self.net)
        self.layouts = [SignLayout.plain(0)]
        for cutting in (self.first.cutting, *(layer.cutting for layer in self.layers)):
            self.layouts.append(self.layouts[-1].followed_by(cutting.layout))

    def cells(self) -> Iterator[PackedSigns]:
        """Yield the patterns of all cells, block by block; a block is overwritten when the next one is asked for."""
        none = PackedSigns(np.zeros((len(self.cones), 0), np.uint64))
        batch = batch_of(self.cones, none.positive, [0] * len(self.cones), self.words)
        if batch is None:
            raise _MoreBits
        if self.axis_units:
            axes = batch.rows[:, 1 : 1 + self.net.input_dim] != 0
            units = self.first.cutting.column[self.axis_units]
            batch = batch._replace(row_units=np.where(axes.sum(axis=1) == 1, units[axes.argmax(axis=1)], -1))
        if self.executor is None or not self.layers:
            yield from self.descend(0, batch, self.first.before, none)
        else:
            yield from self._shared(self.executor, self._children(0, batch, self.first.before, none))

    def descend(
        self, depth: int, batch: Batch, before: tuple[Floats, Floats], prefix: PackedSigns
    ) -> Iterator[PackedSigns]:
        """Yield the patterns of all cells inside the cells of ``batch``, whose signs so far are ``prefix``.

        ``before`` are the rows of the layer before on its own cells, of which ``batch.parent`` says the place.
        """
        for children, rows, patterns in self._children(depth, batch, before, prefix):
            if depth == len(self.layers):
                yield patterns
            else:
                yield from self.descend(depth + 1, children, rows, patterns)

    def _children(
        self, depth: int, batch: Batch, before: tuple[Floats, Floats], prefix: PackedSigns
    ) -> Iterator[tuple[Batch, tuple[Floats, Floats], PackedSigns]]:
        """Cut the cells of ``batch`` by one layer: blocks of cells with what :meth:`descend` needs to go on."""
        keep = depth < len(self.layers)
        for begin, end in itertools.pairwise(self._chunks(depth, len(batch.parent))):
            self.meter.check_time()
            rows, following = self._rows(depth, batch, before, begin, end)
            for children, signs in self._blocks(depth, batch, begin, end, rows, prefix, keep):
                place = children.parent - begin if depth else np.zeros_like(children.parent)
                patterns = prefix.rows(children.parent).beside(signs)
                yield children._replace(parent=place), following, patterns

    def _chunks(self, depth: int, cells: int) -> list[int]:
        """Where to divide the cells of a batch, so that the rows of a chunk stay in the processor's cache."""
        dim = self.net.input_dim
        units = self.layers[depth - 1].weight.shape[1] if depth else 1
        step = max(_ROW_ENTRIES // ((dim + 1) * units), 16)
        return [*range(0, cells, step), cells]

    def _shared(
        self, executor: Executor, blocks: Iterator[tuple[Batch, tuple[Floats, Floats], PackedSigns]]
    ) -> Iterator[PackedSigns]:
        """What :meth:`descend` yields for the cells of the first layer, computed in parts by the executor, in order.

        How the cells are divided does not depend on the workers; parts grow with the number of cells.
        """
        worker = pickle.dumps(replace(self, meter=Meter(), executor=None))
        pending: deque[Future[tuple[PackedSigns, Tally]]] = deque()
        done = 0
        try:
            for batch, before, prefix in blocks:
                cells = len(batch.parent)
                step = max(_TASK, done // _TASK)
                for begin, end in itertools.pairwise([*range(0, cells, step), cells]):
                    part = part_of(batch, begin, end)._replace(parent=batch.parent[begin:end])
                    part, signs = copied(part), prefix.rows(np.arange(begin, end))
                    pending.append(executor.submit(_descend_part, worker, part, before, signs))
                done += cells
                while len(pending) > _AHEAD:
                    yield self._taken(pending.popleft())
            while pending:
                yield self._taken(pending.popleft())
        finally:
            for future in pending:
                future.cancel()

    def _taken(self, part: "Future[tuple[PackedSigns, Tally]]") -> PackedSigns:
        signs, tally = part.result()
        self.tally.add(tally)
        self.meter.check_time()
        return signs

    def _rows(
        self, depth: int, batch: Batch, before: tuple[Floats, Floats], begin: int, end: int
    ) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
        """Rows of the cutting units, and of all units for the next layer, on cells begin:end, with their errors."""
        if depth == 0:
            rows, errors = (np.repeat(a, end - begin, axis=0) for a in self.first.cut)
            return (rows, errors), before
        layer = self.layers[depth - 1]
        units = layer.weight.shape[1]
        if depth not in self.composed or len(self.composed[depth][0]) < end - begin:
            shapes = (end - begin, self.net.input_dim + 1, units), (end - begin, 2, units)
            self.composed[depth] = np.empty(shapes[0]), np.empty(shapes[1])
        rows, errors = (array[: end - begin] for array in self.composed[depth])
        loading.kernels().compose_rows(
            begin, batch.parent, batch.signs, layer.column, *before, layer.weight, layer.bias, layer.clear, layer.put,
            layer.sizes, layer.integral, rows, errors,
        )  # fmt: skip
        chosen = layer.cutting.units
        if len(chosen) == units:
            return (rows, errors), (rows, errors)
        return (np.ascontiguousarray(rows[:, :, chosen]), np.ascontiguousarray(errors[:, :, chosen])), (rows, errors)

    def _blocks(
        self,
        depth: int,
        batch: Batch,
        begin: int,
        end: int,
        rows: tuple[Floats, Floats],
        prefix: PackedSigns,
        keep: bool,
    ) -> Iterator[tuple[Batch, PackedSigns]]:
        """Cut cells begin:end by a layer's rows: blocks of new cells, valid until the next, and this layer's signs."""
        kernels = loading.kernels()
        dim, units = self.net.input_dim, rows[0].shape[2]
        zeros = np.zeros((end - begin, -(-units // 64)), np.uint64)
        if units == 0:
            part = part_of(batch, begin, end)
            yield part._replace(signs=zeros, row_units=np.full_like(part.row_units, -1)), PackedSigns(zeros)
            return
        if depth not in self.spaces:
            self.spaces[depth] = make_workspace(_ROOM << dim, units, dim, self.words)
            self.suspended[depth] = np.empty(_SUSPENDED, np.int64), np.empty((_SUSPENDED, units), np.int8)
            block = _BLOCK >> dim if keep else _BLOCK
            self.outputs[depth] = empty_batch(max(block, 256), units, dim, self.words, keep)
        self.spaces[depth].state[:] = 0
        suspended = self.suspended[depth]
        none = np.zeros(0, np.uint64)
        steep = self.layers[depth - 1].steep if depth else (none, none)
        biases = self.layers[depth - 1].bias_signs if depth else np.zeros(units, np.int8)
        status = None
        while status != kernels.DONE:
            space, out = self.spaces[depth], self.outputs[depth]
            status = kernels.cut_parents(begin, *rows, batch, *steep, biases, keep, zeros, out, *suspended, space)
            if status == kernels.MASK_FULL:
                raise _MoreBits
            if status == kernels.ARENA_FULL:
                self.spaces[depth] = enlarged_workspace(space)
                continue
            cells, points, edges, constraints, left = space.state[CELLS : SUSPENDED + 1].tolist()
            if status == kernels.OUTPUT_FULL and not cells:
                self.outputs[depth] = enlarged(out)
            space.state[CELLS : SUSPENDED + 1] = 0
            found = trimmed(out, cells, points, edges, constraints)
            signs = PackedSigns(found.signs, zeros[found.parent - begin] if zeros.any() else None)
            if left:
                found, signs = self._completed(
                    found, signs, depth, prefix, suspended[0][:left], suspended[1][:left], keep
                )
            if len(found.parent):
                yield found, signs
            self.meter.check_time()
        self.tally.count(self.spaces[depth].tally)

    def _completed(
        self,
        found: Batch,
        found_signs: PackedSigns,
        depth: int,
        prefix: PackedSigns,
        suspended: NDArray[np.int64],
        partials: SignArray,
        keep: bool,
    ) -> tuple[Batch, PackedSigns]:
        """Add the cells inside the suspended parts, cut over Q."""
        cutting = self.layers[depth - 1].cutting if depth else self.first.cutting
        earlier = self.layouts[depth].signs(prefix.rows(suspended)).tolist()
        decided = np.where(np.abs(partials) == 1, partials, 0)[:, cutting.layout.bit] * cutting.layout.factor
        cones, signs, parents = [], [], []
        for parent, pattern, partial in zip(suspended.tolist(), earlier, decided.tolist(), strict=True):
            self.meter.check_time()
            whole = self.whole if depth else self.cones[parent]
            for part_signs, cone in self._exact_parts(whole, depth, pattern, partial):
                cones.append(cone)
                signs.append(part_signs)
                parents.append(parent)
        self.tally.rational_parts += len(suspended)
        more = PackedSigns.of(np.array(signs, np.int8)[:, cutting.kinked])
        if keep:
            extra = batch_of(cones, more.positive, parents, self.words)
            if extra is None:
                raise _MoreBits
            return joined(found, extra), found_signs.stacked(more)
        parent = np.concatenate([found.parent, np.array(parents, np.int64)])
        return found._replace(parent=parent), found_signs.stacked(more)

    def _exact_parts(
        self, whole: Cone, depth: int, pattern: list[int], partial: list[int]
    ) -> list[tuple[tuple[int, ...], Cone]]:
        """The cells in the part of ``whole`` with given signs of all earlier layers and some (not 0) of this one."""
        cone = pattern_cone(self.net, whole, [*pattern, *partial])
        *_, rows = rows_along(self.net.layers[: depth + 1], self.net.input_dim, pattern)
        table = from_flint(rows)
        return split(cone, [primitive(table[unit]) for unit in self.net.layers[depth].kinked])
