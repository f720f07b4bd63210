"""The distance of two subspaces by SciPy's principal angles."""

import numpy as np


def largest_sine(first, second):
    """Of two frames, whose rows are orthonormal: the sine of the largest angle, 1 if the dimensions differ."""
    from scipy.linalg import subspace_angles

    if len(first) != len(second):
        return 1.0
    return float(np.sin(subspace_angles(np.transpose(first), np.transpose(second))).max(initial=0.0))
