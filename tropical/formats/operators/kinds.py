"""Element types of ONNX: which numbers each holds, and numbers rounded to one where they are irrational."""

from collections.abc import Sequence
from typing import Any

from flint import fmpq

from tropical.formats import tensors
from tropical.formats.lowering import Tensor, is_constant, mapped

FLOATS = ("FLOAT16", "BFLOAT16", "FLOAT", "DOUBLE")  # each holds the numbers of those before it, but for bfloat16
INTEGERS = ("INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32", "INT64", "UINT64")
_SIGNIFICANT_BITS = {"FLOAT16": 11, "BFLOAT16": 8, "FLOAT": 24, "DOUBLE": 53}
_SMALLEST_EXPONENT = {"FLOAT16": -24, "BFLOAT16": -133, "FLOAT": -149, "DOUBLE": -1074}
_LARGEST_EXPONENT = {"FLOAT16": 16, "BFLOAT16": 128, "FLOAT": 128, "DOUBLE": 1024}


def check_integers(results: Sequence[Tensor], kind: str) -> None:
    """``ValueError`` where the runtime's integers would be rounded or overflow."""
    bits, signed = int(kind.removeprefix("U").removeprefix("INT")), not kind.startswith("U")
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    for result in results:
        if any(not low <= value <= high for value in tensors.integers(result, f"results of type {kind}")):
            raise ValueError(f"a result exceeds the range of {kind}")


def cast(x: Tensor, source: str, target: str) -> Tensor:
    """The same values, if the type ``target`` holds them: forms only where it holds all of ``source``."""
    if source == target:
        return x
    if target == "BOOL" and is_constant(x):
        return mapped(lambda q: fmpq(int(q != 0)), x)
    if target in INTEGERS and is_constant(x) and source in (*INTEGERS, *FLOATS, "BOOL"):
        x = mapped(lambda q: fmpq(truncated(q)), x)
        check_integers([x], target)
        return x
    if target not in FLOATS:
        raise ValueError(f"from {source} to {target} is not supported")
    wider = FLOATS.index(source) <= FLOATS.index(target) if source in FLOATS else source == "BOOL"
    if wider and (source, target) != ("FLOAT16", "BFLOAT16"):
        return x
    if not is_constant(x) or any(not _holds(target, value) for value in x.flat):
        raise ValueError(f"from {source} to {target} rounds, which no network does exactly")
    return x


def truncated(q: fmpq) -> int:
    """The number without its fraction."""
    return int(abs(q).floor()) * (1 if q >= 0 else -1)


def rounded(q: fmpq, kind: str) -> fmpq:
    """The number of a float type that is nearest to a number, ties to even."""
    exponent = int(q.p).bit_length() - int(q.q).bit_length()
    unit = max(exponent - _SIGNIFICANT_BITS[kind], _SMALLEST_EXPONENT[kind])
    if abs(q) >= fmpq(2) ** (unit + _SIGNIFICANT_BITS[kind]):
        unit += 1
    scale = fmpq(2) ** unit
    count = int((q / scale).floor())
    rest = q / scale - count
    count += rest > fmpq(1, 2) or (rest == fmpq(1, 2) and count & 1)
    if not _holds(kind, count * scale):
        raise ValueError(f"a result exceeds the range of {kind}")
    return count * scale


def _holds(kind: str, value: Any) -> bool:
    """Whether a float type holds the number: an integer of few bits times a power of two in range."""
    top, bottom = abs(int(value.p)), int(value.q)
    if not top:
        return True
    zeros = (top & -top).bit_length() - 1
    exponent = zeros - (bottom.bit_length() - 1)
    return (
        not bottom & (bottom - 1)
        and (top >> zeros).bit_length() <= _SIGNIFICANT_BITS[kind]
        and exponent >= _SMALLEST_EXPONENT[kind]
        and exponent + (top >> zeros).bit_length() <= _LARGEST_EXPONENT[kind]
    )
