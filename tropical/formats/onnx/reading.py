"""ONNX models: graphs of the operators in :mod:`tropical.formats.operators.table`, lowered exactly.

Read are graphs with one input of float type, its first axis of fixed size or a batch, taken to be 1; opsets 7 and
later. Weights stand inside the file, or in a file beside it.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tropical.files import check_count, load_extra
from tropical.formats.lowering import Graph, Tensor
from tropical.formats.onnx.evaluation import Evaluation, Scope, needed, opset_of
from tropical.formats.onnx.parameters import Parameters, Sibling
from tropical.formats.operators.kinds import FLOATS
from tropical.formats.operators.table import HEADS
from tropical.functions.network import ReLUNetwork

_OLDEST_OPSET = 7
_AFTER_HEADS = ("Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "ZipMap",
                "ArrayFeatureExtractor", "Sub", "Concat")  # fmt: skip
_LONGEST_HEAD = 12  # nodes, the last of which gives labels or the probability of the other of two classes


def decode(
    data: bytes, outputs: str | Sequence[str] | None = None, cut_head: bool = False, sibling: Sibling | None = None
) -> ReLUNetwork:
    """The network that a model computes on one input, tensors in C order; ``ValueError`` naming the node at fault.

    Parameters are taken exactly, whatever their width; the factor of a batch normalisation is rounded to float64 where
    its root is irrational, and functions of constants that are irrational to their element type. ``outputs`` names the
    tensors to be computed, one after another; ``cut_head`` leaves out what of ``HEADS`` stands last. ``sibling`` reads
    a file beside the model.
    """
    onnx = load_extra("onnx", "onnx", "reading .onnx files")
    decode_error = load_extra("google.protobuf.message", "onnx", "reading .onnx files").DecodeError
    try:
        model = onnx.load_model_from_string(data)
    except decode_error as error:
        raise ValueError(f"not an ONNX model: {error}") from error
    return _Reader(onnx, model, Parameters(onnx, sibling)).network(outputs, cut_head)


class _Reader:
    """A model, its only input and the outputs that are asked for."""

    def __init__(self, onnx: Any, model: Any, parameters: Parameters) -> None:
        self._onnx, self._model, self._source, self._parameters = onnx, model, model.graph, parameters
        self._constants = {entry.name for entry in self._source.initializer}
        self._opset = self._version()

    def _version(self) -> int:
        found = opset_of(self._model.opset_import)
        newest = self._onnx.defs.onnx_opset_version()
        if len(found) != 1 or not _OLDEST_OPSET <= found[0] <= newest:
            raise ValueError(f"the model must import one ONNX opset from {_OLDEST_OPSET} to {newest}, got {found[:8]}")
        return found[0]

    def network(self, outputs: str | Sequence[str] | None, cut_head: bool) -> ReLUNetwork:
        """The network of the chosen outputs."""
        chosen = self._outputs(outputs, cut_head)
        names = needed(self._source.node, chosen)[1]
        name, kind, shape = self._input(None if outputs is None else names)
        graph = Graph(math.prod(shape))
        evaluation = Evaluation(self._onnx, self._model, graph, self._parameters)
        scope = Scope({}, self._opset, {})
        self._read_initializers(evaluation, scope, names)
        evaluation.set(scope, name, (graph.inputs(shape), kind))
        evaluation.run(scope, self._source.node, chosen)
        return graph.network(np.concatenate([self._result(scope, name) for name in chosen]))

    def _result(self, scope: Scope, name: str) -> Tensor:
        if name not in scope.values:
            raise ValueError(f"output {name[:60]!r} is computed by no node")
        return scope.values[name][0].ravel()

    def _outputs(self, outputs: str | Sequence[str] | None, cut_head: bool) -> list[str]:
        """The names of the tensors to compute: those asked for, or the only output."""
        found = [entry.name for entry in self._source.output]
        chosen = found if outputs is None else [outputs] if isinstance(outputs, str) else list(outputs)
        if outputs is not None and (not chosen or not all(isinstance(name, str) for name in chosen)):
            raise ValueError(f"outputs must be one or more names of tensors, got {str(outputs)[:60]}")
        made = {name for node in self._source.node for name in node.output} | {e.name for e in self._source.input}
        for name in chosen if outputs is not None else ():
            if name not in made:
                raise ValueError(f"no tensor is named {name[:60]!r}; the outputs are {found[:8]}")
        if cut_head:
            chosen = list(dict.fromkeys(map(self._before_head, chosen)))
        if not chosen or (outputs is None and len(chosen) > 1):
            raise ValueError(f"the graph must have one output, got {found[:8]}: choose with outputs=[name, ...]")
        return chosen

    def _before_head(self, name: str) -> str:
        """What a last softmax, argmax, ... is computed from, or the tensor itself where there is none."""
        producers = {made: node for node in self._source.node for made in node.output}
        constants = {"", *self._constants}
        constants |= {made for made, node in producers.items() if node.op_type == "Constant"}

        def scores(behind: str, depth: int) -> str | None:
            """The scores of which alone the tensor is computed, through one or more heads."""
            node = producers.get(behind)
            if node is None or node.op_type not in (*HEADS, *_AFTER_HEADS) or not depth:
                return None
            read = {entry for entry in node.input if entry not in constants}
            found = {scores(entry, depth - 1) for entry in read}
            own = found.pop() if len(found) == 1 else None
            return own or (read.pop() if node.op_type in HEADS and len(read) == 1 else None)

        return scores(name, _LONGEST_HEAD) or name

    def _read_initializers(self, evaluation: Evaluation, scope: Scope, wanted: set[str]) -> None:
        if self._source.sparse_initializer:
            raise ValueError("sparse initializers are not supported")
        chosen = [entry for entry in self._source.initializer if entry.name in wanted]
        check_count(sum(math.prod(entry.dims) for entry in chosen))
        for entry in chosen:
            evaluation.set(scope, entry.name, self._parameters.read(entry, f"initializer {entry.name!r}"))

    def _input(self, wanted: set[str] | None) -> tuple[str, str, tuple[int, ...]]:
        """Name, type and shape, batch axis 1, of the only input that has no initializer and is wanted."""
        free = [entry for entry in self._source.input if entry.name not in self._constants]
        read = [entry for entry in free if len(free) == 1 or wanted is None or entry.name in wanted]
        if len(read) != 1:
            names = [entry.name for entry in read or free][:8]
            raise ValueError(
                f"the graph must have one input, got {names}: choose outputs=[name, ...] that need one alone"
            )
        (entry,) = read
        kind = self._parameters.type_name(entry.type.tensor_type.elem_type)
        dims = entry.type.tensor_type.shape.dim
        if kind not in FLOATS:
            raise ValueError(f"input {entry.name!r} must be of float type, got {kind}")
        sizes = [dim.dim_value if dim.HasField("dim_value") else 0 for dim in dims]
        if len(sizes) > 1 and sizes[0] <= 0:
            sizes[0] = 1
        if not sizes or min(sizes) <= 0 or len(sizes) > 32:
            shown = [dim.dim_param[:20] or dim.dim_value for dim in dims][:8]
            raise ValueError(
                f"input {entry.name!r} must have a symbolic or fixed batch size, all else fixed, got {shown}"
            )
        return entry.name, kind, tuple(sizes)
