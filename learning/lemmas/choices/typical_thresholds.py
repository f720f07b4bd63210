"""Rational thresholds τ near quantiles of |f|: the choice a check makes where its setting leaves τ open."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from learning.lemmas.framework.setting import Setting
from learning.sampling import own_stream
from tropical import ReLUNetwork

__all__ = ["typical_thresholds"]

_DRAWS = 4096


def typical_thresholds(net: ReLUNetwork, setting: Setting, top: Sequence[float] = (0.1, 0.3)) -> tuple[Fraction, ...]:
    """The threshold of the setting, or for each share p of ``top`` a rational τ > 0 with Pr[|f| > τ] near p.

    The draws where f is not 0 are counted; if there is none, τ = 1. Any τ > 0 serves the lemmas: nothing is proved by
    how it was chosen.

    >>> from learning.instances import parity
    >>> [float(tau) for tau in typical_thresholds(parity(2, 4), Setting())]  # Pr = 0.1 at 1.0022
    [1.0, 0.594]
    """
    if setting.threshold is not None:
        return (setting.threshold,)
    draws = own_stream(setting.seed, "threshold").standard_normal((_DRAWS, net.input_dim))
    sizes = np.abs(net.evaluate(draws)).ravel()
    sizes = sizes[sizes > 0.0]
    if not len(sizes):
        return (Fraction(1),)
    rounded = [Fraction(f"{quantile:.3g}") for quantile in np.quantile(sizes, [1.0 - share for share in top])]
    return tuple(dict.fromkeys(rounded))
