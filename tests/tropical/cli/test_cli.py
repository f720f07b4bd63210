"""The command `tropical`: figures, streams, exit codes."""

import itertools
import json
import subprocess
import sys
import time
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from types import SimpleNamespace

import click
import numpy as np
import pytest
from click.testing import CliRunner

import tropical as tp
from tropical.cli import inspection, main, shell, texts
from tropical.formats import save_lattice_polynomial, save_network
from tropical.proofs import checker
from tropical.proofs.certificate import equality_certificate

MAXIMUM = tp.ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
PAIR = tp.ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1], [1, 0, 0]]])
TILTED = tp.ReLUNetwork.from_arrays([[[1, 1]]])


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def files(tmp_path):
    save_network(MAXIMUM, tmp_path / "max.json")
    save_network(PAIR, tmp_path / "pair.json")
    save_network(TILTED, tmp_path / "tilted.json")
    save_lattice_polynomial(tp.to_lattice_polynomial(MAXIMUM), tmp_path / "lattice.json")
    changed = MAXIMUM.layers[1].weight[0][0] + Fraction(1, 2**40)
    save_network(tp.ReLUNetwork.from_arrays([MAXIMUM.layers[0].weight, [[changed, 1, -1]]]), tmp_path / "changed.json")
    (tmp_path / "broken.json").write_text('{"format": "tropical-relu network",\n "version": 1')
    return tmp_path


