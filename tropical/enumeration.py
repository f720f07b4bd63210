"""All activation patterns of a network, by compiled cutting; what float64 cannot certify is decided over Q."""

import functools
import itertools
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tropical.activation_cones import pattern_cone, split
from tropical.batches import Batch, Floats, batch_of, empty_batch, enlarged, joined, part_of, trimmed
from tropical.bounds import arrangement_regions
from tropical.budget import BudgetExhausted, Meter
from tropical.cones import Cone, half_space
from tropical.float_layers import FirstLayer, FloatLayer, float_layers
from tropical.layer import activated_rows, identity_rows, preactivation_rows
from tropical.network import ReLUNetwork
from tropical.polyhedron import Box
from tropical.rationals import from_flint, independent_rows, primitive, to_flint

Signs = NDArray[np.int8]

_CHUNK = 4096  # cells cut in one call of compiled code, halved for each dimension beyond 2
_FIRST_LAYER = 1 << 15  # cells of the first layer for which room is made at once
_PARTS = 64  # tasks given to an executor
_SUSPENDED = 4096
_SILENT_SECONDS = 1.5  # loading cached code takes less, compiling more


class _MoreBits(Exception):  # noqa: N818 - an event of control flow
    """Some cell has more facets than the masks have bits."""


@dataclass
class Tally:
    """How predicates were decided: inferred from the ends of an edge, exact on integers, by float bounds, over Q."""

    inferred: int = 0
    integer: int = 0
    bounded: int = 0
    rational_parts: int = 0

    def add(self, other: "Tally") -> None:
        """Count what ``other`` has counted as well."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def enumerate_patterns(
    net: ReLUNetwork, start: Cone, meter: Meter, tally: Tally | None = None, executor: Executor | None = None
) -> tuple[Signs, str | None]:
    """Return the patterns (cells, kinked units) of the activation regions of ``net`` inside ``start``.

    The second value is None, or says which budget stopped the enumeration. :func:`can_enumerate` must hold.
    ``executor`` shares out the cells of the first layer in a fixed number of parts, so that the result does not depend
    on its workers.
    """
    reduced, cones, whole = _start(net, start)
    words = 1
    while True:
        engine = _Engine(reduced, cones, whole, words, meter, tally or Tally(), executor)
        blocks: list[Signs] = [np.zeros((0, sum(len(layer.kinked) for layer in net.layers[:-1])), np.int8)]
        try:
            batch = batch_of(cones, [()] * len(cones), [0] * len(cones), words)
            if batch is None:
                raise _MoreBits
            for block in engine.descend(0, batch, None, np.zeros((len(cones), 0), np.int8)):
                allowed = meter.count_cells(len(block))
                blocks.append(block[:allowed])
                if allowed < len(block):
                    return _joined(blocks), meter.cells_exhausted
            return _joined(blocks), None
        except BudgetExhausted as stop:
            return _joined(blocks), str(stop)
        except _MoreBits:
            words *= 2
            meter.cells = 0


def _joined(blocks: list[Signs]) -> Signs:
    filled = [block for block in blocks if len(block)]
    return filled[0] if len(filled) == 1 else np.concatenate(blocks)


def can_enumerate(net: ReLUNetwork, start: Cone) -> bool:
    """Whether compiled cutting applies: hidden kinked units, dimension >= 1, no lineality past the first layer."""
    if len(net.layers) < 2 or len(start.generators[0]) < 2:
        return False
    first = net.layers[0]
    if not start.lineality:
        return True
    rank = len(independent_rows([first.weight[i] for i in first.kinked]))
    return len(start.generators) == 1 and rank == len(start.lineality) == net.input_dim


def _start(net: ReLUNetwork, start: Cone) -> tuple[ReLUNetwork, list[Cone], Cone]:
    """The network in coordinates in which ``start`` is simple, its first cones, and their union."""
    if not start.lineality:
        return net, [start], start
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
    return reduced, cones, half_space(dim)


class _Kernels(NamedTuple):
    """The compiled functions, and the statuses that ``cut_parents`` returns."""

    compose_rows: Callable[..., None]
    cut_parents: Callable[..., tuple[int, int]]
    OUTPUT_FULL: int
    ARENA_FULL: int
    MASK_FULL: int
    SUSPENDED_FULL: int


@functools.cache
def _kernels() -> _Kernels:
    """Load the compiled code, or compile it on its first use on this machine and say so on standard error."""
    notice = threading.Timer(_SILENT_SECONDS, sys.stderr.write, ["tropical: compiling, once on this machine ...\n"])
    notice.daemon = True
    notice.start()
    from tropical.kernels import composition, cutting

    kernels = _Kernels(
        composition.compose_rows,
        cutting.cut_parents,
        cutting.OUTPUT_FULL,
        cutting.ARENA_FULL,
        cutting.MASK_FULL,
        cutting.SUSPENDED_FULL,
    )
    _compile(kernels)
    notice.cancel()
    return kernels


def _compile(kernels: _Kernels) -> None:
    """Run every kernel once on a tiny problem: array types do not depend on the network."""
    batch = batch_of([Box([-1], [1]).cone], [()], [0], 1)
    assert batch is not None
    rows, e0, e1 = np.array([[[0.0], [1.0]]]), np.zeros((1, 1)), np.zeros((1, 1))
    out, tally = empty_batch(8, 1, 1, 1, keep=True), np.zeros(4, np.int64)
    arena = _arena(16, 1, 1, 1)
    written = np.zeros(5, np.int64)
    suspended = np.empty(1, np.int64), np.empty((1, 1), np.int8)
    kernels.cut_parents(0, batch, rows, e0, e1, True, written, out, *suspended, arena, tally)
    one, column = np.ones(1), np.zeros(1, np.int64)
    kernels.compose_rows(
        0, out.parent, out.signs, column, rows, e0, e1, np.ones((1, 1)), one, one, one, True, rows.copy(), e0, e1
    )


def _arena(room: int, units: int, dim: int, words: int) -> tuple[NDArray[np.generic], ...]:
    """Work space for the parts of one parent: generators, errors, masks, signs, candidates, edges."""
    return (
        np.empty((room, dim + 1)),
        np.empty(room),
        np.empty((room, words), np.uint64),
        np.empty(room * max(units, 8), np.int8),
        np.empty(room + 4 * units, np.int64),
        np.empty((room * (dim + 1), 2), np.int32),
    )


def _descend_part(
    engine: "_Engine", depth: int, batch: Batch, before: tuple[Floats, Floats, Floats], prefix: Signs
) -> tuple[Signs, Tally]:
    """One worker's part of the cells: their patterns, and how they were decided."""
    units = sum(len(layer.kinked) for layer in engine.net.layers[:-1])
    blocks = list(engine.descend(depth, batch, before, prefix))
    return np.concatenate([np.zeros((0, units), np.int8), *blocks]), engine.tally


