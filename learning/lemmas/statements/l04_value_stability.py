r"""L4: of two functions with the same clauses, |F - F'|(x) <= max_i |⟨w_i - w'_i, x⟩|."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial
from typing import Any

from learning.lemmas.choices.typical_subspaces import orthogonal_vector
from learning.lemmas.enclosures.special import MOST_ENCLOSED
from learning.lemmas.framework.claim import Claim, compare, decided, undecided
from learning.lemmas.framework.lemma import Evidence, FalseNeighbour, Hypothesis, Lemma
from learning.lemmas.framework.setting import Setting
from learning.lemmas.framework.subject import Subject
from learning.lemmas.functions import combination
from learning.lemmas.rational_subspaces import Rows, Vector, inner, orthogonal_basis, sum_of
from tropical import (
    AffineForm,
    Enclosure,
    LatticePolynomial,
    ReLUNetwork,
    TropicalPolynomial,
    gaussian_inner_product,
    implies_leq,
    prune,
    to_network,
)

__all__ = ["LEMMA"]

_STEP = Fraction(1, 64)  # size of the perturbations, as a share of the largest entry of each basis vector


def _check(subject: Subject, setting: Setting, *, by_relevant: bool = False) -> Evidence:
    """The bound has k in place of r where ``by_relevant``."""

    def claims(moved: _Moved, name: str) -> list[Claim]:
        pointwise = _pointwise(subject.network, moved.plus_largest, moved.minus_largest, name, setting)
        bounded = all(claim.outcome == "holds" for claim in pointwise)
        return [*pointwise, _mean_square(moved, name, setting, bounded=bounded, by_relevant=by_relevant)]

    return _evidence(subject, setting, claims)


def _check_mixed(subject: Subject, setting: Setting) -> Evidence:
    """The clauses of F, a maximum of minima, read as those of a minimum of maxima for F'."""

    def claims(moved: _Moved, name: str) -> list[Claim]:
        negated = LatticePolynomial([-piece for piece in moved.pieces], subject.lattice.clauses)
        networks = [to_network(negated), to_network(moved.largest)]
        upper, lower = (combination(networks, [-1, sign]) for sign in (1, -1))
        return _pointwise(subject.network, upper, lower, name, setting)

    return _evidence(subject, setting, claims)


def _evidence(subject: Subject, setting: Setting, claims: Callable[[_Moved, str], list[Claim]]) -> Evidence:
    """The claims about every F', if the hypotheses hold."""
    hypotheses = _hypotheses(subject, setting)
    if not all(hypothesis.holds for hypothesis in hypotheses):
        return Evidence(hypotheses)
    moves = _moves(subject, setting)
    found = [claim for name, rows in moves.items() for claim in claims(_Moved(subject, rows), name)]
    return Evidence(hypotheses, tuple(found), {"w' - w": moves})


def _hypotheses(subject: Subject, setting: Setting) -> tuple[Hypothesis, ...]:
    found = [Hypothesis("F is homogeneous", subject.homogeneous)]
    if setting.pieces is not None:
        fits = len(setting.pieces) == len(subject.lattice.pieces)
        found.append(Hypothesis("F' has one gradient for each piece of F", fits))
    return tuple(found)


