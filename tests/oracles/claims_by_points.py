"""Whether the claim of a certificate in dimension at most 2 is true, by values at points. Standard library only.

All lines on which something may bend, the lines that bound the domain, and both axes cut the plane into cells. Every
function in question is affine on each cell, each cell has a vertex, and the domain is a union of cells and their faces.
A weak inequality of such functions holds on a face iff it holds at its vertices and the difference does not fall along
its unbounded edges. A line is treated as a plane with a coordinate that does not matter.
"""

import functools
import itertools
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

Point = tuple[Fraction, ...]
Row = tuple[Fraction, ...]
Values = Callable[[Point], list[Fraction]]


def number(text: str) -> Fraction:
    top, _, bottom = text.partition("/")
    return Fraction(int(top, 16), int(bottom or "1", 16))


def vector(texts: list[str]) -> Row:
    return tuple(map(number, texts))


def at(row: Row, point: Point) -> Fraction:
    return row[0] + sum((a * t for a, t in zip(row[1:], point, strict=True)), Fraction(0))


def dimension(f: Any) -> int:
    if f["kind"] == "network":
        return len(f["layers"][0]["weight"][0])
    rows = f["numerators"][0] if f["kind"] == "rational" else f.get("terms") or f["pieces"]
    return len(rows[0]) - 1


def units(f: Any, point: Point) -> tuple[list[Fraction], list[Fraction]]:
    """The outputs of a network, and the values that enter its units with two slopes."""
    entering: list[Fraction] = []
    for layer in f["layers"]:
        sums = [at((number(b), *vector(w)), point) for b, w in zip(layer["bias"], layer["weight"], strict=True)]
        bent = list(zip(sums, map(vector, layer["slopes"]), strict=True))
        entering += [t for t, (left, right) in bent if left != right]
        point = tuple(max(t, Fraction(0)) * right + min(t, Fraction(0)) * left for t, (left, right) in bent)
    return list(point), entering


def values(f: Any, point: Point) -> list[Fraction]:
    if f["kind"] == "network":
        return units(f, point)[0]
    if f["kind"] == "rational":
        sides = [[max(at(vector(row), point) for row in p) for p in f[name]] for name in ("numerators", "denominators")]
        return [a - b for a, b in zip(*sides, strict=True)]
    if f["kind"] == "tropical":
        return [max(at(vector(row), point) for row in f["terms"])]
    inner, outer = (min, max) if f["kind"] == "lattice" else (max, min)
    pieces = [at(vector(row), point) for row in f["pieces"]]
    return [outer(inner(pieces[i] for i in clause) for clause in f["clauses"])]


def pattern(f: Any, point: Point) -> tuple[int, ...]:
    return tuple((t > 0) - (t < 0) for t in units(f, point)[1])


# ---- Lines.


def bends(f: Any) -> Iterator[Row]:
    """Rows that vanish wherever f may bend, and others."""
    if f["kind"] == "network":
        yield from bends_of_network(f)
        return
    names = {"tropical": ("terms",), "rational": ("numerators", "denominators")}.get(f["kind"], ("pieces",))
    for rows in [rows for name in names for rows in (f[name] if f["kind"] == "rational" else [f[name]])]:
        for a, b in itertools.combinations(map(vector, rows), 2):
            yield tuple(p - q for p, q in zip(a, b, strict=True))


def bends_of_network(f: Any) -> Iterator[Row]:
    """The rows of all units for all choices of the slopes before them."""
    dim = dimension(f)
    states = {tuple(tuple(Fraction(i == j) for j in range(dim + 1)) for i in range(1, dim + 1))}
    for layer in f["layers"][:-1]:
        fresh = set()
        for inputs in states:
            rows = []
            for bias, weights in zip(layer["bias"], layer["weight"], strict=True):
                row = [number(bias)] + [Fraction(0)] * dim
                for weight, other in zip(vector(weights), inputs, strict=True):
                    row = [a + weight * b for a, b in zip(row, other, strict=True)]
                rows.append(row)
            yield from map(tuple, rows)
            for slopes in itertools.product(*(set(vector(pair)) for pair in layer["slopes"])):
                fresh.add(tuple(tuple(slope * a for a in row) for slope, row in zip(slopes, rows, strict=True)))
        states = fresh


