"""Networks and lattice polynomials on disk: lossless round trips, and one clear error for everything else."""

import io
import json
import os
import zipfile
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropical.files import MAX_BYTES
from tropical.formats import (
    FormatError,
    json_format,
    lattice_polynomial_from_dict,
    lattice_polynomial_to_dict,
    load_lattice_polynomial,
    load_network,
    npz,
    save_lattice_polynomial,
    save_network,
)
from tropical.formats.weights.reading import decode
from tropical.functions.affine import AffineForm
from tropical.functions.lattice_polynomial import LatticePolynomial
from tropical.functions.network import ReLUNetwork, parallel

TINY = Fraction(1, 2**1074)
NETWORKS = {
    "affine": ReLUNetwork.from_arrays([[[1, "2/3"]]], [["-1/7"]]),
    "relu": ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]]),
    "slopes": ReLUNetwork.from_arrays(
        [[[1], [2], [3], [4]], [[1, 1, 1, 1]] * 2, [[1, -1]]],
        [[0, 1, 2, 3], None, [5]],
        [[(0, 1), (1, 1), (-1, 1), ("1/10", 1)], None],
    ),
    "floats": ReLUNetwork.from_arrays([[[0.1, 1e-300]], [[2.5e300]]], [[float(TINY)], [-0.1]], [(0.01, 1)]),
    "two outputs": ReLUNetwork.from_arrays([[[1, 2]], [[1], [-1]]]),
    "integers beyond float64": ReLUNetwork.from_arrays([[[2**53 + 1]]]),
    "5000 digits": ReLUNetwork.from_arrays([[[Fraction(7**6000, 3**9000)]], [[-1]]]),
}
rationals = st.fractions(max_denominator=10**6) | st.floats(allow_nan=False, allow_infinity=False).map(Fraction)


@pytest.mark.parametrize("name", NETWORKS)
def test_json_round_trip(name, tmp_path):
    save_network(NETWORKS[name], tmp_path / "net.json")
    assert load_network(tmp_path / "net.json") == NETWORKS[name]


def test_a_hidden_layer_equal_to_the_last_one_keeps_its_slopes():
    net = parallel(ReLUNetwork.from_arrays([[[1]], [[1]], [[1]]]), ReLUNetwork.from_arrays([[[2]]]))
    net = ReLUNetwork((*net.layers, net.layers[-1]))
    assert json_format.decode(json_format.encode(net)) == net
    assert decode(npz.decode(npz.encode(ReLUNetwork((net.layers[-1],) * 2))))[0] == ReLUNetwork((net.layers[-1],) * 2)


@pytest.mark.parametrize("name", ["relu", "two outputs"])
def test_npz_round_trip(name, tmp_path):
    save_network(NETWORKS[name], str(tmp_path / "net.NPZ"))
    assert load_network(str(tmp_path / "net.NPZ")) == NETWORKS[name]


def test_npz_keeps_floats_and_slopes_bit_for_bit(tmp_path):
    net = ReLUNetwork.from_arrays([[[0.1], [-3e-310]], [[1e300, 1]]], [[0.3, 0], [0.7]], [[(0.01, 1), (-1, 1)]])
    save_network(net, tmp_path / "net.npz")
    assert load_network(tmp_path / "net.npz") == net
    assert npz.encode(net) == npz.encode(net)


@pytest.mark.parametrize("name", ["affine", "integers beyond float64", "5000 digits"])
def test_npz_refuses_to_round(name, tmp_path):
    with pytest.raises(FormatError, match=r"layer 0: weight holds a number that no float64 equals .* save it as .json"):
        save_network(NETWORKS[name], tmp_path / "net.npz")
    assert list(tmp_path.iterdir()) == []


@given(st.lists(st.lists(rationals, min_size=2, max_size=2), min_size=1, max_size=3), rationals)
def test_any_rational_survives_json(rows, slope):
    net = ReLUNetwork.from_arrays([rows, [[1] * len(rows)]], [[row[0] for row in rows], [slope]], [(slope, 1)])
    assert json_format.decode(json_format.encode(net)) == net


