"""Independent checker of certificates about piecewise-linear functions: standard library, integers, fractions.

    python checker.py FILE

(Python 3.10 or later) prints the claim, then "accepted" (exit code 0), "rejected: reason" (1) or "malformed: reason"
(2; so does whatever keeps it from saying that). The format is described in certificate.py. Nothing else has to be
trusted, and nothing that a certificate says is believed unchecked.

How a claim about all x is checked ("replay"). A polyhedron in R^n is handled as the cone over {1} x polyhedron in
R^(n+1), in double description: its extreme rays, and the constraints that vanish on each. It is cut along the
hyperplanes where a unit of a network, or a difference of two affine pieces, changes sign. Each cut makes both halves,
so the final parts cover the domain; on each of them both functions are affine, and their rows (constant, gradient) are
compared. All parts have interior, so that different rows are different functions. The second method ("tree") cuts
nothing: it is told for each unit to split the part, or that its sign follows from a non-negative combination of the
constraints of the part, and only adds up. The third ("units") writes the units of both networks as
combinations of those that are no multiples of others, and g - f with them: mostly that says it all; if not, the rest is
to be shown for the network of g - f by one of the other methods.

A half-space of the domain whose negative is another one holds as an equation. In reduced echelon form the equations
give each of their pivot coordinates as an affine form of the other ones, y. So y -> x is a bijection from the set of y
for which all half-spaces hold at x to the domain, and a claim about all x of the domain is the same claim, with the
functions composed, about all y: that one is checked, and it is the set of the y that must have interior. Equations that
half-spaces imply in any other way are not looked for: such a domain "has no interior". Regions are those of the domain
within the space that its equations cut out.
"""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from math import gcd, lcm
from operator import mul
from typing import Any

Numbers = list[Fraction]
Row = Sequence[int]  # (constant, gradient...), or a vector (x_0, x...) that such a row is applied to
Form = dict[int, Fraction]  # signal: coefficient
Steps = Iterator[str]  # the claim in words; then, when asked for more, the check of its proof


class Rejected(ValueError):  # noqa: N818 - the verdict
    """The certificate proves nothing."""


class Malformed(Rejected):
    """The certificate does not follow the format."""


def check(certificate: Any) -> str:
    """Return the claim of a certificate in words if its proof holds; raise :class:`Rejected` with the reason if not.

    >>> line, domain = {"kind": "tropical", "terms": [["1", "2"]]}, {"halfspaces": [["-1", "-2"]]}
    >>> claim = {"kind": "maximum", "f": line, "domain": domain, "value": "0", "point": ["-1/2"]}
    >>> check({"format": "tropical certificate", "version": 1, "claim": claim, "proof": {"method": "replay"}})
    'the maximum of f on a polyhedron of 1 half-spaces in R^1 is 0, where f is a tropical polynomial of 1 terms'
    """
    statement, *_ = read(certificate)
    return statement


def read(certificate: Any) -> Steps:
    form, version, claim, proof = fields(certificate, "format", "version", "claim", "proof")
    require(form == "tropical certificate" and type(version) is int and version == 1, "not a certificate of version 1")
    kind = claim.get("kind") if isinstance(claim, dict) else None
    require(isinstance(kind, str) and kind in CLAIMS, "unknown kind of claim")
    yield from CLAIMS[str(kind)](claim, proof)


# ---- Reading: every value is checked for its type, every list for its length.


def require(condition: bool, reason: str) -> None:
    if not condition:
        raise Malformed(reason)


def fields(value: Any, *names: str) -> list[Any]:
    require(isinstance(value, dict) and set(value) == set(names), f"expected an object with the fields {names}")
    return [value[name] for name in names]


def items(value: Any, length: int | None = None) -> list[Any]:
    require(isinstance(value, list), "expected a list")
    require(length in (None, len(value)), f"expected {length} entries, got {len(value)}")
    return list(value)


def number(value: Any) -> Fraction:
    """A rational in hexadecimal such as "-1f/10" = -31/16."""
    match = re.fullmatch(r"(-?[0-9a-f]+)(?:/([0-9a-f]+))?", value) if isinstance(value, str) else None
    top, bottom = match.groups(default="1") if match else ("0", "0")
    require(int(bottom, 16) > 0, "expected a hexadecimal rational")
    return Fraction(int(top, 16), int(bottom, 16))


def index(value: Any, limit: int) -> int:
    require(type(value) is int and 0 <= value < limit, f"expected an integer from 0 to {limit - 1}")
    return int(value)


def vector(value: Any, length: int | None = None) -> Numbers:
    return [number(entry) for entry in items(value, length)]


def table(value: Any, columns: int | None = None) -> list[Numbers]:
    """At least one row, all of the same positive length."""
    rows = [vector(row) for row in items(value)]
    lengths = {len(row) for row in rows}
    require(len(lengths) == 1 and 0 not in lengths and columns in (None, *lengths), "expected rows of one length")
    return rows


