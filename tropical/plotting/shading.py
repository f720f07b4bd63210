"""What the colours of a picture say: piece, gradient, pattern or the layer that cuts, for each part."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Literal, get_args

from tropical.arguments import require_choice
from tropical.functions.affine import AffineForm
from tropical.functions.function import Function
from tropical.functions.network import ReLUNetwork
from tropical.plotting.outlines import colouring
from tropical.plotting.palette import COLOURS, SEQUENTIAL, layer_colours
from tropical.plotting.slices import Slice, inner, rounded
from tropical.polyhedra.part import Part

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Shade = Literal["piece", "gradient", "value", "pattern", "layer"]
Pairs = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Shades:
    """A colour (a name or RGBA) and the number of a hatch for each part; ``explain`` adds the key to the Axes."""

    colours: list[Any]
    hatches: list[int]
    explain: Callable[["Axes"], object] = lambda ax: None


def check_shade(color: str, f: Function) -> None:
    """Raise ``ValueError`` for an unknown colouring, or one that this function does not have."""
    require_choice(color, get_args(Shade), "color")
    if color in ("pattern", "layer") and not isinstance(f, ReLUNetwork):
        raise ValueError(f"color={color!r} needs a network, got a {type(f).__name__}")


def shades(cut: Slice, f: Function, color: str, pairs: Pairs) -> Shades:
    """Colours of the parts, of which the given pairs are neighbours.

    "piece" and "pattern" give neighbours different colours; "gradient" shows the Euclidean (with several outputs the
    Frobenius) norm of the derivative; "layer" the last layer with a unit that breaks on the boundary of the part.
    """
    if color == "value":
        raise ValueError("color='value' colours the plane: here the height shows the value")
    if color == "gradient":
        return _by_norm(cut)
    if color == "layer":
        assert isinstance(f, ReLUNetwork)
        return _by_layer(cutting_layers(cut.parts, pairs, f), len(f.widths))
    if color == "pattern":
        return distinct(range(len(cut.parts)), len(cut.parts), pairs)
    return distinct(cut.owners, len(cut.pieces), pairs)


def distinct(labels: Sequence[int], count: int, pairs: Pairs) -> Shades:
    """Colours of parts with labels below ``count``: the given pairs differ, where their labels do."""
    between = {(min(labels[i], labels[j]), max(labels[i], labels[j])) for i, j in pairs if labels[i] != labels[j]}
    numbers = colouring(count, between, len(COLOURS))
    return by_number([numbers[label] for label in labels])


def by_number(numbers: Sequence[int]) -> Shades:
    """The colours of the numbers 0, ..., 8, which repeat with other hatches from 9 on."""
    return Shades([COLOURS[n % len(COLOURS)] for n in numbers], [n // len(COLOURS) for n in numbers])


def breaking_layer(first: Part, second: Part, net: ReLUNetwork) -> int | None:
    """The first layer with a unit whose sign differs between two parts; None if there is none."""
    assert first.pattern is not None
    assert second.pattern is not None
    ends = accumulate(len(layer.kinked) for layer in net.layers[:-1])
    unit = next((k for k, (a, b) in enumerate(zip(first.pattern, second.pattern, strict=True)) if a != b), None)
    return None if unit is None else next(layer for layer, end in enumerate(ends) if unit < end)


def cutting_layers(parts: Sequence[Part], pairs: Iterable[tuple[int, int]], net: ReLUNetwork) -> list[int]:
    """For each part 1 + the last layer that breaks between it and a neighbour, 0 for a part that nothing cuts."""
    found = [0] * len(parts)
    for i, j in pairs:
        layer = breaking_layer(parts[i], parts[j], net)
        if layer is not None:
            found[i], found[j] = max(found[i], layer + 1), max(found[j], layer + 1)
    return found


def gradient_norm(part: Part) -> float:
    """The Euclidean norm of the derivative, of several outputs the Frobenius norm, rounded."""
    forms = (part.piece,) if isinstance(part.piece, AffineForm) else part.piece.forms
    square = sum((inner(form.gradient, form.gradient) for form in forms), Fraction(0))
    shift = (square.numerator.bit_length() - square.denominator.bit_length()) // 2
    return rounded(Fraction(math.sqrt(square / Fraction(4) ** shift)) * Fraction(2) ** shift)


def _by_norm(cut: Slice) -> Shades:
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    by_piece = {part.piece: part for part in cut.parts}
    norms = {piece: gradient_norm(part) for piece, part in by_piece.items()}
    low, high = min(norms.values()), max(norms.values())
    scale = Normalize(low, high) if low < high else Normalize(low - 0.5, low + 0.5)
    name = r"$\|\nabla F\|_2$" if isinstance(cut.pieces[0], AffineForm) else r"$\|DF\|_{\mathrm{F}}$"
    values = ScalarMappable(scale, SEQUENTIAL)
    colours = [colormaps[SEQUENTIAL](scale(norms[part.piece])) for part in cut.parts]
    return Shades(colours, [0] * len(colours), lambda ax: colour_bar(ax, values, name))


def colour_bar(ax: "Axes", values: Any, label: str) -> None:
    """A bar to the right of the Axes."""
    pad = 0.12 if ax.name == "3d" else 0.03
    ax.figure.colorbar(values, ax=ax, label=label, shrink=0.8, aspect=25, pad=pad)


def _by_layer(layers: Sequence[int], depth: int) -> Shades:
    from matplotlib.patches import Patch

    palette = layer_colours(depth + 1)
    names = ["no break", *(f"layer {i}" for i in range(depth))]
    keys = [Patch(facecolor=palette[i], edgecolor="#999999", label=names[i]) for i in sorted(set(layers))]
    return Shades([palette[i] for i in layers], [0] * len(layers), lambda ax: outside_legend(ax, keys, "last cut by"))


def outside_legend(ax: "Axes", handles: Sequence[Any], title: str | None = None) -> None:
    """A legend to the right of the Axes, where it hides nothing."""
    place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0), "borderaxespad": 0.0}
    ax.legend(handles=handles, title=title, frameon=False, alignment="left", **place)
