"""Networks whose structure is known in closed form, exact over Q and bias-free.

Each is a function F of z in R^k hidden in R^d: z is the first k coordinates of Hx for a rational Householder
reflection H = I - 2 v v^T / v^T v with random dense v in {-2, -1, 1, 2}^d (or a product of several), so x ~ N(0, I_d)
makes z ~ N(0, I_k).
``seed`` is a seed or ``numpy.random.Generator``; ``seed=None`` hides nothing (H = I). Most of them have vanishing low
moments, to which gradient descent and moment methods are blind.
"""

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from flint import fmpq, fmpq_mat

from learning.arguments import as_count, as_random
from tropical import ReLUNetwork

Seed = int | np.random.Generator | None
Rows = list[list[Fraction]]

_HADAMARD = ((1, 1, 1, 1), (1, -1, 1, -1), (1, 1, -1, -1), (1, -1, -1, 1))
_H6_TERMS = ((-14, (1, 0)), (14, (0, 1)), (5, (4, 3)), (-5, (3, 4)), (-5, (-3, 4)), (5, (-4, 3)))


def hide(
    core: Sequence[Sequence[Sequence[int | Fraction]]], dim: int, seed: Seed, *, reflections: int = 1
) -> ReLUNetwork:
    """Return x -> F(z), z = first k coordinates of Hx, for a bias-free ReLU network F on R^k given by its weights.

    ``core[l]`` has shape (n_out, n_in). H is the product of ``reflections`` Householder reflections, each with a dense
    v of its own, which multiplies the common denominators of the pieces by up to v^T v, about 5 d / 2.
    Raises ``ValueError`` if ``dim`` < k or ``reflections`` < 1.

    >>> hide([[[1], [-1]], [[1, 1]]], dim=3, seed=None)([-2, 5, 7])
    (Fraction(2, 1),)
    """
    as_count(reflections, "reflections")
    as_count(dim, "dim")
    rows = [[Fraction(entry) for entry in row] for row in core[0]]
    relevant = len(rows[0])
    if dim < relevant:
        raise ValueError(f"dim must be at least the dimension {relevant} of the relevant subspace, got {dim}")
    rows = [row + [Fraction(0)] * (dim - relevant) for row in rows]
    if seed is not None:
        rng = as_random(seed)
        for _ in range(reflections):
            v = [int(q) for q in rng.choice([-2, -1, 1, 2], size=dim)]
            rows = [_reflected(row, v) for row in rows]
    return ReLUNetwork.from_arrays([rows, *core[1:]])


def _reflected(row: list[Fraction], v: list[int]) -> list[Fraction]:
    """row H, the row read on x instead of Hx."""
    inner = sum((q * entry for q, entry in zip(row, v, strict=True) if q), Fraction(0))
    factor = 2 * inner / sum(entry * entry for entry in v)
    return [q - factor * entry for q, entry in zip(row, v, strict=True)]


def _absolute_values(terms: Sequence[tuple[Fraction | int, Sequence[int | Fraction]]]) -> list[Rows]:
    """Weights of sum_i a_i |<u_i, z>| with two ReLUs for each term (a_i, u_i)."""
    first = [[Fraction(sign) * q for q in u] for _, u in terms for sign in (1, -1)]
    return [first, [[Fraction(a) for a, _ in terms for _ in range(2)]]]


def _h4_terms() -> list[tuple[Fraction, tuple[int, ...]]]:
    axes = [(Fraction(1), tuple(int(i == j) for j in range(4))) for i in range(4)]
    return axes + [(Fraction(-1, 2), row) for row in _HADAMARD]


def h4(dim: int, seed: Seed = 0) -> ReLUNetwork:
    """F = sum_i |z_i| - 1/2 sum_i |<h_i, z>|, i <= 4, with h_i the rows of the 4 x 4 Hadamard matrix.

    16 ReLUs, k = 4, Lipschitz constant 2, Hermite degrees below 4 vanish, E F^2 = 8/3 + (48 - 32 sqrt 3)/pi; 25 pieces,
    104 linear regions. Raises ``ValueError`` if ``dim`` < 4.

    >>> h4(4, seed=None)([1, 0, 0, 0]), h4(30).widths
    ((Fraction(-1, 1),), (16,))
    """
    return hide(_absolute_values(_h4_terms()), dim, seed)


