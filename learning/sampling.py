"""Labelled Gaussian samples: x ~ N(0, I_d) with noise-free labels y = F(x)."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from learning.arguments import as_count, as_random, as_samples, require
from tropical import ReLUNetwork

__all__ = ["GaussianOracle", "own_stream"]

Array = NDArray[np.float64]
Batch = tuple[Array, Array]

_BLOCK = 8192
"""Samples labelled at once: bounds the memory that hidden activations take."""


class GaussianOracle:
    """Draws x ~ N(0, I_d) and labels it y = F(x) for a network F with one output, hidden from whoever learns.

    Successive calls draw afresh from one stream: the same ``seed`` and the same calls give the same samples. Labels
    come from float64 evaluation, or with ``exact=True`` from rational evaluation at the float64 point and a single,
    correct rounding (about a hundred times slower). ``n_samples_drawn`` and ``n_queries`` count the samples handed out
    and the labels asked for at points of the caller's choice. Raises ``ValueError`` for a network with several
    outputs. An oracle equals only itself; a deep or pickled copy continues the stream where it stood. Model:
    Chen, Klivans and Meka (2021), section 1.

    >>> oracle = GaussianOracle(ReLUNetwork.from_arrays([[[1, 0], [-1, 0]], [[1, 1]]]), seed=0)
    >>> X, y = oracle.sample(1000)
    >>> X.shape, bool((y == abs(X[:, 0])).all())
    ((1000, 2), True)
    """

    def __init__(self, net: ReLUNetwork, seed: int | np.random.Generator = 0, exact: bool = False) -> None:
        require(net, ReLUNetwork, "net")
        require(exact, bool, "exact")
        if net.output_dim != 1:
            raise ValueError(
                f"the oracle needs a network with one output, got {net.output_dim}: pick one with net.output(i)"
            )
        self._net = net
        self._rng = as_random(seed)
        self._exact = exact
        self.n_samples_drawn = 0
        self.n_queries = 0

    def __repr__(self) -> str:
        return f"<GaussianOracle of {self._net!r}, {self.n_samples_drawn} samples drawn>"

    @property
    def dim(self) -> int:
        """Dimension d of the inputs."""
        return self._net.input_dim

    def sample(self, n: int, exact: bool | None = None) -> Batch:
        """Return n fresh samples: X of shape (n, d) and y of shape (n,); ``exact`` overrides the oracle's choice.

        Raises ``ValueError`` if n < 0 or beyond what memory holds, or if a label exceeds the range of float64.
        """
        n = as_count(n, "n", 0)
        try:
            X = self._rng.standard_normal((n, self.dim))
        except MemoryError:
            raise ValueError(f"n samples must fit into memory, got n = {n} in {self.dim} dimensions") from None
        self.n_samples_drawn += n
        return X, self._labels(X, exact)

    def query(self, X: ArrayLike, exact: bool | None = None) -> Array:
        """Return the labels, shape (n,), at points of the caller's choice, shape (n, d); draws nothing.

        Raises ``ValueError`` for any other shape, for points that are not finite and for labels beyond float64.

        >>> GaussianOracle(ReLUNetwork.from_arrays([[[1, 1]], [[1]]])).query([[1, 2], [-1, 0]])
        array([3., 0.])
        """
        points = as_samples(X, "X", self.dim)
        self.n_queries += len(points)
        return self._labels(points, exact)

    def batches(self, n: int, size: int) -> Iterator[Batch]:
        """Yield n fresh samples in batches of at most ``size``; ``ValueError`` if n < 0 or ``size`` < 1."""
        n, size = as_count(n, "n", 0), as_count(size, "size")
        return (self.sample(min(size, n - start)) for start in range(0, n, size))

    def batch_factory(self, n: int, size: int) -> Callable[[], Iterator[Batch]]:
        """Return a function whose every call is a new ``batches(n, size)``: what ``FilteredPCA.fit_batches`` takes.

        >>> make = GaussianOracle(ReLUNetwork.from_arrays([[[1]], [[1]]])).batch_factory(10, 4)
        >>> [len(y) for X, y in make()]
        [4, 4, 2]
        """
        self.batches(n, size)
        return lambda: self.batches(n, size)

    def _labels(self, X: Array, exact: bool | None) -> Array:
        require(exact, (bool, type(None)), "exact")
        label = self._exact_labels if (self._exact if exact is None else exact) else self._float_labels
        y = np.empty(len(X))
        for start in range(0, len(X), _BLOCK):
            y[start : start + _BLOCK] = label(X[start : start + _BLOCK])
        if not np.isfinite(y).all():
            raise ValueError("a label exceeds the range of float64")
        return y

    def _float_labels(self, X: Array) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            return self._net.evaluate(X)[:, 0]

    def _exact_labels(self, X: Array) -> Array:
        try:
            return np.array([float(row[0]) for row in self._net.evaluate_exact(X.tolist())])
        except OverflowError:
            raise ValueError("a label exceeds the range of float64") from None


def own_stream(seed: int | None, purpose: str) -> np.random.Generator:
    """A random stream for one purpose, apart from ``default_rng(seed)``, which may have drawn the data.

    >>> own_stream(0, "start").standard_normal() == np.random.default_rng(0).standard_normal()
    False
    """
    return np.random.default_rng() if seed is None else np.random.default_rng([seed, *purpose.encode()])
