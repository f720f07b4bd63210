"""``relu-learn recover``: learn a network from its samples and compare it with the truth."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import tropical as tp
from learning.cli.shell import as_json_option, say, scalar_network
from tropical_relu_cli import shell
from tropical_relu_cli.shell import EXIT_CODE
from tropical_relu_cli.time_limit import Clock

if TYPE_CHECKING:
    from learning.recovery.regressor import LatticePolynomialRegressor
    from learning.reports.recovery import Recovery
    from learning.sampling import GaussianOracle

_UNITS_SECONDS = 20.0  # most time for the units of one hidden layer, which no verdict depends on


@click.command()
@click.argument("network", type=shell.FilePath())
@click.option(
    "--samples", type=click.IntRange(min=1), required=True, metavar="N", help="Labelled samples to learn from."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of samples and learner.")
@click.option(
    "-o", "--out", "--output", type=shell.FilePath(), required=True, metavar="DIR", help="Where the report goes."
)
@click.option("--against", type=shell.FilePath(), metavar="FILE", help="Compare with this network instead of NETWORK.")
@click.option(
    "--queries",
    type=click.Choice(["forbidden", "allowed"]),
    default="forbidden",
    show_default=True,
    help="Whether the learner may ask for labels at points of its choice, where samples leave something open.",
)
@click.option("--timeout", type=shell.Seconds(), metavar="S", help="Stop after S seconds.")
@as_json_option
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
    from learning.reports.publishing import publish, writable
    from learning.reports.recovery import Recovery
    from learning.reports.recovery_documents import FILES, documents

    clock = Clock(timeout, tp.BudgetExhausted)
    with clock.limit():
        hidden, truth = scalar_network(network, "recovery"), scalar_network(against or network, "recovery")
    if hidden.input_dim != truth.input_dim:
        raise ValueError(f"{against} has {truth.input_dim} inputs but {network} has {hidden.input_dim}")
    writable(out)
    found = Recovery(network.name, against.name if against else None, hidden.input_dim, samples, seed, queries)
    try:
        with clock.limit():
            _recover(found, hidden, truth, clock)
    except tp.BudgetExhausted as stop:
        found.stop(str(stop))
    say("writing the report")
    files = documents(found)
    try:
        publish(out, files, superseded=FILES)
    except OSError as error:
        raise ValueError(f"--out: {out} cannot be written: {error}") from error
    click.echo(json.dumps(found.as_dict()) if as_json else f"{found.headline()}\nReport: {out / 'report.md'}")
    raise click.exceptions.Exit(EXIT_CODE[found.status])


def _recover(found: Recovery, hidden: tp.ReLUNetwork, truth: tp.ReLUNetwork, clock: Clock) -> None:
    """Sample, learn, verify; every step is recorded in ``found`` as soon as it is there."""
    from learning.recovery.verification import verify_recovery
    from learning.sampling import GaussianOracle
    from learning.structure.units import one_hidden_layer

    with _stage(found, "sampling", f"drawing {found.samples} labelled samples in R^{hidden.input_dim}"):
        oracle = GaussianOracle(hidden, found.seed)
        X, y = oracle.sample(found.samples)
    with _stage(found, "learning", "learning from the samples"):
        asked = [oracle] if found.queries == "allowed" else []
        found.learner = _fit(X, y, found.seed, *asked)
    say(f"learned: {found.summary()}")
    left = clock.left()
    budget = None if left is None else tp.Budget(seconds=left)
    with _stage(found, "verification", "comparing with the truth over Q"):
        found.verdict = verify_recovery(truth, found.learner, budget)
    if found.polynomial is not None:
        seconds = min(_UNITS_SECONDS, clock.left() or _UNITS_SECONDS)
        with _stage(found, "units", "looking for the units of one hidden layer"):
            found.hidden_layer = one_hidden_layer(found.polynomial, tp.Budget(seconds=seconds))


def _fit(X: Any, y: Any, seed: int, oracle: GaussianOracle | None = None) -> LatticePolynomialRegressor:
    """The learner sees X and y, and an oracle if it may ask for labels; nothing else."""
    from learning.recovery.regressor import LatticePolynomialRegressor

    queries = "forbidden" if oracle is None else "allowed"
    return LatticePolynomialRegressor(queries=queries, random_state=seed).fit(X, y, oracle=oracle)


@contextmanager
def _stage(found: Recovery, name: str, text: str) -> Iterator[None]:
    """Announce a stage on stderr and record how long it took, even if it is stopped."""
    say(f"{text} ...")
    start = time.monotonic()
    try:
        yield
    finally:
        found.seconds[name] = round(time.monotonic() - start, 3)
