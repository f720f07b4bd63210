"""Mutated certificates: none is accepted unless z3 says that what it now claims is true; more in `differential`."""

import copy
from collections import Counter

import pytest

from oracles.checker_mutants import outcome
from oracles.claims_z3 import ORACLE, is_true
from oracles.mutated_certificates import damaged_text, judge, misshapen, mutant, originals
from tropical.proofs import checker


def test_originals_are_of_every_kind():
    kinds = Counter(certificate["claim"]["kind"] for certificate in originals())
    assert set(kinds) == set(ORACLE)
    assert sum("nodes" in certificate["proof"] for certificate in originals()) > 10


def test_originals_are_accepted_and_true():
    for certificate in originals()[::4]:
        assert judge(certificate) == "accepted"


@pytest.mark.exhaustive
def test_all_originals_are_accepted_and_true():
    for certificate in originals():
        assert judge(certificate) == "accepted"


FALSIFIED = {
    "equal": lambda claim: claim["g"]["layers"][-1]["bias"].__setitem__(0, "123/7"),
    "at most": lambda claim: claim.update(f=claim["g"], g=claim["f"]),
    "different": lambda claim: claim["values"][0].__setitem__(0, "123/7"),
    "not at most": lambda claim: claim.update(f=claim["g"], g=claim["f"], values=claim["values"][::-1]),
    "cells": lambda claim: claim.update(count=claim["count"] + 1),
    "maximum": lambda claim: claim.update(value="123/7"),
    "minimum": lambda claim: claim.update(kind="maximum"),
    "monotone": lambda claim: claim.update(sign=-1),
    "terms": lambda claim: claim.update(essential=claim["inessential"] or [0], inessential=claim["essential"]),
    "irredundant": lambda claim: claim["f"]["clauses"].append(claim["f"]["clauses"][0]),
}


@pytest.mark.parametrize("kind", ORACLE)
def test_the_oracle_and_the_checker_refute(kind):
    examples = [certificate for certificate in originals() if certificate["claim"]["kind"] == kind]
    for example in examples:
        certificate = copy.deepcopy(example)
        FALSIFIED[kind](certificate["claim"])
        if not is_true(certificate):
            assert judge(certificate) != "accepted"
            return
    pytest.fail("the oracle believes everything")


def test_mutants_are_accepted_only_if_true():
    outcomes = Counter(judge(mutant(seed)) for seed in range(240))
    # Most mutants are well formed and false; a few leave a true claim with a valid proof.
    assert outcomes["rejected"] > 80, outcomes
    assert outcomes["accepted"], outcomes


def test_certificates_of_other_shapes_are_malformed_or_still_true():
    outcomes = Counter(judge(misshapen(seed)) for seed in range(240))
    assert outcomes["malformed"] > 160, outcomes
    assert outcomes["accepted"], outcomes


def test_damaged_files_are_refused_in_one_line():
    for seed in range(120):
        code, out, err = outcome(checker, damaged_text(seed))
        assert code in ("0", "1", "2")
        assert len((out + err).splitlines()) <= 2
