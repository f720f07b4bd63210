"""Filtered PCA with the candidates of a finite net, to the letter of THEORY section 2; tiny networks without biases."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_X_y

from learning.arguments import as_count, as_samples, require_callable, require_real, shown
from learning.filtering.moments import filtered_second_moments
from learning.filtering.pca import stopping_thresholds
from learning.literal.bounds import WorstCase, worst_case
from learning.literal.grids import Hypothesis, Net, require_net
from learning.subspace import complement_frame, extend_frame
from tropical import Value, lipschitz_constant

__all__ = ["LiteralPass", "LiteralResult", "literal_filtered_pca", "scan", "select"]

Array = NDArray[np.float64]
Draw = Callable[[int], tuple[ArrayLike, ArrayLike]]
MakeNet = Callable[[int], Net]


@dataclass(frozen=True, repr=False)
class LiteralPass(Value):
    r"""One pass: the net, the candidate that decided it, and what the worst case would have asked.

    Attributes
    ----------
    dimension : ℓ = dim W before the pass. net_size : candidates tested. candidate : index in the net of the deciding
        one: the strongest that passes, else the one closest to passing. threshold : τ used.
    n_samples, n_selected : N, and n of the deciding candidate. eigenvalue : its extreme eigenvalue λ̂.
    edge : L12's threshold for it. rejected : whether V ⊆ W was rejected. appended : eigenvectors appended.
    worst_case : threshold, net and samples that carry a guarantee.

    Source: Chen, Klivans and Meka (2021); THEORY section 2, L12.
    """

    dimension: int
    net_size: int
    candidate: int
    threshold: float
    n_samples: int
    n_selected: int
    eigenvalue: float
    edge: float
    rejected: bool
    appended: int
    worst_case: WorstCase


@dataclass(frozen=True, repr=False, eq=False)
class LiteralResult(Value):
    r"""What `literal_filtered_pca` found; equal only to itself.

    Attributes
    ----------
    frame : (ℓ, d) orthonormal rows of W, float. hypothesis : F̃, exact over Q in the coordinates of W.
    converged : whether the last pass rejected nothing (False: it rejects on dim W = k, so W is imprecise).
    passes : of the repetition that was chosen. selection_size : functions in the finer net. grid_error : its error η:
        on a W ⊇ V the net holds a function with E(F - F̃)² ≤ η²ℓ.
    held_out_loss : mean of (y - F̃)² over n_held_out samples that nothing else saw.
    loss_bound : E(F - F̃)² ≤ loss_bound with probability ≥ 1 - δ. n_samples : all samples drawn.
    failure : δ^R, see `literal_filtered_pca`.

    Source: Chen, Klivans and Meka (2021); THEORY section 2.
    """

    frame: Array
    hypothesis: Hypothesis
    converged: bool
    passes: tuple[LiteralPass, ...]
    selection_size: int
    grid_error: float
    held_out_loss: float
    loss_bound: float
    n_samples: int
    failure: float

    def predict(self, X: ArrayLike) -> Array:
        """F̃(Π_W x) in float64: (n, d) -> (n,)."""
        return np.ravel(self.hypothesis.evaluate(as_samples(X, "X", self.frame.shape[1]) @ self.frame.T))

    def summary(self) -> str:
        """Nets, thresholds and samples of every pass beside the worst case, a line each."""
        lines = []
        for record in self.passes:
            bound = record.worst_case
            outcome = f"{record.appended} appended" if record.rejected else "V in W not rejected"
            lines.append(
                f"dim W = {record.dimension}: {record.net_size} candidates, threshold {record.threshold:.3g}, "
                f"{record.n_samples} samples: {outcome} | worst case: {_count(math.log10(bound.net_size))} candidates, "
                f"threshold {bound.threshold:.3g}, {_count(bound.log10_samples)} samples"
            )
        lines.append(
            f"selection: {self.selection_size} functions, held-out loss {self.held_out_loss:.3g} (<= "
            f"{self.loss_bound:.3g} at its level), {self.n_samples} samples in all"
        )
        return "\n".join(lines)


def _count(log10: float) -> str:
    return f"{round(10.0**log10)}" if log10 < 6 else f"10^{log10:.0f}"


@dataclass(frozen=True)
class _Finding:
    """The deciding candidate of a scan: its index, its mask, its extreme eigenvalue and L12's threshold for it."""

    key: tuple[bool, float] = (False, -math.inf)
    candidate: int = 0
    mask: NDArray[np.bool_] | None = None
    eigenvalue: float = 0.0
    edge: float = 0.0


