"""Loading the compiled code, which is announced where it takes long: once on a machine it has to be compiled."""

import functools
import threading
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tropical.activation.compiled.batches import batch_of, empty_batch
from tropical.activation.compiled.float_layers import Sizes
from tropical.activation.compiled.kernels.cache_folder import say
from tropical.activation.compiled.kernels.workspace import make_workspace
from tropical.polyhedra.polyhedron import Box

_SILENT_SECONDS = 1.5  # loading cached code takes less, compiling more


class Kernels(NamedTuple):
    """The compiled functions, and the statuses that ``cut_parents`` returns."""

    compose_rows: Callable[..., None]
    cut_parents: Callable[..., int]
    DONE: int
    OUTPUT_FULL: int
    ARENA_FULL: int
    MASK_FULL: int


@functools.cache
def kernels() -> Kernels:
    """Load the compiled code, or compile it on its first use on this machine and say so on standard error."""
    notice = threading.Timer(_SILENT_SECONDS, say, ["compiling, about a minute, once on this machine ..."])
    notice.daemon = True
    notice.start()
    try:
        from tropical.activation.compiled.kernels import composition, cutting

        loaded = Kernels(
            composition.compose_rows,
            cutting.cut_parents,
            cutting.DONE,
            cutting.OUTPUT_FULL,
            cutting.ARENA_FULL,
            cutting.MASK_FULL,
        )
        _compile(loaded)
    finally:
        notice.cancel()
    return loaded


def is_loaded() -> bool:
    """Whether this process has loaded the compiled code, so that using it costs nothing more."""
    return kernels.cache_info().currsize > 0


def _compile(functions: Kernels) -> None:
    """Run every kernel once on a tiny problem: array types do not depend on the network."""
    batch = batch_of([Box([-1], [1]).cone], np.zeros((1, 0), np.uint64), [0], 1)
    assert batch is not None
    rows, errors = np.array([[[0.0], [1.0]]]), np.zeros((1, 2, 1))
    out, space = empty_batch(8, 1, 1, 1, keep=True), make_workspace(16, 1, 1, 1)
    suspended = np.empty(1, np.int64), np.empty((1, 1), np.int8)
    none = np.zeros(0, np.uint64)
    functions.cut_parents(
        0,
        rows,
        errors,
        batch,
        none,
        none,
        np.zeros(1, np.int8),
        True,
        np.zeros((1, 1), np.uint64),
        out,
        *suspended,
        space,
    )
    one, column = np.ones(1), np.zeros(1, np.int64)
    functions.compose_rows(
        0, out.parent, out.signs, column, rows, errors, np.ones((1, 1)), one, one, one, Sizes(one, one, one), True,
        rows.copy(), errors,
    )  # fmt: skip
