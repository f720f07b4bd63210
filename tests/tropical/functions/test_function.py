"""Everything that takes a function takes every kind of function, one from outside the package too."""

from dataclasses import dataclass
from fractions import Fraction

import pytest
import sympy

import tropical as tp
from tropical.functions.function import Function


@dataclass(frozen=True)
class Huber:
    """The function x -> |l_0(x)| + l_1(x), with nothing but the protocol."""

    inner: tp.AffineMap

    @property
    def input_dim(self):
        return self.inner.input_dim

    @property
    def output_dim(self):
        return 1

    def values(self, x):
        first, second = self.inner(x)
        return (abs(first) + second,)

    def gradients(self):
        return self.inner.gradients()

    def compose(self, inner):
        return Huber(self.inner.compose(inner))

    def build(self, algebra):
        first, second = self.inner.forms
        return [algebra.maximum([algebra.affine(first + second), algebra.affine(second - first)])]


FORMS = tp.AffineForm([1, -2, 0], 1), tp.AffineForm([0, 1, 0], "1/3")
OUTSIDE = Huber(tp.AffineMap(FORMS))
AS_MAXIMUM = tp.TropicalPolynomial([FORMS[0] + FORMS[1], FORMS[1] - FORMS[0]])
KINDS = [
    OUTSIDE,
    AS_MAXIMUM,
    tp.LatticePolynomial(AS_MAXIMUM.terms, [[0], [1]]),
    tp.TropicalRationalMap([AS_MAXIMUM], [tp.TropicalPolynomial([tp.AffineForm([0, 0, 0])])]),
    tp.to_network(AS_MAXIMUM),
]
BOX = tp.Box([-1, -1, -1], [2, 2, 2])
POINTS = [(0, 0, 0), ("1/2", 3, -1), (-4, "2/7", 5), (1, 1, 1)]


@pytest.mark.parametrize("f", KINDS, ids=lambda f: type(f).__name__)
def test_one_function_in_every_kind(f):
    assert isinstance(f, Function)
    assert all(tuple(f.values(x)) == OUTSIDE.values(list(map(Fraction, x))) for x in POINTS)
    verdict = tp.equivalent(f, OUTSIDE)
    assert verdict.status == "proved"
    assert tp.check_certificate(verdict.certificate, f, OUTSIDE)
    shifted = tp.AffineMap(tuple(tp.AffineForm([int(i == j) for j in range(3)], 1) for i in range(3)))
    assert tp.equivalent(f.compose(shifted), OUTSIDE).status == "refuted"
    assert tp.equivalent(f.compose(shifted), OUTSIDE.compose(shifted)).status == "proved"
    best = tp.maximum(f, BOX)
    assert best.value == max(OUTSIDE.values((x, y, 0))[0] for x in (-1, 2) for y in (-1, 2))
    assert tp.check_certificate(best.certificate, OUTSIDE if f is OUTSIDE else f)
    assert tp.is_convex(f).status == "proved"
    assert tp.lipschitz_constant(f).squared == 10
    assert tp.sup_distance(f, OUTSIDE).value == 0
    assert tp.to_smtlib(f, OUTSIDE).count("check-sat") == 1
    assert tp.computation_graph(f).number_of_nodes() > 3
    values = dict(zip(sympy.symbols("x0:3"), POINTS[2], strict=True))
    assert tp.to_sympy(f).subs(values) == sympy.Rational(str(OUTSIDE.values(list(map(Fraction, POINTS[2])))[0]))
    assert float(tp.gaussian_mean(f)) == pytest.approx(float(tp.gaussian_mean(AS_MAXIMUM)), abs=1e-12)


def test_affine_forms_and_maps_are_functions():
    form = tp.AffineForm([2, -1], 3)
    assert tp.equivalent(form, tp.to_network(form)).status == "proved"
    assert tp.maximum(form, tp.Box([0, 0], [1, 1])).value == 5
    assert tp.implies_leq(form, form + tp.AffineForm([0, 0], 1)).status == "proved"
    pair = tp.AffineMap((form, -form))
    refuted = tp.equivalent(pair, tp.AffineMap((form, form)))
    assert refuted.status == "refuted"
    assert tp.check_certificate(refuted.certificate, pair, tp.AffineMap((form, form)))
    assert float(tp.gaussian_inner_product(form, form)) == pytest.approx(14)
    assert tp.lipschitz_constant(pair, norm=1).value == 4


def test_what_is_no_function_has_no_protocol():
    assert not isinstance(tp.Box([0], [1]), Function)
    assert not isinstance(3, Function)
