"""The options that restrict inputs, on every command that takes them, and the files that results go to."""

import json

import pytest
from click.testing import CliRunner

import tropical as tp
from tropical.cli import main

NET = tp.ReLUNetwork.from_arrays([[[1, 2, -1], [0, 1, 1], [1, -1, 0]], [[1, -2, 1]]], [[0, -1, 1], [0]])
ONE = tp.ReLUNetwork.from_arrays([[[0, 1, 0]]])


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tp.save_network(NET, "net.json")
    tp.save_network(ONE, "one.json")
    (tmp_path / "box.csv").write_text("0,1\n0.1,0.1\n-1,2\n")
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(main, list(arguments))


SAME = [
    ("--box", "0", "1", "--box", "0.1", "1/10", "--box", "-1", "2"),
    ("--box-file", "box.csv"),
    ("--box", "0", "1", "--box", "5", "6", "--box", "-1", "2", "--fix", "1=0.1"),
    ("--box-file", "box.csv", "--fix", " 1 = 1e-1"),
]


@pytest.mark.parametrize("options", SAME)
def test_four_ways_to_say_one_box(files, options):
    box = tp.Box([0, "1/10", -1], [1, "1/10", 2])
    found = json.loads(run("inspect", "net.json", *options, "--json").stdout)
    cx = tp.polyhedral_complex(NET, box)
    assert found["domain"] == {"lower": ["0", "1/10", "-1"], "upper": ["1", "1/10", "2"]}
    assert (found["cells"], found["f_vector"]) == (cx.num_cells, list(cx.f_vector))
    assert found["lipschitz"]["squared"] == str(tp.lipschitz_constant(NET, domain=box).squared)
    assert "[0, 1] x {1/10} x [-1, 2]" in run("inspect", "net.json", *options).stdout


def test_one_interval_is_said_of_all_inputs(files):
    report = json.loads(run("inspect", "net.json", "--box", "0", "0.5", "--json").stdout)
    assert report["domain"] == ["0", "1/2"]
    point = json.loads(run("inspect", "net.json", "--box", "0.5", "0.5", "--json").stdout)
    assert (point["domain"], point["cells"], point["f_vector"]) == (["1/2", "1/2"], 1, [1])
    fixed = json.loads(run("inspect", "net.json", "--box", "0", "1", "--fix", "0=3", "--json").stdout)
    assert fixed["domain"] == {"lower": ["3", "0", "0"], "upper": ["3", "1", "1"]}


def test_inputs_are_fixed_on_all_of_space(files):
    report = json.loads(run("inspect", "net.json", "--fix", "2=1/3", "--fix", "0=-1", "--json").stdout)
    assert report["domain"] == {"lower": ["-1", None, "1/3"], "upper": ["-1", None, "1/3"]}
    by_hand = tp.ReLUNetwork.from_arrays([[[2], [1], [-1]], [[1, -2, 1]]], [["-4/3", "-2/3", 0], [0]])
    assert report["cells"] == tp.polyhedral_complex(by_hand).num_cells
    assert "{-1} x R x {1/3}" in run("inspect", "net.json", "--fix", "2=1/3", "--fix", "0=-1").stdout


def test_functions_are_compared_where_inputs_are_fixed(files):
    """x1 is the network of one layer; where x0 = 1, x2 = 0 and x1 is in [-1/2, 1] the other one is x1 + 3."""
    shifted = tp.ReLUNetwork.from_arrays([[[0, 1, 0]]], [[3]])
    tp.save_network(shifted, "shifted.json")
    options = ("--box", "1", "1", "--box", "-1/2", "1", "--box", "0", "0")
    assert run("equivalent", "net.json", "shifted.json", *options).exit_code == 0
    assert run("equivalent", "net.json", "shifted.json", "--fix", "0=1", "--fix", "2=0").exit_code == 1
    assert run("equivalent", "net.json", "shifted.json").exit_code == 1


