"""Other programs that enumerate activation regions, each behind one adapter; none is a dependency of this project.

An adapter is a module with ``NAME``, ``DOMAIN`` ("box": [-1, 1]^n, "space": R^n), ``MAX_DIM`` (largest input dimension)
and ``load()``, which imports the program and returns a function from (weights, biases) to its number of regions.
``load`` raises ``ImportError``, or ``RuntimeError`` where the program refuses to be imported.
"""

import importlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

ADAPTERS = ("relucent_bfs", "parx_exact", "splinecam_slice")


class PeerFailed(Exception):  # noqa: N818 - an answer of the peer
    """The program gave up on a network; the message is its own."""


class Peer(NamedTuple):
    """An importable program."""

    name: str
    domain: str
    max_dim: float
    count: Callable[[list[np.ndarray], list[np.ndarray]], int]


def available() -> tuple[list[Peer], list[str]]:
    """The peers that can be imported here, and for each of the others a line saying why not."""
    found, missing = [], []
    for module in ADAPTERS:
        adapter = importlib.import_module(f"peers.{module}")
        try:
            count = adapter.load()
        except (ImportError, RuntimeError) as error:
            reason = " ".join(str(error).split())[:100]
            missing.append(f"{adapter.NAME} skipped: {reason}")
        else:
            found.append(Peer(adapter.NAME, adapter.DOMAIN, adapter.MAX_DIM, count))
    return found, missing
