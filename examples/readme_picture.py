"""The picture of the README: linear regions of a network in its input plane, and of a function learned from samples.

Run from the root of the repository as ``python examples/readme_picture.py`` to write ``docs/regions.png``.
"""

import random
from itertools import pairwise
from pathlib import Path

from matplotlib.figure import Figure

import learning as ln
import tropical as tp

TARGET = Path(__file__).resolve().parent.parent / "docs" / "regions.png"


def deep_network(widths: tuple[int, ...] = (2, 6, 6, 1), seed: int = 28) -> tp.ReLUNetwork:
    """A network with small random integer weights and biases."""
    rng = random.Random(seed)
    weights = [[[rng.randint(-8, 8) for _ in range(n)] for _ in range(m)] for n, m in pairwise(widths)]
    biases = [[rng.randint(-8, 8) for _ in range(m)] for m in widths[1:]]
    return tp.ReLUNetwork.from_arrays(weights, biases)


def run(samples: int = 10_000) -> Figure:
    """Return the figure; the right half learns H6, hidden in a plane of R^30, and compares it with the truth."""
    figure = Figure(figsize=(11.0, 5.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    net = deep_network()
    tp.plot_regions(net, tp.Box([-2, -2], [2, 2]), ax=left)
    left.set_title(f"Linear regions of a network with hidden widths {net.widths}")
    hidden = ln.instances.h6(30, seed=0)
    X, y = ln.GaussianOracle(hidden, seed=0).sample(samples)
    learner = ln.LatticePolynomialRegressor(random_state=0).fit(X, y)
    tp.plot_regions(learner.lattice_polynomial_, ax=right, directions=learner.relevant_subspace_)
    status = ln.verify_recovery(hidden, learner).status
    right.set_title(f"Learned from {samples} samples in $R^{{30}}$: {status}")
    return figure


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    run().savefig(TARGET, dpi=110, metadata={"Software": None})
