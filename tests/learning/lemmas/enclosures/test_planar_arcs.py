"""Arcs of planar functions: exactness, the closed form against quadrature, sampling and the closed forms of THEORY."""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx
from scipy.special import owens_t

from learning.instances import (
    alternating,
    cancelling,
    h6,
    ill_conditioned,
    nearly_parallel,
    parity,
    random_network,
    thin_cone,
)
from learning.lemmas import Subject
from learning.lemmas.enclosures.planar_arcs import (
    PlanarArcs,
    circle_mean,
    circle_moment,
    filtered_by_arcs,
    mean_square,
    owen_t,
    planar_arcs,
)
from learning.lemmas.enclosures.special import chi_square_tail, normal_density, normal_distribution, rational_ball
from tropical import ReLUNetwork

ONE, ZERO = Fraction(1), Fraction(0)
TINY = Fraction(1, 10**12)

# |x0| + |x1| with biases that cancel, a duplicated and a dead unit
BIASED = ReLUNetwork.from_arrays(
    [[[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [1, 1], [0, 0]], [[1, 1, 1, 1, 2, -2, 5]]],
    [[0, 0, 0, 0, 3, 3, -1], [0]],
)
# φ(x0) + φ(φ(-x0) - |x1|): x0 on a half-plane, 0 on two arcs, -x0 - |x1| on the others
HALF_TURN = ReLUNetwork.from_arrays(
    [[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 0, 0, 0], [0, 1, -1, -1]], [[1, 1]]],
)
NETWORKS = {
    "h6": h6(4, seed=1),
    "parity": parity(2, 3, seed=0),
    "alternating": alternating(4, 3),
    "cancelling": cancelling(4),
    "thin cone": thin_cone(2, seed=None),
    "ill-conditioned": ill_conditioned(2, seed=None),
    "nearly parallel": nearly_parallel(2, seed=None),
    "one unit each way": ReLUNetwork.from_arrays([[[1, 0], [0, 1]], [[1, -1]]]),
    "biases that cancel": BIASED,
    "an arc of half a turn": HALF_TURN,
    **{f"random {seed}": random_network(2, (4, 4), 5, seed) for seed in range(4)},
}
networks = pytest.mark.parametrize("net", NETWORKS.values(), ids=NETWORKS.keys())


def arcs_of(net: ReLUNetwork) -> PlanarArcs:
    return planar_arcs(net, Subject(net).relevant)


def close(ball: arb, other: arb) -> bool:
    return bool((ball - other).rad() < float(TINY)) and bool(abs(ball - other) < float(TINY))


@networks
def test_arcs_cover_the_circle_once_and_have_the_values_of_the_network(net: ReLUNetwork) -> None:
    plane = arcs_of(net)
    angles = 0.0
    for arc, following in zip(plane.arcs, [*plane.arcs[1:], plane.arcs[0]], strict=True):
        assert arc.end == following.start
        (a, b), (c, d) = arc.start, arc.end
        assert a * d - b * c >= 0
        angles += math.atan2(a * d - b * c, a * c + b * d)
        middle = (a + c, b + d) if (a, b) != (-c, -d) else (-b, a)
        for ray in (arc.start, arc.end, middle):
            point = [ray[0] * p + ray[1] * q for p, q in zip(*plane.basis, strict=True)]
            assert net(point)[0] == arc.value(ray)
        assert (arc.value(middle) != 0) == any(arc.form)
        assert arc.value(arc.start) * arc.value(arc.end) >= 0
    assert angles == pytest.approx(2 * math.pi)


@networks
def test_the_closed_form_agrees_with_quadrature(net: ReLUNetwork) -> None:
    plane = arcs_of(net)
    with ctx.workprec(128):
        probability, closed = filtered_by_arcs(plane, Fraction(3, 2))
        moment = circle_moment(plane, Fraction(3, 2), lambda s: 2 * chi_square_tail(4, s))
        mean = circle_mean(plane, Fraction(3, 2), lambda s: chi_square_tail(2, s))
        assert close(probability, mean)
        for entry, value in zip(closed, (moment[0] - mean, moment[1], moment[2] - mean), strict=True):
            assert close(entry, value)


@networks
def test_sampling_agrees(net: ReLUNetwork) -> None:
    assert sampled_deviation(net, 100_000) < 5.0


@pytest.mark.exhaustive
@pytest.mark.parametrize("net", [h6(2, seed=None), parity(2, 2, seed=None), alternating(6, 2, seed=None)])
def test_ten_million_samples_agree(net: ReLUNetwork) -> None:
    assert sampled_deviation(net, 10_000_000) < 4.5


