"""Gaussian measures against closed forms, scipy, quadrature, additivity, and sampling."""

import itertools
import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import tplquad
from scipy.special import owens_t
from scipy.stats import beta, multivariate_normal, norm

import tropical as tp
from learning import instances

LINE = tp.ReLUNetwork.from_arrays([[[3, 4], [6, 8]], [[1, 1]]], [[-5, 10], [0]])
NARROW = Fraction(1, 10**25)


def polyhedron(*rows):
    """{x : c + <g, x> >= 0 for every row (c, g)}."""
    return tp.Polyhedron([tp.AffineForm(row[1:], row[0]) for row in rows])


def overlap(*enclosures):
    """Whether the first enclosure meets the sum of the others."""
    first, *rest = enclosures
    return first.lower <= sum(e.upper for e in rest) and sum(e.lower for e in rest) <= first.upper


def test_strips_in_a_plane_have_closed_forms():
    cells = tp.polyhedral_complex(LINE).cells
    measures = {cell.pattern: tp.gaussian_measure(cell) for cell in cells}
    assert all(isinstance(m, tp.Enclosure) and m.width < NARROW for m in measures.values())
    assert float(measures[-1, -1]) == pytest.approx(norm.cdf(-1), abs=1e-14)
    assert float(measures[-1, 1]) == pytest.approx(norm.cdf(1) - norm.cdf(-1), abs=1e-14)
    assert float(measures[1, 1]) == pytest.approx(norm.sf(1), abs=1e-14)


def test_wedges_of_a_hidden_plane_sum_to_one():
    cells = tp.polyhedral_complex(instances.h6(7, seed=3)).cells
    measures = [tp.gaussian_measure(cell) for cell in cells]
    assert sum(m.lower for m in measures) <= 1 <= sum(m.upper for m in measures)
    assert sum(m.width for m in measures) < NARROW


def test_a_wedge_of_known_angle():
    net = tp.ReLUNetwork.from_arrays([[[0, 1, 0], [1, -1, 0]], [[1, 1]]])
    measures = {cell.pattern: float(tp.gaussian_measure(cell)) for cell in tp.polyhedral_complex(net).cells}
    assert measures[1, 1] == pytest.approx(1 / 8, abs=1e-15)
    assert measures[1, -1] == pytest.approx(3 / 8, abs=1e-15)


def test_invariant_directions_and_the_whole_space():
    constant = tp.ReLUNetwork.from_arrays([[[0, 0]]], [[1]])
    measure = tp.gaussian_measure(tp.polyhedral_complex(constant).cells[0])
    assert (measure.lower, measure.upper) == (1, 1)
    assert tp.gaussian_measure(polyhedron((0, 3, -7, 2, 0, 1))) == tp.Enclosure(Fraction(1, 2), Fraction(1, 2))


def test_estimates_cover_orthants_and_are_reproducible():
    net = tp.ReLUNetwork.from_arrays([[[1, 0, 0, 0], [0, 2, 0, 0], [0, 1, 3, 0], [0, 0, 0, 1]], [[1, 1, 1, 1]]])
    cell = tp.polyhedral_complex(net).locate([1, 1, 1, 1])
    first, second = (tp.gaussian_measure(cell, samples=20_000, seed=5) for _ in range(2))
    assert first == second
    assert isinstance(first, tp.Estimate)
    truth = (math.pi - math.acos(1 / math.sqrt(10))) / (8 * math.pi)
    assert first.lower <= truth <= first.upper
    assert first.upper - first.lower < 0.02
    box = tp.gaussian_measure(tp.Box([-1] * 4, [1] * 4))
    assert isinstance(box, tp.Estimate)
    assert box.lower <= (1 - 2 * norm.sf(1)) ** 4 <= box.upper


def test_disagreement_is_measured():
    relu = tp.ReLUNetwork.from_arrays([[[1, 1]], [[1]]])
    zero = tp.ReLUNetwork.from_arrays([[[0, 0]]])
    measure = tp.gaussian_measure(tp.disagreement(relu, zero))
    assert measure.lower <= Fraction(1, 2) <= measure.upper
    assert float(tp.gaussian_measure(tp.disagreement(relu, relu))) == 0


@pytest.mark.parametrize("h", [Fraction(1, 100), Fraction(1, 2), Fraction(2), Fraction(6)])
@pytest.mark.parametrize("a", [Fraction(1, 1000), Fraction(3, 4), Fraction(1), Fraction(5, 2), Fraction(400)])
def test_owens_function(h, a):
    wedge = polyhedron((-h, 1, 0), (0, 0, 1), (0, a, -1))  # x > h, 0 < y < a x
    assert tp.gaussian_measure(wedge).width < NARROW
    assert float(tp.gaussian_measure(wedge)) == pytest.approx(owens_t(float(h), float(a)), abs=1e-15, rel=1e-12)


