"""Polytopes: against brute force over hyperplanes, closed forms for volumes, and the laws of Minkowski sums."""

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropical.arithmetic.rationals import nullspace, rank, to_flint
from tropical.functions.affine import AffineForm
from tropical.polyhedra.polytopes import Polytope, minkowski_sum, zonotope, zonotope_generators

entries = st.sampled_from(list(map(Fraction, (0, 1, 2, -1, -2, "1/2", "-2/3", 3, "5/3"))))


def points(dim, most=7):
    return st.lists(st.tuples(*[entries] * dim), min_size=1, max_size=most)


any_points = st.integers(1, 3).flatmap(points)


def homogeneous(vectors):
    return [(Fraction(1), *map(Fraction, v)) for v in vectors]


def facet_sets(vectors):
    """The sets of given points on the facets, from every hyperplane (of the affine hull) through r of the points."""
    rows = homogeneous(vectors)
    full = rank(rows)
    hull = set(range(len(rows)))
    equations = nullspace(rows, len(rows[0]))
    found = set()
    for subset in itertools.combinations(range(len(rows)), full - 1):
        chosen = [rows[i] for i in subset]
        if full < 2 or rank(chosen) < full - 1:
            continue
        # rows of `equations` vanish on the hull, so any other form that vanishes on `chosen` cuts out its span
        forms = [f for f in nullspace([*chosen, *equations], len(rows[0])) if any(value(f, row) for row in rows)]
        values = [value(forms[0], row) for row in rows]
        if all(v >= 0 for v in values) or all(v <= 0 for v in values):
            found.add(frozenset(i for i in hull if not values[i]))
    return found


def value(form, row):
    return sum(a * b for a, b in zip(form, row, strict=True))


@given(any_points)
def test_facets_and_vertices_against_all_hyperplanes(given_points):
    polytope = Polytope(given_points)
    distinct = sorted({tuple(map(Fraction, p)) for p in given_points})
    assert polytope.dimension == rank(homogeneous(distinct)) - 1
    expected = facet_sets(distinct)
    found = {frozenset(i for i, p in enumerate(distinct) if not facet.form(p)) for facet in polytope.facets}
    assert found == expected
    assert len(polytope.facets) == len(expected)
    everything = frozenset(range(len(distinct)))
    smallest = [everything.intersection(*(f for f in expected if i in f)) for i in everything]
    assert polytope.vertices == tuple(p for i, p in enumerate(distinct) if smallest[i] == {i})


@given(any_points)
def test_both_descriptions_agree(given_points):
    polytope = Polytope(given_points)
    assert all(polytope.contains(p) for p in given_points)
    for facet in polytope.facets:
        values = [facet.form(v) for v in polytope.vertices]
        assert min(values) == 0 < max(values)
        assert facet.vertices == tuple(i for i, q in enumerate(values) if q == 0)
        assert rank(homogeneous([polytope.vertices[i] for i in facet.vertices])) == polytope.dimension
        centre = [sum(column) / len(column) for column in zip(*polytope.vertices, strict=True)]
        beyond = polytope.vertices[facet.vertices[0]]
        outside = [2 * b - c for b, c in zip(beyond, centre, strict=True)]
        assert not polytope.contains(outside)
    for form in polytope.equations:
        assert not polytope.contains([p + a for p, a in zip(polytope.vertices[0], form.gradient, strict=True)])


@given(any_points, st.randoms(use_true_random=False))
def test_the_value_depends_on_the_set_only(given_points, rng):
    polytope = Polytope(given_points)
    a, b = rng.choice(given_points), rng.choice(given_points)
    middle = tuple(Fraction(p + 2 * q) / 3 for p, q in zip(a, b, strict=True))
    again = [*given_points, middle, rng.choice(given_points)]
    rng.shuffle(again)
    assert Polytope(again) == polytope
    assert Polytope(again).facets == polytope.facets
    assert hash(Polytope(again)) == hash(polytope)
    assert Polytope(polytope.vertices).vertices == polytope.vertices


@given(any_points)
def test_faces_satisfy_euler_and_are_graded(given_points):
    polytope = Polytope(given_points)
    assert sum((-1) ** k * f for k, f in enumerate(polytope.f_vector)) == 1
    assert polytope.faces[-1] == (tuple(range(len(polytope.vertices))),)
    for k, level in enumerate(polytope.faces):
        for face in level:
            assert rank(homogeneous([polytope.vertices[i] for i in face])) == k + 1
    if polytope.dimension:
        assert set(polytope.faces[-2]) == {facet.vertices for facet in polytope.facets}


@given(points(2, 9))
def test_area_by_the_shoelace_formula(given_points):
    polytope = Polytope(given_points)
    if polytope.dimension < 2:
        assert polytope.volume == 0
        return
    neighbours = {i: [] for i in range(len(polytope.vertices))}
    for i, j in polytope.faces[1]:
        neighbours[i].append(j)
        neighbours[j].append(i)
    order = [0]
    while len(order) < len(polytope.vertices):
        order.append(next(j for j in neighbours[order[-1]] if j not in order))
    corners = [polytope.vertices[i] for i in order]
    twice = sum(a[0] * b[1] - a[1] * b[0] for a, b in zip(corners, corners[1:] + corners[:1], strict=True))
    assert polytope.volume == abs(Fraction(twice)) / 2


@given(points(3), st.lists(st.tuples(entries, entries, entries), min_size=3, max_size=3))
def test_linear_maps_scale_the_volume(given_points, matrix):
    image = [tuple(value(row, p) for row in matrix) for p in given_points]
    determinant = to_flint([tuple(map(Fraction, row)) for row in matrix]).det()
    factor = abs(Fraction(int(determinant.p), int(determinant.q)))
    assert Polytope(image).volume == factor * Polytope(given_points).volume


