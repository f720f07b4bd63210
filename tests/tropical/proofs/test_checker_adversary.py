"""Someone who knows the checker and wants a false claim accepted: structured search on tiny functions."""

import ast
from collections import Counter
from pathlib import Path

import pytest
from case_counts import all_but

from oracles.checker_mutants import load
from oracles.claims_by_points import Arrangement, canonical, is_true
from oracles.forged_certificates import forgeries
from tropical.arithmetic.rationals import rank
from tropical.proofs import checker

SOURCE = Path(checker.__file__).read_text(encoding="utf-8")


def attack(module, seeds, stop=False):
    """Counts of what the checker says, and the certificates of false claims that it accepts. Nothing but ``Rejected``
    may come out of it.
    """
    said, deceived = Counter(), []
    for certificate in forgeries(module, seeds):
        said["all"] += 1
        try:
            module.check(certificate)
        except module.Rejected:
            continue
        said[certificate["claim"]["kind"], certificate["proof"]["method"]] += 1
        if not is_true(certificate):
            deceived.append(certificate)
            if stop:
                break
    return said, deceived


KINDS = {(kind, "replay") for kind in ("equal", "at most", "cells", "maximum", "minimum", "monotone")}
KINDS |= {("equal", "tree"), ("at most", "tree"), ("different", "evaluation"), ("not at most", "evaluation")}
KINDS |= {("terms", "terms"), ("irredundant", "points")}


def test_no_false_claim_is_accepted():
    said, deceived = attack(checker, range(300))
    assert said["all"] > 2000
    assert set(said) >= KINDS
    assert not deceived


@pytest.mark.exhaustive
def test_no_false_claim_is_accepted_at_length():
    said, deceived = attack(checker, range(10_000, 18_000))
    assert said["all"] > 50_000
    assert min(said[kind] for kind in KINDS) > 100
    assert not deceived


def test_what_the_checker_decides_by_itself_it_decides_rightly():
    """Where the domain has interior in the space of the half-spaces that are there with both signs, a replay or an
    evaluation fails only if the claim is false.
    """
    verdicts = Counter()
    for certificate in forgeries(checker, range(20_000, 20_240)):
        claim, proof = certificate["claim"], certificate["proof"]
        if proof["method"] not in ("replay", "evaluation"):
            continue
        space = Arrangement([claim["f"]], claim["domain"])
        if proof["method"] == "replay" and space.codimension != equations(space):
            with pytest.raises(checker.Rejected):
                checker.check(certificate)
            verdicts["flat"] += 1
            continue
        verdicts["equations"] += space.codimension > 0
        true = is_true(certificate)
        try:
            checker.check(certificate)
        except checker.Rejected:
            assert not true, certificate
        else:
            assert true, certificate
        verdicts[true] += 1
    assert min(verdicts[key] for key in (True, False, "flat", "equations")) > 20, verdicts


def equations(space):
    """The number of independent equations among the half-spaces."""
    rows = {canonical(row) for row in space.domain if any(row[1:])}
    both = [row for row in rows if {1, -1} <= {side(row, other) for other in space.domain}]
    return rank([row[1:] for row in both])


def side(row, other):
    """1 or -1 if the other row is a positive or negative multiple of this one, else 0."""
    pairs = [(a, b) for a, b in zip(row, other, strict=True) if a or b]
    ratios = {b / a if a else None for a, b in pairs}
    ratio = ratios.pop() if len(ratios) == 1 else None
    return 0 if not ratio else 1 if ratio > 0 else -1


WEAKENED = {
    "a term helps itself": ("weighed[i] = [Fraction(0)] * len(weighed[i])", "weighed[i][0] = Fraction(0)"),
    "a term counts for itself": ("weighed[i] = [Fraction(0)] * len(weighed[i])", "pass"),
    "weights of any sum": ("total != 1 or gradient", "gradient"),
    "negative multipliers": ("if factor < 0:", "if factor < -1:"),
    "a tie is enough for a term": ("value >= values[i] for", "value > values[i] for"),
    "a tie is enough for a clause": ("value >= minima[k] for", "value > minima[k] for"),
    "a tie is enough for an index": ("<= f.value(point)[0]", "< f.value(point)[0]"),
    "any constant": ("combination(multipliers, walls) != list(row)", "combination(multipliers, walls)[1:] != row[1:]"),
    "a wall on the wrong side": ("(*signs, -1), outputs, (*walls, opposite)", "(*signs, -1), outputs, (*walls, row)"),
    "empty for 1": ("empty = [-1] + [0] * f.dim", "empty = [1] + [0] * f.dim"),
    "one output at a leaf": ("if any(map(any, differences))", "if any(differences[0])"),
    "the other slope": ('-1 if tag == "-" else 1', "1"),
    "points outside": ("if any(evaluate(row, point) < 0", "if all(evaluate(row, point) < 0"),
    "no interior": ("elif found < 0:", "elif found < -1:"),
    "half of a cut": ("pending.append((below, (*signs, -1)))", "pass"),
    "one part of a lattice": ("pending += [(lower, [*known[:i], -1, *known[i + 1 :]]), ", "pending += ["),
    "f <= g or g <= f": ('(0,) if kind == "equal" else (0, 1)', "(-1, 0, 1)"),
    "the minimum from the wrong side": ('(0, 1) if kind == "maximum" else (0, -1)', "(0, 1)"),
    "no row is too steep": ("* direction < 0", "* direction < -1"),
    "a value without the last layer": ("for rows, slopes in self.layers:", "for rows, slopes in self.layers[:1]:"),
    "a region too many": ("if found != count:", "if found > count:"),
    "a stale row": ("depth not in known or known[depth][0] != pattern", "depth not in known"),
    "values that are not those": ("if values != [f.value(point), g.value(point)]", "if values[0] != f.value(point)"),
}


LATE = (  # found after many attempts
    *("one output at a leaf", "a tie is enough for a clause", "a tie is enough for an index", "any constant"),
    *("values that are not those", "a wall on the wrong side"),
)


@pytest.mark.parametrize("name", all_but(WEAKENED, LATE))
def test_a_weaker_checker_is_deceived(name):
    before, after = WEAKENED[name]
    assert SOURCE.count(before) == 1
    _, deceived = attack(load(ast.parse(SOURCE.replace(before, after))), range(900), stop=True)
    assert deceived
