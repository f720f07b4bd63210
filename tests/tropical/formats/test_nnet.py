"""The .nnet format: decimal fractions, normalisation folded in exactly, a second evaluation by the definition."""

import itertools
import math
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tropical as tp
from tropical.formats import FormatError, load_input_box, load_network, nnet, save_network
from tropical.formats.nnet_normalisation import solution
from tropical.functions.network import ReLUNetwork
from tropical.polyhedra.polyhedron import Box

ACAS = """// A network of 2 inputs and 2 outputs
// with a second comment
2, 2, 2, 3,
2, 3, 2,
0,
-0.5,-1,
0.5,1e1,
0.1,-2,7.5,
2,.5,373.9,
1.0,-1.0,
0,2.5e-1,
-1E+1,+3.,
0.1,
0,
-2,
1,0,-1,
0.5,0.5,0.5,
1,
-.25
"""
NETWORKS = {
    "affine": ReLUNetwork.from_arrays([[["1/10", "-3/8"]]], [[-3]]),
    "constant": ReLUNetwork.from_arrays([[[0], [0]], [[0, 0]]], [[0, 0], [7]]),
    "duplicates and a dead unit": ReLUNetwork.from_arrays([[[1, -1], [1, -1], [0, 0]], [[1, 1, 1]]]),
    "two outputs": ReLUNetwork.from_arrays([[[1, 2]], [[1], [-1]]]),
    "floats": ReLUNetwork.from_arrays([[[0.1, 5e-324], [1e308, -2.5]], [[1, -0.3]]], [[0.7, 1e-300], [10**20]]),
}


def by_definition(x, means, ranges, layers, mean, scale):
    """Normalise, evaluate with ReLU between, undo: what a program does that reads the file."""
    h = [(q - m) / r for q, m, r in zip(x, means, ranges, strict=True)]
    for index, (weight, bias) in enumerate(layers):
        h = [sum(a * q for a, q in zip(row, h, strict=True)) + b for row, b in zip(weight, bias, strict=True)]
        if index < len(layers) - 1:
            h = [max(q, Fraction(0)) for q in h]
    return tuple(scale * q + mean for q in h)


def test_the_normalisation_is_folded_in(tmp_path):
    (tmp_path / "net.nnet").write_text(ACAS)
    net = load_network(tmp_path / "net.nnet")
    f = Fraction
    first = [[1, -1], [0, f(1, 4)], [-10, 3]], [f(1, 10), 0, -2]
    second = [[1, 0, -1], [f(1, 2)] * 3], [1, f(-1, 4)]
    for x in ([f(0), f(0)], [f(1, 10), f(-2)], [f(1, 3), f(-7, 2)], [f(-50), f(50)]):
        expected = by_definition(x, [f(1, 10), f(-2)], [f(2), f(1, 2)], [first, second], f(15, 2), f(3739, 10))
        assert net(x) == expected
    assert load_input_box(tmp_path / "net.nnet") == Box([f(-1, 2), -1], [f(1, 2), 10])


@pytest.mark.parametrize("ending", ["\r\n", "\n\n"])
def test_line_endings_and_empty_lines_do_not_matter(ending):
    assert nnet.decode(ACAS.replace("\n", ending).encode()) == nnet.decode(ACAS.encode())


@pytest.mark.parametrize("name", NETWORKS)
def test_round_trip(name, tmp_path):
    save_network(NETWORKS[name], tmp_path / "net.nnet")
    assert load_network(tmp_path / "net.nnet") == NETWORKS[name]
    assert load_input_box(tmp_path / "net.nnet").upper[0] > 10**308


decimals = st.decimals(allow_nan=False, allow_infinity=False, places=12).map(Fraction) | st.floats(
    allow_nan=False, allow_infinity=False
).map(Fraction)


@given(st.lists(st.lists(decimals, min_size=2, max_size=2), min_size=1, max_size=3), decimals)
def test_any_decimal_fraction_survives(rows, bias):
    net = ReLUNetwork.from_arrays([rows, [[1] * len(rows)]], [[row[0] for row in rows], [bias]])
    assert nnet.decode(nnet.encode(net)) == net


