"""Mutated certificates: none is accepted unless z3 says that what it now claims is true.

The oracle reads the certificate by itself and shares nothing with the checker: z3 (QF_LRA) for statements about all x,
schoolbook Fractions for values at points, sign patterns that z3 finds feasible for numbers of regions.
"""

import copy
import functools
import random
from collections import Counter
from fractions import Fraction

import pytest
import z3

import tropical as tp
from oracles.random_cases import random_case
from oracles.rewritten_cases import rewritten
from tropical.arithmetic.rationals import to_hex
from tropical.budget import Meter
from tropical.forms.irredundancy import irredundant
from tropical.forms.lattice_form import to_lattice_polynomial
from tropical.forms.pruning import term_evidence
from tropical.forms.rational_form import to_tropical_rational_map
from tropical.functions.network import parallel
from tropical.functions.polynomial import TropicalPolynomial
from tropical.proofs import checker
from tropical.proofs.certificate import (
    difference_certificate,
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
    with_merged_units,
)
from tropical.proofs.proof_trees import equality_tree, order_tree

# ---- The oracle.


def fraction(text):
    top, _, bottom = text.partition("/")
    return Fraction(int(top, 16), int(bottom or "1", 16))


def vector(texts):
    return [fraction(text) for text in texts]


class Exact:
    """Values at a point."""

    constant = staticmethod(lambda q: q)
    largest, smallest = staticmethod(max), staticmethod(min)
    bend = staticmethod(lambda t, left, right: t * (right if t >= 0 else left))


class Symbolic:
    """Terms in z3."""

    constant = staticmethod(lambda q: z3.Q(q.numerator, q.denominator))
    largest = staticmethod(lambda terms: functools.reduce(lambda a, b: z3.If(a >= b, a, b), terms))
    smallest = staticmethod(lambda terms: functools.reduce(lambda a, b: z3.If(a <= b, a, b), terms))

    @staticmethod
    def bend(t, left, right):
        return z3.If(t >= 0, Symbolic.constant(right) * t, Symbolic.constant(left) * t)


def affine(kind, row, x):
    constant, *gradient = vector(row)
    return sum((kind.constant(q) * v for q, v in zip(gradient, x, strict=True)), kind.constant(constant))


def values(kind, f, x):
    """The outputs of an encoded function, as numbers or as z3 terms."""
    if f["kind"] == "network":
        for depth, layer in enumerate(f["layers"]):
            rows = zip(layer["bias"], layer["weight"], strict=True)
            x = [affine(kind, [bias, *row], x) for bias, row in rows]
            if depth < len(f["layers"]) - 1:
                x = [kind.bend(t, *vector(pair)) for t, pair in zip(x, layer["slopes"], strict=True)]
        return x
    if f["kind"] == "rational":
        sides = [[maximum(kind, terms, x) for terms in f[name]] for name in ("numerators", "denominators")]
        return [a - b for a, b in zip(*sides, strict=True)]
    if f["kind"] == "tropical":
        return [maximum(kind, f["terms"], x)]
    inner, outer = kind.smallest, kind.largest
    if f["kind"] == "dual lattice":
        inner, outer = outer, inner
    return [outer([inner([affine(kind, f["pieces"][i], x) for i in clause]) for clause in f["clauses"]])]


def maximum(kind, terms, x):
    return kind.largest([affine(kind, term, x) for term in terms])


def input_dim(f):
    if f["kind"] == "network":
        return len(f["layers"][0]["weight"][0])
    rows = f["numerators"][0] if f["kind"] == "rational" else f.get("terms") or f["pieces"]
    return len(rows[0]) - 1


def satisfiable(*conditions):
    solver = z3.SolverFor("QF_LRA")
    solver.add(*conditions)
    answer = solver.check()
    assert answer != z3.unknown
    return answer == z3.sat


def variables(f):
    return [z3.Real(f"x{i}") for i in range(input_dim(f))]


def within(domain, x):
    return z3.And([affine(Symbolic, row, x) >= 0 for row in (domain or {"halfspaces": []})["halfspaces"]])


def contains(domain, point):
    return all(affine(Exact, row, point) >= 0 for row in (domain or {"halfspaces": []})["halfspaces"])


