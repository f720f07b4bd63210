"""How the terms of a tropical rational map grow from layer to layer, with and without pruning.

`python benchmarks/rational_maps.py` prints a Markdown table. For each layer of a network the entries are the numbers of
terms of the largest numerator or denominator of its preactivations: by the formulas alone (Zhang, Naitzat, Lim 2018),
and with inessential terms left out and common factors cancelled at every step. Without pruning a conversion stops
before it has formed more than `--cap` terms; layers it did not reach show as "–". Each finished map is asserted to
agree with its network at random rational points.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import tropical as tp
from learning import instances
from tropical.forms.rational_form import TermGrowth, term_growth, to_tropical_rational_map
from tropical.functions.rational_map import TropicalRationalMap

SHAPES = ("2-4-1", "2-4-4-1", "3-4-4-1", "2-4-4-4-1", "2-8-8-1", "3-6-6-1")
PARITIES = (2, 3, 4, 5)
CAP = 1_000_000  # terms formed without pruning
POINTS = 50

Row = dict[str, Any]


def say(message: str) -> None:
    """Progress, on stderr."""
    print(message, file=sys.stderr, flush=True)


def random_network(shape: str, biases: bool = True, seed: int = 0) -> tp.ReLUNetwork:
    """Weights, and biases unless they are to be 0, uniform in {-8, ..., 8} / 8."""
    rng = random.Random(f"{shape} {seed}")
    sizes = list(map(int, shape.split("-")))

    def eighths(count: int) -> list[Fraction]:
        return [Fraction(rng.randint(-8, 8), 8) for _ in range(count)]

    weights = [[eighths(n) for _ in range(m)] for n, m in pairwise(sizes)]
    offsets = [eighths(m) if biases else None for m in sizes[1:]]
    return tp.ReLUNetwork.from_arrays(weights, offsets)


def networks() -> dict[str, tp.ReLUNetwork]:
    """The networks of the table by name: generic ones, zero biases, and the instances with known structure."""
    found = {shape: random_network(shape) for shape in SHAPES}
    found |= {f"{shape}, zero biases": random_network(shape, biases=False) for shape in ("2-4-4-1", "3-4-4-1")}
    found |= {f"parity {k}": instances.parity(k, k, seed=None) for k in PARITIES}
    return found | {"H4": instances.h4(4, seed=None), "cancelling": instances.cancelling(3, seed=None)}


def assert_agreement(name: str, net: tp.ReLUNetwork, found: TropicalRationalMap) -> None:
    """Both give the same Fractions at random rational points."""
    rng = random.Random(name)
    for _ in range(POINTS):
        x = [Fraction(rng.randint(-300, 300), rng.randint(1, 60)) for _ in range(net.input_dim)]
        assert found(x) == net(x), f"{name}: {found(x)} instead of {net(x)} at {x}"


def measured(name: str, net: tp.ReLUNetwork, prune: bool, budget: tp.Budget | None) -> tuple[TermGrowth, float]:
    """The growth, and the seconds of one conversion, whose result is compared with the network if it is finished."""
    growth = term_growth(net, prune, budget)
    start = time.perf_counter()
    try:
        found = to_tropical_rational_map(net, prune, budget)
    except tp.BudgetExhausted:
        return growth, time.perf_counter() - start
    seconds = time.perf_counter() - start
    assert_agreement(name, net, found)
    assert growth.total[-1] == found.num_terms, f"{name}: {growth.total[-1]} terms counted, {found.num_terms} found"
    return growth, seconds


def network_row(name: str, net: tp.ReLUNetwork, cap: int) -> Row:
    """Both conversions of one network."""
    say(name)
    plain, plain_seconds = measured(name, net, False, tp.Budget(cells=cap))
    pruned, pruned_seconds = measured(name, net, True, None)
    assert pruned.incomplete_because is None
    assert all(a <= b for a, b in zip(pruned.largest, plain.largest, strict=False)), f"{name}: pruning added terms"
    shape = "-".join(map(str, (net.input_dim, *net.widths, net.output_dim)))
    return {
        "network": name,
        "shape": shape,
        "without": plain.largest,
        "with": pruned.largest,
        "output_without": plain.total[-1] if plain.incomplete_because is None else None,
        "output_with": pruned.total[-1],
        "seconds_without": plain_seconds,
        "seconds_with": pruned_seconds,
        "stopped": plain.incomplete_because,
    }


def per_layer(counts: Iterable[int], layers: int) -> str:
    """One number for each layer, a dash for those not reached."""
    entries = [f"{count:,}" for count in counts]
    return " → ".join(entries + ["–"] * (layers - len(entries)))


def print_table(rows: Iterable[Row]) -> None:
    """The table in Markdown, columns aligned."""
    header = ["network", "shape", "largest without pruning", "with", "all terms of the output without", "with"]
    table = [[*header, "seconds without", "with"]]
    for row in rows:
        layers = len(row["with"])
        output = "–" if row["output_without"] is None else f"{row['output_without']:,}"
        growth = [per_layer(row["without"], layers), per_layer(row["with"], layers)]
        outputs = [output, f"{row['output_with']:,}"]
        spent = [f"{row['seconds_without']:.2f}{' (stopped)' if row['stopped'] else ''}", f"{row['seconds_with']:.2f}"]
        table.append([row["network"], row["shape"], *growth, *outputs, *spent])
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    for number, line in enumerate(table):
        print("| " + " | ".join(entry.ljust(width) for entry, width in zip(line, widths, strict=True)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def main(argv: list[str] | None = None) -> None:
    """Convert the networks both ways and print the table."""
    available = networks()
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--networks", nargs="+", choices=available, default=list(available), metavar="NAME")
    made.add_argument("--cap", type=int, default=CAP, help=f"terms formed without pruning (default {CAP})")
    made.add_argument("--json", type=Path, metavar="FILE", help="write every figure to FILE")
    options = made.parse_args(argv)
    rows = [network_row(name, available[name], options.cap) for name in options.networks]
    print_table(rows)
    if options.json:
        options.json.write_text(json.dumps({"cap": options.cap, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