@dataclass(frozen=True)
class _Moved:
    """F' = max_j min_{i ∈ I_j} ⟨w_i + δ_i, x⟩ with the clauses I_j of F, and D = max_i |⟨δ_i, x⟩|; δ_i are the rows."""

    subject: Subject
    rows: Sequence[Vector]

    @cached_property
    def pieces(self) -> list[AffineForm]:
        """The w_i + δ_i."""
        return [piece + AffineForm(row) for piece, row in zip(self.subject.lattice.pieces, self.rows, strict=True)]

    @cached_property
    def function(self) -> LatticePolynomial:
        """F'."""
        return LatticePolynomial(self.pieces, self.subject.lattice.clauses)

    @cached_property
    def largest(self) -> TropicalPolynomial:
        """D."""
        return prune(TropicalPolynomial(form for row in self.rows for form in (AffineForm(row), -AffineForm(row))))

    @property
    def plus_largest(self) -> LatticePolynomial:
        """F' + D."""
        terms = self.largest.terms
        return self.function + LatticePolynomial(terms, [[i] for i in range(len(terms))])

    @property
    def minus_largest(self) -> LatticePolynomial:
        """F' - D; D is even, so that -D is the minimum of its terms."""
        terms = self.largest.terms
        return self.function + LatticePolynomial(terms, [range(len(terms))])

    @cached_property
    def span(self) -> tuple[Vector, ...]:
        """Orthogonal basis of the span of the δ_i."""
        return orthogonal_basis(self.rows)

    @property
    def longest_squared(self) -> Fraction:
        """max_i ‖δ_i‖²."""
        return max(inner(row, row) for row in self.rows)

    def mean_square_of_largest(self, setting: Setting) -> Fraction | Enclosure | None:
        """E D², exactly for r <= 1: D is even; None beyond three dimensions."""
        if len(self.span) <= 1:
            return sum((self.largest(u) ** 2 / inner(u, u) for u in self.span), Fraction(0))
        if len(self.span) > MOST_ENCLOSED:
            return None
        return gaussian_inner_product(self.largest, self.largest, bits=setting.bits, budget=setting.budget)

    def mean_square(self, setting: Setting) -> Enclosure | None:
        """E(F - F')² = E F² - 2 E FF' + E F'²; None beyond three dimensions."""
        if len(sum_of(self.subject.relevant, self.span)) > MOST_ENCLOSED:
            return None
        first, second = self.subject.network, self.function
        pairs = ((first, first), (second, first), (second, second))  # cells within pieces: fewer cuts
        own, mixed, other = (gaussian_inner_product(*p, bits=setting.bits, budget=setting.budget) for p in pairs)
        lower = own.lower - 2 * mixed.upper + other.lower
        return Enclosure(max(lower, Fraction(0)), own.upper - 2 * mixed.lower + other.upper)


def _pointwise(
    net: ReLUNetwork,
    upper: LatticePolynomial | ReLUNetwork,
    lower: LatticePolynomial | ReLUNetwork,
    name: str,
    setting: Setting,
) -> list[Claim]:
    """F <= F' + D and F' - D <= F."""
    bound = f"max_i |⟨w_i - w'_i, x⟩| for all x, F' {name}"
    return [
        decided(f"F - F' <= {bound}", implies_leq(net, upper, budget=setting.budget)),
        decided(f"F' - F <= {bound}", implies_leq(lower, net, budget=setting.budget)),
    ]


def _mean_square(moved: _Moved, name: str, setting: Setting, *, bounded: bool, by_relevant: bool) -> Claim:
    """E(F - F')² against r max_i ‖δ_i‖²; by E D² where that leaves it open and |F - F'| is ``bounded`` by D."""
    factor = moved.subject.k if by_relevant else len(moved.span)
    text = f"E(F - F')² <= {'k' if by_relevant else 'r'} max_i ‖w_i - w'_i‖², F' {name}"
    right = factor * moved.longest_squared
    found = moved.mean_square(setting)
    claim = undecided(text, f"a Gaussian integral in more than {MOST_ENCLOSED} dimensions")
    if found is not None:
        claim = compare(text, found, "<=", right)
        if claim.outcome != "open":
            return claim
    largest = moved.mean_square_of_largest(setting) if bounded else None
    if largest is not None:
        above = compare(f"{text}, by E D² where |F - F'| <= D", largest, "<=", right)
        if above.outcome == "holds":
            return above
    return claim


