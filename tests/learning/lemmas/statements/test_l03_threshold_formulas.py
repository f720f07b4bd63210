"""L3: DNF and CNF on all faces of the refinement; the DNF of -F and weak inequalities refuted."""

from fractions import Fraction

import numpy as np
import pytest

import tropical as tp
from learning import instances
from learning.lemmas import check, check_neighbour
from learning.lemmas.statements.l03_threshold_formulas import LEMMA

arrays = tp.ReLUNetwork.from_arrays
ABSOLUTE = arrays([[[1], [-1]], [[1, 1]]])

DEGENERATE = {
    "constant": arrays([[[0, 0]], [[3]]], [[1], [2]]),
    "zero": arrays([[[0]], [[0]]]),
    "no hidden layer": arrays([[[1, 2]]], [[3]]),
    "one input": ABSOLUTE,
    "duplicates": arrays([[[1, 2], [1, 2], [2, 4]], [[1, 1, -1]]]),
    "bump with biases": arrays([[[1], [1], [1]], [[1, -2, 1]]], [[1, 0, -1], [0]]),
    "cancelling": instances.cancelling(3, 1),
    "k = 1": instances.random_network(1, (4, 4), 3, 0),
}


@pytest.mark.parametrize(
    "net",
    [
        instances.h6(10, seed=1),
        instances.parity(2, 5, seed=0),
        instances.parity(3, 3, seed=None),
        instances.random_network(2, (4, 4), 10, 3),
        *DEGENERATE.values(),
    ],
)
def test_proved(net):
    verdict = check(LEMMA, net)
    assert verdict.status == "proved", verdict.detail
    first, *rest = verdict.detail["claims"]
    assert tp.check_certificate(first.detail["certificate"])
    assert all("faces of the refinement" in claim.text for claim in rest)


def test_faces_by_hand():
    """|t| > 1: the refinement by t = 1 and -t = 1 has the vertices -1, 0, 1 and four intervals between them."""
    dnf, cnf = check(LEMMA, ABSOLUTE, threshold=1).detail["claims"][1:]
    assert (dnf.detail["points"], dnf.detail["true"]) == (7, 2)
    assert (cnf.detail["points"], cnf.detail["true"]) == (7, 3)


def test_levels_through_vertices_are_taken():
    bump = DEGENERATE["bump with biases"]
    chosen = check(LEMMA, bump).detail["choices"]["thresholds"].split(", ")
    assert {"0", "1"} <= set(chosen)  # its values at the vertices -1, 0, 1
    fan = check(LEMMA, instances.h6(2, seed=None)).detail["choices"]["thresholds"].split(", ")
    assert "0" in fan
    assert len(fan) == 3


@pytest.mark.parametrize("tau", ["1/3", "2"])
def test_both_formulas_at_random_points(tau):
    """The formulas by floats at 5000 Gaussian points, none of them near a boundary."""
    net = instances.random_network(2, (4, 4), 4, 2)
    form = tp.to_lattice_polynomial(net)
    level = float(Fraction(tau))
    X = np.random.default_rng(1).standard_normal((5000, 4)) * 3
    table = X @ np.array([[float(q) for q in piece.gradient] for piece in form.pieces]).T
    values = net.evaluate(X)[:, 0]
    assert np.abs(table - level).min() > 1e-9
    assert np.abs(values - level).min() > 1e-9
    dnf = np.any([np.all(table[:, sorted(clause)] > level, axis=1) for clause in form.clauses], axis=0)
    cnf = np.all([np.any(-table[:, sorted(clause)] > -level, axis=1) for clause in form.clauses], axis=0)
    assert (dnf == (values > level)).all()
    assert (cnf == (-values > -level)).all()
    assert check(LEMMA, net, threshold=tau).status == "proved"


def test_more_faces_than_affordable():
    """H4: the levels off 0 are decided by the equality of the forms; points alone prove no neighbour."""
    verdict = check(LEMMA, instances.h4(4, seed=None), threshold=1)
    assert verdict.status == "proved"
    assert all("points" in claim.text for claim in verdict.detail["claims"][1:])


def test_points_alone_prove_no_neighbour():
    odd = instances.parity(5, 5, seed=None)  # -F(z) = F(-z): the neighbour happens to be true
    verdict = check_neighbour(LEMMA, odd, threshold=1)
    assert verdict.status == "unknown"
    assert verdict.detail["because"] == "open"


@pytest.mark.parametrize("index", [0, 1])
def test_neighbours_are_refuted_on_the_absolute_value(index):
    verdict = check_neighbour(LEMMA, index=index)
    assert verdict.status == "refuted"
    (t,) = verdict.witness
    literals = [t > 1, -t > 1]
    if index:
        assert abs(t) >= 1
        assert not any(literals)
    else:
        assert any([-t > -1, t > -1]) != (-abs(t) > -1)
    assert check(LEMMA, ABSOLUTE, threshold=1).status == "proved"


def test_witness_of_the_wrong_form_on_h6():
    net = instances.h6(2, seed=None)
    verdict = check_neighbour(LEMMA, net, threshold="1/2")
    assert verdict.status == "refuted"
    form, tau, value = tp.to_lattice_polynomial(net), Fraction(1, 2), net(verdict.witness)[0]
    wrong = any(all(-form.pieces[i](verdict.witness) > -tau for i in clause) for clause in form.clauses)
    assert wrong != (-value > -tau)


def test_budget():
    verdict = check(LEMMA, instances.h6(4, seed=0), budget=tp.Budget(cells=3))
    assert verdict.status == "unknown"
