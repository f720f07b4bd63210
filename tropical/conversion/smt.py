"""SMT-LIB 2: a function, or a question about two of them, as a script in the logic QF_LRA for any solver."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Literal, get_args

from flint import fmpz

from tropical.arguments import require_choice
from tropical.forms.construction import PiecewiseLinear
from tropical.functions.affine import AffineForm
from tropical.functions.lattice_polynomial import LatticePolynomial
from tropical.functions.layer import Layer
from tropical.functions.network import ReLUNetwork
from tropical.functions.polynomial import TropicalPolynomial
from tropical.functions.rational_map import TropicalRationalMap
from tropical.polyhedra.polyhedron import Polyhedron, require_domain

Relation = Literal["equal", "at most"]


def to_smtlib(
    f: PiecewiseLinear,
    g: PiecewiseLinear | None = None,
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
        if not isinstance(function, PiecewiseLinear):
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


class _Script:
    """The lines of a script, and the names of what they define."""

    def __init__(self, input_dim: int) -> None:
        self.inputs = [f"x{i}" for i in range(input_dim)]
        self.lines = [f"(declare-const {name} Real)" for name in self.inputs]

    def define(self, name: str, term: str) -> str:
        """A new constant equal to ``term``."""
        self.lines += [f"(declare-const {name} Real)", f"(assert (= {name} {term}))"]
        return name

    def affine(self, form: AffineForm) -> str:
        """An affine form of the inputs."""
        return _linear(zip(form.gradient, self.inputs, strict=True), form.constant)

    def function(self, obj: PiecewiseLinear, prefix: str) -> list[str]:
        """Define the outputs of ``obj``; their names."""
        return [self.define(f"{prefix}y{i}", term) for i, term in enumerate(self._outputs(obj, prefix))]

    def ask(self, left: Sequence[str], right: Sequence[str], relation: Relation) -> None:
        """Assert that some pair of outputs violates the relation."""
        if len(left) != len(right):
            raise ValueError(f"f has {len(left)} outputs and g has {len(right)}: they cannot be compared")
        pattern = "(not (= {} {}))" if relation == "equal" else "(> {} {})"
        differences = [pattern.format(a, b) for a, b in zip(left, right, strict=True)]
        claim = differences[0] if len(differences) == 1 else f"(or {' '.join(differences)})"
        self.lines += [f"(assert {claim})", "(check-sat)"]

    def _outputs(self, obj: PiecewiseLinear, prefix: str) -> list[str]:
        if isinstance(obj, ReLUNetwork):
            return self._network(obj, prefix)
        if isinstance(obj, LatticePolynomial):
            pieces = self._forms(obj.pieces, f"{prefix}l")
            minima = [
                self._extremum("<=", [pieces[i] for i in sorted(clause)], f"{prefix}m{j}")
                for j, clause in enumerate(obj.clauses)
            ]
            return [self._extremum(">=", minima, f"{prefix}M")]
        if isinstance(obj, TropicalPolynomial):
            return [self._maximum(obj, f"{prefix}p")]
        if isinstance(obj, TropicalRationalMap):
            above = [self._maximum(p, f"{prefix}p{i}_") for i, p in enumerate(obj.numerators)]
            below = [self._maximum(q, f"{prefix}q{i}_") for i, q in enumerate(obj.denominators)]
            return [f"(- {p} {q})" for p, q in zip(above, below, strict=True)]
        return [self.affine(form) for form in ((obj,) if isinstance(obj, AffineForm) else obj.forms)]

    def _network(self, net: ReLUNetwork, prefix: str) -> list[str]:
        values = self.inputs
        for index, layer in enumerate(net.layers[:-1], start=1):
            names = [self.define(f"{prefix}z{index}_{i}", term) for i, term in enumerate(_rows(layer, values))]
            values = [
                self.define(f"{prefix}h{index}_{i}", _activated(name, *layer.slopes[i])) for i, name in enumerate(names)
            ]
        return _rows(net.layers[-1], values)

    def _maximum(self, polynomial: TropicalPolynomial, name: str) -> str:
        return self._extremum(">=", self._forms(polynomial.terms, f"{name}t"), f"{name}M")

    def _forms(self, forms: Sequence[AffineForm], name: str) -> list[str]:
        return [self.define(f"{name}{i}", self.affine(form)) for i, form in enumerate(forms)]

    def _extremum(self, better: str, names: Sequence[str], name: str) -> str:
        """The maximum (``better`` is >=) or minimum (<=) of named values, two at a time."""
        best = names[0]
        for k, other in enumerate(names[1:], start=1):
            best = self.define(f"{name}_{k}", f"(ite ({better} {other} {best}) {other} {best})")
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
