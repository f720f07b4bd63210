"""Claims drawn at random, true or false, with proofs by someone who knows the checker and wants them accepted.

Functions on R and R^2 of a few pieces or units with coefficients from a small grid; domains of all sorts, among them
empty ones and such without interior. ``module`` is the version of the checker under attack.
"""

import contextlib
import itertools
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from types import ModuleType
from typing import Any

from oracles.claims_by_points import dimension, values, vector
from oracles.hand_certificates import certificate

GRID = ("0", "0", "1", "-1", "2", "-2", "1/2")
WEIGHTS = ("0", "1/2", "1", "2", "-1", "1/3", "9")
SLOPES = (["0", "1"], ["0", "1"], ["0", "1"], ["-1", "1"], ["1", "0"], ["1", "1"], ["1/2", "2"])
NAMED = ("kind", "clauses")
Encoded = dict[str, Any]


def shown(q: Fraction | int) -> str:
    q = Fraction(q)
    return f"{q.numerator:x}" if q.denominator == 1 else f"{q.numerator:x}/{q.denominator:x}"


def rows(rng: random.Random, count: int, dim: int) -> list[list[str]]:
    """Some of them equal."""
    found = [rng.choices(GRID, k=dim + 1) for _ in range(count)]
    return [rng.choice(found) if rng.random() < 0.15 else row for row in found]


def network(rng: random.Random, dim: int, outputs: int) -> Encoded:
    sizes = [dim, *rng.choice(((1,), (2,), (2,), (3,), (1, 1), (2, 1), ())), outputs]
    layers = []
    for n, m in itertools.pairwise(sizes):
        bias, *weight = zip(*rows(rng, m, n), strict=True)
        weight = [list(row) for row in zip(*weight, strict=True)]
        layers.append({"weight": weight, "bias": list(bias), "slopes": [list(rng.choice(SLOPES)) for _ in range(m)]})
    layers[-1]["slopes"] = [["1", "1"]] * outputs
    return {"kind": "network", "layers": layers}


def form(rng: random.Random, dim: int) -> Encoded:
    count = rng.randint(1, 4)
    if rng.random() < 0.3:
        return {"kind": "tropical", "terms": rows(rng, count, dim)}
    clauses = [rng.sample(range(count), rng.randint(1, min(count, 3))) for _ in range(rng.randint(1, 3))]
    return {"kind": rng.choice(("lattice", "dual lattice")), "pieces": rows(rng, count, dim), "clauses": clauses}


def rational(rng: random.Random, dim: int, outputs: int) -> Encoded:
    above, below = ([rows(rng, rng.randint(1, 2), dim) for _ in range(outputs)] for _ in range(2))
    return {"kind": "rational", "numerators": above, "denominators": below}


def function(rng: random.Random, dim: int, outputs: int = 1) -> Encoded:
    kind = rng.random()
    if kind < 0.5:
        return network(rng, dim, outputs)
    return form(rng, dim) if kind < 0.8 and outputs == 1 else rational(rng, dim, outputs)


def relative(rng: random.Random, f: Encoded) -> Encoded:
    """Another function that is often equal to f or nearly so."""
    if f["kind"] == "network" and rng.random() < 0.3:
        return straightened(rng, f)
    copied = changed_number(rng, f) if rng.random() < 0.6 else f
    if f["kind"] == "tropical" and rng.random() < 0.5:
        return {"kind": "lattice", "pieces": copied["terms"], "clauses": [[i] for i in range(len(f["terms"]))]}
    return copied


def straightened(rng: random.Random, f: Encoded) -> Encoded:
    """A network with one slope on both sides of some or all of its units."""
    side = rng.choice((0, 1, None))  # the left slope, the right one, or either or none for each unit

    def straight(pair: list[str]) -> list[str]:
        return [pair[side]] * 2 if side is not None else rng.choice((pair, pair[:1] * 2, pair[1:] * 2))

    *hidden, last = f["layers"]
    layers = [{**layer, "slopes": [straight(pair) for pair in layer["slopes"]]} for layer in hidden]
    return {"kind": "network", "layers": [*layers, last]}


