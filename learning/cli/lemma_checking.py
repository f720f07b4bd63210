"""``relu-learn lemmas``: the structural lemmas, checked on one network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import tropical as tp
from learning.cli.shell import as_json_option, say, scalar_network
from tropical_relu_cli import DONE, INTERRUPTED, REFUTED, UNKNOWN, shell
from tropical_relu_cli.time_limit import Clock

if TYPE_CHECKING:
    from learning.reports.lemmas import LemmaReport

_FILES = ("lemmas.json", "lemmas.md", "lemmas.html")


@click.command()
@click.argument("network", type=shell.FilePath())
@click.option("--lemma", "labels", multiple=True, metavar="L8", help="Only this lemma; repeatable. Default: all.")
@click.option("--threshold", metavar="T", help='Threshold τ of the filters, decimal or "p/q"; default: chosen.')
@click.option("--neighbours", is_flag=True, help="Check the false neighbours of the lemmas on the network instead.")
@click.option(
    "--samples", type=click.IntRange(min=1), default=100_000, show_default=True, help="For statistical parts."
)
@click.option("--level", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.01, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of what the lemmas leave free.")
@click.option(
    "-o", "--out", "--output", type=shell.FilePath(), metavar="DIR", help="Write lemmas.md, .html and .json here."
)
@click.option("--timeout", type=shell.Seconds(), metavar="S", help="Stop after S seconds.")
@as_json_option
def lemmas(
    network: Path,
    labels: tuple[str, ...],
    threshold: str | None,
    neighbours: bool,
    samples: int,
    level: float,
    seed: int,
    out: Path | None,
    timeout: float | None,
    as_json: bool,
) -> None:
    """Check the structural lemmas L1 to L18 on NETWORK, each with both sides of its inequalities.

    Algebraic lemmas are decided over Q, Gaussian ones by rigorous enclosures where the network depends on at most three
    directions, else estimated; what is estimated or speaks of samples is never proved.

    Exit code 0: nothing refuted, nothing left open. 1: a claim is refuted. 3: a claim stayed open, samples contradict
    one, or the time was over. 130: Ctrl-C. Both report what was found until then.
    """
    from learning.reports.publishing import writable

    clock = Clock(timeout, tp.BudgetExhausted)
    with clock.limit():
        net = scalar_network(network, "checking lemmas")
    choices: dict[str, Any] = {"samples": samples, "level": level, "seed": seed}
    if threshold is not None:
        choices["threshold"] = tp.as_fraction(threshold, "--threshold")
    if out is not None:
        writable(out)
    report, stopped, ended = _checked(network.name, net, labels, neighbours, choices, clock)
    if out is not None:
        _publish(out, report)
    click.echo(json.dumps({**report.as_dict(), "stopped": stopped}) if as_json else _table(report, stopped))
    raise click.exceptions.Exit(_exit_code(report, ended))


def _checked(
    name: str,
    net: tp.ReLUNetwork,
    labels: tuple[str, ...],
    neighbours: bool,
    choices: dict[str, Any],
    clock: Clock,
) -> tuple[LemmaReport, str | None, int]:
    """The report, with what was found before the time was over, why it stopped, and the exit code that says so."""
    from learning.lemmas import LEMMAS, Subject, check, check_neighbour
    from learning.lemmas.registry import lemma
    from learning.reports.lemmas import LemmaReport

    chosen = {label: lemma(label) for label in (labels or LEMMAS)}
    verdicts: dict[str, tp.Verdict] = {}
    subject, stopped, ended = Subject(net), None, DONE
    try:
        with clock.limit():
            for label, one in chosen.items():
                for index in range(len(one.neighbours)) if neighbours else (None,):
                    key = label if index is None else f"{label}, false neighbour {index + 1}"
                    say(f"{key}: {one.title} ...")
                    verdicts[key] = (
                        check(one, subject, **choices)
                        if index is None
                        else check_neighbour(one, subject, index=index, **choices)
                    )
    except tp.BudgetExhausted:
        stopped, ended = f"{clock.seconds:g} seconds were over after {len(verdicts)} checks", UNKNOWN
    except KeyboardInterrupt:
        stopped, ended = f"interrupted after {len(verdicts)} checks", INTERRUPTED
    return LemmaReport(name, verdicts), stopped, ended


def _table(report: LemmaReport, stopped: str | None) -> str:
    """The verdicts as a table that fits the terminal."""
    from io import StringIO

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("lemma", "", "verdict", "", box=None, pad_edge=False)
    for label, title, status, text in report.rows():
        table.add_row(label, title, status, Text(text if len(text) <= 160 else text[:159] + "…"))
    target = StringIO()
    Console(file=target, width=120).print(table)
    return target.getvalue().rstrip() + (f"\nStopped: {stopped}" if stopped else "")


def _publish(out: Path, report: LemmaReport) -> None:
    from learning.reports.publishing import publish

    say("writing the report")
    contents = (json.dumps(report.as_dict(), indent=1) + "\n", report.markdown(), report.page())
    try:
        publish(out, {name: text.encode() for name, text in zip(_FILES, contents, strict=True)}, superseded=_FILES)
    except OSError as error:
        raise ValueError(f"--out: {out} cannot be written: {error}") from error


def _exit_code(report: LemmaReport, ended: int) -> int:
    if any(verdict.status == "refuted" for verdict in report.verdicts.values()):
        return REFUTED
    unsettled = {verdict.detail.get("because") for verdict in report.verdicts.values()} & {"open", "budget", "rejected"}
    return ended or (UNKNOWN if unsettled else DONE)
