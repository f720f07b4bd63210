"""The command ``relu-learn``: results on stdout, progress on stderr.

Exit codes: 0 proved or done, 1 refuted, 2 usage or input error, 3 unknown or budget exhausted; besides these 130 for
Ctrl-C and 70 for a defect of the program, which must not look like a verdict.
"""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import tropical as tp

if TYPE_CHECKING:
    from learning.recovery_report import Recovery
    from learning.regressor import LatticePolynomialRegressor
    from learning.sampling import GaussianOracle
    from learning.scaling import Event

DONE, REFUTED, BAD_INPUT, UNKNOWN, DEFECT, INTERRUPTED = 0, 1, 2, 3, 70, 130
_DEFECTS = (ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError)
_UNITS_SECONDS = 20.0  # most time for the units of one hidden layer, which no verdict depends on
_EXIT_CODE = {"proved": DONE, "refuted": REFUTED, "unknown": UNKNOWN}


class InputError(click.ClickException):
    """Bad input: one line with what was wrong, one with a hint, exit code 2."""

    exit_code = BAD_INPUT

    def show(self, file: Any = None) -> None:
        """Write both lines to stderr."""
        click.echo("Error: " + " ".join(self.message.split()), err=True)
        click.echo("Hint: `relu-learn COMMAND --help` says what each command accepts.", err=True)


class Commands(click.Group):
    """A group whose commands end cleanly: bad input and Ctrl-C each have their exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; errors become one line on stderr."""
        try:
            return super().invoke(ctx)
        except ValueError as error:
            raise InputError(str(error)) from error
        except KeyboardInterrupt:
            click.echo("Interrupted: nothing was decided and nothing written.", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None
        except click.exceptions.Exit:
            raise
        except _DEFECTS:
            traceback.print_exc()
            click.echo("This is a defect of the program, not a verdict: please report it.", err=True)
            raise click.exceptions.Exit(DEFECT) from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tropical-relu")
def main() -> None:
    """Learn ReLU networks from Gaussian samples, and prove what was learned."""


@main.command()
@click.argument("network", type=click.Path(path_type=Path))
@click.option(
    "--samples", type=click.IntRange(min=1), required=True, metavar="N", help="Labelled samples to learn from."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of samples and learner.")
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="DIR", help="Where the report goes.")
@click.option(
    "--against", type=click.Path(path_type=Path), metavar="FILE", help="Compare with this network instead of NETWORK."
)
@click.option(
    "--queries",
    type=click.Choice(["forbidden", "allowed"]),
    default="forbidden",
    show_default=True,
    help="Whether the learner may ask for labels at points of its choice, where samples leave something open.",
)
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), metavar="S", help="Stop after S seconds.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def recover(
    network: Path,
    samples: int,
    seed: int,
    out: Path,
    against: Path | None,
    queries: str,
    timeout: float | None,
    as_json: bool,
) -> None:
    """Recover the function of NETWORK from samples (x, F(x)), x ~ N(0, I), and compare it with the truth over Q.

    The network only labels samples, and queries if they are allowed; the learner sees nothing else. DIR gets
    report.json, report.md, the learned lattice polynomial and, if it varies along one or two dimensions, a picture of
    its linear regions. A function of one hidden layer is reported with its units.

    Exit code 0: proved equal. 1: refuted, with a rational point where they differ. 3: unknown.
    """
    from learning.publishing import publish, writable
    from learning.recovery_documents import FILES, documents
    from learning.recovery_report import Recovery
    from learning.time_limit import time_limit

    hidden, truth = _scalar_network(network), _scalar_network(against or network)
    if hidden.input_dim != truth.input_dim:
        raise ValueError(f"{against} has {truth.input_dim} inputs but {network} has {hidden.input_dim}")
    writable(out)
    found = Recovery(network.name, against.name if against else None, hidden.input_dim, samples, seed, queries)
    try:
        with time_limit(timeout, lambda: tp.BudgetExhausted(f"budget of {timeout:g} seconds exhausted")):
            _recover(found, hidden, truth, timeout)
    except tp.BudgetExhausted as stop:
        found.stop(str(stop))
    _say("writing the report")
    files = documents(found)
    try:
        publish(out, files, superseded=FILES)
    except OSError as error:
        raise InputError(f"--out: {out} cannot be written: {error}") from error
    click.echo(json.dumps(found.as_dict()) if as_json else f"{found.headline()}\nReport: {out / 'report.md'}")
    raise click.exceptions.Exit(_EXIT_CODE[found.status])


