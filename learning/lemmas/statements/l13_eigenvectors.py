r"""L13, given M: eigenvectors of M̂ lie near V + W, ‖Π_{(V+W)⊥} v̂‖ <= ‖M̂ - M‖/|μ̂|, whatever the gaps of the spectrum."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial
from typing import Any

import numpy as np
from flint import acb, acb_mat, arb, arb_mat, ctx

from learning.lemmas.enclosures.special import MOST_ENCLOSED, rational_ball
from learning.lemmas.estimates.estimates import unit_rows
from learning.lemmas.framework.claim import Claim, compare, undecided
from learning.lemmas.framework.lemma import Evidence, FalseNeighbour, Lemma
from learning.lemmas.framework.setting import Setting
from learning.lemmas.framework.subject import Subject
from learning.lemmas.functions import residual, restricted
from learning.lemmas.rational_subspaces import Vector, complement, inner, orthogonal_basis, sum_of
from learning.sampling import GaussianOracle
from tropical import AffineForm, AffineMap, Enclosure, ReLUNetwork, filtered_moments

__all__ = ["LEMMA"]

Pair = tuple[Enclosure, list[acb], Fraction]
"""μ̂, v̂ of any length, and e with ‖M̂v̂ - μ̂v̂‖ <= e ‖v̂‖."""

_BEYOND = 3
"""Directions orthogonal to V + W that are looked at; inputs without effect are added where R^d has too few."""

_DRAWS = 20_000
"""Samples of an empirical M̂ at most."""

_SQUARINGS = 10
"""‖A‖ <= ‖A^(2^j)‖_F^(2^-j), too large by less than a thousandth for j = 10 and 6 x 6."""


@dataclass(frozen=True)
class _Known:
    """M for F∘Π_W in a frame of orthogonal rational vectors: ``inside`` spans V + W, ``beyond`` is orthogonal to it."""

    net: ReLUNetwork
    subspace: tuple[Vector, ...]
    inside: tuple[Vector, ...]
    beyond: tuple[Vector, ...]
    threshold: Fraction
    bits: int

    @property
    def frame(self) -> tuple[Vector, ...]:
        return self.inside + self.beyond

    @cached_property
    def matrix(self) -> arb_mat:
        """M = E[1_E Π_{W⊥}(xxᵀ - I)Π_{W⊥}] in the orthonormal frame."""
        function = residual(self.net, self.subspace)
        moments = filtered_moments(function, self.threshold, bits=self.bits)
        outside = moments.compressed(complement(self.subspace, self.frame))
        roots = [rational_ball(inner(b, b)).sqrt() for b in self.frame]
        return arb_mat(
            [
                [outside.quadratic(b, c).to_ball() / (p * q) for c, q in zip(self.frame, roots, strict=True)]
                for b, p in zip(self.frame, roots, strict=True)
            ]
        )

    @cached_property
    def size(self) -> Fraction:
        """A power of 2 near the largest entry of M; 1 if M is 0."""
        largest = max((abs(float(entry.mid())) for entry in self.matrix.entries()), default=0.0)
        return Fraction(2) ** (math.frexp(largest)[1] - 1) if largest else Fraction(1)

    def empirical(self, draws: int, seed: int) -> arb_mat:
        """M̂ of so many samples in this frame, computed in float64 and then taken exactly."""
        rows, restriction = unit_rows(self.frame, self.net.input_dim), restricted(self.net, self.subspace)
        outside = np.arange(len(rows)) >= len(self.subspace)
        total, kept = np.zeros((len(rows), len(rows))), 0
        for X, y in GaussianOracle(self.net, seed).batches(draws, 2048):
            inside = np.abs(y - restriction.evaluate(X)[:, 0]) > float(self.threshold)
            chosen = (X[inside] @ rows.T) * outside
            total, kept = total + chosen.T @ chosen, kept + len(chosen)
        found = (total - kept * np.diag(outside)) / draws
        return arb_mat([[rational_ball(Fraction(float(q))) for q in row] for row in (found + found.T) / 2])


def _check(subject: Subject, setting: Setting, *, share: Fraction = Fraction(1)) -> Evidence:
    """``share`` is the constant c of c γ/|μ̂|: 1 in the lemma."""
    known = _known(subject, setting)
    choices = {"W": known.subspace, "τ": known.threshold, "frame": known.frame}
    if len(known.inside) > MOST_ENCLOSED:
        reason = f"M is enclosed up to dim(V + W) = {MOST_ENCLOSED}, here it is {len(known.inside)}"
        return Evidence((), (undecided("‖Π_{(V+W)⊥} v̂‖ <= γ/|μ̂|", reason),), choices)
    with ctx.workprec(2 * setting.bits):
        perturbed = _perturbed(known, setting)
        claims = [claim for name, found, noise in perturbed for claim in _claims(known, name, found, noise, share)]
    return Evidence((), tuple(claims), choices)


def _known(subject: Subject, setting: Setting) -> _Known:
    subspace, net = orthogonal_basis(setting.subspace or ()), subject.network
    inside = sum_of(subspace, subject.relevant)
    missing = max(0, len(inside) + _BEYOND - subject.dimension)
    if missing:
        forms = [AffineForm(unit, Fraction(0)) for unit in _units(subject.dimension, missing)]
        net = net.compose(AffineMap(tuple(forms)))
        zeros = (Fraction(0),) * missing
        subspace, inside = (tuple(row + zeros for row in rows) for rows in (subspace, inside))
    seen = len(inside) + _BEYOND
    beyond = complement(inside, _units(seen, net.input_dim - seen))[:_BEYOND]
    return _Known(net, subspace, inside, beyond, setting.threshold or _quarter(subject), setting.bits)


def _quarter(subject: Subject) -> Fraction:
    """A number with few digits near Λ/4; 1 for a constant F."""
    mantissa, exponent = math.frexp(math.sqrt(subject.lipschitz_squared) / 4)
    return Fraction(round(64 * mantissa), 64) * Fraction(2) ** exponent or Fraction(1)


def _units(count: int, zeros: int) -> list[Vector]:
    """The first ``count`` unit vectors of Q^(count + zeros)."""
    return [tuple(Fraction(int(i == j)) for j in range(count + zeros)) for i in range(count)]


def _perturbed(known: _Known, setting: Setting) -> Iterator[tuple[str, arb_mat, arb_mat]]:
    """Names, M̂ and M̂ - M: rational symmetric noise of several sizes and kinds, and what samples give."""
    rng, size, last = random.Random(setting.seed), known.size, len(known.frame) - 1
    noises: dict[str, dict[tuple[int, int], Fraction]] = {}
    for scale in (Fraction(1, 16), Fraction(1), Fraction(4)):
        entries = {
            (i, j): scale * size * Fraction(rng.randint(-8, 8), 8) for i in range(last + 1) for j in range(i + 1)
        }
        noises[f"entries of M̂ - M up to {scale * size}"] = entries
    noises[f"M̂ - M couples two directions by {size / 4}"] = {(last, 0): size / 4}
    noises[f"M̂ - M has rank 1 and norm {size / 4} off V + W"] = {(last, last): size / 4}
    for name, entries in noises.items():
        table = [[entries.get((max(i, j), min(i, j)), Fraction(0)) for j in range(last + 1)] for i in range(last + 1)]
        noise = arb_mat([[rational_ball(entry) for entry in row] for row in table])
        yield name, known.matrix + noise, noise
    draws = min(setting.samples, _DRAWS)
    found = known.empirical(draws, setting.seed)
    yield f"M̂ of {draws} samples", found, found - known.matrix


def _claims(known: _Known, name: str, found: arb_mat, noise: arb_mat, share: Fraction) -> Iterator[Claim]:
    """One claim for each eigenpair of M̂; if they cannot be isolated, for approximate ones in residual form."""
    gamma, factor = _norm_bound(noise), "" if share == 1 else f"{share} "
    pairs = _eigenpairs(found)
    text = f"{factor}γ/|μ̂|" if pairs else f"{factor}(γ + e)/|μ̂| with M̂v̂ = μ̂v̂ up to e"
    for number, (value, vector, error) in enumerate(pairs or _approximate(found)):
        squares = [entry.real * entry.real + entry.imag * entry.imag for entry in vector]
        left = _root(sum(squares[len(known.inside) :], arb(0)) / sum(squares, arb(0)))
        least, most = sorted((abs(value.lower), abs(value.upper)))
        if Fraction(0) in value:
            continue
        right = Enclosure(share * (gamma + error) / most, share * (gamma + error) / least)
        yield compare(f"‖Π_{{(V+W)⊥}} v̂‖ <= {text}, {name}, pair {number}", left, "<=", right, gamma=gamma)


def _eigenpairs(matrix: arb_mat) -> list[Pair]:
    """All eigenpairs, rigorously, of every symmetric matrix in the ball; none unless all of them can be isolated."""
    try:
        values, vectors = acb_mat(matrix).eig(right=True)
    except ValueError:
        return []
    columns = zip(*vectors.tolist(), strict=True)
    real = (Enclosure.from_ball(value.real) for value in values)
    return [(value, list(column), Fraction(0)) for value, column in zip(real, columns, strict=True)]


def _approximate(matrix: arb_mat) -> list[Pair]:
    """Rational μ and v near the eigenpairs, with an upper bound e of ‖M̂v - μv‖/‖v‖.

    Π⊥M = 0 gives μ Π⊥v = Π⊥(M̂ - M)v - Π⊥(M̂v - μv), hence ‖Π⊥v‖ <= (γ + e)/|μ| ‖v‖.
    """
    middle = np.array([[float(entry.mid()) for entry in row] for row in matrix.tolist()])
    values, vectors = np.linalg.eigh(middle)
    found: list[Pair] = []
    for value, column in zip(map(Fraction, values.tolist()), vectors.T.tolist(), strict=True):
        vector = arb_mat([[rational_ball(Fraction(entry))] for entry in column])
        rest = (matrix * vector - vector * rational_ball(value)).entries()
        error = _root(_square_sum(rest) / _square_sum(vector.entries())).upper
        found.append((Enclosure(value, value), [acb(entry) for entry in vector.entries()], error))
    return found


def _norm_bound(matrix: arb_mat) -> Fraction:
    """An upper bound of the spectral norm of a symmetric matrix A: ‖A^n‖_F^(1/n) for n = 2^10, and a little more."""
    for _ in range(_SQUARINGS):
        matrix = matrix * matrix
    bound = _root(_square_sum(matrix.entries())).upper
    for _ in range(_SQUARINGS):
        bound = _root(rational_ball(bound)).upper
    return bound * (1 + Fraction(1, 2**64))


def _square_sum(entries: list[arb]) -> arb:
    return sum((entry * entry for entry in entries), arb(0))


def _root(ball: arb) -> Enclosure:
    """The square root of a number known to be at least 0."""
    square = Enclosure.from_ball(ball)
    lower, upper = (rational_ball(max(end, Fraction(0))).sqrt() for end in (square.lower, square.upper))
    return Enclosure(max(Enclosure.from_ball(lower).lower, Fraction(0)), Enclosure.from_ball(upper).upper)


def _plane() -> tuple[ReLUNetwork, Mapping[str, Any]]:
    """|x_0 + x_1| - |x_0 - x_1| in R^5: noise alone off V has an eigenvector with ‖Π_{V⊥} v̂‖ = 1 and |μ̂| = γ."""
    rows = [[1, 1, 0, 0, 0], [-1, -1, 0, 0, 0], [1, -1, 0, 0, 0], [-1, 1, 0, 0, 0]]
    return ReLUNetwork.from_arrays([rows, [[1, 1, -1, -1]]]), {"samples": 1000}


LEMMA = Lemma(
    label="L13",
    title="Eigenvector certificate, given M",
    statement=(
        r"If $\Vert\hat M - M\Vert \leq \gamma$, $\hat M \hat v = \hat\mu \hat v$ and $\Vert\hat v\Vert = 1$, then "
        r"$\Vert\Pi_{(V+W)^\perp} \hat v\Vert \leq \gamma/|\hat\mu|$."
    ),
    hypotheses=("M̂ is symmetric, μ̂ is not 0; γ is computed, not assumed",),
    kind="gaussian",
    source="THEORY L13: Π M = 0 for the projection Π onto the complement of V + W (L7), so μ̂ Π v̂ = Π (M̂ - M) v̂",
    check=_check,
    neighbours=(
        FalseNeighbour(
            r"$\Vert\Pi_{(V+W)^\perp} \hat v\Vert \leq \gamma/(2|\hat\mu|)$",
            partial(_check, share=Fraction(1, 2)),
            _plane,
        ),
    ),
)
