"""What public names say to wrong arguments: one ``ValueError`` that names argument and value."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LONGEST = 60  # characters of a value in a message


def abbreviated(value: Any) -> str:
    """The text of a value, cut where it is long; its type where it has no text.

    >>> abbreviated("a" * 100)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..."
    >>> abbreviated(10**5000)
    '<int>'
    """
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested too deeply; an integer of more digits than Python writes
        text = f"<{type(value).__name__}>"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def described(value: Any) -> str:
    """A value of a wrong kind: its type, and what it is if that is short to say.

    >>> described(1.5), described(None), described(range)
    ('1.5 of type float', 'None', 'an object of type type')
    """
    if value is None:
        return "None"
    kind = type(value)
    if kind in (bool, int, float, complex, str, bytes, list, tuple, dict, set) or isinstance(value, np.generic):
        return f"{abbreviated(value)} of type {kind.__name__}"
    return f"an object of type {kind.__name__}"


def require(value: Any, kinds: type | tuple[type, ...], where: str, what: str) -> None:
    """``ValueError`` unless the value is of one of these kinds, of which ``what`` is the name.

    >>> require(1.5, str, "path", "a path")
    Traceback (most recent call last):
    ValueError: path must be a path, got 1.5 of type float
    """
    if not isinstance(value, kinds):
        raise ValueError(f"{where} must be {what}, got {described(value)}")


def as_all(values: Any, kind: type | tuple[type, ...], where: str, what: str) -> tuple[Any, ...]:
    """The values as a tuple; ``ValueError`` if ``values`` is no sequence, or if one is not of the kind.

    >>> as_all([1.5, "a"], float, "sizes", "numbers")
    Traceback (most recent call last):
    ValueError: sizes must be a sequence of numbers, got 'a' of type str in place 1
    """
    found = as_sequence(values, where, what)
    if not all(issubclass(found_kind, kind) for found_kind in set(map(type, found))):
        place = next(i for i, value in enumerate(found) if not isinstance(value, kind))
        raise ValueError(f"{where} must be a sequence of {what}, got {described(found[place])} in place {place}")
    return found


def require_flag(value: Any, where: str) -> None:
    """``ValueError`` for anything but True and False: a text or a list would count as True."""
    require(value, (bool, np.bool_), where, "True or False")


def require_callable(value: Any, where: str) -> None:
    """``ValueError`` for anything that is neither None nor a function."""
    if value is not None and not callable(value):
        raise ValueError(f"{where} must be a function or None, got {described(value)}")


def is_sequence(values: Any, sets: bool = False) -> bool:
    """Whether values can be gone through in an order: not text, no mapping, no array of no axes; a set if ``sets``."""
    if isinstance(values, (str, bytes, bytearray, Mapping)) or (isinstance(values, (set, frozenset)) and not sets):
        return False
    return isinstance(values, Iterable) and getattr(values, "ndim", 1) != 0


def as_sequence(values: Any, where: str, what: str, sets: bool = False) -> tuple[Any, ...]:
    """The values as a tuple; ``ValueError`` for text, mappings, sets (unless ``sets``) and what is no sequence.

    >>> as_sequence("ab", "pieces", "affine forms")
    Traceback (most recent call last):
    ValueError: pieces must be a sequence of affine forms, got 'ab' of type str
    """
    if not is_sequence(values, sets):
        raise ValueError(f"{where} must be a sequence of {what}, got {described(values)}")
    return tuple(values)


def as_integer(value: Any, where: str) -> int:
    """An integer, of NumPy too; ``ValueError`` for True and 2.0."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise ValueError(f"{where} must be an integer, got {described(value)}")
    return int(value)


def as_count(value: Any, where: str, least: int = 1) -> int:
    """An integer of at least ``least``.

    >>> as_count(0, "samples")
    Traceback (most recent call last):
    ValueError: samples must be at least 1, got 0
    """
    count = as_integer(value, where)
    if count < least:
        raise ValueError(f"{where} must be at least {least}, got {abbreviated(value)}")
    return count


def as_index(value: Any, count: int, where: str) -> int:
    """An integer from 0 to ``count`` - 1.

    >>> as_index(2, 2, "output")
    Traceback (most recent call last):
    ValueError: output must be between 0 and 1, got 2
    """
    index = as_integer(value, where)
    if not 0 <= index < count:
        raise ValueError(f"{where} must be between 0 and {count - 1}, got {abbreviated(value)}")
    return index


def require_choice(value: Any, options: Sequence[str], where: str) -> None:
    """``ValueError`` unless the value is one of the texts.

    >>> require_choice(3, ("full", "flat"), "form")
    Traceback (most recent call last):
    ValueError: form must be one of ('full', 'flat'), got 3
    """
    if not isinstance(value, str) or value not in options:
        raise ValueError(f"{where} must be one of {tuple(options)}, got {abbreviated(value)}")


def as_real(value: Any, where: str, accepts: Callable[[float], bool], what: str) -> float:
    """A finite number that ``accepts`` accepts, of which ``what`` is the name.

    >>> as_real(-1, "explode", lambda number: number >= 0, "a number >= 0")
    Traceback (most recent call last):
    ValueError: explode must be a number >= 0, got -1
    """
    try:
        number = float(value) if is_real(value) else math.nan
    except OverflowError:
        number = math.inf
    if not (math.isfinite(number) and accepts(number)):
        raise ValueError(f"{where} must be {what}, got {abbreviated(value)}")
    return number


def as_seed(seed: Any, where: str = "seed") -> int | np.random.Generator:
    """What ``numpy.random.default_rng`` takes: a natural number, or a generator.

    >>> as_seed(-1)
    Traceback (most recent call last):
    ValueError: seed must be at least 0, got -1
    """
    return seed if isinstance(seed, np.random.Generator) else as_count(seed, where, 0)


def is_real(value: Any) -> bool:
    """Whether a value is a real number; True and False are none."""
    return isinstance(value, Real) and not isinstance(value, bool)


def as_samples(X: Any, dim: int) -> NDArray[np.float64]:
    """``X`` as a float64 array of shape (n_samples, dim); ``ValueError`` for another shape and for other numbers.

    >>> as_samples([[1j]], 1)
    Traceback (most recent call last):
    ValueError: X must hold real numbers, got [[1j]] of type list
    """
    samples = floats(X)
    if samples is None:
        raise ValueError(f"X must hold real numbers, got {described(X)}")
    if samples.ndim != 2 or samples.shape[1] != dim:
        raise ValueError(f"X must have shape (n_samples, {dim}), got {samples.shape}")
    return samples


def floats(X: Any) -> NDArray[np.float64] | None:
    """``X`` as a float64 array; None for anything but real numbers in a rectangle: text, complex or masked ones."""
    if np.ma.is_masked(X):
        return None
    try:
        given = np.asarray(X)
        return None if given.dtype.kind in "cSUmM" else given.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError):  # of several lengths, of other objects, an integer beyond float64
        return None
