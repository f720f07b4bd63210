"""Cases of the oracles, and functions as certificates have them, as values of the package."""

from typing import Any

import tropical as tp
from oracles.activation_z3 import Case
from oracles.claims_by_points import vector
from tropical.activation.compiled.engine import can_enumerate
from tropical.polyhedra.chart import Chart


def network(case: Case) -> tp.ReLUNetwork:
    return tp.ReLUNetwork.from_arrays(case.weights, case.biases, case.slopes)


def domain(case: Case) -> tp.Polyhedron | None:
    box = None if case.box is None else tp.Box(*case.box)
    if not case.halfspaces:
        return box
    rest = tp.Polyhedron([tp.AffineForm(*form) for form in case.halfspaces])
    return rest if box is None else box & rest


def complex_of(case: Case, route: str = "auto") -> tp.PolyhedralComplex:
    return tp.polyhedral_complex(network(case), domain(case), route=route)


def compiled_applies(case: Case) -> bool:
    """Whether compiled cutting is possible; the route "compiled" is refused otherwise."""
    net = network(case)
    chart = Chart.of(net.gradients(), net.input_dim, domain(case))
    return can_enumerate(chart.restrict(net), chart.cone)


SHORT_OF_THIS = 50  # cells; the search route is compared below


def assert_routes_agree(case: Case, search: bool = False) -> bool:
    """Whether the compiled route applies; where it does it gives the patterns of the rational one, in its order."""
    rational = complex_of(case, "rational").patterns
    assert len(set(rational)) == len(rational)
    applies = compiled_applies(case)
    if applies:
        assert complex_of(case, "compiled").patterns == rational, case.name
    assert complex_of(case).patterns == rational, case.name
    if search and len(rational) < SHORT_OF_THIS:
        assert complex_of(case, "search").patterns == rational, case.name
    return applies


def function(encoded: Any) -> Any:
    """The function that stands in a certificate."""
    if encoded["kind"] == "network":
        names = ("weight", "bias", "slopes")
        weights, biases, slopes = ([layer[name] for layer in encoded["layers"]] for name in names)
        rows = [[vector(row) for row in layer] for layer in weights]
        pairs = [[vector(pair) for pair in layer] for layer in slopes[:-1]]
        return tp.ReLUNetwork.from_arrays(rows, list(map(vector, biases)), pairs)
    if encoded["kind"] == "rational":
        sides = [[_maximum(terms) for terms in encoded[name]] for name in ("numerators", "denominators")]
        return tp.TropicalRationalMap(*sides)
    if encoded["kind"] == "tropical":
        return _maximum(encoded["terms"])
    pieces = _forms(encoded["pieces"])
    if encoded["kind"] == "lattice":
        return tp.LatticePolynomial(pieces, encoded["clauses"])
    return -tp.LatticePolynomial([-piece for piece in pieces], encoded["clauses"])


def polyhedron(encoded: Any) -> tp.Polyhedron | None:
    """The domain that stands in a certificate."""
    return None if encoded is None else tp.Polyhedron(_forms(encoded["halfspaces"]))


def _maximum(rows: list[list[str]]) -> tp.TropicalPolynomial:
    return tp.TropicalPolynomial(_forms(rows))


def _forms(rows: list[list[str]]) -> list[tp.AffineForm]:
    return [tp.AffineForm(row[1:], row[0]) for row in map(vector, rows)]
