"""Functions of one hidden layer: units recovered and proved, everything else refuted by two different jumps."""

import random
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tropical as tp
from learning import instances
from learning.structure.units import (
    HiddenLayer,
    HiddenUnit,
    JumpWitness,
    hidden_layer_of,
    jump_across,
    one_hidden_layer,
    same_units,
)

HALF = Fraction(1, 2)


def form(gradient, constant=0):
    return tp.AffineForm(gradient, constant)


def relu_network(first, last, biases=None, constant=0):
    return tp.ReLUNetwork.from_arrays([first, [last]], [biases, [constant]])


def second_difference(f, x, step):
    values = (f([a + sign * b for a, b in zip(x, step, strict=True)]) for sign in (1, 0, -1))
    after, here, before = (value[0] if isinstance(value, tuple) else value for value in values)
    return after - 2 * here + before


def holds(f, witness: JumpWitness) -> bool:
    """The witness by values of f alone: in a small ball f(x + v) - 2 f(x) + f(x - v) = |<n, v>| * jump."""
    rng = random.Random(1)
    normal = witness.hyperplane.gradient
    for point, jump in zip(witness.points, witness.jumps, strict=True):
        if witness.hyperplane(point) != 0:
            return False
        for _ in range(5):
            step = [Fraction(rng.randint(-9, 9), 10**60) for _ in normal]
            across = sum(a * b for a, b in zip(normal, step, strict=True))
            if second_difference(f, point, step) != abs(across) * jump:
                return False
    return witness.jumps[0] != witness.jumps[1]


def both_forms(net):
    return [net, tp.to_lattice_polynomial(net)]


def proved(f):
    report = one_hidden_layer(f)
    assert report.status == "proved"
    net = report.to_network()
    assert len(net.layers) == 2
    assert tp.check_certificate(report.certificate, f, net)
    assert hidden_layer_of(net) == report.layer
    return report


HAND_WRITTEN = {
    "zero": (relu_network([[0, 0]], [0]), 0, 1),
    "constant": (relu_network([[0, 0]], [2], [3], 1), 0, 1),
    "affine": (relu_network([[1, 2], [-1, -2]], [1, -1], None, 5), 0, 2),
    "absolute value": (relu_network([[1], [-1]], [1, 1]), 1, 2),
    "dead unit": (relu_network([[1, 2], [0, 0], [3, 1]], [1, 7, 0], [0, -1, 4]), 1, 1),
    "duplicated units": (relu_network([[1, 2], [2, 4], [HALF, 1]], [1, 1, 1]), 1, 1),
    "opposite units": (relu_network([[1, 2], [-2, -4]], [3, 1]), 1, 2),
    "a line as two units": (relu_network([[1, 2], [-1, -2], [1, 0]], [3, -3, 1]), 1, 3),
    "cancelling units": (relu_network([[1, 2], [2, 4], [1, 0]], [2, -1, 1]), 1, 1),
    "parallel units, different biases": (relu_network([[1, 2], [1, 2], [-1, -2]], [1, 1, -2], [0, 1, 2]), 3, 3),
    "a bump": (relu_network([[1], [1], [1]], [1, -2, 1], [1, 0, -1]), 3, 3),
    "negative orientation": (relu_network([[-3, 1]], [2], [5], -1), 1, 1),
}


@pytest.mark.parametrize("name", HAND_WRITTEN)
def test_hand_written_networks(name):
    net, hyperplanes, width = HAND_WRITTEN[name]
    for f in both_forms(net):
        report = proved(f)
        assert report.layer == hidden_layer_of(net)
        assert same_units(net, report.layer)
        assert len(report.units) == hyperplanes
        assert report.to_network().widths == (width,)


def test_the_canonical_form_of_a_function_written_in_two_ways():
    tidy = relu_network([[2, -3]], [5], [1])  # 5 relu(2x - 3y + 1)
    messy = tp.ReLUNetwork.from_arrays(
        [[[-2, 3], [4, -6], [2, -3], [1, 1], [0, 0]], [[4, "1/2", 0, 0, 9]]], [[-1, 2, 1, 0, -1], [4]]
    )  # 4 relu(-t) + relu(2t)/2 = 5 relu(t) - 4t
    layer = hidden_layer_of(messy)
    assert layer.units == (HiddenUnit((2, -3), Fraction(1), Fraction(5)),)
    assert layer.affine == form([-8, 12], 0)
    assert not same_units(messy, hidden_layer_of(tidy))
    assert same_units(messy, proved(messy).layer)


