"""Answers: a verdict on a statement, a rigorous enclosure of a real number, and a statistical estimate of one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from numbers import Rational
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, get_args

from tropical.arguments import abbreviated, described, require, require_choice
from tropical.notation import cut, html_verdict
from tropical.values import Value

if TYPE_CHECKING:
    from flint import arb

Status = Literal["proved", "refuted", "unknown"]

_REASON = 150  # characters of a reason in repr
_FINEST = 1 << 17  # bits behind the point of the ends of an enclosure


@dataclass(frozen=True, repr=False)
class Verdict(Value):
    """The answer to a question about functions over Q.

    ``proved`` and ``refuted`` hold over Q for the parameters as loaded; anything that could not be decided is
    ``unknown`` with ``detail["reason"]``. ``witness`` is a rational point that refutes, ``certificate`` a replayable
    proof. A verdict has no truth value: compare ``status``. ``==`` goes by all fields, ``hash`` by status and witness.

    >>> Verdict("unknown", detail={"reason": "budget of 1 cell exhausted"})
    Verdict('unknown', reason='budget of 1 cell exhausted')
    """

    status: Status
    witness: tuple[Fraction, ...] | None = None
    certificate: Mapping[str, Any] | None = field(default=None, hash=False)
    detail: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        require_choice(self.status, get_args(Status), "status")
        if self.witness is not None:
            require(self.witness, tuple, "witness", "a tuple of Fractions or None")
        if self.certificate is not None:
            require(self.certificate, Mapping, "certificate", "a mapping or None")
        require(self.detail, Mapping, "detail", "a mapping")
        object.__setattr__(self, "detail", MappingProxyType(dict(self.detail)))

    def __bool__(self) -> bool:
        raise TypeError("a Verdict has three values; compare verdict.status with 'proved', 'refuted' or 'unknown'")

    def _repr_html_(self) -> str:
        return html_verdict(self.status, self.witness, self.certificate is not None, self.detail)

    def __repr__(self) -> str:
        reason = self.detail.get("reason")
        return f"Verdict({self.status!r}" + (f", reason={cut(str(reason), _REASON)!r})" if reason else ")")


@dataclass(frozen=True, repr=False)
class Enclosure(Value):
    """A real number known to lie in [lower, upper], both rational; ``==`` and ``hash`` go by these ends.

    >>> Enclosure(Fraction(1, 3), Fraction(1, 2)).width
    Fraction(1, 6)
    """

    lower: Fraction
    upper: Fraction

    def __post_init__(self) -> None:
        for name, end in (("lower", self.lower), ("upper", self.upper)):
            if isinstance(end, bool) or not isinstance(end, Rational):
                raise ValueError(f"{name} end of an enclosure must be a rational number, got {described(end)}")
        if self.lower > self.upper:
            ends = f"[{abbreviated(self.lower)}, {abbreviated(self.upper)}]"
            raise ValueError(f"an enclosure needs lower <= upper, got {ends}")

    @property
    def width(self) -> Fraction:
        """upper - lower."""
        return self.upper - self.lower

    @classmethod
    def from_ball(cls, ball: "arb") -> "Enclosure":
        """The real numbers of a ball of python-flint; ``ValueError`` unless its radius is finite.

        The ends are those of the ball, rounded outwards to multiples of 2^-131072: exp(-10^10) has no short fraction.

        >>> from flint import arb
        >>> float(Enclosure.from_ball(arb.pi()))
        3.141592653589793
        """
        from flint import arb

        require(ball, arb, "ball", "a real ball of python-flint")
        if not ball.is_finite():
            raise ValueError(f"an enclosure needs a finite ball, got {ball}")
        (lower, upper), (_, radius) = _dyadic_ends(ball.mid()), _dyadic_ends(ball.rad())
        return cls(lower - radius, upper + radius)

    def to_ball(self) -> "arb":
        """A ball that contains the enclosure, rounded outwards to the precision of the current context of flint."""
        from flint import arb, fmpq

        lower, upper = (arb(fmpq(end.numerator, end.denominator)) for end in (self.lower, self.upper))
        return lower.union(upper)

    def __contains__(self, value: Fraction) -> bool:
        return self.lower <= value <= self.upper

    def __float__(self) -> float:
        return float((self.lower + self.upper) / 2)


@dataclass(frozen=True, repr=False)
class Estimate(Value):
    """A real number estimated from ``samples`` draws: [lower, upper] covers it with probability ``confidence``.

    Statistical, never a proof. ``==`` and ``hash`` go by all fields.
    """

    value: float
    lower: float
    upper: float
    confidence: float
    samples: int

    def __float__(self) -> float:
        return self.value


def _dyadic_ends(number: "arb") -> tuple[Fraction, Fraction]:
    """A number below and one above, multiples of a power of two that is not too small."""
    mantissa, exponent = map(int, number.man_exp())
    below, above = mantissa, mantissa
    if exponent < -_FINEST:
        shift = -_FINEST - exponent
        below, above, exponent = mantissa >> shift, -(-mantissa >> shift), -_FINEST
    return Fraction(below) * Fraction(2) ** exponent, Fraction(above) * Fraction(2) ** exponent
