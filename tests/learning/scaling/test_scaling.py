"""The study `relu-learn scaling`: closed forms, estimators, resumption, the command end to end."""

import json
import math
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.image import imread
from scipy import stats

from learning import cli
from learning.baselines import AdamSweep, AdamTrial
from learning.cli import studying
from learning.filtering.passes import filtered_pass
from learning.filtering.stopping import squared_sine
from learning.instances import alternating, h4, h6, parity
from learning.scaling import (
    PARTS,
    FilterStrength,
    OutOfTime,
    Run,
    crossing,
    execution,
    filter_strength,
    power_law,
    run_study,
    sample_search,
    samples_by_degree,
)
from learning.scaling.ledger import Ledger
from learning.scaling.subjects import SUBJECTS, hidden, span_of_inputs, squared_sines, top_tenth
from tropical_relu_cli.time_limit import time_limit

HEADER = '{"study": "relu-learn scaling", "format": 1, "seed": 0, "size": "tiny"}\n'


def invoke(*arguments):
    return CliRunner().invoke(cli.main, ["scaling", *map(str, arguments)])


def tables(out):
    parts = json.loads((out / "scaling.json").read_text())["parts"]
    return {letter: (part["table"], part["findings"], part["notes"]) for letter, part in parts.items()}


def results(report):
    """Rows without their times."""
    kept = [{**row} for part in report.parts for row in part.rows]
    for row in kept:
        del row["seconds"]
    return kept


def interrupting(after):
    """A progress function that presses Ctrl-C once so many runs are done."""

    def progress(event):
        if event.done >= after:
            raise KeyboardInterrupt

    return progress


# Estimators


@given(st.floats(-3, 3), st.floats(0.1, 10), st.integers(2, 6))
def test_the_slope_of_a_power_law_is_its_exponent(exponent, constant, points):
    x = [2.0**i for i in range(points)]
    law = power_law(x, [constant * u**exponent for u in x])
    assert law.exponent == pytest.approx(exponent, abs=1e-9)
    assert law(3.0) == pytest.approx(constant * 3.0**exponent, rel=1e-9)
    assert (law.lower is None) == (points == 2)
    assert points == 2 or law.upper - law.lower < 1e-5  # linregress takes 1 - r², which keeps half of the digits


def test_the_interval_of_the_slope_is_students_and_covers_as_often_as_it_says():
    rng, x, covered = np.random.default_rng(0), np.array([50, 50, 100, 100, 200, 400]), 0
    for _ in range(400):
        y = 3.0 * x**1.2 * np.exp(0.1 * rng.standard_normal(len(x)))
        law = power_law(x, y)
        covered += law.lower <= 1.2 <= law.upper
    fit = stats.linregress(np.log(x), np.log(y))
    half = stats.t.ppf(0.975, len(x) - 2) * fit.stderr
    assert (law.exponent, law.lower, law.upper) == pytest.approx((fit.slope, fit.slope - half, fit.slope + half))
    low, high = stats.binomtest(covered, 400).proportion_ci(0.9999, "exact")
    assert low <= 0.95 <= high


def test_a_constant_has_slope_zero():
    law = power_law([1, 2, 4], [3, 3, 3])
    assert (law.exponent, law.lower, law.upper) == (0.0, 0.0, 0.0)
    assert law(5.0) == pytest.approx(3.0)


def test_no_slope_from_one_place():
    assert power_law([5, 5, 5], [1, 2, 3]) is None
    assert power_law([], []) is None


def test_the_crossing_of_a_power_law_is_exact():
    x = [10.0, 20.0, 40.0, 80.0]
    assert crossing(x, [5.0 / u for u in x], 0.1) == pytest.approx(50.0)
    assert crossing(x, [0.9, 0.8, 0.7, 0.6], 0.1) is None
    assert crossing(x, [0.05, 0.8, 0.7, 0.01], 0.1) == 10.0
    assert crossing(x, [0.4, 0.1, 0.3, 0.01], 0.1) == 20.0


# Theory


@pytest.mark.parametrize("k", [2, 3, 4])
@pytest.mark.parametrize("probability", [0.05, 0.1, 0.3])
def test_the_filter_of_a_parity_has_its_closed_form(k, probability):
    found = filter_strength(parity(k, k, seed=None), probability)
    q = probability ** (1.0 / k)
    threshold = stats.norm.isf(q / 2.0)
    assert found.threshold == pytest.approx(threshold, rel=3e-3)
    assert found.eigenvalue == pytest.approx(q ** (k - 1) * 2.0 * threshold * stats.norm.pdf(threshold), rel=3e-3)


