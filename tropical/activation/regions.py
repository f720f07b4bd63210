"""Linear regions and affine pieces of a network, from the cells of its complex."""

from collections.abc import Sequence
from dataclasses import dataclass

from tropical.activation.complexes import PolyhedralComplex, require_complete
from tropical.arithmetic.rationals import Matrix, Vector, row_space
from tropical.functions.affine import AffineForm, AffineMap

Piece = AffineForm | AffineMap


@dataclass(frozen=True)
class LinearRegion:
    """The closure of a connected component of the interior of {F = piece}: a union of ``cells`` (indices)."""

    piece: Piece
    cells: tuple[int, ...]


def linear_regions(cx: PolyhedralComplex) -> list[LinearRegion]:
    """Return the linear regions: cells with one affine map, merged across common facets.

    Components of the interior are exactly the components across facets, since faces of codimension >= 2 do not
    disconnect. The piece is an AffineForm for scalar networks, else an AffineMap.
    Raises ``ValueError`` if ``cx`` is incomplete.

    >>> from tropical import ReLUNetwork, polyhedral_complex
    >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    >>> [str(region.piece) for region in linear_regions(polyhedral_complex(maximum))]
    ['x0', 'x1']
    """
    require_complete(cx)
    parent = list(range(cx.num_cells))
    for cells in cx.facet_cells.values():
        if len(cells) == 2 and _piece(cx, cells[0]) == _piece(cx, cells[1]):
            first, second = sorted(_root(parent, index) for index in cells)
            parent[second] = first
    members: dict[int, list[int]] = {}
    for index in range(cx.num_cells):
        members.setdefault(_root(parent, index), []).append(index)
    return [LinearRegion(_piece(cx, root), tuple(cells)) for root, cells in members.items()]


def affine_pieces(cx: PolyhedralComplex) -> list[Piece]:
    """Return the distinct affine functions that the network attains on open sets, in order of first appearance.

    AffineForms for scalar networks, else AffineMaps. ``ValueError`` if ``cx`` is incomplete.

    >>> from tropical import ReLUNetwork, polyhedral_complex
    >>> identity = ReLUNetwork.from_arrays([[[1], [-1]], [[1, -1]]])  # relu(x) - relu(-x)
    >>> affine_pieces(polyhedral_complex(identity))
    [AffineForm(gradient=(Fraction(1, 1),), constant=Fraction(0, 1))]
    """
    require_complete(cx)
    return list(dict.fromkeys(_piece(cx, index) for index in range(cx.num_cells)))


def relevant_subspace(cx: PolyhedralComplex) -> Matrix:
    """Return the basis, in reduced row echelon form, of V = span of the gradients of F's pieces (THEORY §1).

    V lies in the row space of W_0 and may be smaller when units cancel. ``ValueError`` if ``cx`` is incomplete.

    >>> from tropical import ReLUNetwork, polyhedral_complex
    >>> cancelling = ReLUNetwork.from_arrays([[[1, 0], [0, 1], [0, 1]], [[1, 1, -1]]])
    >>> relevant_subspace(polyhedral_complex(cancelling))
    ((Fraction(1, 1), Fraction(0, 1)),)
    """
    require_complete(cx)
    return row_space(_distinct_gradients(cx))


def _distinct_gradients(cx: PolyhedralComplex) -> Sequence[Vector]:
    return list(dict.fromkeys(form.gradient for cell in cx.cells for form in cell.affine_map.forms))


def _piece(cx: PolyhedralComplex, index: int) -> Piece:
    affine_map = cx.cells[index].affine_map
    return affine_map.forms[0] if len(affine_map.forms) == 1 else affine_map


def _root(parent: list[int], index: int) -> int:
    while parent[index] != index:
        parent[index] = parent[parent[index]]
        index = parent[index]
    return index
