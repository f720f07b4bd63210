"""Networks and lattice polynomials on disk: one file for each format, chosen by suffix.

Loading is lossless over Q, runs no code from the file and never unpickles. A format is a pair of functions, from bytes
to a network and back, entered in the table below; whatever they reject becomes one :class:`FormatError`.
"""

import contextlib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from tropical.arguments import require
from tropical.files import MAX_BYTES, as_path, check_count, naming, read_bytes, read_sibling, write_atomically
from tropical.files import FormatError as FormatError
from tropical.formats import boxes, foreign, json_format, lattice_json, nnet, npz, safetensors_format
from tropical.formats.lattice_json import lattice_polynomial_from_dict as lattice_polynomial_from_dict
from tropical.formats.lattice_json import lattice_polynomial_to_dict as lattice_polynomial_to_dict
from tropical.formats.named_arrays import NamedArrays
from tropical.formats.onnx.reading import decode as decode_onnx
from tropical.formats.onnx.writing import encode as encode_onnx
from tropical.formats.scikit_learn import from_sklearn as from_sklearn
from tropical.formats.torch import reading as torch_reading
from tropical.formats.torch.reading import from_torch as from_torch
from tropical.formats.weights.reading import decode as decode_weights
from tropical.functions.lattice_polynomial import LatticePolynomial
from tropical.functions.network import ReLUNetwork
from tropical.functions.requirements import require_network
from tropical.polyhedra.polyhedron import Box

__all__ = [
    "AssumedReLUWarning",
    "FormatError",
    "from_sklearn",
    "from_torch",
    "lattice_polynomial_from_dict",
    "lattice_polynomial_to_dict",
    "load_input_box",
    "load_lattice_polynomial",
    "load_network",
    "save_lattice_polynomial",
    "save_network",
]


class AssumedReLUWarning(UserWarning):
    """A file of weights was read that does not say what stands between its layers: ReLU was assumed.

    ``layers=`` of :func:`load_network` says it; a module in memory (:func:`from_torch`) says all by itself.
    """


class _Format(NamedTuple):
    decode: Callable[[bytes], ReLUNetwork | NamedArrays]
    encode: Callable[[ReLUNetwork], bytes]


_FORMATS = MappingProxyType(
    {
        ".json": _Format(json_format.decode, json_format.encode),
        ".npz": _Format(npz.decode, npz.encode),
        ".safetensors": _Format(safetensors_format.decode, safetensors_format.encode),
        ".nnet": _Format(nnet.decode, nnet.encode),
        ".pt": _Format(torch_reading.decode, torch_reading.encode),
        ".pth": _Format(torch_reading.decode, torch_reading.encode),
        ".ckpt": _Format(torch_reading.decode, torch_reading.encode),
        ".onnx": _Format(decode_onnx, encode_onnx),
    }
)
_WEIGHTS = (".npz", ".safetensors", ".pt", ".pth", ".ckpt")


_BOXES: Mapping[str, Callable[[bytes], Box]] = MappingProxyType(
    {
        ".csv": boxes.decode_csv,
        ".json": boxes.decode_json,
        ".npy": boxes.decode_npy,
        ".npz": boxes.decode_npz,
        ".nnet": nnet.input_box,
    }
)


def _format_of(path: Path, reading: bool) -> _Format:
    try:
        return _FORMATS[path.suffix.lower()]
    except KeyError:
        what = f"no network format has the suffix {path.suffix!r}; known are {', '.join(_FORMATS)}"
        hint = "it is a directory: name the file in it" if path.is_dir() else foreign.advice(path.suffix)
        raise FormatError(f"{path}: {what}{f'; {hint}' if reading and hint else ''}") from None


@contextlib.contextmanager
def _recognising(data: bytes, suffix: str) -> Iterator[None]:
    """Say of a file that cannot be read what its content looks like, if that is something else."""
    try:
        yield
    except ValueError as error:
        hint = foreign.recognised(data, suffix)
        raise ValueError(f"{error}{hint and f'; {hint}'}") from error