def test_pictures_of_the_inputs_that_vary(files):
    for options in (("--box-file", "box.csv"), ("--fix", "1=1/10"), ("--fix", "1=0", "--fix", "0=1")):
        assert run("plot", "net.json", "-o", "picture.png", "--dpi", "20", *options).exit_code == 0
    assert run("plot", "one.json", "-o", "p.png", "--kind", "zonotope", "--fix", "0=1").exit_code == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--box", "0", "1", "--box", "0", "1"), "--box gives the bounds of 2 inputs, there are 3"),
        (("--box-file", "box.csv", "--box", "0", "1"), "--box and --box-file both say"),
        (("--box-file", "short.csv"), "short.csv holds the bounds of 1 inputs, there are 3"),
        (("--box-file", "bad.csv"), "bad.csv: line 2: a bound must be a rational number"),
        (("--box-file", "missing.csv"), "missing.csv: cannot be read: No such file"),
        (("--box-file", "net.json"), "net.json: document lacks the key 'lower'"),
        (("--box", "1", "0"), "lower[0] = 1 and upper[0] = 0"),
        (("--fix", "3=0"), "--fix '3=0': there are 3 inputs, numbered from 0"),
        (("--fix", "-1=0"), "--fix needs INDEX=VALUE such as 2=1/3, got '-1=0'"),
        (("--fix", "1"), "--fix needs INDEX=VALUE"),
        (("--fix", "1=two"), "--fix 1 must be a rational number"),
        (("--fix", "1=1", "--fix", "1=1"), "--fix says twice what input 1 is"),
    ],
)
def test_bad_input_is_named_on_every_command(files, options, message):
    (files / "short.csv").write_text("0,1\n")
    (files / "bad.csv").write_text("0,1\n0,one\n1,1\n")
    commands = [("inspect", "net.json"), ("equivalent", "net.json", "net.json"), ("plot", "net.json", "-o", "x.png")]
    for command in commands[: 3 if "--fix" in options else 2]:
        result = run(*command, *options)
        assert (result.exit_code, result.stdout) == (2, "")
        assert message in result.stderr
    assert not (files / "x.png").exists()


def test_results_go_to_files_too(files):
    for option in ("-o", "--out", "--output"):
        result = run("inspect", "net.json", option, "counts.json", "--box", "0", "1")
        assert "linear regions" in result.stdout
        assert (
            json.loads((files / "counts.json").read_text())["cells"]
            == tp.polyhedral_complex(NET, tp.Box([0] * 3, [1] * 3)).num_cells
        )
        result = run("equivalent", "net.json", "one.json", option, "verdict.json", "--certificate", "c.json", "--json")
        assert (result.exit_code, (files / "verdict.json").read_text()) == (1, result.stdout)
        assert run("check", "c.json", option, "checked.json").stdout.startswith("accepted")
        assert json.loads((files / "checked.json").read_text())["accepted"] is True
        assert run("convert", "net.json", option, "net.npz").exit_code == 0
        assert tp.load_network("net.npz") == NET
        (files / "net.npz").unlink()
    assert run("convert", "net.json", "a.npz", "-o", "b.npz").exit_code == 2
    assert "TARGET" in run("convert", "net.json").stderr
    nowhere = run("inspect", "net.json", "-o", "nowhere/counts.json")
    assert (nowhere.exit_code, "linear regions" in nowhere.stdout) == (2, True)  # what was found is not lost
    assert "nowhere/counts.json: No such file" in nowhere.stderr
    wrong = run("plot", "one.json", "--output", "picture.png", "-o", "x.png")
    assert (wrong.exit_code, "the file to write is -o picture.png" in wrong.stderr) == (2, True)
    left = {"net.json", "one.json", "box.csv", "counts.json", "verdict.json", "c.json", "checked.json"}
    assert {path.name for path in files.iterdir()} == left
