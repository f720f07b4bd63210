"""What a recovery leaves behind: a report for machines, one for readers, the learned function, a picture."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from fractions import Fraction

import tropical as tp
from learning.reports.recovery import Recovery, exact_text, shortened

FILES = ("report.json", "report.md", "lattice_polynomial.json", "regions.png")
"""Everything that a recovery may write into its folder."""

_LONGEST_TABLE = 64
_NEGLIGIBLE = 1e-12  # relative size of a coordinate that the table shows as 0: the frame is known to about 1e-15


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
    truth, learned = map(exact_text, verdict.values)
    lines = [
        "## Witness",
        "",
        f"At x = {shortened(verdict.witness)} (complete in `report.json`) the truth is {truth}, the learned function "
        f"is {learned}; their difference is about "
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
