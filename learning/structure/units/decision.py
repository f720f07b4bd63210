"""Whether one hidden layer of ReLUs computes a function: decided over Q, with the units or with a witness.

One hidden layer suffices iff the break set is a finite union of whole hyperplanes, each with a constant gradient jump
(THEORY L17). A generic line crosses each hyperplane once, so what F does along it is the only possible canonical form.
"""

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Any

from learning.arguments import as_count
from learning.structure.units.canonical import HiddenLayer, HiddenUnit
from learning.structure.units.lines import Clock, Function, Line, forms_along, jump_across
from learning.structure.units.vectors import Vector, oriented, random_vector
from tropical import AffineForm, Budget, BudgetExhausted, LatticePolynomial, ReLUNetwork, Value, equivalent

_ATTEMPTS = 8  # random lines; each is generic but for a chance of about 1e-7 for each pair of break hyperplanes
_PROBES = 3  # further lines tried before the comparison; they only find refutations sooner


@dataclass(frozen=True, repr=False)
class JumpWitness(Value):
    """Two points of a hyperplane at which F breaks differently: no function of one hidden layer does.

    In a neighbourhood of ``points[i]``, on {``hyperplane`` = 0}, F is affine + ``jumps[i]`` * relu(``hyperplane``), and
    the two jumps differ (one may be 0: no break). With one hidden layer, both would be the jump of the one unit on the
    hyperplane, or 0 without one: other break hyperplanes do not meet these neighbourhoods. :func:`jump_across` checks.
    ``==`` and ``hash`` go by all fields.
    """

    hyperplane: AffineForm
    points: tuple[Vector, Vector]
    jumps: tuple[Fraction, Fraction]


@dataclass(frozen=True, repr=False)
class HiddenLayerReport(Value):
    """Verdict on "one hidden layer of ReLUs computes F", over Q.

    ``proved`` has the canonical ``layer`` and a ``certificate`` that F equals ``to_network()``; ``refuted`` a
    ``witness``; ``unknown`` has ``detail["reason"]``. ``==`` goes by all fields, ``hash`` by all but certificate and
    detail.
    """

    status: str
    layer: HiddenLayer | None = None
    witness: JumpWitness | None = None
    certificate: Mapping[str, Any] | None = field(default=None, hash=False)
    detail: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def units(self) -> tuple[HiddenUnit, ...]:
        """The units of the canonical form; ``ValueError`` unless proved."""
        return self._proved().units

    @property
    def affine(self) -> AffineForm:
        """The affine part of the canonical form; ``ValueError`` unless proved."""
        return self._proved().affine

    def to_network(self) -> ReLUNetwork:
        """The network of :meth:`HiddenLayer.to_network`; ``ValueError`` unless proved."""
        return self._proved().to_network()

    def _proved(self) -> HiddenLayer:
        if self.layer is None:
            raise ValueError(f"no hidden layer was proved, the status is {self.status!r}")
        return self.layer


def one_hidden_layer(f: Function, budget: Budget | None = None, seed: int = 0) -> HiddenLayerReport:
    """Decide over Q whether F = <a, x> + c + sum_j s_j relu(<n_j, x> + b_j) on all of R^d, and recover these units.

    ``f`` is a lattice polynomial or a network of any depth with one output; biases are allowed. Only the comparison of
    ``f`` with the form found along a random line (:func:`tropical.equivalent`) proves, and only a pair of different
    jumps refutes; both hold whatever the line, which ``seed`` draws. ``budget`` (60 seconds by default) bounds the
    whole in seconds, and the comparison and each line in cells and bytes.
    Raises ``ValueError`` if ``f`` is something else. Criterion: THEORY L17.

    >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    >>> report = one_hidden_layer(maximum)
    >>> report.status, report.units, str(report.affine)
    ('proved', (HiddenUnit(normal=(1, -1), bias=0, jump=1),), 'x1')
    >>> x, y, zero = AffineForm([1, 0]), AffineForm([0, 1]), AffineForm([0, 0])
    >>> report = one_hidden_layer(LatticePolynomial([x, y, zero], [[0], [1], [2]]))  # max(x, y, 0)
    >>> report.status, sorted(map(int, report.witness.jumps))
    ('refuted', [0, 1])
    """
    if not isinstance(f, LatticePolynomial) and not (isinstance(f, ReLUNetwork) and f.output_dim == 1):
        given = f"one with {f.output_dim}" if isinstance(f, ReLUNetwork) else type(f).__name__
        raise ValueError(f"f must be a lattice polynomial or a network with one output, got {given}")
    rng = random.Random(as_count(seed, "seed", 0, None))
    clock = Clock(Budget.of(budget, Budget(seconds=60)), time.monotonic())
    try:
        for _ in range(_ATTEMPTS):
            report = _attempt(f, rng, clock)
            if report is not None:
                return report
    except BudgetExhausted as stop:
        return HiddenLayerReport("unknown", detail={"reason": str(stop)})
    return HiddenLayerReport("unknown", detail={"reason": f"{_ATTEMPTS} random lines were not generic"})


