"""Networks and polynomials as sympy expressions and back: equal values, equal functions, and what is refused."""

import itertools
import math
import re
from fractions import Fraction

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Abs, And, Eq, Float, Max, Min, Mul, Ne, Not, Or, Piecewise, Rational, Symbol
from sympy.abc import x, y, z

import tropical as tp
from oracles import certified
from oracles.built import network
from oracles.random_cases import random_case
from tropical.conversion import from_sympy, to_sympy
from tropical.functions.polynomial import TropicalPolynomial
from tropical.functions.rational_map import TropicalRationalMap

NUMBERS = st.fractions(min_value=-3, max_value=3, max_denominator=3)
POINTS = st.tuples(NUMBERS, NUMBERS)
SMALL_CASES = [*range(400, 430)]


def values_at(expr, symbols, point):
    """The exact values of one expression or several at a rational point."""
    place = {s: Rational(q.numerator, q.denominator) for s, q in zip(symbols, map(Fraction, point), strict=True)}
    found = [e.xreplace(place) for e in (expr if isinstance(expr, tuple) else (expr,))]
    assert all(value.is_Rational for value in found)
    return tuple(Fraction(int(value.p), int(value.q)) for value in found)


def value_of(node, place):
    """The value of an expression, or the truth of a condition, straight from its definition."""
    if node in place:
        return place[node]
    if isinstance(node, Piecewise):
        return next(value_of(value, place) for value, condition in node.args if value_of(condition, place))
    if node.is_Rational:
        return Fraction(int(node.p), int(node.q))
    if node in (sympy.true, sympy.false):
        return bool(node)
    values = [value_of(part, place) for part in node.args]
    operations = {
        Max: max, Min: min, And: all, Or: any, sympy.Add: sum, Mul: math.prod,
        Abs: lambda v: abs(*v), Not: lambda v: not v[0], sympy.ITE: lambda v: v[1] if v[0] else v[2],
        sympy.Ge: lambda v: v[0] >= v[1], sympy.Gt: lambda v: v[0] > v[1],
        sympy.Le: lambda v: v[0] <= v[1], sympy.Lt: lambda v: v[0] < v[1],
        Eq: lambda v: v[0] == v[1], Ne: lambda v: v[0] != v[1],
    }  # fmt: skip
    return operations[node.func](values)


def default_symbols(dim):
    return [Symbol(f"x{i}") for i in range(dim)]


def some_points(dim):
    corners = [(0,) * dim, (1,) * dim, tuple(range(-1, dim - 1)), tuple(Fraction(2 - i, 3) for i in range(dim))]
    return [*corners, *(tuple(-5 * Fraction(q) for q in point) for point in corners[2:])]


@pytest.mark.parametrize("seed", SMALL_CASES)
def test_nested_form_has_the_values_and_reads_back(seed):
    net = network(random_case(seed))
    symbols = default_symbols(net.input_dim)
    expr = to_sympy(net)
    for point in some_points(net.input_dim):
        assert values_at(expr, symbols, point) == net(point)
    rebuilt = from_sympy(expr, symbols)
    assert certified.equivalent(net, rebuilt).status == "proved"
    assert rebuilt.num_kinked <= net.num_kinked
    assert len(rebuilt.widths) <= len(net.widths)


@pytest.mark.parametrize("seed", [404, 408, 409, 413, 417, 420, 421, 425])
@pytest.mark.parametrize("form", ["flat", "piecewise"])
def test_flat_and_piecewise_forms(seed, form):
    net = network(random_case(seed))
    symbols = default_symbols(net.input_dim)
    expr = to_sympy(net, form=form)
    for point in some_points(net.input_dim):
        assert values_at(expr, symbols, point) == net(point)
    assert certified.equivalent(net, from_sympy(expr, symbols)).status == "proved"


@st.composite
def expressions(draw, depth=3):
    """Continuous piecewise-linear expressions in x and y, often with equal, opposite or constant parts."""
    kind = draw(st.integers(0, 6)) if depth else 0
    if kind == 0:
        return draw(st.sampled_from([x, y, -x, x + y, sympy.S.Zero, sympy.S.One, Rational(-1, 2), 2 * x - 1]))
    parts = [draw(expressions(depth=depth - 1)) for _ in range(2)]
    if kind == 1:
        return Max(*parts, evaluate=False)
    if kind == 2:
        return Min(*parts, sympy.S.One, evaluate=False)
    if kind == 3:
        return Abs(parts[0], evaluate=False)
    if kind == 4:
        return Mul(Rational(draw(st.integers(-3, 3)), 2), parts[0], evaluate=False)
    if kind == 5:
        return sympy.Add(*parts, evaluate=False)
    return Piecewise((parts[0], parts[0] - parts[1] >= 0), (parts[1], True), evaluate=False)


