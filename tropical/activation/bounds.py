"""Upper bounds on the number of activation regions, from the shape and the ranks of the layers alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import comb

from tropical.arithmetic.rationals import primitive, rank
from tropical.functions.layer import Layer
from tropical.functions.network import ReLUNetwork


@dataclass(frozen=True)
class RegionBounds:
    """Upper bounds on the number of full-dimensional activation regions of a network, on R^n or any domain in it.

    ``patterns``: 2 to the number of kinked units. ``zaslavsky``: None unless there is exactly one hidden layer.
    ``serra`` <= ``montufar`` <= ``patterns``; see :func:`region_bounds`.
    """

    patterns: int
    zaslavsky: int | None
    montufar: int
    serra: int


def region_bounds(net: ReLUNetwork) -> RegionBounds:
    """Bound the number of activation regions of a network of two-slope units; tight for generic shallow ones.

    Let layer l = 0, ..., L - 1 have m_l hyperplanes: its kinked units with weights that are not all 0, counted once
    where (bias, weight) are proportional. Write A(m, d) = sum_{j=0}^{min(m, d)} C(m, j).

    - Zaslavsky (1975): m hyperplanes whose normals have rank r divide R^n into at most A(m, r) regions, with equality
      in general position.
    - Montúfar (2017, Notes on the number of linear regions of deep neural networks): prod_l A(m_l, d_l), here with
      d_l = min(rank W_0, ..., rank W_l) for the minimum of the widths: on each region of the layers before, the inputs
      of layer l are an affine image of x whose dimension, followed by W_l, is at most that.
    - Serra, Tjandraatmadja and Ramalingam (2018, Bounding and counting linear regions of deep neural networks,
      Theorem 1), by the recursion R_L = 1, R_l(d) = sum_i c_i R_{l+1}(min(d', s_l - i)) with d' = min(d, rank W_l):
      i units have slope 0 on the region, s_l have a slope that is not 0 on either side, and what passes on has at most
      the dimension of the rest. At most p_i = C(k, i) 2^q patterns make i units flat, where k kinked units have a
      flat side and q have none. As R_{l+1} does not decrease in d, the worst case fills A(m_l, d') regions from i = 0
      upwards: c_i = min(p_i, A(m_l, d') - c_0 - ... - c_{i-1}). For ReLU units alone c_i = C(m_l, i), i <= d', the
      theorem as published, with ranks for the minimum of the widths.

    >>> region_bounds(ReLUNetwork.from_arrays([[[1, 0], [0, 1], [1, 1]], [[1, -1, 1], [1, 1, 2]], [[1, 1]]]))
    RegionBounds(patterns=32, zaslavsky=None, montufar=28, serra=25)
    """
    hidden = [_Shape.of(layer) for layer in net.layers[:-1]]
    patterns, montufar, dim = 1, 1, net.input_dim
    for shape in hidden:
        dim = min(dim, shape.rank)
        patterns *= 2**shape.kinked
        montufar *= arrangement_regions(shape.hyperplanes, dim)
    zaslavsky = montufar if len(hidden) == 1 else None
    return RegionBounds(patterns, zaslavsky, montufar, _serra(hidden, net.input_dim))


def arrangement_regions(hyperplanes: int, dim: int) -> int:
    """The largest number of regions of so many affine hyperplanes in R^dim: sum_{j=0}^{dim} C(hyperplanes, j).

    >>> [arrangement_regions(3, dim) for dim in range(5)]
    [1, 4, 7, 8, 8]
    """
    return sum(comb(hyperplanes, j) for j in range(min(hyperplanes, dim) + 1))


@dataclass(frozen=True, slots=True)
class _Shape:
    """``flat_sided`` of the kinked units have a slope 0; ``carrying`` units have a slope that is not 0."""

    kinked: int
    hyperplanes: int
    flat_sided: int
    carrying: int
    rank: int

    @classmethod
    def of(cls, layer: Layer) -> "_Shape":
        """What the bounds need to know of a layer."""
        rows = (primitive((*layer.weight[i], layer.bias[i])) for i in layer.kinked if any(layer.weight[i]))
        distinct = {max(row, tuple(-a for a in row)) for row in rows}
        flat = sum(1 for i in layer.kinked if 0 in layer.slopes[i])
        carrying = sum(1 for pair in layer.slopes if any(pair))
        return cls(len(layer.kinked), len(distinct), flat, carrying, rank(layer.weight))


def _serra(hidden: list[_Shape], input_dim: int) -> int:
    @cache
    def regions(depth: int, dim: int) -> int:
        """Most regions that the layers from ``depth`` on cut out of an image of dimension ``dim``."""
        if depth == len(hidden):
            return 1
        shape = hidden[depth]
        inner = min(dim, shape.rank)
        counts = _fill(shape, arrangement_regions(shape.hyperplanes, inner))
        return sum(c * regions(depth + 1, min(inner, shape.carrying - i)) for i, c in enumerate(counts))

    return regions(0, input_dim)


def _fill(shape: _Shape, total: int) -> Iterator[int]:
    """How many of ``total`` regions have 0, 1, 2, ... flat units in the worst case."""
    both_steep = 2 ** (shape.kinked - shape.flat_sided)
    for i in range(shape.flat_sided + 1):
        count = min(total, comb(shape.flat_sided, i) * both_steep)
        yield count
        total -= count
        if not total:
            return
