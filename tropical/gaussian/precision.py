"""Working precision: doubled until balls are narrow."""

from collections.abc import Callable, Iterable
from fractions import Fraction

from flint import arb, ctx

from tropical.arguments import abbreviated, as_count
from tropical.verdict import Enclosure

_MOST_DOUBLINGS = 3
_MOST_BITS = 1 << 20


def as_bits(bits: int) -> int:
    """A working precision; ``ValueError`` unless it is at least 32, and so small that it can be doubled."""
    found = as_count(bits, "bits, the working precision,", 32)
    if found > _MOST_BITS:
        raise ValueError(f"bits, the working precision, must be at most {_MOST_BITS}, got {abbreviated(bits)}")
    return found


def narrow_enclosures(evaluate: Callable[[], list[arb]], bits: int) -> list[Enclosure]:
    """The balls that ``evaluate`` finds at a working precision of ``bits``, as enclosures.

    If one is wider than 2^(-2 bits/3) times its absolute value (or times 1), at twice that precision, and so on up to
    eight times ``bits``. ``ValueError`` unless ``bits`` >= 32.
    """
    bits = as_bits(bits)
    for doublings in range(_MOST_DOUBLINGS + 1):
        with ctx.workprec(bits << doublings):
            balls = evaluate()
            if all(_is_narrow(ball, bits) for ball in balls):
                break
    return [Enclosure.from_ball(ball) for ball in balls]


def _is_narrow(ball: arb, bits: int) -> bool:
    return bool(2 * ball.rad() * (1 << 2 * bits // 3) <= arb(1).max(abs(ball)))


def combination(terms: Iterable[tuple[Fraction, Enclosure]]) -> Enclosure:
    """sum_i q_i v_i, without rounding."""
    lower = upper = Fraction(0)
    for factor, value in terms:
        ends = factor * value.lower, factor * value.upper
        lower, upper = lower + min(ends), upper + max(ends)
    return Enclosure(lower, upper)


def within_unit_interval(enclosure: Enclosure) -> Enclosure:
    """The part of an enclosure of a probability that lies in [0, 1]."""
    return Enclosure(max(enclosure.lower, Fraction(0)), min(enclosure.upper, Fraction(1)))
