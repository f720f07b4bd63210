"""Proof trees: accepted by the checker, in agreement with comparison by cells and with z3, witnesses exact."""

import json
import random

import numpy as np
import pytest
from case_counts import few

import tropical as tp
from oracles.activation_z3 import Case, relu_case
from oracles.built import network
from oracles.equality_z3 import differing_point
from oracles.random_cases import PERIOD, random_case
from oracles.rewritten_cases import mutated, rewritten
from tropical.budget import Budget, BudgetExhausted, Meter
from tropical.proofs import checker
from tropical.proofs.certificate import tree_certificate
from tropical.proofs.proof_trees import equality_tree, order_tree


def box(case: Case):
    return None if case.box is None else tp.Box(*case.box)


def accepted(f, g, domain, proof, equal=True):
    return bool(checker.check(json.loads(json.dumps(tree_certificate(f, g, domain, proof.nodes, equal)))))


def inside(domain, point):
    return domain is None or domain.contains(point)


def tree_decides(seed):
    case = random_case(seed)
    rng = random.Random(seed)
    f, domain = network(case), box(case)
    same = network(rewritten(case, rng))
    proof = equality_tree(f, same, domain, Meter())
    assert proof.witness is None
    assert accepted(f, same, domain, proof)
    assert accepted(f, same, domain, order_tree(f, same, domain, Meter()), equal=False)
    changed = mutated(case, rng)
    other = network(changed)
    proof = equality_tree(f, other, domain, Meter())
    assert (proof.nodes is None) == (differing_point(case, changed) is not None)
    if proof.nodes is None:
        assert inside(domain, proof.witness)
        assert f(proof.witness) != other(proof.witness)
    else:
        assert accepted(f, other, domain, proof)
    for lower, upper in ((f, other), (other, f)):
        proof = order_tree(lower, upper, domain, Meter())
        if proof.nodes is None:
            assert inside(domain, proof.witness)
            assert any(a > b for a, b in zip(lower(proof.witness), upper(proof.witness), strict=True))
        else:
            assert accepted(lower, upper, domain, proof, equal=False)


@pytest.mark.parametrize("seed", few(range(100, 116), 10))
def test_random_and_degenerate_pairs(seed):
    tree_decides(seed)


@pytest.mark.exhaustive
def test_many_pairs():
    for seed in range(2 * PERIOD):
        tree_decides(seed)


def test_where_faces_are_too_many_to_list():
    rng = np.random.default_rng(0)
    weights = [rng.integers(-4, 5, (5, 9)), rng.integers(-4, 5, (2, 5)), rng.integers(-4, 5, (1, 2))]
    biases = [rng.integers(-4, 5, 5), rng.integers(-4, 5, 2), [0]]
    f = tp.ReLUNetwork.from_arrays(weights, biases)
    order = rng.permutation(5)
    shuffled = [weights[0][order] * 2, weights[1][:, order] / 2, weights[2]]
    g = tp.ReLUNetwork.from_arrays(shuffled, [biases[0][order] * 2, *biases[1:]])
    domain = tp.Box([-1] * 9, [1] * 9)
    for where in (None, domain):
        assert accepted(f, g, where, equality_tree(f, g, where, Meter()))
    shuffled[2] = shuffled[2] + 2.0**-30
    different = tp.ReLUNetwork.from_arrays(shuffled, [biases[0][order] * 2, *biases[1:]])
    witness = equality_tree(f, different, domain, Meter()).witness
    assert f(witness) != different(witness)
    assert domain.contains(witness)


def test_inputs_of_low_rank_are_dropped():
    rng = np.random.default_rng(1)
    first = rng.integers(-2, 3, (4, 2)) @ rng.integers(-2, 3, (2, 300))
    f = tp.ReLUNetwork.from_arrays([first, [[1, 2, -1, 3]]], [[1, 0, -1, 2], [0]])
    g = tp.ReLUNetwork.from_arrays([first[::-1], [[3, -1, 2, 1]]], [[2, -1, 0, 1], [0]])
    assert accepted(f, g, None, equality_tree(f, g, None, Meter()))
    other = tp.ReLUNetwork.from_arrays([first[::-1], [[3, -1, 2, 0]]], [[2, -1, 0, 1], [0]])
    witness = equality_tree(f, other, None, Meter()).witness
    assert len(witness) == 300
    assert f(witness) != other(witness)


def test_constants_and_affine_maps_have_one_leaf():
    constant = tp.ReLUNetwork.from_arrays([[[0, 0]], [[5]]], [["-1/2"], [3]])
    three = tp.ReLUNetwork.from_arrays([[[0, 0]]], [[3]])
    for f, g in ((constant, three), (three, constant)):
        assert accepted(f, g, None, equality_tree(f, g, None, Meter()))
        assert accepted(f, g, None, order_tree(f, g, None, Meter()), equal=False)
    assert equality_tree(three, three, None, Meter()).nodes == [["leaf", None]]
    four = tp.ReLUNetwork.from_arrays([[[0, 0]]], [[4]])
    assert accepted(three, four, None, order_tree(three, four, None, Meter()), equal=False)
    assert order_tree(four, three, None, Meter()).witness == (0, 0)


def test_order_needs_the_domain():
    relu, line = network(relu_case([[[1]], [[1]]])), tp.ReLUNetwork.from_arrays([[[1]]])
    positive = tp.Polyhedron([tp.AffineForm([1])])
    assert accepted(relu, line, positive, order_tree(relu, line, positive, Meter()), equal=False)
    assert order_tree(relu, line, None, Meter()).witness[0] < 0
    assert accepted(line, relu, None, order_tree(line, relu, None, Meter()), equal=False)


def test_budgets_and_mismatches():
    f = network(relu_case([[[1, 0], [0, 1], [1, 1]], [[1, 1, 1]]]))
    with pytest.raises(BudgetExhausted):
        equality_tree(f, f, None, Meter(Budget(cells=3)))
    with pytest.raises(ValueError, match="2 -> 1 and 1 -> 1"):
        equality_tree(f, network(relu_case([[[1]], [[1]]])), None, Meter())
    with pytest.raises(ValueError, match=r"domain lives on R\^1"):
        equality_tree(f, f, tp.Box([0], [1]), Meter())
