"""LaTeX and HTML of forms, maxima, networks and summaries, from plain numbers: never long, never computed at length.

What does not fit is left out and counted, and long numerals are elided: what is shown is exact or visibly cut.
"""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from html import escape

Gradient = Sequence[Fraction]
Form = tuple[Gradient, Fraction]

_DIGITS = 20  # of a numeral before it is elided
_LONG = 1000  # the same in text that is meant to be whole; Python refuses to write more than 4300
_WIDTH = 200  # characters of a value in a table
_MATRIX = 5  # rows and columns of a matrix that is written out
_SHOWN = 12  # terms, forms or clauses by default
_THUMBNAIL = 180  # pixels
_FILLS = ("#77AADD", "#EE8866", "#EEDD88", "#FFAABB", "#99DDFF", "#44BB99", "#BBCC33", "#AAAA00", "#DDDDDD")  # P. Tol


def latex_rational(q: Fraction) -> str:
    r"""The number as LaTeX; of numerals with more than 20 digits the first and last six.

    >>> print(latex_rational(Fraction(-3, 4)), latex_rational(Fraction(7)), latex_rational(Fraction(10**40 + 1)))
    -\frac{3}{4} 7 100000\ldots000001
    """
    sign = "-" if q < 0 else ""
    top = _numeral(abs(q.numerator))
    return sign + (top if q.denominator == 1 else rf"\frac{{{top}}}{{{_numeral(q.denominator)}}}")


def latex_form(gradient: Gradient, constant: Fraction, names: Sequence[str] | None = None, limit: int = _SHOWN) -> str:
    r"""The form <gradient, x> + constant as LaTeX, at most ``limit`` of its terms; ``names`` are x_0, x_1, ... if None.

    >>> print(latex_form((Fraction(1, 2), Fraction(0), Fraction(-1)), Fraction(3)))
    \frac{1}{2} x_{0} - x_{2} + 3
    >>> print(latex_form((Fraction(1),) * 784, Fraction(-5), limit=2))
    x_{0} + x_{1} + \underbrace{\cdots}_{783\ \text{more}}
    """
    terms = [(q, names[i] if names else f"x_{{{i}}}") for i, q in enumerate(gradient) if q]
    if constant or not terms:
        terms.append((constant, ""))
    parts = [("-" if q < 0 else "+", _term(abs(q), name)) for q, name in terms[:limit]]
    if len(terms) > limit:
        parts.append(("+", _more(len(terms) - limit)))
    text = " ".join(f"{sign} {term}" for sign, term in parts)
    return text[2:] if text.startswith("+") else "-" + text[2:]


def latex_max(forms: Sequence[Form], limit: int = _SHOWN) -> str:
    r"""The maximum of the forms (gradient, constant) as LaTeX, at most ``limit`` of them.

    >>> print(latex_max([((Fraction(1),), Fraction(0)), ((Fraction(0),), Fraction(2))]))
    \max\left(x_{0},\, 2\right)
    """
    shown = [latex_form(*form, limit=_inner(limit)) for form in forms[:limit]]
    return _extremum("max", shown, len(forms))


def latex_max_min(forms: Sequence[Form], clauses: Sequence[Sequence[int]], limit: int = _SHOWN) -> str:
    r"""max over the clauses of the minimum of their forms as LaTeX, at most ``limit`` clauses.

    >>> x, y, zero = Fraction(1), Fraction(-1), Fraction(0)
    >>> print(latex_max_min([((x,), zero), ((y,), zero), ((zero,), x)], [[0, 1], [2]]))
    \max\left(\min\left(x_{0},\, -x_{0}\right),\, 1\right)
    """
    minima = []
    for clause in clauses[:limit]:
        shown = [latex_form(*forms[i], limit=_inner(limit)) for i in clause[: _inner(limit)]]
        minima.append(_extremum("min", shown, len(clause)))
    return _extremum("max", minima, len(clauses))


def latex_rational_map(pairs: Sequence[tuple[Sequence[Form], Sequence[Form]]], limit: int = _SHOWN) -> str:
    r"""The map with outputs max(numerator forms) - max(denominator forms) as LaTeX.

    >>> one, zero = ((Fraction(1),), Fraction(0)), ((Fraction(0),), Fraction(0))
    >>> print(latex_rational_map([([one, zero], [zero])]))
    \max\left(x_{0},\, 0\right) - 0
    """
    inner = limit if len(pairs) == 1 else _inner(limit)
    outputs = [f"{latex_max(f, inner)} - {_in_brackets(latex_max(g, inner), g)}" for f, g in pairs[:limit]]
    return _tuple(outputs, len(pairs))


def latex_affine_map(forms: Sequence[Form], limit: int = _SHOWN) -> str:
    r"""The tuple of the forms as LaTeX.

    >>> print(latex_affine_map([((Fraction(1),), Fraction(0)), ((Fraction(0),), Fraction(2))]))
    \left(x_{0},\, 2\right)
    """
    return _tuple([latex_form(*form, limit=_inner(limit)) for form in forms[:limit]], len(forms))