def comparison_is_true(claim):
    x = variables(claim["f"])
    pairs = zip(values(Symbolic, claim["f"], x), values(Symbolic, claim["g"], x), strict=True)
    wrong = [a != b if claim["kind"] == "equal" else a > b for a, b in pairs]
    return not satisfiable(within(claim["domain"], x), z3.Or(wrong))


def refutation_is_true(claim):
    point = vector(claim["point"])
    f, g = (values(Exact, claim[name], point) for name in ("f", "g"))
    wrong = [a != b if claim["kind"] == "different" else a > b for a, b in zip(f, g, strict=True)]
    return contains(claim["domain"], point) and [f, g] == [vector(entry) for entry in claim["values"]] and any(wrong)


def extremum_is_true(claim):
    point, value, x = vector(claim["point"]), fraction(claim["value"]), variables(claim["f"])
    (term,) = values(Symbolic, claim["f"], x)
    bound = Symbolic.constant(value)
    beyond = term > bound if claim["kind"] == "maximum" else term < bound
    attained = contains(claim["domain"], point) and values(Exact, claim["f"], point) == [value]
    return attained and not satisfiable(within(claim["domain"], x), beyond)


def monotone_is_true(claim):
    x, t = variables(claim["f"]), z3.Real("t")
    moved = [v + t if i == claim["coordinate"] else v for i, v in enumerate(x)]
    pairs = zip(values(Symbolic, claim["f"], x), values(Symbolic, claim["f"], moved), strict=True)
    wrong = [before > after if claim["sign"] == 1 else before < after for before, after in pairs]
    return not satisfiable(within(claim["domain"], x), within(claim["domain"], moved), t > 0, z3.Or(wrong))


def terms_is_true(claim):
    x = variables(claim["f"])
    terms = [affine(Symbolic, row, x) for row in claim["f"]["terms"]]

    def stands_out(i):
        return satisfiable(*(terms[i] > other for j, other in enumerate(terms) if j != i))

    return all(map(stands_out, claim["essential"])) and not any(map(stands_out, claim["inessential"]))


def irredundant_is_true(claim):
    f = claim["f"]
    x = variables(f)
    pieces = [affine(Symbolic, row, x) for row in f["pieces"]]
    clauses = [Symbolic.smallest([pieces[i] for i in clause]) for clause in f["clauses"]]
    whole = Symbolic.largest(clauses)
    for k, clause in enumerate(f["clauses"]):
        if not satisfiable(*(clauses[k] > other for j, other in enumerate(clauses) if j != k)):
            return False
        for i in clause if len(clause) > 1 else []:
            if not satisfiable(Symbolic.smallest([pieces[j] for j in clause if j != i]) > whole):
                return False
    return True


def count_regions(networks, domain):
    """Sets with interior in the domain on which every unit with two slopes of all networks has one sign."""
    dim = input_dim(networks[0])
    x = variables(networks[0])
    solver = z3.SimpleSolver()

    def strictly(row, sign):
        value = sum((Symbolic.constant(q) * v for q, v in zip(row[1:], x, strict=True)), Symbolic.constant(row[0]))
        return value * sign > 0

    solver.add([strictly(vector(row), 1) for row in (domain or {"halfspaces": []})["halfspaces"]])
    top = [[Fraction(i == j) for j in range(dim + 1)] for i in range(1, dim + 1)]
    layers = [(layer, depth == 0) for net in networks for depth, layer in enumerate(net["layers"][:-1])]

    def explore(k, inputs, outputs):
        if k == len(layers):
            return 1
        layer, first = layers[k]
        unit = len(outputs)
        if unit == len(layer["weight"]):
            return explore(k + 1, outputs, [])
        row = [fraction(layer["bias"][unit])] + [Fraction(0)] * dim
        for q, other in zip(vector(layer["weight"][unit]), top if first else inputs, strict=True):
            row = [a + q * b for a, b in zip(row, other, strict=True)]
        left, right = vector(layer["slopes"][unit])
        if left == right or not any(row[1:]):
            slope = right if row[0] >= 0 or left == right else left
            return explore(k, inputs, [*outputs, [slope * a for a in row]])
        total = 0
        for sign, slope in ((1, right), (-1, left)):
            solver.push()
            solver.add(strictly(row, sign))
            if solver.check() == z3.sat:
                total += explore(k, inputs, [*outputs, [slope * a for a in row]])
            solver.pop()
        return total

    return explore(0, top, []) if solver.check() == z3.sat else 0