def test_inspect_prints_every_count_as_json(files):
    result = run("inspect", files / "max.json", "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 0
    assert report.pop("seconds") >= 0
    assert report == {
        "file": "max.json",
        "input_dim": 2,
        "output_dim": 1,
        "widths": [3],
        "domain": None,
        "cell_bounds": {"patterns": 8, "zaslavsky": 4, "montufar": 4, "serra": 4},
        "cells": 4,
        "linear_regions": 2,
        "affine_pieces": 2,
        "f_vector": [1, 4, 4],
        "lineality_dim": 0,
        "relevant_subspace_dim": 2,
        "lipschitz": {"norm": 2, "squared": "1", "decimal": "1"},
        "clauses": 2,
        "complete": True,
        "reason": None,
        "undecided": [],
    }


def test_inspect_prints_a_table_and_keeps_progress_off_stdout(files):
    result = run("inspect", files / "tilted.json")
    assert result.exit_code == 0
    assert "sqrt(2) = 1.41421356237" in result.stdout
    assert "cutting" in result.stderr
    assert "cutting" not in result.stdout


def test_inspect_shows_bounds_that_need_no_cell(files):
    widths = [2, *[12] * 20, 1]
    weights = [[[(3 * i + 5 * j) % 7 - 3 for j in range(n)] for i in range(m)] for n, m in pairwise(widths)]
    save_network(tp.ReLUNetwork.from_arrays(weights), files / "deep.json")
    result = run("inspect", files / "deep.json", "--timeout", "1e-9")
    assert result.exit_code == 3
    (line,) = [line for line in result.stdout.splitlines() if "at most" in line]
    assert line.count("about 10^") == 2
    assert "4 | 4" in run("inspect", files / "max.json").stdout


def test_bounds_of_any_size_are_shown():
    assert texts.number_of(None) is None
    assert texts.number_of(7) == 7
    assert texts.number_of(16**5000).startswith("hex:1000")
    assert texts.shortened(texts.number_of(16**5000)) == "about 10^6021"
    assert texts.shortened(10**15 - 1) == "9" * 15


def test_inspect_in_a_box(files):
    report = json.loads(run("inspect", files / "max.json", "--box", "-1", "3/2", "--json").stdout)
    assert report["domain"] == ["-1", "3/2"]
    assert report["f_vector"] == [7, 10, 4]  # four corners, the origin, the ends of the line x1 = 0
    assert report["clauses"] == 2
    decimal = json.loads(run("inspect", files / "max.json", "--box", "-1e0", "1.5", "--json").stdout)
    assert {**decimal, "seconds": None} == {**report, "seconds": None}


def test_inspect_shows_each_count_as_soon_as_it_is_known(files, monkeypatch):
    net, shown = tp.load_network(files / "max.json"), []
    found = inspection.Inspection(net, None, shell.Clock(None), lambda label, text: shown.append((label, text)))

    def interrupted(*arguments, **options):
        assert ("linear regions", "2") in shown
        raise KeyboardInterrupt

    monkeypatch.setattr(inspection, "lipschitz_constant", interrupted)
    found.run()
    assert found.exit_code == 130
    assert found.counts["undecided"] == ["lipschitz", "f_vector", "clauses"]
    assert [text for label, text in shown if text == "not reached"] == ["not reached"] * 3
    assert shown[-1] == ("INCOMPLETE", "interrupted")


def test_inspect_of_64_inputs_says_what_it_can_in_the_time(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    save_network(
        tp.ReLUNetwork.from_arrays([rng.standard_normal((8, 64)), rng.standard_normal((1, 8))]), tmp_path / "wide.json"
    )
    looks = iter(range(10**9))
    monkeypatch.setattr("tropical.budget.time", SimpleNamespace(monotonic=lambda: next(looks) / 20))
    result = run("inspect", tmp_path / "wide.json", "--box", "0", "1", "--timeout", "5")
    assert result.exit_code == 3
    assert "[0, 1]^64" in result.stdout
    assert "256 | 256" in result.stdout  # bounds on the number of cells
    assert "budget of 5 seconds exhausted" in result.stdout
    report = json.loads(run("inspect", tmp_path / "wide.json", "--box", "0", "1", "--timeout", "5", "--json").stdout)
    assert report["complete"] is False
    assert report["undecided"][:2] == ["cells", "lineality_dim"]
    assert 0 < report["cells"] < 256


def test_a_step_that_takes_no_budget_ends_all_the_same(files, monkeypatch):
    monkeypatch.setattr(shell, "_GRACE", 0.01)
    endless = (time.sleep(0.01) for _ in itertools.count())
    monkeypatch.setattr(inspection, "lipschitz_constant", lambda *arguments, **options: list(endless))
    result = run("inspect", files / "max.json", "--timeout", "1.5", "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 3
    assert report["reason"] == "budget of 1.5 seconds exhausted"
    assert report["affine_pieces"] == 2
    assert report["undecided"] == ["lipschitz", "f_vector", "clauses"]


def test_inspect_several_outputs_leaves_scalar_figures_out(files):
    result = run("inspect", files / "pair.json", "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (report["linear_regions"], report["lipschitz"], report["clauses"]) == (2, None, None)
    assert "Lipschitz" not in run("inspect", files / "pair.json").stdout


def test_an_exhausted_budget_gives_a_flagged_result_and_code_3(files):
    result = run("inspect", files / "max.json", "--timeout", "1e-9", "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 3
    assert (report["complete"], report["cells"]) == (False, None)
    assert "exhausted" in report["reason"]
    assert "INCOMPLETE" in run("inspect", files / "max.json", "--timeout", "1e-9").stdout
    undecided = run("equivalent", files / "max.json", files / "lattice.json", "--timeout", "1e-9", "--json")
    assert undecided.exit_code == 3
    assert json.loads(undecided.stdout)["status"] == "unknown"


def test_a_certificate_from_elsewhere_is_checked_within_the_time_given(files):
    rng = np.random.default_rng(0)
    weights = [rng.integers(-9, 10, size=(30, 20)).tolist(), rng.integers(-9, 10, size=(1, 30)).tolist()]
    net = tp.ReLUNetwork.from_arrays(weights, [rng.integers(-9, 10, size=30).tolist(), [0]])
    tp.save_certificate(equality_certificate(net, net), files / "long.cert")
    result = run("check", files / "long.cert", "--timeout", "0.5")
    assert (result.exit_code, result.stdout) == (3, "unknown: budget of 0.5 seconds exhausted\n")
    assert "--timeout SECONDS gives it longer" in result.stderr
    as_json = run("check", files / "long.cert", "--timeout", "0.5", "--json")
    assert (as_json.exit_code, json.loads(as_json.stdout)["accepted"]) == (3, None)
    without = {parameter.name: parameter.default for parameter in main.commands["check"].params}
    assert without["timeout"] < 20


def test_a_budget_used_up_in_the_middle_keeps_the_cells_found(files, monkeypatch):
    monkeypatch.setattr(shell.Clock, "budget", lambda self: tp.Budget(cells=3))
    result = run("inspect", files / "max.json", "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 3
    assert (report["complete"], report["cells"], report["linear_regions"]) == (False, 3, None)
    assert "3 or more" in run("inspect", files / "max.json").stdout


def test_equivalent_proves_and_refutes(files):
    proved = run("equivalent", files / "max.json", files / "lattice.json", "--json")
    assert (proved.exit_code, json.loads(proved.stdout)["status"]) == (0, "proved")
    refuted = run("equivalent", files / "max.json", files / "changed.json", "--json")
    report = json.loads(refuted.stdout)
    assert (refuted.exit_code, report["status"]) == (1, "refuted")
    x = [Fraction(text) for text in report["witness"]]
    changed = tp.load_network(files / "changed.json")
    assert [[str(q) for q in net(x)] for net in (MAXIMUM, changed)] == report["values"]
    assert MAXIMUM(x) != changed(x)
    assert "refuted" in run("equivalent", files / "max.json", files / "changed.json").stdout


def test_equal_on_a_box_only(files):
    half = tp.ReLUNetwork.from_arrays([[[1, 1]], [[1]]])
    save_network(half, files / "half.json")
    pair = (files / "half.json", files / "tilted.json")
    assert run("equivalent", *pair).exit_code == 1
    assert run("equivalent", *pair, "--box", "0", "1").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("inspect", "missing.json"), "No such file"),
        (("inspect", "broken.json"), "broken.json"),
        (("inspect", "max.txt"), "suffix"),
        (("inspect", "max.json", "--box", "1", "zero"), "zero"),
        (("inspect", "max.json", "--box", "2", "1"), "lower <= upper"),
        (("inspect", "max.json", "--timeout", "-1"), "timeout"),
        (("equivalent", "max.json", "broken.json"), "broken.json"),
        (("equivalent", "max.json"), "SECOND"),
        (("nonsense",), "nonsense"),
    ],
)
def test_bad_input_is_named_in_one_line_with_code_2(files, monkeypatch, arguments, message):
    monkeypatch.chdir(files)
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("Error:")]
    assert message in line
    assert "Traceback" not in result.stderr


def test_ctrl_c_ends_cleanly(files, monkeypatch):
    def interrupted(path):
        raise KeyboardInterrupt

    monkeypatch.setattr(inspection, "load_network", interrupted)
    result = run("inspect", files / "max.json")
    assert (result.exit_code, result.stdout) == (130, "")
    assert "Interrupted" in result.stderr


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (EOFError(), 70),
        (SystemExit(1), 70),  # as rich raises it where a pipe is closed
        (BrokenPipeError(), 70),
        (OSError(5, "no name"), 70),
        (UserWarning("as an error"), 70),
        (ImportError("no such package"), 70),
        (click.FileError("file"), 2),
        (click.Abort(), 130),
        (PermissionError(13, "denied", "file"), 2),
    ],
    ids=lambda value: type(value).__name__,
)
def test_no_failure_ends_in_1(files, monkeypatch, raised, code):
    def fail(path):
        raise raised

    monkeypatch.setattr(inspection, "load_network", fail)
    result = run("inspect", files / "max.json")
    assert (result.exit_code, result.stdout) == (code, "")


