"""Cells per second of region enumeration: this package, the NumPy reference and whichever peers are installed.

`python benchmarks/regions.py` prints the table of W1 to W9, every contender in one run, taking turns, medians of the
repetitions. `--degenerate` compares degenerate networks with generic ones of the same shape; `--workers N` shares the
work out over processes; `--scaling FILE` draws time against cells in the plane. Our counts and the reference's are
asserted; a wrong count of a peer is shown.
"""

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import peers
import reference_subdivision
import scaling
import yardsticks
from threadpoolctl import threadpool_limits

import tropical as tp
from tropical.activation.compiled.engine import enumerate_patterns
from tropical.activation.compiled.tally import Tally
from tropical.budget import Meter
from tropical.polyhedra.chart import Chart

OURS, REFERENCE = "tropical", "NumPy reference"
ENOUGH = 20.0  # seconds after which a contender gets no further turn on a network
PEER_CELLS = 3_000  # cells up to which peers are run
RATIONAL_CELLS = 20_000  # cells up to which degenerate counts are checked by rational cutting

Count = Callable[[yardsticks.Parameters], int]
Row = dict[str, Any]


def say(message: str) -> None:
    """Progress, on stderr."""
    print(message, file=sys.stderr, flush=True)


def build(parameters: yardsticks.Parameters) -> tuple[tp.ReLUNetwork, tp.Box]:
    """The network and the box [-1, 1]^n, made afresh so that nothing is cached in them."""
    net = tp.ReLUNetwork.from_arrays(*parameters)
    return net, tp.Box([-1] * net.input_dim, [1] * net.input_dim)


def time_ours(parameters: yardsticks.Parameters, executor: Executor | None = None) -> tuple[int, float]:
    """Cells, and seconds from network to complex by the compiled route; reading the parameters is not timed."""
    net, box = build(parameters)
    start = time.perf_counter()
    cells = tp.polyhedral_complex(net, box, route="compiled", executor=executor).num_cells
    return cells, time.perf_counter() - start


def timed(count: Callable[..., int]) -> Callable[[yardsticks.Parameters], tuple[int, float]]:
    """A function from parameters to (cells, seconds)."""

    def run(parameters: yardsticks.Parameters) -> tuple[int, float]:
        start = time.perf_counter()
        cells = count(*parameters)
        return cells, time.perf_counter() - start

    return run


def work(parameters: yardsticks.Parameters) -> dict[str, int]:
    """The vertices of one enumeration, and how many of them were decided over Q (from the engine's ``Tally``)."""
    net, box = build(parameters)
    chart = Chart.of(net.gradients(), net.input_dim, box)
    tally = Tally()
    enumerate_patterns(chart.restrict(net), chart.cone, Meter(), tally)
    return {"vertices": tally.vertices, "rational": tally.rational}


def take_turns(
    contenders: dict[str, Callable[[yardsticks.Parameters], tuple[int, float]]],
    parameters: yardsticks.Parameters,
    repeat: int,
) -> dict[str, Row]:
    """Run the contenders in turn, ``repeat`` rounds; per contender its count, median seconds and number of runs.

    A contender that has used ``ENOUGH`` seconds rests; one that fails is reported with its own message.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    results: dict[str, Row] = {name: {} for name in contenders}
    for _ in range(repeat):
        for name, run in contenders.items():
            if "failure" in results[name] or sum(seconds[name]) > ENOUGH:
                continue
            try:
                results[name]["cells"], spent = run(parameters)
            except peers.PeerFailed as failure:
                results[name]["failure"] = str(failure)
                continue
            seconds[name].append(spent)
    for name, result in results.items():
        if seconds[name]:
            result |= {"seconds": statistics.median(seconds[name]), "runs": len(seconds[name])}
    return results


def network_row(name: str, found: list[peers.Peer], options: argparse.Namespace) -> Row:
    """Time every contender on one yardstick network, assert our answer and the reference's, compare the rest."""
    parameters, exact = yardsticks.network(name), yardsticks.CELLS[name]
    dim = parameters[0][0].shape[1]
    contenders = {OURS: time_ours, REFERENCE: timed(reference_subdivision.count_cells)}
    expected = {OURS: exact, REFERENCE: exact}
    for peer in found if exact <= options.peer_cells else []:
        if dim <= peer.max_dim:
            contenders[peer.name] = timed(peer.count)
            on_space = peer.domain == "space"
            expected[peer.name] = tp.polyhedral_complex(build(parameters)[0]).num_cells if on_space else exact
    say(f"{name}: {', '.join(contenders)}")
    done = work(parameters)  # also warms up what is loaded on first use
    results = take_turns(contenders, parameters, options.repeat)
    for who in (OURS, REFERENCE):
        assert results[who]["cells"] == exact, f"{name}: {who} found {results[who]['cells']} cells instead of {exact}"
    for who, result in results.items():
        result["expected"] = expected[who]
    shape = "-".join(map(str, yardsticks.ARCHITECTURES[name]))
    return {"network": name, "shape": shape, "cells": exact, "work": done, "results": results}


