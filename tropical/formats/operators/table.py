"""The table: every operation that is read from ONNX and torch, and the page of the documentation made from it."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from tropical.formats.operators.activations import ACTIVATIONS
from tropical.formats.operators.call import Call
from tropical.formats.operators.conditions import CONDITIONS
from tropical.formats.operators.constants import CONSTANTS
from tropical.formats.operators.elementwise import ELEMENTWISE
from tropical.formats.operators.entry import Operator
from tropical.formats.operators.indexing import INDEXING
from tropical.formats.operators.normalisation import NORMALISATION
from tropical.formats.operators.pooling import POOLING
from tropical.formats.operators.products import PRODUCTS
from tropical.formats.operators.reductions import REDUCTIONS
from tropical.formats.operators.resizing import RESIZING
from tropical.formats.operators.shapes import SHAPES

OPERATORS: Sequence[Operator] = (
    *ELEMENTWISE, *ACTIVATIONS, *CONDITIONS, *PRODUCTS, *POOLING, *NORMALISATION, *REDUCTIONS, *SHAPES, *INDEXING,
    *RESIZING, *CONSTANTS,
)  # fmt: skip

ONNX: Mapping[str, Callable[[Call], Any]] = MappingProxyType(
    {name: function for entry in OPERATORS for name, function in entry.onnx.items()}
)

TORCH: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {name: function for entry in OPERATORS for names, function in entry.torch.items() for name in names.split()}
)

HEADS = ("Softmax", "LogSoftmax", "ArgMax", "Sigmoid")
"""What stands last in a classifier and is no piecewise-linear function: with ``cut_head`` it is left out."""


def rows() -> str:
    """The table in Markdown, one row for each operation."""
    lines = ["| operation | what it computes | ONNX | torch |", "|---|---|---|---|"]
    for entry in OPERATORS:
        torch = " ".join(entry.torch).split()
        cells = (", ".join(f"`{name}`" for name in names) for names in (entry.onnx, torch))
        meaning = entry.meaning.replace("|", "\\|")
        lines.append(f"| {entry.name} | {meaning} | {' | '.join(cells)} |")
    return "\n".join(lines)
