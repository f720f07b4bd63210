"""The checker on its own: what it imports, how it runs, and what it says to broken files."""

import ast
import contextlib
import copy
import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropical import checker

SOURCE = Path(checker.__file__)
RELU = {
    "kind": "network",
    "layers": [
        {"weight": [["1", "0"], ["0", "1"]], "bias": ["0", "0"], "slopes": [["0", "1"], ["0", "1"]]},
        {"weight": [["1", "1"]], "bias": ["0"], "slopes": [["1", "1"]]},
    ],
}
MAXIMA = {"kind": "rational", "numerators": [[["0", "0", "0"], ["0", "1", "0"], ["0", "0", "1"], ["0", "1", "1"]]]}
MAXIMA["denominators"] = [[["0", "0", "0"]]]
SQUARE = {"halfspaces": [["1", "1", "0"], ["1", "-1", "0"], ["1", "0", "1"], ["1", "0", "-1"]]}
LATTICE = {"kind": "lattice", "pieces": [["0", "1"], ["0", "-1"], ["1", "0"]], "clauses": [[0], [1, 2]]}


def certificate(claim, **proof):
    return {"format": "tropical certificate", "version": 1, "claim": claim, "proof": proof}


def equality(f=RELU, g=MAXIMA, domain=None, cells=None, kind="equal"):
    return certificate({"kind": kind, "f": f, "g": g, "domain": domain}, method="replay", cells=cells)


