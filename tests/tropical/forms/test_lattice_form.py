"""Lattice forms of networks: equal to the network by exact comparison, with the counts of THEORY L2."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

import tropical as tp
from learning import instances
from oracles import certified
from oracles.activation_z3 import Case
from oracles.random_cases import random_case
from tropical.budget import Meter
from tropical.forms.form_signs import Differences, FormTable
from tropical.forms.lattice_form import lattice_form_of, to_lattice_polynomials
from tropical.functions.affine import form_of_row
from tropical.polyhedra.cones import cut, half_space


def scalar_network(case: Case) -> tp.ReLUNetwork:
    return tp.ReLUNetwork.from_arrays(case.weights, case.biases, case.slopes).output(0)


@pytest.mark.parametrize("seed", [*range(200, 240), 301, 498])  # 203, 301, 498: cells have to be cut
def test_equals_the_network(seed):
    case = random_case(seed)
    net = scalar_network(case)
    box = None if case.box is None else tp.Box(*case.box)
    form = tp.to_lattice_polynomial(net, box)
    assert certified.equivalent(net, form, box).status == "proved"
    cx = tp.polyhedral_complex(net, box)
    assert set(form.pieces) == set(tp.affine_pieces(cx))
    for cell in cx.cells:
        assert form(cell.interior_point) == net(cell.interior_point)[0]


@pytest.mark.parametrize("k", [2, 3, 4, 5])
def test_parity_has_one_clause_for_each_even_sign_pattern(k):
    net = instances.parity(k, k + 2, seed=1)
    form = tp.to_lattice_polynomial(net)
    assert (len(form.pieces), len(form.clauses)) == (2 * k, 2 ** (k - 1))
    cx = tp.polyhedral_complex(net)
    assert len(tp.affine_pieces(cx)) == 2 * k
    assert len(tp.linear_regions(cx)) == k * 2 ** (k - 1)


def test_h4_has_one_clause_for_each_sign_vector():
    net = instances.h4(6, seed=2)
    cx = tp.polyhedral_complex(net)
    assert (cx.num_cells, len(tp.linear_regions(cx)), len(tp.affine_pieces(cx))) == (104, 104, 25)
    form = tp.to_lattice_polynomial(net)
    assert (len(form.pieces), len(form.clauses)) == (25, 16)  # sum_i |z_i| is a maximum over 2^4 signs
    assert certified.equivalent(net, form).status == "proved"


def test_dropping_a_clause_of_an_antichain_with_private_points_is_noticed():
    net = instances.parity(3, 3, seed=0)
    form = tp.to_lattice_polynomial(net)
    smaller = tp.LatticePolynomial(form.pieces, form.clauses[1:])
    assert certified.equivalent(net, smaller).status == "refuted"


@pytest.mark.parametrize(
    "net",
    [instances.parity(3, 4, seed=5), instances.h4(5, seed=1), instances.cancelling(3, seed=2), instances.thin_cone(2)],
    ids=["parity", "h4", "cancelling", "thin cone"],
)
def test_both_forms_are_the_network(net):
    form = tp.to_lattice_polynomial(net)
    minus = tp.LatticePolynomial([-piece for piece in form.pieces], form.dual_clauses)  # -F by the min-max form
    assert certified.equivalent(net, form).status == "proved"
    assert certified.equivalent(negated(net), minus).status == "proved"
    assert certified.equivalent(net, -minus).status == "proved"
    assert certified.equivalent(negated(net), tp.to_lattice_polynomial(negated(net))).status == "proved"


def negated(net):
    weights = [[list(row) for row in layer.weight] for layer in net.layers]
    biases = [list(layer.bias) for layer in net.layers]
    weights[-1] = [[-q for q in row] for row in weights[-1]]
    return tp.ReLUNetwork.from_arrays(weights, [*biases[:-1], [-q for q in biases[-1]]])


def test_outputs_one_by_one():
    weights = [[[1, 2], [-1, 1], [3, -1], [1, 0]], [[1, 1, 0, -2], [0, -1, 1, 1], [2, 2, 0, -4], [0, 0, 0, 0]]]
    net = tp.ReLUNetwork.from_arrays(weights, [[0, 1, -1, 0], [0, 3, 0, 5]])
    seen = []
    forms = to_lattice_polynomials(net, progress=seen.append)
    assert seen == sorted(set(seen))
    assert [str(form) for form in forms[3:]] == ["5"]
    for i, form in enumerate(forms):
        assert form == tp.to_lattice_polynomial(net.output(i)) or i == 3  # that output sees no input: other coordinates
        assert certified.equivalent(net.output(i), form).status == "proved"


@pytest.mark.parametrize("sign", [1, -1])
def test_cells_that_no_hitting_set_covers(sign):
    """F = max(0, min(s + t, s - t)), the half-plane s <= 0 one cell: there neither s + t nor s - t is <= F.

    For -F it is that cell, with a line in it, that has to be cut.
    """
    lower, upper = cut(half_space(2), (0, -1, 0))
    right, left = cut(upper, (0, 0, 1))
    cells = [(lower, (0, 0, 0))]
    for part, row in ((right, (0, 1, -1)), (left, (0, 1, 1))):
        above, below = cut(part, row)
        cells += [(above, row), (below, (0, 0, 0))]
    signed = [(cone, tuple(Fraction(sign * q) for q in row)) for cone, row in cells]
    rows, clauses = lattice_form_of(signed, Meter())
    form = tp.LatticePolynomial([form_of_row(row) for row in rows], clauses)
    zero, plus, minus = (tp.LatticePolynomial.from_form(tp.AffineForm(a)) for a in ((0, 0), (1, 1), (1, -1)))
    expected = zero | (plus & minus)
    assert certified.equivalent(form, expected if sign > 0 else -expected).status == "proved"
    assert len(form.clauses) == 2


@pytest.mark.parametrize(
    ("shape", "seed"),
    [((2, 6, 4, 1), 11618), ((3, 4, 3, 1), 2827), ((2, 5, 3, 1), 4840), ((2, 4, 4, 1), 14831), ((2, 5, 3, 1), 17960)],
)
def test_where_single_forms_do_not_bound_a_cell(shape, seed):
    """Found by search: on some cell F is not above any one form of S_x, on others above forms not needed elsewhere."""
    rng = np.random.default_rng(seed)
    sizes = list(itertools.pairwise(shape))
    weights = [rng.integers(-4, 5, size=(rows, columns)) for columns, rows in sizes]
    net = tp.ReLUNetwork.from_arrays(weights, [rng.integers(-4, 5, size=rows) for _, rows in sizes])
    assert certified.equivalent(net, tp.to_lattice_polynomial(net)).status == "proved"


@pytest.mark.parametrize("scale", [Fraction(1), Fraction(1, 3), Fraction(2) ** -300, Fraction(10) ** 40 / 7])
def test_signs_are_exact_at_any_size(scale):
    rows = [[1, 0, 0], [0, 1, 0], [1, 2, -1], [1, 2, -1 + Fraction(1, 2**80)], [Fraction(1, 3), 5, 2]]
    rows = [tuple(scale * Fraction(q) for q in row) for row in rows]
    vectors = [(1, 1, 0), (1, 0, 1), (1, 2, 5), (2**200 + 1, 2**200 + 1, 0), (0, 1, 3), (3**50, 3**51, 7)]
    base = (scale, Fraction(2**2000), Fraction(-(2**2000)))
    signs = Differences(FormTable(rows), base).signs(vectors)
    within = FormTable(rows).signs(vectors, [1] * len(vectors))
    for v, vector in enumerate(vectors):
        values = [sum(a * b for a, b in zip(row, vector, strict=True)) for row in (*rows, base)]
        assert signs[v].tolist() == [(value > values[-1]) - (value < values[-1]) for value in values[:-1]]
        assert within[v].tolist() == [(value > values[1]) - (value < values[1]) for value in values[:-1]]


def test_constant_and_linear_networks():
    constant = tp.ReLUNetwork.from_arrays([[[0, 0]], [[3]]], [[2], [1]])
    assert str(tp.to_lattice_polynomial(constant)) == "7"
    linear = tp.ReLUNetwork.from_arrays([[[1, 1], [-1, -1]], [[1, -1]]])
    assert str(tp.to_lattice_polynomial(linear)) == "x0 + x1"
    sawtooth = tp.ReLUNetwork.from_arrays([[[1], [1], [1], [1]], [[1, -2, 2, 0]]], [[0, -1, -2, -2], [0]])
    assert certified.equivalent(sawtooth, tp.to_lattice_polynomial(sawtooth)).status == "proved"


def test_refusals():
    two = tp.ReLUNetwork.from_arrays([[[1], [2]]])
    with pytest.raises(ValueError, match="one output"):
        tp.to_lattice_polynomial(two)
    with pytest.raises(tp.BudgetExhausted):
        tp.to_lattice_polynomial(instances.h4(4), budget=tp.Budget(cells=5))
