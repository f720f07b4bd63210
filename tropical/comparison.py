"""Comparing two piecewise-linear functions exactly: equality, and the set where they differ."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from tropical.activation_cones import activation_cones, coordinates
from tropical.affine import form_of_row
from tropical.budget import Budget, BudgetExhausted, Meter, Progress
from tropical.cones import Cone, Integers, dot, facets
from tropical.lattice_polynomial import LatticePolynomial
from tropical.network import ReLUNetwork, parallel
from tropical.polyhedron import Polyhedron
from tropical.quotient import Quotient
from tropical.rationals import Matrix, Vector, from_flint
from tropical.signs import Differences, clause_masks, sign_parts
from tropical.verdict import Verdict

Function = ReLUNetwork | LatticePolynomial

_PROBES = 48  # random exact evaluations before the subdivision; a speed-up only, they never prove


def equivalent(
    f: Function,
    g: Function,
    domain: Polyhedron | None = None,
    budget: Budget | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Decide over Q whether f(x) = g(x) for every x in the domain (all of R^n by default).

    f and g are networks or lattice polynomials on one space. ``refuted`` carries a rational ``witness`` and both exact
    values in ``detail["values"]``; ``proved`` says in ``certificate`` how many cells of the common subdivision were
    checked; ``unknown`` means that ``budget`` ran out. Raises ``ValueError`` if the dimensions do not match.

    >>> from tropical import ReLUNetwork
    >>> twice = ReLUNetwork.from_arrays([[[1], [-1]], [[1, -1]]])  # relu(x) - relu(-x)
    >>> equivalent(twice, ReLUNetwork.from_arrays([[[1]]])).status
    'proved'
    >>> verdict = equivalent(twice, ReLUNetwork.from_arrays([[[1]], [[1]]]))
    >>> verdict.status, twice(verdict.witness) == verdict.detail["values"][0]
    ('refuted', True)
    """
    question = _Question.ask(f, g, domain)
    meter = Meter(budget, progress)
    try:
        found = question.probe() or next(question.witnesses(meter), None)
    except BudgetExhausted as stop:
        return Verdict("unknown", detail={"reason": str(stop), "cells": meter.cells})
    if found is None:
        certificate = {"claim": "equal", "method": "common subdivision", "cells": meter.cells, "domain": domain}
        return Verdict("proved", certificate=certificate, detail={"cells": meter.cells})
    witness = question.lift(found)
    values = (_values(f, witness), _values(g, witness))
    if values[0] == values[1]:
        raise RuntimeError(f"internal error: the functions agree at the claimed witness {witness}")
    return Verdict("refuted", witness=witness, detail={"values": values, "cells": meter.cells})


@dataclass(frozen=True)
class Disagreement:
    """The exact set {f != g}, up to measure zero: the union of ``num_cells`` polyhedra with disjoint interiors.

    In the interior of each one f - g is affine and not identically 0, or has one strict sign.
    """

    quotient: Quotient
    cones: tuple[Cone, ...]

    @property
    def num_cells(self) -> int:
        """Number of polyhedra."""
        return len(self.cones)

    @cached_property
    def cells(self) -> tuple[Polyhedron, ...]:
        """The polyhedra, in half-space form on the original space."""
        return tuple(_as_polyhedron(self.quotient, cone) for cone in self.cones)


def disagreement(
    f: Function,
    g: Function,
    domain: Polyhedron | None = None,
    budget: Budget | None = None,
    progress: Progress | None = None,
) -> Disagreement:
    """Return the exact set where f and g differ, as polyhedra; empty iff they are equivalent.

    Raises ``ValueError`` if the dimensions do not match and :class:`BudgetExhausted` if ``budget`` runs out.

    >>> from tropical import ReLUNetwork
    >>> relu, line = ReLUNetwork.from_arrays([[[1]], [[1]]]), ReLUNetwork.from_arrays([[[1]]])
    >>> [str(h) for cell in disagreement(relu, line).cells for h in cell.halfspaces]
    ['-x0']
    """
    question = _Question.ask(f, g, domain)
    meter = Meter(budget, progress)
    return Disagreement(question.quotient, tuple(cone for cone, _ in question.differing(meter)))


