"""Equality and order: functions that are the same by construction, those decided by z3, and all kinds of functions."""

import random
from fractions import Fraction

import tropical as tp
from differential.reproducers import shown
from oracles import certified
from oracles.activation_z3 import Case, Vector, fractions
from oracles.built import domain, function, network, polyhedron
from oracles.changed_cases import changed_case, with_one_more
from oracles.claims_by_points import Arrangement, compared
from oracles.domain_cases import domain_case
from oracles.equality_z3 import differing_point, exact_outputs, point_exceeding
from oracles.forged_certificates import domain as drawn_domain
from oracles.forged_certificates import pairs
from oracles.random_cases import RELU, generic
from oracles.rewritten_cases import mutated, rewritten

SAME_FUNCTION = ("scaled_units", "permuted_units", "split_unit", "dead_unit")
BOTH = ("proved", "refuted")
SMALL = 14  # units of both networks together, up to which z3 is asked as well


def same(seed: int) -> str:
    """Proved with a certificate: units permuted, rescaled by small numbers or by 2^k and 10^k, split, dead, cancelling,
    or one layer more.
    """
    rng, case = random.Random(f"same {seed}"), domain_case(seed)
    other = same_function(rng, case)
    with shown(f=case, g=other):
        assert certified.equivalent(network(case), network(other), domain(case)).status == "proved"
        if rng.random() < 0.3:
            assert certified.implies_leq(network(other), network(case), domain(case)).status == "proved"
            assert tp.disagreement(network(case), network(other), domain(case)).num_cells == 0
    return "proved"


def same_function(rng: random.Random, case: Case) -> Case:
    if rng.random() < 0.5:
        return rewritten(case, rng)
    return changed_case(rng, case, rng.sample(SAME_FUNCTION, rng.choice((1, 2))))[0]


def larger(seed: int) -> str:
    """As ``same``, with 16 to 24 units on two or three inputs, and as mutants of that."""
    rng = random.Random(f"larger {seed}")
    weights, biases, slopes = generic(rng, rng.choice(([2, 12, 12, 1], [2, 8, 8, 2], [3, 8, 8, 1], [3, 16, 1])))
    if seed % 2:
        weights = [[[Fraction(rng.choice((-1, 0, 1))) for _ in row] for row in rows] for rows in weights]
        biases = [[Fraction(rng.choice((0, 0, 1))) for _ in bias] for bias in biases]
    parts = (tuple(map(fractions, weights)), fractions(biases), tuple(map(tuple, slopes)))
    case = Case(*parts, None, f"larger {seed}")
    other = rewritten(case, rng)
    other = mutated(other, rng) if seed // 2 % 3 == 0 else other
    with shown(f=case, g=other):
        verdict = certified.equivalent(network(case), network(other))
        assert verdict.status in (BOTH if seed // 2 % 3 == 0 else BOTH[:1])
        if verdict.status == "refuted":
            assert_refutes(case, other, verdict)
    return verdict.status


def changed(seed: int) -> str:
    """One weight changed by 2^-20 to 2^-60, which is seen or not: as z3 says."""
    rng, case = random.Random(f"changed {seed}"), domain_case(seed)
    other = mutated(same_function(rng, case) if rng.random() < 0.5 else case, rng)
    with shown(f=case, g=other):
        verdict = certified.equivalent(network(case), network(other), domain(case))
        assert verdict.status in BOTH
        if verdict.status == "refuted":
            assert_refutes(case, other, verdict)
        elif units(case) + units(other) <= SMALL:
            assert differing_point(case, other) is None
    return verdict.status


def units(case: Case) -> int:
    return sum(map(len, case.slopes))


def assert_refutes(f: Case, g: Case, verdict: tp.Verdict) -> None:
    """The witness lies in the domain, and values by schoolbook arithmetic there differ and are those stated."""
    assert inside(f, verdict.witness)
    found = exact_outputs(f, verdict.witness), exact_outputs(g, verdict.witness)
    assert found[0] != found[1]
    assert verdict.detail["values"] == found


def inside(case: Case, point: Vector) -> bool:
    return all(sum((q * x for q, x in zip(row, point, strict=True)), b) >= 0 for row, b in case.constraints)


def order(seed: int) -> str:
    """f <= f + c relu(h) with c >= 0 and h affine in the last hidden layer; the other way round as z3 says."""
    rng, case = random.Random(f"order {seed}"), domain_case(seed)
    above = raised(rng, case)
    other = same_function(rng, above) if rng.random() < 0.3 else above
    with shown(f=case, g=other):
        f, g, where = network(case), network(other), domain(case)
        assert certified.implies_leq(f, g, where).status == "proved"
        verdict = certified.implies_leq(g, f, where)
        assert verdict.status in BOTH
        if verdict.status == "refuted":
            assert inside(case, verdict.witness)
            values = exact_outputs(other, verdict.witness), exact_outputs(case, verdict.witness)
            assert verdict.detail["values"] == values
            assert any(a > b for a, b in zip(*values, strict=True))
        elif units(case) + units(other) <= SMALL:
            assert point_exceeding(other, case) is None
    return verdict.status


def raised(rng: random.Random, case: Case) -> Case:
    layer = len(case.slopes) - 1
    row = tuple(Fraction(rng.randint(-2, 2), rng.choice((1, 1, 3))) for _ in case.weights[layer][0])
    bias = Fraction(rng.randint(-2, 1))
    outgoing = tuple((*weights, rng.choice((0, 1, 1, Fraction(1, 2**30)))) for weights in case.weights[-1])
    return with_one_more(case, layer, row, bias, RELU, outgoing)


def all_kinds(seed: int) -> str:
    """Networks, lattice, tropical and rational functions of two or one variable, compared by values at points."""
    rng = random.Random(f"kinds {seed}")
    f, g = pairs(rng, rng.choice((1, 1, 2)))
    encoded = drawn_domain(rng, Arrangement([f], None).dim)
    with shown(f=f, g=g, domain=encoded):
        space = Arrangement([f, g], encoded)
        where = domain_or_none(encoded, space)
        if where == "flat":
            return "flat"
        statuses = []
        for kind, decide in (("equal", certified.equivalent), ("at most", certified.implies_leq)):
            verdict = decide(function(f), function(g), where)
            true = compared({"kind": kind, "f": f, "g": g}, space)
            assert verdict.status == ("proved" if true else "refuted")
            statuses.append(verdict.status)
    return ", ".join(statuses)


def domain_or_none(encoded: object, space: Arrangement) -> tp.Polyhedron | str | None:
    """The domain, or "flat" where it is refused and has no interior: the cells of the arrangement show it."""
    try:
        return polyhedron(encoded)
    except ValueError:
        assert not space.samples
        return "flat"
