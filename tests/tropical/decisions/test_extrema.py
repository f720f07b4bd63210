"""Maxima, minima and sup-distances: attained where they say, and exceeded nowhere according to z3."""

import random
from dataclasses import replace
from fractions import Fraction
from operator import sub

import pytest
from case_counts import few

import tropical as tp
from oracles.activation_z3 import Case
from oracles.built import domain, network
from oracles.equality_z3 import exact_outputs, point_above
from oracles.random_cases import random_case
from tropical.decisions.ranges import output_ranges

ABSOLUTE = tp.ReLUNetwork.from_arrays([[[1], [-1]], [[1, 1]]])


def first_output(case: Case) -> Case:
    return replace(
        case, weights=(*case.weights[:-1], case.weights[-1][:1]), biases=(*case.biases[:-1], case.biases[-1][:1])
    )


def negated(net: tp.ReLUNetwork) -> tp.ReLUNetwork:
    last = net.layers[-1]
    opposite = replace(
        last, weight=tuple(tuple(-q for q in row) for row in last.weight), bias=tuple(-q for q in last.bias)
    )
    return tp.ReLUNetwork((*net.layers[:-1], opposite))


def difference(f: tp.ReLUNetwork, g: tp.ReLUNetwork) -> tp.ReLUNetwork:
    """The network f - g."""
    both = tp.parallel(f, g)
    last, m = both.layers[-1], f.output_dim
    rows = tuple(tuple(a - b for a, b in zip(last.weight[i], last.weight[m + i], strict=True)) for i in range(m))
    bias = tuple(last.bias[i] - last.bias[m + i] for i in range(m))
    return tp.ReLUNetwork((*both.layers[:-1], replace(last, weight=rows, bias=bias, slopes=last.slopes[:m])))


def assert_goes_to_infinity(f, extremum, sign):
    values = [f(tuple(p + t * d for p, d in zip(extremum.point, extremum.ray, strict=True)))[0] for t in (0, 1, 7)]
    assert sign * (values[1] - values[0]) > 0
    assert values[2] - values[0] == 7 * (values[1] - values[0])


@pytest.mark.parametrize("seed", range(50))
def test_maximum_against_z3(seed):
    case = first_output(random_case(seed))
    net = network(case)
    found = tp.maximum(net, domain(case))
    assert domain(case) is None or domain(case).contains(found.point)
    if found.ray is None:
        assert exact_outputs(case, found.point) == (found.value,)
        assert tp.check_certificate(found.certificate, net)
        assert point_above(case, found.value) is None
        assert point_above(case, found.value - Fraction(1, 10**9)) is not None
    else:
        assert found.value == float("inf")
        assert case.box is None
        assert_goes_to_infinity(net, found, 1)


@pytest.mark.parametrize("seed", range(20))
def test_a_minimum_is_the_maximum_of_the_negative(seed):
    case = first_output(random_case(seed))
    assert tp.minimum(network(case), domain(case)).value == -tp.maximum(negated(network(case)), domain(case)).value


@pytest.mark.parametrize("seed", range(0, 40, 2))
def test_sup_distance_is_the_extremum_of_the_difference(seed):
    case = random_case(seed)
    changed = replace(case, biases=(tuple(b + Fraction(1, 7) for b in case.biases[0]), *case.biases[1:]))
    f, g = network(case), network(changed)
    found = tp.sup_distance(f, g, domain(case))
    gap = difference(f, g)
    ends = [e(gap.output(i), domain(case)).value for i in range(f.output_dim) for e in (tp.maximum, tp.minimum)]
    assert found.value == max(map(abs, ends))
    if found.ray is None:
        assert max(abs(a - b) for a, b in zip(f(found.point), g(found.point), strict=True)) == found.value
    assert tp.sup_distance(f, f, domain(case)).value == 0


@pytest.mark.parametrize("convert", [tp.to_lattice_polynomial, tp.to_tropical_rational_map])
@pytest.mark.parametrize("seed", [1, 5, 7, 9, 17, 19])
def test_other_kinds_of_functions_have_the_same_extrema(seed, convert):
    case = first_output(random_case(seed))
    net = network(case)
    other = convert(net)
    for extremum in (tp.maximum, tp.minimum):
        assert extremum(other, domain(case)).value == extremum(net, domain(case)).value
    assert tp.sup_distance(net, other, domain(case)).value == 0


