"""The options that restrict the inputs, the same on every command: the domain that they name, and how it is shown."""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from tropical.arguments import abbreviated
from tropical.arithmetic.rationals import as_fraction
from tropical.cli.texts import text_of
from tropical.formats import load_input_box
from tropical.functions.affine import AffineForm
from tropical.polyhedra.polyhedron import Box, Polyhedron
from tropical_relu_cli import shell

_FIXED = re.compile(r"\s*([0-9]{1,9})\s*=(.*)", re.DOTALL)
_SHOWN = 6  # inputs

Command = Callable[..., Any]


@dataclass(frozen=True)
class Inputs:
    """What was said of the inputs: ends of intervals, a file of a box, and texts such as "2=1/3"."""

    box: tuple[tuple[str, str], ...]
    file: Path | None
    fixed: tuple[str, ...]

    @property
    def used(self) -> list[str]:
        """The options that were given."""
        given = (("--box", self.box), ("--box-file", self.file), ("--fix", self.fixed))
        return [name for name, value in given if value]

    @functools.cached_property
    def count(self) -> int | None:
        """How many inputs have bounds of their own; None where one interval is said of all."""
        return None if len(self._bounds) == 1 and self.file is None else len(self._bounds) or None

    @functools.cached_property
    def _bounds(self) -> list[tuple[Fraction, Fraction]]:
        if self.box and self.file is not None:
            raise ValueError("--box and --box-file both say what the box is: give one of them")
        if self.file is not None:
            box = load_input_box(self.file)
            return list(zip(box.lower, box.upper, strict=True))
        return [(as_fraction(low, "--box"), as_fraction(high, "--box")) for low, high in self.box]

    def domain(self, dim: int) -> Polyhedron | None:
        """The domain in R^dim; None if nothing was said."""
        bounds = self._bounds * dim if self.count is None else self._bounds
        if self._bounds and len(bounds) != dim:
            given = f"{self.file} holds" if self.file is not None else "--box gives"
            raise ValueError(f"{given} the bounds of {len(bounds)} inputs, there are {dim}")
        fixed = self._fixed(dim)
        if bounds:
            ends = [(fixed[i], fixed[i]) if i in fixed else pair for i, pair in enumerate(bounds)]
            return Box([low for low, _ in ends], [high for _, high in ends])
        if not fixed:
            return None
        forms = [AffineForm(tuple(Fraction(i == j) for j in range(dim)), -value) for i, value in fixed.items()]
        return Polyhedron([sign * form for form in forms for sign in (1, -1)])

    def _fixed(self, dim: int) -> dict[int, Fraction]:
        """The values of the inputs that are fixed, by index."""
        found: dict[int, Fraction] = {}
        for text in self.fixed:
            match = _FIXED.fullmatch(text)
            if match is None:
                raise ValueError(f"--fix needs INDEX=VALUE such as 2=1/3, got {abbreviated(text)}")
            index = int(match[1])
            if index >= dim:
                raise ValueError(f"--fix {abbreviated(text)}: there are {dim} inputs, numbered from 0")
            if index in found:
                raise ValueError(f"--fix says twice what input {index} is")
            found[index] = as_fraction(match[2], f"--fix {index}")
        return found


def input_options(command: Command) -> Command:
    """Let a command take ``--box``, ``--box-file`` and ``--fix``: it is called with them as ``inputs``."""

    @functools.wraps(command)
    def with_inputs(*args: Any, box: Any, box_file: Path | None, fix: Any, **others: Any) -> Any:
        return command(*args, inputs=Inputs(box, box_file, fix), **others)

    wrapped: Command = with_inputs
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


_OPTIONS: tuple[Callable[[Command], Command], ...] = (
    click.option(
        "--box",
        type=(str, str),
        multiple=True,
        metavar="LOWER UPPER",
        help='Restrict the inputs to [LOWER, UPPER], decimals or "p/q": given once, all of them, else one by one;'
        " LOWER = UPPER fixes an input. Default: all of R^n.",
    ),
    click.option(
        "--box-file",
        type=shell.FilePath(),
        metavar="FILE",
        help='The same from a file: .csv with a line "lower,upper" for each input, .json with lists "lower" and'
        ' "upper", .npy (n, 2), .npz, or the minima and maxima of an .nnet.',
    ),
    click.option(
        "--fix",
        multiple=True,
        metavar="INDEX=VALUE",
        help="Fix an input, counted from 0, whatever the box says; repeatable.",
    ),
)


def bounds_of(domain: Polyhedron | None) -> Any:
    """A domain of these options for --json: [lower, upper] if they are the same for all inputs, else both lists."""
    if domain is None:
        return None
    lower, upper = _ends(domain)
    low, high = ([None if q is None else text_of(q) for q in ends] for ends in (lower, upper))
    return [low[0], high[0]] if _is_cube(lower, upper) else {"lower": low, "upper": high}


def domain_text(domain: Polyhedron | None, dim: int) -> str:
    """A domain of these options in words."""
    if domain is None:
        return f"R^{dim}"
    lower, upper = _ends(domain)
    if _is_cube(lower, upper):
        return f"[{_text(lower[0])}, {_text(upper[0])}]^{dim}"
    sides = [
        "R" if low is None else f"{{{_text(low)}}}" if low == high else f"[{_text(low)}, {_text(high)}]"
        for low, high in zip(lower, upper, strict=True)
    ]
    more = [f"... ({len(sides) - _SHOWN} more)"] if len(sides) > _SHOWN else []
    return " x ".join([*sides[:_SHOWN], *more])


def _text(q: Fraction | None) -> str:
    return "" if q is None else text_of(q)


def _ends(domain: Polyhedron) -> tuple[list[Fraction | None], list[Fraction | None]]:
    if isinstance(domain, Box):
        return list(domain.lower), list(domain.upper)
    point = domain.interior_point  # only inputs that are fixed
    free = domain.hull.free
    ends = [None if i in free else q for i, q in enumerate(point)]
    return ends, ends


def _is_cube(lower: list[Fraction | None], upper: list[Fraction | None]) -> bool:
    return len(set(lower)) == len(set(upper)) == 1 and None not in lower
