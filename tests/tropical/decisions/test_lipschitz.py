"""Lipschitz constants against closed forms, NumPy and brute force over all activation patterns."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from case_counts import few

import tropical as tp
from oracles.activation_z3 import activation_regions
from oracles.random_cases import random_case
from tropical.decisions.lipschitz import lipschitz_constant

HADAMARD = [[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]
AXES = [[int(i == j) for j in range(4)] for i in range(4)]


def absolute_values(terms):
    """Network of sum_i a_i |<u_i, z>|."""
    first = [[sign * q for q in u] for _, u in terms for sign in (1, -1)]
    return tp.ReLUNetwork.from_arrays([first, [[a for a, _ in terms for _ in range(2)]]])


H4 = absolute_values([(1, u) for u in AXES] + [("-1/2", u) for u in HADAMARD])
PARITY = tp.ReLUNetwork.from_arrays([[[1, 1], [-1, -1], [1, -1], [-1, 1]], [["1/2", "1/2", "-1/2", "-1/2"]]])
LINE = tp.ReLUNetwork.from_arrays([[[1], [-1]], [[3, 5]]], [[1, -2], [7]])


@pytest.mark.parametrize(
    ("net", "squared"),
    [
        (H4, 4),
        (PARITY, 1),
        (LINE, 25),
        (tp.ReLUNetwork.from_arrays([[[3, 4]]]), 25),
        (tp.ReLUNetwork.from_arrays([[[0, 0]], [[1]]], [[1], [0]]), 0),
    ],
)
def test_closed_forms(net, squared):
    constant = lipschitz_constant(net)
    assert constant.squared == squared
    assert constant.value == math.isqrt(squared)
    assert sum(q * q for q in constant.gradient) == squared


def test_six_times_a_relu_beside_h4():
    """The sequential instance: gradients of the two summands are orthogonal."""
    first = [[1, 0, 0, 0, 0], *[[0, *map(Fraction, row)] for row in H4.layers[0].weight]]
    net = tp.ReLUNetwork.from_arrays([first, [[6, *H4.layers[1].weight[0]]]])
    assert lipschitz_constant(net).squared == 36 + 4


@pytest.mark.parametrize("seed", range(24))
def test_equals_brute_force_over_all_patterns(seed):
    case = random_case(seed)
    net = tp.ReLUNetwork.from_arrays(case.weights, case.biases, case.slopes).output(0)
    domain = None if case.box is None else tp.Box(*case.box)
    gradients = [net.affine_map(pattern).forms[0].gradient for pattern in activation_regions(case)]
    cx = tp.polyhedral_complex(net, domain)
    dual = {
        1: lambda g: max(map(abs, g)) ** 2,
        2: lambda g: sum(q * q for q in g),
        "inf": lambda g: sum(map(abs, g)) ** 2,
    }
    for norm, size in dual.items():
        constant = lipschitz_constant(cx, norm=norm)
        assert constant.squared == max(map(size, gradients))
        cell = cx.cells[constant.region.cells[0]]
        assert cell.affine_map.forms[0].gradient == constant.gradient


def test_an_irrational_constant_is_enclosed_tightly():
    for scale in (1, Fraction(1, 10**30), 10**30):
        value = lipschitz_constant(tp.ReLUNetwork.from_arrays([[[scale, scale]]])).value
        assert isinstance(value, tp.Enclosure)
        assert value.lower**2 < 2 * scale**2 < value.upper**2
        assert value.width * 2**60 < value.lower


def test_bad_requests():
    with pytest.raises(ValueError, match="norm must be 1, 2 or inf"):
        lipschitz_constant(LINE, norm=3)
    with pytest.raises(ValueError, match="own domain"):
        lipschitz_constant(tp.polyhedral_complex(LINE), domain=tp.Box([0], [1]))
    with pytest.raises(ValueError, match="2 outputs"):
        _ = lipschitz_constant(tp.ReLUNetwork.from_arrays([[[1], [2]]])).gradient
    partial = tp.polyhedral_complex(H4, budget=tp.Budget(cells=2))
    with pytest.raises(ValueError, match="complete"):
        lipschitz_constant(partial)


@pytest.mark.parametrize("seed", range(12))
def test_several_outputs_against_numpy(seed):
    rng = np.random.default_rng(seed)
    sizes = [int(rng.integers(1, 4)), int(rng.integers(1, 6)), int(rng.integers(2, 4))]
    weights = [rng.integers(-4, 5, (m, n)).tolist() for n, m in itertools.pairwise(sizes)]
    net = tp.ReLUNetwork.from_arrays(weights, [rng.integers(-2, 3, m).tolist() for m in sizes[1:]])
    jacobians = [
        np.array([form.gradient for form in piece.forms], float)
        for piece in tp.affine_pieces(tp.polyhedral_complex(net))
    ]
    for norm in (1, 2, np.inf):
        found = lipschitz_constant(net, norm)
        assert float(found) == pytest.approx(max(np.linalg.norm(jacobian, norm) for jacobian in jacobians), abs=1e-9)
        assert norm == 2 or isinstance(found.value, Fraction)


def test_an_eigenvalue_is_enclosed():
    found = lipschitz_constant(tp.ReLUNetwork.from_arrays([[[1, 1], [0, 1]]]))
    assert isinstance(found.squared, tp.Enclosure)
    assert all(q**2 - 3 * q + 1 < 0 for q in [found.squared.lower])
    assert found.squared.upper**2 - 3 * found.squared.upper + 1 >= 0
    assert found.squared.width * 2**60 < found.squared.lower


def test_a_domain_leaves_pieces_out():
    assert lipschitz_constant(LINE, domain=tp.Box([0], [5])).value == 3
    assert lipschitz_constant(LINE, domain=tp.Box([-3], [5])).value == 5


@pytest.mark.parametrize("norm", [1, 2, "inf"])
@pytest.mark.parametrize("seed", few(range(12), 6))
def test_what_a_budget_leaves_encloses_the_constant(seed, norm):
    case = random_case(seed)
    net = tp.ReLUNetwork.from_arrays(case.weights, case.biases, case.slopes)
    domain = None if case.box is None else tp.Box(*case.box)
    cx = tp.polyhedral_complex(net, domain)
    whole, before = lipschitz_constant(net, norm, domain), Fraction(0)
    assert whole.complete
    assert whole == lipschitz_constant(cx, norm) == lipschitz_constant(net, norm, domain, tp.Budget(cells=cx.num_cells))
    for cells in range(1, cx.num_cells, 3):
        budget = tp.Budget(cells=cells)
        part = lipschitz_constant(net, norm, domain, budget)
        assert not part.complete
        assert before <= part.lower <= whole.upper
        assert whole.lower <= part.upper
        assert part.incomplete_because == f"budget of {cells} cells exhausted"
        assert not lipschitz_constant(cx, norm, budget=budget).complete
        for name in ("value", "squared", "region", "gradient"):
            with pytest.raises(ValueError, match=f"only known to lie between .*budget of {cells} cells"):
                getattr(part, name)
        before = part.lower


def test_the_bound_by_layers_is_attained_by_one_row_each():
    part = lipschitz_constant(tp.ReLUNetwork.from_arrays([[[3, 4]], [[-2]]]), budget=tp.Budget(seconds=1e-9))
    assert (part.complete, part.upper) == (False, 10)


def test_lattice_polynomials_have_the_constant_of_their_network():
    assert lipschitz_constant(tp.to_lattice_polynomial(PARITY)).squared == 1
