"""Coordinates of moderate size: each times a power of two, which changes no sign and keeps dyadic numbers dyadic."""

from dataclasses import replace
from fractions import Fraction

from tropical.arithmetic.rationals import primitive
from tropical.functions.float_evaluation import once_per_object
from tropical.functions.network import ReLUNetwork
from tropical.polyhedra.cones import Cone, Integers


@once_per_object
def weight_factors(net: ReLUNetwork) -> tuple[Fraction, ...]:
    """The factors of the coordinates in which the largest weight of each input is about 1."""
    columns = zip(*net.layers[0].weight, strict=True)
    return tuple(_power([(q.numerator, q.denominator) for q in column if q]) for column in columns)


def domain_factors(cone: Cone) -> tuple[Fraction, ...]:
    """The factors of the coordinates in which the largest coordinate of a vertex is about 1."""
    vertices = [g for g in cone.generators if g[0]]
    dims = range(1, len(cone.generators[0]))
    return tuple(1 / _power([(g[i], g[0]) for g in vertices if g[i]]) for i in dims)


def rescaled_network(net: ReLUNetwork, factors: tuple[Fraction, ...]) -> ReLUNetwork:
    """The network in coordinates x'_i = factors[i] x_i: that of the last call for the same factors."""
    if all(factor == 1 for factor in factors):
        return net
    kept = _kept(net)
    found = kept.get(factors)
    if found is None:
        first = net.layers[0]
        weight = tuple(tuple(a / f if a else a for a, f in zip(row, factors, strict=True)) for row in first.weight)
        found = ReLUNetwork((replace(first, weight=weight), *net.layers[1:]))
        kept.clear()
        kept[factors] = found
    return found


@once_per_object
def _kept(net: ReLUNetwork) -> dict[tuple[Fraction, ...], ReLUNetwork]:
    """Networks by factors."""
    return {}


def rescaled_cone(cone: Cone, factors: tuple[Fraction, ...]) -> Cone:
    """A cone of vectors (y_0, y) in such coordinates."""
    if all(factor == 1 for factor in factors):
        return cone
    generators = tuple(rescaled_vector(g, factors) for g in cone.generators)
    constraints = tuple(rescaled_vector(row, tuple(1 / f for f in factors)) for row in cone.constraints)
    return replace(cone, generators=generators, constraints=constraints)


def rescaled_vector(vector: Integers, factors: tuple[Fraction, ...]) -> Integers:
    """A primitive vector (y_0, y) in such coordinates."""
    if all(factor == 1 for factor in factors):
        return vector
    return primitive((Fraction(vector[0]), *(a * f for a, f in zip(vector[1:], factors, strict=True))))


def _power(numbers: list[tuple[int, int]]) -> Fraction:
    """The power of two near the largest absolute value of fractions that are not 0, within a factor of 2."""
    exponents = (abs(a).bit_length() - b.bit_length() for a, b in numbers)
    return Fraction(2) ** max(exponents, default=0)
