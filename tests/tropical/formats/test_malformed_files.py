"""Hostile and damaged files of every format: one typed error each, quickly, in little memory, nothing run or written.

All files of a format are read in one process whose address space may grow by 512 MB beyond what the imports took.
"""

import io
import json
import os
import pickle
import struct
import subprocess
import sys
import tarfile
import zipfile

import numpy as np
import pytest

from tropical.files import MAX_BYTES, MAX_NUMBERS
from tropical.formats import json_format, lattice_json, nnet, npz, safetensors_format
from tropical.functions.affine import AffineForm
from tropical.functions.lattice_polynomial import LatticePolynomial
from tropical.functions.network import ReLUNetwork

MEGABYTES, SECONDS = 512, 5
READER = """
import json, resource, sys, time
from pathlib import Path
from tropical.formats import load_lattice_polynomial, load_network
folder, runtime, allowed = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) << 20
if runtime:
    __import__(runtime)
if hasattr(resource, "RLIMIT_AS") and Path("/proc/self/statm").exists():
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + allowed, held + allowed))

def peak():
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss would count what the parent held
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

before, report = peak(), []
for file in sorted(folder.iterdir()):
    load = load_lattice_polynomial if file.name.startswith("lattice") else load_network
    start, outcome = time.process_time(), ["read", ""]
    try:
        load(file)
    except Exception as error:
        outcome = [type(error).__name__, str(error)]
    report.append([file.name, *outcome, time.process_time() - start])
print(json.dumps({"growth": peak() - before, "files": report}))
"""

NET = ReLUNetwork.from_arrays([[[1, -1], [1, -1], [0, 0]], [[1, 0.5, 2]]], [[0.25, 0, 0], None])
EYE = np.eye(2)


