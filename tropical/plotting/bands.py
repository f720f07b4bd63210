"""Bands of value: affine functions on convex polygons, cut at their level sets, whatever float64 makes of them."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tropical.plotting.outlines import Outline
from tropical.plotting.palette import SEQUENTIAL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.contour import ContourSet

_BANDS = 24


def fill_bands(ax: "Axes", outlines: Sequence[Outline]) -> "ContourSet":
    """Fill polygons whose corners are (x, y, value) by bands of the value.

    Not by triangles and matplotlib's contours, which never return for triangles that are thin beside the others.
    """
    from matplotlib.contour import ContourSet

    levels = _levels([corner[2] for outline in outlines for corner in outline])
    filled: list[list[Outline]] = [[] for _ in levels[1:]]
    for outline in outlines:
        values = [value for _, _, value in outline]
        first = min(bisect_right(levels, min(values)), len(filled)) - 1
        for i in range(first, max(bisect_left(levels, max(values)), first + 1)):
            polygon = [corner[:2] for corner in between(outline, levels[i], levels[i + 1])]
            if len(polygon) > 2:
                filled[i].append(polygon)
    return ContourSet(ax, levels, filled, filled=True, cmap=SEQUENTIAL)


def between(outline: Outline, low: float, high: float) -> Outline:
    """The part of a convex polygon whose last coordinate lies between two values.

    >>> between([(0.0, 0.0, 0.0), (4.0, 0.0, 4.0), (0.0, 4.0, 0.0)], 3.0, 9.0)
    [(3.0, 0.0, 3.0), (4.0, 0.0, 4.0), (3.0, 1.0, 3.0)]
    """
    for sign, level in ((1.0, low), (-1.0, high)):
        kept: Outline = []
        for corner, following in zip(outline, outline[1:] + outline[:1], strict=True):
            here, there = (sign * (end[-1] / 2 - level / 2) for end in (corner, following))
            if here >= 0:
                kept.append(corner)
            if min(here, there) < 0 < max(here, there):
                share = here / (here - there)
                kept.append(tuple(a * (1 - share) + b * share for a, b in zip(corner, following, strict=True)))
        outline = kept
    return outline


def _levels(values: Sequence[float]) -> list[float]:
    """Round numbers that rise, and hold all values between them."""
    from matplotlib.ticker import MaxNLocator

    low, high = min(values), max(values)
    if low == high:
        return [low - max(0.5, abs(low) / 4), low + max(0.5, abs(low) / 4)]
    inner = {float(level) for level in MaxNLocator(_BANDS).tick_values(low, high) if math.isfinite(level)}
    ends = {low} if min(inner, default=high) > low else set()
    ends |= {high} if max(inner, default=low) < high else set()
    return sorted(inner | ends)
