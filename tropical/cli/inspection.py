"""``tropical inspect``: the exact counts of a network."""

from collections.abc import Callable, Sequence, Sized
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
from tropical.cli.texts import decimal_root, listed, number_of, print_row, shortened, text_of
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
    form after absorption. Each is printed as soon as it is known. Where the timeout or Ctrl-C came first the rest is
    named, null in JSON, and the exit code 3 or 130; the cells found until then are given.

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
    if not as_json:
        click.echo(file.name)
    found = Inspection(net, domain, clock, _unshown if as_json else print_row)
    found.run()
    summary = {"file": file.name, **found.counts, "seconds": round(clock.elapsed, 3)}
    publish(summary, out, as_json, lambda: None)  # what is for reading stands there already
    raise click.exceptions.Exit(found.exit_code)


def _unshown(label: str, text: str) -> None:
    """JSON is printed as a whole, at the end."""


@dataclass(frozen=True)
class Stage:
    """One count: its name in JSON, its label for reading, what is said on stderr meanwhile, and how it is found."""

    name: str
    label: str
    doing: str
    count: Callable[["Inspection", Progress], Any]
    text: Callable[[Any], str] = str
    scalar_only: bool = False


@dataclass
class Inspection:
    """The counts of ``tropical inspect``, each shown as soon as it is known, until the clock stops them."""

    net: ReLUNetwork
    domain: Polyhedron | None
    clock: Clock
    show: Callable[[str, str], None]
    counts: dict[str, Any] = field(default_factory=dict)
    exit_code: int = DONE

    def run(self) -> None:
        """Fill ``counts``; what is missing stays None, and ``complete``, ``reason`` and ``undecided`` say so."""
        net = self.net
        stages = [stage for stage in _STAGES if net.output_dim == 1 or not stage.scalar_only]
        self.counts = {
            "input_dim": net.input_dim,
            "output_dim": net.output_dim,
            "widths": list(net.widths),
            "domain": bounds_of(self.domain),
            "cell_bounds": {name: number_of(count) for name, count in asdict(region_bounds(net)).items()},
            **{stage.name: None for stage in _STAGES},
            "complete": True,
            "reason": None,
            "undecided": [],
        }
        self._show_shape()
        for number, stage in enumerate(stages):
            try:
                self._count(stage)
            except BudgetExhausted as stop:
                self._leave(stages[number:], str(stop), UNKNOWN)
                break
            except KeyboardInterrupt:
                self._leave(stages[number:], "interrupted", INTERRUPTED)
                break

    def _count(self, stage: Stage) -> None:
        with self.clock.enforced(), progress(stage.doing) as report:
            found = stage.count(self, report)
        self.counts[stage.name] = found
        self.show(stage.label, stage.text(found))

    def _leave(self, stages: Sequence[Stage], reason: str, exit_code: int) -> None:
        """Say what is not decided, and why."""
        self.counts.update(complete=False, reason=reason, undecided=[stage.name for stage in stages])
        self.exit_code = exit_code
        for stage in stages:
            found = self.counts[stage.name]
            self.show(stage.label, "not reached" if found is None else f"{found} or more")
        self.show("INCOMPLETE", reason)

    def _show_shape(self) -> None:
        c, net = self.counts, self.net
        self.show("inputs, hidden widths, outputs", f"{net.input_dim} | {listed(c['widths'])} | {net.output_dim}")
        self.show("domain", domain_text(self.domain, net.input_dim))
        bounds = [shortened(c["cell_bounds"][name]) for name in ("serra", "montufar")]
        self.show("cells at most (Serra et al.; Montúfar)", " | ".join(bounds))

    def cut(self, report: Progress) -> int:
        """The number of cells; as many as are found by the time that the clock stops it stay in the counts."""

        def count(cells: int) -> None:
            self.counts["cells"] = max(cells, self.counts["cells"] or 0)
            report(cells)

        self.cx = polyhedral_complex(self.net, self.domain, self.clock.budget(), count)
        self.counts["cells"] = self.cx.num_cells
        if self.cx.incomplete_because is not None:
            raise BudgetExhausted(self.cx.incomplete_because)
        return self.cx.num_cells

    def lipschitz(self, report: Progress) -> dict[str, Any]:
        """The Lipschitz constant of one output."""
        found = lipschitz_constant(self.cx, budget=self.clock.budget(), progress=report)
        if found.incomplete_because is not None:
            raise BudgetExhausted(found.incomplete_because)
        squared = found.squared
        assert isinstance(squared, Fraction)  # exact for one output
        return {"norm": 2, "squared": text_of(squared), "decimal": decimal_root(squared)}

    def clauses(self, report: Progress) -> int:
        """The clauses of the lattice form of one output."""
        return len(to_lattice_polynomial(self.net, self.domain, self.clock.budget(), report).clauses)


def _size(find: Callable[[PolyhedralComplex, Budget, Progress], Sized]) -> Callable[[Inspection, Progress], int]:
    return lambda inspection, report: len(find(inspection.cx, inspection.clock.budget(), report))


_STAGES = (
    Stage("cells", "cells (activation regions)", "cutting the input space into activation regions", Inspection.cut),
    Stage(
        "lineality_dim", "dimension of the lineality space", "finding the directions of invariance",
        lambda inspection, report: len(inspection.cx.lineality),
    ),
    Stage("linear_regions", "linear regions", "merging cells into linear regions", _size(linear_regions)),
    Stage("affine_pieces", "affine pieces", "comparing affine pieces", _size(affine_pieces)),
    Stage(
        "relevant_subspace_dim", "dimension of the relevant subspace", "spanning the gradients",
        _size(relevant_subspace),
    ),
    Stage(
        "lipschitz", "Lipschitz constant (Euclidean)", "comparing gradients", Inspection.lipschitz,
        lambda found: f"sqrt({found['squared']}) = {found['decimal']}", scalar_only=True,
    ),
    Stage(
        "f_vector", "f-vector (faces by dimension)", "listing faces",
        lambda inspection, report: list(inspection.cx.f_vector), listed,
    ),
    Stage("clauses", "lattice clauses", "covering the cells by clauses", Inspection.clauses, scalar_only=True),
)  # fmt: skip