def test_other_slopes_and_no_hidden_layer():
    net = tp.ReLUNetwork.from_arrays(
        [[[1, 0], [0, 1], [1, 1]], [[1, 2, 3]]], [[1, 0, 0], None], [[[-1, 1], ["1/10", 1], [1, 1]]]
    )
    layer = hidden_layer_of(net)
    jumps = {unit.normal: unit.jump for unit in layer.units}
    assert jumps == {(1, 0): 2, (0, 1): 2 - Fraction(1, 5)}
    assert proved(net).layer == layer
    affine = tp.ReLUNetwork.from_arrays([[[1, 2]]], [[3]])
    assert hidden_layer_of(affine) == HiddenLayer((), form([1, 2], 3)) == proved(affine).layer


INSTANCES = {
    "h4": (lambda: instances.h4(6), 8, 8),
    "h6": (lambda: instances.h6(5), 6, 8),
    "ill-conditioned": (lambda: instances.ill_conditioned(5), 2, 2),
    "alternating, K = 4": (lambda: instances.alternating(4, 5), 4, 6),
    "alternating, K = 6": (lambda: instances.alternating(6, 3), 6, 8),
    "sequential": (lambda: instances.sequential(6), 9, 9),
    "parity, k = 2": (lambda: instances.parity(2, 5), 2, 4),
    "cancelling": (lambda: instances.cancelling(4), 2, 3),  # written with two hidden layers
}


@pytest.mark.parametrize("name", INSTANCES)
def test_instances_from_their_lattice_polynomials(name):
    make, hyperplanes, width = INSTANCES[name]
    net = make()
    report = proved(tp.to_lattice_polynomial(net))
    assert len(report.units) == hyperplanes
    assert report.to_network().widths == (width,)
    assert one_hidden_layer(net).layer == report.layer
    if len(net.layers) == 2:
        assert same_units(net, report.layer)


def test_a_minimum_of_absolute_values_needs_one_hidden_layer_only():
    """min(|x|, |y|) = |x| + |y| - (|x + y| + |x - y|)/2."""
    absolutes = [form([1, 0]), form([-1, 0]), form([0, 1]), form([0, -1])]
    report = proved(tp.LatticePolynomial(absolutes, [[a, b] for a in (0, 1) for b in (2, 3)]))
    assert {unit.normal: unit.jump for unit in report.units} == {(1, 0): 2, (0, 1): 2, (1, 1): -1, (1, -1): -1}


def maximum_of(forms):
    return tp.LatticePolynomial(forms, [[i] for i in range(len(forms))])


DEEP = {
    "max(x, y, 0)": maximum_of([form([1, 0]), form([0, 1]), form([0, 0])]),
    "max(|x|, |y|, |z|)": maximum_of([form([s * int(i == j) for j in range(3)]) for i in range(3) for s in (1, -1)]),
    "relu(y - |x|)": tp.ReLUNetwork.from_arrays([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[-1, -1, 1, -1]], [[1]]]),
    "max(|x|, 1) in the plane, cut by y": maximum_of([form([1, 0]), form([-1, 0]), form([0, 1], 1)]),
    "parity, k = 3": tp.to_lattice_polynomial(instances.parity(3, 5)),
    "parity, k = 4": instances.parity(4, 6),
    "thin cone": instances.thin_cone(4),
    "three layers": instances.random_network(3, (5, 5, 5), 20, 0),
}


@pytest.mark.parametrize("name", DEEP)
def test_deeper_functions_are_refuted_by_two_jumps_at_one_hyperplane(name):
    f = DEEP[name]
    for seed in range(3):
        report = one_hidden_layer(f, seed=seed)
        assert report.status == "refuted"
        assert holds(f, report.witness)
        for point, jump in zip(report.witness.points, report.witness.jumps, strict=True):
            assert jump_across(f, report.witness.hyperplane, point) == jump
        with pytest.raises(ValueError, match="refuted"):
            report.to_network()


def test_a_small_piece_that_the_random_lines_miss_is_found_by_the_comparison():
    """A pyramid of base 1e-6 around a far point: the refutation has to come from the witness of the comparison."""
    size, far = Fraction(1, 10**6), 10**5
    faces = [form([1, 0], size - far), form([-1, 0], size + far), form([0, 1], size - far), form([0, -1], size + far)]
    f = tp.LatticePolynomial([*faces, form([0, 0])], [[0, 1, 2, 3], [4]])
    report = one_hidden_layer(f)
    assert report.status == "refuted"
    assert 0 in report.witness.jumps
    assert holds(f, report.witness)


def test_every_function_of_one_variable_has_one_hidden_layer():
    zigzag = tp.LatticePolynomial(
        [form([1]), form([-2], 3), form([HALF], 1), form([0], -4)], [[0, 1], [2, 0], [3]]
    ) - tp.LatticePolynomial([form([3], 1), form([0])], [[0, 1]])
    report = proved(zigzag)
    deep = tp.ReLUNetwork.from_arrays(
        [[[1], [-1], [2]], [[1, 2, -1], [1, -3, 1]], [[1, -2]]], [[0, 1, -1], [-1, 1], [2]]
    )
    assert len(report.units) >= 3
    assert proved(deep).layer == proved(tp.to_lattice_polynomial(deep)).layer