@given(expressions(), st.lists(POINTS, min_size=2, max_size=4))
@settings(max_examples=100)
def test_networks_have_the_values_of_expressions(expr, points):
    net = from_sympy(expr, [x, y])
    for point in points:
        assert net(point) == (value_of(expr, dict(zip((x, y), point, strict=True))),)


def test_polynomials():
    a, b, c = tp.AffineForm([1, 0], 1), tp.AffineForm([0, "1/2"]), tp.AffineForm([0, 0], 2)
    lattice = tp.LatticePolynomial([a, b, c], [[0, 1], [2]])
    assert to_sympy(lattice, [x, y]) == Max(2, Min(x + 1, Mul(Rational(1, 2), y), evaluate=False), evaluate=False)
    polynomial = TropicalPolynomial([a, b])
    assert str(to_sympy(polynomial, [x, y])) == "Max(y/2, x + 1)"
    ratio = TropicalRationalMap([polynomial, polynomial], [TropicalPolynomial([c]), TropicalPolynomial([b, c])])
    first, second = to_sympy(ratio, [x, y])
    assert str(first) == "Max(y/2, x + 1) - 2"
    for form in ("nested", "flat", "piecewise"):
        for obj in (lattice, polynomial, ratio, a, tp.AffineMap((a, b))):
            expr = to_sympy(obj, [x, y], form=form)
            for point in some_points(2):
                value = obj(point)
                assert values_at(expr, [x, y], point) == (value if isinstance(value, tuple) else (value,))
    assert to_sympy(tp.AffineForm([0, 0], "3/4")) == Rational(3, 4)
    assert values_at(second, [x, y], (3, 1)) == (2,)


def test_units_with_other_slopes_are_maxima_or_minima_of_multiples():
    net = tp.ReLUNetwork.from_arrays([[[1]] * 5, [[1] * 5]], None, [[("1/10", 1), (1, "1/2"), (-1, 1), (2, 2), (0, 0)]])
    expr = to_sympy(net, [x])
    assert str(expr) == "2*x + Max(-x, x) + Max(x/10, x) + Min(x/2, x)"
    rebuilt = from_sympy(expr, [x])
    assert rebuilt.num_kinked == 1
    assert certified.equivalent(net, rebuilt).status == "proved"


def test_constant_units_are_numbers():
    net = tp.ReLUNetwork.from_arrays([[[0], [0]], [[2, 1]], [[3]]], [[1, -1], [-5], ["1/3"]])
    assert to_sympy(net) == Rational(1, 3)
    assert certified.equivalent(from_sympy(to_sympy(net), [x]), net).status == "proved"


def test_shared_subexpressions_are_one_object_and_one_unit():
    net = tp.ReLUNetwork.from_arrays([[[1, 1]], *[[[1], [1]], [[1, 1]]] * 12, [[1]]])
    rebuilt = from_sympy(to_sympy(net, [x, y]), [x, y])
    assert rebuilt.num_kinked <= net.num_kinked
    assert rebuilt([1, 1]) == net([1, 1]) == (2**13,)


def test_a_layer_used_twice():
    once = tp.ReLUNetwork.from_arrays([[[1, -2], [1, 1]], [[1, 0], [0, 1]]], [[1, -1], None])
    layer, last = once.layers
    twice = tp.ReLUNetwork((layer, layer, last))
    assert values_at(to_sympy(twice), default_symbols(2), (3, "1/2")) == twice([3, "1/2"])


def test_deep_expressions():
    expr = x
    for _ in range(300):
        expr = Max(0, sympy.Add(expr, -1, evaluate=False), evaluate=False)
    net = from_sympy(expr, [x])
    assert net.widths == (1,) * 300
    assert from_sympy(to_sympy(net, [x]), [x]) == net
    assert net([302]) == (2,)


def test_several_outputs_and_the_order_of_symbols():
    net = from_sympy((Max(x, y), x - y), [y, x])
    assert net([1, 5]) == (5, 4)
    assert from_sympy([x], [x, y])([7, 8]) == (7,)
    assert from_sympy(sympy.Tuple(x, y), [x, y])([7, 8]) == (7, 8)
    assert to_sympy(tp.ReLUNetwork.from_arrays([[[1], [2]]]), [z]) == (z, 2 * z)