@pytest.mark.parametrize("whole", [1, 500, 598, 599, 600, 700, 1195, 1199, 1200])
@pytest.mark.parametrize("part", [0, 1, 500, 600, 700, 1190, 1198, 1200])
def test_what_is_written_can_be_read(whole, part):
    """The longest numeral has 1200 characters, its sign and point among them."""
    bias = -(Fraction(10) ** (whole - 1) + Fraction(1, 10**part))
    net = ReLUNetwork.from_arrays([[[1]]], [[bias]])
    length = 1 + len(str(10 ** (whole - 1) + (part == 0))) + 1 + max(part, 1)
    if length > 1200:
        with pytest.raises(ValueError, match="no decimal fraction of bearable length"):
            nnet.encode(net)
    else:
        assert nnet.decode(nnet.encode(net)) == net


@pytest.mark.parametrize(
    ("net", "problem"),
    [
        (ReLUNetwork.from_arrays([[[Fraction(1, 3**2600)]]]), "no decimal fraction of bearable length"),
        (ReLUNetwork.from_arrays([[[Fraction(1, 3**9500)]]]), "no decimal fraction of bearable length"),
        (ReLUNetwork.from_arrays([[[Fraction(1, 3**99999)]], [[1]]]), "no decimal fraction of bearable length"),
        (ReLUNetwork.from_arrays([[[1]], [["1/3"]]]), "layer 1: weight holds a number that is no decimal"),
        (ReLUNetwork.from_arrays([[[1]]], [["1/7"]]), "layer 0: bias holds a number that is no decimal"),
        (ReLUNetwork.from_arrays([[["1/3"], ["1/3"]]], [[0, "1/3"]]), "layer 0: weight holds a number that is no"),
        (ReLUNetwork.from_arrays([[["1/3"]]], [["1/7"]]), "layer 0: weight holds a number that is no decimal"),
        (ReLUNetwork.from_arrays([[[Fraction(1, 2**2000)]]]), "no decimal fraction of bearable length"),
        (ReLUNetwork.from_arrays([[[Fraction(10**2000)]]]), "no decimal fraction of bearable length"),
        (ReLUNetwork.from_arrays([[[1]], [[1]]], None, [(-1, 1)]), "layer 0 has units other than ReLU"),
    ],
)
def test_what_the_format_cannot_hold_is_refused(net, problem, tmp_path):
    with pytest.raises(FormatError, match=problem):
        save_network(net, tmp_path / "net.nnet")
    assert list(tmp_path.iterdir()) == []


def as_written(data):
    """Means, ranges and layers of a text without comments, read by Python's own numbers."""
    rows = [[Fraction(entry) for entry in line.split(",") if entry] for line in data.decode().split("\n")[1:] if line]
    *means, mean = rows[5]
    *ranges, scale = rows[6]
    layers, place = [], 7
    for size in rows[1][1:]:
        count = int(size)
        layers.append((rows[place : place + count], [q for (q,) in rows[place + count : place + 2 * count]]))
        place += 2 * count
    return means, ranges, layers, mean, scale


def from_nnet(ranges, means, units, seed, digits=5):
    """A network as read from a .nnet file with this normalisation and random decimals as parameters."""
    rng = random.Random(seed)

    def decimals(count):
        return [Fraction(rng.randint(-(10**digits), 10**digits), 10**digits) for _ in range(count)]

    weight = [[q / Fraction(r) for q, r in zip(decimals(len(ranges)), ranges, strict=True)] for _ in range(units)]
    moved = [sum(q * Fraction(m) for q, m in zip(row, means, strict=True)) for row in weight]
    bias = [b - q for b, q in zip(decimals(units), moved, strict=True)]
    return ReLUNetwork.from_arrays([weight, [decimals(units), decimals(units)]], [bias, decimals(2)])


