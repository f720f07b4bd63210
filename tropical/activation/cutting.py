"""Activation regions as exact cones: cutting unit after unit over Z, and the cone of a given pattern."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flint import fmpq_mat, fmpz_mat

from tropical.activation.integer_layers import IntegerLayer, activated_integers, integer_layers
from tropical.arithmetic.rationals import Vector, from_flint, primitive, primitive_integers
from tropical.budget import Meter
from tropical.functions.layer import activated_rows, identity_rows, preactivation_rows
from tropical.functions.network import Pattern, ReLUNetwork
from tropical.polyhedra.cones import Cone, Integers, cut, half_space, intersect, sign_on, signs_on
from tropical.polyhedra.polyhedron import Polyhedron, require_domain
from tropical.polyhedra.quotient import Quotient


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
    require_domain(domain, input_dim)
    return Quotient.trivial(input_dim), domain.cone


def activation_cones(net: ReLUNetwork, start: Cone, meter: Meter) -> Iterator[ActivationCone]:
    """Yield the activation regions of ``net`` inside ``start``, depth first."""
    return cones_of_layers(integer_layers(net), start, meter)


def cones_of_layers(layers: Sequence[IntegerLayer], start: Cone, meter: Meter) -> Iterator[ActivationCone]:
    """The same, for a network whose integer layers are known."""
    size = layers[0].matrix.ncols()
    identity = [[int(i == j) for j in range(size)] for i in range(size)]
    pending: list[tuple[int, Cone, Pattern, fmpz_mat]] = [(0, start, (), fmpz_mat(identity))]
    while pending:
        depth, cone, pattern, state = pending.pop()
        meter.check_time()
        layer = layers[depth]
        product = layer.matrix * state
        if depth == len(layers) - 1:
            yield ActivationCone(cone, pattern, fmpq_mat(product) / layer.scale)
            continue
        rows = [[int(a) for a in row] for row in product.tolist()]
        for signs, part in split(cone, [primitive_integers(rows[unit]) for unit in layer.kinked], meter):
            chosen = [1] * len(rows)
            for unit, sign in zip(layer.kinked, signs, strict=True):
                chosen[unit] = sign
            inputs = fmpz_mat([identity[0], *activated_integers(layer, rows, chosen)])
            pending.append((depth + 1, part, (*pattern, *signs), inputs))


def split(cone: Cone, rows: Sequence[Integers], meter: Meter | None = None) -> list[tuple[Pattern, Cone]]:
    """The full-dimensional parts of ``cone`` on which every row has one sign.

    >>> [signs for signs, _ in split(half_space(1), [(0, 1), (-1, 1), (0, 2)])]
    [(1, 1, 1), (1, -1, 1), (-1, -1, -1)]
    """
    known = signs_on(cone, rows)
    open_places = [place for place, sign in enumerate(known) if sign is None]
    parts = []
    pending: list[tuple[tuple[int, ...], Cone]] = [((), cone)]
    while pending:
        if meter is not None:
            meter.check_time()
        signs, part = pending.pop()
        while len(signs) < len(open_places):
            row = rows[open_places[len(signs)]]
            sign = sign_on(part, row)
            if sign is None:
                part, below = cut(part, row)
                pending.append(((*signs, -1), below))
                sign = 1
            signs = (*signs, sign)
        found = iter(signs)
        parts.append((tuple(next(found) if sign is None else sign for sign in known), part))
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
