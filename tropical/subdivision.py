"""From a ReLU network to the complex of its activation regions, by cutting cones unit after unit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flint import fmpq_mat

from tropical.budget import Budget, BudgetExhausted, Meter, Progress
from tropical.complexes import PolyhedralComplex
from tropical.cones import Cone, Integers, cut, half_space, sign_on
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


def polyhedral_complex(
    net: ReLUNetwork,
    domain: Polyhedron | None = None,
    budget: Budget | None = None,
    progress: Progress | None = None,
) -> PolyhedralComplex:
    """Return the polyhedral complex of all activation regions of ``net``, exactly.

    A cell is the closure of a full-dimensional set of inputs with one activation pattern (THEORY §1).
    ``domain=None`` means all of R^n: coordinates are then taken modulo ker W_0, along which nothing changes.
    A Box or Polyhedron restricts to it. If ``budget`` runs out, the complex holds the cells found so far and its
    ``complete`` is False. ``progress`` is called with the number of cells.
    Raises ``ValueError`` if the domain lives on another space.

    >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    >>> complex_ = polyhedral_complex(maximum)
    >>> complex_.num_cells, complex_.f_vector
    (4, (1, 4, 4))
    """
    quotient, start = coordinates(net.layers[0].weight, net.input_dim, domain)
    meter = Meter(budget, progress)
    found: list[ActivationCone] = []
    reason = None
    try:
        for cell in activation_cones(quotient.descend_network(net), start, meter):
            meter.count_cell()
            found.append(cell)
    except BudgetExhausted as stop:
        reason = str(stop)
    cones, patterns = [cell.cone for cell in found], [cell.pattern for cell in found]
    return PolyhedralComplex(net, quotient, domain, cones, patterns, incomplete_because=reason)


def coordinates(rows: Sequence[Vector], input_dim: int, domain: Polyhedron | None) -> tuple[Quotient, Cone]:
    """Coordinates for functions that see x only through ``rows``, and the cone over the domain in them."""
    if domain is None:
        quotient = Quotient.by_common_kernel(rows, input_dim)
        return quotient, half_space(quotient.dim)
    if domain.input_dim != input_dim:
        raise ValueError(f"the domain lives on R^{domain.input_dim}, the function on R^{input_dim}")
    return Quotient.trivial(input_dim), domain.cone


def activation_cones(net: ReLUNetwork, start: Cone, meter: Meter) -> Iterator[ActivationCone]:
    """Yield the activation regions of ``net`` inside ``start``, depth first, in lexicographic order of patterns."""
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
    """The full-dimensional parts of ``cone`` on which every row has one sign, in decreasing order of signs.

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