def _filtered_spectra(masks: NDArray[np.bool_], features: Array, upper: Any) -> tuple[Array, Array]:
    """Counts n, (b,), and ascending eigenvalues of M̂ on W⊥, (b, q), of many filters: one matrix product for all."""
    sums = masks.astype(np.float64) @ features
    counts, q = sums[:, -1], int(upper[0].max()) + 1
    moments = np.empty((len(masks), q, q))
    moments[:, upper[0], upper[1]] = moments[:, upper[1], upper[0]] = sums[:, :-1]
    moments[:, np.arange(q), np.arange(q)] -= counts[:, None]
    return counts, np.asarray(np.linalg.eigvalsh(moments / len(features)), dtype=np.float64)


def scan(
    X: Array, y: Array, frame: Array, net: Net, *, threshold: float, level: float, rounding: float = 1e-9
) -> _Finding:
    r"""Test V ⊆ W with the filter {|y - F̃(Π_W x)| > τ} of every candidate F̃ in the net, δ split evenly over them.

    Of the candidates that L12 lets pass the one with the largest λ̂²/p̂ decides (L14); as the level is split over all of
    them, so may the choice be among all.

    Parameters
    ----------
    X, y : batch, (N, d) and (N,). frame : (ℓ, d), ℓ < d, independent of the batch. net : on R^ℓ. threshold : τ.
    level : δ of the scan. rounding : λ̂ = -p̂ is attained wherever n < d - ℓ and is no rejection, up to this.

    Source: Chen, Klivans and Meka (2021); THEORY L12, L14.
    """
    outside, total = X @ complement_frame(frame).T, len(X)
    pairs = np.triu_indices(outside.shape[1])
    features = np.column_stack([outside[:, pairs[0]] * outside[:, pairs[1]], np.ones(total)])
    best, start, share = _Finding(), 0, level / net.size
    edges: dict[int, tuple[float, float]] = {}
    for values in net.blocks(X @ frame.T):
        masks = np.abs(y - values) > threshold
        counts, spectra = _filtered_spectra(masks, features, pairs)
        for n in {int(count) for count in counts if count} - edges.keys():
            edges[n] = stopping_thresholds(n, n / total, outside.shape[1], share)
        limits = np.array([edges.get(int(count), (-np.inf, np.inf)) for count in counts])
        extremes = spectra[:, [0, -1]]
        excess = extremes / limits
        tail = excess.argmax(axis=1)
        rows = np.arange(len(masks))
        rejected = excess[rows, tail] > 1.0 + rounding
        strength = extremes[rows, tail] ** 2 / np.maximum(counts / total, 1.0 / total)
        score = np.where(rejected, strength, excess[rows, tail])
        first = int(np.lexsort((-score, ~rejected))[0])
        key = (bool(rejected[first]), float(score[first]))
        if key > best.key:
            chosen = int(tail[first])
            edge = float(limits[first, chosen])
            best = _Finding(key, start + first, masks[first].copy(), float(extremes[first, chosen]), edge)
        start += len(masks)
    return best


def select(X: Array, y: Array, frame: Array, net: Net) -> tuple[int, float]:
    r"""Index and value of the least mean of (y - F̃(Π_W x))² over the functions F̃ of a net on W; the first if tied.

    Source: Chen, Klivans and Meka (2021); THEORY section 2 (the finer net).
    """
    best, loss, start = 0, math.inf, 0
    for values in net.blocks(X @ frame.T):
        losses = np.square(values - y).mean(axis=1)
        first = int(losses.argmin())
        if losses[first] < loss:
            best, loss = start + first, float(losses[first])
        start += len(values)
    return best, loss


