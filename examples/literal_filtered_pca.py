"""Filtered PCA to the letter
==========================

Filtered PCA to the letter of the theory, on two tiny networks: its nets, and the worst case beside what it used.

Run as ``python examples/literal_filtered_pca.py``.
"""

from functools import partial

import learning as ln
import tropical as tp
from learning.literal import LatticeGrid, LiteralResult, NetworkGrid, literal_filtered_pca

ONE_UNIT = tp.ReLUNetwork.from_arrays([[["2/3", "2/3", "1/3", 0, 0, 0]], [[1]]])
TWO_UNITS = tp.ReLUNetwork.from_arrays(
    [[["2/3", "2/3", "1/3", 0, 0, 0], ["1/3", "-2/3", "2/3", 0, 0, 0]], [["3/5", "-4/5"]]]
)


def run(seed: int = 0, step: str = "1/3") -> dict[str, LiteralResult]:
    """Learn one unit at the thresholds of the theory, two units in a plane at a lower one: fewer samples.

    ``step`` is that of the grid on which the two units are fitted in the end.
    """
    one = partial(NetworkGrid, widths=(1,))
    two = partial(NetworkGrid, widths=(2,))
    return {
        "one unit, grid of networks": literal_filtered_pca(
            ln.GaussianOracle(ONE_UNIT, seed).sample, 6, one, rank=1, lipschitz=1
        ),
        "one unit, grid of lattice polynomials": literal_filtered_pca(
            ln.GaussianOracle(ONE_UNIT, seed).sample, 6, LatticeGrid, rank=1, lipschitz=1
        ),
        "two units, grid of networks": literal_filtered_pca(
            ln.GaussianOracle(TWO_UNITS, seed).sample, 6, two, finer=partial(two, step=step),
            rank=2, lipschitz=1, threshold=0.7,
        ),
    }  # fmt: skip


if __name__ == "__main__":
    for name, result in run().items():
        print(f"{name}\n{result.summary()}\n")
