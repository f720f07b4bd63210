"""When filtered PCA stops, and what its eigenvectors are worth. THEORY L12, L13, L14."""

from __future__ import annotations

import math

import numpy as np

__all__ = [
    "deviation",
    "leakage_after_step",
    "leakage_bound",
    "noise_edges",
    "population_ratio",
    "samples_to_show",
    "squared_sine",
    "stopping_thresholds",
]

_EDGE_QUANTILE = 3.27  # 99.9 % quantile of the Tracy-Widom law of real matrices


def deviation(level: float) -> float:
    """t = √(2 ln(2/δ)) of L12.

    >>> round(deviation(0.05), 3)
    2.716
    """
    return math.sqrt(2.0 * math.log(2.0 / level))


def stopping_thresholds(n_selected: int, probability: float, codimension: int, level: float) -> tuple[float, float]:
    r"""L12's thresholds: p̂[((1 - s)₊)² - 1] and p̂[(1 + s)² - 1], where s = √((d-l)/n) + √(2 ln(2/δ)/n).

    Under V ⊆ W, and W independent of the batch, all eigenvalues of M̂ on W⊥ lie between them with probability ≥ 1 - δ.

    Parameters
    ----------
    n_selected : n ≥ 1. probability : p̂. codimension : d - l ≥ 1. level : δ in (0, 1).

    Examples
    --------
    >>> lower, upper = stopping_thresholds(100, 0.5, 4, 0.05)
    >>> round(lower, 3), round(upper, 3)
    (-0.36, 0.583)

    Source: Davidson and Szarek (2001); THEORY L12.
    """
    spread = math.sqrt(codimension / n_selected) + deviation(level) / math.sqrt(n_selected)
    return probability * (max(1.0 - spread, 0.0) ** 2 - 1.0), probability * ((1.0 + spread) ** 2 - 1.0)


def leakage_bound(
    value: float,
    largest: float,
    n_samples: int,
    probability: float,
    codimension: int,
    level: float,
    *,
    residual: float | None = None,
) -> float:
    r"""L13 from data alone: ‖Π_{(V+W)⊥} v̂‖ ≤ √(p̂+λ̂)(√(2(d-l)) + t) / (√N |μ̂ - thr|) for M̂v̂ = μ̂v̂.

    L13 allows any upper bound m of dim U; √(d-l-m) + √m ≤ √(2(d-l)) covers all m at once. Below the lower threshold
    the same proof holds with -M̂. Where v̂ is only a unit vector with ‖M̂v̂ - μ̂v̂‖ ≤ e, write a and b for its parts
    inside and outside V + W and s for the bracket: |μ̂ - thr| ‖b‖ ≤ (s/√N)(√(p̂+μ̂) + √(p̂+thr₊)‖b‖) + e, since
    ‖X_U a‖ ≤ √N(√(p̂+μ̂) + √(p̂+thr₊)‖b‖); thr₊ is the upper threshold. For one vector each bound holds with
    probability at least 1 - δ, for all vectors of one filter at once with 1 - 3δ/2 (two tails and the cross term).

    Parameters
    ----------
    value : μ̂. largest : λ̂, the largest eigenvalue. n_samples : N. probability : p̂. codimension : d - l.
    level : δ. residual : e, for a vector that is no exact eigenvector.

    Returns
    -------
    The bound, at most 1; 1 (it says nothing) where μ̂ passes neither threshold.

    Examples
    --------
    >>> round(leakage_bound(0.15, 0.15, 10**6, 0.1, 100, 0.01), 3)
    0.062

    Source: THEORY L13.
    """
    if n_samples == 0 or probability == 0.0:
        return 1.0
    lower, upper = stopping_thresholds(round(n_samples * probability), probability, codimension, level)
    margin = value - upper if value > 0.0 else lower - value
    spread = (math.sqrt(2.0 * codimension) + deviation(level)) / math.sqrt(n_samples)
    if residual is None:
        bound = math.sqrt(probability + largest) * spread
    else:
        margin -= spread * math.sqrt(probability + upper)
        bound = spread * math.sqrt(max(probability + value, 0.0)) + residual
    return min(bound / margin, 1.0) if margin > 0.0 else 1.0


def leakage_after_step(
    bound: float,
    value: float,
    image: float,
    n_samples: int,
    probability: float,
    codimension: int,
    level: float,
) -> float:
    r"""‖Π_{(V+W)⊥} w‖ for w = (v + v')/‖v + v'‖, v' = M̂v/‖M̂v‖ on W⊥, given ‖Π_{(V+W)⊥} v‖ ≤ β and vᵀM̂v = μ̂.

    With the words of `leakage_bound`: ‖Π_{(V+W)⊥} M̂v‖ ≤ (s/√N)(√(p̂+μ̂) + √(p̂+thr₊)β) + max(thr₊, -thr₋)β, on the same
    events. For μ̂ < 0 take v' = -M̂v/‖M̂v‖.

    Parameters
    ----------
    bound : β. value : μ̂. image : ‖M̂v‖ > 0, on W⊥. n_samples, probability, codimension, level : as in `leakage_bound`.

    Examples
    --------
    >>> round(leakage_after_step(0.1, 0.15, 0.15, 10**6, 0.1, 100, 0.01), 3)
    0.084

    Source: THEORY L13.
    """
    lower, upper = stopping_thresholds(round(n_samples * probability), probability, codimension, level)
    spread = (math.sqrt(2.0 * codimension) + deviation(level)) / math.sqrt(n_samples)
    cross = spread * (math.sqrt(max(probability + value, 0.0)) + math.sqrt(probability + upper) * bound)
    stepped = min((cross + max(upper, -lower) * bound) / image, 1.0)
    return min((bound + stepped) / math.sqrt(2.0 + 2.0 * abs(value) / image), 1.0)


