"""``tropical plot``: exact pictures, as PNG, SVG, PDF or a page of HTML."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args

import click

from tropical import plotting
from tropical.arithmetic.rationals import Vector, as_fraction
from tropical.cli.boxes import Inputs, input_options
from tropical.cli.loading import Loaded, load_function
from tropical.cli.shell import Clock, progress, timeout_option
from tropical.files import FormatError, write_atomically
from tropical.forms.construction import to_network
from tropical.forms.lattice_form import to_lattice_polynomial
from tropical.functions.lattice_polynomial import LatticePolynomial
from tropical.functions.network import ReLUNetwork
from tropical.plotting.shading import Shade
from tropical_relu_cli import DONE, shell

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FORMATS = (".png", ".svg", ".pdf", ".html")


@dataclass(frozen=True)
class Kind:
    """A kind of picture: a function of :mod:`tropical.plotting`, the options it takes, what it draws.

    ``dims``: the dimensions of the picture's coordinates, none where they are the inputs. ``needs``: the type that the
    function takes, where it takes one only; the other is converted to it, exactly. ``page``: the function that makes an
    .html page to point at and turn, by plotly, from the same arguments; without it the page holds the drawing.
    """

    function: str
    options: tuple[str, ...] = ()
    dims: tuple[int, ...] = ()
    needs: type[Loaded] | None = None
    page: str | None = None


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "regions": Kind("plot_regions", ("box", "directions", "color"), (1, 2), page="regions_html"),
        "surface": Kind("plot_surface", ("box", "directions", "color"), (2,), page="surface_html"),
        "boundary": Kind("plot_decision_boundary", ("box", "directions", "level"), (2,)),
        "bends": Kind("plot_bent_hyperplanes", ("box", "directions"), (2,), ReLUNetwork),
        "slice": Kind("plot_slice", ("box", "directions", "points", "color"), (2,)),
        "solids": Kind("plot_solids", ("box", "directions", "color"), (3,)),
        "dual-graph": Kind("plot_dual_graph", ("box",), (), ReLUNetwork),
        "zonotope": Kind("plot_zonotope", needs=ReLUNetwork),
        "clauses": Kind("plot_lattice_clauses", needs=LatticePolynomial),
    }
)
"""Every kind that ``--kind`` names; a further one is one more line."""


class _OutputNumber(click.IntRange):
    """The number of an output; elsewhere ``--output`` is a file."""

    def __init__(self) -> None:
        super().__init__(min=0)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number."""
        if isinstance(value, str) and Path(value).suffix.lower() in _FORMATS:
            self.fail(f"{value!r} is no number of an output: the file to write is -o {value}.", param, ctx)
        return int(super().convert(value, param, ctx))


@click.command()
@click.argument("file", type=shell.FilePath())
@click.option("-o", "--out", required=True, type=shell.FilePath(), help="Write to this .png, .svg, .pdf or .html.")
@click.option("--kind", type=click.Choice(list(KINDS)), default="regions", show_default=True, help="What to draw.")
@input_options
@click.option(
    "--directions",
    metavar="ROWS",
    help='Draw z -> F(B^T z) for the rows of B, such as "1,0,0; 0,1/2,-1"; default for more than two inputs: a basis of'
    " the relevant subspace.",
)
@click.option("--points", metavar="ROWS", help='Three points of the plane of a slice, such as "0,0,0; 1,0,0; 0,1,1/2".')
@click.option("--color", type=click.Choice(get_args(Shade)), help="What colours tell apart; default: affine pieces.")
@click.option("--level", metavar="P/Q", help="The value on the boundary; default: 0.")
@click.option("--output", type=_OutputNumber(), help="Draw this output only, counted from 0; -o is the file.")
@click.option("--dpi", type=click.IntRange(20, 1200), default=200, show_default=True, help="Resolution of a .png.")
@timeout_option
def plot(
    file: Path,
    out: Path,
    kind: str,
    output: int | None,
    dpi: int,
    timeout: float | None,
    inputs: Inputs,
    **given: Any,
) -> None:
    """Draw the function in FILE, a network or a lattice polynomial.

    Geometry is exact and rounded where it is drawn. --box is in the coordinates of the picture, or, with an interval
    for each input, in those of FILE: inputs that it fixes are not drawn. Kinds: the linear regions of one or two inputs
    or of any plane; the surface over a plane; the decision boundary; the bends of hidden units by layer; a slice
    through three points; the regions in space as solids; the dual graph of the cells; the zonotopes of one hidden
    layer; the clauses of the lattice form. The file appears whole or, after an error, the timeout or Ctrl-C, not at
    all.

    \b
    Examples:
      tropical plot model.onnx -o regions.png
      tropical plot model.json -o regions.pdf --box -2 2
      tropical plot model.json -o slice.pdf --box -2 2 --box 0 1 --box 0.5 0.5
      tropical plot model.json -o plane.svg --directions "1,0,0; 0,1/2,-1" --color gradient
      tropical plot model.json -o slice.png --kind slice --points "0,0,0; 1,0,0; 0,1,1/2"
      tropical plot model.nnet -o classes.html --kind boundary --output 0 --level 1/2
    """
    suffix = out.suffix.lower()
    if suffix not in _FORMATS:
        raise FormatError(f"{out}: pictures are written as {', '.join(_FORMATS)}, got {out.suffix!r}")
    clock = Clock(timeout)
    with clock.limit():
        f = load_function(file)
    if isinstance(f, LatticePolynomial):
        if output:
            raise ValueError(f"--output {output}: a lattice polynomial has one output, number 0")
    elif output is not None:
        f = f.output(output)
    arguments = _arguments(f, kind, inputs, given)
    with progress("drawing"), clock.limit():
        f = _as_needed(f, KINDS[kind].needs)
        data = _page(f, KINDS[kind], arguments) if suffix == ".html" else None
        data = data or _picture(f, KINDS[kind].function, arguments, suffix, dpi, file.name)
    write_atomically(out, data)
    click.echo(f"{out}: {kind} of {file.name}")
    raise click.exceptions.Exit(DONE)