def changed_number(rng: random.Random, value: Any) -> Any:
    """A copy with one number replaced, not among the slopes of a last layer."""
    if isinstance(value, str):
        return rng.choice(GRID)
    keys = [k for k in value if k in ("weight", "bias")] if isinstance(value, dict) and "slopes" in value else None
    keys = keys or [k for k in (value if isinstance(value, dict) else range(len(value))) if k not in NAMED]
    key = rng.choice(keys)
    copied = value.copy()
    copied[key] = changed_number(rng, value[key])
    return copied


def domain(rng: random.Random, dim: int) -> Any:
    if rng.random() < 0.4:
        return None
    constants = rng.choices(("0", "0", "1", "-1", "2"), k=rng.randint(1, 3))
    found = [[constant, *rng.choices(("0", "1", "-1"), k=dim)] for constant in constants]
    if rng.random() < 0.25:  # without interior, or empty
        found.append([shown(-Fraction(int(entry))) for entry in found[0]])
        found[-1][0] = rng.choice((found[-1][0], "-1", "1"))
    if rng.random() < 0.1:
        found.append([rng.choice(("0", "1", "-1")), *["0"] * dim])
    return {"halfspaces": found}


def point(rng: random.Random, dim: int) -> list[str]:
    return rng.choices(("0", "1", "-1", "2", "-2", "1/2", "-1/2", "3", "5/2"), k=dim)


def at(rng: random.Random, module: ModuleType, f: Encoded, place: list[str]) -> list[str]:
    """The values of a function, or what the checker takes for them."""
    point = list(vector(place))
    return [shown(q) for q in (values(f, tuple(point)) if rng.random() < 0.5 else module.function(f).value(point))]


# ---- Claims with their proofs.


def pairs(rng: random.Random, outputs: int) -> tuple[Encoded, Encoded]:
    f = function(rng, rng.choice((1, 1, 2)), outputs)
    g = relative(rng, f) if rng.random() < 0.6 else function(rng, dimension(f), outputs)
    return (f, g) if rng.random() < 0.5 else (g, f)


def comparisons(rng: random.Random, module: ModuleType) -> Iterator[Encoded]:
    f, g = pairs(rng, rng.choice((1, 1, 2)))
    where = domain(rng, dimension(f))
    both = f["kind"] == g["kind"] == "network"
    for kind in ("equal", "at most"):
        claim = {"kind": kind, "f": f, "g": g, "domain": where}
        for cells in (None, rng.randint(0, 4), rng.randint(3, 8)) if both else (None,):
            yield certificate(claim, method="replay", cells=cells)
            if both:
                rest = {"method": "replay", "cells": cells}
                yield certificate(claim, method="units", rest=rng.choice((None, rest)))


def extrema(rng: random.Random, module: ModuleType) -> Iterator[Encoded]:
    f = function(rng, rng.choice((1, 1, 2)))
    where = domain(rng, dimension(f))
    for _ in range(3):
        place = point(rng, dimension(f))
        value = at(rng, module, f, place)[0] if rng.random() < 0.9 else rng.choice(GRID)
        for kind in ("maximum", "minimum"):
            claim = {"kind": kind, "f": f, "domain": where, "value": value, "point": place}
            yield certificate(claim, method="replay")


def slopes(rng: random.Random, module: ModuleType) -> Iterator[Encoded]:
    f = function(rng, rng.choice((1, 1, 2)), rng.choice((1, 1, 2)))
    where = domain(rng, dimension(f))
    for coordinate, sign in itertools.product(range(dimension(f)), (1, -1)):
        claim = {"kind": "monotone", "f": f, "domain": where, "coordinate": coordinate, "sign": sign}
        yield certificate(claim, method="replay")


def counts(rng: random.Random, module: ModuleType) -> Iterator[Encoded]:
    f = network(rng, rng.choice((1, 1, 2)), 1)
    where = domain(rng, dimension(f))
    for count in range(5):
        yield certificate({"kind": "cells", "f": f, "domain": where, "count": count}, method="replay")