def rate(result: Row | None) -> float | None:
    """Cells per second."""
    return result["cells"] / result["seconds"] if result and "seconds" in result else None


def rate_and_ratio(result: Row | None, ours: float) -> tuple[str, str]:
    """Two entries of the table: what a contender reached, and how many times faster we were."""
    if not result:
        return "–", "–"
    speed = rate(result)
    if speed is None:
        return f"failed ({result['failure'][:40]})", "–"
    wrong = result["cells"] != result["expected"]
    note = f" (wrong: {result['cells']} of {result['expected']})" if wrong else ""
    return f"{speed:,.0f}{note}", f"{ours / speed:.1f}"


def vertices(row: Row) -> list[str]:
    """Two entries: vertices for each cell, and those decided over Q."""
    return [f"{row['work']['vertices'] / row['cells']:.2f}", str(row["work"]["rational"])]


def print_table(header: list[str], rows: Iterable[list[str]]) -> None:
    """A Markdown table, columns aligned."""
    table = [header, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(header))]
    for number, row in enumerate(table):
        print("| " + " | ".join(entry.ljust(width) for entry, width in zip(row, widths, strict=True)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def yardstick_table(options: argparse.Namespace) -> list[Row]:
    """Run and print the table of the yardstick networks."""
    found, missing = peers.available() if options.peers else ([], [])
    for peer in found:
        print(f"peer: {peer.count.__doc__}, networks of at most {options.peer_cells} cells")
    for reason in missing:
        print(f"peer: {reason}")
    rows = [network_row(name, found, options) for name in options.networks]
    others = [REFERENCE, *(peer.name for peer in found)]
    header = ["network", "shape", "cells", "seconds", "cells/s"]
    header += [title for other in others for title in (f"{other} cells/s", "ours/it")]
    lines = []
    for row in rows:
        mine = row["results"][OURS]
        line = [row["network"], row["shape"], str(row["cells"]), f"{mine['seconds']:.4f}", f"{rate(mine):,.0f}"]
        for other in others:
            line += rate_and_ratio(row["results"].get(other), rate(mine) or 0.0)
        lines.append([*line, *vertices(row)])
    print()
    print_table([*header, "vertices/cell", "over Q"], lines)
    return rows


def degenerate_row(name: str, kinds: tuple[str, str] | None, repeat: int) -> Row:
    """Time one degenerate sibling, or the generic network itself; the count asserted by rational cutting if small."""
    parameters = yardsticks.sibling(name, *kinds) if kinds else yardsticks.network(name)
    label = f"{kinds[0]}, {kinds[1]} biases" if kinds else "generic"
    say(f"{name} {label}")
    done = work(parameters)
    result = take_turns({OURS: time_ours}, parameters, repeat)[OURS]
    checked = "table"
    if kinds is None:
        assert result["cells"] == yardsticks.CELLS[name], f"{name}: {result['cells']} cells"
    elif result["cells"] <= RATIONAL_CELLS:
        exact = tp.polyhedral_complex(*build(parameters), route="rational").num_cells
        assert result["cells"] == exact, f"{name} {label}: {result['cells']} cells, by rational cutting {exact}"
        checked = "rational"
    else:
        checked = "–"
    return {"network": name, "kind": label, "work": done, "checked": checked, **result}


def degenerate_table(options: argparse.Namespace) -> list[Row]:
    """Run and print the degenerate siblings against the generic network of the same shape."""
    kinds = [(weights, biases) for weights in yardsticks.WEIGHTS for biases in yardsticks.BIASES]
    rows, lines = [], []
    for name in [name for name in yardsticks.WITH_SIBLINGS if name in options.networks]:
        generic = degenerate_row(name, None, options.repeat)
        cone = degenerate_row(name, ("generic", "zero"), options.repeat)
        for row in [generic, cone, *(degenerate_row(name, kind, options.repeat) for kind in kinds)]:
            row["share_of_generic"] = (rate(row) or 0.0) / (rate(generic) or 1.0)
            row["share_of_zero_biases"] = (rate(row) or 0.0) / (rate(cone) or 1.0)
            rows.append(row)
            speed = [f"{row['seconds']:.4f}", f"{rate(row):,.0f}", f"{row['share_of_generic']:.2f}"]
            speed.append(f"{row['share_of_zero_biases']:.2f}" if "zero" in row["kind"] else "–")
            lines.append([name, row["kind"], str(row["cells"]), row["checked"], *speed, *vertices(row)])
    print()
    header = ["network", "kind", "cells", "checked by", "seconds", "cells/s", "of generic"]
    print_table([*header, "of generic with zero biases", "vertices/cell", "over Q"], lines)
    return rows


def workers_table(options: argparse.Namespace) -> list[Row]:
    """Time the networks in this process and on 1, 2, ... worker processes, transfer included, taking turns."""
    rows, lines = [], []
    with ExitStack() as stack:
        pools = [
            stack.enter_context(ProcessPoolExecutor(number, mp_context=get_context("spawn")))
            for number in range(1, options.workers + 1)
        ]
        for name in options.networks:
            parameters = yardsticks.network(name)
            contenders = {OURS: time_ours} | {
                f"workers {number}": partial(time_ours, executor=pool) for number, pool in enumerate(pools, 1)
            }
            say(f"{name}: {', '.join(contenders)}")
            take_turns(contenders, parameters, 1)  # the workers load compiled code
            results = take_turns(contenders, parameters, options.repeat)
            for result in results.values():
                assert result["cells"] == yardsticks.CELLS[name], f"{name}: {result['cells']} cells"
            rows.append({"network": name, "results": results})
            alone = results[OURS]["seconds"]
            lines.append([name, f"{alone:.3f}"])
            for number in range(1, options.workers + 1):
                spent = results[f"workers {number}"]["seconds"]
                lines[-1] += [f"{spent:.3f}", f"{alone / spent:.2f}"]
    header = ["network", "in process, s"]
    for number in range(1, options.workers + 1):
        header += [f"{number} workers, s", "speed-up"]
    print()
    print_table(header, lines)
    return rows


def scaling_table(options: argparse.Namespace) -> list[Row]:
    """Measure and print time and memory against cells in the plane, and draw the picture."""
    rows = scaling.measure(options.largest, options.repeat, time_ours, say)
    print()
    lines = []
    for row in rows:
        cost = [f"{row['seconds']:.3f}", f"{row['microseconds']:.2f}", f"{row['cost_ratio']:.2f}"]
        space = [f"{row['peak_bytes'] / 2**20:.0f}", f"{row['bytes_per_cell']:.0f}"]
        lines.append([row["family"], str(row["size"]), str(row["cells"]), *cost, *space])
    header = ["family", "size", "cells", "seconds", "µs/cell", "of smallest", "peak MiB", "bytes/cell added"]
    print_table(header, lines)
    scaling.draw(rows, options.scaling)
    say(f"wrote {options.scaling}")
    return rows


def machine() -> str:
    """The machine and the versions compared."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        model = f"{len(names)} x {names[0]}" if names else model
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "python-flint"))
    return f"{model}; Python {platform.python_version()}, {packages}; one process, one thread, warm"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = list(yardsticks.ARCHITECTURES)
    made.add_argument("--networks", nargs="+", choices=names, default=names, metavar="W", help="default: all")
    made.add_argument("--repeat", type=int, default=5, help="rounds; medians are shown (default 5)")
    made.add_argument("--no-peers", dest="peers", action="store_false", help="only this package and the reference")
    made.add_argument(
        "--peer-cells", type=int, default=PEER_CELLS, help=f"peers' largest network (default {PEER_CELLS})"
    )
    made.add_argument("--workers", type=int, metavar="N", help="1 to N worker processes instead of the table")
    made.add_argument("--degenerate", action="store_true", help="degenerate siblings instead of the table")
    made.add_argument("--scaling", type=Path, metavar="FILE.png", help="time against cells instead of the table")
    made.add_argument("--largest", type=int, default=10**6, help="cells of the largest network of --scaling")
    made.add_argument("--json", type=Path, metavar="FILE", help="write every figure to FILE")
    return made


def compare(options: argparse.Namespace) -> None:
    """Print the table that the options ask for; write its figures if a file is given."""
    time_ours(yardsticks.network("W1"))  # compiled code is loaded, and if need be compiled, here
    if options.workers:
        kind, rows = "workers", workers_table(options)
    elif options.degenerate:
        kind, rows = "degenerate", degenerate_table(options)
    elif options.scaling:
        kind, rows = "scaling", scaling_table(options)
    else:
        kind, rows = "yardsticks", yardstick_table(options)
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), kind: rows}, indent=1) + "\n")


def main(argv: list[str] | None = None) -> None:
    """Run what was asked for and print it.

    The matrix products of the reference get one thread: two make it up to twice as slow where others use the machine.
    """
    options = parser().parse_args(argv)
    print(machine())
    with threadpool_limits(limits=1):
        compare(options)


if __name__ == "__main__":
    main()
