"""Convex polyhedra over Q, as domains: half-space and generator form."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from tropical.arithmetic.rationals import Vector, as_vector, primitive
from tropical.functions.affine import AffineForm
from tropical.notation import text_form, text_rational
from tropical.polyhedra.cones import Cone, half_space, intersect
from tropical.values import Value, short, summary

_SHOWN = 6  # half-spaces, and terms of each, in short


@dataclass(frozen=True, repr=False)
class Polyhedron(Value):
    """The closed set {x in Q^n : h(x) >= 0 for every half-space h}; it must be full-dimensional.

    ``==`` and ``hash`` go by the half-spaces, in their order, and the class: one set may be given in unequal ways.
    Raises ``ValueError`` if there is no half-space, they live on different spaces, or the set has empty interior.

    >>> triangle = Polyhedron([AffineForm([1, 0]), AffineForm([0, 1]), AffineForm([-1, -1], 1)])
    >>> triangle.vertices
    ((Fraction(0, 1), Fraction(0, 1)), (Fraction(0, 1), Fraction(1, 1)), (Fraction(1, 1), Fraction(0, 1)))
    >>> triangle.contains([0, "1/2"]), triangle.contains([1, 1])
    (True, False)
    """

    halfspaces: tuple[AffineForm, ...]

    def __init__(self, halfspaces: Sequence[AffineForm]) -> None:
        object.__setattr__(self, "halfspaces", tuple(halfspaces))
        if len({h.input_dim for h in self.halfspaces}) != 1:
            raise ValueError("a polyhedron needs half-spaces, all on one space of dimension >= 1")
        if self._cone is None:
            raise ValueError(f"the polyhedron of {len(self.halfspaces)} half-spaces has empty interior")

    def __repr__(self) -> str:
        shown = (f"{text_form(h.gradient, h.constant, _SHOWN)} >= 0" for h in self.halfspaces[:_SHOWN])
        more = f", ... ({len(self.halfspaces) - _SHOWN} more)" if len(self.halfspaces) > _SHOWN else ""
        return summary(f"Polyhedron in Q^{self.input_dim}", ", ".join(shown) + more)

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

    ``==`` and ``hash`` go by the ends; a :class:`Polyhedron` with these half-spaces is no box.

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
        lower, upper = ([text_rational(q) for q in ends] for ends in (self.lower, self.upper))
        return f"Box({short(lower)}, {short(upper)})"
