"""Where a lattice form over samples could be wrong: faces of its regions, and points where L1's two bounds differ."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product
from math import comb

import numpy as np
from numpy.typing import NDArray

from learning.recovery.clauses import lattice_bounds

__all__ = ["Arrangement"]

Array = NDArray[np.float64]
Indices = NDArray[np.intp]
Table = NDArray[np.bool_]

_FAR = 2.0**-20  # height of a point that stands for a direction at infinity: float64 labels keep 32 bits there
_NEIGHBOURS = 8  # neighbours of a point whose pieces count as adjacent to its own
_SUBSETS = 150  # vertices tried per piece; a cell of k ≤ 3 has about ten facets
_PAIRS = 60  # pairs of vertices per piece whose midpoints are probed
_CHUNK = 32  # clauses tested before the rays that fail are dropped
_NEARBY = (1e-2, 1e-4)  # distances from a vertex at which the cells around it are probed


@dataclass(frozen=True)
class Arrangement:
    r"""Pieces in coordinates of V, with the two bounds of L1, on rays h of R^n: n = k, or k + 1 with constants.

    Attributes
    ----------
    rows : (p, n) pieces as linear forms on R^n. lower, upper : clauses and dual clauses. affine : whether the last
        coordinate is the homogenising one (≥ 0). slack : differences of values on unit rays that count as rounding.
    """

    rows: Array
    lower: Table
    upper: Table
    affine: bool
    slack: float

    def gap(self, rays: Array) -> Array:
        """min-max minus max-min on each ray: positive where the form is unproven."""
        below, over = lattice_bounds(rays @ self.rows.T, self.lower, self.upper)
        return np.asarray(over - below)

    def crossings(self, rays: Array, owner: Indices, *, each: int = 2) -> tuple[Array, Indices]:
        r"""Between neighbours with different pieces a, b: where ℓ_a = ℓ_b on the segment, or its middle.

        A continuous F with no further piece between them breaks at the first; without such a point another piece is
        certain.

        Returns
        -------
        (m, n) rays and the (m, 2) pairs of pieces.
        """
        from scipy.spatial import cKDTree

        count = min(_NEIGHBOURS + 1, len(rays))
        near = cKDTree(rays).query(rays, k=count)[1].reshape(len(rays), count)[:, 1:]
        left, right = np.repeat(np.arange(len(rays)), near.shape[1]), near.ravel()
        differ = owner[left] != owner[right]
        left, right = left[differ], right[differ]
        pairs = np.sort(np.column_stack([owner[left], owner[right]]), axis=1)
        kept = _first_of_each(pairs, each)
        left, right, pairs = left[kept], right[kept], pairs[kept]
        difference = self.rows[pairs[:, 0]] - self.rows[pairs[:, 1]]
        one, two = (np.einsum("mn,mn->m", difference, rays[end]) for end in (left, right))
        opposite = one * two < 0.0
        weight = np.where(opposite, np.abs(two) / np.maximum(np.abs(one) + np.abs(two), 1e-300), 0.5)[:, None]
        return unit_rays(weight * rays[left] + (1.0 - weight) * rays[right]), pairs

    def vertices(self, pairs: Indices) -> tuple[Array, Indices]:
        r"""Rays where a piece meets n - 1 adjacent ones and L1 allows its value: the vertices of the regions.

        Returns
        -------
        (m, n) rays and the (m,) pieces that own them; a vertex comes once for each of its pieces.
        """
        size = self.rows.shape[1] - 1
        if not size or not len(pairs):
            return np.zeros((0, size + 1)), np.zeros(0, dtype=np.intp)
        rng = np.random.default_rng(0)
        systems, owners = [], []
        for a in range(len(self.rows)):
            adjacent = np.unique(np.concatenate([pairs[pairs[:, 0] == a, 1], pairs[pairs[:, 1] == a, 0]]))
            subsets = np.array(list(combinations(adjacent.tolist(), size)), dtype=np.intp).reshape(-1, size)
            if len(subsets) > _SUBSETS:
                subsets = subsets[rng.choice(len(subsets), _SUBSETS, replace=False)]
            systems.append(self.rows[subsets] - self.rows[a])
            owners.append(np.full(len(subsets), a))
        stacked, owner = np.concatenate(systems), np.concatenate(owners)
        if not len(stacked):
            return np.zeros((0, size + 1)), np.zeros(0, dtype=np.intp)
        rays = np.linalg.svd(stacked, full_matrices=True)[2][:, -1]
        rays, owner = np.vstack([rays, -rays]), np.concatenate([owner, owner])
        inside = rays[:, -1] >= -1e-12 if self.affine else np.ones(len(rays), dtype=bool)
        rays, owner = rays[inside], owner[inside]
        below, over = lattice_bounds(rays @ self.rows.T, self.lower, self.upper)
        own = np.einsum("mn,mn->m", rays, self.rows[owner])
        allowed = (own >= below - self.slack) & (own <= over + self.slack)
        return _distinct(rays[allowed], owner[allowed])

    def order_cells(self, known: Array, owner: Indices, *, most: int = 4_000_000) -> Array | None:
        r"""A ray of every order-cell with a vertex where the bounds differ; None if there are over ``most`` candidates.

        The clause of a point with piece a depends on the signs of ℓ_i - ℓ_a only. So for each a the hyperplanes
        ℓ_i = ℓ_a, and with constants the one at infinity, are intersected; around every vertex at which L1 allows
        F = ℓ_a all cells are looked at, as far out as known rays (m, n) with piece a = ``owner`` reach.
        """
        size = self.rows.shape[1] - 1
        count = len(self.rows)
        if not size:
            ends = np.array([[1.0], [-1.0]])
            return ends[self.gap(ends) > self.slack]
        if count * comb(count - 1, size) > most:
            return None
        horizon = np.eye(size + 1)[size:] if self.affine else self.rows[:0]
        signs = np.array(list(product((-1.0, 1.0), repeat=size))).reshape(2**size, size)
        rng = np.random.default_rng(0)
        open_ = [np.zeros((0, size + 1))]
        for a in range(count):
            lines = _distinct_lines(np.vstack([np.delete(self.rows, a, axis=0) - self.rows[a], horizon]))
            chosen = np.array(list(combinations(range(len(lines)), size)), dtype=np.intp).reshape(-1, size)
            systems, rays = _corners(lines, chosen)
            near = _in_cap(rays, known[owner == a])
            inside = near[self._allowed(rays[near], a)]
            systems, rays = systems[inside], rays[inside]
            near = np.vstack([_beside(systems, rays, sign, lines, rng) for sign in signs])
            if self.affine:
                near = near[near[:, -1] > 0.0]
            values = near @ self.rows.T
            below, over = lattice_bounds(values, self.lower, self.upper)
            allowed = (below <= values[:, a] + self.slack) & (values[:, a] <= over + self.slack)
            open_.append(near[allowed & (over - below > self.slack)])
        return np.vstack(open_)

    def _allowed(self, rays: Array, a: int) -> Indices:
        """Indices of the rays at which the bounds allow F = ℓ_a."""
        alive = np.arange(len(rays))
        if self.affine:
            alive = alive[rays[:, -1] >= -1e-12]
        empty = self.lower[:0]
        for table, sign in ((self.lower, 1.0), (self.upper, -1.0)):
            others = table[~table[:, a]]
            for start in range(0, len(others), _CHUNK):
                values = sign * (rays[alive] @ self.rows.T)
                below = lattice_bounds(values, others[start : start + _CHUNK], empty)[0]
                alive = alive[below <= values[:, a] + self.slack]
        return alive

    def probes(self, vertices: Array, owner: Indices, rng: np.random.Generator) -> Array:
        """The vertices, points in the cells around them, and points between two vertices of one piece."""
        rays = [vertices]
        for distance in _NEARBY:
            rays += [vertices + distance * rng.standard_normal(vertices.shape) for _ in range(2)]
        for a in np.unique(owner):
            own = vertices[owner == a]
            ends = np.array(list(combinations(range(len(own)), 2)), dtype=np.intp).reshape(-1, 2)
            if len(ends) > _PAIRS:
                ends = ends[rng.choice(len(ends), _PAIRS, replace=False)]
            rays += [own[ends[:, 0]] + own[ends[:, 1]], own.mean(axis=0, keepdims=True)]
        found = np.vstack(rays)
        found = found[np.linalg.norm(found, axis=1) > 1e-6]
        if self.affine:
            found[:, -1] = np.abs(found[:, -1])
        return unit_rays(found)


def _distinct_lines(normals: Array) -> Array:
    """Unit normals, one for each hyperplane."""
    lengths = np.linalg.norm(normals, axis=1)
    lines = normals[lengths > 1e-12] / lengths[lengths > 1e-12, None]
    leading = lines[np.arange(len(lines)), np.abs(lines).argmax(axis=1)]
    lines = lines * np.sign(leading)[:, None]
    return np.asarray(lines[np.unique(np.round(lines, 10) + 0.0, axis=0, return_index=True)[1]])


def _corners(lines: Array, chosen: Indices) -> tuple[Array, Array]:
    """Both unit rays on which the chosen n - 1 hyperplanes meet, where they are independent, with their normals."""
    systems = lines[chosen]
    if systems.shape[1] == 2:
        rays = np.cross(systems[:, 0], systems[:, 1])
    else:
        rays = np.linalg.svd(systems, full_matrices=True)[2][:, -1]
    lengths = np.linalg.norm(rays, axis=1)
    good = lengths > 1e-9
    systems, rays = systems[good], rays[good] / lengths[good, None]
    return np.concatenate([systems, systems]), np.concatenate([rays, -rays])


def _beside(systems: Array, rays: Array, sign: Array, lines: Array, rng: np.random.Generator) -> Array:
    """Points next to the rays on the given sides of their hyperplanes, and on no other side of any hyperplane."""
    if not len(rays):
        return rays
    gram = systems @ systems.transpose(0, 2, 1)
    regular = np.linalg.det(gram) > 1e-16
    systems, rays, gram = systems[regular], rays[regular], gram[regular]
    sides = sign * rng.uniform(0.5, 1.0, size=(len(rays), len(sign)))
    steps = np.einsum("mij,mi->mj", systems, np.linalg.solve(gram, sides[:, :, None])[:, :, 0])
    height, climb = np.abs(rays @ lines.T), np.abs(steps @ lines.T)
    room = np.where(height > 1e-10, height / np.maximum(climb, 1e-300), np.inf).min(axis=1, initial=np.inf)
    length = np.minimum(0.4 * room, 0.25 / np.maximum(np.linalg.norm(steps, axis=1), 1e-300))
    return unit_rays(rays + length[:, None] * steps)


def _in_cap(rays: Array, known: Array, *, margin: float = 1.2) -> Indices:
    """Indices of the rays in the cap about the mean of the known ones that reaches a little farther than they do."""
    if not len(known):
        return np.arange(len(rays))
    centre = unit_rays(known.mean(axis=0, keepdims=True))[0]
    widest = float(np.arccos(np.clip(known @ centre, -1.0, 1.0)).max())
    return np.flatnonzero(rays @ centre >= np.cos(min(margin * widest + 1e-6, np.pi)))


def unit_rays(rays: Array) -> Array:
    """The rays, each of length one."""
    return np.asarray(rays / np.maximum(np.linalg.norm(rays, axis=1), 1e-300)[:, None])


def rays_of(places: Array, affine: bool) -> Array:
    """Rays of points of V given in coordinates (m, k)."""
    return unit_rays(np.column_stack([places, np.ones(len(places))]) if affine else places)


def places_of(rays: Array, affine: bool) -> Array:
    """Coordinates in V of a point of each ray: of length one, or at height one, at most 2^20 away."""
    if not affine:
        return rays
    return np.asarray(rays[:, :-1] / np.maximum(rays[:, -1:], _FAR))


def _first_of_each(pairs: Indices, each: int) -> Indices:
    """Indices of the first ``each`` occurrences of every distinct row."""
    order = np.lexsort(pairs.T)
    ordered = pairs[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    start = np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))
    return np.sort(order[np.arange(len(order)) - start < each])


def _distinct(rays: Array, owner: Indices) -> tuple[Array, Indices]:
    keys = np.column_stack([np.round(rays, 9) + 0.0, owner])
    kept = np.sort(np.unique(keys, axis=0, return_index=True)[1])
    return rays[kept], owner[kept]
