"""The command `relu-learn recover`: verdicts, files, streams, exit codes."""

import json
import signal
import time
from fractions import Fraction

import pytest
from click.testing import CliRunner

import tropical as tp
from learning import cli
from learning.cli import recovering
from learning.instances import h6, random_network
from learning.reports import recovery_documents

SMALL = h6(6, seed=1)


def run(*arguments):
    return CliRunner().invoke(cli.main, ["recover", *map(str, arguments)])


def changed(net, layer, unit, entry, by):
    weights = [[list(row) for row in each.weight] for each in net.layers]
    weights[layer][unit][entry] += by
    return tp.ReLUNetwork.from_arrays(weights)


@pytest.fixture
def folder(tmp_path):
    tp.save_network(SMALL, tmp_path / "small.json")
    tp.save_network(changed(SMALL, 0, 0, 0, Fraction(1, 2**40)), tmp_path / "changed.json")
    tp.save_network(tp.ReLUNetwork.from_arrays([[[1, 0], [0, 1]], [[1, 1]]]), tmp_path / "two_inputs.json")
    tp.save_network(tp.ReLUNetwork.from_arrays([[[1], [2]]]), tmp_path / "two_outputs.json")
    (tmp_path / "broken.json").write_text("{")
    return tmp_path


def left_behind(folder):
    return sorted(path.name for path in folder.iterdir() if path.name not in given(folder))


def given(folder):
    return {"small.json", "changed.json", "two_inputs.json", "two_outputs.json", "broken.json"}


def test_recovery_from_samples_ends_proved(folder):
    out = folder / "deep" / "out"
    result = run(folder / "small.json", "--samples", 3000, "--seed", 2, "--output", out, "--timeout", "1e300", "--json")
    assert result.exit_code == 0, result.stderr
    report = json.loads(result.stdout)
    expected = {"status": "proved", "relevant_subspace_dim": 2, "pieces": 12, "samples": 3000, "seed": 2}
    assert expected.items() <= report.items()
    assert report == json.loads((out / "report.json").read_text())
    assert "12 cells" in report["reason"]
    assert sorted(path.name for path in out.iterdir()) == sorted(recovery_documents.FILES)
    learned = tp.load_lattice_polynomial(out / "lattice_polynomial.json")
    assert len(learned.clauses) == report["clauses"]
    assert tp.equivalent(SMALL, learned).status == "proved"
    assert (out / "regions.png").read_bytes().startswith(b"\x89PNG")
    text = (out / "report.md").read_text()
    assert "# Recovery of small.json: proved" in text
    assert "learning" in result.stderr


def test_a_truth_changed_by_two_to_the_minus_forty_is_refuted(folder):
    out = folder / "out"
    arguments = (folder / "small.json", "--samples", 3000, "--against", folder / "changed.json", "--out", out)
    result = run(*arguments, "--json")
    assert result.exit_code == 1, result.stderr
    report = json.loads(result.stdout)
    assert (report["status"], report["against"]) == ("refuted", "changed.json")
    witness = [Fraction(text) for text in report["witness"]]
    learned = tp.load_lattice_polynomial(out / "lattice_polynomial.json")
    truth = tp.load_network(folder / "changed.json")
    assert truth(witness)[0] == Fraction(report["values"]["truth"])
    assert learned(witness) == Fraction(report["values"]["learned"]) != truth(witness)[0]
    assert report["disagreement"]["cells"] > 0
    plain = run(*arguments)
    assert plain.stdout.startswith("refuted: ")
    assert "## Witness" in (out / "report.md").read_text()


