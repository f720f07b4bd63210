"""What a recovery leaves behind: a report for machines, one for readers, the learned function, a picture."""

from __future__ import annotations

import io
import json
import os
import platform
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from importlib import metadata
from pathlib import Path
from typing import Any

import tropical as tp
from learning.missing_mass import MissingMass
from learning.regressor import LatticePolynomialRegressor
from learning.units import HiddenLayerReport
from learning.verification import RecoveryReport

FILES = ("report.json", "report.md", "lattice_polynomial.json", "regions.png")
"""Everything that a recovery may write into its folder."""

_LONGEST_TABLE = 64
_SHOWN_COORDINATES = 8
_MAX_BITS = 12_000
_NEGLIGIBLE = 1e-12  # relative size of a coordinate that the table shows as 0: the frame is known to about 1e-15


@dataclass
class Recovery:
    """One recovery as far as it has come: what was asked, what was learned, what was decided."""

    network: str
    against: str | None
    input_dim: int
    samples: int
    seed: int
    queries: str = "forbidden"
    seconds: dict[str, float] = field(default_factory=dict)
    learner: LatticePolynomialRegressor | None = None
    verdict: RecoveryReport | None = None
    hidden_layer: HiddenLayerReport | None = None

    def stop(self, reason: str) -> None:
        """Record that a budget ended the recovery before a verdict."""
        stage = "verification" if self.learner is not None else "learning"
        self.verdict = RecoveryReport("unknown", detail={"reason": f"{reason} during {stage}"})

    @property
    def polynomial(self) -> tp.LatticePolynomial | None:
        """The learned function over Q, if there is one."""
        return None if self.learner is None else self.learner.lattice_polynomial_

    @property
    def status(self) -> str:
        """``proved``, ``refuted`` or ``unknown``."""
        return "unknown" if self.verdict is None else self.verdict.status

    @property
    def reason(self) -> str:
        """Why the status is what it is, in one sentence."""
        detail = {} if self.verdict is None else self.verdict.detail
        if "reason" in detail:
            return str(detail["reason"])
        cells = f"{detail['cells']} cells" if "cells" in detail else "the cells"
        return f"both functions agree over Q on all {cells} of their common subdivision"

    @property
    def relevant_dim(self) -> int | None:
        """Dimension of the relevant subspace found."""
        return None if self.learner is None else len(self.learner.relevant_subspace_)

    def summary(self) -> str:
        """What was learned, in a few words."""
        if self.learner is None:
            return "nothing"
        shape = self.as_dict()
        clauses = "no exact function" if shape["clauses"] is None else f"{shape['clauses']} clauses"
        return f"relevant subspace of dimension {shape['relevant_subspace_dim']}, {shape['pieces']} pieces, {clauses}"

    def headline(self) -> str:
        """The verdict for the terminal."""
        lines = [f"{self.status}: {self.reason}", f"learned from {self.samples} samples: {self.summary()}"]
        if self.verdict is not None and self.verdict.witness is not None and self.verdict.values is not None:
            truth, learned = map(_text, self.verdict.values)
            lines.append(
                f"at x = {_shortened(self.verdict.witness)} the truth is {truth}, the learned function {learned}"
            )
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """The content of ``report.json``."""
        learner, polynomial, verdict = self.learner, self.polynomial, self.verdict
        fitted = None if learner is None else len(learner.pieces_)
        return {
            "status": self.status,
            "reason": self.reason,
            "relevant_subspace_dim": self.relevant_dim,
            "pieces": fitted if polynomial is None else len(polynomial.pieces),
            "clauses": None if polynomial is None else len(polynomial.clauses),
            "samples": self.samples,
            "seconds": round(sum(self.seconds.values()), 3),
            "seconds_by_stage": self.seconds,
            "seed": self.seed,
            "input_dim": self.input_dim,
            "network": self.network,
            "against": self.against,
            "learner_status": None if learner is None else learner.status_,
            "rational": None if learner is None else bool(learner.rational_),
            "filtering_passes": None if learner is None else len(learner.passes_),
            "queries": None if learner is None else learner.n_queries_,
            "missing": None if learner is None else [_missing_dict(mass) for mass in learner.missing_],
            "hidden_layer": _layer_dict(self.hidden_layer),
            **_verdict_dict(verdict),
            "versions": {name: _version(name) for name in ("tropical-relu", "numpy", "python-flint")},
            "python": platform.python_version(),
        }


def _missing_dict(mass: MissingMass) -> dict[str, Any]:
    return {"kind": mass.kind, "share": mass.share, "interval": list(mass.interval), "confidence": 0.95}


def _layer_dict(report: HiddenLayerReport | None) -> dict[str, Any] | None:
    """Whether one hidden layer computes the learned function, and its units relu(<normal, x> + bias), each once."""
    if report is None:
        return None
    found: dict[str, Any] = {"status": report.status, "units": None, "affine": None}
    if report.status == "proved":
        found["units"] = [
            {"normal": [str(n) for n in unit.normal], "bias": _text(unit.bias), "jump": _text(unit.jump)}
            for unit in report.units
        ]
        affine = report.affine
        found["affine"] = {"gradient": [_text(q) for q in affine.gradient], "constant": _text(affine.constant)}
    return found


