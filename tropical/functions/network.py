"""ReLU networks with exact rational parameters: evaluation and algebra, no geometry.

A network is x -> W_L s(... s(W_0 x + b_0) ...) + b_L where s acts on each unit as t -> right*t for t >= 0 and left*t
for t < 0: slopes (0, 1) are ReLU, (1, 1) the identity, (-1, 1) the absolute value, (a, 1) a leaky ReLU.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from numbers import Integral, Real
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat
from numpy.typing import ArrayLike, NDArray

from tropical.arguments import abbreviated, as_all, as_index, as_samples, as_sequence, require
from tropical.arithmetic.rationals import Matrix, Vector, as_fraction, as_vector, from_flint, to_flint
from tropical.functions.affine import AffineMap
from tropical.functions.float_evaluation import float_arrays, keep_floats
from tropical.functions.function import Algebra, V
from tropical.functions.layer import (
    IDENTITY,
    Layer,
    activations,
    affine_map_of,
    layer_from_arrays,
    preactivations,
    rows_along,
)
from tropical.notation import html_network, latex_network
from tropical.values import Value

Pattern = tuple[int, ...]

_SHOWN = 16  # widths written out by repr


@dataclass(frozen=True, repr=False)
class ReLUNetwork(Value):
    """A feed-forward network over Q.

    ``==`` and ``hash`` go by the parameters; ``equivalent`` decides whether two networks are the same function.

    >>> absolute = ReLUNetwork.from_arrays([[[1], [-1]], [[1, 1]]])
    >>> absolute(["-3/2"])
    (Fraction(3, 2),)

    Networks between the same spaces can be added, subtracted and scaled as functions, a number standing for a constant;
    ``f | g`` is the network x -> (f(x), g(x)). ``ValueError`` for other shapes.

    >>> line = ReLUNetwork.from_arrays([[[1]]])
    >>> relu = "1/2" * (line + absolute)
    >>> relu([3]), relu([-3]), (1 - relu)([3]), (relu | -line)([3])
    ((Fraction(3, 1),), (Fraction(0, 1),), (Fraction(-2, 1),), (Fraction(3, 1), Fraction(-3, 1)))
    """

    __array_ufunc__ = None  # so that NumPy's numbers leave arithmetic to the network

    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", as_all(self.layers, Layer, "layers", "layers"))
        if not self.layers:
            raise ValueError("a network needs at least one layer, got none")
        for index, (layer, following) in enumerate(zip(self.layers, self.layers[1:], strict=False)):
            if following.input_dim != layer.output_dim:
                raise ValueError(
                    f"layer {index + 1}: weight has shape {_shape(following)}, "
                    f"but layer {index} has shape {_shape(layer)}"
                )
        if any(pair != IDENTITY for pair in self.layers[-1].slopes):
            raise ValueError("the last layer is affine: all its slopes must be (1, 1)")

    @classmethod
    def from_arrays(
        cls,
        weights: Sequence[ArrayLike | Sequence[Sequence[Any]]],
        biases: Sequence[Any] | None = None,
        slopes: Sequence[Any] | None = None,
    ) -> "ReLUNetwork":
        """Build a network from one weight matrix (n_out, n_in) per layer; ReLU between layers, the last one affine.

        ``biases``: one vector (or None for 0) per layer. ``slopes``: one entry per hidden layer, each None (ReLU),
        a pair (left, right) for all its units, or one pair per unit. Floats are taken exactly. Raises ``ValueError``
        naming layer and shapes for ragged, empty, mismatched or non-finite arrays.

        >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])  # relu(x - y) + y
        >>> maximum([3, 5])
        (Fraction(5, 1),)
        """
        weights = as_sequence(weights, "weights", "matrices")
        if not weights:
            raise ValueError("a network needs at least one weight matrix, got none")
        biases = _one_per_layer(biases, len(weights), "biases", "layers")
        slopes = [*_one_per_layer(slopes, len(weights) - 1, "slopes", "hidden layers"), IDENTITY]
        layers = []
        for index, (weight, bias, pair) in enumerate(zip(weights, biases, slopes, strict=True)):
            layers.append(layer_from_arrays(weight, bias, pair, index))
            keep_floats(layers[-1], weight, bias)
        return cls(tuple(layers))

    @property
    def input_dim(self) -> int:
        """Number of inputs n."""
        return self.layers[0].input_dim

    @property
    def output_dim(self) -> int:
        """Number of outputs."""
        return self.layers[-1].output_dim

    @property
    def widths(self) -> tuple[int, ...]:
        """Number of units in each hidden layer."""
        return tuple(layer.output_dim for layer in self.layers[:-1])

    @cached_property
    def num_kinked(self) -> int:
        """Number of hidden units that can break linearity: the length of an activation pattern."""
        return sum(len(layer.kinked) for layer in self.layers[:-1])

    @cached_property
    def is_bias_free(self) -> bool:
        """Whether every bias is 0, so that the function is positively homogeneous."""
        return not any(any(layer.bias) for layer in self.layers)

    def __repr__(self) -> str:
        shape = (self.input_dim, *self.widths, self.output_dim)
        ends = [*map(str, shape[:_SHOWN]), "...", str(self.output_dim)] if len(shape) > _SHOWN else map(str, shape)
        return f"<ReLUNetwork {'-'.join(ends)}>"

    def _repr_html_(self) -> str:
        return html_network(self.input_dim, self.widths, self.output_dim, self.num_kinked)

    def _repr_latex_(self) -> str:
        layers = [(layer.weight, layer.bias) for layer in self.layers]
        return f"${latex_network(layers, [layer.slopes for layer in self.layers[:-1]])}$"

    def __call__(self, x: Iterable[Any]) -> Vector:
        """Exact value at one point: one Fraction per output."""
        return self.evaluate_exact([x])[0]

    values = __call__

    def evaluate_exact(self, points: Sequence[Iterable[Any]]) -> Matrix:
        """Exact values at rational points (n_points, n_in): one row of Fractions per point."""
        columns = self._columns(points)
        for layer, last in self._marked_layers():
            columns = preactivations(layer, columns)
            if not last:
                columns = activations(layer, columns)
        return from_flint(columns.transpose())

    def evaluate(self, X: ArrayLike) -> NDArray[np.float64]:
        """Float64 values, (n_samples, n_in) -> (n_samples, n_out), with parameters rounded to float64."""
        values = as_samples(X, self.input_dim)
        for layer, last in self._marked_layers():
            weight, bias, slopes = float_arrays(layer)
            values = values @ weight.T + bias
            if not last:
                values = np.where(values >= 0, values * slopes[:, 1], values * slopes[:, 0])
        return values

    def compose(self, inner: "AffineMap | ReLUNetwork") -> "ReLUNetwork":
        """The network x -> self(inner(x)); ``ValueError`` unless ``inner`` has ``input_dim`` outputs.

        >>> from tropical import AffineForm
        >>> absolute = ReLUNetwork.from_arrays([[[1], [-1]], [[1, 1]]])
        >>> absolute.compose(AffineMap((AffineForm([1, -1], 3),)))([2, 7])
        (Fraction(2, 1),)
        >>> absolute.compose(absolute - 5)([-3])
        (Fraction(2, 1),)
        """
        require(inner, (AffineMap, ReLUNetwork), "inner", "an AffineMap or a ReLUNetwork")
        if isinstance(inner, ReLUNetwork):
            *before, last = inner.layers
        else:
            gradients, constants = zip(*((form.gradient, form.constant) for form in inner.forms), strict=True)
            before, last = [], Layer(gradients, constants, (IDENTITY,) * len(inner.forms))
        if last.output_dim != self.input_dim:
            raise ValueError(
                f"inner must have {self.input_dim} outputs, the inputs of a network, got {last.output_dim}"
            )
        first = self.layers[0]
        linear = first.exact_weight * to_flint(last.weight, last.input_dim)
        constant = first.exact_weight * last.exact_bias
        bias = tuple(b + row[0] for b, row in zip(first.bias, from_flint(constant), strict=True))
        moved = replace(first, weight=from_flint(linear), bias=bias)
        return ReLUNetwork((*before, moved, *self.layers[1:]))

    def __or__(self, other: Any) -> "ReLUNetwork":
        return parallel(self, other) if isinstance(other, ReLUNetwork) else NotImplemented

    def __add__(self, other: Any) -> "ReLUNetwork":
        if not isinstance(other, ReLUNetwork):
            return _affine(self.output_dim, [1], other).compose(self) if _is_number(other) else NotImplemented
        shapes = [(f.input_dim, f.output_dim) for f in (self, other)]
        if shapes[0] != shapes[1]:
            raise ValueError(f"networks with (inputs, outputs) {shapes[0]} and {shapes[1]} cannot be added")
        return _affine(self.output_dim, [1, 1], 0).compose(parallel(self, other))

    __radd__ = __add__

    def __mul__(self, scalar: Any) -> "ReLUNetwork":
        return _affine(self.output_dim, [scalar], 0).compose(self) if _is_number(scalar) else NotImplemented

    __rmul__ = __mul__

    def __neg__(self) -> "ReLUNetwork":
        return self * -1

    def __sub__(self, other: Any) -> "ReLUNetwork":
        if not isinstance(other, ReLUNetwork):
            return self + -as_fraction(other, "scalar") if _is_number(other) else NotImplemented
        return self + -other

    def __rsub__(self, other: Any) -> "ReLUNetwork":
        return (-self).__add__(other)

    def gradients(self) -> Matrix:
        """The weights of the first layer, which span what the network sees of x."""
        return self.layers[0].weight

    def build(self, algebra: Algebra[V]) -> list[V]:
        """The outputs of the layers, in the algebra's values."""
        return algebra.layers(self.layers)

    def preactivations(self, x: Iterable[Any]) -> Matrix:
        """Exact preactivations at one point, one tuple per hidden layer."""
        columns, found = self._columns([x]), []
        for layer in self.layers[:-1]:
            columns = preactivations(layer, columns)
            found.append(tuple(row[0] for row in from_flint(columns)))
            columns = activations(layer, columns)
        return tuple(found)

    def activation_pattern(self, x: Iterable[Any]) -> Pattern:
        """Signs (-1, 0, 1) of the preactivations at ``x``, layer by layer; units with equal slopes have no entry.

        >>> ReLUNetwork.from_arrays([[[1], [-1]], [[1, 1]]]).activation_pattern([2])
        (1, -1)
        """
        values = zip(self.layers, self.preactivations(x), strict=False)
        return tuple(_sign(row[unit]) for layer, row in values for unit in layer.kinked)

    def affine_map(self, pattern: Sequence[int]) -> AffineMap:
        """Affine map that the network follows where the activation pattern is ``pattern``."""
        expected = self.num_kinked
        signs = tuple(map(int, as_all(pattern, Integral, "pattern", "signs")))  # NumPy's comparisons are no indices
        if len(signs) != expected or any(sign not in (-1, 0, 1) for sign in signs):
            raise ValueError(f"the pattern of this network has {expected} entries -1, 0 or 1, got {abbreviated(signs)}")
        *_, rows = rows_along(self.layers, self.input_dim, signs)
        return affine_map_of(rows)

    def jacobian(self, x: Iterable[Any]) -> Matrix:
        """Exact derivative at ``x``: one row per output.

        Raises ``ValueError`` where some unit's preactivation is 0 without being constant near ``x``: there the
        derivative may not exist.
        """
        pattern = self.activation_pattern(x)
        signs = iter(pattern)
        for index, rows in enumerate(rows_along(self.layers, self.input_dim, pattern)):
            if index < len(self.layers) - 1:
                for unit, sign in zip(self.layers[index].kinked, signs, strict=False):
                    if sign == 0 and any(q != 0 for q in rows.tolist()[unit]):
                        raise ValueError(f"x lies on a break: unit {unit} of layer {index} changes sign there")
        return tuple(row[1:] for row in from_flint(rows))

    def gradient(self, x: Iterable[Any]) -> Vector:
        """Exact gradient at ``x`` of a network with one output; errors as in :meth:`jacobian`.

        >>> ReLUNetwork.from_arrays([[[1], [-1]], [[1, 1]]]).gradient([-2])
        (Fraction(-1, 1),)
        """
        if self.output_dim != 1:
            raise ValueError(f"gradient needs one output, got {self.output_dim}: use output(i) or jacobian")
        return self.jacobian(x)[0]

    def output(self, index: int) -> "ReLUNetwork":
        """The scalar network x -> F_index(x)."""
        index = as_index(index, self.output_dim, "output")
        last = self.layers[-1]
        head = Layer((last.weight[index],), (last.bias[index],), (last.slopes[index],))
        return ReLUNetwork((*self.layers[:-1], head))

    def _columns(self, points: Sequence[Iterable[Any]]) -> fmpq_mat:
        rows = [as_vector(x, "x") for x in as_sequence(points, "points", "points")]
        for row in rows:
            if len(row) != self.input_dim:
                raise ValueError(f"x must have {self.input_dim} coordinates, got {len(row)}")
        return to_flint(rows, self.input_dim).transpose()

    def _marked_layers(self) -> list[tuple[Layer, bool]]:
        return [(layer, index == len(self.layers) - 1) for index, layer in enumerate(self.layers)]