def integers(rows: Sequence[Numbers]) -> tuple[list[list[int]], int]:
    """The rows times their least common denominator, and that denominator."""
    scale = lcm(*(q.denominator for row in rows for q in row))
    return [[q.numerator * (scale // q.denominator) for q in row] for row in rows], scale


# ---- Cones {v in R^(n+1) : every constraint >= 0}, always with interior, and exact linear algebra over Z.


class Cone:
    """Extreme rays modulo the lineality space; bit k of a ray's mask is set iff the k-th constraint vanishes on it."""

    __slots__ = ("lineality", "masks", "rays", "walls")

    def __init__(self, rays: list[Row], masks: list[int], walls: int, lineality: list[Row]) -> None:
        self.rays, self.masks, self.walls, self.lineality = rays, masks, walls, lineality


def half_space(dim: int) -> Cone:
    """{x_0 >= 0} in R^(dim+1): the cone over R^dim."""
    origin, *axes = unit_rows(dim)
    return Cone([origin], [0], 1, axes)


def unit_rows(dim: int) -> list[Row]:
    return [[int(i == j) for j in range(dim + 1)] for i in range(dim + 1)]


def dot(row: Row, other: Row) -> int:
    return sum(map(mul, row, other))


def primitive(row: Row) -> Row:
    divisor = gcd(*row)
    return row if divisor <= 1 else [a // divisor for a in row]


def sign(cone: Cone, row: Row) -> int | None:
    """Sign of a row in the interior of the cone: 1, -1, 0 (identically), or None if it takes both."""
    if cone.lineality and any(dot(row, direction) for direction in cone.lineality):
        return None
    values = [sum(map(mul, row, ray)) for ray in cone.rays]
    low, high = min(values), max(values)
    return None if low < 0 < high else (high > 0) - (low < 0)


def cut(cone: Cone, row: Row) -> tuple[Cone, Cone]:
    """The parts with row >= 0 and row <= 0, for a row that takes both signs."""
    for direction in cone.lineality:
        if dot(row, direction):
            return bend(cone, row, direction)
    rays, masks, wall = cone.rays, cone.masks, 1 << cone.walls
    values = [dot(row, ray) for ray in rays]
    needed = len(row) - len(cone.lineality) - 2  # at least so many constraints vanish on an edge
    fresh: list[Row] = []
    edges: list[int] = []
    for i in [i for i, value in enumerate(values) if value > 0]:
        for j in [j for j, value in enumerate(values) if value < 0]:
            common = masks[i] & masks[j]
            # Two rays span an edge iff no third one lies on all their common walls (Fukuda and Prodon 1996).
            if common.bit_count() >= needed and [mask & common for mask in masks].count(common) == 2:
                a, b = values[i], values[j]
                fresh.append(primitive([a * q - b * p for p, q in zip(rays[i], rays[j], strict=True)]))
                edges.append(common | wall)
    parts = []
    for side in (1, -1):
        kept = [i for i, value in enumerate(values) if side * value >= 0]
        known = [masks[i] if values[i] else masks[i] | wall for i in kept]
        parts.append(Cone([rays[i] for i in kept] + fresh, known + edges, cone.walls + 1, cone.lineality))
    return parts[0], parts[1]


def bend(cone: Cone, row: Row, direction: Row) -> tuple[Cone, Cone]:
    """Cut along a row that is not constant on a line of the cone: everything else moves along it to {row = 0}."""
    value = dot(row, direction)
    if value < 0:
        direction, value = [-a for a in direction], -value

    def moved(vectors: list[Row]) -> list[Row]:
        offsets = [dot(row, v) for v in vectors]
        pairs = zip(vectors, offsets, strict=True)
        return [primitive([value * a - t * b for a, b in zip(v, direction, strict=True)]) for v, t in pairs]

    wall = 1 << cone.walls
    masks = [*(mask | wall for mask in cone.masks), wall - 1]
    lines = [v for v in moved(cone.lineality) if any(v)]  # the direction itself moves to 0
    rays, opposite = moved(cone.rays), [-a for a in direction]
    return Cone([*rays, direction], masks, cone.walls + 1, lines), Cone([*rays, opposite], masks, cone.walls + 1, lines)


def split(cone: Cone, rows: Sequence[Row]) -> Iterator[tuple[Cone, tuple[int, ...]]]:
    """The parts of the cone in which every row has one sign, with these signs."""
    pending: list[tuple[Cone, tuple[int, ...]]] = [(cone, ())]
    while pending:
        part, signs = pending.pop()
        for row in rows[len(signs) :]:
            found = sign(part, row)
            if found is None:
                part, below = cut(part, row)
                pending.append((below, (*signs, -1)))
                found = 1
            signs = (*signs, found)
        yield part, signs


def echelon(rows: Sequence[Row]) -> dict[int, Row]:
    """A basis of the row space: each row by its pivot column, positive there and zero in all other pivot columns."""
    basis: dict[int, Row] = {}
    for row in rows:
        for j, other in basis.items():
            row = eliminate(row, other, j)
        pivot = next((j for j, a in enumerate(row) if a), None)
        if pivot is not None:
            row = row if row[pivot] > 0 else [-a for a in row]
            basis = {j: eliminate(other, row, pivot) for j, other in basis.items()}
            basis[pivot] = row
    return basis


def eliminate(row: Row, other: Row, column: int) -> Row:
    """A positive multiple of row, plus a multiple of other, with 0 in the column, where other is positive."""
    a, b = other[column], row[column]
    return row if b == 0 else primitive([a * p - b * q for p, q in zip(row, other, strict=True)])


# ---- Functions R^dim -> R^outputs. ``seen``: the rows through which x enters; ``restricted``: composed with an
# ---- inclusion y -> x; ``parts(cone)``: where f is affine, with the rows of ``scale`` times its outputs there.


class Inclusion:
    """An affine map R^dim -> R^n: for each x_j its terms (place, factor) in (1, y)."""

    def __init__(self, dim: int, terms: list[list[tuple[int, Fraction]]]) -> None:
        self.dim, self.terms = dim, terms

    def pulled_back(self, rows: Sequence[Sequence[Fraction | int]]) -> list[Numbers]:
        """The rows on (1, x) as rows on (1, y)."""
        found = []
        for constant, *gradient in rows:
            row = [Fraction(constant)] + [Fraction(0)] * self.dim
            for a, terms in zip(gradient, self.terms, strict=True):
                for place, factor in terms if a else ():
                    row[place] += a * factor
            found.append(row)
        return found


class Network:
    """Layers (rows (bias, weights...), slopes (left, right)); a unit maps t to right*t for t >= 0 and left*t below."""

    def __init__(self, layers: list[tuple[list[Numbers], list[Numbers]]]) -> None:
        self.layers, self.seen = layers, layers[0][0]
        self.dim, self.outputs = len(self.seen[0]) - 1, len(layers[-1][0])
        self.words = "a network " + "-".join(map(str, [self.dim, *(len(rows) for rows, _ in layers)]))
        self.integer, self.scale = [], 1  # each layer times a common denominator, as matrix, slopes and kinked units
        for rows, slopes in layers:
            (matrix, below), (pairs, under) = integers(rows), integers(slopes)
            matrix.insert(0, [below] + [0] * (len(matrix[0]) - 1))  # unit 0 carries the constant along
            pairs.insert(0, [under, under])
            self.integer.append((matrix, pairs, [i for i, (left, right) in enumerate(pairs) if left != right]))
            self.scale *= below * under
        self.latest: dict[
            int, tuple[tuple[int, ...], list[Row], list[Row]]
        ] = {}  # for each layer pattern, rows, kinked

    def restricted(self, onto: Inclusion) -> "Network":
        return Network([(onto.pulled_back(self.seen), self.layers[0][1]), *self.layers[1:]])

    def value(self, point: Numbers) -> Numbers:
        for rows, slopes in self.layers:
            sums = [evaluate(row, point) for row in rows]
            point = [t * (right if t >= 0 else left) for t, (left, right) in zip(sums, slopes, strict=True)]
        return point

    def preactivations(self, depth: int, inputs: Sequence[Row]) -> list[Row]:
        """Rows of the units of a layer; ``inputs`` is the transpose of the rows of its inputs."""
        return [[sum(map(mul, weights, column)) for column in inputs] for weights in self.integer[depth][0]]

    def activations(self, depth: int, rows: Sequence[Row], signs: Sequence[int]) -> list[Row]:
        """The transpose of the rows after the activation, the kinked units having the given signs."""
        _, slopes, kinked = self.integer[depth]
        factors = [right for _, right in slopes]
        for unit, found in zip(kinked, signs, strict=True):
            factors[unit] = slopes[unit][found >= 0]
        return [list(map(mul, factors, column)) for column in zip(*rows, strict=True)]

    def parts(self, cone: Cone) -> Iterator[tuple[Cone, list[Row]]]:
        known, top = self.latest, unit_rows(self.dim)
        pending: list[tuple[int, Cone, tuple[int, ...], list[Row], tuple[int, ...]]] = [(0, cone, (), [], ())]
        while pending:
            depth, part, pattern, rows, signs = pending.pop()
            if depth not in known or known[depth][0] != pattern:  # else the rows are those of the part before
                rows = self.preactivations(depth, self.activations(depth - 1, rows, signs) if depth else top)
                known[depth] = pattern, rows, [primitive(rows[unit]) for unit in self.integer[depth][2]]
            _, rows, kinked = known[depth]
            if depth == len(self.layers) - 1:
                yield part, rows[1:]
                continue
            for piece, signs in split(part, kinked):
                pending.append((depth + 1, piece, pattern + signs, rows, signs))


class Lattice:
    """flip * (max over clauses of min of the rows): flip = 1, or -1 with negated rows for min of max."""

    outputs = 1

    def __init__(self, rows: list[Numbers], clauses: list[list[int]], flip: int, words: str = "") -> None:
        self.seen, self.clauses, self.flip, self.words, self.dim = rows, clauses, flip, words, len(rows[0]) - 1
        self.rows, self.scale = integers(rows)

    def restricted(self, onto: Inclusion) -> "Lattice":
        return Lattice(onto.pulled_back(self.seen), self.clauses, self.flip)

    def minima(self, point: Numbers) -> Numbers:
        values = [evaluate(row, point) for row in self.seen]
        return [min(values[i] for i in clause) for clause in self.clauses]

    def value(self, point: Numbers) -> Numbers:
        return [self.flip * max(self.minima(point))]

    def parts(self, cone: Cone) -> Iterator[tuple[Cone, list[Row]]]:
        """Where F equals one of its rows: these sets cover, since F has the value of some row at every point."""
        for row in self.rows:
            base = [self.flip * a for a in row]
            for part, found in self.signs(cone, base, self.scale):
                if found == 0:
                    yield part, [base]

    def signs(self, cone: Cone, other: Row, scale: int) -> Iterator[tuple[Cone, int]]:
        """Parts that cover the cone, each with the sign of F - other/scale in its interior: the lattice of the signs of
        all pieces minus other/scale, each -1, 0 or 1; cut only while it depends on unknown ones.
        """
        shift = [self.flip * self.scale * a for a in other]
        rows = [primitive([scale * a - b for a, b in zip(row, shift, strict=True)]) for row in self.rows]
        pending: list[tuple[Cone, list[int | None]]] = [(cone, [None] * len(rows))]
        while pending:
            part, known = pending.pop()
            known = [sign(part, row) if found is None else found for row, found in zip(rows, known, strict=True)]
            least, most = ([unknown if found is None else found for found in known] for unknown in (-1, 1))
            low, high = (max(min(found[i] for i in clause) for clause in self.clauses) for found in (least, most))
            if low == high:
                yield part, self.flip * low
                continue
            hopeful = [clause for clause in self.clauses if min(most[i] for i in clause) == high]
            i = min(([i for i in clause if known[i] is None] for clause in hopeful), key=len)[0]
            upper, lower = cut(part, rows[i])
            pending += [(lower, [*known[:i], -1, *known[i + 1 :]]), (upper, [*known[:i], 1, *known[i + 1 :]])]


class Rational:
    """Componentwise differences of maxima: f_1, ..., f_m, g_1, ..., g_m give f_i - g_i."""

    def __init__(self, polynomials: list[Lattice]) -> None:
        self.polynomials, self.dim, self.outputs = polynomials, polynomials[0].dim, len(polynomials) // 2
        self.seen = [row for p in polynomials for row in p.seen]
        self.scale = lcm(*(p.scale for p in polynomials))
        self.words = f"a tropical rational map from R^{self.dim} to R^{self.outputs}"

    def restricted(self, onto: Inclusion) -> "Rational":
        return Rational([p.restricted(onto) for p in self.polynomials])

    def value(self, point: Numbers) -> Numbers:
        values = [p.value(point)[0] for p in self.polynomials]
        return [a - b for a, b in zip(values[: self.outputs], values[self.outputs :], strict=True)]

    def parts(self, cone: Cone) -> Iterator[tuple[Cone, list[Row]]]:
        pending: list[tuple[Cone, list[Row]]] = [(cone, [])]
        while pending:
            part, rows = pending.pop()
            if len(rows) == len(self.polynomials):
                pairs = zip(rows[: self.outputs], rows[self.outputs :], strict=True)
                yield part, [[a - b for a, b in zip(*pair, strict=True)] for pair in pairs]
                continue
            polynomial = self.polynomials[len(rows)]
            factor = self.scale // polynomial.scale
            for piece, (row,) in polynomial.parts(part):
                pending.append((piece, [*rows, [factor * a for a in row]]))


Function = Network | Lattice | Rational


def evaluate(row: Numbers, point: Numbers) -> Fraction:
    return sum((a * b for a, b in zip(row[1:], point, strict=True) if a), row[0])


def function(value: Any) -> Function:
    kind = value.get("kind") if isinstance(value, dict) else None
    if kind == "network":
        layers = [layer(entry) for entry in items(fields(value, "kind", "layers")[1])]
        require(bool(layers) and all(s == [1, 1] for s in layers[-1][1]), "the last layer must exist and have slopes 1")
        sizes = [(len(before[0]), len(after[0][0]) - 1) for before, after in pairwise(layers)]
        require(all(made == taken for made, taken in sizes), "a layer does not fit the one before")
        return Network(layers)
    if kind == "rational":
        _, above, below = fields(value, "kind", "numerators", "denominators")
        lists = [table(terms) for terms in [*items(above), *items(below, len(items(above)))]]
        require(len({len(terms[0]) for terms in lists}) == 1, "polynomials on different spaces")
        return Rational([maximum_of(terms) for terms in lists])
    if kind == "tropical":
        return maximum_of(table(fields(value, "kind", "terms")[1]))
    require(kind in ("lattice", "dual lattice"), "unknown kind of function")
    _, pieces, listed = fields(value, "kind", "pieces", "clauses")
    rows = table(pieces)
    clauses = [[index(i, len(rows)) for i in items(clause)] for clause in items(listed)]
    require(bool(clauses) and all(clauses), "expected at least one clause and no empty one")
    require(all(len(set(clause)) == len(clause) for clause in clauses), "a clause names a piece twice")
    flip, words = 2 * (kind == "lattice") - 1, f"a {kind} polynomial of {len(rows)} pieces and {len(clauses)} clauses"
    return Lattice([[flip * q for q in row] for row in rows], clauses, flip, words)


def network(f: Function) -> Network:
    if not isinstance(f, Network):
        raise Malformed("expected a network")
    return f


def layer(value: Any) -> tuple[list[Numbers], list[Numbers]]:
    weights, biases, slopes = fields(value, "weight", "bias", "slopes")
    weight = table(weights)
    bias = vector(biases, len(weight))
    rows = [[b, *row] for b, row in zip(bias, weight, strict=True)]
    return rows, [vector(pair, 2) for pair in items(slopes, len(weight))]


def maximum_of(terms: list[Numbers]) -> Lattice:
    return Lattice(terms, [[i] for i in range(len(terms))], 1, f"a tropical polynomial of {len(terms)} terms")


class Domain:
    """The polyhedron {row >= 0 for every row} in R^dim, or all of R^dim.

    ``equations``, by pivot, are the rows (gradient..., constant) of reduced echelon form of those that hold with both
    signs; ``constraints`` are all rows, as functions of the coordinates that are no pivots.
    """

    def __init__(self, value: Any, dim: int) -> None:
        self.everything, self.dim = value is None, dim
        self.rows = [] if value is None else table(fields(value, "halfspaces")[0], dim + 1)
        rows = [primitive(row) for row in (integers([row])[0][0] for row in self.rows)]
        known = set(map(tuple, rows))
        both = [row for row in rows if tuple(-a for a in row) in known]
        basis = echelon([[*row[1:], row[0]] for row in both])
        self.equations = {j: row for j, row in basis.items() if j < dim}  # if 1 = 0 is left, no point is in any cone
        if self.equations:
            pulled = self.inclusion(self.axes()).pulled_back(rows)
            rows = [primitive(row) for row in integers(pulled)[0] if any(row)]
        self.constraints = rows
        self.words = f"R^{dim}" if value is None else f"a polyhedron of {len(self.rows)} half-spaces in R^{dim}"

    def require_point(self, point: Numbers) -> None:
        if any(evaluate(row, point) < 0 for row in self.rows):
            raise Rejected("the point lies outside the domain")

    def cone(self, dim: int) -> Cone:
        cone = half_space(dim)
        for row in self.constraints:
            found = sign(cone, row)
            if found is None:
                cone = cut(cone, row)[0]
            elif found < 0:
                raise Rejected("the domain has no interior")
        return cone

    def axes(self, *functions: Function) -> dict[int, Row]:
        """The coordinates that matter. On R^n, the rows W that the functions see are combinations W = W_J A of their
        reduced echelon form A with pivots J, so that they are functions of y = Ax, and Ax = y for x_J = y, 0 elsewhere:
        it is enough to check them for x_J in R^J and 0 elsewhere. Returns the rows of A, up to scale, by pivot. On
        other domains the coordinates y = Ax are those that are no pivots of the equations.
        """
        if not self.everything:
            axes = enumerate(unit_rows(self.dim - 1))
            return {j: row for j, row in axes if j not in self.equations}
        basis = echelon([row[1:] for f in functions for row in integers(f.seen)[0]])
        return {j: basis[j] for j in sorted(basis)}

    def inclusion(self, axes: dict[int, Row]) -> Inclusion:
        """x for the coordinates y = Ax: the axes are y, pivots of equations follow, and all others are 0."""
        terms: list[list[tuple[int, Fraction]]] = [[] for _ in range(self.dim)]
        for place, j in enumerate(axes, start=1):
            terms[j] = [(place, Fraction(1))]
        for pivot, row in self.equations.items():
            places = [(0, row[self.dim]), *((place, row[j]) for place, j in enumerate(axes, start=1))]
            terms[pivot] = [(place, Fraction(-a, row[pivot])) for place, a in places if a]
        return Inclusion(len(axes), terms)


# ---- Claims.


def comparison(claim: Any, proof: Any) -> Steps:
    """f = g, or f <= g in every output, on the domain."""
    kind, *functions, where = fields(claim, "kind", "f", "g", "domain")
    f, g = map(function, functions)
    require((f.dim, f.outputs) == (g.dim, g.outputs), "f and g have different dimensions")
    domain, symbol = Domain(where, f.dim), "=" if kind == "equal" else "<="
    yield f"f(x) {symbol} g(x) for every x in {domain.words}, where f is {f.words} and g is {g.words}"
    merged = isinstance(proof, dict) and proof.get("method") == "units"
    if merged:
        _, proof = fields(proof, "method", "rest")
        if proof is None and claim["f"] == claim["g"]:
            return
    if not merged or proof is not None or domain.equations:
        onto = domain.inclusion(domain.axes(f, g))
        f, g = f.restricted(onto), g.restricted(onto)
    if merged and proof is None:
        compare_units(network(f), network(g), kind == "equal")
        return
    if merged:
        f, g = constant([Fraction(0)] * f.outputs, f.dim), difference(network(f), network(g))
    if isinstance(proof, dict) and proof.get("method") == "tree":
        _, nodes = fields(proof, "method", "nodes")
        grow(iter(items(nodes)), network(f), network(g), domain, kind == "equal")
        return
    method, cells = fields(proof, "method", "cells")
    require(method == "replay", "unknown method of proof")
    if cells is not None:
        index(cells, 1 << 63), network(f), network(g)
    count = compare(f, g, (0,) if kind == "equal" else (0, 1), domain.cone(f.dim))
    if cells not in (None, count):
        raise Rejected(f"f and g have {count} cells, not {cells}")


def compare(f: Function, g: Function, allowed: tuple[int, ...], cone: Cone) -> int:
    """Check that g - f has an allowed sign everywhere on the cone; return the number of parts."""
    if isinstance(f, Lattice) and not isinstance(g, Lattice):
        f, g, allowed = g, f, tuple(-s for s in allowed)
    count = 0
    for part, rows in f.parts(cone):
        for found in signs_of(g, part, rows, f.scale):
            if found not in allowed:
                raise Rejected("the claim fails on some part of the domain")
            count += 1
    return count // f.outputs


def signs_of(g: Function, cone: Cone, others: Sequence[Row], scale: int) -> Iterator[int | None]:
    """The signs, on parts that cover the cone, of each output of g minus the row of the other divided by scale."""
    if isinstance(g, Lattice):
        yield from (found for _, found in g.signs(cone, others[0], scale))
        return
    for part, rows in g.parts(cone):
        for row, other in zip(rows, others, strict=True):
            yield sign(part, [scale * a - g.scale * b for a, b in zip(row, other, strict=True)])


def compare_units(f: Network, g: Network, equal: bool) -> None:
    """Check that g - f is 0, or, for f <= g, a sum of what is nowhere negative."""
    units = Units(f.dim)
    for form in units.differences(f, g):
        if form and (equal or units.sign(form) != 1):
            raise Rejected("the units of f and g do not show the claim")


def difference(f: Network, g: Network) -> Network:
    """g - f, of the units that do not cancel."""
    units = Units(f.dim)
    return units.network(units.differences(f, g))


def constant(values: Numbers, dim: int) -> Network:
    return Network([([[value] + [Fraction(0)] * dim for value in values], [[Fraction(1)] * 2 for _ in values])])


class Units:
    """The units of networks on R^dim as forms {signal: coefficient, not 0}: signal 0 is the constant 1, then come the
    inputs, then units that are made of such forms. A unit that reads t' = ct, where another one reads t and bends,
    needs none of its own: with a slope for t >= 0 and one for t <= 0 it is a combination of t and of that other one.
    Nor does one that reads a sum of what is nowhere negative, or the negative of such a sum: it has one slope.
    """

    def __init__(self, dim: int) -> None:
        self.inputs: list[Form] = [{signal: Fraction(1)} for signal in range(dim + 1)]
        self.made: list[tuple[Form, Fraction, Fraction]] = []  # what a unit reads, and its slopes below and above 0
        self.along: dict[frozenset[tuple[int, Fraction]], int] = {}  # by the direction of what it reads
        self.nonnegative = {0}

    def differences(self, f: Network, g: Network) -> list[Form]:
        """The outputs of g - f."""
        pairs = zip(self.outputs(f), self.outputs(g), strict=True)
        return [total([theirs, ours], [Fraction(1), Fraction(-1)]) for ours, theirs in pairs]

    def outputs(self, net: Network) -> list[Form]:
        forms = self.inputs
        for rows, slopes in net.layers:
            sums = [total(forms, row) for row in rows]
            forms = [forms[0], *(self.activated(t, *pair) for t, pair in zip(sums, slopes, strict=True))]
        return forms[1:]

    def sign(self, form: Form) -> int | None:
        """1 if the form is a sum of what is nowhere negative, -1 if its negative is one, else None."""
        signs = {1 if a > 0 else -1 for a in form.values()}
        return signs.pop() if len(signs) == 1 and set(form) <= self.nonnegative else None

    def activated(self, form: Form, left: Fraction, right: Fraction) -> Form:
        found = self.sign(form)
        if left == right or not form or found is not None:
            return total([form], [left if found == -1 else right])
        lead = form[min(form)]
        direction = frozenset((signal, Fraction(a, lead)) for signal, a in form.items())
        if direction not in self.along:
            self.along[direction] = signal = len(self.inputs) + len(self.made)
            self.made.append((form, left, right))
            if left <= 0 <= right:
                self.nonnegative.add(signal)
        signal = self.along[direction]
        first, low, high = self.made[signal - len(self.inputs)]
        ratio = Fraction(lead, first[min(first)])
        above, below = (right, left) if ratio > 0 else (left, right)  # the slopes where first >= 0 and <= 0
        factor = Fraction(ratio * (above - below), high - low)
        return total([first, {signal: Fraction(1)}], [ratio * above - factor * high, factor])

    def network(self, outputs: list[Form]) -> Network:
        """The network of the outputs: layer k has the units that read some of layer k - 1, and what later ones read."""
        start, needed = len(self.inputs), set().union(*outputs)
        for signal in reversed(range(start, start + len(self.made))):
            if signal in needed:
                needed |= set(self.made[signal - start][0])
        units = {signal: self.made[signal - start] for signal in sorted(needed) if signal >= start}
        levels = dict.fromkeys(range(start), 0)
        for signal, (form, _, _) in units.items():
            levels[signal] = 1 + max(levels[read] for read in form)
        read = set().union(*outputs, *(form for form, _, _ in units.values()))
        one, layers, held = Fraction(1), [], list(range(1, start))
        for level in range(1, 1 + max(levels.values())):
            fresh = [signal for signal in units if levels[signal] == level]
            kept = [signal for signal in held if signal in read]
            made = [*(units[signal] for signal in fresh), *(({signal: one}, one, one) for signal in kept)]
            layers.append(([dense(form, held) for form, *_ in made], [list(slopes) for _, *slopes in made]))
            held = fresh + kept
        layers.append(([dense(form, held) for form in outputs], [[one, one]] * len(outputs)))
        return Network(layers)


def dense(form: Form, signals: list[int]) -> Numbers:
    return [form.get(signal, Fraction(0)) for signal in (0, *signals)]


def total(forms: Sequence[Form], weights: Numbers) -> Form:
    """The sum of the forms with the weights."""
    found: Form = {}
    for form, weight in zip(forms, weights, strict=True):
        for signal, a in form.items() if weight else ():
            found[signal] = found.get(signal, 0) + weight * a
    return {signal: a for signal, a in found.items() if a}


def regions(claim: Any, proof: Any) -> Steps:
    """The number of sets with interior on each of which a network has one pattern of signs of its kinked units."""
    _, value, where, number_of = fields(claim, "kind", "f", "domain", "count")
    f, count = network(function(value)), index(number_of, 1 << 63)
    domain = Domain(where, f.dim)
    yield f"f has exactly {count} activation regions on {domain.words}, where f is {f.words}"
    require(fields(proof, "method") == ["replay"], "unknown method of proof")
    f = f.restricted(domain.inclusion(domain.axes(f)))
    found = sum(1 for _ in f.parts(domain.cone(f.dim)))
    if found != count:
        raise Rejected(f"f has {found} activation regions, not {count}")


def extremum(claim: Any, proof: Any) -> Steps:
    """The largest or smallest value of a scalar function on the domain, and a point that attains it."""
    kind, value, where, extreme, place = fields(claim, "kind", "f", "domain", "value", "point")
    f, bound = function(value), number(extreme)
    require(f.outputs == 1, "an extremum is that of a scalar function")
    domain, point = Domain(where, f.dim), vector(place, f.dim)
    shown = bound if max(abs(bound.numerator), bound.denominator) < 1 << 64 else "the value stated"
    yield f"the {kind} of f on {domain.words} is {shown}, where f is {f.words}"
    require(fields(proof, "method") == ["replay"], "unknown method of proof")
    domain.require_point(point)
    if f.value(point) != [bound]:
        raise Rejected("the value at the point is another one")
    f = f.restricted(domain.inclusion(domain.axes(f)))
    compare(f, constant([bound], f.dim), (0, 1) if kind == "maximum" else (0, -1), domain.cone(f.dim))


def monotone(claim: Any, proof: Any) -> Steps:
    """Every output grows (sign 1) or falls (sign -1), weakly, in one coordinate of the convex domain."""
    _, value, where, coordinate, direction = fields(claim, "kind", "f", "domain", "coordinate", "sign")
    f = function(value)
    domain, i = Domain(where, f.dim), index(coordinate, f.dim)
    require(type(direction) is int and direction in (1, -1), "a sign is 1 or -1")
    word = "non-decreasing" if direction == 1 else "non-increasing"
    yield f"f is {word} in coordinate {i} on {domain.words}, where f is {f.words}"
    require(fields(proof, "method") == ["replay"], "unknown method of proof")
    axes = domain.axes(f)
    f = f.restricted(domain.inclusion(axes))
    step = integers([[Fraction(row[i], row[j]) for j, row in axes.items()]])[0][0]  # A e_i, up to scale
    if any(row[i] for row in domain.equations.values()):
        step = [0] * f.dim  # no two points of the domain differ in this coordinate alone
    for _, rows in f.parts(domain.cone(f.dim)):
        if any(dot(row[1:], step) * direction < 0 for row in rows):
            raise Rejected("a derivative has the other sign on some part of the domain")


def refutation(claim: Any, proof: Any) -> Steps:
    """A point of the domain where f and g differ, or where an output of f exceeds that of g."""
    kind, *functions, where, place, stated = fields(claim, "kind", "f", "g", "domain", "point", "values")
    f, g = map(function, functions)
    require((f.dim, f.outputs) == (g.dim, g.outputs), "f and g have different dimensions")
    domain, point = Domain(where, f.dim), vector(place, f.dim)
    values = [vector(entry, f.outputs) for entry in items(stated, 2)]
    relation = "differ" if kind == "different" else "do not satisfy f <= g"
    yield f"f and g {relation} at a point of {domain.words}, where f is {f.words} and g is {g.words}"
    require(fields(proof, "method") == ["evaluation"], "unknown method of proof")
    domain.require_point(point)
    if values != [f.value(point), g.value(point)]:
        raise Rejected("the values at the point are others")
    if not any(a > b or (a < b and kind == "different") for a, b in zip(*values, strict=True)):
        raise Rejected("the values at the point refute nothing")


def terms(claim: Any, proof: Any) -> Steps:
    """Terms of a maximum that exceed all others somewhere, and terms that never do: below a convex combination of the
    others. Two equal terms are both of the second sort, though only one of them can be left out.
    """
    _, value, *lists = fields(claim, "kind", "f", "essential", "inessential")
    f = function(value)
    require(value["kind"] == "tropical", "expected a tropical polynomial")
    needed, others = ([index(i, len(f.seen)) for i in items(listed)] for listed in lists)
    yield f"of {f.words} each of the terms {needed} exceeds all others somewhere, none of the terms {others} does"
    method, points, combinations = fields(proof, "method", "points", "multipliers")
    require(method == "terms", "unknown method of proof")
    for i, place in zip(needed, items(points, len(needed)), strict=True):
        point = vector(place, f.dim)
        values = [evaluate(row, point) for row in f.seen]
        if any(value >= values[i] for j, value in enumerate(values) if j != i):
            raise Rejected(f"term {i} is not the largest at its point")
    for i, multipliers in zip(others, items(combinations, len(others)), strict=True):
        weighed = [[Fraction(1), *row] for row in f.seen]
        weighed[i] = [Fraction(0)] * len(weighed[i])  # the term itself may not help
        total, constant, *gradient = combination(multipliers, weighed)
        if total != 1 or gradient != f.seen[i][1:] or constant < f.seen[i][0]:
            raise Rejected(f"term {i} is not shown to lie below a convex combination of the others")


def combination(multipliers: Any, rows: Sequence[Sequence[Fraction | int]]) -> Numbers:
    """The sum of the rows with the multipliers (index, factor >= 0)."""
    total = [Fraction(0)] * len(rows[0])
    for pair in items(multipliers):
        position, value = items(pair, 2)
        row, factor = rows[index(position, len(rows))], number(value)
        if factor < 0:
            raise Rejected("a multiplier is negative")
        total = [t + factor * a for t, a in zip(total, row, strict=True)]
    return total


def irredundant(claim: Any, proof: Any) -> Steps:
    """No clause of a lattice polynomial, and no index in a clause of several, can be left out."""
    _, value = fields(claim, "kind", "f")
    f = function(value)
    if not isinstance(f, Lattice) or value["kind"] != "lattice":
        raise Malformed("expected a lattice polynomial")
    yield f"{f.words} is irredundant: no clause, and no index in a clause of several, can be left out"
    method, clause_points, index_points = fields(proof, "method", "clauses", "indices")
    require(method == "points", "unknown method of proof")
    given = zip(items(clause_points, len(f.clauses)), items(index_points, len(f.clauses)), strict=True)
    for k, (clause, (place, places)) in enumerate(zip(f.clauses, given, strict=True)):
        minima = f.minima(vector(place, f.dim))
        if any(value >= minima[k] for j, value in enumerate(minima) if j != k):
            raise Rejected(f"clause {k} does not attain the value alone at its point")
        dropped = clause if len(clause) > 1 else []
        for i, entry in zip(dropped, items(places, len(dropped)), strict=True):
            point = vector(entry, f.dim)
            if min(evaluate(f.seen[j], point) for j in clause if j != i) <= f.value(point)[0]:
                raise Rejected(f"clause {k} without piece {i} does not exceed f at its point")


def grow(nodes: Iterator[Any], f: Network, g: Network, domain: Domain, equal: bool) -> None:
    """Check a tree in preorder, the part with the positive sign first: one node for each kinked unit of f, then of g,
    whose row does not vanish, and one where all units have signs; or one where the part is shown to be empty.
    """
    top, networks = unit_rows(f.dim), (f, g)
    empty = [-1] + [0] * f.dim
    State = tuple[int, int, list[Row], tuple[int, ...], list[Row], tuple[Row, ...]]
    pending: list[State] = [(0, 0, top, (), [], (top[0], *domain.constraints))]
    while pending:
        which, depth, inputs, signs, outputs, walls = pending.pop()
        net = networks[which]
        rows = net.preactivations(depth, inputs)
        kinked = [primitive(rows[unit]) for unit in net.integer[depth][2]]
        while len(signs) < len(kinked):
            row, opposite = kinked[len(signs)], [-a for a in kinked[len(signs)]]
            if not any(row):
                signs = (*signs, 0)
                continue
            tag, multipliers = node(nodes, "split", "+", "-", "empty")
            if tag == "empty":
                require_sum(multipliers, walls, empty)
                break
            if tag == "split":
                require(multipliers is None, "a split has no payload")
                pending.append((which, depth, inputs, (*signs, -1), outputs, (*walls, opposite)))
                walls = (*walls, row)
            else:
                require_sum(multipliers, walls, row if tag == "+" else opposite)
            signs = (*signs, -1 if tag == "-" else 1)
        else:
            if depth < len(net.layers) - 1:
                pending.append((which, depth + 1, net.activations(depth, rows, signs), (), outputs, walls))
                continue
            if which == 0:
                pending.append((1, 0, top, (), rows[1:], walls))
                continue
            pairs = zip(outputs, rows[1:], strict=True)
            differences = [[f.scale * b - g.scale * a for a, b in zip(*pair, strict=True)] for pair in pairs]
            tag, given = node(nodes, "leaf", "empty")
            if tag == "empty":
                require_sum(given, walls, empty)
            elif equal:
                require(given is None, "a leaf of an equality has no payload")
                if any(map(any, differences)):
                    raise Rejected("the functions differ at a leaf")
            else:
                for row, multipliers in zip(differences, items(given, f.outputs), strict=True):
                    require_sum(multipliers, walls, primitive(row))
    require(next(nodes, None) is None, "the tree goes on after its end")


def node(nodes: Iterator[Any], *tags: str) -> list[Any]:
    tag, payload = items(next(nodes, None), 2)
    require(tag in tags, f"expected a node with one of the tags {tags}")
    return [tag, payload]


def require_sum(multipliers: Any, walls: Sequence[Row], row: Row) -> None:
    if combination(multipliers, walls) != list(row):
        raise Rejected("a row is not the stated combination of the constraints")


CLAIMS: dict[str, Callable[[Any, Any], Steps]] = {
    "equal": comparison,
    "at most": comparison,
    "different": refutation,
    "not at most": refutation,
    "cells": regions,
    "maximum": extremum,
    "minimum": extremum,
    "monotone": monotone,
    "terms": terms,
    "irredundant": irredundant,
}


def no_floats(value: str) -> None:
    raise Malformed("numbers are integers or hexadecimal strings")


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    require(len(dict(pairs)) == len(pairs), "an object has a field twice")
    return dict(pairs)


def main(arguments: list[str]) -> int:
    """Check one file; return the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python checker.py FILE\n")
        return 2
    try:
        with open(arguments[0], encoding="utf-8") as file:
            certificate = json.load(file, parse_float=no_floats, parse_constant=no_floats, object_pairs_hook=once)
        steps = read(certificate)
        sys.stdout.write(next(steps) + "\n")
        outcome, code = next(steps, "accepted"), 0
    except OSError as error:
        outcome, code = f"unreadable: {error.strerror}", 2
    except Rejected as error:
        outcome, code = (f"malformed: {error}", 2) if isinstance(error, Malformed) else (f"rejected: {error}", 1)
    except (ValueError, RecursionError) as error:
        outcome, code = f"malformed: not JSON: {error}", 2
    sys.stdout.write(outcome + "\n")
    return code


if __name__ == "__main__":
    code = 2  # also where there is no memory, or the outcome cannot be written: 1 says "rejected" and nothing else
    try:
        found = main(sys.argv[1:])
        sys.stdout.flush()
        code = found
    except BaseException:  # Python would end in 1
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)
