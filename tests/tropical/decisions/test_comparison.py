"""Equality of functions against z3, on pairs equal by construction, and on mutants."""

import contextlib
import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from case_counts import few

import tropical as tp
from oracles import certified
from oracles.activation_z3 import Case, fractions
from oracles.built import domain, network
from oracles.equality_z3 import differing_point, exact_outputs, point_exceeding
from oracles.random_cases import generic, random_case
from oracles.rewritten_cases import mutated, rewritten
from tropical.proofs.merged_units import MergedPair

RELU_MINUS_RELU = tp.ReLUNetwork.from_arrays([[[1], [-1]], [[1, -1]]])
IDENTITY = tp.ReLUNetwork.from_arrays([[[1]]])


@contextlib.contextmanager
def units_as_they_are(merged: bool = False) -> Iterator[None]:
    """Equality and order are decided without merging units, unless ``merged``."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("shows_equality", "shows_order", "is_smaller") if not merged else ():
            patch.setattr(MergedPair, name, False)
        yield


def assert_decided_as_by_z3(case: Case, other: Case) -> None:
    expected = differing_point(case, other)
    for merged in (True, False):
        with units_as_they_are(merged):
            verdict = certified.equivalent(network(case), network(other), domain(case))
        assert verdict.status == ("proved" if expected is None else "refuted"), case.name
        if verdict.status == "refuted":
            values = exact_outputs(case, verdict.witness), exact_outputs(other, verdict.witness)
            assert values[0] != values[1]
            assert verdict.detail["values"] == values


def question(seed: int, case: Case | None = None) -> tuple[Case, Case]:
    """A case and another one: the same function, rewritten, for half of the seeds, a mutant of it for the others."""
    rng = random.Random(seed)
    case = case or random_case(seed)
    other = rewritten(case, rng)
    return case, other if seed // 2 % 2 else mutated(other, rng)


def wide_case(seed: int) -> Case:
    """3-8-8-1 with entries in eighths; odd ones without biases."""
    rng = random.Random(f"wide {seed}")
    weights, biases, slopes = generic(rng, [3, 8, 8, 1])
    if seed % 2:
        biases = [[Fraction(0)] * len(bias) for bias in biases]
    return Case(tuple(map(fractions, weights)), fractions(biases), tuple(map(tuple, slopes)), None, f"wide {seed}")


@pytest.mark.parametrize("seed", few(range(80), 50))
def test_agrees_with_z3(seed):
    assert_decided_as_by_z3(*question(seed))


@pytest.mark.exhaustive
@pytest.mark.parametrize("block", range(40))
def test_agrees_with_z3_on_two_thousand_questions(block):
    for seed in range(5000 + 50 * block, 5050 + 50 * block):
        assert_decided_as_by_z3(*question(seed))


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(12))
def test_agrees_with_z3_on_three_inputs_and_sixteen_units(seed):
    assert_decided_as_by_z3(*question(seed, wide_case(seed)))


def assert_ordered_as_by_z3(seed: int) -> None:
    rng = random.Random(seed)
    case = random_case(seed)
    lifted = tuple(b + rng.choice((Fraction(0), Fraction(1, 3))) for b in case.biases[-1])
    other = rewritten(replace(case, biases=(*case.biases[:-1], lifted)), rng)
    for (f, g), merged in itertools.product(((case, other), (other, case)), (True, False)):
        expected = point_exceeding(f, g)
        with units_as_they_are(merged):
            verdict = certified.implies_leq(network(f), network(g), domain(case))
        assert verdict.status == ("proved" if expected is None else "refuted"), case.name
        if verdict.status == "refuted":
            assert any(a > b for a, b in zip(*verdict.detail["values"], strict=True))
            assert verdict.detail["values"] == tuple(exact_outputs(h, verdict.witness) for h in (f, g))


@pytest.mark.parametrize("seed", few(range(40), 20))
def test_order_agrees_with_z3(seed):
    assert_ordered_as_by_z3(seed)


@pytest.mark.exhaustive
@pytest.mark.parametrize("block", range(8))
def test_order_agrees_with_z3_on_four_hundred_pairs(block):
    for seed in range(9000 + 50 * block, 9050 + 50 * block):
        assert_ordered_as_by_z3(seed)


def test_identity_of_two_relus():
    verdict = certified.equivalent(RELU_MINUS_RELU, IDENTITY)
    assert verdict.status == "proved"
    assert verdict.certificate["proof"] == {"method": "units", "rest": None}
    with units_as_they_are():
        assert certified.equivalent(RELU_MINUS_RELU, IDENTITY).detail["cells"] == 2


def test_a_difference_on_a_tiny_cone_is_found_by_subdivision():
    tiny = Fraction(1, 10**9)
    bump = tp.ReLUNetwork.from_arrays(
        [[[1, 0], [-1, tiny]], [[1, 0], [0, 1], [1, -1]], [[1, 0, -1]]]
    )  # min(relu(x), relu(tiny y - x)): positive only for 0 < x < tiny y
    zero = tp.ReLUNetwork.from_arrays([[[0, 0]]])
    verdict = certified.equivalent(bump, zero)
    assert verdict.status == "refuted"
    x, y = verdict.witness
    assert 0 < x < tiny * y
    assert bump([x, y])[0] == min(x, tiny * y - x)


KINDS = {
    "network": lambda net: net,
    "lattice": tp.to_lattice_polynomial,
    "rational": tp.to_tropical_rational_map,
    "rebuilt": lambda net: tp.to_network(tp.to_lattice_polynomial(net)),
}


@pytest.mark.parametrize("f_kind", KINDS)
@pytest.mark.parametrize("g_kind", KINDS)
def test_functions_of_all_kinds_on_either_side(f_kind, g_kind):
    net = tp.ReLUNetwork.from_arrays([[[1, 2], [3, -1], [-1, 1]], [[1, -2, 1]]], [[1, 0, -1], [2]])
    other = tp.ReLUNetwork.from_arrays([[[1, 2], [3, -1], [-1, 1]], [[1, -2, "1048577/1048576"]]], [[1, 0, -1], [2]])
    f, same, different = KINDS[f_kind](net), KINDS[g_kind](net), KINDS[g_kind](other)
    verdict = certified.equivalent(f, same)
    assert verdict.status == "proved"
    assert tp.check_certificate(verdict.certificate, f, same)
    verdict = certified.equivalent(f, different)
    assert verdict.status == "refuted"
    assert tp.check_certificate(verdict.certificate, f, different)
    assert net(verdict.witness) != other(verdict.witness)
    assert tp.disagreement(f, same).num_cells == 0
    assert tp.disagreement(f, different).num_cells > 0
    for a, b, holds in ((f, same, True), (f, different, True), (different, f, False)):  # a larger weight of a relu
        verdict = certified.implies_leq(a, b)
        assert verdict.status == ("proved" if holds else "refuted")
        assert tp.check_certificate(verdict.certificate, a, b)


def test_tropical_polynomials_are_compared():
    terms = [tp.AffineForm([1, 0]), tp.AffineForm([0, 1]), tp.AffineForm(["1/2", "1/2"])]
    p, q = tp.TropicalPolynomial(terms), tp.TropicalPolynomial(terms[:2])
    assert p != q
    verdict = certified.equivalent(p, q)
    assert verdict.status == "proved"
    assert tp.check_certificate(verdict.certificate, p, q)
    higher = tp.TropicalPolynomial([*terms[:2], tp.AffineForm(["1/2", "1/2"], Fraction(1, 10**9))])
    assert certified.equivalent(p, higher).status == "refuted"
    assert certified.implies_leq(p, higher).status == "proved"
    assert certified.implies_leq(higher, p).status == "refuted"


def test_disagreement_is_the_exact_set():
    relu = tp.ReLUNetwork.from_arrays([[[1, 0]], [[1]]])
    wedge = tp.ReLUNetwork.from_arrays([[[1, 0], [0, 1]], [[1, 0], [1, -1]], [[1, -1]]])
    found = tp.disagreement(relu, wedge)  # relu(x) - relu(relu(x) - relu(y)) differs from relu(x) where x > y+
    for point in ([3, 1], [3, -1]):
        assert relu(point) != wedge(point)
        assert sum(cell.contains(point) for cell in found.cells) == 1
    for point in ([1, 3], [-1, 3], [-1, -1]):
        assert relu(point) == wedge(point)
        assert not any(cell.contains(point) for cell in found.cells)


def test_domains_decide():
    relu = tp.ReLUNetwork.from_arrays([[[1]], [[1]]])
    assert certified.equivalent(relu, IDENTITY, tp.Box([0], [5])).status == "proved"
    verdict = certified.equivalent(relu, IDENTITY, tp.Box(["-1/1000"], [5]))
    assert verdict.status == "refuted"
    assert Fraction(-1, 1000) <= verdict.witness[0] < 0


def test_an_exhausted_budget_is_unknown():
    net = tp.ReLUNetwork.from_arrays([[[1, 2], [3, -1], [-1, 1]], [[1, -2, 1]]])
    verdict = certified.equivalent(net, tp.to_lattice_polynomial(net), budget=tp.Budget(cells=2))
    assert verdict.status == "unknown"
    assert "2 cells" in verdict.detail["reason"]
    with pytest.raises(TypeError, match="three values"):
        bool(verdict)


def test_mismatched_functions_are_refused():
    with pytest.raises(ValueError, match="inputs"):
        certified.equivalent(IDENTITY, tp.ReLUNetwork.from_arrays([[[1, 1]]]))
    with pytest.raises(ValueError, match="outputs"):
        certified.equivalent(IDENTITY, tp.ReLUNetwork.from_arrays([[[1], [1]]]))


def test_constant_functions_and_many_irrelevant_inputs():
    zeros = [[0] * 300]
    constant = tp.ReLUNetwork.from_arrays([zeros, [[1]]], [[2], [0]])
    assert certified.equivalent(constant, tp.ReLUNetwork.from_arrays([zeros], [[2]])).status == "proved"
    assert certified.equivalent(constant, tp.ReLUNetwork.from_arrays([zeros], [[1]])).status == "refuted"


def trained() -> tuple[list, list]:
    """Weights and biases of a 2-32-32-1 network trained by torch (tests/reference/train_torch_network.py)."""
    path = Path(__file__).parents[2] / "reference" / "torch_2_32_32_1.json"
    layers = json.loads(path.read_text())["layers"]
    weights = [np.array([[float.fromhex(entry) for entry in row] for row in layer["weight"]]) for layer in layers]
    return weights, [np.array([float.fromhex(entry) for entry in layer["bias"]]) for layer in layers]


def shuffled(weights, biases, seed):
    """Hidden neurons permuted and scaled by powers of two, which is exact in floats."""
    rng = np.random.default_rng(seed)
    weights, biases = list(weights), list(biases)
    for layer in range(len(weights) - 1):
        order, scale = rng.permutation(len(biases[layer])), 2.0 ** rng.integers(-3, 4, len(biases[layer]))
        weights[layer], biases[layer] = scale[:, None] * weights[layer][order], scale * biases[layer][order]
        weights[layer + 1] = weights[layer + 1][:, order] / scale
    return weights, biases


def test_a_trained_network_equals_its_shuffled_copy_and_not_the_rounded_one():
    weights, biases = trained()
    net = tp.ReLUNetwork.from_arrays(weights, biases)
    copied = shuffled(weights, biases, 0)
    assert certified.equivalent(net, tp.ReLUNetwork.from_arrays(*copied)).status == "proved"
    with units_as_they_are():
        verdict = certified.equivalent(net, tp.ReLUNetwork.from_arrays(*copied))
    assert verdict.status == "proved"
    assert verdict.detail["cells"] == tp.polyhedral_complex(net).num_cells
    rounded = tp.ReLUNetwork.from_arrays(*([array.astype(np.float32) for array in arrays] for arrays in copied))
    verdict = certified.equivalent(net, rounded)
    assert verdict.status == "refuted"
    assert net(verdict.witness) != rounded(verdict.witness)


def test_many_inputs_of_low_rank_are_decided_in_the_quotient():
    rng = np.random.default_rng(1)
    first = rng.integers(-3, 4, (12, 3)) @ rng.integers(-2, 3, (3, 784))
    weights = [first.astype(float), rng.integers(-4, 5, (8, 12)) / 8, rng.integers(-4, 5, (1, 8)) / 8]
    biases = [rng.integers(-4, 5, 12) / 8, rng.integers(-4, 5, 8) / 8, np.zeros(1)]
    net = tp.ReLUNetwork.from_arrays(weights, biases)
    assert certified.equivalent(net, tp.ReLUNetwork.from_arrays(*shuffled(weights, biases, 2))).status == "proved"
    weights[0] = first + np.eye(12, 784) * 2.0**-40
    verdict = certified.equivalent(net, tp.ReLUNetwork.from_arrays(weights, biases))
    assert verdict.status == "refuted"
    assert len(verdict.witness) == 784


def test_many_dimensions_are_decided_by_linear_programs():
    where = tp.Box([-1] * 7, [1] * 7)
    rng = np.random.default_rng(3)
    weights = [rng.integers(-4, 5, (7, 7)) / 4, rng.integers(-4, 5, (1, 7)) / 4]
    biases = [rng.integers(-2, 3, 7) / 4, np.zeros(1)]
    net = tp.ReLUNetwork.from_arrays(weights, biases)
    other = tp.ReLUNetwork.from_arrays(*shuffled(weights, biases, 4))
    with units_as_they_are():
        verdict = certified.equivalent(net, other, where)
        assert certified.equivalent(net, other, where, budget=tp.Budget(cells=3)).status == "unknown"
        assert certified.equivalent(net, other).certificate["proof"]["method"] == "replay"
    assert verdict.status == "proved"
    assert verdict.certificate["proof"]["method"] == "tree"
    assert verdict.detail["cells"] == tp.polyhedral_complex(net, where).num_cells
    assert tp.check_certificate(verdict.certificate, net, other)
    weights[1] = weights[1] + 2.0**-50
    larger = tp.ReLUNetwork.from_arrays(weights, biases)
    assert certified.implies_leq(net, larger, where).status == "proved"
    verdict = certified.implies_leq(larger, net, where)
    assert verdict.status == "refuted"
    assert tp.check_certificate(verdict.certificate, larger, net)