def parallel(f: ReLUNetwork, g: ReLUNetwork) -> ReLUNetwork:
    """The network x -> (f(x), g(x)); the shallower one is deepened by identity units, which break nothing.

    >>> f, g = ReLUNetwork.from_arrays([[[1]], [[1]]]), ReLUNetwork.from_arrays([[[2]]])
    >>> parallel(f, g)([3]), parallel(f, g)([-3])
    ((Fraction(3, 1), Fraction(6, 1)), (Fraction(0, 1), Fraction(-6, 1)))
    """
    for net, where in ((f, "f"), (g, "g")):
        require(net, ReLUNetwork, where, "a ReLUNetwork")
    if f.input_dim != g.input_dim:
        raise ValueError(f"both networks must have the same inputs, got {f.input_dim} and {g.input_dim}")
    depth = max(len(f.layers), len(g.layers))
    pairs = zip(_deepened(f, depth), _deepened(g, depth), strict=True)
    return ReLUNetwork(tuple(_beside(a, b, shared_input=index == 0) for index, (a, b) in enumerate(pairs)))


def _affine(size: int, factors: Sequence[Any], shift: Any) -> ReLUNetwork:
    """(y_1, y_2, ...) -> sum_k factor_k y_k + shift in each of ``size`` coordinates."""
    scales, zero = [as_fraction(q, "scalar") for q in factors], Fraction(0)
    weight = tuple(tuple(q if i == j else zero for q in scales for j in range(size)) for i in range(size))
    return ReLUNetwork((Layer(weight, (as_fraction(shift, "scalar"),) * size, (IDENTITY,) * size),))