def test_floats_are_the_dyadic_numbers_that_they_are():
    assert from_sympy(Float(0.1) * x, [x])([1]) == (Fraction(0.1),)
    precise = Float("0.1", 50)
    assert from_sympy(precise, [x])([0]) == (Fraction(int(Rational(precise).p), int(Rational(precise).q)),)
    with pytest.raises(ValueError, match="binary exponent 100000 "):
        from_sympy(x + Float((0, 1, 100000, 1)), [x])


def test_numbers_divided_without_evaluation():
    third = Mul(x, sympy.Pow(3, -1, evaluate=False), evaluate=False)
    assert from_sympy(third, [x])([1]) == (Fraction(1, 3),)
    with pytest.raises(ValueError, match="divides by 0"):
        from_sympy(Mul(x, sympy.Pow(Mul(0, 2, evaluate=False), -1, evaluate=False), evaluate=False), [x])


def test_a_product_whose_factor_is_constant_in_disguise():
    assert from_sympy(Mul(Max(x, x + 1, evaluate=False) - x, y), [x, y])([5, 3]) == (3,)


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (x * y, "multiplies two expressions"),
        (Max(0, x * Abs(x)), "multiplies two expressions"),
        (sympy.sin(x), r"sin\(x\) is not a piecewise-linear"),
        (x**2, r"x\*\*2 is not"),
        (1 / x, "divides by an expression"),
        (sympy.sqrt(2) * x, r"sqrt\(2\) is not"),
        (sympy.pi, "pi is not"),
        (z, "symbol z is not among the inputs"),
        (Max(x, -sympy.oo, evaluate=False), "-oo is not"),
        (sympy.nan, "nan is not"),
        (sympy.I * x, "I is not"),
        (sympy.sign(x), r"sign\(x\) is not continuous at \(0, 0\): it is 0 there and tends to -1"),
        (sympy.Heaviside(x), r"Heaviside\(x\) is not continuous at \(0, 0\): it is 1/2 there"),
        (x * sympy.Heaviside(x - 1), r"x\*Heaviside\(x - 1\) is not continuous at \(1, 0\): it is 1/2 there"),
        (x * sympy.sign(x) * sympy.sign(y), r"is not continuous at \(-1, 0\)"),
        (y + 2 * sympy.Heaviside(y, 0), r"is not continuous at \(0, 0\): it is 0 there and tends to 2"),
        (x * y * sympy.Heaviside(x), "is not linear: it multiplies two expressions"),
        (Max(0, sympy.sign(x)), r"sign\(x\) is not continuous"),
        (x * sympy.Heaviside(x, y), r"Heaviside\(x, y\) must have a rational number as its value at 0, got y"),
        (sympy.sign(x) ** 2, "is not a piecewise-linear"),
        (x * sympy.DiracDelta(x), r"DiracDelta\(x\) is not a piecewise-linear"),
        (sympy.Function("f")(x), r"f\(x\) is not"),
        (sympy.ITE(x > 0, y > 0, y < 0), "a sympy expression is needed"),
        (Piecewise((x, sympy.Xor(x > 0, y > 0)), (y, True)), "is not a condition"),
        ("x + 1", "type str"),
        (3, "type int"),
        ([], "no expressions"),
        ([x, "y"], "type str"),
        (sympy.Matrix([x, y]), "type MutableDenseMatrix"),
        (sympy.ImmutableMatrix([x, y]), "is not|needed"),
    ],
)
def test_what_is_not_piecewise_linear_is_named(expr, text):
    with pytest.raises(ValueError, match=text):
        from_sympy(expr, [x, y])


H, sign = sympy.Heaviside, sympy.sign
CONTINUOUS = [
    x * H(x),
    x * H(x - 0) - y * H(-y, 0),
    sign(x) * x,
    sign(x - y) * (2 * x - 2 * y) + y,
    Abs(x) * sign(x),
    (x - 1) * H(x - 1, Rational(1, 3)),
    (x + 1) * H(x) - H(x),
    (H(x) - Rational(1, 2)) * x,
    x * Piecewise((1, x > 0), (-1, True)),
    (1 - Abs(x)) * (H(x + 1) - H(x - 1)),
    Min(Max(x, 0), Max(y, 0)) * H(x) * H(y),
    H(x, 1) + H(-x, 0),
    3 * sign(x + y) * Abs(x + y) / 2 - Max(x, y),
    Piecewise((x * H(x), y > 0), (Max(x, 0), True)),
    Piecewise((y * sign(x), x > 0), (y, x > -1), (-y * sign(x), True)),
    x * H(Abs(y) + 1),
    Max(x * H(x), y * sign(y)),
]


