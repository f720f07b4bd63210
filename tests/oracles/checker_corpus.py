"""Certificates that together notice every change of the checker."""

import functools
import itertools
import json
import random
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import tropical as tp
from oracles.false_certificates import (
    FALSE,
    LEAF,
    LINE,
    NOT_ALONE,
    PAIR,
    POSITIVE,
    RELU,
    SPLIT,
    THREE,
    TWICE,
    cells,
    extremum,
    halfspaces,
    irredundant,
    monotone,
    network,
    refutation,
    terms,
    tree,
    tropical,
)
from oracles.hand_certificates import ALTERED, EXAMPLES, MALFORMED, by_units, certificate, changed, equality
from tropical.budget import Meter
from tropical.forms import irredundancy
from tropical.forms.lattice_form import to_lattice_polynomial
from tropical.forms.pruning import term_evidence
from tropical.forms.rational_form import to_tropical_rational_map
from tropical.functions.polynomial import TropicalPolynomial
from tropical.proofs.certificate import (
    encode_dual_lattice,
    equality_certificate,
    excess_certificate,
    irredundancy_certificate,
    maximum_certificate,
    minimum_certificate,
    monotonicity_certificate,
    order_certificate,
    region_certificate,
    term_certificate,
    tree_certificate,
    units_certificate,
)
from tropical.proofs.proof_trees import equality_tree, order_tree

SLOPES = ((0, 1), (0, 1), (0, 1), (-1, 1), ("1/2", 2), (1, 1), (1, 0), ("1/3", "1/3"))


@functools.cache
def corpus() -> list[Any]:
    """Certificates and texts of files, the quick ones first."""
    small = [*EXAMPLES.values(), *FALSE.values(), *(example for example, _ in NOT_ALONE.values())]
    small += [changed(EXAMPLES[name], path, value) for name, path, value, _ in ALTERED.values()]
    small += [changed(EXAMPLES[name], path, value) for name, path, value in MALFORMED]
    return [*small, *by_hand(), *texts(), *of_merged_units(), *of_random_networks(), *of_flat_domains()]


def texts() -> Iterator[str]:
    for example in (cells(), cells(count=3), {}, EXAMPLES["tree"]):
        yield json.dumps(example)
    yield from ("", "[" * 100_000, "1" * 10_000, "0.5", "NaN")


def by_hand() -> Iterator[Any]:
    yield from calls()
    yield from of_forms()
    yield from of_trees()
    yield from at_the_limits()
    yield from of_several_outputs()
    yield from of_units()


def calls() -> Iterator[tuple[Any, ...]]:
    """Functions called directly: (name, arguments...)."""
    yield "main", []
    yield "main", ["certificate.json", "certificate.json"]
    yield "main", ["."]
    yield "echelon", [[0, 2, 4], [-3, 1, 0], [3, 1, 4], [-1, 0, 0]]
    yield "echelon", [[1, 0], [0, -1]]


def of_forms() -> Iterator[Any]:
    """Lattice polynomials and rational maps."""
    zero, line, ramp = tropical(["0", "0"]), tropical(["0", "1"]), tropical(["0", "0"], ["0", "1"])
    least = {"kind": "lattice", "pieces": [["0", "1"], ["0", "0"]], "clauses": [[0, 1]]}
    above = tropical(["1", "0"], ["1", "1"])
    gap = {"kind": "rational", "numerators": [[["0", "0"], ["0", "1"]]], "denominators": [[["1", "0"], ["0", "2"]]]}
    for f, g in ((least, zero), (zero, least), (ramp, line), (line, ramp), (ramp, least), (ramp, above), (gap, ramp)):
        yield equality(f, g)
        yield equality(f, g, kind="at most")
        yield equality(g, f, kind="at most")
    yield refutation(gap, zero, "1", "-1", "0")
    yield refutation(gap, zero, "1", "3", "0")
    yield refutation(line, zero, "1", "1", "0", kind="not at most")
    yield refutation(line, zero, "-1", "-1", "0", kind="not at most")
    yield terms(ramp, inessential=[1], multipliers=[[[1, "1"]]])
    yield terms(tropical(["2", "0"], ["0", "-1"]), inessential=[1], multipliers=[[[0, "2"], [1, "1"]]])
    yield terms(tropical(["1", "0"], ["2", "0"]), inessential=[1], multipliers=[[[0, "2"]]])
    yield terms(THREE, inessential=[1], multipliers=[[[0, "1/2"], [1, "0"], [2, "1/2"]]])
    pieces = [["0", "1"], ["1", "0"], ["3", "-1"]]
    yield irredundant(pieces, [[0, 1, 2]], [["0"]], [[["0"], ["3/2"], ["3"]]])
    yield irredundant(pieces, [[0, 1, 2]], [["0"]], [[["0"], ["1"], ["3"]]])


