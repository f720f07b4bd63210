"""Changed versions of the checker: no line that rejects can be left out, and no other change goes unnoticed."""

import ast
import functools
from pathlib import Path

import pytest
from case_counts import few

from oracles.checker_corpus import corpus
from oracles.checker_mutants import Mutants, caught, load, outcome, rejecting, without
from oracles.claims_by_points import is_true
from oracles.false_certificates import FALSE, NOT_ALONE
from tropical.proofs import checker

SOURCE = Path(checker.__file__).read_text(encoding="utf-8")

# Mutants that are no different from the checker, by the reason.
EQUIVALENT = {
    "Any base from 16 on tells 0 from a positive number.": [
        "number: int(bottom, 16) -> int(bottom, 17)",
    ],
    "Only how objects are stored.": [
        "Cone: __slots__ = ('lineality', 'masks', 'rays', 'walls') -> pass",
    ],
    "The annotation of a local variable is never evaluated.": [
        "grow: State = tuple[int, int, list[Row], tuple[int, ...], list[Row], tuple[Row, ...]] -> pass",
    ],
    "Division by 1, or of a zero row by nothing, changes no number.": [
        "primitive: divisor <= 1 -> divisor < 1",
        "primitive: divisor <= 1 -> divisor <= 0",
    ],
    "The number of a wall that is left out stands for the sum of the constraints before it, which is redundant.": [
        "half_space: Cone([origin], [0], 1, axes) -> Cone([origin], [0], 2, axes)",
        "cut: cone.walls + 1 -> cone.walls + 2",
        "bend: cone.walls + 1 -> cone.walls + 2",
        "bend: cone.walls + 1 -> cone.walls + 2 (2)",
    ],
    "Only a shortcut: with no lineality there is nothing to look at.": [
        "sign: cone.lineality and any((dot(row -> any((dot(row",
    ],
    "Only a shortcut: an edge passes both tests; what passes one of them is at worst a ray that the others span.": [
        "cut: len(row) - len(cone.lineality) - 2 -> len(row) - len(cone.lineality) - 3",
        "cut: ) >= needed and [mask & com -> ) >= needed or [mask & com",
        "cut: common.bit_count() >= needed and [mask & comm -> [mask & comm",
        "cut: () >= needed and [mask & common for mask in masks].count(common) == 2 -> () >= needed",
    ],
    "Only the sign of the number is used.": [
        "cut: for side in (1, -1): -> for side in (2, -1):",
        "cut: for side in (1, -1): -> for side in (1, -2):",
        "split: (*signs, -1) -> (*signs, -2)",
        "split: found = 1 -> found = 2",
        "split: found = 1 -> found = 0",
        "grow: (*signs, -1) -> (*signs, -2)",
        "grow: -1 if tag == '-' else 1 -> -2 if tag == '-' else 1",
        "grow: -1 if tag == '-' else 1 -> -1 if tag == '-' else 2",
        "grow: -1 if tag == '-' else 1 -> -1 if tag == '-' else 0",
    ],
    "The integer is not 0.": [
        "bend: if value < 0: -> if value <= 0:",
        "bend: if value < 0: -> if value < 1:",
        "echelon: row[pivot] > 0 -> row[pivot] >= 0",
        "echelon: row[pivot] > 0 -> row[pivot] > -1",
    ],
    "All entries have one length, or there is only one entry.": [
        "Network.__init__: self.seen[0] -> self.seen[-1]",
        "Network.__init__: layers[-1][0] -> layers[-1][1]",
        "Network.__init__: layers[-1][0] -> layers[-1][-1]",
        "Network.__init__: len(matrix[0]) -> len(matrix[-1])",
        "Lattice.__init__: len(rows[0]) -> len(rows[-1])",
        "Rational.__init__: polynomials[0] -> polynomials[1]",
        "Rational.__init__: polynomials[0] -> polynomials[-1]",
        "Rational.value: p.value(point)[0] -> p.value(point)[-1]",
        "function: len(before[0]) -> len(before[1])",
        "function: len(before[0]) -> len(before[-1])",
        "function: len(after[0][0]) -> len(after[0][-1])",
        "function: len(terms[0]) -> len(terms[-1])",
        "Domain.__init__: fields(value, 'halfspaces')[0] -> fields(value, 'halfspaces')[-1]",
        "Domain.__init__: integers([row])[0][0] -> integers([row])[0][-1]",
        "monotone: ems()]])[0][0] -> ems()]])[0][-1]",
        "signs_of: g.signs(cone, others[0], scale) -> g.signs(cone, others[-1], scale)",
        "combination: len(rows[0]) -> len(rows[-1])",
        "irredundant: f.value(point)[0] -> f.value(point)[-1]",
        "main: arguments[0] -> arguments[-1]",
    ],
    "Unit 0 has zeros behind its constant; a product stops at the end of the shorter row.": [
        "Network.__init__: len(matrix[0]) - 1 -> len(matrix[0]) + 1",
        "Network.__init__: len(matrix[0]) - 1 -> len(matrix[0]) - 2",
        "Network.__init__: len(matrix[0]) - 1 -> len(matrix[0]) - 0",
    ],
    "Any slope maps 0 to 0, and a zero row to itself.": [
        "Network.value: right if t >= 0 else left -> right if t > 0 else left",
        "Network.activations: slopes[unit][found >= 0] -> slopes[unit][found > 0]",
        "Network.activations: slopes[unit][found >= 0] -> slopes[unit][found >= 1]",
        "grow: signs = (*signs, 0) -> signs = (*signs, 1)",
        "grow: signs = (*signs, 0) -> signs = (*signs, -1)",
    ],
    "Only a shortcut: rows are computed again although they are known.": [
        "Network.parts: known[depth][0] -> known[depth][1]",
        "Network.parts: known[depth][0] -> known[depth][-1]",
    ],
    "A wider range for what is unknown leads to more cuts.": [
        "Lattice.signs:  for unknown in (-1, 1) ->  for unknown in (-2, 1)",
        "Lattice.signs:  for unknown in (-1, 1) ->  for unknown in (-1, 2)",
    ],
    "Which unknown sign is decided first does not matter.": [
        "Lattice.signs: min(([i for i i -> max(([i for i i",
        "Lattice.signs: ), key=len)[0] -> ), key=len)[-1]",
    ],
    "Only a shortcut: f and g may change places, the other one allowing the opposite signs.": [
        "compare: f, Lattice) and (not isinstance(g, Lattice)) -> f, Lattice) or not isinstance(g, Lattice)",
        "compare: isinstance(f, Lattice) and (not isinstance(g, Lattice)) -> not isinstance(g, Lattice)",
        "compare: isinstance(f, Lattice) and (not isinstance(g, Lattice)) -> isinstance(f, Lattice)",
        "compare: isinstance(f, Lattice) and (not isinstance(g, Lattice))"
        " -> not (isinstance(f, Lattice) and (not isinstance(g, Lattice)))",
        "compare: not isinstance(g, Lattice) -> isinstance(g, Lattice)",
        "compare: f, g, allowed = (g, f, tuple((-s for s in allowed))) -> pass",
    ],
    "The slopes of a last layer are never applied.": [
        "constant: [Fraction(1)] -> [Fraction(2)]",
        "constant: [Fraction(1)] -> [Fraction(0)]",
    ],
    "All forms are doubled, those of f and those of g.": [
        "Units.__init__: {signal: Fraction(1)} -> {signal: Fraction(2)}",
    ],
    "The number is not 0.": [
        "Units.sign: 1 if a > 0 else -1 -> 1 if a >= 0 else -1",
        "Units.activated: ) if ratio > 0 else (lef -> ) if ratio >= 0 else (lef",
    ],
    "A layer more, without units of its own, that passes everything on.": [
        "Units.network: dict.fromkeys(range(start), 0) -> dict.fromkeys(range(start), 1)",
        "Units.network: 1 + max((levels[read] for read in form)) -> 2 + max((levels[read] for read in form))",
    ],
    "For the type checker only: a function of this kind is a lattice polynomial.": [
        "irredundant: not isinstance(f, Lattice) or value['kind' -> value['kind'",
    ],
}

