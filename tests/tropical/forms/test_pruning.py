"""Essential terms: evidence recomputed exactly, against z3, the hull of the plane and a count of cells."""

import random
from fractions import Fraction
from itertools import product

import pytest
import z3
from hypothesis import given
from hypothesis import strategies as st

import tropical as tp
from tropical.arithmetic.rationals import primitive
from tropical.forms.pruning import EssentialTerm, InessentialTerm, essential_terms, prune, term_evidence
from tropical.functions.polynomial import TropicalPolynomial
from tropical.polyhedra.cones import half_space, intersect

entries = st.integers(-3, 3)


def polynomials(dim, most=9):
    pairs = st.lists(st.tuples(st.tuples(*[entries] * dim), entries), min_size=1, max_size=most)
    return pairs.map(TropicalPolynomial.from_terms)


any_polynomial = st.integers(1, 4).flatmap(polynomials)


def assert_evidence(p):
    """Recompute what the evidence claims, for every term."""
    evidence = term_evidence(p)
    assert [e.index for e in evidence] == list(range(len(p.terms)))
    for term, found in zip(p.terms, evidence, strict=True):
        if isinstance(found, EssentialTerm):
            assert all(term(found.point) > other(found.point) for other in p.terms if other != term)
            continue
        assert isinstance(found, InessentialTerm)
        weights = found.multipliers
        assert len(weights) == len(p.terms)
        assert weights[found.index] == 0
        assert min(weights) >= 0
        assert sum(weights) == 1
        mean = sum((w * t for w, t in zip(weights, p.terms, strict=True)), 0 * term)
        assert mean.gradient == term.gradient
        assert mean.constant >= term.constant
    assert essential_terms(p) == tuple(e.index for e in evidence if isinstance(e, EssentialTerm))


def essential_by_z3(p):
    x = [z3.Real(f"x{i}") for i in range(p.input_dim)]
    values = [
        z3.Sum([z3.Q(a.numerator, a.denominator) * v for a, v in zip(t.gradient, x, strict=True)])
        + z3.Q(t.constant.numerator, t.constant.denominator)
        for t in p.terms
    ]
    found = []
    for i, value in enumerate(values):
        solver = z3.SolverFor("QF_LRA")
        solver.add(*(value > other for j, other in enumerate(values) if j != i))
        if solver.check() == z3.sat:
            found.append(i)
    return tuple(found)


def upper_hull(p):
    """Vertices of the upper hull of the points (a_i, c_i), which come sorted by a_i (monotone chain)."""
    hull = []
    for i, term in enumerate(p.terms):
        point = (term.gradient[0], term.constant)
        while len(hull) > 1:
            (a, b), (c, d) = hull[-2][1], hull[-1][1]
            if (c - a) * (point[1] - b) - (d - b) * (point[0] - a) < 0:
                break
            hull.pop()
        hull.append((i, point))
    return tuple(i for i, _ in hull)


def full_cells(p):
    """The terms i for which {x : term i >= all others} is full-dimensional, by double description."""
    found = []
    for i, term in enumerate(p.terms):
        differences = [term - other for j, other in enumerate(p.terms) if j != i]
        if intersect(half_space(p.input_dim), [primitive((d.constant, *d.gradient)) for d in differences]):
            found.append(i)
    return tuple(found)


@given(any_polynomial)
def test_evidence_holds(p):
    assert_evidence(p)


@given(any_polynomial)
def test_z3_finds_the_same_terms(p):
    assert essential_terms(p) == essential_by_z3(p)


@given(st.lists(st.tuples(st.tuples(st.fractions(-4, 4, max_denominator=6)), st.fractions(-4, 4)), min_size=1))
def test_one_variable_is_the_upper_hull(pairs):
    p = TropicalPolynomial.from_terms(pairs)
    assert essential_terms(p) == upper_hull(p)


@given(st.integers(1, 3).flatmap(lambda dim: st.tuples(polynomials(dim, 6), polynomials(dim, 6))))
def test_pruning_is_a_normal_form_of_functions(drawn):
    p, q = drawn
    small = prune(p)
    assert prune(small) == small
    assert essential_terms(small) == tuple(range(len(small.terms)))
    assert prune(small + p) == small
    assert prune(prune(p) * prune(q)) == prune(p * q)
    assert prune(p * p) == prune(p**2)
    assert small.degree == p.degree
    for term in p.terms:
        assert small(term.gradient) == p(term.gradient)


