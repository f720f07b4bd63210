"""Networks and lattice polynomials on disk: one file for each format, chosen by suffix.

Loading is lossless over Q, runs no code from the file and never unpickles. A format is a pair of functions, from bytes
to a network and back, entered in the table below; whatever they reject becomes one :class:`FormatError`.
"""

from collections.abc import Callable, Sequence
from functools import partial
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from tropical.arguments import require
from tropical.files import MAX_BYTES, as_path, check_count, naming, read_bytes, read_sibling, write_atomically
from tropical.files import FormatError as FormatError
from tropical.formats import json_format, lattice_json, nnet, npz, safetensors_format
from tropical.formats.lattice_json import lattice_polynomial_from_dict as lattice_polynomial_from_dict
from tropical.formats.lattice_json import lattice_polynomial_to_dict as lattice_polynomial_to_dict
from tropical.formats.onnx.reading import decode as decode_onnx
from tropical.formats.onnx.writing import encode as encode_onnx
from tropical.formats.torch import reading as torch_reading
from tropical.formats.torch.reading import from_torch as from_torch
from tropical.functions.lattice_polynomial import LatticePolynomial
from tropical.functions.network import ReLUNetwork
from tropical.functions.requirements import require_network
from tropical.polyhedra.polyhedron import Box

__all__ = [
    "FormatError",
    "from_torch",
    "lattice_polynomial_from_dict",
    "lattice_polynomial_to_dict",
    "load_input_box",
    "load_lattice_polynomial",
    "load_network",
    "save_lattice_polynomial",
    "save_network",
]


class _Format(NamedTuple):
    decode: Callable[[bytes], ReLUNetwork]
    encode: Callable[[ReLUNetwork], bytes]


_FORMATS = MappingProxyType(
    {
        ".json": _Format(json_format.decode, json_format.encode),
        ".npz": _Format(npz.decode, npz.encode),
        ".safetensors": _Format(safetensors_format.decode, safetensors_format.encode),
        ".nnet": _Format(nnet.decode, nnet.encode),
        ".pt": _Format(torch_reading.decode, torch_reading.encode),
        ".onnx": _Format(decode_onnx, encode_onnx),
    }
)


def _format_of(path: Path) -> _Format:
    try:
        return _FORMATS[path.suffix.lower()]
    except KeyError:
        known = ", ".join(_FORMATS)
        raise FormatError(f"{path}: no network format has the suffix {path.suffix!r}; known are {known}") from None


def load_network(
    path: str | PathLike[str],
    layers: Sequence[str] | None = None,
    *,
    outputs: str | Sequence[str] | None = None,
    cut_head: bool = False,
) -> ReLUNetwork:
    """Return the network in a file, exactly; the suffix names the format.

    ``.json`` holds any rationals, ``.npz`` and ``.safetensors`` arrays (an own reader; a sequential state dict is taken
    to have ReLU between its layers), ``.nnet`` decimal fractions with the normalisation folded in, ``.pt`` (needs
    torch) a state dict, ``.onnx`` (needs onnx) a graph of piecewise-linear operators. ``layers`` names the modules of a
    .pt file, as ["Linear", "LeakyReLU(0.1)", "Linear"], where they are not plain Linear and ReLU.

    Of an .onnx file, ``outputs`` names the tensors to compute, outputs or inner ones, one after another; by default it
    is the only output. ``cut_head`` leaves out a Softmax, LogSoftmax, ArgMax or Sigmoid that stands last: the network's
    outputs are then the scores before it. Its weights may stand in a file beside it, as torch writes them.

    Raises :class:`FormatError` (a ``ValueError``) naming the file and the problem: unknown suffix, unreadable, too
    large, malformed, ragged, not finite, of mismatched shapes.

    >>> import tempfile
    >>> net = ReLUNetwork.from_arrays([[["1/3"], [-1]], [[1, 1]]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_network(net, f"{folder}/net.json")
    ...     load_network(f"{folder}/net.json") == net
    True
    """
    file = as_path(path)
    decode = _format_of(file).decode
    if layers is not None and file.suffix.lower() != ".pt":
        raise FormatError(f"{file}: layers are named for .pt files only")
    if file.suffix.lower() == ".onnx":
        decode = partial(decode_onnx, outputs=outputs, cut_head=cut_head, sibling=partial(read_sibling, file))
    elif outputs is not None or cut_head:
        raise FormatError(f"{file}: outputs and cut_head are chosen for .onnx files only")
    data = read_bytes(file)
    with naming(file):
        return decode(data) if layers is None else torch_reading.decode(data, layers)


def save_network(net: ReLUNetwork, path: str | PathLike[str]) -> None:
    """Write a network so that :func:`load_network` returns an equal one; the file appears whole or not at all.

    An .onnx file with other slopes than those of ReLU comes back as the same function with other units.

    Raises :class:`FormatError` for an unknown suffix and where the format cannot hold the network exactly (npz and
    safetensors hold float64, nnet decimal fractions and ReLU only), ``OSError`` if the file cannot be written.
    """
    require_network(net)
    file = as_path(path)
    encode = _format_of(file).encode
    with naming(file):
        check_count(sum(layer.output_dim * (layer.input_dim + 3) for layer in net.layers))
        data = encode(net)
        if len(data) > MAX_BYTES:
            raise ValueError(f"the file would have {len(data)} bytes, at most {MAX_BYTES} are read back")
    write_atomically(file, data)


def load_input_box(path: str | PathLike[str]) -> Box:
    """Return the box of the input minima and maxima that a .nnet file states, as a domain for its network.

    Programs that clip inputs to them compute the network's function on this box.
    Raises :class:`FormatError` for another suffix, a malformed file, and minima that are not below the maxima.
    """
    file = as_path(path)
    if file.suffix.lower() != ".nnet":
        raise FormatError(f"{file}: only .nnet files state minima and maxima of the inputs, got {file.suffix!r}")
    data = read_bytes(file)
    with naming(file):
        return nnet.input_box(data)


def load_lattice_polynomial(path: str | PathLike[str]) -> LatticePolynomial:
    """Return the lattice polynomial in a JSON file; raises :class:`FormatError` like :func:`load_network`."""
    file = as_path(path)
    data = read_bytes(file)
    with naming(file):
        return lattice_json.decode(data)


def save_lattice_polynomial(polynomial: LatticePolynomial, path: str | PathLike[str]) -> None:
    """Write a lattice polynomial as JSON, whole or not at all; ``OSError`` if the file cannot be written.

    >>> import tempfile
    >>> from tropical.functions.affine import AffineForm
    >>> largest = LatticePolynomial([AffineForm([1, 0]), AffineForm([0, "1/3"])], [[0], [1]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_lattice_polynomial(largest, f"{folder}/max.json")
    ...     load_lattice_polynomial(f"{folder}/max.json") == largest
    True
    """
    require(polynomial, LatticePolynomial, "polynomial", "a LatticePolynomial")
    write_atomically(as_path(path), lattice_json.encode(polynomial))
