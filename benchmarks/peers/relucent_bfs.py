"""relucent: breadth-first search over facets by linear programs (Gurobi), float64, certified at the end by itself."""

import math
from collections.abc import Callable
from importlib.metadata import version

import numpy as np

NAME = "relucent"
DOMAIN = "box"
MAX_DIM = math.inf
WORKERS = 2


def load() -> Callable[[list[np.ndarray], list[np.ndarray]], int]:
    """Import relucent; cells are clipped to the cube, searched by two processes, verified as is its default."""
    import gurobipy
    import relucent

    from peers import PeerFailed

    def count(weights: list[np.ndarray], biases: list[np.ndarray]) -> int:
        complex_ = relucent.Complex(list(zip(weights, biases, strict=True)))
        try:
            complex_.bfs(cube_radius=1.0, cube_mode="clipped", nworkers=WORKERS, verbose=0)
        except (ArithmeticError, RuntimeError, ValueError, gurobipy.GurobiError) as error:
            raise PeerFailed(f"{type(error).__name__}: {error}") from error
        return len(complex_)

    count.__doc__ = f"relucent {version('relucent')}, {WORKERS} processes"
    return count
