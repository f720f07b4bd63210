"""Objects as LaTeX formulas and as HTML summaries, cut to a readable length; nothing is computed for them."""

from collections.abc import Sequence

from tropical import notation
from tropical.activation.complexes import PolyhedralComplex
from tropical.forms.construction import PiecewiseLinear
from tropical.functions.affine import AffineForm, AffineMap
from tropical.functions.lattice_polynomial import LatticePolynomial
from tropical.functions.network import ReLUNetwork
from tropical.functions.polynomial import TropicalPolynomial
from tropical.functions.rational_map import TropicalRationalMap
from tropical.verdict import Verdict


def latex(obj: PiecewiseLinear, max_terms: int = 12) -> str:
    r"""Return the LaTeX formula of ``obj``, in math mode without dollar signs.

    At most ``max_terms`` clauses, terms or summands are shown at each level; ``\cdots`` counts the rest. Numerals of
    more than 20 digits are elided, networks with more than 5 units or inputs keep symbolic matrices.
    Raises ``ValueError`` for other objects and for ``max_terms`` < 1.

    >>> print(latex(TropicalPolynomial.from_terms({(i,): 0 for i in range(5)}), max_terms=2))
    \max\left(0,\, x_{0},\, \underbrace{\cdots}_{3\ \text{more}}\right)
    """
    if max_terms < 1:
        raise ValueError(f"max_terms must be at least 1, got {max_terms}")
    match obj:
        case ReLUNetwork():
            layers = [(layer.weight, layer.bias) for layer in obj.layers]
            return notation.latex_network(layers, [layer.slopes for layer in obj.layers[:-1]], max_terms)
        case LatticePolynomial():
            return notation.latex_max_min(_plain(obj.pieces), [sorted(c) for c in obj.clauses], max_terms)
        case TropicalPolynomial():
            return notation.latex_max(_plain(obj.terms), max_terms)
        case TropicalRationalMap():
            pairs = zip(obj.numerators, obj.denominators, strict=True)
            return notation.latex_rational_map([(_plain(f.terms), _plain(g.terms)) for f, g in pairs], max_terms)
        case AffineForm():
            return notation.latex_form(obj.gradient, obj.constant, limit=max_terms)
        case AffineMap():
            return notation.latex_affine_map(_plain(obj.forms), max_terms)
    raise ValueError(f"no formula stands for an object of type {type(obj).__name__}")


def html(obj: PiecewiseLinear | PolyhedralComplex | Verdict) -> str:
    """Return an HTML table with the name, the dimensions and the sizes of ``obj``; everything is escaped.

    Only what is known already is shown: of a polyhedral complex the f-vector only if its faces have been computed.
    A complex of few cells in the plane comes with a small picture, coloured by affine piece.
    Raises ``ValueError`` for other objects.

    >>> html(AffineForm([1, 2]))
    '<table><caption>AffineForm</caption><tr><th>inputs</th><td>2</td></tr></table>'
    """
    match obj:
        case ReLUNetwork():
            return notation.html_network(obj.input_dim, obj.widths, obj.output_dim, obj.num_kinked)
        case PolyhedralComplex():
            return obj._repr_html_()
        case Verdict():
            return notation.html_verdict(obj.status, obj.witness, obj.certificate is not None, obj.detail)
    return notation.html_summary(type(obj).__name__, {"inputs": _input_dim(obj), **_sizes(obj)})


def _sizes(obj: PiecewiseLinear) -> dict[str, object]:
    match obj:
        case LatticePolynomial():
            longest = max(map(len, obj.clauses))
            return {"pieces": len(obj.pieces), "clauses": len(obj.clauses), "longest clause": longest}
        case TropicalPolynomial():
            return {"terms": len(obj.terms)}
        case TropicalRationalMap():
            terms = [f"{len(f.terms)} / {len(g.terms)}" for f, g in zip(obj.numerators, obj.denominators, strict=True)]
            return {"outputs": len(terms), "terms": notation.shortened(terms)}
        case AffineMap():
            return {"outputs": len(obj.forms)}
    return {}


def _input_dim(obj: PiecewiseLinear) -> int:
    if not isinstance(obj, PiecewiseLinear):
        raise ValueError(f"there is no summary of an object of type {type(obj).__name__}")
    return obj.input_dim


def _plain(forms: Sequence[AffineForm]) -> list[notation.Form]:
    return [(form.gradient, form.constant) for form in forms]