def _verdict_dict(verdict: RecoveryReport | None) -> dict[str, Any]:
    empty = dict.fromkeys(("witness", "values", "disagreement", "certificate"))
    if verdict is None:
        return empty
    found = dict(empty)
    if verdict.witness is not None:
        found["witness"] = [_text(q) for q in verdict.witness]
    if verdict.values is not None:
        found["values"] = {"truth": _text(verdict.values[0]), "learned": _text(verdict.values[1])}
    if verdict.disagreement is not None:
        measure = _measure_dict(verdict.disagreement.gaussian_measure)
        found["disagreement"] = {"cells": verdict.disagreement.cells, "gaussian_measure": measure}
    elif "disagreement" in verdict.detail:
        found["disagreement"] = {"cells": None, "reason": verdict.detail["disagreement"]}
    if verdict.certificate is not None:
        found["certificate"] = dict(verdict.certificate)
    return found


def _measure_dict(measure: tp.Enclosure | tp.Estimate) -> dict[str, Any]:
    if isinstance(measure, tp.Enclosure):
        ends = {"lower": _text(measure.lower), "upper": _text(measure.upper)}
        return {"kind": "enclosure", **ends, "approximately": float(measure)}
    interval = {"lower": measure.lower, "upper": measure.upper, "confidence": measure.confidence}
    return {"kind": "estimate", "value": measure.value, **interval, "samples": measure.samples}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _text(q: Fraction) -> str:
    """``p/q`` in decimal, or marked as hexadecimal where it exceeds what Python converts."""
    if max(q.numerator.bit_length(), q.denominator.bit_length()) <= _MAX_BITS:
        return str(q)
    return f"hex:{q.numerator:x}/{q.denominator:x}"


def _shortened(point: Sequence[Fraction]) -> str:
    more = ", ..." if len(point) > _SHOWN_COORDINATES else ""
    return "(" + ", ".join(map(_text, point[:_SHOWN_COORDINATES])) + more + ")"


def documents(found: Recovery) -> dict[str, bytes]:
    """All files of a recovery by name, complete and in memory."""
    files = {"report.json": (json.dumps(found.as_dict(), indent=1, default=str) + "\n").encode()}
    if found.polynomial is not None:
        content = tp.lattice_polynomial_to_dict(found.polynomial)
        files["lattice_polynomial.json"] = (json.dumps(content, indent=1) + "\n").encode()
        if found.relevant_dim in (1, 2):
            files["regions.png"] = _picture(found)
    files["report.md"] = markdown(found, sorted({*files, "report.md"})).encode()
    return files


def _picture(found: Recovery) -> bytes:
    """The linear regions of the learned function in V, as PNG."""
    from matplotlib.figure import Figure

    assert found.learner is not None
    assert found.polynomial is not None
    figure = Figure(figsize=(6.0, 6.0), layout="constrained")
    axes = figure.subplots()
    tp.plot_regions(found.polynomial, ax=axes, directions=found.learner.relevant_subspace_.tolist())
    against = "" if found.against is None else f" against {found.against}"
    title = f"Learned from {found.samples} samples of {found.network}: {found.status}{against}"
    axes.set_title(title, fontsize=10)
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=150, metadata={"Software": None})
    return target.getvalue()


def markdown(found: Recovery, files: list[str]) -> str:
    """The report for readers."""
    truth = found.network if found.against is None else f"{found.against} (not the network that labelled the samples)"
    lines = [
        f"# Recovery of {found.network}: {found.status}",
        "",
        f"The learner saw {found.samples} samples (x, F(x)) with x ~ N(0, I) in R^{found.input_dim}, seed "
        f"{found.seed}, {_queried(found)}and nothing else of the network.",
        f"What it learned was then compared, over the rational numbers, with {truth}.",
        "",
        f"**{found.status}**: {found.reason}.",
        "",
        *_refutation_lines(found),
        *_learned_lines(found),
        *_missing_lines(found),
        *_unit_lines(found),
        "## Time",
        "",
        *(f"- {stage}: {seconds:.2f} s" for stage, seconds in found.seconds.items()),
        "",
        "## Files",
        "",
        *(f"- `{name}`" for name in files),
        "",
        "*proved* and *refuted* hold over Q for the parameters as loaded (a float is the dyadic rational it denotes); "
        "they say nothing about float execution of the network. *unknown* claims nothing.",
        "",
    ]
    return "\n".join(lines)


def _queried(found: Recovery) -> str:
    asked = 0 if found.learner is None else found.learner.n_queries_
    return f"asked for {asked} labels at points of its choice " if asked else ""


