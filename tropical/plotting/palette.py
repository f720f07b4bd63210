"""Colours that stay apart in every kind of colour blindness (Paul Tol's schemes, 2021), and line styles."""

from collections.abc import Sequence

COLOURS = ("#77AADD", "#EE8866", "#EEDD88", "#FFAABB", "#99DDFF", "#44BB99", "#BBCC33", "#AAAA00", "#DDDDDD")
"""The "light" qualitative scheme: nine fills."""

LINES = ("#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377", "#BBBBBB")
"""The "bright" qualitative scheme: seven colours of lines and marks."""

LAYERS = ("#FFFFE5", "#FED976", "#FD8D3C", "#CC4C02", "#8C2D04")
"""From light to dark: fills for "no layer", the first layer, the second one, ..."""

HATCHES = ("", "//", "..", "xx", "++", "oo")
BREAK, CUT, FRAME = "#222222", "#666666", "#999999"
SEQUENTIAL = "viridis"
"""A colour map of perceptually uniform steps, readable in grey."""


def line_colours(count: int) -> Sequence[str]:
    """As many colours of lines: the seven, or equal steps of the sequential map if that is not enough.

    >>> line_colours(2)
    ['#4477AA', '#EE6677']
    """
    return list(LINES[:count]) if count <= len(LINES) else _steps(count)


def layer_colours(count: int) -> Sequence[str]:
    """Fills for ``count`` numbers that are in order, from light to dark.

    >>> layer_colours(3)
    ['#FFFFE5', '#FED976', '#FD8D3C']
    """
    return list(LAYERS[:count]) if count <= len(LAYERS) else _steps(count)[::-1]


def _steps(count: int) -> list[str]:
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(colormaps[SEQUENTIAL](i / (count - 1))) for i in range(count)]
