"""`tropical convert`, the help of every command, completion."""

import json
import os
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from click.testing import CliRunner

import tropical as tp
from tropical.cli import inspection, main

MAXIMUM = tp.ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
PAIR = tp.ReLUNetwork.from_arrays([[[1, -1]], [[1], [1]]])
THIRDS = tp.ReLUNetwork.from_arrays([[[1]], [["1/3"]]])
LEAKY = tp.ReLUNetwork.from_arrays([[[1]], [[1]]], None, [(0.25, 1)])


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def files(tmp_path):
    for name, net in {"max": MAXIMUM, "pair": PAIR, "thirds": THIRDS, "leaky": LEAKY}.items():
        tp.save_network(net, tmp_path / f"{name}.json")
    tp.save_lattice_polynomial(tp.to_lattice_polynomial(MAXIMUM), tmp_path / "lattice.json")
    return tmp_path


@pytest.mark.parametrize("suffix", [".json", ".npz", ".safetensors", ".nnet"])
def test_networks_go_to_every_format_and_back(files, suffix):
    result = run("convert", files / "max.json", files / f"copy{suffix}")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith("network, inputs 2, hidden widths (3), outputs 1\n")
    assert tp.load_network(files / f"copy{suffix}") == MAXIMUM


def test_a_lattice_polynomial_stays_one_in_json_and_becomes_a_network_elsewhere(files):
    polynomial = tp.load_lattice_polynomial(files / "lattice.json")
    assert run("convert", files / "lattice.json", files / "copy.json").exit_code == 0
    assert tp.load_lattice_polynomial(files / "copy.json") == polynomial
    for target, options in (("copy.npz", ()), ("net.json", ("--as", "network"))):
        assert run("convert", files / "lattice.json", files / target, *options).exit_code == 0
        assert tp.equivalent(tp.load_network(files / target), MAXIMUM).status == "proved"


def test_a_network_becomes_its_lattice_form(files):
    result = run("convert", files / "max.json", files / "form.json", "--as", "lattice", "--json")
    report = json.loads(result.stdout)
    assert (result.exit_code, report["holds"], report["pieces"]) == (0, "lattice polynomial", 2)
    assert tp.equivalent(tp.load_lattice_polynomial(files / "form.json"), MAXIMUM).status == "proved"
    stopped = run("convert", files / "max.json", files / "late.json", "--as", "lattice", "--timeout", "1e-9")
    assert (stopped.exit_code, stopped.stdout) == (3, "")
    assert not (files / "late.json").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("thirds.json", "x.npz"), "no float64 equals (about 1/3)"),
        (("thirds.json", "x.safetensors"), "no float64 equals (about 1/3)"),
        (("thirds.json", "x.nnet"), "no decimal fraction"),
        (("leaky.json", "x.nnet"), "units other than ReLU"),
        (("max.json", "x.h5"), "no network format has the suffix '.h5'"),
        (("max.json", "x.npz", "--as", "lattice"), "lattice polynomials are written as .json only"),
        (("pair.json", "x.json", "--as", "lattice"), "one output, the network has 2"),
        (("max.json", "nowhere/x.json"), "No such file"),
        (("missing.npz", "x.json"), "No such file"),
        (("max.json",), "TARGET"),
        (("max.json", "x.npz", "--layers", "Linear"), "layers are named for files of weights only"),
    ],
)
def test_what_cannot_be_held_exactly_is_refused_with_the_reason(files, monkeypatch, arguments, message):
    monkeypatch.chdir(files)
    before = sorted(path.name for path in files.iterdir())
    result = run("convert", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("Error:")]
    assert message in line
    assert sorted(path.name for path in files.iterdir()) == before


