"""For every line of the checker that rejects, a certificate that this line alone stops.

The keys are "function: reason" as in :func:`oracles.checker_mutants.rejecting`. A text stands for a file. The claims
that are stopped by a :class:`Rejected` of their own are false.
"""

import json
from typing import Any

from oracles.hand_certificates import EXAMPLES, LATTICE, by_units, certificate, changed, equality


def network(*layers: tuple[list[list[str]], list[str]], slopes: tuple[str, str] = ("0", "1")) -> dict[str, Any]:
    """Layers (weight, bias), the units of all but the last with these slopes."""
    encoded = [{"weight": w, "bias": b, "slopes": [list(slopes)] * len(b)} for w, b in layers]
    encoded[-1]["slopes"] = [["1", "1"]] * len(layers[-1][1])
    return {"kind": "network", "layers": encoded}


def tropical(*terms: list[str]) -> dict[str, Any]:
    return {"kind": "tropical", "terms": list(terms)}


def halfspaces(*rows: list[str]) -> dict[str, Any]:
    return {"halfspaces": list(rows)}


RELU = network(([["1"]], ["0"]), ([["1"]], ["0"]))
ABSOLUTE = network(([["1"]], ["0"]), ([["1"]], ["0"]), slopes=("-1", "1"))
LINE = network(([["1"]], ["0"]))
TWICE = network(([["2"]], ["0"]))
PAIR = network(([["1"], ["2"]], ["0", "0"]))
NEGATIVE, POSITIVE, UNIT = halfspaces(["0", "-1"]), halfspaces(["0", "1"]), halfspaces(["0", "1"], ["1", "-1"])


def cells(f=RELU, domain=None, count=2, method="replay"):
    return certificate({"kind": "cells", "f": f, "domain": domain, "count": count}, method=method)


def extremum(f=LINE, domain=UNIT, value="1", point=("1",), kind="maximum", method="replay"):
    claim = {"kind": kind, "f": f, "domain": domain, "value": value, "point": list(point)}
    return certificate(claim, method=method)


def monotone(sign=1, f=RELU, domain=None, coordinate=0, method="replay"):
    claim = {"kind": "monotone", "f": f, "domain": domain, "coordinate": coordinate, "sign": sign}
    return certificate(claim, method=method)


def refutation(f, g, point, *values, domain=None, kind="different", method="evaluation"):
    claim = {"kind": kind, "f": f, "g": g, "domain": domain, "point": [point], "values": [[v] for v in values]}
    return certificate(claim, method=method)


def terms(f, essential=(), inessential=(), points=(), multipliers=(), method="terms"):
    claim = {"kind": "terms", "f": f, "essential": list(essential), "inessential": list(inessential)}
    return certificate(claim, method=method, points=list(points), multipliers=list(multipliers))


def irredundant(pieces, clauses, clause_points, index_points, method="points"):
    f = {"kind": "lattice", "pieces": pieces, "clauses": clauses}
    return certificate({"kind": "irredundant", "f": f}, method=method, clauses=clause_points, indices=index_points)


def tree(*nodes, f=RELU, g=RELU, domain=None, kind="equal"):
    return certificate({"kind": kind, "f": f, "g": g, "domain": domain}, method="tree", nodes=[list(n) for n in nodes])


SPLIT, LEAF = ["split", None], ["leaf", None]
THREE = tropical(["0", "0"], ["0", "1"], ["0", "2"])
MISFIT = network(([["1"]], ["0"]), ([["1", "1"]], ["0"]))
BENT_AT_THE_END = changed(LINE, ("layers", 0, "slopes"), [["0", "1"]])

