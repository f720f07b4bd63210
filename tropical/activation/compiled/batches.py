"""Batches of cells as flat arrays, the form in which compiled code cuts them, made from exact cones."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tropical.polyhedra.cones import Cone, Integers, edges, facets

Floats = NDArray[np.float64]
_EXACT = 1 << 53
_UNIT = 2.0**-53


class Batch(NamedTuple):
    """Cells one after the other: cell c owns generators pointer[c]:pointer[c + 1], and likewise edges and rows.

    ``points`` are generators, each followed by a bound on its error (0: an exact integer vector); ``masks`` says on
    which of the cell's constraints it lies; ``edges`` are pairs of generators by their place in the cell; ``rows`` are
    the constraints (constant, gradient), by bit, each followed by bounds on the errors of constant and gradient.
    ``row_units`` says which unit of the layer that made the cell a row belongs to (-1: none). ``signs`` are the
    positive ones of those that made the cell, packed as in :class:`tropical.activation.patterns.PackedSigns`.
    """

    parent: NDArray[np.int64]
    signs: NDArray[np.uint64]
    pointer: NDArray[np.int64]
    points: Floats
    masks: NDArray[np.uint64]
    edge_pointer: NDArray[np.int64]
    edges: NDArray[np.int32]
    row_pointer: NDArray[np.int64]
    row_bits: NDArray[np.int64]
    rows: Floats
    row_units: NDArray[np.int64]


def empty_batch(cells: int, units: int, dim: int, words: int, keep: bool) -> Batch:
    """Room for ``cells`` cells of dimension ``dim``; without ``keep`` for their parents and signs only."""
    kept = cells if keep else 0
    points = kept * ((1 << dim) + 8)
    pairs, rows = points * (dim + 1) // 2 + 64, kept * (2 * dim + 8) + 64 * words
    return Batch(
        np.empty(cells, np.int64),
        np.empty((cells, -(-units // 64)), np.uint64),
        np.zeros(kept + 1, np.int64),
        np.empty((points, dim + 2)),
        np.empty((points, words), np.uint64),
        np.zeros(kept + 1, np.int64),
        np.empty((pairs, 2), np.int32),
        np.zeros(kept + 1, np.int64),
        np.empty(rows, np.int64),
        np.empty((rows, dim + 3)),
        np.empty(rows, np.int64),
    )


def enlarged(batch: Batch) -> Batch:
    """The same content in arrays twice as long."""
    arrays = []
    for array in batch:
        bigger = np.zeros((2 * len(array) + 1, *array.shape[1:]), array.dtype)
        bigger[: len(array)] = array
        arrays.append(bigger)
    return Batch(*arrays)


def trimmed(batch: Batch, cells: int, points: int, edges: int, rows: int) -> Batch:
    """The first ``cells`` cells, with that many points, edges and rows."""
    pointers = min(cells + 1, len(batch.pointer))
    ends = (cells, cells, pointers, points, points, pointers, edges, pointers, rows, rows, rows)
    arrays: tuple[NDArray[Any], ...] = tuple(batch)
    return Batch(*(array[:end] for array, end in zip(arrays, ends, strict=True)))


def part_of(batch: Batch, begin: int, end: int) -> Batch:
    """The cells begin:end as a batch of their own; ``parent`` then says where they were."""
    pointers = (batch.pointer, batch.edge_pointer, batch.row_pointer)
    points, edges, rows = (slice(p[begin], p[end]) for p in pointers)
    starts = [p[begin : end + 1] - p[begin] for p in pointers]
    return Batch(
        np.arange(begin, end),
        batch.signs[begin:end],
        starts[0],
        batch.points[points],
        batch.masks[points],
        starts[1],
        batch.edges[edges],
        starts[2],
        batch.row_bits[rows],
        batch.rows[rows],
        batch.row_units[rows],
    )


def copied(batch: Batch) -> Batch:
    """The same cells in arrays of their own."""
    arrays: tuple[NDArray[Any], ...] = tuple(batch)
    return Batch(*(array.copy() for array in arrays))


def joined(first: Batch, second: Batch) -> Batch:
    """Both batches, one after the other."""
    pairs: list[tuple[NDArray[Any], NDArray[Any]]] = list(zip(first, second, strict=True))
    offset = [name.endswith("pointer") for name in Batch._fields]
    return Batch(
        *(np.concatenate([a, b[1:] + a[-1]] if shift else [a, b]) for shift, (a, b) in zip(offset, pairs, strict=True))
    )


def batch_of(cones: Sequence[Cone], signs: NDArray[np.uint64], parents: Sequence[int], words: int) -> Batch | None:
    """Pointed cones as a batch, or None if one has more facets than ``words`` can mark."""
    geometry = [_arrays(cone, words) for cone in cones]
    if any(arrays is None for arrays in geometry):
        return None
    points, masks, pairs, rows = zip(*(arrays for arrays in geometry if arrays), strict=True)
    return Batch(
        np.array(parents, np.int64),
        signs,
        _pointer(points),
        np.concatenate(points),
        np.concatenate(masks),
        _pointer(pairs),
        np.concatenate(pairs),
        _pointer(rows),
        np.concatenate([np.arange(len(r)) for r in rows]),
        np.concatenate(rows),
        np.full(sum(map(len, rows)), -1),
    )


def _pointer(arrays: Sequence[NDArray[Any]]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum([len(array) for array in arrays])]).astype(np.int64)


def _arrays(cone: Cone, words: int) -> tuple[NDArray[Any], ...] | None:
    sides = facets(cone)
    if len(sides) > 64 * words:
        return None
    members = list(sides.values())
    incidence = [sum(1 << b for b, side in enumerate(members) if side >> i & 1) for i in range(len(cone.generators))]
    masks = np.array([[mask >> 64 * w & (1 << 64) - 1 for w in range(words)] for mask in incidence], np.uint64)
    points = [[*vector, error] for vector, error in map(rounded_vector, cone.generators)]
    rows = [[*row, error, error] for row, error in (_rounded_row(cone.constraints[index]) for index in sides)]
    pairs = np.array(edges(cone), np.int32).reshape(-1, 2)
    return np.array(points), masks, pairs, np.array(rows)


def rounded_vector(vector: Integers) -> tuple[list[float], float]:
    """An integer vector exactly, with error 0, or scaled to first coordinate (else largest entry) 1 with its error.

    The error is infinite if a coordinate is so large that products could overflow; ones too small become 0.
    """
    if max(map(abs, vector)) < _EXACT:
        return [float(a) for a in vector], 0.0
    scale = vector[0] if vector[0] > 0 else max(map(abs, vector))
    if max(map(abs, vector)) >= scale << 500:
        return [float(vector[0] > 0), *(0.0 for _ in vector[1:])], math.inf
    scaled = [a / scale if abs(a) << 480 > scale else 0.0 for a in vector]
    return scaled, 2 * _UNIT * max(1.0, *map(abs, scaled))


def _rounded_row(row: Integers) -> tuple[list[float], float]:
    """A row exactly, with error 0, or scaled to largest entry 1 with its error."""
    largest = max(map(abs, row))
    return ([float(a) for a in row], 0.0) if largest < _EXACT else ([a / largest for a in row], 2 * _UNIT)
