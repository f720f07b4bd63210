"""Activation regions as exact cones: cutting unit after unit over Z, and the cone of a given pattern."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flint import fmpq_mat

from tropical.budget import Meter
from tropical.cones import Cone, Integers, cut, half_space, intersect, sign_on
from tropical.layer import activated_rows, identity_rows, preactivation_rows
from tropical.network import Pattern, ReLUNetwork
from tropical.polyhedron import Polyhedron
from tropical.quotient import Quotient
from tropical.rationals import Vector, from_flint, primitive


@dataclass(frozen=True, slots=True)
class ActivationCone:
    """One activation region as a cone, its pattern, and the rows (constant, gradient) of the outputs on it."""

    cone: Cone
    pattern: Pattern
    rows: fmpq_mat


def coordinates(rows: Sequence[Vector], input_dim: int, domain: Polyhedron | None) -> tuple[Quotient, Cone]:
    """Coordinates for functions that see x only through ``rows``, and the cone over the domain in them."""
    if domain is None:
        quotient = Quotient.by_common_kernel(rows, input_dim)
        return quotient, half_space(quotient.dim)
    if domain.input_dim != input_dim:
        raise ValueError(f"the domain lives on R^{domain.input_dim}, the function on R^{input_dim}")
    return Quotient.trivial(input_dim), domain.cone


def activation_cones(net: ReLUNetwork, start: Cone, meter: Meter) -> Iterator[ActivationCone]:
    """Yield the activation regions of ``net`` inside ``start``, depth first."""
    pending: list[tuple[int, Cone, Pattern, fmpq_mat]] = [(0, start, (), identity_rows(net.input_dim))]
    while pending:
        depth, cone, pattern, inputs = pending.pop()
        meter.check_time()
        layer = net.layers[depth]
        rows = preactivation_rows(layer, inputs)
        if depth == len(net.layers) - 1:
            yield ActivationCone(cone, pattern, rows)
            continue
        table = from_flint(rows)
        for signs, part in split(cone, [primitive(table[unit]) for unit in layer.kinked]):
            outputs = activated_rows(layer, fmpq_mat(rows), signs)
            pending.append((depth + 1, part, (*pattern, *signs), outputs))


def split(cone: Cone, rows: Sequence[Integers]) -> list[tuple[Pattern, Cone]]:
    """The full-dimensional parts of ``cone`` on which every row has one sign.

    >>> [signs for signs, _ in split(half_space(1), [(0, 1), (-1, 1), (0, 2)])]
    [(1, 1, 1), (1, -1, 1), (-1, -1, -1)]
    """
    parts = []
    pending: list[tuple[Pattern, Cone]] = [((), cone)]
    while pending:
        signs, part = pending.pop()
        while len(signs) < len(rows):
            row = rows[len(signs)]
            sign = sign_on(part, row)
            if sign is None:
                part, below = cut(part, row)
                pending.append(((*signs, -1), below))
                sign = 1
            signs = (*signs, sign)
        parts.append((signs, part))
    return parts


def pattern_cone(net: ReLUNetwork, start: Cone, pattern: Sequence[int]) -> Cone:
    """The part of ``start`` with the given signs, which may stop short of the last layers; 0 restricts nothing.

    Raises ``ValueError`` if that part has empty interior.
    """
    rows = identity_rows(net.input_dim)
    cone: Cone | None = start
    rest = list(pattern)
    for layer in net.layers[:-1]:
        if not rest or cone is None:
            break
        rows = preactivation_rows(layer, rows)
        table = from_flint(rows)
        signs, rest = rest[: len(layer.kinked)], rest[len(layer.kinked) :]
        chosen = zip(layer.kinked, signs, strict=False)
        cone = intersect(cone, [tuple(sign * a for a in primitive(table[unit])) for unit, sign in chosen if sign])
        if rest:
            rows = activated_rows(layer, rows, signs)
    if cone is None:
        raise ValueError(f"no activation region has the pattern {tuple(pattern)}")
    return cone