def sampled_deviation(net: ReLUNetwork, count: int) -> float:
    """The largest deviation of p, M and E F² from their sample means, in standard errors."""
    plane, tau = arcs_of(net), Fraction(1, 2)
    probability, (m11, m12, m22) = filtered_by_arcs(plane, tau)
    exact = [float(value) for value in (probability, m11, m12, m22, mean_square(plane))]
    frame = np.array([[float(q) for q in b] for b in plane.basis])
    frame /= np.linalg.norm(frame, axis=1)[:, None]
    total, squares, rng = np.zeros(5), np.zeros(5), np.random.default_rng(7)
    for _ in range(count // 100_000):
        z = rng.standard_normal((100_000, 2))
        y = net.evaluate(z @ frame).ravel()
        inside = np.abs(y) > 0.5
        columns = [inside, inside * (z[:, 0] ** 2 - 1), inside * z[:, 0] * z[:, 1], inside * (z[:, 1] ** 2 - 1), y**2]
        table = np.column_stack(columns).astype(float)
        total += table.sum(axis=0)
        squares += (table**2).sum(axis=0)
    means = total / count
    errors = np.sqrt((squares / count - means**2) / count)
    return float(np.max(np.abs(means - exact) / errors))


@pytest.mark.parametrize("tau", [Fraction(1, 3), Fraction(1), Fraction(4)])
def test_parity_has_its_closed_form(tau: Fraction) -> None:
    plane = arcs_of(parity(2, 3, seed=2))
    with ctx.workprec(128):
        h = rational_ball(tau)
        q = 2 * normal_distribution(-h)
        probability, (m11, m12, m22) = filtered_by_arcs(plane, tau)
        assert close(probability, q * q)
        assert close(m11, q * 2 * h * normal_density(h))
        assert close(m11, m22)
        assert close(m12, arb(0))
        assert close(mean_square(plane), 1 - 2 / arb.pi())


@pytest.mark.parametrize("half_degree", [2, 4, 6])
def test_alternating_has_its_closed_form_up_to_the_rounding_of_its_weights(half_degree: int) -> None:
    plane, tau = arcs_of(alternating(half_degree, 2, seed=None)), Fraction(1, 3)
    with ctx.workprec(128):
        angle = arb.pi() / (2 * half_degree)
        h, c = rational_ball(tau) * angle.cos(), angle.cot()
        size = 2 * half_degree * h * normal_density(h) * normal_distribution(-h * c)
        probability, (m11, m12, m22) = filtered_by_arcs(plane, tau)
        assert close(probability, 4 * half_degree * (normal_distribution(-h) / 2 - owen_t(h, c)))
        assert close(m11, size)
        assert close(m22, size)
        assert close(m12, arb(0))
        square = angle.sec() ** 2 * (1 - half_degree / arb.pi() * (arb.pi() / half_degree).sin())
        assert close(mean_square(plane), square)


def test_h6_is_a_multiple_of_the_identity_and_has_its_mean_square() -> None:
    """E F² from E|<u,z>||<v,z>| = (2/π)(sin t + (π/2 - t) cos t)|u||v|, t in [0, π/2] the angle between the lines."""
    terms = [(-14, (1, 0)), (14, (0, 1)), (5, (4, 3)), (-5, (3, 4)), (-5, (-3, 4)), (5, (-4, 3))]
    plane = arcs_of(h6(5, seed=3))
    with ctx.workprec(128):
        probability, (m11, m12, m22) = filtered_by_arcs(plane, Fraction(333, 50))
        assert close(m11, m22)
        assert close(m12, arb(0))
        assert float(probability) == pytest.approx(0.1, abs=0.005)
        assert float(m11) == pytest.approx(0.144, abs=0.005)
        total = arb(0)
        for a, u in terms:
            for b, v in terms:
                product, area = abs(u[0] * v[0] + u[1] * v[1]), abs(u[0] * v[1] - u[1] * v[0])
                angle = arb.atan2(arb(area), arb(product))
                total += 2 * a * b * (area + (arb.pi() / 2 - angle) * product) / arb.pi()
        assert close(mean_square(plane), total)


@pytest.mark.parametrize("net", [random_network(2, (32,), 10, 1), random_network(2, (12, 12), 10, 1)])
def test_fifty_pieces_are_enclosed_within_a_trillionth(net: ReLUNetwork) -> None:
    subject = Subject(net)
    assert 45 <= len(subject.pieces) <= 50
    plane = planar_arcs(net, subject.relevant)
    with ctx.workprec(128):
        probability, matrix = filtered_by_arcs(plane, Fraction(1, 2))
        moment = circle_moment(plane, Fraction(1, 2), lambda s: 2 * chi_square_tail(4, s))
        for ball in (probability, *matrix, *moment, mean_square(plane)):
            assert 2 * ball.rad() < 1e-20


@pytest.mark.parametrize("h", [0.0, 0.3, 2.0, 7.0])
@pytest.mark.parametrize("a", [-40.0, -1.0, 0.0, 0.2, 1.0, 3.5, 1e6])
def test_owen_t_is_that_of_scipy(h: float, a: float) -> None:
    assert float(owen_t(arb(h), arb(a))) == pytest.approx(float(owens_t(h, a)), abs=1e-14)


@pytest.mark.parametrize("radial", [lambda s: (-s / 2).exp(), lambda s: s * (-s / 2).exp()])
def test_quadrature_of_parts_beyond_the_cut(radial: Callable[[arb], arb]) -> None:
    """Arcs far from their gradients, on which s is beyond the cut, add nothing."""
    plane = arcs_of(random_network(2, (4, 4), 10, 1))
    with ctx.workprec(128):
        whole = circle_mean(plane, Fraction(1, 2), radial)
        parts = [circle_mean(PlanarArcs(plane.basis, (arc,)), Fraction(1, 2), radial) for arc in plane.nonzero]
        assert close(whole, sum(parts, arb(0)))
        assert all(float(part) >= -1e-20 for part in parts)


def test_a_plane_has_two_vectors() -> None:
    with pytest.raises(ValueError, match="two vectors of a plane, got 1"):
        planar_arcs(h6(2, seed=None), [(ONE, ZERO)])


def test_an_arc_of_half_a_turn_is_one_arc() -> None:
    halves = [arc for arc in arcs_of(HALF_TURN).nonzero if arc.end == (-arc.start[0], -arc.start[1])]
    assert len(halves) == 1
