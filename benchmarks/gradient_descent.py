"""Filtered PCA beside Adam and beside classical dimension reduction, on the same samples at d = 50.

For h6 and alternating K = 4, 6, 8: filtered PCA with exact recovery from 20 000 samples takes T seconds; Adam gets the
same 20 000 samples for training, 5 000 more to choose the best epoch of the best configuration (which favours Adam),
and at least ten times T, never less than `--seconds`, for a sweep of learning rates, widths and depths. A loss is the
squared error on those 5 000 labels relative to their variance; 1.0 is the best constant, and "at chance" is above 0.95
for every configuration. What this shows is Adam under this sweep and this budget, not what gradient descent can do.

The second table shows least squares (OLS), sliced inverse regression (SIR), sliced average variance (SAVE), principal
Hessian directions (pHd) and one pass of filtered PCA: sin² of the largest angle to V, all given the true k except
filtered PCA, which has to find it. Cases in which a classical method wins are among them.

    python benchmarks/gradient_descent.py --json figures.json        # needs the extras torch and baselines
    python benchmarks/gradient_descent.py --no-adam                  # second table only
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import learning as ln
import tropical as tp
from learning import baselines
from learning.scaling.subjects import squared_sines
from learning.subspace import principal_sines

Row = dict[str, Any]
Maker = Callable[[], tp.ReLUNetwork]

DIM = 50
TRAINING, HELD_OUT = 20_000, 5_000
SWEEP = {"learning_rates": (1e-2, 3e-3, 1e-3, 3e-4), "widths": (64, 256), "depths": (1, 2, 3)}
EXACT = 1e-9


def bent_line(seed: int) -> tp.ReLUNetwork:
    """3 relu(z) - 2 relu(-z): one direction, with a large linear part."""
    return ln.instances.hide([[[1], [-1]], [[3, -2]]], DIM, seed)


AGAINST_ADAM: dict[str, Callable[[int], tp.ReLUNetwork]] = {
    "alternating K=4": lambda seed: ln.instances.alternating(4, DIM, seed),
    "alternating K=6": lambda seed: ln.instances.alternating(6, DIM, seed),
    "alternating K=8": lambda seed: ln.instances.alternating(8, DIM, seed),
    "h6": lambda seed: ln.instances.h6(DIM, seed),
}
AGAINST_REDUCTION: dict[str, tuple[Callable[[int], tp.ReLUNetwork], int]] = {
    "3 relu(z) - 2 relu(-z)": (bent_line, 1_000),
    "negative outputs": (lambda seed: ln.instances.negative_outputs(DIM, seed), 5_000),
    "parity k=2": (lambda seed: ln.instances.parity(2, DIM, seed), 5_000),
    "alternating K=4": (AGAINST_ADAM["alternating K=4"], TRAINING),
    "alternating K=8": (AGAINST_ADAM["alternating K=8"], TRAINING),
    "h6": (AGAINST_ADAM["h6"], TRAINING),
    "parity k=3": (lambda seed: ln.instances.parity(3, DIM, seed), TRAINING),
    "h4": (lambda seed: ln.instances.h4(DIM, seed), 50_000),
    "sequential": (lambda seed: ln.instances.sequential(DIM, seed), 150_000),
}
"""Network by seed and number of samples: few where the low moments tell, for there the methods differ."""


def true_subspace(net: tp.ReLUNetwork) -> np.ndarray:
    """Orthonormal rows spanning the relevant subspace, its basis computed over Q."""
    rows = np.array(tp.relevant_subspace(tp.polyhedral_complex(net)), dtype=float)
    return np.linalg.qr(rows.T)[0].T


def recovery(net: tp.ReLUNetwork, X: np.ndarray, y: np.ndarray, seed: int) -> Row:
    """Filtered PCA and exact recovery: wall time, verdict, sine to V, and the same loss as Adam's on later samples."""
    start = time.perf_counter()
    learner = ln.LatticePolynomialRegressor(random_state=seed).fit(X[HELD_OUT:], y[HELD_OUT:])
    seconds = time.perf_counter() - start
    report = ln.verify_recovery(net, learner, budget=tp.Budget(seconds=60))
    held_out = learner.predict(X[:HELD_OUT]) - y[:HELD_OUT]
    return {
        "seconds": seconds,
        "verdict": report.status,
        "reason": report.detail.get("reason"),
        "sine": float(squared_sines(learner.relevant_subspace_, true_subspace(net)).max(initial=0.0) ** 0.5),
        "loss": float(np.mean(held_out**2) / np.var(y[:HELD_OUT])),
    }


def against_adam(name: str, seed: int, least_seconds: float) -> Row:
    """One network, learned by both; progress on stderr."""
    net = AGAINST_ADAM[name](seed)
    X, y = ln.GaussianOracle(net, seed=seed).sample(TRAINING + HELD_OUT)
    ours = recovery(net, X, y, seed)
    print(f"{name}: {ours}", file=sys.stderr, flush=True)

    def progress(trial: baselines.AdamTrial) -> None:
        print(f"  {trial}", file=sys.stderr, flush=True)

    budget = max(least_seconds, 10.0 * ours["seconds"])
    sweep = baselines.adam(X, y, seconds=budget, seed=seed, progress=progress, **SWEEP)
    assert sweep.n_samples // 5 == HELD_OUT, "Adam must hold out what filtered PCA does not see"
    return {
        "network": name,
        "seed": seed,
        "recovery": ours,
        "adam": {
            "budget": budget,
            "seconds": sweep.seconds,
            "at_chance": sweep.at_chance,
            "best": asdict(sweep.best),
            "trials": [asdict(trial) for trial in sweep.trials],
        },
    }


