"""Polyhedra up to a rotation: all that a Gaussian integral sees of one."""

from dataclasses import dataclass
from functools import cached_property

from flint import fmpq, fmpq_mat, fmpz_mat

from tropical.polyhedra.cones import Cone, facets

MOST_DIMENSIONS = 3
"""Beyond this dimension, modulo the directions of invariance, nothing here has a closed form."""


@dataclass(frozen=True)
class Solid:
    """P = {x : c_i + <g_i, x> >= 0 for every facet i}, of dimension at most 3 modulo the directions of invariance.

    Held are the constants c_i, the Gram matrix K_ij = <g_i, g_j> and, as bit masks over the extreme generators of P,
    which of them lie on facet i and which are vertices. They determine P up to a rotation, and so do the same data of
    every facet, which are Schur complements.
    """

    dim: int
    constants: tuple[fmpq, ...]
    gram: tuple[tuple[fmpq, ...], ...]
    members: tuple[int, ...]
    vertices: int

    @cached_property
    def facets(self) -> tuple[tuple["Solid", tuple[int, ...]], ...]:
        """Each facet, within its hyperplane and with the foot of 0 as origin, and whose facets its own facets lie on.

        On facet i, facet j is {c_j - c_i K_ij/K_ii + <g_j - (K_ij/K_ii) g_i, x> = 0}.
        """
        return tuple(self._facet(i) for i in range(len(self.constants)))

    def height_squared(self, i: int) -> fmpq:
        """Square of the distance from 0 to the hyperplane of facet i."""
        return self.constants[i] ** 2 / self.gram[i][i]

    def share_ridge(self, i: int, j: int) -> bool:
        """Whether facets i and j meet in a face of dimension dim - 2, which for dim <= 3 has dim - 1 generators."""
        common = self.members[i] & self.members[j]
        return bool(common & self.vertices) and common.bit_count() == self.dim - 1

    def _facet(self, i: int) -> tuple["Solid", tuple[int, ...]]:
        own = self.gram[i]
        chosen = tuple(j for j in range(len(self.constants)) if j != i and self.share_ridge(i, j))
        slopes = [own[j] / own[i] for j in chosen]
        constants = (self.constants[j] - self.constants[i] * slope for j, slope in zip(chosen, slopes, strict=True))
        gram = (
            tuple(self.gram[j][k] - slope * own[k] for k in chosen) for j, slope in zip(chosen, slopes, strict=True)
        )
        members = tuple(self.members[i] & self.members[j] for j in chosen)
        return Solid(self.dim - 1, tuple(constants), tuple(gram), members, self.vertices), chosen


@dataclass(frozen=True)
class Facets:
    """The facets of a polyhedron, given as a cone over it: constants, gradients as a matrix, generators on each."""

    cone: Cone
    constants: tuple[int, ...]
    gradients: fmpz_mat
    members: tuple[int, ...]

    @classmethod
    def of(cls, cone: Cone) -> "Facets":
        """``ValueError`` if the dimension modulo invariance exceeds 3."""
        require_dimension(cone.pointed_dim - 1)
        rows = ((cone.constraints[index], members) for index, members in facets(cone).items())
        finite = [(row, members) for row, members in rows if any(row[1:])]
        columns = len(cone.constraints[0]) - 1
        gradients = fmpz_mat(len(finite), columns, [a for row, _ in finite for a in row[1:]])
        return cls(cone, tuple(row[0] for row, _ in finite), gradients, tuple(members for _, members in finite))

    def solid(self, gram: fmpq_mat) -> Solid:
        """The polyhedron, given the Gram matrix of the gradients."""
        vertices = sum(1 << i for i, generator in enumerate(self.cone.generators) if generator[0])
        table = tuple(tuple(row) for row in gram.tolist())
        return Solid(self.cone.pointed_dim - 1, tuple(map(fmpq, self.constants)), table, self.members, vertices)

    def solid_with(self, metric: fmpq_mat) -> Solid:
        """The polyhedron, given the Gram matrix of the coordinate forms."""
        return self.solid(self.gradients * metric * self.gradients.transpose())


def require_dimension(dim: int) -> None:
    """``ValueError`` if that many dimensions are too many."""
    if dim > MOST_DIMENSIONS:
        raise ValueError(
            f"rigorous Gaussian integrals need dimension at most {MOST_DIMENSIONS} modulo invariance, "
            f"got one of at least {dim}"
        )
