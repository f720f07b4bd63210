"""Every function that takes a budget keeps to it on inputs that it would take long for, and says that it ran out."""

import functools
import inspect
import itertools
import time
from fractions import Fraction
from random import Random

import pytest
import sympy
from case_counts import few

import tropical as tp
import tropical.budget as budget_module
from oracles.valid_calls import TROPICAL_CALLS

MOST = 20  # seconds of work, generously: what runs on for minutes is found, and no time is asserted
BUDGETED = [
    name
    for name in tp.__all__
    if inspect.isfunction(getattr(tp, name)) and "budget" in inspect.signature(getattr(tp, name)).parameters
]


def network(*sizes, biases=True):
    rng = Random(0)

    def dyadic(count):
        return [Fraction(rng.randint(-128, 128), 64) for _ in range(count)]

    weights = [[dyadic(n) for _ in range(m)] for n, m in itertools.pairwise(sizes)]
    return tp.ReLUNetwork.from_arrays(weights, [dyadic(m) for m in sizes[1:]] if biases else None)


@functools.cache
def polynomial(terms, dim):
    rng = Random(1)
    exponents = [tuple(rng.randint(-6, 6) for _ in range(dim)) for _ in range(terms)]
    return tp.TropicalPolynomial.from_terms({exponent: -sum(a * a for a in exponent) for exponent in exponents})


NET = network(3, 24, 24, 1)
CENTRAL = network(4, 24, 24, 1, biases=False)
SYMBOLS = sympy.symbols("x:3")


@functools.cache
def cells():
    return tp.polyhedral_complex(NET)


@functools.cache
def many_cells():
    return tp.polyhedral_complex(network(3, 64, 64, 1), tp.Box([-1] * 3, [1] * 3), route="compiled")


@functools.cache
def difference():
    return tp.disagreement(network(2, 30, 1), tp.AffineForm([1, 1]))


def same_function(net=NET):
    """That of a network of two hidden layers, in the last of which relu(t) is relu(t + 1) - relu(1 - relu(-t))."""
    first, second, last = net.layers
    rows, bias, out = second.weight, second.bias, last.weight[0]
    units = [*(list(row) for row in rows), *([-q for q in row] for row in rows)]
    passed = [[int(i == j) for j in range(len(units))] for i in range(len(rows))]
    cut = [[-int(len(rows) + i == j) for j in range(len(units))] for i in range(len(rows))]
    weights = [first.weight, units, passed + cut, [[*out, *(-q for q in out)]]]
    biases = [first.bias, [*(q + 1 for q in bias), *(-q for q in bias)], [0] * len(rows) + [1] * len(rows), last.bias]
    return tp.ReLUNetwork.from_arrays(weights, biases)


def positive_part():
    forms = [sum(i * j % 7 * x for j, x in enumerate(SYMBOLS, 1)) - i for i in range(1, 40)]
    total = sum((-1) ** i * abs(form) for i, form in enumerate(forms))
    return sympy.Piecewise((total, total > 0), (0, True))


def lattice():
    rng = Random(2)
    return tp.LatticePolynomial(polynomial(40, 4).terms, [rng.sample(range(40), 4) for _ in range(80)])


LARGE = {  # by the name of the parameter, or of the function and the parameter
    "cx": cells,
    "f": lambda: NET,
    "g": same_function,
    "net": lambda: NET,
    "obj": lambda: NET,
    "domain": lambda: None,
    "symbols": lambda: SYMBOLS,
    "p": lambda: polynomial(120, 8),
    "polynomial": lattice,
    "affine_pieces cx": many_cells,
    "decision_boundary cx": many_cells,
    "linear_regions cx": many_cells,
    "region_graph cx": many_cells,
    "relevant_subspace cx": many_cells,
    "sphere_maximum f": lambda: CENTRAL,
    "sphere_maximum g": lambda: None,
    "dominated_by_quadratic f": lambda: CENTRAL,
    "dominated_by_quadratic form": lambda: [[10**9 * (i == j) for i in range(4)] for j in range(4)],
    "essential_terms p": lambda: polynomial(3000, 10),
    "prune p": lambda: polynomial(3000, 10),
    "term_evidence p": lambda: polynomial(3000, 10),
    "zonotope_of net": lambda: network(7, 40, 1),
    "gaussian_measure region": lambda: tp.Box([-1] * 5, [1] * 5),
    "gaussian_measure samples": lambda: 10**9,
    "gaussian_moments region": difference,
    "polyhedral_complex route": lambda: "rational",
    "to_sympy form": lambda: "flat",
    "from_sympy expr": positive_part,
}


def large_call(name):
    function, arguments = TROPICAL_CALLS[name]
    grown = {key: LARGE.get(f"{name} {key}", LARGE.get(key)) for key in arguments}
    return function, {key: make() if make else arguments[key] for key, make in grown.items()}


def ran_out(call):
    try:
        answer = call()
    except tp.BudgetExhausted as stop:
        return "seconds exhausted" in str(stop)
    if isinstance(answer, tp.Verdict):
        return answer.status == "unknown" and "seconds exhausted" in answer.detail["reason"]
    return not answer.complete and "seconds exhausted" in answer.incomplete_because


@pytest.mark.parametrize("name", BUDGETED)
def test_a_budget_of_time_is_kept(name):
    function, arguments = large_call(name)
    arguments["budget"] = tp.Budget(seconds=0.02)
    start = time.process_time()
    assert ran_out(lambda: function(**arguments))
    assert time.process_time() - start < MOST


MANY = ("polyhedral_complex", "equivalent", "implies_leq", "maximum", "sup_distance")


