"""Convex polyhedra over Q, as domains: half-space and generator form."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from tropical.arguments import require
from tropical.arithmetic.rationals import Vector, as_vector, primitive
from tropical.functions.affine import AffineForm, as_forms
from tropical.polyhedra.cones import Cone, half_space, intersect


@dataclass(frozen=True)
class Polyhedron:
    """The closed set {x in Q^n : h(x) >= 0 for every half-space h}; it must be full-dimensional.

    Raises ``ValueError`` if there is no half-space, they live on different spaces, or the set has empty interior.

    >>> triangle = Polyhedron([AffineForm([1, 0]), AffineForm([0, 1]), AffineForm([-1, -1], 1)])
    >>> triangle.vertices
    ((Fraction(0, 1), Fraction(0, 1)), (Fraction(0, 1), Fraction(1, 1)), (Fraction(1, 1), Fraction(0, 1)))
    >>> triangle.contains([0, "1/2"]), triangle.contains([1, 1])
    (True, False)
    """

    halfspaces: tuple[AffineForm, ...]

    def __init__(self, halfspaces: Sequence[AffineForm]) -> None:
        given = as_forms(halfspaces, "halfspaces")
        dims = {h.input_dim for h in given}
        if len(dims) != 1 or dims == {0}:
            where = f"{len(given)} on spaces of dimension {sorted(dims)}"
            raise ValueError(f"halfspaces must all be on one space of dimension >= 1, got {where}")
        meant = [h for h in given if h.constant or any(h.gradient)]  # but for 0 >= 0, which says nothing
        everywhere = AffineForm((Fraction(0),) * given[0].input_dim, Fraction(1))
        object.__setattr__(self, "halfspaces", tuple(meant) or (everywhere,))
        if self._cone is None:
            raise ValueError(f"the polyhedron of {len(self.halfspaces)} half-spaces has empty interior")

    @property
    def input_dim(self) -> int:
        """Dimension n of the ambient space."""
        return self.halfspaces[0].input_dim

    @cached_property
    def _cone(self) -> Cone | None:
        rows = [primitive((h.constant, *h.gradient)) for h in self.halfspaces]
        return intersect(half_space(self.input_dim), rows)

    @property
    def cone(self) -> Cone:
        """The cone over {1} x polyhedron."""
        assert self._cone is not None
        return self._cone

    @property
    def vertices(self) -> tuple[Vector, ...]:
        """Vertices, sorted (representatives modulo the lineality space)."""
        found = [tuple(Fraction(a, g[0]) for a in g[1:]) for g in self.cone.generators if g[0]]
        return tuple(sorted(found))

    @property
    def rays(self) -> tuple[Vector, ...]:
        """Extreme rays of the recession cone as primitive integer vectors, sorted."""
        return tuple(sorted(tuple(Fraction(a) for a in g[1:]) for g in self.cone.generators if not g[0]))

    def contains(self, x: Iterable[Any]) -> bool:
        """Whether x lies in the closed polyhedron."""
        point = as_vector(x, "x")
        return all(h(point) >= 0 for h in self.halfspaces)


class Box(Polyhedron):
    """The box {x : lower_i <= x_i <= upper_i}; ``ValueError`` unless lower_i < upper_i for every i.

    >>> Box([-1, -1], [1, "3/2"]).upper
    (Fraction(1, 1), Fraction(3, 2))
    """

    def __init__(self, lower: Iterable[Any], upper: Iterable[Any]) -> None:
        low, high = as_vector(lower, "lower"), as_vector(upper, "upper")
        if len(low) != len(high) or not low:
            raise ValueError(f"lower and upper must have the same positive length, got {len(low)} and {len(high)}")
        for i, (a, b) in enumerate(zip(low, high, strict=True)):
            if a >= b:
                raise ValueError(f"a box needs lower < upper, got lower[{i}] = {a} and upper[{i}] = {b}")
        axes = [tuple(Fraction(int(i == j)) for j in range(len(low))) for i in range(len(low))]
        above = [AffineForm(axis, -a) for axis, a in zip(axes, low, strict=True)]
        below = [-AffineForm(axis, -b) for axis, b in zip(axes, high, strict=True)]
        super().__init__([*above, *below])

    @property
    def lower(self) -> Vector:
        """Lower ends."""
        return tuple(-h.constant for h in self.halfspaces[: self.input_dim])

    @property
    def upper(self) -> Vector:
        """Upper ends."""
        return tuple(h.constant for h in self.halfspaces[self.input_dim :])

    def __repr__(self) -> str:
        return f"Box({[str(q) for q in self.lower]}, {[str(q) for q in self.upper]})"


def require_domain(domain: Any, input_dim: int, what: str = "the function") -> None:
    """``ValueError`` unless ``domain`` is None or a polyhedron on the same space.

    >>> require_domain(Box([0], [1]), 2)
    Traceback (most recent call last):
    ValueError: the domain lives on R^1, the function on R^2
    """
    if domain is None:
        return
    require(domain, Polyhedron, "domain", "a Box, a Polyhedron or None")
    if domain.input_dim != input_dim:
        raise ValueError(f"the domain lives on R^{domain.input_dim}, {what} on R^{input_dim}")
