"""Part (a): sin² of one filtered pass against N/d, beside L14's curve."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from learning.filtering.moments import filtered_second_moments
from learning.filtering.passes import streamed_pass
from learning.scaling.part import Part, Row, Table
from learning.scaling.style import COLOURS, MARKERS, logarithmic, ticks_at
from learning.scaling.subjects import hidden, span_of_inputs, squared_sines, top_tenth

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PART"]

_BATCH = 8192
_SIZES: Mapping[str, tuple[tuple[str, ...], tuple[int, ...], tuple[int, ...], int]] = MappingProxyType(
    {
        "tiny": (("h6",), (10, 20), (50, 200), 1),
        "small": (("h6", "parity k=3", "h4"), (50, 100, 200), (10, 20, 50, 100, 200, 500), 2),
        "full": (("h6", "parity k=3", "h4"), (50, 100, 200, 400), (10, 20, 50, 100, 200, 500, 1000), 3),
    }
)


def _plan(size: str) -> list[Row]:
    names, dims, ratios, repeats = _SIZES[size]
    return [
        {"instance": name, "d": d, "N/d": ratio, "repeat": repeat}
        for name in names
        for d in dims
        for ratio in ratios
        for repeat in range(repeats)
    ]


def _run(parameters: Mapping[str, Any], seed: int) -> Row:
    """The filter |y| > τ at its population quantile, and on the same samples the pass that chooses and tests."""
    name, d = parameters["instance"], parameters["d"]
    count = d * parameters["N/d"]
    net, oracle = hidden(name, d, seed)
    truth = span_of_inputs(net)
    fixed = squared_sines(_leading(oracle.batches(count, _BATCH), d, top_tenth(name).threshold, len(truth)), truth)
    frame, _ = streamed_pass(hidden(name, d, seed)[1].batches(count, _BATCH), np.zeros((0, d)))
    chosen = squared_sines(frame, truth)
    return {
        "mean": float(fixed.mean()),
        "largest": float(fixed.max()),
        "pass_mean": float(chosen.mean()),
        "pass_dimension": len(frame),
        "k": len(truth),
    }


def _leading(batches: Any, d: int, threshold: float, k: int) -> NDArray[np.float64]:
    """Eigenvectors of the k largest eigenvalues of Σ (xxᵀ - I) over |y| > τ; a factor 1/N would not change them."""
    total = np.zeros((d, d))
    for X, y in batches:
        total += len(y) * filtered_second_moments(X, [np.abs(y) > threshold])[0].matrix
    return np.asarray(np.linalg.eigh(total)[1][:, -k:].T)


def _cells(rows: list[Row]) -> dict[tuple[str, int], dict[int, list[Row]]]:
    """Rows by (instance, N/d), then by d."""
    cells: dict[tuple[str, int], dict[int, list[Row]]] = {}
    for row in rows:
        cells.setdefault((row["instance"], row["N/d"]), {}).setdefault(row["d"], []).append(row)
    return cells


def _summarise(rows: list[Row]) -> Table:
    dims = sorted({row["d"] for row in rows})
    names = list(dict.fromkeys(row["instance"] for row in rows))
    strengths = {name: top_tenth(name) for name in names}
    table = []
    worst = dict[int, float]()
    for (name, ratio), by_dim in _cells(rows).items():
        predicted = strengths[name].squared_sine(ratio)
        means = [fmean(row["mean"] for row in by_dim[d]) if d in by_dim else None for d in dims]
        if predicted < 0.5:
            for d, mean in zip(dims, means, strict=True):
                if mean is not None:
                    worst[d] = max(worst.get(d, 0.0), abs(mean / predicted - 1.0))
        some = [row for group in by_dim.values() for row in group]
        largest, passed = fmean(row["largest"] for row in some), fmean(row["pass_mean"] for row in some)
        found = fmean(row["pass_dimension"] / row["k"] for row in some)
        table.append((name, ratio, predicted, *means, largest, passed, found))
    constants = {
        name: {"p": s.probability, "eigenvalue": s.eigenvalue, "edge": s.edge} for name, s in strengths.items()
    }
    columns = ("instance", "N/d", "L14", *(f"mean, d={d}" for d in dims))
    return Table(
        (*columns, "largest, all d", "pass: mean, all d", "pass: dim W / k"),
        tuple(table),
        {"filters": constants, "largest_relative_distance_from_L14_below_one_half_by_d": worst},
        _notes(worst, constants),
    )


def _notes(worst: Mapping[int, float], constants: Mapping[str, Any]) -> tuple[str, ...]:
    edges = ", ".join(f"{name} {value['edge']:.3g}" for name, value in constants.items())
    notes = [
        '"mean" is the mean of sin² over the k principal angles between V and the eigenvectors of M̂ to its k largest '
        'eigenvalues, averaged over repeats; "largest" is sin² of the largest angle. The filter is |y| > τ with '
        "Pr = 0.1, the population's, on W = {0}; L14's curve takes λ from the closed form of L8. L14 is heuristic and "
        "a limit: d → ∞ at fixed N/d.",
        '"pass" is the pass of the software on the same samples: it chooses its filter, tests by L12, and does not '
        "know k; directions that it does not find count with sin² = 1.",
        f"Noise edge p/λ² of N/d: {edges}.",
    ]
    if worst:
        distances = ", ".join(f"{100 * distance:.0f} % at d = {d}" for d, distance in sorted(worst.items()))
        notes.append(f"Largest relative distance of a mean from L14, where L14 says less than 0.5: {distances}.")
    return tuple(notes)


def _draw(rows: list[Row], ax: Axes) -> None:
    from matplotlib.lines import Line2D

    names, dims = list(dict.fromkeys(row["instance"] for row in rows)), sorted({row["d"] for row in rows})
    ratios = [row["N/d"] for row in rows]
    grid = np.geomspace(min(ratios) / 1.3, max(ratios) * 1.3, 300)
    for name, colour in zip(names, COLOURS, strict=False):
        strength = top_tenth(name)
        ax.plot(grid, [strength.squared_sine(ratio) for ratio in grid], color=colour, linewidth=1.3)
    for (name, ratio), by_dim in _cells(rows).items():
        for d, group in by_dim.items():
            style: dict[str, Any] = {"color": COLOURS[names.index(name)], "marker": MARKERS[dims.index(d)]}
            ax.plot(ratio, fmean(row["mean"] for row in group), markersize=6, fillstyle="none", **style)
    logarithmic(ax, x="samples per dimension, N/d", y="sin², mean over principal angles")
    ticks_at(ax, ratios)
    legend = [Line2D([], [], color=colour, label=f"{name}: L14") for name, colour in zip(names, COLOURS, strict=False)]
    shape: dict[str, Any] = {"color": "0.3", "linestyle": "none", "fillstyle": "none"}
    legend += [Line2D([], [], marker=m, label=f"d = {d}", **shape) for d, m in zip(dims, MARKERS, strict=False)]
    ax.legend(handles=legend, loc="lower left")


PART = Part(
    "a",
    "sine_against_samples",
    "How far from V is what one filtered pass finds, as a function of N/d?",
    _plan,
    _run,
    _summarise,
    _draw,
)
