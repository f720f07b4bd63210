"""Computation graphs of tensors, lowered to layers by way of a piecewise-linear circuit.

A tensor is a NumPy array of objects, the values of a :class:`~tropical.functions.circuit.Circuit`: numbers (``fmpq``),
or :class:`~tropical.functions.circuit.Affine` forms. Skip connections, concatenations and residual sums come out by
themselves. A truth value is 0 or 1, or a :class:`Positive` where it depends on the input.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from tropical.arithmetic.rationals import as_flint, as_fraction
from tropical.functions.circuit import Affine, Circuit
from tropical.functions.layer import RELU, Slopes
from tropical.functions.network import ReLUNetwork

MAX_TERMS = 1 << 22
"""Most coefficients (of 64 bits each) computed while a graph is lowered."""
MAX_WEIGHTS = 1 << 24
"""Most entries, zeros included, in the weight matrices of the lowered network."""
MAX_ELEMENTS = 1 << 20
"""Most elements in one tensor."""

Tensor: TypeAlias = NDArray[Any]
_ZERO, _ONE = fmpq(0), fmpq(1)
_JUMPS = "a comparison that depends on the input jumps: it can only select one of two values"


def tensor(values: Sequence[Any], shape: Sequence[int]) -> Tensor:
    """The values, in C order, as an array of objects of the given shape."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array.reshape(tuple(shape))


def mapped(function: Callable[[Any], Any], values: Tensor) -> Tensor:
    """The tensor of the function's values."""
    return tensor([function(value) for value in values.flat], values.shape)


def is_constant(values: Tensor) -> bool:
    """Whether no element depends on the input."""
    return all(isinstance(value, fmpq) for value in values.flat)


@dataclass(frozen=True)
class Positive:
    """Whether a form is positive. On its zeros it may be either: it only ever selects where both choices agree there.

    It is no number: sums and products of it are refused.
    """

    form: Affine

    def _refuse(self, *_: Any) -> NoReturn:
        raise ValueError(_JUMPS)

    __add__ = __radd__ = __sub__ = __rsub__ = __truediv__ = __rtruediv__ = __mul__ = __rmul__ = _refuse
    __neg__ = __bool__ = height_bits = _refuse


def _division(value: Any, form: Affine) -> tuple[fmpq, Any]:
    """(q, r) with value = q * form + r; r is a number if the value is a multiple of the form but for a constant."""
    if not isinstance(value, Affine):
        return _ZERO, value
    signal = min(form.terms)
    factor = value.terms.get(signal, _ZERO) / form.terms[signal]
    return factor, value - factor * form


