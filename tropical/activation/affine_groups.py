"""Which cells carry the same affine map: settled modulo primes, exactly.

Two maps that differ modulo a prime differ. Equal ones are proved equal where no unit that can reach an output tells the
patterns apart, and else by so many primes that their product exceeds every possible difference of coefficients.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from tropical.activation.integer_layers import integer_layers
from tropical.activation.patterns import PatternTable, SignArray
from tropical.budget import Meter
from tropical.functions.float_evaluation import flat_product, holds_floats, rounded_arrays
from tropical.functions.layer import Layer
from tropical.functions.network import ReLUNetwork

Floats = NDArray[np.float64]

_BELOW = 1 << 20  # primes p: sums of 2^10 products of numbers below p and 2 p are exact in float64
_MOST_INPUTS = 1 << 10
_FINGERPRINT = 2  # primes of a fingerprint
_CELLS = 1 << 10  # cells that are followed at once


def affine_groups(net: ReLUNetwork, patterns: PatternTable, meter: Meter) -> NDArray[np.int64]:
    """For each cell the first one that carries the same affine map."""
    primes = _primes(net)
    used = [next(primes) for _ in range(_FINGERPRINT)]
    rng = np.random.default_rng(0)
    points = [rng.integers(1, modular.prime, (net.input_dim + 1, 1)) for modular in used]
    outputs = [rng.integers(1, modular.prime, net.output_dim) for modular in used]
    prints = np.zeros((len(patterns), _FINGERPRINT), np.int64)
    for begin, signs in _blocks(patterns, np.arange(len(patterns)), meter):
        for k, modular in enumerate(used):
            rows = modular.rows(signs, points[k])[:, 0].astype(np.int64)
            prints[begin : begin + _CELLS, k] = (rows * outputs[k] % modular.prime).sum(axis=1) % modular.prime
    first, group = _distinct(prints)
    shared = np.flatnonzero(np.bincount(group, minlength=len(first))[group] > 1)
    if len(shared):
        relevant = [_relevant_signs(net, signs) for _, signs in _blocks(patterns, shared, meter)]
        key = _distinct(np.concatenate([group[shared][:, None], np.concatenate(relevant)], axis=1))[1]
        group[shared] = len(first) + _proved(net, patterns, shared, group[shared], key, primes, meter)
    leaders = np.full(int(group.max(initial=0)) + 1, len(patterns))
    np.minimum.at(leaders, group, np.arange(len(patterns)))
    found: NDArray[np.int64] = leaders[group]
    return found


def _blocks(
    patterns: PatternTable, cells: NDArray[np.int64], meter: Meter, size: int = _CELLS
) -> Iterator[tuple[int, SignArray]]:
    """The patterns of cells, block by block, each with the number of its first."""
    for begin in range(0, len(cells), size):
        meter.check_time()
        yield begin, patterns.signs_of(cells[begin : begin + size])


def _proved(
    net: ReLUNetwork,
    patterns: PatternTable,
    cells: NDArray[np.int64],
    group: NDArray[np.int64],
    key: NDArray[np.int64],
    primes: "Iterator[Modular]",
    meter: Meter,
) -> NDArray[np.int64]:
    """Groups of equal maps, in which those of one ``key`` are known to be equal, and of two ``group`` to differ."""
    first = np.unique(key, return_index=True)[1]
    found = group[first]
    open_ = np.flatnonzero(np.bincount(found)[found] > 1)
    if not len(open_):
        return _distinct(found[:, None])[1][key]
    product, needed = 1, 2 * _largest_coefficient(net) + 1
    identity = np.eye(net.input_dim + 1, dtype=np.int64)
    size = max(_CELLS // (net.input_dim + 1), 1)
    own, known = found[open_], cells[first[open_]]
    while product < needed:
        modular = next(primes)
        product *= modular.prime
        blocks = (modular.rows(signs, identity) for _, signs in _blocks(patterns, known, meter, size))
        rows = np.concatenate([block.reshape(len(block), -1).astype(np.int64) for block in blocks])
        own = _distinct(np.concatenate([own[:, None], rows], axis=1))[1]
    found[open_] = int(found.max()) + 1 + own
    return _distinct(found[:, None])[1][key]


def _largest_coefficient(net: ReLUNetwork) -> int:
    """A bound on the coefficients of the affine maps, times the number that makes all of them integers."""
    bound = state = 1
    for layer in integer_layers(net):
        bound = state * max(sum(abs(int(a)) for a in row) for row in layer.matrix.tolist())
        state = max(bound * max(abs(slope) for pair in layer.slopes for slope in pair), 1)
    return bound


def _relevant_signs(net: ReLUNetwork, signs: SignArray) -> SignArray:
    """The signs of the units of which a path leads to an output, 2 for all others: they determine the affine map."""
    found = signs.copy()
    relevant = np.ones((len(signs), net.output_dim))
    last = signs.shape[1]
    for layer, following in zip(net.layers[-2::-1], net.layers[:0:-1], strict=True):
        relevant = (relevant @ _nonzero(following) > 0).astype(np.float64)
        kinked = list(layer.kinked)
        own = slice(last - len(kinked), last)
        found[:, own][relevant[:, kinked] == 0] = 2
        passing = np.array([[q != 0 for q in pair] for pair in layer.slopes], np.float64)
        factors = np.repeat(passing[None, :, 1], len(signs), axis=0)
        factors[:, kinked] = np.where(signs[:, own] < 0, passing[kinked, 0], passing[kinked, 1])
        relevant *= factors
        last -= len(kinked)
    return found


def _nonzero(layer: Layer) -> Floats:
    """1 where a weight is not 0, shape (n_out, n_in)."""
    if holds_floats(layer):
        return np.where(rounded_arrays(layer)[0] != 0, 1.0, 0.0)
    return np.array([[float(q != 0) for q in row] for row in layer.weight])


def _distinct(rows: NDArray[np.generic]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first place of each distinct row, in order, and for each row the number of its own there."""
    if not len(rows):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    flat = np.ascontiguousarray(rows)
    words = flat.view(f"V{flat.dtype.itemsize * flat.shape[1]}").ravel() if flat.shape[1] else np.zeros(len(flat), "V1")
    _, first, inverse = np.unique(words, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return first[order], rank[inverse.ravel()]


@dataclass(frozen=True)
class Modular:
    """A network modulo a prime: for each layer the transposed weight, the bias, and both slopes of each unit."""

    prime: int
    layers: tuple[tuple[Floats, Floats, Floats], ...]
    kinked: tuple[tuple[int, ...], ...]

    def rows(self, signs: SignArray, start: NDArray[np.int64]) -> Floats:
        """The outputs' affine maps on cells with these signs, applied to the columns of ``start``, homogeneous points.

        Shape (cells, columns, outputs); entries from 0 to p - 1.
        """
        prime = float(self.prime)
        constant, state = start[0].astype(np.float64)[:, None], start[1:].T.astype(np.float64)[None]
        begin = 0
        for depth, ((weight, bias, slopes), kinked) in enumerate(zip(self.layers, self.kinked, strict=True)):
            state = _products(state, weight, prime)
            state += _reduced(constant * bias, prime)
            _reduced(state, prime)
            if depth + 1 == len(self.layers):
                break
            own = signs[:, begin : begin + len(kinked)]
            if len(kinked) == len(bias) and (slopes == [[0], [1]]).all():
                state = state * (own >= 0)[:, None, :]
            else:
                factors = np.repeat(slopes[None, 1], len(signs), axis=0)
                factors[:, list(kinked)] = np.where(own < 0, slopes[0, list(kinked)], slopes[1, list(kinked)])
                state = _reduced(state * factors[:, None, :], prime)
            begin += len(kinked)
        return np.mod(np.broadcast_to(state, (len(signs), *state.shape[1:])), prime)


def _reduced(numbers: Floats, prime: float) -> Floats:
    """Integers below 2^52, in place, less a multiple of the prime: from -p to 2 p."""
    numbers -= np.floor(numbers * (1 / prime)) * prime
    return numbers


def _products(state: Floats, weight: Floats, prime: float) -> Floats:
    """state @ weight, exactly up to a multiple of the prime, for a state between -p and 2 p."""
    total = flat_product(state[..., :_MOST_INPUTS], weight[:_MOST_INPUTS])
    for begin in range(_MOST_INPUTS, len(weight), _MOST_INPUTS):
        more = flat_product(state[..., begin : begin + _MOST_INPUTS], weight[begin : begin + _MOST_INPUTS])
        total = _reduced(total, prime) + _reduced(more, prime)
    return total


def _primes(net: ReLUNetwork) -> Iterator[Modular]:
    """The network modulo one prime after another, those left out that divide a denominator."""
    for prime in _primes_below(_BELOW):
        layers = []
        try:
            for layer in net.layers:
                slopes = np.array([[_residue(q, prime) for q in pair] for pair in layer.slopes], np.float64).T
                layers.append((*_residues(layer, prime), slopes))
        except ZeroDivisionError:
            continue
        yield Modular(prime, tuple(layers), tuple(layer.kinked for layer in net.layers))


def _residues(layer: Layer, prime: int) -> tuple[Floats, Floats]:
    """The transposed weight and the bias modulo a prime."""
    if holds_floats(layer):
        weight, bias = (_float_residues(array, prime) for array in rounded_arrays(layer))
    else:
        weight = np.array([[_residue(q, prime) for q in row] for row in layer.weight], np.float64)
        bias = np.array([_residue(q, prime) for q in layer.bias], np.float64)
    return np.ascontiguousarray(weight.T), bias


def _residue(q: Fraction, prime: int) -> int:
    if q.denominator % prime == 0:
        raise ZeroDivisionError
    return q.numerator * pow(q.denominator, -1, prime) % prime


def _float_residues(numbers: Floats, prime: int) -> Floats:
    """Float64 numbers modulo an odd prime."""
    mantissas, exponents = np.frexp(numbers)
    integers = np.ldexp(mantissas, 53).astype(np.int64) % prime
    known, place = np.unique(exponents, return_inverse=True)
    powers = np.array([pow(2, int(e) - 53, prime) for e in known.tolist()], np.int64)
    return (integers * powers[place.reshape(exponents.shape)] % prime).astype(np.float64)


def _primes_below(limit: int) -> Iterator[int]:
    """The odd primes below an even limit, the largest first."""
    factors = [q for q in range(3, math.isqrt(limit) + 1, 2) if all(q % p for p in range(3, math.isqrt(q) + 1, 2))]
    for number in range(limit - 1, 2, -2):
        if all(number % q for q in factors if q < number):
            yield number
