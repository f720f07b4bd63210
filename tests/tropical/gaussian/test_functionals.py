"""Filtered moments, means and inner products of functions against closed forms, identities and sampling."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx, fmpq
from scipy.integrate import quad
from scipy.special import owens_t
from scipy.stats import norm

import tropical as tp
from learning import instances
from tropical.gaussian.eigenvalues import symmetric_eigenvalues

NARROW = Fraction(1, 10**25)
BIASED = tp.ReLUNetwork.from_arrays([[[1, 2], [2, -1], [1, 2], [0, 0]], [[1, -3, 1, 5]]], [[1, -1, 1, 2], [-2]])
PLANE = tp.ReLUNetwork.from_arrays([[[1, 0]]])


def floats(table):
    return np.array([[float(entry) for entry in row] for row in table])


def widths(moments):
    return [
        e.width for e in (moments.probability, moments.trace, *moments.eigenvalues, *itertools.chain(*moments.second))
    ]


@pytest.mark.parametrize(("k", "threshold"), [(2, "1/2"), (2, 2), (3, 1)])
@pytest.mark.parametrize("hidden", [False, True])
def test_parity(k, threshold, hidden):
    net = instances.parity(k, 7 if hidden else k, 3 if hidden else None)
    moments = tp.filtered_moments(net, threshold)
    tau = float(Fraction(threshold))
    q, size = 2 * norm.sf(tau), 2 * tau * norm.pdf(tau)
    assert float(moments.probability) == pytest.approx(q**k, abs=1e-14)
    assert floats(moments.second) == pytest.approx(q ** (k - 1) * size * np.eye(k), abs=1e-14)
    assert [float(e) for e in moments.eigenvalues] == pytest.approx([q ** (k - 1) * size] * k, abs=1e-14)
    assert float(moments.trace) == pytest.approx(k * q ** (k - 1) * size, abs=1e-14)
    assert max(widths(moments)) < NARROW
    square = tp.gaussian_inner_product(net, net)
    truth = 1 - 2 / math.pi if k == 2 else quad(lambda t: 2 * t * (2 * norm.sf(t)) ** k, 0, 40, epsabs=1e-13)[0]
    assert float(square) == pytest.approx(truth, abs=1e-11)
    assert square.width < NARROW
    assert 0 in tp.gaussian_mean(net)


def test_parity_of_two_by_enclosure():
    with ctx.workprec(256):
        truth = tp.Enclosure.from_ball(1 - 2 / arb.pi())
    square = tp.gaussian_inner_product(*[instances.parity(2, 5)] * 2)
    assert square.lower <= truth.lower <= truth.upper <= square.upper


@pytest.mark.parametrize("half_degree", [2, 4, 6])
def test_alternating(half_degree):
    net, tau = instances.alternating(half_degree, 2, None), 0.75
    h = tau * math.cos(math.pi / 2 / half_degree)
    c = 1 / math.tan(math.pi / 2 / half_degree)
    moments = tp.filtered_moments(net, tau)
    strength = 2 * half_degree * h * norm.pdf(h) * norm.cdf(-h * c)
    assert float(moments.probability) == pytest.approx(4 * half_degree * (norm.sf(h) / 2 - owens_t(h, c)), abs=1e-9)
    assert floats(moments.second) == pytest.approx(strength * np.eye(2), abs=1e-9)
    secant = 1 / math.cos(math.pi / 2 / half_degree)
    truth = secant**2 * (1 - half_degree / math.pi * math.sin(math.pi / half_degree))
    assert float(tp.gaussian_inner_product(net, net)) == pytest.approx(truth, abs=1e-9)


def test_h6_filters_to_a_multiple_of_the_identity():
    moments = tp.filtered_moments(instances.h6(20, seed=1), threshold="13/2")
    (a, b), (c, d) = moments.second
    assert b == c
    assert 0 in b
    assert a.lower <= d.upper
    assert d.lower <= a.upper
    assert float(moments.eigenvalues[0]) == pytest.approx(0.144, abs=5e-3)  # THEORY §5: .144 at p = .1
    assert float(moments.probability) == pytest.approx(0.1, abs=5e-3)
    assert max(widths(moments)) < NARROW


@pytest.mark.parametrize("net", [BIASED, instances.parity(3, 3, None), instances.nearly_parallel(4), PLANE])
@pytest.mark.parametrize("level", [0, "-1/3", 2])
def test_both_sides_of_a_level_add_up(net, level):
    above, below = tp.filtered_moments(net, above=level), tp.filtered_moments(net, below=level)
    both = tp.filtered_moments(net, above=level, below=level)
    flat = 1 - both.probability.lower  # the set {f = level}
    assert above.probability.lower + below.probability.lower <= both.probability.upper
    assert both.probability.lower <= above.probability.upper + below.probability.upper
    for a, b, whole in zip(above.second, below.second, both.second, strict=True):
        for p, q, r in zip(a, b, whole, strict=True):
            assert p.lower + q.lower <= r.upper
            assert r.lower <= p.upper + q.upper
            assert flat > Fraction(1, 100) or r.lower <= 0 <= r.upper


@pytest.mark.parametrize(
    ("net", "filters"),
    [
        (BIASED, {"threshold": 1}),
        (BIASED, {"above": 2, "below": "-5/2"}),
        (BIASED, {"above": "-1/2"}),
        (instances.negative_outputs(3, None), {"below": -3}),
        (instances.random_network(3, (4, 3), 3, seed=2), {"threshold": "1/2"}),
        (instances.cancelling(3, None), {"threshold": 1}),
    ],
)
def test_sampling_agrees(net, filters):
    X = np.random.default_rng(0).standard_normal((1_000_000, net.input_dim))
    y = net.evaluate(X)[:, 0]
    level = float(Fraction(filters.get("threshold", 0)))
    above, below = (filters.get(name) for name in ("above", "below"))
    if "threshold" in filters:
        kept = np.abs(y) > level
    else:
        kept = np.zeros(len(y), dtype=bool)
        kept |= y > float(Fraction(above)) if above is not None else False
        kept |= y < float(Fraction(below)) if below is not None else False
    moments = tp.filtered_moments(net, **filters)
    axes = np.eye(net.input_dim, dtype=int).tolist()
    matrix = np.array([[float(moments.quadratic(e, f)) for f in axes] for e in axes])
    assert float(moments.probability) == pytest.approx(kept.mean(), abs=2.5e-3)  # five standard errors
    sampled = (X * kept[:, None]).T @ X / len(X) - kept.mean() * np.eye(net.input_dim)
    assert np.abs(sampled - matrix).max() < 9e-3
    assert float(tp.gaussian_mean(net)) == pytest.approx(y.mean(), abs=5 * y.std() / 1000)
    square = float(tp.gaussian_inner_product(net, net))
    assert square == pytest.approx((y**2).mean(), abs=5 * (y**2).std() / 1000)
    assert max(widths(moments)) < NARROW


def test_a_random_plane_of_fifty_pieces_is_narrow():
    net = instances.random_network(2, (16, 16), 30, seed=1)
    assert len(tp.affine_pieces(tp.polyhedral_complex(net))) >= 50
    assert max(widths(tp.filtered_moments(net, threshold=1))) < Fraction(1, 10**12)
    assert tp.gaussian_inner_product(net, net).width < Fraction(1, 10**12)


def test_cancelled_units_do_not_count():
    moments = tp.filtered_moments(instances.cancelling(9, seed=2), threshold=1)
    assert len(moments.basis) == len(moments.eigenvalues) == 2
    plain = tp.filtered_moments(instances.cancelling(3, None), threshold=1)
    assert [float(e) for e in moments.eigenvalues] == pytest.approx([float(e) for e in plain.eigenvalues], abs=1e-14)
    five = tp.ReLUNetwork.from_arrays(
        [[[1, 0, 0, 0, 0], *(s * row for row in np.eye(5, dtype=int) for s in (1, -1))], [[1, *[1, -1] * 5]]]
    )  # relu(x0) + sum_i x_i
    assert len(tp.filtered_moments(five, above=1).basis) == 2


def test_constants_and_atoms():
    one = tp.ReLUNetwork.from_arrays([[[0, 0]]], [[1]])
    sure = tp.filtered_moments(one, threshold="1/2")
    assert (sure.probability, sure.basis, sure.second, sure.eigenvalues) == (tp.Enclosure(1, 1), (), (), ())
    assert sure.quadratic([1, 2]) == sure.trace == tp.Enclosure(0, 0)
    assert tp.filtered_moments(one, above=1).probability == tp.Enclosure(0, 0)
    assert tp.gaussian_mean(one) == tp.gaussian_inner_product(one, one) == tp.Enclosure(1, 1)
    relu = tp.ReLUNetwork.from_arrays([[[1]], [[1]]])
    kept = tp.filtered_moments(relu, threshold=0)
    assert Fraction(1, 2) in kept.probability
    assert kept.probability.width < NARROW
    assert 0 in tp.gaussian_inner_product(relu, tp.ReLUNetwork.from_arrays([[[-1]], [[1]]]))


@pytest.mark.parametrize("bias", [Fraction(-2), Fraction(0), Fraction(3, 2)])
def test_means_of_a_biased_unit(bias):
    unit = tp.ReLUNetwork.from_arrays([[[3, 4]], [[1]]], [[5 * bias], [0]])
    b = float(bias)
    assert float(tp.gaussian_mean(unit)) == pytest.approx(5 * (norm.pdf(b) + b * norm.cdf(b)), abs=1e-14)
    square = 25 * ((1 + b * b) * norm.cdf(b) + b * norm.pdf(b))
    assert float(tp.gaussian_inner_product(unit, unit)) == pytest.approx(square, abs=1e-13)


@pytest.mark.parametrize(
    ("u", "v"), [((1, 0), (1, 1)), ((2, 1), (-2, 1)), ((1, 2), (2, 4)), ((1, 2), (-1, -2)), ((1, 2), (0, 0))]
)
def test_inner_products_of_two_units(u, v):
    first, second = (tp.ReLUNetwork.from_arrays([[list(w)], [[1]]]) for w in (u, v))
    lengths = math.hypot(*u) * math.hypot(*v)
    t = math.acos(max(-1.0, min(1.0, (u[0] * v[0] + u[1] * v[1]) / lengths))) if lengths else 0
    truth = lengths * (math.sin(t) + (math.pi - t) * math.cos(t)) / (2 * math.pi)  # THEORY L18
    assert float(tp.gaussian_inner_product(first, second)) == pytest.approx(truth, abs=1e-14)


def test_inner_products_in_space():
    """E[relu(<u, x>) |x_2|] by conditioning on x_2; biases on both sides."""
    first = tp.ReLUNetwork.from_arrays([[[3, 4, 0]], [[1]]], [[5], [0]])
    second = tp.ReLUNetwork.from_arrays([[[0, 0, 1], [0, 0, -1]], [[1, 1]]], [[0, 0], [-1]])
    product = tp.gaussian_inner_product(first, second)
    truth = 5 * (norm.pdf(1) + norm.cdf(1)) * (math.sqrt(2 / math.pi) - 1)
    assert float(product) == pytest.approx(truth, abs=1e-13)
    assert tp.gaussian_inner_product(second, first).lower <= product.upper


def test_every_kind_of_function():
    pieces = [tp.AffineForm([1, 2], 1), tp.AffineForm([-1, 1]), tp.AffineForm([0, -3], -1)]
    polynomial = tp.TropicalPolynomial(pieces)
    kinds = [
        polynomial,
        tp.LatticePolynomial(pieces, [[0], [1], [2]]),
        tp.to_network(polynomial),
        tp.to_tropical_rational_map(tp.to_network(polynomial)),
    ]
    means = [float(tp.gaussian_mean(f)) for f in kinds]
    filtered = [float(tp.filtered_moments(f, above=1).quadratic([1, 2], [3, 1])) for f in kinds]
    products = [float(tp.gaussian_inner_product(f, g)) for f, g in itertools.combinations(kinds, 2)]
    for values in (means, filtered, products):
        assert values == pytest.approx([values[0]] * len(values), abs=1e-14)


def test_compressed_to_a_subspace():
    moments = tp.filtered_moments(BIASED, threshold=1)
    line = moments.compressed([[3, 4], [6, 8]])
    assert line.basis == ((3, 4),)
    assert float(line.second[0][0]) == pytest.approx(float(moments.quadratic([3, 4])) / 25, abs=1e-15)
    assert line.trace.lower <= line.eigenvalues[0].upper
    turned = moments.compressed([[1, 1], [1, 0]])
    assert float(turned.trace) == pytest.approx(float(moments.trace), abs=1e-14)
    assert [float(e) for e in turned.eigenvalues] == pytest.approx([float(e) for e in moments.eigenvalues], abs=1e-14)
    assert moments.compressed([]).eigenvalues == ()
    flat = tp.filtered_moments(PLANE, above=1).compressed([[0, 1]])
    assert flat.eigenvalues == (tp.Enclosure(0, 0),)
    with pytest.raises(ValueError, match=r"rows\[1\] must have 2 entries, got 1"):
        moments.compressed([[1, 1], [1]])


@pytest.mark.parametrize("values", [(1, 1, 1), (-2, 1, 1), (1, 1, 5), (-3, 0, 7), (2, 2), (0,)])
def test_eigenvalues_are_enclosed(values):
    size = len(values)
    v = [1, -2, 3][:size]
    squared = sum(a * a for a in v)
    mirror = [[Fraction(int(i == j)) - Fraction(2 * v[i] * v[j], squared) for j in range(size)] for i in range(size)]
    table = [
        [sum(mirror[i][k] * values[k] * mirror[k][j] for k in range(size)) for j in range(size)] for i in range(size)
    ]
    with ctx.workprec(128):
        found = symmetric_eigenvalues([[arb(fmpq(q.numerator, q.denominator)) for q in row] for row in table])
    assert all(value in enclosure for value, enclosure in zip(sorted(values), found, strict=True))
    assert all(enclosure.width < NARROW for enclosure in found)


def test_precision_grows_with_cancellation():
    huge = 10**60
    net = tp.ReLUNetwork.from_arrays([[[huge, 1], [huge, 0], [0, 1]], [[1, -1, 3]]])
    square = tp.gaussian_inner_product(net, net)
    assert square.width < Fraction(1, 10**20)
    assert 1 < float(square) < 20


def test_bad_input():
    two = tp.ReLUNetwork.from_arrays([[[1], [1]]])
    with pytest.raises(ValueError, match="a Gaussian functional needs one output, got 2"):
        tp.gaussian_mean(two)
    with pytest.raises(ValueError, match="f has 2 inputs and g has 1"):
        tp.gaussian_inner_product(PLANE, two.output(0))
    with pytest.raises(ValueError, match="dimension at most 3 modulo invariance, got one of at least 4"):
        tp.filtered_moments(instances.h4(6), threshold=1)
    with pytest.raises(ValueError, match="needs a threshold, or a level above or below"):
        tp.filtered_moments(PLANE)
    with pytest.raises(ValueError, match="not both"):
        tp.filtered_moments(PLANE, 1, above=2)
    with pytest.raises(ValueError, match="threshold must be at least 0, got -1"):
        tp.filtered_moments(PLANE, -1)
    with pytest.raises(ValueError, match="above = 0 and below = 1"):
        tp.filtered_moments(PLANE, above=0, below=1)
    with pytest.raises(tp.BudgetExhausted, match="budget of 2 cells exhausted"):
        tp.gaussian_mean(instances.h6(5), budget=tp.Budget(cells=2))
