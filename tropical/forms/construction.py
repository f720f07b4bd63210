"""Any piecewise-linear object as a ReLU network of logarithmic depth, by way of piecewise-linear circuits.

max(a, b) = b + relu(a - b) and min(a, b) = b - relu(b - a), in balanced binary tournaments (Arora, Basu, Mianjy,
Mukherjee 2018, Theorem 2.1). What a layer has to hand on unchanged rides on units with slopes (1, 1), which cut
nothing.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from tropical.arithmetic.rationals import as_flint, as_fraction
from tropical.functions.affine import AffineForm
from tropical.functions.circuit import Affine, Circuit, Wire, combination, terms_of
from tropical.functions.function import Function
from tropical.functions.lattice_polynomial import Clause
from tropical.functions.layer import RELU, Layer
from tropical.functions.network import ReLUNetwork


def to_network(obj: Function) -> ReLUNetwork:
    """Return a ReLU network that equals ``obj`` everywhere; a network is returned unchanged.

    Hidden layers: max_j min_{i in I_j} l_i gets ceil(log2 sum_j 2^ceil(log2 |I_j|)) of them, which is at most
    ceil(log2 max_j |I_j|) + ceil(log2 #clauses); a maximum of t terms gets ceil(log2 t); fewer where units cancel in a
    difference that is to be compared; none for one affine piece. The numerators and denominators of a rational map
    stand side by side, and the last layer subtracts. The first layer holds differences of affine pieces; a pair of
    values is compared by one unit, however many minima and maxima it occurs in. All units are ReLUs, or carry a value
    on (slopes (1, 1)), or compare a value with a multiple of itself (two slopes).
    Raises ``ValueError`` for any other object.

    >>> from tropical import LatticePolynomial
    >>> x, y = AffineForm([1, 0]), AffineForm([0, 1])
    >>> median = LatticePolynomial([x, y, AffineForm([0, 0])], [[0, 1], [0, 2], [1, 2]])
    >>> net = to_network(median)
    >>> len(net.widths), net([3, 5]), net([3, -1])
    (3, (Fraction(3, 1),), (Fraction(0, 1),))
    """
    if isinstance(obj, ReLUNetwork):
        return obj
    if not isinstance(obj, Function):
        raise ValueError(f"no network can be built from an object of type {type(obj).__name__}")
    circuit = Circuit(obj.input_dim)
    return circuit.network(wires(circuit, obj))


def wires(circuit: Circuit, obj: Function) -> list[Wire]:
    """The outputs of a function in a circuit with its inputs, units that are there already being used again.

    >>> circuit = Circuit(1)
    >>> relu, leaky = (ReLUNetwork.from_arrays([[[w]], [[1]]], slopes=[s]) for w, s in ((1, (0, 1)), (-2, ("1/2", 1))))
    >>> wires(circuit, relu), wires(circuit, leaky)  # s(-2x) = relu(x) - 2x
    ([Affine(constant=0, terms={1: 1})], [Affine(constant=0, terms={0: -2, 1: 1})])
    """
    return obj.build(_Wires(circuit))


@dataclass(frozen=True)
class _Wires:
    """The algebra of the wires of a circuit."""

    circuit: Circuit

    def affine(self, form: AffineForm) -> Wire:
        """The value of an affine form of the inputs."""
        return self.circuit.affine(form)

    def maximum(self, values: Sequence[Wire]) -> Wire:
        """The largest of the values, by a tournament."""
        return maximum(self.circuit, values)

    def lattice(self, pieces: Sequence[Wire], clauses: Sequence[Clause]) -> Wire:
        """The maximum over the clauses of the minimum of their pieces."""
        return lattice(self.circuit, pieces, clauses)

    def difference(self, value: Wire, other: Wire) -> Wire:
        """value - other."""
        return value - other

    def layers(self, layers: Sequence[Layer]) -> list[Wire]:
        """The outputs of the layers of a network, the first of which sees the inputs."""
        values: list[Wire] = [self.circuit.input(i) for i in range(self.circuit.input_dim)]
        for index, layer in enumerate(layers, start=1):
            rows = zip(layer.exact_weight.tolist(), layer.bias, strict=True)
            sums = [combination(values, row, as_flint(q)) for row, q in rows]
            pairs = zip(sums, layer.slopes, strict=True)
            values = sums if index == len(layers) else [self.circuit.unit(t, slopes) for t, slopes in pairs]
        return values


def maximum(circuit: Circuit, values: Iterable[Wire]) -> Wire:
    """max of the values by a tournament that keeps the level as low as binary maxima allow.

    Values of levels d_i give level ceil(log2 sum_i 2^d_i) at most (Golumbic 1976).

    >>> circuit = Circuit(2)
    >>> x, y = circuit.input(0), circuit.input(1)
    >>> net = circuit.network([maximum(circuit, [x, y]), minimum(circuit, [x, y])])
    >>> net([3, 5]), net.num_kinked
    ((Fraction(5, 1), Fraction(3, 1)), 1)
    """
    return _tournament(circuit, values, largest=True)


def minimum(circuit: Circuit, values: Iterable[Wire]) -> Wire:
    """min of the values, like :func:`maximum`."""
    return _tournament(circuit, values, largest=False)


def _tournament(circuit: Circuit, values: Iterable[Wire], largest: bool) -> Wire:
    heap = [(circuit.level(value), order, value) for order, value in enumerate(dict.fromkeys(values))]
    heapq.heapify(heap)
    order = len(heap)
    while len(heap) > 1:
        (_, _, first), (_, _, second) = heapq.heappop(heap), heapq.heappop(heap)
        value = _extremum(circuit, first, second, largest)
        heapq.heappush(heap, (circuit.level(value), order, value))
        order += 1
    return heap[0][2]


def _extremum(circuit: Circuit, a: Wire, b: Wire, largest: bool) -> Wire:
    """max(a, b) or min(a, b): no unit if they differ by a constant, one of value t if they are multiples of t."""
    difference = a - b
    if not isinstance(difference, Affine):
        return a if (difference >= 0) == largest else b
    for value, other in ((a, b), (b, a)):
        ratio = _ratio(other, value)
        if ratio is not None:
            low, high = min(ratio, Fraction(1)), max(ratio, Fraction(1))
            return circuit.unit(value, (low, high) if largest else (high, low))
    if len(terms_of(a)) < len(terms_of(b)):  # the value added to the unit has to be carried past it: the shorter one
        a, b, difference = b, a, -difference
    return b + circuit.unit(difference, RELU) if largest else b - circuit.unit(-difference, RELU)


def _ratio(value: Wire, base: Wire) -> Fraction | None:
    """c with value = c * base, or None; a constant base has no multiples here."""
    if not isinstance(base, Affine):
        return None
    signal, lead = next(iter(base.terms.items()))
    q = terms_of(value).get(signal, 0) / lead
    return as_fraction(q) if base * q == value else None


def lattice(circuit: Circuit, pieces: Sequence[Wire], clauses: Iterable[Iterable[int]]) -> Wire:
    """max over the clauses of the minimum of their pieces; pairs that many clauses share are compared first."""
    values = list(dict.fromkeys(pieces))
    place = {value: i for i, value in enumerate(values)}
    sets = [sorted({place[pieces[i]] for i in clause}) for clause in clauses]
    while any(len(members) > 1 for members in sets):
        shared = Counter(pair for members in sets for pair in combinations(members, 2))
        rounds = []
        for members in sets:
            winners = set()
            for a, b in _matching(members, shared):
                value = values[a] if a == b else _extremum(circuit, values[a], values[b], largest=False)
                if value not in place:
                    place[value] = len(values)
                    values.append(value)
                winners.add(place[value])
            rounds.append(sorted(winners))
        sets = rounds
    return maximum(circuit, (values[members[0]] for members in sets))


def _matching(members: Sequence[int], shared: Counter[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Pair the members off, most widely shared pairs first; one that is left over comes as a pair with itself."""
    free = set(members)
    for a, b in sorted(combinations(members, 2), key=lambda pair: (-shared[pair], pair)):
        if a in free and b in free:
            free -= {a, b}
            yield a, b
    for left in free:
        yield left, left