@pytest.mark.parametrize("half_degree", [2, 4, 8])
def test_the_filter_of_an_alternating_network_has_its_closed_form(half_degree):
    found = filter_strength(alternating(half_degree, 2, seed=None), 0.1)
    angle = math.pi / (2 * half_degree)
    h, c = found.threshold * math.cos(angle), 1.0 / math.tan(angle)
    density = h * stats.norm.pdf(h)
    assert found.eigenvalue == pytest.approx(2 * half_degree * density * stats.norm.cdf(-h * c), rel=1e-4)


def test_the_figures_of_theory_for_h4_and_h6():
    assert filter_strength(h6(2, seed=None), 0.1).eigenvalue == pytest.approx(0.144, abs=5e-4)
    assert filter_strength(h4(4, seed=None), 0.1).eigenvalue == pytest.approx(0.055, abs=5e-4)
    edges = [top_tenth(f"alternating K={K}").edge for K in (2, 4, 6, 8)]
    assert edges == sorted(edges)
    assert edges[0] == pytest.approx(4.27, abs=5e-3)


def test_the_moment_of_samples_has_the_predicted_eigenvalue():
    strength, d, count = top_tenth("h4"), 4, 400_000
    net = SUBJECTS["h4"](d, None)
    X = np.random.default_rng(1).standard_normal((count, d))
    kept = X[abs(net.evaluate(X)[:, 0]) > strength.threshold]
    assert len(kept) / count == pytest.approx(0.1, abs=0.003)
    moment = (kept.T @ kept - len(kept) * np.eye(d)) / count
    assert moment == pytest.approx(strength.eigenvalue * np.eye(d), abs=0.004)


@given(st.floats(0.02, 0.6), st.floats(0.05, 0.5), st.floats(0.02, 0.9), st.floats(5, 2000))
def test_curve_and_sample_size_are_those_of_l14(eigenvalue, probability, target, per_dimension):
    strength = FilterStrength(1.0, probability, eigenvalue)
    gamma = 1.0 / (per_dimension * probability)
    assert strength.squared_sine(per_dimension) == squared_sine(eigenvalue / probability, gamma)
    assert strength.squared_sine(strength.samples_per_dimension(target)) == pytest.approx(target)
    assert strength.squared_sine(0.99 * strength.edge) == 1.0 > strength.squared_sine(1.01 * strength.edge)


# Measuring


def test_missing_and_superfluous_directions_count_as_one():
    frame = np.eye(5)
    turned = np.array([[0.6, 0.8, 0, 0, 0]])
    assert squared_sines(turned, frame[:1]) == pytest.approx([0.64])
    assert squared_sines(frame[:0], frame[:2]) == pytest.approx([1.0, 1.0])
    assert squared_sines(frame[:3], frame[:1]) == pytest.approx([1.0, 1.0, 0.0])
    assert squared_sines(frame[:1], frame[:3]) == pytest.approx([1.0, 1.0, 0.0])


@pytest.mark.parametrize("name", [name for name in SUBJECTS if name.startswith(("h", "parity", "alternating"))])
def test_the_first_layer_reads_all_of_v(name):
    net, _ = hidden(name, 9, 3)
    truth = span_of_inputs(net)
    assert len(truth) == (4 if name in ("h4", "parity k=4") else 3 if name == "parity k=3" else 2)
    X = np.random.default_rng(0).standard_normal((50, 9))
    assert net.evaluate(X @ truth.T @ truth) == pytest.approx(net.evaluate(X))


def test_the_search_measures_passes_on_growing_samples():
    found = sample_search.samples_to_target("h6", 10, seed=4)
    grid = found["grid"]
    net, oracle = hidden("h6", 10, 4)
    X, y = oracle.sample(grid[-1][0])
    for count, mean, directions in grid:
        frame, _ = filtered_pass(X[:count], y[:count], np.zeros((0, 10)))
        assert len(frame) == directions
        assert squared_sines(frame, span_of_inputs(net)).mean() == pytest.approx(mean, abs=1e-9)
    assert grid[-1][1] <= sample_search.TARGET < grid[-2][1]
    assert grid[-2][0] < found["samples"] <= grid[-1][0]


