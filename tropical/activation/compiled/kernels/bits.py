"""Compiled bit operations: masks of constraints, and patterns with one bit for each unit's sign."""

import numpy as np

from tropical.activation.compiled.kernels.compilation import compiled


@compiled
def popcount(x):
    """Number of set bits of a uint64."""
    x = x - ((x >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))


@compiled
def lowest_bit(x):
    """Place of the lowest set bit of a non-zero uint64."""
    return popcount((x & (~x + np.uint64(1))) - np.uint64(1))
