"""Lowering computation graphs: the same function, the same cells as by hand, units kept, limits before allocation."""

import operator
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

import tropical as tp
from oracles import certified
from tropical.formats import lowering, tensors
from tropical.formats.lowering import Graph, tensor
from tropical.formats.tensors import Window
from tropical.functions.network import ReLUNetwork

ZERO, ONE = fmpq(0), fmpq(1)


def numbers(values):
    array = np.array(values, dtype=object)
    return tensor([fmpq(f.numerator, f.denominator) for f in map(Fraction, array.ravel())], array.shape)


def affine(graph, x, weight, bias):
    return tensors.elementwise(graph, operator.add, tensors.matmul(graph, x, numbers(weight).T), numbers(bias))


MLPS = {
    "plain": ([[[1, -1], [0, 1], ["1/3", -1]], [[1, 1, -1]]], [[1, 0, 0], [0]], None),
    "no hidden layer": ([[[2, "1/7"]]], [[1]], None),
    "input dimension 1": ([[[1], [-1]], [[1, 1]]], [[0, 0], [0]], None),
    "duplicates, dead and unread units": (
        [[[1, 1], [1, 1], [0, 0], [2, 2], [1, 0]], [[1, -1, 3, 0, 0], [0, 0, 0, 0, 0]], [[1, 1]]],
        [[0, 0, 1, 0, -1], [0, -1], [0]],
        None,
    ),
    "slopes": ([[[1, 0], [0, 1]], [[1, -1], [1, 1]], [[1, 1]]], [[0, 0]] * 2 + [[0]], [[("1/10", 1), (-1, 1)], (3, 2)]),
    "constant": ([[[0, 0]], [[5]]], [[3], [1]], None),
}


@pytest.mark.parametrize("name", [n for n in MLPS if n != "constant"])
def test_a_plain_network_is_lowered_to_itself(name):
    weights, biases, slopes = MLPS[name]
    net = ReLUNetwork.from_arrays(weights, biases, slopes)
    graph = Graph(net.input_dim)
    x = graph.inputs((net.input_dim,))
    for weight, bias, layer in zip(weights, biases, net.layers, strict=True):
        x = affine(graph, x, weight, bias)
        if layer is not net.layers[-1]:
            x = graph.unit(x, *(numbers(side) for side in zip(*layer.slopes, strict=True)))
    assert graph.network(x) == net


def test_a_constant_network_has_no_layer_left():
    graph = Graph(2)
    x = graph.unit(affine(graph, graph.inputs((2,)), [[0, 0]], [-3]), numbers(["-1/2"]))
    net = graph.network(x)
    assert len(net.layers) == 1
    assert net([7, 8]) == (Fraction(3, 2),)


RESIDUAL = {"W": [[1, -1], [1, 2]], "b": [0, 1], "V": [[1, -2], [3, 1]], "c": [-1, 0]}


def residual_by_graph():
    graph = Graph(2)
    y = graph.unit(affine(graph, graph.inputs((2,)), RESIDUAL["W"], RESIDUAL["b"]), ZERO)
    z = graph.unit(affine(graph, y, RESIDUAL["V"], RESIDUAL["c"]), ZERO)
    return graph.network(tensors.elementwise(graph, operator.add, y, z))


def residual_by_hand(doubled):
    """Skip connections on identity units, or on pairs relu(t) - relu(-t), which cut."""
    (a, b), (c, d) = RESIDUAL["V"]
    carry = [[1, 0], [0, 1]] + ([[-1, 0], [0, -1]] if doubled else [])
    slopes = [(0, 1), (0, 1)] + [(0, 1) if doubled else (1, 1)] * len(carry)
    last = np.hstack([np.eye(2, dtype=int)] * 2 + ([-np.eye(2, dtype=int)] if doubled else []))
    return ReLUNetwork.from_arrays(
        [RESIDUAL["W"], [[a, b], [c, d], *carry], last],
        [RESIDUAL["b"], [*RESIDUAL["c"], *[0] * len(carry)], [0, 0]],
        [None, slopes],
    )


