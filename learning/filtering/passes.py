"""One pass of filtered PCA: plan the filters, sum their moments, test, append. THEORY section 2, L12-L14."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial, reduce
from operator import iadd

import numpy as np
from numpy.typing import NDArray

from learning.filtering.bands import BINS, FilterPlan, plan_filters
from learning.filtering.moments import BinnedMoments, BinnedProducts, binned_products, binned_second_moments, in_order
from learning.filtering.spectra import (
    Directions,
    Finding,
    block_directions,
    block_findings,
    first_block,
    moment_directions,
    moment_findings,
    next_block,
)
from learning.subspace import extend_frame
from tropical import Value

__all__ = ["BATCH", "PassRecord", "block_pass", "filtered_pass", "streamed_pass"]

Array = NDArray[np.float64]
Labels = NDArray[np.int8]
Part = tuple[Array, Array, Labels | None]
BATCH = tuple[Array, Array]

_CHUNK = (20_000, 1_000, 10_000_000)  # samples summed together, the first of which fix the filters: enough, fewest,
# and entries of X that may be held


@dataclass(frozen=True, repr=False)
class PassRecord(Value):
    r"""One pass of filtered PCA, described by its most telling filter: the one that minimises p/λ² (L14).

    Attributes
    ----------
    index : number of the pass, from 0. dimension : dim W before the pass. n_samples, n_selected : N and n, for the
        block method of the sweep that tests.
    candidate, band : the regression F̃ and the residual band that were chosen.
    probability : p̂. eigenvalue : the extreme eigenvalue λ̂ of M̂ on W⊥. threshold : what L12 asked it to pass.
    rejected : whether V ⊆ W was rejected. appended : number of eigenvectors appended.
    eigenvalues, leakage, squared_sines : one entry per appended direction v̂, strongest first: its eigenvalue, L13's
        bound for ‖Π_{(V+W)⊥} v̂‖ from the data alone (at most 1, which says nothing), L14's estimate of sin².
    n_filters, level : filters that were tested, and the level δ that they share evenly.
    exhaustive : whether all of W⊥ was searched; False for the block method, whose silence is no test of V ⊆ W.
    forecast : samples of one pass that would show the direction at the noise edge (L14), where nothing was rejected
        and one stands there; else None.

    ``str(record)`` says all this in one line. ``==`` and ``hash`` go by all attributes.

    Source: Chen, Klivans and Meka (2021); THEORY L12-L14.
    """

    index: int
    dimension: int
    n_samples: int
    n_selected: int
    candidate: str
    band: str
    probability: float
    eigenvalue: float
    threshold: float
    rejected: bool
    appended: int
    leakage: tuple[float, ...]
    eigenvalues: tuple[float, ...] = ()
    squared_sines: tuple[float, ...] = ()
    n_filters: int = 1
    level: float = 0.01
    exhaustive: bool = True
    forecast: float | None = None

    def __repr__(self) -> str:
        text = str(self)
        return f"<PassRecord: {text if len(text) < 185 else text[:182] + '...'}>"

    def __str__(self) -> str:
        filter_ = f"{self.candidate}, {self.band}: p = {self.probability:.3g}"
        verdict = self._found() if self.rejected else self._nothing()
        return f"pass {self.index}, dim W = {self.dimension}, N = {self.n_samples}: {verdict} [{filter_}]"

    def _found(self) -> str:
        sines = ", ".join(f"{value:.2g}" for value in self.squared_sines)
        bounded = any(value < 1.0 for value in self.leakage)
        leakage = "by at most " + ", ".join(f"{value:.2g}" for value in self.leakage) if bounded else "unbounded by L13"
        noun = "direction" if self.appended == 1 else "directions"
        return (
            f"{self.appended} {noun} appended, eigenvalue {self.eigenvalue:.3g} beyond {self.threshold:.3g}; "
            f"sin² about {sines}; part outside V + W {leakage}"
        )

    def _nothing(self) -> str:
        text = f"nothing rejected by {self.n_filters} filters at level {self.level:.2g}"
        if not self.exhaustive:
            text += ", not certified: a random block of directions was searched"
        if self.forecast is not None:
            text += f"; direction at the noise edge: N ≈ {float(f'{self.forecast:.2g}'):.0f} would show it"
        return text


def _record(findings: list[Finding], best: Finding, found: Directions | None, index: int, rank: int) -> PassRecord:
    """The record of a pass, given its chosen filter and what was found by it."""
    values = () if found is None else tuple(map(float, found.values))
    ends = best.values[[-1, 0]]
    strongest = ends[0] if best.lower == 0.0 or ends[0] / best.upper >= ends[1] / best.lower else ends[1]
    eigenvalue = values[0] if values else float(strongest)
    exhaustive = best.looked_at == best.codimension
    searched = [] if values or not exhaustive else findings
    forecast = min((finding.forecast for finding in searched), default=math.inf)
    return PassRecord(
        index=index,
        dimension=rank,
        n_samples=best.n_samples,
        n_selected=best.n_selected,
        candidate=best.filter[1],
        band=best.filter[2],
        probability=best.probability,
        eigenvalue=eigenvalue,
        threshold=best.upper if eigenvalue > 0.0 else best.lower,
        rejected=bool(values),
        appended=len(values),
        leakage=() if found is None else found.leakage,
        eigenvalues=values,
        squared_sines=() if found is None else found.squared_sines,
        n_filters=best.n_filters,
        level=best.pass_level,
        exhaustive=exhaustive,
        forecast=forecast if math.isfinite(forecast) else None,
    )


def _conclude(
    findings: list[Finding], frame: Array, index: int, directions: Callable[[Finding], Directions]
) -> tuple[Array, PassRecord | None]:
    """Choose the filter that minimises p/λ² and append what L12 rejects of it."""
    if not findings:
        return frame, None
    best = max(findings, key=lambda finding: (finding.strength, finding.excess))
    found = directions(best) if best.significant.any() else None
    record = _record(findings, best, found, index, len(frame))
    return (frame if found is None else extend_frame(frame, found.vectors)), record


def _moments(plan: FilterPlan, part: Part) -> BinnedMoments:
    X, y, labels = part
    return binned_second_moments(X, plan.labels(X, y) if labels is None else labels, BINS)


def _products(plan: FilterPlan, block: Array, part: Part) -> BinnedProducts:
    X, y, labels = part
    return binned_products(X, plan.labels(X, y) if labels is None else labels, BINS, block)


def _parts(head: list[BATCH], labels: Labels | None, rest: Iterator[BATCH]) -> Iterator[Part]:
    """The first batch with its labels, then the rest; keeps no batch that it has handed out."""
    yield (*head.pop(), labels)
    del labels
    while (batch := next(rest, None)) is not None:
        held = [batch]
        del batch
        yield (*held.pop(), None)


def _chunks(batches: Iterable[BATCH]) -> Iterator[BATCH]:
    """Consecutive batches put together until they are worth a sum of their own; empty ones left out."""
    held: list[BATCH] = []
    for X, y in batches:
        if len(y):
            held.append((X, y))
        if sum(len(labels) for _, labels in held) >= min(_CHUNK[0], max(_CHUNK[1], _CHUNK[2] // X.shape[1])):
            yield _joined(held)
    if held:
        yield _joined(held)


def _joined(held: list[BATCH]) -> BATCH:
    """The batches as one; empties the list, so that nothing is held twice for long."""
    batch = held[0] if len(held) == 1 else (np.vstack([X for X, _ in held]), np.concatenate([y for _, y in held]))
    held.clear()
    return batch


def streamed_pass(
    batches: Iterable[BATCH],
    frame: Array,
    *,
    index: int = 0,
    level: float = 0.01,
    filtered: bool = False,
    executor: Executor | None = None,
    in_flight: int = 8,
) -> tuple[Array, PassRecord | None]:
    r"""One pass over batches, each seen once and let go: test V ⊆ W, append the eigenvectors that L12 rejects.

    The first batches, of 20 000 samples (fewer in above 500 dimensions), fix the candidates and the quantiles; being
    functions of (y, Π_W x) they may be tested on the same samples (L12). The level is split evenly over all filters of
    all candidates, and of the filters that reject the one with the least p/λ² is followed: the false-positive rate is
    at most ``level`` however the choice falls, if W is independent of the batches. Memory: 13 symmetric (d, d) sums for
    each of two candidates.

    Parameters
    ----------
    batches : (X, y) pairs of shapes (n, d) and (n,). frame : (l, d) frame of W. index : number of the pass.
    level : δ of this pass. filtered : whether the samples have been filtered already, by a function of Π_V x, and
        are a filter of their own.
    executor, in_flight : as in `learning.filtering.moments.in_order`; the sums do not depend on them.

    Returns
    -------
    (frame, record) : the extended frame, and the record of the pass; None if no filter could be tested (l = d, no
        samples, or a residual that vanishes).

    Source: Chen, Klivans and Meka (2021); THEORY L12-L14.
    """
    chunks = _chunks(batches)
    head = [] if len(frame) == frame.shape[1] else list(itertools.islice(chunks, 1))
    if not head:
        return frame, None
    plan, labels = plan_filters(*head[0], frame, filtered=filtered)
    sums = in_order(partial(_moments, plan), _parts(head, labels, chunks), executor, in_flight=in_flight)
    totals = reduce(iadd, sums)
    filters = plan.filters(totals.counts, totals.n_samples)
    findings = moment_findings(totals, filters, frame, level)
    return _conclude(findings, frame, index, lambda best: moment_directions(totals, best, frame))


def filtered_pass(
    X: Array, y: Array, frame: Array, *, index: int = 0, level: float = 0.01, filtered: bool = False
) -> tuple[Array, PassRecord | None]:
    r"""`streamed_pass` on one batch that is held in memory.

    Parameters
    ----------
    X, y : batch of shapes (N, d) and (N,). frame, index, level, filtered : as in `streamed_pass`.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).standard_normal((4000, 3))
    >>> frame, record = filtered_pass(X, abs(X[:, 0]), np.zeros((0, 3)))
    >>> bool(abs(frame[0, 0]) > 0.99), record.appended, record.rejected
    (True, 1, True)

    Source: Chen, Klivans and Meka (2021); THEORY L12-L14.
    """
    return streamed_pass([(X, y)], frame, index=index, level=level, filtered=filtered)


def block_pass(
    sweeps: Iterable[Iterable[BATCH]],
    frame: Array,
    *,
    rng: np.random.Generator,
    size: int = 32,
    index: int = 0,
    level: float = 0.01,
    executor: Executor | None = None,
    in_flight: int = 8,
) -> tuple[Array, PassRecord | None]:
    r"""One pass with memory O(d · size): subspace iteration from a random block, then L12 on the block.

    Every sweep but the last turns the block towards the eigenvectors of all filters at once; the last, independent of
    the earlier ones, tests the Ritz values. What is rejected is rejected at ``level``; silence is not a test of V ⊆ W.

    Parameters
    ----------
    sweeps : two or more iterables of batches; the last has to be independent of the earlier ones, which may repeat the
        same samples. frame, index, level, executor, in_flight : as in `streamed_pass`.
    rng : generator of the first block. size : columns of the block, above the number of directions sought.

    Returns
    -------
    (frame, record), as `streamed_pass`.

    Source: Halko, Martinsson and Tropp (2011), section 4; THEORY L12-L14.
    """
    block, plan, totals = first_block(frame, size, rng), None, None
    for sweep in sweeps:
        if totals is not None and plan is not None:
            filters = plan.filters(totals.counts, totals.n_samples)
            if not filters:
                return frame, None
            block = next_block(totals, filters, frame)
        chunks, labels = _chunks(sweep), None
        head = list(itertools.islice(chunks, 1)) if block.shape[1] else []
        if not head:
            return frame, None
        if plan is None:
            plan, labels = plan_filters(*head[0], frame)
        sums = in_order(partial(_products, plan, block), _parts(head, labels, chunks), executor, in_flight=in_flight)
        totals = reduce(iadd, sums)
    if totals is None or plan is None:
        return frame, None
    final = totals
    findings = block_findings(final, plan.filters(final.counts, final.n_samples), frame, level)
    return _conclude(findings, frame, index, lambda best: block_directions(final, best, frame))