def _missing_lines(found: Recovery) -> list[str]:
    """What the learner itself leaves open."""
    masses = [] if found.learner is None else found.learner.missing_
    if not masses:
        return []
    lines = ["Left open by the learner, with the Gaussian mass (95 % interval):", ""]
    for mass in masses:
        lower, upper = mass.interval
        lines.append(f"- {mass.kind}: {mass.share:.3g} ({lower:.2g} to {upper:.2g})")
    return [*lines, ""]


def _unit_lines(found: Recovery) -> list[str]:
    """The units of one hidden layer, in coordinates of the relevant subspace."""
    report = found.hidden_layer
    if report is None or found.learner is None or report.status != "proved":
        return []
    frame = found.learner.relevant_subspace_.tolist()
    lines = [
        "## Units",
        "",
        f"One hidden layer computes this function (proved): an affine part and {len(report.units)} units",
        "jump · relu(⟨normal, x⟩ + bias), unique up to scaling and orientation. Normals in coordinates z of the",
        "relevant subspace, rounded here, exact in `report.json`:",
        "",
        "| unit | jump | normal | bias |",
        "|---|---|---|---|",
    ]
    for index, unit in enumerate(report.units):
        normal = ", ".join(_in_frame(frame, unit.normal))
        lines.append(f"| {index} | {float(unit.jump):.6g} | {normal} | {float(unit.bias):.6g} |")
    return [*lines, ""]


def _in_frame(frame: list[list[float]], vector: Sequence[Fraction | int]) -> list[str]:
    """Coordinates of a vector of V, rounded for readers."""
    floats = [float(a) for a in vector]
    inner = [sum(a * b for a, b in zip(row, floats, strict=True)) for row in frame]
    negligible = _NEGLIGIBLE * max(map(abs, inner), default=0.0)
    return [f"{q:.6g}" if abs(q) > negligible else "0" for q in inner]


def _refutation_lines(found: Recovery) -> list[str]:
    verdict = found.verdict
    if verdict is None or verdict.witness is None or verdict.values is None:
        return []
    lines = [
        "## Witness",
        "",
        f"At x = {_shortened(verdict.witness)} (complete in `report.json`) the truth is {_text(verdict.values[0])} and "
        f"the learned function is {_text(verdict.values[1])}; their difference is about "
        f"{float(verdict.values[1] - verdict.values[0]):.3g}.",
        "",
    ]
    if verdict.disagreement is not None:
        measure = verdict.disagreement.gaussian_measure
        kind = "exactly enclosed" if isinstance(measure, tp.Enclosure) else "estimated"
        where = f"The two differ on {verdict.disagreement.cells} polyhedra of Gaussian measure {float(measure):.6g}"
        lines += [f"{where} ({kind}).", ""]
    elif "disagreement" in verdict.detail:
        lines += [f"The set where they differ: {verdict.detail['disagreement']}.", ""]
    return lines


def _learned_lines(found: Recovery) -> list[str]:
    lines = ["## What was learned", "", f"{found.summary().capitalize()}.", ""]
    polynomial = found.polynomial
    if polynomial is None or found.learner is None:
        return lines
    if found.relevant_dim in (1, 2):
        lines += ["![Linear regions of the learned function](regions.png)", ""]
        lines += ["Labels in the picture are the numbers of the pieces.", ""]
    if len(polynomial.pieces) > _LONGEST_TABLE:
        return [*lines, "Pieces and clauses are in `lattice_polynomial.json`.", ""]
    frame = found.learner.relevant_subspace_.tolist()
    lines += [
        "F(x) = max over clauses of min over the clause's pieces. Pieces in coordinates z of the relevant subspace,",
        "rounded here, exact in `lattice_polynomial.json`:",
        "",
        "| piece | gradient | constant |",
        "|---|---|---|",
    ]
    for index, piece in enumerate(polynomial.pieces):
        shown = ", ".join(_in_frame(frame, piece.gradient))
        lines.append(f"| {index} | {shown} | {float(piece.constant):.6g} |")
    clauses = "; ".join("{" + ", ".join(map(str, sorted(clause))) + "}" for clause in polynomial.clauses)
    return [*lines, "", f"Clauses: {clauses}.", ""]


def writable(out: Path) -> None:
    """Raise ``ValueError`` if ``out`` is no folder that can be made and written to; changes nothing."""
    existing = next(place for place in (out, *out.absolute().parents) if place.exists())
    if not existing.is_dir():
        raise ValueError(f"--out: {existing} is not a folder")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise ValueError(f"--out: {existing} cannot be written to")


def publish(out: Path, files: dict[str, bytes]) -> None:
    """Write all files into the folder or none: each is written aside first, then all are renamed.

    Files of an earlier recovery that this one does not have are removed. ``OSError`` if writing fails.
    """
    made = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    aside = {name: out / f".{name}.{secrets.token_hex(4)}.tmp" for name in files}
    try:
        for name, content in files.items():
            aside[name].write_bytes(content)
        for name in files:
            aside[name].replace(out / name)
    finally:
        for path in aside.values():
            path.unlink(missing_ok=True)
        if made and not any(out.iterdir()):
            out.rmdir()
    for name in FILES:
        if name not in files:
            (out / name).unlink(missing_ok=True)