def _directions(X: Array, frame: Array, finding: _Finding, level: float, most: int, rounding: float = 1e-9) -> Array:
    """The eigenvectors of the deciding filter that L12 rejects, strongest first, at most ``most``."""
    outside = complement_frame(frame)
    (moment,) = filtered_second_moments(X, [finding.mask])
    values, vectors = np.linalg.eigh(moment.compressed(outside))
    lower, upper = stopping_thresholds(moment.n_selected, moment.probability, len(outside), level)
    order = np.argsort(-np.abs(values))
    chosen = [i for i in order if values[i] > upper or values[i] < lower * (1.0 + rounding)]
    return np.asarray(vectors.T[chosen[:most]] @ outside)


@dataclass(frozen=True)
class _Run:
    """The arguments of `literal_filtered_pca` that a repetition needs."""

    draw: Callable[[int], tuple[Array, Array]]
    dim: int
    candidates: MakeNet
    finer: MakeNet
    rank: int
    lipschitz: float
    accuracy: float
    level: float
    n_samples: int
    n_held_out: int
    threshold: float | None

    def repetition(self) -> tuple[Array, Hypothesis, bool, tuple[LiteralPass, ...]]:
        frame, rejected = np.zeros((0, self.dim)), True
        passes: list[LiteralPass] = []
        while rejected and len(passes) <= self.rank and len(frame) < self.dim:
            frame, record = self._pass(frame)
            passes.append(record)
            rejected = record.rejected and record.dimension < self.rank
        X, y = self.draw(self.n_held_out)
        net = self.finer(len(frame))
        require_net(net, f"finer({len(frame)})")
        converged = not passes[-1].rejected or len(frame) == self.dim
        return frame, net[select(X, y, frame, net)[0]], converged, tuple(passes)

    def _pass(self, frame: Array) -> tuple[Array, LiteralPass]:
        passes = self.rank + 1
        net = self.candidates(len(frame))
        require_net(net, f"candidates({len(frame)})")
        bound = worst_case(
            self.dim, net, rank=self.rank, lipschitz=self.lipschitz, accuracy=self.accuracy, level=self.level,
            passes=passes,
        )  # fmt: skip
        tau = bound.threshold if self.threshold is None else self.threshold
        X, y = self.draw(self.n_samples)
        finding = scan(X, y, frame, net, threshold=tau, level=self.level / passes)
        new = np.zeros((0, self.dim))
        if finding.key[0] and len(frame) < self.rank:
            new = _directions(X, frame, finding, self.level / passes / net.size, self.rank - len(frame))
        record = LiteralPass(
            dimension=len(frame),
            net_size=net.size,
            candidate=finding.candidate,
            threshold=tau,
            n_samples=len(X),
            n_selected=0 if finding.mask is None else int(finding.mask.sum()),
            eigenvalue=finding.eigenvalue,
            edge=finding.edge,
            rejected=finding.key[0],
            appended=len(new),
            worst_case=bound,
        )
        return extend_frame(frame, new), record