def test_numbers_of_any_size_are_printed():
    assert texts.decimal_root(Fraction(2)) == "1.41421356237"
    assert Decimal(texts.decimal_root(Fraction(10) ** 10000)) == Decimal("1E+5000")
    assert texts.decimal_root(Fraction(0)) == "0"
    assert texts.text_of(Fraction(1, 3)) == "1/3"
    assert texts.text_of(Fraction(16**5000)).startswith("hex:1000")


def test_certificates_are_written_and_checked(files):
    pair = files / "max.json", files / "lattice.json"
    proof = files / "proof.json"
    assert run("equivalent", *pair, "--certificate", proof).exit_code == 0
    checked = run("check", proof)
    assert (checked.exit_code, checked.stdout.split(":")[0]) == (0, "accepted")
    alone = subprocess.run([sys.executable, "-I", checker.__file__, proof], capture_output=True, text=True, check=False)
    assert alone.returncode == 0
    assert "accepted" in alone.stdout
    refutation = files / "refutation.json"
    assert run("equivalent", pair[0], files / "changed.json", "--certificate", refutation).exit_code == 1
    assert json.loads(run("check", refutation, "--json").stdout)["accepted"] is True


def test_a_false_certificate_is_rejected(files):
    proof = files / "proof.json"
    run("equivalent", files / "max.json", files / "lattice.json", "--certificate", proof)
    certificate = json.loads(proof.read_text())
    certificate["claim"]["f"]["layers"][0]["bias"][0] = "1"
    proof.write_text(json.dumps(certificate))
    result = run("check", proof, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["reason"]
    certificate["claim"]["kind"] = "obvious"
    proof.write_text(json.dumps(certificate))
    assert run("check", proof).exit_code == 2


def test_order(files):
    assert run("equivalent", "--at-most", files / "max.json", files / "lattice.json").exit_code == 0