ORACLE = {
    "equal": comparison_is_true,
    "at most": comparison_is_true,
    "different": refutation_is_true,
    "not at most": refutation_is_true,
    "cells": lambda claim: count_regions([claim["f"]], claim["domain"]) == claim["count"],
    "maximum": extremum_is_true,
    "minimum": extremum_is_true,
    "monotone": monotone_is_true,
    "terms": terms_is_true,
    "irredundant": irredundant_is_true,
}


def is_true(certificate):
    """Whether the claim holds, and with it the number of cells that a proof mentions."""
    claim, cells = certificate["claim"], certificate["proof"].get("cells")
    if cells is not None and count_regions([claim["f"], claim["g"]], claim["domain"]) != cells:
        return False
    return ORACLE[claim["kind"]](claim)


# ---- Certificates to start from.


@functools.cache
def originals():
    """Certificates of every kind about small networks and forms, half of the networks degenerate."""
    found = []
    for seed in range(24):
        case = random_case(seed)
        f = tp.ReLUNetwork.from_arrays(case.weights, case.biases, case.slopes)
        if f.input_dim > 3 or f.num_kinked > 8:
            continue
        other = rewritten(case, random.Random(seed))
        g = tp.ReLUNetwork.from_arrays(other.weights, other.biases, other.slopes)
        domain = None if case.box is None else tp.Box(*case.box)
        found += of_networks(f, g, domain)
        found += of_forms(f.output(0), domain)
    return found


def of_networks(f, g, domain):
    cells = tp.polyhedral_complex(parallel(f, g), domain).num_cells
    bounded = domain or tp.Box([-1] * f.input_dim, [2] * f.input_dim)
    raised = tp.ReLUNetwork((*g.layers[:-1], shifted(g.layers[-1])))
    point = [Fraction(1, 3)] * f.input_dim
    scalar = f.output(0)
    yield equality_certificate(f, g, domain, cells)
    yield order_certificate(f, raised, domain)
    yield units_certificate(f, g, domain)
    yield units_certificate(f, raised, domain, equal=False)
    yield with_merged_units(equality_certificate(f, g, domain))
    yield with_merged_units(order_certificate(f, raised, domain))
    yield tree_certificate(f, g, domain, equality_tree(f, g, domain, Meter()).nodes)
    yield tree_certificate(f, raised, domain, order_tree(f, raised, domain, Meter()).nodes, equal=False)
    yield region_certificate(tp.polyhedral_complex(f, domain))
    yield difference_certificate(f, raised, point)
    yield excess_certificate(raised, f, point)
    yield maximum_certificate(scalar, bounded, tp.maximum(scalar, bounded).point)
    yield minimum_certificate(scalar, bounded, tp.minimum(scalar, bounded).point)
    flat = tp.ReLUNetwork.from_arrays([[[1] * f.input_dim, [2] * f.input_dim], [[1, 3]]], [[-1, 1], [0]])
    yield monotonicity_certificate(flat, 0, 1, domain)


def shifted(layer):
    return type(layer)(layer.weight, tuple(q + Fraction(1, 2) for q in layer.bias), layer.slopes)


def of_forms(scalar, domain):
    form = to_lattice_polynomial(scalar)
    if len(form.pieces) > 6:
        return
    smaller = irredundant(form)
    yield equality_certificate(scalar, form, domain)
    yield equality_certificate(encode_dual_lattice(form.pieces, form.dual_clauses), scalar, domain)
    yield order_certificate(form, smaller.polynomial, domain)
    yield irredundancy_certificate(smaller.polynomial, smaller.clause_points, smaller.index_points)
    yield equality_certificate(scalar, to_tropical_rational_map(scalar), domain)
    p = TropicalPolynomial(form.pieces)
    doubled = TropicalPolynomial([*p.terms, *(a * "1/2" + b * "1/2" for a in p.terms[:2] for b in p.terms[-2:])])
    yield term_certificate(doubled, term_evidence(doubled))
    yield equality_certificate(p, doubled, domain)


# ---- Mutations: each returns whether it changed anything.


def step(rng, target):
    """A random entry of a container: one that is itself a container, or None; and the key."""
    key = rng.choice(sorted(target) if isinstance(target, dict) else range(len(target)))
    return target[key], key


