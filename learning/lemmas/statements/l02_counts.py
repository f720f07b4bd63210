"""THEORY L2: at most 2^S affine pieces; clauses can outnumber pieces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from learning import instances
from learning.lemmas.framework.claim import compare
from learning.lemmas.framework.lemma import Evidence, FalseNeighbour, Lemma
from learning.lemmas.framework.setting import Setting
from learning.lemmas.framework.subject import Subject
from learning.lemmas.rational_subspaces import Vector
from tropical import AffineForm, AffineMap, Enclosure, ReLUNetwork, linear_regions, to_network

__all__ = ["LEMMA"]


def _check(subject: Subject, setting: Setting) -> Evidence:
    pieces, bound = Fraction(len(subject.pieces)), Fraction(2**subject.num_units)
    return Evidence(claims=(compare("number of affine pieces <= 2^S", pieces, "<=", bound),), choices=_counts(subject))


def _counts(subject: Subject) -> dict[str, int]:
    regions = len(linear_regions(subject.complex))
    return {"hidden units S": subject.num_units, "cells": subject.complex.num_cells, "linear regions": regions}


def _points_of_pieces(subject: Subject) -> tuple[Vector, ...]:
    """For each piece a point in a neighbourhood of which F equals it: what is counted can be seen there."""
    first: dict[AffineForm, Vector] = {}
    for cell in subject.complex.cells:
        first.setdefault(cell.affine_map.forms[0], cell.interior_point)
    return tuple(first.values())


def _check_units(subject: Subject, setting: Setting) -> Evidence:
    """At most S pieces."""
    claim = compare(
        "number of affine pieces <= S",
        Fraction(len(subject.pieces)),
        "<=",
        Fraction(subject.num_units),
        points=_points_of_pieces(subject),
    )
    return Evidence(claims=(claim,), choices=_counts(subject))


def _check_clauses(subject: Subject, setting: Setting) -> Evidence:
    """At most as many clauses as pieces, in a form with as few of them as can be."""
    apart = _pairwise_apart(subject)
    most = len(subject.lattice.clauses)
    claim = compare(
        "smallest number of clauses of a max-min form of the pieces <= number of affine pieces",
        Enclosure(Fraction(len(apart)), Fraction(most)),
        "<=",
        Fraction(len(subject.pieces)),
        points=apart,
    )
    return Evidence(claims=(claim,), choices=_counts(subject))


def _pairwise_apart(subject: Subject) -> tuple[Vector, ...]:
    """Points no two of which one clause can serve, found greedily: a max-min form has at least as many clauses.

    A clause that attains F at x and at y lies in S_x and in S_y, where S_x = {i : l_i(x) >= F(x)}. If the minimum over
    their intersection exceeds F at some point z, so does the minimum over every part of it: no such clause is below F.
    """
    points = [cell.interior_point for cell in subject.complex.cells]
    above, beyond = _masks(subject, points)
    order = sorted(range(len(points)), key=lambda i: above[i].bit_count())
    chosen: list[int] = []
    for i in order:
        common = (above[i] & above[j] for j in chosen)
        if all(any(both & ~mask == 0 for mask in beyond) for both in common):
            chosen.append(i)
    return tuple(points[i] for i in chosen)


def _masks(subject: Subject, points: Sequence[Vector]) -> tuple[list[int], list[int]]:
    """As bit masks at each point: the pieces that are at least F there, and those that exceed it."""
    above, beyond = [], []
    table = to_network(AffineMap(subject.pieces)).evaluate_exact(points)
    for values, (value,) in zip(table, subject.network.evaluate_exact(points), strict=True):
        above.append(sum(1 << i for i, v in enumerate(values) if v >= value))
        beyond.append(sum(1 << i for i, v in enumerate(values) if v > value))
    return above, beyond


def _h4() -> tuple[ReLUNetwork, Mapping[str, Any]]:
    return instances.h4(4, seed=None), {}


def _parity_of_five() -> tuple[ReLUNetwork, Mapping[str, Any]]:
    return instances.parity(5, 5, seed=None), {}


_AT_MOST_UNITS = FalseNeighbour(
    statement=r"A network with $S$ hidden units has at most $S$ affine pieces.",
    check=_check_units,
    instance=_h4,
)

_AT_MOST_PIECES = FalseNeighbour(
    statement=r"A function with $p$ affine pieces is the maximum of at most $p$ minima of them.",
    check=_check_clauses,
    instance=_parity_of_five,
)

LEMMA = Lemma(
    label="L2",
    title="Number of pieces",
    statement=r"A network with $S$ hidden units has at most $2^S$ affine pieces.",
    check=_check,
    source="THEORY L2",
    neighbours=(_AT_MOST_UNITS, _AT_MOST_PIECES),
)
