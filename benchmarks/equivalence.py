"""Deciding equality of networks: this package, its checker, and z3 on the same question (SMT-LIB 2, QF_LRA).

`python benchmarks/equivalence.py` prints a Markdown table. A pair is a network in eighths and a copy with its hidden
units permuted and scaled by powers of two, which merging units shows to be equal without any cell, or that copy with
one weight changed by 2^-40. z3 is asked what `tropical.to_smtlib` writes and stopped after `--timeout` seconds; answers
are asserted to agree, certificates to be accepted.
"""

import argparse
import json
import random
import sys
import time
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import tropical as tp

SHAPES = ("1-8-8-1", "2-8-1", "2-8-8-1", "2-16-16-1", "3-8-1", "3-8-8-1", "4-8-1")

Row = dict[str, Any]
Layers = list[list[list[Fraction]]]


def eighths(shape: str, rng: random.Random) -> tuple[Layers, list[list[Fraction]]]:
    """Weights and biases uniform in {-8, ..., 8} / 8."""
    sizes = list(map(int, shape.split("-")))
    weights = [[[Fraction(rng.randint(-8, 8), 8) for _ in range(n)] for _ in range(m)] for n, m in pairwise(sizes)]
    return weights, [[Fraction(rng.randint(-8, 8), 8) for _ in range(m)] for m in sizes[1:]]


def shuffled(weights: Layers, biases: list[list[Fraction]], rng: random.Random) -> tuple[Layers, list[list[Fraction]]]:
    """The same function: hidden units permuted and scaled by powers of two."""
    weights, biases = list(weights), list(biases)
    for layer in range(len(weights) - 1):
        order = rng.sample(range(len(biases[layer])), len(biases[layer]))
        scale = [Fraction(2) ** rng.randint(-3, 3) for _ in order]
        weights[layer] = [[s * q for q in weights[layer][i]] for i, s in zip(order, scale, strict=True)]
        biases[layer] = [s * biases[layer][i] for i, s in zip(order, scale, strict=True)]
        weights[layer + 1] = [[row[i] / s for i, s in zip(order, scale, strict=True)] for row in weights[layer + 1]]
    return weights, biases


def z3_answer(script: str, timeout: float) -> tuple[str, float]:
    """z3's answer as ours, and its seconds."""
    import z3

    solver = z3.SolverFor("QF_LRA")
    solver.set("timeout", int(1000 * timeout))
    start = time.perf_counter()
    solver.from_string(script)
    answer = str(solver.check())
    return {"unsat": "proved", "sat": "refuted"}.get(answer, "unknown"), time.perf_counter() - start


def measure(shape: str, equal: bool, timeout: float) -> Row:
    """Both on one pair."""
    rng = random.Random(f"{shape} {equal}")
    parameters = eighths(shape, rng)
    f = tp.ReLUNetwork.from_arrays(*parameters)
    weights, biases = shuffled(*parameters, rng)
    if not equal:
        weights = [*weights[:-1], [[weights[-1][0][0] + Fraction(1, 2**40), *weights[-1][0][1:]]]]
    g = tp.ReLUNetwork.from_arrays(weights, biases)
    start = time.perf_counter()
    verdict = tp.equivalent(f, g)
    seconds = time.perf_counter() - start
    assert verdict.status == ("proved" if equal else "refuted"), shape
    start = time.perf_counter()
    assert verdict.certificate is not None
    assert tp.check_certificate(verdict.certificate, f, g), shape
    checked = time.perf_counter() - start
    answer, z3_seconds = z3_answer(tp.to_smtlib(f, g), timeout)
    assert answer in (verdict.status, "unknown"), shape
    return {
        "shape": shape,
        "status": verdict.status,
        "cells": verdict.detail["cells"],
        "seconds": seconds,
        "checker_seconds": checked,
        "certificate_bytes": len(json.dumps(verdict.certificate)),
        "z3": answer,
        "z3_seconds": z3_seconds,
    }


def table_line(row: Row) -> str:
    """One line of the table."""
    bound = "" if row["z3"] != "unknown" else "> "
    ratio = f"{bound}{row['z3_seconds'] / row['seconds']:.3g}"
    entries = [row["shape"], row["status"], row["cells"], f"{row['seconds']:.3f}", f"{row['checker_seconds']:.3f}"]
    entries += [f"{row['certificate_bytes'] / 1024:.0f}", f"{bound}{row['z3_seconds']:.3f}", ratio]
    return "| " + " | ".join(map(str, entries)) + " |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", nargs="+", default=SHAPES, metavar="SHAPE", help="default: %(default)s")
    parser.add_argument("--timeout", type=float, default=60, help="seconds for z3 (default %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure to FILE")
    options = parser.parse_args()
    print("| network | verdict | cells | ours, s | checker, s | certificate, KiB | z3, s | z3 / ours |")
    print("|---|---|---|---|---|---|---|---|")
    rows = []
    for shape in options.shapes:
        for equal in (True, False):
            print(f"{shape}, {'equal' if equal else 'changed'}", file=sys.stderr, flush=True)
            rows.append(measure(shape, equal, options.timeout))
            print(table_line(rows[-1]), flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
