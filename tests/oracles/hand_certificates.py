"""Certificates written by hand, one or more of each kind: all claims are true and all proofs hold."""

import copy

RELU = {
    "kind": "network",
    "layers": [
        {"weight": [["1", "0"], ["0", "1"]], "bias": ["0", "0"], "slopes": [["0", "1"], ["0", "1"]]},
        {"weight": [["1", "1"]], "bias": ["0"], "slopes": [["1", "1"]]},
    ],
}
MAXIMA = {"kind": "rational", "numerators": [[["0", "0", "0"], ["0", "1", "0"], ["0", "0", "1"], ["0", "1", "1"]]]}
MAXIMA["denominators"] = [[["0", "0", "0"]]]
SQUARE = {"halfspaces": [["1", "1", "0"], ["1", "-1", "0"], ["1", "0", "1"], ["1", "0", "-1"]]}
# The same function as RELU: its units in the other order, one of them reads -y/2 and so is relu(y)/2 - y/2, the other
# one is passed on by a second layer.
RELU_AGAIN = {
    "kind": "network",
    "layers": [
        {"weight": [["0", "-1/2"], ["3", "0"]], "bias": ["0", "0"], "slopes": [["-1", "0"], ["0", "1"]]},
        {"weight": [["2", "0"], ["0", "1/3"]], "bias": ["0", "0"], "slopes": [["0", "1"], ["0", "1"]]},
        {"weight": [["1", "1"]], "bias": ["0"], "slopes": [["1", "1"]]},
    ],
}
LATTICE = {"kind": "lattice", "pieces": [["0", "1"], ["0", "-1"], ["1", "0"]], "clauses": [[0], [1, 2]]}


def certificate(claim, **proof):
    return {"format": "tropical certificate", "version": 1, "claim": claim, "proof": proof}


def equality(f=RELU, g=MAXIMA, domain=None, cells=None, kind="equal"):
    return certificate({"kind": kind, "f": f, "g": g, "domain": domain}, method="replay", cells=cells)


def by_units(f=RELU, g=RELU_AGAIN, domain=None, kind="equal", rest=None):
    return certificate({"kind": kind, "f": f, "g": g, "domain": domain}, method="units", rest=rest)


def step(passed_on):
    """relu(x + 1) - relu(x), which lies between 0 and 1; passed on by a third unit, or not."""
    first = {"weight": [["1", "0"], ["1", "0"]], "bias": ["1", "0"], "slopes": [["0", "1"], ["0", "1"]]}
    second = {"weight": [["1", "-1"]], "bias": ["0"], "slopes": [["0" if passed_on else "1", "1"]]}
    return {"kind": "network", "layers": [first, second, {"weight": [["1"]], "bias": ["0"], "slopes": [["1", "1"]]}]}


