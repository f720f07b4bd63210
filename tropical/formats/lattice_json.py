"""Lattice polynomials as JSON: pieces with gradient and constant, clauses as lists of indices of pieces."""

import json
from typing import Any

from tropical.arguments import require
from tropical.formats import numbers
from tropical.functions.affine import AffineForm
from tropical.functions.lattice_polynomial import LatticePolynomial

SCHEMA = "tropical-relu lattice polynomial"
VERSION = 1


def lattice_polynomial_to_dict(polynomial: LatticePolynomial) -> dict[str, Any]:
    """The lattice polynomial max_j min_{i in I_j} l_i as a dictionary that JSON can hold, without loss.

    >>> lattice_polynomial_to_dict(LatticePolynomial([AffineForm(["1/2"], 3)], [[0]]))["pieces"]
    [{'gradient': ['1/2'], 'constant': 3}]
    """
    require(polynomial, LatticePolynomial, "polynomial", "a LatticePolynomial")
    style = numbers.notation(q for piece in polynomial.pieces for q in (*piece.gradient, piece.constant))
    write = numbers.encoder(style)
    return {
        "format": SCHEMA,
        "version": VERSION,
        "numbers": style,
        "pieces": [
            {"gradient": [write(q) for q in piece.gradient], "constant": write(piece.constant)}
            for piece in polynomial.pieces
        ],
        "clauses": [sorted(clause) for clause in polynomial.clauses],
    }


def lattice_polynomial_from_dict(data: Any) -> LatticePolynomial:
    """Inverse of :func:`lattice_polynomial_to_dict`; ``ValueError`` naming what is wrong with anything else.

    >>> form = LatticePolynomial([AffineForm([1]), AffineForm([-1])], [[0], [1]])
    >>> lattice_polynomial_from_dict(lattice_polynomial_to_dict(form)) == form
    True
    """
    document = numbers.read_object(data, "document", ("format", "version", "numbers", "pieces", "clauses"))
    numbers.check_header(document, SCHEMA, VERSION)
    read = numbers.decoder(document["numbers"])
    pieces = [_piece(entry, read, f"piece {i}") for i, entry in enumerate(_list(document["pieces"], "pieces"))]
    clauses = [_clause(entry, f"clause {j}") for j, entry in enumerate(_list(document["clauses"], "clauses"))]
    return LatticePolynomial(pieces, clauses)


def _list(entries: Any, where: str) -> list[Any]:
    if not isinstance(entries, list) or not entries:
        raise ValueError(f"{where} must be a list with at least one entry")
    return entries


def _piece(entry: Any, read: Any, where: str) -> AffineForm:
    piece = numbers.read_object(entry, where, ("gradient", "constant"))
    gradient = numbers.read_vector(piece["gradient"], read, f"{where}: gradient")
    return AffineForm(tuple(gradient), read(piece["constant"], f"{where}: constant"))


def _clause(entry: Any, where: str) -> list[int]:
    if not isinstance(entry, list) or any(not isinstance(i, int) or isinstance(i, bool) for i in entry):
        raise ValueError(f"{where} must be a list of indices of pieces")
    return entry


def encode(polynomial: LatticePolynomial) -> bytes:
    """The JSON document, one piece and one clause on each line."""
    document = lattice_polynomial_to_dict(polynomial)
    lines = {key: ",\n".join(" " + json.dumps(entry) for entry in document[key]) for key in ("pieces", "clauses")}
    head = ",\n".join(f"{json.dumps(key)}: {json.dumps(document[key])}" for key in ("format", "version", "numbers"))
    return f'{{\n{head},\n"pieces": [\n{lines["pieces"]}\n],\n"clauses": [\n{lines["clauses"]}\n]\n}}\n'.encode()


def decode(data: bytes) -> LatticePolynomial:
    """The lattice polynomial in a JSON document; ``ValueError`` naming what is wrong in it."""
    return lattice_polynomial_from_dict(numbers.parse_json(data))