@pytest.mark.parametrize("expr", CONTINUOUS)
def test_products_with_jumps_that_are_continuous(expr):
    net = from_sympy(expr, [x, y])
    points = list(itertools.product([-3, -1, Fraction(-1, 3), 0, Fraction(1, 2), 1, 2], repeat=2))
    assert [net(p) for p in points] == [values_at(expr, (x, y), p) for p in points]


@given(st.lists(st.tuples(*[st.integers(-2, 2)] * 4, st.sampled_from((1, 2, -1))), min_size=1, max_size=3))
@settings(max_examples=10)
def test_sums_of_products_with_jumps(terms):
    """A form times the sign of a multiple of itself is continuous; times that of another one it is not."""
    expr = sum((k * (a * x + b * y + c) * sign(d * (a * x + b * y + c)) for a, b, c, k, d in terms), sympy.S.Zero)
    points = list(itertools.product([-2, Fraction(-1, 2), 0, 1, 3], repeat=2))
    assert [from_sympy(expr, [x, y])(p) for p in points] == [values_at(expr, (x, y), p) for p in points]
    with pytest.raises(ValueError, match="is not continuous at"):
        from_sympy(expr + (x + 5) * sign(7 * x + 3 * y + 11), [x, y])


def test_long_offending_subexpressions_are_not_written_out():
    total = sympy.Add(*[Max(x, k) for k in range(40)])
    with pytest.raises(ValueError, match=r"a subexpression sin\(\.\.\.\)"):
        from_sympy(sympy.sin(total), [x])


@pytest.mark.parametrize("symbols", [[], "xy", [x, x], [x, "y"], [x + y], 5, ["x"]])
def test_symbols_must_be_distinct_sympy_symbols(symbols):
    with pytest.raises(ValueError, match="distinct sympy Symbols"):
        from_sympy(x, symbols)
    with pytest.raises(ValueError, match="distinct sympy Symbols"):
        to_sympy(tp.AffineForm([1, 2]), symbols)


def test_refusals_of_to_sympy():
    with pytest.raises(ValueError, match="each of 2 inputs"):
        to_sympy(tp.AffineForm([1, 2]), [x])
    with pytest.raises(ValueError, match="form must be"):
        to_sympy(tp.AffineForm([1, 2]), form="expanded")
    with pytest.raises(ValueError, match="type str"):
        to_sympy("x")
    net = tp.ReLUNetwork.from_arrays([[[1, 2], [3, -1], [-1, 1]], [[1, -2, 1]]])
    with pytest.raises(tp.BudgetExhausted):
        to_sympy(net, form="piecewise", budget=tp.Budget(cells=2))
    with pytest.raises(tp.BudgetExhausted):
        to_sympy(net, form="flat", budget=tp.Budget(cells=2))
    deep = tp.ReLUNetwork.from_arrays([[[1] * 8] * 8] * 30)
    with pytest.raises(tp.BudgetExhausted, match="seconds"):
        to_sympy(deep, budget=tp.Budget(seconds=0.1))


