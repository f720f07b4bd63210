"""Networks from other objects: the same function, of the stated depth, with shared comparisons."""

from fractions import Fraction

import pytest
import z3
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

import tropical as tp
from learning import instances
from oracles import certified
from oracles.random_cases import random_case
from tropical.forms.construction import maximum, minimum, to_network
from tropical.functions.circuit import Circuit
from tropical.functions.layer import IDENTITY
from tropical.functions.polynomial import TropicalPolynomial
from tropical.functions.rational_map import TropicalRationalMap

NUMBERS = st.sampled_from([Fraction(q) for q in ("0", "0", "1", "-1", "2", "-1/2", "3", "2/3")])


def forms(dim):
    return st.builds(tp.AffineForm, st.tuples(*[NUMBERS] * dim), NUMBERS)


@st.composite
def lattice_polynomials(draw, dims=(1, 2, 3)):
    pieces = draw(st.lists(forms(draw(st.sampled_from(dims))), min_size=1, max_size=5))
    clause = st.sets(st.integers(0, len(pieces) - 1), min_size=1)
    return tp.LatticePolynomial(pieces, draw(st.lists(clause, min_size=1, max_size=5)))


@st.composite
def polynomials(draw, dim):
    return TropicalPolynomial(draw(st.lists(forms(dim), min_size=1, max_size=5)))


@st.composite
def rational_maps(draw):
    dim, outputs = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    several = st.lists(polynomials(dim), min_size=outputs, max_size=outputs)
    return TropicalRationalMap(draw(several), draw(several))


def ceil_log2(count):
    return (count - 1).bit_length()


def z3_form(form, x):
    terms = [z3.Q(q.numerator, q.denominator) * v for q, v in zip(form.gradient, x, strict=True)]
    return z3.Sum(terms) + z3.Q(form.constant.numerator, form.constant.denominator)


def z3_maximum(values):
    largest = values[0]
    for value in values[1:]:
        largest = z3.If(value >= largest, value, largest)
    return largest


def z3_network(net, x):
    values = list(x)
    for layer in net.layers:
        rows = [z3_form(tp.AffineForm(w, b), values) for w, b in zip(layer.weight, layer.bias, strict=True)]
        values = [
            z3.If(v >= 0, z3.Q(*right.as_integer_ratio()) * v, z3.Q(*left.as_integer_ratio()) * v)
            for v, (left, right) in zip(rows, layer.slopes, strict=True)
        ]
    return values


def assert_same_by_z3(values, net):
    x = [z3.Real(f"x{i}") for i in range(net.input_dim)]
    solver = z3.SolverFor("QF_LRA")
    solver.add(z3.Or(*(a != b for a, b in zip(values(x), z3_network(net, x), strict=True))))
    assert solver.check() == z3.unsat


@given(lattice_polynomials())
@settings(max_examples=60)
def test_lattice_polynomials(polynomial):
    net = to_network(polynomial)
    assert certified.equivalent(polynomial, net).status == "proved"
    sizes = [len(clause) for clause in polynomial.clauses]
    assert len(net.widths) <= ceil_log2(sum(2 ** ceil_log2(size) for size in sizes))
    assert len(net.widths) <= ceil_log2(max(sizes)) + ceil_log2(len(sizes))


@given(st.integers(1, 3).flatmap(polynomials))
@settings(max_examples=40)
def test_tropical_polynomials(polynomial):
    net = to_network(polynomial)
    assert len(net.widths) <= ceil_log2(len(polynomial.terms))
    assert certified.equivalent(polynomial, net).status == "proved"


@given(rational_maps())
@settings(max_examples=40)
def test_rational_maps(rational_map):
    net = to_network(rational_map)
    polynomials = (*rational_map.numerators, *rational_map.denominators)
    assert net.output_dim == rational_map.output_dim
    assert len(net.widths) <= max(ceil_log2(len(p.terms)) for p in polynomials)

    def values(x):
        maxima = [z3_maximum([z3_form(term, x) for term in p.terms]) for p in polynomials]
        return [maxima[i] - maxima[net.output_dim + i] for i in range(net.output_dim)]

    assert_same_by_z3(values, net)
    assert certified.equivalent(rational_map, net).status == "proved"


@pytest.mark.parametrize(
    ("sizes", "depth"), [((1,), 0), ((2,), 1), ((3,), 2), ((1, 1), 1), ((2, 2), 2), ((4, 4, 4), 4), ((4, 1, 1), 3)]
)
def test_depth_of_pieces_in_general_position(sizes, depth):
    count = sum(sizes)
    pieces = [tp.AffineForm([k, k * k], k**3) for k in range(count)]
    ends = [sum(sizes[: k + 1]) for k in range(len(sizes))]
    polynomial = tp.LatticePolynomial(pieces, [range(end - size, end) for end, size in zip(ends, sizes, strict=True)])
    assert len(to_network(polynomial).widths) == depth


SMALL_FORMS = (304, 307, *range(309, 316), 317, 320, 321, 322, 325, 326, 328, 329, 331, 337, 339, 343)