def test_an_unbounded_distance_has_a_ray():
    line = tp.ReLUNetwork.from_arrays([[[1]]])
    found = tp.sup_distance(ABSOLUTE, line)
    assert found.value == float("inf")
    assert found.ray[0] < 0
    assert tp.sup_distance(ABSOLUTE, line, tp.Polyhedron([tp.AffineForm([1])])).value == 0


def test_unused_inputs_and_constants():
    constant = tp.ReLUNetwork.from_arrays([[[0, 0, 0]], [[1]]], [[2], [5]])
    assert tp.maximum(constant).value == tp.minimum(constant).value == 7
    assert len(tp.maximum(constant).point) == 3
    wide = tp.ReLUNetwork.from_arrays([[[1, -1, 0, 0]], [[-1]]])
    assert tp.maximum(wide).value == 0
    assert tp.minimum(wide).value == -float("inf")
    assert_goes_to_infinity(wide, tp.minimum(wide), -1)


def test_bad_requests():
    with pytest.raises(ValueError, match="2"):
        tp.maximum(tp.ReLUNetwork.from_arrays([[[1], [2]]]))
    with pytest.raises(ValueError, match="outputs"):
        tp.sup_distance(ABSOLUTE, tp.ReLUNetwork.from_arrays([[[1], [2]]]))


def questions(case: Case):
    """Three questions about a case, each with the quantity asked for and the side that is attained."""
    f, where = network(case), domain(case)
    g = network(replace(case, biases=(tuple(b + Fraction(1, 7) for b in case.biases[0]), *case.biases[1:])))
    form = tp.to_lattice_polynomial(f.output(0))
    return [
        (lambda budget: tp.maximum(f.output(0), where, budget), lambda x: f(x)[0], "lower"),
        (lambda budget: tp.minimum(form, where, budget), form, "upper"),
        (lambda b: tp.sup_distance(f, g, where, b), lambda x: max(map(abs, map(sub, f(x), g(x)))), "lower"),
    ]


@pytest.mark.parametrize("seed", few(range(1, 24, 2), 8))
def test_what_a_budget_leaves_encloses_the_extremum(seed):
    case = random_case(seed)
    for ask, value, attained in questions(case):
        whole, before = ask(None), None
        assert whole.complete
        assert whole.lower == whole.upper == whole.value
        for cells in (1, 2, 3, 5, 8, 10**6):
            part = ask(tp.Budget(cells=cells))
            assert part.lower <= whole.value <= part.upper
            assert part.complete == (part.lower == part.upper)
            assert before is None or before.lower <= part.lower <= part.upper <= before.upper
            if not part.complete:
                assert value(part.point) == getattr(part, attained)
                assert domain(case) is None or domain(case).contains(part.point)
                assert part.incomplete_because == f"budget of {cells} cells exhausted"
                with pytest.raises(ValueError, match=f"only known to lie between .*budget of {cells} cells"):
                    _ = part.value
            before = part
        assert part == whole


def test_nothing_seen_and_a_bound_that_is_attained():
    box, instant = tp.Box([-1], [3]), tp.Budget(seconds=1e-9)
    part = tp.maximum(ABSOLUTE, box, instant)
    assert (part.lower, part.upper, part.point) == (1, 4, (1,))  # at the centre, and 1 too much: |x| as a sum
    assert "seconds" in part.incomplete_because
    part = tp.minimum(ABSOLUTE, budget=instant)
    assert (part.lower, part.upper, part.point) == (-float("inf"), 0, (0,))
    sure = tp.minimum(tp.ReLUNetwork.from_arrays([[[1], [1]], [[1, 1]]], [[0, -5], [0]]), box, tp.Budget(cells=1))
    assert sure.complete
    assert sure.value == 0
    assert tp.check_certificate(sure.certificate)


@pytest.mark.parametrize("seed", range(20))
def test_ranges_hold_every_value(seed):
    case = random_case(seed)
    net, rng = network(case), random.Random(seed)
    box = tp.Box([-2] * net.input_dim, [3] * net.input_dim)
    corners = [[rng.choice((-2, 3, Fraction(rng.randint(-20, 30), 10))) for _ in box.lower] for _ in range(40)]
    for f in (net, tp.to_lattice_polynomial(net.output(0)), tp.to_tropical_rational_map(net)):
        for x in corners:
            assert all(a <= q <= b for (a, b), q in zip(output_ranges(f, box), f.values(x), strict=True))
