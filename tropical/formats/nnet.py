r"""Networks as ``.nnet`` text (Stanford; Reluplex, Katz et al. 2017), as decimal fractions.

.. code-block:: text

    // comments
    2, 5, 1, 50,            number of layers, inputs, outputs, largest layer
    5, 50, 1,               sizes, inputs first
    0,                      unused
    -1.0, ...               minima of the inputs
    1.0, ...                maxima of the inputs
    0.5, ..., 7.5           means of the inputs, then of the outputs
    2.0, ..., 373.9         ranges of the inputs, then of the outputs
    0.25, -1e-3, ...        the rows of W_0, then its biases one on each line, then W_1, ...

The file stands for x -> range * F((x - means) / ranges) + mean with ReLU between the layers; both normalisations are
folded into the first and the last layer, exactly, and a normalisation that lets decimal fractions stand for the first
layer is found again on writing. Numerals are the decimal fractions they show: 0.1 is 1/10 here, not
the double next to it. That other programs clip inputs to the minima and maxima first is not part of the network read;
:func:`input_box` gives them as a domain.
"""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from tropical.arithmetic.rationals import as_fraction
from tropical.files import MAX_NUMBERS, check_count
from tropical.formats.nnet_normalisation import normalised
from tropical.functions.layer import RELU
from tropical.functions.network import ReLUNetwork
from tropical.polyhedra.polyhedron import Box

MAX_EXPONENT = 400
"""Largest exponent of ten, a little beyond that of float64: 1e999999999 would not fit into memory."""
_MAX_NUMERAL = 1200
_DECIMAL = re.compile(rb"[+-]?(?=\.?[0-9])[0-9]*\.?[0-9]*(?:[eE]([+-]?[0-9]{1,6}))?")
_WIDEST = "1.7976931348623157e+308"


class _Header(NamedTuple):
    sizes: list[int]
    lower: list[Fraction]
    upper: list[Fraction]
    means: list[Fraction]
    ranges: list[Fraction]


def decode(data: bytes) -> ReLUNetwork:
    """The network in the text, normalisation folded in; ``ValueError`` naming the line and what is wrong in it."""
    lines = _Lines(data)
    header = _header(lines)
    texts = [
        ([lines.row(n_in, "weights") for _ in range(n_out)], [lines.row(1, "a bias")[0] for _ in range(n_out)])
        for n_in, n_out in pairwise(header.sizes)
    ]
    lines.end()
    weights = [[[_fraction(t) for t in row] for row in rows] for rows, _ in texts]
    biases = [[_fraction(t) for t in column] for _, column in texts]
    *means, mean = header.means
    *ranges, scale = header.ranges
    weights[0] = [[q / r for q, r in zip(row, ranges, strict=True)] for row in weights[0]]
    for unit, row in enumerate(weights[0]):
        biases[0][unit] -= sum((q * m for q, m in zip(row, means, strict=True)), Fraction(0))
    weights[-1] = [[scale * q for q in row] for row in weights[-1]]
    biases[-1] = [scale * q + mean for q in biases[-1]]
    return ReLUNetwork.from_arrays(weights, biases)


def input_box(data: bytes) -> Box:
    """The box between the minima and the maxima of the inputs; ``ValueError`` if one is above."""
    header = _header(_Lines(data))
    return Box(header.lower, header.upper)


def _header(lines: "_Lines") -> _Header:
    count, inputs, outputs, _ = lines.integers(4, "number of layers, inputs, outputs, largest layer")
    if not 1 <= count <= MAX_NUMBERS:
        raise ValueError(f"the number of layers must be positive and at most {MAX_NUMBERS}, got {count}")
    sizes = lines.integers(count + 1, "the sizes of the layers")
    if min(sizes) < 1:
        raise ValueError(f"the sizes of the layers must be positive, got {min(sizes)}")
    if (sizes[0], sizes[-1]) != (inputs, outputs):
        raise ValueError(f"{inputs} inputs and {outputs} outputs announced, but sizes {sizes[0]} to {sizes[-1]}")
    check_count(sum(n_out * (n_in + 1) for n_in, n_out in pairwise(sizes)))
    lines.next("a line that is not used")
    names = ("minima", "maxima", "means", "ranges")
    rows = [lines.row(inputs + (name in ("means", "ranges")), name) for name in names]
    lower, upper, means, ranges = ([_fraction(t) for t in row] for row in rows)
    if not all(ranges):
        raise ValueError("a range is 0: the normalisation divides by it")
    return _Header(sizes, lower, upper, means, ranges)