def test_l17_is_necessary():
    """Bias-free with one hidden layer: F(x) - F(-x) is linear; its failure alone already refutes."""
    rng = random.Random(3)

    def odd_part(f, x):
        value = f(x), f([-a for a in x])
        first, second = (v[0] if isinstance(v, tuple) else v for v in value)
        return first - second

    def is_additive(f):
        pairs = [[[Fraction(rng.randint(-99, 99)) for _ in range(f.input_dim)] for _ in range(2)] for _ in range(20)]
        return all(odd_part(f, [a + b for a, b in zip(x, y, strict=True)]) == odd_part(f, x) + odd_part(f, y)
                   for x, y in pairs)  # fmt: skip

    for name, (make, _, _) in INSTANCES.items():
        assert is_additive(make()), name
    assert not is_additive(instances.parity(3, 5))
    assert one_hidden_layer(instances.parity(3, 5)).status == "refuted"
    even = instances.parity(4, 4, seed=None)  # even, so L17's identity holds, and yet not one hidden layer
    assert is_additive(even)
    assert one_hidden_layer(even).status == "refuted"


def has_width(layer, width):
    """By brute force over all orientations and doublings: is there a network with ``width`` units?"""
    jumps = [[unit.jump * a for a in unit.normal] for unit in layer.units]
    for size in range(len(jumps) + 1):
        for turned in combinations(range(len(jumps)), size):
            rest = [sum(column) for column in zip(layer.affine.gradient, *(jumps[j] for j in turned), strict=True)]
            parallel = (_are_parallel(rest, jump) for jump in jumps)
            if not any(rest) or (width > len(jumps) and any(parallel)):
                return True
    return width >= len(jumps) + 2


def _are_parallel(a, b):
    return all(a[i] * b[j] == a[j] * b[i] for i, j in combinations(range(len(a)), 2))


RATIONALS = st.fractions(min_value=-3, max_value=3, max_denominator=3)


@st.composite
def one_layer_networks(draw):
    dim, width = draw(st.integers(1, 3)), draw(st.integers(1, 5))
    first = [[draw(RATIONALS) for _ in range(dim)] for _ in range(width)]
    if width > 1 and draw(st.booleans()):  # two units on one hyperplane
        factor = draw(st.sampled_from([2, -1, -HALF]))
        first[1] = [factor * a for a in first[0]]
    biases = [draw(st.sampled_from([0, 0, 1, HALF])) for _ in range(width)]
    return relu_network(first, [draw(RATIONALS) for _ in range(width)], biases, draw(RATIONALS))


@given(one_layer_networks())
def test_the_form_from_the_weights_is_the_form_from_the_function(net):
    layer = hidden_layer_of(net)
    report = one_hidden_layer(tp.to_lattice_polynomial(net))
    assert report.status == "proved"
    assert report.layer == layer
    assert same_units(report.to_network(), layer)
    x = [Fraction(i + 1, 3) for i in range(net.input_dim)]
    assert layer(x) == net(x)[0] == report.to_network()(x)[0]
    width = report.to_network().widths[0]
    assert not layer.units or has_width(layer, width)
    assert width == max(len(layer.units), 1) or not has_width(layer, width - 1)


@given(one_layer_networks(), st.permutations(range(5)), st.sampled_from([Fraction(2), Fraction(1, 7)]))
def test_units_are_compared_up_to_permutation_and_scaling(net, order, factor):
    first, last = net.layers
    order = [i for i in order if i < first.output_dim]
    shuffled = tp.ReLUNetwork.from_arrays(
        [[[factor * a for a in first.weight[i]] for i in order], [[last.weight[0][i] / factor for i in order]]],
        [[factor * first.bias[i] for i in order], last.bias],
    )
    assert same_units(shuffled, hidden_layer_of(net))
    lifted = replace(last, bias=(last.bias[0] + 1,))
    assert not same_units(tp.ReLUNetwork((first, lifted)), hidden_layer_of(net))


@st.composite
def two_layer_networks(draw):
    dim = draw(st.integers(1, 2))
    sizes = [dim, draw(st.integers(1, 3)), draw(st.integers(1, 2)), 1]
    weights = [[[draw(RATIONALS) for _ in range(n)] for _ in range(m)] for n, m in pairwise(sizes)]
    biases = [[draw(st.sampled_from([0, 0, 1, -HALF])) for _ in range(m)] for m in sizes[1:]]
    return tp.ReLUNetwork.from_arrays(weights, biases)


