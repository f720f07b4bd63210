"""Comparing two piecewise-linear functions exactly: equality, inequality, and the set where they differ."""

import enum
import random
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from operator import mul

from tropical.arithmetic.rationals import Vector, independent_rows, primitive
from tropical.budget import Budget, BudgetExhausted, Meter, Progress
from tropical.forms.parts import in_chart, max_min, parts_of
from tropical.functions.function import Function
from tropical.functions.network import ReLUNetwork
from tropical.functions.requirements import require_function
from tropical.polyhedra.chart import Chart
from tropical.polyhedra.cones import Cone, Integers, dot, vector_below
from tropical.polyhedra.polyhedron import Polyhedron, require_domain
from tropical.proofs.certificate import (
    Certificate,
    difference_certificate,
    equality_certificate,
    excess_certificate,
    order_certificate,
    tree_certificate,
    units_certificate,
    with_merged_units,
)
from tropical.proofs.merged_units import MergedPair
from tropical.proofs.proof_trees import TreeProof, equality_tree, order_tree
from tropical.values import Value
from tropical.verdict import Verdict

_MOST_DIMENSIONS = 6  # in which cells are always cut; beyond, linear programs decide, but for the exception below
_MORE_UNITS = 6  # on R^n; with no more of them in a first layer than that over its rank, most cells are like simplices
_PROBES = 48  # random exact evaluations before the subdivision; a speed-up only, they never prove

Decision = tuple[Certificate | None, Vector | None]