class _Lines:
    """The lines that are neither empty nor comments, each split at commas and checked before a number is made of it."""

    def __init__(self, data: bytes) -> None:
        check_count(max(data.count(b"\n"), data.count(b",")))
        self._lines = self._content(data)
        self._number = 0

    def _content(self, data: bytes) -> Iterator[bytes]:
        for number, line in enumerate(data.split(b"\n"), start=1):
            text = line.strip()
            if text and not text.startswith(b"//"):
                self._number = number
                yield text

    def next(self, what: str) -> list[bytes]:
        """The entries of the next line."""
        line = next(self._lines, None)
        if line is None:
            raise ValueError(f"the file ends where {what} should be")
        return [entry.strip() for entry in line.removesuffix(b",").split(b",")]

    def row(self, length: int, what: str) -> list[bytes]:
        """So many numerals, as text."""
        entries = self.next(what)
        if len(entries) != length:
            raise ValueError(f"line {self._number}: {what}: {length} numbers expected, got {len(entries)}")
        for entry in entries:
            match = _DECIMAL.fullmatch(entry) if len(entry) <= _MAX_NUMERAL else None
            if match is None or abs(int(match[1] or 0)) > MAX_EXPONENT:
                raise ValueError(
                    f"line {self._number}: {what}: a finite decimal number of at most {_MAX_NUMERAL} characters and"
                    f" exponent {MAX_EXPONENT} expected, got {entry[:40]!r}"
                )
        return entries

    def integers(self, length: int, what: str) -> list[int]:
        """So many integers."""
        entries = self.next(what)
        if len(entries) != length or not all(re.fullmatch(rb"[0-9]{1,9}", entry) for entry in entries):
            raise ValueError(f"line {self._number}: {what}: {length} natural numbers expected, got {entries[:5]}"[:200])
        return list(map(int, entries))

    def end(self) -> None:
        """Nothing may follow."""
        if next(self._lines, None) is not None:
            raise ValueError(f"line {self._number}: the network ended before this line")


def _fraction(entry: bytes) -> Fraction:
    return as_fraction(entry.decode("ascii"))


def encode(net: ReLUNetwork) -> bytes:
    """The text of a ReLU network; ``ValueError`` where slopes or a number have no such text.

    Inputs are normalised by 0 and 1, or as the numbers of the first layer need to be decimal fractions.
    """
    for index, layer in enumerate(net.layers[:-1]):
        if any(pair != RELU for pair in layer.slopes):
            raise ValueError(f"layer {index} has units other than ReLU, which .nnet cannot hold: save it as .json")
    sizes = [net.input_dim, *(layer.output_dim for layer in net.layers)]
    n, first, *others = net.input_dim, *net.layers
    means, ranges, weight, bias = normalised(first.weight, first.bias)
    lines = ["// x -> W_L relu(... relu(W_0 x + b_0) ...) + b_L, exact decimal fractions, written by tropical-relu"]
    lines += [f"{len(net.layers)},{n},{net.output_dim},{max(sizes)},", ",".join(map(str, sizes)) + ",", "0,"]
    lines += [
        f"-{_WIDEST}," * n,
        f"{_WIDEST}," * n,
        _row([*means, Fraction(0)], "means"),
        _row([*ranges, Fraction(1)], "ranges"),
    ]
    for index, (rows, column) in enumerate([(weight, bias), *((layer.weight, layer.bias) for layer in others)]):
        lines += [_row(row, f"layer {index}: weight") for row in rows]
        lines += [_row([q], f"layer {index}: bias") for q in column]
    return ("\n".join(lines) + "\n").encode()


def _row(row: Sequence[Fraction], where: str) -> str:
    return ",".join(_decimal(q, where) for q in row) + ","


def _decimal(q: Fraction, where: str) -> str:
    """The decimal fraction equal to q, if there is one: the denominator may have no primes but 2 and 5."""
    rest, twos, fives = q.denominator, 0, 0
    twos = (rest & -rest).bit_length() - 1
    rest >>= twos
    while rest > 1 and rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    places = max(twos, fives)
    text = ""
    if rest == 1 and max(places, (q.numerator.bit_length() - 1) * 0.301) <= _MAX_NUMERAL:
        digits = str(abs(q.numerator) * 2 ** (places - twos) * 5 ** (places - fives)).zfill(places + 1)
        text = f"{'-' * (q < 0)}{digits[: len(digits) - places]}.{digits[len(digits) - places :] or '0'}"
    if not 0 < len(text) <= _MAX_NUMERAL:
        raise ValueError(f"{where} holds a number that is no decimal fraction of bearable length: save it as .json")
    return text
