"""Extrema by branch and bound: against all sign patterns with exact programs, z3, and HiGHS on a big-M encoding."""

import itertools
import random
from fractions import Fraction

import numpy as np
import pytest
from case_counts import few
from scipy.optimize import Bounds, LinearConstraint, milp

import tropical as tp
from oracles.activation_z3 import Case, fractions
from oracles.built import domain, network
from oracles.equality_z3 import point_above
from tropical.arithmetic.linear_program import at_least, maximise
from tropical.arithmetic.rationals import from_flint, primitive
from tropical.budget import Meter
from tropical.decisions.branching import Objective, branch_and_bound
from tropical.functions.layer import rows_along


def drawn(seed):
    """A small network and a box or a polyhedron in it; half of the networks are degenerate, with any slopes."""
    rng = random.Random(seed)
    tiny = rng.random() < 0.6

    def number():
        return Fraction(rng.randint(-2, 2)) if tiny else Fraction(rng.randint(-50, 50), rng.choice((1, 7, 16)))

    sizes = [rng.randint(1, 4), *(rng.randint(1, 4) for _ in range(rng.randint(1, 2))), 1]
    weights = [[[number() for _ in range(n)] for _ in range(m)] for n, m in itertools.pairwise(sizes)]
    biases = [[number() for _ in range(m)] for m in sizes[1:]]
    slopes = None if rng.random() < 0.5 else [[(number(), number()) for _ in range(m)] for m in sizes[1:-1]]
    box = tp.Box([-1] * sizes[0], [2] * sizes[0])
    if rng.random() < 0.5:
        rows = [[rng.randint(-3, 3) or 1 for _ in range(sizes[0])] for _ in range(2)]
        box = box & tp.Polyhedron([tp.AffineForm(row, rng.randint(1, 3)) for row in rows])
    return tp.ReLUNetwork.from_arrays(weights, biases, slopes), box


def over_all_patterns(net, region, sign):
    """The maximum and the last point in lexicographic order that attains it, by programs for every sign pattern."""
    found = []
    for pattern in itertools.product((1, -1), repeat=net.num_kinked):
        *hidden, output = map(from_flint, rows_along(net.layers, net.input_dim, pattern))
        units = [table[unit] for layer, table in zip(net.layers, hidden, strict=False) for unit in layer.kinked]
        rows = [tuple(s * a for a in primitive(row)) for s, row in zip(pattern, units, strict=True)]
        rows += region.rows
        objective = primitive([sign * q for q in output[0]])
        outcome = maximise(objective, rows)
        if outcome.status == "optimal":
            for axis in range(net.input_dim):
                rows.append(at_least(objective, outcome.value))
                objective = tuple(int(j == axis + 1) for j in range(net.input_dim + 1))
                outcome = maximise(objective, rows)
            found.append((sign * net(outcome.point)[0], outcome.point))
    return max(found)


@pytest.mark.parametrize("seed", few(range(300), 20))
def test_against_all_sign_patterns(seed):
    net, region = drawn(seed)
    for sign in (1, -1):
        found = branch_and_bound(net, [Objective(0, sign)], region, None, Meter())
        assert (found.lower, found.point) == over_all_patterns(net, region, sign)
        assert found.lower == found.upper
        cut = (tp.maximum if sign > 0 else tp.minimum)(net, region)  # by cells, in few dimensions
        assert (sign * cut.value, cut.point) == (found.lower, found.point)


def wide(dim, *units, seed=0):
    """A network with float weights, as the numbers alone, on [-1, 1]^dim."""
    rng = np.random.default_rng(seed)
    sizes = [dim, *units, 1]
    weights = tuple(fractions(rng.standard_normal((m, n)).tolist()) for n, m in itertools.pairwise(sizes))
    biases = tuple(fractions([rng.standard_normal(m).tolist()])[0] for m in sizes[1:])
    slopes = tuple(((Fraction(0), Fraction(1)),) * m for m in units)
    return Case(weights, biases, slopes, (fractions([[-1] * dim])[0], fractions([[1] * dim])[0]))