EXAMPLES = {
    "equal": equality(),
    "equal on a square": equality(domain=SQUARE),
    "equal with cells": equality(g=RELU, cells=4),
    "at most": equality(f={"kind": "tropical", "terms": [["0", "1", "0"]]}, g=RELU, kind="at most"),
    "cells": certificate({"kind": "cells", "f": RELU, "domain": SQUARE, "count": 4}, method="replay"),
    "maximum": certificate(
        {"kind": "maximum", "f": RELU, "domain": SQUARE, "value": "2", "point": ["1", "1"]}, method="replay"
    ),
    "minimum": certificate(
        {"kind": "minimum", "f": RELU, "domain": None, "value": "0", "point": ["-1", "0"]}, method="replay"
    ),
    "monotone": certificate(
        {"kind": "monotone", "f": RELU, "domain": None, "coordinate": 1, "sign": 1}, method="replay"
    ),
    "different": certificate(
        {
            "kind": "different",
            "f": RELU,
            "g": {"kind": "tropical", "terms": [["0", "1", "1"]]},
            "domain": SQUARE,
            "point": ["-1", "1/2"],
            "values": [["1/2"], ["-1/2"]],
        },
        method="evaluation",
    ),
    "not at most": certificate(
        {
            "kind": "not at most",
            "f": RELU,
            "g": {"kind": "tropical", "terms": [["0", "1", "1"]]},
            "domain": None,
            "point": ["-1", "1/2"],
            "values": [["1/2"], ["-1/2"]],
        },
        method="evaluation",
    ),
    "terms": certificate(
        {
            "kind": "terms",
            "f": {"kind": "tropical", "terms": [["0", "0"], ["0", "1"], ["0", "2"]]},
            "essential": [0, 2],
            "inessential": [1],
        },
        method="terms",
        points=[["-1"], ["1"]],
        multipliers=[[[0, "1/2"], [2, "1/2"]]],
    ),
    "irredundant": certificate(
        {"kind": "irredundant", "f": LATTICE},
        method="points",
        clauses=[["2"], ["-1/2"]],
        indices=[[], [["1/2"], ["-2"]]],
    ),
    "units": by_units(),
    "units of a form": by_units(LATTICE, LATTICE),
    "at most by units": by_units(
        {"kind": "network", "layers": [{"weight": [["0", "0"]], "bias": ["0"], "slopes": [["1", "1"]]}]}, kind="at most"
    ),
    "units and cells": by_units(step(True), step(False), rest={"method": "replay", "cells": 3}),
    "units and a tree": by_units(
        step(False),
        step(True),
        kind="at most",
        rest={
            "method": "tree",
            "nodes": [
                ["split", None],
                *([["split", None], ["+", [[0, "1"]]], ["leaf", [[]]]]),
                *([["+", [[1, "1"]]], ["leaf", [[]]]]),
                *([["-", [[0, "1"], [1, "1"]]], ["leaf", [[]]]]),
            ],
        },
    ),
    "tree": certificate(
        {"kind": "equal", "f": RELU, "g": RELU, "domain": None},
        method="tree",
        nodes=[
            ["split", None],
            ["split", None],
            *([["+", [[1, "1"]]], ["+", [[2, "1"]]], ["leaf", None]]),
            *([["+", [[1, "1"]]], ["-", [[2, "1"]]], ["leaf", None]]),
            ["split", None],
            *([["-", [[1, "1"]]], ["+", [[2, "1"]]], ["leaf", None]]),
            *([["-", [[1, "1"]]], ["-", [[2, "1"]]], ["leaf", None]]),
        ],
    ),
}

CORNER = [["0", "1", "0"], ["0", "0", "1"], ["0", "-1", "-1"]]  # 0 alone, of which no half-space's negative is there

# Name: (example, path, another value, part of the reason).
ALTERED = {
    "a value": ("maximum", ("claim", "value"), "3", "the value at the point is another one"),
    "an attained value": ("minimum", ("claim", "f"), MAXIMA | {"denominators": [[["1", "0", "0"]]]}, "value"),
    "a bound": ("maximum", ("claim", "domain"), None, "fails on some part"),
    "a direction": ("monotone", ("claim", "sign"), -1, "derivative"),
    "a count": ("cells", ("claim", "count"), 5, "f has 4 activation regions, not 5"),
    "a count of pairs": ("equal with cells", ("proof", "cells"), 3, "f and g have 4 cells, not 3"),
    "a point": ("different", ("claim", "point"), ["-2", "1"], "outside the domain"),
    "values": ("different", ("claim", "values"), [["1/2"], ["1/2"]], "are others"),
    "a term": ("terms", ("claim", "f", "terms", 1), ["1/4", "1"], "term 1 is not shown"),
    "an essential term": ("terms", ("proof", "points", 0), ["0"], "term 0 is not the largest"),
    "a weight": ("terms", ("proof", "multipliers", 0, 0), [0, "-1/2"], "negative"),
    "its own support": ("terms", ("proof", "multipliers", 0), [[0, "1"], [1, "1"]], "term 1 is not shown"),
    "no others": ("terms", ("proof", "multipliers", 0), [[1, "1"]], "term 1 is not shown"),
    "a clause": ("irredundant", ("proof", "clauses", 0), ["-1"], "clause 0 does"),
    "an index": ("irredundant", ("proof", "indices", 1, 0), ["-2"], "clause 1 without piece 1"),
    "a weight of a unit": ("units", ("claim", "g", "layers", 0, "weight", 1, 0), "2", "units of f and g do not show"),
    "a greater one": ("at most by units", ("claim", "f", "layers", 0, "bias", 0), "1", "units of f and g do not show"),
    "what is left": ("units and cells", ("claim", "g", "layers", 1, "bias", 0), "1", "fails on some part"),
    "a count of what is left": ("units and cells", ("proof", "rest", "cells"), 4, "f and g have 3 cells, not 4"),
    "a branch": ("tree", ("proof", "nodes", 2), ["-", [[1, "1"]]], "combination"),
    "an empty part": ("tree", ("proof", "nodes", 4), ["empty", []], "combination"),
    "a domain": ("cells", ("claim", "domain"), {"halfspaces": [["0", "1", "0"], ["0", "-1", "0"]]}, "f has 2 act"),
    "implied equations": ("cells", ("claim", "domain"), {"halfspaces": CORNER}, "no interior"),
    "no feasible point": ("cells", ("claim", "domain"), {"halfspaces": [["-1", "0", "0"]]}, "no interior"),
    "a function": ("equal", ("claim", "g", "numerators", 0, 3), ["0", "1", "2"], "fails on some part"),
}

