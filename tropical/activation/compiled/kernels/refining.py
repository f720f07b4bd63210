"""Positions solved for anew where errors have added up, in the first layer, whose hyperplanes are known."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tropical.activation.compiled.kernels.compilation import compiled
from tropical.activation.compiled.kernels.skeleton import BOUND, EXACT, SIDES, U1, constraint, lanes_of
from tropical.activation.compiled.kernels.values import LEAST, NOTHING, UNIT, WIDER

X, ERROR, RIGHT, UNSURE = range(4)
MOST = 1e30
MOST_ERROR = np.float32(1e-5)  # of a height; its functional has coefficients of about 2^20


class Solver(NamedTuple):
    """What a position x = (x_1, ..., x_n, x_0) is found from, and room for the work.

    ``rows`` and ``row_errors`` are those of the constraints, as in ``row_value``; N is ``normal`` times x plus the
    absolute values of ``axes`` times x, both rounded; ``direction`` times x / N is the height, exactly.
    """

    rows: NDArray[np.float64]
    row_errors: NDArray[np.float64]
    normal: NDArray[np.float64]
    axes: NDArray[np.float64]
    direction: NDArray[np.float64]
    matrix: NDArray[np.float64]
    inverse: NDArray[np.float64]
    vectors: NDArray[np.float64]


NO_SOLVER = Solver(*(np.empty((0,) * dims) for dims in (2, 2, 1, 2, 1, 2, 2, 2)))


@compiled
def invert(matrix, inverse, m):
    """Put about the inverse of the first m rows of ``matrix`` into ``inverse``; False where a pivot is 0 or NaN."""
    for i in range(m):
        for j in range(m):
            inverse[i, j] = matrix[i, j]
            inverse[i, m + j] = 1.0 if i == j else 0.0
    for k in range(m):
        best = k
        for i in range(k + 1, m):
            if abs(inverse[i, k]) > abs(inverse[best, k]):
                best = i
        pivot = inverse[best, k]
        if not abs(pivot) > 0.0:
            return False
        for j in range(2 * m):
            held = inverse[best, j]
            inverse[best, j] = inverse[k, j]
            inverse[k, j] = held / pivot
        for i in range(m):
            factor = inverse[i, k]
            if i != k and factor != 0.0:
                for j in range(k, 2 * m):
                    inverse[i, j] -= factor * inverse[k, j]
    return True


@compiled
def solve(A, B, vectors, m):
    """Correct x = vectors[X] and bound the errors of its entries in vectors[ERROR]; False if it cannot.

    With B about the inverse of A, and I - B A of norm c < 1, an entry of the solution of A x = b is off by at most that
    of |B| |A x - b|, plus c / (1 - c) times the largest of these (Rump 1999). ``B`` stands behind m columns, b is
    vectors[RIGHT]; vectors[UNSURE] are the errors of the entries of each row of A.
    """
    if not invert(A, B, m):
        return False
    for i in range(m):
        vectors[ERROR, i] = -vectors[RIGHT, i]
        for j in range(m):
            vectors[ERROR, i] += A[i, j] * vectors[X, j]
    for i in range(m):
        for j in range(m):
            vectors[X, i] -= B[i, m + j] * vectors[ERROR, j]
    norm = contraction = largest = 0.0
    roundoff = (m + 4) * UNIT
    for j in range(m):
        norm += abs(vectors[X, j])
    for i in range(m):
        total = 0.0
        for j in range(m):
            entry, size, more = (-1.0 if i == j else 0.0), 1.0, 0.0
            for k in range(m):
                product = B[i, m + k] * A[k, j]
                entry += product
                size += abs(product)
                more += abs(B[i, m + k]) * vectors[UNSURE, k]
            total += abs(entry) + roundoff * size + more
        contraction = max(contraction, total)
    for i in range(m):
        residual, size = -vectors[RIGHT, i], abs(vectors[RIGHT, i])
        for j in range(m):
            product = A[i, j] * vectors[X, j]
            residual += product
            size += abs(product)
        vectors[UNSURE, i] = abs(residual) + roundoff * size + vectors[UNSURE, i] * norm + LEAST * LEAST
    for i in range(m):
        vectors[ERROR, i] = 0.0
        for j in range(m):
            vectors[ERROR, i] += abs(B[i, m + j]) * vectors[UNSURE, j]
        largest = max(largest, vectors[ERROR, i])
    if not contraction < 0.5:
        return False
    for i in range(m):
        vectors[ERROR, i] = 1.0001 * (vectors[ERROR, i] + contraction / (1.0 - contraction) * largest)
    return True


@compiled
def normalise(solver, m):
    """Solve for x, and put x / N and the errors of its entries into the solver's vectors; False if it cannot."""
    vectors, axes = solver.vectors, solver.axes
    if not solve(solver.matrix, solver.inverse, vectors, m):
        return False
    N = size = 0.0
    for i in range(-1, len(axes)):
        value = 0.0
        for c in range(m):
            a = axes[i, c] if i >= 0 else solver.normal[c]
            value += a * vectors[X, c]
            size += abs(a) * (vectors[ERROR, c] + (m + 6) * UNIT * abs(vectors[X, c]))
        N += abs(value)
    size = 1.0001 * size + LEAST
    if not 2.0 * size < N < np.inf:
        return False
    for c in range(m):
        x = vectors[X, c] / N
        e = 1.0001 * (vectors[ERROR, c] + abs(x) * size) / (N - size) + 4 * UNIT * abs(x) + LEAST
        vectors[X, c], vectors[ERROR, c] = x, e
        if not (e < MOST and abs(x) < MOST):
            return False
    return True


