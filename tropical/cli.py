"""The command ``tropical``: results on stdout, progress on stderr.

Exit codes: 0 proved or done, 1 refuted, 2 usage or input error, 3 unknown or budget exhausted; besides these 130 for
Ctrl-C and 70 for a defect of the program, which must not look like a verdict.
"""

import json
import math
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from decimal import Context
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from tropical.bounds import region_bounds
from tropical.budget import Budget, BudgetExhausted, Progress
from tropical.comparison import Function, equivalent
from tropical.complexes import PolyhedralComplex
from tropical.extrema import lipschitz_constant
from tropical.formats import load_lattice_polynomial, load_network
from tropical.lattice_form import to_lattice_polynomial
from tropical.network import ReLUNetwork
from tropical.polyhedron import Box
from tropical.rationals import MAX_DIGITS, as_fraction, to_hex
from tropical.regions import affine_pieces, linear_regions, relevant_subspace
from tropical.subdivision import polyhedral_complex
from tropical.verdict import Verdict

DONE, REFUTED, BAD_INPUT, UNKNOWN, DEFECT, INTERRUPTED = 0, 1, 2, 3, 70, 130
_DEFECTS = (ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError)
_EXIT_CODE: Mapping[str, int] = {"proved": DONE, "refuted": REFUTED, "unknown": UNKNOWN}
_SIGNIFICANT = 12


class InputError(click.ClickException):
    """Bad input: one line with what was wrong, one with a hint, exit code 2."""

    exit_code = BAD_INPUT

    def show(self, file: Any = None) -> None:
        """Write both lines to stderr."""
        click.echo("Error: " + " ".join(self.message.split()), err=True)
        click.echo("Hint: `tropical COMMAND --help` says what each command accepts.", err=True)


