"""From sympy: continuous piecewise-linear expressions as networks, built from the objects and never from text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import islice, product
from operator import add, mul
from typing import TYPE_CHECKING, Any

from flint import fmpq

from tropical.budget import Budget, Meter, Progress
from tropical.conversion.branches import (
    Branches,
    Condition,
    Constant,
    Discontinuous,
    Junction,
    Negation,
    Sign,
    piecewise_value,
)
from tropical.conversion.expressions import checked_symbols
from tropical.forms.construction import maximum, minimum
from tropical.functions.circuit import Affine, Circuit, Wire
from tropical.functions.network import ReLUNetwork

if TYPE_CHECKING:
    import sympy

_ABSOLUTE = (Fraction(-1), Fraction(1))
_LONGEST = 1 << 16  # bits of a binary exponent taken exactly; Python's floats stay below 1075
_SHOWN = 40  # nodes of an expression that an error message writes out


def from_sympy(
    expr: Any, symbols: "Iterable[sympy.Symbol]", budget: Budget | None = None, progress: Progress | None = None
) -> ReLUNetwork:
    """Return a network that equals a continuous piecewise-linear sympy expression on all of R^n, exactly.

    ``expr`` is one expression or a sequence of them, one for each output, made of ``symbols`` (the inputs, in this
    order), rational numbers, Floats (the dyadic rationals that they are), Add, Mul with at most one factor that is not
    a number, Max, Min, Abs, and Piecewise with comparisons of such expressions joined by And, Or, Not and ITE. Equal
    subexpressions are computed once; the depth follows the nesting of Max, Min and Abs. Heaviside, sign and a Piecewise
    that jumps may stand in sums and products that are continuous, as x*Heaviside(x) is. Cases are checked on every face
    of every cell that their conditions cut out, and become a max-min form; ``budget`` limits these.
    Raises ``ValueError`` naming the subexpression for anything else, giving a rational point where it is discontinuous
    or no condition of a Piecewise holds, and :class:`BudgetExhausted`.

    >>> from sympy import Abs, Max, Piecewise, Rational
    >>> from sympy.abc import x, y
    >>> net = from_sympy(Max(x, y) - Abs(x) / 2 + Rational(1, 3), [x, y])
    >>> net([-2, 1]), net.widths
    ((Fraction(1, 3),), (3,))
    >>> from sympy import Heaviside
    >>> from_sympy((x - y) * Heaviside(x - y), [x, y])([5, 3])
    (Fraction(2, 1),)
    >>> from_sympy(Piecewise((x, x > 0), (1, True)), [x])
    Traceback (most recent call last):
    ValueError: Piecewise((x, x > 0), (1, True)) is not continuous at (0): it is 1 there and tends to 0
    """
    import sympy

    names = checked_symbols(symbols, None)
    expressions = tuple(expr) if isinstance(expr, list | tuple | sympy.Tuple) else (expr,)
    if not expressions:
        raise ValueError("a network needs at least one output, got no expressions")
    for each in expressions:
        if not isinstance(each, sympy.Expr):
            raise ValueError(f"a sympy expression is needed, got an object of type {type(each).__name__}")
    reader = _Reader(names, Meter(budget, progress))
    try:
        outputs = [reader.value(expression) for expression in expressions]
    except Discontinuous as error:
        raise ValueError(str(error)) from None
    except RecursionError:  # sympy walks expressions recursively, to hash and to compare them
        raise ValueError("the expression is nested too deeply for sympy, which walks it recursively") from None
    return reader.circuit.network(outputs)


@dataclass(frozen=True)
class _Cases:
    """A value given by branches, which may jump: whether it does is not known yet, or not told."""

    branches: Branches


class _Reader:
    """Turns expressions into values of one circuit, each distinct subexpression once and without recursion."""

    def __init__(self, names: "Sequence[sympy.Symbol]", meter: Meter) -> None:
        self.circuit = Circuit(len(names))
        self.meter = meter
        self._values: dict[Any, Wire | _Cases] = {name: self.circuit.input(i) for i, name in enumerate(names)}

    def value(self, root: Any) -> Wire:
        """The value of an expression; ``ValueError`` if it is not piecewise linear."""
        pending = [root]
        while pending:
            node = pending[-1]
            if node in self._values:
                pending.pop()
                continue
            missing = [operand for operand in _operands(node) if operand not in self._values]
            pending += missing
            if not missing:
                self.meter.check_time()
                self._values[node] = self._combined(node)
        return self._wire(root)

    def _wire(self, node: Any) -> Wire:
        """The value of an expression as a continuous one; ``ValueError`` if it jumps."""
        found = self._values[node]
        if isinstance(found, _Cases):
            found = piecewise_value(self.circuit, found.branches, _shown(node), self.meter)
            self._values[node] = found
        return found

    def _branches(self, node: Any) -> Branches:
        found = self._values[node]
        return found.branches if isinstance(found, _Cases) else [(found, Constant(True))]

    def _combined(self, node: Any) -> Wire | _Cases:
        """The value of an expression whose operands have theirs."""
        import sympy

        if isinstance(node, sympy.Piecewise):
            pairs = [(self._branches(value), self._condition(condition)) for value, condition in node.args]
            return self._joined(node, [(wire, _both(own, c)) for branches, c in pairs for wire, own in branches])
        if isinstance(node, sympy.Heaviside | sympy.sign):
            at_zero = node.args[1] if isinstance(node, sympy.Heaviside) else sympy.S.Zero
            below = 0 if isinstance(node, sympy.Heaviside) else -1
            cases = ((fmpq(1), 1), (_constant(at_zero, node), 0), (fmpq(below), -1))
            argument = self._wire(node.args[0])
            return _Cases([(level, Sign(argument, frozenset({sign}))) for level, sign in cases])
        operands = _operands(node)
        if isinstance(node, sympy.Add | sympy.Mul) and any(isinstance(self._values[o], _Cases) for o in operands):
            return self._of_cases(node, operands)
        values = [self._wire(operand) for operand in operands]
        match node:
            case sympy.Add():
                return reduce(add, values)
            case sympy.Mul():
                return _product(values, node)
            case sympy.Pow():
                return _product([_inverse(values[0], node)], node)
            case sympy.Max():
                return maximum(self.circuit, values)
            case sympy.Min():
                return minimum(self.circuit, values)
            case sympy.Abs():
                return self.circuit.unit(values[0], _ABSOLUTE)
        return _rational(node)

    def _of_cases(self, node: Any, operands: Sequence[Any]) -> Wire | _Cases:
        """A sum or a product of which some operand may jump; sums wait for what they are added to or multiplied by."""
        import sympy

        is_sum = isinstance(node, sympy.Add)
        found = []
        for chosen in product(*map(self._branches, operands)):
            self.meter.check_time()
            wires, conditions = zip(*chosen, strict=True)
            found.append((reduce(add, wires) if is_sum else _product(wires, node), reduce(_both, conditions)))
        return _Cases(found) if is_sum else self._joined(node, found)

    def _joined(self, node: Any, branches: Branches) -> Wire | _Cases:
        """The value of branches, if they fit together; else they wait."""
        try:
            return piecewise_value(self.circuit, branches, _shown(node), self.meter)
        except Discontinuous:
            return _Cases(branches)

    def _condition(self, node: Any) -> Condition:
        import sympy

        match node:
            case sympy.And() | sympy.Or():
                return Junction(tuple(map(self._condition, node.args)), isinstance(node, sympy.And))
            case sympy.Not():
                return Negation(self._condition(node.args[0]))
            case sympy.ITE():
                test, then, otherwise = map(self._condition, node.args)
                both = (Junction((test, then), True), Junction((Negation(test), otherwise), True))
                return Junction(both, False)
            case sympy.logic.boolalg.BooleanAtom():
                return Constant(bool(node))
        return Sign(self._wire(node.lhs) - self._wire(node.rhs), _allowed_signs(node))


def _both(one: Condition, other: Condition) -> Condition:
    for known, rest in ((one, other), (other, one)):
        if isinstance(known, Constant):
            return rest if known.truth else known
    return Junction((one, other), True)


def _operands(node: Any) -> Sequence[Any]:
    """The subexpressions that the value of ``node`` is made of."""
    import sympy

    if isinstance(node, sympy.Piecewise):
        return [part for value, condition in node.args for part in (value, *_compared(condition))]
    if isinstance(node, sympy.Add | sympy.Mul | sympy.Max | sympy.Min | sympy.Abs):
        return tuple(node.args)
    if isinstance(node, sympy.Heaviside | sympy.sign):
        return (node.args[0],)
    if isinstance(node, sympy.Pow) and node.exp == -1:
        return (node.base,)
    if isinstance(node, sympy.Rational | sympy.Float):
        return ()
    if isinstance(node, sympy.Symbol):
        raise ValueError(f"the symbol {node} is not among the inputs")
    raise ValueError(f"{_shown(node)} is not a piecewise-linear expression with rational numbers")


def _compared(condition: Any) -> Iterable[Any]:
    """Both sides of every comparison in a condition."""
    import sympy

    pending = [condition]
    while pending:
        node = pending.pop()
        if isinstance(node, sympy.And | sympy.Or | sympy.Not | sympy.ITE):
            pending += node.args
        elif isinstance(node, sympy.core.relational.Relational):
            yield from (node.lhs, node.rhs)
        elif not isinstance(node, sympy.logic.boolalg.BooleanAtom):
            raise ValueError(f"{_shown(node)} is not a condition made of comparisons, And, Or, Not and ITE")


def _allowed_signs(node: Any) -> frozenset[int]:
    """The signs of lhs - rhs for which a comparison holds."""
    import sympy

    signs = {sympy.Gt: {1}, sympy.Ge: {0, 1}, sympy.Lt: {-1}, sympy.Le: {-1, 0}, sympy.Eq: {0}, sympy.Ne: {-1, 1}}
    return frozenset(signs[type(node)])


def _product(values: Sequence[Wire], node: Any) -> Wire:
    if sum(isinstance(value, Affine) for value in values) > 1:
        raise ValueError(f"{_shown(node)} is not linear: it multiplies two expressions that are not numbers")
    return reduce(mul, values)


def _inverse(value: Wire, node: Any) -> Wire:
    if isinstance(value, Affine) or not value:
        raise ValueError(f"{_shown(node)} divides by {'an expression' if isinstance(value, Affine) else '0'}")
    return 1 / value


def _constant(number: Any, node: Any) -> fmpq:
    """The value of Heaviside at 0."""
    if not number.is_Rational and not number.is_Float:
        raise ValueError(f"{_shown(node)} must have a rational number as its value at 0, got {number}")
    return _rational(number)


def _rational(number: Any) -> fmpq:
    """A sympy Rational or Float, exactly."""
    import sympy

    if isinstance(number, sympy.Float):
        exponent = number.num.man_exp[1]
        if abs(exponent) > _LONGEST:
            raise ValueError(f"a Float with the binary exponent {exponent} is beyond what is taken exactly")
        number = sympy.Rational(number)
    return fmpq(int(number.p), int(number.q))


def _shown(node: Any) -> str:
    """The text of an expression, or its kind if that would be long."""
    import sympy

    short = sum(1 for _ in islice(sympy.preorder_traversal(node), _SHOWN)) < _SHOWN
    return str(node) if short else f"a subexpression {type(node).__name__}(...)"