def h6(dim: int, seed: Seed = 0) -> ReLUNetwork:
    """F = -14|z1| + 14|z2| + 5|4z1+3z2| - 5|3z1+4z2| - 5|-3z1+4z2| + 5|-4z1+3z2|.

    12 ReLUs, k = 2; all Hermite degrees below 6 vanish, and the filtered second moment is a multiple of the identity on
    V. Raises ``ValueError`` if ``dim`` < 2.

    >>> h6(2, seed=None)([1, 0]), h6(50).input_dim
    ((Fraction(-4, 1),), 50)
    """
    return hide(_absolute_values(_H6_TERMS), dim, seed)


def alternating(half_degree: int, dim: int, seed: Seed = 0) -> ReLUNetwork:
    """F = sum_{m=1}^{2K} (-1)^m relu(cos(pi m/K) z1 + sin(pi m/K) z2), K = ``half_degree`` even.

    2K ReLUs and 2K pieces, k = 2, Hermite degrees below K vanish, Lipschitz constant sec(pi/2K),
    E F^2 = sec^2(pi/2K) (1 - (K/pi) sin(pi/K)). The weights are irrational: each is replaced by the rational that its
    nearest float64 denotes, so these closed forms hold up to rounding.
    Raises ``ValueError`` unless K >= 2 is even (for odd K >= 3, F = 0) and ``dim`` >= 2.

    >>> alternating(4, 10).widths
    (8,)
    """
    if half_degree < 2 or half_degree % 2:
        raise ValueError(f"half_degree must be even and at least 2, got {half_degree}")
    half = [(_cospi(m, half_degree), _cospi(half_degree - 2 * m, 2 * half_degree)) for m in range(1, half_degree + 1)]
    units = half + [(-x, -y) for x, y in half]
    signs = [Fraction((-1) ** m) for m in range(1, 2 * half_degree + 1)]
    return hide([[list(u) for u in units], [signs]], dim, seed)


def _cospi(numerator: int, denominator: int) -> Fraction:
    """cos(pi numerator/denominator) as a float64 taken exactly, with exact zeros and exact symmetry."""
    turn = Fraction(abs(numerator), denominator) % 2
    turn = min(turn, 2 - turn)
    if turn > Fraction(1, 2):
        return -_cospi((1 - turn).numerator, turn.denominator)
    if turn == Fraction(1, 2):
        return Fraction(0)
    if turn > Fraction(1, 4):
        return Fraction(math.sin(math.pi * float(Fraction(1, 2) - turn)))
    return Fraction(math.cos(math.pi * float(turn)))


def parity(k: int, dim: int, seed: Seed = 0) -> ReLUNetwork:
    """Tropical parity: F = sgn(z_1 ... z_k) min_i |z_i|, iterating (|a+b| - |a-b|)/2 over a balanced binary tree.

    ceil(log2 k) hidden layers of ReLUs, 4(k - 1) units if k is a power of two, two pass-through units more for each odd
    level; 2k pieces +-z_i, k 2^(k-1) linear regions, 2^(k-1) clauses, Lipschitz constant 1, Hermite degrees below k
    vanish. Raises ``ValueError`` if k < 2 or ``dim`` < k.

    >>> parity(3, 3, seed=None)([5, -2, 3]), parity(3, 10).widths
    ((Fraction(-2, 1),), (6, 4))
    """
    if k < 2:
        raise ValueError(f"parity needs k >= 2 variables, got {k}")
    values: Rows = [[Fraction(i == j) for j in range(k)] for i in range(k)]
    core: list[Rows] = []
    while len(values) > 1:
        units, values = _parity_level(values)
        core.append(units)
    return hide([*core, values], dim, seed)


def _parity_level(values: Rows) -> tuple[Rows, Rows]:
    """Pair neighbours: rows of the ReLU units over the layer below, and of the new values over those units."""
    units: Rows = []
    supports: list[tuple[int, list[Fraction]]] = []
    half = Fraction(1, 2)
    for i in range(0, len(values) - 1, 2):
        a, b = values[i], values[i + 1]
        total = [p + q for p, q in zip(a, b, strict=True)]
        difference = [p - q for p, q in zip(a, b, strict=True)]
        supports.append((len(units), [half, half, -half, -half]))
        units += [total, [-q for q in total], difference, [-q for q in difference]]
    if len(values) % 2:
        supports.append((len(units), [Fraction(1), Fraction(-1)]))
        units += [values[-1], [-q for q in values[-1]]]
    zeros = [Fraction(0)] * len(units)
    return units, [zeros[:start] + entries + zeros[start + len(entries) :] for start, entries in supports]