def test_json_floats_are_taken_as_the_doubles_they_denote(tmp_path):
    file = tmp_path / "net.json"
    document = {"format": json_format.SCHEMA, "version": 1, "numbers": "decimal", "layers": [{"weight": [[0.1, 3]]}]}
    file.write_text(json.dumps(document))
    assert load_network(file).layers[0].weight == ((Fraction(0.1), Fraction(3)),)


def test_long_numbers_are_written_in_hexadecimal():
    assert json.loads(json_format.encode(NETWORKS["5000 digits"]))["numbers"] == "hexadecimal"
    assert json.loads(json_format.encode(NETWORKS["slopes"]))["numbers"] == "decimal"


def test_arrays_of_other_widths_are_exact(tmp_path):
    np.savez(tmp_path / "net.npz", weight_0=np.array([[0.1]], dtype=np.float32), weight_1=np.array([[2**62 + 1]]))
    layers = load_network(tmp_path / "net.npz").layers
    assert layers[0].weight[0][0] == Fraction(float(np.float32(0.1)))
    assert layers[1].weight[0][0] == 2**62 + 1


def test_lattice_polynomials_round_trip(tmp_path):
    pieces = [AffineForm([1, "1/3"], 2), AffineForm([0.1, 0]), AffineForm([0, Fraction(1, 7**5000)])]
    polynomial = LatticePolynomial(pieces, [[0, 1], [2]])
    assert lattice_polynomial_from_dict(json.loads(json.dumps(lattice_polynomial_to_dict(polynomial)))) == polynomial
    save_lattice_polynomial(polynomial, tmp_path / "f.json")
    assert load_lattice_polynomial(tmp_path / "f.json") == polynomial


def document(**changes):
    base = {"format": json_format.SCHEMA, "version": 1, "numbers": "decimal"}
    layers = [{"weight": [[1, 2], [3, 4]], "bias": [0, 0]}, {"weight": [[1, 1]]}]
    return json.dumps({**base, "layers": layers, **changes}).encode()


def one_layer(**changes):
    return document(layers=[{"weight": [[1, 2], [3, 4]], **changes}, {"weight": [[1, 1]]}])


