"""Colours and marks of the pictures: told apart by the colour-blind, and by shape as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["COLOURS", "MARKERS", "logarithmic", "ticks_at", "whiskers"]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""The palette of Okabe and Ito (2008), yellow and black left out."""
MARKERS = ("o", "s", "^", "D", "v", "P")


def logarithmic(ax: Axes, *, x: str, y: str) -> None:
    """Both axes logarithmic, labelled, with a light grid."""
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.grid(True, which="major", alpha=0.3)


def ticks_at(ax: Axes, values: Sequence[float]) -> None:
    """Ticks of the x axis at these values, written out, and nowhere else."""
    from matplotlib.ticker import FixedLocator, NullLocator

    shown = sorted(set(values))
    ax.xaxis.set_major_locator(FixedLocator(shown))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticklabels([f"{value:g}" for value in shown])


def whiskers(centres: Sequence[float], intervals: Sequence[Sequence[float]]) -> Any:
    """Lengths below and above the centres, as matplotlib takes error bars."""
    pairs = zip(centres, intervals, strict=True)
    lengths = [(max(centre - lower, 0.0), max(upper - centre, 0.0)) for centre, (lower, upper) in pairs]
    return [list(side) for side in zip(*lengths, strict=True)]
