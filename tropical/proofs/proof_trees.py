"""Trees of Farkas vectors: f = g or f <= g for two networks, proved where the faces of cells are too many to list.

The tree follows the units of f and then those of g. Where a preactivation takes both signs on the current part it
branches; elsewhere a linear program yields multipliers that show the sign. ``certificate.py`` describes the nodes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from flint import fmpz_mat

from tropical.activation.integer_layers import IntegerLayer, activated_integers, integer_layers
from tropical.arithmetic.linear_program import LinearProgram
from tropical.arithmetic.rationals import Vector, primitive, primitive_integers, row_space, to_hex
from tropical.arithmetic.simplex import Outcome
from tropical.budget import Meter
from tropical.functions.network import ReLUNetwork
from tropical.polyhedra.cones import dot, point_of
from tropical.polyhedra.facet_search import interior_point, simplified
from tropical.polyhedra.hull import Hull
from tropical.polyhedra.polyhedron import Polyhedron
from tropical.proofs.certificate import Node
from tropical.proofs.merged_units import MergedPair

Integers = tuple[int, ...]
Multipliers = list[list[int | str]]
State = Sequence[Sequence[int]]


@dataclass(frozen=True)
class TreeProof:
    """Either ``nodes``, a tree that proves the claim, or ``witness``, a point where it fails; the other one is None."""

    nodes: list[Node] | None = None
    witness: Vector | None = None


def equality_tree(
    f: ReLUNetwork, g: ReLUNetwork, domain: Polyhedron | None, meter: Meter, merged: bool = False
) -> TreeProof:
    """Prove f = g on the domain (None: R^n) by a tree, or find a point where they differ.

    If ``merged``, the tree is that of 0 and what is left of g - f when units are merged.
    Every leaf is counted by ``meter.count_cell()``, which raises :class:`BudgetExhausted` when there are too many.
    Raises ``ValueError`` if the dimensions do not match.

    >>> twice = ReLUNetwork.from_arrays([[[1], [-1]], [[1, -1]]])  # relu(x) - relu(-x)
    >>> line = ReLUNetwork.from_arrays([[[1]]])
    >>> for node in equality_tree(twice, line, None, Meter()).nodes:
    ...     print(*node)
    split None
    - [[1, '1']]
    leaf None
    + [[1, '1']]
    leaf None
    >>> equality_tree(line, ReLUNetwork.from_arrays([[[2]]]), None, Meter()).witness
    (Fraction(-1, 1),)
    """
    return _decided(f, g, domain, meter, equal=True, merged=merged)


def order_tree(
    f: ReLUNetwork, g: ReLUNetwork, domain: Polyhedron | None, meter: Meter, merged: bool = False
) -> TreeProof:
    """Prove f <= g in every output on the domain by a tree, or find a point where it fails; as :func:`equality_tree`.

    >>> zero, relu = ReLUNetwork.from_arrays([[[0]]]), ReLUNetwork.from_arrays([[[1]], [[1]]])
    >>> order_tree(zero, relu, None, Meter()).nodes
    [['split', None], ['leaf', [[[1, '1']]]], ['leaf', [[]]]]
    """
    return _decided(f, g, domain, meter, equal=False, merged=merged)


def _decided(
    f: ReLUNetwork, g: ReLUNetwork, domain: Polyhedron | None, meter: Meter, equal: bool, merged: bool
) -> TreeProof:
    if (f.input_dim, f.output_dim) != (g.input_dim, g.output_dim):
        shapes = f"{f.input_dim} -> {f.output_dim} and {g.input_dim} -> {g.output_dim}"
        raise ValueError(f"networks can be compared only if inputs and outputs agree in number, got {shapes}")
    if domain is not None and domain.input_dim != f.input_dim:
        raise ValueError(f"the domain lives on R^{domain.input_dim}, the functions on R^{f.input_dim}")
    if domain is None or not domain.rows:
        hull, walls = _pivotal(f.layers[0].weight + g.layers[0].weight, f.input_dim), []
    else:
        hull, walls = domain.hull, list(domain.core.rows)
    if hull.equations:
        f, g = f.compose(hull.inclusion), g.compose(hull.inclusion)
    if merged:
        pair = MergedPair(f, g)
        f, g = pair.zero, pair.difference
    nodes, point = _Walk(f, g, walls, meter, equal).nodes_or_point()
    return TreeProof(nodes=nodes) if point is None else TreeProof(witness=point_of(hull.lifted([point])[0]))


def _pivotal(rows: Sequence[Vector], dim: int) -> Hull:
    """The space of x that are 0 but at the pivots of the reduced echelon form of the rows."""
    pivots = {next(j for j, q in enumerate(row) if q) for row in row_space(rows)}
    axes = [tuple(int(i == j + 1) for i in range(dim + 1)) for j in range(dim)]
    return Hull(dim, tuple(axis for j, axis in enumerate(axes) if j not in pivots))


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the domain, and where the walk through the units stands there.

    ``inside`` is a homogeneous point strictly inside the ``walls`` (constraints), over which ``program`` optimises;
    ``known`` holds the sign of rows met on the path, with multipliers. ``state`` are the rows of the inputs of layer
    ``depth``, ``signs`` those of its first bent units, ``outputs`` the rows of the outputs of f, once it is done.
    """

    walls: tuple[Integers, ...]
    inside: Integers
    program: LinearProgram
    known: dict[Integers, tuple[int, Multipliers]]
    state: State
    depth: int = 0
    signs: tuple[int, ...] = ()
    outputs: State = ()

    def learn(self, row: Integers, sign: int, multipliers: Multipliers) -> "_Part":
        """The same part with the sign of a row known."""
        opposite = tuple(-a for a in row)
        return replace(self, known={**self.known, row: (sign, multipliers), opposite: (-sign, multipliers)})

    def half(self, row: Integers, sign: int, inside: Integers) -> "_Part":
        """The part where sign * row >= 0; ``inside`` lies strictly in there."""
        wall = tuple(sign * a for a in row)
        walls = (*self.walls, wall)
        program = LinearProgram(walls, self.program.dim, self.program.meter)
        smaller = replace(self, walls=walls, program=program, inside=simplified(walls, inside))
        return replace(smaller.learn(row, sign, [[len(self.walls), "1"]]), signs=(*self.signs, sign))


