"""Part (c): time of one filtered pass against the dimension, at fixed N/d."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from statistics import median
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from learning.filtering.pca import FilteredPCA
from learning.scaling.part import Part, Row, Table
from learning.scaling.statistics import PowerLaw, power_law
from learning.scaling.style import COLOURS, MARKERS, logarithmic, ticks_at
from learning.scaling.subjects import hidden, span_of_inputs, squared_sines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PART"]

_METHODS = ("full", "block")
_SIZES: Mapping[str, tuple[tuple[int, ...], int, int]] = MappingProxyType(
    {
        "tiny": ((20, 40), 50, 2),
        "small": ((100, 200, 400, 800), 100, 3),
        "full": ((100, 200, 400, 800, 1600), 100, 3),
    }
)


def _plan(size: str) -> list[Row]:
    dims, ratio, repeats = _SIZES[size]
    return [
        {"instance": "h6", "d": d, "N/d": ratio, "method": method, "repeat": repeat}
        for d in dims
        for method in _METHODS
        for repeat in range(repeats)
    ]


def _run(parameters: Mapping[str, Any], seed: int) -> Row:
    """Time to fit one pass to samples in memory; sampling is not timed."""
    d = parameters["d"]
    net, oracle = hidden(parameters["instance"], d, seed)
    X, y = oracle.sample(d * parameters["N/d"])
    learner = FilteredPCA(max_passes=1, method=parameters["method"], random_state=seed % 2**32)
    learner.fit(X[:2000], y[:2000])  # what only a first call costs
    start = time.perf_counter()
    learner.fit(X, y)
    seconds = time.perf_counter() - start
    sines = squared_sines(learner.components_, span_of_inputs(net))
    return {"fit_seconds": seconds, "mean": float(sines.mean()), "cores": _cores()}


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _groups(rows: list[Row]) -> dict[str, dict[int, list[Row]]]:
    groups: dict[str, dict[int, list[Row]]] = {}
    for row in rows:
        groups.setdefault(row["method"], {}).setdefault(row["d"], []).append(row)
    return groups


def _median_time(group: list[Row]) -> float:
    return float(median(row["fit_seconds"] for row in group))


def _slopes(by_dim: Mapping[int, list[Row]]) -> tuple[PowerLaw | None, float | None]:
    """Of the medians: over all d, and between the two largest of three or more."""
    dims = sorted(by_dim)
    times = [_median_time(by_dim[d]) for d in dims]
    end = power_law(dims[-2:], times[-2:]) if len(dims) > 2 else None
    return power_law(dims, times), None if end is None else end.exponent


def _summarise(rows: list[Row]) -> Table:
    table, slopes, notes = [], {}, []
    for method, by_dim in _groups(rows).items():
        for d, group in by_dim.items():
            times = [row["fit_seconds"] for row in group]
            sine = median(row["mean"] for row in group)
            table.append((method, d, d * group[0]["N/d"], len(times), median(times), [min(times), max(times)], sine))
        law, end = _slopes(by_dim)
        slopes[method] = None if law is None else {**law.as_dict(), "between_the_two_largest": end}
        text = f'method="{method}": log-log slope of the medians {law or "needs two dimensions"}'
        notes.append(text + ("." if end is None else f", {end:.2f} between the two largest d."))
    cores = "/".join(str(count) for count in sorted({row["cores"] for row in rows}))
    notes.append(
        f"Seconds to fit one pass to samples held in memory, as measured: one BLAS thread, machine with {cores} cores, "
        "no other run of this study beside it, whatever else the machine did. At fixed N/d the arithmetic of full "
        "grows like N·d² ∝ d³, that of block like N·d ∝ d²; what does not grow so fast dominates at small d, hence "
        "smaller slopes there: no power law, and its interval says no more than how far from one the medians are."
    )
    columns = ("method", "d", "N", "repeats", "seconds, median", "seconds, range", "mean sin², median")
    return Table(columns, tuple(table), {"slopes": slopes, "blas_threads": 1}, tuple(notes))


def _draw(rows: list[Row], ax: Axes) -> None:
    for (method, by_dim), colour, marker in zip(_groups(rows).items(), COLOURS, MARKERS, strict=False):
        dims, (law, end) = sorted(by_dim), _slopes(by_dim)
        label = f"method {method}" if law is None else f"method {method}: slope {law}"
        label += "" if end is None else f", at the end {end:.2f}"
        ax.plot(dims, [_median_time(by_dim[d]) for d in dims], f"{marker}-", color=colour, linewidth=1.2, label=label)
        every = [(row["d"], row["fit_seconds"]) for group in by_dim.values() for row in group]
        ax.plot(*zip(*every, strict=True), "_", color=colour, alpha=0.6)
    logarithmic(ax, x="dimension d", y="seconds for one pass (one BLAS thread)")
    ticks_at(ax, [row["d"] for row in rows])
    ax.legend(loc="upper left", title=f"h6, N/d = {rows[0]['N/d']}: medians, dashes single fits")


PART = Part(
    "c",
    "time_against_dimension",
    "How long does one filtered pass take at fixed N/d, as a function of d, by either method?",
    _plan,
    _run,
    _summarise,
    _draw,
    alone=True,
)