def refutations(rng: random.Random, module: ModuleType) -> Iterator[Encoded]:
    f, g = pairs(rng, rng.choice((1, 2)))
    where = domain(rng, dimension(f))
    for kind in ("different", "not at most"):
        place = point(rng, dimension(f))
        stated = [at(rng, module, f, place), at(rng, module, g, place)]
        if rng.random() < 0.3:
            stated[rng.randrange(2)][0] = rng.choice(GRID)
        claim = {"kind": kind, "f": f, "g": g, "domain": where, "point": place, "values": stated}
        yield certificate(claim, method="evaluation")


def terms(rng: random.Random, module: ModuleType) -> Iterator[Encoded]:
    """Any term may be used, the term itself, too, and more than once."""
    dim = rng.choice((1, 1, 2))
    f = {"kind": "tropical", "terms": rows(rng, rng.randint(1, 4), dim)}
    n = len(f["terms"])
    for i in range(n):
        places = [point(rng, dim) for _ in range(2)]
        for place in places:
            claim = {"kind": "terms", "f": f, "essential": [i], "inessential": []}
            yield certificate(claim, method="terms", points=[place], multipliers=[])
        found = [[[j, rng.choice(WEIGHTS)] for j in rng.choices(range(n), k=rng.randint(0, 3))] for _ in range(8)]
        for counted in (0, 1):  # what the weight of the term itself might count, or not
            weighed = [[counted if j == i else 1, *vector(row[1:])] for j, row in enumerate(f["terms"])]
            found += combinations(weighed, [1, *vector(f["terms"][i][1:])])
        for combination in found:
            claim = {"kind": "terms", "f": f, "essential": [], "inessential": [i]}
            yield certificate(claim, method="terms", points=[], multipliers=[combination])


def needs(rng: random.Random, module: ModuleType) -> Iterator[Encoded]:
    f = {**form(rng, 1), "kind": "lattice"}
    if "terms" in f:
        f = {"kind": "lattice", "pieces": f["terms"], "clauses": [[i] for i in range(len(f["terms"]))]}
    for _ in range(4):
        whole = [point(rng, 1) for _ in f["clauses"]]
        parts = [[point(rng, 1) for _ in clause] if len(clause) > 1 else [] for clause in f["clauses"]]
        yield certificate({"kind": "irredundant", "f": f}, method="points", clauses=whole, indices=parts)


# ---- Trees.


def combinations(walls: list[list[Any]], wanted: list[Any]) -> list[list[list[Any]]]:
    """The ways to write a row with at most two constraints, weights of any sign."""
    found: list[list[list[Any]]] = [] if any(wanted) else [[]]
    for i, a in enumerate(walls):
        k = next((k for k, entry in enumerate(a) if entry), None)
        if k is not None:
            weight = Fraction(wanted[k]) / a[k]
            if [weight * entry for entry in a] == wanted:
                found.append([[i, shown(weight)]])
    for (i, a), (j, b) in itertools.combinations(enumerate(walls), 2):
        for k, m in itertools.combinations(range(len(wanted)), 2):
            det = a[k] * b[m] - a[m] * b[k]
            if det:
                first = Fraction(wanted[k] * b[m] - wanted[m] * b[k]) / det
                second = Fraction(a[k] * wanted[m] - a[m] * wanted[k]) / det
                if [first * p + second * q for p, q in zip(a, b, strict=True)] == wanted:
                    found.append([[i, shown(first)], [j, shown(second)]])
                break
    return found


def choose(rng: random.Random, walls: list[list[int]], wanted: list[int]) -> list[list[Any]]:
    """The best multipliers that there are for a row: valid ones first, now and then nonsense."""
    found = combinations(walls, wanted)
    valid = [c for c in found if not any(weight.startswith("-") for _, weight in c)]
    if not found or rng.random() < 0.05:
        used = rng.choices(range(len(walls) + (rng.random() < 0.1)), k=rng.randint(0, 3))
        return [[i, rng.choice(WEIGHTS)] for i in used]
    return rng.choice(valid or found)


