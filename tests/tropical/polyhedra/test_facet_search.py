"""Interior points and facets of polyhedra against z3, on degenerate, tiny and badly scaled ones too."""

from fractions import Fraction
from itertools import product
from unittest import mock

import numpy as np
import pytest
import z3
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tropical.arithmetic.linear_program import Basis, BasisProposer
from tropical.polyhedra import facet_search
from tropical.polyhedra.cones import dot
from tropical.polyhedra.facet_search import Implications, LocalView, find_facets, interior_point, simplified, tightest

TINY = 10**12


def feasible(strict, weak, dim):
    x = [z3.Real(f"x{j}") for j in range(dim)]
    solver = z3.SolverFor("QF_LRA")
    forms = (
        (row[0] + z3.Sum([a * v for a, v in zip(row[1:], x, strict=True)]), row in strict) for row in (*strict, *weak)
    )
    solver.add(*(form > 0 if positive else form >= 0 for form, positive in forms))
    return solver.check() == z3.sat


@st.composite
def systems(draw):
    dim = draw(st.integers(1, 4))
    entry = st.integers(-3, 3)
    rows = draw(st.lists(st.tuples(st.integers(0, 4), *[entry] * dim), min_size=1, max_size=9))
    sizes = draw(st.lists(st.sampled_from((1, 1, 5, TINY, 2**300)), min_size=len(rows), max_size=len(rows)))
    copies = draw(st.lists(st.tuples(st.sampled_from(rows), st.integers(1, 3), st.integers(0, 2)), max_size=3))
    scaled = [tuple(size * a for a in row) for row, size in zip(rows, sizes, strict=True)]
    return dim, scaled + [(factor * row[0] + shift, *(factor * a for a in row[1:])) for row, factor, shift in copies]


def assert_facets_are(rows, inside):
    """Every row is a facet or not as z3 says: one that can be negative where all others are not."""
    found = find_facets(LocalView(rows, inside))
    for i, row in enumerate(rows):
        others = rows[:i] + rows[i + 1 :]
        assert (i in found) == feasible([tuple(-a for a in row)], others, len(inside) - 1), row
    for i, crossing in found.items():
        assert crossing.direction[0] == 0
        assert dot(rows[i], crossing.direction) < 0
        assert [dot(row, crossing.point) > 0 for row in rows] == [j != i for j in range(len(rows))]


@given(systems())
@example((1, [(TINY, -TINY), (1 - TINY, TINY)]))
@example((2, [(1, 0, 0), (0, 1, 0)]))
def test_interior_points_and_facets(system):
    dim, rows = system
    inside = interior_point(rows, dim)
    assert (inside is not None) == feasible(rows, [], dim)
    assume(inside is not None)
    assert all(dot(row, inside) > 0 for row in rows)
    kept = [rows[i] for i in tightest(rows)]
    assume(kept)
    assert_facets_are(kept, inside)


@given(systems(), st.integers(0, 2))
def test_the_exact_simplex_alone_gives_the_same_facets(system, misleading):
    """Without rays, and with a float solver that proposes nonsense, the answers do not change."""
    dim, rows = system
    inside = interior_point(rows, dim)
    assume(inside is not None)
    rows = [rows[i] for i in tightest(rows)]
    assume(rows)
    size = min(misleading, len(rows), dim)
    nonsense = Basis(tuple(range(size)), tuple(range(size)), np.full(dim, [1.0, np.nan, np.inf][misleading]))
    with (
        mock.patch.object(facet_search._FacetSearch, "shoot", return_value=None),
        mock.patch.object(BasisProposer, "minimise", return_value=nonsense),
    ):
        assert_facets_are(rows, inside)


@given(systems())
def test_centring_stays_inside(system):
    dim, rows = system
    inside = interior_point(rows, dim)
    assume(inside is not None)
    rows = [row for row in rows if any(row[1:])]
    assume(rows)
    view = LocalView(rows, inside)
    view.move_to_centre()
    for point in (view.inside, simplified(rows, inside)):
        assert all(dot(row, point) > 0 for row in rows)


@pytest.mark.parametrize("offset", [0, 3, 10**15])
def test_a_tiny_cube_far_away(offset):
    dim, size = 3, 10**20
    rows = [(-offset, *(int(i == j) for i in range(dim))) for j in range(dim)]
    rows += [(offset * size + 1, *(-size * (i == j) for i in range(dim))) for j in range(dim)]
    rows += [(-dim * offset * size + k, *[size] * dim) for k in (0, 1)]  # touches a corner; a little beyond it
    inside = interior_point(rows[:6], dim)
    assert sorted(find_facets(LocalView(rows, inside))) == list(range(6))
    assert all(offset < Fraction(a, inside[0]) < offset + Fraction(1, size) for a in inside[1:])


def test_a_vertex_with_many_redundant_hyperplanes():
    facet_rows = [(0, *(int(i == j) for i in range(5))) for j in range(5)]
    touching = [(0, *row) for row in product((0, 1), repeat=5) if sum(row) > 1]
    assert sorted(find_facets(LocalView([*facet_rows, *touching], (1, *[1] * 5)))) == [0, 1, 2, 3, 4]


def test_rows_that_differ_in_the_last_bit():
    """Two nearly parallel lines cross far away: both are facets. Two parallel ones: only the tighter one is."""
    size = 2**60
    crossing = [(size, -1, -size), (size, 0, -size), (0, 0, 1)]
    assert sorted(find_facets(LocalView(crossing, (2, 0, 1)))) == [0, 1, 2]
    assert tightest([(size + 1, 0, -size), (size, 0, -size), (2 * size, 0, -2 * size)]) == [1]


def test_known_facets_are_left_out():
    square = [(0, 1, 0), (1, -1, 0), (0, 0, 1), (1, 0, -1), (5, 1, 1)]
    assert sorted(find_facets(LocalView(square, (2, 1, 1)), known=[0, 2])) == [1, 3]
    assert find_facets(LocalView(square, (2, 1, 1)), known=range(5)) == {}


def test_certificates_are_used_again_only_where_their_rows_meet():
    cube = [(0, 1, 0), (0, 0, 1), (4, -1, 0), (4, 0, -1)]
    beyond, seen = (9, -1, -1), Implications()
    assert sorted(find_facets(LocalView([*cube, beyond], (1, 1, 1)), implications=seen)) == [0, 1, 2, 3]
    with mock.patch.object(BasisProposer, "minimise", side_effect=AssertionError):
        assert sorted(find_facets(LocalView([beyond, *cube], (1, 1, 2)), implications=seen)) == [1, 2, 3, 4]
    wider = [*cube[:3], (6, 0, -1), beyond]
    assert sorted(find_facets(LocalView(wider, (1, 1, 1)), implications=seen)) == [0, 1, 2, 3, 4]
