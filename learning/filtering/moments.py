"""Filtered second moments of Gaussian samples. THEORY section 2: Chen, Klivans and Meka (2021)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from learning.workers import result_of, submitted

__all__ = [
    "BinnedMoments",
    "BinnedProducts",
    "FilteredMoment",
    "binned_products",
    "binned_second_moments",
    "filtered_second_moments",
    "in_order",
]

Array = NDArray[np.float64]
Labels = NDArray[np.integer[Any]]
Item = TypeVar("Item")
Result = TypeVar("Result")

_BLOCK = 8192
"""Samples gathered at once: bounds the memory beside the input, and fixes the order of summation."""
_ENTRIES = 2**23
"""Entries gathered at once where blocks of that many samples would be large."""


@dataclass(frozen=True)
class FilteredMoment:
    r"""M̂ = (1/N) Σ_{i ∈ E} (x_i x_iᵀ - I) with its sample sizes.

    Attributes
    ----------
    matrix : (d, d) array, symmetric; of the namespace and on the device of the samples.
    n_selected, n_samples : n = |E| and N; p̂ = n / N is ``probability``.

    Source: Chen, Klivans and Meka (2021); THEORY section 2.
    """

    matrix: Any
    n_selected: int
    n_samples: int

    @property
    def probability(self) -> float:
        """p̂ = n / N, the empirical probability of the filter."""
        return self.n_selected / self.n_samples if self.n_samples else 0.0

    def compressed(self, frame: Any) -> Any:
        """Q M̂ Qᵀ for a frame Q of a subspace: the moment seen on that subspace, (q, q) for a (q, d) frame."""
        return frame @ self.matrix @ frame.T


@dataclass(frozen=True)
class BinnedMoments:
    r"""Sums Σ_{i ∈ bin} x_i x_iᵀ over the disjoint bins of one or more labellings of the same samples.

    A filter that is a union of bins of one labelling has the sum of their moments: all bands of a residual cost one
    sweep.

    Attributes
    ----------
    sums : (c, b, d, d) array, lower triangles. counts : (c, b) array. n_samples : N.

    Source: THEORY section 2.
    """

    sums: Array
    counts: NDArray[np.int64]
    n_samples: int

    def __iadd__(self, other: BinnedMoments) -> Self:
        """Add the sums over further samples, in place."""
        np.add(self.sums, other.sums, out=self.sums)
        return type(self)(self.sums, self.counts + other.counts, self.n_samples + other.n_samples)

    def moment(self, labelling: int, bins: Sequence[int]) -> FilteredMoment:
        """The filtered moment of the union of some bins of one labelling."""
        lower = np.zeros(self.sums.shape[2:])
        for index in bins:
            lower += self.sums[labelling, index]
        count = int(self.counts[labelling, list(bins)].sum())
        return FilteredMoment(_centred(lower, count, self.n_samples), count, self.n_samples)


@dataclass(frozen=True)
class BinnedProducts:
    r"""Sums Σ_{i ∈ bin} x_i x_iᵀ Q for a (d, q) block Q, as in `BinnedMoments`, in memory O(b · d · q).

    Attributes
    ----------
    sums : (c, b, d, q) array. counts : (c, b) array. n_samples : N. block : (d, q) array Q.

    Source: Halko, Martinsson and Tropp (2011), section 4.
    """

    sums: Array
    counts: NDArray[np.int64]
    n_samples: int
    block: Array

    def __iadd__(self, other: BinnedProducts) -> Self:
        """Add the sums over further samples, in place."""
        np.add(self.sums, other.sums, out=self.sums)
        return type(self)(self.sums, self.counts + other.counts, self.n_samples + other.n_samples, self.block)

    def product(self, labelling: int, bins: Sequence[int]) -> tuple[Array, int]:
        """(M̂ Q, n) for the filter that is the union of some bins of one labelling."""
        count = int(self.counts[labelling, list(bins)].sum())
        total = np.zeros_like(self.block)
        for index in bins:
            total += self.sums[labelling, index]
        return (total - count * self.block) / max(self.n_samples, 1), count


def _centred(lower: Array, count: int, n_samples: int) -> Array:
    """(L + Lᵀ - diag L - n I) / N for a lower triangle L."""
    matrix = lower + lower.T
    diagonal = np.diag_indices(len(lower))
    matrix[diagonal] = lower[diagonal] - count
    matrix /= max(n_samples, 1)
    return matrix


def _add_outer_products(rows: Array, lower: Array) -> None:
    """lower += rowsᵀ rows, lower triangle only, in place: the symmetric rank-k update of BLAS."""
    from scipy.linalg.blas import dsyrk

    if len(rows):
        dsyrk(1.0, rows.T, beta=1.0, c=lower.T, overwrite_c=1, lower=0)


def filtered_second_moments(X: Any, masks: Sequence[Any], *, block: int = _BLOCK) -> list[FilteredMoment]:
    r"""For every filter E: M̂ = (1/N) Σ_{i ∈ E} (x_i x_iᵀ - I).

    One sweep over the samples in blocks of fixed size and order: memory O(block · d) beside the input, and the same
    floating-point sum on every run. Any array of the array API is accepted (torch tensors on a GPU, say); its moments
    are arrays of the same kind on the same device. NumPy arrays take symmetric rank-k updates of BLAS.

    Parameters
    ----------
    X : (N, d) samples. masks : one (N,) boolean array per filter, of the same namespace. block : samples per block,
        positive.

    Raises
    ------
    ValueError : a mask whose shape is not (N,), or a block size below one.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[2.0, 0.0], [0.0, 1.0]])
    >>> filtered_second_moments(X, [np.array([True, False])])[0].matrix
    array([[ 1.5,  0. ],
           [ 0. , -0.5]])

    Source: Chen, Klivans and Meka (2021); THEORY section 2.
    """
    n_samples, dimension = X.shape
    if block < 1:
        raise ValueError(f"block must be at least 1; got {block}")
    for mask in masks:
        if tuple(mask.shape) != (n_samples,):
            raise ValueError(f"a filter must have shape ({n_samples},); got {tuple(mask.shape)}")
    if not isinstance(X, np.ndarray):
        return _array_api_moments(X, masks, block)
    sums = [np.zeros((dimension, dimension)) for _ in masks]
    for start in range(0, n_samples, block):
        rows = X[start : start + block]
        for total, mask in zip(sums, masks, strict=True):
            _add_outer_products(rows[mask[start : start + block]], total)
    counts = [int(mask.sum()) for mask in masks]
    pairs = zip(sums, counts, strict=True)
    return [FilteredMoment(_centred(total, count, n_samples), count, n_samples) for total, count in pairs]


def _array_api_moments(X: Any, masks: Sequence[Any], block: int) -> list[FilteredMoment]:
    """`filtered_second_moments` by the functions that every array API namespace has."""
    from array_api_compat import array_namespace, device

    xp = array_namespace(X, *masks)
    n_samples, dimension = X.shape
    place = {"dtype": X.dtype, "device": device(X)}
    sums = [xp.zeros((dimension, dimension), **place) for _ in masks]
    for start in range(0, n_samples, block):
        stop = min(start + block, n_samples)
        rows = X[start:stop, :]
        for i, mask in enumerate(masks):
            chosen = rows * xp.astype(mask[start:stop], X.dtype)[:, None]
            sums[i] = sums[i] + xp.matmul(chosen.T, rows)
    counts = [int(xp.count_nonzero(mask)) for mask in masks]
    identity = xp.eye(dimension, **place)
    pairs = zip(sums, counts, strict=True)
    return [FilteredMoment((s - n * identity) / max(n_samples, 1), n, n_samples) for s, n in pairs]


def _block_size(dimension: int, block: int | None) -> int:
    return min(_BLOCK, max(512, _ENTRIES // max(dimension, 1))) if block is None else block


def _bins_of_block(labels: Labels, bins: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Order that sorts the samples of a block by bin (labels below zero are left out), and where the bins begin."""
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], np.arange(bins + 1))
    return order, starts