def test_runs_have_seeds_of_their_own():
    runs = [Run(letter, p) for letter, part in PARTS.items() for size in ("tiny", "full") for p in part.plan(size)]
    seeds = {run.seed(0) for run in runs}
    assert len({run.key for run in runs}) == len(runs) == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert not seeds & {run.seed(1) for run in runs}
    assert Run("a", {"x": 1, "y": 2}).key == Run("a", {"y": 2, "x": 1}).key


def test_a_bound_that_does_not_hold_is_reported_as_rejected():
    part = PARTS["f"]
    plan = part.plan("tiny")
    good = part.summarise([{**p, "rejections": 0, "seconds": 0.0} for p in plan])
    assert good.findings["rejected"] == []
    stops = [row for row in good.rows if row[0] == "false stop"]
    assert all(row[5] == row[4] for row in stops)
    bad = part.summarise([{**p, "trials": 100, "rejections": 20, "seconds": 0.0} for p in plan])
    assert len(bad.findings["rejected"]) == 3
    assert "REJECTED" in bad.notes[-1]


def test_fractions_count_every_verdict():
    statuses = ["proved"] * 3 + ["refuted", "unknown"]
    rows = [
        {"architecture": "h6", "d": 9, "N": 7, "status": status, "sine": 0.5 if status == "unknown" else 0.0}
        for status in statuses
    ]
    (row,) = PARTS["e"].summarise(rows).rows
    low, high = stats.binomtest(3, 5).proportion_ci(0.95, "exact")
    assert row == ("h6", 9, 7, 5, 3, 0.6, [low, high], 1, 1, 4)


def test_adam_is_shown_beside_with_its_budget(tmp_path, monkeypatch):
    given_to_adam, threads = [], []
    torch = SimpleNamespace(get_num_threads=lambda: 4, set_num_threads=threads.append)

    def adam(X, y, *, seconds, seed, **sweep):
        given_to_adam.append((X.shape, seconds, sorted(sweep)))
        trials = (AdamTrial(0.1, 256, 2, 1.02, 7, 0.1), AdamTrial(0.2, 256, 1, 0.99, 5, 0.1))
        return AdamSweep(trials, 0.2, len(X))

    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setattr(samples_by_degree, "find_spec", lambda name: object())
    monkeypatch.setattr(samples_by_degree, "adam", adam)
    report = run_study(tmp_path, parts="d", size="tiny")
    first, second = report.parts[0].table.rows
    assert (first[0], first[4], first[5]) == (2, 0.99, "rate 0.2, width 256, depth 1")
    assert second[4:] == (None, None)
    assert any("5 to 7 epochs" in note for note in report.parts[0].table.notes)
    assert given_to_adam == [((2000, 10), 1, ["depths", "learning_rates", "widths"])]
    assert threads == [1, 4]


def test_without_torch_the_column_says_so_and_is_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr(samples_by_degree, "find_spec", lambda name: None)
    report = run_study(tmp_path, parts="d", size="tiny")
    assert report.complete
    assert report.parts[0].table.rows[0][4] == "not run: torch is not installed"
    assert "not run: torch is not installed" in (tmp_path / "scaling.md").read_text()
    assert "Adam" not in (tmp_path / "runs.jsonl").read_text()


# Resumption and interruption


def test_an_interrupted_study_goes_on_and_ends_with_the_same_tables(tmp_path):
    whole, pieces = tmp_path / "whole", tmp_path / "pieces"
    assert run_study(whole, parts="ab", size="tiny").complete
    for after in (0, 3, 6):
        report = run_study(pieces, parts="ab", size="tiny", progress=interrupting(after))
        assert (report.complete, report.stopped) == (False, "interrupted")
        assert report.as_dict()["complete"] is False
        text = (pieces / "scaling.md").read_text()
        assert "**Incomplete**: interrupted." in text
        assert "INCOMPLETE" in text
    finished = (pieces / "runs.jsonl").read_text().splitlines()
    report = run_study(pieces, parts="ab", size="tiny")
    assert report.complete
    assert tables(pieces) == tables(whole)
    lines = (pieces / "runs.jsonl").read_text().splitlines()
    assert lines[: len(finished)] == finished
    assert len(lines) == len((whole / "runs.jsonl").read_text().splitlines()) == 9
    assert "INCOMPLETE" not in (pieces / "scaling.md").read_text()