def equivalent(
    f: Function,
    g: Function,
    domain: Polyhedron | None = None,
    budget: Budget | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Decide over Q whether f(x) = g(x) for every x in the domain (all of R^n by default).

    f and g are networks, lattice polynomials, tropical polynomials or tropical rational maps on one space.
    ``refuted`` carries a rational ``witness`` and both exact values in ``detail["values"]``; ``proved`` and
    ``refuted`` a ``certificate`` that :func:`check_certificate` checks on its own; ``unknown`` means that ``budget``
    ran out. Units of two networks that are multiples of one another are merged first, which settles copies of any size
    (permuted, rescaled, split, with more layers). What is left is compared cell by cell in a common subdivision; of
    two networks in more than 6 dimensions, unless their cells are like simplices, by a tree of linear programs.
    Raises ``ValueError`` if the dimensions do not match.

    >>> from tropical import ReLUNetwork
    >>> twice = ReLUNetwork.from_arrays([[[1], [-1]], [[1, -1]]])  # relu(x) - relu(-x)
    >>> equivalent(twice, ReLUNetwork.from_arrays([[[1]]])).status
    'proved'
    >>> verdict = equivalent(twice, ReLUNetwork.from_arrays([[[1]], [[1]]]))
    >>> verdict.status, twice(verdict.witness) == verdict.detail["values"][0]
    ('refuted', True)
    """
    return _decide(Relation.EQUAL, f, g, domain, Meter(budget, progress))


def implies_leq(
    f: Function,
    g: Function,
    domain: Polyhedron | None = None,
    budget: Budget | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Decide over Q whether f(x) <= g(x), output by output, for every x in the domain (all of R^n by default).

    As :func:`equivalent`; a ``witness`` is a point where some output of f exceeds that of g.

    >>> from tropical import ReLUNetwork
    >>> relu, absolute = ReLUNetwork.from_arrays([[[1]], [[1]]]), ReLUNetwork.from_arrays([[[1], [-1]], [[1, 1]]])
    >>> implies_leq(relu, absolute).status, implies_leq(absolute, relu).status
    ('proved', 'refuted')
    """
    return _decide(Relation.AT_MOST, f, g, domain, Meter(budget, progress))


@dataclass(frozen=True, repr=False)
class Disagreement(Value):
    """The exact set {f != g}, up to measure zero: the union of ``num_cells`` polyhedra with disjoint interiors.

    In the interior of each one f - g is affine and not identically 0, or has one strict sign. ``==`` and ``hash`` go
    by the list of polyhedra: one set may be divided in unequal ways.
    """

    chart: Chart
    cones: tuple[Cone, ...]

    @property
    def num_cells(self) -> int:
        """Number of polyhedra."""
        return len(self.cones)

    @cached_property
    def cells(self) -> tuple[Polyhedron, ...]:
        """The polyhedra, in half-space form on the original space."""
        return tuple(map(self.chart.polyhedron, self.cones))


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
    require_comparable(f, g)
    question = _Question.about(f, g, domain)
    meter = Meter(budget, progress)
    return Disagreement(question.chart, tuple(cone for cone, _ in question.differing(meter)))


@dataclass(frozen=True)
class _Question:
    """Two functions in coordinates that see only what they depend on."""

    f: Function
    g: Function
    chart: Chart

    @classmethod
    def about(cls, f: Function, g: Function, domain: Polyhedron | None) -> "_Question":
        """Go over to coordinates of what f and g see."""
        (own_f, own_g), chart = in_chart([f, g], domain)
        return cls(own_f, own_g, chart)

    def differing(self, meter: Meter) -> Iterator[tuple[Cone, Integers | None]]:
        """Parts where f != g, with the form f - g (not identically 0), or None where its sign is strict."""
        f, g = (self.g, self.f) if max_min(self.f) else (self.f, self.g)
        form, parts_g = max_min(g), parts_of(g)
        for part in parts_of(f)(self.chart.cone, meter):
            if form is not None:
                meter.count_cell()
                yield from ((cone, None) for cone, sign in form.signs(part.cone, part.rows[0], meter) if sign)
                continue
            for common in parts_g(part.cone, meter):
                meter.count_cell()
                if common.matrix != part.matrix:
                    yield common.cone, next(_differences(part.rows, common.rows))

    def exceeding(self, meter: Meter) -> Iterator[Integers]:
        """Points, as homogeneous vectors, where some output of f exceeds that of g."""
        sign_of_excess = -1
        f, g = self.f, self.g
        if max_min(g) is None and max_min(f) is not None:
            f, g, sign_of_excess = g, f, 1
        form, parts_g = max_min(g), parts_of(g)
        for part in parts_of(f)(self.chart.cone, meter):
            if form is not None:
                meter.count_cell()
                signs = form.signs(part.cone, part.rows[0], meter)
                yield from (cone.interior_vector() for cone, sign in signs if sign == sign_of_excess)
                continue
            for common in parts_g(part.cone, meter):
                meter.count_cell()
                found = (vector_below(common.cone, row) for row in _differences(common.rows, part.rows))
                yield from (vector for vector in found if vector is not None)


def require_comparable(f: Function, g: Function) -> None:
    """``ValueError`` unless f and g are functions with as many inputs and outputs as each other."""
    require_function(f, "f")
    require_function(g, "g")
    for count_f, count_g, what in ((f.input_dim, g.input_dim, "inputs"), (f.output_dim, g.output_dim, "outputs")):
        if count_f != count_g:
            raise ValueError(f"f has {count_f} {what} and g has {count_g}: they cannot be compared")


class Relation(enum.Enum):
    """What is claimed of f and g, output by output; how it is decided for values, on cells, and what certifies it."""

    EQUAL = "f = g"
    AT_MOST = "f <= g"

    def holds(self, f: Vector, g: Vector) -> bool:
        """Whether it is so for these values."""
        return f == g if self is Relation.EQUAL else all(p <= q for p, q in zip(f, g, strict=True))

    def violations(self, question: _Question, meter: Meter) -> Iterator[Integers]:
        """Points, as homogeneous vectors, where it fails."""
        if self is Relation.AT_MOST:
            return question.exceeding(meter)
        return (_nonzero_vector(cone, row) for cone, row in question.differing(meter))

    def proof(self, f: Function, g: Function, domain: Polyhedron | None, regions: int | None) -> Certificate:
        """The certificate that it holds, to be checked by cutting."""
        certify = equality_certificate if self is Relation.EQUAL else order_certificate
        return certify(f, g, domain, regions)

    def refutation(self, f: Function, g: Function, x: Vector, domain: Polyhedron | None) -> Certificate:
        """The certificate that it fails at x."""
        certify = difference_certificate if self is Relation.EQUAL else excess_certificate
        return certify(f, g, x, domain)

    def tree(self, f: ReLUNetwork, g: ReLUNetwork, domain: Polyhedron | None, meter: Meter, merged: bool) -> TreeProof:
        """What a tree of linear programs finds, for the pair or for what is left when units are merged."""
        return (equality_tree if self is Relation.EQUAL else order_tree)(f, g, domain, meter, merged)


def _decide(relation: Relation, f: Function, g: Function, domain: Polyhedron | None, meter: Meter) -> Verdict:
    """The verdict on "the relation holds everywhere"."""
    require_comparable(f, g)
    require_domain(domain, f.input_dim)
    try:
        if isinstance(f, ReLUNetwork) and isinstance(g, ReLUNetwork):
            proof, witness = _of_networks(relation, f, g, domain, meter)
        else:
            proof, witness = _of_any(relation, f, g, domain, meter)
    except BudgetExhausted as stop:
        return Verdict("unknown", detail={"reason": str(stop), "cells": meter.cells})
    if witness is None:
        return Verdict("proved", certificate=proof, detail={"cells": meter.cells})
    values = (f.values(witness), g.values(witness))
    if relation.holds(*values):
        raise RuntimeError(f"internal error: the claimed witness {witness} refutes nothing")
    certificate = relation.refutation(f, g, witness, domain)
    return Verdict("refuted", witness, certificate, {"values": values, "cells": meter.cells})


def _of_any(relation: Relation, f: Function, g: Function, domain: Polyhedron | None, meter: Meter) -> Decision:
    """A proof or a witness for functions of any kinds."""
    if type(f) is type(g) and f == g:
        return units_certificate(f, g, domain, relation is Relation.EQUAL), None
    found = _probe(relation, f, g, domain, meter) or _by_cells(relation, f, g, domain, meter)
    return (None, found) if found else (relation.proof(f, g, domain, None), None)


def _of_networks(
    relation: Relation, f: ReLUNetwork, g: ReLUNetwork, domain: Polyhedron | None, meter: Meter
) -> Decision:
    """A proof or a witness: by merging units, by random points, then by the cells or a tree of what is left."""
    equal, flat = relation is Relation.EQUAL, domain is not None and bool(domain.equations)
    if domain is not None and flat:
        pair, core = MergedPair(f.compose(domain.hull.inclusion), g.compose(domain.hull.inclusion)), domain.core
    else:
        pair, core = MergedPair(f, g), domain
    if pair.shows_equality or (not equal and pair.shows_order):
        return units_certificate(f, g, domain, equal), None
    found = _probe(relation, f, g, domain, meter)
    if found is not None:
        return None, found
    left, right = (pair.zero, pair.difference) if pair.is_smaller else (pair.f, pair.g)
    if _has_many_faces(left, right, core):
        tree = relation.tree(f, g, domain, meter, pair.is_smaller)
        if tree.nodes is None:
            return None, tree.witness
        proof = tree_certificate(f, g, domain, tree.nodes, equal)
    else:
        found = _by_cells(relation, left, right, core, meter)
        if found is not None:
            return None, domain.hull.inclusion(found) if domain is not None and flat else found
        proof = relation.proof(f, g, domain, meter.cells)
    return (with_merged_units(proof) if pair.is_smaller else proof), None


def _by_cells(relation: Relation, f: Function, g: Function, domain: Polyhedron | None, meter: Meter) -> Vector | None:
    """A witness, if a cell of a common subdivision has one."""
    question = _Question.about(f, g, domain)
    found = next(relation.violations(question, meter), None)
    return None if found is None else question.chart.point(found)


def _has_many_faces(f: ReLUNetwork, g: ReLUNetwork, domain: Polyhedron | None) -> bool:
    """Whether cells are expected to have so many faces that linear programs are faster (measured crossovers)."""
    if domain is not None:
        return f.input_dim > _MOST_DIMENSIONS
    rank = len(independent_rows(f.layers[0].weight + g.layers[0].weight))
    return rank > _MOST_DIMENSIONS and max(len(net.layers[0].kinked) for net in (f, g)) > rank + _MORE_UNITS


def _probe(relation: Relation, f: Function, g: Function, domain: Polyhedron | None, meter: Meter) -> Vector | None:
    """A random rational point where the relation fails, if one turns up."""
    rng = random.Random(0)
    for attempt in range(_PROBES):
        meter.check_time()
        point = _random_point(f.input_dim, domain, rng, scale=1 << (attempt % 4 * 3))
        if not relation.holds(f.values(point), g.values(point)):
            return point
    return None


def _random_point(dim: int, domain: Polyhedron | None, rng: random.Random, scale: int) -> Vector:
    """A random point: on R^n of about that size, in a domain a part of the way from the inside to its border."""
    if domain is not None and domain.equations:
        return domain.hull.inclusion(_random_point(domain.dimension, domain.core, rng, scale))
    direction = [rng.randint(-64, 64) for _ in range(dim)]
    share = Fraction(scale, rng.randint(1, 16))
    if domain is None:
        return tuple(share * a for a in direction)
    start = domain.interior_point
    slopes = [(row[0] + sum(map(mul, row[1:], start)), sum(map(mul, row[1:], direction))) for row in domain.rows]
    border = min((value / -slope for value, slope in slopes if slope < 0), default=None)
    if border is not None:
        share = border * Fraction(rng.randint(1, 15), 16)
    return tuple(p + share * a for p, a in zip(start, direction, strict=True))


def _differences(upper: tuple[Vector, ...], lower: tuple[Vector, ...]) -> Iterator[Integers]:
    """Positive multiples of the rows of upper - lower that are not 0."""
    for a, b in zip(upper, lower, strict=True):
        if a != b:
            yield primitive([p - q for p, q in zip(a, b, strict=True)])


def _nonzero_vector(cone: Cone, row: Integers | None) -> Integers:
    """A vector of the interior on which ``row``, not identically 0 on the cone, does not vanish."""
    inside = cone.interior_vector()
    if row is None or dot(row, inside):
        return inside
    step = next(v for v in (*cone.generators, *cone.lineality) if dot(row, v))
    return tuple(a + b for a, b in zip(inside, step, strict=True))
