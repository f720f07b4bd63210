"""Gaussian measures against closed forms, total mass 1, and quadrature by scipy."""

import math
from fractions import Fraction

import pytest
from scipy.stats import norm

import tropical as tp
from learning import instances

LINE = tp.ReLUNetwork.from_arrays([[[3, 4], [6, 8]], [[1, 1]]], [[-5, 10], [0]])


def test_strips_in_a_plane_have_closed_forms():
    cells = tp.polyhedral_complex(LINE).cells
    measures = {cell.pattern: tp.gaussian_measure(cell) for cell in cells}
    assert all(isinstance(m, tp.Enclosure) and m.width < Fraction(1, 10**25) for m in measures.values())
    assert float(measures[-1, -1]) == pytest.approx(norm.cdf(-1), abs=1e-14)
    assert float(measures[-1, 1]) == pytest.approx(norm.cdf(1) - norm.cdf(-1), abs=1e-14)
    assert float(measures[1, 1]) == pytest.approx(norm.sf(1), abs=1e-14)


def test_wedges_of_a_hidden_plane_sum_to_one():
    cells = tp.polyhedral_complex(instances.h6(7, seed=3)).cells
    measures = [tp.gaussian_measure(cell) for cell in cells]
    assert sum(m.lower for m in measures) <= 1 <= sum(m.upper for m in measures)
    assert sum(m.width for m in measures) < Fraction(1, 10**25)


def test_a_wedge_of_known_angle():
    net = tp.ReLUNetwork.from_arrays([[[0, 1, 0], [1, -1, 0]], [[1, 1]]])
    measures = {cell.pattern: float(tp.gaussian_measure(cell)) for cell in tp.polyhedral_complex(net).cells}
    assert measures[1, 1] == pytest.approx(1 / 8, abs=1e-15)
    assert measures[1, -1] == pytest.approx(3 / 8, abs=1e-15)


def test_invariant_directions_and_the_whole_space():
    constant = tp.ReLUNetwork.from_arrays([[[0, 0]]], [[1]])
    measure = tp.gaussian_measure(tp.polyhedral_complex(constant).cells[0])
    assert (measure.lower, measure.upper) == (1, 1)


def test_estimates_cover_orthants_and_are_reproducible():
    net = tp.ReLUNetwork.from_arrays([[[1, 0, 0], [0, 2, 0], [0, 1, 3]], [[1, 1, 1]]])
    cell = tp.polyhedral_complex(net).locate([1, 1, 1])
    first, second = (tp.gaussian_measure(cell, samples=20_000, seed=5) for _ in range(2))
    assert first == second
    assert isinstance(first, tp.Estimate)
    truth = (math.pi - math.acos(1 / math.sqrt(10))) / (4 * math.pi)
    assert first.lower <= truth <= first.upper
    assert first.upper - first.lower < 0.02


def test_disagreement_is_measured():
    relu = tp.ReLUNetwork.from_arrays([[[1, 1]], [[1]]])
    zero = tp.ReLUNetwork.from_arrays([[[0, 0]]])
    measure = tp.gaussian_measure(tp.disagreement(relu, zero))
    assert measure.lower <= Fraction(1, 2) <= measure.upper
    assert float(tp.gaussian_measure(tp.disagreement(relu, relu))) == 0
