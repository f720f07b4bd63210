"""What public names say to wrong arguments: one ValueError that names argument and value or type."""

from __future__ import annotations

import math
from collections.abc import Iterable
from concurrent.futures import Executor
from fractions import Fraction
from numbers import Integral, Real
from reprlib import Repr
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import validate_data

__all__ = [
    "as_count", "as_random", "as_samples", "checked_data", "listed", "refuse_masked", "require", "require_callable",
    "require_choice", "require_executor", "require_real", "shown",
]  # fmt: skip

Kinds = type | tuple[type, ...]

LARGEST = 1e70
"""Largest entry of a sample: its fourth power is in the range of float64."""
MOST = 10**15
"""Largest count that can be meant: of samples, passes, rounds."""


def shown(value: Any) -> str:
    """A value as a message shows it: short, however long or deep it is.

    >>> shown(2), shown([[[[[[[[]]]]]]]])
    ('2', '[[[[[[[...]]]]]]]')
    """
    if isinstance(value, (int, Fraction)) and not isinstance(value, bool):
        exact = Fraction(value)
        short = max(abs(exact.numerator), exact.denominator) < 10**18
        return str(value) if short else f"<{type(value).__name__}>"
    return Repr().repr(value)


def require(value: Any, kinds: Kinds, name: str) -> None:
    """ValueError unless the value is of one of these kinds.

    >>> require(None, int, "net")
    Traceback (most recent call last):
    ValueError: net must be of type int; got None
    """
    if not isinstance(value, kinds):
        names = " or ".join(kind.__name__ for kind in (kinds if isinstance(kinds, tuple) else (kinds,)))
        raise ValueError(f"{name} must be of type {names.replace('NoneType', 'None')}; got {shown(value)}")


def require_callable(value: Any, name: str) -> None:
    """ValueError unless the value is a function."""
    if not callable(value):
        raise ValueError(f"{name} must be a function; got {shown(value)}")


def require_executor(value: Any) -> None:
    """ValueError unless the value is None or an executor."""
    require(value, (Executor, type(None)), "executor")


def require_choice(value: Any, options: Iterable[str], name: str) -> None:
    """ValueError unless the value is one of the texts.

    >>> require_choice("most", ("all", "none"), "which")
    Traceback (most recent call last):
    ValueError: which must be 'all' or 'none'; got 'most'
    """
    if not isinstance(value, str) or value not in options:
        raise ValueError(f"{name} must be {' or '.join(map(repr, options))}; got {shown(value)}")


def as_count(value: Any, name: str, least: int = 1, most: int | None = MOST) -> int:
    """An integer of at least ``least``; ValueError for True, 2.0, less, and more than ``most``.

    >>> as_count(0, "samples")
    Traceback (most recent call last):
    ValueError: samples must be an integer of at least 1; got 0
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise ValueError(f"{name} must be an integer of at least {least}; got {shown(value)}")
    count = int(value)
    if count < least:
        raise ValueError(f"{name} must be an integer of at least {least}; got {shown(value)}")
    if most is not None and count > most:
        raise ValueError(f"{name} must be an integer of at most {most}; got {shown(value)}")
    return count


def require_real(value: Any, name: str, low: float, high: float) -> None:
    """ValueError unless the value is a number of float64 strictly between ``low`` and ``high``.

    >>> require_real(float("nan"), "level", 0, 1)
    Traceback (most recent call last):
    ValueError: level must lie strictly between 0 and 1; got nan
    """
    try:
        number = math.nan if isinstance(value, bool) or not isinstance(value, Real) else float(value)
    except OverflowError:
        number = math.inf
    if not low < number < high:
        raise ValueError(f"{name} must lie strictly between {low} and {high}; got {shown(value)}")


def as_random(seed: Any, name: str = "seed") -> np.random.Generator:
    """The random numbers of a seed, fresh ones for None, or the generator itself."""
    if seed is None or isinstance(seed, np.random.Generator):
        return np.random.default_rng(seed)
    return np.random.default_rng(as_count(seed, name, 0, None))


def listed(values: Any, kinds: Kinds, name: str) -> tuple[Any, ...]:
    """The values as a tuple; ValueError if they are not a sequence of values of these kinds.

    >>> listed(3, int, "seeds")
    Traceback (most recent call last):
    ValueError: seeds must be a sequence; got 3
    """
    unordered = isinstance(values, (str, bytes, dict, set, frozenset))
    if unordered or not isinstance(values, Iterable) or getattr(values, "ndim", 1) == 0:
        raise ValueError(f"{name} must be a sequence; got {shown(values)}")
    found = tuple(values)
    for place, value in enumerate(found):
        require(value, kinds, f"{name}[{place}]")
    return found


def refuse_masked(**arrays: Any) -> None:
    """ValueError for masked entries, whose values would be taken for samples."""
    for name, array in arrays.items():
        if np.ma.is_masked(array):
            raise ValueError(f"{name} must not have masked entries; got {int(np.ma.count_masked(array))} of them")


def as_samples(X: Any, name: str, dim: int) -> NDArray[np.float64]:
    """``X`` as a float64 array of finite numbers, (n, dim); ValueError for anything else.

    >>> as_samples([[1, 2]], "X", 3)
    Traceback (most recent call last):
    ValueError: X must have shape (n, 3), got (1, 2)
    """
    refuse_masked(**{name: X})
    try:
        given = np.asarray(X)
        samples = given.astype(np.float64) if given.dtype.kind not in "cSUmM" else None
    except (TypeError, ValueError, OverflowError):
        samples = None
    if samples is None:
        raise ValueError(f"{name} must hold real numbers of float64, got {shown(X)}")
    if samples.ndim != 2 or samples.shape[1] != dim:
        raise ValueError(f"{name} must have shape (n, {dim}), got {samples.shape}")
    if not np.isfinite(samples).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return samples


def checked_data(estimator: Any, X: Any, *y: Any) -> Any:
    """X, or X and y to fit on, by scikit-learn's rules; errors name them too. ValueError for X beyond ``LARGEST``."""
    refuse_masked(**dict(zip("Xy", (X, *y), strict=False)))
    try:
        found = validate_data(estimator, X, *y, dtype=np.float64, **({"y_numeric": True} if y else {"reset": False}))
    except (TypeError, ValueError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{'X and y' if y else 'X'} cannot be taken: {error}") from error
    largest = float(np.abs(found[0] if y else found).max())
    if largest > LARGEST:
        raise ValueError(f"X must be of entries up to {LARGEST:g}, whose moments float64 can hold; got {largest:g}")
    return found
