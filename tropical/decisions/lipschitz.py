"""The Lipschitz constant of a piecewise-linear function: exact, or enclosed where it is an eigenvalue."""

import math
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import fmpq, fmpq_mat, fmpq_poly
from numpy.typing import NDArray

from tropical.activation.complexes import PolyhedralComplex, require_complete
from tropical.activation.gradient_bounds import gradient_bounds
from tropical.activation.regions import LinearRegion, cells_by_region
from tropical.activation.subdivision import polyhedral_complex
from tropical.arguments import abbreviated, is_real
from tropical.arithmetic.quadratic_forms import square_root
from tropical.arithmetic.rationals import Matrix, Vector, as_flint, from_flint, to_flint
from tropical.budget import Budget, BudgetExhausted, Meter, Progress
from tropical.forms.construction import to_network
from tropical.functions.affine import AffineForm, AffineMap
from tropical.functions.function import Function
from tropical.functions.network import ReLUNetwork
from tropical.polyhedra.hull import Hull
from tropical.polyhedra.polyhedron import Polyhedron
from tropical.values import Value, short
from tropical.verdict import Enclosure

_BITS = 64
"""Irrational numbers are enclosed to a relative width of about 2^-64."""


@dataclass(frozen=True, repr=False)
class LipschitzConstant(Value):
    """The least L with ||F(x) - F(y)|| <= L ||x - y|| for all x, y, in the norm ``norm`` (1, 2 or inf).

    ``squared`` is L^2: exact, or an enclosure for several outputs and norm 2. ``region`` is the first linear region
    whose derivative attains L (as far as the enclosure can tell). If a budget ran out, ``incomplete_because`` says so,
    and ``squared`` and ``region`` raise ``ValueError``; ``lower`` and ``upper`` bound L in any case, the upper one
    then by the norms of the layers. ``==`` and ``hash`` go by all fields.
    """

    norm: int | float
    bounds_squared: Enclosure
    attaining: LinearRegion | None
    incomplete_because: str | None = None

    @property
    def complete(self) -> bool:
        """Whether all linear regions were seen."""
        return self.incomplete_because is None

    @property
    def squared(self) -> Fraction | Enclosure:
        """L^2; ``ValueError`` if a budget ran out."""
        self._require_complete()
        return self.bounds_squared if self.bounds_squared.width else self.bounds_squared.lower

    @property
    def region(self) -> LinearRegion:
        """The first linear region whose derivative attains L; ``ValueError`` if a budget ran out."""
        self._require_complete()
        assert self.attaining is not None
        return self.attaining

    @property
    def value(self) -> Fraction | Enclosure:
        """L itself: a Fraction if it is known to be rational, else an enclosure of relative width about 2^-64."""
        return square_root(self.squared) if isinstance(self.squared, Fraction) else self._bounds

    @property
    def lower(self) -> Fraction:
        """A number that L is not below."""
        return self._bounds.lower

    @property
    def upper(self) -> Fraction:
        """A number that L is not above."""
        return self._bounds.upper

    @property
    def _bounds(self) -> Enclosure:
        ends = square_root(self.bounds_squared.lower), square_root(self.bounds_squared.upper)
        lower, upper = (Enclosure(q, q) if isinstance(q, Fraction) else q for q in ends)
        return Enclosure(lower.lower, upper.upper)

    def _require_complete(self) -> None:
        if self.incomplete_because is not None:
            known = f"between {short(self.lower)} and {short(self.upper)}"
            raise ValueError(f"the Lipschitz constant is only known to lie {known}: {self.incomplete_because}")

    @property
    def gradient(self) -> Vector:
        """For one output, a gradient whose dual norm is L; ``ValueError`` for several."""
        rows = _derivative(self.region.complex, self.region.piece)
        if len(rows) != 1:
            raise ValueError(f"there is no single gradient for {len(rows)} outputs: see region.piece")
        return rows[0]

    def __float__(self) -> float:
        return float(self.value)


