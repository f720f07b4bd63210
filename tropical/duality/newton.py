"""Newton polytopes of tropical polynomials and of networks with one hidden layer."""

from fractions import Fraction

from tropical.arguments import require
from tropical.arithmetic.rationals import Vector
from tropical.budget import Budget, Meter, Progress
from tropical.functions.network import ReLUNetwork
from tropical.functions.polynomial import TropicalPolynomial
from tropical.functions.requirements import require_network
from tropical.polyhedra.polytopes import Polytope, convex_hull, zonotope


def newton_polytope(p: TropicalPolynomial, budget: Budget | None = None, progress: Progress | None = None) -> Polytope:
    """Newt(p) = conv{a_i}, the convex hull of the exponents of p(x) = max_i <a_i, x> + c_i.

    Newt(p ⊙ q) = Newt(p) + Newt(q), and Newt(p ⊕ q) is the hull of their union (Maclagan and Sturmfels 2015).
    Raises :class:`BudgetExhausted` if ``budget`` runs out; its cells are the points.

    >>> newton_polytope(TropicalPolynomial.from_terms({(0, 0): 0, (1, 1): 5, (2, 0): 0, (0, 2): 1})).f_vector
    (3, 3, 1)
    """
    require(p, TropicalPolynomial, "p", "a TropicalPolynomial such as a side of to_tropical_rational_map(net)")
    return convex_hull(p.support, Meter(budget, progress))


def zonotope_of(
    net: ReLUNetwork, budget: Budget | None = None, progress: Progress | None = None
) -> tuple[Polytope, Polytope]:
    """The Newton polytopes of numerator f and denominator g of a network F = f - g with one hidden layer.

    F(x) = sum_j v_j s_j(<w_j, x> + b_j) + v_0 with s_j(t) = left_j t + (right_j - left_j) max(t, 0). With
    k_j = v_j (right_j - left_j), f collects the linear part and the units with k_j > 0, g those with k_j < 0, so that
    Newt(f) = sum_j v_j left_j w_j + sum_{k_j > 0} [0, k_j w_j] and Newt(g) = sum_{k_j < 0} [0, -k_j w_j]: zonotopes
    (Zhang, Naitzat and Lim 2018). Raises ``ValueError`` unless there is one hidden layer and one output, and
    :class:`BudgetExhausted` if ``budget`` runs out; its cells are the points.

    >>> difference = ReLUNetwork.from_arrays([[[1, 0], [0, 1], [1, 1]], [[1, 2, -1]]])
    >>> [len(polytope.vertices) for polytope in zonotope_of(difference)]
    [4, 2]
    """
    require_network(net)
    meter = Meter(budget, progress)
    if len(net.layers) != 2 or net.output_dim != 1:
        raise ValueError(
            f"one hidden layer and one output are needed, got {len(net.layers) - 1} hidden layers and "
            f"{net.output_dim} outputs"
        )
    hidden, last = net.layers
    zero = (Fraction(0),) * net.input_dim
    offset: Vector = zero
    segments: dict[bool, list[Vector]] = {True: [], False: []}
    for weight, (left, right), factor in zip(hidden.weight, hidden.slopes, last.weight[0], strict=True):
        offset = tuple(a + factor * left * w for a, w in zip(offset, weight, strict=True))
        kink = factor * (right - left)
        segments[kink > 0].append(tuple(abs(kink) * w for w in weight))
    return zonotope(segments[True], offset, meter), zonotope(segments[False], zero, meter)