def load_network(
    path: str | PathLike[str],
    layers: Sequence[str] | None = None,
    *,
    outputs: str | Sequence[str] | None = None,
    cut_head: bool = False,
) -> ReLUNetwork:
    """Return the network in a file, exactly; the suffix names the format.

    ``.json`` holds any rationals, ``.nnet`` decimal fractions with the normalisation folded in, ``.onnx`` (needs onnx)
    a graph of piecewise-linear operators. ``.npz``, ``.safetensors`` and ``.pt``, ``.pth``, ``.ckpt`` (need torch; a
    state dict, or a checkpoint with one) hold weights: weight_0, bias_0, weight_1, ..., or modules under their names,
    as fc1.weight, layers.0.weight, W1, Dense_0/kernel. Such a file does not say what stands between its layers: ReLU is
    assumed, and an :class:`AssumedReLUWarning` says so, unless ``layers`` names the modules in their order, as
    ["Linear", "BatchNorm1d", "LeakyReLU(0.1)", "Linear"] or, where that of the file is another, ["Linear(fc1)", "ReLU",
    "Linear(out)"].

    Of an .onnx file, ``outputs`` names the tensors to compute, outputs or inner ones, one after another; by default it
    is the only output. ``cut_head`` leaves out a Softmax, LogSoftmax, ArgMax or Sigmoid that stands last: the network's
    outputs are then the scores before it. Its weights may stand in a file beside it, as torch writes them.

    Raises :class:`FormatError` (a ``ValueError``) naming the file and the problem: unknown suffix, unreadable, too
    large, malformed, ragged, not finite, of mismatched shapes; of weights, also what the file leaves open.

    >>> import tempfile
    >>> net = ReLUNetwork.from_arrays([[["1/3"], [-1]], [[1, 1]]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_network(net, f"{folder}/net.json")
    ...     load_network(f"{folder}/net.json") == net
    True
    """
    file = as_path(path)
    decode = _format_of(file, reading=True).decode
    if layers is not None and file.suffix.lower() not in _WEIGHTS:
        raise FormatError(f"{file}: layers are named for files of weights only: {', '.join(_WEIGHTS)}")
    if file.suffix.lower() == ".onnx":
        decode = partial(decode_onnx, outputs=outputs, cut_head=cut_head, sibling=partial(read_sibling, file))
    elif outputs is not None or cut_head:
        raise FormatError(f"{file}: outputs and cut_head are chosen for .onnx files only")
    data = read_bytes(file)
    with naming(file), _recognising(data, file.suffix):
        read, assumed = decode(data), ""
        if isinstance(read, NamedArrays):
            read, assumed = decode_weights(read, layers)
    if assumed:
        warnings.warn(f"{file}: {assumed}", AssumedReLUWarning, stacklevel=2)
    return read


def save_network(net: ReLUNetwork, path: str | PathLike[str]) -> None:
    """Write a network so that :func:`load_network` returns an equal one; the file appears whole or not at all.

    From .onnx a network with other slopes than those of ReLU comes back as the same function with other units, and
    one with a hidden layer of zero weights without those constant units.

    Raises :class:`FormatError` for an unknown suffix and where the format cannot hold the network exactly (npz,
    safetensors and ONNX hold float64; nnet decimal fractions, its inputs normalised where that helps, and ReLU only),
    ``OSError`` if the file cannot be written.
    """
    require_network(net)
    file = as_path(path)
    encode = _format_of(file, reading=False).encode
    with naming(file):
        check_count(sum(layer.output_dim * (layer.input_dim + 3) for layer in net.layers))
        data = encode(net)
        if len(data) > MAX_BYTES:
            raise ValueError(f"the file would have {len(data)} bytes, at most {MAX_BYTES} are read back")
    write_atomically(file, data)


def load_input_box(path: str | PathLike[str]) -> Box:
    """Return the box in a file, as a domain: a lower and an upper bound for each input, exactly.

    ``.csv`` holds a line lower,upper for each input, ``.json`` an object with two lists, "lower" and "upper", ``.npy``
    an array of shape (n, 2), ``.npz`` the arrays lower and upper. ``.nnet`` files state minima and maxima of the
    inputs: programs that clip inputs to them compute the network's function on this box.
    Raises :class:`FormatError` for another suffix, a malformed file, and minima above the maxima.

    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pathlib.Path(folder, "box.csv").write_text("0,0.1\\n1/3,1/3\\n")
    ...     load_input_box(f"{folder}/box.csv")
    Box(['0', '1/3'], ['1/10', '1/3'])
    """
    file = as_path(path)
    decode = _BOXES.get(file.suffix.lower())
    if decode is None:
        raise FormatError(f"{file}: boxes are read from {', '.join(_BOXES)}, got {file.suffix!r}")
    data = read_bytes(file)
    with naming(file):
        return decode(data)


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