def adam_tables(rows: list[Row]) -> str:
    """Markdown: one line a network, then the loss of every trial of every sweep."""
    lines = [
        "| network | filtered PCA + recovery | sine to V | its loss | its seconds | Adam, best loss "
        "| rate, width, depth | at chance | Adam seconds | ratio |",
        "|" + "---|" * 10,
    ]
    for row in rows:
        ours, theirs = row["recovery"], row["adam"]
        best = theirs["best"]
        cells = [row["network"], ours["verdict"], f"{ours['sine']:.1e}", f"{ours['loss']:.1e}"]
        cells += [f"{ours['seconds']:.2f}", f"{best['loss']:.3g}"]
        cells += [f"{best['learning_rate']:g}, {best['width']}, {best['depth']}", str(theirs["at_chance"])]
        cells += [f"{theirs['seconds']:.0f}", f"{theirs['seconds'] / ours['seconds']:.0f}"]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "Every trial: best loss over its epochs (epochs).", ""]
    lines += ["| rate | width | depth | " + " | ".join(row["network"] for row in rows) + " |"]
    lines.append("|" + "---|" * (3 + len(rows)))
    for trials in zip(*(row["adam"]["trials"] for row in rows), strict=True):
        first = trials[0]
        cells = [f"{first['learning_rate']:g}", str(first["width"]), str(first["depth"])]
        cells += [f"{trial['loss']:.3g} ({trial['epochs']})" for trial in trials]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def against_reduction(name: str, seed: int) -> Row:
    """sin² of the largest angle between V and the subspace of every method, all of V asked for."""
    make, samples = AGAINST_REDUCTION[name]
    net = make(seed)
    truth = true_subspace(net)
    X, y = ln.GaussianOracle(net, seed=seed).sample(samples)
    frames = {"ols": baselines.least_squares(X, y)}
    frames |= {method: baselines.reduced_subspace(method, X, y, len(truth)) for method in baselines.REDUCTIONS}
    frames["filtered PCA, one pass"] = ln.FilteredPCA(max_passes=1, random_state=seed).fit(X, y).components_
    learner = ln.LatticePolynomialRegressor(random_state=seed).fit(X, y)
    angles = {method: sine_squared(frame, truth) for method, frame in frames.items()}
    exact = float(squared_sines(learner.relevant_subspace_, truth).max(initial=0.0) ** 0.5)
    return {"network": name, "seed": seed, "samples": samples, "k": len(truth), "angles": angles, "recovery": exact}


def sine_squared(frame: np.ndarray, truth: np.ndarray) -> tuple[float, int]:
    """sin² of the largest angle of the directions found to V, and their number."""
    return float(principal_sines(frame, truth).max(initial=0.0) ** 2), len(frame)


def reduction_table(rows: list[Row]) -> str:
    """Markdown: one line a network; the best of those that found all k directions in bold."""
    methods = list(rows[0]["angles"])
    lines = ["| network | k | N | " + " | ".join(methods) + " | after exact recovery |"]
    lines.append("|" + "---|" * (4 + len(methods)))
    for row in rows:
        complete = [angle for angle, found in row["angles"].values() if found == row["k"]]
        cells = [row["network"], str(row["k"]), str(row["samples"])]
        for angle, found in row["angles"].values():
            text = f"{angle:.2g}" if found else "none"
            text += f" ({found} of {row['k']})" if 0 < found != row["k"] else ""
            best = found == row["k"] and angle == min(complete) and angle < 0.5
            cells.append(f"**{text}**" if best else text)
        cells.append(f"sine {row['recovery']:.0e}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Print both tables; with `--json` write all figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=240.0, help="least budget of one sweep of Adam")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-adam", action="store_true", help="only the table of dimension reduction")
    parser.add_argument("--networks", nargs="+", choices=AGAINST_ADAM, default=list(AGAINST_ADAM), metavar="NAME")
    parser.add_argument("--json", type=Path, help="file for all figures")
    options = parser.parse_args()
    reduction = [against_reduction(name, options.seed) for name in AGAINST_REDUCTION]
    print(
        f"sin² of the largest angle to V, d = {DIM}, seed {options.seed}\n\n{reduction_table(reduction)}\n", flush=True
    )
    adam = []
    if not options.no_adam:
        adam = [against_adam(name, options.seed, options.seconds) for name in options.networks]
        print(f"{TRAINING} samples, {HELD_OUT} held out, d = {DIM}, seed {options.seed}\n\n{adam_tables(adam)}")
    if options.json is not None:
        figures = {"dimension": DIM, "training": TRAINING, "held_out": HELD_OUT, "sweep": SWEEP}
        options.json.write_text(json.dumps(figures | {"adam": adam, "reduction": reduction}, indent=1) + "\n")


if __name__ == "__main__":
    main()