def test_a_damaged_last_line_is_said_and_its_run_done_again(tmp_path):
    run_study(tmp_path, parts="a", size="tiny")
    wanted, ledger = tables(tmp_path), tmp_path / "runs.jsonl"
    content = ledger.read_bytes()
    for damaged in (content[:-1], content[:-30], content + b'{"key"', content + b"\xff\x00\n", content[:40], b""):
        ledger.write_bytes(damaged)
        said = []
        assert run_study(tmp_path, parts="a", size="tiny", progress=said.append).complete
        assert any("damaged" in event.text for event in said) == (damaged != b"")
        assert tables(tmp_path) == wanted
        assert len(ledger.read_bytes().splitlines()) == 5


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"study": "relu-learn scaling", "format": 1, "seed": 1, "size": "tiny"}\n', "seed 1 and size tiny"),
        ('{"study": "relu-learn scaling", "format": 1, "seed": 0, "size": "full"}\n', "size full"),
        ('{"study": "relu-learn scaling", "format": 2, "seed": 0, "size": "tiny"}\n', "not a record"),
        ("one line of notes", "not a record"),
        ("notes\nof somebody\n", "not a record"),
        (HEADER + '{"a": 1}\n{}\n', "line 2 is damaged"),
        (HEADER + 'x\n{"key"', "line 2 is damaged"),
        (HEADER + '{"key": "a {}", "parameters": {}, "row": null, "seconds": 0.5}\n{}\n', "line 2 is damaged"),
        (HEADER + '{"key": 1, "parameters": {}, "row": {}, "seconds": 0.5}\n{}\n', "line 2 is damaged"),
    ],
)
def test_another_file_in_the_place_of_the_runs_is_refused_and_left_alone(tmp_path, content, message):
    ledger = tmp_path / "runs.jsonl"
    ledger.write_text(content)
    result = invoke("--out", tmp_path, "--size", "tiny", "--part", "a")
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["runs.jsonl"]
    assert ledger.read_text() == content


def test_a_run_without_its_results_is_named(tmp_path):
    run_study(tmp_path, parts="a", size="tiny")
    ledger = tmp_path / "runs.jsonl"
    header, first, *others = ledger.read_text().splitlines()
    emptied = json.dumps({**json.loads(first), "row": {}})
    ledger.write_text("\n".join([header, emptied, *others, ""]))
    result = invoke("--out", tmp_path, "--size", "tiny", "--part", "a")
    assert result.exit_code == 2
    assert "of the run a {" in result.stderr
    assert "only one has k, largest, mean" in result.stderr


def test_the_runs_of_the_documentation_are_read():
    header = {"study": "relu-learn scaling", "format": 1, "seed": 0, "size": "full"}
    ledger = Ledger.open(Path(__file__).parents[3] / "docs/scaling/runs.jsonl", header)
    assert len(ledger.rows) == 730
    assert ledger.note is None


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to(os.devnull), lambda path: path.mkdir()])
def test_runs_are_kept_in_a_file(tmp_path, make):
    make(tmp_path / "runs.jsonl")
    with pytest.raises(ValueError, match=r"runs\.jsonl is not a regular file"):
        run_study(tmp_path, parts="a", size="tiny")


def test_rows_come_back_from_the_file_as_they_were(tmp_path):
    ledger = Ledger(tmp_path / "runs.jsonl", json.loads(HEADER))
    ledger.append(Run("a", {"d": 3}), {"value": 0.1 + 0.2, "grid": [[1, 2.5]], "none": None}, 1.5)
    again = Ledger.open(tmp_path / "runs.jsonl", json.loads(HEADER))
    assert again.rows == ledger.rows
    assert again.note is None
    with pytest.raises(ValueError, match="JSON"):
        ledger.append(Run("a", {"d": 4}), {"value": math.nan}, 1.5)
    assert Ledger.open(tmp_path / "runs.jsonl", json.loads(HEADER)).rows == ledger.rows


@pytest.mark.parametrize("at", ["write", "fsync"])
def test_a_full_disk_leaves_the_runs_as_they_were(tmp_path, monkeypatch, at):
    """A disk that is nearly full takes a part of a line before it says so."""
    ledger = Ledger(tmp_path / "runs.jsonl", json.loads(HEADER))
    ledger.append(Run("a", {"d": 3}), {"value": 1}, 1.5)
    before, write = ledger.path.read_bytes(), os.write

    def fail(descriptor, data=b""):
        if len(data) > 5:
            return write(descriptor, data[:5])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, at, fail)
        with pytest.raises(OSError, match="No space left") as caught:
            ledger.append(Run("a", {"d": 4}), {"value": 2}, 1.5)
    assert caught.value.filename == str(ledger.path)
    assert (ledger.path.read_bytes(), len(ledger.rows)) == (before, 1)
    ledger.append(Run("a", {"d": 4}), {"value": 2}, 1.5)
    assert Ledger.open(ledger.path, json.loads(HEADER)).rows == ledger.rows


