"""Tensors that stand in an ONNX model, or beside it in a file that it names."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tropical.files import MAX_BYTES, check_count
from tropical.formats import tensors
from tropical.formats.operators.call import Typed
from tropical.formats.operators.kinds import FLOATS, INTEGERS

Sibling = Callable[[str], bytes]
"""The content of a file in the model's folder, by its plain name; ``ValueError`` for any other name."""
_EMBED = "export with external_data=False, or embed it: onnx.save_model(onnx.load(path), new_path)"
_DIGITS = 18


class Parameters:
    """The initializers and constants of a model, as exact tensors."""

    def __init__(self, onnx: Any, sibling: Sibling | None) -> None:
        self._onnx, self._sibling = onnx, sibling
        self._files: dict[str, bytes] = {}

    def type_name(self, data_type: int) -> str:
        """The name of an element type."""
        known = self._onnx.TensorProto.DataType
        return str(known.Name(data_type)) if data_type in known.values() else f"type {data_type}"

    def read(self, entry: Any, where: str) -> Typed:
        """A tensor and its element type; ``ValueError`` naming ``where``."""
        kind = self.type_name(entry.data_type)
        if kind not in (*FLOATS, *INTEGERS, "BOOL"):
            raise ValueError(f"{where} must hold truth values, integers or floats of at most 64 bits, got {kind}")
        if any(size < 0 for size in entry.dims) or len(entry.dims) > 32:
            raise ValueError(f"{where} has a negative dimension or more than 32: {list(entry.dims)[:8]}")
        check_count(math.prod(entry.dims))
        if entry.data_location == self._onnx.TensorProto.EXTERNAL or entry.external_data:
            entry = self._embedded(entry, where)
        try:
            array = self._onnx.numpy_helper.to_array(entry)
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise ValueError(f"{where} is malformed: {error}") from error
        return tensors.exact(array.astype(np.float64) if kind in FLOATS else array, where), kind

    def _embedded(self, entry: Any, where: str) -> Any:
        """The tensor with its data, of the announced size, taken from the file beside the model."""
        fields = {field.key: field.value for field in entry.external_data}
        name = fields.get("location", "")
        try:
            data = self._file(name)
            offset, length = (
                _count(fields.get(key, str(rest))) for key, rest in (("offset", 0), ("length", len(data)))
            )
            length = length if "length" in fields else length - offset
            size = math.prod(entry.dims) * self._onnx.helper.tensor_dtype_to_np_dtype(entry.data_type).itemsize
            if length != size or offset + length > len(data):
                raise ValueError(f"{length} bytes from {offset} on of {len(data)} are named for {size}")
        except ValueError as error:
            raise ValueError(f"{where} has its data in another file, {name[:60]!r}: {error}; {_EMBED}") from error
        raw = data[offset : offset + length]
        return self._onnx.TensorProto(data_type=entry.data_type, dims=entry.dims, raw_data=raw)

    def _file(self, name: str) -> bytes:
        if self._sibling is None:
            raise ValueError("only load_network, which knows the folder, opens it")
        if name not in self._files:
            self._files[name] = self._sibling(name)
            if sum(map(len, self._files.values())) > MAX_BYTES:
                raise ValueError(f"the files beside the model have more than {MAX_BYTES} bytes")
        return self._files[name]


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > _DIGITS:
        raise ValueError(f"offset and length must be numbers, got {text[:40]!r}")
    return int(text)
