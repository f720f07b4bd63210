"""Exact linear programs against z3, against their own certificates, and one route against the other."""

from fractions import Fraction
from itertools import product

import pytest
import z3
from hypothesis import example, given
from hypothesis import strategies as st

from tropical.arithmetic.linear_program import LinearProgram, maximise
from tropical.arithmetic.simplex import Outcome

TINY = 10**12
SQUARE = [(0, 1, 0), (1, -1, 0), (0, 0, 1), (1, 0, -1)]


def value(row, point):
    return row[0] + sum(a * q for a, q in zip(row[1:], point, strict=True))


def combined(rows, multipliers):
    return [sum(y * row[j] for y, row in zip(multipliers, rows, strict=True)) for j in range(len(rows[0]))]


def assert_certified(objective, rows, outcome: Outcome):
    if outcome.multipliers is not None:
        assert all(y >= 0 for y in outcome.multipliers)
        total = combined(rows, outcome.multipliers) if rows else [0] * len(objective)
    if outcome.status == "infeasible":
        assert total[0] < 0
        assert not any(total[1:])
        return
    assert all(value(row, outcome.point) >= 0 for row in rows)
    if outcome.status == "optimal":
        assert outcome.value == value(objective, outcome.point)
        assert [a + b for a, b in zip(objective, total, strict=True)] == [outcome.value] + [0] * (len(objective) - 1)
    else:
        assert value((0, *objective[1:]), outcome.ray) > 0
        assert all(value((0, *row[1:]), outcome.ray) >= 0 for row in rows)


def by_z3(objective, rows) -> tuple[str, Fraction | None]:
    x = [z3.Real(f"x{j}") for j in range(len(objective) - 1)]
    solver = z3.Optimize()
    solver.add(*(row[0] + z3.Sum([a * v for a, v in zip(row[1:], x, strict=True)]) >= 0 for row in rows))
    handle = solver.maximize(objective[0] + z3.Sum([a * v for a, v in zip(objective[1:], x, strict=True)]))
    if solver.check() == z3.unsat:
        return "infeasible", None
    infinite, finite, _ = solver.upper_values(handle)
    if str(infinite) != "0":
        return "unbounded", None
    return "optimal", z3.simplify(z3.ToReal(finite) if finite.is_int() else finite).as_fraction()


def assert_solved(objective, rows):
    expected = by_z3(objective, rows)
    for propose in (True, False):
        outcome = maximise(objective, rows, propose)
        assert_certified(objective, rows, outcome)
        assert (outcome.status, outcome.value) == expected


@st.composite
def programs(draw):
    dim = draw(st.integers(1, 4))
    entry = st.integers(-3, 3)
    row = st.tuples(*[entry] * (dim + 1))
    rows = draw(st.lists(row, max_size=9))
    if rows:
        for source, factor in draw(
            st.lists(st.tuples(st.sampled_from(rows), st.sampled_from((1, 3, -1, -2))), max_size=3)
        ):
            shift = draw(st.integers(-1, 1))
            rows.append((factor * source[0] + shift, *(factor * a for a in source[1:])))
    return draw(row), rows


@given(programs())
@example(((0, 1), [(TINY, -TINY), (1 - TINY, TINY)]))
@example(((0, 1), [(TINY, -TINY), (-1 - TINY, TINY)]))
@example(((0, 0), []))
@example(((0, 1), [(0, 0), (-1, 0)]))
def test_both_routes_agree_with_z3(program):
    assert_solved(*program)


@given(programs(), st.lists(st.sampled_from((1, TINY, 2**70, 2**1100)), min_size=12, max_size=12))
def test_rows_of_wildly_different_size(program, factors):
    objective, rows = program
    assert_solved(objective, [tuple(f * a for a in row) for f, row in zip(factors, rows, strict=False)])


@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("offset", [0, 7, 10**9])
def test_cells_a_million_millionth_wide(dim, offset):
    low = [(-offset, *(int(i == j) for i in range(dim))) for j in range(dim)]
    high = [(offset * TINY + 1, *(-TINY * (i == j) for i in range(dim))) for j in range(dim)]
    outcome = maximise((0, *[1] * dim), low + high)
    assert outcome.value == dim * (offset + Fraction(1, TINY))
    assert_certified((0, *[1] * dim), low + high, outcome)
    empty = maximise((0, *[1] * dim), [*low, (offset * TINY - 1, -TINY, *[0] * (dim - 1))])
    assert empty.status == "infeasible"


def test_near_parallel_rows_differ_in_the_last_bit():
    for sign, status in ((1, "optimal"), (-1, "infeasible")):
        rows = [(0, 2**60, 1), (sign, -(2**60), -1), (1, 1, 0), (1, -1, 0), (1, 0, 1), (1, 0, -1)]
        for propose in (True, False):
            outcome = maximise((0, 1, 0), rows, propose)
            assert outcome.status == status
            assert_certified((0, 1, 0), rows, outcome)


def test_a_degenerate_vertex_with_every_pair_of_its_constraints():
    rows = [(0, a, b) for a, b in product(range(-3, 1), repeat=2) if a or b]
    for propose in (True, False):
        outcome = maximise((5, 1, 1), rows, propose)
        assert (outcome.status, outcome.value, outcome.point) == ("optimal", 5, (0, 0))


def test_bland_ends_on_the_example_that_cycles_under_the_largest_coefficient():
    """Beale (1955), scaled to integers: maximise 150 x1 - ... at a degenerate origin."""
    rows = [(0, -25, 6000, 4, -900), (0, -50, 9000, 2, -300), (1, 0, 0, -1, 0)]
    rows += [(0, *(int(i == j) for i in range(4))) for j in range(4)]
    objective = (0, 75, -15000, 2, -600)
    assert_solved(objective, rows)
    assert maximise(objective, rows, propose=False).value == 5


def test_one_program_several_objectives():
    program = LinearProgram(SQUARE, 2)
    corners = [program.maximise((0, a, b)).point for a, b in product((1, -1), repeat=2)]
    assert corners == [(1, 1), (1, 0), (0, 1), (0, 0)]
    assert program.maximise((0, 0, 0)).value == 0


def test_no_variables():
    assert maximise((3,), [(1,), (0,)]).value == 3
    assert maximise((3,), [(-1,), (0,)]).multipliers == (1, 0)


def test_bad_shapes_are_refused():
    with pytest.raises(ValueError, match="constraint 1 must have 2 entries, got 3"):
        maximise((0, 1), [(0, 1), (0, 1, 1)])
    with pytest.raises(ValueError, match="objective must have 3"):
        LinearProgram(SQUARE, 2).maximise((0, 1))


def test_the_solver_prints_nothing(capfd):
    assert maximise((0, 1, 1), SQUARE).status == "optimal"
    assert LinearProgram(SQUARE, 2).maximise((0, 1, 1)).status == "optimal"
    assert capfd.readouterr() == ("", "")
