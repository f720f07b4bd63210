"""Lattice forms of networks: equal to the network by exact comparison, with the counts of THEORY L2."""

import pytest

import tropical as tp
from learning import instances
from oracles.activation_z3 import Case
from oracles.random_cases import random_case
from tropical.activation_cones import activation_cones, coordinates, split
from tropical.affine import form_of_row
from tropical.budget import Meter
from tropical.rationals import from_flint, primitive


def scalar_network(case: Case) -> tp.ReLUNetwork:
    return tp.ReLUNetwork.from_arrays(case.weights, case.biases, case.slopes).output(0)


@pytest.mark.parametrize("seed", range(200, 240))
def test_equals_the_network(seed):
    case = random_case(seed)
    net = scalar_network(case)
    box = None if case.box is None else tp.Box(*case.box)
    form = tp.to_lattice_polynomial(net, box)
    assert tp.equivalent(net, form, box).status == "proved"
    cx = tp.polyhedral_complex(net, box)
    assert set(form.pieces) == set(tp.affine_pieces(cx))
    for cell in cx.cells:
        assert form(cell.interior_point) == net(cell.interior_point)[0]


@pytest.mark.parametrize("k", [2, 3, 4])
def test_parity_has_one_clause_for_each_even_sign_pattern(k):
    net = instances.parity(k, k + 2, seed=1)
    form = tp.to_lattice_polynomial(net)
    assert (len(form.pieces), len(form.clauses)) == (2 * k, 2 ** (k - 1))
    cx = tp.polyhedral_complex(net)
    assert len(tp.affine_pieces(cx)) == 2 * k
    assert len(tp.linear_regions(cx)) == k * 2 ** (k - 1)


def sets_above_f(net):
    """S_x of THEORY L1 for one interior point x of every cell of the arrangement {l_i = F}, and the pieces' rows."""
    quotient, start = coordinates(net.layers[0].weight, net.input_dim, None)
    cells = activation_cones(quotient.descend_network(net), start, Meter())
    parts = [(cell.cone, from_flint(cell.rows)[0]) for cell in cells]
    rows = list(dict.fromkeys(row for _, row in parts))
    found = set()
    for cone, own in parts:
        differences = [primitive([a - b for a, b in zip(row, own, strict=True)]) for row in rows]
        found |= {frozenset(i for i, sign in enumerate(signs) if sign >= 0) for signs, _ in split(cone, differences)}
    return found, [quotient.pull_back(form_of_row(row)) for row in rows]


def test_h4_has_seventy_two_minimal_sets():
    net = instances.h4(6, seed=2)
    cx = tp.polyhedral_complex(net)
    assert (cx.num_cells, len(tp.linear_regions(cx)), len(tp.affine_pieces(cx))) == (104, 104, 25)
    sets, pieces = sets_above_f(net)
    literal = tp.LatticePolynomial(pieces, sets)
    assert (len(literal.pieces), len(literal.clauses)) == (25, 72)
    assert tp.equivalent(net, literal).status == "proved"
    form = tp.to_lattice_polynomial(net)
    assert (len(form.pieces), len(form.clauses)) == (25, 16)  # one for each sign vector of sum_i |z_i|
    assert tp.equivalent(net, form).status == "proved"


def test_dropping_a_clause_of_an_antichain_with_private_points_is_noticed():
    net = instances.parity(3, 3, seed=0)
    form = tp.to_lattice_polynomial(net)
    smaller = tp.LatticePolynomial(form.pieces, form.clauses[1:])
    assert tp.equivalent(net, smaller).status == "refuted"


def test_constant_and_linear_networks():
    constant = tp.ReLUNetwork.from_arrays([[[0, 0]], [[3]]], [[2], [1]])
    assert str(tp.to_lattice_polynomial(constant)) == "max(min(7))"
    linear = tp.ReLUNetwork.from_arrays([[[1, 1], [-1, -1]], [[1, -1]]])
    assert str(tp.to_lattice_polynomial(linear)) == "max(min(x0 + x1))"


def test_refusals():
    two = tp.ReLUNetwork.from_arrays([[[1], [2]]])
    with pytest.raises(ValueError, match="one output"):
        tp.to_lattice_polynomial(two)
    with pytest.raises(tp.BudgetExhausted):
        tp.to_lattice_polynomial(instances.h4(4), budget=tp.Budget(cells=5))
