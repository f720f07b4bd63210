"""Vertices of deeper layers found anew in float64, and slopes of edges, against positions over Q."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from case_counts import few

import tropical as tp
from oracles.built import compiled_applies, domain, network
from oracles.extreme_cases import extreme_case
from oracles.random_cases import random_case
from tropical.activation.compiled.engine import sweep_domain
from tropical.activation.compiled.exact_vertices import ExactVertices, table_values
from tropical.activation.compiled.kernels.skeleton import BOUND, EXACT, SIDES, shift_of, slots_for
from tropical.activation.compiled.refined_vertices import RefinedVertices
from tropical.activation.compiled.sweep import Sweep
from tropical.budget import Meter
from tropical.polyhedra.chart import Chart

WORST = np.float32(3e38)


def compared(cases) -> np.ndarray:
    """How many values of vertices were found anew, and slopes of edges; all of them are asserted to be right."""
    total = np.zeros(2, np.int64)
    for case in filter(compiled_applies, cases):
        net, where = network(case), domain(case)
        chart = Chart.of(net.gradients(), net.input_dim, where)
        total += sweep_domain(chart.restrict(net), chart.cone, Meter(), compare)
    return total


def compare(sweep: Sweep) -> tuple[int, int]:
    exact, last = sweep.exact, len(sweep.stages.bits) - 1
    if last < 2:
        return 0, 0
    told = slopes = 0
    order = sweep.stages.orders[-1].tolist()
    scale, _ = sweep.stages.scale(last)
    for part in sweep.finished(sweep.begin()):
        sk, s, shift = part.skeleton, slots_for(sweep.dim), shift_of(part.skeleton)
        places = [exact.position(sk, v, last) for v in range(part.size)]
        heights = [exact.height(y) for y, _ in places]
        for v, (y, table) in enumerate(places):
            sk.values[v, : len(order)], sk.errors[v, shift : shift + len(order)] = 1, WORST
            sk.sides[v, SIDES] &= ~EXACT
            if sweep._refined.refine(sk, v, last):
                assert abs(Fraction(float(sk.height[v, 0])) - heights[v]) <= Fraction(float(sk.bounds[v, BOUND]))
                factor, values = scale / sweep.start.normaliser(y), table_values(table, y)
                for column, unit in enumerate(order):
                    error = sk.errors[v, shift + column]
                    if error < WORST:
                        told += 1
                        off = Fraction(float(sk.values[v, column])) - factor * values[unit]
                        assert abs(off) <= Fraction(float(error))
            for slot in range(2 * sweep.dim):
                if sk.sides[v, SIDES] >> np.uint32(slot) & np.uint32(1):
                    w = int(sk.half[(v << s) + slot]) >> s + 1
                    slope = sweep._refined.slope(sk, v, slot, last)
                    if slope is not None and heights[v] != heights[w]:
                        slopes += 1
                        assert (slope > 0) == (heights[w] > heights[v])
    return told, slopes


@pytest.mark.parametrize("block", few(range(20), 2))
def test_vertices_and_slopes_are_those_over_q(block):
    told, slopes = compared(map(random_case, range(100 * block, 100 * block + 100)))
    assert told > 300
    assert slopes > 1000


@pytest.mark.parametrize("block", few(range(10), 1))
def test_bounds_hold_for_extreme_numbers(block):
    told, slopes = compared(map(extreme_case, range(60 * block, 60 * block + 60)))
    assert told > 200
    assert slopes > 100


def test_deep_networks_leave_little_to_rational_arithmetic(monkeypatch):
    """In 24 layers of 16 units errors add up; what is found anew decides as rational arithmetic does."""
    rng = np.random.default_rng(0)
    shape = (2, *(16,) * 24, 1)
    weights = [rng.standard_normal((b, a)) * np.sqrt(2 / a) for a, b in pairwise(shape)]
    net = tp.ReLUNetwork.from_arrays(weights, [rng.normal(0, 0.5, b) for b in shape[1:]])
    over_q = []
    ours, exact = Sweep._is_higher, ExactVertices.is_higher

    def compared_order(self, *asked):
        found = ours(self, *asked)
        assert found == exact(self.exact, *asked[:3], asked[-1])
        return found

    def counted(name):
        function = getattr(ExactVertices, name)
        monkeypatch.setattr(ExactVertices, name, lambda *asked: (over_q.append(name), function(*asked))[1])

    def patterns():
        return tp.polyhedral_complex(net, tp.Box([-1, -1], [1, 1]), route="compiled").pattern_array

    with monkeypatch.context() as context:
        context.setattr(Sweep, "_is_higher", compared_order)
        expected = patterns()
    counted("is_higher")
    counted("settle")
    assert np.array_equal(patterns(), expected)
    few_times = len(over_q)
    monkeypatch.setattr(RefinedVertices, "_applies", lambda *_: False)
    assert np.array_equal(patterns(), expected)
    assert len(over_q) - few_times > 3 * few_times
