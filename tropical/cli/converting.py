"""``tropical convert``: the same function in another format, exactly or not at all."""

import json
from pathlib import Path
from typing import Any

import click

from tropical.budget import BudgetExhausted
from tropical.cli.loading import Loaded, load_function
from tropical.cli.shell import Clock, as_json_option, progress, timeout_option
from tropical.cli.texts import listed
from tropical.formats import save_lattice_polynomial, save_network
from tropical.forms.construction import to_network
from tropical.forms.lattice_form import to_lattice_polynomial
from tropical.functions.lattice_polynomial import LatticePolynomial
from tropical_relu_cli import DONE, UNKNOWN, shell

_KINDS = {"network": "network", "lattice": "lattice polynomial"}


@click.command()
@click.argument("source", type=shell.FilePath())
@click.argument("target", type=shell.FilePath(), required=False)
@click.option(
    "-o", "--out", "--output", type=shell.FilePath(), metavar="TARGET", help="The same as the argument TARGET."
)
@click.option(
    "--as",
    "kind",
    type=click.Choice(list(_KINDS)),
    help="What TARGET is to hold; default: what SOURCE holds, and a network where the suffix is not .json.",
)
@click.option(
    "--layers", metavar="NAMES", help='The modules of a file of weights, such as "Linear,LeakyReLU(0.1),Linear".'
)
@timeout_option
@as_json_option
def convert(
    source: Path,
    target: Path | None,
    out: Path | None,
    kind: str | None,
    layers: str | None,
    timeout: float | None,
    as_json: bool,
) -> None:
    """Write the function in SOURCE to TARGET, in the format that its suffix names.

    Both hold the same function over Q: where the format of TARGET cannot hold a number or a unit exactly, nothing is
    written and the error says which. Networks are read and written as .json (any rationals), .npz, .safetensors and
    .pt (float64), .nnet (decimal fractions) and .onnx; lattice polynomials as .json only. Exit code 3: the timeout came
    before the lattice form was complete.

    \b
    Examples:
      tropical convert model.onnx model.json
      tropical convert state.pt model.json --layers "Linear,LeakyReLU(0.1),Linear"
      tropical convert model.json -o model.nnet
      tropical convert model.json formula.json --as lattice
      tropical convert formula.json model.npz
    """
    clock = Clock(timeout)
    target = _only(target, out)
    try:
        with clock.limit():
            result = _converted(source, target, kind, layers, clock)
    except BudgetExhausted as stop:
        click.echo(f"Stopped, nothing written: {stop}", err=True)
        raise click.exceptions.Exit(UNKNOWN) from None
    kind = "lattice" if isinstance(result, LatticePolynomial) else "network"
    summary = {"source": source.name, "target": target.name, "holds": _KINDS[kind], **_sizes(result)}
    if as_json:
        click.echo(json.dumps(summary))
    else:
        sizes = ", ".join(f"{key} {listed(n) if isinstance(n, list) else n}" for key, n in _sizes(result).items())
        click.echo(f"{target}: {_KINDS[kind]}, {sizes}")
    raise click.exceptions.Exit(DONE)


def _only(target: Path | None, out: Path | None) -> Path:
    """The one of both that was given."""
    given = [path for path in (target, out) if path is not None]
    if not given:
        raise click.UsageError("Missing argument 'TARGET'.")
    if len(given) > 1:
        raise ValueError(f"one file is written, got {target} and, by -o, {out}")
    return given[0]


def _converted(source: Path, target: Path, kind: str | None, layers: str | None, clock: Clock) -> Loaded:
    """What TARGET holds now."""
    f = load_function(source, layers)
    if kind is None:
        kind = "lattice" if isinstance(f, LatticePolynomial) and target.suffix.lower() == ".json" else "network"
    if kind == "lattice" and target.suffix.lower() != ".json":
        raise ValueError(f"{target}: lattice polynomials are written as .json only, got {target.suffix!r}")
    result = _as_kind(f, kind, clock)
    if isinstance(result, LatticePolynomial):
        save_lattice_polynomial(result, target)
    else:
        save_network(result, target)
    return result


def _as_kind(f: Loaded, kind: str, clock: Clock) -> Loaded:
    if kind == "network":
        return to_network(f) if isinstance(f, LatticePolynomial) else f
    if isinstance(f, LatticePolynomial):
        return f
    if f.output_dim != 1:
        raise ValueError(f"a lattice polynomial has one output, the network has {f.output_dim}")
    with progress("covering the cells by clauses") as report:
        return to_lattice_polynomial(f, None, clock.budget(), report)


def _sizes(f: Loaded) -> dict[str, Any]:
    if isinstance(f, LatticePolynomial):
        return {"inputs": f.input_dim, "pieces": len(f.pieces), "clauses": len(f.clauses)}
    return {"inputs": f.input_dim, "hidden widths": list(f.widths), "outputs": f.output_dim}