def literal_filtered_pca(
    draw: Draw,
    dim: int,
    candidates: MakeNet,
    *,
    rank: int,
    lipschitz: float,
    finer: MakeNet | None = None,
    accuracy: float = 0.5,
    level: float = 0.05,
    n_samples: int = 20_000,
    n_held_out: int = 2_000,
    threshold: float | None = None,
    repetitions: int = 1,
) -> LiteralResult:
    r"""Learn y = F(x), x ~ N(0, I_d), F bias-free: W grows while a candidate of the net on W shows a direction.

    Every pass draws afresh and tests V ⊆ W with all candidates F̃ (`scan`); it appends what L12 rejects of the strongest
    filter, until nothing is rejected or dim W = k: at most k + 1 passes (L15). Then the function of the finer net on W
    with least loss on ``n_held_out`` fresh samples is taken.
    All of this is repeated R times and the hypothesis with least loss on another ``n_held_out`` samples is returned.
    With g = F - F̃∘Π_W Lipschitz with C = Λ + Lip(F̃), √(mean g²) is C/√n-Lipschitz in the samples, so, but for
    probability δ, E g² ≤ (√(held_out_loss) + C√(2 ln(R/δ)/n))² + C²/n: ``loss_bound`` (Gaussian concentration and
    Poincaré's inequality). With the samples of `worst_case` each repetition would reject where V ⊆ W, or
    not reject where E(F - F∘Π_W)² ≥ ε², with probability ≤ δ: all of them with ≤ δ^R, ``failure`` (2^-R at δ = 1/2).
    With fewer samples that is no promise.

    Parameters
    ----------
    draw : n ↦ (X, y), n fresh samples: ``GaussianOracle.sample``. dim : d.
    candidates : ℓ ↦ net on R^ℓ, such as ``partial(NetworkGrid, widths=(2,))`` or ``partial(LatticeGrid, pieces=3)``.
    finer : the same for the selection, by default the candidates. rank : k, dimension of V. lipschitz : Λ.
    accuracy : ε, for the worst case only: a direction is owed while E(F - F∘Π_W)² ≥ ε². level : δ.
    n_samples, n_held_out : per pass, per selection. threshold : τ, by default that of L9 (`literal_threshold`); L12's
        level holds for any τ, completeness only for that one. repetitions : R.

    Raises
    ------
    ValueError : a parameter out of range, or samples of the wrong shape or not finite.

    Examples
    --------
    >>> from functools import partial
    >>> import learning as ln, tropical as tp
    >>> from learning.literal import NetworkGrid
    >>> net = tp.ReLUNetwork.from_arrays([[["3/5", "-4/5", 0, 0]], [[1]]])
    >>> grid = partial(NetworkGrid, widths=(1,))
    >>> result = literal_filtered_pca(ln.GaussianOracle(net).sample, 4, grid, rank=1, lipschitz=1)
    >>> bool(abs(result.frame @ [0.6, -0.8, 0, 0])[0] > 0.99), [record.net_size for record in result.passes]
    (True, [1, 25])
    >>> result.held_out_loss < 0.01, [float(result.hypothesis([x])[0]) for x in (-1, 1)]
    (True, [1.0, 0.0])

    Source: Chen, Klivans and Meka (2021); THEORY section 2, L9, L12, L15; Ledoux (2001) for the concentration.
    """
    require_callable(draw, "draw")
    require_callable(candidates, "candidates")
    if finer is None:
        finer = candidates
    require_callable(finer, "finer")
    run = _Run(
        lambda n: _drawn(draw, n, dim), dim, candidates, finer, rank, lipschitz, accuracy, level,
        n_samples, n_held_out, threshold,
    )  # fmt: skip
    _check(run, repetitions)
    runs = [run.repetition() for _ in range(repetitions)]
    X, y = run.draw(n_held_out)
    losses = [float(np.mean((np.ravel(f.evaluate(X @ frame.T)) - y) ** 2)) for frame, f, _, _ in runs]
    best = int(np.argmin(losses))
    frame, hypothesis, converged, passes = runs[best]
    constant = lipschitz + math.sqrt(lipschitz_constant(hypothesis).squared)
    deviation = constant * math.sqrt(2.0 * math.log(repetitions / level) / n_held_out)
    return LiteralResult(
        frame=frame,
        hypothesis=hypothesis,
        converged=converged,
        passes=passes,
        selection_size=run.finer(len(frame)).size,
        grid_error=run.finer(len(frame)).error,
        held_out_loss=losses[best],
        loss_bound=(math.sqrt(losses[best]) + deviation) ** 2 + constant**2 / n_held_out,
        n_samples=sum(n_samples * len(records) + n_held_out for *_, records in runs) + n_held_out,
        failure=level**repetitions,
    )


def _drawn(draw: Draw, n: int, dim: int) -> tuple[Array, Array]:
    X, y = check_X_y(*draw(n), dtype=np.float64, y_numeric=True)
    if X.shape != (n, dim):
        raise ValueError(f"draw({n}) must return samples of shape ({n}, {dim}); got {X.shape}")
    return X, np.asarray(y, dtype=np.float64)


def _check(run: _Run, repetitions: int) -> None:
    for name, value in (("dim", run.dim), ("rank", run.rank), ("n_samples", run.n_samples),
                        ("n_held_out", run.n_held_out), ("repetitions", repetitions)):  # fmt: skip
        as_count(value, name)
    if run.rank > run.dim:
        raise ValueError(f"rank must not exceed dim = {run.dim}; got {shown(run.rank)}")
    require_real(run.lipschitz, "lipschitz", 0, math.inf)
    require_real(run.accuracy, "accuracy", 0, math.inf)
    if run.threshold is not None:
        require_real(run.threshold, "threshold", 0, math.inf)
    require_real(run.level, "level", 0, 1)
