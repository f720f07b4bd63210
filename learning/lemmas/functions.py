"""Networks made from networks: restrictions, linear combinations, homogeneity."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from operator import add

from learning.lemmas.rational_subspaces import Rows, projection
from tropical import AffineForm, AffineMap, ReLUNetwork

__all__ = ["combination", "residual", "restricted"]


def restricted(net: ReLUNetwork, subspace: Rows) -> ReLUNetwork:
    """F∘Π_W for W = span(subspace), rational rows; no rows mean W = {0}. THEORY L6.

    >>> from learning.instances import h6
    >>> restricted(h6(2, seed=None), [(Fraction(1), Fraction(0))])([2, 7])
    (Fraction(-8, 1),)
    """
    rows = projection(subspace, net.input_dim)
    return net.compose(AffineMap(tuple(AffineForm(row, Fraction(0)) for row in rows)))


def combination(networks: Sequence[ReLUNetwork], coefficients: Sequence[Fraction | int]) -> ReLUNetwork:
    """Σ_i c_i F_i for networks with one output on one space.

    >>> from learning.instances import h6
    >>> net = h6(2, seed=None)
    >>> combination([net, net], [1, -1])([3, 5])
    (Fraction(0, 1),)
    """
    return reduce(add, (net * c for net, c in zip(networks, coefficients, strict=True)))


def residual(net: ReLUNetwork, subspace: Rows) -> ReLUNetwork:
    """F - F∘Π_W, THEORY L9 and L10.

    >>> from learning.instances import h6
    >>> residual(h6(2, seed=None), [(Fraction(1), Fraction(0))])([2, 0])
    (Fraction(0, 1),)
    """
    return combination([net, restricted(net, subspace)], [1, -1])