@pytest.mark.parametrize(
    "expr",
    [
        Piecewise((x, x > 0), (0, True)),
        Piecewise((0, x < 0), (x, x >= 0)),
        Piecewise((x, And(x > 0, x < 1)), (1, x >= 1), (0, True)),
        Piecewise((-x, Or(x < -1, x < 0)), (x, Not(x < 0))),
        Piecewise((Min(x, y), And(x > 0, y > 0)), (0, Or(x <= 0, y <= 0))),
        Piecewise((y, Eq(x, y)), (x, True)),
        Piecewise((x, Ne(x, y)), (y, True)),
        Piecewise((3, x + y > 7), (x + y - 4, x + y > 0), (-4, True)),
        Piecewise((Max(x, 2 * x), y > y + 1), (Abs(x), True), evaluate=False),
        Piecewise((x + 1, Abs(x) > 1), (2 * Max(x, 0) + 1 - Abs(x) - Min(x, 0) + Min(x, 0), True)),
        Piecewise((Piecewise((x, x > 0), (0, True)), y > 3), (Max(x, 0), True), evaluate=False),
        Piecewise((x, True), (y, x > 0), evaluate=False),
        Piecewise((x, x > 0), (0, x > -1), (5, False), (0, True), evaluate=False),
    ],
)
def test_continuous_cases(expr):
    net = from_sympy(expr, [x, y])
    for a in (-2, -1, Fraction(-1, 2), 0, Fraction(1, 3), 1, 4):
        for b in (-1, 0, Fraction(1, 3), 3, 5):
            assert net([a, b]) == values_at(expr, [x, y], (a, b))


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (Piecewise((1, x > 0), (0, True)), r"not continuous at \(0, .*\): it is 0 there and tends to 1"),
        (Piecewise((x, x > 0), (-x, x < 0)), r"no condition holds at \(0, "),
        (Piecewise((x, x > 0)), r"no condition holds at \(-1, "),
        (Piecewise((0, x < 0), (5, Eq(x, 0)), (0, True)), r"not continuous at \(0, .*: it is 5 there and tends to 0"),
        (Piecewise((1, And(Eq(x, 0), Eq(y, 0))), (0, True)), r"not continuous at \(0, 0\): it is 1"),
        (Piecewise((y, x > 0), (0, True)), "not continuous"),
        (Piecewise((y, x > y), (x, x < y), (x + 1, True)), "not continuous at"),
        (Piecewise((0, Abs(x) > 1), (1, True)), "not continuous at"),
        (Piecewise((x, And(x > 0, y > 0)), (0, True)), "not continuous at"),
    ],
)
def test_discontinuous_and_partial_cases(expr, text):
    with pytest.raises(ValueError, match=text):
        from_sympy(expr, [x, y])


def test_witness_of_discontinuity_is_a_point_where_one_sided_limits_differ():
    expr = Piecewise((x + y, 2 * x - 3 * y > 1), (x - y + Rational(2, 3), True))
    with pytest.raises(ValueError, match="not continuous") as caught:
        from_sympy(expr, [x, y])
    inside = str(caught.value).split("at (")[1].split(")")[0]
    a, b = (Fraction(part) for part in inside.split(", "))
    assert 2 * a - 3 * b == 1
    assert a + b != a - b + Fraction(2, 3)


def test_a_budget_ends_the_check_of_cases():
    expr = Piecewise((x, x > y), (y, True))
    with pytest.raises(tp.BudgetExhausted):
        from_sympy(expr, [x, y], budget=tp.Budget(cells=1))


LINES = st.builds(lambda a, b, c: a * x + b * y + c, *[st.sampled_from([-1, 0, 1])] * 3)
COMPARISONS = st.builds(
    lambda line, relation: relation(line, 0),
    LINES,
    st.sampled_from([sympy.Gt, sympy.Ge, sympy.Lt, sympy.Le, Eq, Ne]),
)
CONDITIONS = st.one_of(COMPARISONS, st.builds(And, COMPARISONS, COMPARISONS), st.builds(Or, COMPARISONS, COMPARISONS))
BRANCHES = st.one_of(st.sampled_from([sympy.S.Zero, x, y, x + y]), LINES)
HALVES = [Fraction(k, 2) for k in range(-5, 6)]  # every vertex of an arrangement of LINES has half-integral coordinates


@given(st.lists(st.tuples(BRANCHES, CONDITIONS), min_size=1, max_size=3), BRANCHES, st.booleans())
@settings(max_examples=150)
def test_cases_at_random_against_their_definition(pairs, last, total):
    """Accepted: the same values on a grid that meets every face. Refused: the point named is one of discontinuity."""
    expr = Piecewise(*pairs, *([(last, True)] if total else []), evaluate=False)

    def value(a, b):
        try:
            return value_of(expr, {x: Fraction(a), y: Fraction(b)})
        except StopIteration:
            return None

    try:
        net = from_sympy(expr, [x, y])
    except ValueError as error:
        a, b = map(Fraction, re.search(r"at \((.*?), (.*?)\)", str(error)).groups())
        here, tiny = value(a, b), Fraction(1, 1000)
        around = [value(a + tiny * s, b + tiny * t) for s, t in itertools.product(range(-3, 4), repeat=2)]
        assert here is None or any(near is None or abs(near - here) > 6 * tiny for near in around)
    else:
        assert all(net([a, b]) == (value(a, b),) for a, b in itertools.product(HALVES, repeat=2))
