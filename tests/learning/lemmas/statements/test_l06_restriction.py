"""L6: restriction to subspaces of dimension 0, 1, 2, in V and not; B B^T refuted."""

from fractions import Fraction

import pytest
import sympy

import tropical as tp
from learning import instances
from learning.lemmas import check, check_neighbour
from learning.lemmas.statements.l06_restriction import LEMMA

arrays = tp.ReLUNetwork.from_arrays

DEGENERATE = {
    "constant": arrays([[[0, 0]], [[3]]], [[1], [2]]),
    "no hidden layer": arrays([[[1, 2]]], [[3]]),
    "one input": arrays([[[1], [-1]], [[1, 1]]]),
    "duplicates": arrays([[[1, 2], [1, 2], [2, 4]], [[1, 1, -1]]]),
    "with biases": arrays([[[1, 0], [1, 1], [0, 1]], [[1, -2, 1]]], [[1, 0, -1], [3]]),
    "cancelling": instances.cancelling(4, 1),
    "k = 1": instances.random_network(1, (4, 4), 3, 0),
}


def dimensions(verdict):
    return [claim.detail["dimension"] for claim in verdict.detail["claims"][1:]]


@pytest.mark.parametrize(
    "net",
    [
        instances.h6(10, seed=1),
        instances.parity(2, 5, seed=0),
        instances.parity(3, 6, seed=0),
        instances.random_network(2, (4, 4), 10, 3),
        *DEGENERATE.values(),
    ],
)
def test_proved(net):
    verdict = check(LEMMA, net)
    assert verdict.status == "proved", verdict.detail
    assert all(tp.check_certificate(claim.detail["certificate"]) for claim in verdict.detail["claims"])


def test_subspaces_of_several_dimensions():
    verdict = check(LEMMA, instances.h6(5, seed=1), seed=3)
    assert dimensions(verdict) == [0, 2, 1, 1, 2, 2]
    assert check(LEMMA, instances.h6(5, seed=1), seed=4).detail["choices"] != verdict.detail["choices"]
    assert dimensions(check(LEMMA, DEGENERATE["constant"])) == [0, 0, 1, 2]
    assert dimensions(check(LEMMA, DEGENERATE["one input"])) == [0, 1, 1]


@pytest.mark.parametrize(
    "rows",
    [[[1, 2, 3, 4]], [[1, 1, 0, 0], [0, "1/2", 1, 0]], [[1, 0, 0, 0], [2, 0, 0, 0]], []],
)
def test_values_by_another_projection(rows):
    """F at the projection that sympy computes from independent columns, and the polynomial of the statement there."""
    net = instances.random_network(2, (4, 4), 4, 1)
    assert check(LEMMA, net, subspace=rows).status == "proved"
    form, projected = tp.to_lattice_polynomial(net), _projection(rows, 4)
    for point in ([1, -2, 3, 5], [-7, 1, 0, 2], [0, 3, -1, -4]):
        image = [sum(a * b for a, b in zip(row, point, strict=True)) for row in projected]
        values = [sum(a * b for a, b in zip(_image(projected, p.gradient), point, strict=True)) for p in form.pieces]
        assert net(image)[0] == max(min(values[i] for i in clause) for clause in form.clauses)


def _projection(rows, dimension):
    columns = sympy.Matrix(rows).T if rows else sympy.zeros(dimension, 0)
    basis = columns.columnspace() if rows else []
    B = sympy.Matrix.hstack(*basis) if basis else sympy.zeros(dimension, 0)
    P = B * (B.T * B).inv() * B.T if basis else sympy.zeros(dimension, dimension)
    return [[Fraction(int(q.p), int(q.q)) for q in P.row(i)] for i in range(dimension)]


def _image(projected, vector):
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in projected]


def test_the_whole_relevant_subspace_changes_nothing():
    net = instances.h6(4, seed=2)
    V = tp.relevant_subspace(tp.polyhedral_complex(net))
    verdict = check(LEMMA, net, subspace=V)
    assert verdict.status == "proved"
    assert dimensions(verdict) == [2]


def test_a_basis_that_is_not_orthonormal_needs_the_inverse():
    verdict = check_neighbour(LEMMA)
    assert verdict.status == "refuted"
    net, choices = LEMMA.neighbours[0].instance()
    x, y = verdict.witness
    B = choices["subspace"]
    through = [B[0][0] * x + B[0][1] * y, B[1][0] * x + B[1][1] * y]  # B^T (x, y)
    image = [B[0][i] * through[0] + B[1][i] * through[1] for i in range(2)]
    assert net(image) != net([x, y])  # W is the whole plane
    assert check(LEMMA, net, **choices).status == "proved"


def test_an_orthonormal_basis_does_not():
    net = instances.h6(2, seed=None)
    assert check_neighbour(LEMMA, net, subspace=[["3/5", "4/5"]]).status == "proved"
    assert check_neighbour(LEMMA, net, subspace=[[3, 4]]).status == "refuted"


@pytest.mark.exhaustive
def test_h4():
    for dim in (4, 7, 10):
        assert check(LEMMA, instances.h4(dim, seed=dim)).status == "proved"
