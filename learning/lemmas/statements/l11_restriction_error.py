r"""L11: restricted to a subspace W, F changes by at most Λ‖Π_V Π_{W⊥} x‖."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial
from typing import Any

from learning.lemmas.choices.typical_subspaces import typical_subspaces
from learning.lemmas.enclosures.special import MOST_ENCLOSED
from learning.lemmas.framework.claim import Claim, compare, decided, undecided
from learning.lemmas.framework.lemma import Evidence, FalseNeighbour, Lemma
from learning.lemmas.framework.setting import Setting
from learning.lemmas.framework.subject import Subject
from learning.lemmas.functions import residual
from learning.lemmas.rational_subspaces import (
    Vector,
    inner,
    orthogonal_basis,
    overlap,
    project,
    remainder,
    sum_of,
)
from tropical import ReLUNetwork, Verdict, dominated_by_quadratic, gaussian_inner_product

__all__ = ["LEMMA"]


@dataclass(frozen=True)
class _Bound:
    """Λ² c² ‖Π_V Π_{W⊥} x‖² and Λ² c² (k - tr Π_V Π_W), c = ``share``; the lemma, but for what a field changes."""

    share: Fraction = Fraction(1)
    swapped: bool = False
    counted: bool = True


_TRUE = _Bound()


@dataclass(frozen=True)
class _Case:
    """F - F∘Π_W for one W, given by orthogonal rows, and what bounds it."""

    subject: Subject
    rows: tuple[Vector, ...]
    bound: _Bound
    setting: Setting

    @cached_property
    def residual(self) -> ReLUNetwork:
        """F - F∘Π_W."""
        return residual(self.subject.network, self.rows)

    @property
    def slope_squared(self) -> Fraction:
        """Λ² c²."""
        return self.subject.lipschitz_squared * self.bound.share**2

    @property
    def slope(self) -> str:
        """Λ² c² as text."""
        return "Λ²" if self.bound.share == 1 else f"({self.bound.share} Λ)²"

    @cached_property
    def outer(self) -> list[tuple[Fraction, Vector]]:
        """Q = Σ q u uᵀ, as pairs (q, u): Π_{W⊥}Π_V Π_{W⊥} from u = Π_{W⊥} v; or Π_V Π_{W⊥} Π_V = Π_V - Π_V Π_W Π_V."""
        relevant = self.subject.relevant
        if self.bound.swapped:
            parts = [(1 / inner(v, v), v) for v in relevant]
            parts += [(-1 / inner(w, w), project(relevant, w)) for w in self.rows]
        else:
            parts = [(1 / inner(v, v), remainder(self.rows, v)) for v in relevant]
        return [(self.slope_squared * q, u) for q, u in parts]

    @cached_property
    def verdict(self) -> Verdict:
        """On (F - F∘Π_W)² <= xᵀ Q x for all x, Q as in ``outer``."""
        return dominated_by_quadratic(
            self.residual, _form(self.outer, self.subject.dimension), budget=self.setting.budget
        )

    def pointwise(self, name: str) -> Claim:
        """The largest (F - F∘Π_W)² / xᵀ Q x against 1, or both at a point where the second is smaller."""
        projections = "Π_{W⊥} Π_V" if self.bound.swapped else "Π_V Π_{W⊥}"
        text = f"(F(x) - F(Π_W x))² <= {self.slope} ‖{projections} x‖² for all x, W {name}"
        if self.verdict.status == "unknown":
            return decided(text, self.verdict)
        if self.verdict.status == "refuted":
            left, right = self.verdict.detail["values"]
            return compare(text, left, "<=", right, witness=self.verdict.witness)
        return compare(f"{text}: the largest ratio", self.verdict.detail["least_factor"], "<=", Fraction(1))

    def mean_square(self, name: str) -> Claim:
        """E(F - F∘Π_W)², enclosed; by the pointwise bound just found where that leaves the claim open."""
        factor = self.subject.k - overlap(self.subject.relevant, self.rows) if self.bound.counted else Fraction(1)
        text = f"E(F - F∘Π_W)² <= {self.slope}{' (k - tr Π_V Π_W)' if self.bound.counted else ''}, W {name}"
        right = self.slope_squared * factor
        claim = undecided(text, f"a Gaussian integral in more than {MOST_ENCLOSED} dimensions")
        if len(sum_of(self.subject.relevant, self.rows)) <= MOST_ENCLOSED:
            f, setting = self.residual, self.setting
            claim = compare(text, gaussian_inner_product(f, f, bits=setting.bits, budget=setting.budget), "<=", right)
        if claim.outcome != "open" or self.verdict.status != "proved":
            return claim
        trace = sum((q * inner(u, u) for q, u in self.outer), Fraction(0))
        upper = self.verdict.detail["least_factor"] * trace
        above = compare(f"{text}, by the trace of Q and the largest ratio", upper, "<=", right)
        return above if above.outcome == "holds" else claim


def _check(subject: Subject, setting: Setting, *, bound: _Bound = _TRUE) -> Evidence:
    """Only the pointwise claim where the projections are swapped: their traces agree."""
    subspaces = typical_subspaces(subject, setting)
    if setting.subspace is None:
        subspaces["V"] = subject.relevant
    claims: list[Claim] = []
    for name, rows in subspaces.items():
        case = _Case(subject, orthogonal_basis(rows), bound, setting)
        claims.append(case.pointwise(name))
        if not bound.swapped:
            claims.append(case.mean_square(name))
    return Evidence(claims=tuple(claims), choices={"W": subspaces, "Λ squared": subject.lipschitz_squared})


def _form(parts: Sequence[tuple[Fraction, Vector]], dimension: int) -> list[list[Fraction]]:
    """Σ q u uᵀ."""
    form = [[Fraction(0)] * dimension for _ in range(dimension)]
    for q, u in parts:
        for i, a in enumerate(u):
            if a:
                form[i] = [entry + q * a * b for entry, b in zip(form[i], u, strict=True)]
    return form


def _diamond() -> tuple[ReLUNetwork, Mapping[str, Any]]:
    """|x_0| + |x_1| and W = {0}."""
    rows = [[1, 0], [-1, 0], [0, 1], [0, -1]]
    return ReLUNetwork.from_arrays([rows, [[1] * 4]]), {"subspace": []}


def _oblique() -> tuple[ReLUNetwork, Mapping[str, Any]]:
    """|x_0| in the plane, and the diagonal: Π_V e_1 = 0, but F(Π_W e_1) is not."""
    return ReLUNetwork.from_arrays([[[1, 0], [-1, 0]], [[1, 1]]]), {"subspace": [[1, 1]]}


LEMMA = Lemma(
    label="L11",
    title="Restriction error",
    statement=(
        r"If $F$ is $\Lambda$-Lipschitz, then for every subspace $W$ "
        r"$|F(x) - F(\Pi_W x)| \leq \Lambda\,\Vert\Pi_V \Pi_{W^\perp} x\Vert$ and "
        r"$E(F - F \circ \Pi_W)^2 \leq \Lambda^2 (k - \mathrm{tr}\,\Pi_V \Pi_W)$."
    ),
    kind="gaussian",
    source="THEORY L11: F(x) = F(Π_V x), and E‖Π_V Π_{W⊥} x‖² = tr Π_V Π_{W⊥}",
    check=_check,
    neighbours=(
        FalseNeighbour(
            r"$|F(x) - F(\Pi_W x)| \leq \frac{1}{2} \Lambda\,\Vert\Pi_V \Pi_{W^\perp} x\Vert$",
            partial(_check, bound=_Bound(share=Fraction(1, 2))),
            _diamond,
        ),
        FalseNeighbour(
            r"$|F(x) - F(\Pi_W x)| \leq \Lambda\,\Vert\Pi_{W^\perp} \Pi_V x\Vert$",
            partial(_check, bound=_Bound(swapped=True)),
            _oblique,
        ),
        FalseNeighbour(
            r"$E(F - F \circ \Pi_W)^2 \leq \Lambda^2$", partial(_check, bound=_Bound(counted=False)), _diamond
        ),
    ),
)
