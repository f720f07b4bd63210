"""Rationals inside JSON documents, lossless in either of two notations.

``decimal``: an integer, a string "p/q", or a JSON float, which is the double it denotes. ``hexadecimal``: a string
"p/q" of hexadecimal numerals, for numbers too long to read in decimal.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from tropical.arithmetic.rationals import MAX_DIGITS, as_fraction, from_hex, to_hex
from tropical.files import check_count

MAX_NUMERAL = 100_000
"""Longest numeral accepted: arithmetic on millions of digits would look like a hang."""
MAX_DEPTH = 64
"""Deepest nesting of a document; ours have five levels."""
_MAX_OBJECTS = 1 << 18
_LONG_DOCUMENT = 1 << 20
_BLOCK = 1 << 20
_READABLE_BITS = 200
_SAFE_INTEGER = 1 << 53


def notation(numbers: Iterable[Fraction]) -> str:
    """The notation in which to write these numbers: decimal unless one of them exceeds 200 bits."""
    readable = all(max(abs(q.numerator), q.denominator).bit_length() <= _READABLE_BITS for q in numbers)
    return "decimal" if readable else "hexadecimal"


def encoder(name: str) -> Callable[[Fraction], int | str]:
    """The function that writes one number in the notation ``name``."""
    return _decimal if name == "decimal" else to_hex


def decoder(name: Any) -> Callable[[Any, str], Fraction]:
    """The function (entry, where) -> Fraction that reads one number; ``ValueError`` for an unknown notation."""
    if name == "decimal":
        return _from_decimal
    if name == "hexadecimal":
        return _from_hexadecimal
    raise ValueError(f"numbers must be 'decimal' or 'hexadecimal', got {_short(name)}")


def _decimal(q: Fraction) -> int | str:
    return int(q) if q.denominator == 1 and abs(q.numerator) < _SAFE_INTEGER else str(q)


def _from_decimal(entry: Any, where: str) -> Fraction:
    if isinstance(entry, bool) or entry is None:
        raise ValueError(f"{where} must be a rational number, got {json.dumps(entry)}")
    return as_fraction(entry, where)


def _from_hexadecimal(entry: Any, where: str) -> Fraction:
    if isinstance(entry, str) and len(entry) > MAX_NUMERAL:
        raise ValueError(f"{where} has {len(entry)} characters, at most {MAX_NUMERAL} are read")
    return from_hex(entry, where)


def read_vector(entries: Any, read: Callable[[Any, str], Fraction], where: str) -> list[Fraction]:
    """A list of numbers; ``ValueError`` naming ``where`` for anything else."""
    if not isinstance(entries, list):
        raise ValueError(f"{where} must be a list of numbers, got {_short(entries)}")
    return [read(entry, f"{where}[{i}]") for i, entry in enumerate(entries)]


def read_matrix(rows: Any, read: Callable[[Any, str], Fraction], where: str) -> list[list[Fraction]]:
    """A list of lists of numbers; ``ValueError`` naming ``where`` for anything else."""
    if not isinstance(rows, list):
        raise ValueError(f"{where} must be a list of rows, got {_short(rows)}")
    return [read_vector(row, read, f"{where}[{i}]") for i, row in enumerate(rows)]


def read_object(data: Any, where: str, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Any]:
    """A JSON object with exactly the keys it may have; ``ValueError`` naming ``where`` for anything else."""
    if not isinstance(data, dict):
        raise ValueError(f"{where} must be an object, got {_short(data)}")
    missing = [key for key in required if key not in data]
    unknown = [key for key in data if key not in required and key not in optional]
    if missing:
        raise ValueError(f"{where} lacks the key {missing[0]!r}")
    if unknown:
        raise ValueError(f"{where} has an unknown key {_short(unknown[0])}")
    return data


def check_header(data: dict[str, Any], schema: str, version: int) -> None:
    """``ValueError`` unless the document says that it follows this schema in this version."""
    if data["format"] != schema:
        raise ValueError(f"format must be {schema!r}, got {_short(data['format'])}")
    if data["version"] != version or isinstance(data["version"], bool):
        raise ValueError(f"version must be {version}, got {_short(data['version'])}")


def parse_json(data: bytes) -> Any:
    """Parse UTF-8 JSON strictly: no NaN, no repeated key, no numeral too long, no nesting too deep: ``ValueError``.

    The number of entries and the depth are bounded before anything is built.

    >>> parse_json(b'{"a": 1, "a": 2}')
    Traceback (most recent call last):
    ...
    ValueError: key 'a' appears twice
    """
    _check_size(data)
    try:
        return json.loads(
            data.decode("utf-8"),
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_no_constant,
            object_pairs_hook=_distinct,
        )
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 text: {error.reason} at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from error


def _check_size(data: bytes) -> None:
    """Bound what a document can expand to."""
    if len(data) > _LONG_DOCUMENT and not data.isascii():
        raise ValueError(f"a document of more than {_LONG_DOCUMENT} bytes must be plain ASCII")
    check_count(data.count(b",") + data.count(b"["))
    objects = data.count(b"{")
    if objects > _MAX_OBJECTS:
        raise ValueError(f"the document has {objects} objects, at most {_MAX_OBJECTS} are read")
    depth = _nesting(data)
    if depth > MAX_DEPTH:
        raise ValueError(f"the document is nested {depth} deep, at most {MAX_DEPTH} levels are read")


def _nesting(data: bytes) -> int:
    """Deepest nesting of brackets outside strings, block by block."""
    plain = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    depth = quotes = deepest = 0
    for start in range(0, len(plain), _BLOCK):
        text = np.frombuffer(plain, np.uint8, min(_BLOCK, len(plain) - start), start)
        parity = quotes + np.cumsum(text == ord('"'))
        opening, closing = (np.isin(text, [ord(a), ord(b)]).astype(np.int64) for a, b in ("[{", "]}"))
        levels = depth + np.cumsum((opening - closing) * (parity % 2 == 0))
        depth, quotes, deepest = int(levels[-1]), int(parity[-1]), max(deepest, int(levels.max()))
    return deepest


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"an integer of {len(text)} digits: write numbers that long in hexadecimal")
    return int(text)


def _float(text: str) -> float:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a number of {len(text)} characters, at most {MAX_DIGITS} are read")
    return float(text)


def _no_constant(text: str) -> float:
    raise ValueError(f"numbers must be finite, got {text}")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"key {_short(key)} appears twice")
        found[key] = value
    return found


def _short(value: Any) -> str:
    if isinstance(value, (list, dict)):
        return f"a {type(value).__name__} of length {len(value)}"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
