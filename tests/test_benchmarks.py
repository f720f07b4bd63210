"""The yardsticks of the benchmarks: counts by two programs, siblings as described, and the command that compares."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

import tropical as tp

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    """Imports a script of benchmarks/ by its name."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


def cells(parameters):
    net = tp.ReLUNetwork.from_arrays(*parameters)
    return tp.polyhedral_complex(net, tp.Box([-1] * net.input_dim, [1] * net.input_dim)).num_cells


@pytest.mark.parametrize("name", ["W1", "W4"])
def test_reference_package_and_table_agree(script, name):
    yardsticks, reference = script("yardsticks"), script("reference_subdivision")
    parameters = yardsticks.network(name)
    assert reference.count_cells(*parameters) == cells(parameters) == yardsticks.CELLS[name]


def test_reference_is_a_face_lattice(script):
    vertices, boundary = script("reference_subdivision").subdivide(*script("yardsticks").network("W4"))
    assert len(vertices) - len(boundary[1]) + len(boundary[2]) - len(boundary[3]) == 1
    complex_ = tp.polyhedral_complex(
        tp.ReLUNetwork.from_arrays(*script("yardsticks").network("W1")), tp.Box([-1, -1], [1, 1]), route="rational"
    )
    vertices, boundary = script("reference_subdivision").subdivide(*script("yardsticks").network("W1"))
    assert complex_.f_vector == (len(vertices), len(boundary[1]), len(boundary[2]))


@pytest.mark.parametrize("name", ["W2", "W4", "W8"])
def test_siblings_are_what_they_say(script, name):
    yardsticks = script("yardsticks")
    generic = yardsticks.network(name)
    for bias_kind in yardsticks.BIASES:
        ternary, halves = yardsticks.sibling(name, "ternary", bias_kind)
        eighths, same = yardsticks.sibling(name, "eighths", bias_kind)
        assert all(set(np.unique(weight)) == {-1, 0, 1} for weight in ternary[:-1])
        for got, original in zip(eighths, generic[0], strict=True):
            assert np.array_equal(8 * got, np.rint(8 * got))
            assert abs(got - original).max() <= 1 / 16
        for got, other, original in zip(halves, same, generic[1], strict=True):
            assert np.array_equal(got, other)
            assert np.array_equal(2 * got, np.rint(2 * got))
            assert not got.any() if bias_kind == "zero" else abs(got - original).max() <= 1 / 4
        assert [weight.shape for weight in ternary] == [weight.shape for weight in generic[0]]
    assert any(bias.any() for bias in yardsticks.sibling(name, "ternary", "half-integer")[1])


def test_unknown_sibling_is_refused(script):
    with pytest.raises(ValueError, match="got 'binary'"):
        script("yardsticks").sibling("W2", "binary", "zero")
    with pytest.raises(ValueError, match="got 'none'"):
        script("yardsticks").sibling("W2", "ternary", "none")


@pytest.mark.parametrize(("family", "size"), [("lines", 1), ("lines", 25), ("folds", 1), ("folds", 4)])
def test_families_of_known_size(script, family, size):
    parameters, count = getattr(script("yardsticks"), family)(size)
    assert cells(parameters) == count


def test_table_is_printed(script, capsys, tmp_path):
    file = tmp_path / "figures.json"
    script("regions").main(["--networks", "W1", "--repeat", "1", "--no-peers", "--json", str(file)])
    printed = capsys.readouterr()
    assert "| W1      | 2-16-16-1 | 308   |" in printed.out
    assert "ours/it" in printed.out
    assert "W1: tropical, NumPy reference" in printed.err
    (row,) = json.loads(file.read_text())["yardsticks"]
    assert {result["cells"] for result in row["results"].values()} == {308}


def test_degenerate_siblings_are_compared(script, capsys):
    script("regions").main(["--degenerate", "--networks", "W4", "--repeat", "1"])
    rows = [line.split("|")[1:5] for line in capsys.readouterr().out.splitlines() if line.startswith("| W4")]
    assert [row[1].strip() for row in rows] == [
        "generic",
        "generic, zero biases",
        *(f"{weights}, {biases} biases" for weights in ("ternary", "eighths") for biases in ("zero", "half-integer")),
    ]
    assert [row[3].strip() for row in rows] == ["table"] + 5 * ["rational"]


