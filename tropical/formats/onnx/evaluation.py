"""The nodes of an ONNX graph, one after another, and those of the functions that a model defines for itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tropical.formats.lowering import Graph
from tropical.formats.onnx.parameters import Parameters
from tropical.formats.operators.call import Call, Typed
from tropical.formats.operators.kinds import INTEGERS, check_integers
from tropical.formats.operators.table import HEADS, ONNX

DOMAINS = ("", "ai.onnx")
_MAX_NODES = 20_000
_MAX_DEPTH = 16
_MAX_ELEMENTS = 1 << 24  # in the outputs of all nodes


def needed(nodes: Sequence[Any], wanted: Iterable[str]) -> tuple[list[Any], set[str]]:
    """The nodes on which the wanted tensors depend, in their order, and all names that are read or wanted."""
    names, kept = set(wanted), []
    for node in reversed(nodes):
        if not names.isdisjoint(node.output):
            names.update(name for name in node.input if name)
            kept.append(node)
    return kept[::-1], names


def opset_of(entries: Iterable[Any]) -> list[int]:
    """The versions of the ONNX operators that are imported, each once."""
    return sorted({int(entry.version) for entry in entries if entry.domain in DOMAINS})


@dataclass(frozen=True)
class Scope:
    """Tensors by name, with what is the same for all nodes of a graph or of one call of a function."""

    values: dict[str, Typed]
    opset: int
    attributes: Mapping[str, Any]
    depth: int = 0


class Evaluation:
    """One pass over the nodes of a model."""

    def __init__(self, onnx: Any, model: Any, graph: Graph, parameters: Parameters) -> None:
        self._onnx, self._graph, self._parameters = onnx, graph, parameters
        self._functions = {(function.domain, function.name): function for function in model.functions}
        self._nodes = self._elements = 0

    def run(self, scope: Scope, nodes: Sequence[Any], wanted: Iterable[str]) -> None:
        """Evaluate the nodes that are needed, into the scope."""
        self._nodes += len(nodes)
        if self._nodes > _MAX_NODES:
            raise ValueError(f"the graph has {self._nodes} nodes, at most {_MAX_NODES} are read")
        chosen, names = needed(nodes, wanted)
        for node in chosen:
            count = max(place for place, name in enumerate(node.output, 1) if name)
            self._evaluate(scope, node, [name in names for name in node.output[:count]])

    def set(self, scope: Scope, name: str, value: Typed) -> None:
        """Give a tensor its name, once."""
        self._elements += value[0].size
        if name in scope.values:
            raise ValueError(f"{name[:60]!r} is computed twice")
        if self._elements > _MAX_ELEMENTS:
            raise ValueError(f"the tensors of the graph have more than {_MAX_ELEMENTS} elements")
        scope.values[name] = value

    def _evaluate(self, scope: Scope, node: Any, read: Sequence[bool]) -> None:
        where = f"node {(node.name or node.output[0])[:60]!r} ({node.op_type[:60]})"
        missing = [name for name in node.input if name and name not in scope.values]
        if missing:
            raise ValueError(f"{where}: input {missing[0][:60]!r} is computed by no earlier node")
        inputs = [scope.values[name] if name else None for name in node.input]
        try:
            function = self._functions.get((node.domain, node.op_type))
            results = self._operate(scope, node, inputs, read) if function is None else self._inline(
                scope, node, function, inputs, read)  # fmt: skip
            for name, result, is_read in zip(node.output, results, read, strict=False):
                if name and is_read and result is not None:
                    if not result[0].size and inputs and result[1] not in INTEGERS:
                        raise ValueError(f"{name[:60]!r} is an empty tensor of shape {result[0].shape}")
                    self.set(scope, name, result)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from error

    def _operate(
        self, scope: Scope, node: Any, inputs: Sequence[Typed | None], read: Sequence[bool]
    ) -> Sequence[Typed | None]:
        operator = ONNX.get(node.op_type if node.domain in DOMAINS else f"{node.domain}.{node.op_type}")
        if operator is None:
            raise ValueError(_unsupported(node))
        attributes = self._attributes(scope, node)
        call = Call(self._graph, scope.opset, inputs, attributes, read, self._parameters.type_name)
        result = operator(call)
        call.finish()
        results = result if isinstance(result, list) else [result]
        if call.kind in INTEGERS:
            check_integers(results, call.kind)
        return [(value, call.kind) for value in results]

    def _attributes(self, scope: Scope, node: Any) -> dict[str, Any]:
        """By name; one that refers to the caller of a function is the caller's, or left out as there."""
        found = {}
        for entry in node.attribute:
            if not entry.ref_attr_name:
                found[entry.name] = self._value(entry)
            elif entry.ref_attr_name in scope.attributes:
                found[entry.name] = scope.attributes[entry.ref_attr_name]
        return found

    def _value(self, entry: Any) -> Any:
        value = self._onnx.helper.get_attribute_value(entry)
        return self._parameters.read(value, "the value") if isinstance(value, self._onnx.TensorProto) else value

    def _inline(
        self, scope: Scope, node: Any, function: Any, inputs: Sequence[Typed | None], read: Sequence[bool]
    ) -> Sequence[Typed | None]:
        if scope.depth == _MAX_DEPTH:
            raise ValueError(f"functions call each other {_MAX_DEPTH} deep, or themselves")
        if len(inputs) > len(function.input):
            raise ValueError(f"the function has {len(function.input)} inputs, got {len(inputs)}")
        known = {entry.name: entry for entry in function.attribute_proto}
        given = self._attributes(scope, node)
        attributes = {
            **{name: self._value(entry) for name, entry in known.items()},
            **{name: given[name] for name in given if name in known or name in function.attribute},
        }
        values = {name: value for name, value in zip(function.input, inputs, strict=False) if value is not None}
        versions = opset_of(function.opset_import)
        inner = Scope(values, versions[0] if versions else scope.opset, attributes, scope.depth + 1)
        self.run(inner, function.node, [name for name, r in zip(function.output, read, strict=False) if r])
        return [values.get(name) for name in function.output]


def _unsupported(node: Any) -> str:
    if node.op_type in HEADS:
        return "the operator is not piecewise linear: where it stands last, cut_head=True leaves it out"
    before = next((f"; outputs={name[:60]!r} takes what stands before it" for name in node.input if name), "")
    return f"the operator is not supported: 'What loads' in the documentation lists those that are{before}"
