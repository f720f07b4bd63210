"""The canonical form of a function of one hidden layer, and networks for it.

F(x) = <a, x> + c + sum_j s_j relu(<n_j, x> + b_j) with distinct hyperplanes H_j = {<n_j, x> + b_j = 0}, primitive
integer normals n_j of fixed orientation and s_j != 0 is unique: F breaks exactly on the union of the H_j, its gradient
jumps by s_j n_j across a point of H_j on no other one, and without these terms F is affine.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from numbers import Integral, Rational
from typing import Any

from learning.arguments import listed, require
from learning.structure.units.orientations import best_orientation
from learning.structure.units.vectors import oriented, ratio
from tropical import AffineForm, ReLUNetwork, Value


@dataclass(frozen=True, order=True, repr=False)
class HiddenUnit(Value):
    """The term ``jump`` * relu(<``normal``, x> + ``bias``) of a canonical form.

    ``normal`` is a primitive integer vector whose first non-zero entry is positive; crossing the hyperplane along it
    changes the gradient by ``jump`` * ``normal``. ``==``, ``hash`` and the order go by the fields.
    """

    normal: tuple[int, ...]
    bias: Fraction
    jump: Fraction

    def __post_init__(self) -> None:
        for place, entry in enumerate(listed(self.normal, Integral, "normal")):
            require(entry, int, f"normal[{place}]")
        require(self.bias, Rational, "bias")
        require(self.jump, Rational, "jump")

    @property
    def form(self) -> AffineForm:
        """The affine form <normal, x> + bias, which vanishes on the hyperplane."""
        return AffineForm(tuple(map(Fraction, self.normal)), self.bias)


@dataclass(frozen=True, repr=False)
class HiddenLayer(Value):
    """F = affine + sum of the units, in canonical form; ``==`` and ``hash`` go by the function.

    The hyperplanes of the units are distinct, and they are sorted. ``ValueError`` if that or a unit is not canonical.

    >>> absolute = HiddenLayer((HiddenUnit((1,), Fraction(0), Fraction(2)),), AffineForm([-1]))
    >>> absolute([-3]), absolute.to_network().widths
    (Fraction(3, 1), (2,))
    """

    units: tuple[HiddenUnit, ...]
    affine: AffineForm

    def __post_init__(self) -> None:
        require(self.affine, AffineForm, "affine")
        object.__setattr__(self, "units", tuple(sorted(listed(self.units, HiddenUnit, "units"))))
        for unit in self.units:
            lead = next((a for a in unit.normal if a), 0)
            if len(unit.normal) != self.input_dim or lead <= 0 or math.gcd(*unit.normal) != 1 or not unit.jump:
                raise ValueError(f"not a canonical unit on Q^{self.input_dim}: {unit}")
        if len({(unit.normal, unit.bias) for unit in self.units}) < len(self.units):
            raise ValueError("two units share a hyperplane: they are one")

    @classmethod
    def from_terms(cls, affine: AffineForm, terms: Iterable[tuple[Fraction, AffineForm]]) -> "HiddenLayer":
        """The canonical form of affine + sum of q * relu(form) over the pairs (q, form).

        relu(ct) = c relu(t) for c > 0 and relu(-t) = relu(t) - t; terms on one hyperplane are added up.

        >>> x = AffineForm([2])
        >>> print(HiddenLayer.from_terms(AffineForm([0]), [(Fraction(1), x), (Fraction(-1), -x)]).affine)
        2*x0
        """
        jumps: dict[tuple[tuple[int, ...], Fraction], Fraction] = {}
        require(affine, AffineForm, "affine")
        for place, term in enumerate(listed(terms, tuple, "terms")):
            if len(term) != 2:
                raise ValueError(f"terms[{place}] must be a pair (factor, form), got {len(term)} entries")
            factor, form = term
            require(factor, Rational, f"the factor of terms[{place}]")
            require(form, AffineForm, f"the form of terms[{place}]")
            if not any(form.gradient):
                affine = affine + AffineForm(form.gradient, factor * max(form.constant, Fraction(0)))
                continue
            normal, scale = oriented(form.gradient)
            if scale < 0:
                affine = affine + form * factor
            key = normal, form.constant / scale
            jumps[key] = jumps.get(key, Fraction(0)) + factor * abs(scale)
        return cls(tuple(HiddenUnit(*key, jump) for key, jump in jumps.items() if jump), affine)

    @property
    def input_dim(self) -> int:
        """Number of inputs."""
        return self.affine.input_dim

    def __call__(self, x: Iterable[Any]) -> Fraction:
        point = listed(x, object, "x")
        return sum((u.jump * max(u.form(point), Fraction(0)) for u in self.units), self.affine(point))

    def jump(self, hyperplane: AffineForm) -> Fraction:
        """The jump across a hyperplane given by its canonical form; 0 if it is not that of a unit."""
        require(hyperplane, AffineForm, "hyperplane")
        if hyperplane.input_dim != self.input_dim:
            raise ValueError(f"hyperplane must live on Q^{self.input_dim}, got one on Q^{hyperplane.input_dim}")
        return next((unit.jump for unit in self.units if unit.form == hyperplane), Fraction(0))

    def to_network(self) -> ReLUNetwork:
        """Return a network with one hidden layer of ReLUs that equals F, and m, m + 1 or m + 2 units for m hyperplanes.

        s relu(t) = s relu(-t) + s t, so turning the units J round leaves the gradient a + sum_{j in J} s_j n_j to be
        realised: no further unit is needed if some J makes it 0, one (on the hyperplane of unit i) if some J makes it a
        multiple of some n_i, and otherwise relu(t) - relu(-t) = t takes two. No network has fewer, since a unit is
        needed on each hyperplane and a single one on another would break F there. The search for J is exact for up to
        24 hyperplanes; for more it is left out, and up to two units may be saved. A constant gets one dead unit.

        >>> from learning.instances import h4
        >>> hidden_layer_of(h4(6)).to_network().widths  # of 16
        (8,)
        """
        jumps = [tuple(unit.jump * a for a in unit.normal) for unit in self.units]
        choice = best_orientation(self.affine.gradient, jumps)
        rest = sum((self.units[j].form * self.units[j].jump for j in choice.turned), self.affine)
        rows = [unit.form * (-1 if j in choice.turned else 1) for j, unit in enumerate(self.units)]
        weights = [unit.jump for unit in self.units]
        if choice.along is not None:
            form = self.units[choice.along].form
            share = ratio(rest.gradient, form.gradient)
            assert share is not None
            rows, weights = [*rows, -form], [*weights, -share]
            weights[choice.along] += share
            rest = rest - form * share
        elif any(rest.gradient):
            linear = AffineForm(rest.gradient)
            rows, weights = [*rows, linear, -linear], [*weights, Fraction(1), Fraction(-1)]
        if not rows:
            rows, weights = [AffineForm((Fraction(0),) * self.input_dim)], [Fraction(0)]
        first, biases = [row.gradient for row in rows], [row.constant for row in rows]
        return ReLUNetwork.from_arrays([first, [weights]], [biases, [rest.constant]])


def hidden_layer_of(net: ReLUNetwork) -> HiddenLayer:
    """Return the canonical form of a network with at most one hidden layer, from its weights alone.

    A unit of slopes (l, r) and output weight v is v(r - l) relu(t) + v l t. Parallel units on one hyperplane are
    merged, dead and cancelling ones vanish, linear ones go into the affine part.
    Raises ``ValueError`` for more hidden layers or outputs.

    >>> twice = ReLUNetwork.from_arrays([[[2], [-4], [0]], [[1, 1, 5]]], [[0, 0, 3], None])
    >>> layer = hidden_layer_of(twice)
    >>> layer.units, str(layer.affine)
    ((HiddenUnit(normal=(1,), bias=0, jump=6),), '-4*x0 + 15')
    """
    require(net, ReLUNetwork, "net")
    if len(net.layers) > 2 or net.output_dim != 1:
        count = len(net.layers) - 1
        raise ValueError(f"at most one hidden layer and one output are needed, got {count} and {net.output_dim}")
    last = net.layers[-1]
    if len(net.layers) == 1:
        return HiddenLayer((), AffineForm(last.weight[0], last.bias[0]))
    first, terms = net.layers[0], []
    affine = AffineForm((Fraction(0),) * net.input_dim, last.bias[0])
    for row, bias, (left, right), weight in zip(first.weight, first.bias, first.slopes, last.weight[0], strict=True):
        form = AffineForm(row, bias)
        terms.append((weight * (right - left), form))
        affine = affine + form * (weight * left)
    return HiddenLayer.from_terms(affine, terms)


def same_units(net: ReLUNetwork, layer: HiddenLayer) -> bool:
    """Whether the units of a network with one hidden layer are those of ``layer``, up to what cannot be seen in F.

    That is: up to permutation, scaling (w, v) -> (cw, v/c) with c > 0, orientation (with the linear part that
    relu(-t) = relu(t) - t takes), and merging of units on one hyperplane. Canonical forms are compared, so this is
    equality of functions. Raises ``ValueError`` for more hidden layers or outputs, or other inputs.

    >>> layer = hidden_layer_of(ReLUNetwork.from_arrays([[[1, 2], [0, 3]], [[1, 1]]]))
    >>> same_units(ReLUNetwork.from_arrays([[[0, 6], [1, 2], [2, 4]], [["1/2", -1, 1]]]), layer)
    True
    """
    require(net, ReLUNetwork, "net")
    require(layer, HiddenLayer, "layer")
    if net.input_dim != layer.input_dim:
        raise ValueError(f"the network has {net.input_dim} inputs and the layer {layer.input_dim}")
    return hidden_layer_of(net) == layer
