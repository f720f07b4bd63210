"""Networks as safetensors: an eight-byte length, a JSON header, raw little-endian arrays. Read here, without a package.

Arrays are named as in npz (weight_0, bias_0, slopes_0, weight_1, ...) or as other programs name those of modules. The
header is checked whole, against the size of the file, before the first array is looked at; arrays must fill the file
without gap or overlap, as the format prescribes.
"""

import json
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tropical.files import shown
from tropical.formats import numbers
from tropical.formats.named_arrays import NamedArrays, exact_arrays
from tropical.functions.network import ReLUNetwork

_MAX_HEADER = 1 << 20
_MAX_DIMENSIONS = 32
_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"} | {
    f"{kind}{8 * size}": f"<{letter}{size}" for kind, letter in (("I", "i"), ("U", "u")) for size in (1, 2, 4, 8)
}


class _Tensor(NamedTuple):
    kind: str
    shape: tuple[int, ...]
    begin: int
    end: int


def decode(data: bytes) -> NamedArrays:
    """The arrays in a safetensors file, whose order means nothing; ``ValueError`` naming what is wrong in it."""
    if len(data) < 8:
        raise ValueError(f"not a safetensors file: {len(data)} bytes are less than a header")
    length = int.from_bytes(data[:8], "little")
    if length > min(len(data) - 8, _MAX_HEADER):
        raise ValueError(
            f"not a safetensors file: a header of {shown(length)} bytes, where {len(data) - 8} follow"
            f" and at most {_MAX_HEADER} are read"
        )
    header = numbers.parse_json(data[8 : 8 + length])
    if not isinstance(header, dict):
        raise ValueError("not a safetensors file: the header must be an object")
    header.pop("__metadata__", None)
    tensors = {name: _tensor(name, entry) for name, entry in header.items()}
    _check_offsets(tensors, len(data) - 8 - length)
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    return NamedArrays(shapes, lambda name: _array(data, 8 + length, tensors[name]), in_order=False)


def _tensor(name: str, entry: Any) -> _Tensor:
    """The entry of one array, once its shape and its offsets agree."""
    where = f"array {name[:60]!r}"
    fields = numbers.read_object(entry, where, ("dtype", "shape", "data_offsets"))
    kind, shape, offsets = fields["dtype"], fields["shape"], fields["data_offsets"]
    if not isinstance(kind, str) or kind not in _TYPES:
        raise ValueError(f"{where} must hold integers or floats ({', '.join(_TYPES)}), got {str(kind)[:20]!r}")
    if not _naturals(shape) or len(shape) > _MAX_DIMENSIONS:
        raise ValueError(f"{where}: shape must be a list of at most {_MAX_DIMENSIONS} natural numbers")
    if not _naturals(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise ValueError(f"{where}: data_offsets must be two natural numbers, the first not above the second")
    size = prod(shape) * np.dtype(_TYPES[kind]).itemsize
    if size != offsets[1] - offsets[0]:
        raise ValueError(
            f"{where}: its shape takes {shown(size)} bytes, its offsets hold {shown(offsets[1] - offsets[0])}"
        )
    return _Tensor(kind, tuple(shape), *offsets)


def _naturals(value: Any) -> bool:
    return isinstance(value, list) and all(type(n) is int and n >= 0 for n in value)


def _check_offsets(tensors: dict[str, _Tensor], size: int) -> None:
    """The arrays must follow one another from the first byte to the last."""
    place = 0
    for name, tensor in sorted(tensors.items(), key=lambda item: (item[1].begin, item[1].end)):
        if tensor.begin != place:
            problem = "overlaps the array before it" if tensor.begin < place else "leaves a gap before it"
            raise ValueError(f"array {name[:60]!r} {problem}: it begins at byte {shown(tensor.begin)}, not {place}")
        if tensor.end > size:
            raise ValueError(f"array {name[:60]!r} ends at byte {shown(tensor.end)} of {size}: is the file truncated?")
        place = tensor.end
    if place != size:
        raise ValueError(f"the arrays end at byte {place} of {size}")


def _array(data: bytes, start: int, tensor: _Tensor) -> NDArray[Any]:
    array = np.frombuffer(data, _TYPES[tensor.kind], prod(tensor.shape), start + tensor.begin).reshape(tensor.shape)
    return (array.astype("<u4") << 16).view("<f4") if tensor.kind == "BF16" else array


def encode(net: ReLUNetwork) -> bytes:
    """The file of a network, in float64; ``ValueError`` if a parameter is no float64, which only JSON can hold."""
    header, content = {}, bytearray()
    for name, array in exact_arrays(net).items():
        begin = len(content)
        content += array.astype("<f8").tobytes()
        header[name] = {"dtype": "F64", "shape": list(array.shape), "data_offsets": [begin, len(content)]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + bytes(content)
