"""Faces of every kind of complex: incidences against inclusion of sets, Euler, dual graphs against cells."""

import itertools

import pytest

import tropical as tp
from oracles.built import domain, network
from oracles.random_cases import random_case

BOXES = [tp.Box([0] * n, [1] * n) for n in (1, 2, 3)]


def by_inclusion(complex_):
    """The incidences, each pair of faces looked at."""
    return tuple(
        tuple((i, j) for i, small in enumerate(below) for j, large in enumerate(above) if set(small) < set(large))
        for below, above in itertools.pairwise(complex_.faces)
    )


@pytest.mark.parametrize("seed", range(900, 930))
def test_activation_complexes(seed):
    case = random_case(seed)
    cx = tp.polyhedral_complex(network(case), domain(case))
    if cx.num_cells > 300:
        pytest.skip("each pair of faces is looked at")
    found = cx.face_complex
    assert found.incidences == by_inclusion(found)
    assert found.f_vector == cx.f_vector
    assert found.euler_characteristic == (1 if case.box is not None else (-1) ** (len(cx.f_vector) - 1))
    facets = found.faces[-2] if len(found.faces) > 1 else ()
    own = {(*sorted(pair), facets[data["facet"]]) for *pair, data in found.dual_graph().edges(data=True)}
    assert own == {(*sorted(pair), data["facet"]) for *pair, data in cx.dual_graph().edges(data=True)}


@pytest.mark.parametrize("box", BOXES, ids=lambda box: f"dimension {box.input_dim}")
def test_polytopes(box):
    found = tp.Polytope(box.vertices).face_complex
    assert found.incidences == by_inclusion(found)
    assert found.euler_characteristic == 1
    assert all(sum(1 for i, _ in found.incidences[0] if i == v) == box.input_dim for v in range(len(box.vertices)))


def test_dual_complexes_reverse_each_other():
    conic = {(0, 0): 0, (1, 0): 1, (0, 1): 1, (2, 0): 0, (1, 1): 1, (0, 2): 0}
    p = tp.TropicalPolynomial.from_terms(conic)
    curve, subdivision = tp.tropical_hypersurface(p).face_complex, tp.dual_subdivision(p).face_complex
    for found in (curve, subdivision):
        assert found.incidences == by_inclusion(found)
    assert curve.f_vector == subdivision.f_vector[::-1] == (4, 9, 6)
    assert curve.dual_graph().number_of_edges() == 9
    assert subdivision.dual_graph().number_of_edges() == 3