def test_a_full_disk_is_one_line_of_the_command(tmp_path, monkeypatch):
    def fail(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    result = invoke("--out", tmp_path, "--size", "tiny", "--part", "a")
    assert (result.exit_code, result.stdout) == (2, "")
    assert [line for line in result.stderr.splitlines() if "No space left" in line and "--out" in line]
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b""]


def test_results_do_not_depend_on_the_number_of_processes(tmp_path):
    one = run_study(tmp_path / "one", parts="bf", size="tiny", seed=3)
    two = run_study(tmp_path / "two", parts="bf", size="tiny", seed=3, jobs=2)
    assert results(one) == results(two)
    assert tables(tmp_path / "one") == tables(tmp_path / "two")
    other = run_study(tmp_path / "other", parts="b", size="tiny", seed=4)
    assert results(other) != results(one)[:4]


def test_interruption_ends_the_processes(tmp_path):
    before = set(multiprocessing.active_children())
    report = run_study(tmp_path, parts="b", size="small", jobs=2, progress=interrupting(1))
    assert report.stopped == "interrupted"
    assert 1 <= len(report.parts[0].rows) < 27
    assert set(multiprocessing.active_children()) <= before


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals of POSIX")
def test_ctrl_c_while_workers_begin_is_that_of_the_study_alone():
    """A terminal sends it to every process: one that is about to be a worker must not die of it, nor say anything."""
    held = []

    def submit(*arguments):
        held.append(signal.pthread_sigmask(signal.SIG_BLOCK, []))
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs begin with none
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(execution.ProcessPoolExecutor, "submit", submit)
            with pytest.raises(KeyboardInterrupt):
                list(execution.finished_runs([Run("a", {})], {"a": sleeping}, seed=0, jobs=2))
    finally:
        signal.signal(signal.SIGINT, before)
    assert signal.SIGINT in held[0]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_the_command_says_that_it_was_interrupted(tmp_path, monkeypatch):
    monkeypatch.setattr(studying, "say", lambda text: interrupting(0)(SimpleNamespace(done=0)))
    result = invoke("--out", tmp_path, "--size", "tiny", "--part", "a", "--json")
    assert (result.exit_code, json.loads(result.stdout)["stopped"]) == (130, "interrupted")


def sleeping(parameters, seed):
    """A run of a study that says which process it is on, and does not end."""
    (Path(parameters["folder"]) / str(os.getpid())).touch()
    time.sleep(600)


def is_running(process):
    """Whether there is such a process; one that has ended may wait for a parent that asks for it."""
    stat = Path(f"/proc/{process}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks Linux which processes there are")
def test_workers_end_with_a_process_that_is_killed(tmp_path):
    study = (
        "import sys; from test_scaling import sleeping; from learning.scaling.execution import finished_runs\n"
        "from learning.scaling.part import Run\n"
        "runs = [Run('a', {'folder': sys.argv[1], 'number': i}) for i in range(2)]\n"
        "if __name__ == '__main__': list(finished_runs(runs, {'a': sleeping}, seed=0, jobs=2))\n"
    )
    script, marks = tmp_path / "study.py", tmp_path / "marks"
    marks.mkdir()
    script.write_text(study)
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    parent = subprocess.Popen([sys.executable, script, marks], env={**os.environ, "PYTHONPATH": path})
    wait_until(lambda: len(list(marks.iterdir())) == 2)
    workers = [int(mark.name) for mark in marks.iterdir()]
    assert all(map(is_running, workers))
    parent.kill()
    parent.wait()
    wait_until(lambda: not any(map(is_running, workers)))


