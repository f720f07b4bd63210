"""Whether the claim of a certificate is true, in any dimension: reads it by itself and shares nothing with the checker.

z3 (QF_LRA) for statements about all x, schoolbook Fractions for values at points, sign patterns that z3 finds feasible
for numbers of regions.
"""

import functools
from fractions import Fraction

import z3

from oracles.activation_z3 import long_numerals


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


@long_numerals()
def is_true(certificate):
    """Whether the claim holds, and with it the number of cells that a proof mentions."""
    claim, cells = certificate["claim"], certificate["proof"].get("cells")
    if cells is not None and count_regions([claim["f"], claim["g"]], claim["domain"]) != cells:
        return False
    return ORACLE[claim["kind"]](claim)