class Arrangement:
    """The lines {row = 0} in the plane, with the axes; a domain is a list of rows, and R^n has none."""

    def __init__(self, functions: list[Any], domain: Any) -> None:
        self.dim = dimension(functions[0])
        self.domain = [vector(row) for row in (domain or {"halfspaces": []})["halfspaces"]]
        rows = [row for f in functions for row in bends(f)] + self.domain
        axes = [(Fraction(0), Fraction(1), Fraction(0)), (Fraction(0), Fraction(0), Fraction(1))]
        self.lines = sorted({canonical(row) for row in axes + [self.padded(row) for row in rows] if any(row[1:])})
        self.vertices = sorted({p for a, b in itertools.combinations(self.lines, 2) for p in meeting(a, b)})

    def padded(self, row: Row) -> Row:
        return row + (Fraction(0),) * (3 - len(row))

    def contains(self, point: Point) -> bool:
        return all(at(row, point[: self.dim]) >= 0 for row in self.domain)

    def along(self, line: Row) -> list[Point]:
        """A point beyond the vertices of a line, its vertices in their order, and a point beyond."""
        _, a, b = line
        found = sorted((p for p in self.vertices if at(line, p) == 0), key=lambda p: -b * p[0] + a * p[1])
        return [(found[0][0] + b, found[0][1] - a), *found, (found[-1][0] - b, found[-1][1] + a)]

    def nonnegative(self, h: Values) -> bool:
        """Whether h >= 0 on the domain in every output; h is affine on the cells."""
        for p in self.vertices:
            if self.contains(p) and min(h(p[: self.dim])) < 0:
                return False
        for line in self.lines:
            first, *inner, last = self.along(line)
            for end, beyond in ((inner[0], first), (inner[-1], last)):
                if self.contains(beyond):
                    pairs = zip(h(end[: self.dim]), h(beyond[: self.dim]), strict=True)
                    if any(after < before for before, after in pairs):
                        return False
        return True

    @functools.cached_property
    def samples(self) -> list[Point]:
        """Interior points of all faces in the domain that have its dimension."""
        return next((found for found in self._faces if found), [])

    @functools.cached_property
    def codimension(self) -> int:
        """That of the domain, from 0 to 2; 3 if it is empty."""
        return next((k for k, found in enumerate(self._faces) if found), 3)

    @functools.cached_property
    def _faces(self) -> list[list[Point]]:
        """Interior points of the cells in the domain, each met at one of its vertices, of the edges, and vertices."""
        cells = [p for v in self.vertices for p in self.around(v) if self.contains(p)]
        pairs = [pair for line in self.lines for pair in itertools.pairwise(self.along(line))]
        edges = [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in pairs]
        return [cells, [p for p in edges if self.contains(p)], [v for v in self.vertices if self.contains(v)]]

    def around(self, vertex: Point) -> Iterator[Point]:
        directions = [d for c, a, b in self.lines if at((c, a, b), vertex) == 0 for d in ((-b, a), (b, -a))]
        directions.sort(key=functools.cmp_to_key(by_angle))
        for d, e in zip(directions, directions[1:] + directions[:1], strict=True):
            way = (d[0] + e[0], d[1] + e[1])
            step = self.free(vertex, way) / 2
            yield vertex[0] + step * way[0], vertex[1] + step * way[1]

    def free(self, point: Point, way: Point) -> Fraction:
        """How far one can go, at most 1, before a line is met that does not hold the point itself."""
        speeds = [(abs(at(line, point)), abs(line[1] * way[0] + line[2] * way[1])) for line in self.lines]
        return min([Fraction(1), *(gap / speed for gap, speed in speeds if gap and speed)])


def canonical(row: Row) -> Row:
    scale = math.lcm(*(a.denominator for a in row))
    entries = [int(a * scale) for a in row]
    lead = next(a for a in entries[1:] if a)
    divisor = math.gcd(*entries) * (1 if lead > 0 else -1)
    return tuple(Fraction(a, divisor) for a in entries)


def meeting(first: Row, second: Row) -> list[Point]:
    (c, a, b), (f, d, e) = first, second
    det = a * e - b * d
    return [((b * f - c * e) / det, (c * d - a * f) / det)] if det else []


def by_angle(d: Point, e: Point) -> int:
    upper, other = (v[1] < 0 or (v[1] == 0 and v[0] < 0) for v in (d, e))
    cross = d[0] * e[1] - d[1] * e[0]
    return int(upper) - int(other) or int(cross < 0) - int(cross > 0)


# ---- Claims.