@main.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="DIR", help="Where runs and report go.")
@click.option("--part", "parts", type=click.Choice(list("abcdef")), multiple=True, help="Only this part; repeatable.")
@click.option("--size", type=click.Choice(["tiny", "small", "full"]), default="small", show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the study.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes; timings use one.")
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), metavar="S", help="Stop measuring after S seconds."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def scaling(
    out: Path, parts: tuple[str, ...], size: str, seed: int, jobs: int, timeout: float | None, as_json: bool
) -> None:
    """Measure how samples, time and errors of the learner scale: the study behind the claims.

    Parts: (a) sin² of one pass against N/d, (b) samples and (c) time against d, (d) samples against vanishing degree,
    beside Adam, (e) exactly recovered fraction, (f) errors of the stopping test. DIR gets runs.jsonl, scaling.md,
    scaling.json and a picture for each part. Every finished run is kept: the same command goes on where an earlier one
    ended. Size tiny takes seconds, small minutes, full about half an hour with two jobs.

    Exit code 0: done. 3: stopped by Ctrl-C or --timeout; the report says what is missing.
    """
    from learning.publishing import writable
    from learning.scaling import PARTS, run_study

    writable(out)
    try:
        with _progress() as progress:
            report = run_study(
                out, parts=parts or tuple(PARTS), size=size, seed=seed, jobs=jobs, timeout=timeout, progress=progress
            )
    except OSError as error:
        raise InputError(f"--out: {out} cannot be written: {error}") from error
    lines = [f"({part.part.letter}) {part.part.name}: {part.state}" for part in report.parts]
    lines += [f"stopped: {report.stopped}"] if report.stopped else []
    click.echo(json.dumps(report.as_dict()) if as_json else "\n".join([*lines, f"Report: {out / 'scaling.md'}"]))
    raise click.exceptions.Exit(DONE if report.complete else UNKNOWN)


@contextmanager
def _progress() -> Iterator[Callable[[Event], None]]:
    """Show events of a study on stderr: a bar on a terminal, lines elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda event: _say(f"[{event.done}/{event.total}] {event.text}")
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("")
        yield lambda event: bar.update(task, completed=event.done, total=event.total, description=event.text)


def _scalar_network(path: Path) -> tp.ReLUNetwork:
    net = tp.load_network(path)
    if net.output_dim != 1:
        raise ValueError(f"{path}: recovery needs a network with one output, this one has {net.output_dim}")
    return net


def _recover(found: Recovery, hidden: tp.ReLUNetwork, truth: tp.ReLUNetwork, timeout: float | None) -> None:
    """Sample, learn, verify; every step is recorded in ``found`` as soon as it is there."""
    from learning.sampling import GaussianOracle
    from learning.units import one_hidden_layer
    from learning.verification import verify_recovery

    start = time.monotonic()
    with _stage(found, "sampling", f"drawing {found.samples} labelled samples in R^{hidden.input_dim}"):
        oracle = GaussianOracle(hidden, found.seed)
        X, y = oracle.sample(found.samples)
    with _stage(found, "learning", "learning from the samples"):
        asked = [oracle] if found.queries == "allowed" else []
        found.learner = _fit(X, y, found.seed, *asked)
    _say(f"learned: {found.summary()}")
    budget = None if timeout is None else tp.Budget(seconds=max(timeout - (time.monotonic() - start), 1e-3))
    with _stage(found, "verification", "comparing with the truth over Q"):
        found.verdict = verify_recovery(truth, found.learner, budget)
    if found.polynomial is not None:
        left = _UNITS_SECONDS if timeout is None else min(_UNITS_SECONDS, timeout - (time.monotonic() - start))
        with _stage(found, "units", "looking for the units of one hidden layer"):
            found.hidden_layer = one_hidden_layer(found.polynomial, tp.Budget(seconds=max(left, 1e-3)))


def _fit(X: Any, y: Any, seed: int, oracle: GaussianOracle | None = None) -> LatticePolynomialRegressor:
    """The learner sees X and y, and an oracle if it may ask for labels; nothing else."""
    from learning.regressor import LatticePolynomialRegressor

    queries = "forbidden" if oracle is None else "allowed"
    return LatticePolynomialRegressor(queries=queries, random_state=seed).fit(X, y, oracle=oracle)


def _say(text: str) -> None:
    click.echo(text, err=True)


@contextmanager
def _stage(found: Recovery, name: str, text: str) -> Iterator[None]:
    """Announce a stage on stderr and record how long it took, even if it is stopped."""
    _say(f"{text} ...")
    start = time.monotonic()
    try:
        yield
    finally:
        found.seconds[name] = round(time.monotonic() - start, 3)
