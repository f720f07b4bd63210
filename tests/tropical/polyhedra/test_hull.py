"""Affine hulls as sympy reduces the equations, and maps between both kinds of coordinates."""

from fractions import Fraction

import sympy
from hypothesis import given
from hypothesis import strategies as st

from tropical.polyhedra.hull import Hull, affine_hull

entries = st.integers(-3, 3)
systems = st.integers(1, 4).flatmap(lambda n: st.lists(st.tuples(*[entries] * (n + 1)), min_size=1, max_size=4))


@given(systems)
def test_equations_are_those_that_sympy_finds(rows):
    n = len(rows[0]) - 1
    hull = Hull.of(rows, n)
    reduced, pivots = sympy.Matrix([[*row[1:], row[0]] for row in rows]).rref()
    assert (hull is None) == (n in pivots)
    if hull is None:
        return
    expected = [[reduced[i, j] for j in range(n + 1)] for i in range(len(pivots))]
    found = [
        [sympy.Rational(a, row[p + 1]) for a in (*row[1:], row[0])]
        for row, p in zip(hull.equations, pivots, strict=True)
    ]
    assert found == expected
    assert hull.free == tuple(j for j in range(n) if j not in pivots)
    assert hull.dim == n - len(pivots) == len(hull.free)


@given(systems, st.data())
def test_points_and_forms_go_both_ways(rows, data):
    hull = Hull.of(rows, len(rows[0]) - 1)
    if hull is None:
        return
    y = data.draw(st.tuples(*[entries] * hull.dim))
    x = hull.inclusion(y)
    assert [x[j] for j in hull.free] == list(y)
    assert all(row[0] + sum(a * q for a, q in zip(row[1:], x, strict=True)) == 0 for row in rows)
    (vector,) = hull.lifted([(2, *y)])
    assert tuple(Fraction(a, vector[0]) for a in vector[1:]) == hull.inclusion([Fraction(q, 2) for q in y])
    form = data.draw(st.tuples(*[entries] * (hull.input_dim + 1)))
    (own,) = hull.restricted([form])
    at_x, at_y = (
        form[0] + sum(a * q for a, q in zip(form[1:], x, strict=True)),
        own[0] + sum(map(int.__mul__, own[1:], y)),
    )
    assert (at_x > 0) - (at_x < 0) == (at_y > 0) - (at_y < 0)
    assert hull.restricted(hull.extended([own])) == [own]


def test_chains_of_implied_equations():
    """Each pair of half-spaces leaves one point of a line, and gives the next one the chance to be an equation."""
    for n in range(1, 7):
        rows = [(0, *(int(i == j) for i in range(n))) for j in range(n)]
        rows += [(0, *(-int(i == j) if j == 0 else int(i == j - 1) - int(i == j) for i in range(n))) for j in range(n)]
        hull, own, inside = affine_hull(rows, n)
        assert (hull.dim, own, inside) == (0, [], (1,))
        assert affine_hull([*rows, (-1, *[1] * n)], n) is None
