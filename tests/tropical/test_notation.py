"""LaTeX and HTML: truncated with counts, escaped, balanced, and nothing computed for them."""

import re
from fractions import Fraction
from html.parser import HTMLParser

import pytest
import sympy

import tropical as tp
from tropical import notation
from tropical.functions.polynomial import TropicalPolynomial
from tropical.functions.rational_map import TropicalRationalMap

FORM = tp.AffineForm([1, "-1/2"], 3)
NET = tp.ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
WIDE = tp.ReLUNetwork.from_arrays([[[1] * 300] * 40, [[1] * 40] * 30, [[1] * 30]], [[1] * 40, None, None])
LATTICE = tp.LatticePolynomial([FORM, -FORM, tp.AffineForm([0, 0], 1)], [[0, 1], [2]])
POLYNOMIAL = TropicalPolynomial.from_terms({(i, -i): i for i in range(30)})
RATIO = TropicalRationalMap([POLYNOMIAL, TropicalPolynomial([FORM])], [TropicalPolynomial([FORM]), POLYNOMIAL])
MAP = tp.AffineMap((FORM,) * 20)


def plain(forms):
    return [(form.gradient, form.constant) for form in forms]


def layers(net):
    return [(layer.weight, layer.bias) for layer in net.layers], [layer.slopes for layer in net.layers[:-1]]


def sides(ratio):
    return [(plain(f.terms), plain(g.terms)) for f, g in ratio.pairs]


ARGUMENTS = [
    (FORM, notation.latex_form, (FORM.gradient, FORM.constant)),
    (MAP, notation.latex_affine_map, (plain(MAP.forms),)),
    (NET, notation.latex_network, layers(NET)),
    (WIDE, notation.latex_network, layers(WIDE)),
    (LATTICE, notation.latex_max_min, (plain(LATTICE.pieces), [sorted(clause) for clause in LATTICE.clauses])),
    (POLYNOMIAL, notation.latex_max, (plain(POLYNOMIAL.terms),)),
    (RATIO, notation.latex_rational_map, (sides(RATIO),)),
]


def latex(obj):
    """What a notebook shows, without the dollar signs."""
    text = obj._repr_latex_()
    assert (text[0], text[-1]) == ("$", "$")
    return text[1:-1]


