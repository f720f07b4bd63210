"""Extremal quantities of piecewise-linear functions: the Lipschitz constant."""

import math
from dataclasses import dataclass
from fractions import Fraction

from tropical.affine import AffineForm
from tropical.complexes import PolyhedralComplex
from tropical.network import ReLUNetwork
from tropical.rationals import Vector
from tropical.regions import LinearRegion, linear_regions
from tropical.subdivision import polyhedral_complex
from tropical.verdict import Enclosure

_BITS = 64
"""An irrational square root is enclosed to a relative width of about 2^-64."""


@dataclass(frozen=True)
class LipschitzConstant:
    """The least L with |F(x) - F(y)| <= L ||x - y|| for all x, y, the norm on the inputs being ``norm`` (1, 2 or inf).

    ``squared`` is L^2, exact. ``region`` is the first linear region whose gradient attains L.
    """

    norm: int | float
    squared: Fraction
    region: LinearRegion

    @property
    def value(self) -> Fraction | Enclosure:
        """L itself: a Fraction if it is rational, else an enclosure of relative width about 2^-64."""
        return _square_root(self.squared)

    @property
    def gradient(self) -> Vector:
        """A gradient whose dual norm is L."""
        piece = self.region.piece
        assert isinstance(piece, AffineForm)
        return piece.gradient

    def __float__(self) -> float:
        return float(self.value)


def lipschitz_constant(f: ReLUNetwork | PolyhedralComplex, norm: int | float | str = 2) -> LipschitzConstant:
    r"""Return the least L with |F(x) - F(y)| <= L ||x - y||, exactly.

    L = max over the affine pieces of the dual norm of the gradient: along a segment F changes no faster than the
    fastest of the pieces it crosses, and each piece attains its own constant.
    ``norm`` is the norm on the *inputs*, 1, 2 or inf
    (``math.inf`` or ``"inf"``); the gradient is measured in the dual norm: max |g_i|, sqrt(sum g_i^2) or sum |g_i|.
    ``f`` is a scalar network, on all of R^n, or its complex, on the complex's (convex) domain.
    Raises ``ValueError`` for several outputs, another norm, or a complex that is incomplete.

    >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    >>> lipschitz_constant(maximum).squared, lipschitz_constant(maximum, norm="inf").value
    (Fraction(1, 1), Fraction(1, 1))
    >>> plane = ReLUNetwork.from_arrays([[[1, 1]]])
    >>> [float(lipschitz_constant(plane, norm=p)) for p in (1, 2, "inf")]
    [1.0, 1.4142135623730951, 2.0]
    """
    exponent = _norm(norm)
    net = f if isinstance(f, ReLUNetwork) else f.network
    if net.output_dim != 1:
        raise ValueError(
            f"the Lipschitz constant of {net.output_dim} outputs is not offered yet: pick one by output(i)"
        )
    cx = polyhedral_complex(f) if isinstance(f, ReLUNetwork) else f
    best: LipschitzConstant | None = None
    for region in linear_regions(cx):
        assert isinstance(region.piece, AffineForm)
        squared = _dual_norm_squared(region.piece.gradient, exponent)
        if best is None or squared > best.squared:
            best = LipschitzConstant(exponent, squared, region)
    assert best is not None
    return best


def _norm(norm: int | float | str) -> int | float:
    if norm in (1, 2):
        return int(norm)
    if norm in (math.inf, "inf"):
        return math.inf
    raise ValueError(f"norm must be 1, 2 or inf (the norm on the inputs), got {norm!r}")


def _dual_norm_squared(gradient: Vector, norm: int | float) -> Fraction:
    if norm == 2:
        return sum((q * q for q in gradient), Fraction(0))
    sizes = [abs(q) for q in gradient]
    return (max(sizes, default=Fraction(0)) if norm == 1 else sum(sizes, Fraction(0))) ** 2


def _square_root(square: Fraction) -> Fraction | Enclosure:
    """sqrt(p/q) = sqrt(pq)/q, by integer square roots."""
    product, bottom = square.numerator * square.denominator, square.denominator
    root = math.isqrt(product)
    if root * root == product:
        return Fraction(root, bottom)
    shift = max(_BITS - root.bit_length(), 0)
    scaled = math.isqrt(product << 2 * shift)
    return Enclosure(Fraction(scaled, bottom << shift), Fraction(scaled + 1, bottom << shift))