@dataclass(frozen=True, slots=True)
class _Sides:
    """Points strictly inside where a row is > 0 and < 0; None if it is not, and ``multipliers`` then prove it."""

    above: Integers | None
    below: Integers | None
    multipliers: Multipliers


class _Walk:
    """The layers of f, then those of g; a tree in the making."""

    def __init__(self, f: ReLUNetwork, g: ReLUNetwork, rows: list[Integers], meter: Meter, equal: bool) -> None:
        self.meter, self.equal = meter, equal
        self.length = len(f.layers)
        self.layers: list[IntegerLayer] = [*integer_layers(f), *integer_layers(g)]
        dim = f.input_dim
        self.top = [tuple(int(i == j) for j in range(dim + 1)) for i in range(dim + 1)]
        inside = interior_point(rows, dim)
        assert inside is not None, "a Polyhedron has interior"
        walls = (self.top[0], *rows)
        self.start = _Part(walls, inside, LinearProgram(walls, dim, meter), {}, self.top)
        self.nodes: list[Node] = []
        self.pending: list[_Part] = []

    def nodes_or_point(self) -> tuple[list[Node], Integers | None]:
        """The whole tree and None; or the tree so far and a point where the claim fails."""
        self.pending.append(self.start)
        while self.pending:
            part = self.pending.pop()
            layer = self.layers[part.depth]
            rows = [tuple(map(int, row)) for row in (layer.matrix * fmpz_mat(part.state)).tolist()]
            part = self.through_layer(part, [primitive_integers(rows[unit]) for unit in layer.kinked])
            if part.depth == len(self.layers) - 1:
                self.meter.count_cell()
                point = self.leaf(part, rows)
                if point is not None:
                    return self.nodes, point
            elif part.depth == self.length - 1:
                self.pending.append(replace(part, depth=self.length, state=self.top, signs=(), outputs=rows))
            else:
                chosen = [1] * len(rows)
                for unit, sign in zip(layer.kinked, part.signs, strict=True):
                    chosen[unit] = sign
                state = [self.top[0], *activated_integers(layer, rows, chosen)]
                self.pending.append(replace(part, depth=part.depth + 1, state=state, signs=()))
        return self.nodes, None

    def through_layer(self, part: _Part, rows: Sequence[Integers]) -> _Part:
        """Give every bent unit a sign; where both occur, the part with the negative one has to wait."""
        for row in rows[len(part.signs) :]:
            self.meter.check_time()
            if not any(row):
                part = replace(part, signs=(*part.signs, 0))
                continue
            if row not in part.known:
                sides = _sides(part, row)
                if sides.above is not None and sides.below is not None:
                    self.nodes.append(["split", None])
                    self.pending.append(part.half(row, -1, sides.below))
                    part = part.half(row, 1, sides.above)
                    continue
                part = part.learn(row, -1 if sides.above is None else 1, sides.multipliers)
            sign, multipliers = part.known[row]
            self.nodes.append(["+" if sign > 0 else "-", multipliers])
            part = replace(part, signs=(*part.signs, sign))
        return part

    def leaf(self, part: _Part, rows: Sequence[Integers]) -> Integers | None:
        """Close the part, or return a point in it where the claim fails."""
        ours, theirs = self.layers[self.length - 1].scale, self.layers[-1].scale
        proofs: list[Multipliers] = []
        for before, after in zip(part.outputs, rows, strict=True):
            row = primitive_integers([ours * b - theirs * a for a, b in zip(before, after, strict=True)])
            if not any(row):
                proofs.append([])
            elif row in part.known and not self.equal and part.known[row][0] > 0:
                proofs.append(part.known[row][1])
            else:
                sides = _sides(part, row)
                wrong = sides.below or (sides.above if self.equal else None)
                if wrong is not None:
                    return wrong
                proofs.append(sides.multipliers)
        self.nodes.append(["leaf", None if self.equal else proofs])
        return None


