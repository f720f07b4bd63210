"""Networks as NumPy archives of arrays of floats or integers, under our names or others.

Object arrays, hence pickles, are refused. Names, declared sizes and
the headers of all arrays are checked before the first number is unpacked.
"""

import contextlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from math import prod
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from tropical.files import MAX_BYTES, shown
from tropical.formats.named_arrays import NamedArrays, exact_arrays
from tropical.functions.network import ReLUNetwork

_MAX_MEMBERS = 4096
_ENTRY = b"PK\x01\x02"
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, MemoryError, OverflowError, NotImplementedError)
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def decode(data: bytes) -> NamedArrays:
    """The arrays in an archive; ``ValueError`` naming what is wrong in it, when an array is read too."""
    with _readable():
        archive = _open(data)
        members = _members(archive)
        shapes = {}
        for name, member in members.items():
            with archive.open(member) as file:
                shapes[name] = _header(file, name, member.file_size)[0]
    return NamedArrays(shapes, lambda name: _array(archive, name, members[name]))


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as error:
        raise ValueError(f"not a NumPy archive: {error or type(error).__name__}") from error


def _open(data: bytes) -> zipfile.ZipFile:
    if not data.startswith(b"PK"):
        raise ValueError("not a NumPy archive: it does not begin as a zip file does")
    if data.count(_ENTRY) > _MAX_MEMBERS:
        raise ValueError(f"the archive has more than {_MAX_MEMBERS} members")
    return zipfile.ZipFile(io.BytesIO(data))


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
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
    return members


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
    with _readable(), archive.open(member) as file:
        return _content(file, name, member.file_size)


def array_of(data: bytes) -> NDArray[Any]:
    """The array of a .npy file; ``ValueError`` naming what is wrong in it."""
    return _content(io.BytesIO(data), "", len(data))


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
