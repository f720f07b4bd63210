"""The functions that geometry takes, and what is said to anything else: the checks of arguments at public entries."""

from typing import Any

from tropical.arguments import require
from tropical.functions.function import Function
from tropical.functions.network import ReLUNetwork


def require_function(f: Any, where: str = "f", *, others: tuple[type, ...] = (), what: str = "") -> None:
    """``ValueError`` unless f is a piecewise-linear function, or one of the ``others`` that ``what`` names.

    >>> require_function(1.5)
    Traceback (most recent call last):
    ValueError: f must be a piecewise-linear function such as a network, got 1.5 of type float
    """
    names = "a piecewise-linear function such as a network"
    require(f, (Function, *others), where, f"{names}, {what}" if what else names)


def require_network(net: Any, where: str = "net") -> None:
    """``ValueError`` unless ``net`` is a :class:`ReLUNetwork`."""
    require(net, ReLUNetwork, where, "a ReLUNetwork such as ReLUNetwork.from_arrays(weights)")


def require_scalar(f: Any, what: str, where: str = "f") -> None:
    """``ValueError`` unless f is a piecewise-linear function with one output.

    >>> require_scalar(ReLUNetwork.from_arrays([[[1], [2]]]), "an extremum")
    Traceback (most recent call last):
    ValueError: an extremum needs one output, got 2: use output(i)
    """
    require_function(f, where)
    if f.output_dim != 1:
        raise ValueError(f"{what} needs one output, got {f.output_dim}: use output(i)")
