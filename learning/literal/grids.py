"""Finite nets of functions on W: a grid of networks, a grid of lattice polynomials. THEORY section 2, L4, L16."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import combinations, islice, pairwise, product
from numbers import Integral
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from learning.arguments import as_count, as_samples, listed, require_real, shown
from tropical import AffineForm, LatticePolynomial, ReLUNetwork, as_fraction

__all__ = ["Hypothesis", "LatticeGrid", "Net", "NetworkGrid", "clause_structures"]

Array = NDArray[np.float64]
Hypothesis = ReLUNetwork | LatticePolynomial
Structure = tuple[frozenset[int], ...]

_ZERO = LatticePolynomial([AffineForm((), Fraction(0))], [[0]])  # the only function on W = {0} without bias
_DEDEKIND = (2, 3, 6, 20, 168, 7581)  # antichains of subsets of a set of 0 to 5 elements, OEIS A000372
_BLOCK = 1 << 21  # values of candidates held at once: 16 MiB


class Net(Protocol):
    """A finite net of functions on R^dimension: what `literal_filtered_pca` asks of a grid."""

    @property
    def dimension(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def error(self) -> float: ...
    def blocks(self, Z: Array) -> Iterator[Array]: ...
    def refined(self, error: float) -> Net: ...
    def __getitem__(self, index: int) -> Hypothesis: ...


def require_net(net: Any, name: str) -> None:
    """ValueError unless ``net`` has what is asked of a :class:`Net`."""
    asked = ("dimension", "size", "error", "blocks", "refined")
    if isinstance(net, type) or not all(hasattr(net, part) for part in asked):
        raise ValueError(f"{name} must be a net of functions, as NetworkGrid and LatticeGrid are; got {shown(net)}")


@dataclass(frozen=True)
class _Grid:
    """Multiples of ``step`` in [-bound, bound], 2·bound/step + 1 of them, for every parameter."""

    dimension: int
    bound: Fraction = Fraction(1)
    step: Fraction = Fraction(1, 2)

    def __post_init__(self) -> None:
        object.__setattr__(self, "bound", as_fraction(self.bound, "bound"))
        object.__setattr__(self, "step", as_fraction(self.step, "step"))
        as_count(self.dimension, "dimension", 0)
        if not 0 < self.step <= self.bound or self.bound % self.step:
            given = f"bound {shown(self.bound)}, step {shown(self.step)}"
            raise ValueError(f"bound must be a positive multiple of step; got {given}")

    @property
    def reach(self) -> int:
        """r = bound/step: the grid of one parameter is step·{-r, ..., r}."""
        return int(self.bound / self.step)

    def _with_step(self, step: float) -> Self:
        """The grid with the largest step up to the given one that divides the bound."""
        return replace(self, step=self.bound / math.ceil(self.bound / Fraction(step)))

    def _checked(self, index: int, size: int) -> int:
        if not 0 <= index < size:
            raise IndexError(f"the net has {size} functions, there is none of index {index}")
        return index


@dataclass(frozen=True)
class NetworkGrid(_Grid):
    r"""All networks z ↦ W_{L+1} φ(W_L ... φ(W_0 z)) of given hidden widths with all weights in step·{-r, ..., r}.

    The net has ``size`` = (2r+1)^P networks, P the number of weights and r = bound/step; on W = {0} just the zero
    function. Every network whose weight matrices have spectral norm ≤ bound is within ``error``·‖z‖ of one in the net:
    rounding moves a matrix of a entries by at most η = (step/2)·√a, and L16 applies with bound + η for B.

    Parameters
    ----------
    dimension : ℓ = dim W ≥ 0. bound : B. step : spacing; B must be a multiple. Rationals in any form `Fraction` takes.
    widths : hidden widths, at least one.

    Raises
    ------
    ValueError : a parameter out of range.

    Examples
    --------
    >>> net = NetworkGrid(2, widths=(1,))
    >>> net.size == 5**3 == len(list(net)), round(net.error, 3)
    (True, 0.957)
    >>> net[0].widths, net[124]([1, 1])
    ((1,), (Fraction(2, 1),))

    Source: Chen, Klivans and Meka (2021); THEORY section 2, L16.
    """

    widths: tuple[int, ...] = (1,)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "widths", listed(self.widths, Integral, "widths"))
        if not self.widths:
            raise ValueError("widths must name at least one hidden layer; got ()")
        for layer, width in enumerate(self.widths):
            as_count(width, f"widths[{layer}]")

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """Shapes (n_out, n_in) of the weight matrices."""
        sizes = (self.dimension, *self.widths, 1)
        return [(m, n) for n, m in pairwise(sizes)]

    @property
    def size(self) -> int:
        """(2r+1)^P."""
        return (2 * self.reach + 1) ** sum(m * n for m, n in self.shapes) if self.dimension else 1

    @property
    def error(self) -> float:
        """n·η·(B+η)^(n-1) for n = L + 2 weight matrices."""
        count, eta = len(self.shapes), self._rounding(float(self.step))
        return count * eta * (float(self.bound) + eta) ** (count - 1) if self.dimension else 0.0

    def refined(self, error: float) -> NetworkGrid:
        """A finer grid of the same family whose ``error`` is at most the given one."""
        require_real(error, "error", 0, math.inf)
        count, bound = len(self.shapes), float(self.bound)
        eta = min(error / (count * (2.0 * bound) ** (count - 1)), bound)
        return self._with_step(eta / self._rounding(1.0))

    def blocks(self, Z: Array) -> Iterator[Array]:
        """Values of all networks at the rows of Z, in the order of the net: arrays (b, n), for Z of shape (n, ℓ)."""
        Z = as_samples(Z, "Z", self.dimension)
        if self.dimension == 0:
            yield np.zeros((1, len(Z)))
            return
        digits = range(-self.reach, self.reach + 1)
        last = np.array(list(product(digits, repeat=self.widths[-1])), dtype=np.float64) * float(self.step)
        rows = max(1, _BLOCK // max(len(Z), 1))
        for weights in product(digits, repeat=sum(m * n for m, n in self.shapes[:-1])):
            hidden, flat, start = Z.T, np.array(weights, dtype=np.float64) * float(self.step), 0
            for m, n in self.shapes[:-1]:
                hidden = np.maximum(flat[start : start + m * n].reshape(m, n) @ hidden, 0.0)
                start += m * n
            for first in range(0, len(last), rows):
                yield last[first : first + rows] @ hidden

    def __getitem__(self, index: int) -> Hypothesis:
        self._checked(index, self.size)
        if self.dimension == 0:
            return _ZERO
        base, digits = 2 * self.reach + 1, []
        for _ in range(sum(m * n for m, n in self.shapes)):
            index, digit = divmod(index, base)
            digits.append(digit - self.reach)
        return self._network(tuple(reversed(digits)))

    def __iter__(self) -> Iterator[Hypothesis]:
        if self.dimension == 0:
            yield _ZERO
            return
        digits = range(-self.reach, self.reach + 1)
        for chosen in product(digits, repeat=sum(m * n for m, n in self.shapes)):
            yield self._network(chosen)

    def __len__(self) -> int:
        return self.size

    def _network(self, digits: tuple[int, ...]) -> ReLUNetwork:
        entries = iter(digits)
        return ReLUNetwork.from_arrays(
            [[[self.step * next(entries) for _ in range(n)] for _ in range(m)] for m, n in self.shapes]
        )

    def _rounding(self, step: float) -> float:
        """η: how far rounding to a grid of that step moves a weight matrix in spectral norm."""
        return step / 2.0 * math.sqrt(max(m * n for m, n in self.shapes))


def clause_structures(pieces: int) -> tuple[Structure, ...]:
    r"""All antichains of non-empty subsets of {0, ..., q-1} that use every element: lattice polynomials in q pieces.

    Their number is a(q) = Σ_i (-1)^(q-i) C(q,i) D(i) = 1, 2, 9, 114, 6894 for q = 1, ..., 5, with Dedekind's numbers
    D = 2, 3, 6, 20, 168, 7581: binomial inversion of D(q) = Σ_i C(q,i) a(i).

    Raises
    ------
    ValueError : q outside 1, ..., 5 (a(6) = 7 786 338).

    Examples
    --------
    >>> [[sorted(clause) for clause in structure] for structure in clause_structures(2)]
    [[[0], [1]], [[0, 1]]]

    Source: Ovchinnikov (2002); OEIS A000372, A006126.
    """
    if not 1 <= as_count(pieces, "pieces") < len(_DEDEKIND):
        raise ValueError(f"clause structures are listed for 1 to {len(_DEDEKIND) - 1} pieces; got {shown(pieces)}")
    return _clause_structures(int(pieces))


@cache
def _clause_structures(pieces: int) -> tuple[Structure, ...]:
    subsets = [frozenset(c) for q in range(1, pieces + 1) for c in combinations(range(pieces), q)]
    found: list[Structure] = []

    def extend(chosen: Structure, rest: list[frozenset[int]]) -> None:
        if chosen and len(frozenset().union(*chosen)) == pieces:
            found.append(chosen)
        for i, subset in enumerate(rest):
            extend((*chosen, subset), [other for other in rest[i + 1 :] if not subset <= other])

    extend((), subsets)
    return tuple(found)


def _num_structures(pieces: int) -> int:
    return sum((-1) ** (pieces - i) * math.comb(pieces, i) * _DEDEKIND[i] for i in range(pieces + 1))


@dataclass(frozen=True)
class LatticeGrid(_Grid):
    r"""All max_j min_{i ∈ I_j} ⟨w_i, z⟩ in up to p distinct gradients from (step·{-r, ..., r})^ℓ, with all clauses.

    The net has ``size`` = Σ_{q ≤ p} C(g, q)·a(q) functions as expressions, g = (2r+1)^ℓ gradients and a(q) clause
    structures (`clause_structures`). A function in p pieces with gradients of norm ≤ bound is within ``error``·‖z‖ of
    one in the net, ``error`` = (step/2)·√ℓ: its gradients rounded (L4; what rounds together is merged).

    Parameters
    ----------
    dimension : ℓ = dim W ≥ 0. bound : bound for the gradients' norms, the Lipschitz constant. step : spacing.
    pieces : p, from 1 to 5.

    Raises
    ------
    ValueError : a parameter out of range.

    Examples
    --------
    >>> net = LatticeGrid(1, pieces=2)
    >>> net.size == 5 + 10 * 2 == len(list(net)), net.error
    (True, 0.25)
    >>> print(net[5])
    max(-x0, -1/2*x0)

    Source: Chen, Klivans and Meka (2021); THEORY section 2, L4.
    """

    pieces: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        clause_structures(self.pieces)

    @property
    def num_gradients(self) -> int:
        """g = (2r+1)^ℓ."""
        return (2 * self.reach + 1) ** self.dimension

    @property
    def size(self) -> int:
        """Σ_{q ≤ p} C(g, q)·a(q)."""
        return sum(math.comb(self.num_gradients, q) * _num_structures(q) for q in range(1, self.pieces + 1))

    @property
    def error(self) -> float:
        """(step/2)·√ℓ."""
        return float(self.step) / 2.0 * math.sqrt(self.dimension)

    def refined(self, error: float) -> LatticeGrid:
        """A finer grid of the same family whose ``error`` is at most the given one."""
        require_real(error, "error", 0, math.inf)
        return self._with_step(2.0 * error / math.sqrt(self.dimension)) if self.dimension else self

    def blocks(self, Z: Array) -> Iterator[Array]:
        """Values of all functions at the rows of Z, in the order of the net: arrays (b, n), for Z of shape (n, ℓ)."""
        Z = as_samples(Z, "Z", self.dimension)
        gradients = np.array(list(self._gradients()), dtype=np.float64).reshape(self.num_gradients, self.dimension)
        values = float(self.step) * gradients @ Z.T
        for q in range(1, self.pieces + 1):
            structures = clause_structures(q)
            count = max(1, _BLOCK // (max(len(Z), 1) * len(structures)))
            choices = combinations(range(len(values)), q)
            while chunk := list(islice(choices, count)):
                yield _lattice_values(values[np.array(chunk)], structures).reshape(-1, len(Z))

    def __getitem__(self, index: int) -> Hypothesis:
        self._checked(index, self.size)
        for q in range(1, self.pieces + 1):
            rank, structure = divmod(index, _num_structures(q))
            if rank < math.comb(self.num_gradients, q):
                break
            index -= math.comb(self.num_gradients, q) * _num_structures(q)
        gradients = next(islice(combinations(self._gradients(), q), rank, None))
        return self._polynomial(gradients, clause_structures(q)[structure])

    def __iter__(self) -> Iterator[Hypothesis]:
        for q in range(1, self.pieces + 1):
            for gradients in combinations(self._gradients(), q):
                for structure in clause_structures(q):
                    yield self._polynomial(gradients, structure)

    def __len__(self) -> int:
        return self.size

    def _gradients(self) -> Iterator[tuple[int, ...]]:
        return product(range(-self.reach, self.reach + 1), repeat=self.dimension)

    def _polynomial(self, gradients: tuple[tuple[int, ...], ...], structure: Structure) -> LatticePolynomial:
        return LatticePolynomial([AffineForm(tuple(self.step * g for g in row)) for row in gradients], structure)


def _lattice_values(values: Array, structures: tuple[Structure, ...]) -> Array:
    """Values of q pieces, (b, q, n), to those of all lattice polynomials in them, (b, structures, n)."""
    minima: dict[frozenset[int], Array] = {}
    for size in range(1, values.shape[1] + 1):
        for chosen in combinations(range(values.shape[1]), size):
            first, rest = values[:, chosen[0]], frozenset(chosen[1:])
            minima[frozenset(chosen)] = np.minimum(first, minima[rest]) if rest else first
    result = np.empty((len(values), len(structures), values.shape[2]))
    for k, structure in enumerate(structures):
        result[:, k] = minima[structure[0]]
        for clause in structure[1:]:
            np.maximum(result[:, k], minima[clause], out=result[:, k])
    return result