def trees(rng: random.Random, module: ModuleType) -> Iterator[Encoded]:
    dim, outputs = rng.choice((1, 1, 2)), rng.choice((1, 1, 2))
    f = network(rng, dim, outputs)
    g = relative(rng, f) if rng.random() < 0.7 else network(rng, dim, outputs)
    where = domain(rng, dim)
    if rng.random() < 0.3:  # where the first units of f have one sign
        units = zip(f["layers"][0]["bias"], f["layers"][0]["weight"], strict=True)
        signed = [(rng.choice((1, -1)), vector([bias, *row])) for bias, row in units]
        where = {"halfspaces": [[shown(sign * q) for q in row] for sign, row in signed]}
        g = straightened(rng, f) if rng.random() < 0.7 else g
    for kind in ("equal", "at most"):
        claim = {"kind": kind, "f": f, "g": g, "domain": where}
        for bold in (0, 0.15, 0.4):
            yield certificate(claim, method="tree", nodes=climb(rng, module, claim, bold))


def climb(rng: random.Random, module: ModuleType, claim: Encoded, bold: float) -> list[list[Any]]:
    """The nodes of a tree, each made up when the checker asks for it, with a look at what it knows at that place."""
    f, g = (module.function(claim[name]) for name in ("f", "g"))
    where = module.Domain(claim["domain"], f.dim)
    onto = where.inclusion(where.axes(f, g))
    nodes: list[list[Any]] = []

    def written() -> Iterator[list[Any]]:
        while (asking := sys._getframe(1)).f_code.co_name == "node":
            assert asking.f_back is not None
            make = leaf if "leaf" in asking.f_locals["tags"] else inner
            nodes.append(make(rng, module, asking.f_back.f_locals, bold))
            yield nodes[-1]

    with contextlib.suppress(module.Rejected):
        module.grow(written(), f.restricted(onto), g.restricted(onto), where, claim["kind"] == "equal")
    return nodes


def inner(rng: random.Random, module: ModuleType, known: Mapping[str, Any], bold: float) -> list[Any]:
    """Where a sign or an empty part can be had with multipliers it is taken, else the part is split; or, being bold,
    something is said all the same.
    """
    walls, row = [list(wall) for wall in known["walls"]], list(known["row"])
    nothing, signs = list(known["empty"]), {"+": row, "-": [-a for a in row]}
    shut = len(walls) > 2 and bool(combinations(walls, nothing))
    if rng.random() < (0.5 if shut else bold / 2):
        return ["empty", choose(rng, walls, nothing)]
    ways = [tag for tag, wanted in signs.items() if rng.random() < bold or combinations(walls, wanted)]
    if ways and rng.random() < 0.9:
        tag = rng.choice(ways)
        return [tag, choose(rng, walls, signs[tag])]
    return ["split", None]


def leaf(rng: random.Random, module: ModuleType, known: Mapping[str, Any], bold: float) -> list[Any]:
    walls, gaps = [list(wall) for wall in known["walls"]], known["differences"]
    different = known["equal"] and any(map(any, gaps))
    if rng.random() < (0.8 if different else bold / 2):
        return ["empty", choose(rng, walls, list(known["empty"]))]
    rows = [list(module.primitive(row)) for row in gaps]
    return ["leaf", None if known["equal"] else [choose(rng, walls, row) for row in rows]]


ATTACKS: tuple[Callable[[random.Random, ModuleType], Iterator[Encoded]], ...] = (
    *(comparisons, extrema, slopes, counts, refutations, terms, needs),
    *(trees, trees),
)


def forgeries(module: ModuleType, seeds: range) -> Iterator[Encoded]:
    """For each seed a handful of certificates of one kind."""
    for seed in seeds:
        yield from ATTACKS[seed % len(ATTACKS)](random.Random(f"forgery {seed}"), module)
