"""Networks as NumPy archives: arrays weight_0, bias_0, slopes_0, weight_1, ... of floats or integers.

``weight_l`` has shape (n_out, n_in); ``bias_l`` (n_out,) may be left out where it is 0, ``slopes_l`` (n_out, 2) where
the layer is ReLU; the last layer has no slopes. Object arrays, hence pickles, are refused.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tropical.formats.files import MAX_BYTES
from tropical.layer import RELU
from tropical.network import ReLUNetwork

_NAME = re.compile(r"(weight|bias|slopes)_(0|[1-9][0-9]{0,5})")


def decode(data: bytes) -> ReLUNetwork:
    """The network in an archive, each float taken exactly; ``ValueError`` naming what is wrong in it."""
    arrays = _arrays(data)
    for name in arrays:
        if not _NAME.fullmatch(name):
            raise ValueError(f"unknown array {name[:60]!r}: expected weight_0, bias_0, slopes_0, weight_1, ...")
    depth = sum(name.startswith("weight_") for name in arrays)
    for index in range(depth):
        if f"weight_{index}" not in arrays:
            raise ValueError(f"array weight_{index} is missing")
    stray = [name for name in arrays if int(name.split("_")[1]) >= depth or name == f"slopes_{depth - 1}"]
    if stray:
        raise ValueError(f"array {stray[0]} belongs to no hidden layer: there are {depth} weights")
    return ReLUNetwork.from_arrays(
        [arrays[f"weight_{index}"] for index in range(depth)],
        [arrays.get(f"bias_{index}") for index in range(depth)],
        [_slopes(arrays, index) for index in range(depth - 1)],
    )


def _slopes(arrays: dict[str, NDArray[Any]], index: int) -> list[list[Any]] | None:
    slopes, units = arrays.get(f"slopes_{index}"), len(arrays[f"weight_{index}"])
    if slopes is None:
        return None
    if slopes.shape != (units, 2):
        raise ValueError(f"slopes_{index} must have shape ({units}, 2), got {slopes.shape}")
    return [list(pair) for pair in slopes.tolist()]


def _arrays(data: bytes) -> dict[str, NDArray[Any]]:
    arrays = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(member.file_size for member in archive.infolist())
            if size > MAX_BYTES:
                raise ValueError(f"the arrays unpack to {size} bytes, at most {MAX_BYTES} are read")
            for member in archive.infolist():
                with archive.open(member) as file:
                    arrays[member.filename.removesuffix(".npy")] = np.lib.format.read_array(file, allow_pickle=False)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, MemoryError, OverflowError) as error:
        raise ValueError(f"not a NumPy archive: {error or type(error).__name__}") from error
    for name, array in arrays.items():
        if array.dtype.kind not in "iuf" or array.dtype.itemsize > 8:
            raise ValueError(f"array {name[:60]!r} must hold integers or floats of at most 64 bits, got {array.dtype}")
        expected = 1 if name.startswith("bias") else 2
        if array.ndim != expected:
            raise ValueError(f"array {name[:60]!r} must have {expected} dimensions, got shape {array.shape}")
    return arrays


def encode(net: ReLUNetwork) -> bytes:
    """The archive of a network; ``ValueError`` if a parameter is no float64, which only JSON can hold."""
    arrays = {}
    for index, layer in enumerate(net.layers):
        arrays[f"weight_{index}"] = _exact_floats(layer.weight, f"layer {index}: weight")
        arrays[f"bias_{index}"] = _exact_floats([layer.bias], f"layer {index}: bias")[0]
        if index < len(net.layers) - 1 and any(pair != RELU for pair in layer.slopes):
            arrays[f"slopes_{index}"] = _exact_floats(layer.slopes, f"layer {index}: slopes")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _exact_floats(rows: Iterable[Iterable[Fraction]], where: str) -> NDArray[np.float64]:
    return np.array([[_exact_float(q, where) for q in row] for row in rows], dtype=np.float64)


def _exact_float(q: Fraction, where: str) -> float:
    try:
        value = float(q)
    except OverflowError:
        value = float("inf")
    if value - value != 0 or Fraction(value) != q:
        raise ValueError(f"{where} holds a number that no float64 equals (about {_rough(q)}): save it as .json")
    return value


def _rough(q: Fraction) -> str:
    return str(q) if max(abs(q.numerator), q.denominator).bit_length() <= 64 else "a long rational"