def _arguments(f: Loaded, kind: str, inputs: Inputs, given: Mapping[str, Any]) -> dict[str, Any]:
    """The keyword arguments that the options stand for; ``ValueError`` for one that this kind does not take."""
    row = KINDS[kind]
    for name, value in given.items():
        if value is not None and name not in row.options:
            raise ValueError(f"--{name} does not apply to --kind {kind}")
    if inputs.used and "box" not in row.options:
        raise ValueError(f"{inputs.used[0]} does not apply to --kind {kind}")
    arguments: dict[str, Any] = {}
    for name in ("directions", "points"):
        if given[name] is not None:
            arguments[name] = _rows(given[name], f"--{name}")
    for name in ("color", "level"):
        if given[name] is not None:
            arguments[name] = given[name]
    if inputs.used:
        arguments["domain"] = inputs.domain(_picture_dim(f, row, inputs, arguments.get("directions")))
    return arguments


def _picture_dim(f: Loaded, row: Kind, inputs: Inputs, directions: list[Vector] | None) -> int:
    """Of the coordinates in which the box is."""
    if directions is not None:
        return len(directions)
    if inputs.fixed or inputs.count == f.input_dim:
        return f.input_dim
    if len(row.dims) == 1:
        return row.dims[0]
    if row.dims and f.input_dim not in row.dims:
        raise ValueError(f"--box needs --directions where the function has {f.input_dim} inputs")
    return f.input_dim


def _rows(text: str, option: str) -> list[Vector]:
    return [tuple(as_fraction(entry.strip(), option) for entry in row.split(",")) for row in text.split(";")]


def _as_needed(f: Loaded, needs: type[Loaded] | None) -> Loaded:
    if needs is ReLUNetwork and isinstance(f, LatticePolynomial):
        return to_network(f)
    if needs is LatticePolynomial and isinstance(f, ReLUNetwork):
        return to_lattice_polynomial(f)
    return f


def _picture(f: Loaded, function: str, arguments: dict[str, Any], suffix: str, dpi: int, title: str) -> bytes:
    """The picture as the content of a file, the same for the same input."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    axes = getattr(plotting, function)(f, **arguments)
    try:
        return _still_page(axes.figure, title) if suffix == ".html" else _saved(axes.figure, suffix, dpi)
    finally:
        plt.close(axes.figure)


def _saved(figure: "Figure", suffix: str, dpi: int) -> bytes:
    import matplotlib

    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}, ".png": {}}[suffix]
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "tropical"}):
        figure.savefig(buffer, format=suffix[1:], dpi=dpi, metadata=metadata, bbox_inches="tight")
    return buffer.getvalue()


def _page(f: Loaded, row: Kind, arguments: dict[str, Any]) -> bytes | None:
    """The page to point at, where there is one for this kind, plotly is installed and the picture is planar."""
    on_a_line = len(arguments["directions"]) == 1 if "directions" in arguments else f.input_dim == 1
    if row.page is None or on_a_line:
        return None
    if find_spec("plotly") is None:
        click.echo("plotly is not installed: the page holds the drawing only, without hover", err=True)
        return None
    text: str = getattr(plotting, row.page)(f, **arguments)
    return text.encode()


def _still_page(figure: "Figure", title: str) -> bytes:
    """The drawing as a page of HTML that needs nothing beside itself."""
    drawing = _saved(figure, ".svg", 72).decode()
    drawing = drawing[drawing.index("<svg") :]
    head = f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title></head>\n'
    return f"{head}<body>\n{drawing}</body></html>\n".encode()