@pytest.mark.parametrize(
    "ends",
    [
        [(-1, 2)],
        [(5, 6), (-7, -5)],
        [(-1, 1), (-2, 3)],
        [(0, 1), (0, 2)],
        [(0, 1), (-1, 1)],
        [(-1, 1), (-2, 3), (-3, Fraction(1, 2))],
        [(0, 1), (0, 2), (0, 3)],
        [(0, 1), (0, 2), (-1, 3)],
        [(0, 1), (-1, 2), (-1, 3)],
        [(2, 3), (1, 2), (-4, -3)],
        [(2, 3), (0, 2), (-4, 0)],
        [(-20, 30), (-100, 10**6), (-1, 1)],
        [(40, 41), (-1, 1), (-2, 3)],
    ],
)
def test_boxes_are_products(ends):
    lower, upper = zip(*ends, strict=True)
    measure = tp.gaussian_measure(tp.Box(lower, upper))
    truth = 1.0
    for a, b in ends:
        near, far = sorted((abs(float(a)), abs(float(b))))
        truth *= norm.sf(near) - norm.sf(far) if a * b > 0 else 1 - norm.sf(near) - norm.sf(far)
    assert measure.width < NARROW
    assert float(measure) == pytest.approx(truth, abs=1e-15)


def test_a_turned_box_has_the_measure_of_the_straight_one():
    rows = [(1, 2, 2), (2, 1, -2), (2, -2, 1)]  # orthogonal, of length 3
    turned = polyhedron(*[(3 * i + 3, *row) for i, row in enumerate(rows)], *[(9, *(-q for q in row)) for row in rows])
    assert overlap(tp.gaussian_measure(turned), tp.gaussian_measure(tp.Box([-1, -2, -3], [3, 3, 3])))


def test_unbounded_polyhedra_in_space_agree_with_scipy():
    gradients = np.array([[1, 0, 0], [1, 2, 0], [1, -1, 2]])
    for constants in ([1, -1, 2], [0, 1, 1], [-1, 0, 0], [2, 2, 1]):
        cone = polyhedron(*[(c, *g) for c, g in zip(constants, gradients.tolist(), strict=True)])
        law = multivariate_normal(cov=gradients @ gradients.T, abseps=1e-8, releps=1e-8, maxpts=10**5)
        assert float(tp.gaussian_measure(cone)) == pytest.approx(law.cdf(constants), abs=1e-5)
        assert tp.gaussian_measure(cone).width < NARROW


def test_a_small_simplex_agrees_with_quadrature():
    simplex = polyhedron((-1, 1, 0, 0), (-1, 0, 1, 0), (1, 0, 0, 1), (2, -1, -1, -1))

    def density(z, y, x):
        return math.exp(-(x * x + y * y + z * z) / 2) / (2 * math.pi) ** 1.5

    truth, _ = tplquad(density, 1, 2, 1, lambda x: 3 - x, -1, lambda x, y: 2 - x - y, epsabs=1e-11)
    assert float(tp.gaussian_measure(simplex)) == pytest.approx(truth, abs=1e-10)


def test_solid_angles():
    for axis, sign in itertools.product(range(3), (1, -1)):  # the pyramids over the faces of a cube
        others = [i for i in range(3) if i != axis]
        rows = [[sign * (i == axis) + other * (i == j) for i in range(3)] for j in others for other in (1, -1)]
        measure = tp.gaussian_measure(polyhedron(*[(0, *row) for row in rows]))
        assert Fraction(1, 6) in measure
        assert measure.width < NARROW
    rays = np.array([[3, 1, 0], [0, 2, 1], [1, 0, 4]])
    inward = np.round(np.linalg.inv(rays.astype(float)) * np.linalg.det(rays)).astype(int).T
    lengths = np.linalg.norm(rays, axis=1)
    bottom = lengths.prod() + sum(rays[i] @ rays[j] * lengths[3 - i - j] for i, j in ((0, 1), (0, 2), (1, 2)))
    angle = 2 * math.atan2(np.linalg.det(rays), bottom)  # Van Oosterom and Strackee 1983
    cone = polyhedron(*[(0, *row) for row in inward.tolist()])
    assert float(tp.gaussian_measure(cone)) == pytest.approx(angle / (4 * math.pi), abs=1e-14)


def _row(dim):
    return st.tuples(st.integers(-2, 2), *[st.integers(-3, 3)] * dim).filter(lambda row: any(row[1:]))


