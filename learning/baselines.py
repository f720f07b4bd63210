"""What else learns from (x, F(x)): classical dimension reduction, and gradient descent under a disclosed budget."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from learning.subspace import orthonormal_frame
from tropical import Value

__all__ = ["REDUCTIONS", "AdamSweep", "AdamTrial", "adam", "least_squares", "reduced_subspace"]

Array = NDArray[np.float64]


def least_squares(X: ArrayLike, y: ArrayLike) -> Array:
    r"""Frame (1, d) of the gradient of the least-squares line, (0, d) if it vanishes; one direction at the most.

    Under x ~ N(0, I) its expectation is E[∇F], which vanishes for every F without a part of Hermite degree one.

    Parameters
    ----------
    X : (N, d) samples, N > d. y : (N,) labels.

    Examples
    --------
    >>> X = np.random.default_rng(0).standard_normal((50, 3))
    >>> np.abs(least_squares(X, 2 * X[:, 1] + 1)).round(6)
    array([[0., 1., 0.]])

    Source: Brillinger (1982).
    """
    X, y = _checked(X, y)
    design = np.column_stack([X, np.ones(len(X))])
    gradient = np.linalg.lstsq(design, y, rcond=None)[0][:-1]
    return orthonormal_frame(gradient[None], scale=float(np.std(y)) or 1.0)


def reduced_subspace(name: str, X: ArrayLike, y: ArrayLike, k: int) -> Array:
    r"""Frame (k, d) of the k leading directions of a method of statsmodels.

    Parameters
    ----------
    name : "sir" (sliced inverse regression, Li 1991), "save" (sliced average variance, Cook and Weisberg 1991) or "phd"
        (principal Hessian directions, Li 1992). X : (N, d) samples. y : (N,) labels. k : number of directions.

    Raises
    ------
    ValueError : an unknown name, wrong shapes, or k outside 1, ..., d.
    ImportError : statsmodels (the extra ``baselines``) is missing.

    Examples
    --------
    >>> X = np.random.default_rng(0).standard_normal((2000, 4))
    >>> np.abs(reduced_subspace("save", X, np.abs(X[:, 2]), 1)).round(1) + 0.0
    array([[0., 0., 1., 0.]])
    """
    if name not in REDUCTIONS:
        raise ValueError(f"name must be one of {', '.join(REDUCTIONS)}; got {name!r}")
    X, y = _checked(X, y)
    if not 1 <= k <= X.shape[1]:
        raise ValueError(f"k must lie between 1 and {X.shape[1]}; got {k}")
    dimred = _imported("statsmodels.regression.dimred", "baselines")
    parameters = getattr(dimred, REDUCTIONS[name])(y, X).fit().params
    return orthonormal_frame(np.asarray(parameters)[:, :k].T)


REDUCTIONS = MappingProxyType(
    {"sir": "SlicedInverseReg", "save": "SlicedAverageVarianceEstimation", "phd": "PrincipalHessianDirections"}
)
"""The methods of `reduced_subspace` and their classes in statsmodels."""


@dataclass(frozen=True, repr=False)
class AdamTrial(Value):
    """One configuration of a sweep: its held-out loss relative to the variance of y (1.0: chance), and what it cost."""

    learning_rate: float
    width: int
    depth: int
    loss: float
    epochs: int
    seconds: float


@dataclass(frozen=True, repr=False)
class AdamSweep(Value):
    r"""Adam (Kingma and Ba 2015) on ReLU networks of every width, depth and learning rate, within a budget of time.

    Attributes
    ----------
    trials : one record each, in the order of the grid. seconds : wall time of the whole sweep. n_samples : samples
        given, a fifth of which is held out to choose the epoch and the configuration, which favours Adam.
    """

    trials: tuple[AdamTrial, ...]
    seconds: float
    n_samples: int
    best: AdamTrial = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "best", min(self.trials, key=lambda trial: trial.loss))

    @property
    def at_chance(self) -> bool:
        """Whether no configuration explains 5 % of the variance of held-out labels."""
        return self.best.loss > 0.95


def adam(
    X: ArrayLike,
    y: ArrayLike,
    *,
    learning_rates: Sequence[float] = (1e-2, 3e-3, 1e-3, 3e-4),
    widths: Sequence[int] = (64, 256),
    depths: Sequence[int] = (1, 2, 3),
    seconds: float = 60.0,
    batch_size: int = 256,
    seed: int = 0,
    progress: Callable[[AdamTrial], None] | None = None,
) -> AdamSweep:
    r"""Train a ReLU network by Adam for every learning rate, width and depth; squared loss, standardised labels.

    Parameters
    ----------
    X : (N, d) samples, N ≥ 10. y : (N,) labels, not all equal. learning_rates, widths, depths : the grid, hidden layers
        of equal width. seconds : wall time of the whole sweep, shared out evenly. batch_size : samples of a step.
        seed : of initial weights and batches. progress : called with every finished trial.

    Raises
    ------
    ValueError : wrong shapes, too few samples, constant labels, an empty grid or a budget that is not positive.
    ImportError : torch (the extra ``torch``) is missing.

    Source: Kingma and Ba (2015).
    """
    X, y = _checked(X, y)
    grid = list(itertools.product(learning_rates, widths, depths))
    if not grid or seconds <= 0.0:
        raise ValueError(f"adam needs a grid that is not empty and a positive budget; got {len(grid)}, {seconds}")
    if len(X) < 10 or float(np.std(y)) == 0.0:
        raise ValueError(f"adam needs at least 10 samples whose labels vary; got {len(X)}")
    torch = _imported("torch", "torch")
    start = time.monotonic()
    trials: list[AdamTrial] = []
    for rate, width, depth in grid:
        share = (seconds - (time.monotonic() - start)) / (len(grid) - len(trials))
        trials.append(_train(torch, X, y, (rate, width, depth), max(share, 0.0), batch_size, seed))
        if progress is not None:
            progress(trials[-1])
    return AdamSweep(tuple(trials), time.monotonic() - start, len(X))


def _train(
    torch: Any,
    X: Array,
    y: Array,
    configuration: tuple[float, int, int],
    seconds: float,
    batch_size: int,
    seed: int,
) -> AdamTrial:
    """One configuration until its time is over (at least one epoch); the best epoch on held-out samples counts."""
    rate, width, depth = configuration
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        sizes = [X.shape[1], *[width] * depth]
        hidden = [layer for n, m in itertools.pairwise(sizes) for layer in (torch.nn.Linear(n, m), torch.nn.ReLU())]
        model = torch.nn.Sequential(*hidden, torch.nn.Linear(width, 1))
    held = len(X) // 5
    scaled = (y - y[held:].mean()) / (y[held:].std() or 1.0)
    inputs, labels = torch.from_numpy(X).float(), torch.from_numpy(scaled).float()[:, None]
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    loss_of = torch.nn.functional.mse_loss
    start, epochs, best = time.monotonic(), 0, float("inf")
    while epochs == 0 or time.monotonic() - start < seconds:
        for rows in (held + torch.randperm(len(X) - held, generator=generator)).split(batch_size):
            optimiser.zero_grad()
            loss_of(model(inputs[rows]), labels[rows]).backward()
            optimiser.step()
        epochs += 1
        with torch.no_grad():
            loss = loss_of(model(inputs[:held]), labels[:held]) / labels[:held].var()
        best = min(best, float(loss))
    return AdamTrial(rate, width, depth, best, epochs, time.monotonic() - start)


def _checked(X: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    samples, labels = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if samples.ndim != 2 or labels.shape != samples.shape[:1] or not len(samples):
        raise ValueError(f"X must be (N, d) and y (N,), N at least 1; got {samples.shape} and {labels.shape}")
    if not (np.isfinite(samples).all() and np.isfinite(labels).all()):
        raise ValueError("X and y must be finite; got NaN or infinity")
    return samples, labels


def _imported(module: str, extra: str) -> Any:
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        name = module.split(".")[0]
        raise ImportError(f"{name} is not installed: pip install 'tropical-relu[{extra}]'") from error
