"""Convexity and monotonicity against the affine pieces of all regions, by z3 or at points, and random chords."""

import random
from fractions import Fraction
from typing import Any

import tropical as tp
from differential.comparison import domain_or_none, inside
from differential.extrema import with_last
from differential.reproducers import shown
from oracles import certified
from oracles.activation_z3 import Case, Vector, activation_regions, forms_of, value_at
from oracles.built import domain, function, network
from oracles.claims_by_points import Arrangement, dimension, monotone, values
from oracles.domain_cases import domain_case
from oracles.equality_z3 import exact_outputs
from oracles.forged_certificates import domain as drawn_domain
from oracles.forged_certificates import function as drawn_function


def convexity(seed: int) -> str:
    """A function is convex iff at a point inside each region no piece of another region is above it."""
    rng, case = random.Random(f"convex {seed}"), domain_case(seed)
    case = with_last(case, case.weights[-1][:1], case.biases[-1][:1])
    if rng.random() < 0.4:  # non-negative combinations of rectified forms, or their opposite
        case = bent_one_way(rng, case)
    outcomes = []
    with shown(net=case):
        inner = {point: forms_of(case, pattern)[1][0] for pattern, point in activation_regions(case).items()}
        for decide, sign in ((certified.is_convex, 1), (certified.is_concave, -1)):
            verdict = decide(network(case), domain(case))
            pieces = set(inner.values())
            holds = all(sign * (value_at(inner[p], p) - value_at(form, p)) >= 0 for p in inner for form in pieces)
            assert verdict.status == ("proved" if holds else "refuted")
            if holds:
                assert_no_chord_fails(rng, case, list(inner), sign)
            else:
                assert_chord_fails(case, verdict, sign)
            outcomes.append(verdict.status)
    return ", ".join(outcomes)


def bent_one_way(rng: random.Random, case: Case) -> Case:
    sign = rng.choice((1, -1))
    last = tuple(sign * abs(q) for q in rng.choice((case.weights[1][0], (Fraction(1),) * len(case.weights[0]))))
    return Case(
        (case.weights[0], (last,)),
        (case.biases[0], (Fraction(0),)),
        (((Fraction(0), Fraction(1)),) * len(case.weights[0]),),
        case.box,
        f"bent one way, of {case.name}",
        case.halfspaces,
    )


def assert_chord_fails(case: Case, verdict: tp.Verdict, sign: int) -> None:
    (x, y), t = verdict.detail["segment"], verdict.detail["weight"]
    assert inside(case, x)
    assert inside(case, y)
    assert 0 < t < 1
    between = tuple(a + t * (b - a) for a, b in zip(x, y, strict=True))
    on_chord = (1 - t) * exact_outputs(case, x)[0] + t * exact_outputs(case, y)[0]
    assert sign * (exact_outputs(case, between)[0] - on_chord) > 0


def assert_no_chord_fails(rng: random.Random, case: Case, points: list[Vector], sign: int) -> None:
    for _ in range(6):
        x, y, t = rng.choice(points), rng.choice(points), Fraction(rng.randint(1, 7), 8)
        between = tuple(a + t * (b - a) for a, b in zip(x, y, strict=True))
        on_chord = (1 - t) * exact_outputs(case, x)[0] + t * exact_outputs(case, y)[0]
        assert sign * (exact_outputs(case, between)[0] - on_chord) <= 0


def monotonicity(seed: int) -> str:
    """In each coordinate, by the gradients of all outputs on all regions."""
    rng, case = random.Random(f"monotone {seed}"), domain_case(seed)
    if rng.random() < 0.4:
        case = bent_one_way(rng, case)
    outcomes = set()
    with shown(net=case):
        rows = [row for pattern in activation_regions(case) for row, _ in forms_of(case, pattern)[1]]
        for coordinate in range(case.input_dim):
            for increasing, sign in ((True, 1), (False, -1)):
                verdict = certified.is_monotone(network(case), coordinate, increasing, domain(case))
                holds = all(sign * row[coordinate] >= 0 for row in rows)
                assert verdict.status == ("proved" if holds else "refuted")
                if not holds:
                    x, y = verdict.detail["segment"]
                    assert inside(case, x)
                    assert inside(case, y)
                    pairs = zip(exact_outputs(case, x), exact_outputs(case, y), strict=True)
                    assert any(sign * (b - a) < 0 for a, b in pairs)
                outcomes.add(verdict.status)
    return " and ".join(sorted(outcomes))


def of_all_kinds(seed: int) -> str:
    """Networks, lattice, tropical and rational functions of two or one variable, by values at points."""
    rng = random.Random(f"shapes {seed}")
    f = drawn_function(rng, rng.choice((1, 1, 2)))
    encoded = drawn_domain(rng, dimension(f))
    with shown(f=f, domain=encoded):
        space = Arrangement([f], encoded)
        where = domain_or_none(encoded, space)
        if where == "flat" or not space.samples:
            return "flat"
        verdict = certified.is_convex(function(f), where)
        assert verdict.status == ("proved" if convex(f, space) else "refuted")
        for coordinate in range(space.dim):
            step = certified.is_monotone(function(f), coordinate, True, where)
            true = monotone({"f": f, "coordinate": coordinate, "sign": 1}, space)
            assert step.status == ("proved" if true else "refuted")
    return verdict.status


def convex(f: Any, space: Arrangement) -> bool:
    """As ``convexity``, the pieces being read from values at points near the samples."""
    places = [p[: space.dim] for p in space.samples]
    pieces = {piece(f, space, p) for p in space.samples}
    return all(values(f, x)[0] >= value_at(form, x) for form in pieces for x in places)


def piece(f: Any, space: Arrangement, point: Vector) -> tuple[Vector, Fraction]:
    """The affine form of f around a point inside a cell."""
    here, gradient = values(f, point[: space.dim])[0], []
    for axis in range(space.dim):
        way = (Fraction(axis == 0), Fraction(axis == 1))
        step = space.free(point, way) / 2
        moved = (point[0] + step * way[0], point[1] + step * way[1])
        gradient.append((values(f, moved[: space.dim])[0] - here) / step)
    row = tuple(gradient)
    return row, here - value_at((row, Fraction(0)), point[: space.dim])
