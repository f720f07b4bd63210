"""Files that people have and that are not read: the error says what they are and what to do."""

import gzip
import io
import pickle

import numpy as np
import pytest

import tropical as tp
from tropical.formats import FormatError, load_network, save_network

NET = tp.ReLUNetwork.from_arrays([[[1, 2], [3, 4]], [[1, 1]]])


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("model.pkl", r"run code when they are read.*from_sklearn"),
        ("model.joblib", r"run code when they are read.*from_sklearn"),
        ("model.keras", r"export the model to \.onnx, or write np\.savez"),
        ("weights.h5", r"export the model to \.onnx, or write np\.savez"),
        ("model.json.gz", "unpack it first"),
        ("model.pt2", r"convert it to \.onnx"),
        ("pytorch_model.bin", r"if torch\.save wrote it, name it \.pt"),
        ("weights.NPY", "one array is no network"),
        ("folder", "it is a directory: name the file in it"),
        ("folder.d", "it is a directory: name the file in it"),
        ("model", r"known are \.json, \.npz, \.safetensors, \.nnet, \.pt, \.pth, \.ckpt, \.onnx$"),
    ],
)
def test_suffixes_of_other_programs(name, advice, tmp_path):
    if name.startswith("folder"):
        (tmp_path / name).mkdir()
    with pytest.raises(FormatError, match=f"no network format has the suffix .*{advice}"):
        load_network(tmp_path / name)


def test_advice_on_reading_is_not_given_on_writing(tmp_path):
    with pytest.raises(FormatError, match=r"suffix '\.h5'; known are [^;]*$"):
        save_network(NET, tmp_path / "net.h5")


def array():
    buffer = io.BytesIO()
    np.save(buffer, np.eye(2))
    return buffer.getvalue()


@pytest.mark.parametrize("suffix", [".json", ".npz", ".safetensors", ".nnet", ".pt", ".onnx"])
@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (pickle.dumps({"model": 3}), "pickles run code"),
        (gzip.compress(b"{}"), "it is compressed by gzip: unpack it first"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n", "a pointer of Git LFS"),
        (b"\n<!DOCTYPE html><html></html>", "it is a web page"),
        (b"\x89HDF\r\n\x1a\n" + bytes(200), "Keras files are not read"),
        (array(), "one array is no network"),
    ],
    ids=["pickle", "gzip", "Git LFS", "HTML", "HDF5", "npy"],
)
def test_content_under_a_wrong_name(content, advice, suffix, tmp_path):
    if suffix in (".pt", ".onnx"):
        pytest.importorskip({".pt": "torch", ".onnx": "onnx"}[suffix])
    (tmp_path / f"net{suffix}").write_bytes(content)
    with pytest.raises(FormatError, match=advice):
        load_network(tmp_path / f"net{suffix}")


@pytest.mark.parametrize("is_", [".json", ".npz", ".safetensors", ".nnet"])
@pytest.mark.parametrize("named", [".json", ".npz", ".safetensors", ".nnet"])
def test_our_formats_under_the_name_of_another(is_, named, tmp_path):
    save_network(NET, tmp_path / f"net{is_}")
    (tmp_path / f"net{is_}").rename(tmp_path / f"other{named}")
    if is_ == named:
        assert load_network(tmp_path / f"other{named}") == NET
        return
    with pytest.raises(FormatError, match=rf"it looks like a {is_} file$"):
        load_network(tmp_path / f"other{named}")


def test_a_file_of_torch_under_another_name(tmp_path):
    torch = pytest.importorskip("torch")
    for old in (False, True):
        torch.save({"0.weight": torch.eye(2)}, tmp_path / "net.npz", _use_new_zipfile_serialization=not old)
        with pytest.raises(FormatError, match=r"torch\.save wrote it: name it \.pt"):
            load_network(tmp_path / "net.npz")
