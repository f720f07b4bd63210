"""Confidence intervals for probabilities."""

from __future__ import annotations

__all__ = ["clopper_pearson"]


def clopper_pearson(successes: int, trials: int, *, confidence: float = 0.95) -> tuple[float, float]:
    r"""Interval for a probability that covers it with at least the stated confidence, from independent trials.

    Raises
    ------
    ValueError : successes outside 0, ..., trials, or no trials.

    Examples
    --------
    >>> lower, upper = clopper_pearson(0, 20)
    >>> lower, round(upper, 3)
    (0.0, 0.168)

    Source: Clopper and Pearson (1934).
    """
    from scipy.stats import beta

    if not 0 <= successes <= trials or trials == 0:
        raise ValueError(f"successes must lie between 0 and the trials, at least one; got {successes} of {trials}")
    tail = (1.0 - confidence) / 2.0
    lower = 0.0 if successes == 0 else float(beta.ppf(tail, successes, trials - successes + 1))
    upper = 1.0 if successes == trials else float(beta.ppf(1.0 - tail, successes + 1, trials - successes))
    return lower, upper
