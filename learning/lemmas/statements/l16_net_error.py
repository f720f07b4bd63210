r"""L16: networks with weight matrices of norm <= B that differ by <= η differ by at most (L+2) η B^{L+1} ‖x‖."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

from learning.lemmas.framework.claim import compare
from learning.lemmas.framework.lemma import Evidence, FalseNeighbour, Hypothesis, Lemma
from learning.lemmas.framework.setting import Setting
from learning.lemmas.framework.subject import Subject
from learning.lemmas.rational_subspaces import Rows, inner
from tropical import Enclosure, ReLUNetwork, lipschitz_constant, sphere_maximum

__all__ = ["LEMMA"]

_STEP = Fraction(1, 64)  # of the perturbations
_LARGE = 24  # matrices with more rows and more columns get the Frobenius norm as their bound


def _check(subject: Subject, setting: Setting, *, factor: bool = True, missing: int = 0) -> Evidence:
    """The bound (L+2) η B^{L+1}, without the L+2 unless ``factor``, and with B^{L+1-missing}."""
    net = subject.network
    other = _perturbed(net, setting.seed) if setting.other is None else setting.other
    hypotheses = _hypotheses(net, other)
    choices: dict[str, Any] = {"F'": f"weights moved by -1/64, 0, 1/64 from seed {setting.seed}"}
    if setting.other is not None:
        choices["F'"] = "as given"
    if not all(hypothesis.holds for hypothesis in hypotheses):
        return Evidence(hypotheses, choices=choices)
    pairs = [(a.weight, b.weight) for a, b in zip(net.layers, other.layers, strict=True)]
    norm = max(_squared_norm(rows) for pair in pairs for rows in pair)
    change = max(_squared_norm(_difference(*pair)) for pair in pairs)
    choices |= {"B squared": norm, "η squared": change}
    count = len(pairs)
    power = max(count - 1 - missing, 0)
    bound = (count**2 if factor else 1) * change * norm**power
    found = sphere_maximum(net, other, budget=setting.budget)
    text = f"max of (F - F')² on the unit sphere, at most ({'(L+2) ' if factor else ''}η B^{power})²"
    return Evidence(hypotheses, (compare(text, found.squared, "<=", bound, witness=found.direction),), choices)


def _hypotheses(net: ReLUNetwork, other: ReLUNetwork) -> tuple[Hypothesis, ...]:
    def shapes(one: ReLUNetwork) -> list[Any]:
        return [(layer.input_dim, layer.output_dim, layer.slopes) for layer in one.layers]

    slopes = [slope for layer in net.layers[:-1] for pair in layer.slopes for slope in pair]
    return (
        Hypothesis("neither network has a bias", net.is_bias_free and other.is_bias_free),
        Hypothesis("both have the same layers: inputs, outputs, slopes", shapes(net) == shapes(other)),
        Hypothesis("no unit has a slope beyond ±1, as ReLUs", all(abs(slope) <= 1 for slope in slopes)),
    )


def _perturbed(net: ReLUNetwork, seed: int) -> ReLUNetwork:
    """Weights moved by -1/64, 0 or 1/64; the rows of the first matrix by ±1/64 of one of them.

    So no input direction is new to the second network.
    """
    rng = random.Random(seed)
    first, *others = net.layers
    rows = [
        tuple(a + _STEP * sign * b for a, b in zip(row, rng.choice(first.weight), strict=True))
        for row in first.weight
        for sign in [rng.choice((-1, 1))]
    ]
    layers = [replace(first, weight=tuple(rows))]
    for layer in others:
        moved = tuple(tuple(a + _STEP * rng.randint(-1, 1) for a in row) for row in layer.weight)
        layers.append(replace(layer, weight=moved))
    return ReLUNetwork(tuple(layers))


def _difference(first: Rows, second: Rows) -> Rows:
    return [tuple(a - b for a, b in zip(u, v, strict=True)) for u, v in zip(first, second, strict=True)]


def _squared_norm(rows: Rows) -> Fraction:
    """An upper bound of the squared spectral norm: nearly the norm, or Frobenius's where that is expensive."""
    if min(len(rows), len(rows[0])) > _LARGE:
        return sum((inner(row, row) for row in rows), Fraction(0))
    squared = lipschitz_constant(ReLUNetwork.from_arrays([rows])).squared
    return squared.upper if isinstance(squared, Enclosure) else squared


def _chain() -> tuple[ReLUNetwork, Mapping[str, Any]]:
    """x -> relu(…relu(2x)…) with four doublings, and with factors 5/2."""
    chains = [ReLUNetwork.from_arrays([[[factor]]] * 4) for factor in (2, Fraction(5, 2))]
    return chains[0], {"other": chains[1]}


LEMMA = Lemma(
    label="L16",
    title="Net error",
    statement=(
        r"Bias-free networks with weight matrices $\Vert W_i\Vert, \Vert W_i'\Vert \leq B$ and "
        r"$\Vert W_i - W_i'\Vert \leq \eta$, $i = 0, \ldots, L+1$, satisfy "
        r"$|F(x) - F'(x)| \leq (L+2)\,\eta\,B^{L+1}\,\Vert x\Vert$."
    ),
    hypotheses=(
        "neither network has a bias",
        "both have the same layers: inputs, outputs, slopes",
        "no unit has a slope beyond ±1, as ReLUs",
    ),
    kind="algebraic",
    source="THEORY L16; Chen, Klivans, Meka 2021: the networks of a net stand for all of them",
    check=_check,
    neighbours=(
        FalseNeighbour(r"$|F(x) - F'(x)| \leq \eta\,B^{L+1}\,\Vert x\Vert$", partial(_check, factor=False), _chain),
        FalseNeighbour(r"$|F(x) - F'(x)| \leq (L+2)\,\eta\,B^L\,\Vert x\Vert$", partial(_check, missing=1), _chain),
    ),
)
