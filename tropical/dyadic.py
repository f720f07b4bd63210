"""Float64 arrays as integers times powers of two, exactly: every finite float is such a product."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ZERO = 4096  # stands for the exponent of 0, which every power of two divides


def lowest_exponents(values: Floats) -> NDArray[np.int64]:
    """For each finite value the exponent e for which it is an odd multiple of 2^e; a large number for 0.

    >>> lowest_exponents(np.array([12.0, -0.375, 1.0])).tolist()
    [2, -3, 0]
    """
    mantissa, exponent = np.frexp(values)
    whole = np.ldexp(mantissa, 53).astype(np.int64)
    _, place = np.frexp((whole & -whole).astype(np.float64))  # of the lowest bit that is set, from 1 on
    return np.where(values == 0, _ZERO, exponent - 54 + place)


def common_denominator(*arrays: Floats) -> int | None:
    """The exponent d >= 0 of the least common denominator 2^d, or None if a value times 2^d is not below 2^53.

    >>> common_denominator(np.array([0.75, 3.0]), np.array([0.5]))
    2
    """
    exponent = max(0, -min((int(lowest_exponents(a).min()) for a in arrays if a.size), default=0))
    largest = max((float(np.abs(a).max()) for a in arrays if a.size), default=0.0)
    return exponent if exponent < 1000 and largest < 2.0 ** (53 - exponent) else None