@dataclass(frozen=True)
class _Question:
    """f = g? in coordinates that see only what f or g depends on."""

    f: Function
    g: Function
    quotient: Quotient
    start: Cone

    @classmethod
    def ask(cls, f: Function, g: Function, domain: Polyhedron | None) -> "_Question":
        """Check that f and g can be compared, and go over to coordinates of what they see."""
        if f.input_dim != g.input_dim:
            raise ValueError(f"f has {f.input_dim} inputs and g has {g.input_dim}: they cannot be compared")
        if _output_dim(f) != _output_dim(g):
            raise ValueError(f"f has {_output_dim(f)} outputs and g has {_output_dim(g)}: they cannot be compared")
        quotient, start = coordinates(_seen(f) + _seen(g), f.input_dim, domain)
        return cls(_descend(quotient, f), _descend(quotient, g), quotient, start)

    def lift(self, vector: Integers) -> Vector:
        """The point of the original space that a homogeneous vector with positive first entry stands for."""
        return self.quotient.lift([Fraction(a, vector[0]) for a in vector[1:]])

    def probe(self) -> Integers | None:
        """A random rational point where f and g differ, if one turns up."""
        rng = random.Random(0)
        for attempt in range(_PROBES):
            vector = _random_vector(self.start, rng, scale=1 << (attempt % 4 * 3))
            point = [Fraction(a, vector[0]) for a in vector[1:]]
            if _values(self.f, point) != _values(self.g, point):
                return vector
        return None

    def witnesses(self, meter: Meter) -> Iterator[Integers]:
        """One point, as a homogeneous vector, in each part where f and g differ."""
        for cone, row in self.differing(meter):
            yield _nonzero_vector(cone, row)

    def differing(self, meter: Meter) -> Iterator[tuple[Cone, Integers | None]]:
        """Parts where f != g, with the form f - g (not identically 0), or None where its sign is strict."""
        f, g = self.f, self.g
        if isinstance(f, ReLUNetwork) and isinstance(g, ReLUNetwork):
            yield from _network_parts(f, g, self.start, meter)
        elif isinstance(f, LatticePolynomial) and isinstance(g, LatticePolynomial):
            yield from _lattice_parts(f, g, self.start, meter)
        elif isinstance(f, ReLUNetwork) and isinstance(g, LatticePolynomial):
            yield from _mixed_parts(f, g, self.start, meter)
        elif isinstance(f, LatticePolynomial) and isinstance(g, ReLUNetwork):
            yield from _mixed_parts(g, f, self.start, meter)


def _network_parts(f: ReLUNetwork, g: ReLUNetwork, start: Cone, meter: Meter) -> Iterator[tuple[Cone, Integers | None]]:
    outputs = f.output_dim
    for cell in activation_cones(parallel(f, g), start, meter):
        meter.count_cell()
        table = from_flint(cell.rows)
        for i in range(outputs):
            if table[i] != table[outputs + i]:
                yield cell.cone, Differences.between([table[i]], table[outputs + i]).rows[0]
                break


def _mixed_parts(
    net: ReLUNetwork, polynomial: LatticePolynomial, start: Cone, meter: Meter
) -> Iterator[tuple[Cone, Integers | None]]:
    pieces, clauses = _piece_rows(polynomial), clause_masks(polynomial)
    for cell in activation_cones(net, start, meter):
        meter.count_cell()
        differences = Differences.between(pieces, from_flint(cell.rows)[0])
        for part, sign in sign_parts(cell.cone, clauses, differences, meter):
            if sign:
                yield part, None


def _lattice_parts(
    f: LatticePolynomial, g: LatticePolynomial, start: Cone, meter: Meter
) -> Iterator[tuple[Cone, Integers | None]]:
    f_rows, g_rows, f_clauses, g_clauses = _piece_rows(f), _piece_rows(g), clause_masks(f), clause_masks(g)
    for base in f_rows:
        to_f, to_g = Differences.between(f_rows, base), Differences.between(g_rows, base)
        for cone, sign in sign_parts(start, f_clauses, to_f, meter):
            if sign == 0:
                meter.count_cell()
                for part, other in sign_parts(cone, g_clauses, to_g, meter):
                    if other:
                        yield part, None


def _piece_rows(polynomial: LatticePolynomial) -> Matrix:
    return tuple((piece.constant, *piece.gradient) for piece in polynomial.pieces)


def _seen(f: Function) -> Matrix:
    return f.layers[0].weight if isinstance(f, ReLUNetwork) else tuple(piece.gradient for piece in f.pieces)


def _descend(quotient: Quotient, f: Function) -> Function:
    if isinstance(f, ReLUNetwork):
        return quotient.descend_network(f)
    return LatticePolynomial([quotient.descend(piece) for piece in f.pieces], f.clauses)


def _output_dim(f: Function) -> int:
    return f.output_dim if isinstance(f, ReLUNetwork) else 1


def _values(f: Function, x: Vector | list[Fraction]) -> Vector:
    value = f(x)
    return value if isinstance(value, tuple) else (value,)


def _random_vector(cone: Cone, rng: random.Random, scale: int) -> Integers:
    """A random point of the cone with first coordinate > 0."""
    weights = [rng.randint(1, 16) for _ in cone.generators]
    shifts = [rng.randint(-64 * scale, 64 * scale) for _ in cone.lineality]
    spanning = zip((*cone.generators, *cone.lineality), (*weights, *shifts), strict=True)
    scaled = [[factor * a for a in vector] for vector, factor in spanning]
    return tuple(sum(column) for column in zip(*scaled, strict=True))


def _nonzero_vector(cone: Cone, row: Integers | None) -> Integers:
    """A vector of the interior on which ``row``, not identically 0 on the cone, does not vanish."""
    inside = cone.interior_vector()
    if row is None or dot(row, inside):
        return inside
    step = next(v for v in (*cone.generators, *cone.lineality) if dot(row, v))
    return tuple(a + b for a, b in zip(inside, step, strict=True))


def _as_polyhedron(quotient: Quotient, cone: Cone) -> Polyhedron:
    rows = [cone.constraints[index] for index in facets(cone)]
    finite = [row for row in rows if any(row[1:])] or rows
    return Polyhedron([quotient.pull_back(form_of_row(row)) for row in finite])
