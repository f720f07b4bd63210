"""How many cases a test goes through: a few in every run, and all of them under ``pytest -m exhaustive`` as well."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest


def few(cases: Iterable[Any], count: int) -> list[Any]:
    """The cases as parameters, those behind the first ``count`` marked as exhaustive."""
    cases = list(cases)
    return [*cases[:count], *map(exhaustive, cases[count:])]


def all_but(cases: Iterable[Any], costly: Sequence[Any]) -> list[Any]:
    """The cases as parameters, the costly ones marked as exhaustive."""
    return [exhaustive(case) if case in costly else case for case in cases]


def exhaustive(case: Any, id: str | None = None) -> Any:
    """A case, or a tuple of one, that only an exhaustive run goes through."""
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.exhaustive, id=id)