class Commands(click.Group):
    """A group whose commands end cleanly: bad input, an exhausted budget and Ctrl-C each have their exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; errors become one line on stderr."""
        try:
            return super().invoke(ctx)
        except ValueError as error:
            raise InputError(str(error)) from error
        except BudgetExhausted as stop:
            click.echo(f"Stopped: {stop}", err=True)
            raise click.exceptions.Exit(UNKNOWN) from None
        except KeyboardInterrupt:
            click.echo("Interrupted: nothing was decided.", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None
        except click.exceptions.Exit:
            raise
        except _DEFECTS:
            traceback.print_exc()
            click.echo("This is a defect of the program, not a verdict: please report it.", err=True)
            raise click.exceptions.Exit(DEFECT) from None


class Clock:
    """What is left of the seconds that the user granted, across the steps of one command."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self.start = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.start

    def budget(self) -> Budget:
        """The budget for the next step; :class:`BudgetExhausted` if nothing is left."""
        if self.seconds is None:
            return Budget()
        if self.elapsed >= self.seconds:
            raise BudgetExhausted(f"budget of {self.seconds:g} seconds exhausted")
        return Budget(seconds=self.seconds - self.elapsed)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tropical-relu")
def main() -> None:
    """Exact piecewise-linear geometry of ReLU networks."""


_as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
_timeout = click.option("--timeout", type=click.FloatRange(min=0, min_open=True), help="Stop after this many seconds.")
_box = click.option(
    "--box",
    type=(str, str),
    metavar="LOWER UPPER",
    help='Restrict every input to [LOWER, UPPER], integers or "p/q"; default: all of R^n.',
)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@_box
@_timeout
@_as_json
def inspect(file: Path, box: tuple[str, str] | None, timeout: float | None, as_json: bool) -> None:
    """Count the exact structure of the network in FILE.

    Cells and upper bounds on their number from the shape alone, linear regions, affine pieces, faces by dimension,
    relevant subspace; for one output also the Lipschitz constant in the Euclidean norm and the clauses of its lattice
    form after absorption. A count that the timeout cut short is null, and the exit code 3.
    """
    clock = Clock(timeout)
    net = load_network(file)
    domain = None if box is None else _cube(box, net.input_dim)
    found = Inspection(net, domain, clock)
    found.run()
    if as_json:
        click.echo(json.dumps({"file": file.name, **found.counts, "seconds": round(clock.elapsed, 3)}))
    else:
        _print_table(file.name, found.rows())
    raise click.exceptions.Exit(DONE if found.counts["complete"] else UNKNOWN)


@main.command(name="equivalent")
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", type=click.Path(path_type=Path))
@_box
@_timeout
@_as_json
def equivalent_(first: Path, second: Path, box: tuple[str, str] | None, timeout: float | None, as_json: bool) -> None:
    """Decide over Q whether FIRST and SECOND, networks or lattice polynomials, are the same function.

    Exit code 0: proved equal. 1: refuted, with a rational point where they differ. 3: unknown, the timeout came first.
    """
    clock = Clock(timeout)
    f, g = _load_function(first), _load_function(second)
    domain = None if box is None else _cube(box, f.input_dim)
    verdict = _decide(f, g, domain, clock)
    summary = _verdict_summary(verdict)
    if as_json:
        click.echo(json.dumps({**summary, "seconds": round(clock.elapsed, 3)}))
    else:
        _print_table(f"{first.name} = {second.name}", [(key, _plain(value)) for key, value in summary.items() if value])
    raise click.exceptions.Exit(_EXIT_CODE[verdict.status])


@dataclass
class Inspection:
    """The counts of ``tropical inspect``, gathered step by step until the clock stops them."""

    net: ReLUNetwork
    domain: Box | None
    clock: Clock
    counts: dict[str, Any] = field(default_factory=dict)

    def run(self) -> None:
        """Fill ``counts``; what is missing stays None, and ``complete`` and ``reason`` say so."""
        net = self.net
        self.counts = {
            "input_dim": net.input_dim,
            "output_dim": net.output_dim,
            "widths": list(net.widths),
            "domain": None if self.domain is None else [_text(self.domain.lower[0]), _text(self.domain.upper[0])],
            "cell_bounds": {name: _number(count) for name, count in asdict(region_bounds(net)).items()},
            **dict.fromkeys(("cells", "linear_regions", "affine_pieces", "f_vector", "lineality_dim")),
            **dict.fromkeys(("relevant_subspace_dim", "lipschitz", "clauses")),
            "complete": True,
            "reason": None,
        }
        try:
            self._geometry()
            if net.output_dim == 1:
                self._lattice_form()
        except BudgetExhausted as stop:
            self.counts.update(complete=False, reason=str(stop))

    def _geometry(self) -> None:
        with _progress("cutting the input space into activation regions") as report:
            cx = polyhedral_complex(self.net, self.domain, self.clock.budget(), report)
        self.counts["cells"] = cx.num_cells
        if cx.incomplete_because is not None:
            raise BudgetExhausted(cx.incomplete_because)
        self.counts["lineality_dim"] = len(cx.lineality)
        for name, count in _COUNTS.items():
            if name != "lipschitz" or self.net.output_dim == 1:
                self.clock.budget()
                self.counts[name] = count(cx)

    def _lattice_form(self) -> None:
        with _progress("covering the cells by clauses") as report:
            polynomial = to_lattice_polynomial(self.net, self.domain, self.clock.budget(), report)
        self.counts["clauses"] = len(polynomial.clauses)

    def rows(self) -> list[tuple[str, str]]:
        """Label and text of each count, for reading."""
        c, one = self.counts, self.net.output_dim == 1
        domain = f"R^{c['input_dim']}" if c["domain"] is None else f"[{', '.join(c['domain'])}]^{c['input_dim']}"
        cells = self._count("cells") + (" or more" if c["cells"] is not None and c["lineality_dim"] is None else "")
        table = [
            ("inputs, hidden widths, outputs", f"{c['input_dim']} | {_list(c['widths'])} | {c['output_dim']}"),
            ("domain", domain),
            ("cells (activation regions)", cells),
            ("cells at most (Serra et al.; Montúfar)", " | ".join(self._bounds("serra", "montufar"))),
            ("linear regions", self._count("linear_regions")),
            ("affine pieces", self._count("affine_pieces")),
            ("f-vector (faces by dimension)", _list(c["f_vector"]) if c["f_vector"] else "not reached"),
            ("dimension of the lineality space", self._count("lineality_dim")),
            ("dimension of the relevant subspace", self._count("relevant_subspace_dim")),
        ]
        if one:
            constant = c["lipschitz"]
            text = "not reached" if constant is None else f"sqrt({constant['squared']}) = {constant['decimal']}"
            table += [("Lipschitz constant (Euclidean)", text), ("lattice clauses", self._count("clauses"))]
        if not c["complete"]:
            table.append(("INCOMPLETE", c["reason"]))
        return table

    def _bounds(self, *names: str) -> list[str]:
        return [_shortened(self.counts["cell_bounds"][name]) for name in names]

    def _count(self, name: str) -> str:
        return "not reached" if self.counts[name] is None else str(self.counts[name])


def _lipschitz_summary(cx: PolyhedralComplex) -> dict[str, Any]:
    squared = lipschitz_constant(cx).squared
    return {"norm": 2, "squared": _text(squared), "decimal": _decimal_root(squared)}


_COUNTS: Mapping[str, Callable[[PolyhedralComplex], Any]] = {
    "linear_regions": lambda cx: len(linear_regions(cx)),
    "affine_pieces": lambda cx: len(affine_pieces(cx)),
    "relevant_subspace_dim": lambda cx: len(relevant_subspace(cx)),
    "lipschitz": _lipschitz_summary,
    "f_vector": lambda cx: list(cx.f_vector),
}


def _cube(box: tuple[str, str], dim: int) -> Box:
    low, high = (as_fraction(text, "--box") for text in box)
    return Box([low] * dim, [high] * dim)


def _load_function(path: Path) -> Function:
    """A network, or else a lattice polynomial; if the file is neither, the complaint is about the network."""
    try:
        return load_network(path)
    except ValueError as error:
        try:
            return load_lattice_polynomial(path)
        except ValueError:
            raise error from None


def _decide(f: Function, g: Function, domain: Box | None, clock: Clock) -> Verdict:
    try:
        with _progress("comparing cell by cell") as report:
            return equivalent(f, g, domain, clock.budget(), report)
    except BudgetExhausted as stop:
        return Verdict("unknown", detail={"reason": str(stop)})


def _verdict_summary(verdict: Verdict) -> dict[str, Any]:
    values = verdict.detail.get("values")
    return {
        "status": verdict.status,
        "reason": verdict.detail.get("reason"),
        "witness": None if verdict.witness is None else [_text(q) for q in verdict.witness],
        "values": None if values is None else [[_text(q) for q in value] for value in values],
        "cells": verdict.detail.get("cells"),
    }


@contextmanager
def _progress(text: str) -> Iterator[Progress]:
    """Say on stderr what is going on: a live count on a terminal, else one line."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        click.echo(f"{text} ...", err=True)
        yield lambda cells: None
        return
    with console.status(text) as status:
        yield lambda cells: status.update(f"{text}: {cells} cells") if cells % 64 == 0 else None


def _print_table(title: str, rows: list[tuple[str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", show_header=False, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in rows:
        table.add_row(Text(label, style="dim"), Text(text))
    Console(highlight=False).print(table)


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return _list([_plain(entry) for entry in value])
    return str(value)


def _list(values: list[Any]) -> str:
    return "(" + ", ".join(map(str, values)) + ")"


def _text(q: Fraction) -> str:
    """``p/q`` in decimal, or marked as hexadecimal where it exceeds what Python converts."""
    longest = max(q.numerator.bit_length(), q.denominator.bit_length())
    return str(q) if longest < 3 * MAX_DIGITS else f"hex:{to_hex(q)}"


def _number(count: int | None) -> int | str | None:
    """An integer as it is, or as marked text where it exceeds what Python converts."""
    return count if count is None or count.bit_length() < 3 * MAX_DIGITS else _text(Fraction(count))


def _shortened(count: int | str) -> str:
    """A count in full up to fifteen digits, then its order of magnitude."""
    if isinstance(count, str):
        count = int(count.removeprefix("hex:"), 16)
    return str(count) if count < 10**15 else f"about 10^{count.bit_length() * math.log10(2):.0f}"


def _decimal_root(square: Fraction) -> str:
    """sqrt(square) to twelve significant digits."""
    wide = Context(prec=3 * _SIGNIFICANT)
    quotient = wide.divide(wide.create_decimal(square.numerator), wide.create_decimal(square.denominator))
    root = Context(prec=_SIGNIFICANT).plus(wide.sqrt(quotient))
    return f"{root.normalize():f}" if abs(root.adjusted()) < _SIGNIFICANT else str(root)
