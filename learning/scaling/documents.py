"""What a study leaves behind: scaling.md for readers, scaling.json for machines, one picture a part."""

from __future__ import annotations

import io
import json
from typing import Any

from learning.scaling.report import PartReport, StudyReport

__all__ = ["documents", "markdown"]


def documents(report: StudyReport) -> dict[str, bytes]:
    """All files by name, complete and in memory."""
    files = {_picture_name(part): _picture(part) for part in report.parts if part.rows}
    files["scaling.json"] = (json.dumps(report.as_dict(), indent=1, allow_nan=False) + "\n").encode()
    files["scaling.md"] = markdown(report).encode()
    return files


def _picture_name(part: PartReport) -> str:
    return f"{part.part.letter}_{part.part.name}.png"


def _picture(part: PartReport) -> bytes:
    """The picture of a part as PNG, marked if runs are missing."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 5.5), layout="constrained")
    axes = figure.subplots()
    part.part.draw(part.rows, axes)
    state = "" if part.complete else f"\n{part.state}"
    axes.set_title(f"({part.part.letter}) {part.part.question}{state}", fontsize=10)
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=130, metadata={"Software": None})
    return target.getvalue()


def markdown(report: StudyReport) -> str:
    """The report for readers; apart from times it depends on size, seed and versions alone."""
    lines = ["# Scaling of the learner", ""]
    if not report.complete:
        reason = f": {report.stopped}" if report.stopped else ""
        lines += [f"**Incomplete**{reason}. The same command goes on where this one ended.", ""]
    lines += [
        f"Written by `{report.command}`. Samples x ~ N(0, I_d), labels without noise; every run has a seed of its own, "
        "drawn from the study's seed and its parameters. Raw results: `runs.jsonl`.",
        "",
    ]
    for part in report.parts:
        lines += _section(part)
    lines += ["## Time of the runs", "", "Added up over all runs, one BLAS thread each.", ""]
    lines += [f"- ({part.part.letter}) {part.part.name}: {part.seconds:.1f} s" for part in report.parts]
    return "\n".join([*lines, ""])


def _section(part: PartReport) -> list[str]:
    lines = [f"## ({part.part.letter}) {part.part.question}", "", f"{part.state}.", ""]
    if part.table is None:
        return lines
    lines += [f"![{part.part.question}]({_picture_name(part)})", "", _table_row(part.table.columns)]
    lines.append("|" + "---|" * len(part.table.columns))
    lines += [_table_row(row) for row in part.table.rows]
    for note in part.table.notes:
        lines += ["", note]
    return [*lines, ""]


def _table_row(cells: tuple[Any, ...]) -> str:
    return "| " + " | ".join(map(_cell, cells)) + " |"


def _cell(value: Any) -> str:
    """Numbers to three digits, whole ones in full, intervals in brackets, nothing as a dash."""
    if value is None:
        return "–"
    if isinstance(value, list):
        return f"[{', '.join(map(_cell, value))}]"
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 100.0 else f"{value:.3g}"
    return str(value).replace("|", "\\|")
