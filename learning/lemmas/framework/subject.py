"""A network together with what lemmas ask about it, each thing computed once and exactly."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

from learning.arguments import require
from learning.lemmas.rational_subspaces import Vector, orthogonal_basis
from tropical import (
    AffineForm,
    Budget,
    BudgetExhausted,
    LatticePolynomial,
    PolyhedralComplex,
    ReLUNetwork,
    affine_pieces,
    lipschitz_constant,
    polyhedral_complex,
    relevant_subspace,
    to_lattice_polynomial,
)

__all__ = ["Subject"]


class Subject:
    """A network F with one output, as lemmas see it.

    Parameters
    ----------
    network : one output, any slopes. budget : for its complex; ``tropical.BudgetExhausted`` where it runs out.

    Raises
    ------
    ValueError : a network with several outputs.

    Examples
    --------
    >>> from learning.instances import h6
    >>> subject = Subject(h6(5, seed=1))
    >>> subject.k, len(subject.pieces), subject.homogeneous
    (2, 12, True)
    """

    def __init__(self, network: ReLUNetwork, budget: Budget | None = None) -> None:
        require(network, ReLUNetwork, "network")
        require(budget, (Budget, type(None)), "budget")
        if network.output_dim != 1:
            raise ValueError(f"lemmas speak of one output, this network has {network.output_dim}: use output(i)")
        self.network = network
        self.budget = budget

    @property
    def dimension(self) -> int:
        """d, the number of inputs."""
        return self.network.input_dim

    @property
    def num_units(self) -> int:
        """S, the number of hidden units."""
        return sum(self.network.widths)

    @property
    def depth(self) -> int:
        """L + 1 in F = W_{L+1} φ(W_L … φ(W_0 x)): the number of hidden layers."""
        return len(self.network.widths)

    @cached_property
    def complex(self) -> PolyhedralComplex:
        """The activation regions, all of them."""
        found = polyhedral_complex(self.network, budget=self.budget)
        if not found.complete:
            raise BudgetExhausted(str(found.incomplete_because))
        return found

    @cached_property
    def pieces(self) -> tuple[AffineForm, ...]:
        """The affine pieces."""
        return tuple(form for form in affine_pieces(self.complex) if isinstance(form, AffineForm))

    @cached_property
    def lattice(self) -> LatticePolynomial:
        """F = max of min over clauses, equal to the network over Q."""
        return to_lattice_polynomial(self.network, budget=self.budget)

    @cached_property
    def relevant(self) -> tuple[Vector, ...]:
        """Orthogonal rational basis of V."""
        return orthogonal_basis(relevant_subspace(self.complex))

    @property
    def k(self) -> int:
        """dim V."""
        return len(self.relevant)

    @cached_property
    def homogeneous(self) -> bool:
        """Whether F(tx) = tF(x) for t >= 0: every piece is linear. Biases that cancel do no harm."""
        return not any(piece.constant for piece in self.pieces)

    @cached_property
    def lipschitz_squared(self) -> Fraction:
        """Λ², the largest squared norm of a gradient."""
        squared = lipschitz_constant(self.network).squared
        assert isinstance(squared, Fraction)  # of one output
        return squared