class Balanced(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.text = [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def table(text):
    parser = Balanced()
    parser.feed(text)
    assert not parser.open
    return parser.text


@pytest.mark.parametrize(("obj", "write", "arguments"), ARGUMENTS)
@pytest.mark.parametrize("limit", [1, 2, 12, 1000])
def test_formulas_are_balanced_and_no_longer_than_asked(obj, write, arguments, limit):
    text = write(*arguments, limit=limit)
    assert limit != 12 or text == latex(obj)
    assert text.count("{") == text.count("}")
    assert text.count(r"\left") == text.count(r"\right")
    assert text.isascii()
    if limit <= 12:
        assert len(text) < 3000


def test_forms_as_sympy_prints_them():
    x = sympy.symbols("x0:2")
    assert latex(FORM) == r"x_{0} - \frac{1}{2} x_{1} + 3"
    for gradient, constant in (([1, 2], 3), ([-1, 0], 0), ([0, "-7/3"], "-1/2"), ([0, 0], 0), ([0, 0], "-2/5")):
        form = tp.AffineForm(gradient, constant)
        expr = sum((sympy.Rational(str(q)) * s for q, s in zip(form.gradient, x, strict=True)), sympy.S.Zero)
        expr += sympy.Rational(str(form.constant))
        ours = latex(form).replace(" ", "")
        assert sorted(_summands(ours)) == sorted(_summands(_flat(sympy.latex(expr))))


def _flat(text):
    """sympy writes 7x/3 as one fraction."""
    return text.replace(r"\frac{7 x_{1}}{3}", r"\frac{7}{3}x_{1}").replace(" ", "")


def _summands(text):
    return text.replace("-", "+-").removeprefix("+").split("+")


def test_what_is_left_out_is_counted():
    assert notation.latex_max(plain(POLYNOMIAL.terms), 4).endswith(r"\underbrace{\cdots}_{26\ \text{more}}\right)")
    assert latex(LATTICE) == (
        r"\max\left(\min\left(x_{0} - \frac{1}{2} x_{1} + 3,\, -x_{0} + \frac{1}{2} x_{1} - 3\right),\, 1\right)"
    )
    clauses = [sorted(clause) for clause in LATTICE.clauses]
    assert r"\underbrace{\cdots}_{1\ \text{more}}" in notation.latex_max_min(plain(LATTICE.pieces), clauses, 1)
    assert latex(tp.AffineForm([1] * 12)) == " + ".join(f"x_{{{i}}}" for i in range(12))
    assert latex(tp.AffineForm([1] * 12, 1)).endswith(r"+ \underbrace{\cdots}_{1\ \text{more}}")


def test_networks():
    assert latex(NET) == (
        r"x \mapsto \begin{pmatrix}1 & 1 & -1\end{pmatrix} "
        r"\sigma\left(\begin{pmatrix}1 & -1\\0 & 1\\0 & -1\end{pmatrix} x\right),\quad \sigma = \operatorname{ReLU}"
    )
    text = latex(WIDE)
    assert r"W_{3} \sigma\left(W_{2} \sigma\left(W_{1} x + b_{1}\right)\right)" in text
    assert r"W_{1} \in \mathbb{Q}^{40 \times 300}" in text
    leaky = tp.ReLUNetwork.from_arrays([[[1]], [[1]]], None, [("1/10", 1)])
    assert "two slopes" in latex(leaky)
    assert "sigma" not in latex(tp.ReLUNetwork.from_arrays([[[1]]]))


def test_differences_have_brackets_where_needed():
    one, two = TropicalPolynomial([FORM]), TropicalPolynomial.from_terms({(0, 0): "-1/2"})
    assert latex(TropicalRationalMap([two], [one])) == r"-\frac{1}{2} - \left(x_{0} - \frac{1}{2} x_{1} + 3\right)"
    assert latex(TropicalRationalMap([one], [two])) == r"x_{0} - \frac{1}{2} x_{1} + 3 - \left(-\frac{1}{2}\right)"


@pytest.mark.parametrize("exponent", [20, 21, 100, 6000, 40000])
def test_long_numerals_are_elided(exponent):
    number = Fraction(7 * 10**exponent + 123456789)
    assert notation.latex_rational(number) == r"700000\ldots456789"
    assert notation.text_rational(1 / number) == "1/700000...456789"
    assert notation.text_rational(Fraction(10**exponent)) in ("1" + "0" * exponent, "100000...000000")
    assert notation.text_rational(Fraction(10**exponent - 1)) in ("9" * exponent, "999999...999999")


def test_summaries_of_networks():
    assert table(NET._repr_html_())[:3] == ["ReLUNetwork", "inputs", "2"]
    assert table(WIDE._repr_html_())[1:] == [
        "inputs", "300", "hidden layers", "40, 30", "outputs", "1", "units that can bend", "70"
    ]  # fmt: skip
    assert "(27 more)" in tp.ReLUNetwork.from_arrays([[[1]]] * 40)._repr_html_()
    assert "none" in table(tp.ReLUNetwork.from_arrays([[[1]]])._repr_html_())


def test_complexes_show_only_what_is_known():
    cx = tp.polyhedral_complex(NET)
    assert "f-vector" not in cx._repr_html_()
    assert cx.f_vector == (1, 4, 4)
    assert table(cx._repr_html_()) == ["PolyhedralComplex", "space", "R^2", "cells", "4", "f-vector", "1, 4, 4"]
    partial = tp.polyhedral_complex(NET, budget=tp.Budget(cells=2))
    assert "budget of 2 cells exhausted" in table(partial._repr_html_())


def filled(svg):
    """The polygons of a picture: their fills, and the sum of their areas in pixels."""
    fills, area = [], 0.0
    for points, fill in re.findall(r'<polygon points="([^"]*)" fill="([^"]*)"/>', svg):
        corners = [tuple(map(float, point.split(","))) for point in points.split()]
        pairs = zip(corners, corners[1:] + corners[:1], strict=True)
        area += abs(sum(a * d - b * c for (a, b), (c, d) in pairs)) / 2
        fills.append(fill)
    return fills, area


def test_small_planar_complexes_come_with_a_picture():
    """On a box the cells fill the frame, which is 5/7 of the picture, once; elsewhere there are as many polygons."""
    for weights, biases in (
        ([[1, -1], [0, 1], [0, -1]], None),
        ([[3, 1], [1, 2], [-1, 2], [1, 1], [2, 2]], [1, 0, 2, 0, -1]),
        ([[1, 1], [2, 2]], [0, -1]),
        ([[0, 0]], [1]),
    ):
        net = tp.ReLUNetwork.from_arrays([weights, [[1] * len(weights)]], None if biases is None else [biases, None])
        boxed, unbounded = tp.polyhedral_complex(net, tp.Box([-2, -1], [2, 3])), tp.polyhedral_complex(net)
        fills, area = filled(boxed._repr_html_())
        assert len(fills) == boxed.num_cells
        assert len(set(fills)) == min(9, len(tp.affine_pieces(boxed)))
        assert area == pytest.approx((180 * 5 / 7) ** 2, rel=0.02)
        assert len(filled(unbounded._repr_html_())[0]) == unbounded.num_cells
        assert filled(unbounded._repr_html_())[1] >= 180**2


def test_no_picture_of_what_is_large_empty_or_not_planar():
    line = tp.ReLUNetwork.from_arrays([[[1]], [[1]]])
    wide = tp.ReLUNetwork.from_arrays([[[i, 1] for i in range(1, 80)], [[1] * 79]], [list(range(79)), None])
    huge = tp.ReLUNetwork.from_arrays([[[1, 0], [0, 1], [1, 1]], [[1] * 3]], [[Fraction(10) ** 400, 0, 0], None])
    for net in (line, wide, huge):
        assert "<svg" not in tp.polyhedral_complex(net)._repr_html_()
    assert "<svg" not in tp.polyhedral_complex(wide, budget=tp.Budget(cells=200))._repr_html_()


def test_verdicts_are_escaped_and_short():
    refuted = tp.equivalent(NET, tp.ReLUNetwork.from_arrays([[[0, 0]]]))
    words = table(refuted._repr_html_())
    assert words[0] == "Verdict: refuted"
    assert words[1] == "witness"
    unknown = tp.Verdict("unknown", detail={"reason": "<b>&" * 100})
    assert "<b>" not in unknown._repr_html_()
    assert table(unknown._repr_html_())[2].endswith("...")
    long = tp.Verdict("refuted", witness=(Fraction(1, 3**5000),) * 500)
    assert len(long._repr_html_()) < 800


def test_nothing_long_is_started():
    """100 units on R^20 may have 10^20 cells; they are summarised from their numbers alone."""
    net = tp.ReLUNetwork.from_arrays([[[(i * j) % 7 - 3 for j in range(20)] for i in range(100)], [[1] * 100]])
    assert "100" in table(net._repr_html_())
    assert len(latex(net)) < 500