def _sides(part: _Part, row: Integers) -> _Sides:
    """On which sides of {row = 0}, a row that is not 0, the interior of the part lies."""
    here = dot(row, part.inside)
    if not here:
        return _Sides(_moved(part, row), _moved(part, tuple(-a for a in row)), [])
    sign = 1 if here > 0 else -1
    if not any(row[1:]):
        found: Multipliers | Integers = [[0, to_hex(Fraction(abs(row[0])))]]
    else:
        outcome = part.program.maximise([-sign * a for a in row])
        found = _multipliers(outcome) if _is_proof(outcome) else _beyond(part, row, sign, outcome)
    beyond, multipliers = (None, found) if isinstance(found, list) else (found, [])
    return _Sides(part.inside, beyond, multipliers) if sign > 0 else _Sides(beyond, part.inside, multipliers)


def _moved(part: _Part, row: Integers) -> Integers:
    """A point strictly inside, from ``inside`` along the gradient of the row, half the way to the next wall."""
    direction = (0, *row[1:])
    pairs = [(dot(wall, part.inside), dot(wall, direction)) for wall in part.walls]
    step = min((Fraction(value, -2 * slope) for value, slope in pairs if slope < 0), default=Fraction(1))
    return primitive([a + step * b for a, b in zip(part.inside, direction, strict=True)])


def _is_proof(outcome: Outcome) -> bool:
    return outcome.status == "optimal" and outcome.value is not None and outcome.value <= 0


def _multipliers(outcome: Outcome) -> Multipliers:
    """Those of the walls whose sum is the row: the objective was minus the row, and wall 0 is the constant 1."""
    assert outcome.value is not None
    assert outcome.multipliers is not None
    weights = [outcome.multipliers[0] - outcome.value, *outcome.multipliers[1:]]
    return [[index, to_hex(weight)] for index, weight in enumerate(weights) if weight]


def _beyond(part: _Part, row: Integers, sign: int, outcome: Outcome) -> Integers:
    """A point strictly inside the part where sign * row < 0, from one of the polyhedron that the program found."""
    assert outcome.point is not None
    point = (Fraction(1), *outcome.point)
    if outcome.ray is not None:
        slope = sum((a * q for a, q in zip(row[1:], outcome.ray, strict=True)), Fraction(0))
        length = abs(sum((a * q for a, q in zip(row, point, strict=True)), Fraction(0)) / slope) + 1
        point = (Fraction(1), *(q + length * d for q, d in zip(point[1:], outcome.ray, strict=True)))
    inside = [Fraction(a, part.inside[0]) for a in part.inside]
    there, here = (sum((a * q for a, q in zip(row, x, strict=True)), Fraction(0)) for x in (point, inside))
    share = there / (there - here) / 2  # strictly between 0 and the share at which the segment meets {row = 0}
    return primitive([q + share * (p - q) for p, q in zip(inside, point, strict=True)])
