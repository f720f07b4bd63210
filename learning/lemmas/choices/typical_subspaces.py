"""Rational subspaces W of every kind: the choice a check makes where its setting leaves W open."""

from __future__ import annotations

import random
from fractions import Fraction

from learning.lemmas.framework.setting import Setting
from learning.lemmas.framework.subject import Subject
from learning.lemmas.rational_subspaces import Rows, Vector, remainder

__all__ = ["orthogonal_vector", "typical_subspaces"]


def typical_subspaces(subject: Subject, setting: Setting) -> dict[str, Rows]:
    """W of the setting, or {0}, a line inside V and a line partly outside V, as far as there are such.

    >>> from learning.instances import parity
    >>> list(typical_subspaces(Subject(parity(2, 3)), Setting()))
    ['{0}', 'inside V', 'partly outside V']
    """
    if setting.subspace is not None:
        return {"as given": tuple(row for row in setting.subspace if any(row))}
    rng = random.Random(setting.seed)
    found: dict[str, Rows] = {"{0}": ()}
    line = (Fraction(0),) * subject.dimension
    for row in subject.relevant:
        line = _plus(line, rng.choice((-2, -1, 1, 2)), row)
        found["inside V"] = (line,)
    beyond = orthogonal_vector(subject.relevant, subject.dimension, setting.seed)
    if beyond is not None:
        found["partly outside V"] = (_plus(line, 1, beyond),)
    return found


def _plus(u: Vector, factor: int, v: Vector) -> Vector:
    return tuple(a + factor * b for a, b in zip(u, v, strict=True))


def orthogonal_vector(rows: Rows, dimension: int, seed: int) -> Vector | None:
    """A rational vector other than 0 orthogonal to orthogonal rows, scaled to entries of at most 1; None if none is.

    >>> orthogonal_vector([(Fraction(1), Fraction(0))], 2, 0)
    (Fraction(0, 1), Fraction(1, 1))
    """
    rng = random.Random(seed)
    if len(rows) == dimension:
        return None
    rest: Vector = ()
    while not any(rest):
        drawn = tuple(Fraction(rng.randint(-2, 2)) for _ in range(dimension))
        rest = remainder(rows, drawn)
    largest = max(map(abs, rest))
    return tuple(q / largest for q in rest)
