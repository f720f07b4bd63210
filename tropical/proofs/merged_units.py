"""Two networks with their units merged: what is left of g - f, and whether that says already how they compare."""

from dataclasses import dataclass
from functools import cached_property

from flint import fmpq

from tropical.forms.construction import wires
from tropical.functions.circuit import Circuit, Wire
from tropical.functions.network import ReLUNetwork


@dataclass(frozen=True, eq=False)
class MergedPair:
    """g - f as forms in units of which none is a multiple of another one or reads a value of known sign.

    Copies of a network with permuted, rescaled, split, doubled or cancelling units, with constant ones, or with layers
    that pass values on, have g - f = 0 as forms. On R^n two networks of one hidden layer are equal only then.

    >>> x, y = (ReLUNetwork.from_arrays([[[w]], [[v]]]) for w, v in ((1, 2), (4, "1/2")))
    >>> MergedPair(x, y).shows_equality
    True
    """

    f: ReLUNetwork
    g: ReLUNetwork

    @cached_property
    def _circuit(self) -> Circuit:
        return Circuit(self.f.input_dim)

    @cached_property
    def _differences(self) -> list[Wire]:
        ours, theirs = (wires(self._circuit, net) for net in (self.f, self.g))
        return [b - a for a, b in zip(ours, theirs, strict=True)]

    @property
    def shows_equality(self) -> bool:
        """Whether g - f is 0, all terms being cancelled."""
        return not any(self._differences)

    @property
    def shows_order(self) -> bool:
        """Whether g - f is a sum of what is nowhere negative."""
        return all(self._circuit.sign(value) == 1 for value in self._differences)

    @cached_property
    def difference(self) -> ReLUNetwork:
        """The network of g - f, of the units that do not cancel."""
        return self._circuit.network(self._differences)

    @property
    def zero(self) -> ReLUNetwork:
        """The network 0, with as many inputs and outputs."""
        return Circuit(self.f.input_dim).network([fmpq(0)] * self.f.output_dim)

    @property
    def is_smaller(self) -> bool:
        """Whether some units of f or g are not in :attr:`difference`."""
        return self.difference.num_kinked < self.f.num_kinked + self.g.num_kinked
