"""One node of an ONNX graph as its operator sees it: inputs and attributes of the types that they must have."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from flint import fmpq

from tropical.formats.lowering import Graph, Tensor, is_constant
from tropical.formats.tensors import integers


class Call:
    """One node as its operator sees it: inputs (None where left out), attributes, the opset.

    An attribute that no operator asks for is one whose meaning is unknown, hence refused (:meth:`finish`).
    """

    def __init__(
        self, graph: Graph, opset: int, inputs: Sequence[Tensor | None], attributes: Mapping[str, Any], outputs: int
    ) -> None:
        self.graph, self.opset, self.outputs = graph, opset, outputs
        self._inputs, self._attributes = inputs, dict(attributes)

    def x(self, index: int = 0) -> Tensor:
        """A required input."""
        value = self.optional(index)
        if value is None:
            raise ValueError(f"input {index} is missing")
        return value

    def optional(self, index: int) -> Tensor | None:
        """An input that may be left out."""
        return self._inputs[index] if index < len(self._inputs) else None

    def all(self) -> list[Tensor]:
        """The inputs of an operator that takes any number of them."""
        if not self._inputs:
            raise ValueError("has no inputs")
        return [self.x(index) for index in range(len(self._inputs))]

    def take(self, name: str, default: int) -> int:
        """An integer attribute, or its default."""
        value = self._attributes.pop(name, default)
        if not isinstance(value, int):
            raise ValueError(f"attribute {name!r} must be an integer, got {type(value).__name__}")
        return value

    def sizes(self, name: str, default: Sequence[int] = ()) -> list[int]:
        """An attribute of integers, or its default."""
        value = self._attributes.pop(name, list(default))
        if not isinstance(value, list) or not all(isinstance(entry, int) for entry in value):
            raise ValueError(f"attribute {name!r} must be integers, got {type(value).__name__}")
        return value

    def text(self, name: str, default: str) -> str:
        """An attribute of text, or its default."""
        value = self._attributes.pop(name, default.encode())
        if not isinstance(value, bytes):
            raise ValueError(f"attribute {name!r} must be text, got {type(value).__name__}")
        return value.decode(errors="replace")[:60]

    def number(self, name: str, default: float) -> fmpq:
        """A float attribute, exactly."""
        value = self._attributes.pop(name, default)
        if not isinstance(value, float) or not math.isfinite(value):
            raise ValueError(f"attribute {name!r} must be a finite number, got {str(value)[:20]}")
        return fmpq(*value.as_integer_ratio())

    def indices(self, name: str, index: int, since: int) -> list[int] | None:
        """Integers that are an attribute before opset ``since`` and an input from then on."""
        if self.opset < since:
            return self.sizes(name) if name in self._attributes else None
        given = self.optional(index)
        return None if given is None else integers(given, name)

    def scalar(self, name: str, index: int, since: int) -> fmpq | None:
        """A number that is an attribute before opset ``since`` and an input from then on."""
        if self.opset < since:
            return self.number(name, 0.0) if name in self._attributes else None
        given = self.optional(index)
        if given is not None and (given.size != 1 or not is_constant(given)):
            raise ValueError(f"{name} must be one constant number")
        return None if given is None else given.flat[0]

    def finish(self) -> None:
        """``ValueError`` if an attribute was not read."""
        for name in self._attributes:
            raise ValueError(f"attribute {name!r} is not supported")
