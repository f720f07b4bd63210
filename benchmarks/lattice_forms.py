"""Lattice forms of networks, made irredundant: cells, pieces, clauses and the seconds of each step.

`python benchmarks/lattice_forms.py` prints a table; `--large` adds networks of one to some thousand pieces. Every form
is proved equal to its network, every irredundant form has its points re-evaluated in Fractions.
"""

import argparse
import itertools
import time
from collections.abc import Callable

import numpy as np

import learning as ln
import tropical as tp
from tropical.forms.irredundancy import IrredundantForm, irredundant


def random_network(shape: tuple[int, ...], seed: int = 0) -> tp.ReLUNetwork:
    """Weights and biases uniform in {-8..8}/8."""
    rng = np.random.default_rng(seed)
    sizes = list(itertools.pairwise(shape))
    weights = [rng.integers(-8, 9, size=(rows, columns)) / 8 for columns, rows in sizes]
    return tp.ReLUNetwork.from_arrays(weights, [rng.integers(-8, 9, size=rows) / 8 for _, rows in sizes])


def float_network(shape: tuple[int, ...], seed: int = 0) -> tp.ReLUNetwork:
    """Gaussian weights and biases: float64 numbers, taken exactly."""
    rng = np.random.default_rng(seed)
    sizes = list(itertools.pairwise(shape))
    weights = [rng.standard_normal((rows, columns)) for columns, rows in sizes]
    return tp.ReLUNetwork.from_arrays(weights, [rng.standard_normal(rows) for _, rows in sizes])


NETWORKS: dict[str, Callable[[], tp.ReLUNetwork]] = {
    "parity k=3": lambda: ln.instances.parity(3, 3),
    "parity k=4": lambda: ln.instances.parity(4, 4),
    "parity k=5": lambda: ln.instances.parity(5, 5),
    "h4": lambda: ln.instances.h4(4),
    "sequential": lambda: ln.instances.sequential(5),
    "1-20-20-1": lambda: random_network((1, 20, 20, 1)),
    "2-8-8-1": lambda: random_network((2, 8, 8, 1)),
    "2-16-16-1": lambda: random_network((2, 16, 16, 1)),
    "2-16-16-1 floats": lambda: float_network((2, 16, 16, 1)),
    "3-8-8-1": lambda: random_network((3, 8, 8, 1)),
    "4-10-1": lambda: random_network((4, 10, 1)),
}
LARGE: dict[str, Callable[[], tp.ReLUNetwork]] = {
    "2-32-32-1 floats": lambda: float_network((2, 32, 32, 1)),
    "3-12-12-1": lambda: random_network((3, 12, 12, 1)),
}


def check(result: IrredundantForm) -> None:
    """Assert what the points of the proof show."""
    form = result.polynomial
    for j, point in enumerate(result.clause_points):
        values = [piece(point) for piece in form.pieces]
        minima = [min(values[i] for i in clause) for clause in form.clauses]
        assert all(minima[j] > value for k, value in enumerate(minima) if k != j), f"clause {j} is not alone"
    for (j, i), point in result.index_points.items():
        rest = [form.pieces[m](point) for m in form.clauses[j] if m != i]
        assert not rest or min(rest) > form(point), f"index {i} of clause {j} is not needed"


def report(name: str, net: tp.ReLUNetwork) -> None:
    """Print the line of one network."""
    cells = tp.polyhedral_complex(net).num_cells
    times = [time.perf_counter()]
    form = tp.to_lattice_polynomial(net)
    times.append(time.perf_counter())
    result = irredundant(form)
    times.append(time.perf_counter())
    verdict = tp.equivalent(net, result.polynomial)
    times.append(time.perf_counter())
    assert verdict.status == "proved", f"{name}: {verdict.status}"
    check(result)
    counts = (cells, len(form.pieces), len(form.clauses), len(result.polynomial.clauses), len(result.index_points))
    seconds = [f"{after - before:10.2f}" for before, after in itertools.pairwise(times)]
    print(f"{name:18}" + "".join(f"{count:10}" for count in counts) + "".join(seconds), flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--large", action="store_true", help="also networks that take minutes")
    arguments = parser.parse_args()
    columns = ("cells", "pieces", "clauses", "irredund.", "indices", "form s", "irred. s", "proof s")
    print(f"{'network':18}" + "".join(f"{column:>10}" for column in columns))
    for name, make in (NETWORKS | LARGE if arguments.large else NETWORKS).items():
        report(name, make())


if __name__ == "__main__":
    main()
