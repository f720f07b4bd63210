"""Recovery from samples alone, network by network: what was learned, what was proved, in how much time.

`python benchmarks/recovery.py` runs the named instances (five seeds each); `--random` the random networks of two and
three relevant dimensions (ten seeds each, d = 50 and 100, N = 1000 d). Every run asserts that nothing is proved wrong:
a recovery may end `proved` only if the learned pieces are exactly those of the network.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

import learning as ln
import tropical as tp
from learning.subspace import max_sine

NAMED: dict[str, tuple[Callable[[int], tp.ReLUNetwork], int]] = {
    "h6, d=50": (lambda seed: ln.instances.h6(50, seed), 20_000),
    "parity k=3, d=100": (lambda seed: ln.instances.parity(3, 100, seed), 40_000),
    "h4, d=30": (lambda seed: ln.instances.h4(30, seed), 60_000),
    "sequential, d=30": (lambda seed: ln.instances.sequential(30, seed), 120_000),
}
WIDTHS = ((4,), (6, 6), (5, 5, 5))


def true_subspace(net: tp.ReLUNetwork) -> np.ndarray:
    """Orthonormal rows spanning the relevant subspace of the network."""
    rows = np.array(tp.relevant_subspace(tp.polyhedral_complex(net)), dtype=float)
    return np.linalg.qr(rows.T)[0].T


def recover(net: tp.ReLUNetwork, samples: int, seed: int) -> tuple[str, str, float, float]:
    """Learn and verify one network; return (status of the learner, verdict, largest sine to V, seconds)."""
    start = time.perf_counter()
    X, y = ln.GaussianOracle(net, seed=seed).sample(samples)
    learner = ln.LatticePolynomialRegressor(random_state=seed).fit(X, y)
    report = ln.verify_recovery(net, learner, samples=1000)
    seconds = time.perf_counter() - start
    if report.status == "proved":
        truth = set(tp.affine_pieces(tp.polyhedral_complex(net)))
        assert set(learner.lattice_polynomial_.pieces) == truth, "a wrong recovery was proved"
    if report.status == "refuted":
        value = learner.lattice_polynomial_(report.witness)
        assert (value,) != net(report.witness), "a refutation's witness does not separate"
    return learner.status_, report.status, max_sine(learner.relevant_subspace_, true_subspace(net)), seconds


def random_families(dims: tuple[int, ...]) -> Iterator[tuple[str, Callable[[int], tp.ReLUNetwork], int]]:
    """Name, network by seed, and number of samples of every family of random networks."""
    for k in (2, 3):
        for widths in WIDTHS:
            for dim in dims:
                name = f"random k={k} {widths} d={dim}"
                yield name, lambda seed, a=(k, widths, dim): ln.instances.random_network(*a, seed), 1000 * dim


def report_family(name: str, make: Callable[[int], tp.ReLUNetwork], samples: int, seeds: int) -> list[tuple[str, bool]]:
    """Run one family and print its line; return (verdict, subspace to 1e-9) of every run."""
    runs = [recover(make(seed), samples, seed) for seed in range(seeds)]
    verdicts = Counter(verdict for _, verdict, _, _ in runs)
    exact = sum(sine <= 1e-9 for _, _, sine, _ in runs)
    times = [seconds for *_, seconds in runs]
    counts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    print(
        f"{name:34} N={samples:<7} V to 1e-9: {exact}/{seeds}   {counts:32} "
        f"median {np.median(times):5.1f} s, worst {max(times):5.1f} s",
        flush=True,
    )
    return [(verdict, sine <= 1e-9) for _, verdict, sine, _ in runs]


def main() -> None:
    """Print one line per family and a summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--random", action="store_true", help="random networks instead of the named instances")
    parser.add_argument("--seeds", type=int, default=None, help="seeds per family (default: 5 named, 10 random)")
    parser.add_argument("--dims", type=int, nargs="+", default=[50, 100], help="ambient dimensions of random networks")
    options = parser.parse_args()
    families = list(random_families(tuple(options.dims))) if options.random else [(n, *f) for n, f in NAMED.items()]
    seeds = options.seeds or (10 if options.random else 5)
    results = [result for family in families for result in report_family(*family, seeds)]
    verdicts = Counter(verdict for verdict, _ in results)
    print(f"{len(results)} runs: {dict(verdicts)}; relevant subspace to 1e-9: {sum(exact for _, exact in results)}")


if __name__ == "__main__":
    main()