def _attempt(rows):
    """The polyhedron, or None where the rows leave no interior."""
    try:
        return polyhedron(*rows)
    except ValueError:
        return None


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3).flatmap(lambda dim: st.tuples(st.lists(_row(dim), min_size=1, max_size=5), _row(dim))))
def test_measure_is_additive(case):
    rows, cut = case
    opposite = tuple(-q for q in cut)
    whole, right, left = _attempt(rows), _attempt([*rows, cut]), _attempt([*rows, opposite])
    parts = [tp.gaussian_measure(p) for p in (right, left) if p is not None]
    if whole is None:
        assert not parts
    else:
        assert overlap(tp.gaussian_measure(whole), *parts)
        assert all(part.width < NARROW for part in parts)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_cells_of_biased_degenerate_networks_sum_to_one(dim):
    rng = np.random.default_rng(dim)
    first = rng.integers(-2, 3, size=(4, dim)).tolist()
    weights = [[*first, first[0], [0] * dim], rng.integers(-2, 3, size=(2, 6)).tolist(), [[1, 1]]]
    net = tp.ReLUNetwork.from_arrays(weights, [rng.integers(-1, 2, size=6).tolist(), [1, 0], [0]])
    measures = [tp.gaussian_measure(cell) for cell in tp.polyhedral_complex(net).cells]
    assert overlap(tp.Enclosure(Fraction(1), Fraction(1)), *measures)
    assert sum(m.width for m in measures) < NARROW


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(4))
def test_a_hundred_biased_cells_in_space_sum_to_one(seed):
    net = instances.random_network(3, (5, 4), 3, seed)
    rng = np.random.default_rng(seed)
    biases = [rng.integers(-3, 4, size=width).tolist() for width in (5, 4, 1)]
    biased = tp.ReLUNetwork.from_arrays([layer.weight for layer in net.layers], biases)
    measures = [tp.gaussian_measure(cell) for cell in tp.polyhedral_complex(biased).cells]
    assert overlap(tp.Enclosure(Fraction(1), Fraction(1)), *measures)
    assert sum(m.width for m in measures) < NARROW


def test_a_complex_on_a_box_sums_to_the_box():
    net = tp.ReLUNetwork.from_arrays([[[1, 1, 1], [1, -2, 0], [0, 1, 3]], [[1, 1, 1]]], [[0, 1, -1], [0]])
    box = tp.Box([-1, 0, -2], [2, 1, 1])
    measures = [tp.gaussian_measure(cell) for cell in tp.polyhedral_complex(net, box).cells]
    assert overlap(tp.gaussian_measure(box), *measures)


def test_sampling_agrees():
    X = np.random.default_rng(0).standard_normal((1_000_000, 3))
    rng = np.random.default_rng(1)
    for _ in range(4):
        rows = [(int(rng.integers(1, 4)), *rng.integers(-3, 4, size=3).tolist()) for _ in range(6)]
        table = np.array(rows)
        hits = int((X @ table[:, 1:].T + table[:, 0] >= 0).all(axis=1).sum())
        measure = float(tp.gaussian_measure(polyhedron(*rows)))
        assert beta.ppf(1e-6, hits, 1_000_001 - hits) < measure < beta.ppf(1 - 1e-6, hits + 1, 1_000_000 - hits)


def test_precision():
    wedge = polyhedron((-1, 1, 0), (-1, 1, 1))
    coarse, fine = tp.gaussian_measure(wedge, bits=48), tp.gaussian_measure(wedge, bits=256)
    assert coarse.lower <= fine.lower <= fine.upper <= coarse.upper
    assert fine.width < Fraction(1, 10**60) < coarse.width < Fraction(1, 10**9)
    with pytest.raises(ValueError, match="bits, the working precision, must be at least 32, got 8"):
        tp.gaussian_measure(wedge, bits=8)


@pytest.mark.parametrize("far", [40, 300, 10**4, 10**6, 10**50])
def test_far_regions(far):
    """The first binary digit of exp(-far^2/2) is about the far^2-th: ends of enclosures are multiples of 2^-131072."""
    tail = tp.gaussian_measure(polyhedron((-far, 1)))
    with mpmath.workdps(60):
        lower, upper = (mpmath.mpf(end.numerator) / end.denominator for end in (tail.lower, tail.upper))
        expected = mpmath.erfc(far / mpmath.sqrt(2)) / 2
        assert lower <= expected * (1 + mpmath.mpf(10) ** -50)
        assert (
            expected * (1 - mpmath.mpf(10) ** -50)
            <= upper
            <= expected * (1 + mpmath.mpf(10) ** -20) + mpmath.mpf(2) ** -131000
        )
    half = tp.Enclosure(Fraction(1, 2), Fraction(1, 2))
    for region in (tp.Box([0], [far]), tp.Box([-far, -far], [0, far]), tp.Box([0, -far, -far], [far, far, far])):
        for found in (tp.gaussian_measure(region), tp.gaussian_moments(region).probability):
            assert overlap(half, found, *[tp.Enclosure(Fraction(0), tail.upper)] * 6)
            assert found.width < NARROW
    line, relu = tp.ReLUNetwork.from_arrays([[[1]]]), tp.ReLUNetwork.from_arrays([[[1]], [[1]]], [[-far], [0]])
    assert overlap(tp.filtered_moments(line, threshold=far).probability, tail, tail)
    assert -NARROW < tp.gaussian_mean(relu).lower <= tp.gaussian_mean(relu).upper < NARROW
