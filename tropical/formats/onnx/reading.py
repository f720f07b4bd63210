"""ONNX models: graphs of the operators in :mod:`tropical.formats.onnx.operators`, lowered exactly.

Read is one graph with one input and one output of float type, batch size 1 or symbolic; opsets 7 and later. Weights
stand inside the file: external data is never opened.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tropical.files import check_count, load_extra
from tropical.formats import tensors
from tropical.formats.lowering import Graph, Tensor
from tropical.formats.onnx.call import Call
from tropical.formats.onnx.operators import OPERATORS
from tropical.functions.circuit import Affine
from tropical.functions.network import ReLUNetwork

_DOMAINS = ("", "ai.onnx")
_OLDEST_OPSET = 7
_MAX_NODES = 20_000
_MAX_ELEMENTS = 1 << 24  # in the outputs of all nodes
_FLOATS = ("FLOAT16", "BFLOAT16", "FLOAT", "DOUBLE")  # each holds the numbers of those before it, but for bfloat16
_INTEGERS = ("INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32", "INT64", "UINT64")
_SIGNIFICANT_BITS = {"FLOAT16": 11, "BFLOAT16": 8, "FLOAT": 24, "DOUBLE": 53}
_SMALLEST_EXPONENT = {"FLOAT16": -24, "BFLOAT16": -133, "FLOAT": -149, "DOUBLE": -1074}
_LARGEST_EXPONENT = {"FLOAT16": 16, "BFLOAT16": 128, "FLOAT": 128, "DOUBLE": 1024}


def decode(data: bytes) -> ReLUNetwork:
    """The network that a model computes on one input, tensors in C order; ``ValueError`` naming the node at fault.

    Parameters are taken exactly, whatever their width; a batch normalisation's factor is rounded to float64 where its
    root is irrational.
    """
    onnx = load_extra("onnx", "onnx", "reading .onnx files")
    decode_error = load_extra("google.protobuf.message", "onnx", "reading .onnx files").DecodeError
    try:
        model = onnx.load_model_from_string(data)
    except decode_error as error:
        raise ValueError(f"not an ONNX model: {error}") from error
    return _Reader(onnx, model).network()


class _Reader:
    """One pass over the nodes of a model: its values and their element types by name."""

    def __init__(self, onnx: Any, model: Any) -> None:
        self._onnx, self._model, self._source = onnx, model, model.graph
        self._values: dict[str, Tensor] = {}
        self._types: dict[str, str] = {}
        self._elements = 0
        self._opset = self._version()

    def _version(self) -> int:
        found = [entry.version for entry in self._model.opset_import if entry.domain in _DOMAINS]
        newest = self._onnx.defs.onnx_opset_version()
        if len(found) != 1 or not _OLDEST_OPSET <= found[0] <= newest:
            raise ValueError(f"the model must import one ONNX opset from {_OLDEST_OPSET} to {newest}, got {found[:8]}")
        return int(found[0])

    def network(self) -> ReLUNetwork:
        """The network of the first and only output."""
        nodes = self._needed_nodes()
        self._read_initializers({name for node in nodes for name in node.input} | self._output_names())
        name, kind, shape = self._input()
        graph = Graph(math.prod(shape))
        self._set(name, graph.inputs(shape), kind)
        for node in nodes:
            self._evaluate(graph, node)
        output = self._source.output[0].name
        if output not in self._values:
            raise ValueError(f"output {output!r} is computed by no node")
        return graph.network(self._values[output])

    def _output_names(self) -> set[str]:
        if len(self._source.output) != 1:
            raise ValueError(f"the graph must have one output, got {[o.name for o in self._source.output][:8]}")
        return {self._source.output[0].name}

    def _needed_nodes(self) -> list[Any]:
        """The nodes on which the output depends, in their order."""
        if len(self._source.node) > _MAX_NODES:
            raise ValueError(f"the graph has {len(self._source.node)} nodes, at most {_MAX_NODES} are read")
        wanted, nodes = self._output_names(), []
        for node in reversed(self._source.node):
            if not wanted.isdisjoint(node.output):
                wanted.update(name for name in node.input if name)
                nodes.append(node)
        return nodes[::-1]

    def _read_initializers(self, wanted: set[str]) -> None:
        if self._source.sparse_initializer:
            raise ValueError("sparse initializers are not supported")
        chosen = [entry for entry in self._source.initializer if entry.name in wanted]
        check_count(sum(math.prod(entry.dims) for entry in chosen))
        for entry in chosen:
            self._set(entry.name, *self._constant(entry, f"initializer {entry.name!r}"))

    def _set(self, name: str, value: Tensor, kind: str) -> None:
        self._elements += value.size
        if name in self._values:
            raise ValueError(f"{name[:60]!r} is computed twice")
        if self._elements > _MAX_ELEMENTS:
            raise ValueError(f"the tensors of the graph have more than {_MAX_ELEMENTS} elements")
        if not value.size and kind not in _INTEGERS:
            raise ValueError(f"{name[:60]!r} is an empty tensor of shape {value.shape}")
        self._values[name], self._types[name] = value, kind

    def _constant(self, entry: Any, where: str) -> tuple[Tensor, str]:
        kind = self._type_name(entry.data_type)
        if entry.data_location == self._onnx.TensorProto.EXTERNAL or entry.external_data:
            raise ValueError(f"{where} has its data in another file, which is never opened: embed it in the model")
        if kind not in (*_FLOATS, *_INTEGERS):
            raise ValueError(f"{where} must hold integers or floats of at most 64 bits, got {kind}")
        if any(size < 0 for size in entry.dims) or len(entry.dims) > 32:
            raise ValueError(f"{where} has a negative dimension or more than 32: {list(entry.dims)[:8]}")
        check_count(math.prod(entry.dims))
        try:
            array = self._onnx.numpy_helper.to_array(entry)
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise ValueError(f"{where} is malformed: {error}") from error
        if kind in _FLOATS:
            array = array.astype(np.float64)
        return tensors.exact(array, where), kind

    def _type_name(self, data_type: int) -> str:
        known = self._onnx.TensorProto.DataType
        return str(known.Name(data_type)) if data_type in known.values() else f"type {data_type}"

    def _input(self) -> tuple[str, str, tuple[int, ...]]:
        """Name, type and shape, batch axis 1, of the only input that has no initializer."""
        given = {entry.name for entry in self._source.initializer}
        free = [entry for entry in self._source.input if entry.name not in given]
        if len(free) != 1:
            raise ValueError(f"the graph must have one input, got {[entry.name for entry in free][:8]}")
        kind, dims = self._type_name(free[0].type.tensor_type.elem_type), free[0].type.tensor_type.shape.dim
        if kind not in _FLOATS:
            raise ValueError(f"input {free[0].name!r} must be of float type, got {kind}")
        sizes = [dim.dim_value if dim.HasField("dim_value") else 0 for dim in dims]
        if len(sizes) > 1 and sizes[0] <= 0:
            sizes[0] = 1
        if not sizes or min(sizes) <= 0 or (len(sizes) > 1 and sizes[0] != 1) or len(sizes) > 32:
            shown = [dim.dim_param[:20] or dim.dim_value for dim in dims][:8]
            raise ValueError(f"input {free[0].name!r} must have batch size 1 or symbolic, all else fixed, got {shown}")
        return free[0].name, kind, tuple(sizes)

    def _evaluate(self, graph: Graph, node: Any) -> None:
        where = f"node {(node.name or node.output[0])[:60]!r} ({node.op_type[:60]})"
        missing = [name for name in node.input if name and name not in self._values]
        if missing:
            raise ValueError(f"{where}: input {missing[0][:60]!r} is computed by no earlier node")
        if node.domain not in _DOMAINS or node.op_type not in (*OPERATORS, "Constant", "Cast"):
            raise ValueError(f"{where}: the operator is not supported")
        try:
            results, kind = self._results(graph, node)
            for name, value in zip(node.output, results, strict=False):
                if name:
                    self._set(name, value, kind)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from error

    def _results(self, graph: Graph, node: Any) -> tuple[Sequence[Tensor], str]:
        attributes = {entry.name: self._attribute(entry) for entry in node.attribute}
        if node.op_type == "Constant":
            value, kind = self._constant_node(attributes)
            return [value], kind
        inputs = [self._values[name] if name else None for name in node.input]
        kinds = [self._types[name] for name in node.input if name]
        if node.op_type == "Cast":
            if len(kinds) != 1:
                raise ValueError(f"needs one input, got {len(kinds)}")
            target = self._type_name(attributes.get("to", 0) if set(attributes) == {"to"} else 0)
            return [_cast(self._values[node.input[0]], kinds[0], target)], target
        call = Call(graph, self._opset, inputs, attributes, len(node.output))
        result = OPERATORS[node.op_type](call)
        call.finish()
        results = result if isinstance(result, list) else [result]
        if not kinds:
            raise ValueError("has no inputs")
        kind = "INT64" if node.op_type == "Shape" else kinds[0]
        if kind in _INTEGERS:
            _check_integers(results, kind)
        return results, kind

    def _attribute(self, entry: Any) -> Any:
        if entry.ref_attr_name:
            raise ValueError(f"attribute {entry.name!r} refers to a function, which is not supported")
        return self._onnx.helper.get_attribute_value(entry)

    def _constant_node(self, attributes: dict[str, Any]) -> tuple[Tensor, str]:
        if len(attributes) != 1:
            raise ValueError(f"needs one attribute, got {sorted(attributes)[:8]}")
        name, value = next(iter(attributes.items()))
        if name == "value" and isinstance(value, self._onnx.TensorProto):
            return self._constant(value, "the value")
        if name not in ("value_float", "value_floats", "value_int", "value_ints"):
            raise ValueError(f"attribute {name!r} is not supported")
        kind = "FLOAT" if "float" in name else "INT64"
        if not all(isinstance(entry, (int, float)) for entry in (value if isinstance(value, list) else [value])):
            raise ValueError(f"attribute {name!r} must hold numbers, got {type(value).__name__}")
        array = np.array(value, dtype=np.float64 if kind == "FLOAT" else np.int64)
        return tensors.exact(array, f"attribute {name!r}"), kind


def _check_integers(results: Sequence[Tensor], kind: str) -> None:
    """``ValueError`` where the runtime's integers would be rounded or overflow."""
    bits, signed = int(kind.removeprefix("U").removeprefix("INT")), not kind.startswith("U")
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    for result in results:
        if any(not low <= value <= high for value in tensors.integers(result, f"results of type {kind}")):
            raise ValueError(f"a result exceeds the range of {kind}")


