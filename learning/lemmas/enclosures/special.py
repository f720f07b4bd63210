"""Special functions of the normal and chi-square laws in ball arithmetic."""

from __future__ import annotations

from fractions import Fraction

from flint import arb, fmpq

__all__ = [
    "MOST_ENCLOSED",
    "chi_square_density",
    "chi_square_tail",
    "normal_density",
    "normal_distribution",
    "rational_ball",
]

MOST_ENCLOSED = 3
"""Dimensions up to which `tropical` encloses Gaussian functionals."""


def rational_ball(value: Fraction | int) -> arb:
    """The ball of a rational number at the precision of flint's context."""
    exact = Fraction(value)
    return arb(fmpq(exact.numerator, exact.denominator))


def normal_distribution(t: arb) -> arb:
    """Φ(t).

    >>> normal_distribution(arb(0)).contains(arb("0.5"))
    True
    """
    return (-t / arb(2).sqrt()).erfc() / 2


def normal_density(t: arb) -> arb:
    """ϕ(t) = exp(-t²/2)/√(2π)."""
    return (-t * t / 2).exp() / (2 * arb.pi()).sqrt()


def chi_square_tail(k: int, s: arb) -> arb:
    """Q_k(s) = Pr[χ²_k > s] for k >= 1, s >= 0: Γ(k/2, s/2)/Γ(k/2), by finite sums of elementary functions.

    >>> round(float(chi_square_tail(2, arb(2))), 12)  # exp(-1)
    0.367879441171
    """
    if k < 1:
        raise ValueError(f"Q_k needs k >= 1, got {k}")
    half = s / 2
    if k % 2:
        total, term, start = (half.sqrt()).erfc(), 2 * (half / arb.pi()).sqrt() * (-half).exp(), 3
    else:
        total, term, start = (-half).exp(), half * (-half).exp(), 4
    for degree in range(start, k + 1, 2):
        total += term
        term = term * s / degree
    return total


def chi_square_density(k: int, s: arb) -> arb:
    """The density s^{k/2-1} e^{-s/2} / (2^{k/2} Γ(k/2)) of χ²_k at s > 0.

    >>> round(float(chi_square_density(2, arb(2))), 12)
    0.183939720586
    """
    half = arb(k) / 2
    return s ** (half - 1) * (-s / 2).exp() / (arb(2) ** half * half.gamma())
