"""Rigorous eigenvalues of small symmetric matrices, multiple ones included."""

from flint import arb, arb_mat

from tropical.verdict import Enclosure

_MOST_SWEEPS = 24


def symmetric_eigenvalues(rows: list[list[arb]]) -> tuple[Enclosure, ...]:
    """The eigenvalues, ascending, of every symmetric matrix within a matrix of balls.

    Jacobi's rotations, each of them exactly orthogonal (its tangent is a number, its sine and cosine are balls), until
    what is left off the diagonal is within rounding. By Weyl, the sorted eigenvalues are as far from the sorted
    diagonal as the Frobenius norm of the rest at most. No eigenvalue need be simple.
    """
    size = len(rows)
    matrix = arb_mat(rows) if size else arb_mat(0, 0)
    for _ in range(_MOST_SWEEPS):
        if all(matrix[i, j].contains(0) for i in range(size) for j in range(i)):
            break
        for i in range(size):
            for j in range(i):
                if not matrix[i, j].contains(0):
                    rotation = _rotation(matrix, i, j)
                    matrix = rotation.transpose() * matrix * rotation
    square = sum((abs(matrix[i, j]).upper() ** 2 for i in range(size) for j in range(size) if i != j), arb(0))
    slack = Enclosure.from_ball(square.upper().sqrt()).upper
    diagonal = [Enclosure.from_ball(matrix[i, i]) for i in range(size)]
    lower, upper = sorted(e.lower for e in diagonal), sorted(e.upper for e in diagonal)
    return tuple(Enclosure(a - slack, b + slack) for a, b in zip(lower, upper, strict=True))


def _rotation(matrix: arb_mat, i: int, j: int) -> arb_mat:
    """The rotation in the plane (i, j) that annihilates entry (i, j) up to rounding."""
    size = matrix.nrows()
    ratio = (matrix[j, j].mid() - matrix[i, i].mid()) / (2 * matrix[i, j].mid())
    sign = -1 if ratio < 0 else 1
    tangent = (sign / (abs(ratio) + (1 + ratio * ratio).sqrt())).mid()
    cosine = 1 / (1 + tangent * tangent).sqrt()
    entries = {(i, i): cosine, (j, j): cosine, (i, j): tangent * cosine, (j, i): -tangent * cosine}
    return arb_mat([[entries.get((k, m), arb(int(k == m))) for m in range(size)] for k in range(size)])
