"""Activation regions by all routes against z3 over all sign patterns, and faces against intersections of lines."""

from differential.reproducers import shown
from oracles.activation_z3 import Case, activation_regions
from oracles.built import assert_routes_agree, complex_of
from oracles.domain_cases import domain_case
from oracles.extreme_cases import extreme_case, wide_case
from oracles.faces_by_points import face_counts


def regions(seed: int) -> str:
    """On R^n, boxes, polyhedra and cones."""
    case = domain_case(seed)
    with shown(net=case):
        applies = assert_routes_agree(case, search=seed % 3 == 0)
        assert_brute_force(case)
    return "compiled" if applies else "rational"


def extreme_regions(seed: int) -> str:
    """Numbers outside those of floats; z3 takes long with them beyond the plane."""
    case = extreme_case(seed)
    with shown(net=case):
        applies = assert_routes_agree(case, search=seed % 3 == 0)
        if case.input_dim < 3:
            assert_brute_force(case)
    return "compiled" if applies else "rational"


def wide_regions(seed: int) -> str:
    """First layers of 64 units and more."""
    case = wide_case(seed, most=100)
    with shown(net=case):
        return "compiled" if assert_routes_agree(case) else "rational"


def assert_brute_force(case: Case) -> None:
    """The patterns, and in at most two dimensions the numbers of faces; lines along which nothing changes are left
    out of those, and with them faces that there are none of.
    """
    found, expected = complex_of(case), activation_regions(case)
    assert sorted(found.patterns) == sorted(expected)
    if case.input_dim <= 2:
        counts = face_counts(case, expected)
        missing = len(counts) - len(found.f_vector)
        assert (*(0,) * missing, *found.f_vector) == counts
