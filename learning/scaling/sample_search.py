"""How many samples one filtered pass needs for sin² ≤ s: a geometric grid of N over growing samples."""

from __future__ import annotations

import math

import numpy as np

from learning.filtering.passes import streamed_pass
from learning.scaling.part import Row
from learning.scaling.statistics import crossing
from learning.scaling.subjects import hidden, span_of_inputs, squared_sines

__all__ = ["TARGET", "samples_to_target"]

TARGET = 0.1
"""The mean of sin² over the principal angles that counts as having found V."""

_FIRST, _LARGEST = 16, 4096  # samples per dimension: where the grid begins, and where the search gives up
_BATCH = 8192


def samples_to_target(name: str, dim: int, seed: int, *, target: float = TARGET) -> Row:
    r"""Samples from which one pass of filtered PCA from W = {0} reaches mean sin² ≤ target, interpolated on a grid.

    The grid is 16·d·2^(i/2) up to 4096·d; every sample contains the one before it. Directions that the pass does not
    find count with sin² = 1, so its test (L12) is part of what is measured.

    Returns
    -------
    {"samples": N or None, "grid": [[N, mean sin², directions found], ...]}.
    """
    grid: list[list[float]] = []
    for step in range(1 + round(2 * math.log2(_LARGEST / _FIRST))):
        count = round(_FIRST * dim * 2.0 ** (step / 2))
        net, oracle = hidden(name, dim, seed)
        frame, _ = streamed_pass(oracle.batches(count, _BATCH), np.zeros((0, dim)))
        grid.append([count, float(squared_sines(frame, span_of_inputs(net)).mean()), len(frame)])
        if grid[-1][1] <= target:
            break
    return {"samples": crossing([entry[0] for entry in grid], [entry[1] for entry in grid], target), "grid": grid}
