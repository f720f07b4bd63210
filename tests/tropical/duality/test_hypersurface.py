"""Tropical hypersurfaces: against gfan, duality with the regular subdivision, balancing."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import tropical_geometry_cases

from tropical.arithmetic.rationals import from_flint, primitive, rank, to_flint
from tropical.duality.hypersurface import tropical_hypersurface
from tropical.duality.regular_subdivisions import dual_subdivision
from tropical.functions.polynomial import TropicalPolynomial

CASES = [pytest.param(p, case, id=case["name"]) for p, case in tropical_geometry_cases()]
INTEGERS = st.sampled_from([0, 1, 2, -1, 3])
RATIONALS = st.sampled_from(list(map(Fraction, (0, 1, 2, -1, 3, "1/2", "-1/2", "3/2", "-1/3"))))
HEIGHTS = st.sampled_from(list(map(Fraction, (0, 1, -1, 0, 1, -1, 2, "1/2", "-3/4", -3, "5/3"))))
COORDINATES = st.sampled_from(list(map(Fraction, (0, 1, -1, 2, -5, "1/2", "-2/3", "7/4", "5/6"))))


def polynomials(dim, entries=RATIONALS):
    terms = st.tuples(st.tuples(*[entries] * dim), HEIGHTS)
    return st.lists(terms, min_size=1, max_size=9).map(TropicalPolynomial.from_terms)


any_polynomial = st.integers(1, 3).flatmap(polynomials)


def all_cells(hypersurface):
    return [*(cell for level in hypersurface.cells for cell in level), *hypersurface.regions]


def minus(a, b):
    return tuple(p - q for p, q in zip(a, b, strict=True))


def orthogonal(vector, lineality):
    """The representative orthogonal to the lineality space."""
    if not lineality:
        return tuple(vector)
    rows, x = to_flint(lineality), to_flint([(q,) for q in vector])
    part = rows.transpose() * (rows * rows.transpose()).inv() * (rows * x)
    return tuple(q for (q,) in from_flint(x - part))


@pytest.mark.parametrize(("p", "case"), CASES)
def test_hypersurface_of_the_reference(p, case):
    found, expected = tropical_hypersurface(p), case["hypersurface"]
    assert len(found.lineality) == expected["lineality_dim"]
    assert list(found.f_vector) == expected["f_vector"]
    vertices = {v: orthogonal(v, found.lineality) for v in found.vertices}
    rays = {r: primitive(orthogonal(r, found.lineality)) for r in found.rays}
    assert sorted(vertices.values()) == [tuple(map(Fraction, v)) for v in expected["vertices"]]
    assert sorted(rays.values()) == list(map(tuple, expected["rays"]))
    facets = {
        (frozenset(map(vertices.get, f.vertices)), frozenset(map(rays.get, f.rays)), found.multiplicity(f))
        for f in found.facets
    }
    assert len(facets) == len(expected["facets"])
    places = sorted(vertices.values()), sorted(rays.values())
    assert facets == {
        (frozenset(places[0][i] for i in corners), frozenset(places[1][i] for i in directions), Fraction(m))
        for corners, directions, m in expected["facets"]
    }


@given(any_polynomial)
def test_cells_of_dimension_k_are_dual_to_cells_of_codimension_k(p):
    n, hypersurface, subdivision = p.input_dim, tropical_hypersurface(p), dual_subdivision(p)
    levels = [*hypersurface.cells, hypersurface.regions]
    for k, level in enumerate(levels):
        dual = subdivision.cells[n - k] if n - k <= subdivision.dimension else ()
        assert tuple(cell.terms for cell in level) == dual
        for cell in level:
            spread = [minus(v, cell.vertices[0]) for v in cell.vertices]
            assert rank([*spread, *cell.rays, *hypersurface.lineality]) == cell.dimension == k
    assert n == subdivision.dimension + len(hypersurface.lineality)


@given(any_polynomial)
def test_incidences_are_those_of_the_polyhedra_and_reversed_by_duality(p):
    n, hypersurface, subdivision = p.input_dim, tropical_hypersurface(p), dual_subdivision(p)
    levels = [*hypersurface.cells, hypersurface.regions]
    assert len(hypersurface.incidences) == n
    for k, pairs in enumerate(hypersurface.incidences):
        faces = [
            (i, j)
            for i, small in enumerate(levels[k])
            for j, large in enumerate(levels[k + 1])
            if set(small.vertices) <= set(large.vertices) and set(small.rays) <= set(large.rays)
        ]
        assert faces == list(pairs)
        dual = subdivision.incidences[n - k - 1] if n - k <= subdivision.dimension else ()
        assert {(j, i) for i, j in pairs} == set(dual)


@given(any_polynomial, st.randoms(use_true_random=False))
def test_exactly_the_dual_terms_are_maximal_in_the_relative_interior(p, rng):
    hypersurface = tropical_hypersurface(p)
    for cell in all_cells(hypersurface):
        steps = [(r, rng.randint(1, 3)) for r in cell.rays] + [(d, rng.randint(-3, 3)) for d in hypersurface.lineality]
        x = [sum(column) / len(cell.vertices) for column in zip(*cell.vertices, strict=True)]
        for direction, step in steps:
            x = [q + step * d for q, d in zip(x, direction, strict=True)]
        assert hypersurface.attaining_terms(x) == cell.terms
        assert hypersurface.contains(x) == (cell.dimension < p.input_dim)


@given(any_polynomial)
def test_euler_characteristic_of_the_whole_space(p):
    hypersurface = tropical_hypersurface(p)
    assert sum((-1) ** cell.dimension for cell in all_cells(hypersurface)) == (-1) ** p.input_dim


@given(any_polynomial.flatmap(lambda p: st.tuples(st.just(p), st.tuples(*[COORDINATES] * p.input_dim))))
def test_every_point_lies_in_the_relative_interior_of_one_cell(data):
    p, x = data
    hypersurface = tropical_hypersurface(p)
    assert [cell.terms for cell in all_cells(hypersurface)].count(hypersurface.attaining_terms(x)) == 1


def primitive_edge(vertex, facet):
    (direction,) = facet.rays or [minus(w, vertex) for w in facet.vertices if w != vertex]
    return primitive(direction)


@given(polynomials(2))
def test_plane_curves_are_balanced(p):
    curve = tropical_hypersurface(p)
    for vertex in (cell.vertices[0] for cell in curve.cells[0]):
        edges = [f for f in curve.facets if vertex in f.vertices]
        total = [(0, 0)] + [tuple(curve.multiplicity(f) * q for q in primitive_edge(vertex, f)) for f in edges]
        assert tuple(map(sum, zip(*total, strict=True))) == (0, 0)


@given(polynomials(2, INTEGERS))
def test_multiplicities_are_lattice_lengths(p):
    curve = tropical_hypersurface(p)
    for facet in curve.facets:
        a, b = (p.support[facet.terms[i]] for i in (0, -1))
        assert curve.multiplicity(facet) == math.gcd(*map(int, minus(a, b)))
        assert rank([minus(p.support[i], a) for i in facet.terms]) == 1


@given(any_polynomial.flatmap(lambda p: st.tuples(st.just(p), st.tuples(*[COORDINATES] * p.input_dim), COORDINATES)))
def test_an_affine_factor_or_a_root_leaves_the_hypersurface(data):
    p, slope, constant = data
    expected = tropical_hypersurface(p)
    shifted = tropical_hypersurface(p * TropicalPolynomial.from_terms({slope: constant}))
    assert (shifted.cells, shifted.regions, shifted.lineality) == (expected.cells, expected.regions, expected.lineality)
    root = tropical_hypersurface(p ** "1/3")
    assert (root.cells, root.regions) == (expected.cells, expected.regions)
    assert [3 * root.multiplicity(f) for f in root.facets] == [expected.multiplicity(f) for f in expected.facets]


@given(any_polynomial.flatmap(lambda p: st.tuples(st.just(p), polynomials(p.input_dim))))
def test_the_hypersurface_of_a_product_is_the_union(data):
    p, q = data
    product, factors = tropical_hypersurface(p * q), [tropical_hypersurface(p), tropical_hypersurface(q)]
    for cell in all_cells(product):
        x = [sum(column) / len(cell.vertices) for column in zip(*cell.vertices, strict=True)]
        for ray in cell.rays:
            x = [a + b for a, b in zip(x, ray, strict=True)]
        assert product.contains(x) == any(factor.contains(x) for factor in factors)


def test_hypersurfaces_of_few_terms():
    constant = tropical_hypersurface(TropicalPolynomial.from_terms({(0, 0): 3}))
    assert (constant.f_vector, constant.facets, constant.vertices, constant.rays) == ((0, 0), (), (), ())
    (region,) = constant.regions
    assert (region.dimension, region.vertices, len(constant.lineality)) == (2, ((0, 0),), 2)
    assert not constant.contains([1, 1])
    plane = tropical_hypersurface(TropicalPolynomial.from_terms({(2, 2, 0): 0, (0, 0, 0): 4}))
    assert (plane.f_vector, len(plane.regions)) == ((0, 0, 1), 2)
    (facet,) = plane.facets
    assert (facet.vertices, facet.rays, plane.multiplicity(facet)) == (((2, 0, 0),), (), 2)
    assert plane.contains([5, -3, 7])


def test_roots_in_one_variable_have_multiplicities():
    roots = tropical_hypersurface(TropicalPolynomial.from_terms({(0,): 0, (1,): 0, (2,): -1, (4,): -2}))
    assert [(f.vertices, roots.multiplicity(f)) for f in roots.facets] == [(((0,),), 1), (((Fraction(2, 3),),), 3)]
    assert repr(roots) == "<TropicalHypersurface in Q^1, f-vector (2,)>"


def test_only_facets_have_multiplicities():
    line = tropical_hypersurface(TropicalPolynomial.from_terms({(1, 0): 0, (0, 1): 0, (0, 0): 0}))
    with pytest.raises(ValueError, match="only cells of dimension 1 have a multiplicity, got one of dimension 0"):
        line.multiplicity(line.cells[0][0])
