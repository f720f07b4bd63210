"""Activation regions by brute force: every sign pattern whose strict inequalities z3 finds feasible.

Independent of `tropical`: standard library and z3 only. A network is given by its numbers alone; linear real arithmetic
in z3 is exact over Q and handles strict inequalities, so "full-dimensional" needs no tolerance.
"""

import contextlib
import itertools
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import z3

Vector = tuple[Fraction, ...]
Matrix = tuple[Vector, ...]
Form = tuple[Vector, Fraction]
Pattern = tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """A network by its numbers, and the domain on which to enumerate: `box` is (lower, upper), or None for R^n, and
    `halfspaces` are forms (gradient, constant) that are >= 0 on the domain as well; it has interior.

    `weights[l]` has rows of Fractions, `biases[l]` one Fraction a row; `slopes[l]` one pair (left, right) for each unit
    of hidden layer l. The last layer is affine.
    """

    weights: tuple[Matrix, ...]
    biases: tuple[Vector, ...]
    slopes: tuple[tuple[tuple[Fraction, Fraction], ...], ...]
    box: tuple[Vector, Vector] | None = None
    name: str = ""
    halfspaces: tuple[Form, ...] = ()

    @property
    def input_dim(self) -> int:
        return len(self.weights[0][0])

    @property
    def constraints(self) -> tuple[Form, ...]:
        """Forms that are >= 0 on the domain and nowhere else."""
        sides = []
        for i, (low, high) in enumerate(zip(*(self.box or ((), ())), strict=True)):
            unit = tuple(Fraction(i == j) for j in range(self.input_dim))
            sides += [(unit, -low), (tuple(-q for q in unit), high)]
        return (*sides, *self.halfspaces)


def fractions(rows: Sequence[Sequence[int | float | str | Fraction]]) -> Matrix:
    """Rows of exact rationals."""
    return tuple(tuple(Fraction(entry) for entry in row) for row in rows)


def relu_case(weights, biases=None, box=None, name="", slope=(0, 1)) -> Case:
    """A case in which every hidden unit has the same slopes; biases default to 0, the last layer to the sum."""
    matrices = [fractions(rows) for rows in weights]
    offsets = fractions(biases) if biases is not None else tuple((Fraction(0),) * len(rows) for rows in matrices)
    if len(matrices) == 1:
        matrices.append(fractions([[1] * len(matrices[0])]))
        offsets = (offsets[0], (Fraction(0),))
    pair = (Fraction(slope[0]), Fraction(slope[1]))
    slopes = tuple((pair,) * len(rows) for rows in matrices[:-1])
    corners = None if box is None else (fractions([box[0]])[0], fractions([box[1]])[0])
    return Case(tuple(matrices), tuple(offsets), slopes, corners, name)


@contextlib.contextmanager
def long_numerals() -> Iterator[None]:
    """z3 reads numbers in decimal, for which Python has a limit."""
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        yield
    finally:
        sys.set_int_max_str_digits(limit)


@long_numerals()
def activation_regions(case: Case) -> dict[Pattern, Vector]:
    """Map every pattern of a full-dimensional activation region to a rational point of its interior.

    A pattern has one sign for each hidden unit with left != right, in layer order: that of its preactivation in the
    interior of the region, 0 where the preactivation vanishes identically there.
    """
    search = _Search(case)
    return dict(search.explore((), (), search.start()))


