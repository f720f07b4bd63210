"""What every piecewise-linear function is asked, and what every form of one is built from."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, runtime_checkable

from tropical.arithmetic.rationals import Matrix, Vector

if TYPE_CHECKING:
    from tropical.functions.affine import AffineForm, AffineMap
    from tropical.functions.layer import Layer

V = TypeVar("V")


class Algebra(Protocol[V]):
    """Where a function can be rebuilt: expressions, circuits, scripts, graphs, each a kind of value V."""

    def affine(self, form: "AffineForm") -> V:
        """The value of an affine form of the inputs."""

    def maximum(self, values: Sequence[V]) -> V:
        """The largest of the values, at least one."""

    def lattice(self, pieces: Sequence[V], clauses: Sequence[frozenset[int]]) -> V:
        """The maximum over the clauses of the minimum of their pieces."""

    def difference(self, value: V, other: V) -> V:
        """value - other."""

    def layers(self, layers: "Sequence[Layer]") -> list[V]:
        """The outputs of the layers of a network, one after the other."""


@runtime_checkable
class Function(Protocol):
    """A continuous piecewise-linear function Q^n -> Q^m with finitely many pieces.

    Networks, lattice and tropical polynomials, tropical rational maps, affine forms and affine maps are functions, and
    whatever takes a function takes all of them. Another kind needs only what stands here: where nothing better is
    registered for it, it is cut, compared and certified as the network that :meth:`build` makes of it.
    """

    @property
    def input_dim(self) -> int:
        """Number n of inputs."""

    @property
    def output_dim(self) -> int:
        """Number m of outputs."""

    def values(self, x: Iterable[Any]) -> Vector:
        """The exact values of the outputs at one point."""

    def gradients(self) -> Matrix:
        """Vectors that span what the function sees of x: it is constant along their common kernel."""

    def compose(self, inner: "AffineMap") -> Self:
        """The function x -> f(inner(x)); ``ValueError`` unless ``inner`` has ``input_dim`` forms."""

    def build(self, algebra: Algebra[V]) -> list[V]:
        """The outputs, in the algebra's values."""
