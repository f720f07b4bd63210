"""Compiled predicates and vertices: signs certified by running error bounds, exact on integers.

A vertex is a homogeneous vector v of n + 1 float64, followed by an absolute bound e on the error of each entry. e = 0
marks an integer vector held exactly; other vertices are scaled to v_0 = 1, and rays have v_0 = 0, or -0 if they are
still: no preactivation of a later layer changes along them. A row r (one unit's preactivation on the parent cell) is
followed by bounds on the errors of its constant (e0) and of its gradient entries (e1); both are 0 for integer rows, of
which entries beyond 2^53 may be rounded once, relatively.

The error model. An operation with the exact result x gives x (1 + d) + h with |d| <= u = 2^-53 and |h| <= 2^-1075,
h = 0 unless it is a product or quotient in the subnormal range; beyond 2^1024 it gives an infinity, and then possibly
NaN (Higham 2002, sections 2.2 and 3.1).

- Roundoff: every bound is a multiple of u times a sum of absolute values, times 1.0001 or more for its own rounding.
- Underflow: the errors of a row are 0, infinite or at least 2^-400 (``composition.outside_range``), the error of a
  vertex is 0 or at least FLUSH. Hence a bound that is not 0 is at least 2^-900, which is far more than products can
  lose; and it is 0 only if each of its products has a factor that is 0.
- Overflow: an error is never NaN but infinite instead (:func:`finite_or_inf`, :func:`larger`). Where a product
  overflows, the sum of absolute values in the bound does, too, and comparisons with infinity or NaN are false; where
  the bound is not made of the products themselves (``opening.settle``), it has to be below HUGE, which excludes it.

What is not certain is left to rational arithmetic.
"""

import numpy as np

from tropical.activation.compiled.kernels.compilation import compiled

UNIT = 2.0**-53
EXACT = 2.0**53
AMBIGUOUS = 2
FLUSH = 1e-150  # least error of what is not exact; smaller coordinates become 0
TINY = 2.0**-1000  # more than all underflow in a solution
HUGE = 2.0**900  # a bound below it excludes overflow of what it bounds: it is at least u times as large
COARSE = 2.0**-22  # relative error from which on a vertex is solved for anew at once
SYSTEM, REDUCED, INVERSE, SOLUTION = range(4)  # parts of the array ``solver``


@compiled
def evaluate(rows, k, points, j):
    """Return <row k, point j> and a bound on its distance from the true value (0 iff exact)."""
    dim = points.shape[1] - 1
    e0, e1, error = rows[k, dim], rows[k, dim + 1], points[j, dim]
    value = rows[k, 0] * points[j, 0]
    size = abs(value)
    norm_v = 0.0
    norm_r = abs(rows[k, 0])
    for i in range(1, dim):
        product = rows[k, i] * points[j, i]
        value += product
        size += abs(product)
        norm_v += abs(points[j, i])
        norm_r += abs(rows[k, i])
    if error == 0.0 and e0 == 0.0 and e1 == 0.0 and size < EXACT:
        return value, 0.0
    bound = (dim + 4) * UNIT * size + e0 * (points[j, 0] + error) + e1 * (norm_v + (dim - 1) * error) + error * norm_r
    return value, bound * 1.0001


@compiled
def sign_of(value, bound):
    """The certified sign of a number within ``bound`` of ``value``, or AMBIGUOUS."""
    if value > bound:
        return 1
    if value < -bound:
        return -1
    if bound == 0.0 and value == 0.0:
        return 0
    return AMBIGUOUS


@compiled
def larger(a, b):
    """The larger one, or NaN if there is one: ``max`` may drop it."""
    return a if b <= a or a != a else b


@compiled
def finite_or_inf(error):
    """The error bound, or infinity if it is NaN or so large that coordinates may have overflowed."""
    return error if error < HUGE else np.inf


@compiled
def gcd(a, b):
    """Greatest common divisor of two int64."""
    while b:
        a, b = b, a % b
    return a


