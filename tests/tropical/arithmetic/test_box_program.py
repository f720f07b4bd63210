"""Programs over a part of a box: maxima and bounds against z3, with rows asked for in every way."""

import random
from fractions import Fraction

import pytest
import z3

from tropical.arithmetic.box_program import AT_LEAST, AT_MOST, EQUAL, FREE, BoxProgram
from tropical.budget import Budget, BudgetExhausted, Meter


def drawn(seed):
    """Rows, sides, ends and a form; half of the programs have entries so small that ties and empty sets are common."""
    rng = random.Random(seed)
    size = rng.choice((2, 2**70))
    dim, count = rng.randint(1, 4), rng.randint(0, 5)
    rows = [tuple(rng.randint(-size, size) for _ in range(dim + 1)) for _ in range(count + 1)]
    lower = [Fraction(rng.randint(-4, 1), rng.choice((1, 3))) for _ in range(dim)]
    upper = tuple(a + Fraction(rng.randint(0, 5), rng.choice((1, 7))) for a in lower)
    sides = [rng.choice((FREE, AT_LEAST, AT_LEAST, AT_MOST, EQUAL)) for _ in range(count)]
    return rows[:count], sides, tuple(lower), upper, rows[count]


def form(row, x):
    return row[0] + z3.Sum([a * v for a, v in zip(row[1:], x, strict=True)])


def by_z3(rows, sides, lower, upper, objectives):
    """The maximum of the first form, then of the next one among its points, and so on; None if there is no point."""
    x = [z3.Real(f"x{i}") for i in range(len(lower))]
    solver = z3.Optimize()
    for v, a, b in zip(x, lower, upper, strict=True):
        solver.add(v >= z3.Q(a.numerator, a.denominator), v <= z3.Q(b.numerator, b.denominator))
    for row, side in zip(rows, sides, strict=True):
        solver.add(*([form(row, x) >= 0] if side & AT_LEAST else []), *([form(row, x) <= 0] if side & AT_MOST else []))
    handles = [solver.maximize(form(row, x)) for row in objectives]
    if solver.check() == z3.unsat:
        return None
    values = [handle.upper() for handle in handles]
    return [z3.simplify(z3.ToReal(value) if value.is_int() else value).as_fraction() for value in values]


@pytest.mark.parametrize("seed", range(120))
def test_maxima_bounds_and_last_points_against_z3(seed):
    rows, sides, lower, upper, objective = drawn(seed)
    dim = len(lower)
    axes = [tuple(int(j == i + 1) for j in range(dim + 1)) for i in range(dim)]
    expected = by_z3(rows, sides, lower, upper, [objective, *axes])
    program = BoxProgram(rows, lower, upper, Meter())
    found, bound = program.maximum(objective, sides), program.bound(objective, sides)
    if expected is None:
        assert found is None
        return
    assert found.value == expected[0] <= bound.upper
    assert float(bound.upper - found.value) <= 1e-6 * (1 + max(map(abs, objective)))
    last = program.last_in_order(objective, found.value, dim, sides)
    assert list(last) == expected[1:]
    assert not found.unique or found.point == last


def test_what_is_asked_of_rows_may_change_between_questions():
    program = BoxProgram([(-1, 1)], (Fraction(0),), (Fraction(3),), Meter())  # x - 1 on [0, 3]
    sides = (AT_MOST, AT_LEAST, EQUAL, FREE, EQUAL, AT_MOST)
    assert [program.maximum((0, 1), [side]).value for side in sides] == [1, 3, 1, 3, 1, 1]
    assert [program.bound((0, -1), [side]).upper for side in sides] == [0, -1, -1, 0, -1, 0]


def test_an_empty_set_is_proved_to_be_empty():
    program = BoxProgram([(-7, 1, 1)], (Fraction(0),) * 2, (Fraction(3),) * 2, Meter())  # x + y >= 7 on [0, 3]^2
    assert program.bound((0, 1, 0)) is None
    assert program.maximum((0, 1, 0)) is None


def test_ends_that_float64_cannot_tell_apart():
    tiny = Fraction(1, 10**40)
    program = BoxProgram([(1, -(10**40))], (Fraction(0),), (Fraction(3) * tiny,), Meter())  # x <= tiny
    assert program.maximum((0, 1)).value == tiny
    assert program.bound((0, 1)).upper >= tiny
    huge = BoxProgram([(0, 1, -1)], (Fraction(-(10**400)),) * 2, (Fraction(10**400),) * 2, Meter())
    assert huge.maximum((1, 0, 1)).value == 10**400 + 1


def test_no_question_is_answered_once_the_time_is_over():
    program = BoxProgram([], (Fraction(0),), (Fraction(1),), Meter(Budget(seconds=1e-9)))
    with pytest.raises(BudgetExhausted):
        program.bound((0, 1))
