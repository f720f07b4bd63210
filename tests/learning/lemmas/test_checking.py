"""The framework of lemmas: outcomes of claims, verdicts, reports, sweeps, the command; with lemmas made up for it."""

import json
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import pytest
from click.testing import CliRunner

import tropical as tp
from learning import instances
from learning.cli import main
from learning.lemmas import (
    LEMMAS,
    Evidence,
    FalseNeighbour,
    Hypothesis,
    Lemma,
    Subject,
    check,
    check_all,
    check_neighbour,
    compare,
    decided,
    undecided,
)
from learning.lemmas.statements import l08_radial_identity
from learning.lemmas.sweeps import sweep
from learning.reports.lemmas import LemmaReport, formula_svg
from tropical_relu_cli.time_limit import OutOfTime

HALF, ONE = Fraction(1, 2), Fraction(1)
THIRD = tp.Enclosure(Fraction(1, 3), Fraction(2, 3))
GUESS = tp.Estimate(0.5, 0.4, 0.6, 0.99, 100)
PLANE = instances.h6(3, seed=1)


def few_pieces(subject, setting):
    hypotheses = (Hypothesis("F is positively homogeneous", subject.homogeneous),)
    if not subject.homogeneous:
        return Evidence(hypotheses)
    count = Fraction(len(subject.pieces))
    return Evidence(hypotheses, (compare("pieces", count, "<=", Fraction(2**subject.num_units)),), {"S": 12})


def too_few_pieces(subject, setting):
    count = Fraction(len(subject.pieces))
    return Evidence(claims=(compare("pieces", count, "<=", ONE, witness=(ONE,) * subject.dimension),))


FEW = Lemma(
    "few",
    "few pieces",
    r"at most $2^S$ pieces",
    few_pieces,
    ("bias-free",),
    neighbours=(FalseNeighbour(r"one piece", too_few_pieces, lambda: (PLANE, {})),),
)


@pytest.mark.parametrize(
    ("left", "relation", "right", "outcome"),
    [
        (HALF, "<=", HALF, "holds"),
        (HALF, "<", HALF, "fails"),
        (HALF, ">", ONE, "fails"),
        (HALF, "=", HALF, "holds"),
        (HALF, "=", ONE, "fails"),
        (HALF, "!=", ONE, "holds"),
        (THIRD, "<=", HALF, "open"),
        (THIRD, "<", ONE, "holds"),
        (ONE, "<", THIRD, "fails"),
        (THIRD, "=", THIRD, "open"),
        (THIRD, "=", ONE, "fails"),
        (THIRD, "agrees with", HALF, "open"),
        (ONE, "agrees with", ONE + Fraction(1, 10**13), "holds"),
        (ONE, "agrees with", ONE + Fraction(1, 10**11), "fails"),
        (GUESS, "<=", ONE, "consistent"),
        (GUESS, ">=", ONE, "rejected"),
        (GUESS, "<=", HALF, "consistent"),
    ],
)
def test_outcomes(left, relation, right, outcome):
    assert compare("", left, relation, right).outcome == outcome


def test_margin_and_tightness():
    claim = compare("", THIRD, "<=", ONE)
    assert (claim.margin, claim.tightness) == (Fraction(1, 3), 0.5)
    assert compare("", ONE, ">=", HALF).margin == HALF
    assert compare("", ONE, "=", ONE).margin is None
    assert compare("", ONE, "<=", HALF).tightness is None
    assert compare("", Fraction(0), "<=", Fraction(0)).tightness is None


def test_a_proof_needs_every_claim_and_a_refutation_one():
    def outcome(*claims):
        return check(Lemma("own", "", "", lambda subject, setting: Evidence(claims=claims)), PLANE)

    holds, fails = compare("a", HALF, "<=", ONE), compare("b", ONE, "<=", HALF, witness=(ONE,))
    assert outcome(holds).status == "proved"
    assert outcome(holds).detail["margin"] == HALF
    verdict = outcome(holds, fails)
    assert (verdict.status, verdict.witness) == ("refuted", (ONE,))
    assert [verdict.detail[name] for name in ("left", "relation", "right", "margin")] == [ONE, "<=", HALF, -HALF]
    cases = {
        "open": [holds, undecided("c", "no time")],
        "statistical": [holds, compare("d", GUESS, "<=", ONE)],
        "rejected": [compare("e", GUESS, ">=", ONE), undecided("c", "no time")],
    }
    for because, claims in cases.items():
        verdict = outcome(*claims)
        assert (verdict.status, verdict.detail["because"]) == ("unknown", because)
    assert outcome().detail["reason"] == "the check made no claim"


def test_verdicts_of_functions_become_claims():
    net = tp.ReLUNetwork.from_arrays([[[1]], [[1]]])
    zero = tp.ReLUNetwork.from_arrays([[[0]]])
    refuted = decided("relu is 0", tp.equivalent(net, zero))
    assert refuted.outcome == "fails"
    assert net(refuted.witness) != (0,)
    proved = decided("relu is relu", tp.equivalent(net, net))
    assert proved.outcome == "holds"
    assert tp.check_certificate(proved.detail["certificate"], net, net)


def test_a_failed_hypothesis_is_named():
    biased = tp.ReLUNetwork.from_arrays([[[1]], [[1]]], [[-1], [0]])
    verdict = check(FEW, biased)
    assert (verdict.status, verdict.detail["because"]) == ("unknown", "hypothesis")
    assert "positively homogeneous" in verdict.detail["reason"]


def test_an_exhausted_budget_is_said():
    verdict = check(FEW, instances.h4(4, seed=None), budget=tp.Budget(cells=3))
    assert (verdict.status, verdict.detail["because"]) == ("unknown", "budget")
    assert "3 cells" in verdict.detail["reason"]


