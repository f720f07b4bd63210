"""THEORY L17: with one hidden layer and no biases, F(x) - F(-x) is linear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from learning.lemmas.framework.claim import Claim, compare, decided, undecided
from learning.lemmas.framework.lemma import Evidence, FalseNeighbour, Hypothesis, Lemma
from learning.lemmas.framework.setting import Setting
from learning.lemmas.framework.subject import Subject
from learning.lemmas.functions import combination
from learning.structure.units import HiddenLayer, HiddenLayerReport, one_hidden_layer
from tropical import AffineForm, AffineMap, LatticePolynomial, ReLUNetwork, Verdict, equivalent, to_network

__all__ = ["LEMMA"]

_ONE_LAYER = "one hidden layer suffices"
_LINEAR = "F(x) - F(-x) is linear"


def _check(subject: Subject, setting: Setting) -> Evidence:
    bias_free = Hypothesis("F is bias-free: every piece is linear", subject.homogeneous)
    if not bias_free.holds:
        return Evidence((bias_free,))
    return replace(_check_with_biases(subject, setting), hypotheses=(bias_free,))


def _check_with_biases(subject: Subject, setting: Setting) -> Evidence:
    layer, odd, linear = _decisions(subject, setting)
    text = f"truth value of: {_ONE_LAYER}, but not {_LINEAR}"
    claims = [_same(subject), *_jumps(layer), _excluded(text, layer, "proved", linear, "refuted", linear.witness)]
    if layer.layer is not None:
        claims.append(_slopes(odd, layer.layer, subject))
    return Evidence(claims=tuple(claims), choices=_found(layer, linear))


def _check_converse(subject: Subject, setting: Setting) -> Evidence:
    bias_free = Hypothesis("F is bias-free: every piece is linear", subject.homogeneous)
    if not bias_free.holds:
        return Evidence((bias_free,))
    layer, _, linear = _decisions(subject, setting)
    witness = layer.witness.points[0] if layer.witness else None
    text = f"truth value of: {_LINEAR}, but not {_ONE_LAYER}"
    claim = _excluded(text, layer, "refuted", linear, "proved", witness)
    return Evidence((bias_free,), (_same(subject), *_jumps(layer), claim), _found(layer, linear))


def _decisions(subject: Subject, setting: Setting) -> tuple[HiddenLayerReport, ReLUNetwork, Verdict]:
    """Whether one hidden layer suffices; G(x) = F(x) - F(-x); whether G is linear, which only G(e_i) can tell how."""
    layer = one_hidden_layer(subject.lattice, subject.budget, setting.seed)
    unit = [tuple(Fraction(i == j) for j in range(subject.dimension)) for i in range(subject.dimension)]
    opposite = AffineMap(tuple(-AffineForm(row) for row in unit))
    odd = combination([subject.network, subject.network.compose(opposite)], [1, -1])
    slopes = AffineForm(tuple(row[0] for row in odd.evaluate_exact(unit)))
    return layer, odd, equivalent(odd, LatticePolynomial.from_form(slopes), budget=subject.budget)


def _same(subject: Subject) -> Claim:
    verdict = equivalent(subject.lattice, subject.network, budget=subject.budget)
    return decided("F = the lattice polynomial whose hidden layer is sought", verdict)


def _excluded(
    text: str,
    layer: HiddenLayerReport,
    layer_status: str,
    linear: Verdict,
    linear_status: str,
    witness: tuple[Fraction, ...] | None,
) -> Claim:
    """The claim that the two decisions do not come out like this together, by the product of their truth values.

    Open only if one of them is unknown and the other one does not exclude it already.
    """
    pairs = ((layer.status, layer_status), (linear.status, linear_status))
    if any(status not in (wanted, "unknown") for status, wanted in pairs):
        return compare(text, Fraction(0), "=", Fraction(0))
    if any(status == "unknown" for status, _ in pairs):
        reasons = [report.detail["reason"] for report in (layer, linear) if report.status == "unknown"]
        return undecided(text, "; ".join(map(str, reasons)))
    return compare(text, Fraction(1), "=", Fraction(0), witness=witness)


def _jumps(layer: HiddenLayerReport) -> list[Claim]:
    """What refutes a hidden layer: F = affine + s relu(h) near two points of {h = 0}, with different s."""
    if layer.witness is None:
        return []
    (p, q), (s, t), hyperplane = layer.witness.points, layer.witness.jumps, layer.witness.hyperplane
    text = "the gradient jumps of F at two points of one hyperplane differ: no hidden layer"
    return [compare(text, s, "!=", t, hyperplane=str(hyperplane), points=(p, q))]


def _slopes(odd: ReLUNetwork, layer: HiddenLayer, subject: Subject) -> Claim:
    """F = <a, x> + sum_j s_j relu(<n_j, x>) has F(x) - F(-x) = <2a + sum_j s_j n_j, x>."""
    total = 2 * layer.affine
    for unit in layer.units:
        total += unit.form * unit.jump
    verdict = equivalent(odd, LatticePolynomial.from_form(total), budget=subject.budget)
    return decided("F(x) - F(-x) = <2a + sum_j s_j n_j, x> for the units found", verdict, units=len(layer.units))


def _found(layer: HiddenLayerReport, linear: Verdict) -> dict[str, str]:
    return {_ONE_LAYER: layer.status, _LINEAR: linear.status}


def _largest_coordinate() -> tuple[ReLUNetwork, Mapping[str, Any]]:
    """max(|x|, |y|, |z|): even, and the gradient jumps across {x = y} where these are the largest, not elsewhere."""
    axes = [AffineForm(tuple(Fraction(i == j) for j in range(3))) for i in range(3)]
    forms = [*axes, *(-axis for axis in axes)]
    return to_network(LatticePolynomial(forms, [[i] for i in range(6)])), {}


def _shifted_relu() -> tuple[ReLUNetwork, Mapping[str, Any]]:
    return ReLUNetwork.from_arrays([[[1]], [[1]]], [[1], [0]]), {}


_CONVERSE = FalseNeighbour(
    statement=r"If $F$ is bias-free and $F(x) - F(-x)$ is linear, then one hidden layer suffices for $F$.",
    check=_check_converse,
    instance=_largest_coordinate,
)

_WITH_BIASES = FalseNeighbour(
    statement=r"If one hidden layer suffices for $F$, biases allowed, then $F(x) - F(-x)$ is linear.",
    check=_check_with_biases,
    instance=_shifted_relu,
)

LEMMA = Lemma(
    label="L17",
    title="Oddness and depth",
    statement=(
        r"If one hidden layer suffices for a bias-free $F$, $F(x) = \langle a, x \rangle + "
        r"\sum_j s_j \varphi(\langle n_j, x \rangle)$, then $F(x) - F(-x) = \langle 2a + \sum_j s_j n_j, x \rangle$ "
        r"is linear; so if it is not linear, one hidden layer does not suffice."
    ),
    check=_check,
    hypotheses=("F is bias-free",),
    source="THEORY L17",
    neighbours=(_CONVERSE, _WITH_BIASES),
)