def of_trees() -> Iterator[Any]:
    """Trees with parts that are empty, or said to be."""
    yield tree(["empty", [[0, "1"]]], g=TWICE)
    yield tree(["empty", [[0, "1"], [1, "1"]]], f=RELU, g=LINE, domain=halfspaces(["-2", "0"]))
    yield tree(["empty", [[0, "1"], [1, "1"]]], f=RELU, g=LINE, domain=halfspaces(["-1", "0"]))
    yield tree(["empty", [[1, "1"]]], f=RELU, g=LINE, domain=halfspaces(["-1", "0"]))
    yield tree(["empty", [[1, "1"]]], f=LINE, g=TWICE, domain=halfspaces(["-1", "0"]))
    yield tree(SPLIT, LEAF, ["-", [[1, "1"]]], LEAF, f=RELU, g=LINE)
    yield tree(LEAF, f=PAIR, g=network(([["1"], ["3"]], ["0", "0"])))
    yield tree(["leaf", [[]]], f=LINE, g=TWICE, kind="at most")
    yield tree(["leaf", [[[1, "1"]]]], f=LINE, g=TWICE, kind="at most", domain=POSITIVE)
    # On the pivot (2x + 3y, 2x + 3y + 1) becomes (x, 2x + 1), in lowest terms.
    steps = network(([["2", "3"], ["2", "3"]], ["0", "1"]), ([["1", "1"]], ["0"]))
    first, second, above = ["+", [[1, "1"]]], ["+", [[2, "1"]]], ["+", [[0, "1"], [1, "2"]]]
    below, last = ["-", [[1, "1"]]], ["-", [[2, "1"]]]
    halves = [below, second, LEAF, below, last, LEAF]
    yield tree(SPLIT, above, first, above, LEAF, SPLIT, *halves, f=steps, g=steps)


def at_the_limits() -> Iterator[Any]:
    for count in ((1 << 62), (1 << 63) - 1, 1 << 63):
        yield equality(RELU, RELU, cells=count)
        yield cells(count=count)
    for value in ((1 << 63), (1 << 64) - 1, 1 << 64, 3 << 64):
        for text in (f"{value:x}", f"-{value:x}", f"1/{value:x}"):
            yield extremum(tropical([text, "0"]), value=text)
    yield extremum(LINE, halfspaces(["0", "0"], ["1", "0"], ["1", "-1"]))
    yield cells(network(([[]], ["0"])), count=1)
    yield extremum(value="2", point=["2"])
    yield cells(domain=halfspaces(["0", "1"], ["0", "-1"], ["-1", "1"], ["1", "-1"]), count=1)  # x = 0 and x = 1
    second = network(([["0", "1"]], ["0"]), ([["1"]], ["0"]))
    yield from (monotone(sign, f=second, coordinate=i) for sign in (1, -1) for i in (0, 1))
    yield monotone(True)
    yield changed(monotone(), ("claim", "sign"), 1.0)
    for proof in (None, [], "tree"):
        yield changed(equality(RELU, RELU), ("proof",), proof)
    for name in ("cells", "maximum", "terms", "irredundant", "different", "monotone"):
        yield changed(EXAMPLES[name], ("proof",), [])


