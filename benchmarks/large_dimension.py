"""Exact recovery at d = 1000 from at most 200 d samples, and the block method at d = 4000.

    python benchmarks/large_dimension.py                        # h6 and parity k = 3 at d = 1000, N = 200 d
    python benchmarks/large_dimension.py --networks h6 --ratio 100
    python benchmarks/large_dimension.py --block                # h6 at d = 4000 by the block method, in batches

Each run draws its samples in batches, fits, verifies, and asserts `proved`. Times by stage are cumulative times of the
functions named, taken by cProfile, whose overhead is below one per cent here because nearly all time is spent in a few
long calls; a function that is called by another one listed is counted once, in the outer one.

The share of time in matrix multiplication is found without touching the code that is timed:

- symmetric rank-n updates XᵀX of the filtered moments: the time of the function that does nothing else;
- products AᵀWA of the reweighted local solves: the shapes are recorded while the run goes on, one product of each shape
  is replayed alone afterwards, and its time multiplied by the number of such products; never more than the time that
  the function spent outside other functions;
- dense factorisations (QR, LU, singular and eigenvalues of numpy.linalg and scipy.linalg) are blocked matrix
  multiplication too, but not only; they are stated apart.

Products of a matrix with a vector or with a few columns are bound by memory and count as neither. Peak memory is that
of the whole process with its samples: 8 N d bytes for X, and as much again for the learner's copy.
"""

import argparse
import cProfile
import inspect
import json
import pstats
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from scaling import peak_memory

import learning as ln
import tropical as tp
from learning.filtering import gaussianity, moments
from learning.recovery import fallback, lattice_fit, local_fits, rationals, search
from learning.scaling.subjects import squared_sines
from learning.subspace import principal_sines

Row = dict[str, Any]
Location = tuple[str, int, str]

NETWORKS: dict[str, Callable[[int, int], tp.ReLUNetwork]] = {
    "h6": ln.instances.h6,
    "parity k=3": lambda dim, seed: ln.instances.parity(3, dim, seed),
}
BATCH = 5_000
GIB = 2.0**30
MOST_MEMORY = 24 * GIB

STAGES: dict[str, tuple[Callable[..., Any], ...]] = {
    "filtered PCA": (ln.FilteredPCA.fit, search.rough_subspace),
    "search for pieces": (search.find_pieces,),
    "refit and reconstruction over Q": (rationals.refit_pieces, rationals.rational_pieces, rationals.complete_pieces),
    "clauses": (lattice_fit.fit_lattice,),
    "regression to fall back on": (fallback.best_regression,),
    "test of Gaussian inputs": (gaussianity.warn_unless_gaussian,),
}
FACTORISATIONS = {"qr", "solve", "lstsq", "svd", "eigh", "eigvalsh", "cholesky", "inv"}


def true_subspace(net: tp.ReLUNetwork) -> np.ndarray:
    """Orthonormal rows spanning the relevant subspace, its basis computed over Q."""
    rows = np.array(tp.relevant_subspace(tp.polyhedral_complex(net)), dtype=float)
    return np.linalg.qr(rows.T)[0].T


