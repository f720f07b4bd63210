"""Where a piecewise-linear function of any kind is affine, part by part: the basis of comparing and optimising."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial

from tropical.activation.cutting import cones_of_layers, coordinates
from tropical.activation.integer_layers import IntegerLayer, integer_layers
from tropical.arithmetic.rationals import Matrix, Vector, from_flint, primitive
from tropical.budget import Meter
from tropical.forms.form_signs import Differences, FormTable, clause_masks, sign_parts
from tropical.functions.affine import AffineForm
from tropical.functions.lattice_polynomial import LatticePolynomial
from tropical.functions.network import ReLUNetwork
from tropical.functions.polynomial import TropicalPolynomial
from tropical.functions.rational_map import TropicalRationalMap
from tropical.functions.requirements import Function as Function
from tropical.functions.requirements import output_dim as output_dim
from tropical.polyhedra.cones import Cone, Integers, intersect
from tropical.polyhedra.polyhedron import Polyhedron
from tropical.polyhedra.quotient import Quotient


@dataclass(frozen=True, slots=True)
class LinearPart:
    """A cone over a polyhedron on which a function is affine, and its outputs there as rows (constant, gradient)."""

    cone: Cone
    rows: Matrix


Partition = Callable[[Cone, Meter], Iterator[LinearPart]]


@dataclass(frozen=True)
class MaxMin:
    """F = max over clauses (bit masks) of the minimum of forms, given by their rows (constant, gradient)."""

    rows: Matrix
    clauses: tuple[int, ...]

    @cached_property
    def _table(self) -> FormTable:
        return FormTable(self.rows)

    def signs(self, part: Cone, row: Vector, meter: Meter) -> Iterator[tuple[Cone, int]]:
        """Split ``part`` into parts, each with the sign of F - row in its interior."""
        yield from sign_parts(part, self.clauses, Differences(self._table, row), meter)


def max_min(f: Function) -> MaxMin | None:
    """The function as a maximum of minima, if that is its form."""
    if isinstance(f, LatticePolynomial):
        return MaxMin(rows_of(f.pieces), tuple(clause_masks(f)))
    if isinstance(f, TropicalPolynomial):
        return MaxMin(rows_of(f.terms), tuple(1 << i for i in range(len(f.terms))))
    return None


def linear_parts(f: Function) -> Partition:
    """Return what yields, for a cone, parts with disjoint interiors that cover it, on each of which f is affine."""
    if isinstance(f, ReLUNetwork):
        return partial(_network_parts, integer_layers(f))
    if isinstance(f, TropicalRationalMap):
        polynomials = [rows_of(p.terms) for pair in zip(f.numerators, f.denominators, strict=True) for p in pair]
        return partial(_quotient_parts, polynomials)
    if isinstance(f, TropicalPolynomial):
        return partial(_polynomial_parts, rows_of(f.terms))
    form = max_min(f)
    assert form is not None
    return partial(_max_min_parts, form)


def rows_of(forms: Sequence[AffineForm]) -> Matrix:
    """The rows (constant, gradient) of affine forms."""
    return tuple((form.constant, *form.gradient) for form in forms)


def exact_values(f: Function, x: Sequence[Fraction]) -> Vector:
    """The values of the outputs at one point."""
    value = f(x)
    return value if isinstance(value, tuple) else (value,)


def reduced(functions: Sequence[Function], domain: Polyhedron | None) -> tuple[list[Function], Quotient, Cone]:
    """The functions in coordinates that see only what they depend on, those coordinates, and the domain's cone in them.

    Raises ``ValueError`` if the domain lives on another space.
    """
    seen = tuple(row for f in functions for row in gradients(f))
    quotient, start = coordinates(seen, functions[0].input_dim, domain)
    return [_descended(f, quotient) for f in functions], quotient, start


def point_of(quotient: Quotient, vector: Integers) -> Vector:
    """The point of the original space that a homogeneous vector with positive first entry stands for."""
    return quotient.lift([Fraction(a, vector[0]) for a in vector[1:]])


def _term_parts(rows: Matrix, start: Cone, meter: Meter) -> Iterator[tuple[Cone, Vector]]:
    for i, row in enumerate(rows):
        meter.check_time()
        others = (primitive([a - b for a, b in zip(row, o, strict=True)]) for j, o in enumerate(rows) if j != i)
        cone = intersect(start, others)
        if cone is not None:
            yield cone, row


def _network_parts(layers: Sequence[IntegerLayer], start: Cone, meter: Meter) -> Iterator[LinearPart]:
    for cell in cones_of_layers(layers, start, meter):
        yield LinearPart(cell.cone, from_flint(cell.rows))


def _max_min_parts(form: MaxMin, start: Cone, meter: Meter) -> Iterator[LinearPart]:
    for row in form.rows:
        for cone, sign in form.signs(start, row, meter):
            if sign == 0:
                yield LinearPart(cone, (row,))


def _polynomial_parts(rows: Matrix, start: Cone, meter: Meter) -> Iterator[LinearPart]:
    for cone, row in _term_parts(rows, start, meter):
        yield LinearPart(cone, (row,))


def _quotient_parts(polynomials: Sequence[Matrix], start: Cone, meter: Meter) -> Iterator[LinearPart]:
    pending: list[tuple[Cone, tuple[Vector, ...]]] = [(start, ())]
    while pending:
        cone, rows = pending.pop()
        if len(rows) == len(polynomials):
            differences = (zip(a, b, strict=True) for a, b in zip(rows[::2], rows[1::2], strict=True))
            yield LinearPart(cone, tuple(tuple(p - q for p, q in pair) for pair in differences))
        else:
            parts = _term_parts(polynomials[len(rows)], cone, meter)
            pending += [(part, (*rows, row)) for part, row in parts]


def gradients(f: Function) -> Matrix:
    """Vectors that span what f sees of its input: the weights of the first layer, or the gradients of all forms."""
    if isinstance(f, ReLUNetwork):
        return f.layers[0].weight
    if isinstance(f, TropicalRationalMap):
        return tuple(form.gradient for p in (*f.numerators, *f.denominators) for form in p.terms)
    return tuple(form.gradient for form in (f.pieces if isinstance(f, LatticePolynomial) else f.terms))


def _descended(f: Function, quotient: Quotient) -> Function:
    if isinstance(f, ReLUNetwork):
        return quotient.descend_network(f)
    if isinstance(f, LatticePolynomial):
        return LatticePolynomial([quotient.descend(piece) for piece in f.pieces], f.clauses)
    if isinstance(f, TropicalPolynomial):
        return _descended_polynomial(f, quotient)
    pairs = [[_descended_polynomial(p, quotient) for p in side] for side in (f.numerators, f.denominators)]
    return TropicalRationalMap(*pairs)


def _descended_polynomial(p: TropicalPolynomial, quotient: Quotient) -> TropicalPolynomial:
    return TropicalPolynomial([quotient.descend(term) for term in p.terms])
