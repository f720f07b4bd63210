"""Safetensors, read without the package: exact round trips, the package as a second reader, nothing taken on trust."""

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropical.formats import AssumedReLUWarning, FormatError, load_network, safetensors_format, save_network
from tropical.formats.weights import reading
from tropical.functions.network import ReLUNetwork

NETWORKS = {
    "affine": ReLUNetwork.from_arrays([[[1, "1/2"]]], [[-3]]),
    "constant": ReLUNetwork.from_arrays([[[0], [0]], [[0, 0]]], [[0, 0], [7]]),
    "duplicates and a dead unit": ReLUNetwork.from_arrays([[[1, -1], [1, -1], [0, 0]], [[1, 1, 1]]]),
    "slopes": ReLUNetwork.from_arrays([[[0.1], [-3e-310]], [[1e300, 1]]], [[0.3, 0], [0.7]], [[(0.01, 1), (-1, 1)]]),
    "two outputs": ReLUNetwork.from_arrays([[[1, 2]], [[1], [-1]]]),
}
EYE = np.eye(2)


def decode(data):
    """The network, whatever is assumed about it."""
    return reading.decode(safetensors_format.decode(data))[0]


def pack(header, content=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + content


def tensors(**arrays):
    """A well-formed file of float64 arrays; a full stop in a name is written as two underscores."""
    header, content = {}, b""
    for name, array in arrays.items():
        array = np.asarray(array, "<f8")
        offsets = [len(content), len(content) + array.nbytes]
        header[name.replace("__", ".")] = {"dtype": "F64", "shape": list(array.shape), "data_offsets": offsets}
        content += array.tobytes()
    return header, content


@pytest.mark.parametrize("name", NETWORKS)
def test_round_trip(name, tmp_path):
    save_network(NETWORKS[name], tmp_path / "net.safetensors")
    assert load_network(tmp_path / "net.safetensors") == NETWORKS[name]


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.lists(finite, min_size=2, max_size=2), min_size=1, max_size=3), finite, st.tuples(finite, finite))
def test_any_float_survives(rows, bias, slopes):
    net = ReLUNetwork.from_arrays([rows, [[1] * len(rows)]], [[row[0] for row in rows], [bias]], [slopes])
    assert decode(safetensors_format.encode(net)) == net


def test_what_no_float_equals_is_refused(tmp_path):
    with pytest.raises(FormatError, match=r"layer 0: weight holds a number that no float64 equals \(about 1/3\)"):
        save_network(ReLUNetwork.from_arrays([[["1/3"]]]), tmp_path / "net.safetensors")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("prefix", ["", "net__", "model__layers__"])
def test_state_dicts_of_sequential_modules_have_relu_between(prefix):
    names = {"2__weight": [[1.0, -1.0]], "0__bias": [0.5, 0], "0__weight": [[1.0], [-1.0]]}
    data = pack(*tensors(**{prefix + name: array for name, array in names.items()}))
    expected = ReLUNetwork.from_arrays([[[1], [-1]], [[1, -1]]], [["1/2", 0], None])
    assert decode(data) == expected


def test_a_sequential_module_may_begin_with_one_that_has_no_arrays():
    data = pack(*tensors(**{"1__weight": EYE, "3__weight": EYE}))
    assert decode(data) == ReLUNetwork.from_arrays([EYE, EYE])


def test_what_stands_between_adjacent_layers_is_not_guessed():
    data = pack(*tensors(**{"0__weight": EYE, "1__weight": EYE, "3__weight": EYE}))
    with pytest.raises(ValueError, match="whether a ReLU stands between modules 0 and 1"):
        decode(data)