@compiled
def refine(sk, p, n, s, facets, solver, columns, shift):
    """Write values and height of vertex p of the first layer anew, if that makes them more certain."""
    vectors = solver.vectors
    m = len(solver.direction)
    last = columns - U1
    if sk.sides[p, SIDES] & EXACT:
        for c in range(m):
            vectors[X, c] = sk.values[p, c] / sk.values[p, last]
            vectors[ERROR, c] = 2 * UNIT * abs(vectors[X, c])
        write_height(sk, p, solver.direction, vectors, m)
        return
    top = 0
    for c in range(m):
        vectors[X, c] = sk.values[p, c]
        if abs(vectors[X, c]) > abs(vectors[X, top]):
            top = c
    if not abs(vectors[X, top]) > np.float64(sk.errors[p, shift + np.uint64(top)]):
        return  # it could be the opposite point at infinity
    for i in range(m):
        vectors[RIGHT, i] = vectors[UNSURE, i] = 0.0
        for c in range(m):
            solver.matrix[i, c] = 0.0
    base = lanes_of(p, n, s)
    for i in range(n):
        c = constraint(sk.lanes, base, i)
        vectors[UNSURE, i] = solver.row_errors[c, 0] + solver.row_errors[c, 1]
        for j in range(m):
            solver.matrix[i, j] = solver.rows[c, j]
    if m > n + U1:
        solver.matrix[m - 2, m - 1] = 1.0  # on the sphere of a fan x_0 is 0
    solver.matrix[m - 1, top] = 1.0
    vectors[RIGHT, m - 1] = vectors[X, top]
    if not normalise(solver, m):
        return
    for c in range(m):
        at = shift + np.uint64(c)
        if np.uint64(c) != last and (sk.values[p, c] != 0.0 or sk.errors[p, at] != NOTHING):
            sk.values[p, c], sk.errors[p, at] = vectors[X, c], np.float32(vectors[ERROR, c] * WIDER)
    write_height(sk, p, solver.direction, vectors, m)


@compiled
def write_height(sk, p, direction, vectors, m):
    """The height of a vertex from its position, N being 1."""
    height = bound = 0.0
    for c in range(m):
        height += direction[c] * vectors[X, c]
        bound += abs(direction[c]) * (vectors[ERROR, c] + (m + 2) * UNIT * abs(vectors[X, c]))
    bound = bound * WIDER + LEAST
    sk.height[p, 0] = height
    sk.bounds[p, BOUND] = np.float32(bound * WIDER if bound < np.inf else np.inf)
