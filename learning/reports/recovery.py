"""One recovery as far as it has come, and its report for machines."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from importlib import metadata
from typing import Any

import tropical as tp
from learning.recovery.open_mass import MissingMass
from learning.recovery.regressor import LatticePolynomialRegressor
from learning.recovery.verification import RecoveryReport
from learning.structure.units import HiddenLayerReport

_SHOWN_COORDINATES = 8
_MAX_BITS = 12_000


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
        """Record that a budget ended the recovery; a verdict that is there by then stays."""
        if self.verdict is not None:
            return
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
            truth, learned = map(exact_text, self.verdict.values)
            lines.append(
                f"at x = {shortened(self.verdict.witness)} the truth is {truth}, the learned function {learned}"
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
            {"normal": [str(n) for n in unit.normal], "bias": exact_text(unit.bias), "jump": exact_text(unit.jump)}
            for unit in report.units
        ]
        affine = report.affine
        found["affine"] = {
            "gradient": [exact_text(q) for q in affine.gradient],
            "constant": exact_text(affine.constant),
        }
    return found


def _verdict_dict(verdict: RecoveryReport | None) -> dict[str, Any]:
    empty = dict.fromkeys(("witness", "values", "disagreement", "certificate"))
    if verdict is None:
        return empty
    found = dict(empty)
    if verdict.witness is not None:
        found["witness"] = [exact_text(q) for q in verdict.witness]
    if verdict.values is not None:
        found["values"] = {"truth": exact_text(verdict.values[0]), "learned": exact_text(verdict.values[1])}
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
        ends = {"lower": exact_text(measure.lower), "upper": exact_text(measure.upper)}
        return {"kind": "enclosure", **ends, "approximately": float(measure)}
    interval = {"lower": measure.lower, "upper": measure.upper, "confidence": measure.confidence}
    return {"kind": "estimate", "value": measure.value, **interval, "samples": measure.samples}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def exact_text(q: Fraction) -> str:
    """``p/q`` in decimal, or marked as hexadecimal where it exceeds what Python converts."""
    if max(q.numerator.bit_length(), q.denominator.bit_length()) <= _MAX_BITS:
        return str(q)
    return f"hex:{q.numerator:x}/{q.denominator:x}"


def shortened(point: Sequence[Fraction]) -> str:
    """The first coordinates of a point, for readers."""
    more = ", ..." if len(point) > _SHOWN_COORDINATES else ""
    return "(" + ", ".join(map(exact_text, point[:_SHOWN_COORDINATES])) + more + ")"