class Graph:
    """The sources of one computation: ``inputs`` numbers, then its units in the order in which they were made.

    >>> graph = Graph(2)
    >>> x, y = graph.inputs((2,))
    >>> net = graph.network(tensor([y + graph.kink(x - y)], (1,)))  # max(x, y)
    >>> net.widths, net.layers[0].slopes[1] == (1, 1), net([3, 5])
    ((2,), True, (Fraction(5, 1),))
    """

    def __init__(self, inputs: int) -> None:
        if not 1 <= inputs <= MAX_ELEMENTS:
            raise ValueError(f"the input must have between 1 and {MAX_ELEMENTS} coordinates, got {inputs}")
        self._circuit = Circuit(inputs)
        self._kinks: dict[Affine, Affine] = {}
        self._made: dict[int, tuple[Any, Slopes]] = {}
        self._words = 0

    def inputs(self, shape: Sequence[int]) -> Tensor:
        """The inputs as a tensor."""
        return tensor([self._circuit.input(i) for i in range(self._circuit.input_dim)], shape)

    def count(self, values: Tensor) -> Tensor:
        """The same values, their terms added to those computed so far; ``ValueError`` beyond ``MAX_TERMS``."""
        for value in values.flat:
            self.count_one(value)
        return values

    def count_one(self, value: Any) -> Any:
        """As :meth:`count`, of one number or form."""
        if isinstance(value, Affine):
            self._words += sum(1 + (q.height_bits() >> 6) for q in value.terms.values())
            value_bits = value.constant.height_bits()
        else:
            value_bits = value.height_bits()
        self._words += 1 + (value_bits >> 6)
        if self._words > MAX_TERMS:
            raise ValueError(f"the graph needs more than {MAX_TERMS} coefficients of 64 bits")
        return value

    def unit(self, values: Tensor, left: Any, right: Any = _ONE) -> Tensor:
        """One unit of slopes (left, right) for each value, all in one layer; constant tensors give constants.

        A unit whose slopes agree is a multiple. Every other stays a unit, also where it is constant or nothing will
        read it, so that a plain network is lowered to itself.
        """
        if any(isinstance(value, Positive) for value in values.flat):
            raise ValueError(_JUMPS)
        pairs = zip(np.broadcast_to(left, values.shape).flat, np.broadcast_to(right, values.shape).flat, strict=True)
        if is_constant(values):
            return tensor([v * (r if v >= 0 else s) for v, (s, r) in zip(values.flat, pairs, strict=True)],
                          values.shape)  # fmt: skip
        level = 1 + self._circuit.level(*values.flat)
        made = [v * r if s == r else self._add(v, (as_fraction(s), as_fraction(r)), level)
                for v, (s, r) in zip(values.flat, pairs, strict=True)]  # fmt: skip
        return self.count(tensor(made, values.shape))

    def kink(self, value: Any) -> Any:
        """relu(value), the unit being shared by equal values; a number for a number.

        Multiples get units of their own: their ratios, as new weights, would mostly be no floats.
        """
        if not isinstance(value, Affine):
            return max(value, _ZERO)
        made = self._kinks.get(value)
        if made is None:
            made = self._kinks[value] = self._add(self.count_one(value), RELU)
        return made

    def _add(self, value: Any, slopes: Slopes, level: int | None = None) -> Affine:
        made = self._circuit.add(value, slopes, level)
        self._made[min(made.terms)] = value, slopes
        return made

    def select(self, condition: Any, first: Any, second: Any) -> Any:
        """``first`` where the condition holds, else ``second``; ``ValueError`` unless they agree where it changes.

        They do if their difference is a multiple of the compared form on one side of its zeros: then one kink adds it.
        """
        if not isinstance(condition, Positive):
            return first if condition else second
        for form, there, other in ((condition.form, first, second), (condition.form.scaled(-_ONE), second, first)):
            difference = there - other
            for left in (difference, self._beyond(difference, form)):
                factor, rest = _division(left, form)
                if rest == 0:
                    return self.count_one(other + factor * self.kink(form))
        raise ValueError("the two choices are not seen to agree where the condition changes: the value may jump there")

    def _beyond(self, value: Any, form: Affine) -> Any:
        """The value where ``form`` is at least 0: units that keep one sign there are their pieces."""
        signals = value.terms.items() if isinstance(value, Affine) else ()
        for signal, factor in list(signals):
            argument, slopes = self._made.get(signal, (form - _ONE, RELU))  # the sign of an input may change
            slope, rest = _division(argument, form)
            if isinstance(rest, fmpq) and slope * rest >= 0:
                left, right = map(as_flint, slopes)
                piece = argument * (right if slope + rest >= 0 else left)
                value = value + factor * (piece - Affine(_ZERO, {signal: _ONE}))
        return value

    def network(self, outputs: Tensor) -> ReLUNetwork:
        """The network of all inputs and units whose outputs are these values, in C order."""
        if not outputs.size:
            raise ValueError("the graph has no output: its last tensor is empty")
        if any(isinstance(value, Positive) for value in outputs.flat):
            raise ValueError("an output is a comparison, which is no piecewise-linear function")
        return self._circuit.network(list(outputs.flat), all_units=True, limit=MAX_WEIGHTS)
