"""Boxes of inputs as files: a lower and an upper bound for each input, which is fixed where they are equal.

``.json``: ``{"lower": [0, "1/3"], "upper": [1, "0.5"]}``, numbers as in networks: a JSON float is the double it
denotes, text the fraction that it shows. ``.csv``: one line ``lower,upper`` for each input, decimals or "p/q", taken
exactly; empty lines, lines that begin with # and a first line that says "lower,upper" are left out. ``.npy``: an array
of shape (n, 2). ``.npz``: arrays lower and upper of shape (n,).
"""

from collections.abc import Iterator, Mapping

from tropical.arguments import abbreviated
from tropical.arithmetic.rationals import as_fraction
from tropical.files import check_count
from tropical.formats import npz, numbers
from tropical.polyhedra.polyhedron import Box


def decode_json(data: bytes) -> Box:
    """The box in a JSON document; ``ValueError`` naming what is wrong in it."""
    document = numbers.read_object(numbers.parse_json(data), "document", ("lower", "upper"))
    read = numbers.decoder("decimal")
    return Box(*(numbers.read_vector(document[end], read, end) for end in ("lower", "upper")))


def decode_csv(data: bytes) -> Box:
    """The box in two columns of text; ``ValueError`` naming the line and what is wrong in it.

    >>> decode_csv(b"lower,upper\\n0,0.1\\n# fixed:\\n1/3,1/3\\n")
    Box(['0', '1/3'], ['1/10', '1/3'])
    """
    check_count(data.count(b"\n"))
    bounds = [[as_fraction(text, f"line {number}: a bound") for text in pair] for number, pair in _pairs(data)]
    return Box([low for low, _ in bounds], [high for _, high in bounds])


def _pairs(data: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 text: {error.reason} at byte {error.start}") from error
    first = True
    for number, line in enumerate(lines, start=1):
        entries = [entry.strip() for entry in line.split(",")]
        if entries == [""] or entries[0].startswith("#"):
            continue
        if first and [entry.lower() for entry in entries] == ["lower", "upper"]:
            first = False
            continue
        first = False
        if len(entries) != 2:
            raise ValueError(f"line {number}: two numbers, lower and upper, expected, got {abbreviated(line)}")
        yield number, entries


def decode_npy(data: bytes) -> Box:
    """The box in an array of shape (n, 2), each float taken exactly; ``ValueError`` naming what is wrong in it."""
    array = npz.array_of(data)
    if array.ndim != 2 or array.shape[1] != 2:
        raise ValueError(f"the array must have shape (n, 2), lower and upper bound of each input, got {array.shape}")
    return Box(array[:, 0].tolist(), array[:, 1].tolist())


def decode_npz(data: bytes) -> Box:
    """The box in the arrays lower and upper of an archive; ``ValueError`` naming what is wrong in it."""
    arrays = npz.decode(data)
    _check_shapes(arrays.shapes)
    return Box(arrays.read("lower").tolist(), arrays.read("upper").tolist())


def _check_shapes(shapes: Mapping[str, tuple[int, ...]]) -> None:
    if set(shapes) != {"lower", "upper"}:
        raise ValueError(f"the archive must hold the arrays lower and upper, got {abbreviated(sorted(shapes))}")
    for name, shape in shapes.items():
        if len(shape) != 1:
            raise ValueError(f"array {name!r} must have one dimension, got shape {abbreviated(tuple(shape))}")
        check_count(shape[0])
