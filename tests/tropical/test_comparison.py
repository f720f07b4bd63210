"""Equality of functions against z3, on pairs equal by construction, and on mutants."""

import random
from dataclasses import replace
from fractions import Fraction

import pytest

import tropical as tp
from oracles.activation_z3 import Case
from oracles.equality_z3 import differing_point, exact_outputs
from oracles.random_cases import random_case

RELU_MINUS_RELU = tp.ReLUNetwork.from_arrays([[[1], [-1]], [[1, -1]]])
IDENTITY = tp.ReLUNetwork.from_arrays([[[1]]])


def network(case: Case) -> tp.ReLUNetwork:
    return tp.ReLUNetwork.from_arrays(case.weights, case.biases, case.slopes)


def domain(case: Case) -> tp.Box | None:
    return None if case.box is None else tp.Box(*case.box)


def rewritten(case: Case, rng: random.Random) -> Case:
    """The same function by other parameters: hidden units permuted and rescaled by positive rationals."""
    weights, biases, slopes = list(case.weights), list(case.biases), list(case.slopes)
    for layer in range(len(slopes)):
        order = rng.sample(range(len(slopes[layer])), len(slopes[layer]))
        scale = [Fraction(rng.randint(1, 9), rng.randint(1, 9)) for _ in order]
        weights[layer] = tuple(tuple(s * q for q in weights[layer][i]) for i, s in zip(order, scale, strict=True))
        biases[layer] = tuple(s * biases[layer][i] for i, s in zip(order, scale, strict=True))
        slopes[layer] = tuple(slopes[layer][i] for i in order)
        weights[layer + 1] = tuple(
            tuple(row[i] / s for i, s in zip(order, scale, strict=True)) for row in weights[layer + 1]
        )
    return replace(case, weights=tuple(weights), biases=tuple(biases), slopes=tuple(slopes))


def mutated(case: Case, rng: random.Random) -> Case:
    """One weight changed by 2^-20 ... 2^-60; the function may or may not change."""
    layer = rng.randrange(len(case.weights))
    rows = [list(row) for row in case.weights[layer]]
    row = rng.randrange(len(rows))
    rows[row][rng.randrange(len(rows[row]))] += Fraction(1, 2 ** rng.randint(20, 60))
    changed = tuple(tuple(row) for row in rows)
    return replace(case, weights=(*case.weights[:layer], changed, *case.weights[layer + 1 :]))


def assert_decided_as_by_z3(seed: int) -> None:
    rng = random.Random(seed)
    case = random_case(seed)
    other = rewritten(case, rng) if seed % 3 else mutated(rewritten(case, rng), rng)
    verdict = tp.equivalent(network(case), network(other), domain(case))
    expected = differing_point(case, other)
    assert verdict.status == ("proved" if expected is None else "refuted"), case.name
    if verdict.status == "refuted":
        assert exact_outputs(case, verdict.witness) != exact_outputs(other, verdict.witness)
        assert domain(case) is None or domain(case).contains(verdict.witness)
        assert verdict.detail["values"] == (exact_outputs(case, verdict.witness), exact_outputs(other, verdict.witness))


@pytest.mark.parametrize("seed", range(60))
def test_agrees_with_z3(seed):
    assert_decided_as_by_z3(seed)


@pytest.mark.exhaustive
@pytest.mark.parametrize("block", range(8))
def test_agrees_with_z3_on_four_hundred_questions(block):
    for seed in range(5000 + 50 * block, 5050 + 50 * block):
        assert_decided_as_by_z3(seed)


def test_identity_of_two_relus():
    verdict = tp.equivalent(RELU_MINUS_RELU, IDENTITY)
    assert verdict.status == "proved"
    assert verdict.detail["cells"] == 2


def test_a_difference_on_a_tiny_cone_is_found_by_subdivision():
    tiny = Fraction(1, 10**9)
    bump = tp.ReLUNetwork.from_arrays(
        [[[1, 0], [-1, tiny]], [[1, 0], [0, 1], [1, -1]], [[1, 0, -1]]]
    )  # min(relu(x), relu(tiny y - x)): positive only for 0 < x < tiny y
    zero = tp.ReLUNetwork.from_arrays([[[0, 0]]])
    verdict = tp.equivalent(bump, zero)
    assert verdict.status == "refuted"
    x, y = verdict.witness
    assert 0 < x < tiny * y
    assert bump([x, y])[0] == min(x, tiny * y - x)


@pytest.mark.parametrize("f_kind", ["network", "lattice"])
@pytest.mark.parametrize("g_kind", ["network", "lattice"])
def test_networks_and_lattice_polynomials_on_either_side(f_kind, g_kind):
    net = tp.ReLUNetwork.from_arrays([[[1, 2], [3, -1], [-1, 1]], [[1, -2, 1]]], [[1, 0, -1], [2]])
    other = tp.ReLUNetwork.from_arrays([[[1, 2], [3, -1], [-1, 1]], [[1, -2, "1048577/1048576"]]], [[1, 0, -1], [2]])
    f = net if f_kind == "network" else tp.to_lattice_polynomial(net)
    same = net if g_kind == "network" else tp.to_lattice_polynomial(net)
    different = other if g_kind == "network" else tp.to_lattice_polynomial(other)
    assert tp.equivalent(f, same).status == "proved"
    verdict = tp.equivalent(f, different)
    assert verdict.status == "refuted"
    assert net(verdict.witness) != other(verdict.witness)
    assert tp.disagreement(f, same).num_cells == 0


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
    assert tp.equivalent(relu, IDENTITY, tp.Box([0], [5])).status == "proved"
    verdict = tp.equivalent(relu, IDENTITY, tp.Box(["-1/1000"], [5]))
    assert verdict.status == "refuted"
    assert Fraction(-1, 1000) <= verdict.witness[0] < 0


def test_an_exhausted_budget_is_unknown():
    net = tp.ReLUNetwork.from_arrays([[[1, 2], [3, -1], [-1, 1]], [[1, -2, 1]]])
    verdict = tp.equivalent(net, net, budget=tp.Budget(cells=2))
    assert verdict.status == "unknown"
    assert "2 cells" in verdict.detail["reason"]
    with pytest.raises(TypeError, match="three values"):
        bool(verdict)


def test_mismatched_functions_are_refused():
    with pytest.raises(ValueError, match="inputs"):
        tp.equivalent(IDENTITY, tp.ReLUNetwork.from_arrays([[[1, 1]]]))
    with pytest.raises(ValueError, match="outputs"):
        tp.equivalent(IDENTITY, tp.ReLUNetwork.from_arrays([[[1], [1]]]))


def test_constant_functions_and_many_irrelevant_inputs():
    zeros = [[0] * 300]
    constant = tp.ReLUNetwork.from_arrays([zeros, [[1]]], [[2], [0]])
    assert tp.equivalent(constant, tp.ReLUNetwork.from_arrays([zeros], [[2]])).status == "proved"
    assert tp.equivalent(constant, tp.ReLUNetwork.from_arrays([zeros], [[1]])).status == "refuted"