def binned_second_moments(X: Array, labels: Labels, bins: int, *, block: int | None = None) -> BinnedMoments:
    r"""Σ x xᵀ over each of ``bins`` disjoint bins, for one or more labellings of the samples.

    Parameters
    ----------
    X : (N, d) samples. labels : (c, N) integers below ``bins``; samples with a negative label are left out.
    bins : number of bins b. block : samples gathered at once; by default 8192, or fewer in above 1024 dimensions.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[2.0, 0.0], [0.0, 1.0]])
    >>> binned_second_moments(X, np.array([[1, 0]]), 2).moment(0, (1,)).matrix
    array([[ 1.5,  0. ],
           [ 0. , -0.5]])

    Source: THEORY section 2.
    """
    n_samples, dimension = X.shape
    sums = np.zeros((len(labels), bins, dimension, dimension))
    counts = np.zeros((len(labels), bins), dtype=np.int64)
    block = _block_size(dimension, block)
    for start in range(0, n_samples, block):
        rows = X[start : start + block]
        for i, row_labels in enumerate(labels[:, start : start + block]):
            order, starts = _bins_of_block(row_labels, bins)
            gathered = rows[order]
            counts[i] += np.diff(starts)
            for j in range(bins):
                _add_outer_products(gathered[starts[j] : starts[j + 1]], sums[i, j])
    return BinnedMoments(sums, counts, n_samples)