def test_known_polytopes():
    cube = Polytope(itertools.product((-1, 1), repeat=4))
    assert (cube.f_vector, cube.volume) == ((16, 32, 24, 8, 1), 16)
    cross = Polytope([[s * (i == j) for j in range(4)] for i in range(4) for s in (-1, 1)])
    assert (cross.f_vector, cross.volume) == ((8, 24, 32, 16, 1), Fraction(2, 3))
    simplex = Polytope([[int(i == j) for j in range(5)] for i in range(5)])
    assert (simplex.f_vector, simplex.dimension, simplex.volume) == ((5, 10, 10, 5, 1), 4, 0)
    assert simplex.equations == (AffineForm([-1, -1, -1, -1, -1], 1),)
    cyclic = Polytope([[t, t**2, t**3, t**4] for t in range(8)])
    assert cyclic.f_vector == (8, 28, 40, 20, 1)


def test_points_and_segments():
    point = Polytope([("1/2", -3)] * 2)
    assert (point.dimension, point.f_vector, point.facets, point.volume) == (0, (1,), (), 0)
    assert point.contains(["1/2", -3])
    assert not point.contains(["1/2", -2])
    segment = Polytope([[3], [1], [2]])
    assert (segment.dimension, segment.f_vector, segment.volume) == (1, (2, 1), 2)
    assert [facet.form for facet in segment.facets] == [AffineForm([1], -1), AffineForm([-1], 3)]
    assert not segment.contains([4])
    assert repr(segment) == "<Polytope of dimension 1 in Q^1, 2 vertices>"


@pytest.mark.parametrize("wrong", [[], [(1, 2), (1,)], [()]])
def test_bad_points_are_named(wrong):
    with pytest.raises(ValueError, match=r"a polytope needs points, all of one space Q\^n with n >= 1"):
        Polytope(wrong)


@given(st.integers(1, 3).flatmap(lambda n: st.tuples(points(n, 5), points(n, 5), st.tuples(*[entries] * n))))
def test_support_functions_add_under_minkowski_sums(data):
    first, second, direction = Polytope(data[0]), Polytope(data[1]), data[2]

    def support(polytope):
        return max(value(direction, v) for v in polytope.vertices)

    total = first + second
    assert total == second + first
    assert support(total) == support(first) + support(second)
    assert total.contains([a + b for a, b in zip(data[0][0], data[1][0], strict=True)])


def test_minkowski_sums_need_one_space():
    with pytest.raises(ValueError, match=r"Q\^1 and Q\^2"):
        minkowski_sum(Polytope([[1]]), Polytope([[1, 2]]))
    with pytest.raises(TypeError):
        Polytope([[1]]) + 1


vectors = st.integers(1, 3).flatmap(lambda n: st.lists(st.tuples(*[entries] * n), min_size=1, max_size=5))


@given(vectors)
def test_zonotopes_are_sums_of_segments_and_their_volume_is_a_sum_of_determinants(generators):
    dim = len(generators[0])
    built = zonotope(generators, (1,) * dim)
    total = Polytope([(1,) * dim])
    for generator in generators:
        total += Polytope([(0,) * dim, generator])
    assert built == total
    squares = (to_flint([tuple(map(Fraction, g)) for g in s]).det() for s in itertools.combinations(generators, dim))
    assert built.volume == sum(abs(Fraction(int(d.p), int(d.q))) for d in squares)  # Shephard 1974


@given(vectors)
def test_zonotopes_are_recognised_and_rebuilt(generators):
    built = zonotope(generators, (0,) * len(generators[0]))
    found = zonotope_generators(built)
    assert zonotope(found, built.vertices[0]) == built
    assert all(rank([a, b]) == 2 for a, b in itertools.combinations(found, 2))
    lengths = {}
    for g in (tuple(map(Fraction, g)) for g in generators if any(g)):
        lead = next(q for q in g if q)
        direction = tuple(q / lead for q in g)
        lengths[direction] = lengths.get(direction, 0) + abs(lead)
    assert set(found) == {tuple(length * q for q in d) for d, length in lengths.items()}


@given(any_points)
def test_recognition_means_that_the_edges_sum_to_the_polytope(given_points):
    polytope = Polytope(given_points)
    ends = [[polytope.vertices[i] for i in edge] for level in polytope.faces[1:2] for edge in level]
    classes = {tuple(b - a for a, b in zip(*pair, strict=True)) for pair in ends}
    same = all(rank(pair) == 2 for pair in itertools.combinations(classes, 2)) and len(classes) < 8
    expected = same and zonotope(classes, polytope.vertices[0]) == polytope
    assert (zonotope_generators(polytope) is not None) == expected


def test_what_is_no_zonotope():
    octahedron = Polytope([[s * (i == j) for j in range(3)] for i in range(3) for s in (-1, 1)])
    assert zonotope_generators(octahedron) is None  # centrally symmetric, its faces are not
    assert zonotope_generators(Polytope([(0, 0), (1, 0), (2, 1), (0, 1)])) is None
    assert zonotope_generators(Polytope([(5, 5)])) == ()
    assert zonotope_generators(Polytope([(0, 0, 0), (1, 2, 3)])) == ((1, 2, 3),)


def test_zonotopes_with_nothing_to_add():
    assert zonotope([], (1, 2)) == zonotope([(0, 0)], (1, 2)) == Polytope([(1, 2)])
    with pytest.raises(ValueError, match="generators must have 2 coordinates like the offset, got 1"):
        zonotope([(1,)], (0, 0))
