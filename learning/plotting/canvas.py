"""Colours of the pictures of learning, and Axes to draw them on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from learning.arguments import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["BLUE", "DARK", "GREEN", "GREY", "RED", "axes_of"]

BLUE, RED, GREEN, GREY, DARK = "#4477AA", "#EE6677", "#228833", "#BBBBBB", "#222222"


def axes_of(ax: Axes | None) -> Axes:
    """The Axes given, or those of a new figure."""
    if ax is not None:
        from matplotlib.axes import Axes

        require(ax, Axes, "ax")
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1]