def somewhere(rng, root, wanted):
    """Walk down at random to an entry of the wanted kind: (container, key), or None."""
    for _ in range(40):
        target = root
        while isinstance(target, (dict, list)) and target:
            entry, key = step(rng, target)
            if wanted(entry):
                return target, key
            target = entry
    return None


def is_number(entry):
    return isinstance(entry, str) and bool(entry) and set(entry) <= set("0123456789abcdef-/") and entry[-1] not in "-/"


def change_number(rng, certificate):
    place = somewhere(rng, body(rng, certificate), is_number)
    if place is None:
        return False
    target, key = place
    q = fraction(target[key])
    tiny = Fraction(rng.choice((-1, 1)), 2 ** rng.choice((1, 3, 20, 60)))
    q = rng.choice((q + tiny, q + tiny, q + rng.choice((-1, 1)), -q, Fraction(0), 2 * q, q / 2))
    target[key] = to_hex(q)
    return True


def body(rng, certificate):
    return rng.choice((certificate["claim"], certificate["claim"], certificate["proof"]))


def change_integer(rng, certificate):
    place = somewhere(rng, body(rng, certificate), lambda entry: type(entry) is int)
    if place is None:
        return False
    target, key = place
    target[key] = rng.choice((target[key] + 1, target[key] - 1, -target[key], 0, 1))
    return True


def is_long(entry):
    return isinstance(entry, list) and len(entry) > 1


def drop_entry(rng, certificate):
    place = somewhere(rng, body(rng, certificate), is_long)
    if place is None:
        return False
    entries = place[0][place[1]]
    del entries[rng.randrange(len(entries))]
    return True


def swap_entries(rng, certificate):
    place = somewhere(rng, body(rng, certificate), is_long)
    if place is None:
        return False
    entries = place[0][place[1]]
    i, j = rng.sample(range(len(entries)), 2)
    entries[i], entries[j] = entries[j], entries[i]
    return True


def repeat_entry(rng, certificate):
    place = somewhere(rng, body(rng, certificate), is_long)
    if place is None:
        return False
    entries = place[0][place[1]]
    entries.insert(rng.randrange(len(entries)), copy.deepcopy(rng.choice(entries)))
    return True


def copy_entry(rng, certificate):
    place = somewhere(rng, body(rng, certificate), is_long)
    if place is None:
        return False
    entries = place[0][place[1]]
    entries[rng.randrange(len(entries))] = copy.deepcopy(rng.choice(entries))
    return True


def drop_layer(rng, certificate):
    """Where the sizes fit, the claim remains readable."""
    nets = [f for f in (certificate["claim"].get("f"), certificate["claim"].get("g")) if f and f["kind"] == "network"]
    if not nets:
        return False
    layers = rng.choice(nets)["layers"]
    fitting = [i for i in range(1, len(layers) - 1) if len(layers[i]["weight"]) == len(layers[i]["weight"][0])]
    del layers[rng.choice(fitting or range(len(layers)))]
    return True


OPPOSITE = {"equal": "at most", "different": "not at most", "maximum": "minimum"}
OPPOSITE |= {b: a for a, b in OPPOSITE.items()}


def turn_claim(rng, certificate):
    claim = certificate["claim"]
    if claim["kind"] in OPPOSITE:
        claim["kind"] = OPPOSITE[claim["kind"]]
    elif claim["kind"] == "monotone":
        claim["sign"] = -claim["sign"]
    elif claim["kind"] == "terms":
        claim["essential"], claim["inessential"] = claim["inessential"], claim["essential"]
        certificate["proof"]["points"], certificate["proof"]["multipliers"] = [], []
    else:
        return False
    return True


def exchange_functions(rng, certificate):
    """g <= f instead of f <= g."""
    claim = certificate["claim"]
    if "g" not in claim:
        return False
    claim["f"], claim["g"] = claim["g"], claim["f"]
    if "values" in claim:
        claim["values"].reverse()
    return True


def other_domain(rng, certificate):
    claim = certificate["claim"]
    if "domain" not in claim:
        return False
    rows = [["1", *rng.choices(["0", "1", "-1"], k=input_dim(claim["f"]))] for _ in range(2)]
    if claim["domain"] is None:
        claim["domain"] = {"halfspaces": rows}
    elif rng.random() < 0.5:
        claim["domain"] = None
    else:
        claim["domain"]["halfspaces"] += rows
    return True


