"""The exact maximum of a piecewise-linear function without constants on the unit sphere."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tropical.arithmetic.quadratic_forms import FibreForm, square_root, steepest_part
from tropical.arithmetic.rationals import Vector, primitive
from tropical.budget import Budget, Meter, Progress
from tropical.decisions.comparison import require_comparable
from tropical.forms.form_signs import spanning_vectors
from tropical.forms.parts import common_parts, in_chart
from tropical.functions.function import Function
from tropical.functions.requirements import require_scalar
from tropical.polyhedra.chart import Chart
from tropical.polyhedra.cones import Cone, Integers
from tropical.values import Value
from tropical.verdict import Enclosure


@dataclass(frozen=True, repr=False)
class SphereMaximum(Value):
    """max {|f(x)| : ||x|| = 1}, attained at ``direction``, a primitive integer vector.

    ``squared`` is the square of the maximum: f(direction)^2 = squared * ||direction||^2, exactly.
    ``==`` and ``hash`` go by both.
    """

    squared: Fraction
    direction: Vector

    @property
    def value(self) -> Fraction | Enclosure:
        """The maximum itself: a Fraction if it is rational, else an enclosure of relative width about 2^-64."""
        return square_root(self.squared)

    def __float__(self) -> float:
        return float(self.value)


def sphere_maximum(
    f: Function, g: Function | None = None, *, budget: Budget | None = None, progress: Progress | None = None
) -> SphereMaximum:
    r"""Return max {|f(x)| : ||x|| = 1} over R^n, or that of |f - g|; it is the least c with |f(x)| <= c ||x||.

    Every piece x -> <a, x> must be without constant. On a cone C the maximum of <a, x> / ||x|| is the norm of the
    projection of a to C, found exactly; the result is the largest over the cells and both signs of a.
    Raises ``ValueError`` for several outputs, a piece with a constant and dimensions that do not match, and
    :class:`BudgetExhausted` if ``budget`` runs out.

    >>> from tropical import ReLUNetwork
    >>> parity = ReLUNetwork.from_arrays([[[1, 1], [-1, -1], [1, -1], [-1, 1]], [["1/2", "1/2", "-1/2", "-1/2"]]])
    >>> found = sphere_maximum(parity)  # of Lipschitz constant 1
    >>> found.squared, abs(parity(found.direction)[0])
    (Fraction(1, 2), Fraction(1, 1))
    """
    functions = [f] if g is None else [f, g]
    if g is not None:
        require_comparable(f, g)
    require_scalar(f, "a maximum on the sphere")
    own, chart = in_chart(functions, None)
    form = FibreForm.of(Chart.whole(f.input_dim).matrix, chart.matrix)
    found = steepest_part(_pieces(own, chart.cone, Meter(budget, progress)), form)
    if found.vector is None:
        return SphereMaximum(Fraction(0), Chart.whole(f.input_dim).matrix[0])
    assert isinstance(found.ratio, Fraction)  # the norm is definite
    direction = primitive(form.lift(found.vector[1:]))
    return SphereMaximum(found.ratio, tuple(map(Fraction, direction)))


def _pieces(functions: Sequence[Function], start: Cone, meter: Meter) -> Iterator[tuple[list[Integers], Vector]]:
    """Generators of the cells, and the piece of f or of f - g on each."""
    for cone, parts in common_parts(functions, start, meter):
        row, *others = (_without_constant(part.rows[0]) for part in parts)
        for other in others:
            row = tuple(a - b for a, b in zip(row, other, strict=True))
        yield spanning_vectors(cone), row


def _without_constant(row: Vector) -> Vector:
    if row[0]:
        raise ValueError(f"a maximum on the sphere needs pieces without constants, one has the constant {row[0]}")
    return row
