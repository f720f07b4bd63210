"""What a piecewise-linear function does along a line, and how its gradient jumps at a point of a hyperplane."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from learning.arguments import require
from learning.structure.units.vectors import Vector, multiple
from tropical import AffineForm, AffineMap, Budget, BudgetExhausted, LatticePolynomial, ReLUNetwork, polyhedral_complex

Function = LatticePolynomial | ReLUNetwork


@dataclass(frozen=True)
class Clock:
    """A budget whose seconds run from ``start`` on."""

    budget: Budget
    start: float

    def rest(self) -> Budget:
        """What is left, or :class:`BudgetExhausted`."""
        if self.budget.seconds is None:
            return self.budget
        left = self.budget.seconds - (time.monotonic() - self.start)
        if left <= 0:
            raise BudgetExhausted(f"budget of {self.budget.seconds:g} seconds exhausted")
        return replace(self.budget, seconds=left)


@dataclass(frozen=True)
class Line:
    """The line t -> start + t direction."""

    start: Vector
    direction: Vector

    def at(self, t: Fraction) -> Vector:
        """The point of parameter t."""
        return tuple(p + t * u for p, u in zip(self.start, self.direction, strict=True))

    def rate(self, form: AffineForm) -> Fraction:
        """The derivative of the form along the line."""
        return sum((a * u for a, u in zip(form.gradient, self.direction, strict=True) if a), Fraction(0))

    def crossing(self, form: AffineForm) -> Vector | None:
        """The point where the form vanishes, or None if it is constant along the line."""
        rate = self.rate(form)
        return self.at(-form(self.start) / rate) if rate else None


def forms_along(f: Function, line: Line, clock: Clock) -> Iterator[AffineForm]:
    """The affine forms that f follows along the line, in order."""
    if isinstance(f, LatticePolynomial):
        yield from (f.pieces[i] for i in _pieces_along(f, line, clock))
        return
    inner = AffineMap(tuple(AffineForm((u,), p) for p, u in zip(line.start, line.direction, strict=True)))
    cells = polyhedral_complex(f.compose(inner), budget=clock.rest(), route="rational")
    if not cells.complete:
        raise BudgetExhausted(cells.incomplete_because)
    previous = None
    for cell in sorted(cells.cells, key=lambda cell: cell.interior_point):
        form = f.affine_map(cell.pattern).forms[0]
        if form != previous:
            yield form
        previous = form


def _pieces_along(f: LatticePolynomial, line: Line, clock: Clock) -> Iterator[int]:
    """The pieces that f follows along the line: swept from crossing to crossing with the current one."""
    values = [piece(line.start) for piece in f.pieces]
    rates = [line.rate(piece) for piece in f.pieces]
    masks = [sum(1 << i for i in clause) for clause in f.clauses]
    order = [(-rate, value) for rate, value in zip(rates, values, strict=True)]  # far out towards t = -infinity
    current, now = _max_min(f, order), None
    while current is not None:
        yield current
        now, current = _next_piece(f, values, rates, masks, current, now, clock)


def _next_piece(
    f: LatticePolynomial,
    values: Sequence[Fraction],
    rates: Sequence[Fraction],
    masks: Sequence[int],
    current: int,
    now: Fraction | None,
    clock: Clock,
) -> tuple[Fraction | None, int | None]:
    """Where f leaves piece ``current``, which it follows after ``now``, and for which one; (None, None) if never."""
    others = [i for i in range(len(values)) if rates[i] != rates[current]]
    crossings = {i: (values[i] - values[current]) / (rates[current] - rates[i]) for i in others}
    ahead = sorted((t, i) for i, t in crossings.items() if now is None or t > now)
    pending = {i for _, i in ahead}
    above = below = 0
    for i in range(len(values)):
        side = (rates[i] - rates[current]) * (-1 if i in pending else 1) or values[i] - values[current]
        above |= (side >= 0) << i
        below |= (side <= 0) << i
    for place, (t, i) in enumerate(ahead):
        above, below = above ^ 1 << i, below ^ 1 << i
        if place + 1 < len(ahead) and ahead[place + 1][0] == t:
            continue
        clock.rest()
        if not (any(mask & ~above == 0 for mask in masks) and all(mask & below for mask in masks)):
            return t, _max_min(f, [(value + t * rate, rate) for value, rate in zip(values, rates, strict=True)])
    return None, None


def _max_min(f: LatticePolynomial, order: Sequence[tuple[Fraction, Fraction]]) -> int:
    """The piece that f follows where its pieces have this order."""
    return max((min(clause, key=order.__getitem__) for clause in f.clauses), key=order.__getitem__)


def jump_across(f: Function, hyperplane: AffineForm, point: Sequence[Fraction]) -> Fraction | None:
    """Return s if F = affine + s relu(hyperplane) in a neighbourhood of ``point``, else None.

    None also where what breaks elsewhere, among the pieces or units active at the point, cancels in F.
    Raises ``ValueError`` if the point is not on the hyperplane, or that is not one.

    >>> relu = ReLUNetwork.from_arrays([[[1, 0]], [[3]]])
    >>> jump_across(relu, AffineForm([1, 0]), (0, 5)), jump_across(relu, AffineForm([0, 1]), (0, 0)) is None
    (Fraction(3, 1), True)
    """
    if not isinstance(f, LatticePolynomial):
        require(f, ReLUNetwork, "f")
        if f.output_dim != 1:
            raise ValueError(f"a jump needs a function with one output, got {f.output_dim}: use output(i)")
    require(hyperplane, AffineForm, "hyperplane")
    if hyperplane.input_dim != f.input_dim:
        raise ValueError(f"the hyperplane must live on Q^{f.input_dim}, got one on Q^{hyperplane.input_dim}")
    if not any(hyperplane.gradient) or hyperplane(point):
        raise ValueError(f"the point must lie on the hyperplane, where the form has the value {hyperplane(point)}")
    if isinstance(f, LatticePolynomial):
        return _lattice_jump(f, hyperplane, point)
    above, below = (_network_side(f, hyperplane, point, side) for side in (1, -1))
    return None if above is None or below is None else multiple(above - below, hyperplane)


def _lattice_jump(f: LatticePolynomial, hyperplane: AffineForm, point: Sequence[Fraction]) -> Fraction | None:
    values = [piece(point) for piece in f.pieces]
    value = max(min(values[i] for i in clause) for clause in f.clauses)
    active = [i for i, v in enumerate(values) if v == value]
    slopes = {i: multiple(f.pieces[i] - f.pieces[active[0]], hyperplane) for i in active}
    found = {i: slope for i, slope in slopes.items() if slope is not None}
    if len(found) < len(active):
        return None
    attaining = [
        [found[i] for i in clause & found.keys()] for clause in f.clauses if min(values[i] for i in clause) == value
    ]
    return max(map(min, attaining)) - min(map(max, attaining))


def _network_side(net: ReLUNetwork, hyperplane: AffineForm, point: Sequence[Fraction], side: int) -> AffineForm | None:
    """The form that the network follows near ``point`` where ``side`` * hyperplane > 0; None if a unit breaks there."""
    forms: list[AffineForm] = []
    for depth, layer in enumerate(net.layers):
        rows = [AffineForm(row, bias) for row, bias in zip(layer.weight, layer.bias, strict=True)]
        forms = [row.compose(AffineMap(tuple(forms))) for row in rows] if depth else rows
        if depth == len(net.layers) - 1:
            break
        for unit, (left, right) in enumerate(layer.slopes):
            sign = forms[unit](point)
            if not sign and left != right:
                slope = multiple(forms[unit], hyperplane)
                if slope is None:
                    return None
                sign = slope * side
            forms[unit] = forms[unit] * (right if sign >= 0 else left)
    return forms[0]