@pytest.mark.parametrize("seed", SMALL_FORMS)
def test_round_trip_of_networks(seed):
    case = random_case(seed)
    net = tp.ReLUNetwork.from_arrays(case.weights, case.biases, case.slopes).output(0)
    rebuilt = to_network(tp.to_lattice_polynomial(net))
    assert certified.equivalent(net, rebuilt).status == "proved"


def test_affine_objects_need_no_hidden_layer():
    form = tp.AffineForm([1, "-1/3"], 2)
    for obj in (form, tp.AffineMap((form, -form)), tp.LatticePolynomial([form], [[0]]), TropicalPolynomial([form])):
        net = to_network(obj)
        assert net.widths == ()
        assert net([1, 1])[0] == Fraction(8, 3)
    assert to_network(tp.AffineMap((form, -form))).output_dim == 2
    assert to_network(tp.AffineForm([0, 0], 7))([5, 5]) == (7,)


def test_a_network_is_returned_unchanged():
    net = tp.ReLUNetwork.from_arrays([[[1], [-1]], [[1, 1]]])
    assert to_network(net) is net


def test_pieces_that_differ_by_constants_are_compared_at_once():
    forms = [tp.AffineForm([1, 0], c) for c in (0, 3, -2)]
    assert to_network(tp.LatticePolynomial(forms, [[0, 1], [2]])).widths == ()
    assert to_network(TropicalPolynomial.from_terms({(1, 0): 5}))([1, 1]) == (6,)


def test_a_pair_in_several_clauses_is_compared_once():
    pieces = [tp.AffineForm([int(i == j) for j in range(5)]) for i in range(5)]
    net = to_network(tp.LatticePolynomial(pieces, [[0, 1, 2, 3], [0, 1, 3, 4], [0, 1, 2, 4]]))
    units = sum(len(layer.kinked) for layer in net.layers[:-1])
    assert units == 1 + 3 + 3 + 2  # min(x0, x1); three other pairs; three clauses; two maxima


def test_maximum_and_minimum_of_a_pair_share_their_unit():
    circuit = Circuit(2)
    x, y = circuit.input(0), circuit.input(1)
    net = circuit.network([maximum(circuit, [x, y]), minimum(circuit, [y, x]), maximum(circuit, [y * fmpq(3), x + x])])
    assert net.num_kinked == 2
    assert net([2, 5]) == (5, 2, 15)
    assert net([2, 1]) == (2, 1, 4)


def test_units_along_one_direction_are_one():
    circuit = Circuit(1)
    x = circuit.input(0) + fmpq(1)
    absolute, relu = (Fraction(-1), Fraction(1)), (Fraction(0), Fraction(1))
    values = [circuit.unit(x, relu), circuit.unit(x * fmpq(-2), relu), circuit.unit(x, absolute)]
    net = circuit.network(values)
    assert net.num_kinked == 1
    for point in (-3, -1, 2):
        t = point + 1
        assert net([point]) == (max(t, 0), max(-2 * t, 0), abs(t))


def test_multiples_of_a_value_are_compared_by_one_unit():
    circuit = Circuit(1)
    x, zero = circuit.input(0), fmpq(0)
    leaky = maximum(circuit, [x, x * fmpq(1, 10)])
    net = circuit.network([leaky, minimum(circuit, [x, x * fmpq(3)]), minimum(circuit, [zero, x])])
    assert net.num_kinked == 1
    assert net([-10]) == (-1, -30, -10)
    assert net([10]) == (10, 10, 0)
    alone = Circuit(1)
    assert alone.network([maximum(alone, [alone.input(0), -alone.input(0)])]).widths == (1,)


def test_carried_values_cut_nothing_and_are_few():
    """A long comparison of many inputs beside a deep one: one unit carries its value past each layer."""
    circuit = Circuit(9)
    inputs = [circuit.input(i) for i in range(9)]
    total = inputs[0]
    for value in inputs[1:]:
        total = total + value
    deep = maximum(circuit, inputs[:8])
    net = circuit.network([deep + total])
    linear = [layer.output_dim - len(layer.kinked) for layer in net.layers[:-1]]
    assert len(linear) == 3
    assert all(
        pair == IDENTITY for layer in net.layers[:-1] for i, pair in enumerate(layer.slopes) if i not in layer.kinked
    )
    assert linear[-1] <= 2
    assert net(range(9)) == (7 + 36,)


def test_units_that_no_output_needs_are_left_out():
    circuit = Circuit(2)
    maximum(circuit, [circuit.input(0), circuit.input(1)])
    assert circuit.network([circuit.input(0)]).widths == ()


@pytest.mark.parametrize(("k", "depth"), [(2, 1), (3, 4), (4, 5)])
def test_parity(k, depth):
    """k = 2: max(min(a, b), -max(a, b)) = relu(a + b) - b - relu(a - b), since both extrema share relu(a - b)."""
    net = instances.parity(k, k + 1, seed=3)
    rebuilt = to_network(tp.to_lattice_polynomial(net))
    assert len(rebuilt.widths) == depth
    assert certified.equivalent(net, rebuilt).status == "proved"


def test_other_objects_are_refused():
    with pytest.raises(ValueError, match="type str"):
        to_network("max(x, y)")