@given(two_layer_networks())
def test_two_hidden_layers_are_decided_alike_in_both_forms(net):
    polynomial = tp.to_lattice_polynomial(net)
    reports = one_hidden_layer(net), one_hidden_layer(polynomial)
    assert reports[0].status == reports[1].status != "unknown"
    if reports[0].status == "proved":
        assert reports[0].layer == reports[1].layer
        assert tp.check_certificate(reports[1].certificate, polynomial, reports[1].to_network())
    else:
        assert all(holds(f, report.witness) for f in (net, polynomial) for report in reports)


def jumps_by_hyperplane(net):
    """From the complex: the set of gradient jumps over the facets on each hyperplane spanned by one."""
    cx = tp.polyhedral_complex(net)
    jumps: dict = {}
    for cells in cx.facet_cells.values():
        if len(cells) == 2:
            first, second = (cx.cells[i] for i in cells)
            opposite = {_scaled(-h) for h in second.halfspaces}
            (shared,) = (h for h in first.halfspaces if _scaled(h) in opposite)
            lead = next(a for a in shared.gradient if a)
            change = first.affine_map.forms[0] - second.affine_map.forms[0]
            jump = (change * (1 if lead > 0 else -1)).gradient
            jumps.setdefault(shared * (1 / lead), set()).add(jump)
    return jumps


def _scaled(h):
    return h * (1 / max(map(abs, h.gradient)))


def cut_along(net, forms):
    """The same function with further units in the first layer, of no use but to cut its cells."""
    first, second, last = net.layers
    biases = [[*first.bias, *(h.constant for h in forms)], second.bias, last.bias]
    widened = [[*row, *[0] * len(forms)] for row in second.weight]
    return tp.ReLUNetwork.from_arrays([[*first.weight, *(h.gradient for h in forms)], widened, last.weight], biases)


@given(two_layer_networks())
def test_the_decision_is_the_criterion_of_l17(net):
    """Proved iff each hyperplane that F breaks on has one jump all over, in a complex that is cut along all of them."""
    breaks = [h for h, found in jumps_by_hyperplane(net).items() if any(map(any, found))]
    jumps = jumps_by_hyperplane(cut_along(net, breaks))
    constant = all(len(jumps[h]) == 1 for h in breaks)
    report = one_hidden_layer(net)
    assert report.status == ("proved" if constant else "refuted")
    if constant:
        assert {unit.form * Fraction(1, next(a for a in unit.normal if a)) for unit in report.units} == set(breaks)


def test_budgets_end_in_unknown():
    f = tp.to_lattice_polynomial(instances.h4(6))
    report = one_hidden_layer(f, tp.Budget(cells=7))
    assert report.status == "unknown"
    assert "7 cells" in report.detail["reason"]
    assert one_hidden_layer(instances.h4(6), tp.Budget(cells=3)).status == "unknown"
    assert "seconds" in one_hidden_layer(f, tp.Budget(seconds=1e-9)).detail["reason"]
    with pytest.raises(ValueError, match="unknown"):
        _ = report.units


def test_beyond_24_hyperplanes_the_plain_form_is_kept():
    rng = random.Random(5)
    first = [[-Fraction(i + 1), Fraction(rng.randint(-9, 9)), Fraction(1)] for i in range(30)]
    net = relu_network(first, [1 + i for i in range(30)], [Fraction(i, 7) for i in range(30)], 1)
    layer = hidden_layer_of(net)
    assert len(layer.units) == 30
    assert layer.to_network().widths == (32,)
    assert same_units(layer.to_network(), layer)
    some = HiddenLayer(layer.units, form([0, 0, 0], 1))
    assert some.to_network().widths == (30,)
    fewer = hidden_layer_of(relu_network(first[:24], [1 + i for i in range(24)]))
    assert fewer.to_network().widths == (24,)


def test_bad_input():
    with pytest.raises(ValueError, match="one with 2"):
        one_hidden_layer(tp.ReLUNetwork.from_arrays([[[1], [2]]]))
    with pytest.raises(ValueError, match="AffineForm"):
        one_hidden_layer(form([1]))
    with pytest.raises(ValueError, match="got 2 and 1"):
        hidden_layer_of(instances.parity(3, 4))
    with pytest.raises(ValueError, match="2 inputs and the layer 1"):
        same_units(relu_network([[1, 2]], [1]), HiddenLayer((), form([1])))
    with pytest.raises(ValueError, match="not a canonical unit"):
        HiddenLayer((HiddenUnit((2, 4), Fraction(0), Fraction(1)),), form([0, 0]))
    unit = HiddenUnit((1, 2), Fraction(0), Fraction(1))
    with pytest.raises(ValueError, match="share a hyperplane"):
        HiddenLayer((unit, replace(unit, jump=Fraction(2))), form([0, 0]))
    with pytest.raises(ValueError, match="must lie on the hyperplane"):
        jump_across(relu_network([[1]], [1]), form([1]), (Fraction(1),))