def _cast(x: Tensor, source: str, target: str) -> Tensor:
    """The same values, if the type ``target`` holds them: forms only where it holds all of ``source``."""
    if target in _INTEGERS and source in _INTEGERS:
        _check_integers([x], target)
        return x
    if target not in _FLOATS:
        raise ValueError(f"from {source} to {target} is not supported")
    wider = _FLOATS.index(source) <= _FLOATS.index(target) if source in _FLOATS else False
    if wider and (source, target) != ("FLOAT16", "BFLOAT16"):
        return x
    if any(isinstance(value, Affine) or not _holds(target, value) for value in x.flat):
        raise ValueError(f"from {source} to {target} rounds, which no network does exactly")
    return x


def _holds(kind: str, value: Any) -> bool:
    """Whether a float type holds the number: an integer of few bits times a power of two in range."""
    top, bottom = abs(int(value.p)), int(value.q)
    if not top:
        return True
    zeros = (top & -top).bit_length() - 1
    exponent = zeros - (bottom.bit_length() - 1)
    return (
        not bottom & (bottom - 1)
        and (top >> zeros).bit_length() <= _SIGNIFICANT_BITS[kind]
        and exponent >= _SMALLEST_EXPONENT[kind]
        and exponent + (top >> zeros).bit_length() <= _LARGEST_EXPONENT[kind]
    )
