"""Cutting cones: both descriptions stay consistent, and volumes add up."""

from fractions import Fraction
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

import tropical as tp
from tropical.arithmetic.rationals import rank
from tropical.polyhedra.cones import cut, dot, facets, half_space, intersect, sign_on
from tropical.polyhedra.faces import face_lattice

entries = st.integers(-3, 3)


def rows(dim):
    return st.lists(st.tuples(*[entries] * (dim + 1)), max_size=7)


def assert_consistent(cone):
    everything = (*cone.generators, *cone.lineality)
    assert rank([tuple(map(Fraction, g)) for g in everything]) == len(cone.generators[0])
    for index, row in enumerate(cone.constraints):
        assert all(dot(row, direction) == 0 for direction in cone.lineality)
        for generator, mask in zip(cone.generators, cone.incidence, strict=True):
            assert dot(row, generator) >= 0
            assert (dot(row, generator) == 0) == bool(mask >> index & 1)
    for generator, mask in zip(cone.generators, cone.incidence, strict=True):
        tight = [cone.constraints[i] for i in range(len(cone.constraints)) if mask >> i & 1]
        assert rank([tuple(map(Fraction, row)) for row in tight]) == cone.pointed_dim - 1, generator


@given(st.integers(1, 4).flatmap(rows))
def test_both_descriptions_agree_after_any_sequence_of_cuts(constraints):
    cone = half_space(len(constraints[0]) - 1 if constraints else 2)
    for row in constraints:
        if sign_on(cone, row) is None:
            above, below = cut(cone, row)
            assert_consistent(below)
            cone = above
    assert_consistent(cone)


@given(rows(3))
def test_every_generator_lies_on_enough_facets_and_facets_are_irredundant(constraints):
    cone = intersect(half_space(3), constraints)
    if cone is None:
        return
    found = facets(cone)
    reduced = intersect(half_space(3), [cone.constraints[i] for i in found])
    assert set(reduced.generators) == set(cone.generators)
    for index in found:
        if not any(cone.constraints[index][1:]):
            continue  # the facet at infinity belongs to every half-space
        others = intersect(half_space(3), [cone.constraints[i] for i in found if i != index])
        assert set(others.generators) != set(cone.generators) or others.lineality != cone.lineality


@given(rows(3))
def test_the_parts_of_a_cube_tile_it(constraints):
    cube = tp.Box([-1] * 3, [1] * 3)
    net = tp.ReLUNetwork.from_arrays(
        [[row[1:] for row in constraints] or [[0, 0, 0]], [[1] * max(1, len(constraints))]],
        [[row[0] for row in constraints] or [0], [0]],
    )
    cx = tp.polyhedral_complex(net, cube)
    assert sum(cell.volume for cell in cx.cells) == 8
    assert sum((-1) ** k * count for k, count in enumerate(cx.f_vector)) == 1


def test_the_face_lattice_of_cubes():
    for dim, expected in ((1, [2, 1]), (2, [4, 4, 1]), (3, [8, 12, 6, 1]), (4, [16, 32, 24, 8, 1])):
        cone = tp.Box([0] * dim, [1] * dim).cone
        levels = face_lattice(len(cone.generators), list(facets(cone).values()), dim)
        assert [len(level) for level in levels] == expected
        corners = {tuple(g[1:]) for g in cone.generators}
        assert corners == set(product((0, 1), repeat=dim))
