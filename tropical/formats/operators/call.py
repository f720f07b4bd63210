"""One node of an ONNX graph as its operator sees it: inputs and attributes of the types that they must have."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flint import fmpq

from tropical.formats.lowering import Graph, Tensor, is_constant
from tropical.formats.tensors import integers

Typed = tuple[Tensor, str]
"""A tensor and the name of its ONNX element type."""


class Call:
    """One node as its operator sees it: inputs (None where left out), attributes, the opset.

    ``outputs`` says which of the listed outputs somebody reads; ``kind`` is the element type of the results, that of
    the first input unless the operator sets it. An attribute that no operator asks for is one whose meaning is unknown,
    hence refused (:meth:`finish`).
    """

    def __init__(
        self,
        graph: Graph,
        opset: int,
        inputs: Sequence[Typed | None],
        attributes: Mapping[str, Any],
        outputs: Sequence[bool],
        type_name: Callable[[int], str],
    ) -> None:
        self.graph, self.opset, self.outputs, self._type_name = graph, opset, outputs, type_name
        self._inputs, self._attributes = inputs, dict(attributes)
        self.kind = next((entry[1] for entry in inputs if entry), "")

    def only_first(self, others: str) -> None:
        """``ValueError`` if an output other than the first is read."""
        if any(self.outputs[1:]):
            raise ValueError(f"{others} are not supported, and output {self.outputs[1:].index(True) + 1} is read")

    def kind_of(self, index: int) -> str:
        """The element type of an input."""
        entry = self._inputs[index] if index < len(self._inputs) else None
        if entry is None:
            raise ValueError(f"input {index} is missing")
        return entry[1]

    def x(self, index: int = 0) -> Tensor:
        """A required input."""
        value = self.optional(index)
        if value is None:
            raise ValueError(f"input {index} is missing")
        return value

    def optional(self, index: int) -> Tensor | None:
        """An input that may be left out."""
        entry = self._inputs[index] if index < len(self._inputs) else None
        return None if entry is None else entry[0]

    def constant(self, index: int, name: str) -> Tensor:
        """A required input that must not depend on the input of the network."""
        value = self.x(index)
        if not is_constant(value):
            raise ValueError(f"{name} must be constant")
        return value

    def all(self) -> list[Tensor]:
        """The inputs of an operator that takes any number of them."""
        if not self._inputs:
            raise ValueError("has no inputs")
        return [self.x(index) for index in range(len(self._inputs))]

    def has(self, name: str) -> bool:
        """Whether an attribute is given."""
        return name in self._attributes

    def skip(self, *names: str) -> None:
        """Leave out attributes that do not change the value."""
        for name in names:
            self._attributes.pop(name, None)

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

    def numbers(self, name: str) -> list[fmpq]:
        """An attribute of floats, exactly."""
        value = self._attributes.pop(name, [])
        if not isinstance(value, list) or not all(isinstance(q, float) and math.isfinite(q) for q in value):
            raise ValueError(f"attribute {name!r} must be finite numbers")
        return [fmpq(*q.as_integer_ratio()) for q in value]

    def element_type(self, name: str, default: int = 0) -> str:
        """An attribute that names an element type by its number."""
        return self._type_name(self.take(name, default))

    def typed(self, name: str) -> Typed:
        """An attribute that is a tensor."""
        value = self._attributes.pop(name, None)
        if not isinstance(value, tuple):
            raise ValueError(f"attribute {name!r} must be a tensor, got {type(value).__name__}")
        return value

    def indices(self, name: str, index: int, since: int) -> list[int] | None:
        """Integers that are an attribute before opset ``since`` and an input from then on."""
        if self.opset < since:
            return self.sizes(name) if name in self._attributes else None
        given = self.optional(index)
        return None if given is None else integers(given, name)

    def integer(self, name: str, index: int) -> int:
        """One constant integer that is an input."""
        values = integers(self.x(index), name)
        if len(values) != 1:
            raise ValueError(f"{name} must be one integer, got {values[:8]}")
        return values[0]

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