class _Search:
    """Depth first over the units in layer order; `values` are the forms that the current layer has output so far."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.solver = z3.SimpleSolver()
        self.variables = [z3.Real(f"x{i}") for i in range(case.input_dim)]
        self.solver.add(*(self.positive(form, 1) for form in case.constraints))

    def start(self) -> Vector:
        """A point inside the domain."""
        if self.case.halfspaces:
            assert self.solver.check() == z3.sat, f"the domain has no interior: {self.case.name}"
            return self.model_point()
        if self.case.box is not None:
            return tuple((low + high) / 2 for low, high in zip(*self.case.box, strict=True))
        return (Fraction(0),) * self.case.input_dim

    def positive(self, form: Form, sign: int) -> z3.BoolRef:
        gradient, constant = form
        scale = sign * math.lcm(constant.denominator, *(q.denominator for q in gradient))
        terms = [int(scale * q) * x for q, x in zip(gradient, self.variables, strict=True) if q]
        return z3.Sum(terms) + int(scale * constant) > 0

    def explore(
        self, finished: tuple[tuple[Form, ...], ...], values: tuple[Form, ...], point: Vector
    ) -> Iterator[tuple[Pattern, Vector]]:
        layer, unit = len(finished), len(values)
        if layer == len(self.case.slopes):
            yield (), point
            return
        if unit == len(self.case.weights[layer]):
            yield from self.explore((*finished, values), (), point)
            return
        form = _preactivation(self.case, finished, layer, unit)
        left, right = self.case.slopes[layer][unit]
        if left == right:
            yield from self.explore(finished, (*values, _scaled(form, left)), point)
            return
        for sign, inside in self.signs(form, point):
            value = _scaled(form, (left, Fraction(0), right)[sign + 1])
            constrained = any(form[0])
            if constrained:
                self.solver.push()
                self.solver.add(self.positive(form, sign))
            for rest, witness in self.explore(finished, (*values, value), inside):
                yield (sign, *rest), witness
            if constrained:
                self.solver.pop()

    def signs(self, form: Form, point: Vector) -> Iterator[tuple[int, Vector]]:
        """The signs that `form` takes on the open region, each with a point at which it does."""
        if not any(form[0]):
            yield _sign(form[1]), point
            return
        here = _sign(value_at(form, point))
        for sign in (-1, 1):
            inside = point if sign == here else self.find(form, sign)
            if inside is not None:
                yield sign, inside

    def find(self, form: Form, sign: int) -> Vector | None:
        self.solver.push()
        self.solver.add(self.positive(form, sign))
        answer = self.solver.check()
        if answer == z3.unknown:
            raise RuntimeError(f"z3 gave no answer: {self.solver.reason_unknown()}")
        point = self.model_point() if answer == z3.sat else None
        self.solver.pop()
        return point

    def model_point(self) -> Vector:
        model = self.solver.model()
        values = [model.eval(x, model_completion=True) for x in self.variables]
        return tuple(Fraction(value.numerator_as_long(), value.denominator_as_long()) for value in values)


def _preactivation(case: Case, finished: tuple[tuple[Form, ...], ...], layer: int, unit: int) -> Form:
    """The form of a unit, given those that the layers before it have put out."""
    row, bias = case.weights[layer][unit], case.biases[layer][unit]
    if layer == 0:
        return row, bias
    previous = finished[layer - 1]
    gradient = tuple(
        sum((q * form[0][i] for q, form in zip(row, previous, strict=True)), Fraction(0)) for i in range(case.input_dim)
    )
    return gradient, sum((q * form[1] for q, form in zip(row, previous, strict=True)), bias)


def forms_of(case: Case, pattern: Pattern) -> tuple[tuple[Form, ...], tuple[Form, ...]]:
    """On the region of a pattern, the preactivations that its signs belong to, and the outputs."""
    finished: tuple[tuple[Form, ...], ...] = ()
    signs, bent = iter(pattern), []
    for layer, slopes in enumerate(case.slopes):
        values = []
        for unit, (left, right) in enumerate(slopes):
            form = _preactivation(case, finished, layer, unit)
            sign = next(signs) if left != right else 1
            bent += [form] if left != right else []
            values.append(_scaled(form, (left, Fraction(0), right)[sign + 1]))
        finished = (*finished, tuple(values))
    last = len(case.slopes)
    return tuple(bent), tuple(_preactivation(case, finished, last, unit) for unit in range(len(case.weights[last])))


def _scaled(form: Form, factor: Fraction) -> Form:
    return tuple(factor * q for q in form[0]), factor * form[1]


def _sign(value: Fraction) -> int:
    return (value > 0) - (value < 0)


def value_at(form: Form, point: Vector) -> Fraction:
    return sum((q * x for q, x in zip(form[0], point, strict=True)), form[1])


def pattern_at(case: Case, point: Sequence[Fraction]) -> Pattern:
    """Signs of the preactivations at a point, straight from the definition of the network."""
    values, pattern = list(point), []
    for rows, bias, slopes in zip(case.weights, case.biases, case.slopes, strict=False):
        sums = [sum((q * v for q, v in zip(row, values, strict=True)), b) for row, b in zip(rows, bias, strict=True)]
        pattern += [_sign(s) for s, (left, right) in zip(sums, slopes, strict=True) if left != right]
        values = [(right if s > 0 else left) * s for s, (left, right) in zip(sums, slopes, strict=True)]
    return tuple(pattern)


def all_patterns_one_by_one(case: Case) -> set[Pattern]:
    """The same patterns by 3^S separate questions to z3, sharing nothing between them: for tiny networks only.

    A candidate prescribes every sign; 0 asks that the preactivation vanish identically once the earlier signs are set.
    """
    bent = sum(left != right for layer in case.slopes for left, right in layer)
    return {p for p in itertools.product((-1, 0, 1), repeat=bent) if _feasible(case, p)}


def _feasible(case: Case, pattern: Pattern) -> bool:
    search = _Search(case)
    finished: tuple[tuple[Form, ...], ...] = ()
    signs = iter(pattern)
    for layer, slopes in enumerate(case.slopes):
        values = []
        for unit, (left, right) in enumerate(slopes):
            form = _preactivation(case, finished, layer, unit)
            if left == right:
                values.append(_scaled(form, left))
                continue
            sign = next(signs)
            if sign == 0 and (any(form[0]) or form[1]):
                return False
            if sign:
                search.solver.add(search.positive(form, sign))
            values.append(_scaled(form, (left, Fraction(0), right)[sign + 1]))
        finished = (*finished, tuple(values))
    return search.solver.check() == z3.sat
