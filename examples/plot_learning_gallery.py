"""Filtered PCA pass by pass, and how tight the lemmas are
=======================================================

*Sequential* hides one easy direction before four that only show once it has been filtered out: the first pass appends
one eigenvector, the second the others. Right: how much of its bound each lemma uses on random networks in the plane.
"""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

import learning as ln


def run(samples: int = 120_000, networks: int = 3) -> Figure:
    """The two pictures."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(13.0, 4.8), layout="constrained")
    hidden = ln.instances.sequential(10, seed=0)
    X, y = ln.GaussianOracle(hidden, seed=0).sample(samples)
    ln.plot_passes(ln.FilteredPCA(random_state=0).fit(X, y), hidden, left)
    found = ln.lemmas.sweep("random, k = 2", range(networks), ["L1", "L2", "L4", "L5", "L10", "L11", "L15", "L16"])
    ln.plot_lemma_margins(found, right)
    return figure


if __name__ == "__main__":
    run()
    plt.show()
