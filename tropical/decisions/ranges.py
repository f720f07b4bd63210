"""Intervals that hold the outputs of a function on a box: interval arithmetic over Q, sound and seldom tight."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from tropical.arithmetic.rationals import from_flint, to_flint
from tropical.functions.affine import AffineForm
from tropical.functions.function import Function
from tropical.functions.layer import Layer, activations, preactivations
from tropical.polyhedra.polyhedron import Box

Range = tuple[Fraction, Fraction]


def output_ranges(f: Function, box: Box) -> list[Range]:
    """For each output of f a lower and an upper bound on the box.

    >>> from tropical import ReLUNetwork
    >>> output_ranges(ReLUNetwork.from_arrays([[[1], [-1]], [[1, 1]]]), Box([-1], [2]))
    [(Fraction(0, 1), Fraction(3, 1))]
    """
    return f.build(_Ranges(box))


@dataclass(frozen=True)
class _Ranges:
    """The algebra of intervals, for ``build``."""

    box: Box

    def affine(self, form: AffineForm) -> Range:
        ends = [(q * a, q * b) for q, a, b in zip(form.gradient, self.box.lower, self.box.upper, strict=True)]
        return sum(map(min, ends), form.constant), sum(map(max, ends), form.constant)

    def maximum(self, values: Sequence[Range]) -> Range:
        return max(low for low, _ in values), max(high for _, high in values)

    def lattice(self, pieces: Sequence[Range], clauses: Sequence[frozenset[int]]) -> Range:
        low, high = (max(min(pieces[i][end] for i in clause) for clause in clauses) for end in (0, 1))
        return low, high

    def difference(self, value: Range, other: Range) -> Range:
        return value[0] - other[1], value[1] - other[0]

    def layers(self, layers: Sequence[Layer]) -> list[Range]:
        """Through W the middle m and the radii r of the intervals become Wm + b and |W|r; slopes have any sign."""
        ranges = [*zip(self.box.lower, self.box.upper, strict=True)]
        for layer in layers:
            middle = preactivations(layer, to_flint([((a + b) / 2,) for a, b in ranges]))
            radii = to_flint([[*map(abs, row)] for row in layer.weight]) * to_flint([((b - a) / 2,) for a, b in ranges])
            before = zip(*(from_flint(end) for end in (middle - radii, middle + radii)), strict=True)
            images = zip(
                *(from_flint(activations(layer, end)) for end in (middle - radii, middle + radii)), strict=True
            )
            ranges = [
                (min(a, b, *kink), max(a, b, *kink))
                for ((low,), (high,)), ((a,), (b,)) in zip(before, images, strict=True)
                for kink in [(Fraction(0),) if low < 0 < high else ()]
            ]
        return ranges
