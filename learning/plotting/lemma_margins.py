"""How near the lemmas come to failing: what their nearest inequality uses of its bound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from learning.arguments import listed
from learning.lemmas import LEMMAS, Sweep
from learning.plotting.canvas import BLUE, DARK, RED, axes_of
from tropical import Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Dot = tuple[str, float, str]

_STATUS = {"proved": (BLUE, "o"), "unknown": ("#CCBB44", "s"), "refuted": (RED, "X")}


def plot_lemma_margins(results: Sweep | Mapping[str, Verdict] | Iterable[Verdict], ax: Axes | None = None) -> Axes:
    """Draw for each lemma how much of its bound its nearest inequality uses; return the Axes.

    The tightness of an inequality that holds is bounded side over bound, in [0, 1]: at 1 it is attained. Of each
    verdict the nearest inequality counts, for a `learning.lemmas.Sweep` each network is a dot. Colours and marks are
    the verdicts' status; a refutation, which has no tightness, is marked beyond 1. Lemmas whose claims are equalities
    or bounds by 0 have no dot and say so. False neighbours of a sweep are left out.

    Parameters
    ----------
    results : what ``lemmas.check_all`` or ``lemmas.sweep`` returned, or verdicts. ax : Axes; None for a new figure.

    Raises
    ------
    ValueError : no verdicts, or verdicts of no lemma.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> from learning import instances, lemmas
    >>> axes = plot_lemma_margins(lemmas.check_all(instances.h6(4, seed=0), ["L1", "L2"]))
    >>> [label.get_text() for label in axes.get_yticklabels()]
    ['L1', 'L2']
    >>> import matplotlib.pyplot; matplotlib.pyplot.close(axes.figure)

    Source: THEORY section 4.
    """
    dots = _dots(results)
    if not dots:
        raise ValueError("there is no verdict to draw")
    labels = sorted({label for label, _, _ in dots}, key=_order)
    axes = axes_of(ax)
    for status, (colour, mark) in _STATUS.items():
        chosen = [(value, labels.index(label)) for label, value, own in dots if own == status and value == value]
        if chosen:
            look: dict[str, Any] = {
                "color": colour,
                "markersize": 7,
                "markeredgecolor": "white",
                "markeredgewidth": 0.6,
            }
            axes.plot(*zip(*chosen, strict=True), mark, linestyle="none", label=status, zorder=3, **look)
    shown = {label for label, value, _ in dots if value == value}
    for place, label in enumerate(labels):
        if label not in shown:
            axes.text(0.01, place, "no inequality with a scale", fontsize=8, color="#666666", va="center")
    axes.axvline(1.0, color=DARK, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlim(-0.04, 1.12 if any(own == "refuted" for _, _, own in dots) else 1.04)
    axes.set_xlabel("bounded side / bound of the nearest inequality")
    axes.grid(axis="x", alpha=0.3)
    if shown:
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
    return axes


def _dots(results: Sweep | Mapping[str, Verdict] | Iterable[Verdict]) -> list[Dot]:
    """Label, tightness (nan without one; beyond 1 for a refutation) and status of each check of a lemma."""
    if isinstance(results, Sweep):
        found = [(one.label, one.tightness, one.status) for one in results.found if one.neighbour is None]
    else:
        verdicts = listed(list(results.values()) if isinstance(results, Mapping) else results, Verdict, "results")
        if not all("lemma" in verdict.detail for verdict in verdicts):
            raise ValueError("only verdicts of lemmas can be drawn: one has no entry 'lemma' in its detail")
        found = [(v.detail["lemma"], v.detail.get("tightness"), v.status) for v in verdicts]
    return [
        (label, 1.07 if status == "refuted" else float("nan") if value is None else float(value), status)
        for label, value, status in found
    ]


def _order(label: str) -> tuple[int, str]:
    known = list(LEMMAS)
    return (known.index(label) if label in known else len(known), label)
