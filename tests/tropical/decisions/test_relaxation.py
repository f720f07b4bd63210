"""The relaxation holds every point of the graph of a network, and with all signs given nothing else."""

import itertools
import random
from fractions import Fraction

import pytest

import tropical as tp
from tropical.arithmetic.box_program import AT_LEAST, AT_MOST
from tropical.budget import Meter
from tropical.decisions.relaxation import BoundedDomain, relaxation


def drawn(seed):
    rng = random.Random(seed)
    sizes = [rng.randint(1, 3), rng.randint(1, 4), rng.randint(1, 3), 1]
    weights = [[[rng.randint(-3, 3) for _ in range(n)] for _ in range(m)] for n, m in itertools.pairwise(sizes)]
    biases = [[Fraction(rng.randint(-5, 5), 3) for _ in range(m)] for m in sizes[1:]]
    slopes = [[(rng.randint(-2, 2), rng.randint(-2, 2)) for _ in range(m)] for m in sizes[1:-1]]
    net = tp.ReLUNetwork.from_arrays(weights, biases, slopes)
    domain = BoundedDomain((Fraction(-1),) * sizes[0], (Fraction(2),) * sizes[0])
    points = [tuple(Fraction(rng.randint(-8, 16), 8) for _ in range(sizes[0])) for _ in range(12)]
    return net, domain, points


def preactivations(net, x):
    """The value of each kinked unit before its activation, by schoolbook Fractions."""
    values, found = list(x), {}
    for index, layer in enumerate(net.layers):
        rows = zip(layer.weight, layer.bias, strict=True)
        before = [sum(a * v for a, v in zip(row, values, strict=True)) + b for row, b in rows]
        found |= {(index, i): before[i] for i in layer.kinked}
        values = [v * pair[v >= 0] for v, pair in zip(before, layer.slopes, strict=True)]
    return found


def value(row, point):
    numbers = [Fraction(str(a)) for a in row]
    return numbers[0] + sum(a * q for a, q in zip(numbers[1:], point, strict=False))


@pytest.mark.parametrize("tighten", [False, True])
@pytest.mark.parametrize("seed", range(25))
def test_every_point_of_the_graph_is_within(seed, tighten):
    net, domain, points = drawn(seed)
    for x in points:
        units = preactivations(net, x)
        signs = {unit: 1 if z >= 0 else -1 for unit, z in list(units.items())[: seed % 4]}
        part = relaxation(net, domain, signs, {}, Meter(), tighten)
        assert all(low <= units[unit] <= high for unit, (low, high) in part.ranges.items())
        variables = list(x)
        for unit in part.open_units:
            z = units[unit.unit]
            assert value(unit.row, variables) == z
            variables.append(z * unit.slopes[z >= 0])
        program = part.program
        assert all(a <= q <= b for a, q, b in zip(program.lower, variables, program.upper, strict=True))
        for row, side in zip(
            program.rows, part.sides_with({u: 1 if z >= 0 else -1 for u, z in units.items()}), strict=True
        ):
            assert value(row, variables) >= 0 or not side & AT_LEAST
            assert value(row, variables) <= 0 or not side & AT_MOST
        assert [value(row, variables) for row in part.outputs] == list(net(x))


def test_signs_that_no_point_has():
    net = tp.ReLUNetwork.from_arrays([[[1], [1]], [[1, 1]]], [[0, -5], [0]])
    domain = BoundedDomain((Fraction(-1),), (Fraction(2),))
    assert relaxation(net, domain, {(0, 1): 1}, {}, Meter()) is None
    assert relaxation(net, domain, {(0, 1): -1}, {}, Meter()).open_units[0].unit == (0, 0)