MALFORMED_JSON = {
    "empty file": (b"", "not JSON"),
    "truncated": (document()[:-5], "not JSON"),
    "not UTF-8": (b'{"format": "\xff"}', "not UTF-8"),
    "another document": (b"[1, 2]", "document must be an object"),
    "missing key": (
        b'{"format": "tropical-relu network", "version": 1, "numbers": "decimal"}',
        "lacks the key 'layers'",
    ),
    "unknown key": (document(comment="hello"), "unknown key 'comment'"),
    "repeated key": (b'{"version": 1, "version": 2}', "'version' appears twice"),
    "other schema": (document(format="onnx"), "format must be"),
    "other version": (document(version=2), "version must be 1, got 2"),
    "other notation": (document(numbers="roman"), "numbers must be"),
    "no layers": (document(layers=[]), "at least one layer"),
    "layers not a list": (document(layers={"0": 1}), "at least one layer"),
    "layer not an object": (document(layers=[[1]]), "layer 0 must be an object"),
    "NaN": (one_layer(bias=[0, float("nan")]), "finite, got NaN"),
    "infinity": (one_layer(bias=[0, float("inf")]), "finite, got Infinity"),
    "overflowing float": (document().replace(b"3", b"1e999"), r"layer 0: weight\[1\]\[0\] must be finite"),
    "ragged": (one_layer(weight=[[1, 2], [3]]), "layer 0: weight is ragged"),
    "empty weight": (one_layer(weight=[]), "layer 0: weight is empty"),
    "empty rows": (one_layer(weight=[[], []]), "layer 0: weight is empty"),
    "too deep": (one_layer(weight=[[[1]]]), r"layer 0: weight\[0\]\[0\] must be a rational"),
    "a hundred thousand brackets": (b"[" * 100_000, "too deep|not JSON|nested"),
    "weight a number": (one_layer(weight=5), "layer 0: weight must be a list of rows"),
    "boolean": (one_layer(bias=[True, 0]), r"layer 0: bias\[0\] must be a rational number, got true"),
    "null": (one_layer(bias=[None, 0]), r"layer 0: bias\[0\] must be a rational number, got null"),
    "text": (one_layer(bias=["x", 0]), r"layer 0: bias\[0\] must be a rational number"),
    "code": (one_layer(bias=["__import__('os')", 0]), r"layer 0: bias\[0\] must be a rational number"),
    "zero denominator": (one_layer(bias=["1/0", 0]), r"layer 0: bias\[0\] has denominator 0"),
    "bias too long": (one_layer(bias=[1, 2, 3]), "layer 0: bias has length 3"),
    "shapes": (document(layers=[{"weight": [[1, 2]]}, {"weight": [[1, 1]]}]), "layer 1: weight has shape"),
    "slopes too few": (one_layer(slopes=[[0, 1]]), "layer 0: slopes must be one pair"),
    "slopes not pairs": (one_layer(slopes=[[0], [1]]), "layer 0: slopes must be one pair"),
    "slopes of the last layer": (document(layers=[{"weight": [[1]], "slopes": [[0, 1]]}]), "unknown key 'slopes'"),
    "long integer": (document().replace(b"3", b"3" * 5000), "integer of 5000 digits"),
    "hexadecimal number": (document(numbers="hexadecimal"), "must be a hexadecimal rational"),
    "long hexadecimal": (
        document(numbers="hexadecimal", layers=[{"weight": [["f" * 200_000]]}]),
        "200000 characters",
    ),
}