def test_too_few_samples_end_unknown_and_remove_the_files_of_an_earlier_run(folder):
    out = folder / "out"
    out.mkdir()
    for name in ("regions.png", "notes.txt"):
        (out / name).write_text("from before")
    result = run(folder / "small.json", "--samples", 40, "-o", out, "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 3, result.stderr
    assert (report["status"], report["clauses"]) == ("unknown", None)
    assert report["reason"]
    assert sorted(path.name for path in out.iterdir()) == ["notes.txt", "report.json", "report.md"]


def test_the_timeout_ends_learning_with_a_flagged_report(folder, monkeypatch):
    monkeypatch.setattr(recovering, "_fit", lambda X, y, seed: time.sleep(60))
    before = signal.getsignal(signal.SIGALRM)
    result = run(folder / "small.json", "--samples", 10, "--timeout", "0.2", "--out", folder / "out", "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 3
    assert (report["status"], report["relevant_subspace_dim"], report["pieces"]) == ("unknown", None, None)
    assert "0.2 seconds exhausted during learning" in report["reason"]
    assert signal.getsignal(signal.SIGALRM) is before
    assert "nothing" in (folder / "out" / "report.md").read_text().lower()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("missing.json", "--samples", 10, "--out", "out"), "No such file"),
        (("broken.json", "--samples", 10, "--out", "out"), "broken.json"),
        (("two_outputs.json", "--samples", 10, "--out", "out"), "one output"),
        (("small.json", "--samples", 0, "--out", "out"), "--samples"),
        (("small.json", "--samples", 10), "--out"),
        (("small.json", "--samples", 10, "--out", "broken.json"), "not a folder"),
        (("small.json", "--samples", 10, "--out", "broken.json/deeper"), "not a folder"),
        (("small.json", "--samples", 10, "--out", "out", "--against", "two_inputs.json"), "2 inputs"),
        (("small.json", "--samples", 10, "--out", "out", "--seed", "x"), "--seed"),
        (("small.json", "--samples", 10, "--out", "out", "--timeout", "nan"), "nan is not a finite number"),
    ],
)
def test_bad_input_is_named_in_one_line_with_code_2(folder, monkeypatch, arguments, message):
    monkeypatch.chdir(folder)
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("Error:")]
    assert message in line
    assert left_behind(folder) == []


@pytest.mark.parametrize(
    ("raised", "code", "message"),
    [
        (KeyboardInterrupt, 130, "Interrupted"),
        (ZeroDivisionError, 70, "not a verdict"),
        (EOFError, 70, "not a verdict"),
        (SystemExit(1), 70, "not a verdict"),
    ],
)
def test_an_end_without_verdict_looks_like_none_and_leaves_nothing(folder, monkeypatch, raised, code, message):
    def fail(X, y, seed):
        raise raised

    monkeypatch.setattr(recovering, "_fit", fail)
    result = run(folder / "small.json", "--samples", 10, "--out", folder / "out")
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr
    assert left_behind(folder) == []


def test_the_learner_gets_samples_and_nothing_else(folder, monkeypatch):
    seen = []
    fit = recovering._fit
    monkeypatch.setattr(recovering, "_fit", lambda *arguments: seen.append(arguments) or fit(*arguments))
    assert run(folder / "small.json", "--samples", 2000, "--seed", 5, "--out", folder / "out").exit_code == 0
    ((X, y, seed),) = seen
    assert (X.shape, y.shape, seed) == ((2000, 6), (2000,), 5)
    assert SMALL.evaluate(X)[:, 0] == pytest.approx(y)


def test_units_of_one_hidden_layer_are_reported(folder):
    out = folder / "out"
    result = run(folder / "small.json", "--samples", 3000, "--out", out, "--json")
    layer = json.loads(result.stdout)["hidden_layer"]
    assert layer["status"] == "proved"
    terms = [
        (list(map(int, unit["normal"])), Fraction(unit["bias"]), Fraction(unit["jump"])) for unit in layer["units"]
    ]
    affine = [[*map(Fraction, layer["affine"]["gradient"])]]
    rows = [normal for normal, _, _ in terms] + affine + [[-a for a in affine[0]]]
    rebuilt = tp.ReLUNetwork.from_arrays([rows, [[*(jump for _, _, jump in terms), 1, -1]]])
    assert len(terms) == 6
    assert tp.equivalent(SMALL, rebuilt).status == "proved"
    assert "| unit | jump | normal | bias |" in (out / "report.md").read_text()


def test_queries_find_what_samples_miss_and_the_report_says_what_is_open(folder):
    tp.save_network(random_network(3, (4, 4), 6, seed=1), folder / "small.json")
    arguments = (folder / "small.json", "--samples", 900, "--seed", 1)
    samples_only = run(*arguments, "--out", folder / "one", "--json")
    report = json.loads(samples_only.stdout)
    assert (report["status"], report["queries"]) == ("unknown", 0)
    assert {"kind", "share", "interval", "confidence"} == set(report["missing"][0])
    assert "Left open by the learner" in (folder / "one" / "report.md").read_text()
    asked = run(*arguments, "--out", folder / "two", "--queries", "allowed", "--json")
    report = json.loads(asked.stdout)
    assert (asked.exit_code, report["status"], report["missing"]) == (0, "proved", [])
    assert f"asked for {report['queries']} labels" in (folder / "two" / "report.md").read_text()
