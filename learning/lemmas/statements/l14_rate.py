"""L14: how far the eigenvectors of a filter are from V, by the heuristic of Baik, Ben Arous and Péché."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learning.filtering.stopping import squared_sine
from learning.instances import h6
from learning.lemmas.choices.typical_thresholds import typical_thresholds
from learning.lemmas.estimates.estimates import estimated_filter, estimated_mean, unit_rows
from learning.lemmas.framework.claim import Claim, compare, undecided
from learning.lemmas.framework.lemma import Evidence, FalseNeighbour, Hypothesis, Lemma
from learning.lemmas.framework.setting import Setting
from learning.lemmas.framework.subject import Subject
from learning.sampling import own_stream
from tropical import Enclosure, Estimate, ReLUNetwork, filtered_moments

__all__ = ["LEMMA"]

Array = NDArray[np.float64]

_TOLERANCE = Fraction(1, 4)
_MULTIPLES = (Fraction(1, 4), Fraction(3), Fraction(6))  # of the noise edge: below it, and well above it
_LEAST_DIMENSION = 60  # the limit is d → ∞; inputs that F does not see are added or left out
_SAMPLES_PER_BATCH = 250  # of ``setting.samples``: 400 batches by default
_BLOCK = 4096


@dataclass(frozen=True)
class _Filter:
    """|F| > τ: intervals for p and for the λ of M = λI on V, and whether M is that."""

    threshold: Fraction
    probability: Enclosure | Estimate
    eigenvalue: Enclosure | Estimate
    isotropic: Hypothesis

    @property
    def usable(self) -> bool:
        """Whether p > 0 and λ ≠ 0, by their intervals."""
        return self.probability.lower > 0 and not self.eigenvalue.lower <= 0 <= self.eigenvalue.upper

    @property
    def edge(self) -> Fraction:
        """p/λ², the N/(d - l) from which directions show; of a rare filter it is beyond float64."""
        return _middle(self.probability) / _middle(self.eigenvalue) ** 2

    def squared_sine(self, n_samples: int, dimension: int) -> tuple[float, float]:
        """Least and largest value of L14 over the intervals of p and λ; it is monotone in either."""
        corners = itertools.product(
            (float(self.probability.lower), float(self.probability.upper)),
            (float(self.eigenvalue.lower), float(self.eigenvalue.upper)),
        )
        values = [squared_sine(max(lam / p, -1.0), dimension / (n_samples * p)) for p, lam in corners]
        return min(values), max(values)


def check(subject: Subject, setting: Setting) -> Evidence:
    r"""The value of L14 against the mean of sin² over fresh batches, for W = {0}, at 1/4, 3 and 6 times the noise edge.

    Samples are drawn in coordinates of V ⊕ R^m with dim V + m = 60 (at least 15 dim V) whatever d is: F does not see
    the rest. p and λ are enclosed for k ≤ 3 and else estimated; M = λI is then tested on k(k + 1)/2 directions. The
    claims are about an approximation, of which L14 does not say how good it is; all intervals hold jointly.
    """
    return _evidence(subject, setting, 1.0)


def _check_half(subject: Subject, setting: Setting) -> Evidence:
    return _evidence(subject, setting, 0.5)


def _evidence(subject: Subject, setting: Setting, share: float) -> Evidence:
    """``share`` of L14's value against the measured mean."""
    seen = Hypothesis("V ≠ {0}", subject.k > 0)
    if not seen.holds:
        return Evidence((seen,))
    (tau,) = typical_thresholds(subject.network, setting, top=(0.1,))
    found = _enclosed(subject, tau, setting) if subject.k <= 3 else _estimated(subject, tau, setting)
    hypotheses = (seen, found.isotropic, Hypothesis("p > 0 and λ ≠ 0", found.usable))
    choices = {"threshold": tau, "probability": found.probability, "eigenvalue": found.eigenvalue}
    if not all(hypothesis.holds for hypothesis in hypotheses):
        return Evidence(hypotheses, choices=choices)
    dimension = max(_LEAST_DIMENSION, 15 * subject.k)
    claims = tuple(_claim(subject, found, multiple, dimension, share, setting) for multiple in _MULTIPLES)
    return Evidence(hypotheses, claims, {**choices, "dimension": dimension, "tolerance": _TOLERANCE})


def _enclosed(subject: Subject, tau: Fraction, setting: Setting) -> _Filter:
    moments = filtered_moments(subject.network, tau, bits=setting.bits, budget=setting.budget)
    values = moments.eigenvalues
    same = compare("", values[0], "agrees with", values[-1]).outcome == "holds"
    return _Filter(tau, moments.probability, values[0], Hypothesis("M = λI on V, to 1e-12", same))


