"""The cells of a finished skeleton: read off their lowest vertices, and only those that are full-dimensional."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from tropical.activation.compiled.exact_vertices import ExactVertices
from tropical.activation.compiled.kernels.faces import read_facets, read_incidences
from tropical.activation.compiled.kernels.reading import look_around, read_cells
from tropical.activation.compiled.kernels.skeleton import MARKED, SIDES, Skeleton, slots_for
from tropical.activation.compiled.stages import Stages, bit_mask
from tropical.activation.patterns import PackedSigns, Words
from tropical.budget import Meter

_ROWS = 1 << 12  # cells whose rows are composed at once
_CLUSTER = 1 << 10  # lowest vertices of one cell for which room is made at first


class CellReader:
    """Reads the patterns off skeletons of one sweep."""

    def __init__(self, stages: Stages, exact: ExactVertices, meter: Meter) -> None:
        self.stages, self.exact, self.meter = stages, exact, meter

    def read(self, sk: Skeleton, count: int) -> PackedSigns:
        """The patterns of the cells, each at the first of its lowest vertices."""
        dim, words = self.exact.complex_dim, self.stages.words
        shape = tuple(np.uint64(x) for x in (dim, slots_for(dim), len(self.exact.start.facets), words))
        around, vanishing = np.empty((count, 3), np.uint32), np.empty((count, words), np.uint64)
        if (sk.sides[:count, SIDES] & MARKED).any():
            look_around(np.uint64(count), *shape, sk, around, vanishing)
        out, zeros = (np.empty((count + (1 << dim), words), np.uint64) for _ in range(2))
        scratch = np.empty(count, np.int64), np.empty(dim, np.int64), np.empty(words, np.uint64)
        cluster = _CLUSTER
        at = v = 0
        while v < count:
            seen, chosen = np.empty(cluster, np.int64), np.empty(cluster, np.uint32)
            at, v = read_cells(
                np.uint64(v), np.uint64(count), *shape, np.uint64(self.stages.rigid), sk, around, vanishing, out,
                zeros, at, seen, chosen, *scratch,
            )  # fmt: skip
            if v < 0:
                v, cluster = -1 - v, 4 * cluster
            elif v < count:
                more = np.empty((len(out) // 2 + (1 << dim), words), np.uint64)
                out, zeros = (np.concatenate([array[:at], more]) for array in (out, zeros))
        out, zeros = out[:at], zeros[:at]
        if not zeros.any():
            return PackedSigns(self._in_order(out))
        keep = self._are_full(out, zeros)
        found = PackedSigns(self._in_order(out[keep]), self._in_order(zeros[keep]))
        assert found.zero is not None
        return PackedSigns(found.positive & ~found.zero, found.zero if found.zero.any() else None)

    def facet_cells(self, sk: Skeleton, count: int) -> tuple[Words, Words]:
        """The patterns of the cells below and above each facet on a unit; no vertex may be marked."""
        dim, words = self.exact.complex_dim, self.stages.words
        shape = dim, slots_for(dim), len(self.exact.start.facets), words
        least = dim << dim
        out, bits = np.empty((dim * count + least, words), np.uint64), np.empty(dim * count + least, np.int64)
        ups = np.empty(dim, np.int64)
        at = v = 0
        while v < count:
            at, v = read_facets(v, count, *shape, sk, out, bits, at, ups)
            if v < count:
                more = len(bits) // 2 + least
                out = np.concatenate([out[:at], np.empty((more, words), np.uint64)])
                bits = np.concatenate([bits[:at], np.empty(more, np.int64)])
        below, bits = out[:at], bits[:at]
        above = below.copy()
        above[np.arange(at), bits >> 6] |= np.uint64(1) << (63 - (bits & 63)).astype(np.uint64)
        return self._in_order(below), self._in_order(above)

    def edges(self, sk: Skeleton, count: int) -> tuple[NDArray[np.int64], Words, Words, NDArray[np.bool_]]:
        """The edges of a planar skeleton: their ends, the patterns of the cells below and above, and on which are both.

        No vertex may be marked. An edge in a facet has one cell, given as the one below.
        """
        facets, rows = np.uint64(len(self.exact.start.facets)), len(sk.sides)
        halves, sides = sk.half.reshape(rows, -1)[:count].astype(np.int64), sk.sides[:count, SIDES]
        numbers = [sk.lanes.reshape(rows, -1)[:count, 2] >> np.uint64(16 * i) & np.uint64(0xFFFF) for i in range(2)]
        found = []
        for i, side in product(range(2), range(2)):
            slot, released, kept = 2 * i + side, numbers[i], numbers[1 - i]
            both = (kept >= facets) & (sides >> np.uint32(3 - 2 * i) & 1 != 0)
            goes_up = (sides >> np.uint32(slot) & 1 != 0) & (halves[:, slot] & 1 != 0)
            v = np.flatnonzero(goes_up & (both | (kept < facets)))
            below = sk.signs[v].copy()
            if side:
                _set_bits(below, np.flatnonzero(released[v] >= facets), released[v] - facets)
            above = below.copy()
            _set_bits(above, np.flatnonzero(both[v]), kept[v] - facets)
            ends = np.stack([v, halves[v, slot] >> slots_for(2) + 1], axis=1)
            found.append((ends, self._in_order(below), self._in_order(above), both[v]))
        ends, below, above, inner = map(np.concatenate, zip(*found, strict=True))
        return ends, below, above, inner

    def incidences(self, sk: Skeleton, count: int, bit: int) -> tuple[Words, NDArray[np.int64]]:
        """The patterns beside facets on the unit of a bit, cleared there, and a vertex of each; none may be marked."""
        dim, words = self.exact.complex_dim, self.stages.words
        shape = dim, slots_for(dim), len(self.exact.start.facets), bit, words
        least = 1 << dim
        out, vertices = np.empty((count + least, words), np.uint64), np.empty(count + least, np.int64)
        at = v = 0
        while v < count:
            at, v = read_incidences(v, count, *shape, sk, out, vertices, at)
            if v < count:
                more = len(vertices) // 2 + least
                out = np.concatenate([out[:at], np.empty((more, words), np.uint64)])
                vertices = np.concatenate([vertices[:at], np.empty(more, np.int64)])
        return self._in_order(out[:at]), vertices[:at]

    def _in_order(self, words: Words) -> Words:
        """Without the bits of cuts, and with those of the first layer in the order of its units."""
        turned, words = self.stages.turned, words[:, self.stages.cut_words :]
        if turned is None:
            return words
        bits = _bits(words)
        moved = bits.copy()
        moved[:, turned] = bits[:, : len(turned)]
        return np.packbits(moved, axis=1).view(">u8").astype(np.uint64)

    def _are_full(self, out: Words, zeros: Words) -> NDArray[np.bool_]:
        """Whether cells are full-dimensional: every unit that ``zeros`` marks has the row 0."""
        full = np.ones(len(out), np.bool_)
        marked = np.flatnonzero(zeros.any(axis=1))
        marked = marked[np.lexsort(out[marked].T[::-1])]
        for begin in range(0, len(marked), _ROWS):
            self.meter.check_time()
            some = marked[begin : begin + _ROWS]
            full[some] = self._rows_vanish(out[some], zeros[some])
        return full

    def _rows_vanish(self, out: Words, zeros: Words) -> NDArray[np.bool_]:
        """The same of cells in order: those that share the pattern of some layers share the rows of the next."""
        stages = self.stages
        marks = _bits(zeros)
        vanish = np.ones(len(out), np.bool_)
        rows, errors = stages.first.before
        parent = np.zeros(len(out), np.int64)
        for depth, cutting in enumerate(stages.cuttings):
            first = stages.first_bit[depth + 1]
            if depth:
                differ = ((out[1:] ^ out[:-1]) & bit_mask(0, first, out.shape[1])).any(axis=1)
                begins = np.append(0, np.flatnonzero(differ) + 1)
                rows, errors = stages.composed(depth, parent[begins], out[begins], rows, errors)
                parent = np.cumsum(np.append(0, differ))
            cells, bits = np.nonzero(marks[:, first : first + len(cutting.units)])
            units, places = cutting.units[bits], parent[cells]
            own, bounds = rows[places, :, units], errors[places, :, units]
            nonzero = (np.abs(own[:, 0]) > bounds[:, 0]) | (np.abs(own[:, 1:]) > bounds[:, 1:]).any(axis=1)
            vanish[cells[nonzero]] = False
            unsure = ~nonzero & (own.any(axis=1) | bounds.any(axis=1))
            for cell, bit in zip(cells[unsure].tolist(), bits[unsure].tolist(), strict=True):
                vanish[cell] = vanish[cell] and self.exact.row_vanishes(out[cell], first + bit)
        return vanish


def _set_bits(words: Words, rows: NDArray[np.int64], bits: Words) -> None:
    """Set in some rows a bit each, of those given for all rows."""
    places = bits[rows].astype(np.int64)
    words[rows, places >> 6] |= np.uint64(1) << (63 - (places & 63)).astype(np.uint64)


def _bits(words: Words) -> NDArray[np.uint8]:
    return np.unpackbits(words.astype(">u8").view(np.uint8), axis=1)
