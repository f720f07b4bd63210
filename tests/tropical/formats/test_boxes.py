"""Boxes in files: the same box in every format, as numpy, json and csv of the standard library write it."""

import csv
import io
import json
from fractions import Fraction

import numpy as np
import pytest

import tropical as tp

BOX = tp.Box([0, "1/2", -3], [1, "1/2", "7/4"])


def written(folder):
    """The box as other programs write it; its bounds are dyadic, so that floats hold them."""
    ends = [[float(q) for q in end] for end in (BOX.lower, BOX.upper)]
    np.save(folder / "a.npy", np.array(ends).T)
    np.save(folder / "fortran.npy", np.asfortranarray(np.array(ends).T))
    np.savez(folder / "b.npz", lower=ends[0], upper=ends[1])
    np.savez_compressed(folder / "c.npz", upper=np.float32(ends[1]), lower=np.float32(ends[0]))
    (folder / "d.json").write_text(json.dumps({"lower": ends[0], "upper": ends[1]}))
    (folder / "e.json").write_text('{"upper": [1, "1/2", "1.75"], "lower": ["0", "0.5", -3]}')
    with (folder / "f.csv").open("w", newline="") as file:
        csv.writer(file).writerows(zip(*ends, strict=True))
    (folder / "g.csv").write_text("\ufeffLower, Upper\n\n# inputs\n0, 1\n 1/2 ,0.5\n-3,17.5e-1")
    return sorted(folder.iterdir())


def test_all_formats_say_the_same(tmp_path):
    files = written(tmp_path)
    assert len(files) == 8
    assert {tp.load_input_box(file) for file in files} == {BOX}


def test_decimals_are_the_fractions_that_they_show(tmp_path):
    (tmp_path / "box.csv").write_text("0.1,0.1\n-1e-3,1/3\n")
    box = tp.load_input_box(tmp_path / "box.csv")
    assert (box.lower, box.upper) == ((Fraction(1, 10), Fraction(-1, 1000)), (Fraction(1, 10), Fraction(1, 3)))


def saved(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def archive(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"0,1\n0,x\n", "a.csv: line 2: a bound must be a rational number"),
        ("a.csv", b"0,1\n\n0,1,2\n", "line 3: two numbers, lower and upper, expected, got '0,1,2'"),
        ("a.csv", b"0,1\nlower,upper\n", "line 2: a bound must be a rational number"),
        ("a.csv", b"0;1\n", "line 1: two numbers"),
        ("a.csv", b"1,0\n", r"lower <= upper, got lower\[0\] = 1 and upper\[0\] = 0"),
        ("a.csv", b"nan,1\n", "line 1: a bound must be a rational number"),
        ("a.csv", b"\xff\xfe", "not UTF-8 text"),
        ("a.csv", b"", "same positive length, got 0 and 0"),
        ("a.json", b'{"lower": [0]}', "document lacks the key 'upper'"),
        ("a.json", b'{"lower": [0], "upper": [1, 2]}', "same positive length, got 1 and 2"),
        ("a.json", b'{"lower": [0], "upper": ["b"]}', r"upper\[0\] must be a rational number"),
        ("a.json", b'{"lower": 0, "upper": 1}', "lower must be a list of numbers"),
        ("a.json", b"[[0, 1]]", "document must be an object"),
        ("a.npy", saved(np.zeros((2, 3))), r"shape \(n, 2\).*got \(2, 3\)"),
        ("a.npy", saved(np.array([[0, np.inf]])), "must be finite"),
        ("a.npy", saved(np.array([[0, None]])), "pickled objects"),
        ("a.npy", b"abc", "no valid header"),
        ("a.npz", archive(lower=[0]), "must hold the arrays lower and upper"),
        ("a.npz", archive(lower=[0], upper=[[1]]), "array 'upper' must have one dimension"),
        ("a.npz", archive(lower=[0], upper=[np.nan]), r"upper\[0\] must be finite"),
        ("a.npz", b"PK", "not a NumPy archive"),
        ("a.txt", b"0,1", "boxes are read from .csv, .json, .npy, .npz, .nnet, got '.txt'"),
    ],
)
def test_bad_files_are_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(tp.FormatError, match=message) as caught:
        tp.load_input_box(tmp_path / name)
    assert str(caught.value).startswith(str(tmp_path / name))
