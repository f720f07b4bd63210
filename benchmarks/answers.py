"""What a person asks of a complex, as multiples of its enumeration; each answer on a fresh complex.

`python benchmarks/answers.py` prints the table of W2, W3, W4, W8 and two planar networks of about 10^5 cells, one of
five hidden layers and one of 600 lines: medians of CPU time, over that of the enumeration by the compiled route, and
the share of it spent in rational arithmetic. Where the network is small enough (`--check CELLS`) every answer is
asserted to be what the exact cones and rational forms of the cells make it. `--before DIR` takes the enumeration of
another checkout of this repository, in a process of its own, as the unit of a second column.
"""

import argparse
import cProfile
import itertools
import json
import pstats
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import yardsticks

import tropical as tp

PLANAR = {"plane": (2, *(128,) * 5, 1), "lines": (2, 600, 1)}
NETWORKS = ("W2", "W4", "W3", "W8", *PLANAR)
EXACT = ("fractions.py", "tropical/arithmetic/", "tropical/functions/layer.py", "tropical/functions/affine.py")
Answer = Callable[[tp.PolyhedralComplex], Any]


def network(name: str) -> tp.ReLUNetwork:
    """A yardstick, or a planar network of about 10^5 cells."""
    if name not in PLANAR:
        return tp.ReLUNetwork.from_arrays(*yardsticks.network(name))
    rng = np.random.default_rng(0)
    sizes = PLANAR[name]
    weights = [rng.standard_normal((b, a)) * np.sqrt(2 / a) for a, b in itertools.pairwise(sizes)]
    return tp.ReLUNetwork.from_arrays(weights, [rng.normal(0, 0.5, b) for b in sizes[1:]])


def box(net: tp.ReLUNetwork) -> tp.Box:
    """The cube [-1, 1]^n."""
    return tp.Box([-1] * net.input_dim, [1] * net.input_dim)


def picture(cx: tp.PolyhedralComplex) -> float:
    """What `plot_regions` computes, in CPU seconds, without matplotlib's own drawing."""
    import matplotlib.pyplot as plt
    from matplotlib import collections

    drawing = "PolyCollection", "LineCollection"
    ax, kept = plt.figure().add_subplot(), [getattr(collections, name) for name in drawing]
    try:
        for name in drawing:
            setattr(collections, name, mock.MagicMock())
        ax.add_collection = lambda collection, autolim: collection
        return spent(lambda: tp.plot_regions(cx, ax=ax))[0]
    finally:
        for name, collection in zip(drawing, kept, strict=True):
            setattr(collections, name, collection)
        plt.close(ax.figure)


ANSWERS: dict[str, Answer] = {
    "affine_pieces": tp.affine_pieces,
    "linear_regions": tp.linear_regions,
    "maximum": lambda cx: tp.maximum(cx.network, cx.domain),
    "minimum": lambda cx: tp.minimum(cx.network, cx.domain),
    "lipschitz": tp.lipschitz_constant,
    "f_vector": lambda cx: cx.f_vector,
    "decision_boundary": tp.decision_boundary,
    "plot_regions": picture,
}


def enumerated(net: tp.ReLUNetwork) -> tp.PolyhedralComplex:
    """The complex by the compiled route."""
    return tp.polyhedral_complex(net, box(net), route="compiled")


def spent(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds, and what came out."""
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def share_over_q(work: Callable[[], Any]) -> float:
    """The share of a profile that is spent in rational arithmetic."""
    profile = cProfile.Profile()
    profile.runcall(work)
    own = dict.fromkeys(("", *EXACT), 0.0)
    for (file, _, _), (_, _, seconds, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        own[next((part for part in EXACT if part in file), "")] += seconds
    return sum(own[part] for part in EXACT) / sum(own.values())


def before(directory: str, name: str, rounds: int) -> float:
    """Median CPU seconds of the enumeration in another checkout."""
    program = (
        "import sys, statistics, json; sys.path[:0] = sys.argv[4], sys.argv[1]\n"
        "from answers import network, enumerated, spent\n"
        "net = network(sys.argv[2]); enumerated(net)\n"
        "print(json.dumps([spent(lambda: enumerated(net))[0] for _ in range(int(sys.argv[3]))]))"
    )
    arguments = [sys.executable, "-c", program, str(Path(__file__).parent), name, str(rounds), directory]
    result = subprocess.run(arguments, capture_output=True, text=True, check=True)
    return statistics.median(json.loads(result.stdout))


def table(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Run and print the table."""
    from exact_answers import ExactAnswers  # here, since `--before` reads this file beside an earlier package
    from regions import print_table

    rows = []
    for name in options.networks:
        net = network(name)
        cells = enumerated(net).num_cells
        unit = statistics.median(spent(lambda: enumerated(net))[0] for _ in range(options.repeat))  # noqa: B023
        earlier = before(options.before, name, options.repeat) if options.before else None
        exact = ExactAnswers(net, box(net)) if cells <= options.check else None
        for question in options.answers:
            if question == "plot_regions" and net.input_dim != 2:
                continue
            times, found, cx = [], None, enumerated(net)
            for _ in range(options.repeat):
                cx = enumerated(net)
                seconds, found = spent(lambda: ANSWERS[question](cx))  # noqa: B023
                times.append(found if question == "plot_regions" else seconds)
            if exact is not None:
                exact.check(cx, question, found)
            took = statistics.median(times)
            row = {"network": name, "cells": cells, "answer": question, "ms": 1000 * took, "enumerations": took / unit}
            row["enumerations before"] = took / earlier if earlier else None
            cx = enumerated(net)
            row["over Q"] = share_over_q(lambda: ANSWERS[question](cx))  # noqa: B023
            row["checked"] = exact is not None and question != "plot_regions"
            rows.append(row)
            print(f"{name} {question}: {1000 * took:.1f} ms", file=sys.stderr)
    print_table(list(rows[0]), [[entry(value) for value in row.values()] for row in rows])
    return rows


def entry(value: Any) -> str:
    """One entry of the table."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "–" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=NETWORKS, metavar="W", help="default: all")
    parser.add_argument(
        "--answers", nargs="+", choices=ANSWERS, default=list(ANSWERS), metavar="A", help="default: all"
    )
    parser.add_argument("--repeat", type=int, default=5, help="rounds; medians are shown (default 5)")
    parser.add_argument("--check", type=int, default=3000, help="cells up to which answers are checked (default 3000)")
    parser.add_argument("--before", metavar="DIR", help="another checkout, whose enumeration is the unit as well")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write every figure to FILE")
    options = parser.parse_args()
    rows = table(options)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
