"""Activation regions as exact cones: cutting unit after unit over Z, and the cone of a given pattern."""

from collections.abc import Iterator, Sequence

from flint import fmpq_mat, fmpz_mat

from tropical.activation.integer_layers import IntegerLayer, activated_integers, integer_layers
from tropical.arithmetic.rationals import from_flint, primitive, primitive_integers
from tropical.budget import Meter
from tropical.functions.layer import rows_along
from tropical.functions.network import Pattern, ReLUNetwork
from tropical.polyhedra.cones import Cone, Integers, cut, intersect, sign_on, signs_on
from tropical.polyhedra.part import Part


def activation_parts(net: ReLUNetwork, start: Cone, meter: Meter) -> Iterator[Part]:
    """Yield the activation regions of ``net`` inside ``start``, depth first."""
    return parts_of_layers(integer_layers(net), start, meter)


def parts_of_layers(layers: Sequence[IntegerLayer], start: Cone, meter: Meter) -> Iterator[Part]:
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
            yield Part(cone, fmpq_mat(product) / layer.scale, pattern)
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

    >>> from tropical.polyhedra.cones import half_space
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
                part, below = cut(part, row, meter)
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
    cone = start
    rest = list(pattern)
    hidden = net.layers[:-1]
    for layer, rows in zip(hidden, rows_along(hidden, net.input_dim, pattern), strict=True):
        table = from_flint(rows)
        signs, rest = rest[: len(layer.kinked)], rest[len(layer.kinked) :]
        chosen = zip(layer.kinked, signs, strict=False)
        part = intersect(cone, [tuple(sign * a for a in primitive(table[unit])) for unit, sign in chosen if sign])
        if part is None:
            raise ValueError(f"no activation region has the pattern {tuple(pattern)}")
        cone = part
        if not rest:
            break
    return cone
