"""Reports on checked lemmas: for machines, as Markdown, as one HTML page with the formulas drawn."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from learning.lemmas.framework.claim import Claim
from learning.reports.numbers import choice_text, claim_text, side_dict, side_text
from tropical import Estimate, Verdict

__all__ = ["LemmaReport", "formula_svg"]

_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;margin:.5rem 0}td,th{border-bottom:1px solid #ccc;padding:.2rem .6rem;"
    "text-align:left;vertical-align:top}img{max-width:100%}.proved{color:#0a6}.refuted{color:#c30}.unknown{color:#777}"
)
_LEGEND = (
    "*proved* and *refuted* hold for the parameters as loaded, over Q or by rigorous enclosures; *unknown* claims "
    "nothing and says why: a hypothesis that fails, a budget, or a statement that samples cannot prove."
)


@dataclass(frozen=True)
class LemmaReport:
    """Verdicts of `check` and `check_neighbour` on one network called ``name``, in order, by label."""

    name: str
    verdicts: Mapping[str, Verdict]

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Label, title, status, and in a few words what was found; for a table."""
        return [(label, v.detail["title"], v.status, _summary(v)) for label, v in self.verdicts.items()]

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        verdicts = {label: _verdict_dict(verdict) for label, verdict in self.verdicts.items()}
        return {"format": "tropical-relu/lemmas", "version": 1, "network": self.name, "lemmas": verdicts}

    def markdown(self) -> str:
        """The report for readers."""
        lines = [f"# Lemmas on {self.name}", "", "| lemma | | verdict | |", "|---|---|---|---|"]
        lines += [f"| {label} | {title} | {status} | {_cell(text)} |" for label, title, status, text in self.rows()]
        for label, verdict in self.verdicts.items():
            title, statement = verdict.detail["title"], verdict.detail["statement"]
            lines += ["", f"## {label} {title}: {verdict.status}", "", statement, ""]
            lines += [f"- {text}" for text in _facts(verdict)]
            claims: tuple[Claim, ...] = verdict.detail["claims"]
            if claims:
                lines += ["", "| claim | both sides | outcome |", "|---|---|---|"]
                lines += [f"| {_cell(c.text)} | {_cell(claim_text(c))} | {c.outcome} |" for c in claims]
        return "\n".join([*lines, "", _LEGEND, ""])

    def page(self) -> str:
        """The report as one HTML page that loads nothing from elsewhere; formulas are drawn as SVG."""
        rows = "".join(
            f'<tr><td><a href="#{label}">{label}</a></td><td>{html.escape(title)}</td>'
            f'<td class="{status}">{status}</td><td>{html.escape(text)}</td></tr>'
            for label, title, status, text in self.rows()
        )
        sections = "".join(self._section(label) for label in self.verdicts)
        title = html.escape(f"Lemmas on {self.name}")
        return (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
            f"</head><body><h1>{title}</h1><table>{rows}</table>{sections}"
            f"<p>{html.escape(_LEGEND.replace('*', ''))}</p></body></html>\n"
        )

    def _section(self, label: str) -> str:
        verdict = self.verdicts[label]
        facts = "".join(f"<li>{html.escape(text)}</li>" for text in _facts(verdict))
        claims = "".join(
            f"<tr><td>{html.escape(c.text)}</td><td>{html.escape(claim_text(c))}</td><td>{c.outcome}</td></tr>"
            for c in verdict.detail["claims"]
        )
        heading = f"{label} {html.escape(verdict.detail['title'])}"
        return (
            f'<h2 id="{label}">{heading}: <span class="{verdict.status}">{verdict.status}</span></h2>'
            f"<p>{_drawn(verdict.detail['statement'])}</p><ul>{facts}</ul><table>{claims}</table>"
        )


def formula_svg(formula: str) -> str:
    r"""A formula between dollar signs as an SVG image, by matplotlib's own mathematics, without LaTeX.

    >>> formula_svg(r"$\tau^2$").startswith("<svg")
    True
    """
    from matplotlib import rc_context
    from matplotlib.mathtext import math_to_image

    target = io.BytesIO()
    with rc_context({"svg.fonttype": "path", "svg.hashsalt": "lemmas"}):
        math_to_image(formula, target, format="svg", dpi=72)
    text = target.getvalue().decode()
    return re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)