class Payload:
    """Unpickled, it would leave a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


def outcomes(files, folder, runtime=""):
    """Write the files, read each of them in a process of its own kind, check what holds for all; name -> message."""
    for name, content in files.items():
        if callable(content):
            content(folder / name)
        else:
            (folder / name).write_bytes(content)
    listing = sorted(path.name for path in folder.iterdir()), sorted(path.name for path in folder.parent.iterdir())
    command = [sys.executable, "-c", READER, str(folder), runtime, str(MEGABYTES)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert finished.returncode == 0, finished.stderr[-2000:]
    report = json.loads(finished.stdout)
    assert [name for name, *_ in report["files"]] == sorted(files)
    wrong = [(name, kind, text[:200]) for name, kind, text, _ in report["files"] if kind != "FormatError"]
    assert wrong == []
    assert [name for name, _, text, _ in report["files"] if name not in text or len(text) > 600 or "\n" in text] == []
    assert [(name, seconds) for name, _, _, seconds in report["files"] if seconds > SECONDS] == []
    assert report["growth"] < MEGABYTES << 20
    assert listing == (sorted(p.name for p in folder.iterdir()), sorted(p.name for p in folder.parent.iterdir()))
    return {name: text for name, _, text, _ in report["files"]}


@pytest.fixture
def folder(tmp_path):
    inside = tmp_path / "files"
    inside.mkdir()
    return inside


def sparse(path):
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)


def in_any_format(suffix, valid, foreign, folder):
    """What is wrong whatever the format: ``valid`` is a file of it, ``foreign`` one of another."""
    pickled = pickle.dumps({"weight_0": Payload(str(folder.parent / "written"))})
    contents = {
        "empty": b"",
        "null": b"\0",
        "nulls": bytes(10_000),
        "noise": np.random.default_rng(0).bytes(4096),
        "picture": b"\x89PNG\r\n\x1a\n" + bytes(64),
        "pickle": pickled,
        "old-pickle": pickle.dumps([1.0], protocol=0),
        "half": valid[: len(valid) // 2],
        "one-byte-short": valid.rstrip()[:-1],
        "of-another-format": foreign,
        "utf16": "\ufeff{}".encode("utf-16"),
        "directory": lambda path: path.mkdir(),
        "pipe": os.mkfifo,
        "loop": lambda path: path.symlink_to(path),
        "dangling": lambda path: path.symlink_to("nowhere"),
        "too-large": sparse,
    }
    return {f"{name}{suffix}": content for name, content in contents.items()}


def document(**changes):
    base = {"format": json_format.SCHEMA, "version": 1, "numbers": "decimal"}
    return json.dumps({**base, "layers": [{"weight": [[1, 2], [3, 4]]}, {"weight": [[1, 1]]}], **changes}).encode()


def with_entry(text):
    return document().replace(b"3", text, 1)


def test_json(folder):
    valid = json_format.encode(NET)
    cases = {
        "brackets": b"[" * 1_000_000,
        "closed-brackets": b"[" * 100_000 + b"]" * 100_000,
        "five-million-brackets": b"[" * 5_000_000,
        "objects-in-objects": b'{"a":' * 1_000_000,
        "brackets-after-a-string": b'["\\\\", "\\"", ' + b"[" * 500 + b"]" * 501,
        "many-lists": b"[" + b"[]," * MAX_NUMBERS + b"[]]",
        "many-objects": b"[" + b"{}," * 1_000_000 + b"{}]",
        "many-numbers": with_entry(b"0," * MAX_NUMBERS + b"0"),
        "quotes": b'"\\"' * 1_000_000,
        "backslashes": b'["' + b"\\" * 4_000_000,
        "a-million-digits": with_entry(b"7" * 10**6),
        "a-million-decimals": with_entry(b"0." + b"7" * 10**6),
        "a-million-digits-as-text": with_entry(b'"' + b"7" * 10**6 + b'"'),
        "a-million-hexadecimal": with_entry(b'"' + b"f" * 10**6 + b'"').replace(b"decimal", b"hexadecimal"),
        "huge-exponent": with_entry(b"1e999999999"),
        "exponent-of-many-digits": with_entry(b"1e" + b"9" * 10**6),
        "nan": with_entry(b"NaN"),
        "infinity": with_entry(b"-Infinity"),
        "late-nan": document(layers=[{"weight": [[1.5] * 300_000 + [None]]}]),
        "duplicate-key": b'{"format": 1, "format": 2}',
        "byte-order-mark": b"\xef\xbb\xbf" + valid,
        "wide-letters": b'["' + "\U0001f600".encode() * 1_000_000 + b'"]',
        "invalid-utf8": valid.replace(b"network", b"netw\xc3rk"),
        "two-documents": valid + valid,
        "negative-size": document(layers=[{"weight": [[]]}]),
        "slopes-of-a-billion": document(layers=[{"weight": [[1]], "slopes": 10**9}, {"weight": [[1]]}]),
        "shapes-that-do-not-fit": document(layers=[{"weight": [[1] * 500] * 500}, {"weight": [[1]]}]),
        "code": with_entry(b"\"__import__('os').system('touch written')\""),
    }
    files = in_any_format(".json", valid, npz.encode(NET), folder) | {f"{k}.json": v for k, v in cases.items()}
    messages = outcomes(files, folder)
    assert "at most 64 levels" in messages["brackets-after-a-string.json"]
    assert "nested 1000000 deep" in messages["brackets.json"]
    assert "not a regular file" in messages["pipe.json"]


def test_lattice_polynomials(folder):
    polynomial = LatticePolynomial([AffineForm([1]), AffineForm([-1])], [[0], [1]])
    valid = lattice_json.encode(polynomial)
    cases = {
        "deep-clause": valid.replace(b"[0]", b"[" * 1000 + b"]" * 1000),
        "index-beyond": valid.replace(b"[0]", b"[9999999999999999999999]"),
        "nan": valid.replace(b'"constant": 0', b'"constant": NaN', 1),
        "a-million-digits": valid.replace(b'"constant": 0', b'"constant": ' + b"1" * 10**6, 1),
        "no-clauses": valid.replace(b"[0],\n [1]", b""),
        "many-clauses": valid.replace(b"[0]", b"[0]," * MAX_NUMBERS + b"[0]"),
        "a-network": json_format.encode(NET),
    }
    files = in_any_format(".json", valid, nnet.encode(NET), folder) | {f"{k}.json": v for k, v in cases.items()}
    outcomes({f"lattice-{name}": content for name, content in files.items()}, folder)


def archive(members, compression=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, content in members:
            file.writestr(name, content)
    return buffer.getvalue()


def array(value, **arguments):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(value), **arguments)
    return buffer.getvalue()


def raw_header(text, content=b"", version=1):
    text = text.encode("latin1") + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H", len(text)) + text + content


def header(shape, descr="'<f8'", content=b"", order="False"):
    return raw_header(f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}}}", content)


def bomb(compression, megabytes):
    """A member of zeros, packed to a thousandth by deflate and further by the others."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file, file.open("weight_0.npy", "w", force_zip64=True) as member:
        member.write(header(f"({megabytes << 7}, 1024)", "'<f8'"))
        for _ in range(megabytes):
            member.write(bytes(1 << 20))
    return buffer.getvalue()


