"""Time and memory of region enumeration in the plane against the number of cells; used by regions.py.

`python benchmarks/scaling.py FAMILY SIZE` enumerates one network in this process and prints its peak memory as JSON.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yardsticks

import tropical as tp

LINES = (60, 187, 590, 1860)  # about 10^3, 10^4, 10^5 and 10^6 cells
FOLDS = (5, 6, 7, 8, 9, 10)  # 4^5 to 4^10 cells
FAMILIES = {"lines": (yardsticks.lines, LINES), "folds": (yardsticks.folds, FOLDS)}
SHAPES = {"lines": "one hidden layer of random lines", "folds": "deep folds of the square, 4 units a layer"}
PAUSE = 5.0  # seconds after which a network is not repeated

Row = dict[str, Any]


def peak_memory(afresh: bool = False) -> int:
    """Largest resident memory of this process in bytes: so far, or from now on where the system can begin ``afresh``.

    Linux hands the peak of the process that started this one on to getrusage, hence /proc where there is one.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        import resource

        return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if afresh:
        Path("/proc/self/clear_refs").write_text("5")
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return 1024 * int(lines["VmHWM"].split()[0])


def enumerate_one(family: str, size: int) -> Row:
    """Count the cells of one network after a warm-up; resident memory before and at its peak, in bytes."""
    square = tp.Box([-1, -1], [1, 1])
    tp.polyhedral_complex(tp.ReLUNetwork.from_arrays(*yardsticks.network("W1")), square, route="compiled")
    net = tp.ReLUNetwork.from_arrays(*FAMILIES[family][0](size)[0])
    before = peak_memory(afresh=True)
    cells = tp.polyhedral_complex(net, square, route="compiled").num_cells
    return {"cells": cells, "start_bytes": before, "peak_bytes": peak_memory()}


def measure(
    largest: int,
    repeat: int,
    time_ours: Callable[[yardsticks.Parameters], tuple[int, float]],
    say: Callable[[str], None],
) -> list[Row]:
    """Time every network of both families up to about ``largest`` cells, its count asserted; memory in a fresh process.

    ``microseconds`` are per cell, ``cost_ratio`` compares them with the smallest network of the family.
    """
    rows: list[Row] = []
    for family, (make, sizes) in FAMILIES.items():
        smallest = None
        for size in sizes:
            parameters, exact = make(size)
            if exact > 1.1 * largest:
                continue
            say(f"{family} {size}: {exact} cells")
            seconds: list[float] = []
            while len(seconds) < repeat and sum(seconds) < PAUSE:
                cells, spent = time_ours(parameters)
                assert cells == exact, f"{family} {size}: {cells} cells instead of {exact}"
                seconds.append(spent)
            cost = 1e6 * statistics.median(seconds) / exact
            smallest = smallest or cost
            row = {"family": family, "size": size, "cells": exact, "seconds": statistics.median(seconds)}
            rows.append(row | {"microseconds": cost, "cost_ratio": cost / smallest} | memory(family, size, exact))
    return rows


def memory(family: str, size: int, exact: int) -> Row:
    """Peak memory of one enumeration in a fresh process; per cell, what was added to the process after its warm-up."""
    command = [sys.executable, str(Path(__file__).resolve()), family, str(size)]
    found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    assert found.pop("cells") == exact, f"{family} {size} in a fresh process"
    return found | {"bytes_per_cell": (found["peak_bytes"] - found["start_bytes"]) / exact}


def draw(rows: list[Row], file: Path) -> None:
    """Two panels, doubly logarithmic: seconds against cells, and microseconds per cell against cells."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.2), layout="constrained")
    total, single = figure.subplots(1, 2)
    for family, marker in zip(FAMILIES, "os", strict=True):
        own = [row for row in rows if row["family"] == family]
        cells = [row["cells"] for row in own]
        total.loglog(cells, [row["seconds"] for row in own], marker=marker, label=SHAPES[family])
        single.loglog(cells, [row["microseconds"] for row in own], marker=marker, label=SHAPES[family])
    first = min(rows, key=lambda row: row["cells"])
    ends = [first["cells"], max(row["cells"] for row in rows)]
    straight = [first["seconds"] * end / first["cells"] for end in ends]
    total.loglog(ends, straight, color="0.6", linestyle="--", label="proportional to the cells")
    total.set(xlabel="cells", ylabel="seconds", title="Time against cells, networks in the plane")
    costs = [row["microseconds"] for row in rows]
    single.set(xlabel="cells", ylabel="microseconds per cell", title="Cost of one cell")
    single.set_ylim(min(costs) / 3, max(costs) * 3)
    for axes in (total, single):
        axes.grid(True, which="major", alpha=0.4)
        axes.legend(frameon=False)
    figure.savefig(file, dpi=150)


if __name__ == "__main__":
    print(json.dumps(enumerate_one(sys.argv[1], int(sys.argv[2]))))
