"""Dual subdivisions: against SageMath, against the faces of the lifted polytope, and the laws of a subdivision."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import tropical_geometry_cases

from tropical.duality.regular_subdivisions import dual_subdivision, upper_envelope
from tropical.forms.pruning import essential_terms
from tropical.functions.polynomial import TropicalPolynomial
from tropical.polyhedra.polytopes import Polytope

CASES = [pytest.param(p, case, id=case["name"]) for p, case in tropical_geometry_cases()]
EXPONENTS = st.sampled_from(list(map(Fraction, (0, 1, 2, -1, 3, "1/2", "-1/2", "3/2", "-1/3"))))
HEIGHTS = st.sampled_from(list(map(Fraction, (0, 1, -1, 0, 1, -1, 2, "1/2", "-3/4", -3, "5/3"))))
COORDINATES = st.sampled_from(list(map(Fraction, (0, 1, -1, 2, -5, "1/2", "-2/3", "7/4", "5/6"))))


def polynomials(dim):
    terms = st.tuples(st.tuples(*[EXPONENTS] * dim), HEIGHTS)
    return st.lists(terms, min_size=1, max_size=9).map(TropicalPolynomial.from_terms)


any_polynomial = st.integers(1, 3).flatmap(polynomials)


@pytest.mark.parametrize(("p", "case"), CASES)
def test_subdivision_of_the_reference(p, case):
    subdivision = dual_subdivision(p)
    assert list(subdivision.f_vector) == case["subdivision"]["f_vector"]
    assert list(map(list, subdivision.maximal_cells)) == case["subdivision"]["maximal_cells"]


@given(any_polynomial)
def test_cells_are_the_upper_faces_of_the_lifted_polytope(p):
    """The prism over the Newton polytope from the lifted points down to a floor: its faces that miss the floor."""
    floor = min(p.coefficients) - 1
    lifted = [(*a, c) for a, c in zip(p.support, p.coefficients, strict=True)]
    prism = Polytope([*lifted, *((*a, floor) for a in p.support)])
    expected = [[] for _ in range(prism.dimension)]
    for k, level in enumerate(prism.faces[:-1]):
        for face in level:
            if all(prism.vertices[i][-1] > floor for i in face):
                hull = Polytope(prism.vertices[i] for i in face)
                expected[k].append(tuple(i for i, point in enumerate(lifted) if hull.contains(point)))
    subdivision = dual_subdivision(p)
    assert subdivision.cells == tuple(tuple(sorted(level)) for level in expected)
    assert subdivision.dimension == prism.dimension - 1


@given(any_polynomial)
def test_cells_subdivide_the_newton_polytope(p):
    subdivision = dual_subdivision(p)
    assert sum((-1) ** k * f for k, f in enumerate(subdivision.f_vector)) == 1
    newton = Polytope(p.support)
    cells = {cell for level in subdivision.cells for cell in level}
    for k, level in enumerate(subdivision.cells):
        assert all(subdivision.polytope(cell).dimension == k for cell in level)
    assert sum(subdivision.polytope(cell).volume for cell in subdivision.maximal_cells) == newton.volume
    for first in subdivision.maximal_cells:
        for second in subdivision.maximal_cells:
            common = tuple(sorted(set(first) & set(second)))
            assert not common or common in cells
    assert {p.support[i] for i in subdivision.vertices} >= set(newton.vertices)


@given(any_polynomial.flatmap(lambda p: st.tuples(st.just(p), st.tuples(*[COORDINATES] * p.input_dim))))
def test_the_terms_that_attain_the_value_at_a_point_are_a_cell(data):
    p, x = data
    attaining = tuple(i for i, term in enumerate(p.terms) if term(x) == p(x))
    assert any(attaining in level for level in dual_subdivision(p).cells)


@given(any_polynomial)
def test_vertices_are_the_essential_terms(p):
    assert dual_subdivision(p).vertices == essential_terms(p)


@pytest.mark.exhaustive
@settings(max_examples=500)
@given(any_polynomial)
def test_vertices_are_the_essential_terms_of_five_hundred(p):
    assert dual_subdivision(p).vertices == essential_terms(p)


@given(any_polynomial)
def test_incidences_are_those_of_the_polytopes(p):
    subdivision = dual_subdivision(p)
    for k, pairs in enumerate(subdivision.incidences):
        expected = set()
        for j, large in enumerate(subdivision.cells[k + 1]):
            sides = {tuple(sorted(facet)) for facet in _facets_as_terms(p, large)}
            expected |= {(i, j) for i, small in enumerate(subdivision.cells[k]) if small in sides}
            assert sides <= set(subdivision.cells[k])
        assert set(pairs) == expected
        assert len(pairs) == len(expected)


def _facets_as_terms(p, cell):
    for facet in Polytope(p.support[i] for i in cell).facets:
        yield [i for i in cell if facet.form(p.support[i]) == 0]


@given(any_polynomial.flatmap(lambda p: st.tuples(st.just(p), st.tuples(*[COORDINATES] * (p.input_dim + 1)))))
def test_adding_an_affine_function_to_the_heights_changes_nothing(data):
    p, (constant, *slope) = data
    tilted = TropicalPolynomial.from_terms(
        (a, c + constant + sum(s * q for s, q in zip(slope, a, strict=True)))
        for a, c in zip(p.support, p.coefficients, strict=True)
    )
    assert dual_subdivision(tilted).cells == dual_subdivision(p).cells


def test_degenerate_supports():
    constant = dual_subdivision(TropicalPolynomial.from_terms({(2, 3): 5}))
    assert (constant.cells, constant.dimension, constant.f_vector) == ((((0,),),), 0, (1,))
    flat = dual_subdivision(TropicalPolynomial.from_terms({(i, i): 0 for i in range(4)}))
    assert flat.cells == (((0,), (3,)), ((0, 1, 2, 3),))
    folded = dual_subdivision(TropicalPolynomial.from_terms({(i, -i): -i * i for i in range(4)}))
    assert folded.maximal_cells == ((0, 1), (1, 2), (2, 3))
    below = dual_subdivision(TropicalPolynomial.from_terms({(0,): 0, (1,): -1, (2,): 0}))
    assert below.cells == (((0,), (2,)), ((0, 2),))
    assert repr(below) == "<RegularSubdivision of 3 points, f-vector (2, 1)>"


def test_the_envelope_is_taken_modulo_lineality():
    envelope = upper_envelope(TropicalPolynomial.from_terms({(1, 2, 3): 0, (2, 4, 3): "1/2"}))
    assert envelope.columns == (0,)
    assert envelope.lineality == ((Fraction(2), Fraction(-1), 0), (0, 0, Fraction(-1)))
    assert [[face.terms for face in level] for level in envelope.faces] == [[(0, 1)], [(0,), (1,)]]


def test_polynomials_without_variables_are_refused():
    with pytest.raises(ValueError, match="at least one variable"):
        dual_subdivision(TropicalPolynomial.from_terms({(): 1}))
