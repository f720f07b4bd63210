"""parx: depth-first search with linear programs (SciPy), float64, on all of R^n; will not import without Julia."""

import math
from collections.abc import Callable
from importlib.metadata import version

import numpy as np

NAME = "parx"
DOMAIN = "space"
MAX_DIM = math.inf


def load() -> Callable[[list[np.ndarray], list[np.ndarray]], int]:
    """Import parx and take its ``exact_python`` method, started at a generic point near the origin."""
    from parx.methods import get_method

    find = get_method("exact_python")

    def count(weights: list[np.ndarray], biases: list[np.ndarray]) -> int:
        start = np.random.default_rng(0).uniform(-0.1, 0.1, (1, weights[0].shape[1]))
        return len(find(weights[:-1], biases[:-1], start).patterns)

    count.__doc__ = f"parx {version('parx')}, one process"
    return count
