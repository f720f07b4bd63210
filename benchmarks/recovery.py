"""Recovery at d = 100, run by run: what was learned, what was proved, in how much time.

`--named` runs the named instances (20 seeds each), `--random` random networks of two and three relevant dimensions
(40 seeds each, N = 1000 d), `--reflected` the same networks hidden by three Householder reflections (10 seeds each).
`--modes queries` lets the learner ask for labels where the samples leave something open; it runs only for the seeds
that samples alone did not bring to `proved`, for queries only add. Every finished run is one line of the file given by
`--json`, a ledger like that of `relu-learn scaling`; runs found there are not repeated, so that an interrupted study
goes on where it stopped. `--summary` prints the file as Markdown tables; counts carry Clopper-Pearson 95 % intervals.

    python benchmarks/recovery.py --named --random --reflected --modes samples queries --workers 2 --json runs.jsonl
    python benchmarks/recovery.py --summary --json runs.jsonl

A run is `wrong` if a claim made in it is false: `proved` although the pieces or the values differ from the network's, a
witness of `refuted` that does not separate, or an exact function that misses the labels it was learned from.
"""

import argparse
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest

import learning as ln
import tropical as tp
from learning.scaling.execution import finished_runs
from learning.scaling.ledger import Ledger
from learning.scaling.part import Parameters, Row, Run
from learning.scaling.subjects import squared_sines

DIM = 100
EXACT = 1e-9  # sine to V up to which a subspace counts as found
VERIFY_SECONDS = 60
SEEDS = {"named": 20, "random": 40, "reflected": 10}
WIDTHS = ((4,), (6, 6), (5, 5, 5), (4, 4, 4, 4))

NAMED: dict[str, tuple[Callable[[int, int], tp.ReLUNetwork], int]] = {
    "h4": (ln.instances.h4, 150_000),
    "h6": (ln.instances.h6, 40_000),
    "parity k=2": (lambda dim, seed: ln.instances.parity(2, dim, seed), 20_000),
    "parity k=3": (lambda dim, seed: ln.instances.parity(3, dim, seed), 50_000),
    "parity k=4": (lambda dim, seed: ln.instances.parity(4, dim, seed), 100_000),
    "sequential": (ln.instances.sequential, 300_000),
    "ill-conditioned (opposite)": (lambda dim, seed: ln.instances.ill_conditioned(dim, seed, "1/2000"), 40_000),
    "ill-conditioned (parallel)": (ln.instances.nearly_parallel, 120_000),
    "cancelling": (ln.instances.cancelling, 40_000),
    "negative outputs": (ln.instances.negative_outputs, 40_000),
    "alternating K=6": (lambda dim, seed: ln.instances.alternating(6, dim, seed), 40_000),
}
"""Name, network by dimension and seed, number of samples. Rows of both ill-conditioned families, up to sign, are at an
angle of 1e-3."""

STUDY = {"study": f"recovery at d = {DIM}", "format": 1}


def task(family: str, seed: int, mode: str, samples: int) -> Run:
    """One run, by everything that determines it."""
    return Run("recovery", {"family": family, "seed": seed, "mode": mode, "samples": samples})


def network(family: str, seed: int) -> tp.ReLUNetwork:
    """The network of a run: a named one, or "random k=2 (6, 6)", or the same with "reflected"."""
    if family in NAMED:
        return NAMED[family][0](DIM, seed)
    kind, relevant, widths = family.split(" ", 2)
    hidden = tuple(int(width) for width in widths.strip("()").split(",") if width)
    reflections = {"random": 1, "reflected": 3}[kind]
    return ln.instances.random_network(int(relevant[2:]), hidden, DIM, seed, reflections=reflections)


def families(kind: str) -> list[tuple[str, int]]:
    """Name and number of samples of every family of a kind: named, random or reflected."""
    if kind == "named":
        return [(name, samples) for name, (_, samples) in NAMED.items()]
    return [(f"{kind} k={k} {widths}", 1000 * DIM) for k in (2, 3) for widths in WIDTHS]


def true_subspace(cells: tp.PolyhedralComplex) -> np.ndarray:
    """Orthonormal rows spanning the relevant subspace, its basis computed over Q."""
    rows = np.array(tp.relevant_subspace(cells), dtype=float)
    return np.linalg.qr(rows.T)[0].T


def coefficients(pieces: Iterable[tp.AffineForm]) -> np.ndarray:
    """Gradients and constants of affine forms as float rows."""
    return np.array([[*piece.gradient, piece.constant] for piece in pieces], dtype=float)


def piece_error(truth: np.ndarray, learned: np.ndarray) -> float | None:
    """Largest distance of a true piece to the nearest learned one, relative to the largest true piece."""
    if not len(learned):
        return None
    distances = [np.linalg.norm(learned - piece, axis=1).min() for piece in truth]
    return float(max(distances) / np.linalg.norm(truth, axis=1).max())


