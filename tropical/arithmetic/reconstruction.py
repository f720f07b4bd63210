"""Rational vectors from float approximations: simultaneous reconstruction by lattice reduction. THEORY section 3.3."""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from flint import fmpz_mat
from numpy.typing import ArrayLike

from tropical.arguments import as_count, as_real, described, floats

__all__ = ["reconstruct_rationals"]

_GUARD = 16  # lattice entries are rounded to integers; four more bits make that rounding harmless


def reconstruct_rationals(
    values: ArrayLike,
    error: float | ArrayLike,
    *,
    max_denominator: int = 10**12,
    gap: float = 1e3,
    ambiguity: float = 1e-2,
    coordinates: int = 12,
) -> tuple[Fraction, ...] | None:
    r"""Rationals n_j/D with one denominator D ≤ ``max_denominator`` and |v_j - n_j/D| ≤ ``error``_j, or None.

    D is the first coordinate of a short vector (D, (D v_j - n_j)/error_j) of a lattice reduced by LLL: this reaches
    D of the order 10^11 from float64, where continued fractions of single coordinates end at 10^7.
    An answer is given only if chance is excluded: the reduced basis has no second vector less than ``gap`` times as
    long, and D · error · √(number of coordinates) ≤ ``ambiguity``. Otherwise the answer is None, not a guess.

    Parameters
    ----------
    values : (m,) finite floats. error : bound for the error of each, positive; one number or m of them.
    max_denominator : largest D accepted. gap, ambiguity : how clearly chance must be excluded.
    coordinates : how many coordinates enter a reduction; the others are then read off, or enter the next one.

    Raises
    ------
    ValueError : values that are no vector or not finite, errors that are not positive and finite.

    Examples
    --------
    >>> reconstruct_rationals([0.3333333333333333, 0.14285714285714285], 1e-16)
    (Fraction(1, 3), Fraction(1, 7))
    >>> reconstruct_rationals([2**0.5, 3**0.5], 1e-15) is None
    True

    Source: A. K. Lenstra, H. W. Lenstra, L. Lovász (1982), simultaneous approximation; THEORY section 3.3.
    """
    vector, bounds = _checked(values, error)
    max_denominator, coordinates = as_count(max_denominator, "max_denominator"), as_count(coordinates, "coordinates")
    for name, value in (("gap", gap), ("ambiguity", ambiguity)):
        as_real(value, name, lambda number: number > 0, "a positive number")
    exact = [Fraction(float(v)) for v in vector]
    errors = [Fraction(float(e)) for e in bounds]
    denominator = 1
    while True:
        open_ = [j for j, (v, e) in enumerate(zip(exact, errors, strict=True)) if not _integral(v, e, denominator)]
        if not open_:
            break
        chosen = [open_[i] for i in np.linspace(0, len(open_) - 1, min(coordinates, len(open_))).astype(int)]
        scaled = [exact[j] * denominator for j in chosen]
        factor = _common_denominator(scaled, [errors[j] * denominator for j in chosen], gap)
        if factor is None or denominator * factor > max_denominator:
            return None
        denominator *= factor
    if denominator * float(max(errors, default=Fraction(0))) * math.sqrt(len(exact)) > ambiguity:
        return None
    return tuple(Fraction(round(v * denominator), denominator) for v in exact)


def _checked(values: ArrayLike, error: float | ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    vector, bounds = floats(values), floats(error)
    if vector is None or vector.ndim != 1 or not np.isfinite(vector).all():
        shape = "" if vector is None else f"shape {vector.shape} with "
        raise ValueError(f"values must be a vector of finite numbers, got {shape}{described(values)}")
    fits = bounds is not None and bounds.shape in ((), vector.shape) and not isinstance(error, bool)
    if bounds is None or not fits or not (np.isfinite(bounds).all() and (bounds > 0.0).all()):
        of = f"one number or {len(vector)} of them"
        raise ValueError(f"error must be positive and finite, {of}, got {described(error)}")
    return vector, np.broadcast_to(bounds, vector.shape)


def _integral(value: Fraction, error: Fraction, denominator: int) -> bool:
    """Whether denominator · value is an integer up to the error."""
    scaled = value * denominator
    return abs(scaled - round(scaled)) <= denominator * error


def _common_denominator(values: Sequence[Fraction], errors: Sequence[Fraction], gap: float) -> int | None:
    """The q ≥ 2 with all q·v_j integral up to q·error_j, if one vector of the reduced lattice stands out by ``gap``."""
    if max(errors) * 4 >= 1:
        return None
    weights = [math.floor(_GUARD / e) for e in errors]
    rows = [[_GUARD] + [round(v * w) for v, w in zip(values, weights, strict=True)]]
    for j, weight in enumerate(weights):
        rows.append([0] * (j + 1) + [weight] + [0] * (len(weights) - j - 1))
    reduced = [[int(entry) for entry in row] for row in fmpz_mat(rows).lll().tolist()]
    lengths = [math.hypot(*map(float, row)) for row in reduced]
    shortest = min(range(len(rows)), key=lengths.__getitem__)
    if any(length < gap * lengths[shortest] for i, length in enumerate(lengths) if i != shortest):
        return None
    factor = abs(reduced[shortest][0]) // _GUARD
    fits = all(_integral(v, e, factor) for v, e in zip(values, errors, strict=True))
    return factor if factor >= 2 and fits else None
