"""Changed certificates: what the checker accepts is true, and it never does anything but accept or reject."""

import json

from differential.reproducers import shown
from oracles.checker_mutants import outcome
from oracles.claims_z3 import is_true
from oracles.mutated_certificates import damaged_text, judge, misshapen, mutant
from tropical.proofs import checker


def claims(seed: int) -> str:
    """Other numbers, nodes, domains, functions, claims."""
    return judge(mutant(seed))


def shapes(seed: int) -> str:
    """Other types, fields, digits, depths and lengths."""
    return judge(misshapen(seed))


def texts(seed: int) -> str:
    """Files in which characters were changed, given to the program that the checker is."""
    text = damaged_text(seed)
    code, out, err = outcome(checker, text)
    with shown(text=text, code=code, out=out, err=err):
        assert code in ("0", "1", "2")
        assert "Traceback" not in out + err
        if code == "0":
            assert is_true(json.loads(text))
    return {"0": "accepted", "1": "rejected", "2": "malformed"}[code]