def false_claim(
    net: tp.ReLUNetwork, learner: Any, report: ln.RecoveryReport, truth: set[tp.AffineForm], sample: Any
) -> str | None:
    """What was claimed and is not so, or None."""
    polynomial = learner.lattice_polynomial_
    if polynomial is None:
        return None if report.status == "unknown" else f"{report.status} without an exact function"
    if report.status == "proved" and set(polynomial.pieces) != truth:
        return "proved although the pieces differ"
    points = np.random.default_rng(0).integers(-9, 10, size=(10, DIM)).tolist()
    if report.status == "proved" and any((polynomial(x),) != net(x) for x in points):
        return "proved although the values differ"
    if report.status == "refuted" and (polynomial(report.witness),) == net(report.witness):
        return "refuted by a witness that does not separate"
    X, y = (part[:20_000] for part in sample)
    allowed = 1e-9 * (np.abs(y) + np.sqrt(np.mean(y**2)))
    return None if (np.abs(learner.predict(X) - y) <= allowed).all() else "an exact function that misses the labels"


def learn(given: Parameters, net: tp.ReLUNetwork) -> tuple[Any, Any, float]:
    """Draw and fit; return the sample, the learner and the seconds that both took."""
    start = time.perf_counter()
    oracle = ln.GaussianOracle(net, seed=given["seed"])
    X, y = oracle.sample(given["samples"])
    if given["mode"] == "queries":
        learner = ln.LatticePolynomialRegressor(queries="allowed", random_state=given["seed"]).fit(X, y, oracle=oracle)
    else:
        learner = ln.LatticePolynomialRegressor(random_state=given["seed"]).fit(X, y)
    return (X, y), learner, time.perf_counter() - start


def recover(given: Parameters) -> Row:
    """Learn one network, verify what was learned, and compare both with the truth."""
    net = network(given["family"], given["seed"])
    sample, learner, fitting = learn(given, net)
    start = time.perf_counter()
    report = ln.verify_recovery(net, learner, budget=tp.Budget(seconds=VERIFY_SECONDS), samples=1000)
    verifying = time.perf_counter() - start
    cells = tp.polyhedral_complex(net)
    truth, subspace = tp.affine_pieces(cells), true_subspace(cells)
    wrong = false_claim(net, learner, report, set(truth), sample)
    return {
        "status": learner.status_,
        "rational": bool(learner.rational_),
        "exact_function": learner.lattice_polynomial_ is not None,
        "verdict": report.status,
        "reason": report.detail.get("reason"),
        "sine": float(squared_sines(learner.relevant_subspace_, subspace).max(initial=0.0) ** 0.5),
        "k_true": len(subspace),
        "k_learned": len(learner.relevant_subspace_),
        "pieces_true": len(truth),
        "pieces_learned": len(learner.pieces_),
        "piece_error": piece_error(coefficients(truth), learner.pieces_),
        "missing": {mass.kind: [mass.share, *mass.interval] for mass in learner.missing_},
        "n_queries": learner.n_queries_,
        "settled": learner.settled_,
        "seconds_fit": round(fitting, 2),
        "seconds_verify": round(verifying, 2),
        "wrong": wrong is not None,
        "wrong_claim": wrong,
    }


def carried_out(given: Parameters, _: int) -> Row:
    """The row of one run, which has a seed of its own; a crash is a row too, with the last line of its traceback."""
    start = time.perf_counter()
    try:
        return recover(given)
    except Exception:
        line = traceback.format_exc().strip().splitlines()[-1]
        return {"verdict": "crashed", "reason": line, "seconds_fit": round(time.perf_counter() - start, 2)}


def study(tasks: list[Run], ledger: Ledger, workers: int) -> None:
    """Carry out the runs that the ledger does not have; every one is kept as it ends."""
    missing = [run for run in tasks if run.key not in ledger.rows]
    with closing(finished_runs(missing, {"recovery": carried_out}, seed=0, jobs=workers)) as ended:
        for done, (run, row, seconds) in enumerate(ended, 1):
            ledger.append(run, row, seconds)
            print(f"[{done}/{len(missing)}] {one_line(ledger.rows[run.key])}", file=sys.stderr, flush=True)


def one_line(row: Row) -> str:
    """One run for the eyes of who waits for it."""
    text = f"{row['family']}, seed {row['seed']}, {row['mode']}, N = {row['samples']}: {row['verdict']}"
    if row["verdict"] != "crashed":
        pieces = f"{row['pieces_learned']} of {row['pieces_true']} pieces"
        error = "none" if row["piece_error"] is None else f"{row['piece_error']:.1e}"
        text += f", {row['status']}, sine {row['sine']:.1e}, {pieces}, piece error {error}, {row['n_queries']} queries"
        text += f", fit {row['seconds_fit']:.0f} s, verify {row['seconds_verify']:.0f} s"
    text += f" ({row['reason']})" if row.get("reason") else ""
    return text + (f" WRONG: {row['wrong_claim']}" if row.get("wrong") else "")


def fraction(successes: int, runs: int) -> str:
    """a/b with the Clopper-Pearson 95 % interval."""
    lower, upper = binomtest(successes, runs).proportion_ci(0.95, "exact")
    return f"{successes}/{runs} ({lower:.2f}–{upper:.2f})"