@pytest.mark.parametrize("name", MALFORMED_JSON)
def test_malformed_json_gives_one_error_naming_file_and_problem(name, tmp_path):
    content, problem = MALFORMED_JSON[name]
    file = tmp_path / "net.json"
    file.write_bytes(content)
    with pytest.raises(FormatError, match=problem) as caught:
        load_network(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert len(str(caught.value)) < 400


def archive(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def lying_header():
    member = io.BytesIO()
    np.lib.format.write_array_header_1_0(member, {"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**6)})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("weight_0.npy", member.getvalue())
    return buffer.getvalue()


def bomb():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("weight_0.npy", bytes(MAX_BYTES + 1))
    return buffer.getvalue()


def bare_array():
    buffer = io.BytesIO()
    np.save(buffer, np.eye(2))
    return buffer.getvalue()


EYE = np.eye(2)
MALFORMED_NPZ = {
    "empty file": (b"", "not a NumPy archive"),
    "truncated": (archive(weight_0=EYE)[:-40], "not a NumPy archive"),
    "corrupt": (archive(weight_0=EYE).replace(b"\xf0?", b"\xf1?"), "not a NumPy archive"),
    "bare array": (bare_array(), "not a NumPy archive"),
    "pickle": (archive(weight_0=np.array([[{}]], dtype=object)), "allow_pickle"),
    "no arrays": (archive(), "at least one weight"),
    "unknown array": (archive(weight_0=EYE, extra=EYE), "unknown array 'extra'"),
    "gap": (archive(weight_0=EYE, weight_2=EYE), "weight_1 is missing"),
    "bias without weight": (archive(weight_0=EYE, bias_1=np.ones(2)), "bias_1 belongs to no"),
    "slopes of the last layer": (archive(weight_0=EYE, slopes_0=EYE), "slopes_0 belongs to no hidden layer"),
    "slopes of wrong shape": (archive(weight_0=EYE, weight_1=EYE, slopes_0=np.ones((3, 2))), r"shape \(2, 2\)"),
    "NaN": (archive(weight_0=EYE * np.nan), r"layer 0: weight\[0\]\[0\] must be finite"),
    "infinity": (archive(weight_0=EYE, bias_0=np.array([np.inf, 0])), r"layer 0: bias\[0\] must be finite"),
    "complex": (archive(weight_0=EYE * 1j), "integers or floats of at most 64 bits, got complex128"),
    "booleans": (archive(weight_0=EYE > 0), "integers or floats of at most 64 bits, got bool"),
    "text": (archive(weight_0=np.array([["1"]])), "integers or floats"),
    "vector": (archive(weight_0=np.ones(3)), r"must have 2 dimensions, got shape \(3,\)"),
    "shapes": (archive(weight_0=EYE, weight_1=np.ones((1, 3))), "layer 1: weight has shape"),
    "empty weight": (archive(weight_0=np.ones((0, 2))), "layer 0: weight is empty"),
    "lying header": (lying_header(), "archive|array"),
    "zip bomb": (bomb(), "unpack to"),
}


@pytest.mark.parametrize("name", MALFORMED_NPZ)
def test_malformed_npz_gives_one_error_naming_file_and_problem(name, tmp_path):
    content, problem = MALFORMED_NPZ[name]
    file = tmp_path / "net.npz"
    file.write_bytes(content)
    with pytest.raises(FormatError, match=problem) as caught:
        load_network(file)
    assert str(caught.value).startswith(f"{file}: ")


LATTICE = lattice_polynomial_to_dict(LatticePolynomial([AffineForm([1]), AffineForm([-1])], [[0], [1]]))
MALFORMED_LATTICE = {
    "no pieces": ({"pieces": []}, "pieces must be a list"),
    "no clauses": ({"clauses": []}, "clauses must be a list"),
    "empty clause": ({"clauses": [[]]}, "at least one piece"),
    "index out of range": ({"clauses": [[2]]}, "names piece 2"),
    "negative index": ({"clauses": [[-1]]}, "names piece -1"),
    "boolean index": ({"clauses": [[True]]}, "clause 0 must be a list of indices"),
    "piece without constant": ({"pieces": [{"gradient": [1]}]}, "piece 0 lacks the key 'constant'"),
    "different spaces": (
        {"pieces": [{"gradient": [1], "constant": 0}, {"gradient": [1, 2], "constant": 0}]},
        "one space",
    ),
    "a network": ({"format": json_format.SCHEMA}, "format must be"),
}


@pytest.mark.parametrize("name", MALFORMED_LATTICE)
def test_malformed_lattice_polynomials(name, tmp_path):
    changes, problem = MALFORMED_LATTICE[name]
    file = tmp_path / "f.json"
    file.write_text(json.dumps({**LATTICE, **changes}))
    with pytest.raises(FormatError, match=problem):
        load_lattice_polynomial(file)


def test_unknown_suffix_missing_file_and_folder(tmp_path):
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(FormatError, match=r"suffix '.h5'; known are .json, .npz"):
        load_network(tmp_path / "net.h5")
    with pytest.raises(FormatError, match="suffix ''"):
        save_network(NETWORKS["relu"], tmp_path / "net")
    with pytest.raises(FormatError, match="cannot be read: No such file"):
        load_network(tmp_path / "net.json")
    with pytest.raises(FormatError, match="cannot be read"):
        load_network(tmp_path / "folder.json")


@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_files_beyond_the_limit_are_not_read(suffix, tmp_path):
    file = tmp_path / f"net{suffix}"
    with file.open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    with pytest.raises(FormatError, match="larger than"):
        load_network(file)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    file = tmp_path / "net.json"
    save_network(NETWORKS["relu"], file)

    def full_disk(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        save_network(NETWORKS["slopes"], file)
    assert list(tmp_path.iterdir()) == [file]
    assert load_network(file) == NETWORKS["relu"]
