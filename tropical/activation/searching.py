"""Activation regions by breadth-first search over facets: for ranks where the faces of a cell are too many to list."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import count

from flint import fmpz_mat

from tropical.activation.integer_layers import integer_layers, patterns_beyond, unit_rows
from tropical.arithmetic.rationals import Vector, primitive, primitive_integers
from tropical.budget import Meter
from tropical.functions.network import Pattern, ReLUNetwork
from tropical.polyhedra.cones import dot
from tropical.polyhedra.facet_search import Crossing, Implications, LocalView, find_facets, interior_point, tightest

Integers = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FoundCell:
    """An activation region by its pattern and a rational point of its interior."""

    pattern: Pattern
    interior_point: Vector


def search_cells(
    net: ReLUNetwork, domain_rows: Sequence[Integers], meter: Meter, inside: Vector | None = None
) -> Iterator[FoundCell]:
    """Yield each activation region of ``net`` inside the domain {h >= 0 for every row} once, breadth first.

    ``domain_rows`` are integer rows (constant, gradient); none means all of R^n; ``inside`` is a point of the interior,
    if one is known. A pattern holds the signs of the
    preactivations of the kinked units, 0 where one vanishes identically on the cell. Every cell is counted by
    ``meter.count_cell()`` before it is yielded. The order is deterministic. From each cell the search crosses every
    facet that is not known yet and reads the pattern on the other side there: crossing one facet may flip any number
    of signs. Raises ``ValueError`` if the domain has no interior point.

    >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    >>> [cell.pattern for cell in search_cells(maximum, [], Meter())]
    [(1, 1, -1), (-1, 1, -1), (1, -1, 1), (-1, -1, 1)]
    """
    yield from _Search(net, domain_rows, meter, inside).cells()


class _Search:
    """The queue of the search; ``entrances`` holds what is known of the cells that were seen but not yet visited."""

    def __init__(self, net: ReLUNetwork, domain_rows: Sequence[Integers], meter: Meter, inside: Vector | None) -> None:
        self.inside = inside
        self.layers = integer_layers(net)[:-1]
        self.dim = net.input_dim
        self.domain = [primitive_integers(row) for row in domain_rows]
        self.meter = meter
        self.entrances: dict[Pattern, list[Integers]] = {}
        self.implications = Implications()

    def cells(self) -> Iterator[FoundCell]:
        """Each cell once."""
        pattern, start = self.start()
        pending: deque[tuple[Pattern, Crossing]] = deque([(pattern, start)])
        seen = {pattern}
        self.entrances[pattern] = []
        while pending:
            pattern, entrance = pending.popleft()
            self.meter.count_cell()
            rows = self.constraints(pattern)
            if not rows:
                yield FoundCell(pattern, (Fraction(0),) * self.dim)
                return
            view = LocalView(rows, _step_in(rows, entrance))
            view.move_to_centre()
            yield FoundCell(pattern, tuple(Fraction(a, view.inside[0]) for a in view.inside[1:]))
            exits = self.exits(view, self.entrances.pop(pattern))
            self.meter.check_time()
            beyond = patterns_beyond(self.layers, [(crossing.point, crossing.direction) for _, crossing in exits])
            for (row, crossing), neighbour in zip(exits, beyond, strict=True):
                if neighbour not in seen:
                    seen.add(neighbour)
                    self.entrances[neighbour] = []
                    pending.append((neighbour, crossing))
                self.entrances[neighbour].append(tuple(-a for a in row))

    def constraints(self, pattern: Pattern) -> list[Integers]:
        """The domain's rows, then those of the units, non-negative on the cell; none implied by a single other one."""
        rows = [*self.domain, *unit_rows(self.layers, self.dim, pattern)]
        return [rows[i] for i in tightest(rows)]

    def exits(self, view: LocalView, known: Sequence[Integers]) -> list[tuple[Integers, Crossing]]:
        """The facets, other than ``known`` ones, across which the domain goes on."""
        closed = {*known, *self.domain}
        found = find_facets(
            view, [i for i, row in enumerate(view.rows) if row in closed], self.implications, self.meter
        )
        return [(view.rows[i], found[i]) for i in sorted(found)]

    def start(self) -> tuple[Pattern, Crossing]:
        """A cell with a generic point: x + (t, ..., t^n), x inside the domain, that lies on no hyperplane.

        Of the finitely many forms each vanishes for at most n values of t; t = 1, 1/2, 1/4, ... are tried in turn.
        """
        known = self.inside
        inside = interior_point(self.domain, self.dim) if known is None else primitive((Fraction(1), *known))
        if inside is None:
            raise ValueError("the domain has no interior point")
        rest = (0,) * len(inside)
        for point in self.meter.timed(_curve(inside)):
            (pattern,) = patterns_beyond(self.layers, [(point, rest)])
            rows = [*self.domain, *unit_rows(self.layers, self.dim, pattern)]
            if all(dot(row, point) > 0 for row in rows if any(row)):
                return pattern, Crossing(point, rest)
        raise AssertionError("unreachable: the curve does not end")


def _curve(origin: Integers) -> Iterator[Integers]:
    base = [Fraction(a, origin[0]) for a in origin[1:]]
    for k in count():
        yield primitive((Fraction(1), *(q + Fraction(1, 2 ** (k * j)) for j, q in enumerate(base, 1))))


def _step_in(rows: Sequence[Integers], entrance: Crossing) -> Integers:
    """A point of the interior: from the entrance along its direction, half the way to the next hyperplane."""
    columns = fmpz_mat([list(pair) for pair in zip(entrance.point, entrance.direction, strict=True)])
    table = (fmpz_mat(rows) * columns).tolist()
    values, slopes = [int(v) for v, _ in table], [int(s) for _, s in table]
    assert all(v > 0 or (v == 0 and s > 0) for v, s in zip(values, slopes, strict=True))
    half = min((Fraction(v, -2 * s) for v, s in zip(values, slopes, strict=True) if s < 0), default=Fraction(1))
    pair = zip(entrance.point, entrance.direction, strict=True)
    return primitive_integers([half.denominator * a + half.numerator * b for a, b in pair])
