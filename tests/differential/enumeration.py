"""Activation regions by all routes against z3 over all sign patterns, and faces against intersections of lines."""

import tropical as tp
from differential.reproducers import shown
from oracles.activation_z3 import Case, activation_regions, forms_of
from oracles.built import assert_routes_agree, complex_of
from oracles.domain_cases import domain_case, small_case
from oracles.extreme_cases import extreme_case, wide_case
from oracles.faces_by_points import face_counts, region_count


def regions(seed: int) -> str:
    """On R^n, boxes, polyhedra and cones."""
    case = domain_case(seed)
    with shown(net=case):
        applies = assert_routes_agree(case, search=seed % 3 == 0)
        assert_brute_force(case)
    return "compiled" if applies else "rational"


def linear_regions(seed: int) -> str:
    """Linear regions and affine pieces on the line and in the plane, by cells that share a facet and by their forms."""
    case = small_case(domain_case, seed, 8, most_inputs=2)
    with shown(net=case):
        found, expected = complex_of(case), activation_regions(case)
        assert len(tp.affine_pieces(found)) == len({forms_of(case, pattern)[1] for pattern in expected})
        regions = tp.linear_regions(found)
        assert len(regions) == region_count(case, expected)
        assert sorted(i for region in regions for i in region.cells) == list(range(found.num_cells))
    return "merged" if len(regions) < found.num_cells else "all cells"


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