def lying_about_its_size(data):
    """The archive with every size in its directory halved to a small one."""
    place, end = data.index(b"PK\x01\x02"), data.rindex(b"PK\x05\x06")
    directory = bytearray(data[place:end])
    directory[24:28] = struct.pack("<I", 200)
    return data[:place] + bytes(directory) + data[end:]


def test_npz(folder, tmp_path):
    eye = array(EYE)
    members = {
        "pickled-objects": [("weight_0.npy", array(np.array([[Payload(str(tmp_path / "x"))]], object)))],
        "pickle-as-member": [("weight_0.npy", pickle.dumps(Payload(str(tmp_path / "x"))))],
        "empty-member": [("weight_0.npy", b"")],
        "path-traversal": [("../../weight_0.npy", eye)],
        "absolute-path": [("/tmp/weight_0.npy", eye)],
        "folder-as-member": [("weight_0.npy/", b"")],
        "many-members": [(f"weight_{i}.npy", b"") for i in range(5000)],
        "shape-of-10^12": [("weight_0.npy", header("(1000000, 1000000)", content=bytes(64)))],
        "shape-of-10^60": [("weight_0.npy", header(f"({10**30}, {10**30})", content=bytes(64)))],
        "shape-of-10^30-by-0": [("weight_0.npy", header(f"({10**30}, 0)"))],
        "negative-shape": [("weight_0.npy", header("(-2, -2)", content=bytes(32)))],
        "shape-of-booleans": [("weight_0.npy", header("(True, 4)", content=bytes(32)))],
        "shape-no-tuple": [("weight_0.npy", header("4", content=bytes(32)))],
        "a-thousand-dimensions": [("weight_0.npy", header("(1,)*1000", content=bytes(8)))],
        "structured": [("weight_0.npy", header("(2, 2)", "[('a', '<f8')]", bytes(32)))],
        "object-type": [("weight_0.npy", header("(2, 2)", "'|O'", bytes(32)))],
        "text-type": [("weight_0.npy", header("(1, 1)", "'<U8'", bytes(32)))],
        "complex": [("weight_0.npy", header("(1, 1)", "'<c16'", bytes(16)))],
        "unknown-type": [("weight_0.npy", header("(1, 1)", "'<q77'", bytes(16)))],
        "order-no-boolean": [("weight_0.npy", header("(2, 2)", content=bytes(32), order="7"))],
        "code-in-the-header": [("weight_0.npy", raw_header(f"open({str(tmp_path / 'x')!r}, 'w')"))],
        "deep-header": [("weight_0.npy", raw_header("[" * 9000 + "]" * 9000))],
        "long-header": [("weight_0.npy", raw_header(" " * 60_000))],
        "version-9": [("weight_0.npy", raw_header("{}", version=9))],
        "one-byte-left-over": [("weight_0.npy", eye + b"\0")],
        "one-byte-missing": [("weight_0.npy", eye[:-1])],
        "nan": [("weight_0.npy", array(EYE * np.nan))],
        "infinite-bias": [("weight_0.npy", eye), ("bias_0.npy", array(np.array([0, np.inf])))],
        "too-many-numbers": [("weight_0.npy", array(np.zeros((2, MAX_NUMBERS), np.int8)))],
        "not-a-chain": [("weight_0.npy", array(np.zeros((1000, 1000)))), ("weight_1.npy", eye)],
        "another-name": [("x.npy", eye)],
    }
    cases = {name: archive(content) for name, content in members.items()}
    with pytest.warns(UserWarning, match="Duplicate name"):
        cases["duplicate-members"] = archive([("weight_0.npy", eye), ("weight_0.npy", array(EYE * 2))])
    cases["deflate-bomb"] = bomb(zipfile.ZIP_DEFLATED, 80)
    cases["bzip2-bomb"] = bomb(zipfile.ZIP_BZIP2, 65)
    cases["lzma-bomb"] = lying_about_its_size(bomb(zipfile.ZIP_LZMA, 65))
    cases["lying-deflate-bomb"] = lying_about_its_size(bomb(zipfile.ZIP_DEFLATED, 65))
    cases["encrypted"] = archive([("weight_0.npy", eye)]).replace(b"PK\1\2\x14\3\x14\0\0", b"PK\1\2\x14\3\x14\0\1")
    cases["bare-array"] = eye
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 0, 20, 0, 0, 0, 0, 33, *[0] * 10)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0, 0, 9_200_000, 0, 0)
    cases["two-hundred-thousand-members"] = b"PK" + entry * 200_000 + end
    cases["changed-number"] = npz.encode(NET).replace(b"PK\x03\x04", b"PK\x03\x05")
    files = in_any_format(".npz", npz.encode(NET), json_format.encode(NET), folder)
    messages = outcomes(files | {f"{name}.npz": content for name, content in cases.items()}, folder)
    assert len(cases["deflate-bomb"]) < 100_000
    assert "unpack to 83886" in messages["deflate-bomb.npz"]
    assert "never loaded" in messages["pickled-objects.npz"]


