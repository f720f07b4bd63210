"""Filtered PCA: the relevant subspace from Gaussian samples. THEORY section 2, L7-L15."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from copy import copy
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, check_X_y

from learning.arguments import (
    as_count,
    as_random,
    checked_data,
    require,
    require_callable,
    require_choice,
    require_executor,
    require_real,
)
from learning.filtering.bands import residual_bands
from learning.filtering.gaussianity import warn_unless_gaussian
from learning.filtering.passes import BATCH, PassRecord, block_pass, filtered_pass, streamed_pass
from learning.filtering.pruning import SAMPLES, pruned_frame
from learning.filtering.stopping import stopping_thresholds
from learning.sampling import own_stream

__all__ = ["BATCH", "FilteredPCA", "PassRecord", "filtered_pass", "residual_bands", "stopping_thresholds"]

Array = NDArray[np.float64]
Pass = Callable[[Array, int], tuple[Array, PassRecord | None]]
Sample = Callable[[int], BATCH]


class FilteredPCA(TransformerMixin, BaseEstimator):
    r"""Relevant subspace V of y = F(x), x ~ N(0, I_d): eigenvectors of E[1_E Π_{W⊥}(xxᵀ - I)Π_{W⊥}], pass by pass.

    Parameters
    ----------
    max_passes : most passes, the terminal one included; by L15 k + 1 suffice. ``fit`` splits its sample into as many
        parts, so that W is independent of the batch that tests it.
    level : δ, bound for the probability that a direction outside V is ever appended to a W ⊇ V. Split evenly over
        passes, candidates and bands (L12); of the filters that reject, each pass follows the one of least p/λ² (L14).
        An estimated W rarely holds V exactly, and later passes find its error: see below.
    method : "full" sums d × d moments; "block" iterates a random block of ``block_size`` directions in memory O(d),
        over ``sweeps`` sweeps a pass. Both reject at ``level``; only "full" searches all of W⊥.
    block_size : directions of the block, above k. sweeps : at least 2, the last of which tests; more sweeps let weaker
        directions show. ``fit`` gives half of a pass's samples to the last and the other half to all before.
    random_state : seed of the shuffle that splits the sample, and of the block.

    Attributes
    ----------
    components_ : (k, d) array with orthonormal rows. n_components_ : k, after pruning. passes_ : list of `PassRecord`,
        before pruning.
    converged_ : whether the last pass found nothing more, rather than the passes running out; see
        ``passes_[-1].exhaustive`` for what was searched and ``passes_[-1].forecast`` for what more samples would show.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).standard_normal((8000, 4))
    >>> pca = FilteredPCA(random_state=0).fit(X, abs(X[:, 0]))
    >>> bool(abs(pca.components_[0, 0]) > 0.99), pca.n_components_
    (True, 1)

    Pruning: if passes after the first append, all directions are re-estimated together by gradients of local planes,
    on samples of the passes that appended nothing (of the last one if there are none; ``fit_batches`` draws 20 000
    more), and one is kept only if its squared derivative stands out from that of two random directions outside W.
    As many as the first pass appended are kept in any case: its W = {0} is exact. Pruning only takes away, so δ holds
    as before. The comparison itself has no level: the number is right on the functions measured, not guaranteed, and
    a direction whose derivative is smaller than what V's error lends to others is lost.

    Inputs (of ``fit_batches``: the first batch) that are clearly not N(0, I_d) give one `NonGaussianWarning`.

    An estimator equals only itself.

    Source: Chen, Klivans and Meka (2021); THEORY section 2, L12.
    """

    components_: Array
    n_components_: int
    passes_: list[PassRecord]
    converged_: bool

    def __init__(
        self,
        *,
        max_passes: int = 4,
        level: float = 0.01,
        method: str = "full",
        block_size: int = 32,
        sweeps: int = 3,
        random_state: int | None = 0,
    ) -> None:
        self.max_passes = max_passes
        self.level = level
        self.method = method
        self.block_size = block_size
        self.sweeps = sweeps
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit on one sample, split at random into ``max_passes`` parts, one a pass.

        Raises
        ------
        ValueError : X or y of the wrong shape, not finite or without samples, or parameters out of range.
        """
        self._check_parameters()
        fitted = copy(self)
        X, y = checked_data(fitted, X, y)
        warn_unless_gaussian(X)
        rng = own_stream(self.random_state, "filtered PCA")
        parts = np.array_split(rng.permutation(len(X)), self.max_passes)

        def one_pass(frame: Array, index: int) -> tuple[Array, PassRecord | None]:
            options: dict[str, Any] = {"index": index, "level": self.level / self.max_passes}
            if self.method == "full":
                return filtered_pass(X[parts[index]], y[parts[index]], frame, **options)
            search, test = np.array_split(parts[index], 2)
            repeated = [[(X[search], y[search])]] * (self.sweeps - 1)
            return block_pass([*repeated, [(X[test], y[test])]], frame, rng=rng, size=self.block_size, **options)

        def sample(used: int) -> BATCH:
            rows = np.concatenate(parts[used:] or parts[-1:])[:SAMPLES]
            return X[rows], y[rows]

        fitted._run(one_pass, sample, X.shape[1])
        self.__dict__ = fitted.__dict__  # at once: whatever stops a fit leaves the estimator as it was
        return self

    def fit_batches(
        self, make_batches: Callable[[], Iterable[BATCH]], executor: Executor | None = None, *, in_flight: int = 8
    ) -> Self:
        r"""Fit on batches, each seen once and let go: every pass (block method: every sweep) calls ``make_batches()``.

        Batches are summed in their own order, so that the floats do not depend on the executor.

        Parameters
        ----------
        make_batches : restartable factory of iterables of (X, y) pairs; each call must draw new samples, else L12's
            level does not hold.
        executor : any `concurrent.futures.Executor` to sum batches on; ``dask.distributed.Client.get_executor()`` too.
            Threads suffice, for BLAS works outside the interpreter's lock; with processes every batch travels there
            and its sums, 26 d × d matrices, travel back.
        in_flight : most batches handed out at a time; bounds memory.

        Raises
        ------
        ValueError : batches of the wrong shape, not finite or empty, or parameters out of range.
        """
        self._check_parameters()
        require_callable(make_batches, "make_batches")
        require_executor(executor)
        in_flight = as_count(in_flight, "in_flight")
        opened = self._checked(make_batches())
        first = next(opened)
        warn_unless_gaussian(first[0])
        fitted, dimension = copy(self), first[0].shape[1]
        fitted.n_features_in_ = dimension
        fitted.__dict__.pop("feature_names_in_", None)
        begun = [itertools.chain([first], opened)]
        del first
        rng = own_stream(self.random_state, "filtered PCA")

        def draw() -> Iterable[BATCH]:
            return begun.pop() if begun else self._checked(make_batches(), dimension)

        def one_pass(frame: Array, index: int) -> tuple[Array, PassRecord | None]:
            options: dict[str, Any] = {"index": index, "level": self.level / self.max_passes}
            options.update(executor=executor, in_flight=in_flight)
            if self.method == "full":
                return streamed_pass(draw(), frame, **options)
            sweeps = (draw() for _ in range(self.sweeps))
            return block_pass(sweeps, frame, rng=rng, size=self.block_size, **options)

        fitted._run(one_pass, lambda used: _first(draw(), SAMPLES), dimension)
        self.__dict__ = fitted.__dict__
        return self

    def transform(self, X: ArrayLike) -> Array:
        """Coordinates Π_W x in the frame: (n, d) -> (n, k)."""
        check_is_fitted(self)
        return np.asarray(checked_data(self, X) @ self.components_.T)

    def _check_parameters(self) -> None:
        for name, least in (("max_passes", 1), ("block_size", 1), ("sweeps", 2)):
            as_count(getattr(self, name), name, least)
        require_real(self.level, "level", 0, 1)
        require_choice(self.method, ("full", "block"), "method")
        as_random(self.random_state, "random_state")

    def _checked(self, batches: Iterable[BATCH], dimension: int | None = None) -> Iterator[BATCH]:
        """The batches as float arrays of one dimension, the given one or the first batch's."""
        empty = True
        require(batches, Iterable, "make_batches()")
        for batch in batches:
            require(batch, (tuple, list), "a batch")
            if len(batch) != 2:
                raise ValueError(f"a batch must be a pair (X, y); got {len(batch)} entries")
            X, y = batch
            X, y = check_X_y(X, y, dtype=np.float64, y_numeric=True)
            dimension = X.shape[1] if dimension is None else dimension
            if X.shape[1] != dimension:
                raise ValueError(f"batches differ in dimension: {sorted({X.shape[1], dimension})}")
            empty = False
            yield X, y.astype(np.float64, copy=False)
        if empty:
            raise ValueError("make_batches() yielded no batch")

    def _run(self, one_pass: Pass, sample: Sample, dimension: int) -> None:
        """Pass after pass, then prune; ``sample(used)`` gives (X, y) that the first ``used`` passes did not see."""
        frame = np.zeros((0, dimension))
        self.passes_, self.converged_ = [], False
        for index in range(self.max_passes):
            frame, record = one_pass(frame, index)
            if record is not None:
                self.passes_.append(record)
            if record is None or not record.rejected:
                self.converged_ = True
                break
        appending = sum(record.rejected for record in self.passes_)
        if appending > 1:  # the first W, {0}, is exact, and L12 holds for what is appended to it
            rng = own_stream(self.random_state, "pruning")
            frame = pruned_frame(*sample(appending), frame, rng, least=self.passes_[0].appended)
        self.components_, self.n_components_ = frame, len(frame)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


def _first(batches: Iterable[BATCH], count: int) -> BATCH:
    """The first ``count`` samples of a stream, or as many as it has."""
    held: list[BATCH] = []
    for batch in batches:
        held.append(batch)
        if sum(len(labels) for _, labels in held) >= count:
            break
    return np.vstack([X for X, _ in held])[:count], np.concatenate([y for _, y in held])[:count]