@compiled
def exact_point(points, i, j, a, b, out, slot):
    """Write the primitive integer multiple of a*v - b*u (a > 0 > b, all exact integers); False if it may overflow."""
    dim = points.shape[1] - 1
    for c in range(dim):
        if abs(a) * abs(points[j, c]) + abs(b) * abs(points[i, c]) >= 4.0e18:
            return False
    ia, ib = np.int64(a), np.int64(b)
    divisor = np.int64(0)
    largest = np.int64(0)
    for c in range(dim):
        w = abs(ia * np.int64(points[j, c]) - ib * np.int64(points[i, c]))
        divisor = gcd(w, divisor)
        largest = max(largest, w)
    if divisor == 0 or float(largest // divisor) >= EXACT:
        return False
    for c in range(dim):
        out[slot, c] = float((ia * np.int64(points[j, c]) - ib * np.int64(points[i, c])) // divisor)
    out[slot, dim] = 0.0
    return True


@compiled
def rounded_point(points, i, j, a, da, b, db, out, slot):
    """Write a float approximation of the point of the segment where the form vanishes; return its error bound.

    a and b are the values of the form at points i and j (a > 0 > b) with error bounds da and db.
    """
    dim = points.shape[1] - 1
    eu, ev = points[i, dim], points[j, dim]
    finite_u, finite_v = points[i, 0] > 0.0, points[j, 0] > 0.0
    su = points[i, 0] if finite_u else 1.0
    sv = points[j, 0] if finite_v else 1.0
    a, da, eu = a / su, da / su, eu / su
    b, db, ev = b / sv, db / sv, ev / sv
    gap = (a - b) - (da + db)
    t, shift = 0.5, np.inf
    if gap > 0.0:
        t = a / (a - b)
        shift = ((1.0 - t) * da + t * db) / gap
    span = 0.0
    size = 0.0
    for c in range(dim):
        x, y = points[i, c] / su, points[j, c] / sv
        span = max(span, abs(x - y))
        size = max(size, max(abs(x), abs(y)))
        out[slot, c] = x + t * (y - x)
    error = max(eu, ev) + span * (shift + 6 * UNIT) + 8 * UNIT * size
    if finite_u and finite_v:
        out[slot, 0] = 1.0
    elif finite_u or finite_v:
        lead = out[slot, 0]
        if not lead > 2 * error:
            out[slot, 0] = 1.0
            return np.inf
        size = 0.0
        for c in range(dim):
            out[slot, c] /= lead
            size = max(size, abs(out[slot, c]))
        out[slot, 0] = 1.0
        error = error * (1.0 + size) / (lead - error) + 4 * UNIT * size
    else:
        out[slot, 0] = 0.0
    for c in range(dim):
        if abs(out[slot, c]) < FLUSH and out[slot, c] != 0.0:
            out[slot, c] = 0.0
            error += FLUSH
    return finite_or_inf(error * 1.001 + FLUSH)


@compiled
def solved_point(n, solver):
    """Solve the n rows of ``solver[SYSTEM]`` for the finite point where they vanish; return a bound on its error.

    With B the gradients, C an approximate inverse and beta >= |I - CB| in the maximum norm, every coordinate of
    ``solver[SOLUTION, 0]`` is within max(|C| |residual|) / (1 - beta) of the solution (Rump 1999), row errors included.
    Returns inf if the rows are too close to singular. ``solver`` has shape (4, n, n + 3).
    """
    for i in range(n):
        for j in range(n):
            solver[REDUCED, i, j] = solver[SYSTEM, i, j + 1]
            solver[INVERSE, i, j] = 1.0 if i == j else 0.0
    for i in range(n):
        pivot = i
        for r in range(i + 1, n):
            if abs(solver[REDUCED, r, i]) > abs(solver[REDUCED, pivot, i]):
                pivot = r
        if solver[REDUCED, pivot, i] == 0.0:
            return np.inf
        if pivot != i:
            for j in range(n):
                for part in (REDUCED, INVERSE):
                    swapped = solver[part, i, j]
                    solver[part, i, j] = solver[part, pivot, j]
                    solver[part, pivot, j] = swapped
        scale = 1.0 / solver[REDUCED, i, i]
        for j in range(n):
            solver[REDUCED, i, j] *= scale
            solver[INVERSE, i, j] *= scale
        for r in range(n):
            if r != i and solver[REDUCED, r, i] != 0.0:
                factor = solver[REDUCED, r, i]
                for j in range(n):
                    solver[REDUCED, r, j] -= factor * solver[REDUCED, i, j]
                    solver[INVERSE, r, j] -= factor * solver[INVERSE, i, j]
    size = 1.0
    for i in range(n):
        x = 0.0
        for k in range(n):
            x -= solver[INVERSE, i, k] * solver[SYSTEM, k, 0]
        solver[SOLUTION, 0, i + 1] = x
        size = larger(size, abs(x))
    gamma = (n + 5) * UNIT
    beta = 0.0
    error = 0.0
    for k in range(n):
        value = solver[SYSTEM, k, 0]
        spread = abs(value)
        for j in range(1, n + 1):
            product = solver[SYSTEM, k, j] * solver[SOLUTION, 0, j]
            value += product
            spread += abs(product)
        e0, e1 = solver[SYSTEM, k, n + 1], solver[SYSTEM, k, n + 2]
        solver[REDUCED, 0, k] = abs(value) + gamma * spread + e0 + n * e1 * size + TINY
    for i in range(n):
        off = TINY
        total = 0.0
        for j in range(n):
            entry = -1.0 if i == j else 0.0
            spread = abs(entry)
            for k in range(n):
                product = solver[INVERSE, i, k] * solver[SYSTEM, k, j + 1]
                entry += product
                spread += abs(product)
            off += abs(entry) + gamma * spread
        for k in range(n):
            off += abs(solver[INVERSE, i, k]) * n * solver[SYSTEM, k, n + 2]
            total += abs(solver[INVERSE, i, k]) * solver[REDUCED, 0, k]
        beta = larger(beta, off)
        error = larger(error, total)
    if not beta < 0.5:
        return np.inf
    solver[SOLUTION, 0, 0] = 1.0
    for c in range(1, n + 1):
        if abs(solver[SOLUTION, 0, c]) < FLUSH:
            solver[SOLUTION, 0, c] = 0.0
    return finite_or_inf(1.001 * error / (1.0 - 1.001 * beta) + 2 * UNIT * size + FLUSH)