NORMALISED = {
    "aircraft": from_nnet(
        ["60261", "6.28318530718", "6.28318530718", "1100", "1200"], ["19791.091", 0, 0, 650, 600], 7, 0
    ),
    "pixels": from_nnet(["0.3081"] * 12, ["0.1307"] * 12, 3, 1),
    "thirds": from_nnet([3, "0.3", 9], ["0.1", -1, "1e6"], 4, 2),
    "primes in common": from_nnet([21, 49, 77, 1, 2], [1, 2, 3, 4, 5], 6, 3),
    "more inputs than units": from_nnet([7, 11, 13, 17, 19, 23], [1, 2, 3, 4, 5, 6], 1, 4),
    "long": from_nnet(["3.14159265358979323846"] * 2, ["2.71828182845904523536"] * 2, 2, 5, digits=30),
    "many": from_nnet([10**6 + 37 * k for k in range(20)], range(20), 6, 6),
    "affine": ReLUNetwork.from_arrays([[["1/3", "-2/7"]]], [["1/21"]]),
    "the last column decides": ReLUNetwork.from_arrays([[["1/3"] * 12 + [0], ["1/3"] * 12 + ["1/3"]]], [["1/3", 0]]),
    "a column of zeros": ReLUNetwork.from_arrays([[["1/3", 0], [0, 0]], [[1, 1]]], [["5/3", 0], None]),
    "negative": ReLUNetwork.from_arrays([[["-1/3"], ["2/3"]], [[1, -1]]], [["-1/3", "2/3"], None]),
}  # fmt: skip


@pytest.mark.parametrize("name", NORMALISED)
def test_a_normalised_network_is_written_back(name, tmp_path):
    net, file = NORMALISED[name], tmp_path / "net.nnet"
    save_network(net, file)
    assert load_network(file) == net
    means, ranges, layers, mean, scale = as_written(file.read_bytes())
    assert all(abs(m) <= 1 for m in means)
    assert all(1 <= r < 10 for r in ranges)
    for x in ([Fraction(0)] * net.input_dim, [Fraction(k - 2, 3) for k in range(net.input_dim)]):
        assert net(x) == by_definition(x, means, ranges, layers, mean, scale)


@pytest.mark.parametrize("seed", range(60))
def test_whatever_was_normalised_is_written_back(seed):
    """Ranges with prime powers and composite factors in common, whose congruences do have a solution."""
    rng = random.Random(seed)
    ranges = [math.prod(rng.choices([1, 2, 3, 3, 7, 9, 21, 91, 10**9 + 7], k=3)) for _ in range(rng.randint(1, 6))]
    means = [Fraction(rng.randint(-(10**4), 10**4), 100) for _ in ranges]
    net = from_nnet(ranges, means, rng.randint(1, 5), seed, digits=rng.choice([1, 3]))
    assert nnet.decode(nnet.encode(net)) == net


def test_what_was_read_is_the_same_function_when_written_and_read_again(tmp_path):
    text = changed(9, "3,0.7,373.9")
    (tmp_path / "net.nnet").write_text(text)
    net = load_network(tmp_path / "net.nnet")
    for suffix in (".nnet", ".json"):
        save_network(net, tmp_path / f"again{suffix}")
        again = load_network(tmp_path / f"again{suffix}")
        assert tp.equivalent(again, net).status == "proved"
    for suffix in (".npz", ".safetensors"):
        with pytest.raises(FormatError, match=r"no float64 equals .*\.json"):
            save_network(net, tmp_path / f"again{suffix}")


@given(st.lists(st.fractions(max_denominator=50), min_size=2, max_size=2), st.integers(2, 40), st.integers(-9, 9))
def test_written_or_refused_but_never_changed(row, denominator, numerator):
    net = ReLUNetwork.from_arrays([[row, row[::-1]], [[1, 1]]], [[Fraction(numerator, denominator), row[0]], None])
    try:
        data = nnet.encode(net)
    except ValueError:
        return
    assert nnet.decode(data) == net


def brute_force(images, target, modulus):
    return any(
        all(sum(x * image[i] for x, image in zip(xs, images, strict=True)) % modulus == t for i, t in enumerate(target))
        for xs in itertools.product(range(modulus), repeat=len(images))
    )