def sequential(dim: int, seed: Seed = 0) -> ReLUNetwork:
    """F = 6 relu(z1) + H4(z2, ..., z5): one filtering pass sees z1 only, the loop must go on.

    17 ReLUs, k = 5, 50 pieces. Raises ``ValueError`` if ``dim`` < 5.

    >>> sequential(5, seed=None)([1, 0, 0, 0, 0]), sequential(5, seed=None)([-1, 1, 0, 0, 0])
    ((Fraction(6, 1),), (Fraction(-1, 1),))
    """
    first, last = _absolute_values(_h4_terms())
    lifted = [[Fraction(1), *[Fraction(0)] * 4], *[[Fraction(0), *row] for row in first]]
    return hide([lifted, [[Fraction(6), *last[0]]]], dim, seed)


def ill_conditioned(dim: int, seed: Seed = 0, epsilon: Fraction | int | str = "1/1000") -> ReLUNetwork:
    """F = relu(e z2 + z1) + relu(e z2 - z1), e = ``epsilon`` > 0: nearly opposite rows, the second direction weak.

    The angle between one row and minus the other is 2 arctan e. k = 2, 4 pieces: e z2 +- z1 on fat cones, 2 e z2 and 0
    on thin ones of probability arctan(e)/pi; Lipschitz constant max(sqrt(1 + e^2), 2e).
    Raises ``ValueError`` if ``dim`` < 2 or ``epsilon`` <= 0.

    >>> ill_conditioned(2, seed=None, epsilon="1/10")([3, 5])
    (Fraction(7, 2),)
    """
    small = Fraction(epsilon)
    if small <= 0:
        raise ValueError(f"epsilon must be positive, got {small}")
    return hide([[[1, small], [-1, small]], [[1, 1]]], dim, seed)


def nearly_parallel(dim: int, seed: Seed = 0, epsilon: Fraction | int | str = "1/1000") -> ReLUNetwork:
    """F = relu(z1) + relu(z1 + e z2) + relu(z2), e = ``epsilon`` > 0: two rows at the angle arctan e.

    k = 2, 6 pieces: 0, z2, 2 z1 + e z2 and 2 z1 + (1 + e) z2 on fat cones, z1 and z1 + (1 + e) z2 on thin ones of
    probability arctan(e)/2 pi; Lipschitz constant sqrt(4 + (1 + e)^2).
    Raises ``ValueError`` if ``dim`` < 2 or ``epsilon`` <= 0.

    >>> nearly_parallel(2, seed=None)([1, -2000]), nearly_parallel(2, seed=None)([3, 1000])
    ((Fraction(1, 1),), (Fraction(1007, 1),))
    """
    small = Fraction(epsilon)
    if small <= 0:
        raise ValueError(f"epsilon must be positive, got {small}")
    return hide([[[1, 0], [1, small], [0, 1]], [[1, 1, 1]]], dim, seed)


def negative_outputs(dim: int, seed: Seed = 0) -> ReLUNetwork:
    """F = -relu(z1) - 2 relu(z2) - relu(z1 + z2 + z3) - 3 relu(z1 - z2 + 2 z3): every output weight is negative.

    4 ReLUs, k = 3, concave, 14 pieces, each on one linear region. Raises ``ValueError`` if ``dim`` < 3.

    >>> negative_outputs(3, seed=None)([1, 1, 1]), negative_outputs(3, seed=None)([-1, -1, -1])
    ((Fraction(-12, 1),), (Fraction(0, 1),))
    """
    return hide([[[1, 0, 0], [0, 1, 0], [1, 1, 1], [1, -1, 2]], [[-1, -2, -1, -3]]], dim, seed)


