"""Stored answers of other systems; README.md says which, and how they were made."""

import json
from fractions import Fraction
from pathlib import Path

from tropical.functions.polynomial import TropicalPolynomial


def tropical_geometry_cases():
    """Pairs (polynomial, case) of `tropical_geometry.json`; cases name terms by their places in the polynomial."""
    data = json.loads(Path(__file__).with_name("tropical_geometry.json").read_text(encoding="utf-8"))
    for case in data["cases"]:
        terms = [([Fraction(q) for q in exponent], Fraction(height)) for *exponent, height in case["terms"]]
        yield TropicalPolynomial.from_terms(terms), case