@pytest.mark.parametrize(
    ("name", "bounded"),
    few([*((name, name in MANY[:3]) for name in MANY), *((name, name not in MANY[:3]) for name in MANY)], len(MANY)),
)
def test_a_budget_of_time_is_kept_in_many_dimensions(name, bounded):
    function, arguments = large_call(name)
    net = network(80, 120, 40, 1)
    many = {"f": net, "net": net, "g": same_function(net), "route": "auto"}
    arguments = {key: many.get(key, value) for key, value in arguments.items()}
    arguments |= {"domain": tp.Box([-1] * 80, [1] * 80) if bounded else None, "budget": tp.Budget(seconds=0.1)}
    start = time.process_time()
    assert ran_out(lambda: function(**arguments))
    assert time.process_time() - start < MOST


@pytest.mark.parametrize(("digits", "slope"), [(4000, 1), (4000, 10**300), (20_000, 1)])
def test_a_budget_is_kept_where_numbers_are_long(digits, slope):
    """min(sx, e, 3e - sx) is concave, and bends within a few times e of 0."""
    e = Fraction(1, 10**digits)
    forms = [tp.AffineForm([slope], 0), tp.AffineForm([0], e), tp.AffineForm([-slope], 3 * e)]
    start = time.process_time()
    verdict = tp.is_convex(tp.LatticePolynomial(forms, [[0, 1, 2]]), budget=tp.Budget(seconds=1))
    assert verdict.status in ("refuted", "unknown")
    assert time.process_time() - start < MOST


class Ticking:
    """A clock that goes on by one second whenever it is looked at."""

    def __init__(self):
        self.now = 0

    def monotonic(self):
        self.now += 1
        return self.now


def heavy(digits):
    """Forms in the plane with so many digits."""
    rng, size = Random(3), 10**digits
    return [tp.AffineForm([rng.randint(-size, size) for _ in range(2)], rng.randint(-size, size)) for _ in range(12)]


def lattice_of_many(dim):
    rng = Random(5)
    forms = [tp.AffineForm([rng.randint(-9, 9) for _ in range(dim)], rng.randint(-9, 9)) for _ in range(84)]
    return tp.LatticePolynomial(forms, [rng.sample(range(84), 5) for _ in range(200)])


@functools.cache
def cells_of_many():
    return tp.polyhedral_complex(network(3, 12, 12, 1), tp.Box([-1] * 3, [1] * 3), route="rational")


FIELD = {  # what once ran on, or took no budget at all
    "gaussian_mean": lambda budget: tp.gaussian_mean(NET, budget=budget),
    "filtered_moments": lambda budget: tp.filtered_moments(NET, threshold=1, budget=budget),
    "gaussian_measure": lambda budget: tp.gaussian_measure(tp.Box([-1] * 3, [1] * 3), bits=1000, budget=budget),
    "gaussian_moments": lambda budget: tp.gaussian_moments(tp.Box([-1] * 3, [2] * 3), bits=1000, budget=budget),
    "maximum": lambda budget: tp.maximum(network(12, 20, 20, 1), tp.Box([-1] * 12, [1] * 12), budget),
    "minimum": lambda budget: tp.minimum(network(12, 20, 1), tp.Box([-1] * 12, [1] * 12), budget),
    "sup_distance": lambda b: tp.sup_distance(network(9, 9, 1), network(9, 8, 1), tp.Box([-1] * 9, [1] * 9), b),
    "maximum of a lattice form": lambda budget: tp.maximum(lattice_of_many(4), tp.Box([-1] * 4, [1] * 4), budget),
    "to_tropical_rational_map": lambda budget: tp.to_tropical_rational_map(NET, budget=budget),
    "is_convex": lambda budget: tp.is_convex(tp.TropicalPolynomial(heavy(4000)), budget=budget),
    "decision_boundary": lambda budget: tp.decision_boundary(cells_of_many(), budget=budget),
    "lipschitz_constant": lambda budget: tp.lipschitz_constant(NET, budget=budget),
    "prune": lambda budget: tp.prune(tp.TropicalPolynomial(heavy(300)), budget),
}


@pytest.mark.parametrize("name", FIELD)
def test_the_clock_is_looked_at_and_its_end_heeded(name, monkeypatch):
    cells_of_many()
    clock = Ticking()
    monkeypatch.setattr(budget_module, "time", clock)
    assert ran_out(lambda: FIELD[name](tp.Budget(seconds=20)))
    assert clock.now < 200  # looks: what goes on afterwards is short


@pytest.mark.parametrize("name", ["lipschitz_constant", "maximum"])
def test_the_budget_that_was_given_is_named(name, monkeypatch):
    monkeypatch.setattr(budget_module, "time", Ticking())
    answer = FIELD[name](tp.Budget(seconds=40))
    assert "budget of 40 seconds exhausted" in answer.incomplete_because


def test_what_is_left_of_a_budget(monkeypatch):
    monkeypatch.setattr(budget_module, "time", Ticking())
    meter = budget_module.Meter(tp.Budget(seconds=10, cells=3))
    rest = budget_module.Meter(meter.rest()).rest()
    assert rest.seconds < 10
    assert rest == tp.Budget(seconds=rest.seconds, cells=3)
    with pytest.raises(tp.BudgetExhausted, match="budget of 10 seconds exhausted"):
        list(budget_module.Meter(rest).timed(range(20)))


def test_the_functions_are_those_that_take_a_budget():
    assert len(BUDGETED) > 30
    assert set(BUDGETED) <= set(TROPICAL_CALLS)