def wait_until(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_timeout_ends_a_run_in_its_middle():
    before = signal.getsignal(signal.SIGALRM)
    start = time.monotonic()
    with pytest.raises(OutOfTime), time_limit(0.05):
        time.sleep(30)
    assert time.monotonic() - start < 20
    assert signal.getsignal(signal.SIGALRM) is before
    with time_limit(None) as check, time_limit(1e300):
        check()


def test_the_command_keeps_what_it_has_when_the_time_is_over(tmp_path):
    run_study(tmp_path, parts="b", size="small", progress=interrupting(2))
    result = invoke("--out", tmp_path, "--size", "small", "--part", "b", "--timeout", "0.001", "--json")
    assert result.exit_code == 3, result.stderr
    report = json.loads(result.stdout)
    assert (report["complete"], report["stopped"]) == (False, "the time of 0.001 seconds is over")
    done = report["parts"]["b"]["runs"]
    assert 2 <= done < report["parts"]["b"]["planned"] == 27
    assert len((tmp_path / "runs.jsonl").read_text().splitlines()) == done + 1
    assert "INCOMPLETE" in (tmp_path / "scaling.md").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "b_samples_against_dimension.png",
        "runs.jsonl",
        "scaling.json",
        "scaling.md",
    ]


# The command


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A tiny study by the command, without torch: its folder, and what the command said."""
    out = tmp_path_factory.mktemp("scaling") / "deep" / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samples_by_degree, "find_spec", lambda name: None)
        return out, invoke("--out", out, "--size", "tiny", "--json")


def test_the_command_end_to_end(study, monkeypatch):
    monkeypatch.setattr(samples_by_degree, "find_spec", lambda name: None)
    out, result = study
    assert result.exit_code == 0, result.stderr
    report = json.loads(result.stdout)
    assert report == json.loads((out / "scaling.json").read_text())
    assert (report["complete"], report["seed"], report["size"]) == (True, 0, "tiny")
    assert sorted(report["parts"]) == list("abcdef")
    text = (out / "scaling.md").read_text()
    for letter, part in report["parts"].items():
        picture = f"{letter}_{part['name']}.png"
        assert f"![{part['question']}]({picture})" in text
        assert imread(out / picture).shape[:2] == (715, 975)
        widths = {len(row) for row in part["table"]["rows"]}
        assert widths == {len(part["table"]["columns"])}
    assert [path.name for path in out.iterdir() if path.suffix == ".tmp"] == []
    assert {row[4] for row in report["parts"]["e"]["table"]["rows"]} == {1}
    again = invoke("--out", out, "--size", "tiny", "--part", "a")
    assert again.exit_code == 0
    assert "4 of 4 runs are there already" in again.stderr
    assert "Report: " in again.stdout
    assert sorted(json.loads((out / "scaling.json").read_text())["parts"]) == list("abcdef")


def test_any_run_alone_has_a_table_and_a_picture(study, monkeypatch):
    monkeypatch.setattr(samples_by_degree, "find_spec", lambda name: None)
    for part in run_study(study[0], size="tiny").parts:
        lost = [{**row, "samples": None} for row in part.rows if row.get("grid")]
        for row in part.rows + lost:
            table = part.part.summarise([row])
            assert all(len(cells) == len(table.columns) for cells in table.rows)
            assert json.dumps(dict(table.findings), allow_nan=False)
            axes = Figure().subplots()
            part.part.draw([row], axes)
            assert axes.get_xlabel()


def test_progress_goes_to_stderr_run_by_run(tmp_path):
    result = invoke("--out", tmp_path, "--size", "tiny", "--part", "a")
    assert result.exit_code == 0
    assert "[4/4] (a) h6, 20, 200, 0: " in result.stderr
    assert result.stdout.splitlines() == [
        "(a) sine_against_samples: 4 of 4 runs",
        f"Report: {tmp_path / 'scaling.md'}",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--out"),
        (("--out", "file"), "not a folder"),
        (("--out", "out", "--part", "g"), "--part"),
        (("--out", "out", "--size", "huge"), "--size"),
        (("--out", "out", "--seed", "-1"), "--seed"),
        (("--out", "out", "--jobs", "0"), "--jobs"),
        (("--out", "out", "--timeout", "0"), "--timeout"),
        (("--out", "out", "--timeout", "nan"), "nan is not a finite number"),
    ],
)
def test_bad_input_is_named_with_code_2_and_leaves_nothing(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    result = invoke(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    "options", [{"parts": "ag"}, {"parts": ""}, {"size": "huge"}, {"jobs": 0}, {"seed": -1}, {"timeout": 0.0}]
)
def test_bad_options_of_the_study_are_refused(tmp_path, options):
    with pytest.raises(ValueError, match="must be"):
        run_study(tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()