def by_milp(case, sign):
    """The extremum by HiGHS: a = relu(z) as z <= a <= z + M(1 - s), a <= M s for a binary s."""
    widths = [len(rows) for rows in case.weights[:-1]]
    inputs, hidden = case.input_dim, sum(widths)
    count = inputs + 2 * hidden
    most, reach, rows, low, high, place = 1.0, inputs, [], [], [], 0
    before = np.eye(inputs, count)
    for table, offsets in zip(case.weights[:-1], case.biases[:-1], strict=True):
        weight, bias = np.array(table, float), np.array(offsets, float)
        most = float(np.abs(weight).sum(axis=1).max() * most + np.abs(bias).max())
        for z, b in zip(weight @ before, bias, strict=True):
            a, s = np.eye(count)[inputs + place], np.eye(count)[inputs + hidden + place]
            rows += [a - z, a - z + most * s, a - most * s]
            low, high = [*low, b, -np.inf, -np.inf], [*high, np.inf, b + most, 0]
            place += 1
        before = np.eye(count)[reach : reach + len(bias)]
        reach += len(bias)
    cost = -sign * np.array(case.weights[-1][0], float) @ before
    ends = Bounds(
        np.r_[-np.ones(inputs), np.zeros(2 * hidden)], np.r_[np.ones(inputs), np.full(hidden, np.inf), np.ones(hidden)]
    )
    integral = np.r_[np.zeros(inputs + hidden), np.ones(hidden)]
    found = milp(cost, constraints=LinearConstraint(np.array(rows), low, high), bounds=ends, integrality=integral)
    return -sign * found.fun + float(case.biases[-1][0])


@pytest.mark.parametrize(
    ("shape", "seed"), few([((10, 6), 0), ((8, 5, 4), 1), ((25, 8), 2), ((64, 8), 3), ((12, 10, 8), 4)], 3)
)
def test_many_inputs_against_highs_and_z3(shape, seed):
    case = wide(*shape, seed=seed)
    net, box = network(case), domain(case)
    for sign, ask in ((1, tp.maximum), (-1, tp.minimum)):
        found = ask(net, box)
        assert found.complete
        assert box.contains(found.point)
        assert net(found.point) == (found.value,)
        assert float(found.value) == pytest.approx(by_milp(case, sign), rel=1e-6)
    if shape == (10, 6):
        assert point_above(case, tp.maximum(net, box).value) is None


def test_the_certificate_of_a_maximum_in_many_dimensions():
    case = wide(8, 3)
    net, box = network(case), domain(case)
    for ask, first in ((tp.maximum, True), (tp.minimum, False)):
        found = ask(net, box)
        constant = tp.ReLUNetwork.from_arrays([[[0] * 8]], [[found.value]])
        assert tp.check_certificate(found.certificate, *((net, constant) if first else (constant, net)))
        assert not tp.check_certificate(found.certificate, constant, constant)
    assert tp.maximum(network(wide(8, 12)), box).certificate is None


def test_sup_distance_in_many_dimensions():
    one, other = wide(8, 4, seed=1), wide(8, 4, seed=2)
    f, g, box = network(one), network(other), domain(one)
    found = tp.sup_distance(f, g, box)
    assert abs(f(found.point)[0] - g(found.point)[0]) == found.value
    ends = [ask(f - g, box).value for ask in (tp.maximum, tp.minimum)]
    assert found.value == max(map(abs, ends))


def test_where_many_points_attain_it_the_last_one_counts():
    rng = random.Random(3)
    dead = tp.ReLUNetwork.from_arrays([[[rng.randint(-2, 2) for _ in range(8)] for _ in range(4)], [[1] * 4]])
    box = tp.Box([-1] * 8, [1] * 8)
    found = tp.minimum(dead, box)
    assert (found.value, found.point) == (0, over_all_patterns(dead, box, -1)[1])
    flat = tp.ReLUNetwork.from_arrays([[[0] * 40, [1] + [0] * 39], [[1, -1]]])  # sees one of its inputs
    assert tp.maximum(flat, tp.Box([-1] * 40, [1] * 40)).point == (0, *[1] * 39)


@pytest.mark.parametrize("bounded", [True, False])
def test_what_a_budget_leaves_in_many_dimensions(bounded):
    case = wide(9, 9, 5, seed=5)
    net, box = network(case), domain(case)
    region = box if bounded else tp.Polyhedron(list(box.halfspaces)[::-1])
    before, whole = None, tp.maximum(net, region)
    for cells in (1, 2, 4, 8, 16):
        part = tp.maximum(net, region, tp.Budget(cells=cells))
        assert not part.complete
        assert net(part.point) == (part.lower,)
        assert before is None or before.lower <= part.lower <= whole.value <= part.upper <= before.upper
        assert part.incomplete_because == f"budget of {cells} cells exhausted"
        before = part
    assert tp.maximum(net, region, tp.Budget(seconds=1e-9)).upper >= whole.value
    assert tp.maximum(net, box) == whole