def is_true(certificate: Any) -> bool:
    """Whether the claim is true, and with it the number of cells that a proof mentions."""
    claim, cells = certificate["claim"], certificate["proof"].get("cells")
    functions = [claim[name] for name in ("f", "g") if name in claim]
    space = Arrangement(functions, claim.get("domain"))
    if cells is not None and cells != len(
        {tuple(pattern(f, p[: space.dim]) for f in functions) for p in space.samples}
    ):
        return False
    return TRUTH[claim["kind"]](claim, space)


def compared(claim: Any, space: Arrangement) -> bool:
    return space.nonnegative(lambda p: difference(claim, p)) and (
        claim["kind"] == "at most" or space.nonnegative(lambda p: [-t for t in difference(claim, p)])
    )


def difference(claim: Any, point: Point) -> list[Fraction]:
    return [b - a for a, b in zip(values(claim["f"], point), values(claim["g"], point), strict=True)]


def refuted(claim: Any, space: Arrangement) -> bool:
    point = vector(claim["point"])
    stated = [list(vector(entry)) for entry in claim["values"]]
    gaps = difference(claim, point)
    holds = any(gap < 0 for gap in gaps) if claim["kind"] == "not at most" else any(gaps)
    return space.contains(point) and holds and stated == [values(claim["f"], point), values(claim["g"], point)]


def extreme(claim: Any, space: Arrangement) -> bool:
    point, bound, sign = vector(claim["point"]), number(claim["value"]), 1 if claim["kind"] == "maximum" else -1
    attained = space.contains(point) and values(claim["f"], point) == [bound]
    return attained and space.nonnegative(lambda p: [sign * (bound - t) for t in values(claim["f"], p)])


def monotone(claim: Any, space: Arrangement) -> bool:
    """Along all cells of the domain, and along the edges that are parallel to the coordinate."""
    axis, sign = claim["coordinate"], claim["sign"]
    way = (Fraction(axis == 0), Fraction(axis == 1))
    pairs = []
    for p in space.samples:
        step = space.free(p, way) / 2
        end = p[0] + step * way[0], p[1] + step * way[1]
        if space.contains(end):
            pairs.append((p, end))
    for line in space.lines:
        if line[1 + axis] == 0:
            points = sorted(space.along(line))
            pairs += [pair for pair in itertools.pairwise(points) if all(map(space.contains, pair))]
            # a bounded edge lies in the domain iff both of its ends do; an unbounded one is met by its two points
    outputs = [(values(claim["f"], a[: space.dim]), values(claim["f"], b[: space.dim])) for a, b in pairs]
    return all(sign * (t - s) >= 0 for before, after in outputs for s, t in zip(before, after, strict=True))


def counted(claim: Any, space: Arrangement) -> bool:
    return len({pattern(claim["f"], p[: space.dim]) for p in space.samples}) == claim["count"]


def sorted_terms(claim: Any, space: Arrangement) -> bool:
    rows = [vector(row) for row in claim["f"]["terms"]]
    tops = set()
    for p in space.samples:
        reached = [at(row, p[: space.dim]) for row in rows]
        best = [i for i, value in enumerate(reached) if value == max(reached)]
        tops |= set(best) if len(best) == 1 else set()
    return set(claim["essential"]) <= tops and not tops & set(claim["inessential"])


def needed(claim: Any, space: Arrangement) -> bool:
    """Whether F changes at some sample with every clause, and with every index of a clause of several, left out."""
    pieces, clauses = claim["f"]["pieces"], claim["f"]["clauses"]
    smaller = [clauses[:k] + clauses[k + 1 :] for k in range(len(clauses)) if len(clauses) > 1]
    for k, clause in enumerate(clauses):
        for i in clause if len(clause) > 1 else []:
            smaller.append([*clauses[:k], [j for j in clause if j != i], *clauses[k + 1 :]])
    samples = [p[: space.dim] for p in space.samples]
    others = [{"kind": "lattice", "pieces": pieces, "clauses": listed} for listed in smaller]
    return all(any(values(other, p) != values(claim["f"], p) for p in samples) for other in others)


TRUTH: dict[str, Callable[[Any, Arrangement], bool]] = {
    "equal": compared,
    "at most": compared,
    "different": refuted,
    "not at most": refuted,
    "cells": counted,
    "maximum": extreme,
    "minimum": extreme,
    "monotone": monotone,
    "terms": sorted_terms,
    "irredundant": needed,
}
