"""Irredundant lattice polynomials: every clause and every index with a rational point that shows it is needed."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tropical.arguments import require
from tropical.arithmetic.rationals import Vector
from tropical.budget import Budget, Meter, Progress
from tropical.forms.form_signs import FormTable, bit_mask, clause_masks, spanning_vectors
from tropical.functions.affine import AffineForm, rows_of
from tropical.functions.lattice_polynomial import LatticePolynomial, bits_of, mask_of, minimal_masks
from tropical.polyhedra.chart import Chart
from tropical.polyhedra.cones import Cone, Integers, cut, intersect
from tropical.polyhedra.polyhedron import Polyhedron
from tropical.values import Value

_POINTS = 512  # random points to begin with; they only save exact searches
_SCALES = (1, 16, 256, 4096)


@dataclass(frozen=True, repr=False)
class IrredundantForm(Value):
    """A lattice polynomial F = max_j min_{i in I_j} l_i and the points that show that nothing in it can be left out.

    At ``clause_points[j]`` clause j alone attains F: the minima of all other clauses are smaller. At
    ``index_points[j, i]``, i in I_j, the minimum over I_j without i exceeds F. The points lie in the domain. Nothing is
    claimed about the least number of clauses: other irredundant forms of F may have fewer. ``==`` goes by all fields,
    ``hash`` by all but the mapping.
    """

    polynomial: LatticePolynomial
    clause_points: tuple[Vector, ...]
    index_points: Mapping[tuple[int, int], Vector] = field(hash=False)


def irredundant(
    polynomial: LatticePolynomial,
    domain: Polyhedron | None = None,
    budget: Budget | None = None,
    progress: Progress | None = None,
) -> IrredundantForm:
    """Return an irredundant form of the same function on the domain (all of R^n by default), with its proof.

    First each clause loses indices one after the other while its minimum stays <= F, then clauses go while the others
    still attain F. An index that cannot go at its turn never can, since F stays the same; a clause that must stay when
    it is asked for must stay to the end, since clauses only become fewer. ``progress`` is called with the number of
    clauses treated, once for each of the two steps; ``budget.cells`` limits it.
    Raises ``ValueError`` if the domain has another dimension and :class:`BudgetExhausted` if ``budget`` runs out.

    >>> from tropical.functions.affine import AffineForm
    >>> x, y = LatticePolynomial.from_form(AffineForm([1, 0])), LatticePolynomial.from_form(AffineForm([0, 1]))
    >>> median = (x & y) | (x & -x) | (y & (x | y) & -x) | (x & y & -y)
    >>> form = irredundant(median)
    >>> print(form.polynomial)
    max(min(x0, x1), min(x0, -x0), min(x1, -x0))
    >>> all(form.polynomial(p) == median(p) for p in form.clause_points)
    True
    """
    require(polynomial, LatticePolynomial, "polynomial", "a LatticePolynomial such as to_lattice_polynomial(net)")
    chart = Chart.of(polynomial.gradients(), polynomial.input_dim, domain)
    own = chart.restrict(polynomial)  # with fewer pieces, where some coincide on a domain with equations
    table = FormTable(rows_of(own.pieces))
    meter = Meter(budget, progress)
    clauses = tuple(clause_masks(own))
    cone = chart.cone_within(meter)
    function = _Function(table, cone, clauses, _Pool(table, clauses, _random_vectors(cone)), meter)
    shrunk: dict[int, dict[int, Integers]] = {}
    for clause in clauses:
        meter.count_cell()
        members, points = function.shrink(clause)
        shrunk[members] = points
    kept = function.necessary(minimal_masks(shrunk))
    first = {chart.restrict(piece): piece for piece in reversed(polynomial.pieces)}
    return _numbered([first[piece] for piece in own.pieces], chart, kept, shrunk)


class _Pool:
    """Points of the cone, as homogeneous integer vectors, with the values of all forms and of F in float64.

    They only propose; what they propose is confirmed exactly.
    """

    def __init__(self, table: FormTable, clauses: Sequence[int], vectors: Sequence[Integers]) -> None:
        self.table, self.members = table, [bits_of(clause) for clause in clauses]
        self.vectors: list[Integers] = []
        self.values = np.empty((0, len(table)))
        self.maxima = np.empty(0)
        self.add(vectors)

    def add(self, vectors: Sequence[Integers]) -> None:
        """Take in further points."""
        values = self.table.values(vectors)
        self.vectors += vectors
        self.values = np.vstack([self.values, values])
        self.maxima = np.append(self.maxima, _minima(values, self.members).max(axis=1))

    def losing(self, clause: Sequence[int]) -> Iterator[tuple[int, int, int]]:
        """(i, b, v): at point v leaving i out of the clause seems to lift its minimum, then form b, above F."""
        values = self.values[:, clause]
        order = np.argpartition(values, 1, axis=1)[:, :2]
        gain = np.take_along_axis(values, order[:, 1:], axis=1)[:, 0] - self.maxima
        for local in np.unique(order[:, 0]).tolist():
            found = np.flatnonzero((order[:, 0] == local) & (gain > 0))
            if len(found):
                best = int(found[np.argmax(gain[found])])
                yield clause[local], clause[int(order[best, 1])], best

    def winning(self, index: int, minima: NDArray[np.float64]) -> int | None:
        """v: at point v clause ``index`` seems to have the greatest of the ``minima``, (points, clauses)."""
        lead = minima[:, index] - np.delete(minima, index, axis=1).max(axis=1, initial=-np.inf)
        best = int(np.argmax(lead))
        return best if lead[best] > 0 else None


def _minima(values: NDArray[np.float64], members: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """Minimum over each clause at each point, (points, clauses)."""
    starts = np.cumsum([0, *map(len, members)])[:-1]
    return np.minimum.reduceat(values[:, [i for clause in members for i in clause]], starts, axis=1)


@dataclass(frozen=True)
class _Function:
    """F = max over clauses (bit masks) of the minimum of forms, on a cone; and points that have been useful."""

    table: FormTable
    start: Cone
    clauses: tuple[int, ...]
    pool: _Pool
    meter: Meter

    def shrink(self, clause: int) -> tuple[int, dict[int, Integers]]:
        """Leave out indices while the minimum stays <= F; return the rest, each with a point where it is needed."""
        points: dict[int, Integers] = {}
        while True:
            members = bits_of(clause)
            if len(members) == 1:
                return clause, {members[0]: self.start.interior_vector()}
            for i, base, v in self.pool.losing(members):
                vector = self.pool.vectors[v]
                if i not in points and self._attains(clause & ~(1 << i), base, self.clauses, vector):
                    points[i] = vector
            unsure = [i for i in members if i not in points]
            if not unsure:
                return clause, points
            found = self._exceeding(clause & ~(1 << unsure[-1]), unsure[-1])
            if found is None:
                clause &= ~(1 << unsure[-1])
            else:
                points[unsure[-1]] = found
                self.pool.add([found])

    def necessary(self, clauses: Sequence[int]) -> dict[int, Integers]:
        """Leave out clauses while the others attain F; return the rest, each with a point where it is alone."""
        remaining, points = list(clauses), dict[int, Integers]()
        minima = _minima(self.pool.values, [bits_of(clause) for clause in remaining])
        for clause in clauses:
            self.meter.count_cell()
            index = remaining.index(clause)
            others = remaining[:index] + remaining[index + 1 :]
            known = self.pool.winning(index, minima)
            vector = None if known is None else self._confirmed(clause, others, known)
            vector = vector or self._alone(clause, others)
            if vector is None:
                remaining, minima = others, np.delete(minima, index, axis=1)
            else:
                points[clause] = vector
        return points

    def _confirmed(self, clause: int, others: Sequence[int], v: int) -> Integers | None:
        """Point v of the pool if the minimum of the clause is indeed greater than those of the others there."""
        members = bits_of(clause)
        base = members[int(np.argmin(self.pool.values[v, members]))]
        return self.pool.vectors[v] if self._attains(clause, base, others, self.pool.vectors[v]) else None

    def _alone(self, clause: int, others: Sequence[int]) -> Integers | None:
        """A point where the minimum of the clause is greater than those of the others."""
        for base in bits_of(clause):
            part = self._where_least(self.start, base, clause)
            found = part and self._below(part, base, others)
            if found:
                return found
        return None

    def _exceeding(self, clause: int, left_out: int) -> Integers | None:
        """A point where the minimum of the clause is > F, given that it is not with index ``left_out`` besides.

        Form ``left_out`` is the least one there.
        """
        region = self._where_least(self.start, left_out, clause)
        if region is None:
            return None
        for base in bits_of(clause):
            part = self._where_least(region, base, clause)
            found = part and self._below(part, base, self.clauses)
            if found:
                return found
        return None

    def _attains(self, clause: int, base: int, others: Sequence[int], vector: Integers) -> bool:
        """Whether form ``base`` is the minimum of the clause at the point and greater than those of the others."""
        signs = self.table.signs([vector], [base])[0]
        negative = bit_mask(signs < 0)
        return not clause & negative and all(other & negative for other in others)

    def _where_least(self, cone: Cone, base: int, clause: int) -> Cone | None:
        """The part of the cone where form ``base`` is <= all forms of the clause, or None if it has no interior."""
        _, never, negative = self._bounds(cone, base)
        if clause & negative:
            return None
        return intersect(cone, (self.table.difference(i, base) for i in bits_of(clause & ~never)), self.meter)

    def _bounds(self, cone: Cone, base: int) -> tuple[int, int, int]:
        """The forms < l_base at the vector inside the cone, those >= l_base and those < l_base all over its inside."""
        vectors = [*spanning_vectors(cone), cone.interior_vector()]
        signs = self.table.signs(vectors, [base] * len(vectors))
        least, greatest = signs[:-1].min(axis=0), signs[:-1].max(axis=0)
        return bit_mask(signs[-1] < 0), bit_mask(least >= 0), bit_mask((least < 0) & (greatest <= 0))

    def _below(self, cone: Cone, base: int, clauses: Sequence[int]) -> Integers | None:
        """A vector inside the cone where each clause has a form < l_base, or None if there is none."""
        pending = [(cone, clauses)]
        while pending:
            part, unmet = pending.pop()
            self.meter.check_time()
            here, never, negative = self._bounds(part, base)
            unmet = [clause & ~never for clause in unmet if not clause & negative]
            if not all(unmet):
                continue
            failing = [clause for clause in unmet if not clause & here]
            if not failing:
                return part.interior_vector()
            index = bits_of(min(failing, key=int.bit_count))[0]
            above, below = cut(part, self.table.difference(index, base), self.meter)
            pending += [(above, unmet), (below, unmet)]
        return None


def _random_vectors(cone: Cone) -> list[Integers]:
    """Points inside the cone on several scales."""
    rng = random.Random(0)
    vectors = []
    for attempt in range(_POINTS):
        reach = _SCALES[attempt % len(_SCALES)]
        weights = [rng.randint(1, 64) for _ in cone.generators] + [rng.randint(-reach, reach) for _ in cone.lineality]
        spanning = zip(*cone.generators, *cone.lineality, strict=True)
        vectors.append(tuple(sum(w * a for w, a in zip(weights, column, strict=True)) for column in spanning))
    return vectors


def _numbered(
    pieces: Sequence[AffineForm],
    chart: Chart,
    clauses: Mapping[int, Integers],
    indices: Mapping[int, Mapping[int, Integers]],
) -> IrredundantForm:
    """The form with these clauses, its points on the original space under the numbers that it gives them."""
    form = LatticePolynomial(pieces, [bits_of(clause) for clause in clauses])
    old = {piece: i for i, piece in enumerate(pieces)}
    clause_points, index_points = [], {}
    for j, clause in enumerate(form.clauses):
        mask = mask_of(old[form.pieces[i]] for i in clause)
        clause_points.append(chart.point(clauses[mask]))
        for i in sorted(clause):
            index_points[j, i] = chart.point(indices[mask][old[form.pieces[i]]])
    return IrredundantForm(form, tuple(clause_points), index_points)