def noise_edges(
    n_selected: int, probability: float, codimension: int, *, quantile: float = _EDGE_QUANTILE
) -> tuple[float, float]:
    r"""Where the spectrum of pure noise ends: p̂(((√n ± √(d-l))² ± q σ)/n - 1), σ = (√n ± √(d-l))|1/√n ± 1/√(d-l)|^⅓.

    Asymptotic, for a hint, never for a test: what lies between these edges and the thresholds of L12 stands "at the
    noise edge".

    Parameters
    ----------
    n_selected : n ≥ 1. probability : p̂. codimension : d - l ≥ 1. quantile : q, of the Tracy-Widom law; 3.27 leaves
        0.1 % of pure noise outside.

    Examples
    --------
    >>> lower, upper = noise_edges(10_000, 0.1, 100)
    >>> round(lower, 4), round(upper, 4)
    (-0.0203, 0.0227)

    Source: Johnstone (2001); Benaych-Georges and Nadakuditi (2011).
    """
    root_n, root_d = math.sqrt(n_selected), math.sqrt(codimension)
    above = (root_n + root_d) ** 2 + quantile * (root_n + root_d) * (1.0 / root_n + 1.0 / root_d) ** (1.0 / 3.0)
    below = 0.0
    if root_n > root_d:
        scale = (root_n - root_d) * (1.0 / root_d - 1.0 / root_n) ** (1.0 / 3.0)
        below = max((root_n - root_d) ** 2 - quantile * scale, 0.0)
    return probability * (below / n_selected - 1.0), probability * (above / n_selected - 1.0)


def population_ratio(value: float, n_selected: int, probability: float, codimension: int) -> float:
    r"""ρ = λ/p behind an eigenvalue λ̂ of M̂: solves 1 + λ̂/p̂ = (1 + ρ)(1 + γ/ρ), |ρ| > √γ, γ = (d-l)/n; else 0.

    Examples
    --------
    >>> round(population_ratio(0.1 * (2.0 * 1.25 - 1.0), 400, 0.1, 100), 12)
    1.0
    >>> population_ratio(0.1, 400, 0.1, 100)
    0.0

    Source: Benaych-Georges and Nadakuditi (2011); THEORY L14.
    """
    if n_selected == 0 or probability == 0.0:
        return 0.0
    gamma = codimension / n_selected
    half = (value / probability - gamma) / 2.0
    if half**2 <= gamma:
        return 0.0
    return half + math.copysign(math.sqrt(half**2 - gamma), half)


def squared_sine(ratio: float, gamma: float) -> float:
    r"""L14: sin² ≈ 1 - (1 - γ/ρ²)/(1 + γ/ρ) between an eigenvector of M̂ and V; 1 below the noise edge.

    Parameters
    ----------
    ratio : ρ = λ/p, not below -1. gamma : γ = (d-l)/(Np) ≥ 0.

    Examples
    --------
    >>> round(squared_sine(1.0, 0.25), 12), squared_sine(0.5, 1.0)
    (0.4, 1.0)

    Source: Benaych-Georges and Nadakuditi (2011); THEORY L14.
    """
    if ratio**2 <= gamma or 1.0 + gamma / ratio <= 0.0:
        return 1.0
    return min(max(1.0 - (1.0 - gamma / ratio**2) / (1.0 + gamma / ratio), 0.0), 1.0)


def samples_to_show(ratio: float, probability: float, codimension: int, level: float, *, margin: float = 2.0) -> float:
    r"""Least N at which a direction of strength ρ = λ/p is expected beyond L12's threshold, by L14.

    Parameters
    ----------
    ratio : ρ, not 0. probability : p. codimension : d - l. level : δ of the test.
    margin : standard deviations of the eigenvalue, √(2/n)(1 + ρ), to spare; two make up for ρ having been
        estimated where it stood out, in the filter of many that shows it first.

    Returns
    -------
    N, to two per cent; ``inf`` if ρ = 0 or no N up to 10¹² times L14's bound p(d-l)/λ² is enough.

    Examples
    --------
    >>> round(samples_to_show(1.44, 0.1, 100, 0.0001), -2)
    6900.0

    Source: THEORY L12, L14.
    """
    if ratio == 0.0 or probability == 0.0:
        return math.inf
    n = codimension / ratio**2 * 1.02 ** np.arange(1400.0)
    spread = (math.sqrt(codimension) + deviation(level)) / np.sqrt(n)
    expected = (1.0 + ratio) * (1.0 + codimension / (n * ratio))
    noise = margin * np.sqrt(2.0 / n) * max(1.0 + ratio, 0.0)
    if ratio > 0.0:
        shows = expected - noise > (1.0 + spread) ** 2
    else:
        shows = expected + noise < np.maximum(1.0 - spread, 0.0) ** 2
    return float(n[int(shows.argmax())] / probability) if shows.any() else math.inf
