"""The functions that geometry takes, and what is said to anything else: the checks of arguments at public entries."""

from typing import Any

from tropical.arguments import require
from tropical.functions.lattice_polynomial import LatticePolynomial
from tropical.functions.network import ReLUNetwork
from tropical.functions.polynomial import TropicalPolynomial
from tropical.functions.rational_map import TropicalRationalMap

Function = ReLUNetwork | LatticePolynomial | TropicalPolynomial | TropicalRationalMap
_FUNCTIONS = (ReLUNetwork, LatticePolynomial, TropicalPolynomial, TropicalRationalMap)


def output_dim(f: Function) -> int:
    """Number of outputs."""
    return f.output_dim if isinstance(f, (ReLUNetwork, TropicalRationalMap)) else 1


def require_function(f: Any, where: str = "f", *, others: tuple[type, ...] = (), what: str = "") -> None:
    """``ValueError`` unless f is a piecewise-linear function, or one of the ``others`` that ``what`` names.

    >>> require_function(1.5)
    Traceback (most recent call last):
    ValueError: f must be a network, lattice polynomial, tropical polynomial or rational map, got 1.5 of type float
    """
    names = "a network, lattice polynomial, tropical polynomial or rational map"
    require(f, (*_FUNCTIONS, *others), where, f"{names}, {what}" if what else names)


def require_network(net: Any, where: str = "net") -> None:
    """``ValueError`` unless ``net`` is a :class:`ReLUNetwork`."""
    require(net, ReLUNetwork, where, "a ReLUNetwork")


def require_scalar(f: Any, what: str, where: str = "f") -> None:
    """``ValueError`` unless f is a piecewise-linear function with one output.

    >>> require_scalar(ReLUNetwork.from_arrays([[[1], [2]]]), "an extremum")
    Traceback (most recent call last):
    ValueError: an extremum needs one output, got 2: use output(i)
    """
    require_function(f, where)
    if output_dim(f) != 1:
        raise ValueError(f"{what} needs one output, got {output_dim(f)}: use output(i)")
