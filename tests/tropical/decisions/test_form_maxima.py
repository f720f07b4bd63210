"""Extrema of forms by linear programs: against scipy clause by clause, and against the network of the same function."""

import random
from fractions import Fraction

import numpy as np
import pytest
from case_counts import few
from scipy.optimize import linprog

import tropical as tp


def drawn(seed):
    rng = random.Random(seed)
    dim, count = rng.randint(1, 4), rng.randint(1, 6)
    size = rng.choice((1, 9))
    forms = [tp.AffineForm([rng.randint(-size, size) for _ in range(dim)], rng.randint(-3, 3)) for _ in range(count)]
    return rng, tp.Box([-1] * dim, [Fraction(3, 2)] * dim), forms


def greatest(forms, box):
    """max over the box of the minimum of forms, by scipy."""
    rows = np.array([[*(-float(q) for q in f.gradient), 1.0] for f in forms])
    ends = [*zip(map(float, box.lower), map(float, box.upper), strict=True), (None, None)]
    cost = np.r_[np.zeros(box.input_dim), -1.0]
    return -linprog(cost, A_ub=rows, b_ub=[float(f.constant) for f in forms], bounds=ends).fun


@pytest.mark.parametrize("seed", few(range(60), 20))
def test_a_lattice_form_against_scipy_and_against_cutting(seed):
    rng, box, forms = drawn(seed)
    f = tp.LatticePolynomial(forms, [rng.sample(range(len(forms)), rng.randint(1, len(forms))) for _ in range(3)])
    found = tp.maximum(f, box)
    expected = max(greatest([f.pieces[i] for i in clause], box) for clause in f.clauses)
    assert float(found.value) == pytest.approx(expected, abs=1e-7)
    assert f(found.point) == found.value
    assert found == tp.maximum(tp.to_network(f), box)  # and the same point, of several
    assert tp.check_certificate(found.certificate, f)


@pytest.mark.parametrize("seed", few(range(60), 20))
def test_other_forms_against_the_network(seed):
    rng, box, forms = drawn(seed)
    p, q = (
        tp.TropicalPolynomial(forms),
        tp.TropicalPolynomial([rng.choice(forms), tp.AffineForm([0] * box.input_dim, 1)]),
    )
    lowest = tp.LatticePolynomial(forms, [range(len(forms))])
    for f in (p, lowest, tp.TropicalRationalMap([p], [q])):
        for ask in (tp.maximum, tp.minimum):
            assert ask(f, box) == ask(tp.to_network(f), box)


def test_on_all_of_space():
    x, zero = tp.AffineForm([1, 0]), tp.AffineForm([0, 0])
    roof = tp.LatticePolynomial([x, -x, zero], [[0, 1]])  # -|x0|, the same for every x1
    found = tp.maximum(roof)
    assert (found.value, found.point) == (0, (0, 0))
    slope = tp.LatticePolynomial([x, zero], [[0, 1]])  # min(x0, 0)
    assert tp.maximum(slope).value == 0
    assert slope(tp.maximum(slope).point) == 0
    low = tp.minimum(slope)
    assert (low.value, low.ray[0] < 0) == (-float("inf"), True)
    high = tp.maximum(tp.TropicalPolynomial([x, zero]))
    assert (high.value, high.ray[0] > 0) == (float("inf"), True)


def test_the_cases_of_the_field():
    rng = random.Random(0)
    weights = [[[Fraction(rng.randint(-128, 128), 64) for _ in range(4)] for _ in range(6)], [[1, 1, 1, -1, -1, -1]]]
    net = tp.ReLUNetwork.from_arrays(weights)
    box, form = tp.Box([-1] * 4, [1] * 4), tp.to_lattice_polynomial(net, tp.Box([-1] * 4, [1] * 4))
    assert tp.maximum(form, box) == tp.maximum(net, box)


def test_what_a_budget_leaves():
    forms = [tp.AffineForm([sign * k], -k * k) for k in range(-8, 9) for sign in (1, -1)]
    f, box = tp.LatticePolynomial(forms, [[i, i + 1] for i in range(0, 34, 2)]), tp.Box([-20], [20])
    parts = [tp.maximum(f, box, tp.Budget(cells=cells)) for cells in (1, 3, 5)]
    assert [part.complete for part in parts] == [False] * 3
    assert all(f(part.point) == part.lower <= tp.maximum(f, box).value <= part.upper for part in parts)
    assert parts[0].lower <= parts[1].lower <= parts[2].lower
    assert tp.minimum(tp.TropicalPolynomial(forms), box, tp.Budget(cells=1)).complete  # one linear program