def random_polynomial(rng):
    """Up to 12 terms in 1 to 3 variables: generic, on a small grid, collinear, or all on one affine function."""
    dim, size = rng.randint(1, 3), rng.randint(1, 12)
    kind = rng.choice(("generic", "grid", "collinear", "flat", "zero"))
    line = [rng.randint(-2, 2) for _ in range(dim)]
    pairs = []
    for _ in range(size):
        if kind == "generic":
            a, c = [Fraction(rng.randint(-50, 50), rng.randint(1, 9)) for _ in range(dim)], rng.randint(-99, 99)
        elif kind == "collinear":
            step = Fraction(rng.randint(-6, 6), 2)
            a, c = [step * q for q in line], rng.randint(-3, 3)
        else:
            a = [rng.randint(-2, 2) for _ in range(dim)]
            c = {"grid": rng.randint(-2, 2), "flat": sum(a), "zero": 0}[kind]
        pairs.append((a, c))
    return TropicalPolynomial.from_terms(pairs)


def test_essential_terms_and_linear_regions_are_equally_many_on_500_random_instances():
    rng = random.Random(0)
    sizes = set()
    for _ in range(500):
        p = random_polynomial(rng)
        found = essential_terms(p)
        assert found == full_cells(p)
        sizes.add((p.input_dim, len(found) < len(p.terms)))
    assert len(sizes) == 6  # each dimension, with and without inessential terms


@pytest.mark.exhaustive
def test_essential_terms_and_linear_regions_are_equally_many_on_5000_more():
    rng = random.Random(1)
    for _ in range(5000):
        p = random_polynomial(rng)
        assert essential_terms(p) == full_cells(p)
        assert_evidence(p)


@pytest.mark.parametrize(
    ("terms", "essential"),
    [
        ({(0,): 5}, (0,)),
        ({(): 5}, (0,)),
        ({(1, 1): 0, (2, 2): -100}, (0, 1)),
        ({(0, 0): 0, (1, 1): 0, (2, 2): 0, (3, 3): 0}, (0, 3)),
        ({(0, 0): 0, (1, 1): 1, (2, 2): 0}, (0, 1, 2)),
        ({(0, 0): 0, (2, 0): 0, (0, 2): 0, (2, 2): 0, (1, 1): 0}, (0, 1, 3, 4)),
        ({(0, 0): 0, (2, 0): 0, (0, 2): 0, (2, 2): 0, (1, 1): Fraction(1, 2**200)}, (0, 1, 2, 3, 4)),
        ({(0, 0): 0, (2, 0): 0, (0, 2): 0, (2, 2): 0, (1, 1): -Fraction(1, 2**200)}, (0, 1, 3, 4)),
        ({(0,): 0, (Fraction(1, 2**80),): 0, (Fraction(1, 2**79),): 0}, (0, 2)),
        ({(0,): 0, (10**40,): 10**60, (2 * 10**40,): 2 * 10**60 + 1}, (0, 2)),
    ],
)
def test_degenerate_supports(terms, essential):
    p = TropicalPolynomial.from_terms(terms)
    assert essential_terms(p) == essential
    assert_evidence(p)


@pytest.mark.parametrize("dim", [2, 5])
def test_many_terms_on_a_concave_graph_are_all_essential(dim):
    rng = random.Random(dim)
    exponents = {tuple(rng.randint(-60, 60) for _ in range(dim)) for _ in range(280)}
    p = TropicalPolynomial.from_terms({a: -sum(q * q for q in a) for a in exponents})
    assert len(essential_terms(p)) == len(exponents) > 256


@pytest.mark.parametrize(("dim", "side"), [(1, 600), (2, 25), (3, 8), (4, 5), (5, 4)])
def test_of_many_terms_on_a_grid_the_corners_remain(dim, side):
    p = TropicalPolynomial.from_terms(dict.fromkeys(product(range(side), repeat=dim), 0))
    assert prune(p).support == tuple(product((0, side - 1), repeat=dim))


def test_many_collinear_exponents():
    """Sums of parallel segments: the epigraph is invariant along a line."""
    p = TropicalPolynomial.from_terms({(k, 2 * k): -((k // 10) ** 2) for k in range(400)})
    line = TropicalPolynomial.from_terms({(k,): -((k // 10) ** 2) for k in range(400)})
    assert essential_terms(p) == essential_terms(line) == upper_hull(line)


def test_many_sums_of_terms():
    rng = random.Random(3)
    p, q = (
        TropicalPolynomial.from_terms(
            {(rng.randint(-9, 9), rng.randint(-9, 9)): rng.randint(-200, 0) for _ in range(40)}
        )
        for _ in range(2)
    )
    product_of_both = p * q
    pruned = prune(product_of_both)
    assert len(pruned.terms) < 100 < 600 < len(product_of_both.terms)
    assert essential_terms(pruned) == full_cells(pruned)
    assert pruned == prune(prune(p) * prune(q))


def test_time_is_limited():
    p = TropicalPolynomial.from_terms({(k,): -k * k for k in range(9)})
    for function in (essential_terms, prune, term_evidence):
        with pytest.raises(tp.BudgetExhausted):
            function(p, tp.Budget(seconds=1e-9))