EXAMPLES = {
    "equal": equality(),
    "equal on a square": equality(domain=SQUARE),
    "equal with cells": equality(g=RELU, cells=4),
    "at most": equality(f={"kind": "tropical", "terms": [["0", "1", "0"]]}, g=RELU, kind="at most"),
    "cells": certificate({"kind": "cells", "f": RELU, "domain": SQUARE, "count": 4}, method="replay"),
    "maximum": certificate(
        {"kind": "maximum", "f": RELU, "domain": SQUARE, "value": "2", "point": ["1", "1"]}, method="replay"
    ),
    "minimum": certificate(
        {"kind": "minimum", "f": RELU, "domain": None, "value": "0", "point": ["-1", "0"]}, method="replay"
    ),
    "monotone": certificate(
        {"kind": "monotone", "f": RELU, "domain": None, "coordinate": 1, "sign": 1}, method="replay"
    ),
    "different": certificate(
        {
            "kind": "different",
            "f": RELU,
            "g": {"kind": "tropical", "terms": [["0", "1", "1"]]},
            "domain": SQUARE,
            "point": ["-1", "1/2"],
            "values": [["1/2"], ["-1/2"]],
        },
        method="evaluation",
    ),
    "not at most": certificate(
        {
            "kind": "not at most",
            "f": RELU,
            "g": {"kind": "tropical", "terms": [["0", "1", "1"]]},
            "domain": None,
            "point": ["-1", "1/2"],
            "values": [["1/2"], ["-1/2"]],
        },
        method="evaluation",
    ),
    "terms": certificate(
        {
            "kind": "terms",
            "f": {"kind": "tropical", "terms": [["0", "0"], ["0", "1"], ["0", "2"]]},
            "essential": [0, 2],
            "inessential": [1],
        },
        method="terms",
        points=[["-1"], ["1"]],
        multipliers=[[[0, "1/2"], [2, "1/2"]]],
    ),
    "irredundant": certificate(
        {"kind": "irredundant", "f": LATTICE},
        method="points",
        clauses=[["2"], ["-1/2"]],
        indices=[[], [["1/2"], ["-2"]]],
    ),
    "tree": certificate(
        {"kind": "equal", "f": RELU, "g": RELU, "domain": None},
        method="tree",
        nodes=[
            ["split", None],
            ["split", None],
            *([["+", [[1, "1"]]], ["+", [[2, "1"]]], ["leaf", None]]),
            *([["+", [[1, "1"]]], ["-", [[2, "1"]]], ["leaf", None]]),
            ["split", None],
            *([["-", [[1, "1"]]], ["+", [[2, "1"]]], ["leaf", None]]),
            *([["-", [[1, "1"]]], ["-", [[2, "1"]]], ["leaf", None]]),
        ],
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_hand_written_certificates_are_accepted(name):
    assert checker.check(EXAMPLES[name])


FALSE = {
    "a value": ("maximum", ("claim", "value"), "3", "the value at the point is another one"),
    "an attained value": ("minimum", ("claim", "f"), MAXIMA | {"denominators": [[["1", "0", "0"]]]}, "value"),
    "a bound": ("maximum", ("claim", "domain"), None, "fails on some part"),
    "a direction": ("monotone", ("claim", "sign"), -1, "derivative"),
    "a count": ("cells", ("claim", "count"), 5, "f has 4 activation regions, not 5"),
    "a count of pairs": ("equal with cells", ("proof", "cells"), 3, "f and g have 4 cells, not 3"),
    "a point": ("different", ("claim", "point"), ["-2", "1"], "outside the domain"),
    "values": ("different", ("claim", "values"), [["1/2"], ["1/2"]], "are others"),
    "a term": ("terms", ("claim", "f", "terms", 1), ["1/4", "1"], "term 1 is not shown"),
    "an essential term": ("terms", ("proof", "points", 0), ["0"], "term 0 is not the largest"),
    "a weight": ("terms", ("proof", "multipliers", 0, 0), [0, "-1/2"], "negative"),
    "a clause": ("irredundant", ("proof", "clauses", 0), ["-1"], "clause 0 does"),
    "an index": ("irredundant", ("proof", "indices", 1, 0), ["-2"], "clause 1 without piece 1"),
    "a branch": ("tree", ("proof", "nodes", 2), ["-", [[1, "1"]]], "combination"),
    "an empty part": ("tree", ("proof", "nodes", 4), ["empty", []], "combination"),
    "a domain": ("cells", ("claim", "domain"), {"halfspaces": [["0", "1", "0"], ["0", "-1", "0"]]}, "no interior"),
    "no feasible point": ("cells", ("claim", "domain"), {"halfspaces": [["-1", "0", "0"]]}, "no interior"),
    "a function": ("equal", ("claim", "g", "numerators", 0, 3), ["0", "1", "2"], "fails on some part"),
}


def changed(certificate, path, value):
    certificate = copy.deepcopy(certificate)
    target = certificate
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return certificate


@pytest.mark.parametrize("name", FALSE)
def test_false_claims_and_proofs_are_rejected(name):
    example, path, value, reason = FALSE[name]
    with pytest.raises(checker.Rejected, match=reason) as caught:
        checker.check(changed(EXAMPLES[example], path, value))
    assert not isinstance(caught.value, checker.Malformed)


def test_equal_values_refute_nothing():
    same = changed(EXAMPLES["different"], ("claim", "g"), RELU)
    with pytest.raises(checker.Rejected, match="refute nothing"):
        checker.check(changed(same, ("claim", "values"), [["1/2"], ["1/2"]]))


@pytest.mark.parametrize(
    ("example", "path", "value"),
    [
        ("cells", ("version",), True),
        ("cells", ("version",), 2),
        ("cells", ("format",), "certificate"),
        ("cells", ("claim",), []),
        ("cells", ("claim", "kind"), ["cells"]),
        ("cells", ("claim", "kind"), "lines"),
        ("cells", ("claim", "count"), -1),
        ("cells", ("claim", "count"), True),
        ("cells", ("claim", "count"), 4.0),
        ("cells", ("claim", "count"), 10**50),
        ("cells", ("claim", "f"), MAXIMA),
        ("cells", ("claim", "f", "kind"), {}),
        ("cells", ("claim", "f", "layers"), []),
        ("cells", ("claim", "f", "layers", 0, "weight"), [[], []]),
        ("cells", ("claim", "f", "layers", 0, "weight"), [["1", "0"], ["0"]]),
        ("cells", ("claim", "f", "layers", 0, "bias"), ["0"]),
        ("cells", ("claim", "f", "layers", 0, "slopes"), [["0", "1"], ["0"]]),
        ("cells", ("claim", "f", "layers", 1, "slopes"), [["0", "1"]]),
        ("cells", ("claim", "f", "layers", 1, "weight"), [["1"]]),
        ("cells", ("claim", "domain"), {"halfspaces": []}),
        ("cells", ("claim", "domain"), {"halfspaces": [["0", "1"]]}),
        ("cells", ("claim", "domain"), "R^2"),
        ("cells", ("claim", "note"), "more"),
        ("cells", ("proof", "method"), "trust me"),
        ("cells", ("proof",), None),
        ("equal", ("proof", "cells"), 4),
        ("equal", ("claim", "g", "denominators"), []),
        ("equal", ("claim", "g", "denominators"), [[["0", "0"]]]),
        ("equal", ("claim", "g"), {"kind": "tropical", "terms": [["0", "0"]]}),
        ("equal", ("claim", "g"), {"kind": "tropical", "terms": []}),
        ("equal", ("claim", "g"), {"kind": "tropical", "terms": [["0.5", "0", "0"]]}),
        ("equal", ("claim", "g"), {"kind": "tropical", "terms": [["1/0", "0", "0"]]}),
        ("equal", ("claim", "g"), {"kind": "tropical", "terms": [[0, 0, 0]]}),
        ("maximum", ("claim", "point"), ["1"]),
        ("maximum", ("claim", "value"), 2),
        ("monotone", ("claim", "coordinate"), 2),
        ("monotone", ("claim", "sign"), 0),
        ("different", ("claim", "values"), [["1/2"]]),
        ("different", ("proof", "method"), "replay"),
        ("terms", ("claim", "essential"), [0, 3]),
        ("terms", ("claim", "f"), LATTICE),
        ("terms", ("proof", "points"), [["-1"]]),
        ("terms", ("proof", "multipliers", 0, 0), [0]),
        ("irredundant", ("claim", "f", "clauses"), [[0], []]),
        ("irredundant", ("claim", "f", "clauses"), [[0], [1, 1]]),
        ("irredundant", ("claim", "f", "clauses"), []),
        ("irredundant", ("claim", "f", "kind"), "dual lattice"),
        ("irredundant", ("proof", "indices"), [[], []]),
        ("tree", ("proof", "nodes", 0), ["branch", None]),
        ("tree", ("proof", "nodes", 0), [[], None]),
        ("tree", ("proof", "nodes"), [["split", None]]),
        ("tree", ("proof", "nodes", 2), ["+", [[9, "1"]]]),
        ("tree", ("proof", "nodes", 2), ["+", None]),
        ("tree", ("claim", "g"), MAXIMA),
    ],
)
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