@dataclass
class _Engine:
    net: ReLUNetwork
    cones: list[Cone]
    whole: Cone
    words: int
    meter: Meter
    tally: Tally
    executor: Executor | None = None
    first: FirstLayer = field(init=False)
    layers: list[FloatLayer] = field(init=False)

    def __post_init__(self) -> None:
        self.first, self.layers = float_layers(self.net)
        self.room = 512 << self.net.input_dim

    def descend(
        self, depth: int, batch: Batch, before: tuple[Floats, Floats, Floats] | None, prefix: Signs
    ) -> Iterator[Signs]:
        """Yield the patterns of all cells inside the cells of ``batch``, whose signs so far are ``prefix``."""
        last = depth == len(self.layers)
        step = max(_CHUNK >> max(self.net.input_dim - 2, 0), 16)
        for begin in range(0, len(batch.parent), step):
            self.meter.check_time()
            end = min(begin + step, len(batch.parent))
            cut, rows = self._rows(depth, batch, before, begin, end)
            children = self._cut(depth, batch, begin, end, cut, prefix, keep=not last)
            patterns = children.signs
            if prefix.shape[1]:
                patterns = np.concatenate([prefix[children.parent], patterns], axis=1)
            if last:
                yield patterns
            elif len(patterns):
                inner = children._replace(parent=children.parent - (begin if depth else 0))
                inner = inner if depth else inner._replace(parent=np.zeros_like(inner.parent))
                if self.executor is None:
                    yield from self.descend(depth + 1, inner, rows, patterns)
                else:
                    yield from self._shared(self.executor, depth + 1, inner, rows, patterns)

    def _shared(
        self, executor: Executor, depth: int, batch: Batch, before: tuple[Floats, Floats, Floats], prefix: Signs
    ) -> Iterator[Signs]:
        """What :meth:`descend` yields, computed in parts by the executor."""
        cells = len(batch.parent)
        edges = np.linspace(0, cells, min(_PARTS, cells) + 1).astype(int).tolist()
        worker = replace(self, meter=Meter(), tally=Tally(), executor=None)
        futures = []
        for begin, end in itertools.pairwise(edges):
            part = part_of(batch, begin, end)._replace(parent=batch.parent[begin:end])
            futures.append(executor.submit(_descend_part, worker, depth, part, before, prefix[begin:end]))
        try:
            for future in futures:
                block, tally = future.result()
                self.tally.add(tally)
                self.meter.check_time()
                yield block
        finally:
            for future in futures:
                future.cancel()

    def _rows(
        self, depth: int, batch: Batch, before: tuple[Floats, Floats, Floats] | None, begin: int, end: int
    ) -> tuple[tuple[Floats, Floats, Floats], tuple[Floats, Floats, Floats]]:
        """Rows of the kinked units for cutting, and of all units for the next layer, on cells begin:end."""
        if before is None:
            rows, e0, e1 = (np.repeat(a, end - begin, axis=0) for a in self.first.cut)
            return (rows, e0, e1), self.first.before
        layer = self.layers[depth - 1]
        units, dim = layer.weight.shape[1], self.net.input_dim + 1
        rows = np.empty((end - begin, dim, units))
        e0, e1 = np.empty((end - begin, units)), np.empty((end - begin, units))
        _kernels().compose_rows(
            begin, batch.parent, batch.signs, layer.column, *before, layer.weight, layer.bias, layer.left, layer.right,
            layer.integral, rows, e0, e1,
        )  # fmt: skip
        chosen = layer.cutting.units
        if len(chosen) == units:
            return (rows, e0, e1), (rows, e0, e1)
        cut_rows = np.ascontiguousarray(rows[:, :, chosen])
        return (cut_rows, np.ascontiguousarray(e0[:, chosen]), np.ascontiguousarray(e1[:, chosen])), (rows, e0, e1)

    def _cut(
        self,
        depth: int,
        batch: Batch,
        begin: int,
        end: int,
        rows: tuple[Floats, Floats, Floats],
        prefix: Signs,
        keep: bool,
    ) -> Batch:
        kernels = _kernels()
        dim, units = self.net.input_dim, rows[0].shape[2]
        if units == 0:
            return part_of(batch, begin, end)._replace(signs=np.zeros((end - begin, 0), np.int8))
        expected = 4 * (end - begin) if depth else (end - begin) * min(arrangement_regions(units, dim), _FIRST_LAYER)
        out = empty_batch(max(expected, 256), units, dim, self.words, keep)
        suspended = np.empty(_SUSPENDED, np.int64), np.empty((_SUSPENDED, units), np.int8)
        written, tally = np.zeros(5, np.int64), np.zeros(4, np.int64)
        arena = _arena(self.room, units, dim, self.words)
        at = begin
        while at < end:
            rest = tuple(a[at - begin :] for a in rows)
            status, at = kernels.cut_parents(at, batch, *rest, keep, written, out, *suspended, arena, tally)
            if status == kernels.OUTPUT_FULL:
                out = enlarged(out)
            elif status == kernels.ARENA_FULL:
                self.room *= 2
                arena = _arena(self.room, units, dim, self.words)
            elif status == kernels.SUSPENDED_FULL:
                suspended = (np.repeat(suspended[0], 2), np.repeat(suspended[1], 2, axis=0))
            elif status == kernels.MASK_FULL:
                raise _MoreBits
        self.tally.inferred += int(tally[0])
        self.tally.integer += int(tally[1])
        self.tally.bounded += int(tally[2])
        count = written.tolist()
        cutting = self.layers[depth - 1].cutting if depth else self.first.cutting
        found = trimmed(out, *count[:4])
        found = found._replace(signs=cutting.spread(found.signs))
        if not count[4]:
            return found
        parents, partial = suspended[0][: count[4]], cutting.spread(suspended[1][: count[4]])
        return self._completed(found, depth, prefix, parents, partial, keep)

    def _completed(
        self, found: Batch, depth: int, prefix: Signs, suspended: NDArray[np.int64], partials: Signs, keep: bool
    ) -> Batch:
        """Add the cells inside the suspended parts, cut over Q."""
        cones, signs, parents = [], [], []
        for parent, partial in zip(suspended.tolist(), partials.tolist(), strict=True):
            self.meter.check_time()
            whole = self.whole if depth else self.cones[parent]
            for found_signs, cone in self._exact_parts(whole, depth, prefix[parent].tolist(), partial):
                cones.append(cone)
                signs.append(found_signs)
                parents.append(parent)
        self.tally.rational_parts += len(suspended)
        if not keep:
            return found._replace(
                parent=np.concatenate([found.parent, np.array(parents, np.int64)]),
                signs=np.concatenate([found.signs, np.array(signs, np.int8)]),
            )
        extra = batch_of(cones, signs, parents, self.words)
        if extra is None:
            raise _MoreBits
        return joined(found, extra)

    def _exact_parts(
        self, whole: Cone, depth: int, pattern: list[int], partial: list[int]
    ) -> list[tuple[tuple[int, ...], Cone]]:
        """The cells in the part of ``whole`` with the given signs of all earlier layers and some of this one."""
        known = [sign if sign in (1, -1) else 0 for sign in partial]
        cone = pattern_cone(self.net, whole, [*pattern, *known])
        rows = identity_rows(self.net.input_dim)
        for layer in self.net.layers[:depth]:
            signs, pattern = pattern[: len(layer.kinked)], pattern[len(layer.kinked) :]
            rows = activated_rows(layer, preactivation_rows(layer, rows), signs)
        layer = self.net.layers[depth]
        table = from_flint(preactivation_rows(layer, rows))
        return split(cone, [primitive(table[unit]) for unit in layer.kinked])
