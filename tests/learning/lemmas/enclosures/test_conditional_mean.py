"""Filtering about E[y | Π_W x] against closed forms, quadrature and samples."""

import math
from fractions import Fraction

import numpy as np
import pytest

from learning.instances import cancelling, h6, parity, random_network
from learning.lemmas.enclosures.conditional_mean import MeanFilter, PlaneAlong, filter_about_mean
from learning.lemmas.framework.subject import Subject
from learning.lemmas.rational_subspaces import complement
from tropical import Budget, BudgetExhausted, Enclosure, ReLUNetwork

ONE, ZERO = Fraction(1), Fraction(0)
BUMP = ReLUNetwork.from_arrays([[[1], [1], [1]], [[1, -2, 1]]], [[1, 0, -1], [0]])


def tail(t: float) -> float:
    """Pr[|z| > t]."""
    return math.erfc(t / math.sqrt(2))


def density(t: float) -> float:
    return math.exp(-t * t / 2) / math.sqrt(2 * math.pi)


def assert_close(found: Enclosure, expected: float, tolerance: float = 1e-12) -> None:
    assert found.lower - Fraction(tolerance) <= Fraction(expected) <= found.upper + Fraction(tolerance)
    assert found.width < Fraction(1, 10**10)


def biased(seed: int) -> ReLUNetwork:
    """A network with biases on the plane: a duplicate, a dead unit, a linear one, and one parallel to an axis."""
    rng = np.random.default_rng(seed)
    weight, bias = rng.integers(-6, 7, (4, 2)).tolist(), rng.integers(-6, 7, 4).tolist()
    rows = [[1, 0], weight[0], *weight, [0, 0], [2, 1]]
    slopes = [[(0, 1)] * 7 + [(1, 1)]]
    last = rng.choice([-3, -2, -1, 1, 2, 3], (1, 8)).tolist()
    return ReLUNetwork.from_arrays([rows, last], [[-1, bias[0], *bias, -5, 0], [1]], slopes)


def on_a_plane(net: ReLUNetwork) -> PlaneAlong:
    basis = Subject(net).relevant
    w = tuple(2 * p - q for p, q in zip(*basis, strict=True))
    return PlaneAlong(net, w, complement([w], basis)[0])


@pytest.mark.parametrize("tau", [Fraction(1, 4), Fraction(1), Fraction(3)])
def test_parity_about_an_axis_where_the_mean_is_zero(tau: Fraction) -> None:
    found = PlaneAlong(parity(2, 2, seed=None), (ONE, ZERO), (ZERO, ONE)).filtered(tau)
    q = tail(float(tau))
    assert_close(found.probability, q * q)
    assert_close(found.trace, q * 2 * float(tau) * density(float(tau)))


@pytest.mark.parametrize("tau", [Fraction(1, 4), Fraction(1), Fraction(3)])
def test_parity_about_a_diagonal_where_the_residual_depends_on_t_alone(tau: Fraction) -> None:
    """On s = (z1 + z2)/√2, F = (|s| - |t|)/√2: F̃ - F = (|t| - √(2/π))/√2."""
    found = PlaneAlong(parity(2, 2, seed=None), (ONE, ONE), (ONE, -ONE)).filtered(tau)
    centre, reach = math.sqrt(2 / math.pi), math.sqrt(2) * float(tau)
    outer, inner = centre + reach, max(centre - reach, 0.0)
    assert_close(found.probability, tail(outer) + 1 - tail(inner))
    assert_close(found.trace, 2 * outer * density(outer) - 2 * inner * density(inner))


def test_without_dependence_on_the_line_it_is_the_filter_about_the_mean() -> None:
    """F = 3 s + bump(t): F̃ = 3 s + E bump, so that W = {0} in one dimension gives the same filter."""
    rows, bias, slopes = [[3, 0], [0, 1], [0, 1], [0, 1]], [[0, 1, 0, -1], [0]], [[(1, 1), *[(0, 1)] * 3]]
    net = ReLUNetwork.from_arrays([rows, [[1, 1, -2, 1]]], bias, slopes)
    plane = PlaneAlong(net, (Fraction(1, 7), ZERO), (ZERO, Fraction(5)))
    for tau in (Fraction(1, 3), Fraction(1, 2)):
        line, whole = plane.filtered(tau, bits=60), filter_about_mean(BUMP, ((ONE,),), tau)
        for name in ("probability", "trace"):
            ours, theirs = getattr(line, name), getattr(whole, name)
            assert ours.lower <= theirs.upper
            assert theirs.lower <= ours.upper
            assert max(ours.width, theirs.width) < Fraction(1, 10**12)
    nothing = Enclosure(ZERO, ZERO)
    assert plane.filtered(Fraction(1)) == MeanFilter(nothing, nothing)


