"""L12: the stopping test rejects V ⊆ W wrongly with probability at most δ."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learning.filtering.candidates import fit_candidate
from learning.filtering.moments import binned_second_moments
from learning.filtering.passes import filtered_pass
from learning.filtering.spectra import Finding, moment_findings
from learning.instances import h6
from learning.lemmas.estimates.estimates import unit_rows
from learning.lemmas.framework.claim import Claim, compare
from learning.lemmas.framework.lemma import Evidence, FalseNeighbour, Hypothesis, Lemma
from learning.lemmas.framework.setting import Setting
from learning.lemmas.framework.subject import Subject
from learning.lemmas.rational_subspaces import orthogonal_basis, project
from learning.sampling import own_stream
from tropical import Estimate, ReLUNetwork

__all__ = ["LEMMA"]

Array = NDArray[np.float64]
Test = Callable[[Array, Array, Array], bool]
Edges = Callable[[Finding], tuple[float, float]]

_DELTA = Fraction(1, 20)
_CODIMENSION = 16  # d - l
_BATCH = 200  # N
_SAMPLES_PER_DRAW = 400  # of ``setting.samples``: 250 null draws by default, some seconds


def check(subject: Subject, setting: Setting) -> Evidence:
    """Share of rejections over fresh batches: of the software's pass, and of plain filters with many and few samples.

    W is ``setting.subspace``, or V and V plus one direction. Samples are drawn in coordinates of W, whose first k span
    V exactly, and of a W⊥ of 16 dimensions whatever d is: independent of (y, Π_W x), it enters by its dimension alone.
    The intervals hold jointly at ``setting.level``; ``interval_below`` says which lie wholly below δ.
    """
    tests: dict[str, Test] = {
        "pass that chooses its filter": _pass,
        "top fifth of |y - linear|": _plain(0.8, _edges),
        "top twentieth of |y - linear|": _plain(0.95, _edges),
    }
    return _evidence(subject, setting, tests)


def _check_without_deviation(subject: Subject, setting: Setting) -> Evidence:
    return _evidence(subject, setting, {"edges without t, top fifth of |y - linear|": _plain(0.8, _without_deviation)})


def _check_without_positive_part(subject: Subject, setting: Setting) -> Evidence:
    test = _plain(0.95, _without_positive_part)
    return _evidence(subject, setting, {"lower edge without (·)₊, top twentieth of |y - linear|": test})


def _evidence(subject: Subject, setting: Setting, tests: Mapping[str, Test]) -> Evidence:
    """One claim for each test and each W ⊇ V: its share of rejections is at most δ."""
    if setting.subspace is None:
        spaces, inside = {"W = V": subject.k, "W = V + 1 direction": subject.k + 1}, True
    else:
        basis = orthogonal_basis(setting.subspace)
        spaces, inside = {"W given": len(basis)}, all(project(basis, v) == v for v in subject.relevant)
    hypotheses = (Hypothesis("V ⊆ W", inside),)
    if not inside:
        return Evidence(hypotheses)
    draws, level = max(1, setting.samples // _SAMPLES_PER_DRAW), setting.level / (len(spaces) * len(tests))
    claims = []
    for space, rank in spaces.items():
        for name, test in tests.items():
            rng = own_stream(setting.seed, f"stopping test, {name}, {space}")
            claims.append(_claim(f"{name}, {space}", _rejections(subject, test, rank, draws, rng), draws, level))
    choices = {"delta": _DELTA, "codimension": _CODIMENSION, "batch": _BATCH, "null_draws": draws}
    return Evidence(hypotheses, tuple(claims), choices)


def _claim(name: str, rejections: int, draws: int, level: float) -> Claim:
    from scipy.stats import binomtest

    lower, upper = binomtest(rejections, draws).proportion_ci(1.0 - level, "exact")
    share = Estimate(rejections / draws, lower, upper, 1.0 - level, draws)
    text = f"{name}: share of rejections ≤ δ"
    return compare(text, share, "<=", _DELTA, rejections=rejections, interval_below=upper < _DELTA)


def _rejections(subject: Subject, test: Test, rank: int, draws: int, rng: np.random.Generator) -> int:
    """Rejections in fresh batches; the first k coordinates are those of V, the first ``rank`` those of W."""
    relevant, dimension = unit_rows(subject.relevant, subject.dimension), rank + _CODIMENSION
    frame, rejections = np.eye(dimension)[:rank], 0
    for _ in range(draws):
        X = rng.standard_normal((_BATCH, dimension))
        y = subject.network.evaluate(X[:, : subject.k] @ relevant)[:, 0]
        rejections += test(X, y, frame)
    return rejections


def _pass(X: Array, y: Array, frame: Array) -> bool:
    """What `learning.filtering.passes.filtered_pass` says at level δ, all its filters together."""
    _, record = filtered_pass(X, y, frame, level=float(_DELTA))
    return record is not None and record.rejected


def _plain(quantile: float, edges: Edges) -> Test:
    """The filter that keeps what lies above a quantile of |y - F̃|, F̃ linear on W, both from the batch itself."""

    def rejects(X: Array, y: Array, frame: Array) -> bool:
        on_w = X @ frame.T
        size = np.abs(y - fit_candidate("linear", on_w, y)(on_w))
        labels = np.where(size > np.quantile(size, quantile), 0, -1)
        if labels.max() < 0:
            return False
        totals = binned_second_moments(X, labels[None], 1)
        (finding,) = moment_findings(totals, [(0, "linear", "top", (0,))], frame, float(_DELTA))
        lower, upper = edges(finding)
        return bool(replace(finding, lower=lower, upper=upper).significant.any())

    return rejects


def _edges(finding: Finding) -> tuple[float, float]:
    """Those of `learning.filtering.stopping.stopping_thresholds`."""
    return finding.lower, finding.upper


def _without_deviation(finding: Finding) -> tuple[float, float]:
    spread = math.sqrt(finding.codimension / finding.n_selected)
    p = finding.probability
    return p * (max(1.0 - spread, 0.0) ** 2 - 1.0), p * ((1.0 + spread) ** 2 - 1.0)


def _without_positive_part(finding: Finding) -> tuple[float, float]:
    """The upper edge is p̂[(1 + s)² - 1]; the lower one becomes p̂[(1 - s)² - 1] whatever the sign of 1 - s."""
    spread = math.sqrt(1.0 + finding.upper / finding.probability) - 1.0
    return finding.probability * ((1.0 - spread) ** 2 - 1.0), finding.upper


def _instance() -> tuple[ReLUNetwork, Mapping[str, Any]]:
    return h6(4, seed=0), {"level": 1e-6, "samples": 400_000}


_STATEMENT = r"""Let $V \subseteq W$, $\ell = \dim W$, with $W$ independent of the batch, and let the filter be any
function of $(y, \Pi_W x)$, also one chosen on the batch. With $t = \sqrt{2 \ln(2/\delta)}$ and
$s = \sqrt{(d-\ell)/n} + t/\sqrt{n}$, the probability that $\hat\lambda_{\max} > \hat p\,[(1+s)^2 - 1]$ or
$\hat\lambda_{\min} < \hat p\,[((1-s)_+)^2 - 1]$ is at most $\delta$."""

LEMMA = Lemma(
    label="L12",
    title="Stopping test",
    statement=_STATEMENT,
    check=check,
    hypotheses=("V ⊆ W", "W is independent of the batch"),
    kind="sampling",
    source="THEORY L12; Davidson and Szarek (2001)",
    neighbours=(
        FalseNeighbour(
            r"L12 without $t$: reject if $\hat\lambda_{\max} > \hat p\,[(1 + \sqrt{(d-\ell)/n})^2 - 1]$ or "
            r"$\hat\lambda_{\min} < \hat p\,[((1 - \sqrt{(d-\ell)/n})_+)^2 - 1]$.",
            _check_without_deviation,
            _instance,
        ),
        FalseNeighbour(
            r"L12 without $(\cdot)_+$: reject if $\hat\lambda_{\max} > \hat p\,[(1+s)^2 - 1]$ or "
            r"$\hat\lambda_{\min} < \hat p\,[(1-s)^2 - 1]$.",
            _check_without_positive_part,
            _instance,
        ),
    ),
)
