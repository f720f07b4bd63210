"""Closed forms of the instances: counts, Lipschitz constants, vanishing moments, norms, filtered moments."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr, owens_t

import tropical as tp
from learning import instances

PLAIN = {
    "h4": instances.h4(4, None),
    "h6": instances.h6(2, None),
    "alternating 2": instances.alternating(2, 2, None),
    "alternating 4": instances.alternating(4, 2, None),
    "alternating 8": instances.alternating(8, 2, None),
    "sequential": instances.sequential(5, None),
    "ill-conditioned": instances.ill_conditioned(2, None, "1/10"),
    "nearly parallel": instances.nearly_parallel(2, None, "1/10"),
    "negative outputs": instances.negative_outputs(3, None),
    "cancelling": instances.cancelling(3, None),
    "thin cone": instances.thin_cone(2, None, 10),
}
PARITIES = {k: instances.parity(k, k, None) for k in range(2, 9)}


def random_points(dim, count, seed=0):
    rng = np.random.default_rng(seed)
    return [[Fraction(int(q), 10**6) for q in row] for row in rng.integers(-(10**7), 10**7, size=(count, dim))]


def gradients_found(net, count, seed=0):
    return {net.gradient(x) for x in random_points(net.input_dim, count, seed)}


def lipschitz_squared(gradients):
    return max(sum(q * q for q in g) for g in gradients)


def mean_square_one_layer(net):
    """E F^2 of a bias-free one-hidden-layer network by E relu(<u,x>) relu(<v,x>) (THEORY L18), in float64."""
    rows = np.array(net.layers[0].weight, dtype=float)
    out = np.array(net.layers[1].weight[0], dtype=float)
    norms = np.linalg.norm(rows, axis=1)
    cosine = np.clip(rows @ rows.T / np.outer(norms, norms), -1, 1)
    angle = np.arccos(cosine)
    kernel = np.outer(norms, norms) * (np.sin(angle) + (np.pi - angle) * cosine) / (2 * np.pi)
    return out @ kernel @ out


def sampled(net, count=400_000, seed=1):
    X = np.random.default_rng(seed).standard_normal((count, net.input_dim))
    return X, net.evaluate(X)[:, 0]


@pytest.mark.parametrize(
    ("name", "units", "pieces", "squared"),
    [
        ("h4", 16, 25, 4),
        ("h6", 12, 12, None),
        ("sequential", 17, 50, 36 + 4),
        ("ill-conditioned", 2, 4, Fraction(101, 100)),
        ("nearly parallel", 3, 6, 4 + Fraction(121, 100)),
        ("negative outputs", 4, 14, None),
        ("cancelling", 11, 4, None),
        ("thin cone", 6, 4, 1 + 81),
    ],
)
def test_units_pieces_and_lipschitz_constant(name, units, pieces, squared):
    found = gradients_found(PLAIN[name], 3000 if pieces > 25 else 1000)
    assert sum(PLAIN[name].widths) == units
    assert len(found) == pieces
    assert squared is None or lipschitz_squared(found) == squared


@pytest.mark.parametrize(
    ("net", "relevant", "pieces", "regions"),
    [
        (instances.h4(30), 4, 25, 104),
        (instances.h6(50), 2, 12, 12),
        (instances.alternating(6, 20), 2, 12, 12),
        *[(instances.parity(k, 20), k, 2 * k, k * 2 ** (k - 1)) for k in (2, 3, 4, 5)],
        (instances.sequential(30), 5, 50, 208),
        (instances.ill_conditioned(10), 2, 4, 4),
        (instances.nearly_parallel(10), 2, 6, 6),
        (instances.negative_outputs(10), 3, 14, 14),
        (instances.thin_cone(10), 2, 4, 4),
        (instances.cancelling(10), 2, 4, 4),
    ],
    ids=[
        *("h4", "h6", "alternating", "p2", "p3", "p4", "p5", "sequential"),
        *("ill-conditioned", "nearly parallel", "negative outputs", "thin cone", "cancelling"),
    ],
)
def test_exact_geometry_of_the_hidden_networks(net, relevant, pieces, regions):
    cx = tp.polyhedral_complex(net)
    assert len(tp.relevant_subspace(cx)) == relevant
    assert len(tp.affine_pieces(cx)) == pieces
    assert len(tp.linear_regions(cx)) == regions


def test_mean_squares_in_closed_form():
    assert mean_square_one_layer(PLAIN["h4"]) == pytest.approx(8 / 3 + (48 - 32 * math.sqrt(3)) / math.pi, rel=1e-12)
    for K in (2, 4, 6, 8, 12):
        net = instances.alternating(K, 2, None)
        expected = (1 - K / math.pi * math.sin(math.pi / K)) / math.cos(math.pi / (2 * K)) ** 2
        assert mean_square_one_layer(net) == pytest.approx(expected, rel=1e-10)


def test_hiding_keeps_the_norm_and_the_lipschitz_constant():
    hidden = instances.h4(12, seed=5)
    assert mean_square_one_layer(hidden) == pytest.approx(mean_square_one_layer(PLAIN["h4"]), rel=1e-12)
    assert lipschitz_squared(gradients_found(hidden, 400)) == 4
    assert sum(bool(q) for q in hidden.layers[0].weight[0]) == 12


@pytest.mark.parametrize("K", [2, 4, 6, 10])
def test_alternating_has_2k_pieces_and_secant_lipschitz_constant(K):
    net = instances.alternating(K, 2, None)
    found = gradients_found(net, 400)
    assert net.widths == (2 * K,)
    assert len(found) == 2 * K
    assert math.sqrt(lipschitz_squared(found)) == pytest.approx(1 / math.cos(math.pi / (2 * K)), rel=1e-12)


def even_hermite_tensor(net, degree):
    """sum_i a_i |u_i|^(1-degree) u_i^(x degree) by monomials: 0 iff that (even) Hermite degree of F vanishes. Exact."""
    dim, total = net.input_dim, {}
    for unit, a in zip(net.layers[0].weight, net.layers[1].weight[0], strict=True):
        norm = Fraction(math.isqrt(int(sum(q * q for q in unit))))
        assert norm**2 == sum(q * q for q in unit)
        for index in itertools.combinations_with_replacement(range(dim), degree):
            total[index] = total.get(index, 0) + a * norm ** (1 - degree) * math.prod(unit[i] for i in index)
    return total


@pytest.mark.parametrize(("name", "order"), [("h4", 4), ("h6", 6)])
def test_hermite_degrees_below_the_order_vanish(name, order):
    net = PLAIN[name]
    for degree in range(0, order, 2):
        assert not any(even_hermite_tensor(net, degree).values())
    assert any(even_hermite_tensor(net, order).values())
    points = random_points(net.input_dim, 20)
    assert all(net(x) == net([-q for q in x]) for x in points), "an even function has no odd Hermite degree"


@pytest.mark.parametrize("K", [4, 6, 8])
def test_alternating_hermite_degrees_below_k_vanish(K):
    net = instances.alternating(K, 2, None)
    units = np.array(net.layers[0].weight, dtype=float)
    out = np.array(net.layers[1].weight[0], dtype=float)
    for degree in [*range(0, K, 2), K]:
        size = max(abs((out * units[:, 0] ** i * units[:, 1] ** (degree - i)).sum()) for i in range(degree + 1))
        assert (size > 1e-3) == (degree == K)


def tropical_parity(z):
    return math.prod((q > 0) - (q < 0) for q in z) * min(map(abs, z))


@pytest.mark.parametrize("k", range(2, 9))
def test_parity_is_the_product_of_signs_times_the_least_modulus(k):
    net = PARITIES[k]
    for z in random_points(k, 60, seed=k):
        assert net(z) == (tropical_parity(z),)
        flipped = [-q if i == 0 else q for i, q in enumerate(z)]
        assert net(flipped) == (-net(z)[0],), "odd in each variable: Hermite degrees below k vanish"


@pytest.mark.parametrize(("k", "units"), [(2, 4), (3, 10), (4, 12), (5, 20), (6, 22), (7, 26), (8, 28)])
def test_parity_depth_units_pieces_and_lipschitz_constant(k, units):
    net = PARITIES[k]
    assert len(net.widths) == math.ceil(math.log2(k))
    assert sum(net.widths) == units
    expected = {tuple(Fraction(s * (i == j)) for j in range(k)) for i in range(k) for s in (1, -1)}
    assert gradients_found(net, 300) == expected


@pytest.mark.parametrize("k", [2, 3, 4])
def test_parity_mean_square_and_filtered_moment(k):
    X, y = sampled(PARITIES[k])
    expected = quad(lambda t: 2 * t * (2 * ndtr(-t)) ** k, 0, np.inf)[0]
    assert np.mean(y**2) == pytest.approx(expected, rel=0.02)
    tau = 0.5
    q = 2 * ndtr(-tau)
    event = np.abs(y) > tau
    assert event.mean() == pytest.approx(q**k, rel=0.03)
    M = (X[event].T @ X[event] - event.sum() * np.eye(k)) / len(X)
    eigenvalue = q ** (k - 1) * 2 * tau * math.exp(-(tau**2) / 2) / math.sqrt(2 * math.pi)
    assert pytest.approx(eigenvalue * np.eye(k), abs=0.006) == M


def test_parity_of_two_has_mean_square_1_minus_2_over_pi():
    assert quad(lambda t: 2 * t * (2 * ndtr(-t)) ** 2, 0, np.inf)[0] == pytest.approx(1 - 2 / math.pi)


@pytest.mark.parametrize(("name", "p", "eigenvalue"), [("h4", 0.07, 0.047), ("h4", 0.10, 0.055), ("h6", 0.10, 0.144)])
def test_filtered_moment_at_a_quantile(name, p, eigenvalue):
    X, y = sampled(PLAIN[name])
    event = np.abs(y) > np.quantile(np.abs(y), 1 - p)
    M = (X[event].T @ X[event] - event.sum() * np.eye(X.shape[1])) / len(X)
    assert np.linalg.eigvalsh(M) == pytest.approx(np.full(len(M), eigenvalue), abs=0.004)


@pytest.mark.parametrize("K", [2, 4, 8])
def test_alternating_filtered_moment(K):
    X, y = sampled(PLAIN[f"alternating {K}"])
    tau, c = 0.4, 1 / math.tan(math.pi / (2 * K))
    h = tau * math.cos(math.pi / (2 * K))
    event = np.abs(y) > tau
    assert event.mean() == pytest.approx(4 * K * (ndtr(-h) / 2 - owens_t(h, c)), rel=0.02)
    M = (X[event].T @ X[event] - event.sum() * np.eye(2)) / len(X)
    eigenvalue = 2 * K * h * math.exp(-(h**2) / 2) / math.sqrt(2 * math.pi) * ndtr(-h * c)
    assert pytest.approx(eigenvalue * np.eye(2), abs=0.006) == M


def test_one_pass_on_sequential_sees_the_first_variable_only():
    X, y = sampled(PLAIN["sequential"])
    for residual, visible in ((y, True), (y - 6 * np.maximum(X[:, 0], 0), False)):
        event = np.abs(residual) > np.quantile(np.abs(residual), 0.9)
        M = (X[event].T @ X[event] - event.sum() * np.eye(5)) / len(X)
        assert (M[0, 0] > 0.1) == visible
        assert np.abs(np.linalg.eigvalsh(M[1:, 1:])).max() == pytest.approx(0.0015 if visible else 0.055, abs=0.004)


def test_angles_between_the_rows_of_the_ill_conditioned_instances():
    def smallest_angle(net):
        rows = np.array(net.layers[0].weight, dtype=float)
        lines = rows / np.linalg.norm(rows, axis=1)[:, None]
        signed = [s * line for line in lines for s in (1, -1)]
        gaps = [np.linalg.norm(u - v) for u, v in itertools.combinations(signed, 2)]
        return 2 * math.asin(min(gaps) / 2)

    assert smallest_angle(instances.nearly_parallel(40, 3)) == pytest.approx(1e-3, rel=1e-6)
    assert smallest_angle(instances.ill_conditioned(40, 3)) == pytest.approx(2e-3, rel=1e-6)
    assert smallest_angle(instances.ill_conditioned(40, 3, "1/2000")) == pytest.approx(1e-3, rel=1e-6)


def test_negative_outputs_are_negative_and_concave():
    net = instances.negative_outputs(3, None)
    assert all(q < 0 for q in net.layers[-1].weight[0])
    for x, z in itertools.pairwise(random_points(3, 50)):
        (left,), (right,), (middle,) = net(x), net(z), net([(p + q) / 2 for p, q in zip(x, z, strict=True)])
        assert middle >= (left + right) / 2


def first_weights(net):
    return np.array(net.layers[0].weight, dtype=object)


def test_one_reflection_draws_the_networks_it_always_drew():
    net = instances.random_network(2, (4,), 4, 1)
    assert net == instances.random_network(2, (4,), 4, 1, reflections=1)
    pinned = [["2/5", "1/5", "19/20", "19/40"], ["-4/5", "-2/5", "-2/5", "-1/5"]]
    pinned += [["1/20", "1/40", "-17/20", "-17/40"], ["9/20", "9/40", "7/20", "7/40"]]
    assert net == tp.ReLUNetwork.from_arrays([pinned, [["1/8", "1/4", "7/8", "-1"]]])


@pytest.mark.parametrize("reflections", [1, 2, 3])
def test_reflections_turn_the_space_and_change_nothing_else(reflections):
    plain = first_weights(instances.random_network(2, (5,), 2, 9, reflections=1))
    net = instances.random_network(2, (5,), 12, 9, reflections=reflections)
    turned = first_weights(net)
    assert (turned @ turned.T == plain @ plain.T).all(), "an orthogonal map keeps all inner products, exactly"
    assert all(q for q in turned[0])
    single = first_weights(instances.random_network(2, (5,), 12, 9))
    assert (turned == single).all() == (reflections == 1)


def test_functions_of_the_degenerate_instances():
    for x in random_points(3, 50):
        expected = max(x[0], 0) + max(x[0] + x[1] / 1000, 0) + max(x[1], 0)
        assert instances.nearly_parallel(3, None)(x) == (expected,)
        assert instances.cancelling(3, None)(x) == (abs(x[0]) - 2 * max(x[0] + x[1], 0),)
        assert instances.thin_cone(3, None)(x) == (abs(x[0]) + max(x[1] - 1000 * abs(x[0]), 0),)


BUILDERS = {
    "h4": (4, instances.h4),
    "h6": (2, instances.h6),
    "alternating": (2, lambda dim, seed: instances.alternating(4, dim, seed)),
    "parity": (3, lambda dim, seed: instances.parity(3, dim, seed)),
    "sequential": (5, instances.sequential),
    "ill_conditioned": (2, instances.ill_conditioned),
    "nearly_parallel": (2, instances.nearly_parallel),
    "negative_outputs": (3, instances.negative_outputs),
    "thin_cone": (2, instances.thin_cone),
    "cancelling": (3, instances.cancelling),
    "random_network": (2, lambda dim, seed: instances.random_network(2, (4,), dim, seed)),
}


@pytest.mark.parametrize("name", BUILDERS)
def test_every_builder_is_reproducible_bias_free_and_refuses_too_small_a_space(name):
    relevant, build = BUILDERS[name]
    net = build(relevant + 7, 3)
    assert net == build(relevant + 7, 3)
    assert net != build(relevant + 7, 4)
    assert net.input_dim == relevant + 7
    assert net.is_bias_free
    with pytest.raises(ValueError, match="dim must be at least"):
        build(relevant - 1, 3)


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("hidden", [(4,), (6, 6), (5, 5, 5)])
def test_random_networks_depend_on_exactly_k_directions(k, hidden):
    net = instances.random_network(k, hidden, 12, seed=sum(hidden))
    found = np.array(sorted(gradients_found(net, 300)), dtype=float)
    assert net.widths == hidden
    assert np.linalg.matrix_rank(found) == k


def test_bad_parameters_are_named():
    with pytest.raises(ValueError, match="half_degree must be even"):
        instances.alternating(3, 5)
    with pytest.raises(ValueError, match="k >= 2"):
        instances.parity(1, 5)
    with pytest.raises(ValueError, match="widths must be positive"):
        instances.random_network(2, (4, 0), 5, 0)
    with pytest.raises(ValueError, match="at least relevant_dim"):
        instances.random_network(3, (1,), 5, 0)
    with pytest.raises(ValueError, match="epsilon must be positive"):
        instances.ill_conditioned(5, epsilon=0)
    with pytest.raises(ValueError, match="epsilon must be positive"):
        instances.nearly_parallel(5, epsilon="-1/2")
    with pytest.raises(ValueError, match="reflections must be an integer of at least 1"):
        instances.hide([[[1]], [[1]]], 5, 0, reflections=0)
    with pytest.raises(ValueError, match="steepness"):
        instances.thin_cone(5, steepness=0)