def draw(net: tp.ReLUNetwork, samples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """X and y, filled batch by batch: nothing is held twice."""
    X, y = np.empty((samples, net.input_dim)), np.empty(samples)
    start = 0
    for points, labels in ln.GaussianOracle(net, seed=seed).batches(samples, BATCH):
        X[start : start + len(labels)], y[start : start + len(labels)] = points, labels
        start += len(labels)
    return X, y


@contextmanager
def recorded_shapes() -> Iterator[Counter[tuple[int, int]]]:
    """Count the reweighted products of the local solves by their shape (equations, unknowns)."""
    shapes: Counter[tuple[int, int]] = Counter()
    original = search.robust_fit
    iterations = inspect.signature(original).parameters["iterations"].default

    def counting(design: np.ndarray, *arguments: Any, **options: Any) -> Any:
        shapes[design.shape] += options.get("iterations", iterations)
        return original(design, *arguments, **options)

    search.robust_fit = counting
    try:
        yield shapes
    finally:
        search.robust_fit = original


def replayed(shapes: Counter[tuple[int, int]], repeats: int = 5) -> float:
    """Seconds that all products AᵀA of these shapes take alone, by the median of a few of each."""
    total = 0.0
    for (equations, unknowns), count in shapes.items():
        left = np.random.default_rng(0).standard_normal((equations, unknowns))
        right, times = left.copy(), []
        for _ in range(repeats):
            start = time.perf_counter()
            left.T @ right
            times.append(time.perf_counter() - start)
        total += count * float(np.median(times))
    return total


def location(function: Callable[..., Any]) -> Location:
    """Where a function stands in a profile."""
    code = inspect.unwrap(function).__code__
    return code.co_filename, code.co_firstlineno, code.co_name


def stage_seconds(stats: dict[Location, Any]) -> dict[str, float]:
    """Cumulative seconds of every stage; calls from within another listed function belong to that one."""
    listed = {location(function) for functions in STAGES.values() for function in functions}
    found = {}
    for stage, functions in STAGES.items():
        calls = [stats[place][-1] for place in map(location, functions) if place in stats]
        found[stage] = sum(own[3] for callers in calls for caller, own in callers.items() if caller not in listed)
    return found


def own_seconds(stats: dict[Location, Any], function: Callable[..., Any]) -> float:
    """Seconds spent in a function itself, calls of C code that cProfile does not see included."""
    return float(stats[location(function)][2])


def factorisation_seconds(stats: dict[Location, Any]) -> float:
    """Seconds in the factorisations of numpy.linalg and scipy.linalg, calls among themselves counted once."""
    total = 0.0
    for (path, _, name), (*_, callers) in stats.items():
        if "linalg" in path and name in FACTORISATIONS:
            total += sum(own[3] for caller, own in callers.items() if "linalg" not in caller[0])
    return total


def profiled(function: Callable[[], Any]) -> tuple[Any, float, dict[Location, Any]]:
    """Result, seconds, and the raw statistics of cProfile."""
    profile = cProfile.Profile()
    start = time.perf_counter()
    result = profile.runcall(function)
    seconds = time.perf_counter() - start
    return result, seconds, pstats.Stats(profile).stats  # type: ignore[attr-defined]


def recover(name: str, dimension: int, ratio: int, seed: int) -> Row:
    """One exact recovery: its verdict, times and memory."""
    peak_memory(afresh=True)
    net, samples = NETWORKS[name](dimension, seed), ratio * dimension
    start = time.perf_counter()
    X, y = draw(net, samples, seed)
    drawing = time.perf_counter() - start
    with recorded_shapes() as shapes:
        learner, fitting, stats = profiled(lambda: ln.LatticePolynomialRegressor(random_state=seed).fit(X, y))
    start = time.perf_counter()
    report = ln.verify_recovery(net, learner, budget=tp.Budget(seconds=120), samples=1000)
    verifying = time.perf_counter() - start
    stages = stage_seconds(stats)
    sums = own_seconds(stats, moments._add_outer_products)
    products = min(replayed(shapes), own_seconds(stats, local_fits.robust_fit))
    return {
        "network": name,
        "dimension": dimension,
        "samples": samples,
        "seed": seed,
        "verdict": report.status,
        "reason": report.detail.get("reason"),
        "sine": float(squared_sines(learner.relevant_subspace_, true_subspace(net)).max(initial=0.0) ** 0.5),
        "pieces": len(learner.pieces_),
        "seconds": {"draw": drawing, "fit": fitting, "verify": verifying},
        "stages": stages | {"rest of the fit": fitting - sum(stages.values())},
        "rank-n updates": sums / fitting,
        "local products": products / fitting,
        "factorisations": factorisation_seconds(stats) / fitting,
        "peak_gib": peak_memory() / GIB,
    }


def describe(row: Row) -> str:
    """One recovery in a few lines."""
    seconds, ratio = row["seconds"], row["samples"] // row["dimension"]
    lines = [
        f"{row['network']}, d = {row['dimension']}, N = {ratio} d, seed {row['seed']}: {row['verdict']}, "
        f"{row['pieces']} pieces, sine to V {row['sine']:.1e}; peak memory {row['peak_gib']:.2f} GiB",
        f"  draw {seconds['draw']:.1f} s, fit {seconds['fit']:.1f} s, verify {seconds['verify']:.1f} s",
        *(f"  {stage:32} {spent:7.1f} s {spent / seconds['fit']:5.0%}" for stage, spent in row["stages"].items()),
        f"  matrix multiplication {row['rank-n updates'] + row['local products']:.0%} of the fit: rank-n updates "
        f"{row['rank-n updates']:.0%}, products of the local solves {row['local products']:.0%}; "
        f"dense factorisations {row['factorisations']:.0%} more",
    ]
    return "\n".join(lines)


def block_run(dimension: int, ratio: int, seed: int) -> Row:
    """One pass of the block method on h6, every batch drawn when it is used and then let go."""
    peak_memory(afresh=True)
    net = NETWORKS["h6"](dimension, seed)
    oracle = ln.GaussianOracle(net, seed=np.random.default_rng([seed, 1]))  # a stream apart from that of the block
    start = time.perf_counter()
    pca = ln.FilteredPCA(max_passes=1, method="block", random_state=seed)
    pca.fit_batches(oracle.batch_factory(ratio * dimension, BATCH // 5))
    seconds, peak = time.perf_counter() - start, peak_memory()
    assert peak <= MOST_MEMORY, f"peak memory {peak / GIB:.1f} GiB"
    squares = principal_sines(pca.components_, true_subspace(net)) ** 2
    return {
        "network": "h6",
        "dimension": dimension,
        "samples_per_sweep": ratio * dimension,
        "sweeps": pca.sweeps,
        "components": pca.n_components_,
        "squared_sines": squares.tolist(),
        "seconds": seconds,
        "peak_gib": peak / GIB,
        "record": str(pca.passes_[0]),
    }


def describe_block(row: Row) -> str:
    """One pass of the block method in a line or two."""
    sines = ", ".join(f"{value:.3f}" for value in row["squared_sines"])
    work = f"{row['sweeps']} sweeps of {row['samples_per_sweep'] // row['dimension']} d samples"
    head = (
        f"{row['network']}, d = {row['dimension']}, block method, {work}: {row['components']} directions, sin² {sines}"
    )
    return f"{head}; {row['seconds']:.1f} s with drawing, peak memory {row['peak_gib']:.2f} GiB\n  {row['record']}"


def main() -> None:
    """Run what is asked for; a recovery that is not proved ends with an error."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS), metavar="NAME")
    parser.add_argument("--dimension", type=int, help="d (default 1000, with --block 4000)")
    parser.add_argument("--ratio", type=int, help="N/d, with --block of one sweep (default 200, with --block 60)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--block", action="store_true", help="one pass of the block method instead of recovery")
    parser.add_argument("--json", type=Path, help="file of JSON lines that figures are appended to")
    options = parser.parse_args()
    rows: list[Row] = []
    if options.block:
        rows.append(block_run(options.dimension or 4000, options.ratio or 60, options.seed))
        print(describe_block(rows[-1]), flush=True)
    for name in () if options.block else options.networks:
        rows.append(recover(name, options.dimension or 1000, options.ratio or 200, options.seed))
        print(describe(rows[-1]), flush=True)
    if options.json is not None:
        with options.json.open("a") as target:
            target.writelines(json.dumps(row) + "\n" for row in rows)
    unproved = [row["network"] for row in rows if row.get("verdict", "proved") != "proved"]
    if unproved:
        sys.exit(f"not proved: {', '.join(unproved)}")


if __name__ == "__main__":
    main()