def _drawn(statement: str) -> str:
    """Words escaped, formulas drawn."""
    parts = re.split(r"(\$[^$]+\$)", statement)
    return "".join(_inline(part) if part.startswith("$") else html.escape(part) for part in parts)


def _inline(formula: str) -> str:
    import base64

    encoded = base64.b64encode(formula_svg(formula).encode()).decode()
    return f'<img alt="{html.escape(formula)}" style="vertical-align:middle" src="data:image/svg+xml;base64,{encoded}">'


def _summary(verdict: Verdict) -> str:
    claims: tuple[Claim, ...] = verdict.detail["claims"]
    because = verdict.detail.get("because")
    if because in ("statistical", "rejected"):
        outcome = "consistent with" if because == "statistical" else "rejected by"
        count = sum(claim.outcome == ("consistent" if because == "statistical" else "rejected") for claim in claims)
        return f"{_counted(count)} {outcome} samples, at {_confidence(claims)}"
    if because == "open":
        unsettled = [claim for claim in claims if claim.outcome == "open"]
        more = f", and {len(unsettled) - 1} more" if len(unsettled) > 1 else ""
        return f"open: {unsettled[0].text}: {unsettled[0].reason}{more}" if unsettled else str(verdict.detail["reason"])
    if verdict.status == "unknown":
        return str(verdict.detail["reason"])
    if verdict.status == "refuted":
        return str(verdict.detail["failed"])
    tightness = verdict.detail.get("tightness")
    nearest = "" if tightness is None else f"; tightest at {100 * tightness:.3g} % of its bound"
    return f"{_counted(len(claims))} hold{'s' if len(claims) == 1 else ''}{nearest}"


def _counted(count: int) -> str:
    return f"{count} claim{'' if count == 1 else 's'}"


def _confidence(claims: tuple[Claim, ...]) -> str:
    """The least confidence of an interval in the claims."""
    sides = [side for claim in claims for side in (claim.left, claim.right) if isinstance(side, Estimate)]
    return f"{100 * min(side.confidence for side in sides):.10g} %"


def _facts(verdict: Verdict) -> list[str]:
    hypotheses = [f"hypothesis: {h.text}: {'holds' if h.holds else 'FAILS'}" for h in verdict.detail["hypotheses"]]
    choices = [f"{name} = {choice_text(value)}" for name, value in verdict.detail["choices"].items()]
    reason = [f"reason: {verdict.detail['reason']}"] if verdict.status == "unknown" else []
    witness = [] if verdict.witness is None else [f"witness: ({', '.join(map(side_text, verdict.witness))})"]
    return [*hypotheses, *choices, *reason, *witness]


def _verdict_dict(verdict: Verdict) -> dict[str, Any]:
    detail = verdict.detail
    return {
        "lemma": detail["lemma"],
        "title": detail["title"],
        "statement": detail["statement"],
        "kind": detail["kind"],
        "status": verdict.status,
        "because": detail.get("because"),
        "reason": detail.get("reason"),
        "hypotheses": [{"text": h.text, "holds": h.holds} for h in detail["hypotheses"]],
        "choices": {name: str(value) for name, value in detail["choices"].items()},
        "claims": [_claim_dict(claim) for claim in detail["claims"]],
        "margin": side_dict(detail.get("margin")),
        "tightness": detail.get("tightness"),
        "witness": None if verdict.witness is None else [side_dict(q) for q in verdict.witness],
    }


def _claim_dict(claim: Claim) -> dict[str, Any]:
    detail = json.loads(json.dumps({k: v for k, v in claim.detail.items() if k != "certificate"}, default=str))
    sides = {"left": side_dict(claim.left), "relation": claim.relation, "right": side_dict(claim.right)}
    return {"text": claim.text, "outcome": claim.outcome, **sides, "reason": claim.reason, "detail": detail}


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
