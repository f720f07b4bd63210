"""``tropical equivalent`` and ``tropical check``: verdicts and certificates."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tropical.budget import BudgetExhausted
from tropical.cli.boxes import Inputs, input_options
from tropical.cli.loading import load_function
from tropical.cli.shell import Clock, as_json_option, progress, publish, report_option, timeout_option
from tropical.cli.texts import plain, print_table, text_of
from tropical.decisions.comparison import equivalent, implies_leq
from tropical.proofs import checker
from tropical.proofs.certificate import load_certificate, save_certificate
from tropical.verdict import Verdict
from tropical_relu_cli import DONE, REFUTED, UNKNOWN, shell
from tropical_relu_cli.shell import EXIT_CODE


@click.command(name="equivalent")
@click.argument("first", type=shell.FilePath())
@click.argument("second", type=shell.FilePath())
@input_options
@click.option("--at-most", is_flag=True, help="Decide instead whether FIRST <= SECOND everywhere.")
@click.option("--certificate", type=shell.FilePath(), help="Write the proof or the refutation to this file.")
@report_option
@timeout_option
@as_json_option
def equivalent_(
    first: Path,
    second: Path,
    inputs: Inputs,
    at_most: bool,
    certificate: Path | None,
    out: Path | None,
    timeout: float | None,
    as_json: bool,
) -> None:
    """Decide over Q whether FIRST and SECOND, networks or lattice polynomials, are the same function.

    Exit code 0: proved equal. 1: refuted, with a rational point where they differ. 3: unknown, the timeout came first.
    A certificate can be checked by `tropical check`, or by checker.py alone.

    \b
    Examples:
      tropical equivalent model.onnx pruned.onnx
      tropical equivalent model.json formula.json --certificate proof.json
      tropical equivalent model.npz rounded.npz --box -1 1 --timeout 60
      tropical equivalent model.onnx pruned.onnx --box 0 1 --fix 7=0.5 -o verdict.json
      tropical equivalent --at-most lower.json model.json
    """
    clock = Clock(timeout)
    verdict = _decide(implies_leq if at_most else equivalent, first, second, inputs, clock)
    summary = _verdict_summary(verdict)
    if certificate is not None and verdict.certificate is not None:
        save_certificate(verdict.certificate, certificate)  # what is decided by now is not lost to the clock
    title = f"{first.name} {'<=' if at_most else '='} {second.name}"
    rows = [(key, plain(value)) for key, value in summary.items() if value]
    publish({**summary, "seconds": round(clock.elapsed, 3)}, out, as_json, lambda: print_table(title, rows))
    raise click.exceptions.Exit(EXIT_CODE[verdict.status])


@click.command()
@click.argument("file", type=shell.FilePath())
@report_option
@click.option(
    "--timeout",
    type=shell.Seconds(),
    default=15.0,
    show_default=True,
    help="Stop after this many seconds: a short file from elsewhere may ask for years of work.",
)
@as_json_option
def check(file: Path, out: Path | None, timeout: float, as_json: bool) -> None:
    """Check the certificate in FILE: replay its proof from nothing but the claim.

    Exit code 0: the claim is proved. 1: the proof fails. 2: the file is no certificate. 3: the timeout came first.

    \b
    Examples:
      tropical check proof.json
      tropical check proof.json --json
      tropical check from_elsewhere.json --timeout 60
    """
    clock = Clock(timeout)
    claim: str | None = None
    reason: str | None = None
    code = REFUTED
    try:
        with clock.limit():
            claim = checker.check(load_certificate(file))
        code = DONE
    except BudgetExhausted as stop:
        reason, code = str(stop), UNKNOWN
        click.echo("Hint: --timeout SECONDS gives it longer.", err=True)
    except checker.Malformed as error:
        raise ValueError(f"{file}: {error}") from error
    except checker.Rejected as rejected:
        reason = str(rejected)
    accepted = None if code == UNKNOWN else claim is not None
    text = f"accepted: {claim}" if claim else f"{'unknown' if code == UNKNOWN else 'rejected'}: {reason}"
    publish({"accepted": accepted, "claim": claim, "reason": reason}, out, as_json, lambda: click.echo(text))
    raise click.exceptions.Exit(code)


def _decide(question: Callable[..., Verdict], first: Path, second: Path, inputs: Inputs, clock: Clock) -> Verdict:
    try:
        with clock.limit():
            f, g = load_function(first), load_function(second)
            domain = inputs.domain(f.input_dim)
        with progress("comparing cell by cell") as report:
            return question(f, g, domain, clock.budget(), report)
    except BudgetExhausted as stop:
        return Verdict("unknown", detail={"reason": str(stop)})


def _verdict_summary(verdict: Verdict) -> dict[str, Any]:
    values = verdict.detail.get("values")
    return {
        "status": verdict.status,
        "reason": verdict.detail.get("reason"),
        "witness": None if verdict.witness is None else [text_of(q) for q in verdict.witness],
        "values": None if values is None else [[text_of(q) for q in value] for value in values],
        "cells": verdict.detail.get("cells"),
    }