# ---- Each line that rejects, with an example that it alone stops.

VERDICT = {"0": "accepted", "1": "rejected", "2": "malformed"}


def verdict(module, example):
    first = outcome(module, example)[0]
    return VERDICT.get(first, first)


def test_every_line_that_rejects_has_an_example():
    names = [name for name, _, _ in rejecting(ast.parse(SOURCE))]
    assert len(set(names)) == len(names)
    assert set(names) == set(FALSE) | set(NOT_ALONE)


@pytest.mark.parametrize("name", FALSE)
def test_each_false_certificate_is_stopped_by_one_line_alone(name):
    tree = ast.parse(SOURCE)
    ((body, place),) = [(body, place) for found, body, place in rejecting(tree) if found == name]
    guards_the_format = "require(" in ast.unparse(body[place]) or "Malformed" in ast.unparse(body[place])
    assert verdict(checker, FALSE[name]) == ("malformed" if guards_the_format else "rejected")
    with without(body, place):
        weaker = load(tree)
    if guards_the_format:
        assert verdict(weaker, FALSE[name]) in ("accepted", "crashed")
    else:
        assert verdict(weaker, FALSE[name]) == "accepted"
        assert not is_true(FALSE[name])


@pytest.mark.parametrize("name", NOT_ALONE)
def test_the_other_lines_have_a_second_one_behind(name):
    tree = ast.parse(SOURCE)
    ((body, place),) = [(body, place) for found, body, place in rejecting(tree) if found == name]
    example, _ = NOT_ALONE[name]
    with without(body, place):
        weaker = load(tree)
    assert verdict(checker, example) == "malformed"
    assert verdict(weaker, example) == "rejected"


# ---- Mutants: conditions negated or weakened, comparisons and numbers shifted, signs and statements dropped.


@functools.cache
def mutants():
    return Mutants(SOURCE)


@functools.cache
def examples():
    """The corpus with what the checker itself says."""
    original = mutants().module()
    return [(example, outcome(original, example)) for example in corpus()]


def equivalent():
    return [name for names in EQUIVALENT.values() for name in names]


def test_the_corpus_knows_all_verdicts_and_no_crash():
    verdicts = [VERDICT.get(first, first) for _, (first, *_) in examples()]
    assert verdicts.count("accepted") > 200
    assert verdicts.count("rejected") > 100
    assert verdicts.count("malformed") > 100
    assert "crashed" not in verdicts


def test_mutants_are_many_and_the_equivalent_ones_among_them():
    names = mutants().names
    assert len(names) == len(set(names)) > 1000
    assert set(equivalent()) <= set(names)
    assert len(set(equivalent())) == len(equivalent())


@pytest.mark.parametrize("turn", few(range(9), 1))
def test_every_mutant_is_caught(turn):
    names = mutants().names
    different = [k for k in range(turn, len(names), 9) if names[k] not in set(equivalent())]
    assert len(different) > 80
    assert [names[k] for k in different if not caught(mutants(), k, examples())] == []


@pytest.mark.exhaustive
def test_the_equivalent_mutants_say_the_same_of_the_whole_corpus():
    signs = {name: caught(mutants(), mutants().names.index(name), examples()) for name in equivalent()}
    assert not {name: sign for name, sign in signs.items() if sign}