def test_neighbours_are_refuted_where_shipped():
    verdict = check_neighbour(FEW)
    assert (verdict.status, verdict.witness) == ("refuted", (ONE,) * 3)
    with pytest.raises(ValueError, match="1 false neighbours, got index 1"):
        check_neighbour(FEW, index=1)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"threshold": 0}, "threshold must be positive"),
        ({"threshold": "1/2", "level": 1.0}, "level must lie"),
        ({"samples": 0}, "samples must be"),
        ({"subspace": [[1, 0]]}, r"subspace\[0\] must have 3 coordinates, got 2"),
        ({"pieces": [[1, 0, "x"]]}, r"pieces\[0\]\[2\] must be a rational number"),
    ],
)
def test_bad_choices(choices, message):
    with pytest.raises(ValueError, match=message):
        check(FEW, PLANE, **choices)


def test_bad_subjects_and_labels():
    with pytest.raises(ValueError, match="one output"):
        Subject(tp.ReLUNetwork.from_arrays([[[1], [2]]]))
    with pytest.raises(ValueError, match="no lemma 'L99'"):
        check("L99", PLANE)


def test_reports_have_every_claim():
    verdicts = check_all(PLANE, [FEW]) | {"not few": check_neighbour(FEW)}
    report = LemmaReport("h6", verdicts)
    content = json.loads(json.dumps(report.as_dict()))["lemmas"]
    assert content["few"]["status"] == "proved"
    assert content["few"]["claims"][0]["left"] == {"kind": "rational", "value": "0xc/0x1", "decimal": 12.0}
    assert content["not few"]["witness"][0]["value"] == "0x1/0x1"
    assert "| pieces | 12 <= 4096 | holds |" in report.markdown()
    page = report.page()
    assert page.count('src="data:image/svg+xml;base64,') == 1
    assert "http" not in page


def test_formulas_are_drawn_alike_every_time():
    assert formula_svg(r"$\tau^2$") == formula_svg(r"$\tau^2$")


@pytest.mark.parametrize("label", LEMMAS)
def test_every_statement_can_be_drawn(label):
    lemma = LEMMAS[label]
    verdicts = {label: tp.Verdict("unknown", detail=_bare(lemma, lemma.statement))}
    verdicts |= {
        f"{label}'{i}": tp.Verdict("unknown", detail=_bare(lemma, n.statement)) for i, n in enumerate(lemma.neighbours)
    }
    page = LemmaReport("", verdicts).page()
    assert page.count("data:image/svg") >= 1
    assert lemma.neighbours


def _bare(lemma, statement):
    return {
        "lemma": lemma.label,
        "title": lemma.title,
        "kind": lemma.kind,
        "statement": statement,
        "reason": "",
        "hypotheses": (),
        "claims": (),
        "choices": {},
    }


def test_a_sweep_counts_and_does_not_depend_on_the_executor():
    alone = sweep(["h6", "cancelling"], range(3), [FEW], neighbours=True)
    with ThreadPoolExecutor(2) as executor:
        ticks = []
        shared = sweep(
            ["h6", "cancelling"], range(3), [FEW], neighbours=True, executor=executor, progress=ticks_of(ticks)
        )
    assert alone == shared
    assert ticks[-1] == (6, 6)
    assert not alone.refuted
    assert alone.tightest("few").tightness == max(one.tightness for one in alone.found if one.neighbour is None)
    assert "| few | 6 | 0 | 0 |" in alone.markdown()
    assert "| few (0) | 0 | 7 | 0 |" in alone.markdown()


def ticks_of(ticks):
    return lambda done, total: ticks.append((done, total))


def test_a_sweep_names_what_did_not_come_to_an_end():
    def broken(subject, setting):
        raise ValueError("not this one")

    found = sweep("h6", [0], [Lemma("own", "", "", broken)])
    assert found.failed == (("h6", 0, "own", "ValueError: not this one"),)
    assert "not this one" in found.markdown()
    with pytest.raises(ValueError, match="no family 'h7'"):
        sweep("h7", [0])


@pytest.mark.parametrize(
    ("stop", "reason", "code"), [(OutOfTime, "seconds were over", 3), (KeyboardInterrupt, "interrupted", 130)]
)
def test_the_command_ends_with_what_it_found(tmp_path, monkeypatch, stop, reason, code):
    def stopped(*arguments, **choices):
        raise stop

    monkeypatch.setattr(l08_radial_identity, "filtered_moments", stopped)
    tp.save_network(PLANE, tmp_path / "h6.json")
    arguments = ["lemmas", str(tmp_path / "h6.json"), "--lemma", "L2", "--lemma", "L8", "--timeout", "60", "--json"]
    result = CliRunner().invoke(main, arguments)
    found = json.loads(result.stdout)
    assert (result.exit_code, list(found["lemmas"])) == (code, ["L2"])
    assert reason in found["stopped"]


def test_the_command(tmp_path):
    tp.save_network(PLANE, tmp_path / "h6.json")
    files = [str(tmp_path / "h6.json"), "--output", str(tmp_path / "out")]
    arguments = ["lemmas", *files, "--lemma", "L2", "--lemma", "L15"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "proved" in result.stdout
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"lemmas.json", "lemmas.md", "lemmas.html"}
    result = CliRunner().invoke(main, [*arguments[:2], "--lemma", "L2", "--neighbours", "--json"])
    assert json.loads(result.stdout)["lemmas"]["L2, false neighbour 1"]["status"] in ("proved", "refuted")
    for wrong, message in ((["--lemma", "L99"], "no lemma 'L99'"), (["--threshold", "x"], "--threshold")):
        result = CliRunner().invoke(main, [*arguments[:2], *wrong])
        assert result.exit_code == 2
        assert message in result.stderr
