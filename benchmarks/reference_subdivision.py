"""A float64 yardstick for region enumeration: cut the face lattice of a box neuron by neuron, in NumPy.

Not exact (one fixed tolerance, generic networks only): a number to beat and a second opinion.
`python benchmarks/reference_subdivision.py [W1 W2 ...]` prints cells, seconds and cells/s per network.
"""

import itertools
import sys
import time
from dataclasses import dataclass

import numpy as np
import yardsticks

TOLERANCE = 1e-12

Floats = np.ndarray
Integers = np.ndarray
Booleans = np.ndarray


@dataclass(frozen=True)
class Incidence:
    """Boundary of every k-face as a list of (k-1)-faces, in CSR form."""

    start: Integers
    faces: Integers

    @classmethod
    def from_pairs(cls, owner: Integers, face: Integers, count: int) -> "Incidence":
        """The incidence of ``count`` faces from pairs (k-face, (k-1)-face) in any order."""
        start = np.zeros(count + 1, np.int64)
        np.cumsum(np.bincount(owner, minlength=count), out=start[1:])
        return cls(start, face[np.argsort(owner, kind="stable")])

    def __len__(self) -> int:
        return len(self.start) - 1

    def owner(self) -> Integers:
        """The k-face of every entry of ``faces``."""
        return np.repeat(np.arange(len(self)), np.diff(self.start))


@dataclass(frozen=True)
class Signs:
    """Where one neuron is positive, negative, or both, on the faces of every dimension (a list entry each)."""

    plus: list[Booleans]
    minus: list[Booleans]
    cut: list[Booleans]


@dataclass(frozen=True)
class Pieces:
    """What became of the k-faces: of a cut one, its face on the hyperplane and its negative part; -1 elsewhere."""

    zero: Integers
    minus: Integers
    count: int  # faces of dimension k after cutting, without those on the hyperplane


def box_complex(dim: int, lower: float = -1.0, upper: float = 1.0) -> tuple[Floats, list[Incidence]]:
    """Vertices (2^dim, dim) of a cube and the incidences of its faces; entry 0 of the list is empty."""
    by_dim: list[list[tuple[int, ...]]] = [[] for _ in range(dim + 1)]
    for face in itertools.product((0, 1, 2), repeat=dim):  # 2 = free coordinate
        by_dim[face.count(2)].append(face)
    index = [{face: i for i, face in enumerate(faces)} for faces in by_dim]
    vertices = np.array([[upper if c else lower for c in face] for face in by_dim[0]])
    nothing = np.zeros(0, np.int64)
    boundary = [Incidence(np.zeros(1, np.int64), nothing)]
    for k in range(1, dim + 1):
        pairs = [
            (i, index[k - 1][(*face[:axis], side, *face[axis + 1 :])])
            for i, face in enumerate(by_dim[k])
            for axis in range(dim)
            if face[axis] == 2
            for side in (0, 1)
        ]
        owner, sub = np.array(pairs).T
        boundary.append(Incidence.from_pairs(owner, sub, len(by_dim[k])))
    return vertices, boundary


def signs_on_faces(column: Floats, boundary: list[Incidence]) -> tuple[Integers, Signs]:
    """Sign at every vertex of a neuron given by its values there, and what follows for all faces."""
    sign = np.where(np.abs(column) < TOLERANCE, 0, np.sign(column))
    plus, minus = [sign > 0], [sign < 0]
    for level in boundary[1:]:
        plus.append(np.logical_or.reduceat(plus[-1][level.faces], level.start[:-1]))
        minus.append(np.logical_or.reduceat(minus[-1][level.faces], level.start[:-1]))
    return sign, Signs(plus, minus, [p & m for p, m in zip(plus, minus, strict=True)])


def cut(
    vertices: Floats, boundary: list[Incidence], values: Floats, neuron: int
) -> tuple[Floats, list[Incidence], Floats]:
    """Split every face on which column ``neuron`` of ``values`` (one row per vertex) changes sign."""
    dim = len(boundary) - 1
    sign, signs = signs_on_faces(values[:, neuron], boundary)
    if not signs.cut[1].any():
        return vertices, boundary, values
    n_old = len(vertices)
    ends = boundary[1].faces.reshape(-1, 2)[signs.cut[1]]
    vertices, values = add_vertices(vertices, values, ends, neuron)
    edges, pieces = split_edges(boundary[1], signs.cut[1], sign, n_old)
    result, pairs = [boundary[0]], (boundary[0].faces, boundary[0].faces)
    for k in range(2, dim + 1):
        owner = boundary[k].owner()
        touched = signs.cut[k][owner]
        zero = zero_faces(boundary, signs, pieces, k, owner[touched], boundary[k].faces[touched])
        new_zero = np.full(len(boundary[k]), -1)
        new_zero[signs.cut[k]] = pieces.count + np.arange(signs.cut[k].sum())
        if k == 2:
            edges = np.vstack([edges, zero[1][np.argsort(zero[0], kind="stable")].reshape(-1, 2)])
            result.append(Incidence(np.arange(0, 2 * len(edges) + 1, 2), edges.ravel()))
        else:
            owners, faces = np.concatenate([pairs[0], new_zero[zero[0]]]), np.concatenate([pairs[1], zero[1]])
            result.append(Incidence.from_pairs(owners, faces, pieces.count + int(signs.cut[k].sum())))
        pairs, pieces = split_faces(boundary[k], signs, pieces, new_zero, k, owner, touched)
    result.append(Incidence.from_pairs(*pairs, pieces.count))
    return vertices, result, values


