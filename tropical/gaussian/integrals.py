"""The one-dimensional integrals behind Gaussian measures, by ball arithmetic at the precision of the moment."""

from dataclasses import dataclass, field

from flint import acb, arb, ctx, fmpq

from tropical.budget import Meter
from tropical.gaussian.quadrature import enclosed_integral

End = tuple[int, fmpq] | None
"""A signed distance as (sign, square); None is plus infinity."""


def density(square: fmpq) -> arb:
    """phi(t) = exp(-t^2/2)/sqrt(2 pi), given t^2."""
    return (-arb(square) / 2).exp() / (2 * arb.pi()).sqrt()


def upper_tail(square: fmpq) -> arb:
    """Phi(-t) for t >= 0, given t^2."""
    return (arb(square) / 2).sqrt().erfc() / 2


@dataclass
class Integrals:
    """Values already found at the current precision: neighbouring polyhedra ask for the same ones.

    Raises :class:`tropical.budget.BudgetExhausted` in the middle of an integral once the time of ``meter`` is over.
    """

    meter: Meter
    _owen: dict[tuple[fmpq, fmpq], arb] = field(default_factory=dict)
    _edges: dict[tuple[fmpq, fmpq, frozenset[End]], arb] = field(default_factory=dict)

    def owen(self, height: fmpq, end: End) -> arb:
        """Owen's T(h, t/h) = 1/2pi int_0^{t/h} exp(-h^2 (1 + u^2)/2)/(1 + u^2) du for h^2 = ``height`` > 0.

        It is odd in t, and T(h, t/h) + T(t, h/t) = (p + q)/2 - p q with p = Phi(-h), q = Phi(-t) for t > 0.
        """
        if end is None:
            return upper_tail(height) / 2
        sign, square = end
        if sign == 0:
            return arb(0)
        if square <= height:
            return sign * self._short_owen(height, square)
        p, q = upper_tail(height), upper_tail(square)
        return sign * ((p + q) / 2 - p * q - self._short_owen(square, height))

    def _short_owen(self, height: fmpq, square: fmpq) -> arb:
        """T(h, t/h) for 0 < t <= h."""
        key = height, square
        if key not in self._owen:
            exponent = -arb(height) / 2

            def integrand(u: acb, _: bool) -> acb:
                self.meter.check_time()
                return (exponent * u * u).exp() / (1 + u * u)

            area = enclosed_integral(integrand, 0, arb(square / height).sqrt()).real
            self._owen[key] = exponent.exp() * area / (2 * arb.pi())
        return self._owen[key]

    def edge(self, height: fmpq, offset: fmpq, ends: tuple[End, End]) -> arb:
        """(h/4pi) int erfc(s/sqrt 2)/s dangle over an edge.

        The edge lies in a plane at distance h > 0 from 0, h^2 = ``height``, on a line at distance d > 0 from the foot
        of 0 in that plane, d^2 = ``offset``, and goes as far as ``ends`` in both directions from the point nearest to
        that foot. s is the distance from 0, and the angle is the one seen from the foot.
        """
        key = height, offset, frozenset(ends)
        if key not in self._edges:
            scale = arb(height).sqrt() / (4 * arb.pi())
            self._edges[key] = scale * _edge_integral(height, offset, ends, self.meter)
        return self._edges[key]


def _edge_integral(height: fmpq, offset: fmpq, ends: tuple[End, End], meter: Meter) -> arb:
    """int erfc(s/sqrt 2)/s dangle. At d sinh v on the edge s^2 = h^2 + d^2 cosh^2 v and dangle = dv/cosh v.

    Where s is so large that erfc vanishes at this precision, the rest lies between 0 and its value times two right
    angles.
    """
    negligible = fmpq(3 * (ctx.prec + 16), 2)  # erfc(s/sqrt 2) < exp(-s^2/2) < 2^-prec once s^2 exceeds this
    reach = max(negligible - height - offset, fmpq(0))
    clipped = [end if end is not None and end[1] <= reach else (end[0] if end else 1, reach) for end in ends]
    stop, back = (sign * arb(square / offset).sqrt().asinh() for sign, square in clipped)
    near, across, root_half = arb(height), arb(offset), arb(0.5).sqrt()

    def integrand(v: acb, analytic: bool) -> acb:
        meter.check_time()
        c = v.cosh()
        s = (near + across * c * c).sqrt(analytic=analytic)
        return (s * root_half).erfc() / (c * s)

    total = enclosed_integral(integrand, -back, stop).real
    if clipped != list(ends):
        distance = arb(height + offset + reach).sqrt()
        total += arb(0).union((distance / arb(2).sqrt()).erfc() / distance * arb.pi())
    return total