def _estimated(subject: Subject, tau: Fraction, setting: Setting) -> _Filter:
    """λ = Tr M/k; M = λI is contradicted by two directions b_i, b_i + b_j whose intervals of uᵀMu/uᵀu are disjoint."""
    basis = subject.relevant
    sums = [tuple(a + b for a, b in zip(u, v, strict=True)) for u, v in itertools.combinations(basis, 2)]
    options: dict[str, Any] = {"samples": setting.samples, "seed": setting.seed}
    options["lipschitz_squared"] = subject.lipschitz_squared
    level = setting.level / (len(basis) + len(sums))
    along = [estimated_filter(subject.network, tau, [u], level=level, **options).trace for u in (*basis, *sums)]
    same = max(quotient.lower for quotient in along) <= min(quotient.upper for quotient in along)
    whole = estimated_filter(subject.network, tau, basis, level=setting.level / 2.0, **options)
    trace, k = whole.trace, subject.k
    mean = Estimate(trace.value / k, trace.lower / k, trace.upper / k, trace.confidence, trace.samples)
    text = f"M = λI on V, not contradicted by estimates along {len(along)} directions at level {setting.level:g}"
    return _Filter(tau, whole.probability, mean, Hypothesis(text, same))


def _middle(value: Enclosure | Estimate) -> Fraction:
    return Fraction(value.value) if isinstance(value, Estimate) else (value.lower + value.upper) / 2


def _claim(
    subject: Subject, found: _Filter, multiple: Fraction, dimension: int, share: float, setting: Setting
) -> Claim:
    """The relative distance of the mean of sin² from a share of L14's value is at most the tolerance."""
    n_samples = math.ceil(multiple * found.edge * dimension)
    name = "L14's sin²" if share == 1.0 else f"{share:g} times L14's sin²"
    text = f"{name} at N/d = {multiple} p/λ² is within {_TOLERANCE} of the measured mean"
    if n_samples > setting.samples:
        return undecided(text, f"one batch would take more than the {setting.samples} samples of the setting")
    level = setting.level / (2 * len(_MULTIPLES))
    batches = max(1, setting.samples // _SAMPLES_PER_BATCH)
    rng = own_stream(setting.seed, f"rate {multiple}")
    sines = itertools.islice(_squared_sines(subject, found, n_samples, dimension, rng), batches)
    measured = estimated_mean(list(sines), 0.0, 1.0, level)
    least, most = (share * value for value in found.squared_sine(n_samples, dimension))
    distance = _distance(measured, least, most, 1.0 - setting.level)
    within = distance.upper <= _TOLERANCE
    sides: dict[str, Any] = {"predicted": (least, most), "measured": measured, "n_samples": n_samples}
    return compare(text, distance, "<=", _TOLERANCE, interval_within=within, **sides)


def _distance(measured: Estimate, least: float, most: float, confidence: float) -> Estimate:
    """|m/q - 1| for the mean m and a prediction q in [least, most]."""
    low, high = measured.lower / most - 1.0, measured.upper / least - 1.0
    value = abs(2.0 * measured.value / (least + most) - 1.0)
    return Estimate(value, max(low, -high, 0.0), max(-low, high), confidence, measured.samples)


def _squared_sines(
    subject: Subject, found: _Filter, n_samples: int, dimension: int, rng: np.random.Generator
) -> Iterator[float]:
    """Mean of sin² over the principal angles of V and k leading eigenvectors of M̂, in one fresh batch after another.

    What V does not see is independent of the filter, so it is drawn for the chosen samples only. Subtracting the
    identity and dividing by N change no eigenvector.
    """
    k, frame, tau = subject.k, unit_rows(subject.relevant, subject.dimension), float(found.threshold)
    blocks = [min(_BLOCK, n_samples - start) for start in range(0, n_samples, _BLOCK)]
    leading = np.s_[-k:] if found.eigenvalue.lower > 0 else np.s_[:k]
    while True:
        drawn = (rng.standard_normal((size, k)) for size in blocks)
        inside = np.vstack([z[np.abs(subject.network.evaluate(z @ frame)[:, 0]) > tau] for z in drawn])
        X = np.hstack([inside, rng.standard_normal((len(inside), dimension - k))])
        vectors = np.linalg.eigh(X.T @ X)[1][:, leading]
        yield min(max(1.0 - float((vectors[:k] ** 2).sum()) / k, 0.0), 1.0)


def _instance() -> tuple[ReLUNetwork, Mapping[str, Any]]:
    return h6(4, seed=0), {"level": 1e-6, "samples": 200_000}


LEMMA = Lemma(
    label="L14",
    title="Rate of one filter",
    statement=r"""Let $M = \lambda I$ on $V$, $\gamma = (d-\ell)/(Np)$ and $\rho = \lambda/p$. The mean of $\sin^2$ over
the principal angles between $V$ and the $k$ leading eigenvectors of $\hat M$ is about
$1 - (1 - \gamma/\rho^2)/(1 + \gamma/\rho)$ if $\rho^2 > \gamma$, and about $1$ otherwise: directions show if and only
if $N/(d-\ell) > p/\lambda^2$. Heuristic, for $d \to \infty$; checked to within a quarter at $d = 60$.""",
    check=check,
    hypotheses=("V ≠ {0}", "M = λI on V", "p > 0 and λ ≠ 0"),
    kind="sampling",
    source="THEORY L14; Baik, Ben Arous and Péché (2005); Benaych-Georges and Nadakuditi (2011)",
    neighbours=(
        FalseNeighbour(
            r"L14 at half the rate: the mean of $\sin^2$ is about half of what L14 says.",
            _check_half,
            _instance,
        ),
    ),
)
