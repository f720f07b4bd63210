"""The Lipschitz constant of a piecewise-linear function: exact, or enclosed where it is an eigenvalue."""

import math
from dataclasses import dataclass
from fractions import Fraction

from flint import fmpq, fmpq_poly

from tropical.activation.complexes import PolyhedralComplex
from tropical.activation.regions import LinearRegion, linear_regions
from tropical.activation.subdivision import polyhedral_complex
from tropical.arguments import abbreviated, is_real
from tropical.arithmetic.quadratic_forms import square_root
from tropical.arithmetic.rationals import Matrix, Vector, to_flint
from tropical.forms.construction import to_network
from tropical.functions.affine import AffineMap
from tropical.functions.function import Function
from tropical.polyhedra.polyhedron import Polyhedron
from tropical.values import Value
from tropical.verdict import Enclosure

_BITS = 64
"""Irrational numbers are enclosed to a relative width of about 2^-64."""


@dataclass(frozen=True, repr=False)
class LipschitzConstant(Value):
    """The least L with ||F(x) - F(y)|| <= L ||x - y|| for all x, y, in the norm ``norm`` (1, 2 or inf).

    ``squared`` is L^2: exact, or an enclosure for several outputs and norm 2. ``region`` is the first linear region
    whose derivative attains L (as far as the enclosure can tell). ``==`` and ``hash`` go by all fields.
    """

    norm: int | float
    squared: Fraction | Enclosure
    region: LinearRegion

    @property
    def value(self) -> Fraction | Enclosure:
        """L itself: a Fraction if it is known to be rational, else an enclosure of relative width about 2^-64."""
        if isinstance(self.squared, Fraction):
            return square_root(self.squared)
        ends = square_root(self.squared.lower), square_root(self.squared.upper)
        lower, upper = (Enclosure(q, q) if isinstance(q, Fraction) else q for q in ends)
        return Enclosure(lower.lower, upper.upper)

    @property
    def gradient(self) -> Vector:
        """For one output, a gradient whose dual norm is L; ``ValueError`` for several."""
        rows = _jacobian(self.region)
        if len(rows) != 1:
            raise ValueError(f"there is no single gradient for {len(rows)} outputs: see region.piece")
        return rows[0]

    def __float__(self) -> float:
        return float(self.value)


def lipschitz_constant(
    f: Function | PolyhedralComplex, norm: int | float | str = 2, domain: Polyhedron | None = None
) -> LipschitzConstant:
    r"""Return the least L with ||F(x) - F(y)|| <= L ||x - y|| on the domain (all of R^n by default).

    L = max over the affine pieces of the operator norm of the derivative: along a segment F changes no faster than
    the fastest of the pieces it crosses, and each piece attains its own constant. ``norm``, on inputs and outputs, is
    1, 2 or inf (``math.inf`` or ``"inf"``): the largest absolute column sum, singular value or row sum; for one
    output with gradient g, max |g_i|, sqrt(sum g_i^2) or sum |g_i|. Exact except for several outputs in norm 2.
    ``f`` may be a complex, whose (convex) domain then counts.
    Raises ``ValueError`` for another norm, an incomplete complex, or a complex together with a domain.

    >>> from tropical import ReLUNetwork
    >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    >>> lipschitz_constant(maximum).squared, lipschitz_constant(maximum, norm="inf").value
    (Fraction(1, 1), Fraction(1, 1))
    >>> plane = ReLUNetwork.from_arrays([[[1, 1]]])
    >>> [float(lipschitz_constant(plane, norm=p)) for p in (1, 2, "inf")]
    [1.0, 1.4142135623730951, 2.0]
    >>> shear = ReLUNetwork.from_arrays([[[1, 1], [0, 1]]])
    >>> lipschitz_constant(shear, norm=1).value, float(lipschitz_constant(shear))  # the golden ratio
    (Fraction(2, 1), 1.618033988749895)
    """
    exponent = _norm(norm)
    if isinstance(f, PolyhedralComplex):
        if domain is not None:
            raise ValueError("a complex has its own domain: give a function together with a domain, or a complex")
        cx = f
    else:
        cx = polyhedral_complex(to_network(f), domain)
    best: tuple[Enclosure, LinearRegion] | None = None
    largest = Fraction(0)
    for region in linear_regions(cx):
        found = _norm_squared(_jacobian(region), exponent)
        largest = max(largest, found.upper)
        if best is None or found.lower > best[0].lower:
            best = found, region
    assert best is not None
    squared = Enclosure(best[0].lower, largest)
    return LipschitzConstant(exponent, squared if squared.width else squared.lower, best[1])


def _norm(norm: int | float | str) -> int | float:
    if is_real(norm) and norm in (1, 2):
        return int(norm)
    if isinstance(norm, str | float) and norm in (math.inf, "inf"):
        return math.inf
    raise ValueError(f"norm must be 1, 2 or inf (the norm on the inputs), got {abbreviated(norm)}")


def _jacobian(region: LinearRegion) -> Matrix:
    piece = region.piece
    return tuple(form.gradient for form in piece.forms) if isinstance(piece, AffineMap) else (piece.gradient,)


def _norm_squared(jacobian: Matrix, norm: int | float) -> Enclosure:
    """The square of the operator norm."""
    if norm == 2:
        return _largest_eigenvalue(jacobian)
    lines = zip(*jacobian, strict=True) if norm == 1 else jacobian
    exact = max(sum(map(abs, line), Fraction(0)) for line in lines) ** 2
    return Enclosure(exact, exact)


def _largest_eigenvalue(rows: Matrix) -> Enclosure:
    """That of J J^T or J^T J, whichever is smaller: its characteristic polynomial p has real roots only.

    Hence by Descartes' rule all roots are <= t iff no coefficient of p(x + t) is negative: bisection is exact.
    """
    small = rows if len(rows) <= len(rows[0]) else tuple(zip(*rows, strict=True))
    gram = to_flint(small) * to_flint(small).transpose()
    trace = sum((gram[i, i] for i in range(len(small))), fmpq(0))
    if len(small) == 1 or not trace:
        exact = Fraction(int(trace.p), int(trace.q))
        return Enclosure(exact, exact)
    polynomial = gram.charpoly()
    lower, upper = trace / len(small), trace
    while (upper - lower) * 2**_BITS > lower:
        middle = (lower + upper) / 2
        shifted = polynomial(fmpq_poly([middle, 1]))
        if all(coefficient >= 0 for coefficient in shifted.coeffs()):
            upper = middle
        else:
            lower = middle
    return Enclosure(Fraction(int(lower.p), int(lower.q)), Fraction(int(upper.p), int(upper.q)))
