"""First and second moments of the Gaussian on a polyhedron, by the divergence theorem."""

from flint import arb, arb_mat

from tropical.gaussian.flux import measure
from tropical.gaussian.integrals import Integrals, density
from tropical.gaussian.solids import Solid


def first_moment(solid: Solid, integrals: Integrals) -> list[arb]:
    """The a_i with E[x 1_P] = sum_i a_i g_i over the facets.

    The gradient of the density is -x times it, so that E[x 1_P] = -sum_i n_i phi(h_i) Pr[F_i]: n_i = -g_i/|g_i| is the
    outer normal of facet F_i, h_i its distance, and F_i is measured within its hyperplane around the foot of 0.
    """
    found = []
    for i, (facet, _) in enumerate(solid.facets):
        length = arb(solid.gram[i][i]).sqrt()
        found.append(density(solid.height_squared(i)) * measure(facet, integrals) / length)
    return found


def second_moment(solid: Solid, integrals: Integrals) -> arb_mat:
    """The symmetric matrix a with E[(x x^T - I) 1_P] = sum_ij a_ij g_i g_j^T over the facets.

    The Hessian of the density is (x x^T - I) times it, so that the left side is
    -sum_i n_i phi(h_i) (h_i n_i Pr[F_i] + E[z 1_{F_i}])^T.
    """
    size = len(solid.facets)
    table = [[arb(0)] * size for _ in range(size)]
    for i, (facet, neighbours) in enumerate(solid.facets):
        squared, constant = solid.gram[i][i], solid.constants[i]
        weight = density(solid.height_squared(i)) / arb(squared).sqrt()
        if constant != 0:
            table[i][i] -= weight * arb(constant / squared) * measure(facet, integrals)
        for j, value in zip(neighbours, first_moment(facet, integrals), strict=True):
            table[i][j] += weight * value
            table[i][i] -= weight * value * arb(solid.gram[i][j] / squared)
    return (
        arb_mat([[(table[i][j] + table[j][i]) / 2 for j in range(size)] for i in range(size)])
        if size
        else arb_mat(0, 0)
    )