def latex_network(
    layers: Sequence[tuple[Sequence[Gradient], Gradient]],
    slopes: Sequence[Sequence[tuple[Fraction, Fraction]]],
    limit: int = _SHOWN,
) -> str:
    r"""The composition of the layers (weight, bias) as LaTeX; matrices are written out if all are small.

    ``slopes`` holds one pair for each unit of each hidden layer.

    >>> one = Fraction(1)
    >>> print(latex_network([([[one], [-one]], [0, 0]), ([[one, one]], [one])], [[(0, 1), (0, 1)]]))
    x \mapsto \begin{pmatrix}1 & 1\end{pmatrix} \sigma\left(\begin{pmatrix}1\\-1\end{pmatrix} x\right) +
    \begin{pmatrix}1\end{pmatrix},\quad \sigma = \operatorname{ReLU}
    """
    written = len(layers) <= _inner(limit) and all(
        len(weight) <= _MATRIX and len(weight[0]) <= _MATRIX for weight, _ in layers
    )
    text, notes = "x", []
    for index, (weight, bias) in enumerate(layers, start=1):
        matrix = _matrix(weight) if written else f"W_{{{index}}}"
        text = f"{matrix} {text}"
        if any(bias):
            text += " + " + (_matrix([[q] for q in bias]) if written else f"b_{{{index}}}")
        if not written:
            notes.append(rf"W_{{{index}}} \in \mathbb{{Q}}^{{{len(weight)} \times {len(weight[0])}}}")
        if index < len(layers):
            text = rf"\sigma\left({text}\right)"
    if len(notes) > limit:
        notes = [*notes[:limit], r"\cdots"]
    if slopes:
        standard = all(left == 0 and right == 1 for pairs in slopes for left, right in pairs)
        notes.append(r"\sigma = \operatorname{ReLU}" if standard else r"\sigma \text{ with two slopes for each unit}")
    return r"x \mapsto " + r",\quad ".join([text, *notes])


def html_summary(title: str, rows: Mapping[str, object]) -> str:
    """A small HTML table; all text is escaped, and cut where it is longer than 200 characters.

    >>> html_summary("Box", {"lower": "<0, 0>"})
    '<table><caption>Box</caption><tr><th>lower</th><td>&lt;0, 0&gt;</td></tr></table>'
    """
    lines = (f"<tr><th>{escape(key)}</th><td>{escape(cut(str(value)))}</td></tr>" for key, value in rows.items())
    return f"<table><caption>{escape(title)}</caption>{''.join(lines)}</table>"


def html_network(input_dim: int, widths: Sequence[int], output_dim: int, num_kinked: int) -> str:
    """The summary of a network; ``num_kinked`` is the number of its units that can break linearity."""
    rows = {
        "inputs": input_dim,
        "hidden layers": shortened(widths) or "none",
        "outputs": output_dim,
        "units that can bend": num_kinked,
    }
    return html_summary("ReLUNetwork", rows)


def html_complex(
    input_dim: int, num_cells: int, incomplete_because: str | None, f_vector: Sequence[int] | None = None
) -> str:
    """The summary of a polyhedral complex; ``f_vector`` only if it is known already."""
    rows: dict[str, object] = {"space": f"R^{input_dim}", "cells": num_cells}
    if incomplete_because is not None:
        rows["incomplete"] = incomplete_because
    if f_vector is not None:
        rows["f-vector"] = shortened(f_vector)
    return html_summary("PolyhedralComplex", rows)


def svg_cells(
    cells: Sequence[tuple[Sequence[tuple[float, float]], int]], lower: tuple[float, float], side: float
) -> str:
    """A small square picture of convex polygons (vertices in any order, number of a colour), clipped to the view.

    The view has this lower left corner and side. Empty if a coordinate is not finite or the view is a point.

    >>> print(svg_cells([([(0, 0), (1, 1), (1, 0)], 0)], (0.0, 0.0), 1.0))
    <svg width="180" height="180" viewBox="0 0 180 180" role="img"><g stroke="#222" stroke-width="0.7"><polygon
    points="0.0,180.0 180.0,180.0 180.0,0.0" fill="#77AADD"/></g></svg>
    """
    coordinates = [t for polygon, _ in cells for point in polygon for t in point]
    if not (side > 0 and all(map(math.isfinite, (*coordinates, *lower, _THUMBNAIL / side)))):
        return ""
    size, lines = _THUMBNAIL, []
    for polygon, colour in cells:
        points = [((x - lower[0]) / side * size, size - (y - lower[1]) / side * size) for x, y in _in_order(polygon)]
        text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        lines.append(f'<polygon points="{text}" fill="{_FILLS[colour % len(_FILLS)]}"/>')
    head = f'<svg width="{size}" height="{size}" viewBox="0 0 {size} {size}" role="img">'
    return f'{head}<g stroke="#222" stroke-width="0.7">{"".join(lines)}</g></svg>'


