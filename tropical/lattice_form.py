"""From a network to a lattice polynomial, with a proof by covering (Ovchinnikov 2002; THEORY L1)."""

import random

from flint import fmpz_mat

from tropical.activation_cones import activation_cones, coordinates
from tropical.affine import form_of_row
from tropical.budget import Budget, Meter, Progress
from tropical.cones import Cone, Integers, cut, dot
from tropical.lattice_polynomial import LatticePolynomial
from tropical.network import ReLUNetwork
from tropical.polyhedron import Polyhedron
from tropical.rationals import from_flint
from tropical.signs import Differences, Signs


def to_lattice_polynomial(
    net: ReLUNetwork,
    domain: Polyhedron | None = None,
    budget: Budget | None = None,
    progress: Progress | None = None,
) -> LatticePolynomial:
    """Return a lattice polynomial that equals the scalar network on the domain (all of R^n by default).

    For an interior point x of a cell with piece l_j let S_x = {i : l_i(x) >= l_j(x)}. By L1 min over S_x is <= F
    everywhere and equals F where all l_i >= l_j, i in S_x. Each cell is covered by such sets, so the maximum of these
    minima is F. Clauses that contain another one are absorbed.
    Raises ``ValueError`` for several outputs and :class:`BudgetExhausted` if ``budget`` runs out.

    >>> from tropical import ReLUNetwork
    >>> maximum = ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    >>> print(to_lattice_polynomial(maximum))
    max(min(x1), min(x0))
    """
    if net.output_dim != 1:
        raise ValueError(f"a lattice polynomial has one output, this network has {net.output_dim}: use output(i)")
    quotient, start = coordinates(net.layers[0].weight, net.input_dim, domain)
    meter = Meter(budget, progress)
    cells = []
    for cell in activation_cones(quotient.descend_network(net), start, meter):
        meter.count_cell()
        cells.append((cell.cone, from_flint(cell.rows)[0]))
    rows = list(dict.fromkeys(row for _, row in cells))
    clauses: dict[int, None] = {}
    for index, row in enumerate(rows):
        differences = Differences.between(rows, row)
        for cone, own in cells:
            if own == row:
                _cover(cone, index, differences, clauses, meter)
    pieces = [quotient.pull_back(form_of_row(row)) for row in rows]
    return LatticePolynomial(pieces, [[i for i in range(len(rows)) if mask >> i & 1] for mask in clauses])


def _cover(cone: Cone, own: int, differences: Differences, clauses: dict[int, None], meter: Meter) -> None:
    """Add clauses (bit masks) until their sets {l_i >= l_own for i in the clause} cover ``cone``."""
    rng = random.Random(0)
    own_clauses = [clause for clause in clauses if clause >> own & 1]
    pending = [(cone, Signs())]
    while pending:
        part, coarse = pending.pop()
        meter.check_time()
        signs = coarse.refine(part, differences)
        above = signs.positive | signs.zero
        if any(clause & ~above == 0 for clause in own_clauses):
            continue
        clause = _clause_inside(part, own, differences, rng)
        clauses[clause] = None
        own_clauses.append(clause)
        for i, row in enumerate(differences.rows):
            if clause & ~signs.known & 1 << i:
                halves = _halves(part, row)
                if halves is not None:
                    part, below = halves
                    pending.append((below, signs))


def _halves(cone: Cone, row: Integers) -> tuple[Cone, Cone] | None:
    """Both sides of the hyperplane, or None if it misses the interior of ``cone``."""
    values = [dot(row, generator) for generator in cone.generators]
    if any(dot(row, v) for v in cone.lineality) or (min(values) < 0 < max(values)):
        return cut(cone, row)
    return None


def _clause_inside(cone: Cone, own: int, differences: Differences, rng: random.Random) -> int:
    """S_x as a bit mask, at a point x inside the cone where l_own ties with no other form."""
    values = differences.on(cone.generators)
    bound = 8
    while True:
        weights = fmpz_mat([[rng.randint(1, bound) for _ in cone.generators]])
        at_point = (weights * values).tolist()[0]
        if all(value != 0 for i, value in enumerate(at_point) if i != own):
            return sum(1 << i for i, value in enumerate(at_point) if value >= 0)
        bound *= 2
