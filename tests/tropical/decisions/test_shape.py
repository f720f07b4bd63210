"""Convexity and monotonicity against the local criterion on facets, brute force and networks made to have them."""

from fractions import Fraction

import pytest
from case_counts import few

import tropical as tp
from oracles import certified
from oracles.activation_z3 import Case, activation_regions
from oracles.built import domain
from oracles.random_cases import random_case

BUMP = tp.ReLUNetwork.from_arrays([[[1], [1], [1]], [[1, -2, 1]]], [[1, 0, -1], [0]])


def network(case: Case) -> tp.ReLUNetwork:
    return tp.ReLUNetwork.from_arrays(case.weights, case.biases, case.slopes).output(0)


def convex_across_facets(net, where, sign):
    """Whether each cell's form lies below the form of each neighbour on that neighbour: local convexity is global."""
    cx = tp.polyhedral_complex(net, where)
    for cells in cx.facet_cells.values():
        if len(cells) == 2:
            forms = [cx.cells[i].affine_map.forms[0] for i in cells]
            beyond = cx.cells[cells[1]].interior_point
            if sign * (forms[1](beyond) - forms[0](beyond)) < 0:
                return False
    return True


def assert_chord_fails(f, verdict, sign):
    (x, y), t = verdict.detail["segment"], verdict.detail["weight"]
    assert 0 < t < 1
    assert verdict.witness == tuple(a + t * (b - a) for a, b in zip(x, y, strict=True))
    on_chord = (1 - t) * f(x)[0] + t * f(y)[0]
    assert sign * (f(verdict.witness)[0] - on_chord) > 0
    assert verdict.detail["values"] == (f(verdict.witness)[0], on_chord)


@pytest.mark.parametrize("seed", range(60))
def test_convexity_is_convexity_across_every_facet(seed):
    case = random_case(seed)
    net, where = network(case), domain(case)
    for decide, sign in ((tp.is_convex, 1), (tp.is_concave, -1)):
        verdict = decide(net, where)
        assert verdict.status == ("proved" if convex_across_facets(net, where, sign) else "refuted")
        if verdict.status == "proved":
            assert tp.check_certificate(verdict.certificate, net)
        if verdict.status == "refuted":
            assert_chord_fails(net, verdict, sign)
            assert where is None or all(where.contains(point) for point in verdict.detail["segment"])


@pytest.mark.parametrize("seed", range(8))
def test_non_negative_combinations_are_convex(seed):
    case = random_case(2 * seed)
    first, last = case.weights[0], tuple(abs(q) for q in case.weights[1][0])
    net = tp.ReLUNetwork.from_arrays([first, [last]], [case.biases[0], [1]])
    assert certified.is_convex(net).status == "proved"
    assert certified.is_concave(net).status == (
        "proved" if len(tp.affine_pieces(tp.polyhedral_complex(net))) == 1 else "refuted"
    )


def test_a_domain_may_hide_the_kink():
    assert certified.is_convex(BUMP).status == "refuted"
    assert certified.is_convex(BUMP, tp.Box([-1], ["-1/2"])).status == "proved"
    assert certified.is_convex(BUMP, tp.Box(["-3/2"], ["-1/2"])).status == "proved"
    assert certified.is_concave(BUMP, tp.Box(["-1/2"], ["1/2"])).status == "proved"


@pytest.mark.parametrize("seed", few(range(40), 24))
def test_monotonicity_against_the_gradients_of_all_cells(seed):
    case = random_case(seed)
    net = tp.ReLUNetwork.from_arrays(case.weights, case.biases, case.slopes)
    maps = [net.affine_map(pattern) for pattern in activation_regions(case)]
    for coordinate in range(net.input_dim):
        for increasing, sign in ((True, 1), (False, -1)):
            verdict = certified.is_monotone(net, coordinate, increasing, domain(case))
            holds = all(sign * form.gradient[coordinate] >= 0 for piece in maps for form in piece.forms)
            assert verdict.status == ("proved" if holds else "refuted")
            if holds:
                assert tp.check_certificate(verdict.certificate, net)
            else:
                x, y = verdict.detail["segment"]
                assert verdict.witness == x
                assert [b - a for a, b in zip(x, y, strict=True)][coordinate] > 0
                assert sum(a != b for a, b in zip(x, y, strict=True)) == 1
                assert any(sign * (b - a) < 0 for a, b in zip(net(x), net(y), strict=True))
                assert domain(case) is None or (domain(case).contains(x) and domain(case).contains(y))


def test_lattice_and_tropical_functions():
    tent = tp.LatticePolynomial([tp.AffineForm([1]), tp.AffineForm([-1])], [[0, 1]])
    assert certified.is_concave(tent).status == "proved"
    assert certified.is_convex(tent).status == "refuted"
    p = tp.TropicalPolynomial([tp.AffineForm([1]), tp.AffineForm([-1]), tp.AffineForm([0], Fraction(1, 3))])
    assert certified.is_convex(p).status == "proved"
    assert certified.is_monotone(p, 0).status == "refuted"


def test_bad_requests_and_budgets():
    with pytest.raises(ValueError, match="coordinate"):
        certified.is_monotone(BUMP, 1)
    with pytest.raises(ValueError, match="one output"):
        certified.is_convex(tp.ReLUNetwork.from_arrays([[[1], [2]]]))
    assert certified.is_convex(BUMP, budget=tp.Budget(cells=1)).status == "unknown"
    assert certified.is_monotone(BUMP, 0, budget=tp.Budget(cells=1)).status == "unknown"


@pytest.mark.parametrize("digits", [40, 4000])
def test_cells_of_extreme_size_are_refuted_at_once(digits):
    """How far a chord stays in a cell is computed, not searched for."""
    tiny = Fraction(1, 10**digits)
    tent = tp.LatticePolynomial(
        [tp.AffineForm([1], 0), tp.AffineForm([0], tiny), tp.AffineForm([-1], 3 * tiny)], [[0, 1, 2]]
    )
    verdict = tp.is_convex(tent)
    (x, y), t = verdict.detail["segment"], verdict.detail["weight"]
    assert verdict.status == "refuted"
    assert 0 < t < 1
    assert verdict.witness == ((1 - t) * x[0] + t * y[0],)
    assert tent(verdict.witness) > (1 - t) * tent(x) + t * tent(y)
    steps = tp.is_monotone(tent, 0)
    (a, b), values = steps.detail["segment"], steps.detail["values"]
    assert a < b
    assert values == ((tent(a),), (tent(b),))
    assert values[0] > values[1]
