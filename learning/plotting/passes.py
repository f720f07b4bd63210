"""The passes of filtered PCA: extreme eigenvalues against the edges of the stopping test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from learning.arguments import as_samples, listed
from learning.filtering.pca import FilteredPCA, PassRecord
from learning.plotting.canvas import BLUE, DARK, GREEN, GREY, axes_of
from learning.subspace import orthonormal_frame, principal_sines
from tropical import ReLUNetwork, polyhedral_complex, relevant_subspace

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]


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
    if isinstance(fitted, FilteredPCA):
        check_is_fitted(fitted)
    records = listed(fitted.passes_ if isinstance(fitted, FilteredPCA) else fitted, PassRecord, "fitted")
    if not records:
        raise ValueError("there is no pass to draw")
    sines = None if truth is None else _sines(fitted, records, truth)
    axes = axes_of(ax)
    for place, record in enumerate(records):
        values = record.eigenvalues or (record.eigenvalue,)
        look: dict[str, Any] = {
            "color": BLUE if record.rejected else "white",
            "markeredgecolor": BLUE,
            "markersize": 7,
        }
        axes.plot([place] * len(values), values, "o", linestyle="none", zorder=3, **look)
        axes.plot([place - 0.3, place + 0.3], [record.threshold] * 2, color=DARK, linewidth=1.6, zorder=2)
    axes.axhline(0.0, color=GREY, linewidth=0.8, zorder=0)
    axes.set_xticks(range(len(records)), [f"pass {record.index}\ndim W = {record.dimension}" for record in records])
    axes.set_xlim(-0.6, len(records) - 0.4)
    axes.set_ylabel(r"eigenvalue $\hat\lambda$ of $\hat M$")
    if sines is not None:
        _draw_sines(axes, sines)
    _explain_passes(axes, records, sines is not None)
    return axes


def _sines(fitted: FilteredPCA | Sequence[PassRecord], records: Sequence[PassRecord], truth: Any) -> list[float]:
    """How far W leaves V after each pass; the frame is in the order in which directions were appended."""
    if not isinstance(fitted, FilteredPCA):
        raise ValueError("the angle to the truth needs the fitted FilteredPCA: the passes alone do not hold W")
    rows = relevant_subspace(polyhedral_complex(truth)) if isinstance(truth, ReLUNetwork) else truth
    frame = orthonormal_frame(as_samples(rows, "truth", fitted.components_.shape[1]))
    ends = [record.dimension + record.appended for record in records]
    return [float(principal_sines(fitted.components_[:end], frame).max(initial=0.0)) for end in ends]


def _draw_sines(axes: Axes, sines: Sequence[float]) -> None:
    right = axes.twinx()
    right.plot(range(len(sines)), sines, color=GREEN, marker="s", markersize=5, linewidth=1.0, linestyle=(0, (2, 2)))
    right.set_ylim(0.0, max(0.05, 1.15 * max(sines)))
    right.set_ylabel("sine of the angle from $W$ to $V$", color=GREEN)
    right.tick_params(axis="y", colors=GREEN)
    axes.set_zorder(right.get_zorder() + 1)
    axes.patch.set_visible(False)


def _explain_passes(axes: Axes, records: Sequence[PassRecord], angle: bool) -> None:
    from matplotlib.lines import Line2D

    dot: dict[str, Any] = {"marker": "o", "linestyle": "none", "markeredgecolor": BLUE, "markersize": 7}
    keys = [Line2D([], [], color=DARK, linewidth=1.6, label="edge of L12")]
    if any(record.rejected for record in records):
        keys.append(Line2D([], [], color=BLUE, label="appended", **dot))
    if not all(record.rejected for record in records):
        keys.append(Line2D([], [], color="white", label="not rejected", **dot))
    if angle:
        keys.append(Line2D([], [], color=GREEN, marker="s", markersize=5, linestyle=(0, (2, 2)), label="angle"))
    axes.legend(handles=keys, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(keys), frameon=False)