def of_several_outputs() -> Iterator[Any]:
    other = network(([["1"], ["3"]], ["0", "0"]))
    lower = network(([["1"], ["1"]], ["0", "0"]))
    for kind in ("different", "not at most"):
        for g, value in ((other, "3"), (lower, "1")):
            claim = {
                "kind": kind,
                "f": PAIR,
                "g": g,
                "domain": None,
                "point": ["1"],
                "values": [["1", "2"], ["1", value]],
            }
            yield certificate(claim, method="evaluation")
    yield equality(changed(PAIR, ("layers", 0, "slopes"), [["1", "1"], ["0", "1"]]), PAIR)


def of_units() -> Iterator[Any]:
    """Units of one direction and other slopes, such of known sign, and some that only other units read."""
    zero = network(([["0"]], ["0"]))
    leaky = network(([["-2"]], ["0"]), ([["1"]], ["0"]), slopes=("1/2", "2"))
    below = network(([["1"]], ["0"]), ([["1"]], ["0"]), slopes=("-1", "0"))
    two = network(([["1"], ["-2"]], ["0", "0"]), ([["1", "1"]], ["0"]))
    for order in ((0, 1), (1, 0)):
        bent = changed(two, ("layers", 0, "slopes"), [["0", "1"], ["1/2", "2"]])
        for name in ("weight", "bias", "slopes"):
            bent = changed(bent, ("layers", 0, name), [bent["layers"][0][name][i] for i in order])
        yield by_units(bent, network(([["-4"]], ["0"]), ([["1"]], ["0"])))
        yield by_units(bent, network(([["-3"]], ["0"]), ([["1"]], ["0"])))
    for g in (leaky, below, RELU, LINE):
        yield by_units(zero, g, kind="at most")
        yield by_units(g, zero, kind="at most")
    # x - relu(x) <= 0 and relu(x + 1) - relu(x) <= 1, so that the last unit of all is 0, or not.
    first = ([["1"], ["1"], ["1"], ["-1"]], ["0", "1", "0", "0"])
    second = ([["-1", "1", "0", "0"], ["0", "0", "1", "-1"], ["1", "0", "0", "0"]], ["0", "0", "0"])
    for shift in ("-3", "-1"):
        deep = network(first, second, ([["2", "1", "-1"]], [shift]), ([["1"]], ["0"]))
        deep = changed(deep, ("layers", 1, "slopes", 1), ["1", "1"])
        for f, g in ((zero, deep), (deep, zero)):
            for kind, find in (("equal", equality_tree), ("at most", order_tree)):
                yield by_units(f, g, kind=kind)
                yield by_units(f, g, kind=kind, rest={"method": "replay", "cells": None})
                nodes = find(decoded(f), decoded(g), None, Meter(), True).nodes
                yield by_units(f, g, kind=kind, rest={"method": "tree", "nodes": nodes or [LEAF]})


def decoded(f: Any) -> tp.ReLUNetwork:
    """The network that is encoded; its numbers are read the same in base 10 and 16."""
    layers = f["layers"]
    slopes = [layer["slopes"] for layer in layers[:-1]]
    return tp.ReLUNetwork.from_arrays(*([layer[name] for layer in layers] for name in ("weight", "bias")), slopes)


def random_network(rng: random.Random, sizes: list[int], rank: int = 9, plain: bool = False) -> tp.ReLUNetwork:
    """Small integers; the first layer sees a space of at most this rank."""
    weights = [[[rng.randint(-2, 2) for _ in range(n)] for _ in range(m)] for n, m in itertools.pairwise(sizes)]
    if rank < sizes[0]:
        base = [[rng.randint(-2, 2) for _ in range(sizes[0])] for _ in range(rank)]
        mixed = [[rng.randint(-1, 2) for _ in range(rank)] for _ in range(sizes[1])]
        weights[0] = [
            [sum(q * row[j] for q, row in zip(mix, base, strict=True)) for j in range(sizes[0])] for mix in mixed
        ]
    biases = [[Fraction(rng.randint(-3, 3), rng.choice((1, 1, 2))) for _ in range(m)] for m in sizes[1:]]
    slopes = None if plain else [[rng.choice(SLOPES) for _ in range(m)] for m in sizes[1:-1]]
    return tp.ReLUNetwork.from_arrays(weights, biases, slopes)


