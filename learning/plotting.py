"""Pictures of learning: the passes of filtered PCA against their edges, and how near lemmas come to failing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from learning.filtered_pca import FilteredPCA, PassRecord
from learning.lemmas import LEMMAS, Sweep
from learning.subspace import orthonormal_frame, principal_sines
from tropical import ReLUNetwork, Verdict, polyhedral_complex, relevant_subspace

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_lemma_margins", "plot_passes"]

Array = NDArray[np.float64]
Dot = tuple[str, float, str]

_BLUE, _RED, _GREEN, _GREY, _DARK = "#4477AA", "#EE6677", "#228833", "#BBBBBB", "#222222"
_STATUS = {"proved": (_BLUE, "o"), "unknown": ("#CCBB44", "s"), "refuted": (_RED, "X")}


def plot_passes(
    fitted: FilteredPCA | Sequence[PassRecord], truth: ReLUNetwork | ArrayLike | None = None, ax: Axes | None = None
) -> Axes:
    r"""Draw the extreme eigenvalues of each pass of filtered PCA against the edges of L12; return the Axes.

    For pass i, dots are the eigenvalues λ̂ of the filter that it followed: filled where a direction was appended, a
    ring where nothing was rejected. The bar is L12's edge on the side of the strongest one: what lies beyond it is no
    noise. With the ``truth``, squares on the right-hand scale (``ax.figure.axes[-1]``) are ‖Π_{V⊥} Π_W‖ after the pass,
    the sine of the largest angle by which W leaves V.

    Parameters
    ----------
    fitted : a fitted `FilteredPCA`, or its ``passes_``. truth : the hidden network, or rows that span V, shape (k, d);
        it needs a fitted object, which knows W. ax : Axes to draw on; None for a new figure.

    Raises
    ------
    ValueError : no passes, a truth without a fitted object or in another dimension.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> X = np.random.default_rng(0).standard_normal((8000, 4))
    >>> pca = FilteredPCA(random_state=0).fit(X, abs(X[:, 0]))
    >>> axes = plot_passes(pca, truth=[[1, 0, 0, 0]])
    >>> print(axes.get_xticklabels()[0].get_text(), "|", len(axes.get_xticklabels()) == len(pca.passes_))
    pass 0
    dim W = 0 | True
    >>> import matplotlib.pyplot; matplotlib.pyplot.close(axes.figure)

    Source: Chen, Klivans and Meka (2021); THEORY L12, L15.
    """
    records = list(fitted.passes_ if isinstance(fitted, FilteredPCA) else fitted)
    if not records:
        raise ValueError("there is no pass to draw")
    sines = None if truth is None else _sines(fitted, records, truth)
    axes = _axes(ax)
    for place, record in enumerate(records):
        values = record.eigenvalues or (record.eigenvalue,)
        look: dict[str, Any] = {
            "color": _BLUE if record.rejected else "white",
            "markeredgecolor": _BLUE,
            "markersize": 7,
        }
        axes.plot([place] * len(values), values, "o", linestyle="none", zorder=3, **look)
        axes.plot([place - 0.3, place + 0.3], [record.threshold] * 2, color=_DARK, linewidth=1.6, zorder=2)
    axes.axhline(0.0, color=_GREY, linewidth=0.8, zorder=0)
    axes.set_xticks(range(len(records)), [f"pass {record.index}\ndim W = {record.dimension}" for record in records])
    axes.set_xlim(-0.6, len(records) - 0.4)
    axes.set_ylabel(r"eigenvalue $\hat\lambda$ of $\hat M$")
    if sines is not None:
        _draw_sines(axes, sines)
    _explain_passes(axes, records, sines is not None)
    return axes


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
    axes = _axes(ax)
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
    axes.axvline(1.0, color=_DARK, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlim(-0.04, 1.12 if any(own == "refuted" for _, _, own in dots) else 1.04)
    axes.set_xlabel("bounded side / bound of the nearest inequality")
    axes.grid(axis="x", alpha=0.3)
    if shown:
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
    return axes


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1]


def _sines(fitted: FilteredPCA | Sequence[PassRecord], records: Sequence[PassRecord], truth: Any) -> list[float]:
    """How far W leaves V after each pass; the frame is in the order in which directions were appended."""
    if not isinstance(fitted, FilteredPCA):
        raise ValueError("the angle to the truth needs the fitted FilteredPCA: the passes alone do not hold W")
    rows = relevant_subspace(polyhedral_complex(truth)) if isinstance(truth, ReLUNetwork) else truth
    frame: Array = np.array(rows, dtype=np.float64)
    if frame.ndim != 2 or frame.shape[1] != fitted.components_.shape[1]:
        raise ValueError(f"truth must have rows of length {fitted.components_.shape[1]}, got shape {frame.shape}")
    frame = orthonormal_frame(frame)
    ends = [record.dimension + record.appended for record in records]
    return [float(principal_sines(fitted.components_[:end], frame).max(initial=0.0)) for end in ends]


def _draw_sines(axes: Axes, sines: Sequence[float]) -> None:
    right = axes.twinx()
    right.plot(range(len(sines)), sines, color=_GREEN, marker="s", markersize=5, linewidth=1.0, linestyle=(0, (2, 2)))
    right.set_ylim(0.0, max(0.05, 1.15 * max(sines)))
    right.set_ylabel("sine of the angle from $W$ to $V$", color=_GREEN)
    right.tick_params(axis="y", colors=_GREEN)
    axes.set_zorder(right.get_zorder() + 1)
    axes.patch.set_visible(False)


def _explain_passes(axes: Axes, records: Sequence[PassRecord], angle: bool) -> None:
    from matplotlib.lines import Line2D

    dot: dict[str, Any] = {"marker": "o", "linestyle": "none", "markeredgecolor": _BLUE, "markersize": 7}
    keys = [Line2D([], [], color=_DARK, linewidth=1.6, label="edge of L12")]
    if any(record.rejected for record in records):
        keys.append(Line2D([], [], color=_BLUE, label="appended", **dot))
    if not all(record.rejected for record in records):
        keys.append(Line2D([], [], color="white", label="not rejected", **dot))
    if angle:
        keys.append(Line2D([], [], color=_GREEN, marker="s", markersize=5, linestyle=(0, (2, 2)), label="angle"))
    axes.legend(handles=keys, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(keys), frameon=False)


def _dots(results: Sweep | Mapping[str, Verdict] | Iterable[Verdict]) -> list[Dot]:
    """Label, tightness (nan without one; beyond 1 for a refutation) and status of each check of a lemma."""
    if isinstance(results, Sweep):
        found = [(one.label, one.tightness, one.status) for one in results.found if one.neighbour is None]
    else:
        verdicts = list(results.values() if isinstance(results, Mapping) else results)
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