def thin_cone(dim: int, seed: Seed = 0, steepness: int = 1000) -> ReLUNetwork:
    """F = |z1| + relu(z2 - s |z1|), s = ``steepness``: off a cone of probability arctan(1/s)/pi all gradients are +-z1.

    Two hidden layers, k = 2, 4 pieces: +-z1, and z2 - (s - 1)(+-z1) on the cone z2 > s |z1|.
    Raises ``ValueError`` if ``dim`` < 2 or ``steepness`` < 1.

    >>> thin_cone(2, seed=None)([2, 1999]), thin_cone(2, seed=None)([0, 3])
    ((Fraction(2, 1),), (Fraction(3, 1),))
    """
    if steepness < 1:
        raise ValueError(f"steepness must be at least 1, got {steepness}")
    first = [[1, 0], [-1, 0], [0, 1], [0, -1]]
    second = [[1, 1, 0, 0], [-steepness, -steepness, 1, -1]]
    return hide([first, second, [[1, 1]]], dim, seed)


def cancelling(dim: int, seed: Seed = 0) -> ReLUNetwork:
    """F = |z1| - 2 relu(z1 + z2) with duplicated, dead and cancelling units around it.

    Two hidden layers; the first layer has rank 3, but units on z3 cancel: V is the plane of (z1, z2). A unit of the
    second layer vanishes identically and another is never active. Raises ``ValueError`` if ``dim`` < 3.

    >>> cancelling(3, seed=None)([1, 2, 9])
    (Fraction(-5, 1),)
    """
    first = [[1, 0, 0], [-1, 0, 0], [1, 1, 0], [1, 1, 0], [0, 0, 2], [0, 0, 1]]
    second = [[1, 1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0], [0, 0, 0, 1, 0, 0], [0, 0, 0, 0, 1, -2], [-1, -1, 0, 0, 0, 0]]
    return hide([first, second, [[1, -3, 1, 5, 7]]], dim, seed)


def random_network(
    relevant_dim: int, hidden: Sequence[int], dim: int, seed: int | np.random.Generator, *, reflections: int = 1
) -> ReLUNetwork:
    """A network with weights uniform in {-8, ..., 8}/8 on z in R^k, k = ``relevant_dim``, hidden in R^``dim``.

    ``hidden`` lists the widths of the hidden layers, ``reflections`` as in :func:`hide`. Weights are drawn anew until
    dim V = k, which the exact gradients at 64 random points then certify. Raises ``ValueError`` unless
    1 <= k <= ``dim``, k <= the first width and all widths are positive, and if V stays too small for 200 draws.

    >>> net = random_network(2, (6, 6), dim=10, seed=0)
    >>> net.input_dim, net.widths, net.output_dim
    (10, (6, 6), 1)
    """
    if relevant_dim < 1 or not hidden or min(hidden) < 1:
        raise ValueError(f"relevant_dim and all hidden widths must be positive, got {relevant_dim} and {tuple(hidden)}")
    if hidden[0] < relevant_dim:
        raise ValueError(f"the first hidden layer needs at least relevant_dim = {relevant_dim} units, got {hidden[0]}")
    rng = np.random.default_rng(seed)
    sizes = [relevant_dim, *hidden, 1]
    for _ in range(200):
        core = [_eighths(rng, m, n) for n, m in itertools.pairwise(sizes)]
        if _gradient_rank(ReLUNetwork.from_arrays(core), rng) == relevant_dim:
            return hide(core, dim, rng, reflections=reflections)
    raise ValueError(f"no network with hidden widths {tuple(hidden)} and relevant_dim {relevant_dim} in 200 draws")


def _eighths(rng: np.random.Generator, rows: int, columns: int) -> Rows:
    return [[Fraction(int(q), 8) for q in row] for row in rng.integers(-8, 9, size=(rows, columns))]


def _gradient_rank(core: ReLUNetwork, rng: np.random.Generator) -> int:
    """Rank of the gradients at 64 random points: a lower bound of dim V."""
    points = [[int(q) for q in point] for point in rng.integers(-(10**6), 10**6, size=(64, core.input_dim))]
    off_breaks = [point for point in points if all(all(row) for row in core.preactivations(point))]
    gradients = [core.gradient(point) for point in off_breaks]
    return fmpq_mat([[fmpq(q.numerator, q.denominator) for q in row] for row in gradients]).rank() if gradients else 0
