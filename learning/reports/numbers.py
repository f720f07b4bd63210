"""Exact and enclosed numbers as short text, rounded for readers and said to be so."""

from __future__ import annotations

import math
from fractions import Fraction

from learning.lemmas.framework.claim import Claim, Side
from tropical import Enclosure

__all__ = ["choice_text", "claim_text", "side_dict", "side_text"]

_LONGEST = 24  # characters of a fraction that is printed exactly


def side_text(side: Side) -> str:
    """A side of a claim for readers.

    >>> side_text(Fraction(3, 4)), side_text(Enclosure(Fraction(1, 3), Fraction(1, 3) + Fraction(1, 10**20)))
    ('3/4', '0.333333333333 ± 5e-21')
    >>> from tropical import Estimate
    >>> side_text(Estimate(0.5, 0.4, 0.6, 0.99, 100))
    '0.5 in [0.4, 0.6] at 99 % (100 draws)'
    """
    if isinstance(side, Fraction):
        return _rational_text(side)
    if isinstance(side, Enclosure):
        radius = float(side.width / 2)
        return f"{float(side):.12g} ± {radius:.1g}" if side.width else _rational_text(side.lower)
    interval = f"[{side.lower:.4g}, {side.upper:.4g}]"
    return f"{side.value:.4g} in {interval} at {100 * side.confidence:.10g} % ({side.samples} draws)"


def _rational_text(value: Fraction) -> str:
    if value.denominator.bit_length() + value.numerator.bit_length() < 3 * _LONGEST and len(str(value)) <= _LONGEST:
        return str(value)
    return f"≈ {float(value):.12g}"


def side_dict(side: Side | None) -> dict[str, object] | None:
    """A side of a claim for machines: rationals as "p/q" in hexadecimal, which has no limit of digits.

    >>> side_dict(Fraction(-3, 4))
    {'kind': 'rational', 'value': '-0x3/0x4', 'decimal': -0.75}
    """
    if side is None:
        return None
    if isinstance(side, Fraction):
        return {"kind": "rational", "value": _hex(side), "decimal": _decimal(side)}
    if isinstance(side, Enclosure):
        ends = {"lower": _hex(side.lower), "upper": _hex(side.upper)}
        return {"kind": "enclosure", **ends, "decimal": float(side), "width": float(side.width)}
    interval = {"lower": side.lower, "upper": side.upper, "confidence": side.confidence, "samples": side.samples}
    return {"kind": "estimate", "decimal": side.value, **interval}


def choice_text(value: object, longest: int = 200) -> str:
    """A choice of a check for readers: rationals as p/q, rows in brackets, cut where it is long.

    >>> choice_text({"W": ((Fraction(1, 2), Fraction(0)),)})
    '{W: ((1/2, 0))}'
    """
    text = _nested(value)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _nested(value: object) -> str:
    if isinstance(value, (tuple, list)):
        return "(" + ", ".join(map(_nested, value)) + ")"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_nested(entry)}" for key, entry in value.items()) + "}"
    return str(value)


def claim_text(claim: Claim) -> str:
    """What a claim compared, in one line.

    >>> from learning.lemmas.framework.claim import compare
    >>> claim_text(compare("pieces, at most 2^S", Fraction(3), "<=", Fraction(4)))
    '3 <= 4'
    """
    if claim.left is None or claim.right is None:
        return claim.reason or "decided symbolically"
    return f"{side_text(claim.left)} {claim.relation} {side_text(claim.right)}"


def _hex(value: Fraction) -> str:
    return f"{value.numerator:#x}/{value.denominator:#x}"


def _decimal(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