def add_vertices(vertices: Floats, values: Floats, ends: Integers, neuron: int) -> tuple[Floats, Floats]:
    """One new vertex on every cut edge; every neuron of the layer is affine there, so values are interpolated."""
    first, second = ends.T
    a, b = values[first, neuron], values[second, neuron]
    t = (a / (a - b))[:, None]
    new_values = values[first] * (1 - t) + values[second] * t
    new_values[:, neuron] = 0
    new_vertices = vertices[first] * (1 - t) + vertices[second] * t
    return np.vstack([vertices, new_vertices]), np.vstack([values, new_values])


def split_edges(level: Incidence, is_cut: Booleans, sign: Integers, n_old: int) -> tuple[Integers, Pieces]:
    """Ends of all edges, a cut one keeping its positive half and its negative half appended."""
    edges, cut_edges = level.faces.reshape(-1, 2).copy(), np.flatnonzero(is_cut)
    zero, minus = np.full(len(level), -1), np.full(len(level), -1)
    zero[cut_edges] = n_old + np.arange(len(cut_edges))
    minus[cut_edges] = len(level) + np.arange(len(cut_edges))
    ends = edges[cut_edges]
    first_up = sign[ends[:, 0]] > 0
    edges[cut_edges] = np.stack([np.where(first_up, ends[:, 0], ends[:, 1]), zero[cut_edges]], 1)
    negative = np.stack([np.where(first_up, ends[:, 1], ends[:, 0]), zero[cut_edges]], 1)
    return np.vstack([edges, negative]), Pieces(zero, minus, len(level) + len(cut_edges))


def zero_faces(
    boundary: list[Incidence], signs: Signs, pieces: Pieces, k: int, face: Integers, facet: Integers
) -> tuple[Integers, Integers]:
    """Pairs (cut k-face, (k-2)-face) that bound its face on the hyperplane, from the facets of cut k-faces.

    They are the zero faces of cut facets, and the (k-2)-faces that lie in the hyperplane.
    """
    lower = boundary[k - 1]
    facet_cut = signs.cut[k - 1][facet]
    owners, subs = [face[facet_cut]], [pieces.zero[facet[facet_cut]]]
    flat = ~signs.plus[k - 2] & ~signs.minus[k - 2]
    if flat.any():
        size = np.diff(lower.start)[facet]
        offset = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
        ridge = lower.faces[np.repeat(lower.start[facet], size) + offset]
        pair = np.unique(np.stack([np.repeat(face, size)[flat[ridge]], ridge[flat[ridge]]], 1), axis=0)
        owners.append(pair[:, 0])
        subs.append(pair[:, 1])
    return np.concatenate(owners), np.concatenate(subs)


def split_faces(
    level: Incidence, signs: Signs, lower: Pieces, zero: Integers, k: int, owner: Integers, touched: Booleans
) -> tuple[tuple[Integers, Integers], Pieces]:
    """Pairs (k-face, (k-1)-face) after cutting, a cut face keeping its positive part; and what became of the faces."""
    cut_faces = np.flatnonzero(signs.cut[k])
    face, facet = owner[touched], level.faces[touched]
    facet_cut = signs.cut[k - 1][facet]
    minus = np.full(len(level), -1)
    minus[cut_faces] = len(level) + np.arange(len(cut_faces))
    above = ~facet_cut & signs.plus[k - 1][facet]
    below = ~facet_cut & signs.minus[k - 1][facet]
    pairs = [
        (owner[~touched], level.faces[~touched]),
        (face[above], facet[above]),
        (face[facet_cut], facet[facet_cut]),
        (cut_faces, zero[cut_faces]),
        (minus[face[below]], facet[below]),
        (minus[face[facet_cut]], lower.minus[facet[facet_cut]]),
        (minus[cut_faces], zero[cut_faces]),
    ]
    owners, faces = (np.concatenate(part) for part in zip(*pairs, strict=True))
    return (owners, faces), Pieces(zero, minus, len(level) + len(cut_faces))


def subdivide(weights: list[Floats], biases: list[Floats]) -> tuple[Floats, list[Incidence]]:
    """Face lattice of the activation regions in [-1, 1]^n, n >= 2: vertices and incidences of dimensions 1 to n."""
    vertices, boundary = box_complex(weights[0].shape[1])
    for depth in range(len(weights) - 1):
        hidden = vertices
        for weight, bias in zip(weights[:depth], biases[:depth], strict=True):
            hidden = np.maximum(hidden @ weight.T + bias, 0)
        values = hidden @ weights[depth].T + biases[depth]
        for neuron in range(len(biases[depth])):
            vertices, boundary, values = cut(vertices, boundary, values, neuron)
    return vertices, boundary


def count_cells(weights: list[Floats], biases: list[Floats]) -> int:
    """Number of activation regions in [-1, 1]^n."""
    return len(subdivide(weights, biases)[1][-1])


def main(names: list[str]) -> None:
    """Print one line per network, its count and Euler characteristic asserted."""
    for name in names or ("W1", "W2", "W3", "W4", "W5", "W7", "W8"):
        weights, biases = yardsticks.network(name)
        start = time.perf_counter()
        vertices, boundary = subdivide(weights, biases)
        seconds = time.perf_counter() - start
        cells = len(boundary[-1])
        euler = len(vertices) + sum((-1) ** k * len(boundary[k]) for k in range(1, len(boundary)))
        assert euler == 1, f"{name}: Euler characteristic {euler}"
        assert cells == yardsticks.CELLS[name], f"{name}: {cells} cells, exactly {yardsticks.CELLS[name]}"
        shape = "-".join(map(str, yardsticks.ARCHITECTURES[name]))
        print(f"{name} {shape}: {cells} cells, {seconds:.3f} s, {cells / seconds:,.0f} cells/s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
