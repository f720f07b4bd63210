"""Moments of a union of polyhedra in one frame of the space."""

from collections.abc import Sequence
from dataclasses import dataclass

from flint import arb, arb_mat, fmpq_mat

from tropical.budget import Meter
from tropical.gaussian.flux import measure
from tropical.gaussian.frames import Frame, Table
from tropical.gaussian.integrals import Integrals
from tropical.gaussian.moments import first_moment, second_moment
from tropical.gaussian.precision import narrow_enclosures, within_unit_interval
from tropical.gaussian.solids import Solid
from tropical.verdict import Enclosure


@dataclass(frozen=True)
class Placed:
    """A polyhedron with the products <g_i, b_a> of the gradients of its facets and the vectors of a frame."""

    solid: Solid
    products: fmpq_mat


@dataclass(frozen=True)
class FrameMoments:
    """Pr[E], the <b_a, E[x 1_E]> if asked for, and the b_a^T E[(x x^T - I) 1_E] b_b."""

    probability: Enclosure
    mean: tuple[Enclosure, ...]
    second: Table


def moments_in_frame(
    pieces: Sequence[Placed], frame: Frame, bits: int, meter: Meter, *, with_mean: bool
) -> FrameMoments:
    """The moments of the union E of polyhedra with disjoint interiors."""
    dim = len(frame.basis)

    def evaluate() -> list[arb]:
        integrals = Integrals(meter)
        total, mean, second = arb(0), arb_mat(1, dim), arb_mat(dim, dim)
        for piece in meter.timed(pieces):
            total += measure(piece.solid, integrals)
            products = arb_mat(piece.products)
            second += products.transpose() * second_moment(piece.solid, integrals) * products
            if with_mean:
                mean += arb_mat(1, products.nrows(), first_moment(piece.solid, integrals)) * products
        return [total, *mean.entries(), *second.entries()]

    total, *entries = narrow_enclosures(evaluate, bits)
    table = tuple(tuple(entries[dim * (1 + min(a, b)) + max(a, b)] for b in range(dim)) for a in range(dim))
    return FrameMoments(within_unit_interval(total), tuple(entries[:dim]), table)