@pytest.mark.parametrize("modulus", [4, 6, 7, 9, 12])
def test_congruences_against_all_candidates(modulus):
    rng = random.Random(modulus)
    for _ in range(60):
        columns, rows = rng.randint(1, 3), rng.randint(1, 3)
        images = [[rng.randrange(modulus) for _ in range(rows)] for _ in range(columns)]
        target = [rng.randrange(modulus) for _ in range(rows)]
        found = solution(images, target, modulus)
        assert (found is not None) == brute_force(images, target, modulus)
        if found is not None:
            sums = [sum(x * image[i] for x, image in zip(found, images, strict=True)) for i in range(rows)]
            assert [q % modulus for q in sums] == target


def changed(line, text):
    lines = ACAS.split("\n")
    lines[line - 1] = text
    return "\n".join(lines)


MALFORMED = {
    "empty": ("", "ends where number of layers"),
    "only comments": ("// nothing\n", "ends where number of layers"),
    "truncated": (ACAS[:90], "ends where|expected"),
    "no last bias": (ACAS.rstrip("\n").rsplit("\n", 1)[0], "ends where a bias"),
    "more lines": (ACAS + "5\n", "line 20: the network ended before"),
    "three numbers ahead": (changed(3, "2,2,2"), "line 3: .* 4 natural numbers expected"),
    "no layers": (changed(3, "0,2,2,3"), "number of layers must be positive"),
    "negative size": (changed(4, "2,-3,2,"), "line 4: the sizes of the layers: 3 natural"),
    "size 0": (changed(4, "2,0,2,"), "sizes of the layers must be positive"),
    "sizes against the head": (changed(4, "5,3,2,"), "2 inputs and 2 outputs announced, but sizes 5 to 2"),
    "a billion units": (changed(4, "2,999999999,2,"), "announces 4999999997 numbers, at most"),
    "a billion layers": (changed(3, "999999999,2,2,3,"), "number of layers must be positive and at most"),
    "too few minima": (changed(6, "1,"), "line 6: minima: 2 numbers expected, got 1"),
    "range 0": (changed(9, "2,0,1,"), "a range is 0"),
    "NaN": (changed(10, "nan,1"), "line 10: weights: a finite decimal"),
    "infinity": (changed(10, "1,inf"), "line 10: weights: a finite decimal"),
    "hexadecimal": (changed(10, "1,0x10"), "finite decimal number"),
    "underscores": (changed(10, "1,1_0"), "finite decimal number"),
    "a lone point": (changed(10, "1,."), "finite decimal number"),
    "huge exponent": (changed(10, "1,1e999999999"), "finite decimal number"),
    "exponent beyond doubles": (changed(10, "1,1e-401"), "exponent 400 expected"),
    "a million digits": (changed(10, "1," + "7" * 10**6), "at most 1200 characters"),
    "ragged": (changed(11, "1,2,3"), "line 11: weights: 2 numbers expected, got 3"),
    "two biases on a line": (changed(13, "1,2,"), "line 13: a bias: 1 numbers expected, got 2"),
    "other digits": (changed(10, "1,١"), "finite decimal number"),
    "not text": ("\x80\x81\x82", "natural numbers expected"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_files_give_one_error_naming_file_and_problem(name, tmp_path):
    content, problem = MALFORMED[name]
    file = tmp_path / "net.nnet"
    file.write_text(content)
    with pytest.raises(FormatError, match=problem) as caught:
        load_network(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert len(str(caught.value)) < 400


def test_minima_may_be_maxima_but_not_above(tmp_path):
    file = tmp_path / "net.nnet"
    file.write_text(changed(7, "-0.5,1"))
    assert load_network(file).input_dim == 2
    assert load_input_box(file).dimension == 1
    file.write_text(changed(7, "-0.6,1"))
    with pytest.raises(FormatError, match=r"net\.nnet: a box needs lower <= upper"):
        load_input_box(file)
