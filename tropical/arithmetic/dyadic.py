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


def as_integers(values: Floats) -> tuple[int, Floats] | None:
    """The least common denominator of finite values and the values times it, or None unless all are below 2^53.

    >>> as_integers(np.array([0.75, 3.0]))
    (4, array([ 3., 12.]))
    """
    exponent = max(0, -int(lowest_exponents(values).min(initial=0)))
    if exponent >= 1000 or np.abs(values).max(initial=0.0) >= 2.0 ** (53 - exponent):
        return None
    return 1 << exponent, np.ldexp(values, exponent)
