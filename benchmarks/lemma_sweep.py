"""Every lemma, and every false neighbour, on many random networks: counts, and how near each bound came to failing.

200 networks by default: 160 that depend on two directions, 40 on three. Every finished network is one line of the file
given by `--json`; networks found there are not repeated, so that an interrupted sweep goes on where it stopped.
`--summary` prints the tables.

    python benchmarks/lemma_sweep.py --workers 2 --json sweep.jsonl
    python benchmarks/lemma_sweep.py --summary --json sweep.jsonl
"""

import argparse
import json
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any

from learning.lemmas import Sweep, sweep
from learning.lemmas.sweeps import Found

SEEDS = {"random, k = 2": 160, "random, k = 3": 40}
SAMPLES = 40_000  # a fifth of the defaults' time for the statistical parts


def one_network(family: str, seed: int) -> dict[str, Any]:
    """All checks on one network, as a line of the file; the shipped instances go with the first one."""
    start = time.perf_counter()
    result = sweep(family, [seed], neighbours=True, samples=SAMPLES)
    first = (family, seed) == (next(iter(SEEDS)), 0)
    found = [asdict(one) for one in result.found if first or one.family != "shipped"]
    seconds = round(time.perf_counter() - start, 1)
    return {"family": family, "seed": seed, "seconds": seconds, "found": found, "failed": result.failed}


def recorded(path: Path) -> list[dict[str, Any]]:
    """The lines of the file; a last line cut short by an interruption is left out."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def run(path: Path, workers: int) -> None:
    """Check the networks that the file lacks."""
    known = {(line["family"], line["seed"]) for line in recorded(path)}
    tasks = [(f, s) for f, count in SEEDS.items() for s in range(count) if (f, s) not in known]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool, path.open("a", encoding="utf-8") as file:
        running = [pool.submit(one_network, *task) for task in tasks]
        for done, future in enumerate(as_completed(running), start=1):
            line = future.result()
            file.write(json.dumps(line) + "\n")
            file.flush()
            bad = [one["label"] for one in line["found"] if one["neighbour"] is None and one["status"] == "refuted"]
            state = f"REFUTED {bad}" if bad else "no refutation"
            print(f"[{done}/{len(tasks)}] {line['family']}, {line['seed']}: {state}, {line['seconds']} s", flush=True)


def summary(path: Path) -> tuple[str, int]:
    """The tables of everything in the file, and how many true lemmas were refuted."""
    lines = sorted(recorded(path), key=lambda line: (line["family"], line["seed"]))
    found = tuple(Found(**one) for line in lines for one in line["found"])
    result = Sweep(found, tuple(tuple(entry) for line in lines for entry in line["failed"]))
    seconds = sorted(line["seconds"] for line in lines)
    time_text = f"{seconds[len(seconds) // 2]} s in the median, {seconds[-1]} s at most" if seconds else "none"
    refuted = len(result.refuted)
    heading = f"{len(lines)} networks, {refuted} refutations of true lemmas; time for one network: {time_text}."
    return f"{heading}\n\n{result.markdown()}", refuted


def main() -> int:
    """Parse arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, required=True, help="file with one line for each network")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--summary", action="store_true", help="print the tables and run nothing")
    arguments = parser.parse_args()
    if not arguments.summary:
        run(arguments.json, arguments.workers)
    text, refuted = summary(arguments.json)
    print(text)
    return 1 if refuted else 0


if __name__ == "__main__":
    sys.exit(main())