def family_line(family: str, rows: list[Row]) -> list[str]:
    """The cells of one family's line: samples alone, then what queries added."""
    alone = {row["seed"]: row for row in rows if row["mode"] == "samples"}
    asked = {row["seed"]: row for row in rows if row["mode"] == "queries"}
    runs = list(alone.values())
    seconds = [row["seconds_fit"] + row.get("seconds_verify", 0.0) for row in runs]
    proved = {seed for seed, row in alone.items() if row["verdict"] == "proved"}
    helped = {seed for seed, row in asked.items() if row["verdict"] == "proved"} - proved
    complete = asked and set(alone) <= proved | set(asked)
    labels = [row["n_queries"] for row in asked.values() if row.get("n_queries")]
    errors = [row["piece_error"] for row in runs if row.get("piece_error") is not None]
    return [
        family,
        " ".join(sorted({f"{row['samples']}" for row in runs})),
        fraction(len(proved), len(runs)),
        fraction(len(proved | helped), len(runs)) if complete else "–",
        f"{np.median(labels):.0f}" if labels else "–",
        fraction(sum(row.get("sine", 1.0) <= EXACT for row in runs), len(runs)),
        fraction(sum(row.get("exact_function", False) for row in runs), len(runs)),
        f"{max(errors):.1e}" if errors else "–",
        f"{np.median(seconds):.1f}",
        f"{max(seconds):.1f}",
        str(sum(row.get("wrong", False) for row in (*runs, *asked.values()))),
        str(sum(row["verdict"] == "crashed" for row in (*runs, *asked.values()))),
    ]


HEADINGS = (
    *("family", "N", "proved", "proved with queries", "queries, median", "V to 1e-9", "exact function"),
    *("piece error, worst", "median s", "worst s", "wrong", "crashed"),
)
REASON = ("family", "mode", "verdict", "status", "reason")


def summary(rows: list[Row]) -> str:
    """Markdown: one line a family (and sample size), then the verdicts other than proved with their reasons."""
    lines = ["| " + " | ".join(HEADINGS) + " |", "|" + "---|" * len(HEADINGS)]
    groups: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["family"], row["samples"]), []).append(row)
    for (family, _), group in groups.items():
        if any(row["mode"] == "samples" for row in group):
            lines.append("| " + " | ".join(family_line(family, group)) + " |")
    lines += ["", "| family | mode | verdict | learner | reason | runs |", "|---|---|---|---|---|---|"]
    others = [row for row in rows if row["verdict"] != "proved"]
    reasons = Counter(tuple(str(row.get(name)) for name in REASON) for row in others)
    lines += ["| " + " | ".join((*where, str(count))) + " |" for where, count in reasons.items()]
    return "\n".join(lines)


def chosen_tasks(options: argparse.Namespace) -> list[Run]:
    """The runs in mode "samples" that the options ask for."""
    tasks = []
    for kind in ("named", "random", "reflected"):
        if getattr(options, kind):
            for family, samples in families(kind):
                if not options.family or any(text in family for text in options.family):
                    seeds = range(options.seeds or SEEDS[kind])
                    tasks += [task(family, seed, "samples", options.samples or samples) for seed in seeds]
    return tasks


def unproved(tasks: list[Run], rows: dict[str, Row]) -> list[Run]:
    """The same runs with queries where samples did not prove; reflected and named networks are run without."""
    random = [run for run in tasks if run.parameters["family"].startswith("random")]
    left = [run for run in random if rows[run.key]["verdict"] != "proved"]
    return [Run(run.letter, {**run.parameters, "mode": "queries"}) for run in left]


def main(arguments: list[str] | None = None) -> None:
    """Run what is asked for and missing, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for kind in SEEDS:
        parser.add_argument(f"--{kind}", action="store_true", help=f"the {kind} networks, {SEEDS[kind]} seeds a family")
    parser.add_argument("--family", nargs="+", default=[], help="only families whose name contains one of these")
    parser.add_argument("--modes", nargs="+", choices=("samples", "queries"), default=["samples"])
    parser.add_argument("--seeds", type=int, help="seeds per family instead of the usual number")
    parser.add_argument("--samples", type=int, help="samples a run instead of the family's")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--json", type=Path, required=True, help="file of the runs; what stands there is not rerun")
    parser.add_argument("--summary", action="store_true", help="only print the tables of the file")
    options = parser.parse_args(arguments)
    ledger = Ledger.open(options.json, STUDY)
    if ledger.note:
        print(ledger.note, file=sys.stderr)
    if not options.summary:
        tasks = chosen_tasks(options)
        study(tasks, ledger, options.workers)
        if "queries" in options.modes:
            study(unproved(tasks, ledger.rows), ledger, options.workers)
    rows = list(ledger.rows.values())
    print(summary(rows))
    if any(row.get("wrong") for row in rows):
        sys.exit("a claim was wrong, see above")


if __name__ == "__main__":
    main()