def _is_number(value: Any) -> bool:
    return isinstance(value, (Real, fmpq, str))


def _deepened(net: ReLUNetwork, depth: int) -> list[Layer]:
    size = net.output_dim
    identity = Layer(from_flint(_unit_matrix(size)), (Fraction(0),) * size, (IDENTITY,) * size)
    return [*net.layers, *[identity] * (depth - len(net.layers))]


def _beside(a: Layer, b: Layer, shared_input: bool) -> Layer:
    weight: Matrix
    if shared_input:
        weight = a.weight + b.weight
    else:
        after, before = (Fraction(0),) * b.input_dim, (Fraction(0),) * a.input_dim
        weight = tuple(row + after for row in a.weight) + tuple(before + row for row in b.weight)
    return Layer(weight, a.bias + b.bias, a.slopes + b.slopes)


def _unit_matrix(size: int) -> fmpq_mat:
    return fmpq_mat(size, size, [int(i == j) for i in range(size) for j in range(size)])


def _sign(q: Fraction) -> int:
    return (q > 0) - (q < 0)


def _shape(layer: Layer) -> tuple[int, int]:
    return (layer.output_dim, layer.input_dim)


def _one_per_layer(entries: Sequence[Any] | None, count: int, name: str, what: str) -> list[Any]:
    if entries is None:
        return [None] * count
    entries = list(as_sequence(entries, name, f"entries for {what}"))
    if len(entries) != count:
        raise ValueError(f"{name} must have one entry for each of the {count} {what}, got {len(entries)}")
    return entries
