"""The work space of compiled cutting: one stack of unfinished parts, which lets the work be left and resumed."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
Flags = NDArray[np.uint64]

NEXT, DEPTH, CELLS, GENERATORS, EDGES, CONSTRAINTS, SUSPENDED = range(7)  # entries of ``state``
START, COUNT, SIGN0, CAND0, CANDS, EDGE0, EDGE_COUNT = range(7)  # entries of a frame
INFERRED, INTEGER, BOUNDED, AT_ONCE = range(4)  # entries of ``tally``
MEMBERS, SIZES, RENAMED = range(3)  # rows of ``lists``
LEAST, MOST, VALUE = range(3)  # rows of ``sums``
_KEPT = (
    "state", "tally", "frames", "patterns", "bit_rows", "table", "points", "masks", "signs", "cands", "edges", "rows",
    "known_units",
)  # fmt: skip


class Workspace(NamedTuple):
    """Arrays for cutting the cells of a batch, one parent after the other, depth first.

    ``state``: the parent at work or next in turn, the number of unfinished parts of it (``frames``), and what has been
    written to the output. A frame's generators, candidates (units whose sign is open) and edges lie in ``points``,
    ``masks``, ``signs``, ``cands``, ``edges``, the signs generator by generator; ``patterns`` hold the signs found for
    it, ``bit_rows`` the place in ``table`` of the constraint that each bit of its masks stands for. ``rows`` are the
    parent's rows of the units, ``known_units`` its constraints that are such rows. Points end with a bound on their
    error, rows with two (see ``points``). The rest is scratch: for opening a parent (``largest`` to ``still``), or for
    one cut.
    """

    state: Places
    tally: Places
    frames: Places
    patterns: Flags
    bit_rows: NDArray[np.int32]
    table: Floats
    points: Floats
    masks: Flags
    signs: NDArray[np.int8]
    cands: Places
    edges: NDArray[np.int32]
    rows: Floats
    known_units: Places
    largest: Floats
    sums: Floats
    undecided: Places
    still: NDArray[np.bool_]
    kept: Places
    seen: NDArray[np.int8]
    values: Floats
    fresh: Floats
    fresh_masks: Flags
    fresh_signs: NDArray[np.int8]
    fresh_edge: Places
    lists: Places
    member_masks: Flags
    slots: Places
    flat: NDArray[np.int32]
    solver: Floats


def make_workspace(room: int, units: int, dim: int, words: int) -> Workspace:
    """Room for ``room`` generators at a time of cells of dimension ``dim`` with ``words`` words of constraints each."""
    deepest, bits = units + 3, 64 * words
    return Workspace(
        state=np.zeros(7, np.int64),
        tally=np.zeros(4, np.int64),
        frames=np.empty((deepest, 7), np.int64),
        patterns=np.zeros((deepest, -(-units // 64)), np.uint64),
        bit_rows=np.zeros((deepest, bits), np.int32),
        table=np.zeros((bits + units, dim + 3)),
        points=np.empty((room, dim + 2)),
        masks=np.empty((room, words), np.uint64),
        signs=np.empty(room * max(units, 8), np.int8),
        cands=np.empty(room + 16 * units, np.int64),
        edges=np.empty((room * (dim + 1), 2), np.int32),
        rows=np.empty((units, dim + 3)),
        known_units=np.full(bits, -1),
        largest=np.empty(dim + 2),
        sums=np.empty((3, units)),
        undecided=np.empty(units, np.int64),
        still=np.empty(room, np.bool_),
        kept=np.empty((2, units), np.int64),
        seen=np.empty(units, np.int8),
        values=np.empty((room, 2)),
        fresh=np.empty((room, dim + 2)),
        fresh_masks=np.empty((room, words), np.uint64),
        fresh_signs=np.empty((room, units), np.int8),
        fresh_edge=np.empty(room * (dim + 1), np.int64),
        lists=np.empty((3, 2 * room), np.int64),
        member_masks=np.empty((2 * room, words), np.uint64),
        slots=np.empty(1 << (4 * room * (dim + 1)).bit_length(), np.int64),
        flat=np.empty((room * (dim + 1), 2), np.int32),
        solver=np.zeros((4, dim, dim + 3)),
    )


def enlarged_workspace(space: Workspace) -> Workspace:
    """The same work with twice the room."""
    (room, width), (units, _) = space.points.shape, space.rows.shape
    bigger = make_workspace(2 * room, units, width - 2, space.masks.shape[1])
    for name in _KEPT:
        old = getattr(space, name)
        getattr(bigger, name)[: len(old)] = old
    return bigger
