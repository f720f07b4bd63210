"""Arcs on which a bias-free function of the plane is linear, exactly, and integrals over them in ball arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, cmp_to_key
from itertools import pairwise
from math import gcd
from typing import Any

from flint import acb, arb

from learning.lemmas.enclosures.special import normal_density, normal_distribution, rational_ball
from learning.lemmas.rational_subspaces import Vector, inner
from tropical import AffineForm, AffineMap, ReLUNetwork, enclosed_integral, polyhedral_complex

__all__ = [
    "Arc",
    "PlanarArcs",
    "Symmetric",
    "circle_mean",
    "circle_moment",
    "filtered_by_arcs",
    "mean_square",
    "owen_t",
    "planar_arcs",
]

Pair = tuple[Fraction, Fraction]
Ray = tuple[int, int]
Symmetric = tuple[arb, arb, arb]
"""Entries (1, 1), (1, 2), (2, 2) of a symmetric matrix in the orthonormal frame b_i/|b_i|."""
Radial = Callable[[Any], Any]
"""A function of a ball, real or complex, to such a ball: the functions of `special` serve both."""

_TOLERANCE = arb(2) ** -80
"""Error aimed at by one integral; what is reached is in the radius of its ball."""


@dataclass(frozen=True)
class Arc:
    """Directions t_1 b_1 + t_2 b_2 from ``start`` counterclockwise to ``end``; there F = c_1 t_1 + c_2 t_2 (``form``).

    F has no zero strictly between the ends, or is 0 on all of the arc.
    """

    start: Ray
    end: Ray
    form: Pair

    def value(self, ray: Ray) -> Fraction:
        """F at a ray of the arc."""
        return self.form[0] * ray[0] + self.form[1] * ray[1]


@dataclass(frozen=True)
class PlanarArcs:
    """All arcs of F on the plane of two orthogonal rational vectors b_1, b_2; they cover the circle once."""

    basis: tuple[Vector, Vector]
    arcs: tuple[Arc, ...]

    @cached_property
    def squares(self) -> Pair:
        """|b_1|², |b_2|²."""
        return inner(self.basis[0], self.basis[0]), inner(self.basis[1], self.basis[1])

    @property
    def nonzero(self) -> tuple[Arc, ...]:
        """The arcs on which F is not 0."""
        return tuple(arc for arc in self.arcs if any(arc.form))


def planar_arcs(net: ReLUNetwork, basis: Sequence[Vector]) -> PlanarArcs:
    """The arcs of a homogeneous F: R^d -> R that depends on both of two orthogonal rational vectors, and on no more.

    Rays are those of the activation regions of F restricted to the plane; on an arc between two neighbours F is the
    linear function with the right values at both. Raises ``ValueError`` unless there are two vectors.

    >>> from learning.instances import parity
    >>> one, zero = Fraction(1), Fraction(0)
    >>> arcs = planar_arcs(parity(2, 2, seed=None), [(one, zero), (zero, one)]).arcs
    >>> [(arc.start, arc.end, *map(str, arc.form)) for arc in arcs][:2]
    [((1, 1), (0, 1), '1', '0'), ((0, 1), (-1, 1), '1', '0')]
    """
    if len(basis) != 2:
        raise ValueError(f"arcs need the two vectors of a plane, got {len(basis)}")
    columns = AffineMap(tuple(AffineForm(pair) for pair in zip(*basis, strict=True)))
    plane = net.compose(columns)
    cells = polyhedral_complex(plane).cells
    rays = _counterclockwise({_primitive(ray) for cell in cells for ray in cell.rays})
    values = dict(zip(rays, (row[0] for row in plane.evaluate_exact(rays)), strict=True))
    split = [arc for a, b in pairwise([*rays, rays[0]]) for arc in _split(a, b, values[a], values[b])]
    return PlanarArcs((basis[0], basis[1]), tuple(_merged(split)))


def _primitive(vector: Iterable[Fraction]) -> Ray:
    x, y = vector
    scale = x.denominator * y.denominator
    a, b = int(x * scale), int(y * scale)
    common = gcd(a, b)
    return a // common, b // common


def _counterclockwise(rays: Iterable[Ray]) -> list[Ray]:
    """Rays by angle in [0, 2π), decided by signs of determinants."""

    def compare(p: Ray, q: Ray) -> int:
        halves = [r[1] < 0 or (r[1] == 0 and r[0] < 0) for r in (p, q)]
        return halves[0] - halves[1] or q[0] * p[1] - q[1] * p[0]

    return sorted(rays, key=cmp_to_key(compare))


def _split(a: Ray, b: Ray, at_a: Fraction, at_b: Fraction) -> list[Arc]:
    """The arc from a to b, less than half a turn, cut where F = 0."""
    turn = a[0] * b[1] - a[1] * b[0]
    form = (at_a * b[1] - at_b * a[1]) / turn, (at_b * a[0] - at_a * b[0]) / turn
    if at_a * at_b >= 0:
        return [Arc(a, b, form)]
    zero = _primitive(p * abs(at_b) + q * abs(at_a) for p, q in zip(a, b, strict=True))
    return [Arc(a, zero, form), Arc(zero, b, form)]


def _merged(arcs: list[Arc]) -> list[Arc]:
    """Neighbours with one form joined where F is not 0 between them."""
    joined: list[Arc] = []
    for arc in arcs:
        if joined and joined[-1].form == arc.form and arc.value(arc.start):
            joined[-1] = Arc(joined[-1].start, arc.end, arc.form)
        else:
            joined.append(arc)
    if joined[0].form == joined[-1].form and joined[0].value(joined[0].start):
        joined[0] = Arc(joined.pop().start, joined[0].end, joined[0].form)
    return joined


def owen_t(h: arb, a: arb) -> arb:
    """Owen's T(h, a) = (1/2π) ∫_0^a exp(-h²(1 + x²)/2)/(1 + x²) dx for h >= 0 and finite a.

    Beyond a = 1 by T(h, a) + T(ah, 1/a) = (Φ(h) + Φ(ah))/2 - Φ(h)Φ(ah). Owen (1956), *Ann. Math. Stat.* 27.

    >>> round(float(owen_t(arb(0), arb(1))), 12), round(float(owen_t(arb(1), arb(-3))), 9)
    (0.125, -0.079299505)
    """
    if not abs(a) > 1:
        return _integral(lambda x: (-h * h * (1 + x * x) / 2).exp() / (1 + x * x), arb(0), a) / (2 * arb.pi())
    if a < 0:
        return -owen_t(h, -a)
    first, second = normal_distribution(h), normal_distribution(a * h)
    return (first + second) / 2 - first * second - owen_t(a * h, 1 / a)


def _integral(integrand: Callable[[acb], acb], start: arb, end: arb) -> arb:
    """∫ of a meromorphic function that is real on the real line, rigorously."""
    return enclosed_integral(lambda x, _: integrand(x), start, end, _TOLERANCE).real


@dataclass(frozen=True)
class _End:
    """tan θ, cos² θ and 1/F(u)² at an end of an arc, θ measured from the gradient of |F|."""

    tangent: arb
    cosine_squared: arb
    inverse_square: arb


@dataclass(frozen=True)
class _Frame:
    """|F| = ρ r cos θ on an arc from ``start`` to ``end``, None where F = 0 there (θ = -π/2 or π/2)."""

    rho: arb
    direction: tuple[arb, arb]
    start: _End | None
    end: _End | None

    def turned(self, a: arb, b: arb, d: arb) -> Symmetric:
        """The matrix ((a, b), (b, d)) in the basis (g, g⊥), in the frame b_i/|b_i|."""
        c, s = self.direction
        across = c * s * (a - d) + (c * c - s * s) * b
        return c * c * a - 2 * c * s * b + s * s * d, across, s * s * a + 2 * c * s * b + c * c * d


def _frame(plane: PlanarArcs, arc: Arc) -> _Frame:
    n1, n2 = plane.squares
    middle = arc.start[0] + arc.end[0], arc.start[1] + arc.end[1]
    sign = 1 if arc.value(middle if any(middle) else (-arc.start[1], arc.start[0])) > 0 else -1
    c1, c2 = sign * arc.form[0], sign * arc.form[1]
    square = c1 * c1 / n1 + c2 * c2 / n2
    rho, area = rational_ball(square).sqrt(), rational_ball(n1 * n2).sqrt()

    def end_of(ray: Ray) -> _End | None:
        value, length = c1 * ray[0] + c2 * ray[1], ray[0] ** 2 * n1 + ray[1] ** 2 * n2
        if not value:
            return None
        tangent = rational_ball((c1 * ray[1] * n2 - c2 * ray[0] * n1) / value) / area
        return _End(tangent, rational_ball(value**2 / (square * length)), rational_ball(length / value**2))

    direction = [rational_ball(c) / (rational_ball(n).sqrt() * rho) for c, n in ((c1, n1), (c2, n2))]
    return _Frame(rho, (direction[0], direction[1]), end_of(arc.start), end_of(arc.end))


def filtered_by_arcs(plane: PlanarArcs, tau: Fraction) -> tuple[arb, Symmetric]:
    """p = Pr[|F| > τ] and M = E[1_{|F| > τ}(xxᵀ - I)] on the plane for τ > 0, by the closed arc form of THEORY L8.

    >>> from learning.instances import parity
    >>> one, zero = Fraction(1), Fraction(0)
    >>> plane = planar_arcs(parity(2, 2, seed=None), [(one, zero), (zero, one)])
    >>> p, (m11, m12, m22) = filtered_by_arcs(plane, Fraction(1))
    >>> round(float(p), 12), round(float(m11), 12), m12.contains(0)  # q², q·2τϕ(τ) with q = 2Φ(-τ)
    (0.1006859584, 0.15355970697, True)
    """
    probability, total = arb(0), [arb(0)] * 3
    for arc in plane.nonzero:
        frame = _frame(plane, arc)
        h = rational_ball(tau) / frame.rho
        ends = _primitives(h, tau, frame.start, -1), _primitives(h, tau, frame.end, 1)
        owen, j, sine, cosine = (b - a for a, b in zip(*ends, strict=True))
        probability += owen
        total = _sum(total, frame.turned(j + sine, -cosine, -sine))
    m11, m12, m22 = (entry / (2 * arb.pi()) for entry in total)
    return probability, (m11, m12, m22)


def _primitives(h: arb, tau: Fraction, end: _End | None, side: int) -> tuple[arb, arb, arb, arb]:
    """T(h, tan θ), J, e sin θ cos θ and e cos² θ of THEORY L8 at an end; ``side``: sign of tan θ where F = 0."""
    factor = 2 * arb.pi() * h * normal_density(h)
    if end is None:
        return side * normal_distribution(-h) / 2, factor * (1 + side) / 2, arb(0), arb(0)
    cosine = (-(rational_ball(tau) ** 2) * end.inverse_square / 2).exp() * end.cosine_squared
    phi = normal_distribution(h * end.tangent)
    return owen_t(h, end.tangent), factor * phi, cosine * end.tangent, cosine


def circle_moment(plane: PlanarArcs, tau: Fraction, radial: Radial) -> Symmetric:
    """E_u[f(s) uuᵀ] by quadrature, s = τ²/F(u)², u uniform on the circle; f(∞) = 0 where F(u) = 0.

    f = ``radial`` is analytic, real on the real line, and nonnegative and decreasing beyond s = 100. With t = tan θ
    from the gradient of an arc, s = h²(1 + t²), h = τ/ρ, and dθ = dt/(1 + t²); what lies beyond s = 128 is bounded.
    """
    total = [arb(0)] * 3
    for arc in plane.nonzero:
        frame = _frame(plane, arc)
        h = rational_ball(tau) / frame.rho
        cut = arb(1).max(arb(128).sqrt() / h).upper()
        tails = radial(acb(h * h * (1 + cut * cut))).real / cut
        start, far_start = _clipped(frame.start, cut, -1)
        end, far_end = _clipped(frame.end, cut, 1)
        entries = [_power_integral(radial, h, power, start, end) for power in (0, 1, 2)]
        spread = arb(0, (tails * (far_start + far_end)).upper())
        total = _sum(total, frame.turned(*(entry + spread for entry in entries)))
    m11, m12, m22 = (entry / (2 * arb.pi()) for entry in total)
    return m11, m12, m22


def circle_mean(plane: PlanarArcs, tau: Fraction, radial: Radial) -> arb:
    """E_u[f(s)], the trace of :func:`circle_moment`.

    >>> from learning.instances import parity
    >>> one, zero = Fraction(1), Fraction(0)
    >>> plane = planar_arcs(parity(2, 2, seed=None), [(one, zero), (zero, one)])
    >>> round(float(circle_mean(plane, one, lambda s: (-s / 2).exp())), 12)  # Pr[|F| > 1] = E Q_2(s)
    0.1006859584
    """
    m11, _, m22 = circle_moment(plane, tau, radial)
    return m11 + m22


def mean_square(plane: PlanarArcs) -> arb:
    """E F(x)² = 2 E_u F(u)² for x ~ N(0, I): Σ ρ²[θ + sin θ cos θ]/2π over the arcs.

    >>> from learning.instances import parity
    >>> one, zero = Fraction(1), Fraction(0)
    >>> plane = planar_arcs(parity(2, 2, seed=None), [(one, zero), (zero, one)])
    >>> round(float(mean_square(plane)), 12)  # 1 - 2/π
    0.363380227632
    """
    total = arb(0)
    for arc in plane.nonzero:
        frame = _frame(plane, arc)
        total += frame.rho**2 * (_swept(frame.end, 1) - _swept(frame.start, -1))
    return total / (2 * arb.pi())


def _swept(end: _End | None, side: int) -> arb:
    """θ + sin θ cos θ at an end."""
    return side * arb.pi() / 2 if end is None else end.tangent.atan() + end.tangent * end.cosine_squared


def _clipped(end: _End | None, cut: arb, side: int) -> tuple[arb, int]:
    """tan θ at an end and 0, or the cut on its side and 1 if the end is not known to lie within the cuts."""
    if end is None:
        return side * cut, 1
    if abs(end.tangent) < cut:
        return end.tangent, 0
    return (cut if end.tangent > 0 else -cut), 1


def _power_integral(radial: Radial, h: arb, power: int, start: arb, end: arb) -> arb:
    """∫ f(h²(1 + t²)) t^power/(1 + t²)² dt: an entry of f uuᵀ in the basis (g, g⊥)."""
    return _integral(lambda t: radial(h * h * (1 + t * t)) * t**power / (1 + t * t) ** 2, start, end)


def _sum(total: list[arb], more: Symmetric) -> list[arb]:
    return [a + b for a, b in zip(total, more, strict=True)]
