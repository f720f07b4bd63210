"""Maxima, minima, distances and Lipschitz constants: attained where they say, and exceeded nowhere."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import tropical as tp
from differential.comparison import domain_or_none, inside, same_function
from differential.reproducers import shown
from oracles.activation_z3 import Case, Vector, activation_regions, forms_of
from oracles.built import domain, function, network
from oracles.claims_by_points import Arrangement, dimension, values
from oracles.domain_cases import domain_case
from oracles.equality_z3 import exact_outputs, point_above, point_apart
from oracles.forged_certificates import domain as drawn_domain
from oracles.forged_certificates import function as drawn_function
from oracles.rewritten_cases import mutated

FAR = Fraction(10**2000)  # beyond it, a function of the cases here has no breaks along a ray


def with_last(case: Case, rows: Sequence[Vector], bias: Vector) -> Case:
    return replace(case, weights=(*case.weights[:-1], tuple(rows)), biases=(*case.biases[:-1], bias))


def of_networks(seed: int) -> str:
    """z3 finds no point above; an infinite supremum is approached along the ray."""
    case = domain_case(seed)
    case = with_last(case, case.weights[-1][:1], case.biases[-1][:1])
    opposite = with_last(case, [tuple(-q for q in case.weights[-1][0])], (-case.biases[-1][0],))
    outcomes = []
    with shown(net=case):
        for extremum, upward, sign in ((tp.maximum, case, 1), (tp.minimum, opposite, -1)):
            net = network(case)
            found = extremum(net, domain(case))
            assert inside(case, found.point)
            if found.ray is None:
                assert exact_outputs(case, found.point) == (found.value,)
                assert tp.check_certificate(found.certificate, net)
                assert point_above(upward, sign * found.value) is None
            else:
                assert found.value == sign * math.inf
                assert_rises(upward, found)
            outcomes.append("finite" if found.ray is None else "infinite")
    return ", ".join(outcomes)


def assert_rises(case: Case, found: tp.Extremum) -> None:
    """Without end along the ray: the slope far out is that from the start, and is positive."""
    points = [tuple(p + t * d for p, d in zip(found.point, found.ray, strict=True)) for t in (0, 1, FAR, 2 * FAR)]
    assert all(inside(case, point) for point in points)
    start, near, far, farther = (exact_outputs(case, point)[0] for point in points)
    assert near > start
    assert farther - far == far - start == FAR * (near - start)


def distances(seed: int) -> str:
    """Attained by schoolbook arithmetic, and exceeded nowhere by z3; 0 for the same function."""
    rng, case = random.Random(f"distance {seed}"), domain_case(seed)
    other = mutated(case, rng)
    if rng.random() < 0.5:
        moved = tuple(b + Fraction(rng.randint(-2, 2), 3) for b in other.biases[-1])
        other = with_last(other, other.weights[-1], moved)
    other = same_function(rng, case) if rng.random() < 0.15 else other
    with shown(f=case, g=other):
        found = tp.sup_distance(network(case), network(other), domain(case))
        assert inside(case, found.point)
        if found.ray is not None:
            assert found.value == math.inf
            points = [tuple(p + t * d for p, d in zip(found.point, found.ray, strict=True)) for t in (0, FAR, 2 * FAR)]
            assert all(inside(case, point) for point in points)
            gaps = [max(map(abs, differences(case, other, point))) for point in points]
            assert gaps[0] < gaps[1] < gaps[2]
            return "infinite"
        assert max(map(abs, differences(case, other, found.point))) == found.value
        assert point_apart(case, other, found.value) is None
    return "0" if found.value == 0 else "finite"


def differences(f: Case, g: Case, point: Vector) -> list[Fraction]:
    return [a - b for a, b in zip(exact_outputs(f, point), exact_outputs(g, point), strict=True)]


def lipschitz(seed: int) -> str:
    """The largest dual norm of the gradients of all patterns that z3 finds feasible."""
    case = domain_case(seed)
    case = with_last(case, case.weights[-1][:1], case.biases[-1][:1])
    with shown(net=case):
        gradients = [forms_of(case, pattern)[1][0][0] for pattern in activation_regions(case)]
        squares = {
            1: max(max(map(abs, g)) ** 2 for g in gradients),
            2: max(sum(q * q for q in g) for g in gradients),
            "inf": max(sum(map(abs, g)) ** 2 for g in gradients),
        }
        for norm, expected in squares.items():
            found = tp.lipschitz_constant(network(case), norm, domain(case))
            assert found.squared == expected
            assert found.gradient in gradients
            value = found.value
            bounds = (value, value) if isinstance(value, Fraction) else (value.lower, value.upper)
            assert bounds[0] ** 2 <= expected <= bounds[1] ** 2
    return "0" if not squares[2] else "positive"


def of_all_kinds(seed: int) -> str:
    """Networks, lattice, tropical and rational functions of two or one variable, by values at all vertices."""
    rng = random.Random(f"extrema {seed}")
    f = drawn_function(rng, rng.choice((1, 1, 2)))
    encoded = drawn_domain(rng, dimension(f))
    with shown(f=f, domain=encoded):
        space = Arrangement([f], encoded)
        where = domain_or_none(encoded, space)
        if where == "flat":
            return "flat"
        outcomes = []
        for extremum, sign in ((tp.maximum, 1), (tp.minimum, -1)):
            found, expected = extremum(function(f), where), supremum(f, space, sign)
            assert found.value == expected
            assert space.contains(found.point)
            if found.ray is None:
                assert values(f, found.point) == [found.value]
                assert tp.check_certificate(found.certificate, function(f))
            outcomes.append("finite" if found.ray is None else "infinite")
    return ", ".join(outcomes)


def supremum(f: object, space: Arrangement, sign: int) -> Fraction | float:
    """Of sign * f, times sign: the largest value at a vertex, unless f rises along an unbounded edge."""
    largest = max(sign * values(f, p[: space.dim])[0] for p in space.vertices if space.contains(p))
    bounded = space.nonnegative(lambda p: [largest - sign * t for t in values(f, p)])
    return sign * (largest if bounded else math.inf)