NUMBERS = {
    "F64": ("<f8", [0.1, -5e-324]),
    "F32": ("<f4", [0.1, 2.0**-149]),
    "F16": ("<f2", [0.1, 2.0**-24]),
    "I64": ("<i8", [2**62 + 1, -(2**63)]),
    "I32": ("<i4", [7, -(2**31)]),
    "I16": ("<i2", [7, -(2**15)]),
    "I8": ("<i1", [7, -128]),
    "U8": ("<u1", [7, 255]),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_every_type_is_exact(kind):
    letter, values = NUMBERS[kind]
    array = np.array([values], letter)
    entry = {"dtype": kind, "shape": [1, 2], "data_offsets": [0, array.nbytes]}
    net = decode(pack({"__metadata__": {"format": "pt"}, "weight_0": entry}, array.tobytes()))
    assert net.layers[0].weight == (tuple(Fraction(value) for value in array[0].tolist()),)


def test_bfloat16_is_the_upper_half_of_float32():
    halves = np.array([0x3F80, 0xBFC0, 0x0001], "<u2")  # 1, -3/2, 2^-133
    entry = {"dtype": "BF16", "shape": [1, 3], "data_offsets": [0, 6]}
    net = decode(pack({"weight_0": entry}, halves.tobytes()))
    assert net.layers[0].weight == ((Fraction(1), Fraction(-3, 2), Fraction(1, 2**133)),)


def entry(**changes):
    return {"dtype": "F64", "shape": [2, 2], "data_offsets": [0, 32], **changes}


MALFORMED = {
    "empty": (b"", "less than a header"),
    "length beyond the file": ((99).to_bytes(8, "little") + b"{}", "header of 99 bytes"),
    "length of 2^64": (b"\xff" * 8 + b"{}", r"header of about 2\^64 bytes"),
    "header no object": (pack(b"[]"), "header must be an object"),
    "header truncated": (pack(b'{"weight_0": '), "not JSON"),
    "header not UTF-8": (pack(b'{"\xff": 1}'), "not UTF-8"),
    "name twice": (pack(b'{"weight_0": 1, "weight_0": 2}'), "'weight_0' appears twice"),
    "entry no object": (pack({"weight_0": [1]}), "must be an object"),
    "entry without shape": (pack({"weight_0": {"dtype": "F64", "data_offsets": [0, 0]}}), "lacks the key 'shape'"),
    "unknown type": (pack({"weight_0": entry(dtype="F8_E4M3")}, bytes(32)), "got 'F8_E4M3'"),
    "booleans": (pack({"weight_0": entry(dtype="BOOL")}, bytes(32)), "got 'BOOL'"),
    "type no text": (pack({"weight_0": entry(dtype=["F64"])}, bytes(32)), "integers or floats"),
    "shape no list": (pack({"weight_0": entry(shape=4)}, bytes(32)), "list of at most 32 natural"),
    "shape of floats": (pack({"weight_0": entry(shape=[2.0, 2])}, bytes(32)), "natural numbers"),
    "shape of booleans": (pack({"weight_0": entry(shape=[True, 4])}, bytes(32)), "natural numbers"),
    "negative dimension": (pack({"weight_0": entry(shape=[-2, -2])}, bytes(32)), "natural numbers"),
    "many dimensions": (pack({"weight_0": entry(shape=[1] * 5000)}, bytes(8)), "natural numbers"),
    "offsets reversed": (pack({"weight_0": entry(data_offsets=[32, 0])}, bytes(32)), "not above"),
    "negative offset": (pack({"weight_0": entry(data_offsets=[-32, 0])}, bytes(32)), "natural numbers"),
    "shape too large": (pack({"weight_0": entry(shape=[2, 3])}, bytes(32)), "takes 48 bytes, its offsets hold 32"),
    "shape of 10^18": (pack({"weight_0": entry(shape=[10**9, 10**9])}, bytes(32)), r"takes about 2\^63 bytes"),
    "beyond the end": (pack({"weight_0": entry()}, bytes(31)), "ends at byte 32 of 31"),
    "bytes left over": (pack({"weight_0": entry()}, bytes(40)), "arrays end at byte 32 of 40"),
    "gap": (pack({"weight_0": entry(data_offsets=[8, 40])}, bytes(40)), "leaves a gap"),
    "overlap": (
        pack({"weight_0": entry(), "weight_1": entry(data_offsets=[16, 48])}, bytes(48)),
        "'weight_1' overlaps the array before it",
    ),
    "no arrays": (pack({}), "at least one weight"),
    "scalar": (pack(*tensors(weight_0=1.0)), r"must have 2 dimensions, got shape \(\)"),
    "convolution": (pack(*tensors(**{"0__weight": np.ones((1, 1, 3, 3))})), "must have 2 dimensions"),
    "unknown name": (pack(*tensors(fc1=EYE)), "unknown array 'fc1'"),
    "two modules": (pack(*tensors(a__0__weight=EYE, b__2__weight=EYE)), "several modules"),
    "two modules between": (pack(*tensors(**{"0__weight": EYE, "3__weight": EYE})), "are 3 apart"),
    "bias without weight": (pack(*tensors(weight_0=EYE, bias_1=[1, 2])), "bias_1 belongs to no"),
    "bias of another length": (pack(*tensors(weight_0=EYE, bias_0=[1])), "layer 0: bias has length 1"),
    "shapes": (pack(*tensors(weight_0=EYE, weight_1=np.ones((1, 3)))), "layer 1: weight has shape"),
    "empty weight": (pack(*tensors(weight_0=np.ones((0, 2)))), "layer 0: weight is empty"),
    "NaN": (pack(*tensors(weight_0=EYE * np.nan)), r"layer 0: weight\[0\]\[0\] must be finite, got nan"),
    "infinity": (pack(*tensors(weight_0=EYE, bias_0=[0, -np.inf])), r"layer 0: bias\[1\] must be finite, got -inf"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_files_give_one_error_naming_file_and_problem(name, tmp_path):
    content, problem = MALFORMED[name]
    file = tmp_path / "net.safetensors"
    file.write_bytes(content)
    with pytest.raises(FormatError, match=problem) as caught:
        load_network(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("name", NETWORKS)
def test_the_package_reads_what_is_written(name, tmp_path):
    package = pytest.importorskip("safetensors.numpy")
    save_network(NETWORKS[name], tmp_path / "net.safetensors")
    arrays = package.load_file(tmp_path / "net.safetensors")
    depth = len(NETWORKS[name].layers)
    weights, biases = [arrays[f"weight_{i}"] for i in range(depth)], [arrays[f"bias_{i}"] for i in range(depth)]
    slopes = [arrays.get(f"slopes_{i}") for i in range(depth - 1)]
    assert ReLUNetwork.from_arrays(weights, biases, slopes) == NETWORKS[name]


@pytest.mark.parametrize("letter", ["float64", "float32", "float16", "int64", "int32", "int8", "uint8"])
def test_what_the_package_writes_is_read(letter, tmp_path):
    package = pytest.importorskip("safetensors.numpy")
    rng = np.random.default_rng(0)
    arrays = {name: (rng.normal(size=shape) * 9).astype(letter) for name, shape in
              (("0.weight", (3, 2)), ("0.bias", (3,)), ("2.weight", (1, 3)))}  # fmt: skip
    package.save_file(arrays, tmp_path / "net.safetensors", metadata={"source": "é"})
    expected = ReLUNetwork.from_arrays([arrays["0.weight"], arrays["2.weight"]], [arrays["0.bias"], None])
    with pytest.warns(AssumedReLUWarning, match=r"net.safetensors: ReLU is assumed between the layers \(0, 2\)"):
        assert load_network(tmp_path / "net.safetensors") == expected


def test_a_torch_module_saved_by_the_package_is_read(tmp_path):
    package, torch = pytest.importorskip("safetensors.torch"), pytest.importorskip("torch")
    torch.manual_seed(0)
    for kind in (torch.float32, torch.float64, torch.bfloat16, torch.float16):
        model = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.ReLU(), torch.nn.Linear(5, 2)).to(kind)
        package.save_file(model.state_dict(), tmp_path / "net.safetensors")
        with pytest.warns(AssumedReLUWarning, match="ReLU is assumed"):
            net = load_network(tmp_path / "net.safetensors")
        weights = [model[i].weight.double().detach().numpy() for i in (0, 2)]
        biases = [model[i].bias.double().detach().numpy() for i in (0, 2)]
        assert net == ReLUNetwork.from_arrays(weights, biases)
