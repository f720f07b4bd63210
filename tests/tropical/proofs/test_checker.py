"""The checker on its own: what it imports, how it runs, and what it says to broken files."""

import ast
import contextlib
import copy
import functools
import json
import operator
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracles.hand_certificates import ALTERED, EXAMPLES, MALFORMED, RELU, certificate, changed
from tropical.proofs import checker

SOURCE = Path(checker.__file__)


@pytest.mark.parametrize("name", EXAMPLES)
def test_hand_written_certificates_are_accepted(name):
    assert checker.check(EXAMPLES[name])


@pytest.mark.parametrize("name", ALTERED)
def test_false_claims_and_proofs_are_rejected(name):
    example, path, value, reason = ALTERED[name]
    with pytest.raises(checker.Rejected, match=reason) as caught:
        checker.check(changed(EXAMPLES[example], path, value))
    assert not isinstance(caught.value, checker.Malformed)


WORDS = {
    "equal": "f(x) = g(x) for every x in R^2, "
    "where f is a network 2-2-1 and g is a tropical rational map from R^2 to R^1",
    "at most": "f(x) <= g(x) for every x in R^2, where f is a tropical polynomial of 1 terms and g is a network 2-2-1",
    "cells": "f has exactly 4 activation regions on a polyhedron of 4 half-spaces in R^2, where f is a network 2-2-1",
    "maximum": "the maximum of f on a polyhedron of 4 half-spaces in R^2 is 2, where f is a network 2-2-1",
    "minimum": "the minimum of f on R^2 is 0, where f is a network 2-2-1",
    "monotone": "f is non-decreasing in coordinate 1 on R^2, where f is a network 2-2-1",
    "different": "f and g differ at a point of a polyhedron of 4 half-spaces in R^2, "
    "where f is a network 2-2-1 and g is a tropical polynomial of 1 terms",
    "not at most": "f and g do not satisfy f <= g at a point of R^2, "
    "where f is a network 2-2-1 and g is a tropical polynomial of 1 terms",
    "terms": "of a tropical polynomial of 3 terms each of the terms [0, 2] exceeds all others somewhere, "
    "none of the terms [1] does",
    "irredundant": "a lattice polynomial of 3 pieces and 2 clauses is irredundant: "
    "no clause, and no index in a clause of several, can be left out",
    "tree": "f(x) = g(x) for every x in R^2, where f is a network 2-2-1 and g is a network 2-2-1",
}


@pytest.mark.parametrize("name", WORDS)
def test_the_words_say_what_was_checked(name):
    assert checker.check(EXAMPLES[name]) == WORDS[name]


def test_two_equal_terms_exceed_all_others_nowhere_and_one_alone_everywhere():
    twice = {"kind": "terms", "f": {"kind": "tropical", "terms": [["0", "1"], ["0", "1"]]}}
    both = certificate(
        twice | {"essential": [], "inessential": [0, 1]},
        method="terms",
        points=[],
        multipliers=[[[1, "1"]], [[0, "1"]]],
    )
    assert "none of the terms [0, 1]" in checker.check(both)
    alone = {"kind": "terms", "f": {"kind": "tropical", "terms": [["0", "1"]]}, "essential": [0], "inessential": []}
    assert "each of the terms [0]" in checker.check(certificate(alone, method="terms", points=[["0"]], multipliers=[]))


def test_equal_values_refute_nothing():
    same = changed(EXAMPLES["different"], ("claim", "g"), RELU)
    with pytest.raises(checker.Rejected, match="refute nothing"):
        checker.check(changed(same, ("claim", "values"), [["1/2"], ["1/2"]]))


@pytest.mark.parametrize(("example", "path", "value"), MALFORMED)
def test_malformed_certificates_are_named_as_such(example, path, value):
    with pytest.raises(checker.Malformed):
        checker.check(changed(EXAMPLES[example], path, value))


def test_a_tree_must_end_where_its_nodes_do():
    nodes = [*EXAMPLES["tree"]["proof"]["nodes"], ["leaf", None]]
    with pytest.raises(checker.Malformed, match="after its end"):
        checker.check(changed(EXAMPLES["tree"], ("proof", "nodes"), nodes))


@pytest.mark.parametrize("whole", [None, [], "certificate", 1, {}, {"claim": {}}])
def test_other_objects_are_malformed(whole):
    with pytest.raises(checker.Malformed):
        checker.check(whole)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.sampled_from(["0", "1", "-1/2", "x", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["kind", "f", "terms"]), inner),
    max_leaves=6,
)


def places(value, path=()):
    yield path
    if isinstance(value, (dict, list)):
        for key, entry in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(entry, (*path, key))


@given(st.data())
def test_junk_anywhere_gives_rejected_and_nothing_else(data):
    example = EXAMPLES[data.draw(st.sampled_from(sorted(EXAMPLES)))]
    path = data.draw(st.sampled_from(list(places(example))[1:]))
    with contextlib.suppress(checker.Rejected):
        assert isinstance(checker.check(changed(example, path, data.draw(JUNK))), str)