def test_about_the_mean_of_a_bump() -> None:
    """E bump = 2(Φ(1) - 1/2) - 2(ϕ(0) - ϕ(1)); above it by 1/2 only where |x| < 1/2 - E bump."""
    found = filter_about_mean(BUMP, ((ONE,),), Fraction(1, 2))
    reach = 0.5 - (1 - tail(1.0) - 2 * (density(0.0) - density(1.0)))
    assert_close(found.probability, 1 - tail(reach))
    assert_close(found.trace, -2 * reach * density(reach))


@pytest.mark.parametrize(
    "net", [biased(0), biased(1), h6(4, 1), cancelling(4, 1)], ids=["b0", "b1", "h6", "cancelling"]
)
def test_slabs_hold_the_function(net: ReLUNetwork) -> None:
    plane = on_a_plane(net)
    rng = np.random.default_rng(0)
    for a, b in rng.integers(-60, 61, (60, 2)).tolist():
        point = Fraction(a, 7), Fraction(b, 7)
        slab = next(s for s in plane.slabs if s.upper is None or point[0] <= s.upper)
        assert slab.lower is None or slab.lower <= point[0]
        passed = [m * point[0] + c for m, c in slab.breaks]
        assert passed == sorted(passed)
        assert slab.pieces[sum(c < point[1] for c in passed)](point) == plane.function(point)[0]


@pytest.mark.parametrize("net", [biased(0), random_network(2, (4, 4), 5, 0)], ids=["biased", "random"])
def test_the_mean_against_quadrature(net: ReLUNetwork) -> None:
    plane = on_a_plane(net)
    scale = math.sqrt(plane.squares[1])
    for a in (Fraction(-3, 2), ZERO, Fraction(1, 5)):
        t = np.linspace(-10.0, 10.0, 200_001)
        values = plane.function.evaluate(np.stack([np.full_like(t, float(a)), t / scale], axis=1))[:, 0]
        expected = float((values * np.exp(-t * t / 2)).sum() * (t[1] - t[0]) / math.sqrt(2 * math.pi))
        assert_close(plane.mean(a), expected, 1e-7 * (1 + abs(expected)))


@pytest.mark.parametrize(
    "net", [biased(1), random_network(2, (4, 4), 5, 1), cancelling(4, None)], ids=["biased", "random", "cancelling"]
)
def test_moments_against_samples(net: ReLUNetwork) -> None:
    """200 000 draws, F̃ by quadrature on a grid; five standard errors."""
    plane, draws = on_a_plane(net), 200_000
    tau = Fraction(float(Subject(net).lipschitz_squared) ** 0.5).limit_denominator(50) / 2
    w, u = (math.sqrt(q) for q in plane.squares)
    s, t = np.random.default_rng(3).standard_normal((2, draws))
    nodes, grid = np.linspace(-8.0, 8.0, 801), np.linspace(-6.0, 6.0, 601)
    weights = np.exp(-(nodes**2) / 2) / np.exp(-(nodes**2) / 2).sum()
    table = plane.function.evaluate(np.stack([np.repeat(grid / w, 801), np.tile(nodes / u, 601)], axis=1))[:, 0]
    mean = np.interp(s, grid, table.reshape(601, 801) @ weights)
    inside = np.abs(plane.function.evaluate(np.stack([s / w, t / u], axis=1))[:, 0] - mean) > float(tau)
    found = plane.filtered(tau)
    for enclosure, values in ((found.probability, inside * 1.0), (found.trace, inside * (t * t - 1))):
        assert abs(float(enclosure) - values.mean()) < 5 * values.std() / math.sqrt(draws)
        assert enclosure.width < Fraction(1, 10**10)


def test_precision_can_be_asked_for() -> None:
    plane = on_a_plane(random_network(2, (4, 4), 5, 2))
    coarse, fine = plane.filtered(Fraction(1, 2)), plane.filtered(Fraction(1, 2), bits=100)
    assert fine.probability.width < Fraction(1, 2**90)
    assert coarse.probability.lower <= fine.probability.lower <= fine.probability.upper <= coarse.probability.upper


def test_bad_directions_and_budgets() -> None:
    net = parity(2, 2, seed=None)
    with pytest.raises(ValueError, match="orthogonal"):
        PlaneAlong(net, (ONE, ZERO), (ONE, ONE))
    with pytest.raises(ValueError, match="not zero"):
        PlaneAlong(net, (ZERO, ZERO), (ONE, ONE))
    with pytest.raises(BudgetExhausted):
        PlaneAlong(net, (ONE, ZERO), (ZERO, ONE), Budget(cells=1)).filtered(ONE)