def test_a_skip_connection_is_the_network_written_by_hand():
    net, by_hand = residual_by_graph(), residual_by_hand(doubled=False)
    assert net == by_hand
    assert certified.equivalent(net, residual_by_hand(doubled=True)).status == "proved"
    assert tp.polyhedral_complex(net).f_vector == tp.polyhedral_complex(by_hand).f_vector


def test_cells_are_those_of_kinked_units_alone():
    graph = Graph(2)
    x = graph.inputs((2,))
    bend = graph.unit(tensors.elementwise(graph, operator.sub, x, numbers([1, 1])), ZERO)  # x rides along, uncut at 0
    y = tensors.elementwise(graph, operator.add, x, graph.unit(bend, numbers(["1/2", "1/3"])))
    net = graph.network(affine(graph, y, [[1, 1]], [0]))
    assert [len(layer.kinked) for layer in net.layers] == [2, 2, 0]
    assert tp.polyhedral_complex(net).num_cells == 4
    assert len(tp.affine_pieces(tp.polyhedral_complex(net))) == 4


def test_few_sums_are_carried_rather_than_many_inputs():
    graph = Graph(40)
    x = graph.inputs((40,))
    skip = affine(graph, x, [range(1, 41)], [0])
    deep = graph.unit(graph.unit(skip - ONE, ZERO), ZERO)
    net = graph.network(skip + deep)
    assert net.widths == (2, 2)
    assert net([1] * 40) == (820 + 819,)


def test_equal_comparisons_share_a_unit_and_constants_need_none():
    graph = Graph(2)
    x, y = graph.inputs((2,))
    values = tensor([tensors.largest(graph, [x, y]), tensors.largest(graph, [x, y, x]), graph.kink(fmpq(-2))], (3,))
    net = graph.network(values)
    assert net.num_kinked == 2
    assert net([3, 5]) == (5, 5, 0)


@pytest.mark.parametrize(("low", "high"), [(-1, 2), (None, 2), (-1, None), (None, None), (1, 1)])
def test_clip(low, high):
    graph = Graph(1)
    bounds = [None if q is None else fmpq(q) for q in (low, high)]
    net = graph.network(tensors.clip(graph, graph.inputs((1,)), *bounds))
    for t in (-3, -1, 0, Fraction(3, 2), 2, 7):
        expected = max(t, -100 if low is None else low)
        assert net([t]) == (min(expected, 100 if high is None else high),)
    assert net.num_kinked <= 2


def test_clip_of_crossed_bounds_is_refused():
    graph = Graph(1)
    with pytest.raises(ValueError, match="lower bound 2 of a clip exceeds the upper bound 1"):
        tensors.clip(graph, graph.inputs((1,)), fmpq(2), fmpq(1))


WINDOWS = [
    Window((2, 2), (1, 1), ((0, 0), (0, 0)), (1, 1)),
    Window((2, 3), (2, 1), ((1, 0), (1, 1)), (1, 1)),
    Window((2, 2), (1, 2), ((0, 0), (0, 1)), (2, 1)),
    Window((4, 5), (1, 1), ((0, 0), (0, 0)), (1, 1)),
]


def windows_by_hand(image, window):
    """For each position the entries under the window, None in the padding: straight from the definition."""
    (kh, kw), (sh, sw), ((top, low), (left, right)), (dh, dw) = (
        window.kernel, window.strides, window.pads, window.dilations)  # fmt: skip
    padded = np.pad(image, ((top, low), (left, right)), constant_values=None)
    rows = range(0, padded.shape[0] - dh * (kh - 1), sh)
    columns = range(0, padded.shape[1] - dw * (kw - 1), sw)
    return [[padded[i + dh * a, j + dw * b] for a in range(kh) for b in range(kw)] for i in rows for j in columns]