def tensor_file(entries, content=b"", length=None):
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + content


def tensor(shape=(2, 2), offsets=(0, 32), dtype="F64"):
    return {"weight_0": {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}}


def test_safetensors(folder):
    nan = np.full(4, np.nan).tobytes()
    cases = {
        "header-of-2^63": tensor_file(tensor(), bytes(32), 2**63),
        "header-of-2^64-1": tensor_file(tensor(), bytes(32), 2**64 - 1),
        "header-of-0": tensor_file(tensor(), bytes(32), 0),
        "header-too-short": tensor_file(tensor(), bytes(32), 20),
        "header-of-two-megabytes": tensor_file(b'{"a": "' + b"x" * (1 << 21) + b'"}'),
        "deep-header": tensor_file(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
        "invalid-utf8": tensor_file(b'{"\xff\xfe": 1}'),
        "duplicate-names": tensor_file(json.dumps(tensor()).encode()[:-1] + b"," + json.dumps(tensor()).encode()[1:]),
        "shape-of-10^12": tensor_file(tensor((10**6, 10**6)), bytes(32)),
        "shape-beyond-64-bits": tensor_file(tensor((2**33, 2**33), (0, 2**69)), bytes(32)),
        "negative-shape": tensor_file(tensor((-2, -2)), bytes(32)),
        "shape-of-10^1000": tensor_file(tensor((10**1000, 2)), bytes(32)),
        "a-million-digits": tensor_file(b'{"weight_0": ' + b"7" * 10**6 + b"}"),
        "shape-nan": tensor_file(b'{"weight_0": {"dtype": "F64", "shape": [NaN], "data_offsets": [0, 8]}}', bytes(8)),
        "offsets-overlap": tensor_file({**tensor(), "bias_0": tensor((2,), (16, 32))["weight_0"]}, bytes(32)),
        "offsets-beyond": tensor_file(tensor(offsets=(32, 64)), bytes(32)),
        "offsets-huge": tensor_file(tensor((2**40, 1), (0, 2**43)), bytes(32)),
        "too-many-numbers": tensor_file(tensor((2, MAX_NUMBERS), (0, 2 * MAX_NUMBERS), "I8"), bytes(2 * MAX_NUMBERS)),
        "unknown-type": tensor_file(tensor(dtype="C128"), bytes(32)),
        "nan": tensor_file(tensor(), nan),
        "half-precision-infinity": tensor_file(tensor((1, 1), (0, 2), "F16"), b"\x00\x7c"),
        "bfloat-infinity": tensor_file(tensor((1, 1), (0, 2), "BF16"), b"\x80\x7f"),
        "path-as-name": tensor_file({"../../x": tensor()["weight_0"]}, bytes(32)),
        "hole-at-the-end": tensor_file(tensor(), bytes(40)),
    }
    files = in_any_format(".safetensors", safetensors_format.encode(NET), npz.encode(NET), folder)
    outcomes(files | {f"{name}.safetensors": content for name, content in cases.items()}, folder)


def test_nnet(folder):
    valid = nnet.encode(NET)
    start = b"2,2,1,3,\n2,3,1,\n0,\n-1,-1,\n1,1,\n0,0,0,\n"
    cases = {
        "a-billion-units": b"1,1,999999999,999999999,\n1,999999999,\n" + valid,
        "a-billion-layers": b"999999999,1,1,1,\n1,1,\n",
        "sizes-of-20-digits": b"1,1,99999999999999999999,1,\n",
        "range-0": start + b"1,0,1,\n" + b"1,1,\n" * 20,
        "nan": valid.replace(b"0.25", b"nan"),
        "infinity": valid.replace(b"0.25", b"-inf"),
        "huge-exponent": valid.replace(b"0.25", b"1e999999999"),
        "tiny-exponent": valid.replace(b"0.25", b"1e-999999999"),
        "a-million-digits": valid.replace(b"0.25", b"1" * 10**6),
        "exponent-of-many-digits": valid.replace(b"0.25", b"1e" + b"9" * 10**6),
        "fraction": valid.replace(b"0.25", b"1/4"),
        "many-lines": b"//\n" * (MAX_NUMBERS + 1),
        "many-commas": valid.replace(b"0.25", b"," * (MAX_NUMBERS + 1)),
        "one-line": b"1," * (MAX_NUMBERS // 2),
        "comments-only": b"// nothing\n" * 1000,
        "late-nan": b"1,1000,1000,1000,\n1000,1000,\n0,\n" + (b"0," * 1000 + b"\n1," + b"1," * 999 + b"\n")
        + b"0," * 1001 + b"\n" + b"1," * 1001 + b"\n" + (b"0.5," * 1000 + b"\n") * 999 + b"0.5," * 999 + b"nan,\n",
        "rows-missing": valid.rsplit(b"\n", 3)[0],
        "rows-left-over": valid + b"1,\n",
    }  # fmt: skip
    files = in_any_format(".nnet", valid, json_format.encode(NET), folder)
    files |= {f"{name}.nnet": content for name, content in cases.items()}
    del files["one-byte-short.nnet"]  # the last numeral without its last digit and comma is a numeral
    outcomes(files, folder)


def saved(torch, value, **arguments):
    buffer = io.BytesIO()
    torch.save(value, buffer, **arguments)
    return buffer.getvalue()


def with_member(data, ending, change):
    """The archive with the content of one member changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        members = [(info.filename, file.read(info)) for info in file.infolist()]
    return archive([(n, change(c) if n.endswith(ending) else c) for n, c in members], zipfile.ZIP_STORED)


def tar_beginning_with(start):
    """A tar file with one member, whose name begins like the old format: older versions of torch would unpack it."""
    member = tarfile.TarInfo(start.decode("latin-1"))
    member.size = 512
    return member.tobuf(tarfile.USTAR_FORMAT, "latin-1") + bytes(512 * 3)


def test_torch(folder, tmp_path):
    torch = pytest.importorskip("torch")
    state = {"0.weight": torch.eye(2), "0.bias": torch.ones(2), "2.weight": torch.ones(1, 2), "2.bias": torch.ones(1)}
    valid = saved(torch, state)
    payload = Payload(str(tmp_path / "written"))
    old = saved(torch, state, _use_new_zipfile_serialization=False)
    cases = {
        "module": saved(torch, torch.nn.Linear(2, 1)),
        "payload": saved(torch, payload),
        "payload-in-a-state-dict": saved(torch, {**state, "x": payload}),
        "payload-in-the-archive": with_member(valid, "data.pkl", lambda _: pickle.dumps(payload)),
        "payload-in-the-old-format": saved(torch, payload, _use_new_zipfile_serialization=False),
        "payload-after-the-old-magic": old[:15] + pickle.dumps(payload),
        "old-format-cut-short": old[:-9],
        "old-format-of-a-billion-numbers": old.replace(b"cpuq\x06K\x04", b"cpuq\x06J\xff\xff\xff\x7f"),
        "old-format-that-is-a-tar-file": tar_beginning_with(old[:15]),
        "list": saved(torch, [torch.eye(2)]),
        "empty-state": saved(torch, {}),
        "text-in-the-state": saved(torch, {"0.weight": "weights"}),
        "number-as-key": saved(torch, {0: torch.eye(2)}),
        "nan": saved(torch, {**state, "0.bias": torch.tensor([1.0, float("nan")])}),
        "infinity": saved(torch, {**state, "0.bias": torch.tensor([1.0, float("inf")])}),
        "complex": saved(torch, {"0.weight": torch.eye(2, dtype=torch.complex64)}),
        "sparse": saved(torch, {"0.weight": torch.eye(2).to_sparse()}),
        "empty-tensor": saved(torch, {"0.weight": torch.ones(0, 2)}),
        "shapes": saved(torch, {"0.weight": torch.eye(2), "2.weight": torch.ones(1, 3)}),
        "expanded-to-a-billion": saved(torch, {"0.weight": torch.ones(1, 1).expand(30_000, 40_000)}),
        "convolution": saved(torch, {"0.weight": torch.ones(1, 1, 3, 3)}),
        "unknown-names": saved(torch, {"fc.w": torch.eye(2)}),
        "storage-cut-short": with_member(valid, "data/0", lambda content: content[:3]),
        "storage-path-traversal": valid.replace(b"archive/data/0", b"../../../dat/0"),
        "pickle-cut-short": with_member(valid, "data.pkl", lambda content: content[:20]),
        "zip-bomb": archive([("archive/data.pkl", bytes(MAX_BYTES + 1))]),
        "archive-of-nothing": archive([]),
        "an-npz": npz.encode(NET),
    }
    files = in_any_format(".pt", valid, safetensors_format.encode(NET), folder)
    outcomes(files | {f"{name}.pt": content for name, content in cases.items()}, folder, "torch")


def onnx_model(onnx, weight=None, **changes):
    """relu(x) W, with parts replaced."""
    helper, double = onnx.helper, onnx.TensorProto.DOUBLE
    tensor = onnx.numpy_helper.from_array(np.ones((2, 1)), "w") if weight is None else weight
    parts = {
        "nodes": [helper.make_node("Relu", ["x"], ["h"]), helper.make_node("MatMul", ["h", "w"], ["y"])],
        "name": "g",
        "inputs": [helper.make_tensor_value_info("x", double, [1, 2])],
        "outputs": [helper.make_tensor_value_info("y", double, [1, 1])],
        "initializer": [tensor],
    }
    return helper.make_model(helper.make_graph(**{**parts, **changes}), opset_imports=[helper.make_opsetid("", 17)])


def onnx_tensor(onnx, dims=(2, 1), raw=None, kind=11, **external):
    """A tensor that says of itself what it likes."""
    tensor = onnx.TensorProto(name="w", data_type=kind, dims=dims)
    if raw is not None:
        tensor.raw_data = raw
    if external:
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in external.items():
            tensor.external_data.add(key=key, value=value)
    return tensor


def test_onnx(folder):
    onnx = pytest.importorskip("onnx")
    make = onnx.helper.make_node
    info = onnx.helper.make_tensor_value_info
    double = onnx.TensorProto.DOUBLE
    (folder.parent / "secret").write_bytes(np.ones(2).tobytes())
    tensors = {
        "external-path-traversal": onnx_tensor(onnx, location="../secret", offset="0", length="16"),
        "external-absolute-path": onnx_tensor(onnx, location=str(folder.parent / "secret")),
        "external-device": onnx_tensor(onnx, location="/dev/zero", length="999999999999"),
        "shape-of-10^12": onnx_tensor(onnx, (10**6, 10**6), bytes(16)),
        "shape-of-10^36": onnx_tensor(onnx, (2**60, 2**60), bytes(16)),
        "negative-shape": onnx_tensor(onnx, (-2, -1), bytes(16)),
        "no-data": onnx_tensor(onnx),
        "data-cut-short": onnx_tensor(onnx, raw=bytes(15)),
        "data-too-long": onnx_tensor(onnx, raw=bytes(24)),
        "nan": onnx_tensor(onnx, raw=np.array([np.nan, 1]).tobytes()),
        "infinity": onnx_tensor(onnx, raw=np.array([np.inf, 1]).tobytes()),
        "text": onnx_tensor(onnx, kind=8),
        "complex": onnx_tensor(onnx, kind=15, raw=bytes(32)),
        "unknown-type": onnx_tensor(onnx, kind=99, raw=bytes(16)),
    }
    models = {name: onnx_model(onnx, tensor) for name, tensor in tensors.items()}
    models |= {
        "unknown-operator": onnx_model(onnx, nodes=[make("Sin", ["x"], ["y"])]),
        "operator-of-nobody": onnx_model(onnx, nodes=[make("Relu", ["x"], ["y"], domain="evil")]),
        "cycle": onnx_model(onnx, nodes=[make("Add", ["x", "y"], ["h"]), make("Relu", ["h"], ["y"])]),
        "undefined-input": onnx_model(onnx, nodes=[make("Relu", ["z"], ["y"])]),
        "no-nodes": onnx_model(onnx, nodes=[]),
        "no-outputs": onnx_model(onnx, outputs=[]),
        "two-inputs": onnx_model(onnx, inputs=[info("x", double, [1, 2]), info("z", double, [1, 2])]),
        "input-of-10^12": onnx_model(onnx, inputs=[info("x", double, [1, 10**12])]),
        "negative-input": onnx_model(onnx, inputs=[info("x", double, [1, -2])]),
        "input-without-shape": onnx_model(onnx, inputs=[info("x", double, None)]),
        "expanded-to-10^12": onnx_model(
            onnx, onnx.numpy_helper.from_array(np.array([10**6, 10**6]), "w"), nodes=[make("Expand", ["x", "w"], ["y"])]
        ),
        "reshaped-to-10^12": onnx_model(
            onnx,
            onnx.numpy_helper.from_array(np.array([10**6, 10**6]), "w"),
            nodes=[make("Reshape", ["x", "w"], ["y"])],
        ),
        "many-nodes": onnx_model(
            onnx, nodes=[make("Relu", [f"x{i}" if i else "x"], [f"x{i + 1}"]) for i in range(30_000)]
            + [make("Relu", ["x30000"], ["y"])]
        ),
    }  # fmt: skip
    cases = {name: model.SerializeToString() for name, model in models.items()}
    cases["text-of-a-model"] = b"ir_version: 8 graph { name: 'g' }"
    cases["length-of-2^63"] = b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
    cases["deep-messages"] = nested_graphs(2000)
    valid = onnx_model(onnx).SerializeToString()
    files = in_any_format(".onnx", valid, npz.encode(NET), folder) | {f"{k}.onnx": v for k, v in cases.items()}
    messages = outcomes(files, folder, "onnx")
    assert "another file" in messages["external-path-traversal.onnx"]


def nested_graphs(depth):
    """A model whose nodes hold graphs whose nodes hold graphs, built from the inside by hand."""
    graph = b""
    for _ in range(depth):
        attribute = b"\x32" + varint(len(graph)) + graph  # AttributeProto.g
        node = b"\x2a" + varint(len(attribute)) + attribute  # NodeProto.attribute
        graph = b"\x0a" + varint(len(node)) + node  # GraphProto.node
    return b"\x3a" + varint(len(graph)) + graph  # ModelProto.graph


def varint(number):
    text = bytearray()
    while number > 127:
        text.append(number & 127 | 128)
        number >>= 7
    return bytes([*text, number])


def test_suffixes_without_a_format(folder):
    names = ["net", "net.h5", "net.pkl", ".json", "net.json.gz", "net.npy", "net.NNETS", "net. json"]
    outcomes(dict.fromkeys(names, json_format.encode(NET)), folder)


def test_names_that_no_system_accepts():
    from tropical.formats import FormatError, load_network

    for name in ("\0.json", "a\0.npz", "x" * 5000 + ".nnet"):
        with pytest.raises(FormatError, match="cannot be read"):
            load_network(name)