FALSE: dict[str, Any] = {
    "read: not a certificate of version 1": changed(cells(), ("version",), 2),
    "read: unknown kind of claim": changed(cells(), ("claim", "kind"), "lines"),
    "require: reason": changed(cells(), ("format",), "certificate"),
    "fields: expected an object with the fields {names}": changed(cells(), ("claim", "note"), "more"),
    "items: expected a list": changed(extremum(), ("claim", "point"), "1"),
    "items: expected {length} entries, got {len(value)}": changed(extremum(), ("claim", "point"), ["1", "1"]),
    "number: expected a hexadecimal rational": extremum(value="1/0"),
    "index: expected an integer from 0 to {limit - 1}": equality(
        {"kind": "lattice", "pieces": [["0", "1"]], "clauses": [[-1]]}, LINE
    ),
    "table: expected rows of one length": cells(domain=halfspaces()),
    "function: the last layer must exist and have slopes 1": equality(BENT_AT_THE_END, LINE),
    "function: a layer does not fit the one before": cells(MISFIT),
    "function: polynomials on different spaces": extremum(
        {"kind": "rational", "numerators": [[["0"]]], "denominators": [[["0", "1"]]]}, None, "0", []
    ),
    "function: unknown kind of function": equality({**LATTICE, "kind": "spline"}, {**LATTICE, "kind": "dual lattice"}),
    "function: expected at least one clause and no empty one": equality({**LATTICE, "clauses": []}, LINE),
    "function: a clause names a piece twice": equality({**LATTICE, "clauses": [[0, 0]]}, LINE),
    "network: expected a network": cells(tropical(["0", "0"], ["0", "1"])),
    "Domain.require_point: the point lies outside the domain": refutation(RELU, LINE, "-1", "0", "-1", domain=POSITIVE),
    "Domain.cone: the domain has no interior": cells(domain=halfspaces(["-1", "1"], ["0", "-1"]), count=1),
    "comparison: f and g have different dimensions": equality(PAIR, tropical(["0", "1"])),
    "comparison: unknown method of proof": changed(equality(LINE, LINE), ("proof", "method"), "trust me"),
    "comparison: f and g have {count} cells, not {cells}": equality(RELU, RELU, cells=3),
    "compare: the claim fails on some part of the domain": equality(RELU, LINE),
    "compare_units: the units of f and g do not show the claim": by_units(RELU, LINE),
    "regions: unknown method of proof": cells(method="trust me"),
    "regions: f has {found} activation regions, not {count}": cells(count=3),
    "extremum: unknown method of proof": extremum(method="trust me"),
    "extremum: the value at the point is another one": extremum(value="2"),
    "monotone: a sign is 1 or -1": monotone(0),
    "monotone: unknown method of proof": monotone(method="trust me"),
    "monotone: a derivative has the other sign on some part of the domain": monotone(-1),
    "refutation: f and g have different dimensions": refutation(LINE, tropical(["0", "1", "1"]), "1", "1", "1"),
    "refutation: unknown method of proof": refutation(LINE, TWICE, "1", "1", "2", method="trust me"),
    "refutation: the values at the point are others": refutation(LINE, RELU, "1", "1", "0"),
    "refutation: the values at the point refute nothing": refutation(LINE, RELU, "1", "1", "1"),
    "terms: expected a tropical polynomial": terms({"kind": "lattice", "pieces": [["0", "1"]], "clauses": [[0]]}),
    "terms: unknown method of proof": terms(THREE, method="trust me"),
    "terms: term {i} is not the largest at its point": terms(THREE, essential=[1], points=[["0"]]),
    "terms: term {i} is not shown to lie below a convex combination of the others": terms(
        tropical(["0", "0"], ["0", "2"]), inessential=[1], multipliers=[[[0, "1"], [1, "1"]]]
    ),
    "combination: a multiplier is negative": terms(THREE, inessential=[2], multipliers=[[[1, "2"], [0, "-1"]]]),
    "irredundant: expected a lattice polynomial": changed(
        EXAMPLES["irredundant"], ("claim", "f"), {"kind": "dual lattice", "pieces": [["0", "1"]], "clauses": [[0]]}
    )
    | {"proof": {"method": "points", "clauses": [["0"]], "indices": [[]]}},
    "irredundant: unknown method of proof": irredundant([["0", "1"]], [[0]], [["0"]], [[]], method="trust me"),
    "irredundant: clause {k} does not attain the value alone at its point": irredundant(
        [["0", "1"]], [[0], [0]], [["0"], ["0"]], [[], []]
    ),
    "irredundant: clause {k} without piece {i} does not exceed f at its point": irredundant(
        [["0", "1"], ["1", "1"]], [[0, 1]], [["0"]], [[["0"], ["0"]]]
    ),
    "grow: a split has no payload": tree(["split", 0], ["+", [[1, "1"]]], LEAF, ["-", [[1, "1"]]], LEAF),
    "grow: a leaf of an equality has no payload": tree(["leaf", []], f=LINE, g=LINE),
    "grow: the functions differ at a leaf": tree(LEAF, f=LINE, g=TWICE),
    "grow: the tree goes on after its end": tree(LEAF, LEAF, f=LINE, g=LINE),
    "node: expected a node with one of the tags {tags}": tree(
        ["branch", [[1, "1"]]], LEAF, f=ABSOLUTE, g=LINE, domain=NEGATIVE
    ),
    "require_sum: a row is not the stated combination of the constraints": tree(["+", []], LEAF, f=RELU, g=LINE),
    "no_floats: numbers are integers or hexadecimal strings": json.dumps(cells()).replace("null", "NaN"),
    "once: an object has a field twice": json.dumps(cells(count=1)).replace('"count": 1', '"count": 1, "count": 2'),
}

NOT_ALONE = {
    "extremum: an extremum is that of a scalar function": (
        extremum(PAIR),
        "a function with several outputs has not the one value that is stated; the next line stops it too",
    ),
}