def _attempt(f: Function, rng: random.Random, clock: Clock) -> HiddenLayerReport | None:
    """The verdict by one random line, or None if the line was not generic."""
    base = Line(random_vector(rng, f.input_dim), random_vector(rng, f.input_dim))
    layer = _along(f, base, clock)
    if layer is None:
        return None
    for _ in range(_PROBES):
        probe = Line(base.start, random_vector(rng, f.input_dim))
        witness = _different_jumps(f, layer, base, probe, clock)
        if witness is not None:
            return _refuted(witness)
    verdict = equivalent(f, layer.to_network(), budget=clock.rest())
    detail = dict(verdict.detail)
    if verdict.status == "unknown":
        return HiddenLayerReport("unknown", detail=detail)
    if verdict.status == "proved":
        return HiddenLayerReport("proved", layer, certificate=verdict.certificate, detail=detail)
    assert verdict.witness is not None
    towards = Line(base.start, tuple(x - p for x, p in zip(verdict.witness, base.start, strict=True)))
    witness = _different_jumps(f, layer, base, towards, clock)
    return None if witness is None else _refuted(witness)


def _refuted(witness: JumpWitness) -> HiddenLayerReport:
    reason = f"the gradient jumps by {witness.jumps[0]} and by {witness.jumps[1]} times the normal of one hyperplane"
    return HiddenLayerReport("refuted", witness=witness, detail={"reason": reason})


def _along(f: Function, line: Line, clock: Clock) -> HiddenLayer | None:
    """The only form that f can have if it has one and the line is generic; None if the line is seen not to be."""
    forms = list(forms_along(f, line, clock))
    terms = []
    for before, after in pairwise(forms):
        change = after - before
        rate = line.rate(change)
        if not rate:
            return None
        sign = Fraction(1 if rate > 0 else -1)
        terms.append((sign, change * sign))
    return HiddenLayer.from_terms(forms[0], terms)


def _different_jumps(f: Function, layer: HiddenLayer, base: Line, line: Line, clock: Clock) -> JumpWitness | None:
    """A hyperplane whose crossings with ``base``, where f breaks as ``layer`` does, and ``line`` refute, or None."""
    breaks: dict[AffineForm, Fraction] = {}
    for before, after in pairwise(forms_along(f, line, clock)):
        change = after - before
        if any(change.gradient):
            normal, scale = oriented(change.gradient)
            hyperplane = AffineForm(tuple(map(Fraction, normal)), change.constant / scale)
            breaks[hyperplane] = scale if line.rate(hyperplane) > 0 else -scale
    for hyperplane in [*breaks, *(unit.form for unit in layer.units)]:
        if breaks.get(hyperplane, 0) != layer.jump(hyperplane):
            witness = _witness(f, hyperplane, base.crossing(hyperplane), line.crossing(hyperplane))
            if witness is not None:
                return witness
    return None


def _witness(f: Function, hyperplane: AffineForm, p: Vector | None, q: Vector | None) -> JumpWitness | None:
    """The witness that the points make, if each is off other breaks and the jumps differ."""
    if p is None or q is None:
        return None
    first, second = jump_across(f, hyperplane, p), jump_across(f, hyperplane, q)
    if first is None or second is None or first == second:
        return None
    return JumpWitness(hyperplane, (p, q), (first, second))
