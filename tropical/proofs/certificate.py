"""Certificates: claims about piecewise-linear functions with proofs that ``checker.py`` checks on its own.

A certificate is a plain dictionary, ready for JSON::

    {"format": "tropical certificate", "version": 1, "claim": {"kind": ..., ...}, "proof": {"method": ..., ...}}

Rationals are strings in hexadecimal as of ``rationals.to_hex`` ("-1f/10" = -31/16), points are lists of
them, and rows are [constant, gradient...]. Everything else is lists, dictionaries, strings and integers; a field that
is not listed here is an error. Functions (``f``, ``g``)::

    {"kind": "network", "layers": [{"weight": [[...]...], "bias": [...], "slopes": [[left, right]...]}...]}
    {"kind": "lattice", "pieces": [row...], "clauses": [[index...]...]}        max over clauses of min of pieces
    {"kind": "dual lattice", "pieces": [row...], "clauses": [[index...]...]}   min over clauses of max of pieces
    {"kind": "tropical", "terms": [row...]}                                    max
    {"kind": "rational", "numerators": [[row...]...], "denominators": [[row...]...]}   componentwise difference

A domain is null, for all of R^n, or {"halfspaces": [row...]}, for the set where all rows are >= 0. Half-spaces that are
there with both signs are equations, and the domain must have interior in the space that they cut out; regions are those
within it. Claims and proofs::

    equal         f = g on the domain               f, g, domain          replay with cells, or tree
    at most       f <= g in every output            f, g, domain          replay with cells, or tree
    different     f(point) != g(point)              f, g, domain, point, values [[...], [...]]   evaluation
    not at most   some output of f exceeds g's      f, g, domain, point, values                  evaluation
    cells         f, a network, has exactly count activation regions      f, domain, count       replay
    maximum       the largest value of a scalar f, and where it is        f, domain, value, point   replay
    minimum       the smallest                                            f, domain, value, point   replay
    monotone      f is non-decreasing (1) or non-increasing (-1) in one coordinate
                                                    f, domain, coordinate, sign   replay
    terms         which of the listed terms of a tropical polynomial exceed all others somewhere, which never
                                                    f, essential [index...], inessential [index...]   terms
    irredundant   no clause of a lattice polynomial, no index of a clause of several can be left out
                                                    f                     points

    {"method": "replay"}                 the checker walks through all parts of the domain itself
    {"method": "replay", "cells": N}     likewise for two functions; N, or null, is the number of regions of the pair
    {"method": "evaluation"}             the checker evaluates both functions
    {"method": "terms", "points": [point...], "multipliers": [[[index, weight]...]...]}
                                         for each essential term a point where it is the largest, for each other one
                                         weights of a convex combination of the others that lies above it
    {"method": "points", "clauses": [point...], "indices": [[point...]...]}
                                         for each clause a point where it alone attains f; for each index of a clause of
                                         several a point where the clause without it exceeds f
    {"method": "tree", "nodes": [[tag, payload]...]}
    {"method": "units", "rest": null}    the checker merges the units of f and g: nothing is left of g - f, or, for at
                                         most, only what is nowhere negative; or f and g are the same, of any kind
    {"method": "units", "rest": proof}   likewise; a replay or tree for 0 and the network of what is left of g - f

What is left of g - f is a network whose layer l has the units that read some of layer l - 1, in the order in which
they came up in f and then in g, and behind them units of slopes (1, 1).

A tree is a list of nodes in preorder: one for each kinked unit, layer after layer, of f and then of g, at which the
checker, having followed the path, knows the row of the unit in the current part. Its constraints are (1, 0...), the
half-spaces of the domain and what was appended on the path, all as primitive integer rows; multipliers are pairs
[index of a constraint, weight >= 0]. Units whose row is 0 have no node. Tags: ``+`` and ``-`` (the row, or its
negative, is the combination of constraints with these multipliers), ``split`` (null; first the subtree with the row
appended to the constraints, then the one with its negative), ``leaf`` after the last unit (null if the claim is
equality; else for each output multipliers for g - f), ``empty`` (multipliers for -1). On R^n, with W the weights of
both first layers, the checker keeps the coordinates that are pivots of the reduced row echelon form of W and drops the
others. On a domain with equations it keeps those that are not pivots of the reduced row echelon form of the equations
and puts the others in; half-spaces that vanish then are no constraints.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import singledispatch
from typing import Any

from tropical.activation.complexes import PolyhedralComplex, require_complete
from tropical.arguments import as_all, require
from tropical.arithmetic.rationals import as_rows, as_vector, to_hex
from tropical.files import as_path, read_bytes, write_atomically
from tropical.forms.construction import to_network
from tropical.forms.pruning import EssentialTerm, InessentialTerm
from tropical.functions.affine import AffineForm
from tropical.functions.function import Function
from tropical.functions.lattice_polynomial import LatticePolynomial
from tropical.functions.polynomial import TropicalPolynomial
from tropical.functions.rational_map import TropicalRationalMap
from tropical.functions.requirements import require_function
from tropical.polyhedra.polyhedron import Polyhedron
from tropical.proofs import checker

Certificate = dict[str, Any]
Encoded = Mapping[str, Any]
Node = list[Any]

MAX_BYTES = 1 << 28
"""Largest certificate file that is read."""


@singledispatch
def encode_function(f: Function | Encoded) -> dict[str, Any]:
    """The function as it stands in a certificate; what is encoded already stays as it is.

    >>> from tropical import AffineForm, LatticePolynomial
    >>> encode_function(LatticePolynomial([AffineForm(["1/2"], 1)], [[0]]))
    {'kind': 'lattice', 'pieces': [['1', '1/2']], 'clauses': [[0]]}
    """
    if isinstance(f, Mapping):
        return dict(f)
    return {"kind": "network", "layers": [_encode_layer(layer) for layer in to_network(f).layers]}


@encode_function.register
def _(f: LatticePolynomial) -> dict[str, Any]:
    return _encode_lattice("lattice", f.pieces, f.clauses)


@encode_function.register
def _(f: TropicalPolynomial) -> dict[str, Any]:
    return {"kind": "tropical", "terms": _encode_forms(f.terms)}


@encode_function.register
def _(f: TropicalRationalMap) -> dict[str, Any]:
    sides = {"numerators": f.numerators, "denominators": f.denominators}
    return {"kind": "rational"} | {name: [_encode_forms(p.terms) for p in side] for name, side in sides.items()}


def encode_dual_lattice(pieces: Sequence[AffineForm], clauses: Iterable[Iterable[int]]) -> dict[str, Any]:
    """The function min over clauses of max of pieces, as it stands in a certificate."""
    return _encode_lattice("dual lattice", pieces, clauses)


def _encode_layer(layer: Any) -> dict[str, Any]:
    weight = [_encode_vector(row) for row in layer.weight]
    return {"weight": weight, "bias": _encode_vector(layer.bias), "slopes": [_encode_vector(p) for p in layer.slopes]}


def _encode_lattice(kind: str, pieces: Sequence[AffineForm], clauses: Iterable[Iterable[int]]) -> dict[str, Any]:
    return {"kind": kind, "pieces": _encode_forms(pieces), "clauses": [sorted(clause) for clause in clauses]}


def _encode_forms(forms: Sequence[AffineForm]) -> list[list[str]]:
    return [_encode_vector((form.constant, *form.gradient)) for form in forms]


def _encode_vector(vector: Sequence[Fraction]) -> list[str]:
    return list(map(to_hex, vector))


def encode_domain(domain: Polyhedron | None) -> dict[str, Any] | None:
    """The domain as it stands in a certificate; all of R^n, which has no half-space, is null."""
    if domain is None or not domain.rows:
        return None
    return {"halfspaces": [[f"{a:x}" for a in row] for row in domain.rows]}


def _certificate(claim: dict[str, Any], proof: dict[str, Any]) -> Certificate:
    return {"format": "tropical certificate", "version": 1, "claim": claim, "proof": proof}


def _pair_claim(
    kind: str, f: Function | Encoded, g: Function | Encoded, domain: Polyhedron | None, **further: Any
) -> dict[str, Any]:
    functions = {"f": encode_function(f), "g": encode_function(g)}
    return {"kind": kind, **functions, "domain": encode_domain(domain), **further}


def equality_certificate(
    f: Function | Encoded, g: Function | Encoded, domain: Polyhedron | None = None, cells: int | None = None
) -> Certificate:
    """Claim f = g on the domain, to be replayed; for two networks ``cells`` may state the regions of the pair.

    >>> from tropical import ReLUNetwork
    >>> twice = ReLUNetwork.from_arrays([[[1], [-1]], [[1, -1]]])  # relu(x) - relu(-x)
    >>> check_certificate(equality_certificate(twice, ReLUNetwork.from_arrays([[[1]]]), cells=2))
    True
    """
    return _certificate(_pair_claim("equal", f, g, domain), {"method": "replay", "cells": cells})


def order_certificate(
    f: Function | Encoded, g: Function | Encoded, domain: Polyhedron | None = None, cells: int | None = None
) -> Certificate:
    """Claim f <= g on the domain, in every output, to be replayed."""
    return _certificate(_pair_claim("at most", f, g, domain), {"method": "replay", "cells": cells})


def tree_certificate(
    f: Function | Encoded, g: Function | Encoded, domain: Polyhedron | None, nodes: Sequence[Node], equal: bool = True
) -> Certificate:
    """Claim f = g, or f <= g if not ``equal``, with the tree of :mod:`tropical.proofs.proof_trees` as the proof."""
    claim = _pair_claim("equal" if equal else "at most", f, g, domain)
    return _certificate(claim, {"method": "tree", "nodes": list(nodes)})


def units_certificate(
    f: Function | Encoded, g: Function | Encoded, domain: Polyhedron | None = None, equal: bool = True
) -> Certificate:
    """Claim f = g, or f <= g if not ``equal``, which two networks show when their units are merged, or equal functions.

    >>> from tropical import ReLUNetwork
    >>> f, g = (ReLUNetwork.from_arrays([[[w]], [[v]]]) for w, v in ((1, 2), (4, "1/2")))
    >>> check_certificate(units_certificate(f, g), f, g)
    True
    """
    claim = _pair_claim("equal" if equal else "at most", f, g, domain)
    return _certificate(claim, {"method": "units", "rest": None})


def with_merged_units(certificate: Certificate) -> Certificate:
    """The claim about f and g whose proof is one for 0 and what is left of g - f when their units are merged."""
    return {**certificate, "proof": {"method": "units", "rest": certificate["proof"]}}


def difference_certificate(
    f: Function, g: Function, point: Iterable[Any], domain: Polyhedron | None = None
) -> Certificate:
    """Claim that f and g differ at the point."""
    return _certificate(_pair_claim("different", f, g, domain, **_values_at(f, g, point)), {"method": "evaluation"})


def excess_certificate(f: Function, g: Function, point: Iterable[Any], domain: Polyhedron | None = None) -> Certificate:
    """Claim that at the point some output of f exceeds that of g, so that f <= g fails."""
    return _certificate(_pair_claim("not at most", f, g, domain, **_values_at(f, g, point)), {"method": "evaluation"})


def _values_at(f: Function, g: Function, point: Iterable[Any]) -> dict[str, Any]:
    place = as_vector(point, "point")
    values = [_encode_vector(function.values(place)) for function in (f, g)]
    return {"point": _encode_vector(place), "values": values}


def region_certificate(cx: PolyhedralComplex) -> Certificate:
    """Claim the number of activation regions of a complete complex; ``ValueError`` if it is not complete.

    >>> from tropical import ReLUNetwork, polyhedral_complex
    >>> cx = polyhedral_complex(ReLUNetwork.from_arrays([[[1, 0], [0, 1]], [[1, 1]]]))
    >>> region_certificate(cx)["claim"]["count"], check_certificate(region_certificate(cx), cx.network)
    (4, True)
    """
    require_complete(cx)
    claim = {"kind": "cells", "f": encode_function(cx.network), "domain": encode_domain(cx.domain)}
    return _certificate({**claim, "count": cx.num_cells}, {"method": "replay"})


def maximum_certificate(f: Function, domain: Polyhedron | None, point: Iterable[Any]) -> Certificate:
    """Claim that the scalar f attains its maximum on the domain at the point."""
    return _extremum("maximum", f, domain, point)


def minimum_certificate(f: Function, domain: Polyhedron | None, point: Iterable[Any]) -> Certificate:
    """Claim that the scalar f attains its minimum on the domain at the point."""
    return _extremum("minimum", f, domain, point)


def _extremum(kind: str, f: Function, domain: Polyhedron | None, point: Iterable[Any]) -> Certificate:
    place = as_vector(point, "point")
    values = f.values(place)
    if len(values) != 1:
        raise ValueError(f"a {kind} is that of one output, got {len(values)}")
    claim = {"kind": kind, "f": encode_function(f), "domain": encode_domain(domain), "value": to_hex(values[0])}
    return _certificate({**claim, "point": _encode_vector(place)}, {"method": "replay"})


def monotonicity_certificate(f: Function, coordinate: int, sign: int, domain: Polyhedron | None = None) -> Certificate:
    """Claim that every output of f is non-decreasing (sign 1) or non-increasing (-1) in the coordinate."""
    claim = {"kind": "monotone", "f": encode_function(f), "domain": encode_domain(domain)}
    return _certificate({**claim, "coordinate": int(coordinate), "sign": int(sign)}, {"method": "replay"})


def term_certificate(p: TropicalPolynomial, evidence: Iterable[EssentialTerm | InessentialTerm]) -> Certificate:
    """Claim which terms of p are essential, from (part of) what ``term_evidence`` found.

    >>> from tropical.forms.pruning import term_evidence
    >>> p = TropicalPolynomial.from_terms({(0,): 0, (1,): 0, (2,): 0})
    >>> certificate = term_certificate(p, term_evidence(p))
    >>> certificate["claim"]["essential"], certificate["claim"]["inessential"], check_certificate(certificate, p)
    ([0, 2], [1], True)
    """
    require(p, TropicalPolynomial, "p", "a TropicalPolynomial")
    found = as_all(evidence, (EssentialTerm, InessentialTerm), "evidence", "what term_evidence returns")
    essential = [entry for entry in found if isinstance(entry, EssentialTerm)]
    others = [entry for entry in found if isinstance(entry, InessentialTerm)]
    names = {"essential": [e.index for e in essential], "inessential": [e.index for e in others]}
    multipliers = [[[j, to_hex(w)] for j, w in enumerate(entry.multipliers) if w] for entry in others]
    proof = {"method": "terms", "points": [_encode_vector(e.point) for e in essential], "multipliers": multipliers}
    return _certificate({"kind": "terms", "f": encode_function(p), **names}, proof)


def irredundancy_certificate(
    polynomial: LatticePolynomial,
    clause_points: Sequence[Sequence[Fraction]],
    index_points: Mapping[tuple[int, int], Sequence[Fraction]],
) -> Certificate:
    """Claim that nothing can be left out of a lattice polynomial.

    ``clause_points[j]``: where clause j alone attains F. ``index_points[j, i]``, for each i in a clause j of at least
    two: where that clause without piece i exceeds F.
    """
    require(polynomial, LatticePolynomial, "polynomial", "a LatticePolynomial")
    require(index_points, Mapping, "index_points", "a mapping from pairs (clause, piece) to points")
    needed = [(j, i) for j, clause in enumerate(polynomial.clauses) if len(clause) > 1 for i in sorted(clause)]
    missing = [pair for pair in needed if pair not in index_points]
    if missing:
        raise ValueError(f"index_points must have a point for each pair (clause, piece), got none for {missing[0]}")
    indices: list[list[list[str]]] = [[] for _ in polynomial.clauses]
    for j, i in needed:
        indices[j].append(_encode_vector(as_vector(index_points[j, i], f"index_points[{j}, {i}]")))
    alone = [_encode_vector(point) for point in as_rows(clause_points, "clause_points")]
    proof = {"method": "points", "clauses": alone, "indices": indices}
    return _certificate({"kind": "irredundant", "f": encode_function(polynomial)}, proof)


def check_certificate(
    certificate: Mapping[str, Any], f: Function | Encoded | None = None, g: Function | Encoded | None = None
) -> bool:
    """Whether the proof holds, and the claim is about exactly ``f`` and ``g`` where they are given.

    The answer is about the claim that the certificate makes: read its kind and domain in ``certificate["claim"]``, or
    in words as what ``checker.check`` returns.

    >>> from tropical import ReLUNetwork
    >>> relu, line = ReLUNetwork.from_arrays([[[1]], [[1]]]), ReLUNetwork.from_arrays([[[1]]])
    >>> certificate = difference_certificate(relu, line, [-1])
    >>> check_certificate(certificate), check_certificate(certificate, relu, line), check_certificate(certificate, line)
    (True, True, False)
    >>> check_certificate(equality_certificate(relu, line))
    False
    """
    require(certificate, Mapping, "certificate", "a certificate, which is a mapping")
    claim = certificate.get("claim")
    for name, given in (("f", f), ("g", g)):
        if given is not None:
            require_function(given, name, others=(Mapping,), what="or the mapping that stands for one")
        if given is not None and (not isinstance(claim, dict) or claim.get(name) != encode_function(given)):
            return False
    try:
        checker.check(dict(certificate))
    except checker.Rejected:
        return False
    return True


def save_certificate(certificate: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Write a certificate as JSON; the file appears complete or not at all. ``OSError`` if it cannot be written."""
    require(certificate, Mapping, "certificate", "a certificate, which is a mapping")
    write_atomically(as_path(path), (json.dumps(dict(certificate), separators=(",", ":")) + "\n").encode())


def load_certificate(path: str | os.PathLike[str]) -> Certificate:
    """Read a certificate, unchecked.

    Raises ``ValueError`` if the file cannot be read, is larger than ``MAX_BYTES``, or holds no JSON object.
    """
    data = read_bytes(as_path(path), MAX_BYTES)
    try:
        certificate = json.loads(data, object_pairs_hook=checker.once)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not a certificate in JSON: {error}") from error
    if not isinstance(certificate, dict) or certificate.get("format") != "tropical certificate":
        raise ValueError(f"{path}: not a certificate: the field 'format' must be 'tropical certificate'")
    return certificate
