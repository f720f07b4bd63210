"""First and second Gaussian moments of polyhedra against closed forms, additivity and sampling."""

from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import norm

import tropical as tp

NARROW = Fraction(1, 10**25)
TRIANGLE = ((-1, 2, 1), (3, -1, -1), (2, 0, 1))


def polyhedron(*rows):
    """{x : c + <g, x> >= 0 for every row (c, g)}."""
    return tp.Polyhedron([tp.AffineForm(row[1:], row[0]) for row in rows])


def floats(table):
    return np.array([[float(entry) for entry in row] for row in table])


def standard(moments, dim):
    """Mean and second moment in the standard basis, as floats."""
    axes = np.eye(dim, dtype=int).tolist()
    mean = np.array([float(moments.mean_along(e)) for e in axes])
    return mean, np.array([[float(moments.quadratic(e, f)) for f in axes] for e in axes])


def widths(moments):
    return [e.width for e in (moments.probability, *moments.mean, *(e for row in moments.second for e in row))]


@pytest.mark.parametrize(
    "ends",
    [
        [(-1, 2)],
        [(3, 4)],
        [(0, 1), (-1, 2)],
        [(-1, 1), (-2, 3)],
        [(1, 2), (0, 2), (-1, 3)],
        [(0, 1), (0, 1), (0, 1)],
        [(-1, 1), (2, 3), (-2, 5)],
    ],
)
def test_boxes_have_product_moments(ends):
    lower, upper = (np.array(side, dtype=float) for side in zip(*ends, strict=True))
    mass = norm.cdf(upper) - norm.cdf(lower)
    first = norm.pdf(lower) - norm.pdf(upper)
    squared = mass + lower * norm.pdf(lower) - upper * norm.pdf(upper)
    moments = tp.gaussian_moments(tp.Box(*zip(*ends, strict=True)))
    mean, second = standard(moments, len(ends))
    for i in range(len(ends)):
        others = [j for j in range(len(ends)) if j != i]
        assert mean[i] == pytest.approx(first[i] * mass[others].prod(), abs=1e-14)
        assert second[i, i] == pytest.approx(squared[i] * mass[others].prod(), abs=1e-14)
        for j in others:
            rest = [k for k in others if k != j]
            assert second[i, j] == pytest.approx(first[i] * first[j] * mass[rest].prod(), abs=1e-14)
    assert max(widths(moments)) < NARROW


def test_frames_of_invariant_polyhedra():
    strip = polyhedron((5, 3, 4, 0), (10, -3, -4, 0))  # -1 <= t <= 2 for t = (3 x0 + 4 x1)/5
    moments = tp.gaussian_moments(strip)
    mass = norm.cdf(2) - norm.cdf(-1)
    assert moments.basis in (((3, 4, 0),), ((-3, -4, 0),))
    assert float(moments.mean_along([3, 4, 0])) == pytest.approx(5 * (norm.pdf(1) - norm.pdf(2)), abs=1e-14)
    assert abs(float(moments.mean[0])) == pytest.approx(norm.pdf(1) - norm.pdf(2), abs=1e-14)
    assert float(moments.quadratic([0, 0, 2])) == pytest.approx(4 * mass, abs=1e-14)
    assert moments.quadratic([4, -3, 0], [0, 0, 1]) == moments.mean_along([4, -3, 7]) == tp.Enclosure(0, 0)
    with pytest.raises(ValueError, match="u must have 3 entries, got 2"):
        moments.mean_along([1, 2])


def test_the_whole_space():
    constant = tp.ReLUNetwork.from_arrays([[[0, 0]]], [[1]])
    moments = tp.gaussian_moments(tp.polyhedral_complex(constant).cells[0])
    assert (moments.basis, moments.mean, moments.second) == ((), (), ())
    assert moments.quadratic([3, 4]) == tp.Enclosure(25, 25)


def test_a_disagreement_adds_its_polyhedra():
    absolute = tp.ReLUNetwork.from_arrays([[[1, 0], [-1, 0]], [[1, 1]]], [[-1, -1], [0]])  # (|x| - 1)_+
    moments = tp.gaussian_moments(tp.disagreement(absolute, tp.ReLUNetwork.from_arrays([[[0, 0]]])))
    assert float(moments.probability) == pytest.approx(2 * norm.sf(1), abs=1e-15)
    assert float(moments.second[0][0]) == pytest.approx(2 * norm.sf(1) + 2 * norm.pdf(1), abs=1e-15)
    assert 0 in moments.mean[0]


@pytest.mark.parametrize(
    "rows",
    [
        TRIANGLE,
        ((0, 1, 0), (0, -1, 2)),
        ((2, 1, 1, 0), (-1, 0, 1, 2), (1, 0, -1, 0)),
        ((1, 1, 0, 0), (1, 0, 1, 0), (1, 0, 0, 1), (2, -1, -1, -1), (2, 1, -1, 1)),
        ((0, 1, 1, 1), (0, 1, -1, 0), (0, 0, 1, 2), (0, 2, 0, -1)),
    ],
)
def test_sampling_agrees(rows):
    table = np.array(rows)
    X = np.random.default_rng(0).standard_normal((1_000_000, table.shape[1] - 1))
    inside = (X @ table[:, 1:].T + table[:, 0] >= 0).all(axis=1)
    moments = tp.gaussian_moments(polyhedron(*rows))
    mean, second = standard(moments, X.shape[1])
    filtered = X * inside[:, None]
    assert np.abs(filtered.mean(axis=0) - mean).max() < 5e-3  # five standard errors
    assert np.abs(filtered.T @ X / len(X) - second).max() < 9e-3
    assert max(widths(moments)) < NARROW


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_cells_of_degenerate_networks_add_up_to_the_identity(dim):
    rng = np.random.default_rng(10 + dim)
    first = rng.integers(-2, 3, size=(3, dim)).tolist()
    net = tp.ReLUNetwork.from_arrays([[*first, first[0], [0] * dim], [[1, -1, 2, 1, 1]]], [[1, 0, -1, 1, 0], [0]])
    moments = [tp.gaussian_moments(cell) for cell in tp.polyhedral_complex(net).cells]
    axes = np.eye(dim, dtype=int).tolist()
    for i, e in enumerate(axes):
        along = [m.mean_along(e) for m in moments]
        assert sum(m.lower for m in along) <= 0 <= sum(m.upper for m in along)
        for j, f in enumerate(axes):
            entries = [m.quadratic(e, f) for m in moments]
            assert sum(m.lower for m in entries) <= (i == j) <= sum(m.upper for m in entries)


def test_four_dimensions_are_too_many():
    with pytest.raises(ValueError, match=r"need dimension at most 3 modulo invariance, got one of at least 4"):
        tp.gaussian_moments(tp.Box([-1] * 4, [1] * 4))
