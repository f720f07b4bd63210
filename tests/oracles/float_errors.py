"""How far a float runtime may stray from the exact value of a network, and a comparison within that bound."""

from fractions import Fraction

import numpy as np

from tropical.functions.float_evaluation import float_arrays


def error_bound(net, X, roundoff):
    """K u M(x) for each point and output: u the unit roundoff, M the network of absolute values, K its longest sum.

    Every value of the runtime is a sum of at most K rounded terms that M majorises (Higham, Accuracy and Stability
    of Numerical Algorithms, lemma 3.1); the factor 2 covers the terms of second order.
    """
    values, length = np.abs(np.asarray(X, dtype=np.float64)), 0
    for layer in net.layers:
        weight, bias, slopes = float_arrays(layer)
        values = (values @ np.abs(weight).T + np.abs(bias)) * np.maximum(np.abs(slopes).max(axis=1), 1)
        length += int(np.count_nonzero(weight, axis=1).max()) + 4
    return 2 * length * roundoff * values + 1e-300


def assert_runtime_agrees(net, X, Y, roundoff=2.0**-24):
    """Exact values at the float points X (n, n_in) against the runtime's Y (n, n_out), each within the bound."""
    exact = net.evaluate_exact(X.tolist())
    Y = np.asarray(Y, dtype=np.float64).reshape(len(X), -1)
    assert Y.shape == (len(exact), net.output_dim)
    bound = error_bound(net, X, roundoff)
    error = np.array([[abs(float(q - Fraction(y))) for q, y in zip(row, floats, strict=True)]
                      for row, floats in zip(exact, Y.tolist(), strict=True)])  # fmt: skip
    assert (error <= bound).all(), f"largest ratio {(error / bound).max()}"
    assert bound.max() < 1e-2 * max(1.0, np.abs(Y).max()), "the bound is too weak to show anything"