# Example, path, a value that does not follow the format.
MALFORMED = [
    ("cells", ("version",), True),
    ("cells", ("version",), 2),
    ("cells", ("format",), "certificate"),
    ("cells", ("claim",), []),
    ("cells", ("claim", "kind"), ["cells"]),
    ("cells", ("claim", "kind"), "lines"),
    ("cells", ("claim", "count"), -1),
    ("cells", ("claim", "count"), True),
    ("cells", ("claim", "count"), 4.0),
    ("cells", ("claim", "count"), 10**50),
    ("cells", ("claim", "f"), MAXIMA),
    ("cells", ("claim", "f", "kind"), {}),
    ("cells", ("claim", "f", "layers"), []),
    ("cells", ("claim", "f", "layers", 0, "weight"), [[], []]),
    ("cells", ("claim", "f", "layers", 0, "weight"), [["1", "0"], ["0"]]),
    ("cells", ("claim", "f", "layers", 0, "bias"), ["0"]),
    ("cells", ("claim", "f", "layers", 0, "slopes"), [["0", "1"], ["0"]]),
    ("cells", ("claim", "f", "layers", 1, "slopes"), [["0", "1"]]),
    ("cells", ("claim", "f", "layers", 1, "weight"), [["1"]]),
    ("cells", ("claim", "domain"), {"halfspaces": []}),
    ("cells", ("claim", "domain"), {"halfspaces": [["0", "1"]]}),
    ("cells", ("claim", "domain"), "R^2"),
    ("cells", ("claim", "note"), "more"),
    ("cells", ("proof", "method"), "trust me"),
    ("cells", ("proof",), None),
    ("equal", ("proof", "cells"), 4),
    ("equal", ("claim", "g", "denominators"), []),
    ("equal", ("claim", "g", "denominators"), [[["0", "0"]]]),
    ("equal", ("claim", "g"), {"kind": "tropical", "terms": [["0", "0"]]}),
    ("equal", ("claim", "g"), {"kind": "tropical", "terms": []}),
    ("equal", ("claim", "g"), {"kind": "tropical", "terms": [["0.5", "0", "0"]]}),
    ("equal", ("claim", "g"), {"kind": "tropical", "terms": [["1/0", "0", "0"]]}),
    ("equal", ("claim", "g"), {"kind": "tropical", "terms": [[0, 0, 0]]}),
    ("units", ("proof", "rest"), []),
    ("units", ("proof", "rest"), {"method": "units", "rest": None}),
    ("units", ("proof", "cells"), None),
    ("units", ("claim", "g"), MAXIMA),
    ("units and cells", ("claim", "g"), {"kind": "tropical", "terms": [["0", "0", "0"]]}),
    ("maximum", ("claim", "point"), ["1"]),
    ("maximum", ("claim", "value"), 2),
    ("monotone", ("claim", "coordinate"), 2),
    ("monotone", ("claim", "sign"), 0),
    ("different", ("claim", "values"), [["1/2"]]),
    ("different", ("proof", "method"), "replay"),
    ("terms", ("claim", "essential"), [0, 3]),
    ("terms", ("claim", "f"), LATTICE),
    ("terms", ("proof", "points"), [["-1"]]),
    ("terms", ("proof", "multipliers", 0, 0), [0]),
    ("irredundant", ("claim", "f", "clauses"), [[0], []]),
    ("irredundant", ("claim", "f", "clauses"), [[0], [1, 1]]),
    ("irredundant", ("claim", "f", "clauses"), []),
    ("irredundant", ("claim", "f", "kind"), "dual lattice"),
    ("irredundant", ("proof", "indices"), [[], []]),
    ("tree", ("proof", "nodes", 0), ["branch", None]),
    ("tree", ("proof", "nodes", 0), [[], None]),
    ("tree", ("proof", "nodes"), [["split", None]]),
    ("tree", ("proof", "nodes", 2), ["+", [[9, "1"]]]),
    ("tree", ("proof", "nodes", 2), ["+", None]),
    ("tree", ("claim", "g"), MAXIMA),
]


def changed(certificate, path, value):
    certificate = copy.deepcopy(certificate)
    target = certificate
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return certificate
