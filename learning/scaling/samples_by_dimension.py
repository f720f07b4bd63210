"""Part (b): samples that one filtered pass needs, against the dimension."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from learning.scaling.part import Part, Row, Table
from learning.scaling.sample_search import TARGET, samples_to_target
from learning.scaling.statistics import PowerLaw, power_law
from learning.scaling.style import COLOURS, MARKERS, logarithmic, ticks_at
from learning.scaling.subjects import top_tenth

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PART"]

_SIZES: Mapping[str, tuple[tuple[str, ...], tuple[int, ...], int]] = MappingProxyType(
    {
        "tiny": (("h6",), (10, 20), 2),
        "small": (("h6", "parity k=3", "h4"), (50, 100, 200), 3),
        "full": (("h6", "parity k=3", "h4"), (50, 100, 200, 400), 5),
    }
)


def _plan(size: str) -> list[Row]:
    names, dims, repeats = _SIZES[size]
    return [{"instance": name, "d": d, "repeat": i} for name in names for d in dims for i in range(repeats)]


def _run(parameters: Mapping[str, Any], seed: int) -> Row:
    return samples_to_target(parameters["instance"], parameters["d"], seed)


def _reached(rows: list[Row]) -> dict[str, dict[int, list[float]]]:
    """Sample sizes by instance and d."""
    found: dict[str, dict[int, list[float]]] = {}
    for row in rows:
        if row["samples"] is not None:
            found.setdefault(row["instance"], {}).setdefault(row["d"], []).append(row["samples"])
    return found


def _slope(by_dim: Mapping[int, list[float]]) -> PowerLaw | None:
    pairs = [(d, n) for d, counts in by_dim.items() for n in counts]
    return power_law([d for d, _ in pairs], [n for _, n in pairs])


def _summarise(rows: list[Row]) -> Table:
    table, slopes, notes = [], {}, []
    for name, by_dim in _reached(rows).items():
        per_dimension = top_tenth(name).samples_per_dimension(TARGET)
        for d, counts in by_dim.items():
            middle = median(counts)
            table.append((name, d, len(counts), middle, [min(counts), max(counts)], middle / d, per_dimension))
        law = _slope(by_dim)
        slopes[name] = None if law is None else law.as_dict()
        notes.append(f"{name}: log-log slope {law or 'needs two dimensions'}.")
    missed = sum(row["samples"] is None for row in rows)
    if missed:
        notes.append(f"{missed} searches did not reach sin² ≤ {TARGET:g} within 4096·d samples and are left out.")
    notes.append(
        f"N is where the mean of sin² over the principal angles first comes down to {TARGET:g}, interpolated on a grid "
        "of ratio √2 for the software's pass, its test included; each repeat has its own network and samples. Slopes: "
        "least squares over all repeats, with Student's 95 % interval; 1 means proportional to d."
    )
    columns = ("instance", "d", "repeats", "N, median", "N, range", "N/d", "N/d by L14 at the top 10 %")
    return Table(columns, tuple(table), {"slopes": slopes, "missed": missed}, tuple(notes))


def _draw(rows: list[Row], ax: Axes) -> None:
    found = _reached(rows)
    for (name, by_dim), colour, marker in zip(found.items(), COLOURS, MARKERS, strict=False):
        law = _slope(by_dim)
        label = name if law is None else f"{name}: slope {law}"
        pairs = [(d, n) for d, counts in by_dim.items() for n in counts]
        ax.plot(*zip(*pairs, strict=True), marker, color=colour, fillstyle="none", label=label)
        if law is not None:
            dims = sorted(by_dim)
            ax.plot(dims, [law(d) for d in dims], color=colour, linewidth=1.2)
    logarithmic(ax, x="dimension d", y=f"samples N to mean sin² ≤ {TARGET:g}")
    if found:
        ticks_at(ax, [d for by_dim in found.values() for d in by_dim])
        ax.legend(loc="upper left", title="one filtered pass (95 % interval)")


PART = Part(
    "b",
    "samples_against_dimension",
    f"How many samples does one filtered pass need for sin² ≤ {TARGET:g}, as a function of d?",
    _plan,
    _run,
    _summarise,
    _draw,
)