@pytest.mark.parametrize("window", WINDOWS)
def test_windows_from_their_definition(window):
    values = np.array([[(7 * i + 3 * j) % 11 - 5 for j in range(5)] for i in range(4)], dtype=object)
    found = windows_by_hand(values, window)
    graph = Graph(20)
    x = graph.inputs((1, 1, 4, 5))
    kernel = list(range(1, 1 + len(found[0])))
    weight = numbers(kernel).reshape(1, 1, *window.kernel)
    results = {
        "convolution": tensors.convolution(graph, x, weight, numbers([2]), window),
        "maximum": tensors.max_pool(graph, x, window),
        "average": tensors.average_pool(graph, x, window, count_padding=False),
        "average with padding": tensors.average_pool(graph, x, window, count_padding=True),
    }
    kept = [[v for v in row if v is not None] for row in found]
    expected = {
        "convolution": [2 + sum(w * (v or 0) for w, v in zip(kernel, row, strict=True)) for row in found],
        "maximum": list(map(max, kept)),
        "average": [Fraction(sum(row), len(row)) for row in kept],
        "average with padding": [Fraction(sum(row), len(kernel)) for row in kept],
    }
    for name, result in results.items():
        assert list(graph.network(result)(values.ravel().tolist())) == expected[name], name


def test_groups_of_a_convolution_read_their_own_channels():
    graph = Graph(4)
    window = Window((1,), (1,), ((0, 0),), (1,))
    x = graph.inputs((1, 4, 1))
    y = tensors.convolution(graph, x, numbers([[[1], [10]], [[1], [-1]]]), None, window, groups=2)
    assert graph.network(y)([1, 2, 3, 4]) == (21, -1)
    with pytest.raises(ValueError, match="3 groups does not fit"):
        tensors.convolution(graph, x, numbers([[[1], [10]], [[1], [-1]]]), None, window, groups=3)


def test_partial_windows_and_windows_of_padding():
    graph = Graph(4)
    x = graph.inputs((1, 1, 4))
    window = Window((3,), (2,), ((0, 0),), (1,))
    assert tensors.max_pool(graph, x, window).shape == (1, 1, 1)
    both = tensors.max_pool(graph, x, window, ceil_mode=True)
    assert graph.network(both)([1, 0, 2, 3]) == (2, 3)
    assert tensors.max_pool(graph, x, Window((2,), (2,), ((0, 0),), (1,)), ceil_mode=True).shape == (1, 1, 2)
    with pytest.raises(ValueError, match="wholly in the padding"):
        tensors.max_pool(graph, x, Window((1,), (1,), ((1, 0),), (1,)))
    with pytest.raises(ValueError, match="larger than its input"):
        tensors.max_pool(graph, x, Window((5,), (1,), ((0, 0),), (1,)))


def test_batch_normalisation_is_exact_where_its_root_is_rational():
    graph = Graph(2)
    x = graph.inputs((1, 2))
    y = tensors.batch_normalisation(
        graph, x, numbers([2, 1]), numbers([1, 0]), numbers([3, 0]), numbers(["3/4", 1]), fmpq(3, 2)
    )
    net = graph.network(y)
    assert net([6, 0])[0] == 1 + Fraction(3 * 2 * 2, 3)
    assert net([6, 1])[1] == Fraction(2.5**-0.5)
    with pytest.raises(ValueError, match="must be positive"):
        tensors.batch_normalisation(graph, x, *[numbers([0, 0])] * 4, fmpq(0))


rationals = st.fractions(min_value=-4, max_value=4, max_denominator=4)


@st.composite
def programs(draw):
    """Straight-line programs on three inputs: each step names an operation and earlier values."""
    steps = []
    for count in range(3, 3 + draw(st.integers(1, 7))):
        a, b = draw(st.integers(0, count - 1)), draw(st.integers(0, count - 1))
        name = draw(st.sampled_from(["relu", "leaky", "abs", "max", "min", "add", "sub", "scale", "clip"]))
        steps.append((name, a, b, draw(rationals)))
    return steps


