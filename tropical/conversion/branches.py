"""Functions given by cases: checked to be continuous and defined everywhere, then brought into max-min form."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tropical.activation.cutting import activation_parts
from tropical.arithmetic.rationals import Matrix, Vector, primitive
from tropical.budget import Meter
from tropical.forms.construction import lattice
from tropical.forms.lattice_form import lattice_form_of
from tropical.functions.affine import form_of_row
from tropical.functions.circuit import Circuit, Wire
from tropical.functions.layer import RELU
from tropical.polyhedra.chart import Chart
from tropical.polyhedra.cones import Cone, Integers, dot

SignOf = dict[Wire, int]


@dataclass(frozen=True)
class Sign:
    """The sign of ``value`` is among ``allowed``."""

    value: Wire
    allowed: frozenset[int]

    @property
    def values(self) -> tuple[Wire, ...]:
        """The values on whose signs the condition depends."""
        return (self.value,)

    def holds(self, signs: SignOf) -> bool:
        """Whether the condition is true where the values have these signs."""
        return signs[self.value] in self.allowed


@dataclass(frozen=True)
class Junction:
    """All of ``parts`` (``every``), or at least one of them."""

    parts: "tuple[Condition, ...]"
    every: bool

    @property
    def values(self) -> tuple[Wire, ...]:
        """The values on whose signs the condition depends."""
        return tuple(value for part in self.parts for value in part.values)

    def holds(self, signs: SignOf) -> bool:
        """Whether the condition is true where the values have these signs."""
        return (all if self.every else any)(part.holds(signs) for part in self.parts)


@dataclass(frozen=True)
class Negation:
    """Not ``part``."""

    part: "Condition"

    @property
    def values(self) -> tuple[Wire, ...]:
        """The values on whose signs the condition depends."""
        return self.part.values

    def holds(self, signs: SignOf) -> bool:
        """Whether the condition is true where the values have these signs."""
        return not self.part.holds(signs)


@dataclass(frozen=True)
class Constant:
    """Always or never."""

    truth: bool
    values: tuple[Wire, ...] = ()

    def holds(self, signs: SignOf) -> bool:
        """Whether the condition is true where the values have these signs."""
        return self.truth


Condition = Sign | Junction | Negation | Constant
Branches = Sequence[tuple[Wire, Condition]]


class Discontinuous(ValueError):  # noqa: N818 - what the function is
    """The cases do not fit together at a point."""


def piecewise_value(circuit: Circuit, branches: Branches, name: str, meter: Meter) -> Wire:
    """The value of the first branch whose condition holds, as a max-min form in ``circuit``.

    R^n is cut until all branches are affine and all compared values have one sign. On a cell the function has the row
    of one branch, and it is that affine form on the closed cell, hence continuous, iff on each face the first branch
    that holds inside it agrees with the row there: faces on which the same comparisons are ties have the same signs.
    Raises ``ValueError`` with a rational point, calling the function ``name``, if that fails anywhere:
    :class:`Discontinuous`, unless no condition holds there.
    """
    if not branches:
        origin = ", ".join("0" * circuit.input_dim)
        raise ValueError(f"{name} is not defined everywhere: no condition holds at ({origin})")
    if isinstance(branches[0][1], Constant) and branches[0][1].truth:
        return branches[0][0]
    compared = list(dict.fromkeys(value for _, condition in branches for value in condition.values))
    chart, cells = _cells(circuit, [value for value, _ in branches] + compared, compared, meter)
    found = []
    for cone, rows in cells:
        own = _branch_on(_Cases(cone, rows, branches, compared), chart, name)
        found.append((cone, rows[own]))
    table, clauses = lattice_form_of(found, meter)
    forms = chart.pull_back_all(list(map(form_of_row, table)))
    return lattice(circuit, list(map(circuit.affine, forms)), clauses)


def _branch_on(cases: "_Cases", chart: Chart, name: str) -> int:
    """The branch that gives the function on a cell; ``ValueError`` if another one or none does on a face of it."""
    inside = cases.cone.interior_vector()
    own = cases.first_at(inside)
    if own is None:
        raise ValueError(f"{name} is not defined everywhere: no condition holds at {_point(chart, inside)}")
    for vector, branch in cases.mismatches(own):
        where = _point(chart, vector)
        if branch is None:
            raise ValueError(f"{name} is not defined everywhere: no condition holds at {where}")
        here, limit = (_at(cases.rows[i], vector) / vector[0] for i in (branch, own))
        raise Discontinuous(f"{name} is not continuous at {where}: it is {here} there and tends to {limit}")
    return own


def _cells(
    circuit: Circuit, values: Sequence[Wire], compared: Sequence[Wire], meter: Meter
) -> tuple[Chart, list[tuple[Cone, Matrix]]]:
    """Cells on which all ``values`` are affine, with their rows, and the ``compared`` ones have one sign."""
    probe = circuit.copy()
    kinks = [probe.unit(value, RELU) for value in compared]
    net = probe.network([*values, *kinks])
    chart = Chart.of(net.gradients(), net.input_dim)
    cells = []
    for cell in activation_parts(chart.restrict(net), chart.cone_within(meter), meter):
        meter.count_cell()
        cells.append((cell.cone, cell.rows[: len(values)]))
    return chart, cells


@dataclass(frozen=True)
class _Cases:
    """The branches on one cell: ``rows`` of their values, then of the compared values."""

    cone: Cone
    rows: Matrix
    branches: Branches
    compared: Sequence[Wire]

    def first_at(self, point: Integers) -> int | None:
        """Index of the first branch whose condition holds at a point, a homogeneous vector; None if none does."""
        rows = self.rows[len(self.branches) :]
        values = ((value, _at(row, point)) for value, row in zip(self.compared, rows, strict=True))
        signs = {value: (number > 0) - (number < 0) for value, number in values}
        return next((i for i, (_, condition) in enumerate(self.branches) if condition.holds(signs)), None)

    def mismatches(self, own: int) -> Iterator[tuple[Integers, int | None]]:
        """Points of the cell where no branch holds, or the first that does differs from branch ``own``."""
        for face in self._tied_faces():
            generators = [g for i, g in enumerate(self.cone.generators) if face >> i & 1]
            inside = tuple(map(sum, zip(*generators, strict=True)))
            branch = self.first_at(inside)
            if branch is None:
                yield inside, branch
            elif branch != own:
                row = primitive([a - b for a, b in zip(self.rows[branch], self.rows[own], strict=True)])
                steps = (tuple(map(sum, zip(inside, v, strict=True))) for v in (*generators, *self.cone.lineality))
                yield from ((point, branch) for point in (inside, *steps) if dot(row, point))

    def _tied_faces(self) -> list[int]:
        """The faces {some of the compared values are 0} not at infinity, as bit masks over the generators."""
        finite = sum(1 << i for i, g in enumerate(self.cone.generators) if g[0])
        zeros = {
            sum(1 << i for i, g in enumerate(self.cone.generators) if _at(row, g) == 0)
            for row in self.rows[len(self.branches) :]
        }
        faces = [(1 << len(self.cone.generators)) - 1]
        for zero in zeros:
            faces = list(dict.fromkeys([*faces, *(face & zero for face in faces if face & zero & finite)]))
        return faces


def _at(row: Vector, vector: Integers) -> Fraction:
    return sum((a * b for a, b in zip(row, vector, strict=True)), Fraction(0))


def _point(chart: Chart, vector: Integers) -> str:
    """The point of R^n that a homogeneous vector stands for, as text."""
    return f"({', '.join(map(str, chart.point(vector)))})"
