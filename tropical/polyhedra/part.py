"""Parts: polyhedra on which a function is affine."""

from dataclasses import dataclass
from functools import cached_property

from flint import fmpq_mat

from tropical.arithmetic.rationals import Matrix, from_flint
from tropical.functions.affine import AffineForm, AffineMap, form_of_row
from tropical.functions.network import Pattern
from tropical.polyhedra.cones import Cone


@dataclass(frozen=True)
class Part:
    """A cone over a polyhedron on which a function is affine, and the rows (constant, gradient) of its outputs there.

    ``pattern`` is the activation pattern of a network, if the part is one of its cells.
    """

    cone: Cone
    matrix: fmpq_mat
    pattern: Pattern | None = None

    @cached_property
    def rows(self) -> Matrix:
        """The rows as tuples of Fractions."""
        return from_flint(self.matrix)

    @cached_property
    def piece(self) -> AffineForm | AffineMap:
        """The affine function on the part: a form for one output, else a map."""
        forms = tuple(map(form_of_row, self.rows))
        return forms[0] if len(forms) == 1 else AffineMap(forms)
