"""Part (e): how often a network is recovered exactly, proved over Q, from samples only."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

import tropical as tp
from learning.recovery.regressor import LatticePolynomialRegressor
from learning.recovery.verification import verify_recovery
from learning.scaling.part import Part, Row, Table
from learning.scaling.style import COLOURS, whiskers
from learning.scaling.subjects import hidden, squared_sines
from learning.subspace import orthonormal_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PART"]

_EXACT = 1e-9  # sine of the largest angle up to which a subspace counts as found: rounding leaves 1e-12 or so
_SAMPLES: Mapping[str, int] = MappingProxyType(
    {
        "h6": 200,
        "parity k=2": 200,
        "parity k=3": 400,
        "parity k=4": 1000,
        "h4": 1000,
        "sequential": 4000,
        "ill-conditioned": 1000,
        "cancelling": 500,
        "random k=2 (4)": 1000,
        "random k=2 (6,6)": 1000,
        "random k=3 (5,5,5)": 1000,
        "random k=3 (4,4,4,4)": 1000,
    }
)
"""Samples per dimension of every architecture."""
_SIZES: Mapping[str, tuple[tuple[str, ...], int, int]] = MappingProxyType(
    {
        "tiny": (("h6", "random k=2 (4)"), 8, 1),
        "small": (tuple(name for name in _SAMPLES if name != "sequential"), 20, 8),
        "full": (tuple(_SAMPLES), 40, 20),
    }
)


def _plan(size: str) -> list[Row]:
    names, d, repeats = _SIZES[size]
    return [
        {"architecture": name, "d": d, "N": d * _SAMPLES[name], "repeat": i} for name in names for i in range(repeats)
    ]


def _run(parameters: Mapping[str, Any], seed: int) -> Row:
    net, oracle = hidden(parameters["architecture"], parameters["d"], seed)
    X, y = oracle.sample(parameters["N"])
    learner = LatticePolynomialRegressor(random_state=seed % 2**32).fit(X, y)
    report = verify_recovery(net, learner, tp.Budget(seconds=30))
    basis = tp.relevant_subspace(tp.polyhedral_complex(net))
    truth = orthonormal_frame(np.array([[float(entry) for entry in row] for row in basis]))
    sine = float(squared_sines(learner.relevant_subspace_, truth).max(initial=0.0) ** 0.5)
    return {"status": report.status, "learner": learner.status_, "sine": sine}


def _groups(rows: list[Row]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["architecture"], []).append(row)
    return groups


def _proved(group: list[Row]) -> int:
    return sum(row["status"] == "proved" for row in group)


def _interval(group: list[Row]) -> list[float]:
    """Of the fraction that is proved: Clopper and Pearson's, of 95 %."""
    from scipy.stats import binomtest

    return list(binomtest(_proved(group), len(group)).proportion_ci(0.95, "exact"))


def _summarise(rows: list[Row]) -> Table:
    table = []
    for name, group in _groups(rows).items():
        proved, runs = _proved(group), len(group)
        refuted = sum(row["status"] == "refuted" for row in group)
        exact = sum(row["sine"] <= _EXACT for row in group)
        head = (name, group[0]["d"], group[0]["N"], runs)
        table.append((*head, proved, proved / runs, _interval(group), refuted, runs - proved - refuted, exact))
    columns = ("architecture", "d", "N", "networks", "proved", "fraction", "95 % interval", "refuted", "unknown")
    notes = (
        "Every repeat has its own network (or its own hidden subspace, for a named instance) and samples; the learner "
        "sees samples only, no queries. proved: the learned function equals the network on all of R^d, over Q. "
        "refuted: the learner reported an exact function, which differs from the network at a rational point. "
        "unknown: the learner reported no exact function, or 30 s did not decide. Intervals: Clopper-Pearson.",
        f"V found: the largest angle between the learned subspace and V has a sine of at most {_EXACT:g}.",
    )
    total = {"proved": _proved(rows), "networks": len(rows)}
    return Table((*columns, "V found"), tuple(table), total, notes)


def _draw(rows: list[Row], ax: Axes) -> None:
    groups = _groups(rows)
    shares = [_proved(group) / len(group) for group in groups.values()]
    intervals = [_interval(group) for group in groups.values()]
    heights = list(range(len(groups)))
    style: dict[str, Any] = {"fmt": "o", "color": COLOURS[0], "capsize": 4}
    ax.errorbar(shares, heights, xerr=whiskers(shares, intervals), **style)
    for height, group in zip(heights, groups.values(), strict=True):
        ax.annotate(f"{_proved(group)}/{len(group)}", (1.03, height), va="center", annotation_clip=False)
    ax.set_yticks(heights, [f"{name}\nN = {group[0]['N']:,}" for name, group in groups.items()], fontsize=8)
    ax.invert_yaxis()
    ax.set_xlim(-0.03, 1.13)
    ax.set_xticks([0.0, 0.25, 0.5, 0.75, 1.0])
    ax.set_xlabel(f"fraction proved equal over Q (Clopper-Pearson, 95 %), d = {rows[0]['d']}")
    ax.grid(True, axis="x", alpha=0.3)


PART = Part(
    "e",
    "recovered_fraction",
    "How often is a network recovered exactly, from samples only?",
    _plan,
    _run,
    _summarise,
    _draw,
)