def binned_products(X: Array, labels: Labels, bins: int, Q: Array, *, block: int | None = None) -> BinnedProducts:
    r"""Σ x xᵀ Q over each of ``bins`` disjoint bins, for one or more labellings of the samples.

    Parameters
    ----------
    X, labels, bins, block : as in `binned_second_moments`. Q : (d, q) array.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[2.0, 0.0], [0.0, 1.0]])
    >>> binned_products(X, np.array([[0, 0]]), 1, np.array([[1.0], [0.0]])).product(0, (0,))
    (array([[1.],
           [0.]]), 2)

    Source: Halko, Martinsson and Tropp (2011), section 4.
    """
    n_samples, dimension = X.shape
    sums = np.zeros((len(labels), bins, dimension, Q.shape[1]))
    counts = np.zeros((len(labels), bins), dtype=np.int64)
    block = _block_size(dimension, block)
    for start in range(0, n_samples, block):
        rows = X[start : start + block]
        images = rows @ Q
        for i, row_labels in enumerate(labels[:, start : start + block]):
            order, starts = _bins_of_block(row_labels, bins)
            gathered, targets = rows[order], images[order]
            counts[i] += np.diff(starts)
            for j in range(bins):
                part = slice(starts[j], starts[j + 1])
                sums[i, j] += gathered[part].T @ targets[part]
    return BinnedProducts(sums, counts, n_samples, Q)


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], executor: Executor | None = None, *, in_flight: int = 8
) -> Iterator[Result]:
    r"""function(item) for every item, in the order of the items whatever the order in which workers finish.

    Sums taken over the results are therefore the same floats for any number of workers, and for none.

    Parameters
    ----------
    function : a picklable function where the executor has processes. items : any iterable, consumed as needed.
    executor : any `concurrent.futures.Executor` (threads, processes, ``dask.distributed.Client.get_executor()``).
    in_flight : most items handed out and not yet returned; bounds memory.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor(2) as pool:
    ...     list(in_order(abs, [-1, -2, -3], pool))
    [1, 2, 3]
    """
    if executor is None:
        yield from map(function, items)
        return
    pending: deque[Future[Result]] = deque()
    try:
        for item in items:
            pending.append(submitted(executor, function, item))
            if len(pending) >= in_flight:
                yield result_of(pending.popleft())
        while pending:
            yield result_of(pending.popleft())
    finally:
        for future in pending:
            future.cancel()
