"""To sympy: networks and polynomials as expressions in Max, Min and Piecewise, with exact rational numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, get_args

from tropical.activation.complexes import Cell
from tropical.activation.subdivision import polyhedral_complex
from tropical.arguments import abbreviated, is_sequence, require_choice
from tropical.budget import Budget, BudgetExhausted, Meter, Progress
from tropical.forms.construction import to_network
from tropical.forms.lattice_form import to_lattice_polynomials
from tropical.functions.affine import AffineForm
from tropical.functions.function import Function
from tropical.functions.lattice_polynomial import Clause, LatticePolynomial
from tropical.functions.layer import Layer, Slopes
from tropical.functions.network import ReLUNetwork
from tropical.functions.polynomial import TropicalPolynomial

if TYPE_CHECKING:
    import sympy

Form = Literal["nested", "flat", "piecewise"]


def to_sympy(
    obj: Function,
    symbols: "Iterable[sympy.Symbol] | None" = None,
    form: Form = "nested",
    budget: Budget | None = None,
    progress: Progress | None = None,
) -> Any:
    """Return ``obj`` as a sympy expression in ``symbols`` (x0, x1, ... by default); several outputs give a tuple.

    ``form``: "nested" follows the object: units as Max(0, t), or Max and Min of multiples of t for other slopes;
    lattice polynomials as Max of Min, rational maps as differences of Max. "flat" is the max-min form, of networks and
    rational maps by ``to_lattice_polynomial``. "piecewise" lists the cells of the polyhedral complex with their
    inequalities as a Piecewise. Nothing is evaluated or simplified, and common subexpressions are the same object: in
    memory a network takes linear space. But sympy walks expressions as trees, so that the time, like the text of the
    expression, grows with the number of paths through the network. ``budget`` limits every form.
    Raises ``ValueError`` for other objects, for an unknown form and unless there is one distinct sympy Symbol for each
    input, and :class:`BudgetExhausted`.

    >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    >>> to_sympy(maximum)
    -Max(0, -x1) + Max(0, x1) + Max(0, x0 - x1)
    >>> to_sympy(maximum, form="flat")
    Max(x0, x1)
    >>> to_sympy(ReLUNetwork.from_arrays([[[2]], [[1]]], [[-1], [0]]), form="piecewise")
    Piecewise((2*x0 - 1, 2*x0 - 1 >= 0), (0, True))
    """
    if not isinstance(obj, Function):
        raise ValueError(f"no sympy expression stands for an object of type {type(obj).__name__}")
    require_choice(form, get_args(Form), "form")
    meter = Meter(budget, progress)
    names = checked_symbols(symbols, obj.input_dim)
    if form == "piecewise":
        outputs = _piecewise(to_network(obj), names, budget, progress)
    else:
        algebra = _Expressions(names, meter)
        flat = form == "flat" and not isinstance(obj, LatticePolynomial | TropicalPolynomial)
        functions = to_lattice_polynomials(to_network(obj), None, budget, progress) if flat else (obj,)
        outputs = [value for f in functions for value in f.build(algebra)]
    return outputs[0] if len(outputs) == 1 else tuple(outputs)


def checked_symbols(symbols: "Iterable[sympy.Symbol] | None", dim: int | None) -> "tuple[sympy.Symbol, ...]":
    """The symbols as a tuple; ``ValueError`` unless they are distinct sympy Symbols, ``dim`` of them if it is given."""
    import sympy

    if symbols is None:
        return tuple(sympy.Symbol(f"x{i}") for i in range(dim or 0))
    found = tuple(symbols) if is_sequence(symbols) else ()
    if not found or not all(isinstance(s, sympy.Symbol) for s in found) or len(set(found)) < len(found):
        raise ValueError(f"symbols must be a sequence of distinct sympy Symbols, got {abbreviated(symbols)}")
    if dim is not None and len(found) != dim:
        raise ValueError(f"one symbol is needed for each of {dim} inputs, got {len(found)}")
    return found


@dataclass
class _Expressions:
    """The algebra of sympy expressions, unevaluated."""

    names: "Sequence[sympy.Symbol]"
    meter: Meter

    def affine(self, form: AffineForm) -> "sympy.Expr":
        """The form, in sympy's own order, as if it had been typed."""
        return _affine(form, self.names)

    def maximum(self, values: "Sequence[sympy.Expr]") -> "sympy.Expr":
        """Max, or the value itself if it is the only one."""
        import sympy

        return sympy.Max(*values, evaluate=False)

    def lattice(self, pieces: "Sequence[sympy.Expr]", clauses: Sequence[Clause]) -> "sympy.Expr":
        """Max of Min."""
        import sympy

        minima = [sympy.Min(*[pieces[i] for i in sorted(clause)], evaluate=False) for clause in clauses]
        return sympy.Max(*minima, evaluate=False)

    def difference(self, value: "sympy.Expr", other: "sympy.Expr") -> "sympy.Expr":
        """value - other."""
        return _sum([(Fraction(1), value), (Fraction(-1), other)])

    def layers(self, layers: Sequence[Layer]) -> "list[sympy.Expr]":
        """Units as Max(0, t), or Max and Min of multiples of t."""
        values: list[Any] = list(self.names)
        for index, layer in enumerate(layers):
            units = []
            for row, bias, slopes in zip(layer.weight, layer.bias, layer.slopes, strict=True):
                self.meter.check_time()
                t = _sum(zip(row, values, strict=True), bias) if index else self.affine(AffineForm(row, bias))
                units.append(_activated(t, slopes))
            values = units
        return values