def _moves(subject: Subject, setting: Setting) -> dict[str, list[Vector]]:
    """The w'_i - w_i: as given, or small ones inside V, and where k <= 2 others partly outside.

    One for each piece; with k > 3 multiples of two directions only, so that r <= 3.
    """
    pieces = subject.lattice.pieces
    if setting.pieces is not None:
        pairs = zip(setting.pieces, pieces, strict=True)
        return {"as given": [tuple(a - b for a, b in zip(row, w.gradient, strict=True)) for row, w in pairs]}
    rng = random.Random(setting.seed)
    inside = [_scaled(row) for row in subject.relevant]
    if len(inside) > MOST_ENCLOSED:
        inside = rng.sample(inside, 2)
    count, dim = len(pieces), subject.dimension
    moves = {"moved inside V": _random_sums(inside, count, rng, dim)}
    beyond = orthogonal_vector(subject.relevant, dim, setting.seed)
    if beyond is not None and subject.k < MOST_ENCLOSED:
        moves["moved partly outside V"] = _random_sums([*inside, _scaled(beyond)], count, rng, dim)
    return moves


def _scaled(row: Vector) -> Vector:
    factor = _STEP / max(map(abs, row))
    return tuple(factor * a for a in row)


def _random_sums(directions: Rows, count: int, rng: random.Random, dim: int) -> list[Vector]:
    """Sums of the directions with coefficients -1, 0, 1: not all of them 0, unless there is no direction."""
    factors = [[rng.randint(-1, 1) for _ in directions] for _ in range(count)]
    if directions and not any(map(any, factors)):
        factors[0][0] = 1
    columns = list(zip(*directions, strict=True)) or [()] * dim
    return [
        tuple(sum((c * q for c, q in zip(f, column, strict=True)), Fraction(0)) for column in columns) for f in factors
    ]


def _flat_hexagon() -> tuple[ReLUNetwork, Mapping[str, Any]]:
    """A small multiple of |x_0| + |x_1| + |x_0 + x_1| in space; its six pieces moved along ±e_0, ±e_1, ±e_2.

    k = 2 and r = 3; nearly F' = max_i |x_i|, whose mean square is above 2.
    """
    first = [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [1, 1, 0], [-1, -1, 0]]
    net = ReLUNetwork.from_arrays([first, [[Fraction(1, 1000)] * 6]])
    moves = [AffineForm(tuple(Fraction(sign * (i == j)) for j in range(3))) for i in range(3) for sign in (1, -1)]
    pairs = zip(Subject(net).lattice.pieces, moves, strict=True)
    return net, {"pieces": [(piece + move).gradient for piece, move in pairs]}


def _larger() -> tuple[ReLUNetwork, Mapping[str, Any]]:
    """max(x_0, x_1)."""
    return ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]]), {}


LEMMA = Lemma(
    label="L4",
    title="Value stability",
    statement=(
        r"If $F = \max_j \min_{i \in I_j} \langle w_i, x\rangle$ and "
        r"$F' = \max_j \min_{i \in I_j} \langle w'_i, x\rangle$ with the same clauses $I_j$, then "
        r"$|F - F'|(x) \leq \max_i |\langle w_i - w'_i, x\rangle|$ and "
        r"$E(F - F')^2 \leq r\,\max_i \Vert w_i - w'_i\Vert^2$ with $r$ the dimension of the span of the $w_i - w'_i$."
    ),
    hypotheses=("F is homogeneous", "F' has one gradient for each piece of F, and its clauses"),
    kind="gaussian",
    source="THEORY L4; Chen, Klivans, Meka 2021: the lattice polynomials of a net stand for all of them",
    check=_check,
    neighbours=(
        FalseNeighbour(
            r"$E(F - F')^2 \leq k\,\max_i \Vert w_i - w'_i\Vert^2$", partial(_check, by_relevant=True), _flat_hexagon
        ),
        FalseNeighbour(
            r"$|F - F'|(x) \leq \max_i |\langle w_i - w'_i, x\rangle|$ for "
            r"$F' = \min_j \max_{i \in I_j} \langle w'_i, x\rangle$ with the clauses $I_j$ of $F$",
            _check_mixed,
            _larger,
        ),
    ),
)
