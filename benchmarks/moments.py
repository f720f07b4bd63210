"""Rate of the symmetric rank-n updates of filtered PCA beside the machine's matrix product, and one pass in full.

`python benchmarks/moments.py` prints GFLOP/s for several shapes, both sides timed in turns within one run. Rates are
nominal: 2 n d² operations for the product and for the update, of which the update, symmetric, needs half. The sums are
asserted against the product. `--passes` adds one whole pass at d = 1000 (both methods) and the share of it spent in
matrix multiplication; `--large` one pass of the block method at d = 4000 with the peak of resident memory.
"""

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np

from learning import instances
from learning.filtering import moments, passes
from learning.filtering.bands import BINS
from learning.filtering.pca import FilteredPCA
from learning.sampling import GaussianOracle
from learning.subspace import orthonormal_frame, principal_sines

SHAPES = ((50, 20_000), (200, 20_000), (1000, 8_192), (2000, 8_192))
REPEATS = 5
BATCH = 1000


def best_time(function: Callable[[], object]) -> float:
    """Least of a few timings, in seconds."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def rates() -> None:
    """Table of GFLOP/s: matrix product, symmetric update of one filter, sums over all bins of one residual."""
    print(f"{'d':>5} {'n':>6} {'A.T @ B':>9} {'one filter':>11} {'13 bins':>9}   nominal GFLOP/s")
    for dimension, count in SHAPES:
        X = np.random.default_rng(0).standard_normal((count, dimension))
        other, total = X.copy(), np.zeros((dimension, dimension))
        labels = np.random.default_rng(1).integers(0, BINS, (1, count)).astype(np.int8)
        binned = moments.binned_second_moments(X, labels, BINS).moment(0, tuple(range(BINS)))
        expected = (X.T @ other - count * np.eye(dimension)) / count
        assert np.allclose(binned.matrix, expected, atol=1e-10), "the sums over bins differ from the product"
        flops = 2e-9 * count * dimension**2
        product = flops / best_time(lambda a=X, b=other: a.T @ b)
        update = flops / best_time(lambda a=X, c=total: moments._add_outer_products(a, c))
        bins = flops / best_time(lambda a=X, m=labels: moments.binned_second_moments(a, m, BINS))
        print(f"{dimension:>5} {count:>6} {product:>9.1f} {update:>11.1f} {bins:>9.1f}")


def timed_sums() -> tuple[dict[str, float], Callable[[], None]]:
    """Wrap the sums of a pass so that the time they take is added up; returns the clock and the undoing."""
    clock, originals = {"sums": 0.0}, (passes.binned_second_moments, passes.binned_products)

    def wrapped(function: Callable[..., object]) -> Callable[..., object]:
        def timed(*arguments: object) -> object:
            start = time.perf_counter()
            result = function(*arguments)
            clock["sums"] += time.perf_counter() - start
            return result

        return timed

    def undo() -> None:
        passes.binned_second_moments, passes.binned_products = originals

    passes.binned_second_moments, passes.binned_products = map(wrapped, originals)
    return clock, undo


def one_pass(dimension: int, ratio: int, method: str) -> None:
    """One pass on parity k = 3 with batches drawn as they are used; prints accuracy, time and memory."""
    net = instances.parity(3, dimension, seed=0)
    relevant = orthonormal_frame([list(map(float, row)) for row in net.layers[0].weight])
    oracle, drawn = GaussianOracle(net, seed=1), 0.0

    def batches():
        nonlocal drawn
        for _ in range(ratio * dimension // BATCH):
            start = time.perf_counter()
            batch = oracle.sample(BATCH)
            drawn += time.perf_counter() - start
            yield batch

    clock, undo = timed_sums()
    start = time.perf_counter()
    pca = FilteredPCA(max_passes=1, method=method).fit_batches(batches)
    seconds = time.perf_counter() - start - drawn
    undo()
    assert pca.n_components_ == 3, f"parity k = 3 has three directions, found {pca.n_components_}"
    error = float(np.mean(principal_sines(relevant, pca.components_) ** 2))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"parity k=3, d = {dimension}, N = {ratio} d a sweep, {method}: sin² = {error:.3f}, {seconds:.1f} s")
    print(
        f"  {clock['sums'] / seconds:.0%} of it in the sums; {drawn:.1f} s more for drawing; peak memory {peak:.2f} GiB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--passes", action="store_true", help="one pass at d = 1000, both methods")
    parser.add_argument("--large", action="store_true", help="one pass of the block method at d = 4000")
    options = parser.parse_args()
    if options.large:
        one_pass(4000, 60, "block")
    if options.passes:
        one_pass(1000, 60, "block")
        one_pass(1000, 60, "full")
    rates()


if __name__ == "__main__":
    main()