def _in_order(polygon: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points around their mean, counter-clockwise."""
    x = sum(point[0] for point in polygon) / len(polygon)
    y = sum(point[1] for point in polygon) / len(polygon)
    return sorted(polygon, key=lambda point: math.atan2(point[1] - y, point[0] - x))


def html_verdict(status: str, witness: Sequence[Fraction] | None, certified: bool, detail: Mapping[str, object]) -> str:
    """The summary of a verdict: of ``detail`` the entries that are text or whole numbers."""
    rows: dict[str, object] = {}
    if witness is not None:
        rows["witness"] = f"({shortened([text_rational(q) for q in witness])})"
    if certified:
        rows["certificate"] = "yes"
    rows |= {key: value for key, value in detail.items() if isinstance(value, str | int)}
    return html_summary(f"Verdict: {status}", rows)


def shortened(entries: Sequence[object], limit: int = _SHOWN) -> str:
    """The entries, separated by commas, with the number of those left out.

    >>> shortened([32] * 20, limit=3)
    '32, 32, 32, ... (17 more)'
    """
    text = ", ".join(map(str, entries[:limit]))
    return text + (f", ... ({len(entries) - limit} more)" if len(entries) > limit else "")


def text_form(gradient: Gradient, constant: Fraction, limit: int | None = None) -> str:
    """The form <gradient, x> + constant as text: in full, or at most ``limit`` terms with long numerals elided.

    Numerals of more than a thousand digits are elided either way.

    >>> text_form((Fraction(1, 2), Fraction(0), Fraction(-1)), Fraction(3)), text_form((Fraction(1),) * 9, 0, limit=2)
    ('1/2*x0 - x2 + 3', 'x0 + x1 + ... (7 more)')
    """
    terms = [(q, f"x{i}") for i, q in enumerate(gradient) if q]
    if constant or not terms:
        terms.append((constant, ""))
    parts = []
    for q, name in terms[:limit]:
        size = text_rational(abs(q), _LONG if limit is None else _DIGITS)
        term = name if name and size == "1" else f"{size}*{name}" if name else size
        parts.append(f"{'-' if q < 0 else '+'} {term}")
    if len(terms) > len(parts):
        parts.append(f"+ ... ({len(terms) - len(parts)} more)")
    text = " ".join(parts)
    return text[2:] if text.startswith("+ ") else "-" + text[2:]


def text_rational(q: Fraction, digits: int = _DIGITS) -> str:
    """The number as text, numerals of more than so many digits elided.

    >>> text_rational(Fraction(-1, 3**60))
    '-1/423911...433201'
    """
    top = ("-" if q < 0 else "") + _numeral(abs(q.numerator), "...", digits)
    return top if q.denominator == 1 else f"{top}/{_numeral(q.denominator, '...', digits)}"


def _numeral(n: int, dots: str = r"\ldots", digits: int = _DIGITS) -> str:
    if n < 10**digits:
        return str(n)
    power = int(math.log10(n)) - 7  # log10 may be off by one unit; seven leading digits leave room for that
    return f"{str(n // 10**power)[:6]}{dots}{n % 10**6:06d}"


def _term(size: Fraction, name: str) -> str:
    if not name:
        return latex_rational(size)
    return name if size == 1 else f"{latex_rational(size)} {name}"


def _more(count: int) -> str:
    return rf"\underbrace{{\cdots}}_{{{count}\ \text{{more}}}}"


def _inner(limit: int) -> int:
    """How many entries each of ``limit`` entries may have."""
    return max(2, limit // 2)


def _extremum(kind: str, shown: Sequence[str], count: int) -> str:
    if count == 1:
        return shown[0]
    return rf"\{kind}{_tuple(shown, count)}"


def _tuple(shown: Sequence[str], count: int) -> str:
    if count == 1:
        return shown[0]
    entries = [*shown, _more(count - len(shown))] if count > len(shown) else shown
    return r"\left(" + r",\, ".join(entries) + r"\right)"


def _in_brackets(text: str, forms: Sequence[Form]) -> str:
    """A sum that is to be subtracted."""
    simple = len(forms) > 1 or (sum(map(bool, (*forms[0][0], forms[0][1]))) <= 1 and not text.startswith("-"))
    return text if simple else rf"\left({text}\right)"


def _matrix(rows: Sequence[Gradient]) -> str:
    lines = (" & ".join(map(latex_rational, row)) for row in rows)
    return r"\begin{pmatrix}" + r"\\".join(lines) + r"\end{pmatrix}"


def cut(text: str, width: int = _WIDTH) -> str:
    """The text, its end replaced by dots if it is longer than ``width``."""
    return text if len(text) <= width else text[: width - 3] + "..."
