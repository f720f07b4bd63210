"""Lemmas and false neighbours as data: statement, hypotheses, check; and the verdict that evidence amounts to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from learning.lemmas.framework.claim import Claim
from learning.lemmas.framework.setting import Setting
from learning.lemmas.framework.subject import Subject
from tropical import BudgetExhausted, ReLUNetwork, Value, Verdict

__all__ = ["Evidence", "FalseNeighbour", "Hypothesis", "Kind", "Lemma", "verdict_of"]

Kind = Literal["algebraic", "gaussian", "sampling"]


@dataclass(frozen=True, repr=False)
class Hypothesis(Value):
    """A hypothesis of a lemma and whether the instance satisfies it, exactly."""

    text: str
    holds: bool


@dataclass(frozen=True, repr=False)
class Evidence(Value):
    """What a check found: hypotheses, and claims if they hold; ``choices`` says what W, τ, F' and so on were."""

    hypotheses: tuple[Hypothesis, ...] = ()
    claims: tuple[Claim, ...] = ()
    choices: Mapping[str, Any] = field(default_factory=dict, hash=False)


Check = Callable[[Subject, Setting], Evidence]


@dataclass(frozen=True, repr=False)
class FalseNeighbour(Value):
    """A deliberately wrong variant of a lemma, and an instance on which its check refutes it.

    ``instance`` returns a network and the choices (keywords of :class:`Setting`) that refute.
    """

    statement: str
    check: Check
    instance: Callable[[], tuple[ReLUNetwork, Mapping[str, Any]]]


@dataclass(frozen=True, repr=False)
class Lemma(Value):
    r"""A statement about ReLU networks that can be checked on any one of them.

    ``label``: L1 to L18 of THEORY, or a name of your own. ``statement``: LaTeX without dollar signs around it, words
    outside of ``$…$``. ``hypotheses``: in words; ``check`` tests them on the instance. ``kind``: "algebraic" is decided
    over Q; "gaussian" by rigorous enclosures in up to three dimensions, else estimated; "sampling" speaks of samples
    and is never proved.
    """

    label: str
    title: str
    statement: str
    check: Check
    hypotheses: tuple[str, ...] = ()
    kind: Kind = "algebraic"
    source: str = ""
    neighbours: tuple[FalseNeighbour, ...] = ()


def verdict_of(of: Lemma, check: Check, statement: str, subject: Subject, setting: Setting) -> Verdict:
    """Run a check, of a lemma or of a false neighbour of it, and say what its evidence amounts to.

    ``refuted`` if a claim fails, ``proved`` if there are claims and all of them hold, else ``unknown``, with ``reason``
    and ``because``: "hypothesis" (one fails), "budget", "open" (claims not decided), "statistical" (claims are only
    consistent with samples, none is open or rejected) or "rejected" (samples contradict a claim, at its level). Further
    in ``detail``: "lemma" (its label), "title", "kind", "statement", "hypotheses", "claims", "choices"; and of the
    claim that failed, or else of the inequality that came nearest to failing: "nearest" (its text), "left",
    "relation", "right", "margin", "tightness".
    """
    detail: dict[str, Any] = {"lemma": of.label, "title": of.title, "kind": of.kind, "statement": statement}
    detail |= {"hypotheses": (), "claims": (), "choices": {}}
    try:
        evidence = check(subject, setting)
    except BudgetExhausted as stop:
        return Verdict("unknown", detail={**detail, "because": "budget", "reason": str(stop)})
    detail |= {"hypotheses": evidence.hypotheses, "claims": evidence.claims, "choices": dict(evidence.choices)}
    failed = [hypothesis.text for hypothesis in evidence.hypotheses if not hypothesis.holds]
    if failed:
        reason = "hypothesis fails: " + "; ".join(failed)
        return Verdict("unknown", detail={**detail, "because": "hypothesis", "reason": reason})
    wrong = next((claim for claim in evidence.claims if claim.outcome == "fails"), None)
    detail |= _sides(wrong or _nearest(evidence.claims))
    if wrong is not None:
        return Verdict("refuted", wrong.witness, detail={**detail, "failed": wrong.text})
    unsettled = [claim for claim in evidence.claims if claim.outcome != "holds"]
    if unsettled or not evidence.claims:
        outcomes = {claim.outcome for claim in unsettled} or {"open"}
        because = next(kind for kind in ("rejected", "open", "consistent") if kind in outcomes)
        detail["because"] = "statistical" if because == "consistent" else because
        reason = "; ".join(f"{claim.text}: {claim.outcome}, {claim.reason}" for claim in unsettled)
        return Verdict("unknown", detail={**detail, "reason": reason or "the check made no claim"})
    return Verdict("proved", detail=detail)


def _nearest(claims: tuple[Claim, ...]) -> Claim | None:
    """The inequality that came nearest to failing, else the first claim with sides."""
    tight = [claim for claim in claims if claim.tightness is not None]
    if tight:
        return max(tight, key=lambda claim: claim.tightness or 0.0)
    return next((claim for claim in claims if claim.left is not None), None)


def _sides(claim: Claim | None) -> dict[str, Any]:
    if claim is None:
        return {}
    sides = {"left": claim.left, "relation": claim.relation, "right": claim.right}
    return {**sides, "margin": claim.margin, "tightness": claim.tightness, "nearest": claim.text}