def nested(entry, depth=100_000):
    for _ in range(depth):
        entry = [entry]
    return entry


ODD = [10**5000, -(10**5000), float("nan"), float("inf"), 1j, b"1", (1, 2), {1: 2}, {None: 1}, {"kind": {}}, nested([])]
ODD += ["1\n", " 1", "+1", "1_0", "0x1", "\uff11", "1/", "/1", "--1", "1/-1", "1/0", "1/1/1", "\ud800", "-/1", "A"]


def test_odd_values_in_any_place_are_rejected():
    for example in copy.deepcopy(list(EXAMPLES.values())):
        for *path, key in list(places(example))[1:]:
            holder = functools.reduce(operator.getitem, path, example)
            usual = holder[key]
            for holder[key] in ODD:
                with pytest.raises(checker.Rejected):
                    checker.check(example)
            holder[key] = usual


@given(st.lists(st.lists(st.integers(-3, 3), min_size=4, max_size=4), max_size=4))
def test_echelon_form_has_the_same_row_space_and_unit_pivots(rows):
    basis = checker.echelon(rows)
    for j, row in basis.items():
        assert row[j] > 0
        assert not any(row[k] for k in basis if k != j)
    for row in rows:
        combination = [sum(Fraction(row[j] * b[i], b[j]) for j, b in basis.items()) for i in range(4)]
        assert combination == row


def test_only_the_standard_library_is_imported():
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert all(node.level == 0 for node in froms)
    imported |= {str(node.module) for node in froms}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
    assert not {"importlib", "subprocess", "pickle", "ctypes"} & imported


def test_there_are_no_floats():
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    assert not [node for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, float)]
    assert not [
        node for node in nodes if isinstance(node, ast.Name) and node.id in ("float", "complex", "eval", "exec")
    ]
    assert not [node for node in nodes if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)]


def run(path, cwd):
    command = [sys.executable, "-I", "-S", str(cwd / "checker.py"), str(path)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env={})


@pytest.fixture
def alone(tmp_path):
    (tmp_path / "checker.py").write_bytes(SOURCE.read_bytes())
    return tmp_path


def test_it_runs_alone_on_files(alone):
    path = alone / "certificate.json"
    path.write_text(json.dumps(EXAMPLES["cells"]))
    done = run(path, alone)
    expected = "f has exactly 4 activation regions on a polyhedron of 4 half-spaces in R^2, where f is a network 2-2-1"
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{expected}\naccepted\n", "")
    path.write_text(json.dumps(changed(EXAMPLES["cells"], ("claim", "count"), 3)))
    done = run(path, alone)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[1] == "rejected: f has 4 activation regions, not 3"


@pytest.mark.parametrize(
    ("content", "start"),
    [
        (b"", "malformed: not JSON"),
        (b"\xff\xfe", "malformed: not JSON"),
        (b"[" * 100_000, "malformed: not JSON"),
        (b"1" * 10_000, "malformed: not JSON"),
        (b"0.5", "malformed: numbers are"),
        (b"NaN", "malformed: numbers are"),
        (b"{}", "malformed: expected an object"),
        (b'{"claim": 1, "claim": 1}', "malformed: an object has a field twice"),
        (None, "unreadable: No such file"),
    ],
)
def test_broken_files_get_one_line_and_exit_code_2(alone, capsys, content, start):
    path = alone / "certificate.json"
    if content is not None:
        path.write_bytes(content)
    assert checker.main([str(path)]) == 2
    printed = capsys.readouterr()
    assert printed.out.startswith(start)
    assert printed.out.count("\n") == 1
    assert not printed.err


def test_a_directory_is_unreadable_and_no_file_is_a_usage_error(alone, capsys):
    assert checker.main([str(alone)]) == 2
    assert checker.main([]) == 2
    printed = capsys.readouterr()
    assert printed.out == "unreadable: Is a directory\n"
    assert printed.err == "usage: python checker.py FILE\n"


def test_large_numbers_and_deep_trees_are_no_problem():
    huge = f"{7**6000:x}"
    line = {"kind": "tropical", "terms": [["0", huge]]}
    claim = {"kind": "maximum", "f": line, "domain": {"halfspaces": [["1", "-1"]]}, "value": huge, "point": ["1"]}
    assert "the value stated" in checker.check(certificate(claim, method="replay"))
    layers = [{"weight": [["1"]], "bias": ["1"], "slopes": [["0", "1"]]} for _ in range(3000)]
    layers.append({"weight": [["1"]], "bias": ["0"], "slopes": [["1", "1"]]})
    deep = {"kind": "network", "layers": layers}
    assert checker.check(certificate({"kind": "cells", "f": deep, "domain": None, "count": 2}, method="replay"))
