"""Part (f): how often the test of L12 goes on without need, and how often it stops too early."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from learning.filtering.passes import filtered_pass
from learning.scaling.part import Part, Row, Table
from learning.scaling.style import COLOURS, MARKERS, ticks_at, whiskers
from learning.scaling.subjects import hidden, span_of_inputs, top_tenth
from learning.subspace import extend_frame
from tropical import ReLUNetwork

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PART"]

_CASES: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "h6, W = {0}": ("false stop", "h6", "nothing"),
        "parity k=3, W = span(z1, z2)": ("false stop", "parity k=3", "all but z3"),
        "h6, W = V": ("false continue", "h6", "all"),
        "parity k=3, W = V + 1 direction": ("false continue", "parity k=3", "one more"),
        "labels independent of x, W = {0}": ("false continue", "h6", "no function"),
    }
)
"""Which error a case can show, on which network, and what W is."""
_LEVEL = 0.05
_SIZES: Mapping[str, tuple[int, tuple[int, ...], tuple[int, ...], int, int]] = MappingProxyType(
    {
        "tiny": (10, (5, 80), (20,), 1, 5),
        "small": (50, (5, 10, 20, 40, 60, 80, 120, 160), (20, 100), 1, 50),
        "full": (50, (5, 10, 20, 30, 40, 50, 60, 80, 100, 120, 160), (20, 100), 3, 100),
    }
)
"""Dimension, N/d for false stops and for false continues, blocks, trials of a block."""


def _plan(size: str) -> list[Row]:
    d, stops, continues, blocks, trials = _SIZES[size]
    return [
        {"case": case, "d": d, "N/d": ratio, "level": _LEVEL, "trials": trials, "block": block}
        for case, (error, _, _) in _CASES.items()
        for ratio in (stops if error == "false stop" else continues)
        for block in range(blocks)
    ]


def _run(parameters: Mapping[str, Any], seed: int) -> Row:
    """Trials of one pass, each with fresh network and samples; counts rejections of V ⊆ W."""
    _, name, kind = _CASES[parameters["case"]]
    d = parameters["d"]
    rejections = 0
    for trial_seed in np.random.SeedSequence(seed).generate_state(parameters["trials"], np.uint64):
        net, oracle = hidden(name, d, int(trial_seed))
        rng = np.random.default_rng([int(trial_seed), 1])
        X, y = oracle.sample(d * parameters["N/d"])
        if kind == "no function":
            y = rng.standard_normal(len(y))
        _, record = filtered_pass(X, y, _known(kind, net, rng), level=parameters["level"])
        rejections += record is not None and record.rejected
    return {"rejections": rejections}


def _known(kind: str, net: ReLUNetwork, rng: np.random.Generator) -> NDArray[np.float64]:
    """Frame of W."""
    truth = span_of_inputs(net)
    if kind == "all but z3":  # the first four units of parity k=3 read z1 ± z2 only
        return span_of_inputs(net, units=4)
    if kind == "one more":
        return extend_frame(truth, rng.standard_normal((1, net.input_dim)))
    return truth if kind == "all" else truth[:0]


def _counts(rows: list[Row]) -> dict[str, dict[int, tuple[int, int]]]:
    """(errors, trials) by case and N/d."""
    counts: dict[str, dict[int, tuple[int, int]]] = {}
    for row in rows:
        stop = _CASES[row["case"]][0] == "false stop"
        wrong = row["trials"] - row["rejections"] if stop else row["rejections"]
        by_ratio = counts.setdefault(row["case"], {})
        errors, trials = by_ratio.get(row["N/d"], (0, 0))
        by_ratio[row["N/d"]] = (errors + wrong, trials + row["trials"])
    return counts


def _interval(errors: int, trials: int) -> list[float]:
    """Clopper and Pearson's, of 95 %."""
    from scipy.stats import binomtest

    return list(binomtest(errors, trials).proportion_ci(0.95, "exact"))


def _summarise(rows: list[Row]) -> Table:
    table, rejected = [], []
    for case, by_ratio in _counts(rows).items():
        error, name, _ = _CASES[case]
        edge = top_tenth(name).edge if error == "false stop" else None
        for ratio, (errors, trials) in by_ratio.items():
            interval = _interval(errors, trials)
            table.append((error, case, ratio, edge, trials, errors, errors / trials, interval))
            if error == "false continue" and interval[0] > _LEVEL:
                rejected.append(f"{case} at N/d = {ratio}")
    verdict = "L12's bound is consistent with every case" if not rejected else f"L12's bound is REJECTED by {rejected}"
    notes = (
        f"d = {rows[0]['d']}, one pass at level δ = {_LEVEL:g}, which all its filters share; every trial has its own "
        "network and samples. False continue: V ⊆ W, yet the test rejects; L12 says at most δ. False stop: V is not "
        "in W, yet nothing is rejected; L12 promises nothing here, by L14 the eigenvectors of a filter say nothing "
        "about V below its edge p/λ². Intervals: Clopper-Pearson, 95 %, each for itself.",
        f"{verdict} (false continues, lower end of the interval against δ).",
    )
    columns = ("error", "case", "N/d", "edge p/λ² at the top 10 %", "trials", "errors", "rate", "95 % interval")
    return Table(columns, tuple(table), {"level": _LEVEL, "rejected": rejected}, notes)


def _draw(rows: list[Row], ax: Axes) -> None:
    edges: dict[str, float] = {}
    for index, (case, by_ratio) in enumerate(_counts(rows).items()):
        error, name, _ = _CASES[case]
        style: dict[str, Any] = {"color": COLOURS[list(_CASES).index(case)], "marker": MARKERS[index], "capsize": 3}
        stop = error == "false stop"
        ratios = sorted(by_ratio)
        shares = [by_ratio[ratio][0] / by_ratio[ratio][1] for ratio in ratios]
        bars = whiskers(shares, [_interval(*by_ratio[ratio]) for ratio in ratios])
        if not stop:
            style.update(fillstyle="none", linestyle="none")
            ratios = [ratio * (1.0 + 0.06 * (index - 3)) for ratio in ratios]
        else:
            edges[name] = top_tenth(name).edge
            ax.axvline(edges[name], color=style["color"], linestyle=":", linewidth=1.2)
        ax.errorbar(ratios, shares, yerr=bars, label=f"{error}: {case}", **style)
    ax.axhline(_LEVEL, color="0.3", linestyle="--", linewidth=1.0, label=f"δ = {_LEVEL:g}, bound for false continues")
    ax.plot([], [], ":", color="0.3", label="noise edge p/λ² of L14, same colour")
    ax.set_xscale("log")
    ticks_at(ax, [5, 10, 20, 40, 80, 160])
    ax.set_ylim(-0.03, 1.03)
    ax.set_xlabel("samples per dimension, N/d")
    ax.set_ylabel("rate of the error (Clopper-Pearson, 95 %)")
    ax.grid(True, alpha=0.3)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), fontsize=8, ncols=2, frameon=False)


PART = Part(
    "f",
    "stopping_errors",
    "How often does the test of L12 go on although W contains V, or stop although it does not?",
    _plan,
    _run,
    _summarise,
    _draw,
)
