"""One statement about numbers or functions, with both of its sides and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal, get_args

from learning.arguments import require, require_choice
from tropical import Enclosure, Estimate, Value, Verdict

__all__ = ["AGREEMENT", "Claim", "Outcome", "Relation", "Side", "compare", "decided", "sharpened", "undecided"]

Side = Fraction | Enclosure | Estimate
Relation = Literal["<=", "<", ">=", ">", "=", "!=", "agrees with"]
Outcome = Literal["holds", "fails", "open", "consistent", "rejected"]

AGREEMENT = Fraction(1, 10**12)
"""Most difference of two enclosed numbers that "agree": equality of real numbers is not decided by enclosures."""
_DOUBLINGS = 4  # of the precision of an open claim


@dataclass(frozen=True, repr=False)
class Claim(Value):
    """``left relation right``, or a statement about functions decided by a verdict of its own; and its outcome.

    ``holds`` and ``fails`` are exact: over Q, or by rigorous enclosures. ``open``: enclosures overlap, or a verdict was
    ``unknown`` for the ``reason`` given. With a side that is an :class:`tropical.Estimate` the outcome is statistical:
    ``consistent``, or ``rejected`` if the intervals exclude the relation, each at its stated confidence.
    ``==`` goes by all fields, ``hash`` by all but ``detail``.
    """

    text: str
    outcome: Outcome
    left: Side | None = None
    relation: Relation | None = None
    right: Side | None = None
    witness: tuple[Fraction, ...] | None = None
    reason: str | None = None
    detail: dict[str, Any] = field(default_factory=dict, hash=False)

    @property
    def margin(self) -> Fraction | None:
        """A lower bound of the distance by which an inequality holds; None where there is none to speak of."""
        if self.left is None or self.right is None or self.relation in ("=", "!=", "agrees with"):
            return None
        (low_left, high_left), (low_right, high_right) = ends(self.left), ends(self.right)
        return low_right - high_left if self.relation in ("<=", "<") else low_left - high_right

    @property
    def tightness(self) -> float | None:
        """Bounded side over bound in [0, 1], of an inequality that holds between nonnegative sides: 1 is attained.

        None for an inequality with 0, which has no scale.
        """
        if self.outcome not in ("holds", "consistent") or self.margin is None or self.right == 0:
            return None
        low, high = sorted(_middle(side) for side in (self.left, self.right) if side is not None)
        return float(low / high) if low >= 0 and high > 0 else None  # exact till here: a side may exceed float64


def compare(
    text: str,
    left: Side,
    relation: Relation,
    right: Side,
    *,
    witness: tuple[Fraction, ...] | None = None,
    **detail: Any,
) -> Claim:
    """The claim ``left relation right`` with its outcome; ``witness`` is a point that shows it if it fails.

    "agrees with": the two numbers differ by at most 10^-12.

    >>> compare("a third is at most a half", Fraction(1, 3), "<=", Fraction(1, 2)).outcome
    'holds'
    >>> compare("overlap", Enclosure(Fraction(0), Fraction(1)), "<", Fraction(1, 2)).outcome
    'open'
    """
    require(text, str, "text")
    require_choice(relation, get_args(Relation), "relation")
    for name, side in (("left", left), ("right", right)):
        require(side, (Fraction, Enclosure, Estimate), name)
    require(witness, (tuple, type(None)), "witness")
    certain, excluded = _relation_of(*ends(left), relation, *ends(right))
    outcome: Outcome = "holds" if certain else "fails" if excluded else "open"
    reason = "the enclosures of the two sides overlap" if outcome == "open" else None
    if isinstance(left, Estimate) or isinstance(right, Estimate):
        outcome = "rejected" if excluded else "consistent"
        reason = "a side is estimated from samples"
    return Claim(text, outcome, left, relation, right, witness if outcome == "fails" else None, reason, dict(detail))


def sharpened(
    text: str, sides: Callable[[int], tuple[Side, Side]], relation: Relation, bits: int, **detail: Any
) -> Claim:
    """The claim at the first precision that decides it: ``sides`` at ``bits``, then at twice as many, four times.

    Enclosures of tiny probabilities are narrow in absolute terms only and may need more bits than usual.

    >>> def third(bits):
    ...     return Enclosure(Fraction(1, 3) - Fraction(1, 2**bits), Fraction(1, 3)), Fraction(1, 3) - Fraction(1, 2**50)
    >>> compare("at 32 bits", third(32)[0], ">=", third(32)[1]).outcome
    'open'
    >>> sharpened("at as many as it takes", third, ">=", 32).outcome
    'holds'
    """
    for doubling in range(_DOUBLINGS + 1):
        left, right = sides(bits << doubling)
        claim = compare(text, left, relation, right, **detail)
        if claim.outcome != "open":
            break
    return claim


def decided(text: str, verdict: Verdict, **detail: Any) -> Claim:
    """The claim that a verdict of ``tropical`` decides: ``proved`` holds, ``refuted`` fails with its witness.

    >>> decided("never answered", Verdict("unknown", detail={"reason": "no budget"})).reason
    'no budget'
    """
    require(text, str, "text")
    require(verdict, Verdict, "verdict")
    outcomes: dict[str, Outcome] = {"proved": "holds", "refuted": "fails", "unknown": "open"}
    reason = verdict.detail.get("reason")
    if verdict.certificate is not None:
        detail["certificate"] = verdict.certificate
    return Claim(text, outcomes[verdict.status], witness=verdict.witness, reason=reason, detail=detail)


def undecided(text: str, reason: str) -> Claim:
    """A claim that nothing here decides, and why.

    >>> undecided("F is small", "budget exhausted").outcome
    'open'
    """
    require(text, str, "text")
    require(reason, str, "reason")
    return Claim(text, "open", reason=reason)


def _middle(side: Side) -> Fraction:
    if isinstance(side, Fraction):
        return side
    return Fraction(side.value) if isinstance(side, Estimate) else (side.lower + side.upper) / 2


def ends(side: Side) -> tuple[Fraction, Fraction]:
    """Lower and upper end of a side.

    >>> ends(Fraction(1, 2))
    (Fraction(1, 2), Fraction(1, 2))
    """
    if isinstance(side, Fraction):
        return side, side
    return Fraction(side.lower), Fraction(side.upper)


def _relation_of(
    low_left: Fraction, high_left: Fraction, relation: Relation, low_right: Fraction, high_right: Fraction
) -> tuple[bool, bool]:
    """Whether the relation certainly holds, and whether it certainly does not."""
    if relation in (">=", ">"):
        low_left, high_left, low_right, high_right = low_right, high_right, low_left, high_left
    if relation in ("<=", ">="):
        return high_left <= low_right, low_left > high_right
    if relation in ("<", ">"):
        return high_left < low_right, low_left >= high_right
    apart = high_left < low_right or high_right < low_left
    if relation == "agrees with":
        furthest = max(high_left - low_right, high_right - low_left)
        nearest = max(low_left - high_right, low_right - high_left)
        return furthest <= AGREEMENT, nearest > AGREEMENT
    same = low_left == high_left == low_right == high_right
    return (same, apart) if relation == "=" else (apart, same)