def of_merged_units() -> Iterator[Any]:
    """Networks with other units for the same function, or with what is 0 or not negative added in a way that is not
    seen by merging, and near misses.
    """
    for number, sizes in enumerate([[1, 2, 1], [2, 2, 2], [2, 3, 1], [1, 2, 2, 1], [2, 2, 2, 1], [3, 2, 1]]):
        rng = random.Random(f"units {number}")
        f = random_network(rng, sizes, rank=2, plain=number % 3 == 1)
        copy = rewritten(rng, f)
        row = [rng.choice((-1, 0, 1, 2)) for _ in range(sizes[0])]
        row = [1, *row[1:]]
        hidden, above = (stacked(net, sizes[-1]) for net in hidden_zero(row))
        domain = [None, tp.Box([-1] * sizes[0], [2] * sizes[0])][number % 2]
        for g in (copy, f + hidden, copy + hidden, f + above, f + above * 2 + hidden, f - hidden * "1/2"):
            for equal in (True, False):
                plain = units_certificate(f, g, domain, equal)
                yield plain
                yield {**plain, "proof": {"method": "units", "rest": {"method": "replay", "cells": None}}}
                find = equality_tree if equal else order_tree
                nodes = find(f, g, domain, Meter(), True).nodes
                yield {**plain, "proof": {"method": "units", "rest": {"method": "tree", "nodes": nodes or [LEAF]}}}


def hidden_zero(row: list[int]) -> tuple[tp.ReLUNetwork, tp.ReLUNetwork]:
    """Of s, the value of the row: relu(relu(s + 1) - relu(s)) - relu(s + 1) + relu(s) = 0; relu(s + 1) + relu(s)."""
    first = ([row, row], [1, 0])
    zero = tp.ReLUNetwork.from_arrays([first[0], [[1, -1], [1, 0], [0, 1]], [[1, -1, 1]]], [first[1], [0] * 3, [0]])
    return zero, tp.ReLUNetwork.from_arrays([first[0], [[1, 1]]], [first[1], [0]])


def stacked(net: tp.ReLUNetwork, outputs: int) -> tp.ReLUNetwork:
    """The network with its output repeated."""
    last = net.layers[-1]
    repeated = type(last)(last.weight * outputs, last.bias * outputs, last.slopes * outputs)
    return tp.ReLUNetwork((*net.layers[:-1], repeated))


def rewritten(rng: random.Random, f: tp.ReLUNetwork) -> tp.ReLUNetwork:
    """Each hidden unit times a number of either sign, its slopes following, and a unit of value 2 beside them."""
    weights, biases, slopes = [], [], []
    factors = [Fraction(1)] * f.input_dim
    for index, layer in enumerate(f.layers):
        rows = [[q / c for q, c in zip(row, factors, strict=True)] for row in layer.weight]
        read = [rng.choice((0, 1)) if index else 0 for _ in rows]
        biases.append([q - 2 * r for q, r in zip(layer.bias, read, strict=True)])
        weights.append([[*row, r] if index else row for row, r in zip(rows, read, strict=True)])
        if index == len(f.layers) - 1:
            break
        factors = [Fraction(rng.choice((-3, -1, 2, 1)), rng.choice((1, 2))) for _ in rows]
        weights[-1] = [[c * q for q in row] for c, row in zip(factors, weights[-1], strict=True)]
        weights[-1].append([0] * len(weights[-1][0]))
        biases[-1] = [*(c * q for c, q in zip(factors, biases[-1], strict=True)), 2]
        turned = zip(factors, layer.slopes, strict=True)
        slopes.append([*((left, right) if c > 0 else (right, left) for c, (left, right) in turned), (0, 1)])
    return tp.ReLUNetwork.from_arrays(weights, biases, slopes)


