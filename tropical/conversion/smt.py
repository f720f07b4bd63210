"""SMT-LIB 2: a function, or a question about two of them, as a script in the logic QF_LRA for any solver."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, get_args

from flint import fmpz

from tropical.arguments import require_choice
from tropical.functions.affine import AffineForm
from tropical.functions.function import Function
from tropical.functions.lattice_polynomial import Clause
from tropical.functions.layer import Layer
from tropical.polyhedra.polyhedron import Polyhedron, require_domain

Relation = Literal["equal", "at most"]


def to_smtlib(
    f: Function,
    g: Function | None = None,
    domain: Polyhedron | None = None,
    relation: Relation = "equal",
) -> str:
    """Return an SMT-LIB 2.6 script about f alone, or the question whether f = g (or f <= g) on the domain.

    The script is linear in the size of the functions: constants x0, x1, ... for the inputs, one constant for each
    preactivation, unit, piece and binary minimum or maximum, defined by an equation. Of f alone it defines the outputs
    y0, y1, ... on the domain, all of R^n by default; append assertions and ``(check-sat)``. Of two functions the
    outputs are f_y0, ... and g_y0, ..., and the last assertion says that some output violates the relation: ``unsat``
    iff f = g ("equal"), or f <= g in every output ("at most"), everywhere on the domain.
    Raises ``ValueError`` for other objects, different dimensions or an unknown relation.

    >>> from tropical import ReLUNetwork
    >>> print(to_smtlib(ReLUNetwork.from_arrays([[["-1/3"]], [[1]]])))
    ; a piecewise-linear function from R^1 to R^1
    (set-logic QF_LRA)
    (declare-const x0 Real)
    (declare-const z1_0 Real)
    (assert (= z1_0 (* (- (/ 1.0 3.0)) x0)))
    (declare-const h1_0 Real)
    (assert (= h1_0 (ite (>= z1_0 0.0) z1_0 0.0)))
    (declare-const y0 Real)
    (assert (= y0 h1_0))
    <BLANKLINE>
    """
    functions = [f] if g is None else [f, g]
    for function in functions:
        if not isinstance(function, Function):
            raise ValueError(f"no SMT-LIB script describes an object of type {type(function).__name__}")
    require_choice(relation, get_args(Relation), "relation")
    require_domain(domain, f.input_dim)
    dims = sorted({function.input_dim for function in functions})
    if len(dims) > 1:
        raise ValueError(f"the functions must live on one space, got dimensions {dims}")
    script = _Script(f.input_dim)
    for halfspace in domain.halfspaces if domain is not None else ():
        script.lines.append(f"(assert (>= {script.affine(halfspace)} 0.0))")
    if g is None:
        outputs = script.function(f, "")
        title = f"a piecewise-linear function from R^{f.input_dim} to R^{len(outputs)}"
    else:
        title = f"unsat iff f {'=' if relation == 'equal' else '<='} g on the domain"
        script.ask(script.function(f, "f_"), script.function(g, "g_"), relation)
    return "\n".join([f"; {title}", "(set-logic QF_LRA)", *script.lines, ""])


@dataclass
class _Script:
    """The algebra of terms over named constants: the lines that define them, and how often each name was given."""

    input_dim: int
    prefix: str = ""
    lines: list[str] = field(default_factory=list)
    given: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.inputs = [f"x{i}" for i in range(self.input_dim)]
        self.lines += [f"(declare-const {name} Real)" for name in self.inputs]

    def define(self, name: str, term: str) -> str:
        """A new constant equal to ``term``."""
        self.lines += [f"(declare-const {name} Real)", f"(assert (= {name} {term}))"]
        return name

    def fresh(self, letter: str, term: str) -> str:
        """A new constant equal to ``term``, named by a letter and a number."""
        self.given[self.prefix + letter] += 1
        return self.define(f"{self.prefix}{letter}{self.given[self.prefix + letter] - 1}", term)

    def function(self, obj: Function, prefix: str) -> list[str]:
        """Define the outputs of ``obj``; their names."""
        self.prefix = prefix
        return [self.define(f"{prefix}y{i}", term) for i, term in enumerate(obj.build(self))]

    def ask(self, left: Sequence[str], right: Sequence[str], relation: Relation) -> None:
        """Assert that some pair of outputs violates the relation."""
        if len(left) != len(right):
            raise ValueError(f"f has {len(left)} outputs and g has {len(right)}: they cannot be compared")
        pattern = "(not (= {} {}))" if relation == "equal" else "(> {} {})"
        differences = [pattern.format(a, b) for a, b in zip(left, right, strict=True)]
        claim = differences[0] if len(differences) == 1 else f"(or {' '.join(differences)})"
        self.lines += [f"(assert {claim})", "(check-sat)"]

    def affine(self, form: AffineForm) -> str:
        """An affine form of the inputs."""
        return _linear(zip(form.gradient, self.inputs, strict=True), form.constant)

    def maximum(self, values: Sequence[str]) -> str:
        """The largest of the values."""
        return self._extremum(">=", [self.fresh("l", value) for value in values])

    def lattice(self, pieces: Sequence[str], clauses: Sequence[Clause]) -> str:
        """The maximum of the minima."""
        names = [self.fresh("l", piece) for piece in pieces]
        return self._extremum(">=", [self._extremum("<=", [names[i] for i in sorted(c)]) for c in clauses])

    def difference(self, value: str, other: str) -> str:
        """value - other."""
        return f"(- {value} {other})"

    def layers(self, layers: Sequence[Layer]) -> list[str]:
        """The outputs, with constants z for the preactivations and h for the units of each hidden layer."""
        values = self.inputs
        for index, layer in enumerate(layers[:-1], start=1):
            prefix = f"{self.prefix}z{index}_", f"{self.prefix}h{index}_"
            names = [self.define(f"{prefix[0]}{i}", term) for i, term in enumerate(_rows(layer, values))]
            units = (_activated(name, *slopes) for name, slopes in zip(names, layer.slopes, strict=True))
            values = [self.define(f"{prefix[1]}{i}", unit) for i, unit in enumerate(units)]
        return _rows(layers[-1], values)

    def _extremum(self, better: str, names: Sequence[str]) -> str:
        """The maximum (``better`` is >=) or minimum (<=) of named values, two at a time."""
        best = names[0]
        for other in names[1:]:
            best = self.fresh("m", f"(ite ({better} {other} {best}) {other} {best})")
        return best


def _rows(layer: Layer, values: Sequence[str]) -> list[str]:
    rows = zip(layer.weight, layer.bias, strict=True)
    return [_linear(zip(row, values, strict=True), bias) for row, bias in rows]


def _activated(name: str, left: Fraction, right: Fraction) -> str:
    above, below = _linear([(right, name)], Fraction(0)), _linear([(left, name)], Fraction(0))
    return above if left == right else f"(ite (>= {name} 0.0) {above} {below})"


def _linear(terms: Iterable[tuple[Fraction, str]], constant: Fraction) -> str:
    """constant + sum of factor * name."""
    summands = [_product(factor, name) for factor, name in terms if factor]
    if constant or not summands:
        summands.append(_number(constant))
    return summands[0] if len(summands) == 1 else f"(+ {' '.join(summands)})"


def _product(factor: Fraction, name: str) -> str:
    if abs(factor) == 1:
        return name if factor > 0 else f"(- {name})"
    return f"(* {_number(factor)} {name})"


def _number(q: Fraction) -> str:
    """A rational as a term of sort Real; FLINT writes integers of any length."""
    top = f"{fmpz(abs(q.numerator))}.0"
    size = top if q.denominator == 1 else f"(/ {top} {fmpz(q.denominator)}.0)"
    return size if q >= 0 else f"(- {size})"
