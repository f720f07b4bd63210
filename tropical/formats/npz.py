"""Networks as NumPy archives: arrays weight_0, bias_0, slopes_0, weight_1, ... of floats or integers.

``weight_l`` has shape (n_out, n_in); ``bias_l`` (n_out,) may be left out where it is 0, ``slopes_l`` (n_out, 2) where
the layer is ReLU; the last layer has no slopes. Object arrays, hence pickles, are refused. Names, declared sizes and
the headers of all arrays are checked before the first number is unpacked.
"""

import io
import zipfile
import zlib
from collections.abc import Callable, Mapping
from math import prod
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from tropical.files import MAX_BYTES, shown
from tropical.formats.named_arrays import Arrays, Shape, check_shapes, exact_arrays, network_of
from tropical.functions.network import ReLUNetwork

_MAX_MEMBERS = 4096
_ENTRY = b"PK\x01\x02"
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, MemoryError, OverflowError, NotImplementedError)
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def decode(data: bytes) -> ReLUNetwork:
    """The network in an archive, each float taken exactly; ``ValueError`` naming what is wrong in it."""
    return network_of(arrays_of(data, check_shapes))


def arrays_of(data: bytes, check: Callable[[Mapping[str, Shape]], None]) -> Arrays:
    """The arrays of an archive, once ``check`` has seen their names and shapes; ``ValueError`` naming what is wrong."""
    try:
        with _open(data) as archive:
            return _arrays(archive, check)
    except _UNREADABLE as error:
        raise ValueError(f"not a NumPy archive: {error or type(error).__name__}") from error


def array_of(data: bytes) -> NDArray[Any]:
    """The array of a .npy file; ``ValueError`` naming what is wrong in it."""
    return _content(io.BytesIO(data), "", len(data))


def _open(data: bytes) -> zipfile.ZipFile:
    if not data.startswith(b"PK"):
        raise ValueError("not a NumPy archive: it does not begin as a zip file does")
    if data.count(_ENTRY) > _MAX_MEMBERS:
        raise ValueError(f"the archive has more than {_MAX_MEMBERS} members")
    return zipfile.ZipFile(io.BytesIO(data))


def _arrays(archive: zipfile.ZipFile, check: Callable[[Mapping[str, Shape]], None]) -> Arrays:
    members = {}
    for member in archive.infolist():
        name = member.filename.removesuffix(".npy")
        if name in members:
            raise ValueError(f"array {name[:60]!r} appears twice")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"array {name[:60]!r} is not deflated but compressed by method {member.compress_type}")
        members[name] = member
    size = sum(member.file_size for member in members.values())
    if size > MAX_BYTES:
        raise ValueError(f"the arrays unpack to {size} bytes, at most {MAX_BYTES} are read")
    shapes = {}
    for name, member in members.items():
        with archive.open(member) as file:
            shapes[name] = _header(file, name, member.file_size)[0]
    check(shapes)
    return {name: _array(archive, name, member) for name, member in members.items()}


def _header(file: IO[bytes], name: str, size: int) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and type of the array, once they agree with the size of the member."""
    where = f"array {name[:60]!r}"
    try:
        version = np.lib.format.read_magic(file)
        if version not in _HEADERS:
            raise ValueError(f"version {version} of the format is not read")
        shape, fortran, dtype = _HEADERS[version](file)
    except (ValueError, TypeError, KeyError, SyntaxError, RecursionError) as error:
        raise ValueError(f"{where} has no valid header: {_one_line(error)}") from error
    if dtype.hasobject:
        raise ValueError(f"{where} holds pickled objects, which are never loaded (allow_pickle is off)")
    if dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise ValueError(f"{where} must hold integers or floats of at most 64 bits, got {dtype}")
    if any(isinstance(n, bool) or n < 0 for n in shape):
        raise ValueError(f"{where} has a shape with a negative dimension or none: {str(shape)[:60]}")
    if prod(shape) * dtype.itemsize != size - file.tell():
        announced, present = shown(prod(shape) * dtype.itemsize), size - file.tell()
        raise ValueError(f"{where} announces {announced} bytes and holds {present}: this is a damaged archive")
    return shape, fortran, dtype


def _array(archive: zipfile.ZipFile, name: str, member: zipfile.ZipInfo) -> NDArray[Any]:
    with archive.open(member) as file:
        return _content(file, name, member.file_size)


def _content(file: IO[bytes], name: str, size: int) -> NDArray[Any]:
    shape, fortran, dtype = _header(file, name, size)
    content = file.read()
    if len(content) != prod(shape) * dtype.itemsize:
        raise ValueError(f"not a NumPy archive: array {name[:60]!r} is cut short")
    return np.frombuffer(content, dtype).reshape(shape, order="F" if fortran else "C")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:120]


def encode(net: ReLUNetwork) -> bytes:
    """The archive of a network; ``ValueError`` if a parameter is no float64, which only JSON can hold."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in exact_arrays(net).items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
