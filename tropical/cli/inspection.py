"""``tropical inspect``: the exact counts of a network."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from tropical.activation.bounds import region_bounds
from tropical.activation.complexes import PolyhedralComplex
from tropical.activation.regions import affine_pieces, linear_regions, relevant_subspace
from tropical.activation.subdivision import polyhedral_complex
from tropical.budget import Budget, BudgetExhausted, Progress
from tropical.cli.boxes import Inputs, bounds_of, domain_text, input_options
from tropical.cli.shell import Clock, as_json_option, progress, publish, report_option, timeout_option
from tropical.cli.texts import decimal_root, listed, number_of, print_table, shortened, text_of
from tropical.decisions.lipschitz import lipschitz_constant
from tropical.formats import load_network
from tropical.forms.lattice_form import to_lattice_polynomial
from tropical.functions.network import ReLUNetwork
from tropical.polyhedra.polyhedron import Polyhedron
from tropical_relu_cli import DONE, INTERRUPTED, UNKNOWN, shell


@click.command()
@click.argument("file", type=shell.FilePath())
@input_options
@report_option
@timeout_option
@as_json_option
def inspect(file: Path, inputs: Inputs, out: Path | None, timeout: float | None, as_json: bool) -> None:
    """Count the exact structure of the network in FILE.

    Cells and upper bounds on their number from the shape alone, linear regions, affine pieces, faces by dimension,
    relevant subspace; for one output also the Lipschitz constant in the Euclidean norm and the clauses of its lattice
    form after absorption. A count that the timeout or Ctrl-C cut short is null, and the exit code 3 or 130; the cells
    found until then are given.

    \b
    Examples:
      tropical inspect model.onnx
      tropical inspect model.json --box -1 1 --timeout 60
      tropical inspect model.json --box 0 1 --box -1 1 --box 0.5 0.5
      tropical inspect model.json --box-file bounds.csv --fix 3=1/2
      tropical inspect model.json -o counts.json
    """
    clock = Clock(timeout)
    with clock.limit(least=1.0):  # the shape of the network says something, whatever the time
        net = load_network(file)
        domain = inputs.domain(net.input_dim)
    found = Inspection(net, domain, clock)
    found.run()
    summary = {"file": file.name, **found.counts, "seconds": round(clock.elapsed, 3)}
    publish(summary, out, as_json, lambda: print_table(file.name, found.rows()))
    raise click.exceptions.Exit(found.exit_code)


@dataclass
class Inspection:
    """The counts of ``tropical inspect``, gathered step by step until the clock stops them."""

    net: ReLUNetwork
    domain: Polyhedron | None
    clock: Clock
    counts: dict[str, Any] = field(default_factory=dict)
    exit_code: int = DONE

    def run(self) -> None:
        """Fill ``counts``; what is missing stays None, and ``complete`` and ``reason`` say so."""
        net = self.net
        self.counts = {
            "input_dim": net.input_dim,
            "output_dim": net.output_dim,
            "widths": list(net.widths),
            "domain": bounds_of(self.domain),
            "cell_bounds": {name: number_of(count) for name, count in asdict(region_bounds(net)).items()},
            **dict.fromkeys(("cells", "linear_regions", "affine_pieces", "f_vector", "lineality_dim")),
            **dict.fromkeys(("relevant_subspace_dim", "lipschitz", "clauses")),
            "complete": True,
            "reason": None,
        }
        try:
            self._geometry()
            if net.output_dim == 1:
                self._lattice_form()
        except BudgetExhausted as stop:
            self._stop(str(stop), UNKNOWN)
        except KeyboardInterrupt:
            self._stop("interrupted", INTERRUPTED)

    def _stop(self, reason: str, exit_code: int) -> None:
        self.counts.update(complete=False, reason=reason)
        self.exit_code = exit_code

    def _geometry(self) -> None:
        with progress("cutting the input space into activation regions") as report:
            cx = polyhedral_complex(self.net, self.domain, self.clock.budget(), self._counting(report))
        self.counts["cells"] = cx.num_cells
        if cx.incomplete_because is not None:
            raise BudgetExhausted(cx.incomplete_because)
        self.counts["lineality_dim"] = len(cx.lineality)
        for name, count in _COUNTS.items():
            if name != "lipschitz" or self.net.output_dim == 1:
                with self.clock.limit():  # not everything that is counted takes a budget
                    self.counts[name] = count(cx, self.clock.budget())

    def _counting(self, report: Progress) -> Progress:
        """The report, with the cells found so far kept in the counts: Ctrl-C leaves nothing else."""

        def count(cells: int) -> None:
            self.counts["cells"] = max(cells, self.counts["cells"] or 0)
            report(cells)

        return count

    def _lattice_form(self) -> None:
        with progress("covering the cells by clauses") as report:
            polynomial = to_lattice_polynomial(self.net, self.domain, self.clock.budget(), report)
        self.counts["clauses"] = len(polynomial.clauses)

    def rows(self) -> list[tuple[str, str]]:
        """Label and text of each count, for reading."""
        c, one = self.counts, self.net.output_dim == 1
        cells = self._count("cells") + (" or more" if c["cells"] is not None and c["lineality_dim"] is None else "")
        table = [
            ("inputs, hidden widths, outputs", f"{c['input_dim']} | {listed(c['widths'])} | {c['output_dim']}"),
            ("domain", domain_text(self.domain, self.net.input_dim)),
            ("cells (activation regions)", cells),
            ("cells at most (Serra et al.; Montúfar)", " | ".join(self._bounds("serra", "montufar"))),
            ("linear regions", self._count("linear_regions")),
            ("affine pieces", self._count("affine_pieces")),
            ("f-vector (faces by dimension)", listed(c["f_vector"]) if c["f_vector"] else "not reached"),
            ("dimension of the lineality space", self._count("lineality_dim")),
            ("dimension of the relevant subspace", self._count("relevant_subspace_dim")),
        ]
        if one:
            constant = c["lipschitz"]
            text = "not reached" if constant is None else f"sqrt({constant['squared']}) = {constant['decimal']}"
            table += [("Lipschitz constant (Euclidean)", text), ("lattice clauses", self._count("clauses"))]
        if not c["complete"]:
            table.append(("INCOMPLETE", c["reason"]))
        return table

    def _bounds(self, *names: str) -> list[str]:
        return [shortened(self.counts["cell_bounds"][name]) for name in names]

    def _count(self, name: str) -> str:
        return "not reached" if self.counts[name] is None else str(self.counts[name])


def _lipschitz_summary(cx: PolyhedralComplex, budget: Budget) -> dict[str, Any]:
    found = lipschitz_constant(cx, budget=budget)
    if found.incomplete_because is not None:
        raise BudgetExhausted(found.incomplete_because)
    squared = found.squared
    assert isinstance(squared, Fraction)  # exact for one output
    return {"norm": 2, "squared": text_of(squared), "decimal": decimal_root(squared)}


_COUNTS: Mapping[str, Callable[[PolyhedralComplex, Budget], Any]] = {
    "linear_regions": lambda cx, budget: len(linear_regions(cx, budget)),
    "affine_pieces": lambda cx, budget: len(affine_pieces(cx, budget)),
    "relevant_subspace_dim": lambda cx, budget: len(relevant_subspace(cx, budget)),
    "lipschitz": _lipschitz_summary,
    "f_vector": lambda cx, budget: list(cx.f_vector),
}
