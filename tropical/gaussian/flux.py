r"""The standard Gaussian measure of a polyhedron of dimension at most 3, as the flux of a vector field.

With Q_r(s) = Pr[chi^2_r > s] and omega_r the area of the unit sphere, A(x) = -Q_r(|x|^2) x/(omega_r |x|^r) has
divergence phi off 0 and mass -1 at 0. Hence Pr[P] is the share of directions at 0 that lead into P, plus the flux of A
through the facets that do not contain 0; nothing comes from infinity.
"""

from flint import arb

from tropical.gaussian.integrals import End, Integrals, upper_tail
from tropical.gaussian.solids import Solid


def measure(solid: Solid, integrals: Integrals) -> arb:
    """Pr[x in P] for x ~ N(0, I)."""
    if solid.dim == 0:
        return arb(1)
    if solid.dim == 1:
        return _interval(solid)
    total = share_of_directions(solid)
    for i, constant in enumerate(solid.constants):
        if constant != 0:
            flux = (_flux_through_edge if solid.dim == 2 else _flux_through_polygon)(solid, i, integrals)
            total -= flux if constant > 0 else -flux
    return total


def share_of_directions(solid: Solid) -> arb:
    """The fraction of the directions at 0 that lead into P: 0 outside, 1 in the interior, a solid angle between."""
    if any(constant < 0 for constant in solid.constants):
        return arb(0)
    through = [i for i, constant in enumerate(solid.constants) if constant == 0]
    if len(through) < 2:
        return arb(1) / (1 + len(through))
    pairs = [(i, j) for i in through for j in through if i < j and solid.share_ridge(i, j)]
    angles = sum((_dihedral_angle(solid, i, j) for i, j in pairs), arb(0))
    if len(through) == 2:
        return angles / (2 * arb.pi())
    return (angles - (len(through) - 2) * arb.pi()) / (4 * arb.pi())  # Girard


def _dihedral_angle(solid: Solid, i: int, j: int) -> arb:
    """The interior angle between two facets."""
    product = solid.gram[i][j]
    sine = arb(solid.gram[i][i] * solid.gram[j][j] - product**2).sqrt()
    return arb.atan2(sine, -arb(product))


def ends(line: Solid) -> tuple[End, End]:
    """The signed distances from 0 to both ends of a polyhedron of dimension 1, outwards."""
    found: list[End] = [
        ((constant > 0) - (constant < 0), line.height_squared(i)) for i, constant in enumerate(line.constants)
    ]
    first, second, *_ = [*found, None, None]
    return first, second


def _interval(line: Solid) -> arb:
    both = [(-1 if end[0] < 0 else 1, upper_tail(end[1])) for end in ends(line) if end is not None]
    if all(sign > 0 for sign, _ in both):
        return 1 - sum((tail for _, tail in both), arb(0))
    return -sum((sign * tail for sign, tail in both), arb(0))  # 0 lies beyond one end: a difference of upper tails


def _flux_through_edge(solid: Solid, i: int, integrals: Integrals) -> arb:
    """1/2pi int exp(-h^2/2cos^2 a) da over the angles a under which the edge is seen from 0: two values of Owen's T."""
    height = solid.height_squared(i)
    line, _ = solid.facets[i]
    return sum((integrals.owen(height, end) for end in ends(line)), arb(0))


def _flux_through_polygon(solid: Solid, i: int, integrals: Integrals) -> arb:
    """h/4pi int Q_3(s^2)/s^3 dA over a facet at distance h, s = |x|.

    -erfc(s/sqrt 2)/s is an antiderivative of Q_3(s^2)/s^2. So in polar coordinates around the foot of 0 the flux is
    erfc(h/sqrt 2)/4pi times the angle under which the facet is seen, less the integral of h erfc(s/sqrt 2)/(4pi s)
    over the angles of its edges.
    """
    height = solid.height_squared(i)
    polygon, _ = solid.facets[i]
    total = share_of_directions(polygon) * upper_tail(height)
    for j, constant in enumerate(polygon.constants):
        if constant != 0:
            line, _ = polygon.facets[j]
            offset = polygon.height_squared(j)
            seen = integrals.edge(height, offset, ends(line))
            total -= seen if constant > 0 else -seen
    return total
