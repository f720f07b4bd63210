"""Verdicts on recoveries: right ones proved, wrong ones refuted with a rational witness, undecidable ones unknown."""

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import pytest

import tropical as tp
from learning import instances
from learning.recovery.verification import verify_recovery


def with_one_weight_changed(net: tp.ReLUNetwork, amount: Fraction) -> tp.ReLUNetwork:
    last = net.layers[-1]
    weight = ((last.weight[0][0] + amount, *last.weight[0][1:]),)
    return tp.ReLUNetwork((*net.layers[:-1], replace(last, weight=weight)))


def test_the_right_function_is_proved():
    net = instances.parity(3, 8, seed=0)
    learned = tp.to_lattice_polynomial(net)
    report = verify_recovery(net, learned)
    assert report.status == "proved"
    assert tp.check_certificate(report.certificate, net, learned)
    assert report.witness is None


@pytest.mark.parametrize("make", [lambda: instances.h6(12, seed=1), lambda: instances.h4(6, seed=1)])
def test_one_live_weight_off_by_two_to_the_minus_forty_is_refuted(make):
    net = make()
    learned = tp.to_lattice_polynomial(net)
    report = verify_recovery(with_one_weight_changed(net, Fraction(1, 2**40)), learned, samples=2000)
    assert report.status == "refuted"
    truth, value = report.values
    assert truth != value
    assert learned(report.witness) == value
    assert with_one_weight_changed(net, Fraction(1, 2**40))(report.witness) == (truth,)
    assert 0 < float(report.disagreement.gaussian_measure) < 1


def test_a_missing_cone_is_refuted_with_its_measure():
    net = instances.h6(10, seed=0)
    form = tp.to_lattice_polynomial(net)
    report = verify_recovery(net, tp.LatticePolynomial(form.pieces, form.clauses[1:]))
    assert report.status == "refuted"
    assert report.disagreement.cells >= 1
    assert isinstance(report.disagreement.gaussian_measure, tp.Enclosure)


def test_over_budget_says_so():
    net = instances.h4(6, seed=0)
    form = tp.to_lattice_polynomial(net)
    assert verify_recovery(net, form, tp.Budget(cells=7)).status == "unknown"
    wrong = tp.LatticePolynomial(form.pieces[:4], [[0, 1], [2, 3]])
    report = verify_recovery(net, wrong, tp.Budget(cells=7))
    assert report.status == "refuted"
    assert report.disagreement is None
    assert "budget" in report.detail["disagreement"]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("explained", "not reconstructed"),
        ("partial", "are missing"),
        ("approximate", "no exact piece"),
        (None, "no lattice"),
    ],
)
def test_a_learner_without_an_exact_function_is_unknown(status, reason):
    learned = SimpleNamespace(lattice_polynomial_=None, status_=status)
    report = verify_recovery(instances.h6(10), learned)
    assert report.status == "unknown"
    assert reason in report.detail["reason"]
