"""What the stated inequalities ask of a literal run in the worst case: thresholds, nets, samples. THEORY L9-L12."""

from __future__ import annotations

import math
from dataclasses import dataclass

from learning.arguments import as_count, require_real
from learning.literal.grids import Net, require_net
from tropical import Value

__all__ = ["WorstCase", "literal_threshold", "log_chi_squared_tail", "worst_case"]


@dataclass(frozen=True, repr=False)
class WorstCase(Value):
    r"""What guarantees, for every network of the given rank and Lipschitz constant, that a pass rejects.

    Attributes
    ----------
    threshold : τ. net_size : functions in a net fine enough (exact). log10_eigenvalue : of the lower bound for λ.
    log10_samples : of the number of fresh samples that the pass needs.

    Source: THEORY L9, L10, L12.
    """

    threshold: float
    net_size: int
    log10_eigenvalue: float
    log10_samples: float


def literal_threshold(rank: int, lipschitz: float, dimension: int) -> float:
    r"""τ = Λ√(2k) on W = {0}, where F̃ = 0 is F∘Π_W itself (L9 (a)), and τ = 2Λ√(2k) beyond (L9 (b)).

    L9 (b) asks τ² ≥ 4Λ²m; at τ² = 8Λ²k, m ≤ k, it reads Tr_U M ≥ m(p - 2q), hence λ ≥ p - 2q.

    Examples
    --------
    >>> literal_threshold(2, 1.0, 0), literal_threshold(2, 1.0, 1)
    (2.0, 4.0)

    Source: THEORY L9.
    """
    as_count(rank, "rank")
    as_count(dimension, "dimension", 0)
    require_real(lipschitz, "lipschitz", 0, math.inf)
    return (1.0 if dimension == 0 else 2.0) * lipschitz * math.sqrt(2.0 * rank)


def log_chi_squared_tail(degrees: int, s: float) -> float:
    r"""ln Q_k(s) for s > 0: Q_{k+2}(s) = Q_k(s) + (s/2)^{k/2} e^{-s/2} / Γ(k/2 + 1), Q_0 = 0, Q_1(s) = erfc √(s/2).

    In logarithms, since Q_k(s) underflows from s ≈ 1400 on.

    Examples
    --------
    >>> log_chi_squared_tail(2, 5000.0)
    -2500.0
    """
    from scipy.special import log_ndtr

    odd = degrees % 2
    value = math.log(2.0) + float(log_ndtr(-math.sqrt(s))) if odd else -math.inf
    for k in range(odd, degrees, 2):
        term = k / 2 * math.log(s / 2.0) - s / 2.0 - math.lgamma(k / 2 + 1)
        top = max(value, term)
        value = top + math.log(math.exp(value - top) + math.exp(term - top))
    return value


def worst_case(
    dim: int, net: Net, *, rank: int, lipschitz: float, accuracy: float, level: float, passes: int
) -> WorstCase:
    r"""Samples with which one pass on a W of dimension ℓ rejects as long as E(F - F∘Π_W)² ≥ ε², for a bias-free F.

    F is to be of rank ≤ k, Λ-Lipschitz and of the family that the net stands for (widths and norms, or pieces).

    With m = k, κ = min(k + ℓ, d) and τ from `literal_threshold`, L10 gives
    P = Pr[|F - F∘Π_W| > c·τ] ≥ (ε²/2κΛ²)·Q_κ(2κc²τ²/ε²).
    On W = {0}: c = 1 and λ ≥ P (L9 (a)). Beyond: a net of error η‖z‖ with q = Q_ℓ(τ²/4η²) ≤ P/6 and c = 3/2 has a
    candidate with p ≥ P - q, hence λ ≥ p - 2q ≥ P/2 (L9 (b)).
    L12 is passed by λ/2 once its threshold is below that. With A = √(d-ℓ) + t, t = √(2 ln(2/δ')),
    δ' = δ/(passes·|net|), and p̂ ≤ 1 the threshold is ≤ 2A/√N + A²/N, which is ≤ λ/2 for N = 25·A²/λ². At this N also
    vᵀM̂v ≥ λ/2 for the top eigenvector v of M, but for probability e^{-Nλ²/17} ≤ δ' (Bernstein: 1_E(⟨v,x⟩² - 1) is
    ≥ -1, of second moment ≤ 2 and mean ≤ 1/2). A pass that has to reject, or has to not (V ⊆ W), errs with
    probability at most δ/passes. How precise the appended vectors are is L13's business and not counted.

    Parameters
    ----------
    dim : d. net : a net on W, which gives ℓ and the family that is refined. rank : k. lipschitz : Λ. accuracy : ε.
    level : δ. passes : among how many passes δ is split.

    Examples
    --------
    >>> from learning.literal import NetworkGrid
    >>> bound = worst_case(6, NetworkGrid(0), rank=1, lipschitz=1, accuracy=0.5, level=0.05, passes=2)
    >>> round(bound.log10_eigenvalue, 1), round(bound.log10_samples, 1), bound.net_size
    (-5.1, 13.1, 1)

    Source: THEORY L9, L10, L12; constants as derived here.
    """
    for name, value in (("dim", dim), ("rank", rank), ("passes", passes)):
        as_count(value, name)
    require_real(lipschitz, "lipschitz", 0, math.inf)
    require_real(accuracy, "accuracy", 0, math.inf)
    require_real(level, "level", 0, 1)
    require_net(net, "net")
    ell, kappa = net.dimension, min(rank + net.dimension, dim)
    tau = literal_threshold(rank, lipschitz, ell)
    reach = tau if ell == 0 else 1.5 * tau
    probability = math.log(accuracy**2 / (2 * kappa * lipschitz**2))
    probability += log_chi_squared_tail(kappa, 2 * kappa * (reach / accuracy) ** 2)
    eigenvalue = probability if ell == 0 else probability - math.log(2.0)
    size = 1 if ell == 0 else net.refined(_needed_error(ell, tau, probability - math.log(6.0))).size
    deviation = math.sqrt(2.0 * (math.log(2.0 * passes / level) + math.log(size)))
    samples = math.log(25.0) + 2.0 * math.log(math.sqrt(dim - ell) + deviation) - 2.0 * eigenvalue
    return WorstCase(tau, size, eigenvalue / math.log(10.0), samples / math.log(10.0))


def _needed_error(ell: int, tau: float, log_tail: float) -> float:
    """η with Q_ℓ(τ²/4η²) = e^log_tail."""
    from scipy.optimize import brentq

    upper = 1.0
    while log_chi_squared_tail(ell, upper) > log_tail:
        upper *= 2.0
    s = brentq(lambda s: log_chi_squared_tail(ell, s) - log_tail, 1e-12, upper)
    return tau / (2.0 * math.sqrt(s))
