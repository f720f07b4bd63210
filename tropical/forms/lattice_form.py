"""From a network to lattice polynomials, with a proof by covering (Tarela and Martinez 1999; Ovchinnikov 2002).

Let F be l_c on cell c. A set I of forms is *below* F if it meets B_c = {i : l_i <= l_c on c} for every cell c: then
min over I is <= F everywhere. If besides l_i >= l_c on a part of c for all i in I, then min over I equals F there. So
clauses are hitting sets of the B_c, and F is their maximum as soon as these parts cover every cell. Where no hitting
set covers a part of a cell it is cut, and THEORY L1 says that it can be done.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

import numpy as np

from tropical.activation.cutting import activation_parts
from tropical.arithmetic.rationals import Matrix, Vector
from tropical.budget import Budget, Meter, Progress
from tropical.forms.form_signs import FormTable, bit_mask, spanning_vectors
from tropical.functions.affine import form_of_row
from tropical.functions.lattice_polynomial import Clause, LatticePolynomial, bits_of, minimal_masks
from tropical.functions.network import ReLUNetwork
from tropical.functions.requirements import require_network, require_scalar
from tropical.polyhedra.chart import Chart
from tropical.polyhedra.cones import Cone, Integers, cut, sign_on
from tropical.polyhedra.polyhedron import Polyhedron

_ENTRIES = 1 << 21  # signs computed at once


def to_lattice_polynomial(
    net: ReLUNetwork,
    domain: Polyhedron | None = None,
    budget: Budget | None = None,
    progress: Progress | None = None,
) -> LatticePolynomial:
    """Return a lattice polynomial that equals the scalar network on the domain (all of R^n by default).

    F = max_j min_{i in I_j} l_i with the affine pieces l_i of F; no clause contains another one. ``progress`` is called
    with the number of cells found and then covered. Fewer clauses: :func:`tropical.forms.irredundancy.irredundant`.
    Raises ``ValueError`` for several outputs and :class:`BudgetExhausted` if ``budget`` runs out.

    >>> from tropical import ReLUNetwork
    >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    >>> print(to_lattice_polynomial(maximum))
    max(x1, x0)
    """
    require_network(net)
    require_scalar(net, "a lattice polynomial")
    return to_lattice_polynomials(net, domain, budget, progress)[0]


def to_lattice_polynomials(
    net: ReLUNetwork,
    domain: Polyhedron | None = None,
    budget: Budget | None = None,
    progress: Progress | None = None,
) -> tuple[LatticePolynomial, ...]:
    """Return one lattice polynomial for each output of the network, from one pass over its activation regions.

    As :func:`to_lattice_polynomial` otherwise.

    >>> from tropical import ReLUNetwork
    >>> both = ReLUNetwork.from_arrays([[[1], [-1]], [[1, 1], [-1, 0]]])  # |x| and -relu(x)
    >>> [str(form) for form in to_lattice_polynomials(both)]
    ['max(-x0, x0)', 'min(0, -x0)']
    """
    require_network(net)
    chart = Chart.of(net.gradients(), net.input_dim, domain)
    meter = Meter(budget, progress)
    cones, tables = [], []
    for cell in activation_parts(chart.restrict(net), chart.cone_within(meter), meter):
        meter.count_cell()
        cones.append(cell.cone)
        tables.append(cell.rows)
    polynomials = []
    for output in range(net.output_dim):
        cells = [(cone, table[output]) for cone, table in zip(cones, tables, strict=True)]
        rows, clauses = _lattice_form(cells, meter, output * len(cells))
        polynomials.append(LatticePolynomial(chart.pull_back_all(list(map(form_of_row, rows))), clauses))
    return tuple(polynomials)


def lattice_form_of(cells: Sequence[tuple[Cone, Vector]], meter: Meter) -> tuple[Matrix, list[Clause]]:
    """Return the distinct rows (constant, gradient) and clauses over them of a function given by its cells.

    ``cells`` are cones with disjoint interiors whose union is convex, each with the row of the function on it; the
    function must be continuous. F = max over clauses of the minimum of the forms with these rows.

    >>> from fractions import Fraction
    >>> from tropical.polyhedra.cones import half_space
    >>> right, left = cut(half_space(1), (0, 1))
    >>> cells = [(right, (Fraction(0), Fraction(1))), (left, (Fraction(0), Fraction(0)))]
    >>> [sorted(clause) for clause in lattice_form_of(cells, Meter())[1]]  # max(x, 0)
    [[0], [1]]
    """
    return _lattice_form(cells, meter, 0)


def _lattice_form(cells: Sequence[tuple[Cone, Vector]], meter: Meter, covered: int) -> tuple[Matrix, list[Clause]]:
    """The same, after that many cells have been covered for other outputs."""
    covering = _Covering.of(cells, meter)
    order = sorted(range(len(cells)), key=lambda c: covering.above[c].bit_count())
    clauses: list[int] = []
    for done, index in enumerate(order, start=covered + 1):
        covering.cover(index, clauses, meter)
        if meter.progress is not None:
            meter.progress(meter.cells + done)
    return covering.table.rows, [frozenset(bits_of(mask)) for mask in minimal_masks(clauses)]


@dataclass(frozen=True)
class _Covering:
    """Which forms lie above and below F on each cell, as bit masks, and what a clause has to meet.

    ``hits[i]`` is a bit mask over the inclusion-minimal B_c: those that contain i.
    """

    table: FormTable
    cones: list[Cone]
    own: list[int]
    above: list[int]
    below: list[int]
    hits: list[int]
    everything: int

    @classmethod
    def of(cls, cells: Sequence[tuple[Cone, Vector]], meter: Meter) -> "_Covering":
        position = {row: i for i, row in enumerate(dict.fromkeys(row for _, row in cells))}
        table = FormTable(list(position))
        cones, own = [cone for cone, _ in cells], [position[row] for _, row in cells]
        above, below = [], []
        for start, stop in _blocks([len(spanning_vectors(cone)) * len(table) for cone in cones]):
            meter.check_time()
            for more, less in _bounds(table, cones[start:stop], own[start:stop]):
                above.append(more)
                below.append(less)
        minimal = minimal_masks(below)
        hits = [0] * len(table)
        for k, mask in enumerate(minimal):
            for i in bits_of(mask):
                hits[i] |= 1 << k
        return cls(table, cones, own, above, below, hits, (1 << len(minimal)) - 1)

    def cover(self, index: int, clauses: list[int], meter: Meter) -> None:
        """Add clauses until the parts where they equal F cover cell ``index``; those used last stand first."""
        pending = [(self.cones[index], self.above[index])]
        while pending:
            part, above = pending.pop()
            meter.check_time()
            known = next((n for n, clause in enumerate(clauses) if clause & ~above == 0), None)
            if known is not None:
                clauses.insert(0, clauses.pop(known))
                continue
            clause = self._clause(part, index, above)
            clauses.insert(0, clause)
            for below in self._beyond(part, index, clause & ~above):
                ((mask, _),) = _bounds(self.table, [below], [self.own[index]])
                pending.append((below, mask))

    def _clause(self, part: Cone, index: int, above: int) -> int:
        """A clause below F, made of forms above F on the part if that is possible, else around a point inside."""
        missing = self.everything & ~self._hit(above)
        if not missing:
            return self._hitting_set(above, 0, self.everything)
        at_point = self._above_at_point(part, self.own[index])
        required = self._hit(at_point)
        extra = self._hitting_set(at_point & ~above, 0, missing & required)
        clause = self._hitting_set(above, extra, required)
        return clause if required == self.everything else self._completed(clause, at_point)

    def _completed(self, clause: int, at_point: int) -> int:
        """With what it takes from S_x to be below F on every cell.

        On a cell where no form of S_x is <= F throughout, min over S_x is <= F by L1 all the same, and it can only come
        from the forms that are < F somewhere on the cell: all of these.
        """
        for above, below in zip(self.above, self.below, strict=True):
            if not below & clause:
                throughout = below & at_point
                clause |= throughout & -throughout or at_point & ~above
        return clause

    def _above_at_point(self, cone: Cone, own: int) -> int:
        """S_x = {i : l_i(x) >= l_own(x)} at a point x inside the cone where l_own ties with no other form."""
        rng = random.Random(0)
        bound = 8
        while True:
            weights = [rng.randint(1, bound) for _ in cone.generators]
            weights += [rng.randint(-bound, bound) for _ in cone.lineality]
            spanning = zip(*cone.generators, *cone.lineality, strict=True)
            point = tuple(sum(w * a for w, a in zip(weights, column, strict=True)) for column in spanning)
            signs = self.table.signs([point], [own])[0]
            if np.count_nonzero(signs) == len(signs) - 1:
                return bit_mask(signs >= 0)
            bound *= 2

    def _hit(self, members: int) -> int:
        return reduce(or_, (self.hits[i] for i in bits_of(members)), 0)

    def _hitting_set(self, allowed: int, forced: int, required: int) -> int:
        """``forced`` and an inclusion-minimal set of allowed indices that meet all sets ``required``, greedily."""
        open_sets = required & ~self._hit(forced)
        chosen: list[int] = []
        candidates = bits_of(allowed & ~forced)
        while open_sets:
            chosen.append(max(candidates, key=lambda i: (self.hits[i] & open_sets).bit_count()))
            open_sets &= ~self.hits[chosen[-1]]
        needed = required & ~self._hit(forced)
        for i in list(chosen):
            rest = reduce(or_, (self.hits[k] for k in chosen if k != i), 0)
            if needed & ~rest == 0:
                chosen.remove(i)
        return reduce(or_, (1 << i for i in chosen), forced)

    def _beyond(self, part: Cone, index: int, members: int) -> Iterator[Cone]:
        """What is left of a part of the cell without the set where all ``members`` are above F, in convex parts."""
        for i in bits_of(members):
            row = self.table.difference(i, self.own[index])
            if sign_on(part, row) is None:
                part, below = cut(part, row)
                yield below


def _blocks(sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Consecutive ranges of the items, as many at a time as stay within the work space."""
    start = total = 0
    for stop, size in enumerate(sizes):
        if total + size > _ENTRIES and stop > start:
            yield start, stop
            start, total = stop, 0
        total += size
    yield start, len(sizes)


def _bounds(table: FormTable, cones: Sequence[Cone], own: Sequence[int]) -> Iterator[tuple[int, int]]:
    """For each cone the forms >= l_own on it and those <= l_own on it, as bit masks."""
    vectors: list[Integers] = []
    which, starts = [], []
    for cone, base in zip(cones, own, strict=True):
        starts.append(len(vectors))
        vectors += spanning_vectors(cone)
        which += [base] * (len(vectors) - starts[-1])
    signs = table.signs(vectors, which)
    least, greatest = np.minimum.reduceat(signs, starts, axis=0), np.maximum.reduceat(signs, starts, axis=0)
    for low, high in zip(least, greatest, strict=True):
        yield bit_mask(low >= 0), bit_mask(high <= 0)
