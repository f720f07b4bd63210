"""THEORY L6: restricted to a subspace, F has the projected pieces and the same clauses."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from learning import instances
from learning.lemmas.framework.claim import Claim, decided
from learning.lemmas.framework.lemma import Evidence, FalseNeighbour, Lemma
from learning.lemmas.framework.setting import Setting
from learning.lemmas.framework.subject import Subject
from learning.lemmas.functions import restricted
from learning.lemmas.rational_subspaces import Rows, Vector, inner, orthogonal_basis
from tropical import AffineForm, AffineMap, LatticePolynomial, ReLUNetwork, equivalent

__all__ = ["LEMMA"]


def _check(subject: Subject, setting: Setting) -> Evidence:
    """Left: the network after Π_W, by Gram and Schmidt. Right: the pieces after B (B^T B)^-1 B^T."""
    same = equivalent(subject.lattice, subject.network, budget=subject.budget)
    claims = [decided("F = the lattice polynomial L of its pieces and clauses", same)]
    subspaces = _subspaces(subject, setting)
    for name, rows in subspaces.items():
        projected = subject.lattice.restrict(rows)
        claims.append(_equality(f"F∘Π_W = L with projected pieces, W = {name}", subject, rows, projected))
    return Evidence(claims=tuple(claims), choices=_choices(subspaces))


def _equality(text: str, subject: Subject, rows: Rows, right: LatticePolynomial) -> Claim:
    verdict = equivalent(restricted(subject.network, rows), right, budget=subject.budget)
    return decided(text, verdict, dimension=len(orthogonal_basis(rows)), pieces=len(right.pieces))


def _subspaces(subject: Subject, setting: Setting) -> dict[str, Rows]:
    """Subspaces by name: the one given, or some of dimension 0, 1, 2 and k, in V and not, by rows at odd angles."""
    if setting.subspace is not None:
        return {"the subspace given": setting.subspace}
    rng, dimension = random.Random(setting.seed), subject.dimension
    found: dict[str, Rows] = {"{0}": (), "V": subject.relevant}
    if subject.k:
        found["a line in V"] = (_combination(subject.relevant, rng),)
    if subject.k < dimension:
        outside = _beyond(subject.relevant, dimension, rng)
        inside = _combination(subject.relevant, rng) if subject.k else outside
        found["a line partly outside V"] = (_sum(inside, outside),)
    if subject.k and dimension > 1:
        inside = _combination(subject.relevant, rng)
        found["a plane that meets V"] = (inside, _beyond([inside], dimension, rng))
    if dimension > 1:
        first = _beyond([], dimension, rng)
        second = _beyond([first], dimension, rng)
        found["a plane, by three rows"] = (first, _sum(first, second), second)
    return found


def _beyond(rows: Rows, dimension: int, rng: random.Random) -> Vector:
    """A vector of small integers outside the span of independent rows, which is not everything."""
    while True:
        vector = tuple(Fraction(rng.randint(-3, 3)) for _ in range(dimension))
        if len(orthogonal_basis([*rows, vector])) > len(rows):
            return vector


def _combination(rows: Rows, rng: random.Random) -> Vector:
    """A small integer combination of the rows with coefficients other than 0."""
    factors = [Fraction(rng.choice([-3, -2, -1, 1, 2, 3])) for _ in rows]
    return tuple(inner(factors, column) for column in zip(*rows, strict=True))


def _sum(u: Vector, v: Vector) -> Vector:
    return tuple(a + b for a, b in zip(u, v, strict=True))


def _choices(subspaces: Mapping[str, Rows]) -> dict[str, str]:
    """The rows of each subspace as text."""
    return {f"W = {name}": "; ".join(_text(row) for row in rows) or "no rows" for name, rows in subspaces.items()}


def _text(row: Sequence[Fraction]) -> str:
    return f"({', '.join(map(str, row))})"


def _check_without_inverse(subject: Subject, setting: Setting) -> Evidence:
    """B B^T in place of the projection, for B with the chosen rows as columns."""
    subspaces, claims = _subspaces(subject, setting), []
    for name, rows in subspaces.items():
        columns = list(zip(*rows, strict=True)) or [()] * subject.dimension
        square = [AffineForm(tuple(inner(u, v) for v in columns)) for u in columns]
        wrong = subject.lattice.compose(AffineMap(tuple(square)))
        claims.append(_equality(f"F∘Π_W = L∘BB^T, W = {name}", subject, rows, wrong))
    return Evidence(claims=tuple(claims), choices=_choices(subspaces))


def _oblique_basis() -> tuple[ReLUNetwork, Mapping[str, Any]]:
    return instances.h6(2, seed=None), {"subspace": [[1, 0], [1, 1]]}


_NO_INVERSE = FalseNeighbour(
    statement=r"The same with $B B^T$ in place of $B (B^T B)^{-1} B^T$, for $B$ whose columns are any basis of $W$.",
    check=_check_without_inverse,
    instance=_oblique_basis,
)

LEMMA = Lemma(
    label="L6",
    title="Restriction to a subspace",
    statement=(
        r"If $F(x) = \max_j \min_{i \in I_j} \langle w_i, x \rangle + c_i$ and $W$ is a subspace, then "
        r"$F(\Pi_W x) = \max_j \min_{i \in I_j} \langle \Pi_W w_i, x \rangle + c_i$ with the same clauses $I_j$; "
        r"$\Pi_W = B (B^T B)^{-1} B^T$ for a basis of $W$ in the columns of $B$."
    ),
    check=_check,
    source="THEORY L6",
    neighbours=(_NO_INVERSE,),
)