def run(steps, values, graph):
    values = list(values)
    for name, a, b, q in steps:
        x, y = values[a], values[b]
        c = fmpq(q.numerator, q.denominator)
        one = tensor([x], (1,))
        if graph is None:
            made = {
                "relu": max(x, 0), "leaky": x if x >= 0 else q * x, "abs": abs(x), "max": max(x, y), "min": min(x, y),
                "add": x + y, "sub": x - y, "scale": q * x, "clip": min(max(x, q), q + 1),
            }[name]  # fmt: skip
        elif name in ("relu", "leaky", "abs"):
            made = graph.unit(one, {"relu": ZERO, "leaky": c, "abs": -ONE}[name])[0]
        elif name in ("max", "min"):
            made = {"max": tensors.maximum, "min": tensors.minimum}[name](graph, one, tensor([y], (1,)))[0]
        elif name == "clip":
            made = tensors.clip(graph, one, c, c + ONE)[0]
        else:
            made = {"add": lambda x=x, y=y: x + y, "sub": lambda x=x, y=y: x - y, "scale": lambda x=x, c=c: x * c}[
                name
            ]()
        values.append(made)
    return values


@given(programs(), st.lists(st.lists(rationals, min_size=3, max_size=3), min_size=3, max_size=3))
def test_any_program_is_lowered_to_its_function(steps, points):
    graph = Graph(3)
    values = run(steps, graph.inputs((3,)), graph)
    net = graph.network(tensor(values[-2:], (2,)))
    for point in points:
        assert list(net(point)) == run(steps, point, None)[-2:]


def test_products_of_values_are_refused():
    graph = Graph(2)
    x = graph.inputs((2,))
    for operation in (operator.mul, operator.truediv):
        with pytest.raises(ValueError, match="on the input is not piecewise linear"):
            tensors.elementwise(graph, operation, x, x)
    with pytest.raises(ValueError, match="not piecewise linear"):
        tensors.matmul(graph, x, x)
    with pytest.raises(ValueError, match="division by zero"):
        tensors.elementwise(graph, operator.truediv, x, numbers([1, 0]))


def test_limits_are_met_before_memory_is(monkeypatch):
    with pytest.raises(ValueError, match="between 1 and"):
        Graph(0)
    with pytest.raises(ValueError, match="between 1 and"):
        Graph(10**12)
    graph = Graph(1500)
    column, row = numbers(range(1500)).reshape(-1, 1), graph.inputs((1, 1500))
    with pytest.raises(ValueError, match="has more than"):
        tensors.elementwise(graph, operator.mul, column, row)
    with pytest.raises(ValueError, match="do not broadcast"):
        tensors.elementwise(graph, operator.add, numbers([1, 2]), row)
    monkeypatch.setattr(lowering, "MAX_WEIGHTS", 1499)
    with pytest.raises(ValueError, match="needs 1500 weights in 1 layers"):
        graph.network(row[:, :1])
    monkeypatch.setattr(lowering, "MAX_TERMS", 3000)
    with pytest.raises(ValueError, match="more than 3000 coefficients"):
        tensors.elementwise(graph, operator.mul, row, numbers([2**200]))


def test_repeated_squares_of_a_constant_stop_at_the_limit(monkeypatch):
    monkeypatch.setattr(lowering, "MAX_TERMS", 1 << 16)
    graph, value = Graph(1), numbers([3])

    def square_for_ever(value):
        while True:
            value = tensors.elementwise(graph, operator.mul, value, value)

    with pytest.raises(ValueError, match="coefficients"):
        square_for_ever(value)


def test_numbers_that_are_none(tmp_path):
    for bad in ([np.nan], [np.inf]):
        with pytest.raises(ValueError, match="w must be finite"):
            tensors.exact(np.array(bad), "w")
    with pytest.raises(ValueError, match="w must hold integers or floats"):
        tensors.exact(np.array([1j]), "w")
    assert [int(q.q) for q in tensors.exact(np.array([0.5, 2]), "w")] == [2, 1]
