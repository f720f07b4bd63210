"""The brute force itself: hand cases, a second enumeration that shares nothing between patterns, and its generator."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest
from case_counts import few

from oracles.activation_z3 import (
    activation_regions,
    all_patterns_one_by_one,
    forms_of,
    pattern_at,
    relu_case,
    value_at,
)
from oracles.domain_cases import KINDS as DOMAINS
from oracles.domain_cases import domain_case
from oracles.equality_z3 import exact_outputs
from oracles.faces_by_points import face_counts, region_count
from oracles.random_cases import KINDS, PERIOD, random_case

HADAMARD = [[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]
AXES = [[int(i == j) for j in range(4)] for i in range(4)]
H4_ROWS = [[sign * q for q in row] for row in [*AXES, *HADAMARD] for sign in (1, -1)]

HAND = {
    "max(x, y)": (relu_case([[[1, -1], [0, 1], [0, -1]]]), 4),
    "two parallel lines and one across, biases 1/2": (relu_case([[[1, 0], [1, 0], [0, 1]]], [["1/2", "1/2", 0]]), 4),
    "three concurrent lines": (relu_case([[[1, 0], [0, 1], [1, 1]]]), 6),
    "four concurrent lines": (
        relu_case([[[1, 0], [0, 1], [1, 1], [1, -1]]], [["-1/4", "-1/8", "-3/8", "-1/8"]], box=([-1, -1], [1, 1])),
        8,
    ),
    "relu(x) - relu(-x)": (relu_case([[[1], [-1]]]), 2),
    "no unit depends on x": (relu_case([[[0, 0], [0, 0]]], [[1, 0]]), 1),
    "n planes in general position": (relu_case([[[1, 0, 0], [0, 1, 0], [0, 0, 1]]], [[1, 2, 3]]), 8),
    "line that misses the box": (relu_case([[[1, 1]]], [[-3]], box=([0, 0], [1, 1])), 1),
    "line through a corner of the box": (relu_case([[[1, 1]]], [[-2]], box=([0, 0], [1, 1])), 1),
    "H4": (relu_case([H4_ROWS]), 104),
}


@pytest.mark.parametrize("name", HAND)
def test_counts_on_hand_cases(name):
    case, count = HAND[name]
    assert len(activation_regions(case)) == count


def test_patterns_name_dead_and_identically_vanishing_units():
    case = relu_case([[[1], [1]], [[1, -1], [-1, 0]], [[1, 1]]])
    assert set(activation_regions(case)) == {(1, 1, 0, -1), (-1, -1, 0, 0)}


def test_units_with_equal_slopes_have_no_entry():
    case = relu_case([[[1], [1]], [[1, 1]], [[1]]], [[0, 1], [-5], [0]], slope=(1, 1))
    assert list(activation_regions(case)) == [()]


def test_the_first_cases_cover_every_kind_dimension_and_domain():
    cases = [random_case(seed) for seed in range(PERIOD)]
    assert cases == [random_case(seed) for seed in range(PERIOD)]
    kinds = Counter((case.name.split(": ")[1].split(",")[0], case.input_dim) for case in cases)
    generic = {("generic", dim): len(KINDS) for dim in (1, 2, 3, 4)}
    assert kinds == generic | dict.fromkeys(product(KINDS, (1, 2, 3, 4)), 1)
    assert {len(case.slopes) for case in cases} == {1, 2, 3}
    assert {case.box is None for case in cases} == {True, False}
    assert max(sum(map(len, case.slopes)) for case in cases) == 8


@pytest.mark.parametrize("seed", few(range(0, 120, 3), 20))
def test_witnesses_lie_in_the_domain_and_have_their_pattern(seed):
    case = random_case(seed)
    regions = activation_regions(case)
    assert regions
    for pattern, point in regions.items():
        assert pattern_at(case, point) == pattern
        if case.box is not None:
            assert all(low < x < high for low, x, high in zip(case.box[0], point, case.box[1], strict=True))


@pytest.mark.parametrize("seed", few(range(1, 120, 2), 30))
def test_depth_first_search_equals_separate_questions(seed):
    case = random_case(seed)
    if sum(left != right for layer in case.slopes for left, right in layer) <= 5:
        assert set(activation_regions(case)) == all_patterns_one_by_one(case)


@pytest.mark.parametrize("seed", few(range(2, 122, 3), 20))
def test_on_polyhedra_witnesses_lie_inside_and_separate_questions_agree(seed):
    case = domain_case(seed)
    regions = activation_regions(case)
    assert regions
    for pattern, point in regions.items():
        assert pattern_at(case, point) == pattern
        assert all(value_at(form, point) > 0 for form in case.constraints)
        assert [value_at(form, point) for form in forms_of(case, pattern)[1]] == list(exact_outputs(case, point))
    if len(next(iter(regions))) <= 5:
        assert set(regions) == all_patterns_one_by_one(case)


def test_domains_of_every_kind_occur():
    names = [domain_case(seed).name for seed in range(100)]
    assert all(any(kind in name for name in names) for kind in DOMAINS)


HALF = ((Fraction(-1), Fraction(-1)), Fraction(1))  # x + y <= 1
FACES = {
    "three concurrent lines": (HAND["three concurrent lines"][0], (1, 6, 6)),
    "relu(x) - relu(-x)": (HAND["relu(x) - relu(-x)"][0], (1, 2)),
    "two parallel lines and one across": (relu_case([[[1, 0], [1, 0], [0, 1]]], [["1/2", "-1/2", 0]]), (2, 7, 6)),
    "a line through a corner of the box": (HAND["line through a corner of the box"][0], (4, 4, 1)),
    "a box cut off and in two": (replace(relu_case([[[1, -1]]], box=([0, 0], [1, 1])), halfspaces=(HALF,)), (4, 5, 2)),
    "parallel lines only": (relu_case([[[1, 0], [1, 0]]], [[0, 1]]), (0, 2, 3)),
}


@pytest.mark.parametrize("name", FACES)
def test_faces_of_hand_cases(name):
    case, expected = FACES[name]
    assert face_counts(case, activation_regions(case)) == expected


def test_linear_regions_of_hand_cases():
    clipped = relu_case([[[1, 0], [0, 1]], [[1, 1]], [[1]]], [[0, 0], [-1], [0]])  # relu(x+ + y+ - 1)
    steps = relu_case([[[1], [1]], [[1, -1]]], [[0, -1], [0]])  # constant, rising, constant
    maximum = relu_case([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    assert [region_count(case, activation_regions(case)) for case in (clipped, steps, maximum)] == [4, 3, 2]


@pytest.mark.parametrize("seed", range(0, 60, 4))
def test_every_point_has_the_pattern_of_some_region_or_lies_on_a_boundary(seed):
    case = random_case(seed)
    regions = activation_regions(case)
    lower, upper = case.box or ((Fraction(-3),) * case.input_dim, (Fraction(3),) * case.input_dim)
    for step in range(1, 40):
        point = [
            low + (high - low) * Fraction((step * (7 + 4 * i)) % 41, 41)
            for i, (low, high) in enumerate(zip(lower, upper, strict=True))
        ]
        pattern = pattern_at(case, point)
        assert pattern in regions or 0 in pattern
