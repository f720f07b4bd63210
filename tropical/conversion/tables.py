"""Cells, linear regions and affine pieces as pandas tables: exact rationals as text, and float64 beside them.

A rational is the string "p" or "p/q" in lowest terms, or "hex:p/q" in hexadecimal where it has more than 4000 digits;
``fractions.Fraction`` reads the former back. The column of the same name with ``_float`` holds the nearest float64,
infinite beyond its range. Tables can be written by ``to_parquet`` and ``to_csv``.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import chain
from typing import Any

from tropical.activation.complexes import PolyhedralComplex, require_complete
from tropical.activation.regions import Piece, affine_pieces, linear_regions
from tropical.arguments import require_flag
from tropical.arithmetic.rationals import MAX_DIGITS, Vector, saturated, to_hex
from tropical.files import load_extra
from tropical.functions.affine import AffineForm
from tropical.functions.network import Pattern

DataFrame = Any  # that of pandas, which may be missing
_LETTERS = {1: "+", 0: "0", -1: "-"}
_Columns = dict[str, list[Any]]


def cells_table(cx: PolyhedralComplex, volume: bool = False) -> DataFrame:
    """Return one row for each activation region, in the order of ``cx.cells``; the index is the number of the cell.

    ``pattern``: the signs of the preactivations that can break linearity, layer by layer, as "+", "-" and "0";
    ``region`` and ``piece``: rows of `regions_table` and `pieces_table`; ``vertices``, ``rays``, ``neighbours``: how
    many (modulo lineality); ``bounded``; x0, x1, ...: a point of the interior; with ``volume`` also the exact volume,
    which takes longest, "inf" where the cell is unbounded.
    Raises ``ValueError`` if ``cx`` is incomplete, or if pandas is missing.

    >>> from tropical import ReLUNetwork, polyhedral_complex
    >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    >>> table = cells_table(polyhedral_complex(maximum))
    >>> table[["pattern", "piece", "rays", "neighbours"]].values.tolist()
    [['++-', 0, 2, 2], ['+-+', 0, 2, 2], ['-+-', 1, 2, 2], ['--+', 1, 2, 2]]
    """
    require_complete(cx)
    require_flag(volume, "volume")
    pandas = load_extra("pandas", "table", "a table")
    regions = linear_regions(cx)
    number = {piece: i for i, piece in enumerate(affine_pieces(cx))}
    region_of = {cell: i for i, region in enumerate(regions) for cell in region.cells}
    neighbours = [0] * cx.num_cells
    for pair in cx.facet_cells.values():
        for cell in pair if len(pair) == 2 else ():
            neighbours[cell] += 1
    columns: _Columns = {
        "pattern": [_pattern(cell.pattern) for cell in cx.cells],
        "region": [region_of[cell.index] for cell in cx.cells],
        "piece": [number[regions[region_of[cell.index]].piece] for cell in cx.cells],
        "vertices": [len(cell.vertices) for cell in cx.cells],
        "rays": [len(cell.rays) for cell in cx.cells],
        "neighbours": neighbours,
        "bounded": [cell.is_bounded for cell in cx.cells],
    }
    columns |= _vectors("x", [cell.interior_point for cell in cx.cells])
    if volume:
        columns |= _rationals("volume", [cell.volume for cell in cx.cells])
    return pandas.DataFrame(columns, index=pandas.RangeIndex(cx.num_cells, name="cell"))


def regions_table(cx: PolyhedralComplex) -> DataFrame:
    """Return one row for each linear region, in the order of `linear_regions`; the index is the region's number.

    ``piece``: the row of `pieces_table`; ``cells``: the numbers of its activation regions, with spaces between, and
    ``num_cells`` how many; ``bounded``; x0, x1, ...: a point of its interior.
    Raises ``ValueError`` if ``cx`` is incomplete, or if pandas is missing.

    >>> from tropical import ReLUNetwork, polyhedral_complex
    >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    >>> regions_table(polyhedral_complex(maximum))[["piece", "cells"]].values.tolist()
    [[0, '0 1'], [1, '2 3']]
    """
    require_complete(cx)
    pandas = load_extra("pandas", "table", "a table")
    regions = linear_regions(cx)
    number = {piece: i for i, piece in enumerate(affine_pieces(cx))}
    columns: _Columns = {
        "piece": [number[region.piece] for region in regions],
        "cells": [" ".join(map(str, region.cells)) for region in regions],
        "num_cells": [len(region.cells) for region in regions],
        "bounded": [all(cx.cells[i].is_bounded for i in region.cells) for region in regions],
    }
    columns |= _vectors("x", [cx.cells[region.cells[0]].interior_point for region in regions])
    return pandas.DataFrame(columns, index=pandas.RangeIndex(len(regions), name="region"))


def pieces_table(cx: PolyhedralComplex) -> DataFrame:
    """Return one row for each affine piece <a, x> + c and output, in the order of `affine_pieces`.

    The index is (``piece``, ``output``); columns a0, a1, ... and c, ``num_regions`` and ``num_cells``.
    Raises ``ValueError`` if ``cx`` is incomplete, or if pandas is missing.

    >>> from tropical import ReLUNetwork, polyhedral_complex
    >>> halves = ReLUNetwork.from_arrays([[[1], [-1]], [["1/2", "-1/3"]]])
    >>> pieces_table(polyhedral_complex(halves))[["a0", "c", "num_cells"]].values.tolist()
    [['1/2', '0', 1], ['1/3', '0', 1]]
    """
    require_complete(cx)
    pandas = load_extra("pandas", "table", "a table")
    regions = linear_regions(cx)
    pieces = affine_pieces(cx)
    counts = {piece: [0, 0] for piece in pieces}
    for region in regions:
        counts[region.piece][0] += 1
        counts[region.piece][1] += len(region.cells)
    rows = [(i, j, form) for i, piece in enumerate(pieces) for j, form in enumerate(_forms(piece))]
    columns: _Columns = _vectors("a", [form.gradient for _, _, form in rows])
    columns |= _rationals("c", [form.constant for _, _, form in rows])
    for name, place in (("num_regions", 0), ("num_cells", 1)):
        columns[name] = [counts[pieces[i]][place] for i, _, _ in rows]
    index = pandas.MultiIndex.from_tuples([(i, j) for i, j, _ in rows], names=["piece", "output"])
    return pandas.DataFrame(columns, index=index)


def _forms(piece: Piece) -> Sequence[AffineForm]:
    return (piece,) if isinstance(piece, AffineForm) else piece.forms


def _pattern(pattern: Pattern) -> str:
    return "".join(map(_LETTERS.__getitem__, pattern))


def _vectors(name: str, vectors: Sequence[Vector]) -> _Columns:
    """Two columns for each coordinate: all the exact ones first."""
    pairs = [_rationals(f"{name}{i}", column) for i, column in enumerate(zip(*vectors, strict=True))]
    exact, rounded = ([list(pair.items())[place] for pair in pairs] for place in (0, 1))
    return dict(chain(exact, rounded))


def _rationals(name: str, values: Sequence[Fraction | float]) -> _Columns:
    floats = [saturated(q) if isinstance(q, Fraction) else q for q in values]
    return {name: [_text(q) if isinstance(q, Fraction) else str(q) for q in values], f"{name}_float": floats}


def _text(q: Fraction) -> str:
    longest = max(q.numerator.bit_length(), q.denominator.bit_length())
    return str(q) if longest < 3 * MAX_DIGITS else f"hex:{to_hex(q)}"