def of_random_networks() -> Iterator[Any]:
    shapes = [([1, 3, 1], 9), ([2, 3, 1], 9), ([2, 2, 2, 1], 9), ([3, 4, 1], 2), ([3, 3, 2, 2], 9), ([2, 3, 2], 1)]
    shapes.append(([3, 5, 1], 9))
    for number, (sizes, rank) in enumerate(shapes * 2):
        rng = random.Random(f"corpus {number}")
        f = random_network(rng, sizes, rank, plain=number % 3 == 0)
        domain = [None, tp.Box([-1] * sizes[0], [2] * sizes[0])][number // 7]
        yield from of_network(rng, f, domain)


def of_flat_domains() -> Iterator[Any]:
    """Domains with equations: fixed inputs, a plane across the coordinates, a line, a point."""
    fixed = tp.Box([-1, "1/2", -1], [2, "1/2", 3])
    slope = tp.AffineForm([1, 2, "-1/2"], "1/3")
    plane = tp.Box([-2] * 3, [3] * 3) & tp.Polyhedron([slope, -slope])
    line = fixed & plane
    domains = [fixed, plane, line, tp.Box(line.interior_point, line.interior_point), tp.Polyhedron([slope, -slope])]
    for number, domain in enumerate(domains):
        rng = random.Random(f"flat {number}")
        yield from of_network(rng, random_network(rng, [3, 3, 2] if number else [3, 4, 2]), domain)


def of_network(rng: random.Random, f: tp.ReLUNetwork, domain: Any) -> Iterator[Any]:
    raised = tp.ReLUNetwork((*f.layers[:-1], lifted(f.layers[-1])))
    bounded = domain if domain and domain.is_bounded else tp.Box([-1] * f.input_dim, [1] * f.input_dim)
    point = [Fraction(1, 3)] * f.input_dim
    scalar = f.output(0)
    yield region_certificate(tp.polyhedral_complex(f, domain))
    yield order_certificate(f, raised, domain)
    yield order_certificate(raised, f, domain)
    yield equality_certificate(f, f, domain, cells=tp.polyhedral_complex(f, domain).num_cells)
    yield tree_certificate(f, f, domain, equality_tree(f, f, domain, Meter()).nodes or [])
    yield tree_certificate(f, raised, domain, order_tree(f, raised, domain, Meter()).nodes or [], equal=False)
    yield excess_certificate(raised, f, point)
    yield maximum_certificate(scalar, bounded, tp.maximum(scalar, bounded).point)
    yield minimum_certificate(scalar, bounded, tp.minimum(scalar, bounded).point)
    for coordinate in range(f.input_dim):
        yield monotonicity_certificate(f, coordinate, 1, domain)
        yield monotonicity_certificate(f, coordinate, -1, domain)
    form = to_lattice_polynomial(scalar)
    if len(form.pieces) > 5:
        return
    smaller = irredundancy.irredundant(form)
    yield equality_certificate(scalar, form, domain)
    yield equality_certificate(encode_dual_lattice(form.pieces, form.dual_clauses), scalar, domain)
    yield order_certificate(form, smaller.polynomial, domain)
    yield maximum_certificate(form, bounded, tp.maximum(form, bounded).point)
    yield irredundancy_certificate(smaller.polynomial, smaller.clause_points, smaller.index_points)
    yield equality_certificate(scalar, to_tropical_rational_map(scalar), domain)
    p = TropicalPolynomial(form.pieces)
    doubled = TropicalPolynomial([*p.terms, *(a * "1/2" + b * "1/2" for a in p.terms[:2] for b in p.terms[-2:])])
    yield term_certificate(doubled, term_evidence(doubled))
    yield equality_certificate(p, doubled, domain)


def lifted(layer: Any) -> Any:
    return type(layer)(layer.weight, tuple(q + Fraction(1, 2) for q in layer.bias), layer.slopes)
