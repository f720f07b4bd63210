"""Definiteness against floating eigenvalues, minima on fibres against their conditions, projections against subsets."""

import itertools
import math
import random
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpz_mat

from tropical.arithmetic.quadratic_forms import FibreForm, pivots_or_negative, square_root, steepest_vector
from tropical.arithmetic.rationals import from_flint, rank, solve, to_flint
from tropical.verdict import Enclosure


def random_symmetric(rng, size, inner):
    """B^T D B with small entries: semidefinite if no diagonal entry of D is negative, singular if it is small."""
    rows = [[Fraction(rng.randint(-2, 2), rng.randint(1, 2)) for _ in range(size)] for _ in range(inner)]
    signs = [rng.choice((1, 1, 1, 1, -1)) for _ in range(inner)]
    columns = range(size)
    return tuple(
        tuple(sum((s * row[i] * row[j] for s, row in zip(signs, rows, strict=True)), Fraction(0)) for j in columns)
        for i in columns
    )


def value(form, x, y=None):
    y = x if y is None else y
    return sum((form[i][j] * x[i] * y[j] for i in range(len(x)) for j in range(len(x))), Fraction(0))


@pytest.mark.parametrize("seed", range(60))
def test_semidefinite_or_a_vector_that_shows_it_is_not(seed):
    rng = random.Random(seed)
    size = rng.randint(1, 5)
    form = random_symmetric(rng, size, rng.randint(0, 5))
    pivots, negative = pivots_or_negative(form)
    least = np.linalg.eigvalsh(np.array(form, dtype=float))[0]
    if negative is None:
        assert least > -1e-9
        assert len(pivots) == rank(form) == rank([[form[i][j] for j in pivots] for i in pivots])
    else:
        assert value(form, negative) < 0
        assert least < 1e-9


@pytest.mark.parametrize(
    ("form", "definite"),
    [([[0, 0], [0, 0]], True), ([[0, 1], [1, 0]], False), ([[0, 1], [1, 5]], False), ([[1, 1], [1, 1]], True)],
)
def test_semidefinite_corner_cases(form, definite):
    rows = tuple(tuple(map(Fraction, row)) for row in form)
    negative = pivots_or_negative(rows)[1]
    assert (negative is None) is definite
    assert definite or value(rows, negative) < 0


@pytest.mark.parametrize("seed", range(30))
def test_minima_on_fibres_are_feasible_and_orthogonal_to_the_kernel(seed):
    """x minimises x^T Q x on Ax = y iff Ax = y and Qx is orthogonal to ker A: Qx is a combination of the rows of A."""
    rng = random.Random(seed)
    size = rng.randint(1, 4)
    rows = [tuple(Fraction(rng.randint(-2, 2)) for _ in range(size)) for _ in range(rng.randint(0, size))]
    rows = [row for i, row in enumerate(rows) if rank(rows[: i + 1]) > rank(rows[:i])]
    root = [tuple(Fraction(rng.randint(-1, 2)) for _ in range(size)) for _ in range(rng.randint(0, size))]
    square = to_flint(root, size).transpose() * to_flint(root, size)
    form = from_flint(square)
    fibres = FibreForm.of(form, tuple(rows))
    y = [Fraction(rng.randint(-3, 3)) for _ in rows]
    x = fibres.lift(y)
    assert [sum(a * b for a, b in zip(row, x, strict=True)) for row in rows] == y
    assert value(form, x) == fibres(y)
    gradient = [sum(form[i][j] * x[j] for j in range(size)) for i in range(size)]
    assert not any(gradient) or solve(list(zip(*rows, strict=True)), gradient) is not None


def largest_ratio(form, row, generators):
    """Over independent subsets: the span's projection of the row, if its weights are not negative; inf if unbounded."""
    best = Fraction(0)
    for size in range(1, len(generators) + 1):
        for subset in itertools.combinations(generators, size):
            gram = [[value(form, g, h) for h in subset] for g in subset]
            rises = [sum(Fraction(a * b) for a, b in zip(row, g, strict=True)) for g in subset]
            if rank(gram) == size:
                weights = solve(gram, rises)
                if min(weights) >= 0:
                    best = max(best, sum((w * q for w, q in zip(weights, rises, strict=True)), Fraction(0)))
            elif rank(gram) == size - 1 and rank([*gram, rises]) == size:
                null = solve([*gram, rises], [*[Fraction(0)] * size, Fraction(1)])
                if min(null) >= 0:
                    return math.inf
    return best


@pytest.mark.parametrize("seed", range(200))
def test_steepest_vector_equals_enumeration_of_subsets(seed):
    rng = random.Random(seed)
    size = rng.randint(1, 4)
    root = fmpz_mat([[rng.randint(-2, 2) for _ in range(size)] for _ in range(rng.randint(1, size))])
    square = root.transpose() * root
    form = [[Fraction(int(q)) for q in row] for row in square.tolist()]
    generators = [tuple(rng.randint(-2, 2) for _ in range(size)) for _ in range(rng.randint(1, 6))]
    if rng.random() < 0.3:
        generators.append(tuple(-a for a in generators[0]))
    row = tuple(rng.randint(-2, 2) for _ in range(size))
    expected = largest_ratio(form, row, generators)
    vector = steepest_vector(square, row, generators)
    if vector is None:
        assert expected == 0
        return
    rise, norm = sum(a * b for a, b in zip(row, vector, strict=True)), value(form, vector)
    assert rise > 0
    assert (Fraction(rise) ** 2 / norm if norm else math.inf) == expected


def test_square_roots():
    assert square_root(Fraction(0)) == 0
    assert square_root(Fraction(9, 16)) == Fraction(3, 4)
    root = square_root(Fraction(2, 3))
    assert isinstance(root, Enclosure)
    assert root.lower**2 < Fraction(2, 3) < root.upper**2
    assert root.width < root.lower / 2**60
