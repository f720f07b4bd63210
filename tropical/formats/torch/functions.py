"""The functions, methods and modules of torch that the table of operators names."""

import builtins
import operator
from collections.abc import Mapping
from typing import Any

from tropical.formats.operators.entry import Function
from tropical.formats.operators.table import TORCH


def functions(torch: Any) -> Mapping[Any, Function]:
    """By function, or by name of a method, what a forward may call; the graph is the first argument."""
    owners = {"torch": torch, "F": torch.nn.functional, "operator": operator, "builtins": builtins}
    found: dict[Any, Function] = {}
    for name, function in TORCH.items():
        owner, _, attribute = name.rpartition(".")
        if not owner:
            found[attribute] = function
        elif owner != "nn" and hasattr(owners[owner], attribute):  # not every version of torch has all
            found[getattr(owners[owner], attribute)] = function
    return found


MODULES: Mapping[str, Function] = {
    name.removeprefix("nn."): function for name, function in TORCH.items() if name.startswith("nn.")
}
"""By name of a class in torch.nn; the arguments are attributes of the same names."""
