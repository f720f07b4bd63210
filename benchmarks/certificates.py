"""How fast the independent checker replays region counts and equalities, and how large the certificates are.

`python benchmarks/certificates.py` prints one row for each network on [-1, 1]^n: its activation regions, the size of
their certificate in JSON, and cells per CPU second of the checker, for the count alone and for f = g with g a copy of f
that has permuted and rescaled units. Proof trees are measured on networks of larger rank. Reading is included, the best
of three runs counts, and every certificate must be accepted.
"""

import argparse
import itertools
import json
import platform
import sys
import time
from collections.abc import Sequence

import numpy as np

import tropical as tp
from tropical.budget import Meter
from tropical.proofs import checker
from tropical.proofs.certificate import equality_certificate, region_certificate, tree_certificate
from tropical.proofs.proof_trees import equality_tree

REPLAYED = ("1-16-16-1", "1-32-32-1", "2-16-16-1", "2-32-32-1", "3-16-16-1", "3-24-24-1")
TREES = ("3-6-6-1", "8-8-1", "8-6-4-1", "20-6-6-1")
REPEAT = 3


def pair(name: str, bits: int | None) -> tuple[tp.ReLUNetwork, tp.ReLUNetwork]:
    """A network with normal weights, rounded to multiples of 2^-bits, and a permuted copy rescaled by powers of two."""
    sizes = list(map(int, name.split("-")))
    rng = np.random.default_rng(sum(sizes))
    shapes = list(itertools.pairwise(sizes))
    weights = [_rounded(rng.standard_normal((m, n)) * np.sqrt(2 / n), bits) for n, m in shapes]
    biases = [_rounded(rng.normal(0, 0.5, m), bits) for _, m in shapes]
    f = tp.ReLUNetwork.from_arrays(weights, biases)
    weights, biases = [w.copy() for w in weights], [b.copy() for b in biases]
    for layer, size in enumerate(sizes[1:-1]):
        order, scale = rng.permutation(size), 2.0 ** rng.integers(-3, 4, size)
        weights[layer] = (weights[layer] * scale[:, None])[order]
        biases[layer] = (biases[layer] * scale)[order]
        weights[layer + 1] = (weights[layer + 1] / scale)[:, order]
    return f, tp.ReLUNetwork.from_arrays(weights, biases)


def _rounded(array: np.ndarray, bits: int | None) -> np.ndarray:
    return array if bits is None else np.rint(array * 2**bits) / 2**bits


def checked(certificate: dict) -> tuple[int, float]:
    """Bytes of the certificate, and seconds to read and check it."""
    text = json.dumps(certificate, separators=(",", ":"))
    seconds = []
    for _ in range(REPEAT):
        start = time.process_time()
        checker.check(json.loads(text))
        seconds.append(time.process_time() - start)
    return len(text), min(seconds)


def replay_row(name: str, bits: int | None) -> list[str]:
    """Regions of a network, size of their certificate, cells per second for the count and for an equality."""
    f, g = pair(name, bits)
    box = tp.Box([-1] * f.input_dim, [1] * f.input_dim)
    cx = tp.polyhedral_complex(f, box)
    size, seconds = checked(region_certificate(cx))
    _, longer = checked(equality_certificate(f, g, box, cells=cx.num_cells))
    rates = [f"{cx.num_cells / t:,.0f}" for t in (seconds, longer)]
    return [name, "float64" if bits is None else f"/{2**bits}", str(cx.num_cells), f"{size / 1e3:,.0f}", *rates]


def tree_row(name: str) -> list[str]:
    """Leaves, nodes and size of a proof tree on R^n, leaves per second of producing and of checking it."""
    f, g = pair(name, 3)
    start = time.process_time()
    proof = equality_tree(f, g, None, Meter())
    found = time.process_time() - start
    assert proof.nodes is not None
    size, seconds = checked(tree_certificate(f, g, None, proof.nodes))
    leaves = sum(tag == "leaf" for tag, _ in proof.nodes)
    rates = [f"{leaves / t:,.0f}" for t in (found, seconds)]
    return [name, str(leaves), str(len(proof.nodes)), f"{size / 1e3:,.0f}", *rates]


def table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [heading, ["-" * len(entry) for entry in heading], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="*", default=REPLAYED, help="sizes such as 2-16-16-1, to be replayed")
    parser.add_argument("--trees", nargs="*", default=TREES, help="sizes to be proved by trees")
    chosen = parser.parse_args(arguments)
    print(f"Python {platform.python_version()}, {platform.machine()}", file=sys.stderr)
    rows = [replay_row(name, bits) for name in chosen.networks for bits in (3, None)]
    print(table(["network", "weights", "cells", "kB", "cells/s, count", "cells/s, f = g"], rows), end="\n\n")
    rows = [tree_row(name) for name in chosen.trees]
    print(table(["network", "leaves", "nodes", "kB", "leaves/s, made", "leaves/s, checked"], rows))


if __name__ == "__main__":
    main()
