"""Other forms of a function: exact values at points by other arithmetic, and equality proved with a certificate."""

import random
from fractions import Fraction
from typing import Any

import sympy

import tropical as tp
from differential.comparison import inside
from differential.extrema import with_last
from differential.reproducers import shown
from oracles import certified
from oracles.activation_z3 import Case, Vector, activation_regions, forms_of
from oracles.built import domain, function, network
from oracles.claims_by_points import dimension, values
from oracles.domain_cases import domain_case, small_case
from oracles.equality_z3 import exact_outputs
from oracles.forged_certificates import function as drawn_function
from oracles.random_cases import random_case
from tropical.proofs.certificate import encode_dual_lattice, encode_function

POINTS = 6
MOST_PIECES = 12


def points(rng: random.Random, case: Case) -> list[Vector]:
    """Of the domain: random ones, some of them on grids where kinks are, and whichever z3 gave for regions."""
    drawn = [tuple(Fraction(rng.randint(-8, 8), rng.choice((1, 2, 7))) for _ in case.weights[0][0]) for _ in range(60)]
    return [x for x in drawn if inside(case, x)][:POINTS]


def lattice(seed: int) -> str:
    """Max-min and min-max forms on the domain, the irredundant form of what holds on R^n, and networks of them."""
    rng, case = random.Random(f"lattice {seed}"), small_case(domain_case, seed, 6)
    case = with_last(case, case.weights[-1][:1], case.biases[-1][:1])
    with shown(net=case):
        net, where = network(case), domain(case)
        form = tp.to_lattice_polynomial(net, where)
        regions = activation_regions(case)
        expected = {(row, b) for pattern in regions for row, b in forms_of(case, pattern)[1]}
        assert {(piece.gradient, piece.constant) for piece in form.pieces} == expected
        assert_same_values(rng, case, [encode_function(form)], [*regions.values()][:POINTS])
        assert certified.equivalent(net, form, where).status == "proved"
        if len(form.pieces) <= MOST_PIECES:
            rebuilt, dual = tp.to_network(form), encode_dual_lattice(form.pieces, form.dual_clauses)
            assert_same_values(rng, case, [encode_function(rebuilt), dual], [])
            assert certified.equivalent(rebuilt, net, where).status == "proved"
            assert_irredundant(form)
    return "one piece" if len(form.pieces) == 1 else "pieces"


def assert_same_values(rng: random.Random, case: Case, encoded: list[Any], further: list[Vector]) -> None:
    for x in (*points(rng, case), *further):
        expected = list(exact_outputs(case, x))
        assert all(values(f, x) == expected for f in encoded)


def assert_irredundant(form: tp.LatticePolynomial) -> None:
    found = tp.irredundant(form)
    certificate = tp.irredundancy_certificate(found.polynomial, found.clause_points, found.index_points)
    assert tp.check_certificate(certificate, found.polynomial)
    assert certified.equivalent(form, found.polynomial).status == "proved"


def rational_map(seed: int) -> str:
    """Differences of maxima, pruned or not, for all outputs, and a network of them."""
    rng, case = random.Random(f"rational {seed}"), small_case(domain_case, seed, 4)
    with shown(net=case):
        net, where = network(case), domain(case)
        pruned = rng.random() < 0.7
        found = tp.to_tropical_rational_map(net, prune=pruned)
        assert_same_values(rng, case, [encode_function(found)], [])
        if found.num_terms <= 2 * MOST_PIECES:
            assert certified.equivalent(found, net, where).status == "proved"
            rebuilt = tp.to_network(found)
            assert_same_values(rng, case, [encode_function(rebuilt)], [])
            assert certified.equivalent(net, rebuilt, where).status == "proved"
            return "proved"
    return "values only"


def built_networks(seed: int) -> str:
    """Networks of lattice, tropical and rational functions drawn at random, and tropical polynomials pruned."""
    rng = random.Random(f"built {seed}")
    encoded = drawn_function(rng, rng.choice((1, 2, 2, 3)))
    while encoded["kind"] == "network":
        encoded = drawn_function(rng, rng.choice((1, 2, 2, 3)))
    with shown(f=encoded):
        f = function(encoded)
        rebuilt = tp.to_network(f)
        smaller = tp.prune(f) if isinstance(f, tp.TropicalPolynomial) else f
        for _ in range(POINTS):
            x = tuple(Fraction(rng.randint(-6, 6), rng.choice((1, 2, 3))) for _ in range(dimension(encoded)))
            expected = tuple(values(encoded, x))
            assert certified.values(f, x) == expected
            assert certified.values(rebuilt, x) == expected == certified.values(smaller, x)
        assert certified.equivalent(f, rebuilt).status == "proved"
        assert certified.equivalent(smaller, f).status == "proved"
    return encoded["kind"]


def sympy_forms(seed: int) -> str:
    """Nested, flat or piecewise expressions: values by substitution, and read back they are proved to be the same."""
    rng = random.Random(f"sympy {seed}")
    form = rng.choice(("nested", "nested", "flat", "piecewise"))
    case = small_case(random_case, seed, 8 if form == "nested" else 3)
    with shown(net=case, form=form):
        net = network(case)
        symbols = [sympy.Symbol(f"x{i}") for i in range(net.input_dim)]
        found = tp.to_sympy(net, form=form)
        expressions = found if isinstance(found, tuple) else (found,)
        for x in points(rng, case)[:3]:
            place = {s: sympy.Rational(q.numerator, q.denominator) for s, q in zip(symbols, x, strict=True)}
            substituted = [expression.xreplace(place) for expression in expressions]
            assert tuple(Fraction(int(v.p), int(v.q)) for v in substituted) == exact_outputs(case, x)
        assert certified.equivalent(net, tp.from_sympy(found, symbols)).status == "proved"
    return form
