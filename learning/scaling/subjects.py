"""The hidden networks of the study by name, and how far a learned subspace is from theirs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from learning import instances
from learning.sampling import GaussianOracle
from learning.scaling.theory import FilterStrength, filter_strength
from learning.subspace import orthonormal_frame, principal_sines
from tropical import ReLUNetwork

__all__ = ["SUBJECTS", "hidden", "span_of_inputs", "squared_sines", "top_tenth"]

Array = NDArray[np.float64]
Make = Callable[[int, instances.Seed], ReLUNetwork]


def _random(relevant_dim: int, widths: tuple[int, ...], dim: int, seed: instances.Seed) -> ReLUNetwork:
    assert seed is not None
    return instances.random_network(relevant_dim, widths, dim, seed)


SUBJECTS: Mapping[str, Make] = MappingProxyType(
    {
        "h6": instances.h6,
        "h4": instances.h4,
        **{f"parity k={k}": partial(instances.parity, k) for k in (2, 3, 4)},
        **{f"alternating K={K}": partial(instances.alternating, K) for K in (2, 4, 6, 8, 10, 12)},
        "sequential": instances.sequential,
        "ill-conditioned": instances.ill_conditioned,
        "cancelling": instances.cancelling,
        "random k=2 (4)": partial(_random, 2, (4,)),
        "random k=2 (6,6)": partial(_random, 2, (6, 6)),
        "random k=3 (5,5,5)": partial(_random, 3, (5, 5, 5)),
        "random k=3 (4,4,4,4)": partial(_random, 3, (4, 4, 4, 4)),
    }
)
"""Every network of the study: (dimension, seed) -> network. THEORY section 5."""


def hidden(name: str, dim: int, seed: int) -> tuple[ReLUNetwork, GaussianOracle]:
    """The network of that name in R^dim and an oracle for it, each with a stream of its own."""
    net_seed, sample_seed = np.random.default_rng(seed).spawn(2)
    net = SUBJECTS[name](dim, net_seed)
    return net, GaussianOracle(net, sample_seed)


def span_of_inputs(net: ReLUNetwork, *, units: int | None = None) -> Array:
    """Frame of what the first layer (or its first ``units``) reads: V for h4, h6, alternating and parity."""
    return orthonormal_frame([[float(entry) for entry in row] for row in net.layers[0].weight[:units]])


def squared_sines(learned: Array, truth: Array) -> Array:
    r"""sin² of the principal angles of two subspaces, largest first; the dimensions that one has too many count as 1.

    >>> squared_sines(np.eye(3)[:1], np.eye(3)[:2])
    array([1., 0.])
    """
    larger, smaller = (learned, truth) if len(learned) >= len(truth) else (truth, learned)
    return principal_sines(larger, smaller) ** 2


def top_tenth(name: str) -> FilterStrength:
    """The filter that keeps the top 10 % of |y|, for a network whose M is a multiple of the identity on V."""
    relevant = len(span_of_inputs(SUBJECTS[name](12, 0)))
    return filter_strength(SUBJECTS[name](relevant, None), 0.1)