def test_workers_are_compared_with_this_process(script, capsys):
    script("regions").main(["--workers", "1", "--networks", "W1", "--repeat", "1"])
    printed = capsys.readouterr()
    assert "speed-up" in printed.out
    assert "W1: tropical, workers 1" in printed.err


def test_scaling_is_measured_and_drawn(script, capsys, tmp_path):
    file = tmp_path / "scaling.png"
    script("regions").main(["--scaling", str(file), "--largest", "1200", "--repeat", "1"])
    assert "| folds  | 5    | 1024  |" in capsys.readouterr().out
    assert file.read_bytes().startswith(b"\x89PNG")


def test_recovery_goes_on_where_it_ended(script, capsys, tmp_path, monkeypatch):
    recovery, file = script("recovery"), str(tmp_path / "runs.jsonl")
    monkeypatch.setattr(recovery, "DIM", 8)
    few = ["--named", "--family", "h6", "alternating", "--samples", "2000", "--json", file]
    monkeypatch.setitem(recovery.NAMED, "alternating K=6", (lambda dim, seed: 1 / 0, 2000))
    recovery.main([*few, "--seeds", "1"])
    printed = capsys.readouterr()
    assert printed.err.splitlines()[1] == (
        "[2/2] alternating K=6, seed 0, samples, N = 2000: crashed (ZeroDivisionError: division by zero)"
    )
    table = printed.out
    assert "| h6 | 2000 | 1/1 (0.03–1.00) | – | – | 1/1 (0.03–1.00) | 1/1 (0.03–1.00) |" in table
    recovery.main(["--summary", "--json", file])
    assert capsys.readouterr().out == table
    recovery.main([*few, "--seeds", "2", "--family", "h6"])
    assert [line[:18] for line in capsys.readouterr().err.splitlines()] == ["[1/1] h6, seed 1, "]
    (tmp_path / "runs.jsonl").write_text("{}\n{}\n")
    with pytest.raises(ValueError, match="not a record of recovery"):
        recovery.main(["--summary", "--json", file])


def test_peers_are_used_or_reported(script):
    peers = script("peers")
    found, missing = peers.available()
    assert len(found) + len(missing) == len(peers.ADAPTERS)
    assert all(" skipped: " in line for line in missing)


def test_wrong_and_missing_answers_of_a_peer_are_shown(script):
    regions = script("regions")
    wrong = {"cells": 139, "expected": 500, "seconds": 2.0, "runs": 1}
    assert regions.rate_and_ratio(wrong, 695.0) == ("70 (wrong: 139 of 500)", "10.0")
    assert regions.rate_and_ratio({"failure": "lies on a hyperplane"}, 1.0) == ("failed (lies on a hyperplane)", "–")
    assert regions.rate_and_ratio(None, 1.0) == ("–", "–")


def test_stages_of_a_recovery_are_found_in_its_profile(script):
    found = script("large_dimension").recover("h6", 20, 200, 0)
    assert found["verdict"] == "proved"
    assert all(found["stages"][stage] > 0 for stage in ("filtered PCA", "search for pieces", "clauses"))
    assert found["rank-n updates"] > 0
    assert found["stages"]["rest of the fit"] < found["seconds"]["fit"] / 2


@pytest.mark.parametrize("name", ["W1", "W4"])
def test_answers_are_checked_by_exact_cones(script, name):
    answers, exact_answers = script("answers"), script("exact_answers")
    net = answers.network(name)
    truth = exact_answers.ExactAnswers(net, answers.box(net))
    questions = [question for question in answers.ANSWERS if question != "plot_regions"]
    found = {question: answers.ANSWERS[question](answers.enumerated(net)) for question in questions}
    for question in questions:
        truth.check(answers.enumerated(net), question, found[question])
    wrong = {
        "affine_pieces": found["affine_pieces"][1:],
        "linear_regions": found["linear_regions"][::-1],
        "maximum": found["minimum"],
        "minimum": found["maximum"],
        "lipschitz": tp.lipschitz_constant(answers.enumerated(net), norm=1),
        "f_vector": (found["f_vector"][0] + 1, *found["f_vector"][1:]),
        "decision_boundary": tp.decision_boundary(answers.enumerated(net), level="1/100"),
    }
    for question in questions:
        with pytest.raises(AssertionError):
            truth.check(answers.enumerated(net), question, wrong[question])