def lipschitz_constant(
    f: Function | PolyhedralComplex,
    norm: int | float | str = 2,
    domain: Polyhedron | None = None,
    budget: Budget | None = None,
    progress: Progress | None = None,
) -> LipschitzConstant:
    r"""Return the least L with ||F(x) - F(y)|| <= L ||x - y|| on the domain (all of R^n by default).

    L = max over the affine pieces of the operator norm of the derivative: along a segment F changes no faster than
    the fastest of the pieces it crosses, and each piece attains its own constant. ``norm``, on inputs and outputs, is
    1, 2 or inf (``math.inf`` or ``"inf"``): the largest absolute column sum, singular value or row sum; for one
    output with gradient g, max |g_i|, sqrt(sum g_i^2) or sum |g_i|. Exact except for several outputs in norm 2.
    ``f`` may be a complex, whose (convex) domain then counts. Where the domain has equations only differences x - y
    along it count, so that a fixed input does not; unless they fix inputs and nothing else, norm 2 is the only one.
    If ``budget`` runs out, the result is not ``complete``: ``lower`` comes from the cells seen, ``upper`` from the
    product of the norms of the layers.
    Raises ``ValueError`` for another norm, an incomplete complex, a complex together with a domain, or norms 1 and inf
    on a domain with equations in several inputs.

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
    meter = Meter(budget, progress)
    if not isinstance(f, PolyhedralComplex):
        cx = polyhedral_complex(to_network(f), domain, meter.rest(), progress)
    elif domain is not None:
        raise ValueError("a complex has its own domain: give a function together with a domain, or a complex")
    else:
        cx = f
        require_complete(cx)
    if exponent != 2 and not _fixes_inputs_only(cx.chart.hull):
        raise ValueError(f"norm must be 2 on a domain with equations in several inputs, got {abbreviated(norm)}")
    if not cx.complete:
        return _partial(cx, exponent, meter.budget, str(cx.incomplete_because))
    best: tuple[Enclosure, LinearRegion] | None = None
    largest = Fraction(0)
    try:
        order, begins = cells_by_region(cx, meter)
        ends = np.append(begins[1:], len(order))
        for number in meter.timed(_possible(cx, order[begins], exponent, meter)):
            region = LinearRegion(tuple(order[begins[number] : ends[number]].tolist()), cx)
            found = _norm_squared(_derivative(cx, region.piece), exponent)
            largest = max(largest, found.upper)
            if best is None or found.lower > best[0].lower:
                best = found, region
    except BudgetExhausted as stop:
        return _partial(cx, exponent, meter.budget, str(stop))
    assert best is not None
    return LipschitzConstant(exponent, Enclosure(best[0].lower, largest), best[1])


def _possible(cx: PolyhedralComplex, cells: NDArray[np.int64], norm: int | float, meter: Meter) -> list[int]:
    """Which of the cells may have the derivative of largest norm."""
    if not _fixes_inputs_only(cx.chart.hull):
        return list(range(len(cells)))
    net = cx._in_chart if cx.chart.hull.equations else cx.network
    jacobians, errors = gradient_bounds(net, cx._table, cells, meter)
    lower = _float_norms(np.maximum(np.abs(jacobians) - errors, 0), norm)
    upper = _float_norms(np.abs(jacobians) + errors, norm)
    if norm == 2:
        lower /= math.sqrt(max(min(jacobians.shape[1:]), 1))
    return np.flatnonzero(~(upper * (1 + 1e-9) < lower.max() * (1 - 1e-9))).tolist()


def _float_norms(entries: NDArray[np.float64], norm: int | float) -> NDArray[np.float64]:
    """Norms of matrices of numbers >= 0, up to rounding; for norm 2 that of Frobenius, at most sqrt(rank) times it."""
    if norm == 2:
        return np.asarray(np.sqrt((entries**2).sum(axis=(1, 2))))
    return np.asarray(entries.sum(axis=1 if norm == 1 else 2).max(axis=1, initial=0))


def _partial(cx: PolyhedralComplex, norm: int | float, budget: Budget, reason: str) -> LipschitzConstant:
    """From below by as many of the cells as a second allows, if time is what ran out; from above by the layers."""
    grace = Meter(Budget(seconds=None if budget.seconds is None else 1))
    lower, upper = Fraction(0), _layers_squared(cx.network, norm)
    with suppress(BudgetExhausted):
        for signs in cx.pattern_array[: budget.cells]:
            grace.check_time()
            derivative = _derivative(cx, cx._affine_map(tuple(signs.tolist())))
            lower = max(lower, _norm_squared(derivative, norm).lower)
    return LipschitzConstant(norm, Enclosure(lower, upper), None, reason)


def _layers_squared(net: ReLUNetwork, norm: int | float) -> Fraction:
    """The product over the layers of bounds on the square of the norm of W, its rows times their steeper slopes.

    In norm 2 that of Frobenius, or the geometric mean of those in norms 1 and inf.
    """
    product = fmpq(1)
    for layer in net.layers:
        steep = fmpq_mat(1, layer.output_dim, [max(map(abs, map(as_flint, pair))) for pair in layer.slopes])
        sizes = fmpq_mat(layer.output_dim, layer.input_dim, list(map(abs, layer.exact_weight.entries())))
        sums = (sizes * fmpq_mat(layer.input_dim, 1, [1] * layer.input_dim)).entries()
        row = max(s * total for s, total in zip(steep.entries(), sums, strict=True))
        column = max((steep * sizes).entries())
        squares = fmpq_mat(layer.output_dim, layer.input_dim, [q * q for q in sizes.entries()])
        frobenius = sum((fmpq_mat(1, layer.output_dim, [s * s for s in steep.entries()]) * squares).entries(), fmpq(0))
        product *= column**2 if norm == 1 else row**2 if norm == math.inf else min(frobenius, column * row)
    return Fraction(int(product.p), int(product.q))


def _norm(norm: int | float | str) -> int | float:
    if is_real(norm) and norm in (1, 2):
        return int(norm)
    if isinstance(norm, str | float) and norm in (math.inf, "inf"):
        return math.inf
    raise ValueError(f"norm must be 1, 2 or inf (the norm on the inputs), got {abbreviated(norm)}")


def _derivative(cx: PolyhedralComplex, piece: AffineForm | AffineMap) -> Matrix:
    """The Jacobian of a piece, its rows projected to the directions along the affine hull of the domain."""
    rows = tuple(form.gradient for form in piece.forms) if isinstance(piece, AffineMap) else (piece.gradient,)
    return from_flint(to_flint(rows) * cx.chart.projection) if cx.chart.hull.equations else rows


def _fixes_inputs_only(hull: Hull) -> bool:
    """Whether each equation, if there is any, fixes one input: then the norms are those in the other inputs."""
    return all(sum(map(bool, row[1:])) == 1 for row in hull.equations)


def _norm_squared(jacobian: Matrix, norm: int | float) -> Enclosure:
    """The square of the operator norm."""
    if norm == 2:
        return _largest_eigenvalue(jacobian)
    lines = zip(*jacobian, strict=True) if norm == 1 else jacobian
    exact = max((sum(map(abs, line), Fraction(0)) for line in lines), default=Fraction(0)) ** 2
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
