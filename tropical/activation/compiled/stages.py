"""What a sweep cuts by, and when: first the cuts of its start, then the units of one layer after the other."""

import functools
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tropical.activation.compiled.float_layers import (
    CuttingUnits,
    Floats,
    float_layers,
    nonzero_entries,
)
from tropical.activation.compiled.kernels.composition import compose_rows
from tropical.activation.compiled.kernels.skeleton import Skeleton, shift_of
from tropical.activation.compiled.kernels.values import layer_values, row_values
from tropical.activation.patterns import SignLayout, Words
from tropical.functions.float_evaluation import once_per_object
from tropical.functions.network import ReLUNetwork

_BLOCK = 1 << 10  # vertices at which rows are composed at once
_MANY = 24  # times as many inputs as coordinates make it dearer to pass on values than to compose rows
_STEEP = 1e-7  # least bound of a weight that is not 0, so that no product of errors underflows


class LayerArrays(NamedTuple):
    """Arguments of ``layer_values``: units in the order of their stage, those that cut first."""

    gate: NDArray[np.int64]
    masks: NDArray[np.uint64]
    weight: Floats
    steep: NDArray[np.float32]
    bias: Floats
    clear: Floats
    put: Floats
    sizes: Floats
    integral: bool


class Stages:
    """Stage 0 cuts a start down to the domain, by ``cuts`` of them; stage l + 1 cuts by layer l, by so many ``bits``.

    ``first_bit`` says where the signs of each stage begin, and where the last ones end; those of the network's units
    begin with a new word, ``cut_words``. ``cuttings`` are the units that cut, by bits; in the first layer the ``axes``
    of the start come first, in an order that ``turned`` describes, None if it is that of the units. ``orders`` are all
    units of each layer, those first that cut.
    """

    def __init__(self, net: ReLUNetwork, cuts: int, axes: tuple[int, ...]) -> None:
        self.net = net
        self.first, self.layers = float_layers(net)
        own = self.first.cutting
        first = own.column[list(axes)].astype(np.int64)
        others = np.ones(len(own.units), np.bool_)
        others[first] = False
        turned = np.concatenate([first, np.flatnonzero(others)])
        self.turned = None if np.array_equal(turned, np.arange(len(turned))) else turned
        self.cuttings = [own if self.turned is None else _turned(own, turned), *(y.cutting for y in self.layers)]
        self.orders = [_order(c, layer.output_dim) for c, layer in zip(self.cuttings, net.layers, strict=False)]
        self.bits = [cuts, *(len(cutting.units) for cutting in self.cuttings)]
        self.cut_words = -(-cuts // 64)
        self.first_bit: list[int] = [0, *(64 * self.cut_words + np.cumsum([0, *self.bits[1:]])).tolist()]
        self.words: int = max(-(-self.first_bit[-1] // 64), 1)

    @classmethod
    def of(cls, net: ReLUNetwork, cuts: int, axes: tuple[int, ...]) -> "Stages":
        """The same, those of the last sweep of the network if they were like these."""
        kept = _kept(net)
        found = kept.get((cuts, axes))
        if found is None:
            found = cls(net, cuts, axes)
            kept.clear()
            kept[cuts, axes] = found
        return found

    def stage_of(self, place: int) -> tuple[int, int]:
        """The stage of a bit, and its number there."""
        stage = max(i for i in range(len(self.bits)) if self.first_bit[i] <= place)
        return stage, place - self.first_bit[stage]

    @functools.cached_property
    def rigid(self) -> int:
        """So many bits at the beginning have rows that are not 0: those of cuts, and in general of the first layer."""
        layer = self.net.layers[0]
        fixed = all(layer.bias[unit] or any(layer.weight[unit]) for unit in self.cuttings[0].units.tolist())
        return self.first_bit[2 if fixed else 1]

    @functools.cached_property
    def layouts(self) -> list[SignLayout]:
        """Where the first 0, 1, 2, ... layers find their signs in words from ``cut_words`` on."""
        return [_dense(self.cuttings[:depth]) for depth in range(len(self.cuttings) + 1)]

    @functools.cached_property
    def found_layout(self) -> SignLayout:
        """The same for all layers, the bits of the first one in the order of its units."""
        return _dense([self.first.cutting, *self.cuttings[1:]])

    @property
    def hidden_layout(self) -> SignLayout:
        """The same for all layers but the last."""
        return _dense([self.first.cutting, *self.cuttings[1:]][:-1])

    def scale(self, stage: int) -> tuple[Fraction, bool]:
        """The factor of the values at a stage from 2 on, and whether they are integers on integer points."""
        layer = self.layers[stage - 2]
        return layer.scale, layer.integral

    @functools.cached_property
    def rows(self) -> tuple[Floats, Floats]:
        """For the units of the first layer that cut, rows for (x, x_0), and errors of their constants and gradients."""
        table, errors = self.first.cut
        return homogeneous(*(a if self.turned is None else a[:, :, self.turned] for a in (table, errors)))

    @functools.cached_property
    def first_arrays(self) -> LayerArrays:
        """The first layer as one whose inputs are the coordinates."""
        table, order, inputs = self.first.before[0][0], self.orders[0], self.net.input_dim
        ones, none = np.ones(inputs), np.zeros(inputs, np.int64)
        nonzero = nonzero_entries(self.net.layers[0])[:, order]
        return _arrays(
            none, none.astype(np.uint64), table[1:, order], table[0, order], nonzero, ones, ones, self.first.integral
        )

    @functools.cached_property
    def arrays(self) -> list[LayerArrays | None]:
        """The layers of the stages from 2 on; None where floats do not represent one."""
        return [self._arrays(stage) for stage in range(2, len(self.bits))]

    def composed(
        self, depth: int, parent: NDArray[np.int64], words: Words, rows: Floats, errors: Floats
    ) -> tuple[Floats, Floats]:
        """Rows (cells, n + 1, units) and errors (cells, 2, units) of a layer from 1 on, on cells with these signs.

        ``rows`` and ``errors`` are those of the layer before, which cell i has at parent[i].
        """
        layer, (column, mask) = self.layers[depth - 1], self._gates[depth - 1]
        found = np.empty((len(words), rows.shape[1], len(layer.bias))), np.empty((len(words), 2, len(layer.bias)))
        compose_rows(
            0, parent, words & mask, column, rows, errors, layer.weight, layer.bias, layer.clear, layer.put,
            *layer.sizes, layer.integral, *found,
        )  # fmt: skip
        return found

    @property
    def composes(self) -> bool:
        """Whether to compose the rows of the layer after the first: it has many inputs, and they are not integers."""
        return self.bits[1] >= _MANY * (self.net.input_dim + 1) and not self.layers[0].integral

    @functools.cached_property
    def _gates(self) -> list[tuple[NDArray[np.int64], Words]]:
        """For each layer the bit of each of its units, -1 if it has none, and a mask of these bits."""
        found = []
        for cutting, (first, end) in zip(self.cuttings, pairwise(self.first_bit[1:]), strict=True):
            places = np.where(cutting.column >= 0, cutting.column + first, -1)
            found.append((places, bit_mask(first, end, self.words)))
        return found

    def _arrays(self, stage: int) -> LayerArrays | None:
        layer = self.layers[stage - 2]
        if not layer.representable:
            return None
        inputs, units = self.orders[stage - 2], self.orders[stage - 1]
        places = self._gates[stage - 2][0][inputs]
        masks = np.where(places >= 0, np.uint64(1) << (63 - (places & 63)).astype(np.uint64), np.uint64(0))
        nonzero = nonzero_entries(self.net.layers[stage - 1])[np.append(inputs, len(inputs))][:, units]
        return _arrays(
            np.maximum(places, 0) >> 6, masks, layer.weight[inputs][:, units], layer.bias[units], nonzero,
            layer.clear[inputs], layer.put[inputs], layer.integral,
        )  # fmt: skip


def evaluate(arrays: LayerArrays, sk: Skeleton, count: int, extra: int) -> None:
    """Put the values of a layer's units in the place of those of its inputs, at the first vertices."""
    inputs = len(arrays.weight)
    work = np.empty(inputs, np.uint64), np.empty(inputs), np.empty(inputs, np.float32)
    layer_values(count, *arrays, np.uint64(extra), sk, np.uint64(shift_of(sk)), *work)


def evaluate_composed(stages: Stages, sk: Skeleton, count: int, extra: int) -> None:
    """The same for the layer of stage 2, from coordinates: its rows differ little from cell to cell."""
    words, order = sk.signs[:count], stages.orders[1]
    turn, work = np.lexsort(words.T[::-1]), np.empty((2, stages.net.input_dim + 1))
    in_order = np.array_equal(order, np.arange(len(order)))
    for begin in range(0, count, _BLOCK):
        some = turn[begin : begin + _BLOCK]
        rows, errors = stages.composed(1, np.zeros(len(some), np.int64), words[some], *stages.first.before)
        if not in_order:
            rows, errors = rows[:, :, order], errors[:, :, order]
        row_values(some, rows, errors, np.uint64(extra), sk, np.uint64(shift_of(sk)), *work)


def bit_mask(begin: int, end: int, words: int) -> Words:
    """The bits begin:end of a pattern of so many words."""
    bits = np.arange(64 * words)
    return np.packbits((begin <= bits) & (bits < end)).view(">u8").astype(np.uint64)


def homogeneous(table: Floats, errors: Floats) -> tuple[Floats, Floats]:
    """Rows for (x, x_0) and errors of their constants and gradients, from arrays as in ``FirstLayer``."""
    return np.concatenate([table[0, 1:], table[0, :1]]).T.copy(), errors[0].T.copy()


def _arrays(
    gate: NDArray[np.int64],
    masks: NDArray[np.uint64],
    weight: Floats,
    bias: Floats,
    nonzero: NDArray[np.bool_],
    clear: Floats,
    put: Floats,
    integral: bool,
) -> LayerArrays:
    sizes = np.ascontiguousarray(np.abs(np.concatenate([weight, bias[None]])))
    with np.errstate(over="ignore"):  # an infinite bound leaves no sign sure
        steep = np.where(nonzero, np.maximum(sizes, _STEEP) * 1.000001, 0).astype(np.float32, order="C")
    return LayerArrays(
        gate, masks, np.ascontiguousarray(weight), steep, bias, clear, put, sizes.max(axis=1, initial=0), integral
    )


@once_per_object
def _kept(net: ReLUNetwork) -> dict[tuple[int, tuple[int, ...]], Stages]:
    """Stages by cuts and axes."""
    return {}


def _turned(cutting: CuttingUnits, order: NDArray[np.int64]) -> CuttingUnits:
    """The same units with their bits in another order."""
    inverse = np.argsort(order)
    layout = replace(cutting.layout, bit=inverse[cutting.layout.bit])
    column = np.where(cutting.column >= 0, inverse[cutting.column], -1)
    return replace(cutting, units=cutting.units[order], kinked=cutting.kinked[order], column=column, layout=layout)


def _order(cutting: CuttingUnits, units: int) -> NDArray[np.int64]:
    """All units of a layer, those that cut first."""
    others = np.ones(units, np.bool_)
    others[cutting.units] = False
    return np.concatenate([cutting.units, np.flatnonzero(others)])


def _dense(cuttings: list[CuttingUnits]) -> SignLayout:
    """Where the kinked units of layers find their signs, if the bits of the layers stand one behind the other."""
    begins = np.cumsum([0, *(len(cutting.units) for cutting in cuttings)])
    none = SignLayout.plain(0)
    bits = [none.bit, *(c.layout.bit + begin for c, begin in zip(cuttings, begins, strict=False))]
    factors = [none.factor, *(cutting.layout.factor for cutting in cuttings)]
    return SignLayout(np.concatenate(bits), np.concatenate(factors), -(-int(begins[-1]) // 64))