def _activated(t: "sympy.Expr", slopes: Slopes) -> "sympy.Expr":
    import sympy

    left, right = slopes
    if left == right or t.is_Rational:
        return _scaled(right if left == right or t >= 0 else left, t)
    extremum = sympy.Max if left < right else sympy.Min
    return extremum(_scaled(left, t), _scaled(right, t), evaluate=False)


def _piecewise(
    net: ReLUNetwork, names: "Sequence[sympy.Symbol]", budget: Budget | None, progress: Progress | None
) -> "list[sympy.Expr]":
    import sympy

    cx = polyhedral_complex(net, None, budget, progress)
    if not cx.complete:
        raise BudgetExhausted(cx.incomplete_because)
    conditions = [_condition(cell, names) for cell in cx.cells[:-1]] + [sympy.true]
    forms = [cell.affine_map.forms for cell in cx.cells]
    return [
        sympy.Piecewise(*[(_affine(f[i], names), c) for f, c in zip(forms, conditions, strict=True)], evaluate=False)
        if len(forms) > 1
        else _affine(forms[0][i], names)
        for i in range(net.output_dim)
    ]


def _condition(cell: Cell, names: "Sequence[sympy.Symbol]") -> Any:
    import sympy

    inequalities = [sympy.Ge(_affine(h, names), sympy.S.Zero, evaluate=False) for h in cell.halfspaces]
    return sympy.And(*inequalities, evaluate=False)


def _affine(form: AffineForm, names: "Sequence[sympy.Symbol]") -> "sympy.Expr":
    import sympy

    terms = [_number(q) * name for q, name in zip(form.gradient, names, strict=True) if q]
    return sympy.Add(*terms, _number(form.constant))  # in sympy's own order, as if it had been typed


def _sum(terms: "Iterable[tuple[Fraction, sympy.Expr]]", constant: Fraction = Fraction(0)) -> "sympy.Expr":
    """constant + sum of factor * value, unevaluated but for zeros, ones and numbers."""
    import sympy

    pairs = [(factor, value) for factor, value in terms if factor]
    numbers = [factor * Fraction(int(v.p), int(v.q)) for factor, v in pairs if v.is_Rational]
    total = _number(sum(numbers, constant))
    summands = [_scaled(factor, value) for factor, value in pairs if not value.is_Rational]
    if total or not summands:
        summands.append(total)
    return summands[0] if len(summands) == 1 else sympy.Add(*summands, evaluate=False)


def _scaled(factor: Fraction, value: "sympy.Expr") -> "sympy.Expr":
    import sympy

    if factor == 1:
        return value
    if not factor:
        return sympy.S.Zero
    if value.is_Rational:
        return _number(factor) * value
    return sympy.Mul(_number(factor), value, evaluate=False)


def _number(q: Fraction) -> "sympy.Rational":
    import sympy

    return sympy.Rational(q.numerator, q.denominator)