def other_function(rng, certificate):
    """The function of another certificate."""
    name = rng.choice(("f", "g"))
    donor = rng.choice(originals())["claim"]
    if name not in certificate["claim"] or name not in donor:
        return False
    certificate["claim"][name] = copy.deepcopy(donor[name])
    return True


def other_node(rng, certificate):
    nodes = certificate["proof"].get("nodes")
    if nodes is None:
        return False
    place = rng.randrange(len(nodes))
    tag = rng.choice(("+", "-", "split", "leaf", "empty"))
    nodes[place] = [tag, nodes[place][1]] if rng.random() < 0.5 else copy.deepcopy(rng.choice(nodes))
    return True


def close_part(rng, certificate):
    """Declare a part empty and drop the subtree below, with multipliers from elsewhere."""
    nodes = certificate["proof"].get("nodes")
    if nodes is None:
        return False
    place = rng.randrange(len(nodes))
    multipliers = [entry for tag, entry in nodes if tag in ("+", "-")] or [[[0, "1"]]]
    nodes[place:] = [["empty", copy.deepcopy(rng.choice(multipliers))]]
    return True


MUTATIONS = (
    *(change_number,) * 6,
    *(change_integer,) * 3,
    *(drop_entry, swap_entries, repeat_entry, copy_entry, drop_layer, turn_claim, exchange_functions),
    *(other_domain, other_function, other_node, close_part),
)


def mutant(seed):
    """A certificate that differs from the original in one or two places."""
    rng = random.Random(f"mutant {seed}")
    while True:
        original = originals()[seed % len(originals())]
        certificate = copy.deepcopy(original)
        done = [rng.choice(MUTATIONS)(rng, certificate) for _ in range(rng.choice((1, 1, 1, 2)))]
        if all(done) and certificate != original:
            return certificate


def judge(certificate):
    """What the checker says; if it accepts, what z3 says must be the same."""
    try:
        checker.check(certificate)
    except checker.Malformed:
        return "malformed"
    except checker.Rejected:
        return "rejected"
    assert is_true(certificate), certificate
    return "accepted"


def test_originals_are_of_every_kind():
    kinds = Counter(certificate["claim"]["kind"] for certificate in originals())
    assert set(kinds) == set(ORACLE)
    assert sum("nodes" in certificate["proof"] for certificate in originals()) > 10


def test_originals_are_accepted_and_true():
    for certificate in originals()[::4]:
        assert judge(certificate) == "accepted"


@pytest.mark.exhaustive
def test_all_originals_are_accepted_and_true():
    for certificate in originals():
        assert judge(certificate) == "accepted"


FALSIFIED = {
    "equal": lambda claim: claim["g"]["layers"][-1]["bias"].__setitem__(0, "123/7"),
    "at most": lambda claim: claim.update(f=claim["g"], g=claim["f"]),
    "different": lambda claim: claim["values"][0].__setitem__(0, "123/7"),
    "not at most": lambda claim: claim.update(f=claim["g"], g=claim["f"], values=claim["values"][::-1]),
    "cells": lambda claim: claim.update(count=claim["count"] + 1),
    "maximum": lambda claim: claim.update(value="123/7"),
    "minimum": lambda claim: claim.update(kind="maximum"),
    "monotone": lambda claim: claim.update(sign=-1),
    "terms": lambda claim: claim.update(essential=claim["inessential"] or [0], inessential=claim["essential"]),
    "irredundant": lambda claim: claim["f"]["clauses"].append(claim["f"]["clauses"][0]),
}


@pytest.mark.parametrize("kind", ORACLE)
def test_the_oracle_and_the_checker_refute(kind):
    examples = [certificate for certificate in originals() if certificate["claim"]["kind"] == kind]
    for example in examples:
        certificate = copy.deepcopy(example)
        FALSIFIED[kind](certificate["claim"])
        if not is_true(certificate):
            assert judge(certificate) != "accepted"
            return
    pytest.fail("the oracle believes everything")


def run(seeds):
    outcomes = Counter(judge(mutant(seed)) for seed in seeds)
    # Most mutants are well formed and false; a few leave a true claim with a valid proof.
    assert outcomes["rejected"] > len(seeds) / 3, outcomes
    assert outcomes["accepted"], outcomes
    return outcomes


def test_mutants_are_accepted_only_if_true():
    run(range(240))


@pytest.mark.exhaustive
def test_many_mutants_are_accepted_only_if_true():
    run(range(1000, 5000))