@pytest.mark.parametrize("suffix", [".pt", ".onnx"])
def test_formats_of_other_packages(files, suffix):
    pytest.importorskip("torch" if suffix == ".pt" else "onnx")
    assert run("convert", files / "max.json", files / f"copy{suffix}").exit_code == 0
    assert run("convert", files / f"copy{suffix}", files / "back.json").exit_code == 0
    assert tp.equivalent(tp.load_network(files / "back.json"), MAXIMUM).status == "proved"
    refused = run("convert", files / "thirds.json", files / f"thirds{suffix}")
    assert (refused.exit_code, (files / f"thirds{suffix}").exists()) == (2, False)


def test_the_modules_of_a_state_dict_are_named(files):
    torch = pytest.importorskip("torch")
    torch.save({"0.weight": torch.eye(1), "2.weight": -torch.eye(1)}, files / "state.pt")
    layers = ("--layers", "Linear, LeakyReLU(0.25), Linear")
    assert run("convert", files / "state.pt", files / "net.json", *layers).exit_code == 0
    assert tp.load_network(files / "net.json")([-4]) == (1,)


@pytest.mark.parametrize("name", main.commands)
def test_every_help_has_examples_of_its_command(name):
    for arguments in ((name, "--help"), (name, "-h")):
        result = run(*arguments)
        assert result.exit_code == 0
        assert f"Examples:\n    tropical {name} " in result.stdout
        assert max(map(len, result.stdout.splitlines())) <= 100


def test_every_example_names_options_that_exist():
    commands = [line.split() for name in main.commands for line in run(name, "--help").stdout.splitlines()
                if line.startswith("    tropical ")]  # fmt: skip
    assert len(commands) >= 10
    for _, name, *words in commands:
        known = {option for parameter in main.commands[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known


def test_the_help_says_how_to_complete_in_the_shell():
    text = run("--help").stdout
    assert all(f"_TROPICAL_COMPLETE={shell}_source tropical" in text for shell in ("bash", "zsh", "fish"))
    arguments = {**os.environ, "_TROPICAL_COMPLETE": "bash_complete", "COMP_WORDS": "tropical con", "COMP_CWORD": "1"}
    code = "import sys; sys.argv = ['tropical']; from tropical.cli import main; main(prog_name='tropical')"
    found = subprocess.run([sys.executable, "-c", code], env=arguments, capture_output=True, text=True, check=False)
    assert found.stdout.split() == ["plain,convert"]


def test_the_hint_names_the_command(files):
    assert "Hint: `tropical inspect --help`" in run("inspect", files / "missing.json").stderr
    assert "Hint: `tropical convert --help`" in run("convert", files / "thirds.json", files / "x.npz").stderr


def test_ctrl_c_in_the_middle_of_an_inspection_gives_what_was_found(files, monkeypatch):
    def interrupted(net, domain, budget, report):
        for cells in (1, 2, 3):
            report(cells)
        raise KeyboardInterrupt

    monkeypatch.setattr(inspection, "polyhedral_complex", interrupted)
    result = run("inspect", files / "max.json", "--json")
    report = json.loads(result.stdout)
    assert (result.exit_code, report["complete"], report["reason"], report["cells"]) == (130, False, "interrupted", 3)
    assert "3 or more" in run("inspect", files / "max.json").stdout


@pytest.mark.filterwarnings("always::tropical.AssumedReLUWarning")
def test_weights_of_other_programs_are_converted_with_a_warning_of_one_line(files):
    np.savez(files / "net.npz", W1=[[1.0, -1.0]], b1=[0.0, 0.5], W2=[[1.0], [1.0]])
    result = run("convert", files / "net.npz", files / "relu.json")
    assert result.exit_code == 0
    assert result.stderr.startswith(f"Warning: {files / 'net.npz'}: ReLU is assumed between the layers (W1, W2)")
    assert result.stderr.count("\n") == 1
    result = run(
        "convert", files / "net.npz", files / "slopes.json", "--layers", "Linear(W1), LeakyReLU(0.5), Linear(W2)"
    )
    assert (result.exit_code, result.stderr) == (0, "")
    assert tp.load_network(files / "relu.json")([2]) == (2,)
    assert tp.load_network(files / "slopes.json")([2]) == (Fraction(5, 4),)
